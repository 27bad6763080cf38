package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// String instructions with REP run in slices, and a slice counts as one instruction: as
// many iterations as stay within the pages of the first elements. Registers are up to
// date after every iteration, so a fault, an interrupt or the end of the budget leaves an
// instruction that continues where it stopped.
//
// A slice also ends after an iteration that touched a chip, so that interrupts are taken
// there, and is one iteration long while single-stepping or watching. All engines share
// this definition.

// An element executes one iteration and moves the index registers.
type element func(*CPU, *Inst) Fault

// repeat runs a string instruction: once without a prefix, else a slice.
//
// SDM Vol. 2B, "REP/REPE/REPZ/REPNE/REPNZ—Repeat String Operation Prefix".
func (c *CPU) repeat(in *Inst, fn element, n uint64, onZF bool) Fault {
	if in.Rep == 0 {
		return fn(c, in)
	}
	a := in.AddrSize
	count := c.reg(x86.RCX, a)
	if a == 4 { // clears the upper half even if nothing follows
		c.setReg(x86.RCX, a, count)
	}
	if count == 0 {
		return Fault{}
	}
	before := c.Flags()
	touches := c.Phys.Touches()
	n = min(n, count)
	c.spend(int64(n))
	for ; n > 0; n-- {
		if f := fn(c, in); f.Raised {
			c.setStatus(before) // CMPS and SCAS set flags when they end
			return f
		}
		count--
		c.setReg(x86.RCX, a, count)
		if onZF && c.flag(x86.FlagZF) != (in.Rep == 0xf3) {
			return Fault{}
		}
		if c.Phys.Touches() != touches {
			break
		}
	}
	if count != 0 {
		c.setStatus(before)
		c.nextRIP = c.S.RIP // again
	}
	return Fault{}
}

// slice is the number of iterations before one of the operands leaves its page.
func (c *CPU) slice(in *Inst, w width, src, dst bool) uint64 {
	if in.Rep == 0 || c.dbgArmed {
		return 1
	}
	n := uint64(mmuPage)
	if src {
		n = min(n, c.untilPageEnd(c.stringBase(in)+c.reg(x86.RSI, in.AddrSize), w))
	}
	if dst {
		n = min(n, c.untilPageEnd(c.S.R[RegSeg+x86.ES]+c.reg(x86.RDI, in.AddrSize), w))
	}
	return n
}

const mmuPage = 4096

// stringBase is the base of the source segment.
func (c *CPU) stringBase(in *Inst) uint64 { return c.S.R[(RegSeg+in.Seg)&regMask] }

// untilPageEnd is the number of elements of w bytes, from the one at la on in the
// direction of DF, that lie in its page; 1 when already the first crosses.
func (c *CPU) untilPageEnd(la uint64, w width) uint64 {
	in := la & (mmuPage - 1)
	switch {
	case in+uint64(w) > mmuPage:
		return 1
	case c.flag(x86.FlagDF):
		return in/uint64(w) + 1
	}
	return (mmuPage - in) / uint64(w)
}

// advance moves an index register by one element.
func (c *CPU) advance(r uint8, in *Inst, w width) {
	d := uint64(w)
	if c.flag(x86.FlagDF) {
		d = -d
	}
	c.setReg(r, in.AddrSize, c.S.R[r]+d)
}

func (c *CPU) readSI(in *Inst, w width) (uint64, Fault) {
	return c.read(in.Seg, c.reg(x86.RSI, in.AddrSize), w)
}

func (c *CPU) readDI(in *Inst, w width) (uint64, Fault) {
	return c.read(x86.ES, c.reg(x86.RDI, in.AddrSize), w)
}

func (c *CPU) writeDI(in *Inst, v uint64, w width) Fault {
	return c.write(x86.ES, c.reg(x86.RDI, in.AddrSize), v, w)
}

