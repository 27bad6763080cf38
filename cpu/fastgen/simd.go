package main

import "strings"

// floatOps are the two-operand instructions on floating-point numbers: package simd has each
// by the host's arithmetic (AddDouble, AddSingle) and as a method that takes any operands.
var floatOps = []struct{ name, soft string }{
	{"Add", "simd.Format.Add"},
	{"Sub", "simd.Format.Sub"},
	{"Mul", "simd.Format.Mul"},
	{"Div", "simd.Format.Div"},
	{"Min", "simd.Format.Min"},
	{"Max", "simd.Format.Max"},
	{"Sqrt", "sqrt"},
}

// genFloat writes scalar and packed arithmetic.
func genFloat(g *gen) {
	g.p("import \"github.com/glassbox-vm/glassbox/cpu/simd\"\n")
	g.p("// floatOps are the handlers of floating-point arithmetic: register and memory source.")
	g.p("var floatOps = map[string]simdForms{")
	for _, op := range floatOps {
		for _, kind := range []string{"SD", "SS", "PD", "PS"} {
			name := strings.ToUpper(op.name) + kind
			g.p("%q: {%s, %s},", name, floatName(op.name, kind, "RR"), floatName(op.name, kind, "RM"))
		}
	}
	g.p("}\n")
	for _, op := range floatOps {
		for _, form := range []string{"RR", "RM"} {
			g.scalarDouble(op.name, op.soft, form)
			g.scalarSingle(op.name, op.soft, form)
			g.packedDouble(op.name, op.soft, form)
			g.packedSingle(op.name, op.soft, form)
		}
	}
}

func floatName(op, kind, form string) string {
	return strings.ToLower(op) + strings.ToLower(kind) + form
}

func (g *gen) scalarDouble(op, soft, form string) {
	g.begin(floatName(op, "SD", form))
	if form == "RR" {
		g.p("b := c.vecLo(o.src)")
	} else {
		g.addr = anyAddr
		g.load("b", 64)
	}
	g.p("r, ok := simd.%sDouble(simd.MXCSR(s.MXCSR), c.vecLo(o.dst), b)", op)
	g.p("if !ok { return c.softDouble(o, b, %s) }", soft)
	g.p("c.setVecLo(o.dst, r)\nreturn o.after()\n}\n")
}

func (g *gen) scalarSingle(op, soft, form string) {
	g.begin(floatName(op, "SS", form))
	if form == "RR" {
		g.p("b := uint32(c.vecLo(o.src))")
	} else {
		g.addr = anyAddr
		g.load("b", 32)
	}
	g.p("r, ok := simd.%sSingle(simd.MXCSR(s.MXCSR), uint32(c.vecLo(o.dst)), b)", op)
	g.p("if !ok { return c.softSingle(o, uint64(b), %s) }", soft)
	g.p("c.setVecLo(o.dst, c.vecLo(o.dst)&^0xffffffff|uint64(r))\nreturn o.after()\n}\n")
}

// source128 declares b0 and b1, the halves of the second operand.
func (g *gen) source128(form string) {
	if form == "RR" {
		g.p("b0, b1 := c.vecLo(o.src), c.vecHi(o.src)")
		return
	}
	g.p("b0, b1, ok := c.operand128(o)")
	g.p("if !ok { return c.bail(o) }")
}

func (g *gen) packedDouble(op, soft, form string) {
	g.begin(floatName(op, "PD", form))
	g.source128(form)
	g.p("m := simd.MXCSR(s.MXCSR)")
	g.p("r0, ok0 := simd.%sDouble(m, c.vecLo(o.dst), b0)", op)
	g.p("r1, ok1 := simd.%sDouble(m, c.vecHi(o.dst), b1)", op)
	g.p("if !ok0 || !ok1 { return c.softPacked(o, simd.Double, b0, b1, %s) }", soft)
	g.p("c.setVecs(o.dst, r0, r1)\nreturn o.after()\n}\n")
}

