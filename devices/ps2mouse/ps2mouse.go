// Package ps2mouse is a mouse with a PS/2 plug: three buttons, and a wheel once the host has
// asked for it.
//
// It has no registers: bytes arrive from the keyboard controller (Write) and leave one by
// one when the controller asks (Ready, Read). Commands from the host:
//
//	byte   meaning                                          answer
//	E6     scale 1:1                                        FA
//	E7     scale 2:1 (stream mode only)                     FA
//	E8 n   resolution: 1, 2, 4, 8 counts per mm             FA, FA
//	E9     status request                                   FA, status, resolution, rate
//	EA     stream mode                                      FA
//	EB     read data                                        FA, packet
//	EC     leave wrap mode                                  FA
//	EE     wrap mode: every byte but EC and FF comes back   FA
//	F0     remote mode: packets only on request             FA
//	F2     identify                                         FA, 00 or 03 (wheel)
//	F3 n   10 to 200 packets per second                     FA, FA
//	F4     enable reports                                   FA
//	F5     disable reports                                  FA
//	F6     defaults                                         FA
//	FE     say the last answer again                        the bytes
//	FF     reset                                            FA, AA, 00
//
// Anything else is answered with FE. The rates 200, 100, 80 in a row switch the wheel on.
//
// A packet:
//
//	byte  7     6     5     4     3  2       1      0
//	1     YOvf  XOvf  YNeg  XNeg  1  Middle  Right  Left
//	2     X, to the right
//	3     Y, upwards
//	4     with a wheel: turns towards the user, signed
//
// Status: 6 remote, 5 enabled, 4 scale 2:1, 2 left, 1 middle, 0 right.
//
// Source: IBM PS/2 Hardware Interface Technical Reference, "Mouse"; Microsoft, "Intelligent
// mouse extensions to the PS/2 protocol".
//
// Not modelled: the five-button form (identifier 4), the time between packets (a packet is
// ready as soon as the one before has been fetched), the AA 00 after power-on.
package ps2mouse

import "fmt"

// Commands.
const (
	scale1       = 0xE6
	scale2       = 0xE7
	setPrecision = 0xE8
	status       = 0xE9
	streamMode   = 0xEA
	readData     = 0xEB
	endWrap      = 0xEC
	wrapMode     = 0xEE
	remoteMode   = 0xF0
	identify     = 0xF2
	setRate      = 0xF3
	enable       = 0xF4
	disable      = 0xF5
	setDefaults  = 0xF6
	again        = 0xFE
	reset        = 0xFF
)

// Answers.
const (
	ack      = 0xFA
	nak      = 0xFE
	testDone = 0xAA
)

const (
	replySize = 5

	// limit bounds the way that waits to be told, in counts; the rest is lost.
	limit = 1 << 12

	wheelID = 3
)

// Buttons, as Move takes them.
const (
	Left   = 1 << 0
	Right  = 1 << 1
	Middle = 1 << 2

	buttons = Left | Right | Middle
)

// State is everything the mouse remembers.
type State struct {
	Reply      [replySize]uint8 // what it is about to send
	ReplyCount uint8
	Sent       uint8 // how much of Reply has been sent
	Command    uint8 // command that waits for its parameter, 0 for none
	Wrap       bool
	Remote     bool
	Enabled    bool
	Scale2     bool
	Resolution uint8    // 0 to 3
	Rate       uint8    // packets per second
	Rates      [2]uint8 // the rates before, newest first
	ID         uint8    // 0, or 3 with a wheel

	X, Y, Z int16 // way not told yet, at most 4096 each
	Buttons uint8
	Told    uint8 // buttons in the last packet
}

// PowerOn is the state after power-on.
var PowerOn = State{Resolution: 2, Rate: 100}

// A Device is a mouse.
type Device struct {
	s     State
	ready func()
}

// New returns a mouse. ready, which may be nil, is called when it has a byte to send.
func New(ready func()) *Device {
	if ready == nil {
		ready = func() {}
	}
	return &Device{s: PowerOn, ready: ready}
}

// Reset returns to the power-on state.
func (d *Device) Reset() { _ = d.Restore(PowerOn) }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state.
func (d *Device) Restore(s State) error {
	far := func(v int16) bool { return v > limit || v < -limit }
	switch {
	case s.ReplyCount > replySize || s.Sent > s.ReplyCount:
		return fmt.Errorf("ps2mouse: %d bytes of answer, %d sent", s.ReplyCount, s.Sent)
	case s.Command != 0 && !hasParameter(s.Command):
		return fmt.Errorf("ps2mouse: command %#02x does not wait for a parameter", s.Command)
	case s.ID != 0 && s.ID != wheelID || s.Resolution > 3 || (s.Buttons|s.Told)&^buttons != 0:
		return fmt.Errorf("ps2mouse: identifier %d, resolution %d, buttons %#x, %#x", s.ID, s.Resolution, s.Buttons, s.Told)
	case far(s.X) || far(s.Y) || far(s.Z):
		return fmt.Errorf("ps2mouse: way %d, %d, %d", s.X, s.Y, s.Z)
	}
	d.s = s
	if d.Ready() {
		d.ready()
	}
	return nil
}

func hasParameter(c uint8) bool { return c == setPrecision || c == setRate }

