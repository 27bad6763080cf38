package ide

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

// medium is an image in memory that can go wrong.
type medium struct {
	data     []byte
	readOnly bool
	bad      map[int64]bool // sectors that cannot be accessed
	noFlush  bool
	flushes  int
	size     int64 // when larger than data: the rest reads 0 and is not kept
}

var errMedium = errors.New("medium")

func newMedium(sectors int) *medium {
	m := &medium{data: make([]byte, sectors*sectorSize), bad: map[int64]bool{}}
	for i := range m.data {
		m.data[i] = uint8(i/sectorSize)*3 ^ uint8(i)
	}
	m.size = int64(len(m.data))
	return m
}

func (m *medium) check(n int, off int64) error {
	if off < 0 || off+int64(n) > m.size {
		return fmt.Errorf("access to %d+%d of %d", off, n, m.size)
	}
	for s := off / sectorSize; s*sectorSize < off+int64(n); s++ {
		if m.bad[s] {
			return errMedium
		}
	}
	return nil
}

func (m *medium) ReadAt(p []byte, off int64) (int, error) {
	if err := m.check(len(p), off); err != nil {
		return 0, err
	}
	clear(p)
	if off < int64(len(m.data)) {
		copy(p, m.data[off:])
	}
	return len(p), nil
}

func (m *medium) WriteAt(p []byte, off int64) (int, error) {
	if err := m.check(len(p), off); err != nil {
		return 0, err
	}
	if off < int64(len(m.data)) {
		copy(m.data[off:], p)
	}
	return len(p), nil
}

func (m *medium) Size() int64    { return m.size }
func (m *medium) ReadOnly() bool { return m.readOnly }
func (m *medium) Flush() error {
	m.flushes++
	if m.noFlush {
		return errMedium
	}
	return nil
}

type board struct {
	t            testing.TB
	clock        devicestest.Clock
	intrq, dmarq devicestest.Wire
	m            [2]*medium
	errors       []HostError
	c            *Channel
	cmd          CommandPort
	ctl          ControlPort
}

// newBoard makes a channel with drives of the given numbers of sectors; 0 is no drive.
func newBoard(t testing.TB, sectors ...int) *board {
	b := &board{t: t}
	cfg := Config{
		Clock: &b.clock, INTRQ: b.intrq.Drive, DMARQ: b.dmarq.Drive,
		OnHostError: func(e HostError) { b.errors = append(b.errors, e) },
	}
	for i, n := range sectors {
		if n > 0 {
			b.m[i] = newMedium(n)
			cfg.Drives[i] = Drive{Image: b.m[i], Model: "Test Disk", Serial: "S1", Firmware: "1.0"}
		}
	}
	b.c = New(cfg)
	b.cmd, b.ctl = b.c.CommandPort(), b.c.ControlPort()
	b.c.Reset()
	return b
}

func (b *board) status() uint8 { return b.ctl.In(0) }

// wait lets time pass until the drive is no longer busy, 10 ms at most.
func (b *board) wait() {
	b.t.Helper()
	for range 1000 {
		if b.status()&statusBSY == 0 {
			return
		}
		at, ok := b.clock.Next()
		require.True(b.t, ok, "busy for ever")
		b.clock.AdvanceTo(at)
	}
	b.t.Fatal("still busy")
}

// lba28 fills in the registers of a 28-bit command for drive 0 and starts it.
func (b *board) lba28(code uint8, lba uint32, count uint8) {
	b.cmd.Out(2, count)
	b.cmd.Out(3, uint8(lba))
	b.cmd.Out(4, uint8(lba>>8))
	b.cmd.Out(5, uint8(lba>>16))
	b.cmd.Out(6, 0xe0|uint8(lba>>24))
	b.cmd.Out(7, code)
}

// lba48 does so for a 48-bit command.
func (b *board) lba48(code uint8, lba uint64, count uint16) {
	for _, shift := range []int{24, 0} {
		b.cmd.Out(2, uint8(count>>(shift/3)))
		b.cmd.Out(3, uint8(lba>>shift))
		b.cmd.Out(4, uint8(lba>>(shift+8)))
		b.cmd.Out(5, uint8(lba>>(shift+16)))
	}
	b.cmd.Out(6, 0x40)
	b.cmd.Out(7, code)
}

// do runs a command without data and returns Status and Error.
func (b *board) do(code uint8) (status, err uint8) {
	b.t.Helper()
	b.cmd.Out(7, code)
	b.wait()
	assert.True(b.t, b.intrq.Level, "command %#02x ends with an interrupt", code)
	return b.cmd.In(7), b.cmd.In(1)
}

