package vga

import (
	"image"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/vga/font"
)

// modeX sets 320×240 with four planes, as Abrash describes it, in lines of width pixels.
func (b *bench) modeX(t testing.TB, width int) {
	b.set(t, 0x13)
	b.index(0x3c4, 4, 6)
	b.out(0x3c2, 0xe3)
	b.index(0x3d4, 0x11, 0x2c)
	for _, r := range [][2]uint8{{6, 0x0d}, {7, 0x3e}, {9, 0x41}, {0x10, 0xea}, {0x11, 0xac}, {0x12, 0xdf}, {0x13, uint8(width / 8)},
		{0x14, 0}, {0x15, 0xe7}, {0x16, 6}, {0x17, 0xe3}} {
		b.index(0x3d4, r[0], r[1])
	}
}

// fill puts random bytes into the planes through the window and returns them.
func (b *bench) fill(n int, r *rand.Rand) (planes [4][]uint8) {
	for p := range planes {
		b.index(0x3c4, 2, 1<<p)
		planes[p] = make([]uint8, n)
		for i := range planes[p] {
			planes[p][i] = uint8(r.Intn(256))
			b.poke(0xa0000+i, planes[p][i])
		}
	}
	b.index(0x3c4, 2, 0xf)
	return planes
}

// start sets the start address and waits until it counts.
func (b *bench) start(a int) {
	b.index(0x3d4, 0x0c, uint8(a>>8))
	b.index(0x3d4, 0x0d, uint8(a))
	b.clock.Advance(frame)
}

// split sets the last scan line of the upper part of a split screen.
func (b *bench) split(line int) {
	b.index(0x3d4, 0x18, uint8(line))
	b.out(0x3d4, 0x07)
	b.index(0x3d4, 0x07, b.in(0x3d5)&^0x10|uint8(line>>8&1)<<4) // the one bit that is never locked
	b.out(0x3d4, 0x09)
	b.index(0x3d4, 0x09, b.in(0x3d5)&^0x40|uint8(line>>9&1)<<6)
}

// look is the picture's pixels as a function.
func look(m *image.Paletted) func(x, y int) uint8 { return m.ColorIndexAt }

// same compares a picture with the pixels it should have.
func same(t testing.TB, want func(x, y int) uint8, m *image.Paletted, name string) {
	t.Helper()
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			if want(x, y) != m.ColorIndexAt(x, y) {
				require.Equal(t, want(x, y), m.ColorIndexAt(x, y), "%s: pixel %d,%d", name, x, y)
			}
		}
	}
}

// TestModeXScrollsAndSplits has a mode X of 400 pixels a line that begins somewhere, panned
// by 0 to 3 pixels, over a lower part that begins at address 0 and pans too or not.
func TestModeXScrollsAndSplits(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.modeX(t, 400)
	planes := b.fill(0x8000, rand.New(rand.NewSource(2)))
	for _, compat := range []bool{false, true} {
		for pan := range 4 {
			mode := uint8(0x41)
			if compat {
				mode |= 0x20
			}
			b.attr(0x30, mode)
			b.attr(0x33, uint8(2*pan))
			b.start(1234)
			b.split(2*180 + 1)
			same(t, func(x, y int) uint8 {
				at, shift := 1234+100*y, pan
				if y > 180 {
					at = 100 * (y - 181)
					if compat {
						shift = 0
					}
				}
				return planes[(x+shift)%4][at+(x+shift)/4]
			}, b.picture(), "mode X")
		}
	}
}

// TestPlanarScrollsAndSplits is the same with 16 colours: panned by bytes and pixels.
func TestPlanarScrollsAndSplits(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 0x10)
	b.index(0x3d4, 0x13, 50) // 800 pixels a line
	planes := b.fill(0x10000, rand.New(rand.NewSource(3)))
	palette := b.Peek().Attr
	for _, tc := range []struct{ start, bytes, pixels, line int }{{0, 0, 0, 349}, {7777, 3, 5, 100}, {0xfff0, 1, 7, 200}, {321, 2, 8, 0}} {
		b.index(0x3d4, 0x08, uint8(tc.bytes<<5))
		b.attr(0x33, uint8(tc.pixels))
		b.attr(0x30, 0x21) // no panning below the split
		b.start(tc.start)
		b.split(tc.line)
		same(t, func(x, y int) uint8 {
			at, bit := tc.start+tc.bytes+100*y, x+tc.pixels%8
			if y > tc.line {
				at, bit = 100*(y-tc.line-1), x
			}
			a, pixel := (at+bit/8)&0xffff, uint8(0)
			for p := range planes {
				pixel |= planes[p][a] >> (7 - bit%8) & 1 << p
			}
			return palette[pixel]
		}, b.picture(), "mode 10h")
	}
}

