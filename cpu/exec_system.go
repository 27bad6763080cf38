package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// umip is the check of SGDT, SIDT, SLDT, STR and SMSW.
func (c *CPU) umip() Fault {
	if c.CR4&x86.CR4_UMIP != 0 && c.CPL > 0 {
		return x86.GP(0, x86.ReasonUMIP)
	}
	return Fault{}
}

// loadTable reads the operand of LGDT and LIDT. With 16-bit operands the base has 24 bits.
func (c *CPU) loadTable(in *Inst) (t Table, f Fault) {
	if f := c.needCPL0(); f.Raised {
		return t, f
	}
	var p [10]byte
	n := 6
	if in.OpSize == 8 {
		n = 10
	}
	if f := c.readBytes(in.Seg, c.ea(in), p[:n]); f.Raised {
		return t, f
	}
	t.Limit = uint16(p[0]) | uint16(p[1])<<8
	for i := n - 1; i >= 2; i-- {
		t.Base = t.Base<<8 | uint64(p[i])
	}
	if in.OpSize == 2 {
		t.Base &= 0xffffff
	}
	if in.OpSize == 8 && !c.isCanonicalBase(t.Base) {
		return t, x86.GP(0, x86.ReasonNonCanonical)
	}
	return t, Fault{}
}

// storeTable is SGDT and SIDT: the base is stored whole whatever the operand size.
func (c *CPU) storeTable(in *Inst, t Table) Fault {
	if f := c.umip(); f.Raised {
		return f
	}
	p := [10]byte{byte(t.Limit), byte(t.Limit >> 8)}
	n := 6
	if in.OpSize == 8 {
		n = 10
	}
	for i := 2; i < n; i++ {
		p[i] = byte(t.Base >> (8 * (i - 2)))
	}
	return c.writeBytes(in.Seg, c.ea(in), p[:n])
}

// lgdt is LGDT. SDM Vol. 2A, "LGDT/LIDT—Load Global/Interrupt Descriptor Table Register".
func lgdt(c *CPU, in *Inst) Fault {
	t, f := c.loadTable(in)
	if f.Raised {
		return f
	}
	c.GDTR = t
	return Fault{}
}

// lidt is LIDT.
func lidt(c *CPU, in *Inst) Fault {
	t, f := c.loadTable(in)
	if f.Raised {
		return f
	}
	c.IDTR = t
	return Fault{}
}

// sgdt is SGDT. SDM Vol. 2B, "SGDT—Store Global Descriptor Table Register".
func sgdt(c *CPU, in *Inst) Fault { return c.storeTable(in, c.GDTR) }

// sidt is SIDT.
func sidt(c *CPU, in *Inst) Fault { return c.storeTable(in, c.IDTR) }

// sldt is SLDT. SDM Vol. 2B, "SLDT—Store Local Descriptor Table Register".
func sldt(c *CPU, in *Inst) Fault { return c.storeSelector(in, c.LDTR.Sel) }

// str is STR. SDM Vol. 2B, "STR—Store Task Register".
func str(c *CPU, in *Inst) Fault { return c.storeSelector(in, c.TR.Sel) }

func (c *CPU) storeSelector(in *Inst, sel uint16) Fault {
	if f := c.umip(); f.Raised {
		return f
	}
	return c.store(in, uint64(sel))
}

// lldt is LLDT. SDM Vol. 2A, "LLDT—Load Local Descriptor Table Register".
func lldt(c *CPU, in *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	sel, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	return c.loadLDT(uint16(sel), x86.VecGP, x86.VecNP)
}

// ltr is LTR. SDM Vol. 2A, "LTR—Load Task Register".
func ltr(c *CPU, in *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	sel, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	return c.loadTR(uint16(sel))
}

// larTypes and lslTypes are the system descriptors that LAR and LSL accept: bit n stands
// for type n. The second entry is for IA-32e mode.
var (
	larTypes = [2]uint16{0x1a3e, 0x1a04}
	lslTypes = [2]uint16{0x0a0e, 0x0a04}
)

// lar is LAR. SDM Vol. 2A, "LAR—Load Access Rights Byte".
func lar(c *CPU, in *Inst) Fault {
	d, ok, f := c.inspectSource(in, &larTypes)
	if f.Raised {
		return f
	}
	if ok {
		c.setReg(in.Dst.Reg, in.Dst.W, d.raw>>32&0xffff00)
	}
	c.setZF(ok)
	return Fault{}
}

