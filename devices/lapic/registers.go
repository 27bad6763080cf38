package lapic

// Entries of the local vector table, in the order of their registers from 320h on.
const (
	lvtTimer = iota
	lvtThermal
	lvtPerf
	lvtLINT0
	lvtLINT1
	lvtError
	lvtCount
)

// Bits of an entry.
const (
	lvtRemoteIRR = 1 << 14
	lvtLevel     = 1 << 15
	lvtMasked    = 1 << 16
	lvtMode      = 7 << 8
	lvtPolarity  = 1 << 13
	lvtTimerMode = 3 << 17
)

// lvtWritable are the bits of each entry that software may write.
var lvtWritable = [lvtCount]uint32{
	lvtTimer:   0xff | lvtMasked | lvtTimerMode,
	lvtThermal: 0xff | lvtMode | lvtMasked,
	lvtPerf:    0xff | lvtMode | lvtMasked,
	lvtLINT0:   0xff | lvtMode | lvtPolarity | lvtLevel | lvtMasked,
	lvtLINT1:   0xff | lvtMode | lvtPolarity | lvtLevel | lvtMasked,
	lvtError:   0xff | lvtMasked,
}

const svrEnable = 1 << 8

// version: six entries, version 14h.
const version = (lvtCount-1)<<16 | 0x14

// Bits of ESR.
const (
	errSendVector    = 1 << 5
	errReceiveVector = 1 << 6
	errRegister      = 1 << 7
)

// Numbers of registers: offsets in the page, by 16.
const (
	regID      = 0x02
	regVersion = 0x03
	regTPR     = 0x08
	regAPR     = 0x09
	regPPR     = 0x0a
	regEOI     = 0x0b
	regLDR     = 0x0d
	regDFR     = 0x0e
	regSVR     = 0x0f
	regISR     = 0x10
	regTMR     = 0x18
	regIRR     = 0x20
	regESR     = 0x28
	regICR     = 0x30
	regICR2    = 0x31
	regLVT     = 0x32
	regInitial = 0x38
	regCurrent = 0x39
	regDivide  = 0x3e
	regSelf    = 0x3f
)

// ReadMMIO implements devices.MMIO. Registers are 4 bytes at multiples of 16; what lies
// between them reads as the register repeated, as far as an access can tell.
func (d *Device) ReadMMIO(off uint64, size int) uint64 {
	if off&15 >= 4 {
		return 0
	}
	v, ok := d.read(uint32(off >> 4))
	if !ok {
		d.fail(errRegister)
	}
	return uint64(v) >> (8 * (off & 3))
}

// WriteMMIO implements devices.MMIO. Only aligned writes of 4 bytes count; the manual calls
// others undefined. Of 8 bytes the low half counts.
func (d *Device) WriteMMIO(off uint64, size int, v uint64) {
	if off&15 != 0 || size < 4 {
		return
	}
	if !d.write(uint32(off>>4), uint32(v)) {
		d.fail(errRegister)
	}
}

// read returns register n as xAPIC mode shows it; not ok if there is none.
func (d *Device) read(n uint32) (v uint32, ok bool) {
	s := &d.s
	switch n {
	case regID:
		if d.x2() {
			return s.ID, true
		}
		return s.ID << 24, true
	case regVersion:
		return version, true
	case regTPR:
		return s.TPR, true
	case regAPR:
		return d.ppr(), true
	case regPPR:
		return d.ppr(), true
	case regEOI, regSelf:
		return 0, n == regEOI
	case regLDR:
		if d.x2() {
			return d.s.logicalX2(), true
		}
		return s.LDR, true
	case regDFR:
		return s.DFR, true
	case regSVR:
		return s.SVR, true
	case regESR:
		return s.ESR, true
	case regICR:
		return uint32(s.ICR), true
	case regICR2:
		return uint32(s.ICR >> 32), true
	case regInitial:
		if d.deadlineMode() {
			return 0, true
		}
		return s.Initial, true
	case regCurrent:
		return d.current(), true
	case regDivide:
		return s.Divide, true
	}
	switch {
	case n >= regLVT && n < regLVT+lvtCount:
		return s.LVT[n-regLVT], true
	case n >= regISR && n < regISR+8:
		return s.ISR[n-regISR], true
	case n >= regTMR && n < regTMR+8:
		return s.TMR[n-regTMR], true
	case n >= regIRR && n < regIRR+8:
		return s.IRR[n-regIRR], true
	}
	return 0, false
}

