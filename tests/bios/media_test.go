package bios

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// syslinuxFloppy is a diskette with SYSLINUX, as mformat and syslinux make it.
func syslinuxFloppy(t *testing.T, kilobytes, config string, files map[string][]byte) disk.Image {
	dir := t.TempDir()
	image := filepath.Join(dir, "floppy")
	tool(t, "mformat", "-C", "-f", kilobytes, "-i", image, "::")
	tool(t, "syslinux", "-i", image)
	files["syslinux.cfg"] = []byte(config)
	for name, data := range files {
		write(t, dir, "files/"+name, data)
		tool(t, "mcopy", "-i", image, filepath.Join(dir, "files", name), "::")
	}
	return open(t, image)
}

// isolinuxCD is a CD-ROM with ISOLINUX, as xorriso makes it.
func isolinuxCD(t *testing.T, config string, files map[string][]byte) disk.Image {
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

func read(t *testing.T, path string) []byte {
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

const isolinuxConfig = "SERIAL 0 115200\nDEFAULT linux\nLABEL linux\n KERNEL /vmlinuz\n APPEND console=ttyS0 panic=-1\n"

func TestISOLINUXBootsAKernelFromACD(t *testing.T) {
	kernel := read(t, guestFile(t, "vmlinuz-cloud"))
	s := start(t, machine.Config{Memory: 256 << 20, Drives: machine.Drives{2: {CDROM: true,
		Image: isolinuxCD(t, isolinuxConfig, map[string][]byte{"vmlinuz": kernel})}}})
	s.see(`ISOLINUX 6\.`)
	s.see(`Linux version 6\.1`)
	s.see(`BIOS-e820: .mem 0x0000000000000000-0x000000000009fbff. usable`)
}

func TestMemtestTestsWithoutErrors(t *testing.T) {
	for _, name := range []string{"memtest86+ia32.iso", "memtest86+x64.iso"} {
		t.Run(name, func(t *testing.T) {
			s := start(t, machine.Config{Memory: 16 << 20, Drives: machine.Drives{2: {CDROM: true, Image: open(t, guestFile(t, name))}}})
			s.see(`Memtest86\+ v6\.`)
			s.see(`Test #2 .*`)
			assert.Regexp(t, `Errors: 0`, screen(s.m))
			assert.Regexp(t, `Status: Testing`, screen(s.m))
		})
	}
}

func TestIPXEFromACD(t *testing.T) {
	s := start(t, machine.Config{Memory: 32 << 20, Drives: machine.Drives{2: {CDROM: true, Image: open(t, guestFile(t, "ipxe.iso"))}}})
	s.see(`Press Ctrl-B for the iPXE command line`)
	s.keys("\x02")
	s.see(`iPXE>`)
	s.keys("echo ${buildarch}\n")
	s.see(`i386`)
}

func TestIPXEFromAFloppy(t *testing.T) {
	image := syslinuxFloppy(t, "1440", "DEFAULT ipxe\nLABEL ipxe\n KERNEL ipxe.krn\n",
		map[string][]byte{"ipxe.krn": read(t, guestFile(t, "ipxe.lkrn"))})
	s := start(t, machine.Config{Memory: 32 << 20, Drives: machine.Drives{4: {Image: image}}})
	s.see(`Press Ctrl-B for the iPXE command line`)
}

// TestInstallersAskForALanguage boots both installers of Debian from a CD with ISOLINUX to
// their first dialogue, on COM1 and on the text screen (nomodeset: else they draw). It takes
// some minutes of the host, and runs only if GLASSBOX_SLOW is set.
func TestInstallersAskForALanguage(t *testing.T) {
	if os.Getenv("GLASSBOX_SLOW") == "" {
		t.Skip("GLASSBOX_SLOW is not set")
	}
	for _, arch := range []string{"i386", "amd64"} {
		for _, console := range []string{"ttyS0", "tty0"} {
			t.Run(arch+" "+console, func(t *testing.T) {
				cd := isolinuxCD(t, "SERIAL 0 115200\nDEFAULT installer\nLABEL installer\n KERNEL /linux\n"+
					" APPEND initrd=/initrd.gz nomodeset console="+console+"\n", map[string][]byte{
					"linux": read(t, guestFile(t, "di-"+arch+"-linux")), "initrd.gz": read(t, guestFile(t, "di-"+arch+"-initrd.gz")),
				})
				s := start(t, machine.Config{Memory: 512 << 20, Drives: machine.Drives{2: {CDROM: true, Image: cd}}})
				s.see(`ISOLINUX 6\.`)
				s.see(`Select a language|Choose language`)
			})
		}
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
