package cpu

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

var (
	fastPrograms = flag.Int("fast.programs", 4000, "random programs to compare the engines with")
	fastHeat     = flag.Uint("fast.heat", 1, "entries after which a block becomes machine code, 0 for never")
	fastSeed     = flag.Uint64("fast.seed", 1, "first seed of the random programs")
	fastModes    = flag.String("fast.modes", strings.Join(fzModes, ","), "their modes, more often if named more often")
)

// Where things lie in the memory of the random programs; linear and physical alike unless
// said otherwise.
const (
	fzRAM      = 1 << 20
	fzUsed     = 0x40000 // programs are set up below
	fzPML4     = 0x1000
	fzPD32     = 0x5000
	fzPT32     = 0x6000
	fzGDT      = 0x7000
	fzIDT64    = 0x7800
	fzIDT32    = 0x7c00
	fzTSS      = 0x8000
	fzHandlers = 0x9000
	fzStack0   = 0xb000 // top of the stack of privilege level 0 on interrupts
	fzCode     = 0x10000
	fzData     = 0x20000
	fzAbsent   = 0x25000
	fzReadOnly = 0x26000
	fzMMIO     = 0x27000 // linear; a register window
	fzAlias    = 0x28000 // linear; the first page of code
	fzSuper    = 0x29000 // supervisor page
	fzNoExec   = 0x2a000
	fzStack    = 0x30000
	fzWindow   = 0x200000 // physical address of the register window
)

// A fzRig is one machine.
type fzRig struct {
	mem *phys.Memory
	cpu *CPU
	log []uint64 // what the chips saw, with the instruction count

	image   *fzImage      // what the memory held before the program
	written *phys.Tracker // the pages that may differ from it
}

func (r *fzRig) note(v ...uint64) uint64 {
	if len(r.log) < 4096 {
		r.log = append(r.log, append(v, r.cpu.Count())...)
	}
	switch x := v[len(v)-1] ^ r.cpu.Count(); {
	case x%7 == 0:
		r.cpu.INTR = true
	case x%11 == 0:
		r.cpu.NMI = true
	case x%13 == 0:
		r.cpu.Limit(int64(x % 5))
	}
	return r.cpu.Count() * 0x9e3779b97f4a7c15
}

func (r *fzRig) ReadMMIO(off uint64, size int) uint64     { return r.note(1, off, uint64(size)) }
func (r *fzRig) WriteMMIO(off uint64, size int, v uint64) { r.note(2, off, uint64(size), v) }
func (r *fzRig) In(port uint16, size int) uint32 {
	return uint32(r.note(3, uint64(port), uint64(size)))
}
func (r *fzRig) Out(port uint16, size int, v uint32) {
	r.note(4, uint64(port), uint64(size), uint64(v))
	if port&7 == 3 { // a bus master writes into code
		r.mem.DMA().WriteDMA(fzCode+uint64(v)%0x1ff0, []byte{0x90, byte(v), 0x90})
	}
}

func newFzRig(tb testing.TB) *fzRig {
	mem, err := phys.New(fzRAM)
	require.NoError(tb, err)
	tb.Cleanup(func() { mem.Close() })
	require.NoError(tb, mem.MapRAM(0, 0, fzRAM))
	r := &fzRig{mem: mem}
	r.written, err = mem.Track(0, fzRAM)
	require.NoError(tb, err)
	require.NoError(tb, mem.MapMMIO(fzWindow, 4096, "window", r))
	m, err := NewModel("max")
	require.NoError(tb, err)
	r.cpu, err = New(m, mem)
	require.NoError(tb, err)
	tb.Cleanup(func() { r.cpu.Close() })
	mem.OnMapChange = r.cpu.MMU.Flush
	mem.OnProtect = r.cpu.MMU.DropPages
	r.cpu.Ports = r
	r.cpu.ReadTSC = r.cpu.Count
	r.cpu.CPI = 3
	return r
}

// A fzImage is memory to start with.
type fzImage [fzUsed]byte

// A fzProgram is memory and registers to start with. Programs share images; code is what
// they have of their own, at some places.
type fzProgram struct {
	image *fzImage
	at    []uint64
	code  []byte
	state Snapshot
	seed  uint64
	mode  string
	limit int64 // instructions to run at most, 0 for the usual number
}

// fzImages are those of the present 4096 seeds, by mode.
var fzImages struct {
	group uint64
	of    map[string]*fzImage
}