// readPIO reads blocks of n sectors until DRQ is no longer set; each must interrupt.
func (b *board) readPIO(n int) (data []byte) {
	b.t.Helper()
	for b.wait(); b.status()&statusDRQ != 0; b.wait() {
		require.True(b.t, b.intrq.Level, "an interrupt for every block")
		b.cmd.In(7)
		require.False(b.t, b.intrq.Level)
		for i := 0; i < n*sectorSize && b.status()&statusDRQ != 0; i += 2 {
			data = binary.LittleEndian.AppendUint16(data, uint16(b.cmd.InWide(0, 2)))
		}
	}
	return data
}

// writePIO writes data as long as the drive wants it.
func (b *board) writePIO(data []byte) (blocks int) {
	b.t.Helper()
	for b.wait(); b.status()&statusDRQ != 0; b.wait() {
		assert.Equal(b.t, blocks > 0, b.intrq.Level, "no interrupt before the first block")
		b.cmd.In(7)
		blocks++
		for b.status()&statusDRQ != 0 {
			b.cmd.OutWide(0, 4, binary.LittleEndian.Uint32(data))
			data = data[4:]
		}
	}
	return blocks
}

func (b *board) sectors(lba, n int) []byte { return b.m[0].data[lba*sectorSize : (lba+n)*sectorSize] }

func TestSignatureAfterReset(t *testing.T) {
	b := newBoard(t, 100)
	want := []uint8{1, 1, 1, 0, 0, 0xa0, 0x50}
	for i, v := range want {
		assert.Equal(t, v, b.cmd.In(uint16(i+1)), "register %d", i+1)
	}
	b.cmd.Out(6, 0xe5)
	b.cmd.Out(4, 0x99)
	b.ctl.Out(0, controlSRST)
	assert.Equal(t, uint8(0x80), b.status())
	b.clock.Advance(devices.Second)
	assert.Equal(t, uint8(0x80), b.status(), "held as long as SRST is set")
	b.ctl.Out(0, 0)
	assert.Equal(t, uint8(0x80), b.status())
	b.wait()
	for i, v := range want {
		assert.Equal(t, v, b.cmd.In(uint16(i+1)), "register %d", i+1)
	}
	assert.Zero(t, b.intrq.Rises, "a reset does not interrupt")
}

func TestAbsentDrives(t *testing.T) {
	t.Run("no drive floats", func(t *testing.T) {
		b := newBoard(t)
		b.cmd.Out(2, 0x55)
		for off := range uint16(8) {
			assert.Equal(t, uint8(0x7f), b.cmd.In(off), "register %d", off)
		}
		assert.Equal(t, uint8(0x7f), b.status())
		b.cmd.Out(7, 0xec)
		assert.Equal(t, uint8(0x7f), b.status())
	})
	t.Run("drive 0 answers for drive 1", func(t *testing.T) {
		b := newBoard(t, 10)
		b.cmd.Out(6, 0xb0)
		b.cmd.Out(2, 0x55)
		b.cmd.Out(3, 0xaa)
		assert.Equal(t, uint8(0x55), b.cmd.In(2))
		assert.Equal(t, uint8(0xaa), b.cmd.In(3))
		assert.Equal(t, uint8(0xb0), b.cmd.In(6))
		assert.Equal(t, uint8(0), b.cmd.In(7))
		assert.Equal(t, uint8(0), b.status())
		b.cmd.Out(7, 0xec)
		b.clock.Advance(devices.Second)
		assert.Equal(t, uint8(0), b.status())
		assert.Zero(t, b.intrq.Rises)
	})
	t.Run("drive 1 does not answer for drive 0", func(t *testing.T) {
		b := newBoard(t, 0, 10)
		assert.Equal(t, uint8(0x7f), b.status())
		b.cmd.Out(6, 0x10)
		assert.Equal(t, uint8(0x50), b.status())
	})
}

func words(t *testing.T, p []byte) (w [256]uint16) {
	require.Len(t, p, sectorSize)
	for i := range w {
		w[i] = binary.LittleEndian.Uint16(p[2*i:])
	}
	return w
}

func unswap(w []uint16) (s string) {
	for _, v := range w {
		s += string([]byte{uint8(v >> 8), uint8(v)})
	}
	return s
}

