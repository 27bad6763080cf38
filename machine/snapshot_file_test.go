package machine

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errInjected = errors.New("injected")

// crash is what a call panics with when the host dies at it.
type crash struct{}

// faultyFiles counts calls; at the n-th it fails, or dies: then nothing is executed any
// more, and of files that were not on stable storage only a part is left.
type faultyFiles struct {
	hostFiles
	n        int
	dies     bool
	calls    int
	unsynced map[string]int // bytes written since the last sync
}

func (f *faultyFiles) call(do func() error) error {
	f.calls++
	if f.calls != f.n {
		return do()
	}
	if f.dies {
		panic(crash{})
	}
	return errInjected
}

func (f *faultyFiles) create(dir, pattern string) (x file, err error) {
	err = f.call(func() error {
		x, err = f.hostFiles.create(dir, pattern)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &faultyFile{x, f}, nil
}

func (f *faultyFiles) rename(from, to string) error {
	return f.call(func() error {
		f.unsynced[to] = f.unsynced[from]
		return f.hostFiles.rename(from, to)
	})
}

func (f *faultyFiles) remove(path string) error {
	return f.call(func() error { return f.hostFiles.remove(path) })
}

func (f *faultyFiles) syncDir(dir string) error {
	return f.call(func() error { return f.hostFiles.syncDir(dir) })
}

type faultyFile struct {
	file
	f *faultyFiles
}

func (x *faultyFile) Write(p []byte) (n int, err error) {
	err = x.f.call(func() error {
		x.f.unsynced[x.Name()] += len(p)
		n, err = x.file.Write(p)
		return err
	})
	return n, err
}

func (x *faultyFile) Sync() error {
	return x.f.call(func() error {
		x.f.unsynced[x.Name()] = 0
		return x.file.Sync()
	})
}

func (x *faultyFile) Close() error { return x.f.call(x.file.Close) }

// TestSaveInterruptedAtAnyCall lets every call to the host fail, and the host die at every
// call: the old or the new snapshot is there and whole. DUR-SNAP.
func TestSaveInterruptedAtAnyCall(t *testing.T) {
	m := newGuest(t, Config{Memory: 1 << 20})
	old := newGuest(t, Config{Memory: 1 << 20})
	runFor(t, old, 5000)
	oldHash, newHash := old.StateHash(), m.StateHash()
	reader := newGuest(t, Config{Memory: 1 << 20})
	for _, dies := range []bool{false, true} {
		for n := 1; ; n++ {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			require.NoError(t, old.SaveFile(path, "old"))
			f := &faultyFiles{n: n, dies: dies, unsynced: map[string]int{}}
			err := saveWith(f, m, path)
			for name, lost := range f.unsynced { // what the host had not written yet
				if info, serr := os.Stat(name); dies && serr == nil && lost > 0 {
					require.NoError(t, os.Truncate(name, info.Size()-int64(lost)/2))
				}
			}
			require.NoError(t, reader.LoadFile(path), "call %d", n)
			got := reader.StateHash()
			if err == nil {
				require.Equal(t, newHash, got, "call %d", n)
			} else {
				require.Contains(t, []string{oldHash, newHash}, got, "call %d", n)
			}
			if f.calls < n {
				assert.Greater(t, n, 5)
				break
			}
		}
	}
}

func saveWith(f *faultyFiles, m *Machine, path string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errInjected
			if _, ok := p.(crash); !ok {
				panic(p)
			}
		}
	}()
	return replaceFile(f, path, func(w *bufio.Writer) error { return m.Snapshot(w, "new") })
}

// TestSnapshotsAreForTheirOwner checks the mode, also of a file that others could read.
func TestSnapshotsAreForTheirOwner(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has no such modes")
	}
	path := filepath.Join(t.TempDir(), "a")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	require.NoError(t, newGuest(t, Config{Memory: 1 << 20}).SaveFile(path, ""))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
