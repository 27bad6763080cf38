package cpu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// mov is MOV between general registers, memory and immediates.
//
// SDM Vol. 2B, "MOV—Move".
func mov(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	return c.store(in, v)
}

// movzx is MOVZX. SDM Vol. 2B, "MOVZX—Move With Zero-Extend".
func movzx(c *CPU, in *Inst) Fault { return mov(c, in) }

// movsx is MOVSX and MOVSXD. SDM Vol. 2B, "MOVSX/MOVSXD—Move With Sign-Extension".
func movsx(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	return c.store(in, in.Src.W.SignExtend(v))
}

// lea is LEA: the effective address itself. SDM Vol. 2A, "LEA—Load Effective Address".
func lea(c *CPU, in *Inst) Fault {
	c.putReg(in.Dst, c.ea(in))
	return Fault{}
}

// xchg is XCHG. SDM Vol. 2D, "XCHG—Exchange Register/Memory With Register".
func xchg(c *CPU, in *Inst) Fault {
	dst, src, f := c.load(in)
	if f.Raised {
		return f
	}
	if f := c.store(in, src); f.Raised {
		return f
	}
	c.putReg(in.Src, dst)
	return Fault{}
}

// cmov is CMOVcc: memory is read whether the condition holds or not, and a 32-bit
// destination is zero-extended in either case. SDM Vol. 2A, "CMOVcc—Conditional Move".
func cmov(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	if !c.cond(in.Code) {
		v = c.reg(in.Dst.Reg, in.Dst.W)
	}
	c.putReg(in.Dst, v)
	return Fault{}
}

// setcc is SETcc. SDM Vol. 2B, "SETcc—Set Byte on Condition".
func setcc(c *CPU, in *Inst) Fault { return c.store(in, uint64(b2i(c.cond(in.Code)))) }

// cond evaluates the condition in the low four bits of an opcode.
//
// SDM Vol. 1, "EFLAGS Condition Codes".
func (c *CPU) cond(code uint8) bool {
	f := c.Flags()
	var v bool
	switch code >> 1 & 7 {
	case 0:
		v = f&x86.FlagOF != 0
	case 1:
		v = f&x86.FlagCF != 0
	case 2:
		v = f&x86.FlagZF != 0
	case 3:
		v = f&(x86.FlagCF|x86.FlagZF) != 0
	case 4:
		v = f&x86.FlagSF != 0
	case 5:
		v = f&x86.FlagPF != 0
	case 6:
		v = (f&x86.FlagSF != 0) != (f&x86.FlagOF != 0)
	default:
		v = f&x86.FlagZF != 0 || (f&x86.FlagSF != 0) != (f&x86.FlagOF != 0)
	}
	return v != (code&1 != 0)
}

// cbw is CBW, CWDE and CDQE: sign-extend the lower half of the accumulator.
//
// SDM Vol. 2A, "CBW/CWDE/CDQE—Convert".
func cbw(c *CPU, in *Inst) Fault {
	half := in.OpSize / 2
	c.setReg(x86.RAX, in.OpSize, half.SignExtend(c.S.R[x86.RAX]))
	return Fault{}
}

// cwd is CWD, CDQ and CQO: fill rDX with the sign of rAX.
//
// SDM Vol. 2A, "CWD/CDQ/CQO—Convert".
func cwd(c *CPU, in *Inst) Fault {
	w := in.OpSize
	var v uint64
	if c.S.R[x86.RAX]&w.Sign() != 0 {
		v = w.Mask()
	}
	c.setReg(x86.RDX, w, v)
	return Fault{}
}

// bswap is BSWAP; with a 16-bit operand, undefined by the manual, Intel processors give 0.
//
// SDM Vol. 2A, "BSWAP—Byte Swap".
func bswap(c *CPU, in *Inst) Fault {
	v := c.S.R[in.Dst.Reg&regMask]
	switch in.Dst.W {
	case 8:
		v = bits.ReverseBytes64(v)
	case 4:
		v = uint64(bits.ReverseBytes32(uint32(v)))
	default:
		v = 0
	}
	c.putReg(in.Dst, v)
	return Fault{}
}

// xlat is XLAT: AL ← byte at rBX + AL.
//
// SDM Vol. 2D, "XLAT/XLATB—Table Look-up Translation".
func xlat(c *CPU, in *Inst) Fault {
	seg := x86.DS
	if in.Over != x86.NoSeg {
		seg = in.Over
	}
	off := (c.S.R[x86.RBX] + c.S.R[x86.RAX]&0xff) & in.AddrSize.Mask()
	v, f := c.read(seg, off, 1)
	if f.Raised {
		return f
	}
	c.setReg(x86.RAX, 1, v)
	return Fault{}
}

// nop is NOP, PAUSE and the reserved hints, which do not touch their operand.
func nop(*CPU, *Inst) Fault { return Fault{} }

// ud is UD1 and UD2, and UD0 outside firmware. SDM Vol. 2D, "UD—Undefined Instruction".
func ud(*CPU, *Inst) Fault { return x86.UD(x86.ReasonUDInstruction) }

// Flag instructions: SDM Vol. 1, "Flag Control (EFLAG) Instructions".
func clc(c *CPU, _ *Inst) Fault { c.setFlags(x86.FlagCF, 0); return Fault{} }
func stc(c *CPU, _ *Inst) Fault { c.setFlags(x86.FlagCF, x86.FlagCF); return Fault{} }
func cmc(c *CPU, _ *Inst) Fault { c.setFlags(x86.FlagCF, ^c.Flags()); return Fault{} }
func cld(c *CPU, _ *Inst) Fault { c.setFlags(x86.FlagDF, 0); return Fault{} }
func std(c *CPU, _ *Inst) Fault { c.setFlags(x86.FlagDF, x86.FlagDF); return Fault{} }

const flagsAH = x86.FlagsStatus &^ x86.FlagOF

// lahf is LAHF. SDM Vol. 2A, "LAHF—Load Status Flags Into AH Register".
func lahf(c *CPU, _ *Inst) Fault {
	c.putReg(Arg{ArgHigh, x86.RAX, 1}, uint64(c.Flags()&flagsAH|x86.Flag1))
	return Fault{}
}

// sahf is SAHF. SDM Vol. 2B, "SAHF—Store AH Into Flags".
func sahf(c *CPU, _ *Inst) Fault {
	c.setFlags(flagsAH, x86.Flags(c.S.R[x86.RAX]>>8))
	return Fault{}
}
