// Package service is what our BIOS does that needs no waiting: the services that the code
// of the system ROM (bios/rom) calls, written against guest memory, guest registers and
// ports. Nothing is remembered here: all state is in the guest's memory, where programs
// expect it (interrupt vectors, BIOS data area at 400h) or may not look (the extended BIOS
// data area below 640 KiB), so that a snapshot of the machine holds it.
//
// Read this file (how a call works), bda.go (where the state is), then
//
//	post.go      power-on: chips, vectors, data area;  pci.go: PCI devices, PCI BIOS;
//	             tables.go: ACPI tables
//	probe.go     which disks are there
//	boot.go      INT 18h, 19h;  bootcd.go: El Torito;  bootmenu.go
//	video*.go    INT 10h;  vbe*.go: its VESA extensions
//	disk.go      INT 13h: hard disks;  edd.go: its extensions;  cdrom.go, eltorito.go, floppy.go
//	transfer.go  moving the data;  ata.go, atapi.go, floppy_step.go: by which commands
//	serial.go    INT 14h, 17h
//	system.go    INT 11h, 12h, 15h
//	keyboard.go  INT 09h, 16h;  keymap.go
//	time.go      INT 1Ah, 70h
//
// # A call
//
// The ROM's code executes UD0; the processor calls Service.Call with the number. Registers
// are taken at the start and given back at the end, CF and ZF as well: they say to the code
// in the ROM whether to wait and call again. The flags that the program gets with IRET are
// changed in its stack frame, at SS:SP+4. Memory is read and written with the program's
// rights through its page tables, so a call works in virtual-8086 mode; if that faults, the
// registers stay as they were and the guest gets the exception.
//
// Sources: IBM PC AT and PS/2 BIOS Interface Technical References; IBM VGA documentation;
// Phoenix Enhanced Disk Drive Specification 3.0; El Torito 1.0; PCI BIOS Specification 2.1;
// VBE 3.0; ACPI, "System Address Map Interfaces"; APM 1.2; Ralf Brown's Interrupt List.
//
// Not modelled: cassette, network, setup utility, passwords, CMOS checksum errors,
// joystick ports, INT 15h AH=87h above 4 GiB, APM states between on and off.
package service

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A CPU is the processor as a service sees it during a call.
type CPU interface {
	// Reg and SetReg access the low 32 bits of a general register, by x86.RAX….
	Reg(r int) uint32
	SetReg(r int, v uint32)
	// Segment returns selector and base; SetSegment loads in real or virtual-8086 mode.
	Segment(s x86.Seg) (sel uint16, base uint32)
	SetSegment(s x86.Seg, sel uint16)
	// Real says whether segments are those of real or virtual-8086 mode.
	Real() bool
	Flags() x86.Flags
	SetStatus(mask, f x86.Flags)
	// Load and Store access 1, 2, 4 or 8 bytes at a linear address.
	Load(la uint32, size int) (uint64, x86.Fault)
	Store(la uint32, size int, v uint64) x86.Fault
	// In and Out access ports, 1, 2 or 4 bytes wide.
	In(port uint16, size int) uint32
	Out(port uint16, size int, v uint32)
}

// A Region is an entry of the memory map; see bios.Region.
type Region struct {
	Start, Size uint64
	Kind        uint32
}

// A Service serves the calls of one machine.
type Service struct {
	cpu CPU
	// memoryMap is the map for a size of RAM in bytes.
	memoryMap func(ram uint64) []Region
	video     Video
	tables    []Table // see Publish
	present   call    // see begin
}

// New returns the services for a processor. memoryMap gives the map that INT 15h E820h
// reports for a size of RAM in bytes.
func New(cpu CPU, memoryMap func(ram uint64) []Region, video Video) *Service {
	return &Service{cpu: cpu, memoryMap: memoryMap, video: video}
}

// Call serves call n. A fault is the guest's: nothing that it can see has changed but
// ports and memory before the place that faulted.
func (s *Service) Call(n uint8) x86.Fault {
	h := handler(number(n))
	if h == nil {
		return x86.UD(x86.ReasonUDInstruction)
	}
	c := s.begin()
	c.enter()
	h(c)
	if c.fault.Raised {
		return c.fault
	}
	c.leave()
	return x86.Fault{}
}

// Prepare leaves what power-on leaves in memory and on the screen, for a kernel that is loaded
// without it and calls us nevertheless. No drives are known. The processor must be in its
// power-on state.
func (s *Service) Prepare() {
	c := s.begin()
	c.vectors()
	c.dataArea()
	c.setB(bdaVGAFlags, 0x51)
	c.copyVideoROM()
	c.setMode(3)
	c.lockVideoROM()
}

// begin is a call that has just begun: one at a time, without garbage.
func (s *Service) begin() *call {
	s.present = call{cpu: s.cpu, memoryMap: s.memoryMap, tables: s.video, published: s.tables}
	return &s.present
}

// regs are the general registers but ESP.
type regs struct{ ax, bx, cx, dx, si, di, bp reg }

// A reg is a 32-bit register.
type reg uint32

