package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// trapped checks that the #DB handler runs, with rip on its stack and the bits in DR6.
func (r *rig) trapped(rip, dr6 uint64) {
	r.t.Helper()
	require.Equal(r.t, uint64(rigHandle+0x10), r.S.RIP)
	require.Equal(r.t, rip, r.peek(r.S.R[x86.RSP], 4))
	require.Equal(r.t, dr6|x86.DR6_Ones, r.DR[6])
}

func (r *rig) stepping() {
	r.S.RFLAGS |= uint64(x86.FlagTF)
	r.updateMode()
}

func TestSingleStep(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.stepping()
	raised(t, r.run("90"), x86.VecDB, 0, x86.ReasonSingleStep)
	r.trapped(rigCode+1, x86.DR6_BS)
	require.False(t, r.flag(x86.FlagTF))
	require.NotZero(t, r.peek(r.S.R[x86.RSP]+8, 4)&uint64(x86.FlagTF))
	require.Zero(t, r.peek(r.S.R[x86.RSP]+8, 4)&uint64(x86.FlagRF), "a trap")
	require.False(t, r.dbgArmed)
}

func TestSingleStepBeginsAfterTheInstructionThatSetsTF(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.poke(r.S.R[x86.RSP], 4, 0x102)
	require.False(t, r.run("9d 90").Raised)
	require.Equal(t, uint64(rigCode+1), r.S.RIP)
	raised(t, r.next(), x86.VecDB, 0, x86.ReasonSingleStep)
	r.trapped(rigCode+2, x86.DR6_BS)
}

func TestSingleStepIsLostAfterINT(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.stepping()
	require.False(t, r.run("cd 10").Raised)
	require.Equal(t, uint64(rigHandle+0x100), r.S.RIP)
}

func TestSingleStepSkipsTheInstructionAfterMOVSS(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.stepping()
	r.S.R[x86.RAX] = selData0
	require.False(t, r.run("8e d0 90 90").Raised)
	require.Equal(t, uint64(rigCode+2), r.S.RIP)
	raised(t, r.next(), x86.VecDB, 0, x86.ReasonSingleStep)
	r.trapped(rigCode+3, x86.DR6_BS)
}

func TestSingleStepOfRepeatedStringsTrapsEachIteration(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.S.R[x86.RCX], r.S.R[x86.RDI] = 2, 0x6000
	r.stepping()
	raised(t, r.run("f3 aa"), x86.VecDB, 0, x86.ReasonSingleStep)
	r.trapped(rigCode, x86.DR6_BS)
	require.Equal(t, uint64(1), r.S.R[x86.RCX])
	require.NotZero(t, r.peek(r.S.R[x86.RSP]+8, 4)&uint64(x86.FlagRF))
}

func TestInstructionBreakpointIsAFaultAndRFPassesIt(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.writeDR(0, rigCode)
	r.writeDR(7, 1) // L0, execute
	raised(t, r.run("90 90"), x86.VecDB, 0, x86.ReasonHardwareBreakpoint)
	r.trapped(rigCode, 1)
	require.Zero(t, r.peek(r.S.R[x86.RSP]+8, 4)&uint64(x86.FlagRF), "the handler must set it")

	r.at(0)
	r.S.RFLAGS |= uint64(x86.FlagRF)
	require.False(t, r.run("90 90").Raised)
	require.Equal(t, uint64(rigCode+1), r.S.RIP)
	require.False(t, r.flag(x86.FlagRF), "cleared by the instruction")
}

func TestGeneralDetect(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.writeDR(7, x86.DR7_GD)
	raised(t, r.run("0f21f8"), x86.VecDB, 0, x86.ReasonDRGeneralDetect)
	r.trapped(rigCode, x86.DR6_BD)
	require.Zero(t, r.DR[7]&x86.DR7_GD)
}

func TestDataBreakpointRanges(t *testing.T) {
	for _, tc := range []struct {
		name  string
		dr7   uint64
		la    uint64
		n     int
		write bool
		hit   uint64
	}{
		{"write of the byte", 1 | 1<<16, 0x6000, 1, true, 1},
		{"read does not match a write breakpoint", 1 | 1<<16, 0x6000, 1, false, 0},
		{"read matches an access breakpoint", 1 | 3<<16, 0x6000, 1, false, 1},
		{"overlap from below", 1 | 3<<16, 0x5ffd, 4, false, 1},
		{"just below", 1 | 3<<16, 0x5ffc, 4, false, 0},
		{"4 bytes, last", 1 | 3<<16 | 3<<18, 0x6003, 1, false, 1},
		{"4 bytes, after", 1 | 3<<16 | 3<<18, 0x6004, 1, false, 0},
		{"8 bytes", 1 | 3<<16 | 2<<18, 0x6007, 1, false, 1},
		{"global enable", 2 | 3<<16, 0x6000, 1, false, 1},
		{"disabled", 4 | 3<<16, 0x6000, 1, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(0)
			r.writeDR(0, 0x6000)
			r.writeDR(1, 0x100000)
			r.writeDR(7, tc.dr7)
			r.noteDataAccess(0, 1, true)
			require.Zero(t, r.pendingDB)
			r.pendingDB = 0
			r.noteDataAccess(mmu.LinAddr(tc.la), tc.n, tc.write)
			require.Equal(t, tc.hit, r.pendingDB)
		})
	}
}

