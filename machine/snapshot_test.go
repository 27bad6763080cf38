package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/guest"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// guestConfig is a small machine with the embedded guest, a disk and something to read.
func guestConfig(e Engine) Config {
	cfg := Config{Memory: 8 << 20, Engine: e}
	cfg.Boot.Kernel = guest.Image()
	cfg.Drives[0] = &Drive{Image: disk.NewOverlay(disk.NewMemory(bytes.Repeat([]byte("glassbox"), 64<<10)))}
	return cfg
}

func newGuest(t testing.TB, cfg Config) *Machine {
	t.Helper()
	m, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func runFor(t testing.TB, m *Machine, n uint64) {
	t.Helper()
	_, err := m.Run(context.Background(), RunOptions{Budget: n})
	require.NoError(t, err)
}

func snapshotOf(t testing.TB, m *Machine) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, m.Snapshot(&b, "test"))
	return b.Bytes()
}

// TestRestoredMachineRunsOnEqually compares a machine that runs on after a snapshot with
// one that was restored from it, at random instants of a boot.
func TestRestoredMachineRunsOnEqually(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, engine := range []Engine{Fast, Plain} {
		m := newGuest(t, guestConfig(engine))
		m.ExpectInput(true)
		other := newGuest(t, guestConfig(engine)) // used again and again: Restore must replace everything
		for i := range 60 {
			runFor(t, m, 1+random.Uint64N(uint64(1)<<(4+i%16)))
			if i%7 == 3 {
				m.SendSerial(0, []byte("mem\nregs\ndisk\n"))
			}
			require.NoError(t, other.Restore(bytes.NewReader(snapshotOf(t, m))))
			require.Equal(t, m.StateHash(), other.StateHash(), "engine %d, instruction %d", engine, m.Count())
			n := 1 + random.Uint64N(60_000)
			moveInput(m, other)
			runFor(t, m, n)
			runFor(t, other, n)
			require.Equal(t, difference(m.cpu.Save(), other.cpu.Save()), difference(m.cpu.Save(), m.cpu.Save()))
			require.Equal(t, m.StateHash(), other.StateHash(), "engine %d, up to instruction %d", engine, m.Count())
		}
	}
}

// moveInput makes what waits to be taken the same for both.
func moveInput(from, to *Machine) {
	for i := range from.inbox.serial {
		to.inbox.serial[i] = bytes.Clone(from.inbox.serial[i])
	}
}

func TestEnginesTakeEachOthersSnapshots(t *testing.T) {
	fast, plain := newGuest(t, guestConfig(Fast)), newGuest(t, guestConfig(Plain))
	runFor(t, fast, 200_000)
	require.NoError(t, plain.Restore(bytes.NewReader(snapshotOf(t, fast))))
	runFor(t, fast, 100_000)
	runFor(t, plain, 100_000)
	assert.Equal(t, fast.StateHash(), plain.StateHash())
}

// TestDiskGoesBackWithTheMachine restores what an overlay held.
func TestDiskGoesBackWithTheMachine(t *testing.T) {
	m := newGuest(t, guestConfig(Fast))
	img := m.cfg.Drives[0].Image
	_, err := img.WriteAt([]byte("first"), 70_000)
	require.NoError(t, err)
	saved := snapshotOf(t, m)
	_, err = img.WriteAt([]byte("later"), 70_000)
	require.NoError(t, err)
	_, err = img.WriteAt([]byte("later"), 500_000)
	require.NoError(t, err)
	require.NoError(t, m.Restore(bytes.NewReader(saved)))
	got := make([]byte, 5)
	_, err = img.ReadAt(got, 70_000)
	require.NoError(t, err)
	assert.Equal(t, "first", string(got))
	_, err = img.ReadAt(got, 500_000)
	require.NoError(t, err)
	assert.Equal(t, "glass", string(got))
}

