package machine

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/bios/acpi"
	"github.com/glassbox-vm/glassbox/bios/service"
	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/debugconsole"
	"github.com/glassbox-vm/glassbox/devices/debugexit"
	"github.com/glassbox-vm/glassbox/devices/dma8237"
	"github.com/glassbox-vm/glassbox/devices/fdc82077"
	"github.com/glassbox-vm/glassbox/devices/fwcfg"
	"github.com/glassbox-vm/glassbox/devices/i440fx"
	"github.com/glassbox-vm/glassbox/devices/i8042"
	"github.com/glassbox-vm/glassbox/devices/ide"
	"github.com/glassbox-vm/glassbox/devices/ioport"
	"github.com/glassbox-vm/glassbox/devices/lpt"
	"github.com/glassbox-vm/glassbox/devices/mc146818"
	"github.com/glassbox-vm/glassbox/devices/pci"
	"github.com/glassbox-vm/glassbox/devices/pic8259"
	"github.com/glassbox-vm/glassbox/devices/piix3"
	"github.com/glassbox-vm/glassbox/devices/piix4pm"
	"github.com/glassbox-vm/glassbox/devices/pit8254"
	"github.com/glassbox-vm/glassbox/devices/port61"
	"github.com/glassbox-vm/glassbox/devices/port92"
	"github.com/glassbox-vm/glassbox/devices/post80"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/devices/ps2mouse"
	"github.com/glassbox-vm/glassbox/devices/uart16550"
	"github.com/glassbox-vm/glassbox/devices/vga"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A board is the chips of the PC and the wires between them: an i440FX and a PIIX3, as
// on QEMU's "pc" and on Bochs, because every guest has a driver for them.
type board struct {
	cpus []*cpu.CPU
	cpu  *cpu.CPU // whose turn it is
	// others is the number of instructions that the other processors have executed.
	others uint64
	turns  turns
	// service is what the calls of our BIOS reach from the first processor; nil with another BIOS.
	service *service.Service
	mem     *phys.Memory
	ports   *ioport.Space
	irq     [16]*wiredOR
	a20     [2]bool // who opens the gate: keyboard controller, port 92h

	apics
	timer timerLines

	pic    *pic8259.Pair
	pit    *pit8254.Device
	rtc    *mc146818.Device
	dma    *dma8237.Device
	kbc    *i8042.Device
	kbd    *ps2kbd.Device
	mouse  *ps2mouse.Device
	port61 *port61.Device
	port92 *port92.Device
	post   *post80.Device
	uart   [4]*uart16550.Device
	lpt    *lpt.Device
	fdc    *fdc82077.Device
	fwcfg  *fwcfg.Device
	acpi   *acpi.Image // see acpiImage

	pciBus   *pci.Bus
	pciPorts *pci.Ports
	host     *i440fx.Device
	isa      *piix3.ISA
	pm       *piix4pm.Device
	ideFunc  *piix3.IDE
	ide      [2]*ide.Channel

	vga     *vga.Device // nil: no display
	vramOff uint64      // where its memory is in the backing
}

// A wiredOR joins several drivers on one interrupt line.
type wiredOR struct {
	from []string // names of the drivers
	high uint32
	n    uint
	out  devices.Line
}

// input returns one more driver of the line; the name is for people, "" is not shown.
func (w *wiredOR) input(name string) devices.Line {
	if name != "" {
		w.from = append(w.from, name)
	}
	bit := uint32(1) << w.n
	w.n++
	return func(high bool) {
		if high {
			w.high |= bit
		} else {
			w.high &^= bit
		}
		w.out(w.high != 0)
	}
}

// shadowBase is where expansion ROMs begin, and the RAM that can lie over them.
const shadowBase = 0xc0000

// Where the serial ports are, and their interrupts.
var (
	uartPort = [4]uint16{0x3f8, 0x2f8, 0x3e8, 0x2e8}
	uartIRQ  = [4]int{4, 3, 4, 3}
)

// Where the IDE channels are, and their interrupts.
var (
	idePort    = [2]uint16{0x1f0, 0x170}
	ideControl = [2]uint16{0x3f6, 0x376}
)

// build makes every chip and every wire.
func (m *Machine) build() error {
	b := &board{}
	m.board = b
	var err error
	if b.mem, err = m.newMemory(); err != nil {
		return fmt.Errorf("guest memory of %d MiB: %w", m.cfg.Memory>>20, err)
	}
	low, high := bios.SplitRAM(m.cfg.Memory)
	if err := b.mapMemory(low, high); err != nil {
		return err
	}
	if err := m.makeCPUs(); err != nil {
		return err
	}
	b.turns = turns{b: b, quantum: m.cfg.Quantum}
	b.watchMemory()
	m.clock = newClock(b.Count, b.limit)
	b.ports = ioport.New()
	for _, c := range b.cpus {
		c.ReadTSC = func() uint64 { return uint64(m.clock.Now()) } // 1 GHz
		c.CPI = uint64(instructionTime)
		c.OnUnknown = func(what string, n uint32) { m.unknown[fmt.Sprintf("%s %#x", what, n)]++ }
		c.Ports = b.ports
	}

	var w wiring
	m.core(&w)
	m.serial(&w)
	m.keyboard(&w)
	m.pci(&w)
	m.floppy(&w)
	m.parallel(&w)
	m.display(&w)
	m.firmware(&w)
	m.systemROM(&w)
	return w.err
}

