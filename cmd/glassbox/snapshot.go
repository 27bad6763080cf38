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

const snapshotDescription = `The monitor (Ctrl-A c) makes snapshots: savevm NAME writes NAME.gbsnap in the present
folder; glassbox run -loadvm NAME goes on from there. A SNAPSHOT is such a name, or a file.

  list                       those in this folder; so does no command at all
  info SNAPSHOT...           what they say about themselves
  check SNAPSHOT...          read them from end to end and compare all checksums
  diff SNAPSHOT SNAPSHOT     registers, chips, ranges of memory and disks that differ;
                             exit status 1 if any do
  delete NAME...             delete them

Examples:
  glassbox snapshot check booted
  glassbox snapshot diff before after`

// snapshotCommand is glassbox snapshot.
func snapshotCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:               "snapshot",
		Usage:              "list, check, compare and delete snapshots of machines",
		UsageText:          "glassbox snapshot [COMMAND] [SNAPSHOT]...",
		Description:        snapshotDescription,
		CustomHelpTemplate: commandHelp,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Action: func(c *cli.Context) error {
			return snapshotError(snapshotVerb(e, c.Args().Slice()))
		},
	}
}

// snapshotVerb does what the first argument says.
func snapshotVerb(e *env, args []string) error {
	if len(args) == 0 {
		return listSnapshots(e.stdout)
	}
	verb, names := args[0], args[1:]
	switch {
	case (verb == "list" || verb == "ls") && len(names) == 0:
		return listSnapshots(e.stdout)
	case verb == "diff" && len(names) != 2:
		return usagef("snapshot diff: name two snapshots")
	case verb == "diff":
		return diffSnapshots(e.stdout, names[0], names[1])
	}
	each := map[string]func(name string) error{
		"info":   func(name string) error { return showSnapshot(e.stdout, name) },
		"check":  func(name string) error { return checkSnapshot(e.stdout, name) },
		"delete": deleteSnapshot,
		"rm":     deleteSnapshot,
	}[verb]
	if each == nil {
		if _, err := findSnapshot(verb); err != nil && len(names) == 0 { // a bare name is info
			return fmt.Errorf("snapshot %s: neither a command nor a snapshot; glassbox snapshot -help: %w", verb, fs.ErrNotExist)
		}
		each, names = func(name string) error { return showSnapshot(e.stdout, name) }, args
	}
	if len(names) == 0 {
		return usagef("snapshot %s: name a snapshot", verb)
	}
	for _, name := range names {
		if err := each(name); err != nil {
			return err
		}
	}
	return nil
}

func showSnapshot(w io.Writer, name string) error {
	path, err := findSnapshot(name)
	if err != nil {
		return err
	}
	line, err := describeSnapshot(path)
	if err == nil {
		fmt.Fprintln(w, line)
	}
	return err
}

// openSnapshot reads a snapshot from end to end.
func openSnapshot(name string) (*machine.SavedState, error) {
	path, err := findSnapshot(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", path, bare(err))
	}
	defer f.Close()
	s, err := machine.OpenSnapshot(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func checkSnapshot(w io.Writer, name string) error {
	s, err := openSnapshot(name)
	if err == nil {
		fmt.Fprintf(w, "%s: whole, after %d instructions\n", name, s.Info.Instructions)
	}
	return err
}

func diffSnapshots(w io.Writer, first, second string) error {
	a, err := openSnapshot(first)
	if err != nil {
		return err
	}
	b, err := openSnapshot(second)
	if err != nil {
		return err
	}
	n, err := printDiff(w, a, b)
	if err == nil && n > 0 {
		err = fail(exitFailed, nil)
	}
	return err
}

// printDiff prints the differences and returns how many there are.
func printDiff(w io.Writer, a, b *machine.SavedState) (int, error) {
	list, err := a.Diff(b)
	if err != nil {
		return 0, err
	}
	if a.Info.Instructions != b.Info.Instructions {
		fmt.Fprintf(w, "after %d instructions | after %d\n", a.Info.Instructions, b.Info.Instructions)
	}
	for _, d := range list {
		fmt.Fprintln(w, d)
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "no difference")
	}
	return len(list), nil
}

func deleteSnapshot(name string) error {
	path, err := snapshotPath(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("%s: %w", path, bare(err))
	}
	return nil
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
func (t *target) DelVM(name string) error { return deleteSnapshot(name) }

// DiffVM implements monitor.Snapshots.
func (t *target) DiffVM(w io.Writer, first, second string) error {
	a, err := openSnapshot(first)
	if err != nil {
		return err
	}
	b, err := t.s.m.SavedState()
	if second != "" {
		b, err = openSnapshot(second)
	}
	if err == nil {
		_, err = printDiff(w, a, b)
	}
	return err
}

// ListVM implements monitor.Snapshots.
func (t *target) ListVM(w io.Writer) error { return listSnapshots(w) }
