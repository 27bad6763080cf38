package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// modRMOperand marks the operands that ModRM locates.
var modRMOperand = [operandCount]bool{
	Eb: true, Ew: true, Ed: true, Eq: true, Ev: true, Ey: true, Ez: true, Ed64: true, RdMw: true, RdMb: true, EdMw: true,
	M: true, Mb: true, Mw: true, Md: true, Mq: true, Mx: true, My: true, Mp: true, Ma: true, Mt: true,
	Gb: true, Gw: true, Gd: true, Gv: true, Gy: true, Gz: true, Gd64: true, Sw: true, Cd: true, Dd: true, Ry: true,
	Pq: true, Qq: true, Qd: true, Nq: true,
	Vx: true, Vq: true, Vd: true, Wx: true, Wq: true, Wd: true, Ww: true, Ux: true, Uq: true,
	ST0: true, STi: true,
}

// operand locates operand o of the row being decoded, reading an immediate if it is one.
func (d *decoder) operand(o Operand) Arg {
	in := d.in
	switch {
	case o == None:
		return Arg{}
	case o <= EdMw:
		return d.rmOperand(o)
	case o <= Mt:
		return d.memOperand(o)
	case o <= Dd:
		return d.regOperand(o)
	case o == Ry:
		return Arg{ArgReg, in.RM() | in.REX<<3&8, pick(in.CodeSize == 8, 8, 4)}
	case o <= One:
		return d.immediate(o)
	case o <= Yz:
		return d.implicitMemory(o)
	case o <= OpGS:
		return d.namedRegister(o)
	}
	return d.vectorOperand(o)
}

// ySize is 8 with REX.W, else 4. Outside 64-bit mode VEX.W may be set and sizes nothing.
func (d *decoder) ySize() width { return pick(d.in.RexW() && d.in.CodeSize == 8, 8, 4) }

// zSize is 4 for a 64-bit operand size, else the operand size.
func (d *decoder) zSize() width { return min(d.in.OpSize, 4) }

// byteReg is an 8-bit register: without REX, numbers 4…7 are AH, CH, DH and BH.
func (d *decoder) byteReg(n uint8) Arg {
	if d.in.REX == 0 && n >= 4 && n < 8 {
		return Arg{ArgHigh, n - 4, 1}
	}
	return Arg{ArgReg, n, 1}
}

// rmOperand is ModRM.rm as a general register or memory.
func (d *decoder) rmOperand(o Operand) Arg {
	in := d.in
	var reg, mem width
	switch o {
	case Eb:
		reg, mem = 1, 1
	case Ew:
		reg, mem = 2, 2
	case Ed:
		reg, mem = 4, 4
	case Eq:
		reg, mem = 8, 8
	case Ev:
		reg, mem = in.OpSize, in.OpSize
	case Ey:
		reg, mem = d.ySize(), d.ySize()
	case Ez:
		reg, mem = d.zSize(), d.zSize()
	case Ed64:
		reg = pick(in.CodeSize == 8, 8, 4)
		mem = reg
	case RdMw:
		reg, mem = in.OpSize, 2
	case RdMb:
		reg, mem = 4, 1
	case EdMw:
		reg, mem = 4, 2
	}
	if in.IsMem {
		return Arg{ArgMem, 0, mem}
	}
	n := in.RM() | in.REX<<3&8
	if reg == 1 {
		return d.byteReg(n)
	}
	return Arg{ArgReg, n, reg}
}

// memOperand is ModRM.rm as memory; a register there is #UD.
func (d *decoder) memOperand(o Operand) Arg {
	in := d.in
	if !in.IsMem && in.Bad == x86.NoReason {
		in.Bad = x86.ReasonRegisterForm
	}
	var w width
	switch o {
	case Mb:
		w = 1
	case Mw:
		w = 2
	case Md:
		w = 4
	case Mq:
		w = 8
	case Mx:
		w = 16
	case My:
		w = d.ySize()
	case Mp:
		w = in.OpSize + 2
	case Ma:
		w = 2 * in.OpSize
	case Mt:
		w = 10
	}
	return Arg{ArgMem, 0, w}
}

// regOperand is ModRM.reg.
func (d *decoder) regOperand(o Operand) Arg {
	in := d.in
	n := in.Reg() | in.REX<<1&8
	switch o {
	case Gb:
		return d.byteReg(n)
	case Gw:
		return Arg{ArgReg, n, 2}
	case Gd:
		return Arg{ArgReg, n, 4}
	case Gv:
		return Arg{ArgReg, n, in.OpSize}
	case Gy:
		return Arg{ArgReg, n, d.ySize()}
	case Gz:
		return Arg{ArgReg, n, d.zSize()}
	case Gd64:
		return Arg{ArgReg, n, pick(in.CodeSize == 8, 8, 4)}
	case Sw:
		if n&7 > uint8(x86.GS) && in.Bad == x86.NoReason {
			in.Bad = x86.ReasonBadSegmentRegister
		}
		return Arg{ArgSeg, n & 7, 2}
	}
	w := pick(in.CodeSize == 8, 8, 4)
	if o == Cd {
		if in.Lock && n == 0 { // AMD's way to name CR8 in 32-bit mode; Intel: #UD
			in.Bad = x86.ReasonLockNotAllowed
		}
		return Arg{ArgCR, n, w}
	}
	return Arg{ArgDR, n, w}
}

