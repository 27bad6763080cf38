package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/expect"
	"github.com/urfave/cli/v2"
)

// recordCommand is glassbox record.
func recordCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "record",
		Usage:     "run, and keep all input, so that the run can be repeated",
		UsageText: "glassbox record FILE -- RUN-OPTION...",
		Description: `Runs a machine as glassbox run does and writes a journal: what was typed and when,
counted in guest instructions, with a hash of the whole state now and then. What is
written to disks is thrown away, so that a replay finds them as they were.

Example:
  glassbox record crash.journal -- -kernel vmlinuz -append console=ttyS0 -hda disk.img
  glassbox replay crash.journal`,
		CustomHelpTemplate: commandHelp,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Action: func(c *cli.Context) error {
			if c.NArg() < 2 {
				return usagef("record: say where the journal goes and what to run: glassbox record FILE -- -kernel ...")
			}
			args := c.Args().Slice()
			o, err := parseRun(e, args[1:])
			if err != nil {
				return err
			}
			o.discardWrites()
			o.record, o.recordArgs = args[0], args[1:]
			return o.launch(e)
		},
	}
}

// parseRun understands the arguments of run without running anything.
func parseRun(e *env, args []string) (o *options, err error) {
	app := newApp(e)
	app.Commands = []*cli.Command{runWith(e, func(parsed *options) error {
		o = parsed
		return nil
	})}
	args, err = arrange(app, slices.Concat([]string{"glassbox", "run"}, args))
	if err == nil {
		err = app.Run(args)
	}
	if err == nil && o == nil {
		err = usagef("these options run nothing")
	}
	return o, err
}

// discardWrites opens all disks so that their files stay as they are.
func (o *options) discardWrites() {
	for i := range o.drives {
		if !o.drives[i].open.ReadOnly {
			o.drives[i].open.Snapshot = true
		}
	}
}

// begin does what comes between building a machine and running it: -loadvm, record and
// replay.
func (s *session) begin() error {
	if s.loadvm != "" {
		path, err := findSnapshot(s.loadvm)
		if err == nil {
			err = s.m.LoadFile(path)
		}
		if err != nil {
			return fmt.Errorf("-loadvm: %w", err)
		}
	}
	switch {
	case s.record != "":
		f, err := os.OpenFile(s.record, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // passwords are typed
		if err != nil {
			return fmt.Errorf("record %s: %w", s.record, bare(err))
		}
		s.onClose(f.Close)
		r, err := s.m.Record(f, machine.RecordOptions{Args: s.recordArgs})
		if err != nil {
			return err
		}
		s.onClose(r.Close)
	case s.replay != "":
		f, err := os.Open(s.replay)
		if err != nil {
			return fmt.Errorf("replay %s: %w", s.replay, bare(err))
		}
		defer f.Close()
		return s.m.Replay(f)
	}
	return nil
}

// replayCommand is glassbox replay.
func replayCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "replay",
		Usage:     "repeat a recorded run, instruction for instruction",
		UsageText: "glassbox replay FILE [-- RUN-OPTION...]",
		Description: `Runs the machine of a journal again with the input that was recorded. Options that are
added are added to those of the recording: --trace, -d, --engine plain look into the same
run. Keys are not read, but Ctrl-A x leaves.

Exit status: 0 the replay is equal to the recording, 12 it is not; the message names the
instructions between which they became different.

Example:
  glassbox replay crash.journal
  glassbox replay crash.journal -- --engine plain --trace crash.trace`,
		CustomHelpTemplate: commandHelp,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Action: func(c *cli.Context) error {
			if c.NArg() < 1 {
				return usagef("replay: say which journal")
			}
			o, err := replayOptions(e, c.Args().First(), c.Args().Tail())
			if err != nil {
				return err
			}
			return o.launch(e)
		},
	}
}

// replayOptions are the options of the recorded run, and more.
func replayOptions(e *env, path string, more []string) (*options, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("replay %s: %w", path, bare(err))
	}
	defer f.Close()
	_, args, err := machine.ReadJournal(f)
	if err != nil {
		return nil, fail(exitBadImage, fmt.Errorf("replay %s: %w", path, err))
	}
	o, err := parseRun(e, slices.Concat(args, more))
	if err != nil {
		return nil, err
	}
	o.discardWrites()
	o.replay = path
	o.clock, o.script, o.scriptFile, o.budget, o.timeout = "virtual", expect.Script{}, "", 0, 0
	return o, nil
}

// endReplay compares the end of a replay, and decides the exit status.
func (s *session) endReplay(err error) error {
	if errors.Is(err, machine.ErrDiverged) || exitCode(err) == exitInternal || s.left {
		return err
	}
	if err := s.m.CheckReplay(); err != nil {
		return runError(err)
	}
	s.env.errorf("the replay is equal to the recording, to the last of its %d instructions", s.m.Count())
	return nil
}

// runError gives an error of the run loop its exit code.
func runError(err error) error {
	switch {
	case errors.Is(err, machine.ErrDiverged):
		return fail(exitDiverged, err)
	case errors.Is(err, machine.ErrJournal):
		return fail(exitBadImage, err)
	}
	return fail(exitInternal, err)
}
