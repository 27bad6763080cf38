package machine

import (
	"github.com/glassbox-vm/glassbox/devices/i8042"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/devices/ps2mouse"
)

// keyboard is the keyboard controller and what is plugged into it.
func (m *Machine) keyboard(w *wiring) {
	b := m.board
	b.kbc = i8042.New(m.clock, i8042.Pins{
		IRQ1:  b.irq[1].input("keyboard"),
		IRQ12: b.irq[12].input("mouse"),
		A20:   b.openA20(0),
		Reset: m.pulse(func() { m.request.init = true }),
	})
	b.kbd = ps2kbd.New(m.clock, b.kbc.KeyboardReady, nil)
	b.kbc.PlugKeyboard(b.kbd)
	b.mouse = ps2mouse.New(b.kbc.AuxReady)
	b.kbc.PlugAux(b.mouse)
	m.keys.timer, m.keys.now = m.clock.NewTimer(m.nextKey), m.clock.Now
	w.ports(b.ports, "i8042 data", 0x60, 1, b.kbc.Data())
	w.ports(b.ports, "i8042 control", 0x64, 1, b.kbc.Control())
}
