package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// file makes an image file of n bytes: byte i of sector s is s^i.
func file(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.img")
	require.NoError(t, os.WriteFile(path, pattern(n), 0o600))
	return path
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = uint8(i/SectorSize) ^ uint8(i)
	}
	return p
}

func open1(t *testing.T, path string, o Options) Image {
	t.Helper()
	img, err := Open(path, o)
	require.NoError(t, err)
	t.Cleanup(func() { _ = img.Close() })
	return img
}

func sector(t *testing.T, img Image, n int64) []byte {
	t.Helper()
	p := make([]byte, SectorSize)
	_, err := img.ReadAt(p, n*SectorSize)
	require.NoError(t, err)
	return p
}

func TestRawWritesReachTheFile(t *testing.T) {
	path := file(t, 4*SectorSize)
	img := open1(t, path, Options{})
	assert.Equal(t, int64(4*SectorSize), img.Size())
	assert.False(t, img.ReadOnly())
	_, err := img.WriteAt(bytes.Repeat([]byte{0xa5}, SectorSize), SectorSize)
	require.NoError(t, err)
	require.NoError(t, img.Flush())
	require.NoError(t, img.Close())
	want := pattern(4 * SectorSize)
	copy(want[SectorSize:], bytes.Repeat([]byte{0xa5}, SectorSize))
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestAccessOutsideFailsAndNeverGrows(t *testing.T) {
	path := file(t, 2*SectorSize)
	for _, o := range []Options{{}, {Snapshot: true}} {
		img := open1(t, path, o)
		p := make([]byte, SectorSize)
		for _, off := range []int64{2 * SectorSize, SectorSize + 1, -1, 1<<63 - 1, 1<<63 - SectorSize} {
			_, err := img.ReadAt(p, off)
			assert.ErrorIs(t, err, io.EOF, "read at %d", off)
			_, err = img.WriteAt(p, off)
			assert.ErrorIs(t, err, ErrBeyondEnd, "write at %d", off)
		}
		require.NoError(t, img.Close())
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, int64(2*SectorSize), info.Size())
}

func TestReadOnlyRefusesWrites(t *testing.T) {
	img := open1(t, file(t, SectorSize), Options{ReadOnly: true})
	assert.True(t, img.ReadOnly())
	_, err := img.WriteAt([]byte{1}, 0)
	assert.ErrorIs(t, err, ErrReadOnly)
	_, err = NewReadOnlyMemory(make([]byte, SectorSize)).WriteAt([]byte{1}, 0)
	assert.ErrorIs(t, err, ErrReadOnly)
}

func TestOddSizeIsPaddedToAWholeSector(t *testing.T) {
	path := file(t, 700)
	img := open1(t, path, Options{})
	assert.Equal(t, int64(1024), img.Size())
	want := make([]byte, SectorSize)
	copy(want, pattern(700)[SectorSize:])
	assert.Equal(t, want, sector(t, img, 1))
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, int64(700), info.Size(), "reading leaves the file alone")

	_, err = img.WriteAt(want, SectorSize)
	require.NoError(t, err)
	info, err = os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, int64(1024), info.Size())
	assert.Equal(t, int64(1024), NewMemory(make([]byte, 700)).Size())
}

func TestFileThatShrankIsAnErrorNotZeros(t *testing.T) {
	path := file(t, 4*SectorSize)
	img := open1(t, path, Options{})
	require.NoError(t, os.Truncate(path, 2*SectorSize))
	_, err := img.ReadAt(make([]byte, SectorSize), 3*SectorSize)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.ErrorContains(t, err, "a.img")
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	empty := write("empty", "")
	qcow := write("q", "QFI\xfb"+string(make([]byte, 600)))
	for _, tc := range []struct{ name, path, text string }{
		{"missing", filepath.Join(dir, "none"), ""},
		{"directory", dir, "is a directory"},
		{"empty", empty, "is empty"},
		{"qcow2 taken for raw", qcow, "qcow2"},
	} {
		_, err := Open(tc.path, Options{})
		require.Error(t, err, tc.name)
		assert.ErrorContains(t, err, fmt.Sprintf("open disk %q: ", tc.path), tc.name)
		assert.ErrorContains(t, err, tc.text, tc.name)
	}
	_, err := Open(filepath.Join(dir, "none"), Options{})
	assert.ErrorIs(t, err, os.ErrNotExist)
	open1(t, qcow, Options{Format: "raw"})
	_, err = Open(qcow, Options{Format: "vdi"})
	assert.ErrorContains(t, err, "vdi")
	if runtime.GOOS == "linux" {
		_, err = Open("/dev/null", Options{})
		assert.ErrorContains(t, err, "character device")
		fifo := filepath.Join(dir, "fifo")
		if exec.Command("mkfifo", fifo).Run() == nil {
			_, err = Open(fifo, Options{ReadOnly: true})
			assert.ErrorContains(t, err, "named pipe")
		}
	}
}

