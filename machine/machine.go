package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/devices/fwcfg"
	"github.com/glassbox-vm/glassbox/devices/pci"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Limits of Config.Memory, in bytes.
const (
	MinMemory = 1 << 20
	MaxMemory = 64 << 30
)

// A Clock says how virtual time follows the host's.
type Clock uint8

// Clocks.
const (
	Virtual Clock = iota // as fast as the host can
	Real                 // a guest second is a host second when the host is fast enough
)

// A Boot is what to start: a kernel without firmware, or from the reset vector.
type Boot struct {
	Kernel []byte // Linux bzImage or Multiboot image, also gzip-compressed
	Initrd []byte // Linux: the initial RAM disk
	// Modules are what a Multiboot kernel gets besides its command line.
	Modules []bios.Module
	Append  string // command line
	Name    string // of the kernel file: first word of a Multiboot command line
	// BIOS is the system ROM of other firmware instead of ours: whole multiples of 64 KiB up
	// to MaxBIOS, at the end of the first 4 GiB; its last 128 KiB also below 1 MiB. It finds
	// the kernel in fw_cfg.
	BIOS []byte
	// VGABIOS is the expansion ROM of the display adapter, up to 64 KiB: for such firmware, or
	// in place of the one that our own has.
	VGABIOS []byte
	// Files are what a guest finds in fw_cfg by name, besides what the board puts there.
	Files []FWFile
	// Order is what firmware boots from when there is no kernel, at most three; none is
	// disk, CD, floppy.
	Order []BootDevice
	Menu  bool // our BIOS offers its boot menu
}

// MaxFWFileName is the longest name of an FWFile, in bytes.
const MaxFWFileName = fwcfg.MaxName

// An FWFile is a file in fw_cfg. By convention the names of a user's begin with opt/.
type FWFile struct {
	Name string // at most 55 bytes
	Data []byte
}

// A Drive is a disk or CD-ROM drive on one of the four IDE positions, or a floppy drive.
type Drive struct {
	Image  disk.Image // nil: nothing in a CD-ROM or floppy drive
	Serial string     // reported to the guest; "" gives a default; not of a floppy drive
	CDROM  bool       // on an IDE position: a CD-ROM drive
}

// Drives are the drives of a machine: hda…hdd, then floppies A and B; nil is absent.
type Drives = [6]*Drive

// FloppyA is the position of the first floppy drive.
const FloppyA = 4

// A Config is everything that makes one machine differ from another. Two machines with
// equal Config and equal input run identically.
type Config struct {
	Memory   uint64 // bytes, a multiple of 1 MiB; 0 means 128 MiB
	CPU      string // model, with optional ,+feature,-feature; "" is the default model
	CPUs     int    // processors; 0 means 1
	Cores    int    // of a package; 0 means that there is one package
	Threads  int    // of a core; 0 means 1
	Quantum  uint32 // instructions that each executes in its turn; 0 means DefaultQuantum
	Boot     Boot   // direct boot
	Drives   Drives
	Serial   [4]writer // what COM1…COM4 send; nil discards
	DebugCon io.Writer // what port E9h sends; nil discards
	// OpenMedium opens what ChangeMedium names, for the drive at position i.
	OpenMedium func(i int, name string) (disk.Image, error)
	// DebugConPort is where the debug console is instead of E9h; firmware writes to 402h.
	DebugConPort uint16
	Parallel     io.Writer // what is printed on LPT1; nil: no printer
	DebugExit    bool      // an isa-debug-exit at port F4h
	VGA          VGA       // display adapter
	NoReboot     bool      // a reset ends Run
	Clock        Clock
	Engine       Engine
	Native       Native
	RTCStart     time.Time // what the RTC shows at power-on; zero is 2026-01-01 00:00:00
	// SerialPace makes the UARTs take the time of their programmed speed for each
	// character, instead of a short fixed one.
	SerialPace bool
}

// writer is short for what a serial port writes to.
type writer = io.Writer

// A StopReason says why Run returned.
type StopReason uint8

