package pic8259

import "math/bits"

// Bits of OCW2 and OCW3.
const (
	ocw3     = 1 << 3 // tells OCW3 from OCW2
	ocw3RIS  = 1 << 0
	ocw3RR   = 1 << 1
	ocw3P    = 1 << 2
	ocw3SMM  = 1 << 5
	ocw3ESMM = 1 << 6
)

// The commands of OCW2, bits 7:5 (R, SL, EOI).
const (
	cmdRotateOnAEOIClear = iota
	cmdEOI
	cmdNone
	cmdSpecificEOI
	cmdRotateOnAEOISet
	cmdRotateOnEOI
	cmdSetPriority
	cmdRotateOnSpecificEOI
)

// In implements devices.Port.
func (d *Device) In(off uint16) uint8 {
	switch {
	case d.s.Poll:
		return d.poll()
	case off&1 != 0:
		return d.s.IMR
	case d.s.ReadISR:
		return d.s.ISR
	}
	return d.irr()
}

// poll answers a poll: bit 7 and the number of the input, which goes into service.
func (d *Device) poll() uint8 {
	d.s.Poll = false
	if n, ok := d.accept(); ok {
		return 0x80 | uint8(n)
	}
	return 0
}

// Out implements devices.Port.
func (d *Device) Out(off uint16, v uint8) {
	switch {
	case off&1 != 0:
		d.outOdd(v)
	case v&icw1 != 0:
		d.outICW1(v)
	case v&ocw3 != 0:
		d.outOCW3(v)
	default:
		d.outOCW2(v)
	}
	d.drive()
}

// outICW1 starts initialisation: the mask is cleared, edges must come anew, IR7 gets the
// lowest priority, and all modes end.
func (d *Device) outICW1(v uint8) {
	d.s = State{
		Lines:  d.s.Lines,
		ELCR:   d.s.ELCR,
		ICW1:   v,
		ICW2:   d.s.ICW2,
		ICW3:   7, // the slave's identity
		Lowest: 7,
		Step:   stepICW2,
		Ready:  true,
	}
	if d.cfg.Master {
		d.s.ICW3 = 0
	}
}

// outOdd takes ICW2 to ICW4 in their turn, else the mask.
func (d *Device) outOdd(v uint8) {
	switch d.s.Step {
	case stepNone:
		d.s.IMR = v
	case stepICW2:
		d.s.ICW2 = v
		d.next(stepICW3)
	case stepICW3:
		d.s.ICW3 = v
		d.next(stepICW4)
	case stepICW4:
		d.s.ICW4 = v
		d.s.Step = stepNone
	}
}

// next goes to an initialisation step, passing over those that ICW1 left out.
func (d *Device) next(step uint8) {
	if step == stepICW3 && d.s.ICW1&icw1SNGL != 0 {
		step = stepICW4
	}
	if step == stepICW4 && d.s.ICW1&icw1IC4 == 0 {
		step = stepNone
	}
	d.s.Step = step
}

func (d *Device) outOCW2(v uint8) {
	level := v & 7
	switch v >> 5 {
	case cmdRotateOnAEOIClear:
		d.s.RotateOnAEOI = false
	case cmdRotateOnAEOISet:
		d.s.RotateOnAEOI = true
	case cmdEOI:
		if n, ok := d.inService(); ok {
			d.s.ISR &^= 1 << n
		}
	case cmdRotateOnEOI:
		if n, ok := d.inService(); ok {
			d.s.ISR &^= 1 << n
			d.s.Lowest = n
		}
	case cmdSpecificEOI:
		d.s.ISR &^= 1 << level
	case cmdRotateOnSpecificEOI:
		d.s.ISR &^= 1 << level
		d.s.Lowest = level
	case cmdSetPriority:
		d.s.Lowest = level
	case cmdNone:
	}
}

// inService is the input of highest priority in service, which a non-specific end of
// interrupt means. In special mask mode those that are masked are left alone.
func (d *Device) inService() (n uint8, ok bool) {
	serving := d.blocking()
	if serving == 0 {
		return 0, false
	}
	first := int(d.s.Lowest+1) & 7
	p := bits.TrailingZeros8(bits.RotateLeft8(serving, -first))
	return uint8(p+first) & 7, true
}

func (d *Device) outOCW3(v uint8) {
	if v&ocw3ESMM != 0 {
		d.s.SpecialMask = v&ocw3SMM != 0
	}
	if v&ocw3RR != 0 {
		d.s.ReadISR = v&ocw3RIS != 0
	}
	d.s.Poll = v&ocw3P != 0
}

// An ELCR is the edge/level control register of a chip as a port of its own.
type ELCR struct{ d *Device }

// ELCR returns the face of the edge/level control register.
func (d *Device) ELCR() ELCR { return ELCR{d} }

// In implements devices.Port.
func (e ELCR) In(uint16) uint8 { return e.d.s.ELCR }

// Out implements devices.Port. Inputs that the board keeps edge-triggered stay so.
func (e ELCR) Out(_ uint16, v uint8) {
	e.d.s.ELCR = v & e.d.cfg.ELCR
	e.d.drive()
}
