package cpu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Every privileged instruction at CPL 3: SDM Vol. 3A, "Privileged Instructions".
func TestPrivilegedInstructionsNeedCPL0(t *testing.T) {
	for name, code := range map[string]string{
		"HLT": "f4", "CLTS": "0f06", "INVD": "0f08", "WBINVD": "0f09", "MOV from CR0": "0f20c0", "MOV to CR0": "0f22c0",
		"MOV from CR8": "440f20c0", "MOV from DR7": "0f21f8", "MOV to DR7": "0f23f8", "RDMSR": "0f32", "WRMSR": "0f30", "LGDT": "0f011425 00600000",
		"LIDT": "0f011c25 00600000", "LLDT": "0f00d0", "LTR": "0f00d8", "LMSW": "0f01f0", "INVLPG": "0f013c25 00600000",
		"SWAPGS": "0f01f8", "SYSEXIT": "0f35", "SYSRET": "480f07",
	} {
		r := newRig(t, "max")
		r.long(3)
		r.MSR.SysenterCS = 8
		raised(t, r.run(code), x86.VecGP, 0, x86.ReasonCPL0)
		_ = name
	}
}

func TestIOPLSensitiveInstructions(t *testing.T) {
	for _, code := range []string{"fa", "fb"} {
		r := newRig(t, "max")
		r.protect(3)
		raised(t, r.run(code), x86.VecGP, 0, x86.ReasonIOPL)
		r.at(3)
		r.S.RFLAGS = 3<<12 | 2
		require.False(t, r.run(code).Raised)
	}
}

func TestUMIP(t *testing.T) {
	for name, code := range map[string]string{
		"SGDT": "0f010425 00600000", "SIDT": "0f010c25 00600000", "SLDT": "0f00c0", "STR": "0f00c8", "SMSW": "0f01e0",
	} {
		r := newRig(t, "max")
		r.long(3)
		require.False(t, r.run(code).Raised, name)
		r.CR4 |= x86.CR4_UMIP
		raised(t, r.run(code), x86.VecGP, 0, x86.ReasonUMIP)
	}
}

func TestControlRegisterRules(t *testing.T) {
	const none = x86.Reason(0)
	type setup func(r *rig)
	long := func(r *rig) { r.long(0) }
	prot := func(r *rig) { r.protect(0) }
	for _, tc := range []struct {
		name   string
		setup  setup
		code   string
		rax    uint64
		reason x86.Reason
	}{
		{"CR0 upper half", long, "0f22c0", 1<<32 | 0x80000011, x86.ReasonReservedBits},
		{"CR0 paging without protection", prot, "0f22c0", x86.CR0_PG, x86.ReasonPagingNeedsProtection},
		{"CR0.NW without CD", prot, "0f22c0", x86.CR0_PE | x86.CR0_NW, x86.ReasonCacheControl},
		{"CR0 reserved bits are ignored", prot, "0f22c0", x86.CR0_PE | 1<<6 | 1<<28, none},
		{"CR0 paging off in 64-bit mode", long, "0f22c0", x86.CR0_PE, x86.ReasonLongModeActive},
		{"CR0 IA-32e without PAE", func(r *rig) { r.protect(0); r.EFER = x86.EFER_LME }, "0f22c0", x86.CR0_PE | x86.CR0_PG, x86.ReasonPagingNeedsPAE},
		{"CR0 IA-32e with a 16-bit TSS", func(r *rig) {
			r.protect(0)
			r.EFER, r.CR4 = x86.EFER_LME, x86.CR4_PAE
			require.False(t, r.loadTR(selTSS16).Raised)
		}, "0f22c0", x86.CR0_PE | x86.CR0_PG, x86.ReasonTSSType},
		{"CR0 IA-32e with CS.L", func(r *rig) {
			r.protect(0)
			r.EFER, r.CR4 = x86.EFER_LME, x86.CR4_PAE
			r.Seg[x86.CS].Attr |= AttrL
		}, "0f22c0", x86.CR0_PE | x86.CR0_PG, x86.ReasonLongModeActive},
		{"CR0 with a bad PDPTE", func(r *rig) { r.protect(0); r.CR4, r.CR3 = x86.CR4_PAE, 0x7000; r.poke(0x7000, 8, 3) }, "0f22c0", x86.CR0_PE | x86.CR0_PG, x86.ReasonPDPTEReserved},
		{"CR3 above MAXPHYADDR", long, "0f22d8", 1 << 40, x86.ReasonReservedBits},
		{"CR3 bit 63 without PCIDs", long, "0f22d8", x86.CR3_NoFlush | rigPages, x86.ReasonReservedBits},
		{"CR4 unknown bit", prot, "0f22e0", 1 << 31, x86.ReasonReservedBits},
		{"CR4 feature the model lacks", func(r *rig) { prot(r); r.Model.features.remove(FeatSMAP) }, "0f22e0", x86.CR4_SMAP, x86.ReasonReservedBits},
		{"CR4.PAE off in IA-32e mode", long, "0f22e0", 0, x86.ReasonLongModeActive},
		{"CR8 reserved", long, "440f22c0", 16, x86.ReasonCR8Reserved},
		{"CR8", long, "440f22c0", 15, none},
		{"DR7 upper half", long, "0f23f8", 1 << 32, x86.ReasonDRReserved},
		{"DR6 upper half", long, "0f23f0", 1 << 32, x86.ReasonDRReserved},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			tc.setup(r)
			r.S.R[x86.RAX] = tc.rax
			f := r.run(tc.code)
			if tc.reason == none {
				require.False(t, f.Raised, "%v", f)
				return
			}
			raised(t, f, x86.VecGP, 0, tc.reason)
		})
	}
}

