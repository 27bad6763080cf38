package fdc82077

import "io"

// lastTrack is the innermost position of the head.
const lastTrack = 83

// An Image is a disk: the sectors in the order of cylinder, head, sector. Offsets and sizes
// are in bytes.
type Image interface {
	io.ReaderAt
	io.WriterAt
	Size() int64
	ReadOnly() bool
}

// A Type is a kind of drive, as the battery-backed memory of a PC names it.
type Type uint8

// Types.
const (
	NoDrive   Type = 0
	Drive360K Type = 1 // 5¼ inch, 40 tracks
	Drive1M2  Type = 2 // 5¼ inch, 80 tracks
	Drive720K Type = 3
	Drive1M44 Type = 4
	Drive2M88 Type = 5
)

// A Drive says what is connected as drive A or B.
type Drive struct {
	Type  Type  // NoDrive: none
	Image Image // nil: no disk
}

// A Format is how a disk is divided.
type Format struct {
	Cylinders, Heads, Sectors uint8
	Rates                     uint8 // bit n: readable at data rate n
	Drive                     Type  // that it is made for
}

// Bytes is what fits on the disk.
func (f Format) Bytes() int64 {
	return int64(f.Cylinders) * int64(f.Heads) * int64(f.Sectors) * sectorSize
}

// Data rates that formats are readable at, as bits.
const (
	doubleDensity = 1<<1 | 1<<2 // 300 and 250 kbit/s
	highDensity   = 1 << 0
	extraDensity  = 1 << 3
)

// formats are the ways to divide a disk, smallest first.
var formats = [...]Format{
	{40, 1, 8, doubleDensity, Drive360K},  // 160K
	{40, 1, 9, doubleDensity, Drive360K},  // 180K
	{40, 2, 8, doubleDensity, Drive360K},  // 320K
	{40, 2, 9, doubleDensity, Drive360K},  // 360K
	{80, 2, 8, doubleDensity, Drive720K},  // 640K
	{80, 2, 9, doubleDensity, Drive720K},  // 720K
	{80, 2, 10, doubleDensity, Drive720K}, // 800K
	{80, 2, 15, highDensity, Drive1M2},    // 1.2M
	{80, 2, 18, highDensity, Drive1M44},   // 1.44M
	{82, 2, 18, highDensity, Drive1M44},   // 1.476M
	{80, 2, 20, highDensity, Drive1M44},   // 1.6M
	{80, 2, 21, highDensity, Drive1M44},   // 1.68M (DMF)
	{82, 2, 21, highDensity, Drive1M44},   // 1.722M
	{80, 2, 36, extraDensity, Drive2M88},  // 2.88M
}

// FormatOf is how a disk of that many bytes is divided. A size that no format has exactly
// gets 1.44M, or 2.88M when that is too small; false means that it is too large.
func FormatOf(size int64) (Format, bool) {
	for _, f := range formats {
		if f.Bytes() == size {
			return f, true
		}
	}
	for _, f := range formats {
		if f.Drive >= Drive1M44 && f.Bytes() >= size {
			return f, true
		}
	}
	return Format{}, false
}

// drive is a drive and the disk in it.
type drive struct {
	kind    Type
	present bool
	image   Image
	format  Format
}

func newDrive(c Drive) *drive {
	dr := &drive{kind: c.Type, present: c.Type != NoDrive}
	dr.insert(c.Image)
	return dr
}

func (dr *drive) insert(image Image) {
	dr.image = nil
	if image == nil || !dr.present {
		return
	}
	if f, ok := FormatOf(image.Size()); ok {
		dr.image, dr.format = image, f
	}
}

// cylinder is that of the disk under the head: a drive of 80 tracks makes two steps for each
// cylinder of a disk of 40.
func (dr *drive) cylinder(track uint8) uint8 {
	if dr.format.Cylinders == 40 && dr.kind != Drive360K {
		return track / 2
	}
	return track
}

// offset is where a sector is in the image.
func (dr *drive) offset(c, h, r uint8) int64 {
	f := dr.format
	return ((int64(c)*int64(f.Heads)+int64(h))*int64(f.Sectors) + int64(r) - 1) * sectorSize
}

// SetMedium puts a disk into drive n (0 or 1), or takes it out with nil. It reports false
// when there is no such drive or the disk is too large for any format. The controller must
// be given media only between accesses of the guest.
func (d *Device) SetMedium(n int, image Image) bool {
	dr := d.drive[n&1]
	if !dr.present {
		return false
	}
	d.s.Unit[n&1].Changed = true
	dr.insert(image)
	return image == nil || dr.image != nil
}

// Drive returns the type of drive n (0 or 1), for the battery-backed memory.
func (d *Device) Drive(n int) Type { return d.drive[n&1].kind }
