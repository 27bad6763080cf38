package acpi

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/bios/acpi/aml"
)

// dsdt is the Differentiated System Description Table: in ASL,
//
//	\PICF, \_PIC            the interrupt model
//	\_S5                    soft off
//	\_SB.CP00…              processors
//	\_SB.LNKA…LNKD          PIRQA…PIRQD of the PIIX3
//	\_SB.PCI0               host bridge: its windows, and where interrupt pins go
//	\_SB.PCI0.ISA           PIIX3 and the chips behind it
//
// The power button has fixed registers and no object.
func dsdt(b Board) []byte {
	terms := []aml.Term{
		aml.Name(`\PICF`, aml.Int(0)),
		aml.Method(`\_PIC`, 1, aml.Store(aml.Arg(0), aml.Path("PICF"))),
		softOff(),
		processors(b),
		aml.Scope(`\_SB`, links(b)...),
		aml.Scope(`\_SB`, pciRoot(b)),
	}
	if b.APICs.HPET != 0 {
		terms = append(terms, aml.Scope(`\_SB`, hpetDevice(b)))
	}
	var code []byte
	for _, t := range terms {
		code = append(code, t...)
	}
	return sdt("DSDT", 1, code)
}

// softOff is what the PIIX4 wants in SUS_TYP: 0.
func softOff() aml.Term {
	zero := aml.Int(0)
	return aml.Name(`\_S5`, aml.Package(zero, zero, zero, zero))
}

func processors(b Board) aml.Term {
	var all []aml.Term
	for n := range max(b.CPUs, 1) {
		all = append(all, aml.Processor(fmt.Sprintf("CP%02X", n), uint8(n)))
	}
	return aml.Scope(`\_SB`, all...)
}

// pciRoot is the host bridge.
func pciRoot(b Board) aml.Term {
	return aml.Device("PCI0",
		aml.Name("_HID", aml.EISAID("PNP0A03")),
		aml.Name("_UID", aml.Int(0)),
		aml.Name("_CRS", aml.Resources(
			aml.BusWindow(0, 0xff),
			aml.IO(0xcf8, 8),
			aml.IOWindow(0, 0xcf7),
			aml.IOWindow(0xd00, 0xffff),
			aml.MemoryWindow(0xa0000, 0xbffff, true),
			aml.MemoryWindow(b.PCIMemory, b.PCIMemoryEnd, false),
		)),
		aml.Name("PRTP", routing(b)),
		aml.Method("_PRT", 0, aml.Return(aml.Path("PRTP"))),
		isa(b),
	)
}

// pciSlots is how many devices the bus has room for.
const pciSlots = 32

// routing is where INTA#–INTD# of every slot go: to the next PIRQ from one slot to the
// next. The PIIX4's function is not a PCI interrupt but SCI, on a line of its own.
func routing(b Board) aml.Term {
	var entries []aml.Term
	for slot := uint64(1); slot < pciSlots; slot++ {
		for pin := range uint64(4) {
			link, index := aml.Path(`\_SB.`+linkName(PIRQ(int(slot), int(pin)))), aml.Int(0)
			if slot == 1 && pin == 0 {
				link, index = aml.Int(0), aml.Int(uint64(b.SCI))
			}
			entries = append(entries, aml.Package(aml.Int(slot<<16|0xffff), aml.Int(pin), link, index))
		}
	}
	return aml.Package(entries...)
}

// PIRQ is the line, 0–3 for PIRQA–PIRQD, that an interrupt pin (0–3 for INTA#–INTD#) of a
// slot is wired to.
func PIRQ(slot, pin int) int { return (slot + pin - 1) & 3 }

func linkName(pirq int) string { return "LNK" + string(rune('A'+pirq)) }

// routeName is the field for the PIRQ route control register of a line.
func routeName(pirq int) string { return "PRQ" + string(rune('A'+pirq)) }

const (
	pirqRoute    = 0x60 // first PIRQ route control register, PIIX3 function 0
	pirqDisabled = 0x80
)

// links are the interrupt link devices.
//
// ACPI, "PCI Interrupt Link Devices"; Intel 82371SB data sheet, "PIRQRC—PIRQx Route Control
// Registers".
func links(b Board) []aml.Term {
	all := []aml.Term{
		// The status of a link that has some value in its register.
		aml.Method("LSTA", 1,
			aml.If(aml.And(aml.Arg(0), aml.Int(pirqDisabled), nil), aml.Return(aml.Int(0x09))),
			aml.Return(aml.Int(0x0b))),
		// Its resources; interrupt 0 if it is disabled.
		aml.Name("LRES", aml.Resources(aml.Interrupts(0))),
		aml.Serialized("LCRS", 1,
			aml.CreateDWordField(aml.Path("LRES"), aml.InterruptNumber, "LIRQ"),
			aml.Store(aml.Int(0), aml.Path("LIRQ")),
			aml.If(aml.Less(aml.Arg(0), aml.Int(pirqDisabled)), aml.Store(aml.Arg(0), aml.Path("LIRQ"))),
			aml.Return(aml.Path("LRES"))),
	}
	for n := range 4 {
		all = append(all, link(b, n))
	}
	return all
}

