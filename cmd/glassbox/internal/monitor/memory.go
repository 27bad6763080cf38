package monitor

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/machine/debug/asm"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// maxItems is the most items one command shows.
const maxItems = 4096

// A layout is the /NFS of x: how many items, in which format, of how many bytes.
type layout struct {
	count  int
	format byte
	size   int
}

// parseLayout reads "/NFS" in front of the arguments, and returns the rest.
func parseLayout(args string) (l layout, rest string, err error) {
	l = layout{1, 'x', 4}
	if !strings.HasPrefix(args, "/") {
		return l, args, nil
	}
	word, rest, _ := strings.Cut(args[1:], " ")
	digits := strings.IndexFunc(word, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(word)
	}
	if digits > 0 {
		if l.count, err = strconv.Atoi(word[:digits]); err != nil || l.count < 1 || l.count > maxItems {
			return l, "", fmt.Errorf("/%s: the number of items is 1 to %d", word, maxItems)
		}
	}
	for _, c := range []byte(word[digits:]) {
		switch c {
		case 'x', 'd', 'u', 'o', 'c', 'i':
			l.format = c
			if c == 'c' {
				l.size = 1
			}
		case 'b':
			l.size = 1
		case 'h':
			l.size = 2
		case 'w':
			l.size = 4
		case 'g':
			l.size = 8
		default:
			return l, "", fmt.Errorf("/%s: %q is no format (x d u o c i) and no size (b h w g)", word, c)
		}
	}
	return l, strings.TrimSpace(rest), nil
}

// A reader copies what is at an address and returns how many bytes could be read.
type reader func(addr uint64, p []byte) int

// linear reads through the page tables with supervisor rights.
func (m *Monitor) linear(addr uint64, p []byte) int {
	done := 0
	for done < len(p) {
		la := mmu.LinAddr(addr + uint64(done))
		t := m.t.CPU().MMU.Translate(la, mmu.AccessRead, mmu.ClassSuper)
		if t.PageSize == 0 {
			return done
		}
		n := min(len(p)-done, mmu.PageSize-int(uint64(la)%mmu.PageSize))
		m.t.Memory().ReadAt(p[done:done+n], t.Phys)
		done += n
	}
	return done
}

func (m *Monitor) physical(addr uint64, p []byte) int {
	m.t.Memory().ReadAt(p, phys.Addr(addr))
	return len(p)
}

func (m *Monitor) examine(args string) error         { return m.dump(args, m.linear) }
func (m *Monitor) examinePhysical(args string) error { return m.dump(args, m.physical) }

// dump shows memory as items.
func (m *Monitor) dump(args string, read reader) error {
	l, rest, err := parseLayout(args)
	if err != nil {
		return err
	}
	addr, err := m.eval(rest)
	if err != nil {
		return err
	}
	if l.format == 'i' {
		return m.listing(addr, l.count, read)
	}
	perLine := 16 / l.size
	data := make([]byte, l.count*l.size)
	got := read(addr, data)
	for i := 0; i < l.count; i += perLine {
		m.printf("%016x:", addr+uint64(i*l.size))
		for j := i; j < min(i+perLine, l.count); j++ {
			if (j+1)*l.size > got {
				m.printf("\n")
				return fmt.Errorf("%#x is not mapped; page %#x shows why", addr+uint64(got), addr+uint64(got))
			}
			m.printf(" %s", item(data[j*l.size:(j+1)*l.size], l.format))
		}
		m.printf("\n")
	}
	return nil
}

// item is one little-endian value.
func item(p []byte, format byte) string {
	var v uint64
	for i, b := range p {
		v |= uint64(b) << (8 * i)
	}
	bits := 8 * len(p)
	signed := int64(v<<(64-bits)) >> (64 - bits)
	switch format {
	case 'd':
		return fmt.Sprintf("%*d", [9]int{1: 4, 2: 6, 4: 11, 8: 20}[len(p)], signed)
	case 'u':
		return fmt.Sprintf("%*d", [9]int{1: 3, 2: 5, 4: 10, 8: 20}[len(p)], v)
	case 'o':
		return fmt.Sprintf("%#0*o", (bits+2)/3+1, v)
	case 'c':
		if v >= ' ' && v < 0x7f {
			return fmt.Sprintf("%q", rune(v))
		}
		return fmt.Sprintf("%#02x", v)
	}
	return fmt.Sprintf("0x%0*x", 2*len(p), v)
}

// disassemble is u.
func (m *Monitor) disassemble(args string) error {
	l, rest, err := parseLayout(args)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(args, "/") {
		l.count = 10
	}
	addr := codeAddr(m.t.CPU())
	if rest != "" {
		if addr, err = m.eval(rest); err != nil {
			return err
		}
	}
	return m.listing(addr, l.count, m.linear)
}

// listing shows n instructions.
func (m *Monitor) listing(addr uint64, n int, read reader) error {
	bits := codeBits(m.t.CPU())
	for range n {
		var code [15]byte
		got := read(addr, code[:])
		if got == 0 {
			return fmt.Errorf("%#x is not mapped; page %#x shows why", addr, addr)
		}
		in := asm.Decode(code[:got], bits, addr)
		m.printf("%s\n", asm.Line(addr, bits, code[:in.Len], in.Text))
		addr += uint64(in.Len)
	}
	return nil
}
