package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

func TestRealModeInterruptPushesFlagsCSIPAndClearsIFTF(t *testing.T) {
	r := newRig(t, "max")
	r.enterReal()
	r.S.RFLAGS = 0x202 | uint64(x86.FlagAC|x86.FlagCF)
	f := r.run("cd 21")
	require.False(t, f.Raised)
	require.Equal(t, uint64(rigHandle+0x210), r.S.RIP)
	require.Equal(t, []uint64{rigCode + 2, 0, 0x203}, r.stack(3, 2))
	require.Zero(t, r.S.RFLAGS&uint64(x86.FlagIF|x86.FlagAC))
	require.False(t, r.run("cf").Raised)
	require.Equal(t, uint64(rigCode+2), r.S.RIP)
	require.Equal(t, uint64(rigStack0), r.S.R[x86.RSP])
	require.NotZero(t, r.S.RFLAGS&uint64(x86.FlagIF))
}

func TestRealModeFaultsHaveNoErrorCode(t *testing.T) {
	r := newRig(t, "max")
	r.enterReal()
	r.S.R[x86.RBX] = 0xffff
	f := r.run("8b 07") // MOV AX,[BX]: past the limit
	raised(t, f, x86.VecGP, 0, x86.ReasonSegmentLimit)
	require.Equal(t, uint64(rigStack0-6), r.S.R[x86.RSP])
	require.Equal(t, uint64(rigCode), r.peek(rigStack0-6, 2))
}

func TestRealModeStackOfOneByteEndsInShutdown(t *testing.T) {
	r := newRig(t, "max")
	r.enterReal()
	r.S.R[x86.RSP] = 1
	f := r.run("cd 21")
	raised(t, f, x86.VecSS, 0, x86.ReasonSegmentLimit)
	require.Equal(t, Shutdown, r.Activity)
}

func TestInterruptGates(t *testing.T) {
	const handler = rigHandle + 0x100
	for _, tc := range []struct {
		name   string
		cpl    uint8
		gate   uint64
		vector x86.Vector // expected fault; 0: delivered
		code   uint16
		reason x86.Reason
		stack  []uint64 // expected, from the stack pointer upwards
		size   int
	}{
		{"same level, 32-bit", 0, gateDesc(selCode0, handler, 0x8e, 0), 0, 0, 0, []uint64{rigCode + 2, selCode0, 0x202}, 4},
		{"inner level, 32-bit", 3, gateDesc(selCode0, handler, 0xee, 0), 0, 0, 0, []uint64{rigCode + 2, selCode3, 0x202, rigStack3, selData3}, 4},
		{"inner level, 16-bit", 3, gateDesc(selCode0, handler, 0xe6, 0), 0, 0, 0, []uint64{rigCode + 2, selCode3, 0x202, rigStack3, selData3}, 2},
		{"conforming handler stays outside", 3, gateDesc(selConf, handler, 0xee, 0), 0, 0, 0, []uint64{rigCode + 2, selCode3, 0x202}, 4},
		{"DPL below CPL", 3, gateDesc(selCode0, handler, 0x8e, 0), x86.VecGP, 0x80 | 2, x86.ReasonGatePrivilege, nil, 0},
		{"not present", 0, gateDesc(selCode0, handler, 0x0e, 0), x86.VecNP, 0x80 | 2, x86.ReasonGateNotPresent, nil, 0},
		{"a data segment is no gate", 0, gateDesc(selCode0, handler, 0x9e, 0), x86.VecGP, 0x80 | 2, x86.ReasonGateType, nil, 0},
		{"call gate", 0, gateDesc(selCode0, handler, 0x8c, 0), x86.VecGP, 0x80 | 2, x86.ReasonGateType, nil, 0},
		{"null target", 0, gateDesc(3, handler, 0x8e, 0), x86.VecGP, 0, x86.ReasonSelectorNull, nil, 0},
		{"target is data", 0, gateDesc(selData0, handler, 0x8e, 0), x86.VecGP, selData0, x86.ReasonGateTarget, nil, 0},
		{"target is less privileged", 0, gateDesc(selCode3, handler, 0x8e, 0), x86.VecGP, selCode3 &^ 3, x86.ReasonConformingPrivilege, nil, 0},
		{"target not present", 0, gateDesc(selAbsCode, handler, 0x8e, 0), x86.VecNP, selAbsCode, x86.ReasonSegmentNotPresent, nil, 0},
		{"target outside the GDT", 0, gateDesc(0x1f8, handler, 0x8e, 0), x86.VecGP, 0x1f8, x86.ReasonSelectorIndex, nil, 0},
		{"target offset past the limit", 0, gateDesc(selCode16, 0x10000, 0x8e, 0), x86.VecGP, 0, x86.ReasonCodeLimit, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(tc.cpl)
			r.idt(0x10, tc.gate)
			r.S.RFLAGS = 0x202
			f := r.run("cd 10")
			if tc.reason != 0 {
				raised(t, f, tc.vector, tc.code, tc.reason)
				return
			}
			require.False(t, f.Raised, "%v", f)
			require.Equal(t, uint64(handler), r.S.RIP)
			require.Equal(t, tc.stack, r.stack(len(tc.stack), tc.size))
			require.Zero(t, r.S.RFLAGS&uint64(x86.FlagIF))
			require.Equal(t, r.CPL, uint8(r.Seg[x86.CS].Sel&3))
		})
	}
}