// write writes register n; not ok if there is none. What cannot be written is ignored.
func (d *Device) write(n, v uint32) (ok bool) {
	s := &d.s
	switch n {
	case regID:
		if !d.x2() {
			s.ID = v >> 24
		}
	case regTPR:
		s.TPR = v & 0xff
	case regEOI:
		d.eoi()
	case regLDR:
		s.LDR = v & 0xff000000
	case regDFR:
		s.DFR = v | 0x0fffffff
	case regSVR:
		s.SVR = v & 0x1ff
		if v&svrEnable == 0 {
			for i := range s.LVT {
				s.LVT[i] |= lvtMasked
			}
			d.pin(0)
			d.pin(1)
		}
	case regESR:
		s.ESR, s.Errs = s.Errs, 0
	case regICR:
		s.ICR = s.ICR&^0xffffffff | uint64(v&icrWritable)
		d.send()
	case regICR2:
		s.ICR = s.ICR&0xffffffff | uint64(v&0xff000000)<<32
	case regInitial:
		d.setInitial(v)
	case regDivide:
		d.setDivide(v)
	case regVersion, regAPR, regPPR, regCurrent:
	default:
		if n >= regLVT && n < regLVT+lvtCount {
			d.writeLVT(int(n-regLVT), v)
			break
		}
		return n >= regISR && n < regIRR+8
	}
	d.drive()
	return true
}

// writeLVT writes an entry of the local vector table.
func (d *Device) writeLVT(i int, v uint32) {
	e := &d.s.LVT[i]
	was := *e
	*e = v&lvtWritable[i] | *e&lvtRemoteIRR
	if d.s.SVR&svrEnable == 0 {
		*e |= lvtMasked
	}
	switch i {
	case lvtTimer:
		d.modeChanged(was)
	case lvtLINT0, lvtLINT1:
		if *e&lvtLevel == 0 {
			*e &^= lvtRemoteIRR
		}
		if was>>8&7 == modeExtINT {
			d.s.ExtINT = false
		}
		d.pin(i - lvtLINT0)
	}
}

// Fields of ICR.
const (
	icrWritable  = 0xcffff &^ (1 << 12) // delivery status is read only
	icrLogical   = 1 << 11
	icrAssert    = 1 << 14
	icrLevel     = 1 << 15
	shortNone    = 0
	shortSelf    = 1
	shortAll     = 2
	shortButSelf = 3
)

// send sends what ICR says.
//
// SDM Vol. 3A, "Issuing Interprocessor Interrupts".
func (d *Device) send() {
	icr := uint32(d.s.ICR)
	m := message{vector: uint8(icr), mode: uint8(icr >> 8 & 7), logical: icr&icrLogical != 0}
	if d.x2() {
		m.dest = uint32(d.s.ICR >> 32)
		m.all = m.dest == 0xffffffff
	} else {
		m.dest = uint32(d.s.ICR >> 56)
		m.all = m.dest == 0xff && !m.logical
	}
	switch {
	case (m.mode == modeFixed || m.mode == modeLowest) && m.vector < 16:
		d.fail(errSendVector)
		return
	case m.mode == modeINIT && icr&icrLevel != 0 && icr&icrAssert == 0:
		return // de-assert: it synchronised arbitration IDs once
	case m.mode == modeExtINT:
		return // not by ICR
	}
	switch icr >> 18 & 3 {
	case shortNone:
		d.bus.send(m, nil)
	case shortSelf:
		d.take(&m)
	case shortAll:
		m.all = true
		d.bus.send(m, nil)
	case shortButSelf:
		m.all = true
		d.bus.send(m, d)
	}
}

// logicalX2 is the logical ID of x2APIC mode: cluster and a bit in it.
func (s *State) logicalX2() uint32 { return s.ID>>4<<16 | 1<<(s.ID&15) }

// ReadX2 is RDMSR of register 800h+n; it says no where that is #GP.
func (d *Device) ReadX2(n uint32) (v uint64, ok bool) {
	switch {
	case !d.x2(), n == regDFR, n == regICR2, n == regEOI, n == regSelf, n == regAPR:
		return 0, false
	case n == regICR:
		return d.s.ICR, true
	}
	w, ok := d.read(n)
	return uint64(w), ok
}

// WriteX2 is WRMSR of register 800h+n; it says no where that is #GP: no such register, one
// that is read only, or reserved bits.
//
// SDM Vol. 3A, "Reserved Bit Checking" and the table "Local APIC Register Address Map
// Supported by x2APIC".
func (d *Device) WriteX2(n uint32, v uint64) bool {
	if !d.x2() {
		return false
	}
	allowed := uint64(0)
	switch n {
	case regTPR, regSelf:
		allowed = 0xff
	case regEOI, regESR:
	case regSVR:
		allowed = 0x1ff
	case regICR:
		allowed = 0xffffffff<<32 | icrWritable
	case regInitial:
		allowed = 0xffffffff
	case regDivide:
		allowed = 0xb
	default:
		if n < regLVT || n >= regLVT+lvtCount {
			return false
		}
		allowed = uint64(lvtWritable[n-regLVT]) | lvtRemoteIRR | 1<<12
	}
	if v&^allowed != 0 {
		return false
	}
	switch n {
	case regICR:
		d.s.ICR = v
		d.send()
		d.drive()
		return true
	case regSelf:
		if v < 16 {
			d.fail(errSendVector)
		} else if d.software() {
			d.accept(uint8(v), false)
		}
		return true
	}
	return d.write(n, uint32(v))
}