// fzImageOf makes the image for a mode: it has random data, others for every 4096 seeds.
func fzImageOf(mode string, group uint64) *fzImage {
	if fzImages.of == nil || fzImages.group != group {
		fzImages.group, fzImages.of = group, map[string]*fzImage{}
	}
	if m := fzImages.of[mode]; m != nil {
		return m
	}
	rnd := rand.New(rand.NewPCG(group, 78))
	m := new(fzImage)
	for i := fzData; i < fzData+0xb000; i++ {
		m[i] = byte(rnd.Uint32() >> (rnd.Uint32() & 15))
	}
	for i := fzData; i < fzData+0xb000; i += 8 * (1 + rnd.IntN(4)) {
		m.put(i, fzFloats(rnd))
	}
	m.tables(mode)
	m.handlers(mode)
	fzImages.of[mode] = m
	return m
}

var fzModes = []string{
	"long", "long", "long", "user", "flat32", "flat32", "paged32", "segs32", "real", "align", "compat", "vm86", "prot16",
}

// in16 says whether the program is 16-bit code; then its code segment begins at fzCode.
func (p *fzProgram) in16() bool { return p.mode == "real" || p.mode == "vm86" || p.mode == "prot16" }

// fzMake makes random program number seed.
func fzMake(base Snapshot, seed uint64) *fzProgram {
	rnd := rand.New(rand.NewPCG(seed, 77))
	group := rand.New(rand.NewPCG(seed/64, 76)) // programs in a row share their image
	modes := strings.Split(*fastModes, ",")
	p := &fzProgram{state: base, seed: seed, mode: modes[group.IntN(len(modes))]}
	p.image = fzImageOf(p.mode, seed/4096)
	p.registers(rnd)
	g := fzGen{Rand: rnd, size: 8}
	switch p.mode {
	case "flat32", "paged32", "segs32", "compat":
		g.size = 4
	case "real", "vm86", "prot16":
		g.size = 2
	}
	at := fzCode + rnd.IntN(0x400)
	if rnd.IntN(4) == 0 {
		at = fzCode + 0x1000 - rnd.IntN(120)
	}
	n := 5 + min(rnd.IntN(46), rnd.IntN(46))
	code := g.program(n)
	p.at, p.code = []uint64{uint64(at), uint64(at + 0x1000)}, code
	for rnd.IntN(3) != 0 { // write to the program, or to its copy
		r := [...]int{x86.RAX, x86.RBX, x86.RSI, x86.RDI, x86.RBP, 8, 13}[rnd.IntN(7)]
		p.state.GPR[r] = uint64(at + rnd.IntN(len(code)) + 0x1000*rnd.IntN(2))
		if at+len(code) < fzCode+0x1000 && rnd.IntN(3) == 0 {
			p.state.GPR[r] = fzAlias + p.state.GPR[r]%0x1000
		}
		if p.in16() {
			p.state.GPR[r] -= fzCode
			s := &p.state.Seg[[...]x86.Seg{x86.DS, x86.DS, x86.ES}[rnd.IntN(3)]]
			s.Base = fzCode
			if s.Sel = fzCode >> 4; p.mode == "prot16" {
				s.Sel = 0x60
			}
		}
	}
	p.state.RIP = uint64(at)
	if p.in16() {
		p.state.RIP -= fzCode
	}
	return p
}

func (p *fzImage) put(at int, v uint64) { binary.LittleEndian.PutUint64(p[at:], v) }

// tables writes paging structures, descriptor tables and the TSS.
func (p *fzImage) tables(mode string) {
	p.put(fzPML4, 0x2000|7)
	p.put(0x2000, 0x3000|7)
	p.put(0x3000, 0x4000|7)
	put32 := func(at int, v uint32) { binary.LittleEndian.PutUint32(p[at:], v) }
	put32(fzPD32, fzPT32|7)
	for i := range 256 {
		e := uint64(i)<<12 | 7
		nx := uint64(0)
		switch i << 12 {
		case fzAbsent:
			e = 0
		case fzReadOnly:
			e &^= 2
		case fzMMIO:
			e = fzWindow | 7
		case fzAlias:
			e = fzCode | 7
		case fzSuper:
			e &^= 4
		case fzNoExec:
			nx = 1 << 63
		}
		p.put(0x4000+8*i, e|nx)
		put32(fzPT32+4*i, uint32(e))
	}
	for i, d := range []uint64{
		0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff, 0x00cf93000000ffff,
		0x00affb000000ffff, 0x00cff3000000ffff, 0x00cffb000000ffff, 0x0000890080000067, 0,
		0x00009b010000ffff, 0x000093020000ffff, 0x000093010000ffff, 0x0000970200002fff, // of 16-bit code
	} {
		p.put(fzGDT+8*i, d)
	}
	p.put(fzTSS+4, fzStack0)
	if mode == "flat32" || mode == "paged32" || mode == "segs32" || mode == "vm86" || mode == "prot16" {
		put32(fzTSS+8, 0x10) // SS0
	}
	p.put(fzTSS+36, fzStack0) // IST1
	for v := range 32 {
		h := uint64(fzHandlers + 32*v)
		p.put(fzIDT64+16*v, h&0xffff|0x08<<16|0xee00<<32|h>>16<<48)
		p.put(fzIDT32+8*v, h&0xffff|0x18<<16|0xee00<<32|h>>16<<48)
		put32(4*v, uint32(fzHandlers>>4<<16)|uint32(32*v))
	}
}

