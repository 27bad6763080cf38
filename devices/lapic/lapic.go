// Package lapic is the local APIC of a processor, and the bus by which local APICs and I/O
// APICs send each other messages. It takes interrupts in, orders them by priority and asks
// the processor to take them; it sends interrupts to other processors; it has a timer.
//
//	lapic.go     the state, what goes in and out, the processor's side
//	bus.go       messages and their destinations
//	registers.go the registers, by offset in the page (xAPIC) or by MSR (x2APIC)
//	timer.go     the timer: one-shot, periodic, TSC deadline
//
// Registers, by offset in the page at IA32_APIC_BASE; the MSR of x2APIC mode is 800h plus a
// sixteenth of it:
//
//	off      name  access  power-on   meaning
//	020      ID    RW      its own    31:24 APIC ID; x2APIC: all 32 bits, read only
//	030      VER   R       00050014   version 14h, six local vector table entries
//	080      TPR   RW      0          task priority; bits 7:4 are CR8
//	090      APR   R       0          arbitration priority: as PPR
//	0A0      PPR   R       0          processor priority
//	0B0      EOI   W       -          end of interrupt
//	0D0      LDR   RW      0          logical ID; x2APIC: derived, read only
//	0E0      DFR   RW      FFFFFFFF   flat (F) or cluster (0) model; not in x2APIC mode
//	0F0      SVR   RW      000000FF   7:0 spurious vector, 8 enable
//	100-170  ISR   R       0          in service
//	180-1F0  TMR   R       0          trigger mode: 1 level
//	200-270  IRR   R       0          requested
//	280      ESR   RW      0          errors; a write shows those since the last
//	300 310  ICR   RW      0          sends interrupts to processors
//	320      LVT   RW      00010000   timer
//	330-340  LVT   RW      00010000   thermal sensor, performance counters
//	350-360  LVT   RW      00010000   LINT0, LINT1
//	370      LVT   RW      00010000   errors
//	380      -     RW      0          initial count of the timer
//	390      -     R       0          current count
//	3E0      -     RW      0          divide configuration
//	3F0      -     W       -          self IPI, x2APIC only
//
// Source: SDM Vol. 3A, "Advanced Programmable Interrupt Controller (APIC)"; Intel 64
// Architecture x2APIC Specification.
//
// Not modelled: SMI and remote-read messages, which are dropped; the thermal sensor; the
// serial bus between APICs.
//
// Inaccuracies: lowest-priority delivery takes the processor of lowest priority, and the
// lowest ID among equals; there is no focus processor and no arbitration, so messages arrive
// at once and the delivery status is always idle.
package lapic

import (
	"fmt"
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
)

// Bits of IA32_APIC_BASE.
const (
	baseBSP    = 1 << 8
	baseX2     = 1 << 10
	baseEnable = 1 << 11
	baseAddr   = 0xfffffff000 // 40 bits of physical address
)

// DefaultBase is where the registers appear at power-on.
const DefaultBase = 0xfee00000

// Size of the registers in bytes.
const Size = 0x1000

// State is everything a local APIC remembers.
type State struct {
	Base uint64 // IA32_APIC_BASE
	ID   uint32 // as the ID register of xAPIC mode shows it in bits 31:24, or x2APIC ID
	TPR  uint32
	LDR  uint32 // bits 31:24
	DFR  uint32 // bits 31:28; the others are ones
	SVR  uint32
	ISR  [8]uint32
	TMR  [8]uint32
	IRR  [8]uint32
	ESR  uint32 // as the last write to it left it
	Errs uint32 // errors since then
	ICR  uint64
	LVT  [lvtCount]uint32

	LINT   [2]bool // levels of the pins
	ExtINT bool    // a message or pin in ExtINT mode asks for the 8259

	Initial  uint32       // initial count
	Divide   uint32       // divide configuration register
	Start    devices.Time // when the present count began
	Done     bool         // a one-shot count has come to its end
	Deadline uint64       // IA32_TSC_DEADLINE, 0: not armed
}

// Config is what the board decides.
type Config struct {
	ID    uint8 // initial APIC ID
	BSP   bool  // the processor that boots
	X2    bool  // x2APIC mode exists
	Clock devices.Clock

	INTR devices.Line       // the processor is asked to take an interrupt; a level
	NMI  func()             // delivers an NMI to the processor
	INIT func()             // resets the processor, and has it wait for a start-up message
	SIPI func(page uint8)   // starts a processor that waits, at the page
	EOI  func(vector uint8) // end of a level-triggered interrupt, for the I/O APICs
	// TSC is the processor's time-stamp counter, one count per nanosecond.
	TSC func() uint64
	// PIC acknowledges an interrupt at the 8259 pair.
	PIC func() uint8
	// Window tells that the answer of Device.Window may have changed.
	Window func()
}

// A Device is one local APIC.
type Device struct {
	s     State
	cfg   Config
	bus   *Bus
	timer devices.Timer
	intr  bool // what INTR was driven to
}

