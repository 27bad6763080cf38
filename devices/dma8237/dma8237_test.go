package dma8237

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

func newDevice() (*Device, devicestest.RAM) {
	ram := make(devicestest.RAM, 0x60000)
	d := New(ram)
	d.Reset()
	d.High().Out(0x16, 0xc0) // channel 4 is the cascade, as firmware sets it
	d.High().Out(0x14, 0x00)
	return d, ram
}

// program sets channel n up as a driver does, and unmasks it. addr and count are what goes
// into the registers.
func program(d *Device, n int, mode, page uint8, addr, count uint16) {
	f, step := d.Low(), uint16(1)
	if n >= 4 {
		f, step = d.High(), 2
	}
	ch := uint16(n % 4)
	f.Out(0xA*step, 4|uint8(ch))
	f.Out(0xC*step, 0)
	f.Out(0xB*step, mode|uint8(ch))
	for _, v := range []uint8{uint8(addr), uint8(addr >> 8)} {
		f.Out(2*ch*step, v)
	}
	for _, v := range []uint8{uint8(count), uint8(count >> 8)} {
		f.Out((2*ch+1)*step, v)
	}
	// IBM PC AT Technical Reference: 87h, 83h, 81h, 82h, –, 8Bh, 89h, 8Ah.
	d.Pages(0).Out([]uint16{7, 3, 1, 2, 0, 0xB, 9, 0xA}[n], page)
	f.Out(0xA*step, uint8(ch))
}

const (
	toMemory   = 0x44 // single, write
	fromMemory = 0x48 // single, read
	verify     = 0x40
)

func TestPowerOn(t *testing.T) {
	d := New(devicestest.RAM{})
	d.Reset()
	assert.Equal(t, uint8(0x0F), d.Low().In(0xF))
	assert.Equal(t, uint8(0x0F), d.High().In(0x1E))
	assert.Zero(t, d.Low().In(8))
	assert.Zero(t, d.Low().In(0xD))
	assert.Equal(t, uint8(0xFF), d.Low().In(0xA), "write only")
}

func TestAddressAndCountReadBack(t *testing.T) {
	for n := range 8 {
		d, _ := newDevice()
		f, step := d.Low(), uint16(1)
		if n >= 4 {
			f, step = d.High(), 2
		}
		for reg := uint16(n%4) * 2; reg < uint16(n%4)*2+2; reg++ {
			f.Out(0xC*step, 0)
			f.Out(reg*step, 0x34)
			f.Out(reg*step, 0x12)
			assert.Equal(t, uint8(0x34), f.In(reg*step))
			assert.Equal(t, uint8(0x12), f.In(reg*step))
			f.In(reg * step)
			f.Out(0xC*step, 0)
			assert.Equal(t, uint8(0x34), f.In(reg*step), "flip-flop cleared")
			assert.Equal(t, uint8(0x12), f.In(reg*step+step-1), "odd ports of the second chip are the same")
		}
	}
}

func TestToMemory(t *testing.T) {
	d, ram := newDevice()
	program(d, 2, toMemory, 0x01, 0x2000, 3)
	c := d.Channel(2)
	n, tc := c.ToMemory([]byte{1, 2})
	assert.Equal(t, 2, n)
	assert.False(t, tc)
	n, tc = c.ToMemory([]byte{3, 4, 5, 6})
	assert.Equal(t, 2, n, "stops at terminal count")
	assert.True(t, tc)
	assert.Equal(t, []byte{0, 1, 2, 3, 4, 0}, []byte(ram[0x11FFF:0x12005]))
	assert.Equal(t, uint8(0x04), d.Low().In(8), "TC")
	assert.Zero(t, d.Low().In(8), "cleared by reading")
	assert.Equal(t, uint8(0x0F), d.Low().In(0xF), "masked again")
	n, _ = c.ToMemory([]byte{7})
	assert.Zero(t, n)
	d.Low().Out(0xC, 0)
	assert.Equal(t, []uint8{0xFF, 0xFF}, []uint8{d.Low().In(5), d.Low().In(5)})
}

