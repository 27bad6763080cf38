package oracle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
)

// A Form is one row of the opcode maps in code of one size.
type Form struct {
	cpu.Row
	Size  int    // of the code: 2, 4 or 8
	Key   string // names the form; seeds and digests hang on it
	Class string

	modRM bool
	way   Way
	tok   tokens // the forks taken
}

// tokens are the forks that lead to a row: a set of the constants below, and values of
// ModRM.reg and ModRM.rm.
type tokens struct {
	set     uint32
	reg, rm int8 // -1: any
}

const (
	tokNone uint32 = 1 << iota
	tok66
	tokF3
	tokF2
	tokMem
	tokReg
	tokO16
	tokO32
	tokO64
	tokNot64
	tokLong
	tokB0
	tokB1
	tokA16
	tokA32
	tokA64
	tokW0
	tokW1
	tokL0
	tokL1
)

// parse reads the path of a row.
func parse(path string) tokens {
	names := map[string]uint32{
		"none":  tokNone,
		"66":    tok66,
		"F3":    tokF3,
		"F2":    tokF2,
		"mem":   tokMem,
		"reg":   tokReg,
		"o16":   tokO16,
		"o32":   tokO32,
		"o64":   tokO64,
		"not64": tokNot64,
		"64":    tokLong,
		"B0":    tokB0,
		"B1":    tokB1,
		"a16":   tokA16,
		"a32":   tokA32,
		"a64":   tokA64,
		"W0":    tokW0,
		"W1":    tokW1,
		"L0":    tokL0,
		"L1":    tokL1,
	}
	t := tokens{reg: -1, rm: -1}
	for _, s := range strings.Fields(path) {
		switch {
		case s[0] == '/':
			t.reg = int8(s[1] - '0')
		case strings.HasPrefix(s, "rm"):
			t.rm = int8(s[2] - '0')
		default:
			t.set |= names[s]
		}
	}
	return t
}

// has says whether one of the forks was taken.
func (t *tokens) has(any uint32) bool { return t.set&any != 0 }

// Classes are the groups that figures are reported for.
func Classes() []string {
	return []string{"integer", "x87", "MMX", "SSE", "SSE3-4.2, AES, SHA", "AVX, AVX2", "BMI, ADX", "FMA, F16C", "bytes", "blocks"}
}

// Forms are all forms that the oracle can judge, in the order of the maps. has says which
// features the emulator has; nil: all.
func Forms(has func(cpu.Feature) bool) (forms []*Form) {
	for row := range cpu.Rows() {
		if skipped(row) != "" || row.Op.Exec == nil || has != nil && !has(row.Op.Feature) && row.Op.Feature != cpu.FeatNever {
			continue
		}
		for _, size := range []int{8, 4, 2} {
			f := &Form{Row: row, Size: size, tok: parse(row.Path)}
			if row.Op.Mode&cpu.Not64 != 0 && size == 8 || row.Op.Mode&cpu.Only64 != 0 && size != 8 {
				if row.Op.Mode&cpu.Only64 != 0 {
					continue // other rows or nothing in 16- and 32-bit code
				}
			}
			if !f.possible() {
				continue
			}
			f.modRM = needsModRM(row)
			f.Key = fmt.Sprintf("%s %02X %s %d", row.Map, row.Code, row.Path, 8*size)
			f.Class = class(row)
			if !branches(row.Op.Name) {
				f.way = Jump
			}
			forms = append(forms, f)
		}
	}
	return forms
}

// possible says whether the forks of the row can be taken in code of this size.
func (f *Form) possible() bool {
	switch {
	case f.Size == 8 && f.Op.Name == "BOUND": // EVEX on the host
		return false
	case f.Size == 8 && (f.tok.has(tokNot64) || f.tok.has(tokA16)):
		return false
	case f.Size != 8 && (f.tok.has(tokLong) || f.tok.has(tokO64) || f.tok.has(tokA64) || f.tok.has(tokB1)):
		return false
	case f.Size != 8 && f.tok.has(tokW1) && !strings.HasPrefix(f.Map, "VEX"):
		return false
	}
	return true
}

func needsModRM(row cpu.Row) bool {
	for _, o := range [...]cpu.Operand{row.Op.Dst, row.Op.Src, row.Op.Third} {
		if o >= cpu.Eb && o <= cpu.Ry || o >= cpu.Pq && o <= cpu.Uq {
			return true
		}
	}
	return strings.Contains(row.Path, "/") || strings.Contains(row.Path, "mem") || strings.Contains(row.Path, "reg") || strings.Contains(row.Path, "rm") ||
		row.Map == "1" && row.Code >= 0xd8 && row.Code <= 0xdf || row.Map == "0F38" || row.Map == "0F3A" || strings.HasPrefix(row.Map, "VEX") && row.Code != 0x77
}

// skipped says why silicon cannot judge a row here; empty if it can.
func skipped(row cpu.Row) string {
	switch row.Op.Name {
	case "CPUID", "RDTSC", "RDTSCP", "RDPMC", "RDRAND", "RDSEED", "RDPID", "XGETBV", "RDPKRU", "WRPKRU":
		return "the answer is the host's"
	case "SYSCALL", "SYSENTER", "SYSRET", "SYSEXIT", "INT":
		return "leads into the host's kernel"
	case "INT1":
		return "its trap looks like that of single-stepping"
	case "SGDT", "SIDT", "SLDT", "STR", "SMSW":
		return "UMIP: the host's kernel answers"
	case "XSAVE", "XSAVEC", "XSAVEOPT", "XSAVES", "XRSTOR", "XRSTORS":
		return "the host has more state components"
	case "BOUND":
		if strings.Contains(row.Path, "reg") {
			return "EVEX on the host"
		}
	case "PUSHF":
		return "pushes the TF of single-stepping"
	case "MONITOR", "MWAIT", "UMONITOR", "UMWAIT", "TPAUSE", "VMCALL", "VMFUNC", "PTWRITE", "INCSSP", "CLRSSBSY":
		return "may reach the host's hypervisor"
	}
	return ""
}

// branches says whether an instruction may go on elsewhere than behind it, or with a trap.
func branches(name string) bool {
	return name[0] == 'J' || strings.HasPrefix(name, "LOOP") ||
		slices.Contains([]string{"CALL", "CALLF", "RET", "RETF", "IRET", "INT3", "INTO", "POPF"}, name)
}

// class is the group of a row.
func class(row cpu.Row) string {
	name := row.Op.Feature.String()
	switch {
	case row.Map == "1" && row.Code >= 0xd8 && row.Code <= 0xdf, row.Op.Name == "FWAIT":
		return "x87"
	case name == "fma" || name == "f16c":
		return "FMA, F16C"
	case name == "bmi1" || name == "bmi2" || name == "adx" || name == "lzcnt" || name == "popcnt" || name == "movbe":
		return "BMI, ADX"
	case strings.HasPrefix(row.Map, "VEX"):
		return "AVX, AVX2"
	case usesMMX(row):
		return "MMX"
	case name == "sse" || name == "sse2" || name == "fxsr":
		return "SSE"
	case strings.HasPrefix(name, "s") && strings.Contains(name, "se") || name == "aes" || name == "pclmulqdq" || name == "sha-ni":
		return "SSE3-4.2, AES, SHA"
	}
	return "integer"
}

// usesMMX says whether a row has an MMX operand.
func usesMMX(row cpu.Row) bool {
	for _, o := range [...]cpu.Operand{row.Op.Dst, row.Op.Src, row.Op.Third} {
		if o >= cpu.Pq && o <= cpu.Nq {
			return true
		}
	}
	return row.Op.Name == "EMMS"
}
