package guest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestImageIsWhatTheSourceSays assembles the guest again and compares the bytes.
func TestImageIsWhatTheSourceSays(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	out := filepath.Join(t.TempDir(), "guest.elf")
	msg, err := exec.Command(nasm, "-f", "bin", "-o", out, "guest.asm").CombinedOutput()
	require.NoError(t, err, "%s", msg)
	made, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(made, Image()), "guest.elf is out of date: run go generate")
}

// TestImageIsAMultibootKernel checks what a loader looks at: Multiboot Specification,
// "The layout of Multiboot header", and an ELF file for the 80386.
func TestImageIsAMultibootKernel(t *testing.T) {
	f, err := elf.NewFile(bytes.NewReader(Image()))
	require.NoError(t, err)
	assert.Equal(t, elf.ELFCLASS32, f.Class)
	assert.Equal(t, elf.EM_386, f.Machine)
	require.Len(t, f.Progs, 1)
	p := f.Progs[0]
	assert.EqualValues(t, len(Image()), p.Filesz)
	assert.Greater(t, p.Memsz, p.Filesz)
	assert.EqualValues(t, 1<<20, p.Paddr)

	at := bytes.Index(Image(), []byte{0x02, 0xb0, 0xad, 0x1b})
	require.GreaterOrEqual(t, at, 0)
	assert.Less(t, at, 8192)
	assert.Zero(t, at%4)
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(Image()[at+4*i:]) }
	assert.Zero(t, word(0)+word(1)+word(2), "checksum")
}