func TestTrapGateKeepsIF(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.idt(0x10, gateDesc(selCode0, rigHandle, 0x8f, 0))
	r.S.RFLAGS = 0x202
	require.False(t, r.run("cd 10").Raised)
	require.NotZero(t, r.S.RFLAGS&uint64(x86.FlagIF))
}

// Errors of a delivery that nobody asked for carry EXT; those of INT n do not.
func TestExternalEventsSetEXT(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.idt(0x10, gateDesc(selAbsCode, 0, 0x8e, 0))
	var faults []Fault
	r.OnFault = func(f Fault) { faults = append(faults, f) }
	r.S.RIP = rigCode
	r.Interrupt(0x10)
	require.Len(t, faults, 1)
	raised(t, faults[0], x86.VecNP, selAbsCode|1, x86.ReasonSegmentNotPresent)
	require.Equal(t, uint64(rigHandle+0xb0), r.S.RIP)
	require.Equal(t, []uint64{selAbsCode | 1, rigCode, selCode0}, r.stack(3, 4))

	r.IDTR.Limit = 0x87 // vector 11h is outside
	r.S.RIP = rigCode
	r.Interrupt(0x11)
	raised(t, faults[1], x86.VecGP, 0x88|3, x86.ReasonIDTLimit)
}

func TestFaultPushesRFAndErrorCode(t *testing.T) {
	r := newRig(t, "max")
	r.protect(3)
	r.poke(0x6000, 2, 0x1f8)
	raised(t, r.run("8e 1d 00 60 00 00"), x86.VecGP, 0x1f8, x86.ReasonSelectorIndex) // MOV DS,[6000h]
	require.Equal(t, []uint64{0x1f8, rigCode, selCode3, 0x10002, rigStack3, selData3}, r.stack(6, 4))
	require.Equal(t, uint64(rigStack0-24), r.S.R[x86.RSP])
	require.Zero(t, r.CPL)
}

func TestInnerStackErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		setup  func(r *rig)
		vector x86.Vector
		code   uint16
		reason x86.Reason
	}{
		{"TSS too small", func(r *rig) { r.TR.Limit = 8 }, x86.VecTS, selTSS, x86.ReasonTSSLimit},
		{"null stack", func(r *rig) { r.poke(rigTSS+8, 2, 0) }, x86.VecTS, 0, x86.ReasonSelectorNull},
		{"outside GDT", func(r *rig) { r.poke(rigTSS+8, 2, 0x1f8) }, x86.VecTS, 0x1f8, x86.ReasonSelectorIndex},
		{"wrong RPL", func(r *rig) { r.poke(rigTSS+8, 2, selData0|1) }, x86.VecTS, selData0, x86.ReasonStackPrivilege},
		{"wrong DPL", func(r *rig) { r.poke(rigTSS+8, 2, selData3&^3) }, x86.VecTS, selData3 &^ 3, x86.ReasonStackPrivilege},
		{"code as stack", func(r *rig) { r.poke(rigTSS+8, 2, selCode0) }, x86.VecTS, selCode0, x86.ReasonStackNotWritable},
		{"not present", func(r *rig) { r.gdt(selData0, desc(0, 0xfffff, 0x13, 0xc)) }, x86.VecSS, selData0, x86.ReasonStackNotPresent},
		{"no room", func(r *rig) { r.poke(rigTSS+4, 4, 19); r.gdt(selData0, desc(0, 0xfffff, 0x93, 0xc)) }, x86.VecSS, selData0, x86.ReasonSegmentLimit},
		{"handler past limit", func(r *rig) { r.idt(0x10, gateDesc(selCode16, 0x10000, 0xee, 0)) }, x86.VecGP, 0, x86.ReasonCodeLimit},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(3)
			tc.setup(r)
			f := r.run("cd 10")
			raised(t, f, tc.vector, tc.code, tc.reason)
		})
	}
}

