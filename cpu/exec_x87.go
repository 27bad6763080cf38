package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// What all x87 instructions share: the checks before them, the register stack, the status
// word and the pointers for exception handlers. Arithmetic is in package f80.
//
// The order in every instruction is: #NM and pending #MF, memory operand, pointers, stack
// check, compute, store, status and stack pointer. Where processors leave a condition code
// that the manual calls undefined, it is left here too.
//
// Inaccuracies: FERR# rises with the exception, not at the next waiting instruction, and the
// processor does not stop there when CR0.NE is clear: it goes on as with IGNNE# asserted.
// Before FDP_EXCPTN_ONLY processors differ in when they record FOP; here it is always.

// Bits of the status word beside those of f80.Status.
const (
	swTop      = 7 << 11
	swTopShift = 11
	swBusy     = 1 << 15 // B: a copy of ES
	swErrors   = uint16(f80.Exceptions | f80.SF | f80.ES | swBusy)
)

// fpWait is what precedes every x87 instruction that waits: #NM, and the exception that an
// earlier instruction left pending.
//
// SDM Vol. 3A, "Monitoring of Floating-Point Exceptions"; Vol. 1, "MS-DOS* Compatibility
// Sub-mode".
func (c *CPU) fpWait() Fault {
	if f := c.fpAvailable(); f.Raised {
		return f
	}
	return c.fpPending()
}

// fpAvailable is #NM of the x87 and MMX instructions.
func (c *CPU) fpAvailable() Fault {
	switch {
	case c.CR0&(x86.CR0_EM|x86.CR0_TS) == 0:
		return Fault{}
	case c.CR0&x86.CR0_EM != 0:
		return x86.Raise(x86.VecNM, 0, x86.ReasonFPUEmulated)
	}
	return x86.Raise(x86.VecNM, 0, x86.ReasonFPUTaskSwitched)
}

// fpPending is #MF when an unmasked exception is pending and CR0.NE is set. With CR0.NE
// clear the board was told by FERR# and answers with an interrupt; until the handler clears
// the exception, instructions run as if IGNNE# were asserted.
func (c *CPU) fpPending() Fault {
	if c.X87.SW&uint16(f80.ES) == 0 || c.CR0&x86.CR0_NE == 0 {
		return Fault{}
	}
	return x86.Raise(x86.VecMF, 0, x86.ReasonFPUPending)
}

// fpPointers remembers the instruction and its memory operand for exception handlers.
// SDM Vol. 1, "x87 FPU Instruction and Data (Operand) Pointers" and "Last Instruction Opcode".
func (c *CPU) fpPointers(in *Inst) {
	x := &c.X87
	x.FIP = (c.nextRIP - uint64(in.Len)) & c.ripMask
	c.fpLast = fpPointer{uint16(in.Code&7)<<8 | uint16(in.ModRM), x.FDP}
	if in.IsMem {
		c.fpLast.data = c.ea(in)
	}
	if c.Model == nil || !c.Model.Has(FeatFDPExcptn) {
		x.FOP, x.FDP = c.fpLast.opcode, c.fpLast.data
	}
	if c.Model == nil || !c.Model.Has(FeatZeroFCS) {
		x.FCS = c.Seg[x86.CS].Sel
		if in.IsMem {
			x.FDS = c.Seg[in.Seg].Sel
		}
	}
}

// An fpPointer is what becomes FOP and FDP of an instruction.
type fpPointer struct {
	opcode uint16
	data   uint64
}

// fpBegin is fpWait and fpPointers, for instructions without a memory operand.
func (c *CPU) fpBegin(in *Inst) Fault {
	if f := c.fpWait(); f.Raised {
		return f
	}
	c.fpPointers(in)
	return Fault{}
}

// control is the control word as package f80 takes it.
func (x *X87) control() f80.Control { return f80.Control(x.CW) &^ f80.DenormalOperand }

// top is the number of the register that is ST(0).
func (x *X87) top() uint8 { return uint8(x.SW>>swTopShift) & 7 }

// setTop makes register n ST(0).
func (x *X87) setTop(n uint8) { x.SW = x.SW&^swTop | uint16(n&7)<<swTopShift }

// st is ST(i).
func (x *X87) st(i uint8) *f80.Float { return &x.Reg[(x.top()+i)&7] }

// empty says whether ST(i) is tagged empty.
func (x *X87) empty(i uint8) bool { return x.Tag>>((x.top()+i)&7)&1 == 0 }

// setST writes ST(i) and tags it.
func (x *X87) setST(i uint8, v f80.Float) {
	n := (x.top() + i) & 7
	x.Reg[n] = v
	x.Tag |= 1 << n
}

// push makes v the new ST(0).
func (x *X87) push(v f80.Float) {
	x.setTop(x.top() - 1)
	x.setST(0, v)
}

// pop tags ST(0) empty and moves on to the next register.
func (x *X87) pop() {
	n := x.top()
	x.Tag &^= 1 << n
	x.setTop(n + 1)
}

// fpStatus adds exceptions and replaces C1; the other condition codes of st are added.
func (c *CPU) fpStatus(st f80.Status) { c.fpConditions(f80.C1, st) }

// fpConditions adds the exceptions in st and replaces the condition codes in mask.
func (c *CPU) fpConditions(mask, st f80.Status) {
	c.X87.SW = c.X87.SW&^uint16(mask) | uint16(st)
	if st&f80.Exceptions != 0 {
		c.fpSummary()
		if c.X87.SW&uint16(f80.ES) != 0 {
			c.X87.FOP, c.X87.FDP = c.fpLast.opcode, c.fpLast.data
		}
	}
}

// fpSummary derives ES and B from the exceptions and their masks, and drives FERR#.
func (c *CPU) fpSummary() {
	x := &c.X87
	const summary = uint16(f80.ES) | swBusy
	was := x.SW & summary
	x.SW &^= summary
	if f80.Status(x.SW).Unmasked(x.control()) != 0 {
		x.SW |= summary
	}
	if c.FERR != nil && x.SW&summary != was && c.CR0&x86.CR0_NE == 0 {
		c.FERR(x.SW&summary != 0)
	}
}

// fpUnderflow raises a stack underflow and says whether it is masked.
// SDM Vol. 1, "Stack Overflow or Underflow Exception (#IS)".
func (c *CPU) fpUnderflow() (masked bool) {
	c.fpStatus(f80.IE | f80.SF)
	return c.X87.CW&uint16(f80.IE) != 0
}

// fpOverflow raises a stack overflow and says whether it is masked.
func (c *CPU) fpOverflow() (masked bool) {
	c.fpStatus(f80.IE | f80.SF | f80.C1)
	return c.X87.CW&uint16(f80.IE) != 0
}

// fpPush pushes v; onto a full stack it is an overflow.
func (c *CPU) fpPush(v f80.Float) {
	x := &c.X87
	if !x.empty(7) {
		if c.fpOverflow() {
			x.push(f80.Indefinite())
		}
		return
	}
	x.SW &^= uint16(f80.C1)
	x.push(v)
}

// fwait is WAIT/FWAIT: it takes a pending exception and does nothing else. It alone looks at
// CR0.MP.
//
// SDM Vol. 2B, "WAIT/FWAIT—Wait".
func fwait(c *CPU, _ *Inst) Fault {
	const both = x86.CR0_MP | x86.CR0_TS
	if c.CR0&both == both {
		return x86.Raise(x86.VecNM, 0, x86.ReasonFPUTaskSwitched)
	}
	return c.fpPending()
}
