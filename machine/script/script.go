// Package script drives a machine as a person at it would: it waits for text, types, takes
// pictures of the screen and changes discs. A script is lines of a command each:
//
//	wait REGEX              until COM1 or the text screen shows a match, after the last wait's
//	type TEXT               on COM1, or on the keyboard if nothing is connected there
//	key NAMES               keys with QEMU's names: ret, ctrl-alt-delete; several: in order
//	hold TIME NAMES         keys that are down for so long, of the guest's time; the last repeats
//	screenshot FILE         the screen, as a picture (.png) or as text (.txt)
//	change-medium DRIVE FILE   hdc or cdrom, fda, fdb
//	eject DRIVE
//	power-button            the button on the case
//	reset                   the other button
//	sleep TIME              such as 1.5s, of the guest's time
//	timeout TIME            how long each following wait may take, of the guest's time
//	quit [STATUS]           ends the run, with an exit status from 0 to 255
//
// Lines that begin with # and empty lines are nothing. TEXT knows \n (Enter), \t, \e, \xHH
// and \\. A REGEX or TEXT may stand in double quotes, for blanks at its ends.
//
// Everything reaches the machine as input from outside, so that a journal holds it.
//
// Read script.go (the language), then run.go.
package script

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/expect"
)

// Limits of a script.
const (
	maxCommands = 100_000
	maxLine     = 64 << 10 // bytes
	maxTime     = 365 * 24 * time.Hour
	maxKeys     = 16 // held down at once
)

// DefaultTimeout is how long a wait may take, of virtual time.
const DefaultTimeout = 300 * devices.Second

// A Script is a script that was understood.
type Script struct {
	name     string
	commands []command
}

// A command is one line.
type command struct {
	line int
	text string // as it was written
	run  func(*Runner) (outcome, error)
	wait *expect.Regexp // of wait
}

