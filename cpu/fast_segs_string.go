package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// String instructions of fast_segs.go: o.imm is the mask of the address size, o.scale log2 of the
// size of an element, o.src the slot of the source segment and o.seg that of ES.

var segStrings = map[string]handler{
	"LODS": opSegLods, "STOS": opSegStos, "MOVS": opSegMovs, "SCAS": opSegScas, "CMPS": opSegCmps,
}

var segRepeats = map[string]handler{
	"STOS": opSegRepStos, "MOVS": opSegRepMovs, "SCAS": opSegRepScas, "CMPS": opSegRepCmps,
}

// segSource and segTarget are the elements at rSI and rDI.
func (c *CPU) segSource(o *op) (v uint64, ok bool) {
	la, ok := c.readable(o.src, c.S.R[x86.RSI]&o.imm, 1<<o.scale)
	if !ok {
		return 0, false
	}
	return c.loadOp(la, 1<<o.scale)
}

func (c *CPU) segTarget(o *op) (v uint64, ok bool) {
	la, ok := c.readable(o.seg, c.S.R[x86.RDI]&o.imm, 1<<o.scale)
	if !ok {
		return 0, false
	}
	return c.loadOp(la, 1<<o.scale)
}

func (c *CPU) storeTarget(o *op, v uint64) bool {
	la, ok := c.writable(o.seg, c.S.R[x86.RDI]&o.imm, 1<<o.scale)
	return ok && c.storeOp(la, v, 1<<o.scale)
}

// step moves an index register by one element.
func (c *CPU) stepIndex(o *op, r uint8) {
	d := uint64(1) << o.scale
	if c.S.RFLAGS&uint64(x86.FlagDF) != 0 {
		d = -d
	}
	c.setIndex(r, o.imm, c.S.R[r]+d)
}

func opSegLods(c *CPU, o *op) *op {
	v, ok := c.segSource(o)
	if !ok {
		return c.bail(o)
	}
	c.setReg(x86.RAX, 1<<o.scale, v)
	c.stepIndex(o, x86.RSI)
	return o.after()
}

func opSegStos(c *CPU, o *op) *op {
	if !c.storeTarget(o, c.S.R[x86.RAX]) {
		return c.bail(o)
	}
	c.stepIndex(o, x86.RDI)
	return o.after()
}

func opSegMovs(c *CPU, o *op) *op {
	v, ok := c.segSource(o)
	if !ok || !c.storeTarget(o, v) {
		return c.bail(o)
	}
	c.stepIndex(o, x86.RSI)
	c.stepIndex(o, x86.RDI)
	return o.after()
}

func opSegScas(c *CPU, o *op) *op {
	y, ok := c.segTarget(o)
	if !ok {
		return c.bail(o)
	}
	c.compared(o, c.S.R[x86.RAX], y)
	c.stepIndex(o, x86.RDI)
	return o.after()
}

func opSegCmps(c *CPU, o *op) *op {
	y, ok := c.segTarget(o) // processors read it first
	if !ok {
		return c.bail(o)
	}
	x, ok := c.segSource(o)
	if !ok {
		return c.bail(o)
	}
	c.compared(o, x, y)
	c.stepIndex(o, x86.RSI)
	c.stepIndex(o, x86.RDI)
	return o.after()
}

// compared leaves the flags of x - y.
func (c *CPU) compared(o *op, x, y uint64) {
	c.S.CCOp, c.S.CCR, c.S.CCB = ccSub<<2|uint32(o.scale), width(1<<o.scale).SignExtend(x-y), y
}

func opSegXlat(c *CPU, o *op) *op {
	la, ok := c.readable(o.src, (c.S.R[x86.RBX]+c.S.R[x86.RAX]&0xff)&o.imm, 1)
	if !ok {
		return c.bail(o)
	}
	v, ok := c.load8(la)
	if !ok {
		return c.missLoad(o, la, 1)
	}
	c.setReg(x86.RAX, 1, v)
	return o.after()
}

// opSegRepMovs is a slice of REP MOVS, opSegRepStos one of REP STOS, as opRepMovs and opRepStos
// are: upwards, as many elements as lie in the pages of the first.
func opSegRepMovs(c *CPU, o *op) *op {
	r := &c.S.R
	src, dst := r[x86.RSI]&o.imm, r[x86.RDI]&o.imm
	n := c.upwards(o, *c.S.r(o.src)+src, *c.S.r(o.seg)+dst)
	if n == 0 {
		return opPlainLast(c, o)
	}
	size := n << o.scale
	at, ok := c.segSpan(o, o.src, src, size)
	if !ok {
		return opPlainLast(c, o)
	}
	to, ok := c.segTargetSpan(o, dst, size)
	if !ok {
		return opPlainLast(c, o)
	}
	c.moveUp(o, to, at, n)
	c.setIndex(x86.RSI, o.imm, src+size)
	return c.segSliced(o, n, size)
}

