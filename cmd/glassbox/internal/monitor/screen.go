package monitor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/devices"
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

// maxHold is how long keys can be held, in milliseconds.
const maxHold = 60_000

// sendkey presses the keys whose names are joined by "-", and holds them for some
// milliseconds of the machine's time.
func (m *Monitor) sendkey(args string) error {
	args, hold, _ := strings.Cut(args, " ")
	ms := uint64(0)
	if hold = strings.TrimSpace(hold); hold != "" {
		var err error
		if ms, err = strconv.ParseUint(hold, 10, 32); err != nil || ms > maxHold {
			return fmt.Errorf("%q is not a time: keys can be held for up to %d milliseconds", hold, maxHold)
		}
	}
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
	m.t.HoldKeys(devices.Time(ms)*devices.Millisecond, keys...)
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
