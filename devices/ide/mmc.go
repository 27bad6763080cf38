package ide

// senses of T10 MMC-3, "Sense key and additional sense code".
var (
	senseUnreadable = Sense{3, 0x11, 0x00} // unrecovered read error
	senseOpcode     = Sense{5, 0x20, 0x00} // invalid command operation code
	senseRange      = Sense{5, 0x21, 0x00} // logical block address out of range
	senseField      = Sense{5, 0x24, 0x00} // invalid field in CDB
	senseSaving     = Sense{5, 0x39, 0x00} // saving parameters not supported
	senseLocked     = Sense{5, 0x53, 0x02} // medium removal prevented
	senseTrackMode  = Sense{5, 0x64, 0x00} // illegal mode for this track
)

// Events of the medium.
const (
	eventNone = iota
	eventEject
	eventInserted
	eventRemoved
)

// An operation is one row: all we know about one operation code of a packet.
type operation struct {
	name   string
	run    func(*Channel, *drive, []byte)
	medium bool // fails without a disc
	always bool // obeyed before a unit attention is told
}

// operations is MMC-3, "Commands for C/DVD devices", as far as reading goes.
var operations = [256]operation{
	0x00: {name: "TEST UNIT READY", run: testReady, medium: true},
	0x03: {name: "REQUEST SENSE", run: requestSense, always: true},
	0x12: {name: "INQUIRY", run: inquiry, always: true},
	0x1a: {name: "MODE SENSE(6)", run: modeSense6},
	0x1b: {name: "START STOP UNIT", run: startStop},
	0x1e: {name: "PREVENT ALLOW MEDIUM REMOVAL", run: preventAllow},
	0x25: {name: "READ CAPACITY", run: readCapacity, medium: true},
	0x28: {name: "READ(10)", run: read10, medium: true},
	0x2b: {name: "SEEK(10)", run: seek10, medium: true},
	0x42: {name: "READ SUB-CHANNEL", run: readSubChannel, medium: true},
	0x43: {name: "READ TOC/PMA/ATIP", run: readTOC, medium: true},
	0x46: {name: "GET CONFIGURATION", run: getConfiguration, always: true},
	0x4a: {name: "GET EVENT STATUS NOTIFICATION", run: getEvent, always: true},
	0x51: {name: "READ DISC INFORMATION", run: readDiscInformation, medium: true},
	0x52: {name: "READ TRACK INFORMATION", run: readTrackInformation, medium: true},
	0x5a: {name: "MODE SENSE(10)", run: modeSense10},
	0xa8: {name: "READ(12)", run: read12, medium: true},
	0xb9: {name: "READ CD MSF", run: readCDMSF, medium: true},
	0xbb: {name: "SET CD SPEED", run: testReady},
	0xbd: {name: "MECHANISM STATUS", run: mechanismStatus},
	0xbe: {name: "READ CD", run: readCD, medium: true},
}

// obey runs the packet. A failure is told once; the sense explains it until the next
// packet other than REQUEST SENSE.
func (c *Channel) obey(d *drive) {
	cdb := d.ATAPI.CDB[:]
	op := &operations[cdb[0]]
	if cdb[0] != 0x03 {
		d.ATAPI.Sense = Sense{}
	}
	switch {
	case op.run == nil:
		c.refuse(d, senseOpcode)
	case d.ATAPI.Attention != 0 && !op.always:
		c.attend(d)
	case op.medium && !d.loaded():
		c.refuse(d, d.noMedium())
	default:
		op.run(c, d, cdb)
	}
}

// attend tells of one unit attention.
func (c *Channel) attend(d *drive) { c.refuse(d, d.takeAttention()) }

func (d *drive) takeAttention() Sense {
	if d.ATAPI.Attention&attentionReset != 0 {
		d.ATAPI.Attention &^= attentionReset
		return Sense{6, 0x29, 0x00} // power on, reset
	}
	d.ATAPI.Attention &^= attentionMedium
	return Sense{6, 0x28, 0x00} // medium may have changed
}

// noMedium says why there is nothing to read.
func (d *drive) noMedium() Sense {
	if d.ATAPI.Open {
		return Sense{2, 0x3a, 0x02}
	}
	return Sense{2, 0x3a, 0x01}
}

func be16(p []byte) int    { return int(p[0])<<8 | int(p[1]) }
func be24(p []byte) uint32 { return uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2]) }
func be32(p []byte) uint64 { return uint64(be16(p))<<16 | uint64(be16(p[2:])) }

func put16(p []byte, v int) { p[0], p[1] = uint8(v>>8), uint8(v) }
func put32(p []byte, v uint64) {
	put16(p, int(v>>16&0xffff))
	put16(p[2:], int(v&0xffff))
}

// msf is the address of a block in minutes, seconds and frames; the first is at 2 seconds.
func msf(lba uint64) (m, s, f uint8) {
	lba += 150
	return uint8(lba / (75 * 60)), uint8(lba / 75 % 60), uint8(lba % 75)
}

func bcd(v uint8) uint8 { return v/10%10<<4 | v%10 }

func testReady(c *Channel, d *drive, _ []byte) { c.done(d) }