func TestSecondOpenerInOneProcess(t *testing.T) {
	if runtime.GOOS == "js" {
		t.Skip("no locks")
	}
	rw, ro, snap := Options{}, Options{ReadOnly: true}, Options{Snapshot: true}
	for _, tc := range []struct {
		name          string
		first, second Options
		ok            bool
	}{
		{"writer, writer", rw, rw, false},
		{"writer, reader", rw, ro, false},
		{"writer, snapshot", rw, snap, false},
		{"reader, writer", ro, rw, false},
		{"snapshot, writer", snap, rw, false},
		{"reader, reader", ro, ro, true},
		{"snapshot, reader", snap, ro, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := file(t, SectorSize)
			link := path + ".link"
			require.NoError(t, os.Link(path, link))
			first := open1(t, path, tc.first)
			second, err := Open(link, tc.second)
			if tc.ok {
				require.NoError(t, err)
				require.NoError(t, second.Close())
				return
			}
			assert.ErrorIs(t, err, ErrLocked)
			require.NoError(t, first.Close())
			open1(t, link, tc.second)
		})
	}
}

// TestLockHelper is not a test: TestSecondProcess runs it as the other process.
func TestLockHelper(t *testing.T) {
	path := os.Getenv("DISK_LOCK_HELPER")
	if path == "" {
		t.Skip("runs in a process of its own")
	}
	_, err := Open(path, Options{})
	require.NoError(t, err)
	fmt.Println("locked")
	_, _ = io.Copy(io.Discard, os.Stdin) // until killed
}

func TestSecondProcessIsRefusedUntilTheFirstIsKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("names the holder on Linux only")
	}
	path := file(t, SectorSize)
	cmd := exec.Command(os.Args[0], "-test.run=^TestLockHelper$", "-test.v")
	cmd.Env = append(os.Environ(), "DISK_LOCK_HELPER="+path)
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var seen []byte
	for buf := make([]byte, 64); !bytes.Contains(seen, []byte("locked")); {
		n, err := out.Read(buf)
		require.NoError(t, err)
		seen = append(seen, buf[:n]...)
	}
	_, err = Open(path, Options{ReadOnly: true})
	assert.ErrorIs(t, err, ErrLocked)
	assert.ErrorContains(t, err, fmt.Sprintf("process %d", cmd.Process.Pid))
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	open1(t, path, Options{})
}

func TestFailedFlushIsSticky(t *testing.T) {
	img := open1(t, file(t, SectorSize), Options{})
	raw := img.(*Raw)
	raw.flushErr = errors.New("no space")
	err := raw.Flush()
	assert.ErrorIs(t, err, ErrFlushFailed)
	assert.ErrorContains(t, err, "no space")
	assert.ErrorIs(t, raw.Close(), ErrFlushFailed)

	img = open1(t, file(t, SectorSize), Options{})
	raw = img.(*Raw)
	_, err = raw.WriteAt([]byte{1}, 0)
	require.NoError(t, err)
	require.NoError(t, raw.file.Close()) // now the host refuses to flush
	first := raw.Flush()
	require.Error(t, first)
	assert.NotErrorIs(t, first, ErrFlushFailed)
	assert.ErrorIs(t, raw.Flush(), ErrFlushFailed)
}

func TestSnapshotLeavesTheFileAlone(t *testing.T) {
	const n = 3*ClusterSize + 5*SectorSize
	path := file(t, n)
	img := open1(t, path, Options{Snapshot: true})
	assert.False(t, img.ReadOnly())
	model := pattern(n)
	for _, w := range []struct{ off, n int }{
		{0, 512}, {ClusterSize - 512, 1024}, {n - 512, 512}, {ClusterSize + 7, ClusterSize + 1}, {0, 512},
	} {
		p := bytes.Repeat([]byte{uint8(w.off + w.n)}, w.n)
		got, err := img.WriteAt(p, int64(w.off))
		require.NoError(t, err)
		assert.Equal(t, w.n, got)
		copy(model[w.off:], p)
	}
	got := make([]byte, n)
	_, err := img.ReadAt(got, 0)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(model, got))

	copied := NewOverlay(NewMemory(pattern(n)))
	require.NoError(t, img.(*Overlay).Written(func(off int64, p []byte) error {
		_, err := copied.WriteAt(p, off)
		return err
	}))
	_, err = copied.ReadAt(got, 0)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(model, got), "Written carries everything")

	img.(*Overlay).Discard()
	_, err = img.ReadAt(got, 0)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(pattern(n), got))
	require.NoError(t, img.Close())
	onDisk, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(pattern(n), onDisk))
}

// FuzzOverlay checks an overlay against a plain slice.
func FuzzOverlay(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Fuzz(func(t *testing.T, in []byte) {
		const n = 2*ClusterSize + SectorSize
		o, model := NewOverlay(NewMemory(pattern(n))), pattern(n)
		for ; len(in) >= 4; in = in[4:] {
			off := int(in[0])<<16 | int(in[1])<<8 | int(in[2])
			p := bytes.Repeat(in[3:4], 1+int(in[3])*300)
			_, err := o.WriteAt(p, int64(off))
			if fits := off+len(p) <= n; fits != (err == nil) {
				t.Fatalf("write %d at %d: %v", len(p), off, err)
			} else if fits {
				copy(model[off:], p)
			}
		}
		got := make([]byte, n)
		_, err := o.ReadAt(got, 0)
		if err != nil || !bytes.Equal(got, model) {
			t.Fatalf("overlay differs from the model (%v)", err)
		}
	})
}
