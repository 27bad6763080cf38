package oracle

import (
	"fmt"
	"slices"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// maxChain is the number of instructions in a test of several.
const maxChain = 8

// GenerateChain makes block n of tests of several instructions in a row: what one leaves to
// the next, such as flags that the fast engine computes when they are asked for.
func GenerateChain(forms []*Form, size, n int, b *Block) {
	key := fmt.Sprintf("blocks %d", 8*size)
	g := &generator{random: seed(key, n), f: &Form{Size: size, Key: key}, b: b}
	b.Name, b.Class, b.Size = key, "blocks", size
	g.windows()
	g.segments(size, n)
	for i := range b.Tests {
		g.chain(forms, &b.Tests[i])
	}
}

// Chainable are the forms of one code size that GenerateChain uses: integer, BMI and vector
// instructions that neither branch nor repeat nor touch what a user may not; where silicon
// is not Intel's, only those that are the same there.
func Chainable(forms []*Form, size int, intel bool) (out []*Form) {
	for _, f := range forms {
		a := f.Op.Attr
		switch {
		case !intel && vendorsDiffer(f.Op.Name):
		case f.Size != size, a&(cpu.Ends|cpu.RepOK) != 0, f.Op.Mode&cpu.Not64 != 0 && size == 8, f.gathers():
		case f.Class == "x87", f.Class == "MMX", f.Op.Name == "FXRSTOR", f.Op.Name == "FXSAVE", f.Op.Name == "LAR", f.Op.Name == "LSL":
		case f.Op.Feature == cpu.FeatNever, slices.Contains([]string{"UD0", "UD1", "UD2", "BOUND", "INTO", "POPF", "ENTER", "LEAVE", "XLAT", "POPA", "DIV", "IDIV"}, f.Op.Name):
		default:
			out = append(out, f)
		}
	}
	return out
}

// chain makes one test.
func (g *generator) chain(forms []*Form, t *Test) {
	*t = Test{ES: g.sels[0], CS: g.sels[1], SS: g.sels[2], DS: g.sels[3], FS: g.sels[4], GS: g.sels[5]}
	whole := g.f
	g.registers(t)
	g.vectors(t)
	type part struct {
		at, n int
		in    cpu.Inst
		f     *Form
	}
	var parts []part
	var one [64]byte
	want := 2 + g.n(maxChain-1)
	for try := 0; len(parts) < want && try < 200; try++ {
		f := forms[g.n(len(forms))]
		n, ok := f.encode(&g.random, &one, &g.in)
		// Memory operands only where no register has to be right.
		if !ok || f.Map == "1" && f.Code&0xfc == 0xa0 || g.in.Bad != x86.NoReason || g.in.Lock || g.in.IsMem && (g.in.Base != cpu.RegZero || g.in.Index != cpu.RegZero || g.in.AddrSize != g.in.CodeSize) || int(t.Len)+n > len(t.Code) {
			continue
		}
		copy(t.Code[t.Len:], one[:n])
		parts = append(parts, part{int(t.Len), n, g.in, f})
		t.Len += uint32(n)
	}
	for _, p := range parts {
		if !p.in.IsMem {
			continue
		}
		at := g.address(16) &^ 31
		if p.in.Op.Name == "XCHG" {
			at &^= 15
		}
		g.f, g.in = p.f, p.in
		d, size := p.f.displacement(&p.in, p.n)
		off := at - g.base[p.in.Seg]
		if p.in.RIPRel {
			off -= JumpEnd - uint64(t.Len) + uint64(p.at+p.n)
		}
		for i := range size {
			t.Code[p.at+d+i] = byte(off >> (8 * i))
		}
	}
	g.f = whole
	t.Max, t.Cont = uint32(len(parts)), t.Len
	t.Way = Jump
	t.RIP = JumpEnd - uint64(t.Len) - g.base[x86.CS]
	g.finish(t)
}
