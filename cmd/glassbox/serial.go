package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// A lineSpec is where the output of a serial port or of port E9h goes.
type lineSpec struct {
	stdio   bool
	escapes bool // stdio with the keys behind Ctrl-A (mon:stdio)
	path    string
}

// parseLine reads the value of -serial or -debugcon.
func parseLine(s string) (lineSpec, error) {
	switch {
	case s == "stdio":
		return lineSpec{stdio: true}, nil
	case s == "mon:stdio":
		return lineSpec{stdio: true, escapes: true}, nil
	case s == "none", s == "null", s == "vc", strings.HasPrefix(s, "vc:"):
		return lineSpec{}, nil
	case strings.HasPrefix(s, "file:"):
		path, _, append := strings.Cut(s[5:], ",append=on")
		if path == "" || append {
			return lineSpec{}, fmt.Errorf("%q: write file:PATH", s)
		}
		return lineSpec{path: path}, nil
	}
	return lineSpec{}, fmt.Errorf("%q is not supported: stdio, mon:stdio, file:PATH or none", s)
}

// openLine opens what a line writes to; nil if nothing is connected.
func (j *job) openLine(option string, l lineSpec, stdout io.Writer) (io.Writer, error) {
	switch {
	case l.stdio:
		return stdout, nil
	case l.path != "":
		f, err := os.Create(l.path)
		if err != nil {
			return nil, fmt.Errorf("%s file:%s: %w", option, l.path, bare(err))
		}
		j.onClose(f.Close)
		return f, nil
	}
	return nil, nil
}
