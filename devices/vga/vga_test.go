package vga

import (
	"image"
	"image/color"
	"math/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
	"github.com/glassbox-vm/glassbox/devices/vga/font"
)

// A bench is a board with one VGA, reached through ports and addresses only.
type bench struct {
	*Device
	clock  devicestest.Clock
	linear bool
	linOff uint64
	fb     uint64
	fbOn   bool
}

func newBench(t testing.TB, vram int) *bench {
	b := &bench{}
	var err error
	b.Device, err = New(Config{
		Clock:       &b.clock,
		VRAM:        make([]byte, vram),
		Window:      func(on bool, off uint64) { b.linear, b.linOff = on, off },
		FrameBuffer: func(base uint64, on bool) { b.fb, b.fbOn = base, on },
	})
	require.NoError(t, err)
	b.Reset()
	return b
}

func (b *bench) port(p uint16) (devices.Port, uint16) {
	switch {
	case p == 0x3b4 || p == 0x3b5:
		return b.CRTC(false), p - 0x3b4
	case p == 0x3ba:
		return b.Status(false), 0
	case p == 0x3d4 || p == 0x3d5:
		return b.CRTC(true), p - 0x3d4
	case p == 0x3da:
		return b.Status(true), 0
	}
	return b.Common(), p - 0x3c0
}

func (b *bench) out(p uint16, v uint8) { d, off := b.port(p); d.Out(off, v) }
func (b *bench) in(p uint16) uint8     { d, off := b.port(p); return d.In(off) }

// index writes an indexed register.
func (b *bench) index(p uint16, i, v uint8) { b.out(p, i); b.out(p+1, v) }

func (b *bench) attr(i, v uint8) {
	b.in(0x3da)
	b.in(0x3ba)
	b.out(0x3c0, i)
	b.out(0x3c0, v)
}

// set sets a standard mode through the ports, as firmware does.
func (b *bench) set(t testing.TB, n uint8) {
	m, ok := StandardMode(n)
	require.True(t, ok)
	b.out(0x3c2, m.Misc)
	base := uint16(0x3b4)
	if m.Misc&1 != 0 {
		base = 0x3d4
	}
	for i, v := range m.Seq {
		b.index(0x3c4, uint8(i), v)
	}
	b.index(base, 0x11, 0)
	for i, v := range m.CRTC {
		b.index(base, uint8(i), v)
	}
	for i, v := range m.Gfx {
		b.index(0x3ce, uint8(i), v)
	}
	for i, v := range m.Attr {
		b.attr(uint8(i), v)
	}
	b.out(0x3c0, 0x20)
	b.out(0x3c6, 0xff)
	b.out(0x3c8, 0)
	for i := range 256 { // every number a colour of its own
		b.out(0x3c9, uint8(i&0x3f))
		b.out(0x3c9, uint8(i>>6))
		b.out(0x3c9, uint8(63-i&0x3f))
	}
}

// poke and peek reach memory as the processor does, addr from A0000h on.
func (b *bench) poke(addr int, v ...uint8) {
	for i, v := range v {
		a := addr + i - 0xa0000
		if b.linear && a < WindowSize {
			b.vram[b.linOff+uint64(a)] = v
			continue
		}
		b.Window(a/WindowSize).WriteMMIO(uint64(a%WindowSize), 1, uint64(v))
	}
}

func (b *bench) peek(addr int) uint8 {
	a := addr - 0xa0000
	if b.linear && a < WindowSize {
		return b.vram[b.linOff+uint64(a)]
	}
	return uint8(b.Window(a/WindowSize).ReadMMIO(uint64(a%WindowSize), 1))
}

// frame is longer than one picture of any standard mode.
const frame = devices.Second / 59

func (b *bench) picture() *image.Paletted {
	return b.Peek().Image(b.VRAM(), b.clock.Now()).(*image.Paletted)
}

func TestPowerOnShowsNothing(t *testing.T) {
	b := newBench(t, MinVRAM)
	assert.True(t, b.Peek().Blank())
	_, ok := b.Peek().Text(b.VRAM())
	assert.False(t, ok)
	assert.Equal(t, uint8(0xff), b.in(0x3d4), "3Dxh is not selected")
	assert.Equal(t, uint8(0), b.in(0x3b4))
	assert.Equal(t, uint8(0xff), b.in(0x3c6))
	assert.NotPanics(t, func() { b.picture() })
}