// New returns a device on bus that drives nothing yet; the board calls Reset once all is
// wired. The functions of cfg must not be nil.
func New(bus *Bus, cfg Config) *Device {
	d := &Device{cfg: cfg, bus: bus}
	d.timer = cfg.Clock.NewTimer(d.expire)
	d.s = d.powerOn()
	bus.devices = append(bus.devices, d)
	return d
}

// powerOn is the state after power-on.
func (d *Device) powerOn() State {
	s := State{Base: DefaultBase | baseEnable, ID: uint32(d.cfg.ID)}
	if d.cfg.BSP {
		s.Base |= baseBSP
	}
	s.clear()
	return s
}

// clear gives the registers the values that INIT gives them too.
func (s *State) clear() {
	*s = State{Base: s.Base, ID: s.ID, LINT: s.LINT, DFR: 0xffffffff, SVR: 0xff}
	for i := range s.LVT {
		s.LVT[i] = lvtMasked
	}
}

// Reset returns to the power-on state. The pins keep the levels they are driven to.
func (d *Device) Reset() {
	s := d.powerOn()
	s.LINT = d.s.LINT
	_ = d.Restore(s) // it is valid
}

// Init is what the INIT message does to the local APIC: as Reset, but mode and ID stay.
//
// SDM Vol. 3A, "Local APIC State After It Receives an INIT-Deassert IPI" and "x2APIC After
// INIT".
func (d *Device) Init() {
	s := d.s
	s.clear()
	_ = d.Restore(s)
}

// VirtualWire lets interrupts of the 8259 pass through LINT0 and NMIs through LINT1, as
// firmware does on the processor that boots. MultiProcessor Specification, "Virtual Wire
// Mode".
func (d *Device) VirtualWire() {
	d.s.SVR |= svrEnable
	d.s.LVT[lvtLINT0] = modeExtINT << 8
	d.s.LVT[lvtLINT1] = modeNMI << 8
	d.pin(0)
	d.drive()
}

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state and drives INTR to match it.
func (d *Device) Restore(s State) error {
	switch {
	case s.Base&baseX2 != 0 && (s.Base&baseEnable == 0 || !d.cfg.X2) || s.Base&^(baseAddr|baseBSP|baseX2|baseEnable) != 0:
		return fmt.Errorf("lapic: IA32_APIC_BASE %#x is not valid", s.Base)
	case s.TPR > 0xff || s.SVR&^0x1ff != 0 || s.Divide&^0xb != 0:
		return fmt.Errorf("lapic: reserved bits are set")
	case s.IRR[0]&0xffff|s.ISR[0]&0xffff != 0:
		return fmt.Errorf("lapic: vectors below 16 are pending")
	}
	for i, v := range s.LVT {
		if v&^(lvtWritable[i]|lvtRemoteIRR) != 0 {
			return fmt.Errorf("lapic: local vector table entry %d is %#x", i, v)
		}
	}
	d.s = s
	d.arm()
	d.cfg.Window()
	d.intr = d.request()
	d.cfg.INTR(d.intr)
	return nil
}

// enabled says whether the APIC exists for software: IA32_APIC_BASE says so.
func (d *Device) enabled() bool { return d.s.Base&baseEnable != 0 }

// x2 says whether it is in x2APIC mode.
func (d *Device) x2() bool { return d.s.Base&baseX2 != 0 }

// software says whether SVR enables it.
func (d *Device) software() bool { return d.enabled() && d.s.SVR&svrEnable != 0 }

// Base is IA32_APIC_BASE.
func (d *Device) Base() uint64 { return d.s.Base }

// Window is where the registers appear in memory; ok is false while they do not.
func (d *Device) Window() (addr uint64, ok bool) {
	return d.s.Base & baseAddr, d.enabled() && !d.x2()
}

// SetBase writes IA32_APIC_BASE; it says no where that is #GP.
//
// SDM Vol. 3A, "x2APIC State Transitions".
func (d *Device) SetBase(v uint64) bool {
	const modes = baseX2 | baseEnable
	from, to := d.s.Base&modes, v&modes
	switch {
	case v&^(baseAddr|baseBSP|modes) != 0 || v&baseX2 != 0 && !d.cfg.X2:
		return false
	case to == baseX2, from == 0 && to == modes, from == modes && to == baseEnable:
		return false
	}
	d.s.Base = v&^baseBSP | d.s.Base&baseBSP
	switch {
	case from != 0 && to == 0: // its registers are lost
		d.s.clear()
		d.s.ID = uint32(d.cfg.ID)
	case from == baseEnable && to == modes:
		d.s.ID = uint32(d.cfg.ID)
		d.s.ICR &= 0xffffffff
	}
	d.arm()
	d.drive()
	d.cfg.Window()
	return true
}

// SetLINT drives pin LINT0 or LINT1.
func (d *Device) SetLINT(n int, high bool) {
	rose := high && !d.s.LINT[n]
	d.s.LINT[n] = high
	if n == 1 && rose && !d.enabled() {
		d.cfg.NMI()
	}
	if rose {
		d.edge(n)
	}
	d.pin(n)
	d.drive()
}

