package ide

// Transfer modes, as SET FEATURES names them, and the best that the drive offers.
const (
	modeMWDMA = 0x20
	modeUDMA  = 0x40

	maxPIO   = 4
	maxMWDMA = 2
	maxUDMA  = 5
)

// A geometry is a CHS translation.
type geometry struct {
	cylinders      uint16
	heads, sectors uint8
}

// geometryOf is the default translation: 16 heads, 63 sectors, as many cylinders as fit in
// what ATA/ATAPI-6 allows.
func geometryOf(sectors uint64) geometry {
	g := geometry{heads: 16, sectors: 63}
	g.cylinders = uint16(max(1, min(sectors/(16*63), 16383)))
	return g
}

// current is the translation that INITIALIZE DEVICE PARAMETERS has set.
func (d *drive) current() geometry {
	perCylinder := uint64(d.Heads) * uint64(d.Sectors)
	return geometry{
		cylinders: uint16(max(1, min(d.sectors/perCylinder, 65535))),
		heads:     d.Heads, sectors: d.Sectors,
	}
}

// identifyDevice is IDENTIFY DEVICE: one sector of 256 words.
func identifyDevice(c *Channel, d *drive) {
	words := d.identify()
	d.Data, d.Pos, d.Left = d.buffer[:sectorSize], 0, 0
	for i, w := range words {
		d.Data[2*i], d.Data[2*i+1] = uint8(w), uint8(w>>8)
	}
	c.raise(d)
	c.offer(d, PhaseDataIn, PhaseDataIn)
}

// identify is the answer to IDENTIFY DEVICE, in the order of the words.
func (d *drive) identify() (w [256]uint16) {
	def, cur := geometryOf(d.sectors), d.current()
	w[0] = 0x0040 // fixed ATA device
	w[1], w[3], w[6] = def.cylinders, uint16(def.heads), uint16(def.sectors)
	text(w[10:20], d.Serial)
	text(w[23:27], d.Firmware)
	text(w[27:47], d.Model)
	w[47] = 0x8000 | maxMultiple
	w[48] = 0x0001 // 32-bit accesses to the data port (ATA-1)
	w[49] = 0x0f00 // DMA, LBA, IORDY may be disabled, IORDY
	w[50] = 0x4000
	w[51], w[52] = 0x0200, 0x0200 // oldest drivers: PIO and DMA timing
	w[53] = 0x0007                // words 54–58, 64–70 and 88 mean something
	w[54], w[55], w[56] = cur.cylinders, uint16(cur.heads), uint16(cur.sectors)
	capacity := min(uint64(cur.cylinders)*uint64(cur.heads)*uint64(cur.sectors), d.sectors)
	put(w[57:59], capacity)
	if d.Multiple != 0 {
		w[59] = 0x0100 | uint16(d.Multiple)
	}
	put(w[60:62], min(d.sectors, maxLBA28))
	w[63] = 1<<(maxMWDMA+1) - 1 | d.chosen(modeMWDMA)
	w[64] = 0x0003                                  // PIO 3 and 4
	w[65], w[66], w[67], w[68] = 120, 120, 120, 120 // ns per word: MWDMA, PIO
	w[80] = 0x00f0                                  // ATA/ATAPI-4 to -7
	w[82] = setNOP | setLookAhead | setWriteCache | setPower
	w[83] = setValid | setFlushExt | setFlush | setLBA48
	w[84] = setValid | setFUA
	w[85], w[86], w[87] = w[82], w[83]&^setValid, w[84]
	if d.WriteThrough {
		w[85] &^= setWriteCache
	}
	if d.NoLookAhead {
		w[85] &^= setLookAhead
	}
	w[88] = 1<<(maxUDMA+1) - 1 | d.chosen(modeUDMA)
	w[93] = 0x600b // drive 0 by jumper, passed, 80-wire cable
	if d.index == 1 {
		w[93] = 0x6b00
	}
	put(w[100:104], d.sectors)
	w[106] = 0x4000 // sectors of 512 bytes, logical and physical
	w[255] = checksum(w)
	return w
}

// identifyPacketDevice is IDENTIFY PACKET DEVICE.
func identifyPacketDevice(c *Channel, d *drive) {
	var w [256]uint16
	w[0] = 0x85c0 // packets of 12 bytes, CD-ROM, removable, asks for the packet in 50 µs
	text(w[10:20], d.Serial)
	text(w[23:27], d.Firmware)
	text(w[27:47], d.Model)
	w[49] = 0x0f00 // DMA, LBA, IORDY may be disabled, IORDY
	w[53] = 0x0006 // words 64–70 and 88 mean something
	w[63] = 1<<(maxMWDMA+1) - 1 | d.chosen(modeMWDMA)
	w[64] = 0x0003
	w[65], w[66], w[67], w[68] = 120, 120, 120, 120
	w[80] = 0x00f0
	w[82] = setNOP | setDeviceReset | setPacket | setPower
	w[83], w[84] = setValid, setValid
	w[85], w[86], w[87] = w[82], 0, setValid
	w[88] = 1<<(maxUDMA+1) - 1 | d.chosen(modeUDMA)
	w[93] = 0x600b
	if d.index == 1 {
		w[93] = 0x6b00
	}
	w[255] = checksum(w)
	d.Data, d.Pos, d.Left = d.buffer[:sectorSize], 0, 0
	for i, v := range w {
		d.Data[2*i], d.Data[2*i+1] = uint8(v), uint8(v>>8)
	}
	d.ATAPI.End = sectorSize
	c.raise(d)
	c.offer(d, PhaseDataIn, PhaseDataIn)
}

// Bits of the command set words: 82 to 84 say supported, 85 to 87 enabled.
const (
	setPower       = 1 << 3  // 82
	setPacket      = 1 << 4  // 82
	setWriteCache  = 1 << 5  // 82
	setLookAhead   = 1 << 6  // 82
	setDeviceReset = 1 << 9  // 82
	setNOP         = 1 << 14 // 82
	setLBA48       = 1 << 10 // 83
	setFlush       = 1 << 12 // 83
	setFlushExt    = 1 << 13 // 83
	setFUA         = 1 << 6  // 84
	setValid       = 1 << 14 // 83, 84, 87
)

// chosen is the bit in words 63 and 88 that says which mode of a kind is in use.
func (d *drive) chosen(kind uint8) uint16 {
	if d.DMAMode&^7 != kind {
		return 0
	}
	return 0x0100 << (d.DMAMode & 7)
}

// put stores v in words, lowest first.
func put(w []uint16, v uint64) {
	for i := range w {
		w[i] = uint16(v >> (16 * i))
	}
}

// text stores s padded with spaces; the first character of a pair is the high byte. What
// is not printable ASCII becomes a question mark, what does not fit is cut.
func text(w []uint16, s string) {
	for i := range 2 * len(w) {
		b := uint8(' ')
		if i < len(s) {
			if b = s[i]; b < ' ' || b > '~' {
				b = '?'
			}
		}
		w[i/2] |= uint16(b) << (8 * (1 - i%2))
	}
}

// checksum is word 255: the mark A5h, and what makes all 512 bytes add up to 0.
func checksum(w [256]uint16) uint16 {
	sum := uint8(0xa5)
	for _, v := range w[:255] {
		sum += uint8(v) + uint8(v>>8)
	}
	return 0xa5 | uint16(-sum)<<8
}
