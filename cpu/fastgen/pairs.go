package main

import "strings"

// pairs are the operations that most often follow each other in kernels and programs, measured
// over the benchmark: the first, then those that follow it. A pair is executed at once: half
// the indirect branches, which the host predicts badly when a loop has many operations.
const pairs = `
adcRI64: addRI32
adcRR64: movMRB64
addMIB64N: testRR64JZ
addMR64: addRMB64 movRMB64
addMRB64: cmpMIB64 opJmp
addMRB64N: testRR32JZ
addRI16: movMR16
addRI32: movMRB32 opJmpFar opJz
addRI32N: addRI32N addRI64N cmpRI32JNBE cmpRI32JNZ cmpRR8JB movsx32to64RR
addRI64: cmpMIB8JNZ movMR64 movMRB32 movMRB64 movMRB8 movRR32 movRR64 movzx8RM movzx8RMB opCall64 opJmp opPop64 opRet64 testMIB8JNZ
addRI64N: addRI32 addRI64 addRI64N addRR32N andRI32 andRI32N cmpRI64JNZ cmpRI8JNBE cmpRR32JNB cmpRR64JNZ cmpRR64JZ movRR32 opLea64 subRI64 testRR8JZ xorRR32N
addRM32N: addRI64N
addRM64: movRR64 opSetR
addRMB32: addRMB32N
addRMB32N: addRR32 rolRI32N
addRMB64: adcRR64 movMRB64 opRet64
addRMB64N: addRR64 andRI64N cmpRR64
addRR32: addRM32N movMRB32 movRR32 opLea64
addRR32N: addRR32N cmpRI32JBE cmpRI32JNBE cmpRI64JNZ cmpRR64JNZ movRR32
addRR64: addMR64 cmpMR8 movMRB64 movsx32to64RR opCall64 opJmp opRet64
addRR64N: addRI32 addRR64 addRR64N cmpRI64JZ cmpRR32JNZ cmpRR64 cmpRR64JNB cmpRR64JNZ movRR64 sarRI64 shlRI64N shrRI64 subRR64
andHI8: opJz
andRI32: movMRB32 movMRB8 movzx16RM opCmovR32 opJz opPop64
andRI32N: addRI64 addRI64N addRR32 cmpRI32JNBE cmpRI32JNZ cmpRI64 cmpRI64JZ orRR32 orRR64 orRR64N subRR64N
andRI64: addRMB64N movsx32to64RR opJmp opPop64
andRI64N: andRI64N cmpRI64JZ movRR64 notR64N subRI64 testRI8JZ testRR64JZ
andRI8N: cmpRI64JZ
andRMB32: notR32N opJz
andRMB32N: xorRR32
andRMB64: addRMB64N
andRR32: opCall64 opJmp opJz opLea64
andRR32N: opLea32 xorRR32N
andRR64N: andRI64N cmpRI64JZ shlRI64
cmpMIB16: opJz
cmpMIB64: movzx8RR
cmpMR64: opJcc opJz
cmpMR8: opJz
cmpMRB32: opJcc opJz
cmpMRB64: opJcc opJz
cmpMRB8: opJz
cmpRI16: opJz
cmpRI32: opSetR sbbRR32
cmpRI64: opSetR sbbRI64 sbbRR64
cmpRR32: opCmovR32
cmpRR64: movMR64 movRR64 opCmovR64 opSetR
decM32: opJz
decR32: opJcc opJz
imulRM32N: addRI64N
imulRM64N: sarRI64
imulRR64N: imulRR64N movRR64
incM32: movRI64 movRM32
incM32N: xorRR32
incR32: opJz
incR64: cmpMIB8JNZ
incR64N: xorRR32N
movMIB32: incM64 movMRB64
movMIB64: movMIB64 movMIB8 movRR64 movzx16RMB opCall64
movMIB8: addRI64N opSti testRI32JZ
movMR64: adcRI64 addRI64N opJmp opSetR
movMR8: opLea64 opRet64
movMRB16: opJmp xorRR8N
movMRB32: addMIB32 addRI64N addRR32 cmpRI64JNZ cmpRR64JLE cmpRR64JNZ imulRMI32N movMRB32 movRMB32 movRR32 opCall64 opJmp opRet64 xorRR32
movMRB64: addMRB64 addRR64N cmpRR64JB movMRB32 movMRB64 movRI32 movRMB64 movRR64 movzx16RMB movzx8RMB opCall64 opJmp opJz opLea64 opPop64 opRet64 testRI8JNZ testRR32JZ testRR64JZ xorRR32 xorRR32N
movMRB8: subRI64N testMIB8JNZ testRR32JNZ testRR8JNZ
movRI32: andRI32N cmpRI32JNBE cmpRR16 movRI32 movRMB64 movRR32 movRR64 opCall64 opCmovR32 opCmpxchgM opJmpFar opJz opRet64 shlRC32N testRR32JZ testRR64JZ xorRR32N
movRI64: cmpRR64JNB cmpRR64JZ movMRB64 movRMX64 movRR64 opCall64 opJmp opPushR64 testRR64JNZ testRR64JZ
movRM16: movRI32
movRM32: addRMB32 cmpRR32JNZ cmpRR32JZ movRM32 opCall64 opLea64 testRI32JNZ testRR32JZ
movRM64: addMIB64N addMRB64 addRM64 andMIB32 andMIB8 cmpMIB64JZ cmpRR64JNZ movMRB64 movRMB32 movRMB64 movRR64 opLea64 subMIB32 testMIB64 testMIB8JNZ testRR64JZ
movRM8: movRR64 movsx8to64RR negR64 testRR8JNZ
movRMB32: addRI32 addRI64N addRMB32N addRR32N andRI32N cmpRI32JZ cmpRR32JNBE cmpRR32JNZ cmpRR32JZ imulRM32N movMRB32 movMRB64 movRI32 movRMB32 movRMB64 movRR32 movRR64 opJmp opLea32 rorRI32N subMRB32 testRI8JNZ testRI8JZ testRR32JLE testRR32JNZ testRR32JZ testRR64JZ
movRMB64: addRI64N addRM64 andRI64N cmpMIB32JBE cmpMIB64JNZ cmpMIB64JZ cmpMRB64 cmpRI64JBE cmpRI64JNZ cmpRI64JZ cmpRMB64JNB cmpRR64JNB cmpRR64JNLE cmpRR64JNZ cmpRR64JZ decM32N incM32 movMIB32 movMIB64 movMRB64 movRI32 movRI64 movRM32 movRM64 movRMB32 movRMB64 movRR32 movRR64 movsx32to64RMB movzx8RR opCall64 opCallR64 opJmp opJz opLea64 opRet64 orMIB32 orRI64N orRR32N sarRI64N shrRI64 shrRI64N subRM64 testMIB64JZ testMIB8JNZ testMIB8JZ testRI32JNZ testRI32JZ testRI64JNZ testRI64JZ testRI8JNZ testRI8JZ testRR64JNZ testRR64JZ testRR8JZ xorRR32 xorRR32N
movRMB8: addRR64 cmpMRB8 incR64N
movRMX64: cmpRMB64JNZ movRI64 movRMB64 opCall64
movRR32: addRR32 addRR32N addRR64 andRI32 andRI32N andRMB32 andRR32N cmpRI32JZ cmpRI64 imulRR64N movMIB32 movMRB32 movRI32 movRM64 movRMB32 movRMX32 movRR32 movRR64 movsx32to64RR negR32 notR32N opCall64 opJmp opLea32 opLea64 opPop64 opPushR64 opRet64 orHI8N orRI32 orRMB16 rolRI32N rorRI32N shlRC32N shrRI32N shrRI64N subRR32 testRR32JZ xorRR32 xorRR32N
movRR64: addRI64 addRI64N addRR64N andRI32N andRI64 andRI64N andRMB64 andRR64N cmpRI64JNZ cmpRR64JB cmpRR64JNB imulRR64N movMR64 movMRB16 movMRB64 movRI32 movRI64 movRM64 movRM8 movRMB32 movRMB64 movRR32 movRR64 movsx8to64RR movzx8RMB opCall64 opCallR64 opCmovR64 opJmp opJz opLea64 opMulR64 opPop64 opPushR64 opReadCR2 opRepMovs opRet64 orRI32N shlRI64N shrRI64 shrRI64N subRI64 subRI64N subRMB64 subRMB64N subRR64 subRR64N testRI8JZ testRR64JZ xorRR32
movScalarMR64: cmpRR64JNZ
movScalarRM64: padddRR porRR
movsx32to64RM: testRR32JNS
movsx32to64RMB: addRMB64 addRR64N movRI64 movRMB64 shlRI64N
movsx32to64RR: addRR64N movRMB64 movRMB8 movRMX64 movsx32to64RM opJmp opPushR64 subRR64 subRR64N testRR64JNZ
movsx8to64RR: addRR64 negR64
movzx16RM: cmpMRB32 movRR64
movzx16RMB: andRI16N movMRB16 movRR32 subRR64N
movzx8RM: cmpRM8JZ movMRB8 testRR8JZ
movzx8RMB: addRI64 addRI64N cmpRI8JZ cmpRR8JZ opJmp opLea32 opLea64 opRet64 opSetR testRR8JNS testRR8JNZ testRR8JZ
movzx8RMX: cmpRM8JZ
movzx8RR: addRMB64 addRR32N addRR64N movRMX64 opJz subRR32N subRR64 testMIB8JNZ xorRM32N
negR32: opCmovR32 opPushR64
negR64: movsx8to64RR opLea32
notR32N: addRI32N andRMB32N andRR32N
notR64N: addRMB64N andRR64N notR64N
opBitsMI: opJcc
opBitsMR: opJcc
opBitsRI: opJcc
opBitsRR: opJcc
opCld: opCall64
opCmovR32: addRI16 movRR32 opJmp
opCmovR64: addRR64 addRR64N andRR64N cmpRR64JL cmpRR64JLE movRI32 movRR64 opCmovR64 opRet64
opCmpxchgM: opJz
opLea32: addRI64 movMRB32 movRR32 opPop64 subRI32
opLea64: addRI64N addRR64 andRI32N andRI64 cmpMR64 cmpRI32JNBE cmpRR32JB cmpRR64JNB movMIB64 movMRB64 movRM32 movRM8 movRMB64 movRR32 movRR64 movsx32to64RMB movzx8RM opCall64 opJz opLea64 opSetR testMIB8JNZ testRI8JNZ testRR32JZ
opLeave64: opRet64
opMulR64: opQuickFlags
opPop64: andRR64 movRR64 opJmpFar opLea32 opPop64 opRet64 orRR64N
opPushM64: opPushM64
opPushR64: andRI64N movRI32 movRI64 movRM64 movRMB64 movRR32 movRR64 movsx32to64RR negR32 opCdqe opJmp opLea64 opPushI64 opPushR64 opPushf64 subRI64 xorRR32
opQuickFlags: movMRB16
opRorRI: opPlain
opSetR: addRM64 addRR64N cmpRI64JNBE movzx8RR opJmp opRet64 shrRI64N subRR64
opXaddM: addRR32N subRI64N
orMIB8: opJmp
orRI32: testMIB8
orRI64: movMRB64
orRI64N: cmpRR64JNZ notR64N
orRMB16: opJz
orRR32: movMRB32
orRR32N: movRI32 testRR64JZ
orRR64: opJmp opJz
orRR64N: cmpRR64JNB
padddRR: movScalarMR64 movScalarRM64 padddRR
porRR: pxorRR
pxorRR: movScalarRM64 pxorRR
rolRI32N: addRR32N rorRI32N xorRR32 xorRR32N
rorRI32N: andRR32N rolRI32N rorRI32N xorRR32N
sarRI64: addMRB64 opLea64
sarRI64N: addRR64N cmpRI32 cmpRR64JNZ shlRI64
sbbRI64: opJmp
shlRC32N: movsx32to64RR testRR32JNZ testRR32JZ
shlRI32: addMRB32N
shlRI32N: orRR32
shlRI64: addMRB64N movRR32 movRR64 opLea64
shlRI64N: addRR64 addRR64N movRI64 sarRI64N testRR64JNZ
shrRC64N: andRI32
shrRI32: movMRB32 movzx8RR opJz
shrRI32N: movRR32 rolRI32N
shrRI64: addRMB64 movRMB64 movRMX64 movsx32to64RR movzx8RR opRet64
shrRI64N: addRR64 addRR64N andRI32 andRI32N andRR64N movRI32 movRR64 movzx8RR sarRI64N testRR64JNZ xorRR8N
subMIB32: opJz
subRI32: movRMB64 opCall64 opJcc
subRI32N: andRR64N movsx32to64RR
subRI64: movMRB32 movMRB64 movRI64 movRM64 movRMB64 opCall64
subRI64N: addRI64 andRI8N cmpRR32JB cmpRR64JZ subRI64N xorRR64
subRM64: opJz
subRMB32: cmpRMB32
subRMB64: cmpMIB64JZ opJcc subRMB64
subRR32: movMRB32
subRR32N: cmpRI32JZ
subRR64: adcRR64 movRM64 movRR64 opJcc opJz
subRR64N: addRR64N cmpRI64JNBE movRR64 opLea64 xorRR32
testHI8: opJz
testMIB8: opCmovR32
testRI8: opCmovR64
testRR32: opCmovR32 opSetR
testRR64: opCmovR64 opSetR
xorRI32N: movzx8RR
xorRM32N: cmpRI64JNZ
xorRR32: addRM64 cmpMIB32 cmpMIB8 movMRB64 movRI32 movRM32 movRM64 movRMB32 movRR64 opCall64 opClac opJmp opPop64 opPushR64 opRdpkru opRet64 testMIB8JZ
xorRR32N: addRR32 addRR32N andRR32N movRI32 movRR32 shrRI32 testRR32JNZ testRR32JZ testRR64 xorRR32N
xorRR64: opJmp
xorRR64N: andRR64N
xorRR8N: andRI64 cmpRR64JZ
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
