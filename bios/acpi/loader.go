package acpi

import "encoding/binary"

// Names of the files in which foreign firmware finds the tables and the script.
const (
	FileTables = "etc/acpi/tables"
	FileRSDP   = "etc/acpi/rsdp"
	FileLoader = "etc/table-loader"
)

// Commands of the script, 128 bytes each, little-endian.
const (
	cmdAllocate    = 1 // file, alignment (4), zone (1)
	cmdAddPointer  = 2 // file, file pointed to, offset (4), size (1)
	cmdAddChecksum = 3 // file, offset (4), start (4), length (4)

	zoneHigh = 1
	zoneFSeg = 2

	commandSize  = 128
	fileNameSize = 56
)

func (b blob) file() string { return [...]string{FileTables, FileRSDP}[b] }

// Tables and RSDP are the contents of the files etc/acpi/tables and etc/acpi/rsdp: the
// tables before they have an address.
func (i *Image) Tables() []byte { return i.tables }
func (i *Image) RSDP() []byte   { return i.rsdp }

// Loader is the script etc/table-loader, which says how to place them.
func (i *Image) Loader() (script []byte) {
	le := binary.LittleEndian
	command := func(n uint32, fill func(p []byte)) {
		p := make([]byte, commandSize)
		le.PutUint32(p, n)
		fill(p[4:])
		script = append(script, p...)
	}
	allocate := func(b blob, align uint32, zone byte) {
		command(cmdAllocate, func(p []byte) {
			copy(p, b.file())
			le.PutUint32(p[fileNameSize:], align)
			p[fileNameSize+4] = zone
		})
	}
	allocate(blobTables, 64, zoneHigh) // as the FACS wants it
	allocate(blobRSDP, 16, zoneFSeg)
	for _, ptr := range i.pointers {
		command(cmdAddPointer, func(p []byte) {
			copy(p, ptr.in.file())
			copy(p[fileNameSize:], FileTables)
			le.PutUint32(p[2*fileNameSize:], ptr.at)
			p[2*fileNameSize+4] = ptr.size
		})
	}
	for _, s := range i.sums {
		command(cmdAddChecksum, func(p []byte) {
			copy(p, s.in.file())
			le.PutUint32(p[fileNameSize:], s.at)
			le.PutUint32(p[fileNameSize+4:], s.start)
			le.PutUint32(p[fileNameSize+8:], s.n)
		})
	}
	return script
}
