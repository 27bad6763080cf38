package service

// The BIOS data area, by linear address. IBM PS/2 and PC BIOS Interface Technical
// Reference, "BIOS Data Area".
const (
	bdaCOM         = 0x400 // 4 words: ports
	bdaLPT         = 0x408 // 3 words
	bdaEBDA        = 0x40e // segment
	bdaEquipment   = 0x410
	bdaMemory      = 0x413 // KiB
	bdaShift       = 0x417 // and 418h
	bdaAltInput    = 0x419
	bdaKeyHead     = 0x41a
	bdaKeyTail     = 0x41c
	bdaKeyBuffer   = 0x41e
	bdaFloppySeek  = 0x43e // 3:0 the drive's track is known, 7 an interrupt came
	bdaMotors      = 0x43f // 3:0 on, 7 writing
	bdaMotorCount  = 0x440 // ticks until they stop
	bdaFloppyStat  = 0x441
	bdaFloppyRes   = 0x442 // 7 bytes: what the controller answered
	bdaMode        = 0x449
	bdaColumns     = 0x44a
	bdaPageSize    = 0x44c
	bdaPageStart   = 0x44e
	bdaCursor      = 0x450 // 8 words: row, column
	bdaCursorShape = 0x460
	bdaPage        = 0x462
	bdaCRTC        = 0x463
	bdaModeReg     = 0x465
	bdaPaletteReg  = 0x466
	bdaTicks       = 0x46c
	bdaMidnight    = 0x470
	bdaBreak       = 0x471
	bdaWarm        = 0x472
	bdaDiskStatus  = 0x474
	bdaDisks       = 0x475
	bdaLPTTimeout  = 0x478
	bdaCOMTimeout  = 0x47c
	bdaKeyStart    = 0x480
	bdaKeyEnd      = 0x482
	bdaRows        = 0x484 // less one
	bdaCharHeight  = 0x485
	bdaVideoCtl    = 0x487
	bdaVideoSwitch = 0x488
	bdaVGAFlags    = 0x489
	bdaDCC         = 0x48a
	bdaMedia       = 0x490 // 2 drives: 7:6 data rate, 5 double steps, 4 known, 2:0 kind
	bdaTrack       = 0x494 // 2 drives
	bdaKeyState3   = 0x496 // 101 keys, right Ctrl and Alt, last was E0h, E1h
	bdaLEDs        = 0x497
	bdaWaitPtr     = 0x498 // far pointer to the user's flag
	bdaWaitCount   = 0x49c // µs
	bdaWaitFlag    = 0x4a0
	bdaSaveTable   = 0x4a8
	bdaDays        = 0x4ce // since 1980, if a program counts them
)

// The extended BIOS data area: bios.EBDABase, 1 KiB.
const (
	ebdaSegment = 0x9fc0
	ebda        = ebdaSegment << 4

	ebdaMousePtr   = ebda + 0x22 // far pointer to the program's handler
	ebdaMouseFlags = ebda + 0x26 // 2:0 bytes received
	ebdaMouseCtl   = ebda + 0x27 // 7 handler set, 2:0 packet size less one
	ebdaMouseData  = ebda + 0x28 // 8 bytes
	ebdaFDPT       = ebda + 0x3d // fixed disk parameters of drives 80h and 81h, 16 bytes each
	ebdaDPTE       = ebda + 0x70 // device parameter table extension of EDD, 16 bytes

	// What nobody else knows of.
	ebdaBoot   = ebda + 0x100 // the search for something to boot, see boot.go
	ebdaProbe  = ebda + 0x110 // the drive being identified, see probe.go
	ebdaDrives = ebda + 0x120 // 4 hard disks, see drive.go
	ebdaReq    = ebda + 0x1a0 // the transfer in progress, see transfer.go
	ebdaCDs    = ebda + 0x1e0 // CD-ROM drives, see cdrom.go
	ebdaEmu    = ebda + 0x1f0 // the disk that a CD-ROM pretends to be, see eltorito.go
	ebdaFloppy = ebda + 0x210 // 2 diskette drives, see floppy.go
	ebdaPacket = ebda + 0x220 // 24 bytes: packet of INT 13h AH=42h for booting
	ebdaVBE    = ebda + 0x240 // the VBE mode, see vbe.go
	ebdaAPM    = ebda + 0x248 // APM connection, see apm.go
	ebdaKbd    = ebda + 0x24c // command for the keyboard, see keyboard_command.go
	ebdaMouse  = ebda + 0x250 // command for the mouse, see mouse.go

	ebdaCatalog = ebda + 0x270 // of the CD-ROM that is booted, see bootcd.go
)

// romSegment is the segment of the system ROM.
const romSegment = 0xf000

// bit returns 1<<n if on.
func bit(n uint, on bool) uint8 {
	if on {
		return 1 << n
	}
	return 0
}

// cmos reads a byte of the clock chip's memory.
func (c *call) cmos(i uint8) uint8 {
	c.out(0x70, i)
	return c.in(0x71)
}

func (c *call) setCMOS(i, v uint8) {
	c.out(0x70, i)
	c.out(0x71, v)
}

// Bytes of the clock chip's memory in which the board describes itself.
const (
	CMOSDisks     = 0x12 // types of drives 0 and 1
	CMOSFloppies  = 0x10
	CMOSEquipment = 0x14
	CMOSBase      = 0x15 // word: KiB of conventional memory
	CMOSExtended  = 0x17 // word: KiB above 1 MiB, at most 63 MiB; again at 30h
	CMOSDisk0     = 0x19 // extended type of disk 0; of disk 1 follows
	CMOSSum       = 0x2e // two bytes, the high one first: sum of bytes 10h to 2Dh
	CMOSExtended2 = 0x30
	CMOSAbove16M  = 0x34 // word: 64 KiB above 16 MiB
	CMOSBoot      = 0x38 // 7:4 third boot device
	CMOSBootMenu  = 0x3e // 0 offers the boot menu
	CMOSBoot2     = 0x3d // 3:0 first, 7:4 second boot device; see BootFloppy…
	CMOSAbove4G   = 0x5b // 3 bytes: 64 KiB above 4 GiB
)

// Boot devices in CMOSBoot2 and CMOSBoot.
const (
	BootNone   = 0
	BootFloppy = 1
	BootDisk   = 2
	BootCD     = 3
)

func (c *call) cmosWord(i uint8) uint16 {
	return uint16(c.cmos(i)) | uint16(c.cmos(i+1))<<8
}

// ram is the size of RAM in bytes, and how much of it lies above 4 GiB.
func (c *call) ram() (low, high uint64) {
	low = uint64(c.cmosWord(CMOSExtended2))<<10 + 1<<20
	if n := c.cmosWord(CMOSAbove16M); n != 0 {
		low = uint64(n)<<16 + 16<<20
	}
	high = (uint64(c.cmosWord(CMOSAbove4G)) | uint64(c.cmos(CMOSAbove4G+2))<<16) << 16
	return low, high
}

// string reads bytes up to a zero, at most n.
func (c *call) bytes(la uint32, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = c.b(la + uint32(i))
	}
	return p
}

// put writes bytes.
func (c *call) put(la uint32, p []byte) {
	for i, v := range p {
		c.setB(la+uint32(i), v)
	}
}

// zeroFill writes n zero bytes.
func (c *call) zeroFill(la uint32, n int) {
	for i := range n {
		c.setB(la+uint32(i), 0)
	}
}
