package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// ends says whether an instruction ends its block: for every engine the same ones.
func ends(in *Inst) bool {
	return in.Op.Attr&Ends != 0 || in.Op.Attr&RepOK != 0 && in.Rep != 0
}

// flagUse is what an instruction of a block does with the status flags.
type flagUse struct {
	reads, writes x86.Flags // writes: those it always sets
	live          x86.Flags // somebody may look at these behind it
	leaves        bool      // it may leave the block before anything happened, or in mid-course
	need          bool      // somebody looks at what it writes
}

// build decodes the block at CS:RIP, which lies at offset off of the backing with n bytes
// left in the page. nil when not even one instruction is decodable within the page.
func (c *CPU) build(off uint64, n int) *block {
	f := c.fast
	if f.full() {
		f.flush()
	}
	code := c.Phys.Backing()[off : off+c.inCode(uint64(n))]
	count, size := 0, 0
	for count < maxBlock {
		if c.stops != nil && c.stops.breakWithin(uint64(c.codeLinear(c.S.RIP+uint64(size))), off+uint64(size), 1) {
			break // the loop looks at breakpoints where no block begins
		}
		in := &f.decoded[count]
		if !c.decode(code[size:], in) || in.Bad != x86.NoReason {
			break
		}
		size += int(in.Len)
		count++
		if ends(in) {
			break
		}
	}
	if count == 0 {
		return nil
	}
	b := &f.blocks.take(1)[0]
	*b = block{off: off, rip: c.blockRIP(c.S.RIP), mode: c.S.Mode, size: uint16(size), n: uint8(count)}
	c.translate(b, f.decoded[:count])
	f.add(b)
	return b
}

// translate makes the operations of b.
func (c *CPU) translate(b *block, insts []Inst) {
	f := c.fast
	t := translator{c: c, rip: c.S.RIP, fast: c.S.Mode&(Mode64|ModeSegs) == Mode64 || c.S.Mode&(Mode32|ModeSegs) == Mode32}
	t.segs = !t.fast
	uses := f.flags[:len(insts)]
	t.liveness(insts, uses)
	ops := f.ops.take(1 + t.room(len(insts)))
	b.first = &ops[0]
	if t.fast && f.native != nil {
		ops[0] = op{fn: opCold, disp: uint64(f.blocks.n - 1)}
		ops = ops[1:]
	}
	n := 0
	for i := 0; i < len(insts); {
		o := &ops[n]
		*o = op{rip: t.rip, left: uint8(len(insts) - i), size: insts[i].Len, base: RegZero, index: RegZero, seg: RegZero, next: &ops[n+1]}
		used := 1
		if i+1 < len(insts) && t.fuse(o, &insts[i], &insts[i+1]) {
			used = 2
		} else if !t.special(o, &insts[i], uses[i].need) && !t.simdOf(o, &insts[i]) && !t.segmented(ops, &n, &insts[i], uses[i].need) {
			t.plain(o, &insts[i], i == len(insts)-1)
		}
		if used == 2 || !t.idle(&insts[i]) {
			n++
		}
		for range used {
			t.rip = (t.rip + uint64(insts[i].Len)) & c.ripMask
			i++
		}
	}
	f.ops.n -= len(ops) - (n + 1) // not all were needed
	last := &insts[len(insts)-1]
	if ends(last) {
		b.last = &ops[n-1]
		b.last.next = nil
	} else {
		ops[n] = op{fn: opFall, rip: t.rip - uint64(last.Len), size: last.Len}
		b.last = &ops[n]
	}
	b.first.len = b.n
	join(ops[:n])
}

// idle says whether an instruction needs no operation: NOPs, of which kernels are full where
// code can be patched in.
func (t *translator) idle(in *Inst) bool { return family(in) == famNop }

// join replaces the handlers of operations that have one together with those that follow.
func join(ops []op) {
	for i := 0; i+1 < len(ops); i++ {
		if n := run(ops[i:]); n > 1 {
			i += n - 1
		} else if both := pairOf(ops[i].fn, ops[i+1].fn); both != nil {
			ops[i].fn = both
			i++
		}
	}
}

