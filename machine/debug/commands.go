package debug

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/glassbox-vm/glassbox/machine/debug/asm"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Execute runs one line of a user and prints to out. ctx interrupts what it starts. quit
// is true after q.
func (d *Debugger) Execute(ctx context.Context, line string, out io.Writer) (quit bool) {
	d.out = out
	name, args := splitCommand(line)
	if name == "" || strings.HasPrefix(name, "#") {
		return false
	}
	table := d.commandTable(ctx)
	c := findCommand(table, name)
	if c == nil && strings.HasPrefix(args, "=") { // rax = 5
		c, args = findCommand(table, "set"), name+" "+args
	}
	if c == nil {
		d.printf("%s: no such command; help lists them\n", name)
		return false
	}
	if err := c.run(args); err != nil {
		d.printf("%s: %v\n", name, err)
	}
	return d.quit
}

// Knows says whether a line is a command of the debugger, or empty.
func (d *Debugger) Knows(line string) bool {
	name, args := splitCommand(line)
	return name == "" || name[0] == '#' || strings.HasPrefix(args, "=") || findCommand(d.commandTable(context.Background()), name) != nil
}

// commandTable is all commands: those that run and change the machine, then those that
// only look.
func (d *Debugger) commandTable(ctx context.Context) []command {
	table := d.running(ctx)
	table = append(table, d.pointCommands()...)
	table = append(table, d.changeCommands(ctx)...)
	return append(table, d.Inspector.commands()...)
}

// running is the commands that let the machine go, forwards or backwards.
func (d *Debugger) running(ctx context.Context) []command {
	with := func(f func(ctx context.Context, args string) (Stop, error)) func(string) error {
		return d.moving(ctx, f)
	}
	simple := func(f func(ctx context.Context) (Stop, error)) func(string) error {
		return with(func(ctx context.Context, _ string) (Stop, error) { return f(ctx) })
	}
	return append([]command{
		{[]string{"c", "cont", "continue"}, "[N]", "go on; N: past the next N-1 hits of the point", with(d.cont)},
		{[]string{"s", "si", "step", "stepi"}, "[N]", "execute N instructions", with(d.step)},
		{[]string{"n", "ni", "next", "nexti", "over"}, "", "the same over calls, interrupts and repeated string instructions", simple(d.StepOver)},
		{[]string{"p"}, "[EXPRESSION]", "without argument like n, as in Bochs; else print, as in gdb", func(a string) error { return d.overOrPrint(ctx, a) }},
		{[]string{"finish", "fin", "ret"}, "", "go on until the function returns", simple(d.Finish)},
		{[]string{"until", "advance"}, "ADDRESS", "go on to an address", with(d.advance)},
	}, d.travelCommands(ctx)...)
}

// changeCommands change the machine or the debugger, or say something about either.
func (d *Debugger) changeCommands(ctx context.Context) []command {
	return []command{
		{[]string{"set"}, "$REGISTER = VALUE", "set a register; set [ADDRESS] = VALUE sets 8 bytes, b[…] w[…] d[…] fewer", d.set},
		{[]string{"setpmem"}, "ADDRESS SIZE VALUE", "write 1, 2, 4 or 8 bytes of physical memory", func(a string) error { return d.setMemory(a, true) }},
		{[]string{"setmem"}, "ADDRESS SIZE VALUE", "the same of linear memory", func(a string) error { return d.setMemory(a, false) }},
		{[]string{"writemem"}, "FILE ADDRESS BYTES", "keep linear memory in a file", d.writeMemory},
		{[]string{"ldsym"}, "FILE [SLIDE|auto]", "load symbols: ELF, System.map, kallsyms; auto finds the slide of KASLR", d.loadSymbols},
		{[]string{"cpu", "thread"}, "N", "select a processor", d.selectCPU},
		{[]string{"syntax"}, "intel|att|go", "how instructions are written", d.setSyntax},
		{[]string{"trace"}, "on|off", "show every instruction; trace-reg and trace-mem show more", func(a string) error { return onOff(a, &d.trace.on) }},
		{[]string{"trace-reg"}, "on|off", "", func(a string) error { return onOff(a, &d.trace.registers) }},
		{[]string{"trace-mem"}, "on|off", "", func(a string) error { return onOff(a, &d.trace.memory) }},
		{[]string{"ptime", "time"}, "", "instructions and virtual time so far", func(string) error { return d.time() }},
		{[]string{"explain", "why"}, "[fault|interrupt|irq N|last]", "why a fault was raised, how an interrupt got here or line N does, what the last instruction did", func(a string) error { return d.explainMore(ctx, a) }},
		{[]string{"info", "i"}, "SUBJECT", "registers idt gdt ldt tss tab mem eflags cpu pci symbols device break time history, or a chip", d.infoMore},
		{[]string{"help", "h"}, "[COMMAND]", "this list", func(a string) error { return d.help(ctx, a) }},
		{[]string{"q", "quit", "exit"}, "", "leave", func(string) error { d.quit = true; return nil }},
	}
}

// number reads a count or an expression; what is left out is def.
func (d *Debugger) number(args string, def uint64) (uint64, error) {
	if args == "" {
		return def, nil
	}
	return d.eval(args)
}