func TestIdentify(t *testing.T) {
	b := newBoard(t, 63*16*20+5)
	b.cmd.Out(7, 0xec)
	raw := b.readPIO(1)
	w := words(t, raw)
	assert.Equal(t, uint8(0x50), b.status())
	assert.Zero(t, w[0]&0x8000, "an ATA device")
	assert.Equal(t, []uint16{20, 16, 63}, []uint16{w[1], w[3], w[6]})
	assert.Equal(t, []uint16{20, 16, 63}, w[54:57])
	assert.Equal(t, uint32(63*16*20), uint32(w[57])|uint32(w[58])<<16)
	assert.Equal(t, uint32(63*16*20+5), uint32(w[60])|uint32(w[61])<<16)
	assert.Equal(t, []uint16{63*16*20 + 5, 0, 0, 0}, w[100:104])
	assert.Equal(t, fmt.Sprintf("%-20s", "S1"), unswap(w[10:20]))
	assert.Equal(t, fmt.Sprintf("%-8s", "1.0"), unswap(w[23:27]))
	assert.Equal(t, fmt.Sprintf("%-40s", "Test Disk"), unswap(w[27:47]))
	assert.Equal(t, uint16(0x0300), w[49]&0x0300, "DMA and LBA")
	assert.Equal(t, uint16(0x7400), w[83]&0xf400, "48 bits and both flushes")
	assert.Equal(t, uint16(0x3400), w[86]&0x3400)
	assert.Equal(t, uint16(0x4040), w[84], "FUA")
	assert.Equal(t, uint16(0x20), w[85]&0x20, "write cache on")
	assert.Equal(t, uint16(0x0007), w[63])
	sum := uint8(0)
	for _, v := range raw {
		sum += v
	}
	assert.Zero(t, sum, "checksum")
}

func TestIdentifyLargeDrive(t *testing.T) {
	b := newBoard(t, 1)
	b.m[0].size = 1 << 42 // 2³³ sectors
	c := New(Config{Clock: &b.clock, Drives: [2]Drive{{Image: b.m[0]}}})
	c.Reset()
	w := c.drives[0].identify()
	assert.Equal(t, uint16(16383), w[1])
	assert.Equal(t, uint32(0x0fff_ffff), uint32(w[60])|uint32(w[61])<<16)
	assert.Equal(t, []uint16{0, 0, 2, 0}, w[100:104])
}

func TestReadPIO(t *testing.T) {
	for _, tc := range []struct {
		name  string
		start func(*board)
		lba   int
		n     int
		block int
	}{
		{"one sector", func(b *board) { b.lba28(0x20, 7, 1) }, 7, 1, 1},
		{"0 means 256", func(b *board) { b.lba28(0x20, 30, 0) }, 30, 256, 1},
		{"48 bits", func(b *board) { b.lba48(0x24, 17, 300) }, 17, 300, 1},
		{"multiple, odd end", func(b *board) {
			b.cmd.Out(2, 8)
			b.do(0xc6)
			b.lba28(0xc4, 3, 21)
		}, 3, 21, 8},
		{"multiple, 48 bits", func(b *board) {
			b.cmd.Out(2, 16)
			b.do(0xc6)
			b.lba48(0x29, 3, 300)
		}, 3, 300, 16},
		{"CHS", func(b *board) {
			b.cmd.Out(2, 3)
			b.cmd.Out(3, 2) // sector 2 of head 1: LBA 64
			b.cmd.Out(4, 0)
			b.cmd.Out(5, 0)
			b.cmd.Out(6, 0xa1)
			b.cmd.Out(7, 0x20)
		}, 64, 3, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBoard(t, 400)
			tc.start(b)
			rises := b.intrq.Rises
			got := b.readPIO(tc.block)
			assert.True(t, bytes.Equal(b.sectors(tc.lba, tc.n), got))
			assert.Equal(t, (tc.n+tc.block-1)/tc.block, b.intrq.Rises-rises)
			assert.Equal(t, uint8(0x50), b.status())
			assert.Equal(t, uint8(0), b.cmd.In(2), "no sectors left")
		})
	}
}

func TestWritePIO(t *testing.T) {
	data := bytes.Repeat([]byte{0xde, 0xad, 0xbe, 0xef}, 300*128)
	for _, tc := range []struct {
		name   string
		start  func(*board)
		n      int
		blocks int
	}{
		{"sectors", func(b *board) { b.lba28(0x30, 7, 5) }, 5, 5},
		{"48 bits", func(b *board) { b.lba48(0x34, 7, 300) }, 300, 300},
		{"multiple", func(b *board) {
			b.cmd.Out(2, 4)
			b.do(0xc6)
			b.lba28(0xc5, 7, 9)
		}, 9, 3},
		{"multiple FUA", func(b *board) {
			b.cmd.Out(2, 16)
			b.do(0xc6)
			b.lba48(0xce, 7, 32)
		}, 32, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBoard(t, 400)
			before := bytes.Clone(b.m[0].data)
			tc.start(b)
			assert.Equal(t, tc.blocks, b.writePIO(data))
			assert.True(t, b.intrq.Level, "an interrupt at the end")
			assert.Equal(t, uint8(0x50), b.cmd.In(7))
			copy(before[7*sectorSize:], data[:tc.n*sectorSize])
			assert.True(t, bytes.Equal(before, b.m[0].data))
		})
	}
}