func TestRegistersReadBackThroughTheirMasks(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.out(0x3c2, 0xff)
	assert.Equal(t, uint8(0xef), b.in(0x3cc))
	for i, want := range []uint8{0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0, 0, 0} {
		b.index(0x3c4, uint8(i), 0xff)
		assert.Equal(t, want, b.in(0x3c5), "sequencer %d", i)
	}
	for i, want := range []uint8{0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff, 0} {
		b.index(0x3ce, uint8(i), 0xff)
		assert.Equal(t, want, b.in(0x3cf), "graphics %d", i)
	}
	for i, want := range map[uint8]uint8{0: 0x3f, 15: 0x3f, 0x10: 0xef, 0x11: 0xff, 0x12: 0x3f, 0x13: 0x0f, 0x14: 0x0f, 0x15: 0} {
		b.attr(i, 0xff)
		assert.Equal(t, want, b.in(0x3c1), "attribute %#x", i)
	}
	for i := range uint8(0x19) {
		b.index(0x3d4, i, 0x55)
		assert.Equal(t, uint8(0x55), b.in(0x3d5), "CRTC %#x", i)
	}
	b.index(0x3d4, 0x30, 0x55)
	assert.Zero(t, b.in(0x3d5))
	b.out(0x3da, 0xff)
	assert.Equal(t, uint8(3), b.in(0x3ca))
}

func TestCRTCLockKeepsLineCompareOpen(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.out(0x3c2, 1)
	b.index(0x3d4, 0x11, 0x80)
	b.index(0x3d4, 0x00, 0x5f)
	assert.Zero(t, b.in(0x3d5))
	b.index(0x3d4, 0x07, 0xff)
	assert.Equal(t, uint8(0x10), b.in(0x3d5))
	b.index(0x3d4, 0x08, 0x12)
	assert.Equal(t, uint8(0x12), b.in(0x3d5), "not among the locked ones")
}

func TestAttributePortTakesIndexAndDataInTurn(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.out(0x3c2, 1)
	b.in(0x3da)
	b.out(0x3c0, 0x05)
	b.out(0x3c0, 0x2a)
	b.out(0x3c0, 0x06)
	b.in(0x3da) // back to index
	b.out(0x3c0, 0x25)
	assert.Equal(t, uint8(0x2a), b.in(0x3c1))
	b.out(0x3c0, 0x11) // the palette is in use: locked
	assert.Equal(t, uint8(0x2a), b.in(0x3c1))
}

func TestDACWritesAColourWithItsBlue(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.out(0x3c8, 7)
	assert.Equal(t, uint8(0), b.in(0x3c7))
	for _, v := range []uint8{0x11, 0x22, 0xff, 1, 2} {
		b.out(0x3c9, v)
	}
	assert.Equal(t, uint8(8), b.in(0x3c8))
	b.out(0x3c7, 7)
	assert.Equal(t, uint8(3), b.in(0x3c7))
	assert.Equal(t, []uint8{0x11, 0x22, 0x3f, 0, 0, 0}, []uint8{b.in(0x3c9), b.in(0x3c9), b.in(0x3c9), b.in(0x3c9), b.in(0x3c9), b.in(0x3c9)})
}

// slowWrite is the graphics controller, bit by bit, from the manual's words.
func slowWrite(s *State, v uint8, latch [4]uint8) (out [4]uint8) {
	bit := func(v uint8, n int) uint8 { return v >> n & 1 }
	mode, rotate, f := s.Gfx[5]&3, int(s.Gfx[3]&7), s.Gfx[3]>>3&3
	for p := range 4 {
		for n := range 8 {
			data, mask := bit(v, (n+rotate)%8), bit(s.Gfx[8], n)
			switch mode {
			case 0:
				if bit(s.Gfx[1], p) == 1 {
					data = bit(s.Gfx[0], p)
				}
			case 1:
				out[p] |= bit(latch[p], n) << n
				continue
			case 2:
				data = bit(v, p)
			case 3:
				mask &= data
				data = bit(s.Gfx[0], p)
			}
			old := bit(latch[p], n)
			switch f {
			case 1:
				data &= old
			case 2:
				data |= old
			case 3:
				data ^= old
			}
			if mask == 0 {
				data = old
			}
			out[p] |= data << n
		}
	}
	return out
}

