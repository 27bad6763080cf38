package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/bios/service"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/devices/fdc82077"
	"github.com/glassbox-vm/glassbox/devices/lpt"
	"github.com/glassbox-vm/glassbox/devices/piix4pm"
)

// powerPorts is where the board, in place of firmware, puts the registers of the power
// management.
const powerPorts = 0x600

// power is ACPI power management.
func (m *Machine) power(w *wiring) {
	b := m.board
	b.pm = piix4pm.New(piix4pm.Config{
		Clock:    m.clock,
		SCI:      b.irq[piix4pm.SCI].input("power management"),
		PowerOff: m.pulse(func() { m.request.powerOff = true }),
		Map:      b.movable("piix4 power management", piix4pm.Ports, func() devices.Port { return b.pm.Registers() }),
	})
	w.ports(b.ports, "piix4 apm", 0xb2, piix4pm.APMPorts, b.pm.APM())
}

// floppy is the floppy controller on DMA channel 2. Port 3F6h, in the middle of its block,
// belongs to the IDE controller.
func (m *Machine) floppy(w *wiring) {
	b := m.board
	channel := b.dma.Channel(2)
	cfg := fdc82077.Config{Clock: m.clock, IRQ: b.irq[6].input("floppy drives"), DMA: channel, OnHostError: func(e fdc82077.HostError) {
		m.unknown[fmt.Sprintf("floppy %s failed: %v", e.Op, e.Err)]++
	}}
	for i := range cfg.Drives {
		dr := m.cfg.Drives[FloppyA+i]
		if dr == nil {
			continue
		}
		cfg.Drives[i].Type = fdc82077.Drive1M44
		if dr.Image == nil {
			continue
		}
		f, ok := fdc82077.FormatOf(dr.Image.Size())
		if !ok && w.err == nil {
			w.err = fmt.Errorf("%w: floppy %c: %d bytes are more than a disk of 2.88 MB has", ErrConfig, 'A'+i, dr.Image.Size())
		}
		cfg.Drives[i] = fdc82077.Drive{Type: f.Drive, Image: m.medium(FloppyA + i)}
		if f.Drive == fdc82077.Drive720K {
			cfg.Drives[i].Type = fdc82077.Drive1M44 // reads both
		}
	}
	b.fdc = fdc82077.New(cfg)
	channel.Attach(b.fdc.Serve)
	w.ports(b.ports, "fdc82077", 0x3f0, 6, b.fdc)
	w.ports(b.ports, "fdc82077 dir", 0x3f7, 1, dirFace{b.fdc})
}

// dirFace is the last port of the floppy controller.
type dirFace struct{ d *fdc82077.Device }

func (f dirFace) In(uint16) uint8       { return f.d.In(7) }
func (f dirFace) Out(_ uint16, v uint8) { f.d.Out(7, v) }

// describeFloppies writes the types of the drives into battery-backed memory, and the
// equipment: floppies, mouse, coprocessor.
func (m *Machine) describeFloppies() {
	a, b := m.fdc.Drive(0), m.fdc.Drive(1)
	m.rtc.SetCMOS(service.CMOSFloppies, uint8(a)<<4|uint8(b))
	equipment := uint8(0x06)
	switch {
	case a != fdc82077.NoDrive && b != fdc82077.NoDrive:
		equipment |= 0x41
	case a != fdc82077.NoDrive || b != fdc82077.NoDrive:
		equipment |= 0x01
	}
	m.rtc.SetCMOS(service.CMOSEquipment, equipment)
}

// parallel is LPT1.
func (m *Machine) parallel(w *wiring) {
	b := m.board
	cfg := lpt.Config{IRQ: b.irq[7].input("LPT1")}
	if m.cfg.Parallel != nil {
		cfg.Print = m.output(m.cfg.Parallel)
	}
	b.lpt = lpt.New(cfg)
	w.ports(b.ports, "lpt", 0x378, lpt.Ports, b.lpt)
}

// ErrMedium is the error, wrapped, for a medium that cannot be changed.
var ErrMedium = errors.New("change medium")

// SetMedium puts a disc into the CD-ROM or floppy drive at position i of Config.Drives, or
// takes it out with nil, and returns what was in it, which is the caller's again. Call it
// between calls of Run. While the machine is recorded or replayed it is an error, because
// the journal does not hold discs: see ChangeMedium. A Timeline begins anew: the disc that was there before is
// not here any more.
func (m *Machine) SetMedium(i int, image disk.Image) (old disk.Image, err error) {
	if m.recording() && !m.inPast() {
		return nil, fmt.Errorf("%w: the machine is being recorded or replayed", ErrMedium)
	}
	return m.setMedium(i, image)
}

// ChangeMedium puts the disc that Config.OpenMedium opens by that name into the drive at
// position i, or takes out what is there if the name is empty. The machine closes the disc
// when it is taken out, or with itself. A journal holds the name. Call it between calls of
// Run.
func (m *Machine) ChangeMedium(i int, name string) error {
	switch {
	case m.replay != nil && !m.inPast():
		return fmt.Errorf("%w: the machine follows a journal", ErrMedium)
	case m.recorder != nil:
		m.clock.fireDue() // as a replay does before every input
	}
	if err := m.changeMedium(i, name); err != nil {
		return err
	}
	m.recorder.event(inputMedium, Input{Port: i, Data: []byte(name)})
	return nil
}

