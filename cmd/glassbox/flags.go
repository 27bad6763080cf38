package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/machine/expect"
	"github.com/urfave/cli/v2"
)

// Categories of flags in the help; the library sorts them by name.
const (
	catBoot    = "1. What to boot"
	catMachine = "2. The machine"
	catDisks   = "3. Disks"
	catConsole = "4. Console"
	catLimits  = "5. Time and limits"
	catScript  = "6. Scripting: for tests and CI"
	catInside  = "7. Looking inside"
)

// Usage texts begin with "-" where the word is ours and not QEMU's.

// bootFlags say what to boot and on which machine.
func bootFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "kernel", Category: catBoot, Usage: "`FILE`: Linux bzImage or Multiboot kernel"},
		&cli.StringFlag{Name: "initrd", Category: catBoot, Usage: "`FILE`: initial RAM disk; for Multiboot: modules, \"FILE ARGS,FILE ARGS\""},
		&cli.StringFlag{Name: "append", Category: catBoot, Usage: "`TEXT`: kernel command line"},
		&cli.StringFlag{Name: "boot", Category: catBoot, Usage: "`ORDER`: what to boot from without a kernel: a floppy, c hard disk, d CD;\norder=ORDER,menu=on offers a menu"},
		&cli.StringFlag{Name: "loadvm", Category: catBoot, Usage: "`NAME`: go on from a snapshot, made with savevm in the monitor; the other\noptions must be those of its machine"},
		&cli.BoolFlag{Name: "no-reboot", Category: catMachine, Usage: "end when the guest resets the machine"},
		&cli.StringSliceFlag{Name: "device", Category: catMachine, Usage: "`NAME[,KEY=VALUE]`: isa-debug-exit lets the guest end the run; help lists"},
		&cli.StringFlag{Name: "machine", Aliases: []string{"M"}, Category: catMachine, Usage: "`NAME`: pc; help lists"},
	}
}

// machineFlags are the ones that the demo has too.
func machineFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "m", Category: catMachine, Usage: "`SIZE`: memory, MiB or with K, M, G (default 128)"},
		&cli.StringFlag{Name: "cpu", Category: catMachine, Usage: "`MODEL[,+FEATURE]`: processor; help lists"},
		&cli.StringFlag{Name: "smp", Category: catMachine, Usage: "`N[,sockets=S][,cores=C][,threads=T]`: processors (default 1)"},
		&cli.StringFlag{Name: "engine", Category: catInside, Value: "fast", Usage: "-`NAME`: fast; plain, the definition of what the machine does; check, both side by\nside, comparing them (disks are not written then)"},
		&cli.StringFlag{Name: "native", Category: catInside, Value: "auto", Usage: "-`MODE`: whether the fast engine makes machine code of the host: auto, of what is\nexecuted often (Linux on x86-64); off; always"},
		&cli.StringFlag{Name: "clock", Category: catLimits, Usage: "-`MODE`: virtual, as fast as the host can, or real, paced (default: real\nwhen a person sits at the terminal, virtual otherwise)"},
		&cli.StringFlag{Name: "budget", Category: catLimits, Usage: "-`N`: end after N guest instructions; K, M, G mean thousands, millions, ..."},
		&cli.DurationFlag{Name: "timeout", Category: catLimits, Usage: "-`TIME`: end with status 124 after this time of the host, such as 90s"},
		&cli.StringSliceFlag{Name: "expect", Category: catScript, Usage: "-`REGEX`: end with status 0 once COM1 or the text screen shows a match;\nseveral: in order"},
		&cli.StringSliceFlag{Name: "fail-on", Category: catScript, Usage: "-`REGEX`: end with status 10 at a match"},
		&cli.StringFlag{Name: "d", Category: catInside, Usage: "`ITEMS`: log to stderr: int,cpu_reset,guest_errors,unimp,in_asm,exec; help"},
		&cli.StringFlag{Name: "D", Category: catInside, Usage: "`FILE`: where the log of -d goes"},
		&cli.StringFlag{Name: "trace", Category: catInside, Usage: "-`FILE`: one line per instruction: address, bytes, text, changed registers"},
		&cli.GenericFlag{Name: "time-travel", Category: catInside, Value: new(travelMode), Usage: "-`[=MEMORY]`: keep the history, in about so much memory of the host (default\n1G): reverse-step, goto and others in the monitor"},
		&cli.GenericFlag{Name: "stats", Category: catInside, Value: new(statsMode), Usage: "-`[=json]`: at the end: instructions, speed, hash of the whole state"},
	}
}

