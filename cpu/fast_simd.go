package cpu

import (
	"encoding/binary"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Special operations of SSE and AVX. They are made only in modes where the control registers
// allow the instructions (ModeNoSSE, ModeNoAVX). Arithmetic is that of package simd, which
// uses the host's where the result is provably the same. An operation that would raise an
// unmasked exception is left to the plain engine before anything changes.
//
//	fast_simd.go       how operands are reached; what an instruction becomes
//	fast_simd_move.go  moves
//	fast_simd_op.go    shuffles, shifts, conversions, comparisons
//	fast_float_gen.go  arithmetic
//	fast_lanes_gen.go  integer lanes and logic
//
// In an op, aux is the alignment minus one that a memory operand must have, and cc is the
// register in VEX.vvvv, or an immediate.

// simdForms are the handlers of an instruction whose destination is a register: register or
// memory source.
type simdForms struct{ rr, rm handler }

func (c *CPU) vecLo(n uint8) uint64 { return binary.LittleEndian.Uint64(c.S.XMM[n&31][:8]) }
func (c *CPU) vecHi(n uint8) uint64 { return binary.LittleEndian.Uint64(c.S.XMM[n&31][8:16]) }

// setVecLo writes the low 64 bits of an XMM register, setVecs all 128.
func (c *CPU) setVecLo(n uint8, lo uint64) {
	binary.LittleEndian.PutUint64(c.S.XMM[n&31][:8], lo)
}

func (c *CPU) setVecs(n uint8, lo, hi uint64) {
	x := &c.S.XMM[n&31]
	binary.LittleEndian.PutUint64(x[:8], lo)
	binary.LittleEndian.PutUint64(x[8:16], hi)
}

// setVex writes 128 bits as a VEX encoding does: what is above becomes zero.
func (c *CPU) setVex(n uint8, lo, hi uint64) {
	x := &c.S.XMM[n&31]
	binary.LittleEndian.PutUint64(x[:8], lo)
	binary.LittleEndian.PutUint64(x[8:16], hi)
	clear(x[16:])
}

// A quads is the four quadwords of a YMM register.
type quads struct{ q0, q1, q2, q3 uint64 }

func (c *CPU) ymmOf(n uint8) quads {
	x := c.S.XMM[n&31][:32]
	return quads{binary.LittleEndian.Uint64(x), binary.LittleEndian.Uint64(x[8:]),
		binary.LittleEndian.Uint64(x[16:]), binary.LittleEndian.Uint64(x[24:])}
}

func (c *CPU) setYMMOf(n uint8, q0, q1, q2, q3 uint64) {
	x := &c.S.XMM[n&31]
	binary.LittleEndian.PutUint64(x[:8], q0)
	binary.LittleEndian.PutUint64(x[8:16], q1)
	binary.LittleEndian.PutUint64(x[16:24], q2)
	binary.LittleEndian.PutUint64(x[24:32], q3)
	clear(x[32:])
}

// operand32, operand64, operand128 and operand256 load the memory operand; false where the
// plain engine must.
func (c *CPU) operand32(o *op) (v uint64, ok bool) {
	la := c.opAddr(o)
	if v, ok = c.load32(la); !ok {
		v, ok = c.loadMiss(la, 4)
	}
	return v, ok
}

func (c *CPU) operand64(o *op) (v uint64, ok bool) {
	la := c.opAddr(o)
	if v, ok = c.load64(la); !ok {
		v, ok = c.loadMiss(la, 8)
	}
	return v, ok
}

func (c *CPU) operand128(o *op) (lo, hi uint64, ok bool) {
	la := c.opAddr(o)
	if uint64(la)&uint64(o.aux) != 0 {
		return 0, 0, false
	}
	if lo, hi, ok = c.load128(la); !ok {
		lo, hi, ok = c.load128Miss(la)
	}
	return lo, hi, ok
}

func (c *CPU) operand256(o *op) (v quads, ok bool) {
	la := c.opAddr(o)
	if uint64(la)&uint64(o.aux) != 0 || la%mmuPage > mmuPage-32 {
		return v, false
	}
	if v.q0, v.q1, ok = c.load128(la); !ok {
		if v.q0, v.q1, ok = c.load128Miss(la); !ok {
			return v, false
		}
	}
	v.q2, v.q3, ok = c.load128(la + 16)
	return v, ok
}

// storeOperand128 and storeOperand256 store to the memory operand.
func (c *CPU) storeOperand128(o *op, lo, hi uint64) bool {
	la := c.opAddr(o)
	return uint64(la)&uint64(o.aux) == 0 && (c.store128(la, lo, hi) || c.store128Miss(la, lo, hi))
}

func (c *CPU) storeOperand256(o *op, v quads) bool {
	la := c.opAddr(o)
	if uint64(la)&uint64(o.aux) != 0 || la%mmuPage > mmuPage-32 {
		return false
	}
	return (c.store128(la, v.q0, v.q1) || c.store128Miss(la, v.q0, v.q1)) &&
		(c.store128(la+16, v.q2, v.q3) || c.store128Miss(la+16, v.q2, v.q3))
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

// softDouble, softSingle and softPacked are arithmetic where the host's may not do.
func (c *CPU) softDouble(o *op, b uint64, f simd.Binary) *op {
	r, st := f(simd.Double, simd.MXCSR(c.S.MXCSR), c.vecLo(o.dst), b)
	if !c.raised(st) {
		return c.bail(o)
	}
	c.setVecLo(o.dst, r)
	return o.after()
}

func (c *CPU) softSingle(o *op, b uint64, f simd.Binary) *op {
	a := c.vecLo(o.dst)
	r, st := f(simd.Single, simd.MXCSR(c.S.MXCSR), a&0xffffffff, b)
	if !c.raised(st) {
		return c.bail(o)
	}
	c.setVecLo(o.dst, a&^0xffffffff|r)
	return o.after()
}

func (c *CPU) softPacked(o *op, format simd.Format, b0, b1 uint64, f simd.Binary) *op {
	r, st := format.Packed(simd.MXCSR(c.S.MXCSR), f, simd.Vec{c.vecLo(o.dst), c.vecHi(o.dst)}, simd.Vec{b0, b1})
	if !c.raised(st) {
		return c.bail(o)
	}
	c.setVecs(o.dst, r[0], r[1])
	return o.after()
}

// opQuick calls the function of a row that only works on vector registers, or that reads
// memory which the TLB allows to read: it needs no exact count unless it faults. o.cc is the
// number of bytes it reads.
func opQuick(c *CPU, o *op) *op {
	if o.cc != 0 {
		la := c.opAddr(o)
		e := &c.tlb[la/mmuPage%mmu.TLBSize]
		if uint64(la)^e.RTag > mmuPage-uint64(o.cc) {
			return opPlain(c, o)
		}
		c.nextRIP = (o.rip + uint64(o.size)) & c.ripMask
	}
	in := c.fast.insts.at(o.aux)
	if fault := in.Op.Exec(c, in); fault.Raised {
		c.S.Budget += int64(o.left) - 1
		c.S.RIP = o.rip
		c.flushFlags()
		c.deliver(fault)
		return nil
	}
	return o.after()
}

// quick says whether opQuick may be used, and fills in o for it: for SSE and AVX, except
// instructions with memory operands that their row does not name.
func (t *translator) quick(o *op, in *Inst) bool {
	switch name := in.Op.Name; {
	case in.Op.Attr&(Vec|Ends) != Vec:
		return false
	case name == "MASKMOVDQU" || name == "VMASKMOVDQU" || in.Op.Attr&VSIB != 0 || in.Dst.Kind == ArgMem:
		return false
	}
	vectors, bytes := 0, uint8(0)
	for _, a := range [...]Arg{in.Dst, in.Src, in.Third} {
		switch a.Kind {
		case ArgXMM:
			vectors++
		case ArgNone, ArgImm, ArgReg:
		case ArgMem:
			if a.W == 0 || !t.fast || !t.address(o, in) {
				return false
			}
			bytes = uint8(a.W)
		default:
			return false
		}
	}
	if vectors == 0 {
		return false
	}
	o.cc = bytes
	o.fn = opQuick
	if in.Op.Reads|in.Op.Writes != 0 {
		o.fn = opQuickFlags
	}
	return true
}

// opQuickFlags is opQuick for rows that read or write status flags.
func opQuickFlags(c *CPU, o *op) *op {
	c.flushFlags()
	return opQuick(c, o)
}

// quickNames are instructions on general registers that are as simple as those on vectors
// and that, or some forms of which, have no operations of their own.
var quickNames = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range strings.Fields(`SHLD SHRD RCL RCR ROL ROR SHL SHR SAR BSF BSR TZCNT LZCNT POPCNT
		ANDN BLSR BLSI BLSMSK BEXTR BZHI SHLX SHRX SARX RORX PDEP PEXT MULX ADCX ADOX LAHF SAHF CLC STC CMC
		CMPXCHG XADD XCHG BSWAP CBW CWDE CWD IMUL MUL MOV MOVZX MOVSX INC DEC NEG NOT
		ADD OR ADC SBB AND SUB XOR CMP TEST`) {
		m[name] = true
	}
	return m
}()

// quickInteger is quick for the instructions in quickNames with register operands.
func (t *translator) quickInteger(o *op, in *Inst) bool {
	if in.Op.Attr&Ends != 0 || !quickNames[in.Op.Name] || in.Dst.Kind == ArgSeg {
		return false
	}
	for _, a := range [...]Arg{in.Dst, in.Src, in.Third} {
		switch a.Kind {
		case ArgNone, ArgImm, ArgReg, ArgHigh, ArgSeg:
		default:
			return false
		}
	}
	o.cc = 0
	o.fn = opQuickFlags
	return true
}

// simdOf makes o a special operation of SSE or AVX; false where there is none.
func (t *translator) simdOf(o *op, in *Inst) bool {
	off := ModeNoSSE
	if in.VEX {
		off = ModeNoAVX
	}
	if !t.fast || in.Op.Attr&Vec == 0 || t.c.S.Mode&off != 0 || t.c.S.Mode&ModeAlign != 0 {
		return false
	}
	saved := *o
	o.fn = nil
	if in.VEX {
		t.vexOf(o, in)
	} else {
		t.sseOf(o, in)
	}
	if o.fn == nil {
		*o = saved
	}
	return o.fn != nil
}

// sseOf fills in o for an instruction without VEX.
func (t *translator) sseOf(o *op, in *Inst) {
	o.dst, o.src = in.Dst.Reg, in.Src.Reg
	o.aux = uint32(15 * b2i(in.Op.Attr&Align16 != 0))
	o.cc = uint8(in.Imm)
	mem := in.Dst.Kind == ArgMem || in.Src.Kind == ArgMem
	if mem && !t.address(o, in) {
		return
	}
	name := in.Op.Name
	switch {
	case in.Dst.Kind == ArgXMM && in.Src.Kind == ArgImm:
		o.fn = shiftImmOps[name]
	case in.Dst.Kind == ArgXMM && (in.Src.Kind == ArgXMM || mem):
		forms := simdForms{}
		if lane, ok := laneOps[name]; ok {
			forms = lane[0]
		} else if float, ok := floatOps[name]; ok {
			forms = float
		} else {
			forms = simdOps[name]
		}
		o.fn = forms.rr
		switch {
		case mem && name == "MOVD" && in.Src.W == 8:
			o.fn = movScalarRM64
		case mem && name == "CVTSI2SD" && in.Src.W == 8:
			o.fn = cvtsi2sdRM64
		case mem:
			o.fn = forms.rm
		}
	case mem && in.Src.Kind == ArgXMM:
		o.fn = simdStore(in)
	case in.Third.Kind == ArgNone:
		o.fn = simdGPR(in)
	}
}

// vexOf fills in o for an instruction with VEX.
func (t *translator) vexOf(o *op, in *Inst) {
	src := in.vexSource()
	o.dst, o.src, o.cc = in.Dst.Reg, src.Reg, in.VEXV
	wide := in.VEXL == 1
	if in.Op.Attr&Align16 != 0 {
		o.aux = 15 + uint32(16*b2i(wide))
	}
	mem := in.Dst.Kind == ArgMem || src.Kind == ArgMem
	if mem && !t.address(o, in) {
		return
	}
	name := in.Op.Name[1:]
	switch {
	case name == "ZEROUPPER":
		o.fn = opVzeroupper
	case in.Dst.Kind == ArgXMM && in.Op.Src == Hx && in.Op.Third != Ib && in.Op.Third != Lx:
		if lane, ok := laneOps[name]; ok && src.W == 16<<in.VEXL {
			o.fn = pickForm(lane[1+b2i(wide)], mem)
		}
	case name == "PMOVMSKB" && wide:
		o.fn = vpmovmskbY
	case name == "PMOVMSKB":
		o.fn = vecToMask
	case in.Third.Kind != ArgNone:
	case vecMoves[name]:
		o.fn = vexMove(in, wide)
	case name == "MOVD" || name == "MOVQ":
		o.fn = vexScalar(in)
	}
}

func pickForm(f simdForms, mem bool) handler {
	if mem {
		return f.rm
	}
	return f.rr
}
