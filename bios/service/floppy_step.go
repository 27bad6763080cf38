package service

// What an operation of a diskette goes through, in reqPhase. The controller is used
// without DMA: the code in the ROM moves the bytes, so that they go where the page tables of
// a virtual-8086 monitor say.
//
// Intel 82077AA data sheet, "Command set descriptions".
const (
	fdStart    = iota
	fdReset    // RESET# was released
	fdChange   // the change line is looked at
	fdChanging // the head moves to 1 and to 0, which resets it
	fdRecal
	fdDetect  // data rate and sectors are tried
	fdDouble  // the head moves to track 2, which may be cylinder 1
	fdDoubled // the cylinder is read
	fdSeek    // to the cylinder
	fdCommand // the next command is to be given
	fdData
)

// Ports and bits of the controller.
const (
	fdDOR  = 0x3f2
	fdMSR  = 0x3f4
	fdFIFO = 0x3f5
	fdDIR  = 0x3f7
	fdCCR  = 0x3f7

	msrRQM    = 1 << 7
	msrDIO    = 1 << 6
	msrNonDMA = 1 << 5
	msrBusy   = 1 << 4

	fdNonDMA = 1 // in the third byte of SPECIFY
	fdMFM    = 0x40
)

// floppyStep is the next step of the operation.
func (c *call) floppyStep() {
	n := c.b(reqDrive) & 1
	c.setB(bdaMotorCount, 0xff)
	switch c.b(reqPhase) {
	case fdStart:
		c.floppySelect(n)
	case fdReset:
		c.floppyResetDone(n)
	case fdChange:
		c.floppyChange(n)
	case fdChanging, fdRecal, fdSeek, fdDouble:
		c.floppySeeks(n)
	case fdDetect:
		c.floppyDetect(n)
	case fdDoubled:
		c.floppyDoubled(n)
	case fdCommand:
		c.floppyCommand(n)
	case fdData:
		c.floppyData(n)
	}
}

func (c *call) floppyPhase(p uint8) {
	c.setB(reqPhase, p)
	c.setB(floppySub, 0)
}

// floppyDone ends the operation; floppyFail has the controller reset before the next one.
func (c *call) floppyDone(status uint8) {
	c.setB(bdaMotorCount, c.diskBase(dptMotor))
	c.setB(bdaMotors, c.b(bdaMotors)&^0x80)
	c.finish(status)
}

func (c *call) floppyFail(status uint8) {
	c.setB(bdaFloppySeek, c.b(bdaFloppySeek)&0xf0)
	c.out(fdDOR, c.in(fdDOR)&^4)
	c.floppyDone(status)
}

// floppySelect starts motor and controller.
func (c *call) floppySelect(n uint8) {
	dor := 0x0c | 0x10<<n | n
	c.setB(bdaMotors, c.b(bdaMotors)&0x70|1<<n|bit(7, c.b(reqOp) == opWrite || c.b(reqOp) == opFormat))
	if old := c.in(fdDOR); old&4 == 0 || c.b(reqOp) == opReset {
		c.out(fdDOR, dor&^4)
		c.out(fdDOR, dor)
		c.floppyPhase(fdReset)
		return
	}
	c.out(fdDOR, dor)
	c.floppyPhase(fdChange)
}

// floppyResetDone takes the four interrupts that follow a reset and sets the controller up.
func (c *call) floppyResetDone(n uint8) {
	if c.in(fdMSR)&(msrRQM|msrDIO) != msrRQM {
		return
	}
	for range 4 {
		c.senseInterrupt()
	}
	c.setW(bdaTrack, 0)
	c.setB(bdaFloppySeek, c.b(bdaFloppySeek)&0x70)
	if c.b(reqOp) == opReset {
		c.fdWrite(3, c.diskBase(dptHUT), 2|fdNonDMA)
		c.floppyDone(diskOK)
		return
	}
	c.floppyPhase(fdChange)
}

