package service

// equipment is INT 11h.
func (c *call) equipment() { c.ax.setW(c.w(bdaEquipment)) }

// memory is INT 12h.
func (c *call) memory() { c.ax.setW(c.w(bdaMemory)) }

// unsupported is how INT 15h answers what it does not have.
func (c *call) unsupported() {
	c.ax.setHi(0x86)
	c.setCF(true)
}

// system is INT 15h. CF set lets the code in the ROM wait.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "System Services"; ACPI for E820h;
// Intel/Microsoft APM BIOS Specification 1.2 for 53h.
func (c *call) system() {
	switch c.ax.hi() {
	case 0x24:
		c.gateA20()
	case 0x4f: // keyboard intercept: nobody changed it
		c.setCF(true)
	case 0x52, 0x80, 0x81, 0x82, 0x90, 0x91, 0x85: // nothing to do
		c.status(0)
	case 0x53:
		c.setCF(c.apm())
	case 0x83:
		c.eventWait()
	case 0x86:
		if !c.startWait(0x40, bdaWaitFlag-0x400, uint32(c.cx.w())<<16|uint32(c.dx.w())) {
			c.ax.setHi(0x83)
			c.setCF(true)
			return
		}
		c.carry = true
	case 0x87:
		c.moveBlock()
	case 0x88:
		c.ax.setW(uint16(min(c.extended()>>10, 0xffff)))
		c.setCF(false)
	case 0xc0:
		c.es = romSegment
		c.bx.setW(entryConfig)
		c.status(0)
	case 0xc1:
		c.es = c.w(bdaEBDA)
		c.setCF(false)
	case 0xc2:
		c.pointing()
	case 0xe8:
		c.memorySizes()
	default:
		c.unsupported()
	}
}

// gateA20 is AH = 24h, by port 92h.
func (c *call) gateA20() {
	v := c.in(0x92)
	switch c.ax.lo() {
	case 0:
		c.out(0x92, v&^3)
		c.out(0x64, 0xdd) // the keyboard controller's way is closed as well
	case 1:
		c.out(0x92, v&^1|2)
	case 2:
		c.ax.setLo(bit(0, c.openA20()))
	case 3:
		c.bx.setW(3) // keyboard controller and port 92h
	default:
		c.unsupported()
		return
	}
	c.status(0)
}

// openA20 says whether addresses beyond 1 MiB are others than those from 0.
func (c *call) openA20() bool {
	const low, high = 0x4f0, 0x1004f0 // communication between programs
	old := c.b(low)
	if c.b(high) != old {
		return true
	}
	c.setB(low, ^old)
	same := c.b(high) != old
	c.setB(low, old)
	return !same
}

// eventWait is AH = 83h.
func (c *call) eventWait() {
	switch c.ax.lo() {
	case 0:
		if !c.startWait(c.es, c.bx.w(), uint32(c.cx.w())<<16|uint32(c.dx.w())) {
			c.unsupported()
			return
		}
	case 1:
		c.setB(bdaWaitFlag, 0)
		c.setCMOS(0x0b, c.cmos(0x0b)&^rtcPIE)
	default:
		c.unsupported()
		return
	}
	c.status(0)
}

// moveBlock is AH = 87h: CX words between two physical addresses, in descriptors 2 and 3 of
// the table at ES:SI. A service sees linear addresses; without paging they are the same.
func (c *call) moveBlock() {
	table := c.esBase + uint32(c.si.w())
	base := func(at uint32) uint32 {
		return c.d(at+2)&0xffffff | uint32(c.b(at+7))<<24
	}
	from, to := base(table+16), base(table+24)
	n := uint32(c.cx.w())
	if n > 0x8000 {
		c.ax.setHi(2)
		c.setCF(true)
		return
	}
	gate := c.in(0x92)
	c.out(0x92, gate&^1|2)
	p := make([]byte, 2*n)
	for i := range n {
		v := c.w(from + 2*i)
		p[2*i], p[2*i+1] = byte(v), byte(v>>8)
	}
	for i := range n {
		c.setW(to+2*i, uint16(p[2*i])|uint16(p[2*i+1])<<8)
	}
	c.out(0x92, gate&^1)
	c.status(0)
	c.setZF(true)
}

// memorySizes is AH = E8h: AL = 01h and 81h sizes, 20h the memory map.
func (c *call) memorySizes() {
	low, high := c.ram()
	switch c.ax.lo() {
	case 0x01, 0x81:
		top := c.extended() + 1<<20
		k := uint32(min(top>>10-1024, 15*1024))
		m := uint32((max(top, 16<<20) - 16<<20) >> 16)
		if c.ax.lo() == 0x01 {
			c.ax.setW(uint16(k))
			c.bx.setW(uint16(m))
			c.cx.setW(uint16(k))
			c.dx.setW(uint16(m))
		} else {
			c.ax.set(k)
			c.bx.set(m)
			c.cx.set(k)
			c.dx.set(m)
		}
		c.setCF(false)
	case 0x20:
		c.e820(low + high)
	default:
		c.unsupported()
	}
}

const smap = 'P' | 'A'<<8 | 'M'<<16 | 'S'<<24

// e820 is the memory map, one entry a call; EBX is the number of the entry.
func (c *call) e820(ram uint64) {
	regions := c.memoryMap(ram)
	i := uint32(c.bx)
	if uint32(c.dx) != smap || uint32(c.cx) < 20 || i >= uint32(len(regions)) {
		c.unsupported()
		return
	}
	at, r := c.esBase+uint32(c.di.w()), regions[i]
	c.setQ(at, r.Start)
	c.setQ(at+8, r.Size)
	c.setD(at+16, r.Kind)
	c.ax.set(smap)
	c.cx.set(20)
	if i++; i == uint32(len(regions)) {
		i = 0
	}
	c.bx.set(i)
	c.setCF(false)
}

// powerOff enters S5 through the power management of a PIIX4, if there is one.
func (c *call) powerOff() {
	c.pciFunctions(func(a pciAddr) bool {
		if c.pciRead(a, 0, 4) != pciPowerManagement {
			return true
		}
		base := uint16(c.pciRead(a, 0x40, 4)) &^ 0x3f
		c.outN(base+4, 2, 1<<13)
		return false
	})
}
