package bios

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// TestNothingToBootSaysSo boots an empty disk and reads the screen.
func TestNothingToBootSaysSo(t *testing.T) {
	m, err := machine.New(machine.Config{Memory: 16 << 20, Drives: machine.Drives{{Image: disk.NewMemory(make([]byte, 1<<20))}}})
	require.NoError(t, err)
	defer m.Close()
	res, err := m.Run(context.Background(), machine.RunOptions{Budget: 1e8})
	require.NoError(t, err)
	assert.Equal(t, machine.StopHalted, res.Reason)
	assert.True(t, m.NothingToBoot())
	text := screen(m)
	for _, want := range []string{"Glassbox BIOS", "Disk 0: 1 MiB", "Booting from hard disk", "Boot failed: no boot sector", "No bootable device."} {
		assert.Contains(t, text, want)
	}
}

// TestGRUBReachesItsMenu boots Debian's GRUB rescue image, which .ci/guests does not fetch
// yet: grub-rescue-usb.img of the package grub-rescue-pc, in GLASSBOX_GUESTS.
func TestGRUBReachesItsMenu(t *testing.T) {
	img := filepath.Join(os.Getenv("GLASSBOX_GUESTS"), "grub-rescue-usb.img")
	if _, err := os.Stat(img); err != nil || os.Getenv("GLASSBOX_GUESTS") == "" {
		t.Skip("grub-rescue-usb.img is not in GLASSBOX_GUESTS")
	}
	d, err := disk.Open(img, disk.Options{Snapshot: true})
	require.NoError(t, err)
	defer d.Close()
	m, err := machine.New(machine.Config{Memory: 128 << 20, Drives: machine.Drives{{Image: d}}})
	require.NoError(t, err)
	defer m.Close()
	_, err = m.Run(context.Background(), machine.RunOptions{Budget: 1e8})
	require.NoError(t, err)
	assert.Contains(t, screen(m), "GNU GRUB  version 2.06")
	assert.Contains(t, screen(m), "Memtest86+")
}

// screen is what the text screen shows.
func screen(m *machine.Machine) string {
	t, ok := m.Text()
	if !ok {
		return "no text screen"
	}
	return t.String()
}
