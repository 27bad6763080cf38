package service

// fromBCD and toBCD convert a byte of the clock.
func fromBCD(v uint8) uint32 { return uint32(v>>4)*10 + uint32(v&15) }

// ticksPerDay is the number of timer ticks of a day.
const ticksPerDay = 0x1800b0

// setTicks sets the tick count from the clock.
func (c *call) setTicks() {
	s := uint64(fromBCD(c.cmos(4)))*3600 + uint64(fromBCD(c.cmos(2)))*60 + uint64(fromBCD(c.cmos(0)))
	c.setD(bdaTicks, uint32(s*ticksPerDay/86400))
}

// Status register B of the clock.
const (
	rtcAIE = 1 << 5
	rtcPIE = 1 << 6
	rtcSET = 1 << 7
)

// time is INT 1Ah.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "System-Timer and Real-Time Clock".
func (c *call) time() {
	switch c.ax.hi() {
	case 0x00: // read ticks
		t := c.d(bdaTicks)
		c.cx.setW(uint16(t >> 16))
		c.dx.setW(uint16(t))
		c.ax.setLo(c.b(bdaMidnight))
		c.setB(bdaMidnight, 0)
		c.status(0)
	case 0x01: // set ticks
		c.setD(bdaTicks, uint32(c.cx.w())<<16|uint32(c.dx.w()))
		c.setB(bdaMidnight, 0)
		c.status(0)
	case 0x02: // read time
		c.cx.setHi(c.cmos(4))
		c.cx.setLo(c.cmos(2))
		c.dx.setHi(c.cmos(0))
		c.dx.setLo(c.cmos(0x0b) & 1)
		c.ax.setLo(c.cx.hi())
		c.status(0)
	case 0x03: // set time
		b := c.cmos(0x0b)
		c.setCMOS(0x0b, b|rtcSET)
		c.setCMOS(4, c.cx.hi())
		c.setCMOS(2, c.cx.lo())
		c.setCMOS(0, c.dx.hi())
		b = b&^(rtcSET|1) | 2 | c.dx.lo()&1
		c.setCMOS(0x0b, b)
		c.ax.setLo(b)
		c.status(0)
	case 0x04: // read date
		c.cx.setHi(c.cmos(0x32))
		c.cx.setLo(c.cmos(9))
		c.dx.setHi(c.cmos(8))
		c.dx.setLo(c.cmos(7))
		c.ax.setLo(c.cx.hi())
		c.status(0)
	case 0x05: // set date
		b := c.cmos(0x0b)
		c.setCMOS(0x0b, b|rtcSET)
		c.setCMOS(0x32, c.cx.hi())
		c.setCMOS(9, c.cx.lo())
		c.setCMOS(8, c.dx.hi())
		c.setCMOS(7, c.dx.lo())
		c.setCMOS(0x0b, b&^rtcSET)
		c.ax.setLo(b &^ rtcSET)
		c.status(0)
	case 0x06: // set alarm
		c.setAlarm()
	case 0x07: // alarm off
		c.setCMOS(0x0b, c.cmos(0x0b)&^rtcAIE)
		c.ax.setLo(0)
		c.status(0)
	case 0x0a: // read the count of days
		c.cx.setW(c.w(bdaDays))
		c.status(0)
	case 0x0b:
		c.setW(bdaDays, c.cx.w())
		c.status(0)
	case 0xb1:
		c.pciBIOS()
		c.setCF(c.carry)
		c.carry = false
	default:
		c.setCF(true)
	}
}

// setAlarm is AH = 06h; it fails if an alarm is set already.
func (c *call) setAlarm() {
	b := c.cmos(0x0b)
	if b&rtcAIE != 0 {
		c.ax.setW(0)
		c.setCF(true)
		return
	}
	c.setCMOS(5, c.cx.hi())
	c.setCMOS(3, c.cx.lo())
	c.setCMOS(1, c.dx.hi())
	c.out(0xa1, c.in(0xa1)&^1)
	c.setCMOS(0x0b, b&^rtcSET|rtcAIE)
	c.status(0)
}

// periodic is the time between two periodic interrupts of the clock, in µs: 1024 Hz.
const periodic = 976

// rtcInterrupt is IRQ 8: CF set means that the alarm rang.
func (c *call) rtcInterrupt() {
	b := c.cmos(0x0b)
	why := c.cmos(0x0c) & b
	c.carry = why&rtcAIE != 0
	if why&rtcPIE == 0 || c.b(bdaWaitFlag)&1 == 0 {
		return
	}
	left := c.d(bdaWaitCount)
	if left > periodic {
		c.setD(bdaWaitCount, left-periodic)
		return
	}
	c.setD(bdaWaitCount, 0)
	p := c.d(bdaWaitPtr)
	at := far(uint16(p>>16), uint16(p))
	c.setB(bdaWaitFlag, c.b(bdaWaitFlag)&^1)
	c.setCMOS(0x0b, b&^rtcPIE)
	c.setB(at, c.b(at)|0x80)
}

// startWait sets bit 7 of the byte at seg:off after some µs. It says whether no other wait
// is going on.
func (c *call) startWait(seg, off uint16, us uint32) bool {
	if c.b(bdaWaitFlag)&1 != 0 {
		return false
	}
	c.setD(bdaWaitPtr, uint32(seg)<<16|uint32(off))
	c.setD(bdaWaitCount, us)
	c.setB(bdaWaitFlag, 1)
	c.out(0xa1, c.in(0xa1)&^1)
	c.out(0x21, c.in(0x21)&^4)
	c.setCMOS(0x0a, c.cmos(0x0a)&0x70|6)
	c.setCMOS(0x0b, c.cmos(0x0b)|rtcPIE)
	return true
}

// waitOver is polled while INT 15h AH = 86h waits: CF set means not yet.
func (c *call) waitOver() {
	f := c.b(bdaWaitFlag)
	if c.carry = f&0x80 == 0; c.carry {
		return
	}
	c.setB(bdaWaitFlag, f&^0x80)
	c.setCF(false)
}
