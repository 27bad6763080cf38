package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

func TestDecodeDescriptor(t *testing.T) {
	d := decodeDescriptor(0x10, 0x12cf9a345678ffff)
	require.Equal(t, uint64(0x12345678), d.Base)
	require.Equal(t, uint32(0xffffffff), d.Limit)
	require.Equal(t, AttrG|AttrDB|AttrP|AttrS|AttrCode|AttrReadable, d.Attr)
	d = decodeDescriptor(0x10, 0x00059300000012ff)
	require.Equal(t, uint32(0x512ff), d.Limit)
}

func TestLoadingSegmentRegisters(t *testing.T) {
	const none = x86.Vector(0xff)
	for _, tc := range []struct {
		name   string
		cpl    uint8
		seg    x86.Seg
		sel    uint16
		vector x86.Vector
		code   uint16
		reason x86.Reason
	}{
		{"data", 0, x86.DS, selData0, none, 0, 0},
		{"null", 3, x86.DS, 3, none, 0, 0},
		{"read-only", 3, x86.ES, selRO, none, 0, 0},
		{"readable code", 3, x86.FS, selCode3, none, 0, 0},
		{"conforming code above", 3, x86.GS, selConf, none, 0, 0},
		{"execute-only code", 0, x86.DS, selXO, x86.VecGP, selXO, x86.ReasonDescriptorType},
		{"system segment", 0, x86.DS, selTSS2, x86.VecGP, selTSS2, x86.ReasonDescriptorType},
		{"CPL too low", 3, x86.DS, selData0, x86.VecGP, selData0, x86.ReasonDescriptorPrivilege},
		{"RPL too low", 0, x86.DS, selData0 | 3, x86.VecGP, selData0, x86.ReasonDescriptorPrivilege},
		{"absent", 0, x86.DS, selAbsent, x86.VecNP, selAbsent, x86.ReasonSegmentNotPresent},
		{"outside", 0, x86.DS, 0x1f8, x86.VecGP, 0x1f8, x86.ReasonSelectorIndex},
		{"no LDT", 0, x86.DS, 0x0c, x86.VecGP, 0x0c, x86.ReasonLDTInvalid},
		{"stack", 0, x86.SS, selData0, none, 0, 0},
		{"null stack", 0, x86.SS, 0, x86.VecGP, 0, x86.ReasonSelectorNull},
		{"stack RPL", 0, x86.SS, selData0 | 1, x86.VecGP, selData0, x86.ReasonStackPrivilege},
		{"stack DPL", 0, x86.SS, selData3 &^ 3, x86.VecGP, selData3 &^ 3, x86.ReasonStackPrivilege},
		{"stack read-only", 3, x86.SS, selRO | 3, x86.VecGP, selRO, x86.ReasonStackNotWritable},
		{"stack code", 0, x86.SS, selCode0, x86.VecGP, selCode0, x86.ReasonStackNotWritable},
		{"stack absent", 3, x86.SS, selAbsent | 3, x86.VecSS, selAbsent, x86.ReasonStackNotPresent},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(tc.cpl)
			r.LDTR = SystemSegment{}
			f := r.loadSegment(tc.seg, tc.sel)
			if tc.vector == none {
				require.False(t, f.Raised, "%v", f)
				require.Equal(t, tc.sel, r.Seg[tc.seg].Sel)
				return
			}
			raised(t, f, tc.vector, tc.code, tc.reason)
			require.NotEqual(t, tc.sel, r.Seg[tc.seg].Sel)
		})
	}
}

func TestAccessedBitIsSetInMemory(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.gdt(selData0, desc(0, 0xfffff, 0x92, 0xc))
	require.False(t, r.loadSegment(x86.ES, selData0).Raised)
	require.Equal(t, uint64(0x93), r.peek(rigGDT+selData0+5, 1))
}

func TestNullStackInLongMode(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	require.False(t, r.loadSegment(x86.SS, 0).Raised)
	raised(t, r.loadSegment(x86.SS, 1), x86.VecGP, 0, x86.ReasonSelectorNull)
	r.long(3)
	raised(t, r.loadSegment(x86.SS, 3), x86.VecGP, 0, x86.ReasonSelectorNull)
}

func TestLDTAndTaskRegister(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	ax := func(v uint64) { r.S.R[x86.RAX] = v }
	ax(selLDT)
	require.False(t, r.run("0f 00 d0").Raised) // LLDT AX
	r.poke(rigLDT+8, 8, desc(0x100, 0xff, 0x93, 0))
	require.False(t, r.loadSegment(x86.ES, 0x0c).Raised)
	require.Equal(t, uint64(0x100), r.S.R[RegSeg+x86.ES])
	raised(t, r.loadSegment(x86.ES, 0x104), x86.VecGP, 0x104, x86.ReasonSelectorIndex)
	ax(selData0)
	raised(t, r.run("0f 00 d0"), x86.VecGP, selData0, x86.ReasonDescriptorType)
	ax(selLDT | 4)
	raised(t, r.run("0f 00 d0"), x86.VecGP, selLDT|4, x86.ReasonSelectorIndex)
	r.gdt(selLDT, desc(rigLDT, 0xff, 0x02, 0))
	ax(selLDT)
	raised(t, r.run("0f 00 d0"), x86.VecNP, selLDT, x86.ReasonSegmentNotPresent)
	ax(0)
	require.False(t, r.run("0f 00 d0").Raised)
	require.False(t, r.LDTR.Attr.has(AttrP))

	ax(selTSS) // busy since protect
	raised(t, r.run("0f 00 d8"), x86.VecGP, selTSS, x86.ReasonTSSType)
	ax(selTSS16)
	require.False(t, r.run("0f 00 d8").Raised)
	require.Equal(t, uint64(0x83), r.peek(rigGDT+selTSS16+5, 1), "busy in memory")
	ax(0)
	raised(t, r.run("0f 00 d8"), x86.VecGP, 0, x86.ReasonSelectorNull)
	r.S.R[x86.RAX] = 0xffffffff
	require.False(t, r.run("0f 00 c8").Raised) // STR EAX
	require.Equal(t, uint64(selTSS16), r.S.R[x86.RAX])
}

