package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/guest"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/monitor"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTravelInTheMonitor types commands and reads the answers.
func TestTravelInTheMonitor(t *testing.T) {
	kernel := write(t, "guest.elf", guest.Image())
	e := &env{stdout: io.Discard, stderr: io.Discard}
	o, err := parseRun(e, []string{"-kernel", kernel, "-m", "8", "-serial", "none", "--time-travel=64M"})
	require.NoError(t, err)
	s := newSession(&job{options: o}, e)
	require.NoError(t, s.loadFiles())
	s.m, err = machine.New(o.cfg)
	require.NoError(t, err)
	defer s.m.Close()
	var out strings.Builder
	m := monitor.New(&target{s}, &out)
	ask := func(line string) string {
		out.Reset()
		require.Equal(t, monitor.Stay, m.Execute(line))
		return out.String()
	}
	assert.Contains(t, ask("goto 5"), "start it with --time-travel")
	require.NoError(t, s.startHistory())
	_, err = s.m.Run(context.Background(), machine.RunOptions{Budget: 150_000})
	require.NoError(t, err)

	assert.Contains(t, ask("goto 100000"), "(100000)")
	assert.Contains(t, ask("info status"), "this is the past, which ends after 150000")
	assert.Contains(t, ask("rs 3"), "(99997)")
	assert.Contains(t, ask("goto 150001"), "has not been there yet")
	assert.Contains(t, ask("port 0x3f8"), "out to port 0x3f8")
	assert.Contains(t, ask("port com1"), "such as 0x3f8")
	assert.Contains(t, ask("goto 99997"), "(99997)") // port went to where it was
	assert.Contains(t, ask("changed rip"), "(99996)")
	assert.Contains(t, ask("changed nothing"), "not a register")
	ask("goto 300us")
	assert.Contains(t, ask("info history"), "0.000300 s")
	assert.Contains(t, ask("goto end"), "(150000)")
	assert.Contains(t, ask("branch"), "at the end of its history")
	assert.Contains(t, ask("info history"), "end   instruction 150000")
	assert.Contains(t, ask("goto 20000"), "(20000)")
	assert.Contains(t, ask("reverse-continue"), "(0)")
	assert.Contains(t, ask("goto 20000"), "(20000)")
	assert.Contains(t, ask("branch"), "given up")
	assert.Contains(t, ask("info history"), "end   instruction 20000")
	assert.Contains(t, ask("help"), "reverse-continue")

	code, _, stderr := call(t, "run", "-kernel", kernel, "--time-travel=1M")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "at least 16M")
}
