package machine

import (
	"github.com/glassbox-vm/glassbox/bios/service"
	"github.com/glassbox-vm/glassbox/devices/vga"
	"github.com/glassbox-vm/glassbox/devices/vga/font"
)

// videoTables are the tables of the display adapter for our BIOS: the VGA's modes, colours
// and fonts. Without a display the BIOS knows of memory at B8000h only.
func (m *Machine) videoTables() service.Video {
	if m.cfg.VGA == VGANone {
		return service.Video{}
	}
	fonts := map[uint8][]byte{}
	return service.Video{
		Mode: func(n uint8) (service.VideoMode, bool) {
			v, ok := vga.StandardMode(n)
			return service.VideoMode(v), ok
		},
		Colours: colours,
		Font: func(height uint8) []byte {
			if fonts[height] == nil {
				fonts[height] = fontOf(height)
			}
			return fonts[height]
		},
	}
}

// colours is what standard mode n has in the DAC.
func colours(n uint8) [][3]uint8 {
	switch n {
	case 0x13:
		p := vga.VGAColours()
		return p[:]
	case 0x04, 0x05, 0x06, 0x0d, 0x0e:
		p := vga.CGAColours()
		return p[:]
	}
	p := vga.EGAColours()
	return p[:]
}

// fontOf is a font as the bytes of a ROM; nil for a height that there is none of.
func fontOf(height uint8) (p []byte) {
	switch height {
	case 8:
		for _, g := range font.Size8() {
			p = append(p, g[:]...)
		}
	case 14:
		for _, g := range font.Size14() {
			p = append(p, g[:]...)
		}
	case 16:
		for _, g := range font.Size16() {
			p = append(p, g[:]...)
		}
	}
	return p
}
