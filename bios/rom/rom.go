// Package rom is the bytes of the system ROM: the entry points of power-on and of the
// interrupt services, as short real-mode code that calls the services of bios/service and
// does all the waiting. rom.asm is the source; a test assembles it again. vga.asm is the
// expansion ROM of the display adapter, with fonts and tables.
//
// Sources: IBM PC AT Technical Reference, "System BIOS" (entry points at fixed addresses,
// configuration table, diskette parameters); PCI BIOS Specification 2.1 and the BIOS32
// service directory; IBM PS/2 and PC BIOS Interface Technical Reference, "Video", SAVE_PTR;
// PCI Firmware Specification, "PCI Data Structure".
//
// Not modelled: the tables of other makers; fonts and palettes of a program in the table of
// pointers at 40:A8.
//
// Limits: INT 10h is a call of a service, which only this machine's processors understand:
// in real mode, in virtual-8086 mode, and wherever the ROM's pages are mapped. A program that
// interprets the code of the ROM (x86emu in an X server, a hypervisor) stops at it. For those
// the adapter can have another ROM, with code, such as SeaVGABIOS: power-on starts it.
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

//go:embed vga.bin
var video string

// VideoSegment is where power-on copies the ROM of the display adapter, VideoSize its size.
const (
	VideoSegment = 0xc000
	VideoSize    = 0x8000
)

// Offsets in the ROM of the display adapter: the parameters of the video modes, the fonts, 256
// characters of 8, 14 and 16 bytes, and a list of no characters.
const (
	Parameters     = 0x1000
	ParametersSize = 29 * 64
	Font8          = 0x2000
	Font14         = Font8 + 256*8
	Font16         = Font14 + 256*14
	FontNone       = Font16 + 256*16
)

// fontIBM is where the IBM PC has the first half of the smallest font, in the system ROM.
const fontIBM = 0xfa6e

// Video returns the ROM of the display adapter: font returns 256 characters of height bytes,
// parameters are those of the modes.
func Video(font func(height uint8) []byte, parameters []byte) []byte {
	p := []byte(video)
	copy(p[Parameters:][:ParametersSize], parameters)
	copy(p[Font8:Font14], font(8))
	copy(p[Font14:Font16], font(14))
	copy(p[Font16:FontNone], font(16))
	sum := byte(0)
	for _, v := range p {
		sum += v
	}
	p[VideoSize-1] -= sum
	return p
}

// PutFont puts the smallest font of the adapter into an image of the system ROM.
func PutFont(image []byte, font []byte) {
	copy(image[fontIBM:fontIBM+128*8], font)
}
