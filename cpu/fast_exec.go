package cpu

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// opAddr is the linear address of the memory operand, in 64-bit and flat 32-bit code; mask is
// CPU.ripMask.
func (s *State) opAddr(o *op, mask uint64) mmu.LinAddr {
	return mmu.LinAddr((*s.r(o.base)+*s.r(o.index)<<(o.scale&63)+o.disp)&mask + *s.r(o.seg))
}

func (c *CPU) opAddr(o *op) mmu.LinAddr { return c.S.opAddr(o, c.ripMask) }

// opBase is opAddr where there is only a base and a displacement, in 64-bit code.
func (s *State) opBase(o *op) mmu.LinAddr { return mmu.LinAddr(*s.r(o.base) + o.disp) }

// opIndex is opAddr without a segment base, in 64-bit code.
func (s *State) opIndex(o *op) mmu.LinAddr {
	return mmu.LinAddr(*s.r(o.base) + *s.r(o.index)<<(o.scale&63) + o.disp)
}

// opPlain executes an instruction by the function of its row. It sees exact counts, and
// ends the block when something happened that the loop must look at. o.cc says whether the
// function reads or writes status flags.
func opPlain(c *CPU, o *op) *op {
	if !c.runPlain(o) {
		return nil
	}
	c.S.Budget -= int64(o.left) - 1
	return o.after()
}

// opPlainLast is opPlain for the end of a block.
func opPlainLast(c *CPU, o *op) *op {
	if !c.runPlain(o) {
		return nil
	}
	c.S.RIP = c.nextRIP
	return c.goOn()
}

// runPlain executes the instruction with the budget as if the block ended with it. It
// returns false when the block must be left; then RIP is up to date.
func (c *CPU) runPlain(o *op) bool {
	if o.cc != 0 {
		c.flushFlags()
	}
	f := c.fast
	in := f.insts.at(o.aux)
	c.S.Budget += int64(o.left) - 1
	budget, gen, touches := c.S.Budget, f.gen, c.Phys.Touches()
	c.S.RIP = o.rip
	c.nextRIP = (o.rip + uint64(o.size)) & c.ripMask
	if fault := in.Op.Exec(c, in); fault.Raised {
		c.flushFlags()
		c.deliver(fault)
		return false
	}
	if f.gen != gen || c.Phys.Touches() != touches || c.S.Budget != budget || c.stop != 0 || c.INTR || c.NMI {
		c.S.RIP = c.nextRIP
		return false
	}
	return true
}

// opFall ends a block that was cut short.
func opFall(c *CPU, o *op) *op {
	if t := o.next; t != nil {
		if left := c.S.Budget - int64(t.len); left >= 0 {
			c.S.Budget = left
			return t
		}
	}
	return c.exitNext(o)
}

func opNop(_ *CPU, o *op) *op { return o.after() }

// opJmp is JMP with a displacement.
func opJmp(c *CPU, o *op) *op {
	if t := o.taken; t != nil {
		if left := c.S.Budget - int64(t.len); left >= 0 {
			c.S.Budget = left
			return t
		}
	}
	return c.exitTaken(o)
}

func opJmpFar(c *CPU, o *op) *op { return c.jumpFar(o) }

// opJcc is Jcc that was not fused.
func opJcc(c *CPU, o *op) *op {
	if c.lazyCond(o.cc) {
		return opJmp(c, o)
	}
	return opFall(c, o)
}

func opJz(c *CPU, o *op) *op {
	var z bool
	switch op := c.S.CCOp; {
	case op == 0:
		z = c.S.RFLAGS&uint64(x86.FlagZF) != 0
	case op >= ccMul<<2:
		return opJcc(c, o)
	default:
		z = c.S.CCR == 0
	}
	if z == (o.cc&1 == 0) {
		return opJmp(c, o)
	}
	return opFall(c, o)
}

