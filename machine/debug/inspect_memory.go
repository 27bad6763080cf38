package debug

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/machine/debug/asm"
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
		case 'x', 'd', 'u', 'o', 'c', 'i', 's':
			l.format = c
			if c == 'c' || c == 's' {
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
			return l, "", fmt.Errorf("/%s: %q is no format (x d u o c i s) and no size (b h w g)", word, c)
		}
	}
	return l, strings.TrimSpace(rest), nil
}

// A reader copies what is at an address and returns how many bytes could be read.
type reader func(addr uint64, p []byte) int

// linear reads through the page tables, whatever the rights.
func (i *Inspector) linear(addr uint64, p []byte) int {
	return readLinear(i.CPU(), i.t.Memory(), addr, p)
}

func (i *Inspector) physical(addr uint64, p []byte) int {
	i.t.Memory().ReadAt(p, phys.Addr(addr))
	return len(p)
}

func (i *Inspector) examine(args string) error         { return i.dump(args, i.linear) }
func (i *Inspector) examinePhysical(args string) error { return i.dump(args, i.physical) }

// dump shows memory as items.
func (i *Inspector) dump(args string, read reader) error {
	l, rest, err := parseLayout(args)
	if err != nil {
		return err
	}
	addr, err := i.eval(rest)
	if err != nil {
		return err
	}
	if l.format == 'i' {
		return i.listing(addr, l.count, read)
	}
	if l.format == 's' {
		return i.text(addr, l.count, read)
	}
	perLine := 16 / l.size
	data := make([]byte, l.count*l.size)
	got := read(addr, data)
	for k := 0; k < l.count; k += perLine {
		i.printf("%016x:", addr+uint64(k*l.size))
		for j := k; j < min(k+perLine, l.count); j++ {
			if (j+1)*l.size > got {
				i.printf("\n")
				return fmt.Errorf("%#x is not mapped; page %#x shows why", addr+uint64(got), addr+uint64(got))
			}
			i.printf(" %s", item(data[j*l.size:(j+1)*l.size], l.format))
		}
		i.printf("\n")
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
func (i *Inspector) disassemble(args string) error {
	l, rest, err := parseLayout(args)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(args, "/") {
		l.count = 10
	}
	addr := codeAddr(i.CPU())
	if rest != "" {
		if addr, err = i.eval(rest); err != nil {
			return err
		}
	}
	return i.listing(addr, l.count, i.linear)
}

// listing shows n instructions.
func (i *Inspector) listing(addr uint64, n int, read reader) error {
	bits := codeBits(i.CPU())
	for range n {
		var code [15]byte
		got := read(addr, code[:])
		if got == 0 {
			return fmt.Errorf("%#x is not mapped; page %#x shows why", addr, addr)
		}
		in := asm.DecodeAs(i.Syntax, code[:got], bits, addr, i.symbolFor)
		if y, off, ok := i.Symbols.At(addr); ok && off == 0 {
			i.printf("%s:\n", y.Name)
		}
		i.printf("%s\n", asm.Line(addr, bits, code[:in.Len], in.Text))
		addr += uint64(in.Len)
	}
	return nil
}

// symbolFor names the targets of branches in listings.
func (i *Inspector) symbolFor(addr uint64) (name string, base uint64) {
	y, off, ok := i.Symbols.At(addr)
	if !ok {
		return "", 0
	}
	return y.Name, addr - off
}

// maxString is the longest piece of text that x /s shows.
const maxString = 200

// text shows n strings that end in a zero byte.
func (i *Inspector) text(addr uint64, n int, read reader) error {
	for range n {
		var p [maxString]byte
		got := read(addr, p[:])
		if got == 0 {
			return fmt.Errorf("%#x is not mapped; page %#x shows why", addr, addr)
		}
		s, _, ended := strings.Cut(string(p[:got]), "\x00")
		i.printf("%016x: %q%s\n", addr, s, pick(ended, "", "..."))
		addr += uint64(len(s) + b2i(ended))
	}
	return nil
}
