package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/opt"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/expect"
	"github.com/urfave/cli/v2"
)

const runDescription = `Boots a machine and connects its first serial port to the terminal.
Ctrl-A x leaves, Ctrl-A c looks inside, Ctrl-A h lists the other keys.

Examples:
  glassbox run -kernel vmlinuz -initrd root.cpio -append "console=ttyS0" -m 256
  glassbox run disk.img -snapshot
  glassbox run -kernel kernel.elf -device isa-debug-exit --timeout 60s
  glassbox run -kernel vmlinuz -append console=ttyS0 -hda disk.img -snapshot \
      --type-after 'login: ' --type 'root\n' --expect '# ' --fail-on 'Kernel panic'

Exit status: 0 done, 2 usage, 3 file not found, 4 bad image, 5 image in use, 10 guest
crashed or --fail-on, 11 --expect not met, 124 --timeout, 125 bug in Glassbox; the
guest's own through isa-debug-exit: 2*value+1, as in QEMU.`

// runCommand is glassbox run.
func runCommand(e *env) *cli.Command {
	return runWith(e, func(o *options) error { return o.launch(e) })
}

// runWith is glassbox run, but for what is done with the options.
func runWith(e *env, then func(*options) error) *cli.Command {
	var t typing
	flags := slices.Concat(bootFlags(), firmwareFlags(), machineFlags(), diskFlags(), consoleFlags(), gdbFlags(), scriptFlags(&t), compatFlags())
	return &cli.Command{
		Name:               "run",
		Usage:              "boot a kernel or a disk image",
		UsageText:          "glassbox run [OPTION]... [DISK-IMAGE]",
		Description:        runDescription,
		CustomHelpTemplate: commandHelp,
		Flags:              flags,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Action: func(c *cli.Context) error {
			if help := askedForList(c); help != "" {
				return printList(e.stdout, help)
			}
			o, err := runOptions(c, e, &t)
			if err != nil {
				return err
			}
			return then(o)
		},
	}
}

// askedForList recognises "-cpu help" and its kind.
func askedForList(c *cli.Context) string {
	switch {
	case c.String("cpu") == "help":
		return "cpus"
	case c.String("machine") == "help":
		return "machines"
	case slices.Contains(c.StringSlice("device"), "help"):
		return "devices"
	case c.String("d") == "help":
		return "log"
	}
	return ""
}

// options is a command line, understood and checked but with nothing opened.
type options struct {
	cfg      machine.Config // without kernel, disks and writers
	kernel   string
	initrd   string
	drives   []driveSpec
	serial   []lineSpec
	debugcon lineSpec
	parallel lineSpec
	script   expect.Script
	// scriptFile is --script, or "".
	scriptFile  string
	snapshotAll bool // -snapshot
	budget      uint64
	timeout     time.Duration
	clock       string // "", virtual, real
	logMask     []string
	logFile     string
	trace       string
	stats       statsMode
	travel      travelMode

	textScreen bool   // -display text
	screenshot string // file, or ""

	// kernelData and initrdData are given instead of files by the demo.
	kernelData, initrdData []byte
	// disk0 is a disk for hda that is no file.
	disk0      disk.Image
	firmware   firmwareSpec
	loadvm     string   // snapshot to go on from
	record     string   // journal to write
	recordArgs []string // what it says about the machine
	replay     string   // journal to follow

	debug  *debugOptions // of glassbox debug; nil otherwise
	gdb    string        // where to wait for gdb; "": nowhere
	freeze bool          // -S

	// notice is shown before the machine starts.
	notice string
}

