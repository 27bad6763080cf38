package machine

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var ctx = context.Background()

// travelled is a machine that has run for a while with a Timeline, and the hashes that
// another one without had on the way.
type travelled struct {
	*Machine
	t      *Timeline
	out    Console
	hashes map[uint64]string
	parts  map[uint64]string // hashes of memory and of each part, to say what differs
	counts []uint64
}

// partHashes are hashes of each part and of memory.
func partHashes(t testing.TB, m *Machine) string {
	d, err := newDigest(m)
	require.NoError(t, err)
	defer d.close()
	_, parts := d.sum(m)
	return parts
}

// travel runs both with the same input.
func travel(t *testing.T, cfg Config, opt TimelineOptions, steps int, most uint64) *travelled {
	t.Helper()
	random := rand.New(rand.NewPCG(7, uint64(steps)))
	x := &travelled{hashes: map[uint64]string{}, parts: map[uint64]string{}}
	var out Console
	disk0 := cfg.Drives[0]
	other := newGuest(t, guestLike(cfg, &out))
	cfg.Drives[0] = disk0
	cfg.Serial[0] = &x.out
	x.Machine = newGuest(t, cfg)
	var err error
	x.t, err = x.StartTimeline(opt)
	require.NoError(t, err)
	both := []*Machine{x.Machine, other}
	for _, m := range both {
		m.ExpectInput(true)
	}
	for i := range steps {
		n := 1 + random.Uint64N(most)
		for _, m := range both {
			if i%5 == 3 {
				m.SendSerial(0, []byte("mem\nregs\ndisk\n"))
			}
			runFor(t, m, n)
		}
		c := other.Count()
		require.Equal(t, c, x.Count())
		x.hashes[c], x.parts[c] = other.StateHash(), partHashes(t, other)
		x.counts = append(x.counts, c)
		require.Equal(t, x.hashes[c], x.StateHash(), "keeping a history changed the run before instruction %d", c)
	}
	require.Equal(t, out.String(), x.out.String())
	return x
}

// guestLike is cfg with another disk of the same contents and another console.
func guestLike(cfg Config, out *Console) Config {
	own := guestConfig(cfg.Engine)
	cfg.Drives = own.Drives
	cfg.Serial[0] = out
	return cfg
}

// check compares the machine with what the other was at this count.
func (x *travelled) check(t *testing.T, c uint64) {
	t.Helper()
	require.Equal(t, c, x.Count())
	require.Equal(t, x.hashes[c], x.StateHash(), "instruction %d: %s", c, differingParts(x.Machine, partHashes(t, x.Machine), x.parts[c]))
}

// TestGoingToAMomentIsExact goes back and forth at random, for both engines and two
// processors, with checkpoints thinned out and not.
func TestGoingToAMomentIsExact(t *testing.T) {
	for _, tc := range []struct {
		name string
		cfg  func(*Config)
		opt  TimelineOptions
	}{
		{"fast", func(*Config) {}, TimelineOptions{Interval: 20_000}},
		{"plain", func(c *Config) { c.Engine = Plain }, TimelineOptions{Interval: 33_333}},
		{"two processors", func(c *Config) { c.CPUs = 2 }, TimelineOptions{Interval: 10_000}},
		{"little memory", func(*Config) {}, TimelineOptions{Interval: 5_000, Budget: 3 << 20}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := guestConfig(Fast)
			tc.cfg(&cfg)
			x := travel(t, cfg, tc.opt, 25, 60_000)
			said := x.out.String()
			random := rand.New(rand.NewPCG(9, 9))
			for range 50 {
				c := x.counts[random.IntN(len(x.counts))]
				if c < x.t.Begin().Count {
					require.ErrorIs(t, x.t.Goto(ctx, c), ErrForgotten)
					continue
				}
				require.NoError(t, x.t.Goto(ctx, c))
				x.check(t, c)
				if random.IntN(4) == 0 { // a little forwards
					require.NoError(t, x.t.Goto(ctx, min(c+random.Uint64N(50_000), x.t.End().Count)))
				}
			}
			require.NoError(t, x.t.GotoEnd())
			x.check(t, slices.Max(x.counts))
			assert.False(t, x.t.Past())
			assert.Equal(t, said, x.out.String(), "what is repeated must not go out again")
			assert.LessOrEqual(t, x.t.size(), max(x.t.budget, 1<<30))
			t.Logf("%d checkpoints, %d KiB, begins at %d of %d", len(x.t.points), x.t.size()>>10, x.t.Begin().Count, x.t.End().Count)
		})
	}
}

