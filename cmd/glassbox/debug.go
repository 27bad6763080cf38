package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/monitor"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/debug"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

const debugDescription = `Builds a machine as glassbox run does, and stops before its first instruction. The
commands are Bochs's, with gdb's as synonyms; help lists them. Ctrl-C stops the guest.
The machine keeps its history, so that rs and rc go back.

Examples:
  glassbox debug disk.img
  glassbox debug -x commands.txt --batch -kernel vmlinuz -append console=ttyS0

A script is one command a line; # begins a comment:
  vb 0x7c00
  c
  u /5
  info gdt`

// debugOptions are the flags of glassbox debug alone.
type debugOptions struct {
	scripts cli.StringSlice
	batch   bool
}

// debugCommand is glassbox debug.
func debugCommand(e *env) *cli.Command {
	d := &debugOptions{}
	c := runWith(e, func(o *options) error {
		o.debug = d
		return o.launch(e)
	})
	c.Name = "debug"
	c.Usage = "run a machine step by step, forwards and backwards"
	c.UsageText = "glassbox debug [OPTION]... [DISK-IMAGE]"
	c.Description = debugDescription
	c.Flags = append(c.Flags,
		&cli.StringSliceFlag{Name: "x", Category: catInside, Destination: &d.scripts, Usage: "`FILE`: commands to begin with"},
		&cli.BoolFlag{Name: "batch", Category: catInside, Destination: &d.batch, Usage: "-end after the commands of -x"},
	)
	return c
}

// A prompt is where a person types to the debugger: while it is open, keys go to it,
// otherwise to the guest. A nil prompt takes nothing.
type prompt struct {
	keys   chan []byte
	rest   []byte
	state  chan promptState // holds the one state
	closed chan struct{}
}

// promptState says who gets the keys.
type promptState struct {
	open   bool
	cancel context.CancelFunc // stops what a command runs; nil: nothing runs
	ended  bool
}

func newPrompt() *prompt {
	p := &prompt{keys: make(chan []byte, 64), state: make(chan promptState, 1), closed: make(chan struct{})}
	p.state <- promptState{}
	return p
}

// change replaces the state.
func (p *prompt) change(f func(*promptState)) {
	s := <-p.state
	f(&s)
	p.state <- s
}

// take takes keys if the prompt is open, and Ctrl-C if a command runs.
func (p *prompt) take(keys []byte) (taken bool) {
	if p == nil {
		return false
	}
	p.change(func(s *promptState) {
		switch {
		case s.open:
			select {
			case p.keys <- append([]byte(nil), keys...):
			default: // nobody pastes so much
			}
			taken = true
		case s.cancel != nil && containsInterrupt(keys):
			s.cancel()
			taken = true
		}
	})
	return taken
}

// close ends the dialogue.
func (p *prompt) close() {
	if p == nil {
		return
	}
	p.change(func(s *promptState) {
		if !s.ended {
			s.ended = true
			close(p.closed)
		}
		if s.cancel != nil {
			s.cancel()
		}
	})
}

// Read gives the line editor what is typed. Ctrl-C clears the line.
func (p *prompt) Read(to []byte) (int, error) {
	const killLine = 0x15
	if len(p.rest) == 0 {
		select {
		case p.rest = <-p.keys:
		case <-p.closed:
			return 0, io.EOF
		}
	}
	n := copy(to, p.rest)
	p.rest = p.rest[n:]
	for i, c := range to[:n] {
		if c == 3 {
			to[i] = killLine
		}
	}
	return n, nil
}

// wantsKeys says whether somebody reads what is typed: port is the guest's console or -1.
func (s *session) wantsKeys(port int) bool {
	if s.debug != nil {
		return s.env.terminal != nil && !s.debug.batch
	}
	return port >= 0 && s.env.stdin != nil
}

// debugger makes a debugger of the machine, which keeps its history from now on.
func (s *session) debugger() *debug.Debugger {
	past := s.m.Timeline()
	if past == nil {
		var err error
		if past, err = s.m.StartTimeline(machine.TimelineOptions{}); err != nil {
			s.env.errorf("warning: no way back: %v", err)
		}
	}
	var timeline debug.Timeline
	if past != nil {
		timeline = past
	}
	d := debug.New(s.m, timeline)
	d.Run = s.debugRun
	d.ReadFile = os.ReadFile
	d.WriteFile = func(name string, data []byte) error { return os.WriteFile(name, data, 0o644) }
	return d
}

