package oracle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Where the emulator's own tables are: physical, and linear from kernel on, where only the
// supervisor may go.
const (
	kernel   = 0xffff_8000_0000_0000
	rigGDT   = 0x1000
	rigIDT   = 0x2000
	rigTSS   = 0x3000
	rigLDT   = 0x4000
	rigStack = 0x5ff0 // top of the stack of privilege level 0
	rigPages = 0x8000 // page tables
	rigA     = 0x20000
	rigB     = 0x21000
	rigCode  = 0x23000
	rigExit  = 0x24000
	rigRAM   = 1 << 20

	selKernelCode = 0x10
	selTSS        = 0x40
	selLDT        = 0x50
)

// A windowPage is a page of the windows: linear address, where it lies in memory, where in a
// block's Windows, and where its page-table entry is.
type windowPage struct {
	lin                 uint64
	ram, content, entry int
}

func pageOf(lin uint64, ram, content int) windowPage {
	return windowPage{lin, ram, content, rigPages + 0x3000 + int(lin>>12)*8}
}

var windowPages = [...]windowPage{
	pageOf(WindowA, rigA, 0),
	pageOf(WindowB, rigB, sizeA),
	pageOf(WindowB+0x1000, rigB+0x1000, sizeA+0x1000),
}

// entryDirty is the dirty flag of a page-table entry. Only pages that have it set are compared
// after a test.
const entryDirty = 1 << 6

// A Rig executes tests with the emulator, on the map of layout.go and with tables like
// Linux's.
type Rig struct {
	c     *cpu.CPU
	fast  bool
	warm  bool // the TLB knows the windows before each test
	ram   []byte
	base  []byte                     // what the windows hold before each test
	snaps map[[6]uint16]cpu.Snapshot // user mode with these selectors
	now   [6]uint16                  // the selectors that are loaded
	bases [2]uint64                  // and the bases of FS and GS that belong to them

	events int        // exceptions delivered by the present test
	vector x86.Vector // the first
	addr   uint64
	hasErr bool
}

// NewRig makes a rig of the plain or the fast engine.
func NewRig(fast bool) (*Rig, error) {
	mem, err := phys.New(rigRAM)
	if err != nil {
		return nil, err
	}
	if err := mem.MapRAM(0, 0, rigRAM); err != nil {
		return nil, err
	}
	m, err := cpu.NewModel("max")
	if err != nil {
		return nil, err
	}
	c, err := cpu.New(m, mem)
	if err != nil {
		return nil, err
	}
	mem.OnMapChange, mem.OnProtect = c.MMU.Flush, c.MMU.DropPages
	r := &Rig{c: c, fast: fast, ram: mem.RAM(), base: make([]byte, windowSize), snaps: map[[6]uint16]cpu.Snapshot{}}
	if fast {
		c.BuildAlways()
		c.SetNative(never)
	}
	c.Ports = noPorts{}
	c.OnInterrupt = func(v x86.Vector, _ cpu.EventKind) {
		if r.events++; r.events == 1 {
			r.vector = v
		}
	}
	r.tables()
	return r, nil
}

// never is more often than any code of a test is entered.
const never = 1 << 31

// Native has the fast engine make machine code of the host of everything, if on, or of nothing.
// Machine code leaves the first access to a page to the operations of the fast engine: therefore the
// windows are in the TLB.
func (r *Rig) Native(on bool) {
	if on == r.warm {
		return
	}
	heat := uint32(never)
	if on {
		heat = 1
	}
	r.c.SetNative(heat)
	r.warm = on
}

// Close frees the rig.
func (r *Rig) Close() error {
	mem := r.c.Phys
	if err := r.c.Close(); err != nil {
		return err
	}
	return mem.Close()
}

// Has says whether the emulated processor has feature f.
func (r *Rig) Has(f cpu.Feature) bool { return r.c.Model.Has(f) }

// noPorts is a board without ports; user code cannot reach them anyway.
type noPorts struct{}

func (noPorts) In(uint16, int) uint32   { return ^uint32(0) }
func (noPorts) Out(uint16, int, uint32) {}

