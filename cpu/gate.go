package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A gate is a call, interrupt, trap or task gate, decoded.
//
// SDM Vol. 3A, "Call Gates" and "IDT Descriptors".
type gate struct {
	sel    uint16
	off    uint64
	attr   Attr
	params uint8 // call gates: number of parameters to copy
	ist    uint8 // interrupt and trap gates in IA-32e mode
	w      width // size of what is pushed
}

// decodeGate takes a gate apart; high is its second half in IA-32e mode.
func decodeGate(low, high uint64, long bool) gate {
	g := gate{
		sel:    uint16(low >> 16),
		off:    low&0xffff | low>>48<<16,
		attr:   Attr(low >> 40 & 0xff),
		params: uint8(low>>32) & 31,
		ist:    uint8(low>>32) & 7,
		w:      4,
	}
	switch {
	case long:
		g.off |= high << 32
		g.params, g.w = 0, 8
	case g.attr.Type()&8 == 0:
		g.off &= 0xffff
		g.w = 2
	}
	return g
}

// idtGate fetches the gate of an event and checks its type, privilege and presence.
//
// SDM Vol. 2A, "INT n/INTO/INT3/INT1", label PROTECTED-MODE.
func (c *CPU) idtGate(e *event) (g gate, f Fault) {
	code := uint16(e.vector)<<3 | 2
	size := uint64(8)
	if c.longMode() {
		size = 16
	}
	off := uint64(e.vector) * size
	if off+size-1 > uint64(c.IDTR.Limit) {
		return g, x86.GP(code, x86.ReasonIDTLimit)
	}
	low, f := c.readLin(c.tableAddr(c.IDTR.Base+off), 8, c.implicit)
	if f.Raised {
		return g, f
	}
	var high uint64
	if size == 16 {
		if high, f = c.readLin(c.tableAddr(c.IDTR.Base+off+8), 8, c.implicit); f.Raised {
			return g, f
		}
	}
	g = decodeGate(low, high, c.longMode())
	switch {
	case !c.gateFitsIDT(g):
		return g, x86.GP(code, x86.ReasonGateType)
	case e.kind.software() && g.attr.DPL() < c.CPL:
		return g, x86.GP(code, x86.ReasonGatePrivilege)
	case !g.attr.has(AttrP):
		return g, x86.Raise(x86.VecNP, code, x86.ReasonGateNotPresent)
	}
	return g, Fault{}
}

// gateFitsIDT says whether the type of a gate is allowed in the IDT.
func (c *CPU) gateFitsIDT(g gate) bool {
	switch g.attr & (AttrS | 15) {
	case typeInt32, typeTrap32:
		return true
	case typeInt16, typeTrap16, typeTaskGate:
		return !c.longMode()
	}
	return false
}

// isTask says whether it is a task gate.
func (g *gate) isTask() bool { return g.attr.Type() == typeTaskGate }

// disables says whether it is an interrupt gate, which clears IF.
func (g *gate) disables() bool { return g.attr.Type()&^8 == typeInt16 }
