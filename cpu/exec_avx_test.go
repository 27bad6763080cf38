package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// TestVectorOperandWidths finds out how many bytes of memory an instruction touches, by
// putting the operand right below the first address that is not canonical.
func TestVectorOperandWidths(t *testing.T) {
	for _, tc := range []struct {
		name, code string
		bytes      uint64
	}{
		{"MOVUPS", "0f 10 01", 16},
		{"MOVSS", "f3 0f 10 01", 4},
		{"ADDSD", "f2 0f 58 01", 8},
		{"CVTPS2PD", "0f 5a 01", 8},
		{"CVTDQ2PD", "f3 0f e6 01", 8},
		{"CVTTPS2PI", "0f 2c 01", 8},
		{"CVTSI2SD from 64 bits", "f2 48 0f 2a 01", 8},
		{"PUNPCKLBW of MMX", "0f 60 01", 4},
		{"PUNPCKHBW of MMX", "0f 68 01", 8},
		{"PINSRW", "66 0f c4 01 00", 2},
		{"PINSRB", "66 0f 3a 20 01 00", 1},
		{"PMOVSXBQ", "66 0f 38 22 01", 2},
		{"INSERTPS", "66 0f 3a 21 01 00", 4},
		{"PCMPISTRI", "66 0f 3a 63 01 00", 16},
		{"CRC32 of a byte", "f2 0f 38 f0 01", 1},
		{"CRC32 of a word", "66 f2 0f 38 f1 01", 2},
		{"MOVBE", "0f 38 f0 01", 4},
		{"STMXCSR", "0f ae 19", 4},
		{"VMOVUPS", "c5 fc 10 01", 32},
		{"VMOVUPS store", "c5 fc 11 01", 32},
		{"VMOVUPS of XMM", "c5 f8 10 01", 16},
		{"VADDPS", "c5 fc 58 01", 32},
		{"VADDSS", "c5 fa 58 01", 4},
		{"VADDSD with VEX.L", "c5 ff 58 01", 8},
		{"VCVTPS2PD", "c5 fc 5a 01", 16},
		{"VCVTDQ2PD of XMM", "c5 fa e6 01", 8},
		{"VCVTPD2PS", "c5 fd 5a 01", 32},
		{"VPSLLW", "c5 fd f1 01", 16},
		{"VPBROADCASTB", "c4 e2 7d 78 01", 1},
		{"VBROADCASTI128", "c4 e2 7d 5a 01", 16},
		{"VPMOVZXBW", "c4 e2 7d 30 01", 16},
		{"VPMOVZXBQ", "c4 e2 7d 32 01", 4},
		{"VINSERTI128", "c4 e3 7d 38 01 01", 16},
		{"VEXTRACTI128", "c4 e3 7d 39 01 01", 16},
		{"VMOVDDUP of XMM", "c5 fb 12 01", 8},
		{"VMOVDDUP", "c5 ff 12 01", 32},
		{"VPERMQ", "c4 e3 fd 00 01 1b", 32},
		{"ANDN", "c4 e2 78 f2 01", 4},
		{"MULX of 64 bits", "c4 e2 fb f6 01", 8},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newSSEMemory(t)
			const end = 1 << 47
			c.S.MXCSR = 0x1f80
			c.S.R[x86.RCX] = end - tc.bytes
			f := runHex(t, c, tc.code)
			assert.False(t, f.Raised, f)
			c.S.R[x86.RCX] = end - tc.bytes + 1
			before := simdRegsOf(c)
			assert.Equal(t, x86.GP(0, x86.ReasonNonCanonical), runHex(t, c, tc.code))
			assert.Equal(t, before, simdRegsOf(c), "a fault changes nothing")
		})
	}
}

func TestAlignmentOfVEXOperands(t *testing.T) {
	for _, tc := range []struct {
		name, code string
		faults     bool
	}{
		{"VMOVAPS", "c5 fc 28 01", true},
		{"VMOVDQA store", "c5 fd 7f 01", true},
		{"VMOVNTDQ", "c5 fd e7 01", true},
		{"VMOVNTDQA", "c4 e2 7d 2a 01", true},
		{"VMOVAPS of XMM", "c5 f8 28 01", false}, // 16 are enough
		{"VMOVDQU", "c5 fe 6f 01", false},
		{"VPADDB", "c5 fd fc 01", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newSSEMemory(t)
			c.S.R[x86.RCX] = 0x1010
			f := runHex(t, c, tc.code)
			if tc.faults {
				assert.Equal(t, x86.GP(0, x86.ReasonAligned16), f)
			} else {
				assert.False(t, f.Raised, f)
			}
		})
	}
}

func TestVEXClearsWhatIsAboveTheResult(t *testing.T) {
	c := newSSEMemory(t)
	for i := range c.S.XMM[0] {
		c.S.XMM[0][i] = 0xff
	}
	require.False(t, runHex(t, c, "66 0f fc c1").Raised) // PADDB keeps it
	assert.Equal(t, ^uint64(0), c.ymm(0)[1][0])
	require.False(t, runHex(t, c, "c5 f9 fc c1").Raised) // VPADDB clears it
	assert.Equal(t, simd.Vec{}, c.ymm(0)[1])
}

func TestVMASKMOVTouchesSelectedLanesOnly(t *testing.T) {
	c := newSSEMemory(t)
	const end = 1 << 47 // from here on addresses are not canonical
	c.setYMM(0, ymm{{1 << 31, 1 << 63}, {0, 0}})
	c.S.R[x86.RCX] = end - 16
	require.False(t, runHex(t, c, "c4 e2 7d 2c 09").Raised) // VMASKMOVPS YMM1, YMM0, [RCX]
	assert.True(t, runHex(t, c, "c5 fc 10 09").Raised, "VMOVUPS of the same operand")

	ram := c.Phys.RAM()
	c.S.R[x86.RCX] = 0x1000
	for i := range 32 {
		ram[0x1000+i] = uint8(i)
	}
	require.False(t, runHex(t, c, "c4 e2 7d 2c 09").Raised)
	assert.Equal(t, ymm{{0x03020100, 0x0f0e0d0c << 32}}, c.ymm(1))

	clear(ram[0x1000:0x1020])
	c.setYMM(0, ymm{{0, 0}, {1 << 63, 0}})
	c.setYMM(1, ymm{{1, 2}, {3, 4}})
	require.False(t, runHex(t, c, "c4 e2 fd 8e 09").Raised) // VPMASKMOVQ [RCX], YMM0, YMM1
	want := make([]byte, 32)
	want[16] = 3
	assert.Equal(t, want, ram[0x1000:0x1020])
}
