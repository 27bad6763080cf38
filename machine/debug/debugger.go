package debug

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/mmu"
)

// A Machine is what a Debugger controls.
type Machine interface {
	Target
	// CPU is the processor whose turn it is: the one that stopped.
	CPU() *cpu.CPU
	// Count is the number of instructions that all processors have executed.
	Count() uint64
	Now() devices.Time
	Run(ctx context.Context, opt machine.RunOptions) (machine.Result, error)
}

// A Debugger stops a machine where somebody wants it to, lets it go step by step, and
// back. It belongs to the goroutine that owns the machine.
type Debugger struct {
	Inspector

	// Run executes the machine; by default it is the machine's own Run. A front end that
	// has something to do meanwhile puts its own here.
	Run func(ctx context.Context, opt machine.RunOptions) (machine.Result, error)
	// ReadFile gives the contents of a file for ldsym, WriteFile keeps memory for
	// writemem; nil: there are no files.
	ReadFile  func(name string) ([]byte, error)
	WriteFile func(name string, data []byte) error
	// Hint is the last line of help: what the front end has besides.
	Hint string
	// Still keeps the machine where it has been already: nothing runs beyond the end of
	// its history.
	Still bool

	m      Machine
	past   Timeline // nil: no way back
	points []*Point
	nextID int
	trace  tracing
	change *change // what the last single step did; nil: not known
	quit   bool
}

// New returns a debugger of m. past is nil if the machine keeps none.
func New(m Machine, past Timeline) *Debugger {
	d := &Debugger{Inspector: *NewInspector(m), m: m, past: past, nextID: 1}
	d.Run = m.Run
	return d
}

// A StopKind says why a Debugger let go of the machine.
type StopKind uint8

// Kinds of stops.
const (
	StopPoint       StopKind = iota // a point was hit
	StopStepped                     // the instructions asked for were executed
	StopInterrupted                 // somebody stopped the machine
	StopTripleFault                 // the processor has shut down
	StopEnded                       // the machine cannot go on; see Result
	StopBeginning                   // going back: the history begins here
)

// A Stop is why the machine stands still.
type Stop struct {
	Kind   StopKind
	CPU    int      // processor that stopped
	Point  *Point   // for StopPoint
	Hit    cpu.Stop // and what it did
	Old    uint64   // for data that is watched: the value before
	New    uint64   // and after
	Result machine.Result
	Err    error // a condition that could not be worked out
}

// Count is the number of instructions that the machine has executed.
func (d *Debugger) Count() uint64 { return d.m.Count() }

// Add makes a point.
func (d *Debugger) Add(p *Point) *Point {
	if !p.hidden {
		p.ID = d.nextID
		d.nextID++
	}
	d.points = append(d.points, p)
	return p
}

// Remove takes a point away.
func (d *Debugger) Remove(p *Point) {
	d.points = slices.DeleteFunc(d.points, func(q *Point) bool { return q == p })
}

// Point finds a point by its number; nil: there is none.
func (d *Debugger) Point(id int) *Point {
	for _, p := range d.points {
		if p.ID == id && !p.hidden {
			return p
		}
	}
	return nil
}

// Points are all points that the user made.
func (d *Debugger) Points() []*Point {
	return slices.DeleteFunc(slices.Clone(d.points), func(p *Point) bool { return p.hidden })
}

// arm tells the processors what to stop for. #DF is always among it, because a triple
// fault begins with one.
func (d *Debugger) arm(extra ...mmu.Watch) {
	s := cpu.Stops{Exceptions: 1 << x86.VecDF, Watches: extra}
	for _, p := range d.points {
		if !p.Off {
			p.arm(&s)
			p.last = d.valueAt(p)
		}
	}
	for _, c := range d.t.CPUs() {
		c.SetStops(s)
	}
}

// Disarm lets the machine run without stopping for anything.
func (d *Debugger) Disarm() {
	for _, c := range d.t.CPUs() {
		c.SetStops(cpu.Stops{})
	}
}

// valueAt is what a watched place holds.
func (d *Debugger) valueAt(p *Point) uint64 {
	if p.Kind != PointData || p.Size > 8 {
		return 0
	}
	v, _ := (&cpuEnv{d.CPU(), d.t.Memory(), &d.Symbols}).read(p.Physical, p.Addr, int(p.Size))
	return v
}