func TestDoubleAndTripleFaultAreAChain(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.idt(13, 0) // #GP has no gate
	f := r.run("8e d8")
	require.False(t, f.Raised)
	r.S.R[x86.RAX] = 0x1f8
	raised(t, r.run("8e d8"), x86.VecGP, 0x1f8, x86.ReasonSelectorIndex)
	require.Equal(t, uint64(rigHandle+0x80), r.S.RIP, "#DF runs")
	require.Equal(t, []uint64{0, rigCode, selCode0}, r.stack(3, 4))
	require.Equal(t, 3, r.LastChain.N)
	raised(t, r.LastChain.Faults[1], x86.VecGP, 13<<3|3, x86.ReasonGateType)
	raised(t, r.LastChain.Faults[2], x86.VecDF, 0, x86.ReasonDoubleFault)

	r.idt(8, 0)
	sp := r.S.R[x86.RSP]
	r.run("8e d8")
	require.Equal(t, Shutdown, r.Activity)
	require.Equal(t, sp, r.S.R[x86.RSP], "a failed delivery changes no register")
	n := r.LastChain.N
	require.Equal(t, 5, n)
	require.Equal(t, x86.ReasonTripleFault, r.LastChain.Faults[n-1].Reason)
	_, reason := r.Run(10)
	require.Equal(t, ExitShutdown, reason)
}

// SDM Vol. 3A, table "Conditions for Generating a Double Fault".
func TestWhichPairsMakeADoubleFault(t *testing.T) {
	for _, tc := range []struct {
		first, second x86.Vector
		double        bool
	}{
		{x86.VecUD, x86.VecGP, false}, {x86.VecNMI, x86.VecPF, false}, {x86.VecDB, x86.VecNP, false},
		{x86.VecDE, x86.VecGP, true}, {x86.VecGP, x86.VecTS, true}, {x86.VecGP, x86.VecPF, false},
		{x86.VecPF, x86.VecPF, true}, {x86.VecPF, x86.VecSS, true}, {x86.VecPF, x86.VecDB, false},
	} {
		require.Equal(t, tc.double, doubles(tc.first, tc.second), "%v then %v", tc.first, tc.second)
	}
}

func TestPageFaultSetsCR2AndChainsWithStack(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	f := r.run("a1 00 00 00 10 00 00 00 00")
	require.Equal(t, x86.VecPF, f.Vector)
	require.Equal(t, uint64(0x10000000), r.CR2)
	require.Equal(t, uint64(rigHandle+0xe0), r.S.RIP)
	r.S.R[x86.RSP] = 0x20000000 // not mapped: #PF while delivering #PF
	r.gate64(8, gateDesc(selCode64, rigHandle, 0x8e, 1))
	r.run("a1 00 00 00 10 00 00 00 00")
	require.Equal(t, uint64(rigHandle), r.S.RIP)
	require.Equal(t, uint64(rigIST1-48), r.S.R[x86.RSP])
	require.Equal(t, uint64(0x20000000), r.peek(rigIST1-16, 8), "the old stack pointer is in the frame")
	require.Equal(t, uint64(0x1ffffff8), r.CR2, "of the second page fault")
}

