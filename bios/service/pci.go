package service

import "github.com/glassbox-vm/glassbox/bios/rom"

// A pciAddr is a function in configuration address form: bus 23:16, device 15:11,
// function 10:8.
type pciAddr uint32

func (c *call) pciRead(a pciAddr, off uint8, size int) uint32 {
	c.outN(0xcf8, 4, 1<<31|uint32(a)|uint32(off)&0xfc)
	return c.inN(0xcfc+uint16(off&3), size)
}

func (c *call) pciWrite(a pciAddr, off uint8, size int, v uint32) {
	c.outN(0xcf8, 4, 1<<31|uint32(a)|uint32(off)&0xfc)
	c.outN(0xcfc+uint16(off&3), size, v)
}

// pciFunctions calls f for every function of bus 0 until it returns false.
func (c *call) pciFunctions(f func(a pciAddr) bool) {
	for dev := range pciAddr(32) {
		for fn := range pciAddr(8) {
			a := dev<<11 | fn<<8
			if c.pciRead(a, 0, 2) == 0xffff {
				if fn == 0 {
					break
				}
				continue
			}
			if !f(a) {
				return
			}
			if fn == 0 && c.pciRead(a, 0x0e, 1)&0x80 == 0 {
				break
			}
		}
	}
}

// Where power-on places the windows of PCI devices.
const (
	pciIOBase  = 0xc040
	pciMemBase = 0xe0000000
	pciMemEnd  = 0xfec00000
)

// pciSetup lets RAM answer at C0000h-EFFFFh, places the windows of all devices, routes
// interrupts and enables the disks' channels.
func (c *call) pciSetup() {
	for off := uint8(pamC0000); off <= 0x5f; off++ {
		c.pciWrite(0, off, 1, pamRAM)
	}
	io, mem := uint64(pciIOBase), uint64(pciMemBase)
	c.pciFunctions(func(a pciAddr) bool {
		if c.pciRead(a, 0x0e, 1)&0x7f == 0 {
			c.placeBARs(a, &io, &mem)
			c.routePin(a)
		}
		switch id := c.pciRead(a, 0, 4); id {
		case 0x70008086, 0x71108086: // ISA bridge
			for i, irq := range pirqs {
				c.pciWrite(a, uint8(0x60+i), 1, uint32(irq))
			}
			c.out(0x4d0, 0)
			c.out(0x4d1, 0x0c) // 10 and 11 are levels
		case 0x70108086, 0x71118086: // IDE
			c.pciWrite(a, 0x40, 2, 0xa307)
			c.pciWrite(a, 0x42, 2, 0xa307)
		case pciPowerManagement:
			c.pciWrite(a, 0x40, 4, powerPorts|1)
			c.pciWrite(a, 0x80, 1, 1) // the ports answer
			c.pciWrite(a, 0x3c, 1, 9) // SCI
		}
		return true
	})
}

// The power management of a PIIX4, and where power-on places its ports.
const (
	pciPowerManagement = 0x71138086
	powerPorts         = 0x600
)

// pirqs are the interrupt lines that PIRQA#…PIRQD# are routed to.
var pirqs = [4]uint8{10, 10, 11, 11}

// placeBARs sizes and places the base address registers of a function and enables it.
func (c *call) placeBARs(a pciAddr, io, mem *uint64) {
	command := c.pciRead(a, 4, 2)
	c.pciWrite(a, 4, 2, command&^3)
	for off := uint8(0x10); off < 0x28; off += 4 {
		c.pciWrite(a, off, 4, 0xffffffff)
		v := c.pciRead(a, off, 4)
		next, limit, mask := mem, uint64(pciMemEnd), v&^15
		if v&1 != 0 {
			next, limit, mask = io, 1<<16, v&^3|0xffff0000
		}
		if v == 0 || v == 0xffffffff {
			c.pciWrite(a, off, 4, 0)
			continue
		}
		size := uint64(-mask)
		at := (*next + size - 1) &^ (size - 1)
		if at+size > limit {
			c.pciWrite(a, off, 4, 0)
			continue
		}
		c.pciWrite(a, off, 4, uint32(at))
		*next = at + size
		if v&1 != 0 {
			command |= 1
		} else {
			command |= 2
			if v&6 == 4 { // 64 bits
				off += 4
				c.pciWrite(a, off, 4, 0)
			}
		}
	}
	if c.pciRead(a, 0x0a, 2) == 0x0101 { // IDE: fixed ports and bus master
		command |= 5
	}
	c.pciWrite(a, 4, 2, command)
}

// routePin tells a function which line its interrupt pin reaches.
func (c *call) routePin(a pciAddr) {
	pin := c.pciRead(a, 0x3d, 1)
	if pin == 0 || pin > 4 {
		return
	}
	slot := uint32(a >> 11 & 31)
	c.pciWrite(a, 0x3c, 1, uint32(pirqs[(slot+pin-2)&3]))
}

// PCI BIOS return codes.
const (
	pciOK          = 0x00
	pciUnsupported = 0x81
	pciBadVendor   = 0x83
	pciNotFound    = 0x86
	pciBadRegister = 0x87
	pciSetFailed   = 0x88
	pciBufferSmall = 0x89
)

