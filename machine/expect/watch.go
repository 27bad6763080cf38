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
// several goroutines. A text screen may be watched beside the stream: see Screen.
type Watch struct {
	mu      sync.Mutex
	script  Script
	send    func([]byte)
	done    func(Verdict)
	sources [2]source // stream and screen
	shown   []string  // the screen as it was last
	over    bool
}

// A source is one of the texts in which a Watch looks. All have the same expressions.
type source struct {
	decoder decoder
	expect  *scanner // of the next of script.Expect
	step    *scanner // of the next of script.Steps
	failOn  []*scanner
	line    []byte
	prev    rune
}

// NewWatch starts a script. send is called with the text of steps, done at most once;
// both are called from Write, Screen or Start.
func NewWatch(script Script, send func([]byte), done func(Verdict)) *Watch {
	w := &Watch{script: script, send: send, done: done}
	for i := range w.sources {
		s := &w.sources[i]
		s.prev = -1
		for _, re := range script.FailOn {
			s.failOn = append(s.failOn, newScanner(re))
		}
		if len(script.Expect) > 0 {
			s.expect = newScanner(script.Expect[0])
		}
	}
	return w
}

var _ io.Writer = (*Watch)(nil)

// Start sends what the script wants sent without waiting for anything.
func (w *Watch) Start() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.advance()
}

// Write looks at more of the stream. It never fails.
func (w *Watch) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.sources[0]
	for _, b := range p {
		if w.over {
			break
		}
		s.decoder.next(b, func(r rune) { w.take(s, r) })
	}
	return len(p), nil
}

// Screen looks at what is new on a text screen since the last call, as if it had been
// printed: the rest of a line that grew, and all lines from the first that changed on, when
// those above are the same as before or have scrolled up.
func (w *Watch) Screen(lines []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := &w.sources[1]
	for _, r := range fresh(w.shown, lines, s.prev) {
		w.take(s, r)
	}
	w.shown = append(w.shown[:0], lines...)
}

// take looks at one rune.
func (w *Watch) take(s *source, r rune) {
	if w.over {
		return
	}
	s.prev = r
	if n := len(s.line); n > 0 && s.line[n-1] == '\n' {
		s.line = s.line[:0]
	}
	if len(s.line) < maxLine || r == '\n' {
		s.line = append(s.line, string(r)...)
	}
	for i, f := range s.failOn {
		if f.step(r) {
			w.finish(s, Verdict{Failed: true, Regexp: w.script.FailOn[i].text})
			return
		}
	}
	if s.expect != nil && s.expect.step(r) {
		w.matched(s)
		if w.over {
			return
		}
	}
	if s.step != nil && s.step.step(r) {
		w.sendStep()
	}
}

// matched goes on to the next of Expect.
func (w *Watch) matched(s *source) {
	text := w.script.Expect[0].text
	w.script.Expect = w.script.Expect[1:]
	if len(w.script.Expect) == 0 {
		w.finish(s, Verdict{Regexp: text})
		return
	}
	for i := range w.sources {
		o := &w.sources[i]
		o.expect = newScanner(w.script.Expect[0])
		o.expect.prev = o.prev
	}
}

// sendStep sends the text of the present step and goes on to the next.
func (w *Watch) sendStep() {
	text := w.script.Steps[0].Text
	w.script.Steps = w.script.Steps[1:]
	for i := range w.sources {
		w.sources[i].step = nil
	}
	w.send(text)
	w.advance()
}

// advance sets out on the next step; those without an expression are done at once.
func (w *Watch) advance() {
	for len(w.script.Steps) > 0 && w.script.Steps[0].After == nil {
		w.send(w.script.Steps[0].Text)
		w.script.Steps = w.script.Steps[1:]
	}
	if len(w.script.Steps) == 0 {
		return
	}
	for i := range w.sources {
		o := &w.sources[i]
		o.step = newScanner(w.script.Steps[0].After)
		o.step.prev = o.prev
	}
}

func (w *Watch) finish(s *source, v Verdict) {
	v.Line = strings.TrimRight(string(s.line), "\n")
	w.over = true
	w.done(v)
}

// Close tells the watch that the stream has ended, so that a $ may match there. It then
// returns an error that names the expression still missing, or nil if there is none.
func (w *Watch) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.sources {
		if w.over {
			return nil
		}
		s := &w.sources[i]
		for i, f := range s.failOn {
			if f.end() {
				w.finish(s, Verdict{Failed: true, Regexp: w.script.FailOn[i].text})
				return nil
			}
		}
		if s.expect != nil && s.expect.end() {
			w.matched(s)
		}
	}
	if w.over || len(w.script.Expect) == 0 {
		return nil
	}
	return w.missing()
}

// missing is the error for what has not come.
func (w *Watch) missing() error {
	msg := fmt.Sprintf("no output matched %q", w.script.Expect[0].text)
	if len(w.script.Steps) > 0 && w.script.Steps[0].After != nil {
		msg += fmt.Sprintf("; still waiting for %q to type %q", w.script.Steps[0].After.text, w.script.Steps[0].Text)
	}
	for i, name := range []string{"line", "line on the screen"} {
		if line := w.sources[i].line; len(line) > 0 {
			msg += fmt.Sprintf("; last %s was %q", name, strings.TrimRight(string(line), "\n"))
		}
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
