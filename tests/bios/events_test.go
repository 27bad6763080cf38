package bios

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// readOnly is a disk that takes no writes, failing one that cannot keep what it is given.
type readOnly struct{ disk.Image }

func (readOnly) ReadOnly() bool { return true }

type failing struct{ disk.Image }

func (failing) WriteAt([]byte, int64) (int, error) { return 0, errors.New("no space left") }

// TestWhatTheBIOSDoesBesidesServices has what the manuals say: IBM PS/2 and PC BIOS Interface
// Technical Reference for the hooks of INT 15h, INT 05h with its byte at 50:0, status codes
// 03h and CCh; IBM PC AT Technical Reference for the reasons of a reset; APM 1.2 for S5.
func TestWhatTheBIOSDoesBesidesServices(t *testing.T) {
	want := []string{
		"keyboard intercept, wait, post: 1E61 0001 0001 0001",
		"changed: 3062 0000 0000 0000",
		"printed, characters, the first: 0000 0804 0A0D 2048", // 2 + 25 rows of 82: CR LF first
		"printer out of order: 00FF 0000 0000 0000",
		"printing already: 0000 0000 0000 0000",
		"bell: 0000 0003 0000 0000",
		"motor stops after: 0001 0009 0000 0000",
		"formatted with: 0001 A5A5 0000 0000",
		"write-protected: 0300 0000 0003 0001",
		"write fault: CC00 0000 00CC 0081",
		"read-only: 0300 0000 0003 0082",
		"05: 0000 0000 0000 0000",
		"0A: 0000 0000 0000 0000",
		"triple fault: 0000 0000 0000 0000",
		"0B: 0000 0000 0001 6000", // SP, and CF of the frame
		"0C: 0000 0000 0000 0000",
		"09: 1234 0001 0000 0000", // AX and ES from the stack
	}
	var out machine.Console
	blank := func(n int) disk.Image { return diskOf(make([]byte, n)) }
	cfg := machine.Config{Memory: 32 << 20, DebugCon: &out, DebugExit: true}
	cfg.Drives[0] = &machine.Drive{Image: diskOf(imageOf(t, "events"))}
	cfg.Drives[1] = &machine.Drive{Image: failing{blank(1 << 20)}}
	cfg.Drives[2] = &machine.Drive{Image: readOnly{blank(1 << 20)}}
	cfg.Drives[machine.FloppyA] = &machine.Drive{Image: blank(1440 << 10)}
	cfg.Drives[machine.FloppyA+1] = &machine.Drive{Image: readOnly{blank(1440 << 10)}}
	m, err := machine.New(cfg)
	require.NoError(t, err)
	defer m.Close()
	res, err := m.Run(context.Background(), machine.RunOptions{Budget: 3e8})
	require.NoError(t, err)
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		got = append(got, line[:max(len(line)-3, 0)])
	}
	assert.Equal(t, want, got)
	assert.Equal(t, machine.StopPowerOff, res.Reason)
}
