package machine

import (
	"fmt"
	"slices"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A checkpoint is all of a moment but memory and disks, which are in versions.
type checkpoint struct {
	Moment
	at     stamp
	kind   uint8 // point…
	states []any // by row of parts
	caches []*mmu.Cache
	chains []cpu.Chain // what the processors' last exceptions led to
	log    int         // input taken before
	resets uint64
	exits  [8]uint64
	size   int // bytes, about
}

// Kinds of checkpoints. Those that are not 0 are put back when the machine comes to them
// again, because they may lie in the middle of what the run loop does at a moment.
const (
	pointEnd  = 1 + iota // where the end of the history was left for the past
	pointEdge            // where the machine was changed from outside: no run leads there
)

// take makes a checkpoint of the present state at the end of the history.
func (t *Timeline) take(kind uint8) error {
	m := t.m
	p := t.present(kind)
	if n := len(t.points); n > 0 && t.points[n-1].at >= p.at { // the moment has one already
		old := t.points[n-1]
		if kind == pointEnd && old.log == len(t.log) && old.Count == p.Count && len(t.track.Dirty()) == 0 {
			return nil // and nothing has happened since
		}
		p.at |= 1
		if old.at == p.at {
			p.kind = max(kind, old.kind)
			t.remove(n - 1)
		}
	}
	t.points = append(t.points, p)
	t.here = len(t.points) - 1
	t.track.Clean()
	t.due = m.Count() + t.interval
	t.thin()
	return nil
}

// present makes a checkpoint of the present state, but for memory and disks.
func (t *Timeline) present(kind uint8) *checkpoint {
	m := t.m
	p := &checkpoint{
		Moment: t.Now(), at: stamp(2 * m.clock.Now()), kind: kind,
		states: m.states(), caches: m.caches(), chains: m.chains(),
		log: len(t.log), resets: m.resets, exits: m.exits, size: 32 << 10,
	}
	if t.past {
		p.log -= len(m.replay.events)
	}
	for _, c := range p.caches {
		p.size += c.Size() + 4096
	}
	return p
}

// remove forgets checkpoint i; what lies between it and the next is then reached from the
// one before, or not at all.
func (t *Timeline) remove(i int) {
	var before stamp
	if i > 0 {
		before = t.points[i-1].at
	}
	t.ram.remove(t.points[i].at, before, i == 0)
	for _, d := range t.disks {
		d.v.remove(t.points[i].at, before, i == 0)
	}
	t.points = slices.Delete(t.points, i, i+1)
	if t.here >= i {
		t.here--
	}
}

// insert makes a checkpoint of the present state in the past.
func (t *Timeline) insert() error {
	p, here := t.present(0), t.points[t.here]
	if p.at <= here.at || t.here+1 < len(t.points) && p.at >= t.points[t.here+1].at {
		return nil
	}
	back := t.m.mem.Used()
	page := func(b uint64) []byte { return back[b*phys.PageSize:][:phys.PageSize] }
	if err := t.ram.insert(here.at, p.at, t.written(), page); err != nil {
		return err
	}
	for _, d := range t.disks {
		if err := d.insert(here.at, p.at); err != nil {
			return err
		}
	}
	t.here++
	t.points = slices.Insert(t.points, t.here, p)
	t.track.Clean()
	t.thin()
	return nil
}

// keep is called by memory right before a page changes for the first time since the last
// checkpoint.
func (t *Timeline) keep(off uint64) {
	if t.quiet {
		return
	}
	err := t.ram.add(off/phys.PageSize, t.points[t.here].at, t.m.mem.Used()[off:off+phys.PageSize])
	if err != nil { // the host has no memory, and the guest cannot be told
		panic("machine: time travel: " + err.Error())
	}
}

// written tells which pages were written since the last checkpoint.
func (t *Timeline) written() func(block uint64) bool {
	set := map[uint64]bool{}
	for _, off := range t.track.Dirty() {
		set[off/phys.PageSize] = true
	}
	return func(b uint64) bool { return set[b] }
}

// load puts checkpoint i back. The machine is in its past, or arrives at the end of it.
func (t *Timeline) load(i int) error {
	m, p := t.m, t.points[i]
	if !t.past {
		panic("machine: time travel without having left")
	}
	for _, s := range m.sinks {
		s.buf = s.buf[:0]
	}
	if err := restoreParts(m.parts(), p.states); err != nil {
		return fmt.Errorf("%w: %w", ErrTimeline, err)
	}
	if err := t.loadPages(i); err != nil {
		return err
	}
	for _, d := range t.disks {
		d.scratch = nil
	}
	m.setCaches(p.caches)
	for k, c := range m.cpus {
		c.LastChain = p.chains[k]
	}
	m.request = request{} // lines move while chips are restored, but nothing has happened
	m.resets, m.exits = p.resets, p.exits
	t.here = i
	if i == len(t.points)-1 {
		t.ram.forget(p.at, func(uint64) bool { return false }) // they are what memory holds
		t.goLive()
		return nil
	}
	m.replay = &replay{events: t.log[p.log:]}
	return nil
}

// loadPages makes memory what it was at checkpoint i.
func (t *Timeline) loadPages(i int) error {
	p := t.points[i]
	pages := map[uint64]bool{}
	for _, off := range t.track.Dirty() {
		pages[off/phys.PageSize] = true
	}
	t.ram.between(t.points[min(i, t.here)].at, t.points[max(i, t.here)].at, func(b uint64) { pages[b] = true })
	end := t.points[len(t.points)-1].at
	t.quiet, t.m.restoring = true, true
	defer func() { t.quiet, t.m.restoring = false, false }()
	for b := range pages {
		off := b * phys.PageSize
		if last, ok := t.ram.last(b); ok && last < end { // what it holds now it holds at the end
			if err := t.ram.add(b, end, t.m.mem.Used()[off:off+phys.PageSize]); err != nil {
				return err
			}
		}
		if contents, ok := t.ram.lookup(b, p.at); ok {
			t.m.mem.SetBacking(off, contents)
		}
	}
	t.track.Clean()
	return nil
}

// size is about how many bytes the history takes.
func (t *Timeline) size() int {
	const perPage = phys.PageSize + 32 // with its place in two lists
	n := t.pool.Used() * perPage
	for _, p := range t.points {
		n += p.size
	}
	return n
}

// thin removes checkpoints until the history fits into its budget: first those that lie
// close together for their age, in the end the oldest.
func (t *Timeline) thin() {
	for n := t.size(); n > t.budget && len(t.points) > 2; n = t.size() {
		i := t.leastUseful()
		if i == 0 && t.here == 0 {
			return
		}
		t.remove(i)
	}
}

// leastUseful finds the checkpoint to remove; 0, the oldest, only if there is no other.
func (t *Timeline) leastUseful() int {
	end := t.points[len(t.points)-1].Count
	best, least := 0, 0.0
	for i := 1; i < len(t.points)-1; i++ {
		p := t.points[i]
		if i == t.here || p.kind == pointEdge || len(t.points)-i <= 8 {
			continue
		}
		gap := float64(t.points[i+1].Count - t.points[i-1].Count)
		if gain := gap / float64(end-p.Count+8*t.interval); best == 0 || gain < least {
			best, least = i, gain
		}
	}
	if best != 0 && least > 1 { // all the rest is far apart already
		return 0
	}
	return best
}
