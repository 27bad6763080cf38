package debug

import (
	"context"
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/debug/asm"
)

// report says why the machine stands still, and shows the next instruction.
func (d *Debugger) report(s Stop) {
	switch s.Kind {
	case StopPoint:
		d.reportPoint(s)
	case StopInterrupted:
		d.printf("\ninterrupted\n")
	case StopTripleFault:
		d.printf("%s", explainChain(&scene{c: d.CPU(), mem: d.t.Memory(), x: &d.CPU().LastChain.At, sym: &d.Symbols}))
	case StopEnded:
		d.printf("the machine has stopped: %v\n", s.Result.Reason)
		if s.Result.Reason == machine.StopDebugExit {
			d.printf("exit code %d\n", s.Result.ExitCode)
		}
	case StopBeginning:
		d.printf("nothing of the kind happened before: this is where the history begins\n")
	}
	if s.Err != nil {
		d.printf("condition: %v\n", s.Err)
	}
	d.showNext()
}

// reportPoint names the point and what the guest did there.
func (d *Debugger) reportPoint(s Stop) {
	p := s.Point
	if p.hidden {
		return
	}
	d.printf("%v %d: ", p.Kind, p.ID)
	switch h := s.Hit; p.Kind {
	case PointCode:
		d.printf("%s", p.where(&d.Symbols))
	case PointData:
		d.printf("%v of %d bytes at %#x by the instruction at %#x", h.Kind, h.Size, h.Addr, h.RIP)
		if h.Kind == cpu.StopWrite && p.Size <= 8 {
			d.printf(": %#x -> %#x", s.Old, s.New)
		} else {
			d.printf(": %#x", h.Value)
		}
	case PointPort, PointMSR:
		d.printf("%v of %#x, value %#x, by the instruction at %#x", h.Kind, h.Addr, h.Value, h.RIP)
	case PointException, PointInterrupt:
		e := d.CPU().LastEvent
		what := fmt.Sprintf("vector %d (%#x)", h.Addr, h.Addr)
		if h.Kind == cpu.StopException {
			what = x86.Vector(h.Addr).String()
		}
		d.printf("%v %s before %04x:%x; explain tells why", e.Kind, what, e.CS, e.RIP)
	case PointMode:
		x := d.CPU().Context()
		d.printf("now %s", modeName(&x))
	case PointCount:
		d.printf("%d instructions", p.Addr)
	}
	d.printf("\n")
}

// showNext is one line: where the processor is and what comes next.
func (d *Debugger) showNext() {
	s := d.scene()
	cpuText := ""
	if len(d.t.CPUs()) > 1 {
		cpuText = fmt.Sprintf("CPU %d  ", d.selected)
	}
	in, ok := s.inst()
	text := "(not mapped)"
	if ok {
		text = asm.TextAs(d.Syntax, &in, s.x.CodeLinear(), d.symbolFor)
	}
	d.printf("%s(%d) %s: %s%s\n", cpuText, d.m.Count(), s.at(), text, activities[s.c.Activity])
}

// tracing is what is shown of every instruction.
type tracing struct {
	on, registers, memory bool
}

// traceRun continues one instruction at a time and shows each.
func (d *Debugger) traceRun(ctx context.Context) (Stop, error) {
	for {
		stop, err := d.stepOnce(ctx)
		if err != nil {
			return stop, err
		}
		if ch := d.change; ch != nil {
			d.printf("(%d) %s\n", d.m.Count(), ch.text)
			if d.trace.registers {
				d.printf("%s", eachLine(ch.lines(), "    "))
			} else if d.trace.memory {
				d.printf("%s", eachLine(ch.memory(), "    "))
			}
		}
		if stop.Kind != StopStepped {
			return stop, nil
		}
		if ctx.Err() != nil {
			return d.stopped(Stop{Kind: StopInterrupted}), nil
		}
	}
}
