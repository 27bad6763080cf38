package oracle

import (
	"encoding/binary"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// selector is one that a program might load, good or not.
func (g *generator) selector() uint64 {
	s := oneOf[uint64](&g.random, 0, 1, 3, selUser32, selData, selUser64, selCode16, selData16, selData7FFF, selRO, selDown16, selAbsent,
		selExecOnly, selWindowA, selCode32, selDown32, selDataBFFF, selAbsCode, 0x10, 0x18, 0x08, ldtEntries<<3|7, 0x83, 0xfff8, 0x63)
	if g.percent(20) {
		s ^= uint64(g.n(4))
	}
	return s
}

// codeTarget is an offset to jump to.
func (g *generator) codeTarget() uint64 {
	switch g.n(10) {
	case 0:
		return g.integer()
	case 1:
		return g.next() & 0xffff
	}
	return Code + uint64(g.n(0x1000)) - g.base[x86.CS]
}

// patchAt replaces memory at linear address at by v, as far as it lies in one window.
func (g *generator) patchAt(t *Test, at uint64, v []byte) {
	in := func(lo, size uint64) bool { return at >= lo && at+uint64(len(v)) <= lo+size }
	if len(v) <= len(t.Patch) && (in(WindowA, sizeA) || in(WindowB, sizeB)) {
		t.PatchAt, t.PatchLen = at, uint32(len(v))
		copy(t.Patch[:], v)
	}
}

// words makes bytes of numbers of size bytes each.
func words(size int, v ...uint64) (b []byte) {
	for _, x := range v {
		var p [8]byte
		binary.LittleEndian.PutUint64(p[:], x)
		b = append(b, p[:size]...)
	}
	return b
}

// special gives instructions whose operand must mean something an operand that does. at is
// where the memory operand is, if there is one.
func (g *generator) special(t *Test, name string, at uint64) {
	in := &g.in
	size := int(in.OpSize)
	sp := t.GPR[x86.RSP] + g.base[x86.SS]
	if g.sels[x86.SS] == selData16 {
		sp = t.GPR[x86.RSP]&0xffff + g.base[x86.SS]
	}
	switch name {
	case "BT", "BTS", "BTR", "BTC":
		if in.IsMem && in.Src.Kind == cpu.ArgReg && in.Src.Reg != in.Base {
			t.GPR[in.Src.Reg] = uint64(int64(g.n(0x2000) - 0x1000))
		}
	case "MOV":
		if in.Dst.Kind == cpu.ArgSeg {
			g.give(t, in.Src, at, g.selector())
		}
	case "LAR", "LSL", "VERR", "VERW", "ARPL":
		a := in.Src
		if name == "ARPL" {
			a = in.Dst
		}
		g.give(t, a, at, g.selector())
	case "POP":
		if in.Dst.Kind == cpu.ArgSeg {
			g.patchAt(t, sp, words(size, g.selector()))
		}
	case "LES", "LDS", "LSS", "LFS", "LGS", "CALLF", "JMPF":
		sel := g.selector()
		if name == "CALLF" && g.f.Size == 2 && sel|3 == selUser64 { // to 64-bit code on a 16-bit stack the host's kernel does not follow
			sel = selUser32
		}
		switch {
		case in.IsMem:
			v := g.integer()
			if strings.HasSuffix(name, "F") {
				v = g.codeTarget()
			}
			g.patchAt(t, at, append(words(size, v), words(2, sel)...))
		default: // Ap
			copy(t.Code[int(t.Len)-2:], words(2, sel))
			copy(t.Code[int(t.Len)-2-size:], words(size, g.codeTarget()))
		}
	case "RET":
		g.patchAt(t, sp, words(size, g.codeTarget()))
	case "RETF":
		g.patchAt(t, sp, words(size, g.codeTarget(), g.selector(), g.next(), g.selector()))
	case "IRET":
		g.iret(t, sp, size)
	case "CALL", "JMP":
		g.give(t, in.Src, at, g.codeTarget())
	case "POPF":
		if g.percent(50) {
			g.patchAt(t, sp, words(size, g.next()&0x247fd5))
		}
	case "LDMXCSR", "VLDMXCSR":
		if g.percent(80) {
			g.patchAt(t, at, words(4, g.next()&0xffff))
		}
	case "FLDCW":
		g.patchAt(t, at, words(2, g.next()&0x1f7f))
	case "FXRSTOR":
		g.patchAt(t, at, append(words(2, 0x37f, g.next(), g.next()&0xff, g.next()), words(8, g.next(), g.next(), 0x1f80)...))
	case "CMPXCHG", "CMPXCHG8B", "CMPXCHG16B":
		if in.IsMem && g.percent(50) {
			g.patchAt(t, at, words(8, t.GPR[x86.RAX], t.GPR[x86.RDX]))
			if name == "CMPXCHG8B" {
				g.patchAt(t, at, words(4, t.GPR[x86.RAX], t.GPR[x86.RDX]))
			}
		}
	case "BOUND":
		g.patchAt(t, at, words(size, t.GPR[in.Dst.Reg]-uint64(g.n(3))+1, t.GPR[in.Dst.Reg]+uint64(g.n(3))-1))
	case "XADD", "XCHG":
	}
}

// iret puts a frame on the stack.
func (g *generator) iret(t *Test, sp uint64, size int) {
	frame := []uint64{g.codeTarget(), uint64(g.sels[x86.CS]), g.next() & 0x244fd7, g.address(8) - g.base[x86.SS], uint64(g.sels[x86.SS])}
	if sp&15 != 0 { // #AC in the middle of IRET, which the host's kernel takes for a split lock
		frame[2] &^= uint64(x86.FlagAC)
	}
	if g.percent(30) {
		frame[1] = g.selector()
	}
	if g.percent(30) {
		frame[4] = g.selector()
	}
	g.patchAt(t, sp, words(size, frame...))
}

// give makes v the value of operand a.
func (g *generator) give(t *Test, a cpu.Arg, at, v uint64) {
	switch a.Kind {
	case cpu.ArgReg:
		if a.Reg != x86.RSP {
			t.GPR[a.Reg] = v
		}
	case cpu.ArgMem:
		w := int(a.W)
		if w == 0 {
			w = 8
		}
		g.patchAt(t, at, words(min(w, 8), v))
	}
}
