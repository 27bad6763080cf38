//go:build linux && amd64 && !purego

package cpu

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu/emit"
)

// The native tier makes machine code of the blocks that the fast engine has entered often.
// It knows the common instructions; for everything else, and for whatever could go wrong, it
// leaves before the instruction, with the state that the fast engine would have there, and
// that goes on. So nothing but speed depends on it.
//
//	native.go         entering, leaving and linking
//	native_build.go   blocks, addresses, jumps
//	native_ops.go     moves and arithmetic
//	native_branch.go  stack, branches, conditions
//	native_flags.go   status flags
//	native_simd.go    SSE, SSE2 and their AVX forms
//	emit              the encoder
//
// # Why it is safe in a Go program
//
// Generated code runs on a stack of its own, calls no Go code, holds no Go pointers and
// touches only the State, guest memory and itself, none of which are in the Go heap. The
// goroutine is not at a safe point meanwhile, so its stack stays. It cannot be pre-empted:
// hence nativeStay. Signals are delivered on stacks of their own. No instruction may fault:
// memory is reached through the TLB alone.

const (
	nativeSize  = 32 << 20  // bytes of code
	nativeRoom  = 128 << 10 // more than the largest block
	nativeStay  = 1_000_000 // instructions without coming back
	nativeJumps = 16384     // entries of State.Jump
	// nativeHeat is how often a block is entered before it is worth the microseconds per
	// instruction that its translation takes.
	nativeHeat = 50
	noExit     = ^uint32(0)
)

// A nativeTier is the machine code of a machine.
type nativeTier struct {
	code   emit.Asm // written here
	exec   []byte   // and executed here
	rx     uintptr  // the address of exec
	common int      // offset of the code that leaves
	flags  int      // offset of the routine that finds the guest's flags
	heat   uint32
	exits  arena[nativeExit]
	full   bool // no more room: flush at the next look-up

	builder nativeBuilder

	built, left, insts, alone, links uint64 // statistics
}

// A nativeBlock is the machine code of a block. Offsets are from the start of the code.
type nativeBlock struct {
	b        *block
	mode     uint32
	ops      *op
	chained  int    // start for jumps from other blocks: takes the block from the budget
	entry    int    // start for Go, which has done so
	deadCode int    // where chained leads when the block is removed
	in       uint32 // 1 + the first of the ways out that lead here
}

// A nativeExit is a way out of a block.
type nativeExit struct {
	blk    *nativeBlock
	op     *op
	rip    uint64 // edges: where it leads
	again  int    // offset of the code for op, 0 if there is no way back to it
	after  int    // the same for what follows op
	site   int    // edges: offset of the displacement that link changes
	stub   int    // where it leads as long as there is no block
	page   int    // offset of the immediate for the page of the block, on edges to other pages
	next   uint32 // 1 + the next of the ways out that lead to the same block
	kind   exitKind
	way    way
	far    bool // to another page
	linked bool
	jumps  bool // an indirect jump
}

type exitKind uint8

const (
	exitOp    exitKind = iota // the fast engine is to execute op
	exitEdge                  // the end of a block, whose link is not made
	exitEntry                 // the budget is less than the block
	exitDead                  // the block was removed
)

// newNativeTier returns nil where the host does not let code be written.
func newNativeTier() *nativeTier {
	rw, rx, err := mapCode(nativeSize)
	if err != nil {
		return nil
	}
	t := &nativeTier{code: emit.Asm{Code: rw}, exec: rx, rx: addressOf(rx), heat: nativeHeat}
	t.reset()
	return t
}

// close gives the memory back.
func (t *nativeTier) close() {
	if t != nil {
		unmapCode(t.code.Code, t.exec)
	}
}

// blocks is how many were built.
func (t *nativeTier) blocks() uint64 {
	if t == nil {
		return 0
	}
	return t.built
}

// stats says what was done, for people who work on it.
func (t *nativeTier) stats() string {
	if t == nil {
		return "no machine code"
	}
	return fmt.Sprintf("%d of them machine code (%d instructions, %d left to the fast engine), left %d times, %d links", t.built, t.insts, t.alone, t.left, t.links)
}

// setHeat sets how often a block is entered before it is translated.
func (t *nativeTier) setHeat(n uint32) {
	if t != nil {
		t.heat = n
	}
}

