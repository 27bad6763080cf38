package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// What each generation brought, by the manuals of its time: from the model named first on
// the bytes are an instruction.
func TestInstructionsBeginWithTheirModel(t *testing.T) {
	for _, tc := range []struct {
		name, code, first string
		reason            x86.Reason
	}{
		{"XADD", "0f c1 c1", "486", 0},
		{"CMPXCHG", "0f b1 c1", "486", 0},
		{"CMPXCHG8B", "0f c7 0f", "pentium", x86.ReasonNeedsPentium},
		{"RDTSC", "0f 31", "pentium", x86.ReasonNeedsPentium},
		{"RDMSR", "0f 32", "pentium", x86.ReasonNeedsPentium},
		{"CMOVZ", "0f 44 c1", "pentium3", x86.ReasonNeedsPentium3},
		{"FCOMI", "db f1", "pentium3", x86.ReasonNeedsPentium3},
		{"NOP with ModRM", "0f 1f c0", "pentium3", x86.ReasonNeedsPentium3},
		{"PREFETCHT0", "0f 18 0f", "pentium3", x86.ReasonNeedsPentium3},
		{"SYSENTER", "0f 34", "pentium3", x86.ReasonNeedsPentium3},
		{"EMMS", "0f 77", "pentium3", x86.ReasonNeedsPentium3},
		{"ADDPS", "0f 58 c1", "pentium3", x86.ReasonNeedsPentium3},
		{"FXSAVE", "0f ae 07", "pentium3", x86.ReasonNeedsPentium3},
		{"ADDPD", "66 0f 58 c1", "core2", x86.ReasonNeedsCore2},
		{"MFENCE", "0f ae f0", "core2", x86.ReasonNeedsCore2},
		{"FISTTP", "db 0f", "core2", x86.ReasonNeedsCore2},
		{"PSHUFB", "66 0f 38 00 c1", "core2", x86.ReasonNeedsCore2},
		{"PMULLD", "66 0f 38 40 c1", "x86-64-v2", x86.ReasonNeedsV2},
		{"CRC32", "f2 0f 38 f1 c1", "x86-64-v2", x86.ReasonNeedsV2},
		{"POPCNT", "f3 0f b8 c1", "x86-64-v2", x86.ReasonNeedsV2},
		{"RDTSCP", "0f 01 f9", "x86-64-v2", x86.ReasonNeedsV2},
		{"AESENC", "66 0f 38 dc c1", "x86-64-v3", x86.ReasonNeedsV3},
		{"XGETBV", "0f 01 d0", "x86-64-v3", x86.ReasonNeedsV3},
		{"VADDPS", "c5 f0 58 c1", "x86-64-v3", x86.ReasonNeedsV3},
		{"VFMADD132PS", "c4 e2 71 98 c1", "x86-64-v3", x86.ReasonNeedsV3},
		{"VCVTPH2PS", "c4 e2 79 13 c1", "x86-64-v3", x86.ReasonNeedsV3},
		{"VPGATHERDD", "c4 e2 69 90 04 09", "x86-64-v3", x86.ReasonNeedsV3},
		{"ANDN", "c4 e2 70 f2 c1", "x86-64-v3", x86.ReasonNeedsV3},
		{"MOVBE", "0f 38 f0 07", "x86-64-v3", x86.ReasonNeedsV3},
		{"RDRAND", "0f c7 f0", "x86-64-v3", x86.ReasonNeedsV3},
		{"INVPCID", "66 0f 38 82 07", "x86-64-v3", x86.ReasonNeedsV3},
		{"RDSEED", "0f c7 f8", "max", x86.ReasonNeedsMax},
		{"ADCX", "66 0f 38 f6 c1", "max", x86.ReasonNeedsMax},
		{"SHA1RNDS4", "0f 3a cc c1 00", "max", x86.ReasonNeedsMax},
		{"CLAC", "0f 01 ca", "max", x86.ReasonNeedsMax},
		{"XSAVEC", "0f c7 27", "max", x86.ReasonNeedsMax},
		{"CLFLUSHOPT", "66 0f ae 3f", "max", x86.ReasonNeedsMax},
		{"WRPKRU", "0f 01 ef", "max", x86.ReasonNeedsMax},
		{"INVEPT", "66 0f 38 80 07", "", x86.ReasonNoModel},
		{"INCSSP", "f3 0f ae e8", "", x86.ReasonNoModel},
	} {
		has := false
		for _, name := range ModelNames() {
			has = has || name == tc.first
			c := modelCPU(t, name, 4)
			var in Inst
			require.True(t, c.decode(unhex(t, tc.code), &in))
			want := tc.reason
			if has {
				want = x86.NoReason
			}
			assert.Equal(t, want, in.Bad, "%s on %s", tc.name, name)
		}
	}
}

