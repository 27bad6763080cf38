package main

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/screen"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/script"
	"github.com/urfave/cli/v2"
)

// readScreen reads -vga, -display and --screenshot.
func (o *options) readScreen(c *cli.Context) error {
	switch v := c.String("vga"); v {
	case "std":
	case "none":
		o.cfg.VGA = machine.VGANone
	default:
		return usagef("-vga %s is not supported, only std or none", v)
	}
	switch v := c.String("display"); {
	case v == "none":
	case v == "text" && c.Bool("nographic"):
		return usagef("-display text and -nographic contradict each other")
	case v == "text" && o.cfg.VGA == machine.VGANone:
		return usagef("-display text needs -vga std")
	case v == "text":
		o.textScreen = true
	default:
		return usagef("-display %s is not supported, only none or text", v)
	}
	o.screenshot = c.String("screenshot")
	if o.screenshot == "" {
		return nil
	}
	if o.cfg.VGA == machine.VGANone {
		return usagef("--screenshot needs -vga std")
	}
	if err := screenshotKind(o.screenshot); err != nil {
		return usagef("--screenshot: %w", err)
	}
	return nil
}

// screenshotKind checks the name of a file for the screen.
func screenshotKind(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".png", ".txt":
		return nil
	}
	return fmt.Errorf("%q: the name ends in .png for a picture or in .txt for text", path)
}

// saveScreen writes the screen to a file, as its name says.
func saveScreen(m *machine.Machine, path string) error {
	if err := screenshotKind(path); err != nil {
		return err
	}
	picture := m.Image()
	if picture == nil {
		return fmt.Errorf("the machine has no display")
	}
	text, isText := m.Text()
	asText := strings.EqualFold(filepath.Ext(path), ".txt")
	if asText && !isText {
		return fmt.Errorf("%s: the screen shows no text (%s); a .png would do", path, m.ScreenInfo())
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, bare(err))
	}
	if asText {
		_, err = f.WriteString(text.String())
	} else {
		err = png.Encode(f, picture)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, bare(err))
	}
	return nil
}

// takeScreenshot is --screenshot.
func (s *session) takeScreenshot() error {
	if s.screenshot == "" {
		return nil
	}
	if err := saveScreen(s.m, s.screenshot); err != nil {
		return fmt.Errorf("--screenshot %w", err)
	}
	return nil
}

// typeScript sends the text of --type: to COM1, or to the keyboard if nothing is connected
// to COM1.
func (s *session) typeScript(p []byte) {
	if s.keyboardOnly() {
		s.m.TypeKeys(p)
	} else {
		s.m.SendSerial(0, p)
	}
}

// watchScreen shows the script what is new on the text screen. Blanks before the cursor
// count, so that a prompt can be matched with the space at its end.
func (s *session) watchScreen() {
	t, ok := s.m.Text()
	if !ok {
		return
	}
	lines := t.Lines()
	if y := t.CursorY; y >= 0 {
		missing := t.CursorX - utf8.RuneCountInString(lines[y])
		lines[y] += strings.Repeat(" ", max(missing, 0))
	}
	s.watch.Screen(lines)
}

// personLook is how often a person looks at the screen, in the host's time.
const personLook = 40 * time.Millisecond

// openScreen starts what looks at the guest's screen: the script, and the terminal.
func (s *session) openScreen() error {
	if s.runner != nil {
		s.runner.Attach(s.m)
	}
	if s.scripted() {
		s.m.OnScreen(script.LookInterval, s.lookAtScreen)
	}
	if !s.textScreen {
		s.expectSilence()
		return nil
	}
	if s.env.terminal == nil {
		return usagef("-display text needs a terminal; --screenshot FILE.txt shows the screen at the end")
	}
	d, err := screen.Open()
	if err != nil {
		return fmt.Errorf("-display text: %w", err)
	}
	s.display = d
	s.m.ExpectInput(true)
	go d.Events(func(k ...ps2kbd.Key) { s.m.PressKeys(k...) }, s.screenAction)
	ticker := time.NewTicker(personLook)
	s.onClose(func() error { ticker.Stop(); return nil })
	go func() {
		for range ticker.C {
			s.m.Stop() // loop draws
		}
	}()
	return nil
}

// silenceTime is how long a person who sees nothing is left alone with it, in the host's time.
const silenceTime = 5 * time.Second

// expectSilence has pointAtScreen called after a while, if a person sits at COM1.
func (s *session) expectSilence() {
	if s.env.terminal == nil || s.console() != 0 || s.scripted() || s.debug != nil || s.cfg.VGA == machine.VGANone {
		return
	}
	s.silence = time.AfterFunc(silenceTime, func() { s.interrupt(note{silence: true}) })
	s.onClose(func() error { s.silence.Stop(); return nil })
}

// pointAtScreen tells a person who has seen nothing on COM1 where the guest writes to: DOS
// and most boot loaders know only the screen.
func (s *session) pointAtScreen() {
	t, isText := s.m.Text()
	switch {
	case s.last != 0:
	case isText && strings.TrimSpace(t.String()) == "":
		s.silence.Reset(silenceTime)
	case isText:
		s.env.errorf("COM1 is silent; the guest writes to its screen, which -display text shows. Ctrl-A h lists the keys.")
	default:
		s.env.errorf("COM1 is silent; the guest's screen shows graphics, which --screenshot FILE.png keeps. Ctrl-A h lists the keys.")
	}
}

// screenAction acts on a key behind Ctrl-A.
func (s *session) screenAction(a console.Action) {
	switch a {
	case console.Monitor, console.Help:
		s.interrupt(note{monitor: true, help: a == console.Help})
	default:
		s.escape(a)
	}
}

// draw shows the guest's screen in the terminal, if it is there for that.
func (s *session) draw() {
	if s.display == nil {
		return
	}
	if t, ok := s.m.Text(); ok {
		s.display.Draw(&t)
		return
	}
	s.display.Message("The guest's screen: %s. Ctrl-A h lists the keys.", s.m.ScreenInfo())
}

// screenKeys is the help for the keys behind Ctrl-A.
const screenKeys = `
The keys behind Ctrl-A: x leave, c monitor, d Ctrl-Alt-Del, s put disks on stable
storage, a Ctrl-A itself, h this text.
`

// suspendScreen gives the terminal to the monitor until the user lets the machine go on.
func (s *session) suspendScreen(help bool) error {
	if err := s.display.Suspend(); err != nil {
		return fmt.Errorf("-display text: %w", err)
	}
	if help {
		fmt.Fprint(s.env.stderr, screenKeys)
	}
	if err := s.env.terminal.Raw(); err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	err := s.talk(s.env.stdin)
	s.env.terminal.Restore()
	if err != nil {
		return err
	}
	return s.display.Resume()
}
