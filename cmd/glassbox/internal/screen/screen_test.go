package screen

import (
	"image/color"
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/devices/vga"
)

func newDisplay(t *testing.T) (*Display, tcell.SimulationScreen) {
	sim := tcell.NewSimulationScreen("UTF-8")
	d, err := open(sim)
	require.NoError(t, err)
	sim.SetSize(100, 30)
	t.Cleanup(d.Close)
	return d, sim
}

func TestDrawShowsCharactersColoursAndCursor(t *testing.T) {
	d, sim := newDisplay(t)
	s := vga.Text{Cols: 80, Rows: 25, Cells: make([]vga.Cell, 80*25), CursorX: 3, CursorY: 2, Blinks: true}
	s.Colours[0xe] = color.RGBA{0xff, 0xff, 0x55, 0xff}
	s.Colours[1] = color.RGBA{0, 0, 0xaa, 0xff}
	s.Cells[80+5] = vga.Cell{Char: 0xdb, Attr: 0x9e}
	d.Draw(&s)
	cells, w, _ := sim.GetContents()
	c := cells[w+5]
	assert.Equal(t, "█", string(c.Runes))
	fg, bg, attr := c.Style.Decompose()
	assert.Equal(t, tcell.NewRGBColor(0xff, 0xff, 0x55), fg)
	assert.Equal(t, tcell.NewRGBColor(0, 0, 0xaa), bg)
	assert.NotZero(t, attr&tcell.AttrBlink)
	x, y, visible := sim.GetCursor()
	assert.Equal(t, [3]any{3, 2, true}, [3]any{x, y, visible})

	d.Message("the guest draws: %s", "640x480")
	cells, _, _ = sim.GetContents()
	var line strings.Builder
	for _, c := range cells[:24] {
		line.WriteString(string(c.Runes))
	}
	assert.Equal(t, "the guest draws: 640x480", line.String())
	assert.Equal(t, " ", string(cells[w+5].Runes))
}

func TestKeysBecomeStrokes(t *testing.T) {
	ctrl, shift, alt := ps2kbd.KeyLeftCtrl, ps2kbd.KeyLeftShift, ps2kbd.KeyLeftAlt
	for _, tc := range []struct {
		e    *tcell.EventKey
		want []ps2kbd.Key
	}{
		{tcell.NewEventKey(tcell.KeyRune, 'a', 0), []ps2kbd.Key{0x1e}},
		{tcell.NewEventKey(tcell.KeyRune, 'A', 0), []ps2kbd.Key{shift, 0x1e}},
		{tcell.NewEventKey(tcell.KeyRune, '!', 0), []ps2kbd.Key{shift, 0x02}},
		{tcell.NewEventKey(tcell.KeyRune, 'f', tcell.ModAlt), []ps2kbd.Key{alt, 0x21}},
		{tcell.NewEventKey(tcell.KeyCtrlC, 0, tcell.ModCtrl), []ps2kbd.Key{ctrl, 0x2e}},
		{tcell.NewEventKey(tcell.KeyEnter, 0, 0), []ps2kbd.Key{0x1c}},
		{tcell.NewEventKey(tcell.KeyEscape, 0, 0), []ps2kbd.Key{0x01}},
		{tcell.NewEventKey(tcell.KeyUp, 0, 0), []ps2kbd.Key{0xc8}},
		{tcell.NewEventKey(tcell.KeyF10, 0, 0), []ps2kbd.Key{0x44}},
		{tcell.NewEventKey(tcell.KeyBacktab, 0, 0), []ps2kbd.Key{shift, 0x0f}},
		{tcell.NewEventKey(tcell.KeyRune, 'é', 0), nil},
	} {
		assert.Equal(t, tc.want, stroke(tc.e), tc.e.Name())
	}
}

func TestCtrlAIsForUs(t *testing.T) {
	var k keys
	var pressed [][]ps2kbd.Key
	var acts []console.Action
	stroke := func(e *tcell.EventKey) {
		k.take(e, func(s ...ps2kbd.Key) { pressed = append(pressed, s) }, func(a console.Action) { acts = append(acts, a) })
	}
	a := tcell.NewEventKey(tcell.KeyCtrlA, 0, tcell.ModCtrl)
	for _, r := range "xca" {
		stroke(a)
		stroke(tcell.NewEventKey(tcell.KeyRune, r, 0))
	}
	stroke(a)
	stroke(tcell.NewEventKey(tcell.KeyRune, 'd', 0))
	assert.Equal(t, []console.Action{console.Quit, console.Monitor}, acts)
	assert.Equal(t, [][]ps2kbd.Key{{ps2kbd.KeyLeftCtrl, 0x1e}, {ps2kbd.KeyLeftCtrl, ps2kbd.KeyLeftAlt, ps2kbd.KeyDelete}}, pressed)
}

func TestEventsEndWithTheDisplay(t *testing.T) {
	d, sim := newDisplay(t)
	got := make(chan ps2kbd.Key, 1)
	done := make(chan bool)
	go func() {
		d.Events(func(k ...ps2kbd.Key) { got <- k[0] }, func(console.Action) {})
		close(done)
	}()
	sim.InjectKey(tcell.KeyRune, 'q', 0)
	assert.Equal(t, ps2kbd.Key(0x10), <-got)
	d.Close()
	<-done
}
