package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Special operations of SSE: moves, logic, scalar arithmetic. Arithmetic is that of package
// simd, which uses the host's where the result is provably the same. An operation that would
// raise an unmasked exception, or that control registers forbid, is left to the plain engine
// before anything changes.

// sseOff says whether SSE instructions fault.
func (c *CPU) sseOff() bool {
	return c.CR0&(x86.CR0_EM|x86.CR0_TS)|(c.CR4&x86.CR4_OSFXSR^x86.CR4_OSFXSR) != 0
}

// opQuick calls the function of a row that only works on vector registers: it needs no exact
// count unless it faults.
func opQuick(c *CPU, o *op) *op {
	in := c.fast.insts.at(o.aux)
	if fault := in.Op.Exec(c, in); fault.Raised {
		c.S.Budget += int64(o.left) - 1
		c.S.RIP = o.rip
		c.flushFlags()
		c.deliver(fault)
		return nil
	}
	return o.next
}

// quick says whether opQuick may be used: for all of SSE without memory operand, but for
// MASKMOVDQU, which has one that its row does not name.
func quick(in *Inst) bool {
	if in.Op.Name == "MASKMOVDQU" {
		return false
	}
	vec := func(a Arg) bool { return a.Kind == ArgXMM || a.Kind == ArgNone || a.Kind == ArgImm || a.Kind == ArgReg }
	return in.Op.Attr&(Vec|Ends) == Vec && in.Op.Reads|in.Op.Writes == 0 && vec(in.Dst) && vec(in.Src) && vec(in.Third) &&
		(in.Dst.Kind == ArgXMM || in.Src.Kind == ArgXMM)
}

func (c *CPU) vecLo(n uint8) uint64 { return binary.LittleEndian.Uint64(c.S.XMM[n&31][:8]) }
func (c *CPU) vecHi(n uint8) uint64 { return binary.LittleEndian.Uint64(c.S.XMM[n&31][8:16]) }

func (c *CPU) setVecs(n uint8, lo, hi uint64) {
	x := &c.S.XMM[n&31]
	binary.LittleEndian.PutUint64(x[:8], lo)
	binary.LittleEndian.PutUint64(x[8:16], hi)
}

// load128 loads 16 bytes; o.cc is 15 where they must be aligned, else 0.
func (c *CPU) load128(o *op) (lo, hi uint64, ok bool) {
	la := c.opAddr(o)
	if c.sseOff() || uint64(la)&uint64(o.cc) != 0 {
		return 0, 0, false
	}
	if lo, ok = c.load64(la); !ok {
		if lo, ok = c.loadMiss(la, 8); !ok {
			return 0, 0, false
		}
	}
	if hi, ok = c.load64(la + 8); !ok {
		hi, ok = c.loadMiss(la+8, 8)
	}
	return lo, hi, ok
}

// store128 stores 16 bytes of one page.
func (c *CPU) store128(o *op, lo, hi uint64) bool {
	la := c.opAddr(o)
	if c.sseOff() || uint64(la)&uint64(o.cc) != 0 || la%mmuPage > mmuPage-16 {
		return false
	}
	return (c.store64(la, lo) || c.storeMiss(la, lo, 8)) && c.store64(la+8, hi)
}

// vecRR, vecRM and vecMR are 16-byte moves.
func vecRR(c *CPU, o *op) *op {
	if c.sseOff() {
		return c.bail(o)
	}
	c.setVecs(o.dst, c.vecLo(o.src), c.vecHi(o.src))
	return o.next
}

func vecRM(c *CPU, o *op) *op {
	lo, hi, ok := c.load128(o)
	if !ok {
		return c.bail(o)
	}
	c.setVecs(o.dst, lo, hi)
	return o.next
}

func vecMR(c *CPU, o *op) *op {
	if !c.store128(o, c.vecLo(o.src), c.vecHi(o.src)) {
		return c.bail(o)
	}
	return o.next
}

// scalarRR64 and scalarRR32 are MOVSD and MOVSS between registers, vecQRR is MOVQ.
func scalarRR64(c *CPU, o *op) *op {
	if c.sseOff() {
		return c.bail(o)
	}
	c.setVecs(o.dst, c.vecLo(o.src), c.vecHi(o.dst))
	return o.next
}

func scalarRR32(c *CPU, o *op) *op {
	if c.sseOff() {
		return c.bail(o)
	}
	c.setVecs(o.dst, c.vecLo(o.dst)&^0xffffffff|c.vecLo(o.src)&0xffffffff, c.vecHi(o.dst))
	return o.next
}

func vecQRR(c *CPU, o *op) *op {
	if c.sseOff() {
		return c.bail(o)
	}
	c.setVecs(o.dst, c.vecLo(o.src), 0)
	return o.next
}

