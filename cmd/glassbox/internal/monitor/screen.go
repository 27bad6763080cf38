package monitor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
)

// screendump writes the screen to a file.
func (m *Monitor) screendump(path string) error {
	if path == "" {
		return errors.New("name a file: FILE.png or FILE.txt")
	}
	return m.t.SaveScreen(path)
}

// maxKeys is the most keys held down at once.
const maxKeys = 16

// sendkey presses the keys whose names are joined by "-".
func (m *Monitor) sendkey(args string) error {
	names := strings.Split(args, "-")
	if len(names) > maxKeys {
		return fmt.Errorf("at most %d keys at once", maxKeys)
	}
	keys := make([]ps2kbd.Key, len(names))
	for i, n := range names {
		k, ok := ps2kbd.Lookup(n)
		if !ok {
			return fmt.Errorf("there is no key %q; keys are called as in QEMU: a, 1, ret, f1, ctrl, kp_5", n)
		}
		keys[i] = k
	}
	m.t.PressKeys(keys...)
	return nil
}

// change puts another disc into a drive.
func (m *Monitor) change(args string) error {
	drive, path, _ := strings.Cut(args, " ")
	if path = strings.TrimSpace(path); path == "" {
		return errors.New("name a drive and a file: change cdrom FILE")
	}
	return m.t.ChangeMedium(drive, path)
}

// eject takes a disc out. -f, which forces QEMU, is not needed here.
func (m *Monitor) eject(args string) error {
	drive := strings.TrimSpace(strings.TrimPrefix(args, "-f "))
	if drive == "" {
		return errors.New("name a drive: eject cdrom")
	}
	return m.t.ChangeMedium(drive, "")
}