func TestControlRegistersThatDoNotExist(t *testing.T) {
	for _, n := range []int{1, 5, 6, 7} {
		r := newRig(t, "max")
		r.protect(0)
		raised(t, r.run(fmt.Sprintf("0f20%02x", 0xc0|n<<3)), x86.VecUD, 0, x86.ReasonBadControlRegister)
		raised(t, r.run(fmt.Sprintf("0f22%02x", 0xc0|n<<3)), x86.VecUD, 0, x86.ReasonBadControlRegister)
	}
	r := newRig(t, "486")
	r.protect(0)
	raised(t, r.run("0f20e0"), x86.VecUD, 0, x86.ReasonBadControlRegister) // CR4
}

func TestDR4IsDR6UnlessDE(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.S.R[x86.RAX] = 0xffffffff
	require.False(t, r.run("0f23e0").Raised) // MOV DR4,EAX
	require.Equal(t, uint64(0xffffefff), r.DR[6])
	r.CR4 = x86.CR4_DE
	raised(t, r.run("0f23e0"), x86.VecUD, 0, x86.ReasonBadControlRegister)
}

// The way into 64-bit mode and back, step by step as SDM Vol. 3A, "Initializing IA-32e
// Mode" and "IA-32e Mode Operation" list it.
func TestEnteringAndLeavingLongMode(t *testing.T) {
	r := newRig(t, "max")
	r.long(0) // for the tables
	r.Reset()
	r.GDTR = Table{Base: rigGDT, Limit: rigGDTEnd}
	r.protect(0)
	r.CR0 &^= x86.CR0_CD | x86.CR0_NW
	do := func(code string, rax uint64) {
		t.Helper()
		r.S.R[x86.RAX] = rax
		f := r.run(code)
		require.False(t, f.Raised, "%v", f)
	}
	do("0f22e0", x86.CR4_PAE)
	do("0f22d8", rigPages)
	r.S.R[x86.RCX], r.S.R[x86.RDX] = uint64(x86.MSR_EFER), 0
	do("0f30", x86.EFER_LME)
	require.False(t, r.longMode())
	do("0f22c0", x86.CR0_PE|x86.CR0_PG)
	require.True(t, r.longMode())
	require.Equal(t, width(4), r.codeSize, "compatibility mode")
	do(far("ea", selCode64, rigCode), 0)
	require.True(t, r.long64())
	do("0f20c0", 0) // MOV RAX,CR0
	require.Equal(t, x86.CR0_PE|x86.CR0_PG|x86.CR0_ET, r.S.R[x86.RAX])

	// EFER.LME cannot change while paging is on.
	r.gate64(13, gateDesc(selCode64, rigHandle, 0x8e, 0))
	r.S.R[x86.RCX], r.S.R[x86.RAX] = uint64(x86.MSR_EFER), 0
	raised(t, r.run("0f30"), x86.VecGP, 0, x86.ReasonMSRReserved)

	r.S.R[x86.RSP] = rigStack0 - 0x300
	for i, v := range []uint64{rigCode, selCode0} {
		r.poke(r.S.R[x86.RSP]+uint64(8*i), 8, v)
	}
	do("48 cb", 0)
	require.Equal(t, width(4), r.codeSize)
	do("0f22c0", x86.CR0_PE)
	require.False(t, r.longMode())
	require.Equal(t, x86.EFER_LME, r.EFER)
}

