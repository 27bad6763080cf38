package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// stringOf is REP MOVS and REP STOS upwards with full-size addresses. The instruction is
// kept for what they do not do.
func (t *translator) stringOf(o *op, in *Inst, fam fam) handler {
	if in.AddrSize != in.CodeSize || in.CodeSize != 8 && in.Seg >= x86.FS {
		return nil
	}
	f := t.c.fast
	o.aux = uint32(f.insts.n)
	*f.insts.takeOne() = *in
	o.cc = 1
	o.imm = t.c.ripMask
	o.scale = uint8(log2(in.Dst.W))
	o.seg = RegZero
	if fam == famRepStos {
		return opRepStos
	}
	if in.Seg >= x86.FS {
		o.seg = uint8(RegSeg + in.Seg)
	}
	return opRepMovs
}

// upwards gives the number of elements that one slice of a REP instruction moves: as many
// as lie in the pages of the first. 0 leaves it to the plain engine: nothing to do,
// downwards, or the first element crosses.
func (c *CPU) upwards(o *op, pages ...uint64) uint64 {
	n := c.S.R[x86.RCX] & o.imm
	if c.S.RFLAGS&uint64(x86.FlagDF) != 0 {
		return 0
	}
	for _, la := range pages {
		n = min(n, (mmuPage-la%mmuPage)>>o.scale)
	}
	return n
}

// opRepMovs is a slice of REP MOVS: bytes move at once between pages of RAM.
func opRepMovs(c *CPU, o *op) *op {
	r := &c.S.R
	src := (r[x86.RSI]&c.ripMask + r[o.seg&31])
	dst := r[x86.RDI] & c.ripMask
	n := c.upwards(o, src, dst)
	if n == 0 {
		return opPlainLast(c, o)
	}
	from, ok := c.span(src, mmu.AccessRead)
	if !ok {
		return opPlainLast(c, o)
	}
	to, ok := c.span(dst, mmu.AccessWrite)
	if !ok {
		return opPlainLast(c, o)
	}
	size := n << o.scale
	c.moveUp(o, to, from, n)
	r[x86.RSI] = (r[x86.RSI] + size) & c.ripMask
	return c.sliced(o, n, size)
}

// moveUp moves n elements between offsets of the backing.
func (c *CPU) moveUp(o *op, to, from, n uint64) {
	size := n << o.scale
	back := c.Phys.Backing()
	if d := to - from; d-1 < size-1 { // the destination begins within the source: repeat it
		c.spend(int64(n))
		for i := uint64(0); i < size; i += 1 << o.scale {
			copy(back[to+i:to+i+1<<o.scale], back[from+i:from+i+1<<o.scale])
		}
		return
	}
	copy(back[to:to+size], back[from:from+size])
}

// opRepStos is a slice of REP STOS.
func opRepStos(c *CPU, o *op) *op {
	r := &c.S.R
	dst := r[x86.RDI] & c.ripMask
	n := c.upwards(o, dst)
	if n == 0 {
		return opPlainLast(c, o)
	}
	to, ok := c.span(dst, mmu.AccessWrite)
	if !ok {
		return opPlainLast(c, o)
	}
	size := n << o.scale
	c.fillUp(o, to, size)
	return c.sliced(o, n, size)
}

// fillUp fills size bytes at offset to of the backing with the element in rAX.
func (c *CPU) fillUp(o *op, to, size uint64) {
	b := c.Phys.Backing()[to : to+size]
	for i := range 1 << o.scale {
		b[i] = byte(c.S.R[x86.RAX] >> (8 * i))
	}
	for done := 1 << o.scale; done < len(b); done *= 2 {
		copy(b[done:], b[:done])
	}
}

// spanPerUnit is how many bytes are moved at once in the time of an instruction.
const spanPerUnit = 64

// sliced moves the destination and the count on and leaves the block: with the same
// instruction again if there is more to do.
func (c *CPU) sliced(o *op, n, size uint64) *op {
	r := &c.S.R
	c.spend(int64(size / spanPerUnit))
	r[x86.RDI] = (r[x86.RDI] + size) & c.ripMask
	r[x86.RCX] = (r[x86.RCX] - n) & c.ripMask
	if r[x86.RCX] != 0 {
		return c.jump(o.rip)
	}
	return c.jump((o.rip + uint64(o.size)) & c.ripMask)
}

// span is the offset in the backing of the byte at la, when the TLB allows access a to all
// of its page, now or after a look at the paging structures.
func (c *CPU) span(la uint64, a mmu.Access) (off uint64, ok bool) {
	if off, ok = c.MMU.Span(mmu.LinAddr(la), a, c.class); ok {
		return off, true
	}
	if c.codeSize == 8 && !c.isCanonical(la) || !c.fill(mmu.LinAddr(la), a) {
		return 0, false
	}
	return c.MMU.Span(mmu.LinAddr(la), a, c.class)
}
