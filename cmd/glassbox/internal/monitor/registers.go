package monitor

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// codeBits is the size of the code being executed.
func codeBits(c *cpu.CPU) int {
	attr := c.Seg[x86.CS].Attr
	switch {
	case c.EFER&x86.EFER_LMA != 0 && attr&cpu.AttrL != 0:
		return 64
	case attr&cpu.AttrDB != 0:
		return 32
	}
	return 16
}

// codeAddr is the linear address of the next instruction.
func codeAddr(c *cpu.CPU) uint64 {
	if codeBits(c) == 64 {
		return c.S.RIP
	}
	return uint64(uint32(c.S.R[cpu.RegSeg+int(x86.CS)] + c.S.RIP))
}

// mode is the operating mode in the manual's words.
func mode(c *cpu.CPU) string {
	switch {
	case c.EFER&x86.EFER_LMA != 0 && codeBits(c) == 64:
		return "64-bit mode"
	case c.EFER&x86.EFER_LMA != 0:
		return "compatibility mode"
	case c.CR0&x86.CR0_PE == 0:
		return "real-address mode"
	case c.S.RFLAGS&uint64(x86.FlagVM) != 0:
		return "virtual-8086 mode"
	}
	return "protected mode"
}

var activities = map[cpu.Activity]string{
	cpu.Active: "", cpu.Halted: ", halted", cpu.Shutdown: ", shut down", cpu.WaitSIPI: ", waiting for SIPI",
}

// registers is info registers.
func (m *Monitor) registers() error {
	c := m.t.CPU()
	wide := c.EFER&x86.EFER_LMA != 0
	m.printf("%s, CPL %d%s\n", mode(c), c.CPL, activities[c.Activity])
	if wide {
		for i, n := range names64 {
			m.printf("%-3s %016x%s", strings.ToUpper(n), c.S.R[i], gap(i, 4))
		}
		m.printf("RIP %016x  RFL %08x %s\n", c.S.RIP, c.S.RFLAGS, flagNames(c.S.RFLAGS))
	} else {
		for i, n := range names64[:8] {
			m.printf("E%s %08x%s", strings.ToUpper(n[1:]), uint32(c.S.R[i]), gap(i, 4))
		}
		m.printf("EIP %08x  EFL %08x %s\n", uint32(c.S.RIP), uint32(c.S.RFLAGS), flagNames(c.S.RFLAGS))
	}
	for i, s := range c.Seg {
		m.printf("%-4s %04x  base %016x  limit %08x  %s\n", x86.Seg(i), s.Sel, c.S.R[cpu.RegSeg+i], s.Limit, attrText(s.Attr))
	}
	m.printf("LDTR %04x  base %016x  limit %08x\n", c.LDTR.Sel, c.LDTR.Base, c.LDTR.Limit)
	m.printf("TR   %04x  base %016x  limit %08x\n", c.TR.Sel, c.TR.Base, c.TR.Limit)
	m.printf("GDTR       base %016x  limit %04x\n", c.GDTR.Base, c.GDTR.Limit)
	m.printf("IDTR       base %016x  limit %04x\n", c.IDTR.Base, c.IDTR.Limit)
	m.printf("CR0 %08x  CR2 %016x  CR3 %016x  CR4 %08x  EFER %04x\n", c.CR0, c.CR2, c.CR3, c.CR4, c.EFER)
	return nil
}

// gap separates columns, n to a line.
func gap(i, n int) string {
	if i%n == n-1 {
		return "\n"
	}
	return "  "
}

// flagNames lists the flags that are set, as Bochs does but without those that are clear.
func flagNames(v uint64) string {
	var set []string
	for _, f := range []struct {
		bit  uint
		name string
	}{
		{21, "ID"}, {20, "VIP"}, {19, "VIF"}, {18, "AC"}, {17, "VM"}, {16, "RF"}, {14, "NT"},
		{11, "OF"}, {10, "DF"}, {9, "IF"}, {8, "TF"}, {7, "SF"}, {6, "ZF"}, {4, "AF"}, {2, "PF"}, {0, "CF"},
	} {
		if v>>f.bit&1 != 0 {
			set = append(set, f.name)
		}
	}
	if iopl := v >> 12 & 3; iopl != 0 {
		set = append(set, fmt.Sprintf("IOPL=%d", iopl))
	}
	return "[" + strings.Join(set, " ") + "]"
}

func attrText(a cpu.Attr) string {
	if a&cpu.AttrP == 0 {
		return "not present"
	}
	kind := "data"
	switch {
	case a&cpu.AttrS == 0:
		kind = fmt.Sprintf("system type %d", a.Type())
	case a&cpu.AttrCode != 0 && a&cpu.AttrL != 0:
		kind = "code64"
	case a&cpu.AttrCode != 0 && a&cpu.AttrDB != 0:
		kind = "code32"
	case a&cpu.AttrCode != 0:
		kind = "code16"
	}
	return fmt.Sprintf("%s DPL %d", kind, a.DPL())
}