func TestLMSWCannotClearPE(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	r.S.R[x86.RAX] = 0xfffe
	require.False(t, r.run("0f01f0").Raised)
	require.Equal(t, x86.CR0_PE|x86.CR0_MP|x86.CR0_EM|x86.CR0_TS|x86.CR0_ET, r.CR0&0xffff)
	require.False(t, r.run("0f06").Raised)
	require.Zero(t, r.CR0&x86.CR0_TS)
}

func TestDescriptorTableRegisters(t *testing.T) {
	r := newRig(t, "max,-la57")
	r.protect(0)
	r.poke(0x6000, 8, 0xab123456789a_1234&0xffffffffffff|0xffff<<48)
	r.poke(0x6000, 2, 0x1234)
	r.poke(0x6002, 4, 0xab345678)
	require.False(t, r.run("0f01 1d 00600000").Raised) // LIDT
	require.Equal(t, Table{Base: 0xab345678, Limit: 0x1234}, r.IDTR)
	require.False(t, r.run("66 0f01 1d 00600000").Raised)
	require.Equal(t, Table{Base: 0x345678, Limit: 0x1234}, r.IDTR)
	r.IDTR = Table{Base: 0xdeadbeef, Limit: 0x55aa}
	require.False(t, r.run("66 0f01 0d 00610000").Raised) // SIDT, 16-bit operand
	require.Equal(t, uint64(0xdeadbeef55aa), r.peek(0x6100, 6))

	r = newRig(t, "max,-la57")
	r.long(0)
	r.poke(0x6000, 2, 0xff)
	r.poke(0x6002, 8, 0x0000800000000000)
	raised(t, r.run("0f01 1425 00600000"), x86.VecGP, 0, x86.ReasonNonCanonical)
	r.poke(0x6002, 8, 0xffff800000000000)
	require.False(t, r.run("0f01 1c25 00600000").Raised)
	require.Equal(t, uint64(0xffff800000000000), r.IDTR.Base)
	r.poke(0x6100, 8, 0)
	require.False(t, r.run("0f01 0c25 00610000").Raised)
	require.Equal(t, uint64(0xffff800000000000), r.peek(0x6102, 8))
}

// SDM Vol. 2B, POPF, table "Effect of POPF/POPFD on the EFLAGS Register".
func TestPOPFByPrivilege(t *testing.T) {
	const ones = uint64(flagsDefined &^ x86.FlagTF) // no single step here
	vif := uint64(x86.FlagVIF | x86.FlagVIP)
	for _, tc := range []struct {
		name     string
		cpl      uint8
		code     string
		w        int
		old, new uint64
	}{
		{"CPL 0", 0, "9d", 4, 2 | vif, ones &^ (vif | uint64(x86.FlagVM|x86.FlagRF))},
		{"CPL 0, 16 bits", 0, "66 9d", 2, 2 | vif, ones&0xffff | vif},
		{"CPL 3, IOPL 3", 3, "9d", 4, 0x3002, ones &^ (vif | uint64(x86.FlagVM|x86.FlagRF))},
		{"CPL 3, IOPL 0", 3, "9d", 4, 2, ones &^ (vif | uint64(x86.FlagVM|x86.FlagRF|x86.FlagIF|x86.FlagIOPL))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(tc.cpl)
			r.S.RFLAGS = tc.old
			r.poke(r.S.R[x86.RSP], tc.w, ones)
			require.False(t, r.run(tc.code).Raised)
			require.Equal(t, tc.new, r.S.RFLAGS)
		})
	}
	r := newRig(t, "max")
	r.protect(0)
	r.S.RFLAGS = ones &^ uint64(x86.FlagVM)
	require.False(t, r.run("9c").Raised)
	require.Equal(t, ones&^uint64(x86.FlagVM|x86.FlagRF), r.peek(r.S.R[x86.RSP], 4))
}