// handlers go on two bytes behind the instruction that faulted.
func (p *fzImage) handlers(mode string) {
	for v := range 32 {
		var b []byte
		code := x86.Vector(v).HasErrorCode()
		switch mode {
		case "real":
			b = []byte{0x55, 0x89, 0xe5, 0x83, 0x46, 0x02, 0x02, 0x5d, 0xcf}
		case "flat32", "paged32", "segs32", "vm86", "prot16":
			if code {
				b = append(b, 0x83, 0xc4, 0x04)
			}
			b = append(b, 0x83, 0x04, 0x24, 0x02, 0xcf)
		default:
			if code {
				b = append(b, 0x48, 0x83, 0xc4, 0x08)
			}
			b = append(b, 0x48, 0x83, 0x04, 0x24, 0x02, 0x48, 0xcf)
		}
		copy(p[fzHandlers+32*v:], b)
	}
}

// registers sets the mode and fills the general registers.
func (p *fzProgram) registers(rnd *rand.Rand) {
	s := &p.state
	s.CR0 = x86.CR0_PE | x86.CR0_ET | x86.CR0_WP | x86.CR0_NE
	s.CR4 = x86.CR4_OSFXSR | x86.CR4_OSXMMEXCPT
	s.RFLAGS = uint64(x86.Flag1) | rnd.Uint64()&uint64(x86.FlagsStatus|x86.FlagIF)
	if rnd.IntN(8) == 0 {
		s.RFLAGS |= uint64(x86.FlagDF)
	}
	s.GDTR = Table{Base: fzGDT, Limit: 0x7f}
	s.IDTR = Table{Base: fzIDT32, Limit: 0xff}
	s.TR = SystemSegment{Sel: 0x40, Base: fzTSS, Limit: 0x67, Attr: AttrP | typeTSS32Busy}
	cs := SegmentSnapshot{Sel: 0x18, Attr: 0xc09b, Limit: 0xffffffff}
	ds := SegmentSnapshot{Sel: 0x10, Attr: 0xc093, Limit: 0xffffffff}
	switch p.mode {
	case "long", "user", "align", "compat":
		s.CR0 |= x86.CR0_PG
		s.CR4 |= x86.CR4_PAE | x86.CR4_PGE
		s.CR3 = fzPML4
		s.EFER = x86.EFER_LME | x86.EFER_LMA | x86.EFER_NXE | x86.EFER_SCE
		s.IDTR = Table{Base: fzIDT64, Limit: 0x1ff}
		if p.mode != "compat" {
			cs = SegmentSnapshot{Sel: 0x08, Attr: 0xa09b, Limit: 0xffffffff}
		}
		if p.mode == "user" || p.mode == "align" {
			cs = SegmentSnapshot{Sel: 0x2b, Attr: 0xa0fb, Limit: 0xffffffff}
			ds = SegmentSnapshot{Sel: 0x33, Attr: 0xc0f3, Limit: 0xffffffff}
			s.CPL = 3
		}
		if p.mode == "align" {
			s.CR0 |= x86.CR0_AM
			s.RFLAGS |= uint64(x86.FlagAC)
		}
	case "paged32":
		s.CR0 |= x86.CR0_PG
		s.CR3 = fzPD32
	case "segs32":
		ds.Limit, ds.Attr = 0x3ffff, 0x4093
		if rnd.IntN(2) == 0 {
			ds.Base = 0x10
		}
	case "real":
		s.CR0 &^= x86.CR0_PE
		s.IDTR = Table{Limit: 0x3ff}
		cs = SegmentSnapshot{Sel: 0x1000, Base: 0x10000, Attr: attrReal, Limit: 0xffff}
		ds = SegmentSnapshot{Sel: 0x2000, Base: 0x20000, Attr: attrReal, Limit: 0xffff}
	case "vm86":
		s.CR0 |= x86.CR0_PG
		s.CR3 = fzPD32
		s.RFLAGS |= uint64(x86.FlagVM) | uint64(rnd.IntN(2))*uint64(x86.FlagIOPL)
		s.CPL = 3
		cs = SegmentSnapshot{Sel: 0x1000, Base: 0x10000, Attr: attrVM, Limit: 0xffff}
		ds = SegmentSnapshot{Sel: 0x2000, Base: 0x20000, Attr: attrVM, Limit: 0xffff}
	case "prot16":
		if rnd.IntN(2) == 0 {
			s.CR0 |= x86.CR0_PG
			s.CR3 = fzPD32
		}
		cs = SegmentSnapshot{Sel: 0x50, Base: 0x10000, Attr: 0x9b, Limit: 0xffff}
		if rnd.IntN(4) == 0 {
			cs.Limit = 0x2fff
		}
		ds = SegmentSnapshot{Sel: 0x58, Base: 0x20000, Attr: 0x93, Limit: 0xffff}
	}
	for i := range s.Seg {
		s.Seg[i] = ds
	}
	s.Seg[x86.CS] = cs
	switch p.mode {
	case "real", "vm86":
	case "prot16":
		switch rnd.IntN(4) {
		case 0:
			s.Seg[x86.DS].Limit = 0x2fff
		case 1: // expanding downwards
			s.Seg[x86.ES] = SegmentSnapshot{Sel: 0x68, Base: 0x20000, Attr: 0x97, Limit: 0x2fff}
		}
	default:
		s.Seg[x86.GS].Base = fzData
		if rnd.IntN(4) == 0 {
			s.Seg[x86.FS].Limit = 0xfff
		}
	}
	for i := range s.GPR {
		s.GPR[i] = fzValue(rnd)
	}
	s.GPR[x86.RSP] = fzStack + 0x800
	if p.mode == "prot16" { // handlers use all of ESP
		s.GPR[x86.RSP] = fzStack + 0x800 - 0x20000
	}
	if p.in16() && rnd.IntN(5) == 0 { // a stack that wraps, lies across pages, or where some are missing
		s.GPR[x86.RSP] = uint64(uint16(rnd.IntN(12)<<12 + rnd.IntN(36) - 18))
	}
	for i := range s.XMM[:16] {
		for j := range 4 {
			binary.LittleEndian.PutUint64(s.XMM[i][8*j:], fzFloats(rnd))
		}
	}
	p.floatRegisters(rnd)
}

