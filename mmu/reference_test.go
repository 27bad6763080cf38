package mmu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A reference is the slow, obvious translation the MMU is compared with: one function per
// paging mode, written from the tables of SDM Vol. 3A, "Paging", in their order, with the
// bit numbers of those tables. It keeps no translations.
type reference struct {
	ram                 []byte // physical memory from 0; beyond it everything reads as FFh
	cr0, cr3, cr4, efer uint64
	pkru                uint32
	pdpte               [4]uint64
}

// refResult is what an access should do.
type refResult struct {
	fault bool
	code  uint16
	why   x86.Reason
	phys  uint64
	size  uint64 // of the page

	used []refEntry // entries whose accessed flag is set if all is well; the last maps the page
}

type refEntry struct {
	addr uint64
	size int
}

func (r *reference) get(addr uint64, size int) (v uint64) {
	for i := size - 1; i >= 0; i-- {
		b := byte(0xff)
		if at := addr + uint64(i); at < uint64(len(r.ram)) {
			b = r.ram[at]
		}
		v = v<<8 | uint64(b)
	}
	return v
}

func (r *reference) set(e refEntry, bits uint64) {
	if e.addr+uint64(e.size) > uint64(len(r.ram)) {
		return
	}
	if e.size == 4 {
		v := binary.LittleEndian.Uint32(r.ram[e.addr:])
		binary.LittleEndian.PutUint32(r.ram[e.addr:], v|uint32(bits))
		return
	}
	v := binary.LittleEndian.Uint64(r.ram[e.addr:])
	binary.LittleEndian.PutUint64(r.ram[e.addr:], v|bits)
}

// bit returns bit n of v, bitsOf bits hi:lo in place.
func bit(v uint64, n uint) bool { return v>>n&1 == 1 }

func bitsOf(v uint64, hi, lo uint) uint64 {
	return v >> lo << lo & (^uint64(0) >> (63 - hi))
}

// rights is what the entries of a walk say together.
type rights struct {
	rw, us, xd bool
	key        uint
}

func (r *reference) translate(la uint64, a Access, c Class) refResult {
	if !bit(r.cr0, 31) {
		if !bit(r.efer, 10) {
			la = bitsOf(la, 31, 0)
		}
		return refResult{phys: la, size: 4096}
	}
	var res refResult
	var rt rights
	switch {
	case !bit(r.cr4, 5):
		res, rt = r.bits32(bitsOf(la, 31, 0))
	case !bit(r.efer, 10):
		res, rt = r.pae(bitsOf(la, 31, 0))
	default:
		res, rt = r.long(la)
	}
	r.decide(&res, rt, a, c)
	return res
}

// commit sets accessed and dirty flags of an access that succeeded.
func (r *reference) commit(res refResult, a Access) {
	for i, e := range res.used {
		r.set(e, 1<<5)
		if a == AccessWrite && i == len(res.used)-1 {
			r.set(e, 1<<6)
		}
	}
}

const physTop = 39 // MAXPHYADDR - 1

func notPresent() refResult { return refResult{fault: true, why: x86.ReasonPageNotPresent} }
func reservedBit() refResult {
	return refResult{fault: true, why: x86.ReasonPageReserved}
}