func link(b Board, n int) aml.Term {
	route := aml.Path(`\_SB.PCI0.ISA.` + routeName(n))
	return aml.Device(linkName(n),
		aml.Name("_HID", aml.EISAID("PNP0C0F")),
		aml.Name("_UID", aml.Int(uint64(n+1))),
		aml.Name("_PRS", aml.Resources(aml.Interrupts(b.LinkIRQs...))),
		aml.Method("_STA", 0, aml.Return(aml.Call("LSTA", route))),
		aml.Method("_DIS", 0, aml.Or(route, aml.Int(pirqDisabled), route)),
		aml.Method("_CRS", 0, aml.Return(aml.Call("LCRS", route))),
		aml.Serialized("_SRS", 1,
			aml.CreateDWordField(aml.Arg(0), aml.InterruptNumber, "LSET"),
			aml.Store(aml.Path("LSET"), route)),
	)
}

// isa is the PIIX3 and the chips on its bus.
func isa(b Board) aml.Term {
	terms := []aml.Term{
		aml.Name("_ADR", aml.Int(1<<16)),
		aml.OperationRegion("PIRQ", aml.PCIConfig, pirqRoute, 4),
		aml.Field("PIRQ", aml.ByteAcc,
			aml.FieldUnit{Name: routeName(0), Bits: 8}, aml.FieldUnit{Name: routeName(1), Bits: 8},
			aml.FieldUnit{Name: routeName(2), Bits: 8}, aml.FieldUnit{Name: routeName(3), Bits: 8}),
		chip("PIC", "PNP0000", 0, aml.IO(0x20, 2), aml.IO(0xa0, 2), aml.IO(0x4d0, 2), aml.IRQ(2)),
		chip("TIMR", "PNP0100", 0, aml.IO(0x40, 4), aml.IRQ(0)),
		chip("DMAC", "PNP0200", 0, aml.IO(0x00, 16), aml.IO(0x81, 15), aml.IO(0xc0, 32), aml.DMA(4)),
		chip("SPKR", "PNP0800", 0, aml.IO(0x61, 1)),
		chip("RTC", "PNP0B00", 0, aml.IO(0x70, 2), aml.IRQ(8)),
		chip("FPU", "PNP0C04", 0, aml.IO(0xf0, 1), aml.IRQ(13)),
		chip("KBD", "PNP0303", 0, aml.IO(0x60, 1), aml.IO(0x64, 1), aml.IRQ(1)),
		chip("MBRD", "PNP0C02", 0, aml.IO(0x80, 1), aml.IO(0x92, 1), aml.IO(0xb2, 2), aml.IO(b.PMBase, 64)),
	}
	if b.Mouse {
		terms = append(terms, chip("MOU", "PNP0F13", 0, aml.IRQ(12)))
	}
	if b.Floppy {
		terms = append(terms, chip("FDC0", "PNP0700", 0, aml.IO(0x3f2, 4), aml.IO(0x3f7, 1), aml.IRQ(6), aml.DMA(2)))
	}
	if b.LPT {
		terms = append(terms, chip("LPT1", "PNP0400", 1, aml.IO(0x378, 3), aml.IRQ(7)))
	}
	for i, c := range b.COM {
		terms = append(terms, chip(fmt.Sprintf("COM%d", i+1), "PNP0501", i+1, aml.IO(c.Port, 8), aml.IRQ(c.IRQ)))
	}
	if b.FWCfg {
		terms = append(terms, aml.Device("FWCF",
			aml.Name("_HID", aml.String("QEMU0002")),
			aml.Name("_STA", aml.Int(0x0b)),
			aml.Name("_CRS", aml.Resources(aml.IO(0x510, 12)))))
	}
	return aml.Device("ISA", terms...)
}

// chip is a device with fixed resources; uid 0: there is one of its kind.
func chip(name, id string, uid int, resources ...aml.Resource) aml.Term {
	terms := []aml.Term{aml.Name("_HID", aml.EISAID(id))}
	if uid != 0 {
		terms = append(terms, aml.Name("_UID", aml.Int(uint64(uid))))
	}
	return aml.Device(name, append(terms, aml.Name("_CRS", aml.Resources(resources...)))...)
}
