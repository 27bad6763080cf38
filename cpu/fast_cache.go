package cpu

import "github.com/glassbox-vm/glassbox/mmu/phys"

// A handler does what an operation says and returns the one that follows; nil leaves the
// block with RIP up to date.
type handler func(*CPU, *op) *op

// An op is one operation of a block: an instruction, or two that were fused. It fills one
// cache line of the host.
type op struct {
	fn handler
	// next is the operation that follows; at the end of a block the block that follows, once
	// it is known. taken is the block that a branch goes to.
	next, taken *op
	rip         uint64 // of the instruction
	imm         uint64
	disp        uint64 // with RIP-relative addresses resolved
	aux         uint32 // branches: displacement from the end of the instruction; else see fn
	left        uint8  // instructions from this one to the end of the block
	len         uint8  // first operation of a block: instructions in it, 0 when it is dead
	size        uint8  // bytes
	dst, src    uint8  // slots of State.R
	base, index uint8
	scale       uint8
	seg         uint8 // slot of the segment base to add, or RegZero
	cc          uint8
}

// A block is a run of instructions in one page that is entered only at its start.
type block struct {
	off    uint64 // of its first byte in the backing; all ones when it is dead
	rip    uint64 // see blockRIP
	mode   uint32
	size   uint16 // bytes
	n      uint8  // instructions
	first  *op
	last   *op          // holds the links to other blocks
	native *nativeBlock // its machine code, or nil
	hash   *block       // next with the same hash
	page   *block       // next on the same page
}

// Sizes of the cache. All of it is flushed when something is used up.
const (
	maxBlock   = 64 // instructions
	opChunk    = 4096
	maxOps     = 96 * opChunk // 24 MiB
	maxInsts   = 24 * opChunk // 16 MiB
	maxBlocks  = 24 * opChunk // 8 MiB
	hashSize   = 1 << 14
	jumpSize   = 1 << 14 // 512 KiB
	deadOffset = ^uint64(0)
	// idleWrites is the number of writes in a row to a page without blocks after which
	// nobody watches it any more.
	idleWrites = 8
	// After manyKills writes to its code, the next coolDown blocks of a page are not built
	// but executed by the plain engine, one instruction at a time.
	manyKills = 24
	coolDown  = 8192
)

// A codePage is what the engine knows about a page of the backing.
type codePage struct {
	blocks *block
	lines  uint64 // bit i: bytes 64i…64i+63 hold code of a block
	// bytes says which of them: bit j of word i is byte 64i+j. A word counts only where
	// lines has its bit.
	bytes *[mmuPage / 64]uint64
	idle  uint8  // writes since the last block died
	kills uint8  // writes to code, counted up to manyKills
	cool  uint16 // instructions interpreted since then
}

// A fastEngine is the code cache of the processors of a machine. Nothing in it depends on
// which of them runs: from, way and bailed are of the one that does.
type fastEngine struct {
	mem    *phys.Memory
	from   *op    // the branch just left by, to be linked with the block entered next
	way    way    // by which of its links
	bailed bool   // the plain engine is to execute the next instruction
	gen    uint64 // counts blocks removed

	jumps [jumpSize]jump
	table [hashSize]*block
	pages []codePage

	native *nativeTier // nil where there is none

	ops    arena[op]
	insts  arena[Inst]
	blocks arena[block]

	decoded [maxBlock]Inst // the block being built
	flags   [maxBlock]flagUse

	built, flushed uint64 // statistics
	eager          bool   // see BuildAlways
}

// A jump says where the block for an address is: one line of the host's cache, where the
// block would be a second one.
type jump struct {
	rip, off uint64
	first    *op
	mode     uint32
	n        uint32
}

// An arena hands out elements that are all given back at once. Chunks are kept.
type arena[T any] struct {
	chunks [][]T
	n      int
}

// take returns n contiguous elements, not cleared.
func (a *arena[T]) take(n int) []T {
	if a.n%opChunk+n > opChunk {
		a.n += opChunk - a.n%opChunk
	}
	if a.n/opChunk == len(a.chunks) {
		a.chunks = append(a.chunks, make([]T, opChunk))
	}
	s := a.chunks[a.n/opChunk][a.n%opChunk:][:n:n]
	a.n += n
	return s
}

// takeOne returns one element, not cleared.
func (a *arena[T]) takeOne() *T { return &a.take(1)[0] }

