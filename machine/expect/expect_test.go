package expect

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func compile(t testing.TB, text string) *Regexp {
	re, err := Compile(text)
	require.NoError(t, err)
	return re
}

// matchAt returns after how many bytes of s re matches, -1 for never; len(s)+1 at its end.
func matchAt(re *Regexp, s string) int {
	at := -1
	w := NewWatch(Script{Expect: []*Regexp{re}}, nil, func(Verdict) { at = 0 })
	for i := range len(s) {
		w.Write([]byte{s[i]})
		if at == 0 {
			return i + 1
		}
	}
	w.Close()
	if at == 0 {
		return len(s) + 1
	}
	return -1
}

func TestMatchIsFoundWithTheByteThatCompletesIt(t *testing.T) {
	for _, tc := range []struct {
		re, text string
		want     int
	}{
		{`login:`, "debian login: ", 13},
		{`^login:`, "debian login: ", -1},
		{`^login:`, "x\r\nlogin:", 9},
		{`# `, "~ # ", 4},
		{`# \z`, "~ # ", 4},
		{`foo$`, "foobar\r\n", -1},
		{`foo$`, "foo\r\n", 5}, // the carriage return does not count
		{`foo$`, "foo", 4},     // at the end of the stream
		{`a.*z`, "a\nz", -1},
		{`(?s)a.*z`, "a\n" + strings.Repeat("x", 100000) + "z", 100003},
		{`\bcat\b`, "concat cat.", 11},
		{`(?i)PANIC`, "Kernel panic", 12},
		{`(one|two){2}`, "onetwo", 6},
		{`grün`, "grün", 5},
		{`\x{fffd}x`, "\xffx", 2},
		{`ab`, "aab", 3},
	} {
		assert.Equal(t, tc.want, matchAt(compile(t, tc.re), tc.text), "%s in %.20q", tc.re, tc.text)
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, text := range []string{"", "a*", "(", "x|", `[z-a]`} {
		_, err := Compile(text)
		assert.Error(t, err, text)
	}
}

func TestExpectationsMatchInOrder(t *testing.T) {
	var got []Verdict
	w := NewWatch(Script{Expect: []*Regexp{compile(t, "b"), compile(t, "a")}}, nil, func(v Verdict) { got = append(got, v) })
	w.Write([]byte("a b"))
	assert.Empty(t, got)
	assert.ErrorContains(t, w.Close(), `"a"`)
	w.Write([]byte("xyza and"))
	assert.Equal(t, []Verdict{{Regexp: "a", Line: "a bxyza"}}, got)
	assert.NoError(t, w.Close())
}

func TestFailOnWins(t *testing.T) {
	var got []Verdict
	w := NewWatch(Script{Expect: []*Regexp{compile(t, "panic")}, FailOn: []*Regexp{compile(t, "BUG"), compile(t, "panic")}},
		nil, func(v Verdict) { got = append(got, v) })
	w.Write([]byte("line one\r\n[1.0] Kernel pan"))
	w.Write([]byte("ic - not syncing"))
	assert.Equal(t, []Verdict{{Failed: true, Regexp: "panic", Line: "[1.0] Kernel panic"}}, got)
}

func TestStepsAnswerInOrder(t *testing.T) {
	var sent []string
	w := NewWatch(Script{Steps: []Step{
		{nil, []byte("\r")},
		{compile(t, "login: "), []byte("root\r")},
		{compile(t, "# "), []byte("ls\r")},
		{nil, []byte("now\r")},
		{compile(t, "# "), []byte("exit\r")},
	}}, func(p []byte) { sent = append(sent, string(p)) }, func(Verdict) { t.Error("no verdict was asked for") })
	w.Start()
	assert.Equal(t, []string{"\r"}, sent)
	w.Write([]byte("# login: "))
	assert.Equal(t, []string{"\r", "root\r"}, sent)
	w.Write([]byte("# ")) // answers one step, not two
	assert.Equal(t, []string{"\r", "root\r", "ls\r", "now\r"}, sent)
	w.Write([]byte("a b\r\n# "))
	assert.Equal(t, "exit\r", sent[len(sent)-1])
	assert.NoError(t, w.Close())
}

func TestUnescape(t *testing.T) {
	got, err := Unescape(`a\n\t\x1b\e\\` + "\n")
	assert.NoError(t, err)
	assert.Equal(t, "a\r\t\x1b\x1b\\\r", string(got))
	for _, bad := range []string{`\`, `\q`, `\x1`, `\xzz`} {
		_, err := Unescape(bad)
		assert.Error(t, err, bad)
	}
}

// FuzzScan compares with package regexp on whole texts.
func FuzzScan(f *testing.F) {
	f.Add("a+b", "xaab")
	f.Add("^x$", "y\nx\n")
	f.Add(`\bno\B`, "a noon")
	f.Fuzz(func(t *testing.T, expr, text string) {
		if strings.ContainsAny(text, "\r") || len(text) > 1000 || strings.Contains(expr, `\z`) {
			t.Skip()
		}
		re, err := Compile(expr)
		if err != nil {
			t.Skip()
		}
		std, err := regexp.Compile("(?m:" + expr + ")")
		if err != nil {
			t.Skip()
		}
		if strings.Contains(std.String(), "(?-") || strings.Contains(expr, "(?") {
			t.Skip() // may turn multi-line mode off
		}
		text = strings.ToValidUTF8(text, "\ufffd")
		if got, want := matchAt(re, text) >= 0, std.MatchString(text); got != want {
			t.Errorf("%q in %q: %v, package regexp says %v", expr, text, got, want)
		}
	})
}
