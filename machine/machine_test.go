package machine

import (
	"bytes"
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// multiboot makes a Multiboot kernel that runs code, 32-bit, at 1 MiB.
func multiboot(code ...byte) []byte {
	const base, header = 0x100000, 32
	le := func(v uint32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }
	const magic, flags = 0x1badb002, 1 << 16
	var k []byte
	for _, v := range []uint32{magic, flags, 1<<32 - (magic + flags), base, base, 0, 0, base + header} {
		k = append(k, le(v)...)
	}
	return append(k, code...)
}

// start builds a machine that runs code, and runs it.
func start(t *testing.T, cfg Config, opt RunOptions, code ...byte) (*Machine, Result) {
	t.Helper()
	cfg.Memory, cfg.NoReboot = 4<<20, true
	cfg.Boot.Kernel = multiboot(code...)
	m, err := New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	res, err := m.Run(context.Background(), opt)
	require.NoError(t, err)
	return m, res
}

// TestPortsAreAsDocumented compares the wiring with the table in doc.go.
func TestPortsAreAsDocumented(t *testing.T) {
	m, _ := start(t, Config{DebugExit: true}, RunOptions{Budget: 1}, 0xf4)
	f, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	require.NoError(t, err)
	_, table, _ := strings.Cut(f.Doc.Text(), "# Ports")
	_, table, _ = strings.Cut(table, "chip\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var wired []string
	for _, r := range m.ports.Ranges() {
		wired = append(wired, fmt.Sprintf("%04x  %04x  %s", r.Base, r.Last(), r.Name))
	}
	var documented []string
	for line := range strings.Lines(table) {
		documented = append(documented, strings.TrimSpace(line))
	}
	assert.Equal(t, documented, wired)
}

func TestDebugExitEndsTheRunWithItsStatus(t *testing.T) {
	_, res := start(t, Config{DebugExit: true}, RunOptions{}, 0xb0, 3, 0xe6, 0xf4) // mov al,3; out F4h,al
	assert.Equal(t, Result{Reason: StopDebugExit, ExitCode: 7}, res)
}

func TestTripleFaultExplainsItself(t *testing.T) {
	_, res := start(t, Config{}, RunOptions{}, 0x0f, 0x0b) // ud2, and the IDT is empty
	assert.Equal(t, StopTripleFault, res.Reason)
	assert.Contains(t, res.Detail, "#UD")
	assert.Contains(t, res.Detail, "#DF")
	assert.Contains(t, res.Detail, "IDT limit")
}

func TestHaltWithInterruptsOffEndsTheRun(t *testing.T) {
	_, res := start(t, Config{}, RunOptions{}, 0xfa, 0xf4)
	assert.Equal(t, StopHalted, res.Reason)
}

func TestBudgetIsExact(t *testing.T) {
	m, res := start(t, Config{}, RunOptions{Budget: 12345}, 0xeb, 0xfe) // jmp $
	assert.Equal(t, StopBudget, res.Reason)
	assert.Equal(t, uint64(12345), m.Count())
}

func TestResetThroughEveryDoor(t *testing.T) {
	for name, code := range map[string][]byte{
		"keyboard controller": {0xb0, 0xfe, 0xe6, 0x64},
		"port 92h":            {0xb0, 0x01, 0xe6, 0x92},
		"port CF9h":           {0x66, 0xba, 0xf9, 0x0c, 0xb0, 0x02, 0xee, 0xb0, 0x06, 0xee},
	} {
		_, res := start(t, Config{}, RunOptions{Budget: 10_000_000}, append(code, 0xeb, 0xfe)...)
		assert.Equal(t, StopReset, res.Reason, name)
	}
}

func TestSerialOutputAndInput(t *testing.T) {
	var out bytes.Buffer
	echo := []byte{ // wait for a character, send it back, for ever
		0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb, // mov dx,3FDh; in al,dx; test al,1; jz
		0x66, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xef, // mov dx,3F8h; in al,dx; out dx,al; jmp start
	}
	cfg := Config{Memory: 4 << 20, NoReboot: true}
	cfg.Serial[0] = &out
	cfg.Boot.Kernel = multiboot(echo...)
	m, err := New(cfg)
	require.NoError(t, err)
	defer m.Close()
	m.SendSerial(0, []byte("hello, out there"))
	_, err = m.Run(context.Background(), RunOptions{Budget: 1_000_000})
	require.NoError(t, err)
	assert.Equal(t, "hello, out there", out.String())
}

// TestSameInputsSameState runs a guest with timer interrupts and input twice, cut into
// different pieces.
func TestSameInputsSameState(t *testing.T) {
	code := []byte{0x40, 0x89, 0x05, 0, 0, 0x20, 0, 0xe4, 0x40, 0x01, 0xc3, 0x0f, 0x31, 0xeb, 0xf2}
	hash := func(pieces ...uint64) string {
		m, _ := start(t, Config{}, RunOptions{Budget: pieces[0]}, code...)
		for _, n := range pieces[1:] {
			_, err := m.Run(context.Background(), RunOptions{Budget: n})
			require.NoError(t, err)
		}
		return m.StateHash()
	}
	assert.Equal(t, hash(1_000_000), hash(1, 2, 3, 333_994, 666_000))
	assert.NotEqual(t, hash(1_000_000), hash(1_000_001))
}

func TestStopAndContextEndARun(t *testing.T) {
	cfg := Config{Memory: 4 << 20}
	cfg.Boot.Kernel = multiboot(0xeb, 0xfe)
	m, err := New(cfg)
	require.NoError(t, err)
	defer m.Close()
	time.AfterFunc(10*time.Millisecond, m.Stop)
	res, err := m.Run(context.Background(), RunOptions{})
	require.NoError(t, err)
	assert.Equal(t, StopCancelled, res.Reason)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	res, err = m.Run(ctx, RunOptions{})
	require.NoError(t, err)
	assert.Equal(t, StopCancelled, res.Reason)
}

func TestImpossibleConfigurationsSayWhy(t *testing.T) {
	_, err := New(Config{Memory: 3 << 10})
	assert.ErrorContains(t, err, "memory size")
	_, err = New(Config{CPU: "z80"})
	assert.ErrorContains(t, err, "z80")
	_, err = New(Config{Boot: Boot{Kernel: []byte("no kernel")}})
	assert.ErrorContains(t, err, "neither")
}
