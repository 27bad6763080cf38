package lapic

// A Bus carries the messages of local and I/O APICs.
type Bus struct {
	devices []*Device // by initial APIC ID
}

// Delivery modes. SDM Vol. 3A, "Interrupt Command Register (ICR)".
const (
	modeFixed  = 0
	modeLowest = 1
	modeSMI    = 2
	modeNMI    = 4
	modeINIT   = 5
	modeSIPI   = 6 // also ExtINT in an entry of a local vector table
	modeExtINT = 7
)

// A message is an interrupt on its way to one or more processors.
type message struct {
	vector  uint8
	mode    uint8
	level   bool // level-triggered
	logical bool
	dest    uint32
	all     bool // dest addresses every processor
}

// MSI is a write of a device to the address range of messages, or a message of an I/O APIC
// in the same form: the low half of FEExxxxxh holds destination and mode, data the vector.
//
// SDM Vol. 3A, "Message Signalled Interrupts".
func (b *Bus) MSI(addr uint64, data uint32) {
	dest := uint32(addr >> 12 & 0xff)
	b.send(message{
		vector:  uint8(data),
		mode:    uint8(data >> 8 & 7),
		level:   data>>15&1 != 0,
		logical: addr>>2&1 != 0,
		dest:    dest,
		all:     dest == 0xff && addr>>2&1 == 0,
	}, nil)
}

// send delivers to every processor that m addresses, but for the one left out.
func (b *Bus) send(m message, but *Device) {
	if m.mode == modeLowest {
		if d := b.lowest(&m, but); d != nil {
			d.take(&m)
		}
		return
	}
	for _, d := range b.devices {
		if d != but && d.addressed(&m) {
			d.take(&m)
		}
	}
}

// lowest picks the processor of lowest priority among those addressed.
func (b *Bus) lowest(m *message, but *Device) (best *Device) {
	for _, d := range b.devices {
		if d != but && d.addressed(m) && d.software() && (best == nil || d.ppr()>>4 < best.ppr()>>4) {
			best = d
		}
	}
	return best
}

// addressed says whether d is a destination of m.
//
// SDM Vol. 3A, "Determining IPI Destination" and "Logical Destination Mode in x2APIC Mode".
func (d *Device) addressed(m *message) bool {
	switch {
	case !d.enabled():
		return false
	case m.all:
		return true
	}
	return d.s.matches(m.dest, m.logical)
}

// matches says whether a destination that is no broadcast means the APIC of this state.
func (s *State) matches(dest uint32, logical bool) bool {
	switch {
	case !logical:
		return dest == s.ID
	case s.Base&baseX2 != 0:
		ldr := s.logicalX2()
		return dest>>16 == ldr>>16 && dest&ldr&0xffff != 0
	}
	ldr := s.LDR >> 24
	if s.DFR>>28 == 0xf {
		return dest&ldr&0xff != 0
	}
	return (dest&0xf0 == 0xf0 || dest>>4&15 == ldr>>4) && dest&ldr&15 != 0
}

// Addressed says, for people, whether a message with an 8-bit destination reaches the APIC
// of this state.
func (s *State) Addressed(dest uint32, logical bool) bool {
	return s.Base&baseEnable != 0 && (dest == 0xff && !logical || s.matches(dest, logical))
}

// take is the arrival of a message.
func (d *Device) take(m *message) {
	switch m.mode {
	case modeFixed, modeLowest:
		if d.software() {
			d.accept(m.vector, m.level)
		}
	case modeNMI:
		d.cfg.NMI()
	case modeINIT:
		d.cfg.INIT()
	case modeSIPI:
		d.cfg.SIPI(m.vector)
	case modeExtINT:
		d.s.ExtINT = true
		d.drive()
	}
}
