package bios

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	mbSearch = 8192 // the header lies in this many bytes at the start of the file
	mbMagic  = 0x1BADB002
	mbLoaded = 0x2BADB002 // in EAX when the kernel starts

	// Header flags.
	mbPageAlign   = 1 << 0 // modules on page boundaries: always so here
	mbWantMemory  = 1 << 1 // memory information: always given
	mbWantVideo   = 1 << 2 // a video mode: gets 80×25 text
	mbHasAddress  = 1 << 16
	mbMustKnow    = 0xFFFF // a loader must refuse flags among these that it does not know
	mbKnown       = mbPageAlign | mbWantMemory | mbWantVideo
	mbHeaderSize  = 12
	mbAddressSize = mbHeaderSize + 5*4
)

// A mbHeader is a Multiboot header.
//
// Multiboot Specification, "The layout of Multiboot header".
type mbHeader struct {
	offset uint64 // in the file
	flags  uint32
	// With mbHasAddress: where the file says its parts go.
	headerAddr, loadAddr, loadEnd, bssEnd, entry uint64
}

// findMultiboot looks for a header whose checksum is right.
func findMultiboot(file []byte) (h mbHeader, ok bool) {
	le := binary.LittleEndian
	limit := min(len(file), mbSearch)
	for off := 0; off+mbHeaderSize <= limit; off += 4 {
		magic, flags := le.Uint32(file[off:]), le.Uint32(file[off+4:])
		if magic != mbMagic || magic+flags+le.Uint32(file[off+8:]) != 0 {
			continue
		}
		h = mbHeader{offset: uint64(off), flags: flags}
		if flags&mbHasAddress == 0 {
			return h, true
		}
		if off+mbAddressSize > limit {
			continue
		}
		for i, f := range []*uint64{&h.headerAddr, &h.loadAddr, &h.loadEnd, &h.bssEnd, &h.entry} {
			*f = uint64(le.Uint32(file[off+mbHeaderSize+4*i:]))
		}
		return h, true
	}
	return mbHeader{}, false
}

// A kernelImage is what a Multiboot kernel file says about itself.
type kernelImage struct {
	pieces   []piece
	entry    uint64 // physical
	sections *elfSections
}

// end is the first address after the kernel.
func (k *kernelImage) end() uint64 {
	var end uint64
	for _, p := range k.pieces {
		end = max(end, p.addr+uint64(len(p.data))+p.zero)
	}
	return end
}

// planMultiboot places a kernel, its modules and the information structure.
func planMultiboot(b Boot) (*plan, error) {
	h, ok := findMultiboot(b.Kernel)
	if !ok {
		return nil, errors.New("no header")
	}
	if unknown := h.flags & mbMustKnow &^ mbKnown; unknown != 0 {
		return nil, fmt.Errorf("header asks for features %#x, which this loader does not have", unknown)
	}
	var kernel *kernelImage
	var err error
	if h.flags&mbHasAddress != 0 {
		kernel, err = h.addressImage(b.Kernel)
	} else {
		kernel, err = elfImage(b.Kernel)
	}
	if err != nil {
		return nil, err
	}
	l := newLayout(b.RAM)
	for _, c := range kernel.pieces {
		if size := uint64(len(c.data)) + c.zero; !l.take(c.addr, size) {
			return nil, fmt.Errorf("segment at %#x, %#x bytes, overlaps another or is outside of RAM", c.addr, size)
		}
	}
	p := &plan{pieces: kernel.pieces}
	return p, p.startMultiboot(l, h, kernel, b)
}

// addressImage is an image that is placed by the address fields of its header.
//
// Multiboot Specification, "The address fields of Multiboot header".
func (h *mbHeader) addressImage(file []byte) (*kernelImage, error) {
	before := h.headerAddr - h.loadAddr // bytes to load before the header
	if h.headerAddr < h.loadAddr || before > h.offset {
		return nil, fmt.Errorf("header_addr %#x and load_addr %#x do not fit a header at offset %#x",
			h.headerAddr, h.loadAddr, h.offset)
	}
	off := h.offset - before
	size := uint64(len(file)) - off
	if h.loadEnd != 0 {
		if h.loadEnd < h.loadAddr {
			return nil, fmt.Errorf("load_end_addr %#x is below load_addr %#x", h.loadEnd, h.loadAddr)
		}
		size = h.loadEnd - h.loadAddr
	}
	data, err := slice(file, off, size, "image")
	if err != nil {
		return nil, err
	}
	c := piece{addr: h.loadAddr, data: data}
	if end := h.loadAddr + size; h.bssEnd != 0 {
		if h.bssEnd < end {
			return nil, fmt.Errorf("bss_end_addr %#x is below the end of the image, %#x", h.bssEnd, end)
		}
		c.zero = h.bssEnd - end
	}
	return &kernelImage{pieces: []piece{c}, entry: h.entry}, nil
}
