// Package cpio writes and reads archives in the "newc" format, the one that Linux takes
// as an initial RAM disk. Source: Linux, Documentation/driver-api/early-userspace,
// "initramfs buffer format".
package cpio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// File types and the mask for them, as in st_mode.
const (
	TypeMask    = 0o170000
	TypeRegular = 0o100000
	TypeDir     = 0o040000
	TypeSymlink = 0o120000
	TypeChar    = 0o020000
	TypeBlock   = 0o060000
)

// An Entry is one file. Its owner is root and its time the epoch, so that equal content
// gives equal archives.
type Entry struct {
	Name         string // relative, without a leading slash
	Mode         uint32 // type and permissions
	Major, Minor uint32 // of a device node
	Data         []byte // contents, or the target of a symbolic link
}

const (
	magic     = "070701"
	headerLen = 110
	trailer   = "TRAILER!!!"
	maxName   = 4096
)

// A Writer writes one archive. Errors stick; Close returns the first.
type Writer struct {
	w   io.Writer
	ino uint32
	n   int64
	err error
}

// NewWriter starts an archive.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Add writes an entry. A directory must come before what is in it.
func (w *Writer) Add(e Entry) {
	if len(e.Name) == 0 || len(e.Name) >= maxName || e.Name[0] == '/' {
		w.fail(fmt.Errorf("cpio: bad name %q", e.Name))
	}
	if int64(len(e.Data)) > 1<<32-1 {
		w.fail(fmt.Errorf("cpio: %s is larger than 4 GiB", e.Name))
	}
	w.ino++
	w.entry(e, w.ino)
}

// Dir adds a directory with mode 755.
func (w *Writer) Dir(name string) { w.Add(Entry{Name: name, Mode: TypeDir | 0o755}) }

// File adds a regular file.
func (w *Writer) File(name string, perm uint32, data []byte) {
	w.Add(Entry{Name: name, Mode: TypeRegular | perm, Data: data})
}

// Symlink adds a symbolic link.
func (w *Writer) Symlink(name, target string) {
	w.Add(Entry{Name: name, Mode: TypeSymlink | 0o777, Data: []byte(target)})
}

// Char adds a character device.
func (w *Writer) Char(name string, perm, major, minor uint32) {
	w.Add(Entry{Name: name, Mode: TypeChar | perm, Major: major, Minor: minor})
}

// Close writes the end mark. It does not close what is below.
func (w *Writer) Close() error {
	w.entry(Entry{Name: trailer}, 0)
	return w.err
}

// entry writes header, name and data, the latter two padded to four bytes.
func (w *Writer) entry(e Entry, ino uint32) {
	links := uint32(1)
	if e.Mode&TypeMask == TypeDir {
		links = 2
	}
	var b bytes.Buffer
	b.WriteString(magic)
	for _, field := range [13]uint32{
		ino, e.Mode, 0, 0, links, 0, uint32(len(e.Data)), 0, 0, e.Major, e.Minor, uint32(len(e.Name) + 1), 0,
	} {
		fmt.Fprintf(&b, "%08x", field)
	}
	b.WriteString(e.Name)
	b.WriteByte(0)
	w.write(b.Bytes())
	w.pad()
	w.write(e.Data)
	w.pad()
}

func (w *Writer) write(p []byte) {
	if w.err != nil {
		return
	}
	n, err := w.w.Write(p)
	w.n += int64(n)
	w.err = err
}

func (w *Writer) pad() { w.write(make([]byte, -w.n&3)) }

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Read returns the entries of an archive held in memory.
func Read(archive []byte) ([]Entry, error) {
	var entries []Entry
	pos := 0
	take := func(n int) ([]byte, error) {
		if n < 0 || n > len(archive)-pos {
			return nil, fmt.Errorf("cpio: %w at byte %d", io.ErrUnexpectedEOF, pos)
		}
		p := archive[pos : pos+n]
		pos = min(len(archive), (pos+n+3)&^3)
		return p, nil
	}
	for {
		start := pos
		if len(archive)-pos < headerLen || string(archive[pos:pos+6]) != magic {
			return nil, fmt.Errorf("cpio: no header at byte %d", pos)
		}
		var f [13]uint32
		for i := range f {
			v, err := strconv.ParseUint(string(archive[pos+6+8*i:pos+14+8*i]), 16, 32)
			if err != nil {
				return nil, fmt.Errorf("cpio: header at byte %d: %w", pos, err)
			}
			f[i] = uint32(v)
		}
		if f[11] == 0 || f[11] > maxName {
			return nil, fmt.Errorf("cpio: name of %d bytes at byte %d", f[11], start)
		}
		head, err := take(headerLen + int(f[11]))
		if err != nil {
			return nil, err
		}
		name := string(head[headerLen : len(head)-1])
		if name == trailer {
			return entries, nil
		}
		data, err := take(int(f[6]))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cpio: %s is cut short", name), err)
		}
		entries = append(entries, Entry{Name: name, Mode: f[1], Major: f[9], Minor: f[10], Data: data})
	}
}