// mapMemory places RAM: below 4 GiB without the video and ROM holes, and the rest above.
func (b *board) mapMemory(low, high uint64) error {
	if err := b.mem.MapRAM(0, 0, min(low, bios.VideoBase)); err != nil {
		return err
	}
	if low > shadowBase { // with what the PAM registers let through
		if err := b.mem.MapRAM(shadowBase, shadowBase, low-shadowBase); err != nil {
			return err
		}
	}
	if high > 0 {
		return b.mem.MapRAM(bios.FourGiB, low, high)
	}
	return nil
}

// watchMemory makes the processors forget translations that a change of the memory map, of
// the A20 gate or of what is watched has made wrong.
func (b *board) watchMemory() {
	b.mem.OnMapChange = b.flushTLBs
	b.mem.OnProtect = b.dropPages
	b.mem.OnCodeWrite = b.watchedWrite
}

// wiring maps ports and remembers the first mistake.
type wiring struct{ err error }

func (w *wiring) ports(s *ioport.Space, name string, base uint16, n int, dev devices.Port) {
	if err := s.Map(name, base, n, dev); err != nil && w.err == nil {
		w.err = err
	}
}

// keep remembers an error of construction.
func (w *wiring) keep(err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
}

// core is what every AT has: interrupt controllers, timer, clock, DMA, system ports.
func (m *Machine) core(w *wiring) {
	b := m.board
	b.pic = pic8259.NewPair(b.setINTR)
	w.ports(b.ports, "pic8259 master", 0x20, 2, b.pic.Master)
	w.ports(b.ports, "pic8259 slave", 0xa0, 2, b.pic.Slave)
	w.ports(b.ports, "elcr", 0x4d0, 2, b.pic.ELCR())
	for i := range b.irq {
		b.irq[i] = &wiredOR{out: b.pic.IRQ(i)}
	}
	m.apic(w)
	if b.ioapic != nil {
		for i := range b.irq {
			to8259, toAPIC := b.pic.IRQ(i), b.pin[irqPin(i)].input("")
			b.irq[i].out = func(high bool) {
				to8259(high)
				toAPIC(high)
			}
		}
	}

	b.pit = pit8254.New(m.clock, [pit8254.Counters]devices.Line{b.timer.input(0, b.irq[0].input("8254 timer")), nil, nil})
	w.ports(b.ports, "pit8254", 0x40, 4, b.pit)
	b.port61 = port61.New(m.clock, port61.Pins{
		GATE2: b.pit.GATE(2),
		OUT2:  func() bool { return b.pit.OUT(2) },
	})
	w.ports(b.ports, "port61", 0x61, 1, b.port61)

	b.rtc = mc146818.New(m.clock, mc146818.Config{IRQ: b.timer.input(1, b.irq[8].input("clock")), Start: m.cfg.RTCStart.Unix()})
	w.ports(b.ports, "mc146818", 0x70, mc146818.Ports, b.rtc)

	b.port92 = port92.New(b.openA20(1), m.pulse(func() { m.request.init = true }))
	w.ports(b.ports, "port92", 0x92, 1, b.port92)
	b.post = post80.New(nil)
	w.ports(b.ports, "post80", 0x80, 1, b.post)

	b.dma = dma8237.New(b.mem.DMA())
	w.ports(b.ports, "dma8237 channels 0-3", 0x00, 16, b.dma.Low())
	w.ports(b.ports, "dma8237 pages", 0x81, 15, b.dma.Pages(1))
	w.ports(b.ports, "dma8237 channels 4-7", 0xc0, 32, b.dma.High())
}

// openA20 is the line of the n-th driver of the A20 gate: any of them opens it.
func (b *board) openA20(n int) devices.Line {
	return func(high bool) {
		b.a20[n] = high
		if open := b.a20[0] || b.a20[1]; open != b.mem.A20() {
			b.mem.SetA20(open)
		}
	}
}

// pulse is a line whose rising edge asks for something that happens between two
// instructions.
func (m *Machine) pulse(ask func()) devices.Line {
	return func(high bool) {
		if high {
			ask()
			m.cpu.RequestStop()
		}
	}
}

// serial is the four UARTs and the debug ports.
func (m *Machine) serial(w *wiring) {
	b := m.board
	for i := range b.uart {
		cfg := uart16550.Config{IRQ: b.irq[uartIRQ[i]].input(fmt.Sprintf("COM%d", i+1)), LineSpeed: m.cfg.SerialPace}
		if out := m.cfg.Serial[i]; out != nil {
			cfg.Send = m.output(out)
		}
		b.uart[i] = uart16550.New(m.clock, cfg)
		w.ports(b.ports, fmt.Sprintf("uart16550 COM%d", i+1), uartPort[i], uart16550.Ports, b.uart[i])
	}
	con := debugconsole.New(func(byte) {})
	if m.cfg.DebugCon != nil {
		con = debugconsole.New(m.output(m.cfg.DebugCon))
	}
	port := uint16(0xe9)
	if m.cfg.DebugConPort != 0 {
		port = m.cfg.DebugConPort
	}
	w.ports(b.ports, "debugconsole", port, 1, con)
	if m.cfg.DebugExit {
		exit := debugexit.New(func(code uint32) {
			m.request.debugExit, m.request.code = true, debugexit.Status(code)
			m.cpu.RequestStop()
		})
		w.ports(b.ports, "debugexit", 0xf4, 4, exit)
	}
}
