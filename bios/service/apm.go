package service

// Advanced power management, INT 15h AH=53h and the entries in protected mode. The byte at
// ebdaAPM is the interface that is connected.
//
// Intel/Microsoft APM BIOS Interface Specification 1.2.
const (
	apmNone = iota
	apmReal
	apm16
	apm32
)

// APM error codes.
const (
	apmIsReal       = 0x02 // real-mode interface already connected
	apmNotConnected = 0x03
	apmIs16         = 0x05
	apmIs32         = 0x07
	apmUnknown      = 0x09 // device
	apmBadValue     = 0x0a
	apmUnsupported  = 0x0c
	apmNoEvent      = 0x80
)

const (
	apmVersion   = 0x0102
	apmDeviceAll = 0x0001
)

// apmEntry is a far call from protected mode.
func (c *call) apmEntry() { c.carry = c.apm() }

// apm serves AL in registers; it says whether it failed.
func (c *call) apm() bool {
	st := c.apmFunction()
	if st != 0 {
		c.ax.setHi(st)
	}
	return st != 0
}

func (c *call) apmFunction() uint8 {
	al, device := c.ax.lo(), c.bx.w()
	if al <= 0x04 && device != 0 {
		return apmUnknown
	}
	switch al {
	case 0x00: // installation check
		c.ax.setW(apmVersion)
		c.bx.setW('P'<<8 | 'M')
		c.cx.setW(3) // 16-bit and 32-bit protected mode
		return 0
	case 0x01, 0x02, 0x03:
		return c.apmConnect(al)
	case 0x04:
		if c.b(ebdaAPM) == apmNone {
			return apmNotConnected
		}
		c.setB(ebdaAPM, apmNone)
	case 0x05, 0x06: // idle: the code in the ROM halts; busy
	case 0x07:
		return c.apmPower(device)
	case 0x08, 0x09, 0x0d, 0x0f: // on and off, defaults, of a device, engage
		if device != apmDeviceAll && device != 0xffff {
			return apmUnknown
		}
	case 0x0a:
		return c.apmStatus(device)
	case 0x0b:
		return apmNoEvent
	case 0x0c:
		if device != apmDeviceAll {
			return apmUnknown
		}
		c.cx.setW(0) // enabled
	case 0x0e: // driver version
		if device != 0 {
			return apmUnknown
		}
		c.ax.setW(apmVersion)
		return 0
	case 0x10: // capabilities: no battery, no wake-up
		if device != 0 {
			return apmUnknown
		}
		c.bx.setLo(0)
		c.cx.setW(0)
	default:
		return apmUnsupported
	}
	return 0
}

// apmConnect is AL = 01h, 02h and 03h.
func (c *call) apmConnect(al uint8) uint8 {
	if is := c.b(ebdaAPM); is != apmNone {
		return [...]uint8{0, apmIsReal, apmIs16, apmIs32}[min(is, apm32)]
	}
	c.setB(ebdaAPM, al)
	switch al {
	case apm16:
		c.ax.setW(romSegment)
		c.bx.setW(entry(atAPM16))
		c.cx.setW(0x40)
		c.si.setW(0xffff)
		c.di.setW(0x400)
		return 0
	case apm32:
		c.ax.setW(romSegment)
		c.bx.set(uint32(entry(atAPM32)))
		c.cx.setW(romSegment)
		c.dx.setW(0x40)
		c.si.set(0xffffffff) // bytes of the 32-bit and of the 16-bit segment
		c.di.setW(0x400)
		return 0
	}
	return 0
}

// apmPower is AL = 07h: the only state besides on is off; standby and suspend would need
// something that wakes the machine.
func (c *call) apmPower(device uint16) uint8 {
	switch state := c.cx.w(); {
	case device != apmDeviceAll && device>>8 > 6:
		return apmUnknown
	case state > 3:
		return apmBadValue
	case state == 3 && device == apmDeviceAll:
		c.powerOff()
	}
	return 0
}

// apmStatus is AL = 0Ah: on line, no battery.
func (c *call) apmStatus(device uint16) uint8 {
	if device != apmDeviceAll {
		return apmUnknown
	}
	c.bx.setW(0x01ff)
	c.cx.setW(0x80ff)
	c.dx.setW(0xffff)
	return 0
}
