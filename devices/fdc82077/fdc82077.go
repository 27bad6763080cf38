// Package fdc82077 is the 82077AA floppy disk controller with its drives.
//
// Read this file for the registers and the state, commands.go for the list of commands,
// transfer.go and scan.go for how data moves, drive.go for drives and disks.
//
//	off  access  name  power-on  meaning
//	0,1  R       SRA/B           float: an AT does not have them
//	2    RW      DOR   00        7:4 motors, 3 DMAGATE (lets INT and DRQ out), 2 RESET# (0: held),
//	                             1:0 selected drive
//	3    RW      TDR   00        1:0 tape drive; kept
//	4    R       MSR             7 RQM, 6 DIO, 5 NON DMA, 4 CMD BSY, 3:0 drive seeks
//	4    W       DSR   02        7 software reset, 6 power down, 4:2 precompensation, 1:0 rate
//	5    RW      FIFO            command, parameters, data, results
//	7    R       DIR             7 DSKCHG of the selected drive; the rest floats
//	7    W       CCR             1:0 data rate: 0 500, 1 300, 2 250, 3 1000 kbit/s
//
// Port 6 of the block belongs to the IDE controller. INT rises at the end of a command with
// a result phase, after a seek, after a reset, and in non-DMA mode for data.
//
// # Status registers (results)
//
//	ST0  7:6 0 normal, 1 abnormal, 2 invalid command, 3 ready changed; 5 SE, 4 EC, 2 head, 1:0 drive
//	ST1  7 EN end of cylinder, 5 DE, 4 OR, 2 ND no data, 1 NW write protected, 0 MA no address mark
//	ST2  6 CM deleted data, 5 DD, 4 WC wrong cylinder, 3 SH scan equal hit, 2 SN scan not satisfied
//	ST3  6 write protected, 5 1, 4 track 0, 3 1, 2 head, 1:0 drive
//
// Source: Intel 82077AA data sheet (290166), "Register set", "Command set/descriptions",
// "Status register encoding".
//
// Not modelled: power down, tape, single density (FM),
// sectors of other sizes than 512 bytes, deleted data marks on the disk, motors (a disk
// always turns), FIFO threshold, the time that bits take at the programmed rate.
//
// Inaccuracies: sectors, steps and resets take short fixed times; data is never overrun, a
// host that is slow is waited for; a command to a drive without disk ends after two turns
// with MA, where hardware waits for ever. A disk shorter than its format reads 0 beyond.
package fdc82077

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Ports is the width of the block.
const Ports = 8

// Virtual durations.
const (
	resetTime   = 100 * devices.Microsecond
	commandTime = 50 * devices.Microsecond
	sectorTime  = 100 * devices.Microsecond
	stepTime    = 100 * devices.Microsecond
	turnTime    = 200 * devices.Millisecond
)

const (
	drives     = 2 // that can be connected
	units      = 4 // that the controller can name
	sectorSize = 512
	maxParams  = 9
	maxResults = 10
)

// DOR, MSR and other bits.
const (
	dorSelect = 3
	dorReset  = 1 << 2 // active low
	dorGate   = 1 << 3

	msrBusy   = 1 << 4
	msrNonDMA = 1 << 5
	msrDIO    = 1 << 6
	msrRQM    = 1 << 7

	dsrReset = 1 << 7
	rateMask = 3

	dirChange = 1 << 7
)

// A Phase is what the controller is doing.
type Phase uint8

// The phases.
const (
	PhaseHeld     Phase = iota // RESET# is low
	PhaseReset                 // comes out of reset
	PhaseCommand               // takes a command and its parameters
	PhaseExecute               // a command runs, until the deadline
	PhaseTransfer              // data waits for DMA or the processor
	PhaseResult                // results wait to be read
	phases
)

// UnitState is one drive as the controller knows it.
type UnitState struct {
	Cylinder uint8 // where the controller believes the head to be (PCN)
	Track    uint8 // where it is
	Target   uint8 // of the seek
	Seeking  bool
	Due      devices.Time // end of the seek
	Done     bool         // SENSE INTERRUPT STATUS has something to tell
	ST0      uint8        // that
	Changed  bool         // DSKCHG
}

// State is everything the controller and the drives remember.
type State struct {
	DOR, TDR, Rate uint8
	Precomp        uint8
	Phase          Phase
	Deadline       devices.Time // of PhaseReset and PhaseExecute
	Interrupt      bool
	Unit           [units]UnitState

	Params     [maxParams]uint8
	ParamCount uint8
	Results    [maxResults]uint8
	ResultLen  uint8
	ResultPos  uint8

	// The transfer in progress: sector to be moved, last one, buffer.
	C, H, R, EOT uint8
	Left         uint8 // sectors of FORMAT TRACK, VERIFY with count and READ TRACK
	Data         [sectorSize]uint8
	Pos, Len     uint16
	TC           bool // terminal count was reached
	Waited       bool // for a disk that does not turn

	// Settings.
	SRTHUT, HLTND  uint8 // SPECIFY
	Config, PreTrk uint8 // CONFIGURE
	Perpendicular  uint8
	Lock           bool
}

