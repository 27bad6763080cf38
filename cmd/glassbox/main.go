// Command glassbox runs, watches and explains PCs.
//
// Read app.go for the command line, run.go for what a run is made of, session.go for the
// run itself, and exit.go for the exit codes.
package main

import (
	"os"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == console.GuardArg {
		console.RunGuard()
		return
	}
	os.Exit(start(os.Args))
}

// start runs the command line with the process's own streams. Whatever happens, the
// terminal is given back.
func start(args []string) (code int) {
	ignoreBrokenPipe()
	e := &env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, terminal: console.Open(os.Stdin)}
	defer e.terminal.Close()
	defer func() {
		if p := recover(); p != nil {
			e.crash(p)
			code = exitInternal
		}
	}()
	return e.main(args)
}