func TestLongModeFrame(t *testing.T) {
	for _, tc := range []struct {
		name string
		cpl  uint8
		ist  uint64
		rsp  uint64 // before
		top  uint64 // where the frame begins
		ss   uint64
	}{
		{"same level aligns on 16", 0, 0, rigStack0 - 0x203, rigStack0 - 0x210, 0},
		{"inner level takes RSP0", 3, 0, rigStack3, rigStack0, selData3},
		{"IST at the same level", 0, 1, rigStack0 - 0x208, rigIST1, 0},
		{"IST from outside", 3, 1, rigStack3, rigIST1, selData3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.long(tc.cpl)
			r.gate64(0x10, gateDesc(selCode64, rigHandle, 0xee, tc.ist))
			r.S.R[x86.RSP] = tc.rsp
			r.S.RFLAGS = 0x202
			cs := uint64(r.Seg[x86.CS].Sel)
			require.False(t, r.run("cd 10").Raised)
			require.Equal(t, tc.top-40, r.S.R[x86.RSP])
			require.Equal(t, []uint64{rigCode + 2, cs, 0x202, tc.rsp, tc.ss}, r.stack(5, 8))
			require.Zero(t, r.CPL)
			require.True(t, null(r.Seg[x86.SS].Sel))
			require.False(t, r.run("48 cf").Raised)
			require.Equal(t, tc.rsp, r.S.R[x86.RSP])
			require.Equal(t, tc.cpl, r.CPL)
			require.Equal(t, uint16(tc.ss), r.Seg[x86.SS].Sel)
			require.Equal(t, uint64(rigCode+2), r.S.RIP)
		})
	}
}

func TestLongModeGateErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		setup  func(r *rig)
		vector x86.Vector
		code   uint16
		reason x86.Reason
	}{
		{"16-bit gate", func(r *rig) { r.gate64(0x10, gateDesc(selCode64, 0, 0xe6, 0)) }, x86.VecGP, 0x82, x86.ReasonGateType},
		{"task gate", func(r *rig) { r.gate64(0x10, gateDesc(selTSS2, 0, 0xe5, 0)) }, x86.VecGP, 0x82, x86.ReasonGateType},
		{"32-bit handler", func(r *rig) { r.gate64(0x10, gateDesc(selCode0, 0, 0xee, 0)) }, x86.VecGP, selCode0, x86.ReasonGateTarget},
		{"L and D", func(r *rig) { r.gate64(0x10, gateDesc(selLAndD, 0, 0xee, 0)) }, x86.VecGP, selLAndD, x86.ReasonGateTarget},
		{"handler not canonical", func(r *rig) { r.poke(rigIDT+0x108, 8, 0x8000) }, x86.VecGP, 0, x86.ReasonNonCanonical},
		{"stack not canonical", func(r *rig) { r.poke(rigTSS+4, 8, 1<<50) }, x86.VecSS, 0, x86.ReasonNonCanonicalStack},
		{"TSS too small", func(r *rig) { r.TR.Limit = 10 }, x86.VecTS, selTSS, x86.ReasonTSSLimit},
		{"vector past the limit", func(r *rig) { r.IDTR.Limit = 0x10e }, x86.VecGP, 0x82, x86.ReasonIDTLimit},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.long(3)
			tc.setup(r)
			raised(t, r.run("cd 10"), tc.vector, tc.code, tc.reason)
		})
	}
}

func TestNMIIsBlockedUntilIRET(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.code("90")
	r.NMI = true
	r.Run(1)
	require.Equal(t, uint64(rigHandle+0x20), r.S.RIP)
	require.False(t, r.NMI)
	r.NMI = true
	r.code("90 cf 90")
	r.Run(1)
	require.True(t, r.NMI, "held off inside the handler")
	r.code("cf")
	r.Run(1)
	require.Equal(t, uint64(rigCode), r.S.RIP)
	r.Run(1)
	require.False(t, r.NMI)
	require.Equal(t, uint64(rigHandle+0x20), r.S.RIP)
}

func TestInterruptEndsHalt(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.S.RFLAGS = 0x202
	r.code("f4 90")
	_, reason := r.Run(10)
	require.Equal(t, ExitHalt, reason)
	require.Equal(t, Halted, r.Activity)
	r.INTR = true
	_, reason = r.Run(10)
	require.Equal(t, ExitInterrupt, reason)
	r.INTR = false
	r.Interrupt(0x20)
	require.Equal(t, Active, r.Activity)
	require.Equal(t, uint64(rigCode+1), r.peek(r.S.R[x86.RSP], 4))
}

