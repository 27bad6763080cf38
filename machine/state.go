package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/devices"
)

// reset puts every chip into its power-on state. The order is fixed; the interrupt
// controller comes first, so that it sees the levels that the others drive.
func (b *board) reset() {
	b.pic.Reset()
	b.pit.Reset()
	b.port61.Reset()
	b.rtc.Reset()
	b.dma.Reset()
	b.kbc.Reset()
	b.kbd.Reset()
	b.port92.Reset()
	b.post.Reset()
	for _, u := range b.uart {
		u.Reset()
	}
	b.fwcfg.Reset()
	b.host.Reset()
	b.isa.Reset()
	b.ideFunc.Reset()
	for _, c := range b.ide {
		c.Reset()
	}
	b.pciPorts.Reset()
}

// parts lists the state of everything but RAM, by name, in a fixed order.
func (m *Machine) parts() []part {
	b := m.board
	p := []part{
		{"clock", clockState{m.clock.skipped}},
		{"cpu", b.cpu.Save()},
		{"pic8259", b.pic.Save()},
		{"pit8254", b.pit.Save()},
		{"port61", b.port61.Save()},
		{"mc146818", b.rtc.Save()},
		{"dma8237", b.dma.Save()},
		{"i8042", b.kbc.Save()},
		{"ps2kbd", b.kbd.Save()},
		{"port92", b.port92.Save()},
		{"post80", b.post.Save()},
		{"fwcfg", b.fwcfg.Save()},
		{"i440fx", b.host.Save()},
		{"piix3.isa", b.isa.Save()},
		{"piix3.ide", b.ideFunc.Save()},
		{"pci", b.pciPorts.Save()},
	}
	for i, u := range b.uart {
		p = append(p, part{fmt.Sprintf("uart16550.%d", i), u.Save()})
	}
	for i, c := range b.ide {
		p = append(p, part{fmt.Sprintf("ide.%d", i), c.Save()})
	}
	return p
}

// EachPart calls visit with the name and the state of every chip, the processor and the
// clock, in a fixed order. The states are copies.
func (m *Machine) EachPart(visit func(name string, state any)) {
	for _, p := range m.parts() {
		visit(p.Name, p.State)
	}
}

// A part is one chip's state under its name.
type part struct {
	Name  string
	State any
}

// clockState is what the clock remembers besides the instruction count.
type clockState struct {
	Skipped devices.Time
}

// StateHash is a SHA-256 over the whole machine: every chip, the processor and RAM. Equal
// machines have equal hashes, on any host.
func (m *Machine) StateHash() string {
	h := sha256.New()
	for _, p := range m.parts() {
		fmt.Fprintf(h, "%s %+v\n", p.Name, p.State)
	}
	hashRAM(h, m.mem.RAM())
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
		Instructions: m.cpu.Count(),
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
