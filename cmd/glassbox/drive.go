package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/opt"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// A driveSpec is one disk of the command line.
type driveSpec struct {
	option string // for messages
	path   string
	index  int // 0…3 for hda…hdd, -1: the first free one
	serial string
	cdrom  bool
	floppy bool // index is 0 or 1 for A or B, until place
	open   disk.Options
	// snapshot was given, so that -snapshot does not override it
	explicit bool
}

// parseDrive reads the value of -drive.
func parseDrive(value string) (driveSpec, error) {
	d := driveSpec{option: "-drive", index: -1}
	pairs, err := opt.Parse(value, "")
	if err != nil {
		return d, err
	}
	bus, unit := 0, -1
	for _, p := range pairs {
		if err := d.set(p, &bus, &unit); err != nil {
			return d, err
		}
	}
	if unit >= 0 || bus > 0 {
		d.index = 2*bus + max(unit, 0)
	}
	if d.floppy && (d.index > 1 || d.cdrom) {
		return d, errors.New("if=floppy: index is 0 or 1")
	}
	if d.path == "" && !d.cdrom && !d.floppy {
		return d, fmt.Errorf("%q names no file; write file=PATH", value)
	}
	return d, nil
}

// set takes one key=value of -drive.
func (d *driveSpec) set(p opt.Pair, bus, unit *int) (err error) {
	switch p.Key {
	case "file":
		d.path = p.Value
	case "format":
		d.open.Format = p.Value
		if p.Value != "raw" {
			return fmt.Errorf("format=%s is not supported, only raw; qemu-img convert -O raw makes one", p.Value)
		}
	case "if":
		switch p.Value {
		case "ide":
		case "floppy":
			d.floppy = true
		default:
			return fmt.Errorf("if=%s is not supported, only ide and floppy", p.Value)
		}
	case "media":
		switch p.Value {
		case "disk":
		case "cdrom":
			d.cdrom = true
		default:
			return fmt.Errorf("media=%s is not supported, only disk and cdrom", p.Value)
		}
	case "index":
		d.index, err = small(p, 3)
	case "bus":
		*bus, err = small(p, 1)
	case "unit":
		*unit, err = small(p, 1)
	case "readonly", "read-only":
		d.open.ReadOnly, err = opt.Bool(p.Value)
	case "snapshot":
		d.open.Snapshot, err = opt.Bool(p.Value)
		d.explicit = true
	case "serial":
		d.serial = p.Value
	case "cache":
		switch p.Value {
		case "writeback", "none":
		case "unsafe":
			d.open.Unsafe = true
		default:
			return fmt.Errorf("cache=%s is not supported: writeback (a flush reaches stable storage) or unsafe", p.Value)
		}
	case "id", "aio", "discard", "detect-zeroes", "werror", "rerror": // nothing to choose here
	default:
		return fmt.Errorf("unknown key %q; there are file, format, if, index, bus, unit, media, readonly, snapshot, cache, serial, id", p.Key)
	}
	if err != nil {
		return fmt.Errorf("%s=%w", p.Key, err)
	}
	return nil
}

// small is a number from 0 to limit.
func small(p opt.Pair, limit int) (int, error) {
	if len(p.Value) == 1 && p.Value[0] >= '0' && int(p.Value[0]-'0') <= limit {
		return int(p.Value[0] - '0'), nil
	}
	return 0, fmt.Errorf("%s: want 0 to %d", p.Value, limit)
}

// place gives every drive its position in machine.Drives. CD-ROM drives that do not say
// where they want to be begin at hdc.
func place(drives []driveSpec) (placed [len(machine.Drives{})]*driveSpec, err error) {
	name := func(i int) string {
		if i >= machine.FloppyA {
			return "fd" + string(rune('a'+i-machine.FloppyA))
		}
		return "hd" + string(rune('a'+i))
	}
	for i := range drives {
		if d := &drives[i]; d.floppy {
			d.index = machine.FloppyA + max(d.index, 0)
			d.floppy = false
		}
	}
	for i := range drives {
		d := &drives[i]
		if d.index < 0 {
			continue
		}
		if placed[d.index] != nil {
			return placed, usagef("%s %s: %s is taken by %s", d.option, d.path, name(d.index), placed[d.index].path)
		}
		placed[d.index] = d
	}
	for i := range drives {
		d := &drives[i]
		if d.index >= 0 {
			continue
		}
		for j := range machine.FloppyA {
			if d.cdrom {
				j = (j + 2) % machine.FloppyA
			}
			if placed[j] == nil {
				placed[j], d.index = d, j
				break
			}
		}
		if d.index < 0 {
			return placed, usagef("%s %s: all four disk positions are taken", d.option, d.path)
		}
	}
	return placed, nil
}

// openDrive opens the image and turns its errors into advice.
func openDrive(d *driveSpec) (disk.Image, error) {
	img, err := disk.Open(d.path, d.open)
	if err == nil {
		return img, nil
	}
	err = fmt.Errorf("%s: %w", d.option, err)
	switch code := exitCode(err); {
	case code == exitNotFound:
		return nil, fmt.Errorf("%w; truncate -s 1G %s makes an empty disk", err, d.path)
	case code == exitLocked:
		return nil, fmt.Errorf("%w; end the other machine, or copy the image", err)
	case strings.Contains(err.Error(), "permission denied") && !d.open.ReadOnly && !d.open.Snapshot:
		return nil, fmt.Errorf("%w; -snapshot runs without writing to it", err)
	case code == exitFailed && !strings.Contains(err.Error(), "permission denied"):
		return nil, fail(exitBadImage, err)
	}
	return nil, err
}