// scriptFlags share a list, so that the order of --type-after and --type is kept.
func scriptFlags(s *typing) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "script", Category: catScript, Usage: "-`FILE`: drive the session: lines of wait REGEX, type TEXT, key NAMES,\nhold TIME NAMES, screenshot FILE, change-medium DRIVE FILE, eject DRIVE, sleep and timeout TIME, quit [STATUS]"},
		&cli.GenericFlag{Name: "type-after", Category: catScript, Value: &typeAfter{s}, Usage: "-`REGEX`: what to wait for before the next --type"},
		&cli.GenericFlag{Name: "type", Category: catScript, Value: &typeText{s}, Usage: "-`TEXT`: send to COM1, or with -serial none to the keyboard; \\n is Enter,\n\\t \\e \\xHH \\\\ as usual"},
	}
}

func diskFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringSliceFlag{Name: "drive", Category: catDisks, Usage: "`file=F[,KEY=VALUE]`: disk image: format=raw, readonly=on, snapshot=on,\nindex=N, cache=unsafe, media=cdrom, if=floppy; ,, is a comma inside a value"},
		&cli.BoolFlag{Name: "snapshot", Category: catDisks, Usage: "throw away what is written to disks"},
	}
	flags = append(flags,
		&cli.StringFlag{Name: "cdrom", Category: catDisks, Usage: "`FILE`: disc in a CD-ROM drive, secondary master; \"\" leaves it empty"},
		&cli.StringFlag{Name: "fda", Category: catDisks, Usage: "`FILE`: disk in floppy drive A, 160K to 2.88M"},
		&cli.StringFlag{Name: "fdb", Category: catDisks, Usage: "`FILE`: the same for B"})
	for i, n := range []string{"hda", "hdb", "hdc", "hdd"} {
		where := [4]string{"primary master", "primary slave", "secondary master", "secondary slave"}[i]
		flags = append(flags, &cli.StringFlag{Name: n, Category: catDisks, Usage: "`FILE`: disk image, " + where})
	}
	return flags
}

func consoleFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "serial", Category: catConsole, Usage: "`TO`: COM1 (again: COM2...): stdio, mon:stdio, file:PATH, none; default\nmon:stdio, with keys behind Ctrl-A: h help, x leave, c monitor"},
		&cli.StringFlag{Name: "display", Category: catConsole, Value: "none", Usage: "`HOW`: none; text, the guest's text screen in the terminal, whose keys are the\nguest's keyboard then (behind Ctrl-A: x leave, c monitor, d Ctrl-Alt-Del)"},
		&cli.StringFlag{Name: "vga", Category: catMachine, Value: "std", Usage: "`ADAPTER`: std, a VGA with linear frame buffer, or none"},
		&cli.StringFlag{Name: "screenshot", Category: catScript, Usage: "-`FILE`: at the end: the screen as a picture (.png) or as text (.txt)"},
		&cli.BoolFlag{Name: "nographic", Category: catConsole, Usage: "no display, COM1 on the terminal: the default"},
		&cli.StringFlag{Name: "parallel", Category: catConsole, Usage: "`TO`: what is printed on LPT1: file:PATH, stdio or none"},
		&cli.StringFlag{Name: "debugcon", Category: catConsole, Usage: "`TO`: output of port E9h: stdio, file:PATH or none"},
	}
}