// floatRegisters fills the control registers of floating point and the x87 stack.
func (p *fzProgram) floatRegisters(rnd *rand.Rand) {
	s := &p.state
	if rnd.IntN(3) != 0 {
		s.CR4 |= x86.CR4_OSXSAVE
		s.XCR0 = xcrX87 | xstateSSE | xstateAVX
	}
	if rnd.IntN(12) == 0 {
		s.CR0 |= x86.CR0_TS
	}
	s.MXCSR = 0x1f80 | uint32(rnd.IntN(2))<<5
	if rnd.IntN(4) == 0 {
		s.MXCSR ^= rnd.Uint32() & 0xffff
	}
	x := &s.X87
	x.CW = 0x37f
	switch rnd.IntN(6) {
	case 0:
		x.CW = 0x27f
	case 1:
		x.CW ^= uint16(rnd.Uint32()) & 0xf3f
	}
	x.Tag = uint8(rnd.Uint32())
	if rnd.IntN(2) == 0 {
		x.Tag = 0xff << rnd.IntN(9)
	}
	x.setTop(uint8(rnd.IntN(8)))
	for i := range x.Reg {
		v, _ := f80.FromFloat64(fzFloats(rnd))
		if rnd.IntN(4) == 0 {
			v = f80.Float{Sig: rnd.Uint64() | uint64(rnd.IntN(8))<<61, SE: uint16(rnd.Uint32())}
		}
		if rnd.IntN(4) == 0 {
			v.SE = v.SE&0x8000 | 0x3fff - 40 + uint16(rnd.IntN(80))
		}
		x.Reg[i] = v
	}
}

// fzFloats is a binary64 or two binary32 that arithmetic treats differently from others.
func fzFloats(rnd *rand.Rand) uint64 {
	single := func() uint32 {
		switch v := rnd.Uint32(); rnd.IntN(8) {
		case 0:
			return v // anything
		case 1:
			return [...]uint32{0, 1 << 31, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 1, 0x80000001, 0x7fffff, 0x800000, 0x7f7fffff}[rnd.IntN(11)]
		case 2:
			return math.Float32bits(float32(rnd.IntN(64) - 32))
		default:
			return v&0x807fffff | uint32(110+rnd.IntN(36))<<23
		}
	}
	switch v := rnd.Uint64(); rnd.IntN(10) {
	case 0:
		return v
	case 1:
		return [...]uint64{0, 1 << 63, 0x7ff << 52, 0xfff << 52, 0x7ff8 << 48, 0x7ff<<52 | 1, 1, 1<<63 | 1, 1<<52 - 1, 1 << 52, 0x7ff<<52 - 1}[rnd.IntN(11)]
	case 2, 3:
		return math.Float64bits(float64(rnd.IntN(2000) - 1000))
	case 4, 5:
		return v&(1<<63|1<<52-1) | uint64(990+rnd.IntN(70))<<52
	default:
		return uint64(single()) | uint64(single())<<32
	}
}

