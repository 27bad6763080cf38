package pit8254

import (
	"errors"

	"github.com/glassbox-vm/glassbox/devices"
)

// How a counter is read and written: RW of the control word.
const (
	rwLow  = 1
	rwHigh = 2
	rwBoth = 3
)

// CounterState is everything one counter remembers. The names are the data sheet's.
type CounterState struct {
	Tick int64 // CLK pulses since power-on that are accounted for

	CE int32  // counting element: the count, 0-65536; a start value of 0 is kept as 65536 or 10000
	CR uint16 // count register, as the guest wrote it
	OL uint16 // output latch, as the guest reads it

	RW   uint8 // 1-3
	Mode uint8 // 0-5
	BCD  bool

	Gate bool // level of GATE
	Out  bool // level of OUT

	Written   bool // CR was written since the control word
	NullCount bool // CR is not in CE yet
	Load      bool // the next CLK pulse loads CE
	Running   bool // CE was loaded since the control word
	Armed     bool // modes 4 and 5: the strobe is still to come
	Odd       bool // mode 3: the period being counted is odd

	WriteHigh     bool  // the next write is the high byte
	WriteLow      uint8 // the low byte, waiting for the high one
	ReadHigh      bool  // the next read is the high byte
	CountLatched  bool  // OL holds a count
	StatusLatched bool
	Status        uint8 // latched status byte
}

// counterPowerOn leaves OUT high and waits to be programmed.
var counterPowerOn = CounterState{RW: rwBoth, Mode: 3, Gate: true, Out: true, NullCount: true}

// check tells whether a counter can be in this state.
func (s *CounterState) check() error {
	switch {
	case s.Tick < 0 || s.Tick > maxTick:
		return errors.New("time out of range")
	case s.RW < rwLow || s.RW > rwBoth:
		return errors.New("impossible read/write setting")
	case s.Mode > 5:
		return errors.New("impossible mode")
	case s.CE < 0 || s.CE > s.modulus():
		return errors.New("count out of range")
	case s.Running && s.Mode == 3 && (s.CE&1 != 0 || s.CE == 0 && !(s.Odd && s.Out)):
		return errors.New("impossible count in mode 3")
	case s.Running && s.Mode == 2 && s.CE == 0:
		return errors.New("impossible count in mode 2")
	case !s.Out && s.Running && (s.Mode == 0 || s.Mode == 1) && s.CE == 0 && !s.Load && !s.WriteHigh:
		return errors.New("count expired but OUT is low")
	case s.Armed && s.CE == 0:
		return errors.New("count expired but the strobe is still to come")
	case !s.Written && (s.Load || s.Running):
		return errors.New("counts without a count")
	}
	return nil
}

// modulus is the number of different counts.
func (s *CounterState) modulus() int32 {
	if s.BCD {
		return 10000
	}
	return 65536
}

// initial is the count in CR as a number of CLK pulses.
func (s *CounterState) initial() int32 {
	n := int32(s.CR)
	if s.BCD {
		n = fromBCD(s.CR)
	}
	switch {
	case n == 0:
		return s.modulus()
	case n == 1 && (s.Mode == 2 || s.Mode == 3):
		return 2 // forbidden
	}
	return n
}

// A counter is one of the three. It knows CLK pulses only, not time.
type counter struct {
	s      CounterState
	rose   bool // OUT had a rising edge since drive
	driven bool // what line was driven to

	line  devices.Line  // nil: OUT is not connected
	timer devices.Timer // set for the next edge of OUT; nil with line
}

// setOut drives OUT inside the chip; drive tells the board.
func (c *counter) setOut(high bool) {
	if high && !c.s.Out {
		c.rose = true
	}
	c.s.Out = high
}

// drive tells the board what OUT did since the last call: one rising edge if there were any,
// and the level that it ended at.
func (c *counter) drive() {
	if c.rose {
		if c.driven {
			c.line(false)
		}
		c.line(true)
		c.driven = true
	}
	if c.driven != c.s.Out {
		c.line(c.s.Out)
	}
	c.rose, c.driven = false, c.s.Out
}

