package service

// The transfer in progress, at ebdaReq. The code in the ROM calls diskStep until CF is
// clear: the services command the drive and the guest's own REP INSW and OUTSW move data.
const (
	reqOp     = ebdaReq      // opRead…
	reqDrive  = ebdaReq + 1  // index
	reqPhase  = ebdaReq + 2  // reqStart…
	reqStatus = ebdaReq + 3  // INT 13h code
	reqLeft   = ebdaReq + 4  // dword: sectors
	reqLBA    = ebdaReq + 8  // qword
	reqBuffer = ebdaReq + 16 // dword: linear address
	reqDone   = ebdaReq + 20 // dword: sectors
	reqInCmd  = ebdaReq + 24 // word: sectors left of the present command
	reqPolls  = ebdaReq + 28 // dword
	reqEDD    = ebdaReq + 32 // byte: the caller counts in a packet
)

const (
	opRead = iota
	opWrite
	opVerify
)

const (
	reqStart  = iota // the next command is to be given
	reqData          // data is expected
	reqFinish        // the drive is finishing a command
)

// What the code in the ROM is to do, in AL.
const (
	stepWait  = 0
	stepRead  = 1
	stepWrite = 2
)

// maxCommand is the most sectors of one command.
const maxCommand = 128

// INT 13h status codes.
const (
	diskOK        = 0x00
	diskBad       = 0x01 // invalid function or parameter
	diskNotFound  = 0x04
	diskUndefined = 0xbb
	diskECC       = 0x10
	diskCtrlFail  = 0x20
	diskTimeout   = 0x80
	diskProtected = 0x03
)

// startTransfer writes the request; the code in the ROM then steps.
func (c *call) startTransfer(op, n uint8, lba uint64, count, buffer uint32, edd bool) {
	c.setB(reqOp, op)
	c.setB(reqDrive, n)
	c.setB(reqPhase, reqStart)
	c.setB(reqStatus, diskOK)
	c.setD(reqLeft, count)
	c.setQ(reqLBA, lba)
	c.setD(reqBuffer, buffer)
	c.setD(reqDone, 0)
	c.setW(reqInCmd, 0)
	c.setD(reqPolls, probeLimit)
	c.setB(reqEDD, bit(0, edd))
	c.carry = true
}

// finish ends the transfer.
func (c *call) finish(status uint8, d *drive) {
	c.setB(reqStatus, status)
	c.out(ataControl(d.Pos), ataControlIdle)
	c.carry = false
}

// diskStep does the next thing that needs no waiting.
func (c *call) diskStep() {
	d := c.drive(c.b(reqDrive))
	base := ataBase(d.Pos)
	c.carry = true
	c.ax.setLo(stepWait)
	polls := c.d(reqPolls)
	c.setD(reqPolls, polls-1)
	st := c.in(base + 7)
	phase := c.b(reqPhase)
	if st&ataBSY != 0 {
		if polls == 0 {
			c.finish(diskTimeout, &d)
		}
		return
	}
	if phase == reqStart {
		if c.d(reqLeft) == 0 {
			c.finish(diskOK, &d)
			return
		}
		c.command(&d)
		return
	}
	switch {
	case st&(ataERR|ataDF) != 0:
		c.finish(diskError(st, c.in(base+1)), &d)
	case phase == reqFinish:
		if c.b(reqOp) == opVerify {
			c.account(uint32(c.w(reqInCmd)))
		}
		c.setB(reqPhase, reqStart)
	case st&ataDRQ != 0:
		c.moveSector(base)
	case polls == 0:
		c.finish(diskTimeout, &d)
	}
}

// diskError makes an INT 13h code of status and error register.
func diskError(st, e uint8) uint8 {
	switch {
	case st&ataDF != 0:
		return diskCtrlFail
	case e&0x10 != 0:
		return diskNotFound
	case e&0x40 != 0:
		return diskECC
	case e&0x04 != 0:
		return diskBad
	}
	return diskUndefined
}

// account counts n sectors as moved.
func (c *call) account(n uint32) {
	c.setD(reqLeft, c.d(reqLeft)-n)
	c.setD(reqDone, c.d(reqDone)+n)
	c.setQ(reqLBA, c.q(reqLBA)+uint64(n))
	c.setD(reqPolls, probeLimit)
}

// moveSector has the code in the ROM move one sector.
func (c *call) moveSector(base uint16) {
	buffer := c.d(reqBuffer)
	c.es, c.di = uint16(buffer>>4), reg(buffer&15)
	c.cx, c.dx = 256, reg(base)
	c.setD(reqBuffer, buffer+512)
	c.account(1)
	left := c.w(reqInCmd) - 1
	c.setW(reqInCmd, left)
	write := c.b(reqOp) == opWrite
	c.ax.setLo(stepRead)
	if write {
		c.ax.setLo(stepWrite)
	}
	switch {
	case left == 0 && write:
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

// diskDone gives the program the result of a transfer.
func (c *call) diskDone() {
	status, done := c.b(reqStatus), c.d(reqDone)
	if c.b(reqEDD) != 0 {
		if c.b(reqOp) != opVerify {
			c.setW(c.dsBase+uint32(c.si.w())+2, uint16(done))
		}
	} else {
		c.ax.setLo(uint8(done))
	}
	c.diskEnd(status)
}

// diskEnd ends a service of the hard disks.
func (c *call) diskEnd(status uint8) {
	c.setB(bdaDiskStatus, status)
	c.status(status)
}
