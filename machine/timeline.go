package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A Timeline is the past of a machine, as far back as memory allows: checkpoints every few
// million instructions that share what did not change between them, and all input. Going
// to a moment is putting back the nearest checkpoint before it and executing from there.
//
//	timeline.go           what there is, going to a moment, giving up the future
//	timeline_point.go     checkpoints: taking, putting back, thinning out
//	timeline_versions.go  what pages and blocks held at checkpoints
//	timeline_disk.go      disks in the past
//	timeline_search.go    going back to where something happened
//
// # In the past
//
// After Goto and its kin the machine stands in its past, unless it was sent to the end.
// Running on then repeats what happened, with the input of back then, up to the end of the
// history, where the machine goes on as if it had never been away; what was sent to it
// meanwhile arrives there. Nothing that is repeated goes out a second time: serial ports
// and printers are silent, files of disks are not written.
//
// Branch gives up the future: from there on the machine lives again, and what it wrote to
// disks later is undone in their files. Reset, SetMedium and Changed do so by themselves.
//
// Disks are written when the guest writes for the first time, so a crash of the host loses
// no more than without a Timeline; what was there before is kept in memory. A machine that
// is closed in the past leaves its disks as they are at the end of the history.
//
// # Exactness
//
// A checkpoint holds everything: chips, processors, what the TLBs have cached, memory and
// disks. Neither taking one nor going back and forth changes anything about the run.
//
// The methods belong to the goroutine of the machine, between calls of Run.
type Timeline struct {
	m        *Machine
	interval uint64
	budget   int

	pool   phys.Pool
	ram    *versions
	disks  []*timedDisk
	track  *phys.Tracker // of all memory, since the checkpoint points[here]
	quiet  bool          // pages are being put back: nothing is kept of them
	points []*checkpoint // oldest first, at least one
	here   int           // the last checkpoint that the present state has passed
	log    []journalLine // all input since points[0]
	past   bool
	due    uint64   // instruction count of the next checkpoint, at the end of the history
	last   stamp    // of the last pass of the run loop
	pass   uint64   // of the run loop in which input was logged last
	live   attached // what is detached while the machine is in the past
}

// attached is what watches or feeds a machine that runs for the first time.
type attached struct {
	replay    *replay
	recorder  *Recorder
	milestone milestone
}

// TimelineOptions are for StartTimeline.
type TimelineOptions struct {
	// Budget is about how many bytes the history may take; 0 is DefaultTimelineBudget.
	// Beyond it checkpoints are thinned out, the older the more, and in the end the oldest
	// part of the history is forgotten.
	Budget int
	// Interval is the number of instructions between two checkpoints; 0 is
	// DefaultTimelineInterval.
	Interval uint64
}

// Defaults of TimelineOptions.
const (
	DefaultTimelineBudget   = 1 << 30
	DefaultTimelineInterval = 4_000_000
)

// A Moment is a place in the run of a machine.
type Moment struct {
	Count uint64       // instructions executed before
	Time  devices.Time // virtual time
}

// The errors of a Timeline.
var (
	// ErrTimeline is wrapped by all of them.
	ErrTimeline = errors.New("time travel")
	// ErrForgotten is a moment before the beginning of the history.
	ErrForgotten = fmt.Errorf("%w: that is before the history begins", ErrTimeline)
	// ErrFuture is a moment that the machine has not reached yet.
	ErrFuture = fmt.Errorf("%w: the machine has not been there yet", ErrTimeline)
)

