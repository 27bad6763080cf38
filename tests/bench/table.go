//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// results collects runs: emulator → workload → the best measurement.
type results map[string]map[string]measurement

// add keeps the faster of two measurements of a workload; the output must not differ, not
// even between emulators.
func (r results) add(emulator string, got map[string]measurement) error {
	if r[emulator] == nil {
		r[emulator] = map[string]measurement{}
	}
	for name, m := range got {
		for other, have := range r {
			if h, ok := have[name]; ok && h.output != m.output {
				return fmt.Errorf("%s: %s gives %q, %s gave %q", name, emulator, m.output, other, h.output)
			}
		}
		if have, ok := r[emulator][name]; !ok || m.cpu < have.cpu {
			r[emulator][name] = m
		}
	}
	return nil
}

// ratio is the CPU time of a divided by that of b; ok is false when one is missing.
func (r results) ratio(a, b, workload string) (ratio float64, ok bool) {
	x, y := r[a][workload], r[b][workload]
	if x.cpu <= 0 || y.cpu <= 0 {
		return 0, false
	}
	return x.cpu.Seconds() / y.cpu.Seconds(), true
}

// mips is millions of guest instructions per second of CPU time. The count comes from the
// emulator itself, or else from the first that has one.
func (r results) mips(emulators []emulator, emulator, workload string) (mips float64, ok bool) {
	m := r[emulator][workload]
	count := m.instructions
	for _, e := range emulators {
		if count == 0 {
			count = r[e.name][workload].instructions
		}
	}
	if count == 0 || m.cpu <= 0 {
		return 0, false
	}
	return float64(count) / 1e6 / m.cpu.Seconds(), true
}

// geomean is the geometric mean of what value returns for the workloads that have one.
func geomean(names []string, value func(string) (float64, bool)) (mean float64, ok bool) {
	sum, n := 0.0, 0
	for _, name := range names {
		if v, ok := value(name); ok && v > 0 {
			sum += math.Log(v)
			n++
		}
	}
	return math.Exp(sum / float64(n)), n > 0
}

// table lays the results out: seconds of each emulator, ratios of the first to each of the
// others, guest MIPS. The last rows are geometric means.
func (r results) table(emulators []emulator, chosen []workload) [][]string {
	head := []string{"workload", "class"}
	for _, e := range emulators {
		head = append(head, e.name+" s")
	}
	for _, e := range emulators[1:] {
		head = append(head, emulators[0].name+"/"+e.name)
	}
	for _, e := range emulators {
		head = append(head, e.name+" MIPS")
	}
	rows := [][]string{head}
	all := append([]workload{{Name: bootName, Class: classBoot}}, chosen...)
	for _, w := range all {
		if w.Class != classSetup {
			seconds := func(e emulator) (float64, bool) {
				m, ok := r[e.name][w.Name]
				return m.cpu.Seconds(), ok
			}
			rows = append(rows, r.row(w.Name, string(w.Class), []string{w.Name}, emulators, seconds))
		}
	}
	for _, group := range []class{"", classInteger, classMemory, classFloat, classKernel, classBusyBox} {
		var names []string
		for _, w := range all {
			if w.Class == group || group == "" && w.Class != classSetup && w.Class != classFixed {
				names = append(names, w.Name)
			}
		}
		if len(names) > 1 {
			title := string(group)
			if group == "" {
				title = "all"
			}
			rows = append(rows, r.row("geometric mean", title, names, emulators, func(emulator) (float64, bool) { return 0, false }))
		}
	}
	return dropEmpty(rows)
}

// dropEmpty leaves out columns and mean rows in which nothing is known.
func dropEmpty(rows [][]string) [][]string {
	known := make([]bool, len(rows[0]))
	var kept [][]string
	for n, row := range rows {
		values := false
		for i, cell := range row {
			isValue := n > 0 && i >= 2 && cell != "-"
			values = values || isValue
			known[i] = known[i] || isValue || i < 2
		}
		if n == 0 || values {
			kept = append(kept, row)
		}
	}
	for n, row := range kept {
		var cells []string
		for i, cell := range row {
			if known[i] {
				cells = append(cells, cell)
			}
		}
		kept[n] = cells
	}
	return kept
}

// row is one line of the table, over one or several workloads.
func (r results) row(name, class string, names []string, emulators []emulator, seconds func(emulator) (float64, bool)) []string {
	cells := []string{name, class}
	cell := func(format string, v float64, ok bool) {
		if !ok {
			cells = append(cells, "-")
			return
		}
		cells = append(cells, fmt.Sprintf(format, v))
	}
	for _, e := range emulators {
		v, ok := seconds(e)
		cell("%.3f", v, ok)
	}
	for _, e := range emulators[1:] {
		v, ok := geomean(names, func(w string) (float64, bool) { return r.ratio(emulators[0].name, e.name, w) })
		if v < 0.1 {
			cell("%.3f", v, ok) // 0.00 would say nothing
			continue
		}
		cell("%.2f", v, ok)
	}
	for _, e := range emulators {
		v, ok := geomean(names, func(w string) (float64, bool) { return r.mips(emulators, e.name, w) })
		cell("%.0f", v, ok)
	}
	return cells
}

// A report is a table with what a reader must know about it.
type report struct {
	date    time.Time
	host    string
	kernel  string
	gcc     string
	runs    int
	scale   float64
	table   [][]string
	members []emulator
}

// print writes the report, as Markdown or aligned for a terminal.
func (p report) print(w io.Writer, markdown bool) error {
	var versions []string
	for _, e := range p.members {
		versions = append(versions, e.version)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, Linux %s as the guest, programs by %s, on %s.\n", p.date.Format(time.DateOnly), p.kernel, p.gcc, p.host)
	fmt.Fprintf(&b, "%s. CPU time, best of %d.", strings.Join(versions, "; "), p.runs)
	if p.scale != 1 {
		fmt.Fprintf(&b, " Scaled by %g: not for publication.", p.scale)
	}
	b.WriteString("\n\n")
	width := make([]int, len(p.table[0]))
	for _, row := range p.table {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	edge, between := "", "  "
	if markdown {
		edge, between = "|", "|"
	}
	for n, row := range p.table {
		cells := make([]string, len(row))
		for i, cell := range row {
			if cells[i] = fmt.Sprintf("%*s", width[i], cell); i < 2 {
				cells[i] = fmt.Sprintf("%-*s", width[i], cell)
			}
		}
		fmt.Fprintln(&b, strings.TrimRight(edge+strings.Join(cells, between)+edge, " "))
		if n == 0 && markdown {
			b.WriteString("|" + strings.Repeat("---|", 2) + strings.Repeat("--:|", len(row)-2) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
