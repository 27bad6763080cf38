//go:build !windows

package disk

import "os"

// openFile opens an image; the lock comes after.
func openFile(path string, readOnly bool) (*os.File, error) {
	flags := os.O_RDWR
	if readOnly {
		flags = os.O_RDONLY
	}
	return os.OpenFile(path, flags, 0)
}
