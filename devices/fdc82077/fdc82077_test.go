package fdc82077

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

type disk struct {
	data     []byte
	readOnly bool
	broken   bool
}

func newDisk(size int) *disk {
	m := &disk{data: make([]byte, size)}
	for i := range m.data {
		m.data[i] = uint8(i>>9)*7 ^ uint8(i)
	}
	return m
}

func (m *disk) access(n int, off int64) error {
	if m.broken || off < 0 || off+int64(n) > int64(len(m.data)) {
		return fmt.Errorf("access to %d+%d", off, n)
	}
	return nil
}
func (m *disk) ReadAt(p []byte, off int64) (int, error) {
	if err := m.access(len(p), off); err != nil {
		return 0, err
	}
	return copy(p, m.data[off:]), nil
}
func (m *disk) WriteAt(p []byte, off int64) (int, error) {
	if m.readOnly {
		return 0, errors.New("read-only")
	}
	if err := m.access(len(p), off); err != nil {
		return 0, err
	}
	return copy(m.data[off:], p), nil
}
func (m *disk) Size() int64    { return int64(len(m.data)) }
func (m *disk) ReadOnly() bool { return m.readOnly }

// channel is a DMA channel with a piece of memory; it takes at most chunk bytes at once.
type channel struct {
	dreq  bool
	mem   []byte
	pos   int
	chunk int
	serve func()
}

func (c *channel) DREQ(high bool) {
	rose := high && !c.dreq
	c.dreq = high
	if rose {
		c.serve()
	}
}
func (c *channel) move(p []byte, f func(mem, p []byte)) (int, bool) {
	n := min(len(p), len(c.mem)-c.pos, c.chunk)
	f(c.mem[c.pos:c.pos+n], p[:n])
	c.pos += n
	return n, n > 0 && c.pos == len(c.mem)
}
func (c *channel) ToMemory(p []byte) (int, bool) {
	return c.move(p, func(mem, p []byte) { copy(mem, p) })
}
func (c *channel) FromMemory(p []byte) (int, bool) {
	return c.move(p, func(mem, p []byte) { copy(p, mem) })
}

type board struct {
	t      testing.TB
	clock  devicestest.Clock
	irq    devicestest.Wire
	dma    channel
	m      *disk
	d      *Device
	errors []HostError
}

// newBoard makes a controller out of reset with one drive and a disk of that many bytes.
func newBoard(t testing.TB, size int) *board {
	b := &board{t: t}
	b.dma.chunk = 1 << 20
	drive := Drive{Type: Drive1M44}
	if size > 0 {
		b.m = newDisk(size)
		f, _ := FormatOf(int64(size))
		drive = Drive{Type: f.Drive, Image: b.m}
	}
	b.d = New(Config{Clock: &b.clock, IRQ: b.irq.Drive, DMA: &b.dma, Drives: [2]Drive{drive},
		OnHostError: func(e HostError) { b.errors = append(b.errors, e) }})
	b.dma.serve = b.d.Serve
	b.d.Reset()
	b.d.Out(2, 0x1c)
	b.wait()
	for i := range 4 {
		assert.Equal(t, []uint8{0xc0 | uint8(i), 0}, b.say(0x08))
	}
	assert.False(t, b.irq.Level)
	b.say(0x03, 0xdf, 0x02)
	rate := uint8(0)
	if size > 0 && size <= 800<<10 {
		rate = 2
	} else if size > 2<<20 {
		rate = 3
	}
	b.d.Out(7, rate)
	return b
}

// wait lets time pass until the interrupt comes.
func (b *board) wait() {
	b.t.Helper()
	for range 10000 {
		if b.irq.Level {
			return
		}
		if b.dma.dreq {
			b.d.Serve()
			continue
		}
		at, ok := b.clock.Next()
		if !ok {
			break
		}
		b.clock.AdvanceTo(at)
	}
	b.t.Fatal("no interrupt")
}

// say writes a command without an interrupt and reads its results.
func (b *board) say(p ...uint8) []uint8 {
	b.t.Helper()
	for i, v := range p {
		require.Equal(b.t, uint8(0x80), b.d.In(4)&0xc0, "wants byte %d", i)
		b.d.Out(5, v)
	}
	return b.result()
}

func (b *board) result() (r []uint8) {
	for b.d.In(4)&0xd0 == 0xd0 {
		r = append(r, b.d.In(5))
	}
	return r
}

