// Package acpi makes the ACPI tables of a board: bytes from a description, nothing else.
//
//	RSDP → RSDT, XSDT → FADT → FACS, DSDT
//	                  → MADT, HPET
//
// Build places nothing yet. Image.At gives the bytes for an address, for our own firmware
// and for kernels that are loaded directly; Image.Loader gives the script by which foreign
// firmware places them itself. Read this file (the image and its tables), then fixed.go
// (the tables with fixed fields), apic.go (interrupt controllers and timer) and dsdt.go (what hardware there is, in AML; package aml
// writes it).
//
// # Adding a table
//
// A new table (MADT, HPET, …) is: what it depends on as a field of Board; a function
// func(Board) []byte in a file of its own, which ends in sdt(signature, revision, body);
// its line in extraTables. Pointers to it in RSDT and XSDT, and checksums, come by
// themselves. Processors beyond the first have their objects in the DSDT already
// (Board.CPUs), with numbers 0, 1, … as the MADT is to have them.
//
// The DSDT's \_PIC keeps the interrupt model that the system has chosen in \PICF: 0 the
// 8259s, 1 I/O APIC. A board whose PIRQ lines reach the I/O APIC elsewhere than on the pins
// that the PIIX3 routes them to gets a second package beside PRTP and lets _PRT in dsdt.go
// choose by PICF.
//
// Source: ACPI Specification 6.4, "ACPI Software Programming Model"; for the loader, QEMU's
// documentation of the firmware configuration device and its bios-linker-loader.
package acpi

import "encoding/binary"

// A Board is what the tables say about a machine.
type Board struct {
	CPUs int // at least 1
	// APICs are the interrupt controllers besides the 8259s; empty if there are none.
	APICs APICs
	// PMBase is where the PIIX4's power management ports are, SCI its interrupt.
	PMBase uint16
	SCI    uint8
	// COM are the serial ports there are.
	COM []COM
	// LPT, Floppy, Mouse and VGA say which of these there are.
	LPT, Floppy, Mouse, VGA bool
	// FWCfg says that there is a firmware configuration device at port 510h.
	FWCfg bool
	// PCIMemory and PCIMemoryEnd are where PCI devices have their memory windows below 4
	// GiB: first and last address.
	PCIMemory, PCIMemoryEnd uint32
	// LinkIRQs are what PIRQA–PIRQD may be routed to.
	LinkIRQs []uint32
}

// COM is a serial port.
type COM struct {
	Port uint16
	IRQ  uint8
}

// extraTables are the tables that nothing but RSDT and XSDT points to, in their order
// there. One that returns nil is left out.
var extraTables = []func(Board) []byte{madt, hpet}

// FACSSize is the room at the start of the tables for the FACS, which the system goes on
// writing to when the others have been read. In bytes; a page.
const FACSSize = 4096

// An Image is tables that do not know their address yet.
type Image struct {
	tables, rsdp []byte
	pointers     []pointer
	sums         []sum
}

// A blob is one of the two pieces that are placed separately.
type blob uint8

const (
	blobTables blob = iota
	blobRSDP
)

// A pointer is size bytes at an offset of a blob that hold an offset in the tables, to
// which the address of the tables is to be added.
type pointer struct {
	in   blob
	at   uint32
	size uint8
}

// A sum is a byte that makes the bytes start…start+n-1 of a blob add up to 0.
type sum struct {
	in           blob
	at, start, n uint32
}

// Build makes the tables of a board.
func Build(b Board) *Image {
	i := &Image{tables: make([]byte, FACSSize)}
	copy(i.tables, facs())
	dsdtAt := i.add(dsdt(b))
	fadtAt := i.add(fadt(b))
	i.point(blobTables, fadtAt+fadtFACS, 4, 0)
	i.point(blobTables, fadtAt+fadtDSDT, 4, dsdtAt)
	i.point(blobTables, fadtAt+fadtXDSDT, 8, dsdtAt)
	all := []uint32{fadtAt}
	for _, make := range extraTables {
		if t := make(b); t != nil {
			all = append(all, i.add(t))
		}
	}
	rsdt := i.addRoot("RSDT", 4, all)
	xsdt := i.addRoot("XSDT", 8, all)
	i.rsdp = rsdp()
	i.point(blobRSDP, rsdpRSDT, 4, rsdt)
	i.point(blobRSDP, rsdpXSDT, 8, xsdt)
	i.sums = append(i.sums, sum{blobRSDP, rsdpChecksum, 0, rsdpOldSize}, sum{blobRSDP, rsdpExtended, 0, rsdpSize})
	return i
}

// add puts a table behind the others and returns where it is.
func (i *Image) add(t []byte) uint32 {
	for len(i.tables)%16 != 0 {
		i.tables = append(i.tables, 0)
	}
	at := uint32(len(i.tables))
	i.tables = append(i.tables, t...)
	i.sums = append(i.sums, sum{blobTables, at + sdtChecksum, at, uint32(len(t))})
	return at
}

// addRoot adds a table of pointers of some size to others.
func (i *Image) addRoot(signature string, size int, to []uint32) uint32 {
	at := i.add(sdt(signature, 1, make([]byte, size*len(to))))
	for n, t := range to {
		i.point(blobTables, at+sdtHeader+uint32(n*size), uint8(size), t)
	}
	return at
}

// point notes a pointer to the tables.
func (i *Image) point(in blob, at uint32, size uint8, to uint32) {
	binary.LittleEndian.PutUint32(i.blob(in)[at:], to)
	i.pointers = append(i.pointers, pointer{in, at, size})
}

func (i *Image) blob(b blob) []byte {
	if b == blobRSDP {
		return i.rsdp
	}
	return i.tables
}

// Size is how many bytes the tables take, without the RSDP.
func (i *Image) Size() int { return len(i.tables) }

// At returns the tables for an address, a multiple of FACSSize below 4 GiB, and the RSDP
// that points to them, which goes to a multiple of 16 in the first KiB of the EBDA or in
// E0000h–FFFFFh.
func (i *Image) At(address uint32) (tables, rsdp []byte) {
	placed := &Image{tables: append([]byte(nil), i.tables...), rsdp: append([]byte(nil), i.rsdp...)}
	for _, p := range i.pointers {
		field := placed.blob(p.in)[p.at:]
		binary.LittleEndian.PutUint32(field, binary.LittleEndian.Uint32(field)+address)
	}
	for _, s := range i.sums {
		p := placed.blob(s.in)
		p[s.at] = 0
		p[s.at] = -total(p[s.start : s.start+s.n])
	}
	return placed.tables, placed.rsdp
}

// total is the sum of all bytes.
func total(p []byte) (sum uint8) {
	for _, c := range p {
		sum += c
	}
	return sum
}