// PowerOn is the state after power-on.
var PowerOn = State{Rate: 2, Config: configNoFIFO}

// A HostError is trouble with an image that the guest was told about as a data error.
type HostError struct {
	Drive int    // 0 or 1
	Op    string // "read" or "write"
	LBA   uint64
	Err   error
}

// A DMA is the channel of the DMA controller: DREQ is a level; ToMemory and FromMemory move
// bytes and report how many, and whether terminal count was reached.
type DMA interface {
	DREQ(high bool)
	ToMemory(p []byte) (n int, tc bool)
	FromMemory(p []byte) (n int, tc bool)
}

// Config is what the board connects.
type Config struct {
	Clock  devices.Clock
	IRQ    devices.Line // level; nil is not connected
	DMA    DMA          // the board has Serve called when the channel can be served
	Drives [drives]Drive
	// OnHostError is told of every failed access to an image; it may be nil.
	OnHostError func(HostError)
}

// A Device is a controller with its drives.
type Device struct {
	s     State
	c     Config
	drive [drives]*drive
	timer devices.Timer
	seeks [units]devices.Timer
}

// New returns a controller; the board calls Reset once all is wired.
func New(c Config) *Device {
	if c.IRQ == nil {
		c.IRQ = devices.NC
	}
	d := &Device{c: c, s: PowerOn}
	d.timer = c.Clock.NewTimer(d.due)
	for i := range d.seeks {
		d.seeks[i] = c.Clock.NewTimer(func() { d.sought(i) })
	}
	for i := range d.drive {
		d.drive[i] = newDrive(c.Drives[i])
	}
	return d
}

// Reset returns to the power-on state: RESET# is low until software sets it.
func (d *Device) Reset() {
	d.stop()
	d.s = PowerOn
	for i := range d.s.Unit {
		d.s.Unit[i].Changed = true
	}
	d.driveIRQ()
}

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state, sets the timers and drives the interrupt line. DREQ is not
// driven: the DMA controller remembers its level.
func (d *Device) Restore(s State) error {
	switch {
	case s.Phase >= phases || (s.Phase == PhaseHeld) != (s.DOR&dorReset == 0):
		return fmt.Errorf("fdc82077: phase %d with DOR %#02x", s.Phase, s.DOR)
	case s.ParamCount > maxParams || s.ResultLen > maxResults || s.ResultPos > s.ResultLen:
		return fmt.Errorf("fdc82077: %d parameters, result %d of %d", s.ParamCount, s.ResultPos, s.ResultLen)
	case s.Len > sectorSize || s.Pos > s.Len || s.Phase == PhaseTransfer && s.Pos == s.Len:
		return fmt.Errorf("fdc82077: position %d of %d", s.Pos, s.Len)
	case s.Rate > 3 || s.TDR > 3 || s.Perpendicular > 0x3f:
		return fmt.Errorf("fdc82077: rate %d, tape %d, perpendicular %#x", s.Rate, s.TDR, s.Perpendicular)
	case s.Phase == PhaseResult && s.ResultPos == s.ResultLen:
		return fmt.Errorf("fdc82077: no result in the result phase")
	}
	if n := s.ParamCount; s.Phase == PhaseCommand {
		if n > 0 && n >= lookUp(s.Params[0]).params {
			return fmt.Errorf("fdc82077: command %#02x has %d parameters", s.Params[0], n)
		}
	} else if (s.Phase == PhaseExecute || s.Phase == PhaseTransfer) && (n == 0 || lookUp(s.Params[0]).due == nil) {
		return fmt.Errorf("fdc82077: command %#02x in phase %d", s.Params[0], s.Phase)
	}
	d.timer.Stop()
	d.s = s
	if s.Phase == PhaseReset || s.Phase == PhaseExecute {
		d.timer.Set(s.Deadline)
	}
	for i := range s.Unit {
		d.seeks[i].Stop()
		if s.Unit[i].Seeking {
			d.seeks[i].Set(s.Unit[i].Due)
		}
	}
	d.driveIRQ()
	return nil
}

// driveIRQ drives INT through the gate.
func (d *Device) driveIRQ() { d.c.IRQ(d.s.Interrupt && d.s.DOR&dorGate != 0) }

func (d *Device) interrupt(on bool) {
	d.s.Interrupt = on
	d.driveIRQ()
}

// stop ends whatever is going on.
func (d *Device) stop() {
	d.timer.Stop()
	for i := range d.seeks {
		d.seeks[i].Stop()
		d.s.Unit[i].Seeking = false
	}
	if d.s.Phase == PhaseTransfer && d.useDMA() {
		d.c.DMA.DREQ(false)
	}
	d.s.Interrupt = false
	d.s.ParamCount, d.s.ResultLen, d.s.ResultPos, d.s.Pos, d.s.Len = 0, 0, 0, 0, 0
	d.s.TC, d.s.Waited = false, false
}

