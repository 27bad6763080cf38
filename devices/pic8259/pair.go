package pic8259

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// The inputs that PIIX3 lets software make level-triggered: not the timer, the keyboard,
// the cascade, the clock and the coprocessor.
const (
	elcrMaster = 0xf8
	elcrSlave  = 0xde
)

// cascade is the master's input that the slave of an AT is wired to.
const cascade = 2

// A Pair is the two controllers of an AT: fifteen inputs, the slave on IR2 of the master.
//
//	             ┌────────┐             ┌────────┐
//	IRQ8-15 ────▶│ Slave  │──INTR──IR2─▶│ Master │──▶ INTR
//	             └────────┘ IRQ0,1,3-7 ▶└────────┘
type Pair struct {
	Master, Slave *Device
}

// PairState is the state of both.
type PairState struct {
	Master, Slave State
}

// NewPair returns a wired pair that drives nothing yet; the board calls Reset once all is
// wired. intr is the line to the CPU, a level.
func NewPair(intr devices.Line) *Pair {
	master := New(Config{INTR: intr, ELCR: elcrMaster, Master: true})
	slave := New(Config{INTR: master.IR(cascade), ELCR: elcrSlave})
	return &Pair{Master: master, Slave: slave}
}

// Reset returns both to the power-on state.
func (p *Pair) Reset() {
	p.Slave.Reset()
	p.Master.Reset()
}

// Save returns a copy of the state.
func (p *Pair) Save() PairState { return PairState{p.Master.Save(), p.Slave.Save()} }

// Restore replaces the state of both and drives the output to match. If either is
// impossible nothing changes.
func (p *Pair) Restore(s PairState) error {
	old := p.Slave.Save()
	if err := p.Slave.Restore(s.Slave); err != nil {
		return fmt.Errorf("slave: %w", err)
	}
	if err := p.Master.Restore(s.Master); err != nil {
		if back := p.Slave.Restore(old); back != nil {
			panic("pic8259: " + back.Error()) // it was there a moment ago
		}
		return fmt.Errorf("master: %w", err)
	}
	return nil
}

// IRQ is interrupt line n (0-15) of the board. Line 2 is the cascade and not for use.
func (p *Pair) IRQ(n int) devices.Line {
	switch {
	case n == cascade:
		return devices.NC
	case n < 8:
		return p.Master.IR(n)
	}
	return p.Slave.IR(n - 8)
}

// INTR is the level of the line to the CPU.
func (p *Pair) INTR() bool { return p.Master.INTR() }

// Ack is the CPU's interrupt acknowledge: both INTA pulses. If the master serves an input
// that it was told has a slave, the slave of that identity gives the vector; if there is no
// such slave the bus floats. A request that has gone away gives vector 7 of the master or of
// the slave, and no in-service bit there.
func (p *Pair) Ack() uint8 {
	n, ok := p.Master.accept()
	if !ok || !p.Master.hasSlave(n) {
		return p.Master.vector(n)
	}
	if int(p.Slave.s.ICW3&7) != n {
		return 0xff
	}
	return p.Slave.Ack()
}

// ELCR returns the port of the edge/level control registers: the master's at offset 0, the
// slave's at offset 1.
func (p *Pair) ELCR() devices.Port { return elcrPair{p.Master.ELCR(), p.Slave.ELCR()} }

type elcrPair [2]ELCR

func (e elcrPair) In(off uint16) uint8     { return e[off&1].In(0) }
func (e elcrPair) Out(off uint16, v uint8) { e[off&1].Out(0, v) }
