package service

// Diskette drives. Besides what the BIOS data area has, at ebdaFloppy for each drive:
//
//	0  sectors of a track, 0 while the disk is unknown
//	1  heads
//	2  data rate
//	3  1: two steps for a cylinder
const (
	floppySPT    = 0
	floppyHeads  = 1
	floppyRate   = 2
	floppyDouble = 3
	floppySize   = 4 // bytes of a record

	// The operation in progress, after the two records.
	floppySub  = ebdaFloppy + 8  // step of a phase
	floppyCyl  = ebdaFloppy + 9  // where the head is sent
	floppyHead = ebdaFloppy + 10 // of FORMAT
)

func floppyRecord(n uint8) uint32 { return ebdaFloppy + floppySize*uint32(n&1) }

// Drive types in battery-backed memory.
const (
	drive360K = 1
	drive1M2  = 2
	drive720K = 3
	drive1M44 = 4
	drive2M88 = 5
)

// A geometry is the most that a drive type takes.
type geometry struct{ cyls, spt uint8 }

// geometryOf returns the geometry of a drive type; ok is false if there is none.
func geometryOf(kind uint8) (g geometry, ok bool) {
	switch kind {
	case drive360K:
		return geometry{40, 9}, true
	case drive1M2:
		return geometry{80, 15}, true
	case drive720K:
		return geometry{80, 9}, true
	case drive1M44:
		return geometry{80, 18}, true
	case drive2M88:
		return geometry{80, 36}, true
	}
	return geometry{}, false
}

// floppyType is the type of drive n, 0 for none.
func (c *call) floppyType(n uint8) uint8 {
	v := c.cmos(CMOSFloppies)
	switch n {
	case 0:
		return v >> 4
	case 1:
		return v & 15
	}
	return 0
}

// floppies is the number of diskette drives that programs see.
func (c *call) floppies() uint8 {
	e := c.w(bdaEquipment)
	if e&1 == 0 {
		return 0
	}
	return uint8(e>>6&3) + 1
}

// floppy is INT 13h for diskette drive n. CF set lets the code in the ROM step through it.
//
// IBM PC AT Technical Reference, "Diskette I/O".
func (c *call) floppy(n uint8) {
	kind := c.floppyType(n)
	ah := c.ax.hi()
	switch ah {
	case 0x01:
		c.status(c.b(bdaFloppyStat))
		return
	case 0x08:
		c.floppyParameters(n, kind)
		return
	case 0x15:
		c.ax.setHi(bit(0, kind != 0) + bit(0, kind > drive360K)) // none, without and with change line
		c.setCF(false)
		return
	}
	if _, ok := geometryOf(kind); !ok {
		c.absentFloppy(ah)
		return
	}
	switch ah {
	case 0x00:
		c.setB(bdaFloppySeek, c.b(bdaFloppySeek)&0xf0)
		c.startTransfer(transfer{kind: kindFloppy, op: opReset, drive: n, reply: replyStatus})
	case 0x02:
		c.floppyTransfer(opRead, n)
	case 0x03:
		c.floppyTransfer(opWrite, n)
	case 0x04:
		c.floppyTransfer(opVerify, n)
	case 0x05:
		c.floppyFormat(n)
	case 0x16:
		c.startTransfer(transfer{kind: kindFloppy, op: opChanged, drive: n, reply: replyStatus})
	case 0x17:
		c.setDASD(n, kind)
	case 0x18:
		c.setMediaType(n, kind)
	default:
		c.floppyEnd(diskBad)
	}
}

// absentFloppy answers for drives that are not there.
func (c *call) absentFloppy(ah uint8) {
	switch ah {
	case 0x00:
		c.floppyEnd(diskOK)
	case 0x02, 0x03, 0x04, 0x05:
		c.ax.setLo(0)
		c.floppyEnd(diskTimeout)
	case 0x16, 0x17, 0x18:
		c.floppyEnd(diskTimeout)
	default:
		c.floppyEnd(diskBad)
	}
}

// floppyEnd ends a service of the diskettes.
func (c *call) floppyEnd(status uint8) {
	c.setB(bdaFloppyStat, status)
	c.status(status)
}

// diskBase reads byte i of the parameter table at vector 1Eh.
func (c *call) diskBase(i uint32) uint8 {
	p := c.d(4 * 0x1e)
	return c.b(far(uint16(p>>16), uint16(p)) + i)
}

// Bytes of that table.
const (
	dptHUT   = 0 // step rate and head unload time
	dptMotor = 2 // ticks until the motor stops
	dptEOT   = 4 // sectors of a track
	dptGap   = 7 // for formatting
	dptFill  = 8
)

