package oracle

import (
	"encoding/binary"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

type width = alu.Width

// A Block is tests of one form that share the contents of the windows and the segments.
type Block struct {
	Name    string
	Class   string
	Size    int // of the code: 2, 4 or 8
	Windows [windowSize]byte
	Tests   [BlockSize]Test
}

// A generator fills blocks.
type generator struct {
	random
	f    *Form
	b    *Block
	in   cpu.Inst
	base [6]uint64 // of the segments
	sels [6]uint16
	kind int // of vector lanes

	pooled bool
	pool   [64][2]uint64 // of vector lanes
	stPool [32]ST
}

// lane is 16 bytes of a vector register.
func (g *generator) lane() [2]uint64 {
	k := g.kind
	if k == 4 {
		k = g.n(4)
	}
	return [2]uint64{g.quad(k), g.quad(k)}
}

// reg is the vector register of an operand, or one of no meaning.
func (g *generator) reg(a cpu.Arg) uint8 {
	if a.Kind == cpu.ArgXMM {
		return a.Reg & 15
	}
	return 0
}

// Generate makes block n of form f. It depends on the row of the form and n alone.
func Generate(f *Form, n int, b *Block) {
	g := &generator{random: seed(f.Key, n), f: f, b: b}
	b.Name, b.Class, b.Size = f.Key+" "+f.Op.Name, f.Class, f.Size
	g.windows()
	g.segments(f.Size, n)
	for i := range b.Tests {
		g.test(&b.Tests[i])
	}
}

// windows fills the windows with numbers of all kinds.
func (g *generator) windows() {
	w := g.b.Windows[:]
	for i := 0; i < len(w); i += 16 {
		kind := g.n(6)
		if g.f != nil && g.f.Class == "x87" && kind > 3 || kind == 5 {
			sig, se := g.extended()
			binary.LittleEndian.PutUint64(w[i:], sig)
			binary.LittleEndian.PutUint64(w[i+8:], g.next()<<16|uint64(se))
			continue
		}
		binary.LittleEndian.PutUint64(w[i:], g.quad(kind))
		binary.LittleEndian.PutUint64(w[i+8:], g.quad(kind))
	}
}

// segments chooses the selectors of the block.
func (g *generator) segments(size, n int) {
	code, data, stack := uint16(selUser64), uint16(selData), uint16(selData)
	extra := [3]uint16{selData, 0, 0} // ES, FS, GS
	switch size {
	case 4:
		code = selUser32
		switch n % 4 {
		case 1:
			code, data, stack = selCode32, selDataBFFF, selDataBFFF
			extra = [3]uint16{selDataBFFF, selWindowA, selRO}
		case 2:
			data, extra = selData7FFF, [3]uint16{selData7FFF, selData, selDown32}
		case 3:
			data, stack = selDataBFFF, selDataBFFF
			extra = [3]uint16{oneOf[uint16](&g.random, selRO, selData, selDown32), selWindowA, selUser32}
		}
	case 2:
		code, data, stack = selCode16, selData16, selData16
		extra = [3]uint16{selData16, selWindowA, selRO}
		switch n % 4 {
		case 2:
			stack, extra = selData, [3]uint16{selData7FFF, selData, selDown16}
		case 3:
			data, extra = selDataBFFF, [3]uint16{selDataBFFF, selDown32, 0}
		}
	}
	g.sels = [6]uint16{extra[0], code, stack, data, extra[1], extra[2]}
	for i, sel := range g.sels {
		g.base[i] = segmentBase(sel)
	}
}

// segmentBase is the base of the segment that a selector of segments names.
func segmentBase(sel uint16) uint64 {
	switch sel {
	case selWindowA:
		return WindowA
	case selUser32, selData, selUser64, 0:
		return 0
	}
	return Region
}

// test makes one test.
func (g *generator) test(t *Test) {
	*t = Test{ES: g.sels[0], CS: g.sels[1], SS: g.sels[2], DS: g.sels[3], FS: g.sels[4], GS: g.sels[5], Max: 100, Way: g.f.way}
	n, ok := 0, false
	for try := 0; !ok && try < 200; try++ {
		n, ok = g.f.encode(&g.random, &t.Code, &g.in)
	}
	if !ok { // no such instruction: a NOP, so that the block keeps its size
		n = 1
		t.Code = [64]byte{0x90}
		cpu.Decode(t.Code[:cpu.MaxInst], width(g.f.Size), &g.in)
	}
	t.Len = uint32(n)
	if g.in.Rep != 0 && g.f.Op.Attr&cpu.RepOK != 0 {
		t.Cont = 1 // as long as it repeats
	}
	g.registers(t)
	g.vectors(t)
	if ok && g.in.Bad == x86.NoReason {
		g.operands(t)
	}
	if g.in.Dst.Kind == cpu.ArgSeg && g.in.Dst.Reg == uint8(x86.SS) && g.in.Bad == x86.NoReason {
		t.Code[n] = 0x90 // the trap comes one instruction later
		t.Len, t.Max, t.Cont = uint32(n)+1, 2, uint32(n)+1
	}
	t.RIP = t.Way.end() - uint64(t.Len) - g.base[x86.CS]
	g.finish(t)
}

// finish cuts registers to what the code can hold.
func (g *generator) finish(t *Test) {
	if g.sels[x86.CS] == selUser64 {
		return
	}
	for i := range t.GPR {
		t.GPR[i] &= 1<<32 - 1
		if i >= 8 {
			t.GPR[i] = 0
		}
	}
	for i := 8; i < 16; i++ {
		t.FX.XMM[i], t.FX.YMMH[i] = [2]uint64{}, [2]uint64{}
	}
}

// registers sets general registers, flags and segment bases.
func (g *generator) registers(t *Test) {
	for i := range t.GPR {
		t.GPR[i] = g.integer()
		if g.percent(10) {
			t.GPR[i] = g.address(8)
		}
	}
	t.Flags = g.next() & uint64(x86.FlagsStatus)
	if g.percent(20) {
		t.Flags |= uint64(x86.FlagDF)
	}
	if g.percent(3) {
		t.Flags |= uint64(x86.FlagAC)
	}
	at := uint64(WindowB + 0x800 + 8*g.n(0x100))
	switch {
	case g.percent(4):
		at = g.address(8)
	case g.percent(4):
		at += uint64(g.n(8))
	}
	t.GPR[x86.RSP] = at - g.base[x86.SS]
	if g.sels[x86.SS] == selData16 && g.percent(50) {
		t.GPR[x86.RSP] |= g.next() & 0xffff0000
	}
	if g.f != nil && g.f.Size == 8 && g.percent(30) {
		t.Bases = 1
		t.FSBase = uint64(g.n(0x1000)) - 0x800
		t.GSBase = oneOf(&g.random, 0, 0x1000, WindowA, uint64(g.n(0x10000)))
		g.base[x86.FS], g.base[x86.GS] = t.FSBase, t.GSBase
	} else if g.f != nil && g.f.Size == 8 {
		g.base[x86.FS], g.base[x86.GS] = 0, 0
	}
}

// address is a linear address for an operand of n bytes.
func (g *generator) address(n int) uint64 {
	align := uint64(n - 1)
	if n&(n-1) != 0 || n == 0 {
		align = 15
	}
	in := func(lo, size uint64) uint64 { return lo + g.next()%(size-64) }
	switch k := g.n(100); {
	case k < 40:
		return (in(WindowA, sizeA) + 31) &^ align
	case k < 60:
		return (in(WindowB, sizeB) + 31) &^ align
	case k < 75:
		return in(WindowA, sizeA)
	case k < 84:
		return WindowB + 0x1000 - g.next()%32 // within the window, across pages
	case k < 87:
		return WindowA + sizeA - uint64(g.n(n+1)) // across its end
	case k < 90:
		return WindowB - uint64(g.n(n+1))
	case k < 92:
		return WindowA - uint64(g.n(n+1))
	case k < 93:
		return WindowB + sizeB - uint64(n)
	case k < 95:
		return in(Code, 0x1000) // may be read, not written
	case k < 96:
		return in(0x104000, 0x1000)
	}
	return in(WindowB, sizeB) &^ 63
}

// vectors sets x87 and vector registers. Those that the instruction names get numbers of
// their own, the others one of a pool that changes slowly: they only have to be told apart.
func (g *generator) vectors(t *Test) {
	f := &t.FX
	g.kind = g.n(5)
	if !g.pooled {
		g.pooled = true
		for i := range g.pool {
			g.pool[i] = g.lane()
		}
		for i := range g.stPool {
			g.stPool[i].Sig, g.stPool[i].SE = g.extended()
		}
	}
	for range 3 {
		g.pool[g.n(len(g.pool))] = g.lane()
	}
	i := g.n(len(g.stPool))
	g.stPool[i].Sig, g.stPool[i].SE = g.extended()
	picks := g.next()
	for i := range f.XMM {
		if i%5 == 4 {
			picks = g.next()
		}
		f.XMM[i], f.YMMH[i] = g.pool[picks&63], g.pool[picks>>6&63]
		picks >>= 12
	}
	for _, r := range [...]uint8{g.reg(g.in.Dst), g.reg(g.in.Src), g.reg(g.in.Third), g.in.VEXV & 15} {
		f.XMM[r], f.YMMH[r] = g.lane(), g.lane()
	}
	if g.percent(10) { // equal registers
		f.XMM[1] = f.XMM[0]
	}
	picks = g.next()
	for i := range f.ST {
		f.ST[i] = g.stPool[picks&31]
		picks >>= 5
	}
	switch g.f.Class {
	case "MMX":
		for i := range f.ST {
			f.ST[i].Sig, f.ST[i].SE = g.extended()
		}
	case "x87":
		for _, i := range [...]uint8{0, 1, g.in.RM()} {
			f.ST[i].Sig, f.ST[i].SE = g.extended()
		}
	}
	f.MXCSR = 0x1f80
	if g.percent(50) {
		f.MXCSR = uint32(g.next())&0xe040 | 0x1f80
		if g.percent(30) {
			f.MXCSR = f.MXCSR&^0x1f80 | uint32(g.next())&0x1f80
		}
		if g.percent(30) {
			f.MXCSR |= uint32(g.next()) & 0x3f
		}
	}
	f.CW, f.SW, f.Tag = 0x37f, 0, 0
	if g.percent(60) {
		f.CW = 0x7f | uint16(g.n(16))<<8
		if g.percent(25) {
			f.CW = f.CW&^0x3f | uint16(g.n(64))
		}
		if g.percent(5) {
			f.CW = uint16(g.next()) & 0x1f7f
		}
	}
	f.CW |= 0x40
	f.SW = uint16(g.next()) & 0x7f00 &^ 0x8000
	if g.percent(20) {
		f.SW |= uint16(g.next()) & 0x7f
	}
	if f.SW&^f.CW&0x3f != 0 {
		if g.percent(70) {
			f.SW &= f.CW | 0xffc0
		} else {
			f.SW |= 0x8080
		}
	}
	switch g.n(4) {
	case 0, 1:
		f.Tag = 0xff
	case 2:
		f.Tag = uint8(g.next())
	}
	f.FOP, f.FIP, f.FDP = uint16(g.next())&0x7ff, g.next()&(1<<32-1), g.next()&(1<<32-1)
}

// operands makes the operands of the instruction meet the windows and the values that are
// of interest to it.
func (g *generator) operands(t *Test) {
	in := &g.in
	name := in.Op.Name
	g.implied(t, name)
	at := uint64(0)
	switch {
	case in.Op.Dst == cpu.Ob || in.Op.Src == cpu.Ob || in.Op.Dst == cpu.Ov || in.Op.Src == cpu.Ov:
		at = g.address(8)
		g.offset(t, at)
	case in.IsMem && name != "LEA" && name != "NOP":
		at = g.address(g.memBytes())
		if g.f.gathers() {
			at = WindowA + 0x800
			g.gather(t)
		}
		if in.Lock || name == "XCHG" { // the host's kernel punishes locks across cache lines
			at &^= 15
		}
		g.place(t, at)
	}
	g.special(t, name, at)
}

// memBytes is the size of the memory operand as far as the row tells.
func (g *generator) memBytes() int {
	for _, a := range [...]cpu.Arg{g.in.Dst, g.in.Src, g.in.Third} {
		if a.Kind == cpu.ArgMem && a.W > 0 {
			return int(a.W)
		}
	}
	return 16
}

// place chooses the base register, or the displacement, such that the memory operand lies
// at linear address at.
func (g *generator) place(t *Test, at uint64) {
	in := &g.in
	n := int(t.Len)
	off := at - g.base[in.Seg]
	if in.RIPRel {
		g.displace(t, t.Way.end(), off)
		return
	}
	if in.Base == cpu.RegZero {
		if g.f.Size == 8 || in.Index == cpu.RegZero || in.AddrSize == 2 {
			if in.Index != cpu.RegZero && in.AddrSize == 2 {
				t.GPR[in.Index] = off - in.Disp
				return
			}
		}
		index := uint64(0)
		if in.Index != cpu.RegZero {
			t.GPR[in.Index] = uint64(g.n(0x200))
			index = t.GPR[in.Index] << in.Scale
		}
		g.displace(t, index, off)
		return
	}
	index := uint64(0)
	if in.Index != cpu.RegZero && in.Index != in.Base && !g.f.gathers() {
		index = t.GPR[in.Index] << in.Scale
	}
	want := off - index - in.Disp
	if in.Index == in.Base {
		want = (off - in.Disp) / (1 + 1<<in.Scale)
	}
	if in.AddrSize == 4 && g.f.Size == 8 {
		want = want&(1<<32-1) | t.GPR[in.Base]&^(1<<32-1)
	}
	if in.AddrSize == 2 {
		want = want&0xffff | t.GPR[in.Base]&^0xffff
	}
	if g.f.Size == 8 && in.AddrSize == 8 && g.percent(1) {
		want ^= 1 << (46 + g.n(18)) // not canonical, or the other half
	}
	t.GPR[in.Base] = want
	_ = n
}

// displace writes the displacement such that from + displacement is off.
func (g *generator) displace(t *Test, from, off uint64) {
	at, size := g.f.displacement(&g.in, int(t.Len))
	for i := range size {
		t.Code[at+i] = byte((off - from) >> (8 * i))
	}
}

// offset writes the address of a MOV with an offset for an operand.
func (g *generator) offset(t *Test, at uint64) {
	off := at - g.base[x86.DS]
	if g.in.Over != x86.NoSeg {
		off = at - g.base[g.in.Over]
	}
	size := int(g.in.AddrSize)
	for i := range size {
		t.Code[int(t.Len)-size+i] = byte(off >> (8 * i))
	}
}

// gather makes indices small and masks of both kinds.
func (g *generator) gather(t *Test) {
	for i := range t.FX.XMM {
		for j := range 2 {
			small := func() uint64 { return (uint64(g.n(0x100)) - 0x80) }
			t.FX.XMM[i][j] = small()<<32 | small()&(1<<32-1)
			t.FX.YMMH[i][j] = small()<<32 | small()&(1<<32-1)
			if strings.Contains(g.in.Op.Name, "GATHERQ") {
				t.FX.XMM[i][j], t.FX.YMMH[i][j] = small(), small()
			}
		}
	}
}

// implied sets registers that the instruction uses without naming them.
func (g *generator) implied(t *Test, name string) {
	in := &g.in
	string1 := func(a cpu.Arg) bool { return a.Kind == cpu.ArgStrSrc || a.Kind == cpu.ArgStrDst }
	if string1(in.Dst) || string1(in.Src) {
		seg := x86.DS
		if in.Over != x86.NoSeg {
			seg = in.Over
		}
		t.GPR[x86.RSI] = g.address(8) - g.base[seg]
		t.GPR[x86.RDI] = g.address(8) - g.base[x86.ES]
		if in.AddrSize == 4 && g.percent(50) {
			t.GPR[x86.RDI] |= g.next() &^ (1<<32 - 1)
			t.GPR[x86.RSI] |= 0xabcdef0100000000
		}
		if in.Rep != 0 {
			mask := ^uint64(0) << (8 * min(uint(in.AddrSize), 7))
			if in.AddrSize == 8 {
				mask = 0
			}
			t.GPR[x86.RCX] = t.GPR[x86.RCX]&mask | uint64(g.n(12))
		}
		if g.percent(30) { // equal operands for SCAS and CMPS
			t.GPR[x86.RSI] = t.GPR[x86.RDI] + g.base[x86.ES] - g.base[seg]
		}
		return
	}
	switch name {
	case "XLAT":
		seg := x86.DS
		if in.Over != x86.NoSeg {
			seg = in.Over
		}
		t.GPR[x86.RBX] = g.address(1) - g.base[seg]
	case "MASKMOVQ", "MASKMOVDQU", "VMASKMOVDQU":
		seg := x86.DS
		if in.Over != x86.NoSeg {
			seg = in.Over
		}
		t.GPR[x86.RDI] = g.address(16) - g.base[seg]
	case "LEAVE":
		t.GPR[x86.RBP] = g.address(8) - g.base[x86.SS]
	case "ENTER":
		t.GPR[x86.RBP] = WindowB + 0x900 + uint64(g.n(0x400)) - g.base[x86.SS]
		if g.percent(70) {
			t.Code[t.Len-1] &= 3
		}
		if g.percent(80) {
			t.Code[t.Len-2] &= 3
		}
	case "DIV", "IDIV":
		if g.percent(70) {
			t.GPR[x86.RDX] = oneOf(&g.random, 0, uint64(g.n(64)), ^uint64(0), uint64(g.n(0x10000)))
			t.GPR[x86.RAX] &= oneOf(&g.random, ^uint64(0), 0xff, 0x7fff)
		}
	case "LOOP", "LOOPE", "LOOPNE", "JRCXZ":
		if g.percent(50) {
			t.GPR[x86.RCX] = oneOf[uint64](&g.random, 0, 1, 2, 0x10000, 0x10001, 1<<32, 1<<32+1)
		}
	case "SHLD", "SHRD", "SHL", "SHR", "SAR", "ROL", "ROR", "RCL", "RCR":
		if g.percent(70) {
			t.GPR[x86.RCX] = t.GPR[x86.RCX]&^0xff | uint64(g.n(70))
		}
	}
}
