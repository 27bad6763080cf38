package ide

// A protocol is how a command moves data.
type protocol uint8

const (
	noData protocol = iota
	pioIn
	pioOut
	dmaIn
	dmaOut
	verify // reads the medium and gives nothing to the host
)

// A command is one row: all we know about one command code.
type command struct {
	name     string
	run      func(*Channel, *drive) // begins the command, when commandTime has passed
	protocol protocol
	ext      bool // 48-bit address, 16-bit count
	multiple bool // moves blocks of SET MULTIPLE MODE
	fua      bool // on stable storage before it completes
}

// commands is ATA/ATAPI-7, "Command codes", for disks, with the older codes that drivers
// still use. A code without a row aborts. packetCommands is the list of CD-ROM drives.
var commands = [256]command{
	0x00: {name: "NOP", run: abort},
	0x10: {name: "RECALIBRATE", run: (*Channel).complete},
	0x20: {name: "READ SECTORS", run: transfer, protocol: pioIn},
	0x21: {name: "READ SECTORS without retry", run: transfer, protocol: pioIn},
	0x24: {name: "READ SECTORS EXT", run: transfer, protocol: pioIn, ext: true},
	0x25: {name: "READ DMA EXT", run: transfer, protocol: dmaIn, ext: true},
	0x27: {name: "READ NATIVE MAX ADDRESS EXT", run: readNativeMax, ext: true},
	0x29: {name: "READ MULTIPLE EXT", run: transfer, protocol: pioIn, ext: true, multiple: true},
	0x30: {name: "WRITE SECTORS", run: transfer, protocol: pioOut},
	0x31: {name: "WRITE SECTORS without retry", run: transfer, protocol: pioOut},
	0x34: {name: "WRITE SECTORS EXT", run: transfer, protocol: pioOut, ext: true},
	0x35: {name: "WRITE DMA EXT", run: transfer, protocol: dmaOut, ext: true},
	0x39: {name: "WRITE MULTIPLE EXT", run: transfer, protocol: pioOut, ext: true, multiple: true},
	0x3d: {name: "WRITE DMA FUA EXT", run: transfer, protocol: dmaOut, ext: true, fua: true},
	0x40: {name: "READ VERIFY SECTORS", run: transfer, protocol: verify},
	0x41: {name: "READ VERIFY SECTORS without retry", run: transfer, protocol: verify},
	0x42: {name: "READ VERIFY SECTORS EXT", run: transfer, protocol: verify, ext: true},
	0x70: {name: "SEEK", run: seek},
	0x90: {name: "EXECUTE DEVICE DIAGNOSTIC"}, // see execute: both drives
	0x91: {name: "INITIALIZE DEVICE PARAMETERS", run: initializeParameters},
	0x94: {name: "STANDBY IMMEDIATE (old)", run: standby},
	0x95: {name: "IDLE IMMEDIATE (old)", run: idle},
	0x96: {name: "STANDBY (old)", run: standby},
	0x97: {name: "IDLE (old)", run: idle},
	0x98: {name: "CHECK POWER MODE (old)", run: checkPower},
	0x99: {name: "SLEEP (old)", run: sleep},
	0xa0: {name: "PACKET", run: abort}, // of other drives
	0xa1: {name: "IDENTIFY PACKET DEVICE", run: abort},
	0xc4: {name: "READ MULTIPLE", run: transfer, protocol: pioIn, multiple: true},
	0xc5: {name: "WRITE MULTIPLE", run: transfer, protocol: pioOut, multiple: true},
	0xc6: {name: "SET MULTIPLE MODE", run: setMultiple},
	0xc8: {name: "READ DMA", run: transfer, protocol: dmaIn},
	0xc9: {name: "READ DMA without retry", run: transfer, protocol: dmaIn},
	0xca: {name: "WRITE DMA", run: transfer, protocol: dmaOut},
	0xcb: {name: "WRITE DMA without retry", run: transfer, protocol: dmaOut},
	0xce: {name: "WRITE MULTIPLE FUA EXT", run: transfer, protocol: pioOut, ext: true, multiple: true, fua: true},
	0xe0: {name: "STANDBY IMMEDIATE", run: standby},
	0xe1: {name: "IDLE IMMEDIATE", run: idle},
	0xe2: {name: "STANDBY", run: standby},
	0xe3: {name: "IDLE", run: idle},
	0xe5: {name: "CHECK POWER MODE", run: checkPower},
	0xe6: {name: "SLEEP", run: sleep},
	0xe7: {name: "FLUSH CACHE", run: flush},
	0xea: {name: "FLUSH CACHE EXT", run: flush, ext: true},
	0xec: {name: "IDENTIFY DEVICE", run: identifyDevice, protocol: pioIn},
	0xef: {name: "SET FEATURES", run: setFeatures},
	0xf8: {name: "READ NATIVE MAX ADDRESS", run: readNativeMax},
}

const executeDiagnostic = 0x90

// lookUp returns the row of a command code. RECALIBRATE and SEEK have 16 codes each.
func (d *drive) lookUp(code uint8) *command {
	if d.CDROM {
		return &packetCommands[code]
	}
	if high := code & 0xf0; high == 0x10 || high == 0x70 {
		code = high
	}
	return &commands[code]
}

