package console

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFilter(t *testing.T) {
	for _, tc := range []struct {
		in   []string
		want string
	}{
		{[]string{"ls\r"}, `"ls\r"`},
		{[]string{"a\x01xb"}, `"a" 0 "b"`},
		{[]string{"a\x01", "cb"}, `"a" 2 "b"`},
		{[]string{"\x01\x01"}, `"\x01"`},
		{[]string{"a\x01qb"}, `"ab"`},
		{[]string{"\x01h\x01b\x01s\x01?"}, `1 3 4 1`},
		{[]string{"\x01"}, ``},
	} {
		var got []string
		var f Filter
		for _, p := range tc.in {
			f.Feed([]byte(p), func(b []byte) { got = append(got, fmt.Sprintf("%q", b)) },
				func(a Action) { got = append(got, fmt.Sprint(a)) })
		}
		assert.Equal(t, tc.want, strings.Join(got, " "), "%q", tc.in)
	}
}
