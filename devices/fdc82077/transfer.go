package fdc82077

// How data moves:
//
//	read     command → execute: load sector → transfer → execute … → result
//	write    command → execute: seek, checks → transfer → execute: store → transfer … → result
//	format   command → execute → transfer (4 bytes for a sector) → execute: fill → … → result
//
// A command ends at terminal count, or after the last sector (EOT), which without terminal
// count is abnormal: end of cylinder.

func (d *Device) useDMA() bool { return d.s.HLTND&hltNonDMA == 0 && d.c.DMA != nil }

// begin starts READ, WRITE and VERIFY.
func begin(d *Device) {
	p := &d.s.Params
	d.s.C, d.s.H, d.s.R, d.s.EOT = p[2], p[3], p[4], p[6]
	d.s.Left, d.s.TC = 0, false
	if p[0]&codeMask == 0x16 && p[1]&0x80 != 0 { // VERIFY with a count
		d.s.Left = p[8]
	}
	d.s.Len, d.s.Pos = 0, 0
	d.impliedSeek()
	d.execute(commandTime + sectorTime)
}

// beginTrack starts READ TRACK: the sectors as they follow the index hole.
func beginTrack(d *Device) {
	begin(d)
	d.s.R, d.s.Left = 1, d.s.EOT
}

// impliedSeek moves the head first when CONFIGURE said so.
func (d *Device) impliedSeek() {
	if d.s.Config&configImplied == 0 {
		return
	}
	u := d.unit()
	d.arrive(int(d.s.Params[1]&3), d.moveBy(u, int(d.s.C)-int(u.Cylinder)))
	u.Cylinder = d.s.C
}

// readable reports whether the head sees sectors: there is a disk, it has that side, and the
// data rate is the disk's.
func (d *Device) readable(dr *drive, head uint8) bool {
	return dr != nil && dr.image != nil && head < dr.format.Heads && dr.format.Rates>>d.s.Rate&1 != 0
}

// noMark ends a command that finds nothing on the disk, at once or when no disk turns.
func (d *Device) noMark(dr *drive) {
	if (dr == nil || dr.image == nil) && !d.s.Waited {
		d.s.Waited = true
		d.execute(2 * turnTime)
		return
	}
	d.end(st0Abnormal, st1NoMark, 0)
}

// find looks for the sector of the command and ends the command when it is not there.
func (d *Device) find(writes bool) bool {
	dr := d.named()
	head := d.s.Params[1] >> 2 & 1
	if !d.readable(dr, head) {
		d.noMark(dr)
		return false
	}
	f, cylinder := dr.format, dr.cylinder(d.unit().Track)
	switch {
	case writes && dr.image.ReadOnly():
		d.end(st0Abnormal, st1NotWrite, 0)
	case cylinder >= f.Cylinders:
		d.end(st0Abnormal, st1NoMark, 0)
	case d.s.C != cylinder:
		d.end(st0Abnormal, st1NoData, st2Wrong)
	case d.s.H != head, d.s.R == 0, d.s.R > f.Sectors, d.s.Params[5] != 2 && d.s.Params[0]&codeMask != 0x0d:
		d.end(st0Abnormal, st1NoData, 0)
	default:
		return true
	}
	return false
}

// end ends a data command with status and the address of the sector that would be next.
func (d *Device) end(st0, st1, st2 uint8) {
	d.s.Pos, d.s.Len, d.s.TC = 0, 0, false
	st0 |= d.s.Params[1] & 3
	st0 |= d.s.Params[1] & unitHead
	d.results(true, st0, st1, st2, d.s.C, d.s.H, d.s.R, 2)
}

// transferDue is the next step of a command that reads: a sector has passed the head.
func transferDue(d *Device) {
	if !d.find(false) {
		return
	}
	dr := d.named()
	if !d.load(dr) {
		return
	}
	if d.s.Params[0]&codeMask == 0x16 { // VERIFY
		d.sectorDone()
		return
	}
	d.offer(sectorSize)
}

// load reads the sector into the buffer.
func (d *Device) load(dr *drive) bool {
	off := dr.offset(d.s.C, d.s.Params[1]>>2&1, d.s.R)
	clear(d.s.Data[:])
	n := min(max(dr.image.Size()-off, 0), sectorSize)
	_, err := dr.image.ReadAt(d.s.Data[:n], off)
	return n == 0 || !d.hostError("read", off, err)
}

// hostError reports err, ends the command and returns whether there was one.
func (d *Device) hostError(op string, off int64, err error) bool {
	if err == nil {
		return false
	}
	if d.c.OnHostError != nil {
		d.c.OnHostError(HostError{Drive: int(d.s.Params[1] & 3), Op: op, LBA: uint64(off / sectorSize), Err: err})
	}
	d.end(st0Abnormal, st1DataError, st2DataError)
	return true
}

// writeDue is the next step of a command that writes: the buffer was filled, or has to be.
func writeDue(d *Device) {
	if !d.find(true) {
		return
	}
	if d.s.Len == 0 {
		clear(d.s.Data[:])
		d.offer(sectorSize)
		return
	}
	if d.store(d.s.C, d.s.R) {
		d.sectorDone()
	}
}