// Reasons.
const (
	StopBudget      StopReason = iota // RunOptions.Budget is used up
	StopCancelled                     // the context ended, or Stop was called
	StopPowerOff                      // the guest switched the machine off
	StopReset                         // the guest reset the machine, and Config.NoReboot is set
	StopTripleFault                   // the CPU shut down, and Config.NoReboot is set
	StopDebugExit                     // the guest wrote to isa-debug-exit
	StopHalted                        // halted for ever: interrupts off and nothing scheduled
	StopReplayed                      // the end of the journal that Replay was given
	StopWatched                       // something that cpu.Stops asks for; CPU.Stopped tells what
)

// String describes the reason.
func (r StopReason) String() string {
	return [...]string{"budget used up", "stopped", "powered off", "reset", "triple fault",
		"debug exit", "halted with nothing to wake it", "end of the journal",
		"stopped by a debugger"}[r]
}

// A Result is how a Run ended.
type Result struct {
	Reason   StopReason
	ExitCode int    // of the guest, with StopDebugExit
	Detail   string // for StopTripleFault: what led to it
}

// RunOptions limits a Run.
type RunOptions struct {
	Budget uint64       // guest instructions; 0 means no limit
	Until  devices.Time // virtual time since power-on at which StopBudget is due; 0 means no limit
}

// A Machine is one PC. Its methods belong to one goroutine, but for SendSerial,
// SendKey with its relatives, and Stop.
type Machine struct {
	*board
	cfg   Config
	clock *clock
	inbox inbox
	pace  pacer

	resets  uint64
	onReset func()
	exits   [8]uint64 // by cpu.ExitReason
	request request   // what a chip asked for since the last look
	// executing: a processor runs; what chips do meanwhile an instruction has asked for.
	executing bool
	unknown   map[string]uint64
	sinks     []*sink
	keys      keyQueue
	opened    [len(Drives{})]disk.Image // by ChangeMedium
	look      look
	journal   func(Input)  // told of every input taken; may be nil
	until     devices.Time // RunOptions.Until of the present Run, or never

	milestone milestone // where the run loop stops for somebody who watches
	passes    uint64    // of the run loop so far
	recorder  *Recorder // who writes a journal; may be nil
	replay    *replay   // where input comes from instead of the inbox; may be nil
	parent    *Machine  // while a fork is built: the machine to copy
	timeline  *Timeline // the past; may be nil
	timed     [len(Drives{})]*timedDisk

	twin     *Machine // with Engine Check: the machine to compare with
	compared uint64
}

// request is something a chip asks of the board.
type request struct {
	reset, init, powerOff, debugExit bool
	code                             int
}

// ErrConfig is the error, wrapped, for a Config that describes no machine.
var ErrConfig = errors.New("machine configuration")

// sliceLimit is the most instructions executed without looking at the outside world.
const sliceLimit = 200_000

