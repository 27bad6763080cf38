package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/opt"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/urfave/cli/v2"
)

// firmwareFlags choose the firmware, what it finds, and the clock.
func firmwareFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "bios", Category: catBoot, Usage: "`FILE`: other firmware instead of our BIOS, such as SeaBIOS' bios-256k.bin"},
		&cli.StringSliceFlag{Name: "fw_cfg", Category: catBoot, Usage: "`name=opt/NAME,file=FILE`: a file for the guest in fw_cfg; or string=TEXT"},
		&cli.StringSliceFlag{Name: "global", Category: catMachine, Usage: "`DEVICE.KEY=VALUE`: isa-debugcon.iobase=0x402, where SeaBIOS reports to -debugcon"},
		&cli.StringFlag{Name: "rtc", Category: catMachine, Usage: "`base=WHEN`: the clock at the start: utc, localtime, 2026-01-31T12:00:00 (default:\nutc when a person sits at the terminal, otherwise 2026-01-01)"},
	}
}

// A firmwareSpec is what the firmware flags ask for.
type firmwareSpec struct {
	bios    string // file, or "" for our own
	vgaBIOS string // file of the display adapter's ROM
	noVGA   bool   // romfile= was given empty
	files   []fwFile
	rtc     rtcSpec
}

// An fwFile is one -fw_cfg.
type fwFile struct{ name, path, text string }

// readFirmware understands the firmware flags.
func (o *options) readFirmware(c *cli.Context) (err error) {
	o.firmware.bios = c.String("bios")
	if c.IsSet("bios") && o.firmware.bios == "" {
		return usagef("-bios: give the file of a system ROM")
	}
	for _, v := range c.StringSlice("fw_cfg") {
		f, err := parseFWCfg(v)
		if err != nil {
			return usagef("-fw_cfg: %w", err)
		}
		o.firmware.files = append(o.firmware.files, f)
	}
	for _, v := range c.StringSlice("global") {
		if err := o.readGlobal(v); err != nil {
			return usagef("-global %s: %w", v, err)
		}
	}
	if o.firmware.rtc, err = parseRTC(c.String("rtc")); err != nil {
		return usagef("-rtc: %w", err)
	}
	return nil
}

// readGlobal understands a value of -global: DEVICE.KEY=VALUE.
func (o *options) readGlobal(value string) error {
	key, v, _ := strings.Cut(value, "=")
	switch key {
	case "isa-debugcon.iobase":
		port, err := strconv.ParseUint(v, 0, 16)
		if err != nil || port == 0 {
			return fmt.Errorf("%q is no port", v)
		}
		o.cfg.DebugConPort = uint16(port)
	case "VGA.romfile":
		return o.readVGADevice([]opt.Pair{{Key: "romfile", Value: v}})
	default:
		return errors.New("not known; there are isa-debugcon.iobase and VGA.romfile")
	}
	return nil
}

// parseFWCfg reads a value of -fw_cfg: [name=]NAME,file=FILE|string=TEXT.
func parseFWCfg(value string) (f fwFile, err error) {
	pairs, err := opt.Parse(value, "name")
	if err != nil {
		return f, err
	}
	contents := 0
	for _, p := range pairs {
		switch p.Key {
		case "name":
			f.name = p.Value
		case "file":
			f.path = p.Value
			contents++
		case "string":
			f.text = p.Value
			contents++
		default:
			return f, fmt.Errorf("unknown key %q; there are name, file, string", p.Key)
		}
	}
	switch {
	case f.name == "" || len(f.name) > machine.MaxFWFileName:
		return f, fmt.Errorf("%s: name has 1 to %d bytes", value, machine.MaxFWFileName)
	case contents != 1:
		return f, fmt.Errorf("%s: give file=FILE or string=TEXT", value)
	}
	return f, nil
}

// readVGADevice is -device VGA[,romfile=FILE].
func (o *options) readVGADevice(pairs []opt.Pair) error {
	for _, p := range pairs {
		switch p.Key {
		case "romfile":
			o.firmware.vgaBIOS, o.firmware.noVGA = p.Value, p.Value == ""
		case "id":
		default:
			return usagef("-device VGA: unknown key %q; there is romfile", p.Key)
		}
	}
	return nil
}

// maxFWFile bounds a file for fw_cfg, in bytes.
const maxFWFile = 64 << 20

