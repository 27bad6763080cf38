package service

// Identifying the drives of the two IDE channels, one poll at a time: the code in the ROM
// calls probe until CF is clear. The state at ebdaProbe:
//
//	0  position 0…3
//	1  phase: 0 select, 1 wait to be ready, 2 IDENTIFY runs, 3 sector 0 is being read
//	2  polls left, 2 words (32 bits)
const (
	probePos   = ebdaProbe
	probePhase = ebdaProbe + 1
	probePolls = ebdaProbe + 4
)

const (
	phaseSelect = iota
	phaseReady
	phaseIdentify
	phaseSector
)

// probeLimit is how often a drive is asked before it is given up: some seconds.
const probeLimit = 1 << 20

// ATA status and commands.
const (
	ataBSY = 1 << 7
	ataDF  = 1 << 5
	ataDRQ = 1 << 3
	ataERR = 1 << 0

	ataIdentify    = 0xec
	ataRead        = 0x20
	ataReadExt     = 0x24
	ataWrite       = 0x30
	ataWriteExt    = 0x34
	ataVerify      = 0x40
	ataVerifyExt   = 0x42
	ataControlIdle = 0x08
	ataNoInterrupt = 0x0a
)

// ataBase and ataControl are the ports of a position 0…3.
func ataBase(pos uint8) uint16    { return [2]uint16{0x1f0, 0x170}[pos>>1&1] }
func ataControl(pos uint8) uint16 { return [2]uint16{0x3f6, 0x376}[pos>>1&1] }
func ataDevice(pos uint8) uint8   { return 0xa0 | pos&1<<4 }

func (c *call) startProbe() {
	c.setB(probePos, 0)
	c.setB(probePhase, phaseSelect)
}

// nextProbe goes on with the next position; it says by CF whether there is one.
func (c *call) nextProbe() {
	pos := c.b(probePos) + 1
	c.setB(probePos, pos)
	c.setB(probePhase, phaseSelect)
	c.carry = pos < 4
}

// probe does one step.
func (c *call) probe() {
	pos := c.b(probePos)
	base := ataBase(pos)
	c.carry = true
	if phase := c.b(probePhase); phase == phaseSelect {
		c.out(ataControl(pos), ataNoInterrupt)
		c.out(base+6, ataDevice(pos))
		c.setD(probePolls, probeLimit)
		c.setB(probePhase, phaseReady)
		return
	}
	polls := c.d(probePolls)
	c.setD(probePolls, polls-1)
	st := c.in(base + 7)
	switch {
	case st == 0xff || st == 0x7f || polls == 0:
		c.nextProbe()
		return
	case st&ataBSY != 0:
		return
	}
	switch c.b(probePhase) {
	case phaseReady:
		if st == 0 && !c.packetDrive(base) || c.in(base+6)&0x10 != ataDevice(pos)&0x10 {
			c.nextProbe()
			return
		}
		c.out(base+7, ataIdentify)
		c.setB(probePhase, phaseIdentify)
	case phaseIdentify:
		c.identified(pos, st)
	case phaseSector:
		if st&ataERR == 0 && st&ataDRQ != 0 {
			c.guessGeometry(c.b(bdaDisks)-1, c.pioSector(base))
		}
		c.finishDrive(pos)
	}
}

// packetDrive says whether the signature of a packet drive can be seen.
func (c *call) packetDrive(base uint16) bool { return c.in(base+4) == 0x14 && c.in(base+5) == 0xeb }

// pioSector reads the 256 words that a drive has ready.
func (c *call) pioSector(base uint16) (p [512]byte) {
	for i := 0; i < len(p); i += 2 {
		v := c.inN(base, 2)
		p[i], p[i+1] = byte(v), byte(v>>8)
	}
	return p
}

