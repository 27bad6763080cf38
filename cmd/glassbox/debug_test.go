package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counterDisk is the boot sector of the debugger's own tests, as a disk image.
func counterDisk(t *testing.T) string {
	sector, err := os.ReadFile("../../machine/debug/testdata/counter.bin")
	require.NoError(t, err)
	return write(t, "counter.img", append(sector, make([]byte, 64<<10)...))
}

func TestDebugReadsCommands(t *testing.T) {
	disk := counterDisk(t)
	scriptFile := write(t, "commands", []byte("# a comment\nvb 0x7c40\nc\nlb 0x7c60\nbpd 1\nc\nprint w[0x7d00]\nrc\n"))
	code, out, errs := call(t, "debug", "-x", scriptFile, "--batch", "-serial", "none", disk)
	assert.Equal(t, 0, code, errs)
	assert.Contains(t, out, "breakpoint 1: linear 0x7c40")
	assert.Contains(t, out, "0xa  10")
	assert.Contains(t, out, "this is where the history begins")

	var stdout, stderr bytes.Buffer
	e := &env{stdin: strings.NewReader("c\nexplain\nsendkey nokey\nsystem_reset\nptime\nnonsense\nq\ninfo cpu\n"), stdout: &stdout, stderr: &stderr}
	assert.Equal(t, 0, e.main([]string{"glassbox", "debug", "-serial", "none", disk}))
	assert.Contains(t, stdout.String(), "Triple fault")
	assert.Contains(t, stdout.String(), "`ud2` at 0008:00007c97")
	assert.Contains(t, stdout.String(), `there is no key "nokey"`, "the monitor's commands are there too")
	assert.Contains(t, stdout.String(), "nonsense: no such command")
	assert.NotContains(t, stdout.String(), "* CPU 0", "q ends it")
}

func TestDebugOptionsThatAreWrong(t *testing.T) {
	disk := counterDisk(t)
	for _, tc := range []struct {
		want string
		args []string
	}{
		{"nothing to boot", []string{"debug"}},
		{"no such file", []string{"debug", "-x", "nosuch", "--batch", disk}},
		{"tcp::PORT", []string{"run", "-gdb", "telnet:1", disk}},
		{"tcp::PORT", []string{"run", "-gdb", "tcp:localhost", disk}},
		{"one of the two", []string{"run", "-s", "-gdb", "tcp::1", disk}},
	} {
		code, _, errs := call(t, tc.args...)
		assert.NotEqual(t, 0, code, tc.args)
		assert.Contains(t, errs, tc.want, tc.args)
	}
}

// gdb runs commands in the real gdb, connected to a machine, and returns what it prints.
func gdb(t *testing.T, commands string, args ...string) (stdout, stderr string) {
	program, err := exec.LookPath("gdb")
	if err != nil {
		t.Skip("gdb is not installed")
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "gdb")
	var out, errs bytes.Buffer
	done := make(chan int, 1)
	go func() {
		e := &env{stdout: &out, stderr: &errs}
		done <- e.main(append([]string{"glassbox", "run", "-serial", "none", "-gdb", "unix:" + socket}, args...))
	}()
	for range 500 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	text := "set confirm off\nset pagination off\nset width 0\ntarget remote " + socket + "\n" + commands + "\nkill\n"
	cmd := exec.Command(program, "-nx", "-batch", "-x", write(t, "commands.gdb", []byte(text)))
	answer, err := cmd.CombinedOutput()
	require.NoError(t, err, string(answer))
	select {
	case code := <-done:
		assert.Equal(t, 0, code, errs.String())
	case <-time.After(20 * time.Second):
		t.Fatalf("the machine goes on after kill\n%s", answer)
	}
	return string(answer), errs.String()
}

// contain checks that text holds all of want, in this order.
func contain(t *testing.T, text string, want ...string) {
	t.Helper()
	rest := text
	for _, w := range want {
		at := strings.Index(rest, w)
		if at < 0 {
			t.Fatalf("%q is missing in\n%s", w, text)
		}
		rest = rest[at+len(w):]
	}
}

func TestGDBWithABootSector(t *testing.T) {
	out, _ := gdb(t, `
show architecture
printf "reset %x\n", $eip
hbreak *0x7c40
continue
printf "cx %d\n", $cx
x/2i $pc
continue
printf "cx %d\n", $cx
reverse-continue
printf "cx %d\n", $cx
stepi
reverse-stepi
printf "pc %x\n", $pc
delete
watch *(short*)0x7d00
continue
continue
reverse-continue
printf "pc %x, counter %d\n", $pc, *(short*)0x7d00
delete
break *0x7c80
continue
printf "cs %x cr0 %x\n", $cs, $cr0
monitor info gdt 1
monitor c
monitor arch x86-64
set var $ebx = 0x12345678
printf "ebx %x\n", $ebx
set var *(int*)0x7000 = 0x55aa
x/wx 0x7000
info threads
continue
`, "-S", counterDisk(t))
	contain(t, out, `currently "i8086"`, "reset fffffff0",
		"Breakpoint 1, 0x00007c40", "cx 10", "push   %bp", "mov    %sp,%bp",
		"Breakpoint 1, 0x00007c40", "cx 9",
		"Breakpoint 1, 0x00007c40", "cx 10",
		"pc 7c40",
		"Old value = 0", "New value = 1", "Old value = 1", "New value = 2", "Old value = 2", "New value = 1", "pc 7c43, counter 1",
		"Breakpoint 3, 0x00007c80", "cs 8 cr0 60000011",
		"00cf9b000000ffff  32-bit code", "c: gdb runs the machine",
		"from the next connection on", "ebx 12345678", "0x7000:	0x000055aa", "CPU 0",
		"SIGSEGV") // the triple fault
}
