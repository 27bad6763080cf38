package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A taskCause is what switches tasks; it decides about busy bits, links and NT.
type taskCause uint8

const (
	byJump taskCause = iota
	byCall
	byInterrupt
	byReturn
)

// nests says whether the old task waits for the new one to return.
func (t taskCause) nests() bool { return t == byCall || t == byInterrupt }

// A taskSwitch is what a switch needs to know besides the new TSS.
type taskSwitch struct {
	cause taskCause
	rip   uint64 // saved in the old TSS
	flags uint64 // saved in the old TSS
}

// A taskLayout says where the fields of a TSS are. The eight general registers and the
// segment selectors follow each other, in encoding order.
//
// SDM Vol. 3A, "Task-State Segment (TSS)" and "16-Bit Task-State Segment (TSS)".
type taskLayout struct {
	w                        width  // of a general register
	cr3, ip, flags, gpr, seg uint32 // cr3 0: none
	segs, segStep            uint32
	ldt                      uint32
	trap                     uint32 // the T bit; 0: none
	min                      uint32 // smallest limit
}

var (
	task32 = taskLayout{w: 4, cr3: 0x1c, ip: 0x20, flags: 0x24, gpr: 0x28, seg: 0x48, segs: 6, segStep: 4, ldt: 0x60, trap: 0x64, min: 0x67}
	task16 = taskLayout{w: 2, ip: 0x0e, flags: 0x10, gpr: 0x12, seg: 0x22, segs: 4, segStep: 2, ldt: 0x2a, min: 0x2b}
)

// layoutOf is the layout of a TSS with the attributes a.
func layoutOf(a Attr) *taskLayout {
	if a.Type()&8 != 0 {
		return &task32
	}
	return &task16
}

// A taskImage is what a TSS holds of a task.
type taskImage struct {
	cr3, ip, flags uint64
	gpr            [8]uint64
	seg            [6]uint16
	ldt            uint16
	trap           bool
}

// taskOfGate fetches and checks the TSS that a task gate names.
func (c *CPU) taskOfGate(g *gate) (d Descriptor, f Fault) {
	code := errCode(g.sel)
	if g.sel&4 != 0 || null(g.sel) {
		return d, x86.GP(code, x86.ReasonTSSType)
	}
	d, f = c.descriptor(g.sel, x86.VecGP)
	switch {
	case f.Raised:
	case !d.isType(typeTSS16, typeTSS32):
		f = x86.GP(code, x86.ReasonTSSType)
	case !d.Attr.has(AttrP):
		f = x86.Raise(x86.VecNP, code, x86.ReasonTSSNotPresent)
	}
	return d, f
}

// switchTask saves the present task in its TSS and continues the one in tss, which has
// passed the checks of privilege, type and presence.
//
// Faults up to and including the reads of the new TSS leave everything as it was. Later
// ones, about the segments of the new task, belong to the new task: its registers,
// instruction pointer included, are loaded. A set T bit gives a #DB there.
//
// SDM Vol. 3A, "Task Switching".
func (c *CPU) switchTask(tss *Descriptor, s taskSwitch) Fault {
	old, next := layoutOf(c.TR.Attr), layoutOf(tss.Attr)
	if tss.Limit < next.min {
		return x86.Raise(x86.VecTS, errCode(tss.Sel), x86.ReasonTSSLimit)
	}
	if c.TR.Limit < old.min {
		return x86.Raise(x86.VecTS, errCode(c.TR.Sel), x86.ReasonTSSLimit)
	}
	if f := c.probeTask(old, tss, next); f.Raised {
		return f
	}
	image, f := c.readTask(tss.Base, next)
	if f.Raised {
		return f
	}
	if f := c.saveTask(old, s); f.Raised {
		return f
	}
	if s.cause.nests() {
		if f := c.writeLin(c.tableAddr(tss.Base), uint64(c.TR.Sel), 2, c.implicit); f.Raised {
			return f
		}
		image.flags |= uint64(x86.FlagNT)
	} else if f := c.clearBusy(); f.Raised {
		return f
	}
	if s.cause != byReturn {
		if f := c.setType(tss, typeBusyBit, 0); f.Raised {
			return f
		}
	}
	c.TR = SystemSegment{Sel: tss.Sel, Attr: tss.Attr | typeBusyBit, Limit: tss.Limit, Base: tss.Base}
	c.CR0 |= x86.CR0_TS
	return c.loadTask(&image, next)
}

// probeTask makes sure that the old TSS and the link field of the new one can be written.
func (c *CPU) probeTask(old *taskLayout, tss *Descriptor, next *taskLayout) Fault {
	end := old.seg + old.segs*old.segStep
	if f := c.probeWrite(c.tableAddr(c.TR.Base+uint64(old.ip)), int(end-old.ip), c.implicit); f.Raised {
		return f
	}
	if f := c.probeWrite(c.tableAddr(tss.Base), 2, c.implicit); f.Raised {
		return f
	}
	return c.probeWrite(tss.at+5, 1, c.implicit)
}

// readTask reads a TSS.
func (c *CPU) readTask(base uint64, l *taskLayout) (t taskImage, f Fault) {
	get := func(off uint32, w width) (v uint64) {
		if !f.Raised {
			v, f = c.readLin(c.tableAddr(base+uint64(off)), w, c.implicit)
		}
		return v
	}
	t.ip, t.flags = get(l.ip, l.w), get(l.flags, l.w)
	for i := range t.gpr {
		t.gpr[i] = get(l.gpr+uint32(i)*uint32(l.w), l.w)
	}
	for i := range l.segs {
		t.seg[i] = uint16(get(l.seg+i*l.segStep, 2))
	}
	t.ldt = uint16(get(l.ldt, 2))
	if l.cr3 != 0 {
		t.cr3 = get(l.cr3, 4)
		t.trap = get(l.trap, 2)&1 != 0
	}
	if l.w == 2 { // a 16-bit TSS leaves upper halves as ones
		for i := range t.gpr {
			t.gpr[i] |= 0xffff0000
		}
	}
	return t, f
}

