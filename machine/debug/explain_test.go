package debug

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/faults.bin
var faultsImage []byte

// assembled checks that testdata/NAME.bin is what nasm makes of NAME.asm.
func assembled(t *testing.T, name string, want []byte) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	out := filepath.Join(t.TempDir(), "out.bin")
	msg, err := exec.Command(nasm, "-f", "bin", "-o", out, "testdata/"+name+".asm").CombinedOutput()
	require.NoError(t, err, string(msg))
	got, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Equal(t, got, want, "run nasm -f bin -o %[1]s.bin %[1]s.asm", name)
}

func TestFaultsBinIsAssembledFromItsSource(t *testing.T) { assembled(t, "faults", faultsImage) }

// bootSector makes a machine that boots image.
func bootSector(t testing.TB, image []byte, engine machine.Engine) *machine.Machine {
	path := filepath.Join(t.TempDir(), "disk.img")
	require.NoError(t, os.WriteFile(path, append(image, make([]byte, 64<<10)...), 0o600))
	img, err := disk.Open(path, disk.Options{Snapshot: true})
	require.NoError(t, err)
	cfg := machine.Config{Memory: 4 << 20, CPU: "max", NoReboot: true, Engine: engine}
	cfg.Drives[0] = &machine.Drive{Image: img}
	m, err := machine.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close(); img.Close() })
	return m
}

// crash runs case n of faults.asm until it has raised what it was made for, and explains.
func crash(t *testing.T, n int, engine machine.Engine) string {
	image := append([]byte(nil), faultsImage...)
	image[2] = byte(n)
	m := bootSector(t, image, engine)
	c := m.CPU()
	hit := false
	c.OnFault = func(cpu.Fault) {
		x := c.Context()
		if la := x.CodeLinear(); !hit && (la < 0x7c00 || la >= 0xc000) && la>>16 != 3 {
			return // of the BIOS
		}
		hit = true
		c.RequestStop()
		m.Stop()
	}
	_, err := m.Run(context.Background(), machine.RunOptions{Until: 20 * devices.Second})
	require.NoError(t, err)
	if !hit {
		return "no fault; the machine is at " + c.String()
	}
	return ExplainCrash(m)
}

func TestExplain(t *testing.T) {
	require.Equal(t, len(faultCases), int(faultsImage[3]), "as many cases here as in faults.asm")
	for n, tc := range faultCases {
		t.Run(tc.name, func(t *testing.T) {
			got := crash(t, n, machine.Engine(n%2))
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
		})
	}
}

func TestEveryRuleHasATitle(t *testing.T) {
	for r := x86.NoReason + 1; r.String() != "unknown reason"; r++ {
		assert.NotEmpty(t, title(r), "%v", r)
	}
}
