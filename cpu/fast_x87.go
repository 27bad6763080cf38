package cpu

import "github.com/glassbox-vm/glassbox/cpu/f80"

// Special operations of x87, made only where CR0 allows the instructions (ModeNoFPU). They
// serve the usual case: all exceptions are masked and none is pending, the registers needed
// are not empty or, for a push, are, and the TLB allows the memory operand. Everything else
// is left to the function of the row before anything changes: o.aux is the instruction.
//
// o.imm is how often ST(0) is popped in the end.

// fpReady says whether exceptions are masked and none is pending: then none can become an
// interrupt or a fault, and FERR# stays as it is.
func (c *CPU) fpReady() bool {
	return c.X87.SW&uint16(f80.ES) == 0 && c.X87.CW&uint16(f80.ControlMasks) == uint16(f80.ControlMasks)
}

// fpNote is fpPointers. The latest models remember the instruction pointer only.
func (c *CPU) fpNote(o *op) {
	c.X87.FIP = o.rip
	if c.fpAll {
		c.nextRIP = (o.rip + uint64(o.size)) & c.ripMask
		c.fpPointers(c.fast.insts.at(o.aux))
	}
}

// fpDone sets what exceptions came, and C1, and pops.
func (c *CPU) fpDone(o *op, st f80.Status) *op {
	c.X87.SW = c.X87.SW&^uint16(f80.C1) | uint16(st)
	if o.imm != 0 {
		c.X87.pop()
	}
	return o.after()
}

// fpLoad reads w bytes for an x87 instruction.
func (c *CPU) fpLoad(o *op, w width) (v uint64, ok bool) { return c.loadHit(c.opAddr(o), w) }

// fpOnRegs makes ST(dst) ← f(ST(dst), ST(src)).
func fpOnRegs(f fpBinary) handler {
	return func(c *CPU, o *op) *op {
		x := &c.X87
		top := x.top()
		d, s := (top+o.dst)&7, (top+o.src)&7
		if !c.fpReady() || x.Tag>>d&(x.Tag>>s)&1 == 0 {
			return opPlain(c, o)
		}
		c.fpNote(o)
		r, st := f(x.control(), x.Reg[d], x.Reg[s])
		x.Reg[d] = r
		return c.fpDone(o, st)
	}
}

// An fpWiden is how a memory operand of some width becomes a Float; denormal says that it
// was a denormal, which widened is none.
type fpWiden func(m uint64) (v f80.Float, denormal bool)

func widen32(m uint64) (f80.Float, bool) { return f80.Widen32(uint32(m)) }
func widen64(m uint64) (f80.Float, bool) { return f80.Widen64(m) }
func widenI16(m uint64) (f80.Float, bool) {
	return f80.FromInt64(int64(int16(m))), false
}
func widenI32(m uint64) (f80.Float, bool) { return f80.FromInt64(int64(int32(m))), false }

// fpOnMem makes ST(0) ← f(ST(0), memory).
func fpOnMem(f fpBinary, w width, widen fpWiden) handler {
	return func(c *CPU, o *op) *op {
		x := &c.X87
		d := x.top()
		m, ok := c.fpLoad(o, w)
		if !ok || !c.fpReady() || x.Tag>>d&1 == 0 {
			return opPlain(c, o)
		}
		c.fpNote(o)
		v, denormal := widen(m)
		ctl := x.control()
		if denormal {
			ctl |= f80.DenormalOperand
		}
		r, st := f(ctl, x.Reg[d], v)
		x.Reg[d] = r
		return c.fpDone(o, st)
	}
}

// fpPushes says whether a push would find an empty register and nothing else is in the way.
func (c *CPU) fpPushes() bool { return c.fpReady() && c.X87.empty(7) }

// fpPushed finishes a push of v.
func (c *CPU) fpPushed(o *op, v f80.Float, st f80.Status) *op {
	c.X87.SW = c.X87.SW&^uint16(f80.C1) | uint16(st)
	c.X87.push(v)
	return o.after()
}