// at returns element i.
func (a *arena[T]) at(i uint32) *T { return &a.chunks[i/opChunk][i%opChunk] }

// enableFast gives the processor its code cache, the one of its first processor.
func (c *CPU) enableFast() {
	if c.first == c {
		c.fast = newFastEngine(c.Phys)
	} else {
		if c.first.fast == nil { // in a copy of a machine another may be the first to run
			c.first.enableFast()
		}
		c.fast = c.first.fast
	}
	c.fpAll = !c.Model.Has(FeatFDPExcptn) || !c.Model.Has(FeatZeroFCS)
	c.base = baseOf(c.Phys.Backing())
	c.S.HostMXCSR = 0x1f80 // Go's
	if c.Phys.OnCodeWrite == nil {
		c.Phys.OnCodeWrite = c.memoryWritten
	}
}

// BuildAlways makes RunFast build blocks even of code that is rewritten all the time and runs once: what
// tests of its operations want, and nobody else.
func (c *CPU) BuildAlways() {
	if c.fast == nil {
		c.enableFast()
	}
	c.fast.eager = true
}

// BlocksBuilt is how many blocks RunFast has built, for tests.
func (c *CPU) BlocksBuilt() uint64 {
	if c.fast == nil {
		return 0
	}
	return c.fast.built
}

// NativeBuilt is how many of them became machine code of the host since that was last turned on, for tests.
func (c *CPU) NativeBuilt() uint64 {
	if c.fast == nil {
		return 0
	}
	return c.fast.native.blocks()
}

func newFastEngine(mem *phys.Memory) *fastEngine {
	return &fastEngine{mem: mem, pages: make([]codePage, len(mem.Backing())/mmuPage), native: newNativeTier()}
}

// CodeWritten tells the engine that n bytes at offset off of the backing, within one page,
// changed. Who does not connect it to phys.Memory.OnCodeWrite has it done by RunFast.
func (c *CPU) CodeWritten(off uint64, n int) {
	if c.fast != nil {
		c.fast.written(off, n)
	}
}

func jumpSlot(rip uint64) uint64 { return (rip ^ rip>>12) % jumpSize }

func hashSlot(off uint64) uint64 { return (off ^ off>>14) % hashSize }

// find returns the block for the instruction at offset off, or nil.
func (f *fastEngine) find(off, rip uint64, mode uint32) *block {
	for b := f.table[hashSlot(off)]; b != nil; b = b.hash {
		if b.off == off && b.rip == rip && b.mode == mode {
			f.remember(b)
			return b
		}
	}
	return nil
}

// remember puts b into the jump cache.
func (f *fastEngine) remember(b *block) {
	f.jumps[b.jumpSlot()] = jump{b.rip, b.off, b.first, b.mode, uint32(b.n)}
}

// add makes a finished block known.
func (f *fastEngine) add(b *block) {
	f.built++
	h := &f.table[hashSlot(b.off)]
	b.hash, *h = *h, b
	f.remember(b)
	p := &f.pages[b.off/mmuPage]
	b.page, p.blocks = p.blocks, b
	if p.bytes == nil {
		p.bytes = new([mmuPage / 64]uint64)
	}
	p.mark(b)
	p.idle = 0
	f.mem.Protect(b.off)
}

// linesOf is the bits of codePage.lines for n bytes at off.
func linesOf(off uint64, n int) uint64 {
	first := off % mmuPage / 64
	last := (off%mmuPage + uint64(n) - 1) / 64
	return ^uint64(0) << first & (^uint64(0) >> (63 - last))
}

// bytesOf is the bits of a word of codePage.bytes for n bytes at off: of the line with off
// when line is 0, of the next when it is 1, and so on.
func bytesOf(off uint64, n, line int) uint64 {
	first := int(off%64) - 64*line
	end := first + n
	bits := ^uint64(0)
	if first > 0 {
		bits <<= first
	}
	if end < 64 {
		bits &= 1<<end - 1
	}
	return bits
}

// mark notes where the code of b lies.
func (p *codePage) mark(b *block) {
	n := int(b.size)
	for i, line := 0, b.off%mmuPage/64; 64*i < int(b.off%64)+n; i, line = i+1, line+1 {
		if p.lines&(1<<line) == 0 {
			p.lines |= 1 << line
			p.bytes[line] = 0
		}
		p.bytes[line] |= bytesOf(b.off, n, i)
	}
}

