package decode

import (
	"fmt"
	"slices"
	"strings"
)

// A key names an encoding in the terms of the lists of known differences.
type key struct {
	mode   int
	tags   []string // prefixes; see scan
	opcode string   // "8d", "0f1f", "0f38f0", "v1.77", "evex", "xop"
	form   string   // the byte after the opcode as ModRM: "m6" or "r6.1" (reg and rm)
}

func (k key) String() string {
	return fmt.Sprintf("%d %s %s %s", k.mode, strings.Join(k.tags, ","), k.opcode, k.form)
}

// A scan walks over the prefixes of an instruction. It knows the grammar of prefixes and
// nothing of opcodes.
//
// Tags are the prefixes 66, 67, f0, f2, f3 (the last one of the two), seg, w, b (REX.W
// and REX.B), "none" without 66, f2 and f3, and of random bytes also: "twice" for two prefixes
// of one group, "lostrex" for a REX that a prefix follows, "long" for an instruction
// that is longer than 15 bytes.
type scan struct {
	code []byte
	mode int
	pos  int
	tags map[string]bool
}

func (s *scan) peek(i int) byte {
	if s.pos+i < len(s.code) {
		return s.code[s.pos+i]
	}
	return 0x90
}

func (s *scan) set(tag string) {
	if s.tags[tag] {
		s.tags["twice"] = true
	}
	s.tags[tag] = true
}

// prefixes reads legacy prefixes and REX.
func (s *scan) prefixes() {
	var rex byte
	for ; s.pos < len(s.code); s.pos++ {
		b := s.peek(0)
		if rex != 0 && (isPrefix(b) || b&0xf0 == 0x40) {
			rex, s.tags["lostrex"] = 0, true
		}
		switch b {
		case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65:
			s.set("seg")
		case 0x66, 0x67, 0xf0:
			s.set(fmt.Sprintf("%02x", b))
		case 0xf2, 0xf3:
			if s.tags["f2"] || s.tags["f3"] {
				s.tags["twice"] = true
			}
			s.tags["f2"], s.tags["f3"] = b == 0xf2, b == 0xf3
		default:
			if s.mode != 64 || b&0xf0 != 0x40 {
				s.rex(rex)
				return
			}
			rex = b
		}
	}
}

func isPrefix(b byte) bool {
	return slices.Contains([]byte{0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3}, b)
}

func (s *scan) rex(rex byte) {
	s.tags["rex"] = s.tags["rex"] || rex != 0
	s.tags["w"] = s.tags["w"] || rex&8 != 0
	s.tags["b"] = s.tags["b"] || rex&1 != 0
}

// opcode reads the opcode and what leads to its map.
func (s *scan) opcode() string {
	b := s.peek(0)
	vector := s.mode == 64 || s.peek(1) >= 0xc0
	switch {
	case b == 0xc4 && vector:
		return s.vex3()
	case b == 0xc5 && vector:
		s.vexTags(s.peek(1) & 0x7f)
		s.pos += 3
		return fmt.Sprintf("v1.%02x", s.peek(-1))
	case b == 0x62 && vector:
		s.pos += 5
		return "evex"
	case b == 0x8f && s.peek(1)&31 >= 8:
		s.pos += 4
		return "xop"
	case b != 0x0f:
		s.pos++
		return fmt.Sprintf("%02x", b)
	}
	s.pos += 2
	if b = s.peek(-1); b != 0x38 && b != 0x3a {
		return fmt.Sprintf("0f%02x", b)
	}
	s.pos++
	return fmt.Sprintf("0f%02x%02x", b, s.peek(-1))
}

func (s *scan) vex3() string {
	m := s.peek(1) & 31
	s.vexTags(s.peek(2))
	s.pos += 4
	return fmt.Sprintf("v%d.%02x", m, s.peek(-1))
}

// vexTags sets the tags for the last byte of a VEX prefix: as for legacy prefixes, and
// "l" and "vvvv" (which is not 1111). A legacy prefix before VEX is "bad".
func (s *scan) vexTags(b byte) {
	if s.tags["66"] || s.tags["f2"] || s.tags["f3"] || s.tags["f0"] || s.tags["rex"] {
		s.tags["bad"] = true
	}
	s.tags["66"], s.tags["f3"], s.tags["f2"] = b&3 == 1, b&3 == 2, b&3 == 3
	s.tags["w"], s.tags["l"], s.tags["vvvv"] = b&0x80 != 0, b&4 != 0, b&0x78 != 0x78
}

// describe names the encoding at the start of code.
func describe(code []byte, mode int) key {
	s := scan{code: code[:min(len(code), 15)], mode: mode, tags: map[string]bool{}}
	s.prefixes()
	k := key{mode: mode, opcode: s.opcode()}
	m := s.peek(0)
	k.form = fmt.Sprintf("r%d.%d", m>>3&7, m&7)
	if m < 0xc0 {
		k.form = fmt.Sprintf("m%d", m>>3&7)
	}
	s.tags["none"] = !s.tags["66"] && !s.tags["f2"] && !s.tags["f3"]
	for _, tag := range []string{"none", "66", "f2", "f3", "f0", "67", "seg", "rex", "w", "b", "l", "vvvv", "bad", "twice", "lostrex"} {
		if s.tags[tag] {
			k.tags = append(k.tags, tag)
		}
	}
	return k
}
