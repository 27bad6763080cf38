// Package debian gets Debian packages with the system's own package tools, without
// installing them and without changing the system.
package debian

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrNoTools means that the system has no apt, or no dpkg.
var ErrNoTools = errors.New("this system has no apt-get, apt-cache and dpkg-deb")

// A Source gets packages for amd64 into a directory.
type Source struct {
	Dir      string    // where packages and, if need be, package lists are kept
	Progress io.Writer // messages and the tools' own output
	// Terminal says that Progress is one, so that progress bars make sense.
	Terminal bool

	own     bool // use package lists of our own
	updated bool // they have been fetched
}

// A Package is a package at the version that apt would install.
type Package struct {
	Name, Version string
	Depends       []string // names; of alternatives, the first
}

// Open checks that the tools are there.
func Open(dir string, progress io.Writer, terminal bool) (*Source, error) {
	for _, tool := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, ErrNoTools
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &Source{Dir: dir, Progress: progress, Terminal: terminal, own: runtime.GOARCH != "amd64"}, nil
}

// Show looks packages up. When the system does not know one, because its lists have never
// been fetched, lists of our own are fetched into Dir.
func (s *Source) Show(ctx context.Context, name string) (Package, error) {
	if !s.own {
		if p, err := s.show(ctx, name); err == nil {
			return p, nil
		}
		s.own = true
	}
	if !s.updated {
		if err := s.update(ctx); err != nil {
			return Package{}, err
		}
		s.updated = true
	}
	return s.show(ctx, name)
}

func (s *Source) show(ctx context.Context, name string) (Package, error) {
	out, err := s.command(ctx, "apt-cache", "show", "--no-all-versions", name).Output()
	if err != nil {
		return Package{}, fmt.Errorf("apt knows no package %s", name)
	}
	p := parse(out)
	if p.Name == "" || p.Version == "" {
		return Package{}, fmt.Errorf("apt describes no package %s", name)
	}
	return p, nil
}

// parse reads the first paragraph of package descriptions.
func parse(text []byte) (p Package) {
	for line := range strings.SplitSeq(string(text), "\n") {
		if line == "" {
			break
		}
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "Package":
			p.Name = value
		case "Version":
			p.Version = value
		case "Depends":
			for d := range strings.SplitSeq(value, ",") {
				d, _, _ = strings.Cut(strings.TrimSpace(d), " ")
				d, _, _ = strings.Cut(d, ":")
				p.Depends = append(p.Depends, d)
			}
		}
	}
	return p
}

// command prepares one of apt's tools.
func (s *Source) command(ctx context.Context, tool string, args ...string) *exec.Cmd {
	options := []string{"-o", "APT::Sandbox::User=root"} // else apt cannot write to our directory
	if s.own {
		lists := filepath.Join(s.Dir, "apt")
		options = append(options,
			"-o", "Dir::State="+lists, "-o", "Dir::State::status="+filepath.Join(lists, "status"),
			"-o", "Dir::Cache="+filepath.Join(lists, "cache"),
			"-o", "APT::Architecture=amd64", "-o", "APT::Architectures=amd64")
	}
	cmd := exec.CommandContext(ctx, tool, append(options, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	cmd.Dir = s.Dir
	return cmd
}

// shown runs a command with its output on Progress.
func (s *Source) shown(cmd *exec.Cmd, what string) error {
	var said bytes.Buffer
	if s.Terminal {
		cmd.Stdout = s.Progress
	}
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", what, err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

// update fetches package lists of our own.
func (s *Source) update(ctx context.Context) error {
	for _, d := range []string{"apt/lists/partial", "apt/cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, d), 0o755); err != nil {
			return err
		}
	}
	status, err := os.OpenFile(filepath.Join(s.Dir, "apt/status"), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if err := status.Close(); err != nil {
		return err
	}
	fmt.Fprintf(s.Progress, "Fetching package lists\n")
	return s.shown(s.command(ctx, "apt-get", "update"), "apt-get update")
}

// Fetch downloads a package, unless it is there already, and returns its file.
func (s *Source) Fetch(ctx context.Context, p Package) (string, error) {
	if path := s.file(p); path != "" {
		return path, nil
	}
	fmt.Fprintf(s.Progress, "Fetching %s %s\n", p.Name, p.Version)
	if err := s.shown(s.command(ctx, "apt-get", "download", p.Name+"="+p.Version), "apt-get download "+p.Name); err != nil {
		return "", err
	}
	if path := s.file(p); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("apt-get download %s left no file in %s", p.Name, s.Dir)
}

// file is the file of a package, or "". apt writes a colon in a version as %3a.
func (s *Source) file(p Package) string {
	version := strings.ReplaceAll(p.Version, ":", "%3a")
	for _, arch := range []string{"amd64", "all"} {
		path := filepath.Join(s.Dir, fmt.Sprintf("%s_%s_%s.deb", p.Name, version, arch))
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// maxFile is the largest file that Walk hands out, in bytes.
const maxFile = 256 << 20

// Walk calls visit for every regular file of a package. Names have no leading "./" or
// "/". read returns the contents; files not read are skipped.
func Walk(ctx context.Context, deb string, visit func(name string, read func() ([]byte, error)) error) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = walkTar(tar.NewReader(out), visit)
	_, _ = io.Copy(io.Discard, out)
	if werr := cmd.Wait(); err == nil && werr != nil {
		err = fmt.Errorf("dpkg-deb: %w", werr)
	}
	if err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(deb), err)
	}
	return nil
}

func walkTar(t *tar.Reader, visit func(string, func() ([]byte, error)) error) error {
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		name := strings.TrimPrefix(strings.TrimPrefix(h.Name, "."), "/")
		read := func() ([]byte, error) {
			if h.Size > maxFile {
				return nil, fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
			}
			return io.ReadAll(t)
		}
		if err := visit(name, read); err != nil {
			return err
		}
	}
}
