package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// A Raw is an image whose bytes are the disk's bytes.
type Raw struct {
	file     *os.File
	path     string
	size     int64 // what the guest sees: whole sectors
	real     int64 // length of the file; size-real bytes at the end read as zeros
	readOnly bool
	unsafe   bool
	dirty    bool  // written since the last flush
	flushErr error // sticky
}

func openRaw(path string, readOnly, unsafe bool) (*Raw, error) {
	before, err := os.Stat(path)
	if err != nil {
		return nil, bare(err)
	}
	if err := checkKind(before.Mode()); err != nil {
		return nil, err
	}
	file, err := openFile(path, readOnly)
	if err != nil {
		return nil, bare(err)
	}
	r := &Raw{file: file, path: path, readOnly: readOnly, unsafe: unsafe}
	if err := r.setUp(before); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// setUp takes the lock and measures the file. before is what the path was when checked.
func (r *Raw) setUp(before os.FileInfo) error {
	now, err := r.file.Stat()
	if err != nil {
		return bare(err)
	}
	if !os.SameFile(before, now) {
		return errors.New("the file was exchanged while it was being opened")
	}
	if err := lock(r.file, !r.readOnly); err != nil {
		return err
	}
	// Seeking measures block devices too, for which Stat reports 0.
	r.real, err = r.file.Seek(0, io.SeekEnd)
	if err != nil {
		return bare(err)
	}
	if r.real == 0 {
		return errors.New("is empty: a disk needs at least one sector of 512 bytes")
	}
	r.size = (r.real + SectorSize - 1) / SectorSize * SectorSize
	return nil
}

// Size implements Image.
func (r *Raw) Size() int64 { return r.size }

// ReadOnly implements Image.
func (r *Raw) ReadOnly() bool { return r.readOnly }

// ReadAt implements io.ReaderAt. A file that has become shorter than it was when opened
// gives io.ErrUnexpectedEOF.
func (r *Raw) ReadAt(p []byte, off int64) (int, error) {
	if err := inside(off, len(p), r.size, io.EOF); err != nil {
		return 0, r.wrap("read", len(p), off, err)
	}
	stored := p[:min(int64(len(p)), max(0, r.real-off))]
	n, err := r.file.ReadAt(stored, off)
	if n < len(stored) {
		if err == io.EOF || err == nil {
			err = io.ErrUnexpectedEOF
		}
		return n, r.wrap("read", len(p), off, err)
	}
	clear(p[n:])
	return len(p), nil
}

// WriteAt implements io.WriterAt.
func (r *Raw) WriteAt(p []byte, off int64) (int, error) {
	if r.readOnly {
		return 0, r.wrap("write", len(p), off, ErrReadOnly)
	}
	if err := inside(off, len(p), r.size, ErrBeyondEnd); err != nil {
		return 0, r.wrap("write", len(p), off, err)
	}
	r.dirty = true
	n, err := r.file.WriteAt(p, off)
	r.real = max(r.real, off+int64(n))
	if err != nil {
		return n, r.wrap("write", len(p), off, err)
	}
	return n, nil
}

// Flush implements Image.
func (r *Raw) Flush() error {
	if r.flushErr != nil {
		return fmt.Errorf("disk %q: flush: %w: %w", r.path, ErrFlushFailed, r.flushErr)
	}
	if !r.dirty || r.unsafe {
		return nil
	}
	if err := r.file.Sync(); err != nil {
		r.flushErr = bare(err)
		return fmt.Errorf("disk %q: flush: %w", r.path, r.flushErr)
	}
	r.dirty = false
	return nil
}

// Close implements Image.
func (r *Raw) Close() error {
	err := r.Flush()
	if cerr := r.file.Close(); cerr != nil { // closing the file drops the lock
		err = errors.Join(err, fmt.Errorf("disk %q: close: %w", r.path, bare(cerr)))
	}
	return err
}

func (r *Raw) wrap(verb string, n int, off int64, err error) error {
	return fmt.Errorf("disk %q: %s %d bytes at %d: %w", r.path, verb, n, off, bare(err))
}