func TestWriteModesAgainstABitwiseModel(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 0x12)
	r := rand.New(rand.NewSource(1))
	for range 20000 {
		for i := range uint8(9) {
			if i != 6 {
				b.index(0x3ce, i, uint8(r.Intn(256))&^map[uint8]uint8{5: 0x70}[i])
			}
		}
		planes := uint8(r.Intn(16))
		b.index(0x3c4, 2, planes)
		var before [4]uint8
		for p := range before {
			before[p] = uint8(r.Intn(256))
			b.vram[4*100+p] = before[p]
			b.vram[4*200+p] = uint8(r.Intn(256))
		}
		latch := [4]uint8(b.vram[4*200:])
		b.peek(0xa0000 + 200)
		v := uint8(r.Intn(256))
		b.poke(0xa0000+100, v)
		want := slowWrite(b.Peek(), v, latch)
		for p := range want {
			if planes>>p&1 == 0 {
				want[p] = before[p]
			}
		}
		require.Equal(t, want, [4]uint8(b.vram[400:]), "%+v wrote %02x", b.Peek().Gfx, v)
	}
}

func TestReadModes(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 0x12)
	copy(b.vram[40:], []uint8{0xf0, 0xcc, 0xaa, 0x01})
	for p, want := range []uint8{0xf0, 0xcc, 0xaa, 0x01} {
		b.index(0x3ce, 4, uint8(p))
		assert.Equal(t, want, b.peek(0xa000a))
	}
	b.index(0x3ce, 5, 8)
	b.index(0x3ce, 2, 7) // colour 7, plane 3 ignored
	b.index(0x3ce, 7, 7)
	assert.Equal(t, uint8(0x80), b.peek(0xa000a))
	b.index(0x3ce, 7, 0xf)
	assert.Equal(t, uint8(0x80), b.peek(0xa000a))
	b.index(0x3ce, 7, 0)
	assert.Equal(t, uint8(0xff), b.peek(0xa000a), "no plane matters")
}

func TestWindowsAnswerWhereSelected(t *testing.T) {
	for choice, inside := range [4][3]bool{{true, true, true}, {true, false, false}, {false, true, false}, {false, false, true}} {
		b := newBench(t, MinVRAM)
		b.set(t, 0x12)
		b.index(0x3ce, 6, uint8(choice)<<2|1)
		clear(b.vram)
		for i, addr := range []int{0xa0010, 0xb0010, 0xb8010} {
			b.poke(addr, 0x5a)
			assert.Equal(t, inside[i], b.peek(addr) == 0x5a, "choice %d, %x", choice, addr)
		}
	}
}

func TestTextScreen(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 3)
	for i := range 80 * 25 {
		b.poke(0xb8000+2*i, ' ', 7)
	}
	for i, c := range []byte("Hello, \xdb\xc4!") {
		b.poke(0xb8000+2*(80+3+i), c, 0x1e)
	}
	b.index(0x3d4, 0x0f, 80+13)
	b.index(0x3d4, 0x0e, 0)
	text, ok := b.Peek().Text(b.VRAM())
	require.True(t, ok)
	assert.Equal(t, [4]int{80, 25, 13, 1}, [4]int{text.Cols, text.Rows, text.CursorX, text.CursorY})
	assert.Equal(t, "   Hello, █─!", text.Line(1))
	assert.Equal(t, Cell{'H', 0x1e}, text.Row(1)[3])
	assert.Equal(t, "\n   Hello, █─!\n", text.String())

	b.index(0x3d4, 0x0d, 80) // the screen starts one line down
	b.clock.Advance(frame)
	text, _ = b.Peek().Text(b.VRAM())
	assert.Equal(t, "   Hello, █─!", text.Line(0))
	assert.Equal(t, 0, text.CursorY)

	b.index(0x3d4, 0x0a, 0x2d)
	text, _ = b.Peek().Text(b.VRAM())
	assert.Equal(t, -1, text.CursorY, "switched off")
}

