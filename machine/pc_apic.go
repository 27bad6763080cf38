package machine

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/hpet"
	"github.com/glassbox-vm/glassbox/devices/ioapic"
	"github.com/glassbox-vm/glassbox/devices/lapic"
	"github.com/glassbox-vm/glassbox/devices/piix3"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// An apics is what a board with APICs has besides the 8259 pair: a local APIC for each
// processor, one I/O APIC, and the HPET. Without (Model without FeatAPIC) all is empty.
type apics struct {
	bus    *lapic.Bus
	lapic  []*lapic.Device // by processor
	ioapic *ioapic.Device
	hpet   *hpet.Device
	pin    [ioapic.Pins]*wiredOR

	page    phys.Addr // where the registers of the local APIC are mapped
	mapped  bool
	signals []signal // for processors, to be done between two instructions
	// restoring: lines move, but nothing happens.
	restoring bool
}

// A signal is INIT or a start-up message for a processor.
type signal struct {
	cpu   int
	start bool
	page  uint8
}

// irqPin is the input of the I/O APIC that interrupt line n of the 8259 is wired to as well:
// the timer is on 2, where the pair has its cascade.
func irqPin(n int) int {
	if n == 0 {
		return 2
	}
	return n
}

// apic makes the APICs and the HPET.
func (m *Machine) apic(w *wiring) {
	b := m.board
	if !b.cpus[0].Model.Has(cpu.FeatAPIC) {
		if m.cfg.CPUs > 1 {
			w.keep(fmt.Errorf("%w: several processors need a model with an APIC", ErrConfig))
		}
		return
	}
	b.bus = &lapic.Bus{}
	b.ioapic = ioapic.New(b.bus.MSI)
	for i := range b.pin {
		b.pin[i] = &wiredOR{out: b.ioapic.IRQ(i)}
	}
	for i, c := range b.cpus {
		d := lapic.New(b.bus, lapic.Config{
			ID: c.ID, BSP: i == 0, X2: c.Model.Has(cpu.FeatX2APIC), Clock: m.clock,
			INTR: func(high bool) { c.INTR = high },
			NMI: func() {
				if !b.restoring {
					c.NMI = true
				}
			},
			INIT:   func() { b.signal(signal{cpu: i}) },
			SIPI:   func(page uint8) { b.signal(signal{cpu: i, start: true, page: page}) },
			EOI:    b.ioapic.EOI,
			TSC:    c.TSC,
			PIC:    func() uint8 { return b.pic.Ack() },
			Window: b.mapAPIC,
		})
		b.lapic = append(b.lapic, d)
		c.APIC = d
	}
	w.keep(b.mem.MapMMIO(ioapic.DefaultBase, ioapic.Size, "I/O APIC", b.ioapic))
	b.hpet = hpet.New(hpet.Config{Clock: m.clock, IRQ: b.hpetIRQ(), Legacy: b.timer.legacy})
	w.keep(b.mem.MapMMIO(hpet.DefaultBase, hpet.Size, "HPET", b.hpet))
	b.mapAPIC()
}

// signal notes a signal and ends the slice of the processor that runs, so that it is
// done after the present instruction.
func (b *board) signal(s signal) {
	if !b.restoring {
		b.signals = append(b.signals, s)
		b.cpu.RequestStop()
	}
}

// serveSignals resets and starts processors. A processor that does not boot the machine
// waits for a start-up message after INIT.
func (b *board) serveSignals() {
	for _, s := range b.signals {
		c := b.cpus[s.cpu]
		if s.start {
			c.Start(s.page)
			continue
		}
		c.Init()
		b.lapic[s.cpu].Init()
		if s.cpu > 0 {
			c.Activity = cpu.WaitSIPI
		}
	}
	b.signals = b.signals[:0]
}

// acknowledge is the vector of the interrupt that the present processor takes.
func (b *board) acknowledge() uint8 {
	if b.lapic != nil {
		return b.lapic[b.turns.s.CPU].Ack()
	}
	return b.pic.Ack()
}

// setINTR is the output of the 8259 pair: LINT0 of every local APIC.
func (b *board) setINTR(high bool) {
	if b.lapic == nil {
		b.cpus[0].INTR = high
		return
	}
	for _, d := range b.lapic {
		d.SetLINT(0, high)
	}
}

// An apicPage is the registers of the local APIC of the processor whose turn it is.
type apicPage struct{ b *board }

func (p apicPage) ReadMMIO(off uint64, size int) uint64 {
	return p.b.lapic[p.b.turns.s.CPU].ReadMMIO(off, size)
}

func (p apicPage) WriteMMIO(off uint64, size int, v uint64) {
	p.b.lapic[p.b.turns.s.CPU].WriteMMIO(off, size, v)
}

// mapAPIC lets the registers of the local APIC appear where the processor whose turn it is
// has them: usually all have them at the same address, so nothing changes. Where another
// chip answers, it goes on to do so.
func (b *board) mapAPIC() {
	if len(b.lapic) != len(b.cpus) {
		return
	}
	at, on := b.lapic[b.turns.s.CPU].Window()
	page := phys.Addr(at)
	if on == b.mapped && (page == b.page || !on) {
		return
	}
	if b.mapped {
		b.mem.Unmap(b.page)
		b.mapped = false
	}
	b.page = page
	b.mapped = on && b.mem.MapMMIO(page, lapic.Size, "local APIC", apicPage{b}) == nil
}

// A timerLines is the switch by which the HPET takes the lines of the 8254 and of the
// real-time clock.
type timerLines struct {
	high [2]bool
	out  [2]devices.Line
	off  bool
}

// input is the line of the 8254 (0) or the clock (1).
func (t *timerLines) input(i int, out devices.Line) devices.Line {
	t.out[i] = out
	return func(high bool) {
		t.high[i] = high
		out(high && !t.off)
	}
}

// legacy switches.
func (t *timerLines) legacy(on bool) {
	t.off = on
	for i, out := range t.out {
		if out != nil {
			out(t.high[i] && !on)
		}
	}
}

// hpetIRQ wires the outputs of the HPET.
func (b *board) hpetIRQ() func(pin int, legacy, high bool) {
	lines := map[int]devices.Line{0: b.irq[0].input("HPET timer 0"), 8: b.irq[8].input("HPET timer 1")}
	var pins [ioapic.Pins]devices.Line
	for i := range pins {
		if hpet.Routes>>i&1 != 0 {
			pins[i] = b.pin[i].input("HPET")
		}
	}
	return func(pin int, legacy, high bool) {
		if legacy {
			lines[pin](high)
		} else {
			pins[pin](high)
		}
	}
}

// IRQSources names what drives interrupt line n of the ISA bus, 0 to 15.
func (m *Machine) IRQSources(n int) []string {
	from := append([]string(nil), m.irq[n].from...)
	for i := range uint8(4) {
		if route := m.isa.Function().Byte(piix3.RegPIRQRC + i); int(route) == n {
			from = append(from, fmt.Sprintf("PCI by PIRQ%c", 'A'+i))
		}
	}
	return from
}

// IRQPin is the input of the I/O APIC that interrupt line n is on.
func (m *Machine) IRQPin(n int) int { return irqPin(n) }
