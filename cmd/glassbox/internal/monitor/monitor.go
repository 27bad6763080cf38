// Package monitor is the prompt behind Ctrl-A c: it shows a stopped machine. Its words
// are those of QEMU's monitor and Bochs's debugger.
//
//	monitor.go    the commands
//	snapshots.go  savevm, loadvm
//	screen.go     screendump, sendkey, change, eject
//	travel.go     goto, reverse-step and others, in the history of the machine
//
// What only looks at the machine is machine/debug's.
//
// Nothing here but loadvm, sendkey and going to another moment changes the machine, and reading never touches device
// registers.
package monitor

import (
	"fmt"
	"io"
	"strings"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/machine/debug"
)

// A Target is a stopped machine.
type Target interface {
	debug.Target
	// Status is one line for info status.
	Status() string
	// ScreenInfo is one line for info screen.
	ScreenInfo() string
	// SaveScreen writes the screen to a file: .png or .txt.
	SaveScreen(path string) error
	// HoldKeys presses keys one after the other and releases them after d.
	HoldKeys(d devices.Time, keys ...ps2kbd.Key)
	// ChangeMedium puts a disc into a drive; an empty path takes it out.
	ChangeMedium(drive, path string) error
}

// A Verdict is what to do after a command.
type Verdict uint8

// Verdicts.
const (
	Stay     Verdict = iota // show the prompt again
	Continue                // let the machine run
	Quit                    // leave the program
	Reset                   // reset the machine and let it run
)

// Prompt is what the user is shown before a command.
const Prompt = "(glassbox) "

const help = `info registers        all registers           info mem     mapped linear memory
info status           where the machine is    info CHIP    state of a chip; info alone lists
x  /NFS ADDRESS       linear memory           xp /NFS ...  physical memory
                      N items, format F (x d u o c, or i: code), size S
u [/N] [ADDRESS]      disassemble, from RIP if no address is given
page ADDRESS          walk the page tables, level by level
bt, print-stack [N]   callers; words of the stack
info idt|gdt|tss|cpu|pci  tables, decoded; processors; devices on PCI
explain [interrupt]   why the last fault was raised, how the last interrupt got here
info screen           mode of the display     screendump FILE   the screen: .png or .txt
sendkey KEYS [MS]     press keys, such as ret or ctrl-alt-delete, when the machine goes on;
                      hold them MS milliseconds of its time: after about 500 they repeat
change DRIVE FILE     another disc            eject DRIVE       none: cdrom, fda, fdb
p  EXPRESSION         print a value: numbers, registers, + - *
c, cont               let the machine run     q, quit      leave Glassbox
savevm NAME           keep the state          loadvm NAME  go back to it; c goes on
info snapshots        list them               delvm NAME   delete one
snapshot diff NAME [NAME]                     what differs from it now, or from another
system_reset          reset and run           help         this text

Sizes are b (1), h (2), w (4) and g (8 bytes), as in gdb. Addresses may use registers:
x /4g rsp+8. The machine stands still while this prompt is shown.
`

// A Monitor runs commands.
type Monitor struct {
	t    Target
	look *debug.Inspector
	out  io.Writer
}

// New returns a monitor for t that prints to out.
func New(t Target, out io.Writer) *Monitor { return &Monitor{t, debug.NewInspector(t), out} }

// Greeting is what to show when the monitor opens.
func (m *Monitor) Greeting() string {
	return fmt.Sprintf("Stopped: %s\nhelp lists the commands, c or Ctrl-A c continues.\n", m.t.Status())
}

type command struct {
	names []string
	run   func(m *Monitor, args string) (Verdict, error)
}

func stay(f func(m *Monitor, args string) error) func(*Monitor, string) (Verdict, error) {
	return func(m *Monitor, args string) (Verdict, error) { return Stay, f(m, args) }
}

func verdict(v Verdict) func(*Monitor, string) (Verdict, error) {
	return func(*Monitor, string) (Verdict, error) { return v, nil }
}

// commands returns the table; the first name is the one in error messages.
func commands() []command {
	return append(travelCommands(),
		command{[]string{"help", "h"}, stay((*Monitor).help)},
		command{[]string{"info", "i"}, stay((*Monitor).info)},
		command{[]string{"p"}, stay((*Monitor).print)},
		command{[]string{"stop"}, stay(func(m *Monitor, _ string) error {
			m.printf("The machine stands still already; c lets it run.\n")
			return nil
		})},
		command{[]string{"c", "cont", "continue"}, verdict(Continue)},
		command{[]string{"q", "quit", "exit"}, verdict(Quit)},
		command{[]string{"screendump"}, stay((*Monitor).screendump)},
		command{[]string{"sendkey"}, stay((*Monitor).sendkey)},
		command{[]string{"change"}, stay((*Monitor).change)},
		command{[]string{"eject"}, stay((*Monitor).eject)},
		command{[]string{"system_reset"}, verdict(Reset)},
		command{[]string{"savevm"}, snapshots(saveVM)},
		command{[]string{"loadvm"}, snapshots(loadVM)},
		command{[]string{"delvm"}, snapshots(delVM)},
		command{[]string{"snapshot"}, snapshots(snapshot)},
	)
}

// Execute runs one line and says what comes next. Errors are printed.
func (m *Monitor) Execute(line string) Verdict {
	line = strings.TrimSpace(line)
	if line == "" {
		return Stay
	}
	end := strings.IndexAny(line, " \t/")
	if end < 0 {
		end = len(line)
	}
	name, args := line[:end], strings.TrimSpace(line[end:])
	for _, c := range commands() {
		for _, n := range c.names {
			if n != name {
				continue
			}
			v, err := c.run(m, args)
			if err != nil {
				m.printf("%s: %v\n", name, err)
			}
			return v
		}
	}
	switch known, err := m.look.Execute(line, m.out); {
	case !known:
		m.printf("%s: no such command; help lists them\n", name)
	case err != nil:
		m.printf("%s: %v\n", name, err)
	}
	return Stay
}

func (m *Monitor) help(string) error {
	m.printf("%s%s", help, travelHelp)
	return nil
}

func (m *Monitor) info(args string) error {
	switch args {
	case "snapshots":
		return m.listVM()
	case "history":
		return m.history()
	case "screen":
		m.printf("%s\n", m.t.ScreenInfo())
		return nil
	case "status":
		m.printf("%s\n", m.t.Status())
		return nil
	}
	_, err := m.look.Execute("info "+args, m.out)
	return err
}

func (m *Monitor) print(args string) error {
	_, err := m.look.Execute("print "+args, m.out)
	return err
}

func (m *Monitor) printf(format string, args ...any) { fmt.Fprintf(m.out, format, args...) }