// fzValue is something to find in a register: often an address.
func fzValue(rnd *rand.Rand) uint64 {
	switch rnd.IntN(14) {
	case 0, 1, 2, 3:
		return fzData + rnd.Uint64N(0x5000)
	case 4:
		return fzData + 0x1000*(1+rnd.Uint64N(5)) - rnd.Uint64N(9)
	case 5:
		return fzMMIO + rnd.Uint64N(0x40)&^7
	case 6:
		return fzCode + rnd.Uint64N(0x500)
	case 7:
		return fzAbsent + rnd.Uint64N(0x6000)
	case 8, 9:
		return rnd.Uint64N(16)
	case 10:
		return -rnd.Uint64N(16)
	case 11:
		return fzAlias + rnd.Uint64N(0x500)
	case 12:
		return rnd.Uint64() >> rnd.Uint64N(64)
	}
	return 1<<(8*rnd.Uint64N(8)) - 1 ^ rnd.Uint64N(2)<<7
}

// A fzGen makes random instructions for code of a size.
type fzGen struct {
	*rand.Rand
	size width
}

// common are opcodes worth testing most; those from 0x100 on are in the 0F map.
var fzCommon = func() (l []int) {
	add := func(first, last, times int) {
		for i := first; i <= last; i++ {
			for range times {
				l = append(l, i)
			}
		}
	}
	add(0x00, 0x3f, 2)
	add(0x50, 0x5f, 1)
	add(0x63, 0x6b, 1)
	add(0x70, 0x7f, 1)
	add(0x80, 0x8b, 6)
	add(0x8d, 0x8d, 6)
	add(0x8f, 0x99, 1)
	add(0xa4, 0xaf, 2)
	add(0xb0, 0xbf, 1)
	add(0xc0, 0xc3, 6)
	add(0xc6, 0xc9, 2)
	add(0xd0, 0xd3, 6)
	add(0xd7, 0xd7, 1)
	add(0xe0, 0xe3, 1)
	add(0xe8, 0xef, 1)
	add(0xf5, 0xf9, 2)
	add(0xf6, 0xf7, 10)
	add(0xfc, 0xff, 2)
	add(0x110, 0x117, 1)
	add(0x128, 0x12f, 1)
	add(0x140, 0x14f, 1)
	add(0x151, 0x17f, 1)
	add(0x180, 0x18f, 1)
	add(0x190, 0x19f, 1)
	add(0x1a3, 0x1a5, 2)
	add(0x1ab, 0x1af, 3)
	add(0x1b0, 0x1bf, 2)
	add(0x1c0, 0x1cf, 1)
	add(0x1d0, 0x1fe, 1)
	return l
}()

// program is n instructions and a jump back to the first.
func (g *fzGen) program(n int) (code []byte) {
	for range n {
		code = append(code, g.inst()...)
		if g.IntN(20) == 0 {
			code = append(code, g.move()...)
		}
		if g.IntN(5) == 0 {
			code = append(code, g.compare()...)
		}
		if g.IntN(16) == 0 {
			code = append(code, g.system()...)
		}
	}
	back := -(len(code) + 5)
	if g.size == 2 {
		back += 2
		return append(code, 0xe9, byte(back), byte(back>>8))
	}
	return append(code, 0xe9, byte(back), byte(back>>8), byte(back>>16), byte(back>>24))
}

// move is a string instruction on operands that may overlap.
func (g *fzGen) move() []byte {
	d, n := byte(g.IntN(24)-4), byte(g.IntN(100))
	op := []byte{0xa4, 0xa5, 0xaa, 0xab, 0xa6, 0xae}[g.IntN(6)]
	switch g.size {
	case 2:
		return []byte{0x8d, 0x7c, d, 0xb9, n, 0, 0xf3, op}
	case 4:
		return []byte{0x8d, 0x7e, d, 0xb9, n, 0, 0, 0, 0xf3, op}
	}
	return []byte{0x48, 0x8d, 0x7e, d, 0xb9, n, 0, 0, 0, 0xf3, op}
}