func TestFromMemory(t *testing.T) {
	d, ram := newDevice()
	copy(ram[0x34567:], "hello")
	program(d, 3, fromMemory, 3, 0x4567, 4)
	p := make([]byte, 10)
	n, tc := d.Channel(3).FromMemory(p)
	assert.Equal(t, 5, n)
	assert.True(t, tc)
	assert.Equal(t, "hello", string(p[:n]))
}

func TestWordChannel(t *testing.T) {
	d, ram := newDevice()
	program(d, 5, toMemory, 0x03, 0x0800, 1) // bit 0 of the page has no effect
	n, tc := d.Channel(5).ToMemory([]byte{1, 2, 3, 4, 5})
	assert.Equal(t, 4, n)
	assert.True(t, tc)
	assert.Equal(t, []byte{1, 2, 3, 4, 0}, []byte(ram[0x21000:0x21005]))
	assert.Equal(t, uint8(0x02), d.High().In(0x10))
	program(d, 5, toMemory, 2, 0, 100)
	n, _ = d.Channel(5).ToMemory([]byte{1, 2, 3})
	assert.Equal(t, 2, n, "whole words")
}

func TestAddressesWrapInThePage(t *testing.T) {
	d, ram := newDevice()
	program(d, 1, toMemory, 2, 0xFFFE, 3)
	d.Channel(1).ToMemory([]byte{1, 2, 3, 4})
	assert.Equal(t, []byte{1, 2, 0}, []byte(ram[0x2FFFE:0x30001]))
	assert.Equal(t, []byte{3, 4}, []byte(ram[0x20000:0x20002]))

	d, ram = newDevice()
	program(d, 7, toMemory, 2, 0xFFFF, 1)
	d.Channel(7).ToMemory([]byte{1, 2, 3, 4})
	assert.Equal(t, []byte{1, 2, 0}, []byte(ram[0x3FFFE:0x40001]))
	assert.Equal(t, []byte{3, 4}, []byte(ram[0x20000:0x20002]))
}

func TestCountingDown(t *testing.T) {
	d, ram := newDevice()
	program(d, 1, toMemory|0x20, 1, 0x0001, 2)
	d.Channel(1).ToMemory([]byte{1, 2, 3})
	assert.Equal(t, []byte{2, 1}, []byte(ram[0x10000:0x10002]))
	assert.Equal(t, byte(3), ram[0x1FFFF])
}

func TestAutoInitialise(t *testing.T) {
	d, ram := newDevice()
	program(d, 1, toMemory|0x10, 1, 0x100, 1)
	c := d.Channel(1)
	for i := range uint8(3) {
		n, tc := c.ToMemory([]byte{i, i + 10, 99})
		assert.Equal(t, 2, n, "one round at a time")
		assert.True(t, tc)
	}
	assert.Equal(t, []byte{2, 12}, []byte(ram[0x10100:0x10102]))
	assert.True(t, c.Ready())
}

func TestVerifyAndWrongDirection(t *testing.T) {
	d, ram := newDevice()
	program(d, 2, verify, 1, 0, 1)
	p := []byte{7, 7}
	n, tc := d.Channel(2).FromMemory(p)
	assert.Equal(t, 2, n)
	assert.True(t, tc)
	assert.Equal(t, []byte{7, 7}, p)
	program(d, 2, fromMemory, 1, 0, 1)
	n, tc = d.Channel(2).ToMemory(p)
	assert.Zero(t, n)
	assert.False(t, tc)
	assert.Equal(t, make([]byte, len(ram)), []byte(ram))
}

func TestServiceIsCalledWhenTheChannelCanGo(t *testing.T) {
	d, _ := newDevice()
	c := d.Channel(2)
	calls := 0
	c.Attach(func() {
		calls++
		if n, _ := c.ToMemory(bytes.Repeat([]byte{1}, 4)); n > 0 {
			c.DREQ(false)
		}
	})
	c.DREQ(true)
	assert.Zero(t, calls, "masked")
	assert.Equal(t, uint8(0x40), d.Low().In(8), "requested")
	d.Low().Out(8, 4)
	program(d, 2, toMemory, 1, 0, 3)
	assert.Zero(t, calls, "controller off")
	d.Low().Out(8, 0)
	assert.Equal(t, 1, calls)
	assert.Equal(t, uint8(0x04), d.Low().In(8))
	d.Low().Out(0xE, 0)
	assert.Equal(t, 1, calls, "not requested")
	c.DREQ(true)
	assert.Equal(t, 2, calls)
}

