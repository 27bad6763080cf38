package machine

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/devices/disk"
)

// Snapshot writes the whole state to w: processor, chips, clock, memory, and what
// overlays (snapshot=on) keep of the disks. Drives that write to their images are an
// error. Call it between calls of Run. The name is for people.
//
// A snapshot forgets what the processor has cached of page tables, in the running machine
// as well, so that it and a machine restored from the file go on in the same way.
func (m *Machine) Snapshot(w io.Writer, name string) error {
	info := m.snapshotInfo(name)
	head, err := appendHeader(nil, &info)
	if err != nil {
		return err
	}
	pack, err := newPacker()
	if err != nil {
		return err
	}
	put := func(name string, version uint32, contents []byte) error {
		_, err := w.Write(pack.section(name, version, contents))
		return err
	}
	for i := range m.cfg.Drives { // before anything is written
		if _, err := m.overlay(i); err != nil {
			return err
		}
	}
	if m.inPast() {
		caches := m.caches()
		defer m.setCaches(caches)
	}
	m.forgetTranslations()
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, p := range m.parts() {
		if err := put(p.Name, p.Version, appendState(nil, p.save())); err != nil {
			return err
		}
	}
	mem := m.mem.Used()
	var buf []byte
	err = eachChunk(uint64(len(mem)), func(off, n uint64) error {
		buf = appendChunk(buf[:0], mem[off:off+n])
		return put("ram", 1, buf)
	})
	if err != nil {
		return err
	}
	if err := m.saveDisks(put); err != nil {
		return err
	}
	return put("end", 1, nil)
}

func (m *Machine) snapshotInfo(name string) SnapshotInfo {
	return SnapshotInfo{Name: name, Instructions: m.Count(), Time: m.clock.Now(), Machine: m.Description()}
}

// forgetTranslations empties the TLB, which is not part of a snapshot.
func (m *Machine) forgetTranslations() {
	m.event(inputForget, Input{})
	m.dropTranslations()
}

func (m *Machine) dropTranslations() {
	m.flushTLBs()
	if m.twin != nil {
		m.twin.flushTLBs()
	}
}

