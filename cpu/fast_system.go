package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Instructions on the way in and out of a kernel. Each operation does the one case that is
// common, at CPL 0, and has the function of the row do the others.

// system makes o one of these; false if in is another instruction.
func (t *translator) system(o *op, in *Inst) bool {
	switch name := in.Op.Name; {
	case name == "CLI":
		o.fn = opCli
	case name == "STI":
		o.fn = opSti
	case name == "SWAPGS":
		o.fn = opSwapgs
	case name == "CLAC":
		o.fn = opClac
	case name == "CLD":
		o.fn = opCld
	case name == "RDPKRU":
		o.fn = opRdpkru
	case name == "PUSHF" && in.CodeSize == 8 && in.OpSize == 8:
		o.fn = opPushf64
	case name == "MOV" && in.Src.Kind == ArgCR && in.Src.Reg == 2:
		o.dst, o.imm = in.Dst.Reg, uint64(in.Dst.W)
		o.fn = opReadCR2
	default:
		return false
	}
	return true
}

func opCli(c *CPU, o *op) *op {
	if c.CPL != 0 {
		return opPlainLast(c, o)
	}
	c.setFlags(x86.FlagIF, 0)
	return opFall(c, o)
}

// opSti is STI while no pin asks for anything: then the instruction after it, for which there
// is budget, ends the shadow unseen.
func opSti(c *CPU, o *op) *op {
	if c.CPL != 0 || c.INTR || c.NMI || c.stops != nil || c.S.Budget <= 0 {
		return opPlainLast(c, o)
	}
	c.setFlags(x86.FlagIF, x86.FlagIF)
	return opFall(c, o)
}

func opSwapgs(c *CPU, o *op) *op {
	if c.CPL != 0 {
		return opPlainLast(c, o)
	}
	gs := &c.S.R[RegSeg+x86.GS]
	*gs, c.MSR.KernelGS = c.MSR.KernelGS, *gs
	return opFall(c, o)
}

// opClac is CLAC where AC is clear.
func opClac(c *CPU, o *op) *op {
	if c.CPL != 0 || c.flag(x86.FlagAC) {
		return opPlainLast(c, o)
	}
	return opFall(c, o)
}

func opCld(c *CPU, o *op) *op {
	c.setFlags(x86.FlagDF, 0)
	return o.after()
}

func opRdpkru(c *CPU, o *op) *op {
	if c.pkruReady(c.reg(x86.RCX, 4)).Raised {
		return c.bail(o)
	}
	c.S.R[x86.RAX], c.S.R[x86.RDX] = uint64(c.PKRU), 0
	return o.after()
}

// opPushf64 is PUSHF in 64-bit code.
func opPushf64(c *CPU, o *op) *op {
	c.flushFlags()
	sp := c.S.R[x86.RSP] - 8
	if !c.store64(mmu.LinAddr(sp), c.S.RFLAGS&^uint64(x86.FlagVM|x86.FlagRF)) {
		return c.missPush(o, mmu.LinAddr(sp), 8)
	}
	c.S.R[x86.RSP] = sp
	return o.after()
}

func opReadCR2(c *CPU, o *op) *op {
	if c.CPL != 0 {
		return c.bail(o)
	}
	c.setReg(o.dst, width(o.imm), c.CR2)
	return o.after()
}

// opShiftMI is SHL, SHR and SAR by o.cc of memory by an immediate, not 0.
func opShiftMI(c *CPU, o *op) *op {
	la, w := c.opAddr(o), width(o.aux)
	v, ok := c.modifyOp(la, w)
	if !ok {
		return c.bail(o)
	}
	var r uint64
	var f x86.Flags
	switch fam(o.cc) {
	case famShl:
		r, f, _ = alu.Shl(w, v, o.imm)
	case famShr:
		r, f, _ = alu.Shr(w, v, o.imm)
	default:
		r, f, _ = alu.Sar(w, v, o.imm)
	}
	if !c.storeOp(la, r, w) {
		return c.bail(o)
	}
	c.S.CCOp = 0
	c.setFlags(x86.FlagsStatus, f)
	return o.after()
}
