package main

// genHigh writes the two-operand instructions and moves on AH, CH, DH and BH: H in a form.
func genHigh(g *gen) {
	g.p("import (\n\"github.com/glassbox-vm/glassbox/cpu/alu\"\n)\n")
	g.p("// highOps are the handlers of the two-operand instructions on high bytes, by instruction,\n// form (see highForm), and whether the flags are needed.")
	g.p("var highOps = [%d][4][2]handler{", len(aluOps))
	for _, op := range aluOps {
		g.p("alu%s: {", title(op.name))
		for _, form := range highForms {
			g.p("{%s, %s},", g.aluName(op, form, 8, false), g.aluName(op, form, 8, true))
		}
		g.p("},")
	}
	g.p("}\n")
	g.p("// highMoves are MOV by form.")
	g.p("var highMoves = [4]handler{movHI8, movHR8, movRH8, movHH8}\n")
	for _, op := range aluOps {
		for _, form := range highForms {
			g.alu(op, form, 8, true)
			if op.write && !op.carry {
				g.alu(op, form, 8, false)
			}
		}
	}
	for _, form := range highForms {
		g.begin("mov" + form + "8")
		g.highOperands(form, "_")
		g.put(form, 8, "y")
		g.p("return o.after()\n}\n")
	}
	g.p("// movzxH is MOVZX from a high byte.")
	g.begin("movzxH")
	g.p("*s.r(o.dst) = *s.r(o.src) >> 8 & 0xff\nreturn o.after()\n}")
}

var highForms = []string{"HI", "HR", "RH", "HH"}

// highOperands declares x and y of a form with a high byte.
func (g *gen) highOperands(form, x string) {
	part := func(kind byte, field string) string {
		switch kind {
		case 'H':
			return "uint8(*s.r(o." + field + ")>>8)"
		case 'I':
			return "uint8(o.imm)"
		}
		return reg(field, 8)
	}
	if x == "_" {
		g.p("y := %s", part(form[1], "src"))
		return
	}
	g.p("x, y := %s, %s", part(form[0], "dst"), part(form[1], "src"))
}
