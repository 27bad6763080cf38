package debug

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/machine/debug/asm"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A Target is a stopped machine that can be looked at.
type Target interface {
	CPUs() []*cpu.CPU
	Memory() *phys.Memory
	// EachPart calls visit with the name and a copy of the state of every chip.
	EachPart(visit func(name string, state any))
}

// An Inspector shows a stopped machine, in words of Bochs's debugger and QEMU's monitor.
// It changes nothing, and reading memory never touches registers of chips.
type Inspector struct {
	Symbols Symbols
	Syntax  asm.Syntax

	t        Target
	selected int // the processor that commands are about
	out      io.Writer
}

// NewInspector returns an inspector of t.
func NewInspector(t Target) *Inspector { return &Inspector{t: t, out: io.Discard} }

// CPU is the selected processor.
func (i *Inspector) CPU() *cpu.CPU { return i.t.CPUs()[i.selected] }

// Select chooses the processor that commands are about, counted from 0.
func (i *Inspector) Select(n int) error {
	if n < 0 || n >= len(i.t.CPUs()) {
		return fmt.Errorf("there are processors 0 to %d", len(i.t.CPUs())-1)
	}
	i.selected = n
	return nil
}

func (i *Inspector) printf(format string, args ...any) { fmt.Fprintf(i.out, format, args...) }

// A command is a row of the tables of commands.
type command struct {
	names []string
	args  string // in the help
	help  string // "" hides it
	run   func(args string) error
}

// Execute runs one line and prints to out. known is false for a word that is no command.
func (i *Inspector) Execute(line string, out io.Writer) (known bool, err error) {
	return i.execute(i.commands(), line, out)
}

func (i *Inspector) execute(table []command, line string, out io.Writer) (known bool, err error) {
	i.out = out
	name, args := splitCommand(line)
	c := findCommand(table, name)
	if c == nil {
		return false, nil
	}
	return true, c.run(args)
}

// splitCommand separates the first word, which a "/" ends as well.
func splitCommand(line string) (name, args string) {
	line = strings.TrimSpace(line)
	end := strings.IndexAny(line, " \t/=")
	if strings.HasPrefix(line, "?") {
		end = 1
	}
	if end < 0 {
		end = len(line)
	}
	return line[:end], strings.TrimSpace(line[end:])
}

func findCommand(table []command, name string) *command {
	for k := range table {
		if contains(table[k].names, name) {
			return &table[k]
		}
	}
	return nil
}

// commands are the ones that only look.
func (i *Inspector) commands() []command {
	return []command{
		{[]string{"x"}, "/NFS ADDRESS", "linear memory: N items, format F (x d u o c s, or i: code), size S (b h w g)", i.examine},
		{[]string{"xp"}, "/NFS ADDRESS", "physical memory", i.examinePhysical},
		{[]string{"u", "disasm", "disassemble"}, "[/N] [ADDRESS]", "disassemble, from CS:rIP if no address is given", i.disassemble},
		{[]string{"page"}, "ADDRESS", "walk the page tables, level by level", i.page},
		{[]string{"?", "calc", "print"}, "EXPRESSION", "a value; help expressions says what may stand in it", i.calc},
		{[]string{"r", "reg", "regs", "registers"}, "", "general registers; see also sreg creg dreg fp mmx sse", func(string) error { return i.general() }},
		{[]string{"sreg"}, "", "segment registers and descriptor-table registers", func(string) error { return i.segments() }},
		{[]string{"creg"}, "", "control registers, bit by bit", func(string) error { return i.control() }},
		{[]string{"dreg"}, "", "debug registers", func(string) error { return i.debugRegisters() }},
		{[]string{"fp", "fpu"}, "", "x87 registers", func(string) error { return i.x87() }},
		{[]string{"mmx"}, "", "MMX registers", func(string) error { return i.mmx() }},
		{[]string{"sse", "xmm", "ymm"}, "", "vector registers", func(string) error { return i.vector() }},
		{[]string{"bt", "backtrace", "where"}, "[N]", "how the processor got here, by frame pointers", i.backtrace},
		{[]string{"print-stack"}, "[N]", "N words of the stack", i.printStack},
		{[]string{"crc"}, "ADDRESS LENGTH", "CRC-32 of linear memory", i.crc},
		{[]string{"slist", "symbols"}, "[TEXT]", "symbols whose name contains TEXT", i.listSymbols},
		{[]string{"cpu"}, "N", "select a processor; without N: all of them", i.cpuCommand},
		{[]string{"explain"}, "[fault|interrupt|irq N]", "why the last exception was raised, how the last interrupt got here, or how line N does", i.explain},
		{[]string{"info", "i"}, "SUBJECT", "registers idt gdt ldt tss tab mem eflags cpu lapic ioapic irq hpet pci symbols device, or a chip", i.info},
	}
}

// info shows a subject; whatever is none is taken for a chip.
func (i *Inspector) info(args string) error {
	subject, rest, _ := strings.Cut(args, " ")
	rest = strings.TrimSpace(rest)
	for _, s := range i.subjects() {
		if contains(s.names, subject) {
			return s.run(rest)
		}
	}
	return i.part(args)
}