// compare is CMP or TEST and a short branch.
func (g *fzGen) compare() []byte {
	var b []byte
	if g.size == 8 && g.IntN(2) == 0 {
		b = append(b, 0x48|byte(g.IntN(8)))
	}
	op := []byte{0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x80, 0x81, 0x83, 0x84, 0x85, 0xa8, 0xa9, 0xf6, 0xf7}[g.IntN(15)]
	b = append(b, op)
	if op&0xfe != 0x3c && op&0xfe != 0xa8 {
		m := g.modRM()
		switch {
		case op == 0x80 || op == 0x81 || op == 0x83:
			m[0] |= 0x38
		case op >= 0xf6:
			m[0] &^= 0x38
		}
		b = append(b, m...)
	}
	var in Inst
	Decode(append(b, g.tail(b)...), g.size, &in)
	b = append([]byte(nil), in.Bytes[:in.Len]...)
	return append(b, 0x70|byte(g.IntN(16)), byte(g.IntN(40)-20))
}

// inst is one instruction that exists, most of the time.
func (g *fzGen) inst() []byte {
	for {
		b := g.try()
		var in Inst
		if !Decode(b, g.size, &in) || in.Bad != x86.NoReason && g.IntN(60) != 0 {
			continue
		}
		if op := in.Op; op != nil && in.Bad == x86.NoReason && op.Attr&Ends != 0 && g.IntN(8) != 0 {
			switch op.Name {
			case "HLT", "IRET", "JMPF", "CALLF", "RETF", "MOV", "POPF", "LMSW", "SYSRET", "SYSEXIT", "RSM", "XSETBV":
				continue
			}
		}
		return b[:in.Len]
	}
}

func (g *fzGen) try() []byte {
	var b []byte
	for g.IntN(8) == 0 {
		b = append(b, []byte{0x66, 0x66, 0x66, 0xf3, 0xf3, 0xf2, 0xf0, 0x2e, 0x64, 0x65, 0x26, 0x67}[g.IntN(12)])
	}
	if g.size == 8 && g.IntN(3) != 0 {
		b = append(b, 0x40|byte(g.IntN(16)))
	}
	if g.IntN(6) == 0 {
		return g.float(b)
	}
	op := fzCommon[g.IntN(len(fzCommon))]
	if g.IntN(16) == 0 {
		op = g.IntN(0x200)
	}
	if op >= 0x100 {
		if g.IntN(2) == 0 && (op < 0x180 || op > 0x1cf || op >= 0x1b8 && op < 0x1be) {
			b = append([]byte{[]byte{0x66, 0xf3, 0xf2}[g.IntN(3)]}, b...)
		}
		b = append(b, 0x0f)
	}
	b = append(b, byte(op))
	if op < 0x100 && op >= 0x70 && op < 0x80 || op >= 0xe0 && op <= 0xe3 || op == 0xeb {
		return append(b, byte(g.IntN(60)-30))
	}
	if op >= 0x180 && op < 0x190 || op == 0xe8 || op == 0xe9 {
		d := uint32(int32(g.IntN(120) - 60))
		if g.IntN(2) == 0 { // the copy of the program on the next page
			d = 0x1000
			if g.IntN(2) == 0 {
				d = -d
			}
			d += uint32(g.IntN(16))
		}
		return binary.LittleEndian.AppendUint32(b, d)
	}
	return append(b, g.tail(append(b, g.modRM()...))[:]...)
}

// float is an instruction of x87, SSE or AVX after the prefixes b, often of the kind that
// programs have.
func (g *fzGen) float(b []byte) []byte {
	sse := []byte{0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x28, 0x29, 0x2a, 0x2c, 0x2d, 0x2e, 0x2f, 0x51, 0x54, 0x57,
		0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x6e, 0x6f, 0x7e, 0x7f, 0xc2, 0xc6, 0xd6, 0xd7, 0xe6, 0xef, 0x74, 0x70, 0x77}
	op := sse[g.IntN(len(sse))]
	if g.IntN(4) == 0 {
		op = byte(0x60 + g.IntN(0xa0))
	}
	switch g.IntN(5) {
	case 0, 1:
		b = append(b, 0xd8|byte(g.IntN(8)))
		op = b[len(b)-1]
		m := g.modRM()
		return append(append(b, m...), g.tail(b)...)
	case 2:
		if g.size != 2 {
			r := byte(0x80)
			if g.size == 8 {
				r = byte(g.IntN(2)) << 7
			} else {
				r |= 0x40
			}
			b = append(b[:0], 0xc5, r|byte(g.IntN(16))<<3&0x78|byte(g.IntN(8)), op)
			break
		}
		fallthrough
	default:
		if p := []byte{0, 0x66, 0xf3, 0xf2}[g.IntN(4)]; p != 0 {
			b = append([]byte{p}, b...)
		}
		b = append(b, 0x0f, op)
	}
	return append(append(b, g.modRM()...), g.tail(b)...)
}

