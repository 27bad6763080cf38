package ide_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/devices/ide"
	"github.com/glassbox-vm/glassbox/devices/pci"
	"github.com/glassbox-vm/glassbox/devices/piix3"
)

// TestDiskBehindAPIIX3 wires an image file, a channel and the bus master as a board does,
// and drives them through ports alone as a driver does: PIO, then DMA.
func TestDiskBehindAPIIX3(t *testing.T) {
	const sectors = 1000
	model := make([]byte, sectors*disk.SectorSize)
	for i := range model {
		model[i] = uint8(i>>9) + uint8(i)
	}
	path := filepath.Join(t.TempDir(), "hda.img")
	require.NoError(t, os.WriteFile(path, model, 0o600))
	image, err := disk.Open(path, disk.Options{})
	require.NoError(t, err)

	var clock devicestest.Clock
	var irq14 devicestest.Wire
	ram := make(devicestest.RAM, 1<<20)
	south := piix3.NewIDE(piix3.IDEConfig{IRQ: [2]devices.Line{irq14.Drive}, Memory: ram})
	channel := ide.New(ide.Config{
		Drives: [2]ide.Drive{{Image: image, Model: "Disk"}}, Clock: &clock,
		INTRQ: south.INTRQ(0), DMARQ: south.DMARQ(0),
		OnHostError: func(e ide.HostError) { t.Error(e.Err) },
	})
	south.Attach(0, channel)
	bus := pci.NewBus()
	require.NoError(t, bus.Attach(pci.Slot{Device: 1, Function: 1}, south.Function()))
	config := pci.NewPorts(bus, nil)
	south.Reset()
	channel.Reset()
	cmd := channel.CommandPort()

	interrupt := func() { // and acknowledge it
		t.Helper()
		for !irq14.Level {
			at, ok := clock.Next()
			require.True(t, ok, "no interrupt to come")
			clock.AdvanceTo(at)
		}
		assert.Equal(t, uint8(4), south.In(2)&4)
		assert.Zero(t, cmd.In(7)&0x81)
		south.Out(2, 4)
	}
	start := func(code uint8, lba uint32, n uint8) {
		cmd.Out(2, n)
		cmd.Out(3, uint8(lba))
		cmd.Out(4, uint8(lba>>8))
		cmd.Out(5, uint8(lba>>16))
		cmd.Out(6, 0xe0|uint8(lba>>24))
		cmd.Out(7, code)
	}

	// PIO: read sector 77, write it to sector 78 one bit different.
	start(0x20, 77, 1)
	interrupt()
	var sector [128]uint32
	for i := range sector {
		sector[i] = cmd.InWide(0, 4)
	}
	assert.Equal(t, binary.LittleEndian.Uint32(model[77*512:]), sector[0])
	start(0x30, 78, 1)
	for cmd.In(7)&0x08 == 0 {
		clock.Advance(devices.Microsecond)
	}
	for i, v := range sector {
		cmd.OutWide(0, 4, v^1)
		binary.LittleEndian.PutUint32(model[78*512+4*i:], v^1)
	}
	interrupt()

	// DMA: read 128 sectors into two pieces of memory, write them elsewhere.
	config.OutWide(0, 4, 0x8000_0000|1<<11|1<<8|pci.RegCommand)
	config.OutWide(4, 2, pci.CommandIO|pci.CommandBusMaster)
	for i, v := range []uint32{0x10000, 0x8000, 0x30000, 0x8000_0000 | 0x8000} {
		binary.LittleEndian.PutUint32(ram[0x1000+4*i:], v)
	}
	const n = 128
	south.OutWide(4, 4, 0x1000)
	south.Out(0, 8)
	start(0xc8, 70, n)
	south.Out(0, 9)
	interrupt()
	assert.Zero(t, south.In(2)&3, "done, no error")
	south.Out(0, 0)
	want := model[70*512 : (70+n)*512]
	assert.True(t, bytes.Equal(want[:0x8000], ram[0x10000:0x18000]))
	assert.True(t, bytes.Equal(want[0x8000:], ram[0x30000:0x38000]))

	start(0xca, 800, n)
	clock.Advance(devices.Millisecond)
	south.Out(0, 1) // the drive has been waiting
	interrupt()
	south.Out(0, 0)
	copy(model[800*512:], want)
	start(0xe7, 0, 0)
	interrupt()
	require.NoError(t, image.Close())
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(model, got))
}