// do writes a command that interrupts at its end, with n bytes at the DMA channel.
func (b *board) do(mem []byte, p ...uint8) []uint8 {
	b.t.Helper()
	b.dma.mem, b.dma.pos = mem, 0
	require.Empty(b.t, b.say(p...))
	b.wait()
	require.False(b.t, b.dma.dreq)
	r := b.result()
	require.False(b.t, b.irq.Level, "the first result ends the interrupt")
	return r
}

func (b *board) seek(cylinder uint8) {
	b.t.Helper()
	b.say(0x0f, 0, cylinder)
	assert.Equal(b.t, uint8(1), b.d.In(4)&0x1f, "drive 0 seeks, the controller is free")
	b.wait()
	require.Equal(b.t, []uint8{0x20, cylinder}, b.say(0x08))
}

func TestSmallCommands(t *testing.T) {
	b := newBoard(t, 1440<<10)
	assert.Equal(t, []uint8{0x90}, b.say(0x10), "VERSION")
	assert.Equal(t, []uint8{0x80}, b.say(0x08), "nothing to sense")
	for _, c := range []uint8{0x00, 0x1f, 0x18, 0x0b, 0x55} {
		assert.Equal(t, []uint8{0x80}, b.say(c), "%#x is invalid", c)
	}
	assert.Equal(t, []uint8{0x38}, b.say(0x04, 0), "track 0")
	assert.Equal(t, []uint8{0x10}, b.say(0x94))
	b.say(0x13, 0, 0x57, 9)
	b.say(0x12, 0x84)
	assert.Equal(t, []uint8{0, 0, 0, 0, 0xdf, 2, 0, 0x84, 0x57, 9}, b.say(0x0e)[:10])
	b.d.Out(4, 0x80)
	b.clock.Advance(devices.Second)
	assert.Equal(t, uint8(0x57), b.say(0x0e)[8], "LOCK keeps the configuration")
	assert.Equal(t, []uint8{0}, b.say(0x14))
}

func TestSeekAndRecalibrate(t *testing.T) {
	b := newBoard(t, 1440<<10)
	b.seek(50)
	assert.Equal(t, []uint8{0x28}, b.say(0x04, 0), "not on track 0")
	assert.Equal(t, []uint8{4, 0, 0, 50, 1}, b.do(nil, 0x4a, 4)[:5], "READ ID")
	b.say(0x8f, 0, 20)
	b.wait()
	assert.Equal(t, []uint8{0x20, 30}, b.say(0x08))
	b.say(0xcf, 0, 5)
	b.wait()
	assert.Equal(t, []uint8{0x20, 35}, b.say(0x08))
	b.say(0x07, 0)
	b.wait()
	assert.Equal(t, []uint8{0x20, 0}, b.say(0x08))
	b.say(0x07, 1)
	b.wait()
	assert.Equal(t, []uint8{0x71, 0}, b.say(0x08), "no drive, no track 0")
}

func at(size, c, h, r int) int {
	f, _ := FormatOf(int64(size))
	return ((c*int(f.Heads)+h)*int(f.Sectors) + r - 1) * 512
}

func TestReadData(t *testing.T) {
	const hd = 1440 << 10
	for _, tc := range []struct {
		name    string
		size    int
		c, h, r int
		eot     uint8
		mt      uint8
		bytes   int
		want    []uint8
	}{
		{"one sector", hd, 0, 0, 1, 18, 0, 512, []uint8{0, 0, 0, 0, 0, 2, 2}},
		{"last of a track", hd, 3, 1, 18, 18, 0, 512, []uint8{4, 0, 0, 4, 1, 1, 2}},
		{"a track", hd, 3, 0, 1, 18, 0, 18 * 512, []uint8{0, 0, 0, 4, 0, 1, 2}},
		{"both sides", hd, 79, 0, 1, 18, 0x80, 36 * 512, []uint8{0, 0, 0, 80, 0, 1, 2}},
		{"from side to side", hd, 7, 0, 17, 18, 0x80, 4 * 512, []uint8{4, 0, 0, 7, 1, 3, 2}},
		{"part of a sector", hd, 1, 0, 5, 18, 0, 100, []uint8{0, 0, 0, 1, 0, 6, 2}},
		{"past the end", hd, 1, 0, 18, 18, 0, 1024, []uint8{0x40, 0x80, 0, 2, 0, 1, 2}},
		{"sector 19", hd, 1, 0, 19, 30, 0, 1024, []uint8{0x40, 4, 0, 1, 0, 19, 2}},
		{"160K", 160 << 10, 39, 0, 8, 8, 0, 512, []uint8{0, 0, 0, 40, 0, 1, 2}},
		{"360K", 360 << 10, 39, 1, 9, 9, 0, 512, []uint8{4, 0, 0, 40, 1, 1, 2}},
		{"720K", 720 << 10, 79, 1, 9, 9, 0, 512, []uint8{4, 0, 0, 80, 1, 1, 2}},
		{"1.2M", 1200 << 10, 79, 1, 15, 15, 0, 512, []uint8{4, 0, 0, 80, 1, 1, 2}},
		{"2.88M", 2880 << 10, 79, 1, 36, 36, 0, 512, []uint8{4, 0, 0, 80, 1, 1, 2}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, chunk := range []int{1 << 20, 100} {
				b := newBoard(t, tc.size)
				b.dma.chunk = chunk
				b.seek(uint8(tc.c))
				mem := make([]byte, tc.bytes)
				r := b.do(mem, 0x46|tc.mt, uint8(tc.h<<2), uint8(tc.c), uint8(tc.h), uint8(tc.r), 2, tc.eot, 0x1b, 0xff)
				if tc.name == "both sides" || tc.name == "from side to side" {
					r[0] &^= 4 // the head that was used last
					tc.want[0] &^= 4
				}
				assert.Equal(t, tc.want, r)
				if tc.want[0]&0x40 == 0 {
					assert.True(t, bytes.Equal(b.m.data[at(tc.size, tc.c, tc.h, tc.r):][:tc.bytes], mem))
				}
			}
		})
	}
}