func TestSTIAndMOVSSHoldInterruptsOff(t *testing.T) {
	for _, tc := range []struct {
		name, code string
		flags      uint64
		n          int64 // instructions before the interrupt
	}{
		{"STI with IF clear", "fb 90 90", 2, 2},
		{"STI with IF set", "fb 90 90", 0x202, 0},
		{"MOV SS", "8e d0 90 90", 0x202, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(0)
			r.S.RFLAGS = tc.flags
			r.S.R[x86.RAX] = selData0
			r.code(tc.code)
			r.INTR = true
			n, reason := r.Run(10)
			require.Equal(t, ExitInterrupt, reason)
			require.Equal(t, tc.n, n)
		})
	}
	r := newRig(t, "max")
	r.protect(0)
	r.S.RFLAGS = 0x202
	r.S.R[x86.RAX] = selData0
	r.code("8e d0 90 90")
	r.Run(1)
	r.INTR = true
	n, reason := r.Run(10)
	require.Equal(t, ExitInterrupt, reason)
	require.Equal(t, int64(1), n, "one instruction after MOV SS")
}

func TestVirtual8086RoundTrip(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.S.R[x86.RSP] = rigStack0 - 0x100
	for i, v := range []uint64{0x10, 0x400, 0x20002 | 3<<12, 0x7000, 0x123, 0x11, 0x22, 0x33, 0x44} {
		r.poke(rigStack0-0x100+uint64(4*i), 4, v) // EIP CS EFLAGS ESP SS ES DS FS GS
	}
	require.False(t, r.run("cf").Raised)
	require.True(t, r.vm())
	require.Equal(t, uint8(3), r.CPL)
	require.Equal(t, uint64(0x4000), r.S.R[RegSeg+x86.CS])
	require.Equal(t, uint64(0x220), r.S.R[RegSeg+x86.DS])
	require.Equal(t, uint64(0x7000), r.S.R[x86.RSP])
	require.Equal(t, width(2), r.codeSize)

	r.poke(0x4010, 2, 0x10cd) // INT 10h
	require.False(t, r.next().Raised)
	require.Zero(t, r.CPL)
	require.False(t, r.vm())
	require.Equal(t, []uint64{0x12, 0x400, 0x20002 | 3<<12, 0x7000, 0x123, 0x11, 0x22, 0x33, 0x44}, r.stack(9, 4))
	require.True(t, r.Seg[x86.DS].Null())

	// With IOPL below 3, INT n, PUSHF, CLI and IRET fault.
	for _, code := range []string{"cd 10", "9c", "9d", "fa", "fb", "cf"} {
		r.S.RFLAGS = 0x20002
		r.CPL = 3
		for s := x86.ES; s <= x86.GS; s++ {
			r.loadRealSegment(s, 0)
		}
		r.S.R[x86.RSP] = 0x7000
		r.updateMode()
		raised(t, r.run(code), x86.VecGP, 0, x86.ReasonVMIOPL)
	}
}

func TestINTOAndINT1(t *testing.T) {
	r := newRig(t, "max")
	r.protect(3)
	require.False(t, r.run("ce").Raised)
	require.Equal(t, uint64(rigCode+1), r.S.RIP, "OF clear")
	r.S.RFLAGS |= uint64(x86.FlagOF)
	require.False(t, r.run("ce").Raised)
	require.Equal(t, uint64(rigHandle+0x40), r.S.RIP)

	r.at(3)
	r.idt(1, gateDesc(selCode0, rigHandle+0x10, 0x8e, 0)) // DPL 0 does not matter
	require.False(t, r.run("f1").Raised)
	require.Equal(t, uint64(rigHandle+0x10), r.S.RIP)
	r.at(3)
	r.idt(3, gateDesc(selCode0, rigHandle+0x30, 0x8e, 0))
	raised(t, r.run("cc"), x86.VecGP, 3<<3|2, x86.ReasonGatePrivilege)
}
