package ioport

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chip logs what reaches it and answers reads with tag+off.
type chip struct {
	tag uint8
	log []string
}

func (c *chip) In(off uint16) uint8 {
	c.log = append(c.log, fmt.Sprintf("in %d", off))
	return c.tag + uint8(off)
}

func (c *chip) Out(off uint16, v uint8) {
	c.log = append(c.log, fmt.Sprintf("out %d %02x", off, v))
}

// wideChip takes wide accesses whole and answers them with more bits than asked for.
type wideChip struct{ chip }

func (c *wideChip) InWide(off uint16, size int) uint32 {
	c.log = append(c.log, fmt.Sprintf("in%d %d", size, off))
	return 0xa1b2c3d4
}

func (c *wideChip) OutWide(off uint16, size int, v uint32) {
	c.log = append(c.log, fmt.Sprintf("out%d %d %x", size, off, v))
}

func TestAccessGoesWholeOrInBytes(t *testing.T) {
	for _, tc := range []struct {
		name string
		port uint16
		size int
		in   uint32
		byt  []string // what the byte chip at 100-103 sees of the read
		wide []string // what the wide chip at 104-107 sees of the read
	}{
		{"byte", 0x101, 1, 0x11, []string{"in 1"}, nil},
		{"word to a byte chip is two bytes", 0x101, 2, 0x1211, []string{"in 1", "in 2"}, nil},
		{"doubleword to a byte chip is four bytes", 0x100, 4, 0x13121110, []string{"in 0", "in 1", "in 2", "in 3"}, nil},
		{"word to a wide chip", 0x106, 2, 0xc3d4, nil, []string{"in2 2"}},
		{"doubleword to a wide chip", 0x104, 4, 0xa1b2c3d4, nil, []string{"in4 0"}},
		{"across two chips", 0x103, 2, 0x2013, []string{"in 3"}, []string{"in 0"}},
		{"off the end of a wide chip", 0x107, 2, 0xff23, nil, []string{"in 3"}},
		{"from before a chip", 0x0ff, 2, 0x10ff, []string{"in 0"}, nil},
		{"nobody, byte", 0x200, 1, 0xff, nil, nil},
		{"nobody, word", 0x200, 2, 0xffff, nil, nil},
		{"nobody, doubleword", 0x200, 4, 0xffffffff, nil, nil},
		{"past the last port", 0xffff, 4, 0xffffffff, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, b, w := New(), &chip{tag: 0x10}, &wideChip{chip{tag: 0x20}}
			require.NoError(t, s.Map("b", 0x100, 4, b))
			require.NoError(t, s.Map("w", 0x104, 4, w))
			assert.Equal(t, tc.in, s.In(tc.port, tc.size))
			assert.Equal(t, tc.byt, b.log)
			assert.Equal(t, tc.wide, w.log)
		})
	}
}

func TestWritesSplitLowestByteFirst(t *testing.T) {
	s, b, w := New(), &chip{}, &wideChip{}
	require.NoError(t, s.Map("b", 0x100, 4, b))
	require.NoError(t, s.Map("w", 0x104, 4, w))
	s.Out(0x102, 4, 0x44332211)
	s.Out(0x104, 4, 0x44332211)
	s.Out(0x106, 2, 0xffff2211)
	assert.Equal(t, []string{"out 2 11", "out 3 22"}, b.log)
	assert.Equal(t, []string{"out 0 33", "out 1 44", "out4 0 44332211", "out2 2 2211"}, w.log)
}

func TestAccessAtLastPortDoesNotWrap(t *testing.T) {
	s, lo, hi := New(), &chip{}, &chip{tag: 0x55}
	require.NoError(t, s.Map("lo", 0, 1, lo))
	require.NoError(t, s.Map("hi", 0xffff, 1, hi))
	assert.Equal(t, uint32(0xffffff55), s.In(0xffff, 4))
	s.Out(0xffff, 4, 0)
	assert.Empty(t, lo.log)
}

func TestMapRefusesWhatIsClaimed(t *testing.T) {
	s := New()
	require.NoError(t, s.Map("first", 0x60, 5, &chip{}))
	err := s.Map("second", 0x64, 2, &chip{})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "first")
	assert.Contains(t, err.Error(), "second")
	assert.Contains(t, err.Error(), "0064")
	assert.Equal(t, uint32(0xff), s.In(0x65, 1), "nothing of the second range is mapped")
	for _, tc := range []struct {
		base  uint16
		count int
	}{{0, 0}, {0, -1}, {0xffff, 2}, {1, 65536}} {
		assert.Error(t, s.Map("x", tc.base, tc.count, &chip{}), "%x+%d", tc.base, tc.count)
	}
	assert.NoError(t, New().Map("all", 0, 65536, &chip{}))
}

