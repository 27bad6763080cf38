package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// addressDetail is for rules about an address: limits, null segments, canonical form,
// alignment.
func (s *scene) addressDetail(f cpu.Fault, in *cpu.Inst, known bool) (lines []string) {
	if f.Reason == x86.ReasonCodeLimit {
		if known && (in.Code == 0x9a || in.Code == 0xea) {
			return append(s.selectorLines(in.Imm2), fmt.Sprintf("the target, offset %#x, lies beyond that limit", in.Imm))
		}
		return append(lines, s.segmentLine(x86.CS), "the instruction pointer, or the target of a jump, lies beyond the limit")
	}
	var places []place
	if known {
		places = s.memoryOperands(in)
		if usesStack(in) {
			places = append(places, place{x86.SS, s.stackOffset(), 0, "stack pointer"})
		}
	}
	for _, p := range places {
		if (f.Vector == x86.VecSS) != (p.seg == x86.SS) && f.Vector != x86.VecAC {
			continue
		}
		line := fmt.Sprintf("%s: offset %#x in %v", p.what, p.off, p.seg)
		if p.size > 0 {
			line += fmt.Sprintf(", %d byte%s", p.size, pick(p.size == 1, "", "s"))
		}
		lines = append(lines, line+fmt.Sprintf(", linear %#x", s.linear(p.seg, p.off)))
		if f.Reason != x86.ReasonNonCanonical && f.Reason != x86.ReasonNonCanonicalStack && s.x.CodeBits() != 64 {
			lines = append(lines, s.segmentLine(p.seg))
		}
	}
	if v, ok := s.value(in, onlyOperand(in)); known && ok && len(places) == 0 {
		lines = append(lines, fmt.Sprintf("the operand is %#x", v))
	}
	if !known && f.Vector == x86.VecSS {
		lines = append(lines, "the frame did not fit on the stack", s.segmentLine(x86.SS), fmt.Sprintf("stack pointer %#x", s.stackOffset()))
	}
	switch f.Reason {
	case x86.ReasonSegmentLimit:
		lines = append(lines, "every byte must lie at an offset up to the limit; expand-down segments: above it")
	case x86.ReasonSegmentNull:
		lines = append(lines, "a segment register with a null selector cannot be used for memory")
	case x86.ReasonSegmentNotWritable:
		lines = append(lines, "code segments and read-only data segments cannot be written")
	case x86.ReasonSegmentNotReadable:
		lines = append(lines, "execute-only code segments cannot be read")
	case x86.ReasonNonCanonical, x86.ReasonNonCanonicalStack:
		bits := 48
		if s.x.CR4&x86.CR4_LA57 != 0 {
			bits = 57
		}
		lines = append(lines, fmt.Sprintf("bits 63 to %d of an address must all equal bit %d", bits, bits-1))
	case x86.ReasonAlignment:
		lines = append(lines, "CR0.AM and EFLAGS.AC are set and CPL is 3: operands must be aligned on their size")
	case x86.ReasonAligned16:
		lines = append(lines, "this instruction needs an address that is a multiple of its operand's size")
	}
	return lines
}