// fdWrite gives the controller a command.
func (c *call) fdWrite(p ...uint8) {
	for _, v := range p {
		c.out(fdFIFO, v)
	}
}

// senseInterrupt is SENSE INTERRUPT STATUS.
func (c *call) senseInterrupt() (st0 uint8) {
	c.fdWrite(8)
	for i := range 2 {
		if c.in(fdMSR)&(msrRQM|msrDIO) != msrRQM|msrDIO {
			break
		}
		if v := c.in(fdFIFO); i == 0 {
			st0 = v
		}
	}
	return st0
}

// floppyChange looks at the change line; a disk that was changed is told of, once.
func (c *call) floppyChange(n uint8) {
	c.fdWrite(3, c.diskBase(dptHUT), 2|fdNonDMA)
	if c.floppyType(n) == drive360K {
		if c.b(reqOp) == opChanged {
			c.floppyDone(diskChanged) // it cannot tell
			return
		}
	} else if c.in(fdDIR)&0x80 != 0 {
		c.forget(n)
		if c.b(reqOp) == opChanged {
			c.floppyDone(diskChanged)
			return
		}
		c.floppyPhase(fdChanging)
		return
	}
	switch {
	case c.b(reqOp) == opChanged:
		c.floppyDone(diskOK)
	case c.b(bdaFloppySeek)>>n&1 == 0:
		c.floppyPhase(fdRecal)
	default:
		c.floppyReady(n)
	}
}

// floppyReady goes on when the head is on a known track.
func (c *call) floppyReady(n uint8) {
	if c.b(floppyRecord(n)+floppySPT) == 0 {
		c.floppyPhase(fdDetect)
		return
	}
	c.out(fdCCR, c.b(floppyRecord(n)+floppyRate))
	if c.b(reqOp) == opFormat {
		c.floppyPhase(fdSeek)
		return
	}
	c.floppyLinear(n)
	c.floppyPhase(fdCommand)
}

// floppyLinear makes a sector number of CX and DH in reqLBA, once.
func (c *call) floppyLinear(n uint8) {
	v, r := c.q(reqLBA), floppyRecord(n)
	cyl, head, sector := v>>8&0xff, v>>16&1, v&63
	spt, heads := uint64(c.b(r+floppySPT)), uint64(c.b(r+floppyHeads))
	if sector > spt || head >= heads {
		c.floppyDone(diskNotFound)
		return
	}
	c.setQ(reqLBA, (cyl*heads+head)*spt+sector-1)
}

// fdSeek sends the head to a cylinder, of the drive or of the disk.
func (c *call) fdSeek(n, track uint8) {
	c.fdWrite(0x0f, n, track)
	c.setB(bdaTrack+uint32(n), track)
}

// floppySeeks is the phases in which the head moves. Even steps send it, odd ones wait.
func (c *call) floppySeeks(n uint8) {
	phase, sub := c.b(reqPhase), c.b(floppySub)
	if sub&1 != 0 {
		if c.in(fdMSR)&(1<<n|msrRQM) != msrRQM {
			return
		}
		st0 := c.senseInterrupt()
		c.setB(floppySub, sub+1)
		if st0&0xc0 != 0 {
			if phase != fdRecal || sub > 2 {
				c.floppyFail(diskSeekFail)
			}
			return
		}
		c.floppySought(n, phase, sub+1)
		return
	}
	c.setB(floppySub, sub+1)
	switch {
	case phase == fdRecal || phase == fdChanging && sub == 0:
		c.fdWrite(7, n)
		c.setB(bdaTrack+uint32(n), 0)
	case phase == fdChanging:
		c.fdSeek(n, sub/2%2)
	case phase == fdDouble:
		c.fdSeek(n, 2)
	default:
		c.fdSeek(n, c.b(floppyCyl)<<c.b(floppyRecord(n)+floppyDouble))
	}
}

