package monitor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/debug"
)

// A Traveller is a Target that may keep its history.
type Traveller interface {
	// Past is the history; nil if none is kept.
	Past() *machine.Timeline
	// Debugger finds its way in it.
	Debugger() *debug.Debugger
}

const travelHelp = `
With --time-travel the machine keeps its history; what runs in the past happened already:
reverse-step [N]      N instructions back     reverse-continue [ADDRESS]  to where it was
goto N                instruction N, a time   who ADDRESS [BYTES]  last wrote there
                      (1.5s, 20ms), or end    changed REGISTER     last, and by whom
branch                live on from here       port NUMBER          last access
info history          how far back it goes
`

// travelCommands are those that need a history.
func travelCommands() []command {
	debugger := func(name string) func(*Monitor, string) (Verdict, error) {
		return travel(func(m *Monitor, t Traveller, args string) error {
			t.Debugger().Execute(context.Background(), name+" "+args, m.out)
			return nil
		})
	}
	return []command{
		{[]string{"reverse-step", "reverse-stepi", "rs"}, debugger("reverse-step")},
		{[]string{"who"}, debugger("who")},
		{[]string{"reverse-continue", "rc"}, travel(reverseContinue)},
		{[]string{"goto"}, travel(goTo)},
		{[]string{"branch"}, travel(branch)},
		{[]string{"changed"}, travel(changed)},
		{[]string{"port"}, travel(lastPort)},
	}
}

func travel(f func(m *Monitor, t Traveller, args string) error) func(*Monitor, string) (Verdict, error) {
	return stay(func(m *Monitor, args string) error {
		t, ok := m.t.(Traveller)
		if !ok || t.Past() == nil {
			return errors.New("this machine keeps no history; start it with --time-travel")
		}
		return f(m, t, args)
	})
}

func reverseContinue(m *Monitor, t Traveller, args string) error {
	d := t.Debugger()
	if args != "" {
		d.Execute(context.Background(), "tb "+args, m.out)
	}
	d.Execute(context.Background(), "reverse-continue", m.out)
	return nil
}

// goTo takes an instruction count, a time, or "end".
func goTo(m *Monitor, t Traveller, args string) error {
	past, ctx := t.Past(), context.Background()
	var err error
	switch at, isTime := parseTime(args); {
	case args == "end":
		err = past.GotoEnd()
	case isTime:
		err = past.GotoTime(ctx, at)
	default:
		n, perr := strconv.ParseUint(strings.ReplaceAll(args, ",", ""), 0, 64)
		if perr != nil {
			return errors.New("goto N, goto 1.5s or goto end")
		}
		err = past.Goto(ctx, n)
	}
	if err == nil {
		m.printf("%s\n", m.t.Status())
	}
	return err
}

// parseTime reads a virtual time such as 1.5s.
func parseTime(s string) (devices.Time, bool) {
	d, err := time.ParseDuration(s)
	if err != nil || s == "0" {
		return 0, false
	}
	return devices.Time(d.Nanoseconds()), true
}

func branch(m *Monitor, t Traveller, _ string) error {
	if !t.Past().Past() {
		return errors.New("the machine is at the end of its history")
	}
	if err := t.Past().Branch(); err != nil {
		return err
	}
	m.printf("What came after this moment is given up.\n")
	return nil
}

func changed(m *Monitor, t Traveller, args string) error {
	name := strings.ToLower(strings.TrimPrefix(args, "$"))
	c := t.Debugger().CPU()
	if _, ok := debug.RegisterValue(c, name); !ok {
		return fmt.Errorf("%q is not a register", args)
	}
	n := 0
	for i, p := range m.t.CPUs() {
		if p == c {
			n = i
		}
	}
	o, ok, err := t.Past().LastChange(context.Background(), n, func(c *cpu.CPU) uint64 {
		v, _ := debug.RegisterValue(c, name)
		return v
	})
	if err != nil || !ok {
		return orNever(err)
	}
	m.printf("%s\n  %s was %#x, became %#x\n", byWhom(o), name, little(o.Old), little(o.New))
	return nil
}

func lastPort(m *Monitor, t Traveller, args string) error {
	port, err := strconv.ParseUint(args, 0, 16)
	if err != nil {
		return errors.New("port NUMBER, such as 0x3f8")
	}
	o, ok, err := t.Past().LastPort(context.Background(), uint16(port), uint16(port), true, true)
	if err != nil || !ok {
		return orNever(err)
	}
	way := "in from"
	if o.Call.Out {
		way = "out to"
	}
	m.printf("%s\n  %s port %#x: %#0*x\n", byWhom(o), way, o.Call.Port, 2+2*o.Call.Size, o.Call.Value)
	return nil
}

func orNever(err error) error {
	if err == nil {
		err = errors.New("never, as far as the history goes")
	}
	return err
}

func byWhom(o machine.Occurrence) string {
	who := fmt.Sprintf("processor %d at %04x:%x", o.CPU, o.CS, o.RIP)
	if o.Device {
		who = "a chip, by itself"
	}
	return fmt.Sprintf("%s, after %d instructions (%.6f s)", who, o.Count, float64(o.Time)/1e9)
}

func little(p []byte) (v uint64) {
	for i, b := range p {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// history is info history.
func (m *Monitor) history() error {
	t, ok := m.t.(Traveller)
	if !ok || t.Past() == nil {
		return errors.New("this machine keeps no history; start it with --time-travel")
	}
	p := t.Past()
	s := p.Stats()
	begin, now, end := p.Begin(), p.Now(), p.End()
	m.printf("from instruction %d (%.6f s) to %d (%.6f s); now %d (%.6f s)\n", begin.Count, float64(begin.Time)/1e9,
		end.Count, float64(end.Time)/1e9, now.Count, float64(now.Time)/1e9)
	m.printf("%d checkpoints, %d of %d MiB\n", s.Checkpoints, s.Bytes>>20, s.Budget>>20)
	return nil
}
