package pic8259

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

// newSingle returns a chip on its own, initialised for 8086 mode at vector 20h.
func newSingle(icw4 uint8) (*Device, *devicestest.Wire) {
	intr := &devicestest.Wire{}
	d := New(Config{INTR: intr.Drive, Master: true})
	d.Reset()
	write(d, 0x13, 0x20, icw4)
	return d, intr
}

// write sends ICW1 and the words that follow it.
func write(d *Device, first uint8, rest ...uint8) {
	d.Out(0, first)
	for _, v := range rest {
		d.Out(1, v)
	}
}

// newAT returns a pair initialised as the BIOS of an AT does, vectors 08h and 70h.
func newAT() (*Pair, *devicestest.Wire) {
	intr := &devicestest.Wire{}
	p := NewPair(intr.Drive)
	p.Reset()
	write(p.Master, 0x11, 0x08, 0x04, 0x01)
	write(p.Slave, 0x11, 0x70, 0x02, 0x01)
	return p, intr
}

func pulse(d *Device, n int) { d.SetIR(n, false); d.SetIR(n, true) }

func isr(d *Device) uint8 { d.Out(0, 0x0b); return d.In(0) }
func irr(d *Device) uint8 { d.Out(0, 0x0a); return d.In(0) }

func TestNoRequestBeforeInitialisation(t *testing.T) {
	intr := &devicestest.Wire{}
	d := New(Config{INTR: intr.Drive, Master: true})
	d.Reset()
	d.SetIR(0, true)
	assert.False(t, intr.Level)
	write(d, 0x13, 0x20, 0x01)
	assert.False(t, intr.Level, "ICW1 clears the edge: a low-to-high transition must follow")
	pulse(d, 0)
	assert.True(t, intr.Level)
}

func TestMaskIsWritableBeforeInitialisation(t *testing.T) {
	d := New(Config{}) // this is how Linux finds out whether there is a controller
	d.Reset()
	d.Out(1, 0xfb)
	assert.Equal(t, uint8(0xfb), d.In(1))
}

func TestInitialisationSequence(t *testing.T) {
	for _, tc := range []struct {
		name  string
		icw1  uint8
		words []uint8 // then the mask A5h follows
		want  State
	}{
		{"single with ICW4", 0x13, []uint8{0x20, 0x01}, State{ICW1: 0x13, ICW2: 0x20, ICW4: 0x01}},
		{"single without ICW4", 0x12, []uint8{0x20}, State{ICW1: 0x12, ICW2: 0x20}},
		{"cascaded with ICW4", 0x11, []uint8{0x20, 0x04, 0x03}, State{ICW1: 0x11, ICW2: 0x20, ICW3: 4, ICW4: 3}},
		{"cascaded without ICW4", 0x10, []uint8{0x20, 0x04}, State{ICW1: 0x10, ICW2: 0x20, ICW3: 4}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := New(Config{Master: true})
			d.Reset()
			write(d, tc.icw1, append(tc.words, 0xa5)...)
			tc.want.IMR, tc.want.Lowest, tc.want.Ready = 0xa5, 7, true
			assert.Equal(t, tc.want, d.Save())
		})
	}
}

func TestICW1EndsModesAndServices(t *testing.T) {
	d, intr := newSingle(0x03)
	d.Out(0, 0x80) // rotate on automatic EOI
	d.Out(0, 0x6b) // special mask, read ISR
	d.Out(0, 0xc2) // set priority
	d.Out(1, 0xff)
	pulse(d, 3)
	d.Out(0, 0x12)
	assert.Equal(t, State{Lines: 0x08, ICW1: 0x12, ICW2: 0x20, Lowest: 7, Step: stepICW2, Ready: true}, d.Save())
	assert.False(t, intr.Level)
}

