// Package phys is the guest-physical address space: what the board decodes. RAM, ROM and
// register windows, the A20 gate, and the marks by which others learn that memory changed.
//
// Read in this order: phys.go (what there is), map.go (who answers which address),
// access.go (reads and writes), watch.go (code pages, dirty pages), share.go (copies that
// share pages).
//
// # Backing
//
// All memory lies in one slice whose base never moves: RAM first, then spare room that
// ROM images and video memory take pieces of. "Offset" always means an offset into it.
//
// # Who answers
//
//	1  MMIO window
//	2  ROM
//	3  RAM
//	4  nobody: reads give all ones, writes are dropped
//
// The lower number wins. SetShadow overrides this for a range, as the PAM registers of the
// Intel 82441FX do: RAM or the bus (1, 2, 4) answers, separately for reads and for writes.
//
// # Inaccuracies
//
// An access that crosses the border of two windows is split into bytes; one that is not
// aligned on its size is split into aligned halves. Memory types have no effect.
package phys

import (
	"errors"
	"fmt"
)

// An Addr is a guest-physical address, after paging and before the A20 gate.
type Addr uint64

// PageSize is the granularity of RAM, ROM, watching and dirty tracking, in bytes.
const PageSize = 4096

// AddrBits is the number of physical address bits that can be mapped, the architectural
// limit of x86. Nobody answers above.
const AddrBits = 52

const (
	pageMask = PageSize - 1
	maxAddr  = 1 << AddrBits
	a20      = 1 << 20

	ramUnit   = 1 << 20
	maxRAM    = 1 << 40
	spareSize = 32 << 20
)

// A Window answers accesses to memory-mapped registers. off counts bytes from the start
// of the window; size is 1, 2, 4 or 8 (bytes), off is a multiple of size, and off+size
// never passes the end. Only the low size bytes of a value are significant.
type Window interface {
	ReadMMIO(off uint64, size int) uint64
	WriteMMIO(off uint64, size int, v uint64)
}

// A Kind says what answers at an address.
type Kind uint8

// Kinds.
const (
	None Kind = iota // nobody: all ones, writes dropped
	RAM
	ROM
	MMIO
)

// String is the name of the kind.
func (k Kind) String() string {
	switch k {
	case None:
		return "none"
	case RAM:
		return "RAM"
	case ROM:
		return "ROM"
	case MMIO:
		return "MMIO"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// A Memory is one guest-physical address space. Not safe for concurrent use.
//
// The hooks are nil by default; set them before the machine runs.
type Memory struct {
	// OnMapChange is called after any mapping, shadowing or A20 change. Whoever holds
	// results of Lookup must forget them.
	OnMapChange func()
	// OnCodeWrite is called after n bytes at offset off changed, for writes that touch a
	// watched page. off…off+n-1 lie within one page.
	OnCodeWrite func(off uint64, n int)
	// OnProtect is called when the pages at offsets off…off+size-1 became slow to write:
	// whoever holds a Page of theirs must no longer write without asking.
	OnProtect func(off, size uint64)
	// OnUnmodelled is called on the first access to a page that nobody answers.
	OnUnmodelled func(a Addr, size int, write bool)

	back    []byte
	ramSize uint64
	spare   uint64 // offset of the first free byte of the spare room

	gate  uint64 // address bits that the A20 gate lets through
	spans []span // flat result of the mappings, sorted, without gaps
	// The largest run of plain RAM, looked at first.
	hotStart, hotSize, hotOff uint64

	regions []region
	shadows []shadow

	attr     []uint8 // per page of back: attrWatched and the armed bits of trackers
	trackers [maxTrackers]*Tracker
	early    uint8 // bits of trackers that want to see a page before it changes
	lasting  uint8 // bits of trackers that want to hear of every write

	image *image   // what back is mapped over, on hosts that can share it; else nil
	own   *Tracker // once there was a Fork: the pages that differ from image

	touches   uint64
	unclaimed uint64
	reported  map[uint64]struct{} // pages given to OnUnmodelled, at most maxReported
}

// New makes an address space with ramSize bytes of RAM, a multiple of 1 MiB, all zero.
// Nothing is mapped yet and the A20 gate is open.
func New(ramSize uint64) (*Memory, error) {
	if ramSize == 0 || ramSize%ramUnit != 0 || ramSize > maxRAM {
		return nil, fmt.Errorf("phys: RAM size %d is not a positive multiple of 1 MiB up to 1 TiB", ramSize)
	}
	back, img, err := allocate(ramSize + spareSize)
	if err != nil {
		return nil, fmt.Errorf("phys: allocate %d MiB of guest RAM: %w", ramSize>>20, err)
	}
	return newMemory(back, img, ramSize), nil
}

// newMemory makes an address space of back, a mapping of img, which may be nil.
func newMemory(back []byte, img *image, ramSize uint64) *Memory {
	m := &Memory{
		back:     back,
		image:    img,
		ramSize:  ramSize,
		spare:    ramSize,
		gate:     ^uint64(0),
		attr:     make([]uint8, len(back)/PageSize),
		reported: map[uint64]struct{}{},
	}
	m.rebuild()
	return m
}

// Close gives the backing store back to the host. The Memory must not be used any more,
// nor any slice of it.
func (m *Memory) Close() error {
	back := m.back
	m.back, m.attr = nil, nil
	m.regions, m.shadows = nil, nil
	m.rebuild()
	if back == nil {
		return nil
	}
	err := release(back)
	if m.image != nil && m.image.users.Add(-1) == 0 {
		err = errors.Join(err, m.image.close())
	}
	m.image, m.own = nil, nil
	if err != nil {
		return fmt.Errorf("phys: release guest RAM: %w", err)
	}
	return nil
}

// RAM is the guest's RAM, whatever is mapped over it. Writing to it is allowed only while
// no page is watched or tracked.
func (m *Memory) RAM() []byte { return m.back[:m.ramSize:m.ramSize] }

// Backing is RAM followed by the spare room. Its base never moves. Pages that Lookup
// calls Writable and not Slow may be written directly.
func (m *Memory) Backing() []byte { return m.back }

// Reserve takes size bytes, rounded up to pages, from the spare room and returns their
// offset. They are zero, and never given back.
func (m *Memory) Reserve(size uint64) (off uint64, err error) {
	free := uint64(len(m.back)) - m.spare
	if size > free {
		return 0, fmt.Errorf("phys: reserve %d bytes: only %d left", size, free)
	}
	off = m.spare
	m.spare += roundUp(size)
	return off, nil
}

// SetA20 opens or closes the A20 gate. While it is closed, bit 20 of every address the
// processor puts out is 0. Bus masters and ReadAt do not pass through the gate.
func (m *Memory) SetA20(open bool) {
	gate := ^uint64(0)
	if !open {
		gate = ^uint64(a20)
	}
	if gate == m.gate {
		return
	}
	m.gate = gate
	m.mapChanged()
}

// A20 says whether the gate is open.
func (m *Memory) A20() bool { return m.gate&a20 != 0 }

// Touches is the number of accesses to MMIO windows so far.
func (m *Memory) Touches() uint64 { return m.touches }

// Unclaimed is the number of accesses that nobody answered so far.
func (m *Memory) Unclaimed() uint64 { return m.unclaimed }

func roundUp(n uint64) uint64 { return (n + pageMask) &^ pageMask }