// edge is a rising edge of a pin whose entry is edge-triggered.
func (d *Device) edge(n int) {
	e := d.s.LVT[lvtLINT0+n]
	if e&lvtLevel != 0 && e>>8&7 == modeFixed {
		return
	}
	if e>>8&7 != modeExtINT {
		d.local(lvtLINT0+n, false)
	}
}

// pin takes the level of a pin into account: ExtINT follows it, and so does a fixed
// interrupt of LINT0 that is level-triggered.
func (d *Device) pin(n int) {
	e := d.s.LVT[lvtLINT0+n]
	mode := e >> 8 & 7
	switch {
	case mode == modeExtINT:
		d.s.ExtINT = d.s.LINT[n] && e&lvtMasked == 0
	case mode == modeFixed && e&(lvtLevel|lvtRemoteIRR|lvtMasked) == lvtLevel && d.s.LINT[n]:
		d.s.LVT[lvtLINT0+n] |= lvtRemoteIRR
		d.local(lvtLINT0+n, true)
	}
}

// local delivers the interrupt of a local vector table entry.
func (d *Device) local(i int, level bool) {
	e := d.s.LVT[i]
	if e&lvtMasked != 0 || !d.enabled() {
		return
	}
	mode := e >> 8 & 7
	if i == lvtTimer || i == lvtError {
		mode = modeFixed
	}
	switch mode {
	case modeFixed:
		d.accept(uint8(e), level)
	case modeNMI:
		d.cfg.NMI()
	case modeINIT:
		d.cfg.INIT()
	}
}

// accept makes a vector requested.
func (d *Device) accept(vector uint8, level bool) {
	if vector < 16 {
		d.fail(errReceiveVector)
		return
	}
	w, bit := vector>>5, uint32(1)<<(vector&31)
	d.s.IRR[w] |= bit
	d.s.TMR[w] &^= bit
	if level {
		d.s.TMR[w] |= bit
	}
	d.drive()
}

// fail notes an error, and interrupts if the entry for errors says so.
func (d *Device) fail(bit uint32) {
	if d.s.Errs&bit != 0 {
		return // once, until ESR is written
	}
	d.s.Errs |= bit
	if d.s.LVT[lvtError]&0xff >= 16 {
		d.local(lvtError, false)
	}
}

// highest is the highest vector in a register of 256 bits, or -1.
func highest(r *[8]uint32) int {
	for i := len(r) - 1; i >= 0; i-- {
		if r[i] != 0 {
			return 32*i + 31 - bits.LeadingZeros32(r[i])
		}
	}
	return -1
}

// ppr is the processor priority.
func (d *Device) ppr() uint32 {
	serving := uint32(max(highest(&d.s.ISR), 0))
	if d.s.TPR>>4 >= serving>>4 {
		return d.s.TPR
	}
	return serving & 0xf0
}

// pending is the vector to be delivered next, or -1.
func (d *Device) pending() int {
	v := highest(&d.s.IRR)
	if v < 0 || !d.software() || uint32(v)>>4 <= d.ppr()>>4 {
		return -1
	}
	return v
}

// request says whether the processor is asked to take an interrupt.
func (d *Device) request() bool {
	if !d.enabled() {
		return d.cfg.BSP && d.s.LINT[0] // LINT0 is INTR then
	}
	return d.s.ExtINT || d.pending() >= 0
}

// drive drives INTR.
func (d *Device) drive() {
	if r := d.request(); r != d.intr {
		d.intr = r
		d.cfg.INTR(r)
	}
}

// Ack is the processor taking an interrupt: it returns the vector.
func (d *Device) Ack() uint8 {
	if v := d.pending(); d.enabled() && v >= 0 {
		w, bit := v>>5, uint32(1)<<(v&31)
		d.s.IRR[w] &^= bit
		d.s.ISR[w] |= bit
		d.drive()
		return uint8(v)
	}
	if d.s.ExtINT || !d.enabled() {
		if !d.s.LINT[0] { // a message asked
			d.s.ExtINT = false
			d.drive()
		}
		return d.cfg.PIC()
	}
	return uint8(d.s.SVR)
}

// eoi ends the interrupt of highest priority in service.
func (d *Device) eoi() {
	v := highest(&d.s.ISR)
	if v < 0 {
		return
	}
	w, bit := v>>5, uint32(1)<<(v&31)
	d.s.ISR[w] &^= bit
	if d.s.TMR[w]&bit != 0 {
		for n := range d.s.LINT {
			if e := &d.s.LVT[lvtLINT0+n]; uint32(v) == *e&0xff {
				*e &^= lvtRemoteIRR
				d.pin(n)
			}
		}
		d.cfg.EOI(uint8(v))
	}
	d.drive()
}

// TPR is the task priority; CR8 is its upper half.
func (d *Device) TPR() uint8 { return uint8(d.s.TPR) }

// SetTPR sets the task priority.
func (d *Device) SetTPR(v uint8) {
	d.s.TPR = uint32(v)
	d.drive()
}

// Perf is an overflow of a performance counter.
func (d *Device) Perf() {
	if d.s.LVT[lvtPerf]&lvtMasked == 0 {
		d.local(lvtPerf, false)
		d.s.LVT[lvtPerf] |= lvtMasked
	}
}
