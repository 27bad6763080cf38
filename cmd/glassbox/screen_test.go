package main

import (
	"encoding/binary"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// echoKernel is a Multiboot kernel that puts "> " on the screen, and after it what its
// keyboard sends: letters by a table of scan codes.
func echoKernel() []byte {
	const base, header = 0x100000, 32
	const magic, flags = 0x1badb002, 1 << 16
	var k []byte
	for _, v := range []uint32{magic, flags, 1<<32 - (magic + flags), base, base, 0, 0, base + header} {
		k = binary.LittleEndian.AppendUint32(k, v)
	}
	k = append(k,
		0xc7, 0x05, 0x00, 0x80, 0x0b, 0x00, '>', 7, ' ', 7, // mov dword [B8000h], "> "
		0x66, 0xba, 0xd4, 0x03, 0x66, 0xb8, 0x0f, 0x02, 0x66, 0xef, // cursor behind it
		0xbf, 0x04, 0x80, 0x0b, 0x00, // mov edi, B8004h
		0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa, // wait for a byte
		0x31, 0xc0, 0xe4, 0x60, // xor eax, eax; in al, 60h
		0xa8, 0x80, 0x75, 0xf2, // a key that goes up: wait on
		0x8a, 0x80, 0x60, 0x00, 0x10, 0x00, // mov al, [eax+100060h]
		0xaa, 0x47, 0xeb, 0xe8, // stosb; inc edi; again
	)
	k = append(k, make([]byte, 0x60-len(k))...)
	table := make([]byte, 128)
	for i := range table {
		table[i] = '?'
	}
	copy(table[0x10:], "qwertyuiop")
	copy(table[0x1e:], "asdfghjkl")
	copy(table[0x2c:], "zxcvbnm")
	return append(k, table...)
}

func TestScriptTypesOnTheKeyboardAndReadsTheScreen(t *testing.T) {
	kernel := write(t, "echo.elf", echoKernel())
	dir := t.TempDir()
	text, picture := filepath.Join(dir, "screen.txt"), filepath.Join(dir, "screen.png")
	base := []string{"run", "-kernel", kernel, "-serial", "none", "--timeout", "20s"}
	code, out, stderr := call(t, append(base, "--type-after", "^> ", "--type", "hello", "--expect", "hello", "--screenshot", text)...)
	require.Zero(t, code, stderr)
	assert.Empty(t, out)
	b, err := os.ReadFile(text)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(b), "> hello"), string(b))

	code, _, stderr = call(t, append(base, "--type", "x", "--fail-on", "> x", "--screenshot", picture)...)
	assert.Equal(t, exitCrash, code, stderr)
	f, err := os.Open(picture)
	require.NoError(t, err)
	defer f.Close()
	m, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 720, m.Bounds().Dx())
}

func TestScreenOptionsThatCannotBe(t *testing.T) {
	kernel := write(t, "echo.elf", echoKernel())
	for want, args := range map[string][]string{
		"only std or none":    {"-vga", "cirrus"},
		"only none or text":   {"-display", "gtk"},
		"needs -vga std":      {"-display", "text", "-vga", "none"},
		"contradict":          {"-display", "text", "-nographic"},
		"file:PATH or none":   {"-display", "text", "-serial", "stdio"},
		"needs a terminal":    {"-display", "text"},
		"ends in .png":        {"--screenshot", "x.gif"},
		"--screenshot needs ": {"--screenshot", "x.png", "-vga", "none"},
	} {
		code, _, stderr := call(t, append([]string{"run", "-kernel", kernel}, args...)...)
		assert.Equal(t, exitUsage, code, "%v: %s", args, stderr)
		assert.Contains(t, stderr, want)
	}
	code, _, stderr := call(t, "run", "-kernel", kernel, "--budget", "1000", "--screenshot", "nodir/x.png")
	assert.Equal(t, exitNotFound, code, stderr)
}

func TestMonitorShowsTheScreen(t *testing.T) {
	kernel := write(t, "echo.elf", echoKernel())
	file := filepath.Join(t.TempDir(), "s.txt")
	var out, errs strings.Builder
	e := &env{stdin: strings.NewReader("\x01cinfo screen\rsendkey q\rscreendump " + file + "\rq\r"), stdout: &out, stderr: &errs}
	code := e.main([]string{"glassbox", "run", "-kernel", kernel, "--clock", "virtual"})
	assert.Zero(t, code, errs.String())
	assert.Contains(t, errs.String(), "text, 80x25 characters")
	_, err := os.Stat(file)
	assert.NoError(t, err)
}

// TestSilenceIsExplained runs what says nothing on COM1, as DOS does, until a person wonders.
func TestSilenceIsExplained(t *testing.T) {
	screen := func(program string, sent byte) string {
		image := append([]byte(program), make([]byte, 512-len(program))...)
		copy(image[510:], "\x55\xaa")
		m, err := machine.New(machine.Config{
			Memory: 16 << 20,
			Drives: machine.Drives{machine.FloppyA: {Image: disk.NewMemory(append(image, make([]byte, 1440<<10-512)...))}},
		})
		require.NoError(t, err)
		defer m.Close()
		_, err = m.Run(t.Context(), machine.RunOptions{Budget: 20e6})
		require.NoError(t, err)
		var stderr strings.Builder
		s := &session{job: &job{m: m}, env: &env{stderr: &stderr}, last: sent}
		s.silence = time.AfterFunc(time.Hour, func() {})
		defer s.silence.Stop()
		s.pointAtScreen()
		return stderr.String()
	}
	const stop = "\xf4\xeb\xfd" // hlt; jmp back
	assert.Contains(t, screen(stop, 0), "-display text")
	assert.Contains(t, screen("\xb8\x13\x00\xcd\x10"+stop, 0), "--screenshot", "mode 13h")
	assert.Empty(t, screen("\xb8\x03\x00\xcd\x10"+stop, 0), "nothing on the screen yet")
	assert.Empty(t, screen(stop, '#'), "COM1 has sent something")
}
