//go:build purego || !(amd64 || arm64 || wasm)

package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/mmu"
)

// The plain form of fast_host_unsafe.go.

type hostBase = struct{}

func baseOf([]byte) hostBase { return hostBase{} }

// after is the operation that follows o in its block.
func (o *op) after() *op { return o.next }

// pairOf and same would need to compare handlers.
func pairOf(a, b handler) handler { return nil }
func same(a, b handler) bool      { return false }

// skip, toPush and toPop are for runs, which same does not find.
func (o *op) skip(uintptr) *op                               { return nil }
func (c *CPU) toPush(la mmu.LinAddr, size uint64) *[6]uint64 { return nil }
func (c *CPU) toPop(la mmu.LinAddr, size uint64) *[6]uint64  { return nil }

// segment is the segment register whose base is in slot n.
func (c *CPU) segment(n uint8) *Segment { return &c.Seg[n%RegSeg] }

// put8 and its kin store at offset off of the backing.
func (c *CPU) put8(off, v uint64)  { c.Phys.Backing()[off] = byte(v) }
func (c *CPU) put16(off, v uint64) { binary.LittleEndian.PutUint16(c.Phys.Backing()[off:], uint16(v)) }
func (c *CPU) put32(off, v uint64) { binary.LittleEndian.PutUint32(c.Phys.Backing()[off:], uint32(v)) }
func (c *CPU) put64(off, v uint64) { binary.LittleEndian.PutUint64(c.Phys.Backing()[off:], v) }

// r is slot n of the register file, n below 32.
func (s *State) r(n uint8) *uint64 { return &s.R[n&regMask] }

func (c *CPU) load8(la mmu.LinAddr) (v uint64, ok bool)  { return c.MMU.Load8(la, c.class) }
func (c *CPU) load16(la mmu.LinAddr) (v uint64, ok bool) { return c.MMU.Load16(la, c.class) }
func (c *CPU) load32(la mmu.LinAddr) (v uint64, ok bool) { return c.MMU.Load32(la, c.class) }
func (c *CPU) load64(la mmu.LinAddr) (v uint64, ok bool) { return c.MMU.Load64(la, c.class) }

func (c *CPU) store8(la mmu.LinAddr, v uint64) bool  { return c.MMU.Store8(la, v, c.class) }
func (c *CPU) store16(la mmu.LinAddr, v uint64) bool { return c.MMU.Store16(la, v, c.class) }
func (c *CPU) store32(la mmu.LinAddr, v uint64) bool { return c.MMU.Store32(la, v, c.class) }
func (c *CPU) store64(la mmu.LinAddr, v uint64) bool { return c.MMU.Store64(la, v, c.class) }

func (c *CPU) load128(la mmu.LinAddr) (lo, hi uint64, ok bool) {
	if lo, ok = c.load64(la); ok {
		hi, ok = c.load64(la + 8)
	}
	return lo, hi, ok
}

func (c *CPU) store128(la mmu.LinAddr, lo, hi uint64) bool {
	return la%mmuPage <= mmuPage-16 && c.store64(la, lo) && c.store64(la+8, hi)
}

func (c *CPU) modify8(la mmu.LinAddr) (v uint64, ok bool)  { return c.modifyHit(la, 1) }
func (c *CPU) modify16(la mmu.LinAddr) (v uint64, ok bool) { return c.modifyHit(la, 2) }
func (c *CPU) modify32(la mmu.LinAddr) (v uint64, ok bool) { return c.modifyHit(la, 4) }
func (c *CPU) modify64(la mmu.LinAddr) (v uint64, ok bool) { return c.modifyHit(la, 8) }

func (c *CPU) modifyHit(la mmu.LinAddr, w width) (v uint64, ok bool) {
	if _, ok := c.MMU.Span(la, mmu.AccessWrite, c.class); !ok {
		return 0, false
	}
	return c.loadHit(la, w)
}
