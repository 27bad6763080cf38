package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// needCPL0 is #GP(0) above privilege level 0. Real-address mode is level 0,
// virtual-8086 mode level 3.
func (c *CPU) needCPL0() Fault {
	if c.CPL != 0 {
		return x86.GP(0, x86.ReasonCPL0)
	}
	return Fault{}
}

// Bits of CR0 that exist. Writes to others below bit 32 are ignored; ET is always one.
const cr0Bits = x86.CR0_PE | x86.CR0_MP | x86.CR0_EM | x86.CR0_TS | x86.CR0_NE | x86.CR0_WP | x86.CR0_AM |
	x86.CR0_NW | x86.CR0_CD | x86.CR0_PG

// Bits of CR4 that select how PAE paging works: changing one reloads the PDPTEs.
const cr4PDPTE = x86.CR4_PAE | x86.CR4_PSE | x86.CR4_PGE | x86.CR4_SMEP

// cr4Bits are the bits of CR4 that the model has.
func (m *Model) cr4Bits() uint64 {
	var bits uint64
	for _, r := range [...]struct {
		f   Feature
		bit uint64
	}{
		{FeatVME, x86.CR4_VME | x86.CR4_PVI},
		{FeatTSC, x86.CR4_TSD},
		{FeatDE, x86.CR4_DE},
		{FeatPSE, x86.CR4_PSE},
		{FeatPAE, x86.CR4_PAE},
		{FeatMCE, x86.CR4_MCE},
		{FeatPGE, x86.CR4_PGE},
		{FeatMMX, x86.CR4_PCE},
		{FeatFXSR, x86.CR4_OSFXSR},
		{FeatSSE, x86.CR4_OSXMMEXCPT},
		{FeatUMIP, x86.CR4_UMIP},
		{FeatLA57, x86.CR4_LA57},
		{FeatFSGSBASE, x86.CR4_FSGSBASE},
		{FeatPCID, x86.CR4_PCIDE},
		{FeatXSAVE, x86.CR4_OSXSAVE},
		{FeatSMEP, x86.CR4_SMEP},
		{FeatSMAP, x86.CR4_SMAP},
		{FeatPKU, x86.CR4_PKE},
	} {
		if m.Has(r.f) {
			bits |= r.bit
		}
	}
	return bits
}

// movFromCR is MOV from a control register.
//
// SDM Vol. 2B, "MOV—Move to/from Control Registers".
func movFromCR(c *CPU, in *Inst) Fault {
	var v uint64
	switch n := in.Src.Reg; {
	case n == 0:
		v = c.CR0
	case n == 2:
		v = c.CR2
	case n == 3:
		v = c.CR3
	case n == 4 && c.Model.hasCR4():
		v = c.CR4
	case n == 8:
		v = c.taskPriority()
	default:
		return x86.UD(x86.ReasonBadControlRegister)
	}
	if f := c.needCPL0(); f.Raised {
		return f
	}
	c.setReg(in.Dst.Reg, in.Dst.W, v)
	return Fault{}
}

// movToCR is MOV to a control register.
//
// SDM Vol. 2B, "MOV—Move to/from Control Registers".
func movToCR(c *CPU, in *Inst) Fault {
	n := in.Dst.Reg
	if n == 1 || n > 4 && n != 8 || n == 4 && !c.Model.hasCR4() {
		return x86.UD(x86.ReasonBadControlRegister)
	}
	if f := c.needCPL0(); f.Raised {
		return f
	}
	v := c.reg(in.Src.Reg, in.Src.W)
	switch n {
	case 0:
		return c.writeCR0(v)
	case 2:
		c.CR2 = v
		return Fault{}
	case 3:
		return c.writeCR3(v)
	case 4:
		return c.writeCR4(v)
	}
	if v > 15 {
		return x86.GP(0, x86.ReasonCR8Reserved)
	}
	c.setTaskPriority(v)
	return Fault{}
}