// immediate reads the immediate of operand o.
func (d *decoder) immediate(o Operand) Arg {
	in := d.in
	w := in.OpSize
	switch o {
	case Ib:
		v := d.uint(1)
		if in.Src.Kind == ArgImm { // the second one: ENTER Iw,Ib
			in.Imm2 = uint16(v)
		} else {
			in.Imm = v
		}
		w = 1
	case Ibs:
		in.Imm = d.int(1)
	case Iw:
		in.Imm, w = d.uint(2), 2
	case Iz:
		in.Imm = d.int(int(d.zSize()))
	case Iv:
		in.Imm = d.int(int(w))
	case Jb:
		in.Imm = d.int(1)
	case Jz:
		in.Imm = d.int(int(d.zSize()))
	case Ap:
		in.Imm = d.uint(int(d.zSize()))
		in.Imm2 = uint16(d.uint(2))
	case One:
		in.Imm = 1
	}
	return Arg{ArgImm, 0, w}
}

// implicitMemory is a memory operand that ModRM does not name.
func (d *decoder) implicitMemory(o Operand) Arg {
	in := d.in
	w := in.OpSize
	switch o {
	case Ob, Xb, Yb:
		w = 1
	case Xw, Yw:
		w = 2
	case Xz, Yz:
		w = d.zSize()
	}
	if in.Over != x86.NoSeg {
		in.Seg = in.Over
	}
	switch o {
	case Ob, Ov:
		in.Disp = d.uint(int(in.AddrSize))
		in.IsMem = true
		return Arg{ArgMem, 0, w}
	case Xb, Xw, Xv, Xz:
		return Arg{ArgStrSrc, 0, w}
	}
	return Arg{ArgStrDst, 0, w}
}

// namedRegister is a register that the opcode names.
func (d *decoder) namedRegister(o Operand) Arg {
	in := d.in
	n := in.Code&7 | in.REX<<3&8
	switch o {
	case AL:
		return Arg{ArgReg, x86.RAX, 1}
	case CL:
		return Arg{ArgReg, x86.RCX, 1}
	case DX:
		return Arg{ArgReg, x86.RDX, 2}
	case RAXv:
		return Arg{ArgReg, x86.RAX, in.OpSize}
	case EAXz:
		return Arg{ArgReg, x86.RAX, d.zSize()}
	case Zb:
		return d.byteReg(n)
	case Zv:
		return Arg{ArgReg, n, in.OpSize}
	}
	return Arg{ArgSeg, uint8(o - OpES), 2}
}

// vectorOperand is an MMX, XMM or x87 register, or their memory form.
func (d *decoder) vectorOperand(o Operand) Arg {
	in := d.in
	reg := in.Reg() | in.REX<<1&8
	rm := in.RM() | in.REX<<3&8
	regOrMem := func(kind ArgKind, n uint8, w width) Arg {
		if in.IsMem {
			return Arg{ArgMem, 0, w}
		}
		return Arg{kind, n, w}
	}
	onlyReg := func(kind ArgKind, n uint8, w width) Arg {
		if in.IsMem && in.Bad == x86.NoReason {
			in.Bad = x86.ReasonMemoryForm
		}
		return Arg{kind, n, w}
	}
	full := pick(in.VEXL == 1, 32, 16)
	switch o {
	case Pq:
		return Arg{ArgMMX, in.Reg(), 8}
	case Qq:
		return regOrMem(ArgMMX, in.RM(), 8)
	case Qd:
		return regOrMem(ArgMMX, in.RM(), 4)
	case Nq:
		return onlyReg(ArgMMX, in.RM(), 8)
	case Vx:
		return Arg{ArgXMM, reg, full}
	case Vq:
		return Arg{ArgXMM, reg, 8}
	case Vd:
		return Arg{ArgXMM, reg, 4}
	case Wx:
		return regOrMem(ArgXMM, rm, full)
	case Wq:
		return regOrMem(ArgXMM, rm, 8)
	case Wd:
		return regOrMem(ArgXMM, rm, 4)
	case Ww:
		return regOrMem(ArgXMM, rm, 2)
	case Ux:
		return onlyReg(ArgXMM, rm, full)
	case Uq:
		return onlyReg(ArgXMM, rm, 8)
	case Hx:
		return Arg{ArgXMM, in.VEXV, full}
	case Lx:
		n := uint8(d.uint(1)) >> 4
		if in.CodeSize != 8 {
			n &= 7
		}
		return Arg{ArgXMM, n, full}
	case Bv:
		return Arg{ArgReg, in.VEXV, d.ySize()}
	case ST0:
		return Arg{ArgST, 0, 10}
	}
	return Arg{ArgST, in.RM(), 10} // STi
}
