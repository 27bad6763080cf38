package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/devices/ioapic"
	"github.com/glassbox-vm/glassbox/devices/pic8259"
)

// explainEvent says how the last event that was delivered, exception or interrupt, got
// to its handler.
func (i *Inspector) explainEvent() string {
	c := i.CPU()
	e := c.LastEvent
	if e == (cpu.Event{}) {
		return "No interrupt has been delivered since power-on or the last snapshot.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Vector %d (%#x): %v, taken before %04x:%x%s, CPL %d, after %d instructions.\n", uint8(e.Vector), uint8(e.Vector), e.Kind, e.CS, e.RIP,
		i.after(e.RIP), e.CPL, e.Count)
	switch e.Kind {
	case cpu.EventHardware:
		b.WriteString(eachLine(i.hardwareLines(e.Vector), "  "))
	case cpu.EventNMI:
		b.WriteString("  The NMI pin was pulsed.\n  SDM Vol. 3A, \"Nonmaskable Interrupt (NMI)\"\n")
	case cpu.EventSoftware, cpu.EventSoftwareException, cpu.EventICEBP:
		fmt.Fprintf(&b, "  The program asked for it.\n  %s\n", sdmINT)
	case cpu.EventException:
		b.WriteString("  It is an exception; explain fault tells why.\n")
	}
	x := c.Context()
	s := &scene{c: c, mem: i.t.Memory(), x: &x, sym: &i.Symbols}
	b.WriteString(eachLine(s.gateLines(e.Vector), "  "))
	return b.String()
}

// hardwareLines follows an interrupt from the processor back to a chip: everything that is
// programmed to raise this vector.
func (i *Inspector) hardwareLines(v x86.Vector) (lines []string) {
	if s := i.lapicState(i.selected); s != nil {
		for k, name := range []string{"timer", "thermal sensor", "performance counters", "LINT0", "LINT1", "error"} {
			if e := s.LVT[k]; e>>16&1 == 0 && e>>8&7 == 0 && x86.Vector(e) == v {
				lines = append(lines, fmt.Sprintf("It is the vector of the %s of this processor's local APIC.", name))
			}
		}
	}
	if s := state[ioapic.State](i, "ioapic"); s != nil {
		for pin, e := range s.Table {
			if e>>16&1 == 0 && x86.Vector(e) == v {
				lines = append(lines, fmt.Sprintf("It is the vector of I/O APIC pin %d: %s, for %s.", pin, i.pinSource(pin), i.destination(e)))
			}
		}
	}
	if p := state[pic8259.PairState](i, "pic8259"); p != nil {
		lines = append(lines, i.line8259(p, v)...)
	}
	if lines == nil {
		return []string{"No interrupt line leads to this vector: it was a message, from a processor (IPI) or a device on PCI (MSI), or the controllers were programmed anew since."}
	}
	return lines
}

// line8259 says whether a vector is one of the 8259 pair's.
func (i *Inspector) line8259(p *pic8259.PairState, v x86.Vector) []string {
	for k, s := range [2]pic8259.State{p.Master, p.Slave} {
		base := x86.Vector(s.ICW2 &^ 7)
		if !s.Ready || v < base || v >= base+8 || s.IMR == 0xff {
			continue
		}
		line := int(v-base) + 8*k
		return []string{
			fmt.Sprintf("The INTR pin was high and the 8259 %s answered with its base %#x + %d: IRQ %d, %s.", pick(k == 0, "master", "slave"), uint8(base), line&7, line, i.lineSource(line)),
			fmt.Sprintf("In service now: master %08b, slave %08b; masked: master %08b, slave %08b.", p.Master.ISR, p.Slave.ISR, p.Master.IMR, p.Slave.IMR),
		}
	}
	return nil
}

// lineSource is who drives an interrupt line.
func (i *Inspector) lineSource(n int) string {
	if w, ok := i.t.(Wired); ok && len(w.IRQSources(n)) > 0 {
		return strings.Join(w.IRQSources(n), ", ")
	}
	return "a PCI interrupt that the PIIX3 routes there, or a spurious one"
}

// pinSource is who drives an input of the I/O APIC.
func (i *Inspector) pinSource(pin int) string {
	w, ok := i.t.(Wired)
	for n := range 16 {
		if ok && w.IRQPin(n) == pin && len(w.IRQSources(n)) > 0 {
			return fmt.Sprintf("IRQ %d, %s", n, strings.Join(w.IRQSources(n), ", "))
		}
	}
	return "a PCI interrupt"
}
