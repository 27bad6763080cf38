package fdc82077

import "github.com/glassbox-vm/glassbox/devices"

// A command is one row: all we know about one command code.
type command struct {
	name   string
	params uint8 // bytes including the code
	run    func(*Device)
	due    func(*Device) // goes on after the deadline
	toHost bool          // data goes to the host
}

// Bits of the code of a data command, of its second byte and of CONFIGURE.
const (
	codeMT   = 1 << 7
	codeMFM  = 1 << 6
	codeSkip = 1 << 5
	codeMask = 0x1f

	scanEqual = 0x11
	scanLow   = 0x19
	scanHigh  = 0x1d

	unitHead = 1 << 2

	configImplied = 1 << 6
	configNoFIFO  = 1 << 5
	configNoPoll  = 1 << 4

	hltNonDMA = 1 << 0 // of SPECIFY
)

const (
	st0Abnormal = 1 << 6
	st0Invalid  = 2 << 6
	st0Ready    = 3 << 6
	st0SeekEnd  = 1 << 5
	st0Check    = 1 << 4

	st1End       = 1 << 7
	st1DataError = 1 << 5
	st1NoData    = 1 << 2
	st1NotWrite  = 1 << 1
	st1NoMark    = 1 << 0

	st2Deleted   = 1 << 6
	st2DataError = 1 << 5
	st2Wrong     = 1 << 4
	st2ScanHit   = 1 << 3
	st2ScanMiss  = 1 << 2
)

// lookUp returns the row of a command code.
func lookUp(code uint8) command {
	switch code & codeMask {
	case 0x02:
		return command{name: "READ TRACK", params: 9, run: beginTrack, due: transferDue, toHost: true}
	case 0x05:
		return command{name: "WRITE DATA", params: 9, run: begin, due: writeDue}
	case 0x06:
		return command{name: "READ DATA", params: 9, run: begin, due: transferDue, toHost: true}
	case 0x09:
		return command{name: "WRITE DELETED DATA", params: 9, run: begin, due: writeDue}
	case 0x0c:
		return command{name: "READ DELETED DATA", params: 9, run: begin, due: transferDue, toHost: true}
	case 0x0d:
		return command{name: "FORMAT TRACK", params: 6, run: beginFormat, due: formatDue}
	case scanEqual:
		return command{name: "SCAN EQUAL", params: 9, run: begin, due: scanDue}
	case scanLow:
		return command{name: "SCAN LOW OR EQUAL", params: 9, run: begin, due: scanDue}
	case scanHigh:
		return command{name: "SCAN HIGH OR EQUAL", params: 9, run: begin, due: scanDue}
	case 0x16:
		return command{name: "VERIFY", params: 9, run: begin, due: transferDue, toHost: true}
	}
	switch code {
	case 0x03:
		return command{name: "SPECIFY", params: 3, run: specify}
	case 0x04:
		return command{name: "SENSE DRIVE STATUS", params: 2, run: senseDrive}
	case 0x07:
		return command{name: "RECALIBRATE", params: 2, run: recalibrate}
	case 0x08:
		return command{name: "SENSE INTERRUPT STATUS", params: 1, run: senseInterrupt}
	case 0x0a, 0x4a:
		return command{name: "READ ID", params: 2, run: func(d *Device) { d.execute(commandTime) }, due: readID}
	case 0x0e:
		return command{name: "DUMPREG", params: 1, run: dumpRegisters}
	case 0x0f:
		return command{name: "SEEK", params: 3, run: seek}
	case 0x8f, 0xcf:
		return command{name: "RELATIVE SEEK", params: 3, run: relativeSeek}
	case 0x10:
		return command{name: "VERSION", params: 1, run: func(d *Device) { d.results(false, 0x90) }}
	case 0x12:
		return command{name: "PERPENDICULAR MODE", params: 2, run: perpendicular}
	case 0x13:
		return command{name: "CONFIGURE", params: 4, run: configure}
	case 0x14, 0x94:
		return command{name: "LOCK", params: 1, run: lock}
	}
	return command{name: "invalid", params: 1, run: invalid}
}

// row is that of the command in progress.
func (d *Device) row() command { return lookUp(d.s.Params[0]) }

func (d *Device) unit() *UnitState { return &d.s.Unit[d.s.Params[1]&3] }

// the drive that a command names, or nil.
func (d *Device) named() *drive {
	if u := d.s.Params[1] & 3; u < drives && d.drive[u].present {
		return d.drive[u]
	}
	return nil
}

func invalid(d *Device) { d.results(false, st0Invalid) }

func specify(d *Device) {
	d.s.SRTHUT, d.s.HLTND = d.s.Params[1], d.s.Params[2]
	d.ready()
}

// perpendicular sets GAP and WGATE, and with OW the four drives that record so.
func perpendicular(d *Device) {
	const ow, driveBits = 1 << 7, 0x3c
	v := d.s.Params[1]
	if v&ow == 0 {
		v = v&^driveBits | d.s.Perpendicular&driveBits
	}
	d.s.Perpendicular = v & 0x3f
	d.ready()
}