// floppySought goes on when the head has arrived.
func (c *call) floppySought(n, phase, sub uint8) {
	switch phase {
	case fdRecal:
		c.setB(bdaFloppySeek, c.b(bdaFloppySeek)|1<<n)
		c.floppyReady(n)
	case fdChanging:
		if sub < 6 { // recalibrated, 1, 0
			return
		}
		c.setB(bdaFloppySeek, c.b(bdaFloppySeek)|1<<n)
		if c.in(fdDIR)&0x80 != 0 { // there is none
			c.floppyDone(diskTimeout)
			return
		}
		c.floppyDone(diskChanged)
	case fdDouble:
		c.fdWrite(0x0a|fdMFM, n)
		c.floppyPhase(fdDoubled)
	default:
		c.setB(reqPhase, fdCommand)
		c.setB(floppySub, 1) // no further seek
	}
}

// A guess is a data rate and a number of sectors of a track.
type guess struct{ rate, spt uint8 }

// guesses are what may be in a drive, most sectors first for each rate.
func guesses(kind uint8) []guess {
	double := []guess{{rate250, 10}, {rate250, 9}, {rate250, 8}}
	switch kind {
	case drive360K, drive720K:
		return double
	case drive1M2:
		return []guess{{rate500, 15}, {rate300, 9}, {rate300, 8}}
	}
	high := append([]guess{{rate500, 21}, {rate500, 20}, {rate500, 18}, {rate500, 15}}, double...)
	if kind == drive2M88 {
		return append([]guess{{rate1M, 36}}, high...)
	}
	return high
}

// floppyDetect tries to find the last sector of a track by VERIFY. Even steps give the
// command, odd ones take the result. After a sector has been found it looks for the second
// head.
func (c *call) floppyDetect(n uint8) {
	sub := c.b(floppySub)
	list := guesses(c.floppyType(n))
	g := list[min(int(sub/2), len(list)-1)]
	r := floppyRecord(n)
	found := c.b(r+floppySPT) != 0
	if sub&1 == 0 {
		head, sector := uint8(0), g.spt
		if found {
			head, sector = 1, 1
		} else {
			c.out(fdCCR, g.rate)
		}
		c.fdWrite(0x16|fdMFM, n|head<<2, 0, head, sector, 2, sector, 0x1b, 0xff)
		c.setB(floppySub, sub+1)
		return
	}
	if c.in(fdMSR)&(msrRQM|msrDIO|msrBusy) != msrRQM|msrDIO|msrBusy {
		return
	}
	st := c.fdResult()
	ok := st[0]&0xc0 == 0
	switch {
	case found:
		rate := c.b(r + floppyRate)
		c.know(n, rate, c.b(r+floppySPT), 1+bit(0, ok), false)
		if kind := c.floppyType(n); (rate == rate250 || rate == rate300) && kind != drive360K && kind != drive720K {
			c.floppyPhase(fdDouble) // a disk of 40 tracks is possible
			return
		}
		c.floppyReady(n)
	case ok:
		c.setB(r+floppySPT, g.spt)
		c.setB(r+floppyRate, g.rate)
		c.setB(floppySub, sub-1)
	case int(sub/2)+1 == len(list):
		c.floppyFail(floppyError(st, false))
	default:
		c.setB(floppySub, sub+1)
	}
}

// floppyDoubled takes the result of READ ID under track 2.
func (c *call) floppyDoubled(n uint8) {
	if c.in(fdMSR)&(msrRQM|msrDIO|msrBusy) != msrRQM|msrDIO|msrBusy {
		return
	}
	if st := c.fdResult(); st[0]&0xc0 == 0 && st[3] == 1 {
		r := floppyRecord(n)
		c.know(n, c.b(r+floppyRate), c.b(r+floppySPT), c.b(r+floppyHeads), true)
	}
	c.floppyReady(n)
}

