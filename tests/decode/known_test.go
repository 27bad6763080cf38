package decode

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/stretchr/testify/require"
)

// A reading is what one decoder makes of some bytes. The name is empty when it takes
// them for no instruction.
type reading struct {
	name string
	len  int
}

// ours is the reading of the decoder under test.
func ours(t *testing.T, code []byte, mode int) reading {
	var in cpu.Inst
	if !cpu.Decode(code, alu.Width(mode/8), &in) {
		require.Less(t, len(code), cpu.MaxInst, "% x needs more", code)
		return reading{}
	}
	if in.Bad != x86.NoReason {
		return reading{}
	}
	return reading{in.Op.Name, int(in.Len)}
}

// A difference is an encoding on which the decoders differ.
type difference struct {
	key        key
	kind       string // who accepts it: "ours" or "peer"; or what differs: "len", "name"
	ours, peer reading
	code       []byte
}

func (d difference) String() string {
	return fmt.Sprintf("%v %s %s %s\t# % x (%d, %d bytes)", d.key, d.kind, orDash(d.ours.name), orDash(d.peer.name),
		d.code[:min(len(d.code), 8)], d.ours.len, d.peer.len)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// compare returns how two readings differ, "" when they do not.
func compare(our, peer reading, same synonyms) string {
	switch {
	case our.name == "" && peer.name == "":
		return ""
	case our.name == "":
		return "peer"
	case peer.name == "":
		return "ours"
	case our.len != peer.len:
		return "len"
	case !same.match(our.name, peer.name):
		return "name"
	}
	return ""
}

// A known line of a list is seven fields and the reason:
//
//	mode tags opcode form kind ours peer reason…
//
// Each field but the reason is a pattern, * for anything, or several patterns between
// bars. Tags are joined by commas and must all be there, or with ! must not.
type known struct {
	line   int
	fields []string
	reason string
	hits   int
}

func (k *known) matches(d difference) bool {
	for i, have := range []string{strconv.Itoa(d.key.mode), "", d.key.opcode, d.key.form, d.kind, orDash(d.ours.name), orDash(d.peer.name)} {
		if i != 1 && !anyOf(k.fields[i], have) {
			return false
		}
	}
	return k.fields[1] == "*" || slices.ContainsFunc(strings.Split(k.fields[1], "|"), func(tags string) bool { return hasTags(d.key.tags, tags) })
}

func anyOf(patterns, have string) bool {
	if patterns == "*" {
		return true
	}
	for p := range strings.SplitSeq(patterns, "|") {
		if ok, err := path.Match(p, have); ok && err == nil {
			return true
		}
	}
	return false
}

func hasTags(have []string, want string) bool {
	for tag := range strings.SplitSeq(want, ",") {
		tag, not := strings.CutPrefix(tag, "!")
		if slices.Contains(have, tag) == not {
			return false
		}
	}
	return true
}

// A list is a file of known differences.
type list struct {
	mu    sync.Mutex
	file  string
	lines []*known
	seen  map[string]bool
	// missing counts the differences without a line and keeps an example of each.
	missing  int
	examples []difference
}

func readList(t *testing.T, file string) *list {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	l := &list{file: file, seen: map[string]bool{}}
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		text := strings.TrimSpace(s.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		fields := strings.Fields(text)
		require.Greater(t, len(fields), 7, "%s:%d: seven fields and a reason", file, n)
		l.lines = append(l.lines, &known{line: n, fields: fields[:7], reason: strings.Join(fields[7:], " ")})
	}
	require.NoError(t, s.Err())
	return l
}

// add takes note of a difference. Every line that matches counts as used.
func (l *list) add(d difference) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := d.key.String() + d.kind + d.ours.name + "|" + d.peer.name
	if l.seen[id] {
		return
	}
	l.seen[id] = true
	found := false
	for _, k := range l.lines {
		if k.matches(d) {
			k.hits++
			found = true
			break
		}
	}
	if !found {
		l.missing++
		l.examples = append(l.examples, d)
	}
}

// unlisted names a file that gets every difference without a line, for work on the lists.
var unlisted = flag.String("unlisted", "", "write differences that no list has to `file`")

// check fails for differences without a line and lines without a difference.
func (l *list) check(t *testing.T) {
	if *unlisted != "" {
		var text strings.Builder
		for _, d := range l.examples {
			fmt.Fprintln(&text, d)
		}
		require.NoError(t, os.WriteFile(*unlisted, []byte(text.String()), 0o644))
	}
	for i, d := range l.examples {
		if i == 40 {
			t.Logf("… and %d more", l.missing-i)
			break
		}
		t.Errorf("not in %s: %v", l.file, d)
	}
	for _, k := range l.lines {
		if k.hits == 0 {
			t.Errorf("%s:%d: nothing differs so any more: %s: %s", l.file, k.line, strings.Join(k.fields, " "), k.reason)
		}
		t.Logf("%7d %s: %s", k.hits, strings.Join(k.fields, " "), k.reason)
	}
}
