// Package devices is the contract between a chip and the board that carries it: lines,
// ports, memory-mapped registers, DMA and virtual time. It holds no chip itself.
//
// A chip lives in a package of its own, named after the part. It is told nothing but what
// its pins would tell it: it knows neither its address, nor its interrupt number, nor any
// other chip, nor the host.
//
// Read this file, then devices/port92, the smallest whole chip.
package devices

// A Line is one wire. The driver reports a level; the receiver decides whether it
// cares about the level or about an edge. Drivers may report the same level twice.
type Line func(high bool)

// NC is a pin that is not connected.
func NC(bool) {}

// A Port answers byte-wide I/O. off counts from where the board mapped the chip;
// a chip never knows its own address.
type Port interface {
	In(off uint16) uint8
	Out(off uint16, v uint8)
}

// A WidePort also answers 2- and 4-byte accesses as one access. Chips without it see
// a wider access as single bytes, lowest address first, as on the ISA bus.
//
// size is 2 or 4 (bytes). Only the low size bytes of a value are significant.
type WidePort interface {
	Port
	InWide(off uint16, size int) uint32
	OutWide(off uint16, size int, v uint32)
}

// An MMIO window answers accesses to memory-mapped registers. off counts bytes from the
// start of the window; size is 1, 2, 4 or 8 (bytes) and off+size never passes its end.
// Only the low size bytes of a value are significant.
type MMIO interface {
	ReadMMIO(off uint64, size int) uint64
	WriteMMIO(off uint64, size int, v uint64)
}

// DMA is a bus master's view of memory: RAM only, so that no chip can re-enter itself or
// another one through a register window. Reads outside RAM give all ones, writes there
// are dropped. addr is a guest-physical byte address.
type DMA interface {
	ReadDMA(addr uint64, p []byte)
	WriteDMA(addr uint64, p []byte)
}

// A Time is a moment of virtual time, in nanoseconds since power-on. It is a function of
// the instructions executed, never of the host's clock.
type Time int64

// Virtual durations, in nanoseconds.
const (
	Microsecond Time = 1000
	Millisecond Time = 1000 * Microsecond
	Second      Time = 1000 * Millisecond
)

// A Clock is the only time a chip knows.
type Clock interface {
	// Now is the current virtual time, exact to the instruction being executed.
	Now() Time
	// NewTimer makes a stopped timer. A chip makes its timers in New, in a fixed order:
	// timers due at the same time fire in the order in which they were made.
	NewTimer(fire func()) Timer
}

// A Timer calls its function once when its time has come. The function runs between
// instructions and may set the timer again. Timers are not part of a chip's State:
// the State holds the deadline, and Restore sets the timer from it.
type Timer interface {
	// Set arms the timer for at, replacing an earlier deadline. A time that has passed
	// means: as soon as possible.
	Set(at Time)
	// Stop disarms the timer.
	Stop()
}
