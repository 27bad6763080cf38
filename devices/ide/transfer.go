package ide

import "github.com/glassbox-vm/glassbox/devices"

// How data moves, from the Command register to the last interrupt:
//
//	PIO in    command → media: load → data in → media … → idle
//	                             └ INTRQ         (no INTRQ at the end)
//	PIO out   command → data out → media: store → data out … → idle
//	            (no INTRQ)            └ INTRQ for each, and at the end
//	DMA in    command → media: load → DMA in → media … → idle, INTRQ
//	DMA out   command → DMA out → media: store → DMA out … → idle, INTRQ
//	verify    command → media: load → media … → idle, INTRQ

// maxLBA28 is the last sector that 28 bits can name, and what a larger drive says in
// words that have 28 bits.
const maxLBA28 = 1<<28 - 1

// address is the sector that the registers name. It fails for a CHS address outside the
// translation.
func (d *drive) address() (lba uint64, ok bool) {
	low := uint64(d.LBALow[0]) | uint64(d.LBAMid[0])<<8 | uint64(d.LBAHigh[0])<<16
	switch {
	case d.command.ext:
		return low | uint64(d.LBALow[1])<<24 | uint64(d.LBAMid[1])<<32 | uint64(d.LBAHigh[1])<<40, true
	case d.Device&deviceLBA != 0:
		return low | uint64(d.Device&deviceHead)<<24, true
	}
	cylinder, head, sector := low>>8, d.Device&deviceHead, d.LBALow[0]
	if head >= d.Heads || sector == 0 || sector > d.Sectors {
		return 0, false
	}
	return (cylinder*uint64(d.Heads)+uint64(head))*uint64(d.Sectors) + uint64(sector) - 1, true
}

// setLBA makes the registers name a sector, in the form that the command uses.
func (d *drive) setLBA(lba uint64) {
	low, mid, high := uint8(lba), uint8(lba>>8), uint8(lba>>16)
	switch {
	case d.command.ext:
		d.LBALow[1], d.LBAMid[1], d.LBAHigh[1] = uint8(lba>>24), uint8(lba>>32), uint8(lba>>40)
	case d.Device&deviceLBA != 0:
		d.Device = d.Device&^deviceHead | uint8(lba>>24)&deviceHead
	default:
		track := lba / uint64(d.Sectors)
		low = uint8(lba%uint64(d.Sectors)) + 1
		mid, high = uint8(track/uint64(d.Heads)), uint8(track/uint64(d.Heads)>>8)
		d.Device = d.Device&^deviceHead | uint8(track%uint64(d.Heads))
	}
	d.LBALow[0], d.LBAMid[0], d.LBAHigh[0] = low, mid, high
}

// setCount makes the registers show how many sectors are left.
func (d *drive) setCount(n uint32) {
	d.Count[0] = uint8(n)
	if d.command.ext {
		d.Count[1] = uint8(n >> 8)
	}
}

// count is how many sectors the registers ask for; 0 stands for the most.
func (d *drive) count() uint32 {
	n, most := uint32(d.Count[0]), uint32(1<<8)
	if d.command.ext {
		n, most = n|uint32(d.Count[1])<<8, 1<<16
	}
	if n == 0 {
		return most
	}
	return n
}

// transfer begins a command that moves sectors.
func transfer(c *Channel, d *drive) {
	row := d.command
	lba, ok := d.address()
	n := d.count()
	writes := row.protocol == pioOut || row.protocol == dmaOut
	switch {
	case row.multiple && d.Multiple == 0:
		abort(c, d)
		return
	case !ok || lba >= d.sectors:
		c.fail(d, 0, errorIDNF)
		return
	case uint64(n) > d.sectors-lba:
		d.setLBA(d.sectors) // the first that is not there
		c.fail(d, 0, errorIDNF)
		return
	case writes && d.Image.ReadOnly():
		c.fail(d, 0, errorABRT|errorWP)
		return
	}
	d.LBA, d.Left, d.Standby = lba, n, false
	if writes {
		c.wantBlock(d)
		return
	}
	c.busyFor(d, PhaseMedia, sectorTime*devices.Time(d.block()))
}

// block is how many sectors move next in one piece.
func (d *drive) block() uint32 {
	n := uint32(1)
	switch {
	case d.command.protocol >= dmaIn:
		n = maxBlock
	case d.command.multiple:
		n = uint32(d.Multiple)
	}
	return min(n, d.Left)
}

