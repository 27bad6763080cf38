package machine

import (
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
)

// explain tells the story of an exception: what was raised, and what its delivery ran
// into, one per line.
func explain(h cpu.Chain) string {
	if h.N == 0 {
		return "no exception was raised"
	}
	lines := make([]string, 0, h.N)
	for _, f := range h.Faults[:h.N] {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n  while delivering that: ")
}
