package fwcfg

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

func newDevice(t *testing.T) (*Device, devicestest.RAM) {
	ram := make(devicestest.RAM, 0x4000)
	d := New(ram)
	require.NoError(t, d.Add64(KeyRAMSize, 64<<20))
	require.NoError(t, d.Add16(KeyCPUs, 2))
	require.NoError(t, d.AddString(KeyCmdlineData, "quiet"))
	require.NoError(t, d.AddFile("etc/b", []byte("bbb")))
	require.NoError(t, d.AddFile("etc/a", []byte{1, 2, 3, 4, 5}))
	d.Reset()
	return d, ram
}

// read selects an item and reads n bytes of it.
func read(d *Device, key uint16, n int) string {
	d.OutWide(0, 2, uint32(key))
	b := make([]byte, n)
	for i := range b {
		b[i] = d.In(1)
	}
	return string(b)
}

func TestSignatureAndFeatures(t *testing.T) {
	d, _ := newDevice(t)
	assert.Equal(t, "QEMU\x00", read(d, 0, 5))
	assert.Equal(t, "\x03\x00\x00\x00", read(d, 1, 4))
	assert.Equal(t, "\x01\x00\x00\x00", read(New(nil), 1, 4))
	b := make([]byte, 8)
	for i := range b {
		b[i] = d.In(4 + uint16(i))
	}
	assert.Equal(t, "QEMU CFG", string(b))
	assert.Equal(t, uint32(0x554D4551), d.InWide(4, 4), "bytes in order")
	assert.Equal(t, uint8(0xFF), New(nil).In(4))
}

func TestItems(t *testing.T) {
	d, _ := newDevice(t)
	assert.Equal(t, "\x00\x00\x00\x04\x00\x00\x00\x00", read(d, 3, 8))
	assert.Equal(t, "\x02\x00", read(d, 5, 2))
	assert.Equal(t, "quiet\x00\x00\x00", read(d, 0x15, 8), "zeros after the end")
	assert.Equal(t, "quiet", read(d, 0x4015, 5), "bit 14 has no effect")
	d.Out(1, 'X')
	assert.Equal(t, "quiet", read(d, 0x15, 5), "writes are ignored")
}

func TestDirectoryIsSortedByName(t *testing.T) {
	d, _ := newDevice(t)
	name := func(s string) string { return s + strings.Repeat("\x00", 56-len(s)) }
	want := "\x00\x00\x00\x02" +
		"\x00\x00\x00\x05\x00\x20\x00\x00" + name("etc/a") +
		"\x00\x00\x00\x03\x00\x21\x00\x00" + name("etc/b")
	assert.Equal(t, want, read(d, 0x19, len(want)))
	assert.Equal(t, "\x01\x02\x03\x04\x05", read(d, 0x20, 5))
	assert.Equal(t, "bbb", read(d, 0x21, 3))
}

// TestAnySelectorIsSafe selects every number there is (CVE-2016-1714).
func TestAnySelectorIsSafe(t *testing.T) {
	d, _ := newDevice(t)
	for key := range 0x10000 {
		d.OutWide(0, 2, uint32(key))
		for range 3 {
			d.In(1)
		}
	}
	assert.Equal(t, "\x00\x00", read(d, 0xFFFF, 2))
}

// request writes a request to memory at 100h and starts it; it returns the control field.
func request(d *Device, ram devicestest.RAM, control, length uint32, addr uint64) uint32 {
	be := binary.BigEndian
	be.PutUint32(ram[0x100:], control)
	be.PutUint32(ram[0x104:], length)
	be.PutUint64(ram[0x108:], addr)
	d.OutWide(8, 4, 0x00010000) // 100h, big-endian
	return be.Uint32(ram[0x100:])
}

