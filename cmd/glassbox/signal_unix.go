//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// ignoreBrokenPipe makes a write to a closed pipe an error, so that the terminal can be
// restored before the program ends.
func ignoreBrokenPipe() { signal.Ignore(syscall.SIGPIPE) }

// endSignals are the signals that end a run.
func endSignals() []os.Signal {
	return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
}

// signalCode is the exit code for a signal: 128 and its number, as shells have it.
func signalCode(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return exitInterrupted
}
