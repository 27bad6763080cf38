package opt

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []Pair
	}{
		{"file=a.img", []Pair{{"file", "a.img"}}},
		{"file=a,,b.img,snapshot=on", []Pair{{"file", "a,b.img"}, {"snapshot", "on"}}},
		{"file=a=b", []Pair{{"file", "a=b"}}},
		{"isa-debug-exit,iobase=0xf4,iosize=0x04", []Pair{{"driver", "isa-debug-exit"}, {"iobase", "0xf4"}, {"iosize", "0x04"}}},
		{"a.img,readonly", []Pair{{"driver", "a.img"}, {"readonly", "on"}}},
		{"a,,,b", []Pair{{"driver", "a,"}, {"b", "on"}}},
		{"id=", []Pair{{"id", ""}}},
	} {
		got, err := Parse(tc.in, "driver")
		assert.NoError(t, err, tc.in)
		assert.Equal(t, tc.want, got, tc.in)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{"file=a,file=b", "=x", "file=a,=b", "a=1,,,", "a=1,"} {
		_, err := Parse(in, "driver")
		assert.Error(t, err, in)
	}
}

func TestSize(t *testing.T) {
	for in, want := range map[string]uint64{
		"512": 512 << 20, "512M": 512 << 20, "1g": 1 << 30, "2GiB": 2 << 30, "64k": 64 << 10,
		"1b": 1, "0": 0, "1T": 1 << 40, "3MB": 3 << 20,
	} {
		got, err := Size(in, 1<<20)
		assert.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "M", "-1", "1.5G", "12X", "99999999999999999999", "99999999999999T", "1 M"} {
		_, err := Size(in, 1<<20)
		assert.Error(t, err, in)
	}
}

func TestBool(t *testing.T) {
	on, err := Bool("on")
	assert.NoError(t, err)
	assert.True(t, on)
	off, err := Bool("off")
	assert.NoError(t, err)
	assert.False(t, off)
	_, err = Bool("maybe")
	assert.Error(t, err)
}

func FuzzParse(f *testing.F) {
	f.Add("file=a,,b,readonly=on")
	f.Fuzz(func(t *testing.T, s string) {
		pairs, err := Parse(s, "x")
		if err == nil {
			assert.NotEmpty(t, pairs)
		}
		_, _ = Size(s, 1)
	})
}