// registerDetail is for rules about the contents of registers, and for results.
func (s *scene) registerDetail(f cpu.Fault, in *cpu.Inst, known bool) []string {
	one := func(format string, args ...any) []string { return []string{fmt.Sprintf(format, args...)} }
	switch f.Reason {
	case x86.ReasonCPL0:
		return one("CPL is %d", s.x.CPL)
	case x86.ReasonUMIP:
		return one("CPL is %d and CR4.UMIP is set", s.x.CPL)
	case x86.ReasonTimeStampDisabled:
		return one("CPL is %d and CR4.TSD is set", s.x.CPL)
	case x86.ReasonIOPL:
		return one("CPL is %d, IOPL is %d", s.x.CPL, s.iopl())
	case x86.ReasonVMIOPL:
		return one("IOPL is %d; in virtual-8086 mode this instruction needs 3", s.iopl())
	case x86.ReasonIOBitmap:
		return s.portLines(in, known)
	case x86.ReasonReservedBits, x86.ReasonPagingNeedsPAE, x86.ReasonPagingNeedsProtection, x86.ReasonLongModeActive,
		x86.ReasonPCIDNeedsLongMode, x86.ReasonCacheControl, x86.ReasonCR8Reserved, x86.ReasonDRReserved, x86.ReasonPDPTEReserved:
		return s.controlLines(f, in, known)
	case x86.ReasonMSRUnknown, x86.ReasonMSRReserved, x86.ReasonXCR0:
		return s.msrLines(in)
	case x86.ReasonDivideByZero, x86.ReasonDivideOverflow:
		return s.divideLines(in, known)
	case x86.ReasonBoundRange:
		return s.boundLines(in, known)
	case x86.ReasonOverflowTrap:
		return one("EFLAGS.OF was set")
	case x86.ReasonFPUEmulated, x86.ReasonFPUTaskSwitched, x86.ReasonSIMDNotEnabled:
		return one("CR0 is %#x: %s; CR4 is %#x: %s", s.x.CR0, bitNames(s.x.CR0, cr0Names), s.x.CR4, bitNames(s.x.CR4, cr4Names))
	case x86.ReasonFPUPending:
		x := s.c.X87
		pending := uint64(x.SW &^ x.CW & 0x3f)
		return one("an earlier x87 instruction left status %#04x with control %#04x: %s", x.SW, x.CW, bitNames(pending, fpExceptions))
	case x86.ReasonSIMDException:
		csr := uint64(s.c.S.MXCSR)
		return one("MXCSR is %#x: unmasked are %s", csr, bitNames(csr&^(csr>>7)&0x3f, fpExceptions))
	case x86.ReasonHardwareBreakpoint, x86.ReasonSingleStep, x86.ReasonTaskSwitchTrap:
		return one("DR6 is %#x: %s; DR7 is %#x", s.c.DR[6], bitNames(s.c.DR[6]&0xe00f, dr6Names), s.c.DR[7])
	case x86.ReasonDRGeneralDetect:
		return one("the handler of #DB finds DR7.GD cleared")
	case x86.ReasonIRETFlags:
		return one("the flag image on the stack asks for what CPL %d and this mode do not allow", s.x.CPL)
	case x86.ReasonLockNotAllowed:
		return one("LOCK goes with a memory destination of ADD, ADC, AND, BTC, BTR, BTS, CMPXCHG, CMPXCHG8B, CMPXCHG16B, DEC, INC, NEG, NOT, OR, SBB, SUB, XADD, XCHG, XOR")
	case x86.ReasonNotIn64, x86.ReasonOnlyIn64, x86.ReasonNotInRealMode:
		return one("the processor is in %s", modeName(s.x))
	}
	return nil
}

var fpExceptions = map[uint]string{0: "IE (invalid operation)", 1: "DE (denormal operand)", 2: "ZE (division by zero)",
	3: "OE (overflow)", 4: "UE (underflow)", 5: "PE (precision)"}

var dr6Names = map[uint]string{0: "B0", 1: "B1", 2: "B2", 3: "B3", 13: "BD", 14: "BS", 15: "BT"}

func (s *scene) iopl() uint64 { return s.x.RFLAGS >> x86.IOPLShift & 3 }

// portLines looks the port up in the I/O permission bit map.
func (s *scene) portLines(in *cpu.Inst, known bool) []string {
	lines := []string{fmt.Sprintf("CPL is %d, IOPL is %d: the I/O permission bit map of the TSS decides", s.x.CPL, s.iopl())}
	if !known {
		return lines
	}
	port := s.x.GPR[x86.RDX] & 0xffff
	if in.Code&0xfc == 0xe4 { // IN and OUT with an immediate port
		port = in.Imm & 0xff
	}
	tr := s.x.TR
	base, ok := s.read64(tr.Base+102, 2)
	if !ok || tr.Limit < 103 {
		return append(lines, fmt.Sprintf("port %#x; the TSS (base %#x, limit %#x) is too short for a map", port, tr.Base, tr.Limit))
	}
	at := base + port/8
	if at+1 > uint64(tr.Limit) {
		return append(lines, fmt.Sprintf("port %#x: its bit is at offset %#x of the TSS, whose limit is %#x", port, at, tr.Limit))
	}
	v, _ := s.read64(tr.Base+at, 1)
	return append(lines, fmt.Sprintf("port %#x: bit %d of the byte at offset %#x of the TSS, which is %#02x; 1 forbids the port", port, port%8, at, v))
}