func TestDataPortWidths(t *testing.T) {
	b := newBoard(t, 10)
	b.lba28(0x20, 1, 1)
	b.wait()
	s := b.sectors(1, 1)
	assert.Equal(t, binary.LittleEndian.Uint32(s), b.cmd.InWide(0, 4))
	assert.Equal(t, uint32(binary.LittleEndian.Uint16(s[4:])), b.cmd.InWide(0, 2))
	assert.Equal(t, s[6], b.cmd.In(0), "a byte access moves a word")
	assert.Equal(t, uint32(binary.LittleEndian.Uint16(s[8:])), b.cmd.InWide(0, 2))
	assert.Equal(t, uint32(0xff7f), newBoard(t, 1).cmd.InWide(0, 2), "no data")
}

func TestOutOfRange(t *testing.T) {
	b := newBoard(t, 400)
	for _, tc := range []struct {
		name  string
		start func()
	}{
		{"first sector", func() { b.lba28(0x20, 400, 1) }},
		{"last of several", func() { b.lba28(0xc8, 399, 2) }},
		{"write", func() { b.lba28(0x30, 0x0fff_ffff, 0) }},
		{"48 bits, wraps", func() { b.lba48(0x25, 1<<48-1, 0) }},
		{"verify", func() { b.lba28(0x40, 145, 0) }},
		{"CHS sector 0", func() { b.lba28(0x20, 0, 1); b.wait(); b.readPIO(1); b.cmd.Out(6, 0xa0); b.cmd.Out(7, 0x20) }},
		{"CHS sector 64", func() { b.cmd.Out(3, 64); b.cmd.Out(7, 0x20) }},
		{"seek", func() { b.lba28(0x70, 400, 1) }},
	} {
		tc.start()
		b.wait()
		assert.True(t, b.intrq.Level, tc.name)
		assert.Equal(t, uint8(0x51), b.cmd.In(7), tc.name)
		assert.Equal(t, uint8(errorIDNF), b.cmd.In(1), tc.name)
	}
	assert.Empty(t, b.errors)
}

func TestTranslation(t *testing.T) {
	b := newBoard(t, 400)
	b.cmd.Out(2, 10)
	b.cmd.Out(6, 0xa3) // 4 heads
	st, _ := b.do(0x91)
	assert.Equal(t, uint8(0x50), st)
	b.cmd.Out(7, 0xec)
	w := words(t, b.readPIO(1))
	assert.Equal(t, []uint16{10, 4, 10}, w[54:57])
	b.cmd.Out(2, 1)
	b.cmd.Out(3, 10) // cylinder 2, head 3, sector 10: (2×4+3)×10+9
	b.cmd.Out(4, 2)
	b.cmd.Out(5, 0)
	b.cmd.Out(6, 0xa3)
	b.cmd.Out(7, 0x20)
	assert.Equal(t, b.sectors(119, 1), b.readPIO(1))
	b.cmd.Out(6, 0xa4)
	st, er := b.do(0x20)
	assert.Equal(t, [2]uint8{0x51, errorIDNF}, [2]uint8{st, er}, "head 4 of 4")
	b.cmd.Out(2, 0)
	st, er = b.do(0x91)
	assert.Equal(t, [2]uint8{0x51, errorABRT}, [2]uint8{st, er}, "no sectors per track")
}

func TestCommandsThatAbort(t *testing.T) {
	b := newBoard(t, 400)
	for _, code := range []uint8{0x00, 0x08, 0x22, 0x32, 0x50, 0x92, 0xa0, 0xa1, 0xb0, 0xc4, 0xc5, 0xc7, 0xe4, 0xe8, 0xf1, 0xf9, 0xff} {
		st, er := b.do(code)
		assert.Equal(t, [2]uint8{0x51, errorABRT}, [2]uint8{st, er}, "command %#02x", code)
	}
	for _, n := range []uint8{3, 17, 32, 0x80} {
		b.cmd.Out(2, n)
		st, _ := b.do(0xc6)
		assert.Equal(t, uint8(0x51), st, "%d sectors per block", n)
	}
	for _, f := range []uint8{0x00, 0x01, 0x05, 0x42, 0x99} {
		b.cmd.Out(1, f)
		st, _ := b.do(0xef)
		assert.Equal(t, uint8(0x51), st, "feature %#02x", f)
	}
	st, _ := b.do(0x10)
	assert.Equal(t, uint8(0x50), st, "and one that does not")
	assert.Equal(t, uint8(0), b.cmd.In(1))
}

