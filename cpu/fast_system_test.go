package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// system is a short sequence that changes a mode, a mapping or a shadow: what random bytes
// hardly ever do without an end of the program. Outside privilege level 0 most of it faults.
func (g *fzGen) system() []byte {
	switch g.IntN(12) {
	case 0: // MOV CR3, CR3: drops entries
		return []byte{0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8}
	case 1: // toggle WP, TS, EM or AM
		return g.toggle(0, [...]uint64{x86.CR0_WP, x86.CR0_TS, x86.CR0_EM, x86.CR0_AM}[g.IntN(4)])
	case 2: // toggle PGE, OSFXSR, SMEP-less bits of CR4
		return g.toggle(4, [...]uint64{x86.CR4_PGE, x86.CR4_OSFXSR, x86.CR4_DE, x86.CR4_TSD, x86.CR4_PSE, x86.CR4_SMAP}[g.IntN(6)])
	case 3: // paging off and on: outside IA-32e mode it works
		return append(g.toggle(0, x86.CR0_PG), g.toggle(0, x86.CR0_PG)...)
	case 4: // INVLPG of a page of data or code
		b := []byte{0x0f, 0x01, 0x3c, 0x25}
		if g.size == 4 {
			b = []byte{0x0f, 0x01, 0x3d}
		}
		if g.size == 2 {
			return []byte{0x0f, 0x01, 0x3e, 0x00, byte(g.Uint32())}
		}
		return binary.LittleEndian.AppendUint32(b, uint32(fzValue(g.Rand)))
	case 5: // flags by way of the stack: TF, IF, DF, AC, NT
		bit := [...]uint32{uint32(x86.FlagTF), uint32(x86.FlagIF), uint32(x86.FlagDF), uint32(x86.FlagAC), uint32(x86.FlagTF | x86.FlagIF)}[g.IntN(5)]
		b := []byte{0x9c, 0x81, 0x34, 0x24}
		if g.size == 2 {
			return []byte{0x58 + x86.RSI, 0x9c, 0x5b, 0x81, 0xf3, byte(bit), byte(bit >> 8), 0x53, 0x9d}
		}
		return append(binary.LittleEndian.AppendUint32(b, bit), 0x9d)
	case 6: // MOV SS or another segment register, with a selector that may be good
		sel := [...]byte{0, 0x10, 0x10, 0x20, 0x33, 0x18}[g.IntN(6)]
		return []byte{0xb0, sel, 0x8e, 0xc0 | [...]byte{0, 2, 2, 3, 4, 5}[g.IntN(6)]<<3}
	case 7: // PE off or on
		return g.toggle(0, x86.CR0_PE)
	case 8:
		return []byte{[]byte{0xfa, 0xfb}[g.IntN(2)]} // CLI, STI
	case 9:
		return g.farReturn()
	case 10: // write-protect or free a page of data, or make it not dirty or not accessed
		return g.pageEntry()
	}
	if g.size != 8 {
		return []byte{0x0f, 0x06} // CLTS
	}
	return [][]byte{{0x0f, 0x01, 0xf8}, {0x0f, 0x05}, {0x0f, 0x01, 0xcb}, {0x0f, 0x01, 0xca}}[g.IntN(4)] // SWAPGS, SYSCALL, STAC, CLAC
}

// toggle changes bits of CR0 or CR4.
func (g *fzGen) toggle(cr byte, bits uint64) []byte {
	b := []byte{0x0f, 0x20, 0xc0 | cr<<3}
	if g.size == 2 {
		b = append(b, 0x66)
	}
	b = binary.LittleEndian.AppendUint32(append(b, 0x35), uint32(bits))
	return append(b, 0x0f, 0x22, 0xc0|cr<<3)
}

// farReturn goes on with the next instruction as code of another size or privilege level.
func (g *fzGen) farReturn() []byte {
	sel := [...]byte{0x08, 0x18, 0x18, 0x2b, 0x3b}[g.IntN(5)]
	switch g.size {
	case 8: // push sel; call $+5; add dword [rsp], 8; retf (64-bit)
		return []byte{0x6a, sel, 0xe8, 0, 0, 0, 0, 0x83, 0x04, 0x24, 0x06, 0x48, 0xcb}
	case 4:
		return []byte{0x6a, sel, 0xe8, 0, 0, 0, 0, 0x83, 0x04, 0x24, 0x05, 0xcb}
	}
	return []byte{0x0e, 0xe8, 0, 0, 0x58, 0x83, 0xc0, 0x06, 0x50, 0xcb, 0x90}
}

// pageEntry flips bits in the page-table entry of a page in use, telling the processor or
// not.
func (g *fzGen) pageEntry() []byte {
	page := [...]uint32{0x10, 0x11, 0x20, 0x21, 0x22, 0x30, 0x30, 0x04}[g.IntN(8)]
	bits := [...]byte{0x40, 0x20, 0x60, 0x02, 0x04}[g.IntN(5)]
	switch g.size {
	case 8:
		b := binary.LittleEndian.AppendUint32([]byte{0x80, 0x34, 0x25}, 0x4000+8*page)
		return append(b, bits)
	case 4:
		b := binary.LittleEndian.AppendUint32([]byte{0x80, 0x35}, fzPT32+4*page)
		return append(b, bits)
	}
	return []byte{0x90}
}