// controlLines shows what was to be loaded into a control or debug register.
func (s *scene) controlLines(f cpu.Fault, in *cpu.Inst, known bool) (lines []string) {
	if known && (in.Dst.Kind == cpu.ArgCR || in.Dst.Kind == cpu.ArgDR) {
		v, _ := s.value(in, in.Src)
		name := fmt.Sprintf("CR%d", in.Dst.Reg)
		names := map[uint8]map[uint]string{0: cr0Names, 4: cr4Names}[in.Dst.Reg]
		if in.Dst.Kind == cpu.ArgDR {
			name, names = fmt.Sprintf("DR%d", in.Dst.Reg), nil
		}
		lines = append(lines, fmt.Sprintf("the value for %s is %#x: %s", name, v, bitNames(v, names)))
	}
	switch f.Reason {
	case x86.ReasonPagingNeedsPAE:
		lines = append(lines, fmt.Sprintf("EFER is %#x (%s), CR4 is %#x (%s): EFER.LME with CR0.PG needs CR4.PAE", s.x.EFER, bitNames(s.x.EFER, eferNames), s.x.CR4, bitNames(s.x.CR4, cr4Names)))
	case x86.ReasonPagingNeedsProtection:
		lines = append(lines, "CR0.PG needs CR0.PE")
	case x86.ReasonCacheControl:
		lines = append(lines, "CR0.NW needs CR0.CD")
	case x86.ReasonPCIDNeedsLongMode:
		lines = append(lines, fmt.Sprintf("CR4.PCIDE needs EFER.LMA and CR3 bits 11:0 clear; CR3 is %#x, EFER %#x", s.x.CR3, s.x.EFER))
	case x86.ReasonLongModeActive:
		lines = append(lines, fmt.Sprintf("EFER is %#x: %s", s.x.EFER, bitNames(s.x.EFER, eferNames)))
	}
	return lines
}

// msrLines shows number and value of RDMSR, WRMSR and XSETBV.
func (s *scene) msrLines(in *cpu.Inst) []string {
	lines := []string{fmt.Sprintf("ECX selects register %#x", uint32(s.x.GPR[x86.RCX]))}
	if in.Op != nil && in.Op.Name != "RDMSR" {
		lines = append(lines, fmt.Sprintf("the value in EDX:EAX is %#x", s.x.GPR[x86.RDX]<<32|s.x.GPR[x86.RAX]&mask(32)))
	}
	return lines
}

// divideLines shows the operands of DIV, IDIV and AAM.
func (s *scene) divideLines(in *cpu.Inst, known bool) []string {
	if !known {
		return nil
	}
	if in.Op.Name == "AAM" {
		return []string{"the divisor in the instruction is 0"}
	}
	a := onlyOperand(in)
	w := uint(a.W) * 8
	divisor, ok := s.value(in, a)
	if !ok || w == 0 {
		return nil
	}
	dividend := fmt.Sprintf("AX = %#x", s.x.GPR[x86.RAX]&0xffff)
	if w > 8 {
		letter := map[uint]string{16: "", 32: "E", 64: "R"}[w]
		dividend = fmt.Sprintf("%[1]sDX:%[1]sAX = %#[2]x:%#[3]x", letter, s.x.GPR[x86.RDX]&mask(w), s.x.GPR[x86.RAX]&mask(w))
	}
	return []string{fmt.Sprintf("dividend %s, divisor %#x; the quotient has room for %d bits", dividend, divisor, w)}
}

// boundLines shows index and limits of BOUND.
func (s *scene) boundLines(in *cpu.Inst, known bool) []string {
	if !known {
		return nil
	}
	index, _ := s.value(in, in.Dst)
	w := int(in.OpSize)
	at := s.linear(in.Seg, s.ea(in))
	low, _ := s.read64(at, w)
	high, _ := s.read64(at+uint64(w), w)
	return []string{fmt.Sprintf("index %d, allowed are %d to %d", signed(index, w), signed(low, w), signed(high, w))}
}

// signed is a number of size bytes in two's complement.
func signed(v uint64, size int) int64 {
	n := 64 - 8*uint(size)
	return int64(v<<n) >> n
}

// eachLine indents text for use below a heading.
func eachLine(lines []string, indent string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(indent + l + "\n")
	}
	return b.String()
}