// lsl is LSL. SDM Vol. 2A, "LSL—Load Segment Limit".
func lsl(c *CPU, in *Inst) Fault {
	d, ok, f := c.inspectSource(in, &lslTypes)
	if f.Raised {
		return f
	}
	if ok {
		c.setReg(in.Dst.Reg, in.Dst.W, uint64(d.Limit))
	}
	c.setZF(ok)
	return Fault{}
}

// inspectSource finds the descriptor that the source operand of LAR or LSL names, if the
// program may know about it.
func (c *CPU) inspectSource(in *Inst, types *[2]uint16) (d Descriptor, ok bool, f Fault) {
	sel, f := c.get(in, in.Src)
	if f.Raised {
		return d, false, f
	}
	d, ok, f = c.inspect(uint16(sel))
	if !ok || f.Raised {
		return d, false, f
	}
	if d.system() && types[b2i(c.longMode())]>>d.Attr.Type()&1 == 0 {
		return d, false, Fault{}
	}
	return d, c.visible(&d), Fault{}
}

// verr is VERR. SDM Vol. 2C, "VERR/VERW—Verify a Segment for Reading or Writing".
func verr(c *CPU, in *Inst) Fault {
	return c.verify(in, func(d *Descriptor) bool { return d.isData() || d.isCode() && d.Attr.has(AttrReadable) })
}

// verw is VERW.
func verw(c *CPU, in *Inst) Fault {
	return c.verify(in, func(d *Descriptor) bool { return d.isData() && d.Attr.has(AttrWritable) })
}

func (c *CPU) verify(in *Inst, suits func(*Descriptor) bool) Fault {
	sel, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	d, ok, f := c.inspect(uint16(sel))
	if f.Raised {
		return f
	}
	c.setZF(ok && suits(&d) && c.visible(&d))
	return Fault{}
}

func (c *CPU) setZF(on bool) {
	var f x86.Flags
	if on {
		f = x86.FlagZF
	}
	c.setFlags(x86.FlagZF, f)
}

// arpl is ARPL. SDM Vol. 2A, "ARPL—Adjust RPL Field of Segment Selector".
func arpl(c *CPU, in *Inst) Fault {
	dst, f := c.get(in, in.Dst) // not as for writing: that happens only if the RPL changes
	if f.Raised {
		return f
	}
	src := c.S.R[in.Src.Reg]
	lower := dst&3 < src&3
	if lower {
		if f := c.store(in, dst&^3|src&3); f.Raised {
			return f
		}
	}
	c.setZF(lower)
	return Fault{}
}

// movFromSeg is MOV from a segment register. SDM Vol. 2B, "MOV—Move".
func movFromSeg(c *CPU, in *Inst) Fault { return c.store(in, uint64(c.Seg[in.Src.Reg].Sel)) }

// movToSeg is MOV to a segment register; after one to SS, interrupts and debug traps wait
// for one instruction. SDM Vol. 2B, "MOV—Move".
func movToSeg(c *CPU, in *Inst) Fault {
	seg := x86.Seg(in.Dst.Reg)
	if seg == x86.CS {
		return x86.UD(x86.ReasonBadSegmentRegister)
	}
	sel, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	if f := c.loadSegment(seg, uint16(sel)); f.Raised {
		return f
	}
	c.shadowSS = seg == x86.SS
	c.updateMode()
	return Fault{}
}

// pushSeg is PUSH of a segment register. A 32-bit push stores 16 bits and leaves the upper
// half of the stack slot, as all recent Intel processors do.
//
// SDM Vol. 2B, "PUSH—Push Word, Doubleword, or Quadword Onto the Stack".
func pushSeg(c *CPU, in *Inst) Fault {
	w := in.OpSize
	sp := c.stackAt(-int(w))
	if w == 4 {
		w = 2
	}
	if f := c.write(x86.SS, sp, uint64(c.Seg[in.Src.Reg].Sel), w); f.Raised {
		return f
	}
	c.setSP(sp)
	return Fault{}
}

// popSeg is POP into a segment register; after one into SS, interrupts and debug traps
// wait for one instruction. SDM Vol. 2B, "POP—Pop a Value From the Stack".
func popSeg(c *CPU, in *Inst) Fault {
	seg := x86.Seg(in.Dst.Reg)
	sel, f := c.read(x86.SS, c.stackAt(0), 2) // whatever the operand size
	if f.Raised {
		return f
	}
	sp := c.stackAt(int(in.OpSize))
	if f := c.loadSegment(seg, uint16(sel)); f.Raised {
		return f
	}
	c.setSP(sp) // by the old stack's address size
	c.shadowSS = seg == x86.SS
	c.updateMode()
	return Fault{}
}