// run makes the first operation do all of the PUSHes or POPs of registers that ops begins
// with, and the RET after the POPs, and says how many operations these are. rSP is not among
// them.
func run(ops []op) (n int) {
	pops := same(ops[0].fn, opPop64)
	if !pops && !same(ops[0].fn, opPushR64) {
		return 0
	}
	regs := uint64(0)
	for n < min(len(ops), len(popRuns)-1) && same(ops[n].fn, ops[0].fn) {
		r := ops[n].dst
		if !pops {
			r = ops[n].src
		}
		if r == x86.RSP {
			break
		}
		regs |= uint64(r) << (8 * n)
		n++
	}
	if n < 2 {
		return 0
	}
	ops[0].imm, ops[0].cc = regs, 0
	if !pops {
		ops[0].fn = pushRuns[n]
		return n
	}
	ops[0].fn = popRuns[n]
	if n < len(ops) && same(ops[n].fn, opRet64) {
		ops[0].cc = 1
		n++
	}
	return n
}

// A translator turns the instructions of one block into operations.
type translator struct {
	c    *CPU
	rip  uint64 // of the instruction at hand
	fast bool   // 64-bit or flat 32-bit code: the special operations apply
	segs bool   // else, 16-bit code or code with segments: those of registers and of fast_segs.go do
}

// liveness finds which instructions' flags somebody may look at: a later instruction, a
// fault, or whoever comes after the block.
func (t *translator) liveness(insts []Inst, uses []flagUse) {
	live := x86.FlagsStatus
	for i := len(insts) - 1; i >= 0; i-- {
		in, u := &insts[i], &uses[i]
		need := live&in.Op.Writes != 0
		*u = t.flagUse(in, need)
		u.need, u.live = need, live
		live = live&^u.writes | u.reads
		if u.leaves {
			live = x86.FlagsStatus
		}
	}
}

// flagUse refines what the row says by operand form.
func (t *translator) flagUse(in *Inst, need bool) flagUse {
	u := flagUse{reads: in.Op.Reads, writes: in.Op.Writes}
	var probe op
	switch fam := family(in); {
	case fam == famNone || fam == famRepMovs || fam == famRepStos || !t.special(&probe, in, need):
		u.leaves = true
	case in.Dst.Kind == ArgMem || in.Src.Kind == ArgMem:
		u.leaves = fam != famLea && fam != famNop
	case fam == famDiv || fam == famIdiv || fam == famPush || fam == famPop || fam == famLeave ||
		fam == famRet || fam == famCall || fam == famJmp:
		u.leaves = true
	case fam >= famShl && fam <= famRor && in.Src.Kind != ArgImm:
		u.writes = 0 // by CL: perhaps none
	case fam >= famShl && fam <= famSar:
		u.reads = 0
	case fam == famRol || fam == famRor:
		u.reads, u.writes = 0, x86.FlagCF // OF may stay
	}
	return u
}

// plain makes o call the function of the row.
func (t *translator) plain(o *op, in *Inst, last bool) {
	f := t.c.fast
	o.aux = uint32(f.insts.n)
	*f.insts.takeOne() = *in
	o.fn = opPlain
	if last && ends(in) {
		o.fn = opPlainLast
	}
	o.cc = 1
	switch {
	case t.quick(o, in) || t.quickInteger(o, in) || t.x87(o, in) || t.system(o, in):
	case in.Op.Reads|in.Op.Writes == 0 && !ends(in):
		o.cc = 0
	}
}

// A fam is a family of instructions that have special operations.
type fam uint8

const (
	famNone fam = iota
	famAdd
	famOr
	famAdc
	famSbb
	famAnd
	famSub
	famXor
	famCmp
	famTest
	famInc
	famDec
	famNeg
	famNot
	famShl
	famShr
	famSar
	famRol
	famRor
	famImul
	famMul
	famDiv
	famIdiv
	famMov
	famMovzx
	famMovsx
	famLea
	famPush
	famPop
	famLeave
	famCall
	famJmp
	famRet
	famJcc
	famSetcc
	famCmov
	famCbw
	famCwd
	famXchg
	famBswap
	famBits
	famCmpxchg
	famXadd
	famNop
	famRepMovs
	famRepStos
)

// Indices of the generated tables.
const (
	aluAdd = iota
	aluOr
	aluAdc
	aluSbb
	aluAnd
	aluSub
	aluXor
	aluCmp
	aluTest
)

const (
	formRR = iota
	formRI
	formRM
	formMR
	formMI
	formRMB // as the three before, but the address is base and displacement
	formMRB
	formMIB
	formRMX // with an index; moves only
	formMRX
	formMIX
	noForm
)

const (
	unInc = iota
	unDec
	unNeg
	unNot
)

const (
	shShl = iota
	shShr
	shSar
)