// compatFlags are QEMU's options that ask for what is so anyway.
func compatFlags() []cli.Flag {
	var flags []cli.Flag
	for name := range compatible {
		flags = append(flags, &cli.StringFlag{Name: name, Hidden: true})
	}
	for _, name := range []string{"enable-kvm", "nodefaults", "no-user-config", "no-acpi", "no-hpet", "no-fd-bootchk"} {
		flags = append(flags, &cli.BoolFlag{Name: name, Hidden: true})
	}
	return flags
}

// compatible says which values of an option are harmless; nil: all.
var compatible = map[string][]string{
	"name":    nil,
	"accel":   {"tcg", "kvm", "hax", "hvf", "whpx"},
	"monitor": {"none"},
	"net":     {"none"},
	"nic":     {"none"},
}

// checkCompat refuses values that ask for more than there is, and warns about hardware
// acceleration once.
func checkCompat(c *cli.Context, e *env) error {
	for name, allowed := range compatible {
		v := c.String(name)
		if !c.IsSet(name) || allowed == nil {
			continue
		}
		ok := false
		for _, a := range allowed {
			ok = ok || v == a || name == "accel" && strings.HasPrefix(v, a)
		}
		if !ok {
			return usagef("-%s %s is not supported, only %s", name, v, strings.Join(allowed, " or "))
		}
	}
	if a := c.String("accel"); c.Bool("enable-kvm") || a != "" && !strings.HasPrefix(a, "tcg") {
		e.errorf("warning: Glassbox is all software and goes on without hardware acceleration")
	}
	return nil
}

// A statsMode is the value of --stats.
type statsMode struct{ on, json bool }

// Set implements flag.Value.
func (m *statsMode) Set(s string) error {
	switch s {
	case "true", "text":
		m.on, m.json = true, false
	case "json":
		m.on, m.json = true, true
	case "false":
		*m = statsMode{}
	default:
		return fmt.Errorf("--stats or --stats=json, not %q", s)
	}
	return nil
}

func (m *statsMode) String() string { return "" }

// IsBoolFlag makes the value optional.
func (m *statsMode) IsBoolFlag() bool { return true }

// typing collects --type-after and --type in the order in which they are given.
type typing struct {
	steps   []expect.Step
	pending *expect.Regexp
}

type typeAfter struct{ *typing }

// Set implements flag.Value.
func (t *typeAfter) Set(s string) error {
	if t.pending != nil {
		return fmt.Errorf("--type-after %q is not followed by --type", t.pending)
	}
	re, err := expect.Compile(s)
	t.pending = re
	return err
}

func (t *typeAfter) String() string { return "" }

type typeText struct{ *typing }

// Set implements flag.Value.
func (t *typeText) Set(s string) error {
	text, err := expect.Unescape(s)
	t.steps = append(t.steps, expect.Step{After: t.pending, Text: text})
	t.pending = nil
	return err
}

func (t *typeText) String() string { return "" }

// parseScript compiles --expect, --fail-on and the typing.
func parseScript(c *cli.Context, t *typing) (s expect.Script, err error) {
	if t.pending != nil {
		return s, usagef("--type-after %q is not followed by --type", t.pending)
	}
	s.Steps = t.steps
	for _, list := range []struct {
		name string
		to   *[]*expect.Regexp
	}{{"expect", &s.Expect}, {"fail-on", &s.FailOn}} {
		for _, text := range c.StringSlice(list.name) {
			re, err := expect.Compile(text)
			if err != nil {
				return s, usagef("--%s: %w", list.name, err)
			}
			*list.to = append(*list.to, re)
		}
	}
	return s, nil
}

// parseCount reads a number of instructions.
func parseCount(s string) (uint64, error) {
	unit := uint64(1)
	digits := s
	if n := len(s); n > 0 {
		switch s[n-1] | 0x20 {
		case 'k':
			unit, digits = 1e3, s[:n-1]
		case 'm':
			unit, digits = 1e6, s[:n-1]
		case 'g':
			unit, digits = 1e9, s[:n-1]
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n == 0 || n > (1<<63)/unit {
		return 0, fmt.Errorf("%q is not a number of instructions, such as 500000 or 200M", s)
	}
	return n * unit, nil
}
