package cpu

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A rig is a processor with 4 MiB of RAM at 0 and tables at fixed places, for tests of
// what an operating system does.
type rig struct {
	*CPU
	t *testing.T
}

// Where the tables are.
const (
	rigGDT    = 0x1000
	rigIDT    = 0x2000
	rigTSS    = 0x3000
	rigCode   = 0x4000
	rigStack0 = 0x8000 // top, of the TSS too
	rigStack3 = 0x9000
	rigLDT    = 0xa000
	rigTSS2   = 0xb000
	rigTSS16  = 0xc000
	rigIST1   = 0xd800
	rigPages  = 0x10000
	rigHandle = 0x5000 // handler of vector v: rigHandle + 16·v
)

// Selectors of the rig's GDT.
const (
	selCode0   = 0x08
	selData0   = 0x10
	selCode3   = 0x18 | 3
	selData3   = 0x20 | 3
	selTSS     = 0x28 // 16 bytes
	selCode64  = 0x38
	selUser64  = 0x40 | 3
	selCode16  = 0x48
	selData16  = 0x50
	selConf    = 0x58 // conforming code, DPL 0
	selAbsent  = 0x60 // data, not present
	selRO      = 0x68 // read-only data, DPL 3
	selXO      = 0x70 // execute-only code, DPL 3
	selLDT     = 0x78 // 16 bytes
	selGate    = 0x88 // call gate, DPL 3; 16 bytes
	selTask    = 0x98 // task gate to selTSS2, DPL 3
	selTSS2    = 0xa0
	selTSS16   = 0xa8
	selDown    = 0xb0 // expand-down data
	selLAndD   = 0xb8 // code with L and D
	selAbsCode = 0xc0 // code, not present
	rigGDTEnd  = 0xcf
)

// desc builds a segment descriptor: access is byte 5, flags the upper half of byte 6.
func desc(base, limit uint64, access, flags uint64) uint64 {
	return limit&0xffff | base&0xffffff<<16 | access<<40 | limit>>16&15<<48 | flags<<52 | base>>24<<56
}

// gateDesc builds a gate; the low byte of mid is parameters or IST.
func gateDesc(sel, off uint64, access, mid uint64) uint64 {
	return off&0xffff | sel<<16 | mid<<32 | access<<40 | off>>16&0xffff<<48
}

func newRig(t *testing.T, model string) *rig {
	t.Helper()
	mem, err := phys.New(4 << 20)
	require.NoError(t, err)
	require.NoError(t, mem.MapRAM(0, 0, 4<<20))
	m, err := NewModel(model)
	require.NoError(t, err)
	c, err := New(m, mem)
	require.NoError(t, err)
	mem.OnMapChange, mem.OnProtect = c.MMU.Flush, c.MMU.DropPages
	t.Cleanup(func() {
		require.NoError(t, c.Close())
		require.NoError(t, mem.Close())
	})
	r := &rig{c, t}
	r.buildTables()
	return r
}

func (r *rig) poke(at uint64, size int, v uint64) { r.Phys.Write(phys.Addr(at), size, v) }
func (r *rig) peek(at uint64, size int) uint64    { return r.Phys.Read(phys.Addr(at), size) }

// gdt replaces an entry of the GDT.
func (r *rig) gdt(sel int, raw uint64) { r.poke(rigGDT+uint64(sel&^7), 8, raw) }

// idt replaces an entry of the 32-bit IDT.
func (r *rig) idt(v int, raw uint64) { r.poke(rigIDT+8*uint64(v), 8, raw) }

func (r *rig) buildTables() {
	for sel, raw := range map[int]uint64{
		selCode0: desc(0, 0xfffff, 0x9b, 0xc), selData0: desc(0, 0xfffff, 0x93, 0xc),
		selCode3: desc(0, 0xfffff, 0xfb, 0xc), selData3: desc(0, 0xfffff, 0xf3, 0xc),
		selTSS: desc(rigTSS, 0x2067, 0x89, 0), selCode64: desc(0, 0xfffff, 0x9b, 0xa), selUser64: desc(0, 0xfffff, 0xfb, 0xa),
		selCode16: desc(0, 0xffff, 0x9b, 0), selData16: desc(0, 0xffff, 0x93, 0),
		selConf: desc(0, 0xfffff, 0x9f, 0xc), selAbsent: desc(0, 0xfffff, 0x73, 0xc),
		selRO: desc(0, 0xfffff, 0xf1, 0xc), selXO: desc(0, 0xfffff, 0xf9, 0xc),
		selLDT:  desc(rigLDT, 0xff, 0x82, 0),
		selGate: gateDesc(selCode0, rigHandle, 0xec, 0),
		selTask: gateDesc(selTSS2, 0, 0xe5, 0), selTSS2: desc(rigTSS2, 0x67, 0x89, 0), selTSS16: desc(rigTSS16, 0x2b, 0x81, 0),
		selDown: desc(0, 0xfff, 0x97, 4), selLAndD: desc(0, 0xfffff, 0x9b, 0xe), selAbsCode: desc(0, 0xfffff, 0x1b, 0xc),
	} {
		r.gdt(sel, raw)
	}
	r.GDTR = Table{Base: rigGDT, Limit: rigGDTEnd}
}

