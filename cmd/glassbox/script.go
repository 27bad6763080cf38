package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/script"
)

// openScript reads the file of --script.
func (s *session) openScript() error {
	if s.scriptFile == "" {
		return nil
	}
	f, err := os.Open(s.scriptFile)
	if err != nil {
		return fmt.Errorf("--script %s: %w", s.scriptFile, bare(err))
	}
	defer f.Close()
	parsed, err := script.Parse(s.scriptFile, f)
	if err != nil {
		return usagef("--script %w", err)
	}
	s.runner = script.NewRunner(parsed, script.Options{
		Keyboard:   s.keyboardOnly(),
		Screenshot: func(path string) error { return saveScreen(s.m, path) },
	})
	return nil
}

// keyboardOnly says whether what is typed goes to the keyboard: nothing is connected to
// COM1.
func (s *session) keyboardOnly() bool { return len(s.serial) == 0 || s.serial[0] == (lineSpec{}) }

// scripted says whether somebody other than a person acts here.
func (s *session) scripted() bool { return !s.script.Empty() || s.scriptFile != "" }

// watchers are what looks at the output of COM1.
func (s *session) watchers() (all []io.Writer) {
	if !s.script.Empty() {
		all = append(all, s.watch)
	}
	if s.runner != nil {
		all = append(all, s.runner)
	}
	return all
}

// lookAtScreen is called now and then in virtual time, for whoever waits for text.
func (s *session) lookAtScreen() {
	if !s.script.Empty() {
		s.watchScreen()
	}
	if s.runner != nil {
		s.runner.Look()
	}
}

// stepScript carries out commands of the script until one has to wait, and puts what it
// waits for into opt. quit ends the session with its status.
func (s *session) stepScript(opt *machine.RunOptions) (quit bool, err error) {
	if s.runner == nil {
		return false, nil
	}
	r, err := s.runner.Step()
	opt.Until = r.Until
	switch {
	case r.Quit && r.Status != 0:
		return true, fail(r.Status, nil)
	case r.Quit:
		return true, nil
	case err == nil:
		return false, nil
	case errors.As(err, new(script.NotMet)):
		return true, fail(exitUnmet, fmt.Errorf("--script %w", err))
	}
	return true, fmt.Errorf("--script %w", err)
}

// unmetScript is the error for a machine that stopped before the script was done, else err.
func (s *session) unmetScript(err error) error {
	if s.runner == nil {
		return err
	}
	s.runner.Look()
	if quit, qerr := s.stepScript(&machine.RunOptions{}); quit {
		return errors.Join(err, qerr)
	}
	missing := s.runner.Unmet()
	switch {
	case missing == nil:
		return err
	case exitCode(err) == exitTimeout:
		return fail(exitTimeout, fmt.Errorf("%w; --script %w", err, missing))
	}
	return fail(exitUnmet, fmt.Errorf("--script %w", missing))
}

// openMedium opens a disc for the drive at position i, as -cdrom and -fda do.
func (s *session) openMedium(i int, path string) (disk.Image, error) {
	d := &driveSpec{option: path, path: path}
	d.open.ReadOnly = i < machine.FloppyA
	d.open.Snapshot = !d.open.ReadOnly && (s.record != "" || s.replay != "" || s.snapshotAll)
	return openDrive(d)
}
