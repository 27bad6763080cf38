package bios

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	elfMagic = "\x7FELF"

	elfClass32, elfClass64 = 1, 2
	elfLittleEndian        = 1
	em386, emX8664         = 3, 62

	ptLoad    = 1
	shtNull   = 0
	shtNoBits = 8

	// Bounds on what one file may make us do; real kernels are far below.
	maxSegments = 128
	maxSections = 1024
)

// An elfLayout says where the fields of one ELF class lie. Addresses are word bytes wide.
//
// System V ABI, "ELF Header", "Section Header", "Program Header".
type elfLayout struct {
	word                                           uint64
	machine                                        uint16
	entry, phoff, shoff                            uint64 // in the file header
	phentsize, phnum, shentsize, shnum, shstrndx   uint64 // 2 bytes each
	headerSize                                     uint64
	pOffset, pVaddr, pPaddr, pFilesz, pMemsz, phSz uint64 // in a program header
	sType, sAddr, sOffset, sSize, sAlign, shSz     uint64 // in a section header
}

func elf32() *elfLayout {
	return &elfLayout{
		word: 4, machine: em386, entry: 24, phoff: 28, shoff: 32,
		phentsize: 42, phnum: 44, shentsize: 46, shnum: 48, shstrndx: 50, headerSize: 52,
		pOffset: 4, pVaddr: 8, pPaddr: 12, pFilesz: 16, pMemsz: 20, phSz: 32,
		sType: 4, sAddr: 12, sOffset: 16, sSize: 20, sAlign: 32, shSz: 40,
	}
}

func elf64() *elfLayout {
	return &elfLayout{
		word: 8, machine: emX8664, entry: 24, phoff: 32, shoff: 40,
		phentsize: 54, phnum: 56, shentsize: 58, shnum: 60, shstrndx: 62, headerSize: 64,
		pOffset: 8, pVaddr: 16, pPaddr: 24, pFilesz: 32, pMemsz: 40, phSz: 56,
		sType: 4, sAddr: 16, sOffset: 24, sSize: 32, sAlign: 48, shSz: 64,
	}
}

// get reads an address or size at off.
func (f *elfLayout) get(b []byte, off uint64) uint64 {
	if f.word == 4 {
		return uint64(binary.LittleEndian.Uint32(b[off:]))
	}
	return binary.LittleEndian.Uint64(b[off:])
}

// put writes an address at off.
func (f *elfLayout) put(b []byte, off, v uint64) {
	if f.word == 4 {
		binary.LittleEndian.PutUint32(b[off:], uint32(v))
		return
	}
	binary.LittleEndian.PutUint64(b[off:], v)
}

func half(b []byte, off uint64) uint64 { return uint64(binary.LittleEndian.Uint16(b[off:])) }

// elfImage reads an executable for the i386, or for x86-64: the latter is entered in 32-bit
// mode all the same and has to switch by itself.
func elfImage(file []byte) (*kernelImage, error) {
	if len(file) < 52 || !bytes.HasPrefix(file, []byte(elfMagic)) {
		return nil, errors.New("neither address fields in the header nor an ELF file")
	}
	var f *elfLayout
	switch file[4] {
	case elfClass32:
		f = elf32()
	case elfClass64:
		f = elf64()
	default:
		return nil, fmt.Errorf("ELF class %d", file[4])
	}
	head, err := slice(file, 0, f.headerSize, "ELF header")
	if err != nil {
		return nil, err
	}
	if m := half(head, 18); file[5] != elfLittleEndian || m != uint64(f.machine) {
		return nil, fmt.Errorf("ELF file for machine %d, not for x86", m)
	}
	k := &kernelImage{entry: f.get(head, f.entry), sections: f.findSections(file, head)}
	if err := f.loadSegments(k, file, head); err != nil {
		return nil, err
	}
	if k.entry >= FourGiB {
		return nil, fmt.Errorf("entry point %#x is above 4 GiB", k.entry)
	}
	return k, nil
}

// loadSegments collects the loadable segments, at their physical addresses, and turns the
// entry point, which is a virtual address, into a physical one.
func (f *elfLayout) loadSegments(k *kernelImage, file, head []byte) error {
	num, size := half(head, f.phnum), half(head, f.phentsize)
	if num > 0 && size < f.phSz {
		return fmt.Errorf("program headers of %d bytes", size)
	}
	table, err := slice(file, f.get(head, f.phoff), num*size, "program header table")
	if err != nil {
		return err
	}
	virtual := k.entry
	for ; len(table) > 0; table = table[size:] {
		memsz := f.get(table, f.pMemsz)
		if binary.LittleEndian.Uint32(table) != ptLoad || memsz == 0 {
			continue
		}
		vaddr, paddr, filesz := f.get(table, f.pVaddr), f.get(table, f.pPaddr), f.get(table, f.pFilesz)
		data, err := slice(file, f.get(table, f.pOffset), filesz, "segment")
		switch {
		case err != nil:
			return err
		case filesz > memsz:
			return fmt.Errorf("segment at %#x: %#x bytes in the file, %#x in memory", paddr, filesz, memsz)
		case paddr >= FourGiB || memsz > FourGiB-paddr:
			return fmt.Errorf("segment at %#x, %#x bytes, reaches above 4 GiB", paddr, memsz)
		case len(k.pieces) == maxSegments:
			return fmt.Errorf("more than %d segments", maxSegments)
		}
		if virtual >= vaddr && virtual-vaddr < memsz {
			k.entry = virtual - vaddr + paddr
		}
		k.pieces = append(k.pieces, piece{addr: paddr, data: data, zero: memsz - filesz})
	}
	if len(k.pieces) == 0 {
		return errors.New("ELF file without a loadable segment")
	}
	return nil
}

// elfSections are the section headers, from which a kernel debugger finds its symbols.
type elfSections struct {
	f                *elfLayout
	file             []byte
	table            []byte // a copy
	num, size, names uint64
}

// findSections returns the section header table, or nil if there is none that makes sense:
// a kernel runs as well without it.
func (f *elfLayout) findSections(file, head []byte) *elfSections {
	s := &elfSections{
		f: f, file: file,
		num: half(head, f.shnum), size: half(head, f.shentsize), names: half(head, f.shstrndx),
	}
	if s.num == 0 || s.num > maxSections || s.size < f.shSz {
		return nil
	}
	table, err := slice(file, f.get(head, f.shoff), s.num*s.size, "section header table")
	if err != nil {
		return nil
	}
	s.table = bytes.Clone(table)
	return s
}

// place puts the sections that no segment contains (symbols, strings) above the kernel and
// enters their addresses into the table. What does not fit is left out.
func (s *elfSections) place(p *plan, l *layout, within span) {
	for i := uint64(0); i < s.num; i++ {
		h := s.table[i*s.size:]
		kind, size := binary.LittleEndian.Uint32(h[s.f.sType:]), s.f.get(h, s.f.sSize)
		if kind == shtNull || kind == shtNoBits || size == 0 || s.f.get(h, s.f.sAddr) != 0 {
			continue
		}
		data, err := slice(s.file, s.f.get(h, s.f.sOffset), size, "section")
		if err != nil {
			continue
		}
		align := s.f.get(h, s.f.sAlign)
		if align == 0 || align&(align-1) != 0 || align > tableSize {
			align = 16
		}
		if at, ok := l.lowest(size, align, within); ok {
			p.put(at, data)
			s.f.put(h, s.f.sAddr, at)
		}
	}
}
