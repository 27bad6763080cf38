package bios

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// Memory is what a loader needs of guest memory: it writes to RAM only. mmu/phys.Memory
// satisfies it.
type Memory interface {
	WriteAt(p []byte, a phys.Addr)
}

// A Format is the kind of a kernel file.
type Format uint8

// Formats.
const (
	FormatLinux     Format = iota + 1 // Linux bzImage
	FormatMultiboot                   // Multiboot 1
)

// String is the name of the format.
func (f Format) String() string {
	switch f {
	case FormatLinux:
		return "Linux bzImage"
	case FormatMultiboot:
		return "Multiboot"
	}
	return fmt.Sprintf("Format(%d)", uint8(f))
}

// A Module is a file that is handed to the kernel: the initial RAM disk of Linux or a boot
// module of Multiboot.
type Module struct {
	Cmdline string // Multiboot only: by custom the file name and arguments
	Data    []byte
}

// A Boot is what to start.
type Boot struct {
	Kernel     []byte   // the file, gzip-compressed or not
	KernelName string   // first word of a Multiboot command line
	Cmdline    string   // "-append"
	Modules    []Module // "-initrd"; Linux takes at most one
	RAM        uint64   // bytes of RAM of the board, see SplitRAM
	RSDP       uint64   // address of the ACPI RSDP for Linux; 0: it looks for one
}

// maxKernel bounds what a compressed kernel may grow to, in bytes.
const maxKernel = 256 << 20

// ErrNotAKernel is the error, wrapped, for a file in none of the known formats.
var ErrNotAKernel = errors.New("neither a Linux bzImage nor a Multiboot kernel")

// Load puts the kernel and its modules into mem and returns how the processor starts. After
// an error nothing has been written.
func Load(mem Memory, b Boot) (Entry, error) {
	p, err := makePlan(b)
	if err != nil {
		return Entry{}, err
	}
	p.write(mem)
	return p.entry, nil
}

// makePlan works out what Load is going to do.
func makePlan(b Boot) (*plan, error) {
	if strings.ContainsRune(b.KernelName+b.Cmdline, 0) {
		return nil, errors.New("command line contains a NUL character")
	}
	var err error
	if b.Kernel, err = Unpack(b.Kernel); err != nil {
		return nil, err
	}
	format, err := Detect(b.Kernel)
	if err != nil {
		return nil, err
	}
	var p *plan
	switch format {
	case FormatLinux:
		p, err = planLinux(b)
	case FormatMultiboot:
		p, err = planMultiboot(b)
	}
	if err != nil {
		return nil, fmt.Errorf("%v kernel: %w", format, err)
	}
	p.entry.Format = format
	return p, nil
}

// Detect tells the format of an uncompressed kernel file by its magic numbers.
func Detect(kernel []byte) (Format, error) {
	if isLinux(kernel) {
		return FormatLinux, nil
	}
	if _, ok := findMultiboot(kernel); ok {
		return FormatMultiboot, nil
	}
	if bytes.HasPrefix(kernel, []byte(elfMagic)) {
		return 0, fmt.Errorf("%w: an ELF file without a Multiboot header (for Linux, use the bzImage, not vmlinux)", ErrNotAKernel)
	}
	return 0, ErrNotAKernel
}

// Unpack returns the kernel itself if the file is gzip-compressed, else the file. The
// result is at most 256 MiB long if it had to be unpacked.
func Unpack(file []byte) ([]byte, error) { return unpack(file, maxKernel) }

func unpack(file []byte, limit int64) ([]byte, error) {
	if !bytes.HasPrefix(file, []byte{0x1F, 0x8B}) {
		return file, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("compressed kernel: %w", err)
	}
	z.Multistream(false) // padding may follow
	out, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil {
		return nil, fmt.Errorf("compressed kernel: %w", err)
	}
	if int64(len(out)) > limit {
		return nil, fmt.Errorf("compressed kernel: more than %d MiB when unpacked", limit>>20)
	}
	return out, nil
}

// A ModuleSpec is one file named by "-initrd".
type ModuleSpec struct {
	Path    string
	Cmdline string // the path and the arguments, as a Multiboot kernel gets to see them
}

// ParseModules splits the argument of "-initrd" for a Multiboot kernel as QEMU does:
// modules are separated by commas, a comma written twice stands for itself, and the path
// ends at the first space. (For Linux the whole argument is one path.)
func ParseModules(arg string) []ModuleSpec {
	const comma = "\x00"
	var specs []ModuleSpec
	for _, m := range strings.Split(strings.ReplaceAll(arg, ",,", comma), ",") {
		m = strings.ReplaceAll(strings.TrimLeft(m, " "), comma, ",")
		if path, _, _ := strings.Cut(m, " "); path != "" {
			specs = append(specs, ModuleSpec{Path: path, Cmdline: m})
		}
	}
	return specs
}
