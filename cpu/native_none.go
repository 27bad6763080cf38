//go:build !linux || !amd64 || purego

package cpu

// There is no native tier on this host.

type nativeTier struct{ full bool }

type nativeBlock struct{}

func newNativeTier() *nativeTier        { return nil }
func (t *nativeTier) close()            {}
func (t *nativeTier) setHeat(uint32)    {}
func (t *nativeTier) reset()            {}
func (t *nativeTier) kill(*nativeBlock) {}
func (t *nativeTier) hot(uint32)        {}
func opCold(_ *CPU, o *op) *op          { return o.after() }

func (t *nativeTier) blocks() uint64 { return 0 }
func (t *nativeTier) stats() string  { return "no machine code" }
