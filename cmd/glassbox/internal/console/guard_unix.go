//go:build unix

package console

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// GuardArg is the hidden first argument that makes the program a guard.
const GuardArg = "-terminal-guard"

// A guard is a child process that restores the terminal should this one be killed in a
// way that it cannot notice. It holds the terminal's mode from before and waits for a
// pipe to close.
type guard struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// startGuard starts the guard and waits until it has noted the mode. Without one the
// terminal is still restored in all cases but SIGKILL, so a failure is no error.
func startGuard(fd int) *guard {
	self, err := os.Executable()
	if err != nil || !isGuardable(self) {
		return nil
	}
	tty := os.NewFile(uintptr(dup(fd)), "terminal")
	if tty == nil {
		return nil
	}
	defer tty.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return nil
	}
	defer r.Close()
	cmd := exec.Command(self, GuardArg)
	cmd.Stdin = tty
	cmd.ExtraFiles = []*os.File{r}
	ready, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		w.Close()
		return nil
	}
	_, _ = ready.Read(make([]byte, 1)) // returns early if the guard dies
	return &guard{cmd, w}
}

func dup(fd int) int {
	n, err := syscall.Dup(fd)
	if err != nil {
		return -1
	}
	syscall.CloseOnExec(n)
	return n
}

// stop tells the guard that all is well.
func (g *guard) stop() {
	if g == nil {
		return
	}
	_, _ = g.pipe.Write([]byte{1})
	_ = g.pipe.Close()
	_ = g.cmd.Wait()
}

// RunGuard is the guard's own main function.
func RunGuard() {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGTTOU, syscall.SIGTTIN, syscall.SIGTSTP, syscall.SIGPIPE)
	state, err := term.GetState(0)
	if err != nil {
		return
	}
	_, _ = os.Stdout.Write([]byte{1})
	if n, _ := os.NewFile(3, "pipe").Read(make([]byte, 1)); n == 0 {
		_ = term.Restore(0, state)
	}
}

// isGuardable says whether the running program knows GuardArg; test binaries do not.
func isGuardable(path string) bool {
	return !strings.HasSuffix(filepath.Base(path), ".test")
}