// opCall64 and opCall32 are CALL with a displacement; o.cc says that it leads to another
// page.
func opCall64(c *CPU, o *op) *op {
	sp := c.S.R[x86.RSP] - 8
	v := o.rip + uint64(o.size)
	if !c.store64(mmu.LinAddr(sp), v) && !c.storeMiss(mmu.LinAddr(sp), v, 8) {
		return c.bail(o)
	}
	c.S.R[x86.RSP] = sp
	if o.cc != 0 {
		return c.jumpFar(o)
	}
	return opJmp(c, o)
}

func opCall32(c *CPU, o *op) *op {
	sp := uint64(uint32(c.S.R[x86.RSP] - 4))
	v := uint64(uint32(o.rip + uint64(o.size)))
	if !c.store32(mmu.LinAddr(sp), v) && !c.storeMiss(mmu.LinAddr(sp), v, 4) {
		return c.bail(o)
	}
	c.S.R[x86.RSP] = sp
	if o.cc != 0 {
		return c.jumpFar(o)
	}
	return opJmp(c, o)
}

// opCallR64 and opJmpR64 go to the address in a register, opCallM64 and opJmpM64 to the one
// in memory. The 32-bit forms likewise.
func opCallR64(c *CPU, o *op) *op { return c.callTo64(o, *c.S.r(o.src)) }

func opCallM64(c *CPU, o *op) *op {
	la := c.opAddr(o)
	t, ok := c.load64(la)
	if !ok {
		if t, ok = c.loadMiss(la, 8); !ok {
			return c.bail(o)
		}
	}
	return c.callTo64(o, t)
}

func (c *CPU) callTo64(o *op, t uint64) *op {
	sp := c.S.R[x86.RSP] - 8
	v := o.rip + uint64(o.size)
	if !c.isCanonical(t) || !c.store64(mmu.LinAddr(sp), v) && !c.storeMiss(mmu.LinAddr(sp), v, 8) {
		return c.bail(o)
	}
	c.S.R[x86.RSP] = sp
	return c.jump(t)
}

func opJmpR64(c *CPU, o *op) *op {
	t := *c.S.r(o.src)
	if !c.isCanonical(t) {
		return c.bail(o)
	}
	return c.jump(t)
}

func opJmpM64(c *CPU, o *op) *op {
	la := c.opAddr(o)
	t, ok := c.load64(la)
	if !ok {
		if t, ok = c.loadMiss(la, 8); !ok {
			return c.bail(o)
		}
	}
	if !c.isCanonical(t) {
		return c.bail(o)
	}
	return c.jump(t)
}

func opCallR32(c *CPU, o *op) *op { return c.callTo32(o, uint64(uint32(*c.S.r(o.src)))) }

func opCallM32(c *CPU, o *op) *op {
	la := c.opAddr(o)
	t, ok := c.load32(la)
	if !ok {
		if t, ok = c.loadMiss(la, 4); !ok {
			return c.bail(o)
		}
	}
	return c.callTo32(o, t)
}

func (c *CPU) callTo32(o *op, t uint64) *op {
	sp := uint64(uint32(c.S.R[x86.RSP] - 4))
	v := uint64(uint32(o.rip + uint64(o.size)))
	if !c.store32(mmu.LinAddr(sp), v) && !c.storeMiss(mmu.LinAddr(sp), v, 4) {
		return c.bail(o)
	}
	c.S.R[x86.RSP] = sp
	return c.jump(t)
}

func opJmpR32(c *CPU, o *op) *op { return c.jump(uint64(uint32(*c.S.r(o.src)))) }

func opJmpM32(c *CPU, o *op) *op {
	la := c.opAddr(o)
	t, ok := c.load32(la)
	if !ok {
		if t, ok = c.loadMiss(la, 4); !ok {
			return c.bail(o)
		}
	}
	return c.jump(t)
}

// opRet64 and opRet32 are RET; o.imm is the number of bytes to drop, the return address
// included.
func opRet64(c *CPU, o *op) *op {
	sp := c.S.R[x86.RSP]
	t, ok := c.load64(mmu.LinAddr(sp))
	if !ok {
		if t, ok = c.loadMiss(mmu.LinAddr(sp), 8); !ok {
			return c.bail(o)
		}
	}
	if !c.isCanonical(t) {
		return c.bail(o)
	}
	c.S.R[x86.RSP] = sp + o.imm
	return c.jump(t)
}

