package bios

import (
	"bytes"
	"encoding/binary"
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
	s := start(t, machine.Config{Memory: 16 << 20, Drives: machine.Drives{{Image: disk.NewMemory(make([]byte, 1<<20))}}})
	assert.Equal(t, machine.StopHalted, s.ends().Reason)
	assert.True(t, s.m.NothingToBoot())
	for _, want := range []string{"Glassbox BIOS", "Disk 0: 1 MiB", "Booting from hard disk", "Boot failed: no boot sector", "No bootable device."} {
		assert.Contains(t, screen(s.m), want)
	}
}

// grubPrompt gets to GRUB's prompt and asks which drives there are.
func grubPrompt(s *session, drive string) {
	s.see("automatically in")
	s.keys("c")
	s.see("grub>")
	s.keys("ls\n")
	s.see(drive)
}

func TestGRUBFromAFloppy(t *testing.T) {
	grubPrompt(start(t, machine.Config{Drives: machine.Drives{4: {Image: open(t, guestFile(t, "grub-rescue-floppy.img"))}}}), `\(fd0\)`)
}

// TestGRUBFromACD asks what GRUB sees of the machine.
func TestGRUBFromACD(t *testing.T) {
	s := start(t, machine.Config{Drives: machine.Drives{2: {CDROM: true, Image: open(t, guestFile(t, "grub-rescue-cdrom.iso"))}}})
	grubPrompt(s, `\(cd\)`)
	s.keys("lsmmap\n")
	s.see(`base_addr = 0x0, length = 0x9fc00, available RAM`)
	s.see(`base_addr = 0x100000, length = 0x[0-9a-f]+, available RAM`)
	s.keys("if cpuid -l; then echo AMD64; fi\n")
	s.see(`\nAMD64`)
	s.keys("insmod vbe\nvideoinfo\n")
	s.see(`0x192 1920 x 1080 x 32`)
	s.see(`Preferred mode: 1024x768`)
}

// TestGRUBFromAStick boots the CD's image, which is a disk as well.
func TestGRUBFromAStick(t *testing.T) {
	grubPrompt(start(t, machine.Config{Drives: machine.Drives{{Image: open(t, guestFile(t, "grub-rescue-usb.img"))}}}), `\(hd0\)`)
}

// bootDisk is a disk with GRUB in front of one partition with ext4, which holds a kernel.
func bootDisk(t *testing.T, kernel []byte, commands string) disk.Image {
	const partition, size = 2048, 96 << 11 // sectors
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, dir, "root/boot/vmlinuz", kernel)
	write(t, dir, "config", []byte(commands))
	tool(t, "mke2fs", "-q", "-t", "ext4", "-d", path("root"), path("ext4"), "95M")
	tool(t, "grub-mkimage", "-O", "i386-pc", "-p", "(hd0,msdos1)/boot", "-c", path("config"), "-o", path("core"),
		"biosdisk", "part_msdos", "ext2", "linux", "normal", "echo", "serial", "terminal")
	image := make([]byte, size*512)
	copy(image, hostFile(t, "/usr/lib/grub/i386-pc/boot.img"))
	core, err := os.ReadFile(path("core"))
	require.NoError(t, err)
	require.Less(t, len(core), (partition-1)*512)
	copy(image[512:], core)
	fs, err := os.ReadFile(path("ext4"))
	require.NoError(t, err)
	copy(image[partition*512:], fs)
	entry := image[0x1be:]
	copy(entry, []byte{0x80, 0x20, 0x21, 0x00, 0x83, 0xfe, 0xff, 0xff})
	binary.LittleEndian.PutUint32(entry[8:], partition)
	binary.LittleEndian.PutUint32(entry[12:], size-partition)
	return disk.NewMemory(image)
}

// TestGRUBBootsAKernelFromADisk reads a kernel from ext4 by INT 13h. The kernel mounts the
// same file system, finds no init on it, and resets the machine. It takes a while, and runs
// only if GLASSBOX_SLOW is set.
func TestGRUBBootsAKernelFromADisk(t *testing.T) {
	if os.Getenv("GLASSBOX_SLOW") == "" {
		t.Skip("GLASSBOX_SLOW is not set")
	}
	kernel, err := os.ReadFile(guestFile(t, "vmlinuz-cloud"))
	require.NoError(t, err)
	s := start(t, machine.Config{Memory: 256 << 20, Drives: machine.Drives{{Image: bootDisk(t, kernel,
		"set root=(hd0,msdos1)\nlinux /boot/vmlinuz console=ttyS0 panic=-1\nboot\n")}}})
	s.see(`Linux version 6\.1`)
	assert.Equal(t, machine.StopReset, s.ends().Reason)
	assert.Contains(t, s.serial.String(), "Kernel panic")
	assert.False(t, bytes.Contains([]byte(s.serial.String()), []byte("mptable")), "tables are right")
}

// screen is what the text screen shows.
func screen(m *machine.Machine) string {
	t, ok := m.Text()
	if !ok {
		return "no text screen"
	}
	return t.String()
}
