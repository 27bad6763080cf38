package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/screen"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/debug"
	"github.com/glassbox-vm/glassbox/machine/expect"
	"github.com/glassbox-vm/glassbox/machine/script"
)

// A session is a machine that runs, and the person or script in front of it.
//
// One goroutine, the caller of main, owns the machine. Others, reading keys or waiting
// for signals and time, only call interrupt: it stops the machine and leaves a note, and
// the owner acts on it.
type session struct {
	*job
	env   *env
	watch *expect.Watch
	tools []io.Closer // trace and log, to be closed when the machine stands still
	begun time.Time

	last byte // of the guest's output on the terminal
	left bool // the session ended, not the machine

	display *screen.Display // nil without -display text
	silence *time.Timer     // until pointAtScreen; nil where that has no use
	runner  *script.Runner  // of --script, or nil

	mu    sync.Mutex
	notes []note
	keys  *io.PipeWriter // where keys go while the monitor is open
	lines *io.PipeReader // its other end

	prompt *prompt // of glassbox debug; nil otherwise
	over   *note   // what ended the session while a debugger ran the machine
	stub   *stub   // waits for gdb; nil without -gdb
}

// A note says why the machine was interrupted.
type note struct {
	end     bool // the session is over, with err
	err     error
	monitor bool
	save    bool
	help    bool // show the keys in the monitor
	silence bool // look whether the guest uses the screen that nobody sees
	gdb     net.Conn
}

func newSession(j *job, e *env) *session { return &session{job: j, env: e} }

// main builds the machine and runs it to its end.
func (s *session) main() (err error) {
	stdout := &stopOnError{w: s.env.stdout, s: s}
	if err := s.openScript(); err != nil {
		return err
	}
	if err := s.connect(stdout); err != nil {
		return err
	}
	s.cfg.OpenMedium = s.openMedium
	s.cfg.Clock = s.clockMode()
	s.startClock()
	if s.m, err = machine.New(s.cfg); err != nil {
		return machineError(err)
	}
	s.onClose(s.m.Close)
	if err := s.begin(); err != nil {
		return snapshotError(err)
	}
	if err := s.startHistory(); err != nil {
		return err
	}
	if err := s.attachTools(); err != nil {
		return err
	}
	if err := s.openScreen(); err != nil {
		return err
	}
	if s.debug != nil {
		s.prompt = newPrompt()
	}
	if err := s.openStub(); err != nil {
		return err
	}
	defer s.listen()()
	if s.notice != "" {
		fmt.Fprint(s.env.terminal.Messages(s.env.stderr), s.notice)
	}
	s.begun = time.Now()
	s.watch.Start()
	switch {
	case s.debug != nil:
		err = s.debugLoop()
	case s.freeze:
		if err = s.frozen(); err == nil {
			err = s.loop()
		}
	default:
		err = s.loop()
	}
	if s.replay != "" {
		err = s.endReplay(err)
	}
	s.display.Close()
	err = errors.Join(err, s.takeScreenshot())
	for _, t := range s.tools {
		err = errors.Join(err, t.Close())
	}
	s.env.terminal.Restore()
	if s.env.terminal != nil && s.last != '\n' && s.last != 0 {
		fmt.Fprintln(s.env.stderr)
	}
	s.report()
	return err
}

// machineError gives the errors of machine.New their exit codes.
func machineError(err error) error {
	if code, ok := bootErrorCode(err); ok {
		return fail(code, err)
	}
	return err
}

// connect gives the serial ports and port E9h somewhere to write to.
func (s *session) connect(stdout io.Writer) error {
	s.watch = expect.NewWatch(s.script,
		s.typeScript,
		func(v expect.Verdict) { s.interrupt(note{end: true, err: verdictError(v)}) })
	for i, l := range s.serial {
		w, err := s.openLine("-serial", l, stdout)
		if err != nil {
			return err
		}
		s.cfg.Serial[i] = w
	}
	for _, w := range s.watchers() {
		s.cfg.Serial[0] = tee(s.cfg.Serial[0], w)
	}
	w, err := s.openLine("-parallel", s.parallel, stdout)
	if err != nil {
		return err
	}
	s.cfg.Parallel = w
	w, err = s.openLine("-debugcon", s.debugcon, stdout)
	s.cfg.DebugCon = w
	return err
}

