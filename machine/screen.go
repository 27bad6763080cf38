package machine

import (
	"fmt"
	"image"

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