func TestSplitScreenStartsAtAddressZero(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 3)
	for row := range 40 {
		b.poke(0xb8000+160*row, byte('A'+row), 7)
	}
	b.index(0x3d4, 0x0d, 160) // two lines down
	line := 16*20 - 1
	b.index(0x3d4, 0x18, uint8(line))
	b.index(0x3d4, 0x07, 0x1f&^0x10|uint8(line>>8)<<4)
	b.index(0x3d4, 0x11, 0x0e)
	b.index(0x3d4, 0x07, 0x1f&^0x10|uint8(line>>8)<<4)
	b.index(0x3d4, 0x09, 0x0f)
	b.clock.Advance(frame)
	text, _ := b.Peek().Text(b.VRAM())
	require.Equal(t, 25, text.Rows)
	assert.Equal(t, byte('C'), text.Row(0)[0].Char)
	assert.Equal(t, byte('V'), text.Row(19)[0].Char)
	assert.Equal(t, byte('A'), text.Row(20)[0].Char)
	assert.Equal(t, byte('E'), text.Row(24)[0].Char)
}

// loadFont writes a font to plane 2 as firmware does.
func (b *bench) loadFont() {
	b.index(0x3c4, 2, 4)
	b.index(0x3c4, 4, 7)
	b.index(0x3ce, 5, 0)
	b.index(0x3ce, 6, 4)
	for c, g := range font.Size16() {
		b.poke(0xa0000+32*c, g[:]...)
	}
	b.index(0x3c4, 2, 3)
	b.index(0x3c4, 4, 2)
	b.index(0x3ce, 5, 0x10)
	b.index(0x3ce, 6, 0xe)
}

func TestTextIsDrawnWithItsFont(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 3)
	b.loadFont()
	for i := range 80 * 25 {
		b.poke(0xb8000+2*i, ' ', 7)
	}
	b.poke(0xb8000, 'A', 0x1e, 0xc4, 0x07)
	b.index(0x3d4, 0x0a, 0x20)
	m := b.picture()
	assert.Equal(t, image.Rect(0, 0, 720, 400), m.Rect)
	f := font.Size16()
	for y := range 16 {
		for x := range 9 {
			want := uint8(1) // blue background
			if x < 8 && f['A'][y]<<x&0x80 != 0 {
				want = 0x3e // yellow: palette register 14
			}
			require.Equal(t, want, m.ColorIndexAt(x, y), "%d,%d", x, y)
		}
	}
	assert.Equal(t, uint8(7), m.ColorIndexAt(17, 7), "a line goes on in the ninth column")
	b.poke(0xb8000, 'A', 0x8e)
	assert.Equal(t, uint8(0x3e), b.picture().ColorIndexAt(3, 2))
	b.clock.Advance(devices.Second * 16 / 70)
	assert.NotEqual(t, uint8(0x3e), b.picture().ColorIndexAt(3, 2), "blinks")
}

func TestEveryModeHasItsSize(t *testing.T) {
	for mode, want := range map[uint8][3]int{
		0: {360, 400, int(TextMode)}, 3: {720, 400, int(TextMode)}, 7: {720, 400, int(TextMode)},
		4: {320, 200, int(CGAMode)}, 6: {640, 200, int(PlanarMode)}, 0xd: {320, 200, int(PlanarMode)},
		0xe: {640, 200, int(PlanarMode)}, 0xf: {640, 350, int(PlanarMode)}, 0x10: {640, 350, int(PlanarMode)},
		0x11: {640, 480, int(PlanarMode)}, 0x12: {640, 480, int(PlanarMode)}, 0x13: {320, 200, int(PackedMode)},
	} {
		b := newBench(t, MinVRAM)
		b.set(t, mode)
		w, h := b.Peek().Size()
		assert.Equal(t, want, [3]int{w, h, int(b.Peek().Kind())}, "mode %#x", mode)
	}
}

