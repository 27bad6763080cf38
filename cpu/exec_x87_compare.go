package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// x87 comparisons.

// A fpCompare is f80.Compare or f80.CompareUnordered.
type fpCompare func(f80.Control, f80.Float, f80.Float) f80.Status

// FCOM and FUCOM, with no, one or two pops.
//
// SDM Vol. 2A, "FCOM/FCOMP/FCOMPP—Compare Floating Point Values" and
// "FUCOM/FUCOMP/FUCOMPP—Unordered Compare Floating Point Values".
func fcom(c *CPU, in *Inst) Fault    { return c.fpCompare(in, f80.Compare, 0) }
func fcomp(c *CPU, in *Inst) Fault   { return c.fpCompare(in, f80.Compare, 1) }
func fcompp(c *CPU, in *Inst) Fault  { return c.fpCompareTop(in, f80.Compare) }
func fucom(c *CPU, in *Inst) Fault   { return c.fpCompare(in, f80.CompareUnordered, 0) }
func fucomp(c *CPU, in *Inst) Fault  { return c.fpCompare(in, f80.CompareUnordered, 1) }
func fucompp(c *CPU, in *Inst) Fault { return c.fpCompareTop(in, f80.CompareUnordered) }

const (
	fpOrder     = f80.C3 | f80.C2 | f80.C0 // the condition codes of a comparison
	fpUnordered = f80.C3 | f80.C2 | f80.C0
)

func (c *CPU) fpCompare(in *Inst, cmp fpCompare, pops int) Fault {
	src, ctl, f := c.fpSource(in)
	if f.Raised {
		return f
	}
	x := &c.X87
	st := fpUnordered | f80.IE | f80.SF
	if !x.empty(0) && (in.Src.Kind != ArgST || !x.empty(in.Src.Reg)) {
		st = cmp(ctl, *x.st(0), src)
	}
	c.fpCompared(st, pops)
	return Fault{}
}

// fpCompareTop compares ST(0) with ST(1) and pops both.
func (c *CPU) fpCompareTop(in *Inst, cmp fpCompare) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	st := fpUnordered | f80.IE | f80.SF
	if !x.empty(0) && !x.empty(1) {
		st = cmp(x.control(), *x.st(0), *x.st(1))
	}
	c.fpCompared(st, 2)
	return Fault{}
}

// fpCompared sets the condition codes and pops, unless an unmasked exception forbids it.
func (c *CPU) fpCompared(st f80.Status, pops int) {
	c.fpConditions(f80.Conditions, st)
	if st.Withholds(c.X87.control()) {
		return
	}
	for range pops {
		c.X87.pop()
	}
}

// FICOM and FICOMP.
//
// SDM Vol. 2A, "FICOM/FICOMP—Compare Integer".
func ficom(c *CPU, in *Inst) Fault  { return c.fpCompareInt(in, 0) }
func ficomp(c *CPU, in *Inst) Fault { return c.fpCompareInt(in, 1) }

func (c *CPU) fpCompareInt(in *Inst, pops int) Fault {
	src, f := c.fpIntSource(in)
	if f.Raised {
		return f
	}
	x := &c.X87
	st := fpUnordered | f80.IE | f80.SF
	if !x.empty(0) {
		st = f80.Compare(x.control(), *x.st(0), src)
	}
	c.fpCompared(st, pops)
	return Fault{}
}

// ftst is FTST: ST(0) is compared with zero.
//
// SDM Vol. 2A, "FTST—TEST".
func ftst(c *CPU, in *Inst) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	st := fpUnordered | f80.IE | f80.SF
	if !x.empty(0) {
		st = f80.Compare(x.control(), *x.st(0), f80.Zero(false))
	}
	c.fpCompared(st, 0)
	return Fault{}
}

// fxam is FXAM. Of an empty register the sign is told all the same.
//
// SDM Vol. 2A, "FXAM—Examine Floating-Point".
func fxam(c *CPU, in *Inst) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	st := x.st(0).Examine()
	if x.empty(0) {
		st = f80.C3 | f80.C0 | st&f80.C1
	}
	c.fpConditions(f80.Conditions, st)
	return Fault{}
}

// FCOMI and FUCOMI compare into ZF, PF and CF. Processors leave C1 alone
// unless the stack underflows.
//
// SDM Vol. 2A, "FCOMI/FCOMIP/FUCOMI/FUCOMIP—Compare Floating Point Values and Set EFLAGS".
func fcomi(c *CPU, in *Inst) Fault   { return c.fpCompareFlags(in, f80.Compare, false) }
func fcomip(c *CPU, in *Inst) Fault  { return c.fpCompareFlags(in, f80.Compare, true) }
func fucomi(c *CPU, in *Inst) Fault  { return c.fpCompareFlags(in, f80.CompareUnordered, false) }
func fucomip(c *CPU, in *Inst) Fault { return c.fpCompareFlags(in, f80.CompareUnordered, true) }

func (c *CPU) fpCompareFlags(in *Inst, cmp fpCompare, pop bool) Fault {
	src, ctl, f := c.fpSource(in)
	if f.Raised {
		return f
	}
	x := &c.X87
	st := fpUnordered | f80.IE | f80.SF
	if !x.empty(0) && !x.empty(in.Src.Reg) {
		st = cmp(ctl, *x.st(0), src)
	}
	c.setStatus(fpFlags(st)) // also when an unmasked exception holds the pop off
	c.fpConditions(0, st&^fpOrder)
	if st&f80.SF != 0 {
		x.SW &^= uint16(f80.C1)
	}
	if pop && !st.Withholds(ctl) {
		x.pop()
	}
	return Fault{}
}

// fpFlags is what FCOMI puts into the flags for condition codes.
func fpFlags(st f80.Status) (flags x86.Flags) {
	if st&f80.C3 != 0 {
		flags |= x86.FlagZF
	}
	if st&f80.C2 != 0 {
		flags |= x86.FlagPF
	}
	if st&f80.C0 != 0 {
		flags |= x86.FlagCF
	}
	return flags
}