// runOptions reads the flags of run.
func runOptions(c *cli.Context, e *env, t *typing) (*options, error) {
	if err := checkCompat(c, e); err != nil {
		return nil, err
	}
	o, err := commonOptions(c, t)
	if err != nil {
		return nil, err
	}
	o.kernel, o.initrd = c.String("kernel"), c.String("initrd")
	o.cfg.Boot.Append = c.String("append")
	o.cfg.NoReboot = c.Bool("no-reboot")
	o.loadvm = c.String("loadvm")
	o.scriptFile = c.String("script")
	if m := c.String("machine"); m != "" && m != "pc" && !strings.HasPrefix(m, "pc,") && !strings.HasPrefix(m, "pc-i440fx") {
		return nil, usagef("-machine %s: there is only pc; -machine help lists", m)
	}
	for _, f := range []func(*cli.Context) error{o.readFirmware, o.readDrives, o.readDevices, o.readScreen, o.readLines, o.readGDB} {
		if err := f(c); err != nil {
			return nil, err
		}
	}
	switch {
	case o.kernel == "" && o.initrd != "":
		return nil, usagef("-initrd needs -kernel")
	case o.kernel == "" && c.IsSet("append"):
		return nil, usagef("-append needs -kernel")
	case o.kernel == "" && len(o.drives) == 0 && o.firmware.bios == "":
		return nil, usagef("nothing to boot: give a disk image or -kernel FILE; glassbox demo shows a running machine")
	}
	o.cfg.Boot.Order, o.cfg.Boot.Menu, err = parseBoot(c.String("boot"))
	return o, err
}

// parseBoot reads the value of -boot: [order=]LETTERS[,menu=on|off], as in QEMU.
func parseBoot(value string) (order []machine.BootDevice, menu bool, err error) {
	if value == "" {
		return nil, false, nil
	}
	pairs, err := opt.Parse(value, "order")
	if err != nil {
		return nil, false, usagef("-boot: %w", err)
	}
	for _, p := range pairs {
		switch p.Key {
		case "order":
			if order, err = parseBootOrder(value, p.Value); err != nil {
				return nil, false, err
			}
		case "menu":
			if p.Value != "on" && p.Value != "off" {
				return nil, false, usagef("-boot %s: menu is on or off", value)
			}
			menu = p.Value == "on"
		default:
			return nil, false, usagef("-boot %s: unknown key %q; there are order and menu", value, p.Key)
		}
	}
	return order, menu, nil
}

// parseBootOrder reads the letters of drives.
func parseBootOrder(value, letters string) (order []machine.BootDevice, err error) {
	for _, letter := range letters {
		d, ok := map[rune]machine.BootDevice{'a': machine.BootFloppy, 'c': machine.BootDisk, 'd': machine.BootCD}[letter]
		if !ok || len(order) == 3 {
			return nil, usagef("-boot %s: want up to three of a (floppy), c (hard disk), d (CD)", value)
		}
		order = append(order, d)
	}
	return order, nil
}

// commonOptions reads the flags that run and demo share.
func commonOptions(c *cli.Context, t *typing) (o *options, err error) {
	o = &options{stats: *c.Generic("stats").(*statsMode), travel: *c.Generic("time-travel").(*travelMode), timeout: c.Duration("timeout"), logFile: c.String("D"), trace: c.String("trace")}
	if o.timeout < 0 {
		return nil, usagef("--timeout %v is negative", o.timeout)
	}
	if m := c.String("m"); m != "" {
		size, _, _ := strings.Cut(strings.TrimPrefix(m, "size="), ",")
		if o.cfg.Memory, err = opt.Size(size, 1<<20); err != nil {
			return nil, usagef("-m %w", err)
		}
		if o.cfg.Memory < machine.MinMemory || o.cfg.Memory > machine.MaxMemory || o.cfg.Memory%(1<<20) != 0 {
			return nil, usagef("-m %s: want whole MiB, from %dM to %dG", m, machine.MinMemory>>20, machine.MaxMemory>>30)
		}
	}
	o.cfg.CPU = c.String("cpu")
	if err := parseSMP(c.String("smp"), &o.cfg); err != nil {
		return nil, err
	}
	if o.script, err = parseScript(c, t); err != nil {
		return nil, err
	}
	if b := c.String("budget"); b != "" {
		if o.budget, err = parseCount(b); err != nil {
			return nil, usagef("--budget: %w", err)
		}
	}
	switch o.clock = c.String("clock"); o.clock {
	case "", "virtual", "real":
	default:
		return nil, usagef("--clock %s: want virtual or real", o.clock)
	}
	engine, ok := engines[c.String("engine")]
	if !ok {
		return nil, usagef("--engine %s: want fast, plain or check", c.String("engine"))
	}
	o.cfg.Engine = engine
	if o.cfg.Native, ok = natives[c.String("native")]; !ok {
		return nil, usagef("--native %s: want auto, off or always", c.String("native"))
	}
	if d := c.String("d"); d != "" {
		o.logMask = strings.Split(d, ",")
		for _, item := range o.logMask {
			if !slices.ContainsFunc(logItems, func(l logItem) bool { return l.name == item }) {
				return nil, usagef("-d %s: no such item; -d help lists them", item)
			}
		}
	}
	return o, nil
}