// StartTimeline begins to keep the history of the machine, from now on. Call it between
// calls of Run; it fails for a machine whose engines are compared. It ends with
// Timeline.Close or with the machine.
func (m *Machine) StartTimeline(opt TimelineOptions) (*Timeline, error) {
	switch {
	case m.timeline != nil:
		return nil, fmt.Errorf("%w: it is on already", ErrTimeline)
	case m.twin != nil:
		return nil, fmt.Errorf("%w: not while two engines are compared", ErrTimeline)
	}
	if opt.Budget == 0 {
		opt.Budget = DefaultTimelineBudget
	}
	if opt.Interval == 0 {
		opt.Interval = DefaultTimelineInterval
	}
	t := &Timeline{m: m, interval: opt.Interval, budget: opt.Budget}
	t.ram = newVersions(&t.pool)
	track, err := m.mem.TrackBefore(0, uint64(len(m.mem.Used())), t.keep)
	if err != nil {
		return nil, err
	}
	t.track = track
	m.timeline = t
	return t, t.restart()
}

// Timeline returns the history of the machine; nil if none is kept.
func (m *Machine) Timeline() *Timeline { return m.timeline }

// Close forgets the history. A machine in the past goes to the end of it first.
func (t *Timeline) Close() error {
	if t.m.timeline != t {
		return nil
	}
	err := t.GotoEnd()
	t.release()
	return err
}

// release forgets everything, whatever the machine is left in.
func (t *Timeline) release() {
	if t == nil {
		return
	}
	t.track.Close()
	for _, d := range t.disks {
		d.t, d.v, d.scratch = nil, nil, nil
	}
	t.m.timeline = nil
	_ = t.pool.Close() // nothing that could be done about it
}

// restart forgets the past and begins anew with the present state.
func (t *Timeline) restart() error {
	t.ram.clear()
	for _, d := range t.disks {
		d.v.clear()
		d.t = nil
	}
	t.disks = t.disks[:0]
	for _, d := range t.m.timed {
		if d != nil {
			d.t, d.v, d.scratch = t, newVersions(&t.pool), nil
			t.disks = append(t.disks, d)
		}
	}
	t.points, t.log, t.here, t.past = nil, nil, 0, false
	t.track.Clean()
	return t.take(0)
}

// TimelineStats says what a history costs.
type TimelineStats struct {
	Checkpoints   int
	Bytes, Budget int // of memory, about
}

// Stats says what the history costs.
func (t *Timeline) Stats() TimelineStats { return TimelineStats{len(t.points), t.size(), t.budget} }

// Begin is the earliest moment that can be reached, End the latest.
func (t *Timeline) Begin() Moment { return t.points[0].Moment }

// End is the latest moment that the machine has reached.
func (t *Timeline) End() Moment {
	if t.past {
		return t.points[len(t.points)-1].Moment
	}
	return t.Now()
}

// Now is where the machine is.
func (t *Timeline) Now() Moment { return Moment{t.m.Count(), t.m.clock.Now()} }

// Past says whether the machine is in its past: what Run does then happened already.
func (t *Timeline) Past() bool { return t.past }

// Goto takes the machine to the moment at which it had executed count instructions; of
// several, between which it was halted, to the first.
func (t *Timeline) Goto(ctx context.Context, count uint64) error {
	switch {
	case count > t.End().Count:
		return fmt.Errorf("%w (instruction %d; the end is %d)", ErrFuture, count, t.End().Count)
	case count < t.Begin().Count:
		return fmt.Errorf("%w (instruction %d; it begins at %d)", ErrForgotten, count, t.Begin().Count)
	case count == t.m.Count():
		return nil
	}
	err := t.from(func(p *checkpoint) bool { return p.Count >= count }, count < t.m.Count())
	if err != nil {
		return err
	}
	return t.runTo(ctx, count)
}

// GotoTime takes the machine to a virtual time.
func (t *Timeline) GotoTime(ctx context.Context, at devices.Time) error {
	switch {
	case at > t.End().Time:
		return fmt.Errorf("%w (%d ns; the end is %d ns)", ErrFuture, at, t.End().Time)
	case at < t.Begin().Time:
		return fmt.Errorf("%w (%d ns; it begins at %d ns)", ErrForgotten, at, t.Begin().Time)
	}
	err := t.from(func(p *checkpoint) bool { return p.Time > at }, at < t.m.clock.Now())
	if err != nil {
		return err
	}
	for t.m.clock.Now() < at {
		if err := t.run(ctx, RunOptions{Until: at}); err != nil {
			return err
		}
	}
	return nil
}

