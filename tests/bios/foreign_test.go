package bios

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/machine"
)

// onSeaBIOS is a machine that starts with SeaBIOS and SeaVGABIOS instead of our BIOS.
func onSeaBIOS(t *testing.T, cfg machine.Config) machine.Config {
	cfg.Boot.BIOS = hostFile(t, seaBIOS+"bios-256k.bin")
	cfg.Boot.VGABIOS = hostFile(t, seaBIOS+"vgabios-stdvga.bin")
	return cfg
}

// TestSeaBIOSBoots starts, under SeaBIOS, what the other tests start under our BIOS. All but
// the first take long and run where GLASSBOX_ALL_GUESTS is set.
func TestSeaBIOSBoots(t *testing.T) {
	cd := func(t *testing.T, name string) machine.Drives {
		return machine.Drives{2: {CDROM: true, Image: open(t, guestFile(t, name))}}
	}
	floppy := func(t *testing.T, name string) machine.Drives {
		return machine.Drives{4: {Image: open(t, guestFile(t, name))}}
	}
	memtest := func(s *session) {
		s.see(`Memtest86\+ v6\.`)
		s.see(`Test #3 .*`)
		assert.Regexp(s.t, `Errors: 0`, screen(s.m))
	}
	for _, tc := range []struct {
		name   string
		mib    uint64
		drives func(t *testing.T) machine.Drives
		drive  func(s *session)
	}{
		{"SYSLINUX floppy", 16, func(t *testing.T) machine.Drives {
			return machine.Drives{4: {Image: syslinuxFloppy(t, "1440", "SAY Read by INT 13h.\nPROMPT 1\nDEFAULT none\n", map[string][]byte{})}}
		}, func(s *session) { s.see(`Read by INT 13h\.`); s.see(`boot:`) }},
		{"GRUB floppy", 64, func(t *testing.T) machine.Drives { return floppy(t, "grub-rescue-floppy.img") }, func(s *session) { grubPrompt(s, `\(fd0\)`) }},
		{"GRUB CD", 64, func(t *testing.T) machine.Drives { return cd(t, "grub-rescue-cdrom.iso") }, func(s *session) { grubPrompt(s, `\(cd\)`) }},
		{"GRUB stick", 64, func(t *testing.T) machine.Drives {
			return machine.Drives{{Image: open(t, guestFile(t, "grub-rescue-usb.img"))}}
		}, func(s *session) { grubPrompt(s, `\(hd0\)`) }},
		{"memtest86+ ia32", 16, func(t *testing.T) machine.Drives { return cd(t, "memtest86+ia32.iso") }, memtest},
		{"memtest86+ x64", 16, func(t *testing.T) machine.Drives { return cd(t, "memtest86+x64.iso") }, memtest},
		{"iPXE CD", 32, func(t *testing.T) machine.Drives { return cd(t, "ipxe.iso") }, ipxeShell},
		{"iPXE floppy", 32, func(t *testing.T) machine.Drives {
			return machine.Drives{4: {Image: syslinuxFloppy(t, "1440", "DEFAULT ipxe\nLABEL ipxe\n KERNEL ipxe.krn\n",
				map[string][]byte{"ipxe.krn": read(t, guestFile(t, "ipxe.lkrn"))})}}
		}, ipxeShell},
		{"ISOLINUX", 256, func(t *testing.T) machine.Drives {
			kernel := read(t, guestFile(t, "vmlinuz-cloud"))
			return machine.Drives{2: {CDROM: true, Image: isolinuxCD(t, isolinuxConfig, map[string][]byte{"vmlinuz": kernel})}}
		}, func(s *session) {
			s.see(`Linux version 6\.1`)
			s.see(`ACPI: PM: \(supports S0 S5\)`)
		}},
		{"disk with GRUB", 256, func(t *testing.T) machine.Drives {
			kernel := read(t, guestFile(t, "vmlinuz-cloud"))
			return machine.Drives{{Image: bootDisk(t, kernel, "set root=(hd0,msdos1)\nlinux /boot/vmlinuz console=ttyS0 panic=-1\nboot\n")}}
		}, func(s *session) { s.see(`Linux version 6\.1`) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if tc.name != "SYSLINUX floppy" && os.Getenv("GLASSBOX_ALL_GUESTS") == "" {
				t.Skip("GLASSBOX_ALL_GUESTS is not set")
			}
			tc.drive(start(t, onSeaBIOS(t, machine.Config{Memory: tc.mib << 20, Drives: tc.drives(t)})))
		})
	}
}

// ipxeShell gets to iPXE's command line.
func ipxeShell(s *session) {
	s.see(`Press Ctrl-B for the iPXE command line`)
	s.keys("\x02")
	s.see(`iPXE>`)
}

// TestGRUBAsFirmware starts GRUB in the place of a BIOS, as grub-firmware-qemu has it.
func TestGRUBAsFirmware(t *testing.T) {
	t.Parallel()
	s := start(t, machine.Config{Memory: 32 << 20, Boot: machine.Boot{BIOS: read(t, guestFile(t, "grub-firmware.bin"))},
		Drives: machine.Drives{{Image: open(t, guestFile(t, "grub-rescue-floppy.img"))}}})
	s.see(`Search & load /boot/multiboot\.img`)
	s.keys("c")
	s.see("grub>")
	s.keys("ls\nlspci\n")
	s.see(`\(ata0\)`)
	s.see(`1234:1111`)
}

// TestUBootReachesItsPrompt starts both builds for PCs. They run a VGA's ROM with segments of
// 1 MiB, beyond which SeaVGABIOS reads, so that there is none.
func TestUBootReachesItsPrompt(t *testing.T) {
	for _, name := range []string{"u-boot-x86.rom", "u-boot-x86_64.rom"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, machine.Config{Memory: 64 << 20, Boot: machine.Boot{BIOS: read(t, guestFile(t, name))}})
			s.see(`Model: QEMU x86 \(I440FX\)`)
			s.see(`Hit any key to stop autoboot`)
			s.m.SendSerial(0, []byte(" "))
			s.see(`=> `)
			s.m.SendSerial(0, []byte("bdinfo\r"))
			s.see(`DRAM bank`)
		})
	}
}
