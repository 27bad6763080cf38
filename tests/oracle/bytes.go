package oracle

import (
	"fmt"
	"slices"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// GenerateBytes makes block n of tests of byte strings: what is an instruction, and how long
// it is. The bytes end where a page ends; a string cut short is a fetch that faults behind
// it. Every other block is random, the others go through all opcodes of a map.
func GenerateBytes(size, n int, b *Block) {
	key := fmt.Sprintf("bytes %d", 8*size)
	g := &generator{random: seed(key, n), f: &Form{Size: size, Key: key}, b: b}
	b.Name, b.Class, b.Size = key, "bytes", size
	g.windows()
	g.segments(size, n>>1)
	for i := range b.Tests {
		t := &b.Tests[i]
		*t = Test{ES: g.sels[0], CS: g.sels[1], SS: g.sels[2], DS: g.sels[3], FS: g.sels[4], GS: g.sels[5], Max: 100}
		for try := 0; !g.bytes(t, n, i, try < 50); try++ {
			if try == 1000 { // cannot happen; a NOP
				t.Code[0], t.Len = 0x90, 1
				break
			}
		}
		g.registers(t)
		for r := range t.GPR { // nothing that could be an address of the helper
			t.GPR[r] = oneOf(&g.random, g.next()&0xffffffff, uint64(g.n(256)), g.address(8)-g.base[x86.DS])
		}
		t.GPR[x86.RSP] = WindowB + 0x800 + 8*uint64(g.n(0x100)) - g.base[x86.SS]
		t.Flags &^= uint64(x86.FlagAC)
		if g.in.Rep != 0 {
			t.GPR[x86.RCX] = uint64(g.n(8))
		}
		g.vectors(t)
		t.RIP = CodeEnd - uint64(t.Len) - g.base[x86.CS]
		g.finish(t)
	}
}

// bytes makes one string, with opcode i if tunnel is set; false if it is better not executed.
func (g *generator) bytes(t *Test, n, i int, tunnel bool) bool {
	c := t.Code[:0]
	for g.percent(35) && len(c) < 5 {
		c = append(c, oneOf[byte](&g.random, 0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66, 0x67))
	}
	if g.f.Size == 8 && g.percent(40) {
		c = append(c, 0x40|byte(g.n(16)))
	}
	if tunnel && n%2 == 1 {
		switch n >> 1 % 7 {
		case 1:
			c = append(c, 0x0f)
		case 2:
			c = append(c, 0x0f, 0x38)
		case 3:
			c = append(c, 0x0f, 0x3a)
		case 4, 5, 6:
			c = append(c[:0], 0xc4, 0xe0^byte(g.n(8))<<5|byte(n>>1%7-3), byte(g.next()>>40))
		}
		c = append(c, byte(i))
	}
	for len(c) < cpu.MaxInst+1 {
		c = append(c, byte(g.next()>>32))
	}
	if !cpu.Decode(c[:cpu.MaxInst], width(g.f.Size), &g.in) || !g.harmless(c) {
		return false
	}
	t.Len = uint32(g.in.Len)
	if g.in.Bad != x86.NoReason { // how many bytes #UD needs is no property of an instruction
		t.Len = cpu.MaxInst + 1
		if g.in.Bad != x86.ReasonInstTooLong {
			return true
		}
	} else if t.Len > 1 && g.percent(40) {
		t.Len--
	}
	t.Cont, t.Way = 0, Fall
	if branches(g.in.Op.Name) {
		t.Way = Step
	}
	if g.in.Rep != 0 && g.in.Op.Attr&cpu.RepOK != 0 {
		t.Cont = 1
	}
	return true
}

// harmless says whether the instruction in g.in, whose bytes are c, may be executed with
// operands that nobody chose, and silicon and emulator are meant to agree.
func (g *generator) harmless(c []byte) bool {
	in := &g.in
	switch {
	case skipped(cpu.Row{Op: in.Op}) != "", slices.Contains(transcendental, in.Op.Name):
		return false
	case slices.Contains([]string{"IRET", "XCHG", "BOUND"}, in.Op.Name), in.Lock && in.IsMem:
		return false // frames with AC set; locks across cache lines
	case in.Dst.Kind == cpu.ArgSeg && in.Dst.Reg == uint8(x86.SS), in.Op.Name == "LSS":
		return false
	}
	return in.Bad == x86.NoReason || beyond(g.f.Size, c) == ""
}

// beyond names extensions that the host may have and no model of the emulator has: there
// is nothing to compare.
func beyond(size int, c []byte) string {
	i := 0
	for i < len(c) && (slices.Contains([]byte{0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65}, c[i]) || size == 8 && c[i]&0xf0 == 0x40) {
		i++
	}
	if i+4 > len(c) {
		return ""
	}
	a, b := c[i], c[i+1]
	switch {
	case a == 0x62:
		return "EVEX"
	case a == 0xc5 || a == 0xc4:
		return beyondVEX(c[i:])
	case a == 0x0f && b == 0x2b && (slices.Contains(c[:i], 0xf2) || slices.Contains(c[:i], 0xf3)):
		return "SSE4a"
	case a == 0x0f && b == 0x01:
		return "system instructions in registers"
	case a == 0x0f && b == 0x38 && slices.Contains([]byte{0xcf, 0xd8, 0xdc, 0xdd, 0xde, 0xdf, 0xf5, 0xf6, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0x80, 0x81, 0x82}, c[i+2]):
		return "GFNI, Key Locker, CET, MOVDIR, ENQCMD, VMX"
	case a == 0x0f && b == 0x3a && slices.Contains([]byte{0xce, 0xcf, 0xf0}, c[i+2]):
		return "GFNI, HRESET"
	case a == 0x0f && slices.Contains([]byte{0xae, 0xc7, 0x1c, 0x1e, 0x78, 0x79, 0x37, 0xa6, 0xa7, 0x09, 0x0d}, b):
		return "PTWRITE, CLDEMOTE, UINTR, VMX, SMX"
	case a == 0xc6 || a == 0xc7:
		return "RTM"
	}
	return ""
}

// beyondVEX is beyond for VEX encodings: instructions on mask registers, AMX, VNNI, GFNI,
// 256-bit AES and carry-less multiplication.
func beyondVEX(c []byte) string {
	m, op := byte(1), c[2]
	if c[0] == 0xc4 {
		m, op = c[1]&31, c[3]
	}
	in := func(lo, hi byte) bool { return op >= lo && op <= hi }
	switch {
	case m == 1 && (in(0x41, 0x4b) || in(0x90, 0x93) || in(0x98, 0x99)),
		m == 2 && (in(0x49, 0x4b) || in(0x50, 0x53) || in(0x5c, 0x5e) || in(0x6c, 0x6c) || in(0xb0, 0xb1) || in(0xb4, 0xb5) || in(0x72, 0x72) || in(0xcf, 0xcf) || in(0xd2, 0xd3) || in(0xdb, 0xe0)),
		m == 3 && (in(0x30, 0x33) || in(0xce, 0xcf) || in(0x44, 0x44)), m > 3:
		return "AVX-512 masks, AMX, VNNI, GFNI, VAES"
	}
	return ""
}
