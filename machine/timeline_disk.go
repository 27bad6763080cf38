package machine

import (
	"io"
	"maps"
	"slices"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A timedDisk is an image as the guest sees it while a Timeline is kept. At the end of the
// history it passes everything on, and keeps what is overwritten. In the past it never
// writes to the image: it answers from what was kept, and holds what is written in scratch
// until the next checkpoint, from where on that is known again.
type timedDisk struct {
	disk.Image
	t       *Timeline // nil: no history is kept
	v       *versions
	scratch map[uint64][]byte // by block; in the past only
}

// blockSize is the unit in which disks are kept.
const blockSize = phys.PageSize

// blockAt is where block b begins, and how long it is.
func (d *timedDisk) blockAt(b uint64) (off int64, size int) {
	off = int64(b) * blockSize
	return off, int(min(blockSize, d.Size()-off))
}

// ReadAt implements io.ReaderAt.
func (d *timedDisk) ReadAt(p []byte, off int64) (int, error) {
	if d.t == nil || !d.t.past || off < 0 || off > d.Size()-int64(len(p)) {
		return d.Image.ReadAt(p, off)
	}
	for done := 0; done < len(p); {
		at := off + int64(done)
		n := min(len(p)-done, int(blockSize-at%blockSize))
		part := p[done : done+n]
		if c, ok := d.known(uint64(at) / blockSize); ok {
			copy(part, c[at%blockSize:])
		} else if _, err := d.Image.ReadAt(part, at); err != nil {
			return done, err
		}
		done += n
	}
	return len(p), nil
}

// known is what block b holds in the past, if that is not what it holds in the image.
func (d *timedDisk) known(b uint64) ([]byte, bool) {
	if c, ok := d.scratch[b]; ok {
		return c, true
	}
	return d.v.lookup(b, d.t.points[d.t.here].at)
}

// WriteAt implements io.WriterAt.
func (d *timedDisk) WriteAt(p []byte, off int64) (int, error) {
	if d.t == nil || off < 0 || off > d.Size()-int64(len(p)) {
		return d.Image.WriteAt(p, off)
	}
	if d.t.past {
		return d.writePast(p, off)
	}
	for b := uint64(off) / blockSize; int64(b)*blockSize < off+int64(len(p)); b++ {
		if err := d.keep(b); err != nil {
			return 0, err
		}
	}
	return d.Image.WriteAt(p, off)
}

// keep remembers what block b holds, before it is written at the end of the history.
func (d *timedDisk) keep(b uint64) error {
	at := d.t.points[d.t.here].at
	if d.v.has(b, at) {
		return nil
	}
	var buf [blockSize]byte
	off, size := d.blockAt(b)
	if _, err := d.Image.ReadAt(buf[:size], off); err != nil {
		return err
	}
	return d.v.add(b, at, buf[:size])
}

func (d *timedDisk) writePast(p []byte, off int64) (int, error) {
	if d.scratch == nil {
		d.scratch = map[uint64][]byte{}
	}
	for done := 0; done < len(p); {
		at := off + int64(done)
		b := uint64(at) / blockSize
		c, ok := d.scratch[b]
		if !ok {
			start, size := d.blockAt(b)
			c = make([]byte, size)
			if _, err := d.ReadAt(c, start); err != nil {
				return done, err
			}
			d.scratch[b] = c
		}
		done += copy(c[at%blockSize:], p[done:])
	}
	return len(p), nil
}

// Flush implements disk.Image.
func (d *timedDisk) Flush() error {
	if d.t != nil && d.t.past {
		return nil
	}
	return d.Image.Flush()
}

// insert makes a checkpoint at s after checkpoint before, in the past.
func (d *timedDisk) insert(before, s stamp) error {
	err := d.v.insert(before, s,
		func(b uint64) bool { return d.scratch[b] != nil },
		func(b uint64) []byte { return d.scratch[b] })
	d.scratch = nil
	return err
}

// branch makes the image what it is at the present moment, after checkpoint here, and
// forgets what came later.
func (d *timedDisk) branch(here stamp) error {
	if err := d.eachPast(here, func(off int64, p []byte) error {
		_, err := d.Image.WriteAt(p, off)
		return err
	}); err != nil {
		return err
	}
	d.v.forget(here, func(b uint64) bool { return d.scratch[b] != nil })
	d.scratch = nil
	return d.Image.Flush()
}

// eachPast calls visit for every block that is different in the past from what it is in
// the image, in order of offset.
func (d *timedDisk) eachPast(here stamp, visit func(off int64, p []byte) error) error {
	blocks := map[uint64]bool{}
	for b := range d.scratch {
		blocks[b] = true
	}
	d.v.between(here, 1<<63-1, func(b uint64) { blocks[b] = true })
	for _, b := range slices.Sorted(maps.Keys(blocks)) {
		c, ok := d.known(b)
		if !ok {
			continue
		}
		off, size := d.blockAt(b)
		if err := visit(off, c[:size]); err != nil {
			return err
		}
	}
	return nil
}

// medium is the image of drive i as its controller sees it.
func (m *Machine) medium(i int) disk.Image {
	m.timed[i] = nil
	d := m.cfg.Drives[i]
	if d == nil || d.Image == nil {
		return nil
	}
	if d.Image.ReadOnly() {
		return d.Image
	}
	m.timed[i] = &timedDisk{Image: d.Image}
	return m.timed[i]
}

// forkOverlay forks the overlay of drive i as it is at the present moment.
func (m *Machine) forkOverlay(i int, o *disk.Overlay) (*disk.Overlay, error) {
	f := o.Fork()
	d := m.timed[i]
	if d == nil || d.t == nil || !d.t.past {
		return f, nil
	}
	return f, d.eachPast(d.t.points[d.t.here].at, func(off int64, p []byte) error {
		_, err := f.WriteAt(p, off)
		return err
	})
}

// written calls visit for what the overlay of drive i keeps at the present moment, in the
// past as well.
func (m *Machine) written(i int, o *disk.Overlay, visit func(off int64, p []byte) error) error {
	d := m.timed[i]
	if d == nil || d.t == nil || !d.t.past {
		return o.Written(visit)
	}
	var buf []byte
	return o.Written(func(off int64, p []byte) error {
		buf = append(buf[:0], p...)
		if _, err := d.ReadAt(buf, off); err != nil && err != io.EOF {
			return err
		}
		return visit(off, buf)
	})
}