func TestFullyNested(t *testing.T) {
	d, intr := newSingle(0x01)
	pulse(d, 4)
	pulse(d, 5)
	assert.Equal(t, uint8(0x24), d.Ack())
	assert.Equal(t, uint8(0x10), isr(d))
	assert.Equal(t, uint8(0x20), irr(d))
	assert.False(t, intr.Level, "5 is less urgent than 4")
	pulse(d, 4)
	assert.False(t, intr.Level, "4 does not interrupt itself")
	pulse(d, 1)
	assert.True(t, intr.Level)
	assert.Equal(t, uint8(0x21), d.Ack())
	d.Out(0, 0x20) // ends 1
	assert.Equal(t, uint8(0x10), isr(d))
	assert.False(t, intr.Level)
	d.Out(0, 0x20) // ends 4, which is requested again
	assert.Equal(t, uint8(0x24), d.Ack())
	d.Out(0, 0x64) // specific EOI
	assert.Equal(t, uint8(0x25), d.Ack())
	d.Out(0, 0x64) // not in service: nothing
	assert.Equal(t, uint8(0x20), isr(d))
}

func TestMaskedRequestWaits(t *testing.T) {
	d, intr := newSingle(0x01)
	d.Out(1, 0x08)
	pulse(d, 3)
	assert.False(t, intr.Level)
	assert.Equal(t, uint8(0x08), irr(d))
	d.Out(1, 0)
	assert.True(t, intr.Level)
}

func TestSpuriousInterrupt(t *testing.T) {
	d, intr := newSingle(0x01)
	pulse(d, 3)
	d.SetIR(3, false)
	assert.False(t, intr.Level)
	assert.Equal(t, uint8(0x27), d.Ack())
	assert.Zero(t, isr(d))
}

func TestEdgeIsTakenOnce(t *testing.T) {
	d, intr := newSingle(0x01)
	pulse(d, 3)
	d.Ack()
	d.Out(0, 0x20)
	d.SetIR(3, true)
	assert.False(t, intr.Level)
	pulse(d, 3)
	assert.True(t, intr.Level)
}

func TestLevelRequestsUntilItFalls(t *testing.T) {
	intr := &devicestest.Wire{}
	d := New(Config{INTR: intr.Drive, Master: true})
	d.Reset()
	d.SetIR(3, true)
	write(d, 0x1b, 0x20, 0x01) // LTIM
	assert.True(t, intr.Level, "no edge needed")
	d.Ack()
	assert.False(t, intr.Level)
	d.Out(0, 0x20)
	assert.True(t, intr.Level, "still high")
	d.SetIR(3, false)
	assert.False(t, intr.Level)
}

func TestELCR(t *testing.T) {
	p, intr := newAT()
	e := p.ELCR()
	e.Out(0, 0xff)
	e.Out(1, 0xff)
	assert.Equal(t, uint8(0xf8), e.In(0))
	assert.Equal(t, uint8(0xde), e.In(1))
	p.IRQ(11)(true)
	assert.Equal(t, uint8(0x73), p.Ack())
	p.Slave.Out(0, 0x20)
	p.Master.Out(0, 0x20)
	assert.True(t, intr.Level, "level-triggered")
	e.Out(1, 0)
	assert.False(t, intr.Level, "the edge was taken")
	write(p.Slave, 0x19, 0x70, 0x02, 0x01)
	assert.False(t, intr.Level, "LTIM has no effect where there is an ELCR")
}

func TestRotation(t *testing.T) {
	d, _ := newSingle(0x01)
	d.Out(0, 0xc4) // 4 gets the lowest priority: 5 6 7 0 1 2 3 4
	for n := range 8 {
		pulse(d, n)
	}
	for _, want := range []uint8{5, 6, 7, 0, 1, 2, 3, 4} {
		assert.Equal(t, 0x20|want, d.Ack())
		d.Out(0, 0x20)
	}
	pulse(d, 5)
	pulse(d, 6)
	assert.Equal(t, uint8(0x25), d.Ack())
	d.Out(0, 0xa0) // rotate on EOI: 5 is last now
	assert.Equal(t, uint8(5), d.Save().Lowest)
	assert.Equal(t, uint8(0x26), d.Ack())
	d.Out(0, 0xe6) // rotate on specific EOI
	assert.Equal(t, uint8(6), d.Save().Lowest)
	assert.Zero(t, isr(d))
}