// holds says whether one of n bytes at off, all in the page, is code of a block.
func (p *codePage) holds(off uint64, n int) bool {
	if p.lines&linesOf(off, n) == 0 {
		return false
	}
	for i, line := 0, off%mmuPage/64; 64*i < int(off%64)+n; i, line = i+1, line+1 {
		if p.lines&(1<<line) != 0 && p.bytes[line]&bytesOf(off, n, i) != 0 {
			return true
		}
	}
	return false
}

// A way is one of the links of a branch.
type way uint8

const (
	wayNext  way = iota // to the instruction that follows, on the same page
	wayTaken            // to the target, on the same page
	wayFar              // to the target on another page
)

// link connects the branch that was just left by with the block b that it led to.
func (f *fastEngine) link(b *block) {
	o := f.from
	f.from = nil
	switch f.way {
	case wayNext:
		o.next = b.first
	case wayTaken:
		o.taken = b.first
	case wayFar:
		o.taken, o.disp = b.first, b.off
	}
}

// written removes the blocks that n bytes at off belong to.
func (f *fastEngine) written(off uint64, n int) {
	p := &f.pages[off/mmuPage]
	if p.blocks == nil {
		if p.idle++; p.idle >= idleWrites {
			p.idle = 0
			f.mem.Unprotect(off)
		}
		return
	}
	if !p.holds(off, n) {
		return
	}
	end, killed := off+uint64(n), false
	for b := p.blocks; b != nil; b = b.page {
		if b.off < end && off < b.off+uint64(b.size) {
			f.kill(b)
			killed = true
		}
	}
	if killed {
		if p.kills < manyKills {
			p.kills++
		}
		f.gen++
		f.from = nil
		f.prune(p)
	}
}

// worth says whether to build a block for the instruction at offset off, or to interpret
// it because the page is written too often.
func (f *fastEngine) worth(off uint64) bool {
	p := &f.pages[off/mmuPage]
	if p.kills < manyKills || f.eager {
		return true
	}
	if p.cool++; p.cool < coolDown {
		return false
	}
	p.kills, p.cool = 0, 0
	return true
}

// kill takes b out of the hash table and marks it dead.
func (f *fastEngine) kill(b *block) {
	for h := &f.table[hashSlot(b.off)]; *h != nil; h = &(*h).hash {
		if *h == b {
			*h = b.hash
			break
		}
	}
	if j := &f.jumps[b.jumpSlot()]; j.first == b.first {
		*j = jump{}
	}
	b.off = deadOffset
	b.first.len = 0 // for links from other pages
	if b.native != nil {
		f.native.kill(b.native)
	}
}

// prune takes dead blocks out of the list of their page, and undoes all links on the page.
// Links from other pages see that a block is dead.
func (f *fastEngine) prune(p *codePage) {
	p.lines = 0
	for at := &p.blocks; *at != nil; {
		b := *at
		if b.off == deadOffset {
			*at = b.page
			continue
		}
		p.mark(b)
		if b.last != nil {
			b.last.next, b.last.taken = nil, nil
		}
		at = &b.page
	}
}

// flush removes everything.
func (f *fastEngine) flush() {
	f.flushed++
	f.gen++
	for i := range f.blocks.n {
		if b := f.blocks.at(uint32(i)); b.off != deadOffset {
			f.pages[b.off/mmuPage].lines = 0
			f.pages[b.off/mmuPage].blocks = nil
		}
	}
	clear(f.jumps[:])
	clear(f.table[:])
	f.ops.n, f.insts.n, f.blocks.n = 0, 0, 0
	f.from = nil
	if f.native != nil {
		f.native.reset()
	}
}

// full says whether there may be no room for another block.
func (f *fastEngine) full() bool {
	const few = 1 << 10 // blocks that the host's caches hold
	return f.eager && f.blocks.n > few || f.ops.n+2*opChunk > maxOps || f.insts.n+2*opChunk > maxInsts || f.blocks.n+2 > maxBlocks
}

// SetNative has RunFast make machine code of the host of a block that is entered for the n-th
// time, where the host allows it; with 0 never. What the guest sees does not depend on it.
func (c *CPU) SetNative(n uint32) {
	if c.fast == nil {
		c.enableFast()
	}
	c.fast.setNative(n)
}

func (f *fastEngine) setNative(n uint32) {
	f.flush()
	if n == 0 {
		f.native.close()
		f.native = nil
		return
	}
	if f.native == nil {
		f.native = newNativeTier()
	}
	f.native.setHeat(n)
}
