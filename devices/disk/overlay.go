package disk

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// ClusterSize is the unit in which an Overlay copies from its base, in bytes.
const ClusterSize = 64 << 10

// An Overlay keeps what is written in memory and never writes to the image below. Its
// memory grows with the clusters written and is bounded by the size of the image.
type Overlay struct {
	base     Image
	clusters map[int64][]byte // by number; the last one may be shorter than ClusterSize
	// shared marks the clusters that a Fork sees too: they are copied before a write. nil
	// until there was one.
	shared map[int64]bool
	forked bool // the base belongs to another overlay
}

// NewOverlay puts an overlay on base and takes it over: Close closes base too.
func NewOverlay(base Image) *Overlay {
	return &Overlay{base: base, clusters: map[int64][]byte{}}
}

// Size implements Image.
func (o *Overlay) Size() int64 { return o.base.Size() }

// ReadOnly implements Image: an overlay always takes writes.
func (o *Overlay) ReadOnly() bool { return false }

// ReadAt implements io.ReaderAt.
func (o *Overlay) ReadAt(p []byte, off int64) (int, error) {
	if err := inside(off, len(p), o.Size(), io.EOF); err != nil {
		return 0, fmt.Errorf("overlay: read %d bytes at %d: %w", len(p), off, err)
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		n := min(len(p)-done, int(ClusterSize-at%ClusterSize))
		part := p[done : done+n]
		if c, ok := o.clusters[at/ClusterSize]; ok {
			copy(part, c[at%ClusterSize:])
		} else if _, err := o.base.ReadAt(part, at); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// WriteAt implements io.WriterAt. It fails only when the rest of a cluster cannot be read
// from the base.
func (o *Overlay) WriteAt(p []byte, off int64) (int, error) {
	if err := inside(off, len(p), o.Size(), ErrBeyondEnd); err != nil {
		return 0, fmt.Errorf("overlay: write %d bytes at %d: %w", len(p), off, err)
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		c, err := o.cluster(at / ClusterSize)
		if err != nil {
			return done, err
		}
		done += copy(c[at%ClusterSize:], p[done:])
	}
	return done, nil
}

// cluster returns the overlay's own copy of cluster i, made from the base if need be.
func (o *Overlay) cluster(i int64) ([]byte, error) {
	if c, ok := o.clusters[i]; ok {
		if o.shared[i] {
			c = slices.Clone(c)
			o.clusters[i] = c
			delete(o.shared, i)
		}
		return c, nil
	}
	c := make([]byte, min(ClusterSize, o.Size()-i*ClusterSize))
	if _, err := o.base.ReadAt(c, i*ClusterSize); err != nil {
		return nil, err
	}
	o.clusters[i] = c
	return c, nil
}

// Written calls visit for every cluster that has been written, in order of offset (bytes).
// visit must not keep p. It is how a machine snapshot takes the overlay along; WriteAt
// puts the same data back.
func (o *Overlay) Written(visit func(off int64, p []byte) error) error {
	for _, i := range slices.Sorted(maps.Keys(o.clusters)) {
		if err := visit(i*ClusterSize, o.clusters[i]); err != nil {
			return err
		}
	}
	return nil
}

// Discard forgets everything written.
func (o *Overlay) Discard() {
	clear(o.clusters)
	clear(o.shared)
}

// Fork returns a second overlay on the same base with the same contents. What either
// writes from now on, only it sees. Closing the fork leaves the base open; the base must
// not be closed before it. The base is then read by both, so it must allow ReadAt from
// several goroutines if they run in parallel, as all images of this package do.
func (o *Overlay) Fork() *Overlay {
	f := &Overlay{base: o.base, clusters: maps.Clone(o.clusters), forked: true}
	o.shared, f.shared = map[int64]bool{}, map[int64]bool{}
	for i := range o.clusters {
		o.shared[i], f.shared[i] = true, true
	}
	return f
}

// Flush implements Image: what is lost at Close needs no stable storage.
func (o *Overlay) Flush() error { return nil }

// Close implements Image.
func (o *Overlay) Close() error {
	o.Discard()
	if o.forked {
		return nil
	}
	return o.base.Close()
}