func TestOneRangeTooMany(t *testing.T) {
	s := New()
	for p := range 65535 {
		require.NoError(t, s.Map("p", uint16(p), 1, quiet{}))
	}
	assert.Error(t, s.Map("last", 65535, 1, quiet{}))
	assert.NoError(t, s.Move(0, 65535))
}

func TestMoveAndUnmap(t *testing.T) {
	s, bar := New(), &chip{tag: 7}
	require.NoError(t, s.Map("bar", 0xc000, 16, bar))
	require.NoError(t, s.Map("fixed", 0x3f8, 8, &chip{tag: 9}))
	require.NoError(t, s.Move(0xc000, 0xc008), "over its own old place")
	assert.Equal(t, uint32(0xff), s.In(0xc007, 1))
	assert.Equal(t, uint32(7), s.In(0xc008, 1))

	assert.Error(t, s.Move(0xc008, 0x3f0))
	assert.Equal(t, uint32(7), s.In(0xc008, 1), "still where it was")
	assert.Error(t, s.Move(0xc009, 0x100), "not the start of a range")
	assert.Error(t, s.Unmap(0xc009))
	assert.Equal(t, []Range{{"fixed", 0x3f8, 8}, {"bar", 0xc008, 16}}, s.Ranges())
	assert.Equal(t, "c008-c017 bar", s.Ranges()[1].String())

	require.NoError(t, s.Unmap(0xc008))
	assert.Equal(t, uint32(0xff), s.In(0xc008, 1))
	for range 100_000 { // slots are used again
		require.NoError(t, s.Map("bar", 0xc000, 16, bar))
		require.NoError(t, s.Unmap(0xc000))
	}
	assert.LessOrEqual(t, len(s.claims), 4)
}

func TestFirstUnclaimedAccessIsReportedAndAllAreCounted(t *testing.T) {
	s := New()
	var got []string
	s.Unmodelled = func(port uint16, size int, write bool, v uint32) {
		got = append(got, fmt.Sprintf("%x %d %v %x", port, size, write, v))
	}
	s.In(0x300, 2)
	s.In(0x300, 1)
	s.Out(0x300, 1, 1)
	s.Out(0x302, 4, 0x12345678)
	assert.Equal(t, []string{"300 2 false ffff", "302 4 true 12345678"}, got)
	assert.Equal(t, []Count{{0x300, 2, 1}, {0x302, 0, 1}}, s.Counts())
}

func TestTraceSeesEveryAccess(t *testing.T) {
	s := New()
	require.NoError(t, s.Map("b", 0x100, 4, &chip{tag: 0x10}))
	var got []string
	s.Trace = func(port uint16, size int, write bool, v uint32) {
		got = append(got, fmt.Sprintf("%x %d %v %x", port, size, write, v))
	}
	s.In(0x100, 2)
	s.Out(0x100, 1, 0xffa5)
	assert.Equal(t, []string{"100 2 false 1110", "100 1 true a5"}, got)
}

func TestAccessDoesNotAllocate(t *testing.T) {
	s := New()
	require.NoError(t, s.Map("all", 0, 0x1000, quiet{}))
	s.In(0x2000, 1) // makes the counters
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		s.Out(0x10, 4, s.In(0x10, 4))
		s.Out(0x2000, 2, s.In(0x2000, 2))
	}))
}

type quiet struct{}

func (quiet) In(uint16) uint8   { return 0 }
func (quiet) Out(uint16, uint8) {}

func FuzzSpace(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	f.Fuzz(func(t *testing.T, in []byte) {
		s := New()
		for ; len(in) >= 4; in = in[4:] {
			port, n := uint16(in[1])<<8|uint16(in[2]), int(in[3])
			switch in[0] % 5 {
			case 0:
				_ = s.Map("c", port, n, &wideChip{})
			case 1:
				_ = s.Unmap(port)
			case 2:
				_ = s.Move(port, uint16(n)<<8)
			case 3:
				size := 1 << (n % 3)
				if v := s.In(port, size); v&^ones(size) != 0 {
					t.Fatalf("In(%x, %d) = %x", port, size, v)
				}
			case 4:
				s.Out(port, 1<<(n%3), uint32(n)*0x01010101)
			}
		}
		next := 0
		for _, r := range s.Ranges() { // they never overlap
			if int(r.Base) < next {
				t.Fatalf("%v overlaps", r)
			}
			next = int(r.Base) + r.Count
		}
	})
}

func BenchmarkInByte(b *testing.B) {
	s := New()
	if err := s.Map("all", 0, 0x1000, quiet{}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s.In(0x60, 1)
	}
}