// movs is MOVS. SDM Vol. 2B, "MOVS—Move Data From String to String".
func movs(c *CPU, in *Inst) Fault {
	if in.Rep != 0 && in.AddrSize == 4 { // clears the upper halves even if nothing is moved
		c.setReg(x86.RSI, 4, c.S.R[x86.RSI])
		c.setReg(x86.RDI, 4, c.S.R[x86.RDI])
	}
	return c.repeat(in, movsOne, c.slice(in, in.Dst.W, true, true), false)
}

func movsOne(c *CPU, in *Inst) Fault {
	w := in.Dst.W
	v, f := c.readSI(in, w)
	if f.Raised {
		return f
	}
	if f := c.writeDI(in, v, w); f.Raised {
		return f
	}
	c.advance(x86.RSI, in, w)
	c.advance(x86.RDI, in, w)
	return Fault{}
}

// stos is STOS. SDM Vol. 2B, "STOS—Store String".
func stos(c *CPU, in *Inst) Fault {
	if in.Rep != 0 && in.AddrSize == 4 {
		c.setReg(x86.RDI, 4, c.S.R[x86.RDI])
	}
	return c.repeat(in, stosOne, c.slice(in, in.Dst.W, false, true), false)
}

func stosOne(c *CPU, in *Inst) Fault {
	w := in.Dst.W
	if f := c.writeDI(in, c.S.R[x86.RAX], w); f.Raised {
		return f
	}
	c.advance(x86.RDI, in, w)
	return Fault{}
}

// lods is LODS. SDM Vol. 2A, "LODS—Load String".
func lods(c *CPU, in *Inst) Fault {
	return c.repeat(in, lodsOne, c.slice(in, in.Src.W, true, false), false)
}

func lodsOne(c *CPU, in *Inst) Fault {
	w := in.Src.W
	v, f := c.readSI(in, w)
	if f.Raised {
		return f
	}
	c.setReg(x86.RAX, w, v)
	c.advance(x86.RSI, in, w)
	return Fault{}
}

// cmps is CMPS. SDM Vol. 2A, "CMPS—Compare String Operands".
func cmps(c *CPU, in *Inst) Fault {
	return c.repeat(in, cmpsOne, c.slice(in, in.Dst.W, true, true), true)
}

func cmpsOne(c *CPU, in *Inst) Fault {
	w := in.Dst.W
	y, f := c.readDI(in, w) // processors read it first
	if f.Raised {
		return f
	}
	x, f := c.readSI(in, w)
	if f.Raised {
		return f
	}
	_, flags := alu.Sub(w, x, y, 0)
	c.setStatus(flags)
	c.advance(x86.RSI, in, w)
	c.advance(x86.RDI, in, w)
	return Fault{}
}

// scas is SCAS. SDM Vol. 2B, "SCAS—Scan String".
func scas(c *CPU, in *Inst) Fault {
	return c.repeat(in, scasOne, c.slice(in, in.Src.W, false, true), true)
}

func scasOne(c *CPU, in *Inst) Fault {
	w := in.Src.W
	y, f := c.readDI(in, w)
	if f.Raised {
		return f
	}
	_, flags := alu.Sub(w, c.reg(x86.RAX, w), y, 0)
	c.setStatus(flags)
	c.advance(x86.RDI, in, w)
	return Fault{}
}

// ins is INS; one iteration is a slice. SDM Vol. 2A, "INS/INSB/INSW/INSD—Input From Port
// to String".
func ins(c *CPU, in *Inst) Fault {
	if f := c.ioPermission(uint16(c.S.R[x86.RDX]), in.Dst.W); f.Raised { // also if RCX is 0
		return f
	}
	return c.repeat(in, func(c *CPU, in *Inst) Fault { return c.insOne(in) }, 1, false)
}

// outs is OUTS; one iteration is a slice. SDM Vol. 2B, "OUTS/OUTSB/OUTSW/OUTSD—Output
// String to Port".
func outs(c *CPU, in *Inst) Fault {
	if f := c.ioPermission(uint16(c.S.R[x86.RDX]), in.Src.W); f.Raised { // also if RCX is 0
		return f
	}
	return c.repeat(in, func(c *CPU, in *Inst) Fault { return c.outsOne(in) }, 1, false)
}
