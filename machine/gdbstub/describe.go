package gdbstub

import (
	"fmt"
	"strings"
)

// An Arch is a description of the processor for gdb.
type Arch uint8

// Descriptions.
const (
	Auto  Arch = iota // what the processor executes when gdb connects
	I8086             // 16-bit code, 32-bit registers
	I386
	X8664
)

// archNames are gdb's words.
var archNames = [...]string{Auto: "auto", I8086: "i8086", I386: "i386", X8664: "i386:x86-64"}

// String gives gdb's word.
func (a Arch) String() string { return archNames[a] }

// ParseArch reads a name of an architecture.
func ParseArch(s string) (a Arch, ok bool) {
	if s == "x86-64" || s == "x86_64" {
		return X8664, true
	}
	for i, n := range archNames {
		if s == n {
			return Arch(i), true
		}
	}
	return 0, false
}

// bits is the width of the registers that the description has.
func (a Arch) bits() int {
	if a == X8664 {
		return 64
	}
	return 32
}

// archFor is the description that fits code of so many bits.
func archFor(codeBits int) Arch {
	return map[int]Arch{16: I8086, 32: I386, 64: X8664}[codeBits]
}

// A flagSet is a register whose bits have names.
type flagSet struct {
	id    string
	size  int // bytes
	names map[uint]string
}

// flagSets are the registers that gdb shows bit by bit.
var flagSets = map[string][]flagSet{
	featCore: {{"i386_eflags", 4, map[uint]string{0: "CF", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 8: "TF", 9: "IF", 10: "DF", 11: "OF",
		14: "NT", 16: "RF", 17: "VM", 18: "AC", 19: "VIF", 20: "VIP", 21: "ID"}}},
	featSSE: {{"i386_mxcsr", 4, map[uint]string{0: "IE", 1: "DE", 2: "ZE", 3: "OE", 4: "UE", 5: "PE", 6: "DAZ", 7: "IM", 8: "DM", 9: "ZM",
		10: "OM", 11: "UM", 12: "PM", 15: "FZ"}}},
	featSystem: {
		{"cr0", 8, map[uint]string{0: "PE", 1: "MP", 2: "EM", 3: "TS", 4: "ET", 5: "NE", 16: "WP", 18: "AM", 29: "NW", 30: "CD", 31: "PG"}},
		{"cr4", 8, map[uint]string{0: "VME", 1: "PVI", 2: "TSD", 3: "DE", 4: "PSE", 5: "PAE", 6: "MCE", 7: "PGE", 8: "PCE", 9: "OSFXSR",
			10: "OSXMMEXCPT", 11: "UMIP", 12: "LA57", 16: "FSGSBASE", 17: "PCIDE", 18: "OSXSAVE", 20: "SMEP", 21: "SMAP", 22: "PKE"}},
		{"efer", 8, map[uint]string{0: "SCE", 8: "LME", 10: "LMA", 11: "NXE"}},
	},
}

// vec128 are the ways to look at an XMM register.
const vec128 = `<vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/>` +
	`<vector id="v16i8" type="int8" count="16"/><vector id="v8i16" type="int16" count="8"/>` +
	`<vector id="v4i32" type="int32" count="4"/><vector id="v2i64" type="int64" count="2"/>` +
	`<union id="vec128"><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>` +
	`<field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/>` +
	`<field name="v4_int32" type="v4i32"/><field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/></union>` + "\n"

// description is the target description in XML.
func description(a Arch, regs []register) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n<architecture>%v</architecture>\n<osabi>none</osabi>\n", a)
	feature := ""
	for i, r := range regs {
		if r.feature != feature {
			if feature != "" {
				b.WriteString("</feature>\n")
			}
			feature = r.feature
			fmt.Fprintf(&b, "<feature name=%q>\n", feature)
			for _, f := range flagSets[feature] {
				b.WriteString(f.xml())
			}
			if feature == featSSE {
				b.WriteString(vec128)
			}
		}
		fmt.Fprintf(&b, "<reg name=%q bitsize=\"%d\" type=%q regnum=\"%d\"/>\n", r.name, r.bits, r.kind, i)
	}
	b.WriteString("</feature>\n</target>\n")
	return b.String()
}

// xml is the definition of a set of flags.
func (f *flagSet) xml() string {
	var b strings.Builder
	fmt.Fprintf(&b, "<flags id=%q size=\"%d\">", f.id, f.size)
	for i := range uint(8 * f.size) {
		if n, ok := f.names[i]; ok {
			fmt.Fprintf(&b, `<field name=%q start="%d" end="%d"/>`, n, i, i)
		}
	}
	b.WriteString("</flags>\n")
	return b.String()
}

// memoryMap says that all linear addresses are memory: what is behind them changes with
// the page tables.
const memoryMap = `<?xml version="1.0"?>
<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN" "http://sourceware.org/gdb/gdb-memory-map.dtd">
<memory-map><memory type="ram" start="0x0" length="0xffffffffffffffff"/></memory-map>
`