func TestMaskAndRequestRegisters(t *testing.T) {
	d, _ := newDevice()
	f := d.Low()
	f.Out(0xE, 0)
	f.Out(0xA, 4|1)
	assert.Equal(t, uint8(0x02), f.In(0xF))
	f.Out(0xF, 0xF5)
	assert.Equal(t, uint8(0x05), f.In(0xF))
	f.Out(0xA, 0)
	assert.Equal(t, uint8(0x04), f.In(0xF))
	f.Out(9, 4|3)
	assert.Equal(t, uint8(0x80), f.In(8))
	f.Out(9, 3)
	assert.Zero(t, f.In(8))
	f.Out(9, 4)
	f.Out(0, 1) // flip-flop moves
	f.Out(0xD, 0)
	assert.Equal(t, ChipState{Mask: 0xF, Channel: [4]ChannelState{{BaseAddr: 1, Addr: 1}}}, d.Save().Chip[0], "master clear")
}

func TestPageRegistersAreMemory(t *testing.T) {
	d, _ := newDevice()
	for i := range uint16(15) {
		d.Pages(1).Out(i, uint8(i)+0x11)
	}
	for i := range uint16(15) {
		assert.Equal(t, uint8(i)+0x11, d.Pages(0).In(i+1))
	}
	assert.Zero(t, d.Pages(0).In(0))
}

func TestCascadeIsNotForPeripherals(t *testing.T) {
	d, _ := newDevice()
	assert.Panics(t, func() { d.Channel(4) })
	program(d, 2, 0xC0, 1, 0, 3)
	assert.False(t, d.Channel(2).Ready())
}

// TestChannelsOfTheFirstControllerNeedTheCascade: channel 4 unmasked, in cascade mode, its
// controller on. A peripheral that waits is served when all that is so.
func TestChannelsOfTheFirstControllerNeedTheCascade(t *testing.T) {
	d, _ := newDevice()
	program(d, 2, toMemory, 1, 0, 100)
	program(d, 5, toMemory, 1, 0, 100)
	served := 0
	d.Channel(2).Attach(func() { served++ })
	for name, reg := range map[string][3]uint8{
		"masked": {0x14, 0x04, 0x00}, "no cascade": {0x16, 0x40, 0xc0}, "off": {0x10, 0x04, 0x00}, "cleared": {0x1a, 0, 0},
	} {
		require.True(t, d.Channel(2).Ready(), name)
		d.High().Out(uint16(reg[0]), reg[1])
		assert.False(t, d.Channel(2).Ready(), name)
		assert.Equal(t, name == "masked" || name == "no cascade", d.Channel(5).Ready(), name)
		before := served
		d.Channel(2).DREQ(true)
		assert.Equal(t, before, served, name)
		n, _ := d.Channel(2).ToMemory([]byte{1})
		assert.Zero(t, n)
		if name == "cleared" {
			d.High().Out(0x16, 0xc0)
			d.High().Out(0x14, 0x00)
			d.High().Out(0x14, 0x01)
		} else {
			d.High().Out(uint16(reg[0]), reg[2])
		}
		assert.Greater(t, served, before, name)
		d.Channel(2).DREQ(false)
	}
	s := New(devicestest.RAM{})
	require.NoError(t, s.Restore(AfterBIOS))
	program(s, 2, toMemory, 1, 0, 100)
	assert.True(t, s.Channel(2).Ready(), "as firmware leaves it")
}

