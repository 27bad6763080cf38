package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// systemTypes are the types of descriptors with S = 0: legacy meaning, then that in IA-32e
// mode. SDM Vol. 3A, "System Descriptor Types".
var systemTypes = [16][2]string{
	0:  {"reserved type 0", "reserved type 0"},
	1:  {"16-bit TSS, available", "reserved type 1"},
	2:  {"LDT", "LDT"},
	3:  {"16-bit TSS, busy", "reserved type 3"},
	4:  {"16-bit call gate", "reserved type 4"},
	5:  {"task gate", "reserved type 5"},
	6:  {"16-bit interrupt gate", "reserved type 6"},
	7:  {"16-bit trap gate", "reserved type 7"},
	8:  {"reserved type 8", "reserved type 8"},
	9:  {"32-bit TSS, available", "64-bit TSS, available"},
	10: {"reserved type 10", "reserved type 10"},
	11: {"32-bit TSS, busy", "64-bit TSS, busy"},
	12: {"32-bit call gate", "64-bit call gate"},
	13: {"reserved type 13", "reserved type 13"},
	14: {"32-bit interrupt gate", "64-bit interrupt gate"},
	15: {"32-bit trap gate", "64-bit trap gate"},
}

// typeText is the type of a descriptor in words.
func typeText(a cpu.Attr, long bool) string {
	if a&cpu.AttrS == 0 {
		return systemTypes[a.Type()][b2i(long)]
	}
	var s string
	if a&cpu.AttrCode != 0 {
		size := "16-bit"
		switch {
		case a&cpu.AttrL != 0 && a&cpu.AttrDB != 0:
			size = "L and D both set:"
		case a&cpu.AttrL != 0:
			size = "64-bit"
		case a&cpu.AttrDB != 0:
			size = "32-bit"
		}
		s = size + " code, " + pick(a&cpu.AttrReadable != 0, "readable", "execute-only")
		return s + pick(a&cpu.AttrConforming != 0, ", conforming", "")
	}
	s = "data, " + pick(a&cpu.AttrWritable != 0, "writable", "read-only")
	return s + pick(a&cpu.AttrExpandDown != 0, ", expand-down", "")
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func pick(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// A descriptor is an entry of the GDT or an LDT as it stands in memory.
type descriptor struct {
	raw, high uint64
	attr      cpu.Attr
	base      uint64
	limit     uint32 // bytes
}

// parseDescriptor takes the 8 bytes apart. SDM Vol. 3A, "Segment Descriptors".
func parseDescriptor(raw uint64) descriptor {
	d := descriptor{
		raw:   raw,
		attr:  cpu.Attr(raw >> 40 & 0xf0ff),
		base:  raw>>16&0xffffff | raw>>56<<24,
		limit: uint32(raw&0xffff | raw>>32&0xf0000),
	}
	if d.attr&cpu.AttrG != 0 {
		d.limit = d.limit<<12 | 0xfff
	}
	return d
}

// wide says whether it has 16 bytes in IA-32e mode.
func (d *descriptor) wide() bool { return d.attr&cpu.AttrS == 0 }

// isGate says whether it is a call gate: selector and offset instead of base and limit.
func (d *descriptor) isGate() bool {
	return d.attr&cpu.AttrS == 0 && (d.attr.Type()&7 == 4 || d.attr.Type() == 5)
}

// text describes the descriptor.
func (d *descriptor) text(long bool) string {
	if d.raw == 0 {
		return "0: an empty entry"
	}
	state := fmt.Sprintf("DPL %d, P=%d", d.attr.DPL(), b2i(d.attr&cpu.AttrP != 0))
	if d.isGate() {
		g := parseGate(d.raw, d.high, long)
		return fmt.Sprintf("%s to %04x:%x, %s", typeText(d.attr, long), g.sel, g.off, state)
	}
	base := d.base
	if long && d.wide() {
		base |= d.high << 32
	}
	return fmt.Sprintf("%s, base %#x, limit %#x, %s", typeText(d.attr, long), base, d.limit, state)
}

// A gate is an entry of the IDT, or a call gate.
type gate struct {
	sel  uint16
	off  uint64
	attr cpu.Attr
	ist  uint8
}

// parseGate takes a gate apart. SDM Vol. 3A, "IDT Descriptors".
func parseGate(low, high uint64, long bool) gate {
	g := gate{sel: uint16(low >> 16), off: low&0xffff | low>>48<<16, attr: cpu.Attr(low >> 40 & 0xff)}
	switch {
	case long:
		g.off |= high << 32
		g.ist = uint8(low>>32) & 7
	case g.attr.Type()&8 == 0:
		g.off &= 0xffff
	}
	return g
}

func (g *gate) text(long bool) string {
	s := fmt.Sprintf("%s to %04x:%x, DPL %d, P=%d", typeText(g.attr, long), g.sel, g.off, g.attr.DPL(), b2i(g.attr&cpu.AttrP != 0))
	if g.attr&cpu.AttrS != 0 {
		s = fmt.Sprintf("not a gate (S=1, type %d), DPL %d, P=%d", g.attr.Type(), g.attr.DPL(), b2i(g.attr&cpu.AttrP != 0))
	}
	if g.ist != 0 {
		s += fmt.Sprintf(", stack IST%d", g.ist)
	}
	return s
}

// selectorTable returns the table that a selector indexes.
func (s *scene) selectorTable(sel uint16) (name string, base uint64, limit uint32) {
	if sel&4 != 0 {
		return "LDT", s.x.LDTR.Base, s.x.LDTR.Limit
	}
	return "GDT", s.x.GDTR.Base, uint32(s.x.GDTR.Limit)
}

// lookUp reads the descriptor that a selector names.
func (s *scene) lookUp(sel uint16) (d descriptor, ok bool) {
	_, base, limit := s.selectorTable(sel)
	off := uint32(sel &^ 7)
	if off+7 > limit {
		return d, false
	}
	raw, ok := s.read64(base+uint64(off), 8)
	d = parseDescriptor(raw)
	if s.x.LongMode() && d.wide() {
		d.high, _ = s.read64(base+uint64(off)+8, 8)
	}
	return d, ok
}

// selectorLines says what a selector refers to.
func (s *scene) selectorLines(sel uint16) []string {
	name, base, limit := s.selectorTable(sel)
	first := fmt.Sprintf("selector %#x is entry %d of the %s (base %#x, limit %#x)", sel, sel>>3, name, base, limit)
	if sel&4 != 0 && s.x.LDTR.Attr&cpu.AttrP == 0 {
		return []string{fmt.Sprintf("selector %#x is entry %d of the LDT, but LDTR holds no LDT", sel, sel>>3)}
	}
	if off := uint32(sel &^ 7); off+7 > limit {
		return []string{first, fmt.Sprintf("the entry would end at offset %#x, beyond the limit", off+7)}
	}
	d, ok := s.lookUp(sel)
	if !ok {
		return []string{first, "the entry is not mapped"}
	}
	return []string{first, fmt.Sprintf("the entry is %016x: %s", d.raw, d.text(s.x.LongMode()))}
}

// gateLines says what the IDT has for a vector.
func (s *scene) gateLines(v x86.Vector) []string {
	size := uint64(8)
	switch {
	case s.x.CR0&x86.CR0_PE == 0:
		size = 4
	case s.x.LongMode():
		size = 16
	}
	off := uint64(v) * size
	first := fmt.Sprintf("vector %d (%v) uses bytes %#x to %#x of the IDT (base %#x, limit %#x)", uint8(v), v, off, off+size-1, s.x.IDTR.Base, s.x.IDTR.Limit)
	if off+size-1 > uint64(s.x.IDTR.Limit) {
		return []string{first, "that is beyond the limit"}
	}
	low, ok := s.read64(s.x.IDTR.Base+off, int(min(size, 8)))
	if !ok {
		return []string{first, "that is not mapped"}
	}
	if size == 4 {
		return []string{first, fmt.Sprintf("handler at %04x:%04x", low>>16, low&0xffff)}
	}
	var high uint64
	if size == 16 {
		high, _ = s.read64(s.x.IDTR.Base+off+8, 8)
	}
	g := parseGate(low, high, s.x.LongMode())
	return []string{first, fmt.Sprintf("the entry is %016x: %s", low, g.text(s.x.LongMode()))}
}

// segmentLine describes a segment register.
func (s *scene) segmentLine(seg x86.Seg) string {
	g := s.x.Seg[seg]
	if g.Attr&cpu.AttrP == 0 {
		return fmt.Sprintf("%v holds the null selector %#x", seg, g.Sel)
	}
	return fmt.Sprintf("%v holds %#x: %s, base %#x, limit %#x, DPL %d", seg, g.Sel, typeText(g.Attr, s.x.LongMode()), g.Base, g.Limit, g.Attr.DPL())
}

// bitNames lists the bits of v that have a name, and those that have none as "bit n".
func bitNames(v uint64, names map[uint]string) string {
	var set []string
	for i := range uint(64) {
		if v>>i&1 == 0 {
			continue
		}
		if n, ok := names[i]; ok {
			set = append(set, n)
		} else {
			set = append(set, fmt.Sprintf("bit %d", i))
		}
	}
	if len(set) == 0 {
		return "no bit set"
	}
	return strings.Join(set, " ")
}

var cr0Names = map[uint]string{0: "PE", 1: "MP", 2: "EM", 3: "TS", 4: "ET", 5: "NE", 16: "WP", 18: "AM", 29: "NW", 30: "CD", 31: "PG"}

var cr4Names = map[uint]string{0: "VME", 1: "PVI", 2: "TSD", 3: "DE", 4: "PSE", 5: "PAE", 6: "MCE", 7: "PGE", 8: "PCE", 9: "OSFXSR",
	10: "OSXMMEXCPT", 11: "UMIP", 12: "LA57", 13: "VMXE", 14: "SMXE", 16: "FSGSBASE", 17: "PCIDE", 18: "OSXSAVE", 20: "SMEP", 21: "SMAP", 22: "PKE"}

var eferNames = map[uint]string{0: "SCE", 8: "LME", 10: "LMA", 11: "NXE"}
