//go:build linux

package main

import (
	"bytes"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed programs
var programs embed.FS

// compileFlags make the same small program everywhere: baseline x86-64, nothing linked.
var compileFlags = strings.Fields("-O2 -static -nostdlib -ffreestanding -fno-pie -no-pie -march=x86-64" +
	" -fno-stack-protector -fno-asynchronous-unwind-tables -fno-math-errno -fcf-protection=none" +
	" -fno-tree-loop-distribute-patterns -Wl,--build-id=none -s")

// bootFlags make a flat boot sector.
var bootFlags = strings.Fields("-m32 -nostdlib -static -fno-pie -no-pie" +
	" -Wl,--build-id=none,-Ttext=0x7c00,--oformat=binary")

// A toolchain compiles the sources of programs/ in a folder of its own.
type toolchain struct{ dir string }

// newToolchain copies the sources to dir.
func newToolchain(dir string) (toolchain, error) {
	return toolchain{dir}, os.CopyFS(dir, programs)
}

// compile returns what gcc makes of one source.
func (t toolchain) compile(source string, flags []string) ([]byte, error) {
	out := filepath.Join(t.dir, source+".out")
	args := append(append([]string{}, flags...), "-o", out, filepath.Join(t.dir, "programs", source))
	if text, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("gcc %s: %w\n%s", source, err, text)
	}
	return os.ReadFile(out)
}

// initramfs builds the RAM disk: init, BusyBox, the workloads and the list of them.
func (t toolchain) initramfs(busybox []byte, chosen []workload) ([]byte, error) {
	var a archive
	for _, dir := range []string{"bin", "dev", "tmp", "w"} {
		a.add(dir, modeDir|0o755, 0, nil)
	}
	a.add("dev/console", modeChar|0o600, 5<<8|1, nil)
	init, err := t.compile("init.c", compileFlags)
	if err != nil {
		return nil, err
	}
	a.add("init", modeFile|0o755, 0, init)
	a.add("bin/busybox", modeFile|0o755, 0, busybox)
	var list strings.Builder
	for _, w := range chosen {
		program := []byte("#!/bin/busybox sh" + w.Script)
		if w.Script == "" {
			if program, err = t.compile(w.Name+".c", compileFlags); err != nil {
				return nil, err
			}
		}
		a.add("w/"+w.Name, modeFile|0o755, 0, program)
		fmt.Fprintf(&list, "%s %d\n", w.Name, w.Reps)
	}
	a.add("w/list", modeFile|0o644, 0, []byte(list.String()))
	a.add("TRAILER!!!", 0, 0, nil)
	return a.Bytes(), nil
}

// File types as in st_mode.
const (
	modeFile = 0o100000
	modeDir  = 0o040000
	modeChar = 0o020000
)

// An archive is a cpio archive in the "newc" format. Source: Linux,
// Documentation/driver-api/early-userspace/buffer-format.rst.
type archive struct {
	bytes.Buffer
	files uint32
}

// add appends a file; device is major<<8|minor.
func (a *archive) add(name string, mode, device uint32, data []byte) {
	a.files++
	a.WriteString("070701")
	for _, field := range [13]uint32{
		a.files, mode, 0, 0, 1, 0, uint32(len(data)), 0, 0, device >> 8, device & 255, uint32(len(name) + 1), 0,
	} {
		fmt.Fprintf(a, "%08x", field)
	}
	a.WriteString(name + "\x00")
	a.pad()
	a.Write(data)
	a.pad()
}

func (a *archive) pad() { a.Write(make([]byte, -a.Len()&3)) }

// Where programs/boot.S puts things, and where it expects its table.
const (
	sectorSize   = 512
	stepSize     = 32 << 10 // the boot sector copies this much at a time
	pieceTable   = 0x1d0
	setupAddress = 0x90000
	setupSize    = 0xf000
	commandLine  = 0xe000 // offset from the setup address; the stack is right below
	kernelBase   = 0x100000
	initrdBase   = 0x0c000000 // 192 MiB, far from where the kernel unpacks itself
	diskCylinder = 16 * 63 * sectorSize
)

// bootDisk makes a raw disk that starts a Linux kernel without a boot loader. The
// fields of its setup header that a loader must fill in are filled in here.
//
// Source: Linux, Documentation/arch/x86/boot.rst.
func bootDisk(sector, kernel, initrd []byte, append string) ([]byte, error) {
	if len(sector) != sectorSize {
		return nil, fmt.Errorf("boot sector of %d bytes", len(sector))
	}
	if len(kernel) < 0x250 || string(kernel[0x202:0x206]) != "HdrS" {
		return nil, errors.New("not a Linux kernel for x86")
	}
	if len(append) >= setupSize-commandLine {
		return nil, errors.New("command line too long")
	}
	setupLen := (int(kernel[0x1f1]) + 1) * sectorSize
	if setupLen > len(kernel) || setupLen > commandLine-0x1000 {
		return nil, errors.New("kernel with a bad setup size")
	}
	setup := make([]byte, setupSize)
	copy(setup, kernel[:setupLen])
	setup[0x210] = 0xff  // type_of_loader: none of those with a number
	setup[0x211] |= 0x80 // loadflags: heap_end_ptr is valid
	binary.LittleEndian.PutUint32(setup[0x218:], initrdBase)
	binary.LittleEndian.PutUint32(setup[0x21c:], uint32(len(initrd)))
	binary.LittleEndian.PutUint16(setup[0x224:], commandLine-0x200)
	binary.LittleEndian.PutUint32(setup[0x228:], setupAddress+commandLine)
	copy(setup[commandLine:], append)

	disk := make([]byte, stepSize)
	copy(disk, sector)
	for i, piece := range []struct {
		to   uint32
		data []byte
	}{{setupAddress, setup}, {kernelBase, kernel[setupLen:]}, {initrdBase, initrd}} {
		steps := (len(piece.data) + stepSize - 1) / stepSize
		row := disk[pieceTable+12*i:]
		binary.LittleEndian.PutUint32(row, uint32(len(disk)/sectorSize))
		binary.LittleEndian.PutUint32(row[4:], piece.to)
		binary.LittleEndian.PutUint32(row[8:], uint32(steps))
		at := len(disk)
		disk = bytes.Join([][]byte{disk, make([]byte, steps*stepSize)}, nil)
		copy(disk[at:], piece.data)
	}
	cylinders := (len(disk) + diskCylinder - 1) / diskCylinder
	return bytes.Join([][]byte{disk, make([]byte, cylinders*diskCylinder-len(disk))}, nil), nil
}

// kernelVersion is the version that a kernel image states in its header.
func kernelVersion(kernel []byte) string {
	if len(kernel) < 0x250 {
		return "unknown"
	}
	at := int(binary.LittleEndian.Uint16(kernel[0x20e:])) + 0x200
	if at >= len(kernel) {
		return "unknown"
	}
	text, _, _ := bytes.Cut(kernel[at:min(len(kernel), at+256)], []byte{0})
	version, _, _ := strings.Cut(string(text), " ")
	return version
}
