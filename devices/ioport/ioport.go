// Package ioport is the 64 Ki port space of the CPU: it knows which chip answers which port.
//
// An access that lies wholly inside the range of one chip goes to it as one access if the
// chip is a devices.WidePort, else as single bytes, lowest port first, as on the ISA bus. An
// access that touches several ranges, or ports that nobody claims, is split into bytes.
// Ports that nobody claims read all ones and ignore writes; so do the bytes of an access
// that runs past port FFFFh.
//
// The space itself remembers nothing a guest can see, so it has no State: what is mapped
// where follows from the wiring and from the state of the chips that move (PCI BARs).
//
// Source: Intel SDM Vol. 1, "Input/Output"; IBM PC AT Technical Reference, "I/O Channel".
// Not modelled: aliases of chips that decode 10 address lines only.
package ioport

import (
	"fmt"
	"math"
	"sort"

	"github.com/glassbox-vm/glassbox/devices"
)

// ports is the number of ports.
const ports = 1 << 16

// A Range is a run of ports that one chip answers.
type Range struct {
	Name  string // what the board calls it, for messages
	Base  uint16 // first port
	Count int    // number of ports, at least 1
}

// Last is the last port of the range.
func (r Range) Last() uint16 { return r.Base + uint16(r.Count-1) }

// String gives the notation of the port tables, for example "0060-0064 i8042".
func (r Range) String() string {
	if r.Count == 1 {
		return fmt.Sprintf("%04x %s", r.Base, r.Name)
	}
	return fmt.Sprintf("%04x-%04x %s", r.Base, r.Last(), r.Name)
}

// A Count says how often a port that nobody claims was touched. The counters stop at
// their maximum.
type Count struct {
	Port   uint16
	Reads  uint32
	Writes uint32
}

// claim is a Range and who answers it.
type claim struct {
	Range
	end  int // first port after the range
	port devices.Port
	wide devices.WidePort // nil if the chip sees bytes only
}

type count struct{ reads, writes uint32 }

// A Space is one port space. Its hooks may be set at any time between instructions.
type Space struct {
	// Unmodelled is called for the first access to each port that nobody claims. The
	// size is in bytes; v is the value written, or all ones of that size for a read.
	Unmodelled func(port uint16, size int, write bool, v uint32)

	// Trace is called after every access. v is the value read or written.
	Trace func(port uint16, size int, write bool, v uint32)

	// owner[port] is an index into claims; 0 is nobody.
	owner  [ports]uint16
	claims []claim
	free   []uint16 // indexes of claims given up by Unmap

	unclaimed []count // by port; made at the first unclaimed access
}

// New returns a space in which nobody answers.
func New() *Space { return &Space{claims: make([]claim, 1)} }

// Map lets dev answer count ports from base on; it sees offset 0 at base. name is for
// messages and tables. Claiming a port that is claimed already is an error that names both,
// and then nothing is mapped.
func (s *Space) Map(name string, base uint16, count int, dev devices.Port) error {
	if count < 1 || count > ports-int(base) {
		return fmt.Errorf("ioport: map %s: %d ports from %04x do not fit the port space", name, count, base)
	}
	if len(s.free) == 0 && len(s.claims) == ports { // index 0 is nobody
		return fmt.Errorf("ioport: map %s: there are %d ranges already", name, ports-1)
	}
	r := Range{Name: name, Base: base, Count: count}
	for p := int(base); p < int(base)+count; p++ {
		if i := s.owner[p]; i != 0 {
			return fmt.Errorf("ioport: map %v: port %04x is claimed by %v", r, p, s.claims[i].Range)
		}
	}
	c := claim{Range: r, end: int(base) + count, port: dev}
	c.wide, _ = dev.(devices.WidePort)
	i := s.slot()
	s.claims[i] = c
	s.fill(r, i)
	return nil
}

// Unmap gives up the range that starts at base. It is an error if none starts there.
func (s *Space) Unmap(base uint16) error {
	i := s.owner[base]
	if i == 0 || s.claims[i].Base != base {
		return fmt.Errorf("ioport: unmap %04x: no range starts there", base)
	}
	s.fill(s.claims[i].Range, 0)
	s.claims[i] = claim{}
	s.free = append(s.free, i)
	return nil
}

