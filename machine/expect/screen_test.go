package expect

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFreshIsWhatWasPrinted(t *testing.T) {
	for _, tc := range []struct {
		name     string
		old, now []string
		want     string
	}{
		{"first look", nil, []string{"a", "b", ""}, "a\nb"},
		{"nothing", []string{"a", "b"}, []string{"a", "b", ""}, ""},
		{"a line grew", []string{"a", "login:"}, []string{"a", "login: root"}, " root"},
		{"grew and went on", []string{"a", "lo"}, []string{"a", "login:", "x"}, "gin:\nx"},
		{"more lines", []string{"a"}, []string{"a", "b"}, "\nb"},
		{"scrolled", []string{"a", "b", "c"}, []string{"c", "d"}, "\nd"},
		{"another screen", []string{"a", "b"}, []string{"x", "y"}, "\nx\ny"},
		{"cleared", []string{"a"}, nil, ""},
		{"a line in the middle", []string{"a", "b", "c"}, []string{"a", "X", "c"}, "\nX\nc"},
	} {
		prev := 'z'
		if tc.old == nil {
			prev = -1
		}
		assert.Equal(t, tc.want, fresh(tc.old, tc.now, prev), tc.name)
	}
}

// TestScreenAndStreamShareOneScript types a password on the screen after a login on the line.
func TestScreenAndStreamShareOneScript(t *testing.T) {
	compile := func(s string) *Regexp {
		re, err := Compile(s)
		require.NoError(t, err)
		return re
	}
	var sent []string
	var verdicts []Verdict
	w := NewWatch(Script{
		Expect: []*Regexp{compile("one"), compile("^two$")},
		FailOn: []*Regexp{compile("panic")},
		Steps:  []Step{{compile("login: "), []byte("root")}, {compile("# "), []byte("ls")}, {compile("# "), []byte("off")}},
	}, func(p []byte) { sent = append(sent, string(p)) }, func(v Verdict) { verdicts = append(verdicts, v) })
	w.Start()
	_, _ = w.Write([]byte("login: "))
	w.Screen([]string{"# x"})
	assert.Equal(t, []string{"root", "ls"}, sent)
	w.Screen([]string{"# x"})
	assert.Len(t, sent, 2, "the prompt is not new")
	w.Screen([]string{"# x", "one", "# y"})
	assert.Equal(t, []string{"root", "ls", "off"}, sent)
	assert.Empty(t, verdicts)
	w.Screen([]string{"one", "# y", "two", "z"})
	require.Len(t, verdicts, 1)
	assert.Equal(t, "^two$", verdicts[0].Regexp)

	w = NewWatch(Script{FailOn: []*Regexp{compile("panic")}}, nil, func(v Verdict) { verdicts = append(verdicts, v) })
	w.Screen([]string{"kernel panic here"})
	assert.True(t, verdicts[1].Failed)
}
