// Package uart16550 is the 16550A asynchronous serial port with its FIFOs.
//
//	off  DLAB  access  name  meaning
//	0    0     R       RBR   next character received
//	0    0     W       THR   character to send
//	1    0     RW      IER   3 modem status, 2 line status, 1 THR empty, 0 data received
//	0,1  1     RW      DL    divisor of 115,200 baud, low and high byte
//	2    -     R       IIR   7:6 FIFOs on, 3:1 cause, 0 no interrupt
//	2    -     W       FCR   7:6 trigger level, 3 DMA mode, 2 clear TX, 1 clear RX, 0 FIFOs on
//	3    -     RW      LCR   7 DLAB, 6 break, 5:3 parity, 2 stop bits, 1:0 data bits
//	4    -     RW      MCR   4 loop, 3 OUT2 (interrupt enable of the PC), 2 OUT1, 1 RTS, 0 DTR
//	5    -     R       LSR   7 error in FIFO, 6 TEMT, 5 THRE, 4 BI, 3 FE, 2 PE, 1 OE, 0 DR
//	6    -     R       MSR   7 DCD, 6 RI, 5 DSR, 4 CTS, 3:0 their changes
//	7    -     RW      SCR   memory
//
// Read this file (pins and registers), then transmit.go, receive.go and interrupt.go.
//
// Causes of an interrupt, most urgent first, as IIR gives them: 06 line status (cleared by
// reading LSR), 04 data received (by reading below the trigger level), 0C characters wait
// for four character times (by reading RBR), 02 THR empty (by reading this IIR or writing
// THR), 00 modem status (by reading MSR).
//
// Source: Texas Instruments TL16C550C data sheet (SLLS177); National Semiconductor PC16550D.
//
// Inaccuracies: a character takes CharTime, not the time that the divisor says, unless
// Config.LineSpeed is set. It is handed to the board when its transmission begins, and goes
// from an idle transmitter's THR to the line at once. A divisor of 0, which the data sheet
// does not allow, works as 1. The pause of one character before the first THR interrupt of a
// lone character is left out. Interrupts stay enabled by OUT2 in loop mode, as in the super
// I/O chips that replaced the plain part. Characters are received without errors except break.
//
// Not modelled: RXRDY and TXRDY (no PC wires them); parity and framing of what is received.
package uart16550

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Ports is the number of ports of the chip.
const Ports = 8

// FIFOSize is the number of characters that each FIFO holds.
const FIFOSize = 16

// Offsets of the registers.
const (
	regData = iota // RBR, THR, divisor low
	regIER         // divisor high
	regIIR         // FCR
	regLCR
	regMCR
	regLSR
	regMSR
	regSCR
)

const (
	ierRDA  = 1 << 0
	ierTHRE = 1 << 1
	ierRLS  = 1 << 2
	ierMS   = 1 << 3
	ierMask = 0x0f

	fcrEnable  = 1 << 0
	fcrClearRX = 1 << 1
	fcrClearTX = 1 << 2
	fcrKept    = 0xc9

	lcrBreak = 1 << 6
	lcrDLAB  = 1 << 7

	mcrDTR  = 1 << 0
	mcrRTS  = 1 << 1
	mcrOUT1 = 1 << 2
	mcrOUT2 = 1 << 3
	mcrLoop = 1 << 4
	mcrMask = 0x1f

	lsrDR    = 1 << 0
	lsrOE    = 1 << 1
	lsrPE    = 1 << 2
	lsrFE    = 1 << 3
	lsrBI    = 1 << 4
	lsrTHRE  = 1 << 5
	lsrTEMT  = 1 << 6
	lsrFIFO  = 1 << 7
	lsrChar  = lsrPE | lsrFE | lsrBI // errors that travel with a character
	lsrError = lsrChar | lsrOE

	msrCTS    = 1 << 4
	msrDSR    = 1 << 5
	msrRI     = 1 << 6
	msrDCD    = 1 << 7
	msrInputs = 0xf0
)

// A FIFO holds characters with the errors that came with them, oldest first.
type FIFO struct {
	Len   uint8
	Data  [FIFOSize]uint8
	Error [FIFOSize]uint8 // bits of LSR
}

func (f *FIFO) push(b, errors uint8) {
	f.Data[f.Len], f.Error[f.Len] = b, errors
	f.Len++
}

func (f *FIFO) pop() uint8 {
	b := f.Data[0]
	copy(f.Data[:], f.Data[1:])
	copy(f.Error[:], f.Error[1:])
	f.Len--
	f.Data[f.Len], f.Error[f.Len] = 0, 0
	return b
}

// possible reports whether the places behind the characters are empty and the errors are
// among those given.
func (f *FIFO) possible(errors uint8) bool {
	for i := range f.Data {
		empty := i >= int(f.Len)
		if f.Error[i]&^errors != 0 || empty && (f.Data[i] != 0 || f.Error[i] != 0) {
			return false
		}
	}
	return true
}

