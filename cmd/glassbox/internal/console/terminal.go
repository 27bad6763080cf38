package console

import (
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// A Terminal switches the user's terminal between its own mode and raw mode. All methods
// may be called from any goroutine and any number of times. A nil Terminal, for input that
// is no terminal, does nothing.
type Terminal struct {
	fd    int
	mu    sync.Mutex
	saved *term.State // while raw
	guard *guard
}

// Open returns the terminal behind f, or nil if it is none.
func Open(f *os.File) *Terminal {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return nil
	}
	return &Terminal{fd: fd}
}

// Raw hands the terminal to the guest: every key is passed on, nothing is echoed.
func (t *Terminal) Raw() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.saved != nil {
		return nil
	}
	if t.guard == nil {
		t.guard = startGuard(t.fd)
	}
	saved, err := term.MakeRaw(t.fd)
	if err != nil {
		return err
	}
	t.saved = saved
	return nil
}

// Restore gives the terminal back as it was before Raw.
func (t *Terminal) Restore() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.saved == nil {
		return
	}
	_ = term.Restore(t.fd, t.saved)
	t.saved = nil
}

// Close restores the terminal for the last time.
func (t *Terminal) Close() {
	if t == nil {
		return
	}
	t.Restore()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.guard.stop()
	t.guard = nil
}

// IsRaw says whether the guest has the terminal.
func (t *Terminal) IsRaw() bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.saved != nil
}

// Messages returns a writer for text of ours that may appear while the terminal is raw:
// each line feed then gets the carriage return that a raw terminal needs.
func (t *Terminal) Messages(w io.Writer) io.Writer { return &messages{t, w} }

type messages struct {
	t *Terminal
	w io.Writer
}

func (m *messages) Write(p []byte) (int, error) {
	if !m.t.IsRaw() {
		return m.w.Write(p)
	}
	_, err := io.WriteString(m.w, strings.ReplaceAll(string(p), "\n", "\r\n"))
	return len(p), err
}

// Size is the size of the terminal that r reads from, if it is one.
func Size(r io.Reader) (rows, cols int, ok bool) {
	f, isFile := r.(*os.File)
	if !isFile {
		return 0, 0, false
	}
	cols, rows, err := term.GetSize(int(f.Fd()))
	return rows, cols, err == nil && rows > 0 && cols > 0
}
