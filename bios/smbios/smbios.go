// Package smbios makes the SMBIOS tables of a board: what a system shows its user about
// the machine. Bytes from a description, nothing else.
//
//	type  what                      handle
//	0     BIOS                      0000h
//	1     system                    0100h
//	3     enclosure                 0300h
//	4     processor, one for each   0400h…
//	16    physical memory array     1000h
//	17    memory device, up to 16 GiB each   1100h…
//	19    mapped address, low and high       1300h…
//	32    system boot               2000h
//	127   end                       7F00h
//
// Source: DMTF System Management BIOS (SMBIOS) Reference Specification 2.8.0 (DSP0134).
package smbios

import (
	"encoding/binary"
	"fmt"
)

// A Board is what the tables say about a machine.
type Board struct {
	CPUs      int
	CPU       string // name of the processor
	Signature uint32 // CPUID 1 EAX
	Features  uint32 // CPUID 1 EDX
	Speed     uint16 // MHz
	Version   string // of the firmware
	// LowRAM is the RAM from 0 on, HighRAM that from 4 GiB on, in bytes.
	LowRAM, HighRAM uint64
}

const (
	manufacturer = "Glassbox"
	product      = "Standard PC (i440FX + PIIX, 1996)"
	releaseDate  = "01/01/2026"

	// maxDevice is the most that one memory device has, in bytes.
	maxDevice = 16 << 30
)

// AnchorSize is the size of the entry point structure, in bytes.
const AnchorSize = 31

// Build makes the structure table and, for the address at which it will be, the entry
// point structure, which goes to a multiple of 16 in F0000h–FFFFFh.
func Build(b Board, at uint32) (anchor, table []byte) {
	t := &tables{}
	t.bios(b)
	t.system()
	t.enclosure()
	for n := range max(b.CPUs, 1) {
		t.processor(b, n)
	}
	t.memory(b)
	t.add(32, 0x2000, make([]byte, 7)) // boot status: no errors
	t.add(127, 0x7f00, nil)
	return t.anchor(at), t.bytes
}

// tables is the structures so far.
type tables struct {
	bytes   []byte
	count   uint16
	longest uint16
}

// add appends a structure: its formatted area after the header, then its strings.
func (t *tables) add(kind uint8, handle uint16, area []byte, strings ...string) {
	s := []byte{kind, uint8(4 + len(area)), uint8(handle), uint8(handle >> 8)}
	s = append(s, area...)
	for _, text := range strings {
		s = append(append(s, text...), 0)
	}
	if len(strings) == 0 {
		s = append(s, 0)
	}
	s = append(s, 0)
	t.bytes = append(t.bytes, s...)
	t.count++
	t.longest = max(t.longest, uint16(len(s)))
}

// anchor is the entry point structure.
//
// SMBIOS, "SMBIOS 2.1 (32-bit) Entry Point".
func (t *tables) anchor(at uint32) []byte {
	p := make([]byte, AnchorSize)
	le := binary.LittleEndian
	copy(p, "_SM_")
	p[5] = AnchorSize
	p[6], p[7] = 2, 8
	le.PutUint16(p[8:], t.longest)
	copy(p[16:], "_DMI_")
	le.PutUint16(p[22:], uint16(len(t.bytes)))
	le.PutUint32(p[24:], at)
	le.PutUint16(p[28:], t.count)
	p[30] = 0x28
	p[21] = -total(p[16:])
	p[4] = -total(p)
	return p
}

func total(p []byte) (sum uint8) {
	for _, c := range p {
		sum += c
	}
	return sum
}

// bios is type 0.
func (t *tables) bios(b Board) {
	p := make([]byte, 20)
	p[0], p[1] = 1, 2 // vendor, version
	binary.LittleEndian.PutUint16(p[2:], 0xf000)
	p[4] = 3                                        // release date
	binary.LittleEndian.PutUint64(p[6:], 1<<7|1<<4) // PCI, ISA
	p[14] = 1 << 0                                  // ACPI
	p[15] = 1<<2 | 1<<4                             // boots what it finds; a virtual machine
	p[16], p[17] = 0, 1                             // release 0.1
	p[18], p[19] = 0xff, 0xff                       // no embedded controller
	t.add(0, 0, p, manufacturer, b.Version, releaseDate)
}