func TestSYSCALLAndSYSRET(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	r.MSR.STAR = 0x0013<<48 | selCode64<<32
	r.MSR.LSTAR, r.MSR.FMASK = 0x5000, 0x600
	r.S.RFLAGS = 0x246
	require.False(t, r.run("0f05").Raised)
	require.Equal(t, uint64(0x5000), r.S.RIP)
	require.Equal(t, uint64(rigCode+2), r.S.R[x86.RCX])
	require.Equal(t, uint64(0x246), r.S.R[x86.R11])
	require.Equal(t, uint64(0x46), r.S.RFLAGS)
	require.Equal(t, uint16(selCode64), r.Seg[x86.CS].Sel)
	require.Equal(t, uint16(selCode64+8), r.Seg[x86.SS].Sel)
	require.Zero(t, r.CPL)
	require.True(t, r.long64())

	require.False(t, r.run("480f07").Raised)
	require.Equal(t, uint64(rigCode+2), r.S.RIP)
	require.Equal(t, uint16(0x23), r.Seg[x86.CS].Sel)
	require.Equal(t, uint16(0x1b), r.Seg[x86.SS].Sel)
	require.Equal(t, uint64(0x246), r.S.RFLAGS)
	require.Equal(t, uint8(3), r.CPL)

	r.long(0)
	r.S.R[x86.RCX] = 1 << 47
	raised(t, r.run("480f07"), x86.VecGP, 0, x86.ReasonNonCanonical)
	require.Zero(t, r.CPL, "the fault is at privilege level 0, as on Intel processors")
	r.S.R[x86.RCX] = 0x100001234
	require.False(t, r.run("0f07").Raised)
	require.Equal(t, width(4), r.codeSize)
	require.Equal(t, uint64(0x1234), r.S.RIP)

	r.long(3)
	r.EFER &^= x86.EFER_SCE
	raised(t, r.run("0f05"), x86.VecUD, 0, x86.ReasonFeatureDisabled)
}

func TestSYSENTERAndSYSEXIT(t *testing.T) {
	r := newRig(t, "max")
	r.protect(3)
	raised(t, r.run("0f34"), x86.VecGP, 0, x86.ReasonSelectorNull)
	r.at(3)
	r.MSR.SysenterCS, r.MSR.SysenterEIP, r.MSR.SysenterESP = selCode0, 0x5000, rigStack0
	r.S.RFLAGS = 0x202
	require.False(t, r.run("0f34").Raised)
	require.Equal(t, uint64(0x5000), r.S.RIP)
	require.Equal(t, uint64(rigStack0), r.S.R[x86.RSP])
	require.Equal(t, uint64(2), r.S.RFLAGS)
	require.Equal(t, uint16(selCode0+8), r.Seg[x86.SS].Sel)
	require.Zero(t, r.CPL)
	r.S.R[x86.RDX], r.S.R[x86.RCX] = 0x1234, 0x5678
	require.False(t, r.run("0f35").Raised)
	require.Equal(t, uint64(0x1234), r.S.RIP)
	require.Equal(t, uint64(0x5678), r.S.R[x86.RSP])
	require.Equal(t, uint16(selCode0+16|3), r.Seg[x86.CS].Sel)
	require.Equal(t, uint16(selCode0+24|3), r.Seg[x86.SS].Sel)

	r.long(0)
	r.S.R[x86.RDX], r.S.R[x86.RCX] = 1<<47, 0
	raised(t, r.run("480f35"), x86.VecGP, 0, x86.ReasonNonCanonical)
	r.S.R[x86.RDX] = 0x1234
	require.False(t, r.run("480f35").Raised)
	require.Equal(t, uint16(selCode0+32|3), r.Seg[x86.CS].Sel)
	require.True(t, r.long64())
}

