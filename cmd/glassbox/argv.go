package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// A flagSpec is what the walk over the arguments needs to know of a flag.
type flagSpec struct {
	name  string
	value bool // takes a value
}

// specs lists the flags of a command under all their names.
func specs(flags []cli.Flag) []flagSpec {
	var s []flagSpec
	for _, f := range flags {
		value := true
		switch f := f.(type) {
		case *cli.BoolFlag:
			value = false
		case *cli.GenericFlag:
			if b, ok := f.Value.(interface{ IsBoolFlag() bool }); ok {
				value = !b.IsBoolFlag()
			}
		}
		for _, n := range f.Names() {
			s = append(s, flagSpec{n, value})
		}
	}
	return append(s, flagSpec{"help", false}, flagSpec{"h", false})
}

// permute moves flags, with their values, in front of the other arguments, because the
// flag package stops at the first argument that is no flag and QEMU's users write
// "disk.img -m 512". An unknown flag is an error that names the nearest one. After "--"
// nothing is a flag.
func permute(args []string, known []flagSpec) ([]string, error) {
	var flags, rest []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if len(a) < 2 || a[0] != '-' {
			rest = append(rest, a)
			continue
		}
		name, _, has := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(a, "-"), "-"), "=")
		spec := find(known, name)
		if spec == nil {
			return nil, unknownFlag(name, known)
		}
		flags = append(flags, a)
		if spec.value && !has {
			if i+1 == len(args) {
				return nil, usagef("-%s needs a value", name)
			}
			i++
			flags = append(flags, args[i])
		}
	}
	return append(append(flags, "--"), rest...), nil
}

func find(known []flagSpec, name string) *flagSpec {
	for i := range known {
		if known[i].name == name {
			return &known[i]
		}
	}
	return nil
}

// unknownFlag explains a flag that is not there.
func unknownFlag(name string, known []flagSpec) error {
	if strings.Contains(qemuOnly, " "+name+" ") {
		return usagef("-%s: QEMU has this option, Glassbox does not; glassbox run -help lists those it has", name)
	}
	best, distance := "", 3
	if len(name) <= 3 {
		distance = 2
	}
	for _, k := range known {
		if d := editDistance(name, k.name); d < distance {
			best, distance = k.name, d
		}
	}
	if best == "" {
		for _, k := range known {
			if len(name) >= 3 && strings.HasPrefix(k.name, name) {
				best = k.name
			}
		}
	}
	hint := "-help lists the options"
	if best != "" {
		hint = "did you mean -" + best + "?"
	}
	return usagef("unknown option -%s; %s", name, hint)
}

// qemuOnly are options of QEMU that have no counterpart here.
const qemuOnly = " L acpitable action add-fd audiodev bios blockdev boot chardev daemonize " +
	"device_add dfilter dtb fsdev full-screen fw_cfg global icount incoming iscsi " +
	"k mem-path mem-prealloc mon mtdblock netdev no-shutdown numa object option-rom " +
	"pflash pidfile plugin prom-env qmp readconfig runas sandbox sd seed semihosting " +
	"set shim smbios soundhw spice tb-size tpmdev trace-events usb usbdevice uuid virtfs " +
	"vnc watchdog watchdog-action writeconfig "

// editDistance is the number of letters to insert, delete, exchange or swap to turn a
// into b.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// arrange turns the arguments of the process into those for the library: it inserts run
// where it is implied, moves flags to the front and reports unknown ones.
func arrange(app *cli.App, args []string) ([]string, error) {
	if len(args) < 2 {
		return args, nil
	}
	words := slices.Clone(args[1:])
	switch words[0] {
	case "-h", "-help", "--help":
		words[0] = "help"
	case "-version", "--version":
		words[0] = "version"
	}
	if impliesRun(app, words[0]) {
		words = append([]string{"run"}, words...)
	}
	cmd := app.Command(words[0])
	if cmd == nil {
		return nil, unknownCommand(app, words[0])
	}
	rest, err := permute(words[1:], specs(cmd.Flags))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd.Name, err)
	}
	return append([]string{args[0], words[0]}, rest...), nil
}

// impliesRun says whether the first word is an option of run or a file, so that
// "glassbox disk.img" and "glassbox -hda disk.img" work.
func impliesRun(app *cli.App, word string) bool {
	if strings.HasPrefix(word, "-") {
		switch strings.TrimLeft(word, "-") {
		case "": // a single dash
			return false
		}
		return true
	}
	if app.Command(word) != nil {
		return false
	}
	info, err := os.Stat(word)
	return err == nil && !info.IsDir()
}

func unknownCommand(app *cli.App, word string) error {
	best, distance := "", 3
	for _, c := range app.Commands {
		if d := editDistance(word, c.Name); !c.Hidden && d < distance {
			best, distance = c.Name, d
		}
	}
	if best != "" {
		return usagef("there is no command or file %q; did you mean %q?", word, best)
	}
	return usagef("there is no command or file %q; glassbox help lists the commands", word)
}
