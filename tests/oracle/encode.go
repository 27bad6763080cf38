package oracle

import (
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
)

// encode writes the bytes of one instruction of the form to code and returns its length. in
// is what the decoder makes of it. ok is false when the attempt led elsewhere.
func (f *Form) encode(r *random, code *[64]byte, in *cpu.Inst) (n int, ok bool) {
	b := code[:0]
	if strings.HasPrefix(f.Map, "VEX") {
		b = f.vex(r, b)
	} else {
		b = f.legacy(r, b)
	}
	if f.modRM {
		b = f.appendModRM(r, b)
	}
	at := len(b)
	for len(b) < at+12 {
		b = append(b, byte(r.next()>>24))
	}
	for i := len(b); i < len(code); i++ {
		code[i] = 0x90
	}
	if !cpu.Decode(b[:min(len(b), cpu.MaxInst)], width(f.Size), in) || in.Op != f.Op {
		return 0, false
	}
	if k := f.immediate(in); k > 0 && r.percent(40) { // an immediate at an edge
		v := r.integer()
		if in.Op.Third == cpu.Lx || in.Op.Src == cpu.Jz {
			v = r.next()
		}
		for i := range k {
			code[int(in.Len)-k+i] = byte(v >> (8 * i))
		}
		if !cpu.Decode(code[:cpu.MaxInst], width(f.Size), in) {
			return 0, false
		}
	}
	return int(in.Len), in.Op == f.Op
}

