package debug

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/devices/pci"
)

// span reads "[FIRST [LAST]]" for tables of n entries; more of them are shown at once
// only if asked for.
func span(args string, n int) (first, last int, err error) {
	f := strings.Fields(args)
	if len(f) == 0 {
		return 0, n - 1, nil
	}
	v, err := strconv.ParseInt(f[0], 0, 32)
	first, last = int(v), int(v)
	if err == nil && len(f) > 1 {
		v, err = strconv.ParseInt(f[1], 0, 32)
		last = int(v)
	}
	if err != nil || first < 0 || first > last || last >= n {
		return 0, 0, fmt.Errorf("entries go from 0 to %d", n-1)
	}
	return first, last, nil
}

// infoIDT is info idt: the gates of all vectors, or of some.
func (i *Inspector) infoIDT(args string) error {
	s := i.scene()
	size := uint64(8)
	switch {
	case s.x.CR0&x86.CR0_PE == 0:
		size = 4
	case s.x.LongMode():
		size = 16
	}
	n := int(min((uint64(s.x.IDTR.Limit)+1)/size, 256))
	i.printf("IDT at %#x, limit %#x: %d entries\n", s.x.IDTR.Base, s.x.IDTR.Limit, n)
	first, last, err := span(args, max(n, 1))
	if err != nil || n == 0 {
		return err
	}
	for v := first; v <= last; v++ {
		at := s.x.IDTR.Base + uint64(v)*size
		low, ok := s.read64(at, int(min(size, 8)))
		var high uint64
		if size == 16 {
			high, _ = s.read64(at+8, 8)
		}
		switch {
		case !ok:
			return fmt.Errorf("%#x is not mapped; page %#x shows why", at, at)
		case size == 4:
			i.printf("%02x  %04x:%04x%s\n", v, low>>16, low&0xffff, i.after(low>>16<<4+low&0xffff))
		case low == 0 && high == 0 && args == "":
		default:
			g := parseGate(low, high, s.x.LongMode())
			i.printf("%02x  %-4v %s%s\n", v, vectorName(v), g.text(s.x.LongMode()), i.after(g.off))
		}
	}
	return nil
}

func vectorName(v int) string {
	if s := x86.Vector(v).String(); strings.HasPrefix(s, "#") || s == "NMI" {
		return s
	}
	return ""
}

// after is the symbol at an address, to stand behind it.
func (i *Inspector) after(addr uint64) string {
	if name := i.Symbols.Name(addr); name != "" {
		return "  <" + name + ">"
	}
	return ""
}

// infoTable is info gdt and info ldt.
func (i *Inspector) infoTable(args string, local bool) error {
	s := i.scene()
	if local && s.x.LDTR.Attr&cpu.AttrP == 0 {
		return errors.New("LDTR holds no LDT")
	}
	ti := uint16(0)
	if local {
		ti = 4
	}
	name, base, limit := s.selectorTable(ti)
	n := int(min((uint64(limit)+1)/8, 8192))
	i.printf("%s at %#x, limit %#x: %d entries\n", name, base, limit, n)
	first, last, err := span(args, max(n, 1))
	if err != nil || n == 0 {
		return err
	}
	for k := first; k <= last; k++ {
		d, ok := s.lookUp(uint16(k)<<3 | ti)
		if !ok {
			return fmt.Errorf("%#x is not mapped; page %#x shows why", base+uint64(k)*8, base+uint64(k)*8)
		}
		if d.raw != 0 || args != "" {
			i.printf("%04x  %016x  %s\n", k<<3|int(ti), d.raw, d.text(s.x.LongMode()))
		}
		if s.x.LongMode() && d.wide() && d.raw != 0 {
			k++ // system descriptors have 16 bytes
		}
	}
	return nil
}

// infoTSS is info tss: the stacks and the map that the present TSS has.
func (i *Inspector) infoTSS() error {
	s := i.scene()
	tr := s.x.TR
	i.printf("TR %04x: %s, base %#x, limit %#x\n", tr.Sel, typeText(tr.Attr, s.x.LongMode()), tr.Base, tr.Limit)
	field := func(off uint64, size int) uint64 {
		v, _ := s.read64(tr.Base+off, size)
		return v
	}
	switch {
	case tr.Attr&cpu.AttrP == 0 || tr.Limit < 0x2b:
		return errors.New("TR holds no TSS")
	case s.x.LongMode():
		for n := range uint64(3) {
			i.printf("RSP%d %016x%s\n", n, field(4+8*n, 8), i.after(field(4+8*n, 8)))
		}
		for n := range uint64(7) {
			i.printf("IST%d %016x\n", n+1, field(36+8*n, 8))
		}
	case tr.Attr.Type()&8 != 0:
		for n := range uint64(3) {
			i.printf("SS%d:ESP%d %04x:%08x\n", n, n, field(8+8*n, 2), field(4+8*n, 4))
		}
		i.printf("CR3 %08x  EIP %08x  EFLAGS %08x  LDT %04x  link %04x\n", field(28, 4), field(32, 4), field(36, 4), field(96, 2), field(0, 2))
	default:
		for n := range uint64(3) {
			i.printf("SS%d:SP%d %04x:%04x\n", n, n, field(4+4*n, 2), field(2+4*n, 2))
		}
		return nil
	}
	i.printf("I/O permission bit map at offset %#x\n", field(102, 2))
	return nil
}

// flags is info eflags.
func (i *Inspector) flags() error {
	v := i.CPU().S.RFLAGS
	i.printf("RFLAGS %08x %s\n", v, flagNames(v))
	return nil
}

// processors is info cpu: one line for each.
func (i *Inspector) processors() error {
	for n, c := range i.t.CPUs() {
		x := c.Context()
		s := scene{c: c, mem: i.t.Memory(), x: &x, sym: &i.Symbols}
		i.printf("%s CPU %d  %s  %s, CPL %d%s, %d instructions\n", pick(n == i.selected, "*", " "), n, s.at(), modeName(&x), c.CPL, activities[c.Activity], c.Count())
	}
	return nil
}

// A pciTarget is a machine with a PCI bus.
type pciTarget interface{ PCI() *pci.Bus }

// infoPCI is info pci: identity and windows of every function.
func (i *Inspector) infoPCI() error {
	t, ok := i.t.(pciTarget)
	if !ok {
		return errors.New("there is no PCI bus")
	}
	for n := range 256 {
		slot := pci.Slot{Device: uint8(n >> 3), Function: uint8(n & 7)}
		f := t.PCI().At(slot)
		if f == nil {
			continue
		}
		i.printf("00:%v  %04x:%04x  class %06x  command %04x  status %04x", slot, f.ReadConfig(0, 2), f.ReadConfig(2, 2),
			f.ReadConfig(8, 4)>>8, f.ReadConfig(4, 2), f.ReadConfig(6, 2))
		if pin := f.Byte(pci.RegInterruptPin); pin != 0 {
			i.printf("  INT%c line %d", 'A'+pin-1, f.Byte(pci.RegInterruptLine))
		}
		i.printf("\n")
		for b := range uint8(6) {
			if v := f.ReadConfig(pci.RegBAR0+4*b, 4); v != 0 {
				i.printf("  BAR%d %08x  %s\n", b, v, pick(v&1 != 0, "ports", "memory"))
			}
		}
	}
	return nil
}