func requestSense(c *Channel, d *drive, cdb []byte) {
	s := d.ATAPI.Sense
	if s == (Sense{}) && d.ATAPI.Attention != 0 {
		s = d.takeAttention()
	}
	d.ATAPI.Sense = Sense{}
	p := [18]byte{0: 0x70, 2: s.Key, 7: 10, 12: s.ASC, 13: s.ASCQ}
	c.reply(d, p[:], int(cdb[4]))
}

func inquiry(c *Channel, d *drive, cdb []byte) {
	if cdb[1]&1 != 0 || cdb[2] != 0 { // vital product data
		c.refuse(d, senseField)
		return
	}
	p := [36]byte{0: 0x05, 1: 0x80, 3: 0x21, 4: 31}
	copy(p[8:], "GLASSBOX")
	copy(p[16:], "CD-ROM          ")
	copy(p[32:], "1.0 ")
	c.reply(d, p[:], int(cdb[4]))
}

func startStop(c *Channel, d *drive, cdb []byte) {
	const start, loadEject = 1, 2
	switch cdb[4] & (start | loadEject) {
	case loadEject:
		if d.ATAPI.Locked {
			c.refuse(d, senseLocked)
			return
		}
		if !d.ATAPI.Open {
			d.ATAPI.Open, d.ATAPI.Event = true, eventRemoved
		}
	case loadEject | start:
		if d.ATAPI.Open {
			d.ATAPI.Open = false
			d.changed()
		}
	case start:
		if !d.loaded() {
			c.refuse(d, d.noMedium())
			return
		}
	}
	c.done(d)
}

func preventAllow(c *Channel, d *drive, cdb []byte) {
	d.ATAPI.Locked = cdb[4]&1 != 0
	c.done(d)
}

func readCapacity(c *Channel, d *drive, _ []byte) {
	var p [8]byte
	put32(p[:], d.blocks()-1)
	put32(p[4:], blockSize)
	c.reply(d, p[:], len(p))
}

func read10(c *Channel, d *drive, cdb []byte) {
	c.readBlocks(d, be32(cdb[2:]), uint32(be16(cdb[7:])), false)
}

func read12(c *Channel, d *drive, cdb []byte) {
	c.readBlocks(d, be32(cdb[2:]), uint32(be32(cdb[6:])), false)
}

// readBlocks begins to read n blocks. What does not lie on the disc is refused as a whole.
func (c *Channel) readBlocks(d *drive, lba uint64, n uint32, raw bool) {
	size := d.blocks()
	switch {
	case lba > size || uint64(n) > size-lba:
		c.refuse(d, senseRange)
		return
	case n == 0:
		c.done(d)
		return
	}
	d.LBA, d.Left, d.ATAPI.Raw, d.Standby = lba, n, raw, false
	c.wait(d)
}

func seek10(c *Channel, d *drive, cdb []byte) {
	if be32(cdb[2:]) >= d.blocks() {
		c.refuse(d, senseRange)
		return
	}
	c.done(d)
}

func readCD(c *Channel, d *drive, cdb []byte) {
	c.readParts(d, cdb, be32(cdb[2:]), be24(cdb[6:]))
}

func readCDMSF(c *Channel, d *drive, cdb []byte) {
	at := func(p []byte) int64 { return (int64(p[0])*60+int64(p[1]))*75 + int64(p[2]) - 150 }
	first, end := at(cdb[3:]), at(cdb[6:])
	if first < 0 || end < first {
		c.refuse(d, senseField)
		return
	}
	c.readParts(d, cdb, uint64(first), uint32(end-first))
}

// readParts is READ CD: byte 1 the expected sector type, byte 9 which parts of a sector
// the host wants, byte 10 sub-channels.
func (c *Channel) readParts(d *drive, cdb []byte, lba uint64, n uint32) {
	const anyType, mode1 = 0, 2
	if t := cdb[1] >> 2 & 7; t != anyType && t != mode1 {
		c.refuse(d, senseTrackMode)
		return
	}
	if cdb[10]&7 != 0 {
		c.refuse(d, senseField)
		return
	}
	switch cdb[9] & 0xfe {
	case 0x00:
		c.readBlocks(d, lba, 0, false)
	case 0x10:
		c.readBlocks(d, lba, n, false)
	case 0xf8:
		c.readBlocks(d, lba, n, true)
	default:
		c.refuse(d, senseField)
	}
}

func getEvent(c *Channel, d *drive, cdb []byte) {
	const polled, media = 1, 4
	if cdb[1]&polled == 0 { // asynchronous
		c.refuse(d, senseField)
		return
	}
	p := [8]byte{3: 1 << media}
	if cdb[4]&(1<<media) == 0 {
		p[1], p[2] = 2, 0x80 // no event available
		c.reply(d, p[:4], be16(cdb[7:]))
		return
	}
	p[1], p[2] = 6, media
	p[4] = d.ATAPI.Event
	if d.ATAPI.Open {
		p[5] |= 1
	}
	if d.Image != nil {
		p[5] |= 2
	}
	d.ATAPI.Event = eventNone
	c.reply(d, p[:], be16(cdb[7:]))
}

func mechanismStatus(c *Channel, d *drive, cdb []byte) {
	p := [8]byte{5: 1}
	if d.ATAPI.Open {
		p[1] = 0x10
	}
	c.reply(d, p[:], be16(cdb[8:]))
}
