package debug

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/devices/hpet"
	"github.com/glassbox-vm/glassbox/devices/ioapic"
	"github.com/glassbox-vm/glassbox/devices/lapic"
	"github.com/glassbox-vm/glassbox/devices/pic8259"
)

// A Wired is a target that can say what is on an interrupt line of the ISA bus, 0 to 15,
// and which input of the I/O APIC the line is on.
type Wired interface {
	IRQSources(n int) []string
	IRQPin(n int) int
}

// state finds the state of a chip; nil if there is none.
func state[S any](i *Inspector, name string) (s *S) {
	i.t.EachPart(func(n string, v any) {
		if x, ok := v.(S); ok && n == name {
			s = &x
		}
	})
	return s
}

var errNoAPIC = errors.New("this processor model has no APIC")

// lapicState is the state of the local APIC of processor n.
func (i *Inspector) lapicState(n int) *lapic.State {
	return state[lapic.State](i, fmt.Sprintf("lapic.%d", n))
}

var deliveryModes = [8]string{"fixed", "lowest priority", "SMI", "mode 3", "NMI", "INIT", "start-up", "ExtINT"}

// infoLAPIC is info lapic: the local APIC of the selected processor, or of number N.
func (i *Inspector) infoLAPIC(args string) error {
	n := i.selected
	if args != "" {
		v, err := strconv.Atoi(args)
		if err != nil || v < 0 || v >= len(i.t.CPUs()) {
			return fmt.Errorf("there are processors 0 to %d", len(i.t.CPUs())-1)
		}
		n = v
	}
	s := i.lapicState(n)
	if s == nil {
		return errNoAPIC
	}
	mode := "disabled"
	switch s.Base >> 10 & 3 {
	case 2:
		mode = "xAPIC"
	case 3:
		mode = "x2APIC"
	}
	i.printf("local APIC of processor %d: ID %d, %s at %#x, %s by SVR, spurious vector %02x\n",
		n, s.ID, mode, s.Base&^0xfff, map[bool]string{true: "enabled", false: "disabled"}[s.SVR>>8&1 != 0], s.SVR&0xff)
	i.printf("task priority %02x, logical ID %08x, destination format %08x, errors %02x\n", s.TPR, s.LDR, s.DFR, s.ESR)
	for k, name := range []string{"timer", "thermal", "counters", "LINT0", "LINT1", "error"} {
		e := s.LVT[k]
		i.printf("%-9s vector %02x  %s%s", name, e&0xff, deliveryModes[e>>8&7], words(e&(1<<16) != 0, ", masked"))
		if k == 0 {
			i.printf(", %s", [4]string{"one-shot", "periodic", "TSC deadline", "reserved"}[e>>17&3])
		} else if e&(1<<15) != 0 {
			i.printf(", level")
		}
		i.printf("\n")
	}
	if s.LVT[0]>>17&3 == 2 {
		i.printf("deadline  %d\n", s.Deadline)
	} else {
		i.printf("count     from %d, divide configuration %x\n", s.Initial, s.Divide)
	}
	i.printf("requested %s\nin service %s\nlevel     %s\n", vectors(&s.IRR), vectors(&s.ISR), vectors(&s.TMR))
	return nil
}

func words(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}

// vectors lists the bits set in a register of 256.
func vectors(r *[8]uint32) string {
	var list []string
	for v := range 256 {
		if r[v>>5]>>(v&31)&1 != 0 {
			list = append(list, fmt.Sprintf("%02x", v))
		}
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, " ")
}

// infoIOAPIC is info ioapic: the entries that are in use.
func (i *Inspector) infoIOAPIC() error {
	s := state[ioapic.State](i, "ioapic")
	if s == nil {
		return errNoAPIC
	}
	i.printf("I/O APIC, ID %d, %d inputs; lines high: %06x\n", s.ID, ioapic.Pins, s.Lines)
	for n, e := range s.Table {
		if e == 1<<16 {
			continue // as at power-on
		}
		i.printf("pin %-2d vector %02x  %s, %s%s%s → %s\n", n, e&0xff, deliveryModes[e>>8&7],
			map[bool]string{false: "edge", true: "level"}[e>>15&1 != 0],
			words(e>>14&1 != 0, ", in service"), words(e>>16&1 != 0, ", masked"), i.destination(e))
	}
	return nil
}

