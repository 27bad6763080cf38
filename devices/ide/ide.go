// Package ide is one ATA channel: a cable with up to two drives, hard disks or CD-ROM
// drives, as a driver sees it through the command block and the control block.
//
// Read this file for the registers and the state, ports.go for what an access does,
// commands.go for the list of commands, transfer.go for how data moves, identify.go for
// what a drive says about itself; then packet.go for CD-ROM drives, which obey commands
// that come in packets of 12 bytes (mmc.go).
//
// # Command block (CommandPort: 8 ports, 1F0h or 170h on a PC)
//
//	off  read               write          note
//	0    Data               Data           16 bits; 32 bits are two words; a byte access
//	                                       moves a word and loses its high byte
//	1    Error              Features
//	2    Sector Count       Sector Count   two deep (48-bit commands), see HOB
//	3    LBA Low            LBA Low        two deep; sector number in CHS
//	4    LBA Mid            LBA Mid        two deep; cylinder 7:0
//	5    LBA High           LBA High       two deep; cylinder 15:8
//	6    Device             Device         6 LBA, 4 DEV, 3:0 LBA 27:24 or head; 7, 5 read 1
//	7    Status             Command        reading Status ends the interrupt
//
// # Control block (ControlPort: 1 port, 3F6h or 376h on a PC)
//
//	read   Alternate Status: Status without its effect on the interrupt
//	write  Device Control: 7 HOB (show the older byte of the two), 2 SRST, 1 nIEN
//
// # Status and Error
//
//	Status  7 BSY  6 DRDY  5 DF  4 DSC  3 DRQ  0 ERR
//	Error   6 UNC/WP  4 IDNF  2 ABRT  0 (after a diagnostic: 01h, passed)
//	        of a packet: 7:4 sense key
//
// A packet drive shows 1, 1, 14h, EBh in the registers from Sector Count on after a reset,
// with Status 0; a disk shows 1, 1, 0, 0 and Status 50h.
//
// # Two drives
//
// Each drive keeps its own copy of the registers; both hear every write, the selected one
// executes commands and answers reads. When only drive 0 is there it answers for drive 1
// as well, with Status 0. When nobody answers, the pull-down on DD7 makes reads 7Fh.
//
// # Time
//
// A command takes commandTime; media transfers take sectorTime more for every sector; a
// reset takes resetTime, a flush flushTime. Nothing ever depends on the host.
//
// # DMA
//
// The drive raises DMARQ and the bus master calls ReadDMAData or WriteDMAData. All host
// I/O happens inside one timer call, so no command can complete after it was reset away.
//
// Source: ANSI INCITS 361 (ATA/ATAPI-6) and 397 (ATA/ATAPI-7), "Register descriptions",
// "Command descriptions", "Protocols"; ATA-1 (X3.221) for CHS and old command codes;
// SFF-8020i and T10 MMC-3 for packets.
// Not modelled: DMA queueing and overlap, packets that write or play audio, SMART, security, host protected area (the native maximum can be read, not changed),
// READ/WRITE LONG and BUFFER, CompactFlash, standby timers, spin-up times.
// Inaccuracies: a transfer that runs past the last sector fails before any data moves;
// settings survive a software reset unless SET FEATURES CCh asked otherwise; register
// writes to a busy drive are ignored, and so are commands while data is expected. A CD has
// one data track; in raw sectors the error correction code is 0.
package ide

import (
	"io"

	"github.com/glassbox-vm/glassbox/devices"
)

// Virtual durations.
const (
	commandTime = 5 * devices.Microsecond
	sectorTime  = 2 * devices.Microsecond // about 250 MB/s
	flushTime   = 50 * devices.Microsecond
	resetTime   = 1 * devices.Millisecond
)

const (
	sectorSize = 512

	// maxBlock is the most that a drive buffers: one piece of a DMA transfer, in sectors.
	maxBlock = 128

	// maxMultiple is the largest block of READ and WRITE MULTIPLE, in sectors.
	maxMultiple = 16
)

// Status bits.
const (
	statusERR  = 1 << 0
	statusDRQ  = 1 << 3
	statusDSC  = 1 << 4
	statusDF   = 1 << 5
	statusDRDY = 1 << 6
	statusBSY  = 1 << 7

	statusReady = statusDRDY | statusDSC
	floating    = 0x7f // nobody drives the bus
)