// TestEveryFlippedByteIsDetected also cuts the file at every length. DUR-SNAP.
func TestEveryFlippedByteIsDetected(t *testing.T) {
	cfg := Config{Memory: 1 << 20}
	m := newGuest(t, cfg)
	runFor(t, m, 100)
	saved := snapshotOf(t, m)
	before := m.StateHash()
	t.Logf("%d bytes", len(saved))
	for i := range saved {
		bad := bytes.Clone(saved)
		bad[i] ^= 1 << (i % 8)
		require.ErrorIs(t, m.Restore(bytes.NewReader(bad)), ErrSnapshot, "byte %d", i)
		require.ErrorIs(t, m.Restore(bytes.NewReader(saved[:i])), ErrSnapshot, "%d bytes", i)
	}
	require.ErrorIs(t, m.Restore(bytes.NewReader(append(bytes.Clone(saved), 0))), ErrSnapshot)
	assert.Equal(t, before, m.StateHash())
	require.NoError(t, m.Restore(bytes.NewReader(saved)))
}

// TestSnapshotsOfOtherMachinesAreRefused names the difference.
func TestSnapshotsOfOtherMachinesAreRefused(t *testing.T) {
	saved := snapshotOf(t, newGuest(t, guestConfig(Fast)))
	for want, change := range map[string]func(*Config){
		"memory":         func(c *Config) { c.Memory = 4 << 20 },
		"processor":      func(c *Config) { c.CPU = cpuName(t) },
		"another kernel": func(c *Config) { c.Boot.Append = "x" },
		"drive 0":        func(c *Config) { c.Drives[0] = nil },
		"settings":       func(c *Config) { c.DebugExit = true },
	} {
		cfg := guestConfig(Fast)
		change(&cfg)
		err := newGuest(t, cfg).Restore(bytes.NewReader(saved))
		assert.ErrorIs(t, err, ErrSnapshot, want)
		assert.ErrorContains(t, err, want)
	}
}

func cpuName(t *testing.T) string { t.Helper(); return "max,-popcnt" }

func TestDriveThatWritesToItsImageCannotBeSaved(t *testing.T) {
	cfg := guestConfig(Fast)
	cfg.Drives[0] = &Drive{Image: disk.NewMemory(make([]byte, 1<<20))}
	var b bytes.Buffer
	assert.ErrorContains(t, newGuest(t, cfg).Snapshot(&b, ""), "snapshot=on")
	assert.Zero(t, b.Len())
}

// TestRefusedStateChangesNothing lets a chip refuse what it is given after others took it.
func TestRefusedStateChangesNothing(t *testing.T) {
	m := newGuest(t, guestConfig(Fast))
	runFor(t, m, 300_000)
	before := m.StateHash()
	var states []any
	fresh := newGuest(t, guestConfig(Fast))
	for _, p := range fresh.parts() {
		states = append(states, p.save())
	}
	last := fresh.pic.Save()
	last.Slave.Lowest = 99
	states[len(states)-1] = last
	assert.ErrorContains(t, m.setStates(states), "pic8259")
	assert.Equal(t, before, m.StateHash())
}

// TestSaveFileReplacesOrLeaves checks that a failed save leaves the old file, and no other.
func TestSaveFileReplacesOrLeaves(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	m := newGuest(t, guestConfig(Fast))
	require.NoError(t, m.SaveFile(path, "one"))
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	m.cfg.Drives[1] = &Drive{Image: disk.NewMemory(make([]byte, 512))}
	require.Error(t, m.SaveFile(path, "two"))
	m.cfg.Drives[1] = nil
	now, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, first, now)
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, names, 1)
	require.NoError(t, m.LoadFile(path))
	info, err := ReadSnapshotInfo(bytes.NewReader(now))
	require.NoError(t, err)
	assert.Equal(t, "one", info.Name)
}

// TestStateTypesMatchTheirVersions notices a State that changed while its version did not:
// old snapshots would be misread. See stateTypes.
func TestStateTypesMatchTheirVersions(t *testing.T) {
	m := newGuest(t, Config{})
	var got []string
	for _, p := range m.parts() {
		got = append(got, fmt.Sprintf("%s %d %s", p.Name, p.Version, shortHash(fingerprint(reflect.TypeOf(p.save())))))
	}
	assert.Equal(t, stateTypes, got)
}

