package mptable

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTable walks the table as the specification lays it out.
func TestTable(t *testing.T) {
	pointer, table := Build(Board{
		IDs: []uint8{0, 1}, Signature: 0x306c3, Features: 0x201, LocalAPIC: 0xfee00000, IOAPIC: 0xfec00000, IOAPICID: 2, IOVersion: 0x11,
		PCI: []PCIInterrupt{{Device: 2, Pin: 0, Input: 11}}, ISA: []ISAInterrupt{{1, 1}, {0, 2}},
	}, 0xfc400)
	le := binary.LittleEndian
	require.Len(t, pointer, 16)
	assert.Equal(t, "_MP_", string(pointer[:4]))
	assert.Equal(t, uint32(0xfc400), le.Uint32(pointer[4:]))
	assert.Equal(t, []byte{1, 4}, pointer[8:10])
	assert.Zero(t, total(pointer))
	assert.Equal(t, "PCMP", string(table[:4]))
	assert.Equal(t, uint16(len(table)), le.Uint16(table[4:]))
	assert.Zero(t, total(table))
	assert.Equal(t, uint32(0xfee00000), le.Uint32(table[36:]))
	kinds := map[byte]int{}
	n := uint16(0)
	for p := table[44:]; len(p) > 0; n++ {
		kinds[p[0]]++
		size := 8
		switch p[0] {
		case 0:
			size = 20
			assert.Equal(t, p[1] == 0, p[3] == 3, "the first boots")
			assert.Equal(t, uint32(0x306c3), le.Uint32(p[4:]))
		case 3:
			if p[4] == 0 { // PCI: device and pin
				assert.Equal(t, []byte{0, 13, 0, 0, 2 << 2, 2, 11}, p[1:8])
			}
		}
		p = p[size:]
	}
	assert.Equal(t, n, le.Uint16(table[34:]))
	assert.Equal(t, map[byte]int{0: 2, 1: 2, 2: 1, 3: 3, 4: 2}, kinds)
}

func TestPIR(t *testing.T) {
	p := PIR(Router{
		Device: 1, Vendor: 0x8086, Chip: 0x7000, Slots: 3, IRQs: 1<<10 | 1<<11,
		Link: func(slot, pin int) uint8 { return uint8(0x60 + (slot+pin-1)&3) },
	})
	le := binary.LittleEndian
	assert.Equal(t, "$PIR", string(p[:4]))
	assert.Equal(t, uint16(len(p)), le.Uint16(p[6:]))
	assert.Equal(t, 32+3*16, len(p))
	assert.Zero(t, total(p))
	assert.Equal(t, uint8(8), p[9])
	assert.Equal(t, uint32(0x70008086), le.Uint32(p[12:]))
	slot2 := p[32+16:]
	assert.Equal(t, []byte{0, 2 << 3, 0x61, 0x00, 0x0c, 0x62, 0x00, 0x0c, 0x63, 0x00, 0x0c, 0x60, 0x00, 0x0c, 0, 0}, slot2[:16])
}