// TestStartAddressCountsFromTheRetrace writes it, byte by byte, at each place of a frame.
func TestStartAddressCountsFromTheRetrace(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.modeX(t, 320)
	b.index(0x3c4, 2, 0xf)
	b.poke(0xa0000, 1)
	b.poke(0xa0101, 2)
	retrace := func() bool { return b.in(0x3da)&8 != 0 }
	wait := func(on bool) {
		for retrace() != on {
			b.clock.Advance(devices.Microsecond)
		}
	}
	for _, delay := range []devices.Time{1, 5, 10, 14} {
		b.start(0)
		wait(true)
		wait(false)
		b.clock.Advance(delay * devices.Millisecond)
		b.index(0x3d4, 0x0c, 1)
		b.index(0x3d4, 0x0d, 1)
		assert.Equal(t, uint8(1), b.picture().Pix[0], "%d ms after the retrace", delay)
		before := b.Save()
		wait(true)
		assert.Equal(t, uint8(2), b.picture().Pix[0])
		assert.Equal(t, before, b.Save(), "looking changes nothing")
		other := newBench(t, MinVRAM)
		copy(other.vram, b.vram)
		require.NoError(t, other.Restore(before))
		other.clock.AdvanceTo(b.clock.Now())
		assert.Equal(t, uint8(2), other.picture().Pix[0], "restored while it waits")
	}
}

// TestReadModeOneAgainstABitwiseModel compares colours bit by bit.
func TestReadModeOneAgainstABitwiseModel(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 0x12)
	b.index(0x3ce, 5, 8)
	r := rand.New(rand.NewSource(4))
	for range 5000 {
		r.Read(b.vram[40:44])
		colour, care := uint8(r.Intn(16)), uint8(r.Intn(16))
		b.index(0x3ce, 2, colour)
		b.index(0x3ce, 7, care)
		var want uint8
		for bit := range 8 {
			equal := true
			for p := range 4 {
				equal = equal && (care>>p&1 == 0 || b.vram[40+p]>>bit&1 == colour>>p&1)
			}
			if equal {
				want |= 1 << bit
			}
		}
		require.Equal(t, want, b.peek(0xa000a), "%x, colour %x, planes %x", b.vram[40:44], colour, care)
		require.Equal(t, [4]uint8(b.vram[40:]), b.Save().Latch, "latched")
	}
}

// TestOddAndEvenAddresses: even ones reach planes 0 and 2, odd ones 1 and 3, of the map mask
// or of the read map select.
func TestOddAndEvenAddresses(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 3)
	clear(b.vram)
	b.index(0x3c4, 2, 0xf)
	b.poke(0xb8004, 0x11, 0x22)
	assert.Equal(t, []uint8{0x11, 0x22, 0x11, 0x22}, b.vram[4*4:4*5])
	b.index(0x3c4, 2, 0x9)
	b.poke(0xb8004, 0x33, 0x44)
	assert.Equal(t, []uint8{0x33, 0x22, 0x11, 0x44}, b.vram[4*4:4*5])
	for sel, want := range [4][2]uint8{{0x33, 0x22}, {0x33, 0x22}, {0x11, 0x44}, {0x11, 0x44}} {
		b.index(0x3ce, 4, uint8(sel))
		assert.Equal(t, want, [2]uint8{b.peek(0xb8004), b.peek(0xb8005)}, "read map %d", sel)
	}
}

// text fills the screen with one cell and loads the font.
func (b *bench) text(t testing.TB, mode uint8, char, attr uint8) {
	b.set(t, mode)
	b.loadFont()
	base := 0xb8000
	if mode == 7 {
		base = 0xb0000
		b.index(0x3ce, 6, 0xa)
	}
	for i := range 80 * 50 {
		b.poke(base+2*i, char, attr)
	}
	b.index(0x3d4, 0x0a, 0x20)
	b.index(0x3b4, 0x0a, 0x20)
}

// TestNinthColumn draws every character in cells of nine dots: C0h–DFh go on in the ninth
// with line graphics, others do not.
func TestNinthColumn(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.text(t, 3, ' ', 0x07)
	f := font.Size16()
	for i := range 256 {
		b.poke(0xb8000+2*i, uint8(i), 0x1f)
	}
	colours := [2]uint8{b.Peek().Attr[1], b.Peek().Attr[15]}
	for _, lines := range []bool{true, false} {
		mode := uint8(8)
		if lines {
			mode |= 4
		}
		b.attr(0x30, mode)
		pixel := look(b.picture())
		for i := range 256 {
			for y := range 16 {
				for x := range 9 {
					on := x < 8 && f[i][y]>>(7-x)&1 == 1 || x == 8 && lines && i >= 0xc0 && i <= 0xdf && f[i][y]&1 == 1
					want := colours[0]
					if on {
						want = colours[1]
					}
					require.Equal(t, want, pixel(i%80*9+x, i/80*16+y), "%02X at %d,%d, line graphics %v", i, x, y, lines)
				}
			}
		}
	}
	b.index(0x3c4, 1, 1) // eight dots
	assert.Equal(t, image.Rect(0, 0, 640, 400), b.picture().Rect)
}

