package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/urfave/cli/v2"
)

// listCommand is glassbox list.
func listCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:               "list",
		Usage:              "machines, processors and devices there are",
		UsageText:          "glassbox list machines|cpus|devices",
		Description:        "Example:\n  glassbox list cpus",
		CustomHelpTemplate: commandHelp,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usagef("list: say what: machines, cpus or devices")
			}
			return printList(e.stdout, c.Args().First())
		},
	}
}

// boardDevices are the chips of the board, and what -device adds.
var boardDevices = [][2]string{
	{"i440FX", "host bridge, PCI configuration space"},
	{"PIIX3", "ISA bridge, reset control, IDE with bus-master DMA: hda to hdd, disks and ATAPI CD-ROM drives"},
	{"PIIX4 function 3", "ACPI power management: power-off, power button, timer"},
	{"VGA", "text and graphics, with Bochs's DISPI and a linear frame buffer, see -vga and -display"},
	{"82077AA", "floppy controller: fda, fdb"},
	{"8259A ×2", "interrupt controllers"},
	{"82093AA", "I/O APIC; a local APIC in every processor, see -smp"},
	{"HPET", "high precision event timer"},
	{"8254", "interval timer, and the speaker's tone"},
	{"8237A ×2", "DMA controllers"},
	{"MC146818", "real-time clock and CMOS memory"},
	{"8042", "keyboard controller with a PS/2 keyboard and a wheel mouse"},
	{"16550A ×4", "serial ports COM1 to COM4, see -serial"},
	{"LPT1", "parallel port with a printer, see -parallel"},
	{"port 92h, 61h, 80h", "system control ports, POST codes"},
	{"port E9h", "debug console, see -debugcon"},
	{"fw_cfg", "configuration for firmware, port 510h"},
	{"isa-debug-exit", "port F4h: the guest ends the run; only with -device isa-debug-exit"},
}

// printList prints one of the lists.
func printList(w io.Writer, what string) error {
	switch what {
	case "machines":
		fmt.Fprintf(w, "%-10s%s\n", "pc", "i440FX + PIIX3, as QEMU's pc (default)")
	case "cpus":
		for _, name := range cpu.ModelNames() {
			m, err := cpu.NewModel(name)
			if err != nil {
				return err
			}
			about := fmt.Sprintf("family %d, model %d, stepping %d", m.Family, m.Number, m.Stepping)
			if name == "max" {
				about = "everything that is implemented (default)"
			}
			fmt.Fprintf(w, "%-12s%s\n", name, about)
		}
		fmt.Fprintf(w, "\nA model can be changed: -cpu max,-sse4.1,+popcnt. The features:\n%s\n", wrap(cpu.FeatureNames(), 76))
	case "devices":
		for _, d := range boardDevices {
			fmt.Fprintf(w, "%-20s%s\n", d[0], d[1])
		}
	case "log":
		for _, l := range logItems {
			fmt.Fprintf(w, "%-14s%s\n", l.name, l.what)
		}
	default:
		return usagef("list: there are machines, cpus and devices, not %q", what)
	}
	return nil
}

// counts is "a 1, b 2" in the order of names.
func counts(m map[string]uint64) string {
	var s []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		s = append(s, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(s, ", ")
}

// wrap joins words into lines of at most width bytes.
func wrap(words []string, width int) string {
	var b strings.Builder
	n := 0
	for _, w := range words {
		switch {
		case n == 0:
		case n+1+len(w) > width:
			b.WriteByte('\n')
			n = 0
		default:
			b.WriteByte(' ')
			n++
		}
		b.WriteString(w)
		n += len(w)
	}
	return b.String()
}
