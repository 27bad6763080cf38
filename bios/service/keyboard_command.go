package service

// Commands for the keyboard: lamps and typematic rate. They go out one byte at a time; the
// acknowledgement comes by INT 09h and lets the next byte go. At ebdaKbd:
const (
	kbdNext  = ebdaKbd     // byte to be sent after the acknowledgement
	kbdState = ebdaKbd + 1 // kbdIdle…
)

const (
	kbdIdle = iota
	kbdCommand
	kbdValue
)

// Bits of bdaLEDs.
const (
	ledsAcknowledged = 1 << 4
	ledsResend       = 1 << 5
	ledsUpdate       = 1 << 6 // going on
)

// tellKeyboard starts a command with a byte that follows it; one that is still going on is
// dropped.
func (c *call) tellKeyboard(cmd, v uint8) {
	c.setB(kbdNext, v)
	c.setB(kbdState, kbdCommand)
	c.out(0x60, cmd)
}

// acknowledged is the keyboard's answer to a byte.
func (c *call) acknowledged() {
	c.setB(bdaLEDs, c.b(bdaLEDs)|ledsAcknowledged)
	switch c.b(kbdState) {
	case kbdCommand:
		c.setB(kbdState, kbdValue)
		c.out(0x60, c.b(kbdNext))
	case kbdValue:
		c.setB(kbdState, kbdIdle)
		c.setB(bdaLEDs, c.b(bdaLEDs)&^ledsUpdate)
	}
}

// lamps shows the locks in the lamps, if they have changed.
func (c *call) lamps() {
	now, old := c.b(bdaShift)>>4&7, c.b(bdaLEDs)
	if old&7 == now {
		return
	}
	c.setB(bdaLEDs, old&^7|now|ledsUpdate)
	c.tellKeyboard(0xed, now)
}

// typematic is INT 16h AH=03h: AL = 0 sets the defaults, 5 rate BL and delay BH, 6 asks.
func (c *call) typematic() {
	switch c.ax.lo() {
	case 0:
		c.tellKeyboard(0xf3, 0x2b)
	case 5:
		if c.bx.lo() < 0x20 && c.bx.hi() < 4 {
			c.tellKeyboard(0xf3, c.bx.hi()<<5|c.bx.lo())
		}
	}
}
