package bios

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
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
