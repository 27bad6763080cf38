package bios

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMemoryMap(t *testing.T) {
	rom := Region{0xF0000, 0x10000, RegionReserved}
	ebda := Region{0x9FC00, 0x400, RegionReserved}
	conv := Region{0, 0x9FC00, RegionRAM}
	top := Region{0xFFFC0000, 0x40000, RegionReserved}
	for _, tc := range []struct {
		name string
		ram  uint64
		want []Region
	}{
		{"1 MiB", 1 * mib, []Region{conv, ebda, rom, top}},
		{"4 MiB", 4 * mib, []Region{conv, ebda, rom, {0x100000, 3 * mib, RegionRAM}, top}},
		{"512 MiB", 512 * mib, []Region{conv, ebda, rom, {0x100000, 0x1FEF0000, RegionRAM},
			{0x1FFF0000, 0x1000, RegionNVS}, {0x1FFF1000, 0xF000, RegionACPI}, top}},
		{"3.5 GiB", 0xE0000000, []Region{conv, ebda, rom, {0x100000, 0xDFEF0000, RegionRAM},
			{0xDFFF0000, 0x1000, RegionNVS}, {0xDFFF1000, 0xF000, RegionACPI}, top}},
		{"4 GiB", 1 << 32, []Region{conv, ebda, rom, {0x100000, 0xDFEF0000, RegionRAM},
			{0xDFFF0000, 0x1000, RegionNVS}, {0xDFFF1000, 0xF000, RegionACPI}, top,
			{1 << 32, 0x20000000, RegionRAM}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := MemoryMap(tc.ram)
			assert.Equal(t, tc.want, got)
			for i := 1; i < len(got); i++ {
				assert.LessOrEqual(t, got[i-1].End(), got[i].Start, "sorted, no overlap")
			}
		})
	}
}

// TestLayoutAgainstBitmap compares the free list with one flag per page.
func TestLayoutAgainstBitmap(t *testing.T) {
	const page, pages = 4096, 256
	l := &layout{free: []span{{0, pages * page}}}
	var used [pages]bool
	fits := func(at, n int) bool {
		for i := at; i < at+n; i++ {
			if i >= pages || used[i] {
				return false
			}
		}
		return true
	}
	seed := uint32(1)
	rnd := func(n int) int { seed = seed*1664525 + 1013904223; return int(seed>>8) % n }
	for range 300 {
		n, lo, hi := 1+rnd(6), rnd(pages), rnd(pages)
		within := span{uint64(lo) * page, uint64(hi) * page}
		want := -1
		var got uint64
		var ok bool
		switch rnd(3) {
		case 0:
			for at := hi - n; at >= lo && want < 0; at-- {
				if fits(at, n) {
					want = at
				}
			}
			got, ok = l.highest(uint64(n)*page, page, within)
		case 1:
			for at := lo; at+n <= hi && want < 0; at++ {
				if fits(at, n) {
					want = at
				}
			}
			got, ok = l.lowest(uint64(n)*page, page, within)
		case 2:
			if fits(lo, n) {
				want = lo
			}
			got, ok = within.start, l.take(within.start, uint64(n)*page)
		}
		require.Equal(t, want >= 0, ok)
		if ok {
			require.Equal(t, uint64(want)*page, got)
			for i := want; i < want+n; i++ {
				used[i] = true
			}
		}
	}
}

func pack(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

func TestUnpack(t *testing.T) {
	plain := bytes.Repeat([]byte("kernel"), 1000)
	got, err := Unpack(plain)
	require.NoError(t, err)
	assert.Equal(t, plain, got)
	got, err = Unpack(append(pack(plain), 0, 0, 0))
	require.NoError(t, err)
	assert.Equal(t, plain, got)

	_, err = unpack(pack(plain), 5999)
	assert.ErrorContains(t, err, "when unpacked")
	_, err = Unpack(pack(plain)[:20])
	assert.ErrorContains(t, err, "compressed kernel")
	_, err = Unpack([]byte{0x1F, 0x8B})
	assert.ErrorContains(t, err, "compressed kernel")
}

func TestDetect(t *testing.T) {
	for _, tc := range []struct {
		name string
		file []byte
		want Format
		err  string
	}{
		{"bzImage", bzImage(), FormatLinux, ""},
		{"Multiboot", elfKernel32(), FormatMultiboot, ""},
		{"ELF alone", []byte("\x7FELF and more"), 0, "without a Multiboot header"},
		{"empty", nil, 0, "neither"},
		{"boot sector", append(make([]byte, 510), 0x55, 0xAA), 0, "neither"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Detect(tc.file)
			assert.Equal(t, tc.want, got)
			if tc.err == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorIs(t, err, ErrNotAKernel)
				assert.ErrorContains(t, err, tc.err)
			}
		})
	}
}

func TestParseModules(t *testing.T) {
	for _, tc := range []struct {
		arg  string
		want []ModuleSpec
	}{
		{"", nil},
		{"a", []ModuleSpec{{"a", "a"}}},
		{"a b=1 c,d", []ModuleSpec{{"a", "a b=1 c"}, {"d", "d"}}},
		{"a x,,y,b", []ModuleSpec{{"a", "a x,y"}, {"b", "b"}}},
		{"a, b", []ModuleSpec{{"a", "a"}, {"b", "b"}}},
	} {
		assert.Equal(t, tc.want, ParseModules(tc.arg), tc.arg)
	}
}