// store writes the buffer to a sector. What is not in the image cannot be written.
func (d *Device) store(c, r uint8) bool {
	dr := d.named()
	off := dr.offset(c, d.s.Params[1]>>2&1, r)
	if off+sectorSize > dr.image.Size() {
		d.end(st0Abnormal, st1DataError, st2DataError)
		return false
	}
	_, err := dr.image.WriteAt(d.s.Data[:], off)
	return !d.hostError("write", off, err)
}

// offer lets the host move n bytes of the buffer. It comes last in what the controller does,
// because the DMA controller may move them before DREQ returns.
func (d *Device) offer(n uint16) {
	d.s.Pos, d.s.Len = 0, n
	d.s.Phase = PhaseTransfer
	if !d.useDMA() {
		d.interrupt(true)
		return
	}
	if d.s.DOR&dorGate != 0 {
		d.c.DMA.DREQ(true)
	}
}

// Serve moves data when the DMA channel can be served.
func (d *Device) Serve() {
	if d.s.Phase != PhaseTransfer || !d.useDMA() {
		return
	}
	p := d.s.Data[d.s.Pos:d.s.Len]
	move := d.c.DMA.FromMemory
	if d.row().toHost {
		move = d.c.DMA.ToMemory
	}
	n, tc := move(p)
	if n > 0 || tc {
		d.moved(n, tc)
	}
}

// moved follows bytes that were moved. At the end of the buffer, or at terminal count, the
// controller goes on without the host.
func (d *Device) moved(n int, tc bool) {
	d.s.Pos += uint16(n)
	if d.s.Pos < d.s.Len && !tc {
		return
	}
	if d.useDMA() {
		d.c.DMA.DREQ(false)
	} else {
		d.interrupt(false)
	}
	d.s.Pos = d.s.Len
	d.s.TC = tc
	if d.row().toHost {
		d.sectorDone()
		return
	}
	d.execute(sectorTime)
}

// sectorDone goes on to the next sector, or ends the command.
func (d *Device) sectorDone() {
	p := &d.s.Params
	last := d.s.R == d.s.EOT
	counted := d.s.Left == 1
	if d.s.Left > 0 {
		d.s.Left--
	}
	tc := d.s.TC
	d.s.TC, d.s.Len, d.s.Pos = false, 0, 0
	d.advance(last)
	kind := p[0] & codeMask
	switch {
	case kind == 0x0c: // there are no deleted data marks
		d.end(0, 0, st2Deleted)
	case tc, counted && kind == 0x16:
		d.end(0, 0, 0)
	case counted, last && (p[0]&codeMT == 0 || d.s.R == 1 && d.s.H == 0):
		st := uint8(st0Abnormal)
		st1 := uint8(st1End)
		if kind == 0x16 && p[1]&0x80 == 0 {
			st, st1 = 0, 0 // VERIFY ends at EOT
		}
		d.end(st, st1, 0)
	default:
		d.execute(sectorTime)
	}
}

// advance makes C, H, R name the next sector: 82077AA, "Result phase table". With MT the
// second side follows the first.
func (d *Device) advance(last bool) {
	if !last {
		d.s.R++
		return
	}
	d.s.R = 1
	if d.s.Params[0]&codeMT != 0 {
		d.s.H ^= 1
		d.s.Params[1] ^= unitHead
		if d.s.H&1 != 0 {
			return
		}
	}
	d.s.C++
}

// beginFormat starts FORMAT TRACK: N, sectors, gap, filler.
func beginFormat(d *Device) {
	p := &d.s.Params
	d.s.Left, d.s.EOT, d.s.TC = p[3], p[3], false
	d.s.Len, d.s.Pos = 0, 0
	d.s.C, d.s.H, d.s.R = d.unit().Cylinder, p[1]>>2&1, 1
	d.execute(commandTime + sectorTime)
}

// formatDue asks for the address of the next sector, or fills the one that was given. Only
// the format that the image has can be written; other sectors are an error.
func formatDue(d *Device) {
	if d.s.Len == 0 {
		dr := d.named()
		switch head := d.s.Params[1] >> 2 & 1; {
		case !d.readable(dr, head):
			d.noMark(dr)
		case dr.image.ReadOnly():
			d.end(st0Abnormal, st1NotWrite, 0)
		case d.s.Left == 0:
			d.end(0, 0, 0)
		default:
			d.offer(4)
		}
		return
	}
	d.s.C, d.s.H, d.s.R = d.s.Data[0], d.s.Data[1], d.s.Data[2]
	if d.s.Data[3] != 2 {
		d.end(st0Abnormal, st1NoData, 0)
		return
	}
	if !d.find(true) {
		return
	}
	for i := range d.s.Data {
		d.s.Data[i] = d.s.Params[5]
	}
	if !d.store(d.s.C, d.s.R) {
		return
	}
	d.s.Len, d.s.Pos = 0, 0
	if d.s.Left--; d.s.Left == 0 || d.s.TC {
		d.end(0, 0, 0)
		return
	}
	d.execute(sectorTime)
}