func (d *Debugger) cont(ctx context.Context, args string) (Stop, error) {
	n, err := d.number(args, 1)
	if err != nil {
		return Stop{}, err
	}
	if d.trace.on || d.trace.registers || d.trace.memory {
		return d.traceRun(ctx)
	}
	stop, err := d.Continue(ctx)
	for ; n > 1 && err == nil && stop.Kind == StopPoint; n-- {
		stop, err = d.Continue(ctx)
	}
	return stop, err
}

func (d *Debugger) step(ctx context.Context, args string) (Stop, error) {
	n, err := d.number(args, 1)
	if err != nil || n == 0 {
		return Stop{}, err
	}
	return d.Step(ctx, n)
}

// overOrPrint is p: Bochs's word for stepping over, gdb's for printing.
func (d *Debugger) overOrPrint(ctx context.Context, args string) error {
	if args != "" {
		if strings.HasPrefix(args, "/") { // a format of gdb's
			_, args, _ = strings.Cut(args, " ")
		}
		return d.calc(args)
	}
	stop, err := d.StepOver(ctx)
	if err == nil {
		d.report(stop)
	}
	return err
}

func (d *Debugger) advance(ctx context.Context, args string) (Stop, error) {
	addr, err := d.eval(strings.TrimPrefix(args, "*"))
	if err != nil {
		return Stop{}, err
	}
	return d.runTo(ctx, &Point{Kind: PointCode, Addr: addr, Once: true, hidden: true})
}

// rangeArg reads "ADDRESS [BYTES]".
func (d *Debugger) rangeArg(args string, def uint64) (addr, size uint64, err error) {
	size = def
	if at := strings.LastIndexByte(args, ' '); at > 0 {
		if n, err := strconv.ParseUint(args[at+1:], 0, 32); err == nil && n > 0 {
			size, args = n, args[:at]
		}
	}
	addr, err = d.eval(args)
	return addr, size, err
}

// set is set $reg = value, or set [address] = value.
func (d *Debugger) set(args string) error {
	if flavor, ok := strings.CutPrefix(args, "disassembly-flavor"); ok {
		return d.setSyntax(strings.TrimSpace(flavor))
	}
	target, value, ok := strings.Cut(args, "=")
	if !ok {
		target, value, ok = strings.Cut(args, " ")
	}
	if !ok {
		return errors.New("set $REGISTER = VALUE")
	}
	v, err := d.eval(value)
	if err != nil {
		return err
	}
	target = strings.TrimSpace(target)
	x, err := ParseExpr(target)
	if err != nil {
		return err
	}
	switch n := x.root.(type) {
	case *memory:
		addr, err := n.addr.eval(&cpuEnv{d.CPU(), d.t.Memory(), &d.Symbols})
		if err != nil {
			return err
		}
		return d.poke(addr, n.size, v, n.physical)
	case name:
		if err := writeRegister(d.CPU(), strings.ToLower(strings.TrimLeft(string(n), "$%")), v); err != nil {
			return err
		}
		return d.changed()
	}
	return fmt.Errorf("%q cannot be set", target)
}

// changed tells the timeline that the machine is not what it would have become.
func (d *Debugger) changed() error {
	d.change = nil
	if d.past == nil {
		return nil
	}
	return d.past.Changed()
}

// setMemory is setpmem and setmem.
func (d *Debugger) setMemory(args string, physical bool) error {
	f := strings.Fields(args)
	if len(f) != 3 {
		return errors.New("give an address, a size in bytes and a value")
	}
	var v [3]uint64
	for i := range f {
		var err error
		if v[i], err = d.eval(f[i]); err != nil {
			return err
		}
	}
	return d.poke(v[0], int(v[1]), v[2], physical)
}

// poke writes size bytes.
func (d *Debugger) poke(addr uint64, size int, v uint64, physical bool) error {
	if size != 1 && size != 2 && size != 4 && size != 8 {
		return fmt.Errorf("%d bytes at once: want 1, 2, 4 or 8", size)
	}
	p := make([]byte, size)
	for i := range p {
		p[i] = byte(v >> (8 * i))
	}
	return d.WriteMemory(addr, p, physical)
}

// WriteMemory stores p at a linear or physical address. Only RAM can be written.
func (d *Debugger) WriteMemory(addr uint64, p []byte, physical bool) error {
	if physical {
		d.t.Memory().WriteAt(p, phys.Addr(addr))
	} else if n := writeLinear(d.CPU(), d.t.Memory(), addr, p); n < len(p) {
		return fmt.Errorf("%#x is not mapped", addr+uint64(n))
	}
	return d.changed()
}

// maxFile is the most bytes that writemem keeps.
const maxFile = 1 << 30

// writeMemory is writemem.
func (d *Debugger) writeMemory(args string) error {
	f := strings.Fields(args)
	if len(f) != 3 {
		return errors.New("give a file, an address and a number of bytes")
	}
	addr, err := d.eval(f[1])
	if err != nil {
		return err
	}
	n, err := d.eval(f[2])
	if err != nil {
		return err
	}
	if n > maxFile {
		return fmt.Errorf("at most %d bytes", maxFile)
	}
	if d.WriteFile == nil {
		return errors.New("there are no files here")
	}
	data := make([]byte, n)
	if got := d.linear(addr, data); got < len(data) {
		return fmt.Errorf("%#x is not mapped", addr+uint64(got))
	}
	return d.WriteFile(strings.Trim(f[0], `"`), data)
}

