package bios

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// syslinuxFloppy is a diskette with SYSLINUX.
func syslinuxFloppy(t testing.TB, kilobytes, config string, files map[string][]byte) disk.Image {
	image := filepath.Join(t.TempDir(), "floppy")
	tool(t, "mformat", "-C", "-f", kilobytes, "-i", image, "::")
	return syslinuxOn(t, image, config, files)
}

// syslinuxOn puts SYSLINUX and files onto a FAT file system.
func syslinuxOn(t testing.TB, image, config string, files map[string][]byte) disk.Image {
	dir := t.TempDir()
	tool(t, "syslinux", "-i", image)
	files["syslinux.cfg"] = []byte(config)
	for name, data := range files {
		write(t, dir, name, data)
		tool(t, "mcopy", "-i", image, filepath.Join(dir, name), "::")
	}
	return open(t, image)
}

// isolinuxCD is a CD-ROM with ISOLINUX, as xorriso makes it.
func isolinuxCD(t testing.TB, config string, files map[string][]byte) disk.Image {
	dir := t.TempDir()
	iso := filepath.Join(dir, "cd.iso")
	write(t, dir, "root/isolinux/isolinux.bin", hostFile(t, "/usr/lib/ISOLINUX/isolinux.bin"))
	write(t, dir, "root/isolinux/ldlinux.c32", hostFile(t, "/usr/lib/syslinux/modules/bios/ldlinux.c32"))
	write(t, dir, "root/isolinux/isolinux.cfg", []byte(config))
	for name, data := range files {
		write(t, dir, "root/"+name, data)
	}
	tool(t, "xorriso", "-as", "mkisofs", "-quiet", "-o", iso, "-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat",
		"-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", filepath.Join(dir, "root"))
	return open(t, iso)
}

// bootDisk is a disk with GRUB in front of one partition with ext4, which holds files in
// /boot.
func bootDisk(t testing.TB, files map[string][]byte, commands string) disk.Image {
	const partition, size = 2048, 96 << 11 // sectors
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, data := range files {
		write(t, dir, "root/boot/"+name, data)
	}
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
	entry := image[0x1be:0x1fe]
	clear(entry) // code for diskettes
	copy(entry, []byte{0x80, 0x20, 0x21, 0x00, 0x83, 0xfe, 0xff, 0xff})
	binary.LittleEndian.PutUint32(entry[8:], partition)
	binary.LittleEndian.PutUint32(entry[12:], size-partition)
	return disk.NewMemory(image)
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	p, err := os.ReadFile(path)
	require.NoError(t, err)
	return p
}

// TestSYSLINUXFromAFloppy reads its configuration and a file of every kind of diskette that
// has room for it.
func TestSYSLINUXFromAFloppy(t *testing.T) {
	for _, kilobytes := range []string{"720", "1200", "1440", "2880"} {
		t.Run(kilobytes, func(t *testing.T) {
			s := start(t, machine.Config{Memory: 16 << 20, Drives: machine.Drives{4: {
				Image: syslinuxFloppy(t, kilobytes, "SAY Read by INT 13h.\nPROMPT 1\nDISPLAY text\nDEFAULT none\n",
					map[string][]byte{"text": []byte("A file of the diskette.\n")}),
			}}})
			s.see(`Read by INT 13h\.`)
			s.see(`A file of the diskette\.`)
			s.see(`boot:`)
		})
	}
}

// TestMEMDISKHooksOurServices boots a diskette in memory: MEMDISK moves it high with INT 15h
// AH=87h, hooks INT 13h and 15h, and our program asks all services behind it.
func TestMEMDISKHooksOurServices(t *testing.T) {
	floppy := append(read(t, "testdata/services.bin"), make([]byte, 1440<<10)...)[:1440<<10]
	var out machine.Console
	cfg := machine.Config{Memory: 32 << 20, DebugCon: &out, DebugExit: true, Drives: machine.Drives{2: {CDROM: true, Image: isolinuxCD(t,
		"DEFAULT memdisk\nLABEL memdisk\n KERNEL /memdisk\n INITRD /floppy.img\n",
		map[string][]byte{"memdisk": hostFile(t, "/usr/lib/syslinux/memdisk"), "floppy.img": floppy})}}}
	s := start(t, cfg)
	assert.Equal(t, machine.StopDebugExit, s.ends().Reason, screen(s.m))
	assert.Contains(t, out.String(), "1A/B102: 0002 0000 1237 8086 ")
	assert.Contains(t, out.String(), "16/05: ")
}

