package script

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestErrorsNameTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"\n# a\nfrobnicate":        `s:3: there is no command "frobnicate"`,
		"wait":                     "s:1: wait wants REGEX",
		"wait (":                   "s:1: wait: ",
		"hold 2 nothing":           `s:1: hold: there is no key "nothing"`,
		"hold a":                   `s:1: hold: "a" is not a time`,
		"hold 1s":                  `s:1: hold: name keys after the time`,
		"hold 61 a":                `s:1: hold: a key can be held for 60 seconds`,
		"key ctrl-alt-nothing":     `s:1: key: there is no key "nothing"`,
		"type \\q":                 "s:1: type: ",
		"screenshot x.bmp":         "s:1: screenshot: ",
		"change-medium cdrom":      "s:1: change-medium: want a drive and a file",
		"quit 256":                 "s:1: quit: status",
		"reset now":                "s:1: reset takes nothing",
		"sleep soon":               "s:1: sleep: ",
		"timeout -1s":              "s:1: timeout: ",
		"key " + keys(maxKeys+1):   "s:1: key: at most 16 keys",
		"wait a\n\n  eject":        "s:3: eject wants DRIVE",
		strings.Repeat("x", 70000): "s:1: ",
	} {
		_, err := Parse("s", strings.NewReader(text))
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want)
	}
}

func keys(n int) string { return strings.Repeat("a-", n-1) + "a" }

func TestEveryCommandIsUnderstood(t *testing.T) {
	s, err := Parse("s", strings.NewReader(`
# everything there is
wait login: $
wait "a b "
type root\n
key ret ctrl-alt-delete
screenshot a.png
change-medium cdrom a file.iso
eject fda
power-button
reset
sleep 1.5
timeout 2m
quit 7
`))
	require.NoError(t, err)
	assert.Len(t, s.commands, 12)
	assert.Equal(t, "a b ", s.commands[1].wait.String())
}

// FuzzParse: whatever a file holds, there is a script or an error with a line.
func FuzzParse(f *testing.F) {
	f.Add("wait a\ntype b\\n\nkey ret\nquit 3\n")
	f.Add("change-medium fda \"x y\"\nsleep 1h\ntimeout 3\n# c")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("s", strings.NewReader(text))
		if err != nil {
			assert.True(t, strings.HasPrefix(err.Error(), "s:"), err.Error())
			return
		}
		for _, c := range s.commands {
			assert.True(t, c.wait != nil || c.run != nil)
			assert.NotZero(t, c.line)
		}
	})
}
