// Package screen shows a text screen of the guest in the user's terminal and turns the keys
// typed there into keys of a PS/2 keyboard. It is the only place that knows the terminal
// library.
package screen

import (
	"fmt"

	"github.com/gdamore/tcell/v2"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/devices/vga"
	"github.com/glassbox-vm/glassbox/devices/vga/font"
)

// A Display is the terminal while it shows the guest's screen.
type Display struct {
	t     tcell.Screen
	shown bool
}

// Open takes the terminal over. The error says why it cannot.
func Open() (*Display, error) {
	t, err := tcell.NewScreen()
	if err != nil {
		return nil, err
	}
	return open(t)
}

func open(t tcell.Screen) (*Display, error) {
	if err := t.Init(); err != nil {
		return nil, err
	}
	return &Display{t: t}, nil
}

// Close gives the terminal back.
func (d *Display) Close() {
	if d != nil {
		d.t.Fini()
	}
}

// Suspend gives the terminal back for a while, Resume takes it again.
func (d *Display) Suspend() error { return d.t.Suspend() }

// Resume takes the terminal again after Suspend.
func (d *Display) Resume() error {
	err := d.t.Resume()
	d.t.Sync()
	return err
}

// Draw shows a text screen.
func (d *Display) Draw(s *vga.Text) {
	for y := range s.Rows {
		for x, c := range s.Row(y) {
			d.t.SetContent(x, y, font.Rune(c.Char), nil, style(s, c.Attr))
		}
	}
	d.blank(s.Cols, s.Rows)
	if s.CursorY >= 0 {
		d.t.ShowCursor(s.CursorX, s.CursorY)
	} else {
		d.t.HideCursor()
	}
	d.t.Show()
}

// Message shows text of ours instead of a screen, such as that the guest is drawing.
func (d *Display) Message(format string, args ...any) {
	x := 0
	for _, r := range fmt.Sprintf(format, args...) {
		d.t.SetContent(x, 0, r, nil, tcell.StyleDefault)
		x++
	}
	for w, _ := d.t.Size(); x < w; x++ {
		d.t.SetContent(x, 0, ' ', nil, tcell.StyleDefault)
	}
	d.blank(x, 1)
	d.t.HideCursor()
	d.t.Show()
}

// blank empties what lies right of and below the guest's screen.
func (d *Display) blank(cols, rows int) {
	w, h := d.t.Size()
	for y := range h {
		x := 0
		if y < rows {
			x = cols
		}
		for ; x < w; x++ {
			d.t.SetContent(x, y, ' ', nil, tcell.StyleDefault)
		}
	}
}

// style is the terminal's style for an attribute.
func style(s *vga.Text, attr uint8) tcell.Style {
	fg, bg := attr&0xf, attr>>4
	st := tcell.StyleDefault
	if s.Blinks {
		bg &= 7
		st = st.Blink(attr&0x80 != 0)
	}
	colour := func(i uint8) tcell.Color {
		c := s.Colours[i]
		return tcell.NewRGBColor(int32(c.R), int32(c.G), int32(c.B))
	}
	return st.Foreground(colour(fg)).Background(colour(bg))
}

// Events reads keys until the display is closed. press is called with the keys of one
// stroke, to go down in this order; act with what the user asked for behind Ctrl-A.
func (d *Display) Events(press func(...ps2kbd.Key), act func(console.Action)) {
	var k keys
	for {
		switch e := d.t.PollEvent().(type) {
		case nil:
			return
		case *tcell.EventResize:
			d.t.Sync()
		case *tcell.EventKey:
			k.take(e, press, act)
		}
	}
}
