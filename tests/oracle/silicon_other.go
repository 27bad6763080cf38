//go:build !(linux && amd64)

package oracle

import "errors"

// A Silicon executes tests on the host's processor; there is none here.
type Silicon struct {
	Deaths int
	Intel  bool
	Name   string
}

// ErrDied says that a test killed the helper.
var ErrDied = errors.New("the helper died")

// NewSilicon says why this host is no oracle.
func NewSilicon() (*Silicon, error) {
	return nil, errors.New("the host is not Linux on x86-64")
}

// Close does nothing.
func (s *Silicon) Close() {}

// Start does nothing.
func (s *Silicon) Start(*Block) error { return ErrDied }

// Wait does nothing.
func (s *Silicon) Wait(*[BlockSize]Result) (int, error) { return 0, ErrDied }
