package debug

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// fixed is an environment of a few values.
type fixed struct{}

func (fixed) register(name string) (uint64, bool) {
	v, ok := map[string]uint64{"rax": 5, "rsp": 0x7c00, "ds": 0x10, "ds.base": 0x100, "si": 2}[name]
	return v, ok
}

func (fixed) symbol(name string) (uint64, bool) { return 0xffffffff81000000, name == "start_kernel" }

func (fixed) read(physical bool, addr uint64, size int) (uint64, error) {
	if addr == 0xdead {
		return 0, errors.New("not mapped")
	}
	v := addr
	if physical {
		v += 0x1000000000
	}
	return v & mask(uint(size)*8), nil
}

func TestExpressions(t *testing.T) {
	for in, want := range map[string]uint64{
		"0x1000": 0x1000, "16": 16, "10h": 16, "0b101": 5, "7c0g"[:3]: 0x7c0, "'A'": 65, "ffffffff81000000": 0xffffffff81000000,
		"rax": 5, "$rax": 5, "%rax": 5, "RAX": 5, "rax%3": 2, "rax % 3": 2,
		"1+2*3": 7, "(1+2)*3": 9, "10-2-3": 5, "1<<4|1": 17, "7&3^1": 2, "~0": ^uint64(0), "-1": ^uint64(0), "!5": 0, "!0": 1,
		"1<2": 1, "2<=1": 0, "3==3&&4!=5": 1, "0||0": 0, "1 >= 2": 0, "1<<64": 0, "8>>2": 2, "100/7": 14,
		"start_kernel+4": 0xffffffff81000004, "[rsp+8]": 0x7c08, "*rsp": 0x7c00, "*(rsp+1)+1": 0x7c02,
		"b[0x1234]": 0x34, "w[0x12345678]": 0x5678, "d [0x123456789]": 0x23456789, "pb[0x1234]": 0x34, "pq[0x10]": 0x1000000010,
		"ds:si": 0x102, "0xf000:0xfff0": 0xffff0, "0x40:0x17+1": 0x418,
		"0&&[0xdead]": 0, "1||[0xdead]": 1,
	} {
		x, err := ParseExpr(in)
		if assert.NoError(t, err, in) {
			got, err := x.eval(fixed{})
			assert.NoError(t, err, in)
			assert.Equal(t, want, got, in)
		}
	}
	for _, in := range []string{"", "1+", "*", "1**", "(1", "1)", "[1", "xyz", "$xyz", "1 2", "1/0", "1%0", "'ab'", "0xg", "[0xdead]", "a,b", strings.Repeat("(", 200), strings.Repeat("-", 200) + "1"} {
		x, err := ParseExpr(in)
		if err == nil {
			_, err = x.eval(fixed{})
		}
		assert.Error(t, err, in)
	}
}

func FuzzExpr(f *testing.F) {
	for _, s := range []string{"1+2*3", "[rsp+8] == 0x10 && al < 5", "ds:si", "-(~rax)%%3", "b[b[b[1]]]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if x, err := ParseExpr(s); err == nil {
			_, _ = x.eval(fixed{})
		}
	})
}

func TestLayouts(t *testing.T) {
	for in, want := range map[string]layout{
		"0x1000": {1, 'x', 4}, "/8 a": {8, 'x', 4}, "/4gx a": {4, 'x', 8}, "/xb a": {1, 'x', 1},
		"/10i rip": {10, 'i', 4}, "/16c a": {16, 'c', 1}, "/2dh a": {2, 'd', 2}, "/s a": {1, 's', 1},
	} {
		got, _, err := parseLayout(in)
		assert.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for _, in := range []string{"/0x a", "/5000 a", "/99999999999999999999 a", "/4z a"} {
		_, _, err := parseLayout(in)
		assert.Error(t, err, in)
	}
}