// changeMedium is ChangeMedium, also in a replay.
func (m *Machine) changeMedium(i int, name string) error {
	var image disk.Image
	if name != "" {
		if m.cfg.OpenMedium == nil {
			return fmt.Errorf("%w: Config.OpenMedium is not set", ErrMedium)
		}
		var err error
		if image, err = m.cfg.OpenMedium(i, name); err != nil {
			return fmt.Errorf("%w: %w", ErrMedium, err)
		}
	}
	if _, err := m.setMedium(i, image); err != nil {
		if image != nil {
			image.Close()
		}
		return err
	}
	old := m.opened[i]
	if m.opened[i] = image; old != nil {
		if err := old.Close(); err != nil {
			return fmt.Errorf("%w: %w", ErrMedium, err)
		}
	}
	return nil
}

// closeMedia closes what ChangeMedium has opened.
func (m *Machine) closeMedia() (err error) {
	for i, image := range m.opened {
		if image != nil {
			err = errors.Join(err, image.Close())
			m.opened[i] = nil
		}
	}
	return err
}

func (m *Machine) setMedium(i int, image disk.Image) (old disk.Image, err error) {
	switch {
	case i < 0 || i >= len(m.cfg.Drives) || m.cfg.Drives[i] == nil:
		return nil, fmt.Errorf("%w: there is no drive %d", ErrMedium, i)
	case i < FloppyA && !m.cfg.Drives[i].CDROM:
		return nil, fmt.Errorf("%w: drive %d is a hard disk", ErrMedium, i)
	}
	if image != nil && i >= FloppyA {
		if _, ok := fdc82077.FormatOf(image.Size()); !ok {
			return nil, fmt.Errorf("%w: %d bytes are more than a floppy has", ErrMedium, image.Size())
		}
	}
	if err := m.timeline.Branch(); err != nil {
		return nil, err
	}
	d := *m.cfg.Drives[i]
	old = d.Image
	if m.twin != nil {
		mine, other := image, image
		if image != nil {
			mine, other = disk.NewOverlay(image), disk.NewOverlay(image)
		}
		if _, err := m.twin.SetMedium(i, other); err != nil {
			return nil, err
		}
		image = mine
	}
	d.Image = image
	m.cfg.Drives[i] = &d
	if image = m.medium(i); i >= FloppyA {
		m.fdc.SetMedium(i-FloppyA, image)
	} else {
		m.ide[i/2].SetMedium(i%2, image)
	}
	if m.timeline != nil {
		err = m.timeline.restart()
	}
	return old, err
}

// maxEvents bounds what waits for the mouse and the power button.
const maxEvents = 4096

// MoveMouse moves the mouse by x counts to the right and y upwards, turns its wheel by z
// towards the user, and sets the buttons that are down (bit 0 left, 1 right, 2 middle). It
// may be called from any goroutine; false means that too much waits already.
func (m *Machine) MoveMouse(x, y, z int, buttons uint8) bool {
	p := make([]byte, 0, 7)
	for _, v := range []int{x, y, z} {
		p = binary.LittleEndian.AppendUint16(p, uint16(int16(min(max(v, -1<<15), 1<<15-1))))
	}
	return m.sendEvent(Input{Port: PortMouse, Data: append(p, buttons)})
}

// PressPowerButton is the button on the case: an ACPI system shuts down. It may be called
// from any goroutine.
func (m *Machine) PressPowerButton() bool { return m.sendEvent(Input{Port: PortPower}) }

func (m *Machine) sendEvent(in Input) bool {
	b := &m.inbox
	b.mu.Lock()
	ok := len(b.events) < maxEvents
	if ok {
		b.events = append(b.events, in)
	}
	b.mu.Unlock()
	b.signal()
	return ok
}

// deliverEvents takes what was sent over.
func (m *Machine) deliverEvents() {
	b := &m.inbox
	b.mu.Lock()
	events := b.events
	b.events = nil
	b.mu.Unlock()
	for _, in := range events {
		in.Count, in.Time = m.Count(), m.clock.Now()
		m.accept(in)
		m.took(in)
	}
}

// acceptEvent gives the mouse or the power button an input. One that is damaged, from a
// journal, is ignored.
func (m *Machine) acceptEvent(in Input) {
	switch {
	case in.Port == PortMouse && len(in.Data) == 7:
		way := func(i int) int { return int(int16(binary.LittleEndian.Uint16(in.Data[i:]))) }
		m.mouse.Move(way(0), way(2), way(4), in.Data[6])
	case in.Port == PortPower:
		m.pm.PressPowerButton()
	}
}

// DriveNamed is the position in Config.Drives of a drive: hda…hdd, fda, fdb, cdrom for the
// first CD-ROM drive, or QEMU's ide0-hd0, ide1-cd0, floppy0.
func (m *Machine) DriveNamed(name string) (int, error) {
	if i, ok := driveNames[name]; ok && m.cfg.Drives[i] != nil {
		return i, nil
	}
	var have []string
	for i, d := range m.cfg.Drives {
		switch {
		case d == nil:
		case d.CDROM && name == "cdrom":
			return i, nil
		default:
			have = append(have, [...]string{"hda", "hdb", "hdc", "hdd", "fda", "fdb"}[i])
		}
	}
	if len(have) == 0 {
		have = []string{"none"}
	}
	return 0, fmt.Errorf("%w: there is no drive %q; there are %s", ErrMedium, name, strings.Join(have, ", "))
}

var driveNames = map[string]int{
	"hda": 0, "hdb": 1, "hdc": 2, "hdd": 3, "fda": 4, "fdb": 5, "floppy0": 4, "floppy1": 5,
	"ide0-hd0": 0, "ide0-hd1": 1, "ide1-hd0": 2, "ide1-hd1": 3,
	"ide0-cd0": 0, "ide0-cd1": 1, "ide1-cd0": 2, "ide1-cd1": 3,
}