// TestPanningOfNineDots: 8 is none, 0 to 7 are one pixel more.
func TestPanningOfNineDots(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.text(t, 3, 0xb3, 0x07) // a vertical line at columns 3 and 4
	for value, shift := range map[uint8]int{8: 0, 0: 1, 3: 4, 7: 8} {
		b.attr(0x33, value)
		pixel := look(b.picture())
		for x := range 100 {
			on := (x+shift)%9 == 3 || (x+shift)%9 == 4
			assert.Equal(t, on, pixel(x, 0) == 7, "value %d, column %d", value, x)
		}
	}
}

// TestSmoothScrolling moves a text screen up by lines (preset row scan).
func TestSmoothScrolling(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.text(t, 3, ' ', 0x07)
	b.poke(0xb8000, 'A')
	b.poke(0xb8000+160, 'B')
	whole := look(b.picture())
	b.index(0x3d4, 8, 5)
	moved := b.picture()
	for y := range 395 {
		for x := range 20 {
			require.Equal(t, whole(x, y+5), moved.ColorIndexAt(x, y), "%d,%d", x, y)
		}
	}
}

// TestCursorShapes: between start and end, in all nine columns; none if switched off, if
// the start lies after the end or below the character.
func TestCursorShapes(t *testing.T) {
	for _, tc := range []struct {
		start, end uint8
		from, to   int // lines, to is beyond the last
	}{
		{0x0d, 0x0e, 13, 15}, {0x00, 0x0f, 0, 16}, {0x07, 0x07, 7, 8}, {0x00, 0x1f, 0, 16},
		{0x2d, 0x0e, 0, 0}, {0x0e, 0x0d, 0, 0}, {0x10, 0x1f, 0, 0},
	} {
		b := newBench(t, MinVRAM)
		b.text(t, 3, ' ', 0x1e)
		b.index(0x3d4, 0x0a, tc.start)
		b.index(0x3d4, 0x0b, tc.end)
		b.index(0x3d4, 0x0e, 0)
		b.index(0x3d4, 0x0f, 81)
		pixel := look(b.picture())
		for y := range 16 {
			for x := range 9 {
				on := y >= tc.from && y < tc.to
				assert.Equal(t, on, pixel(9+x, 16+y) == 0x3e, "%02x %02x: %d,%d", tc.start, tc.end, x, y)
			}
		}
	}
	b := newBench(t, MinVRAM)
	b.text(t, 3, ' ', 0x1e)
	b.index(0x3d4, 0x0a, 0)
	b.index(0x3d4, 0x0b, 15|1<<5) // skewed by a character
	b.index(0x3d4, 0x0f, 81)
	assert.Equal(t, uint8(0x3e), look(b.picture())(18, 20))
	assert.Equal(t, uint8(1), look(b.picture())(17, 20))
}

// TestBlinkAndIntensity: with blinking bit 7 hides the character half of 32 frames; without
// it is a bright background. The cursor blinks twice as fast.
func TestBlinkAndIntensity(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.text(t, 3, 0xdb, 0x9e)
	period := devices.Time(b.Peek().Timing().Frame() / 1000)
	shown := 0
	for range 64 {
		b.clock.Advance(period)
		if look(b.picture())(0, 0) == 0x3e {
			shown++
		}
		assert.NotEqual(t, uint8(0x39), look(b.picture())(0, 0))
	}
	assert.Equal(t, 32, shown)
	b.attr(0x30, 4)
	b.poke(0xb8000, ' ')
	assert.Equal(t, uint8(0x39), look(b.picture())(0, 0))
	b.poke(0xb8000, ' ', 0x1e)
	b.index(0x3d4, 0x0a, 0)
	b.index(0x3d4, 0x0b, 15)
	changes, last := 0, uint8(0)
	for range 64 {
		b.clock.Advance(period)
		now := look(b.picture())(0, 0)
		if now != last {
			changes++
		}
		last = now
	}
	assert.InDelta(t, 8, changes, 1, "every 8 frames")
}

// TestUnderlinesOfMonochrome: attribute x001 in mode 7.
func TestUnderlinesOfMonochrome(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.text(t, 7, ' ', 0x07)
	b.poke(0xb0000, 'A', 0x01, ' ', 0x09, ' ', 0x02)
	b.index(0x3b4, 0x14, 0x0d)
	pixel := look(b.picture())
	for x := range 9 {
		assert.Equal(t, uint8(8), pixel(x, 13), "column %d", x)
		assert.Equal(t, uint8(0x18), pixel(9+x, 13), "bright")
		assert.Equal(t, uint8(0), pixel(18+x, 13), "none")
		assert.Equal(t, uint8(0), pixel(x, 15))
	}
}