// bits32: tables "Format of a 32-Bit Page-Directory Entry that Maps a 4-MByte Page",
// "… that References a Page Table", "… Page-Table Entry that Maps a 4-KByte Page".
func (r *reference) bits32(la uint64) (refResult, rights) {
	pdeAddr := bitsOf(r.cr3, 31, 12) | bitsOf(la, 31, 22)>>22*4
	pde := r.get(pdeAddr, 4)
	if !bit(pde, 0) {
		return notPresent(), rights{}
	}
	rt := rights{rw: bit(pde, 1), us: bit(pde, 2)}
	if bit(pde, 7) && bit(r.cr4, 4) {
		if bit(pde, 21) {
			return reservedBit(), rights{}
		}
		page := bitsOf(pde, 31, 22) | bitsOf(pde, 20, 13)>>13<<32
		return refResult{phys: page + bitsOf(la, 21, 0), size: 4 << 20, used: []refEntry{{pdeAddr, 4}}}, rt
	}
	pteAddr := bitsOf(pde, 31, 12) | bitsOf(la, 21, 12)>>12*4
	pte := r.get(pteAddr, 4)
	if !bit(pte, 0) {
		return notPresent(), rights{}
	}
	rt.rw = rt.rw && bit(pte, 1)
	rt.us = rt.us && bit(pte, 2)
	return refResult{
		phys: bitsOf(pte, 31, 12) + bitsOf(la, 11, 0), size: 4096,
		used: []refEntry{{pdeAddr, 4}, {pteAddr, 4}},
	}, rt
}

// pae: tables "Format of a PAE Page-Directory Entry …", "Format of a PAE Page-Table Entry …".
func (r *reference) pae(la uint64) (refResult, rights) {
	pdpte := r.pdpte[bitsOf(la, 31, 30)>>30]
	if !bit(pdpte, 0) {
		return notPresent(), rights{}
	}
	noXD := !bit(r.efer, 11)

	pdeAddr := bitsOf(pdpte, physTop, 12) | bitsOf(la, 29, 21)>>21*8
	pde := r.get(pdeAddr, 8)
	if !bit(pde, 0) {
		return notPresent(), rights{}
	}
	if bitsOf(pde, 62, 40) != 0 || noXD && bit(pde, 63) {
		return reservedBit(), rights{}
	}
	rt := rights{rw: bit(pde, 1), us: bit(pde, 2), xd: bit(pde, 63)}
	if bit(pde, 7) {
		if bitsOf(pde, 20, 13) != 0 {
			return reservedBit(), rights{}
		}
		return refResult{
			phys: bitsOf(pde, physTop, 21) + bitsOf(la, 20, 0), size: 2 << 20,
			used: []refEntry{{pdeAddr, 8}},
		}, rt
	}
	pteAddr := bitsOf(pde, physTop, 12) | bitsOf(la, 20, 12)>>12*8
	pte := r.get(pteAddr, 8)
	if !bit(pte, 0) {
		return notPresent(), rights{}
	}
	if bitsOf(pte, 62, 40) != 0 || noXD && bit(pte, 63) {
		return reservedBit(), rights{}
	}
	rt.rw = rt.rw && bit(pte, 1)
	rt.us = rt.us && bit(pte, 2)
	rt.xd = rt.xd || bit(pte, 63)
	return refResult{
		phys: bitsOf(pte, physTop, 12) + bitsOf(la, 11, 0), size: 4096,
		used: []refEntry{{pdeAddr, 8}, {pteAddr, 8}},
	}, rt
}

// long: tables "Format of a PML5 Entry", "… PML4 Entry", "… Page-Directory-Pointer-Table
// Entry …", "… Page-Directory Entry …", "… Page-Table Entry …" of 4- and 5-level paging.
func (r *reference) long(la uint64) (refResult, rights) {
	type step struct {
		hi, lo uint // index bits of the linear address
		maps   bool // bit 7 may map a page
	}
	steps := []step{{47, 39, false}, {38, 30, true}, {29, 21, true}, {20, 12, false}}
	if bit(r.cr4, 12) {
		steps = append([]step{{56, 48, false}}, steps...)
	}
	noXD := !bit(r.efer, 11)
	rt := rights{rw: true, us: true}
	var used []refEntry
	table := bitsOf(r.cr3, physTop, 12)
	for i, s := range steps {
		last := i == len(steps)-1
		addr := table | bitsOf(la, s.hi, s.lo)>>s.lo*8
		e := r.get(addr, 8)
		if !bit(e, 0) {
			return notPresent(), rights{}
		}
		if bitsOf(e, 51, 40) != 0 || noXD && bit(e, 63) {
			return reservedBit(), rights{}
		}
		if !last && !s.maps && bit(e, 7) {
			return reservedBit(), rights{}
		}
		used = append(used, refEntry{addr, 8})
		rt.rw = rt.rw && bit(e, 1)
		rt.us = rt.us && bit(e, 2)
		rt.xd = rt.xd || bit(e, 63)
		if last || s.maps && bit(e, 7) {
			if !last && bitsOf(e, s.lo-1, 13) != 0 {
				return reservedBit(), rights{}
			}
			rt.key = uint(bitsOf(e, 62, 59) >> 59)
			return refResult{
				phys: bitsOf(e, physTop, s.lo) + bitsOf(la, s.lo-1, 0), size: 1 << s.lo, used: used,
			}, rt
		}
		table = bitsOf(e, physTop, 12)
	}
	panic("unreachable")
}

