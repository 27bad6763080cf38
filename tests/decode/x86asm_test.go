package decode

import (
	"strconv"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// x86asmNames are the names of x86asm.
func x86asmNames() synonyms {
	s := common()
	sized(s, "BWDQ", "MOVS", "CMPS", "STOS", "LODS", "SCAS")
	sized(s, "BWD", "INS", "OUTS")
	sized(s, "DQ", "PUSHF", "POPF")
	sized(s, "D", "PUSHA", "POPA")
	s["CALLF"] = []string{"LCALL"}
	s["JMPF"] = []string{"LJMP"}
	s["RETF"] = []string{"LRET"}
	s["INT1"] = []string{"ICEBP"}
	s["INT3"] = []string{"INT"} // with the operand 3
	s["XLAT"] = []string{"XLATB"}
	s["MOVSD"] = []string{"MOVSD_XMM"}
	s["CMPSD"] = []string{"CMPSD_XMM"}
	return s
}

// x86asmReading is the reading of x86asm. A prefix that it does not understand is an
// instruction of one byte with Op 0 to it.
func x86asmReading(code []byte, mode int) reading {
	inst, err := x86asm.Decode(code, mode)
	if err != nil || inst.Op == 0 {
		return reading{}
	}
	return reading{plain(inst.Op.String()), inst.Len}
}

func TestX86asmAgrees(t *testing.T) {
	known, same := readList(t, "known_x86asm.txt"), x86asmNames()
	t.Run("modes", func(t *testing.T) {
		for _, mode := range modes {
			t.Run(strconv.Itoa(mode), func(t *testing.T) {
				t.Parallel()
				compareX86asm(t, known, mode, same)
			})
		}
	})
	known.check(t)
}

// compareX86asm compares all forms, and random bytes one instruction after the other.
func compareX86asm(t *testing.T, known *list, mode int, same synonyms) {
	forms := append(legacyForms(mode), vexForms()...)
	for _, code := range forms {
		note(t, known, code, mode, x86asmReading(code, mode), same)
	}
	code := randomCode(mode, 400_000)
	n := 0
	for at := 0; at < len(code)-16; n++ {
		peer := x86asmReading(code[at:at+16], mode)
		note(t, known, code[at:at+16], mode, peer, same)
		at += max(peer.len, 1)
	}
	t.Logf("%d forms and %d random instructions compared", len(forms), n)
}