func opRet32(c *CPU, o *op) *op {
	sp := uint64(uint32(c.S.R[x86.RSP]))
	t, ok := c.load32(mmu.LinAddr(sp))
	if !ok {
		if t, ok = c.loadMiss(mmu.LinAddr(sp), 4); !ok {
			return c.bail(o)
		}
	}
	c.S.R[x86.RSP] = uint64(uint32(sp + o.imm))
	return c.jump(t)
}

// opPushR64, opPushI64 and opPushM64 are PUSH; the 32-bit forms likewise. A PUSH of memory
// must not give up for its store: run again, it would miss its load where both pages have one
// slot of the TLB, and so on for ever.
func opPushR64(c *CPU, o *op) *op { return c.push64(o, *c.S.r(o.src)) }
func opPushI64(c *CPU, o *op) *op { return c.push64(o, o.imm) }

func opPushM64(c *CPU, o *op) *op {
	la := c.opAddr(o)
	v, ok := c.load64(la)
	if !ok {
		return c.missLoad(o, la, 8)
	}
	sp := c.S.R[x86.RSP] - 8
	if !c.store64(mmu.LinAddr(sp), v) && !c.storeMiss(mmu.LinAddr(sp), v, 8) {
		return c.bail(o)
	}
	c.S.R[x86.RSP] = sp
	return o.after()
}

func (c *CPU) push64(o *op, v uint64) *op {
	sp := c.S.R[x86.RSP] - 8
	if !c.store64(mmu.LinAddr(sp), v) {
		return c.missPush(o, mmu.LinAddr(sp), 8)
	}
	c.S.R[x86.RSP] = sp
	return o.after()
}

func opPushR32(c *CPU, o *op) *op { return c.push32(o, *c.S.r(o.src)) }
func opPushI32(c *CPU, o *op) *op { return c.push32(o, o.imm) }

func opPushM32(c *CPU, o *op) *op {
	la := c.opAddr(o)
	v, ok := c.load32(la)
	if !ok {
		return c.missLoad(o, la, 4)
	}
	sp := uint64(uint32(c.S.R[x86.RSP] - 4))
	if !c.store32(mmu.LinAddr(sp), v) && !c.storeMiss(mmu.LinAddr(sp), v, 4) {
		return c.bail(o)
	}
	c.S.R[x86.RSP] = sp
	return o.after()
}

func (c *CPU) push32(o *op, v uint64) *op {
	sp := uint64(uint32(c.S.R[x86.RSP] - 4))
	if !c.store32(mmu.LinAddr(sp), v) {
		return c.missPush(o, mmu.LinAddr(sp), 4)
	}
	c.S.R[x86.RSP] = sp
	return o.after()
}

// opPop64 and opPop32 are POP into a register; rSP keeps the value popped.
func opPop64(c *CPU, o *op) *op {
	sp := c.S.R[x86.RSP]
	v, ok := c.load64(mmu.LinAddr(sp))
	if !ok {
		return c.missLoad(o, mmu.LinAddr(sp), 8)
	}
	c.S.R[x86.RSP] = sp + 8
	*c.S.r(o.dst) = v
	return o.after()
}

func opPop32(c *CPU, o *op) *op {
	sp := uint64(uint32(c.S.R[x86.RSP]))
	v, ok := c.load32(mmu.LinAddr(sp))
	if !ok {
		return c.missLoad(o, mmu.LinAddr(sp), 4)
	}
	c.S.R[x86.RSP] = uint64(uint32(sp + 4))
	*c.S.r(o.dst) = v
	return o.after()
}

// opLeave64 and opLeave32 are LEAVE.
func opLeave64(c *CPU, o *op) *op {
	bp := c.S.R[x86.RBP]
	v, ok := c.load64(mmu.LinAddr(bp))
	if !ok {
		return c.missLoad(o, mmu.LinAddr(bp), 8)
	}
	c.S.R[x86.RSP], c.S.R[x86.RBP] = bp+8, v
	return o.after()
}

