package bios

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A Mode is the processor mode in which a kernel is entered.
type Mode uint8

// Modes.
const (
	Protected32 Mode = iota + 1 // 32-bit protected mode, paging off
	Long64                      // 64-bit mode, identity paging for the first 4 GiB
)

// A Segment is what a segment register holds: the selector and the descriptor behind it.
type Segment struct {
	Selector uint16
	Base     uint64
	Limit    uint32 // in bytes, the last valid offset
	// Access is bits 55:40 of the descriptor with the limit (bits 11:8) cleared: type, S,
	// DPL, P in 7:0, AVL, L, D/B and G in 15:12.
	Access uint16
}

// An Entry is the state of the processor at the first instruction of a kernel. Registers
// that it does not name are zero, IDTR has limit 0, LDTR and TR are as after reset, and the
// A20 gate is open.
type Entry struct {
	Format Format
	Mode   Mode

	RIP, RSP, RFLAGS                  uint64
	RAX, RBX, RCX, RDX, RSI, RDI, RBP uint64

	CR0, CR3, CR4, EFER uint64

	GDTBase  uint64
	GDTLimit uint16

	CS   Segment // loaded into CS
	Data Segment // loaded into DS, ES, FS, GS and SS
}

// Selectors that both kinds of kernel get: Linux calls them __BOOT_CS and __BOOT_DS.
const (
	bootCS = 0x10
	bootDS = 0x18
)

// Flat segments of 4 GiB, ring 0, marked as accessed.
//
// SDM Vol. 3A, "Segment Descriptors".
const (
	descCode32 = 0x00CF9B000000FFFF
	descCode64 = 0x00AF9B000000FFFF
	descData   = 0x00CF93000000FFFF
)

const (
	gdtSize   = 4 * 8
	tableSize = 4096
	// identityTables is room for a PML4, a page-directory-pointer table and four page
	// directories of 2 MiB pages: 4 GiB.
	identityTables = 6 * tableSize

	pteP   = 1 << 0
	pteRW  = 1 << 1
	ptePS  = 1 << 7
	large  = 2 << 20
	perTab = 512
)

// flat is the state in which both protocols start a kernel, with the GDT at gdt.
func flat(mode Mode, gdt uint64) Entry {
	return Entry{
		Mode:     mode,
		RFLAGS:   uint64(x86.Flag1),
		CR0:      x86.CR0_PE | x86.CR0_ET,
		GDTBase:  gdt,
		GDTLimit: gdtSize - 1,
		CS:       segment(bootCS, codeDescriptor(mode)),
		Data:     segment(bootDS, descData),
	}
}

func codeDescriptor(m Mode) uint64 {
	if m == Long64 {
		return descCode64
	}
	return descCode32
}

// segment is what loading a flat descriptor leaves in a segment register.
func segment(selector uint16, desc uint64) Segment {
	return Segment{Selector: selector, Limit: 0xFFFFFFFF, Access: uint16(desc>>40) & 0xF0FF}
}

// gdt is the contents of the descriptor table.
func gdt(mode Mode) []byte {
	b := make([]byte, gdtSize)
	binary.LittleEndian.PutUint64(b[bootCS:], codeDescriptor(mode))
	binary.LittleEndian.PutUint64(b[bootDS:], descData)
	return b
}

// identity is page tables, to be placed at base, that map the first 4 GiB to themselves.
//
// SDM Vol. 3A, "4-Level Paging".
func identity(base uint64) []byte {
	b := make([]byte, identityTables)
	entry := func(table, i int, v uint64) {
		binary.LittleEndian.PutUint64(b[table*tableSize+i*8:], v|pteP|pteRW)
	}
	entry(0, 0, base+tableSize)
	for dir := range 4 {
		entry(1, dir, base+uint64(2+dir)*tableSize)
		for i := range perTab {
			entry(2+dir, i, uint64(dir*perTab+i)*large|ptePS)
		}
	}
	return b
}