// natives are the values of --native.
var natives = map[string]machine.Native{"": machine.NativeAuto, "auto": machine.NativeAuto, "off": machine.NativeOff, "always": machine.NativeAlways}

// engines are the values of --engine.
var engines = map[string]machine.Engine{"fast": machine.Fast, "plain": machine.Plain, "check": machine.Check}

// readDrives collects disks from -hda…, -drive and the argument.
func (o *options) readDrives(c *cli.Context) error {
	for i, name := range []string{"hda", "hdb", "hdc", "hdd"} {
		if path := c.String(name); path != "" {
			o.drives = append(o.drives, driveSpec{option: "-" + name, path: path, index: i})
		}
	}
	for i, name := range []string{"fda", "fdb"} {
		if path := c.String(name); path != "" {
			o.drives = append(o.drives, driveSpec{option: "-" + name, path: path, index: i, floppy: true})
		}
	}
	if c.IsSet("cdrom") {
		o.drives = append(o.drives, driveSpec{option: "-cdrom", path: c.String("cdrom"), index: 2, cdrom: true})
	}
	for _, v := range c.StringSlice("drive") {
		d, err := parseDrive(v)
		if err != nil {
			return usagef("-drive: %w", err)
		}
		o.drives = append(o.drives, d)
	}
	if c.NArg() > 1 {
		return usagef("more than one disk image: %s; use -hda, -hdb, ...", strings.Join(c.Args().Slice(), " "))
	}
	if c.NArg() == 1 {
		o.drives = append(o.drives, driveSpec{option: "disk", path: c.Args().First(), index: -1})
	}
	if o.snapshotAll = c.Bool("snapshot"); o.snapshotAll {
		for i := range o.drives {
			if !o.drives[i].explicit && !o.drives[i].cdrom {
				o.drives[i].open.Snapshot = true
			}
		}
	}
	_, err := place(o.drives)
	return err
}

func (o *options) readDevices(c *cli.Context) error {
	for _, v := range c.StringSlice("device") {
		pairs, err := opt.Parse(v, "driver")
		if err != nil {
			return usagef("-device: %w", err)
		}
		if pairs[0].Key == "driver" && pairs[0].Value == "VGA" {
			if err := o.readVGADevice(pairs[1:]); err != nil {
				return err
			}
			continue
		}
		if pairs[0].Value != "isa-debug-exit" || pairs[0].Key != "driver" {
			return usagef("-device %s: not known; -device help lists", v)
		}
		o.cfg.DebugExit = true
		for _, p := range pairs[1:] {
			switch {
			case p.Key == "iobase" && slices.Contains([]string{"0xf4", "0xF4", "244"}, p.Value):
			case p.Key == "iobase":
				return usagef("-device isa-debug-exit: iobase=%s is not supported, only 0xf4", p.Value)
			case p.Key == "iosize", p.Key == "id":
			default:
				return usagef("-device isa-debug-exit: unknown key %q; there are iobase, iosize", p.Key)
			}
		}
	}
	return nil
}

