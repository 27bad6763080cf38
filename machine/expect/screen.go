package expect

import "strings"

// fresh is what must have been printed between two looks at a screen. prev is the last rune
// of what was taken before, or -1.
func fresh(old, now []string, prev rune) string {
	old, now = trim(old), trim(now)
	same, scrolled := overlap(old, now)
	if same == len(now) {
		return ""
	}
	var b strings.Builder
	rest := now[same:]
	if at := same + scrolled; at < len(old) && at == len(old)-1 && len(old[at]) > 0 && strings.HasPrefix(rest[0], old[at]) {
		b.WriteString(rest[0][len(old[at]):]) // the last line grew
		rest = rest[1:]
		if len(rest) > 0 {
			b.WriteByte('\n')
		}
	} else if prev >= 0 && prev != '\n' {
		b.WriteByte('\n')
	}
	b.WriteString(strings.Join(rest, "\n"))
	return b.String()
}

// overlap finds by how many lines the screen has scrolled so that the most lines at its top
// are as before, and how many those are.
func overlap(old, now []string) (same, scrolled int) {
	for k := range old {
		n := 0
		for n < len(now) && n+k < len(old) && now[n] == old[n+k] {
			n++
		}
		if n > same {
			same, scrolled = n, k
		}
	}
	return same, scrolled
}

// trim leaves the empty lines at the end out.
func trim(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
