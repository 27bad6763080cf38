package pci

import (
	"fmt"
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
)

// State is everything a Function remembers. A chip embeds it in its own State.
type State struct {
	Config [256]uint8
	// Interrupt is the level the chip asks for, before Interrupt Disable.
	Interrupt bool
}

// A Header says what is fixed about a function, and its power-on values.
type Header struct {
	Vendor, Device                     uint16
	Revision                           uint8
	Class                              uint32 // 24 bits: class, subclass, interface
	Multifunction                      bool
	SubsystemVendor, Subsystem         uint16
	InterruptPin                       uint8  // 0: none, 1–4: INTA#–INTD#
	Command, CommandWritable           uint16 // power-on value, bits software may change
	Status                             uint16 // power-on value, normally the DEVSEL timing
	LatencyTimer, LatencyTimerWritable uint8
}

// A BAR is one base address register.
type BAR struct {
	Size         uint64 // bytes, a power of two; at least 4 for I/O, 16 for memory
	IO           bool   // in I/O space; has 32 bits, as PCI 2.1 wants, and answers below 64 KiB
	Prefetchable bool
	Wide         bool // 64-bit memory address: takes the next register as well

	// Map is told when the window comes and goes: on says whether it answers at base from
	// now on. A window that moves goes off at the old base first. The guest chooses the
	// base freely, over other devices or RAM too.
	Map func(base uint64, on bool)
}

type bar struct {
	BAR
	off    uint8  // of its register
	enable uint32 // bits of the register itself that must be set
	mapped bool   // as Map was told last
	base   uint64
}

type watch struct {
	first, last uint8
	changed     func()
}

// A Function is one function's configuration space. Its registers are bytes with masks;
// the chip declares those that it has and is called when they are written.
type Function struct {
	s        State
	powerOn  [256]uint8
	writable [256]uint8
	frozen   [256]uint8 // writable bits that Freeze has locked
	clears   [256]uint8 // written 1 clears
	bars     []*bar
	watches  []watch
	intx     devices.Line
}

// NewFunction returns a function with the given header; all other registers are 0 and
// fixed. The chip goes on with Define, AddBAR and Watch, then Reset.
func NewFunction(h Header) *Function {
	f := &Function{intx: devices.NC}
	f.define(0x00, 2, uint32(h.Vendor), 0)
	f.define(0x02, 2, uint32(h.Device), 0)
	f.define(RegCommand, 2, uint32(h.Command), uint32(h.CommandWritable))
	f.define(RegStatus, 2, uint32(h.Status), 0)
	f.clears[RegStatus] = statusClear & 0xff
	f.clears[RegStatus+1] = statusClear >> 8
	f.define(0x08, 1, uint32(h.Revision), 0)
	f.define(0x09, 3, h.Class, 0)
	f.Define(RegLatencyTimer, h.LatencyTimer, h.LatencyTimerWritable)
	if h.Multifunction {
		f.Define(0x0e, 0x80, 0)
	}
	f.define(0x2c, 2, uint32(h.SubsystemVendor), 0)
	f.define(0x2e, 2, uint32(h.Subsystem), 0)
	if h.InterruptPin != 0 {
		f.Define(RegInterruptLine, 0, 0xff)
		f.Define(RegInterruptPin, h.InterruptPin, 0)
	}
	f.s.Config = f.powerOn
	return f
}

// Define declares the byte register at off: its power-on value and the bits that software
// may change.
func (f *Function) Define(off, powerOn, writable uint8) {
	f.powerOn[off], f.writable[off] = powerOn, writable
	f.s.Config[off] = powerOn
}

func (f *Function) define(off uint8, size int, powerOn, writable uint32) {
	for i := range size {
		f.Define(off+uint8(i), uint8(powerOn>>(8*i)), uint8(writable>>(8*i)))
	}
}

// AddBAR declares base address register i (0–5). It is a mistake in the chip, and a panic,
// when the size is not one that a BAR can say.
func (f *Function) AddBAR(i int, b BAR) {
	low := uint64(16)
	if b.IO {
		low = 4
	}
	if bits.OnesCount64(b.Size) != 1 || b.Size < low || i < 0 || i > 5 || b.Wide && i == 5 {
		panic(fmt.Sprintf("pci: BAR %d cannot be of %#x bytes", i, b.Size))
	}
	off, mask := uint8(RegBAR0+4*i), ^(b.Size - 1)
	switch {
	case b.IO:
		f.define(off, 4, 1, uint32(mask))
	default:
		kind := uint32(0)
		if b.Prefetchable {
			kind |= 8
		}
		if b.Wide {
			kind |= 4
			f.define(off+4, 4, 0, uint32(mask>>32))
		}
		f.define(off, 4, kind, uint32(mask))
	}
	f.bars = append(f.bars, &bar{BAR: b, off: off})
}

// AddROM declares an expansion ROM of size bytes, a power of two from 2 KiB on; enter is as
// BAR.Map.
func (f *Function) AddROM(size uint64, enter func(base uint64, on bool)) {
	if bits.OnesCount64(size) != 1 || size < 2048 || size > 1<<31 {
		panic(fmt.Sprintf("pci: a ROM cannot be of %#x bytes", size))
	}
	f.define(RegROM, 4, 0, uint32(^(size-1))|romEnable)
	f.bars = append(f.bars, &bar{BAR: BAR{Size: size, Map: enter}, off: RegROM, enable: romEnable})
}

