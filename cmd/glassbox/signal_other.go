//go:build !unix

package main

import "os"

func ignoreBrokenPipe() {}

func endSignals() []os.Signal { return []os.Signal{os.Interrupt} }

func signalCode(os.Signal) int { return exitInterrupted }