func TestDataErrors(t *testing.T) {
	b := newBoard(t, 1440<<10)
	read := func(p ...uint8) []uint8 { return b.do(make([]byte, 512), append([]uint8{0x46}, p...)...)[:3] }
	assert.Equal(t, []uint8{0x40, 4, 0x10}, read(0, 1, 0, 1, 2, 18, 27, 255), "the head is on another cylinder")
	assert.Equal(t, []uint8{0x40, 4, 0}, read(0, 0, 1, 1, 2, 18, 27, 255), "wrong head")
	assert.Equal(t, []uint8{0x40, 4, 0}, read(0, 0, 0, 0, 2, 18, 27, 255), "no sector 0")
	assert.Equal(t, []uint8{0x40, 4, 0}, read(0, 0, 0, 1, 3, 18, 27, 255), "sectors of 1024 bytes")
	b.d.Out(7, 2)
	assert.Equal(t, []uint8{0x40, 1, 0}, read(0, 0, 0, 1, 2, 18, 27, 255), "wrong data rate")
	b.d.Out(7, 0)
	b.m.broken = true
	assert.Equal(t, []uint8{0x40, 0x20, 0x20}, read(0, 0, 0, 1, 2, 18, 27, 255))
	assert.Len(t, b.errors, 1)
	b.m.broken, b.m.readOnly = false, true
	assert.Equal(t, []uint8{0x40, 2, 0}, b.do(nil, 0x45, 0, 0, 0, 1, 2, 18, 27, 255)[:3])
	assert.Equal(t, []uint8{0x40, 2, 0}, b.do(nil, 0x4d, 0, 2, 18, 27, 0xf6)[:3])
	assert.Equal(t, []uint8{0x78}, b.say(0x04, 0))
}

// TestNoMedium is the class of CVE-2021-20196.
func TestNoMedium(t *testing.T) {
	for _, unit := range []uint8{0, 1, 2, 3} {
		b := newBoard(t, 0)
		for _, p := range [][]uint8{{0x46, unit, 0, 0, 1, 2, 18, 27, 255}, {0x45, unit, 0, 0, 1, 2, 18, 27, 255}, {0x4d, unit, 2, 18, 27, 0}, {0x4a, unit}} {
			assert.Equal(t, []uint8{0x40 | unit, 1, 0}, b.do(make([]byte, 512), p...)[:3])
		}
	}
}

func TestWriteAndFormat(t *testing.T) {
	b := newBoard(t, 1440<<10)
	model := bytes.Clone(b.m.data)
	b.seek(5)
	p := bytes.Repeat([]byte{1, 2, 3, 4}, 256)
	assert.Equal(t, []uint8{4, 0, 0, 5, 1, 12, 2}, b.do(p, 0x45, 4, 5, 1, 10, 2, 18, 27, 255))
	copy(model[at(len(model), 5, 1, 10):], p)
	assert.Equal(t, uint8(0), b.do(p[:3], 0x45, 0, 5, 0, 1, 2, 18, 27, 255)[0])
	copy(model[at(len(model), 5, 0, 1):], append([]byte{1, 2, 3}, make([]byte, 509)...))
	assert.True(t, bytes.Equal(model, b.m.data))

	b.seek(6)
	var ids []byte
	for r := range byte(18) {
		ids = append(ids, 6, 0, r+1, 2)
	}
	assert.Equal(t, uint8(0), b.do(ids, 0x4d, 0, 2, 18, 0x54, 0xf6)[0])
	copy(model[at(len(model), 6, 0, 1):], bytes.Repeat([]byte{0xf6}, 18*512))
	assert.True(t, bytes.Equal(model, b.m.data))
}

