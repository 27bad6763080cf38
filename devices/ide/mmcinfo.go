package ide

// What the drive says about itself and its disc: mode pages, features, table of contents.

// Mode pages.
const (
	pageErrors       = 0x01
	pageAudio        = 0x0e
	pageCapabilities = 0x2a
	pageAll          = 0x3f

	pageControlSaved = 3
)

// Features and profiles, MMC-3, "Features and profiles".
const (
	profileCD  = 0x0008
	profileDVD = 0x0010

	// maxCD is the most blocks that a CD holds: 80 minutes.
	maxCD = 80 * 60 * 75
)

func modeSense6(c *Channel, d *drive, cdb []byte) {
	p, why := d.modePages(cdb, 4)
	if p == nil {
		c.refuse(d, why)
		return
	}
	p[0], p[1] = uint8(len(p)-1), d.mediumType()
	c.reply(d, p, int(cdb[4]))
}

func modeSense10(c *Channel, d *drive, cdb []byte) {
	p, why := d.modePages(cdb, 8)
	if p == nil {
		c.refuse(d, why)
		return
	}
	put16(p, len(p)-2)
	p[2] = d.mediumType()
	c.reply(d, p, be16(cdb[7:]))
}

// mediumType is that of SFF-8020i: 120 mm data disc, none, or door open.
func (d *drive) mediumType() uint8 {
	switch {
	case d.ATAPI.Open:
		return 0x71
	case d.Image == nil:
		return 0x70
	}
	return 0x01
}

// modePages is the pages that the packet asks for, after a header of the given length; nil
// and the reason when there is no such page.
func (d *drive) modePages(cdb []byte, header int) ([]byte, Sense) {
	if cdb[2]>>6 == pageControlSaved {
		return nil, senseSaving
	}
	want := cdb[2] & 0x3f
	changeable := cdb[2]>>6 == 1
	p := make([]byte, header)
	add := func(page ...byte) {
		if want != pageAll && want != page[0] {
			return
		}
		if changeable {
			clear(page[2:])
		}
		p = append(p, page...)
	}
	add(pageErrors, 6, 0, 5, 0, 0, 0, 0)
	add(pageAudio, 14, 4, 0, 0, 0, 0, 75, 1, 255, 2, 255, 0, 0, 0, 0)
	capabilities := [22]byte{pageCapabilities, 20,
		2: 0x0b,          // reads CD-R, CD-RW, DVD-ROM
		4: 0x70,          // mode 2 forms 1 and 2, several sessions
		6: 0x29,          // tray, eject, lock
		8: 0x1b, 9: 0x90, // kB/s at most
		12: 0, 13: 64, // buffer in KiB
		14: 0x1b, 15: 0x90, // kB/s now
	}
	if d.ATAPI.Locked {
		capabilities[6] |= 0x02
	}
	add(capabilities[:]...)
	if len(p) == header {
		return nil, senseField
	}
	return p, Sense{}
}

// profile is what the disc makes of the drive; 0 without a disc.
func (d *drive) profile() int {
	switch {
	case !d.loaded():
		return 0
	case d.blocks() > maxCD:
		return profileDVD
	}
	return profileCD
}

func getConfiguration(c *Channel, d *drive, cdb []byte) {
	const all, current, one = 0, 1, 2
	kind, first := cdb[1]&3, be16(cdb[2:])
	if kind > one {
		c.refuse(d, senseField)
		return
	}
	p := make([]byte, 8, 64)
	now := d.profile()
	put16(p[6:], now)
	add := func(code int, flags byte, is bool, data ...byte) {
		if is {
			flags |= 1 // current
		}
		if code < first || kind == one && code != first || kind == current && !is {
			return
		}
		p = append(p, byte(code>>8), byte(code), flags, byte(len(data)))
		p = append(p, data...)
	}
	active := func(profile int) byte {
		if now == profile {
			return 1
		}
		return 0
	}
	const persistent = 2
	add(0x0000, persistent, true, 0, profileDVD, active(profileDVD), 0, 0, profileCD, active(profileCD), 0)
	add(0x0001, 0x0a, true, 0, 0, 0, 2, 0, 0, 0, 0)     // core: ATAPI
	add(0x0003, persistent, true, 0x29, 0, 0, 0)        // removable medium
	add(0x0010, 0, now != 0, 0, 0, 0x08, 0, 0, 1, 0, 0) // random readable, 2048 bytes
	add(0x001e, 0, now == profileCD, 0, 0, 0, 0)        // CD read
	add(0x001f, 0, now == profileDVD)                   // DVD read
	put32(p, uint64(len(p)-4))
	c.reply(d, p, be16(cdb[7:]))
}

