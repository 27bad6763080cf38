package cpu

// Moves of SSE and AVX.

// vecRR, vecRM and vecMR are 16-byte moves; X means VEX with 128 bits, Y with 256.
func vecRR(c *CPU, o *op) *op {
	c.setVecs(o.dst, c.vecLo(o.src), c.vecHi(o.src))
	return o.after()
}

func vecRM(c *CPU, o *op) *op {
	lo, hi, ok := c.operand128(o)
	if !ok {
		return c.bail(o)
	}
	c.setVecs(o.dst, lo, hi)
	return o.after()
}

func vecMR(c *CPU, o *op) *op {
	if !c.storeOperand128(o, c.vecLo(o.src), c.vecHi(o.src)) {
		return c.bail(o)
	}
	return o.after()
}

func vecRRX(c *CPU, o *op) *op {
	c.setVex(o.dst, c.vecLo(o.src), c.vecHi(o.src))
	return o.after()
}

func vecRMX(c *CPU, o *op) *op {
	lo, hi, ok := c.operand128(o)
	if !ok {
		return c.bail(o)
	}
	c.setVex(o.dst, lo, hi)
	return o.after()
}

func vecRRY(c *CPU, o *op) *op {
	v := c.ymmOf(o.src)
	c.setYMMOf(o.dst, v.q0, v.q1, v.q2, v.q3)
	return o.after()
}

func vecRMY(c *CPU, o *op) *op {
	v, ok := c.operand256(o)
	if !ok {
		return c.bail(o)
	}
	c.setYMMOf(o.dst, v.q0, v.q1, v.q2, v.q3)
	return o.after()
}

func vecMRY(c *CPU, o *op) *op {
	if !c.storeOperand256(o, c.ymmOf(o.src)) {
		return c.bail(o)
	}
	return o.after()
}

// opVzeroupper is VZEROUPPER.
func opVzeroupper(c *CPU, o *op) *op {
	for i := range c.xmmInImage() {
		clear(c.S.XMM[i&31][16:])
	}
	return o.after()
}

// movScalarRR64 and movScalarRR32 are MOVSD and MOVSS between registers, vecQRR is MOVQ.
func movScalarRR64(c *CPU, o *op) *op {
	c.setVecLo(o.dst, c.vecLo(o.src))
	return o.after()
}

func movScalarRR32(c *CPU, o *op) *op {
	c.setVecLo(o.dst, c.vecLo(o.dst)&^0xffffffff|c.vecLo(o.src)&0xffffffff)
	return o.after()
}

func vecQRR(c *CPU, o *op) *op {
	c.setVecs(o.dst, c.vecLo(o.src), 0)
	return o.after()
}

// movScalarRM64 and movScalarRM32 load 8 and 4 bytes and clear the rest; movScalarMR64 and
// movScalarMR32 store them. The X forms clear the rest of the YMM register as well.
func movScalarRM64(c *CPU, o *op) *op {
	v, ok := c.operand64(o)
	if !ok {
		return c.bail(o)
	}
	c.setVecs(o.dst, v, 0)
	return o.after()
}

func movScalarRM32(c *CPU, o *op) *op {
	v, ok := c.operand32(o)
	if !ok {
		return c.bail(o)
	}
	c.setVecs(o.dst, v, 0)
	return o.after()
}

func movScalarRM64X(c *CPU, o *op) *op {
	v, ok := c.operand64(o)
	if !ok {
		return c.bail(o)
	}
	c.setVex(o.dst, v, 0)
	return o.after()
}

func movScalarRM32X(c *CPU, o *op) *op {
	v, ok := c.operand32(o)
	if !ok {
		return c.bail(o)
	}
	c.setVex(o.dst, v, 0)
	return o.after()
}

func movScalarMR64(c *CPU, o *op) *op {
	la, v := c.opAddr(o), c.vecLo(o.src)
	if !c.store64(la, v) && !c.storeMiss(la, v, 8) {
		return c.bail(o)
	}
	return o.after()
}

func movScalarMR32(c *CPU, o *op) *op {
	la, v := c.opAddr(o), c.vecLo(o.src)&0xffffffff
	if !c.store32(la, v) && !c.storeMiss(la, v, 4) {
		return c.bail(o)
	}
	return o.after()
}

// highMR stores the upper half: MOVHPS and MOVHPD; highRM and lowRM load one half.
func highMR(c *CPU, o *op) *op {
	la, v := c.opAddr(o), c.vecHi(o.src)
	if !c.store64(la, v) && !c.storeMiss(la, v, 8) {
		return c.bail(o)
	}
	return o.after()
}

func highRM(c *CPU, o *op) *op {
	v, ok := c.operand64(o)
	if !ok {
		return c.bail(o)
	}
	c.setVecs(o.dst, c.vecLo(o.dst), v)
	return o.after()
}

func lowRM(c *CPU, o *op) *op {
	v, ok := c.operand64(o)
	if !ok {
		return c.bail(o)
	}
	c.setVecLo(o.dst, v)
	return o.after()
}

