package bios

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// A boot is something that people start PCs from, and what a person at the machine does
// until it is known to work.
type boot struct {
	name   string
	mib    uint64 // of memory
	drives func(t testing.TB) machine.Drives
	person func(s *session)
	// always is under which firmware it runs in every test run. The others take long, and
	// run where GLASSBOX_ALL_GUESTS is set.
	always when
}

// A when is a set of firmware.
type when uint8

const (
	underOurs when = 1 << iota
	underSeaBIOS
)

// What they took until their last check, in millions of instructions (each million is 4 ms of
// the guest's time) and, from the last runs, in CPU seconds on a host with much else to do:
//
//	                                   our BIOS         SeaBIOS
//	GRUB floppy                                         431, to cpuid
//	GRUB CD                            420   17 s       440   25 s
//	GRUB stick                                          440   25 s
//	memtest86+ ia32                    767              777   12 s
//	memtest86+ x64                     767              777   12 s
//	iPXE CD                            182              205   13 s
//	iPXE floppy                        296              236   15 s
//	SYSLINUX disk with a kernel        1,458 11 s       1,463 12 s
//	ISOLINUX with a kernel             1,556            1,571 19 s
//	GRUB disk with a kernel on ext4    2,044 21 s       1,805 22 s
//	installer i386                     12,064           12,072
//	installer amd64                    11,156           11,156
//
// All rows passed under both on 93b2879.
// iPXE and GRUB wait for keys in loops: their time cannot be skipped.
var boots = []boot{
	{"GRUB floppy", 64, floppy("grub-rescue-floppy.img"), grub(`\(fd0\)`, allGuests()), underOurs},
	{"GRUB CD", 64, cd("grub-rescue-cdrom.iso"), grub(`\(cd\)`, true), underOurs},
	{"GRUB stick", 64, hard("grub-rescue-usb.img"), grub(`\(hd0\)`, true), 0},
	{"memtest86+ ia32", 16, cd("memtest86+ia32.iso"), memtest, underOurs},
	{"memtest86+ x64", 16, cd("memtest86+x64.iso"), memtest, 0},
	{"iPXE CD", 32, cd("ipxe.iso"), ipxe, underOurs},
	{"iPXE floppy", 32, ipxeFloppy, ipxe, 0},
	{"SYSLINUX floppy", 16, syslinuxPrompt, func(s *session) { s.see(`Read by INT 13h\.`); s.see(`boot:`) }, underOurs | underSeaBIOS},
	{"SYSLINUX disk with a kernel", 256, syslinuxDisk, powersOff, 0},
	{"ISOLINUX with a kernel", 256, isolinuxKernel, typesAtThePrompt, underOurs},
	{"GRUB disk with a kernel on ext4", 256, grubDisk, powersOffAfterWriting, underOurs},
	{"installer i386", 512, installer("i386"), asksForALanguage, 0},
	{"installer amd64", 1024, installer("amd64"), asksForALanguage, 0},
}

// TestBoots starts everything under our BIOS and under SeaBIOS with SeaVGABIOS.
func TestBoots(t *testing.T) {
	firmware := []struct {
		name string
		when when
		cfg  func(*testing.T, machine.Config) machine.Config
	}{
		{"our BIOS", underOurs, func(_ *testing.T, cfg machine.Config) machine.Config { return cfg }},
		{"SeaBIOS", underSeaBIOS, onSeaBIOS},
	}
	for _, f := range firmware {
		for _, b := range boots {
			t.Run(f.name+"/"+b.name, func(t *testing.T) {
				t.Parallel()
				if b.always&f.when == 0 && !allGuests() {
					t.Skip("GLASSBOX_ALL_GUESTS is not set")
				}
				b.person(start(t, f.cfg(t, machine.Config{Memory: b.mib << 20, Drives: b.drives(t)})))
			})
		}
	}
}

// allGuests says whether a test run may take half an hour.
func allGuests() bool { return os.Getenv("GLASSBOX_ALL_GUESTS") != "" }

// onSeaBIOS is a machine that starts with SeaBIOS and SeaVGABIOS instead of our BIOS.
func onSeaBIOS(t *testing.T, cfg machine.Config) machine.Config {
	cfg.Boot.BIOS = hostFile(t, seaBIOS+"bios-256k.bin")
	cfg.Boot.VGABIOS = hostFile(t, seaBIOS+"vgabios-stdvga.bin")
	return cfg
}