// New builds a machine that is about to execute its first instruction. Close releases
// its memory; drives and writers stay the caller's.
func New(cfg Config) (*Machine, error) {
	if cfg.Memory == 0 {
		cfg.Memory = 128 << 20
	}
	if cfg.Memory < MinMemory || cfg.Memory > MaxMemory || cfg.Memory%(1<<20) != 0 {
		return nil, fmt.Errorf("%w: memory size %d bytes: want a multiple of 1 MiB from 1 MiB to 64 GiB", ErrConfig, cfg.Memory)
	}
	if cfg.CPUs < 0 || cfg.CPUs > MaxCPUs {
		return nil, fmt.Errorf("%w: %d processors: want 1 to %d", ErrConfig, cfg.CPUs, MaxCPUs)
	}
	cfg.CPUs, cfg.Threads = max(cfg.CPUs, 1), max(cfg.Threads, 1)
	if cfg.Cores <= 0 {
		cfg.Cores = max(cfg.CPUs/cfg.Threads, 1)
	}
	if cfg.Quantum == 0 {
		cfg.Quantum = DefaultQuantum
	}
	if cfg.RTCStart.IsZero() {
		cfg.RTCStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	m := &Machine{cfg: cfg, unknown: map[string]uint64{}, until: never}
	m.inbox.wake = make(chan struct{}, 1)
	if cfg.Engine == Check {
		if err := m.newTwin(); err != nil {
			return nil, err
		}
	}
	if err := m.build(); err != nil {
		m.Close()
		return nil, err
	}
	if err := m.powerOn(); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Close releases the machine's memory.
func (m *Machine) Close() error {
	if m.twin != nil {
		m.twin.Close()
	}
	if m.board == nil || m.mem == nil {
		return nil
	}
	m.timeline.release()
	mem := m.mem
	m.mem = nil
	err := errors.Join(m.closeMedia(), mem.Close())
	for _, c := range m.cpus {
		err = errors.Join(err, c.Close())
	}
	return err
}

// powerOn resets every chip and, for a direct boot, loads the kernel.
func (m *Machine) powerOn() error {
	m.resetChips()
	for i, c := range m.cpus {
		c.Reset()
		if i > 0 {
			c.Activity = cpu.WaitSIPI
		}
	}
	m.turns.Reset()
	if m.cfg.Boot.BIOS == nil {
		if m.lapic != nil {
			m.lapic[0].VirtualWire() // as firmware leaves it
		}
		m.describeMemory()
	}
	return m.loadKernel()
}

// Run executes the machine until something ends it. It may be called again after
// StopBudget, StopCancelled and StopWatched. A panic of ours becomes an error that carries the
// registers.
func (m *Machine) Run(ctx context.Context, opt RunOptions) (res Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = m.crashReport(p)
		}
	}()
	end := ^uint64(0)
	if opt.Budget != 0 {
		end = m.Count() + opt.Budget
	}
	m.until = never
	if opt.Until != 0 {
		m.until = opt.Until
	}
	m.pace.start(m.clock.Now())
	for {
		if ctx.Err() != nil || m.inbox.takeStop() {
			return Result{Reason: StopCancelled}, nil
		}
		limit := uint64(sliceLimit)
		m.passes++
		m.clock.fireDue() // before input is taken: a replay meets both in this order
		if m.twin != nil {
			m.twin.clock.fireDue()
		}
		if err := m.timeline.arrive(); err != nil {
			return Result{}, err
		}
		if m.Count() >= end || m.clock.Now() >= m.until { // input of this moment comes later
			return Result{Reason: StopBudget}, nil
		}
		if m.replay != nil {
			if done, err := m.replay.step(m); done || err != nil {
				return Result{Reason: StopReplayed}, err
			}
		} else if m.deliverInput() {
			limit = charPace
		}
		res, done, err := m.slice(ctx, int64(min(end-m.Count(), limit)))
		m.flushOutput()
		m.lookAtScreen()
		if err == nil && m.twin != nil {
			err = m.follow(ctx)
		}
		if done || err != nil {
			return res, err
		}
		if m.cfg.Clock == Real && !m.inPast() {
			m.pace.wait(ctx, m.clock.Now(), m.inbox.wake)
		}
	}
}

// slice runs the processor whose turn it is to the next event and does what it stopped for.
func (m *Machine) slice(ctx context.Context, limit int64) (res Result, done bool, err error) {
	limit = min(limit, m.turns.begin())
	if m.clock.next != never {
		limit = min(limit, max(m.clock.instructionsUntil(m.clock.next), 1))
	}
	if m.until != never {
		limit = min(limit, max(m.clock.instructionsUntil(m.until), 1))
	}
	if m.twin != nil {
		limit = min(limit, checkSlice)
	}
	before := m.cpu.Count()
	reason := m.execute(m.timeline.limit(m.milestone.limit(m, limit)))
	m.turns.used(m.cpu.Count() - before)
	m.exits[reason]++
	if err := m.milestone.reached(m); err != nil {
		return Result{}, true, err
	}
	switch reason {
	case cpu.ExitInterrupt:
		m.executing = true
		m.cpu.Interrupt(m.acknowledge())
		m.executing = false
		if err := m.milestone.reached(m); err != nil {
			return Result{}, true, err
		}
	case cpu.ExitHalt:
		if !m.turns.pass() {
			return m.idle(ctx)
		}
	case cpu.ExitShutdown:
		return m.tripleFault()
	case cpu.ExitBreakpoint, cpu.ExitWatch:
		if res, done, err := m.serve(); done || err != nil {
			return res, done, err
		}
		return Result{Reason: StopWatched}, true, nil
	}
	return m.serve()
}