// scalarRM64 and scalarRM32 load 8 and 4 bytes and clear the rest; scalarMR64 and
// scalarMR32 store them.
func scalarRM64(c *CPU, o *op) *op {
	la := c.opAddr(o)
	v, ok := c.load64(la)
	if c.sseOff() {
		return c.bail(o)
	}
	if !ok {
		if v, ok = c.loadMiss(la, 8); !ok {
			return c.bail(o)
		}
	}
	c.setVecs(o.dst, v, 0)
	return o.next
}

func scalarRM32(c *CPU, o *op) *op {
	la := c.opAddr(o)
	v, ok := c.load32(la)
	if c.sseOff() {
		return c.bail(o)
	}
	if !ok {
		if v, ok = c.loadMiss(la, 4); !ok {
			return c.bail(o)
		}
	}
	c.setVecs(o.dst, v, 0)
	return o.next
}

func scalarMR64(c *CPU, o *op) *op {
	la, v := c.opAddr(o), c.vecLo(o.src)
	if c.sseOff() || !c.store64(la, v) && !c.storeMiss(la, v, 8) {
		return c.bail(o)
	}
	return o.next
}

func scalarMR32(c *CPU, o *op) *op {
	la, v := c.opAddr(o), c.vecLo(o.src)&0xffffffff
	if c.sseOff() || !c.store32(la, v) && !c.storeMiss(la, v, 4) {
		return c.bail(o)
	}
	return o.next
}

// highMR stores the upper half: MOVHPS and MOVHPD; highRM loads it.
func highMR(c *CPU, o *op) *op {
	la, v := c.opAddr(o), c.vecHi(o.src)
	if c.sseOff() || !c.store64(la, v) && !c.storeMiss(la, v, 8) {
		return c.bail(o)
	}
	return o.next
}

func highRM(c *CPU, o *op) *op {
	v, ok := c.operand64(o)
	if !ok {
		return c.bail(o)
	}
	c.setVecs(o.dst, c.vecLo(o.dst), v)
	return o.next
}

// gprToVec64 and gprToVec32 are MOVQ and MOVD from a general register, vecToGPR64 and
// vecToGPR32 to one.
func gprToVec64(c *CPU, o *op) *op {
	if c.sseOff() {
		return c.bail(o)
	}
	c.setVecs(o.dst, c.S.R[o.src&31], 0)
	return o.next
}

func gprToVec32(c *CPU, o *op) *op {
	if c.sseOff() {
		return c.bail(o)
	}
	c.setVecs(o.dst, uint64(uint32(c.S.R[o.src&31])), 0)
	return o.next
}

func vecToGPR64(c *CPU, o *op) *op {
	if c.sseOff() {
		return c.bail(o)
	}
	c.S.R[o.dst&31] = c.vecLo(o.src)
	return o.next
}

func vecToGPR32(c *CPU, o *op) *op {
	if c.sseOff() {
		return c.bail(o)
	}
	c.S.R[o.dst&31] = c.vecLo(o.src) & 0xffffffff
	return o.next
}

// lanewise makes the register and memory forms of an operation on 64-bit lanes.
func lanewise(f func(a, b uint64) uint64) simdForms {
	return simdForms{
		rr: func(c *CPU, o *op) *op {
			if c.sseOff() {
				return c.bail(o)
			}
			c.setVecs(o.dst, f(c.vecLo(o.dst), c.vecLo(o.src)), f(c.vecHi(o.dst), c.vecHi(o.src)))
			return o.next
		},
		rm: func(c *CPU, o *op) *op {
			lo, hi, ok := c.load128(o)
			if !ok {
				return c.bail(o)
			}
			c.setVecs(o.dst, f(c.vecLo(o.dst), lo), f(c.vecHi(o.dst), hi))
			return o.next
		},
	}
}

// operand64 and operand32 are the memory operand of a scalar instruction.
func (c *CPU) operand64(o *op) (v uint64, ok bool) {
	if c.sseOff() {
		return 0, false
	}
	la := c.opAddr(o)
	if v, ok = c.load64(la); !ok {
		v, ok = c.loadMiss(la, 8)
	}
	return v, ok
}

func (c *CPU) operand32(o *op) (v uint64, ok bool) {
	if c.sseOff() {
		return 0, false
	}
	la := c.opAddr(o)
	if v, ok = c.load32(la); !ok {
		v, ok = c.loadMiss(la, 4)
	}
	return v, ok
}

// raised notes masked floating-point exceptions; false when one is not masked.
func (c *CPU) raised(st simd.Status) bool {
	if st == 0 {
		return true
	}
	m := simd.MXCSR(c.S.MXCSR)
	if m.Unmasked(st) != 0 {
		return false
	}
	c.S.MXCSR = uint32(m.Raise(st))
	return true
}

