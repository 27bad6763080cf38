package machine

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recordSession runs the embedded guest with input that comes whenever it comes, in real
// time, and returns the journal and the hash of the end.
func recordSession(t *testing.T) (journal string, end string) {
	t.Helper()
	cfg := guestConfig(Fast)
	cfg.Clock = Real
	m := newGuest(t, cfg)
	m.ExpectInput(true)
	var b bytes.Buffer
	r, err := m.Record(&b, RecordOptions{Interval: 200_000, Args: []string{"-m", "8"}})
	require.NoError(t, err)
	go func() {
		for _, s := range []string{"he", "lp\n", "regs\n", "disk\n", "mem\n"} {
			time.Sleep(30 * time.Millisecond)
			m.SendSerial(0, []byte(s))
		}
		time.Sleep(40 * time.Millisecond)
		m.Stop()
	}()
	runUntilStopped(t, m)
	require.NoError(t, m.Reset())
	time.AfterFunc(50*time.Millisecond, m.Stop)
	runUntilStopped(t, m)
	snapshotOf(t, m)
	m.cfg.Clock = Virtual // a slow host has come less far
	runFor(t, m, 1_000_345)
	require.NoError(t, r.Close())
	return b.String(), m.StateHash()
}

func runUntilStopped(t *testing.T, m *Machine) {
	t.Helper()
	res, err := m.Run(context.Background(), RunOptions{})
	require.NoError(t, err)
	require.Equal(t, StopCancelled, res.Reason)
}

func TestReplayIsTheRecordedRun(t *testing.T) {
	journal, end := recordSession(t)
	for _, engine := range []Engine{Fast, Plain} {
		m := newGuest(t, guestConfig(engine))
		require.NoError(t, m.Replay(strings.NewReader(journal)))
		m.SendSerial(0, []byte("this must wait"))
		res, err := m.Run(context.Background(), RunOptions{})
		require.NoError(t, err)
		require.Equal(t, StopReplayed, res.Reason)
		require.NoError(t, m.CheckReplay())
		assert.Equal(t, end, m.StateHash())
	}
	description, args, err := ReadJournal(strings.NewReader(journal))
	require.NoError(t, err)
	assert.Equal(t, []string{"-m", "8"}, args)
	assert.Equal(t, uint64(8<<20), description.Memory)
}

// TestReplayNamesWhereItDiffers changes one byte of memory on the way.
func TestReplayNamesWhereItDiffers(t *testing.T) {
	journal, _ := recordSession(t)
	m := newGuest(t, guestConfig(Fast))
	require.NoError(t, m.Replay(strings.NewReader(journal)))
	runFor(t, m, 450_000)
	m.mem.Write(0x600000, 1, 0x55)
	_, err := m.Run(context.Background(), RunOptions{})
	require.ErrorIs(t, err, ErrDiverged)
	assert.ErrorContains(t, err, "between instruction 400000, where recording and replay were equal, and 600000: in memory")
}

func TestReplayNoticesChangedInput(t *testing.T) {
	journal, _ := recordSession(t)
	i := strings.Index(journal, `"k":"in"`)
	require.Positive(t, i)
	d := strings.Index(journal[i:], `"d":"`) + i + 5
	changed := journal[:d] + "AAAA" + journal[d+4:]
	m := newGuest(t, guestConfig(Fast))
	require.NoError(t, m.Replay(strings.NewReader(changed)))
	_, err := m.Run(context.Background(), RunOptions{})
	assert.ErrorIs(t, err, ErrDiverged)
}

func TestJournalThatIsCutOffIsGoodUpToThere(t *testing.T) {
	journal, _ := recordSession(t)
	lines := strings.SplitAfter(journal, "\n")
	m := newGuest(t, guestConfig(Fast))
	require.NoError(t, m.Replay(strings.NewReader(strings.Join(lines[:5], ""))))
	runFor(t, m, 3_000_000)
	assert.ErrorContains(t, m.CheckReplay(), "cut off after instruction")
}

func TestReplayRefusesOtherMachinesAndStates(t *testing.T) {
	journal, _ := recordSession(t)
	cfg := guestConfig(Fast)
	cfg.Memory = 16 << 20
	assert.ErrorIs(t, newGuest(t, cfg).Replay(strings.NewReader(journal)), ErrJournal)
	m := newGuest(t, guestConfig(Fast))
	runFor(t, m, 10)
	assert.ErrorContains(t, m.Replay(strings.NewReader(journal)), "not in the state")
}

// FuzzReplay gives the reader of journals rubbish.
func FuzzReplay(f *testing.F) {
	m := newGuest(f, guestConfig(Fast))
	var b bytes.Buffer
	r, err := m.Record(&b, RecordOptions{Interval: 1000})
	require.NoError(f, err)
	runFor(f, m, 3000)
	require.NoError(f, r.Close())
	good := snapshotOf(f, newGuest(f, guestConfig(Fast)))
	head, tail, _ := strings.Cut(b.String(), "\n")
	f.Add(tail)
	f.Add(`{"c":5,"t":20,"k":"in","p":9,"d":"AAAA"}`)
	f.Add(`{"c":5,"t":20,"k":"in","p":4,"d":"AAAA"}`)
	f.Add(`{"c":18446744073709551615,"t":-1,"k":"hash"}`)
	f.Add(`{"c":1,"t":1,"k":"reset"}`)
	f.Fuzz(func(t *testing.T, lines string) {
		require.NoError(t, m.Restore(bytes.NewReader(good)))
		if err := m.Replay(strings.NewReader(head + "\n" + lines)); err != nil {
			require.NotPanics(t, func() { _ = err.Error() })
			return
		}
		_, err := m.Run(context.Background(), RunOptions{Budget: 5000})
		if err != nil {
			require.NotContains(t, err.Error(), "internal error")
		}
		_ = m.CheckReplay()
	})
}