// decide is "Determination of Access Rights", clause by clause, and "Page-Fault
// Exceptions" for the error code.
func (r *reference) decide(res *refResult, rt rights, a Access, c Class) {
	userMode := c == ClassUser
	var (
		wp   = bit(r.cr0, 16)
		pae  = bit(r.cr4, 5)
		smep = bit(r.cr4, 20)
		pke  = bit(r.cr4, 22) && pae && bit(r.efer, 10)
		nxe  = bit(r.efer, 11)
	)
	keyDenies := false
	if !res.fault {
		ad := pke && r.pkru>>(2*rt.key)&1 == 1
		wd := pke && r.pkru>>(2*rt.key)&2 == 2
		userPage := rt.us
		ok := true
		switch {
		case !userMode && a == AccessRead && !userPage:
			// "Data may be read … from any supervisor-mode address"
		case !userMode && a == AccessRead:
			keyDenies = ad
			if c == ClassSuperSMAP {
				ok, res.why = false, x86.ReasonPageSMAP
			}
		case !userMode && a == AccessWrite && !userPage:
			if wp && !rt.rw {
				ok, res.why = false, x86.ReasonPageWriteProtected
			}
		case !userMode && a == AccessWrite:
			keyDenies = ad || wd && wp
			if wp && !rt.rw {
				ok, res.why = false, x86.ReasonPageWriteProtected
			}
			if c == ClassSuperSMAP {
				ok, res.why = false, x86.ReasonPageSMAP
			}
		case !userMode && a == AccessFetch && !userPage:
			if nxe && rt.xd {
				ok, res.why = false, x86.ReasonPageNoExecute
			}
		case !userMode && a == AccessFetch:
			if nxe && rt.xd {
				ok, res.why = false, x86.ReasonPageNoExecute
			}
			if smep {
				ok, res.why = false, x86.ReasonPageSMEP
			}
		case !userPage: // user-mode access to a supervisor-mode address
			ok, res.why = false, x86.ReasonPageSupervisor
		case a == AccessRead:
			keyDenies = ad
		case a == AccessWrite:
			keyDenies = ad || wd
			if !rt.rw {
				ok, res.why = false, x86.ReasonPageWriteProtected
			}
		case a == AccessFetch:
			if nxe && rt.xd {
				ok, res.why = false, x86.ReasonPageNoExecute
			}
		}
		if ok && keyDenies {
			ok, res.why = false, x86.ReasonPageProtectionKey
		}
		res.fault = !ok
	}
	if !res.fault {
		return
	}
	if res.why != x86.ReasonPageNotPresent {
		res.code |= 1 << 0
	}
	if a == AccessWrite {
		res.code |= 1 << 1
	}
	if userMode {
		res.code |= 1 << 2
	}
	if res.why == x86.ReasonPageReserved {
		res.code |= 1 << 3
	}
	if a == AccessFetch && (smep || pae && nxe) {
		res.code |= 1 << 4
	}
	if keyDenies {
		res.code |= 1 << 5
	}
}