func configure(d *Device) {
	d.s.Config, d.s.PreTrk = d.s.Params[2]&0x7f, d.s.Params[3]
	d.ready()
}

// lock is LOCK with bit 7 set, UNLOCK without.
func lock(d *Device) {
	d.s.Lock = d.s.Params[0]&codeMT != 0
	v := uint8(0)
	if d.s.Lock {
		v = 0x10
	}
	d.results(false, v)
}

func dumpRegisters(d *Device) {
	locked := uint8(0)
	if d.s.Lock {
		locked = 0x80
	}
	u := &d.s.Unit
	d.results(false, u[0].Cylinder, u[1].Cylinder, u[2].Cylinder, u[3].Cylinder,
		d.s.SRTHUT, d.s.HLTND, d.s.EOT, locked|d.s.Perpendicular, d.s.Config, d.s.PreTrk)
}

func senseDrive(d *Device) {
	st3 := d.s.Params[1]&7 | 0x28
	if dr := d.named(); dr != nil {
		if d.unit().Track == 0 {
			st3 |= 0x10
		}
		if dr.image != nil && dr.image.ReadOnly() {
			st3 |= 0x40
		}
	}
	d.results(false, st3)
}

// senseInterrupt tells of one drive that has finished a seek, or was found ready after a
// reset; when there is none the command is invalid.
func senseInterrupt(d *Device) {
	for i := range d.s.Unit {
		if u := &d.s.Unit[i]; u.Done {
			u.Done = false
			d.interrupt(false)
			d.results(false, u.ST0, u.Cylinder)
			return
		}
	}
	invalid(d)
}

// maxRecalibrate is how many steps RECALIBRATE makes at most.
const maxRecalibrate = 79

func recalibrate(d *Device) {
	u := d.unit()
	u.Target = 0
	if d.named() != nil {
		u.Target = u.Track - min(u.Track, maxRecalibrate)
	}
	d.startSeek(devices.Time(u.Track-u.Target) * stepTime)
}

func seek(d *Device) {
	u := d.unit()
	steps := int(d.s.Params[2]) - int(u.Cylinder)
	u.Target = d.moveBy(u, steps)
	u.Cylinder = d.s.Params[2]
	d.startSeek(devices.Time(max(steps, -steps)) * stepTime)
}

// relativeSeek steps by a number of tracks: inwards with bit 6 of the code.
func relativeSeek(d *Device) {
	u := d.unit()
	steps := -int(d.s.Params[2])
	if d.s.Params[0]&codeMFM != 0 {
		steps = -steps
	}
	u.Target = d.moveBy(u, steps)
	u.Cylinder += uint8(steps)
	d.startSeek(devices.Time(d.s.Params[2]) * stepTime)
}

// moveBy is the track that steps lead to: the head stops at both ends.
func (d *Device) moveBy(u *UnitState, steps int) uint8 {
	return uint8(min(max(int(u.Track)+steps, 0), lastTrack))
}

// startSeek lets the drive move while the controller is ready for the next command. What
// an earlier seek of the drive had to tell is lost.
func (d *Device) startSeek(t devices.Time) {
	i := d.s.Params[1] & 3
	u := &d.s.Unit[i]
	u.ST0 = d.s.Params[1] & 7
	u.Done, u.Seeking = false, true
	u.Due = d.c.Clock.Now() + commandTime + t
	if d.row().name == "RECALIBRATE" {
		u.Cylinder = 0
		u.ST0 &= 3
		if d.named() == nil || u.Target != 0 {
			u.ST0 |= st0Abnormal | st0Check
		}
	}
	d.seeks[i].Set(u.Due)
	d.ready()
}

// sought is the end of a seek.
func (d *Device) sought(i int) {
	u := &d.s.Unit[i]
	d.arrive(i, u.Target)
	u.Seeking, u.Done = false, true
	u.ST0 |= st0SeekEnd
	d.interrupt(true)
}

// arrive puts the head on a track. A step with a disk in the drive ends DSKCHG.
func (d *Device) arrive(i int, track uint8) {
	u := &d.s.Unit[i]
	if track != u.Track && i < drives && d.drive[i].image != nil {
		u.Changed = false
	}
	u.Track = track
}

// readID is READ ID: the next sector that comes by.
func readID(d *Device) {
	dr := d.named()
	head := d.s.Params[1] >> 2 & 1
	if !d.readable(dr, head) {
		d.noMark(dr)
		return
	}
	u := d.unit()
	g := dr.format
	now := d.c.Clock.Now() % turnTime
	r := uint8(now*devices.Time(g.Sectors)/turnTime) + 1
	d.s.C, d.s.H, d.s.R = dr.cylinder(u.Track), head, r
	d.end(0, 0, 0)
}
