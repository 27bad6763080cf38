package service

import "encoding/binary"

// Packet commands. The phases are reqStart, reqPacket (the drive asks for the packet),
// reqData and reqFinish.
//
// ATA/ATAPI-6, "PACKET command protocol"; MMC-4; SFF-8020i.
const reqPacket = 3

const (
	atapiPacket  = 0xa0
	atapiControl = 0x03 // C/D and I/O in the interrupt reason: the command is over

	cdRead        = 0x28 // READ(10)
	cdStartStop   = 0x1b
	cdLock        = 0x1e
	cdCapacity    = 0x25
	cdBlock       = 2048
	cdMaxBlocks   = 16 // of one command
	cdMaxAttempts = 8  // at a drive that has something to say first
)

// cdPosition is the position of the CD-ROM drive of the transfer.
func (c *call) cdPosition() uint8 { return c.b(reqDrive) & 3 }

// atapiStep is a step of a packet command.
func (c *call) atapiStep() {
	pos := c.cdPosition()
	base := ataBase(pos)
	if c.b(reqPhase) == reqStart {
		c.atapiStart(pos)
		return
	}
	st := c.in(base + 7)
	switch phase := c.b(reqPhase); {
	case st&ataBSY != 0:
	case phase == reqPacket && st&ataDRQ != 0:
		p := c.cdb()
		for i := 0; i < len(p); i += 2 {
			c.outN(base, 2, uint32(binary.LittleEndian.Uint16(p[i:])))
		}
		c.setB(reqPhase, reqData)
	case st&(ataERR|ataDF) != 0:
		c.atapiError(c.in(base+1)>>4, pos)
	case phase == reqData && st&ataDRQ != 0:
		c.atapiData(base)
	case phase == reqData && c.in(base+2)&atapiControl == atapiControl:
		c.atapiDone(pos)
	}
}

// atapiStart gives the next command.
func (c *call) atapiStart(pos uint8) {
	base := ataBase(pos)
	if c.b(reqOp) <= opVerify && c.d(reqLeft) == 0 {
		c.atapiFinish(diskOK, pos)
		return
	}
	c.out(ataControl(pos), ataNoInterrupt)
	c.out(base+6, ataDevice(pos))
	if c.in(base+7)&(ataBSY|ataDRQ) != 0 {
		return
	}
	for i, v := range []uint8{0, 0, 0, cdBlock & 0xff, cdBlock >> 8} {
		c.out(base+1+uint16(i), v)
	}
	c.out(base+7, atapiPacket)
	c.setB(reqPhase, reqPacket)
}

// cdb is the packet of the next command.
func (c *call) cdb() (p [12]byte) {
	switch c.b(reqOp) {
	case opChanged: // TEST UNIT READY
	case opLock:
		p[0], p[4] = cdLock, c.b(reqArg)
	case opEject:
		p[0], p[4] = cdStartStop, 2
	case opCapacity:
		p[0] = cdCapacity
	default:
		block, n := c.cdBlocks()
		p[0] = cdRead
		binary.BigEndian.PutUint32(p[2:], block)
		binary.BigEndian.PutUint16(p[7:], n)
		c.setW(reqInCmd, n)
	}
	return p
}

// cdBlocks is the blocks of the next command, and where in the first one the data begins:
// sectors of an emulated disk are a quarter of a block.
func (c *call) cdBlocks() (block uint32, n uint16) {
	at := c.q(reqLBA) * uint64(c.w(reqUnit))
	c.setW(reqSkip, uint16(at%cdBlock))
	end := at + uint64(c.d(reqLeft))*uint64(c.w(reqUnit))
	block = uint32(at / cdBlock)
	return block, uint16(min((end+cdBlock-1)/cdBlock-uint64(block), cdMaxBlocks))
}

// atapiData takes a block that the drive has ready: what comes before the data, the data by
// the code in the ROM, and, in a later step, what follows it.
func (c *call) atapiData(base uint16) {
	if c.b(reqOp) == opCapacity {
		for i := range uint32(4) {
			c.setW(ebdaPacket+2*i, uint16(c.inN(base, 2)))
		}
		c.setB(reqDone, 1)
		return
	}
	if rest := c.w(reqRest); rest != 0 {
		c.discard(base, rest)
		c.setW(reqRest, 0)
		return
	}
	skip, unit := c.w(reqSkip), c.w(reqUnit)
	c.discard(base, skip)
	n := min(uint32(cdBlock-skip)/uint32(unit), c.d(reqLeft))
	c.setW(reqSkip, 0)
	c.setW(reqRest, cdBlock-skip-uint16(n)*unit)
	if c.b(reqOp) == opVerify {
		c.discard(base, uint16(n)*unit)
	} else {
		c.move(base, n*uint32(unit), false)
	}
	c.account(n)
}

// discard reads n bytes that nobody wants, at most a block.
func (c *call) discard(base, n uint16) {
	for range min(n, cdBlock) / 2 {
		c.inN(base, 2)
	}
}

// atapiDone follows the end of a command.
func (c *call) atapiDone(pos uint8) {
	if c.b(reqOp) > opVerify {
		c.atapiFinish(diskOK, pos)
		return
	}
	c.setB(reqPhase, reqStart)
}

// atapiFinish ends the transfer and lets the drive interrupt again.
func (c *call) atapiFinish(status, pos uint8) {
	c.out(ataControl(pos), ataControlIdle)
	c.finish(status)
}

// atapiError follows a command that failed with a sense key: what the drive has to say about
// a reset or a new disc is heard, and the command tried again.
func (c *call) atapiError(key, pos uint8) {
	tries := c.b(reqTries)
	c.setB(reqTries, tries+1)
	switch {
	case key == 6 && c.b(reqOp) == opChanged:
		c.atapiFinish(diskChanged, pos)
	case key == 6 && tries < cdMaxAttempts:
		c.setB(reqPhase, reqStart)
	case key == 2:
		c.atapiFinish(diskNoMedium, pos)
	case key == 5:
		c.atapiFinish(diskBad, pos)
	case key == 3 || key == 4:
		c.atapiFinish(diskECC, pos)
	default:
		c.atapiFinish(diskCtrlFail, pos)
	}
}