// State is everything the chip remembers.
type State struct {
	IER, FCR, LCR, MCR, SCR uint8

	Errors  uint8 // bits 4:1 of LSR
	Changes uint8 // bits 3:0 of MSR
	Inputs  uint8 // levels of DCD, RI, DSR and CTS, as in bits 7:4 of MSR; 1 is asserted
	Divisor uint16

	RX FIFO  // in 16450 mode at most one character
	RB uint8 // what RBR reads when nothing was received since
	TX FIFO  // THR; in 16450 mode at most one character; its errors are zero

	Shifting bool         // the transmitter's shift register holds a character
	ShiftReg uint8        // that character
	Shifted  devices.Time // when it will have been sent

	THREmpty bool         // the THR-empty interrupt waits
	Timeout  bool         // the character timeout has come
	Idle     devices.Time // when it will come, if nothing is received or read before
}

// PowerOn is the state after power-on. Master reset leaves the divisor, the scratch register
// and the receiver's last character as they were; they start as zero, the divisor as 9600
// baud. The inputs say that somebody is at the other end.
var PowerOn = State{Divisor: 12, Inputs: msrCTS | msrDSR | msrDCD}

// Config is what the board decides. Lines that are nil are not connected.
type Config struct {
	IRQ devices.Line // the interrupt, enabled by OUT2; a level

	// Send takes every character sent, when its transmission begins; nil drops them.
	Send func(b byte)

	// Modem outputs; high is asserted.
	DTR, RTS, OUT1 devices.Line
	// Break is high while the guest sends a break.
	Break devices.Line

	// LineSpeed lets a character take as long as the divisor and the format say.
	LineSpeed bool
	// CharTime is the time that a character takes without LineSpeed, in virtual
	// nanoseconds; 0 is DefaultCharTime.
	CharTime devices.Time
}

// DefaultCharTime is how long a character takes unless the board decides otherwise: short, so
// that a guest that polls spends its instructions on something else.
const DefaultCharTime = devices.Microsecond

// A Device is the chip.
type Device struct {
	s     State
	cfg   Config
	clock devices.Clock
	irq   bool // what IRQ was driven to
	tx    devices.Timer
	rx    devices.Timer
}

// New returns a device that drives nothing yet; the board calls Reset once all is wired.
func New(clock devices.Clock, cfg Config) *Device {
	for _, l := range []*devices.Line{&cfg.IRQ, &cfg.DTR, &cfg.RTS, &cfg.OUT1, &cfg.Break} {
		if *l == nil {
			*l = devices.NC
		}
	}
	if cfg.Send == nil {
		cfg.Send = func(byte) {}
	}
	if cfg.CharTime <= 0 {
		cfg.CharTime = DefaultCharTime
	}
	d := &Device{s: PowerOn, cfg: cfg, clock: clock}
	d.tx = clock.NewTimer(d.changed)
	d.rx = clock.NewTimer(d.changed)
	return d
}

// Reset returns to the power-on state. The inputs keep the levels they are driven to.
func (d *Device) Reset() {
	s := PowerOn
	s.Inputs = d.s.Inputs
	_ = d.Restore(s)
}

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state, drives the lines to match it and sets the timers. It sends
// nothing.
func (d *Device) Restore(s State) error {
	room := uint8(1)
	if s.FCR&fcrEnable != 0 {
		room = FIFOSize
	}
	switch {
	case s.IER&^ierMask != 0 || s.FCR&^fcrKept != 0 || s.MCR&^mcrMask != 0:
		return fmt.Errorf("uart16550: impossible registers: IER %#02x, FCR %#02x, MCR %#02x", s.IER, s.FCR, s.MCR)
	case s.Errors&^lsrError != 0 || s.Changes&msrInputs != 0 || s.Inputs&^msrInputs != 0:
		return fmt.Errorf("uart16550: impossible status: %#02x, %#02x, %#02x", s.Errors, s.Changes, s.Inputs)
	case s.RX.Len > room || s.TX.Len > room:
		return fmt.Errorf("uart16550: FIFOs of %d and %d characters where %d fit", s.RX.Len, s.TX.Len, room)
	case !s.RX.possible(lsrChar) || !s.TX.possible(0):
		return fmt.Errorf("uart16550: impossible contents of a FIFO: %+v, %+v", s.RX, s.TX)
	case s.TX.Len > 0 && !s.Shifting:
		return fmt.Errorf("uart16550: %d characters wait for an idle transmitter", s.TX.Len)
	case s.Shifted < 0 || s.Shifted > 1<<62 || s.Idle < 0 || s.Idle > 1<<62:
		return fmt.Errorf("uart16550: times %d and %d are out of range", s.Shifted, s.Idle)
	}
	d.s = s
	d.driveModem()
	d.irq = d.interrupt()
	d.cfg.IRQ(d.irq)
	d.arm()
	return nil
}

// In implements devices.Port.
func (d *Device) In(off uint16) uint8 {
	d.sync()
	v := d.read(off & 7)
	d.changed()
	return v
}