// Move lets the range that starts at from start at to instead, as when a guest writes a PCI
// base address register. If ports of the new place are claimed by another range, the error
// names both and the range stays where it was.
func (s *Space) Move(from, to uint16) error {
	i := s.owner[from]
	if i == 0 || s.claims[i].Base != from {
		return fmt.Errorf("ioport: move %04x: no range starts there", from)
	}
	c := s.claims[i]
	if err := s.Unmap(from); err != nil {
		return err
	}
	if err := s.Map(c.Name, to, c.Count, c.port); err != nil {
		if back := s.Map(c.Name, from, c.Count, c.port); back != nil {
			panic("ioport: " + back.Error()) // the place was free a moment ago
		}
		return err
	}
	return nil
}

// Ranges lists what is mapped, lowest port first.
func (s *Space) Ranges() []Range {
	var all []Range
	for _, c := range s.claims {
		if c.Count > 0 {
			all = append(all, c.Range)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Base < all[j].Base })
	return all
}

// Counts lists the ports that were touched though nobody claims them, lowest first.
func (s *Space) Counts() []Count {
	var all []Count
	for p, n := range s.unclaimed {
		if n.reads != 0 || n.writes != 0 {
			all = append(all, Count{Port: uint16(p), Reads: n.reads, Writes: n.writes})
		}
	}
	return all
}

// In reads size bytes (1, 2 or 4) from port. Bits above size bytes are zero.
func (s *Space) In(port uint16, size int) uint32 {
	var v uint32
	c := &s.claims[s.owner[port]]
	switch {
	case c.port != nil && size == 1:
		v = uint32(c.port.In(port - c.Base))
	case c.wide != nil && int(port)+size <= c.end:
		v = c.wide.InWide(port-c.Base, size) & ones(size)
	case s.nobody(port, size):
		v = ones(size)
		s.missed(port, size, false, v)
	default:
		for i := range size {
			v |= uint32(s.inByte(int(port)+i)) << (8 * i)
		}
	}
	if s.Trace != nil {
		s.Trace(port, size, false, v)
	}
	return v
}

// Out writes the low size bytes (1, 2 or 4) of v to port.
func (s *Space) Out(port uint16, size int, v uint32) {
	v &= ones(size)
	c := &s.claims[s.owner[port]]
	switch {
	case c.port != nil && size == 1:
		c.port.Out(port-c.Base, uint8(v))
	case c.wide != nil && int(port)+size <= c.end:
		c.wide.OutWide(port-c.Base, size, v)
	case s.nobody(port, size):
		s.missed(port, size, true, v)
	default:
		for i := range size {
			s.outByte(int(port)+i, uint8(v>>(8*i)))
		}
	}
	if s.Trace != nil {
		s.Trace(port, size, true, v)
	}
}

func (s *Space) inByte(p int) uint8 {
	if p >= ports {
		return 0xff
	}
	c := &s.claims[s.owner[p]]
	if c.port == nil {
		s.missed(uint16(p), 1, false, 0xff)
		return 0xff
	}
	return c.port.In(uint16(p) - c.Base)
}

// outByte looks the owner up anew: the byte before may have moved a range.
func (s *Space) outByte(p int, v uint8) {
	if p >= ports {
		return
	}
	c := &s.claims[s.owner[p]]
	if c.port == nil {
		s.missed(uint16(p), 1, true, uint32(v))
		return
	}
	c.port.Out(uint16(p)-c.Base, v)
}

// nobody reports whether no port of the access is claimed.
func (s *Space) nobody(port uint16, size int) bool {
	for p := int(port); p < min(int(port)+size, ports); p++ {
		if s.owner[p] != 0 {
			return false
		}
	}
	return true
}

// missed counts an access to a port that nobody claims and reports the first one.
func (s *Space) missed(port uint16, size int, write bool, v uint32) {
	if s.unclaimed == nil {
		s.unclaimed = make([]count, ports)
	}
	n := &s.unclaimed[port]
	first := n.reads == 0 && n.writes == 0
	switch {
	case write && n.writes < math.MaxUint32:
		n.writes++
	case !write && n.reads < math.MaxUint32:
		n.reads++
	}
	if first && s.Unmodelled != nil {
		s.Unmodelled(port, size, write, v)
	}
}

// slot returns the index of an unused claim; Map has made sure that there is one.
func (s *Space) slot() uint16 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	s.claims = append(s.claims, claim{})
	return uint16(len(s.claims) - 1)
}

func (s *Space) fill(r Range, i uint16) {
	for p := int(r.Base); p < int(r.Base)+r.Count; p++ {
		s.owner[p] = i
	}
}

// ones is the value of size bytes of all ones.
func ones(size int) uint32 { return uint32(1<<(8*size) - 1) }
