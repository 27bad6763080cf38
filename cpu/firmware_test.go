package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// firmwareRig is a processor with RAM and a page of ROM at F0000h, at whose start lies code.
func firmwareRig(t *testing.T, code ...byte) (*CPU, *[]uint8) {
	t.Helper()
	mem, err := phys.New(2 << 20)
	require.NoError(t, err)
	t.Cleanup(func() { mem.Close() })
	require.NoError(t, mem.MapRAM(0, 0, 0xa0000))
	off, err := mem.Reserve(phys.PageSize)
	require.NoError(t, err)
	copy(mem.Backing()[off:], code)
	require.NoError(t, mem.MapROMAt(0xf0000, "ROM", off, phys.PageSize))
	model, err := NewModel("")
	require.NoError(t, err)
	c, err := New(model, mem)
	require.NoError(t, err)
	c.Reset()
	s := c.Save()
	s.RIP = 0
	s.Seg[x86.CS].Sel, s.Seg[x86.CS].Base = 0xf000, 0xf0000
	s.GPR[x86.RSP] = 0x1000
	require.NoError(t, c.Restore(s))
	var calls []uint8
	c.Firmware = Firmware{ROM: off, Size: phys.PageSize, Call: func(n uint8) Fault {
		calls = append(calls, n)
		return Fault{}
	}}
	return c, &calls
}

func TestUD0CallsServicesInFirmware(t *testing.T) {
	for name, run := range map[string]func(*CPU, int64) (int64, ExitReason){"plain": (*CPU).Run, "fast": (*CPU).RunFast} {
		t.Run(name, func(t *testing.T) {
			// inc ax; ud0 al+7; inc ax; jmp to the start: three rounds
			c, calls := firmwareRig(t, 0x40, 0x0f, 0xff, 0xc7, 0x40, 0xeb, 0xf9)
			n, reason := run(c, 12)
			assert.Equal(t, int64(12), n, "a call is one instruction")
			assert.Equal(t, ExitBudget, reason)
			assert.Equal(t, []uint8{7, 7, 7}, *calls)
			assert.Equal(t, uint64(6), c.Save().GPR[x86.RAX])
		})
	}
}

func TestUD0IsUndefinedOutsideFirmware(t *testing.T) {
	c, calls := firmwareRig(t, 0xea, 0x00, 0x05, 0x00, 0x00) // to 0000:0500
	c.Phys.WriteAt([]byte{0x0f, 0xff, 0xc7}, 0x500)
	c.Run(2)
	assert.Empty(t, *calls)
	assert.Equal(t, x86.VecUD, c.LastChain.Faults[0].Vector)
}

func TestUD0WithMemoryIsUndefinedInFirmware(t *testing.T) {
	c, calls := firmwareRig(t, 0x0f, 0xff, 0x07)
	c.Run(1)
	assert.Empty(t, *calls)
	assert.Equal(t, x86.VecUD, c.LastChain.Faults[0].Vector)
}

// TestServiceFaultLeavesTheCall checks that the exception's return address is the call.
func TestServiceFaultLeavesTheCall(t *testing.T) {
	c, _ := firmwareRig(t, 0x90, 0x0f, 0xff, 0xc1)
	c.Firmware.Call = func(uint8) Fault { return x86.GP(0, x86.ReasonSegmentLimit) }
	c.Run(2)
	assert.Equal(t, x86.VecGP, c.LastChain.Faults[0].Vector)
	assert.Equal(t, uint64(1), c.Phys.Read(0xffa, 2), "IP on the stack")
}
