package bios

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/glassbox-vm/glassbox/devices/vga"
	"github.com/glassbox-vm/glassbox/devices/vga/font"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// TestTheROMOfTheAdapterIsWhereProgramsLook: at C0000h with its signature, its name and a sum
// of 0; INT 10h leads there; so do the fonts, and by way of 40:A8 the parameters of the
// modes, in which those of mode 3 (400 lines) and 13h are what the adapter's makers say.
func TestTheROMOfTheAdapterIsWhereProgramsLook(t *testing.T) {
	s := start(t, machine.Config{Memory: 16 << 20})
	s.see("No bootable device")
	mem := s.m.Memory()
	bytes := func(at, n int) []byte {
		p := make([]byte, n)
		mem.ReadAt(p, phys.Addr(at))
		return p
	}
	pointer := func(at int) int {
		p := bytes(at, 4)
		return int(binary.LittleEndian.Uint16(p[2:]))<<4 + int(binary.LittleEndian.Uint16(p))
	}
	rom := bytes(0xc0000, int(bytes(0xc0002, 1)[0])*512)
	assert.Equal(t, []byte{0x55, 0xaa}, rom[:2])
	assert.Equal(t, "IBM", string(rom[0x1e:0x21]))
	sum := byte(0)
	for _, v := range rom {
		sum += v
	}
	assert.Zero(t, sum)
	assert.Equal(t, 0xc0000, pointer(4*0x10)&0xf0000)
	mem.Write(0xc0000, 1, 0)
	assert.Equal(t, byte(0x55), bytes(0xc0000, 1)[0], "read-only")

	f16, f8 := font.Size16(), font.Size8()
	assert.Equal(t, f16['A'][:], bytes(pointer(4*0x43)+16*'A', 16))
	assert.Equal(t, f8[0x80+'A'][:], bytes(pointer(4*0x1f)+8*'A', 8))

	table := pointer(pointer(0x4a8))
	for row, mode := range map[int]uint8{0x18: 3, 0x1c: 0x13, 0x1b: 0x12, 0x04: 4} {
		m, _ := vga.StandardMode(mode)
		p := bytes(table+64*row, 64)
		assert.Equal(t, m.Seq[1:], p[5:9], "mode %#x", mode)
		assert.Equal(t, m.Misc, p[9])
		assert.Equal(t, m.CRTC[:], p[10:35])
		assert.Equal(t, m.Attr[:20], p[35:55])
		assert.Equal(t, m.Gfx[:], p[55:64])
	}
	assert.Equal(t, []byte{80, 24, 16, 0x00, 0x10}, bytes(table+64*0x18, 5))
	assert.Equal(t, []byte{40, 24, 8, 0x00, 0x20}, bytes(table+64*0x1c, 5))
	more := bytes(pointer(pointer(0x4a8)+16), 2)
	assert.Equal(t, []byte{0x1a, 0}, more, "the second table of pointers")
}
