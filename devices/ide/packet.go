package ide

import (
	"errors"
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// How a packet goes, from the Command register to the last interrupt:
//
//	PACKET → packet → decode → media: load → data in → media … → idle, INTRQ
//	          (12 bytes, no INTRQ)             └ INTRQ for each piece
//	                                       → DMA in  → media … → idle, INTRQ
//
// Sector Count is the Interrupt Reason while it lasts: bit 0 the data register moves a
// packet or the end is reached, bit 1 towards the host. LBA Mid and High are the byte
// count: from the host the most that a piece may have, to it the size of this piece.
// Error holds the sense key in bits 7:4.
//
// ATA/ATAPI-6, "PACKET", "PACKET command protocol".

// What a packet drive shows after a reset, in LBA Mid and High.
const (
	packetMid  = 0x14
	packetHigh = 0xeb
)

const (
	deviceReset = 0x08
	packetCode  = 0xa0
	packetSize  = 12

	// blockSize and rawSize are bytes per block: user data, and all that is on the disc.
	blockSize = 2048
	rawSize   = 2352
	// perBlock makes a time of sectors one of blocks.
	perBlock = 4

	bufferSize = maxBlock * sectorSize
)

// Interrupt reasons, and bits of the Features register of PACKET.
const (
	reasonCommand = 1 << 0 // C/D
	reasonToHost  = 1 << 1 // I/O
	reasonDone    = reasonCommand | reasonToHost

	packetDMA     = 1 << 0
	packetOverlap = 1 << 1
)

// A Sense is why a packet failed: sense key, additional code and its qualifier.
type Sense struct{ Key, ASC, ASCQ uint8 }

// What a packet drive has to say before it obeys, in the order of saying it.
const (
	attentionReset  = 1 << 0
	attentionMedium = 1 << 1
)

// PacketState is what a CD-ROM drive remembers besides its registers.
type PacketState struct {
	CDB       [packetSize]uint8
	DMA       bool   // data moves by DMA
	Limit     uint16 // most bytes of a piece
	End       uint32 // of the piece, in Data
	Odd       bool   // the last byte of Data is padding
	Raw       bool   // blocks have 2352 bytes
	Sense     Sense
	Attention uint8 // 0 reset, 1 medium changed
	Event     uint8 // of the medium, for GET EVENT STATUS NOTIFICATION
	Locked    bool  // PREVENT ALLOW MEDIUM REMOVAL
	Open      bool  // the tray is out
}

// packetCommands is the commands of a packet drive. The codes that disks use to identify
// themselves or to read abort and leave the signature, by which drivers know.
var packetCommands = [256]command{
	0x00:               {name: "NOP", run: abort},
	deviceReset:        {name: "DEVICE RESET", run: abort}, // see execute
	0x20:               {name: "READ SECTORS", run: notADisk},
	executeDiagnostic:  {name: "EXECUTE DEVICE DIAGNOSTIC"}, // see execute
	packetCode:         {name: "PACKET", run: packet},
	identifyPacketCode: {name: "IDENTIFY PACKET DEVICE", run: identifyPacketDevice, protocol: pioIn},
	0xe0:               {name: "STANDBY IMMEDIATE", run: standby},
	0xe1:               {name: "IDLE IMMEDIATE", run: idle},
	0xe5:               {name: "CHECK POWER MODE", run: checkPower},
	0xe6:               {name: "SLEEP", run: sleep},
	0xec:               {name: "IDENTIFY DEVICE", run: notADisk},
	0xef:               {name: "SET FEATURES", run: setFeatures},
}

const identifyPacketCode = 0xa1

// notADisk aborts with the signature.
func notADisk(c *Channel, d *drive) {
	d.signature()
	c.fail(d, 0, errorABRT)
}

// resetDevice is DEVICE RESET, which a packet drive obeys even when it is busy.
func (c *Channel) resetDevice(d *drive) {
	if d.Phase == PhaseHeld {
		return
	}
	c.cancel(d)
	d.Command, d.command = deviceReset, d.lookUp(deviceReset)
	c.driveINTRQ()
	c.busyFor(d, PhaseReset, resetTime)
}

// SetMedium puts a disc into CD-ROM drive n (0 or 1), or takes it out with nil, as a
// person does: whether the guest has locked the tray or not. The guest is told by a unit
// attention. It reports whether there is such a drive.
func (c *Channel) SetMedium(n int, image Image) bool {
	d := c.drives[n&1]
	if !d.CDROM {
		return false
	}
	d.Image = image
	d.ATAPI.Open = image == nil
	d.changed()
	return true
}

// MediumLocked reports whether the guest has asked that CD-ROM drive n keep its disc.
func (c *Channel) MediumLocked(n int) bool { return c.drives[n&1].ATAPI.Locked }

// changed remembers to tell the guest about the medium.
func (d *drive) changed() {
	d.ATAPI.Event = eventRemoved
	if d.loaded() {
		d.ATAPI.Event = eventInserted
		d.ATAPI.Attention |= attentionMedium
	}
}

// loaded reports whether a disc can be read.
func (d *drive) loaded() bool { return d.Image != nil && !d.ATAPI.Open && d.blocks() > 0 }

// blocks is the size of the disc; a last piece of a block counts.
func (d *drive) blocks() uint64 {
	if d.Image == nil {
		return 0
	}
	return min((uint64(max(0, d.Image.Size()))+blockSize-1)/blockSize, 1<<32-1)
}

// packet is PACKET: the drive asks for the packet.
func packet(c *Channel, d *drive) {
	if d.Features[0]&packetOverlap != 0 {
		abort(c, d)
		return
	}
	d.ATAPI.DMA = d.Features[0]&packetDMA != 0
	d.ATAPI.Limit = uint16(d.LBAMid[0]) | uint16(d.LBAHigh[0])<<8
	d.Count[0] = reasonCommand
	d.Data, d.Pos, d.Left = d.buffer[:packetSize], 0, 0
	d.Phase = PhasePacket
	d.Status = statusReady | statusDRQ
}

// packetWritten follows the last word of a packet.
func (c *Channel) packetWritten(d *drive) {
	copy(d.ATAPI.CDB[:], d.Data)
	d.Data, d.Pos = nil, 0
	c.busyFor(d, PhaseDecode, commandTime)
}

// done ends a packet well.
func (c *Channel) done(d *drive) {
	d.Count[0] = reasonDone
	d.Left = 0
	c.complete(d)
}

// refuse ends a packet with a sense.
func (c *Channel) refuse(d *drive, s Sense) {
	d.ATAPI.Sense = s
	d.Count[0] = reasonDone
	c.fail(d, 0, s.Key<<4|errorABRT)
}

// reply gives the host an answer, of which it takes at most as many bytes as it allows.
func (c *Channel) reply(d *drive, p []byte, allowed int) {
	n := copy(d.buffer[:min(len(p), allowed)], p)
	if n == 0 {
		c.done(d)
		return
	}
	d.ATAPI.Odd = n%2 != 0
	if d.ATAPI.Odd {
		d.buffer[n] = 0
		n++
	}
	d.Data, d.Pos = d.buffer[:n], 0
	c.offerPiece(d)
}

// offerPiece lets the host move the next piece of Data: all of it by DMA, by PIO at most
// as many bytes as the limit says.
func (c *Channel) offerPiece(d *drive) {
	if d.ATAPI.DMA {
		d.ATAPI.End = uint32(len(d.Data))
		d.Phase = PhaseDMAIn
		c.c.DMARQ(true)
		return
	}
	limit := uint32(d.ATAPI.Limit) &^ 1
	if limit == 0 {
		limit = 0xfffe
	}
	n := min(uint32(len(d.Data))-d.Pos, limit)
	d.ATAPI.End = d.Pos + n
	if d.ATAPI.Odd && int(d.ATAPI.End) == len(d.Data) {
		n--
	}
	d.LBAMid[0], d.LBAHigh[0] = uint8(n), uint8(n>>8)
	d.Count[0] = reasonToHost
	d.Phase = PhaseDataIn
	d.Status = statusReady | statusDRQ
	c.raise(d)
}

// pieceRead follows the host's last read of a piece.
func (c *Channel) pieceRead(d *drive) {
	if int(d.Pos) == len(d.Data) {
		d.Data, d.Pos = nil, 0
	}
	c.wait(d)
}

// wait lets the drive be busy before packetMedia.
func (c *Channel) wait(d *drive) {
	t := commandTime
	if d.Data == nil {
		t += sectorTime * perBlock * devices.Time(d.chunk())
	}
	c.busyFor(d, PhaseMedia, t)
}

// packetMedia is the end of PhaseMedia: there is more to offer, to load, or all is done.
func (c *Channel) packetMedia(d *drive) {
	switch {
	case d.Data != nil:
		c.offerPiece(d)
	case d.Left > 0:
		c.loadBlocks(d)
	default:
		c.done(d)
	}
}

// chunk is how many blocks are loaded at a time: what the buffer holds, and by PIO what
// fits in a piece, so that all pieces but the last have the same size.
func (d *drive) chunk() uint32 {
	size := d.blockBytes()
	n := min(d.Left, bufferSize/size)
	if limit := uint32(d.ATAPI.Limit); !d.ATAPI.DMA && limit >= size {
		n = min(n, limit/size)
	}
	return n
}

func (d *drive) blockBytes() uint32 {
	if d.ATAPI.Raw {
		return rawSize
	}
	return blockSize
}

// loadBlocks reads the next blocks and offers them. The disc may have been changed since
// the packet was accepted.
func (c *Channel) loadBlocks(d *drive) {
	n := d.chunk()
	switch {
	case d.ATAPI.Attention&attentionMedium != 0:
		c.attend(d)
		return
	case !d.loaded():
		c.refuse(d, d.noMedium())
		return
	case d.LBA >= d.blocks() || uint64(n) > d.blocks()-d.LBA:
		c.refuse(d, senseRange)
		return
	}
	d.Data = d.buffer[:n*d.blockBytes()]
	for i := range n {
		if err := d.readBlock(d.Data[i*d.blockBytes():(i+1)*d.blockBytes()], d.LBA); c.hostError(d, "read", d.LBA, err) {
			c.refuse(d, senseUnreadable)
			return
		}
		d.LBA++
	}
	d.Left -= n
	d.Pos = 0
	d.ATAPI.Odd = false
	c.offerPiece(d)
}

// readBlock fills p with block lba: user data, or with sync, header and empty error
// correction around it. The last block of an image may be short.
func (d *drive) readBlock(p []byte, lba uint64) error {
	if d.ATAPI.Raw {
		clear(p)
		for i := 1; i <= 10; i++ {
			p[i] = 0xff
		}
		m, s, f := msf(lba)
		p[12], p[13], p[14], p[15] = bcd(m), bcd(s), bcd(f), 1 // mode 1
		p = p[16 : 16+blockSize]
	}
	off := int64(lba) * blockSize
	n := min(blockSize, d.Image.Size()-off)
	clear(p[n:])
	_, err := d.Image.ReadAt(p[:n], off)
	return err
}

// checkPacket checks position and buffer of a CD-ROM drive.
func (s *DriveState) checkPacket() error {
	a := &s.ATAPI
	n := len(s.Data)
	switch {
	case n%2 != 0 || n > bufferSize || s.Pos%2 != 0 || int(s.Pos) > n || int(a.End) > bufferSize:
		return fmt.Errorf("position %d to %d of %d", s.Pos, a.End, n)
	case a.Attention&^(attentionReset|attentionMedium) != 0 || a.Event > eventRemoved || a.Sense.Key > 0xf:
		return errors.New("attention, event or sense")
	case s.LBA > 1<<32:
		return fmt.Errorf("block %d", s.LBA)
	}
	fits := n == 0
	switch s.Phase {
	case PhasePacket:
		fits = s.Command == packetCode && n == packetSize && s.Pos < packetSize
	case PhaseDecode:
		fits = fits && s.Command == packetCode
	case PhaseMedia:
		fits = s.Command == packetCode && (n == 0 || int(s.Pos) < n)
	case PhaseDMAIn:
		fits = s.Command == packetCode && a.DMA && int(s.Pos) < n
	case PhaseDataIn:
		fits = (s.Command == packetCode && !a.DMA || s.Command == identifyPacketCode && s.Left == 0) &&
			s.Pos < a.End && int(a.End) <= n && a.End%2 == 0
	case PhaseDataOut, PhaseDMAOut:
		fits = false
	}
	if !fits {
		return fmt.Errorf("command %#02x in phase %d with %d bytes of data", s.Command, s.Phase, n)
	}
	return nil
}
