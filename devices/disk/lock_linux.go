package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ofdSetLock is F_OFD_SETLK of fcntl(2): a lock that belongs to the open file description,
// so that a second open in the same process conflicts as well.
const ofdSetLock = 37

// lock takes a shared or exclusive lock on the whole file, without waiting.
func lock(f *os.File, exclusive bool) error {
	kind := int16(syscall.F_RDLCK)
	if exclusive {
		kind = syscall.F_WRLCK
	}
	whole := syscall.Flock_t{Type: kind, Whence: io.SeekStart}
	err := syscall.FcntlFlock(f.Fd(), ofdSetLock, &whole)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EACCES):
		if pid := holder(f); pid != 0 {
			return fmt.Errorf("%w by process %d", ErrLocked, pid)
		}
		return fmt.Errorf("%w by another machine or program", ErrLocked)
	case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.EOPNOTSUPP):
		return lockWithFlock(f, exclusive) // a file system or kernel without these locks
	}
	return fmt.Errorf("lock: %w", err)
}

func lockWithFlock(f *os.File, exclusive bool) error {
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

// holder looks for a process that holds a lock on f's file, as far as /proc lets us see.
// It returns 0 when it finds none. The kernel reports no owner for these locks, but
// fdinfo of the owner's descriptor names the file.
func holder(f *os.File) int {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	suffix := ":" + strconv.FormatUint(st.Ino, 10) + " "
	files, err := filepath.Glob("/proc/[0-9]*/fdinfo/*")
	if err != nil {
		return 0
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // gone, or not ours to see
		}
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "lock:") || !strings.Contains(line, suffix) {
				continue
			}
			fields := strings.Split(name, "/")
			target, err := os.Stat("/proc/" + fields[2] + "/fd/" + fields[4])
			if err != nil || !os.SameFile(info, target) {
				continue
			}
			pid, err := strconv.Atoi(fields[2])
			if err == nil {
				return pid
			}
		}
	}
	return 0
}