func opSegRepStos(c *CPU, o *op) *op {
	r := &c.S.R
	dst := r[x86.RDI] & o.imm
	n := c.upwards(o, *c.S.r(o.seg)+dst)
	if n == 0 {
		return opPlainLast(c, o)
	}
	size := n << o.scale
	to, ok := c.segTargetSpan(o, dst, size)
	if !ok {
		return opPlainLast(c, o)
	}
	c.fillUp(o, to, size)
	return c.segSliced(o, n, size)
}

// segTargetSpan is where in the backing size bytes at offset off of ES are, all on one page, if
// they may be written.
func (c *CPU) segTargetSpan(o *op, off, size uint64) (to uint64, ok bool) {
	la, ok := c.writable(o.seg, off, size)
	if !ok || off+size-1 > o.imm {
		return 0, false
	}
	if to, ok = c.MMU.Beside(la, size, c.class); ok {
		return to, c.isData(to, int(size))
	}
	return c.span(uint64(la), mmu.AccessWrite)
}

// segSpan is where in the backing size bytes at offset off of the segment with the base in slot seg
// are, all on one page, if they may be read.
func (c *CPU) segSpan(o *op, seg uint8, off, size uint64) (at uint64, ok bool) {
	la, ok := c.readable(seg, off, size)
	if !ok || off+size-1 > o.imm {
		return 0, false
	}
	return c.span(uint64(la), mmu.AccessRead)
}

// opSegRepScas is a slice of REPE and REPNE SCAS, opSegRepCmps one of CMPS.
func opSegRepScas(c *CPU, o *op) *op {
	dst := c.S.R[x86.RDI] & o.imm
	n := c.upwards(o, *c.S.r(o.seg)+dst)
	if n == 0 {
		return opPlainLast(c, o)
	}
	at, ok := c.segSpan(o, o.seg, dst, n<<o.scale)
	if !ok {
		return opPlainLast(c, o)
	}
	x := c.reg(x86.RAX, 1<<o.scale)
	var i, y uint64
	for found := false; i < n && !found; i++ {
		y = c.element(o, at, i)
		found = (x == y) != (o.dst != 0)
	}
	return c.searched(o, n, i, x, y)
}

func opSegRepCmps(c *CPU, o *op) *op {
	src, dst := c.S.R[x86.RSI]&o.imm, c.S.R[x86.RDI]&o.imm
	n := c.upwards(o, *c.S.r(o.src)+src, *c.S.r(o.seg)+dst)
	if n == 0 {
		return opPlainLast(c, o)
	}
	at, ok := c.segSpan(o, o.seg, dst, n<<o.scale) // processors read it first
	if !ok {
		return opPlainLast(c, o)
	}
	from, ok := c.segSpan(o, o.src, src, n<<o.scale)
	if !ok {
		return opPlainLast(c, o)
	}
	var i, x, y uint64
	for found := false; i < n && !found; i++ {
		x, y = c.element(o, from, i), c.element(o, at, i)
		found = (x == y) != (o.dst != 0)
	}
	c.setIndex(x86.RSI, o.imm, src+i<<o.scale)
	return c.searched(o, n, i, x, y)
}

// element is element i of the string at offset off of the backing.
func (c *CPU) element(o *op, off, i uint64) uint64 {
	b := c.Phys.Backing()[off+i<<o.scale:]
	switch o.scale {
	case 0:
		return uint64(b[0])
	case 1:
		return uint64(binary.LittleEndian.Uint16(b))
	}
	return uint64(binary.LittleEndian.Uint32(b))
}

// searched ends a slice of n elements of SCAS or CMPS after i, the last of which were x and y. The
// flags change with the last of all.
func (c *CPU) searched(o *op, n, i, x, y uint64) *op {
	c.spend(int64(n))
	c.setIndex(x86.RDI, o.imm, c.S.R[x86.RDI]+i<<o.scale)
	c.setIndex(x86.RCX, o.imm, c.S.R[x86.RCX]-i)
	if c.S.R[x86.RCX]&o.imm != 0 && (x == y) == (o.dst != 0) {
		return c.jumpAny(o.rip)
	}
	c.compared(o, x, y)
	return opFall(c, o)
}

// segSliced is sliced where segments count.
func (c *CPU) segSliced(o *op, n, size uint64) *op {
	c.spend(int64(size / spanPerUnit))
	c.setIndex(x86.RDI, o.imm, c.S.R[x86.RDI]+size)
	c.setIndex(x86.RCX, o.imm, c.S.R[x86.RCX]-n)
	if c.S.R[x86.RCX]&o.imm != 0 {
		return c.jumpAny(o.rip)
	}
	return opFall(c, o)
}