// swapgs is SWAPGS. SDM Vol. 2B, "SWAPGS—Swap GS Base Register".
func swapgs(c *CPU, _ *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	gs := &c.S.R[RegSeg+x86.GS]
	*gs, c.MSR.KernelGS = c.MSR.KernelGS, *gs
	return Fault{}
}

// rdfsbase and rdgsbase are RDFSBASE and RDGSBASE.
//
// SDM Vol. 2B, "RDFSBASE/RDGSBASE—Read FS/GS Segment Base".
func rdfsbase(c *CPU, in *Inst) Fault { return c.readBase(in, x86.FS) }
func rdgsbase(c *CPU, in *Inst) Fault { return c.readBase(in, x86.GS) }

func (c *CPU) readBase(in *Inst, seg x86.Seg) Fault {
	if c.CR4&x86.CR4_FSGSBASE == 0 {
		return x86.UD(x86.ReasonFeatureDisabled)
	}
	return c.store(in, c.S.R[(RegSeg+seg)&regMask])
}

// wrfsbase and wrgsbase are WRFSBASE and WRGSBASE.
//
// SDM Vol. 2D, "WRFSBASE/WRGSBASE—Write FS/GS Segment Base".
func wrfsbase(c *CPU, in *Inst) Fault { return c.writeBase(in, x86.FS) }
func wrgsbase(c *CPU, in *Inst) Fault { return c.writeBase(in, x86.GS) }

func (c *CPU) writeBase(in *Inst, seg x86.Seg) Fault {
	if c.CR4&x86.CR4_FSGSBASE == 0 {
		return x86.UD(x86.ReasonFeatureDisabled)
	}
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	if !c.isCanonical(v) {
		return x86.GP(0, x86.ReasonNonCanonical)
	}
	c.S.R[(RegSeg+seg)&regMask] = v
	return Fault{}
}

// invlpg is INVLPG: an address that is not canonical does nothing.
//
// SDM Vol. 2A, "INVLPG—Invalidate TLB Entries".
func invlpg(c *CPU, in *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	la := c.ea(in)
	switch {
	case !c.long64():
		la = uint64(uint32(la + c.S.R[(RegSeg+in.Seg)&regMask]))
	case in.Seg >= x86.FS:
		la += c.S.R[(RegSeg+in.Seg)&regMask]
	}
	if c.isCanonicalBase(la) {
		c.MMU.Invalidate(mmu.LinAddr(la))
	}
	return Fault{}
}

// invpcid is INVPCID. For one address it drops more than it must: of all PCIDs, and global
// pages too.
//
// SDM Vol. 2A, "INVPCID—Invalidate Process-Context Identifier".
func invpcid(c *CPU, in *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	var p [16]byte
	if f := c.readBytes(in.Seg, c.ea(in), p[:]); f.Raised {
		return f
	}
	var pcid, la uint64
	for i := range 8 {
		pcid |= uint64(p[i]) << (8 * i)
		la |= uint64(p[8+i]) << (8 * i)
	}
	kind := c.reg(in.Dst.Reg, in.Dst.W)
	switch {
	case kind > 3, pcid>>12 != 0, kind == 0 && !c.isCanonicalBase(la),
		kind < 2 && pcid != 0 && c.CR4&x86.CR4_PCIDE == 0:
		return x86.GP(0, x86.ReasonReservedBits)
	case kind == 0:
		c.MMU.Invalidate(mmu.LinAddr(la))
	case kind == 1:
		c.MMU.FlushPCID(uint16(pcid))
	case kind == 2:
		c.MMU.Flush()
	default:
		c.MMU.FlushNonGlobal()
	}
	return Fault{}
}

// invd and wbinvd are INVD and WBINVD: there are no caches.
func invd(c *CPU, _ *Inst) Fault   { return c.needCPL0() }
func wbinvd(c *CPU, _ *Inst) Fault { return c.needCPL0() }

// hlt is HLT. SDM Vol. 2A, "HLT—Halt".
func hlt(c *CPU, _ *Inst) Fault {
	if f := c.needCPL0(); f.Raised {
		return f
	}
	c.Activity = Halted
	return Fault{}
}

// cli is CLI. SDM Vol. 2A, "CLI—Clear Interrupt Flag".
func cli(c *CPU, _ *Inst) Fault {
	if c.virtualIF() {
		return c.setVIF(false)
	}
	if f := c.ioplCheck(); f.Raised {
		return f
	}
	c.setFlags(x86.FlagIF, 0)
	return Fault{}
}

