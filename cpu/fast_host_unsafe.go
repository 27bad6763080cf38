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

// after is the operation that follows o in its block: the next one in memory. It says so
// without a load, which would have to finish before the host can look at that operation.
func (o *op) after() *op { return (*op)(unsafe.Add(unsafe.Pointer(o), unsafe.Sizeof(op{}))) }

// skip is the n-th operation after o.
func (o *op) skip(n uintptr) *op { return (*op)(unsafe.Add(unsafe.Pointer(o), n*unsafe.Sizeof(op{}))) }

// pairOf is the handler that does what a and then b do; nil if there is none. Handlers are
// known by the address of the function, the only thing that Go gives to compare them by.
func pairOf(a, b handler) handler { return pairTable[[2]unsafe.Pointer{address(a), address(b)}] }

// same says whether a and b are one function.
func same(a, b handler) bool { return address(a) == address(b) }

func address(h handler) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&h)) }

var pairTable = func() map[[2]unsafe.Pointer]handler {
	t := make(map[[2]unsafe.Pointer]handler, len(pairRows))
	for _, r := range pairRows {
		t[[2]unsafe.Pointer{address(r.first), address(r.second)}] = r.both
	}
	return t
}()

// r is slot n of the register file, n below 32: all slots of an op come from the decoder or
// are RegZero and the segment bases.
func (s *State) r(n uint8) *uint64 {
	return (*uint64)(unsafe.Add(unsafe.Pointer(s), uintptr(n)*8))
}

// segment is the segment register whose base is in slot n: the six from RegSeg on.
func (c *CPU) segment(n uint8) *Segment {
	return (*Segment)(unsafe.Add(unsafe.Pointer(&c.Seg), uintptr(n-RegSeg)*unsafe.Sizeof(Segment{})))
}

// put8 and its kin store at offset off of the backing, which comes from the TLB.
func (c *CPU) put8(off, v uint64)  { *(*uint8)(unsafe.Add(c.base, off)) = uint8(v) }
func (c *CPU) put16(off, v uint64) { *(*uint16)(unsafe.Add(c.base, off)) = uint16(v) }
func (c *CPU) put32(off, v uint64) { *(*uint32)(unsafe.Add(c.base, off)) = uint32(v) }
func (c *CPU) put64(off, v uint64) { *(*uint64)(unsafe.Add(c.base, off)) = v }

// entry is where the TLB would have the page of la.
func (c *CPU) entry(la mmu.LinAddr) *mmu.TLBEntry {
	return (*mmu.TLBEntry)(unsafe.Add(unsafe.Pointer(c.tlb), uintptr(la/mmuPage%mmu.TLBSize)*unsafe.Sizeof(mmu.TLBEntry{})))
}

func (c *CPU) load8(la mmu.LinAddr) (v uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.RTag; d < mmuPage {
		return uint64(*(*uint8)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) load16(la mmu.LinAddr) (v uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.RTag; d < mmuPage-1 {
		return uint64(*(*uint16)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) load32(la mmu.LinAddr) (v uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.RTag; d < mmuPage-3 {
		return uint64(*(*uint32)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) load64(la mmu.LinAddr) (v uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.RTag; d < mmuPage-7 {
		return *(*uint64)(unsafe.Add(c.base, e.Off+d)), true
	}
	return 0, false
}

func (c *CPU) load128(la mmu.LinAddr) (lo, hi uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.RTag; d < mmuPage-15 {
		p := (*[2]uint64)(unsafe.Add(c.base, e.Off+d))
		return p[0], p[1], true
	}
	return 0, 0, false
}

func (c *CPU) store8(la mmu.LinAddr, v uint64) bool {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage {
		*(*uint8)(unsafe.Add(c.base, e.Off+d)) = uint8(v)
		return true
	}
	return false
}

func (c *CPU) store16(la mmu.LinAddr, v uint64) bool {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage-1 {
		*(*uint16)(unsafe.Add(c.base, e.Off+d)) = uint16(v)
		return true
	}
	return false
}

func (c *CPU) store32(la mmu.LinAddr, v uint64) bool {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage-3 {
		*(*uint32)(unsafe.Add(c.base, e.Off+d)) = uint32(v)
		return true
	}
	return false
}

func (c *CPU) store64(la mmu.LinAddr, v uint64) bool {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage-7 {
		*(*uint64)(unsafe.Add(c.base, e.Off+d)) = v
		return true
	}
	return false
}

func (c *CPU) store128(la mmu.LinAddr, lo, hi uint64) bool {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage-15 {
		*(*[2]uint64)(unsafe.Add(c.base, e.Off+d)) = [2]uint64{lo, hi}
		return true
	}
	return false
}

// modify8 and its kin load an operand that a store will follow: only what may be written.
// The paging structures may lead elsewhere for a write than a stale entry for reads does.
func (c *CPU) modify8(la mmu.LinAddr) (v uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage {
		return uint64(*(*uint8)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) modify16(la mmu.LinAddr) (v uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage-1 {
		return uint64(*(*uint16)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) modify32(la mmu.LinAddr) (v uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage-3 {
		return uint64(*(*uint32)(unsafe.Add(c.base, e.Off+d))), true
	}
	return 0, false
}

func (c *CPU) modify64(la mmu.LinAddr) (v uint64, ok bool) {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d < mmuPage-7 {
		return *(*uint64)(unsafe.Add(c.base, e.Off+d)), true
	}
	return 0, false
}

// toPush and toPop are where the size bytes at la are, up to 48, if the TLB allows a run of
// PUSH to store or one of POP to load all of them; else nil.
func (c *CPU) toPush(la mmu.LinAddr, size uint64) *[6]uint64 {
	e := c.entry(la)
	if d := uint64(la) ^ e.WTag; d <= mmuPage-size {
		return (*[6]uint64)(unsafe.Add(c.base, e.Off+d))
	}
	return nil
}

func (c *CPU) toPop(la mmu.LinAddr, size uint64) *[6]uint64 {
	e := c.entry(la)
	if d := uint64(la) ^ e.RTag; d <= mmuPage-size {
		return (*[6]uint64)(unsafe.Add(c.base, e.Off+d))
	}
	return nil
}
