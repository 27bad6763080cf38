package decode

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/stretchr/testify/require"
)

// A gap is a line of gaps.txt: a map, patterns of the opcode and the name, and after a
// colon the reason.
type gap struct {
	fields []string
	rows   int
}

func (g *gap) matches(r cpu.Row) bool {
	return g.fields[0] == r.Map && anyOf(g.fields[1], fmt.Sprintf("%02X", r.Code)) && anyOf(g.fields[2], r.Op.Name)
}

func readGaps(t *testing.T) (gaps []*gap) {
	text, err := os.ReadFile("gaps.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		row, reason, _ := strings.Cut(line, ": ")
		require.NotEmpty(t, reason, "no reason in %q", line)
		fields := strings.Fields(row)
		require.Len(t, fields, 3, "map, opcode and name in %q", line)
		gaps = append(gaps, &gap{fields: fields})
	}
	return gaps
}

// TestEveryGapIsListed compares the rows without semantics with gaps.txt, both ways, and
// prints how many encodings there are.
func TestEveryGapIsListed(t *testing.T) {
	listed := readGaps(t)
	total, done := map[string]int{}, map[string]int{}
	names := map[string]bool{}
	for r := range cpu.Rows() {
		total[r.Map]++
		names[r.Op.Name] = true
		if r.Op.Exec != nil {
			done[r.Map]++
			continue
		}
		if i := slices.IndexFunc(listed, func(g *gap) bool { return g.matches(r) }); i >= 0 {
			listed[i].rows++
		} else {
			t.Errorf("not in gaps.txt: %s %02X %s (%s)", r.Map, r.Code, r.Op.Name, r.Path)
		}
	}
	for _, g := range listed {
		if g.rows == 0 {
			t.Errorf("in gaps.txt and no gap any more: %s", strings.Join(g.fields, " "))
		}
	}
	t.Log("| map | encodings | with semantics | gaps |")
	t.Log("|---|---:|---:|---:|")
	all, allDone := 0, 0
	for _, m := range cpu.MapNames() {
		t.Logf("| %s | %d | %d | %d |", m, total[m], done[m], total[m]-done[m])
		all, allDone = all+total[m], allDone+done[m]
	}
	t.Logf("| all (%d mnemonics) | %d | %d | %d |", len(names), all, allDone, all-allDone)
}
