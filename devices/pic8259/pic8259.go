// Package pic8259 is the 8259A programmable interrupt controller, with the edge/level
// control register (ELCR) that chipsets add, and the pair of them in an AT.
//
// Read this file (pins, state, acknowledge), then registers.go (what the guest writes),
// then pair.go (the cascade).
//
//	off  write                access  meaning
//	0    D4=1                 W       ICW1: start initialisation
//	0    D4=0 D3=0            W       OCW2: end of interrupt, rotation
//	0    D4=0 D3=1            W       OCW3: special mask, poll, which register off 0 reads
//	0    -                    R       IRR or ISR (OCW3), or the answer to a poll
//	1    after ICW1           W       ICW2, then ICW3 if cascaded, then ICW4 if announced
//	1    else                 W       OCW1: the interrupt mask, IMR
//	1    -                    R       IMR, or the answer to a poll
//	ELCR, a face of its own:
//	0    7:0                  RW      1: this input is level-triggered; some bits are fixed
//
// As in the part, an edge-triggered request goes away when its input falls before it is
// acknowledged; the acknowledge then gives the vector of IR7 and sets no in-service bit.
//
// Source: Intel 8259A data sheet; Intel 82371SB (PIIX3) data sheet, "ELCR1, ELCR2".
//
// Not modelled: the second and third byte of the CALL that the chip gives an 8080.
//
// Inaccuracies: the polarity of the buffered-mode pin is ignored: master and slave are what
// the board says. In 8080/8085 mode the acknowledge gives the low address byte, which is
// what an x86 latches as the vector in its second cycle. Before its first initialisation
// the chip requests nothing.
package pic8259

import (
	"fmt"
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
)

const (
	icw1IC4  = 1 << 0 // ICW4 follows
	icw1SNGL = 1 << 1 // no cascade: ICW3 does not follow
	icw1ADI  = 1 << 2 // 8085 mode: vectors 4 bytes apart, else 8
	icw1LTIM = 1 << 3 // all inputs level-triggered
	icw1     = 1 << 4 // marks ICW1

	icw4UPM  = 1 << 0 // 8086 mode
	icw4AEOI = 1 << 1 // automatic end of interrupt
	icw4SFNM = 1 << 4 // special fully nested mode
)

// A step says which initialisation word the next write to offset 1 is.
const (
	stepNone = iota // OCW1
	stepICW2
	stepICW3
	stepICW4
	steps
)

// State is everything the chip remembers. Registers of one bit per input have IR0 in bit 0.
type State struct {
	Lines  uint8 // levels of the inputs
	Edges  uint8 // rising edges that were seen and not yet acknowledged
	ISR    uint8
	IMR    uint8
	ELCR   uint8
	ICW1   uint8
	ICW2   uint8
	ICW3   uint8
	ICW4   uint8
	Lowest uint8 // the input of lowest priority, 0-7

	Step         uint8 // what the next write to offset 1 is
	Ready        bool  // initialised at least once
	RotateOnAEOI bool
	SpecialMask  bool
	Poll         bool // the next read is a poll
	ReadISR      bool // offset 0 reads ISR, else IRR
}

// PowerOn is the state after power-on.
var PowerOn = State{Lowest: 7}

// Config is what the board decides.
type Config struct {
	INTR devices.Line // the output; a level. nil is not connected

	// ELCR marks the inputs that the chipset lets software make level-triggered. If it is
	// zero there is no such register and LTIM of ICW1 works as in the plain part; else
	// LTIM has no effect, as in PIIX3.
	ELCR uint8

	// Master is the level of the SP/EN pin.
	Master bool
}

// A Device is one 8259A.
type Device struct {
	s    State
	cfg  Config
	intr bool // what INTR was driven to
}

// New returns a device that drives nothing yet; the board calls Reset once all is wired.
func New(cfg Config) *Device {
	if cfg.INTR == nil {
		cfg.INTR = devices.NC
	}
	return &Device{s: PowerOn, cfg: cfg}
}

