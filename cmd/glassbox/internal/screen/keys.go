package screen

import (
	"github.com/gdamore/tcell/v2"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
)

// keys turns what a terminal says into strokes of a keyboard.
type keys struct {
	escaped bool // Ctrl-A was typed
}

// special are the keys that type no character, by QEMU's names.
var special = map[tcell.Key]string{
	tcell.KeyUp: "up", tcell.KeyDown: "down", tcell.KeyLeft: "left", tcell.KeyRight: "right",
	tcell.KeyHome: "home", tcell.KeyEnd: "end", tcell.KeyPgUp: "pgup", tcell.KeyPgDn: "pgdn",
	tcell.KeyInsert: "insert", tcell.KeyDelete: "delete", tcell.KeyEnter: "ret", tcell.KeyTab: "tab",
	tcell.KeyBackspace: "backspace", tcell.KeyBackspace2: "backspace", tcell.KeyEscape: "esc",
	tcell.KeyF1: "f1", tcell.KeyF2: "f2", tcell.KeyF3: "f3", tcell.KeyF4: "f4", tcell.KeyF5: "f5", tcell.KeyF6: "f6",
	tcell.KeyF7: "f7", tcell.KeyF8: "f8", tcell.KeyF9: "f9", tcell.KeyF10: "f10", tcell.KeyF11: "f11", tcell.KeyF12: "f12",
	tcell.KeyPrint: "print", tcell.KeyPause: "pause",
}

// actions are the keys behind Ctrl-A, as on a serial console.
var actions = map[rune]console.Action{
	'x': console.Quit, 'c': console.Monitor, 's': console.Save, 'h': console.Help, '?': console.Help,
}

// take handles one key. Behind Ctrl-A, d is Ctrl-Alt-Del and a is Ctrl-A itself.
func (k *keys) take(e *tcell.EventKey, press func(...ps2kbd.Key), act func(console.Action)) {
	if k.escaped {
		k.escaped = false
		switch a, ok := actions[e.Rune()]; {
		case e.Key() == tcell.KeyRune && ok:
			act(a)
			return
		case e.Key() == tcell.KeyRune && e.Rune() == 'd':
			press(ps2kbd.KeyLeftCtrl, ps2kbd.KeyLeftAlt, ps2kbd.KeyDelete)
			return
		case e.Key() == tcell.KeyCtrlA, e.Key() == tcell.KeyRune && e.Rune() == 'a':
			press(ps2kbd.KeyLeftCtrl, letter('a'))
			return
		}
	} else if e.Key() == tcell.KeyCtrlA {
		k.escaped = true
		return
	}
	if s := stroke(e); s != nil {
		press(s...)
	}
}

func letter(c byte) ps2kbd.Key {
	k, _, _ := ps2kbd.Typed(c)
	return k
}

// stroke is the keys of an event, shift keys first; nil if the keyboard has no such key.
func stroke(e *tcell.EventKey) []ps2kbd.Key {
	var with []ps2kbd.Key
	mods := e.Modifiers()
	if mods&tcell.ModAlt != 0 {
		with = append(with, ps2kbd.KeyLeftAlt)
	}
	if name, ok := special[e.Key()]; ok {
		if mods&tcell.ModCtrl != 0 && e.Key() != tcell.KeyEnter && e.Key() != tcell.KeyTab && e.Key() != tcell.KeyBackspace && e.Key() != tcell.KeyEscape {
			with = append(with, ps2kbd.KeyLeftCtrl)
		}
		if mods&tcell.ModShift != 0 {
			with = append(with, ps2kbd.KeyLeftShift)
		}
		k, _ := ps2kbd.Lookup(name)
		return append(with, k)
	}
	if e.Key() == tcell.KeyBacktab {
		return append(with, ps2kbd.KeyLeftShift, letter('\t'))
	}
	if e.Key() >= tcell.KeyCtrlA && e.Key() <= tcell.KeyCtrlZ {
		return append(with, ps2kbd.KeyLeftCtrl, letter(byte(e.Key()-tcell.KeyCtrlA)+'a'))
	}
	if e.Key() != tcell.KeyRune || e.Rune() > 0x7e {
		return nil
	}
	k, shift, ok := ps2kbd.Typed(byte(e.Rune()))
	if !ok {
		return nil
	}
	if mods&tcell.ModCtrl != 0 {
		with = append(with, ps2kbd.KeyLeftCtrl)
	}
	if shift {
		with = append(with, ps2kbd.KeyLeftShift)
	}
	return append(with, k)
}