// legacy appends prefixes and opcode of an encoding without VEX.
func (f *Form) legacy(r *random, b []byte) []byte {
	start := len(b)
	vec := f.Op.Attr&cpu.Vec != 0
	mandatory := f.tok.has(tokNone) || f.tok.has(tok66) || f.tok.has(tokF2) || f.tok.has(tokF3)
	if f.tok.has(tok66) || !f.tok.has(tokNone) && !vec && r.percent(25) || vec && !mandatory && r.percent(5) || mandatory && !f.tok.has(tokNone) && r.percent(5) {
		b = append(b, 0x66)
	}
	switch {
	case f.tok.has(tokF2):
		b = append(b, 0xf2)
	case f.tok.has(tokF3):
		b = append(b, 0xf3)
	case mandatory:
	case f.Op.Attr&cpu.RepOK != 0 && r.percent(50), r.percent(3):
		b = append(b, oneOf[byte](r, 0xf2, 0xf3))
	}
	if r.percent(12) || (f.tok.has(tokA16) && f.Size == 4 || f.tok.has(tokA32) && f.Size != 4) && r.percent(80) {
		b = append(b, 0x67)
	}
	if r.percent(10) {
		b = append(b, oneOf[byte](r, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65))
	}
	if r.percent(3) || f.Op.Attr&cpu.Lock != 0 && r.percent(15) {
		b = append(b, 0xf0)
	}
	p := b[start:]
	for i := len(p) - 1; i > 0; i-- {
		j := r.n(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	if f.Size == 8 && (r.percent(55) || f.tok.has(tokW1) || f.tok.has(tokO64) || f.tok.has(tokB1)) {
		rex := 0x40 | byte(r.n(16))
		if f.tok.has(tokW1) || f.tok.has(tokO64) {
			rex |= 8
		}
		if f.tok.has(tokB1) {
			rex |= 1
		}
		b = append(b, rex)
	}
	switch f.Map {
	case "0F":
		b = append(b, 0x0f)
	case "0F38":
		b = append(b, 0x0f, 0x38)
	case "0F3A":
		b = append(b, 0x0f, 0x3a)
	}
	return append(b, f.Code)
}

// vex appends a VEX prefix and the opcode.
func (f *Form) vex(r *random, b []byte) []byte {
	if r.percent(12) {
		b = append(b, oneOf[byte](r, 0x64, 0x65, 0x67, 0x36, 0x67, 0x67))
	}
	if r.percent(1) {
		b = append(b, oneOf[byte](r, 0x66, 0xf2, 0xf3, 0xf0, 0x48))
	}
	choice := func(no, yes uint32) byte {
		switch {
		case f.tok.has(no):
			return 0
		case f.tok.has(yes):
			return 1
		}
		return byte(r.n(2))
	}
	var pp byte
	for i, t := range [...]uint32{tok66, tokF3, tokF2} {
		if f.tok.has(t) {
			pp = byte(i + 1)
		}
	}
	w, l := choice(tokW0, tokW1), choice(tokL0, tokL1)
	vvvv, rxb := byte(r.n(16)), byte(r.n(8))
	if !f.usesV() && !r.percent(2) {
		vvvv = 15
	}
	if f.Size != 8 {
		rxb |= 6
		if r.percent(90) {
			vvvv |= 8
		}
	}
	if f.Map == "VEX.0F" && rxb&3 == 3 && w == 0 && (f.Size == 8 || vvvv&8 != 0) && r.percent(60) {
		return append(b, 0xc5, rxb>>2<<7|vvvv<<3|l<<2|pp, f.Code)
	}
	m := byte(1)
	switch f.Map {
	case "VEX.0F38":
		m = 2
	case "VEX.0F3A":
		m = 3
	}
	return append(b, 0xc4, rxb<<5|m, w<<7|vvvv<<3|l<<2|pp, f.Code)
}

// usesV says whether the row has an operand in VEX.vvvv.
func (f *Form) usesV() bool {
	for _, o := range [...]cpu.Operand{f.Op.Dst, f.Op.Src, f.Op.Third} {
		if o == cpu.Hx || o == cpu.Bv || o == cpu.Lx {
			return true
		}
	}
	return f.Op.Attr&cpu.NDS != 0
}

// appendModRM appends ModRM and SIB.
func (f *Form) appendModRM(r *random, b []byte) []byte {
	m := byte(r.next() >> 32)
	switch {
	case f.tok.has(tokMem), f.Op.Name == "BOUND", f.Op.Attr&cpu.NoReg != 0 && !r.percent(2):
		if m >= 0xc0 {
			m -= 0x40 * byte(1+r.n(3))
		}
	case f.tok.has(tokReg), f.Op.Attr&cpu.NoMem != 0 && !r.percent(2):
		m |= 0xc0
	case r.percent(50):
		m |= 0xc0
	}
	if f.tok.reg >= 0 {
		m = m&^0x38 | byte(f.tok.reg)<<3
	}
	if f.tok.rm >= 0 {
		m = m&^7 | byte(f.tok.rm)
	}
	if f.gathers() {
		m = m&0x38 | 4 | byte(r.n(3))<<6
	}
	return append(b, m)
}

// gathers says whether the memory operand is a vector of addresses.
func (f *Form) gathers() bool { return strings.Contains(f.Op.Name, "GATHER") }

// immediate is the number of bytes at the end of the instruction that are an immediate.
func (f *Form) immediate(in *cpu.Inst) (n int) {
	for _, o := range [...]cpu.Operand{f.Op.Dst, f.Op.Src, f.Op.Third} {
		switch o {
		case cpu.Ib, cpu.Ibs, cpu.Jb, cpu.Lx:
			n++
		case cpu.Iw:
			n += 2
		case cpu.Iz, cpu.Jz:
			n += min(int(in.OpSize), 4)
		case cpu.Iv:
			n += int(in.OpSize)
		case cpu.Ap:
			n += 2 + min(int(in.OpSize), 4)
		case cpu.Ob, cpu.Ov:
			n += int(in.AddrSize)
		}
	}
	return n
}

// displacement is where the displacement of a ModRM operand is, and its size; 0 if there is
// none.
func (f *Form) displacement(in *cpu.Inst, n int) (at, size int) {
	switch {
	case !in.IsMem:
		return 0, 0
	case in.Mod() == 1:
		size = 1
	case in.Mod() == 2, in.Mod() == 0 && in.Base == cpu.RegZero:
		size = 4
		if in.AddrSize == 2 {
			size = 2
		}
		if in.Mod() == 0 && in.AddrSize == 2 && in.Index != cpu.RegZero {
			return 0, 0
		}
	}
	if in.AddrSize == 2 && in.Mod() == 0 && in.RM() != 6 {
		return 0, 0
	}
	return n - f.immediate(in) - size, size
}
