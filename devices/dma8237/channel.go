package dma8237

// pageOf is the page register of each channel. That of channel 4 is the refresh page, which
// no transfer uses.
var pageOf = [channels]uint8{0x7, 0x3, 0x1, 0x2, 0xF, 0xB, 0x9, 0xA}

// A Channel is what a peripheral sees of the controllers: its request and acknowledge lines,
// terminal count, and the data bus.
//
// The peripheral drives DREQ while it wants to move data. As soon as the channel can be
// served, its service function is called: once when DREQ rises, and once after every write
// to a register of the controllers other than ADDR and CNT while DREQ is high. The service
// function moves what it has by ToMemory or FromMemory.
type Channel struct {
	d *Device
	n int
}

// Channel returns channel n, 0 to 7 without 4.
func (d *Device) Channel(n int) *Channel {
	if n < 0 || n >= channels || n == perChip {
		panic("dma8237: no such channel for a peripheral")
	}
	return &Channel{d, n}
}

// Attach says what to call when the channel is requested and can be served. It must not
// call DREQ(true) again before it returns.
func (c *Channel) Attach(service func()) { c.d.service[c.n] = service }

// DREQ is the request line. It is a devices.Line.
func (c *Channel) DREQ(high bool) {
	chip, bit := &c.d.s.Chip[c.n/perChip], uint8(1)<<(c.n%perChip)
	rose := high && chip.DREQ&bit == 0
	chip.DREQ &^= bit
	if high {
		chip.DREQ |= bit
	}
	if rose {
		c.d.serve(c.n)
	}
}

// Ready reports whether the channel would be acknowledged: it is unmasked, its controller is
// on, it is not set to be a cascade, and its controller is given the bus.
func (c *Channel) Ready() bool { return c.d.ready(c.n) }

func (d *Device) ready(n int) bool {
	chip := &d.s.Chip[n/perChip]
	return d.granted(n/perChip) && chip.Mask&(1<<(n%perChip)) == 0 && chip.Channel[n%perChip].Mode&modeCascade != modeCascade
}

// granted reports whether a controller is on and has the bus when it asks for it: the first
// asks through channel 0 of the second.
func (d *Device) granted(chip int) bool {
	second := &d.s.Chip[1]
	return d.s.Chip[chip].Command&commandOff == 0 && (chip == 1 ||
		second.Command&commandOff == 0 && second.Mask&1 == 0 && second.Channel[0].Mode&modeCascade == modeCascade)
}

// serve calls the peripheral if it requests the channel and can have it.
func (d *Device) serve(n int) {
	if d.service[n] != nil && d.s.Chip[n/perChip].DREQ&(1<<(n%perChip)) != 0 && d.ready(n) {
		d.service[n]()
	}
}

// ToMemory moves bytes from the peripheral to memory: as many of p as the channel takes, in
// whole units, up to terminal count. n is 0 if it is not Ready or is set to the other
// direction. tc is the terminal count line: the last unit was moved, and unless the channel
// starts again by itself it is masked now. A channel set to verify counts and moves nothing.
func (c *Channel) ToMemory(p []byte) (n int, tc bool) { return c.move(p, modeToMemory) }

// FromMemory is ToMemory in the other direction: it fills p. A channel set to verify leaves
// p alone.
func (c *Channel) FromMemory(p []byte) (n int, tc bool) { return c.move(p, modeFromMem) }

func (c *Channel) move(p []byte, direction uint8) (n int, tc bool) {
	chip := &c.d.s.Chip[c.n/perChip]
	ch := &chip.Channel[c.n%perChip]
	set := ch.Mode & modeDirection
	if !c.Ready() || set != direction && set != modeVerify {
		return 0, false
	}
	unit := c.unit()
	for n+unit <= len(p) {
		at, data := c.address(ch.Addr), p[n:n+unit]
		switch set {
		case modeToMemory:
			c.d.dma.WriteDMA(at, data)
		case modeFromMem:
			c.d.dma.ReadDMA(at, data)
		}
		n += unit
		if ch.advance() {
			chip.terminal(c.n % perChip)
			return n, true
		}
	}
	return n, false
}

// unit is the width of the channel in bytes.
func (c *Channel) unit() int { return 1 + c.n/perChip }

// address is the guest-physical address of a unit. The page register does not count along:
// a transfer wraps within 64 KiB, or 128 KiB on channels 5 to 7, which do not use bit 0 of
// the page.
func (c *Channel) address(addr uint16) uint64 { return c.d.address(c.n, addr) }

func (d *Device) address(n int, addr uint16) uint64 {
	page := uint64(d.s.Page[pageOf[n]])
	if n < perChip {
		return page<<16 | uint64(addr)
	}
	return page&^1<<16 | uint64(addr)<<1
}

// advance counts one unit and reports whether it was the last.
func (ch *ChannelState) advance() bool {
	if ch.Mode&modeDown != 0 {
		ch.Addr--
	} else {
		ch.Addr++
	}
	ch.Count--
	return ch.Count == 0xFFFF
}

// terminal is terminal count on channel n of the chip.
func (c *ChipState) terminal(n int) {
	bit := uint8(1) << n
	c.TC |= bit
	c.Request &^= bit
	if ch := &c.Channel[n]; ch.Mode&modeAuto != 0 {
		ch.Addr, ch.Count = ch.BaseAddr, ch.BaseCount
		return
	}
	c.Mask |= bit
}
