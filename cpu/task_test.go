package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// task fills the second TSS with a task at privilege level 0.
func (r *rig) task() {
	for off, v := range map[uint64]uint64{
		0x1c: rigPages, 0x20: rigHandle, 0x24: 0x2 | uint64(x86.FlagCF),
		0x28: 0xa0, 0x2c: 0xa1, 0x30: 0xa2, 0x34: 0xa3, 0x38: rigStack0 - 0x400, 0x3c: 0xa5, 0x40: 0xa6, 0x44: 0xa7,
		0x48: selData0, 0x4c: selCode0, 0x50: selData0, 0x54: selData3, 0x58: 0, 0x5c: selConf, 0x60: selLDT, 0x64: 0,
	} {
		r.poke(rigTSS2+off, 4, v)
	}
}

func TestTaskSwitchByJump(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.task()
	r.S.R[x86.RCX] = 0xc1
	r.S.RFLAGS = 0x202
	sp := r.S.R[x86.RSP]
	require.False(t, r.run(far("ea", selTSS2, 0)).Raised)

	require.Equal(t, uint64(rigHandle), r.S.RIP)
	require.Equal(t, []uint64{0xa0, 0xa1, 0xa2, 0xa3, rigStack0 - 0x400, 0xa5, 0xa6, 0xa7}, r.S.R[:8])
	require.Equal(t, uint64(2|x86.FlagCF), r.S.RFLAGS, "no NT")
	require.Equal(t, uint16(selTSS2), r.TR.Sel)
	require.Equal(t, uint16(selLDT), r.LDTR.Sel)
	require.True(t, r.LDTR.Attr.has(AttrP))
	require.Equal(t, uint16(selConf), r.Seg[x86.GS].Sel)
	require.NotZero(t, r.CR0&x86.CR0_TS)
	require.Equal(t, uint64(0x8b), r.peek(rigGDT+selTSS2+5, 1), "new task busy")
	require.Equal(t, uint64(0x89), r.peek(rigGDT+selTSS+5, 1), "old task available")

	require.Equal(t, uint64(rigCode+7), r.peek(rigTSS+0x20, 4))
	require.Equal(t, uint64(0x202), r.peek(rigTSS+0x24, 4))
	require.Equal(t, uint64(0xc1), r.peek(rigTSS+0x2c, 4))
	require.Equal(t, sp, r.peek(rigTSS+0x38, 4))
	require.Equal(t, uint64(selCode0), r.peek(rigTSS+0x4c, 2))
}

func TestTaskSwitchByCallAndReturn(t *testing.T) {
	for _, sel := range []uint16{selTSS2, selTask} {
		r := newRig(t, "max")
		r.protect(0)
		r.task()
		r.S.RFLAGS = 0x202
		require.False(t, r.run(far("9a", sel, 0)).Raised)
		require.True(t, r.flag(x86.FlagNT))
		require.Equal(t, uint64(selTSS), r.peek(rigTSS2, 2), "link")
		require.Equal(t, uint64(0x8b), r.peek(rigGDT+selTSS+5, 1), "the caller stays busy")
		require.Equal(t, uint64(0x8b), r.peek(rigGDT+selTSS2+5, 1))

		r.S.R[x86.RAX] = 0xbb
		require.False(t, r.run("cf").Raised)
		require.Equal(t, uint64(rigCode+7), r.S.RIP)
		require.Equal(t, uint64(0x202), r.S.RFLAGS)
		require.Equal(t, uint16(selTSS), r.TR.Sel)
		require.Equal(t, uint64(0x89), r.peek(rigGDT+selTSS2+5, 1))
		require.Zero(t, r.peek(rigTSS2+0x24, 4)&uint64(x86.FlagNT), "NT cleared in the saved flags")
		require.Equal(t, uint64(0xbb), r.peek(rigTSS2+0x28, 4))
	}
}

