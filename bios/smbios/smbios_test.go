package smbios

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var board = Board{
	CPUs: 2, CPU: "Glassbox Virtual CPU", Signature: 0x306c3, Features: 0x1783fbff, Speed: 1000, Version: "1.0",
	LowRAM: 0xe0000000, HighRAM: 33<<30 - 0xe0000000,
}

// TestAnchor checks what the specification says of the entry point structure.
func TestAnchor(t *testing.T) {
	anchor, table := Build(board, 0x7ff8000)
	le := binary.LittleEndian
	require.Len(t, anchor, 31)
	assert.Equal(t, "_SM_", string(anchor[:4]))
	assert.Zero(t, total(anchor))
	assert.Equal(t, "_DMI_", string(anchor[16:21]))
	assert.Zero(t, total(anchor[16:]))
	assert.Equal(t, []byte{2, 8}, anchor[6:8])
	assert.Equal(t, uint16(len(table)), le.Uint16(anchor[22:]))
	assert.Equal(t, uint32(0x7ff8000), le.Uint32(anchor[24:]))

	count, longest := uint16(0), uint16(0)
	last := byte(0)
	for p := table; len(p) > 0; count++ {
		end := int(p[1])
		for p[end] != 0 || p[end+1] != 0 {
			end++
		}
		end += 2
		last = p[0]
		longest = max(longest, uint16(end))
		p = p[end:]
	}
	assert.Equal(t, count, le.Uint16(anchor[28:]))
	assert.Equal(t, longest, le.Uint16(anchor[8:]))
	assert.Equal(t, byte(127), last)
}

// TestDmidecodeUnderstands has another program read the tables.
func TestDmidecodeUnderstands(t *testing.T) {
	dmidecode, err := exec.LookPath("dmidecode")
	if err != nil {
		t.Skip("dmidecode is not installed")
	}
	const at = 32 // dmidecode's dumps have the table there
	anchor, table := Build(board, at)
	dump := append(append(anchor, make([]byte, at-len(anchor))...), table...)
	file := filepath.Join(t.TempDir(), "dump")
	require.NoError(t, os.WriteFile(file, dump, 0o644))
	b, err := exec.Command(dmidecode, "--from-dump", file).CombinedOutput()
	out := string(b)
	require.NoError(t, err, out)
	for _, want := range []string{
		"SMBIOS 2.8 present", "Vendor: Glassbox", "System is a virtual machine", "ACPI is supported",
		"Product Name: Standard PC (i440FX + PIIX, 1996)",
		"Socket Designation: CPU 1", "Version: Glassbox Virtual CPU", "Current Speed: 1000 MHz", "Status: Populated, Enabled",
		"Maximum Capacity: 33 GB", "Number Of Devices: 3", "Size: 16 GB", "Size: 1 GB",
		"Starting Address: 0x00000000000", "Range Size: 3584 MB", "Starting Address: 0x00100000000",
		"Status: No errors detected", "End Of Table",
	} {
		assert.Contains(t, out, want)
	}
	for _, bad := range []string{"OUT OF SPEC", "BAD INDEX", "TRUNCATED", "Wrong", "Invalid"} {
		assert.NotContains(t, out, bad)
	}
}