// Continue lets the machine run until something stops it.
func (d *Debugger) Continue(ctx context.Context) (Stop, error) {
	d.change = nil
	d.arm()
	return d.run(ctx, nil)
}

// run executes until a point is hit, or done says that it is enough: it gives the number
// of instructions left, 0 for none.
func (d *Debugger) run(ctx context.Context, done func() (left uint64)) (Stop, error) {
	from := d.here()
	for {
		var opt machine.RunOptions
		if done != nil {
			if opt.Budget = done(); opt.Budget == 0 {
				return d.stopped(Stop{Kind: StopStepped}), nil
			}
		}
		if n := d.nextCount(); n > 0 && (opt.Budget == 0 || n < opt.Budget) {
			opt.Budget = n
		}
		res, err := d.Run(ctx, opt)
		if err != nil {
			return Stop{}, err
		}
		switch res.Reason {
		case machine.StopWatched:
			if stop, hit := d.judge(from, d.try); hit {
				return stop, nil
			}
		case machine.StopBudget:
			if p := d.countReached(); p != nil {
				return d.stopped(Stop{Kind: StopPoint, Point: p}), nil
			}
		case machine.StopCancelled:
			return d.stopped(Stop{Kind: StopInterrupted}), nil
		case machine.StopTripleFault:
			return d.stopped(Stop{Kind: StopTripleFault, Result: res}), nil
		default:
			return d.stopped(Stop{Kind: StopEnded, Result: res}), nil
		}
	}
}

// A start is where the machine was when a command began: a breakpoint right there has
// stopped it already.
type start struct {
	c     *cpu.CPU
	count uint64
}

func (d *Debugger) here() start { return start{d.m.CPU(), d.m.Count()} }

// nextCount is the number of instructions to the next point that counts them; 0: none.
func (d *Debugger) nextCount() (n uint64) {
	for _, p := range d.points {
		if p.Kind == PointCount && !p.Off && p.Addr > d.m.Count() && (n == 0 || p.Addr-d.m.Count() < n) {
			n = p.Addr - d.m.Count()
		}
	}
	return n
}

// countReached finds the point whose count has been reached.
func (d *Debugger) countReached() *Point {
	for _, p := range d.points {
		if p.Kind == PointCount && !p.Off && p.Addr == d.m.Count() {
			p.Hits++
			d.expire(p)
			return p
		}
	}
	return nil
}

// stopped completes a stop and selects the processor that it is about.
func (d *Debugger) stopped(s Stop) Stop {
	s.CPU = d.present()
	d.selected = s.CPU
	return s
}

// present is the number of the processor whose turn it is.
func (d *Debugger) present() int { return max(slices.Index(d.t.CPUs(), d.m.CPU()), 0) }

// judge decides whether what the processor stopped for is what somebody wants; try decides
// about one point.
func (d *Debugger) judge(from start, try func(*Point, cpu.Stop) (Stop, bool)) (stop Stop, hit bool) {
	c := d.m.CPU()
	if c.Activity == cpu.Shutdown {
		return d.stopped(Stop{Kind: StopTripleFault}), true
	}
	for _, h := range c.Stopped() {
		if h.Kind == cpu.StopBreakpoint && from == d.here() {
			continue
		}
		for _, p := range d.points {
			if p.Off || !p.matches(h, physicalOf(c)) {
				continue
			}
			if stop, hit := try(p, h); hit {
				return stop, true
			}
		}
	}
	return Stop{}, false
}

// physicalOf translates linear addresses whatever the rights.
func physicalOf(c *cpu.CPU) func(la uint64) (uint64, bool) {
	return func(la uint64) (uint64, bool) {
		t := c.MMU.Translate(mmu.LinAddr(la), mmu.AccessRead, mmu.ClassSuper)
		return uint64(t.Phys), t.PageSize != 0
	}
}

