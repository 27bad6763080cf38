package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// row follows forks from op to the row of the instruction, reads ModRM and the rest, and
// locates the operands.
func (d *decoder) row(op *Op) {
	in := d.in
	op = d.follow(op)
	in.Op = op
	if d.short {
		return
	}
	if op.Name == "" {
		in.Bad = x86.ReasonReservedOpcode
	}
	if in.Bad == x86.NoReason {
		in.Bad = d.modeRule(op)
	}
	d.defaultSize(op)
	if !d.hasModRM && needsModRM(op) {
		d.modRM()
	}
	if op.Attr&RegOnly != 0 {
		in.IsMem = false
	} else if d.hasModRM && in.IsMem {
		d.vsib = op.Attr&VSIB != 0
		d.memory()
	}
	in.Dst = d.operand(op.Dst)
	in.Src = d.operand(op.Src)
	in.Third = d.operand(op.Third)
	if in.Bad == x86.NoReason {
		in.Bad = d.formRule(op)
	}
}

// modeRule checks where the row exists.
func (d *decoder) modeRule(op *Op) x86.Reason {
	if op.Mode&Not64 != 0 && d.in.CodeSize == 8 {
		return x86.ReasonNotIn64
	}
	if op.Mode&Only64 != 0 && d.in.CodeSize != 8 {
		return x86.ReasonOnlyIn64
	}
	return x86.NoReason
}

// formRule checks register and memory form, LOCK, and registers that do not exist.
func (d *decoder) formRule(op *Op) x86.Reason {
	in := d.in
	switch {
	case op.Attr&NoReg != 0 && d.hasModRM && !in.IsMem:
		return x86.ReasonRegisterForm
	case op.Attr&NoMem != 0 && in.IsMem:
		return x86.ReasonMemoryForm
	case in.Lock && (op.Attr&Lock == 0 || in.Dst.Kind != ArgMem):
		return x86.ReasonLockNotAllowed
	case in.VEX && d.vvvv != 0 && !usesVVVV(op):
		return x86.ReasonReservedOpcode
	case op.Attr&VSIB != 0:
		return d.vsibRule()
	}
	return x86.NoReason
}

// usesVVVV says whether VEX.vvvv names an operand of the row; where it does not, it must
// be 1111. SDM Vol. 2A, "Instruction Operand Encoding and VEX.vvvv, ModR/M".
func usesVVVV(op *Op) bool {
	for _, o := range [...]Operand{op.Dst, op.Src, op.Third} {
		if o == Hx || o == Bv || o == Lx { // Lx is always a fourth operand
			return true
		}
	}
	return op.Attr&NDS != 0
}

// vsibRule checks that there is a SIB byte and that destination, indices and mask are three
// registers. SDM Vol. 2A, "VSIB Memory Addressing" and "Exceptions Type 12".
func (d *decoder) vsibRule() x86.Reason {
	in := d.in
	if in.AddrSize == 2 || in.RM() != 4 {
		return x86.ReasonReservedOpcode
	}
	if in.Dst.Reg == in.VIndex || in.Dst.Reg == in.VEXV || in.VIndex == in.VEXV {
		return x86.ReasonReservedOpcode
	}
	return x86.NoReason
}

// defaultSize applies the operand-size attributes of the row.
func (d *decoder) defaultSize(op *Op) {
	in := d.in
	if in.CodeSize != 8 {
		return
	}
	switch {
	case op.Attr&F64 != 0:
		in.OpSize = 8
	case op.Attr&D64 != 0 && in.OpSize == 4:
		in.OpSize = 8
	}
}

// follow resolves forks.
func (d *decoder) follow(op *Op) *Op {
	for op.By != NoFork && !d.short {
		i := d.fork(op.By)
		if i >= len(op.Sub) {
			return &reserved
		}
		op = &op.Sub[i]
	}
	return op
}

func (d *decoder) fork(by Fork) int {
	in := d.in
	switch by {
	case ByPrefix:
		return in.mandatory()
	case ByMode:
		return b2i(in.CodeSize == 8)
	case ByOpSize:
		return int(in.OpSize / 4)
	case ByAddr:
		return int(in.AddrSize / 4)
	case ByREXB:
		return int(in.REX & 1)
	case ByW:
		return b2i(in.RexW())
	case ByL:
		return int(in.VEXL)
	}
	if !d.hasModRM {
		d.modRM()
	}
	switch by {
	case ByReg:
		return int(in.Reg())
	case ByRM:
		return int(in.RM())
	default: // ByMod
		return b2i(!in.IsMem)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mandatory is the index of the mandatory prefix: F2 and F3 win over 66.
func (in *Inst) mandatory() int {
	switch {
	case in.Rep == 0xf3:
		return 2
	case in.Rep == 0xf2:
		return 3
	case in.Opsize:
		return 1
	}
	return 0
}

// needsModRM says whether an operand of the row is in ModRM.
func needsModRM(op *Op) bool {
	return modRMOperand[op.Dst] || modRMOperand[op.Src] || modRMOperand[op.Third]
}

func (d *decoder) modRM() {
	d.hasModRM = true
	d.in.ModRM = d.next()
	d.in.IsMem = d.in.ModRM < 0xc0
}

// memory reads SIB and displacement and sets the parts of the effective address.
func (d *decoder) memory() {
	if d.in.AddrSize == 2 {
		d.memory16()
	} else {
		d.memory32()
	}
	if in := d.in; in.Over != x86.NoSeg {
		in.Seg = in.Over
	}
}

// memory16 is SDM Vol. 2A, "16-Bit Addressing Forms with the ModR/M Byte".
func (d *decoder) memory16() {
	in := d.in
	forms := [8][2]uint8{
		{x86.RBX, x86.RSI}, {x86.RBX, x86.RDI}, {x86.RBP, x86.RSI}, {x86.RBP, x86.RDI},
		{x86.RSI, RegZero}, {x86.RDI, RegZero}, {x86.RBP, RegZero}, {x86.RBX, RegZero},
	}
	mod, rm := in.Mod(), in.RM()
	if mod == 0 && rm == 6 {
		in.Disp = d.int(2)
		return
	}
	in.Base, in.Index = forms[rm][0], forms[rm][1]
	if in.Base == x86.RBP {
		in.Seg = x86.SS
	}
	switch mod {
	case 1:
		in.Disp = d.int(1)
	case 2:
		in.Disp = d.int(2)
	}
}

// memory32 is SDM Vol. 2A, "32-Bit Addressing Forms with the ModR/M Byte" and the SIB
// byte, with the extensions of 64-bit mode.
func (d *decoder) memory32() {
	in := d.in
	mod, rm := in.Mod(), in.RM()
	switch {
	case rm == 4:
		d.sib(mod)
	case rm == 5 && mod == 0:
		in.Disp = d.int(4)
		in.RIPRel = in.CodeSize == 8
		return
	default:
		in.Base = rm | in.REX<<3&8
	}
	if in.Base == x86.RSP || in.Base == x86.RBP {
		in.Seg = x86.SS
	}
	switch mod {
	case 1:
		in.Disp = d.int(1)
	case 2:
		in.Disp = d.int(4)
	}
}

func (d *decoder) sib(mod uint8) {
	in := d.in
	b := d.next()
	in.Scale = b >> 6
	switch i := b>>3&7 | in.REX<<2&8; {
	case d.vsib:
		in.VIndex = i
	case i != x86.RSP:
		in.Index = i
	}
	if mod == 0 && b&7 == 5 {
		in.Disp = d.int(4)
		return
	}
	in.Base = b&7 | in.REX<<3&8
}