// TestLinesOfEight is text of 50 and of 43 lines, and 200 lines shown twice.
func TestLinesOfEight(t *testing.T) {
	f := font.Size8()
	load := func(b *bench) {
		for c, g := range f {
			for y, v := range g {
				b.vram[(c*32+y)<<2|2] = v
			}
		}
	}
	check := func(b *bench, rows, height int) {
		text, ok := b.Peek().Text(b.VRAM())
		require.True(t, ok)
		assert.Equal(t, rows, text.Rows)
		m := b.picture()
		assert.Equal(t, height, m.Rect.Dy())
		last := rows - 1
		b.poke(0xb8000+160*last, 'Q', 0x0f)
		m = b.picture()
		for y := range min(8, height-8*last) {
			for x := range 8 {
				assert.Equal(t, f['Q'][y]>>(7-x)&1 == 1, m.ColorIndexAt(x, 8*last+y) == 0x3f, "%d,%d", x, y)
			}
		}
	}
	b := newBench(t, MinVRAM)
	b.text(t, 3, ' ', 0x07)
	load(b)
	b.index(0x3d4, 9, 0x47)
	check(b, 50, 400)
	b.out(0x3d4, 0x11)
	b.index(0x3d4, 0x11, 0x05)
	b.index(0x3d4, 0x12, 0x5d) // 350 lines
	b.index(0x3d4, 0x11, 0x85)
	check(b, 44, 350) // the last is cut: firmware counts 43
	b.text(t, 3, ' ', 0x07)
	load(b)
	b.index(0x3d4, 9, 0xc7)
	check(b, 25, 200)
}

// TestTwoFontsAtOnce: attribute bit 3 chooses the character map.
func TestTwoFontsAtOnce(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.text(t, 3, 'A', 0x07)
	for block, base := range []int{0, 0x4000, 0x8000, 0xc000, 0x2000, 0x6000, 0xa000, 0xe000} {
		for y := range 16 {
			b.vram[(base+'A'*32+y)<<2|2] = 1 << block
		}
	}
	b.poke(0xb8002, 'A', 0x0f)
	for _, tc := range []struct{ reg, a, b uint8 }{{0x00, 0, 0}, {0x04, 1, 0}, {0x29, 6, 1}, {0x3f, 7, 7}, {0x1a, 2, 6}} {
		b.index(0x3c4, 3, tc.reg)
		pixel := look(b.picture())
		for x := range 8 {
			assert.Equal(t, x == 7-int(tc.b), pixel(x, 3) == 7, "register %02x, map B", tc.reg)
			assert.Equal(t, x == 7-int(tc.a), pixel(9+x, 3) == 0x3f, "register %02x, map A", tc.reg)
		}
	}
}

// TestDACAddressesMoveAndTheMaskHides: reading and writing move on to the next colour, 3C7h
// and 3C8h say where; the mask applies to pixels of every kind.
func TestDACAddressesMoveAndTheMaskHides(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 0x13)
	b.out(0x3c8, 0xff)
	for _, v := range []uint8{1, 2, 3, 4, 5, 6} {
		b.out(0x3c9, v)
	}
	assert.Equal(t, uint8(1), b.in(0x3c8), "around the end")
	assert.Equal(t, uint8(0), b.in(0x3c7))
	b.out(0x3c7, 0xff)
	for want := range uint8(6) {
		assert.Equal(t, want+1, b.in(0x3c9))
	}
	assert.Equal(t, uint8(3), b.in(0x3c7))
	b.poke(0xa0000, 0xab)
	b.out(0x3c6, 0x0f)
	assert.Equal(t, uint8(0x0b), b.picture().Pix[0])
	b.set(t, 0x12)
	clear(b.vram)
	b.index(0x3c4, 2, 0xf)
	b.poke(0xa0000, 0x80)
	b.out(0x3c6, 0x3c)
	assert.Equal(t, uint8(0x3c), b.picture().Pix[0])
}

// TestColourSelect: bits 5:4 replace those of the palette where the mode says so, bits 7:6
// always count.
func TestColourSelect(t *testing.T) {
	b := newBench(t, MinVRAM)
	b.set(t, 0x12)
	clear(b.vram)
	b.index(0x3c4, 2, 0xf)
	b.poke(0xa0000, 0x80) // pixel 15, palette 3Fh
	b.attr(0x34, 0x0d)
	assert.Equal(t, uint8(0xff), b.picture().Pix[0])
	b.attr(0x30, 0x81)
	assert.Equal(t, uint8(0xdf), b.picture().Pix[0])
}