// pciBIOS serves AH = B1h in registers, for INT 1Ah and the 32-bit entry; CF and AH are
// set for the caller of the 32-bit one.
//
// PCI BIOS Specification 2.1.
func (c *call) pciBIOS() {
	st := c.pciFunction()
	c.ax.setHi(st)
	c.carry = st != pciOK
}

func (c *call) pciFunction() uint8 {
	a := pciAddr(c.bx.w()) << 8
	off := uint8(c.di)
	switch al := c.ax.lo() & 0x7f; al {
	case 0x01: // present
		c.ax.setLo(1) // configuration mechanism 1
		c.bx.setW(0x0210)
		c.cx.setLo(0) // last bus
		c.dx.set('P' | 'C'<<8 | 'I'<<16 | ' '<<24)
		return pciOK
	case 0x02: // find by vendor and device
		want := uint32(c.cx.w())<<16 | uint32(c.dx.w())
		if c.dx.w() == 0xffff {
			return pciBadVendor
		}
		return c.pciFind(0, want, ^uint32(0))
	case 0x03: // find by class
		return c.pciFind(8, uint32(c.cx)<<8, 0xffffff00)
	case 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d:
		size := 1 << ((al - 8) % 3)
		switch {
		case c.di.w() > 0xff || int(off)&(size-1) != 0:
			return pciBadRegister
		case al >= 0x0b:
			c.pciWrite(a, off, size, uint32(c.cx))
		case size == 1:
			c.cx.setLo(uint8(c.pciRead(a, off, 1)))
		case size == 2:
			c.cx.setW(uint16(c.pciRead(a, off, 2)))
		default:
			c.cx.set(c.pciRead(a, off, 4))
		}
		return pciOK
	case 0x06: // special cycle: nobody listens
		return pciOK
	case 0x0e:
		return c.pciRouting()
	case 0x0f:
		return c.pciRoute(a, c.cx.lo()-0x0a, c.cx.hi())
	}
	return pciUnsupported
}

// pciRouting is AL = 0Eh: the slots of the $PIR table go to the buffer that ES:EDI
// describes: its size in bytes and a far pointer to it.
//
// PCI BIOS Specification 2.1, "Get PCI Interrupt Routing Options".
func (c *call) pciRouting() uint8 {
	table := c.findTable('$' | 'P'<<8 | 'I'<<16 | 'R'<<24)
	if table == 0 {
		return pciUnsupported
	}
	at, n := c.esBase+c.pointer(c.di), c.w(table+6)-32
	buffer := far(c.w(at+4), c.w(at+2))
	if c.protected() {
		buffer = c.esBase + c.d(at+2)
	}
	room := c.w(at)
	c.setW(at, n)
	c.bx.setW(c.w(table + 12)) // lines that only PCI has
	if room < n {
		return pciBufferSmall
	}
	c.put(buffer, c.bytes(table+32, int(min(n, 512))))
	return pciOK
}

// findTable looks for a signature in the room of the ROM for tables.
func (c *call) findTable(signature uint32) uint32 {
	for at := uint32(romSegment<<4 + rom.Tables); at < romSegment<<4+rom.Tables+rom.TablesSize; at += 16 {
		if c.d(at) == signature {
			return at
		}
	}
	return 0
}

// protected says whether the call came from protected mode; pointer is as much of a register
// as an address takes then.
func (c *call) protected() bool { return !c.cpu.Real() }

func (c *call) pointer(r reg) uint32 {
	if c.protected() {
		return uint32(r)
	}
	return uint32(r.w())
}

// pciRoute is AL = 0Fh: interrupt pin 0…3 of a function gets a line.
func (c *call) pciRoute(a pciAddr, pin, irq uint8) uint8 {
	if pin > 3 || irq > 15 || 0xdef8>>irq&1 == 0 {
		return pciSetFailed
	}
	st := uint8(pciSetFailed)
	c.pciFunctions(func(isa pciAddr) bool {
		if id := c.pciRead(isa, 0, 4); id != 0x70008086 && id != 0x71108086 {
			return true
		}
		slot := uint8(a >> 11 & 31)
		c.pciWrite(isa, 0x60+(slot+pin-1)&3, 1, uint32(irq))
		level := uint16(0x4d0 + uint16(irq>>3))
		c.out(level, c.in(level)|1<<(irq&7))
		st = pciOK
		return false
	})
	return st
}

// pciFind looks for the SI-th function whose dword at off is want in the bits of mask.
func (c *call) pciFind(off uint8, want, mask uint32) uint8 {
	left, st := c.si.w(), uint8(pciNotFound)
	c.pciFunctions(func(a pciAddr) bool {
		if (c.pciRead(a, off, 4)^want)&mask != 0 {
			return true
		}
		if left > 0 {
			left--
			return true
		}
		c.bx.setW(uint16(a >> 8))
		st = pciOK
		return false
	})
	return st
}

// bios32 is the BIOS32 service directory: where the service named in EAX is.
//
// Standard BIOS 32-bit Service Directory Proposal.
func (c *call) bios32() {
	switch {
	case c.bx.lo() != 0:
		c.ax.setLo(0x81)
	case c.ax == '$'|'P'<<8|'C'<<16|'I'<<24:
		c.ax.setLo(0)
		c.bx.set(romSegment << 4)
		c.cx.set(0x10000)
		c.dx.set(uint32(entry(atPCI32)))
	default:
		c.ax.setLo(0x80)
	}
}