// floppyTransfer starts a transfer by cylinder, head and sector. The sectors of a track
// are known when the disk is; until then reqLBA holds CX and DH.
func (c *call) floppyTransfer(op, n uint8) {
	count, buffer := uint32(c.ax.lo()), c.esBase+uint32(c.bx.w())
	_, head, sector := c.chsRegisters()
	status := uint8(diskOK)
	switch {
	case count == 0 || head > 1 || sector == 0:
		status = diskBad
	case op != opVerify && buffer&0xffff+count*512 > 0x10000:
		status = diskBoundary
	}
	if status != diskOK {
		c.ax.setLo(0)
		c.floppyEnd(status)
		return
	}
	c.startTransfer(transfer{
		kind: kindFloppy, op: op, drive: n, reply: replyCount, unit: 512,
		lba: uint64(c.cx.w()) | head<<16, count: count, buffer: buffer,
	})
}

// floppyFormat is AH = 05h: a track; ES:BX has cylinder, head, number and size of each
// sector.
func (c *call) floppyFormat(n uint8) {
	cyl, head, _ := c.chsRegisters()
	if head > 1 {
		c.floppyEnd(diskBad)
		return
	}
	c.startTransfer(transfer{
		kind: kindFloppy, op: opFormat, drive: n, reply: replyStatus, unit: 4,
		count: uint32(c.diskBase(dptEOT)), buffer: c.esBase + uint32(c.bx.w()),
	})
	c.setB(floppyCyl, uint8(cyl))
	c.setB(floppyHead, uint8(head))
}

// floppyParameters is AH = 08h.
func (c *call) floppyParameters(n, kind uint8) {
	c.ax.setW(0)
	c.bx.setW(0)
	c.cx.setW(0)
	c.dx.setW(uint16(c.floppies()))
	g, ok := geometryOf(kind)
	if !ok {
		c.es, c.di = 0, c.di&^0xffff
		c.setB(bdaFloppyStat, 0)
		c.setCF(n > 1)
		if n > 1 {
			c.floppyEnd(diskBad)
		}
		return
	}
	c.bx.setLo(kind)
	c.cx.setHi(g.cyls - 1)
	c.cx.setLo(g.spt)
	c.dx.setHi(1)
	c.es = romSegment
	c.di.setW(tableOf(kind))
	c.setB(bdaFloppyStat, 0)
	c.setCF(false)
}

// tableOf is where the ROM has the parameter table of a drive type.
func tableOf(kind uint8) uint16 {
	if kind == drive1M44 {
		return entryDPT
	}
	return entry(atTables) + dptSize*uint16(kind-1)
}

const dptSize = 16

// Data rates.
const (
	rate500 = 0
	rate300 = 1
	rate250 = 2
	rate1M  = 3
)

// know sets what is in a drive.
func (c *call) know(n, rate, spt, heads uint8, double bool) {
	r := floppyRecord(n)
	c.setB(r+floppySPT, spt)
	c.setB(r+floppyHeads, heads)
	c.setB(r+floppyRate, rate)
	c.setB(r+floppyDouble, bit(0, double))
	kind := uint8(7)
	switch c.floppyType(n) {
	case drive360K:
		kind = 3
	case drive1M2:
		kind = 5
		if rate != rate500 {
			kind = 4
		}
	}
	c.setB(bdaMedia+uint32(n), rate<<6|bit(5, double)|1<<4|kind)
}

// forget is for disks that were taken out.
func (c *call) forget(n uint8) {
	c.setB(floppyRecord(n)+floppySPT, 0)
	c.setB(bdaMedia+uint32(n), 0)
}

// setDASD is AH = 17h: AL is 1 360K in 360K, 2 360K in 1.2M, 3 1.2M in 1.2M, 4 720K.
func (c *call) setDASD(n, kind uint8) {
	switch al := c.ax.lo(); {
	case al == 1:
		c.know(n, rate250, 9, 2, false)
	case al == 2:
		c.know(n, rate300, 9, 2, true)
	case al == 3:
		c.know(n, rate500, 15, 2, false)
	case al == 4 && kind != drive1M2:
		c.know(n, rate250, 9, 2, false)
	case al == 4:
		c.know(n, rate300, 9, 2, false)
	default:
		c.floppyEnd(diskBad)
		return
	}
	c.floppyEnd(diskOK)
}

// setMediaType is AH = 18h: CH, CL are the last cylinder and sector; ES:DI returns the
// parameter table for formatting.
func (c *call) setMediaType(n, kind uint8) {
	last, spt := c.cx.hi(), c.cx.lo()&63
	rate, table := uint8(rate500), kind
	switch {
	case spt == 9 && last == 39 && kind != drive720K:
		rate, table = rate250, drive360K
	case spt == 9 && last == 79 && kind != drive360K:
		rate, table = rate250, drive720K
	case spt == 15 && last == 79 && (kind == drive1M2 || kind >= drive1M44):
		table = drive1M2
	case spt == 18 && last == 79 && kind >= drive1M44:
		table = drive1M44
	case spt == 36 && last == 79 && kind == drive2M88:
		rate = rate1M
	default:
		c.floppyEnd(diskBadMedia)
		return
	}
	if rate == rate250 && kind == drive1M2 {
		rate = rate300
	}
	c.know(n, rate, spt, 2, last == 39 && kind != drive360K)
	c.es = romSegment
	c.di.setW(tableOf(table))
	c.floppyEnd(diskOK)
}