// code puts machine code, in hex, at rigCode and points RIP at it.
func (r *rig) code(s string) {
	r.t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(r.t, err)
	for i := range MaxInst {
		r.poke(rigCode+uint64(i), 1, 0x90)
	}
	for i, v := range b {
		r.poke(rigCode+uint64(i), 1, uint64(v))
	}
	r.S.RIP = rigCode - r.S.R[RegSeg+x86.CS]
	if r.long64() {
		r.S.RIP = rigCode
	}
}

// run executes one instruction given in hex, and returns the exception it raised first.
func (r *rig) run(code string) Fault {
	r.t.Helper()
	r.code(code)
	return r.next()
}

// next executes the instruction at RIP and returns the exception it raised first.
func (r *rig) next() (f Fault) {
	var first Fault
	r.OnFault = func(f Fault) {
		if !first.Raised {
			first = f
		}
	}
	r.Run(1)
	r.OnFault = nil
	return first
}

// load sets a segment register from the GDT without checks.
func (r *rig) load(seg x86.Seg, sel uint16) {
	if null(sel) {
		r.setNull(seg, sel)
		return
	}
	d := decodeDescriptor(sel, r.peek(rigGDT+uint64(sel&^7), 8))
	r.setFrom(seg, sel, &d)
}

// real sets up real-address mode with a vector table at 0, whose vector v leads to
// 0000:rigHandle+16·v.
func (r *rig) enterReal() {
	for v := range uint64(256) {
		r.poke(4*v, 4, rigHandle+16*v)
	}
	r.setSegment(x86.CS, 0, 0, 0xffff, attrReal)
	r.IDTR = Table{Limit: 0x3ff}
	r.S.R[x86.RSP] = rigStack0
	r.updateMode()
}

// protect sets up 32-bit protected mode at privilege level cpl, with an IDT of 32-bit
// interrupt gates of DPL 3 to selCode0:rigHandle+16·v, and a TSS.
func (r *rig) protect(cpl uint8) {
	for v := range 48 {
		r.idt(v, gateDesc(selCode0, rigHandle+16*uint64(v), 0xee, 0))
	}
	r.IDTR = Table{Base: rigIDT, Limit: 8*48 - 1}
	r.CR0 |= x86.CR0_PE
	r.poke(rigTSS+4, 4, rigStack0)
	r.poke(rigTSS+8, 2, selData0)
	r.gdt(selTSS, desc(rigTSS, 0x2067, 0x89, 0))
	require.False(r.t, r.loadTR(selTSS).Raised)
	r.at(cpl)
}

// at moves to 32-bit code of privilege level cpl.
func (r *rig) at(cpl uint8) {
	cs, ss, sp := uint16(selCode0), uint16(selData0), uint64(rigStack0-0x200)
	if cpl == 3 {
		cs, ss, sp = selCode3, selData3, rigStack3
	}
	r.CPL = cpl
	r.load(x86.CS, cs)
	for _, s := range [...]x86.Seg{x86.SS, x86.DS, x86.ES, x86.FS, x86.GS} {
		r.load(s, ss)
	}
	r.S.R[x86.RSP] = sp
	r.updateMode()
}

// long sets up 64-bit mode at privilege level cpl with the lowest 4 MiB mapped to
// themselves, and an IDT of 64-bit interrupt gates of DPL 3.
func (r *rig) long(cpl uint8) {
	r.poke(rigPages, 8, rigPages+0x1000|7)
	r.poke(rigPages+0x1000, 8, rigPages+0x2000|7)
	for i := range uint64(2) {
		r.poke(rigPages+0x2000+8*i, 8, i<<21|0x87)
	}
	for v := range uint64(24) {
		r.gate64(int(v), gateDesc(selCode64, rigHandle+16*v, 0xee, 0))
	}
	r.IDTR = Table{Base: rigIDT, Limit: 16*24 - 1}
	r.CR3, r.CR4 = rigPages, x86.CR4_PAE
	r.CR0 |= x86.CR0_PE | x86.CR0_PG
	r.EFER = x86.EFER_LME | x86.EFER_LMA | x86.EFER_SCE
	r.updatePaging()
	r.poke(rigTSS+4, 8, rigStack0)
	r.poke(rigTSS+36, 8, rigIST1)
	r.gdt(selTSS, desc(rigTSS, 0x2067, 0x89, 0))
	require.False(r.t, r.loadTR(selTSS).Raised)
	r.CPL = cpl
	if cpl == 3 {
		r.load(x86.CS, selUser64)
		r.load(x86.SS, selData3)
		r.S.R[x86.RSP] = rigStack3
	} else {
		r.load(x86.CS, selCode64)
		r.load(x86.SS, 0)
		r.S.R[x86.RSP] = rigStack0 - 0x200
	}
	r.updateMode()
}

func (r *rig) gate64(v int, raw uint64) {
	r.poke(rigIDT+16*uint64(v), 8, raw)
	r.poke(rigIDT+16*uint64(v)+8, 8, 0)
}

// stack32 reads n doublewords from the stack pointer upwards.
func (r *rig) stack(n, size int) (v []uint64) {
	for i := range n {
		v = append(v, r.peek(r.S.R[x86.RSP]+uint64(i*size), size))
	}
	return v
}

// raised checks vector, error code and rule of a fault.
func raised(t *testing.T, f Fault, v x86.Vector, code uint16, reason x86.Reason) {
	t.Helper()
	require.True(t, f.Raised, "no fault")
	require.Equal(t, x86.Cause{Vector: v, Code: code, Reason: reason}, f.Cause, "%v", f)
}
