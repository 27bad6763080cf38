// Package debugexit is a port through which a guest ends its machine with a status: test
// kernels use it to report success or failure. No PC has such a part; QEMU calls it
// isa-debug-exit and test suites put it at port F4h or 501h, four ports wide.
//
//	off  bit   name  access  power-on  meaning
//	0-3  31:0  CODE  W       -         ask the host to end the machine with this code
//	0-3  31:0  -     R       0
//
// Source: QEMU documentation of isa-debug-exit. The device remembers nothing and has no
// State.
package debugexit

// Ports is the number of ports the device answers.
const Ports = 4

// A Device is the port.
type Device struct{ exit func(code uint32) }

// New returns a device that calls exit with every code written; a nil exit ignores them.
// exit is called in the middle of an instruction: it takes a note and returns.
func New(exit func(code uint32)) *Device { return &Device{exit: exit} }

// Status is the exit status of the process for a code that a guest wrote: odd, so that it
// cannot be mistaken for success of the emulator itself, and 8 bits wide, as hosts keep no
// more.
func Status(code uint32) int { return int(uint8(code<<1 | 1)) }

// In implements devices.Port.
func (d *Device) In(uint16) uint8 { return 0 }

// Out implements devices.Port.
func (d *Device) Out(_ uint16, v uint8) { d.OutWide(0, 1, uint32(v)) }

// InWide implements devices.WidePort.
func (d *Device) InWide(uint16, int) uint32 { return 0 }

// OutWide implements devices.WidePort.
func (d *Device) OutWide(_ uint16, _ int, v uint32) {
	if d.exit != nil {
		d.exit(v)
	}
}
