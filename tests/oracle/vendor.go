package oracle

import (
	"math"
	"slices"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Short names for the flag columns of the table.
const (
	fCF = x86.FlagCF
	fPF = x86.FlagPF
	fAF = x86.FlagAF
	fZF = x86.FlagZF
	fSF = x86.FlagSF
	fOF = x86.FlagOF
)

// otherVendor are the differences between the emulator, which follows Intel's manual and
// processors, and AMD's (observed on family 19h, "Zen 3"). Whatever is not in the table is
// equal. "Undefined" cites Intel's manual; there both processors are right.
var otherVendor = []mask{
	{names: "AAA AAS", reason: "SF, ZF, PF and OF are undefined", undefined: these(fSF | fZF | fPF | fOF)},
	{names: "DAA DAS", reason: "OF is undefined", undefined: these(fOF)},
	{names: "BSF BSR", reason: "all flags but ZF are undefined", undefined: these(fCF | fOF | fSF | fAF | fPF)},
	{names: "MUL IMUL", reason: "SF, ZF, AF and PF are undefined", undefined: these(fSF | fZF | fAF | fPF)},
	{names: "DIV IDIV", reason: "all flags are undefined", undefined: these(x86.FlagsStatus)},
	{names: "SHL SHR SAR", reason: "AF is undefined, OF for counts other than 1, CF for counts beyond the size", undefined: shifted(fAF)},
	{names: "ROL ROR RCL RCR", reason: "OF is undefined for counts other than 1", undefined: shifted(0)},
	{names: "SHLD SHRD", reason: "AF is undefined, OF for counts other than 1, everything for counts beyond the size", undefined: shiftedDouble, allow: shiftedTooFar},
	{names: "ANDN BLSI BLSR BLSMSK BZHI BEXTR", reason: "AF and PF are undefined; SF after BEXTR", undefined: flagsBMI},
	{names: "LZCNT TZCNT", reason: "OF, SF, PF and AF are undefined", undefined: these(fOF | fSF | fPF | fAF)},

	{reason: "FXSAVE and XSAVE write FOP, FIP and FDP as zero unless an unmasked exception is pending", allow: fpPointers, always: true},
	{names: "FXSAVE", reason: "the same, in memory", allow: fxsavePointers},
	{names: "RCPPS RCPSS RSQRTPS RSQRTSS VRCPPS VRCPSS VRSQRTPS VRSQRTSS", reason: "approximations: each within 1.5·2^-12 of the true value", allow: approximations},
	{names: "DPPS VDPPS DPPD VDPPD", reason: "which of two NaNs an addition returns is another where the order of additions is", allow: nanLanes},
	{names: "FST FSTP FIST FISTP FISTTP FBSTP", reason: "an unmasked x87 exception comes behind faults of the memory operand, not before", allow: x87Stores},
	{names: "MOVD MOVQ MOVNTQ", reason: "a store from an MMX register that faults does not change the x87 state", allow: mmxStores},
	{names: "FSCALE FPREM FPREM1", reason: "scaling by zero and the remainder by infinity are no plain copies: unmasked underflow of a denormal", allow: copiedDenormal},
	{names: "FSTP FBSTP", reason: "of ten bytes none is written when one cannot be, not the first eight", allow: whenFault(func(want, got *Result) { got.Diff, got.NDiff = want.Diff, want.NDiff })},
	{names: "CALL CALLF", reason: "the target is checked before the return address is pushed, not after; CALLF pushes CS when it cannot push RIP", allow: whenFault(func(want, got *Result) { got.Diff, got.NDiff = want.Diff, want.NDiff })},
	{names: "VCVTPS2PH", reason: "a store that faults comes before #XM and leaves MXCSR alone; no PE beside an unmasked UE", allow: storePH},
	{names: "VCVTPH2PS", reason: "#AC for operands of 8 bytes", allow: faultsAC},
	{names: "MASKMOVQ MASKMOVDQU VMASKMOVDQU VMASKMOVPS VMASKMOVPD VPMASKMOVD VPMASKMOVQ", reason: "CR2 is the start of the operand, not the first byte that the mask selects", allow: whenFault(func(want, got *Result) { got.CR2 = want.CR2 })},
	{names: "VGATHERDPS VGATHERDPD VGATHERQPS VGATHERQPD VPGATHERDD VPGATHERDQ VPGATHERQD VPGATHERQQ", reason: "a fault leaves other elements of mask and destination finished", allow: gathers},

	{reason: "undefined opcodes have ModRM and immediate: with many prefixes they are longer than 15 bytes, #GP", allow: when(func(in *cpu.Inst) bool { return in.Op.Name == "" }, only(6, func(want, _ *Result) bool { return want.Trap == 13 }))},
	{reason: "#AC for operands of 16 and 32 bytes, before other faults", allow: wideAlignment},
	{names: "FXSAVE FXRSTOR", reason: "a misaligned operand with alignment checks on: #AC or #GP is up to the implementation (SDM Vol. 2A, FXSAVE)", allow: only(13, func(want, _ *Result) bool { return want.Trap == 17 })},
	{names: "SHA1MSG1 SHA1MSG2 SHA1NEXTE SHA1RNDS4 SHA256MSG1 SHA256MSG2 SHA256RNDS2", reason: "a memory operand need not be aligned", allow: only(13, noneOrFault)},
	{names: "MOVSXD", reason: "reads 4 bytes also with a 16-bit operand size", allow: when(func(in *cpu.Inst) bool { return in.OpSize == 2 }, faults)},
	{names: "POP", reason: "a segment register is popped with a read of operand size, not of 16 bits", allow: when(segment, faults)},
	{names: "PUSH", reason: "a segment register is pushed with a write of operand size, not of 16 bits", allow: when(segment, pushes)},
	{names: "CALL JMP RET " + conditional, reason: "66 shortens near branches in 64-bit mode", allow: when(func(in *cpu.Inst) bool { return in.CodeSize == 8 && in.Opsize }, whole)},
	{names: "CALLF JMPF LSS LFS LGS", reason: "REX.W does not widen far pointers", allow: when(func(in *cpu.Inst) bool { return in.RexW() }, whole)},
	{names: "LOOPE LOOPNE", reason: "F2 and F3 choose between the two", allow: when(func(in *cpu.Inst) bool { return in.Rep != 0 }, whole)},
	{names: "PAUSE", reason: "F3 90 with REX.B is XCHG", allow: when(func(in *cpu.Inst) bool { return in.REX&1 != 0 }, whole)},
	{names: "NOP", reason: "0F 0D is #UD with a register", allow: when(func(in *cpu.Inst) bool { return in.Code == 0x0d && !in.IsMem }, whole)},
	{names: "VERR VERW", reason: "LOCK is not #UD", allow: when(func(in *cpu.Inst) bool { return in.Lock }, whole)},
	{names: "MOV", reason: "LOCK MOV CR0 is MOV CR8, #GP for a user, not #UD", allow: when(func(in *cpu.Inst) bool { return in.Lock && (in.Dst.Kind == cpu.ArgCR || in.Src.Kind == cpu.ArgCR) }, whole)},
	{reason: "VPERMQ and VPERMPD by an immediate ignore VEX.W, 0 is not #UD", allow: when(permutesW0, only(6, func(*Result, *Result) bool { return true }))},
	{names: "VPEXTRD VPINSRD", reason: "VEX.W is #UD outside 64-bit mode, not ignored", allow: when(func(in *cpu.Inst) bool { return in.RexW() && in.CodeSize != 8 }, whole)},
	{names: "LDMXCSR VLDMXCSR FXRSTOR", reason: "MXCSR bit 17 is the misaligned-exception mask", allow: only(13, noneOrFault)},
	{names: "UD0 UD1", reason: "#UD needs no ModRM", allow: only(14, func(want, _ *Result) bool { return want.Trap == 6 })},
	{names: "BOUND", reason: "the upper bound is read before the lower is compared", allow: only(5, noneOrFault)},
	{names: "IRET RETF", reason: "REX.W does not cut RIP to 32 bits for compatibility code", allow: when(func(in *cpu.Inst) bool { return in.OpSize == 8 }, onlyFault(13))},
	{reason: "an operand across the end of a flat 4-GiB segment: a limit violation or not is up to the implementation (SDM Vol. 3A, Limit Checking)", allow: onlyAt4G},
	{names: "FNSAVE FRSTOR FNSTENV FLDENV", reason: "the image is accessed in pieces: a page fault or #AC of the first comes before the limit of the last", allow: pieces},
	{names: "CMPXCHG16B", reason: "where the address is neither aligned nor canonical, alignment is judged first", allow: only(12, func(want, _ *Result) bool { return want.Trap == 13 })},
	{names: "CALLF", reason: "the return address is pushed with the stack width of the target", allow: only(12, noneOrFault)},
	{names: "IRET", reason: "RIP is checked before SS", allow: bothFault},
	{names: "RETF", reason: "what lies behind the arguments is read before CS is checked", allow: bothFault},
	{names: "MOVS CMPS STOS LODS SCAS", reason: "REP with 32-bit addresses in 64-bit mode leaves the upper halves of registers alone that it need not write; a fault in the middle leaves the flags of the last comparison", allow: strings32},
}

const conditional = "JO JNO JB JNB JZ JNZ JBE JNBE JS JNS JP JNP JL JNL JLE JNLE JRCXZ LOOP LOOPE LOOPNE"

// Vendors says in which forms AMD's processors may differ from the emulator; tests of
// several instructions in a row leave these out there.
func vendorsDiffer(name string) bool {
	for i := range otherVendor {
		if m := &otherVendor[i]; m.names != "" && m.has(name) {
			return true
		}
	}
	return false
}

// An allow changes got where its difference from want is allowed.
type allow func(t *Test, in *cpu.Inst, want, got *Result)

// whole allows everything.
func whole(_ *Test, _ *cpu.Inst, want, got *Result) { *got = *want }

// when limits a to some instructions.
func when(cond func(*cpu.Inst) bool, a allow) allow {
	return func(t *Test, in *cpu.Inst, want, got *Result) {
		if cond(in) {
			a(t, in, want, got)
		}
	}
}

// isFault says whether a vector is a fault of a memory operand.
func isFault(v uint32) bool { return v >= 11 && v <= 14 || v == 17 }

// whenFault limits what a allows to instructions that fault on both processors.
func whenFault(a func(want, got *Result)) allow {
	return func(_ *Test, _ *cpu.Inst, want, got *Result) {
		if isFault(want.Trap) && got.Trap == want.Trap {
			a(want, got)
		}
	}
}

// only allows everything where the emulator has exception v and silicon what ok says.
func only(v uint32, ok func(want, got *Result) bool) allow {
	return func(_ *Test, _ *cpu.Inst, want, got *Result) {
		if got.Trap == v && want.Trap != v && ok(want, got) {
			*got = *want
		}
	}
}

// onlyFault allows exception v on silicon where the emulator has none.
func onlyFault(v uint32) allow {
	return func(_ *Test, _ *cpu.Inst, want, got *Result) {
		if want.Trap == v && got.Trap == noFault {
			*got = *want
		}
	}
}

// onlyAt4G allows #GP and #SS where the emulator reads at the end of the first 4 GiB, or finds it
// misaligned there. In tests of several instructions it is not known which one that is.
func onlyAt4G(t *Test, in *cpu.Inst, want, got *Result) {
	if in.CodeSize == 8 || want.Trap != 12 && want.Trap != 13 {
		return
	}
	const end = 0xfffffe00
	several := t.Cont > 1 && t.Max < 100
	if got.Trap == 14 && uint32(got.CR2) >= end || got.Trap == 17 && (several || linear(t, in) >= end) {
		*got = *want
	}
}

// permutesW0 says whether an instruction would be VPERMQ or VPERMPD if VEX.W was 1.
func permutesW0(in *cpu.Inst) bool {
	i := slices.Index(in.Bytes[:], 0xc4)
	return in.VEX && in.Code <= 1 && !in.RexW() && i >= 0 && in.Bytes[i+1]&31 == 3
}

// pieces allows a page fault or #AC where the emulator has a limit violation.
func pieces(_ *Test, in *cpu.Inst, want, got *Result) {
	if in.CodeSize != 8 && (want.Trap == 14 || want.Trap == 17) && (got.Trap == 12 || got.Trap == 13) {
		*got = *want
	}
}

func noneOrFault(want, _ *Result) bool { return want.Trap == noFault || isFault(want.Trap) }

// bothFault allows another fault, or another error code.
func bothFault(_ *Test, _ *cpu.Inst, want, got *Result) {
	if isFault(want.Trap) && isFault(got.Trap) {
		*got = *want
	}
}

// faults allows a fault on silicon where the emulator has another or none.
func faults(_ *Test, _ *cpu.Inst, want, got *Result) {
	if isFault(want.Trap) {
		*got = *want
	}
}

// segment says whether an operand is a segment register.
func segment(in *cpu.Inst) bool { return in.Dst.Kind == cpu.ArgSeg || in.Src.Kind == cpu.ArgSeg }

// pushes allows different memory, or a fault because more is written.
func pushes(_ *Test, _ *cpu.Inst, want, got *Result) {
	if isFault(want.Trap) {
		*got = *want
	} else if want.Trap == got.Trap {
		got.Diff, got.NDiff = want.Diff, want.NDiff
	}
}

// count is the masked count of a shift.
func count(t *Test, in *cpu.Inst) int {
	a := in.Src
	if in.Op.Third != cpu.None {
		a = in.Third
	}
	n := uint64(1)
	switch {
	case a.Kind == cpu.ArgImm:
		n = in.Imm
	case a.Kind == cpu.ArgReg:
		n = t.GPR[x86.RCX]
	}
	if in.OpSize == 8 && in.Dst.W == 8 {
		return int(n & 63)
	}
	return int(n & 31)
}

// these are always the same flags.
func these(f x86.Flags) func(*Test, *cpu.Inst) x86.Flags {
	return func(*Test, *cpu.Inst) x86.Flags { return f }
}

// shifted is always after shifts and rotates, OF where the count is not 1, and CF where the count
// of a shift is not below the size.
func shifted(always x86.Flags) func(*Test, *cpu.Inst) x86.Flags {
	return func(t *Test, in *cpu.Inst) x86.Flags {
		f, n := always, count(t, in)
		if n != 1 {
			f |= fOF
		}
		if always != 0 && n >= 8*int(in.Dst.W) {
			f |= fCF
		}
		return f
	}
}

// shiftedDouble is for SHLD and SHRD.
func shiftedDouble(t *Test, in *cpu.Inst) x86.Flags {
	switch n := count(t, in); {
	case n > 8*int(in.Dst.W):
		return x86.FlagsStatus
	case n != 1:
		return fAF | fOF
	}
	return fAF
}

// shiftedTooFar allows another result of SHLD and SHRD.
func shiftedTooFar(t *Test, in *cpu.Inst, want, got *Result) {
	if want.Trap != got.Trap || count(t, in) <= 8*int(in.Dst.W) {
		return
	}
	if in.Dst.Kind == cpu.ArgReg {
		got.GPR[in.Dst.Reg] = want.GPR[in.Dst.Reg]
	} else {
		got.Diff, got.NDiff = want.Diff, want.NDiff
	}
}

// flagsBMI are the undefined flags of BMI1 and BMI2.
func flagsBMI(_ *Test, in *cpu.Inst) x86.Flags {
	if in.Op.Name == "BEXTR" {
		return fAF | fPF | fSF
	}
	return fAF | fPF
}

// fpPointers leaves out what the save area says of the last x87 instruction.
func fpPointers(_ *Test, _ *cpu.Inst, want, got *Result) {
	got.FX.FOP, got.FX.FIP, got.FX.FDP = want.FX.FOP, want.FX.FIP, want.FX.FDP
}

// fxsavePointers leaves out the first 32 bytes that FXSAVE writes: MXCSR_MASK is another, too.
func fxsavePointers(t *Test, in *cpu.Inst, want, got *Result) {
	if want.Trap != noFault || got.Trap != noFault {
		return
	}
	at := linear(t, in)
	head := func(d Diff) bool { return d.Addr-at < 32 }
	all := make([]Diff, 0, 2*maxDiff)
	for _, d := range want.Diff[:want.NDiff] {
		if head(d) {
			all = append(all, d)
		}
	}
	for _, d := range got.Diff[:got.NDiff] {
		if !head(d) {
			all = append(all, d)
		}
	}
	got.NDiff = uint32(copy(got.Diff[:], all))
}

// linear is the linear address of the memory operand.
func linear(t *Test, in *cpu.Inst) uint64 {
	off := in.Disp
	if in.RIPRel {
		off += t.RIP + uint64(in.Len)
	}
	if in.Base != cpu.RegZero {
		off += t.GPR[in.Base]
	}
	if in.Index != cpu.RegZero {
		off += t.GPR[in.Index] << in.Scale
	}
	if in.AddrSize < 8 {
		off &= 1<<(8*in.AddrSize) - 1
	}
	at := off + t.base(in.Seg)
	if in.CodeSize < 8 {
		at &= 1<<32 - 1
	}
	return at
}

// base is the base of a segment at the start of a test.
func (t *Test) base(s x86.Seg) uint64 {
	switch {
	case t.Bases != 0 && s == x86.FS:
		return t.FSBase
	case t.Bases != 0 && s == x86.GS:
		return t.GSBase
	}
	return segmentBase(t.selectors()[s])
}

// storePH is for stores of half-precision numbers.
func storePH(_ *Test, in *cpu.Inst, want, got *Result) {
	switch {
	case in.IsMem && isFault(want.Trap):
		*got = *want
	case want.Trap == 19 && got.Trap == 19:
		got.FX.MXCSR = got.FX.MXCSR&^0x20 | want.FX.MXCSR&0x20
	}
}

// faultsAC allows #AC on silicon.
func faultsAC(_ *Test, _ *cpu.Inst, want, got *Result) {
	if want.Trap == 17 {
		*got = *want
	}
}

// lanes calls f for each pair of 32-bit lanes of the destination that differ, and takes
// silicon's where f says so.
func lanes(in *cpu.Inst, want, got *Result, f func(a, b uint32) bool) {
	if in.Dst.Kind != cpu.ArgXMM || want.Trap != got.Trap {
		return
	}
	r := in.Dst.Reg & 15
	fix := func(a uint64, b *uint64) {
		for s := 0; s < 64; s += 32 {
			x, y := uint32(a>>s), uint32(*b>>s)
			if x != y && f(x, y) {
				*b = *b&^(0xffffffff<<s) | uint64(x)<<s
			}
		}
	}
	for i := range 2 {
		fix(want.FX.XMM[r][i], &got.FX.XMM[r][i])
		fix(want.FX.YMMH[r][i], &got.FX.YMMH[r][i])
	}
}

// approximations allows two values that can both be within 1.5·2^-12 of a third.
func approximations(_ *Test, in *cpu.Inst, want, got *Result) {
	lanes(in, want, got, func(a, b uint32) bool {
		x, y := float64(math.Float32frombits(a)), float64(math.Float32frombits(b))
		return math.Abs(x-y) <= 3.0/4096*math.Abs(y) && !math.IsInf(y, 0)
	})
}

// nanLanes allows another NaN.
func nanLanes(_ *Test, in *cpu.Inst, want, got *Result) {
	nan := func(v uint32) bool { return v&0x7fffffff > 0x7f800000 }
	if !strings.HasSuffix(in.Op.Name, "PD") {
		lanes(in, want, got, func(a, b uint32) bool { return nan(a) && nan(b) })
		return
	}
	x, y := &want.FX.XMM[in.Dst.Reg&15], &got.FX.XMM[in.Dst.Reg&15]
	for i := range x {
		if want.Trap == got.Trap && math.IsNaN(math.Float64frombits(x[i])) && math.IsNaN(math.Float64frombits(y[i])) {
			y[i] = x[i]
		}
	}
}

// x87Stores allows a fault where the emulator has a pending x87 exception.
func x87Stores(_ *Test, in *cpu.Inst, want, got *Result) {
	if isFault(want.Trap) && got.Trap == noFault && in.IsMem && got.FX.SW&0x80 != 0 {
		*got = *want
	}
}

// copiedDenormal allows anything where underflow is unmasked and a denormal is scaled by zero, or
// divided by infinity.
func copiedDenormal(t *Test, in *cpu.Inst, want, got *Result) {
	a, b := t.FX.ST[0], t.FX.ST[1]
	copied := b.SE&0x7fff == 0 && b.Sig == 0
	if in.Op.Name != "FSCALE" {
		copied = b.SE&0x7fff == 0x7fff && b.Sig == 1<<63
	}
	if copied && a.SE&0x7fff == 0 && t.FX.CW&0x10 == 0 {
		*got = *want
	}
}

// mmxStores allows another x87 state after a fault.
func mmxStores(_ *Test, in *cpu.Inst, want, got *Result) {
	if isFault(want.Trap) && got.Trap == want.Trap && in.IsMem {
		got.FX.SW, got.FX.Tag, got.FX.ST = want.FX.SW, want.FX.Tag, want.FX.ST
	}
}

// gathers allows other mask and destination registers after a fault, and other faults among several.
func gathers(_ *Test, in *cpu.Inst, want, got *Result) {
	if !isFault(want.Trap) || !isFault(got.Trap) {
		return
	}
	for _, r := range []uint8{in.Dst.Reg & 15, in.VEXV & 15} {
		got.FX.XMM[r], got.FX.YMMH[r] = want.FX.XMM[r], want.FX.YMMH[r]
	}
}

// wideAlignment allows #AC of instructions with operands of 16 bytes or more, and in tests
// of several instructions.
func wideAlignment(t *Test, in *cpu.Inst, want, got *Result) {
	wide := t.Cont > 1 && t.Max < 100 || strings.HasSuffix(in.Op.Name, "MASKMOVDQU") // whose operand no row names
	for _, a := range [...]cpu.Arg{in.Dst, in.Src, in.Third} {
		wide = wide || a.Kind == cpu.ArgMem && a.W >= 16
	}
	if wide && want.Trap == 17 {
		*got = *want
	}
}

// strings32 is what REP leaves in registers and flags.
func strings32(_ *Test, in *cpu.Inst, want, got *Result) {
	if in.Rep == 0 || want.Trap != got.Trap {
		return
	}
	if in.CodeSize == 8 && in.AddrSize == 4 {
		for _, r := range []int{x86.RCX, x86.RSI, x86.RDI} {
			got.GPR[r] = got.GPR[r]&(1<<32-1) | want.GPR[r]&^(1<<32-1)
		}
	}
	if isFault(want.Trap) && (in.Op.Name == "CMPS" || in.Op.Name == "SCAS") {
		got.Flags = got.Flags&^uint64(x86.FlagsStatus) | want.Flags&uint64(x86.FlagsStatus)
	}
}

// has says whether the mask names an instruction.
func (m *mask) has(name string) bool {
	return strings.Contains(" "+m.names+" ", " "+name+" ")
}
