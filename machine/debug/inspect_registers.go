package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// codeBits is the size of the code being executed.
func codeBits(c *cpu.CPU) int {
	x := c.Context()
	return x.CodeBits()
}

// codeAddr is the linear address of the next instruction.
func codeAddr(c *cpu.CPU) uint64 {
	x := c.Context()
	return x.CodeLinear()
}

var activities = map[cpu.Activity]string{
	cpu.Active: "", cpu.Halted: ", halted", cpu.Shutdown: ", shut down", cpu.WaitSIPI: ", waiting for SIPI",
}

// registers is info registers.
func (i *Inspector) registers() error {
	if err := i.general(); err != nil {
		return err
	}
	if err := i.segments(); err != nil {
		return err
	}
	c := i.CPU()
	i.printf("CR0 %08x  CR2 %016x  CR3 %016x  CR4 %08x  EFER %04x\n", c.CR0, c.CR2, c.CR3, c.CR4, c.EFER)
	return nil
}

// general is r: mode, general registers, instruction pointer and flags.
func (i *Inspector) general() error {
	c := i.CPU()
	x := c.Context()
	i.printf("%s, CPL %d%s\n", modeName(&x), c.CPL, activities[c.Activity])
	if x.LongMode() {
		for k, n := range names64 {
			i.printf("%-3s %016x%s", strings.ToUpper(n), c.S.R[k], gap(k, 4))
		}
		i.printf("RIP %016x  RFL %08x %s\n", c.S.RIP, c.S.RFLAGS, flagNames(c.S.RFLAGS))
		return nil
	}
	for k, n := range names64[:8] {
		i.printf("E%s %08x%s", strings.ToUpper(n[1:]), uint32(c.S.R[k]), gap(k, 4))
	}
	i.printf("EIP %08x  EFL %08x %s\n", uint32(c.S.RIP), uint32(c.S.RFLAGS), flagNames(c.S.RFLAGS))
	return nil
}

// segments is sreg.
func (i *Inspector) segments() error {
	c := i.CPU()
	for k, s := range c.Seg {
		i.printf("%-4s %04x  base %016x  limit %08x  %s\n", x86.Seg(k), s.Sel, c.S.R[cpu.RegSeg+k], s.Limit, attrText(s.Attr, c.EFER&x86.EFER_LMA != 0))
	}
	i.printf("LDTR %04x  base %016x  limit %08x\n", c.LDTR.Sel, c.LDTR.Base, c.LDTR.Limit)
	i.printf("TR   %04x  base %016x  limit %08x\n", c.TR.Sel, c.TR.Base, c.TR.Limit)
	i.printf("GDTR       base %016x  limit %04x\n", c.GDTR.Base, c.GDTR.Limit)
	i.printf("IDTR       base %016x  limit %04x\n", c.IDTR.Base, c.IDTR.Limit)
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

func attrText(a cpu.Attr, long bool) string {
	if a&cpu.AttrP == 0 {
		return "not present"
	}
	return fmt.Sprintf("%s, DPL %d", typeText(a, long), a.DPL())
}
