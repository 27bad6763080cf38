package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Not modelled in deliveries: alignment checks of the pushes (which could make a processor
// deliver #AC for ever), and the RF flag in the image that an interrupt between two
// iterations of a string instruction pushes.

// EventKind says where an exception or interrupt comes from.
type EventKind uint8

// Kinds of events.
const (
	EventException         EventKind = iota // raised by an instruction, or a debug trap after it
	EventHardware                           // INTR pin
	EventNMI                                // NMI pin
	EventSoftware                           // INT n
	EventSoftwareException                  // INT3 and INTO
	EventICEBP                              // INT1: as if it came from outside
)

// String names the kind.
func (k EventKind) String() string {
	switch k {
	case EventException:
		return "exception"
	case EventHardware:
		return "interrupt"
	case EventNMI:
		return "NMI"
	case EventSoftware:
		return "INT n"
	case EventSoftwareException:
		return "INT3 or INTO"
	case EventICEBP:
		return "INT1"
	}
	return "unknown event"
}

// software says whether the gate's DPL must admit the caller.
func (k EventKind) software() bool { return k == EventSoftware || k == EventSoftwareException }

// An event is an exception or interrupt being delivered.
type event struct {
	vector  x86.Vector
	kind    EventKind
	hasCode bool
	code    uint16
	rip     uint64 // to be pushed
	rf      bool   // RF is set in the flags pushed
}

// flags is the image of RFLAGS to be pushed.
func (c *CPU) eventFlags(e *event) uint64 {
	v := c.S.RFLAGS
	if e.rf {
		v |= uint64(x86.FlagRF)
	}
	return v
}

// A Chain is the story of one exception: what was raised, what was raised while
// delivering that, and so on. The last entries of a triple fault are #DF, the fault of its
// delivery, and one with ReasonTripleFault. It is what explains a crash.
type Chain struct {
	N      int // entries in use
	Faults [8]Fault
	// At is what the first found. What follows happened on the way to its handler.
	At Context
	// By is the event whose delivery raised the first, if Nested: an interrupt, or INT n.
	By     Event
	Nested bool
}

// add appends f, and drops it when the chain is full.
func (h *Chain) add(f Fault) {
	if h.N < len(h.Faults) {
		h.Faults[h.N] = f
		h.N++
	}
}

// deliver takes exception f of the instruction at RIP, and whatever that leads to.
func (c *CPU) deliver(f Fault) {
	c.LastChain.N, c.LastChain.Nested = 0, false
	c.context(&c.LastChain.At)
	c.deliverChain(f)
}

// deliverChain delivers f; a fault on the way makes a double fault or is delivered
// instead, and one while delivering a double fault shuts the processor down.
//
// SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)".
func (c *CPU) deliverChain(f Fault) {
	for {
		c.LastChain.add(f)
		if f.Vector == x86.VecPF {
			c.CR2 = f.Addr
		}
		next := c.enterException(f)
		if !next.Raised {
			c.S.RIP = c.nextRIP
			return
		}
		if next.Vector == x86.VecPF {
			c.CR2 = next.Addr // even if it ends in a double fault or shutdown
		}
		switch {
		case f.Vector == x86.VecDF && severity(next.Vector) != benign:
			c.LastChain.add(next)
			c.shutdown()
			return
		case doubles(f.Vector, next.Vector):
			c.LastChain.add(next)
			next = x86.Raise(x86.VecDF, 0, x86.ReasonDoubleFault)
		}
		f = next
	}
}

// shutdown is the end after a triple fault: only RESET, INIT or NMI would help.
func (c *CPU) shutdown() {
	f := x86.Raise(x86.VecDF, 0, x86.ReasonTripleFault)
	c.LastChain.add(f)
	if c.OnFault != nil {
		c.OnFault(f)
	}
	c.Activity = Shutdown
}

// Classes of exceptions for double faults. SDM Vol. 3A, "Interrupt and Exception Classes".
const (
	benign = iota
	contributory
	pageFault
)

func severity(v x86.Vector) int {
	switch v {
	case x86.VecDE, x86.VecTS, x86.VecNP, x86.VecSS, x86.VecGP:
		return contributory
	case x86.VecPF:
		return pageFault
	}
	return benign
}

// doubles says whether second, raised while first was delivered, makes a double fault.
func doubles(first, second x86.Vector) bool {
	switch severity(first) {
	case contributory:
		return severity(second) == contributory
	case pageFault:
		return severity(second) != benign
	}
	return false
}

// enterException starts the handler of f.
func (c *CPU) enterException(f Fault) Fault {
	if c.OnFault != nil {
		c.OnFault(f)
	}
	if f.Vector == x86.VecDB {
		c.DR[7] &^= x86.DR7_GD
	}
	c.Activity = Active
	return c.enter(event{
		vector:  f.Vector,
		kind:    EventException,
		hasCode: f.Vector.HasErrorCode(),
		code:    f.Code,
		rip:     c.S.RIP,
		rf:      setsRF(f),
	})
}

// setsRF says whether RF is set in the flags pushed for f: for faults but those of
// instruction breakpoints. SDM Vol. 3B, "Instruction-Breakpoint Exception Condition".
func setsRF(f Fault) bool {
	switch f.Vector {
	case x86.VecDB:
		return f.Reason == x86.ReasonDRGeneralDetect
	case x86.VecDF, x86.VecMC:
		return false
	}
	return true
}

// Interrupt takes an external interrupt: the board calls it between calls of Run with the
// vector the interrupt controller gave, when Run returned ExitInterrupt. It ends HLT, and
// counts as one instruction, so that a storm of interrupts uses up a budget.
func (c *CPU) Interrupt(vector uint8) {
	c.instructions++
	c.takeExternal(event{vector: x86.Vector(vector), kind: EventHardware, rip: c.S.RIP})
	c.endPMC()
}

// deliverNMI takes the latched non-maskable interrupt; further ones wait for IRET.
//
// SDM Vol. 3A, "Nonmaskable Interrupt (NMI)".
func (c *CPU) deliverNMI() {
	c.NMI, c.nmiBlocked = false, true
	c.takeExternal(event{vector: x86.VecNMI, kind: EventNMI, rip: c.S.RIP})
}

func (c *CPU) takeExternal(e event) {
	c.Activity, c.mon.Armed = Active, false
	c.shadowSTI, c.shadowSS = false, false
	f := c.enter(e)
	if f.Raised {
		by := c.LastEvent
		c.deliver(f)
		c.LastChain.By, c.LastChain.Nested = by, true
		return
	}
	c.S.RIP = c.nextRIP
}

// softInterrupt is INT n, INT3, INTO and INT1 inside their instruction: it leaves the
// address of the handler in nextRIP.
//
// SDM Vol. 2A, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure".
func (c *CPU) softInterrupt(v x86.Vector, k EventKind) Fault {
	if k == EventSoftware && c.vm() {
		own, f := c.redirected(v)
		switch {
		case f.Raised:
			return f
		case own:
			return c.virtualInterrupt(v)
		case c.iopl() < 3:
			return x86.GP(0, x86.ReasonVMIOPL)
		}
	}
	f := c.enter(event{vector: v, kind: k, rip: c.nextRIP})
	if !f.Raised {
		c.stepTrap = false // TF was cleared on the way
	}
	return f
}

// enter starts the handler of an event: it pushes, loads CS and the flags, and leaves the
// address of the handler in nextRIP. When it returns a Fault no register has changed,
// except after a task switch.
func (c *CPU) enter(e event) (f Fault) {
	c.LastEvent = Event{e.vector, e.kind, c.Seg[x86.CS].Sel, e.rip, c.CPL, c.Count()}
	if c.OnInterrupt != nil {
		c.OnInterrupt(e.vector, e.kind)
	}
	if c.stops != nil {
		c.stopEvent(e.vector, e.kind)
	}
	switch {
	case c.real():
		f = c.enterReal(&e)
	case c.longMode():
		f = c.enterLong(&e)
	default:
		f = c.enterProtected(&e)
	}
	if f.Raised && !e.kind.software() && severity(f.Vector) == contributory {
		f.Code |= 1 // EXT: the program did not ask for this
	}
	return f
}

// enterReal is delivery through the vector table of real-address mode.
func (c *CPU) enterReal(e *event) Fault {
	at := uint64(e.vector) * 4
	if at+3 > uint64(c.IDTR.Limit) {
		return x86.GP(uint16(e.vector)<<3|2, x86.ReasonIDTLimit)
	}
	entry, f := c.readLin(c.tableAddr(c.IDTR.Base+at), 4, c.implicit)
	if f.Raised {
		return f
	}
	st := c.presentStack()
	if f := st.room(3, 2); f.Raised {
		return f
	}
	if f := st.push(2, c.eventFlags(e), uint64(c.Seg[x86.CS].Sel), e.rip); f.Raised {
		return f
	}
	c.S.R[x86.RSP] = st.sp
	c.setFlags(x86.FlagIF|x86.FlagTF|x86.FlagRF|x86.FlagAC, 0)
	c.loadRealSegment(x86.CS, uint16(entry>>16))
	c.nextRIP = entry & 0xffff
	c.updateMode()
	return Fault{}
}

// enterProtected is delivery through the IDT of protected mode, from virtual-8086 mode as
// well.
func (c *CPU) enterProtected(e *event) Fault {
	g, f := c.idtGate(e)
	if f.Raised {
		return f
	}
	if g.isTask() {
		return c.enterTask(e, &g)
	}
	cs, f := c.handlerCode(&g)
	if f.Raised {
		return f
	}
	if cs.conforming() || cs.Attr.DPL() == c.CPL {
		return c.enterSame(e, &g, &cs)
	}
	return c.enterInner(e, &g, &cs)
}

// handlerCode fetches and checks the code segment of a handler.
//
// SDM Vol. 2A, "INT n/INTO/INT3/INT1", label TRAP-OR-INTERRUPT-GATE.
func (c *CPU) handlerCode(g *gate) (Descriptor, Fault) {
	if null(g.sel) {
		return Descriptor{}, x86.GP(0, x86.ReasonSelectorNull)
	}
	code := errCode(g.sel)
	cs, f := c.descriptor(g.sel, x86.VecGP)
	switch {
	case f.Raised:
		return cs, f
	case !cs.isCode():
		return cs, x86.GP(code, x86.ReasonGateTarget)
	case cs.Attr.DPL() > c.CPL:
		return cs, x86.GP(code, x86.ReasonConformingPrivilege)
	case c.longMode() && (!cs.Attr.has(AttrL) || cs.Attr.has(AttrDB)):
		return cs, x86.GP(code, x86.ReasonGateTarget)
	case !cs.Attr.has(AttrP):
		return cs, x86.Raise(x86.VecNP, code, x86.ReasonSegmentNotPresent)
	case c.vm() && (cs.conforming() || cs.Attr.DPL() != 0):
		return cs, x86.GP(code, x86.ReasonConformingPrivilege)
	}
	return cs, Fault{}
}

// enterSame is delivery without a change of privilege.
//
// SDM Vol. 2A, "INT n/INTO/INT3/INT1", label INTRA-PRIVILEGE-LEVEL-INTERRUPT.
func (c *CPU) enterSame(e *event, g *gate, cs *Descriptor) Fault {
	st := c.presentStack()
	n := 3 + b2i(e.hasCode)
	if f := st.room(n, g.w); f.Raised {
		return f
	}
	if f := c.checkTarget(cs, g.off); f.Raised {
		return f
	}
	if f := c.markAccessed(cs); f.Raised {
		return f
	}
	if f := c.pushReturn(&st, e, g.w); f.Raised {
		return f
	}
	c.S.R[x86.RSP] = st.sp
	c.enterHandler(g, cs, c.CPL)
	return Fault{}
}

// enterInner is delivery to an inner privilege level on the stack of the TSS. From
// virtual-8086 mode the data segment registers are pushed first and become null.
//
// SDM Vol. 2A, "INT n/INTO/INT3/INT1", labels INTER-PRIVILEGE-LEVEL-INTERRUPT and
// INTERRUPT-FROM-VIRTUAL-8086-MODE.
func (c *CPU) enterInner(e *event, g *gate, cs *Descriptor) Fault {
	cpl := cs.Attr.DPL()
	st, f := c.stackFromTSS(cpl)
	if f.Raised {
		return f
	}
	vm := c.vm()
	n := 5 + b2i(e.hasCode) + 4*b2i(vm)
	if f := st.room(n, g.w); f.Raised {
		return f
	}
	if f := c.checkTarget(cs, g.off); f.Raised {
		return f
	}
	if f := c.markStack(&st); f.Raised {
		return f
	}
	if f := c.markAccessed(cs); f.Raised {
		return f
	}
	if vm {
		for _, s := range [...]x86.Seg{x86.GS, x86.FS, x86.DS, x86.ES} {
			if f := st.push(g.w, uint64(c.Seg[s].Sel)); f.Raised {
				return f
			}
		}
	}
	if f := st.push(g.w, uint64(c.Seg[x86.SS].Sel), c.S.R[x86.RSP]); f.Raised {
		return f
	}
	if f := c.pushReturn(&st.newStack, e, g.w); f.Raised {
		return f
	}
	if vm {
		for _, s := range [...]x86.Seg{x86.GS, x86.FS, x86.DS, x86.ES} {
			c.setNull(s, 0)
		}
	}
	c.takeStack(&st)
	c.enterHandler(g, cs, cpl)
	return Fault{}
}

// enterLong is delivery in IA-32e mode: the handler is 64-bit code, the frame is aligned
// on 16 bytes and always holds SS and RSP.
//
// SDM Vol. 3A, "Exception and Interrupt Handling in 64-bit Mode".
func (c *CPU) enterLong(e *event) Fault {
	g, f := c.idtGate(e)
	if f.Raised {
		return f
	}
	cs, f := c.handlerCode(&g)
	if f.Raised {
		return f
	}
	cpl := c.CPL
	if !cs.conforming() {
		cpl = cs.Attr.DPL()
	}
	var st innerStack
	switch {
	case g.ist != 0:
		st, f = c.stackFromTSS64(28+8*uint32(g.ist), cpl)
	case cpl != c.CPL:
		st, f = c.stackFromTSS(cpl)
	default:
		st.newStack = c.flatStack(c.S.R[x86.RSP], cpl)
	}
	if f.Raised {
		return f
	}
	st.sp &^= 15
	if f := st.room(5+b2i(e.hasCode), 8); f.Raised {
		return f
	}
	if f := c.checkTarget(&cs, g.off); f.Raised {
		return f
	}
	if f := c.markAccessed(&cs); f.Raised {
		return f
	}
	if f := st.push(8, uint64(c.Seg[x86.SS].Sel), c.S.R[x86.RSP]); f.Raised {
		return f
	}
	if f := c.pushReturn(&st.newStack, e, 8); f.Raised {
		return f
	}
	if cpl != c.CPL {
		c.setNull(x86.SS, uint16(cpl))
	}
	c.S.R[x86.RSP] = st.sp
	c.enterHandler(&g, &cs, cpl)
	return Fault{}
}

// pushReturn pushes flags, CS, rIP and the error code.
func (c *CPU) pushReturn(st *newStack, e *event, w width) Fault {
	if f := st.push(w, c.eventFlags(e), uint64(c.Seg[x86.CS].Sel), e.rip); f.Raised {
		return f
	}
	if e.hasCode {
		return st.push(w, uint64(e.code))
	}
	return Fault{}
}

// enterHandler loads CS:rIP and the flags of a handler.
func (c *CPU) enterHandler(g *gate, cs *Descriptor, cpl uint8) {
	clear := x86.FlagTF | x86.FlagVM | x86.FlagRF | x86.FlagNT
	if g.disables() {
		clear |= x86.FlagIF
	}
	c.setFlags(clear, 0)
	c.enterCode(cs, cpl, g.off)
}

// enterTask is delivery by a task gate. The error code goes on the stack of the new task.
//
// SDM Vol. 2A, "INT n/INTO/INT3/INT1", label TASK-GATE.
func (c *CPU) enterTask(e *event, g *gate) Fault {
	tss, f := c.taskOfGate(g)
	if f.Raised {
		return f
	}
	f = c.switchTask(&tss, taskSwitch{cause: byInterrupt, rip: e.rip, flags: c.eventFlags(e)})
	if f.Raised && f.Reason != x86.ReasonTaskSwitchTrap {
		return f
	}
	if e.hasCode {
		st := c.presentStack()
		w := width(4)
		if tss.Attr.Type()&8 == 0 {
			w = 2
		}
		if f := st.push(w, uint64(e.code)); f.Raised {
			return f
		}
		c.S.R[x86.RSP] = st.sp
	}
	return f
}

// intN is INT n.
func intN(c *CPU, in *Inst) Fault { return c.softInterrupt(x86.Vector(in.Imm), EventSoftware) }

// int3 is INT3, the breakpoint.
func int3(c *CPU, _ *Inst) Fault { return c.softInterrupt(x86.VecBP, EventSoftwareException) }

// into is INTO: interrupt 4 if OF is set.
func into(c *CPU, _ *Inst) Fault {
	if !c.flag(x86.FlagOF) {
		return Fault{}
	}
	return c.softInterrupt(x86.VecOF, EventSoftwareException)
}

// int1 is INT1, also called ICEBP: a debug trap that no gate privilege holds off.
func int1(c *CPU, _ *Inst) Fault { return c.softInterrupt(x86.VecDB, EventICEBP) }