// double makes a scalar operation on binary64, single one on binary32.
func double(f simd.Binary) simdForms {
	apply := func(c *CPU, o *op, b uint64) *op {
		r, st := f(simd.Double, simd.MXCSR(c.S.MXCSR), c.vecLo(o.dst), b)
		if !c.raised(st) {
			return c.bail(o)
		}
		binary.LittleEndian.PutUint64(c.S.XMM[o.dst&31][:8], r)
		return o.next
	}
	return scalarForms(apply, (*CPU).operand64)
}

func single(f simd.Binary) simdForms {
	apply := func(c *CPU, o *op, b uint64) *op {
		r, st := f(simd.Single, simd.MXCSR(c.S.MXCSR), c.vecLo(o.dst)&0xffffffff, b&0xffffffff)
		if !c.raised(st) {
			return c.bail(o)
		}
		binary.LittleEndian.PutUint32(c.S.XMM[o.dst&31][:4], uint32(r))
		return o.next
	}
	return scalarForms(apply, (*CPU).operand32)
}

func scalarForms(apply func(*CPU, *op, uint64) *op, load func(*CPU, *op) (uint64, bool)) simdForms {
	return simdForms{
		rr: func(c *CPU, o *op) *op {
			if c.sseOff() {
				return c.bail(o)
			}
			return apply(c, o, c.vecLo(o.src))
		},
		rm: func(c *CPU, o *op) *op {
			b, ok := load(c, o)
			if !ok {
				return c.bail(o)
			}
			return apply(c, o, b)
		},
	}
}

// compare makes UCOMISD and COMISD (signal).
func compareDouble(signal bool) simdForms {
	return scalarForms(func(c *CPU, o *op, b uint64) *op {
		r, st := simd.Double.Relate(simd.MXCSR(c.S.MXCSR), c.vecLo(o.dst), b, signal)
		if !c.raised(st) {
			return c.bail(o)
		}
		c.S.CCOp = 0
		c.setStatus(relationFlags[r])
		return o.next
	}, (*CPU).operand64)
}

// relationFlags are the status flags that COMISD and its kin set.
var relationFlags = [...]x86.Flags{
	simd.Greater:   0,
	simd.Less:      x86.FlagCF,
	simd.Equal:     x86.FlagZF,
	simd.Unordered: x86.FlagZF | x86.FlagPF | x86.FlagCF,
}

// intToDouble makes CVTSI2SD from w bytes, doubleToInt CVTTSD2SI to w bytes.
func intToDouble(w width) simdForms {
	apply := func(c *CPU, o *op, v uint64) *op {
		r, st := simd.Double.FromInt(simd.MXCSR(c.S.MXCSR), int64(w.SignExtend(v)))
		if !c.raised(st) {
			return c.bail(o)
		}
		binary.LittleEndian.PutUint64(c.S.XMM[o.dst&31][:8], r)
		return o.next
	}
	load := (*CPU).operand64
	if w == 4 {
		load = (*CPU).operand32
	}
	f := scalarForms(apply, load)
	f.rr = func(c *CPU, o *op) *op {
		if c.sseOff() {
			return c.bail(o)
		}
		return apply(c, o, c.S.R[o.src&31])
	}
	return f
}

func doubleToInt(w width) simdForms {
	return scalarForms(func(c *CPU, o *op, v uint64) *op {
		r, st := simd.Double.ToIntTruncated(simd.MXCSR(c.S.MXCSR), w.Bits(), v)
		if !c.raised(st) {
			return c.bail(o)
		}
		c.S.R[o.dst&31] = r & w.Mask()
		return o.next
	}, (*CPU).operand64)
}

// simdForms are the handlers of an instruction: register or memory source.
type simdForms struct{ rr, rm handler }

