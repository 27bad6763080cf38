package debug

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// pointCommands make, list and remove points.
func (d *Debugger) pointCommands() []command {
	return []command{
		{[]string{"b", "lb", "vb", "break", "hbreak"}, "ADDRESS [if CONDITION]", "breakpoint at a linear address, a symbol, or SEGMENT:OFFSET", func(a string) error { return d.breakpoint(a, false, false) }},
		{[]string{"pb", "pbreak"}, "ADDRESS [if CONDITION]", "breakpoint at a physical address", func(a string) error { return d.breakpoint(a, true, false) }},
		{[]string{"tbreak", "tb"}, "ADDRESS [if CONDITION]", "breakpoint for one hit", func(a string) error { return d.breakpoint(a, false, true) }},
		{[]string{"watch"}, "[r|w|rw] ADDRESS [BYTES] [if C]", "stop after reads or writes of linear memory; without argument list", func(a string) error { return d.watch(a, false) }},
		{[]string{"pwatch"}, "[r|w|rw] ADDRESS [BYTES] [if C]", "the same of physical memory", func(a string) error { return d.watch(a, true) }},
		{[]string{"rwatch"}, "ADDRESS [BYTES]", "", func(a string) error { return d.watch("r "+a, false) }},
		{[]string{"awatch"}, "ADDRESS [BYTES]", "", func(a string) error { return d.watch("rw "+a, false) }},
		{[]string{"unwatch"}, "[ADDRESS]", "remove the watchpoints at an address, or all", d.unwatch},
		{[]string{"bport", "iobreak"}, "PORT [r|w|rw]", "stop after IN or OUT", func(a string) error { return d.numbered(a, PointPort, 0xffff) }},
		{[]string{"bmsr"}, "NUMBER [r|w|rw]", "stop after RDMSR or WRMSR", func(a string) error { return d.numbered(a, PointMSR, 1<<32-1) }},
		{[]string{"bexc", "catch"}, "VECTOR|#GP|all", "stop when an exception is raised", d.exception},
		{[]string{"bint"}, "VECTOR", "stop when an interrupt is taken, or INT n", d.interrupt},
		{[]string{"modebp"}, "", "stop when the operating mode changes", func(string) error { return d.added(&Point{Kind: PointMode}) }},
		{[]string{"sb"}, "N", "stop in N instructions", func(a string) error { return d.countPoint(a, true) }},
		{[]string{"sba"}, "N", "stop when N instructions have been executed", func(a string) error { return d.countPoint(a, false) }},
		{[]string{"blist"}, "", "list the points", d.list},
		{[]string{"d", "del", "delete"}, "[NUMBER]...", "remove points; without a number all", d.delete},
		{[]string{"bpe", "enable"}, "NUMBER", "switch a point on", func(a string) error { return d.each(a, func(p *Point) { p.Off = false }) }},
		{[]string{"bpd", "disable"}, "NUMBER", "switch a point off", func(a string) error { return d.each(a, func(p *Point) { p.Off = true }) }},
		{[]string{"cond", "condition"}, "NUMBER [CONDITION]", "change the condition of a point", d.condition},
		{[]string{"ignore"}, "NUMBER N", "let N hits of a point pass", d.ignore},
	}
}

// added makes a point and shows it.
func (d *Debugger) added(p *Point) error {
	d.Add(p)
	d.printf("%d: %v %s\n", p.ID, p.Kind, p.where(&d.Symbols))
	return nil
}

// splitCondition takes "if CONDITION" off the end.
func splitCondition(args string) (rest string, cond *Expr, err error) {
	rest, text, ok := strings.Cut(" "+args+" ", " if ")
	if !ok {
		return strings.TrimSpace(args), nil, nil
	}
	cond, err = ParseExpr(text)
	return strings.TrimSpace(rest), cond, err
}

func (d *Debugger) breakpoint(args string, physical, once bool) error {
	rest, cond, err := splitCondition(args)
	if err != nil {
		return err
	}
	addr := d.scene().x.CodeLinear()
	if rest = strings.TrimPrefix(rest, "*"); rest != "" {
		if addr, err = d.eval(rest); err != nil {
			return err
		}
	}
	return d.added(&Point{Kind: PointCode, Addr: addr, Physical: physical, Once: once, Cond: cond})
}

// access takes a word for reads and writes off one end of the arguments.
func access(word string) (read, write, ok bool) {
	switch word {
	case "r", "read":
		return true, false, true
	case "w", "write":
		return false, true, true
	case "rw", "a", "access":
		return true, true, true
	}
	return false, true, false
}

func (d *Debugger) watch(args string, physical bool) error {
	if args == "" {
		return d.list("")
	}
	rest, cond, err := splitCondition(args)
	if err != nil {
		return err
	}
	word, after, _ := strings.Cut(rest, " ")
	read, write, ok := access(word)
	if ok {
		rest = strings.TrimSpace(after)
	}
	addr, size, err := d.rangeArg(rest, 4)
	if err != nil {
		return err
	}
	return d.added(&Point{Kind: PointData, Addr: addr, Size: size, Physical: physical, Read: read, Write: write, Cond: cond})
}

func (d *Debugger) unwatch(args string) error {
	addr, err := d.number(args, 0)
	if err != nil {
		return err
	}
	n := 0
	for _, p := range d.Points() {
		if p.Kind == PointData && (args == "" || p.Addr == addr) {
			d.Remove(p)
			n++
		}
	}
	d.printf("%d removed\n", n)
	return nil
}

// numbered makes a point on ports or MSRs: N or N-M, then r, w or rw.
func (d *Debugger) numbered(args string, kind PointKind, most uint64) error {
	rest, cond, err := splitCondition(args)
	if err != nil {
		return err
	}
	read, write := true, true
	if at := strings.LastIndexByte(rest, ' '); at > 0 {
		if r, w, ok := access(rest[at+1:]); ok {
			read, write, rest = r, w, rest[:at]
		}
	}
	low, high, isRange := strings.Cut(rest, "-")
	first, err := d.eval(low)
	if err != nil {
		return err
	}
	last := first
	if isRange {
		if last, err = d.eval(high); err != nil {
			return err
		}
	}
	if first > last || last > most {
		return fmt.Errorf("%s is no range from 0 to %#x", rest, most)
	}
	return d.added(&Point{Kind: kind, Addr: first, Size: last - first + 1, Read: read, Write: write, Cond: cond})
}

// exception is bexc: by number or by the manual's name.
func (d *Debugger) exception(args string) error {
	rest, cond, err := splitCondition(args)
	if err != nil {
		return err
	}
	if rest == "all" {
		for v := range uint64(32) {
			if x86.Vector(v).String()[0] == '#' {
				d.Add(&Point{Kind: PointException, Addr: v, Cond: cond})
			}
		}
		return d.list("")
	}
	for v := range uint64(32) {
		if n := x86.Vector(v).String(); strings.EqualFold(n, rest) || strings.EqualFold(strings.TrimPrefix(n, "#"), rest) {
			return d.added(&Point{Kind: PointException, Addr: v, Cond: cond})
		}
	}
	v, err := d.eval(rest)
	if err != nil || v > 31 {
		return errors.New("name an exception: 0 to 31, or as the manual does, such as #GP")
	}
	return d.added(&Point{Kind: PointException, Addr: v, Cond: cond})
}

func (d *Debugger) interrupt(args string) error {
	rest, cond, err := splitCondition(args)
	if err != nil {
		return err
	}
	v, err := d.eval(rest)
	if err != nil {
		return err
	}
	if v > 255 {
		return errors.New("vectors go from 0 to 255")
	}
	return d.added(&Point{Kind: PointInterrupt, Addr: v, Cond: cond})
}

// countPoint is sb and sba.
func (d *Debugger) countPoint(args string, relative bool) error {
	n, err := d.eval(args)
	if err != nil {
		return err
	}
	if relative {
		n += d.m.Count()
	}
	if n <= d.m.Count() {
		return fmt.Errorf("%d instructions have been executed already", d.m.Count())
	}
	return d.added(&Point{Kind: PointCount, Addr: n, Once: true})
}

// list is blist.
func (d *Debugger) list(string) error {
	points := d.Points()
	if len(points) == 0 {
		d.printf("there are no points\n")
	}
	for _, p := range points {
		d.printf("%-3d %-17v %s%s%s", p.ID, p.Kind, p.where(&d.Symbols), pick(p.Off, "  off", ""), pick(p.Once, "  once", ""))
		if p.Cond != nil {
			d.printf("  if %v", p.Cond)
		}
		if p.Hits > 0 {
			d.printf("  hit %d times", p.Hits)
		}
		if p.Ignore > 0 {
			d.printf("  passes %d more", p.Ignore)
		}
		d.printf("\n")
	}
	return nil
}

// each does something to the points whose numbers are given.
func (d *Debugger) each(args string, f func(*Point)) error {
	f2 := strings.Fields(args)
	if len(f2) == 0 {
		return errors.New("say the number of a point; blist lists them")
	}
	for _, word := range f2 {
		n, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("%q is not the number of a point", word)
		}
		p := d.Point(n)
		if p == nil {
			return fmt.Errorf("there is no point %d", n)
		}
		f(p)
	}
	return nil
}

func (d *Debugger) delete(args string) error {
	if args == "" || args == "all" {
		for _, p := range d.Points() {
			d.Remove(p)
		}
		return nil
	}
	return d.each(args, d.Remove)
}

func (d *Debugger) condition(args string) error {
	id, text, _ := strings.Cut(args, " ")
	var cond *Expr
	if text = strings.TrimSpace(text); text != "" {
		var err error
		if cond, err = ParseExpr(text); err != nil {
			return err
		}
	}
	return d.each(id, func(p *Point) { p.Cond = cond })
}

func (d *Debugger) ignore(args string) error {
	id, text, _ := strings.Cut(args, " ")
	n, err := d.eval(text)
	if err != nil {
		return err
	}
	return d.each(id, func(p *Point) { p.Ignore = n })
}
