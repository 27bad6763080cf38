package asm

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// format makes the text from the row and the operands as decoded. Operands that the
// opcode implies are left out.
func format(in *cpu.Inst, addr uint64) string {
	var b strings.Builder
	if in.Lock {
		b.WriteString("lock ")
	}
	b.WriteString(strings.ToLower(in.Op.Name))
	sep := " "
	for i, a := range [3]cpu.Arg{in.Dst, in.Src, in.Third} {
		code := [3]cpu.Operand{in.Op.Dst, in.Op.Src, in.Op.Third}[i]
		text := operand(in, a, code, addr)
		if text == "" {
			continue
		}
		b.WriteString(sep + text)
		sep = ", "
	}
	return b.String()
}

func operand(in *cpu.Inst, a cpu.Arg, code cpu.Operand, addr uint64) string {
	switch a.Kind {
	case cpu.ArgReg:
		return register(a.Reg, int(a.W), in.REX != 0)
	case cpu.ArgHigh:
		return [4]string{"ah", "ch", "dh", "bh"}[a.Reg&3]
	case cpu.ArgMem:
		return memory(in, int(a.W), addr)
	case cpu.ArgImm:
		if code == cpu.Jb || code == cpu.Jz {
			return target(addr+uint64(in.Len)+in.Imm, int(in.CodeSize)*8)
		}
		return fmt.Sprintf("%#x", in.Imm)
	case cpu.ArgSeg:
		return strings.ToLower(x86.Seg(a.Reg).String())
	case cpu.ArgCR:
		return fmt.Sprintf("cr%d", a.Reg)
	case cpu.ArgDR:
		return fmt.Sprintf("dr%d", a.Reg)
	case cpu.ArgMMX:
		return fmt.Sprintf("mm%d", a.Reg)
	case cpu.ArgXMM:
		if in.VEX && in.VEXL == 1 {
			return fmt.Sprintf("ymm%d", a.Reg)
		}
		return fmt.Sprintf("xmm%d", a.Reg)
	case cpu.ArgST:
		return fmt.Sprintf("st(%d)", a.Reg)
	}
	return ""
}

// register names the low w bytes of general register n.
func register(n uint8, w int, rex bool) string {
	legacy := [8]string{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"}
	if n >= 8 {
		return fmt.Sprintf("r%d", n) + map[int]string{1: "b", 2: "w", 4: "d"}[w]
	}
	name := legacy[n]
	switch w {
	case 1:
		if n < 4 {
			return name[:1] + "l"
		}
		return name + "l"
	case 4:
		return "e" + name
	case 8:
		return "r" + name
	}
	return name
}

var sizeNames = map[int]string{
	1: "byte ", 2: "word ", 4: "dword ", 6: "fword ", 8: "qword ", 10: "tbyte ", 16: "xmmword ", 32: "ymmword ",
}

// memory is an effective address with its width in bytes.
func memory(in *cpu.Inst, w int, addr uint64) string {
	var b strings.Builder
	b.WriteString(sizeNames[w])
	b.WriteString("ptr ")
	if in.Over != x86.NoSeg {
		b.WriteString(strings.ToLower(in.Over.String()) + ":")
	}
	b.WriteString("[")
	sep := ""
	if in.RIPRel {
		b.WriteString("rip")
		sep = "+"
	}
	if in.Base != cpu.RegZero {
		b.WriteString(register(in.Base, int(in.AddrSize), true))
		sep = "+"
	}
	if in.Index != cpu.RegZero {
		b.WriteString(sep + register(in.Index, int(in.AddrSize), true))
		if in.Scale > 0 {
			fmt.Fprintf(&b, "*%d", 1<<in.Scale)
		}
		sep = "+"
	}
	switch disp := int64(in.Disp); {
	case sep == "":
		fmt.Fprintf(&b, "%#x", target64(in.Disp, int(in.AddrSize)))
	case disp < 0:
		fmt.Fprintf(&b, "-%#x", -disp)
	case disp > 0:
		fmt.Fprintf(&b, "+%#x", disp)
	}
	b.WriteString("]")
	if in.RIPRel {
		fmt.Fprintf(&b, "  ; %#x", addr+uint64(in.Len)+in.Disp)
	}
	return b.String()
}

func target64(v uint64, bytes int) uint64 {
	if bytes < 8 {
		v &= 1<<(8*bytes) - 1
	}
	return v
}