// In implements devices.Port.
func (d *Device) In(off uint16) uint8 {
	switch off {
	case 2:
		return d.s.DOR
	case 3:
		return d.s.TDR | 0xfc
	case 4:
		return d.status()
	case 5:
		return d.read()
	case 7:
		if u := d.s.DOR & dorSelect; u < drives && d.drive[u].present && !d.s.Unit[u].Changed {
			return 0xff &^ dirChange
		}
	}
	return 0xff
}

// Out implements devices.Port.
func (d *Device) Out(off uint16, v uint8) {
	switch off {
	case 2:
		rose := v &^ d.s.DOR & dorReset
		d.s.DOR = v
		switch {
		case v&dorReset == 0:
			d.hold()
		case rose != 0:
			d.release()
		case d.s.Phase == PhaseTransfer && d.useDMA():
			d.c.DMA.DREQ(v&dorGate != 0)
		}
		d.driveIRQ()
	case 3:
		d.s.TDR = v & 3
	case 4:
		d.s.Rate, d.s.Precomp = v&rateMask, v>>2&7
		if v&dsrReset != 0 && d.s.DOR&dorReset != 0 {
			d.hold()
			d.release()
		}
	case 5:
		d.write(v)
	case 7:
		d.s.Rate = v & rateMask
	}
}

// hold is a reset: what LOCK protects stays.
func (d *Device) hold() {
	d.stop()
	d.s.Phase = PhaseHeld
	if !d.s.Lock {
		d.s.Config, d.s.PreTrk = configNoFIFO, 0
	}
	d.s.Perpendicular &^= 3
	for i := range d.s.Unit {
		d.s.Unit[i].Cylinder, d.s.Unit[i].Done = 0, false
	}
}

func (d *Device) release() {
	d.s.Phase = PhaseReset
	d.s.Deadline = d.c.Clock.Now() + resetTime
	d.timer.Set(d.s.Deadline)
}

// status is the main status register.
func (d *Device) status() (v uint8) {
	for i := range d.s.Unit {
		if d.s.Unit[i].Seeking {
			v |= 1 << i
		}
	}
	switch d.s.Phase {
	case PhaseCommand:
		v |= msrRQM
		if d.s.ParamCount > 0 {
			v |= msrBusy
		}
	case PhaseExecute:
		v |= msrBusy
	case PhaseTransfer:
		v |= msrBusy
		if !d.useDMA() {
			v |= msrRQM | msrNonDMA
			if d.row().toHost {
				v |= msrDIO
			}
		}
	case PhaseResult:
		v |= msrBusy | msrRQM | msrDIO
	}
	return v
}

// due is the deadline of a reset or of a step of a command.
func (d *Device) due() {
	switch d.s.Phase {
	case PhaseReset:
		d.s.Phase = PhaseCommand
		if d.s.Config&configNoPoll == 0 {
			for i := range d.s.Unit { // polling finds that every drive is ready
				d.s.Unit[i].Done, d.s.Unit[i].ST0 = true, st0Ready|uint8(i)
			}
			d.interrupt(true)
		}
	case PhaseExecute:
		d.row().due(d)
	}
}

// read is a read of the FIFO.
func (d *Device) read() uint8 {
	switch {
	case d.s.Phase == PhaseResult:
		v := d.s.Results[d.s.ResultPos]
		d.interrupt(false)
		if d.s.ResultPos++; d.s.ResultPos == d.s.ResultLen {
			d.s.Phase, d.s.ParamCount, d.s.ResultLen, d.s.ResultPos = PhaseCommand, 0, 0, 0
		}
		return v
	case d.s.Phase == PhaseTransfer && !d.useDMA() && d.row().toHost:
		v := d.s.Data[d.s.Pos]
		d.moved(1, false)
		return v
	}
	return 0xff
}

// write is a write of the FIFO. The number of bytes that a command takes comes from its
// row; nothing is kept beyond (CVE-2015-3456).
func (d *Device) write(v uint8) {
	switch {
	case d.s.Phase == PhaseTransfer && !d.useDMA() && !d.row().toHost:
		d.s.Data[d.s.Pos] = v
		d.moved(1, false)
	case d.s.Phase == PhaseCommand:
		d.s.Params[d.s.ParamCount] = v
		d.s.ParamCount++
		if d.s.ParamCount == d.row().params {
			d.row().run(d)
		}
	}
}

// results ends a command with its results; those of a command that moves data or looks at
// the disk come with an interrupt.
func (d *Device) results(interrupt bool, p ...uint8) {
	d.s.ResultLen, d.s.ResultPos = uint8(copy(d.s.Results[:], p)), 0
	d.s.Phase, d.s.Waited = PhaseResult, false
	if interrupt {
		d.interrupt(true)
	}
}

// ready ends a command without results.
func (d *Device) ready() { d.s.Phase, d.s.ParamCount = PhaseCommand, 0 }

// execute lets the command go on after a while.
func (d *Device) execute(t devices.Time) {
	d.s.Phase = PhaseExecute
	d.s.Deadline = d.c.Clock.Now() + t
	d.timer.Set(d.s.Deadline)
}
