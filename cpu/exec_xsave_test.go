package cpu

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// newSSEMemory is newSSE with 1 MiB of memory at linear address 0, in 64-bit code.
func newSSEMemory(t *testing.T) *CPU {
	mem, err := phys.New(1 << 20)
	require.NoError(t, err)
	t.Cleanup(func() { _ = mem.Close() })
	require.NoError(t, mem.MapRAM(0, 0, 1<<20))
	c := newSSE()
	c.Phys, c.MMU = mem, mmu.New(mem, &c.S.TLB)
	c.CR4 |= x86.CR4_OSXSAVE
	c.XCR0 = xstateX87 | xstateSSE | xstateAVX
	for i := range c.Phys.RAM()[:8192] {
		c.Phys.RAM()[i] = uint8(i*7 + i>>8)
	}
	return c
}

// runHex executes one instruction given in hex.
func runHex(t *testing.T, c *CPU, code string) Fault {
	b, err := hex.DecodeString(strings.ReplaceAll(code, " ", ""))
	require.NoError(t, err)
	_, f := runSIMD(c, b)
	return f
}

func TestAlignmentOfVectorOperands(t *testing.T) {
	for _, tc := range []struct {
		name, code string
		faults     bool // at an address that is no multiple of 16
	}{
		{"MOVAPS load", "0f 28 01", true},
		{"MOVAPS store", "0f 29 01", true},
		{"MOVUPS load", "0f 10 01", false},
		{"MOVUPS store", "0f 11 01", false},
		{"MOVDQA load", "66 0f 6f 01", true},
		{"MOVDQU load", "f3 0f 6f 01", false},
		{"LDDQU", "f2 0f f0 01", false},
		{"MOVNTDQ", "66 0f e7 01", true},
		{"ADDPS", "0f 58 01", true},
		{"ADDSS", "f3 0f 58 01", false},
		{"PADDB", "66 0f fc 01", true},
		{"PADDB of MMX", "0f fc 01", false},
		{"CVTDQ2PD", "f3 0f e6 01", false},
		{"PMOVZXBW", "66 0f 38 30 01", false},
		{"PCMPISTRI", "66 0f 3a 63 01 00", false},
		{"MOVDDUP", "f2 0f 12 01", false},
		{"MOVSLDUP", "f3 0f 12 01", true},
		{"FXSAVE", "0f ae 01", true},
		{"FXRSTOR", "0f ae 09", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newSSEMemory(t)
			before := simdRegsOf(c)
			c.S.R[x86.RCX] = 0x1004
			before.r[1] = 0x1004
			f := runHex(t, c, tc.code)
			if tc.faults {
				assert.Equal(t, x86.GP(0, x86.ReasonAligned16), f)
				assert.Equal(t, before, simdRegsOf(c))
			} else {
				assert.False(t, f.Raised, f)
			}
		})
	}
}

func TestAlignmentFaultWinsOverAlignmentCheck(t *testing.T) {
	c := newSSEMemory(t)
	c.alignMask = ^uint64(0)
	c.S.R[x86.RCX] = 0x1004
	assert.Equal(t, x86.Vector(x86.VecGP), runHex(t, c, "0f 28 01").Vector)
	assert.False(t, runHex(t, c, "0f 10 01").Raised, "16 bytes are not looked at")
}