// movHighLow is MOVHLPS, movLowHigh MOVLHPS.
func movHighLow(c *CPU, o *op) *op {
	c.setVecLo(o.dst, c.vecHi(o.src))
	return o.after()
}

func movLowHigh(c *CPU, o *op) *op {
	c.setVecs(o.dst, c.vecLo(o.dst), c.vecLo(o.src))
	return o.after()
}

// gprToVec64 and gprToVec32 are MOVQ and MOVD from a general register, vecToGPR64 and
// vecToGPR32 to one.
func gprToVec64(c *CPU, o *op) *op {
	c.setVecs(o.dst, c.S.R[o.src&31], 0)
	return o.after()
}

func gprToVec32(c *CPU, o *op) *op {
	c.setVecs(o.dst, uint64(uint32(c.S.R[o.src&31])), 0)
	return o.after()
}

func gprToVec64X(c *CPU, o *op) *op {
	c.setVex(o.dst, c.S.R[o.src&31], 0)
	return o.after()
}

func gprToVec32X(c *CPU, o *op) *op {
	c.setVex(o.dst, uint64(uint32(c.S.R[o.src&31])), 0)
	return o.after()
}

func vecToGPR64(c *CPU, o *op) *op {
	c.S.R[o.dst&31] = c.vecLo(o.src)
	return o.after()
}

func vecToGPR32(c *CPU, o *op) *op {
	c.S.R[o.dst&31] = c.vecLo(o.src) & 0xffffffff
	return o.after()
}

func pick64(w width, h64, h32 handler) handler {
	if w == 8 {
		return h64
	}
	return h32
}

// simdStore is the handler of a store.
func simdStore(in *Inst) handler {
	switch in.Op.Name {
	case "MOVAPS", "MOVAPD", "MOVUPS", "MOVUPD", "MOVDQA", "MOVDQU", "MOVNTPS", "MOVNTPD", "MOVNTDQ":
		return vecMR
	case "MOVSD", "MOVQ", "MOVLPS", "MOVLPD":
		return movScalarMR64
	case "MOVHPS", "MOVHPD":
		return highMR
	case "MOVSS":
		return movScalarMR32
	case "MOVD":
		return pick64(in.Dst.W, movScalarMR64, movScalarMR32)
	}
	return nil
}

// simdGPR is the handler of a transfer between general and vector registers.
func simdGPR(in *Inst) handler {
	toGPR := in.Dst.Kind == ArgReg && in.Src.Kind == ArgXMM
	switch name := in.Op.Name; {
	case name == "MOVD" && toGPR:
		return pick64(in.Dst.W, vecToGPR64, vecToGPR32)
	case name == "PMOVMSKB" && toGPR:
		return vecToMask
	case name == "CVTTSD2SI" && toGPR:
		return pick64(in.Dst.W, cvttsd2siRR64, cvttsd2siRR32)
	case name == "CVTTSD2SI" && in.Src.Kind == ArgMem:
		return pick64(in.Dst.W, cvttsd2siRM64, cvttsd2siRM32)
	case in.Dst.Kind != ArgXMM || in.Src.Kind != ArgReg:
	case name == "MOVD":
		return pick64(in.Src.W, gprToVec64, gprToVec32)
	case name == "CVTSI2SD":
		return pick64(in.Src.W, cvtsi2sdRR64, cvtsi2sdRR32)
	}
	return nil
}

// vecMoves are the names, without V, of the moves of whole vectors.
var vecMoves = map[string]bool{
	"MOVAPS": true, "MOVAPD": true, "MOVUPS": true, "MOVUPD": true, "MOVDQA": true, "MOVDQU": true, "LDDQU": true,
	"MOVNTPS": true, "MOVNTPD": true, "MOVNTDQ": true, "MOVNTDQA": true,
}

// vexMove is the handler of a move of 16 or 32 bytes.
func vexMove(in *Inst, wide bool) handler {
	switch {
	case in.Dst.Kind == ArgMem && wide:
		return vecMRY
	case in.Dst.Kind == ArgMem:
		return vecMR
	case wide:
		return pickForm(simdForms{vecRRY, vecRMY}, in.Src.Kind == ArgMem)
	}
	return pickForm(simdForms{vecRRX, vecRMX}, in.Src.Kind == ArgMem)
}

// vexScalar is the handler of VMOVD and VMOVQ.
func vexScalar(in *Inst) handler {
	switch {
	case in.Dst.Kind == ArgMem:
		return pick64(in.Dst.W, movScalarMR64, movScalarMR32)
	case in.Dst.Kind == ArgReg:
		return pick64(in.Dst.W, vecToGPR64, vecToGPR32)
	case in.Src.Kind == ArgMem:
		return pick64(in.Src.W, movScalarRM64X, movScalarRM32X)
	case in.Src.Kind == ArgReg:
		return pick64(in.Src.W, gprToVec64X, gprToVec32X)
	}
	return nil
}
