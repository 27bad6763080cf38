package disk

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errSharingViolation is ERROR_SHARING_VIOLATION: somebody has the file open in a way that
// does not go together with ours.
const errSharingViolation = syscall.Errno(32)

// openFile opens an image. On Windows the lock is part of opening: a writer shares the
// file with nobody, readers share it with readers. The holder cannot be named.
func openFile(path string, readOnly bool) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	access, share := uint32(syscall.GENERIC_READ|syscall.GENERIC_WRITE), uint32(0)
	if readOnly {
		access, share = syscall.GENERIC_READ, syscall.FILE_SHARE_READ
	}
	h, err := syscall.CreateFile(name, access, share, nil, syscall.OPEN_EXISTING, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errSharingViolation) {
		return nil, fmt.Errorf("%w by another machine or program", ErrLocked)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}

// lock has nothing to add to openFile.
func lock(*os.File, bool) error { return nil }