// Reset returns to the power-on state. The inputs keep the levels they are driven to.
func (d *Device) Reset() {
	s := PowerOn
	s.Lines = d.s.Lines
	_ = d.Restore(s)
}

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state and drives INTR to match it.
func (d *Device) Restore(s State) error {
	switch {
	case s.Lowest > 7:
		return fmt.Errorf("pic8259: lowest priority %d is no input", s.Lowest)
	case s.Step >= steps:
		return fmt.Errorf("pic8259: initialisation step %d does not exist", s.Step)
	case s.ELCR&^d.cfg.ELCR != 0:
		return fmt.Errorf("pic8259: ELCR %#02x has fixed bits set", s.ELCR)
	case s.Edges&^s.Lines != 0:
		return fmt.Errorf("pic8259: edges %#02x on inputs that are low", s.Edges)
	}
	d.s = s
	d.intr = d.INTR()
	d.cfg.INTR(d.intr)
	return nil
}

// SetIR drives input n (0-7).
func (d *Device) SetIR(n int, high bool) {
	bit := uint8(1) << (n & 7)
	switch {
	case high && d.s.Lines&bit == 0:
		d.s.Lines |= bit
		d.s.Edges |= bit
	case !high:
		d.s.Lines &^= bit
		d.s.Edges &^= bit
	}
	d.drive()
}

// IR is input n (0-7) as a line.
func (d *Device) IR(n int) devices.Line {
	return func(high bool) { d.SetIR(n, high) }
}

// INTR is the level of the output.
func (d *Device) INTR() bool {
	_, ok := d.request()
	return ok
}

// Ack is the interrupt acknowledge of a chip that stands alone: it takes the request of
// highest priority into service and returns its vector. Without a request it returns the
// vector of IR7 and changes nothing.
func (d *Device) Ack() uint8 {
	n, _ := d.accept()
	return d.vector(n)
}

// accept is the first INTA pulse: the request of highest priority goes into service. If
// there is none the answer is IR7 and false.
func (d *Device) accept() (n int, ok bool) {
	n, ok = d.request()
	if !ok {
		return 7, false
	}
	bit := uint8(1) << n
	d.s.Edges &^= bit
	if d.s.ICW4&icw4AEOI == 0 {
		d.s.ISR |= bit
	} else if d.s.RotateOnAEOI {
		d.s.Lowest = uint8(n)
	}
	d.drive()
	return n, true
}

// vector is what the chip puts on the data bus for input n.
func (d *Device) vector(n int) uint8 {
	switch {
	case d.s.ICW4&icw4UPM != 0:
		return d.s.ICW2&0xf8 | uint8(n)
	case d.s.ICW1&icw1ADI != 0:
		return d.s.ICW1&0xe0 | uint8(n)<<2
	default:
		return d.s.ICW1&0xc0 | uint8(n)<<3
	}
}

// levels marks the inputs that are level-triggered.
func (d *Device) levels() uint8 {
	if d.cfg.ELCR == 0 && d.s.ICW1&icw1LTIM != 0 {
		return 0xff
	}
	return d.s.ELCR
}

// irr is the interrupt request register.
func (d *Device) irr() uint8 {
	levels := d.levels()
	return d.s.Edges&^levels | d.s.Lines&levels
}

// request returns the input to be served next: the one of highest priority that is
// requested, not masked, and not held back by one in service.
func (d *Device) request() (n int, ok bool) {
	requests := d.irr() &^ d.s.IMR
	if requests == 0 || !d.s.Ready || d.s.Step != stepNone {
		return 0, false
	}
	// Bit 0 of the rotated registers is the input of highest priority.
	first := int(d.s.Lowest+1) & 7
	waiting := bits.RotateLeft8(requests, -first)
	serving := bits.RotateLeft8(d.blocking(), -first)
	p := bits.TrailingZeros8(waiting)
	q := bits.TrailingZeros8(serving) // 8 if none
	n = (p + first) & 7
	switch {
	case p < q:
		return n, true
	case p == q && d.nests(n):
		return n, true
	}
	return 0, false
}

// blocking marks the inputs in service that hold others back.
func (d *Device) blocking() uint8 {
	if d.s.SpecialMask {
		return d.s.ISR &^ d.s.IMR
	}
	return d.s.ISR
}

// nests reports whether input n may interrupt its own service: in special fully nested
// mode, where a slave on it may have something more urgent.
func (d *Device) nests(n int) bool {
	return d.cfg.Master && d.s.ICW4&icw4SFNM != 0 && d.hasSlave(n)
}

// hasSlave reports whether a slave is on input n of this master.
func (d *Device) hasSlave(n int) bool {
	return d.s.ICW1&icw1SNGL == 0 && d.s.ICW3>>n&1 != 0
}

func (d *Device) drive() {
	if intr := d.INTR(); intr != d.intr {
		d.intr = intr
		d.cfg.INTR(intr)
	}
}