func TestPartialLoadsAndStores(t *testing.T) {
	c := newSSEMemory(t)
	c.S.R[x86.RCX] = 0x1000
	ram := c.Phys.RAM()
	all := simd.Vec{0x1122334455667788, 0x99aabbccddeeff00}
	load := func(code string) simd.Vec {
		copy(ram[0x1000:], []byte{1, 2, 3, 4, 5, 6, 7, 8, 9})
		c.setXMM(0, all)
		require.False(t, runHex(t, c, code).Raised, code)
		return c.xmm(0)
	}
	assert.Equal(t, simd.Vec{0x04030201, 0}, load("f3 0f 10 01"), "MOVSS clears the rest")
	assert.Equal(t, simd.Vec{0x0807060504030201, 0}, load("f2 0f 10 01"), "MOVSD clears the rest")
	assert.Equal(t, simd.Vec{0x0807060504030201, all[1]}, load("0f 12 01"), "MOVLPS keeps the upper half")
	assert.Equal(t, simd.Vec{all[0], 0x0807060504030201}, load("0f 16 01"), "MOVHPS keeps the lower half")
	assert.Equal(t, simd.Vec{0x04030201, 0}, load("66 0f 6e 01"), "MOVD")
	assert.Equal(t, simd.Vec{0x0807060504030201, 0}, load("66 48 0f 6e 01"), "MOVQ with REX.W")
	store := func(code string) []byte {
		clear(ram[0x1000:0x1010])
		c.setXMM(0, all)
		require.False(t, runHex(t, c, code).Raised, code)
		return append([]byte(nil), ram[0x1000:0x1010]...)
	}
	low := []byte{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}
	high := []byte{0x00, 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99}
	pad := func(b []byte) []byte { return append(append([]byte(nil), b...), make([]byte, 16-len(b))...) }
	assert.Equal(t, pad(low[:4]), store("f3 0f 11 01"), "MOVSS")
	assert.Equal(t, pad(low), store("f2 0f 11 01"), "MOVSD")
	assert.Equal(t, pad(high), store("0f 17 01"), "MOVHPS")
	assert.Equal(t, pad(low[:1]), store("66 0f 3a 14 01 00"), "PEXTRB")
	assert.Equal(t, pad(low[6:8]), store("66 0f 3a 15 01 03"), "PEXTRW")
	assert.Equal(t, append(low, high...), store("0f 11 01"), "MOVUPS")
}

func TestMASKMOVDQUWritesSelectedBytesOnly(t *testing.T) {
	c := newSSEMemory(t)
	ram := c.Phys.RAM()
	clear(ram[0x1000:0x1010])
	c.S.R[x86.RDI] = 0x1000
	c.setXMM(0, simd.Vec{0x0807060504030201, 0x100f0e0d0c0b0a09})
	c.setXMM(1, simd.Vec{0x8000000000008000, 0x8000000000000000})
	require.False(t, runHex(t, c, "66 0f f7 c1").Raised)
	assert.Equal(t, []byte{0, 2, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 16}, ram[0x1000:0x1010])
	// Nothing selected: the address is looked at all the same.
	c.setXMM(1, simd.Vec{})
	c.S.R[x86.RDI] = 1 << 63
	require.Equal(t, x86.VecGP, runHex(t, c, "66 0f f7 c1").Vector)
}

func TestLDMXCSRRefusesReservedBits(t *testing.T) {
	c := newSSEMemory(t)
	c.S.R[x86.RCX] = 0x1000
	ram := c.Phys.RAM()
	copy(ram[0x1000:], []byte{0x80, 0x1f, 1, 0})
	assert.Equal(t, x86.GP(0, x86.ReasonMXCSRReserved), runHex(t, c, "0f ae 11"))
	copy(ram[0x1000:], []byte{0xff, 0xff, 0, 0})
	assert.False(t, runHex(t, c, "0f ae 11").Raised)
	assert.Equal(t, uint32(0xffff), c.S.MXCSR)
}

// fillVectors gives every register of the extended state a value of its own.
func fillVectors(c *CPU) {
	for i := range 16 {
		for j := range 32 {
			c.S.XMM[i][j] = uint8(16*i + j + 1)
		}
	}
	for i := range 8 {
		c.X87.Reg[i] = f80.Float{Sig: 1<<63 + uint64(i), SE: uint16(0x3fff + i)}
	}
	c.X87.CW, c.X87.SW, c.X87.Tag, c.X87.FOP = 0x27f, 5<<11|0x4100, 0xa5, 0x7ab
	c.X87.FIP, c.X87.FDP = 0x123456789abc, 0xfedcba98765
	c.S.MXCSR = 0x9fc1
}

func TestFXSAVEAndXSAVERoundTrip(t *testing.T) {
	for _, tc := range []struct {
		name, save, restore string
		ymm                 bool
	}{
		{"FXSAVE64", "48 0f ae 01", "48 0f ae 09", false},
		{"XSAVE64", "48 0f ae 21", "48 0f ae 29", true},
		{"XSAVEOPT64", "48 0f ae 31", "48 0f ae 29", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newSSEMemory(t)
			clear(c.Phys.RAM()[0x1000:0x2000])
			c.S.R[x86.RCX], c.S.R[x86.RAX], c.S.R[x86.RDX] = 0x1000, 0xffffffff, 0xffffffff
			fillVectors(c)
			xmm, x87, mxcsr := c.S.XMM, c.X87, c.S.MXCSR
			require.False(t, runHex(t, c, tc.save).Raised)
			c.S.XMM, c.X87, c.S.MXCSR = [32][64]byte{}, X87{}, 0x1f80
			require.False(t, runHex(t, c, tc.restore).Raised)
			if !tc.ymm {
				for i := range xmm {
					clear(xmm[i][16:])
				}
			}
			assert.Equal(t, xmm, c.S.XMM)
			assert.Equal(t, x87, c.X87)
			assert.Equal(t, mxcsr, c.S.MXCSR)
		})
	}
}

