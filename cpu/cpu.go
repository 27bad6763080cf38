package cpu

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A Fault is an exception on its way to the guest; see x86.Fault.
type Fault = x86.Fault

// Ports is the port space as the processor needs it. size is 1, 2 or 4 bytes; only the
// low size bytes of a value are significant.
type Ports interface {
	In(port uint16, size int) uint32
	Out(port uint16, size int, v uint32)
}

// A Segment is a segment register with its hidden part. The base is not here: it lives
// in State.R, where effective addresses are summed.
type Segment struct {
	Sel   uint16
	Attr  Attr
	Limit uint32 // in bytes, granularity applied
	// Offsets allowed for reading and writing: lo ≤ off and off+size-1 ≤ hi. A segment
	// that may not be read (written) has lo > hi. Derived by setSegment.
	rdLo, rdHi, wrLo, wrHi uint64
}

// Attr is bits 8…23 of the second doubleword of a segment descriptor, limit bits cleared:
// type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15. SDM Vol. 3A, "Segment
// Descriptors".
type Attr uint16

// Bits of Attr.
const (
	AttrAccessed   Attr = 1 << 0
	AttrWritable   Attr = 1 << 1 // data segments
	AttrReadable   Attr = 1 << 1 // code segments
	AttrExpandDown Attr = 1 << 2 // data segments
	AttrConforming Attr = 1 << 2 // code segments
	AttrCode       Attr = 1 << 3
	AttrS          Attr = 1 << 4 // code or data, not a system segment
	AttrP          Attr = 1 << 7
	AttrAVL        Attr = 1 << 12
	AttrL          Attr = 1 << 13
	AttrDB         Attr = 1 << 14
	AttrG          Attr = 1 << 15
)

// Type is the four type bits.
func (a Attr) Type() uint8 { return uint8(a & 15) }

// DPL is the descriptor privilege level.
func (a Attr) DPL() uint8 { return uint8(a>>5) & 3 }

// has says whether all bits of b are set.
func (a Attr) has(b Attr) bool { return a&b == b }

// Null says whether the register holds a null selector: not usable for access outside
// 64-bit mode.
func (s *Segment) Null() bool { return s.Sel&^3 == 0 && !s.Attr.has(AttrP) }

// A Table is GDTR or IDTR: linear base and limit in bytes minus one.
type Table struct {
	Base  uint64
	Limit uint16
}

// A SystemSegment is LDTR or TR with its hidden part.
type SystemSegment struct {
	Sel   uint16
	Attr  Attr
	Limit uint32
	Base  uint64
}

// Activity is what the processor does between instructions. SDM Vol. 3C, "Guest
// Non-Register State", names these.
type Activity uint8

// Activity states.
const (
	Active   Activity = iota
	Halted            // HLT: waits for an interrupt
	Shutdown          // triple fault: waits for a reset
	WaitSIPI          // INIT received: waits for a start-up IPI
	Waiting           // MWAIT: waits for an interrupt or a store to the monitored line
)

