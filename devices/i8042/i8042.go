// Package i8042 is the keyboard controller of the AT and PS/2: an 8042 microcontroller
// between the processor and two serial devices, the keyboard and the auxiliary device (a
// mouse). It also holds two wires of the board, the A20 gate and the processor's reset.
//
// Two faces, each one port wide, because port 61h lies between them:
//
//	face     access  meaning
//	Data     R       output buffer: clears OBF and both interrupts
//	Data     W       parameter of the last command, or a byte for the keyboard
//	Control  R       status register
//	Control  W       command, see command.go
//
// Status register:
//
//	bit  name  power-on  meaning
//	0    OBF   0         output buffer full
//	1    IBF   0         input buffer full: never, a byte is taken at once
//	2    SYS   0         system flag: self-test passed, or bit 2 of the command byte
//	3    A2    1         last write went to Control
//	4    INH   1         0: keyboard lock is closed
//	5    AUXB  0         with OBF: the byte is from the auxiliary device
//	6    TO    0         with OBF: the device did not answer
//	7    PERR  0         parity error: never
//
// Command byte (byte 0 of the controller's RAM):
//
//	bit  name   power-on  meaning
//	0    INT    1         IRQ1 when the output buffer has a byte of the keyboard
//	1    INT2   1         IRQ12 when it has one of the auxiliary device
//	2    SYS    0         copied to the status register
//	4    EN     0         1: keyboard clock is held, it cannot send
//	5    EN2    0         1: auxiliary clock is held
//	6    XLATE  0         1: scan codes of set 2 become set 1
//
// Output port (command D0h, D1h):
//
//	bit  name   power-on  meaning
//	0    RESET  1         0: resets the processor
//	1    A20    1         1: this chip lets address line 20 through
//	4    IRQ1   -         as driven
//	5    IRQ12  -         as driven
//	7,6,3,2     1         data and clock lines, kept without effect
//
// Read this file, then command.go.
//
// Sources: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device
// Controller"; IBM PC AT Technical Reference, "Keyboard Controller"; Intel UPI-41/42 manual.
//
// Not modelled: the keyboard lock, passwords (A5h, A6h), diagnostic dump (ACh), polling of
// the input port (C1h, C2h), parity errors.
//
// Inaccuracies: commands take no time. The RESET bit cannot be left at 0: clearing it
// pulses the line, and it reads as 1.
package i8042

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Status register.
const (
	statOBF  = 1 << 0
	statSYS  = 1 << 2
	statA2   = 1 << 3
	statINH  = 1 << 4
	statAUXB = 1 << 5
	statTO   = 1 << 6
)

// Command byte.
const (
	cmdINT   = 1 << 0
	cmdINT2  = 1 << 1
	cmdSYS   = 1 << 2
	cmdEN    = 1 << 4
	cmdEN2   = 1 << 5
	cmdXLATE = 1 << 6
)

// Output port.
const (
	outRESET = 1 << 0
	outA20   = 1 << 1
	outIRQ1  = 1 << 4
	outIRQ12 = 1 << 5
	outOnes  = 0xCC
)

const (
	// serialTime is one byte on the wire: 11 bits at 12.5 kHz.
	serialTime = 880 * devices.Microsecond
	// firmwareTime is how long the controller's own program takes to put out a byte that
	// had to wait.
	firmwareTime = 20 * devices.Microsecond

	ramSize = 32
)

// A Peripheral is a device at the end of a PS/2 cable. When it has something to send it
// tells the controller by KeyboardReady or AuxReady.
type Peripheral interface {
	// Write gives it a byte from the host.
	Write(b uint8)
	// Ready reports whether it has a byte to send.
	Ready() bool
	// Read takes the next byte that it sends. It is only called when Ready.
	Read() uint8
}

// A Source says where a byte in the output buffer is from.
type Source uint8

// Sources.
const (
	None Source = iota // there is no byte
	Keyboard
	Aux
)

// A Byte is one on its way to the processor.
type Byte struct {
	Value   uint8
	From    Source
	Timeout bool // stands for an answer that did not come
}

// State is everything the chip remembers.
type State struct {
	RAM     [ramSize]uint8 // controller RAM; byte 0 is the command byte
	Status  uint8          // SYS and A2; the rest follows from Out
	Port    uint8          // output port without bits 5 and 4
	Command uint8          // command that waits for its parameter, 0 for none
	Out     Byte           // output buffer; the value stays after it was read
	Wait    Byte           // the controller's own byte that waits for the output buffer
	Break   bool           // translation: F0h was swallowed

	Armed bool         // a byte is on its way
	Due   devices.Time // when it arrives
}

// PowerOn is the state after power-on.
var PowerOn = State{
	RAM:    [ramSize]uint8{cmdINT | cmdINT2},
	Status: statA2,
	Port:   outOnes | outA20 | outRESET,
}

// AfterBIOS is the state in which firmware leaves the controller for an operating system:
// self-test passed, keyboard translated and with interrupt, auxiliary device held. A board
// that starts a kernel without firmware restores it.
var AfterBIOS = State{
	RAM:    [ramSize]uint8{cmdINT | cmdSYS | cmdEN2 | cmdXLATE},
	Status: statSYS,
	Port:   outOnes | outA20 | outRESET,
}

// Pins are the wires of the chip. Lines that are nil are not connected.
type Pins struct {
	IRQ1  devices.Line // level: a byte of the keyboard is in the output buffer
	IRQ12 devices.Line // level: a byte of the auxiliary device is
	A20   devices.Line // level
	Reset devices.Line // pulses
}