func TestTaskGateInIDTPushesErrorCode(t *testing.T) {
	r := newRig(t, "max")
	r.protect(3)
	r.task()
	r.idt(13, gateDesc(selTSS2, 0, 0xe5, 0))
	raised(t, r.run("fa"), x86.VecGP, 0, x86.ReasonIOPL) // CLI at CPL 3
	require.Zero(t, r.CPL)
	require.Equal(t, uint64(rigHandle), r.S.RIP)
	require.Equal(t, uint64(rigStack0-0x404), r.S.R[x86.RSP])
	require.Equal(t, uint64(0), r.peek(rigStack0-0x404, 4))
	require.Equal(t, uint64(rigCode), r.peek(rigTSS+0x20, 4), "a fault saves the instruction itself")
	require.NotZero(t, r.peek(rigTSS+0x24, 4)&uint64(x86.FlagRF))
	require.Equal(t, uint64(selCode3), r.peek(rigTSS+0x4c, 2))
}

func TestTaskSwitchTo16Bit(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	for i, v := range []uint64{rigHandle, 2, 0xa0, 0xa1, 0xa2, 0xa3, 0x7000, 0xa5, 0xa6, 0xa7, selData0, selCode0, selData0, selData0, 0} {
		r.poke(rigTSS16+0x0e+2*uint64(i), 2, v)
	}
	require.False(t, r.run(far("9a", selTSS16, 0)).Raised)
	require.Equal(t, uint64(rigHandle), r.S.RIP)
	require.Equal(t, uint64(0x7000), r.S.R[x86.RSP]&0xffff)
	require.True(t, r.flag(x86.FlagNT))
	require.True(t, r.Seg[x86.FS].Null())
	require.False(t, r.run("cf").Raised)
	require.Equal(t, uint64(rigCode+7), r.S.RIP)
}

func TestTaskSwitchErrors(t *testing.T) {
	for _, tc := range []struct {
		name   string
		setup  func(r *rig)
		code   string
		vector x86.Vector
		ec     uint16
		reason x86.Reason
		inNew  bool // the fault belongs to the new task
	}{
		{"busy", func(r *rig) { r.gdt(selTSS2, desc(rigTSS2, 0x67, 0x8b, 0)) }, far("ea", selTSS2, 0), x86.VecGP, selTSS2, x86.ReasonTSSBusy, false},
		{"absent", func(r *rig) { r.gdt(selTSS2, desc(rigTSS2, 0x67, 0x09, 0)) }, far("ea", selTSS2, 0), x86.VecNP, selTSS2, x86.ReasonTSSNotPresent, false},
		{"too small", func(r *rig) { r.gdt(selTSS2, desc(rigTSS2, 0x66, 0x89, 0)) }, far("ea", selTSS2, 0), x86.VecTS, selTSS2, x86.ReasonTSSLimit, false},
		{"gate to a busy task", func(r *rig) { r.gdt(selTSS2, desc(rigTSS2, 0x67, 0x8b, 0)) }, far("ea", selTask, 0), x86.VecGP, selTSS2, x86.ReasonTSSType, false},
		{"gate to the LDT", func(r *rig) { r.gdt(selTask, gateDesc(selTSS2|4, 0, 0xe5, 0)) }, far("ea", selTask, 0), x86.VecGP, selTSS2 | 4, x86.ReasonTSSType, false},
		{"return to a task not busy", func(r *rig) { r.S.RFLAGS |= uint64(x86.FlagNT); r.poke(rigTSS, 2, selTSS2) }, "cf", x86.VecTS, selTSS2, x86.ReasonTSSNotBusy, false},
		{"LDT wrong", func(r *rig) { r.poke(rigTSS2+0x60, 2, selData0) }, far("ea", selTSS2, 0), x86.VecTS, selData0, x86.ReasonDescriptorType, true},
		{"CS null", func(r *rig) { r.poke(rigTSS2+0x4c, 2, 0) }, far("ea", selTSS2, 0), x86.VecTS, 0, x86.ReasonSelectorNull, true},
		{"CS is data", func(r *rig) { r.poke(rigTSS2+0x4c, 2, selData0) }, far("ea", selTSS2, 0), x86.VecTS, selData0, x86.ReasonDescriptorType, true},
		{"CS absent", func(r *rig) { r.poke(rigTSS2+0x4c, 2, selAbsCode) }, far("ea", selTSS2, 0), x86.VecNP, selAbsCode, x86.ReasonSegmentNotPresent, true},
		{"SS null", func(r *rig) { r.poke(rigTSS2+0x50, 2, 0) }, far("ea", selTSS2, 0), x86.VecTS, 0, x86.ReasonSelectorNull, true},
		{"SS privilege", func(r *rig) { r.poke(rigTSS2+0x50, 2, selData3) }, far("ea", selTSS2, 0), x86.VecTS, selData3 &^ 3, x86.ReasonStackPrivilege, true},
		{"DS is a gate", func(r *rig) { r.poke(rigTSS2+0x54, 2, selGate) }, far("ea", selTSS2, 0), x86.VecTS, selGate, x86.ReasonDescriptorType, true},
		{"DS absent", func(r *rig) { r.poke(rigTSS2+0x54, 2, selAbsent) }, far("ea", selTSS2, 0), x86.VecNP, selAbsent, x86.ReasonSegmentNotPresent, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(0)
			r.task()
			tc.setup(r)
			r.IDTR.Limit = 0 // shut down where the fault is
			raised(t, r.run(tc.code), tc.vector, tc.ec, tc.reason)
			if tc.inNew {
				require.Equal(t, uint64(rigHandle), r.S.RIP)
				require.Equal(t, uint16(selTSS2), r.TR.Sel)
			} else {
				require.Equal(t, uint64(rigCode), r.S.RIP)
				require.Equal(t, uint16(selTSS), r.TR.Sel)
				require.Equal(t, uint64(0x8b), r.peek(rigGDT+selTSS+5, 1))
			}
		})
	}
}