func (r *Rig) poke(at int, v uint64) { binary.LittleEndian.PutUint64(r.ram[at:], v) }
func (r *Rig) peek(at int) uint64    { return binary.LittleEndian.Uint64(r.ram[at:]) }

// descriptor builds a segment descriptor from its access byte and the four bits G, D/B, L
// and AVL.
func descriptor(base, limit, access, flags uint64) uint64 {
	return limit&0xffff | base&0xffffff<<16 | access<<40 | limit>>16&15<<48 | flags<<52 | base>>24<<56
}

// ldt is the local descriptor table, as helper.asm sets it up: all accessed, DPL 3, and
// with the AVL bit that Linux sets for "useable".
func ldt() [ldtEntries]uint64 {
	return [ldtEntries]uint64{
		descriptor(Region, 0xffff, 0xfb, 1),
		descriptor(Region, 0xffff, 0xf3, 1),
		descriptor(Region, 0x7fff, 0xf3, 5),
		descriptor(Region, 0xffff, 0xf1, 5),
		descriptor(Region, 0x5fff, 0xf7, 1),
		descriptor(Region, 0xffff, 0x73, 5),
		descriptor(Region, 0xffff, 0xf9, 5),
		descriptor(WindowA, 0xfff, 0xf3, 5),
		descriptor(Region, 0xffff, 0xfb, 5),
		descriptor(Region, 0x5fff, 0xf7, 5),
		descriptor(Region, 0xbfff, 0xf3, 5),
		descriptor(Region, 0xffff, 0x7b, 1),
	}
}

// tables writes descriptor tables, TSS and page tables, and enters IA-32e mode.
func (r *Rig) tables() {
	gdt := map[int]uint64{
		0x08: descriptor(0, 0xfffff, 0x9b, 0xc), selKernelCode: descriptor(0, 0xfffff, 0x9b, 0xa),
		0x18: descriptor(0, 0xfffff, 0x93, 0xc), 0x20: descriptor(0, 0xfffff, 0xfb, 0xc),
		0x28: descriptor(0, 0xfffff, 0xf3, 0xc), 0x30: descriptor(0, 0xfffff, 0xfb, 0xa),
		0x78:   descriptor(0, 0, 0xf5, 4), // tells the number of the processor on Linux
		selTSS: descriptor(kernel&0xffffffff+rigTSS, 0x67, 0x8b, 0), selTSS + 8: kernel >> 32,
		selLDT: descriptor(kernel&0xffffffff+rigLDT, ldtEntries*8-1, 0x82, 0), selLDT + 8: kernel >> 32,
	}
	for sel, d := range gdt {
		r.poke(rigGDT+sel, d)
	}
	for i, d := range ldt() {
		r.poke(rigLDT+8*i, d)
	}
	for v := range 32 {
		dpl := uint64(0)
		if v == 3 || v == 4 {
			dpl = 3
		}
		r.poke(rigIDT+16*v, 0x100|selKernelCode<<16|(0x8e|dpl<<5)<<40)
		r.poke(rigIDT+16*v+8, kernel>>32)
	}
	copy(r.ram[0x100:], "\x48\xcf\xf4") // IRETQ; HLT
	r.poke(rigTSS+4, kernel+rigStack)
	r.poke(rigTSS+0x64, 0x68<<16) // beyond the limit: no I/O bitmap

	const user, writable, present, large, nx = 4, 2, 1, 0x80, 1 << 63
	r.poke(rigPages, rigPages+0x1000|7)
	r.poke(rigPages+8*256, rigPages+0x4000|3)
	r.poke(rigPages+0x1000, rigPages+0x2000|7)
	r.poke(rigPages+0x2000, rigPages+0x3000|7)
	page := func(lin, at, bits uint64) { r.poke(rigPages+0x3000+int(lin>>12)*8, at|bits) }
	page(WindowA, rigA, user|writable|present|nx)
	page(WindowB, rigB, user|writable|present|nx)
	page(WindowB+0x1000, rigB+0x1000, user|writable|present|nx)
	page(Code, rigCode, user|present)
	page(JumpCode, rigCode, user|present)
	page(JumpEnd, rigExit, user|present)
	r.poke(rigPages+0x4000, rigPages+0x5000|3)
	r.poke(rigPages+0x5000, large|writable|present)
}

