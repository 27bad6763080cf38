//go:build !unix

package oracle

import "time"

// cpuTime is unknown here.
func cpuTime() time.Duration { return 0 }
