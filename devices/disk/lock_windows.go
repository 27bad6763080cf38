package disk

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// lockOffsetHigh is the upper half of the offset of the one byte that is locked. It lies
// far behind any data, because Windows refuses reads and writes inside a locked range.
const lockOffsetHigh = 0x4000_0000

// lock takes a shared or exclusive LockFileEx, without waiting. It belongs to the handle,
// so a second open in the same process conflicts as well. The holder cannot be named.
func lock(f *os.File, exclusive bool) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	at := windows.Overlapped{OffsetHigh: lockOffsetHigh}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return fmt.Errorf("%w by another machine or program", ErrLocked)
	}
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}