// loadFirmware reads the files of the firmware flags.
func (j *job) loadFirmware() (err error) {
	boot := &j.cfg.Boot
	if j.firmware.bios != "" {
		if boot.BIOS, err = readFile("-bios", j.firmware.bios); err != nil {
			return err
		}
	}
	if err := j.loadVGABIOS(); err != nil {
		return err
	}
	for _, f := range j.firmware.files {
		data := []byte(f.text)
		if f.path != "" {
			if data, err = readFile("-fw_cfg", f.path); err != nil {
				return err
			}
		}
		if len(data) > maxFWFile {
			return usagef("-fw_cfg %s: %d MiB are too many, want up to %d", f.name, len(data)>>20, maxFWFile>>20)
		}
		boot.Files = append(boot.Files, machine.FWFile{Name: f.name, Data: data})
	}
	return nil
}

// vgaROM is the name of the display adapter's ROM in the packages of SeaBIOS.
const vgaROM = "vgabios-stdvga.bin"

// loadVGABIOS reads the ROM of the display adapter, which foreign firmware needs and our own
// starts in place of its own: the one that -device names, or else, for SeaBIOS, one beside the
// firmware or where SeaBIOS is installed.
func (j *job) loadVGABIOS() (err error) {
	boot := &j.cfg.Boot
	switch {
	case j.cfg.VGA == machine.VGANone || j.firmware.noVGA:
		return nil
	case j.firmware.vgaBIOS == "" && !bytes.Contains(boot.BIOS, []byte("SeaBIOS")): // runs no ROMs, or not as SeaVGABIOS wants it
		return nil
	case j.firmware.vgaBIOS != "":
		boot.VGABIOS, err = readFile("-device VGA,romfile", j.firmware.vgaBIOS)
		return err
	}
	for _, dir := range []string{filepath.Dir(j.firmware.bios), "/usr/share/seabios", "/usr/share/qemu"} {
		if data, err := os.ReadFile(filepath.Join(dir, vgaROM)); err == nil {
			boot.VGABIOS = data
			return nil
		}
	}
	j.notice += "no " + vgaROM + " beside the firmware: it may show nothing; -device VGA,romfile=FILE names one\n"
	return nil
}

// An rtcSpec is where the real-time clock starts.
type rtcSpec struct {
	base  string    // "", utc, localtime, date
	start time.Time // of date
}

// rtcLayout is how a date is written.
const rtcLayout = "2006-01-02T15:04:05"

// parseRTC reads the value of -rtc, with QEMU's keys.
func parseRTC(value string) (r rtcSpec, err error) {
	if value == "" {
		return r, nil
	}
	pairs, err := opt.Parse(value, "base")
	if err != nil {
		return r, err
	}
	for _, p := range pairs {
		switch p.Key {
		case "base":
			if r, err = parseRTCBase(p.Value); err != nil {
				return r, err
			}
		case "clock": // the guest's time is a function of what it executes
			if p.Value != "vm" {
				return r, fmt.Errorf("clock=%s is not supported, only vm: the clock goes with the guest", p.Value)
			}
		case "driftfix":
			if p.Value != "none" {
				return r, fmt.Errorf("driftfix=%s is not supported, only none", p.Value)
			}
		default:
			return r, fmt.Errorf("unknown key %q; there is base", p.Key)
		}
	}
	return r, nil
}

func parseRTCBase(value string) (rtcSpec, error) {
	if value == "utc" || value == "localtime" {
		return rtcSpec{base: value}, nil
	}
	for _, layout := range []string{rtcLayout, "2006-01-02"} {
		if t, err := time.Parse(layout, value); err == nil {
			if t.Year() < 1970 || t.Year() > 9999 {
				break
			}
			return rtcSpec{base: "date", start: t}, nil
		}
	}
	return rtcSpec{}, fmt.Errorf("base=%s: want utc, localtime or a date such as 2026-01-31T12:00:00", value)
}

// startTime is what the clock shows at power-on, in terms of the guest; zero is the
// machine's own. now is the host's time, looked at once.
func (r rtcSpec) startTime(now time.Time, interactive bool) time.Time {
	base := r.base
	if base == "" && interactive {
		base = "utc"
	}
	switch base {
	case "utc":
		return now.UTC().Truncate(time.Second)
	case "localtime":
		_, offset := now.Zone()
		return now.UTC().Add(time.Duration(offset) * time.Second).Truncate(time.Second)
	case "date":
		return r.start
	}
	return time.Time{}
}