func opLeave32(c *CPU, o *op) *op {
	bp := uint64(uint32(c.S.R[x86.RBP]))
	v, ok := c.load32(mmu.LinAddr(bp))
	if !ok {
		return c.missLoad(o, mmu.LinAddr(bp), 4)
	}
	c.S.R[x86.RSP], c.S.R[x86.RBP] = uint64(uint32(bp+4)), v
	return o.after()
}

// opLea64 and opLea32 are LEA.
func opLea64(c *CPU, o *op) *op {
	r := &c.S.R
	r[o.dst&31] = (r[o.base&31] + r[o.index&31]<<(o.scale&63) + o.disp) & c.ripMask
	return o.after()
}

func opLea32(c *CPU, o *op) *op {
	r := &c.S.R
	r[o.dst&31] = uint64(uint32(r[o.base&31] + r[o.index&31]<<(o.scale&63) + o.disp))
	return o.after()
}

// opSetR and opSetM are SETcc.
func opSetR(c *CPU, o *op) *op {
	*c.S.r(o.dst) = *c.S.r(o.dst)&^0xff | uint64(b2i(c.lazyCond(o.cc)))
	return o.after()
}

func opSetM(c *CPU, o *op) *op {
	la, v := c.opAddr(o), uint64(b2i(c.lazyCond(o.cc)))
	if !c.store8(la, v) && !c.storeMiss(la, v, 1) {
		return c.bail(o)
	}
	return o.after()
}

// opCmovR64 and its kin are CMOVcc.
func opCmovR64(c *CPU, o *op) *op {
	if c.lazyCond(o.cc) {
		*c.S.r(o.dst) = *c.S.r(o.src)
	}
	return o.after()
}

func opCmovR32(c *CPU, o *op) *op {
	n := o.dst
	if c.lazyCond(o.cc) {
		n = o.src
	}
	*c.S.r(o.dst) = uint64(uint32(c.S.R[n&31]))
	return o.after()
}

func opCmovM64(c *CPU, o *op) *op {
	la := c.opAddr(o)
	v, ok := c.load64(la)
	if !ok {
		return c.missLoad(o, la, 8)
	}
	if c.lazyCond(o.cc) {
		*c.S.r(o.dst) = v
	}
	return o.after()
}

func opCmovM32(c *CPU, o *op) *op {
	la := c.opAddr(o)
	v, ok := c.load32(la)
	if !ok {
		return c.missLoad(o, la, 4)
	}
	if !c.lazyCond(o.cc) {
		v = uint64(uint32(*c.S.r(o.dst)))
	}
	*c.S.r(o.dst) = v
	return o.after()
}

// opCdqe, opCwde, opCqo and opCdq extend the sign of the accumulator.
func opCdqe(c *CPU, o *op) *op {
	c.S.R[x86.RAX] = uint64(int64(int32(c.S.R[x86.RAX])))
	return o.after()
}

func opCwde(c *CPU, o *op) *op {
	c.S.R[x86.RAX] = uint64(uint32(int32(int16(c.S.R[x86.RAX]))))
	return o.after()
}

func opCqo(c *CPU, o *op) *op {
	c.S.R[x86.RDX] = uint64(int64(c.S.R[x86.RAX]) >> 63)
	return o.after()
}

func opCdq(c *CPU, o *op) *op {
	c.S.R[x86.RDX] = uint64(uint32(int32(c.S.R[x86.RAX]) >> 31))
	return o.after()
}

// opMulR64 and opMulR32 are MUL, opImulR64 and opImulR32 IMUL with one operand.
func opMulR64(c *CPU, o *op) *op {
	hi, lo := bits.Mul64(c.S.R[x86.RAX], *c.S.r(o.src))
	c.S.R[x86.RAX], c.S.R[x86.RDX] = lo, hi
	c.S.CCOp, c.S.CCR, c.S.CCB = ccMul<<2|3, lo, hi
	return o.after()
}