// Error bits.
const (
	errorABRT = 1 << 2
	errorIDNF = 1 << 4
	errorUNC  = 1 << 6
	errorWP   = 1 << 6 // the same bit, for writes
	diagnosed = 0x01   // diagnostic code: passed
)

// Device and Device Control bits.
const (
	deviceLBA  = 1 << 6
	deviceDEV  = 1 << 4
	deviceHead = 0x0f
	deviceOnes = 0xa0 // obsolete bits that read 1

	controlNIEN = 1 << 1
	controlSRST = 1 << 2
	controlHOB  = 1 << 7
)

// An Image is the medium of a drive. Offsets and sizes are in bytes; the size is a
// multiple of 512 and does not change.
type Image interface {
	io.ReaderAt
	io.WriterAt
	Size() int64
	ReadOnly() bool
	// Flush returns when everything written is on stable storage.
	Flush() error
}

// A Drive says what is connected as drive 0 or 1. The zero Drive is none.
type Drive struct {
	Image    Image
	CDROM    bool   // a CD-ROM drive, whose Image may be nil: no disc; see SetMedium
	Model    string // at most 40 printable ASCII characters
	Serial   string // at most 20
	Firmware string // at most 8
}

// A HostError is trouble with an image that the guest was told about as a drive error.
type HostError struct {
	Drive int    // 0 or 1
	Op    string // "read", "write" or "flush"
	LBA   uint64 // first sector concerned, for read and write
	Err   error
}

// Config is what the board connects to a channel.
type Config struct {
	Drives [2]Drive
	Clock  devices.Clock
	// INTRQ and DMARQ are levels, active high; nil is not connected.
	INTRQ, DMARQ devices.Line
	// OnHostError is told of every failed access to an image; it may be nil.
	OnHostError func(HostError)
}

// A Phase is what a drive is doing.
type Phase uint8

// The phases. BSY is set in all but idle, data in, data out, and packet.
const (
	PhaseIdle     Phase = iota // waits for a command
	PhaseHeld                  // SRST is set
	PhaseReset                 // the reset or diagnostic runs
	PhaseCommand               // a command was written and has not begun
	PhaseMedia                 // data moves between buffer and image, or the command ends
	PhaseDataIn                // the host reads the buffer
	PhaseDataOut               // the host fills the buffer
	PhaseDMAIn                 // the bus master reads the buffer
	PhaseDMAOut                // the bus master fills the buffer
	PhaseSleeping              // SLEEP: only a reset helps
	PhasePacket                // the host writes a command packet
	PhaseDecode                // the packet was written and has not begun
	phases
)

// timed reports whether the phase ends at the deadline.
func (p Phase) timed() bool {
	return p == PhaseReset || p == PhaseCommand || p == PhaseMedia || p == PhaseDecode
}

// A DriveState is everything one drive remembers. Registers that are two deep hold the
// newest byte first.
type DriveState struct {
	Status, Error uint8
	Features      [2]uint8
	Count         [2]uint8
	LBALow        [2]uint8
	LBAMid        [2]uint8
	LBAHigh       [2]uint8
	Device        uint8

	// The command in progress, or the last one.
	Command   uint8
	Phase     Phase
	Deadline  devices.Time // of timed phases
	Interrupt bool         // pending, whether or not INTRQ shows it
	Diagnose  bool         // PhaseReset ends with an interrupt
	LBA       uint64       // next sector; of a CD: block of 2048 bytes
	Left      uint32       // sectors or blocks still to move between buffer and image
	Data      []byte       // buffer, at most 64 KiB; empty when no data moves
	Pos       uint32       // bytes of Data that the host has moved

	// Settings.
	Heads, Sectors uint8 // of the CHS translation
	Multiple       uint8 // sectors per block, 0: READ and WRITE MULTIPLE abort
	PIOMode        uint8 // 0–4
	DMAMode        uint8 // as SET FEATURES says it: 2xh MWDMA, 4xh UDMA, 0 none
	WriteThrough   bool  // write cache off
	NoLookAhead    bool
	RevertOnReset  bool // SET FEATURES CCh
	Standby        bool

	ATAPI PacketState // of a CD-ROM drive
}

// State is everything the channel remembers.
type State struct {
	Drives  [2]DriveState
	Control uint8
}

// A drive is one end of the cable.
type drive struct {
	DriveState
	Drive
	index   int
	sectors uint64 // capacity; 0 when there is no drive
	command *command
	timer   devices.Timer
	buffer  []byte
}

func (d *drive) present() bool { return d.CDROM || d.sectors != 0 }