func (o *options) readLines(c *cli.Context) (err error) {
	values := c.StringSlice("serial")
	if len(values) == 0 && o.textScreen {
		values = []string{"none"}
	} else if len(values) == 0 {
		values = []string{"mon:stdio"}
	}
	if len(values) > 4 {
		return usagef("-serial: there are four ports")
	}
	used := 0
	for _, v := range values {
		l, err := parseLine(v)
		if err != nil {
			return usagef("-serial: %w", err)
		}
		if l.stdio {
			used++
		}
		o.serial = append(o.serial, l)
	}
	if used > 0 && o.textScreen {
		return usagef("-serial: -display text uses the terminal; give file:PATH or none")
	}
	if used > 1 {
		return usagef("-serial: only one port can use stdio")
	}
	if v := c.String("parallel"); v != "" {
		if o.parallel, err = parseLine(v); err != nil {
			return usagef("-parallel: %w", err)
		}
	}
	if v := c.String("debugcon"); v != "" {
		if o.debugcon, err = parseLine(v); err != nil {
			return usagef("-debugcon: %w", err)
		}
	}
	return nil
}

// A job is a machine with everything that was opened for it.
type job struct {
	*options
	m       *machine.Machine
	closers []func() error
}

func (j *job) onClose(f func() error) { j.closers = append(j.closers, f) }

// close closes everything, last opened first.
func (j *job) close() error {
	var errs []error
	for _, f := range slices.Backward(j.closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// launch opens what the options name, builds the machine and runs it to its end.
func (o *options) launch(e *env) (err error) {
	j := &job{options: o}
	defer func() {
		if cerr := j.close(); cerr != nil && exitCode(err) == 0 {
			err = cerr
		}
	}()
	if err := j.loadFiles(); err != nil {
		return err
	}
	if err := j.loadFirmware(); err != nil {
		return err
	}
	if err := j.openDrives(); err != nil {
		return err
	}
	return newSession(j, e).main()
}

// loadFiles reads kernel and initial RAM disk.
func (j *job) loadFiles() (err error) {
	boot := &j.cfg.Boot
	boot.Kernel, boot.Initrd = j.kernelData, j.initrdData
	if j.kernel == "" {
		return nil
	}
	if boot.Kernel, err = readFile("-kernel", j.kernel); err != nil {
		return err
	}
	multiboot := isMultiboot(boot.Kernel)
	if multiboot {
		boot.Name = j.kernel // as QEMU's; such kernels leave out the first word
	}
	if j.initrd == "" {
		return nil
	}
	if !multiboot {
		boot.Initrd, err = readFile("-initrd", j.initrd)
		return err
	}
	for _, m := range bios.ParseModules(j.initrd) {
		data, err := readFile("-initrd", m.Path)
		if err != nil {
			return err
		}
		boot.Modules = append(boot.Modules, bios.Module{Data: data, Cmdline: m.Cmdline})
	}
	return nil
}

// isMultiboot says whether -initrd lists modules. A file of an unknown kind is for the
// loader to complain about.
func isMultiboot(kernel []byte) bool {
	k, err := bios.Unpack(kernel)
	if err != nil {
		return false
	}
	f, err := bios.Detect(k)
	return err == nil && f == bios.FormatMultiboot
}

func (j *job) openDrives() error {
	if j.disk0 != nil {
		j.cfg.Drives[0] = &machine.Drive{Image: j.disk0}
	}
	placed, err := place(j.drives)
	if err != nil {
		return err
	}
	for i, d := range placed {
		if d == nil {
			continue
		}
		j.cfg.Drives[i] = &machine.Drive{Serial: d.serial, CDROM: d.cdrom}
		if d.path == "" { // an empty drive
			continue
		}
		d.open.ReadOnly = d.open.ReadOnly || d.cdrom
		img, err := openDrive(d)
		if err != nil {
			return err
		}
		j.onClose(img.Close)
		j.cfg.Drives[i].Image = img
	}
	return nil
}

// flushDrives puts everything written on stable storage.
func (j *job) flushDrives() error {
	var errs []error
	for _, d := range j.cfg.Drives {
		if d != nil && d.Image != nil {
			errs = append(errs, d.Image.Flush())
		}
	}
	return errors.Join(errs...)
}

// create opens a file for writing, or stderr for "-".
func (j *job) create(option, path string, stderr io.Writer) (io.Writer, error) {
	if path == "-" {
		return stderr, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", option, path, bare(err))
	}
	j.onClose(f.Close)
	return f, nil
}

// bare strips what an os error repeats.
func bare(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
