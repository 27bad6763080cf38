package monitor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// eval works out sums, differences and products of numbers and registers, from left to
// right, products first.
func (m *Monitor) eval(s string) (uint64, error) {
	var sum uint64
	sign, rest := uint64(1), strings.ReplaceAll(s, " ", "")
	if rest == "" {
		return 0, errors.New("an address is missing: a number such as 0x1000, or a register")
	}
	if rest[0] == '-' {
		sign, rest = ^uint64(0), rest[1:]
	}
	for {
		end := strings.IndexAny(rest, "+-")
		if end < 0 {
			end = len(rest)
		}
		v, err := m.product(rest[:end])
		if err != nil {
			return 0, err
		}
		sum += sign * v
		if end == len(rest) {
			return sum, nil
		}
		sign = 1
		if rest[end] == '-' {
			sign = ^uint64(0)
		}
		rest = rest[end+1:]
	}
}

func (m *Monitor) product(s string) (uint64, error) {
	v := uint64(1)
	for f := range strings.SplitSeq(s, "*") {
		n, err := m.value(f)
		if err != nil {
			return 0, err
		}
		v *= n
	}
	return v, nil
}

// value is a number or a register, with or without $ or %.
func (m *Monitor) value(s string) (uint64, error) {
	if n, err := strconv.ParseUint(s, 0, 64); err == nil {
		return n, nil
	}
	name := strings.ToLower(strings.TrimLeft(s, "$%"))
	if v, ok := register(m.t.CPU(), name); ok {
		return v, nil
	}
	if n, err := strconv.ParseUint(strings.TrimSuffix(name, "h"), 16, 64); err == nil {
		return n, nil // hexadecimal without 0x, as it stands in kernel messages
	}
	return 0, fmt.Errorf("%q is neither a number nor a register", s)
}

var names64 = [16]string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}

// register returns a register by name.
func register(c *cpu.CPU, name string) (uint64, bool) {
	for i, n := range names64 {
		switch {
		case name == n:
			return c.S.R[i], true
		case i < 8 && name == "e"+n[1:]:
			return uint64(uint32(c.S.R[i])), true
		case i < 8 && name == n[1:]:
			return uint64(uint16(c.S.R[i])), true
		}
	}
	for i := range c.Seg {
		seg := strings.ToLower(x86.Seg(i).String())
		switch name {
		case seg:
			return uint64(c.Seg[i].Sel), true
		case seg + "base", seg + ".base":
			return c.S.R[cpu.RegSeg+i], true
		}
	}
	switch name {
	case "rip", "eip", "ip", "pc":
		return c.S.RIP, true
	case "rflags", "eflags", "flags":
		return c.S.RFLAGS, true
	case "cr0":
		return c.CR0, true
	case "cr2":
		return c.CR2, true
	case "cr3":
		return c.CR3, true
	case "cr4":
		return c.CR4, true
	case "efer":
		return c.EFER, true
	case "gdt":
		return c.GDTR.Base, true
	case "idt":
		return c.IDTR.Base, true
	}
	return 0, false
}
