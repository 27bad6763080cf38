package boot

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file is an entry of an initial RAM disk.
type file struct {
	name         string
	mode         uint32
	data         []byte
	major, minor uint32
}

func dir(name string) file { return file{name, 0o040755, nil, 0, 0} }

// archive is files in the "newc" format of cpio.
func archive(files []file) []byte {
	var b bytes.Buffer
	pad := func() {
		for b.Len()%4 != 0 {
			b.WriteByte(0)
		}
	}
	for i, f := range append(files, file{name: "TRAILER!!!"}) {
		fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", i+1, f.mode, 0, 0, 1, 0,
			len(f.data), 0, 0, f.major, f.minor, len(f.name)+1, 0)
		b.WriteString(f.name + "\x00")
		pad()
		b.Write(f.data)
		pad()
	}
	return b.Bytes()
}

// diskModules are what Debian's cloud kernel needs to mount an ext4 file system on an
// IDE disk, in the order of their needs.
var diskModules = []string{
	"scsi_common", "scsi_mod", "libata", "ata_piix", "crc-t10dif", "crct10dif_common", "crc64", "crc64-rocksoft", "t10-pi", "sd_mod",
	"crc16", "mbcache", "jbd2", "crc32c_generic", "ext4",
}

// cdModules are what it needs to mount a CD-ROM.
var cdModules = []string{"scsi_common", "scsi_mod", "libata", "ata_piix", "cdrom", "sr_mod", "isofs"}

// moduleFiles are the files of modules, in /lib.
func moduleFiles(t testing.TB, modules []string) []file {
	root := filepath.Join(os.Getenv("GLASSBOX_GUESTS"), "vmlinuz-cloud.modules")
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok {
			found[name] = path
		}
		return err
	})
	require.NoError(t, err)
	files := []file{dir("lib")}
	for _, name := range modules {
		path := found[name]
		if path == "" {
			continue // built into the kernel
		}
		p, err := os.ReadFile(path)
		require.NoError(t, err)
		files = append(files, file{"lib/" + name + ".ko", 0o100644, p, 0, 0})
	}
	return files
}

// init32 is a program that prints a line and restarts the machine.
func init32() []byte {
	text := "thirty-two bits\n"
	return program32(text,
		0xb8, 4, 0, 0, 0, // mov eax, 4 (write)
		0xbb, 1, 0, 0, 0, // mov ebx, 1
		0x89, 0xe9, // mov ecx, ebp
		0xba, byte(len(text)), 0, 0, 0, // mov edx, length
		0xcd, 0x80,
		0xb8, 88, 0, 0, 0, // mov eax, 88 (reboot)
		0xbb, 0xad, 0xde, 0xe1, 0xfe,
		0xb9, 0x69, 0x19, 0x12, 0x28,
		0xba, 0x67, 0x45, 0x23, 0x01, // restart
		0xcd, 0x80)
}

// ejectCD is a program that opens the tray of /dev/sr0, as eject does, which this busybox
// has not.
func ejectCD() []byte {
	return program32("/dev/sr0\x00",
		0xb8, 5, 0, 0, 0, // mov eax, 5 (open)
		0x89, 0xeb, // mov ebx, ebp
		0xb9, 0, 8, 0, 0, // mov ecx, O_RDONLY|O_NONBLOCK
		0xcd, 0x80,
		0x89, 0xc3, // mov ebx, eax
		0xb8, 54, 0, 0, 0, // mov eax, 54 (ioctl)
		0xb9, 0x09, 0x53, 0, 0, // mov ecx, CDROMEJECT
		0x31, 0xd2, // xor edx, edx
		0xcd, 0x80,
		0x89, 0xc3, // mov ebx, eax
		0xf7, 0xdb, // neg ebx
		0xb8, 1, 0, 0, 0, // mov eax, 1 (exit)
		0xcd, 0x80)
}

// program32 is a static 32-bit ELF program of some code and a text, which EBP points to.
func program32(text string, code ...byte) []byte {
	const base = 0x08048000
	const headers = 52 + 32
	code = append([]byte{0xbd, 0, 0, 0, 0}, code...) // mov ebp, text
	copy(code[1:], le32(base+headers+uint32(len(code))))
	size := uint32(headers + len(code) + len(text))
	var b bytes.Buffer
	b.WriteString("\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	for _, v := range []uint32{2 | 3<<16, 1, base + headers, 52, 0, 0, 52 | 32<<16, 1, 0} {
		b.Write(le32(v))
	}
	for _, v := range []uint32{1, 0, base, base, size, size, 5, 4096} { // PT_LOAD
		b.Write(le32(v))
	}
	b.Write(code)
	b.WriteString(text)
	return b.Bytes()
}

func le32(v uint32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }
