package script

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/expect"
)

// errTooMuch is the error for input that has no room.
var errTooMuch = errors.New("too much input waits already")

// An outcome is what comes after a command.
type outcome uint8

const (
	next outcome = iota // the command is done
	wait                // the machine has to run
	quit
)

// Options are for NewRunner.
type Options struct {
	// Keyboard: type goes to the keyboard, not to COM1.
	Keyboard bool
	// Screenshot writes the screen to a file; nil makes the command an error.
	Screenshot func(path string) error
	// Log is told every command before it is carried out; it may be nil.
	Log func(line int, text string)
}

// A Runner carries a script out. It is an io.Writer for what COM1 sends; put it into
// Config.Serial before the machine is made. Its methods but Write belong to the goroutine
// that runs the machine.
type Runner struct {
	s   *Script
	opt Options
	m   *machine.Machine

	watch   *expect.Watch
	seen    atomic.Int64 // waits that have been met
	waited  int64        // waits that the script has passed
	pos     int          // in s.commands
	begun   bool         // the command at pos has begun to wait
	until   devices.Time // when what it waits for is due, or too late
	timeout devices.Time
	status  int
	tail    []byte // the end of what COM1 has sent
}

// NewRunner returns a runner for a script.
func NewRunner(s *Script, opt Options) *Runner {
	r := &Runner{s: s, opt: opt, timeout: DefaultTimeout}
	if opt.Screenshot == nil {
		r.opt.Screenshot = func(string) error { return errors.New("nobody takes pictures here") }
	}
	var steps []expect.Step
	for _, c := range s.commands {
		if c.wait != nil {
			steps = append(steps, expect.Step{After: c.wait})
		}
	}
	r.watch = expect.NewWatch(expect.Script{Steps: steps}, func([]byte) { r.met() }, nil)
	return r
}

// met notes that the present wait is over. It may be called from within the machine.
func (r *Runner) met() {
	r.seen.Add(1)
	r.m.Stop()
}

// maxTail is how much of what COM1 has sent is kept for messages, in bytes.
const maxTail = 300

// Write looks at what COM1 sends.
func (r *Runner) Write(p []byte) (int, error) {
	r.tail = append(r.tail, p[max(0, len(p)-maxTail):]...)
	r.tail = r.tail[max(0, len(r.tail)-maxTail):]
	return r.watch.Write(p)
}

// LookInterval is how often the screen is to be looked at, in virtual time.
const LookInterval = 5 * devices.Millisecond

// Look looks at the text screen. Blanks before the cursor count.
func (r *Runner) Look() {
	t, ok := r.m.Text()
	if !ok {
		return
	}
	lines := t.Lines()
	if y := t.CursorY; y >= 0 && y < len(lines) {
		missing := t.CursorX - utf8.RuneCountInString(lines[y])
		lines[y] += strings.Repeat(" ", max(missing, 0))
	}
	r.watch.Screen(lines)
}

// Attach connects the runner to its machine, before it runs.
func (r *Runner) Attach(m *machine.Machine) {
	r.m = m
	r.watch.Start()
}

// A Result says how far a script is.
type Result struct {
	Done   bool         // there is no command left, or quit
	Quit   bool         // the run is to end, with
	Status int          // this status
	Until  devices.Time // run the machine at most to here; 0: no limit
}

// Step carries out commands until one has to wait for the machine, which is then to run
// up to Until or until it is stopped. Call it between calls of Run. An error names the line.
func (r *Runner) Step() (Result, error) {
	for r.pos < len(r.s.commands) {
		c := &r.s.commands[r.pos]
		if !r.begun && r.opt.Log != nil {
			r.opt.Log(c.line, c.text)
		}
		o, err := r.carryOut(c)
		if err != nil {
			return Result{}, r.s.at(c.line, err)
		}
		switch o {
		case wait:
			r.begun = true
			return Result{Until: r.until}, nil
		case quit:
			r.pos = len(r.s.commands)
			return Result{Done: true, Quit: true, Status: r.status}, nil
		}
		r.pos++
		r.begun = false
	}
	return Result{Done: true}, nil
}

func (r *Runner) carryOut(c *command) (outcome, error) {
	if c.wait == nil {
		return c.run(r)
	}
	switch {
	case r.seen.Load() > r.waited:
		r.waited++
		return next, nil
	case !r.begun:
		r.until = r.m.Now() + r.timeout
	case r.m.Now() >= r.until:
		return next, r.notSeen(c)
	}
	return wait, nil
}

// NotMet is the error of a wait that was in vain.
type NotMet struct{ text string }

// Error says what was not seen.
func (e NotMet) Error() string { return e.text }

func (r *Runner) notSeen(c *command) error {
	text := fmt.Sprintf("%s: not seen within %.3g s of the guest's time", c.text, float64(r.timeout)/float64(devices.Second))
	return NotMet{text + r.last()}
}

// Unmet is the error for a machine that stopped before the script was done; nil if it was.
func (r *Runner) Unmet() error {
	if r.pos >= len(r.s.commands) {
		return nil
	}
	c := &r.s.commands[r.pos]
	return r.s.at(c.line, NotMet{c.text + ": the machine stopped before" + r.last()})
}

// last is the end of what there was to see.
func (r *Runner) last() (text string) {
	if len(r.tail) > 0 {
		text += fmt.Sprintf("; COM1 sent last %q", strings.ToValidUTF8(string(r.tail), "?"))
	}
	if t, ok := r.m.Text(); ok {
		if s := strings.TrimSpace(t.String()); s != "" {
			text += fmt.Sprintf("; the screen ends in %q", strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:]))
		}
	}
	return text
}

// sleep waits for virtual time to pass.
func (r *Runner) sleep(d devices.Time) outcome {
	if !r.begun {
		r.until = r.m.Now() + d
		return wait
	}
	if r.m.Now() < r.until {
		return wait
	}
	return next
}

func (r *Runner) typeText(text []byte) error {
	if r.opt.Keyboard {
		r.m.TypeKeys(text)
		return nil
	}
	if r.m.SendSerial(0, text) < len(text) {
		return errTooMuch
	}
	return nil
}

func (r *Runner) change(drive, path string) error {
	i, err := r.m.DriveNamed(drive)
	if err != nil {
		return err
	}
	return r.m.ChangeMedium(i, path)
}

// Run carries the script out on a machine, from Go: to the end of the script or of the
// machine. It returns the status of quit. A machine that stops before the script is done
// is an error that wraps NotMet.
func (r *Runner) Run(ctx context.Context, m *machine.Machine) (status int, err error) {
	r.Attach(m)
	m.OnScreen(LookInterval, r.Look)
	defer m.OnScreen(0, nil)
	for {
		s, err := r.Step()
		if err != nil || s.Done {
			return s.Status, err
		}
		res, err := m.Run(ctx, machine.RunOptions{Until: s.Until})
		switch {
		case err != nil:
			return 0, err
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case res.Reason != machine.StopCancelled && res.Reason != machine.StopBudget:
			r.Look()
			if s, err := r.Step(); err != nil || s.Done {
				return s.Status, err
			}
			return 0, r.Unmet()
		}
	}
}