// TestBootMenuShowsTheImagesOfACD chooses among the images that a boot catalog lists: the
// initial one, one for another platform, which is not shown, and two of a section for PCs.
// Without the menu the first for PCs is booted, wherever it stands.
func TestBootMenuShowsTheImagesOfACD(t *testing.T) {
	const block = 2048
	says := func(c byte) []byte { // prints a letter three times and halts
		return []byte{0xb8, c, 0x0e, 0xbb, 7, 0, 0xcd, 0x10, 0xcd, 0x10, 0xcd, 0x10, 0xf4, 0xeb, 0xfd}
	}
	disc := func(initial byte) disk.Image {
		p := elTorito(append(says('I'), make([]byte, 4*block)...), 0)
		catalog := p[19*block:]
		copy(catalog[4:], "FIRST")
		sum := uint16(0)
		catalog[0x1c], catalog[0x1d] = 0, 0
		for i := 0; i < 32; i += 2 {
			sum += binary.LittleEndian.Uint16(catalog[i:])
		}
		binary.LittleEndian.PutUint16(catalog[0x1c:], -sum)
		catalog[0x20] = initial
		copy(p[22*block:], says('X'))
		copy(p[23*block:], says('Y'))
		entry := func(block byte) []byte { return []byte{0x88, 0, 0, 0, 0, 0, 4, 0, block} }
		copy(catalog[0x40:], "\x90\xef\x01\x00EFI")
		copy(catalog[0x60:], entry(21))
		copy(catalog[0x80:], "\x91\x00\x02\x00TOOLS")
		copy(catalog[0xa0:], entry(22))
		copy(catalog[0xc0:], "\x44")
		copy(catalog[0xe0:], entry(23))
		return diskOf(p)
	}
	boot := func(initial byte, menu bool) *session {
		cfg := machine.Config{Memory: 16 << 20, Boot: machine.Boot{Menu: menu}}
		cfg.Drives[2] = &machine.Drive{Image: disc(initial), CDROM: true}
		return start(t, cfg)
	}
	for key, want := range map[string]string{"0": "III", "1": "XXX", "2": "YYY"} {
		s := boot(0x88, true)
		s.see(`for the boot menu`)
		s.keys("\x1b")
		s.see(`1\. CD-ROM 0`)
		s.keys("1")
		s.see(`0\. no emulation +FIRST\s+1\. no emulation +TOOLS\s+2\. no emulation +TOOLS\s`)
		s.keys("9" + key)
		s.see(want)
	}
	boot(0x88, false).see("III")
	boot(0x00, false).see("XXX")
}

// TestEmulationByTheProgram has INT 13h AH=4Ah, 4Ch and 4Dh, which SeaBIOS has not: El Torito
// 1.0 says what they do. The catalog begins with 01h 00h and its signature, the initial entry
// is 88h without emulation and its image at block 20.
func TestEmulationByTheProgram(t *testing.T) {
	var got []string // without ZF, which is the program's
	for _, line := range strings.Split(strings.TrimSpace(run(t, "emulate", machine.Fast)), "\n") {
		got = append(got, line[:len(line)-1])
	}
	assert.Equal(t, []string{
		"4D: 0001 AA55 0088 0014 c",
		"4A: 0000 0000 0000 0000 c",
		"02: 0001 AA55 0001 0000 c",
		"4A again: 0100 0000 0000 0000 C",
		"4B00: 0000 0000 0000 007F c",
		"4C wrong: 0100 0000 0000 007F C",
		"booted as a diskette: 0000 0000 0000 0000 c",
	}, got)
}