func TestVerifyAndReadTrack(t *testing.T) {
	b := newBoard(t, 1440<<10)
	assert.Equal(t, []uint8{0, 0, 0}, b.do(nil, 0x56, 0, 0, 0, 1, 2, 18, 27, 255)[:3])
	assert.Equal(t, []uint8{0, 0, 0, 0, 0, 6, 2}, b.do(nil, 0x56, 0x80, 0, 0, 1, 2, 18, 27, 5))
	mem := make([]byte, 18*512)
	assert.Equal(t, uint8(0), b.do(mem, 0x42, 0, 0, 0, 1, 2, 18, 27, 255)[0])
	assert.True(t, bytes.Equal(b.m.data[:18*512], mem))
	assert.Equal(t, []uint8{0, 0, 0x40}, b.do(mem, 0x4c, 0, 0, 0, 1, 2, 18, 27, 255)[:3])
}

func TestNonDMA(t *testing.T) {
	b := newBoard(t, 1440<<10)
	b.say(0x03, 0xdf, 0x03)
	b.say(0x46, 0, 0, 0, 17, 2, 18, 27, 255)
	var got []byte
	for b.wait(); b.d.In(4)&msrNonDMA != 0; b.wait() {
		require.Equal(t, uint8(0xf0), b.d.In(4))
		for b.d.In(4)&msrNonDMA != 0 {
			got = append(got, b.d.In(5))
		}
	}
	assert.Equal(t, []uint8{0x40, 0x80, 0}, b.result()[:3], "without terminal count: end of cylinder")
	assert.True(t, bytes.Equal(b.m.data[16*512:18*512], got))
	b.say(0x45, 0, 0, 0, 18, 2, 18, 27, 255)
	b.wait()
	for range 512 {
		require.Equal(t, uint8(0xb0), b.d.In(4))
		b.d.Out(5, 0x55)
	}
	b.wait()
	b.result()
	assert.Equal(t, bytes.Repeat([]byte{0x55}, 512), b.m.data[17*512:18*512])
}

func TestDiskChange(t *testing.T) {
	b := newBoard(t, 1440<<10)
	assert.Equal(t, uint8(0x80), b.d.In(7)&0x80, "since power-on")
	b.seek(1)
	assert.Equal(t, uint8(0), b.d.In(7)&0x80)
	require.True(t, b.d.SetMedium(0, nil))
	b.seek(0)
	assert.Equal(t, uint8(0x80), b.d.In(7)&0x80, "no disk")
	require.True(t, b.d.SetMedium(0, newDisk(720<<10)))
	assert.Equal(t, uint8(0x80), b.d.In(7)&0x80)
	b.seek(1)
	assert.Equal(t, uint8(0), b.d.In(7)&0x80)
	assert.False(t, b.d.SetMedium(0, newDisk(4<<20)), "too large")
	assert.False(t, b.d.SetMedium(1, nil), "no drive")
	b.d.Out(2, 0x1d)
	assert.Equal(t, uint8(0x80), b.d.In(7)&0x80)
}

func TestDoubleStep(t *testing.T) {
	b := newBoard(t, 1200<<10)
	b.m = newDisk(360 << 10)
	require.True(t, b.d.SetMedium(0, b.m))
	b.seek(20)
	b.d.Out(7, 1)
	mem := make([]byte, 512)
	assert.Equal(t, uint8(0), b.do(mem, 0x46, 0, 10, 0, 1, 2, 9, 27, 255)[0], "cylinder 10 is on track 20")
	assert.True(t, bytes.Equal(b.m.data[at(360<<10, 10, 0, 1):][:512], mem))
}

// TestFIFOIsBounded is CVE-2015-3456: bytes beyond what a command takes go nowhere.
func TestFIFOIsBounded(t *testing.T) {
	for code := range 256 {
		b := newBoard(t, 1440<<10)
		for range 2000 {
			b.d.Out(5, uint8(code))
		}
		b.clock.Advance(devices.Second)
		for range 2000 {
			b.d.In(5)
		}
		require.NoError(t, b.d.Restore(b.d.Save()))
	}
}

