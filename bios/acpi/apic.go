package acpi

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/bios/acpi/aml"
)

// APICs describes the interrupt controllers of a board that has them.
type APICs struct {
	// Local is where the local APICs are, IO where the I/O APIC is, HPET where the event
	// timer is.
	Local, IO, HPET uint32
	// HPETID is the low half of the timer's first register.
	HPETID uint32
	// IDs are the APIC IDs of the processors, in their order.
	IDs []uint8
}

// Entries of the MADT.
const (
	madtLocal    = 0
	madtIO       = 1
	madtOverride = 2
	madtLocalNMI = 4

	activeHigh = 1
	byLevel    = 3 << 2
	flat8259   = 1 // flag of the table: there is a pair of 8259s as well
)

// madt is the Multiple APIC Description Table. The timer is on input 2 of the I/O APIC;
// interrupts of PCI devices and SCI are level-triggered and active high on the inputs of
// the ISA lines that they are routed to; LINT1 of every processor is NMI.
//
// ACPI, "Multiple APIC Description Table (MADT)".
func madt(b Board) []byte {
	if len(b.APICs.IDs) == 0 {
		return nil
	}
	le := binary.LittleEndian
	p := le.AppendUint32(le.AppendUint32(nil, b.APICs.Local), flat8259)
	for i, id := range b.APICs.IDs {
		p = append(p, madtLocal, 8, uint8(i), id, 1, 0, 0, 0) // enabled
	}
	p = append(p, madtIO, 12, 0, 0)
	p = le.AppendUint32(le.AppendUint32(p, b.APICs.IO), 0)
	override := func(irq uint8, input uint32, flags uint16) {
		p = append(p, madtOverride, 10, 0, irq)
		p = le.AppendUint16(le.AppendUint32(p, input), flags)
	}
	override(0, 2, 0) // as the ISA bus has it
	for irq := range uint8(16) {
		if b.byLevel(irq) {
			override(irq, uint32(irq), activeHigh|byLevel)
		}
	}
	p = append(p, madtLocalNMI, 6, 0xff, 0, 0, 1)
	return sdt("APIC", 3, p)
}

// byLevel says whether an ISA line is level-triggered.
func (b Board) byLevel(irq uint8) bool {
	for _, n := range b.LinkIRQs {
		if uint32(irq) == n {
			return true
		}
	}
	return irq == b.SCI
}

// hpet is the table that says where the event timer is.
//
// IA-PC HPET Specification, "The ACPI 2.0 HPET Description Table (HPET)".
func hpet(b Board) []byte {
	if b.APICs.HPET == 0 {
		return nil
	}
	le := binary.LittleEndian
	p := le.AppendUint32(nil, b.APICs.HPETID)
	p = append(p, 0, 0, 0, 0) // generic address: memory
	p = le.AppendUint64(p, uint64(b.APICs.HPET))
	return sdt("HPET", 1, append(p, 0, 0, 0, 0)) // number 0, no smallest period, no page protection
}

// hpetDevice is the same in the namespace.
func hpetDevice(b Board) aml.Term {
	return aml.Device("HPET",
		aml.Name("_HID", aml.EISAID("PNP0103")),
		aml.Name("_UID", aml.Int(0)),
		aml.Name("_CRS", aml.Resources(aml.Memory(b.APICs.HPET, 0x400, false))),
	)
}