// fdResult reads the results of a command.
func (c *call) fdResult() (p [7]uint8) {
	for i := range p {
		if c.in(fdMSR)&(msrRQM|msrDIO) != msrRQM|msrDIO {
			break
		}
		p[i] = c.in(fdFIFO)
		c.setB(bdaFloppyRes+uint32(i), p[i])
	}
	return p
}

// floppyError makes an INT 13h code of status registers. At the end of a command without
// terminal count the controller complains about the end of the cylinder.
func floppyError(st [7]uint8, complete bool) uint8 {
	switch st1 := st[1]; {
	case st[0]&0xc0 == 0, complete && st1&0x7f == 0:
		return diskOK
	case st1&0x20 != 0:
		return diskECC
	case st1&0x10 != 0:
		return diskOverrun
	case st1&0x04 != 0, st1&0x80 != 0:
		return diskNotFound
	case st1&0x02 != 0:
		return diskProtected
	case st1&0x01 != 0:
		return diskNoMark
	}
	return diskCtrlFail
}

// floppyCommand gives the next command: sectors up to the end of the track.
func (c *call) floppyCommand(n uint8) {
	r, op, left := floppyRecord(n), c.b(reqOp), c.d(reqLeft)
	if left == 0 {
		c.floppyDone(diskOK)
		return
	}
	if op == opFormat {
		c.fdWrite(0x0d|fdMFM, n|c.b(floppyHead)<<2, 2, uint8(left), c.diskBase(dptGap), c.diskBase(dptFill))
		c.setW(reqInCmd, uint16(left))
		c.floppyPhase(fdData)
		return
	}
	spt, heads, lba := uint64(c.b(r+floppySPT)), uint64(c.b(r+floppyHeads)), c.q(reqLBA)
	if spt == 0 || heads == 0 {
		c.floppyFail(diskCtrlFail)
		return
	}
	cyl, head, sector := uint8(lba/spt/heads), uint8(lba/spt%heads), uint8(lba%spt)+1
	track := cyl << c.b(r+floppyDouble)
	if c.b(bdaTrack+uint32(n)) != track && c.b(floppySub) == 0 {
		c.setB(floppyCyl, cyl)
		c.floppyPhase(fdSeek)
		return
	}
	k := uint8(min(uint64(left), spt-uint64(sector)+1))
	code := [...]uint8{0x06, 0x05, 0x16}[min(op, opVerify)]
	c.fdWrite(code|fdMFM, n|head<<2, cyl, head, sector, 2, sector+k-1, 0x1b, 0xff)
	c.setW(reqInCmd, uint16(k))
	c.floppyPhase(fdData)
}

// floppyData moves a sector, or takes the result of the command.
func (c *call) floppyData(n uint8) {
	op, unit, left := c.b(reqOp), uint32(c.w(reqUnit)), c.w(reqInCmd)
	switch c.in(fdMSR) & (msrRQM | msrDIO | msrNonDMA | msrBusy) {
	case msrRQM | msrNonDMA | msrBusy, msrRQM | msrDIO | msrNonDMA | msrBusy:
		if left == 0 { // more than it was told to
			c.floppyFail(diskCtrlFail)
			return
		}
		c.move(fdFIFO, unit, true)
		c.setW(reqInCmd, left-1)
		c.setD(reqPolls, probeLimit)
	case msrRQM | msrDIO | msrBusy:
		st := c.fdResult()
		moved := op == opVerify || left == 0
		status := floppyError(st, moved)
		if status == diskNoMark {
			c.forget(n)
		}
		if status != diskOK {
			c.floppyFail(status)
			return
		}
		c.floppyMoved(n, op)
	}
}

// floppyMoved counts the sectors of a command that went well.
func (c *call) floppyMoved(n, op uint8) {
	if op == opFormat {
		c.account(c.d(reqLeft))
	} else {
		r := floppyRecord(n)
		spt := uint64(c.b(r + floppySPT))
		k := min(uint64(c.d(reqLeft)), spt-c.q(reqLBA)%spt)
		c.account(uint32(k))
	}
	c.floppyPhase(fdCommand)
}
