package bios

// The borders of the memory map, in bytes. RAM above LowRAMLimit is found again from 4 GiB
// on; between the two lie PCI windows, interrupt controllers and the ROM.
const (
	// EBDABase is the start of the Extended BIOS Data Area, which ends at 640 KiB.
	EBDABase = 0x9FC00
	// VideoBase is the end of conventional memory.
	VideoBase = 0xA0000
	// ROMBase is the start of the system ROM below 1 MiB.
	ROMBase = 0xF0000
	// HighBase is the start of extended memory.
	HighBase = 0x100000
	// LowRAMLimit is the highest address below 4 GiB at which RAM ends.
	LowRAMLimit = 0xE0000000
	// HighROMBase is the start of the system ROM below 4 GiB.
	HighROMBase = 0xFFFC0000
	// FourGiB is where RAM goes on if there is more of it than LowRAMLimit.
	FourGiB = 1 << 32
	// TablesSize is the room for ACPI tables at the top of the RAM below 4 GiB; its first
	// page is what the system goes on writing to (the FACS).
	TablesSize = 64 << 10
	tablesPage = 4 << 10
	// tablesMin is the least RAM, in bytes, of a board that has such tables.
	tablesMin = 8 << 20
)

// A RegionKind is the type field of an E820 entry.
//
// ACPI Specification, "Address Range Types".
type RegionKind uint32

// Region kinds.
const (
	RegionRAM      RegionKind = 1
	RegionReserved RegionKind = 2
	RegionACPI     RegionKind = 3 // ACPI tables, RAM once they have been read
	RegionNVS      RegionKind = 4
)

// A Region is one entry of the memory map: Size bytes from Start on.
type Region struct {
	Start, Size uint64
	Kind        RegionKind
}

// End is the first address after the region.
func (r Region) End() uint64 { return r.Start + r.Size }

// SplitRAM says how ramSize bytes of RAM are laid out: low bytes from address 0 on
// (conventional memory, the shadow under the ROM and extended memory) and high bytes from
// 4 GiB on.
func SplitRAM(ramSize uint64) (low, high uint64) {
	low = min(ramSize, LowRAMLimit)
	return low, ramSize - low
}

// TablesBase is where the ACPI tables of a board with ramSize bytes of RAM are; 0 if it is
// too small to have any.
func TablesBase(ramSize uint64) uint32 {
	low, _ := SplitRAM(ramSize)
	if low < tablesMin {
		return 0
	}
	return uint32(low - TablesSize)
}

// ExtendedRAM is how many bytes of RAM a system may use from 1 MiB on, below 4 GiB.
func ExtendedRAM(ramSize uint64) uint64 {
	for _, r := range MemoryMap(ramSize) {
		if r.Start == HighBase {
			return r.Size
		}
	}
	return 0
}

// MemoryMap is the board's memory map for ramSize bytes of RAM, as INT 15h/E820h, the Linux
// zero page and Multiboot report it: sorted, without overlaps. Addresses that no region
// covers belong to devices or to nobody.
func MemoryMap(ramSize uint64) []Region {
	low, high := SplitRAM(ramSize)
	free, tables := low, uint64(0)
	if base := TablesBase(ramSize); base != 0 {
		free, tables = uint64(base), TablesSize
	}
	all := []Region{
		{0, min(low, EBDABase), RegionRAM},
		{EBDABase, VideoBase - EBDABase, RegionReserved},
		{ROMBase, HighBase - ROMBase, RegionReserved},
		{HighBase, free - min(free, HighBase), RegionRAM},
		{free, min(tables, tablesPage), RegionNVS},
		{free + tablesPage, tables - min(tables, tablesPage), RegionACPI},
		{HighROMBase, FourGiB - HighROMBase, RegionReserved},
		{FourGiB, high, RegionRAM},
	}
	regions := all[:0]
	for _, r := range all {
		if r.Size > 0 {
			regions = append(regions, r)
		}
	}
	return regions
}
