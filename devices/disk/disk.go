// Package disk is what stands behind a drive: raw image files, block devices, images in
// memory, and an overlay that keeps writes away from the file.
//
// Start with Open; Image is what every kind offers. The drive chips declare the part of
// Image they need themselves and do not import this package.
//
// # Promises
//
//   - Flush returns after the data is on stable storage (unless Options.Unsafe was asked
//     for). A failed flush is remembered: every later flush fails too, until the image is
//     opened again, because the host may have dropped the data it could not write.
//   - An image opened for writing is locked against every other opener, in this process
//     or another; read-only openers share. The lock goes away with the process. Linux:
//     open-file-description locks; BSD and macOS: flock; Windows: the share mode; elsewhere
//     (js/wasm) there are no locks. Such locks are advisory except on Windows: other
//     programs that do not ask are not kept out.
//   - A file is never guessed to be anything but raw bytes. One that begins with the mark
//     of another image format is refused, unless Options.Format says "raw".
//   - An image never grows, with one exception: a file whose length is not a multiple of
//     512 bytes shows a last sector padded with zeros, and writing to that sector extends
//     the file to the end of the sector.
//
// Images are used by one goroutine at a time.
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// SectorSize is the unit of all images, in bytes.
const SectorSize = 512

// An Image is a disk's contents. Offsets and sizes are in bytes. ReadAt and WriteAt
// transfer all of p or return an error; beyond Size the error is io.EOF for reads and
// ErrBeyondEnd for writes.
type Image interface {
	io.ReaderAt
	io.WriterAt
	// Size is the length, always a multiple of SectorSize.
	Size() int64
	// ReadOnly reports whether every write would fail with ErrReadOnly.
	ReadOnly() bool
	// Flush returns when everything written is on stable storage.
	Flush() error
	// Close flushes and gives up the lock. The image is of no use afterwards.
	Close() error
}

// The errors of this package, to be asked for with errors.Is.
var (
	// ErrReadOnly is a write to an image that does not take writes.
	ErrReadOnly = errors.New("image is read-only")
	// ErrBeyondEnd is a write past the last sector.
	ErrBeyondEnd = errors.New("beyond the end of the image")
	// ErrLocked is an image that somebody else has open.
	ErrLocked = errors.New("image is in use")
	// ErrFlushFailed is a flush after one that failed.
	ErrFlushFailed = errors.New("an earlier flush failed, data may be lost")
)

// Options say how an image is opened. The zero value opens for reading and writing.
type Options struct {
	// ReadOnly opens without the right to write; writes fail with ErrReadOnly.
	ReadOnly bool
	// Snapshot opens the file read-only and keeps writes in memory, where they are lost
	// when the image is closed (-snapshot, snapshot=on).
	Snapshot bool
	// Unsafe makes Flush do nothing (cache=unsafe): fast, and a power cut loses data.
	Unsafe bool
	// Format is "" or "raw". "raw" takes the bytes as they are even when they begin like
	// another image format.
	Format string
}

// Open opens a raw image file or a block device. Errors name the path.
func Open(path string, o Options) (Image, error) {
	img, err := open(path, o)
	if err != nil {
		return nil, fmt.Errorf("open disk %q: %w", path, err)
	}
	return img, nil
}

func open(path string, o Options) (Image, error) {
	if o.Format != "" && o.Format != "raw" {
		return nil, fmt.Errorf("format %q is not supported, only raw", o.Format)
	}
	readOnly := o.ReadOnly || o.Snapshot
	raw, err := openRaw(path, readOnly, o.Unsafe)
	if err != nil {
		return nil, err
	}
	if o.Format == "" {
		if err := refuseForeign(raw); err != nil {
			return nil, errors.Join(err, raw.file.Close())
		}
	}
	if o.Snapshot {
		return NewOverlay(raw), nil
	}
	return raw, nil
}

// foreign lists the marks that other image formats begin with.
var foreign = []struct{ mark, name string }{
	{"QFI\xfb", "qcow2"},
	{"KDMV", "vmdk"},
	{"<<< Oracle VM VirtualBox", "vdi"},
	{"<<< Sun", "vdi"},
	{"conectix", "vhd"},
	{"vhdxfile", "vhdx"},
}

func refuseForeign(r *Raw) error {
	var head [32]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return err
	}
	for _, f := range foreign {
		if string(head[:len(f.mark)]) == f.mark {
			return fmt.Errorf("this looks like a %s image, which is not supported; format=raw takes the bytes as they are", f.name)
		}
	}
	return nil
}

// checkKind refuses what is neither a file nor a block device. It runs before the file is
// opened, because opening a FIFO waits for its other end.
func checkKind(m fs.FileMode) error {
	switch {
	case m.IsRegular(), m&fs.ModeDevice != 0 && m&fs.ModeCharDevice == 0:
		return nil
	case m.IsDir():
		return errors.New("is a directory, not a disk image")
	case m&fs.ModeNamedPipe != 0:
		return errors.New("is a named pipe, not a disk image")
	case m&fs.ModeSocket != 0:
		return errors.New("is a socket, not a disk image")
	case m&fs.ModeCharDevice != 0:
		return errors.New("is a character device, not a disk image")
	}
	return fmt.Errorf("is not a regular file (%v)", m)
}

// bare strips the operation and path that os errors carry: our messages name them already.
func bare(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// inside returns the error for n bytes at off in an image of size bytes, or nil.
func inside(off int64, n int, size int64, beyond error) error {
	if off < 0 || off > size || int64(n) > size-off {
		return beyond
	}
	return nil
}
