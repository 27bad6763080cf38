// Package mptable makes the tables by which systems without ACPI find processors and
// interrupts: the table of the MultiProcessor Specification, and the PCI interrupt routing
// table ("$PIR"). Bytes from a description, nothing else.
//
// Read mptable.go, then pir.go.
//
// Source: Intel MultiProcessor Specification 1.4, "MP Configuration Table"; for pir.go
// Microsoft, PCI IRQ Routing Table Specification 1.0.
package mptable

import "encoding/binary"

// A Board is what the MP table says about a machine.
type Board struct {
	IDs       []uint8 // local APIC IDs of the processors, of which the first boots
	Signature uint32  // CPUID 1 EAX
	Features  uint32  // CPUID 1 EDX
	LocalAPIC uint32  // address
	IOAPIC    uint32  // address
	IOAPICID  uint8
	IOVersion uint8 // of the I/O APIC
	// PCI are interrupts of bus 0: what device and pin is on which input of the I/O APIC.
	PCI []PCIInterrupt
	// ISA are the ISA interrupts and their inputs of the I/O APIC.
	ISA []ISAInterrupt
}

// A PCIInterrupt is a pin (0–3 for INTA#–INTD#) of a device, and where it goes.
type PCIInterrupt struct{ Device, Pin, Input uint8 }

// An ISAInterrupt is an interrupt line of the ISA bus, and where it goes.
type ISAInterrupt struct{ IRQ, Input uint8 }

// Buses by number.
const (
	busPCI = 0
	busISA = 1
)

// Kinds of entries.
const (
	entryProcessor = 0
	entryBus       = 1
	entryIOAPIC    = 2
	entryInterrupt = 3
	entryLocal     = 4

	kindINT    = 0
	kindNMI    = 1
	kindExtINT = 3

	// flags of an interrupt: polarity in 1:0, trigger mode in 3:2; 0 is as the bus has it.
	activeHighLevel = 3<<2 | 1

	allAPICs = 0xff
)

// PointerSize is the size of the floating pointer structure, in bytes.
const PointerSize = 16

// Build makes the configuration table and, for the address at which it will be, the
// floating pointer structure, which goes to a multiple of 16 in F0000h–FFFFFh.
func Build(b Board, at uint32) (pointer, table []byte) {
	t := &entries{}
	for n, id := range b.IDs {
		t.processor(b, id, n == 0)
	}
	t.add(append([]byte{entryBus, busPCI}, "PCI   "...)...)
	t.add(append([]byte{entryBus, busISA}, "ISA   "...)...)
	t.add(binary.LittleEndian.AppendUint32([]byte{entryIOAPIC, b.IOAPICID, b.IOVersion, 1}, b.IOAPIC)...)
	for _, p := range b.PCI {
		t.add(entryInterrupt, kindINT, activeHighLevel, 0, busPCI, p.Device<<2|p.Pin, b.IOAPICID, p.Input)
	}
	for _, i := range b.ISA {
		t.add(entryInterrupt, kindINT, 0, 0, busISA, i.IRQ, b.IOAPICID, i.Input)
	}
	t.add(entryLocal, kindExtINT, 0, 0, busISA, 0, 0, 0)
	t.add(entryLocal, kindNMI, 0, 0, busISA, 0, allAPICs, 1)
	return floating(at), t.table(b)
}

type entries struct {
	bytes []byte
	count uint16
}

func (t *entries) add(p ...byte) {
	t.bytes = append(t.bytes, p...)
	t.count++
}

func (t *entries) processor(b Board, id uint8, first bool) {
	const enabled, boots = 1 << 0, 1 << 1
	flags := uint8(enabled)
	if first {
		flags |= boots
	}
	le := binary.LittleEndian
	p := []byte{entryProcessor, id, 0x14, flags}
	p = le.AppendUint32(p, b.Signature)
	p = le.AppendUint32(p, b.Features)
	t.add(append(p, make([]byte, 8)...)...)
}

// table puts the header before the entries.
func (t *entries) table(b Board) []byte {
	const header = 44
	p := make([]byte, header)
	le := binary.LittleEndian
	copy(p, "PCMP")
	le.PutUint16(p[4:], uint16(header+len(t.bytes)))
	p[6] = 4 // revision 1.4
	copy(p[8:16], "GLASSBOX")
	copy(p[16:28], "PC          ")
	le.PutUint16(p[34:], t.count)
	le.PutUint32(p[36:], b.LocalAPIC)
	p = append(p, t.bytes...)
	p[7] = -total(p)
	return p
}

// floating is the MP floating pointer structure. Its feature bytes are 0: there is a table,
// and the machine starts in virtual wire mode.
func floating(at uint32) []byte {
	p := make([]byte, PointerSize)
	copy(p, "_MP_")
	binary.LittleEndian.PutUint32(p[4:], at)
	p[8], p[9] = 1, 4 // paragraphs, revision
	p[10] = -total(p)
	return p
}

func total(p []byte) (sum uint8) {
	for _, c := range p {
		sum += c
	}
	return sum
}
