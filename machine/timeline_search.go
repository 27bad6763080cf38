package machine

import (
	"context"
	"fmt"
	"slices"
)

// search goes back through the history, from checkpoint to checkpoint, until look has found
// something. look is called with the machine at a checkpoint and has to execute up to the
// instruction count end; worth, if not nil, says which checkpoints need not be tried.
func (t *Timeline) search(ctx context.Context, end uint64, worth func(stamp) bool, look func(end uint64) (found bool, err error)) (bool, error) {
	for {
		if err := t.leave(); err != nil { // at first, and after looking up to the very end
			return false, err
		}
		i := slices.IndexFunc(t.points, func(p *checkpoint) bool { return p.Count >= end })
		if i < 0 {
			i = len(t.points)
		}
		if i--; i < 0 {
			return false, nil
		}
		next := t.points[i].Count
		if worth == nil || worth(t.points[i].at) {
			if err := t.load(i); err != nil {
				return false, err
			}
			if found, err := look(end); found || err != nil {
				return found, err
			}
		}
		if end = next; ctx.Err() != nil {
			return false, fmt.Errorf("%w: %w", ErrTimeline, ctx.Err())
		}
	}
}

// ReverseContinue goes back to the last moment at which something happened. run looks for
// it: it executes the machine, from where it is, until that happens or the machine has
// executed end instructions, whichever is first; what happens right at end counts, what
// happens right at the beginning does not. It returns hit and the instruction count to stop
// at, which may be one less for what is known only after it happened.
//
// Without a hit the machine is at the beginning of its history.
func (t *Timeline) ReverseContinue(ctx context.Context, run func(ctx context.Context, end uint64) (at uint64, hit bool, err error)) (hit bool, err error) {
	start := t.m.Count()
	if start <= t.Begin().Count {
		return false, nil
	}
	stop := uint64(0)
	hit, err = t.search(ctx, start, nil, func(end uint64) (found bool, err error) {
		for t.m.Count() < end {
			at, hit, err := run(ctx, end)
			if err != nil || !hit {
				return found, err
			}
			if at < start { // a breakpoint right here is not in the past
				found, stop = true, at
			}
		}
		return found, nil
	})
	switch {
	case err != nil:
		return false, err
	case !hit:
		return false, t.Goto(ctx, t.Begin().Count)
	}
	return true, t.Goto(ctx, stop)
}
