package oracle

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// flagsCompared leaves out TF, which single-stepping needs, and RF.
const flagsCompared = uint64(x86.FlagsStatus | x86.FlagIF | x86.FlagDF | x86.FlagIOPL | x86.FlagNT | x86.FlagAC | x86.FlagID)

// normalize removes from a result what says how it was found out, not what happened.
func (r *Result) normalize(t *Test) {
	r.Flags &= flagsCompared
	if t.Way == Fall && r.Trap == 14 && r.CR2 == CodeEnd && r.RIP == t.RIP+uint64(t.Len) { // it ran through
		r.Trap = noFault
	}
	if r.Trap == 1 || r.Trap == noFault {
		r.Trap, r.Err = noFault, 0
	}
	switch {
	case r.Trap != 14:
		r.CR2 = 0
	case r.CR2>>63 != 0: // whether the host's kernel has a page there is its own business
		r.Err &^= 1
	}
	for _, s := range [...]*uint16{&r.DS, &r.ES, &r.FS, &r.GS} {
		if *s < 4 { // the way through the host's kernel clears the RPL of null selectors
			*s = 0
		}
	}
	if t.SS == selData16 && r.CS == selUser64 { // the host's kernel returns to 16-bit stacks by a detour
		r.GPR[4] &= 1<<16 - 1
	}
	if r.CS != selUser64 { // undefined outside 64-bit mode, and delivery of the trap clears them
		r.GPR[4] &= 1<<32 - 1
	}
	r.Sig, r.XBV, r.Steps, r.FX.MXCSRMask = 0, 0, 0, 0
	for i := range r.FX.ST {
		r.FX.ST[i] = ST{Sig: r.FX.ST[i].Sig, SE: r.FX.ST[i].SE}
	}
}

// equal compares normalized results.
func (r *Result) equal(o *Result) bool {
	if *r.head() == *o.head() {
		return slices.Equal(r.Diff[:r.NDiff], o.Diff[:o.NDiff])
	}
	// What fills the gaps between fields may still differ.
	if r.GPR != o.GPR || r.Flags != o.Flags || r.RIP != o.RIP || r.Trap != o.Trap || r.Err != o.Err || r.CR2 != o.CR2 ||
		r.CS != o.CS || r.SS != o.SS || r.DS != o.DS || r.ES != o.ES || r.FS != o.FS || r.GS != o.GS ||
		r.FSBase != o.FSBase || r.GSBase != o.GSBase || r.NDiff != o.NDiff || r.FX != o.FX {
		return false
	}
	return slices.Equal(r.Diff[:r.NDiff], o.Diff[:o.NDiff])
}

// hash adds a normalized result to a digest.
func (r *Result) hash(h uint64) uint64 {
	mix := func(v uint64) {
		hi, lo := bits.Mul64(h^v, 0x9e3779b97f4a7c15)
		h = hi ^ lo ^ bits.RotateLeft64(v, 29)
	}
	for _, v := range r.GPR {
		mix(v)
	}
	sel := func(a, b, c uint16) uint64 { return uint64(a) | uint64(b)<<16 | uint64(c)<<32 }
	for _, v := range [...]uint64{r.Flags, r.RIP, uint64(r.Trap), r.Err, r.CR2, sel(r.CS, r.SS, r.DS), sel(r.ES, r.FS, r.GS), r.FSBase, r.GSBase, uint64(r.NDiff)} {
		mix(v)
	}
	f := &r.FX
	mix(uint64(f.CW) | uint64(f.SW)<<16 | uint64(f.Tag)<<32 | uint64(f.FOP)<<48)
	for _, v := range [...]uint64{f.FIP, f.FDP, uint64(f.MXCSR)} {
		mix(v)
	}
	for _, s := range f.ST {
		mix(s.Sig)
		mix(uint64(s.SE))
	}
	for i := range f.XMM {
		mix(f.XMM[i][0])
		mix(f.XMM[i][1])
		mix(f.YMMH[i][0])
		mix(f.YMMH[i][1])
	}
	for _, d := range r.Diff[:r.NDiff] {
		mix(d.Addr)
		mix(d.Val)
	}
	return h
}

// A Difference is one field of a result that is not equal.
type Difference struct {
	Field     string
	Want, Got uint64
}