// GotoEnd takes the machine back to the present.
func (t *Timeline) GotoEnd() error {
	if !t.past {
		return nil
	}
	return t.load(len(t.points) - 1)
}

// ReverseStep goes back by n instructions, of whichever processor.
func (t *Timeline) ReverseStep(ctx context.Context, n uint64) error {
	if now := t.m.Count(); n <= now {
		return t.Goto(ctx, now-n)
	}
	return ErrForgotten
}

// from puts the last checkpoint back ahead of the first for which beyond says so, unless
// what follows can as well begin where the machine is.
func (t *Timeline) from(beyond func(*checkpoint) bool, back bool) error {
	if err := t.leave(); err != nil {
		return err
	}
	i := slices.IndexFunc(t.points, beyond)
	if i < 0 {
		i = len(t.points)
	}
	if i = max(i-1, 0); !back && i <= t.here {
		return nil
	}
	return t.load(i)
}

// runTo executes up to an instruction count in the past.
func (t *Timeline) runTo(ctx context.Context, count uint64) error {
	for {
		now := t.m.Count()
		if now >= count {
			return nil
		}
		n := count - now
		if left := t.step(n); left > 0 { // a long way: leave a checkpoint near its end
			n -= left
		}
		if err := t.run(ctx, RunOptions{Budget: n}); err != nil {
			return err
		}
		if t.m.Count() < count && t.past {
			if err := t.insert(); err != nil {
				return err
			}
		}
	}
}

// step says how far before the end of a way of n instructions another checkpoint is worth
// its while: whoever goes back once goes back again. 0: not any more.
func (t *Timeline) step(n uint64) (left uint64) {
	if n < t.interval/32 {
		return 0
	}
	return n / 8
}

// run is Run in the past: being interrupted is an error, but what ended a Run then does
// not.
func (t *Timeline) run(ctx context.Context, opt RunOptions) error {
	before := t.Now()
	res, err := t.m.Run(ctx, opt)
	switch {
	case err != nil:
		return err
	case res.Reason == StopCancelled:
		return fmt.Errorf("%w: interrupted at instruction %d", ErrTimeline, t.m.Count())
	case res.Reason != StopBudget && res.Reason != StopWatched && t.Now() == before:
		return diverged("of time travel: after instruction %d the machine went on, now it is %v", before.Count, res.Reason)
	}
	return nil
}

// Branch gives up the future: what follows is not the history any more but happens for the
// first time. It does nothing at the end of the history. Disks are taken back to this
// moment in their files; an error is one of the host that cannot write them.
func (t *Timeline) Branch() error {
	if t == nil || !t.past {
		return nil
	}
	if t.live.replay != nil || t.live.recorder != nil {
		return fmt.Errorf("%w: a recording cannot be changed", ErrTimeline)
	}
	here := t.points[t.here]
	for _, d := range t.disks {
		if err := d.branch(here.at); err != nil {
			return fmt.Errorf("%w: %w", ErrTimeline, err)
		}
	}
	t.ram.forget(here.at, t.written())
	t.points = t.points[:t.here+1]
	t.log = t.log[:len(t.log)-len(t.m.replay.events)]
	t.goLive()
	return nil
}

// Changed must be called after registers or memory were changed from outside, by a
// debugger. It gives up the future, and keeps the present state, to which no way leads
// from before.
func (t *Timeline) Changed() error {
	if t == nil {
		return nil
	}
	if err := t.Branch(); err != nil {
		return err
	}
	return t.take(pointEdge)
}