// family finds the family of an instruction by the name of its row.
func family(in *Inst) fam {
	if in.VEX {
		return famNone
	}
	switch in.Op.Name {
	case "ADD":
		return famAdd
	case "OR":
		return famOr
	case "ADC":
		return famAdc
	case "SBB":
		return famSbb
	case "AND":
		return famAnd
	case "SUB":
		return famSub
	case "XOR":
		return famXor
	case "CMP":
		return famCmp
	case "TEST":
		return famTest
	case "INC":
		return famInc
	case "DEC":
		return famDec
	case "NEG":
		return famNeg
	case "NOT":
		return famNot
	case "SHL":
		return famShl
	case "SHR":
		return famShr
	case "SAR":
		return famSar
	case "ROL":
		return famRol
	case "ROR":
		return famRor
	case "IMUL":
		return famImul
	case "MUL":
		return famMul
	case "DIV":
		return famDiv
	case "IDIV":
		return famIdiv
	case "MOV":
		return famMov
	case "MOVZX":
		return famMovzx
	case "MOVSX", "MOVSXD":
		return famMovsx
	}
	return familyOfRest(in)
}

func familyOfRest(in *Inst) fam {
	switch name := in.Op.Name; name {
	case "LEA":
		return famLea
	case "PUSH":
		return famPush
	case "POP":
		return famPop
	case "LEAVE":
		return famLeave
	case "CALL":
		return famCall
	case "JMP":
		return famJmp
	case "RET":
		return famRet
	case "CBW", "CWDE", "CDQE":
		return famCbw
	case "CWD", "CDQ", "CQO":
		return famCwd
	case "XCHG":
		return famXchg
	case "BSWAP":
		return famBswap
	case "BT", "BTS", "BTR", "BTC":
		return famBits
	case "CMPXCHG":
		return famCmpxchg
	case "XADD":
		return famXadd
	case "NOP", "LFENCE", "MFENCE", "SFENCE", "PREFETCHNTA", "PREFETCHT0", "PREFETCHT1", "PREFETCHT2", "PREFETCH", "PREFETCHW":
		return famNop
	case "MOVS":
		if in.Rep != 0 {
			return famRepMovs
		}
	case "STOS":
		if in.Rep != 0 {
			return famRepStos
		}
	default:
		switch {
		case in.Op.Reads == 0:
		case name[0] == 'J' && in.Src.Kind == ArgImm && in.Op.Reads != 0:
			return famJcc
		case len(name) > 3 && name[:3] == "SET":
			return famSetcc
		case len(name) > 4 && name[:4] == "CMOV":
			return famCmov
		}
	}
	return famNone
}

// special makes o one of the special operations; it returns false where there is none.
func (t *translator) special(o *op, in *Inst, need bool) bool {
	fam := family(in)
	if !t.fast && !t.onRegisters(in, fam) || fam == famNone || !t.operands(o, in, fam) {
		return false
	}
	return t.handler(o, in, fam, need)
}

// handler gives o, with its operands, the function; false where there is none.
func (t *translator) handler(o *op, in *Inst, fam fam, need bool) bool {
	need1 := b2i(need)
	switch {
	case in.Dst.Kind == ArgHigh || in.Src.Kind == ArgHigh:
		o.fn = highOf(in, fam, need1)
	case fam <= famTest:
		form := formOf(in)
		if form == noForm {
			return false
		}
		o.fn = aluOps[fam-famAdd][form][log2(in.Dst.W)][need1]
	case fam <= famNot:
		o.fn = unaryOps[fam-famInc][b2i(in.Dst.Kind == ArgMem)][log2(in.Dst.W)][need1]
	case fam <= famRor:
		o.fn = shiftOf(o, in, fam, need)
	case fam <= famIdiv:
		o.fn = mulOf(o, in, fam, need1)
	case fam <= famLea:
		o.fn = moveOf(o, in, fam)
	case fam <= famLeave:
		o.fn = t.stackOf(o, in, fam)
	case fam <= famJcc:
		o.fn = t.branchOf(o, in, fam)
	default:
		o.fn = t.restOf(o, in, fam)
	}
	return o.fn != nil
}

// operands fills in the registers, the immediate and the address of o. It returns false for
// forms that have no special operations: segment registers, addresses that are not of the
// natural size.
func (t *translator) operands(o *op, in *Inst, fam fam) bool {
	for _, a := range [...]Arg{in.Dst, in.Src, in.Third} {
		switch a.Kind {
		case ArgNone, ArgReg, ArgHigh, ArgStrSrc, ArgStrDst:
		case ArgImm:
			o.imm = in.Imm & a.W.Mask()
		case ArgMem:
			if fam != famNop && !t.address(o, in) {
				return false
			}
		default:
			return false
		}
	}
	o.dst, o.src = in.Dst.Reg, in.Src.Reg
	return true
}