// Move moves the mouse by x counts to the right and y upwards, turns the wheel by z
// towards the user, and sets the buttons that are down.
func (d *Device) Move(x, y, z int, down uint8) {
	add := func(v *int16, n int) { *v = int16(min(max(int(*v)+min(max(n, -limit), limit), -limit), limit)) }
	add(&d.s.X, x)
	add(&d.s.Y, y)
	add(&d.s.Z, z)
	d.s.Buttons = down & buttons
	if !d.s.Enabled || d.s.Remote {
		return
	}
	if d.Ready() {
		d.ready()
	}
}

// news reports whether there is something to tell.
func (d *Device) news() bool {
	return d.s.X != 0 || d.s.Y != 0 || d.s.Z != 0 && d.s.ID == wheelID || d.s.Buttons != d.s.Told
}

// Ready reports whether there is a byte to send.
func (d *Device) Ready() bool {
	return d.s.Sent < d.s.ReplyCount || d.s.Enabled && !d.s.Remote && !d.s.Wrap && d.s.Command == 0 && d.news()
}

// Read takes the next byte to send. Without one it says the last byte again.
func (d *Device) Read() uint8 {
	if d.s.Sent == d.s.ReplyCount {
		if !d.Ready() {
			return d.s.Reply[max(d.s.ReplyCount, 1)-1]
		}
		d.s.ReplyCount, d.s.Sent = 0, 0
		d.packet()
	}
	b := d.s.Reply[d.s.Sent]
	d.s.Sent++
	return b
}

// packet appends what there is to tell to the answer.
func (d *Device) packet() {
	x, y := d.take(&d.s.X, 255), d.take(&d.s.Y, 255)
	b := 0x08 | d.s.Buttons
	if x < 0 {
		b |= 0x10
	}
	if y < 0 {
		b |= 0x20
	}
	if d.s.Scale2 && !d.s.Remote {
		x, y = scaled(x), scaled(y)
	}
	d.append(b, uint8(x), uint8(y))
	z := d.take(&d.s.Z, 7)
	if d.s.ID == wheelID {
		d.append(uint8(z))
	}
	d.s.Told = d.s.Buttons
}

// take takes at most n counts of a way.
func (d *Device) take(way *int16, n int16) int16 {
	v := min(max(*way, -n), n)
	*way -= v
	return v
}

// scaled is 2:1 scaling: 0, 1, 1, 3, 6, 9, then twice as far.
func scaled(v int16) int16 {
	sign := int16(1)
	if v < 0 {
		sign, v = -1, -v
	}
	if v < 6 {
		return sign * [...]int16{0, 1, 1, 3, 6, 9}[v]
	}
	return sign * min(2*v, 255)
}

// append adds to the answer.
func (d *Device) append(b ...uint8) {
	d.s.ReplyCount += uint8(copy(d.s.Reply[d.s.ReplyCount:], b))
}

// answer starts a new answer. One that has not been fetched is dropped.
func (d *Device) answer(b ...uint8) {
	d.s.ReplyCount, d.s.Sent = 0, 0
	d.append(b...)
	d.ready()
}

// Write gives the mouse a byte from the host.
func (d *Device) Write(b uint8) {
	c := d.s.Command
	d.s.Command = 0
	switch {
	case d.s.Wrap && b != endWrap && b != reset:
		d.answer(b)
	case c != 0:
		d.parameter(c, b)
	default:
		d.command(b)
	}
}

func (d *Device) command(b uint8) {
	switch b {
	case scale1, scale2:
		d.s.Scale2 = b == scale2
	case setPrecision, setRate:
		d.s.Command = b
	case status:
		d.answer(ack, d.status(), d.s.Resolution, d.s.Rate)
		return
	case streamMode, remoteMode:
		d.s.Remote = b == remoteMode
	case readData:
		d.answer(ack)
		d.packet()
		return
	case wrapMode, endWrap:
		d.s.Wrap = b == wrapMode
	case identify:
		d.answer(ack, d.s.ID)
		return
	case enable, disable:
		d.s.Enabled = b == enable
		d.forget()
	case setDefaults:
		d.defaults()
	case again:
		d.s.Sent = 0
		d.ready()
		return
	case reset:
		d.defaults()
		d.s.ID, d.s.Wrap = 0, false
		d.answer(ack, testDone, 0)
		return
	default:
		d.answer(nak)
		return
	}
	d.answer(ack)
}

// status is the first byte of the answer to a status request.
func (d *Device) status() (v uint8) {
	for bit, on := range [...]bool{0: d.s.Buttons&Right != 0, 1: d.s.Buttons&Middle != 0, 2: d.s.Buttons&Left != 0,
		4: d.s.Scale2, 5: d.s.Enabled, 6: d.s.Remote} {
		if on {
			v |= 1 << bit
		}
	}
	return v
}

// forget drops the way that was not told.
func (d *Device) forget() { d.s.X, d.s.Y, d.s.Z, d.s.Told = 0, 0, 0, d.s.Buttons }

// defaults is what F6h and a reset have in common.
func (d *Device) defaults() {
	d.forget()
	d.s.Enabled, d.s.Remote, d.s.Scale2 = false, false, false
	d.s.Resolution, d.s.Rate, d.s.Rates = PowerOn.Resolution, PowerOn.Rate, [2]uint8{}
}

func (d *Device) parameter(c, b uint8) {
	switch {
	case c == setPrecision && b <= 3:
		d.s.Resolution = b
	case c == setRate && b >= 10 && b <= 200:
		if d.s.Rates == [2]uint8{100, 200} && b == 80 {
			d.s.ID = wheelID
		}
		d.s.Rates = [2]uint8{b, d.s.Rates[0]}
		d.s.Rate = b
	default:
		d.s.Command = c
		d.answer(nak)
		return
	}
	d.answer(ack)
}
