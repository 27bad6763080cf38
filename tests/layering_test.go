package tests

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/glassbox-vm/glassbox/"

// mayImport is the layering of the project, lowest first. It is policy: a change here
// is a design decision and belongs in a commit of its own.
var mayImport = map[string][]string{
	"cpu/x86":              {},
	"cpu/alu":              {"cpu/x86"},
	"cpu/f80":              {},
	"cpu/simd":             {},
	"mmu/phys":             {},
	"mmu":                  {"cpu/x86", "mmu/phys"},
	"cpu/emit":             {},
	"cpu":                  {"cpu/alu", "cpu/emit", "cpu/f80", "cpu/simd", "cpu/x86", "mmu", "mmu/phys"},
	"cpu/fastgen":          {}, // writes Go
	"devices":              {},
	"devices/devicestest":  {"devices"},
	"devices/disk":         {},
	"devices/ioport":       {"devices"},
	"devices/pci":          {"devices"},
	"devices/debugconsole": {"devices"},
	"devices/debugexit":    {"devices"},
	"devices/dma8237":      {"devices"},
	"devices/fdc82077":     {"devices"},
	"devices/fwcfg":        {"devices"},
	"devices/hpet":         {"devices"},
	"devices/i440fx":       {"devices", "devices/pci"},
	"devices/i8042":        {"devices"},
	"devices/ide":          {"devices", "devices/disk"},
	"devices/ioapic":       {"devices"},
	"devices/lapic":        {"devices"},
	"devices/lpt":          {"devices"},
	"devices/mc146818":     {"devices"},
	"devices/pic8259":      {"devices"},
	"devices/piix3":        {"devices", "devices/pci"},
	"devices/piix4pm":      {"devices", "devices/pci"},
	"devices/pit8254":      {"devices"},
	"devices/port61":       {"devices"},
	"devices/port92":       {"devices"},
	"devices/post80":       {"devices"},
	"devices/ps2kbd":       {"devices"},
	"devices/ps2mouse":     {"devices"},
	"devices/uart16550":    {"devices"},
	"devices/vga":          {"devices", "devices/pci", "devices/vga/font"},
	"devices/vga/font":     {},
	"bios":                 {"cpu/x86", "mmu/phys"},
	"bios/acpi/aml":        {},
	"bios/acpi":            {"bios/acpi/aml"},
	"bios/mptable":         {},
	"bios/smbios":          {},
	"bios/rom":             {},
	"bios/service":         {"bios/rom", "cpu/x86"},

	"machine/gdbstub":         {"cpu", "cpu/x86"},
	"machine/gdbstub/gdbtest": {"machine/gdbstub"},
	"machine":                 {"*"},
	"cmd":                     {"*"},
	"tests":                   {"*"},
}

// foreign names the folders whose packages may use code from elsewhere; all others have
// the standard library alone. Tests may use what they like.
var foreign = map[string][]string{
	"machine":           {"github.com/klauspost/compress/zstd"}, // of snapshots
	"machine/debug/asm": {"golang.org/x/arch/x86/x86asm"},
	"cmd":               {"github.com/urfave/cli/v2", "golang.org/x/arch/x86/x86asm", "golang.org/x/term", "golang.org/x/sys/", "github.com/gdamore/tcell/v2"},
}

// lookup finds the entry of pkg, or of the nearest folder above that allows everything.
func lookup(pkg string) (allowed []string, known bool) {
	if allowed, known = mayImport[pkg]; known {
		return allowed, true
	}
	for dir := path.Dir(pkg); dir != "."; dir = path.Dir(dir) {
		if a, ok := mayImport[dir]; ok && slices.Contains(a, "*") {
			return a, true
		}
	}
	return nil, false
}

// TestLayering reads the sources itself instead of asking "go list", so that the test
// cache notices when they change.
func TestLayering(t *testing.T) {
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(file, "../")))
		allowed, known := lookup(pkg)
		if !known {
			t.Errorf("package %s has no place in mayImport", pkg)
		}
		for _, spec := range parsed.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if name == "unsafe" && !strings.HasSuffix(file, "_unsafe.go") {
				t.Errorf("%s: unsafe belongs in a file named *_unsafe.go", file)
			}
			if dep, ours := strings.CutPrefix(name, module); ours {
				if !slices.Contains(allowed, dep) && !slices.Contains(allowed, "*") {
					t.Errorf("%s: %s must not import %s", file, pkg, dep)
				}
			} else if strings.Contains(strings.SplitN(name, "/", 2)[0], ".") && !mayUse(pkg, name) {
				t.Errorf("%s: %s must not import %s", file, pkg, name)
			}
		}
		return nil
	})
	require.NoError(t, err)
}

// mayUse says whether pkg may import name from outside.
func mayUse(pkg, name string) bool {
	for ; pkg != "."; pkg = path.Dir(pkg) {
		for _, p := range foreign[pkg] {
			if strings.HasPrefix(name, p) {
				return true
			}
		}
	}
	return false
}

// TestEveryPackageHasAComment keeps the first page of every package's documentation.
func TestEveryPackageHasAComment(t *testing.T) {
	commented := map[string]bool{}
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.Dir(file)
		commented[dir] = commented[dir] || parsed.Doc != nil
		return nil
	})
	require.NoError(t, err)
	for dir, ok := range commented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}
