package debug

import (
	"fmt"
	"math/bits"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

var names64 = [16]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

// A gpr is part of a general register.
type gpr struct {
	reg   int
	width uint // bits
	shift uint // 8 for AH and its kin
}

// gprName finds the general register, or the part of one, called name.
func gprName(name string) (g gpr, ok bool) {
	for i, n := range names64 {
		if i >= 8 {
			suffix, found := strings.CutPrefix(name, n)
			if width, ok := map[string]uint{"": 64, "d": 32, "w": 16, "b": 8}[suffix]; found && ok {
				return gpr{i, width, 0}, true
			}
			continue
		}
		low := n[1:] + "l" // spl, sil
		if i < 4 {
			low = n[1:2] + "l"
		}
		switch name {
		case n:
			return gpr{i, 64, 0}, true
		case "e" + n[1:]:
			return gpr{i, 32, 0}, true
		case n[1:]:
			return gpr{i, 16, 0}, true
		case low:
			return gpr{i, 8, 0}, true
		}
		if i < 4 && name == n[1:2]+"h" {
			return gpr{i, 8, 8}, true
		}
	}
	return gpr{}, false
}

func mask(width uint) uint64 { return ^uint64(0) >> (64 - width) }

// flagBits are the flags by name, lowest first.
var flagBits = []struct {
	name string
	bit  x86.Flags
}{
	{"cf", x86.FlagCF}, {"pf", x86.FlagPF}, {"af", x86.FlagAF}, {"zf", x86.FlagZF}, {"sf", x86.FlagSF},
	{"tf", x86.FlagTF}, {"if", x86.FlagIF}, {"df", x86.FlagDF}, {"of", x86.FlagOF}, {"iopl", x86.FlagIOPL},
	{"nt", x86.FlagNT}, {"rf", x86.FlagRF}, {"vm", x86.FlagVM}, {"ac", x86.FlagAC}, {"vif", x86.FlagVIF},
	{"vip", x86.FlagVIP}, {"id", x86.FlagID},
}

// RegisterValue is the value of a register by its name in expressions; ok is false if there
// is none.
func RegisterValue(c *cpu.CPU, name string) (v uint64, ok bool) { return readRegister(c, name) }

// readRegister returns a register, a flag, or a part of either by its lower-case name.
func readRegister(c *cpu.CPU, name string) (uint64, bool) {
	if g, ok := gprName(name); ok {
		return c.S.R[g.reg] >> g.shift & mask(g.width), true
	}
	for i := range c.Seg {
		seg := strings.ToLower(x86.Seg(i).String())
		switch name {
		case seg:
			return uint64(c.Seg[i].Sel), true
		case seg + "base", seg + ".base", seg + "_base":
			return c.S.R[cpu.RegSeg+i], true
		case seg + ".limit":
			return uint64(c.Seg[i].Limit), true
		}
	}
	for _, f := range flagBits {
		if f.name == name {
			return c.S.RFLAGS & uint64(f.bit) >> bits.TrailingZeros64(uint64(f.bit)), true
		}
	}
	if p := systemRegister(c, name); p != nil {
		return *p, true
	}
	return derivedRegister(c, name)
}

// systemRegister is a register of 64 bits that can be set as well.
func systemRegister(c *cpu.CPU, name string) *uint64 {
	switch name {
	case "rip", "eip", "ip":
		return &c.S.RIP
	case "cr0":
		return &c.CR0
	case "cr2":
		return &c.CR2
	case "cr3":
		return &c.CR3
	case "cr4":
		return &c.CR4
	case "cr8":
		return &c.CR8
	case "efer":
		return &c.EFER
	}
	if len(name) == 3 && name[:2] == "dr" && name[2] >= '0' && name[2] <= '7' {
		return &c.DR[name[2]-'0']
	}
	return nil
}

func derivedRegister(c *cpu.CPU, name string) (uint64, bool) {
	switch name {
	case "pc":
		x := c.Context()
		return x.CodeLinear(), true
	case "rflags", "eflags", "flags":
		return c.S.RFLAGS, true
	case "cpl":
		return uint64(c.CPL), true
	case "gdt", "gdtr", "gdtr.base":
		return c.GDTR.Base, true
	case "idt", "idtr", "idtr.base":
		return c.IDTR.Base, true
	case "gdtr.limit":
		return uint64(c.GDTR.Limit), true
	case "idtr.limit":
		return uint64(c.IDTR.Limit), true
	case "ldtr":
		return uint64(c.LDTR.Sel), true
	case "ldtr.base":
		return c.LDTR.Base, true
	case "tr":
		return uint64(c.TR.Sel), true
	case "tr.base":
		return c.TR.Base, true
	case "mxcsr":
		return uint64(c.S.MXCSR), true
	}
	return 0, false
}

// writeRegister sets a register by name. Registers with consequences go through Restore,
// which derives modes and refuses what no processor could be in.
func writeRegister(c *cpu.CPU, name string, v uint64) error {
	s := c.Save()
	if g, ok := gprName(name); ok {
		m := mask(g.width) << g.shift
		s.GPR[g.reg] = s.GPR[g.reg]&^m | v<<g.shift&m
		return c.Restore(s)
	}
	for i := range s.Seg {
		switch seg := strings.ToLower(x86.Seg(i).String()); name {
		case seg:
			return writeSelector(c, &s, i, v)
		case seg + ".base", seg + "_base", seg + "base":
			s.Seg[i].Base = v
			return c.Restore(s)
		}
	}
	for _, f := range flagBits {
		if f.name == name {
			s.RFLAGS = s.RFLAGS&^uint64(f.bit) | v<<bits.TrailingZeros64(uint64(f.bit))&uint64(f.bit)
			return c.Restore(s)
		}
	}
	p := map[string]*uint64{
		"rip": &s.RIP, "eip": &s.RIP, "ip": &s.RIP, "pc": &s.RIP, "rflags": &s.RFLAGS, "eflags": &s.RFLAGS, "flags": &s.RFLAGS,
		"cr0": &s.CR0, "cr2": &s.CR2, "cr3": &s.CR3, "cr4": &s.CR4, "cr8": &s.CR8, "efer": &s.EFER,
		"dr0": &s.DR[0], "dr1": &s.DR[1], "dr2": &s.DR[2], "dr3": &s.DR[3], "dr6": &s.DR[6], "dr7": &s.DR[7],
	}[name]
	switch {
	case name == "mxcsr":
		s.MXCSR = uint32(v)
	case p == nil:
		return fmt.Errorf("there is no register %q that can be set", name)
	case name == "pc" && s.Seg[x86.CS].Attr&cpu.AttrL == 0:
		*p = uint64(uint32(v - s.Seg[x86.CS].Base))
	default:
		*p = v
	}
	return c.Restore(s)
}

// writeSelector loads a segment register as real-address and virtual-8086 mode do. In
// protected mode only the selector changes, which is not what a program could do.
func writeSelector(c *cpu.CPU, s *cpu.Snapshot, seg int, v uint64) error {
	x := c.Context()
	s.Seg[seg].Sel = uint16(v)
	if !x.Protected() {
		s.Seg[seg].Base = v & 0xffff << 4
	}
	return c.Restore(*s)
}