// subjects are what info knows besides chips.
func (i *Inspector) subjects() []command {
	return []command{
		{[]string{""}, "", "", func(string) error { return i.listSubjects() }},
		{[]string{"registers", "r", "reg", "all-registers"}, "", "", func(string) error { return i.registers() }},
		{[]string{"mem", "tlb", "tab"}, "", "", func(string) error { return i.mappings() }},
		{[]string{"idt"}, "", "", i.infoIDT},
		{[]string{"gdt"}, "", "", func(a string) error { return i.infoTable(a, false) }},
		{[]string{"ldt"}, "", "", func(a string) error { return i.infoTable(a, true) }},
		{[]string{"tss"}, "", "", func(string) error { return i.infoTSS() }},
		{[]string{"eflags", "flags"}, "", "", func(string) error { return i.flags() }},
		{[]string{"cpu", "cpus", "threads"}, "", "", func(string) error { return i.processors() }},
		{[]string{"lapic", "apic"}, "", "", i.infoLAPIC},
		{[]string{"ioapic"}, "", "", func(string) error { return i.infoIOAPIC() }},
		{[]string{"hpet"}, "", "", func(string) error { return i.infoHPET() }},
		{[]string{"irq"}, "", "", i.infoIRQ},
		{[]string{"symbols"}, "", "", i.listSymbols},
		{[]string{"pci"}, "", "", func(string) error { return i.infoPCI() }},
		{[]string{"device"}, "", "", i.device},
	}
}

func (i *Inspector) listSubjects() error {
	i.printf("info registers, mem, idt, gdt, ldt, tss, eflags, cpu, lapic, ioapic, irq, hpet, pci, symbols, and the chips:")
	i.t.EachPart(func(name string, _ any) { i.printf(" %s", name) })
	i.printf("\n")
	return nil
}

// device is info device [NAME], Bochs's word for chips.
func (i *Inspector) device(name string) error {
	if name == "" {
		return i.listSubjects()
	}
	return i.part(strings.Trim(name, `"`))
}

// calc prints the value of an expression.
func (i *Inspector) calc(args string) error {
	v, err := i.eval(args)
	if err != nil {
		return err
	}
	i.printf("%#x  %d", v, v)
	if int64(v) < 0 {
		i.printf("  %d", int64(v))
	}
	if name := i.Symbols.Name(v); name != "" {
		i.printf("  <%s>", name)
	}
	i.printf("\n")
	return nil
}

// eval works out an expression.
func (i *Inspector) eval(text string) (uint64, error) {
	x, err := ParseExpr(text)
	if err != nil {
		return 0, err
	}
	return x.eval(&cpuEnv{i.CPU(), i.t.Memory(), &i.Symbols})
}

// A cpuEnv is what expressions mean on a processor.
type cpuEnv struct {
	c    *cpu.CPU
	mem  *phys.Memory
	syms *Symbols
}

func (e *cpuEnv) register(name string) (uint64, bool) { return readRegister(e.c, name) }
func (e *cpuEnv) symbol(name string) (uint64, bool)   { return e.syms.Lookup(name) }

func (e *cpuEnv) read(physical bool, addr uint64, size int) (uint64, error) {
	var p [8]byte
	if physical {
		e.mem.ReadAt(p[:size], phys.Addr(addr))
	} else if readLinear(e.c, e.mem, addr, p[:size]) != size {
		return 0, fmt.Errorf("%#x is not mapped; page %#x shows why", addr, addr)
	}
	return little(p[:size]), nil
}

// scene is the selected processor as it is now.
func (i *Inspector) scene() *scene {
	x := i.CPU().Context()
	return &scene{c: i.CPU(), mem: i.t.Memory(), x: &x, sym: &i.Symbols}
}

// explain tells about the last exception or interrupt.
func (i *Inspector) explain(args string) error {
	c := i.CPU()
	s := &scene{c: c, mem: i.t.Memory(), x: &c.LastChain.At, sym: &i.Symbols}
	if line, ok := strings.CutPrefix(args, "irq"); ok {
		return i.infoIRQ(strings.TrimSpace(line))
	}
	switch args {
	case "", "fault", "exception":
		i.printf("%s", explainChain(s))
		return nil
	case "interrupt", "int":
		i.printf("%s", i.explainEvent())
		return nil
	}
	return errors.New("explain what? fault, interrupt or irq N")
}

// listSymbols shows symbols whose name contains text.
func (i *Inspector) listSymbols(text string) error {
	const most = 200
	list := i.Symbols.Match(text, most)
	for _, y := range list {
		i.printf("%016x %s\n", y.Addr, y.Name)
	}
	switch {
	case i.Symbols.Len() == 0:
		return errors.New("no symbols are loaded; ldsym FILE loads them")
	case len(list) == 0:
		return fmt.Errorf("none of %d symbols contains %q", i.Symbols.Len(), text)
	case len(list) == most:
		return fmt.Errorf("the first %d of them; say more of the name", most)
	}
	return nil
}