// selectors are those of a test in the order of x86.Seg.
func (t *Test) selectors() [6]uint16 { return [6]uint16{t.ES, t.CS, t.SS, t.DS, t.FS, t.GS} }

// segment is the hidden part that selector sel loads.
func (r *Rig) segment(sel uint16) cpu.SegmentSnapshot {
	if sel&^3 == 0 {
		return cpu.SegmentSnapshot{Sel: sel}
	}
	table := rigGDT
	if sel&4 != 0 {
		table = rigLDT
	}
	d := r.peek(table + int(sel&^7))
	s := cpu.SegmentSnapshot{
		Sel: sel, Attr: cpu.Attr(d >> 40 & 0xf0ff),
		Base: d>>16&0xffffff | d>>56<<24, Limit: uint32(d&0xffff | d>>32&0xf0000),
	}
	if s.Attr&cpu.AttrG != 0 {
		s.Limit = s.Limit<<12 | 0xfff
	}
	return s
}

// enter loads the selectors of t at privilege level 3.
func (r *Rig) enter(sels [6]uint16) error {
	s, ok := r.snaps[sels]
	if !ok {
		s = cpu.Snapshot{
			RFLAGS: 0x202, CPL: 3, Activity: cpu.Active,
			CR0:  x86.CR0_PE | x86.CR0_MP | x86.CR0_ET | x86.CR0_NE | x86.CR0_WP | x86.CR0_AM | x86.CR0_PG,
			CR3:  rigPages,
			CR4:  x86.CR4_PAE | x86.CR4_OSFXSR | x86.CR4_OSXMMEXCPT | x86.CR4_UMIP | x86.CR4_FSGSBASE | x86.CR4_OSXSAVE | x86.CR4_PGE,
			EFER: x86.EFER_SCE | x86.EFER_LME | x86.EFER_LMA | x86.EFER_NXE,
			XCR0: 3, MXCSR: 0x1f80,
			DR: [8]uint64{6: x86.DR6_Ones, 7: x86.DR7_Ones}, MSR: r.c.MSR, X87: cpu.X87{CW: 0x37f},
			GDTR: cpu.Table{Base: kernel + rigGDT, Limit: 0x7f}, IDTR: cpu.Table{Base: kernel + rigIDT, Limit: 0xfff},
			TR:   cpu.SystemSegment{Sel: selTSS, Attr: 0x8b, Limit: 0x67, Base: kernel + rigTSS},
			LDTR: cpu.SystemSegment{Sel: selLDT, Attr: 0x82, Limit: ldtEntries*8 - 1, Base: kernel + rigLDT},
		}
		if r.Has(cpu.FeatAVX) {
			s.XCR0 = 7
		}
		for i, sel := range sels {
			s.Seg[i] = r.segment(sel)
		}
		r.snaps[sels] = s
	}
	if err := r.c.Restore(s); err != nil {
		return fmt.Errorf("selectors %x: %w", sels, err)
	}
	r.now = sels
	r.bases = [2]uint64{s.Seg[x86.FS].Base, s.Seg[x86.GS].Base}
	return nil
}

// Begin sets the contents of the windows, and of the exit page, for the tests of a block. An
// error says that a test before wrote without setting a dirty flag.
func (r *Rig) Begin(b *Block) error {
	if !bytes.Equal(r.ram[rigA:rigA+sizeA], r.base[:sizeA]) || !bytes.Equal(r.ram[rigB:rigB+sizeB], r.base[sizeA:]) {
		return errors.New("a page was written and its dirty flag is clear")
	}
	copy(r.base, b.Windows[:])
	copy(r.ram[rigA:], b.Windows[:])
	copy(r.ram[rigExit:], exitPage(b.Size))
	return nil
}

