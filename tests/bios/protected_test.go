package bios

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/machine"
)

// TestProtectedModeInterfaces runs a program that SeaBIOS could not: it has neither INT 15h
// AH=89h nor the protected-mode interface of VBE. The answers are what the specifications
// say: selectors of INT 15h AH=89h; VBE 3.0, "Protected Mode Entry Point"; APM 1.2, no
// event; BIOS32, and PCI BIOS 2.1 with the ISA bridge of the board.
func TestProtectedModeInterfaces(t *testing.T) {
	want := []string{
		"5302: 0000 0000 0000 0000 cZ",
		"5303: 0000 0000 0000 0000 cZ",
		"",
		"ES CS DS SS: 00000020 00000030 00000018 00000028",
		"window: 0000004F 00000002",
		"start: 0000004F 00000010 00000014",
		"palette: 0000004F 00000033 00000022 00000011",
		"APM, 16 bits: 00000080 00000001",
		"APM: 00000080 00000001",
		"directory: 00000000 000F0000 00000080",
		"PCI: 00000000 20494350 70008086",
		"",
	}
	for _, engine := range []machine.Engine{machine.Fast, machine.Plain} {
		assert.Equal(t, want, strings.Split(run(t, "protected", engine), "\n"))
	}
}

// TestBootMenu chooses the diskette although the order says hard disk.
func TestBootMenu(t *testing.T) {
	cfg := machine.Config{Memory: 16 << 20, Boot: machine.Boot{Menu: true}}
	cfg.Drives[0] = &machine.Drive{Image: diskOf(imageOf(t, "services"))}
	cfg.Drives[machine.FloppyA] = &machine.Drive{Image: diskOf(make([]byte, 1440<<10))}
	s := start(t, cfg)
	s.see(`Press F12 or Esc for the boot menu`)
	s.keys("\x1b")
	s.see(`1\. Hard disk 0\s+2\. Floppy A`)
	s.keys("2")
	s.see(`Booting from floppy\.\.\.\s+Boot failed: no boot sector\s+No bootable device`)
}

// TestServicesInVirtual8086Mode calls services in real mode and, under a monitor in the boot
// sector, in virtual-8086 mode with IOPL 3 and 0, where the answers must be the same. Hooks
// of vectors 8, 9, 10h, 13h, 16h and 1Ch must have been called.
func TestServicesInVirtual8086Mode(t *testing.T) {
	blocks := strings.Split(run(t, "v86", machine.Fast), "virtual-8086 mode: ")
	require.Len(t, blocks, 3, blocks)
	_, with3, _ := strings.Cut(blocks[1], "\n")
	_, with0, _ := strings.Cut(blocks[2], "\n")
	assert.Equal(t, strings.Split(blocks[0], "\n"), strings.Split(with3, "\n"), "IOPL 3")
	assert.Equal(t, strings.Split(blocks[0], "\n"), strings.Split(with0, "\n"), "IOPL 0")
	for _, vector := range []string{"0008", "0009", "0010", "0013", "0016", "001C"} {
		assert.Contains(t, blocks[0], "hook: 0001 "+vector+" 0000 0000", "called")
	}
}

// TestEveryDoorResetsTheMachine boots a program that resets the machine six times: keyboard
// controller, port 92h, port CF9h, triple fault, and both jumps to the reset vector. It
// ends at its seventh boot, as it does on QEMU.
func TestEveryDoorResetsTheMachine(t *testing.T) {
	for name, cfg := range map[string]machine.Config{"our BIOS": {}, "SeaBIOS": onSeaBIOS(t, machine.Config{})} {
		var out machine.Console
		cfg.Memory, cfg.DebugCon, cfg.DebugExit = 32<<20, &out, true
		cfg.Drives[0] = &machine.Drive{Image: diskOf(imageOf(t, "resets"))}
		m, err := machine.New(cfg)
		require.NoError(t, err)
		defer m.Close()
		res, err := m.Run(context.Background(), machine.RunOptions{Until: 60 * devices.Second, Budget: 4e8})
		require.NoError(t, err)
		assert.Equal(t, machine.StopDebugExit, res.Reason, name)
		assert.Equal(t, "0123456", out.String(), name)
	}
}