func opFld32(c *CPU, o *op) *op {
	m, ok := c.fpLoad(o, 4)
	if !ok || !c.fpPushes() {
		return opPlain(c, o)
	}
	c.fpNote(o)
	v, st := f80.FromFloat32(uint32(m))
	return c.fpPushed(o, v, st)
}

func opFld64(c *CPU, o *op) *op {
	m, ok := c.fpLoad(o, 8)
	if !ok || !c.fpPushes() {
		return opPlain(c, o)
	}
	c.fpNote(o)
	v, st := f80.FromFloat64(m)
	return c.fpPushed(o, v, st)
}

func opFld80(c *CPU, o *op) *op {
	la := c.opAddr(o)
	sig, ok := c.load64(la)
	se, ok2 := c.load16(la + 8)
	if !ok || !ok2 || !c.fpPushes() {
		return opPlain(c, o)
	}
	c.fpNote(o)
	return c.fpPushed(o, f80.Float{Sig: sig, SE: uint16(se)}, 0)
}

func opFldReg(c *CPU, o *op) *op {
	if !c.fpPushes() || c.X87.empty(o.src) {
		return opPlain(c, o)
	}
	c.fpNote(o)
	return c.fpPushed(o, *c.X87.st(o.src), 0)
}

// opFldConst is FLD1 to FLDZ; o.src is which.
func opFldConst(c *CPU, o *op) *op {
	if !c.fpPushes() {
		return opPlain(c, o)
	}
	c.fpNote(o)
	return c.fpPushed(o, f80.Const(o.src).Load(c.X87.control()), 0)
}

// opFild is FILD of o.imm bytes.
func opFild(c *CPU, o *op) *op {
	w := width(o.imm)
	m, ok := c.fpLoad(o, w)
	if !ok || !c.fpPushes() {
		return opPlain(c, o)
	}
	c.fpNote(o)
	return c.fpPushed(o, f80.FromInt64(int64(w.SignExtend(m))), 0)
}

// fpStores says whether ST(0) can be stored.
func (c *CPU) fpStores() bool { return c.fpReady() && !c.X87.empty(0) }

func opFst32(c *CPU, o *op) *op {
	if !c.fpStores() {
		return opPlain(c, o)
	}
	v, st := f80.ToFloat32(c.X87.control(), *c.X87.st(0))
	if !c.store32(c.opAddr(o), uint64(v)) {
		return opPlain(c, o)
	}
	c.fpNote(o)
	return c.fpDone(o, st)
}

func opFst64(c *CPU, o *op) *op {
	if !c.fpStores() {
		return opPlain(c, o)
	}
	v, st := f80.ToFloat64(c.X87.control(), *c.X87.st(0))
	if !c.store64(c.opAddr(o), v) {
		return opPlain(c, o)
	}
	c.fpNote(o)
	return c.fpDone(o, st)
}

func opFst80(c *CPU, o *op) *op {
	la := c.opAddr(o)
	v := *c.X87.st(0)
	if !c.fpStores() || la%mmuPage > mmuPage-10 || !c.store64(la, v.Sig) || !c.store16(la+8, uint64(v.SE)) {
		return opPlain(c, o)
	}
	c.fpNote(o)
	return c.fpDone(o, 0)
}

// opFstReg is FST and FSTP to a register, opFxch FXCH; both registers of the latter are full.
func opFstReg(c *CPU, o *op) *op {
	if !c.fpStores() {
		return opPlain(c, o)
	}
	c.fpNote(o)
	c.X87.setST(o.dst, *c.X87.st(0))
	return c.fpDone(o, 0)
}

func opFxch(c *CPU, o *op) *op {
	x := &c.X87
	if !c.fpStores() || x.empty(o.dst) {
		return opPlain(c, o)
	}
	c.fpNote(o)
	a, b := x.st(0), x.st(o.dst)
	*a, *b = *b, *a
	return c.fpDone(o, 0)
}

