package bios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Flags and offsets of the information structure.
//
// Multiboot Specification, "Boot information format".
const (
	mbiHasMemory      = 1 << 0
	mbiHasCmdline     = 1 << 2
	mbiHasModules     = 1 << 3
	mbiHasSections    = 1 << 5
	mbiHasMap         = 1 << 6
	mbiHasLoaderName  = 1 << 9
	mbiHasFramebuffer = 1 << 12

	mbiFlags       = 0
	mbiMemLower    = 4  // KiB from 0 on
	mbiMemUpper    = 8  // KiB from 1 MiB on
	mbiCmdline     = 16 // address
	mbiModsCount   = 20
	mbiModsAddr    = 24
	mbiSections    = 28 // number, entry size, address, index of the name section
	mbiMapLength   = 44 // bytes
	mbiMapAddr     = 48
	mbiLoaderName  = 64
	mbiFramebuffer = 88 // address (8), pitch, width, height (4 each), bits (1), type (1)
	mbiSize        = 120

	mbiModule   = 16 // start, end, command line, 0
	mbiMapEntry = 24 // size of the rest (20), start (8), size (8), kind

	loaderName = "glassbox"
	maxModules = 1024
)

// startMultiboot places the modules and the information structure and works out the
// processor state.
//
// Multiboot Specification, "Machine state".
func (p *plan) startMultiboot(l *layout, h mbHeader, k *kernelImage, b Boot) error {
	above := span{max(HighBase, k.end()), FourGiB}
	modules, err := p.placeModules(l, above, b.Modules)
	if err != nil {
		return err
	}
	if k.sections != nil {
		k.sections.place(p, l, above)
	}
	info := mbInfo{header: h, modules: modules, sections: k.sections, boot: b}
	info.cmdline = strings.TrimSpace(b.KernelName + " " + b.Cmdline)

	const page = tableSize
	size := uint64(len(info.encode(0)))
	at, ok := l.lowest(bootStack+page+size, page, lowMemory)
	if !ok {
		at, ok = l.lowest(bootStack+page+size, page, span{0x1000, FourGiB})
	}
	if !ok {
		return fmt.Errorf("no room for %d bytes of boot information", size)
	}
	table := at + bootStack
	infoAt := table + page
	p.put(table, gdt(Protected32))
	p.put(infoAt, info.encode(infoAt))

	// The specification leaves ESP undefined. It is given a small stack all the same, for
	// kernels that push before they set up their own.
	e := flat(Protected32, table)
	e.RIP, e.RSP = k.entry, table
	e.RAX, e.RBX = mbLoaded, infoAt
	p.entry = e
	return nil
}

// A placedModule is a module in guest memory.
type placedModule struct {
	start, end uint64
	cmdline    string
}

func (p *plan) placeModules(l *layout, within span, modules []Module) ([]placedModule, error) {
	if len(modules) > maxModules {
		return nil, fmt.Errorf("%d modules: at most %d", len(modules), maxModules)
	}
	var placed []placedModule
	for i, m := range modules {
		size := uint64(len(m.Data))
		at, ok := l.lowest(size, tableSize, within)
		if !ok {
			return nil, fmt.Errorf("module %d (%d KiB) does not fit above the kernel: give the guest more memory", i, size>>10)
		}
		if strings.ContainsRune(m.Cmdline, 0) {
			return nil, errors.New("module command line contains a NUL character")
		}
		p.put(at, m.Data)
		placed = append(placed, placedModule{at, at + size, m.Cmdline})
	}
	return placed, nil
}

// An mbInfo is the contents of the information structure and of what it points to.
type mbInfo struct {
	header   mbHeader
	cmdline  string
	modules  []placedModule
	sections *elfSections
	boot     Boot
}

// encode lays the structure out for address base. Its length does not depend on base.
func (i *mbInfo) encode(base uint64) []byte {
	le := binary.LittleEndian
	b := make([]byte, mbiSize)
	// add appends data and returns its address.
	add := func(data []byte) uint32 {
		at := base + uint64(len(b))
		b = append(b, data...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
		return uint32(at)
	}
	set := func(off int, v uint32) { le.PutUint32(b[off:], v) } // after add, which moves b
	text := func(s string) uint32 { return add(append([]byte(s), 0)) }
	flags := uint32(mbiHasMemory | mbiHasCmdline | mbiHasModules | mbiHasMap | mbiHasLoaderName)

	low, _ := SplitRAM(i.boot.RAM)
	set(mbiMemLower, uint32(min(low, EBDABase)>>10))
	set(mbiMemUpper, uint32(ExtendedRAM(i.boot.RAM)>>10))
	set(mbiCmdline, text(i.cmdline))
	set(mbiLoaderName, text(loaderName))

	mods := make([]byte, 0, len(i.modules)*mbiModule)
	for _, m := range i.modules {
		for _, v := range []uint32{uint32(m.start), uint32(m.end), text(m.cmdline), 0} {
			mods = le.AppendUint32(mods, v)
		}
	}
	set(mbiModsCount, uint32(len(i.modules)))
	set(mbiModsAddr, add(mods))

	memory := mbMap(i.boot.RAM)
	set(mbiMapLength, uint32(len(memory)))
	set(mbiMapAddr, add(memory))

	if s := i.sections; s != nil {
		flags |= mbiHasSections
		table := add(s.table)
		for n, v := range []uint32{uint32(s.num), uint32(s.size), table, uint32(s.names)} {
			set(mbiSections+4*n, v)
		}
	}
	if i.header.flags&mbWantVideo != 0 {
		flags |= mbiHasFramebuffer
		putTextMode(b[mbiFramebuffer:])
	}
	set(mbiFlags, flags)
	return b
}

// mbMap is the memory map in the format of the information structure.
func mbMap(ramSize uint64) []byte {
	le := binary.LittleEndian
	var b []byte
	for _, r := range MemoryMap(ramSize) {
		b = le.AppendUint32(b, mbiMapEntry-4)
		b = le.AppendUint64(b, r.Start)
		b = le.AppendUint64(b, r.Size)
		b = le.AppendUint32(b, uint32(r.Kind))
	}
	return b
}

// putTextMode describes 80×25 colour text, framebuffer type 2.
func putTextMode(b []byte) {
	le := binary.LittleEndian
	le.PutUint64(b, 0xB8000)
	le.PutUint32(b[8:], 160)
	le.PutUint32(b[12:], 80)
	le.PutUint32(b[16:], 25)
	b[20], b[21] = 16, 2
}