// sti is STI: if IF was clear, interrupts wait for one more instruction.
//
// SDM Vol. 2B, "STI—Set Interrupt Flag".
func sti(c *CPU, _ *Inst) Fault {
	if c.virtualIF() {
		return c.setVIF(true)
	}
	if f := c.ioplCheck(); f.Raised {
		return f
	}
	c.shadowSTI = !c.flag(x86.FlagIF)
	c.setFlags(x86.FlagIF, x86.FlagIF)
	return Fault{}
}

// ioplCheck is #GP(0) for code that may not change IF. CPL is 0 in real-address mode and 3
// in virtual-8086 mode.
func (c *CPU) ioplCheck() Fault {
	if c.CPL <= c.iopl() {
		return Fault{}
	}
	if c.vm() {
		return x86.GP(0, x86.ReasonVMIOPL)
	}
	return x86.GP(0, x86.ReasonIOPL)
}

// pushf is PUSHF, PUSHFD and PUSHFQ: VM and RF read as zero.
//
// SDM Vol. 2B, "PUSHF/PUSHFD/PUSHFQ—Push EFLAGS Register Onto the Stack".
func pushf(c *CPU, in *Inst) Fault {
	if c.vme() && in.OpSize == 2 {
		return c.push(2, c.virtualImage())
	}
	if c.vm() && c.iopl() < 3 {
		return x86.GP(0, x86.ReasonVMIOPL)
	}
	return c.push(in.OpSize, c.S.RFLAGS&^uint64(x86.FlagVM|x86.FlagRF))
}

// popf is POPF, POPFD and POPFQ.
//
// SDM Vol. 2B, "POPF/POPFD/POPFQ—Pop Stack Into EFLAGS Register", table "Effect of
// POPF/POPFD on the EFLAGS Register".
func popf(c *CPU, in *Inst) Fault {
	if c.vme() && in.OpSize == 2 {
		return c.popfVirtual()
	}
	if c.vm() && c.iopl() < 3 {
		return x86.GP(0, x86.ReasonVMIOPL)
	}
	v, f := c.pop(in.OpSize)
	if f.Raised {
		return f
	}
	mask := x86.FlagsStatus | x86.FlagTF | x86.FlagDF | x86.FlagNT | x86.FlagAC | x86.FlagID
	if c.CPL <= c.iopl() {
		mask |= x86.FlagIF
	}
	if c.CPL == 0 {
		mask |= x86.FlagIOPL
	}
	image := x86.Flags(v)
	if !c.vm() && in.OpSize > 2 { // cleared, not loaded
		mask |= x86.FlagVIF | x86.FlagVIP
		image &^= x86.FlagVIF | x86.FlagVIP
	}
	c.setFlags(flagsOf(in.OpSize, mask)|x86.FlagRF, image&^x86.FlagRF)
	c.updateMode()
	return Fault{}
}

// stac and clac are STAC and CLAC.
//
// SDM Vol. 2B, "STAC—Set AC Flag in EFLAGS Register".
func stac(c *CPU, _ *Inst) Fault { return c.setAC(x86.FlagAC) }
func clac(c *CPU, _ *Inst) Fault { return c.setAC(0) }

func (c *CPU) setAC(v x86.Flags) Fault {
	if c.CPL > 0 {
		return x86.UD(x86.ReasonCPL0)
	}
	c.writeFlags(x86.FlagAC, v)
	return Fault{}
}

// tsc is the time-stamp counter: virtual cycles and what the guest added.
func (c *CPU) tsc() uint64 {
	if c.ReadTSC == nil {
		return c.Count() + c.tscOffset
	}
	return c.ReadTSC() + c.tscOffset
}

// rdtsc is RDTSC. SDM Vol. 2B, "RDTSC—Read Time-Stamp Counter".
func rdtsc(c *CPU, _ *Inst) Fault {
	if c.CR4&x86.CR4_TSD != 0 && c.CPL > 0 {
		return x86.GP(0, x86.ReasonTimeStampDisabled)
	}
	t := c.tsc()
	c.setReg(x86.RAX, 4, t)
	c.setReg(x86.RDX, 4, t>>32)
	return Fault{}
}

// rdtscp is RDTSCP. SDM Vol. 2B, "RDTSCP—Read Time-Stamp Counter and Processor ID".
func rdtscp(c *CPU, in *Inst) Fault {
	if f := rdtsc(c, in); f.Raised {
		return f
	}
	c.setReg(x86.RCX, 4, c.MSR.TSCAux)
	return Fault{}
}

// rsm is RSM outside system management mode, which does not exist here.
func rsm(*CPU, *Inst) Fault { return x86.UD(x86.ReasonNotInSMM) }
