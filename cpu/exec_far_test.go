package cpu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// far is JMP or CALL to sel:off in 32-bit code.
func far(op string, sel uint16, off uint32) string {
	return fmt.Sprintf("%s %02x%02x%02x%02x %02x%02x", op, byte(off), byte(off>>8), byte(off>>16), byte(off>>24), byte(sel), byte(sel>>8))
}

func TestFarJumpChecks(t *testing.T) {
	const none = x86.Vector(0xff)
	for _, tc := range []struct {
		name   string
		cpl    uint8
		sel    uint16
		vector x86.Vector
		code   uint16
		reason x86.Reason
	}{
		{"same level", 0, selCode0, none, 0, 0},
		{"16-bit code", 0, selCode16, none, 0, 0},
		{"conforming from outside", 3, selConf, none, 0, 0},
		{"null", 0, 0, x86.VecGP, 0, x86.ReasonSelectorNull},
		{"outside", 0, 0x1f8, x86.VecGP, 0x1f8, x86.ReasonSelectorIndex},
		{"data", 0, selData0, x86.VecGP, selData0, x86.ReasonDescriptorType},
		{"to inner", 3, selCode0, x86.VecGP, selCode0, x86.ReasonConformingPrivilege},
		{"to outer", 0, selCode3, x86.VecGP, selCode3 &^ 3, x86.ReasonConformingPrivilege},
		{"RPL", 0, selCode0 | 3, x86.VecGP, selCode0, x86.ReasonConformingPrivilege},
		{"absent", 0, selAbsCode, x86.VecNP, selAbsCode, x86.ReasonSegmentNotPresent},
		{"gate to inner", 3, selGate, x86.VecGP, selCode0, x86.ReasonConformingPrivilege},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(tc.cpl)
			f := r.run(far("ea", tc.sel, 0x1234))
			if tc.vector != none {
				raised(t, f, tc.vector, tc.code, tc.reason)
				return
			}
			require.False(t, f.Raised, "%v", f)
			require.Equal(t, uint64(0x1234), r.S.RIP)
			require.Equal(t, tc.sel&^3|uint16(tc.cpl), r.Seg[x86.CS].Sel)
			require.Equal(t, tc.cpl, r.CPL)
		})
	}
	r := newRig(t, "max")
	r.protect(0)
	raised(t, r.run(far("ea", selCode16, 0x10000)), x86.VecGP, 0, x86.ReasonCodeLimit)
	require.False(t, r.run(far("ea", selGate, 0)).Raised)
	require.Equal(t, uint64(rigHandle), r.S.RIP, "the offset comes from the gate")
}

func TestCallGateCopiesParametersAndRETFReturns(t *testing.T) {
	for _, tc := range []struct {
		name   string
		access uint64
		w      int
		ret    string
	}{
		{"32-bit", 0xec, 4, "ca 0c00"},
		{"16-bit", 0xe4, 2, "66 ca 0600"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(3)
			r.gdt(selGate, gateDesc(selCode0, rigHandle, tc.access, 3))
			for i := range uint64(3) {
				r.poke(rigStack3+i*uint64(tc.w), tc.w, 0x11*(i+1))
			}
			require.False(t, r.run(far("9a", selGate, 0)).Raised)
			require.Zero(t, r.CPL)
			require.Equal(t, uint64(rigHandle), r.S.RIP)
			require.Equal(t, []uint64{rigCode + 7, selCode3, 0x11, 0x22, 0x33, rigStack3, selData3}, r.stack(7, tc.w))
			require.Equal(t, uint64(rigStack0-7*tc.w), r.S.R[x86.RSP])
			require.False(t, r.loadSegment(x86.ES, selData0).Raised)

			require.False(t, r.run(tc.ret).Raised)
			require.Equal(t, uint8(3), r.CPL)
			require.Equal(t, uint64(rigCode+7), r.S.RIP)
			require.Equal(t, uint64(rigStack3+3*tc.w), r.S.R[x86.RSP])
			require.Equal(t, uint16(selData3), r.Seg[x86.SS].Sel)
			require.True(t, r.Seg[x86.ES].Null(), "a privileged segment does not leak out")
			require.Equal(t, uint16(selData3), r.Seg[x86.DS].Sel)
		})
	}
}

func TestCallGateErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		gate   uint64
		sel    uint16
		vector x86.Vector
		code   uint16
		reason x86.Reason
	}{
		{"gate DPL", gateDesc(selCode0, 0, 0x8c, 0), selGate, x86.VecGP, selGate, x86.ReasonGatePrivilege},
		{"gate absent", gateDesc(selCode0, 0, 0x6c, 0), selGate, x86.VecNP, selGate, x86.ReasonGateNotPresent},
		{"null target", gateDesc(0, 0, 0xec, 0), selGate, x86.VecGP, 0, x86.ReasonSelectorNull},
		{"data target", gateDesc(selData0, 0, 0xec, 0), selGate, x86.VecGP, selData0, x86.ReasonGateTarget},
		{"absent target", gateDesc(selAbsCode, 0, 0xec, 0), selGate, x86.VecNP, selAbsCode, x86.ReasonSegmentNotPresent},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(3)
			r.gdt(selGate, tc.gate)
			raised(t, r.run(far("9a", tc.sel, 0)), tc.vector, tc.code, tc.reason)
		})
	}
}

func TestCallGateInLongMode(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	r.gdt(selGate, gateDesc(selCode64, rigHandle, 0xec, 0))
	r.poke(rigGDT+selGate+8, 8, 0)
	r.poke(0x6000, 4, 0)
	r.poke(0x6004, 2, selGate)
	require.False(t, r.run("ff 1c 25 00 60 00 00").Raised) // CALL FAR [6000h]
	require.Zero(t, r.CPL)
	require.Equal(t, uint64(rigHandle), r.S.RIP)
	require.Equal(t, []uint64{rigCode + 7, selUser64, rigStack3, selData3}, r.stack(4, 8))
	require.False(t, r.run("48 cb").Raised)
	require.Equal(t, uint64(rigStack3), r.S.R[x86.RSP])
	require.Equal(t, uint8(3), r.CPL)

	r.gdt(selGate, gateDesc(selCode0, rigHandle, 0xec, 0))
	raised(t, r.run("ff 1c 25 00 60 00 00"), x86.VecGP, selCode0, x86.ReasonGateTarget)
	r.long(3)
	r.poke(rigGDT+selGate+12, 4, 0x100) // type bits of the upper half
	raised(t, r.run("ff 1c 25 00 60 00 00"), x86.VecGP, selGate, x86.ReasonDescriptorType)
}

func TestFarCallAndReturnSameLevel(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	sp := r.S.R[x86.RSP]
	require.False(t, r.run(far("9a", selCode16, 0x1234)).Raised)
	require.Equal(t, []uint64{rigCode + 7, selCode0}, r.stack(2, 4))
	require.Equal(t, width(2), r.codeSize)
	require.False(t, r.run("66 cb").Raised)
	require.Equal(t, uint64(rigCode+7), r.S.RIP)
	require.Equal(t, sp, r.S.R[x86.RSP])
	require.Equal(t, width(4), r.codeSize)
}

func TestReturnChecks(t *testing.T) {
	for _, tc := range []struct {
		name   string
		cpl    uint8
		stack  []uint64 // EIP CS ESP SS
		vector x86.Vector
		code   uint16
		reason x86.Reason
	}{
		{"null CS", 0, []uint64{0, 3}, x86.VecGP, 0, x86.ReasonSelectorNull},
		{"inwards", 3, []uint64{0, selCode0}, x86.VecGP, selCode0, x86.ReasonReturnPrivilege},
		{"data", 0, []uint64{0, selData0}, x86.VecGP, selData0, x86.ReasonDescriptorType},
		{"RPL and DPL differ", 0, []uint64{0, selCode0 | 3}, x86.VecGP, selCode0, x86.ReasonConformingPrivilege},
		{"absent", 0, []uint64{0, selAbsCode}, x86.VecNP, selAbsCode, x86.ReasonSegmentNotPresent},
		{"limit", 0, []uint64{0x10000, selCode16}, x86.VecGP, 0, x86.ReasonCodeLimit},
		{"null stack", 0, []uint64{0, selCode3, 0, 0}, x86.VecGP, 0, x86.ReasonSelectorNull},
		{"stack RPL", 0, []uint64{0, selCode3, 0, selData3 &^ 3}, x86.VecGP, selData3 &^ 3, x86.ReasonStackPrivilege},
		{"stack DPL", 0, []uint64{0, selCode3, 0, selData0 | 3}, x86.VecGP, selData0, x86.ReasonStackPrivilege},
		{"stack absent", 0, []uint64{0, selCode3, 0, selAbsent | 3}, x86.VecSS, selAbsent, x86.ReasonStackNotPresent},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(tc.cpl)
			for i, v := range tc.stack {
				r.poke(r.S.R[x86.RSP]+uint64(4*i), 4, v)
			}
			sp, cs := r.S.R[x86.RSP], r.Seg[x86.CS]
			r.IDTR.Limit = 0 // shut down: registers stay as the fault left them
			raised(t, r.run("cb"), tc.vector, tc.code, tc.reason)
			require.Equal(t, sp, r.S.R[x86.RSP])
			require.Equal(t, cs, r.Seg[x86.CS])
		})
	}
}