// arm sets the timer for the next edge of OUT.
func (c *counter) arm() {
	n, ok := c.untilEdge()
	if !ok {
		c.timer.Stop()
		return
	}
	if (c.s.Mode == 2 || c.s.Mode == 3) && c.s.Running && c.s.initial() < 8 {
		n = max(n, 8) // must not flood the host
	}
	c.timer.Set(moment(c.s.Tick + n))
}

// program executes a control word: all that was going on ends.
func (c *counter) program(v uint8) {
	mode := v >> 1 & 7
	if mode > 5 {
		mode -= 4
	}
	c.s = CounterState{
		Tick: c.s.Tick,
		CE:   min(c.s.CE, 9999), // stands still until a count is loaded
		RW:   v >> 4 & 3,
		Mode: mode,
		BCD:  v&1 != 0,
		Gate: c.s.Gate,
		Out:  c.s.Out,

		NullCount: true,
	}
	c.setOut(mode != 0)
}

// gate is a change of level of GATE.
func (c *counter) gate(high bool) {
	c.s.Gate = high
	switch c.s.Mode {
	case 1, 5:
		c.s.Load = c.s.Load || high && c.s.Written
	case 2, 3:
		c.s.Load = c.s.Load || high && c.s.Written
		if !high {
			c.setOut(true)
		}
	}
}

// write takes one byte of a count.
func (c *counter) write(v uint8) {
	switch {
	case c.s.RW == rwLow:
		c.count(uint16(v))
	case c.s.RW == rwHigh:
		c.count(uint16(v) << 8)
	case !c.s.WriteHigh:
		c.s.WriteLow, c.s.WriteHigh = v, true
		if c.s.Mode == 0 { // counting stops until the second byte
			c.setOut(false)
		}
	default:
		c.s.WriteHigh = false
		c.count(uint16(v)<<8 | uint16(c.s.WriteLow))
	}
}

// count takes a whole count.
func (c *counter) count(cr uint16) {
	c.s.CR, c.s.Written, c.s.NullCount = cr, true, true
	switch c.s.Mode {
	case 0:
		c.setOut(false)
		c.s.Load = true
	case 2, 3:
		c.s.Load = c.s.Load || !c.s.Running // else at the end of the period
	case 4:
		c.s.Load = true
	}
}

// read gives the next byte: latched status, latched count, or the count as it is.
func (c *counter) read() uint8 {
	if c.s.StatusLatched {
		c.s.StatusLatched = false
		return c.s.Status
	}
	v := c.s.OL
	if !c.s.CountLatched {
		v = c.visible()
	}
	high := c.s.RW == rwHigh || c.s.RW == rwBoth && c.s.ReadHigh
	if c.s.RW == rwBoth {
		c.s.ReadHigh = !c.s.ReadHigh
	}
	if high || c.s.RW == rwLow { // that was the last byte
		c.s.CountLatched = false
	}
	if high {
		v >>= 8
	}
	return uint8(v)
}

// visible is CE as the guest sees it.
func (c *counter) visible() uint16 {
	if c.s.BCD {
		return toBCD(c.s.CE)
	}
	return uint16(c.s.CE)
}

func (c *counter) latchCount() {
	if !c.s.CountLatched {
		c.s.OL, c.s.CountLatched = c.visible(), true
	}
}

func (c *counter) latchStatus() {
	if c.s.StatusLatched {
		return
	}
	v := c.s.RW<<4 | c.s.Mode<<1
	if c.s.BCD {
		v |= 1
	}
	if c.s.NullCount {
		v |= 1 << 6
	}
	if c.s.Out {
		v |= 1 << 7
	}
	c.s.Status, c.s.StatusLatched = v, true
}

// counts reports whether CLK pulses decrement CE.
func (c *counter) counts() bool {
	switch c.s.Mode {
	case 0:
		return c.s.Running && c.s.Gate && !c.s.WriteHigh
	case 1, 5:
		return c.s.Running
	default:
		return c.s.Running && c.s.Gate
	}
}

