package uart16550

import "github.com/glassbox-vm/glassbox/devices"

// uartHz is the frequency of the crystal; 16 periods make a bit at divisor 1.
const uartHz = 1843200

// charTime is the time that one character takes.
func (d *Device) charTime() devices.Time {
	if !d.cfg.LineSpeed {
		return d.cfg.CharTime
	}
	divisor := devices.Time(max(d.s.Divisor, 1))
	return halfBits(d.s.LCR) * 8 * divisor * devices.Second / uartHz
}

// halfBits is the length of a character in half bits: a start bit, 5 to 8 data bits, perhaps
// a parity bit, and 1, 1½ (after 5 data bits) or 2 stop bits.
func halfBits(lcr uint8) devices.Time {
	n := 2 * (1 + 5 + devices.Time(lcr&3) + 1)
	if lcr&0x08 != 0 {
		n += 2
	}
	switch {
	case lcr&0x04 == 0:
	case lcr&3 == 0:
		n++
	default:
		n += 2
	}
	return n
}

// txSize is the number of characters that THR holds.
func (d *Device) txSize() uint8 {
	if d.s.FCR&fcrEnable != 0 {
		return FIFOSize
	}
	return 1
}

// transmit writes THR. A character too many replaces the last one.
func (d *Device) transmit(b byte) {
	d.s.THREmpty = false
	d.drive() // the line falls even if THR is empty again at once: an edge must follow
	if d.s.TX.Len == d.txSize() {
		d.s.TX.Len--
	}
	d.s.TX.push(b, 0)
	if !d.s.Shifting {
		d.shift(d.clock.Now())
	}
}

// shift begins to send the next character of THR at the moment at.
func (d *Device) shift(at devices.Time) {
	b := d.s.TX.pop()
	d.s.Shifting, d.s.ShiftReg, d.s.Shifted = true, b, at+d.charTime()
	if d.s.TX.Len == 0 {
		d.s.THREmpty = true
	}
	if d.s.MCR&mcrLoop == 0 && d.s.LCR&lcrBreak == 0 {
		d.cfg.Send(b)
	}
}

// sync brings the transmitter up to now. It ends, at most, the characters of a full FIFO.
func (d *Device) sync() {
	now := d.clock.Now()
	for d.s.Shifting && d.s.Shifted <= now {
		d.s.Shifting = false
		if d.s.MCR&mcrLoop != 0 && d.s.LCR&lcrBreak == 0 {
			d.push(d.s.ShiftReg, 0)
		}
		if d.s.TX.Len > 0 {
			d.shift(d.s.Shifted)
		}
	}
	d.expire(now)
}