// debugRun is the machine's Run for a debugger: what others leave notes about is done in
// between.
func (s *session) debugRun(ctx context.Context, opt machine.RunOptions) (machine.Result, error) {
	for {
		before := s.m.Count()
		res, err := s.m.Run(ctx, opt)
		if err != nil {
			return res, runError(err)
		}
		s.draw()
		for _, n := range s.takeNotes() {
			switch {
			case n.end:
				s.over = &n
				return machine.Result{Reason: machine.StopCancelled}, nil
			case n.gdb != nil:
				n.gdb.Close() // somebody debugs already
			default:
				if err := s.act(n); err != nil {
					s.over = &note{end: true, err: err}
					return machine.Result{Reason: machine.StopCancelled}, nil
				}
			}
		}
		if res.Reason != machine.StopCancelled || ctx.Err() != nil {
			return res, nil
		}
		if done := s.m.Count() - before; opt.Budget > 0 {
			if done >= opt.Budget {
				return machine.Result{Reason: machine.StopBudget}, nil
			}
			opt.Budget -= done
		}
	}
}

// debugLoop is the dialogue of glassbox debug.
func (s *session) debugLoop() error {
	d := s.debugger()
	d.Hint = "The monitor's commands are there too: savevm, loadvm, screendump, sendkey, system_reset ...\n"
	ctx := context.Background()
	if s.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.timeout)
		defer cancel()
	}
	for _, path := range s.debug.scripts.Value() {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("-x %s: %w", path, bare(err))
		}
		if quit, err := s.debugLines(ctx, d, strings.NewReader(string(text))); quit || err != nil {
			return err
		}
	}
	switch {
	case s.debug.batch:
		return nil
	case s.env.terminal == nil:
		if s.env.stdin == nil {
			return nil
		}
		_, err := s.debugLines(ctx, d, s.env.stdin)
		return err
	}
	return s.debugTalk(ctx, d)
}

// debugLines executes the lines that r has.
func (s *session) debugLines(ctx context.Context, d *debug.Debugger, r io.Reader) (quit bool, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		quit := s.debugLine(ctx, d, lines.Text(), s.env.terminal.Messages(s.env.stdout))
		if quit || s.over != nil || ctx.Err() != nil {
			return true, s.debugEnd(ctx)
		}
	}
	return false, lines.Err()
}

// debugEnd is the outcome of a dialogue that somebody ended.
func (s *session) debugEnd(ctx context.Context) error {
	if s.over != nil {
		s.left = true
		return s.over.err
	}
	if ctx.Err() != nil {
		return fail(exitTimeout, fmt.Errorf("--timeout: %v are over", s.timeout))
	}
	return nil
}

// debugTalk reads commands from the terminal. An empty line repeats the last.
func (s *session) debugTalk(ctx context.Context, d *debug.Debugger) error {
	lines := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{s.prompt, s.env.stderr}, "(glassbox) ")
	if rows, cols, ok := console.Size(s.env.stdin); ok {
		_ = lines.SetSize(cols, rows)
	}
	fmt.Fprintf(lines, "help lists the commands, Ctrl-C stops the guest, q leaves.\n")
	d.Execute(ctx, "cpu 0", lines)
	last := ""
	for s.over == nil && ctx.Err() == nil {
		s.prompt.change(func(p *promptState) { p.open = true })
		line, err := lines.ReadLine()
		s.prompt.change(func(p *promptState) { p.open = false })
		if errors.Is(err, io.EOF) {
			for _, n := range s.takeNotes() {
				if n.end {
					s.over = &n
				}
			}
			return s.debugEnd(ctx)
		}
		if err != nil {
			return fmt.Errorf("debugger: %w", err)
		}
		if line = strings.TrimSpace(line); line == "" {
			line = last
		}
		last = line
		if s.debugCommand(ctx, d, line, lines) {
			return s.debugEnd(ctx)
		}
	}
	return s.debugEnd(ctx)
}

// debugCommand executes one command, which Ctrl-C interrupts.
func (s *session) debugCommand(ctx context.Context, d *debug.Debugger, line string, out io.Writer) (quit bool) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	s.prompt.change(func(p *promptState) { p.cancel = cancel })
	defer s.prompt.change(func(p *promptState) { p.cancel = nil })
	return s.debugLine(running, d, line, out)
}

// debugLine executes a line. What the debugger does not know is for the monitor: savevm,
// screendump, sendkey and so on.
func (s *session) debugLine(ctx context.Context, d *debug.Debugger, line string, out io.Writer) (quit bool) {
	if d.Knows(line) {
		return d.Execute(ctx, line, out)
	}
	if monitor.New(&target{s}, out).Execute(line) == monitor.Reset {
		if err := s.resetMachine(); err != nil {
			fmt.Fprintf(out, "%v\n", err)
		}
	}
	return false
}