// identified takes the answer to IDENTIFY DEVICE and asks for the first sector.
func (c *call) identified(pos, st uint8) {
	base := ataBase(pos)
	if st&(ataERR|ataDF) != 0 || st&ataDRQ == 0 {
		if st&ataERR != 0 && c.packetDrive(base) {
			c.out(ataControl(pos), ataControlIdle)
			c.addCD(pos)
		}
		c.nextProbe()
		return
	}
	p := c.pioSector(base)
	word := func(i int) uint64 { return uint64(p[2*i]) | uint64(p[2*i+1])<<8 }
	d := drive{
		Pos:     pos,
		Cyls:    uint16(word(1)),
		Heads:   uint8(word(3)),
		SPT:     uint8(word(6)),
		Sectors: word(60) | word(61)<<16,
	}
	if word(83)&(1<<10) != 0 {
		d.Flags |= driveLBA48
		d.Sectors = word(100) | word(101)<<16 | word(102)<<32 | word(103)<<48
	}
	if d.Sectors == 0 || word(49)&(1<<9) == 0 {
		c.nextProbe()
		return
	}
	d.translate()
	n := c.b(bdaDisks)
	c.setDrive(n, d)
	c.setB(bdaDisks, n+1)
	for i, v := range []uint8{1, 0, 0, 0, 0x40 | ataDevice(pos)} {
		c.out(base+2+uint16(i), v)
	}
	c.out(base+7, ataRead)
	c.setB(probePhase, phaseSector)
}

// guessGeometry takes heads and sectors from the first partition entry that says where it
// ends: whoever made the disk knew them.
func (c *call) guessGeometry(n uint8, mbr [512]byte) {
	if mbr[510] != 0x55 || mbr[511] != 0xaa {
		return
	}
	d := c.drive(n)
	for e := mbr[0x1be:0x1fe]; len(e) >= 16; e = e[16:] {
		heads, spt := uint16(e[5])+1, e[6]&63
		if e[12]|e[13]|e[14]|e[15] == 0 || e[5] == 0 || spt == 0 || e[0]&0x7f != 0 {
			continue
		}
		if cyls := d.Sectors / (uint64(heads) * uint64(spt)); cyls >= 1 {
			d.LHeads, d.LSPT, d.LCyls = min(heads, 255), spt, uint16(min(cyls, 1024))
			c.setDrive(n, d)
		}
		return
	}
}

// finishDrive writes the tables about the drive found last and says what it is.
func (c *call) finishDrive(pos uint8) {
	n := c.b(bdaDisks) - 1
	d := c.drive(n)
	if n < 2 {
		c.setFDPT(ebdaFDPT+16*uint32(n), &d)
	}
	c.print("Disk " + string('0'+rune(n)) + ": ")
	c.printNumber(d.Sectors >> 11)
	c.print(" MiB\r\n")
	c.out(ataControl(pos), ataControlIdle)
	c.nextProbe()
}

// setFDPT writes a fixed disk parameter table: plain where the geometry is the drive's, or
// translated, marked A0h.
func (c *call) setFDPT(at uint32, d *drive) {
	c.zeroFill(at, 16)
	c.setW(at, d.LCyls)
	c.setB(at+2, uint8(d.LHeads))
	c.setW(at+5, 0xffff) // no precompensation
	c.setB(at+8, 0xc0|bit(3, d.LHeads > 8))
	c.setW(at+12, d.LCyls)
	c.setB(at+14, d.LSPT)
	if d.LCyls != d.Cyls || d.LHeads != uint16(d.Heads) || d.LSPT != d.SPT {
		c.setB(at+3, 0xa0)
		c.setB(at+4, d.SPT)
		c.setW(at+9, d.Cyls)
		c.setB(at+11, d.Heads)
		c.setB(at+15, c.checksum(at, 15))
	}
}

// printNumber writes v in decimal.
func (c *call) printNumber(v uint64) {
	var p [20]byte
	i := len(p)
	for {
		i--
		p[i] = '0' + byte(v%10)
		if v /= 10; v == 0 {
			break
		}
	}
	c.print(string(p[i:]))
}
