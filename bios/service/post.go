package service

import "github.com/glassbox-vm/glassbox/bios/rom"

// Entry points in the ROM.
const (
	entryNMI       = 0xe2c3
	entryBoot      = 0xe6f2
	entryConfig    = 0xe6f5
	entrySerial    = 0xe739
	entryKeyboard  = 0xe82e
	entryIRQ1      = 0xe987
	entryDisk      = 0xec59
	entryFloppyIRQ = 0xef57
	entryDPT       = 0xefc7
	entryPrinter   = 0xefd2
	entryVideo     = 0xf065
	entryCRTC      = 0xf0a4
	entryMemory    = 0xf841
	entryEquipment = 0xf84d
	entrySystem    = 0xf859
	entryTime      = 0xfe6e
	entryTimer     = 0xfea5
	entryTable     = 0xff00 // words: entries without a fixed place
	entryIRET      = 0xff53
	entryPrintScr  = 0xff54
)

// Entries of the table at entryTable.
const (
	atMaster = iota
	atSlave
	atClock
	atRedirected
	atMouse
	atFPU
	atDisk14
	atDisk15
	atNoBoot
	atPCI32
	atTables // diskette parameters by drive type, 16 bytes each
	atVideo  // what AH = 1Bh of INT 10h says of the adapter
	atWindow // far routine that moves the window of VBE modes
	atVBE32  // protected-mode interface of VBE
	atVBE32End
	atOEM // strings about the adapter
	atVendor
	atProduct
	atRevision
	atAPM16
	atAPM32
)

// entry returns an address from the table in the ROM.
func entry(i uint16) uint16 {
	return uint16(rom.Byte(entryTable+2*i)) | uint16(rom.Byte(entryTable+2*i+1))<<8
}

// post is power-on, as far as nothing has to be waited for: chips, vectors, data areas, PCI.
// AX is where the adapter is whose ROM is to be called at C000:0003.
func (c *call) post() {
	c.pics()
	c.timers()
	c.keyboardController()
	c.vectors()
	c.dataArea()
	c.pciSetup()
	c.publish()
	c.setB(bdaVGAFlags, 0x51)
	c.copyVideoROM()
}

// show begins what is to be seen, after INT 10h has set a mode.
func (c *call) show() {
	c.lockVideoROM()
	c.print("Glassbox BIOS\r\n\r\n")
	c.startProbe()
}

// pics initialises the interrupt controllers: lines 0-7 to vector 8, 8-15 to 70h, all but
// timer, keyboard, cascade, mouse, FPU and disks masked.
func (c *call) pics() {
	for _, o := range []struct {
		port uint16
		v    uint8
	}{
		{0x20, 0x11}, {0x21, 0x08}, {0x21, 0x04}, {0x21, 0x01}, {0x21, 0xb8},
		{0xa0, 0x11}, {0xa1, 0x70}, {0xa1, 0x02}, {0xa1, 0x01}, {0xa1, 0x0f},
	} {
		c.out(o.port, o.v)
	}
}

// timers starts the clock tick and the refresh request, and readies the real-time clock
// and the cascade of the DMA controllers.
func (c *call) timers() {
	for _, o := range []struct {
		port uint16
		v    uint8
	}{
		{0x43, 0x36}, {0x40, 0}, {0x40, 0}, // 18.2 Hz
		{0x43, 0x54}, {0x41, 18}, // 15 µs
		{0x43, 0xb6}, {0x42, 0x28}, {0x42, 0x05}, // speaker, 903 Hz
		{0x0d, 0}, {0xda, 0}, {0xd6, 0xc0}, {0xd4, 0}, // DMA reset, cascade
		{0x92, 0}, // A20 is left to the keyboard controller: either opens it, so only then both can shut it
	} {
		c.out(o.port, o.v)
	}
	c.setCMOS(0x0a, 0x26)
	c.setCMOS(0x0b, 0x02)
	c.cmos(0x0c)
	c.cmos(0x0d)
}

// keyboardController runs the self-test and lets the keyboard speak, translated and with
// interrupt.
func (c *call) keyboardController() {
	for range 16 { // what a warm start left
		if c.in(0x64)&1 == 0 {
			break
		}
		c.in(0x60)
	}
	c.out(0x64, 0xaa)
	c.in(0x60)
	c.out(0x64, 0x60)
	c.out(0x60, 0x65)
	c.out(0x64, 0xae)
}

