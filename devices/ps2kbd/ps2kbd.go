// Package ps2kbd is a 101/102-key keyboard with a PS/2 plug.
//
// It has no registers: bytes arrive from the keyboard controller (Write) and leave one by
// one when the controller asks (Ready, Read). Commands from the host:
//
//	byte   meaning                                   answer
//	ED n   lamps: bit 0 scroll, 1 num, 2 caps lock   FA, FA
//	EE     echo                                      EE
//	F0 n   scan code set 1, 2 or 3; 0 asks           FA, FA (and the set)
//	F2     identify                                  FA AB 83
//	F3 n   delay (6:5) and rate (4:0) of repetition  FA, FA
//	F4     clear the buffer, start scanning          FA
//	F5     defaults, stop scanning                   FA
//	F6     defaults                                  FA
//	F7-FA  set 3: types of all keys                  FA
//	FB-FD  set 3: type of the keys that follow       FA, FA for each key
//	FE     say the last byte again                   the byte
//	FF     reset                                     FA, AA
//
// Anything else is answered with FE. Answers overtake key codes that wait in the buffer,
// which has 16 places; a key that does not fit leaves the overrun code (00h, in set 1 FFh)
// in a 17th.
//
// The key that went down last repeats while it is held: after (1 + delay) · 250 ms, then
// every (8 + rate 2:0) · 2^(rate 4:3) / 240 s; 500 ms and 91.7 ms from power-on. F0h and F4h
// to FFh end it. A repetition that would wait behind a code not yet fetched is dropped.
//
// Read this file, then keys.go (the keys and their codes), typematic.go (repetition and the
// types of keys in set 3), us.go (characters).
//
// Sources: IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)";
// Microsoft Keyboard Scan Code Specification.
//
// Not modelled: the AA after power-on, the tolerance of 20 % of delay and rate.
//
// Inaccuracies: the self-test after a reset takes no time. Which of two shift codes goes
// before a grey key first while both shift keys are down is not documented.
package ps2kbd

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Commands.
const (
	setLamps     = 0xED
	echo         = 0xEE
	setScanCodes = 0xF0
	identify     = 0xF2
	setTypematic = 0xF3
	enable       = 0xF4
	disable      = 0xF5
	setDefaults  = 0xF6
	allTypematic = 0xF7 // …FAh: types of all keys
	keyTypematic = 0xFB // …FDh: type of single keys
	keyMake      = 0xFD
	again        = 0xFE
	reset        = 0xFF

	// maxParameter is the largest parameter; what is above is a command in its place. Keys of
	// set 3 have codes up to the first command.
	maxParameter = 0x7F
	maxKeyCode   = setLamps - 1
)

// Answers.
const (
	ack      = 0xFA
	nak      = 0xFE
	testDone = 0xAA
	id0, id1 = 0xAB, 0x83
)

const (
	bufferSize = 16
	replySize  = 4

	lampMask         = 0x07
	lampNum          = 0x02
	typematicMask    = 0x7F
	defaultTypematic = 0x2B // 10.9 characters per second after half a second
)

// State is everything the keyboard remembers.
type State struct {
	Buffer     [bufferSize + 1]uint8 // codes of keys, first out first; the last place is for overrun
	Count      uint8                 // how many of them
	Reply      [replySize]uint8      // answers, which go first
	ReplyCount uint8
	Last       uint8 // byte sent last
	Command    uint8 // command that waits for its parameter, 0 for none
	Set        uint8 // scan code set, 1 to 3
	Scanning   bool  // keys are reported
	Lamps      uint8
	Typematic  uint8 // delay (6:5) and rate (4:0), as the host wrote them
	Shift      uint8 // shift keys that are down, see modifiers

	Types [256]Type    // of keys, in set 3
	Held  Key          // key that repeats or will, 0 for none
	Due   devices.Time // when it repeats next
}

// PowerOn is the state after power-on.
var PowerOn = State{Set: 2, Scanning: true, Typematic: defaultTypematic, Types: defaultTypes()}

// A Device is a keyboard.
type Device struct {
	s     State
	clock devices.Clock
	timer devices.Timer
	ready func()
	lamps func(uint8)
}

// New returns a keyboard. ready is called when it has a byte to send; lamps is called with
// the lamps that are lit (bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock) when the host sets
// them. Both may be nil.
func New(clock devices.Clock, ready func(), lamps func(uint8)) *Device {
	if ready == nil {
		ready = func() {}
	}
	if lamps == nil {
		lamps = func(uint8) {}
	}
	d := &Device{s: PowerOn, clock: clock, ready: ready, lamps: lamps}
	d.timer = clock.NewTimer(d.repeat)
	return d
}