func TestIOBreakpointNeedsDE(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.writeDR(0, 0x60)
	r.writeDR(7, 1|2<<16)
	require.False(t, r.run("e4 60").Raised)
	r.CR4 = x86.CR4_DE
	raised(t, r.run("e4 60"), x86.VecDB, 0, x86.ReasonHardwareBreakpoint)
	r.trapped(rigCode+2, 1)
}

// CVE-2018-8897: a data breakpoint hit by MOV SS waits for the next instruction; if that
// is INT n, the trap comes in the handler, on its stack.
func TestBreakpointHitByMOVSSIsDelivered(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.writeDR(0, 0x6000)
	r.writeDR(7, 1|3<<16)
	r.poke(0x6000, 2, selData0)
	require.False(t, r.run("8e 15 00 60 00 00 cd 10").Raised)
	r.noteDataAccess(0x6000, 2, false) // as the memory layer does
	raised(t, r.next(), x86.VecDB, 0, x86.ReasonHardwareBreakpoint)
	r.trapped(rigHandle+0x100, 1)
}

// A #DB or #AC whose handler raises the same again must not hang the host.
func TestExceptionStormsEndWithTheBudget(t *testing.T) {
	for _, v := range []int{1, 17} {
		r := newRig(t, "max")
		r.protect(0)
		r.idt(v, gateDesc(selCode0, rigCode, 0x8e, 0))
		r.code("cd 01 eb fe")
		r.stepping()
		n, _ := r.Run(100000)
		require.LessOrEqual(t, n, int64(100000))
	}
}

// Every kind of instruction that touches memory meets data breakpoints, as a trap after it.
func TestDataBreakpointsOnInstructions(t *testing.T) {
	const write, access = 1 | 1<<16 | 3<<18, 1 | 3<<16 | 3<<18 // DR0, 4 bytes
	for _, tc := range []struct {
		name, code string
		dr7        uint64
		hit        bool
	}{
		{"store", "89 05 00 60 00 00", write, true},
		{"store that ends in the range", "89 05 fd 5f 00 00", write, true},
		{"store below it", "89 05 fc 5f 00 00", write, false},
		{"load", "8b 05 00 60 00 00", access, true},
		{"load, for writes only", "8b 05 00 60 00 00", write, false},
		{"read-modify-write", "ff 05 03 60 00 00", write, true},
		{"PUSH", "68 00 00 00 00", write, true},
		{"MOVUPS store", "0f 11 05 f4 5f 00 00", write, true},
		{"FLD of 80 bits", "db 2d f8 5f 00 00", access, true},
		{"STOS", "aa", write, true},
		{"fetch is no access", "90", access, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(0)
			r.CR4 |= x86.CR4_OSFXSR
			r.S.R[x86.RSP], r.S.R[x86.RDI] = 0x6004, 0x6001
			r.DR[0], r.DR[7] = 0x6000, tc.dr7|x86.DR7_Ones
			r.updateMode()
			f := r.run(tc.code)
			if !tc.hit {
				require.False(t, f.Raised, "%v", f)
				return
			}
			raised(t, f, x86.VecDB, 0, x86.ReasonHardwareBreakpoint)
			require.Equal(t, uint64(1), r.DR[6]&15)
		})
	}
}

// A repeated string instruction traps after the iteration that meets the breakpoint.
func TestDataBreakpointBetweenIterations(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.S.R[x86.RDI], r.S.R[x86.RCX] = 0x5ffe, 10
	r.DR[0], r.DR[7] = 0x6000, 1|1<<16|x86.DR7_Ones
	r.updateMode()
	r.code("f3 aa")
	r.Run(3)
	r.trapped(rigCode, 1)
	require.Equal(t, uint64(7), r.S.R[x86.RCX])
}

func TestAFaultBringsNoDataBreakpoint(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.S.R[x86.RSI], r.S.R[x86.RDI] = 0x6000, 0x5000
	r.load(x86.ES, selRO)
	r.DR[0], r.DR[7] = 0x6000, 1|3<<16|x86.DR7_Ones
	r.updateMode()
	raised(t, r.run("a4"), x86.VecGP, 0, x86.ReasonSegmentNotWritable)
	require.Zero(t, r.DR[6]&15)
}