// vectors writes the interrupt vector table.
func (c *call) vectors() {
	set := func(v uint32, off uint16) { c.setD(4*v, romSegment<<16|uint32(off)) }
	for v := range uint32(256) {
		set(v, entryIRET)
	}
	for v := uint32(0x60); v <= 0x66; v++ {
		c.setD(4*v, 0)
	}
	for v := uint32(0x78); v <= 0xff; v++ {
		c.setD(4*v, 0)
	}
	for v := uint32(8); v < 16; v++ {
		set(v, entry(atMaster))
		set(v+0x68, entry(atSlave))
	}
	for v, off := range map[uint32]uint16{
		0x02: entryNMI, 0x05: entryPrintScr, 0x08: entryTimer, 0x09: entryIRQ1, 0x0e: entryFloppyIRQ,
		0x10: entryVideo, 0x11: entryEquipment, 0x12: entryMemory, 0x13: entryDisk, 0x14: entrySerial,
		0x15: entrySystem, 0x16: entryKeyboard, 0x17: entryPrinter, 0x18: entry(atNoBoot), 0x19: entryBoot,
		0x1a: entryTime, 0x1e: entryDPT, 0x40: entryDisk, 0x42: entryVideo, 0x6d: entryVideo,
		0x70: entry(atClock), 0x71: entry(atRedirected), 0x74: entry(atMouse), 0x75: entry(atFPU),
		0x76: entry(atDisk14), 0x77: entry(atDisk15),
	} {
		set(v, off)
	}
	if kind := c.floppyType(0); kind != 0 {
		set(0x1e, tableOf(min(kind, drive2M88)))
	}
	set(0x1d, entryCRTC)
	c.setD(4*0x1f, 0)
	c.setD(4*0x41, ebdaSegment<<16|(ebdaFDPT-ebda))
	c.setD(4*0x46, ebdaSegment<<16|(ebdaFDPT-ebda+16))
	c.setD(4*0x43, 0)
}

// Equipment word: 1 coprocessor, 2 mouse, 5:4 video (80 columns), 11:9 serial ports,
// 15:14 printers; 0 and 7:6 floppy drives.
const (
	equipFPU   = 1 << 1
	equipMouse = 1 << 2
	equipVideo = 2 << 4
)

// dataArea writes the BIOS data area and the extended one.
func (c *call) dataArea() {
	warm := c.w(bdaWarm)
	c.zeroFill(0x400, 0x100)
	c.zeroFill(ebda, 1024)
	c.setW(bdaWarm, warm)
	c.setW(bdaEBDA, ebdaSegment)
	c.setB(ebda, 1) // KiB
	c.setW(bdaMemory, ebda>>10)
	c.setW(bdaKeyHead, bdaKeyBuffer-0x400)
	c.setW(bdaKeyTail, bdaKeyBuffer-0x400)
	c.setW(bdaKeyStart, bdaKeyBuffer-0x400)
	c.setW(bdaKeyEnd, bdaKeyBuffer-0x400+32)
	c.setB(bdaKeyState3, 0x10)
	equip := uint16(c.cmos(CMOSEquipment)&0xc5) | equipFPU | equipVideo
	n := uint16(0)
	for _, port := range []uint16{0x3f8, 0x2f8, 0x3e8, 0x2e8} {
		if c.uartAt(port) {
			c.setW(bdaCOM+2*uint32(n), port)
			c.setB(bdaCOMTimeout+uint32(n), 10)
			n++
		}
	}
	equip |= n << 9
	n = 0
	for _, port := range []uint16{0x378, 0x278} {
		if c.printerAt(port) {
			c.setW(bdaLPT+2*uint32(n), port)
			c.setB(bdaLPTTimeout+uint32(n), 20)
			n++
		}
	}
	equip |= n << 14
	c.setW(bdaEquipment, equip)
	c.setTicks()
}

// ready is power-on after the drives are known: the keyboard and the clock start.
func (c *call) ready() {
	c.setB(ebdaBoot, 0)
	c.out(0x80, 0)
}

// print writes text to the screen.
func (c *call) print(s string) {
	for i := range len(s) {
		c.teletype(s[i], 7, c.b(bdaPage))
	}
}
