package cpu

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

func TestMSRTableIsSortedWithoutOverlap(t *testing.T) {
	for i := 1; i < len(msrRows); i++ {
		require.Less(t, msrRows[i-1].first+msrRows[i-1].count-1, msrRows[i].first, msrRows[i].name)
	}
}

func TestMSRValueRules(t *testing.T) {
	const high = 1 << 47 // not canonical
	for _, tc := range []struct {
		name string
		n    uint32
		v    uint64
		ok   bool
	}{
		{"LSTAR canonical", x86.MSR_LSTAR, 0xffffffff81000000, true}, {"LSTAR", x86.MSR_LSTAR, high, false},
		{"CSTAR", x86.MSR_CSTAR, high, false}, {"KERNEL_GS_BASE", x86.MSR_KERNEL_GS, high, false},
		{"FS_BASE", x86.MSR_FS_BASE, high, false}, {"GS_BASE", x86.MSR_GS_BASE, high, false},
		{"SYSENTER_EIP", x86.MSR_SYSENTER_EIP, high, false}, {"SYSENTER_ESP", x86.MSR_SYSENTER_ESP, high, false},
		{"FMASK", x86.MSR_FMASK, 1 << 32, false}, {"TSC_AUX", x86.MSR_TSC_AUX, 1 << 32, false},
		{"PAT", x86.MSR_PAT, 0x0007010600070106, true}, {"PAT type 2", x86.MSR_PAT, 2, false}, {"PAT type 3", x86.MSR_PAT, 3 << 56, false}, {"PAT type 8", x86.MSR_PAT, 8 << 8, false},
		{"EFER", x86.MSR_EFER, x86.EFER_NXE | x86.EFER_SCE | x86.EFER_LME, true}, {"EFER reserved", x86.MSR_EFER, 1 << 1, false},
		{"MTRR def type", x86.MSR_MTRR_DEF_TYPE, 0xc06, true}, {"MTRR def type 2", x86.MSR_MTRR_DEF_TYPE, 0xc02, false}, {"MTRR def bit", x86.MSR_MTRR_DEF_TYPE, 0x1000, false},
		{"MTRR base", x86.MSR_MTRR_PHYSBASE, 0x80000000, true}, {"MTRR mask", x86.MSR_MTRR_PHYSBASE + 15, 0xff80000800, true},
		{"MTRR mask too wide", x86.MSR_MTRR_PHYSBASE + 15, 1<<40 | 0x800, false}, {"MTRR fixed", x86.MSR_MTRR_FIX4K_C0 + 7, 0x0606060606060606, true}, {"MTRR fixed 2", x86.MSR_MTRR_FIX64K, 2, false},
		{"MTRRCAP is read only", x86.MSR_MTRRCAP, 0, false},
		{"no APIC", x86.MSR_APIC_BASE, 0xfee00900, false}, {"no speculation control", x86.MSR_SPEC_CTRL, 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max,-la57")
			r.protect(0)
			before, known := r.ReadMSR(tc.n)
			r.S.R[x86.RCX], r.S.R[x86.RAX], r.S.R[x86.RDX] = uint64(tc.n), tc.v&0xffffffff, tc.v>>32
			f := r.run("0f30")
			after, _ := r.ReadMSR(tc.n)
			if tc.ok {
				require.False(t, f.Raised, "%v", f)
				require.Equal(t, tc.v, after)
				return
			}
			require.Equal(t, x86.VecGP, f.Vector)
			require.Equal(t, before, after)
			if !known {
				require.Equal(t, x86.ReasonMSRUnknown, f.Reason)
			}
		})
	}
}

func TestUnknownMSRIsReportedAndFaults(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	var seen []uint32
	r.OnUnknown = func(_ string, n uint32) { seen = append(seen, n) }
	r.S.R[x86.RCX] = 0x12345
	raised(t, r.run("0f32"), x86.VecGP, 0, x86.ReasonMSRUnknown)
	r.S.R[x86.RCX] = 0x12345
	raised(t, r.run("0f30"), x86.VecGP, 0, x86.ReasonMSRUnknown)
	require.Equal(t, []uint32{0x12345, 0x12345}, seen)
}

func TestMSRsFollowTheModel(t *testing.T) {
	r := newRig(t, "pentium3")
	_, ok := r.ReadMSR(x86.MSR_EFER)
	require.False(t, ok)
	_, ok = r.ReadMSR(x86.MSR_PAT)
	require.True(t, ok)
}

// Whatever is written, the register then reads something that may be written again.
func TestMSRReadsAreWritable(t *testing.T) {
	r := newRig(t, "max")
	rng := rand.New(rand.NewSource(1))
	for _, row := range msrRows {
		for i := range row.count {
			for range 50 {
				v := rng.Uint64() >> rng.Intn(64)
				if !r.WriteMSR(row.first+i, v) {
					continue
				}
				got, ok := r.ReadMSR(row.first + i)
				require.True(t, ok)
				require.True(t, r.WriteMSR(row.first+i, got), "%s %#x", row.name, got)
			}
		}
	}
}
