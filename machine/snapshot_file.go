package machine

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// SaveFile writes a snapshot to a file that only its owner may read: guests have secrets. A
// file of that name is replaced in one step once the new one is on stable storage: whatever
// happens, one of the two is there and whole.
func (m *Machine) SaveFile(path, name string) error {
	if err := replaceFile(hostFiles{}, path, func(w *bufio.Writer) error { return m.Snapshot(w, name) }); err != nil {
		return fmt.Errorf("save %s: %w", path, err)
	}
	return nil
}

// LoadFile restores the machine from a file that SaveFile wrote.
func (m *Machine) LoadFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load snapshot: %w", err)
	}
	defer f.Close()
	if err := m.Restore(f); err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}

// files is what replaceFile needs of the host. Tests let the n-th call fail.
type files interface {
	// create makes a new file in a folder, for its owner alone.
	create(dir, pattern string) (file, error)
	rename(from, to string) error
	remove(path string) error
	// syncDir puts the names in a folder on stable storage.
	syncDir(dir string) error
}

type file interface {
	io.WriteCloser
	Name() string
	Sync() error
}

// replaceFile replaces a file by what fill writes.
func replaceFile(host files, path string, fill func(*bufio.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := host.create(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		if err != nil && !renamed {
			err = errors.Join(err, host.remove(f.Name()))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	err = fill(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = host.rename(f.Name(), path); err != nil {
		return err
	}
	renamed = true
	if err := host.syncDir(dir); err != nil { // it is there, but a power cut may bring the old one back
		return fmt.Errorf("%s is written, but perhaps not on stable storage yet: %w", path, err)
	}
	return nil
}

// hostFiles is the host itself.
type hostFiles struct{}

func (hostFiles) create(dir, pattern string) (file, error) { return os.CreateTemp(dir, pattern) }
func (hostFiles) rename(from, to string) error             { return os.Rename(from, to) }
func (hostFiles) remove(path string) error                 { return os.Remove(path) }

func (hostFiles) syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) { // some file systems have no such call
		err = nil
	}
	return errors.Join(err, d.Close())
}