// saveTask stores the present task in its TSS.
func (c *CPU) saveTask(l *taskLayout, s taskSwitch) (f Fault) {
	put := func(off uint32, v uint64, w width) {
		if !f.Raised {
			f = c.writeLin(c.tableAddr(c.TR.Base+uint64(off)), v, w, c.implicit)
		}
	}
	flags := s.flags
	if s.cause == byReturn {
		flags &^= uint64(x86.FlagNT)
	}
	put(l.ip, s.rip, l.w)
	put(l.flags, flags, l.w)
	for i := range uint32(8) {
		put(l.gpr+i*uint32(l.w), c.S.R[i], l.w)
	}
	for i := range l.segs {
		put(l.seg+i*l.segStep, uint64(c.Seg[i].Sel), 2)
	}
	return f
}

// clearBusy marks the present TSS available in the GDT.
func (c *CPU) clearBusy() Fault {
	d, f := c.descriptor(c.TR.Sel, x86.VecTS)
	if f.Raised {
		return f
	}
	return c.setType(&d, 0, typeBusyBit)
}

// loadTask loads the registers of a new task. Segment registers are unusable until their
// descriptors have passed.
func (c *CPU) loadTask(t *taskImage, l *taskLayout) Fault {
	vm := t.flags&uint64(x86.FlagVM) != 0 && l.w == 4
	mask := popfReal | x86.FlagVM | x86.FlagVIF | x86.FlagVIP
	c.S.RFLAGS = 0
	c.setFlags(flagsOf(l.w, mask), x86.Flags(t.flags))
	c.S.RFLAGS |= uint64(x86.Flag1)
	for i, v := range t.gpr {
		c.S.R[i] = v
	}
	c.S.RIP, c.nextRIP = t.ip, t.ip
	c.DR[7] &^= 0x155 // L0…L3 and LE: local to a task
	for i, sel := range t.seg {
		c.setNull(x86.Seg(i), sel)
	}
	c.LDTR = SystemSegment{Sel: t.ldt}
	cpl := uint8(t.seg[x86.CS] & 3)
	if vm {
		cpl = 3
	}
	c.setCPL(cpl)
	c.updateMode()
	if l.cr3 != 0 && c.CR0&x86.CR0_PG != 0 {
		if f := c.loadCR3(t.cr3); f.Raised {
			return f
		}
	}
	if f := c.loadLDT(t.ldt, x86.VecTS, x86.VecTS); f.Raised {
		return f
	}
	f := c.loadTaskSegments(t, vm)
	c.updateMode()
	if f.Raised {
		return f
	}
	if t.trap {
		return c.debugFault(x86.DR6_BT, x86.ReasonTaskSwitchTrap)
	}
	return Fault{}
}

// loadTaskSegments checks and loads the segment registers of a new task.
func (c *CPU) loadTaskSegments(t *taskImage, vm bool) Fault {
	if vm {
		for i, sel := range t.seg {
			c.loadRealSegment(x86.Seg(i), sel)
		}
		return Fault{}
	}
	cs, f := c.taskCode(t.seg[x86.CS])
	if f.Raised {
		return f
	}
	if f := c.markAccessed(&cs); f.Raised {
		return f
	}
	c.setFrom(x86.CS, cs.Sel, &cs)
	if null(t.seg[x86.SS]) {
		return x86.Raise(x86.VecTS, 0, x86.ReasonSelectorNull)
	}
	ss, f := c.stackDescriptor(t.seg[x86.SS], c.CPL, x86.VecTS)
	if f.Raised {
		return f
	}
	if f := c.markAccessed(&ss); f.Raised {
		return f
	}
	c.setFrom(x86.SS, ss.Sel, &ss)
	for _, seg := range [...]x86.Seg{x86.ES, x86.DS, x86.FS, x86.GS} {
		sel := t.seg[seg]
		if null(sel) {
			continue
		}
		d, f := c.dataDescriptor(sel, c.CPL, x86.VecTS)
		if f.Raised {
			return f
		}
		if f := c.markAccessed(&d); f.Raised {
			return f
		}
		c.setFrom(seg, sel, &d)
	}
	return Fault{}
}

// taskCode fetches and checks the code segment of a new task.
func (c *CPU) taskCode(sel uint16) (d Descriptor, f Fault) {
	code, rpl := errCode(sel), uint8(sel&3)
	if null(sel) {
		return d, x86.Raise(x86.VecTS, 0, x86.ReasonSelectorNull)
	}
	d, f = c.descriptor(sel, x86.VecTS)
	switch {
	case f.Raised:
	case !d.isCode():
		f = x86.Raise(x86.VecTS, code, x86.ReasonDescriptorType)
	case d.conforming() && d.Attr.DPL() > rpl, !d.conforming() && d.Attr.DPL() != rpl:
		f = x86.Raise(x86.VecTS, code, x86.ReasonConformingPrivilege)
	case !d.Attr.has(AttrP):
		f = x86.Raise(x86.VecNP, code, x86.ReasonSegmentNotPresent)
	}
	return d, f
}
