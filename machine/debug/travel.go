package debug

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
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A Timeline is the past of a machine; machine.Timeline is one.
type Timeline interface {
	Begin() machine.Moment
	Now() machine.Moment
	End() machine.Moment
	Past() bool
	Stats() machine.TimelineStats

	Goto(ctx context.Context, count uint64) error
	GotoTime(ctx context.Context, at devices.Time) error
	GotoEnd() error
	// ReverseContinue goes back to the last moment at which run says that something
	// happened.
	ReverseContinue(ctx context.Context, run func(ctx context.Context, end uint64) (at uint64, hit bool, err error)) (hit bool, err error)

	LastWrite(ctx context.Context, a phys.Addr, n int) (o machine.Occurrence, ok bool, err error)
	LastChange(ctx context.Context, cpu int, read func(*cpu.CPU) uint64) (o machine.Occurrence, ok bool, err error)
	LastPort(ctx context.Context, first, last uint16, in, out bool) (o machine.Occurrence, ok bool, err error)

	// Branch gives up the future. Changed is called after registers or memory were changed
	// from outside.
	Branch() error
	Changed() error
}

// travelCommands go through the history, or ask it something.
func (d *Debugger) travelCommands(ctx context.Context) []command {
	asks := func(f func(ctx context.Context, args string) error) func(string) error {
		return func(args string) error {
			if d.past == nil {
				return errNoPast
			}
			d.change = nil
			d.Disarm()
			return f(ctx, args)
		}
	}
	return []command{
		{[]string{"rs", "reverse-step", "reverse-stepi", "rsi"}, "[N]", "go N instructions back", d.moving(ctx, d.reverseStep)},
		{[]string{"rc", "reverse-continue"}, "[ADDRESS]", "go back to the last hit of a point, or to an address", d.moving(ctx, d.reverseTo)},
		{[]string{"goto"}, "N|TIME|end", "go to where N instructions have been executed, to a virtual time such as 1.5s, or to the present", d.moving(ctx, d.gotoCount)},
		{[]string{"who"}, "ADDRESS [BYTES]", "go back to whoever wrote there last: an instruction, or a chip", asks(d.who)},
		{[]string{"changed"}, "REGISTER", "go back to the last instruction that changed a register", asks(d.whoChanged)},
		{[]string{"port"}, "NUMBER", "go back to the last access to a port", asks(d.whoPort)},
		{[]string{"branch"}, "", "give up what came after this moment and go on from here", asks(d.branch)},
	}
}

// moving is a command that ends in a Stop, which is reported.
func (d *Debugger) moving(ctx context.Context, f func(ctx context.Context, args string) (Stop, error)) func(string) error {
	return func(args string) error {
		stop, err := f(ctx, args)
		if err == nil {
			d.report(stop)
		}
		return err
	}
}

func (d *Debugger) reverseStep(ctx context.Context, args string) (Stop, error) {
	n, err := d.number(args, 1)
	if err != nil {
		return Stop{}, err
	}
	return d.ReverseStep(ctx, n)
}

// reverseTo is rc: with an address, back to there.
func (d *Debugger) reverseTo(ctx context.Context, args string) (Stop, error) {
	if args == "" {
		return d.ReverseContinue(ctx)
	}
	addr, err := d.eval(args)
	if err != nil {
		return Stop{}, err
	}
	p := d.Add(&Point{Kind: PointCode, Addr: addr, hidden: true})
	defer d.Remove(p)
	return d.ReverseContinue(ctx)
}

// gotoCount is goto: a count, a time, or the end.
func (d *Debugger) gotoCount(ctx context.Context, args string) (Stop, error) {
	at, err := time.ParseDuration(args)
	isTime := err == nil && args != "0"
	if !isTime && args != "end" {
		n, err := d.eval(strings.ReplaceAll(args, ",", ""))
		if err != nil {
			return Stop{}, err
		}
		return d.Goto(ctx, n)
	}
	if d.past == nil {
		return Stop{}, errNoPast
	}
	d.change = nil
	d.Disarm()
	if isTime {
		err = d.past.GotoTime(ctx, devices.Time(at.Nanoseconds()))
	} else {
		err = d.past.GotoEnd()
	}
	return d.stopped(Stop{Kind: StopStepped}), err
}

// who goes back to the last writer of a place in memory.
func (d *Debugger) who(ctx context.Context, args string) error {
	addr, size, err := d.rangeArg(args, 1)
	if err != nil {
		return err
	}
	at, ok := physicalOf(d.CPU())(addr)
	if !ok {
		return fmt.Errorf("%#x is not mapped; page %#x shows why", addr, addr)
	}
	o, ok, err := d.past.LastWrite(ctx, phys.Addr(at), int(size))
	return d.occurrence(ctx, o, ok, err, func() {
		d.printf("%s %#x, %d byte%s", pick(o.Device, "a chip wrote", "wrote"), addr, size, pick(size == 1, "", "s"))
		if len(o.Old) <= 8 {
			d.printf(": %#x -> %#x", little(o.Old), little(o.New))
		}
		d.printf("\n")
	})
}

// whoChanged goes back to where a register of the selected processor got its value.
func (d *Debugger) whoChanged(ctx context.Context, args string) error {
	name := strings.ToLower(strings.TrimLeft(args, "$%"))
	if _, ok := readRegister(d.CPU(), name); !ok {
		return fmt.Errorf("%q is not a register", args)
	}
	o, ok, err := d.past.LastChange(ctx, d.selected, func(c *cpu.CPU) uint64 {
		v, _ := readRegister(c, name)
		return v
	})
	return d.occurrence(ctx, o, ok, err, func() { d.printf("changed %s: %#x -> %#x\n", name, little(o.Old), little(o.New)) })
}

// whoPort goes back to the last access to a port.
func (d *Debugger) whoPort(ctx context.Context, args string) error {
	port, err := strconv.ParseUint(args, 0, 16)
	if err != nil {
		return errors.New("port NUMBER, such as 0x3f8")
	}
	o, ok, err := d.past.LastPort(ctx, uint16(port), uint16(port), true, true)
	return d.occurrence(ctx, o, ok, err, func() {
		d.printf("%s port %#x: %#0*x\n", pick(o.Call.Out, "out to", "in from"), o.Call.Port, 2+2*o.Call.Size, o.Call.Value)
	})
}

// occurrence goes to where something happened, and shows what.
func (d *Debugger) occurrence(ctx context.Context, o machine.Occurrence, ok bool, err error, show func()) error {
	if err == nil && !ok {
		err = errors.New("never, as far as the history goes")
	}
	if err == nil {
		err = d.past.Goto(ctx, o.Count)
	}
	if err != nil {
		return err
	}
	d.stopped(Stop{})
	show()
	d.showNext()
	return nil
}

// branch gives up the future.
func (d *Debugger) branch(context.Context, string) error {
	if !d.past.Past() {
		return errors.New("the machine is at the end of its history")
	}
	if err := d.past.Branch(); err != nil {
		return err
	}
	d.printf("what came after this moment is given up\n")
	return nil
}

// history is info history.
func (d *Debugger) history() error {
	if d.past == nil {
		return errNoPast
	}
	for _, m := range []struct {
		name string
		machine.Moment
	}{{"begin", d.past.Begin()}, {"now", d.past.Now()}, {"end", d.past.End()}} {
		d.printf("%-5s instruction %d, %.6f s\n", m.name, m.Count, float64(m.Time)/1e9)
	}
	s := d.past.Stats()
	d.printf("%d checkpoints, %d of %d MiB\n", s.Checkpoints, s.Bytes>>20, s.Budget>>20)
	return nil
}