func TestSwapGSAndBases(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	r.MSR.KernelGS = 0xffff888000000000
	r.S.R[RegSeg+x86.GS] = 0x1000
	require.False(t, r.run("0f01f8").Raised)
	require.Equal(t, uint64(0xffff888000000000), r.S.R[RegSeg+x86.GS])
	require.Equal(t, uint64(0x1000), r.MSR.KernelGS)

	raised(t, r.run("f3480faec8"), x86.VecUD, 0, x86.ReasonFeatureDisabled) // RDGSBASE RAX
	r.CR4 |= x86.CR4_FSGSBASE
	require.False(t, r.run("f3480faec8").Raised)
	require.Equal(t, uint64(0xffff888000000000), r.S.R[x86.RAX])
	require.False(t, r.run("f30faec8").Raised)
	require.Equal(t, uint64(0x00000000), r.S.R[x86.RAX], "32 bits")
	r.S.R[x86.RAX] = 1 << 47
	raised(t, r.run("f3480faed0"), x86.VecGP, 0, x86.ReasonNonCanonical) // WRFSBASE RAX
	r.S.R[x86.RAX] = 0x1_2345_6789
	require.False(t, r.run("f3480faed0").Raised)
	require.Equal(t, uint64(0x123456789), r.S.R[RegSeg+x86.FS])
}

func TestTimeStampCounter(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	now := uint64(0x1_0000_0010)
	r.ReadTSC = func() uint64 { return now }
	require.False(t, r.run("0f31").Raised)
	require.Equal(t, uint64(0x10), r.S.R[x86.RAX])
	require.Equal(t, uint64(1), r.S.R[x86.RDX])
	require.True(t, r.WriteMSR(x86.MSR_TSC, 100))
	v, _ := r.ReadMSR(x86.MSR_TSC_ADJUST)
	require.Equal(t, uint64(100)-now, v)
	now += 5
	require.Equal(t, uint64(105), r.tsc())
	require.True(t, r.WriteMSR(x86.MSR_TSC_ADJUST, 0))
	require.Equal(t, now, r.tsc())
	require.True(t, r.WriteMSR(x86.MSR_TSC_AUX, 7))
	require.False(t, r.run("0f01f9").Raised) // RDTSCP
	require.Equal(t, uint64(7), r.S.R[x86.RCX])
	r.CR4 = x86.CR4_TSD
	require.False(t, r.run("0f31").Raised)
	r.at(3)
	raised(t, r.run("0f31"), x86.VecGP, 0, x86.ReasonTimeStampDisabled)
	r.at(0)
	raised(t, r.run("0f33"), x86.VecGP, 0, x86.ReasonPMCDisabled)
}

func TestXCR0(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	raised(t, r.run("0f01d0"), x86.VecUD, 0, x86.ReasonFeatureDisabled)
	r.CR4 = x86.CR4_OSXSAVE
	_, _, ecx, _ := r.cpuid(1, 0)
	require.NotZero(t, ecx&(1<<27))
	r.S.R[x86.RAX], r.S.R[x86.RDX] = 3, 0
	require.False(t, r.run("0f01d1").Raised)
	require.Equal(t, uint64(3), r.XCR0)
	for _, v := range []uint64{0, 2, 1 << 9, 1 << 40} {
		r.S.R[x86.RAX], r.S.R[x86.RDX] = v&0xffffffff, v>>32
		raised(t, r.run("0f01d1"), x86.VecGP, 0, x86.ReasonXCR0)
	}
}

func TestSTACAndCLAC(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	require.False(t, r.run("0f01cb").Raised)
	require.True(t, r.flag(x86.FlagAC))
	require.False(t, r.run("0f01ca").Raised)
	require.False(t, r.flag(x86.FlagAC))
	r.long(3)
	raised(t, r.run("0f01cb"), x86.VecUD, 0, x86.ReasonCPL0)
}

func TestINVLPGDropsATranslation(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	require.False(t, r.MMU.ProbeRead(0x200000, 1, r.class).Raised)
	r.poke(rigPages+0x2008, 8, 0) // not present any more, but in the TLB
	require.False(t, r.MMU.ProbeRead(0x200000, 1, r.class).Raised)
	require.False(t, r.run("0f013c25 00002000").Raised)
	require.True(t, r.MMU.ProbeRead(0x200000, 1, r.class).Raised)
}

func TestRSMOutsideSMM(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	raised(t, r.run("0faa"), x86.VecUD, 0, x86.ReasonNotInSMM)
}