// modRM is ModRM, SIB and displacement that often lead to data.
func (g *fzGen) modRM() []byte {
	m := byte(g.IntN(256))
	if g.IntN(3) == 0 {
		m |= 0xc0
	}
	b := []byte{m}
	if g.size == 2 {
		return binary.LittleEndian.AppendUint16(b, uint16(g.IntN(0x1000)))
	}
	if m < 0xc0 && m&7 == 4 {
		s := byte(g.IntN(256))
		if g.IntN(2) == 0 {
			s |= 0x20 // no index, without REX.X
			s &^= 0x18
		}
		b = append(b, s)
	}
	switch m >> 6 {
	case 1:
		b = append(b, byte(g.IntN(64)-16))
	case 2:
		b = binary.LittleEndian.AppendUint32(b, uint32(int32(g.IntN(256)-64)))
	case 0:
		b = binary.LittleEndian.AppendUint32(b, uint32(fzValue(g.Rand)))
	}
	return b
}

// tail is the bytes after the opcode of b, which already has some, and immediates.
func (g *fzGen) tail(b []byte) []byte {
	t := make([]byte, 0, 16)
	t = binary.LittleEndian.AppendUint64(t, fzValue(g.Rand))
	return t
}

// fzZero is the memory that no image reaches.
var fzZero [fzRAM - fzUsed]byte

// sameMemory compares the pages that either machine wrote.
func (r *fzRig) sameMemory(o *fzRig) bool {
	a, b := r.mem.RAM(), o.mem.RAM()
	for _, m := range []*fzRig{r, o} {
		for _, off := range m.written.Dirty() {
			if !bytes.Equal(a[off:off+mmuPage], b[off:off+mmuPage]) {
				return false
			}
		}
	}
	return true
}

// load puts the program into the machine.
func (r *fzRig) load(tb testing.TB, p *fzProgram) {
	if r.image != p.image || p.seed%64 == 0 {
		r.mem.WriteAt(p.image[:], 0)
		r.mem.WriteAt(fzZero[:], fzUsed)
	} else {
		for _, off := range r.written.Dirty() {
			if off < fzUsed {
				r.mem.WriteAt(p.image[off:off+mmuPage], phys.Addr(off))
			} else {
				r.mem.WriteAt(fzZero[:mmuPage], phys.Addr(off))
			}
		}
	}
	r.written.Clean()
	r.image = p.image
	for _, at := range p.at {
		r.mem.WriteAt(p.code, phys.Addr(at))
	}
	r.log = r.log[:0]
	r.cpu.INTR, r.cpu.stop = false, 0
	r.cpu.instructions = 0
	if f := r.cpu.fast; f != nil { // loading wrote to code: do not always interpret because of that
		for i := range f.pages[:fzUsed/mmuPage] {
			f.pages[i].kills = uint8(p.seed%4) * manyKills / 3
			f.pages[i].cool, f.pages[i].idle = 0, 0
		}
	}
	state := p.state
	r.cpu.APIC = nil
	if p.seed%8 == 3 {
		state.MSR.PMC = fzCounters(p.seed)
		r.cpu.APIC = &fakeAPIC{onPerf: func() { r.note(5) }}
	}
	require.NoError(tb, r.cpu.Restore(state))
}

// fzCounters are performance counters that overflow soon, at some privilege levels.
func fzCounters(seed uint64) PMCs {
	rnd := rand.New(rand.NewPCG(seed, 79))
	p := pmcPowerOn
	p.GlobalCtrl = globalBits
	for i := range p.Counter {
		p.Counter[i] = pmcMask - uint64(rnd.IntN(80))
		p.Select[i] = selEnable | selInt | uint64(rnd.IntN(4))<<16 | [...]uint64{eventInstructions, eventCycles}[rnd.IntN(2)]
	}
	p.Fixed[0] = pmcMask - uint64(rnd.IntN(80))
	p.FixedCtrl = uint64(rnd.IntN(4)) | fixedInt
	return p
}

