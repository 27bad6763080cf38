package machine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/glassbox-vm/glassbox/devices"
)

// A snapshot file:
//
//	8   snapshotMark
//	4   format version
//	4   length of the header
//	n   header: SnapshotInfo as JSON
//	32  SHA-256 of all of the above
//	    sections, each:
//	      2   length of the name
//	      n   name
//	      4   version
//	      4   length of the contents
//	      4   length of the contents as they stand here, compressed with Zstandard
//	      32  SHA-256 of all of the above and of the compressed contents
//	      n   compressed contents
//
// Numbers are little-endian. The sections are, in this order: every row of
// Machine.parts; "ram", once for every 16 MiB; "disk.0" to "disk.5", for what an overlay
// holds, any number of times; "end", empty. Nothing follows.
const (
	snapshotMark    = "GBSNAP\r\n"
	snapshotVersion = 1
	maxHeader       = 64 << 10
	hashSize        = sha256.Size
)

// ErrSnapshot is the error, wrapped, for a file that is no snapshot, a damaged one, or one
// that this machine cannot take.
var ErrSnapshot = errors.New("snapshot")

// A Description is what two machines must have in common for one to take a snapshot of the
// other. It says nothing about the engine, the clock, or where output goes.
type Description struct {
	Memory     uint64    `json:"memory"` // bytes
	CPU        string    `json:"cpu"`    // as Config.CPU
	CPUs       int       `json:"cpus"`
	Cores      int       `json:"cores"`   // of a package
	Threads    int       `json:"threads"` // of a core
	Quantum    uint32    `json:"quantum"` // instructions of a processor's turn
	Drives     [6]int64  `json:"drives"`  // sizes in bytes, -1 for none
	Serials    [6]string `json:"serials"`
	Kernel     string    `json:"kernel"` // SHA-256 of kernel, modules and command line, or ""
	RTCStart   int64     `json:"rtc"`    // seconds since 1970
	SerialPace bool      `json:"serial_pace"`
	DebugExit  bool      `json:"debug_exit"`
	Backing    uint64    `json:"backing"` // bytes of RAM, ROM and video memory together
}

// A SnapshotInfo is what a snapshot says about itself.
type SnapshotInfo struct {
	Name         string       `json:"name"`
	Instructions uint64       `json:"instructions"` // executed before
	Time         devices.Time `json:"time"`         // virtual nanoseconds since power-on
	Machine      Description  `json:"machine"`
}

// Description describes the machine.
func (m *Machine) Description() Description {
	d := Description{
		Memory: m.cfg.Memory, CPU: m.cfg.CPU, CPUs: m.cfg.CPUs, Cores: m.cfg.Cores, Threads: m.cfg.Threads, Quantum: m.cfg.Quantum, RTCStart: m.cfg.RTCStart.Unix(),
		SerialPace: m.cfg.SerialPace, DebugExit: m.cfg.DebugExit,
		Backing: uint64(len(m.mem.Used())), Kernel: bootHash(&m.cfg.Boot),
	}
	for i, dr := range m.cfg.Drives {
		d.Drives[i] = -1
		if dr != nil {
			d.Serials[i] = driveSerial(dr, i)
			if d.Drives[i] = 0; dr.Image != nil {
				d.Drives[i] = dr.Image.Size()
			}
		}
	}
	return d
}

