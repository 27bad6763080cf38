package debug

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/gdbstub"
)

// A GDB is a Debugger as a stub for gdb needs it.
type GDB struct {
	d     *Debugger
	kinds map[*Point]gdbstub.PointKind // the points that gdb made
}

var _ gdbstub.Target = (*GDB)(nil)

// GDB returns the debugger for gdbstub.Serve. Close takes gdb's points away.
func (d *Debugger) GDB() *GDB { return &GDB{d, map[*Point]gdbstub.PointKind{}} }

// Close removes what gdb has made and lets the machine run freely.
func (g *GDB) Close() {
	for p := range g.kinds {
		g.d.Remove(p)
	}
	g.d.Disarm()
}

// CPUs implements gdbstub.Target.
func (g *GDB) CPUs() []*cpu.CPU { return g.d.t.CPUs() }

// SetState implements gdbstub.Target.
func (g *GDB) SetState(n int, s cpu.Snapshot) error {
	if err := g.d.t.CPUs()[n].Restore(s); err != nil {
		return err
	}
	return g.d.changed()
}

// ReadMemory implements gdbstub.Target.
func (g *GDB) ReadMemory(n int, addr uint64, p []byte) int {
	return readLinear(g.d.t.CPUs()[n], g.d.t.Memory(), addr, p)
}

// WriteMemory implements gdbstub.Target.
func (g *GDB) WriteMemory(n int, addr uint64, p []byte) error {
	if err := g.d.Select(n); err != nil {
		return err
	}
	return g.d.WriteMemory(addr, p, false)
}

// SetPoint implements gdbstub.Target.
func (g *GDB) SetPoint(k gdbstub.PointKind, addr, size uint64, on bool) error {
	if !on {
		for p, kind := range g.kinds {
			if kind == k && p.Addr == addr && (p.Kind == PointCode || p.Size == size) {
				g.d.Remove(p)
				delete(g.kinds, p)
				return nil
			}
		}
		return nil // gdb removes more than it has made
	}
	p := &Point{Kind: PointCode, Addr: addr}
	if k >= gdbstub.WatchWrite {
		p.Kind, p.Size = PointData, size
		p.Write = k != gdbstub.WatchRead
		p.Read = k != gdbstub.WatchWrite
	}
	g.kinds[g.d.Add(p)] = k
	return nil
}

// CanReverse implements gdbstub.Target.
func (g *GDB) CanReverse() bool { return g.d.past != nil }

// Resume implements gdbstub.Target.
func (g *GDB) Resume(ctx context.Context, how gdbstub.Resume) (gdbstub.Stop, error) {
	d := g.d
	if err := d.Select(how.CPU); err != nil {
		return gdbstub.Stop{}, err
	}
	var stop Stop
	var err error
	switch {
	case how.Reverse && how.Step:
		stop, err = d.ReverseStep(ctx, 1)
	case how.Reverse:
		stop, err = d.ReverseContinue(ctx)
	case how.Step:
		d.arm()
		stop, err = d.run(ctx, d.until(1))
	default:
		stop, err = d.Continue(ctx)
	}
	switch {
	case err != nil && how.Reverse && ctx.Err() != nil:
		return gdbstub.Stop{Kind: gdbstub.Interrupted, CPU: d.present()}, nil
	case errors.Is(err, machine.ErrForgotten):
		return gdbstub.Stop{Kind: gdbstub.Beginning, CPU: d.present()}, nil
	}
	return g.translate(stop), err
}

// translate says why the machine stopped in the words of the protocol.
func (g *GDB) translate(s Stop) gdbstub.Stop {
	out := gdbstub.Stop{CPU: s.CPU}
	switch s.Kind {
	case StopPoint:
		kind, ok := g.kinds[s.Point]
		switch {
		case ok && kind < gdbstub.WatchWrite:
			out.Kind, out.Point = gdbstub.HitBreak, kind
		case ok:
			out.Kind, out.Point, out.Addr = gdbstub.HitWatch, kind, s.Point.Addr
		}
	case StopInterrupted:
		out.Kind = gdbstub.Interrupted
	case StopTripleFault:
		out.Kind = gdbstub.Crashed
	case StopBeginning:
		out.Kind = gdbstub.Beginning
	case StopEnded:
		out.Kind = gdbstub.Exited
		if s.Result.Reason == machine.StopDebugExit {
			out.Code = s.Result.ExitCode
		}
	}
	return out
}

// Command implements gdbstub.Target. What runs the machine is gdb's business.
func (g *GDB) Command(ctx context.Context, line string, out io.Writer) {
	name, _ := splitCommand(line)
	d := g.d
	d.out = out
	for _, c := range d.running(ctx) {
		if contains(c.names, name) {
			fmt.Fprintf(out, "%s: gdb runs the machine; use its own command\n", name)
			return
		}
	}
	d.Execute(ctx, line, out)
	d.quit = false
}