// Parse reads a script; name is for messages. Every error names its line.
func Parse(name string, r io.Reader) (*Script, error) {
	s := &Script{name: name}
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	n := 1
	for ; in.Scan(); n++ {
		text := strings.TrimSpace(in.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		c := command{line: n, text: text}
		if err := c.parse(); err != nil {
			return nil, s.at(n, err)
		}
		if s.commands = append(s.commands, c); len(s.commands) > maxCommands {
			return nil, s.at(n, fmt.Errorf("more than %d commands", maxCommands))
		}
	}
	if err := in.Err(); err != nil {
		return nil, s.at(n, err)
	}
	return s, nil
}

// at says where an error is.
func (s *Script) at(line int, err error) error { return fmt.Errorf("%s:%d: %w", s.name, line, err) }

// verbs are the commands; each takes what stands behind its name.
var verbs = []struct {
	name, usage string
	parse       func(c *command, args string) error
}{
	{"wait", "REGEX", (*command).parseWait},
	{"type", "TEXT", (*command).parseType},
	{"key", "NAMES", (*command).parseKey},
	{"hold", "TIME NAMES", (*command).parseHold},
	{"screenshot", "FILE", (*command).parseScreenshot},
	{"change-medium", "DRIVE FILE", (*command).parseChange},
	{"eject", "DRIVE", (*command).parseEject},
	{"power-button", "", (*command).parsePower},
	{"reset", "", (*command).parseReset},
	{"sleep", "TIME", (*command).parseSleep},
	{"timeout", "TIME", (*command).parseTimeout},
	{"quit", "[STATUS]", (*command).parseQuit},
}

// parse understands the line.
func (c *command) parse() error {
	name, args, _ := strings.Cut(c.text, " ")
	args = strings.TrimSpace(args)
	var names []string
	for _, v := range verbs {
		names = append(names, v.name)
		if v.name != name {
			continue
		}
		switch {
		case args == "" && v.usage != "" && v.usage[0] != '[':
			return fmt.Errorf("%s wants %s", name, v.usage)
		case args != "" && v.usage == "":
			return fmt.Errorf("%s takes nothing, not %q", name, args)
		}
		if err := v.parse(c, args); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("there is no command %q; there are %s", name, strings.Join(names, ", "))
}

// unquote takes double quotes away.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

func (c *command) parseWait(args string) (err error) {
	c.wait, err = expect.Compile(unquote(args))
	return err
}

func (c *command) parseType(args string) error {
	text, err := expect.Unescape(unquote(args))
	c.run = func(r *Runner) (outcome, error) { return next, r.typeText(text) }
	return err
}

func (c *command) parseKey(args string) error { return c.parseStrokes(0, args) }

func (c *command) parseHold(args string) error {
	first, rest, _ := strings.Cut(args, " ")
	d, err := parseTime(first)
	switch {
	case err != nil:
		return err
	case d > machine.MaxHold:
		return fmt.Errorf("a key can be held for %d seconds", machine.MaxHold/devices.Second)
	case strings.TrimSpace(rest) == "":
		return errors.New("name keys after the time")
	}
	return c.parseStrokes(d, rest)
}

// parseStrokes reads names of keys, each stroke held for a time.
func (c *command) parseStrokes(d devices.Time, args string) error {
	var strokes [][]ps2kbd.Key
	for _, stroke := range strings.Fields(args) {
		keys, err := parseKeys(stroke)
		if err != nil {
			return err
		}
		strokes = append(strokes, keys)
	}
	c.run = func(r *Runner) (outcome, error) {
		for _, keys := range strokes {
			if !r.m.HoldKeys(d, keys...) {
				return next, errTooMuch
			}
		}
		return next, nil
	}
	return nil
}

// parseKeys reads names joined by "-".
func parseKeys(s string) ([]ps2kbd.Key, error) {
	names := strings.Split(s, "-")
	if len(names) > maxKeys {
		return nil, fmt.Errorf("at most %d keys at once", maxKeys)
	}
	keys := make([]ps2kbd.Key, len(names))
	for i, n := range names {
		k, ok := ps2kbd.Lookup(n)
		if !ok {
			return nil, fmt.Errorf("there is no key %q; keys are called as in QEMU: a, 1, ret, f1, ctrl, kp_5", n)
		}
		keys[i] = k
	}
	return keys, nil
}

func (c *command) parseScreenshot(args string) error {
	path := unquote(args)
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".png" && ext != ".txt" {
		return fmt.Errorf("%q: the name ends in .png for a picture or in .txt for text", path)
	}
	c.run = func(r *Runner) (outcome, error) { return next, r.opt.Screenshot(path) }
	return nil
}

func (c *command) parseChange(args string) error {
	drive, path, ok := strings.Cut(args, " ")
	path = unquote(strings.TrimSpace(path))
	if !ok || path == "" {
		return fmt.Errorf("want a drive and a file")
	}
	c.run = func(r *Runner) (outcome, error) { return next, r.change(drive, path) }
	return nil
}

func (c *command) parseEject(args string) error {
	c.run = func(r *Runner) (outcome, error) { return next, r.change(args, "") }
	return nil
}

func (c *command) parsePower(string) error {
	c.run = func(r *Runner) (outcome, error) {
		if !r.m.PressPowerButton() {
			return next, errTooMuch
		}
		return next, nil
	}
	return nil
}

func (c *command) parseReset(string) error {
	c.run = func(r *Runner) (outcome, error) { return next, r.m.Reset() }
	return nil
}

func (c *command) parseSleep(args string) error {
	d, err := parseTime(args)
	c.run = func(r *Runner) (outcome, error) { return r.sleep(d), nil }
	return err
}

func (c *command) parseTimeout(args string) error {
	d, err := parseTime(args)
	c.run = func(r *Runner) (outcome, error) { r.timeout = d; return next, nil }
	return err
}

// parseTime reads a time with a unit, or a number of seconds.
func parseTime(s string) (devices.Time, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = time.ParseDuration(s + "s")
	}
	if err != nil || d <= 0 || d > maxTime {
		return 0, fmt.Errorf("%q is not a time, such as 90s, 1.5m or 30", s)
	}
	return devices.Time(d), nil
}

func (c *command) parseQuit(args string) error {
	status := 0
	if args != "" {
		var err error
		if status, err = strconv.Atoi(args); err != nil || status < 0 || status > 255 {
			return fmt.Errorf("status %q is not 0 to 255", args)
		}
	}
	c.run = func(r *Runner) (outcome, error) { r.status = status; return quit, nil }
	return nil
}
