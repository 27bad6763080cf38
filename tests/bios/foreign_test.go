package bios

import (
	"testing"

	"github.com/glassbox-vm/glassbox/machine"
)

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
