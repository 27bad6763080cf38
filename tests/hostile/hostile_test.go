// Package hostile runs guests that mean harm: that keep chips and processors busy, program them
// at random and point everything at everything. None of them may make the machine panic, keep it
// from stopping when it is told to, or fill the host's memory; and each run twice is the same run.
//
// hostile.asm has the guests, one image for nasm with all cases.
package hostile

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

//go:generate nasm -f bin -i ../guests/programs/ -o hostile.bin hostile.asm

const (
	caseAt   = 512 + 2 // where the number of the case stands in the image
	diskSize = 4 * 16 * 63 * 512
	length   = 1_000_000       // instructions of a run
	patience = 4 * time.Second // for a run that is slow, on a host that has other things to do
	deaf     = 5 * time.Second // without an answer is a bug, however busy the host is
	grown    = 96 << 20        // bytes of Go's heap that a case may end with, beyond the start
)

// cases are the names in the order of their numbers.
func cases(t *testing.T) (names []string) {
	text, err := os.ReadFile("hostile.asm")
	require.NoError(t, err)
	for l := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(l, ";= "); ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	require.NotEmpty(t, names)
	return names
}

// boot makes the machine of a case: two processors, a disk, an empty floppy drive.
func boot(t *testing.T, number int, engine machine.Engine) *machine.Machine {
	code, err := os.ReadFile("hostile.bin")
	require.NoError(t, err)
	image := append(code, make([]byte, diskSize-len(code))...)
	image[caseAt] = byte(number)
	m, err := machine.New(machine.Config{
		Memory: 32 << 20, CPUs: 2, Engine: engine,
		Drives: machine.Drives{{Image: disk.NewMemory(image)}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

// heap is the size of Go's heap after a collection.
func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// run executes a case and returns the machine's state in the end, or "" when it has not come that far in
// time. Meanwhile it is stopped again and again.
func run(t *testing.T, number int, engine machine.Engine) string {
	m := boot(t, number, engine)
	before, began := heap(), time.Now()
	var longest time.Duration
	reason := machine.StopCancelled
	for reason == machine.StopCancelled && time.Since(began) < patience {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		res, err := m.Run(ctx, machine.RunOptions{Budget: length - m.Count(), Until: length * 4})
		if end, _ := ctx.Deadline(); time.Since(end) > longest {
			longest = time.Since(end)
		}
		cancel()
		require.NoError(t, err)
		reason = res.Reason
	}
	t.Logf("engine %d: %d instructions in %v, stopped after %v at the latest", engine, m.Count(), time.Since(began), longest)
	assert.Less(t, longest, deaf)
	assert.Less(t, heap(), before+grown)
	if reason == machine.StopCancelled {
		return ""
	}
	return m.StateHash()
}

// Every guest can be stopped, stays within its memory, and does the same on both engines.
func TestHostileGuests(t *testing.T) {
	for i, name := range cases(t) {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			fast, plain := run(t, i, machine.Fast), run(t, i, machine.Plain)
			if fast != "" && plain != "" {
				assert.Equal(t, fast, plain, "the engines differ")
			}
		})
	}
}

// The image is what nasm makes of the source.
func TestImageIsUpToDate(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	name := filepath.Join(t.TempDir(), "image")
	out, err := exec.Command(nasm, "-f", "bin", "-i", "../guests/programs/", "-o", name, "hostile.asm").CombinedOutput()
	require.NoError(t, err, string(out))
	made, err := os.ReadFile(name)
	require.NoError(t, err)
	kept, err := os.ReadFile("hostile.bin")
	require.NoError(t, err)
	assert.True(t, bytes.Equal(kept, made), "go generate ./tests/hostile")
}