func TestCGAGraphics(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 4)
	b.poke(0xb8000, 0b00011011, 0b11100100)
	b.poke(0xba000+79, 0b00000011) // end of line 1
	b.poke(0xb8000+80, 0b01000000) // start of line 2
	m := b.picture()
	assert.Equal(t, []uint8{0, 0x13, 0x15, 0x17, 0x17, 0x15, 0x13, 0}, m.Pix[:8])
	assert.Equal(t, uint8(0x17), m.ColorIndexAt(319, 1))
	assert.Equal(t, uint8(0x13), m.ColorIndexAt(0, 2))

	b.set(t, 6)
	clear(b.vram)
	b.poke(0xb8000, 0b10100001)
	b.poke(0xba000+79, 1)
	m = b.picture()
	assert.Equal(t, []uint8{0x17, 0, 0x17, 0, 0, 0, 0, 0x17}, m.Pix[:8])
	assert.Equal(t, uint8(0x17), m.ColorIndexAt(639, 1))
}

func TestPlanarGraphicsAndPanning(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 0x12)
	b.index(0x3ce, 5, 2)
	for c := range 16 {
		b.index(0x3ce, 8, 0x80>>(c%8))
		b.peek(0xa0000 + c/8)
		b.poke(0xa0000+c/8, uint8(c))
	}
	want := []uint8{0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f}
	assert.Equal(t, want, b.picture().Pix[:16])
	b.attr(0x13|0x20, 3)
	assert.Equal(t, want[3:], b.picture().Pix[:13])
	b.index(0x3d4, 0x08, 0x20) // byte panning
	assert.Equal(t, want[11:], b.picture().Pix[:5])
	b.attr(0x12|0x20, 3)
	assert.Equal(t, uint8(3), b.picture().Pix[0], "only planes 0 and 1: 11 becomes 3")
}

func TestMode13IsPlainMemory(t *testing.T) {
	b := newBench(t, MinVRAM)
	assert.False(t, b.linear)
	b.set(t, 0x13)
	assert.True(t, b.linear)
	b.poke(0xa0000+320*100+50, 0xab)
	b.poke(0xa0000+63999, 0xcd)
	m := b.picture()
	assert.Equal(t, uint8(0xab), m.ColorIndexAt(50, 100))
	assert.Equal(t, uint8(0xcd), m.ColorIndexAt(319, 199))
	b.index(0x3ce, 8, 0x0f) // a bit mask: the chip must be asked again
	assert.False(t, b.linear)
	assert.Equal(t, uint8(0xab), b.peek(0xa0000+320*100+50), "the same memory")
	b.poke(0xa0000+320*100+50, 0x12)
	assert.Equal(t, uint8(0xa2), b.peek(0xa0000+320*100+50))
	b.index(0x3ce, 8, 0xff)
	assert.True(t, b.linear)
}

// TestModeX sets 320×240 with four planes, as Abrash describes it.
func TestModeX(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 0x13)
	b.index(0x3c4, 4, 6)
	b.out(0x3c2, 0xe3)
	b.index(0x3d4, 0x11, 0x2c)
	for _, r := range [][2]uint8{{6, 0x0d}, {7, 0x3e}, {9, 0x41}, {0x10, 0xea}, {0x11, 0xac}, {0x12, 0xdf}, {0x14, 0}, {0x15, 0xe7}, {0x16, 6}, {0x17, 0xe3}} {
		b.index(0x3d4, r[0], r[1])
	}
	assert.False(t, b.linear)
	pixel := func(x, y int, c uint8) {
		b.index(0x3c4, 2, 1<<(x&3))
		b.poke(0xa0000+80*y+x/4, c)
	}
	pixel(0, 0, 1)
	pixel(319, 239, 2)
	pixel(101, 17, 3)
	m := b.picture()
	require.Equal(t, image.Rect(0, 0, 320, 240), m.Rect)
	assert.Equal(t, []uint8{1, 2, 3}, []uint8{m.ColorIndexAt(0, 0), m.ColorIndexAt(319, 239), m.ColorIndexAt(101, 17)})
	b.index(0x3d4, 0x0c, 80*240>>8) // the second page
	b.index(0x3d4, 0x0d, 80*240&0xff)
	assert.Equal(t, uint8(1), b.picture().ColorIndexAt(0, 0), "before the retrace")
	b.clock.Advance(frame)
	assert.Zero(t, b.picture().ColorIndexAt(0, 0))
}

