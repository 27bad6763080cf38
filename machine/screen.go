package machine

import (
	"context"
	"fmt"
	"image"
	"strings"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/vga"
)

// Text is what the text screen shows; ok is false in a graphics mode, before a mode is set,
// and without a display. Call it between calls of Run or from OnScreen.
func (m *Machine) Text() (t vga.Text, ok bool) {
	if m.vga == nil {
		return vga.Text{}, false
	}
	return m.vga.Peek().Text(m.vga.VRAM())
}

// Image is the picture on the display, in any mode; nil without a display.
func (m *Machine) Image() image.Image {
	if m.vga == nil {
		return nil
	}
	return m.vga.Peek().Image(m.vga.VRAM(), m.clock.Now())
}

// ScreenInfo describes the mode of the display in one line.
func (m *Machine) ScreenInfo() string {
	if m.vga == nil {
		return "no display"
	}
	s := m.vga.Peek()
	w, h := s.Size()
	switch {
	case s.DISPI.Enable&1 != 0:
		return fmt.Sprintf("%dx%d, %d bits a pixel (DISPI), at %d,%d of lines of %d", w, h, s.DISPI.BPP, s.DISPI.XOffset, s.DISPI.YOffset, s.DISPI.VirtWidth)
	case s.Blank():
		return "blank"
	}
	if t, ok := s.Text(m.vga.VRAM()); ok {
		cursor := "no cursor"
		if t.CursorY >= 0 {
			cursor = fmt.Sprintf("cursor at column %d, row %d", t.CursorX, t.CursorY)
		}
		return fmt.Sprintf("text, %dx%d characters, %dx%d pixels, %s", t.Cols, t.Rows, w, h, cursor)
	}
	return fmt.Sprintf("%v, %dx%d pixels", s.Kind(), w, h)
}

// A look is what OnScreen has set.
type look struct {
	every, next devices.Time
	f           func()
}

// OnScreen has f called between two instructions about every so much virtual time while
// the machine runs, to look at the display; nil ends it. The machine is not changed by it.
func (m *Machine) OnScreen(every devices.Time, f func()) { m.look = look{every: every, f: f} }

// lookAtScreen calls what OnScreen has set if it is time.
func (m *Machine) lookAtScreen() {
	if m.look.f == nil || m.clock.Now() < m.look.next || m.inPast() {
		return
	}
	m.look.next = m.clock.Now() + m.look.every
	m.look.f()
}

// screenPace is how often ExpectScreen looks, in virtual time.
const screenPace = 20 * devices.Millisecond

// ExpectScreen runs the machine until its text screen shows text. It is an error if that
// does not happen within so much virtual time, or if the machine stops.
func (m *Machine) ExpectScreen(ctx context.Context, text string, within devices.Time) error {
	for end := m.Now() + within; ; {
		shown, _ := m.Text()
		if strings.Contains(shown.String(), text) {
			return nil
		}
		if m.Now() >= end {
			return fmt.Errorf("expect %q on the screen: not shown within %.3f s of virtual time; it shows:\n%s",
				text, float64(within)/float64(devices.Second), shown.String())
		}
		switch res, err := m.Run(ctx, RunOptions{Until: min(end, m.Now()+screenPace)}); {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("expect %q on the screen: %w", text, ctx.Err())
		case res.Reason != StopBudget && res.Reason != StopCancelled:
			shown, _ = m.Text()
			if strings.Contains(shown.String(), text) {
				return nil
			}
			return fmt.Errorf("expect %q on the screen: the machine stopped: %v; it shows:\n%s", text, res.Reason, shown.String())
		}
	}
}
