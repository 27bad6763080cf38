package machine

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// SaveFile writes a snapshot to a file. A file of that name is replaced in one step once
// the new one is on stable storage: whatever happens, one of the two is there and whole.
func (m *Machine) SaveFile(path, name string) error {
	if err := replaceFile(path, func(w *bufio.Writer) error { return m.Snapshot(w, name) }); err != nil {
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

// replaceFile replaces a file by what fill writes.
func replaceFile(path string, fill func(*bufio.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
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
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// syncDir puts the new name on stable storage. Some hosts and file systems have no such
// call; the file is whole under one of its names then, and only after a power cut it may
// be the older.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
