package service

import "encoding/binary"

// CD-ROM drives, by INT 13h from E0h on with blocks of 2048 bytes. At ebdaCDs:
//
//	0     how many there are, at most 4
//	1…4   their positions
//	5…8   how often each is locked
const (
	cdCount = ebdaCDs
	cdPos   = ebdaCDs + 1
	cdLocks = ebdaCDs + 5
)

// firstCD is the drive number of the first CD-ROM drive.
const firstCD = 0xe0

func (c *call) cds() uint8 { return min(c.b(cdCount), 4) }

// addCD notes a drive that power-on found.
func (c *call) addCD(pos uint8) {
	n := c.cds()
	if n == 4 {
		return
	}
	c.setB(cdPos+uint32(n), pos)
	c.setB(cdCount, n+1)
	c.print("CD-ROM " + string('0'+rune(n)) + "\r\n")
}

// cdrom is INT 13h for CD-ROM drive n.
//
// Phoenix EDD 3.0; El Torito 1.0 for AH = 4Bh.
func (c *call) cdrom(n uint8) {
	switch ah := c.ax.hi(); ah {
	case 0x00, 0x09, 0x0c, 0x0d, 0x10, 0x11, 0x14, 0x47:
		c.diskEnd(diskOK)
	case 0x01:
		c.lastStatus()
	case 0x15: // unknown to this function: AH = 0 would be absent
		c.ax.setHi(2) // a changeable medium
		c.setB(bdaDiskStatus, 0)
		c.setCF(false)
	case 0x41:
		c.eddCheck(7)
	case 0x42:
		c.cdTransfer(opRead, n)
	case 0x44:
		c.cdTransfer(opVerify, n)
	case 0x03, 0x43:
		c.diskEnd(diskProtected)
	case 0x45:
		c.cdLocking(n)
	case 0x46:
		if c.b(cdLocks+uint32(n)) != 0 {
			c.diskEnd(diskLocked)
			return
		}
		c.cdCommand(opEject, n, 0)
	case 0x48:
		c.cdGetParameters(n)
	case 0x49:
		c.cdCommand(opChanged, n, 0)
	case 0x4e:
		c.setHardware()
	default:
		c.diskEnd(diskBad)
	}
}

// cdTransfer reads as the packet at DS:SI says.
func (c *call) cdTransfer(op, n uint8) {
	p, ok := c.packet()
	if !ok {
		c.diskEnd(diskBad)
		return
	}
	c.startTransfer(transfer{
		kind: kindATAPI, op: op, drive: c.b(cdPos + uint32(n)), reply: replyPacket, unit: cdBlock,
		lba: p.lba, count: uint32(p.count), buffer: p.buffer, high: p.high,
	})
}

// cdCommand starts a command without data.
func (c *call) cdCommand(op, n, arg uint8) {
	c.startTransfer(transfer{kind: kindATAPI, op: op, drive: c.b(cdPos + uint32(n)), reply: replyStatus})
	c.setB(reqArg, arg)
}

// cdLocking is AH = 45h: AL = 0 locks, 1 unlocks, 2 asks.
func (c *call) cdLocking(n uint8) {
	at := cdLocks + uint32(n)
	locks := c.b(at)
	switch al := c.ax.lo(); {
	case al == 0 && locks == 0xff:
		c.diskEnd(0xb4) // lock count exceeded
	case al == 0:
		c.setB(at, locks+1)
		c.ax.setLo(1)
		c.cdCommand(opLock, n, 1)
	case al == 1 && locks == 0:
		c.ax.setLo(0)
		c.diskEnd(0xb0) // not locked
	case al == 1:
		c.setB(at, locks-1)
		c.ax.setLo(bit(0, locks > 1))
		c.cdCommand(opLock, n, bit(0, locks > 1))
	case al == 2:
		c.ax.setLo(bit(0, locks != 0))
		c.diskEnd(diskOK)
	default:
		c.diskEnd(diskBad)
	}
}

// cdGetParameters is AH = 48h; the drive is asked how large the disc is.
func (c *call) cdGetParameters(n uint8) {
	if c.w(c.dsBase+uint32(c.si.w())) < 26 {
		c.diskEnd(diskBad)
		return
	}
	c.startTransfer(transfer{kind: kindATAPI, op: opCapacity, drive: c.b(cdPos + uint32(n)), reply: replyParameters})
}

// EDD flags of a drive.
const (
	eddGeometry  = 1 << 1
	eddRemovable = 1 << 2
	eddChange    = 1 << 4
	eddLockable  = 1 << 5
	eddNoMedium  = 1 << 6
)

// cdParameters fills the buffer of AH = 48h when the size is known, or when there is none.
func (c *call) cdParameters(status uint8) {
	at := c.dsBase + uint32(c.si.w())
	blocks, flags := ^uint64(0), uint16(eddRemovable|eddChange|eddLockable)
	if status == diskOK {
		last := c.bytes(ebdaPacket, 4)
		blocks = uint64(binary.BigEndian.Uint32(last)) + 1
	} else {
		flags |= eddNoMedium
	}
	pos := c.cdPosition()
	c.eddFill(at, eddInfo{flags: flags, sectors: blocks, unit: cdBlock, pos: pos, dpte: dpteATAPI | dpteRemovable})
}