// A Device is the controller.
type Device struct {
	s     State
	pins  Pins
	clock devices.Clock
	timer devices.Timer
	kbd   Peripheral // nil: nothing is plugged in
	aux   Peripheral
}

// New returns a device that drives nothing yet; the board plugs the keyboard in and calls
// Reset once all is wired.
func New(clock devices.Clock, pins Pins) *Device {
	for _, l := range []*devices.Line{&pins.IRQ1, &pins.IRQ12, &pins.A20, &pins.Reset} {
		if *l == nil {
			*l = devices.NC
		}
	}
	d := &Device{pins: pins, clock: clock, s: PowerOn}
	d.timer = clock.NewTimer(d.arrive)
	return d
}

// PlugKeyboard connects a keyboard, PlugAux a mouse; nil unplugs.
func (d *Device) PlugKeyboard(p Peripheral) { d.kbd = p }

// PlugAux connects the auxiliary device.
func (d *Device) PlugAux(p Peripheral) { d.aux = p }

// Reset returns to the power-on state.
func (d *Device) Reset() { _ = d.Restore(PowerOn) }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state, drives the levels to match it and sets the timer. It never
// pulses Reset.
func (d *Device) Restore(s State) error {
	switch {
	case s.Out.From > Aux || s.Wait.From > Aux:
		return fmt.Errorf("i8042: byte from source %d, %d", s.Out.From, s.Wait.From)
	case s.Status&^(statSYS|statA2) != 0:
		return fmt.Errorf("i8042: status %#02x", s.Status)
	case s.Port&(outIRQ1|outIRQ12) != 0 || s.Port&outRESET == 0:
		return fmt.Errorf("i8042: output port %#02x", s.Port)
	case s.Command != 0 && !hasParameter(s.Command):
		return fmt.Errorf("i8042: command %#02x does not wait for a parameter", s.Command)
	case s.Armed && s.Due < 0:
		return fmt.Errorf("i8042: byte arrives at %d", s.Due)
	}
	d.s = s
	if s.Armed {
		d.timer.Set(s.Due)
	} else {
		d.timer.Stop()
	}
	d.drive()
	return nil
}

// Data is the face at port 60h.
func (d *Device) Data() devices.Port { return dataFace{d} }

// Control is the face at port 64h.
func (d *Device) Control() devices.Port { return controlFace{d} }

type dataFace struct{ d *Device }

func (f dataFace) In(uint16) uint8       { return f.d.read() }
func (f dataFace) Out(_ uint16, v uint8) { f.d.write(v) }

type controlFace struct{ d *Device }

func (f controlFace) In(uint16) uint8       { return f.d.status() }
func (f controlFace) Out(_ uint16, v uint8) { f.d.command(v) }

// KeyboardReady tells that the keyboard has a byte to send.
func (d *Device) KeyboardReady() { d.schedule() }

// AuxReady tells that the auxiliary device has a byte to send.
func (d *Device) AuxReady() { d.schedule() }

func (d *Device) status() uint8 {
	v := d.s.Status | statINH
	if d.s.Out.From != None {
		v |= statOBF
		if d.s.Out.From == Aux {
			v |= statAUXB
		}
		if d.s.Out.Timeout {
			v |= statTO
		}
	}
	return v
}

// read takes the byte out of the output buffer. An empty one gives the last byte again.
func (d *Device) read() uint8 {
	d.s.Out.From = None
	d.drive()
	d.schedule()
	return d.s.Out.Value
}

// enabled reports whether the device is plugged in, may send, and wants to.
func (d *Device) enabled(p Peripheral, held uint8) bool {
	return p != nil && d.s.RAM[0]&held == 0 && p.Ready()
}

// schedule sets the timer if a byte can be on its way to an empty output buffer.
func (d *Device) schedule() {
	if d.s.Armed || d.s.Out.From != None {
		return
	}
	var delay devices.Time
	switch {
	case d.s.Wait.From != None:
		delay = firmwareTime
	case d.enabled(d.kbd, cmdEN) || d.enabled(d.aux, cmdEN2):
		delay = serialTime
	default:
		return
	}
	d.s.Armed, d.s.Due = true, d.clock.Now()+delay
	d.timer.Set(d.s.Due)
}

// arrive is the end of a transfer. What was true when it began may have changed: then there
// is nothing to receive.
func (d *Device) arrive() {
	d.s.Armed = false
	if d.s.Out.From != None {
		return
	}
	switch {
	case d.s.Wait.From != None:
		d.s.Out, d.s.Wait = d.s.Wait, Byte{}
	case d.enabled(d.kbd, cmdEN):
		if b, ok := d.translate(d.kbd.Read()); ok {
			d.s.Out = Byte{Value: b, From: Keyboard}
		}
	case d.enabled(d.aux, cmdEN2):
		d.s.Out = Byte{Value: d.aux.Read(), From: Aux}
	}
	d.drive()
	d.schedule()
}

// reply puts a byte of the controller's own into the output buffer, or lets it wait until
// the one there has been read.
func (d *Device) reply(b Byte) {
	if d.s.Out.From != None {
		d.s.Wait = b
		return
	}
	d.s.Out = b
	d.drive()
}

// drive puts the level outputs in line with the state.
func (d *Device) drive() {
	d.pins.IRQ1(d.irq(Keyboard, cmdINT))
	d.pins.IRQ12(d.irq(Aux, cmdINT2))
	d.pins.A20(d.s.Port&outA20 != 0)
}

func (d *Device) irq(from Source, enable uint8) bool {
	return d.s.Out.From == from && d.s.RAM[0]&enable != 0
}