// TestRunningOnFromThePast repeats the history and then goes on like a machine that was
// never away.
func TestRunningOnFromThePast(t *testing.T) {
	cfg := guestConfig(Fast)
	x := travel(t, cfg, TimelineOptions{Interval: 20_000}, 20, 40_000)
	end := x.Count()
	require.NoError(t, x.t.Goto(ctx, x.counts[4]))
	require.True(t, x.t.Past())
	for _, c := range x.counts[5:] {
		runFor(t, x.Machine, c-x.Count())
		x.check(t, c)
	}
	require.NoError(t, x.t.Goto(ctx, x.counts[2]))
	x.SendSerial(0, []byte("regs\n")) // waits for the end
	runFor(t, x.Machine, end-x.Count()+500_000)
	assert.False(t, x.t.Past())

	same := travel(t, guestConfig(Fast), TimelineOptions{Interval: 20_000}, 20, 40_000)
	same.SendSerial(0, []byte("regs\n"))
	runFor(t, same.Machine, x.Count()-end)
	assert.Equal(t, same.StateHash(), x.StateHash())
	assert.Equal(t, same.out.String(), x.out.String())
}

// TestDisksGoBack writes to a disk behind the guest's back, as the guest would.
func TestDisksGoBack(t *testing.T) {
	cfg := guestConfig(Fast)
	m := newGuest(t, cfg)
	img := cfg.Drives[0].Image
	tl, err := m.StartTimeline(TimelineOptions{Interval: 1000})
	require.NoError(t, err)
	read := func(d interface {
		ReadAt([]byte, int64) (int, error)
	}, off int64) string {
		p := make([]byte, 8)
		_, err := d.ReadAt(p, off)
		require.NoError(t, err)
		return string(p)
	}
	guest := m.timed[0]
	write := func(s string, off int64) {
		_, err := guest.WriteAt([]byte(s), off)
		require.NoError(t, err)
	}
	var at []uint64
	for i := range 10 {
		runFor(t, m, 2500)
		write(string(rune('A'+i))+"BCDEFGH", int64(i)*3000)
		at = append(at, m.Count())
	}
	runFor(t, m, 2500)
	assert.Equal(t, "JBCDEFGH", read(img, 27000))

	require.NoError(t, tl.Goto(ctx, at[5]-10))
	assert.Equal(t, "EBCDEFGH", read(guest, 12000))
	assert.Equal(t, "glassbox", read(guest, 15000&^7))
	assert.Equal(t, "JBCDEFGH", read(img, 27000), "the past must not reach the image")
	_, err = guest.WriteAt([]byte("??"), 0)
	require.NoError(t, err)
	assert.Equal(t, "??CDEFGH", read(guest, 0))
	assert.Equal(t, "ABCDEFGH", read(img, 0))
	require.NoError(t, tl.GotoEnd())
	assert.Equal(t, "ABCDEFGH", read(guest, 0))

	require.NoError(t, tl.Goto(ctx, at[5]-10))
	require.NoError(t, tl.Branch())
	assert.False(t, tl.Past())
	assert.Equal(t, "EBCDEFGH", read(img, 12000))
	assert.Equal(t, "glassbox", read(img, 27000&^7), "what came later is undone in the image")
	require.NoError(t, tl.Goto(ctx, at[2]-10))
	assert.Equal(t, "BBCDEFGH", read(guest, 3000))
	assert.Equal(t, "glassbox", read(guest, 12000))
}

// TestBranchGivesUpTheFuture lives another life from the middle.
func TestBranchGivesUpTheFuture(t *testing.T) {
	x := travel(t, guestConfig(Fast), TimelineOptions{Interval: 20_000}, 20, 40_000)
	middle := x.counts[9]
	require.NoError(t, x.t.Goto(ctx, middle))
	require.NoError(t, x.t.Branch())
	x.check(t, middle)
	assert.Equal(t, middle, x.t.End().Count)
	require.ErrorIs(t, x.t.Goto(ctx, middle+1), ErrFuture)
	x.SendSerial(0, []byte("regs\n"))
	runFor(t, x.Machine, 300_000)
	other, end := x.StateHash(), x.Count()
	for _, c := range []uint64{x.counts[3], middle, x.counts[0]} {
		require.NoError(t, x.t.Goto(ctx, c))
		x.check(t, c)
	}
	require.NoError(t, x.t.Goto(ctx, end))
	assert.Equal(t, other, x.StateHash())
}