func opMulR32(c *CPU, o *op) *op {
	p := uint64(uint32(c.S.R[x86.RAX])) * uint64(uint32(*c.S.r(o.src)))
	c.S.R[x86.RAX], c.S.R[x86.RDX] = uint64(uint32(p)), p>>32
	c.S.CCOp, c.S.CCR, c.S.CCB = ccMul<<2|2, uint64(int32(p)), p>>32
	return o.after()
}

// mulOver64 is not 0 when the signed product of x and y is not its low half r.
func mulOver64(x, y, r uint64) uint64 {
	hi, _ := bits.Mul64(x, y)
	hi -= y & uint64(int64(x)>>63)
	hi -= x & uint64(int64(y)>>63)
	return hi ^ uint64(int64(r)>>63)
}

// opDivR64 and opDivR32 are DIV, opIdivR64 and opIdivR32 IDIV.
func opDivR64(c *CPU, o *op) *op {
	y, hi := *c.S.r(o.src), c.S.R[x86.RDX]
	if hi >= y {
		return c.bail(o)
	}
	if hi == 0 {
		x := c.S.R[x86.RAX]
		c.S.R[x86.RAX], c.S.R[x86.RDX] = x/y, x%y
		return o.after()
	}
	c.S.R[x86.RAX], c.S.R[x86.RDX] = bits.Div64(hi, c.S.R[x86.RAX], y)
	return o.after()
}

func opDivR32(c *CPU, o *op) *op {
	y, hi := uint64(uint32(*c.S.r(o.src))), uint64(uint32(c.S.R[x86.RDX]))
	if hi >= y {
		return c.bail(o)
	}
	x := hi<<32 | uint64(uint32(c.S.R[x86.RAX]))
	c.S.R[x86.RAX], c.S.R[x86.RDX] = x/y, x%y
	return o.after()
}

func opIdivR64(c *CPU, o *op) *op {
	x, y := int64(c.S.R[x86.RAX]), int64(*c.S.r(o.src))
	if int64(c.S.R[x86.RDX]) != x>>63 || y == 0 || y == -1 {
		q, r, ok := alu.IDiv(8, c.S.R[x86.RDX], uint64(x), uint64(y))
		if !ok {
			return c.bail(o)
		}
		c.S.R[x86.RAX], c.S.R[x86.RDX] = q, r
		return o.after()
	}
	c.S.R[x86.RAX], c.S.R[x86.RDX] = uint64(x/y), uint64(x%y)
	return o.after()
}

func opIdivR32(c *CPU, o *op) *op {
	x := int64(c.S.R[x86.RDX]<<32 | uint64(uint32(c.S.R[x86.RAX])))
	y := int64(int32(*c.S.r(o.src)))
	if y == 0 || y == -1 && x == -1<<63 {
		return c.bail(o)
	}
	q := x / y
	if int64(int32(q)) != q {
		return c.bail(o)
	}
	c.S.R[x86.RAX], c.S.R[x86.RDX] = uint64(uint32(q)), uint64(uint32(x%y))
	return o.after()
}

// opXchgR64 and opXchgR32 exchange registers.
func opXchgR64(c *CPU, o *op) *op {
	r := &c.S.R
	r[o.dst&31], r[o.src&31] = r[o.src&31], r[o.dst&31]
	return o.after()
}

func opXchgR32(c *CPU, o *op) *op {
	r := &c.S.R
	r[o.dst&31], r[o.src&31] = uint64(uint32(r[o.src&31])), uint64(uint32(r[o.dst&31]))
	return o.after()
}

func opBswap64(c *CPU, o *op) *op {
	*c.S.r(o.dst) = bits.ReverseBytes64(*c.S.r(o.dst))
	return o.after()
}

func opBswap32(c *CPU, o *op) *op {
	*c.S.r(o.dst) = uint64(bits.ReverseBytes32(uint32(*c.S.r(o.dst))))
	return o.after()
}
