package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// The fast engine executes blocks of decoded instructions. It leaves the same state as the
// plain engine after every instruction, and hands back to it whatever is not common: then
// there is one implementation of every check and every fault.
//
//	fast.go         the loop, entering and leaving blocks
//	fast_cache.go   blocks, where they are found, and what removes them
//	fast_build.go   bytes → operations
//	fast_flags.go   status flags that are computed when somebody asks
//	fast_exec.go    operations written by hand
//	fast_string.go  REP MOVS and REP STOS
//	fast_system.go  CLI, STI, SWAPGS and others of kernels
//	fast_segs*.go   16-bit code and code whose segments count
//	fast_*_gen.go   operations written by fastgen
//	native*.go      machine code of blocks entered often, on some hosts
//	FAST.md         where time goes and what was tried

//go:generate go run ./fastgen

// RunFast is Run with the fast engine: the same instructions, the same state and the same
// reasons after any budget.
func (c *CPU) RunFast(budget int64) (executed int64, reason ExitReason) {
	if c.fast == nil {
		c.enableFast()
	}
	c.fast.from = nil
	budget = c.beginPMC(budget)
	c.granted, c.S.Budget = budget, budget
	reason = c.fastLoop()
	c.flushFlags()
	executed = c.granted - c.S.Budget
	c.instructions += uint64(executed)
	c.granted, c.S.Budget = 0, 0
	c.endPMC()
	return executed, reason
}

// fastLoop is loop with blocks for steps.
func (c *CPU) fastLoop() ExitReason {
	f := c.fast
	for {
		if c.stop != 0 {
			return c.takeStop()
		}
		if c.Activity != Active || c.INTR || c.NMI {
			f.from = nil
			c.flushFlags()
			if reason, leave := c.event(); leave {
				return reason
			}
			if c.stop != 0 {
				continue
			}
		}
		if c.S.Budget <= 0 {
			return ExitBudget
		}
		for o := c.dispatch(); o != nil; {
			if o = c.run(o); o != nil {
				o = c.afterMiss(o)
			}
		}
		if f.bailed {
			f.bailed = false
			c.fastStep()
		}
	}
}

// run executes operations from o on until one leaves the block, or gives up for a miss of the
// TLB: then it returns that one.
func (c *CPU) run(o *op) *op {
	for {
		// Four at a time, as a jump back costs the host as much as the smallest operation.
		last := o
		if o = o.fn(c, o); o == nil {
			return c.missed(last)
		}
		last = o
		if o = o.fn(c, o); o == nil {
			return c.missed(last)
		}
		last = o
		if o = o.fn(c, o); o == nil {
			return c.missed(last)
		}
		last = o
		if o = o.fn(c, o); o == nil {
			return c.missed(last)
		}
	}
}

// missed is o if it gave up, else nil.
func (c *CPU) missed(o *op) *op {
	if c.miss.w != 0 {
		return o
	}
	return nil
}

// fastStep lets the plain engine execute one instruction.
func (c *CPU) fastStep() {
	c.fast.from = nil
	c.flushFlags()
	c.step()
}

// dispatch enters the block at CS:RIP and returns its first operation; nil when the plain
// engine executed an instruction instead, or a breakpoint stops it.
func (c *CPU) dispatch() *op {
	if c.S.Mode&(ModeSlow|ModeAlign) != 0 || c.shadowSTI || c.shadowSS || c.OnInst != nil ||
		c.S.RFLAGS&uint64(x86.FlagRF) != 0 {
		c.fastStep()
		return nil
	}
	f := c.fast
	if f.native != nil && f.native.full {
		f.flush()
	}
	la := c.codeLinear(c.S.RIP)
	if c.inCode(1) == 0 {
		c.fastStep()
		return nil
	}
	off, n, fault := c.MMU.Fetch(la, c.CPL == 3)
	if fault.Raised || n == 0 {
		c.fastStep()
		return nil
	}
	b := f.find(off, c.blockRIP(c.S.RIP), c.S.Mode)
	if b == nil {
		if f.worth(off) && (n >= MaxInst || !c.crosses(la, n)) {
			b = c.build(off, n)
		}
		if b == nil {
			c.fastStep()
			return nil
		}
	}
	if c.S.Mode&ModeSegs != 0 && c.stops != nil && c.stops.breakWithin(uint64(la), off, uint64(b.size)) {
		c.fastStep() // such blocks run at any base of CS
		return nil
	}
	if f.from != nil {
		f.link(b)
	}
	if c.S.Budget < int64(b.n) {
		c.fastStep()
		return nil
	}
	c.S.Budget -= int64(b.n)
	return b.first
}

// crosses says whether the instruction at la is known to be longer than the n bytes left in its
// page: no block to build. When it does not know it says no.
func (c *CPU) crosses(la mmu.LinAddr, n int) bool {
	e := c.cachedAt(la)
	return e.key == c.decodeKey() && int(e.in.Len) > n
}

