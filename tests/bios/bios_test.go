// Package bios runs boot sectors of our own on the machine from its reset vector and
// compares what the services of our BIOS answer with what SeaBIOS answers on QEMU.
//
// testdata has, for each program, its source for nasm, its image, and NAME.seabios.txt:
// SeaBIOS's answers, which a test records again where QEMU is installed.
package bios

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// diskSize is the size of the disk a program is booted from.
const diskSize = 4 << 20

// programs are the boot sectors.
var programs = []string{"services", "disk"}

// differences are the lines in which we answer otherwise, with the reason: program, name
// of the line, our answer. A line listed here that agrees is an error as well.
var differences = map[string]map[string]string{
	"services": {
		"15/88":                "7BC0 0000 0000 0000 cZ", // 64 KiB at the top are kept for ACPI tables, in SeaBIOS 128
		"15/E801":              "3C00 00FF 3C00 00FF cZ", // the same
		"15/E881":              "3C00 00FF 3C00 00FF cZ", // SeaBIOS has no E881h
		"16/01 F11":            "0000 0003 8500 1388 cZ", // PS/2: AH = 01h drops keys of newer keyboards
		"16/11 grey up":        "48E0 0003 48E0 1388 cz", // and so the next is another
		"16/01 grey up":        "4800 0003 48E0 1388 cz",
		"16/10 grey up":        "48E0 0003 48E0 1388 cz",
		"keys that fit":        "0010 0003 1E61 1388 cz",
		"1A/B102 no vendor":    "8302 0000 1237 FFFF CZ", // PCI BIOS 2.1: BAD_VENDOR_ID
		"1A/B109 bad register": "8709 0009 0000 FFFF CZ", // PCI BIOS 2.1: BAD_REGISTER_NUMBER
		"14/01 no port":        "0000 0000 0000 0003 cZ", // there are four ports here
	},
	"disk": {
		"41 wrong":         "0100 0000 0000 0280 Cz", // EDD 3.0: BX must be 55AAh
		"large parameters": "42 00 ",                 // EDD 3.0: the size filled, with the path
		"4E":               "0000 810D 0000 0280 cz", // EDD 3.0: AL = 0, no other drive is affected
	},
}

// image is a disk that begins with a program.
func image(t *testing.T, program string) []byte {
	code, err := os.ReadFile(filepath.Join("testdata", program+".bin"))
	require.NoError(t, err)
	return append(code, make([]byte, diskSize-len(code))...)
}

// run boots a program and returns what it wrote to the debug port.
func run(t *testing.T, program string, engine machine.Engine) string {
	var out bytes.Buffer
	img := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(img, image(t, program), 0o600))
	d, err := disk.Open(img, disk.Options{})
	require.NoError(t, err)
	defer d.Close()
	m, err := machine.New(machine.Config{
		Memory: 32 << 20, DebugCon: &out, DebugExit: true, NoReboot: true, Engine: engine,
		Drives: machine.Drives{{Image: d}},
	})
	require.NoError(t, err)
	defer m.Close()
	res, err := m.Run(context.Background(), machine.RunOptions{Budget: 1e8})
	require.NoError(t, err)
	assert.Equal(t, machine.StopDebugExit, res.Reason, out.String())
	assert.Equal(t, 1, res.ExitCode, "the program was read completely")
	return out.String()
}

func TestServicesAnswerAsSeaBIOSDoes(t *testing.T) {
	for _, p := range programs {
		t.Run(p, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", p+".seabios.txt"))
			require.NoError(t, err)
			ours := strings.Split(run(t, p, machine.Fast), "\n")
			theirs := strings.Split(string(want), "\n")
			require.Len(t, ours, len(theirs), strings.Join(ours, "\n"))
			for i, line := range theirs {
				name, answer, _ := strings.Cut(line, ": ")
				if own, listed := differences[p][name]; listed {
					assert.NotEqual(t, answer, own, "%s: listed as different", name)
					answer = own
				}
				assert.Equal(t, name+": "+answer, ours[i]+strings.Repeat(": ", b2i(line == "")))
			}
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestEnginesAgreeOnFirmware(t *testing.T) {
	run(t, "services", machine.Check)
}

func TestRecordedAnswersAreSeaBIOSs(t *testing.T) {
	qemu, err := exec.LookPath("qemu-system-i386")
	if err != nil {
		t.Skip("qemu-system-i386 is not installed")
	}
	for _, p := range programs {
		dir := t.TempDir()
		img, log := filepath.Join(dir, "disk.img"), filepath.Join(dir, "log")
		require.NoError(t, os.WriteFile(img, image(t, p), 0o600))
		b, _ := exec.Command("timeout", "60", qemu, "-display", "none", "-m", "32", "-nodefaults", "-vga", "std",
			"-serial", "null", "-drive", "file="+img+",format=raw,if=ide", "-debugcon", "file:"+log,
			"-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-no-reboot").CombinedOutput()
		got, err := os.ReadFile(log)
		require.NoError(t, err, string(b))
		want, err := os.ReadFile(filepath.Join("testdata", p+".seabios.txt"))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), p)
	}
}

func TestImagesAreTheirSources(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	for _, p := range programs {
		out := filepath.Join(t.TempDir(), "bin")
		b, err := exec.Command(nasm, "-f", "bin", "-I", "testdata/", "-o", out, "testdata/"+p+".asm").CombinedOutput()
		require.NoError(t, err, string(b))
		built, err := os.ReadFile(out)
		require.NoError(t, err)
		committed, err := os.ReadFile("testdata/" + p + ".bin")
		require.NoError(t, err)
		assert.True(t, bytes.Equal(built, committed), "%s.bin is not %s.asm, assembled", p, p)
	}
}
