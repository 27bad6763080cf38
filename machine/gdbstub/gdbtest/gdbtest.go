// Package gdbtest connects the real gdb to a target, for tests.
package gdbtest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glassbox-vm/glassbox/machine/gdbstub"
)

// A Target is what gdb is connected to, and closed when gdb has left.
type Target interface {
	gdbstub.Target
	Close()
}

// Run connects gdb to the target, lets it execute the commands and returns what it says. A test
// on a host without gdb is skipped.
func Run(t testing.TB, target Target, commands string) string {
	defer target.Close()
	program, err := exec.LookPath("gdb")
	if err != nil {
		t.Skip("gdb is not installed")
	}
	var out strings.Builder
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("gdb: %v\n%s", err, out.String())
		}
	}
	dir := t.TempDir()
	socket, file := filepath.Join(dir, "gdb"), filepath.Join(dir, "commands")
	l, err := net.Listen("unix", socket)
	must(err)
	defer l.Close()
	must(l.(*net.UnixListener).SetDeadline(time.Now().Add(2 * time.Minute))) // gdb may not start
	text := "set confirm off\nset pagination off\nset width 0\ntarget remote " + socket + "\nshow architecture\n" + commands + "\ndetach\n"
	must(os.WriteFile(file, []byte(text), 0o600))
	cmd := exec.Command(program, "-nx", "-batch", "-x", file)
	cmd.Stdout, cmd.Stderr = &out, &out
	must(cmd.Start())
	conn, err := l.Accept()
	must(err)
	defer conn.Close()
	arch := gdbstub.Auto
	end, err := gdbstub.Serve(context.Background(), conn, target, &arch, gdbstub.Stop{Kind: gdbstub.Interrupted})
	must(err)
	if end != gdbstub.Detached {
		t.Fatalf("gdb ended with %v, not by detaching\n%s", end, out.String())
	}
	must(cmd.Wait())
	return out.String()
}
