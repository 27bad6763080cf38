package service

import "github.com/glassbox-vm/glassbox/bios/rom"

// The table of video parameters that the first of the pointers at 40:A8 leads to: 64 bytes
// for each mode and number of lines. Programs read it, and put their own in its place.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "Video", video parameter table: columns,
// rows less one, height of characters, bytes of a page; sequencer 1-4, Miscellaneous Output,
// 25 CRTC, 20 attribute and 9 graphics registers.
const (
	parametersRow = 64
	rowSeq        = 5
	rowMisc       = rowSeq + 4
	rowCRTC       = rowMisc + 1
	rowAttr       = rowCRTC + 25
	rowGfx        = rowAttr + 20
)

// parametersOf is the row of a mode with so many lines (text modes have a choice).
func parametersOf(n uint8, lines uint16) uint32 {
	switch {
	case n == 7 && lines == 400:
		return 0x19
	case n < 4 && lines == 350:
		return 0x13 + uint32(n)
	case n < 4 && lines == 400:
		return 0x17 + uint32(n/2)
	case n == 0x0f || n == 0x10:
		return 0x11 + uint32(n-0x0f)
	case n >= 0x11:
		return 0x1a + uint32(n-0x11)
	}
	return uint32(n)
}

// Parameters makes the table of the adapter.
func (v *Video) Parameters() []byte {
	table := make([]byte, rom.ParametersSize)
	put := func(n uint8, lines uint16, row uint32) {
		m, ok := v.Mode(n)
		if !ok {
			return
		}
		info, _ := infoOf(n)
		fewerLines(&m, lines)
		height := info.height
		if info.text {
			height = uint8(lines / 25)
		}
		p := table[row*parametersRow:]
		p[0], p[1], p[2], p[3], p[4] = uint8(info.columns), info.rows-1, height, uint8(info.page), uint8(info.page>>8)
		copy(p[rowSeq:], m.Seq[1:])
		p[rowMisc] = m.Misc
		copy(p[rowCRTC:], m.CRTC[:])
		copy(p[rowAttr:rowGfx], m.Attr[:])
		copy(p[rowGfx:], m.Gfx[:])
	}
	for n := range uint8(0x14) {
		for _, lines := range []uint16{200, 350, 400} {
			put(n, lines, parametersOf(n, lines))
		}
	}
	put(0x0f, 0, 0x0f) // as on an EGA with 64 KiB
	put(0x10, 0, 0x10)
	return table
}

// parameters reads the row of a mode; there is none if the adapter has no ROM.
func (c *call) parameters(n uint8, lines uint16) (m VideoMode, ok bool) {
	pointers := c.d(bdaSaveTable)
	if pointers == 0 {
		return m, false
	}
	table := c.d(far(uint16(pointers>>16), uint16(pointers)))
	if table == 0 {
		return m, false
	}
	p := c.bytes(far(uint16(table>>16), uint16(table))+parametersRow*parametersOf(n, lines), parametersRow)
	copy(m.Seq[1:], p[rowSeq:rowMisc])
	m.Seq[0], m.Misc = 3, p[rowMisc]
	copy(m.CRTC[:], p[rowCRTC:])
	copy(m.Attr[:20], p[rowAttr:])
	copy(m.Gfx[:], p[rowGfx:])
	return m, true
}