// bootHash identifies what is booted: a reset loads it again, and firmware can ask for it.
func bootHash(b *Boot) string {
	if b.Kernel == nil && b.BIOS == nil && len(b.Files) == 0 {
		return ""
	}
	h := sha256.New()
	piece := func(p []byte) {
		_ = binary.Write(h, binary.LittleEndian, uint64(len(p))) // a hash takes everything
		h.Write(p)
	}
	piece(b.Kernel)
	piece(b.Initrd)
	piece([]byte(b.Append))
	piece([]byte(b.Name))
	piece(b.BIOS)
	piece(b.VGABIOS)
	for _, f := range b.Files {
		piece([]byte(f.Name))
		piece(f.Data)
	}
	for _, m := range b.Modules {
		piece(m.Data)
		piece([]byte(m.Cmdline))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// differs says in words how a snapshot's machine differs from this one.
func (d *Description) differs(of *Description) error {
	switch {
	case of.Memory != d.Memory:
		return fmt.Errorf("it is of a machine with %d MiB of memory, this one has %d", of.Memory>>20, d.Memory>>20)
	case of.CPU != d.CPU:
		return fmt.Errorf("it is of a machine with the processor %q, this one has %q", of.CPU, d.CPU)
	case of.CPUs != d.CPUs || of.Quantum != d.Quantum:
		return fmt.Errorf("it is of a machine with %d processors in turns of %d instructions, this one has %d in turns of %d", of.CPUs, of.Quantum, d.CPUs, d.Quantum)
	case of.Cores != d.Cores || of.Threads != d.Threads:
		return errors.New("it is of a machine whose processors are arranged in other sockets, cores and threads")
	case of.Kernel != d.Kernel:
		return errors.New("it is of a machine that was started with another kernel, initial RAM disk, command line or firmware")
	case of.Backing != d.Backing:
		return errors.New("it is of a machine with other ROMs or video memory")
	case of.SerialPace != d.SerialPace || of.DebugExit != d.DebugExit:
		return errors.New("it is of a machine with other settings of its serial ports or debug exit")
	}
	for i := range d.Drives {
		if of.Drives[i] != d.Drives[i] {
			return fmt.Errorf("drive %d has %d bytes there and %d here (-1: there is none)", i, of.Drives[i], d.Drives[i])
		}
		if of.Serials[i] != d.Serials[i] {
			return fmt.Errorf("drive %d has the serial number %q there and %q here", i, of.Serials[i], d.Serials[i])
		}
	}
	return nil
}

// appendHeader appends everything before the sections.
func appendHeader(p []byte, info *SnapshotInfo) ([]byte, error) {
	text, err := json.Marshal(info)
	if err != nil {
		return nil, err
	}
	if len(text) > maxHeader {
		return nil, fmt.Errorf("%w: name of %d bytes is too long", ErrSnapshot, len(info.Name))
	}
	p = append(p, snapshotMark...)
	p = binary.LittleEndian.AppendUint32(p, snapshotVersion)
	p = binary.LittleEndian.AppendUint32(p, uint32(len(text)))
	p = append(p, text...)
	sum := sha256.Sum256(p)
	return append(p, sum[:]...), nil
}

// ReadSnapshotInfo reads what a snapshot says about itself, and nothing beyond that.
func ReadSnapshotInfo(r io.Reader) (SnapshotInfo, error) {
	info, _, err := readHeader(r)
	return info, err
}

func readHeader(r io.Reader) (info SnapshotInfo, size int, err error) {
	const fixed = len(snapshotMark) + 8
	head := make([]byte, fixed, fixed+1024)
	if _, err := io.ReadFull(r, head); err != nil {
		return info, 0, fmt.Errorf("%w: not a snapshot: %w", ErrSnapshot, err)
	}
	if string(head[:len(snapshotMark)]) != snapshotMark {
		return info, 0, fmt.Errorf("%w: not a snapshot, or damaged: it does not begin with the mark", ErrSnapshot)
	}
	version := binary.LittleEndian.Uint32(head[fixed-8:])
	if version != snapshotVersion {
		return info, 0, fmt.Errorf("%w: format version %d; this program reads %d", ErrSnapshot, version, snapshotVersion)
	}
	n := int(binary.LittleEndian.Uint32(head[fixed-4:]))
	if n > maxHeader {
		return info, 0, fmt.Errorf("%w: header of %d bytes", ErrSnapshot, n)
	}
	head = append(head, make([]byte, n+hashSize)...)
	if _, err := io.ReadFull(r, head[fixed:]); err != nil {
		return info, 0, fmt.Errorf("%w: the header is cut off", ErrSnapshot)
	}
	sum := sha256.Sum256(head[:fixed+n])
	if !bytes.Equal(sum[:], head[fixed+n:]) {
		return info, 0, fmt.Errorf("%w: the header is damaged", ErrSnapshot)
	}
	if err := json.Unmarshal(head[fixed:fixed+n], &info); err != nil {
		return info, 0, fmt.Errorf("%w: header: %w", ErrSnapshot, err)
	}
	return info, len(head), nil
}