// writeCR0 loads CR0 and switches modes: protection, paging, IA-32e mode.
//
// SDM Vol. 3A, "Control Registers" and "Initializing IA-32e Mode".
func (c *CPU) writeCR0(v uint64) Fault {
	if v>>32 != 0 {
		return x86.GP(0, x86.ReasonReservedBits)
	}
	v = v&cr0Bits | x86.CR0_ET
	switch {
	case v&x86.CR0_PG != 0 && v&x86.CR0_PE == 0:
		return x86.GP(0, x86.ReasonPagingNeedsProtection)
	case v&x86.CR0_NW != 0 && v&x86.CR0_CD == 0:
		return x86.GP(0, x86.ReasonCacheControl)
	}
	on, off := v&^c.CR0&x86.CR0_PG != 0, c.CR0&^v&x86.CR0_PG != 0
	efer := c.EFER
	switch {
	case on && efer&x86.EFER_LME != 0:
		if f := c.mayEnterLongMode(); f.Raised {
			return f
		}
		efer |= x86.EFER_LMA
	case off && c.long64():
		return x86.GP(0, x86.ReasonLongModeActive)
	case off && c.CR4&x86.CR4_PCIDE != 0:
		return x86.GP(0, x86.ReasonPCIDNeedsLongMode)
	case off:
		efer &^= x86.EFER_LMA
	}
	if pae(v, c.CR4, efer) && (v^c.CR0)&(x86.CR0_CD|x86.CR0_NW|x86.CR0_PG) != 0 {
		if f := c.MMU.LoadPDPTEs(c.CR3); f.Raised {
			return f
		}
	}
	c.CR0, c.EFER = v, efer
	c.updatePaging()
	c.updateMode()
	return Fault{}
}

// pae says whether PAE paging is on, with its PDPTE registers.
func pae(cr0, cr4, efer uint64) bool {
	return cr0&x86.CR0_PG != 0 && cr4&x86.CR4_PAE != 0 && efer&x86.EFER_LMA == 0
}

// mayEnterLongMode checks what setting CR0.PG with EFER.LME needs.
func (c *CPU) mayEnterLongMode() Fault {
	switch {
	case c.CR4&x86.CR4_PAE == 0:
		return x86.GP(0, x86.ReasonPagingNeedsPAE)
	case c.Seg[x86.CS].Attr.has(AttrL):
		return x86.GP(0, x86.ReasonLongModeActive)
	case c.TR.Attr.has(AttrP) && c.TR.Attr.Type()&8 == 0:
		return x86.GP(0, x86.ReasonTSSType)
	}
	return Fault{}
}

// cr3Bits are the address and cache bits of CR3: physical addresses have mmu.MaxPhysBits.
const cr3Bits = 1<<mmu.MaxPhysBits - 1

// writeCR3 is MOV to CR3.
func (c *CPU) writeCR3(v uint64) Fault {
	if !c.longMode() {
		return c.loadCR3(v)
	}
	keep := c.CR4&x86.CR4_PCIDE != 0 && v&x86.CR3_NoFlush != 0
	if keep {
		v &^= x86.CR3_NoFlush
	}
	if v&^cr3Bits != 0 {
		return x86.GP(0, x86.ReasonReservedBits)
	}
	if keep {
		c.CR3 = v
		c.MMU.SwitchCR3(v)
		return Fault{}
	}
	return c.loadCR3(v)
}

// loadCR3 loads CR3 and, with PAE paging, the PDPTE registers.
func (c *CPU) loadCR3(v uint64) Fault {
	if pae(c.CR0, c.CR4, c.EFER) {
		if f := c.MMU.LoadPDPTEs(v); f.Raised {
			return f
		}
	}
	c.CR3 = v
	c.MMU.SetCR3(v)
	return Fault{}
}

// writeCR4 loads CR4.
func (c *CPU) writeCR4(v uint64) Fault {
	if v&^c.Model.cr4Bits() != 0 {
		return x86.GP(0, x86.ReasonReservedBits)
	}
	changed := v ^ c.CR4
	switch {
	case c.longMode() && v&x86.CR4_PAE == 0:
		return x86.GP(0, x86.ReasonLongModeActive)
	case c.longMode() && changed&x86.CR4_LA57 != 0:
		return x86.GP(0, x86.ReasonLongModeActive)
	case changed&v&x86.CR4_PCIDE != 0 && (!c.longMode() || c.CR3&0xfff != 0):
		return x86.GP(0, x86.ReasonPCIDNeedsLongMode)
	}
	if pae(c.CR0, v, c.EFER) && changed&cr4PDPTE != 0 {
		if f := c.MMU.LoadPDPTEs(c.CR3); f.Raised {
			return f
		}
	}
	c.CR4 = v
	c.updatePaging()
	c.updateMode()
	return Fault{}
}

// clts is CLTS. SDM Vol. 2A, "CLTS—Clear Task-Switched Flag in CR0".
func clts(c *CPU, _ *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	c.CR0 &^= x86.CR0_TS
	c.updatePaging()
	c.updateMode()
	return Fault{}
}