func TestInspectingDescriptors(t *testing.T) {
	for _, tc := range []struct {
		name, code string // AX ← selector, result in ECX
		cpl        uint8
		sel        uint64
		ok         bool
		ecx        uint64
	}{
		{"LAR data", "0f 02 c8", 0, selData0, true, 0xcf9300},
		{"LAR needs CPL", "0f 02 c8", 3, selData0, false, 0x55},
		{"LAR of a call gate", "0f 02 c8", 3, selGate, true, 0xec00},
		{"LAR of a null selector", "0f 02 c8", 0, 0, false, 0x55},
		{"LAR outside", "0f 02 c8", 0, 0x1f8, false, 0x55},
		{"LAR of conforming code", "0f 02 c8", 3, selConf, true, 0xcf9f00},
		{"LAR 16 bits", "66 0f 02 c8", 0, selData0, true, 0x9300},
		{"LSL pages", "0f 03 c8", 0, selData0, true, 0xffffffff},
		{"LSL bytes", "0f 03 c8", 0, selTSS2, true, 0x67},
		{"LSL of a call gate", "0f 03 c8", 0, selGate, false, 0x55},
		{"VERR data", "0f 00 e0", 3, selRO, true, 0x55},
		{"VERW read-only", "0f 00 e8", 3, selRO, false, 0x55},
		{"VERW data", "0f 00 e8", 0, selData0, true, 0x55},
		{"VERR execute-only", "0f 00 e0", 0, selXO, false, 0x55},
		{"VERR RPL", "0f 00 e0", 0, selData0 | 3, false, 0x55},
		{"VERR system", "0f 00 e0", 0, selTSS2, false, 0x55},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(tc.cpl)
			r.S.R[x86.RAX], r.S.R[x86.RCX] = tc.sel, 0x55
			require.False(t, r.run(tc.code).Raised)
			require.Equal(t, tc.ok, r.flag(x86.FlagZF))
			require.Equal(t, tc.ecx, r.S.R[x86.RCX])
		})
	}
}

func TestARPL(t *testing.T) {
	r := newRig(t, "max")
	r.protect(3)
	r.S.R[x86.RAX], r.S.R[x86.RCX] = 0x11, 3
	require.False(t, r.run("63 c8").Raised)
	require.Equal(t, uint64(0x13), r.S.R[x86.RAX])
	require.True(t, r.flag(x86.FlagZF))
	require.False(t, r.run("63 c8").Raised)
	require.False(t, r.flag(x86.FlagZF))
}

func TestPushAndPopOfSegments(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	sp := r.S.R[x86.RSP]
	r.poke(sp-4, 4, 0xdeadbeef)
	require.False(t, r.run("1e").Raised) // PUSH DS
	require.Equal(t, uint64(0xdead0010), r.peek(sp-4, 4), "a 16-bit move")
	require.False(t, r.run("07").Raised) // POP ES
	require.Equal(t, sp, r.S.R[x86.RSP])
	require.False(t, r.run("66 0f a0").Raised) // PUSH FS, 16 bits
	require.Equal(t, sp-2, r.S.R[x86.RSP])
	r.poke(sp-2, 4, 0x1f8)
	raised(t, r.run("17"), x86.VecGP, 0x1f8, x86.ReasonSelectorIndex) // POP SS
	raised(t, r.run("8e c8"), x86.VecUD, 0, x86.ReasonBadSegmentRegister)
}

func TestLoadFarPointer(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.poke(0x6000, 4, 0x12345678)
	r.poke(0x6004, 2, selRO)
	require.False(t, r.run("0f b4 0d 00 60 00 00").Raised) // LFS ECX,[6000h]
	require.Equal(t, uint64(0x12345678), r.S.R[x86.RCX])
	require.Equal(t, uint16(selRO), r.Seg[x86.FS].Sel)
	r.poke(0x6004, 2, 0x1f8)
	r.S.R[x86.RCX] = 7
	raised(t, r.run("c5 0d 00 60 00 00"), x86.VecGP, 0x1f8, x86.ReasonSelectorIndex)
	require.Equal(t, uint64(7), r.S.R[x86.RCX])
}

// SDM Vol. 3A, "Segment Descriptors": unreal mode keeps the limit of protected mode.
func TestUnrealModeKeepsLimits(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	require.False(t, r.loadSegment(x86.DS, selData0).Raised)
	r.CR0 &^= x86.CR0_PE
	r.updateMode()
	require.False(t, r.loadSegment(x86.DS, 0x20).Raised)
	require.Equal(t, uint64(0x200), r.S.R[RegSeg+x86.DS])
	require.Equal(t, uint32(0xffffffff), r.Seg[x86.DS].Limit)
}
