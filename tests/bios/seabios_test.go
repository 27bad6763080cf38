package bios

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// seaBIOS is where Debian's package seabios puts its files.
const seaBIOS = "/usr/share/seabios/"

// file reads a file of the host, or skips.
func file(t testing.TB, path string) []byte {
	t.Helper()
	p, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("%s is not there: install the package seabios", path)
	}
	require.NoError(t, err)
	return p
}

// TestSeaBIOSSeesTheBoard starts SeaBIOS of 256 and of 128 KiB, unmodified, and reads what
// it reports: it must find configuration, memory, PCI windows, the display's ROM and our
// tables, and no drive.
func TestSeaBIOSSeesTheBoard(t *testing.T) {
	for _, image := range []string{"bios-256k.bin", "bios.bin"} {
		t.Run(image, func(t *testing.T) {
			t.Parallel()
			var log machine.Console
			m, err := machine.New(machine.Config{
				Memory: 64 << 20, DebugCon: &log, DebugConPort: 0x402,
				Boot: machine.Boot{BIOS: file(t, seaBIOS+image), VGABIOS: file(t, seaBIOS+"vgabios-stdvga.bin")},
			})
			require.NoError(t, err)
			defer m.Close()
			_, err = m.Run(context.Background(), machine.RunOptions{Until: 4 * devices.Second, Budget: 2e8})
			require.NoError(t, err)
			for _, want := range []string{
				"QEMU fw_cfg DMA interface supported",
				"addr 0x0000000000000000 len 0x0000000004000000 [RAM]",
				"bdf=00:02.0  bar 6", "Using pmtimer, ioport 0x608",
				"Start SeaVGABIOS", "PS2 keyboard initialized", "Found 4 serial ports",
				"No bootable device.",
			} {
				assert.Contains(t, log.String(), want)
			}
			assert.Contains(t, screen(m), "SeaBIOS (version")
			assert.Contains(t, screen(m), "No bootable device.")
		})
	}
}

// TestSeaBIOSAnswersHereAsOnQEMU runs the programs under SeaBIOS on this machine: the
// services must answer what the same firmware answers on QEMU's board.
func TestSeaBIOSAnswersHereAsOnQEMU(t *testing.T) {
	for p := range programs {
		t.Run(p, func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(filepath.Join("testdata", p+".seabios.txt"))
			require.NoError(t, err)
			got := strings.Split(runOn(t, p, onSeaBIOS(t, machine.Config{})), "\n")
			theirs := strings.Split(string(want), "\n")
			require.Len(t, got, len(theirs))
			for i, line := range theirs {
				name, answer, _ := strings.Cut(line, ": ")
				if own, listed := boardDifferences[p][name]; listed {
					assert.NotEqual(t, answer, own, "%s: listed as different", name)
					line = name + ": " + own
				}
				assert.Equal(t, line, got[i])
			}
		})
	}
}

// TestAnotherROMServesTheDisplay gives the adapter SeaVGABIOS under our BIOS: what it answers
// is what it answers under SeaBIOS.
func TestAnotherROMServesTheDisplay(t *testing.T) {
	for _, p := range []string{"video", "graphics", "vbe"} {
		cfg := machine.Config{}
		cfg.Boot.VGABIOS = file(t, seaBIOS+"vgabios-stdvga.bin")
		want, err := os.ReadFile(filepath.Join("testdata", p+".seabios.txt"))
		require.NoError(t, err)
		got := strings.Split(runOn(t, p, cfg), "\n")
		for i, line := range strings.Split(string(want), "\n") {
			name, _, _ := strings.Cut(line, ": ")
			if own, listed := boardDifferences[p][name]; listed {
				line = name + ": " + own
			}
			assert.Equal(t, line, got[i])
		}
	}
}

// boardDifferences are the lines in which SeaBIOS answers otherwise here than on QEMU,
// because the boards differ: program, name of the line, the answer here.
var boardDifferences = map[string]map[string]string{
	"services": {
		"15/88":         "7BF4 0000 0000 0000 cZ", // it keeps room for the tables it was given, and ours are smaller
		"15/E801":       "3C00 00FF 3C00 00FF cZ", // the same
		"15/E881":       "8681 00FF 3C00 00FF CZ", // the same
		"14/01 no port": "0000 0000 0000 0003 cZ", // there are four ports here
	},
	"floppy": {"formatted": "F6F6 0000 1405 0100 cz"}, // QEMU's controller writes nothing when it formats
	"video":  {"10/1019": "0000 000F 0000 8430 cZ"},   // QEMU's DAC has no mask
	"fdc": {
		"past the end":    "40 80 00 06 00 01 02 ",  // 82077AA: end of cylinder
		"no sector":       "40 04 00 ",              // 82077AA: no data
		"02 of 19":        "2000 0000 0000 0000 Cz", // and so SeaBIOS cannot go on to the next track
		"02 over the end": "2000 0000 0000 0000 Cz",
	},
	"tables": { // four serial ports and a parallel one
		"400": "F8 03 F8 02 E8 03 E8 02 78 03 00 00 00 00 C0 9F ",
		"410": "26 48 ",
		"478": "14 00 00 00 0A 0A 0A 0A ",
	},
	"direct": {
		"LBA too far":        "5110 0000 0000 0000 cz", // ATA: ID not found, seek complete
		"no command":         "5104 0000 0000 0000 cz",
		"mouse E9":           "0064 00FA 0000 0002 cz", // PS/2: 100 reports a second, 4 counts a millimetre
		"A20 off by D1":      "0000 0000 0000 0000 Cz", // PIIX3: port 92h, which SeaBIOS sets, opens it
		"A20 off by 92":      "0000 0000 0000 0000 Cz", // or the keyboard controller does
		"A20 off by 15/2400": "0000 0000 0000 0000 Cz",
		"word at FFFF":       "0001 0000 0000 0000 cz", // SDM: #GP; QEMU checks no limits in real mode
	},
}

// TestSeaBIOSFollowsTheBootOrder starts drives that cannot be booted from, so that SeaBIOS
// tries one after the other, and asks for a boot menu.
func TestSeaBIOSFollowsTheBootOrder(t *testing.T) {
	t.Parallel()
	cfg := onSeaBIOS(t, machine.Config{Memory: 16 << 20})
	cfg.Drives = machine.Drives{
		{Image: disk.NewMemory(make([]byte, 1<<20))},
		{Image: disk.NewMemory(make([]byte, 2<<20))},
		{CDROM: true, Image: disk.NewMemory(make([]byte, 1<<20))},
		nil,
		{Image: disk.NewMemory(make([]byte, 1440<<10))},
	}
	cfg.Boot.Order = []machine.BootDevice{machine.BootFloppy, machine.BootCD, machine.BootDisk}
	cfg.Boot.Menu = true
	s := start(t, cfg)
	s.see(`Press ESC for boot menu`)
	s.keys("\x1b")
	s.see(`1\. Floppy .*\s+2\. DVD/CD .*\s+3\. ata0-0.*1 MiBytes.*\s+4\. ata0-1.*2 MiBytes`)
	s.keys("1")
	s.see(`(?s)Booting from Floppy.*Booting from DVD/CD.*Booting from Hard Disk.*No bootable device`)
}
