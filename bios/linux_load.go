package bios

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// Offsets in the zero page outside the setup header.
//
// zero-page.rst; include/uapi/linux/screen_info.h.
const (
	zpCursorX   = 0x000 // screen_info.orig_x, in columns
	zpCursorY   = 0x001 // screen_info.orig_y, in rows
	zpExtMemK   = 0x002 // 2 bytes: KiB above 1 MiB, as INT 15h/88h says
	zpVideoMode = 0x006 // screen_info.orig_video_mode
	zpVideoCols = 0x007
	zpVideoRows = 0x00E
	zpIsVGA     = 0x00F
	zpPoints    = 0x010 // 2: height of a character in scan lines
	zpRSDP      = 0x070 // 8: address of the ACPI RSDP, or 0
	zpAltMemK   = 0x1E0 // 4: KiB above 1 MiB
	zpE820Count = 0x1E8
	zpE820      = 0x2D0 // 20 bytes each: start, size, kind
	zpSize      = 4096
	zpE820Max   = 128
)

const (
	// entry64 is where the 64-bit entry lies in the protected-mode code.
	entry64 = 0x200
	// loaderUndefined is type_of_loader for a loader without an assigned number.
	loaderUndefined = 0xFF
	// vidModeNormal is vid_mode for 80×25 text.
	vidModeNormal = 0xFFFF
	// heapEnd is the end of the real-mode heap. The real-mode code does not run here.
	heapEnd = 0xE000 - 0x200

	bootStack = 4096
)

// lowMemory is where the small structures of a boot loader go: clear of the interrupt
// vectors and the BIOS data area, and of the place of a boot sector.
var lowMemory = span{0x10000, EBDABase}

// extended is extended memory below 4 GiB.
var extended = span{HighBase, FourGiB}

// planLinux places a bzImage, its initial RAM disk and its boot parameters.
func planLinux(b Boot) (*plan, error) {
	h, err := parseLinux(b.Kernel)
	if err != nil {
		return nil, err
	}
	if len(b.Modules) > 1 {
		return nil, fmt.Errorf("%d initial RAM disks: Linux takes one", len(b.Modules))
	}
	if uint64(len(b.Cmdline)) > h.cmdlineMax {
		return nil, fmt.Errorf("command line of %d bytes: this kernel takes at most %d", len(b.Cmdline), h.cmdlineMax)
	}
	l, p := newLayout(b.RAM), &plan{}
	kernel, err := h.placeKernel(l)
	if err != nil {
		return nil, err
	}
	p.put(kernel, h.code)

	zp := zeroPage(h, b.RAM)
	le := binary.LittleEndian
	le.PutUint64(zp[zpRSDP:], b.RSDP)
	le.PutUint32(zp[hdrCode32Start:], uint32(kernel))
	if len(b.Modules) == 1 && len(b.Modules[0].Data) > 0 {
		data := b.Modules[0].Data
		at, ok := l.highest(uint64(len(data)), tableSize, span{HighBase, h.initrdMax})
		if !ok {
			return nil, fmt.Errorf("initial RAM disk of %d KiB does not fit between the kernel and %#x: give the guest more memory",
				len(data)>>10, min(h.initrdMax, b.RAM))
		}
		p.put(at, data)
		le.PutUint32(zp[hdrRamdiskImage:], uint32(at))
		le.PutUint32(zp[hdrRamdiskSize:], uint32(len(data)))
	}
	return p, p.startLinux(l, h, kernel, zp, b.Cmdline)
}

// placeKernel claims the memory that the kernel runs in and returns where its
// protected-mode code goes.
//
// A relocatable kernel is loaded at pref_address. boot.rst lets a loader choose a lower
// address, but the decompressors of x86 move up to pref_address by themselves, so that
// nothing would be gained. A kernel that is not relocatable is loaded at 1 MiB and moves.
func (h *linuxHeader) placeKernel(l *layout) (uint64, error) {
	load := uint64(bzImageStart)
	run := max(h.prefAddress, load)
	if h.relocatable {
		run = alignUp(run, h.alignment)
		load = run
	}
	if !l.take(run, h.initSize) {
		return 0, fmt.Errorf("needs %d MiB of memory from %#x on: give the guest at least %d MiB",
			(h.initSize+1<<20-1)>>20, run, (run+h.initSize+1<<20-1)>>20)
	}
	// The code as loaded may lie below the place it moves to, or reach into it.
	if load < run && !l.take(load, min(uint64(len(h.code)), run-load)) {
		return 0, errors.New("no memory at 1 MiB")
	}
	return load, nil
}

// zeroPage is struct boot_params without the addresses of kernel, initrd and command line.
func zeroPage(h *linuxHeader, ramSize uint64) []byte {
	zp := make([]byte, zpSize)
	copy(zp[hdrSetupSects:], h.raw)
	le := binary.LittleEndian
	zp[hdrLoader] = loaderUndefined
	zp[hdrLoadflags] |= canUseHeap
	le.PutUint16(zp[hdrHeapEnd:], heapEnd)
	le.PutUint16(zp[hdrVidMode:], vidModeNormal)
	le.PutUint32(zp[hdrRamdiskImage:], 0)
	le.PutUint32(zp[hdrRamdiskSize:], 0)

	zp[zpVideoMode] = 3 // 80×25 colour text
	zp[zpVideoCols], zp[zpVideoRows] = 80, 25
	zp[zpIsVGA] = 1
	le.PutUint16(zp[zpPoints:], 16)

	extendedK := ExtendedRAM(ramSize) >> 10
	le.PutUint32(zp[zpAltMemK:], uint32(extendedK))
	le.PutUint16(zp[zpExtMemK:], uint16(min(extendedK, 0xFC00))) // 88h stops at 63 MiB

	regions := MemoryMap(ramSize)
	regions = regions[:min(len(regions), zpE820Max)]
	zp[zpE820Count] = uint8(len(regions))
	for i, r := range regions {
		e := zp[zpE820+20*i:]
		le.PutUint64(e, r.Start)
		le.PutUint64(e[8:], r.Size)
		le.PutUint32(e[16:], uint32(r.Kind))
	}
	return zp
}

// startLinux places the boot parameters and works out the processor state.
//
// boot.rst, "32-bit Boot Protocol" and "64-bit Boot Protocol".
func (p *plan) startLinux(l *layout, h *linuxHeader, kernel uint64, zp []byte, cmdline string) error {
	mode, tables := Protected32, uint64(0)
	if h.has64 {
		mode, tables = Long64, identityTables
	}
	// One block: zero page, page tables, stack, GDT, command line.
	const page = tableSize
	size := zpSize + tables + bootStack + page + uint64(len(cmdline)) + 1
	at, ok := l.lowest(size, page, lowMemory)
	if !ok {
		return fmt.Errorf("no room for %d KiB of boot parameters below 640 KiB", size>>10)
	}
	cr3 := at + zpSize
	stack := cr3 + tables + bootStack
	text := stack + page
	binary.LittleEndian.PutUint32(zp[hdrCmdlinePtr:], uint32(text))
	p.put(at, zp)
	p.put(stack, gdt(mode))
	p.put(text, append([]byte(cmdline), 0))

	e := flat(mode, stack)
	e.RIP, e.RSP, e.RSI = kernel, stack, at
	if mode == Long64 {
		p.put(cr3, identity(cr3))
		e.RIP += entry64
		e.CR0 |= x86.CR0_PG
		e.CR3 = cr3
		e.CR4 = x86.CR4_PAE
		e.EFER = x86.EFER_LME | x86.EFER_LMA
	}
	p.entry = e
	return nil
}
