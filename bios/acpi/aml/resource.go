package aml

import "encoding/binary"

// A Resource is one resource descriptor.
type Resource []byte

// Resources is a ResourceTemplate: descriptors with the end tag, in a buffer.
func Resources(rs ...Resource) Term {
	var p []byte
	for _, r := range rs {
		p = append(p, r...)
	}
	return Buffer(append(p, 0x79, 0)) // end tag; 0: no checksum
}

// IO is n fixed ports, decoded with 16 bits.
func IO(base uint16, n uint8) Resource {
	le := binary.LittleEndian
	return append(le.AppendUint16(le.AppendUint16(Resource{0x47, 1}, base), base), 1, n)
}

// IRQ is one line of the interrupt controllers: rising edge, not shared.
func IRQ(n uint8) Resource {
	return binary.LittleEndian.AppendUint16(Resource{0x22}, 1<<n)
}

// DMA is one 8-bit channel of the DMA controllers in compatibility timing.
func DMA(channel uint8) Resource { return Resource{0x2a, 1 << channel, 0} }

// InterruptNumber is where, in a resource template whose first descriptor is an
// Interrupts, the first number lies.
const InterruptNumber = 5

// Interrupts are one or several global system interrupts to choose from, active high, by
// level, shared.
func Interrupts(numbers ...uint32) Resource {
	const consumer = 1
	const shared = 1 << 3
	r := Resource{0x89, byte(2 + 4*len(numbers)), 0, consumer | shared, byte(len(numbers))}
	for _, n := range numbers {
		r = binary.LittleEndian.AppendUint32(r, n)
	}
	return r
}

// Memory is a fixed range of memory below 4 GiB.
func Memory(base, size uint32, writable bool) Resource {
	r := Resource{0x86, 9, 0, 0}
	if writable {
		r[3] = 1
	}
	le := binary.LittleEndian
	return le.AppendUint32(le.AppendUint32(r, base), size)
}

// What a window passes on: the types of an address space descriptor.
const (
	windowMemory = 0
	windowIO     = 1
	windowBus    = 2
)

// A bridge produces what is below it; both ends of its windows are fixed, and it decodes
// positively.
const windowFlags = 1<<3 | 1<<2

// BusWindow is the numbers of the buses below a bridge.
func BusWindow(first, last uint16) Resource { return word(windowBus, 0, first, last) }

// IOWindow is ports that a bridge passes on, ISA and others.
func IOWindow(first, last uint16) Resource { return word(windowIO, 3, first, last) }

func word(kind, specific byte, first, last uint16) Resource {
	r := Resource{0x88, 13, 0, kind, windowFlags, specific}
	for _, v := range []uint16{0, first, last, 0, last - first + 1} {
		r = binary.LittleEndian.AppendUint16(r, v)
	}
	return r
}

// MemoryWindow is memory that a bridge passes on, read and write; cacheable or not.
func MemoryWindow(first, last uint32, cacheable bool) Resource {
	specific := byte(1)
	if cacheable {
		specific |= 1 << 1
	}
	r := Resource{0x87, 23, 0, windowMemory, windowFlags, specific}
	for _, v := range []uint32{0, first, last, 0, last - first + 1} {
		r = binary.LittleEndian.AppendUint32(r, v)
	}
	return r
}