func TestTransferModes(t *testing.T) {
	b := newBoard(t, 400)
	for _, tc := range []struct {
		mode   uint8
		w63    uint16
		w88    uint16
		status uint8
	}{
		{0x22, 0x0407, 0x003f, 0x50},
		{0x45, 0x0007, 0x203f, 0x50},
		{0x0c, 0x0007, 0x203f, 0x50},
		{0x46, 0x0007, 0x203f, 0x51},
		{0x23, 0x0007, 0x203f, 0x51},
		{0x10, 0x0007, 0x203f, 0x51},
		{0x20, 0x0107, 0x003f, 0x50},
	} {
		b.cmd.Out(1, 0x03)
		b.cmd.Out(2, tc.mode)
		st, _ := b.do(0xef)
		assert.Equal(t, tc.status, st, "mode %#02x", tc.mode)
		b.cmd.Out(7, 0xec)
		w := words(t, b.readPIO(1))
		assert.Equal(t, [2]uint16{tc.w63, tc.w88}, [2]uint16{w[63], w[88]}, "mode %#02x", tc.mode)
	}
}

func TestWhatReachesStableStorage(t *testing.T) {
	b := newBoard(t, 400)
	data := make([]byte, 64*sectorSize)
	flushed := func(what string, want int) {
		t.Helper()
		assert.Equal(t, want, b.m[0].flushes, what)
		b.m[0].flushes = 0
	}
	b.lba28(0x30, 0, 2)
	b.writePIO(data)
	flushed("a cached write", 0)
	for _, code := range []uint8{0xe7, 0xea, 0xe0, 0xe2, 0x94} {
		st, _ := b.do(code)
		assert.Equal(t, uint8(0x50), st)
		flushed(fmt.Sprintf("command %#02x", code), 1)
	}
	b.cmd.Out(2, 2)
	b.do(0xc6)
	b.lba48(0xce, 0, 4)
	b.writePIO(data)
	flushed("FUA", 1)
	b.cmd.Out(1, 0x82)
	b.do(0xef)
	flushed("write cache off", 1)
	b.lba28(0x30, 0, 3)
	b.writePIO(data)
	flushed("write-through", 1)
	b.cmd.Out(7, 0xec)
	w := words(t, b.readPIO(1))
	assert.Zero(t, w[85]&0x20)
	b.cmd.Out(1, 0x02)
	b.do(0xef)
	b.lba28(0x30, 0, 3)
	b.writePIO(data)
	flushed("write cache on again", 0)
}

func TestHostErrorsReachGuestAndHost(t *testing.T) {
	b := newBoard(t, 400)
	b.m[0].bad[12] = true
	b.lba28(0xc8, 10, 5)
	b.wait()
	assert.Equal(t, uint8(0x51), b.cmd.In(7))
	assert.Equal(t, uint8(errorUNC), b.cmd.In(1))
	assert.Equal(t, uint8(12), b.cmd.In(3), "the sector that is bad")
	assert.Equal(t, uint8(3), b.cmd.In(2), "it and the rest")
	b.lba28(0x30, 12, 1)
	b.writePIO(make([]byte, sectorSize))
	assert.Equal(t, uint8(0x71), b.cmd.In(7), "device fault")
	b.m[0].noFlush = true
	st, er := b.do(0xe7)
	assert.Equal(t, [2]uint8{0x71, errorABRT}, [2]uint8{st, er})
	b.lba28(0x40, 0, 20)
	b.wait()
	assert.Equal(t, uint8(errorUNC), b.cmd.In(1), "verify looks too")
	assert.Equal(t, []HostError{
		{0, "read", 12, errMedium}, {0, "write", 12, errMedium}, {0, "flush", 0, errMedium}, {0, "read", 12, errMedium},
	}, b.errors)
}

func TestReadOnlyMedium(t *testing.T) {
	b := newBoard(t, 10)
	b.m[0].readOnly = true
	for _, code := range []uint8{0x30, 0xca} {
		b.lba28(code, 0, 1)
		b.wait()
		assert.Equal(t, uint8(0x51), b.cmd.In(7))
		assert.Equal(t, uint8(errorABRT|errorWP), b.cmd.In(1))
	}
	assert.Zero(t, b.dmarq.Rises)
}

