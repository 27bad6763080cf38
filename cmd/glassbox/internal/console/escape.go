// Package console is the user's side of the serial console: the terminal in raw mode,
// and the keys that are for the emulator instead of the guest.
package console

// An Action is what a key after the escape key asks for.
type Action uint8

// Actions.
const (
	Quit    Action = iota // x: leave
	Help                  // h: list these keys
	Monitor               // c: toggle the monitor
	Break                 // b: send a break on the line
	Save                  // s: write the disks' pending data to stable storage
)

// EscapeKey is Ctrl-A, as in QEMU.
const EscapeKey = 0x01

// HelpText is what Help shows.
const HelpText = `
Ctrl-A h    this help
Ctrl-A x    leave
Ctrl-A c    to the monitor and back: registers, memory, page tables
Ctrl-A b    send a break
Ctrl-A s    put everything written to the disks on stable storage
Ctrl-A Ctrl-A    send Ctrl-A
`

// A Filter takes the emulator's keys out of what is typed.
type Filter struct {
	escaped bool
}

// Feed passes text for the guest to send, in as few pieces as the actions between them
// allow, and actions to do, in order. Ctrl-A followed by an unknown key is dropped, as in
// QEMU.
func (f *Filter) Feed(p []byte, send func([]byte), do func(Action)) {
	var text []byte
	flush := func() {
		if len(text) > 0 {
			send(text)
			text = nil
		}
	}
	for _, c := range p {
		if !f.escaped {
			if c == EscapeKey {
				f.escaped = true
			} else {
				text = append(text, c)
			}
			continue
		}
		f.escaped = false
		if c == EscapeKey {
			text = append(text, c)
			continue
		}
		if a, ok := actionOf(c); ok {
			flush()
			do(a)
		}
	}
	flush()
}

func actionOf(c byte) (Action, bool) {
	switch c {
	case 'x', 'X':
		return Quit, true
	case 'h', 'H', '?':
		return Help, true
	case 'c', 'C':
		return Monitor, true
	case 'b', 'B':
		return Break, true
	case 's', 'S':
		return Save, true
	}
	return 0, false
}
