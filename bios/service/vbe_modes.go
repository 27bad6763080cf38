package service

// A vbeShape is a mode by its number, size and depth. Those below 120h are VESA's, the
// others as firmware for the Bochs adapter numbers them.
//
// VBE Core Functions Standard 3.0, "Standard VBE Modes".
type vbeShape struct {
	number, width, height uint16
	bits                  uint8
}

// vbeModes returns the modes there are.
func vbeModes() []vbeShape { return vbeTable[:] }

var vbeTable = [...]vbeShape{
	{0x100, 640, 400, 8}, {0x101, 640, 480, 8}, {0x102, 800, 600, 4}, {0x103, 800, 600, 8},
	{0x104, 1024, 768, 4}, {0x105, 1024, 768, 8}, {0x106, 1280, 1024, 4}, {0x107, 1280, 1024, 8},
	{0x10d, 320, 200, 15}, {0x10e, 320, 200, 16}, {0x10f, 320, 200, 24},
	{0x110, 640, 480, 15}, {0x111, 640, 480, 16}, {0x112, 640, 480, 24},
	{0x113, 800, 600, 15}, {0x114, 800, 600, 16}, {0x115, 800, 600, 24},
	{0x116, 1024, 768, 15}, {0x117, 1024, 768, 16}, {0x118, 1024, 768, 24},
	{0x119, 1280, 1024, 15}, {0x11a, 1280, 1024, 16}, {0x11b, 1280, 1024, 24},
	{0x11c, 1600, 1200, 8}, {0x11d, 1600, 1200, 15}, {0x11e, 1600, 1200, 16}, {0x11f, 1600, 1200, 24},
	{0x140, 320, 200, 32}, {0x141, 640, 400, 32}, {0x142, 640, 480, 32}, {0x143, 800, 600, 32},
	{0x144, 1024, 768, 32}, {0x145, 1280, 1024, 32}, {0x146, 320, 200, 8}, {0x147, 1600, 1200, 32},
	{0x148, 1152, 864, 8}, {0x149, 1152, 864, 15}, {0x14a, 1152, 864, 16}, {0x14b, 1152, 864, 24}, {0x14c, 1152, 864, 32},
	{0x175, 1280, 768, 16}, {0x176, 1280, 768, 24}, {0x177, 1280, 768, 32},
	{0x178, 1280, 800, 16}, {0x179, 1280, 800, 24}, {0x17a, 1280, 800, 32},
	{0x17b, 1280, 960, 16}, {0x17c, 1280, 960, 24}, {0x17d, 1280, 960, 32},
	{0x17e, 1440, 900, 16}, {0x17f, 1440, 900, 24}, {0x180, 1440, 900, 32},
	{0x181, 1400, 1050, 16}, {0x182, 1400, 1050, 24}, {0x183, 1400, 1050, 32},
	{0x184, 1680, 1050, 16}, {0x185, 1680, 1050, 24}, {0x186, 1680, 1050, 32},
	{0x187, 1920, 1200, 16}, {0x188, 1920, 1200, 24}, {0x189, 1920, 1200, 32},
	{0x18d, 1280, 720, 16}, {0x18e, 1280, 720, 24}, {0x18f, 1280, 720, 32},
	{0x190, 1920, 1080, 16}, {0x191, 1920, 1080, 24}, {0x192, 1920, 1080, 32},
}

// pixelBytes is the bytes of a pixel; 0 for planes.
func (v *vbeShape) pixelBytes() uint32 {
	if v.bits == 4 {
		return 0
	}
	return uint32(v.bits+7) / 8
}

// line is the bytes of a line, in each plane.
func (v *vbeShape) line() uint32 {
	if v.bits == 4 {
		return uint32(v.width) / 8
	}
	return uint32(v.width) * v.pixelBytes()
}

// size is the memory of a screen in bytes.
func (v *vbeShape) size() uint32 {
	if v.bits == 4 {
		return v.line() * uint32(v.height) * 4
	}
	return v.line() * uint32(v.height)
}

// findVBE looks a mode up.
func findVBE(number uint16) (v vbeShape, ok bool) {
	for _, v := range vbeModes() {
		if v.number == number {
			return v, true
		}
	}
	return vbeShape{}, false
}

// vbeInfo describes a mode as the text services see it.
func vbeInfo(number uint16) (m modeInfo, ok bool) {
	v, ok := findVBE(number)
	return modeInfo{
		columns: v.width / 8, pages: 1, base: 0xa000, height: 16, rows: uint8(v.height / 16),
		bits: v.bits, linear: v.bits != 4,
	}, ok
}

// A field is where a colour is in a pixel.
type field struct{ size, at uint8 }

// fields are red, green, blue and what is left over.
func (v *vbeShape) fields() [4]field {
	switch v.bits {
	case 15:
		return [4]field{{5, 10}, {5, 5}, {5, 0}, {1, 15}}
	case 16:
		return [4]field{{5, 11}, {6, 5}, {5, 0}, {0, 0}}
	case 24:
		return [4]field{{8, 16}, {8, 8}, {8, 0}, {0, 0}}
	case 32:
		return [4]field{{8, 16}, {8, 8}, {8, 0}, {8, 24}}
	}
	return [4]field{}
}
