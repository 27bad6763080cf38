package cpu

import "github.com/glassbox-vm/glassbox/cpu/f80"

// x87 arithmetic: two operands, one operand, and the transcendental instructions.

// A fpBinary is an operation of package f80 on two operands.
type fpBinary func(f80.Control, f80.Float, f80.Float) (f80.Float, f80.Status)

// A fpUnary is an operation of package f80 on one operand.
type fpUnary func(f80.Control, f80.Float) (f80.Float, f80.Status)

// reversed is op with its operands exchanged.
func reversed(op fpBinary, ctl f80.Control, a, b f80.Float) (f80.Float, f80.Status) {
	return op(ctl, b, a)
}

func subr(c f80.Control, a, b f80.Float) (f80.Float, f80.Status) { return reversed(f80.Sub, c, a, b) }
func divr(c f80.Control, a, b f80.Float) (f80.Float, f80.Status) { return reversed(f80.Div, c, a, b) }

// FADD, FSUB, FSUBR, FMUL, FDIV, FDIVR: m32fp, m64fp or registers.
//
// SDM Vol. 2A, "FADD/FADDP/FIADD—Add" and so on.
func fadd(c *CPU, in *Inst) Fault  { return c.fpArith(in, f80.Add, false) }
func fsub(c *CPU, in *Inst) Fault  { return c.fpArith(in, f80.Sub, false) }
func fsubr(c *CPU, in *Inst) Fault { return c.fpArith(in, subr, false) }
func fmul(c *CPU, in *Inst) Fault  { return c.fpArith(in, f80.Mul, false) }
func fdiv(c *CPU, in *Inst) Fault  { return c.fpArith(in, f80.Div, false) }
func fdivr(c *CPU, in *Inst) Fault { return c.fpArith(in, divr, false) }

// The same with a pop.
func faddp(c *CPU, in *Inst) Fault  { return c.fpArith(in, f80.Add, true) }
func fsubp(c *CPU, in *Inst) Fault  { return c.fpArith(in, f80.Sub, true) }
func fsubrp(c *CPU, in *Inst) Fault { return c.fpArith(in, subr, true) }
func fmulp(c *CPU, in *Inst) Fault  { return c.fpArith(in, f80.Mul, true) }
func fdivp(c *CPU, in *Inst) Fault  { return c.fpArith(in, f80.Div, true) }
func fdivrp(c *CPU, in *Inst) Fault { return c.fpArith(in, divr, true) }

// The same with an integer in memory.
func fiadd(c *CPU, in *Inst) Fault  { return c.fpIntArith(in, f80.Add) }
func fisub(c *CPU, in *Inst) Fault  { return c.fpIntArith(in, f80.Sub) }
func fisubr(c *CPU, in *Inst) Fault { return c.fpIntArith(in, subr) }
func fimul(c *CPU, in *Inst) Fault  { return c.fpIntArith(in, f80.Mul) }
func fidiv(c *CPU, in *Inst) Fault  { return c.fpIntArith(in, f80.Div) }
func fidivr(c *CPU, in *Inst) Fault { return c.fpIntArith(in, divr) }

// fpSource begins an instruction and returns its source operand, ST(i) or a widened memory
// operand. ctl is the control word for the operation.
func (c *CPU) fpSource(in *Inst) (v f80.Float, ctl f80.Control, f Fault) {
	if f = c.fpWait(); f.Raised {
		return v, ctl, f
	}
	ctl = c.X87.control()
	if in.Src.Kind != ArgMem {
		c.fpPointers(in)
		return *c.X87.st(in.Src.Reg), ctl, Fault{}
	}
	m, f := c.read(in.Seg, c.ea(in), in.Src.W)
	if f.Raised {
		return v, ctl, f
	}
	c.fpPointers(in)
	var denormal bool
	if in.Src.W == 4 {
		v, denormal = f80.Widen32(uint32(m))
	} else {
		v, denormal = f80.Widen64(m)
	}
	if denormal {
		ctl |= f80.DenormalOperand
	}
	return v, ctl, Fault{}
}

// fpIntSource begins an instruction and returns its integer memory operand.
func (c *CPU) fpIntSource(in *Inst) (v f80.Float, f Fault) {
	if f = c.fpWait(); f.Raised {
		return v, f
	}
	m, f := c.read(in.Seg, c.ea(in), in.Src.W)
	if f.Raised {
		return v, f
	}
	c.fpPointers(in)
	return f80.FromInt64(int64(in.Src.W.SignExtend(m))), Fault{}
}

func (c *CPU) fpArith(in *Inst, op fpBinary, pop bool) Fault {
	src, ctl, f := c.fpSource(in)
	if f.Raised {
		return f
	}
	c.fpOperate(in.Dst.Reg, in.Src, src, ctl, op, pop)
	return Fault{}
}

func (c *CPU) fpIntArith(in *Inst, op fpBinary) Fault {
	src, f := c.fpIntSource(in)
	if f.Raised {
		return f
	}
	c.fpOperate(0, in.Src, src, c.X87.control(), op, false)
	return Fault{}
}

// fpOperate is ST(dst) ← op(ST(dst), src).
func (c *CPU) fpOperate(dst uint8, from Arg, src f80.Float, ctl f80.Control, op fpBinary, pop bool) {
	x := &c.X87
	var r f80.Float
	if x.empty(dst) || from.Kind == ArgST && x.empty(from.Reg) {
		if !c.fpUnderflow() {
			return
		}
		r = f80.Indefinite()
	} else {
		var st f80.Status
		r, st = op(ctl, *x.st(dst), src)
		c.fpStatus(st)
		if st.Withholds(ctl) {
			return
		}
	}
	x.setST(dst, r)
	if pop {
		x.pop()
	}
}

