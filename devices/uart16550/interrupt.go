package uart16550

// Causes of an interrupt as IIR gives them.
const (
	iirModem   = 0x00
	iirNone    = 0x01
	iirTHRE    = 0x02
	iirRDA     = 0x04
	iirRLS     = 0x06
	iirTimeout = 0x0c
	iirFIFO    = 0xc0 // the FIFOs are on
)

// trigger is the number of characters that raise the data interrupt.
func (d *Device) trigger() uint8 {
	if d.s.FCR&fcrEnable == 0 {
		return 1
	}
	return [4]uint8{1, 4, 8, 14}[d.s.FCR>>6]
}

// cause is the most urgent cause of an interrupt that is enabled.
func (d *Device) cause() uint8 {
	s := &d.s
	switch {
	case s.IER&ierRLS != 0 && s.Errors != 0:
		return iirRLS
	case s.IER&ierRDA != 0 && s.RX.Len >= d.trigger():
		return iirRDA
	case s.IER&ierRDA != 0 && s.Timeout:
		return iirTimeout
	case s.IER&ierTHRE != 0 && s.THREmpty:
		return iirTHRE
	case s.IER&ierMS != 0 && s.Changes != 0:
		return iirModem
	}
	return iirNone
}

// identify reads IIR, which takes note of an empty THR.
func (d *Device) identify() uint8 {
	v := d.cause()
	if v == iirTHRE {
		d.s.THREmpty = false
	}
	if d.s.FCR&fcrEnable != 0 {
		v |= iirFIFO
	}
	return v
}

// interrupt is the level of the line to the board: INTRPT enabled by OUT2.
func (d *Device) interrupt() bool {
	return d.s.MCR&mcrOUT2 != 0 && d.cause() != iirNone
}

// changed brings all up to date and drives what follows from it. It is the timers, too.
func (d *Device) changed() {
	d.sync()
	d.drive()
	d.arm()
}

// drive drives the line to the board.
func (d *Device) drive() {
	if irq := d.interrupt(); irq != d.irq {
		d.irq = irq
		d.cfg.IRQ(irq)
	}
}

// arm sets the timers for what must happen though nobody looks: the next character leaves
// THR or comes back in loop mode, and the character timeout interrupts.
func (d *Device) arm() {
	if d.s.Shifting && (d.s.TX.Len > 0 || d.s.MCR&mcrLoop != 0) {
		d.tx.Set(d.s.Shifted)
	} else {
		d.tx.Stop()
	}
	if d.waiting() && d.s.IER&ierRDA != 0 && d.s.RX.Len < d.trigger() {
		d.rx.Set(d.s.Idle)
	} else {
		d.rx.Stop()
	}
}
