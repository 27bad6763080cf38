package main

import "strings"

// pairs are the operations that most often follow each other in kernels and programs, measured
// over the benchmark: the first, then those that follow it. A pair is executed at once: half
// the indirect branches, which the host predicts badly when a loop has many operations.
const pairs = `
adcRI64: addRI32
adcRR64: movMRB64
addRI16: movMR16
addRI32: opJz
addRI32N: addRI32N addRI64N cmpRI32JNBE movsx32to64RR
addRI64: cmpMIB8JNZ movMR64 movMRB32 movMRB64 movMRB8 movRR64 movzx8RM movzx8RMB opCall64 opJmp opNop opPop64 testMIB8JNZ
addRI64N: addRI32 addRI64 addRI64N addRR32N cmpRI64JNZ cmpRI8JNBE cmpRR32JNB cmpRR64JNZ cmpRR64JZ movRR32 opLea64 subRI64 testRR8JZ xorRR32N
addRM32N: addRI64N
addRM64: movRR64 opSetR
addRMB32: addRMB32N
addRMB32N: addRR32 rolRI32N
addRMB64: adcRR64
addRMB64N: cmpRR64
addRR32: addRM32N movMRB32 movRR32 opLea64
addRR32N: addRR32N cmpRI32JNBE cmpRI64JNZ cmpRR64JNZ movRR32
addRR64: cmpMR8 movMRB64 movsx32to64RR opJmp
addRR64N: addRI32 addRR64 addRR64N cmpRI64JZ cmpRR32JNZ cmpRR64 cmpRR64JNB movRR64 sarRI64 shlRI64N shrRI64
andRI32: movzx16RM opJz opPop64
andRI32N: addRI64 cmpRI32JNBE cmpRI64
andRMB32: notR32N
andRMB32N: xorRR32
andRR32N: opLea32 xorRR32N
cmpMR8: opJz
cmpMRB32: opJcc
cmpMRB64: opJz
cmpMRB8: opJz
cmpRI64: sbbRI64
cmpRR64: movMR64 movRR64 opCmovR64 opSetR
decM32: opJz
decR32: opJcc opJz
imulRM32N: addRI64N
imulRR64N: imulRR64N movRR64
incR32: opJz
incR64: cmpMIB8JNZ
incR64N: xorRR32N
movMIB64: movMIB64
movMIB8: addRI64N
movMR64: adcRI64 addRI64N opSetR
movMR8: opLea64
movMRB16: opJmp
movMRB32: addRI64N addRR32 cmpRI64JNZ cmpRR64JLE cmpRR64JNZ imulRMI32N movMRB32 movRMB32 xorRR32
movMRB64: addRR64N cmpRR64JB movMRB64 movRMB64 movzx16RMB movzx8RMB opCall64 opLea64 opPop64 xorRR32 xorRR32N
movMRB8: subRI64N testRR8JNZ
movRI32: cmpRR16 opCall64 opRet64
movRI64: movRR64 opJmp opPushR64
movRM16: movRI32
movRM32: addRMB32 opLea64
movRM64: addRM64 movMRB64 movRR64 opLea64 testRR64JZ
movRMB32: addRI64N addRMB32N addRR32N andRI32N imulRM32N movRMB32 movRMB64 movRR32 movRR64 opLea32 rorRI32N
movRMB64: addRI64N cmpMRB64 cmpRI64JBE cmpRMB64JNB movMRB64 movRM64 movRMB32 movRMB64 movRR32 movRR64 movzx8RR opCall64 opJmp opLea64 subRM64 testRR64JZ
movRMB8: addRR64 cmpMRB8 incR64N
movRR32: addRR32 addRR32N andRI32N andRMB32 andRR32N cmpRI32JZ movRMB32 movRR32 movRR64 movsx32to64RR notR32N opCall64 opLea32 opLea64 opPushR64 rolRI32N rorRI32N shrRI32N shrRI64N subRR32 xorRR32 xorRR32N
movRR64: addRI64 addRI64N addRR64N andRI32N cmpRR64JB imulRR64N movMR64 movRMB64 movRR32 movRR64 movzx8RMB opCall64 opCmovR64 opJmp opJz opLea64 opPop64 opPushR64 shlRI64N shrRI64 shrRI64N subRI64 subRI64N subRR64N testRR64JZ xorRR32
movScalarMR64: cmpRR64JNZ
movScalarRM64: padddRR porRR
movsx32to64RM: testRR32JNS
movsx32to64RMB: addRR64N
movsx32to64RR: addRR64N movRMB8 movsx32to64RM opPushR64 subRR64 subRR64N
movzx16RM: cmpMRB32 movRR64
movzx16RMB: movMRB16 subRR64N
movzx8RM: cmpRM8JZ movMRB8 testRR8JZ
movzx8RMB: addRI64 addRI64N cmpRR8JZ opJmp opLea64 opRet64 testRR8JNS testRR8JNZ testRR8JZ
movzx8RR: addRMB64 addRR64N subRR64 testMIB8JNZ xorRM32N
negR32: opPushR64
notR32N: andRMB32N andRR32N
notR64N: addRMB64N
opBitsMI: opJcc
opCmovR32: addRI16
opCmovR64: addRR64N movRR64 opCmovR64
opLea32: addRI64 movRR32 opPop64 subRI32
opLea64: addRI64N andRI32N cmpRI32JNBE cmpRR32JB cmpRR64JNB movMRB64 movRM32 movRR32 movRR64 movsx32to64RMB movzx8RM opJz opLea64 opNop testRR32JZ
opNop: movRMB32 movRMB64 movRR64 opPushR64
opPop64: movRR64 opJmpFar opLea32 opPop64 opRet64
opPushR64: movRI64 movRMB64 movRR32 movRR64 negR32 opLea64 opPushR64 subRI64 xorRR32
opSetR: addRM64 addRR64N shrRI64N subRR64
orRR64N: cmpRR64JNB
padddRR: movScalarMR64 movScalarRM64 padddRR
porRR: pxorRR
pxorRR: movScalarRM64 pxorRR
rolRI32N: addRR32N rorRI32N xorRR32 xorRR32N
rorRI32N: andRR32N rolRI32N rorRI32N xorRR32N
sarRI64: opLea64
sarRI64N: addRR64N
sbbRI64: opJmp
shlRI64N: addRR64N
shrRI32: movMRB32 movzx8RR
shrRI32N: movRR32 rolRI32N
shrRI64: movRMB64 movsx32to64RR movzx8RR
shrRI64N: addRR64 addRR64N movRR64 movzx8RR sarRI64N
subRI32: opCall64
subRI64: movMRB32 movRM64 movRMB64
subRI64N: addRI64 cmpRR32JB subRI64N
subRM64: opJz
subRR64: adcRR64 movRM64 movRR64
subRR64N: addRR64N cmpRI64JNBE movRR64 xorRR32
xorRM32N: cmpRI64JNZ
xorRR32: addRM64 movMRB64 movRM32 movRM64 movRMB32 opJmp opPop64 opPushR64
xorRR32N: addRR32 addRR32N andRR32N movRR32 shrRI32 xorRR32N
xorRR64: opJmp
`

