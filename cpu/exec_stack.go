package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// push is PUSH of a register, memory or immediate. PUSH rSP stores the old value.
//
// SDM Vol. 2B, "PUSH—Push Word, Doubleword, or Quadword Onto the Stack".
func push(c *CPU, in *Inst) Fault {
	v, f := c.get(in, in.Src)
	if f.Raised {
		return f
	}
	return c.push(in.OpSize, v)
}

// pop is POP into a register. SDM Vol. 2B, "POP—Pop a Value From the Stack".
func pop(c *CPU, in *Inst) Fault {
	v, f := c.pop(in.OpSize)
	if f.Raised {
		return f
	}
	c.putReg(in.Dst, v) // after the increment: POP rSP keeps the value popped
	return Fault{}
}

// popMem is POP into memory: an address that uses rSP sees it incremented.
func popMem(c *CPU, in *Inst) Fault {
	old := c.S.R[x86.RSP]
	v, f := c.pop(in.OpSize)
	if f.Raised {
		return f
	}
	if f := c.store(in, v); f.Raised {
		c.S.R[x86.RSP] = old
		return f
	}
	return Fault{}
}

// pusha is PUSHA and PUSHAD. SDM Vol. 2B, "PUSHA/PUSHAD—Push All General-Purpose
// Registers".
func pusha(c *CPU, in *Inst) Fault {
	w := in.OpSize
	var la [8]uint64
	for i := range la {
		la[i] = c.stackAt(-(i + 1) * int(w))
	}
	for i := range la { // what was pushed before a fault stays in memory, as on processors
		if f := c.write(x86.SS, la[i], c.reg(uint8(i), w), w); f.Raised {
			return f
		}
	}
	c.setSP(la[7])
	return Fault{}
}

// popa is POPA and POPAD: the value for rSP is skipped.
//
// SDM Vol. 2B, "POPA/POPAD—Pop All General-Purpose Registers".
func popa(c *CPU, in *Inst) Fault {
	w := in.OpSize
	for i := range 8 {
		v, f := c.read(x86.SS, c.stackAt(i*int(w)), w)
		if f.Raised { // registers already popped keep their new values, as on processors
			return f
		}
		if r := uint8(7 - i); r != x86.RSP {
			c.setReg(r, w, v)
		}
	}
	c.setSP(c.stackAt(8 * int(w)))
	return Fault{}
}

// enter is ENTER. The stack is probed at its final pointer before anything changes.
//
// SDM Vol. 2A, "ENTER—Make Stack Frame for Procedure Parameters".
func enter(c *CPU, in *Inst) Fault {
	w, size, level := in.OpSize, in.Imm, int(in.Imm2&31)
	if in.CodeSize != 8 {
		w = in.OpSize
	}
	sp, bp := c.S.R[x86.RSP], c.S.R[x86.RBP]
	undo := func(f Fault) Fault {
		c.S.R[x86.RSP] = sp
		return f
	}
	if f := c.push(w, bp); f.Raised {
		return undo(f)
	}
	frame := c.S.R[x86.RSP]
	for i := 1; i < level; i++ {
		v, f := c.read(x86.SS, (bp-uint64(i)*uint64(w))&c.stackMask, w)
		if f.Raised {
			return undo(f)
		}
		if f := c.push(w, v); f.Raised {
			return undo(f)
		}
	}
	if level > 0 {
		if f := c.push(w, frame); f.Raised {
			return undo(f)
		}
	}
	end := (c.S.R[x86.RSP] - size) & c.stackMask
	lin, f := c.linear(x86.SS, end, uint64(w), forWrite)
	if f.Raised {
		return undo(f)
	}
	if f := c.probeWrite(lin, int(w), c.class); f.Raised {
		return undo(f)
	}
	c.setSP(end)
	c.setReg(x86.RBP, w, frame)
	return Fault{}
}

// leave is LEAVE. SDM Vol. 2A, "LEAVE—High Level Procedure Exit".
func leave(c *CPU, in *Inst) Fault {
	sp := c.S.R[x86.RSP]
	c.setSP(c.S.R[x86.RBP] & c.stackMask)
	v, f := c.pop(in.OpSize)
	if f.Raised {
		c.S.R[x86.RSP] = sp
		return f
	}
	c.setReg(x86.RBP, in.OpSize, v)
	return Fault{}
}

// bound is BOUND. SDM Vol. 2A, "BOUND—Check Array Index Against Bounds".
func bound(c *CPU, in *Inst) Fault {
	w, ea := in.OpSize, c.ea(in)
	lo, f := c.read(in.Seg, ea, w)
	if f.Raised {
		return f
	}
	i := int64(w.SignExtend(c.reg(in.Dst.Reg, w)))
	if i < int64(w.SignExtend(lo)) { // before the upper bound is read
		return x86.Raise(x86.VecBR, 0, x86.ReasonBoundRange)
	}
	hi, f := c.read(in.Seg, (ea+uint64(w))&in.AddrSize.Mask(), w)
	if f.Raised {
		return f
	}
	if i > int64(w.SignExtend(hi)) {
		return x86.Raise(x86.VecBR, 0, x86.ReasonBoundRange)
	}
	return Fault{}
}