func TestInterruptLine(t *testing.T) {
	b := newBoard(t, 10, 10)
	b.ctl.Out(0, controlNIEN)
	b.cmd.Out(7, 0xe5)
	b.wait()
	assert.Zero(t, b.intrq.Rises)
	b.ctl.Out(0, 0)
	assert.True(t, b.intrq.Level, "pending behind nIEN")
	b.ctl.In(0)
	assert.True(t, b.intrq.Level, "Alternate Status has no effect")
	b.cmd.Out(6, 0x10)
	assert.False(t, b.intrq.Level, "the other drive is selected")
	b.cmd.In(7)
	b.cmd.Out(6, 0)
	assert.True(t, b.intrq.Level)
	b.cmd.In(7)
	assert.False(t, b.intrq.Level)
	b.cmd.Out(7, 0xe5)
	b.wait()
	b.cmd.Out(7, 0xe5)
	assert.False(t, b.intrq.Level, "a command ends the interrupt")
	b.wait()
	b.ctl.Out(0, controlSRST)
	assert.False(t, b.intrq.Level)
}

func TestHOBShowsTheOlderByte(t *testing.T) {
	b := newBoard(t, 10)
	b.cmd.Out(3, 0x11)
	b.cmd.Out(3, 0x22)
	b.ctl.Out(0, controlHOB)
	assert.Equal(t, uint8(0x11), b.cmd.In(3))
	b.cmd.Out(4, 0)
	assert.Equal(t, uint8(0x22), b.cmd.In(3), "a write to the command block ends it")
}

func TestNativeMax(t *testing.T) {
	b := newBoard(t, 0x12345)
	b.cmd.Out(6, 0x40)
	b.do(0xf8)
	assert.Equal(t, []uint8{0x44, 0x23, 0x01}, []uint8{b.cmd.In(3), b.cmd.In(4), b.cmd.In(5)})
	b.do(0x27)
	b.ctl.Out(0, controlHOB)
	assert.Equal(t, []uint8{0, 0, 0}, []uint8{b.cmd.In(3), b.cmd.In(4), b.cmd.In(5)})
}

func TestPowerModes(t *testing.T) {
	b := newBoard(t, 10)
	b.do(0xe5)
	assert.Equal(t, uint8(0xff), b.cmd.In(2))
	b.do(0xe0)
	b.do(0xe5)
	assert.Equal(t, uint8(0), b.cmd.In(2))
	b.lba28(0x20, 0, 1)
	b.readPIO(1)
	b.do(0xe5)
	assert.Equal(t, uint8(0xff), b.cmd.In(2), "an access wakes it")
	b.do(0xe6)
	b.cmd.Out(7, 0xe5)
	b.clock.Advance(devices.Second)
	assert.False(t, b.intrq.Level, "asleep")
	b.ctl.Out(0, controlSRST)
	b.ctl.Out(0, 0)
	b.wait()
	b.do(0xe5)
}

func TestDiagnosticRunsOnBothDrives(t *testing.T) {
	b := newBoard(t, 10, 10)
	b.cmd.Out(6, 0x10)
	b.cmd.Out(7, 0x90)
	b.wait()
	assert.True(t, b.intrq.Level)
	assert.Equal(t, uint8(0xa0), b.cmd.In(6), "drive 0 is selected")
	assert.Equal(t, uint8(1), b.cmd.In(1))
	b.cmd.Out(6, 0x10)
	b.wait()
	assert.False(t, b.intrq.Level, "only drive 0 interrupts")
	assert.Equal(t, uint8(1), b.cmd.In(1))
	assert.Equal(t, uint8(0x50), b.cmd.In(7))
}

func TestTwoDrivesAreTwoDisks(t *testing.T) {
	b := newBoard(t, 10, 20)
	b.m[1].data[0] = 0x77
	b.cmd.Out(2, 1)
	b.cmd.Out(3, 0)
	b.cmd.Out(6, 0xf0)
	b.cmd.Out(7, 0x20)
	got := b.readPIO(1)
	assert.Equal(t, b.m[1].data[:sectorSize], got)
	b.cmd.Out(6, 0xe0)
	assert.Equal(t, uint8(0x50), b.status())
}

func TestBusyDriveIgnoresCommandsAndRegisters(t *testing.T) {
	b := newBoard(t, 10)
	b.lba28(0x20, 3, 1)
	b.cmd.Out(3, 9)
	b.cmd.Out(7, 0xec)
	b.wait()
	b.cmd.Out(7, 0xec) // data is waiting
	assert.Equal(t, b.sectors(3, 1), b.readPIO(1))
}

// dma runs a DMA transfer as a bus master would, in odd pieces.
func (b *board) dma(p []byte, in bool) {
	for done := 0; done < len(p); {
		if !b.dmarq.Level {
			at, ok := b.clock.Next()
			if !ok {
				b.t.Fatalf("DMA stops after %d bytes", done)
			}
			b.clock.AdvanceTo(at)
			continue
		}
		require.Equal(b.t, uint8(statusBSY), b.status()&(statusBSY|statusDRQ))
		piece := p[done:min(len(p), done+1022)]
		n := 0
		if in {
			require.Zero(b.t, b.c.WriteDMAData(piece))
			n = b.c.ReadDMAData(piece)
		} else {
			require.Zero(b.t, b.c.ReadDMAData(piece))
			n = b.c.WriteDMAData(piece)
		}
		require.NotZero(b.t, n)
		done += n
	}
	require.False(b.t, b.dmarq.Level)
}