// TestChangesFromOutsideAreKept pokes a register and a byte, and passes there again.
func TestChangesFromOutsideAreKept(t *testing.T) {
	x := travel(t, guestConfig(Fast), TimelineOptions{Interval: 20_000}, 10, 40_000)
	at := x.counts[6]
	require.NoError(t, x.t.Goto(ctx, at))
	for i := range 3 { // several times at one moment
		x.mem.WriteAt([]byte{byte(i), 0xee}, 0x600000)
		require.NoError(t, x.t.Changed())
	}
	changed := x.StateHash()
	runFor(t, x.Machine, 200_000)
	end := x.StateHash()
	count := x.Count()
	require.NoError(t, x.t.Goto(ctx, x.counts[2]))
	x.check(t, x.counts[2])
	require.NoError(t, x.t.Goto(ctx, at-1))
	assert.Zero(t, x.mem.Read(0x600000, 1))
	require.NoError(t, x.t.Goto(ctx, at))
	assert.Equal(t, changed, x.StateHash())
	require.NoError(t, x.t.Goto(ctx, count))
	assert.Equal(t, end, x.StateHash())
}

// TestSnapshotAndForkInThePast are of the moment, and change nothing.
func TestSnapshotAndForkInThePast(t *testing.T) {
	x := travel(t, guestConfig(Fast), TimelineOptions{Interval: 20_000}, 20, 40_000)
	c := x.counts[8]
	require.NoError(t, x.t.Goto(ctx, c))
	saved := snapshotOf(t, x.Machine)
	f, err := x.Fork(ForkOptions{})
	require.NoError(t, err)
	defer f.Close()
	assert.Equal(t, x.hashes[c], f.StateHash())
	other := newGuest(t, guestConfig(Fast))
	require.NoError(t, other.Restore(bytes.NewReader(saved)))
	assert.Equal(t, x.hashes[c], other.StateHash())
	for _, c := range x.counts[9:] {
		require.NoError(t, x.t.Goto(ctx, c))
		x.check(t, c)
	}
	require.NoError(t, x.t.Goto(ctx, c))
	require.NoError(t, x.Restore(bytes.NewReader(saved)))
	assert.Equal(t, Moment{c, x.Now()}, x.t.Begin(), "a snapshot begins another history")
	x.check(t, c)
}

// TestResetInTheHistory goes back over the reset button.
func TestResetInTheHistory(t *testing.T) {
	cfg := guestConfig(Fast)
	m := newGuest(t, cfg)
	tl, err := m.StartTimeline(TimelineOptions{Interval: 50_000})
	require.NoError(t, err)
	hashes := map[uint64]string{}
	for range 4 {
		for range 4 {
			runFor(t, m, 77_777)
			hashes[m.Count()] = m.StateHash()
		}
		require.NoError(t, m.Reset())
	}
	for _, c := range slices.Backward(slices.Sorted(maps.Keys(hashes))) {
		require.NoError(t, tl.Goto(ctx, c))
		if c != tl.End().Count {
			require.Equal(t, hashes[c], m.StateHash(), "instruction %d", c)
		}
	}
}

// TestReverseContinueFindsTheLastMoment looks for instructions whose count can be divided
// by 7919, and compares with arithmetic.
func TestReverseContinueFindsTheLastMoment(t *testing.T) {
	x := travel(t, guestConfig(Fast), TimelineOptions{Interval: 20_000}, 10, 40_000)
	const every = 7919
	run := func(ctx context.Context, end uint64) (uint64, bool, error) {
		next := x.Count()/every*every + every
		n := min(next, end) - x.Count()
		_, err := x.Run(ctx, RunOptions{Budget: n})
		return x.Count(), x.Count() == next, err
	}
	for want := (x.Count() - 1) / every * every; want > 0; want -= every {
		hit, err := x.t.ReverseContinue(ctx, run)
		require.NoError(t, err)
		require.True(t, hit)
		require.Equal(t, want, x.Count())
	}
	hit, err := x.t.ReverseContinue(ctx, run)
	require.NoError(t, err)
	assert.False(t, hit)
	assert.Equal(t, x.t.Begin().Count, x.Count())
	require.NoError(t, x.t.Goto(ctx, x.counts[9]))
	x.check(t, x.counts[9])
}

// TestReverseStep goes back instruction by instruction.
func TestReverseStep(t *testing.T) {
	x := travel(t, guestConfig(Fast), TimelineOptions{Interval: 20_000}, 10, 40_000)
	c := x.counts[5]
	require.NoError(t, x.t.Goto(ctx, c+20))
	for range 20 {
		require.NoError(t, x.t.ReverseStep(ctx, 1))
	}
	x.check(t, c)
	require.ErrorIs(t, x.t.ReverseStep(ctx, c+1), ErrForgotten)
}
