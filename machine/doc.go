// Package machine is the board: every chip and every wire of one PC, the virtual clock,
// the run loop, and the Go interface to it all. Two machines never share anything.
//
// Read pc.go first: it is the page on which a reader learns what the PC is. Then
// machine.go (the run loop), clock.go (time) and inbox.go (the outside world).
//
// The PC is an i440FX with a PIIX3, as QEMU's "pc" and Bochs have it.
//
// # Guest-physical memory
//
//	from      to        what
//	0         9FFFFh    RAM
//	A0000h    BFFFFh    vga, as its registers say
//	C0000h    EFFFFh    RAM where the PAM registers of the i440FX let it through
//	F0000h    FFFFFh    the system ROM, or RAM where they let it through
//	100000h   DFFFFFFFh RAM, as much as there is
//	FEC00000h FEC00FFFh ioapic
//	FED00000h FED003FFh hpet
//	FEE00000h FEE00FFFh lapic of the processor that asks, where its IA32_APIC_BASE says
//	FFFF0000h FFFFFFFFh the system ROM again
//	4 GiB     …         the rest of RAM
//
// # Ports
//
//	from  to    chip
//	0000  000f  dma8237 channels 0-3
//	0020  0021  pic8259 master
//	0040  0043  pit8254
//	0060  0060  i8042 data
//	0061  0061  port61
//	0064  0064  i8042 control
//	0070  0071  mc146818
//	0080  0080  post80
//	0081  008f  dma8237 pages
//	0092  0092  port92
//	00a0  00a1  pic8259 slave
//	00b2  00b3  piix4 apm
//	00c0  00df  dma8237 channels 4-7
//	00e9  00e9  debugconsole
//	00f4  00f7  debugexit
//	0170  0177  ide channel 1
//	01ce  01d0  vga dispi
//	01f0  01f7  ide channel 0
//	02e8  02ef  uart16550 COM4
//	02f8  02ff  uart16550 COM2
//	0376  0376  ide channel 1 control
//	0378  037a  lpt
//	03b4  03b5  vga crtc mono
//	03ba  03ba  vga status mono
//	03c0  03cf  vga
//	03d4  03d5  vga crtc
//	03da  03da  vga status
//	03e8  03ef  uart16550 COM3
//	03f0  03f5  fdc82077
//	03f6  03f6  ide channel 0 control
//	03f7  03f7  fdc82077 dir
//	03f8  03ff  uart16550 COM1
//	04d0  04d1  elcr
//	0510  051b  fw_cfg
//	0600  063f  piix4 power management
//	0cf8  0cff  pci configuration
//	c040  c04f  piix3 bus master
//
// The VGA is there unless Config.VGA says otherwise; its linear frame buffer and registers
// are where the guest's firmware puts them (here: FD000000h and FEBF0000h).
//
// The chip at F4h is there when Config.DebugExit asks for it; the IDE ports, the bus
// master and the power management answer where and when the guest's firmware says so (here: the board, for a
// kernel that is loaded directly).
//
// # Interrupt lines
//
// Each goes to the pair of 8259s and to the input of the I/O APIC with the same number, but
// for line 0, which is on input 2. The 8259s drive LINT0 of every local APIC. Timers of the
// HPET take the place of lines 0 and 8, or drive inputs 2, 8 and 16–23 of the I/O APIC.
//
//	line  source
//	0     pit8254 OUT0
//	1     i8042 keyboard
//	3     COM2, COM4
//	4     COM1, COM3
//	6     fdc82077
//	7     lpt
//	8     mc146818
//	9     piix4 power management
//	12    i8042 auxiliary device
//	14    ide channel 0
//	15    ide channel 1
//
// The PIRQ lines of the PIIX3 join whichever line the guest routes them to.
//
// # Processors and time
//
// One instruction of whichever processor takes 4 ns of virtual time; several take turns, see
// smp.go; the time-stamp counter counts nanoseconds.
// HLT lets time pass to the next event without executing anything.
package machine