// loadSymbols is ldsym FILE [SLIDE]. Bochs's "global" in front is accepted.
func (d *Debugger) loadSymbols(args string) error {
	f := strings.Fields(strings.TrimPrefix(args, "global "))
	if len(f) == 0 || len(f) > 2 {
		return errors.New("name a file, and perhaps what to add to its addresses, or auto")
	}
	if d.ReadFile == nil {
		return errors.New("there are no files here")
	}
	data, err := d.ReadFile(strings.Trim(f[0], `"`))
	if err != nil {
		return err
	}
	list, err := ReadSymbols(data)
	if err != nil {
		return err
	}
	slide := uint64(0)
	if len(f) == 2 && f[1] == "auto" {
		if slide, err = d.findSlide(list); err != nil {
			return err
		}
	} else if len(f) == 2 {
		if slide, err = d.eval(f[1]); err != nil {
			return err
		}
	}
	d.Symbols.Add(list, slide)
	d.printf("%d symbols%s\n", len(list), pick(slide != 0, fmt.Sprintf(", moved by %#x", slide), ""))
	return nil
}

// findSlide compares where Linux's system-call entry is with where the symbols say.
func (d *Debugger) findSlide(list []Symbol) (uint64, error) {
	now := d.CPU().MSR.LSTAR
	if now == 0 {
		return 0, errors.New("the system-call entry is not set yet; load the symbols later, or say how far they have moved")
	}
	for _, y := range list {
		if y.Name == "entry_SYSCALL_64" {
			return now - y.Addr, nil
		}
	}
	return 0, errors.New("entry_SYSCALL_64 is not among the symbols")
}

func (d *Debugger) selectCPU(args string) error {
	if args == "" {
		return d.processors()
	}
	n, err := strconv.Atoi(args)
	if err != nil {
		return fmt.Errorf("%q is not the number of a processor", args)
	}
	if err := d.Select(n); err != nil {
		return err
	}
	d.showNext()
	return nil
}

func (d *Debugger) setSyntax(args string) error {
	s, ok := map[string]asm.Syntax{"intel": asm.Intel, "att": asm.ATT, "go": asm.Go}[args]
	if !ok {
		return errors.New("want intel, att or go")
	}
	d.Syntax = s
	return nil
}

func onOff(args string, to *bool) error {
	switch args {
	case "on":
		*to = true
	case "off":
		*to = false
	default:
		return errors.New("want on or off")
	}
	return nil
}

func (d *Debugger) time() error {
	d.printf("%d instructions, %v of virtual time\n", d.m.Count(), time.Duration(d.m.Now()))
	return nil
}

func (d *Debugger) explainMore(ctx context.Context, args string) error {
	switch args {
	case "last", "step", "instruction":
		return d.explainLast(ctx)
	}
	return d.explain(args)
}

func (d *Debugger) infoMore(args string) error {
	switch args {
	case "b", "break", "breakpoints", "watchpoints", "watch":
		return d.list("")
	case "time", "status":
		return d.time()
	case "history":
		return d.history()
	}
	return d.info(args)
}

const expressionHelp = `Expressions are unsigned numbers of 64 bits:
  0x10 16 10h 'a'        numbers; ffff0000 too, where it cannot be a name
  rax $rax %eax al       registers; cs.base cs.limit gdtr.limit zf cpl cr3 ...
  schedule               symbols, once ldsym has loaded some
  [rsp+8] *(rsp+8)       8 bytes of linear memory; b[..] w[..] d[..] q[..] 1 to 8 bytes,
  pd[0x1000]             the same of physical memory
  ds:si 0xf000:0xfff0    segment and offset
  + - * / % << >> & | ^ ~ ! == != < <= > >= && || ( )   as in C
`

// help lists the commands.
func (d *Debugger) help(ctx context.Context, args string) error {
	if args == "expressions" || args == "expr" {
		d.printf("%s", expressionHelp)
		return nil
	}
	table := d.commandTable(ctx)
	if args != "" {
		c := findCommand(table, args)
		if c == nil {
			return fmt.Errorf("there is no command %q", args)
		}
		d.printf("%s %s\n  %s\n", strings.Join(c.names, ", "), c.args, c.help)
		return nil
	}
	shown := map[string]bool{}
	for _, c := range table {
		if c.help == "" || shown[c.names[0]] {
			continue
		}
		shown[c.names[0]] = true
		left := c.names[0] + " " + c.args
		if len(c.names) > 1 && len(left)+len(c.names[1]) < 26 {
			left = c.names[0] + ", " + c.names[1] + " " + c.args
		}
		d.printf("%-28s %s\n", left, c.help)
	}
	d.printf("help COMMAND shows its other names, help expressions what may stand for addresses.\n%s", d.Hint)
	return nil
}