// Watch has changed called after a write that touches a register from first to last,
// whether the value is new or not. Reset and Restore do not call it.
func (f *Function) Watch(first, last uint8, changed func()) {
	f.watches = append(f.watches, watch{first, last, changed})
}

// Freeze makes bits of a register read-only until Unfreeze, for registers with lock bits.
func (f *Function) Freeze(off, bits uint8) { f.frozen[off] = bits }

// ConnectINTx connects the interrupt pin.
func (f *Function) ConnectINTx(l devices.Line) { f.intx = l }

// SetInterrupt drives the interrupt pin (true: asserted) unless Command disables it.
func (f *Function) SetInterrupt(high bool) {
	f.s.Interrupt = high
	f.driveINTx()
}

func (f *Function) driveINTx() {
	f.s.Config[RegStatus] &^= statusInterrupt
	if f.s.Interrupt {
		f.s.Config[RegStatus] |= statusInterrupt
	}
	f.intx(f.s.Interrupt && f.Command()&CommandInterruptDisable == 0)
}

// Command is the Command register.
func (f *Function) Command() uint16 {
	return uint16(f.s.Config[RegCommand]) | uint16(f.s.Config[RegCommand+1])<<8
}

// Byte returns a register without any side effect.
func (f *Function) Byte(off uint8) uint8 { return f.s.Config[off] }

// SetByte lets the chip itself change a register, past all masks.
func (f *Function) SetByte(off, v uint8) { f.s.Config[off] = v }

// Reset returns all registers to their power-on values; windows go away, the pin is low.
func (f *Function) Reset() {
	f.s = State{Config: f.powerOn}
	f.settle()
}

// Save returns a copy of the state.
func (f *Function) Save() State { return f.s }

// Check says whether Restore would take s: a difference in a fixed bit is an error.
func (f *Function) Check(s State) error {
	for off := range s.Config {
		free := f.writable[off] | f.clears[off]
		if off == RegStatus {
			free |= statusInterrupt
		}
		if (s.Config[off]^f.powerOn[off])&^free != 0 {
			return fmt.Errorf("pci: register %02xh of %04x:%04x cannot be %#02x", off,
				f.word(0), f.word(2), s.Config[off])
		}
	}
	return nil
}

// Restore replaces the state, maps the windows where it has them and drives the pin.
func (f *Function) Restore(s State) error {
	if err := f.Check(s); err != nil {
		return err
	}
	f.s = s
	f.settle()
	return nil
}

func (f *Function) settle() {
	f.frozen = [256]uint8{}
	f.mapBARs()
	f.driveINTx()
}

func (f *Function) word(off uint8) uint16 {
	return uint16(f.s.Config[off]) | uint16(f.s.Config[off+1])<<8
}

// ReadConfig reads size bytes (1, 2 or 4) at off, lowest first. Bytes past the end are
// all ones.
func (f *Function) ReadConfig(off uint8, size int) uint32 {
	v := uint32(0)
	for i := range size {
		b := uint8(0xff)
		if at := int(off) + i; at < len(f.s.Config) {
			b = f.s.Config[at]
		}
		v |= uint32(b) << (8 * i)
	}
	return v
}

// WriteConfig writes size bytes (1, 2 or 4) at off as one access, then tells who watches.
func (f *Function) WriteConfig(off uint8, size int, v uint32) {
	last := min(int(off)+size-1, len(f.s.Config)-1)
	for at := int(off); at <= last; at++ {
		b := uint8(v >> (8 * (at - int(off))))
		mask := f.writable[at] &^ f.frozen[at]
		f.s.Config[at] = (f.s.Config[at]&^mask | b&mask) &^ (b & f.clears[at])
	}
	if int(off) < RegROM+4 && last >= RegCommand {
		f.mapBARs()
		f.driveINTx()
	}
	for _, w := range f.watches {
		if int(off) <= int(w.last) && last >= int(w.first) {
			w.changed()
		}
	}
}

// mapBARs tells the board what has changed about the windows, all that go before any
// that come.
func (f *Function) mapBARs() {
	for _, b := range f.bars {
		base, on := f.window(b)
		if b.mapped && (!on || base != b.base) {
			b.mapped = false
			b.tell(b.base, false)
		}
	}
	for _, b := range f.bars {
		if base, on := f.window(b); on && !b.mapped {
			b.mapped, b.base = true, base
			b.tell(base, true)
		}
	}
}

func (b *bar) tell(base uint64, on bool) {
	if b.Map != nil {
		b.Map(base, on)
	}
}

// window says where b answers. Two addresses never do: 0, the power-on value, and the
// highest one, which is what a driver leaves there while it asks for the size.
func (f *Function) window(b *bar) (base uint64, on bool) {
	base = uint64(f.ReadConfig(b.off, 4))
	answers := uint32(base)&b.enable == b.enable
	enable, top := uint16(CommandMemory), uint64(0xffff_ffff)
	if b.IO {
		enable = CommandIO
	}
	if b.Wide {
		base |= uint64(f.ReadConfig(b.off+4, 4)) << 32
		top = ^uint64(0)
	}
	base &= top &^ (b.Size - 1)
	highest := top &^ (b.Size - 1)
	if b.Wide && base == 0xffff_ffff&^(b.Size-1) {
		return base, false // the lower half is being sized
	}
	if b.IO && base > 0xffff {
		return base, false
	}
	return base, answers && f.Command()&enable != 0 && base != 0 && base != highest
}
