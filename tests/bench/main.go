//go:build linux

package main

import (
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	runs      int
	only      string
	peers     string
	ours      bool
	binary    string
	engine    string
	guests    string
	extra     string
	scale     float64
	limit     time.Duration
	markdown  bool
	keepGoing bool
}

// baseCommandLine keeps the guest's work the same whatever processor it believes to have.
const baseCommandLine = "console=ttyS0 quiet nokaslr mitigations=off panic=-1"

const guestMemory = 256 // MiB

func main() {
	var o options
	flag.IntVar(&o.runs, "runs", 3, "run every emulator `N` times; the fastest counts")
	flag.StringVar(&o.only, "only", "", "workloads to run, `names` with commas; all if empty; boot is always among them")
	flag.StringVar(&o.peers, "peers", "qemu,bochs", "emulators to compare with, `names` with commas")
	flag.BoolVar(&o.ours, "ours", true, "run ours")
	flag.StringVar(&o.binary, "glassbox", "", "`file` to run instead of building ./cmd/glassbox")
	flag.StringVar(&o.engine, "engine", "", "engine of ours: fast, plain; its default if empty")
	flag.StringVar(&o.guests, "guests", os.Getenv("GLASSBOX_GUESTS"), "`folder` with vmlinuz-cloud and busybox")
	flag.StringVar(&o.extra, "append", "", "`words` to add to the kernel's command line")
	flag.Float64Var(&o.scale, "scale", 1, "multiply the work of every program by `factor`")
	flag.DurationVar(&o.limit, "timeout", 20*time.Minute, "give up on a run after this `time`")
	flag.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	flag.BoolVar(&o.keepGoing, "keep-going", false, "leave out an emulator that fails instead of stopping")
	flag.Parse()
	if err := compare(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// compare does the whole job and prints the table.
func compare(o options) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	chosen, err := choose(split(o.only), o.scale)
	if err != nil {
		return err
	}
	g, version, err := makeGuest(dir, o.guests, o.extra, chosen)
	if err != nil {
		return err
	}
	members, err := o.emulators(dir)
	if err != nil {
		return err
	}
	r := results{}
	for n := range o.runs {
		for i := 0; i < len(members); i++ {
			e := members[i]
			fmt.Fprintf(os.Stderr, "run %d of %d: %s\n", n+1, o.runs, e.name)
			got, err := measure(e, g, o.limit)
			if err == nil {
				err = r.add(e.name, got)
			}
			if err != nil && !o.keepGoing {
				return err
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "left out:", err)
				members = append(members[:i:i], members[i+1:]...)
				i--
			}
		}
	}
	if len(members) == 0 {
		return errors.New("nothing could be measured")
	}
	p := report{date: time.Now(), host: hostName(), kernel: version, gcc: firstLine("gcc", "--version"),
		runs: o.runs, scale: o.scale, table: r.table(members, chosen), members: members}
	return p.print(os.Stdout, o.markdown)
}

// makeGuest writes kernel, RAM disk and Bochs's disk to dir. It also returns the version
// of the kernel.
func makeGuest(dir, guests, extra string, chosen []workload) (g guest, version string, err error) {
	if guests == "" {
		return g, "", errors.New("no guests: set GLASSBOX_GUESTS to a folder filled by .ci/guests, or use -guests")
	}
	g = guest{kernel: filepath.Join(guests, "vmlinuz-cloud"), initrd: filepath.Join(dir, "initrd"),
		disk: filepath.Join(dir, "disk"), memory: guestMemory, commandLine: strings.TrimSpace(baseCommandLine + " " + extra)}
	kernel, err := os.ReadFile(g.kernel)
	if err != nil {
		return g, "", err
	}
	busybox, err := os.ReadFile(filepath.Join(guests, "busybox"))
	if err != nil {
		return g, "", err
	}
	t, err := newToolchain(filepath.Join(dir, "build"))
	if err != nil {
		return g, "", err
	}
	initrd, err := t.initramfs(busybox, chosen)
	if err != nil {
		return g, "", err
	}
	sector, err := t.compile("boot.S", bootFlags)
	if err != nil {
		return g, "", err
	}
	disk, err := bootDisk(sector, kernel, initrd, g.commandLine)
	if err != nil {
		return g, "", err
	}
	return g, kernelVersion(kernel), errors.Join(os.WriteFile(g.initrd, initrd, 0o644), os.WriteFile(g.disk, disk, 0o644))
}

// emulators finds ours and the peers that are installed.
func (o options) emulators(dir string) ([]emulator, error) {
	var members []emulator
	if o.ours {
		e, err := ours(dir, o.binary, o.engine)
		if err != nil {
			return nil, err
		}
		members = append(members, e)
	}
	known := map[string]func() (emulator, error){"qemu": qemu, "bochs": bochs}
	for _, name := range split(o.peers) {
		make, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("no emulator %q; there are qemu and bochs", name)
		}
		e, err := make()
		if err != nil {
			fmt.Fprintf(os.Stderr, "left out: %s: %v\n", name, err)
			continue
		}
		members = append(members, e)
	}
	if len(members) == 0 {
		return nil, errors.New("no emulator to run")
	}
	return members, nil
}

// ours builds the command of this module, unless a file is given.
func ours(dir, binary, engine string) (emulator, error) {
	built := ""
	if binary == "" {
		built = firstLine("git", "describe", "--always", "--dirty")
		binary = filepath.Join(dir, "glassbox")
		build := exec.Command("go", "build", "-o", binary, "github.com/glassbox-vm/glassbox/cmd/glassbox")
		if text, err := build.CombinedOutput(); err != nil {
			return emulator{}, fmt.Errorf("go build: %w\n%s", err, text)
		}
	}
	version := "Glassbox " + revision(binary, built)
	if engine != "" {
		version += ", engine " + engine
	}
	return glassbox(binary, engine, version), nil
}

// revision is the commit that a Go program was built from, as the program itself states it.
// One without a stamp was built from the tree when built says so; of a file from elsewhere
// nothing is known.
func revision(binary, built string) string {
	commit, modified := built, ""
	if info, err := buildinfo.ReadFile(binary); err == nil {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = s.Value[:min(len(s.Value), 12)]
			case s.Key == "vcs.modified" && s.Value == "true":
				modified = "-dirty"
			}
		}
	}
	if commit == "" {
		return "of unknown commit"
	}
	return commit + modified
}

// split is strings.Split without empty elements.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// firstLine is the first line that a command prints, "unknown" if it cannot run.
func firstLine(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// hostName is the model of the host's processor.
func hostName() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