// wantBlock asks the host for the next block.
func (c *Channel) wantBlock(d *drive) {
	d.Data, d.Pos = d.buffer[:d.block()*sectorSize], 0
	c.offer(d, PhaseDataOut, PhaseDMAOut)
}

// offer lets the host move the buffer, by PIO or DMA. It comes last in what a drive does,
// because the bus master may move the data before DMARQ returns.
func (c *Channel) offer(d *drive, pio, dma Phase) {
	if d.command.protocol == dmaIn || d.command.protocol == dmaOut {
		d.Phase = dma
		c.c.DMARQ(true)
		return
	}
	d.Phase = pio
	d.Status = statusReady | statusDRQ
}

// blockRead follows the host's last read of a block.
func (c *Channel) blockRead(d *drive) {
	if d.CDROM && d.Command == packetCode {
		c.pieceRead(d)
		return
	}
	d.Data, d.Pos = nil, 0
	switch {
	case d.Left > 0:
		c.busyFor(d, PhaseMedia, sectorTime*devices.Time(d.block()))
	case d.command.protocol == pioIn:
		c.finish(d)
	default:
		c.busyFor(d, PhaseMedia, commandTime)
	}
}

// blockWritten follows the host's last write of a block.
func (c *Channel) blockWritten(d *drive) {
	c.busyFor(d, PhaseMedia, sectorTime*devices.Time(len(d.Data)/sectorSize))
}

// media is the end of PhaseMedia: a block has been under the heads.
func (c *Channel) media(d *drive) {
	if d.CDROM {
		c.packetMedia(d)
		return
	}
	switch d.command.protocol {
	case noData: // FLUSH CACHE
		if c.flushed(d) {
			c.complete(d)
		}
	case pioOut, dmaOut:
		c.store(d)
	default:
		if d.Left == 0 {
			d.end(c)
			return
		}
		c.load(d)
	}
}

// end completes a transfer: the registers name its last sector.
func (d *drive) end(c *Channel) {
	d.setLBA(d.LBA - 1)
	d.setCount(0)
	c.complete(d)
}

// load reads the next block from the image and offers it.
func (c *Channel) load(d *drive) {
	n := d.block()
	data := d.buffer[:n*sectorSize]
	if bad, err := d.read(data); c.hostError(d, "read", bad, err) {
		d.setLBA(bad)
		d.setCount(d.Left - uint32(bad-d.LBA))
		c.fail(d, 0, errorUNC)
		return
	}
	d.LBA += uint64(n)
	d.Left -= n
	if d.command.protocol == verify {
		c.blockRead(d)
		return
	}
	if d.Left == 0 && d.command.protocol == pioIn {
		d.setLBA(d.LBA - 1)
		d.setCount(0)
	}
	d.Data, d.Pos = data, 0
	if d.command.protocol == pioIn {
		c.raise(d)
	}
	c.offer(d, PhaseDataIn, PhaseDMAIn)
}

// read fills p from sector d.LBA on. After an error it looks for the first sector that
// cannot be read.
func (d *drive) read(p []byte) (bad uint64, err error) {
	if _, err = d.Image.ReadAt(p, int64(d.LBA)*sectorSize); err == nil {
		return 0, nil
	}
	for bad = d.LBA; len(p) > sectorSize; bad++ {
		if _, one := d.Image.ReadAt(p[:sectorSize], int64(bad)*sectorSize); one != nil {
			return bad, one
		}
		p = p[sectorSize:]
	}
	return bad, err
}

// store writes the block that the host has filled, then asks for the next one or ends the
// command. A command that promises stable storage flushes before it ends.
func (c *Channel) store(d *drive) {
	n := uint32(len(d.Data) / sectorSize)
	_, err := d.Image.WriteAt(d.Data, int64(d.LBA)*sectorSize)
	if c.hostError(d, "write", d.LBA, err) {
		d.setLBA(d.LBA)
		d.setCount(d.Left)
		c.fail(d, statusDF, errorABRT)
		return
	}
	d.LBA += uint64(n)
	d.Left -= n
	if d.Left > 0 {
		if d.command.protocol == pioOut {
			c.raise(d)
		}
		c.wantBlock(d)
		return
	}
	if (d.command.fua || d.WriteThrough) && !c.flushed(d) {
		return
	}
	d.end(c)
}
