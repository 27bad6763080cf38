package bios

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/machine"
)

// pictures are what the program "pictures" shows, in order. testdata has, for each, what
// QEMU shows, as a PNG.
var pictures = []string{
	"text", "split text", "text of 50 lines", "mode 4", "mode 6", "mode D", "mode 10", "mode 12", "mode 13", "mode X",
}

func picturePath(name string) string {
	return filepath.Join("testdata", "pictures", strings.ReplaceAll(name, " ", "-")+".png")
}

func readPicture(t *testing.T, path string) image.Image {
	p, err := os.ReadFile(path)
	require.NoError(t, err)
	m, err := png.Decode(bytes.NewReader(p))
	require.NoError(t, err)
	return m
}

// TestPicturesAreThoseOfQEMU compares pixel by pixel, colours by the six bits of the DAC.
// Where the monitor of a VGA shows each pixel several times QEMU's pictures are larger.
//
// The first picture is drawn while bit 1 of Miscellaneous Output denies the processor the
// memory, as on an IBM VGA: QEMU's takes what is written all the same, and so does ours.
func TestPicturesAreThoseOfQEMU(t *testing.T) {
	var log machine.Console
	cfg := machine.Config{Memory: 16 << 20, DebugCon: &log}
	cfg.Drives[0] = &machine.Drive{Image: diskOf(imageOf(t, "pictures"))}
	m, err := machine.New(cfg)
	require.NoError(t, err)
	defer m.Close()
	var want string
	for _, name := range pictures {
		want += name + "\n"
		for range 100 {
			_, err := m.Run(context.Background(), machine.RunOptions{Until: m.Now() + 20*devices.Millisecond})
			require.NoError(t, err)
			if log.String() == want {
				break
			}
		}
		require.Equal(t, want, log.String())
		_, err = m.Run(context.Background(), machine.RunOptions{Until: m.Now() + 20*devices.Millisecond}) // the retrace
		require.NoError(t, err)
		samePicture(t, name, readPicture(t, picturePath(name)), m.Image())
		m.TypeKeys([]byte{' '})
	}
}

// samePicture compares what is shown with a picture that is a whole number of times as large.
func samePicture(t *testing.T, name string, want, got image.Image) {
	six := func(c color.Color) [3]uint32 {
		r, g, b, _ := c.RGBA()
		return [3]uint32{r >> 10, g >> 10, b >> 10}
	}
	w, g := want.Bounds().Size(), got.Bounds().Size()
	sx, sy := w.X/g.X, w.Y/g.Y
	if !assert.Equal(t, w, image.Pt(g.X*sx, g.Y*sy), "%s: size of QEMU's and ours, %v", name, g) {
		return
	}
	for y := range w.Y {
		for x := range w.X {
			if a, b := six(want.At(x, y)), six(got.At(x/sx, y/sy)); a != b {
				assert.Equal(t, a, b, "%s: pixel %d,%d", name, x/sx, y/sy)
				return
			}
		}
	}
}

// TestRecordedPicturesAreQEMUs takes the pictures again where QEMU is installed. With
// GLASSBOX_RECORD=1 it writes those of testdata.
func TestRecordedPicturesAreQEMUs(t *testing.T) {
	qemu, err := exec.LookPath("qemu-system-i386")
	if err != nil {
		t.Skip("qemu-system-i386 is not installed")
	}
	dir := t.TempDir()
	img, log, dump := filepath.Join(dir, "disk.img"), filepath.Join(dir, "log"), filepath.Join(dir, "ppm")
	require.NoError(t, os.WriteFile(img, imageOf(t, "pictures"), 0o600))
	cmd := exec.Command(qemu, "-display", "none", "-m", "32", "-nodefaults", "-vga", "std", "-serial", "null", "-monitor", "stdio",
		"-drive", fmt.Sprintf(onDisk.qemu, img), "-debugcon", "file:"+log)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	var want string
	for _, name := range pictures {
		want += name + "\n"
		require.Eventually(t, func() bool {
			p, _ := os.ReadFile(log)
			return string(p) == want
		}, 60*time.Second, 20*time.Millisecond)
		time.Sleep(100 * time.Millisecond) // the last retrace
		fmt.Fprintf(in, "screendump %s\n", dump)
		var m image.Image
		require.Eventually(t, func() bool {
			m, err = readPPM(dump)
			return err == nil
		}, 60*time.Second, 20*time.Millisecond, "%s: %v", name, err)
		if os.Getenv("GLASSBOX_RECORD") != "" {
			f, err := os.Create(picturePath(name))
			require.NoError(t, err)
			require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(f, m))
			require.NoError(t, f.Close())
		}
		samePicture(t, name, readPicture(t, picturePath(name)), m)
		require.NoError(t, os.Remove(dump))
		fmt.Fprintln(in, "sendkey spc")
	}
}

// readPPM reads a picture in the binary form of Netpbm with 8 bits a colour, as one with a
// palette: these have 256 colours at most.
func readPPM(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	var w, h, most int
	if _, err := fmt.Fscanf(r, "P6\n%d %d\n%d\n", &w, &h, &most); err != nil {
		return nil, err
	}
	m := image.NewPaletted(image.Rect(0, 0, w, h), nil)
	index := map[[3]byte]int{}
	for i := range m.Pix {
		var c [3]byte
		for j := range c {
			if c[j], err = r.ReadByte(); err != nil {
				return nil, err
			}
		}
		n, ok := index[c]
		if !ok {
			if n = len(index); n == 256 {
				return nil, fmt.Errorf("%s has more than 256 colours", path)
			}
			index[c] = n
			m.Palette = append(m.Palette, color.RGBA{c[0], c[1], c[2], 0xff})
		}
		m.Pix[i] = uint8(n)
	}
	return m, nil
}
