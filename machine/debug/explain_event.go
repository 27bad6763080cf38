package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/devices/pic8259"
)

// irqSources is who drives each interrupt line of the board; a test compares it with the
// table in machine/doc.go.
var irqSources = map[int]string{
	0: "pit8254 OUT0", 1: "i8042 keyboard", 3: "COM2, COM4", 4: "COM1, COM3", 6: "fdc82077", 7: "lpt",
	8: "mc146818", 9: "piix4 power management", 12: "i8042 auxiliary device", 14: "ide channel 0", 15: "ide channel 1",
}

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

// hardwareLines follows an interrupt from the INTR pin back to a chip.
func (i *Inspector) hardwareLines(v x86.Vector) []string {
	var pic pic8259.PairState
	found := false
	i.t.EachPart(func(name string, state any) {
		if s, ok := state.(pic8259.PairState); ok {
			pic, found = s, true
		}
	})
	if !found {
		return nil
	}
	for k, s := range [2]pic8259.State{pic.Master, pic.Slave} {
		base := x86.Vector(s.ICW2 &^ 7)
		if v < base || v >= base+8 {
			continue
		}
		line := int(v-base) + 8*k
		source := irqSources[line]
		if source == "" {
			source = "a PCI interrupt that the PIIX3 routes here, or a spurious one"
		}
		name := pick(k == 0, "master", "slave")
		lines := []string{fmt.Sprintf("The INTR pin was high and the %s pic8259 answered with its base %#x + %d: IRQ %d, %s.", name, uint8(base), line&7, line, source)}
		if k == 1 {
			lines = append(lines, "The slave's INT pin is IRQ 2 of the master.")
		}
		return append(lines, fmt.Sprintf("In service now: master %08b, slave %08b; masked: master %08b, slave %08b.", pic.Master.ISR, pic.Slave.ISR, pic.Master.IMR, pic.Slave.IMR))
	}
	return []string{"No pic8259 has this vector: it came from an APIC, or the pic8259 was programmed anew since."}
}