// bail leaves the block before the instruction of o, of which nothing has happened yet, and
// has the plain engine execute it.
func (c *CPU) bail(o *op) *op {
	c.S.RIP = o.rip
	c.S.Budget += int64(o.left)
	c.fast.bailed = true
	return nil
}

// exitTaken leaves for the target of the branch o, exitNext for the instruction after it,
// where there is no link yet or too little budget.
func (c *CPU) exitTaken(o *op) *op {
	rip := (o.rip + uint64(o.size) + uint64(int64(int32(o.aux)))) & c.ripMask
	if c.elsewhere(o.rip, rip) {
		return c.jumpAny(rip)
	}
	c.fast.from, c.fast.way = o, wayTaken
	c.S.RIP = rip
	return nil
}

func (c *CPU) exitNext(o *op) *op {
	rip := (o.rip + uint64(o.size)) & c.ripMask
	if c.elsewhere(o.rip, rip) {
		return c.jumpAny(rip)
	}
	c.fast.from, c.fast.way = o, wayNext
	c.S.RIP = rip
	return nil
}

// jump goes to rip, which is in the code segment and canonical, by way of the jump cache. It
// serves branches to other pages and indirect ones. Every use asks the TLB for code where
// the page lies now, as the plain engine would; therefore nothing here is ever out of date.
func (c *CPU) jump(rip uint64) *op {
	c.S.RIP = rip
	c.fast.from = nil
	u := 0
	if c.CPL == 3 {
		u = 1
	}
	t := &c.S.TLB.Code[u]
	e := &t[rip/mmuPage%uint64(len(t))]
	d := rip ^ e.RTag
	if d >= mmuPage {
		return nil
	}
	j := &c.fast.jumps[jumpSlot(rip)]
	if j.rip != rip || j.off != e.Off+d || j.mode != c.S.Mode {
		return nil
	}
	if left := c.S.Budget - int64(j.n); left >= 0 {
		c.S.Budget = left
		return j.first
	}
	return nil
}

// goOn enters the block at CS:RIP after an instruction that ended its block and was not left
// for a reason that runPlain knows; nil when there is something that the loop must look at.
func (c *CPU) goOn() *op {
	if c.Activity != Active || c.shadowSS || c.S.RFLAGS&uint64(x86.FlagRF) != 0 || c.OnInst != nil {
		return nil
	}
	if c.shadowSTI { // no pin asks for anything, so the next instruction ends it unseen
		if c.S.Budget <= 0 || c.stops != nil {
			return nil
		}
		c.shadowSTI = false
	}
	return c.jumpAny(c.S.RIP)
}

// jumpFar is jump to the fixed target o.imm on another page. The link is good while the TLB
// still says that the target lies at offset o.disp of the backing, and the block lives.
func (c *CPU) jumpFar(o *op) *op {
	rip, u := o.imm, 0
	if c.CPL == 3 {
		u = 1
	}
	tlb := &c.S.TLB.Code[u]
	e := &tlb[rip/mmuPage%uint64(len(tlb))]
	d := rip ^ e.RTag
	if t := o.taken; t != nil && d < mmuPage && e.Off+d == o.disp && t.len != 0 {
		if left := c.S.Budget - int64(t.len); left >= 0 {
			c.S.Budget = left
			return t
		}
	}
	t := c.jump(rip)
	if t != nil {
		o.taken, o.disp = t, e.Off+d
	} else {
		c.fast.from, c.fast.way = o, wayFar
	}
	return t
}

// A miss is why an operation gave up before it did anything: the TLB did not allow w bytes
// at la to be read, or v to be stored there. w is 0 when it did not give up.
type miss struct {
	rip  uint64 // of the operation
	la   mmu.LinAddr
	v    uint64
	w    width
	kind missKind
}

// A missKind is what is missing.
type missKind uint8

const (
	missRead   missKind = iota // the right to read
	missWrite                  // a store, which is all that is left to do
	missModify                 // the right to write
)

// missLoad, missStore and missPush are how an operation gives up.
func (c *CPU) missLoad(o *op, la mmu.LinAddr, w width) *op {
	c.miss.rip = o.rip
	c.miss.la, c.miss.w, c.miss.kind = la, w, missRead
	return nil
}

func (c *CPU) missStore(o *op, la mmu.LinAddr, v uint64, w width) *op {
	c.miss.rip = o.rip
	c.miss.la, c.miss.v, c.miss.w, c.miss.kind = la, v, w, missWrite
	return nil
}

func (c *CPU) missPush(o *op, la mmu.LinAddr, w width) *op {
	c.miss.rip = o.rip
	c.miss.la, c.miss.w, c.miss.kind = la, w, missModify
	return nil
}

