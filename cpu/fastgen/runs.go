package main

// maxRun is the most registers that one operation pushes or pops.
const maxRun = 6

// genRuns writes the handlers of several PUSH or POP of registers in a row, in 64-bit code.
// All lie on one page; else the first instruction is executed alone, and the operations of
// the others follow it. The bytes of o.imm are the registers.
func genRuns(g *gen) {
	g.p("import (\n\"github.com/glassbox-vm/glassbox/cpu/x86\"\n\"github.com/glassbox-vm/glassbox/mmu\"\n)\n")
	g.p("// pushRuns and popRuns are the handlers by number of registers.")
	for _, table := range []struct{ name, handler string }{{"pushRuns", "opPushRun"}, {"popRuns", "opPopRun"}} {
		g.p("var %s = [...]handler{", table.name)
		for n := 2; n <= maxRun; n++ {
			g.p("%d: %s%d,", n, table.handler, n)
		}
		g.p("}\n")
	}
	for n := 2; n <= maxRun; n++ {
		g.begin("opPushRun" + digit(n))
		g.p("sp := s.R[x86.RSP] - %d", 8*n)
		g.p("p := c.toPush(mmu.LinAddr(sp), %d)\nif p == nil { return opPushR64(c, o) }", 8*n)
		for i := range n {
			g.p("p[%d] = *s.r(uint8(o.imm >> %d))", n-1-i, 8*i)
		}
		g.p("s.R[x86.RSP] = sp\nreturn o.skip(%d)\n}\n", n)
	}
	for n := 2; n <= maxRun; n++ {
		g.begin("opPopRun" + digit(n))
		g.p("sp := s.R[x86.RSP]")
		g.p("p := c.toPop(mmu.LinAddr(sp), %d)\nif p == nil { return opPop64(c, o) }", 8*n)
		for i := range n {
			g.p("*s.r(uint8(o.imm >> %d)) = p[%d]", 8*i, i)
		}
		g.p("s.R[x86.RSP] = sp + %d\nif o.cc != 0 { return opRet64(c, o.skip(%d)) }\nreturn o.skip(%d)\n}\n", 8*n, n, n)
	}
}

func digit(n int) string { return string(rune('0' + n)) }