// One-operand instructions: ST(0) ← op(ST(0)).
func fsqrt(c *CPU, in *Inst) Fault   { return c.fpOne(in, f80.Sqrt) }
func frndint(c *CPU, in *Inst) Fault { return c.fpOne(in, f80.RndInt) }
func f2xm1(c *CPU, in *Inst) Fault   { return c.fpOne(in, f80.TwoToXMinus1) }
func fsin(c *CPU, in *Inst) Fault    { return c.fpReduced(in, f80.Sin) }
func fcos(c *CPU, in *Inst) Fault    { return c.fpReduced(in, f80.Cos) }

func fchs(c *CPU, in *Inst) Fault {
	return c.fpOne(in, func(_ f80.Control, a f80.Float) (f80.Float, f80.Status) { return a.Chs(), 0 })
}

func fabs(c *CPU, in *Inst) Fault {
	return c.fpOne(in, func(_ f80.Control, a f80.Float) (f80.Float, f80.Status) { return a.Abs(), 0 })
}

func (c *CPU) fpOne(in *Inst, op fpUnary) Fault { return c.fpOneMasked(in, f80.C1, op) }

// fpReduced is fpOne for the instructions that also set C2.
func (c *CPU) fpReduced(in *Inst, op fpUnary) Fault {
	return c.fpOneMasked(in, f80.C1|f80.C2, op)
}

func (c *CPU) fpOneMasked(in *Inst, mask f80.Status, op fpUnary) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	if x.empty(0) {
		c.fpConditions(mask, 0)
		if c.fpUnderflow() {
			x.setST(0, f80.Indefinite())
		}
		return Fault{}
	}
	ctl := x.control()
	r, st := op(ctl, *x.st(0))
	c.fpConditions(mask, st)
	if !st.Withholds(ctl) {
		x.setST(0, r)
	}
	return Fault{}
}

// FPREM, FPREM1 and FSCALE: ST(0) ← op(ST(0), ST(1)).
func fprem(c *CPU, in *Inst) Fault  { return c.fpTwo(in, f80.Conditions, f80.Rem) }
func fprem1(c *CPU, in *Inst) Fault { return c.fpTwo(in, f80.Conditions, f80.Rem1) }
func fscale(c *CPU, in *Inst) Fault { return c.fpTwo(in, f80.C1, f80.Scale) }

// fpTwo replaces the condition codes in mask; C0 and C3 stay when there is no quotient.
func (c *CPU) fpTwo(in *Inst, mask f80.Status, op fpBinary) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	ctl := x.control()
	r, st := f80.Indefinite(), f80.IE|f80.SF
	if !x.empty(0) && !x.empty(1) {
		r, st = op(ctl, *x.st(0), *x.st(1))
	}
	if r.IsNaN() || st.Withholds(ctl) {
		mask &^= f80.C0 | f80.C3
	}
	c.fpConditions(mask, st)
	if !st.Withholds(ctl) {
		x.setST(0, r)
	}
	return Fault{}
}

// FPATAN, FYL2X and FYL2XP1: ST(1) ← op(ST(1), ST(0)), then pop.
func fpatan(c *CPU, in *Inst) Fault  { return c.fpTwoPop(in, f80.Atan) }
func fyl2x(c *CPU, in *Inst) Fault   { return c.fpTwoPop(in, f80.YLog2X) }
func fyl2xp1(c *CPU, in *Inst) Fault { return c.fpTwoPop(in, f80.YLog2XPlus1) }

func (c *CPU) fpTwoPop(in *Inst, op fpBinary) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	c.fpOperate(1, Arg{Kind: ArgST}, *c.X87.st(0), c.X87.control(), op, true)
	return Fault{}
}

// fptan is FPTAN: ST(0) ← tan ST(0), then 1 is pushed, or the same NaN.
//
// SDM Vol. 2A, "FPTAN—Partial Tangent".
func fptan(c *CPU, in *Inst) Fault {
	return c.fpPair(in, f80.C1|f80.C2, func(ctl f80.Control, a f80.Float) (r, pushed f80.Float, st f80.Status) {
		r, st = f80.Tan(ctl, a)
		if r.IsNaN() {
			return r, r, st
		}
		return r, f80.One(false), st
	})
}

// fsincos is FSINCOS: ST(0) ← sin ST(0), then the cosine is pushed.
//
// SDM Vol. 2A, "FSINCOS—Sine and Cosine".
func fsincos(c *CPU, in *Inst) Fault { return c.fpPair(in, f80.C1|f80.C2, f80.SinCos) }

// fxtract is FXTRACT: ST(0) ← exponent of ST(0), then the significand is pushed.
//
// SDM Vol. 2A, "FXTRACT—Extract Exponent and Significand".
func fxtract(c *CPU, in *Inst) Fault { return c.fpPair(in, f80.C1, f80.Extract) }

// fpPair is an instruction that replaces ST(0) and pushes a second result.
func (c *CPU) fpPair(in *Inst, mask f80.Status, op func(f80.Control, f80.Float) (r, pushed f80.Float, st f80.Status)) Fault {
	if f := c.fpBegin(in); f.Raised {
		return f
	}
	x := &c.X87
	if x.empty(0) || !x.empty(7) {
		c.fpConditions(mask, 0)
		raise := c.fpOverflow
		if x.empty(0) {
			raise = c.fpUnderflow
		}
		if raise() {
			x.setST(0, f80.Indefinite())
			x.push(f80.Indefinite())
		}
		return Fault{}
	}
	ctl := x.control()
	r, pushed, st := op(ctl, *x.st(0))
	c.fpConditions(mask, st)
	if st&f80.C2 == 0 && !st.Withholds(ctl) {
		x.setST(0, r)
		x.push(pushed)
	}
	return Fault{}
}