// serve does what chips asked for during the slice.
func (m *Machine) serve() (res Result, done bool, err error) {
	if len(m.signals) > 0 {
		m.serveSignals()
	}
	r := m.request
	m.request = request{}
	switch {
	case r.debugExit:
		return Result{Reason: StopDebugExit, ExitCode: r.code}, true, nil
	case r.powerOff:
		return Result{Reason: StopPowerOff}, true, nil
	case r.init && m.resumes():
		m.cpus[0].Init()
		return Result{}, false, nil
	case r.reset, r.init:
		if m.cfg.NoReboot {
			return Result{Reason: StopReset}, true, nil
		}
		return Result{}, false, m.reset()
	}
	return Result{}, false, nil
}

// resumes reports whether a program has said, in the shutdown byte of the battery-backed
// memory, that it goes on after a reset of the processor: INIT is that alone then. Otherwise
// the board takes INIT as a reset of everything, which is what firmware makes of it.
//
// IBM PC AT Technical Reference, "Shutdown Status Byte".
func (m *Machine) resumes() bool {
	const shutdownByte = 0x0f
	code := m.rtc.CMOS(shutdownByte)
	return code == 0x05 || code >= 0x09 && code <= 0x0c
}

// Reset is the reset button: every chip returns to its power-on state, memory keeps its
// contents, and a kernel that was loaded directly is loaded again.
func (m *Machine) Reset() error {
	if err := m.timeline.Branch(); err != nil {
		return err
	}
	if m.recorder != nil || m.timeline != nil {
		m.clock.fireDue() // as a replay does before every input
		m.event(inputReset, Input{})
	}
	return m.reset()
}

// reset is Reset when the guest asks for it.
func (m *Machine) reset() error {
	m.resets++
	if m.onReset != nil && !m.inPast() {
		m.onReset()
	}
	return m.powerOn()
}

// OnReset sets what is called before every reset, for logs; nil is nothing.
func (m *Machine) OnReset(f func()) { m.onReset = f }

// tripleFault resets the machine as the chipset does when the processor shuts down.
func (m *Machine) tripleFault() (Result, bool, error) {
	if m.resumes() {
		m.cpus[0].Init()
		return Result{}, false, nil
	}
	if m.cfg.NoReboot {
		return Result{Reason: StopTripleFault, Detail: explain(m.cpu.LastChain)}, true, nil
	}
	return Result{}, false, m.reset()
}

// idle lets time pass while all processors are halted.
func (m *Machine) idle(ctx context.Context) (Result, bool, error) {
	next := min(m.clock.next, m.until, m.replay.next(m), m.timeline.next())
	if !m.wakeable() { // no chip drives NMI or RESET on its own
		return Result{Reason: StopHalted}, true, nil
	}
	if next == never {
		if !m.inbox.open() {
			return Result{Reason: StopHalted}, true, nil
		}
		m.inbox.waitFor(ctx)
		return Result{}, false, nil
	}
	if m.cfg.Clock == Real && !m.inPast() && !m.pace.sleepUntil(ctx, m.clock, next, m.inbox.wake) {
		return Result{}, false, nil // input came first
	}
	m.clock.skipTo(next)
	return Result{}, false, nil
}

// crashReport is the error for a broken invariant of ours.
func (m *Machine) crashReport(p any) error {
	return fmt.Errorf("internal error: %v (instruction %d, %v, last fault %v): please report it with the command line",
		p, m.Count(), m.cpu, explain(m.cpu.LastChain))
}

// CPU is the processor whose turn it is, for debuggers and monitors between calls of Run.
func (m *Machine) CPU() *cpu.CPU { return m.cpu }

// Memory is guest-physical memory, for debuggers and monitors between calls of Run.
func (m *Machine) Memory() *phys.Memory { return m.mem }

// PCI is the PCI bus, for debuggers and monitors between calls of Run.
func (m *Machine) PCI() *pci.Bus { return m.pciBus }

// Now is virtual time since power-on.
func (m *Machine) Now() devices.Time { return m.clock.Now() }
