package fwcfg

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
)

// Numbers of items. Numbers are 4 or 8 bytes wide, little-endian, unless they say otherwise.
const (
	KeySignature     = 0x00 // "QEMU"
	KeyID            = 0x01 // features
	KeyUUID          = 0x02 // 16 bytes
	KeyRAMSize       = 0x03 // 8 bytes
	KeyNoGraphic     = 0x04 // 2 bytes
	KeyCPUs          = 0x05 // 2 bytes
	KeyMachineID     = 0x06
	KeyKernelAddr    = 0x07
	KeyKernelSize    = 0x08
	KeyKernelCmdline = 0x09 // string
	KeyInitrdAddr    = 0x0A
	KeyInitrdSize    = 0x0B
	KeyBootDevice    = 0x0C // 2 bytes
	KeyNUMA          = 0x0D
	KeyBootMenu      = 0x0E // 2 bytes
	KeyMaxCPUs       = 0x0F // 2 bytes
	KeyKernelEntry   = 0x10
	KeyKernelData    = 0x11
	KeyInitrdData    = 0x12
	KeyCmdlineAddr   = 0x13
	KeyCmdlineSize   = 0x14
	KeyCmdlineData   = 0x15 // string
	KeySetupAddr     = 0x16
	KeySetupSize     = 0x17
	KeySetupData     = 0x18
	KeyFileDir       = 0x19 // made by the device
	KeyFileFirst     = 0x20 // files, in the order of their names

	// Items of the PC.
	KeyACPITables    = 0x8000
	KeySMBIOSEntries = 0x8001
	KeyIRQ0Override  = 0x8002
	KeyE820Table     = 0x8003
	KeyHPET          = 0x8004
)

// MaxName is the longest name of a file, in bytes, without the NUL.
const MaxName = 55

const (
	featurePorts = 1 << 0
	featureDMA   = 1 << 1

	maxName   = MaxName
	maxFiles  = 1024
	entrySize = 64 // of the directory: size (4), key (2), 0 (2), name (56)
)

// A file is an item with a name.
type file struct {
	name string
	data []byte
}

// Add puts an item in. It is an error if there is one already, or if the number belongs to
// the device or to a file. The device keeps data and never writes to it.
func (d *Device) Add(key uint16, data []byte) error {
	if key&writeChannel != 0 || key >= KeyFileFirst && key < writeChannel {
		return fmt.Errorf("fwcfg: add item %#04x: not the number of an item", key)
	}
	if _, taken := d.items[key]; taken {
		return fmt.Errorf("fwcfg: add item %#04x: there is one already", key)
	}
	if uint64(len(data)) > math.MaxUint32 {
		return fmt.Errorf("fwcfg: add item %#04x: %d bytes are too many", key, len(data))
	}
	d.items[key] = data
	return nil
}

// Add16 puts in a number of 2 bytes.
func (d *Device) Add16(key, v uint16) error {
	return d.Add(key, binary.LittleEndian.AppendUint16(nil, v))
}

// Add32 puts in a number of 4 bytes.
func (d *Device) Add32(key uint16, v uint32) error {
	return d.Add(key, binary.LittleEndian.AppendUint32(nil, v))
}

// Add64 puts in a number of 8 bytes.
func (d *Device) Add64(key uint16, v uint64) error {
	return d.Add(key, binary.LittleEndian.AppendUint64(nil, v))
}

// AddString puts in a string, with a NUL after it.
func (d *Device) AddString(key uint16, s string) error {
	return d.Add(key, append([]byte(s), 0))
}

// AddFile puts in a file: an item that is found by its name, at most 55 bytes long. Files
// are numbered in the order of their names, so that all of them are to be put in before the
// guest runs.
func (d *Device) AddFile(name string, data []byte) error {
	switch i := d.find(name); {
	case name == "" || len(name) > maxName:
		return fmt.Errorf("fwcfg: add file %q: name has %d bytes, not 1 to %d", name, len(name), maxName)
	case i < len(d.files) && d.files[i].name == name:
		return fmt.Errorf("fwcfg: add file %q: there is one already", name)
	case len(d.files) == maxFiles:
		return fmt.Errorf("fwcfg: add file %q: more than %d files", name, maxFiles)
	case uint64(len(data)) > math.MaxUint32:
		return fmt.Errorf("fwcfg: add file %q: %d bytes are too many", name, len(data))
	default:
		d.files = append(d.files, file{})
		copy(d.files[i+1:], d.files[i:])
		d.files[i] = file{name, data}
	}
	d.list()
	return nil
}

// find is where the file is, or would be.
func (d *Device) find(name string) int {
	return sort.Search(len(d.files), func(i int) bool { return d.files[i].name >= name })
}

// list numbers the files and makes the directory.
func (d *Device) list() {
	be := binary.BigEndian
	dir := be.AppendUint32(nil, uint32(len(d.files)))
	for i, f := range d.files {
		key := KeyFileFirst + uint16(i)
		d.items[key] = f.data
		var e [entrySize]byte
		be.PutUint32(e[:], uint32(len(f.data)))
		be.PutUint16(e[4:], key)
		copy(e[8:], f.name)
		dir = append(dir, e[:]...)
	}
	d.items[KeyFileDir] = dir
}
