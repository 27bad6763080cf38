package machine

import (
	"io"

	"github.com/glassbox-vm/glassbox/cpu"
)

// output returns a sink for single bytes of a chip. What arrives during a slice is
// written in one piece at its end; errors of the writer are dropped after the first,
// which Run returns.
func (m *Machine) output(w io.Writer) func(byte) {
	s := &sink{m: m, w: w}
	m.sinks = append(m.sinks, s)
	return s.put
}

// A sink collects bytes for a writer.
type sink struct {
	m   *Machine
	w   io.Writer
	buf []byte
}

// sinkLimit is the most bytes collected before they are written.
const sinkLimit = 4096

func (s *sink) put(b byte) {
	s.buf = append(s.buf, b)
	if len(s.buf) >= sinkLimit {
		s.flush()
	}
}

func (s *sink) flush() {
	if len(s.buf) == 0 {
		return
	}
	if s.m.inPast() { // it went out when it happened first
		s.buf = s.buf[:0]
		return
	}
	_, _ = s.w.Write(s.buf) // the guest cannot know, and the writer remembers
	s.buf = s.buf[:0]
}

// flushOutput hands on what chips have sent.
func (m *Machine) flushOutput() {
	for _, s := range m.sinks {
		s.flush()
	}
}

func exitName(r int) string { return cpu.ExitReason(r).String() }