// TestRetraceIsThatOfTheMode measures mode 3 through the status port against the frequencies
// that monitors are told: 70.086 Hz and 31.469 kHz.
func TestRetraceIsThatOfTheMode(t *testing.T) {
	for mode, want := range map[uint8][2]float64{3: {70.086, 31469}, 0x12: {59.94, 31469}, 0x13: {70.086, 31469}} {
		b := newBench(t, MinVRAM)
		b.set(t, mode)
		var frames, lines, inRetrace int
		var last uint8
		const step, steps = 500, 400_000 // 0.2 s
		for range steps {
			b.clock.Advance(step)
			v := b.in(0x3da)
			rose := v &^ last
			last = v
			if rose&8 != 0 {
				frames++
			}
			if rose&1 != 0 {
				lines++
			}
			if v&8 != 0 {
				inRetrace++
			}
		}
		seconds := float64(step*steps) / 1e9
		assert.InDelta(t, want[0]*seconds, frames, 1.1, "mode %#x", mode)
		timing := b.Peek().Timing()
		assert.InDelta(t, want[1], 1e12/float64(timing.CharTime*uint64(timing.HTotal)), 20)
		assert.InDelta(t, want[1]*seconds*float64(timing.VDisplay)/float64(timing.VTotal), lines, float64(frames)+2)
		assert.InDelta(t, 2/want[1]*float64(frames)*1e9/step, inRetrace, float64(frames)*2, "two lines long")
	}
}

func TestTimingHoldsForYears(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 3)
	s := b.Peek()
	frame := s.Timing().Frame() // ps
	for _, n := range []uint64{1, 1e9, 6e11} {
		now := devices.Time(frame / 1000 * n)
		assert.NotPanics(t, func() { s.status(now); s.frame(now) })
	}
	assert.NotPanics(t, func() { s.status(1<<63 - 1); s.frame(1<<63 - 1); s.status(-1) })
}

// dispi writes a register of the display interface.
func (b *bench) dispi(i, v uint16) {
	b.DISPI().OutWide(0, 2, uint32(i))
	b.DISPI().OutWide(1, 2, uint32(v))
}

func (b *bench) readDispi(i uint16) uint16 {
	b.DISPI().OutWide(0, 2, uint32(i))
	return uint16(b.DISPI().InWide(1, 2))
}

func (b *bench) enter(x, y, bpp uint16) {
	b.dispi(4, 0)
	b.dispi(1, x)
	b.dispi(2, y)
	b.dispi(3, bpp)
	b.dispi(4, 0x41)
}

func TestDISPIColours(t *testing.T) {
	for bpp, tc := range map[uint16]struct {
		pixel []uint8
		want  color.RGBA
	}{
		15: {[]uint8{0x1f, 0x7c}, color.RGBA{255, 0, 255, 255}},
		16: {[]uint8{0xe0, 0x07}, color.RGBA{0, 255, 0, 255}},
		24: {[]uint8{1, 2, 3}, color.RGBA{3, 2, 1, 255}},
		32: {[]uint8{1, 2, 3, 9}, color.RGBA{3, 2, 1, 255}},
	} {
		b := newBench(t, 1<<20)
		b.enter(320, 200, bpp)
		copy(b.vram[(5*320+7)*len(tc.pixel):], tc.pixel)
		m := b.Peek().Image(b.VRAM(), 0)
		assert.Equal(t, image.Rect(0, 0, 320, 200), m.Bounds())
		assert.Equal(t, tc.want, m.At(7, 5), "%d bits", bpp)
	}
}

func TestDISPIBanksOffsetsAndLimits(t *testing.T) {
	b := newBench(t, 1<<20)
	assert.Equal(t, uint16(0xb0c5), b.readDispi(0))
	b.dispi(0, 0x1234)
	assert.Equal(t, uint16(0xb0c5), b.readDispi(0))
	assert.Equal(t, uint16(16), b.readDispi(10))
	b.dispi(4, 2)
	assert.Equal(t, [3]uint16{MaxX, MaxY, 32}, [3]uint16{b.readDispi(1), b.readDispi(2), b.readDispi(3)})

	b.enter(1024, 768, 32) // 3 MiB
	assert.Zero(t, b.readDispi(4)&1, "does not fit")
	b.enter(640, 480, 8)
	require.Equal(t, uint16(0x41), b.readDispi(4))
	assert.True(t, b.linear)
	assert.Equal(t, [2]uint16{640, 1638}, [2]uint16{b.readDispi(6), b.readDispi(7)})
	b.dispi(5, 4)
	assert.Equal(t, uint64(4*WindowSize), b.linOff)
	b.poke(0xa0000, 0x77)
	assert.Equal(t, uint8(0x77), b.vram[4*WindowSize])
	b.dispi(5, 16)
	assert.Equal(t, uint16(4), b.readDispi(5), "there is no bank 16")
	b.dispi(6, 1024)
	b.dispi(8, 256)
	b.dispi(9, 300)
	assert.Equal(t, [3]uint16{1024, 256, 300}, [3]uint16{b.readDispi(6), b.readDispi(8), b.readDispi(9)})
	b.dispi(9, 0xffff)
	assert.Equal(t, uint16(300), b.readDispi(9), "past the memory")
	b.vram[310*1024+266] = 0x99
	assert.Equal(t, uint8(0x99), b.picture().ColorIndexAt(10, 10))
	b.dispi(4, 0)
	assert.False(t, b.linear)
}