// address fills in the memory operand.
func (t *translator) address(o *op, in *Inst) bool {
	long := in.CodeSize == 8
	if in.AddrSize != in.CodeSize || !long && (in.Seg >= x86.FS || in.Seg == x86.CS) {
		return false
	}
	o.base, o.index, o.scale, o.disp, o.seg = in.Base, in.Index, in.Scale, in.Disp, RegZero
	if in.RIPRel {
		o.disp += t.rip + uint64(in.Len)
	}
	if in.Seg >= x86.FS {
		o.seg = uint8(RegSeg + in.Seg)
	}
	return true
}

// log2 of an operand size in bytes.
func log2(w width) int { return [9]int{1: 0, 2: 1, 4: 2, 8: 3}[w] }

// formOf is the operand form of a two-operand instruction.
func formOf(in *Inst) int {
	form := plainForm(in)
	if form >= formRM && form <= formMI && in.CodeSize == 8 && in.Index == RegZero && in.Seg < x86.FS {
		form += formRMB - formRM
	}
	return form
}

func plainForm(in *Inst) int {
	switch {
	case in.Dst.Kind == ArgReg && in.Src.Kind == ArgReg:
		return formRR
	case in.Dst.Kind == ArgReg && in.Src.Kind == ArgImm:
		return formRI
	case in.Dst.Kind == ArgReg && in.Src.Kind == ArgMem:
		return formRM
	case in.Dst.Kind == ArgMem && in.Src.Kind == ArgReg:
		return formMR
	case in.Dst.Kind == ArgMem && in.Src.Kind == ArgImm:
		return formMI
	}
	return noForm
}

// highOf is an instruction on AH and its kin.
func highOf(in *Inst, fam fam, need int) handler {
	form := 0
	switch d, s := in.Dst.Kind, in.Src.Kind; {
	case d == ArgHigh && s == ArgImm:
	case d == ArgHigh && s == ArgReg:
		form = 1
	case d == ArgReg && s == ArgHigh:
		form = 2
	case d == ArgHigh && s == ArgHigh:
		form = 3
	default:
		return nil
	}
	switch {
	case fam <= famTest:
		return highOps[fam-famAdd][form][need]
	case fam == famMov:
		return highMoves[form]
	case fam == famMovzx && in.Dst.W >= 4:
		return movzxH
	}
	return nil
}

func shiftOf(o *op, in *Inst, fam fam, need bool) handler {
	n := in.Imm & 31
	if in.Dst.W == 8 {
		n = in.Imm & 63
	}
	switch {
	case in.Src.Kind == ArgImm && n == 0:
		return nil
	case in.Dst.Kind == ArgMem && in.Src.Kind == ArgImm && fam <= famSar:
		o.aux, o.cc = uint32(in.Dst.W), uint8(fam)
		return opShiftMI
	case in.Dst.Kind != ArgReg:
		return nil
	case fam <= famSar:
		return shiftOps[fam-famShl][b2i(in.Src.Kind != ArgImm)][log2(in.Dst.W)][b2i(need)]
	case in.Src.Kind != ArgImm:
		return nil
	case need || in.Dst.W < 4:
		o.aux = uint32(in.Dst.W)
		if fam == famRol {
			return opRolRI
		}
		return opRorRI
	case fam == famRol && in.Dst.W == 8:
		return rolRI64N
	case fam == famRol && in.Dst.W == 4:
		return rolRI32N
	case fam == famRor && in.Dst.W == 8:
		return rorRI64N
	case fam == famRor && in.Dst.W == 4:
		return rorRI32N
	}
	return nil
}

func mulOf(o *op, in *Inst, fam fam, need int) handler {
	if fam == famImul && in.Dst.Kind == ArgReg && in.Dst.W >= 4 {
		form := b2i(in.Src.Kind == ArgMem)
		if in.Third.Kind == ArgImm {
			form += 2
		}
		return imulOps[form][b2i(in.Dst.W == 8)][need]
	}
	if in.Src.Kind == ArgMem && in.Dst.Kind == ArgNone && in.Src.W >= 4 {
		o.aux = uint32(in.Src.W)
		return [...]handler{famMul: opMulM, famDiv: opDivM, famIdiv: opIdivM}[fam]
	}
	if in.Src.Kind != ArgReg || in.Dst.Kind != ArgNone {
		return nil
	}
	pick := func(h64, h32 handler) handler {
		switch in.Src.W {
		case 8:
			return h64
		case 4:
			return h32
		}
		return nil
	}
	switch fam {
	case famMul:
		return pick(opMulR64, opMulR32)
	case famDiv:
		return pick(opDivR64, opDivR32)
	case famIdiv:
		return pick(opIdivR64, opIdivR32)
	}
	return nil
}