// goLive is arriving at the end of the history.
func (t *Timeline) goLive() {
	m := t.m
	t.past = false
	m.replay, m.recorder, m.milestone = t.live.replay, t.live.recorder, t.live.milestone
	t.live = attached{}
	t.due = m.Count() + t.interval
	m.pace.start(m.clock.Now())
}

// leave is leaving the end of the history, for the past or, perhaps, right back.
func (t *Timeline) leave() error {
	if t.past {
		return nil
	}
	if err := t.take(pointEnd); err != nil {
		return err
	}
	m := t.m
	t.past = true
	t.live = attached{m.replay, m.recorder, m.milestone}
	m.recorder, m.milestone = nil, milestone{}
	m.replay = &replay{events: nil}
	return nil
}

// logInput adds input that the machine takes for the first time.
func (t *Timeline) logInput(kind string, in Input) {
	if t == nil || t.past {
		return
	}
	same := t.pass == t.m.passes
	t.pass = t.m.passes
	t.log = append(t.log, journalLine{Count: t.m.Count(), Time: t.m.clock.Now(), Kind: kind, Port: in.Port, Data: in.Data, Same: same})
}

// logLine adds input that the machine takes from a journal it follows.
func (t *Timeline) logLine(l journalLine) {
	if t != nil && !t.past {
		t.log = append(t.log, l)
	}
}

// arrive is called by the run loop between two slices, once timers have run and before
// input is taken.
func (t *Timeline) arrive() error {
	if t == nil {
		return nil
	}
	now := t.Now()
	if t.past {
		return t.passPoints(now)
	}
	s := stamp(2 * now.Time)
	if now.Count < t.due || s == t.last {
		t.last = s
		return nil
	}
	t.last = s
	return t.take(0)
}

// passPoints notes the checkpoints that the machine has come to again.
func (t *Timeline) passPoints(now Moment) error {
	for t.past && t.here+1 < len(t.points) {
		p := t.points[t.here+1]
		if p.Count > now.Count || p.Count == now.Count && p.Time > now.Time {
			return nil
		}
		if p.Moment != now {
			return diverged("of time travel: after instruction %d there was a checkpoint at %d, %d ns; now it is %d, %d ns",
				t.points[t.here].Count, p.Count, p.Time, now.Count, now.Time)
		}
		if p.kind != 0 || t.here+2 == len(t.points) {
			if err := t.load(t.here + 1); err != nil {
				return err
			}
			continue
		}
		t.here++
		t.track.Clean()
		for _, d := range t.disks {
			d.scratch = nil
		}
	}
	return nil
}

// limit shortens a slice of n instructions so that it ends at the next checkpoint.
func (t *Timeline) limit(n int64) int64 {
	if t == nil {
		return n
	}
	now, next := t.m.Count(), t.due
	if t.past {
		next = t.points[min(t.here+1, len(t.points)-1)].Count
	}
	if next > now {
		n = int64(min(uint64(n), next-now))
	}
	return n
}

// next is the time of the next checkpoint in the past if it comes before another
// instruction, else never.
func (t *Timeline) next() devices.Time {
	if t == nil || !t.past || t.here+1 == len(t.points) || t.points[t.here+1].Count != t.m.Count() {
		return never
	}
	return max(t.points[t.here+1].Time, t.m.clock.Now())
}

// inPast says whether what the machine does happened already.
func (m *Machine) inPast() bool { return m.timeline != nil && m.timeline.past }

// caches copies what the TLBs hold.
func (b *board) caches() (c []*mmu.Cache) {
	for _, p := range b.cpus {
		c = append(c, p.MMU.SaveCache())
	}
	return c
}

// setCaches puts back what caches returned.
func (b *board) setCaches(c []*mmu.Cache) {
	for i, p := range b.cpus {
		p.MMU.RestoreCache(c[i])
	}
}

// chains are the last exceptions, for explanations.
func (b *board) chains() (c []cpu.Chain) {
	for _, p := range b.cpus {
		c = append(c, p.LastChain)
	}
	return c
}