func TestDMA(t *testing.T) {
	for _, tc := range []struct {
		name  string
		start func(*board)
		in    bool
		lba   int
		n     int
		flush int
	}{
		{"read", func(b *board) { b.lba28(0xc8, 5, 0) }, true, 5, 256, 0},
		{"read, 48 bits", func(b *board) { b.lba48(0x25, 5, 500) }, true, 5, 500, 0},
		{"write", func(b *board) { b.lba28(0xca, 9, 3) }, false, 9, 3, 0},
		{"write, 48 bits", func(b *board) { b.lba48(0x35, 9, 500) }, false, 9, 500, 0},
		{"write FUA", func(b *board) { b.lba48(0x3d, 9, 129) }, false, 9, 129, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBoard(t, 600)
			model := bytes.Clone(b.m[0].data)
			p := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, tc.n*sectorSize/8)
			at := model[tc.lba*sectorSize:]
			if !tc.in {
				copy(at, p)
			}
			tc.start(b)
			b.dma(p, tc.in)
			assert.False(t, b.intrq.Level, "not before the end")
			b.wait()
			assert.True(t, b.intrq.Level)
			assert.Equal(t, uint8(0x50), b.cmd.In(7))
			assert.True(t, bytes.Equal(at[:len(p)], p))
			assert.True(t, bytes.Equal(model, b.m[0].data))
			assert.Equal(t, tc.flush, b.m[0].flushes)
			assert.Equal(t, 1, b.intrq.Rises)
		})
	}
}

// TestResetDropsTheTransfer is the class of CVE-2023-5088: nothing of a command may reach
// the disk after a reset.
func TestResetDropsTheTransfer(t *testing.T) {
	for name, reset := range map[string]func(*board){
		"SRST":   func(b *board) { b.ctl.Out(0, controlSRST); b.ctl.Out(0, 0) },
		"RESET-": func(b *board) { b.c.Reset() },
	} {
		for _, moved := range []int{0, 2, 1000, 4 * sectorSize} {
			b := newBoard(t, 600)
			before := bytes.Clone(b.m[0].data)
			b.lba28(0xca, 100, 4)
			b.clock.Advance(commandTime)
			require.True(t, b.dmarq.Level)
			b.c.WriteDMAData(make([]byte, moved))
			reset(b)
			assert.False(t, b.dmarq.Level, name)
			b.clock.Advance(devices.Second)
			assert.True(t, bytes.Equal(before, b.m[0].data), "%s after %d bytes", name, moved)
			assert.Zero(t, b.intrq.Rises)
			assert.Equal(t, uint8(0x50), b.status())
			assert.Zero(t, b.c.WriteDMAData(make([]byte, 512)))
		}
	}
}

func TestSettingsAcrossSoftwareReset(t *testing.T) {
	b := newBoard(t, 400)
	srst := func() { b.ctl.Out(0, controlSRST); b.ctl.Out(0, 0); b.wait() }
	b.cmd.Out(2, 8)
	b.do(0xc6)
	srst()
	assert.Equal(t, uint8(8), b.c.Save().Drives[0].Multiple)
	b.cmd.Out(1, 0xcc)
	b.do(0xef)
	srst()
	assert.Equal(t, uint8(0), b.c.Save().Drives[0].Multiple)
}

// TestSaveAndRestoreAtEveryStep moves to another channel after every event of transfers.
func TestSaveAndRestoreAtEveryStep(t *testing.T) {
	move := func(b *board) *board {
		s := b.c.Save()
		n := newBoard(t, 400)
		n.m[0].data = bytes.Clone(b.m[0].data)
		n.clock.AdvanceTo(b.clock.Now())
		require.NoError(t, n.c.Restore(s))
		assert.Equal(t, s, n.c.Save())
		assert.Equal(t, b.intrq.Level, n.intrq.Level)
		n.dmarq.Level = b.dmarq.Level // the bus master's memory
		return n
	}
	b := newBoard(t, 400)
	model := bytes.Clone(b.m[0].data)
	b.cmd.Out(2, 2)
	b.do(0xc6)
	b.lba28(0xc5, 20, 5)
	for i := range 5 * sectorSize / 2 {
		for b.status()&statusBSY != 0 {
			b = move(b)
			at, _ := b.clock.Next()
			b.clock.AdvanceTo(at)
		}
		if i%100 == 0 {
			b = move(b)
		}
		b.cmd.OutWide(0, 2, uint32(i))
		binary.LittleEndian.PutUint16(model[20*sectorSize+2*i:], uint16(i))
	}
	b = move(b)
	b.wait()
	b = move(b)
	assert.True(t, b.intrq.Level)
	assert.True(t, bytes.Equal(model, b.m[0].data))

	b.lba28(0xc8, 0, 200)
	var got []byte
	for len(got) < 200*sectorSize {
		b = move(b)
		if !b.dmarq.Level {
			at, _ := b.clock.Next()
			b.clock.AdvanceTo(at)
			continue
		}
		p := make([]byte, 10000)
		got = append(got, p[:b.c.ReadDMAData(p)]...)
	}
	assert.True(t, bytes.Equal(model[:200*sectorSize], got))
}

