package monitor

import (
	"context"
	"errors"

	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/debug"
)

// A Traveller is a Target that may keep its history.
type Traveller interface {
	// Past is the history; nil if none is kept.
	Past() *machine.Timeline
	// Debugger finds its way in it.
	Debugger() *debug.Debugger
}

const travelHelp = `
With --time-travel the machine keeps its history; what runs in the past happened already:
reverse-step [N]      N instructions back     reverse-continue [ADDRESS]  to where it was
goto N                instruction N, a time   who ADDRESS [BYTES]  last wrote there
                      (1.5s, 20ms), or end    changed REGISTER     last, and by whom
branch                live on from here       port NUMBER          last access
info history          how far back it goes
`

// travelCommands are those that need a history: the debugger's.
func travelCommands() (list []command) {
	for _, names := range [][]string{
		{"reverse-step", "reverse-stepi", "rs"}, {"reverse-continue", "rc"}, {"goto"}, {"who"}, {"changed"}, {"port"}, {"branch"},
	} {
		list = append(list, command{names, stay(func(m *Monitor, args string) error { return m.travel(names[0] + " " + args) })})
	}
	return list
}

// travel gives a command to the debugger.
func (m *Monitor) travel(line string) error {
	t, ok := m.t.(Traveller)
	if !ok || t.Past() == nil {
		return errors.New("this machine keeps no history; start it with --time-travel")
	}
	t.Debugger().Execute(context.Background(), line, m.out)
	return nil
}

// history is info history.
func (m *Monitor) history() error { return m.travel("info history") }