func TestAutomaticEOI(t *testing.T) {
	d, intr := newSingle(0x03)
	pulse(d, 2)
	pulse(d, 3)
	assert.Equal(t, uint8(0x22), d.Ack())
	assert.Zero(t, isr(d))
	assert.True(t, intr.Level)
	d.Out(0, 0x80) // rotate on automatic EOI
	assert.Equal(t, uint8(0x23), d.Ack())
	assert.Equal(t, uint8(3), d.Save().Lowest)
	d.Out(0, 0x00)
	pulse(d, 5)
	d.Ack()
	assert.Equal(t, uint8(3), d.Save().Lowest)
}

func TestSpecialMaskMode(t *testing.T) {
	d, intr := newSingle(0x01)
	pulse(d, 2)
	d.Ack()
	pulse(d, 6)
	d.Out(1, 0x04)
	assert.False(t, intr.Level, "2 in service holds 6 back")
	d.Out(0, 0x68)
	assert.True(t, intr.Level)
	assert.Equal(t, uint8(0x26), d.Ack())
	d.Out(0, 0x20) // the masked one is left alone
	assert.Equal(t, uint8(0x04), isr(d))
	d.Out(0, 0x20)
	assert.Equal(t, uint8(0x04), isr(d))
	d.Out(0, 0x08) // ESMM=0: no change
	assert.True(t, d.Save().SpecialMask)
	d.Out(0, 0x48)
	d.Out(0, 0x20)
	assert.Zero(t, isr(d))
}

func TestPoll(t *testing.T) {
	d, intr := newSingle(0x01)
	d.Out(0, 0x0c)
	assert.Zero(t, d.In(0))
	pulse(d, 5)
	d.Out(0, 0x0c)
	assert.Equal(t, uint8(0x85), d.In(1), "the next read, at either address")
	assert.False(t, intr.Level)
	assert.Equal(t, uint8(0x20), isr(d))
	assert.Zero(t, d.In(1), "one read only")
}

func TestVectorsOfThe8085(t *testing.T) {
	for _, tc := range []struct {
		icw1 uint8
		n    int
		want uint8
	}{
		{0xf6, 5, 0xf4}, // interval 4: A7-A5, then the number
		{0xf2, 5, 0xe8}, // interval 8: A7-A6, then the number
	} {
		d := New(Config{Master: true})
		d.Reset()
		write(d, tc.icw1, 0x12)
		pulse(d, tc.n)
		assert.Equal(t, tc.want, d.Ack())
	}
}

func TestCascade(t *testing.T) {
	p, intr := newAT()
	p.IRQ(14)(true)
	assert.True(t, intr.Level)
	assert.Equal(t, uint8(0x76), p.Ack())
	assert.Equal(t, uint8(0x04), isr(p.Master))
	assert.Equal(t, uint8(0x40), isr(p.Slave))
	assert.False(t, intr.Level)

	p.IRQ(8)(true) // more urgent on the slave, but the master has IR2 in service
	assert.False(t, intr.Level)
	p.IRQ(1)(true)
	assert.Equal(t, uint8(0x09), p.Ack())
	p.Master.Out(0, 0x20)
	p.Slave.Out(0, 0x20)
	p.Master.Out(0, 0x20)
	assert.Equal(t, uint8(0x70), p.Ack())
	p.IRQ(2)(true) // not connected
}

func TestSpuriousInterruptOfTheSlave(t *testing.T) {
	p, _ := newAT()
	p.IRQ(14)(true)
	n, ok := p.Master.accept() // the request goes away between the two INTA pulses
	assert.True(t, ok)
	assert.Equal(t, cascade, n)
	p.IRQ(14)(false)
	assert.Equal(t, uint8(0x77), p.Slave.Ack())
	assert.Zero(t, isr(p.Slave))
	assert.Equal(t, uint8(0x04), isr(p.Master), "the master needs its EOI")
}

func TestRequestGoneOnBothGivesMasterSeven(t *testing.T) {
	p, intr := newAT()
	p.IRQ(14)(true)
	p.IRQ(14)(false)
	assert.False(t, intr.Level)
	assert.Equal(t, uint8(0x0f), p.Ack())
}