func (r reg) lo() uint8          { return uint8(r) }
func (r reg) hi() uint8          { return uint8(r >> 8) }
func (r reg) w() uint16          { return uint16(r) }
func (r *reg) setLo(v uint8)     { *r = *r&^0xff | reg(v) }
func (r *reg) setHi(v uint8)     { *r = *r&^0xff00 | reg(v)<<8 }
func (r *reg) setW(v uint16)     { *r = *r&^0xffff | reg(v) }
func (r *reg) set(v uint32)      { *r = reg(v) }
func far(seg, off uint16) uint32 { return uint32(seg)<<4 + uint32(off) }

// A call is one call in progress.
type call struct {
	cpu       CPU
	memoryMap func(ram uint64) []Region
	tables    Video
	published []Table

	regs
	es, ds, ss             uint16
	esBase, dsBase, ssBase uint32

	// carry and zero are CF and ZF for the code in the ROM.
	carry, zero bool
	// bell says that BEL was written; posted that a key went into the buffer.
	bell, posted bool
	// pushed is how many bytes the code in the ROM has on the stack above the frame.
	pushed uint32
	fault  x86.Fault // the first; from then on memory and ports are left alone
}

// generalRegs are the registers of regs in its order.
func (c *call) each(f func(r int, v *reg)) {
	f(x86.RAX, &c.ax)
	f(x86.RBX, &c.bx)
	f(x86.RCX, &c.cx)
	f(x86.RDX, &c.dx)
	f(x86.RSI, &c.si)
	f(x86.RDI, &c.di)
	f(x86.RBP, &c.bp)
}

func (c *call) enter() {
	c.each(func(r int, v *reg) { *v = reg(c.cpu.Reg(r)) })
	c.es, c.esBase = c.cpu.Segment(x86.ES)
	c.ds, c.dsBase = c.cpu.Segment(x86.DS)
	c.ss, c.ssBase = c.cpu.Segment(x86.SS)
}

func (c *call) leave() {
	c.each(func(r int, v *reg) { c.cpu.SetReg(r, uint32(*v)) })
	if es, _ := c.cpu.Segment(x86.ES); es != c.es {
		c.cpu.SetSegment(x86.ES, c.es)
	}
	if ds, _ := c.cpu.Segment(x86.DS); ds != c.ds {
		c.cpu.SetSegment(x86.DS, c.ds)
	}
	var f x86.Flags
	if c.carry {
		f |= x86.FlagCF
	}
	if c.zero {
		f |= x86.FlagZF
	}
	c.cpu.SetStatus(x86.FlagCF|x86.FlagZF, f)
}

// load and store access the guest's memory until something faults.
func (c *call) load(la uint32, size int) uint64 {
	if c.fault.Raised {
		return 0
	}
	v, f := c.cpu.Load(la, size)
	c.fault = f
	return v
}

func (c *call) store(la uint32, size int, v uint64) {
	if !c.fault.Raised {
		c.fault = c.cpu.Store(la, size, v)
	}
}

func (c *call) b(la uint32) uint8        { return uint8(c.load(la, 1)) }
func (c *call) w(la uint32) uint16       { return uint16(c.load(la, 2)) }
func (c *call) d(la uint32) uint32       { return uint32(c.load(la, 4)) }
func (c *call) q(la uint32) uint64       { return c.load(la, 8) }
func (c *call) setB(la uint32, v uint8)  { c.store(la, 1, uint64(v)) }
func (c *call) setW(la uint32, v uint16) { c.store(la, 2, uint64(v)) }
func (c *call) setD(la, v uint32)        { c.store(la, 4, uint64(v)) }
func (c *call) setQ(la uint32, v uint64) { c.store(la, 8, v) }

// in and out access byte ports, and others with a size.
func (c *call) in(port uint16) uint8     { return uint8(c.inN(port, 1)) }
func (c *call) out(port uint16, v uint8) { c.outN(port, 1, uint32(v)) }

func (c *call) inN(port uint16, size int) uint32 {
	if c.fault.Raised {
		return ^uint32(0)
	}
	return c.cpu.In(port, size)
}

func (c *call) outN(port uint16, size int, v uint32) {
	if !c.fault.Raised {
		c.cpu.Out(port, size, v)
	}
}

// frame is the address of the flags that the program gets back.
func (c *call) frame() uint32 {
	return c.ssBase + (c.cpu.Reg(x86.RSP)+4+c.pushed)&0xffff
}

// setCF and setZF change the program's flags.
func (c *call) setCF(on bool) { c.setFrame(x86.FlagCF, on) }
func (c *call) setZF(on bool) { c.setFrame(x86.FlagZF, on) }

func (c *call) setFrame(f x86.Flags, on bool) {
	at := c.frame()
	v := c.w(at) &^ uint16(f)
	if on {
		v |= uint16(f)
	}
	c.setW(at, v)
}

// status is how most services end: AH = 0 and CF clear, or a code and CF set.
func (c *call) status(ah uint8) {
	c.ax.setHi(ah)
	c.setCF(ah != 0)
}
