package machine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
)

// TestBatteryBackedMemoryDescribesTheBoard reads what the AT Technical Reference, "CMOS RAM
// Address Map", puts there: drive types, memory, and the checksum of it all.
func TestBatteryBackedMemoryDescribesTheBoard(t *testing.T) {
	cfg := Config{Memory: 16 << 20}
	cfg.Drives[0] = &Drive{Image: disk.NewMemory(make([]byte, 1<<20))}
	cfg.Drives[FloppyA] = &Drive{Image: disk.NewMemory(make([]byte, 1440<<10))}
	m, err := New(cfg)
	require.NoError(t, err)
	defer m.Close()
	for i, want := range map[uint8]uint8{
		0x10: 0x40, 0x12: 0xf0, 0x15: 0x80, 0x16: 0x02, 0x17: 0x00, 0x18: 0x3c, 0x19: 47, 0x1a: 0,
	} {
		assert.Equal(t, want, m.rtc.CMOS(i), "byte %#x", i)
	}
	sum := uint16(0)
	for i := uint8(0x10); i < 0x2e; i++ {
		sum += uint16(m.rtc.CMOS(i))
	}
	assert.Equal(t, sum, uint16(m.rtc.CMOS(0x2e))<<8|uint16(m.rtc.CMOS(0x2f)))
}

func TestFirmwareIsToldWhatToBootFrom(t *testing.T) {
	cfg := Config{Boot: Boot{Order: []BootDevice{BootCD, BootDisk, BootFloppy}}}
	cfg.Drives = Drives{1: {}, 2: {CDROM: true}, 3: {}, FloppyA + 1: {}}
	want := "/pci@i0cf8/ide@1,1/drive@1/disk@0\n/pci@i0cf8/ide@1,1/drive@0/disk@1\n" +
		"/pci@i0cf8/ide@1,1/drive@1/disk@1\n/pci@i0cf8/isa@1/fdc@03f0/floppy@1"
	assert.Equal(t, want, (&Machine{cfg: cfg}).bootPaths())
	cfg.Boot.Order = cfg.Boot.Order[1:2] // nothing else is asked for
	assert.Equal(t, "/pci@i0cf8/ide@1,1/drive@0/disk@1\n/pci@i0cf8/ide@1,1/drive@1/disk@1", (&Machine{cfg: cfg}).bootPaths())
}