// modelCPU is as much of a processor as decoding needs.
func modelCPU(t *testing.T, model string, codeSize width) *CPU {
	m, err := NewModel(model)
	require.NoError(t, err)
	return &CPU{S: new(State), Model: m, codeSize: codeSize, CR0: x86.CR0_PE}
}

// No bytes at all decode to an instruction of a feature that the model lacks.
func TestNothingOutsideAModelExecutes(t *testing.T) {
	specs := append(ModelNames(), "max,-bmi1,-lzcnt,-popcnt", "max,-fma,-f16c,-avx2", "x86-64-v2,+aes,+movbe")
	maps := []string{"", "0f", "0f38", "0f3a"}
	for _, spec := range specs {
		for _, size := range []width{4, 8} {
			c := modelCPU(t, spec, size)
			var in Inst
			for _, prefix := range []string{"", "66", "f3", "f2"} {
				for _, m := range maps {
					c.tryAll(t, unhex(t, prefix+m), &in)
				}
			}
			for i := range 32 { // VEX: map, W, L, prefix
				for mm := byte(0xe1); mm <= 0xe3; mm++ {
					c.tryAll(t, []byte{0xc4, mm, 0x78 | byte(i&7) | byte(i>>3&1)<<7}, &in)
				}
			}
		}
	}
}

// tryAll decodes head followed by every opcode and a ModRM byte of every group.
func (c *CPU) tryAll(t *testing.T, head []byte, in *Inst) {
	var code [16]byte
	n := copy(code[:], head)
	for op := range 256 {
		for modRM := range 256 {
			if modRM&7 > 1 && modRM < 0xc0 {
				continue
			}
			code[n], code[n+1] = byte(op), byte(modRM)
			c.decode(code[:], in)
			if in.Bad == x86.NoReason && !c.Model.Has(in.Op.Feature) {
				t.Fatalf("%s executes % x, %s", c.Model.Name, code[:in.Len], in.Op.Name)
			}
		}
	}
}

// Models without BMI1 and LZCNT ignore the prefix.
func TestTZCNTAndLZCNTOnOlderModels(t *testing.T) {
	for _, tc := range []struct{ model, code, name string }{
		{"max", "f3 0f bc c1", "TZCNT"}, {"max", "f3 0f bd c1", "LZCNT"},
		{"core2", "f3 0f bc c1", "BSF"}, {"max,-lzcnt", "f3 0f bd c1", "BSR"},
		{"core2", "0f 0d 0f", "NOP"}, {"max", "0f 0d 0f", "PREFETCHW"},
	} {
		c := modelCPU(t, tc.model, 8)
		var in Inst
		require.True(t, c.decode(unhex(t, tc.code), &in))
		assert.Equal(t, x86.NoReason, in.Bad, tc.model)
		assert.Equal(t, tc.name, in.Op.Name, tc.model)
	}
	r := newRig(t, "core2")
	r.long(3)
	r.S.R[x86.RCX] = 0x10
	require.False(t, r.run("f3 0f bd c1").Raised) // LZCNT would give 27
	assert.Equal(t, uint64(4), r.S.R[x86.RAX])
}