// try looks at the conditions of a point that was hit.
func (d *Debugger) try(p *Point, h cpu.Stop) (stop Stop, hit bool) {
	n := d.present()
	c := d.t.CPUs()[n]
	old := p.last
	p.last = d.valueAt(p)
	if p.onlyCPU != 0 && p.onlyCPU != n+1 || p.aboveSP > d.stackLinear(c) {
		return stop, false
	}
	stop = Stop{Kind: StopPoint, Point: p, Hit: h, Old: old, New: p.last}
	if p.Cond != nil {
		v, err := p.Cond.eval(&cpuEnv{c, d.t.Memory(), &d.Symbols})
		if err == nil && v == 0 {
			return stop, false
		}
		stop.Err = err
	}
	p.Hits++
	if p.Ignore > 0 {
		p.Ignore--
		return stop, false
	}
	d.expire(p)
	return d.stopped(stop), true
}

// expire takes a point away that was for once.
func (d *Debugger) expire(p *Point) {
	if p.Once {
		d.Remove(p)
	}
}

// stackLinear is the linear address of the top of the stack.
func (d *Debugger) stackLinear(c *cpu.CPU) uint64 {
	x := c.Context()
	s := scene{c: c, x: &x}
	return s.linear(x86.SS, s.stackOffset())
}

// Step lets the selected processor execute n instructions; the others go on as well, as
// far as it is their turn.
func (d *Debugger) Step(ctx context.Context, n uint64) (Stop, error) {
	if n == 1 {
		return d.stepOnce(ctx)
	}
	d.change = nil
	d.arm()
	return d.run(ctx, d.until(n))
}

// until is the done of run for n instructions of the selected processor.
func (d *Debugger) until(n uint64) func() uint64 {
	c := d.CPU()
	end := c.Count() + n
	return func() uint64 {
		if now := c.Count(); now < end {
			return end - now
		}
		return 0
	}
}

// StepOver is a step that does not show what a CALL, an interrupt or a repeated string
// instruction does inside.
func (d *Debugger) StepOver(ctx context.Context) (Stop, error) {
	s := d.scene()
	in, ok := s.inst()
	if !ok || !(in.Rep != 0 && in.Op.Attr&cpu.RepOK != 0) && !hasPrefix(in.Op.Name, "CALL", "INT", "SYSCALL", "SYSENTER") {
		return d.Step(ctx, 1)
	}
	p := &Point{Kind: PointCode, Addr: s.x.CodeLinear() + uint64(in.Len), Once: true, hidden: true, onlyCPU: d.selected + 1}
	if in.Rep == 0 {
		p.aboveSP = d.stackLinear(d.CPU())
	}
	return d.runTo(ctx, p)
}

// Finish lets the machine run until the present function returns to its caller.
func (d *Debugger) Finish(ctx context.Context) (Stop, error) {
	s := d.scene()
	frames := s.frames(1)
	if len(frames) == 0 {
		return Stop{}, errors.New("no caller is to be seen on the stack")
	}
	return d.runTo(ctx, &Point{
		Kind: PointCode, Addr: s.linear(x86.CS, frames[0].pc), Once: true, hidden: true,
		onlyCPU: d.selected + 1, aboveSP: d.stackLinear(d.CPU()) + 1,
	})
}

// runTo continues with one more point, which goes away afterwards.
func (d *Debugger) runTo(ctx context.Context, p *Point) (Stop, error) {
	d.Add(p)
	stop, err := d.Continue(ctx)
	d.Remove(p)
	if stop.Point == p {
		stop.Kind, stop.Point = StopStepped, nil
	}
	return stop, err
}

func hasPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if len(s) >= len(p) && s[:len(p)] == p {
			return true
		}
	}
	return false
}

// errNoPast is the answer to going back where nobody keeps a history.
var errNoPast = fmt.Errorf("this machine keeps no history to go back in")

// ReverseStep goes n instructions of the selected processor back.
func (d *Debugger) ReverseStep(ctx context.Context, n uint64) (Stop, error) {
	if d.past == nil {
		return Stop{}, errNoPast
	}
	d.change = nil
	d.Disarm()
	c, selected := d.CPU(), d.selected
	if n > c.Count() {
		return Stop{}, errors.New("so many instructions have not been executed")
	}
	for end := c.Count() - n; c.Count() > end; {
		if err := d.past.Goto(ctx, d.m.Count()-(c.Count()-end)); err != nil {
			return Stop{}, err
		}
	}
	return Stop{Kind: StopStepped, CPU: selected}, nil
}