// cd, floppy and hard put a file of the guests' folder into a drive.
func cd(name string) func(testing.TB) machine.Drives {
	return func(t testing.TB) machine.Drives { return inCDROM(open(t, guestFile(t, name))) }
}

func floppy(name string) func(testing.TB) machine.Drives {
	return func(t testing.TB) machine.Drives { return inFloppy(open(t, guestFile(t, name))) }
}

func hard(name string) func(testing.TB) machine.Drives {
	return func(t testing.TB) machine.Drives { return machine.Drives{{Image: open(t, guestFile(t, name))}} }
}

func inCDROM(image disk.Image) machine.Drives {
	return machine.Drives{2: {CDROM: true, Image: image}}
}

func inFloppy(image disk.Image) machine.Drives {
	return machine.Drives{machine.FloppyA: {Image: image}}
}

// grub gets to GRUB's prompt and asks which drives there are, and perhaps what else GRUB sees:
// memory, processor and display.
func grub(drive string, more bool) func(*session) {
	return func(s *session) {
		s.see("automatically in")
		s.keys("c")
		s.see("grub>")
		s.keys("ls\n")
		s.see(drive)
		if !more {
			return
		}
		s.keys("lsmmap\n")
		s.see(`base_addr = 0x0, length = 0x9fc00, available RAM`)
		s.see(`base_addr = 0x100000, length = 0x[0-9a-f]+, available RAM`)
		s.keys("if cpuid -l; then echo AMD64; fi\n")
		s.see(`\nAMD64`)
		s.keys("insmod vbe\nvideoinfo\n")
		// SeaVGABIOS lists more than the screen holds, and does not find the display's EDID.
		s.see(`(0x192 1920 x 1080|0x195 1600 x  900) x 32`)
		if s.ours {
			s.see(`Preferred mode: 1024x768`)
		}
	}
}

func memtest(s *session) {
	s.see(`Memtest86\+ v6\.`)
	s.see(`Test #2 .*`)
	assert.Regexp(s.t, `Errors: 0`, screen(s.m))
	assert.Regexp(s.t, `Status: Testing`, screen(s.m))
}

// ipxe gets to iPXE's command line and asks it something.
func ipxe(s *session) {
	s.see(`Press Ctrl-B for the iPXE command line`)
	s.keys("\x02")
	s.see(`iPXE>`)
	s.keys("echo ${buildarch}\n")
	s.see(`i386`)
}

func ipxeFloppy(t testing.TB) machine.Drives {
	return inFloppy(syslinuxFloppy(t, "1440", "DEFAULT ipxe\nLABEL ipxe\n KERNEL ipxe.krn\n",
		map[string][]byte{"ipxe.krn": read(t, guestFile(t, "ipxe.lkrn"))}))
}

func syslinuxPrompt(t testing.TB) machine.Drives {
	return inFloppy(syslinuxFloppy(t, "1440", "SAY Read by INT 13h.\nPROMPT 1\nDEFAULT none\n", map[string][]byte{}))
}

// kernel is Debian's kernel with an initial RAM disk that says hello and runs a script.
func kernel(t testing.TB, script string, modules ...string) map[string][]byte {
	return map[string][]byte{"vmlinuz": read(t, guestFile(t, "vmlinuz-cloud")), "initrd": initrd(t, script, modules...)}
}

const syslinuxConfig = "SERIAL 0 115200\nPROMPT 1\nTIMEOUT 5\nDEFAULT linux\nLABEL linux\n KERNEL /vmlinuz\n" +
	" APPEND initrd=/initrd console=ttyS0 panic=-1\n"

func syslinuxDisk(t testing.TB) machine.Drives {
	image := filepath.Join(t.TempDir(), "disk")
	tool(t, "mformat", "-C", "-h", "16", "-s", "63", "-t", "40", "-i", image, "::")
	return machine.Drives{{Image: syslinuxOn(t, image, syslinuxConfig, kernel(t, "poweroff -f\n"))}}
}

