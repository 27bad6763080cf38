package kmod

import (
	"bytes"
	"encoding/binary"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// module makes the smallest ELF file with a .modinfo section.
func module(depends string) *fstest.MapFile {
	info := "license=GPL\x00depends=" + depends + "\x00name=x\x00"
	names := "\x00.modinfo\x00.shstrtab\x00"
	var b bytes.Buffer
	le := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.WriteString("\x7fELF\x02\x01\x01")
	b.Write(make([]byte, 9))
	at := uint64(64 + len(info) + len(names))
	le([2]uint16{1, 62})
	le(uint32(1))
	le([3]uint64{0, 0, at})
	le(uint32(0))
	le([6]uint16{64, 0, 0, 64, 3, 2})
	b.WriteString(info + names)
	section := func(name, kind uint32, off, size uint64) {
		le([2]uint32{name, kind})
		le([4]uint64{0, 0, off, size})
		le([2]uint32{})
		le([2]uint64{1, 0})
	}
	section(0, 0, 0, 0)
	section(1, 1, 64, uint64(len(info)))
	section(10, 3, 64+uint64(len(info)), uint64(len(names)))
	return &fstest.MapFile{Data: b.Bytes()}
}

func tree(t *testing.T) *Tree {
	tr, err := Open(fstest.MapFS{
		"modules.builtin":                {Data: []byte("kernel/fs/ext4/ext4.ko\nkernel/lib/crc16.ko\n")},
		"kernel/drivers/ata/ata_piix.ko": module("libata,scsi_mod"),
		"kernel/drivers/ata/libata.ko":   module("scsi_mod,scsi-common"),
		"kernel/scsi/scsi_mod.ko":        module("scsi-common"),
		"kernel/scsi/scsi-common.ko":     module(""),
		"kernel/broken.ko":               module("gone"),
		"kernel/junk.ko":                 {Data: []byte("not ELF")},
	})
	require.NoError(t, err)
	return tr
}

func TestOrderPutsDependenciesFirst(t *testing.T) {
	got, err := tree(t).Order("ata_piix", "ext4", "libata")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"kernel/scsi/scsi-common.ko", "kernel/scsi/scsi_mod.ko",
		"kernel/drivers/ata/libata.ko", "kernel/drivers/ata/ata_piix.ko",
	}, got)
}

func TestOrderNamesWhatIsMissing(t *testing.T) {
	_, err := tree(t).Order("broken")
	assert.ErrorContains(t, err, "gone")
	_, err = tree(t).Order("nosuch")
	assert.ErrorContains(t, err, "nosuch")
	_, err = tree(t).Order("junk")
	assert.ErrorContains(t, err, "junk")
}
