package decode

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// objdumpVersion is the version that known_objdump.txt describes. Others know more or
// fewer extensions; with those the differences are printed and do not fail.
const objdumpVersion = "2.40"

// objdumpNames are objdump's names in Intel syntax. It marks an operand size that is not
// the usual one of the mode with a suffix.
func objdumpNames() synonyms {
	s := common()
	sized(s, "WD", "CALL", "JMP", "RET", "ENTER", "LEAVE", "PUSH", "POP", "PUSHA", "POPA", "PUSHF", "POPF",
		"FLDENV", "FNSTENV", "FNSAVE", "FRSTOR", "LGDT", "LIDT", "SGDT", "SIDT")
	sized(s, "WDQ", "RETF")
	sized(s, "W", "IRET")
	sized(s, "DQ", "SYSRET", "SYSEXIT")
	sized(s, "Q", "PCMPESTRI", "PCMPESTRM", "VPCMPESTRI", "VPCMPESTRM")
	s["CALLF"] = []string{"CALL"}
	s["JMPF"] = []string{"JMP"}
	s["MOV"] = []string{"MOVABS"}      // 64-bit address or immediate
	s["WBINVD"] = []string{"WBNOINVD"} // executes as WBINVD where the CPUID bit is absent
	s["FNENI"] = []string{"FNENI(8087"}
	s["FNDISI"] = []string{"FNDISI(8087"}
	s["FNSETPM"] = []string{"FNSETPM(287"}
	return s
}

// A dump gives objdump's readings by offset.
type dump map[int]reading

// objdump disassembles code in one run.
func objdump(t *testing.T, code []byte, mode int) dump {
	file := filepath.Join(t.TempDir(), "code.bin")
	require.NoError(t, os.WriteFile(file, code, 0o600))
	machine := map[int]string{16: "i8086", 32: "i386", 64: "i386:x86-64"}[mode]
	cmd := exec.Command("objdump", "-D", "-z", "-b", "binary", "-m", machine, "-M", "intel,intel64", "--no-show-raw-insn", file)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	text, err := cmd.Output()
	require.NoError(t, err)
	out := dump{}
	at, last := -1, reading{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		offset, rest, ok := strings.Cut(lines.Text(), ":\t")
		if !ok {
			continue
		}
		pos, err := strconv.ParseInt(strings.TrimSpace(offset), 16, 64)
		if err != nil {
			continue
		}
		if at >= 0 {
			last.len = int(pos) - at
			out[at] = last
		}
		at, last = int(pos), reading{name: objdumpName(rest)}
	}
	return out
}

// objdumpName is the mnemonic in a line, without the prefixes that objdump prints before
// it, or "" when the line is no instruction.
func objdumpName(line string) string {
	if strings.Contains(line, "(bad)") || strings.Contains(line, "{bad}") || strings.Contains(line, "?") {
		return ""
	}
	for word := range strings.FieldsSeq(line) {
		switch word {
		case "data16", "data32", "addr16", "addr32", "lock", "rep", "repz", "repnz", "cs", "ds", "es", "fs", "gs", "ss",
			"bnd", "notrack", "xacquire", "xrelease":
			continue
		}
		if strings.HasPrefix(word, "rex") || strings.HasPrefix(word, ".byte") {
			continue
		}
		word, _, _ = strings.Cut(word, ",") // branch hint: "je,pt"
		return plain(word)
	}
	return ""
}

// needObjdump skips without objdump and returns whether the list holds for it.
func needObjdump(t *testing.T) (listed bool) {
	out, err := exec.Command("objdump", "--version").Output()
	if err != nil {
		t.Skip("objdump (binutils) is not installed")
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.HasSuffix(first, " "+objdumpVersion)
}

func TestObjdumpAgrees(t *testing.T) {
	listed := needObjdump(t)
	known, same := readList(t, "known_objdump.txt"), objdumpNames()
	t.Run("modes", func(t *testing.T) {
		for _, mode := range modes {
			t.Run(strconv.Itoa(mode), func(t *testing.T) {
				t.Parallel()
				n := compareForms(t, known, mode, same)
				m := compareStream(t, known, mode, same)
				t.Logf("%d forms and %d random instructions compared", n, m)
			})
		}
	})
	if !listed {
		t.Logf("known_objdump.txt is for version %s; %d differences with this one", objdumpVersion, known.missing)
		return
	}
	known.check(t)
}

// compareForms compares all forms and returns their number.
func compareForms(t *testing.T, known *list, mode int, same synonyms) int {
	forms := append(legacyForms(mode), vexForms()...)
	dump := objdump(t, join(forms...), mode)
	at := 0
	for _, code := range forms {
		note(t, known, code, mode, dump[at], same)
		at += len(code)
	}
	return len(forms)
}

// compareStream compares random bytes at every place where objdump sees an instruction,
// and returns the number of places.
func compareStream(t *testing.T, known *list, mode int, same synonyms) int {
	code := randomCode(mode, 400_000)
	dump := objdump(t, code, mode)
	for at := range len(code) - 16 {
		if peer, ok := dump[at]; ok {
			note(t, known, code[at:at+16], mode, peer, same)
		}
	}
	return len(dump)
}

// note compares our reading of code with the other one.
func note(t *testing.T, known *list, code []byte, mode int, peer reading, same synonyms) {
	our := ours(t, code, mode)
	if kind := compare(our, peer, same); kind != "" {
		known.add(difference{describe(code, mode), kind, our, peer, code})
	}
}