// address is how a table of contents gives a block: as its number, or in minutes, seconds
// and frames.
func tocAddress(lba uint64, inMSF bool) []byte {
	var p [4]byte
	if inMSF {
		p[1], p[2], p[3] = msf(lba)
	} else {
		put32(p[:], lba)
	}
	return p[:]
}

const (
	leadOut   = 0xaa
	dataTrack = 0x14 // ADR 1, data track, no copy
)

func readTOC(c *Channel, d *drive, cdb []byte) {
	inMSF := cdb[1]&2 != 0
	format := cdb[2] & 0xf
	if format == 0 {
		format = cdb[9] >> 6 // SFF-8020i
	}
	var p []byte
	switch first := cdb[6]; format {
	case 0:
		if first > 1 && first != leadOut {
			c.refuse(d, senseField)
			return
		}
		p = []byte{0, 0, 1, 1}
		if first <= 1 {
			p = append(append(p, 0, dataTrack, 1, 0), tocAddress(0, inMSF)...)
		}
		p = append(append(p, 0, dataTrack, leadOut, 0), tocAddress(d.blocks(), inMSF)...)
	case 1: // sessions
		p = append([]byte{0, 0, 1, 1, 0, dataTrack, 1, 0}, tocAddress(0, inMSF)...)
	case 2: // all that the lead-in says
		p = []byte{0, 0, 1, 1}
		entry := func(point, m, s, f uint8) {
			p = append(p, 1, dataTrack, 0, point, 0, 0, 0, 0, m, s, f)
		}
		entry(0xa0, 1, 0, 0)
		entry(0xa1, 1, 0, 0)
		m, s, f := msf(d.blocks())
		entry(0xa2, m, s, f)
		m, s, f = msf(0)
		entry(1, m, s, f)
	default:
		c.refuse(d, senseField)
		return
	}
	put16(p, len(p)-2)
	c.reply(d, p, be16(cdb[7:]))
}

func readDiscInformation(c *Channel, d *drive, cdb []byte) {
	p := [34]byte{
		1: 32,
		2: 0x0e, // complete, and so is its last session
		3: 1, 4: 1, 5: 1, 6: 1,
		7: 0x20, // for unrestricted use
	}
	for i := 16; i < 24; i++ { // nothing can be appended
		p[i] = 0xff
	}
	c.reply(d, p[:], be16(cdb[7:]))
}

func readTrackInformation(c *Channel, d *drive, cdb []byte) {
	at := be32(cdb[2:])
	ok := false
	switch cdb[1] & 3 {
	case 0: // of a block
		ok = at < d.blocks()
	case 1, 2: // a track, a session
		ok = at == 1
	}
	if !ok {
		c.refuse(d, senseField)
		return
	}
	p := [36]byte{1: 34, 2: 1, 3: 1, 5: 0x04, 6: 0x01}
	put32(p[24:], d.blocks())
	c.reply(d, p[:], be16(cdb[7:]))
}

func readSubChannel(c *Channel, d *drive, cdb []byte) {
	p := [16]byte{1: 0x15} // no audio to tell about
	n := 4
	if cdb[2]&0x40 != 0 {
		if cdb[3] != 1 { // current position
			c.refuse(d, senseField)
			return
		}
		inMSF := cdb[1]&2 != 0
		n = len(p)
		put16(p[2:], n-4)
		copy(p[4:], []byte{1, dataTrack, 1, 1})
		copy(p[8:], tocAddress(0, inMSF))
		if !inMSF {
			copy(p[12:], tocAddress(0, false))
		}
	}
	c.reply(d, p[:n], be16(cdb[7:]))
}