func TestDMA(t *testing.T) {
	d, ram := newDevice(t)
	assert.Zero(t, request(d, ram, 0x20<<16|8|2, 2, 0x200), "select and read")
	assert.Equal(t, []byte{1, 2, 0}, []byte(ram[0x200:0x203]))
	assert.Zero(t, request(d, ram, 4, 1, 0), "skip")
	assert.Equal(t, uint8(4), d.In(1))
	ram[0x301], ram[0x302], ram[0x303] = 9, 9, 9
	assert.Zero(t, request(d, ram, 2, 3, 0x300), "read past the end")
	assert.Equal(t, []byte{5, 0, 0, 9}, []byte(ram[0x300:0x304]))
	assert.Zero(t, request(d, ram, 4, 0xFFFFFFFF, 0), "skip past the end")
	assert.Zero(t, d.In(1))

	assert.Equal(t, uint32(1), request(d, ram, 0x20<<16|8|0x10, 1, 0x200), "all is read-only")
	assert.Equal(t, uint32(1), request(d, ram, 2, 0xFFFFFFFF, 0x200), "length is bounded")
	assert.Equal(t, uint32(1), request(d, ram, 2, 2, 0xFFFFFFFFFFFFFFFF), "address wraps")
	assert.Zero(t, request(d, ram, 0xFFFF<<16|8|2, 4, 0x400), "no such item")
	assert.Zero(t, request(d, ram, 0, 4, 0x400), "nothing to do")
}

func TestDMAAddressIs64Bits(t *testing.T) {
	d, ram := newDevice(t)
	binary.BigEndian.PutUint32(ram[0x100:], 0x20<<16|8)
	d.OutWide(4, 4, 0x01000000)
	assert.Equal(t, uint32(1), d.Save().DMAHigh)
	d.OutWide(8, 4, 0x00010000) // 1_0000_0100h: nothing there
	assert.NotZero(t, ram[0x101])
	assert.Zero(t, d.Save().DMAHigh, "back to 0")
	d.OutWide(8, 4, 0x00010000)
	assert.Zero(t, ram[0x101])
	d.OutWide(8, 2, 0x0100) // other widths do nothing
	d.OutWide(6, 4, 0x0100)
}

func TestAddErrors(t *testing.T) {
	d, _ := newDevice(t)
	for _, key := range []uint16{KeySignature, KeyID, KeyFileDir, KeyRAMSize} {
		assert.ErrorContains(t, d.Add(key, nil), "there is one already")
	}
	for _, key := range []uint16{0x20, 0x3FFF, 0x4000, 0xC000} {
		assert.ErrorContains(t, d.Add(key, nil), "not the number of an item")
	}
	assert.NoError(t, d.Add(KeyE820Table, nil))
	assert.ErrorContains(t, d.AddFile("etc/a", nil), "there is one already")
	assert.ErrorContains(t, d.AddFile("", nil), "name has 0 bytes")
	assert.ErrorContains(t, d.AddFile(strings.Repeat("x", 56), nil), "name has 56 bytes")
	assert.NoError(t, d.AddFile(strings.Repeat("x", 55), nil))
}

func TestRestoreInMidItem(t *testing.T) {
	d, _ := newDevice(t)
	read(d, 0x20, 2)
	s := d.Save()
	e, _ := newDevice(t)
	require.NoError(t, e.Restore(s))
	assert.Equal(t, uint8(3), e.In(1))
	assert.ErrorContains(t, e.Restore(State{Select: 0x20, Offset: 6}), "offset 0x6")
	assert.ErrorContains(t, e.Restore(State{Select: 0x999, Offset: 1}), "offset")
	assert.ErrorContains(t, e.Restore(State{Select: 0x4000}), "selector")
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0, 0x20, 0, 0, 0, 1, 0, 0, 0, 0, 4, 0, 0, 1, 0}, []byte{0, 0x20, 0, 10, 0, 0, 0, 5})
	f.Fuzz(func(t *testing.T, in, memory []byte) {
		d, ram := newDevice(t)
		copy(ram[0x100:], memory)
		for len(in) >= 5 {
			off, v := uint16(in[0]%Ports), binary.LittleEndian.Uint32(in[1:])
			switch in[0] / Ports % 5 {
			case 0:
				d.OutWide(off, 2, v&0xFFFF)
			case 1:
				d.OutWide(off, 4, v)
			case 2:
				d.In(off)
			case 3:
				d.Out(off, in[1])
			case 4:
				d.OutWide(8, 4, 0x00010000)
			}
			in = in[5:]
			s := d.Save()
			require.NoError(t, d.Restore(s))
			require.Equal(t, s, d.Save())
		}
	})
}