func TestEightBitDAC(t *testing.T) {
	b := newBench(t, 1<<20)
	b.set(t, 0x13)
	b.out(0x3c8, 1)
	for range 3 {
		b.out(0x3c9, 0x3f)
	}
	b.dispi(4, 0x20)
	b.out(0x3c7, 1)
	assert.Equal(t, uint8(0xff), b.in(0x3c9), "widened")
	b.out(0x3c8, 2)
	for range 3 {
		b.out(0x3c9, 0x81)
	}
	assert.Equal(t, color.RGBA{0x81, 0x81, 0x81, 0xff}, b.picture().Palette[2])
	b.dispi(4, 0)
	b.out(0x3c7, 2)
	assert.Equal(t, uint8(0x20), b.in(0x3c9))
}

func TestPCIFrameBufferAndRegisters(t *testing.T) {
	b := newBench(t, 1<<20)
	f := b.Function()
	assert.Equal(t, uint32(0x11111234), f.ReadConfig(0, 4))
	assert.Equal(t, uint32(0x030000), f.ReadConfig(8, 4)>>8)
	f.WriteConfig(0x10, 4, 0xffffffff)
	assert.Equal(t, uint32(0xfff00008), f.ReadConfig(0x10, 4))
	f.WriteConfig(0x10, 4, 0xe0000000)
	f.WriteConfig(4, 2, 2)
	assert.True(t, b.fbOn)
	assert.Equal(t, uint64(0xe0000000), b.fb)
	r := b.Registers()
	assert.Equal(t, uint64(0xb0c5), r.ReadMMIO(0x500, 2))
	r.WriteMMIO(0x502, 2, 800)
	assert.Equal(t, uint16(800), b.readDispi(1))
	r.WriteMMIO(0x402, 1, 0x63)
	assert.Equal(t, uint8(0x63), b.in(0x3cc))
	r.WriteMMIO(0x414, 2, 0x4501)
	b.out(0x3d4, 1)
	assert.Equal(t, uint8(0x45), b.in(0x3d5))
	assert.Equal(t, uint64(0x1e1e1e1e), r.ReadMMIO(0x604, 4))
}

func TestRestoreGoesOnInTheMiddle(t *testing.T) {
	b := newBench(t, 1<<20)
	b.set(t, 0x13)
	b.in(0x3da)
	b.out(0x3c0, 0x31) // index taken, data to come
	b.out(0x3c8, 9)
	b.out(0x3c9, 1)
	b.out(0x3c9, 2)
	s := b.Save()
	other := newBench(t, 1<<20)
	require.NoError(t, other.Restore(s))
	assert.Equal(t, s, other.Save())
	assert.True(t, other.linear)
	other.out(0x3c9, 3)
	other.out(0x3c0, 5)
	assert.Equal(t, [3]uint8{1, 2, 3}, other.Save().DAC.Colour[9])
	assert.Equal(t, uint8(5), other.Save().Attr[0x11])
}

