// Package debugconsole is the debug console that emulators offer at port E9h: every byte
// written appears on the host, and a read tells a guest that the port is there. No PC has
// such a part; firmware and kernels use it because it needs no set-up.
//
//	off  bit  name  access  power-on  meaning
//	0    7:0  DATA  W       -         a byte for the host
//	0    7:0  ID    R       E9h       the console is present
//
// Source: Bochs User Manual, "port_e9_hack". The device remembers nothing and has no State.
package debugconsole

// ID is what a read of the port gives.
const ID = 0xe9

// A Device is the console.
type Device struct{ out func(byte) }

// New returns a console that hands every byte written to out; nil drops them.
func New(out func(byte)) *Device { return &Device{out: out} }

// In implements devices.Port.
func (d *Device) In(uint16) uint8 { return ID }

// Out implements devices.Port.
func (d *Device) Out(_ uint16, v uint8) {
	if d.out != nil {
		d.out(v)
	}
}
