package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// realCPU is a processor in real-address mode about to execute code at 1000h:0, with DS in the
// same segment.
func realCPU(tb testing.TB, code ...byte) *CPU {
	c := benchRealCPU(tb, "real-registers")
	copy(c.Phys.RAM()[0x10000:], code)
	s := c.Save()
	s.Seg[x86.DS] = SegmentSnapshot{Sel: 0x1000, Base: 0x10000, Attr: attrReal, Limit: 0xffff}
	require.NoError(tb, c.Restore(s))
	return c
}

func TestStoresBesideCodeLeaveItsBlocksAlone(t *testing.T) {
	// 1: inc word [20h]; mov [22h], ax; push ax; pop [24h]; jmp 1
	c := realCPU(t, 0xff, 0x06, 0x20, 0, 0xa3, 0x22, 0, 0x50, 0x8f, 0x06, 0x24, 0, 0xeb, 0xf2)
	c.RunFast(100)
	built, gen := c.fast.built, c.fast.gen
	n, _ := c.RunFast(4000)
	assert.EqualValues(t, 4000, n)
	assert.Equal(t, built, c.fast.built)
	assert.Equal(t, gen, c.fast.gen)
	assert.Equal(t, []byte{820 & 255, 820 >> 8}, c.Phys.RAM()[0x10020:0x10022])
}

func TestStoresIntoTheRunningBlockAreSeen(t *testing.T) {
	// 1: inc byte [7]; nop; nop; mov al, 0 (its operand is the byte); mov ah, al; jmp 1
	c := realCPU(t, 0xfe, 0x06, 0x07, 0, 0x90, 0x90, 0xb0, 0, 0x88, 0xc4, 0xeb, 0xf4)
	for i := range 300 {
		c.RunFast(6)
		require.EqualValues(t, uint8(i+1), uint8(c.S.R[x86.RAX]>>8), "round %d", i)
	}
}

func TestABranchWrapsAtTheEndOf16Bits(t *testing.T) {
	// 0: jmp 9000h, which is 7000h backwards; there: inc ax; jmp 0
	c := realCPU(t, 0xe9, 0xfd, 0x8f)
	copy(c.Phys.RAM()[0x19000:], []byte{0x40, 0xe9, 0xfc, 0x6f})
	before := c.S.R[x86.RAX]
	c.RunFast(3000)
	assert.Equal(t, before+1000, c.S.R[x86.RAX])
}

// The same bytes at the same offset, in a code segment that ends within them.
func TestBlocksBelongToTheLimitOfCS(t *testing.T) {
	for _, run := range []func(*CPU, int64) (int64, ExitReason){(*CPU).Run, (*CPU).RunFast} {
		c := realCPU(t, 0x40, 0x43, 0xb9, 1, 2, 0xeb, 0xf9) // inc ax; inc bx; mov cx, 201h; jmp 0
		run(c, 100)
		s := c.Save()
		s.RIP, s.GPR[x86.RCX] = 0, 0
		s.Seg[x86.CS].Limit = 3
		require.NoError(t, c.Restore(s))
		run(c, 2)
		assert.EqualValues(t, 2, c.S.RIP)
		run(c, 1)
		assert.Equal(t, x86.VecGP, c.LastChain.Faults[0].Vector)
		assert.Equal(t, x86.ReasonCodeLimit, c.LastChain.Faults[0].Reason)
	}
}

func TestAStoreBesideCodeEndsMWAIT(t *testing.T) {
	c := realCPU(t, 0xa3, 0x80, 0x00, 0xeb, 0xfb) // 1: mov [80h], ax; jmp 1
	other, err := New(c.Model, c.Phys)
	require.NoError(t, err)
	t.Cleanup(func() { other.Close() })
	other.Join(c, 1)
	c.Phys.OnCodeWrite = func(off uint64, n int) {
		c.memoryWritten(off, n)
		other.Stored(off, n)
	}
	c.RunFast(100)
	other.mon, other.Activity = Monitor{Armed: true, Line: 0x10080}, Waiting
	other.listen()
	c.RunFast(10)
	assert.Equal(t, Active, other.Activity)
}