// fzRun runs the program on both machines with the same random budgets and compares them
// at every stop.
func fzRun(tb testing.TB, a, b *fzRig, p *fzProgram) (executed int64, ok bool) {
	a.load(tb, p)
	b.load(tb, p)
	rnd := rand.New(rand.NewPCG(p.seed, 99))
	limit := int64(60)
	if p.seed%32 == 0 {
		limit = 400
	}
	if p.limit != 0 {
		limit = p.limit
	}
	for executed < limit {
		before := a.cpu.Save()
		n := int64(1 + rnd.IntN(60))
		if rnd.IntN(4) == 0 {
			n = limit
		} else if p.limit != 0 && rnd.IntN(2) == 0 {
			n = 1 + rnd.Int64N(limit)
		}
		na, ra := a.cpu.Run(n)
		nb, rb := b.cpu.RunFast(n)
		executed += na
		sa, sb := a.cpu.Save(), b.cpu.Save()
		if na != nb || ra != rb || sa != sb || !a.sameMemory(b) || !slices.Equal(a.log, b.log) {
			fzReport(tb, a, b, p, before, n, na, nb, ra, rb)
			return executed, false
		}
		if ra == ExitHalt || ra == ExitShutdown {
			break
		}
		if ra == ExitInterrupt {
			a.cpu.INTR, b.cpu.INTR = false, false
			a.cpu.Interrupt(3)
			b.cpu.Interrupt(3)
		}
		switch rnd.IntN(20) {
		case 0:
			a.cpu.INTR, b.cpu.INTR = true, true
		case 1:
			a.cpu.NMI, b.cpu.NMI = true, true
		}
	}
	return executed, true
}

// fzReport says where the machines differ.
func fzReport(tb testing.TB, a, b *fzRig, p *fzProgram, before Snapshot, n, na, nb int64, ra, rb ExitReason) {
	tb.Helper()
	tb.Errorf("seed %d mode %s: budget %d at RIP %#x flags %#x: plain %d %v, fast %d %v", p.seed, p.mode, n, before.RIP, before.RFLAGS, na, ra, nb, rb)
	sa, sb := a.cpu.Save(), b.cpu.Save()
	for i := range sa.GPR {
		if sa.GPR[i] != sb.GPR[i] {
			tb.Logf("R%d: plain %#x fast %#x (before %#x)", i, sa.GPR[i], sb.GPR[i], before.GPR[i])
		}
	}
	for i := range sa.XMM {
		if sa.XMM[i] != sb.XMM[i] {
			tb.Logf("XMM%d: plain %x fast %x", i, sa.XMM[i][:32], sb.XMM[i][:32])
		}
	}
	tb.Logf("RIP plain %#x fast %#x, RFLAGS plain %#x fast %#x, CR2 %#x %#x", sa.RIP, sb.RIP, sa.RFLAGS, sb.RFLAGS, sa.CR2, sb.CR2)
	va, vb := reflect.ValueOf(sa), reflect.ValueOf(sb)
	for i := range va.NumField() {
		if x, y := va.Field(i).Interface(), vb.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			tb.Logf("%s: plain %x fast %x", va.Type().Field(i).Name, x, y)
		}
	}
	if la, lb := fmt.Sprint(a.log), fmt.Sprint(b.log); la != lb {
		tb.Logf("ports: plain %.300s fast %.300s", la, lb)
	}
	ra1, rb1 := a.mem.RAM(), b.mem.RAM()
	for i, shown := 0, 0; i < fzRAM && shown < 8; i++ {
		if ra1[i] != rb1[i] {
			tb.Logf("RAM[%#x]: plain %#x fast %#x", i, ra1[i], rb1[i])
			shown++
		}
	}
	// Where the plain engine went, if nothing interrupted it.
	a.load(tb, p)
	var trace []string
	a.cpu.OnInst = func(in *Inst) {
		name := "?"
		if in.Op != nil {
			name = in.Op.Name
		}
		trace = append(trace, fmt.Sprintf("%#x %s % x", a.cpu.S.RIP, name, in.Bytes[:in.Len]))
	}
	a.cpu.Run(int64(sa.Instructions))
	a.cpu.OnInst = nil
	for _, s := range trace[max(0, len(trace)-30):] {
		tb.Log(s)
	}
}

// Random programs leave the same state on both engines, wherever they are stopped.
func TestFastEngineAgreesWithPlain(t *testing.T) {
	a, blocks, b := newFzRig(t), newFzRig(t), newFzRig(t)
	blocks.cpu.SetNative(0)
	b.cpu.SetNative(uint32(*fastHeat))
	base := a.cpu.Save()
	var total int64
	bad := 0
	for i := range *fastPrograms {
		fast := b
		if i%4 == 3 {
			fast = blocks
		}
		n, ok := fzRun(t, a, fast, fzMake(base, *fastSeed+uint64(i)))
		total += n
		if !ok {
			if bad++; bad >= 3 {
				t.FailNow()
			}
		}
	}
	t.Logf("%d instructions; %d blocks built, %d flushes; %s", total, b.cpu.fast.built, b.cpu.fast.flushed, b.cpu.fast.native.stats())
}

// FuzzFast is the same for seeds that a fuzzer chooses.
func FuzzFast(f *testing.F) {
	for seed := range uint64(16) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		a, b := newFzRig(t), newFzRig(t)
		b.cpu.SetNative(1)
		fzRun(t, a, b, fzMake(a.cpu.Save(), seed))
	})
}
