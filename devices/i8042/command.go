package i8042

// Commands, written to the control face.
const (
	readRAM      = 0x20 // …3Fh: answers with a byte of the RAM
	writeRAM     = 0x60 // …7Fh: parameter goes to a byte of the RAM
	testPassword = 0xA4 // answers F1h: there is none
	disableAux   = 0xA7
	enableAux    = 0xA8
	testAux      = 0xA9 // answers 0: lines are good
	selfTest     = 0xAA // answers 55h
	testKeyboard = 0xAB // answers 0
	disableKbd   = 0xAD
	enableKbd    = 0xAE
	readInput    = 0xC0 // answers with the input port
	readOutput   = 0xD0 // answers with the output port
	writeOutput  = 0xD1 // parameter goes to the output port
	loopKbd      = 0xD2 // answers with the parameter, as if from the keyboard
	loopAux      = 0xD3 // the same, as if from the auxiliary device
	writeAux     = 0xD4 // parameter goes to the auxiliary device
	closeA20     = 0xDD
	openA20      = 0xDF
	readTest     = 0xE0 // answers with the test inputs
	pulse        = 0xF0 // …FFh: pulses low the bits 3:0 of the output port that are 0
)

const (
	passedTest = 0x55
	noPassword = 0xF1
	resend     = 0xFE // what a device that does not answer seems to say

	// inputPort: keyboard lock open (7), colour display (6), no manufacturing jumper (5).
	inputPort = 0xA0
)

// hasParameter reports whether the command waits for a byte at the data face.
func hasParameter(c uint8) bool {
	return c&^(ramSize-1) == writeRAM || c >= writeOutput && c <= writeAux
}

// command is a write to the control face. Unknown commands are ignored, as is the rest of a
// command that still waits for its parameter.
func (d *Device) command(c uint8) {
	d.s.Status |= statA2
	d.s.Command = 0
	switch {
	case hasParameter(c):
		d.s.Command = c
		return
	case c&^(ramSize-1) == readRAM:
		d.answer(d.s.RAM[c%ramSize])
		return
	case c >= pulse:
		if c&outRESET == 0 {
			d.pulseReset()
		}
		return
	}
	switch c {
	case testPassword:
		d.answer(noPassword)
	case disableAux:
		d.s.RAM[0] |= cmdEN2
	case enableAux:
		d.setCommandByte(d.s.RAM[0] &^ cmdEN2)
	case testAux, testKeyboard, readTest:
		d.answer(0)
	case selfTest:
		d.s.Out.From, d.s.Wait, d.s.Break = None, Byte{}, false
		d.s.Status |= statSYS
		d.drive()
		d.answer(passedTest)
	case disableKbd:
		d.s.RAM[0] |= cmdEN
	case enableKbd:
		d.setCommandByte(d.s.RAM[0] &^ cmdEN)
	case readInput:
		d.answer(inputPort)
	case readOutput:
		d.answer(d.outputPort())
	case closeA20:
		d.setOutputPort(d.s.Port &^ outA20)
	case openA20:
		d.setOutputPort(d.s.Port | outA20)
	}
}

// write is a write to the data face: a parameter, or a byte for the keyboard.
func (d *Device) write(v uint8) {
	c := d.s.Command
	d.s.Command = 0
	d.s.Status &^= statA2
	if c > writeRAM && c < writeRAM+ramSize {
		d.s.RAM[c%ramSize] = v
		return
	}
	switch c {
	case writeRAM:
		d.s.Status &^= statSYS
		if v&cmdSYS != 0 {
			d.s.Status |= statSYS
		}
		d.setCommandByte(v)
	case writeOutput:
		d.setOutputPort(v)
		if v&outRESET == 0 {
			d.pulseReset()
		}
	case loopKbd:
		d.reply(Byte{Value: v, From: Keyboard})
	case loopAux:
		d.reply(Byte{Value: v, From: Aux})
	case writeAux:
		d.send(d.aux, v, Aux, cmdEN2)
	default:
		d.send(d.kbd, v, Keyboard, cmdEN)
	}
}

func (d *Device) answer(v uint8) { d.reply(Byte{Value: v, From: Keyboard}) }

// send transmits a byte to a device, which also releases its clock. If there is none, the
// controller waits in vain and says so.
func (d *Device) send(p Peripheral, v uint8, from Source, held uint8) {
	d.setCommandByte(d.s.RAM[0] &^ held)
	if p == nil {
		d.reply(Byte{Value: resend, From: from, Timeout: true})
		return
	}
	p.Write(v)
	d.schedule()
}

// setCommandByte stores the command byte; a device whose clock was held may send now.
func (d *Device) setCommandByte(v uint8) {
	d.s.RAM[0] = v
	d.drive()
	d.schedule()
}

// outputPort is the output port as it reads back.
func (d *Device) outputPort() uint8 {
	v := d.s.Port
	if d.irq(Keyboard, cmdINT) {
		v |= outIRQ1
	}
	if d.irq(Aux, cmdINT2) {
		v |= outIRQ12
	}
	return v
}

func (d *Device) setOutputPort(v uint8) {
	d.s.Port = v&^(outIRQ1|outIRQ12) | outRESET
	d.drive()
}

func (d *Device) pulseReset() {
	d.pins.Reset(true)
	d.pins.Reset(false)
}