func TestRestoreRefusesNonsense(t *testing.T) {
	b := newBoard(t, 400)
	b.lba28(0x30, 10, 2)
	b.wait()
	for name, change := range map[string]func(*State){
		"phase 200":      func(s *State) { s.Drives[0].Phase = 200 },
		"device control": func(s *State) { s.Control = 1 },
		"disagree":       func(s *State) { s.Drives[1].Device = 0x10 },
		"not there":      func(s *State) { s.Drives[1].Phase = PhaseCommand },
		"heads":          func(s *State) { s.Drives[0].Heads = 0 },
		"per block":      func(s *State) { s.Drives[0].Multiple = 5 },
		"modes":          func(s *State) { s.Drives[0].DMAMode = 0x47 },
		"reset line":     func(s *State) { s.Control = controlSRST },
		"status":         func(s *State) { s.Drives[0].Status = 0xd0 },
		"diagnostic":     func(s *State) { s.Drives[0].Diagnose = true },
		"command 0xc8":   func(s *State) { s.Drives[0].Command = 0xc8 },
		"command 0xb0":   func(s *State) { s.Drives[0].Command = 0xb0 },
		"bytes of data":  func(s *State) { s.Drives[0].Data = make([]byte, 100) },
		"129":            func(s *State) { s.Drives[0].Data = make([]byte, 129*512); s.Drives[0].Left = 200 },
		"position":       func(s *State) { s.Drives[0].Pos = 512 },
		"sectors at":     func(s *State) { s.Drives[0].LBA = 399 },
		"writes":         func(s *State) { s.Drives[0].Left = 0 },
	} {
		s := b.c.Save()
		change(&s)
		err := b.c.Restore(s)
		if name == "129" {
			name = "bytes of data"
		}
		assert.ErrorContains(t, err, name)
	}
	require.NoError(t, b.c.Restore(b.c.Save()))
}

// FuzzChannel throws register accesses, DMA and time at a channel with two drives, the
// second one read-only. After each step the state must survive a round trip, and the
// image only ever sees accesses inside itself.
func FuzzChannel(f *testing.F) {
	f.Add([]byte{2, 1, 6, 0xe0, 7, 0x20, 16, 200, 32, 255, 33, 255})
	f.Add([]byte{2, 4, 6, 0xe0, 7, 0xca, 16, 200, 49, 255, 16, 200, 8, 4, 8, 0})
	f.Add([]byte{7, 0xec, 16, 20, 32, 255, 7, 0x90, 6, 0x10, 16, 255})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newBoard(t, 300, 300)
		b.m[1].readOnly = true
		second := bytes.Clone(b.m[1].data)
		buf := make([]byte, 4096)
		for ; len(in) >= 2; in = in[2:] {
			op, v := in[0], in[1]
			switch {
			case op < 8:
				b.cmd.Out(uint16(op), v)
			case op < 10:
				b.ctl.Out(0, v)
			case op < 16:
				b.cmd.In(uint16(v & 7))
			case op < 32:
				b.clock.Advance(devices.Time(v) * devices.Microsecond * 10)
			case op < 48:
				for range int(v) * 4 {
					b.cmd.InWide(uint16(op>>3&2), 4)
				}
			case op < 64:
				for range int(v) * 4 {
					b.cmd.OutWide(0, 2, uint32(v))
				}
			case op < 80:
				b.c.ReadDMAData(buf[:int(v)*16])
			default:
				b.c.WriteDMAData(buf[:int(v)*16])
			}
			s := b.c.Save()
			if err := b.c.Restore(s); err != nil {
				t.Fatalf("restore after %d %#x: %v", op, v, err)
			}
			if op >= 250 {
				assert.Equal(t, s, b.c.Save())
			}
		}
		if !bytes.Equal(second, b.m[1].data) {
			t.Fatal("the read-only drive was written")
		}
		if len(b.errors) != 0 {
			t.Fatalf("access outside the image: %v", b.errors)
		}
	})
}
