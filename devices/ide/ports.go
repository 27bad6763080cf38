package ide

// A CommandPort is the face of a channel at its command block, 8 ports.
type CommandPort struct{ c *Channel }

// A ControlPort is the face of a channel at its control block, 1 port.
type ControlPort struct{ c *Channel }

// CommandPort returns the command block, a devices.WidePort.
func (c *Channel) CommandPort() CommandPort { return CommandPort{c} }

// ControlPort returns the control block, a devices.Port.
func (c *Channel) ControlPort() ControlPort { return ControlPort{c} }

// In implements devices.Port.
func (p CommandPort) In(off uint16) uint8 {
	c := p.c
	switch {
	case off == 0:
		return uint8(c.readWord())
	case off == 7:
		if d := c.selected(); d.present() {
			d.Interrupt = false
			c.driveINTRQ()
		}
		return c.status()
	}
	d := c.answers()
	if d == nil {
		return floating
	}
	older := c.control >> 7
	switch off {
	case 1:
		return d.Error
	case 2:
		return d.Count[older]
	case 3:
		return d.LBALow[older]
	case 4:
		return d.LBAMid[older]
	case 5:
		return d.LBAHigh[older]
	case 6:
		return d.Device | deviceOnes
	}
	return 0xff
}

// Out implements devices.Port.
func (p CommandPort) Out(off uint16, v uint8) {
	c := p.c
	switch {
	case off == 0:
		c.writeWord(uint16(v))
		return
	case off == 7:
		c.control &^= controlHOB
		c.execute(v)
		return
	case off > 7:
		return
	}
	c.control &^= controlHOB
	if c.selected().Status&statusBSY != 0 {
		return
	}
	for _, d := range c.drives {
		switch off {
		case 1:
			d.Features = [2]uint8{v, d.Features[0]}
		case 2:
			d.Count = [2]uint8{v, d.Count[0]}
		case 3:
			d.LBALow = [2]uint8{v, d.LBALow[0]}
		case 4:
			d.LBAMid = [2]uint8{v, d.LBAMid[0]}
		case 5:
			d.LBAHigh = [2]uint8{v, d.LBAHigh[0]}
		case 6:
			d.Device = v
		}
	}
	c.driveINTRQ() // another drive may be selected now
}

// InWide implements devices.WidePort. Only the data port is wider than a byte.
func (p CommandPort) InWide(off uint16, size int) (v uint32) {
	if off == 0 {
		for i := 0; i < size; i += 2 {
			v |= uint32(p.c.readWord()) << (8 * i)
		}
		return v
	}
	for i := range size {
		v |= uint32(p.In(off+uint16(i))) << (8 * i)
	}
	return v
}

// OutWide implements devices.WidePort. Only the data port is wider than a byte.
func (p CommandPort) OutWide(off uint16, size int, v uint32) {
	if off == 0 {
		for i := 0; i < size; i += 2 {
			p.c.writeWord(uint16(v >> (8 * i)))
		}
		return
	}
	for i := range size {
		p.Out(off+uint16(i), uint8(v>>(8*i)))
	}
}

// In implements devices.Port: Alternate Status.
func (p ControlPort) In(off uint16) uint8 {
	if off != 0 {
		return 0xff
	}
	return p.c.status()
}

// Out implements devices.Port: Device Control. SRST is a level: both drives are held
// while it is set and come back some time after it is cleared.
func (p ControlPort) Out(off uint16, v uint8) {
	if off != 0 {
		return
	}
	c := p.c
	changed := v ^ c.control
	c.control = v & (controlHOB | controlSRST | controlNIEN)
	if changed&controlSRST != 0 {
		for _, d := range c.drives {
			if v&controlSRST != 0 {
				c.hold(d)
			} else if d.Phase == PhaseHeld {
				c.busyFor(d, PhaseReset, resetTime)
			}
		}
	}
	c.driveINTRQ()
}

// hold stops d for as long as SRST is set.
func (c *Channel) hold(d *drive) {
	c.cancel(d)
	if d.RevertOnReset {
		d.powerOnSettings()
	}
	d.Standby = false
	d.Device = 0
	d.signature()
	if d.present() {
		d.Phase, d.Status = PhaseHeld, statusBSY
	}
}

// answers returns the drive whose registers are read, or nil.
func (c *Channel) answers() *drive {
	if d := c.selected(); d.present() {
		return d
	}
	// Drive 0 answers for a missing drive 1, drive 1 never for a missing drive 0.
	if d := c.drives[0]; d.present() {
		return d
	}
	return nil
}

// status is the Status register, read without effect.
func (c *Channel) status() uint8 {
	switch d := c.selected(); {
	case d.present():
		return d.Status
	case c.answers() != nil:
		return 0
	}
	return floating
}

// readWord is one read of the Data register. Without data to give it floats.
func (c *Channel) readWord() uint16 {
	d := c.selected()
	if d.Phase != PhaseDataIn {
		return 0xff00 | floating
	}
	at := d.Data[d.Pos : d.Pos+2]
	w := uint16(at[0]) | uint16(at[1])<<8
	if d.Pos += 2; int(d.Pos) == len(d.Data) || d.CDROM && d.Pos == d.ATAPI.End {
		c.blockRead(d)
	}
	return w
}

// writeWord is one write of the Data register.
func (c *Channel) writeWord(w uint16) {
	d := c.selected()
	if d.Phase != PhaseDataOut && d.Phase != PhasePacket {
		return
	}
	d.Data[d.Pos], d.Data[d.Pos+1] = uint8(w), uint8(w>>8)
	if d.Pos += 2; int(d.Pos) < len(d.Data) {
		return
	}
	if d.Phase == PhasePacket {
		c.packetWritten(d)
		return
	}
	c.blockWritten(d)
}

// ReadDMAData gives the bus master the next bytes of a transfer from the drive; it returns
// how many, an even number, 0 when there is no such transfer.
func (c *Channel) ReadDMAData(p []byte) int {
	for _, d := range c.drives {
		if d.Phase != PhaseDMAIn {
			continue
		}
		n := copy(p[:len(p)&^1], d.Data[d.Pos:])
		if d.Pos += uint32(n); int(d.Pos) == len(d.Data) {
			c.c.DMARQ(false)
			c.blockRead(d)
		}
		return n
	}
	return 0
}

// WriteDMAData takes bytes from the bus master for a transfer to the drive; it returns how
// many were taken, an even number, 0 when there is no such transfer.
func (c *Channel) WriteDMAData(p []byte) int {
	for _, d := range c.drives {
		if d.Phase != PhaseDMAOut {
			continue
		}
		n := copy(d.Data[d.Pos:], p[:len(p)&^1])
		if d.Pos += uint32(n); int(d.Pos) == len(d.Data) {
			c.c.DMARQ(false)
			c.blockWritten(d)
		}
		return n
	}
	return 0
}