// TestRestoreRefusesNonsense has the historical bugs 43 to 47 as states.
func TestRestoreRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(*State){
		"DAC phase":   func(s *State) { s.DAC.Phase = 3 },
		"attribute":   func(s *State) { s.AttrIndex = 0x40 },
		"colour":      func(s *State) { s.DAC.Colour[3][1] = 0x40 },
		"bank":        func(s *State) { s.DISPI.Bank = 16 },
		"resolution":  func(s *State) { s.DISPI.XRes = MaxX + 8 },
		"version":     func(s *State) { s.DISPI.ID = 0 },
		"do not fit":  func(s *State) { s.DISPI.YOffset = 0xffff },
		"do not fit ": func(s *State) { s.DISPI.BPP = 7 },
	} {
		b := newBench(t, 1<<20)
		b.enter(640, 480, 8)
		s := b.Save()
		spoil(&s)
		assert.ErrorContains(t, b.Restore(s), strings.TrimSpace(name))
	}
}

func TestSizesOfMemory(t *testing.T) {
	for _, n := range []int{0, 1, MinVRAM / 2, MinVRAM + 1, 2 * MaxVRAM} {
		_, err := New(Config{VRAM: make([]byte, n)})
		assert.Error(t, err)
	}
}

func TestColoursOfFirmware(t *testing.T) {
	ega, vga := EGAColours(), VGAColours()
	assert.Equal(t, [3]uint8{0x2a, 0x15, 0}, ega[0x14], "brown")
	assert.Equal(t, [3]uint8{0x3f, 0x3f, 0x3f}, ega[0x3f])
	assert.Equal(t, [3]uint8{0x2a, 0x15, 0}, vga[6])
	assert.Equal(t, [3]uint8{0, 0, 0x3f}, vga[32])
	assert.Equal(t, [3]uint8{0x3f, 0, 0}, vga[40])
	assert.Equal(t, [3]uint8{0x3f, 0x3f, 0}, vga[44])
	assert.Equal(t, [3]uint8{0, 0x3f, 0}, vga[48])
	assert.Equal(t, [3]uint8{0x10, 0, 0x3f}, vga[33])
	assert.Zero(t, vga[255])
}

// FuzzDevice sends random traffic to all ports and windows, and draws: nothing may panic,
// and the state survives a round trip.
func FuzzDevice(f *testing.F) {
	f.Add([]byte{0x02, 0x67, 0x04, 0x02, 0x05, 0xff, 0x40, 0x01, 0x80, 0x12})
	f.Add([]byte{0x31, 0x28, 0x32, 0x1e, 0x33, 0x08, 0x34, 0x41, 0x36, 0xff, 0x39, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newBench(t, MinVRAM)
		for i := 0; i+1 < len(in) && i < 4000; i += 2 {
			op, v := in[i], in[i+1]
			switch op >> 4 {
			case 0:
				b.out(0x3c0+uint16(op), v)
			case 1:
				b.out([]uint16{0x3d4, 0x3d5, 0x3da, 0x3b4, 0x3b5, 0x3ba}[op%6], v)
			case 2:
				b.in(0x3c0 + uint16(op&0xf))
			case 3:
				b.dispi(uint16(op&0xf), uint16(v)<<(v&7))
			case 4:
				b.in([]uint16{0x3d4, 0x3d5, 0x3da, 0x3b4, 0x3b5, 0x3ba}[op%6])
			case 5:
				b.Function().WriteConfig(op<<4|v&0xc, 4, uint32(v)<<24|7)
			case 6:
				b.Registers().WriteMMIO(0x400+uint64(op&0xf)*0x20+uint64(v&0x1e), 2, uint64(v)<<4)
				b.Registers().ReadMMIO(0x400+uint64(op&0xf)*0x20+uint64(v&0x1e), 2)
			case 7:
				b.set(t, []uint8{3, 4, 6, 7, 0xd, 0x10, 0x12, 0x13}[v&7])
			default:
				at := uint64(op&7)<<13 | uint64(v)<<5
				b.Window(int(op>>3&1)).WriteMMIO(at, 8, uint64(v)*0x0123456789abcdef)
				b.Window(int(op>>3&1)).ReadMMIO(at, 8)
			}
		}
		s := b.Save()
		require.NoError(t, b.Restore(s))
		require.Equal(t, s, b.Save())
		w, h := b.Peek().Size()
		require.LessOrEqual(t, w*h, MaxX*MaxY)
		require.Equal(t, image.Rect(0, 0, w, h), b.Peek().Image(b.VRAM(), b.clock.Now()).Bounds())
		b.Peek().Text(b.VRAM())
	})
}
