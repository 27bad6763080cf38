package expect

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// A Step is text to send once an expression has matched what came since the step before.
type Step struct {
	After *Regexp // nil: at once
	Text  []byte
}

// A Verdict is what ended the watch.
type Verdict struct {
	Failed bool   // a FailOn expression matched; else all of Expect did
	Regexp string // the last expression that matched
	Line   string // the line it matched in, as far as it had come; shortened if long
}

// A Script says what to look for. Expressions of Expect must match one after another, in
// order; any one of FailOn ends the watch at once.
type Script struct {
	Expect []*Regexp
	FailOn []*Regexp
	Steps  []Step
}

// Empty says whether there is nothing to do.
func (s *Script) Empty() bool { return len(s.Expect)+len(s.FailOn)+len(s.Steps) == 0 }

// maxLine is the most text kept of a line, in bytes.
const maxLine = 200

// A Watch is a Script at work. It is an io.Writer for the stream and may be used by
// several goroutines.
type Watch struct {
	mu      sync.Mutex
	script  Script
	send    func([]byte)
	done    func(Verdict)
	decoder decoder

	expect *scanner // of the next of script.Expect
	step   *scanner // of the next of script.Steps
	failOn []*scanner
	line   []byte
	over   bool
}

// NewWatch starts a script. send is called with the text of steps, done at most once;
// both are called from Write, or from Start.
func NewWatch(script Script, send func([]byte), done func(Verdict)) *Watch {
	w := &Watch{script: script, send: send, done: done}
	for _, re := range script.FailOn {
		w.failOn = append(w.failOn, newScanner(re))
	}
	if len(script.Expect) > 0 {
		w.expect = newScanner(script.Expect[0])
	}
	return w
}

var _ io.Writer = (*Watch)(nil)

// Start sends what the script wants sent without waiting for anything.
func (w *Watch) Start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance(-1)
}

// Write looks at more of the stream. It never fails.
func (w *Watch) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range p {
		if w.over {
			break
		}
		w.decoder.next(b, w.take)
	}
	return len(p), nil
}

// take looks at one rune.
func (w *Watch) take(r rune) {
	if w.over {
		return
	}
	if n := len(w.line); n > 0 && w.line[n-1] == '\n' {
		w.line = w.line[:0]
	}
	if len(w.line) < maxLine || r == '\n' {
		w.line = append(w.line, string(r)...)
	}
	for i, s := range w.failOn {
		if s.step(r) {
			w.finish(Verdict{Failed: true, Regexp: w.script.FailOn[i].text})
			return
		}
	}
	if w.expect != nil && w.expect.step(r) {
		w.matched()
		if w.over {
			return
		}
	}
	if w.step != nil && w.step.step(r) {
		w.sendStep(r)
	}
}

// matched goes on to the next of Expect.
func (w *Watch) matched() {
	prev, text := w.expect.prev, w.script.Expect[0].text
	w.script.Expect = w.script.Expect[1:]
	if len(w.script.Expect) == 0 {
		w.finish(Verdict{Regexp: text})
		return
	}
	w.expect = newScanner(w.script.Expect[0])
	w.expect.prev = prev
}

// sendStep sends the text of the present step and goes on to the next.
func (w *Watch) sendStep(prev rune) {
	text := w.script.Steps[0].Text
	w.script.Steps = w.script.Steps[1:]
	w.step = nil
	w.send(text)
	w.advance(prev)
}

// advance sets out on the next step; those without an expression are done at once.
func (w *Watch) advance(prev rune) {
	for len(w.script.Steps) > 0 && w.script.Steps[0].After == nil {
		w.send(w.script.Steps[0].Text)
		w.script.Steps = w.script.Steps[1:]
	}
	if len(w.script.Steps) > 0 {
		w.step = newScanner(w.script.Steps[0].After)
		w.step.prev = prev
	}
}

func (w *Watch) finish(v Verdict) {
	v.Line = strings.TrimRight(string(w.line), "\n")
	w.over = true
	w.done(v)
}

// Close tells the watch that the stream has ended, so that a $ may match there. It then
// returns an error that names the expression still missing, or nil if there is none.
func (w *Watch) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return nil
	}
	for i, s := range w.failOn {
		if s.end() {
			w.finish(Verdict{Failed: true, Regexp: w.script.FailOn[i].text})
			return nil
		}
	}
	if w.expect != nil && w.expect.end() {
		w.matched()
	}
	if w.over || len(w.script.Expect) == 0 {
		return nil
	}
	msg := fmt.Sprintf("no output matched %q", w.script.Expect[0].text)
	if len(w.script.Steps) > 0 && w.script.Steps[0].After != nil {
		msg += fmt.Sprintf("; still waiting for %q to type %q", w.script.Steps[0].After.text, w.script.Steps[0].Text)
	}
	if len(w.line) > 0 {
		msg += fmt.Sprintf("; last line was %q", strings.TrimRight(string(w.line), "\n"))
	}
	return fmt.Errorf("%s", msg)
}

// Unescape turns the text of --type into bytes: \n and \r are the Enter key (a carriage
// return), \t, \e, \0, \\ and \xHH as in other tools; a real line feed is Enter too.
func Unescape(s string) ([]byte, error) {
	var out []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\n' {
			c = '\r'
		}
		if c != '\\' {
			out = append(out, c)
			continue
		}
		i++
		if i == len(s) {
			return nil, fmt.Errorf("%q ends in a single backslash; write \\\\ for one", s)
		}
		switch s[i] {
		case 'n', 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'e':
			out = append(out, 0x1b)
		case '0':
			out = append(out, 0)
		case '\\':
			out = append(out, '\\')
		case 'x':
			var b byte
			if i+2 >= len(s) || !hexByte(s[i+1:i+3], &b) {
				return nil, fmt.Errorf("%q: \\x wants two hexadecimal digits", s)
			}
			out = append(out, b)
			i += 2
		default:
			return nil, fmt.Errorf("%q: \\%c is not known; there are \\n \\r \\t \\e \\0 \\xHH and \\\\", s, s[i])
		}
	}
	return out, nil
}

func hexByte(s string, b *byte) bool {
	*b = 0
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return false
		}
		*b = *b<<4 | c
	}
	return true
}
