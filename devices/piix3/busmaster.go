package piix3

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Bus master registers of one channel; the second channel's follow at offset 8:
//
//	off  name     power-on  bits
//	0    BMICX    00h       3 RWCON: 1 = to memory (R/W while stopped); 0 SSBM: start
//	2    BMISX    00h       6, 5 drive 1, 0 is DMA capable (software's note);
//	                        2 interrupt, 1 error (write 1 to clear); 0 active (read only)
//	4–7  BMIDTPX  0         31:2 descriptor table; reads back as written
//
// A descriptor is 8 bytes: memory address (bit 0 is 0), byte count (bit 0 is 0; 0 means
// 65,536), two more bytes with the end-of-table mark in the highest bit.
//
// What software finds after a transfer (data sheet, "Interrupt/Activity Status"):
//
//	interrupt  active
//	1          0       done, and the table was as long as the transfer
//	1          1       done, the table had more room
//	0          0       the table was too short: the drive still waits
const (
	bmStart = 1 << 0
	bmWrite = 1 << 3

	bmActive    = 1 << 0
	bmError     = 1 << 1
	bmInterrupt = 1 << 2
	bmCapable   = 3 << 5

	prdEnd = 1 << 31

	// maxDescriptors is what fits in the 64 KiB that a table may not cross. A table
	// that goes on without end stops the bus master with the error bit.
	maxDescriptors = 8192
)

// A DMAPort is the drives' side of a DMA transfer, while DMARQ is high. Both calls move at
// most len(p) bytes and return how many the drive gave or took: none when it transfers in
// the other direction or is done. The drive drops DMARQ when it can go on no further.
type DMAPort interface {
	ReadDMAData(p []byte) int
	WriteDMAData(p []byte) int
}

// BusMasterState is everything one channel's bus master remembers.
type BusMasterState struct {
	Command, Status uint8
	Table           uint32 // BMIDTPX

	// Where the transfer is: the next descriptor, and the rest of the current one.
	Next        uint32
	Descriptors uint16 // read since start
	Address     uint32
	Left        uint32 // bytes
	Last        bool   // the current descriptor ends the table

	INTRQ, DMARQ bool // levels of the drive's lines
}

func (s BusMasterState) check() error {
	switch {
	case s.Command&^(bmStart|bmWrite) != 0:
		return fmt.Errorf("command cannot be %#02x", s.Command)
	case s.Status&^(bmActive|bmError|bmInterrupt|bmCapable) != 0:
		return fmt.Errorf("status cannot be %#02x", s.Status)
	case s.Status&bmActive != 0 && s.Command&bmStart == 0:
		return errors.New("active but not started")
	case s.Table&3 != 0 || s.Next&3 != 0:
		return errors.New("descriptor table is not aligned")
	case s.Left > 1<<16 || s.Left&1 != 0 || s.Address&1 != 0:
		return fmt.Errorf("%d bytes left at %#x", s.Left, s.Address)
	case s.Descriptors > maxDescriptors:
		return fmt.Errorf("%d descriptors", s.Descriptors)
	}
	return nil
}

// A busMaster moves one channel's data.
type busMaster struct {
	s         BusMasterState
	port      DMAPort
	irq       devices.Line
	memory    devices.DMA
	mayMaster func() bool
	scratch   [4096]byte
}

// reset keeps the lines, which are the drive's.
func (b *busMaster) reset() {
	b.s = BusMasterState{INTRQ: b.s.INTRQ, DMARQ: b.s.DMARQ}
	b.irq(b.s.INTRQ)
}

// interrupt is the INTRQ input. Only an edge sets the status bit.
func (b *busMaster) interrupt(high bool) {
	if high && !b.s.INTRQ {
		b.s.Status |= bmInterrupt
	}
	b.s.INTRQ = high
	b.irq(high)
}

// request is the DMARQ input.
func (b *busMaster) request(high bool) {
	rose := high && !b.s.DMARQ
	b.s.DMARQ = high
	if rose {
		b.run()
	}
}

func (b *busMaster) read(off uint16) uint8 {
	switch off {
	case 0:
		return b.s.Command
	case 2:
		return b.s.Status
	case 4, 5, 6, 7:
		return uint8(b.s.Table >> (8 * (off - 4)))
	}
	return 0
}

func (b *busMaster) write(off uint16, v uint8) {
	switch off {
	case 0:
		b.writeCommand(v)
	case 2:
		b.s.Status &^= v & (bmError | bmInterrupt)
		b.s.Status = b.s.Status&^bmCapable | v&bmCapable
	case 4, 5, 6, 7:
		shift := 8 * (off - 4)
		b.s.Table = (b.s.Table&^(0xff<<shift) | uint32(v)<<shift) &^ 3
	}
}

func (b *busMaster) writeCommand(v uint8) {
	if b.s.Status&bmActive == 0 {
		b.s.Command = b.s.Command&^bmWrite | v&bmWrite
	}
	started := v &^ b.s.Command & bmStart
	b.s.Command = b.s.Command&^bmStart | v&bmStart
	switch {
	case started != 0:
		b.s.Status |= bmActive
		b.s.Next, b.s.Descriptors = b.s.Table, 0
		b.s.Left, b.s.Last = 0, false
		b.run()
	case v&bmStart == 0:
		b.s.Status &^= bmActive // what was not moved is lost
	}
}

// run moves data until the drive or the table has no more. The drive offers a bounded
// piece before it drops DMARQ and every descriptor moves at least two bytes, so the work
// is bounded too.
func (b *busMaster) run() {
	for b.s.DMARQ && b.s.Status&bmActive != 0 && b.port != nil && b.mayMaster() {
		if b.s.Left == 0 && !b.nextDescriptor() {
			return
		}
		n := b.move()
		b.s.Address += uint32(n)
		b.s.Left -= uint32(n)
		if b.s.Left == 0 && b.s.Last {
			b.s.Status &^= bmActive
		}
		if n == 0 {
			return // the drive wants the other direction
		}
	}
}

// nextDescriptor reads the next descriptor. Without one it stops the bus master.
func (b *busMaster) nextDescriptor() bool {
	if b.s.Last || b.s.Descriptors == maxDescriptors {
		if !b.s.Last {
			b.s.Status |= bmError
		}
		b.s.Status &^= bmActive
		return false
	}
	var d [8]byte
	b.memory.ReadDMA(uint64(b.s.Next), d[:])
	b.s.Next += 8
	b.s.Descriptors++
	b.s.Address = binary.LittleEndian.Uint32(d[:]) &^ 1
	count := binary.LittleEndian.Uint32(d[4:])
	b.s.Last = count&prdEnd != 0
	if b.s.Left = count & 0xfffe; b.s.Left == 0 {
		b.s.Left = 1 << 16
	}
	return true
}

// move transfers part of the current descriptor and returns how many bytes, always an even
// number as the data lines are 16 bits wide.
func (b *busMaster) move() int {
	p := b.scratch[:min(int(b.s.Left), len(b.scratch))]
	address := uint64(b.s.Address)
	if b.s.Command&bmWrite != 0 {
		n := b.port.ReadDMAData(p)
		b.memory.WriteDMA(address, p[:n])
		return n
	}
	b.memory.ReadDMA(address, p)
	return b.port.WriteDMAData(p)
}