// Reset returns to the power-on state.
func (d *Device) Reset() { _ = d.Restore(PowerOn) }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state and sets the lamps. Lengths that exceed the buffers are refused
// (CVE-2017-16845).
func (d *Device) Restore(s State) error {
	switch {
	case s.Count > bufferSize+1:
		return fmt.Errorf("ps2kbd: %d bytes in a buffer of %d", s.Count, bufferSize+1)
	case s.ReplyCount > replySize:
		return fmt.Errorf("ps2kbd: %d bytes of answer", s.ReplyCount)
	case s.Set < 1 || s.Set > 3:
		return fmt.Errorf("ps2kbd: scan code set %d", s.Set)
	case s.Command != 0 && !hasParameter(s.Command):
		return fmt.Errorf("ps2kbd: command %#02x does not wait for a parameter", s.Command)
	case s.Lamps&^lampMask != 0 || s.Typematic&^typematicMask != 0 || s.Shift&^shiftMask != 0:
		return fmt.Errorf("ps2kbd: lamps %#02x, typematic %#02x, shift keys %#02x", s.Lamps, s.Typematic, s.Shift)
	case s.Held != 0 && codes[s.Held].name == "" || s.Due < 0 || s.Held == 0 && s.Due != 0:
		return fmt.Errorf("ps2kbd: key %#02x repeats at %d", uint8(s.Held), s.Due)
	}
	for k, t := range s.Types {
		if t > Make {
			return fmt.Errorf("ps2kbd: key %#02x has type %d", k, t)
		}
	}
	d.s = s
	if s.Held != 0 {
		d.timer.Set(s.Due)
	} else {
		d.timer.Stop()
	}
	d.lamps(s.Lamps)
	if d.Ready() {
		d.ready()
	}
	return nil
}

func hasParameter(c uint8) bool {
	return c == setLamps || c == setScanCodes || c == setTypematic || c >= keyTypematic && c <= keyMake
}

// Ready reports whether there is a byte to send.
func (d *Device) Ready() bool { return d.s.ReplyCount > 0 || d.s.Count > 0 }

// Read takes the next byte to send. Without one it says the last byte again.
func (d *Device) Read() uint8 {
	switch {
	case d.s.ReplyCount > 0:
		d.s.Last = d.s.Reply[0]
		copy(d.s.Reply[:], d.s.Reply[1:])
		d.s.ReplyCount--
	case d.s.Count > 0:
		d.s.Last = d.s.Buffer[0]
		copy(d.s.Buffer[:], d.s.Buffer[1:])
		d.s.Count--
	}
	return d.s.Last
}

// Write gives the keyboard a byte from the host. It drops an answer that has not been
// fetched. A command in the place of a parameter cancels the command before.
func (d *Device) Write(b uint8) {
	c := d.s.Command
	last := d.s.Last
	d.s.Command, d.s.ReplyCount = 0, 0
	switch {
	case c != 0 && (b <= maxParameter || c >= keyTypematic && b <= maxKeyCode):
		d.parameter(c, b)
	case b == again:
		d.answer(last)
	default:
		d.command(b)
	}
}

func (d *Device) command(b uint8) {
	if hasParameter(b) {
		d.s.Command = b
		if b >= keyTypematic {
			d.clear()
		}
		d.answer(ack)
		return
	}
	switch b {
	case echo:
		d.answer(echo)
	case identify:
		d.answer(ack, id0, id1)
	case enable:
		d.clear()
		d.s.Scanning = true
		d.answer(ack)
	case disable, setDefaults:
		d.defaults()
		d.s.Scanning = d.s.Scanning && b == setDefaults
		d.answer(ack)
	case allTypematic, allTypematic + 1, allTypematic + 2, allTypematic + 3:
		d.clear()
		d.setAllTypes(commandType(b))
		d.answer(ack)
	case reset:
		d.defaults()
		d.s.Scanning, d.s.Lamps = true, 0
		d.lamps(0)
		d.answer(ack, testDone)
	default:
		d.answer(nak)
	}
}

// defaults is what F5h, F6h and a reset have in common. The lamps stay.
func (d *Device) defaults() {
	d.clear()
	d.s.Set, d.s.Typematic, d.s.Types = PowerOn.Set, PowerOn.Typematic, PowerOn.Types
}

// clear empties the buffer and ends repetition.
func (d *Device) clear() {
	d.s.Count = 0
	d.letGo()
}

func (d *Device) parameter(c, b uint8) {
	switch c {
	case setLamps:
		d.s.Lamps = b & lampMask
		d.lamps(d.s.Lamps)
	case setTypematic:
		d.s.Typematic = b
	case setScanCodes:
		switch b {
		case 0:
			d.answer(ack, d.s.Set)
			return
		case 1, 2, 3:
			d.s.Set = b
			d.clear()
		default:
			d.answer(nak)
			return
		}
	default: // FB-FD: more keys may follow
		d.setType(b, commandType(c))
		d.s.Command = c
	}
	d.answer(ack)
}

func (d *Device) answer(b ...uint8) {
	d.s.ReplyCount = uint8(copy(d.s.Reply[:], b))
	d.ready()
}

// queue appends the codes of one key, all or none of them. Where they do not fit goes one
// overrun code.
func (d *Device) queue(codes []uint8) {
	switch free := bufferSize - int(d.s.Count); {
	case len(codes) <= free:
		copy(d.s.Buffer[d.s.Count:], codes)
		d.s.Count += uint8(len(codes))
	case d.s.Count <= bufferSize:
		d.s.Buffer[d.s.Count] = 0
		if d.s.Set == 1 {
			d.s.Buffer[d.s.Count] = 0xFF
		}
		d.s.Count++
	}
	d.ready()
}
