// Package pci is PCI configuration space: a Function's 256 registers with their write
// masks, its base address registers, and the bus with configuration mechanism #1 that
// reaches them. It is for the chips that sit on the PCI bus; it is no chip itself.
//
// Read function.go for what a chip declares, ports.go for what the CPU sees.
//
// # Header type 0
//
//	off    size  register                          here
//	00h    2     Vendor ID                         fixed
//	02h    2     Device ID                         fixed
//	04h    2     Command                           writable bits are the chip's choice
//	06h    2     Status                            bits 15:11 and 8: write 1 to clear
//	08h    1     Revision ID                       fixed
//	09h    3     Class Code                        fixed
//	0Ch    1     Cache Line Size                   the chip's choice
//	0Dh    1     Latency Timer                     the chip's choice
//	0Eh    1     Header Type                       fixed; bit 7: several functions
//	10h    6×4   Base Address Registers            AddBAR
//	2Ch    4     Subsystem Vendor ID, Subsystem ID fixed
//	30h    4     Expansion ROM Base Address        AddROM
//	3Ch    1     Interrupt Line                    writable when there is a pin
//	3Dh    1     Interrupt Pin                     fixed
//
// Source: PCI Local Bus Specification 2.1, chapter 6 "Configuration Space" and 3.2.2.3.2
// "Configuration Mechanism #1"; 2.3 for the Interrupt Disable and Interrupt Status bits.
// Not modelled: bridges and buses behind them, special cycles,
// mechanism #2, parity and system errors.
package pci

import "fmt"

// Bits of the Command register.
const (
	CommandIO               = 1 << 0  // answer in I/O space
	CommandMemory           = 1 << 1  // answer in memory space
	CommandBusMaster        = 1 << 2  // may start transfers
	CommandSpecialCycles    = 1 << 3  //
	CommandParityResponse   = 1 << 6  //
	CommandSERR             = 1 << 8  //
	CommandInterruptDisable = 1 << 10 // INTx stays low
)

// Offsets of registers in the header.
const (
	RegCommand       = 0x04
	RegStatus        = 0x06
	RegLatencyTimer  = 0x0d
	RegBAR0          = 0x10
	RegROM           = 0x30
	RegInterruptLine = 0x3c
	RegInterruptPin  = 0x3d
)

// statusClear is the bits of the Status register that software clears by writing 1.
const statusClear = 0xf900

// romEnable is the bit of the ROM's base address that lets it answer.
const romEnable = 1

// statusInterrupt is the Interrupt Status bit: the level before Interrupt Disable.
const statusInterrupt = 1 << 3

// A Slot is where a function sits: device 0–31 and function 0–7.
type Slot struct {
	Device, Function uint8
}

// A Bus holds the functions of bus 0.
type Bus struct {
	slots [32][8]*Function
}

// NewBus returns an empty bus.
func NewBus() *Bus { return &Bus{} }

// Attach puts f into a slot. A slot that does not exist or is taken is an error.
func (b *Bus) Attach(s Slot, f *Function) error {
	if int(s.Device) >= len(b.slots) || int(s.Function) >= len(b.slots[0]) {
		return fmt.Errorf("pci: there is no slot %v", s)
	}
	if b.slots[s.Device][s.Function] != nil {
		return fmt.Errorf("pci: slot %v is taken", s)
	}
	b.slots[s.Device][s.Function] = f
	return nil
}

// At returns the function in a slot, or nil.
func (b *Bus) At(s Slot) *Function {
	if int(s.Device) >= len(b.slots) || int(s.Function) >= len(b.slots[0]) {
		return nil
	}
	return b.slots[s.Device][s.Function]
}

// String gives the usual notation, for example 01.1.
func (s Slot) String() string { return fmt.Sprintf("%02x.%x", s.Device, s.Function) }
