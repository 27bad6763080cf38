package rom

import (
	"bytes"
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
	for name, image := range map[string]string{"rom": image, "vga": video} {
		out := filepath.Join(t.TempDir(), name+".bin")
		b, err := exec.Command(nasm, "-f", "bin", "-o", out, name+".asm").CombinedOutput()
		require.NoError(t, err, string(b))
		built, err := os.ReadFile(out)
		require.NoError(t, err)
		assert.True(t, string(built) == image, "%s.bin is not %s.asm, assembled", name, name)
	}
}

// TestVideoROM checks the header as firmware and programs do: PCI Firmware Specification,
// "Option ROM Header".
func TestVideoROM(t *testing.T) {
	p := Video(func(height uint8) []byte { return bytes.Repeat([]byte{height}, 256*int(height)) }, bytes.Repeat([]byte{0x77}, 2000))
	require.Len(t, p, VideoSize)
	assert.Equal(t, []byte{0x55, 0xaa, VideoSize / 512}, p[:3])
	assert.Equal(t, byte(0xe9), p[3], "a jump to the code for power-on")
	assert.Equal(t, "IBM", string(p[0x1e:0x21]))
	sum := byte(0)
	for _, v := range p {
		sum += v
	}
	assert.Zero(t, sum)
	pcir := p[int(p[0x18])|int(p[0x19])<<8:]
	assert.Equal(t, "PCIR\x34\x12\x11\x11", string(pcir[:8]))
	assert.Equal(t, []byte{0, 0, 3, VideoSize / 512, 0}, pcir[0x0d:0x12])
	assert.Equal(t, byte(0x80), pcir[0x15], "the last image")
	assert.Equal(t, []byte{0, 0x77}, p[Parameters-1:Parameters+1])
	assert.Equal(t, []byte{0x77, 0}, p[Parameters+ParametersSize-1:Parameters+ParametersSize+1], "no more than there is room for")
	assert.Equal(t, []byte{8, 14, 14, 16, 16, 0}, []byte{p[Font8], p[Font14], p[Font16-1], p[Font16], p[FontNone-1], p[FontNone]})
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
