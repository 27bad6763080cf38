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
			r.CPI = 3
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

// TestOverflowInterruptsBehindItsInstruction lets a counter overflow at every instruction of a loop, in
// runs of several lengths, and looks where the NMI finds the program.
func TestOverflowInterruptsBehindItsInstruction(t *testing.T) {
	const loop = "ff c0 ff c1 ff c2 eb f8" // INC EAX; INC ECX; INC EDX; JMP
	for _, tc := range []struct {
		name   string
		setup  func(c *CPU, n uint64) bool // n instructions from the overflow
		period uint64
	}{
		{"instructions", func(c *CPU, n uint64) bool {
			return c.WriteMSR(x86.MSR_PMC0, -n) && c.WriteMSR(x86.MSR_PERFEVTSEL0, selEnable|selOS|selInt|eventInstructions)
		}, 1},
		{"cycles", func(c *CPU, n uint64) bool {
			return c.WriteMSR(x86.MSR_PMC0, -(4*n)+3) && c.WriteMSR(x86.MSR_PERFEVTSEL0, selEnable|selOS|selInt|eventCycles)
		}, 4},
		{"fixed, instructions", func(c *CPU, n uint64) bool {
			return c.WriteMSR(x86.MSR_FIXED_CTR0, -n&pmcMask) && c.WriteMSR(x86.MSR_FIXED_CTR_CTRL, 1|fixedInt) && c.WriteMSR(x86.MSR_PERF_GLOBAL_CTRL, 1<<32)
		}, 1},
	} {
		for n := uint64(1); n < 12; n++ {
			for _, slice := range []int64{1, 2, 5, 100} {
				for engine, run := range map[string]func(*CPU, int64) (int64, ExitReason){"plain": (*CPU).Run, "fast": (*CPU).RunFast} {
					r := newRig(t, "max")
					r.long(0)
					r.poke(rigHandle+16*2, 1, 0xf4)
					r.CPI = 4
					a := &fakeAPIC{base: 0xfee00900, onPerf: func() { r.NMI = true }}
					r.APIC = a
					r.code(loop)
					for i := range 3 {
						r.S.R[i] = 0
					}
					require.True(t, tc.setup(r.CPU, n))
					start := r.Count()
					for r.Activity != Halted && r.Count() < start+1000 {
						run(r.CPU, slice)
					}
					assert.Equal(t, 1, a.perf)
					assert.EqualValues(t, n+2, r.Count()-start, "%s, %s engine, %d instructions, slices of %d: then the NMI and HLT", tc.name, engine, n, slice)
					assert.Equal(t, 3*(n/4)+n%4, r.S.R[0]+r.S.R[1]+r.S.R[2])
				}
			}
		}
	}
}

// TestOverflowAtChangeOfPrivilege: the instruction that leaves the privilege level that is
// counted is the one that overflows; and counting begins again where the level returns.
func TestOverflowAtChangeOfPrivilege(t *testing.T) {
	for engine, run := range map[string]func(*CPU, int64) (int64, ExitReason){"plain": (*CPU).Run, "fast": (*CPU).RunFast} {
		r := newRig(t, "max")
		r.long(3)
		a := &fakeAPIC{base: 0xfee00900}
		var at []uint64
		start := r.Count()
		a.onPerf = func() { at = append(at, r.Count()-start) }
		r.APIC = a
		r.code("90 90 cd 10") // INT 10h at level 3, whose handler has 5 NOPs and returns
		r.poke(rigHandle+16*0x10, 8, 0xcf48_9090909090)
		require.True(t, r.WriteMSR(x86.MSR_PMC0, ^uint64(2))) // 3 at level 3
		require.True(t, r.WriteMSR(x86.MSR_PMC0+1, ^uint64(3)))
		require.True(t, r.WriteMSR(x86.MSR_PERFEVTSEL0, selEnable|selUser|selInt|eventInstructions))
		require.True(t, r.WriteMSR(x86.MSR_PERFEVTSEL0+1, selEnable|selOS|selInt|eventInstructions)) // 4 at level 0
		for r.Count() < start+9 {
			run(r.CPU, 100)
			if len(at) == 2 {
				break
			}
		}
		assert.Equal(t, []uint64{3, 7}, at, engine)
	}
}

// TestSavingRequestsNothing: a counter that the delivery of an interrupt makes overflow has
// requested its own before anybody can look.
func TestSavingRequestsNothing(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	a := &fakeAPIC{base: 0xfee00900}
	r.APIC = a
	require.True(t, r.WriteMSR(x86.MSR_PMC0, ^uint64(0)))
	require.True(t, r.WriteMSR(x86.MSR_PERFEVTSEL0, selEnable|selOS|selInt|eventInstructions))
	r.Interrupt(0x11)
	assert.Equal(t, 1, a.perf)
	s := r.Save()
	assert.Equal(t, 1, a.perf)
	assert.EqualValues(t, 1, s.MSR.PMC.GlobalStatus)
}

func TestRDPMCRights(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	raised(t, r.run("0f 33"), x86.VecGP, 0, x86.ReasonPMCDisabled)
	r.long(0)
	r.S.R[x86.RCX] = pmcCount
	raised(t, r.run("0f 33"), x86.VecGP, 0, x86.ReasonPMCDisabled)
}
