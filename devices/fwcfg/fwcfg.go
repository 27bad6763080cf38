// Package fwcfg is QEMU's firmware configuration device: a cupboard of numbered items that
// the board fills before it is switched on and that firmware and kernels read: memory size,
// number of processors, kernel and initial RAM disk, tables, files by name.
//
//	off  width  name      access  meaning
//	0    2      SELECT    W       chooses an item and goes to its start; bit 14 has no effect
//	1    1      DATA      R       next byte of the item, 0 after its end; writes are ignored
//	4    4      DMAHIGH   W       bits 63:32 of the address of a request, big-endian
//	8    4      DMALOW    W       bits 31:0, big-endian; starts the request
//	4    8      DMA       R       "QEMU CFG"
//
// A request in memory is 16 bytes, big-endian: control (4), length (4), address (8).
//
//	control  meaning
//	0        set by the device: error; the other bits are cleared when it is done
//	1        read: copy length bytes from the item to address
//	2        skip length bytes
//	3        first select the item in bits 31:16
//	4        write: every item is read-only, so that it is an error
//
// Read this file, then items.go.
//
// Source: QEMU, "QEMU Firmware Configuration (fw_cfg) Device" (docs/specs/fw_cfg.rst).
//
// Not modelled: items that a guest can write.
//
// Inaccuracies: a read by DMA that goes more than 1 MiB past the end of its item is an error
// and copies nothing.
package fwcfg

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
)

// Offsets of the registers, and the number of ports that the board maps.
const (
	offSelect  = 0
	offData    = 1
	offDMAHigh = 4
	offDMALow  = 8

	Ports = 12
)

// Bits of the control field of a request.
const (
	ctlError  = 1 << 0
	ctlRead   = 1 << 1
	ctlSkip   = 1 << 2
	ctlSelect = 1 << 3
	ctlWrite  = 1 << 4

	requestSize = 16
)

const (
	signature    = "QEMU"
	dmaSignature = "QEMU CFG"

	// writeChannel is bit 14 of a selector: it asked for write access once.
	writeChannel = 0x4000

	// maxPadding bounds the zeros that one request copies after the end of an item.
	maxPadding = 1 << 20
)

// State is everything the device remembers. The items are not part of it: the board puts
// the same ones in before it restores a snapshot.
type State struct {
	Select  uint16 // item, without bit 14
	Offset  uint32 // next byte of it; not above its length
	DMAHigh uint32 // upper half of the address of the next request
}

// PowerOn is the state after power-on.
var PowerOn = State{}

// A Device is the cupboard.
type Device struct {
	s     State
	dma   devices.DMA
	items map[uint16][]byte
	files []file // sorted by name
}

// New returns a device that holds nothing but its signature and an empty directory. dma is
// the memory that requests lie in; without one the DMA interface is not there.
func New(dma devices.DMA) *Device {
	d := &Device{dma: dma, items: map[uint16][]byte{}}
	features := uint32(featurePorts)
	if dma != nil {
		features |= featureDMA
	}
	d.items[KeySignature] = []byte(signature)
	d.items[KeyID] = binary.LittleEndian.AppendUint32(nil, features)
	d.list()
	return d
}

// Reset returns to the power-on state.
func (d *Device) Reset() { _ = d.Restore(PowerOn) }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state.
func (d *Device) Restore(s State) error {
	if s.Select&writeChannel != 0 {
		return fmt.Errorf("fwcfg: selector %#04x", s.Select)
	}
	if size := len(d.items[s.Select]); uint64(s.Offset) > uint64(size) {
		return fmt.Errorf("fwcfg: offset %#x in item %#04x of %#x bytes", s.Offset, s.Select, size)
	}
	d.s = s
	return nil
}

// sel chooses an item. Any number will do: an item that is not there is empty.
func (d *Device) sel(key uint16) { d.s.Select, d.s.Offset = key&^writeChannel, 0 }

// rest is what has not been read of the current item.
func (d *Device) rest() []byte { return d.items[d.s.Select][d.s.Offset:] }

// In implements devices.Port.
func (d *Device) In(off uint16) uint8 {
	switch {
	case off == offData:
		rest := d.rest()
		if len(rest) == 0 {
			return 0
		}
		d.s.Offset++
		return rest[0]
	case off >= offDMAHigh && off < Ports && d.dma != nil:
		return dmaSignature[off-offDMAHigh]
	}
	return 0xFF
}

// Out implements devices.Port. No register is one byte wide to write.
func (d *Device) Out(uint16, uint8) {}

// InWide implements devices.WidePort: registers are read byte by byte.
func (d *Device) InWide(off uint16, size int) (v uint32) {
	for i := range size {
		v |= uint32(d.In(off+uint16(i))) << (8 * i)
	}
	return v
}

// OutWide implements devices.WidePort.
func (d *Device) OutWide(off uint16, size int, v uint32) {
	swapped := bits.ReverseBytes32(v)
	switch {
	case off == offSelect && size == 2:
		d.sel(uint16(v))
	case d.dma == nil || size != 4:
	case off == offDMAHigh:
		d.s.DMAHigh = swapped
	case off == offDMALow:
		at := uint64(d.s.DMAHigh)<<32 | uint64(swapped)
		d.s.DMAHigh = 0
		d.request(at)
	}
}

// request carries out the request at a guest-physical address.
func (d *Device) request(at uint64) {
	var r [requestSize]byte
	d.dma.ReadDMA(at, r[:])
	be := binary.BigEndian
	control := d.carryOut(be.Uint32(r[:]), be.Uint32(r[4:]), be.Uint64(r[8:]))
	be.PutUint32(r[:], control)
	d.dma.WriteDMA(at, r[:4])
}

// carryOut does what a request asks for and returns its control field afterwards.
func (d *Device) carryOut(control, length uint32, addr uint64) uint32 {
	if control&ctlSelect != 0 {
		d.sel(uint16(control >> 16))
	}
	rest := d.rest()
	n := uint32(min(uint64(length), uint64(len(rest))))
	switch {
	case control&ctlRead != 0:
		padding := length - n
		if padding > maxPadding || addr > ^uint64(0)-uint64(length) {
			return ctlError
		}
		d.dma.WriteDMA(addr, rest[:n])
		if padding > 0 {
			d.dma.WriteDMA(addr+uint64(n), make([]byte, padding))
		}
	case control&ctlWrite != 0:
		return ctlError
	case control&ctlSkip == 0:
		return 0
	}
	d.s.Offset += n
	return 0
}