// saveDisks writes the sections of the disks.
func (m *Machine) saveDisks(put func(string, uint32, []byte) error) error {
	for i := range m.cfg.Drives {
		o, err := m.overlay(i)
		if err != nil {
			return err
		}
		if o == nil {
			continue
		}
		name := diskSection(i)
		var buf []byte
		err = m.written(i, o, func(off int64, p []byte) error {
			if len(buf)+len(p)+12 > chunkSize {
				if err := put(name, 1, buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
			buf = appendCluster(buf, off, p)
			return nil
		})
		if err == nil && len(buf) > 0 {
			err = put(name, 1, buf)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func diskSection(i int) string { return fmt.Sprintf("disk.%d", i) }

// A loaded snapshot is one that was checked from end to end, for one machine.
type loaded struct {
	states []any // by row of parts
	ram    []section
	disks  [len(Drives{})][]section
}

// Restore replaces the whole state by what Snapshot wrote. The machine must be alike: see
// Description. The file is not trusted: whatever is wrong with it, the error wraps
// ErrSnapshot and the machine is as it was before. (Another error is one of the host, such
// as a disk image that cannot be read, and the machine is then of no more use.) It takes as much memory as the file is
// long. Input that was sent and not taken yet stays.
func (m *Machine) Restore(r io.Reader) error {
	if m.recording() && !m.inPast() {
		return fmt.Errorf("%w: the machine is being recorded or replayed, so its past cannot be replaced", ErrSnapshot)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	u, err := newUnpacker()
	if err != nil {
		return err
	}
	defer u.close()
	l, err := m.load(data, u)
	if err != nil {
		if !errors.Is(err, ErrSnapshot) {
			err = fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
		return err
	}
	if err := m.timeline.Branch(); err != nil {
		return err
	}
	for _, t := range []*Machine{m, m.twin} {
		if t == nil {
			continue
		}
		if err := t.apply(l, u); err != nil {
			return err
		}
	}
	if m.timeline != nil {
		return m.timeline.restart()
	}
	return nil
}

// load checks everything about a snapshot that can be checked without changing anything.
func (m *Machine) load(data []byte, u *unpacker) (*loaded, error) {
	info, _, err := readHeader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	here := m.Description()
	if err := here.differs(&info.Machine); err != nil {
		return nil, err
	}
	l, err := m.readSections(data, u, &here)
	if err != nil {
		return nil, err
	}
	for i, d := range l.disks {
		o, err := m.overlay(i)
		if err == nil && o == nil && len(d) > 0 {
			err = fmt.Errorf("section %q: there is no disk to write to", diskSection(i))
		}
		if err != nil {
			return nil, err
		}
	}
	return l, nil
}

// readSections reads and checks a snapshot of a machine with such a description, with the
// rows of parts that this one has.
func (m *Machine) readSections(data []byte, u *unpacker, here *Description) (*loaded, error) {
	_, n, err := readHeader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	l := &loaded{}
	c := &cutter{rest: data[n:], unpack: u}
	for _, p := range m.parts() {
		contents := c.next(p.Name, p.Version)
		if c.err != nil {
			return nil, c.err
		}
		s, err := p.decode(contents)
		if err != nil {
			return nil, fmt.Errorf("section %q: %w", p.Name, err)
		}
		l.states = append(l.states, s)
	}
	err = eachChunk(here.Backing, func(_, size uint64) error {
		if chunk := c.next("ram", 1); c.err == nil {
			c.err = wrapSection("ram", eachPage(chunk, int(size), func(int, []byte) {}))
		}
		l.ram = append(l.ram, c.last)
		return c.err
	})
	if err != nil {
		return nil, err
	}
	if err := readDisks(c, l, here); err != nil {
		return nil, err
	}
	if contents := c.next("end", 1); c.err != nil {
		return nil, c.err
	} else if len(contents)+len(c.rest) > 0 {
		return nil, errors.New("something follows the end")
	}
	return l, nil
}

// readDisks checks the sections of the disks.
func readDisks(c *cutter, l *loaded, here *Description) error {
	for i := range l.disks {
		name := diskSection(i)
		for c.peek() == name {
			contents := c.next(name, 1)
			if c.err != nil {
				return c.err
			}
			if err := eachCluster(contents, here.Drives[i], func(int64, []byte) error { return nil }); err != nil {
				return wrapSection(name, err)
			}
			l.disks[i] = append(l.disks[i], c.last)
		}
	}
	return nil
}

func wrapSection(name string, err error) error {
	if err != nil {
		return fmt.Errorf("section %q: %w", name, err)
	}
	return nil
}

// A cutter takes the sections of a file one after the other.
type cutter struct {
	rest   []byte
	last   section
	unpack *unpacker
	err    error
}

// peek is the name of the next section, or "" if there is none.
func (c *cutter) peek() string {
	if len(c.rest) < 2 {
		return ""
	}
	n := 2 + (int(c.rest[0]) | int(c.rest[1])<<8)
	return string(c.rest[2:max(min(n, len(c.rest)), 2)])
}

// next returns the contents of the next section, valid until the next call. It must have
// this name and version.
func (c *cutter) next(name string, version uint32) []byte {
	if c.err != nil {
		return nil
	}
	var contents []byte
	c.last, c.rest, c.err = cutSection(c.rest)
	switch {
	case c.err != nil:
		c.err = fmt.Errorf("where section %q should be: %w", name, c.err)
	case c.last.name != name:
		c.err = fmt.Errorf("section %.40q where %q should be", c.last.name, name)
	case c.last.version != version:
		c.err = fmt.Errorf("section %q has version %d; this program reads %d", name, c.last.version, version)
	default:
		contents, c.err = c.unpack.contents(c.last)
	}
	return contents
}

// apply puts a checked snapshot into the machine. What chips refuse is the last thing that
// can go wrong: then they get back what they had.
func (m *Machine) apply(l *loaded, u *unpacker) error {
	if err := m.setStates(l.states); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	at := 0
	m.restoring = true
	defer func() { m.restoring = false }()
	err := eachChunk(uint64(len(m.mem.Used())), func(off, size uint64) error {
		chunk, err := u.contents(l.ram[at])
		if err == nil {
			setChunk(m.mem, off, chunk, int(size))
		}
		at++
		return err
	})
	for i, sections := range l.disks {
		o, _ := m.overlay(i)
		if o == nil || err != nil {
			continue
		}
		err = setOverlay(o, sections, u)
	}
	m.flushTLBs()
	return err // of the host: what the file says was checked
}

// setStates restores every part, or none.
func (m *Machine) setStates(states []any) error {
	parts := m.parts()
	before := make([]any, len(parts))
	for i, p := range parts {
		before[i] = p.save()
	}
	m.restoring = true
	defer func() { m.restoring = false }()
	err := restoreParts(parts, states)
	if err != nil {
		if back := restoreParts(parts, before); back != nil {
			panic("machine: " + back.Error()) // it was there a moment ago
		}
	}
	m.signals = nil
	m.request = request{} // lines move while chips are restored, but nothing has happened
	return err
}

func restoreParts(parts []part, states []any) error {
	for i, p := range parts {
		if err := p.restore(states[i]); err != nil {
			return wrapSection(p.Name, err)
		}
	}
	return nil
}

// setOverlay replaces what an overlay holds.
func setOverlay(o *disk.Overlay, sections []section, u *unpacker) error {
	o.Discard()
	for _, s := range sections {
		contents, err := u.contents(s)
		if err != nil {
			return err
		}
		err = eachCluster(contents, o.Size(), func(off int64, p []byte) error {
			_, err := o.WriteAt(p, off)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