// Run executes t and writes the result to out. count, if not 0, is the number of
// instructions to execute, otherwise t.Max and t.Cont decide.
func (r *Rig) Run(t *Test, out *Result, count int64) error {
	if err := r.load(t); err != nil {
		return err
	}
	r.events, r.addr = 0, 0
	if r.warm {
		for i := range windowPages {
			r.c.MMU.Fill(mmu.LinAddr(windowPages[i].lin), mmu.AccessWrite, mmu.ClassUser)
		}
	}
	n := int64(0)
	switch {
	case r.fast && count > 0:
		n, _ = r.c.RunFast(count)
	default:
		start := t.RIP
		for {
			k := int64(0)
			if r.fast {
				k, _ = r.c.RunFast(1)
			} else {
				k, _ = r.c.Run(1)
			}
			n++
			if k == 0 || r.c.CPL == 0 || n >= int64(t.Max) || r.c.S.RIP-start >= uint64(t.Cont) {
				break
			}
		}
	}
	r.store(t, out, uint32(n))
	return nil
}

// load puts the state of t into the processor.
func (r *Rig) load(t *Test) error {
	c := r.c
	sels := t.selectors()
	same := sels == r.now
	if same && c.CPL == 0 { // an exception handler: return from it
		f := rigStack - 40
		r.poke(f, t.RIP)
		r.poke(f+8, uint64(t.CS))
		r.poke(f+16, 0x202)
		r.poke(f+24, t.GPR[4])
		r.poke(f+32, uint64(t.SS))
		c.S.R[4] = kernel + uint64(f)
		c.S.RIP = kernel + 0x100
		if k, _ := c.Run(1); k != 1 || c.CPL != 3 || c.S.RIP != t.RIP {
			same = false
		}
	}
	for i := range sels {
		same = same && c.Seg[i].Sel == sels[i]
	}
	if !same {
		if err := r.enter(sels); err != nil {
			return err
		}
	}
	copy(c.S.R[:16], t.GPR[:])
	c.S.RIP = t.RIP
	if flags := t.Flags | 0x202; (flags^c.S.RFLAGS)&uint64(x86.FlagAC|x86.FlagTF) != 0 {
		if err := r.setAC(flags, sels); err != nil {
			return err
		}
		copy(c.S.R[:16], t.GPR[:])
		c.S.RIP = t.RIP
	} else {
		c.S.RFLAGS = flags
	}
	fs, gs := r.bases[0], r.bases[1]
	if t.Bases != 0 {
		fs, gs = t.FSBase, t.GSBase
	}
	c.S.R[cpu.RegSeg+x86.FS], c.S.R[cpu.RegSeg+x86.GS] = fs, gs
	r.loadFX(&t.FX)
	c.Phys.WriteAt(t.Code[:t.Len], phys.Addr(rigCode+0x1000-uint64(t.Len)))
	if t.PatchLen > 0 {
		copy(r.window(t.PatchAt), t.Patch[:t.PatchLen])
	}
	return nil
}

// setAC changes RFLAGS.AC or TF, which modes are derived from.
func (r *Rig) setAC(flags uint64, sels [6]uint16) error {
	s := r.snaps[sels]
	s.RFLAGS = flags
	r.now = sels
	return r.c.Restore(s)
}

// window is the memory of the windows from linear address at.
func (r *Rig) window(at uint64) []byte {
	if at >= WindowB {
		return r.ram[rigB+at-WindowB : rigCode]
	}
	return r.ram[rigA+at-WindowA : rigB]
}

// loadFX sets x87 and vector registers.
func (r *Rig) loadFX(f *FX) {
	c := r.c
	x := &c.X87
	x.CW, x.SW, x.Tag, x.FOP, x.FIP, x.FDP = f.CW, f.SW, f.Tag, f.FOP, f.FIP, f.FDP
	x.FCS, x.FDS = 0, 0
	top := f.SW >> 11
	for i := range f.ST {
		x.Reg[(top+uint16(i))&7] = f80.Float{Sig: f.ST[i].Sig, SE: f.ST[i].SE}
	}
	c.S.MXCSR = f.MXCSR
	for i := range f.XMM {
		v := &c.S.XMM[i]
		binary.LittleEndian.PutUint64(v[0:], f.XMM[i][0])
		binary.LittleEndian.PutUint64(v[8:], f.XMM[i][1])
		binary.LittleEndian.PutUint64(v[16:], f.YMMH[i][0])
		binary.LittleEndian.PutUint64(v[24:], f.YMMH[i][1])
	}
}

