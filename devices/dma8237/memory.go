package dma8237

// memoryToMemory moves bytes from the addresses of channel 0 to those of channel 1, until
// channel 1 has terminal count, if a program has asked for it. Requests by software are not
// masked.
//
// 8237A data sheet, "Memory-to-Memory".
func (d *Device) memoryToMemory() {
	c := &d.s.Chip[0]
	if c.Command&commandMemory == 0 || c.Request&1 == 0 || !d.granted(0) {
		return
	}
	c.Request &^= 1
	from, to := &c.Channel[0], &c.Channel[1]
	var b [1]byte
	for last := false; !last; {
		d.dma.ReadDMA(d.address(0, from.Addr), b[:])
		d.dma.WriteDMA(d.address(1, to.Addr), b[:])
		held := from.Addr
		if from.advance() && from.Mode&modeAuto != 0 { // that is no terminal count
			from.Addr, from.Count = from.BaseAddr, from.BaseCount
		}
		if c.Command&commandHold != 0 {
			from.Addr = held
		}
		last = to.advance()
	}
	c.Temp = b[0]
	c.terminal(1)
}