// Goto takes the machine to where it had executed count instructions, back or forward,
// past all points.
func (d *Debugger) Goto(ctx context.Context, count uint64) (Stop, error) {
	d.change = nil
	if count == d.m.Count() {
		return d.stopped(Stop{Kind: StopStepped}), nil
	}
	if count > d.m.Count() && (d.past == nil || count > d.past.End().Count) && !d.Still {
		points := d.points
		defer func() { d.points = points }()
		d.points = nil
		return d.runTo(ctx, &Point{Kind: PointCount, Addr: count, Once: true, hidden: true})
	}
	if d.past == nil {
		return Stop{}, errNoPast
	}
	d.Disarm()
	if err := d.past.Goto(ctx, count); err != nil {
		return Stop{}, err
	}
	return d.stopped(Stop{Kind: StopStepped}), nil
}

// ReverseContinue goes back to the last moment at which a point would have stopped the
// machine: a breakpoint before its instruction, everything else before the instruction
// that did it.
func (d *Debugger) ReverseContinue(ctx context.Context) (Stop, error) {
	if d.past == nil {
		return Stop{}, errNoPast
	}
	d.change = nil
	d.arm()
	start, last := d.m.Count(), Stop{Kind: StopBeginning}
	hit, err := d.past.ReverseContinue(ctx, func(ctx context.Context, end uint64) (uint64, bool, error) {
		stop, at, err := d.runUpTo(ctx, end)
		if err != nil || stop == nil {
			return 0, false, err
		}
		last = *stop
		return at, true, nil
	})
	d.Disarm()
	if err != nil { // interrupted, most likely: back to where it began
		return Stop{}, errors.Join(err, d.past.Goto(context.WithoutCancel(ctx), start))
	}
	if !hit {
		return d.stopped(Stop{Kind: StopBeginning}), nil
	}
	last = d.stopped(last)
	last.Old = d.valueAt(last.Point)
	return last, nil
}

// runUpTo is what Timeline.ReverseContinue calls: it looks for a hit up to the
// instruction count end, and says where to stop for it.
func (d *Debugger) runUpTo(ctx context.Context, end uint64) (stop *Stop, at uint64, err error) {
	from := d.here()
	for d.m.Count() < end {
		res, err := d.m.Run(ctx, machine.RunOptions{Budget: end - d.m.Count()})
		switch {
		case err != nil:
			return nil, 0, err
		case ctx.Err() != nil:
			return nil, 0, ctx.Err()
		case res.Reason == machine.StopWatched:
			if stop, hit := d.judge(from, d.tryAgain); hit && stop.Kind == StopPoint {
				return &stop, d.m.Count() - pastOf(stop), nil
			}
		case res.Reason != machine.StopBudget:
			return nil, 0, nil
		}
	}
	if d.m.Count() == from.count {
		return nil, 0, nil
	}
	if stop, hit := d.breakpointHere(); hit { // Run ends before it looks
		return &stop, d.m.Count(), nil
	}
	return nil, 0, nil
}

// pastOf is how far the machine has gone beyond what a stop is about.
func pastOf(s Stop) uint64 {
	if s.Kind == StopPoint && s.Point.Kind == PointCode {
		return 0
	}
	return 1
}

// breakpointHere looks for a breakpoint at the next instruction.
func (d *Debugger) breakpointHere() (Stop, bool) {
	c := d.m.CPU()
	x := c.Context()
	h := cpu.Stop{Kind: cpu.StopBreakpoint, Addr: x.CodeLinear(), RIP: x.RIP, Count: c.Count()}
	for _, p := range slices.Clone(d.points) {
		if !p.Off && p.matches(h, physicalOf(c)) {
			if stop, hit := d.tryAgain(p, h); hit {
				return stop, true
			}
		}
	}
	return Stop{}, false
}

// tryAgain is try without consequences for the point: while the machine looks for the last
// time that something happened, it may pass there more than once.
func (d *Debugger) tryAgain(p *Point, h cpu.Stop) (Stop, bool) {
	saved := *p
	p.Ignore, p.Once = 0, false
	stop, hit := d.try(p, h)
	*p = saved
	return stop, hit
}