func TestTaskSwitchTBitTraps(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.task()
	r.poke(rigTSS2+0x64, 2, 1)
	raised(t, r.run(far("ea", selTSS2, 0)), x86.VecDB, 0, x86.ReasonTaskSwitchTrap)
	require.Equal(t, uint64(rigHandle+0x10), r.S.RIP)
	require.Equal(t, uint64(rigHandle), r.peek(r.S.R[x86.RSP], 4), "before the first instruction of the new task")
	require.NotZero(t, r.DR[6]&x86.DR6_BT)
}

func TestTaskSwitchToVirtual8086(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.task()
	r.poke(rigTSS2+0x24, 4, 0x20002)
	r.poke(rigTSS2+0x4c, 2, 0x400)
	require.False(t, r.run(far("ea", selTSS2, 0)).Raised)
	require.True(t, r.vm())
	require.Equal(t, uint8(3), r.CPL)
	require.Equal(t, uint64(0x4000), r.S.R[RegSeg+x86.CS])
}

func TestTaskSwitchLoadsCR3(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.task()
	r.poke(rigPages+0x3000, 4, 0x87)     // 4-MiB page
	r.poke(rigPages+0x4000, 4, 0x87)     // the same
	r.poke(rigPages+0x4004, 4, 0x400087) // and another
	r.CR4 = x86.CR4_PSE
	r.CR3 = rigPages + 0x3000
	r.poke(rigTSS2+0x1c, 4, rigPages+0x4000)
	require.False(t, r.writeCR0(r.CR0|x86.CR0_PG).Raised)
	require.False(t, r.run(far("ea", selTSS2, 0)).Raised)
	require.Equal(t, uint64(rigPages+0x4000), r.CR3)
	require.False(t, r.MMU.ProbeRead(0x400000, 4, r.class).Raised)
}