// reset forgets all code.
func (t *nativeTier) reset() {
	t.code.N, t.exits.n, t.full = 16, 0, false // no code has offset 0
	t.common = t.code.N
	a := &t.code
	for g := uint8(0); g < 12; g++ {
		h, _ := hostOf(g)
		a.StoreR(8, guestMem(g), h)
	}
	a.StoreR(8, stateMem(offBudget), emit.R13)
	a.ALUMemImm(4, emit.Cmp, stateMem(offFloats), 0)
	over := a.Jcc(emit.E, 0)
	a.VecMem(4, 0, 0xae, 3, stateMem(offMXCSR)) // STMXCSR, LDMXCSR
	a.VecMem(4, 0, 0xae, 2, stateMem(offHostCR))
	a.StoreImm(4, stateMem(offFloats), 0)
	a.Here(over)
	a.LoadR(8, emit.RBP, stateMem(offHostBP))
	a.LoadR(8, emit.RSP, stateMem(offHostSP))
	a.Ret()
	t.flagsRoutine()
}

// A block that may become machine code begins with an operation of no instruction: opCold,
// which counts, and then opNative or opThrough. Its disp is the number of the block, aux
// counts, imm is where the machine code is entered.

func opCold(c *CPU, o *op) *op {
	t := c.fast.native
	if o.aux++; o.aux < t.heat {
		return o.after()
	}
	if !t.full && t.translate(c, c.fast.blocks.at(uint32(o.disp))) {
		return opNative(c, o)
	}
	o.fn = opThrough
	return o.after()
}

func opThrough(_ *CPU, o *op) *op { return o.after() }

// opNative runs machine code until something is left to the fast engine.
func opNative(c *CPU, o *op) *op {
	t := c.fast.native
	at := int(o.imm)
	for {
		if c.jumpEpoch != c.fast.flushed {
			c.jumpEpoch = c.fast.flushed
			clear(c.S.Jump[:])
		}
		spare := max(0, c.S.Budget-nativeStay)
		c.S.Budget -= spare
		callNative(c.S, t.rx+uintptr(at))
		c.S.Budget += spare
		t.left++
		x := t.exits.at(c.S.Exit)
		next := c.nativeLeft(t, x)
		if next == nil {
			return nil
		}
		switch {
		case next.size == 0: // the first operation of a block
			if next.imm == 0 {
				return next
			}
			if x.jumps {
				t.remember(c, next)
			}
			at = int(next.imm)
		case next == x.op && x.again != 0:
			at = x.again
		case x.after != 0 && next == x.op.after():
			at = x.after
		default:
			return next
		}
		if c.S.Mode != x.blk.mode && next.size != 0 {
			return next
		}
	}
}

// nativeLeft does what machine code left at x, and returns the operation to go on with.
func (c *CPU) nativeLeft(t *nativeTier, x *nativeExit) *op {
	switch x.kind {
	case exitEdge:
		return c.nativeEdge(t, x)
	case exitEntry:
		b := x.blk.b
		if left := c.S.Budget - int64(b.n); left >= 0 {
			c.S.Budget = left
			return b.first
		}
		fallthrough
	case exitDead:
		c.fast.from = nil
		c.S.RIP = x.blk.b.rip
		*c.S.jumpEntry(x.blk.b.rip) = JumpEntry{} // another block will be there
		return nil
	}
	o := x.op
	next := o.fn(c, o)
	if next == nil && c.miss.w != 0 {
		return c.afterMiss(o)
	}
	return next
}

// nativeEdge goes on behind the end of a block, and links it when what follows is machine
// code, too.
func (c *CPU) nativeEdge(t *nativeTier, x *nativeExit) *op {
	o := x.op
	if x.far {
		next := c.jump(x.rip)
		if next != nil && next.size == 0 && next.imm != 0 {
			t.link(c.S.Exit, c.fast.blocks.at(uint32(next.disp)).native)
		}
		return next
	}
	next := o.next
	if x.way == wayTaken {
		next = o.taken
	}
	if next == nil {
		if x.way == wayTaken {
			return c.exitTaken(o)
		}
		return c.exitNext(o)
	}
	if next.size == 0 && next.imm != 0 {
		t.link(c.S.Exit, c.fast.blocks.at(uint32(next.disp)).native)
	}
	if left := c.S.Budget - int64(next.len); left >= 0 {
		c.S.Budget = left
		return next
	}
	if x.way == wayTaken {
		return c.exitTaken(o)
	}
	return c.exitNext(o)
}

// remember puts the block that begins with first, to which the indirect jump to CS:RIP led,
// into the jump cache of generated code.
func (t *nativeTier) remember(c *CPU, first *op) {
	b := c.fast.blocks.at(uint32(first.disp))
	*c.S.jumpEntry(b.rip) = JumpEntry{
		RIP: b.rip, Off: b.off, Host: uint64(t.rx) + uint64(b.native.chained), Mode: b.mode,
	}
}

// jumpEntry is where the jump cache of generated code would have rip.
func (s *State) jumpEntry(rip uint64) *JumpEntry {
	return &s.Jump[(uint32(rip)^uint32(rip)>>12)%nativeJumps]
}