func moveOf(o *op, in *Inst, fam fam) handler {
	form := formOf(in)
	if form == noForm {
		return nil
	}
	if form >= formRM && form <= formMI && in.CodeSize == 8 && in.Seg < x86.FS {
		form += formRMX - formRM
	}
	pick := func(r, m, base, index handler) handler {
		switch form {
		case formRM:
			return m
		case formRMB:
			return base
		case formRMX:
			return index
		}
		return r
	}
	switch {
	case fam == famMov:
		return movOps[form][log2(in.Dst.W)]
	case fam == famLea:
		if in.Dst.W == 8 {
			return opLea64
		}
		if in.Dst.W == 4 {
			return opLea32
		}
	case in.Dst.W < 4:
	case fam == famMovzx && in.Src.W == 1:
		return pick(movzx8RR, movzx8RM, movzx8RMB, movzx8RMX)
	case fam == famMovzx && in.Src.W == 2:
		return pick(movzx16RR, movzx16RM, movzx16RMB, movzx16RMX)
	case fam == famMovsx && in.Src.W == 1 && in.Dst.W == 4:
		return pick(movsx8to32RR, movsx8to32RM, movsx8to32RMB, movsx8to32RMX)
	case fam == famMovsx && in.Src.W == 1:
		return pick(movsx8to64RR, movsx8to64RM, movsx8to64RMB, movsx8to64RMX)
	case fam == famMovsx && in.Src.W == 2 && in.Dst.W == 4:
		return pick(movsx16to32RR, movsx16to32RM, movsx16to32RMB, movsx16to32RMX)
	case fam == famMovsx && in.Src.W == 2:
		return pick(movsx16to64RR, movsx16to64RM, movsx16to64RMB, movsx16to64RMX)
	case fam == famMovsx && in.Src.W == 4 && in.Dst.W == 8:
		return pick(movsx32to64RR, movsx32to64RM, movsx32to64RMB, movsx32to64RMX)
	}
	return nil
}

// stackOf is PUSH, POP and LEAVE of the natural size.
func (t *translator) stackOf(o *op, in *Inst, fam fam) handler {
	if t.c.S.Mode&ModeSS16 != 0 || in.OpSize != in.CodeSize {
		return nil
	}
	pick := func(h64, h32 handler) handler {
		if in.CodeSize == 8 {
			return h64
		}
		return h32
	}
	switch {
	case fam == famLeave:
		return pick(opLeave64, opLeave32)
	case fam == famPop && in.Dst.Kind == ArgReg:
		return pick(opPop64, opPop32)
	case fam == famPop:
		return nil
	case in.Src.Kind == ArgReg:
		return pick(opPushR64, opPushR32)
	case in.Src.Kind == ArgImm:
		return pick(opPushI64, opPushI32)
	case in.Src.Kind == ArgMem:
		return pick(opPushM64, opPushM32)
	}
	return nil
}

// branchOf is near CALL, JMP, RET and Jcc.
func (t *translator) branchOf(o *op, in *Inst, fam fam) handler {
	if in.OpSize != in.CodeSize || fam != famJmp && fam != famJcc && t.c.S.Mode&ModeSS16 != 0 {
		return nil
	}
	long := in.CodeSize == 8
	pick := func(h64, h32 handler) handler {
		if long {
			return h64
		}
		return h32
	}
	if in.Src.Kind == ArgImm && fam != famRet && !t.displacement(o, in) {
		return nil
	}
	switch {
	case fam == famRet:
		o.imm = in.Imm + uint64(in.OpSize)
		return pick(opRet64, opRet32)
	case fam == famJcc && in.Code>>1&7 == 2:
		o.cc = in.Code & 15
		return opJz
	case fam == famJcc:
		o.cc = in.Code & 15
		return opJcc
	case fam == famCall && in.Src.Kind == ArgImm:
		o.cc = uint8(b2i(t.far(o, in)))
		return pick(opCall64, opCall32)
	case fam == famCall && in.Src.Kind == ArgReg:
		return pick(opCallR64, opCallR32)
	case fam == famCall && in.Src.Kind == ArgMem:
		return pick(opCallM64, opCallM32)
	case in.Src.Kind == ArgImm:
		if t.far(o, in) {
			return opJmpFar
		}
		return opJmp
	case in.Src.Kind == ArgReg:
		return pick(opJmpR64, opJmpR32)
	case in.Src.Kind == ArgMem:
		return pick(opJmpM64, opJmpM32)
	}
	return nil
}