// fpOnTop makes ST(0) ← f(ST(0)).
func fpOnTop(f fpUnary) handler {
	return func(c *CPU, o *op) *op {
		if !c.fpStores() {
			return opPlain(c, o)
		}
		c.fpNote(o)
		x := &c.X87
		r, st := f(x.control(), *x.st(0))
		*x.st(0) = r
		return c.fpDone(o, st)
	}
}

// fpToFlags makes FCOMI and FUCOMI, with o.imm FCOMIP and FUCOMIP. C1 stays.
func fpToFlags(f fpCompare) handler {
	return func(c *CPU, o *op) *op {
		x := &c.X87
		if !c.fpStores() || x.empty(o.src) {
			return opPlain(c, o)
		}
		c.fpNote(o)
		st := f(x.control(), *x.st(0), *x.st(o.src))
		c.S.CCOp = 0
		c.setStatus(fpFlags(st))
		x.SW |= uint16(st &^ fpOrder)
		if o.imm != 0 {
			x.pop()
		}
		return o.after()
	}
}

// fpToCodes makes FCOM and FUCOM of registers; o.imm is the number of pops.
func fpToCodes(f fpCompare) handler {
	return func(c *CPU, o *op) *op {
		x := &c.X87
		if !c.fpStores() || x.empty(o.src) {
			return opPlain(c, o)
		}
		c.fpNote(o)
		st := f(x.control(), *x.st(0), *x.st(o.src))
		x.SW = x.SW&^uint16(f80.Conditions) | uint16(st)
		for range o.imm {
			x.pop()
		}
		return o.after()
	}
}

func opFnstswAX(c *CPU, o *op) *op {
	*c.S.r(0) = *c.S.r(0)&^0xffff | uint64(c.X87.SW)
	return o.after()
}

// opX87 calls the function of a row on registers alone, without exact counts.
func opX87(c *CPU, o *op) *op {
	if !c.fpReady() {
		return opPlain(c, o)
	}
	in := c.fast.insts.at(o.aux)
	c.nextRIP = (o.rip + uint64(o.size)) & c.ripMask
	if fault := in.Op.Exec(c, in); fault.Raised {
		panic("cpu: x87 instruction faults with its exceptions masked")
	}
	return o.after()
}

func chs(_ f80.Control, a f80.Float) (f80.Float, f80.Status) { return a.Chs(), 0 }
func abs(_ f80.Control, a f80.Float) (f80.Float, f80.Status) { return a.Abs(), 0 }

// An x87Row is what becomes of an arithmetic instruction: registers, memory of 4 and 8
// bytes.
type x87Row struct{ regs, m32, m64 handler }

func x87Of(f fpBinary) x87Row {
	return x87Row{fpOnRegs(f), fpOnMem(f, 4, widen32), fpOnMem(f, 8, widen64)}
}

var x87Arith = map[string]x87Row{
	"FADD": x87Of(f80.Add), "FSUB": x87Of(f80.Sub), "FSUBR": x87Of(subr),
	"FMUL": x87Of(f80.Mul), "FDIV": x87Of(f80.Div), "FDIVR": x87Of(divr),
}

var x87Integer = map[string][2]handler{ // of 2 and 4 bytes
	"FIADD":  {fpOnMem(f80.Add, 2, widenI16), fpOnMem(f80.Add, 4, widenI32)},
	"FISUB":  {fpOnMem(f80.Sub, 2, widenI16), fpOnMem(f80.Sub, 4, widenI32)},
	"FISUBR": {fpOnMem(subr, 2, widenI16), fpOnMem(subr, 4, widenI32)},
	"FIMUL":  {fpOnMem(f80.Mul, 2, widenI16), fpOnMem(f80.Mul, 4, widenI32)},
	"FIDIV":  {fpOnMem(f80.Div, 2, widenI16), fpOnMem(f80.Div, 4, widenI32)},
	"FIDIVR": {fpOnMem(divr, 2, widenI16), fpOnMem(divr, 4, widenI32)},
}

