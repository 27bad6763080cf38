package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/mmu"
)

// ExplainCrash tells why the processor shut down, or what its last exception was: the
// rule that was broken, what broke it, and what the delivery ran into.
func ExplainCrash(m *machine.Machine) string {
	var syms Symbols
	c := m.CPU()
	return explainChain(&scene{c: c, mem: m.Memory(), x: &c.LastChain.At, sym: &syms})
}

// explainChain tells the story of the processor's last exception.
func explainChain(s *scene) string {
	h := &s.c.LastChain
	if h.N == 0 {
		return "No exception has been raised since power-on or the last snapshot.\n"
	}
	var b strings.Builder
	for i, f := range h.Faults[:h.N] {
		switch {
		case f.Reason == x86.ReasonTripleFault:
			b.WriteString("Triple fault: an exception while delivering #DF. The processor shuts down; the board resets it.\n")
			fmt.Fprintf(&b, "  %s\n", title(f.Reason))
			continue
		case f.Reason == x86.ReasonDoubleFault && i >= 2:
			fmt.Fprintf(&b, "%v, because %s.\n", withCode(f), doubleText(h.Faults[i-2].Vector, h.Faults[i-1].Vector))
			fmt.Fprintf(&b, "  %s, table \"Conditions for Generating a Double Fault\"\n", sdmDF)
			continue
		}
		fmt.Fprintf(&b, "%v: %v.\n", withCode(f), f.Reason)
		for _, line := range s.cause(h, i) {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		for _, line := range s.detail(f, i > 0 || h.Nested) {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		if t := title(f.Reason); t != "" {
			fmt.Fprintf(&b, "  %s\n", t)
		}
	}
	return b.String()
}

// withCode is a fault in the manual's notation, without the rule.
func withCode(f cpu.Fault) string {
	s := f.Vector.String()
	if f.Vector.HasErrorCode() {
		s += fmt.Sprintf("(%#x)", f.Code)
	}
	if f.Vector == x86.VecPF {
		s += fmt.Sprintf(" at %#x", f.Addr)
	}
	return s
}

// cause says what raised fault number i of the chain.
func (s *scene) cause(h *cpu.Chain, i int) []string {
	switch {
	case i > 0:
		return []string{"raised while delivering the " + h.Faults[i-1].Vector.String() + " before it"}
	case h.Nested:
		return []string{fmt.Sprintf("raised while delivering vector %d (%v) at %s, %s", uint8(h.By.Vector), h.By.Kind, s.at(), modeName(s.x))}
	}
	verb := "raised by "
	f := h.Faults[0]
	if f.Vector == x86.VecPF && f.Addr-s.x.CodeLinear() < cpu.MaxInst && s.fetches(f) {
		return []string{fmt.Sprintf("raised by fetching the instruction at %s, %s, CPL %d, after %d instructions", s.at(), modeName(s.x), s.x.CPL, s.x.Count)}
	}
	switch f.Reason {
	case x86.ReasonSingleStep, x86.ReasonHardwareBreakpoint, x86.ReasonTaskSwitchTrap:
		verb = "raised before "
	}
	return []string{verb + s.instLine()}
}

// fetches says whether a page fault at the instruction itself came from fetching it, not
// from an operand that lies there.
func (s *scene) fetches(f cpu.Fault) bool {
	if f.Code&x86.PF_I != 0 {
		return true
	}
	t := s.c.MMU.Translate(mmu.LinAddr(f.Addr), mmu.AccessRead, mmu.ClassSuper)
	return f.Code&x86.PF_W == 0 && (t.PageSize == 0 || f.Reason == x86.ReasonPageSupervisor)
}

func doubleText(first, second x86.Vector) string {
	kind := func(v x86.Vector) string {
		if v == x86.VecPF {
			return "a page fault"
		}
		return "a contributory exception"
	}
	return fmt.Sprintf("%v (%s) was raised while delivering %v (%s)", second, kind(second), first, kind(first))
}

// detail says which descriptor, page-table entry, register or operand the rule was about.
// delivery says that the fault came up while delivering an event, so that the
// instruction's operands have nothing to do with it.
func (s *scene) detail(f cpu.Fault, delivery bool) []string {
	if f.Vector == x86.VecPF {
		return s.pageLines(f)
	}
	var in cpu.Inst
	known := false
	if !delivery {
		in, known = s.inst()
	}
	switch f.Reason {
	case x86.ReasonIDTLimit, x86.ReasonGateType, x86.ReasonGatePrivilege, x86.ReasonGateNotPresent:
		return append(s.gateLines(x86.Vector(f.Code>>3)), s.gateRule(f)...)
	case x86.ReasonSelectorIndex, x86.ReasonSelectorNull, x86.ReasonDescriptorType, x86.ReasonDescriptorPrivilege,
		x86.ReasonSegmentNotPresent, x86.ReasonStackNotWritable, x86.ReasonStackPrivilege, x86.ReasonStackNotPresent,
		x86.ReasonLDTInvalid, x86.ReasonConformingPrivilege, x86.ReasonCodeLAndD, x86.ReasonGateTarget,
		x86.ReasonTSSType, x86.ReasonTSSLimit, x86.ReasonTSSBusy, x86.ReasonTSSNotBusy, x86.ReasonTSSNotPresent, x86.ReasonTSSInvalid,
		x86.ReasonReturnPrivilege:
		return s.selectorDetail(f, &in, known)
	case x86.ReasonSegmentLimit, x86.ReasonSegmentNull, x86.ReasonSegmentNotReadable, x86.ReasonSegmentNotWritable,
		x86.ReasonNonCanonical, x86.ReasonNonCanonicalStack, x86.ReasonCodeLimit, x86.ReasonAlignment, x86.ReasonAligned16:
		return s.addressDetail(f, &in, known)
	}
	return s.registerDetail(f, &in, known)
}

// gateRule compares the gate with the rule that it broke.
func (s *scene) gateRule(f cpu.Fault) []string {
	switch f.Reason {
	case x86.ReasonGatePrivilege:
		return []string{fmt.Sprintf("INT n, INT3 and INTO need CPL ≤ DPL of the gate; CPL is %d", s.x.CPL)}
	case x86.ReasonGateType:
		if s.x.LongMode() {
			return []string{"in IA-32e mode an entry must be a 64-bit interrupt or trap gate"}
		}
		return []string{"an entry must be an interrupt, trap or task gate"}
	case x86.ReasonGateNotPresent:
		return []string{"the gate must have P=1"}
	}
	return nil
}

// selectorDetail is for rules about a selector and its descriptor. The selector stands in
// the error code, without its RPL; the operand has that.
func (s *scene) selectorDetail(f cpu.Fault, in *cpu.Inst, known bool) (lines []string) {
	sel := f.Code &^ 3
	if known {
		if v, ok := s.selectorOperand(in); ok && (uint16(v)&^3 == sel || f.Code == 0) {
			lines = append(lines, fmt.Sprintf("the selector is %#x: RPL %d, CPL %d", v, v&3, s.x.CPL))
		}
	}
	if sel != 0 {
		lines = append(lines, s.selectorLines(sel)...)
	} else if f.Reason == x86.ReasonSelectorNull {
		lines = append(lines, "a null selector (0 to 3) names no segment")
	}
	if f.Code&1 != 0 {
		lines = append(lines, "error code bit EXT is set: an event from outside the program, or an exception, was being delivered")
	}
	return append(lines, s.selectorRule(f)...)
}

// selectorOperand is the selector that an instruction loads, if it stands in a register
// or in the instruction.
func (s *scene) selectorOperand(in *cpu.Inst) (v uint64, ok bool) {
	switch {
	case in.Dst.Kind == cpu.ArgSeg && in.Src.Kind != cpu.ArgNone:
		return s.value(in, in.Src)
	case in.Dst.Kind == cpu.ArgSeg && in.Op.Name == "POP":
		return s.read64(s.linear(x86.SS, s.stackOffset()), 2)
	case in.Op.Name == "LTR" || in.Op.Name == "LLDT":
		return s.value(in, onlyOperand(in))
	case in.Code == 0x9a || in.Code == 0xea:
		return uint64(in.Imm2), true
	}
	return 0, false
}

// onlyOperand is the operand of an instruction that has one.
func onlyOperand(in *cpu.Inst) cpu.Arg {
	if in.Dst.Kind != cpu.ArgNone {
		return in.Dst
	}
	return in.Src
}

// stackOffset is the stack pointer within the stack's address size.
func (s *scene) stackOffset() uint64 {
	switch {
	case s.x.CodeBits() == 64:
		return s.x.GPR[x86.RSP]
	case s.x.Seg[x86.SS].Attr&cpu.AttrDB != 0:
		return s.x.GPR[x86.RSP] & mask(32)
	}
	return s.x.GPR[x86.RSP] & mask(16)
}

// selectorRule states the rule with the numbers that broke it.
func (s *scene) selectorRule(f cpu.Fault) []string {
	one := func(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }
	switch f.Reason {
	case x86.ReasonStackPrivilege:
		return one("for SS, the RPL of the selector and the DPL of the descriptor must both equal the privilege level of the stack")
	case x86.ReasonStackNotWritable:
		return one("SS must be a writable data segment")
	case x86.ReasonDescriptorPrivilege:
		return one("DPL must not be below CPL and RPL, unless the segment is conforming code")
	case x86.ReasonDescriptorType:
		return one("the type does not fit its use")
	case x86.ReasonSegmentNotPresent, x86.ReasonStackNotPresent, x86.ReasonTSSNotPresent:
		return one("the descriptor must have P=1")
	case x86.ReasonConformingPrivilege:
		return one("without a gate, non-conforming code must have DPL = CPL and RPL ≤ CPL, conforming code DPL ≤ CPL; CPL is %d", s.x.CPL)
	case x86.ReasonCodeLAndD:
		return one("a code segment with L=1 must have D=0")
	case x86.ReasonGateTarget:
		if s.x.LongMode() {
			return one("a gate must point at a 64-bit code segment: L=1, D=0")
		}
		return one("a gate must point at a code segment")
	case x86.ReasonTSSType:
		return one("the descriptor must be that of an available TSS")
	case x86.ReasonTSSBusy:
		return one("a task that is busy cannot be entered again")
	case x86.ReasonTSSNotBusy:
		return one("IRET returns to a busy task")
	case x86.ReasonTSSLimit:
		return one("TR holds %#x: base %#x, limit %#x", s.x.TR.Sel, s.x.TR.Base, s.x.TR.Limit)
	case x86.ReasonReturnPrivilege:
		return one("a far return cannot go to a level below CPL %d", s.x.CPL)
	case x86.ReasonSelectorNull:
		return one("CS, SS and TR need a segment")
	}
	return nil
}
