// Package rom is the bytes of the system ROM: the entry points of power-on and of the
// interrupt services, as short real-mode code that calls the services of bios/service and
// does all the waiting. rom.asm is the source; a test assembles it again.
//
// Sources: IBM PC AT Technical Reference, "System BIOS" (entry points at fixed addresses,
// configuration table, diskette parameters); PCI BIOS Specification 2.1 and the BIOS32
// service directory.
//
// Not modelled: the tables of other makers.
package rom

import _ "embed"

// Size is the size of the image in bytes; it ends at 1 MiB and, again, at 4 GiB.
const Size = 0x10000

// Tables is the offset of the room for tables that systems look for below 1 MiB, and
// TablesSize how much there is, in bytes. The board fills it; in the image it is zero.
const (
	Tables     = 0xc000
	TablesSize = 0x2000
)

//go:embed rom.bin
var image string

// Image returns a copy of the ROM.
func Image() []byte { return []byte(image) }

// Byte returns the byte at offset off (modulo Size), as data for tables that are in the ROM.
func Byte(off uint16) byte { return image[off] }

// Offsets of the fonts: 256 characters of 8, 14 and 16 bytes, and a list of no characters.
// The first half of the smallest is once more where the IBM PC has it.
const (
	Font8    = 0x9000
	Font14   = Font8 + 256*8
	Font16   = Font14 + 256*14
	FontNone = Font16 + 256*16
	fontIBM  = 0xfa6e
)

// PutFonts puts the fonts of the adapter into an image: font returns 256 characters of
// height bytes, or nil.
func PutFonts(image []byte, font func(height uint8) []byte) {
	copy(image[Font8:Font14], font(8))
	copy(image[Font14:Font16], font(14))
	copy(image[Font16:FontNone], font(16))
	copy(image[fontIBM:fontIBM+128*8], image[Font8:Font14])
}