// A Channel is a cable with its drives.
type Channel struct {
	control uint8
	drives  [2]*drive
	c       Config
}

// New returns a channel. An image of less than a sector counts as no drive. The board
// calls Reset once all is wired.
func New(c Config) *Channel {
	if c.INTRQ == nil {
		c.INTRQ = devices.NC
	}
	if c.DMARQ == nil {
		c.DMARQ = devices.NC
	}
	ch := &Channel{c: c}
	for i := range ch.drives {
		d := &drive{Drive: c.Drives[i], index: i}
		d.command = d.lookUp(0)
		d.timer = c.Clock.NewTimer(func() { ch.due(d) })
		if d.Image != nil && !d.CDROM {
			d.sectors = uint64(max(0, d.Image.Size())) / sectorSize
		}
		if d.present() {
			d.buffer = make([]byte, maxBlock*sectorSize)
		}
		ch.drives[i] = d
	}
	return ch
}

// Reset is power-on and the RESET- line: both drives are back at once with their
// signatures, settings at their defaults.
func (c *Channel) Reset() {
	c.control = 0
	for _, d := range c.drives {
		c.cancel(d)
		d.DriveState = DriveState{}
		d.ATAPI.Attention = attentionReset
		d.powerOnSettings()
		d.command = d.lookUp(0)
		d.signature()
	}
	c.driveINTRQ()
}

// powerOnSettings are what SET FEATURES and its relatives change.
func (d *drive) powerOnSettings() {
	g := geometryOf(d.sectors)
	d.Heads, d.Sectors = g.heads, g.sectors
	d.Multiple, d.PIOMode, d.DMAMode = 0, 0, 0
	d.WriteThrough, d.NoLookAhead, d.RevertOnReset = false, false, false
}

// signature is what a drive shows after a reset or a diagnostic. The Device register
// is part of it and was cleared in both drives when the reset began.
func (d *drive) signature() {
	d.Phase = PhaseIdle
	d.Count, d.LBALow = [2]uint8{1}, [2]uint8{1}
	d.LBAMid, d.LBAHigh = [2]uint8{}, [2]uint8{}
	d.Error = diagnosed
	d.Status = 0
	switch {
	case d.CDROM:
		d.LBAMid, d.LBAHigh = [2]uint8{packetMid}, [2]uint8{packetHigh}
	case d.present():
		d.Status = statusReady
	}
}

// selected is the drive that the DEV bit names, there or not.
func (c *Channel) selected() *drive { return c.drives[c.drives[0].Device>>4&1] }

// driveINTRQ drives the interrupt line: only the selected drive does, and only without
// nIEN.
func (c *Channel) driveINTRQ() {
	d := c.selected()
	c.c.INTRQ(d.present() && d.Interrupt && c.control&controlNIEN == 0)
}

// raise makes d's interrupt pending.
func (c *Channel) raise(d *drive) {
	d.Interrupt = true
	c.driveINTRQ()
}

// busyFor puts d into a timed phase for a while.
func (c *Channel) busyFor(d *drive, p Phase, t devices.Time) {
	d.Phase = p
	d.Status = d.Status&^statusDRQ | statusBSY
	d.Deadline = c.c.Clock.Now() + t
	d.timer.Set(d.Deadline)
}

// cancel ends whatever d is doing, without a trace in the registers.
func (c *Channel) cancel(d *drive) {
	d.timer.Stop()
	if d.Phase == PhaseDMAIn || d.Phase == PhaseDMAOut {
		c.c.DMARQ(false)
	}
	d.Phase, d.Data, d.Pos, d.Left = PhaseIdle, nil, 0, 0
	d.Interrupt, d.Diagnose = false, false
}

// due runs when d's deadline has come.
func (c *Channel) due(d *drive) {
	switch d.Phase {
	case PhaseReset:
		diagnose := d.Diagnose && d.index == 0
		d.Diagnose = false
		d.signature()
		if diagnose {
			c.raise(d)
		}
	case PhaseCommand:
		d.command.run(c, d)
	case PhaseMedia:
		c.media(d)
	case PhaseDecode:
		c.obey(d)
	}
}

// hostError reports err and returns whether there was one.
func (c *Channel) hostError(d *drive, op string, lba uint64, err error) bool {
	if err != nil && c.c.OnHostError != nil {
		c.c.OnHostError(HostError{Drive: d.index, Op: op, LBA: lba, Err: err})
	}
	return err != nil
}