// differences lists what is not equal; want is silicon's.
func differences(want, got *Result) (d []Difference) {
	add := func(name string, a, b uint64) {
		if a != b {
			d = append(d, Difference{name, a, b})
		}
	}
	add("exception", uint64(want.Trap), uint64(got.Trap))
	add("error code", want.Err, got.Err)
	add("CR2", want.CR2, got.CR2)
	add("RIP", want.RIP, got.RIP)
	add("flags", want.Flags, got.Flags)
	for i := range want.GPR {
		add(gprNames[i], want.GPR[i], got.GPR[i])
	}
	for _, s := range []struct {
		name string
		a, b uint16
	}{{"CS", want.CS, got.CS}, {"SS", want.SS, got.SS}, {"DS", want.DS, got.DS}, {"ES", want.ES, got.ES}, {"FS", want.FS, got.FS}, {"GS", want.GS, got.GS}} {
		add(s.name, uint64(s.a), uint64(s.b))
	}
	add("FS base", want.FSBase, got.FSBase)
	add("GS base", want.GSBase, got.GSBase)
	a, b := &want.FX, &got.FX
	add("MXCSR", uint64(a.MXCSR), uint64(b.MXCSR))
	add("CW", uint64(a.CW), uint64(b.CW))
	add("SW", uint64(a.SW), uint64(b.SW))
	add("tags", uint64(a.Tag), uint64(b.Tag))
	add("FOP", uint64(a.FOP), uint64(b.FOP))
	add("FIP", a.FIP, b.FIP)
	add("FDP", a.FDP, b.FDP)
	for i := range a.ST {
		add(fmt.Sprintf("ST%d significand", i), a.ST[i].Sig, b.ST[i].Sig)
		add(fmt.Sprintf("ST%d exponent", i), uint64(a.ST[i].SE), uint64(b.ST[i].SE))
	}
	for i := range a.XMM {
		add(fmt.Sprintf("XMM%d low", i), a.XMM[i][0], b.XMM[i][0])
		add(fmt.Sprintf("XMM%d high", i), a.XMM[i][1], b.XMM[i][1])
		add(fmt.Sprintf("YMM%d bits 191:128", i), a.YMMH[i][0], b.YMMH[i][0])
		add(fmt.Sprintf("YMM%d bits 255:192", i), a.YMMH[i][1], b.YMMH[i][1])
	}
	mem := map[uint64][2]uint64{}
	for i, x := range want.Diff[:want.NDiff] {
		mem[x.Addr] = [2]uint64{x.Val, 0xdead}
		_ = i
	}
	for _, x := range got.Diff[:got.NDiff] {
		v, ok := mem[x.Addr]
		if !ok {
			v[0] = 0xdead
		}
		mem[x.Addr] = [2]uint64{v[0], x.Val}
	}
	for at, v := range mem {
		add(fmt.Sprintf("memory %#x (dead: unchanged)", at), v[0], v[1])
	}
	return d
}

var gprNames = [16]string{"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}

// A Mismatch is a test on which an engine and silicon disagree.
type Mismatch struct {
	Form, Class, Engine string
	Index               int
	Test                Test
	Want, Got           Result
}

// Fields is what differs, without values: mismatches with the same are likely the same.
func (m *Mismatch) Fields() string {
	var s []string
	for _, d := range differences(&m.Want, &m.Got) {
		name := d.Field
		if strings.HasPrefix(name, "memory") {
			name = "memory"
		}
		if strings.HasPrefix(name, "XMM") || strings.HasPrefix(name, "YMM") {
			name = name[:3]
		}
		switch name {
		case "flags":
			name += fmt.Sprintf("^%x", d.Want^d.Got)
		case "SW", "MXCSR":
			name += fmt.Sprintf("^%x", d.Want^d.Got)
		case "exception":
			name += fmt.Sprintf(" %d not %d", d.Want, d.Got)
		}
		if len(s) == 0 || s[len(s)-1] != name {
			s = append(s, name)
		}
	}
	if len(s) > 6 {
		s = append(s[:6], "…")
	}
	return strings.Join(s, ", ")
}

// String describes the test and the differences.
func (m *Mismatch) String() string {
	var b strings.Builder
	t := &m.Test
	fmt.Fprintf(&b, "%s, test %d, %s engine: % x\n", m.Form, m.Index, m.Engine, t.Code[:t.Len])
	size := width(8)
	switch t.CS {
	case selCode16:
		size = 2
	case selUser32, selCode32:
		size = 4
	}
	var in cpu.Inst
	cpu.Decode(t.Code[:], size, &in)
	fmt.Fprintf(&b, "  %s, operand size %d, address size %d", in.Op.Name, in.OpSize, in.AddrSize)
	fmt.Fprintf(&b, "\n  in: flags %x CW %x SW %x tags %x MXCSR %x cs %x ss %x ds %x es %x\n ", t.Flags, t.FX.CW, t.FX.SW, t.FX.Tag, t.FX.MXCSR, t.CS, t.SS, t.DS, t.ES)
	for i, v := range t.GPR {
		fmt.Fprintf(&b, " %s %x", gprNames[i], v)
	}
	b.WriteByte('\n')
	if t.PatchLen > 0 {
		fmt.Fprintf(&b, "  patch at %x: % x\n", t.PatchAt, t.Patch[:t.PatchLen])
	}
	if strings.Contains(m.Fields(), "ST") || strings.Contains(m.Fields(), "SW") || m.Class == "x87" {
		for i, s := range t.FX.ST {
			fmt.Fprintf(&b, "  st%d %04x:%016x", i, s.SE, s.Sig)
		}
		b.WriteByte('\n')
	}
	if in.Dst.Kind == cpu.ArgXMM || in.Src.Kind == cpu.ArgXMM {
		for _, a := range []cpu.Arg{in.Dst, in.Src, in.Third} {
			if a.Kind == cpu.ArgXMM {
				i := a.Reg & 15
				fmt.Fprintf(&b, "  xmm%d %016x %016x %016x %016x\n", i, t.FX.YMMH[i][1], t.FX.YMMH[i][0], t.FX.XMM[i][1], t.FX.XMM[i][0])
			}
		}
	}
	for i, d := range differences(&m.Want, &m.Got) {
		if i == 10 {
			b.WriteString("  …\n")
			break
		}
		fmt.Fprintf(&b, "  %s: silicon %#x, emulator %#x\n", d.Field, d.Want, d.Got)
	}
	return b.String()
}