// simdOps are instructions with special operations whose destination is a register.
var simdOps = map[string]simdForms{
	"PXOR": lanewise(simd.PXor), "XORPS": lanewise(simd.PXor), "XORPD": lanewise(simd.PXor),
	"PAND": lanewise(simd.PAnd), "ANDPS": lanewise(simd.PAnd), "ANDPD": lanewise(simd.PAnd),
	"POR": lanewise(simd.POr), "ORPS": lanewise(simd.POr), "ORPD": lanewise(simd.POr),
	"PANDN": lanewise(simd.PAndN), "ANDNPS": lanewise(simd.PAndN), "ANDNPD": lanewise(simd.PAndN),
	"PADDB": lanewise(simd.PAddB), "PADDD": lanewise(simd.PAddD), "PADDQ": lanewise(simd.PAddQ),
	"PSUBB": lanewise(simd.PSubB), "PSUBD": lanewise(simd.PSubD), "PSUBQ": lanewise(simd.PSubQ),
	"PCMPEQB": lanewise(simd.PCmpEqB), "PCMPEQD": lanewise(simd.PCmpEqD),
	"PMINUB": lanewise(simd.PMinUB),

	"ADDSD": double(simd.Format.Add), "SUBSD": double(simd.Format.Sub), "MULSD": double(simd.Format.Mul),
	"DIVSD": double(simd.Format.Div), "MINSD": double(simd.Format.Min), "MAXSD": double(simd.Format.Max),
	"SQRTSD": double(sqrt),
	"ADDSS":  single(simd.Format.Add), "SUBSS": single(simd.Format.Sub), "MULSS": single(simd.Format.Mul),
	"DIVSS": single(simd.Format.Div), "MINSS": single(simd.Format.Min), "MAXSS": single(simd.Format.Max),
	"SQRTSS":  single(sqrt),
	"UCOMISD": compareDouble(false), "COMISD": compareDouble(true),

	"MOVAPS": {vecRR, vecRM}, "MOVAPD": {vecRR, vecRM}, "MOVUPS": {vecRR, vecRM}, "MOVUPD": {vecRR, vecRM},
	"MOVDQA": {vecRR, vecRM}, "MOVDQU": {vecRR, vecRM}, "LDDQU": {nil, vecRM}, "MOVNTDQA": {nil, vecRM},
	"MOVSD": {scalarRR64, scalarRM64}, "MOVSS": {scalarRR32, scalarRM32},
	"MOVHPS": {nil, highRM}, "MOVHPD": {nil, highRM},
}

// cvtOps are CVTSI2SD and CVTTSD2SI of 4 and 8 bytes.
var cvtOps = [2][2]simdForms{
	{intToDouble(4), intToDouble(8)},
	{doubleToInt(4), doubleToInt(8)},
}

// simdOf makes o a special operation of SSE; false where there is none.
func (t *translator) simdOf(o *op, in *Inst) bool {
	if !t.fast || in.VEX || in.Op.Attr&Vec == 0 {
		return false
	}
	o.dst, o.src = in.Dst.Reg, in.Src.Reg
	o.cc = uint8(15 * b2i(in.Op.Attr&Align16 != 0))
	mem := in.Dst.Kind == ArgMem || in.Src.Kind == ArgMem
	if mem && !t.address(o, in) {
		return false
	}
	o.fn = nil
	switch {
	case in.Third.Kind != ArgNone:
	case in.Dst.Kind == ArgXMM && in.Src.Kind == ArgXMM:
		o.fn = simdOps[in.Op.Name].rr
		if in.Op.Name == "MOVQ" {
			o.fn = vecQRR
		}
	case in.Dst.Kind == ArgXMM && mem:
		o.fn = simdLoad(in)
	case in.Src.Kind == ArgXMM && mem:
		o.fn = simdStore(in)
	default:
		o.fn = simdGPR(in)
	}
	return o.fn != nil
}

// simdLoad is the handler of an instruction with a memory source.
func simdLoad(in *Inst) handler {
	switch in.Op.Name {
	case "MOVQ":
		return scalarRM64
	case "MOVD":
		if in.Src.W == 8 {
			return scalarRM64
		}
		return scalarRM32
	case "CVTSI2SD":
		return cvtOps[0][in.Src.W/8].rm
	}
	return simdOps[in.Op.Name].rm
}

// simdStore is the handler of a store.
func simdStore(in *Inst) handler {
	switch in.Op.Name {
	case "MOVAPS", "MOVAPD", "MOVUPS", "MOVUPD", "MOVDQA", "MOVDQU", "MOVNTPS", "MOVNTPD", "MOVNTDQ":
		return vecMR
	case "MOVSD", "MOVQ", "MOVLPS", "MOVLPD":
		return scalarMR64
	case "MOVHPS", "MOVHPD":
		return highMR
	case "MOVSS":
		return scalarMR32
	case "MOVD":
		if in.Dst.W == 8 {
			return scalarMR64
		}
		return scalarMR32
	}
	return nil
}

// simdGPR is the handler of a transfer between general and vector registers.
func simdGPR(in *Inst) handler {
	pick := func(w width, h64, h32 handler) handler {
		if w == 8 {
			return h64
		}
		return h32
	}
	toGPR := in.Dst.Kind == ArgReg && in.Src.Kind == ArgXMM
	switch name := in.Op.Name; {
	case name == "MOVD" && toGPR:
		return pick(in.Dst.W, vecToGPR64, vecToGPR32)
	case name == "MOVD" && in.Dst.Kind == ArgXMM && in.Src.Kind == ArgReg:
		return pick(in.Src.W, gprToVec64, gprToVec32)
	case name == "CVTSI2SD" && in.Src.Kind == ArgReg:
		return cvtOps[0][in.Src.W/8].rr
	case name == "CVTTSD2SI" && toGPR:
		return cvtOps[1][in.Dst.W/8].rr
	}
	return nil
}