// afterMiss asks the MMU for the page that o, or the second operation of the pair at o,
// missed, and says how to go on: with it again, behind the store, or out of the block.
func (c *CPU) afterMiss(o *op) *op {
	m := c.miss
	c.miss.w = 0
	if o.rip != m.rip {
		o = o.after()
	}
	switch m.kind {
	case missWrite:
		if c.storeMiss(m.la, m.v, m.w) {
			return o.after()
		}
	case missModify:
		if c.fillWrite(m.la, m.w) && c.mayStore(m.la) {
			return o
		}
	default:
		if _, ok := c.loadMiss(m.la, m.w); ok {
			return o
		}
	}
	return c.bail(o)
}

// loadMiss reads w bytes where the TLB did not allow it, if it does so now.
func (c *CPU) loadMiss(la mmu.LinAddr, w width) (v uint64, ok bool) {
	if c.codeSize == 8 && !c.isCanonical(uint64(la)) || uint64(la)&(mmuPage-1)+uint64(w) > mmuPage ||
		!c.fill(la, mmu.AccessRead) {
		return 0, false
	}
	return c.loadHit(la, w)
}

func (c *CPU) loadHit(la mmu.LinAddr, w width) (v uint64, ok bool) {
	switch w {
	case 1:
		return c.load8(la)
	case 2:
		return c.load16(la)
	case 4:
		return c.load32(la)
	}
	return c.load64(la)
}

// modifyMiss is loadMiss for an operand that will be written back: the page is looked up as
// for the write.
func (c *CPU) modifyMiss(la mmu.LinAddr, w width) (v uint64, ok bool) {
	gen := c.fast.gen
	if !c.isBeside(la, w) && !c.fillWrite(la, w) && !c.mayStoreWatched(la, w, gen) {
		return 0, false
	}
	return c.loadHit(la, w)
}

// storeMiss writes w bytes where the TLB did not allow it, if it does so now, or if the page
// is watched but holds no code there.
func (c *CPU) storeMiss(la mmu.LinAddr, v uint64, w width) bool {
	if c.storeBeside(la, v, w) {
		return true
	}
	gen := c.fast.gen
	if !c.fillWrite(la, w) {
		return c.mayStoreWatched(la, w, gen) && !c.writeLin(la, v, w, c.class).Raised
	}
	switch w {
	case 1:
		return c.store8(la, v)
	case 2:
		return c.store16(la, v)
	case 4:
		return c.store32(la, v)
	}
	return c.store64(la, v)
}

// load128Miss and store128Miss are loadMiss and storeMiss for 16 bytes.
func (c *CPU) load128Miss(la mmu.LinAddr) (lo, hi uint64, ok bool) {
	if !c.inPage(la, 16) || !c.fill(la, mmu.AccessRead) {
		return 0, 0, false
	}
	return c.load128(la)
}

func (c *CPU) store128Miss(la mmu.LinAddr, lo, hi uint64) bool {
	gen := c.fast.gen
	if !c.fillWrite(la, 16) {
		return c.mayStoreWatched(la, 16, gen) && !c.writeLin(la, lo, 8, c.class).Raised && !c.writeLin(la+8, hi, 8, c.class).Raised
	}
	return c.store128(la, lo, hi)
}

// inPage says whether w bytes at la are canonical and lie in one page.
func (c *CPU) inPage(la mmu.LinAddr, w width) bool {
	return (c.codeSize != 8 || c.isCanonical(uint64(la))) && uint64(la)&(mmuPage-1)+uint64(w) <= mmuPage
}

func (c *CPU) fillWrite(la mmu.LinAddr, w width) bool {
	return c.inPage(la, w) && c.fill(la, mmu.AccessWrite)
}

// mayStoreWatched says whether w bytes at la, which fillWrite refused, are RAM that can be
// stored to without removing a block: data beside code. gen is fastEngine.gen from before
// fillWrite, which may have removed one.
func (c *CPU) mayStoreWatched(la mmu.LinAddr, w width, gen uint64) bool {
	if c.fast.gen != gen || !c.inPage(la, w) {
		return false
	}
	off, ok := c.MMU.Watched(la, c.class)
	return ok && !c.fast.pages[off/mmuPage].holds(off, int(w))
}

// mayStore says whether the TLB allows stores to the page of la.
func (c *CPU) mayStore(la mmu.LinAddr) bool {
	return uint64(la)^c.tlb[la/mmuPage%mmu.TLBSize].WTag < mmuPage
}

// fill brings the page of la into the TLB. It says no also when that marked a paging
// structure as used that is code of some block: perhaps of the one that is running.
func (c *CPU) fill(la mmu.LinAddr, a mmu.Access) bool {
	gen := c.fast.gen
	return c.MMU.Fill(la, a, c.class) && c.fast.gen == gen
}