// displacement fills in where a relative branch goes; false if that could fault.
func (t *translator) displacement(o *op, in *Inst) bool {
	o.aux = uint32(in.Imm)
	target := t.rip + uint64(in.Len) + in.Imm
	if t.segs {
		target &= in.OpSize.Mask()
		o.aux = uint32(target - t.rip - uint64(in.Len))
		return target <= uint64(t.c.Seg[x86.CS].Limit)
	}
	return in.CodeSize != 8 || uint64(int64(target<<16)>>16) == target
}

// far says whether a relative jump or call leads to another page; then o.imm is its target.
func (t *translator) far(o *op, in *Inst) bool {
	o.imm = (t.rip + uint64(in.Len) + in.Imm) & t.c.ripMask
	return (o.imm^t.rip)/mmuPage != 0
}

// restOf is SETcc, CMOVcc, conversions, exchanges and string instructions.
func (t *translator) restOf(o *op, in *Inst, fam fam) handler {
	o.cc = in.Code & 15
	mem := in.Dst.Kind == ArgMem || in.Src.Kind == ArgMem
	switch {
	case fam == famNop:
		return opNop
	case fam == famSetcc && mem:
		return opSetM
	case fam == famSetcc:
		return opSetR
	case fam == famCbw && in.OpSize == 8:
		return opCdqe
	case fam == famCbw && in.OpSize == 4:
		return opCwde
	case fam == famCwd && in.OpSize == 8:
		return opCqo
	case fam == famCwd && in.OpSize == 4:
		return opCdq
	case fam == famRepMovs || fam == famRepStos:
		return t.stringOf(o, in, fam)
	}
	switch w := in.Dst.W; {
	case fam == famBits || fam == famCmpxchg || fam == famXadd || fam == famXchg && mem:
		return lockOf(o, in, fam)
	case fam == famCmov && w == 8 && mem:
		return opCmovM64
	case fam == famCmov && w == 8:
		return opCmovR64
	case fam == famCmov && w == 4 && mem:
		return opCmovM32
	case fam == famCmov && w == 4:
		return opCmovR32
	case fam == famXchg && w == 8 && !mem:
		return opXchgR64
	case fam == famXchg && w == 4 && !mem:
		return opXchgR32
	case fam == famBswap && w == 8:
		return opBswap64
	case fam == famBswap && w == 4:
		return opBswap32
	}
	return nil
}

// lockOf is bit tests and the read-modify-write instructions of locks.
func lockOf(o *op, in *Inst, fam fam) handler {
	o.aux = uint32(in.Dst.W)
	mem := in.Dst.Kind == ArgMem
	switch {
	case fam == famBits:
		o.cc = uint8(bitFnOf(in.Op.Name))
		forms := [2][2]handler{{opBitsRI, opBitsRR}, {opBitsMI, opBitsMR}}
		return forms[b2i(mem)][b2i(in.Src.Kind == ArgReg)]
	case fam == famXchg:
		o.dst = in.Src.Reg
		return opXchgM
	case fam == famCmpxchg && mem:
		return opCmpxchgM
	case fam == famXadd && mem:
		return opXaddM
	}
	return nil
}

// fuse makes o two instructions at once: CMP or TEST and the branch on it.
func (t *translator) fuse(o *op, in, br *Inst) bool {
	which := family(in)
	if !t.fast && !t.onRegisters(in, which) || which != famCmp && which != famTest || family(br) != famJcc || br.OpSize != br.CodeSize {
		return false
	}
	form := formOf(in)
	if form == noForm {
		return false
	}
	fn := fusedOps[which-famCmp][form][log2(in.Dst.W)][br.Code&15]
	saved := *o
	if fn == nil || !t.operands(o, in, which) {
		*o = saved
		return false
	}
	at := *t
	at.rip += uint64(in.Len)
	if !at.displacement(o, br) {
		*o = saved
		return false
	}
	o.size += br.Len
	o.fn = fn
	return true
}
