package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// MaxInst is the longest instruction in bytes; one byte more is #GP.
const MaxInst = 15

// A decoder reads one instruction from code.
type decoder struct {
	code []byte
	pos  int
	in   *Inst
	// short is set when code ended before the instruction did.
	short    bool
	hasModRM bool
	vvvv     uint8 // VEX.vvvv inverted; outside 64-bit mode its top bit counts only where no operand is named
	vsib     bool  // the index in the SIB byte is a vector register
}

// Decode decodes the instruction at the start of code for code of codeSize bytes (2, 4
// or 8) into in. It reads at most MaxInst bytes.
//
// ok is false when code is too short to tell. Otherwise in.Len is the length and in.Bad
// is NoReason, or the rule that makes it #UD (ReasonInstTooLong: #GP); for reserved
// encodings in.Len is the number of bytes examined. in.Op is never nil.
//
// SDM Vol. 2A, "Instruction Format".
func Decode(code []byte, codeSize width, in *Inst) (ok bool) {
	*in = Inst{Op: &reserved, CodeSize: codeSize, Over: x86.NoSeg, Seg: x86.DS, Base: RegZero, Index: RegZero}
	if len(code) > MaxInst {
		code = code[:MaxInst]
	}
	d := decoder{code: code, in: in}
	op := d.opcode()
	if !d.short && in.Bad == x86.NoReason {
		d.row(op)
	}
	if d.short {
		if len(code) < MaxInst {
			return false
		}
		in.Bad, d.pos = x86.ReasonInstTooLong, MaxInst
	}
	in.Len = uint8(d.pos)
	copy(in.Bytes[:], code[:d.pos])
	return true
}

// next returns the next byte, 0 when there is none.
func (d *decoder) next() uint8 {
	if d.pos >= len(d.code) {
		d.short = true
		return 0
	}
	b := d.code[d.pos]
	d.pos++
	return b
}

func (d *decoder) peek() uint8 {
	if d.pos >= len(d.code) {
		d.short = true
		return 0
	}
	return d.code[d.pos]
}

// uint reads a little-endian number of n bytes.
func (d *decoder) uint(n int) (v uint64) {
	for i := range n {
		v |= uint64(d.next()) << (8 * i)
	}
	return v
}

// int reads a little-endian two's complement number of n bytes.
func (d *decoder) int(n int) uint64 { return width(n).SignExtend(d.uint(n)) }

// opcode reads prefixes and opcode and returns the row in its map.
func (d *decoder) opcode() *Op {
	d.prefixes()
	b := d.next()
	in := d.in
	switch {
	case b == 0x0f:
		return d.twoByte()
	case (b == 0xc5 || b == 0xc4) && (in.CodeSize == 8 || d.peek() >= 0xc0):
		return d.vex(b)
	}
	in.Code = b
	return &oneByte[b]
}

// twoByte reads what follows 0F.
func (d *decoder) twoByte() *Op {
	b := d.next()
	switch b {
	case 0x38:
		b = d.next()
		d.in.Code = b
		return &map0F38[b]
	case 0x3a:
		b = d.next()
		d.in.Code = b
		return &map0F3A[b]
	}
	d.in.Code = b
	return &map0F[b]
}

// prefixes reads legacy prefixes and REX, and sets operand and address size.
func (d *decoder) prefixes() {
	in := d.in
	var addr bool
	for !d.short {
		b := d.peek()
		switch b {
		case 0x26, 0x2e, 0x36, 0x3e:
			// In 64-bit mode these override nothing, and do not cancel FS or GS.
			if in.CodeSize != 8 {
				in.Over = x86.Seg(b >> 3 & 3)
			}
		case 0x64, 0x65:
			in.Over = x86.Seg(b & 7) // 64h → 4 FS, 65h → 5 GS
		case 0x66:
			in.Opsize = true
		case 0x67:
			addr = true
		case 0xf0:
			in.Lock = true
		case 0xf2, 0xf3:
			in.Rep = b
		default:
			if in.CodeSize == 8 && b&0xf0 == 0x40 {
				in.REX = b
				d.pos++
				if d.isLegacyPrefix(d.peek()) {
					in.REX = 0 // only the REX directly before the opcode counts
					continue
				}
				if d.peek()&0xf0 == 0x40 {
					continue
				}
			}
			d.sizes(addr)
			return
		}
		d.pos++
	}
}

func (d *decoder) isLegacyPrefix(b uint8) bool {
	switch b {
	case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3:
		return true
	}
	return false
}

// sizes sets operand and address size from code size and prefixes.
// SDM Vol. 1, "Effective Operand- and Address-Size Attributes".
func (d *decoder) sizes(addr bool) {
	in := d.in
	switch in.CodeSize {
	case 2:
		in.OpSize, in.AddrSize = pick(in.Opsize, 4, 2), pick(addr, 4, 2)
	case 4:
		in.OpSize, in.AddrSize = pick(in.Opsize, 2, 4), pick(addr, 2, 4)
	default:
		in.OpSize, in.AddrSize = pick(in.Opsize, 2, 4), pick(addr, 4, 8)
		if in.RexW() {
			in.OpSize = 8
		}
	}
}

func pick(b bool, yes, no width) width {
	if b {
		return yes
	}
	return no
}

// vex reads a VEX prefix after its first byte and the opcode after it. The map is the
// one of legacy instructions; the rows for VEX hang in maps of their own.
// SDM Vol. 2A, "VEX Prefix".
func (d *decoder) vex(first uint8) *Op {
	in := d.in
	if in.Lock || in.Rep != 0 || in.Opsize || in.REX != 0 {
		in.Bad = x86.ReasonReservedOpcode
	}
	in.VEX, in.REX = true, 0x40
	b := d.next()
	in.REX |= ^b >> 5 & 4 // R
	m := uint8(1)
	if first == 0xc4 {
		in.REX |= ^b >> 5 & 3 // X and B
		m = b & 31
		b = d.next()
		in.REX |= b >> 4 & 8 // W
	}
	if in.CodeSize != 8 {
		in.REX &= 0x48 // only eight registers
	}
	in.VEXV = ^b >> 3 & 15
	d.vvvv = in.VEXV
	if in.CodeSize != 8 {
		in.VEXV &= 7
	}
	in.VEXL = b >> 2 & 1
	in.Opsize = b&3 == 1
	in.Rep = [4]uint8{0, 0, 0xf3, 0xf2}[b&3]
	in.OpSize = 4
	if in.RexW() && in.CodeSize == 8 {
		in.OpSize = 8
	}
	in.Code = d.next()
	switch m {
	case 1:
		return &vex0F[in.Code]
	case 2:
		return &vex0F38[in.Code]
	case 3:
		return &vex0F3A[in.Code]
	}
	in.Bad = x86.ReasonReservedOpcode
	return &reserved // a reserved row: nothing more to read
}