var x87Unary = map[string]handler{"FCHS": fpOnTop(chs), "FABS": fpOnTop(abs), "FSQRT": fpOnTop(f80.Sqrt), "FRNDINT": fpOnTop(f80.RndInt)}

var x87Compare = map[string]handler{
	"FCOMI": fpToFlags(f80.Compare), "FUCOMI": fpToFlags(f80.CompareUnordered),
	"FCOM": fpToCodes(f80.Compare), "FUCOM": fpToCodes(f80.CompareUnordered),
}

// x87 makes o a special operation of x87; false where there is none.
func (t *translator) x87(o *op, in *Inst) bool {
	saved := *o
	if t.x87Of(o, in) {
		return true
	}
	*o = saved
	return false
}

func (t *translator) x87Of(o *op, in *Inst) bool {
	if in.Op.Feature != FeatFPU && in.Op.Feature != FeatCMOV || in.VEX || t.c.S.Mode&ModeNoFPU != 0 || in.Op.Name[0] != 'F' || in.Op.Attr&Ends != 0 {
		return false
	}
	o.imm = 0
	o.dst, o.src = in.Dst.Reg, in.Src.Reg
	if in.Dst.Kind == ArgMem || in.Src.Kind == ArgMem {
		return t.fast && t.address(o, in) && t.x87Mem(o, in)
	}
	name := in.Op.Name
	for name[len(name)-1] == 'P' && name != "FNOP" {
		name, o.imm = name[:len(name)-1], o.imm+1
	}
	o.fn = nil
	switch {
	case name == "FNSTSW":
		o.fn = opFnstswAX
	case name == "FLD":
		o.fn = opFldReg
	case in.Op.Name == "FST", in.Op.Name == "FSTP" && in.Code != 0xd9:
		o.fn = opFstReg
	case name == "FXCH":
		o.fn = opFxch
	case name == "FLD1" || name == "FLDZ" || name == "FLDPI":
		o.src = in.RM()
		o.fn = opFldConst
	case x87Unary[name] != nil:
		o.fn = x87Unary[name]
	case x87Compare[name] != nil:
		if in.Src.Kind != ArgST {
			o.src = 1 // FCOMPP and FUCOMPP
		}
		o.fn = x87Compare[name]
	default:
		o.fn = x87Arith[name].regs
	}
	if o.fn == nil && x87Quick[in.Op.Name] {
		o.fn = opX87
	}
	return o.fn != nil
}

// x87Quick are further instructions on registers.
var x87Quick = map[string]bool{
	"FSIN": true, "FCOS": true, "FSINCOS": true, "FPTAN": true, "FPATAN": true, "F2XM1": true, "FYL2X": true, "FYL2XP1": true,
	"FPREM": true, "FPREM1": true, "FSCALE": true, "FXTRACT": true, "FXAM": true, "FTST": true,
}

// x87Mem is x87 with a memory operand.
func (t *translator) x87Mem(o *op, in *Inst) bool {
	pick := func(w width, h32, h64 handler) handler {
		switch w {
		case 4:
			return h32
		case 8:
			return h64
		}
		return nil
	}
	o.fn = nil
	switch name := in.Op.Name; name {
	case "FLD":
		o.fn = pick(in.Src.W, opFld32, opFld64)
		if in.Src.W == 10 {
			o.fn = opFld80
		}
	case "FILD":
		o.imm = uint64(in.Src.W)
		o.fn = opFild
	case "FST", "FSTP":
		o.imm = uint64(b2i(name == "FSTP"))
		o.fn = pick(in.Dst.W, opFst32, opFst64)
		if in.Dst.W == 10 {
			o.fn = opFst80
		}
	default:
		if in.Src.Kind != ArgMem {
			return false
		}
		o.fn = pick(in.Src.W, x87Arith[name].m32, x87Arith[name].m64)
		if row, ok := x87Integer[name]; ok {
			o.fn = row[in.Src.W/4]
		}
	}
	return o.fn != nil
}
