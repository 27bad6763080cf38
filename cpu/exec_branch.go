package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// branch sets the instruction pointer after this instruction, checking it against the
// code segment limit or for canonical form.
//
// SDM Vol. 2A, "JMP—Jump".
func (c *CPU) branch(target uint64, w width) Fault {
	target &= w.Mask()
	if c.codeSize == 8 {
		if !c.isCanonical(target) {
			return x86.GP(0, x86.ReasonNonCanonical)
		}
	} else if target > uint64(c.Seg[x86.CS].Limit) {
		return x86.GP(0, x86.ReasonCodeLimit)
	}
	c.nextRIP = target
	return Fault{}
}

// target is where a near branch goes: relative for an immediate, else absolute.
func (c *CPU) target(in *Inst) (uint64, Fault) {
	if in.Src.Kind == ArgImm {
		return c.nextRIP + in.Imm, Fault{}
	}
	return c.get(in, in.Src)
}

// jmpNear is JMP within the segment.
func jmpNear(c *CPU, in *Inst) Fault {
	t, f := c.target(in)
	if f.Raised {
		return f
	}
	return c.branch(t, in.OpSize)
}

// jcc is Jcc. SDM Vol. 2A, "Jcc—Jump if Condition Is Met".
func jcc(c *CPU, in *Inst) Fault {
	if !c.cond(in.Code) {
		return Fault{}
	}
	return c.branch(c.nextRIP+in.Imm, in.OpSize)
}

// callNear is CALL within the segment. SDM Vol. 2A, "CALL—Call Procedure".
func callNear(c *CPU, in *Inst) Fault {
	t, f := c.target(in)
	if f.Raised {
		return f
	}
	rsp := c.S.R[x86.RSP]
	if f := c.push(in.OpSize, c.nextRIP); f.Raised {
		return f
	}
	f = c.branch(t, in.OpSize)
	if f.Raised { // the return address stays in memory, as on processors
		c.S.R[x86.RSP] = rsp
	}
	return f
}

// ret is RET within the segment; the immediate is the number of bytes to drop.
//
// SDM Vol. 2B, "RET—Return From Procedure".
func ret(c *CPU, in *Inst) Fault {
	t, f := c.read(x86.SS, c.stackAt(0), in.OpSize)
	if f.Raised {
		return f
	}
	if f := c.branch(t, in.OpSize); f.Raised {
		return f
	}
	c.setSP(c.stackAt(int(in.OpSize) + int(in.Imm)))
	return Fault{}
}

// loop, loope and loopne count in CX, ECX or RCX by address size.
//
// SDM Vol. 2A, "LOOP/LOOPcc—Loop According to ECX Counter".
func loop(c *CPU, in *Inst) Fault   { return loopIf(c, in, true) }
func loope(c *CPU, in *Inst) Fault  { return loopIf(c, in, c.flag(x86.FlagZF)) }
func loopne(c *CPU, in *Inst) Fault { return loopIf(c, in, !c.flag(x86.FlagZF)) }

func loopIf(c *CPU, in *Inst, cond bool) Fault {
	n := (c.S.R[x86.RCX] - 1) & in.AddrSize.Mask()
	if n != 0 && cond {
		if f := c.branch(c.nextRIP+in.Imm, in.OpSize); f.Raised {
			return f
		}
	}
	c.setReg(x86.RCX, in.AddrSize, n)
	return Fault{}
}

// jrcxz is JCXZ, JECXZ and JRCXZ by address size.
func jrcxz(c *CPU, in *Inst) Fault {
	if c.S.R[x86.RCX]&in.AddrSize.Mask() != 0 {
		return Fault{}
	}
	return c.branch(c.nextRIP+in.Imm, in.OpSize)
}
