package service

// Shift state at 417h.
const (
	shiftRight  = 1 << 0
	shiftLeft   = 1 << 1
	shiftCtrl   = 1 << 2
	shiftAlt    = 1 << 3
	shiftScroll = 1 << 4
	shiftNum    = 1 << 5
	shiftCaps   = 1 << 6
	shiftInsert = 1 << 7
)

// What the code in the ROM is to do after a scan code, in AH.
const (
	keyDone = iota
	keyBreak
	keyPrint
	keySysReqDown
	keySysReqUp
	keyPause
	keyReboot
	keyPosted // INT 15h AX=9102h tells that there is a key
)

// key is INT 09h: AL is a scan code of set 1.
//
// IBM PS/2 and PC BIOS Interface Technical Reference, "Keyboard".
func (c *call) key() {
	c.scanCode()
	if c.posted && c.ax.hi() == keyDone {
		c.ax.setHi(keyPosted)
	}
}

// scanCode follows what a scan code means; AH is what else is to be done.
func (c *call) scanCode() {
	sc := c.ax.lo()
	c.ax.setHi(keyDone)
	state := c.b(bdaKeyState3)
	switch sc {
	case 0xe0:
		c.setB(bdaKeyState3, state|2)
		return
	case 0xe1:
		c.setB(bdaKeyState3, state|1)
		return
	case 0xfa:
		c.acknowledged()
		return
	case 0xfe:
		c.setB(bdaLEDs, c.b(bdaLEDs)|ledsResend)
		return
	case 0x00, 0xee, 0xfc, 0xff:
		return
	}
	grey, pause := state&2 != 0, state&1 != 0
	if pause { // E1 1D 45 E1 9D C5
		if sc&0x7f == 0x1d {
			return
		}
		c.setB(bdaKeyState3, state&^3)
		if sc == 0x45 {
			c.setB(bdaShift+1, c.b(bdaShift+1)|8)
			c.ax.setHi(keyPause)
		}
		return
	}
	c.setB(bdaKeyState3, state&^3)
	if c.modifier(sc, grey) {
		c.lamps()
		return
	}
	if sc&0x80 != 0 {
		if sc == 0xd4 { // Alt and SysRq released
			c.ax.setHi(keySysReqUp)
		}
		return
	}
	if c.b(bdaShift+1)&8 != 0 { // any key ends a pause
		c.setB(bdaShift+1, c.b(bdaShift+1)&^8)
		return
	}
	c.press(sc, grey)
}

// modifier handles keys that only change the state.
func (c *call) modifier(sc uint8, grey bool) bool {
	up := sc&0x80 != 0
	flag := func(at uint32, bits uint8) {
		v := c.b(at)
		if up {
			v &^= bits
		} else {
			v |= bits
		}
		c.setB(at, v)
	}
	toggle := func(lock uint8, held uint8) {
		if !up && c.b(bdaShift+1)&held == 0 {
			c.setB(bdaShift, c.b(bdaShift)^lock)
		}
		flag(bdaShift+1, held)
	}
	switch sc & 0x7f {
	case 0x2a:
		if !grey {
			flag(bdaShift, shiftLeft)
		}
	case 0x36:
		if !grey {
			flag(bdaShift, shiftRight)
		}
	case 0x1d, 0x38:
		c.ctrlOrAlt(sc&0x7f == 0x38, grey, up)
	case 0x3a:
		toggle(shiftCaps, 0x40)
	case 0x45:
		toggle(shiftNum, 0x20)
	case 0x46:
		if grey || c.b(bdaShift)&shiftCtrl != 0 {
			return false
		}
		toggle(shiftScroll, 0x10)
	case 0x52:
		if up || c.b(bdaShift+1)&0x80 == 0 && (grey || c.b(bdaShift)&(shiftNum|shiftLeft|shiftRight) == 0) {
			toggle(shiftInsert, 0x80)
		}
		return up
	default:
		return false
	}
	return true
}

// ctrlOrAlt keeps both keys of a kind: 417h says whether any is held.
func (c *call) ctrlOrAlt(alt, grey, up bool) {
	any, left, right := uint8(shiftCtrl), uint8(1), uint8(4)
	if alt {
		any, left, right = shiftAlt, 2, 8
	}
	l, r := c.b(bdaShift+1), c.b(bdaKeyState3)
	switch {
	case grey && up:
		r &^= right
	case grey:
		r |= right
	case up:
		l &^= left
	default:
		l |= left
	}
	c.setB(bdaShift+1, l)
	c.setB(bdaKeyState3, r)
	s := c.b(bdaShift) &^ any
	if l&left != 0 || r&right != 0 {
		s |= any
	}
	c.setB(bdaShift, s)
	if alt && up && s&any == 0 {
		if n := c.b(bdaAltInput); n != 0 {
			c.setB(bdaAltInput, 0)
			c.enqueue(uint16(n))
		}
	}
}