func TestSlaveOfAnotherIdentityLeavesTheBusFloating(t *testing.T) {
	p, _ := newAT()
	write(p.Slave, 0x11, 0x70, 0x05, 0x01)
	p.IRQ(14)(true)
	assert.Equal(t, uint8(0xff), p.Ack())
}

func TestSpecialFullyNestedMode(t *testing.T) {
	p, intr := newAT()
	write(p.Master, 0x11, 0x08, 0x04, 0x11)
	p.IRQ(14)(true)
	assert.Equal(t, uint8(0x76), p.Ack())
	p.IRQ(15)(true)
	assert.False(t, intr.Level)
	p.IRQ(8)(true)
	assert.True(t, intr.Level, "IR2 may interrupt IR2")
	assert.Equal(t, uint8(0x70), p.Ack())
}

// TestPriorityAgainstTheDataSheetsWords checks every mask, request and service of the four
// low inputs at every rotation against a search in words: the first input, from the highest
// priority down, that is in service ends the search; the first requested one wins.
func TestPriorityAgainstTheDataSheetsWords(t *testing.T) {
	d, _ := newSingle(0x01)
	for v := range 1 << 15 {
		s := d.Save()
		s.Lines = uint8(v&15) * 0x11
		s.Edges, s.IMR, s.ISR = s.Lines, uint8(v>>4&15)<<2, uint8(v>>8&15)*0x11
		s.Lowest = uint8(v >> 12)
		require.NoError(t, d.Restore(s))
		want, found := 0, false
		for i := 1; i <= 8; i++ {
			n := (int(s.Lowest) + i) % 8
			if s.ISR>>n&1 != 0 {
				break
			}
			if s.Edges>>n&1 != 0 && s.IMR>>n&1 == 0 {
				want, found = n, true
				break
			}
		}
		if n, ok := d.request(); ok != found || ok && n != want {
			t.Fatalf("%+v: %d %v, want %d %v", s, n, ok, want, found)
		}
	}
}

func TestRestore(t *testing.T) {
	p, intr := newAT()
	p.IRQ(10)(true)
	s := p.Save()
	q := NewPair(intr.Drive)
	q.Reset()
	assert.False(t, intr.Level)
	require.NoError(t, q.Restore(s))
	assert.True(t, intr.Level)
	q.IRQ(10)(true) // the card drives its level again: no second edge
	assert.Equal(t, s, q.Save())
	assert.Equal(t, uint8(0x72), q.Ack())

	for _, bad := range []State{{Lowest: 8}, {Step: steps}, {ELCR: 1}, {Edges: 1}} {
		before := q.Save()
		assert.Error(t, q.Restore(PairState{Master: bad, Slave: s.Slave}))
		assert.Error(t, q.Restore(PairState{Master: s.Master, Slave: bad}))
		assert.Equal(t, before, q.Save())
	}
}

func FuzzPair(f *testing.F) {
	f.Add([]byte{0, 0x11, 1, 8, 1, 4, 1, 1, 2, 0x11, 3, 0x70, 3, 2, 3, 1, 4, 0x1e, 5, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		intr := &devicestest.Wire{}
		p := NewPair(intr.Drive)
		p.Reset()
		for ; len(in) >= 2; in = in[2:] {
			op, v := in[0]%10, in[1]
			chip := p.Master
			if op&2 != 0 {
				chip = p.Slave
			}
			switch op {
			case 0, 1, 2, 3:
				chip.Out(uint16(op&1), v)
			case 4:
				p.IRQ(int(v & 15))(v&0x10 != 0)
			case 5:
				p.Ack()
			case 6, 7:
				chip.In(uint16(op & 1))
			case 8:
				p.ELCR().Out(uint16(v&1), v)
			case 9:
				s := p.Save()
				if err := p.Restore(s); err != nil || p.Save() != s {
					t.Fatalf("%v: %+v", err, s)
				}
			}
			if intr.Level != p.INTR() || p.Slave.INTR() != (p.Master.s.Lines&4 != 0) {
				t.Fatalf("lines do not match the state %+v", p.Save())
			}
		}
	})
}
