package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
	"github.com/urfave/cli/v2"
)

// An env is the world outside: streams and the terminal, nil if there is none.
type env struct {
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	terminal *console.Terminal
}

// crash reports a bug of ours.
func (e *env) crash(p any) {
	e.terminal.Restore()
	e.errorf("internal error: %v\n%s\nPlease report this with the command line.", p, debug.Stack())
}

// errorf prints a message of ours.
func (e *env) errorf(format string, args ...any) {
	fmt.Fprintf(e.terminal.Messages(e.stderr), "glassbox: "+format+"\n", args...)
}

// main runs a command line and returns the exit code.
func (e *env) main(args []string) int {
	app := newApp(e)
	args, err := arrange(app, args)
	if err == nil {
		err = app.Run(args)
	}
	e.terminal.Restore()
	var f *failure
	if err != nil && !(errors.As(err, &f) && f.err == nil) {
		e.errorf("%v", err)
	}
	return exitCode(err)
}

// newApp describes the command line.
func newApp(e *env) *cli.App {
	cli.FlagStringer = flagText // the library has no other way to set it
	return &cli.App{
		Name:      "glassbox",
		Usage:     "a PC you can see into",
		Reader:    e.stdin,
		Writer:    e.stdout,
		ErrWriter: e.stderr,
		Commands: []*cli.Command{
			runCommand(e), demoCommand(e), debugCommand(e), recordCommand(e), replayCommand(e), snapshotCommand(e), disasmCommand(e), listCommand(e), versionCommand(e), helpCommand(),
		},
		Action:                    func(c *cli.Context) error { return cli.ShowAppHelp(c) },
		CustomAppHelpTemplate:     appHelp,
		DisableSliceFlagSeparator: true,
		HideVersion:               true,
		HideHelpCommand:           true,
		ExitErrHandler:            func(*cli.Context, error) {}, // main chooses the code
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return fail(exitUsage, err)
		},
		CommandNotFound: func(c *cli.Context, name string) {
			fmt.Fprintf(e.stderr, "glassbox: there is no command %q; glassbox help lists them\n", name)
		},
	}
}

// helpCommand is glassbox help.
func helpCommand() *cli.Command {
	return &cli.Command{
		Name:            "help",
		Usage:           "this text, or that of a command",
		UsageText:       "glassbox help [COMMAND]",
		HideHelpCommand: true,
		OnUsageError:    asUsage,
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return cli.ShowAppHelp(c)
			}
			name := c.Args().First()
			if c.App.Command(name) == nil {
				return unknownCommand(c.App, name)
			}
			return c.App.Run([]string{c.App.Name, name, "-help"})
		},
	}
}

// asUsage makes every error of flag parsing a usage error.
func asUsage(_ *cli.Context, err error, _ bool) error { return fail(exitUsage, err) }

const appHelp = `Glassbox is a PC you can see into: an x86-64 machine in software, down to its chips.

Usage:  glassbox COMMAND [OPTION]...
        glassbox DISK-IMAGE [OPTION]...      short for glassbox run

Commands:
{{range .VisibleCommands}}  {{printf "%-10s" .Name}}{{.Usage}}
{{end}}
Start here:
  glassbox demo                         Debian's kernel to a shell, in one command
  glassbox run -kernel vmlinuz -initrd root.cpio -append console=ttyS0
  glassbox run -help                    all options; QEMU's words where QEMU has one
`

const commandHelp = `{{.Usage}}

Usage:  {{.UsageText}}
{{if .Description}}
{{.Description}}
{{end}}{{range .VisibleFlagCategories}}
{{if .Name}}{{.Name}}:{{else}}Options:{{end}}
{{range .Flags}}{{.}}
{{end}}{{end}}`

// flagText is one flag in the help: name and value on the left, usage on the right. The
// value's name stands in backquotes in the usage.
func flagText(f cli.Flag) string {
	usage := ""
	if d, ok := f.(cli.DocGenerationFlag); ok {
		usage = d.GetUsage()
	}
	name := f.Names()[0]
	dash := "-"
	if strings.HasPrefix(usage, "-") { // one of our own words
		dash, usage = "--", usage[1:]
	}
	value := ""
	if parts := strings.SplitN(usage, "`", 3); len(parts) == 3 {
		value = parts[1]
		usage = parts[0] + parts[1] + parts[2]
		if strings.HasPrefix(parts[0]+parts[1], parts[1]+"") && strings.HasPrefix(parts[2], ": ") {
			usage = parts[2][2:]
		}
	}
	left := "  " + dash + name
	if value != "" && !strings.HasPrefix(value, "[") {
		left += " "
	}
	left += value
	indent := "\n" + strings.Repeat(" ", 30)
	usage = strings.ReplaceAll(usage, "\n", indent)
	if len(left) > 28 {
		return left + indent + usage
	}
	return fmt.Sprintf("%-30s%s", left, usage)
}

// readFile reads a file that an option names.
func readFile(option, path string) ([]byte, error) {
	data, err := readWhole(path)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", option, path, bare(err))
	}
	return data, nil
}

// readWhole is os.ReadFile, but that the halves of a large file are read at the same time:
// most of the time goes into the memory, which the host provides page by page. A kernel of
// 14 MB takes 9 ms instead of 13.
func readWhole(path string) ([]byte, error) {
	const large = 1 << 20 // bytes
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() < large {
		return io.ReadAll(f)
	}
	data := make([]byte, info.Size())
	half := len(data) / 2
	second := make(chan error)
	go func() {
		_, err := f.ReadAt(data[half:], int64(half))
		second <- err
	}()
	_, err = f.ReadAt(data[:half], 0)
	return data, errors.Join(err, <-second)
}
