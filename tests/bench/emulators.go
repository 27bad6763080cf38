//go:build linux

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A guest is what every emulator is given.
type guest struct {
	kernel, initrd, disk string // files; disk is for those that cannot load a kernel
	commandLine          string
	memory               int // MiB
}

// An emulator is a program that can run the guest.
type emulator struct {
	name    string
	version string

	// startMark is the report at which the boot begins; empty: at the start of the process.
	startMark string

	// perInstruction is how far the guest's TSC advances with each instruction; 0 when it
	// does something else.
	perInstruction uint64

	// serialAddress is where the emulator connects the guest's serial port to, host and
	// TCP port; empty: the port is standard input and output.
	serialAddress string

	// command returns the process to start. dir is a folder for its files.
	command func(g guest, dir string) (*exec.Cmd, error)
}

// glassbox is ours; the file was built from this tree.
func glassbox(file, engine, version string) emulator {
	return emulator{
		name:           "glassbox",
		version:        version,
		perInstruction: 4, // one instruction takes 4 ns of virtual time; the TSC counts ns
		command: func(g guest, _ string) (*exec.Cmd, error) {
			args := []string{"run", "-m", strconv.Itoa(g.memory), "-kernel", g.kernel, "-initrd", g.initrd,
				"-append", g.commandLine, "-serial", "stdio", "-no-reboot", "--clock", "virtual"}
			if engine != "" {
				args = append(args, "--engine", engine)
			}
			return exec.Command(file, args...), nil
		},
	}
}

// qemu is QEMU with its translator, one thread for the processor.
func qemu() (emulator, error) {
	file, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		return emulator{}, err
	}
	banner, err := exec.Command(file, "--version").Output()
	if err != nil {
		return emulator{}, err
	}
	line, _, _ := strings.Cut(string(banner), "\n")
	return emulator{
		name:    "qemu",
		version: strings.Replace(line, "emulator version ", "", 1) + ", TCG",
		command: func(g guest, _ string) (*exec.Cmd, error) {
			return exec.Command(file, "-nodefaults", "-no-user-config", "-M", "pc", "-accel", "tcg,thread=single", "-smp", "1",
				"-m", strconv.Itoa(g.memory), "-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot",
				"-kernel", g.kernel, "-initrd", g.initrd, "-append", g.commandLine), nil
		},
	}, nil
}

// bochsROMs are the places of firmware that Bochs can use, the best first.
var (
	bochsBIOS    = []string{"/usr/share/seabios/bios.bin", "/usr/share/bochs/BIOS-bochs-latest"}
	bochsVGABIOS = []string{"/usr/share/bochs/VGABIOS-lgpl-latest", "/usr/share/vgabios/vgabios.bin", "/usr/share/seabios/vgabios-stdvga.bin"}
)

// bochsConfig is made for speed: no host clock, a fast processor on the guest's clock so
// that few instructions go into timer ticks. Arguments: firmware, VGA firmware, MiB, disk,
// address of the serial line, log.
const bochsConfig = `config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file=%q
vgaromimage: file=%q
cpu: model=core2_penryn_t9600, count=1, ips=60000000, reset_on_triple_fault=0
memory: guest=%[3]d, host=%[3]d
clock: sync=none, time0=1577836800
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path=%q, mode=flat
boot: disk
com1: enabled=1, mode=socket-client, dev=%q
log: %q
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
vga: update_freq=1
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
`

// bochs is Bochs 2.6 or newer.
func bochs() (emulator, error) {
	file, err := exec.LookPath("bochs")
	if err != nil {
		return emulator{}, err
	}
	bios, vga := firstFile(bochsBIOS), firstFile(bochsVGABIOS)
	if bios == "" || vga == "" {
		return emulator{}, fmt.Errorf("no firmware for Bochs among %q and %q", bochsBIOS, bochsVGABIOS)
	}
	help, _ := exec.Command(file, "--help", "cpu").CombinedOutput()
	version := "Bochs"
	for line := range strings.Lines(string(help)) {
		if _, number, ok := strings.Cut(line, "Bochs x86 Emulator "); ok {
			version = "Bochs " + strings.TrimSpace(number)
		}
	}
	serial, err := freeAddress()
	if err != nil {
		return emulator{}, err
	}
	return emulator{
		name:           "bochs",
		version:        version,
		startMark:      "@KERNEL",
		serialAddress:  serial,
		perInstruction: 1,
		command: func(g guest, dir string) (*exec.Cmd, error) {
			config, script := filepath.Join(dir, "bochsrc"), filepath.Join(dir, "rc")
			// Bochs locks a disk by a file beside it, which stays when Bochs is killed: each
			// run has a name of its own for the disk.
			disk := filepath.Join(dir, "disk")
			if err := os.Symlink(g.disk, disk); err != nil {
				return nil, err
			}
			text := fmt.Sprintf(bochsConfig, bios, vga, g.memory, disk, serial, filepath.Join(dir, "log"))
			if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
				return nil, err
			}
			if err := os.WriteFile(script, []byte("c\n"), 0o644); err != nil { // to the debugger: go on
				return nil, err
			}
			return exec.Command(file, "-q", "-f", config, "-rc", script), nil
		},
	}, nil
}

// freeAddress is a TCP address of this host that nobody uses at the moment.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

func firstFile(names []string) string {
	for _, name := range names {
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	return ""
}