func TestFXSAVELayout(t *testing.T) {
	c := newSSEMemory(t)
	c.S.R[x86.RCX] = 0x1000
	ram := c.Phys.RAM()
	copy(ram[0x1000+416:0x1200], strings.Repeat("\xaa", 96))
	fillVectors(c)
	require.False(t, runHex(t, c, "48 0f ae 01").Raised)
	p := ram[0x1000:]
	assert.Equal(t, []byte{0x7f, 0x02, 0x00, 0x69, 0xa5, 0, 0xab, 0x07, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0, 0}, p[:16])
	assert.Equal(t, []byte{0xc1, 0x9f, 0, 0, 0xff, 0xff, 0, 0}, p[24:32], "MXCSR and its mask")
	assert.Equal(t, []byte{5, 0, 0, 0, 0, 0, 0, 0x80, 0x04, 0x40, 0, 0, 0, 0, 0, 0}, p[32:48], "ST(0) is R5")
	assert.Equal(t, c.S.XMM[15][:16], p[400:416])
	assert.Equal(t, []byte(strings.Repeat("\xaa", 96)), p[416:512], "left to software")
}

func TestXSAVEHeader(t *testing.T) {
	c := newSSEMemory(t)
	c.S.R[x86.RCX] = 0x1000
	header := c.Phys.RAM()[0x1200:0x1240]
	clear(header)
	header[0] = 0xff
	c.S.R[x86.RAX] = 6 // SSE and AVX
	c.S.XMM[3][0] = 1
	require.False(t, runHex(t, c, "0f ae 21").Raised)
	assert.Equal(t, uint8(0xff&^6|2), header[0], "AVX is initial, others keep their bit")

	header[0] = 0
	c.S.XMM[3][20] = 9
	require.False(t, runHex(t, c, "0f ae 29").Raised)
	assert.Zero(t, c.S.XMM[3], "XSTATE_BV clear: initial configuration")

	for name, poke := range map[string]int{"component not in XCR0": 1, "XCOMP_BV without bit 63": 14, "reserved": 16} {
		clear(header)
		header[poke] = 0x80
		assert.Equal(t, x86.GP(0, x86.ReasonXSAVEHeader), runHex(t, c, "0f ae 29"), name)
	}
	clear(header)
	c.S.R[x86.RCX] = 0x1010
	assert.Equal(t, x86.Vector(x86.VecGP), runHex(t, c, "0f ae 21").Vector, "64-byte alignment")
}

// FuzzSIMD decodes and executes arbitrary MMX and SSE code: it must end, without a panic,
// and leave MXCSR without reserved bits.
func FuzzSIMD(f *testing.F) {
	f.Add([]byte{0x66, 0x0f, 0x3a, 0x60, 0xc1, 0xff}, uint64(0x1000), uint32(0))
	f.Add([]byte{0x0f, 0xae, 0x29}, uint64(0x1000), uint32(0x1f80))
	f.Add([]byte{0xc4, 0xe2, 0x75, 0x00, 0xc2}, uint64(0), uint32(0x1f80))
	f.Fuzz(func(t *testing.T, tail []byte, seed uint64, mxcsr uint32) {
		if len(tail) == 0 {
			return
		}
		c := newSSEMemory(t)
		for i := range 16 {
			c.S.R[i] = seed
			c.setXMM(uint8(i), simd.Vec{seed * uint64(i+1), seed ^ uint64(i)<<60})
		}
		c.S.MXCSR = mxcsr & uint32(simd.MXCSRMask)
		var in Inst
		code := append(append([]byte(nil), tail...), make([]byte, MaxInst)...)
		if !Decode(code, 8, &in) || in.Bad != x86.NoReason || in.Op.Exec == nil {
			return
		}
		if in.Op.Attr&Vec == 0 {
			return
		}
		in.Op.Exec(c, &in)
		if c.S.MXCSR&^uint32(simd.MXCSRMask) != 0 {
			t.Fatalf("MXCSR %#x", c.S.MXCSR)
		}
	})
}
