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

// MemoryMap is the board's memory map for ramSize bytes of RAM, as INT 15h/E820h, the Linux
// zero page and Multiboot report it: sorted, without overlaps. Addresses that no region
// covers belong to devices or to nobody.
func MemoryMap(ramSize uint64) []Region {
	low, high := SplitRAM(ramSize)
	all := []Region{
		{0, min(low, EBDABase), RegionRAM},
		{EBDABase, VideoBase - EBDABase, RegionReserved},
		{ROMBase, HighBase - ROMBase, RegionReserved},
		{HighBase, low - min(low, HighBase), RegionRAM},
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