func (g *gen) packedSingle(op, soft, form string) {
	g.begin(floatName(op, "PS", form))
	g.source128(form)
	g.p("a0, a1, m := c.vecLo(o.dst), c.vecHi(o.dst), simd.MXCSR(s.MXCSR)")
	g.p("r0, ok0 := simd.%sSingle(m, uint32(a0), uint32(b0))", op)
	g.p("r1, ok1 := simd.%sSingle(m, uint32(a0>>32), uint32(b0>>32))", op)
	g.p("r2, ok2 := simd.%sSingle(m, uint32(a1), uint32(b1))", op)
	g.p("r3, ok3 := simd.%sSingle(m, uint32(a1>>32), uint32(b1>>32))", op)
	g.p("if !ok0 || !ok1 || !ok2 || !ok3 { return c.softPacked(o, simd.Single, b0, b1, %s) }", soft)
	g.p("c.setVecs(o.dst, uint64(r0)|uint64(r1)<<32, uint64(r2)|uint64(r3)<<32)\nreturn o.after()\n}\n")
}

// laneOps are the instructions that work on each half of an XMM register by itself, with the
// function of package simd that does it.
var laneOps = func() map[string]string {
	ops := map[string]string{}
	for _, name := range strings.Fields(`PAnd PAndN POr PXor PAddB PAddW PAddD PAddQ PSubB PSubW PSubD PSubQ
		PAddSB PAddSW PAddUSB PAddUSW PSubSB PSubSW PSubUSB PSubUSW PCmpEqB PCmpEqW PCmpEqD PCmpEqQ PCmpGtB PCmpGtW PCmpGtD PCmpGtQ
		PMaxUB PMinUB PMaxUW PMinUW PMaxUD PMinUD PMaxSB PMinSB PMaxSW PMinSW PMaxSD PMinSD PAvgB PAvgW PSadBW
		PMulLW PMulHW PMulHUW PMulHRSW PMulLD PMulUDQ PMulDQ PMAddWD PMAddUBSW`) {
		ops[strings.ToUpper(name)] = name
	}
	return ops
}()

// otherNames are instructions of the same effect.
var otherNames = map[string]string{
	"ANDPS": "PAND", "ANDPD": "PAND", "ANDNPS": "PANDN", "ANDNPD": "PANDN", "ORPS": "POR", "ORPD": "POR", "XORPS": "PXOR", "XORPD": "PXOR",
}

// genLanes writes the integer instructions on lanes and the logical ones. A trailing X means
// 128 bits in a VEX encoding, Y 256 bits.
func genLanes(g *gen) {
	g.p("import \"github.com/glassbox-vm/glassbox/cpu/simd\"\n")
	names := sortedKeys(laneOps)
	g.p("// laneOps are the handlers of instructions on lanes: SSE, then VEX with 128 and 256 bits.")
	g.p("var laneOps = map[string][3]simdForms{")
	for _, name := range names {
		g.laneRow(name, name)
	}
	for _, name := range sortedKeys(otherNames) {
		g.laneRow(name, otherNames[name])
	}
	g.p("}\n")
	for _, name := range names {
		f := "simd." + laneOps[name]
		low := strings.ToLower(name)
		for _, form := range []string{"RR", "RM"} {
			g.beginVec(low + form)
			g.source128(form)
			g.p("c.setVecs(o.dst, %s(c.vecLo(o.dst), b0), %s(c.vecHi(o.dst), b1))", f, f)
			g.p("return o.after()\n}\n")

			g.beginVec(low + form + "X")
			g.source128(form)
			g.p("c.setVex(o.dst, %s(c.vecLo(o.cc), b0), %s(c.vecHi(o.cc), b1))", f, f)
			g.p("return o.after()\n}\n")

			g.beginVec(low + form + "Y")
			if form == "RR" {
				g.p("b := c.ymmOf(o.src)")
			} else {
				g.p("b, ok := c.operand256(o)")
				g.p("if !ok { return c.bail(o) }")
			}
			g.p("a := c.ymmOf(o.cc)")
			g.p("c.setYMMOf(o.dst, %s(a.q0, b.q0), %s(a.q1, b.q1), %s(a.q2, b.q2), %s(a.q3, b.q3))", f, f, f, f)
			g.p("return o.after()\n}\n")
		}
	}
}

func (g *gen) laneRow(name, of string) {
	low := strings.ToLower(of)
	g.p("%q: {{%[2]sRR, %[2]sRM}, {%[2]sRRX, %[2]sRMX}, {%[2]sRRY, %[2]sRMY}},", name, low)
}