// lmsw is LMSW: the low four bits of CR0, but PE cannot be cleared.
//
// SDM Vol. 2A, "LMSW—Load Machine Status Word".
func lmsw(c *CPU, in *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	const low = x86.CR0_MP | x86.CR0_EM | x86.CR0_TS
	return c.writeCR0(c.CR0&^low | v&(low|x86.CR0_PE))
}

// smsw is SMSW: CR0 without privilege, as far as the operand holds it.
//
// SDM Vol. 2B, "SMSW—Store Machine Status Word".
func smsw(c *CPU, in *Inst) Fault {
	if f := c.umip(); f.Raised {
		return f
	}
	return c.store(in, c.CR0)
}

// xgetbv is XGETBV. SDM Vol. 2D, "XGETBV—Get Value of Extended Control Register".
func xgetbv(c *CPU, _ *Inst) Fault {
	if c.CR4&x86.CR4_OSXSAVE == 0 {
		return x86.UD(x86.ReasonFeatureDisabled)
	}
	if uint32(c.S.R[x86.RCX]) != 0 {
		return x86.GP(0, x86.ReasonXCR0)
	}
	c.setReg(x86.RAX, 4, c.XCR0)
	c.setReg(x86.RDX, 4, c.XCR0>>32)
	return Fault{}
}

// Bits of XCR0: state components.
const (
	xcrX87  = 1 << 0
	xcrSSE  = 1 << 1
	xcrAVX  = 1 << 2
	xcrPKRU = 1 << 9
)

// validXCR0 says whether v may be loaded into XCR0.
//
// SDM Vol. 1, "Enabling the XSAVE Feature Set and XSAVE-Enabled Features".
func (m *Model) validXCR0(v uint64) bool {
	return v&^m.xcr0Bits() == 0 && v&xcrX87 != 0 && (v&xcrAVX == 0 || v&xcrSSE != 0)
}

// xsetbv is XSETBV. SDM Vol. 2D, "XSETBV—Set Extended Control Register".
func xsetbv(c *CPU, _ *Inst) Fault {
	if c.CR4&x86.CR4_OSXSAVE == 0 {
		return x86.UD(x86.ReasonFeatureDisabled)
	}
	if f := c.needCPL0(); f.Raised {
		return f
	}
	v := c.reg(x86.RDX, 4)<<32 | c.reg(x86.RAX, 4)
	if uint32(c.S.R[x86.RCX]) != 0 || !c.Model.validXCR0(v) {
		return x86.GP(0, x86.ReasonXCR0)
	}
	c.XCR0 = v
	c.updateMode()
	return Fault{}
}

// debugRegister resolves DR4 and DR5, and checks access to debug register n.
//
// SDM Vol. 2B, "MOV—Move to/from Debug Registers".
func (c *CPU) debugRegister(n uint8) (uint8, Fault) {
	if n == 4 || n == 5 {
		if c.CR4&x86.CR4_DE != 0 {
			return 0, x86.UD(x86.ReasonBadControlRegister)
		}
		n += 2
	}
	if n > 7 {
		return 0, x86.UD(x86.ReasonBadControlRegister)
	}
	if f := c.needCPL0(); f.Raised {
		return 0, f
	}
	if c.DR[7]&x86.DR7_GD != 0 {
		return 0, c.debugFault(x86.DR6_BD, x86.ReasonDRGeneralDetect)
	}
	return n, Fault{}
}

// movFromDR is MOV from a debug register.
func movFromDR(c *CPU, in *Inst) Fault {
	n, f := c.debugRegister(in.Src.Reg)
	if f.Raised {
		return f
	}
	c.setReg(in.Dst.Reg, in.Dst.W, c.DR[n])
	return Fault{}
}

// movToDR is MOV to a debug register.
func movToDR(c *CPU, in *Inst) Fault {
	n, f := c.debugRegister(in.Dst.Reg)
	if f.Raised {
		return f
	}
	v := c.reg(in.Src.Reg, in.Src.W)
	if n >= 6 && v>>32 != 0 {
		return x86.GP(0, x86.ReasonDRReserved)
	}
	c.writeDR(n, v)
	return Fault{}
}

// writeDR loads debug register n (0…3, 6 or 7), keeping its fixed bits.
func (c *CPU) writeDR(n uint8, v uint64) {
	switch n {
	case 6:
		v = v&dr6Bits | x86.DR6_Ones
	case 7:
		v = v&dr7Bits | x86.DR7_Ones
	}
	c.DR[n] = v
	c.updateMode()
}
