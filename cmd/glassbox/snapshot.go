package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/glassbox-vm/glassbox/machine"
	"github.com/urfave/cli/v2"
)

// snapshotSuffix is what savevm appends to a name.
const snapshotSuffix = ".gbsnap"

// snapshotCommand is glassbox snapshot.
func snapshotCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:      "snapshot",
		Usage:     "what snapshots of machines say about themselves",
		UsageText: "glassbox snapshot [FILE]...",
		Description: `Lists the named snapshots, or those in this folder. The monitor (Ctrl-A c) makes them:
savevm NAME writes NAME.gbsnap; glassbox run -loadvm NAME goes on from there.

Example:
  glassbox snapshot booted.gbsnap`,
		CustomHelpTemplate: commandHelp,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return listSnapshots(e.stdout)
			}
			for _, path := range c.Args().Slice() {
				line, err := describeSnapshot(path)
				if err != nil {
					return snapshotError(err)
				}
				fmt.Fprintln(e.stdout, line)
			}
			return nil
		},
	}
}

// snapshotError gives files that are no snapshots their exit code.
func snapshotError(err error) error {
	if errors.Is(err, machine.ErrSnapshot) {
		return fail(exitBadImage, err)
	}
	return err
}

// describeSnapshot is one line on a snapshot.
func describeSnapshot(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("snapshot %s: %w", path, bare(err))
	}
	defer f.Close()
	info, err := machine.ReadSnapshotInfo(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	stat, err := f.Stat()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%-24s %8.1f MiB  %s  %5d MiB of memory  %14d instructions  %12.6f s", strings.TrimSuffix(filepath.Base(path), snapshotSuffix),
		float64(stat.Size())/(1<<20), stat.ModTime().Format(time.DateTime), info.Machine.Memory>>20, info.Instructions, float64(info.Time)/1e9), nil
}

// listSnapshots lists those in the present folder.
func listSnapshots(w io.Writer) error {
	paths, err := filepath.Glob("*" + snapshotSuffix)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		fmt.Fprintln(w, "There are no snapshots here; savevm in the monitor makes one.")
	}
	for _, p := range paths {
		line, err := describeSnapshot(p)
		if err != nil {
			line = err.Error()
		}
		fmt.Fprintln(w, line)
	}
	return nil
}

// snapshotPath is the file of a name of savevm.
func snapshotPath(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "/\\:\x00") || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") {
		return "", fmt.Errorf("%q is not a name for a snapshot: letters and digits will do", name)
	}
	return name + snapshotSuffix, nil
}

// findSnapshot is the file that -loadvm means: a name of savevm, or a path.
func findSnapshot(name string) (string, error) {
	if path, err := snapshotPath(name); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	if _, err := os.Stat(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("there is no snapshot %q here: %w", name, fs.ErrNotExist)
		}
		return "", err
	}
	return name, nil
}

// SaveVM implements monitor.Snapshots.
func (t *target) SaveVM(name string) error {
	path, err := snapshotPath(name)
	if err != nil {
		return err
	}
	return t.s.m.SaveFile(path, name)
}

// LoadVM implements monitor.Snapshots.
func (t *target) LoadVM(name string) error {
	path, err := findSnapshot(name)
	if err != nil {
		return err
	}
	return t.s.m.LoadFile(path)
}

// DelVM implements monitor.Snapshots.
func (t *target) DelVM(name string) error {
	path, err := snapshotPath(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("%s: %w", path, bare(err))
	}
	return nil
}

// ListVM implements monitor.Snapshots.
func (t *target) ListVM(w io.Writer) error { return listSnapshots(w) }