// TestMemoryToMemory copies, fills from one address, goes down, and starts again.
func TestMemoryToMemory(t *testing.T) {
	start := func(d *Device, command uint8) {
		d.Low().Out(8, command)
		d.Low().Out(9, 0x04)
	}
	d, ram := newDevice()
	for i := range 1000 {
		ram[0x20100+i] = byte(i * 7)
	}
	program(d, 0, 0x88, 2, 0x0100, 2000)
	program(d, 1, 0x84, 3, 0x0200, 999)
	d.Low().Out(0xf, 0xf) // masks do not matter
	start(d, 0x00)
	assert.Zero(t, ram[0x30200+1], "not without the bit of COMMAND")
	d.Low().Out(8, 0x01) // the request is still there
	assert.True(t, bytes.Equal(ram[0x20100:0x20100+1000], ram[0x30200:0x30200+1000]))
	assert.Zero(t, ram[0x30200+1000])
	assert.Equal(t, uint8(0x02), d.Low().In(8), "terminal count of channel 1 alone, no request")
	assert.Equal(t, ram[0x20100+999], d.Low().In(0xd), "TEMP")
	assert.Equal(t, uint16(2000-1000), d.Save().Chip[0].Channel[0].Count)

	program(d, 0, 0x88, 2, 0x0105, 0)
	program(d, 1, 0xa4, 3, 0x0007, 15) // downwards, past the start of the page
	start(d, 0x03)
	fill := bytes.Repeat([]byte{ram[0x20105]}, 8)
	assert.Equal(t, fill, []byte(ram[0x30000:0x30008]))
	assert.Equal(t, fill, []byte(ram[0x3fff8:0x40000]), "wraps in its page")

	program(d, 0, 0x98, 2, 0x0100, 2) // three bytes again and again
	program(d, 1, 0x94, 3, 0x1000, 8)
	start(d, 0x01)
	assert.Equal(t, bytes.Repeat(ram[0x20100:0x20103], 3), []byte(ram[0x31000:0x31009]))
	s := d.Save().Chip[0]
	assert.Equal(t, [2]uint16{0x1000, 8}, [2]uint16{s.Channel[1].Addr, s.Channel[1].Count}, "ready for the next")
	assert.Zero(t, s.Mask&2)
	d.Low().Out(0xd, 0)
	assert.Zero(t, d.Low().In(0xd), "master clear")
	d.High().Out(0x14, 4)
	before := bytes.Clone(ram)
	start(d, 0x01)
	assert.True(t, bytes.Equal(before, ram), "without the bus")
}

func TestRestoreInMidTransfer(t *testing.T) {
	d, _ := newDevice()
	program(d, 2, toMemory, 1, 0x10, 3)
	d.Channel(2).ToMemory([]byte{1})
	d.Low().Out(4, 0) // flip-flop moves
	s := d.Save()
	e, ram := newDevice()
	require.NoError(t, e.Restore(s))
	assert.Equal(t, s, e.Save())
	e.Channel(2).ToMemory([]byte{9})
	assert.Equal(t, byte(9), ram[0x10000])
	s.Chip[1].Mask = 0x10 // beyond its four bits
	assert.ErrorContains(t, e.Restore(s), "chip 1")
	s = PowerOn
	s.Chip[0].Channel[2].Mode = 1
	assert.ErrorContains(t, e.Restore(s), "mode")
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0, 11, 0x46, 0, 10, 2, 3, 2, 9, 4, 2, 9, 1, 30, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		d, _ := newDevice()
		for n := range 8 {
			if n != 4 {
				c := d.Channel(n)
				c.Attach(func() { c.ToMemory(make([]byte, 33)) })
			}
		}
		for len(in) >= 3 {
			op, off, v := in[0]%7, uint16(in[1]), in[2]
			in = in[3:]
			c := d.Channel([]int{0, 1, 2, 3, 5, 6, 7}[off%7])
			switch op {
			case 0:
				d.Low().Out(off%16, v)
			case 1:
				d.High().Out(off%32, v)
			case 2:
				d.Pages(0).Out(off%16, v)
			case 3:
				c.DREQ(v&1 != 0)
			case 4:
				n, _ := c.FromMemory(make([]byte, v))
				require.LessOrEqual(t, n, int(v))
			case 5:
				d.Low().In(off % 16)
			case 6:
				d.High().In(off % 32)
			}
			s := d.Save()
			require.NoError(t, d.Restore(s))
			require.Equal(t, s, d.Save())
		}
	})
}
