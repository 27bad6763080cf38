package bios

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Offsets in the setup header, which lies at the same place in a bzImage and in the zero
// page (struct boot_params).
//
// boot.rst, "The Real-Mode Kernel Header".
const (
	hdrSetupSects    = 0x1F1 // 1 byte: sectors of real-mode code after the first; 0 means 4
	hdrSyssize       = 0x1F4 // 4: size of the protected-mode code in 16-byte units
	hdrVidMode       = 0x1FA // 2
	hdrBootFlag      = 0x1FE // 2: AA55h
	hdrJumpLength    = 0x201 // 1: the header ends this many bytes after 202h
	hdrMagic         = 0x202 // 4: "HdrS"
	hdrVersion       = 0x206 // 2: protocol version, major in the high byte
	hdrLoader        = 0x210 // 1
	hdrLoadflags     = 0x211 // 1
	hdrCode32Start   = 0x214 // 4
	hdrRamdiskImage  = 0x218 // 4
	hdrRamdiskSize   = 0x21C // 4
	hdrHeapEnd       = 0x224 // 2
	hdrCmdlinePtr    = 0x228 // 4
	hdrInitrdAddrMax = 0x22C // 4: last byte that the initrd may occupy
	hdrAlignment     = 0x230 // 4
	hdrRelocatable   = 0x234 // 1
	hdrXloadflags    = 0x236 // 2
	hdrCmdlineSize   = 0x238 // 4: longest command line, without the NUL
	hdrPrefAddress   = 0x258 // 8
	hdrInitSize      = 0x260 // 4
	hdrLimit         = 0x290 // the header never reaches this far
)

const (
	linuxMagic  = "HdrS"
	linuxSector = 512
	bootFlag    = 0xAA55

	loadedHigh = 1 << 0 // loadflags: this is a bzImage
	canUseHeap = 1 << 7 // loadflags: heap_end_ptr is valid
	xlfKernel  = 1 << 0 // xloadflags: XLF_KERNEL_64

	version206 = 0x0206
	version210 = 0x020A
	version212 = 0x020C

	// zImageStart is where the real-mode code would be; the protected-mode code of a
	// kernel that does not say otherwise goes to bzImageStart.
	bzImageStart = 0x100000
)

// A linuxHeader is the part of the setup header that a loader goes by.
type linuxHeader struct {
	version     uint16
	setupSects  uint8
	raw         []byte // header from 1F1h on, as it goes into the zero page
	code        []byte // the protected-mode code
	initrdMax   uint64 // first address that the initrd must not touch
	alignment   uint64 // power of two, if relocatable
	relocatable bool
	has64       bool   // there is a 64-bit entry at 200h
	cmdlineMax  uint64 // without the NUL
	prefAddress uint64 // 0: no preference
	initSize    uint64 // memory that the kernel needs from its start on, at least the code
}

// isLinux reports whether the file claims to be a Linux kernel of protocol 2.00 or later.
func isLinux(file []byte) bool {
	return len(file) >= hdrVersion+2 &&
		string(file[hdrMagic:hdrMagic+4]) == linuxMagic &&
		binary.LittleEndian.Uint16(file[hdrBootFlag:]) == bootFlag
}

// parseLinux reads and checks the setup header.
func parseLinux(file []byte) (*linuxHeader, error) {
	if !isLinux(file) {
		return nil, errors.New("no setup header")
	}
	le := binary.LittleEndian
	h := &linuxHeader{version: le.Uint16(file[hdrVersion:]), setupSects: file[hdrSetupSects]}
	if h.version < version206 {
		return nil, fmt.Errorf("boot protocol %d.%02d is too old: need 2.06 or later (Linux 2.6.22)",
			h.version>>8, h.version&0xFF)
	}
	end := hdrMagic + uint64(file[hdrJumpLength])
	if end < hdrCmdlineSize+4 || end > hdrLimit {
		return nil, fmt.Errorf("setup header cannot end at %#x", end)
	}
	raw, err := slice(file, hdrSetupSects, end-hdrSetupSects, "setup header")
	if err != nil {
		return nil, err
	}
	h.raw = raw
	if file[hdrLoadflags]&loadedHigh == 0 {
		return nil, errors.New("a zImage, loaded below 640 KiB: not supported, build a bzImage")
	}
	if err := h.parseCode(file); err != nil {
		return nil, err
	}
	h.initrdMax = uint64(le.Uint32(file[hdrInitrdAddrMax:])) + 1
	h.cmdlineMax = uint64(le.Uint32(file[hdrCmdlineSize:]))
	return h, h.parsePlacement()
}

// parseCode finds the protected-mode code.
func (h *linuxHeader) parseCode(file []byte) error {
	sects := uint64(h.setupSects)
	if sects == 0 {
		sects = 4
	}
	off := (sects + 1) * linuxSector
	if off >= uint64(len(file)) {
		return fmt.Errorf("file of %#x bytes ends before the protected-mode code at %#x", len(file), off)
	}
	h.code = file[off:]
	const unit = 16
	need := uint64(binary.LittleEndian.Uint32(file[hdrSyssize:])) * unit
	if need >= uint64(len(h.code))+unit {
		return fmt.Errorf("file is cut off: %#x bytes of protected-mode code instead of %#x", len(h.code), need)
	}
	return nil
}

// parsePlacement reads the fields that say where the kernel can run. A field that the
// header is too short for is one that the protocol version does not have.
func (h *linuxHeader) parsePlacement() error {
	le := binary.LittleEndian
	field := func(off, size uint64, since uint16) []byte {
		if h.version < since || off+size > hdrSetupSects+uint64(len(h.raw)) {
			return make([]byte, 8)
		}
		return h.raw[off-hdrSetupSects:]
	}
	h.relocatable = field(hdrRelocatable, 1, version206)[0] != 0
	h.alignment = uint64(le.Uint32(field(hdrAlignment, 4, version206)))
	h.has64 = le.Uint16(field(hdrXloadflags, 2, version212))&xlfKernel != 0
	h.prefAddress = le.Uint64(field(hdrPrefAddress, 8, version210))
	h.initSize = max(uint64(le.Uint32(field(hdrInitSize, 4, version210))), uint64(len(h.code)))

	if h.relocatable && (h.alignment == 0 || h.alignment&(h.alignment-1) != 0) {
		return fmt.Errorf("kernel_alignment %#x is not a power of two", h.alignment)
	}
	if h.prefAddress >= FourGiB {
		return fmt.Errorf("pref_address %#x is above 4 GiB", h.prefAddress)
	}
	if h.has64 && len(h.code) <= entry64 {
		return errors.New("64-bit entry point is past the end of the file")
	}
	return nil
}
