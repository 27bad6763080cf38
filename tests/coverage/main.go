// Command coverage writes the table of the README that says, for each extension of the
// instruction set, how many encodings there are and what verifies them:
//
//	go run ./tests/coverage
//
// An encoding is a row of the opcode maps with a meaning. Silicon has verified it when the corpora
// of tests/oracle have a digest of it; a vector, when the bytes of a unit test of package cpu
// are that instruction; a guest program, when the programs of tests/guests and tests/bios execute it.
package main

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/tests/oracle"
)

// Lines between which the table stands in the README.
const (
	begin = "<!-- coverage: go run ./tests/coverage -->\n"
	end   = "<!-- end of coverage -->\n"
)

func main() {
	if err := run("README.md"); err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(1)
	}
}

// run replaces the table in a README at the top of the tree.
func run(readme string) error {
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	t, err := table(os.DirFS("."))
	if err != nil {
		return err
	}
	out, err := replace(string(text), t)
	if err != nil {
		return err
	}
	return os.WriteFile(readme, []byte(out), 0o644)
}

// replace puts t between the marks of a README.
func replace(readme, t string) (string, error) {
	head, rest, ok := strings.Cut(readme, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("the README has no place for the table")
	}
	return head + begin + t + end + tail, nil
}

// A means is one way to verify an encoding.
type means map[*cpu.Op]bool

// table makes the table from the tree in root.
func table(root fs.FS) (string, error) {
	silicon, err := bySilicon(root)
	if err != nil {
		return "", err
	}
	vectors, err := byVectors(root)
	if err != nil {
		return "", err
	}
	guests, err := byGuests(root)
	if err != nil {
		return "", err
	}
	return format(silicon, vectors, guests), nil
}

// format counts the encodings of each extension.
func format(silicon, vectors, guests means) string {
	type line struct{ all, silicon, vectors, guests, none int }
	lines := map[cpu.Feature]*line{}
	var total line
	left := map[string]bool{}
	for r := range cpu.Rows() {
		if r.Op.Exec == nil || r.Op.Feature == cpu.FeatNever {
			continue
		}
		if lines[r.Op.Feature] == nil {
			lines[r.Op.Feature] = &line{}
		}
		for _, l := range []*line{lines[r.Op.Feature], &total} {
			l.all++
			l.silicon += one(silicon[r.Op])
			l.vectors += one(vectors[r.Op])
			l.guests += one(guests[r.Op])
			l.none += one(!silicon[r.Op] && !vectors[r.Op] && !guests[r.Op])
		}
		if !silicon[r.Op] && !vectors[r.Op] && !guests[r.Op] {
			left[r.Op.Name] = true
		}
	}
	var features []cpu.Feature
	for f := range lines {
		features = append(features, f)
	}
	slices.Sort(features)
	var b strings.Builder
	b.WriteString("| extension | encodings | silicon | vectors | guest programs | none |\n|---|---:|---:|---:|---:|---:|\n")
	write := func(name string, l *line) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d |\n", name, l.all, l.silicon, l.vectors, l.guests, l.none)
	}
	for _, f := range features {
		name := f.String()
		if f == cpu.Always {
			name = "i486 and system"
		}
		write(name, lines[f])
	}
	write("all", &total)
	var names []string
	for n := range left {
		names = append(names, n)
	}
	slices.Sort(names)
	if len(names) > 0 {
		fmt.Fprintf(&b, "\nIn some encodings verified by none of these: %s.\n", strings.Join(names, ", "))
	}
	return b.String()
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// bySilicon finds the encodings that the corpora have digests of.
func bySilicon(root fs.FS) (means, error) {
	forms := map[string]*cpu.Op{}
	for _, f := range oracle.Forms(nil) {
		forms[f.Key] = f.Op
	}
	files, err := fs.Glob(root, "tests/oracle/corpus/*.txt")
	if err != nil {
		return nil, err
	}
	m := means{}
	for _, name := range files {
		f, err := root.Open(name)
		if err != nil {
			return nil, err
		}
		c, err := oracle.ReadCorpus(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, d := range c.Digests {
			if op := forms[d.Key]; op != nil {
				m[op] = true
			}
		}
	}
	return m, nil
}

var hexBytes = regexp.MustCompile(`^[0-9a-f]{2}( [0-9a-f]{2})*$`)

// byVectors finds the encodings whose bytes stand, as strings, in tests of package cpu.
func byVectors(root fs.FS) (means, error) {
	files, err := fs.Glob(root, "cpu/*_test.go")
	if err != nil {
		return nil, err
	}
	m := means{}
	for _, name := range files {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && hexBytes.MatchString(s) {
					m.decode(s)
				}
			}
			return true
		})
	}
	return m, nil
}

// decode adds the instructions that bytes are in the largest code size in which they are any.
func (m means) decode(text string) {
	var code []byte
	for _, f := range strings.Fields(text) {
		v, _ := strconv.ParseUint(f, 16, 8)
		code = append(code, byte(v))
	}
	for _, size := range []alu.Width{8, 4} {
		var ops []*cpu.Op
		ok := true
		for at := 0; at < len(code) && ok; {
			var in cpu.Inst
			ok = cpu.Decode(code[at:], size, &in) && in.Bad == x86.NoReason
			ops, at = append(ops, in.Op), at+int(in.Len)
		}
		if ok {
			for _, op := range ops {
				m[op] = true
			}
			return
		}
	}
}

// byGuests runs the guest programs and notes what they execute.
func byGuests(root fs.FS) (means, error) {
	m := means{}
	for _, pattern := range []string{"tests/guests/programs/*.bin", "tests/bios/testdata/services.bin", "tests/bios/testdata/disk.bin"} {
		files, err := fs.Glob(root, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			code, err := fs.ReadFile(root, name)
			if err != nil {
				return nil, err
			}
			if err := m.boot(code); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return m, nil
}

// boot runs one program from a disk.
func (m means) boot(code []byte) error {
	const diskSize = 4 << 20
	dir, err := os.MkdirTemp("", "coverage")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	img := filepath.Join(dir, "disk")
	if err := os.WriteFile(img, append(bytes.Clone(code), make([]byte, diskSize-len(code))...), 0o600); err != nil {
		return err
	}
	d, err := disk.Open(img, disk.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	pc, err := machine.New(machine.Config{
		Memory: 32 << 20, DebugExit: true, NoReboot: true, Engine: machine.Plain, DebugCon: &bytes.Buffer{},
		Drives: machine.Drives{{Image: d}},
	})
	if err != nil {
		return err
	}
	defer pc.Close()
	pc.CPU().OnInst = func(in *cpu.Inst) { m[in.Op] = true }
	res, err := pc.Run(context.Background(), machine.RunOptions{Budget: 1e8})
	if err == nil && res.Reason != machine.StopDebugExit && res.Reason != machine.StopTripleFault { // what "triple" is about
		err = fmt.Errorf("the program did not end: %v", res.Reason)
	}
	return err
}