// tee writes to both; a may be nil.
func tee(a io.Writer, b io.Writer) io.Writer {
	if a == nil {
		return b
	}
	return io.MultiWriter(a, b)
}

// A stopOnError ends the session when standard output cannot be written any more.
type stopOnError struct {
	w io.Writer
	s *session
}

func (o *stopOnError) Write(p []byte) (int, error) {
	if len(p) > 0 {
		o.s.last = p[len(p)-1]
	}
	if _, err := o.w.Write(p); err != nil {
		o.s.interrupt(note{end: true, err: fmt.Errorf("standard output: %w", bare(err))})
	}
	return len(p), nil
}

// console returns the port that the terminal is connected to, or -1.
func (s *session) console() int {
	for i, l := range s.serial {
		if l.stdio {
			return i
		}
	}
	return -1
}

// clockMode is real when a person is at the terminal, unless the user has chosen.
func (s *session) clockMode() machine.Clock {
	if s.clock == "real" || s.clock == "" && s.env.terminal != nil && (s.console() >= 0 || s.textScreen) && !s.scripted() {
		return machine.Real
	}
	return machine.Virtual
}

// startClock sets the real-time clock. What the host's clock shows is looked at once, and
// kept for a replay.
func (s *session) startClock() {
	start := s.firmware.rtc.startTime(time.Now(), s.cfg.Clock == machine.Real)
	if start.IsZero() {
		return
	}
	s.cfg.RTCStart = start
	if s.record != "" {
		s.recordArgs = append(slices.Clip(s.recordArgs), "-rtc", "base="+start.Format(rtcLayout))
	}
}

// interrupt stops the machine and leaves a note. It may be called from anywhere, also
// from within the machine's own output.
func (s *session) interrupt(n note) {
	s.mu.Lock()
	s.notes = append(s.notes, n)
	s.mu.Unlock()
	s.m.Stop()
}

func (s *session) takeNotes() []note {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.notes
	s.notes = nil
	return n
}

// listen starts what waits for keys and signals; the function returned ends it.
func (s *session) listen() (stop func()) {
	term := s.env.terminal
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endSignals()...)
	go func() {
		first := true
		for sig := range signals {
			if !first { // the machine does not stop: leave at once
				term.Close()
				os.Exit(signalCode(sig))
			}
			first = false
			s.interrupt(note{end: true, err: fail(signalCode(sig), nil)})
			s.closeMonitor()
			s.prompt.close()
		}
	}()
	unsuspend := func() {}
	if port := s.console(); s.wantsKeys(port) {
		if err := term.Raw(); err != nil {
			s.env.errorf("warning: terminal: %v", err)
		}
		unsuspend = term.HandleSuspend()
		s.m.ExpectInput(true)
		go s.readKeys(port)
	}
	return func() {
		unsuspend()
		signal.Stop(signals)
		close(signals)
		term.Restore()
	}
}

// loop runs the machine until something ends the session.
func (s *session) loop() error {
	ctx := context.Background()
	if s.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.timeout)
		defer cancel()
	}
	for {
		left, used := s.budget, s.m.Count()
		if s.budget > 0 {
			if used >= s.budget {
				return s.unmet(s.budgetEnd())
			}
			left -= used
		}
		opt := machine.RunOptions{Budget: left}
		if quit, err := s.stepScript(&opt); quit {
			s.left = true
			return err
		}
		res, err := s.m.Run(ctx, opt)
		if err != nil {
			return runError(err)
		}
		s.draw()
		for _, n := range s.takeNotes() {
			if n.end {
				s.left = true
				return n.err
			}
			if err := s.act(n); err != nil {
				return err
			}
		}
		due := opt.Until != 0 && s.m.Now() >= opt.Until // for the script
		if res.Reason != machine.StopCancelled && !(res.Reason == machine.StopBudget && due) {
			return s.unmetScript(s.end(res))
		}
		if ctx.Err() != nil {
			return s.unmetScript(s.unmet(fail(exitTimeout, fmt.Errorf("--timeout: %v are over", s.timeout))))
		}
	}
}

