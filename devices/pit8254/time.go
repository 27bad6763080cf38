package pit8254

import (
	"math/bits"

	"github.com/glassbox-vm/glassbox/devices"
)

// maxTick is the CLK pulse at the end of virtual time.
var maxTick = tick(1<<63 - 1)

// tick is the number of CLK pulses up to the moment t, without drift.
func tick(t devices.Time) int64 {
	hi, lo := bits.Mul64(uint64(max(t, 0)), Hz)
	n, _ := bits.Div64(hi, lo, uint64(devices.Second))
	return int64(n)
}

// moment is the first nanosecond at which n CLK pulses have come.
func moment(n int64) devices.Time {
	if n > maxTick {
		return 1<<63 - 1
	}
	hi, lo := bits.Mul64(uint64(max(n, 0)), uint64(devices.Second))
	lo, carry := bits.Add64(lo, Hz-1, 0)
	t, _ := bits.Div64(hi+carry, lo, Hz)
	return devices.Time(t)
}