// press puts a key into the buffer, or says what else it does.
func (c *call) press(sc uint8, grey bool) {
	s := c.b(bdaShift)
	ctrl, alt := s&shiftCtrl != 0, s&shiftAlt != 0
	shift := s&(shiftLeft|shiftRight) != 0
	switch {
	case sc == 0x53 && ctrl && alt:
		c.setW(bdaWarm, 0x1234)
		c.ax.setHi(keyReboot)
		return
	case sc == 0x46 && ctrl: // Break
		c.setB(bdaBreak, 0x80)
		c.setW(bdaKeyHead, c.w(bdaKeyStart))
		c.setW(bdaKeyTail, c.w(bdaKeyStart))
		c.enqueueRaw(0)
		c.ax.setHi(keyBreak)
		return
	case sc == 0x37 && (shift || grey) && !ctrl && !alt:
		c.ax.setHi(keyPrint)
		return
	case sc == 0x54:
		c.ax.setHi(keySysReqDown)
		return
	}
	k := keyFor(sc)
	if grey {
		k = greyKey(sc)
	}
	pad := sc >= 0x47 && sc <= 0x53 && !grey
	switch {
	case alt && pad && sc != 0x4a && sc != 0x4e && sc != 0x53:
		digit := uint8(padKeys[sc-0x47].shift) - '0'
		c.setB(bdaAltInput, c.b(bdaAltInput)*10+digit)
		return
	case pad && s&shiftNum != 0:
		shift = !shift
	case k.plain&0xff >= 'a' && k.plain&0xff <= 'z' && s&shiftCaps != 0 && !grey:
		shift = !shift
	}
	v := k.plain
	switch {
	case alt:
		v = k.alt
	case ctrl:
		v = k.ctrl
	case shift:
		v = k.shift
	}
	if v != 0 {
		c.enqueue(v)
	}
}

// enqueue puts a key into the buffer, unless it is full.
func (c *call) enqueue(v uint16) {
	if v != 0 {
		c.enqueueRaw(v)
	}
}

func (c *call) enqueueRaw(v uint16) {
	tail := c.w(bdaKeyTail)
	next := c.nextKey(tail)
	if next == c.w(bdaKeyHead) {
		return
	}
	c.setW(0x400+uint32(tail), v)
	c.setW(bdaKeyTail, next)
	c.posted = true
}

// nextKey is the place in the buffer after p.
func (c *call) nextKey(p uint16) uint16 {
	if p += 2; p >= c.w(bdaKeyEnd) {
		p = c.w(bdaKeyStart)
	}
	return p
}

// keyboard is INT 16h. CF set lets the code in the ROM wait for a key.
func (c *call) keyboard() {
	c.lamps() // a program may have changed the locks
	ah := c.ax.hi()
	switch ah {
	case 0x00, 0x10:
		c.readKey(ah == 0x10)
	case 0x01, 0x11:
		c.peekKey(ah == 0x11)
	case 0x02:
		c.ax.setLo(c.b(bdaShift))
	case 0x12:
		c.ax.setLo(c.b(bdaShift))
		l, r := c.b(bdaShift+1), c.b(bdaKeyState3)
		c.ax.setHi(l&0x73 | r&0x0c | l&4<<5)
	case 0x03:
		c.typematic()
	case 0x05:
		tail := c.w(bdaKeyTail)
		full := c.nextKey(tail) == c.w(bdaKeyHead)
		c.enqueueRaw(c.cx.w())
		c.ax.setLo(bit(0, full))
		c.setCF(full)
	case 0x09:
		c.ax.setLo(0x23) // AH = 10h…12h are there, and AX = 0300h, 0305h
	case 0x0a: // what keyboard it is
		c.bx.setW(0x41ab)
	case 0x92:
		c.ax.setHi(0x80)
	case 0xa2:
	default:
	}
}

// convert makes the key of an 84-key keyboard of one from a newer; ok is false if there is
// none.
func convert(v uint16) (w uint16, ok bool) {
	lo, hi := uint8(v), uint8(v>>8)
	switch {
	case hi == 0xe0 && lo == '/':
		return 0x3500 | uint16(lo), true
	case hi == 0xe0:
		return 0x1c00 | uint16(lo), true
	case lo == 0xe0 && hi != 0:
		return v & 0xff00, true
	case hi > 0x84 || lo == 0xf0 && hi != 0:
		return 0, false
	}
	return v, true
}

// readKey takes a key from the buffer.
func (c *call) readKey(enhanced bool) {
	for range 16 {
		head := c.w(bdaKeyHead)
		if head == c.w(bdaKeyTail) {
			break
		}
		v := c.w(0x400 + uint32(head))
		c.setW(bdaKeyHead, c.nextKey(head))
		if !enhanced {
			w, ok := convert(v)
			if !ok {
				continue
			}
			v = w
		}
		c.ax.setW(v)
		return
	}
	c.carry = true
}

// peekKey looks at the next key: ZF set means that there is none.
func (c *call) peekKey(enhanced bool) {
	for range 16 {
		head := c.w(bdaKeyHead)
		if head == c.w(bdaKeyTail) {
			break
		}
		v := c.w(0x400 + uint32(head))
		if !enhanced {
			w, ok := convert(v)
			if !ok {
				c.setW(bdaKeyHead, c.nextKey(head))
				continue
			}
			v = w
		}
		c.ax.setW(v)
		c.setZF(false)
		return
	}
	c.setZF(true)
}