// step is one CLK pulse.
func (c *counter) step() {
	if c.s.Mode >= 4 && !c.s.Out {
		c.setOut(true) // the strobe lasts one pulse
	}
	if c.s.Load {
		c.load()
		if c.s.Mode == 1 {
			c.setOut(false)
		}
		return
	}
	if !c.counts() {
		return
	}
	switch c.s.Mode {
	case 0, 1:
		c.decrement(1)
		if c.s.CE == 0 {
			c.setOut(true)
		}
	case 2:
		if c.s.CE == 1 {
			c.load()
			c.setOut(true)
			return
		}
		c.decrement(1)
		if c.s.CE == 1 {
			c.setOut(false)
		}
	case 3:
		if c.s.CE == 0 || c.s.CE == 2 && !(c.s.Odd && c.s.Out) {
			out := !c.s.Out
			c.load()
			c.setOut(out)
			return
		}
		c.decrement(2)
	case 4, 5:
		c.decrement(1)
		if c.s.CE == 0 && c.s.Armed {
			c.s.Armed = false
			c.setOut(false)
		}
	}
}

// load moves CR to CE.
func (c *counter) load() {
	n := c.s.initial()
	c.s.Odd = c.s.Mode == 3 && n&1 != 0
	if c.s.Odd {
		n-- // an odd period is one pulse longer while OUT is high
	}
	c.s.CE = n
	c.s.Load, c.s.NullCount, c.s.Running = false, false, true
	c.s.Armed = c.s.Mode >= 4
}

// decrement counts down by n, below 0 from the top again.
func (c *counter) decrement(n int64) {
	m := int64(c.s.modulus())
	c.s.CE = int32(((int64(c.s.CE)-n)%m + m) % m)
}

// untilEdge is the number of CLK pulses, at least 1, until step does more than decrement;
// ok is false if it never will unless the guest or GATE does something.
func (c *counter) untilEdge() (n int64, ok bool) {
	ce := int64(c.s.CE)
	switch {
	case c.s.Load, c.s.Mode >= 4 && !c.s.Out:
		return 1, true
	case !c.counts():
		return 0, false
	}
	switch c.s.Mode {
	case 0, 1:
		n, ok = ce, !c.s.Out
	case 2:
		n, ok = ce-1, true
		if ce == 1 {
			n = 1
		}
	case 3:
		n, ok = ce/2, true
		if c.s.Odd && c.s.Out {
			n++
		}
	default:
		n, ok = ce, c.s.Armed
	}
	return max(n, 1), ok
}

// advance is n CLK pulses, in a bounded number of steps: at most a few edges, then whole
// periods at once, then the rest.
func (c *counter) advance(n int64) {
	for edges := 0; n > 0; edges++ {
		e, ok := c.untilEdge()
		if !ok {
			if c.counts() {
				c.decrement(n)
			}
			return
		}
		if e > n {
			c.skip(n)
			return
		}
		if edges == 4 && (c.s.Mode == 2 || c.s.Mode == 3) {
			// CR alone has decided the length of this period, and of all to come.
			period := int64(c.s.initial())
			c.rose = c.rose || n >= period
			n %= period
			continue
		}
		c.skip(e - 1)
		c.step()
		n -= e
	}
}

// skip is n CLK pulses that only decrement.
func (c *counter) skip(n int64) {
	switch {
	case n == 0 || !c.counts():
	case c.s.Mode == 3:
		c.s.CE -= int32(2 * n)
	default:
		c.decrement(n)
	}
}

// fromBCD is the number that four decimal digits make; digits above 9, which the data sheet
// does not allow, count by their weight, up to 9999.
func fromBCD(v uint16) int32 {
	return min(9999, int32(v>>12)*1000+int32(v>>8&15)*100+int32(v>>4&15)*10+int32(v&15))
}

// toBCD is n, 0-10000, as four decimal digits; 10000 is 0000.
func toBCD(n int32) uint16 {
	return uint16(n/1000%10<<12 | n/100%10<<8 | n/10%10<<4 | n%10)
}
