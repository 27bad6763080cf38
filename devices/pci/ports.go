package pci

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Fields of CONFADD.
const (
	confEnable   = 1 << 31
	confWritable = 0x80ff_fffc // 30:24 and 1:0 are reserved and read 0
)

// PortsState is everything Ports remembers.
type PortsState struct {
	Address uint32 // CONFADD
}

// Ports is configuration mechanism #1: eight ports, at CF8h on a PC.
//
//	off  size     name     access  power-on  meaning
//	0    4        CONFADD  RW      0         31: enable, 23:16 bus, 15:11 device,
//	                                         10:8 function, 7:2 register
//	0–3  1, 2     -        -       -         not ours: passed on as single bytes
//	4–7  1, 2, 4  CONFDATA RW      -         the register that CONFADD names
//
// Reads from where nothing is give all ones; writes there are dropped.
type Ports struct {
	s    PortsState
	bus  *Bus
	rest devices.Port
}

// NewPorts returns the ports for bus. rest answers byte accesses to offsets 0–3, which do
// not reach CONFADD; on PIIX boards the reset control register is among them (CF9h, offset
// 1). nil means that nobody does.
func NewPorts(bus *Bus, rest devices.Port) *Ports { return &Ports{bus: bus, rest: rest} }

// Reset returns to the power-on state.
func (p *Ports) Reset() { p.s = PortsState{} }

// Save returns a copy of the state.
func (p *Ports) Save() PortsState { return p.s }

// Restore replaces the state.
func (p *Ports) Restore(s PortsState) error {
	if s.Address&^confWritable != 0 {
		return fmt.Errorf("pci: CONFADD cannot be %#x", s.Address)
	}
	p.s = s
	return nil
}

// target returns the function that CONFADD names, or nil.
func (p *Ports) target() *Function {
	a := p.s.Address
	if a&confEnable == 0 || uint8(a>>16) != 0 {
		return nil
	}
	return p.bus.slots[a>>11&31][a>>8&7]
}

// In implements devices.Port.
func (p *Ports) In(off uint16) uint8 {
	switch {
	case off >= 4 && off < 8:
		return uint8(p.read(off, 1))
	case off < 4 && p.rest != nil:
		return p.rest.In(off)
	}
	return 0xff
}

// Out implements devices.Port.
func (p *Ports) Out(off uint16, v uint8) {
	switch {
	case off >= 4 && off < 8:
		p.write(off, 1, uint32(v))
	case off < 4 && p.rest != nil:
		p.rest.Out(off, v)
	}
}

// InWide implements devices.WidePort.
func (p *Ports) InWide(off uint16, size int) uint32 {
	switch {
	case off == 0 && size == 4:
		return p.s.Address
	case off >= 4 && int(off)+size <= 8:
		return p.read(off, size)
	}
	v := uint32(0)
	for i := range size {
		v |= uint32(p.In(off+uint16(i))) << (8 * i)
	}
	return v
}

// OutWide implements devices.WidePort.
func (p *Ports) OutWide(off uint16, size int, v uint32) {
	switch {
	case off == 0 && size == 4:
		p.s.Address = v & confWritable
	case off >= 4 && int(off)+size <= 8:
		p.write(off, size, v)
	default:
		for i := range size {
			p.Out(off+uint16(i), uint8(v>>(8*i)))
		}
	}
}

func (p *Ports) read(off uint16, size int) uint32 {
	if f := p.target(); f != nil {
		return f.ReadConfig(uint8(p.s.Address&0xfc)|uint8(off&3), size)
	}
	return ^uint32(0) >> (32 - 8*size)
}

func (p *Ports) write(off uint16, size int, v uint32) {
	if f := p.target(); f != nil {
		f.WriteConfig(uint8(p.s.Address&0xfc)|uint8(off&3), size, v)
	}
}
