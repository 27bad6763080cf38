package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// Firmware is a ROM in which UD0 with a register operand (0F FF C0…FF) is a call of a
// service of the board. Everywhere else it is #UD, as the manual has it; the zero Firmware
// has no ROM.
//
// A call is one instruction: it happens at an exact count and a fault leaves it to be
// executed again.
type Firmware struct {
	// ROM and Size are where the ROM lies in the backing of physical memory, in bytes.
	// The bytes count, not the address: a copy elsewhere makes no calls.
	ROM, Size uint64
	// Call serves call n, bits 5:0 of the ModRM byte. A fault is delivered to the guest.
	Call func(n uint8) Fault
}

// ud0 is UD0: #UD, or in firmware the call of a service.
//
// SDM Vol. 2D, "UD—Undefined Instruction".
func ud0(c *CPU, in *Inst) Fault {
	if in.IsMem || c.Firmware.Call == nil || !c.inFirmware() {
		return ud(c, in)
	}
	return c.Firmware.Call(in.ModRM & 0x3f)
}

// inFirmware says whether the instruction being executed was fetched from the firmware's
// ROM.
func (c *CPU) inFirmware() bool {
	off, n, f := c.MMU.Fetch(c.codeLinear(c.S.RIP), c.CPL == 3)
	return !f.Raised && n != 0 && off-c.Firmware.ROM < c.Firmware.Size
}

// A Caller is what a service of the firmware sees of the processor that called it. Its
// methods are for use during Firmware.Call only. Each access to memory or a port counts as
// work, so that services that do much of it cannot keep the processor from being stopped.
type Caller struct{ c *CPU }

// Caller returns the processor's view for services.
func (c *CPU) Caller() Caller { return Caller{c} }

// Reg returns the low 32 bits of general register r.
func (v Caller) Reg(r int) uint32 { return uint32(v.c.S.R[r&15]) }

// SetReg sets the low 32 bits of general register r; outside 64-bit mode there are no
// others.
func (v Caller) SetReg(r int, x uint32) { v.c.setReg(uint8(r&15), 4, uint64(x)) }

// Segment returns selector and base of a segment register.
func (v Caller) Segment(s x86.Seg) (sel uint16, base uint32) {
	return v.c.Seg[s].Sel, uint32(v.c.S.R[(RegSeg+s)&regMask])
}

// Real says whether segments are those of real-address or virtual-8086 mode.
func (v Caller) Real() bool { return !v.c.protected() }

// SetSegment loads a segment register (not CS) in real-address or virtual-8086 mode; in
// protected mode it does nothing.
func (v Caller) SetSegment(s x86.Seg, sel uint16) {
	if v.c.protected() || s == x86.CS {
		return
	}
	v.c.loadRealSegment(s, sel)
	v.c.updateMode()
}

// Flags returns RFLAGS.
func (v Caller) Flags() x86.Flags { return v.c.Flags() }

// SetStatus replaces the status flags in mask.
func (v Caller) SetStatus(mask, f x86.Flags) { v.c.setFlags(mask&x86.FlagsStatus, f) }

// Load reads size bytes (1, 2, 4 or 8) at a linear address with the caller's rights.
func (v Caller) Load(la uint32, size int) (uint64, Fault) {
	v.c.spend(1)
	return v.c.readLin(mmu.LinAddr(la), width(size), v.c.class)
}

// Store writes size bytes (1, 2, 4 or 8) at a linear address with the caller's rights.
func (v Caller) Store(la uint32, size int, x uint64) Fault {
	v.c.spend(1)
	return v.c.writeLin(mmu.LinAddr(la), x, width(size), v.c.class)
}

// In reads a port (1, 2 or 4 bytes), whatever the I/O permission map says.
func (v Caller) In(port uint16, size int) uint32 {
	v.c.spend(1)
	return v.c.Ports.In(port, size)
}

// Out writes a port.
func (v Caller) Out(port uint16, size int, x uint32) {
	v.c.spend(1)
	v.c.Ports.Out(port, size, x)
}
