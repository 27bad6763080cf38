// Package bios is what firmware leaves behind for an operating system. This part of it is
// the direct boot: a kernel file is put into guest memory and the processor state at its
// first instruction is worked out, as a boot loader would, without running any firmware.
//
// Read load.go first: Load tells the formats apart. Each format has a file of its own:
//
//	e820.go       the memory map of the board, the only place that knows it
//	layout.go     which memory is still free, and what is to be written where
//	linux.go      Linux bzImage: the header;  linux_load.go: its placement, 32- and 64-bit entry
//	multiboot.go  Multiboot 1: the header and address fields;  multiboot_elf.go: ELF images;
//	              multiboot_info.go: modules and the information structure
//	entry.go      the processor state at the first instruction
//
// A kernel file is hostile until shown otherwise: every length and address in it is checked
// with arithmetic that cannot wrap, nothing is written before everything has been checked,
// and the result is an error or a complete image.
//
// Sources: Linux Documentation/arch/x86/boot.rst and zero-page.rst; Multiboot Specification
// 0.6.96; System V ABI, "ELF Header"; ACPI Specification, "System Address Map Interfaces".
//
// Not modelled: boot protocols before 2.06, zImage, the EFI handover, initial RAM disks
// above 4 GiB, Multiboot 2, PVH, a.out symbol tables, graphics modes for Multiboot.
package bios