// store writes the state after t to out and restores the windows.
func (r *Rig) store(t *Test, out *Result, steps uint32) {
	c := r.c
	copy(out.GPR[:], c.S.R[:16])
	out.Flags, out.RIP = c.S.RFLAGS, c.S.RIP
	out.Sig, out.Trap, out.Err, out.CR2, out.XBV, out.Steps = 0, noFault, 0, 0, 0, steps
	s := &c.Seg
	out.CS, out.SS, out.DS, out.ES, out.FS, out.GS = s[x86.CS].Sel, s[x86.SS].Sel, s[x86.DS].Sel, s[x86.ES].Sel, s[x86.FS].Sel, s[x86.GS].Sel
	out.FSBase, out.GSBase = c.S.R[cpu.RegSeg+x86.FS], c.S.R[cpu.RegSeg+x86.GS]
	if r.events > 0 {
		r.storeFault(out)
	}
	f := &out.FX
	x := &c.X87
	f.CW, f.SW, f.Tag, f.FOP, f.FIP, f.FDP = x.CW, x.SW, x.Tag, x.FOP, x.FIP, x.FDP
	f.MXCSR, f.MXCSRMask = c.S.MXCSR, 0
	top := f.SW >> 11
	for i := range f.ST {
		v := x.Reg[(top+uint16(i))&7]
		f.ST[i].Sig, f.ST[i].SE = v.Sig, v.SE
	}
	for i := range f.XMM {
		v := &c.S.XMM[i]
		f.XMM[i] = [2]uint64{binary.LittleEndian.Uint64(v[0:]), binary.LittleEndian.Uint64(v[8:])}
		f.YMMH[i] = [2]uint64{binary.LittleEndian.Uint64(v[16:]), binary.LittleEndian.Uint64(v[24:])}
	}
	out.NDiff = 0
	for i := range windowPages {
		p := &windowPages[i]
		e := r.peek(p.entry)
		if e&entryDirty != 0 {
			r.poke(p.entry, e&^entryDirty)
			r.c.MMU.Invalidate(mmu.LinAddr(p.lin))
		} else if t.PatchLen == 0 || t.PatchAt >= p.lin+0x1000 || t.PatchAt+uint64(t.PatchLen) <= p.lin {
			continue
		}
		r.diff(out, p)
	}
}

// storeFault replaces what the handler of an exception found by what it interrupted.
func (r *Rig) storeFault(out *Result) {
	out.Trap = uint32(r.vector)
	if r.events > 1 || r.c.CPL != 0 {
		out.Trap = 1000 + uint32(r.events) // a double fault, or worse
		return
	}
	f := rigStack - 40
	if r.vector.HasErrorCode() {
		out.Err = r.peek(f - 8)
	}
	out.RIP, out.CS, out.Flags = r.peek(f), uint16(r.peek(f+8)), r.peek(f+16)
	out.GPR[4], out.SS = r.peek(f+24), uint16(r.peek(f+32))
	if r.vector == x86.VecPF {
		out.CR2 = r.c.CR2
	}
}

// diff records and undoes the differences between a page and what it should hold.
func (r *Rig) diff(out *Result, p *windowPage) {
	const line = 64
	for i := 0; i < 0x1000; i += line {
		got, want := (*[line]byte)(r.ram[p.ram+i:]), (*[line]byte)(r.base[p.content+i:])
		if *got == *want {
			continue
		}
		for k := 0; k < line; k += 8 {
			v := binary.LittleEndian.Uint64(got[k:])
			if v != binary.LittleEndian.Uint64(want[k:]) && out.NDiff < maxDiff {
				out.Diff[out.NDiff] = Diff{p.lin + uint64(i+k), v}
				out.NDiff++
			}
		}
		*got = *want
	}
}