// A 16-bit stack takes only SP: the upper half of ESP keeps what was there.
func TestReturnTo16BitStackLoadsSPOnly(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.gdt(selData16, desc(0, 0xffff, 0xf3, 0))
	for i, v := range []uint64{0x1234, selCode3, 0x202, 0xdead9000, selData16 | 3} {
		r.poke(r.S.R[x86.RSP]+uint64(4*i), 4, v)
	}
	require.False(t, r.run("cf").Raised)
	require.Equal(t, uint64(0x9000), r.S.R[x86.RSP])
	require.Equal(t, uint64(0xffff), r.stackMask)
}

func TestIRETFlagsByPrivilege(t *testing.T) {
	const all = uint64(flagsDefined &^ (x86.FlagVM | x86.FlagTF | x86.FlagNT | x86.FlagRF))
	for _, tc := range []struct {
		name string
		cpl  uint8
		iopl uint64
		code string
		w    uint64
		want uint64
	}{
		{"CPL 0 may change all", 0, 0, "cf", 4, all},
		{"CPL 3 changes neither IF nor IOPL nor VIF", 3, 0, "cf", 4, all &^ uint64(x86.FlagIF|x86.FlagIOPL|x86.FlagVIF|x86.FlagVIP)},
		{"CPL 3 with IOPL 3 changes IF", 3, 3 << 12, "cf", 4, all &^ uint64(x86.FlagVIF|x86.FlagVIP)},
		{"16 bits", 0, 0, "66 cf", 2, all & 0xffff},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(tc.cpl)
			r.S.RFLAGS = 2 | tc.iopl
			for i, v := range []uint64{0x1234, uint64(r.Seg[x86.CS].Sel), all} {
				r.poke(r.S.R[x86.RSP]+tc.w*uint64(i), int(tc.w), v)
			}
			require.False(t, r.run(tc.code).Raised)
			require.Equal(t, tc.want, r.S.RFLAGS)
		})
	}
}

func TestIRETToCompatibilityMode(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	for i, v := range []uint64{0x1234, selCode3, 0x202, 0x100009000, selData3} {
		r.poke(r.S.R[x86.RSP]+uint64(8*i), 8, v)
	}
	require.False(t, r.run("48 cf").Raised)
	require.Equal(t, width(4), r.codeSize)
	require.Equal(t, uint64(0x9000), r.S.R[x86.RSP])
	require.Equal(t, uint8(3), r.CPL)

	// And back through an interrupt.
	require.False(t, r.run("cd 10").Raised)
	require.Equal(t, width(8), r.codeSize)
	require.Equal(t, []uint64{rigCode + 2, selCode3, 0x202, 0x9000, selData3}, r.stack(5, 8))
}

func TestIRETWithNTInLongMode(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	r.S.RFLAGS |= uint64(x86.FlagNT)
	raised(t, r.run("48 cf"), x86.VecGP, 0, x86.ReasonNestedTaskLongMode)
}

func TestNoTaskSwitchInLongMode(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	r.poke(0x6004, 2, selTSS2)
	raised(t, r.run("ff 2c 25 00 60 00 00"), x86.VecGP, selTSS2, x86.ReasonDescriptorType)
	r.poke(0x6004, 2, selLAndD)
	raised(t, r.run("ff 2c 25 00 60 00 00"), x86.VecGP, selLAndD, x86.ReasonCodeLAndD)
}

func TestUserSegmentBasesSurviveReturnToUser(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	r.load(x86.FS, 0)
	require.True(t, r.WriteMSR(x86.MSR_FS_BASE, 0x123456789000))
	for i, v := range []uint64{rigCode, selUser64, 0x202, rigStack3, selData3} {
		r.poke(r.S.R[x86.RSP]+uint64(8*i), 8, v)
	}
	require.False(t, r.run("48 cf").Raised)
	require.Equal(t, uint64(0x123456789000), r.S.R[RegSeg+x86.FS])
}
