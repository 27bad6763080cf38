package rom

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImageIsWhatTheSourceSays(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	out := filepath.Join(t.TempDir(), "rom.bin")
	b, err := exec.Command(nasm, "-f", "bin", "-o", out, "rom.asm").CombinedOutput()
	require.NoError(t, err, string(b))
	built, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.True(t, string(built) == image, "rom.bin is not rom.asm, assembled")
}

func TestWhatEveryPCHasIsWhereItIs(t *testing.T) {
	p := Image()
	require.Len(t, p, Size)
	assert.Equal(t, []byte{0xea, 0x5b, 0xe0, 0x00, 0xf0}, p[0xfff0:0xfff5], "jump to F000:E05B")
	assert.Equal(t, byte(0xfc), p[0xfffe], "model byte")
	assert.Equal(t, byte(0xcf), p[0xff53], "IRET")
	assert.Equal(t, []byte{8, 0, 0xfc}, p[0xe6f5:0xe6f8], "configuration table")
}

func TestRoomForTablesIsEmpty(t *testing.T) {
	assert.Equal(t, make([]byte, TablesSize), Image()[Tables:Tables+TablesSize])
}

// TestBIOS32DirectoryIsFound looks for it as systems do: on a paragraph, the sum of its
// bytes 0.
func TestBIOS32DirectoryIsFound(t *testing.T) {
	for at := 0; at < Size; at += 16 {
		p := image[at : at+16]
		if p[:4] != "_32_" {
			continue
		}
		sum := byte(0)
		for i := range 16 {
			sum += p[i]
		}
		assert.Zero(t, sum)
		entry := int(p[4]) | int(p[5])<<8 | int(p[6])<<16
		assert.Equal(t, byte(0x0f), image[entry-0xf0000], "a service call")
		return
	}
	t.Error("no _32_")
}
