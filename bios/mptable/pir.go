package mptable

import "encoding/binary"

// A Router is what the PCI interrupt routing table says about a board.
type Router struct {
	// Device and Function are where the router is on bus 0, Vendor and Chip what it is.
	Device, Function uint8
	Vendor, Chip     uint16
	// Slots are how many devices bus 0 has room for, from 1 on.
	Slots int
	// Link is the link value for a pin (0–3) of a slot: for a PIIX3 the number of the route
	// control register.
	Link func(slot, pin int) uint8
	// IRQs are what a link may be routed to, a bit each.
	IRQs uint16
}

// PIR makes the table, which goes to a multiple of 16 in F0000h–FFFFFh. A device soldered
// to the board has slot number 0.
func PIR(r Router) []byte {
	const header, entry = 32, 16
	p := make([]byte, header, header+entry*r.Slots)
	le := binary.LittleEndian
	copy(p, "$PIR")
	le.PutUint16(p[4:], 0x0100)
	le.PutUint16(p[6:], uint16(header+entry*r.Slots))
	p[9] = r.Device<<3 | r.Function
	le.PutUint32(p[12:], uint32(r.Chip)<<16|uint32(r.Vendor))
	for slot := 1; slot <= r.Slots; slot++ {
		p = append(p, 0, uint8(slot)<<3)
		for pin := range 4 {
			p = le.AppendUint16(append(p, r.Link(slot, pin)), r.IRQs)
		}
		p = append(p, uint8(max(slot-2, 0)), 0)
	}
	p[31] = -total(p)
	return p
}