func (d *Device) read(reg uint16) uint8 {
	switch reg {
	case regData:
		if d.s.LCR&lcrDLAB != 0 {
			return uint8(d.s.Divisor)
		}
		return d.receiverBuffer()
	case regIER:
		if d.s.LCR&lcrDLAB != 0 {
			return uint8(d.s.Divisor >> 8)
		}
		return d.s.IER
	case regIIR:
		return d.identify()
	case regLCR:
		return d.s.LCR
	case regMCR:
		return d.s.MCR
	case regLSR:
		return d.lineStatus()
	case regMSR:
		v := d.modemInputs() | d.s.Changes
		d.s.Changes = 0
		return v
	default:
		return d.s.SCR
	}
}

// Out implements devices.Port.
func (d *Device) Out(off uint16, v uint8) {
	d.sync()
	d.write(off&7, v)
	d.changed()
}

func (d *Device) write(reg uint16, v uint8) {
	switch reg {
	case regData:
		if d.s.LCR&lcrDLAB != 0 {
			d.s.Divisor = d.s.Divisor&0xff00 | uint16(v)
			return
		}
		d.transmit(v)
	case regIER:
		if d.s.LCR&lcrDLAB != 0 {
			d.s.Divisor = d.s.Divisor&0x00ff | uint16(v)<<8
			return
		}
		d.outIER(v & ierMask)
	case regIIR:
		d.outFCR(v)
	case regLCR:
		d.outLCR(v)
	case regMCR:
		was := d.modemInputs()
		d.s.MCR = v & mcrMask
		d.inputsChanged(was)
		d.driveModem()
	case regSCR:
		d.s.SCR = v
	}
}

// outIER enables interrupts. Enabling the THR-empty one while THR is empty raises it, every
// time: that is how drivers start to send, and how they find out what chip it is.
func (d *Device) outIER(v uint8) {
	rose := v &^ d.s.IER
	d.s.IER = v
	if rose&ierTHRE != 0 && d.s.TX.Len == 0 {
		d.s.THREmpty = true
	}
}

// outFCR clears and switches the FIFOs. Bits other than 0 count only if it is 1.
func (d *Device) outFCR(v uint8) {
	if (v^d.s.FCR)&fcrEnable != 0 {
		v |= fcrClearRX | fcrClearTX // switching clears both
	} else if v&fcrEnable == 0 {
		return
	}
	d.s.FCR = v & fcrKept
	if v&fcrEnable == 0 {
		d.s.FCR = 0
	}
	if v&fcrClearRX != 0 {
		d.s.RX = FIFO{}
		d.s.Timeout = false
	}
	if v&fcrClearTX != 0 {
		d.s.THREmpty = d.s.THREmpty || d.s.TX.Len > 0
		d.s.TX = FIFO{}
	}
}

func (d *Device) outLCR(v uint8) {
	rose := v &^ d.s.LCR
	d.s.LCR = v
	if d.s.MCR&mcrLoop != 0 && rose&lcrBreak != 0 {
		d.push(0, lsrBI|lsrFE)
	}
	d.driveModem()
}

// driveModem drives the modem outputs and break; in loop mode they are inactive.
func (d *Device) driveModem() {
	v, sendBreak := d.s.MCR, d.s.LCR&lcrBreak != 0
	if v&mcrLoop != 0 {
		v, sendBreak = 0, false
	}
	d.cfg.Break(sendBreak)
	d.cfg.DTR(v&mcrDTR != 0)
	d.cfg.RTS(v&mcrRTS != 0)
	d.cfg.OUT1(v&mcrOUT1 != 0)
}

// CTS drives the input Clear To Send; true is asserted.
func (d *Device) CTS(asserted bool) { d.input(msrCTS, asserted) }

// DSR drives the input Data Set Ready; true is asserted.
func (d *Device) DSR(asserted bool) { d.input(msrDSR, asserted) }

// RI drives the input Ring Indicator; true is asserted.
func (d *Device) RI(asserted bool) { d.input(msrRI, asserted) }

// DCD drives the input Data Carrier Detect; true is asserted.
func (d *Device) DCD(asserted bool) { d.input(msrDCD, asserted) }

func (d *Device) input(bit uint8, asserted bool) {
	was := d.modemInputs()
	d.s.Inputs &^= bit
	if asserted {
		d.s.Inputs |= bit
	}
	d.inputsChanged(was)
	d.changed()
}

// modemInputs is bits 7:4 of MSR: the inputs, or in loop mode the outputs.
func (d *Device) modemInputs() uint8 {
	m := d.s.MCR
	if m&mcrLoop == 0 {
		return d.s.Inputs
	}
	// RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD
	return m&mcrRTS<<3 | m&mcrDTR<<5 | m&mcrOUT1<<4 | m&mcrOUT2<<4
}

// inputsChanged notes the changes of the inputs. For RI only the end of the ring counts.
func (d *Device) inputsChanged(was uint8) {
	now := d.modemInputs()
	changed := was ^ now
	changed &^= msrRI & now
	d.s.Changes |= changed >> 4
}