func isolinuxKernel(t testing.TB) machine.Drives {
	config := "SERIAL 0 115200\nPROMPT 1\nDEFAULT none\nLABEL linux\n KERNEL /vmlinuz\n APPEND initrd=/initrd console=ttyS0 panic=-1\n"
	return inCDROM(isolinuxCD(t, config, kernel(t, "cat /proc/cmdline\npoweroff -f\n")))
}

// typesAtThePrompt starts the kernel with a word more on its command line.
func typesAtThePrompt(s *session) {
	s.see(`ISOLINUX 6\.`)
	s.see(`boot:`)
	s.keys("linux typed=on_the_keyboard\n")
	powersOff(s)
	assert.Regexp(s.t, `\nBOOT_IMAGE=/vmlinuz .* typed=on_the_keyboard`, s.serial.String())
}

// powersOff waits until the kernel ends by ACPI.
func powersOff(s *session) {
	s.see(`Linux version 6\.1`)
	s.see(`hello from the RAM disk`)
	assert.Equal(s.t, machine.StopPowerOff, s.ends().Reason)
	out := s.serial.String()
	assert.Regexp(s.t, `BIOS-e820: .mem 0x0000000000000000-0x000000000009fbff. usable`, out)
	for _, want := range []string{"ACPI: Interpreter enabled", "(supports S0 S5)", "Preparing to enter system sleep state S5"} {
		assert.Contains(s.t, out, want)
	}
	for _, bad := range []string{"ACPI Error", "ACPI BIOS", "ACPI Warning", "Firmware Bug", "Kernel panic", "I/O error", "mptable"} {
		assert.NotContains(s.t, out, bad)
	}
}

// grubDisk is a disk with GRUB in front of one partition with ext4, which holds a kernel
// that mounts it.
func grubDisk(t testing.TB) machine.Drives {
	files := kernel(t, `mount -t ext4 /dev/sda1 /mnt && cat /mnt/boot/note
echo written by the guest >/mnt/boot/answer
umount /mnt && mount -t ext4 -o ro /dev/sda1 /mnt && cat /mnt/boot/answer
umount /mnt
poweroff -f
`, diskModules...)
	files["note"] = []byte("read by the guest\n")
	return machine.Drives{{Image: bootDisk(t, files,
		"set root=(hd0,msdos1)\nlinux /boot/vmlinuz console=ttyS0 panic=-1\ninitrd /boot/initrd\nboot\n")}}
}

func powersOffAfterWriting(s *session) {
	powersOff(s)
	assert.Contains(s.t, s.serial.String(), "\nread by the guest\r")
	assert.Contains(s.t, s.serial.String(), "\nwritten by the guest\r")
}

// installer is a CD with ISOLINUX and Debian's installer, in text mode (else it draws). That
// for amd64 says first that memory is low when there are only 512 MiB.
func installer(arch string) func(testing.TB) machine.Drives {
	return func(t testing.TB) machine.Drives {
		return inCDROM(isolinuxCD(t, "DEFAULT installer\nLABEL installer\n KERNEL /linux\n"+
			" APPEND initrd=/initrd.gz nomodeset console=tty0 console=ttyS0\n", map[string][]byte{
			"linux": read(t, guestFile(t, "di-"+arch+"-linux")), "initrd.gz": read(t, guestFile(t, "di-"+arch+"-initrd.gz")),
		}))
	}
}

// asksForALanguage waits for the installer's first dialogue, which it shows on COM1 and on
// the text screen.
func asksForALanguage(s *session) {
	s.see(`ISOLINUX 6\.`)
	s.sends(`Choose the language to be used for the installation`)
	s.shows(`Choose the language to be used for the installation`)
}

// TestNothingToBootSaysSo boots an empty disk and reads the screen.
func TestNothingToBootSaysSo(t *testing.T) {
	s := start(t, machine.Config{Memory: 16 << 20, Drives: machine.Drives{{Image: disk.NewMemory(make([]byte, 1<<20))}}})
	assert.Equal(t, machine.StopHalted, s.ends().Reason)
	assert.True(t, s.m.NothingToBoot())
	for _, want := range []string{"Glassbox BIOS", "Disk 0: 1 MiB", "Booting from hard disk", "Boot failed: no boot sector", "No bootable device."} {
		assert.Contains(t, screen(s.m), want)
	}
}
