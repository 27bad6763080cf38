// Package asm shows machine code as text, for debuggers and traces: in Intel, AT&T or Go's
// syntax.
//
// Lengths come from the emulator's own decoder, so that a listing and the machine never
// disagree. The text is that of golang.org/x/arch/x86/x86asm where it reads the bytes
// the same way. Elsewhere, and for the instructions it is known to get wrong, the text is
// made here from the opcode map (format.go).
package asm

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"golang.org/x/arch/x86/x86asm"
)

// An Inst is one disassembled instruction.
type Inst struct {
	Len  int    // bytes, at least 1
	Text string // "(bad)" for bytes that are no instruction
}

// Decode disassembles the instruction at the start of code, which must not be empty, as
// code of the given number of bits (16, 32 or 64). addr is where it lies, for the targets
// of branches.
func Decode(code []byte, bits int, addr uint64) Inst {
	return DecodeAs(Intel, code, bits, addr, nil)
}

// A Syntax is a way to write instructions.
type Syntax uint8

// Syntaxes.
const (
	Intel Syntax = iota
	ATT          // of the GNU assembler
	Go           // of Go's assembler
)

// Names finds the symbol at or before an address, and where it begins; "" is none. It may
// be nil.
type Names = func(addr uint64) (name string, base uint64)

// DecodeAs is Decode in another syntax, with symbols as the targets of branches.
func DecodeAs(syntax Syntax, code []byte, bits int, addr uint64, names Names) Inst {
	var in cpu.Inst
	if !cpu.Decode(code, alu.Width(bits/8), &in) {
		return Inst{len(code), "(incomplete)"}
	}
	if in.Bad != x86.NoReason || in.Op == nil || in.Len == 0 {
		return Inst{1, "(bad)"}
	}
	return Inst{int(in.Len), TextAs(syntax, &in, addr, names)}
}

// Text is the text of a decoded instruction at addr, in Intel syntax.
func Text(in *cpu.Inst, addr uint64) string { return TextAs(Intel, in, addr, nil) }

// TextAs is Text in another syntax, with symbols as the targets of branches. What x86asm
// does not know is written in Intel syntax, marked as such.
func TextAs(syntax Syntax, in *cpu.Inst, addr uint64, names Names) string {
	code, bits := in.Bytes[:in.Len], int(in.CodeSize)*8
	if text, ok := known(in, bits); ok {
		return text
	}
	inst, err := x86asm.Decode(code, bits)
	if err != nil || inst.Op == 0 || inst.Len != len(code) {
		text := format(in, addr)
		if syntax != Intel {
			text += "  ; Intel syntax"
		}
		return text
	}
	switch syntax {
	case ATT:
		return x86asm.GNUSyntax(inst, addr, names)
	case Go:
		return x86asm.GoSyntax(inst, addr, names)
	}
	text := intel(inst, addr, bits)
	if to, ok := branchTarget(inst, addr, bits); ok && names != nil {
		if name, base := names(to); name != "" {
			text += " <" + name + offset(to-base) + ">"
		}
	}
	return text
}

// branchTarget is where a direct branch goes.
func branchTarget(inst x86asm.Inst, addr uint64, bits int) (to uint64, ok bool) {
	rel, ok := inst.Args[0].(x86asm.Rel)
	to = addr + uint64(inst.Len) + uint64(int64(rel))
	if bits < 64 {
		to &= 1<<bits - 1
	}
	return to, ok
}

func offset(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("+%#x", n)
}

// known are instructions that x86asm misreads although it may find a length for them.
func known(in *cpu.Inst, bits int) (string, bool) {
	switch code := in.Bytes[:in.Len]; {
	case string(code) == "\xf3\x0f\x1e\xfa":
		return "endbr64", true
	case string(code) == "\xf3\x0f\x1e\xfb":
		return "endbr32", true
	case in.VEX && in.Code == 0x77 && in.VEXL == 0:
		return "vzeroupper", true
	case in.VEX && in.Code == 0x77:
		return "vzeroall", true
	}
	return "", false
}

// intel is x86asm's text with the targets of branches as addresses.
func intel(inst x86asm.Inst, addr uint64, bits int) string {
	text := strings.ToLower(x86asm.IntelSyntax(inst, addr, nil))
	next := addr + uint64(inst.Len)
	for _, a := range inst.Args {
		switch a := a.(type) {
		case x86asm.Rel:
			if at := strings.Index(text, ".+"); at >= 0 {
				return text[:at] + target(next+uint64(int64(a)), bits)
			}
			if at := strings.Index(text, ".-"); at >= 0 {
				return text[:at] + target(next+uint64(int64(a)), bits)
			}
		case x86asm.Mem:
			if a.Base == x86asm.RIP {
				text += fmt.Sprintf("  ; %#x", next+uint64(a.Disp))
			}
		}
	}
	return text
}

func target(a uint64, bits int) string {
	if bits < 64 {
		a &= 1<<bits - 1
	}
	return fmt.Sprintf("%#x", a)
}

// Line is one line of a listing: address, bytes, text.
func Line(addr uint64, bits int, code []byte, text string) string {
	width := 16
	if bits < 64 {
		width = 8
	}
	return fmt.Sprintf("%0*x  %-30s  %s", width, addr, fmt.Sprintf("% x", code), text)
}
