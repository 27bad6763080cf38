package uart16550

import "github.com/glassbox-vm/glassbox/devices"

// Receive delivers a character from the line. It is false, and the character lost, if there
// was no room (then the chip notes an overrun) or in loop mode (then the line is cut off). A
// board that does not want to lose any asks Room first.
func (d *Device) Receive(b byte) bool { return d.arrive(b, 0) }

// ReceiveBreak delivers a break: a character of zeros without a stop bit. It is false as
// Receive is.
func (d *Device) ReceiveBreak() bool { return d.arrive(0, lsrBI|lsrFE) }

func (d *Device) arrive(b, errors uint8) bool {
	if d.s.MCR&mcrLoop != 0 {
		return false
	}
	d.sync()
	ok := d.push(b, errors)
	d.changed()
	return ok
}

// Room is the number of characters that Receive can deliver without loss.
func (d *Device) Room() int {
	if d.s.MCR&mcrLoop != 0 {
		return 0
	}
	return int(d.txSize()) - int(d.s.RX.Len)
}

// push puts a character into the receiver. In 16450 mode one too many replaces the last one;
// a full FIFO stays as it is.
func (d *Device) push(b, errors uint8) bool {
	d.s.Timeout = false
	d.s.Idle = d.idleFrom(d.clock.Now())
	full := d.s.RX.Len == d.txSize()
	if full {
		d.s.Errors |= lsrOE
		if d.s.FCR&fcrEnable != 0 {
			return false
		}
		d.s.RX.pop()
	}
	d.s.RX.push(b, errors)
	if d.s.RX.Len == 1 {
		d.s.Errors |= errors
	}
	return !full
}

// receiverBuffer reads RBR; what is next brings its errors to LSR.
func (d *Device) receiverBuffer() uint8 {
	if d.s.RX.Len == 0 {
		return d.s.RB
	}
	d.s.RB = d.s.RX.pop()
	d.s.Timeout = false
	d.s.Idle = d.idleFrom(d.clock.Now())
	if d.s.RX.Len > 0 {
		d.s.Errors |= d.s.RX.Error[0]
	}
	return d.s.RB
}

// lineStatus reads LSR, which clears the errors.
func (d *Device) lineStatus() uint8 {
	v := d.s.Errors
	if d.s.RX.Len > 0 {
		v |= lsrDR
	}
	if d.s.TX.Len == 0 {
		v |= lsrTHRE
		if !d.s.Shifting {
			v |= lsrTEMT
		}
	}
	if d.s.FCR&fcrEnable != 0 {
		for _, e := range d.s.RX.Error {
			if e != 0 {
				v |= lsrFIFO
			}
		}
	}
	d.s.Errors = 0
	d.s.RX.Error[0] = 0
	return v
}

// idleFrom is the moment at which a line silent since t gives a character timeout.
func (d *Device) idleFrom(t devices.Time) devices.Time { return t + 4*d.charTime() }

// waiting reports whether a character timeout is on its way.
func (d *Device) waiting() bool {
	return d.s.FCR&fcrEnable != 0 && d.s.RX.Len > 0 && !d.s.Timeout
}

// expire notes the character timeout if its time has come.
func (d *Device) expire(now devices.Time) {
	if d.waiting() && d.s.Idle <= now {
		d.s.Timeout = true
	}
}