// genPairs writes a handler for each pair. The first operation has left the block when it
// returns nil, and then the second must not run.
func genPairs(g *gen) {
	var table []string
	for line := range strings.Lines(strings.TrimSpace(pairs)) {
		first, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for second := range strings.FieldsSeq(rest) {
			name := "pair" + title(first) + title(second)
			table = append(table, "{"+first+", "+second+", "+name+"},")
			g.p("func %s(c *CPU, o *op) *op {", name)
			if stays(first) {
				g.p("%s(c, o)", first)
			} else {
				g.p("if %s(c, o) == nil { return nil }", first)
			}
			g.p("return %s(c, o.after())\n}\n", second)
		}
	}
	g.p("// pairRows are the pairs with their handlers.")
	g.p("var pairRows = [...]struct{ first, second, both handler }{\n%s\n}", strings.Join(table, "\n"))
}

// stays says whether an operation never leaves its block: those on registers alone.
func stays(name string) bool {
	name = strings.TrimRight(strings.TrimSuffix(name, "N"), "0123456789")
	for _, form := range []string{"RR", "RI", "RC"} {
		if strings.HasSuffix(name, form) && !strings.HasPrefix(name, "op") {
			return true
		}
	}
	switch name {
	case "incR", "decR", "negR", "notR", "opLea", "opSetR", "opCmovR", "opCdqe", "opCwde", "opCqo", "opCdq", "opNop", "opXchgR", "opBswap":
		return true
	}
	return false
}