// act does what a note asks for, other than ending the session.
func (s *session) act(n note) error {
	switch {
	case n.gdb != nil:
		return s.serveGDB(n.gdb)
	case n.monitor && s.display != nil:
		return s.suspendScreen(n.help)
	case n.monitor:
		return s.monitor()
	case n.silence:
		s.pointAtScreen()
	case n.save:
		if err := s.flushDrives(); err != nil {
			s.env.errorf("%v", err)
		} else {
			s.env.errorf("disks are on stable storage")
		}
	}
	return nil
}

// budgetEnd is the end of --budget: what the user asked for.
func (s *session) budgetEnd() error { return nil }

// end turns the machine's reason to stop into the outcome of the session.
func (s *session) end(res machine.Result) error {
	switch res.Reason {
	case machine.StopDebugExit:
		return s.unmet(fail(res.ExitCode, nil))
	case machine.StopTripleFault:
		return fail(exitCrash, fmt.Errorf("the guest crashed: triple fault\n%s", strings.TrimSpace(debug.ExplainCrash(s.m))))
	case machine.StopHalted:
		err := s.unmet(nil)
		if err == nil && s.m.NothingToBoot() {
			return fail(exitBadImage, errors.New("no drive has a boot sector"))
		}
		if err == nil {
			s.env.errorf("the guest has halted with interrupts off; nothing can wake it")
		}
		return err
	case machine.StopBudget:
		return s.unmet(s.budgetEnd())
	}
	return s.unmet(nil)
}

// unmet returns the error for an expectation that was not met, else err.
func (s *session) unmet(err error) error {
	s.watchScreen()
	missing := s.watch.Close()
	for _, n := range s.takeNotes() { // a match with the very end
		if n.end {
			return n.err
		}
	}
	if missing == nil {
		return err
	}
	if exitCode(err) == exitTimeout {
		return fail(exitTimeout, fmt.Errorf("%w; %w", err, missing))
	}
	return fail(exitUnmet, missing)
}

func verdictError(v expect.Verdict) error {
	if !v.Failed {
		return nil
	}
	return fail(exitCrash, fmt.Errorf("--fail-on %q matched: %s", v.Regexp, v.Line))
}

// readKeys sends what is typed to a port, and acts on the keys behind Ctrl-A.
func (s *session) readKeys(port int) {
	defer func() {
		if p := recover(); p != nil {
			s.env.crash(p)
			s.env.terminal.Close()
			os.Exit(exitInternal)
		}
	}()
	var filter console.Filter
	escapes := port >= 0 && s.serial[port].escapes
	buf := make([]byte, 4096)
	for {
		n, err := s.env.stdin.Read(buf)
		switch p := buf[:n]; {
		case s.prompt.take(p):
		case escapes:
			filter.Feed(p, func(p []byte) { s.typed(port, p) }, s.escape)
		case s.env.terminal != nil && containsInterrupt(p):
			s.interrupt(note{end: true, err: fail(exitInterrupted, nil)})
		default:
			s.typed(port, p)
		}
		if err != nil {
			s.m.ExpectInput(false)
			return
		}
	}
}

// containsInterrupt says whether Ctrl-C was typed: with -serial stdio it ends the run.
func containsInterrupt(p []byte) bool {
	for _, c := range p {
		if c == 3 {
			return true
		}
	}
	return false
}

// typed delivers text to the monitor if it is open, else to the guest. When the guest
// does not read for a long time the sender waits, so that nothing is lost or piles up.
func (s *session) typed(port int, p []byte) {
	s.mu.Lock()
	keys := s.keys
	s.mu.Unlock()
	if keys != nil {
		_, _ = keys.Write(p)
		return
	}
	for len(p) > 0 && port >= 0 {
		n := s.m.SendSerial(port, p)
		if p = p[n:]; len(p) > 0 {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// escape acts on a key behind Ctrl-A.
func (s *session) escape(a console.Action) {
	switch a {
	case console.Quit:
		s.interrupt(note{end: true, err: nil})
		s.closeMonitor()
	case console.Help:
		fmt.Fprint(s.env.terminal.Messages(s.env.stderr), console.HelpText)
	case console.Monitor:
		if !s.closeMonitor() {
			s.openMonitor()
		}
	case console.Save:
		s.interrupt(note{save: true})
	case console.Break:
		s.sendBreak()
	}
}
