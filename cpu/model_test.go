package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewModel(t *testing.T) {
	for _, name := range ModelNames() {
		m, err := NewModel(name)
		require.NoError(t, err, name)
		require.Equal(t, name, m.Name)
	}
	m, err := NewModel("")
	require.NoError(t, err)
	require.Equal(t, "max", m.Name)
	require.Empty(t, m.Missing())
	m, err = NewModel("max,-smep, -erms")
	require.NoError(t, err)
	require.False(t, m.Has(FeatSMEP))
	require.True(t, m.Has(FeatSSE2))
	require.True(t, m.Has(Always))
	require.False(t, m.Has(FeatNever))
	for _, bad := range []string{"z80", "max,", "max,sse", "max,+nosuch", "max,-sse", "max,+fsrm", "486,+lm"} {
		_, err := NewModel(bad)
		require.Error(t, err, bad)
	}
}

func TestEveryFeatureHasItsOwnBit(t *testing.T) {
	type place struct {
		leaf, sub uint32
		reg       cpuidReg
		bit       uint8
	}
	seen, names := map[place]Feature{}, map[string]Feature{}
	for f, row := range featureRows {
		if Feature(f) == Always || Feature(f) == FeatNever || Feature(f) == featureCount {
			continue
		}
		require.NotEmpty(t, row.name, "feature %d has no row", f)
		p := place{row.leaf, row.sub, row.reg, row.bit}
		require.NotContains(t, seen, p, row.name)
		require.NotContains(t, names, row.name)
		seen[p], names[row.name] = Feature(f), Feature(f)
	}
}

// A feature is reported only if all of its encodings can be executed. Those that could be
// reported are listed.
func TestFeaturesAreReportedWhenTheirEncodingsWork(t *testing.T) {
	have := setOf(implemented)
	rows, gaps := map[Feature]int{}, map[Feature]string{}
	var walk func(ops []Op)
	walk = func(ops []Op) {
		for i := range ops {
			op := &ops[i]
			if op.By != NoFork {
				walk(op.Sub)
				continue
			}
			if op.Name == "" {
				continue
			}
			rows[op.Feature]++
			if op.Exec == nil {
				gaps[op.Feature] = op.Name
			}
		}
	}
	for _, m := range []*[256]Op{&oneByte, &map0F, &map0F38, &map0F3A, &vex0F, &vex0F38, &vex0F3A} {
		walk(m[:])
	}
	for f := range rows {
		name, gap := gaps[f]
		switch f {
		case Always, FeatNever:
		default:
			require.False(t, gap && have.has(f), "%v is reported although %s is missing", f, name)
			if !gap && !have.has(f) {
				t.Logf("%v: every encoding works, but CPUID does not report it", f)
			}
		}
	}
}

func TestCPUIDLeaves(t *testing.T) {
	r := newRig(t, "max")
	text := func(regs ...uint32) (s string) {
		for _, v := range regs {
			s += string([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
		}
		return s
	}
	a, b, c, d := r.cpuid(0, 0)
	require.Equal(t, uint32(0x16), a)
	require.Equal(t, "GenuineIntel", text(b, d, c))
	a, _, _, d = r.cpuid(1, 0)
	require.Equal(t, uint32(0x106ca), a)
	require.Zero(t, d&(1<<9), "no APIC")
	require.Equal(t, uint32(1<<0|1<<4|1<<5|1<<6|1<<25|1<<26), d&(1<<0|1<<4|1<<5|1<<6|1<<25|1<<26))
	_, b, c, d = r.cpuid(0x40000000, 0)
	require.Equal(t, "GlassboxVMM\x00", text(b, c, d))
	var s string
	for leaf := uint32(0x80000002); leaf <= 0x80000004; leaf++ {
		s += text(r.cpuid(leaf, 0))
	}
	require.Len(t, s, 48)
	require.Equal(t, "Glassbox Virtual CPU", s[:20])
	a, _, _, _ = r.cpuid(0x80000008, 0)
	require.Equal(t, uint32(57<<8|40), a)
	a, b, c, _ = r.cpuid(0x15, 0)
	require.Equal(t, []uint32{1, 1, 1e9}, []uint32{a, b, c})
	a, b, c, d = r.cpuid(0xd, 0)
	require.Equal(t, []uint32{0x207, 576, 2696, 0}, []uint32{a, b, c, d})

	// Above the highest leaf: the data of the highest basic one.
	x := func(leaf uint32) [4]uint32 { a, b, c, d := r.cpuid(leaf, 0); return [4]uint32{a, b, c, d} }
	require.Equal(t, x(0x16), x(0x17))
	require.Equal(t, x(0x16), x(0x80000009))
	require.Equal(t, x(0x16), x(0x8ffffff0))
}

// SDM Vol. 2A, CPUID leaf 80000001h: SYSCALL is reported in 64-bit mode only.
func TestSYSCALLBitFollowsTheMode(t *testing.T) {
	r := newRig(t, "max")
	_, _, _, d := r.cpuid(0x80000001, 0)
	require.Zero(t, d&(1<<11))
	r.long(3)
	_, _, _, d = r.cpuid(0x80000001, 0)
	require.NotZero(t, d&(1<<11))
}

func TestCPUIDLimit(t *testing.T) {
	r := newRig(t, "max")
	require.True(t, r.WriteMSR(0x1a0, miscLimitCPUID))
	a, _, _, _ := r.cpuid(0, 0)
	require.Equal(t, uint32(2), a)
}

func TestSignatures(t *testing.T) {
	for name, want := range map[string]uint32{
		"486": 0x480, "pentium": 0x52c, "pentium3": 0x686, "core2": 0x6fb, "x86-64-v2": 0x106a5, "x86-64-v3": 0x306c3, "max": 0x106ca,
	} {
		m, err := NewModel(name)
		require.NoError(t, err)
		require.Equal(t, want, m.signature(), name)
	}
}

func FuzzNewModel(f *testing.F) {
	for _, s := range []string{"max", "486,+sse2", ",,", "max,-lm,+x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := NewModel(s)
		if (m == nil) == (err == nil) {
			t.Fatal("neither model nor error")
		}
	})
}
