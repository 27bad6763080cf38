//go:build !purego && (amd64 || arm64 || wasm)

package cpu

import (
	"unsafe"

	"github.com/glassbox-vm/glassbox/mmu"
)

// Loads and stores of the fast engine: what mmu.Load64 and its kin do, with the table of the
// present access class and the base of guest memory at hand. It is safe for the same reason:
// an offset comes from an entry whose tag matched, so its page lies in the backing. See
// FAST.md for what it brings.

// A hostBase is the address of guest memory. The backing is not in the Go heap or, where
// it is, held by phys.Memory for longer than the processor lives.
type hostBase = unsafe.Pointer

func baseOf(back []byte) hostBase { return unsafe.Pointer(unsafe.SliceData(back)) }

func (c *CPU) load8(la mmu.LinAddr) (v uint64, ok bool) {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.RTag; d < mmuPage {
		return uint64(*(*uint8)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) load16(la mmu.LinAddr) (v uint64, ok bool) {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.RTag; d < mmuPage-1 {
		return uint64(*(*uint16)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) load32(la mmu.LinAddr) (v uint64, ok bool) {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.RTag; d < mmuPage-3 {
		return uint64(*(*uint32)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) load64(la mmu.LinAddr) (v uint64, ok bool) {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.RTag; d < mmuPage-7 {
		return *(*uint64)(unsafe.Add(c.base, e.Off+d)), true
	}
	return 0, false
}

func (c *CPU) store8(la mmu.LinAddr, v uint64) bool {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.WTag; d < mmuPage {
		*(*uint8)(unsafe.Add(c.base, e.Off+d)) = uint8(v)
		return true
	}
	return false
}

func (c *CPU) store16(la mmu.LinAddr, v uint64) bool {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.WTag; d < mmuPage-1 {
		*(*uint16)(unsafe.Add(c.base, e.Off+d)) = uint16(v)
		return true
	}
	return false
}

func (c *CPU) store32(la mmu.LinAddr, v uint64) bool {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.WTag; d < mmuPage-3 {
		*(*uint32)(unsafe.Add(c.base, e.Off+d)) = uint32(v)
		return true
	}
	return false
}

func (c *CPU) store64(la mmu.LinAddr, v uint64) bool {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.WTag; d < mmuPage-7 {
		*(*uint64)(unsafe.Add(c.base, e.Off+d)) = v
		return true
	}
	return false
}

// modify8 and its kin load an operand that a store will follow: only what may be written.
// The paging structures may lead elsewhere for a write than a stale entry for reads does.
func (c *CPU) modify8(la mmu.LinAddr) (v uint64, ok bool) {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.WTag; d < mmuPage {
		return uint64(*(*uint8)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) modify16(la mmu.LinAddr) (v uint64, ok bool) {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.WTag; d < mmuPage-1 {
		return uint64(*(*uint16)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) modify32(la mmu.LinAddr) (v uint64, ok bool) {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.WTag; d < mmuPage-3 {
		return uint64(*(*uint32)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) modify64(la mmu.LinAddr) (v uint64, ok bool) {
	e := &c.tlb[la/mmuPage%mmu.TLBSize]
	if d := uint64(la) ^ e.WTag; d < mmuPage-7 {
		return *(*uint64)(unsafe.Add(c.base, e.Off+d)), true
	}
	return 0, false
}
