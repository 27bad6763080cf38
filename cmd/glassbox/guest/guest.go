// Package guest holds the embedded guest: a small 64-bit kernel that any Multiboot 1
// loader starts. guest.asm is its source and explains it; guest.elf is what nasm makes
// of it, and a test compares the two wherever nasm is installed.
package guest

import _ "embed"

//go:generate nasm -f bin -o guest.elf guest.asm

//go:embed guest.elf
var image []byte

// Image returns the kernel, an ELF file of a few kilobytes. The caller must not change it.
func Image() []byte { return image }