// Bases may have 57 bits when the model has 5-level paging, whether CR4.LA57 is set or not;
// addresses of accesses follow CR4.LA57.
func TestCanonicalBasesFollowTheModel(t *testing.T) {
	const wide = 1 << 50
	for model, ok := range map[string]bool{"max": true, "max,-la57": false} {
		r := newRig(t, model)
		r.long(0)
		require.Equal(t, ok, r.WriteMSR(x86.MSR_LSTAR, wide), model)
		require.Equal(t, ok, r.WriteMSR(x86.MSR_GS_BASE, wide), model)
		r.S.R[x86.RAX] = wide
		require.True(t, r.run("8b 00").Raised, "access without CR4.LA57")
	}
}

func TestMWAIT(t *testing.T) {
	r := newRig(t, "max,+monitor")
	r.long(0)
	r.S.RFLAGS |= uint64(x86.FlagIF)
	r.S.R[x86.RCX], r.S.R[x86.RDX], r.S.R[x86.RAX] = 0, 0, 0x6000
	r.code("0f 01 c8 0f 01 c9 90 90") // MONITOR, MWAIT, NOP
	n, reason := r.Run(10)
	require.Equal(t, int64(2), n)
	require.Equal(t, ExitHalt, reason)
	require.True(t, r.Asleep())
	r.poke(0x5fff, 1, 1) // beside the line
	r.poke(0x6040, 1, 1)
	n, _ = r.Run(2)
	require.Zero(t, n)
	for range 20 {
		r.poke(0x6080, 1, 1) // the code cache loses interest in the page
	}
	r.poke(0x603f, 1, 1)
	require.False(t, r.Asleep())
	n, reason = r.Run(2)
	require.Equal(t, int64(2), n)
	require.Equal(t, ExitBudget, reason)
	require.Equal(t, uint64(rigCode+8), r.S.RIP)

	r.code("0f 01 c9 90 90") // nothing is monitored
	n, reason = r.Run(2)
	require.Equal(t, int64(2), n)
	require.Equal(t, ExitBudget, reason)

	r.S.RFLAGS &^= uint64(x86.FlagIF)
	for _, ecx := range []uint64{0, 1} { // bit 0: an interrupt ends it although IF is clear
		r.S.R[x86.RCX] = 0
		r.run("0f 01 c8")
		r.S.R[x86.RCX] = ecx
		r.run("0f 01 c9")
		require.True(t, r.Asleep())
		r.INTR = true
		require.Equal(t, ecx == 0, r.Asleep())
		r.INTR = false
		s := r.Save()
		require.NoError(t, r.Restore(s))
		require.Equal(t, s, r.Save())
		r.poke(0x6000, 8, 1)
		require.False(t, r.Asleep())
	}

	r.S.R[x86.RCX] = 2
	raised(t, r.run("0f 01 c9"), x86.VecGP, 0, x86.ReasonReservedBits)
	r.long(3)
	raised(t, r.run("0f 01 c8"), x86.VecUD, 0, x86.ReasonCPL0)
}

func TestMOVToCR3KeepsATranslationOnDemand(t *testing.T) {
	r := newRig(t, "max")
	r.long(0)
	r.S.R[x86.RAX] = rigPages | 1
	require.False(t, r.run("0f 22 d8").Raised)
	r.S.R[x86.RAX] = x86.CR4_PAE | x86.CR4_PCIDE
	raised(t, r.run("0f 22 e0"), x86.VecGP, 0, x86.ReasonPCIDNeedsLongMode) // CR3 bits 11:0 must be 0

	r.long(0)
	r.S.R[x86.RAX] = rigPages
	require.False(t, r.run("0f 22 d8").Raised)
	r.S.R[x86.RAX] = x86.CR4_PAE | x86.CR4_PCIDE
	require.False(t, r.run("0f 22 e0").Raised)
	touch := "8b 04 25 00 00 20 00" // MOV EAX, [200000h]: the second large page
	entry := uint64(rigPages + 0x2008)
	kept := func(bit63 uint64) bool {
		r.poke(entry, 8, 1<<21|0x87)
		r.poke(0x200000, 4, 1)
		r.MMU.Flush()
		require.False(t, r.run(touch).Raised)
		r.poke(entry, 8, 0)
		r.S.R[x86.RAX] = rigPages | bit63
		require.False(t, r.run("0f 22 d8").Raised)
		require.Equal(t, uint64(rigPages), r.CR3)
		return !r.run(touch).Raised
	}
	require.True(t, kept(x86.CR3_NoFlush))
	require.False(t, kept(0))
}
