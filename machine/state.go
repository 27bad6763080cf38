package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/devices"
)

// parts is everything that remembers something, but for RAM and disks: one row for each.
// The order is that of Restore. The clock and the processors, which count its ticks, come
// first; what drives a line of another chip stands before that chip, so that the receiver
// is restored to what it remembers of the line; the interrupt controllers, where most
// lines end, and with them INTR, come last.
//
// The number is the version of the State type, to be raised whenever the type changes: a
// test compares. Another chip is another row here, and nothing else for snapshots.
func (m *Machine) parts() []part {
	b := m.board
	p := []part{row[clockState]("clock", 1, m.clock)}
	for i, c := range b.cpus {
		p = append(p, row[cpu.Snapshot](cpuSection(i), 3, c))
	}
	p = append(p,
		chip("turns", 1, &b.turns),
		chip("pit8254", 1, b.pit),
		chip("port61", 1, b.port61),
		chip("mc146818", 1, b.rtc),
		chip("dma8237", 2, b.dma),
		chip("ps2kbd", 2, b.kbd),
		chip("ps2mouse", 1, b.mouse),
		chip("i8042", 1, b.kbc),
		chip("port92", 1, b.port92),
		chip("post80", 1, b.post),
		chip("fwcfg", 1, b.fwcfg),
	)
	for i, u := range b.uart {
		p = append(p, chip(fmt.Sprintf("uart16550.%d", i), 1, u))
	}
	p = append(p, chip("lpt", 1, b.lpt), chip("fdc82077", 1, b.fdc))
	for i, c := range b.ide {
		p = append(p, chip(fmt.Sprintf("ide.%d", i), 2, c))
	}
	if b.vga != nil {
		p = append(p, chip("vga", 2, b.vga)) // its memory goes with the RAM
	}
	p = append(p,
		row[keyState]("keys", 1, &m.keys),
		chip("i440fx", 2, b.host),
		chip("piix4pm", 2, b.pm),
		chip("piix3.ide", 1, b.ideFunc),
		chip("piix3.isa", 1, b.isa),
		chip("pci", 1, b.pciPorts),
	)
	if b.ioapic != nil {
		p = append(p, chip("hpet", 1, b.hpet), chip("ioapic", 1, b.ioapic))
	}
	for i, d := range b.lapic {
		p = append(p, chip(fmt.Sprintf("lapic.%d", i), 1, d))
	}
	return append(p, chip("pic8259", 1, b.pic))
}

// cpuSection names the state of processor i.
func cpuSection(i int) string {
	if i == 0 {
		return "cpu"
	}
	return fmt.Sprintf("cpu.%d", i)
}

// resetChips puts every chip into its power-on state. The order is fixed; the interrupt
// controller comes first, so that it sees the levels that the others drive.
func (m *Machine) resetChips() {
	m.pic.Reset()
	for _, p := range m.parts() {
		if p.reset != nil && p.Name != "pic8259" {
			p.reset()
		}
	}
}

// A part is what remembers something, under its name.
type part struct {
	Name    string
	Version uint32
	save    func() any      // a copy of the state
	restore func(any) error // takes what save gave
	reset   func()          // nil: not by resetChips
	decode  func([]byte) (any, error)
}

// stateful is what a row needs of a chip.
type stateful[S any] interface {
	Save() S
	Restore(S) error
}

// row makes a part of something with a State.
func row[S any](name string, version uint32, c stateful[S]) part {
	return part{
		Name:    name,
		Version: version,
		save:    func() any { return c.Save() },
		restore: func(s any) error { return c.Restore(s.(S)) },
		decode: func(p []byte) (any, error) {
			var s S
			err := decodeState(p, &s)
			return s, err
		},
	}
}

// chip is row for what has a reset pin.
func chip[S any, C interface {
	stateful[S]
	Reset()
}](name string, version uint32, c C) part {
	p := row[S](name, version, c)
	p.reset = c.Reset
	return p
}

// EachPart calls visit with the name and the state of every chip, the processor and the
// clock, in a fixed order. The states are copies.
func (m *Machine) EachPart(visit func(name string, state any)) {
	for _, p := range m.parts() {
		visit(p.Name, p.save())
	}
}

// clockState is what the clock remembers besides the instruction count.
type clockState struct {
	Skipped devices.Time
}

// Save returns a copy of the state.
func (c *clock) Save() clockState { return clockState{c.skipped} }

// Restore replaces the state. Timers are the business of the chips that set them.
func (c *clock) Restore(s clockState) error {
	if s.Skipped < 0 || s.Skipped > 1<<62 {
		return fmt.Errorf("clock: skipped time %d is out of range", s.Skipped)
	}
	c.skipped = s.Skipped
	return nil
}

// StateHash is a SHA-256 over the whole machine: every chip, the processor and RAM. Equal
// machines have equal hashes, on any host.
func (m *Machine) StateHash() string {
	h := sha256.New()
	for _, p := range m.parts() {
		fmt.Fprintf(h, "%s %+v\n", p.Name, p.save())
	}
	hashRAM(h, m.mem.Used())
	return hex.EncodeToString(h.Sum(nil))
}

// hashRAM writes the pages that are not zero, each with its number.
func hashRAM(w io.Writer, ram []byte) {
	const page = 4096
	var zero [page]byte
	for off := 0; off < len(ram); off += page {
		p := ram[off : off+page]
		if string(p) == string(zero[:]) {
			continue
		}
		fmt.Fprintf(w, "page %d\n", off/page)
		w.Write(p)
	}
}

// Stats is what a run cost and did.
type Stats struct {
	Instructions uint64            `json:"instructions"`
	VirtualTime  float64           `json:"virtual_seconds"`
	Exits        map[string]uint64 `json:"exits"`
	Resets       uint64            `json:"resets"`
	StateHash    string            `json:"state_hash"`
	Unmodelled   map[string]uint64 `json:"unmodelled,omitempty"`
}

// Stats returns counters and the hash of the whole state. It reads all of RAM.
func (m *Machine) Stats() Stats {
	s := Stats{
		Instructions: m.Count(),
		VirtualTime:  float64(m.clock.Now()) / float64(devices.Second),
		Exits:        map[string]uint64{},
		Resets:       m.resets,
		StateHash:    m.StateHash(),
		Unmodelled:   m.Unmodelled(),
	}
	for r, n := range m.exits {
		if n > 0 {
			s.Exits[exitName(r)] = n
		}
	}
	return s
}

// Unmodelled counts what the guest touched that nothing here answers.
func (m *Machine) Unmodelled() map[string]uint64 {
	u := map[string]uint64{}
	for k, n := range m.unknown {
		u[k] = n
	}
	for _, c := range m.ports.Counts() {
		u[fmt.Sprintf("port %#04x", c.Port)] = uint64(c.Reads) + uint64(c.Writes)
	}
	if n := m.mem.Unclaimed(); n > 0 {
		u["physical addresses"] = n
	}
	return u
}
