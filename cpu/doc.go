// Package cpu is one x86 processor: registers, decoding, opcode maps, execution,
// exceptions and interrupts. It knows nothing of the board; it meets it through guest
// physical memory (mmu/phys), a port space, and the reasons for which Run returns.
//
// Read in this order:
//
//	state.go      the registers that engines share, at fixed offsets
//	cpu.go        the processor around them: segments, control registers, modes
//	op.go         what a row of an opcode map says
//	rows_*.go     the opcode maps, in the manual's order and notation
//	decode.go     bytes → Inst
//	mem.go        segmentation and memory access
//	exec_*.go     what instructions do, by family
//	run.go        the plain engine: one instruction after the other
//	interrupt.go  delivery of exceptions and interrupts
//
// The manual is the Intel 64 and IA-32 Architectures Software Developer's Manual ("SDM").
//
// # How an instruction is written
//
// Fetch operands, compute, store, then commit: nothing the guest can see changes before
// the last step that can fault, so a fault needs no undo. Instructions that cannot follow
// this (strings, far transfers, task switches) say what is visible when they fault.
//
// # Inaccuracies
//
// Caches and memory types have no effect; CLFLUSH and WBINVD do nothing. Instruction
// timing is uniform: one instruction is one tick of the machine's clock. One slice of a
// REP string instruction counts as one instruction.
package cpu
