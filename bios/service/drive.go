package service

// A drive is a hard disk that power-on found, one of four records at ebdaDrives.
type drive struct {
	Pos     uint8  // 0…3: primary master, …
	Flags   uint8  // driveLBA48
	Cyls    uint16 // as the drive reports
	Heads   uint8
	SPT     uint8
	LCyls   uint16 // as programs see them; at most 1024
	LHeads  uint16 // at most 255
	LSPT    uint8
	Sectors uint64
}

const driveLBA48 = 1 << 0

const driveSize = 32 // bytes of a record

// drive reads record n.
func (c *call) drive(n uint8) drive {
	at := ebdaDrives + driveSize*uint32(n&3)
	return drive{
		Pos: c.b(at) & 3, Flags: c.b(at + 1), Cyls: c.w(at + 2), Heads: c.b(at + 4), SPT: c.b(at + 5),
		LCyls: c.w(at + 6), LHeads: c.w(at + 8), LSPT: c.b(at + 10), Sectors: c.q(at + 16),
	}
}

// setDrive writes record n.
func (c *call) setDrive(n uint8, d drive) {
	at := ebdaDrives + driveSize*uint32(n&3)
	c.setB(at, d.Pos)
	c.setB(at+1, d.Flags)
	c.setW(at+2, d.Cyls)
	c.setB(at+4, d.Heads)
	c.setB(at+5, d.SPT)
	c.setW(at+6, d.LCyls)
	c.setW(at+8, d.LHeads)
	c.setB(at+10, d.LSPT)
	c.setQ(at+16, d.Sectors)
}

// translate chooses the geometry that programs see: the drive's own where it fits into
// INT 13h, else 63 sectors and as many heads as are needed.
func (d *drive) translate() {
	d.LCyls, d.LHeads, d.LSPT = d.Cyls, uint16(d.Heads), d.SPT
	own := uint64(d.Cyls) * uint64(d.Heads) * uint64(d.SPT)
	if d.Cyls <= 1024 && own != 0 && own+uint64(d.Heads)*uint64(d.SPT) > d.Sectors {
		return
	}
	tracks := d.Sectors / 63
	d.LHeads, d.LSPT = 255, 63
	for _, h := range []uint16{16, 32, 64, 128} {
		if tracks <= uint64(h)*1024 {
			d.LHeads = h
			break
		}
	}
	d.LCyls = uint16(max(min(d.Sectors/(uint64(d.LHeads)*63), 1024), 1))
}

// disks is the number of hard disks that programs see; hardDisks of those that are there.
func (c *call) disks() uint8 { return min(c.b(bdaDisks), 5) }

func (c *call) hardDisks() uint8 {
	n := c.disks()
	if c.emuHard() && n > 0 {
		n--
	}
	return min(n, 4)
}
