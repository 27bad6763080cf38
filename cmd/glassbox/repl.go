package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/monitor"
	"golang.org/x/term"
)

// openMonitor directs the keys that follow to the monitor and asks for it.
func (s *session) openMonitor() {
	r, w := io.Pipe()
	s.mu.Lock()
	s.keys, s.lines = w, r
	s.mu.Unlock()
	s.interrupt(note{monitor: true})
}

// monitor shows the monitor's prompt until the user lets the machine go on. The keys come
// from readKeys, through a pipe.
func (s *session) monitor() error {
	s.mu.Lock()
	r := s.lines
	s.mu.Unlock()
	defer r.Close()
	defer s.closeMonitor()
	return s.talk(r)
}

// talk is the monitor's dialogue with whoever types what r reads.
func (s *session) talk(r io.Reader) error {
	lines := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{r, s.env.stderr}, monitor.Prompt)
	m := monitor.New(&target{s}, lines)
	fmt.Fprintf(lines, "\n%s", m.Greeting())
	for {
		line, err := lines.ReadLine()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) { // Ctrl-A c, Ctrl-D
			fmt.Fprint(lines, "\n")
			return s.pendingEnd()
		}
		if err != nil {
			return fmt.Errorf("monitor: %w", err)
		}
		switch m.Execute(line) {
		case monitor.Continue:
			return nil
		case monitor.Quit:
			return fail(0, nil)
		case monitor.Reset:
			return s.resetMachine()
		}
	}
}

// pendingEnd returns the outcome if the session was ended while the monitor was open.
func (s *session) pendingEnd() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.notes {
		if n.end {
			return fail(exitCode(n.err), nil)
		}
	}
	return nil
}

// closeMonitor takes the keys from the monitor, if it is open, and says whether it was.
func (s *session) closeMonitor() bool {
	s.mu.Lock()
	w := s.keys
	s.keys = nil
	s.mu.Unlock()
	if w == nil {
		return false
	}
	return w.Close() == nil
}