// execute is a write of the Command register. What is written to a drive that is busy, in
// the middle of its data, asleep or missing is lost.
func (c *Channel) execute(code uint8) {
	d := c.selected()
	if code == deviceReset && d.CDROM {
		c.resetDevice(d)
		return
	}
	if d.Status&(statusBSY|statusDRQ) != 0 || d.Phase == PhaseSleeping {
		return
	}
	if code == executeDiagnostic {
		c.diagnose(code)
		return
	}
	if !d.present() {
		return
	}
	d.Command, d.command = code, d.lookUp(code)
	d.Interrupt = false
	d.Error = 0
	d.Status = statusReady
	c.driveINTRQ()
	if d.command.run == nil {
		d.command = d.lookUp(0) // a code we do not know aborts, as NOP does
		d.Command = 0
	}
	c.busyFor(d, PhaseCommand, commandTime)
}

// diagnose is EXECUTE DEVICE DIAGNOSTIC, which both drives obey whoever is selected. It
// ends with drive 0 selected; drive 0 interrupts.
func (c *Channel) diagnose(code uint8) {
	for _, d := range c.drives {
		d.Device = 0
		if d.Phase == PhaseSleeping {
			continue
		}
		c.cancel(d)
		d.signature()
		if d.present() {
			d.Command, d.command = code, d.lookUp(code)
			d.Diagnose = true
			c.busyFor(d, PhaseReset, resetTime)
		}
	}
	c.driveINTRQ()
}

// complete ends a command well, with an interrupt.
func (c *Channel) complete(d *drive) {
	c.finish(d)
	c.raise(d)
}

// finish ends a command well, without an interrupt.
func (c *Channel) finish(d *drive) {
	d.Phase, d.Data, d.Pos = PhaseIdle, nil, 0
	d.Status = statusReady
}

// fail ends a command with error bits and, perhaps, DF.
func (c *Channel) fail(d *drive, status, bits uint8) {
	d.Phase, d.Data, d.Pos, d.Left = PhaseIdle, nil, 0, 0
	d.Status = statusReady | statusERR | status
	d.Error = bits
	c.raise(d)
}

func abort(c *Channel, d *drive) { c.fail(d, 0, errorABRT) }

func seek(c *Channel, d *drive) {
	if lba, ok := d.address(); !ok || lba >= d.sectors {
		c.fail(d, 0, errorIDNF)
		return
	}
	c.complete(d)
}

func initializeParameters(c *Channel, d *drive) {
	if d.Count[0] == 0 {
		abort(c, d)
		return
	}
	d.Sectors, d.Heads = d.Count[0], d.Device&deviceHead+1
	c.complete(d)
}

// setMultiple is SET MULTIPLE MODE: a power of two up to maxMultiple, or 0 to disable.
func setMultiple(c *Channel, d *drive) {
	n := d.Count[0]
	if n > maxMultiple || n&(n-1) != 0 {
		abort(c, d)
		return
	}
	d.Multiple = n
	c.complete(d)
}

// flush is FLUSH CACHE: it completes when the data is on stable storage.
func flush(c *Channel, d *drive) {
	c.busyFor(d, PhaseMedia, flushTime)
}

// flushed has the image flushed, and fails the command when that fails.
func (c *Channel) flushed(d *drive) bool {
	if d.CDROM {
		return true
	}
	if c.hostError(d, "flush", 0, d.Image.Flush()) {
		c.fail(d, statusDF, errorABRT)
		return false
	}
	return true
}

// standby and sleep write the cache out, because the host may cut the power next.
func standby(c *Channel, d *drive) {
	if c.flushed(d) {
		d.Standby = true
		c.complete(d)
	}
}

func sleep(c *Channel, d *drive) {
	if c.flushed(d) {
		d.Standby = true
		c.complete(d)
		d.Phase = PhaseSleeping
	}
}

func idle(c *Channel, d *drive) {
	d.Standby = false
	c.complete(d)
}

func checkPower(c *Channel, d *drive) {
	d.Count[0] = 0xff // active or idle
	if d.Standby {
		d.Count[0] = 0
	}
	c.complete(d)
}

func readNativeMax(c *Channel, d *drive) {
	lba := d.sectors - 1
	if !d.command.ext {
		lba = min(lba, maxLBA28)
		d.Device |= deviceLBA
	}
	d.setLBA(lba)
	c.complete(d)
}

// SET FEATURES subcommands.
const (
	featureWriteCacheOn  = 0x02
	featureTransferMode  = 0x03
	featureLookAheadOff  = 0x55
	featureKeepSettings  = 0x66
	featureWriteCacheOff = 0x82
	featureLookAheadOn   = 0xaa
	featureRevert        = 0xcc
)

func setFeatures(c *Channel, d *drive) {
	switch d.Features[0] {
	case featureWriteCacheOn:
		d.WriteThrough = false
	case featureWriteCacheOff:
		if !c.flushed(d) {
			return
		}
		d.WriteThrough = true
	case featureTransferMode:
		if !d.setTransferMode(d.Count[0]) {
			abort(c, d)
			return
		}
	case featureLookAheadOff:
		d.NoLookAhead = true
	case featureLookAheadOn:
		d.NoLookAhead = false
	case featureKeepSettings:
		d.RevertOnReset = false
	case featureRevert:
		d.RevertOnReset = true
	default:
		abort(c, d)
		return
	}
	c.complete(d)
}

// setTransferMode takes the mode as SET FEATURES has it: type in bits 7:3, number in 2:0.
func (d *drive) setTransferMode(mode uint8) bool {
	switch n := mode & 7; mode &^ 7 {
	case 0x00: // PIO default, n = 1: without IORDY
		if n > 1 {
			return false
		}
		d.PIOMode = 0
	case 0x08:
		if n > maxPIO {
			return false
		}
		d.PIOMode = n
	case modeMWDMA:
		if n > maxMWDMA {
			return false
		}
		d.DMAMode = mode
	case modeUDMA:
		if n > maxUDMA {
			return false
		}
		d.DMAMode = mode
	default:
		return false
	}
	return true
}
