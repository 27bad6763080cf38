package machine

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/disk"
)

// spin is a kernel that does nothing.
func spin(t testing.TB, cfg Config) *Machine {
	t.Helper()
	cfg.Memory = 16 << 20
	cfg.Boot = Boot{Kernel: multiboot(0xeb, 0xfe)}
	m, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func floppyImage(size int) disk.Image {
	p := make([]byte, size)
	for i := range p {
		p[i] = uint8(i>>9) ^ uint8(i)*3
	}
	return disk.NewMemory(p)
}

func run(t testing.TB, m *Machine, d devices.Time) Result {
	t.Helper()
	res, err := m.Run(context.Background(), RunOptions{Until: m.Now() + d})
	require.NoError(t, err)
	return res
}

func TestPowerOffThroughACPI(t *testing.T) {
	m := spin(t, Config{})
	m.PressPowerButton()
	run(t, m, devices.Millisecond)
	assert.Equal(t, uint32(0x100), m.ports.In(0x600, 2), "the button shows in PM1 status")
	m.ports.Out(0x604, 2, 0x2000)
	assert.Equal(t, StopPowerOff, run(t, m, devices.Second).Reason)
}

// TestFloppyReadsByDMA drives controller and DMA channel through their ports, as firmware
// does: two sectors of cylinder 0.
func TestFloppyReadsByDMA(t *testing.T) {
	img := floppyImage(1440 << 10)
	m := spin(t, Config{Drives: Drives{FloppyA: {Image: img}}})
	assert.Equal(t, uint8(0x40), m.rtc.CMOS(0x10))
	out := func(port uint16, v ...uint8) {
		for _, b := range v {
			m.ports.Out(port, 1, uint32(b))
		}
	}
	out(0x3f2, 0x1c)
	run(t, m, devices.Millisecond)
	out(0x0a, 6)
	out(0x0c, 0)
	out(0x04, 0x00, 0x80)
	out(0x05, 0xff, 0x03)
	out(0x81, 0x01)
	out(0x0b, 0x46)
	out(0x0a, 2)
	out(0x3f7, 0)
	out(0x3f5, 0x03, 0xdf, 0x02)
	out(0x3f5, 0x46, 0, 0, 0, 3, 2, 18, 0x1b, 0xff)
	run(t, m, 10*devices.Millisecond)
	assert.Equal(t, uint32(0xd0), m.ports.In(0x3f4, 1))
	for _, want := range []uint32{0, 0, 0, 0, 0, 5, 2} {
		assert.Equal(t, want, m.ports.In(0x3f5, 1))
	}
	want := make([]byte, 1024)
	_, err := img.ReadAt(want, 2*512)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, m.mem.RAM()[0x18000:0x18400]))
}

func TestMediaChange(t *testing.T) {
	a, b := floppyImage(1440<<10), floppyImage(720<<10)
	m := spin(t, Config{Drives: Drives{0: {Image: floppyImage(1 << 20)}, 2: {CDROM: true}, FloppyA: {Image: a}}})
	old, err := m.SetMedium(FloppyA, b)
	require.NoError(t, err)
	assert.Equal(t, a, old)
	old, err = m.SetMedium(2, a)
	require.NoError(t, err)
	assert.Nil(t, old)
	for _, i := range []int{-1, 0, 1, 6} {
		_, err = m.SetMedium(i, a)
		assert.ErrorIs(t, err, ErrMedium, "%d", i)
	}
	_, err = m.SetMedium(FloppyA, floppyImage(3<<20))
	assert.ErrorIs(t, err, ErrMedium)
	_, err = New(Config{Drives: Drives{FloppyA: {Image: floppyImage(3 << 20)}}})
	assert.ErrorIs(t, err, ErrConfig)
}

func TestMouseReachesTheController(t *testing.T) {
	m := spin(t, Config{})
	var journal []Input
	m.journal = func(in Input) { journal = append(journal, in) }
	m.ports.Out(0x64, 1, 0xd4)
	m.ports.Out(0x60, 1, 0xf4)
	run(t, m, 5*devices.Millisecond)
	assert.Equal(t, uint32(0xfa), m.ports.In(0x60, 1))
	m.MoveMouse(5, -3, 0, 1)
	var got []uint32
	for range 3 {
		run(t, m, 5*devices.Millisecond)
		assert.Equal(t, uint32(0x21), m.ports.In(0x64, 1)&0x21, "a byte of the auxiliary device")
		got = append(got, m.ports.In(0x60, 1))
	}
	assert.Equal(t, []uint32{0x29, 5, 0xfd}, got)
	require.Len(t, journal, 1)
	assert.Equal(t, Input{Count: journal[0].Count, Time: journal[0].Time, Port: PortMouse, Data: []byte{5, 0, 0xfd, 0xff, 0, 0, 1}}, journal[0])
	m.acceptEvent(Input{Port: PortMouse, Data: []byte{1}}) // damaged: ignored
}

func TestPrinting(t *testing.T) {
	var paper bytes.Buffer
	m := spin(t, Config{Parallel: &paper})
	for _, c := range []byte("hello") {
		m.ports.Out(0x378, 1, uint32(c))
		m.ports.Out(0x37a, 1, 0x0d)
		m.ports.Out(0x37a, 1, 0x0c)
	}
	run(t, m, devices.Millisecond)
	assert.Equal(t, "hello", paper.String())
}
