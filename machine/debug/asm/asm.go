// Package asm shows machine code as text, for debuggers and traces.
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
	var in cpu.Inst
	if !cpu.Decode(code, alu.Width(bits/8), &in) {
		return Inst{len(code), "(incomplete)"}
	}
	if in.Bad != x86.NoReason || in.Op == nil || in.Len == 0 {
		return Inst{1, "(bad)"}
	}
	return Inst{int(in.Len), Text(&in, addr)}
}

// Text is the text of a decoded instruction at addr.
func Text(in *cpu.Inst, addr uint64) string {
	code, bits := in.Bytes[:in.Len], int(in.CodeSize)*8
	if text, ok := known(in, bits); ok {
		return text
	}
	inst, err := x86asm.Decode(code, bits)
	if err != nil || inst.Op == 0 || inst.Len != len(code) {
		return format(in, addr)
	}
	return intel(inst, addr, bits)
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
