package service

// edd is the extensions of INT 13h: hard disks by 64-bit block number.
//
// Phoenix Enhanced Disk Drive Specification 3.0.
func (c *call) edd(ah, n uint8, d *drive) {
	switch ah {
	case 0x41: // installation check
		c.eddCheck(7) // fixed disk access, locking and ejecting, EDD
	case 0x42:
		c.eddTransfer(opRead, n, d)
	case 0x43:
		if c.ax.lo() > 2 {
			c.diskEnd(diskBad)
			return
		}
		c.eddTransfer(opWrite, n, d)
	case 0x44:
		c.eddTransfer(opVerify, n, d)
	case 0x47:
		c.diskEnd(diskOK)
	case 0x48:
		c.eddParameters(d)
	case 0x49: // media change: not removable
		c.diskEnd(diskChanged)
	case 0x4e:
		c.setHardware()
	default: // 45h lock, 46h eject
		c.diskEnd(diskFixed)
	}
}

// eddCheck is AH = 41h.
func (c *call) eddCheck(subsets uint16) {
	if c.bx.w() != 0x55aa {
		c.diskEnd(diskBad)
		return
	}
	c.bx.setW(0xaa55)
	c.cx.setW(subsets)
	c.diskEnd(diskOK)
	c.ax.setHi(0x30) // EDD 3.0
}

// setHardware is AH = 4Eh: prefetch, DMA and PIO modes stay as they are.
func (c *call) setHardware() {
	if al := c.ax.lo(); al == 1 || al == 3 || al == 4 || al == 6 {
		c.ax.setLo(0)
		c.diskEnd(diskOK)
		return
	}
	c.diskEnd(diskBad)
}

// A packet is a disk address packet.
type packet struct {
	count  uint16
	lba    uint64
	buffer uint32
	high   bool // beyond the first MiB
}

// packet reads the one at DS:SI: size, count, buffer (far, or FFFF:FFFF and a flat address
// that follows), block number.
func (c *call) packet() (p packet, ok bool) {
	at := c.dsBase + uint32(c.si.w())
	size, buffer := c.b(at), c.d(at+4)
	p = packet{count: c.w(at + 2), lba: c.q(at + 8), buffer: far(uint16(buffer>>16), uint16(buffer))}
	if buffer == 0xffffffff && size >= 24 {
		flat := c.q(at + 16)
		p.buffer, p.high = uint32(flat), true
		return p, flat < 1<<32-uint64(p.count)<<11
	}
	return p, size >= 16
}

// eddTransfer starts a transfer described by the packet at DS:SI.
func (c *call) eddTransfer(op, n uint8, d *drive) {
	p, ok := c.packet()
	if !ok || p.lba >= d.Sectors || uint64(p.count) > d.Sectors-p.lba {
		c.setW(c.dsBase+uint32(c.si.w())+2, 0)
		c.diskEnd(diskBad)
		return
	}
	c.startTransfer(transfer{
		kind: kindATA, op: op, drive: n, reply: replyPacket, unit: 512,
		lba: p.lba, count: uint32(p.count), buffer: p.buffer, high: p.high,
	})
}

// eddInfo is what AH = 48h says.
type eddInfo struct {
	flags            uint16
	cyls, heads, spt uint32
	sectors          uint64
	unit             uint16
	pos              uint8
	dpte             uint16 // option flags of the table; 0: there is none
}

// Option flags of the device parameter table extension.
const (
	dpteTranslated = 1 << 3
	dpteLBA        = 1 << 4
	dpteRemovable  = 1 << 5
	dpteATAPI      = 1 << 6
)

// eddParameters is AH = 48h for a hard disk.
func (c *call) eddParameters(d *drive) {
	i := eddInfo{
		cyls: uint32(d.Cyls), heads: uint32(d.Heads), spt: uint32(d.SPT),
		sectors: d.Sectors, unit: 512, pos: d.Pos, dpte: dpteLBA,
	}
	if d.Cyls != 0 {
		i.flags = eddGeometry
	}
	if d.LCyls != d.Cyls || d.LHeads != uint16(d.Heads) || d.LSPT != d.SPT {
		i.dpte |= dpteTranslated
	}
	c.eddFill(c.dsBase+uint32(c.si.w()), i)
}

// eddFill fills the buffer at at as far as it is large.
func (c *call) eddFill(at uint32, i eddInfo) {
	size := c.w(at)
	if size < 26 {
		c.diskEnd(diskBad)
		return
	}
	c.setW(at, 26)
	c.setW(at+2, i.flags)
	c.setD(at+4, i.cyls)
	c.setD(at+8, i.heads)
	c.setD(at+12, i.spt)
	c.setQ(at+16, i.sectors)
	c.setW(at+24, i.unit)
	if size >= 30 {
		c.setW(at, 30)
		c.setD(at+26, 0xffffffff)
		if i.dpte != 0 {
			c.setDPTE(&i)
			c.setD(at+26, ebdaSegment<<16|(ebdaDPTE-ebda))
		}
	}
	if size >= 66 && i.dpte != 0 {
		c.eddPath(at, i.pos)
	}
	c.diskEnd(diskOK)
}

// setDPTE writes the device parameter table extension.
func (c *call) setDPTE(i *eddInfo) {
	at := uint32(ebdaDPTE)
	c.zeroFill(at, 16)
	c.setW(at, ataBase(i.pos))
	c.setW(at+2, ataControl(i.pos))
	c.setB(at+4, 0xe0|i.pos&1<<4)
	c.setB(at+6, 14+i.pos>>1)
	c.setB(at+7, 1) // sectors per block
	c.setW(at+10, i.dpte)
	c.setB(at+14, 0x11)
	c.setB(at+15, c.checksum(at, 15))
}

// eddPath writes where the drive is: PCI device 0:1.1, an ATA channel, master or slave.
func (c *call) eddPath(at uint32, pos uint8) {
	c.setW(at, 66)
	c.zeroFill(at+30, 36)
	c.setW(at+30, 0xbedd)
	c.setB(at+32, 36)
	c.put(at+36, []byte("PCI ATA     "))
	c.put(at+48, []byte{0, 1, 1, pos >> 1})
	c.setB(at+56, pos&1)
	c.setB(at+65, c.checksum(at+30, 35))
}

// checksum is the byte that makes the sum of n bytes and itself 0.
func (c *call) checksum(at uint32, n int) (sum uint8) {
	for _, v := range c.bytes(at, n) {
		sum -= v
	}
	return sum
}
