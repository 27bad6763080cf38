package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// Exit codes. The guest's own codes, through isa-debug-exit, come on top: they are odd.
const (
	exitFailed      = 1   // operation failed
	exitUsage       = 2   // usage error
	exitNotFound    = 3   // file, image or package not found
	exitBadImage    = 4   // damaged or foreign image, or no kernel
	exitLocked      = 5   // image in use
	exitCrash       = 10  // triple fault with -no-reboot, or --fail-on matched
	exitUnmet       = 11  // --expect not met
	exitDiverged    = 12  // the engines differ
	exitTimeout     = 124 // --timeout reached
	exitInternal    = 125 // our own bug
	exitInterrupted = 130 // Ctrl-C
)

// A failure is an error with the exit code it means.
type failure struct {
	code int
	err  error // nil: the code says it all
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// fail gives an error an exit code.
func fail(code int, err error) error { return &failure{code, err} }

// usagef is an error in the command line.
func usagef(format string, args ...any) error {
	return fail(exitUsage, fmt.Errorf(format, args...))
}

// exitCode chooses the exit code for an error; nil is 0. This is the only place that does.
func exitCode(err error) int {
	var f *failure
	switch {
	case err == nil:
		return 0
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, disk.ErrLocked):
		return exitLocked
	case errors.Is(err, machine.ErrKernel):
		return exitBadImage
	case errors.Is(err, machine.ErrDiverged):
		return exitDiverged
	case errors.Is(err, machine.ErrConfig):
		return exitUsage
	case errors.Is(err, fs.ErrNotExist):
		return exitNotFound
	}
	return exitFailed
}