// destination names the processors that an entry of the I/O APIC addresses.
func (i *Inspector) destination(e uint64) string {
	var list []string
	dest, logical := uint32(e>>56), e>>11&1 != 0
	for n := range i.t.CPUs() {
		if s := i.lapicState(n); s != nil && s.Addressed(dest, logical) {
			list = append(list, fmt.Sprintf("CPU %d", n))
		}
	}
	if list == nil {
		return fmt.Sprintf("nobody (destination %02x)", dest)
	}
	return strings.Join(list, ", ")
}

// infoHPET is info hpet.
func (i *Inspector) infoHPET() error {
	s := state[hpet.State](i, "hpet")
	if s == nil {
		return errors.New("there is no event timer")
	}
	i.printf("HPET: %s%s, counter %d since %d ns, interrupts %x\n",
		map[bool]string{true: "running", false: "stopped"}[s.Conf&1 != 0], words(s.Conf&2 != 0, ", in place of 8254 and clock"),
		s.Count, s.Since, s.ISR)
	for n, t := range s.Timer {
		i.printf("timer %d: %s%s%s, comparator %d, period %d, pin %d\n", n,
			map[bool]string{true: "interrupts", false: "no interrupts"}[t.Conf>>2&1 != 0],
			words(t.Conf>>3&1 != 0, ", periodic"), words(t.Conf>>1&1 != 0, ", level"), t.Compare, t.Period, t.Conf>>9&31)
	}
	return nil
}

// infoIRQ is info irq: how interrupt lines reach a processor; without a number all lines
// that something is on.
func (i *Inspector) infoIRQ(args string) error {
	w, ok := i.t.(Wired)
	if !ok {
		return errors.New("the wiring is not known here")
	}
	if args != "" {
		n, err := strconv.Atoi(args)
		if err != nil || n < 0 || n > 15 {
			return errors.New("interrupt lines go from 0 to 15")
		}
		i.printf("%s\n", i.route(w, n))
		return nil
	}
	for n := range 16 {
		if len(w.IRQSources(n)) > 0 {
			i.printf("%s\n", i.route(w, n))
		}
	}
	return nil
}

// route says how line n gets to a processor.
func (i *Inspector) route(w Wired, n int) string {
	from := strings.Join(w.IRQSources(n), ", ")
	if from == "" {
		from = "nothing"
	}
	line := fmt.Sprintf("%s → IRQ %d", from, n)
	var ways []string
	if s := state[ioapic.State](i, "ioapic"); s != nil {
		if e := s.Table[w.IRQPin(n)]; e>>16&1 == 0 {
			ways = append(ways, fmt.Sprintf("I/O APIC pin %d → vector %#02x → %s", w.IRQPin(n), e&0xff, i.destination(e)))
		}
	}
	if text, ok := i.route8259(n); ok {
		ways = append(ways, text)
	}
	if ways == nil {
		return line + " → masked everywhere"
	}
	return line + " → " + strings.Join(ways, "\n    and → ")
}

// route8259 is the way by the 8259 pair and LINT0.
func (i *Inspector) route8259(n int) (text string, open bool) {
	p := state[pic8259.PairState](i, "pic8259")
	if p == nil {
		return "", false
	}
	chip, name := p.Master, "8259 master"
	if n >= 8 {
		chip, name = p.Slave, "8259 slave"
	}
	if chip.IMR>>(n&7)&1 != 0 || !chip.Ready || n >= 8 && p.Master.IMR>>2&1 != 0 {
		return "", false
	}
	text = fmt.Sprintf("%s input %d → vector %#02x", name, n&7, chip.ICW2&0xf8|uint8(n&7))
	if i.lapicState(0) == nil {
		return text + " → INTR → CPU 0", true
	}
	var list []string
	for k := range i.t.CPUs() {
		switch s := i.lapicState(k); {
		case s.Base>>11&1 == 0 && k == 0:
			list = append(list, "INTR → CPU 0")
		case s.LVT[3]>>8&7 == 7 && s.LVT[3]>>16&1 == 0:
			list = append(list, fmt.Sprintf("LINT0 → CPU %d", k))
		}
	}
	if list == nil {
		return "", false
	}
	return text + " → " + strings.Join(list, ", "), true
}

// selectCPU is cpu N.
func (i *Inspector) cpuCommand(args string) error {
	if args == "" {
		return i.processors()
	}
	n, err := strconv.Atoi(args)
	if err != nil {
		return fmt.Errorf("%q is no processor's number", args)
	}
	return i.Select(n)
}