func TestResetDropsTheTransfer(t *testing.T) {
	b := newBoard(t, 1440<<10)
	before := bytes.Clone(b.m.data)
	b.dma.chunk = 0
	b.say(0x45, 0, 0, 0, 1, 2, 18, 27, 255)
	b.clock.Advance(devices.Millisecond)
	require.True(t, b.dma.dreq)
	b.d.Out(2, 0x18)
	assert.False(t, b.dma.dreq)
	assert.Zero(t, b.d.In(4))
	b.d.Out(2, 0x1c)
	b.wait()
	b.dma.mem, b.dma.chunk = make([]byte, 512), 512
	b.d.Serve()
	b.clock.Advance(devices.Second)
	assert.True(t, bytes.Equal(before, b.m.data))
}

func TestStateMovesAtEveryStep(t *testing.T) {
	b := newBoard(t, 1440<<10)
	b.say(0x0f, 0, 40)
	move := func() {
		s := b.d.Save()
		n := newBoard(t, 1440<<10)
		n.clock.AdvanceTo(b.clock.Now())
		require.NoError(t, n.d.Restore(s))
		require.Equal(t, s, n.d.Save())
		require.Equal(t, b.irq.Level, n.irq.Level)
		n.dma.mem, n.dma.pos, n.dma.dreq = b.dma.mem, b.dma.pos, b.dma.dreq
		b = n
	}
	step := func() {
		for !b.irq.Level {
			move()
			b.dma.chunk = 300
			if b.dma.dreq {
				b.d.Serve()
				continue
			}
			at, ok := b.clock.Next()
			require.True(t, ok)
			b.clock.AdvanceTo(at)
		}
		move()
	}
	step()
	assert.Equal(t, []uint8{0x20, 40}, b.say(0x08))
	mem := make([]byte, 20*512)
	b.dma.mem, b.dma.pos = mem, 0
	b.say(0xc6, 0, 40, 0, 1, 2, 18, 27, 255)
	step()
	assert.Equal(t, []uint8{0, 0, 0, 40, 1, 3, 2}, append([]uint8{b.result()[0] &^ 4}, 0, 0, 40, 1, 3, 2))
	assert.True(t, bytes.Equal(b.m.data[at(1440<<10, 40, 0, 1):][:20*512], mem))
}

func TestFormats(t *testing.T) {
	for size, want := range map[int64]Type{160 << 10: Drive360K, 1200 << 10: Drive1M2, 1440 << 10: Drive1M44, 1680 << 10: Drive1M44, 2880 << 10: Drive2M88, 512: Drive1M44, 2 << 20: Drive2M88} {
		f, ok := FormatOf(size)
		assert.True(t, ok)
		assert.Equal(t, want, f.Drive, "%d", size)
		assert.GreaterOrEqual(t, f.Bytes(), size)
	}
	_, ok := FormatOf(3 << 20)
	assert.False(t, ok)
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{5, 0x46, 5, 0, 5, 0, 5, 0, 5, 1, 5, 2, 5, 18, 5, 27, 5, 255, 16, 50, 32, 9})
	f.Add([]byte{5, 0x4d, 5, 0, 5, 2, 5, 18, 5, 80, 5, 0xf6, 16, 50, 32, 9})
	f.Add([]byte{5, 0x51, 5, 0, 5, 0, 5, 0, 5, 1, 5, 2, 5, 8, 5, 27, 5, 1, 16, 50, 32, 255, 16, 50})
	f.Add([]byte{5, 0x0f, 5, 0, 5, 40, 16, 50, 5, 8})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newBoard(t, 160<<10) // the smallest: most of the time went into making it
		b.dma.mem = make([]byte, 5000)
		for ; len(in) >= 2; in = in[2:] {
			switch op, v := in[0], in[1]; {
			case op < 8:
				b.d.Out(uint16(op), v)
			case op < 16:
				b.d.In(uint16(op & 7))
			case op < 32:
				b.clock.Advance(devices.Time(v) * devices.Millisecond)
			case op < 48:
				b.dma.pos, b.dma.chunk = 0, int(v)*8
				if b.dma.dreq {
					b.d.Serve()
				}
			case op == 48:
				b.d.SetMedium(0, nil)
			case op == 49:
				b.d.SetMedium(0, newDisk(int(v)*1024))
			}
			s := b.d.Save()
			require.NoError(t, b.d.Restore(s))
			require.Equal(t, s, b.d.Save())
		}
		if len(b.errors) != 0 {
			t.Fatalf("access outside the image: %v", b.errors)
		}
	})
}
