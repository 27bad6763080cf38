//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package disk

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock takes a shared or exclusive flock(2), without waiting. It belongs to the open file,
// so a second open in the same process conflicts as well. The holder cannot be named.
func lock(f *os.File, exclusive bool) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%w by another machine or program", ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}