// A CPU is one processor. Not safe for concurrent use.
type CPU struct {
	S        *State
	MMU      *mmu.MMU
	Phys     *phys.Memory
	Ports    Ports
	Model    *Model
	APIC     APIC  // nil: there is none
	ID       uint8 // initial APIC ID
	Topology Topology

	Seg                [6]Segment
	GDTR, IDTR         Table
	LDTR, TR           SystemSegment
	CR0, CR2, CR3, CR4 uint64
	CR8                uint64 // task priority, where no local APIC holds it
	EFER               uint64
	DR                 [8]uint64 // DR4 and DR5 alias 6 and 7 and stay zero here
	XCR0               uint64
	PKRU               uint32
	MSR                MSRs
	X87                X87
	Random             uint64 // state of the generator of RDRAND and RDSEED

	CPL      uint8
	Activity Activity
	mon      Monitor

	// Interrupt shadows: no interrupt is taken before the instruction count passes.
	shadowSTI bool // set by STI for one instruction
	shadowSS  bool // set by MOV SS and POP SS for one instruction; also holds #DB off

	// Pins.
	INTR bool // a maskable interrupt is requested
	NMI  bool // latched until delivered
	// nmiBlocked: between NMI delivery and IRET.
	nmiBlocked bool

	// Instructions is the number executed since power-on, valid between calls of Run;
	// Count is the same, exact at any time.
	instructions uint64
	granted      int64 // budget at entry of the present Run
	patience     int64 // see SetPatience
	worked       int64 // what spend has counted since

	// Derived from the registers above by updateMode.
	codeSize  width     // 2, 4 or 8 bytes: size of the code being executed
	stackMask uint64    // the bits of RSP that the stack uses
	class     mmu.Class // access rights of explicit data accesses
	implicit  mmu.Class // access rights of descriptor-table and TSS accesses
	alignMask uint64    // all ones when alignment checking is on, else 0
	ripMask   uint64    // the bits of RIP that count in this code size
	canonical uint      // number of address bits sign-extended: 48 or 57
	dbgArmed  bool      // DR7 enables a breakpoint, or TF is set: the slow loop runs
	fpLast    fpPointer // of the x87 instruction being executed
	inst      Inst      // decoded here when the decode cache may not be used
	decoded   *decodeCache
	first     *CPU                       // the processor that owns the code cache: see Join
	operand   uint64                     // of the fast engine: where opSegModify found its operand
	monitored bool                       // of first: MONITOR has been used, so stores beside code may end an MWAIT
	fast      *fastEngine                // nil until RunFast
	jumpEpoch uint64                     // fastEngine.flushed that State.Jump belongs to
	fpAll     bool                       // x87 instructions change more pointers than FIP
	miss      miss                       // of the operation that just gave up
	tlb       *[mmu.TLBSize]mmu.TLBEntry // the table of class
	base      hostBase                   // of guest memory

	nextRIP uint64 // RIP after the instruction being executed
	stop    uint8  // why the loop is to be left: stop…
	noting  bool   // somebody looks at accesses to data: dbgArmed, or Stops.Watches
	stops   *stopper

	// ReadTSC is virtual cycles; the board supplies it because it is time.
	ReadTSC func() uint64
	// CPI is how many of these cycles one instruction takes, for the performance counters; 0 is 1.
	CPI uint64
	// tscOffset is what writes to the TSC MSR and TSC_ADJUST add.
	tscOffset uint64

	// Firmware is the ROM whose UD0 calls services of the board.
	Firmware Firmware

	// Hooks, nil unless somebody watches.
	OnFault     func(Fault)                     // an exception is about to be delivered
	OnInterrupt func(v x86.Vector, k EventKind) // any event is about to be delivered
	OnInst      func(in *Inst)                  // an instruction is about to run
	OnUnknown   func(what string, n uint32)     // MSR or port that is not modelled
	OnPause     func()                          // PAUSE: another processor may as well run
	FERR        func(high bool)                 // x87 error pin (CR0.NE = 0)
	pmcAt       uint64                          // instruction count up to which performance counters are right
	pmcOn       bool                            // a performance counter is enabled
	pendingDB   uint64                          // DR6 bits of debug traps to report after this instruction
	stepTrap    bool                            // TF was set when the instruction began: a trap follows it

	// LastChain is the last exception and what it led to, LastEvent the last delivery of
	// any kind that began. Neither is part of the state: Restore forgets them.
	LastChain Chain
	LastEvent Event
}

// width is an operand size in bytes.
type width = alu.Width

// RIP is the address of the next instruction, relative to the code segment.
func (c *CPU) RIP() uint64 { return c.S.RIP }

// Count is the number of instructions executed since power-on, exact also in the middle
// of Run.
func (c *CPU) Count() uint64 { return c.instructions + uint64(c.granted-c.S.Budget) }

// RequestStop makes Run return with ExitStop after the present instruction. Chips call
// it, through the board, for a reset or power-off.
func (c *CPU) RequestStop() { c.stop |= stopRequested }

// Flags returns RFLAGS.
func (c *CPU) Flags() x86.Flags { return x86.Flags(c.S.RFLAGS) }

func (c *CPU) flag(f x86.Flags) bool { return c.S.RFLAGS&uint64(f) != 0 }

// setStatus replaces the six status flags.
func (c *CPU) setStatus(f x86.Flags) { c.setFlags(x86.FlagsStatus, f) }

// setFlags replaces the flags in mask. It is for flags that change no mode; writeFlags
// is for the others.
func (c *CPU) setFlags(mask, f x86.Flags) {
	c.S.RFLAGS = c.S.RFLAGS&^uint64(mask) | uint64(f&mask)
}

// real says whether the processor is in real-address mode.
func (c *CPU) real() bool { return c.CR0&x86.CR0_PE == 0 }

// vm says whether the processor is in virtual-8086 mode.
func (c *CPU) vm() bool { return c.flag(x86.FlagVM) }

// protected says whether selectors mean descriptors: protected mode and not virtual-8086.
func (c *CPU) protected() bool { return c.CR0&x86.CR0_PE != 0 && !c.flag(x86.FlagVM) }

// longMode says whether IA-32e mode is active (64-bit or compatibility code).
func (c *CPU) longMode() bool { return c.EFER&x86.EFER_LMA != 0 }

// long64 says whether 64-bit code is being executed.
func (c *CPU) long64() bool { return c.codeSize == 8 }

// iopl is the I/O privilege level in RFLAGS.
func (c *CPU) iopl() uint8 { return uint8(c.S.RFLAGS>>x86.IOPLShift) & 3 }

// String is a one-line summary for error messages.
func (c *CPU) String() string {
	return fmt.Sprintf("%04x:%016x", c.Seg[x86.CS].Sel, c.S.RIP)
}