// system is type 1. A UUID of zeros says that there is none.
func (t *tables) system() {
	p := make([]byte, 23)
	p[0], p[1], p[2] = 1, 2, 3
	p[20] = 6 // woken by the power switch
	t.add(1, 0x100, p, manufacturer, product, "pc")
}

// enclosure is type 3.
func (t *tables) enclosure() {
	p := make([]byte, 18)
	p[0], p[1] = 1, 1          // manufacturer; other
	p[5], p[6], p[7] = 3, 3, 3 // states: safe
	p[8] = 2                   // security: unknown
	t.add(3, 0x300, p, manufacturer)
}

// processor is type 4, one for each socket.
func (t *tables) processor(b Board, n int) {
	p := make([]byte, 38)
	le := binary.LittleEndian
	p[0] = 1          // socket
	p[1], p[2] = 3, 1 // central processor, other family
	p[3] = 2          // manufacturer
	le.PutUint32(p[4:], b.Signature)
	le.PutUint32(p[8:], b.Features)
	p[12] = 3                     // version
	le.PutUint16(p[16:], b.Speed) // most
	le.PutUint16(p[18:], b.Speed) // now
	p[20], p[21] = 0x41, 1        // populated and enabled; upgrade: other
	for _, cache := range []int{22, 24, 26} {
		le.PutUint16(p[cache:], 0xffff) // no structure
	}
	p[31], p[32], p[33] = 1, 1, 1 // cores, enabled, threads
	le.PutUint16(p[34:], 2)       // characteristics: unknown
	le.PutUint16(p[36:], 1)
	t.add(4, 0x400+uint16(n), p, fmt.Sprintf("CPU %d", n), manufacturer, b.CPU)
}

const (
	arrayHandle = 0x1000
	noError     = 0xfffe // no structure for errors
)

// memory is types 16, 17 and 19.
func (t *tables) memory(b Board) {
	le := binary.LittleEndian
	ram := b.LowRAM + b.HighRAM
	devices := uint16((ram + maxDevice - 1) / maxDevice)
	p := make([]byte, 19)
	p[0], p[1], p[2] = 1, 3, 6 // other place, system memory, multi-bit ECC
	le.PutUint32(p[3:], uint32(min(ram>>10, 0x80000000)))
	if ram>>10 >= 0x80000000 {
		le.PutUint64(p[11:], ram)
	}
	le.PutUint16(p[7:], noError)
	le.PutUint16(p[9:], devices)
	t.add(16, arrayHandle, p)
	for n := range devices {
		t.memoryDevice(n, min(ram-uint64(n)*maxDevice, maxDevice))
	}
	t.mapped(0, 0, b.LowRAM, devices)
	if b.HighRAM > 0 {
		t.mapped(1, 4<<30, b.HighRAM, devices)
	}
}

// memoryDevice is type 17.
func (t *tables) memoryDevice(n uint16, size uint64) {
	le := binary.LittleEndian
	p := make([]byte, 36)
	le.PutUint16(p[0:], arrayHandle)
	le.PutUint16(p[2:], noError)
	le.PutUint16(p[4:], 0xffff) // widths unknown
	le.PutUint16(p[6:], 0xffff)
	le.PutUint16(p[8:], uint16(size>>20)) // MiB
	p[10] = 9                             // DIMM
	p[12] = 1                             // locator
	p[14] = 7                             // RAM
	le.PutUint16(p[15:], 1<<1)            // other
	p[19] = 2                             // manufacturer
	t.add(17, 0x1100+n, p, fmt.Sprintf("DIMM %d", n), manufacturer)
}

// mapped is type 19.
func (t *tables) mapped(n uint16, start, size uint64, devices uint16) {
	le := binary.LittleEndian
	p := make([]byte, 27)
	first, last := start>>10, (start+size)>>10-1
	if last < 0xffffffff {
		le.PutUint32(p[0:], uint32(first))
		le.PutUint32(p[4:], uint32(last))
	} else {
		le.PutUint32(p[0:], 0xffffffff)
		le.PutUint32(p[4:], 0xffffffff)
		le.PutUint64(p[11:], start)
		le.PutUint64(p[19:], start+size-1)
	}
	le.PutUint16(p[8:], arrayHandle)
	p[10] = uint8(devices)
	t.add(19, 0x1300+n, p)
}
