package service

// The transfer in progress, at ebdaReq. The code in the ROM calls diskStep until CF is
// clear: the services command the drive and the guest's own REP INS and OUTS move data.
const (
	reqOp     = ebdaReq      // opRead…
	reqDrive  = ebdaReq + 1  // hard disk: index; CD-ROM: position; diskette: 0 or 1
	reqPhase  = ebdaReq + 2  // reqStart…, or see atapi.go and floppy_step.go
	reqStatus = ebdaReq + 3  // INT 13h code
	reqLeft   = ebdaReq + 4  // dword: sectors
	reqLBA    = ebdaReq + 8  // qword
	reqBuffer = ebdaReq + 16 // dword: linear address
	reqDone   = ebdaReq + 20 // dword: sectors
	reqInCmd  = ebdaReq + 24 // word: sectors left of the present command
	reqKind   = ebdaReq + 26 // byte: kindATA…
	reqTries  = ebdaReq + 27 // byte
	reqPolls  = ebdaReq + 28 // dword
	reqReply  = ebdaReq + 32 // byte: how the caller is told, replyCount…
	reqHigh   = ebdaReq + 33 // byte: the buffer is out of reach of the guest's own INS
	reqUnit   = ebdaReq + 34 // word: bytes of a sector
	reqSkip   = ebdaReq + 36 // word: bytes of the CD-ROM block before the data
	reqRest   = ebdaReq + 38 // word: and after them
	reqArg    = ebdaReq + 40 // byte: argument of a command without data
)

// What a transfer does.
const (
	opRead = iota
	opWrite
	opVerify
	opFormat  // diskette: a track
	opReset   // diskette: the controller
	opChanged // look at the change line, or ask the CD-ROM drive
	opLock    // CD-ROM: PREVENT ALLOW MEDIUM REMOVAL
	opEject
	opCapacity
)

// Who does it.
const (
	kindATA = iota
	kindATAPI
	kindFloppy
)

// How the caller is told what was moved.
const (
	replyCount  = iota // in AL
	replyPacket        // in the packet at DS:SI
	replyStatus        // not at all
	replyParameters
)

const (
	reqStart  = iota // the next command is to be given
	reqData          // data is expected
	reqFinish        // the drive is finishing a command
)

// What the code in the ROM is to do, in AL: wait a little, or move CX words or bytes
// between port DX and ES:DI.
const (
	stepWait = iota
	stepRead
	stepWrite
	stepReadBytes
	stepWriteBytes
)

// maxCommand is the most sectors of one command.
const maxCommand = 128

// INT 13h status codes.
const (
	diskOK        = 0x00
	diskBad       = 0x01 // invalid function or parameter
	diskNoMark    = 0x02 // address mark not found
	diskProtected = 0x03
	diskNotFound  = 0x04 // sector not found
	diskChanged   = 0x06
	diskOverrun   = 0x08
	diskBoundary  = 0x09 // DMA across 64 KiB
	diskBadMedia  = 0x0c // media type not available
	diskECC       = 0x10
	diskCtrlFail  = 0x20
	diskNoMedium  = 0x31
	diskSeekFail  = 0x40
	diskTimeout   = 0x80
	diskNotReady  = 0xaa
	diskLocked    = 0xb1 // volume locked in drive
	diskFixed     = 0xb2 // volume not removable
	diskUndefined = 0xbb

	diskWriteFault = 0xcc
)

// A transfer is what startTransfer needs to know.
type transfer struct {
	kind, op, drive uint8
	reply           uint8
	unit            uint16
	lba             uint64
	count, buffer   uint32
	high            bool
}

// startTransfer writes the request; the code in the ROM then steps.
func (c *call) startTransfer(t transfer) {
	c.zeroFill(ebdaReq, 0x40)
	c.setB(reqKind, t.kind)
	c.setB(reqOp, t.op)
	c.setB(reqDrive, t.drive)
	c.setD(reqLeft, t.count)
	c.setQ(reqLBA, t.lba)
	c.setD(reqBuffer, t.buffer)
	c.setD(reqPolls, probeLimit)
	c.setB(reqReply, t.reply)
	c.setB(reqHigh, bit(0, t.high))
	c.setW(reqUnit, t.unit)
	c.carry = true
}

// finish ends the transfer.
func (c *call) finish(status uint8) {
	c.setB(reqStatus, status)
	c.carry = false
}

// diskStep does the next thing that needs no waiting.
func (c *call) diskStep() {
	c.carry = true
	c.ax.setLo(stepWait)
	polls := c.d(reqPolls)
	if polls == 0 {
		c.giveUp()
		return
	}
	c.setD(reqPolls, polls-1)
	switch c.b(reqKind) {
	case kindATA:
		c.ataStep()
	case kindATAPI:
		c.atapiStep()
	default:
		c.floppyStep()
	}
}

// giveUp ends a transfer that takes too long.
func (c *call) giveUp() {
	if c.b(reqKind) == kindFloppy {
		c.floppyFail(diskTimeout)
		return
	}
	c.finish(diskTimeout)
}

// account counts n sectors as moved.
func (c *call) account(n uint32) {
	c.setD(reqLeft, c.d(reqLeft)-n)
	c.setD(reqDone, c.d(reqDone)+n)
	c.setQ(reqLBA, c.q(reqLBA)+uint64(n))
	c.setD(reqPolls, probeLimit)
}

// move has the code in the ROM move n bytes between the buffer and a port, by words or by
// bytes. A buffer above 1 MiB is served here.
func (c *call) move(port uint16, n uint32, bytes bool) {
	buffer, write := c.d(reqBuffer), c.b(reqOp) == opWrite || c.b(reqOp) == opFormat
	c.setD(reqBuffer, buffer+n)
	if c.b(reqHigh) != 0 {
		for at := buffer; at < buffer+n; at += 2 {
			if write {
				c.outN(port, 2, uint32(c.w(at)))
			} else {
				c.setW(at, uint16(c.inN(port, 2)))
			}
		}
		return
	}
	c.es = uint16(min(buffer>>4, 0xffff))
	c.di = reg(buffer - uint32(c.es)<<4)
	c.cx, c.dx = reg(n/2), reg(port)
	c.ax.setLo(stepRead + bit(0, write))
	if bytes {
		c.cx = reg(n)
		c.ax.setLo(stepReadBytes + bit(0, write))
	}
}

// diskDone gives the program the result of a transfer.
func (c *call) diskDone() {
	status, done := c.b(reqStatus), c.d(reqDone)
	switch c.b(reqReply) {
	case replyPacket:
		if c.b(reqOp) != opVerify {
			c.setW(c.dsBase+uint32(c.si.w())+2, uint16(done))
		}
	case replyCount:
		c.ax.setLo(uint8(done))
	case replyParameters:
		c.cdParameters(status)
		status = diskOK
	}
	if c.b(reqKind) == kindFloppy || c.b(reqReply) == replyCount && c.dx.lo() < 0x80 {
		c.floppyEnd(status)
		return
	}
	c.diskEnd(status)
}

// diskEnd ends a service of the hard disks.
func (c *call) diskEnd(status uint8) {
	c.setB(bdaDiskStatus, status)
	c.status(status)
}
