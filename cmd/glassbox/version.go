package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/licenses"
	"github.com/urfave/cli/v2"
)

// versionCommand is glassbox version.
func versionCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:               "version",
		Usage:              "version and licences",
		UsageText:          "glassbox version [--licenses]",
		Description:        "Example:\n  glassbox version --licenses | less",
		CustomHelpTemplate: commandHelp,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "licenses", Usage: "-print the licences of Glassbox and of all it is built from"},
		},
		Action: func(c *cli.Context) error { return printVersion(e.stdout, c.Bool("licenses")) },
	}
}

// printVersion prints the version and, if asked, all licences.
func printVersion(w io.Writer, withLicenses bool) error {
	version, revision := "(devel)", ""
	info, ok := debug.ReadBuildInfo()
	if ok {
		if info.Main.Version != "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	fmt.Fprintf(w, "glassbox %s%s (%s %s/%s)\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if !withLicenses {
		return nil
	}
	for _, l := range licenses.All() {
		fmt.Fprintf(w, "\n=== %s: %s\n\n%s", l.Module, l.Name, l.Text)
	}
	return nil
}
