package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// rdpmc executes RDPMC of counter n.
func (r *rig) rdpmc(n uint64) uint64 {
	r.t.Helper()
	r.S.R[x86.RCX] = n
	require.False(r.t, r.run("0f 33").Raised)
	return r.S.R[x86.RDX]<<32 | r.S.R[x86.RAX]
}

func (r *rig) nops(n int) {
	for range n {
		require.False(r.t, r.run("90").Raised)
	}
}

func TestCountersCountInstructionsExactly(t *testing.T) {
	for _, tc := range []struct {
		name    string
		sel     uint64 // IA32_PERFEVTSEL0
		fixed   uint64 // IA32_FIXED_CTR_CTRL
		global  uint64
		counter uint64 // for RDPMC
		want    uint64
	}{
		{"instructions, OS", selEnable | selOS | 0xc0, 0, 1, 0, 11},
		{"instructions, user only", selEnable | selUser | 0xc0, 0, 1, 0, 0},
		{"not enabled", selOS | 0xc0, 0, 1, 0, 0},
		{"not enabled globally", selEnable | selOS | 0xc0, 0, 2, 0, 0},
		{"an event that never happens", selEnable | selOS | 0x412e, 0, 1, 0, 0},
		{"fixed counter 0", 0, 1, 1 << 32, 1 << 30, 11},
		{"fixed counter 0, user only", 0, 2, 1 << 32, 1 << 30, 0},
		{"fixed counter 1 counts cycles", 0, 1 << 4, 1 << 33, 1<<30 | 1, 33},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.long(0)
			r.ReadTSC = func() uint64 { return 3 * r.Count() }
			r.syncPMC()
			require.True(t, r.WriteMSR(x86.MSR_PERFEVTSEL0, tc.sel))
			require.True(t, r.WriteMSR(x86.MSR_FIXED_CTR_CTRL, tc.fixed))
			require.True(t, r.WriteMSR(x86.MSR_PERF_GLOBAL_CTRL, tc.global))
			r.nops(10)
			assert.Equal(t, tc.want, r.rdpmc(tc.counter), "10 NOPs and RDPMC")
		})
	}
}

func TestCountersFollowThePrivilegeLevel(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	r.CR4 |= x86.CR4_PCE
	require.True(t, r.WriteMSR(x86.MSR_PERFEVTSEL0, selEnable|selUser|0xc0))
	require.True(t, r.WriteMSR(x86.MSR_PERFEVTSEL0+1, selEnable|selOS|0xc0))
	r.nops(5)
	require.False(t, r.run("cd 10").Raised) // INT 10h
	require.Equal(t, uint8(0), r.CPL)
	r.nops(7)
	assert.Equal(t, uint64(6), r.rdpmc(0))
	assert.Equal(t, uint64(7+2), r.rdpmc(1))
	s := r.Save()
	require.NoError(t, r.Restore(s))
	assert.Equal(t, uint64(7+3), r.rdpmc(1))
}

func TestCounterOverflowIsNoted(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	require.True(t, r.WriteMSR(x86.MSR_PERFEVTSEL0, selEnable|selOS|0xc0))
	require.True(t, r.WriteMSR(x86.MSR_PMC0, 0xfffffffe)) // sign-extended: -2
	v, _ := r.ReadMSR(x86.MSR_PMC0)
	assert.Equal(t, uint64(pmcMask-1), v)
	r.nops(3)
	v, _ = r.ReadMSR(x86.MSR_PERF_GLOBAL_STATUS)
	assert.Equal(t, uint64(1), v)
	require.True(t, r.WriteMSR(x86.MSR_PERF_GLOBAL_OVF_CTRL, 1))
	v, _ = r.ReadMSR(x86.MSR_PERF_GLOBAL_STATUS)
	assert.Zero(t, v)
	assert.False(t, r.WriteMSR(x86.MSR_PERF_GLOBAL_CTRL, 1<<8))
	assert.False(t, r.WriteMSR(x86.MSR_PERF_GLOBAL_STATUS, 0))
}

func TestRDPMCRights(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	raised(t, r.run("0f 33"), x86.VecGP, 0, x86.ReasonPMCDisabled)
	r.long(0)
	r.S.R[x86.RCX] = pmcCount
	raised(t, r.run("0f 33"), x86.VecGP, 0, x86.ReasonPMCDisabled)
}