// TestCodecRoundTrip encodes and decodes every State, and cuts it short.
func TestCodecRoundTrip(t *testing.T) {
	m := newGuest(t, guestConfig(Fast))
	for range 50 {
		runFor(t, m, 50_000)
		for _, p := range m.parts() {
			s := p.save()
			bytes := appendState(nil, s)
			back, err := p.decode(bytes)
			require.NoError(t, err, p.Name)
			require.Equal(t, s, back, p.Name)
			_, err = p.decode(bytes[:len(bytes)-1])
			require.Error(t, err, p.Name)
			_, err = p.decode(append(bytes, 0))
			require.ErrorIs(t, err, errTooLong, p.Name)
		}
	}
}

// TestCodecIsLittleEndianWithoutGaps spells the form out.
func TestCodecIsLittleEndianWithoutGaps(t *testing.T) {
	type inner struct {
		A bool
		B int16
	}
	type state struct {
		I inner
		N int
		F [2]uint32
		D []uint8
	}
	s := state{inner{true, -2}, 3, [2]uint32{0x01020304, 5}, []uint8{7, 8}}
	want := []byte{1, 0xfe, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 1, 5, 0, 0, 0, 2, 0, 0, 0, 7, 8}
	assert.Equal(t, want, appendState(nil, s))
	var back state
	require.NoError(t, decodeState(want, &back))
	assert.Equal(t, s, back)
	long := append(bytes.Clone(want[:19]), 0xff, 0xff, 0xff, 0xff, 7, 8)
	assert.Error(t, decodeState(long, &back), "a length without bytes")
	want[0] = 2
	assert.Error(t, decodeState(want, &back))
}

// FuzzRestore gives the loader rubbish with right checksums. Whatever it takes must run;
// what it refuses must leave the machine alone.
func FuzzRestore(f *testing.F) {
	m := newGuest(f, guestConfig(Fast))
	runFor(f, m, 100_000)
	f.Add(0, []byte{1, 2, 3})
	f.Add(1, appendState(nil, m.cpu.Save()))
	for i, p := range m.parts() {
		f.Add(i, appendState(nil, p.save()))
	}
	f.Add(1000, []byte{0xff})
	f.Add(1001, make([]byte, 12))
	good := snapshotOf(f, m)
	f.Fuzz(func(t *testing.T, at int, contents []byte) {
		before := m.StateHash()
		err := m.Restore(bytes.NewReader(withSection(t, m, at, contents)))
		if err != nil {
			require.ErrorIs(t, err, ErrSnapshot)
			require.Equal(t, before, m.StateHash())
			return
		}
		// A state in which nothing wakes the processor lets time pass for ever.
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if _, err := m.Run(ctx, RunOptions{Budget: 20_000}); err != nil {
			require.NotContains(t, err.Error(), "internal error")
		}
		require.NoError(t, m.Restore(bytes.NewReader(good)))
	})
}

// withSection is a snapshot of m with a part, memory (1000) or disk (1001) replaced.
func withSection(t *testing.T, m *Machine, at int, contents []byte) []byte {
	k, err := newPacker()
	require.NoError(t, err)
	info := SnapshotInfo{Machine: m.Description()}
	file, err := appendHeader(nil, &info)
	require.NoError(t, err)
	for i, p := range m.parts() {
		c := appendState(nil, p.save())
		if i == at {
			c = contents
		}
		file = append(file, k.section(p.Name, p.Version, c)...)
	}
	mem := m.mem.Used()
	require.NoError(t, eachChunk(uint64(len(mem)), func(off, n uint64) error {
		c := appendChunk(nil, mem[off:off+n])
		if at == 1000 {
			c = contents
		}
		file = append(file, k.section("ram", 1, c)...)
		return nil
	}))
	if at == 1001 {
		file = append(file, k.section("disk.0", 1, contents)...)
	}
	return append(file, k.section("end", 1, nil)...)
}

var errWriter = errors.New("full")

type failAfter struct{ n int }

func (f *failAfter) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		return 0, errWriter
	}
	return len(p), nil
}

func TestSnapshotReportsAFullDisk(t *testing.T) {
	m := newGuest(t, guestConfig(Fast))
	for n := range 40 {
		assert.ErrorIs(t, m.Snapshot(&failAfter{n * 100}, ""), errWriter)
	}
}

