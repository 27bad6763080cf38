package service

// ataStep is a step of a transfer of a hard disk.
//
// ATA/ATAPI-6, "PIO data-in command protocol", "PIO data-out command protocol".
func (c *call) ataStep() {
	d := c.drive(c.b(reqDrive))
	base := ataBase(d.Pos)
	st := c.in(base + 7)
	phase := c.b(reqPhase)
	if st&ataBSY != 0 {
		return
	}
	if phase == reqStart {
		if c.d(reqLeft) == 0 {
			c.ataFinish(diskOK, &d)
			return
		}
		c.command(&d)
		return
	}
	switch {
	case st&(ataERR|ataDF) != 0:
		c.ataFinish(diskError(st, c.in(base+1), c.b(reqOp) == opWrite), &d)
	case phase == reqFinish:
		if c.b(reqOp) == opVerify {
			c.account(uint32(c.w(reqInCmd)))
		}
		c.setB(reqPhase, reqStart)
	case st&ataDRQ != 0:
		c.moveSector(base)
	}
}

// ataFinish ends the transfer and lets the drive interrupt again.
func (c *call) ataFinish(status uint8, d *drive) {
	c.out(ataControl(d.Pos), ataControlIdle)
	c.finish(status)
}

// diskError makes an INT 13h code of status and error register.
func diskError(st, e uint8, write bool) uint8 {
	switch {
	case write && st&ataDF != 0:
		return diskWriteFault
	case st&ataDF != 0:
		return diskCtrlFail
	case write && e&0x04 != 0: // the drive takes no writes
		return diskProtected
	case e&0x10 != 0:
		return diskNotFound
	case e&0x40 != 0:
		return diskECC
	case e&0x04 != 0:
		return diskBad
	}
	return diskUndefined
}

// moveSector moves one sector.
func (c *call) moveSector(base uint16) {
	c.move(base, 512, false)
	c.account(1)
	left := c.w(reqInCmd) - 1
	c.setW(reqInCmd, left)
	switch {
	case left == 0 && c.b(reqOp) == opWrite:
		c.setB(reqPhase, reqFinish)
	case left == 0:
		c.setB(reqPhase, reqStart)
	}
}

// command gives the drive the next command of the transfer.
func (c *call) command(d *drive) {
	base, op := ataBase(d.Pos), c.b(reqOp)
	n, lba := min(c.d(reqLeft), maxCommand), c.q(reqLBA)
	c.out(ataControl(d.Pos), ataNoInterrupt)
	cmd := [...]uint8{ataRead, ataWrite, ataVerify}[min(op, opVerify)]
	device := 0x40 | ataDevice(d.Pos)
	regs := [5]uint8{0, uint8(n), uint8(lba), uint8(lba >> 8), uint8(lba >> 16)}
	c.out(base+6, device)
	if ext := d.Flags&driveLBA48 != 0 && lba+uint64(n) > 1<<28; ext {
		cmd = [...]uint8{ataReadExt, ataWriteExt, ataVerifyExt}[min(op, opVerify)]
		for i, v := range [...]uint8{0, uint8(n >> 8), uint8(lba >> 24), uint8(lba >> 32), uint8(lba >> 40)} {
			c.out(base+1+uint16(i), v)
		}
	} else {
		device |= uint8(lba>>24) & 15
	}
	for i, v := range regs {
		c.out(base+1+uint16(i), v)
	}
	c.out(base+6, device)
	c.out(base+7, cmd)
	c.setW(reqInCmd, uint16(n))
	c.setB(reqPhase, reqData)
	if op == opVerify {
		c.setB(reqPhase, reqFinish)
	}
}
