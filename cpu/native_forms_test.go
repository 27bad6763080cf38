package cpu

import (
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Random programs of the instructions that the native tier knows, made to meet its rules: few
// registers, so that what flags depend on is overwritten before they are looked at; every
// condition; memory operands of all shapes that nearly always hit; calls, returns and loops
// within a page and to the next one, stopped anywhere.

var nfPrograms = flag.Int("native.programs", 3000, "random programs of the forms of the native tier")

// An nfArg is a register or an address: base and index are registers or nfNone.
type nfArg struct {
	mem         bool
	reg         uint8
	base, index uint8
	scale       uint8
	disp        int32
	rip         bool // disp is where it leads, not yet relative
	seg         byte // prefix, or 0
}

const nfNone = 0xff

// An nfGen writes one program.
type nfGen struct {
	*rand.Rand
	long   bool
	at     int     // where the code will lie
	code   []byte  // so far
	regs   []uint8 // that instructions change
	stable [2]uint8
	where  [2]int32 // what these hold
	subs   []nfFix  // calls
	top    int64    // what RSP is set to
	depth  int      // of pushes that are not popped yet
	fars   int      // jumps to the copy on the next page
	free   bool     // RSP is one of regs
	vecs   bool     // many vectors
}

// An nfFix is a displacement or an address, at offset at of the code, of a subroutine.
type nfFix struct {
	at  int
	abs bool
	far int32 // to add, for the copy on the next page
}

// nfPick is one of the arguments.
func nfPick[T any](g *rand.Rand, l ...T) T { return l[g.IntN(len(l))] }

// nfMake makes random program number seed.
func nfMake(base Snapshot, seed uint64) *fzProgram {
	rnd := rand.New(rand.NewPCG(seed, 177))
	group := rand.New(rand.NewPCG(seed/64, 176))
	p := &fzProgram{state: base, seed: 4*seed + seed%3, mode: nfPick(group, "long", "long", "long", "user", "flat32", "paged32", "compat"), limit: 500}
	p.image = fzImageOf(p.mode, seed/4096)
	p.registers(rnd)
	p.state.Seg[x86.FS].Base, p.state.Seg[x86.FS].Limit = fzData+0x1800, 0xffffffff
	p.state.RFLAGS &^= uint64(x86.FlagDF)
	if rnd.IntN(8) != 0 { // vectors fault seldom
		p.state.CR0 &^= x86.CR0_TS
		p.state.CR4 |= x86.CR4_OSXSAVE
		p.state.XCR0 = xcrX87 | xstateSSE | xstateAVX
		p.state.MXCSR |= 0x1f80
	}
	g := &nfGen{Rand: rnd, top: fzStack + 0x7c0, long: p.mode == "long" || p.mode == "user", at: fzCode + rnd.IntN(0x400)}
	if rnd.IntN(3) == 0 {
		g.at = fzCode + 0x1000 - rnd.IntN(150)
	}
	g.choose()
	for i, r := range g.stable {
		p.state.GPR[r] = uint64(g.where[i])
	}
	for _, r := range g.regs {
		if r != x86.RSP {
			p.state.GPR[r] = uint64(g.imm(8))
		}
	}
	g.program()
	p.code = g.code
	for i := range 4 {
		p.at = append(p.at, uint64(g.at+0x1000*i))
	}
	p.state.RIP = uint64(g.at)
	return p
}

// choose says what registers are for. Those that some instructions imply are not among the stable.
func (g *nfGen) choose() {
	n := 8
	if g.long {
		n = 16
	}
	i, want := 0, 3+g.IntN(3)
	for _, r := range g.Perm(n) {
		switch implied := r == x86.RAX || r == x86.RDX || r == x86.RBP; {
		case r == x86.RSP:
			if g.IntN(4) == 0 {
				g.free, g.regs = true, append(g.regs, x86.RSP)
			}
		case i < 2 && !implied:
			g.stable[i], g.where[i] = uint8(r), int32(g.address(8))
			i++
		case len(g.regs) < want:
			g.regs = append(g.regs, uint8(r))
		}
	}
}

func (g *nfGen) reg() uint8 { return g.regs[g.IntN(len(g.regs))] }

// noStack is reg without RSP.
func (g *nfGen) noStack() uint8 {
	for {
		if r := g.reg(); r != x86.RSP {
			return r
		}
	}
}

// any is a register to read: all of them.
func (g *nfGen) any() uint8 {
	switch {
	case g.IntN(3) != 0:
		return g.reg()
	case g.long:
		return uint8(g.IntN(16))
	}
	return uint8(g.IntN(8))
}

func (g *nfGen) width() int {
	if !g.long {
		return nfPick(g.Rand, 1, 2, 4, 4)
	}
	return nfPick(g.Rand, 1, 2, 4, 4, 8, 8)
}

// wide is the widths of instructions that have no form for bytes.
func (g *nfGen) wide() int {
	if w := g.width(); w > 1 {
		return w
	}
	return 4
}

func (g *nfGen) natural() int {
	if g.long {
		return 8
	}
	return 4
}

// imm is an operand worth trying, of w bytes.
func (g *nfGen) imm(w int) int64 {
	top := int64(1) << (8*w - 1)
	switch g.IntN(8) {
	case 0:
		return top
	case 1:
		return top - 1
	case 2:
		return -1 << 31
	case 3:
		return nfPick[int64](g.Rand, 0, 1, -1, 2, 127, -128, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 1<<31-1, 1<<31, 1<<32-1, 1<<32)
	case 4:
		return g.Int64() >> g.IntN(64)
	case 5:
		return -g.Int64() >> g.IntN(64)
	}
	return int64(g.IntN(300) - 150)
}

// address is where an operand of w bytes may lie.
func (g *nfGen) address(w int) int {
	switch g.IntN(60) {
	case 0:
		if g.IntN(3) == 0 {
			return g.at + g.IntN(300)
		}
		return nfPick(g.Rand, fzReadOnly, fzAbsent, fzMMIO, fzSuper) + 8*g.IntN(16)
	case 1, 2:
		return fzData + 0x1000*(1+g.IntN(4)) - g.IntN(2*w)
	case 3, 4, 5:
		return fzStack + 0x7c0 + g.IntN(0x80)
	}
	return fzData + g.IntN(0x3ff0)
}

// mem is a memory operand of w bytes. It may write instructions, which change no flags, for its
// registers.
func (g *nfGen) mem(w int) nfArg {
	a, at := nfArg{mem: true, base: nfNone, index: nfNone}, g.address(w)
	switch g.IntN(10) {
	case 0:
		a.disp = int32(at)
	case 1:
		a.disp, a.rip = int32(at), g.long
	case 2:
		a.base = x86.RSP
		a.disp = int32(g.IntN(64) - 32)
	case 3:
		if g.long {
			a.seg = nfPick[byte](g.Rand, 0x64, 0x65)
			a.disp = int32(g.IntN(0x700))
			if g.IntN(2) == 0 {
				a.base = g.reg()
				g.set(a.base, int64(g.IntN(64)))
			}
			return g.noSP(a)
		}
		fallthrough
	case 4, 5, 6:
		i := g.IntN(2)
		a.base, a.disp = g.stable[i], int32(at)-g.where[i]
		if g.IntN(3) == 0 {
			a.index, a.scale = g.reg(), uint8(g.IntN(4))
			g.set(a.index, int64(g.IntN(8)))
		} else if g.IntN(3) == 0 {
			a.disp = int32(g.IntN(16) - 8)
		}
	case 7:
		a.base = g.reg()
		a.disp = nfPick[int32](g.Rand, 0, 8, -8, 127, -128, 0x1000, -0x1000)
		g.set(a.base, int64(int32(at)-a.disp))
	case 8:
		a.index, a.scale, a.disp = g.reg(), uint8(g.IntN(4)), int32(at&15)
		g.set(a.index, int64(at&^15>>a.scale))
	default:
		a.base, a.disp = g.any(), int32(g.IntN(64))
		if g.IntN(3) == 0 {
			a.index, a.scale = g.any(), uint8(g.IntN(4))
		}
		if g.IntN(12) != 0 { // not so often
			a.base, a.index = x86.RSP, nfNone
		}
	}
	return g.noSP(a)
}

// noSP sees to it that RSP is no index.
func (g *nfGen) noSP(a nfArg) nfArg {
	if a.index == x86.RSP {
		a.index = nfNone
	}
	if g.free && a.base == x86.RSP && a.disp > -0x1000 && a.disp < 0x1000 && g.IntN(8) != 0 {
		g.set(x86.RSP, g.top)
	}
	return a
}

// set is MOV of a constant.
func (g *nfGen) set(r uint8, v int64) {
	if g.long && v != int64(uint32(v)) {
		g.rex(8, 0, 0, r)
		g.code = append(g.code, 0xc7, 0xc0|r&7)
	} else {
		g.rex(4, 0, 0, r)
		g.code = append(g.code, 0xb8|r&7)
	}
	g.value(v, 4)
}

func (g *nfGen) value(v int64, n int) {
	for range n {
		g.code = append(g.code, byte(v))
		v >>= 8
	}
}

// rex is the prefixes for operands of w bytes.
func (g *nfGen) rex(w int, r, x, b uint8) {
	if w == 2 {
		g.code = append(g.code, 0x66)
	}
	rex := r>>3<<2 | x>>3<<1 | b>>3
	if w == 8 {
		rex |= 8
	}
	if g.long && (rex != 0 || g.IntN(3) == 0 || w == 1 && g.IntN(4) != 0) {
		g.code = append(g.code, 0x40|rex)
	}
}

// rm is an instruction with ModRM. Immediates of n bytes follow.
func (g *nfGen) rm(w int, op []byte, reg uint8, a nfArg, imm int64, n int) {
	if a.seg != 0 {
		g.code = append(g.code, a.seg)
	}
	x, b := a.extends()
	g.rex(w, reg, x, b)
	g.code = append(g.code, op...)
	g.modRM(reg, a, n)
	g.value(imm, n)
}

// extends is the registers of a that REX.X and REX.B are of.
func (a nfArg) extends() (x, b uint8) {
	if !a.mem {
		return 0, a.reg
	}
	if a.index != nfNone {
		x = a.index
	}
	if a.base != nfNone {
		b = a.base
	}
	return x, b
}

// modRM is ModRM, SIB and displacement, with n bytes to follow.
func (g *nfGen) modRM(reg uint8, a nfArg, n int) {
	reg7 := reg & 7 << 3
	switch {
	case !a.mem:
		g.code = append(g.code, 0xc0|reg7|a.reg&7)
	case a.rip:
		g.code = append(g.code, reg7|5)
		g.value(int64(a.disp)-int64(g.at+len(g.code)+4+n), 4)
	case a.base == nfNone:
		g.code = append(g.code, reg7|4)
		if a.index == nfNone {
			g.code = append(g.code, 0x25)
		} else {
			g.code = append(g.code, a.scale<<6|a.index&7<<3|5)
		}
		g.value(int64(a.disp), 4)
	default:
		mod, size := byte(0x80), 4
		switch {
		case a.disp == 0 && a.base&7 != x86.RBP:
			mod, size = 0, 0
		case a.disp == int32(int8(a.disp)):
			mod, size = 0x40, 1
		}
		if a.index == nfNone && a.base&7 != x86.RSP {
			g.code = append(g.code, mod|reg7|a.base&7)
		} else {
			i := byte(4)
			if a.index != nfNone {
				i = a.index & 7
			}
			g.code = append(g.code, mod|reg7|4, a.scale<<6|i<<3|a.base&7)
		}
		g.value(int64(a.disp), size)
	}
}

// nfVectors are opcodes of map 0F that work on vectors, and others beside them.
var nfVectors = []byte{
	0x10, 0x11, 0x10, 0x11, 0x28, 0x29, 0x6f, 0x7f, 0x6f, 0x7f, 0xd6, 0x7e, 0x6e, 0x7e, 0x2b, 0xe7, 0x12, 0x13, 0x16, 0x17,
	0x14, 0x15, 0x54, 0x55, 0x56, 0x57, 0xc6, 0x50, 0xd7, 0x51, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0xc2, 0xe6,
	0x2a, 0x2c, 0x2d, 0x2e, 0x2f, 0x2e, 0x2f, 0x70, 0x71, 0x72, 0x73, 0x77, 0xf0, 0x52, 0x53, 0xc4, 0xc5, 0x7c, 0xd0,
}

// vector is an instruction of SSE, SSE2 or AVX that exists.
func (g *nfGen) vector() {
	for at := len(g.code); ; g.code = g.code[:at] {
		last := g.tryVector()
		var in Inst
		if Decode(append(slices.Clone(g.code[last:]), make([]byte, 16)...), width(g.natural()), &in) && in.Bad == x86.NoReason && in.Op.Name != "MASKMOVDQU" {
			return
		}
	}
}

// tryVector returns the offset of the instruction, on few registers, behind MOV for its address.
func (g *nfGen) tryVector() (at int) {
	op := nfVectors[g.IntN(len(nfVectors))]
	if g.IntN(3) == 0 {
		op = byte(0x60 + g.IntN(16))
		if g.IntN(2) == 0 {
			op = byte(0xd0 + g.IntN(48))
		}
	}
	p := nfPick[byte](g.Rand, 0, 0x66, 0x66, 0xf3, 0xf2)
	a, n := nfArg{reg: uint8(g.IntN(4))}, 0
	general := op == 0x2a || op == 0x6e || op == 0x7e || op == 0xc4
	if general && p != 0xf3 || op == 0x2a {
		a.reg = g.reg()
	}
	reg := uint8(g.IntN(4))
	switch {
	case op == 0x70 || op == 0xc2 || op == 0xc6 || op == 0xc4 || op == 0xc5:
		n = 1
	case op >= 0x71 && op <= 0x73:
		n, p, reg = 1, 0x66, nfPick[uint8](g.Rand, 2, 4, 6, 3, 7)
	}
	if g.IntN(5) < 2 && (op < 0x71 || op > 0x73) && op != 0x77 && op != 0x50 && op != 0xd7 && op != 0xf7 && op != 0xc5 {
		a = g.mem(8)
		if g.IntN(16) != 0 { // aligned
			a.base, a.index = nfNone, nfNone
			a.disp = int32(fzData+g.IntN(0x3fe0)) &^ 31
			if g.IntN(8) == 0 {
				a.disp = fzData + 0x1ff0
			}
		}
	}
	if op == 0x2c || op == 0x2d || op == 0x50 || op == 0xd7 || op == 0xc5 {
		reg = g.reg()
	}
	w := 4
	if g.long && g.IntN(4) == 0 {
		w = 8
	}
	imm := int64(g.IntN(256))
	if g.IntN(2) == 0 {
		imm &= 0x1f
	}
	at = len(g.code)
	if g.IntN(3) != 0 {
		if p != 0 {
			g.code = append(g.code, p)
		}
		g.rm(w, []byte{0x0f, op}, reg, a, imm, n)
		return at
	}
	g.vex(w, p, op, reg, a, imm, n)
	return at
}

// vex is an instruction with VEX of three bytes.
func (g *nfGen) vex(w int, p, op byte, reg uint8, a nfArg, imm int64, n int) {
	if a.seg != 0 {
		g.code = append(g.code, a.seg)
	}
	x, b := a.extends()
	v := byte(g.IntN(4))
	if g.IntN(3) == 0 {
		v = 0
	}
	pp := map[byte]byte{0: 0, 0x66: 1, 0xf3: 2, 0xf2: 3}[p]
	g.code = append(g.code, 0xc4, ^(reg>>3<<7|x>>3<<6|b>>3<<5)&0xe0|1, byte(w)>>3<<7|^v&15<<3|byte(g.IntN(2))<<2|pp, op)
	g.modRM(reg, a, n)
	g.value(imm, n)
}

// operand is a register to change or a memory operand.
func (g *nfGen) operand(w int) nfArg {
	if g.IntN(3) == 0 {
		return g.mem(w)
	}
	return nfArg{reg: g.reg()}
}

// source is a register to read or a memory operand.
func (g *nfGen) source(w int) nfArg {
	if g.IntN(3) == 0 {
		return g.mem(w)
	}
	return nfArg{reg: g.any()}
}

// sized is the opcode for w bytes of one with a form for bytes.
func nfSized(op byte, w int) []byte {
	if w > 1 {
		op |= 1
	}
	return []byte{op}
}

// alu is the eight instructions from ADD to CMP, of which only says some, and TEST.
func (g *nfGen) alu(which uint8) {
	w := g.width()
	switch g.IntN(6) {
	case 0, 1:
		g.rm(w, nfSized(which<<3, w), g.any(), g.operand(w), 0, 0)
	case 2, 3:
		a := g.source(w)
		g.rm(w, nfSized(which<<3|2, w), g.reg(), a, 0, 0)
	case 4:
		a := g.operand(w)
		if w == 1 || g.IntN(2) == 0 {
			op := byte(0x83)
			if w == 1 {
				op = 0x80
			}
			g.rm(w, []byte{op}, which, a, g.imm(1), 1)
		} else {
			g.rm(w, []byte{0x81}, which, a, g.imm(w), min(w, 4))
		}
	default:
		g.rex(w, 0, 0, 0)
		g.code = append(g.code, nfSized(which<<3|4, w)...)
		g.value(g.imm(w), min(w, 4))
	}
}

func (g *nfGen) test() {
	w := g.width()
	switch a := g.source(w); g.IntN(3) {
	case 0:
		g.rm(w, nfSized(0xf6, w), 0, a, g.imm(w), min(w, 4))
	case 1:
		g.rm(w, nfSized(0x84, w), g.any(), a, 0, 0)
	default:
		r := g.any()
		g.rm(w, nfSized(0x84, w), r, nfArg{reg: r}, 0, 0)
	}
}

// shift is shifts and rotations.
func (g *nfGen) shift() {
	w := g.width()
	a, which := g.operand(w), nfPick[uint8](g.Rand, 0, 1, 4, 5, 7, 4, 5, 7, 2, 3, 6)
	switch g.IntN(4) {
	case 0:
		g.rm(w, nfSized(0xd0, w), which, a, 0, 0)
	case 1:
		g.rm(w, nfSized(0xd2, w), which, a, 0, 0)
	default:
		g.rm(w, nfSized(0xc0, w), which, a, int64(g.IntN(66)), 1)
	}
}

// multiply is MUL, IMUL, DIV and IDIV.
func (g *nfGen) multiply() {
	w := g.wide()
	switch a := g.source(w); g.IntN(5) {
	case 0:
		g.rm(w, []byte{0x0f, 0xaf}, g.reg(), a, 0, 0)
	case 1:
		g.rm(w, []byte{0x69}, g.reg(), a, g.imm(w), min(w, 4))
	case 2:
		g.rm(w, []byte{0x6b}, g.reg(), a, g.imm(1), 1)
	case 3:
		g.rm(w, []byte{0xf7}, 4+uint8(g.IntN(2)), a, 0, 0)
	default:
		g.divide(w, a)
	}
}

// divide is DIV and IDIV, most of the time of operands that do not fault.
func (g *nfGen) divide(w int, a nfArg) {
	which := uint8(6 + g.IntN(2))
	if g.IntN(8) != 0 {
		if which == 7 {
			g.rex(w, 0, 0, 0)
			g.code = append(g.code, 0x99)
		} else {
			g.set(x86.RDX, int64(g.IntN(2)))
		}
		if a.mem || g.IntN(4) == 0 {
			g.code = append(g.code, 0x90)
		} else {
			g.rm(w, []byte{0x83}, 1, a, int64(8+g.IntN(8)), 1) // OR
		}
	}
	g.rm(w, []byte{0xf7}, which, a, 0, 0)
}

// sets writes an instruction that sets flags.
func (g *nfGen) sets() {
	switch g.IntN(12) {
	case 0, 1, 2:
		g.alu(nfPick[uint8](g.Rand, 0, 1, 4, 5, 6, 7))
	case 3:
		g.alu(nfPick[uint8](g.Rand, 5, 7))
	case 4:
		g.test()
	case 5:
		g.alu(nfPick[uint8](g.Rand, 2, 3))
	case 6:
		w := g.width()
		g.rm(w, nfSized(0xfe, w), uint8(g.IntN(2)), g.operand(w), 0, 0)
	case 7:
		w := g.width()
		g.rm(w, nfSized(0xf6, w), 3, g.operand(w), 0, 0)
	case 8, 9:
		g.shift()
	case 10:
		g.multiply()
	default:
		g.bits()
	}
}

// bits is BT and its kin, of registers and memory; XADD and CMPXCHG.
func (g *nfGen) bits() {
	w := g.wide()
	switch g.IntN(8) {
	case 0:
		g.rm(w, []byte{0x0f, 0xc1}, g.reg(), g.operand(w), 0, 0)
	case 1:
		g.rm(w, []byte{0x0f, 0xb1}, g.reg(), g.operand(w), 0, 0)
	case 2, 3, 4:
		g.rm(w, []byte{0x0f, 0xba}, 4+uint8(g.IntN(4)), g.operand(w), int64(g.IntN(70)), 1)
	case 5: // a bit beyond the operand
		r := g.noStack()
		g.set(r, int64(g.IntN(600)-300))
		a := g.mem(w)
		g.rm(w, []byte{0x0f, 0xa3 + 8*byte(g.IntN(4))}, r, a, 0, 0)
	default:
		g.rm(w, []byte{0x0f, 0xa3 + 8*byte(g.IntN(4))}, g.any(), nfArg{reg: g.reg()}, 0, 0)
	}
}

// keeps writes an instruction that changes no flags, but perhaps what they depend on.
func (g *nfGen) keeps() {
	w := g.width()
	switch g.IntN(19) {
	case 0, 1:
		g.rm(w, nfSized(0x88, w), g.any(), g.operand(w), 0, 0)
	case 2, 3:
		a := g.source(w)
		g.rm(w, nfSized(0x8a, w), g.reg(), a, 0, 0)
	case 4:
		g.rm(w, nfSized(0xc6, w), 0, g.operand(w), g.imm(w), min(w, 4))
	case 5:
		g.move(w)
	case 6:
		op := nfPick[byte](g.Rand, 0xb6, 0xb7, 0xbe, 0xbf)
		a := g.source(2)
		g.rm(g.wide(), []byte{0x0f, op}, g.reg(), a, 0, 0)
	case 7:
		if g.long {
			a := g.source(4)
			g.rm(nfPick(g.Rand, 4, 8), []byte{0x63}, g.reg(), a, 0, 0)
		}
	case 8, 9:
		a := nfArg{mem: true, base: g.any(), index: g.any(), scale: uint8(g.IntN(4)), disp: int32(g.imm(4))}
		if g.IntN(2) == 0 {
			a.index = nfNone
		}
		if a.index == x86.RSP {
			a.index = nfNone
		}
		if g.IntN(5) == 0 {
			a.base = nfNone
		}
		g.rm(g.wide(), []byte{0x8d}, g.reg(), a, 0, 0)
	case 10:
		g.stack()
	case 11:
		w := g.wide()
		g.rm(w, []byte{0x87}, g.reg(), g.operand(w), 0, 0)
	case 12:
		r := g.reg()
		g.rex(nfPick(g.Rand, 4, g.natural()), 0, 0, r)
		g.code = append(g.code, 0x0f, 0xc8|r&7)
	case 13:
		g.rex(g.wide(), 0, 0, 0)
		g.code = append(g.code, 0x98|byte(g.IntN(2)))
	case 14:
		g.rm(w, nfSized(0xf6, w), 2, g.operand(w), 0, 0) // NOT
	case 15:
		g.code = append(g.code, nfPick(g.Rand, []byte{0x90}, []byte{0x0f, 0x1f, 0x00}, []byte{0x66, 0x90})...)
	case 16:
		r := g.reg()
		g.rex(nfPick(g.Rand, 4, g.natural()), 0, 0, r)
		g.code = append(g.code, 0x90|r&7) // XCHG, NOP with RAX
	default:
		g.looks()
	}
}

// move is MOV with its own registers: immediates of eight bytes, addresses of eight bytes.
func (g *nfGen) move(w int) {
	r := g.reg()
	switch g.IntN(3) {
	case 0:
		g.rex(w, 0, 0, 0)
		g.code = append(g.code, nfSized(0xa0|byte(g.IntN(2))<<1, w)...)
		g.value(int64(g.address(w)), g.natural())
	case 1:
		g.rex(w, 0, 0, r)
		if w == 1 {
			g.code = append(g.code, 0xb0|r&7)
		} else {
			g.code = append(g.code, 0xb8|r&7)
		}
		g.value(g.imm(w), w)
	default:
		g.set(r, g.imm(4))
	}
}

// stack is PUSH, POP and LEAVE.
func (g *nfGen) stack() {
	r := g.any()
	if g.free && g.IntN(4) != 0 {
		g.set(x86.RSP, g.top)
	}
	switch g.IntN(8) {
	case 0:
		g.code = append(g.code, 0x6a, byte(g.imm(1)))
		g.depth++
	case 1:
		g.code = append(g.code, 0x68)
		g.value(g.imm(4), 4)
		g.depth++
	case 2:
		g.rm(4, []byte{0xff}, 6, g.mem(8), 0, 0)
		g.depth++
	case 3:
		if g.IntN(4) == 0 {
			g.rex(g.natural(), 0, 0, x86.RBP)
			g.code = append(g.code, 0x8d, 0x6c, 0x24, byte(g.IntN(4)*8)) // lea ebp, [esp+n]
			g.code = append(g.code, 0xc9)
			break
		}
		fallthrough
	case 4, 5:
		for range 1 + g.IntN(3) {
			g.rex(4, 0, 0, r)
			g.code = append(g.code, 0x50|r&7)
			g.depth++
			r = g.any()
		}
	default:
		for range 1 + g.IntN(3) {
			r := g.reg()
			g.rex(4, 0, 0, r)
			g.code = append(g.code, 0x58|r&7)
			g.depth--
		}
	}
}

// looks writes SETcc and CMOVcc.
func (g *nfGen) looks() {
	cc := byte(g.IntN(16))
	if g.IntN(2) == 0 {
		a := g.operand(1)
		g.rm(1, []byte{0x0f, 0x90 | cc}, 0, a, 0, 0)
		return
	}
	w := g.wide()
	a := g.source(w)
	g.rm(w, []byte{0x0f, 0x40 | cc}, g.reg(), a, 0, 0)
}

// uses writes an instruction that looks at flags.
func (g *nfGen) uses() {
	switch g.IntN(9) {
	case 0, 1, 2:
		g.looks()
	case 3:
		g.alu(nfPick[uint8](g.Rand, 2, 3))
	case 4:
		w := g.width()
		g.rm(w, nfSized(0xfe, w), uint8(g.IntN(2)), g.operand(w), 0, 0)
		if g.IntN(2) == 0 {
			g.looks()
		}
	case 5:
		g.code = append(g.code, nfPick(g.Rand, []byte{0xf5}, []byte{0x9f}, []byte{0x9c, 0x9d}, []byte{0xf9}, []byte{0x9e})...)
	default:
		g.branch()
	}
}

// branch is Jcc over an instruction or two, or into the copy on the next page, to the same place.
func (g *nfGen) branch() {
	cc := byte(g.IntN(16))
	if g.IntN(6) == 0 && g.far() != 0 {
		g.code = append(g.code, 0x0f, 0x80|cc)
		g.value(0x1000, 4)
		return
	}
	near := g.IntN(3) == 0
	if near {
		g.code = append(g.code, 0x0f, 0x80|cc, 0, 0, 0, 0)
	} else {
		g.code = append(g.code, 0x70|cc, 0)
	}
	at := len(g.code)
	for range g.IntN(3) {
		g.keeps()
	}
	if d := len(g.code) - at; near {
		binary.LittleEndian.PutUint32(g.code[at-4:], uint32(d))
	} else {
		g.code[at-1] = byte(min(d, 127))
	}
}

// far is what to add to a target for the copy on the next page, now and then. There are three.
func (g *nfGen) far() int32 {
	if g.fars == 2 {
		return 0
	}
	g.fars++
	return 0x1000
}

// call is CALL of one of the subroutines, or JMP to what follows, in all their forms.
func (g *nfGen) call() {
	far := int32(0)
	if g.IntN(3) == 0 {
		far = g.far()
	}
	if g.free {
		g.set(x86.RSP, g.top)
	}
	call := byte(g.IntN(2))
	direct := func() {
		g.code = append(g.code, 0xe8|1-call)
		g.value(0, 4)
	}
	if call == 1 {
		switch g.IntN(3) {
		case 0:
			r := g.noStack()
			g.set(r, 0x10000)
			g.subs = append(g.subs, nfFix{len(g.code) - 4, true, far})
			g.rm(4, []byte{0xff}, 2, nfArg{reg: r}, 0, 0)
		case 1:
			a := nfArg{mem: true, base: nfNone, index: nfNone, disp: fzData + 0x2000 + 8*int32(g.IntN(4))}
			g.rm(g.natural(), []byte{0xc7}, 0, a, 0, 4)
			g.subs = append(g.subs, nfFix{len(g.code) - 4, true, far})
			g.rm(4, []byte{0xff}, 2, a, 0, 0)
		default:
			direct()
			g.subs = append(g.subs, nfFix{len(g.code) - 4, false, far})
		}
		return
	}
	switch r := g.noStack(); g.IntN(4) {
	case 0:
		g.set(r, 0x10000)
		at := len(g.code) - 4
		g.rm(4, []byte{0xff}, 4, nfArg{reg: r}, 0, 0)
		binary.LittleEndian.PutUint32(g.code[at:], uint32(int32(g.at+len(g.code))+far))
	case 1:
		a := nfArg{mem: true, base: nfNone, index: nfNone, disp: fzData + 0x2000 + 8*int32(g.IntN(4))}
		g.rm(g.natural(), []byte{0xc7}, 0, a, 0, 4)
		at := len(g.code) - 4
		g.rm(4, []byte{0xff}, 4, a, 0, 0)
		binary.LittleEndian.PutUint32(g.code[at:], uint32(int32(g.at+len(g.code))+far))
	default:
		direct()
		binary.LittleEndian.PutUint32(g.code[len(g.code)-4:], uint32(far))
	}
}

// program is some instructions, a jump back to the first, and the subroutines.
func (g *nfGen) program() {
	g.vecs = g.IntN(3) == 0
	for range 3 + g.IntN(8) {
		g.sets()
		for range g.IntN(4) {
			g.keeps()
		}
		for g.vecs && g.IntN(4) != 0 {
			g.vector()
		}
		for range g.IntN(3) {
			g.uses()
		}
		if g.IntN(6) == 0 {
			g.call()
		}
		if g.IntN(24) == 0 {
			other := fzGen{Rand: g.Rand, size: width(g.natural())}
			g.code = append(g.code, other.inst()...)
		}
	}
	if !g.free && g.IntN(4) != 0 { // the stack as at the start
		g.rex(g.natural(), 0, 0, x86.RSP)
		g.code = append(g.code, 0x8d, 0xa4, 0x24)
		g.value(int64(g.depth*g.natural()), 4)
	} else if g.free || g.IntN(4) != 0 {
		g.set(x86.RSP, g.top)
	}
	g.back()
	g.top -= int64(g.natural())
	subs := g.subs
	g.subs = nil
	starts := make([]int, 2)
	for i := range starts {
		starts[i] = len(g.code)
		if i == 0 {
			g.sets()
		}
		if g.IntN(2) == 0 {
			g.looks()
		}
		if g.free {
			g.code = append(g.code, 0xc3)
			continue
		}
		g.code = append(g.code, nfPick(g.Rand, []byte{0xc3}, []byte{0xc3}, []byte{0xc2, byte(g.IntN(3) * 8), 0})...)
	}
	for _, f := range subs {
		to := int32(starts[g.IntN(2)]) + f.far
		if f.abs {
			to += int32(g.at)
		} else {
			to -= int32(f.at + 4)
		}
		binary.LittleEndian.PutUint32(g.code[f.at:], uint32(to))
	}
}

// back goes to the first instruction, of the first copy where that may not be this one.
func (g *nfGen) back() {
	switch {
	case g.fars == 0:
		g.code = append(g.code, 0xe9)
		g.value(-int64(len(g.code)+4), 4)
	case g.IntN(2) == 0:
		g.code = append(g.code, 0x68)
		g.value(int64(g.at), 4)
		g.code = append(g.code, 0xc3)
	default:
		r := g.noStack()
		g.set(r, int64(g.at))
		g.rm(4, []byte{0xff}, 4, nfArg{reg: r}, 0, 0)
	}
}

// quiet keeps what a comparison reports to itself.
type quiet struct{ testing.TB }

func (quiet) Errorf(string, ...any) {}
func (quiet) Logf(string, ...any)   {}
func (quiet) Log(...any)            {}

// Programs of the forms that the native tier knows leave the same state on the plain engine
// and on it, whenever blocks become machine code and wherever they are stopped. One in 70,000
// executes paging structures, and among them an instruction whose own bytes change because it marks
// a page as used: there the fast engine differs already.
func TestNativeFormsAgreeWithPlain(t *testing.T) {
	a := newFzRig(t)
	heats := []uint32{1, 1, 2, 3}
	rigs := make([]*fzRig, len(heats))
	for i, heat := range heats {
		rigs[i] = newFzRig(t)
		rigs[i].cpu.SetNative(heat)
	}
	blocks := newFzRig(t)
	blocks.cpu.SetNative(0)
	base := a.cpu.Save()
	var total int64
	bad := 0
	for i := range *nfPrograms {
		p := nfMake(base, *fastSeed+uint64(i))
		n, ok := fzRun(quiet{t}, a, rigs[i%len(rigs)], p)
		total += n
		if !ok {
			if _, ok := fzRun(quiet{t}, a, blocks, p); !ok {
				t.Logf("program %d differs without machine code, too", i)
				continue
			}
			t.Logf("program %d", i)
			fzRun(t, a, rigs[i%len(rigs)], p)
			if bad++; bad >= 3 {
				t.FailNow()
			}
		}
	}
	require.Zero(t, bad)
	for i, r := range rigs {
		t.Logf("from %d entries on: %d blocks built, %s", heats[i], r.cpu.fast.built, r.cpu.fast.native.stats())
	}
	t.Logf("%d instructions", total)
}