// TestFloppyGoesBackWithTheMachine is a case of its own: the loader had no room for drives
// beyond the four on IDE.
func TestFloppyGoesBackWithTheMachine(t *testing.T) {
	cfg := guestConfig(Fast)
	img := disk.NewOverlay(disk.NewMemory(make([]byte, 1440<<10)))
	cfg.Drives[FloppyA] = &Drive{Image: img}
	m := newGuest(t, cfg)
	_, err := img.WriteAt([]byte("first"), 70_000)
	require.NoError(t, err)
	saved := snapshotOf(t, m)
	_, err = img.WriteAt([]byte("later"), 70_000)
	require.NoError(t, err)
	require.NoError(t, m.Restore(bytes.NewReader(saved)))
	got := make([]byte, 5)
	_, err = img.ReadAt(got, 70_000)
	require.NoError(t, err)
	assert.Equal(t, "first", string(got))
}

// TestDiffNamesWhatDiffers changes a register, memory, a chip and a disk.
func TestDiffNamesWhatDiffers(t *testing.T) {
	m := newGuest(t, guestConfig(Fast))
	runFor(t, m, 100_000)
	first, err := OpenSnapshot(bytes.NewReader(snapshotOf(t, m)))
	require.NoError(t, err)
	now, err := m.SavedState()
	require.NoError(t, err)
	list, err := first.Diff(now)
	require.NoError(t, err)
	assert.Empty(t, list, "nothing has happened")

	s := m.cpu.Save()
	s.GPR[3] ^= 0x10
	require.NoError(t, m.cpu.Restore(s))
	m.mem.WriteAt([]byte{0xaa, 0xbb}, 0x600ffe)
	m.mem.WriteAt([]byte{0xcc}, 0x601000)
	_, err = m.cfg.Drives[0].Image.WriteAt([]byte("x"), 70_000)
	require.NoError(t, err)
	m.ports.Out(0x61, 1, 0x03)
	second, err := OpenSnapshot(bytes.NewReader(snapshotOf(t, m)))
	require.NoError(t, err)
	for _, other := range []*SavedState{second, now} {
		if other == now {
			now, err = m.SavedState()
			require.NoError(t, err)
			other = now
		}
		list, err = first.Diff(other)
		require.NoError(t, err)
		var text []string
		for _, d := range list {
			text = append(text, d.String())
		}
		all := fmt.Sprint(text)
		assert.Contains(t, all, "cpu.RBX: ")
		assert.Contains(t, all, "port61.")
		assert.Contains(t, all, "memory 0x600000-0x601fff: 3 bytes differ")
		assert.Contains(t, all, "disk 0, 64 KiB at 0x10000: written in the second only")
		assert.Less(t, len(list), 10, all)
	}
	cfg := guestConfig(Fast)
	cfg.Memory = 16 << 20
	other, err := newGuest(t, cfg).SavedState()
	require.NoError(t, err)
	_, err = first.Diff(other)
	assert.ErrorIs(t, err, ErrSnapshot)
}

// TestOpenSnapshotNoticesEveryFlippedByte needs no machine to do so.
func TestOpenSnapshotNoticesEveryFlippedByte(t *testing.T) {
	m := newGuest(t, Config{Memory: 1 << 20})
	runFor(t, m, 100)
	saved := snapshotOf(t, m)
	for i := 0; i < len(saved); i += 64 {
		bad := bytes.Clone(saved)
		bad[i] ^= 1 << (i / 64 % 8)
		_, err := OpenSnapshot(bytes.NewReader(bad))
		require.ErrorIs(t, err, ErrSnapshot, "byte %d", i)
	}
	_, err := OpenSnapshot(bytes.NewReader(saved))
	require.NoError(t, err)
}

// FuzzOpenSnapshot gives the reader that has no machine rubbish with right checksums.
func FuzzOpenSnapshot(f *testing.F) {
	m := newGuest(f, Config{Memory: 1 << 20})
	good, err := OpenSnapshot(bytes.NewReader(snapshotOf(f, m)))
	require.NoError(f, err)
	f.Add(0, []byte{1, 2, 3})
	f.Add(1, appendState(nil, m.cpu.Save()))
	f.Add(1000, []byte{0xff})
	f.Fuzz(func(t *testing.T, at int, contents []byte) {
		s, err := OpenSnapshot(bytes.NewReader(withSection(t, m, at, contents)))
		if err != nil {
			require.ErrorIs(t, err, ErrSnapshot)
			return
		}
		_, _ = good.Diff(s)
	})
}
