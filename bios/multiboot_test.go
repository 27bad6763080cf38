package bios

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// putHeader writes a Multiboot header with the given flags.
func putHeader(b []byte, off int, flags uint32) {
	put32(b, off, 0x1BADB002)
	put32(b, off+4, flags)
	put32(b, off+8, -(0x1BADB002 + flags))
}

// elfKernel32 is an ELF32 kernel at 1 MiB, linked 3 GiB higher: 0x40 bytes of code at file
// offset 0x200 and 0x1000 bytes of zeros after them, with a symbol table at 0x300.
func elfKernel32() []byte {
	b := make([]byte, 0x400)
	copy(b, "\x7FELF\x01\x01\x01")
	put16(b, 16, 2)          // ET_EXEC
	put16(b, 18, 3)          // EM_386
	put32(b, 24, 0xC0100004) // entry, a virtual address
	put32(b, 28, 52)         // phoff
	put32(b, 32, 0x380)      // shoff
	put16(b, 42, 32)
	put16(b, 44, 1)
	put16(b, 46, 40)
	put16(b, 48, 2) // shnum
	put16(b, 50, 1) // shstrndx
	for i, v := range []uint32{1, 0x200, 0xC0100000, 0x100000, 0x40, 0x1040, 7, 0x1000} {
		put32(b, 52+4*i, v)
	}
	putHeader(b, 0x100, 3)
	for i := range 0x40 {
		b[0x200+i] = byte(i + 1)
	}
	copy(b[0x300:], "\x00.symtab\x00")
	put32(b, 0x380+40+4, 3)      // SHT_STRTAB
	put32(b, 0x380+40+16, 0x300) // offset
	put32(b, 0x380+40+20, 9)     // size
	put32(b, 0x380+40+32, 1)     // alignment
	return b
}

func elfKernel64() []byte {
	b := make([]byte, 0x400)
	copy(b, "\x7FELF\x02\x01\x01")
	put16(b, 16, 2)
	put16(b, 18, 62)
	put64(b, 24, 0xFFFFFFFF80100004)
	put64(b, 32, 64)
	put16(b, 54, 56)
	put16(b, 56, 1)
	put32(b, 64, 1)
	for i, v := range []uint64{0x200, 0xFFFFFFFF80100000, 0x100000, 0x40, 0x1040} {
		put64(b, 64+8+8*i, v)
	}
	putHeader(b, 0x100, 3)
	for i := range 0x40 {
		b[0x200+i] = byte(i + 1)
	}
	return b
}

// addressKernel is a flat image for 1 MiB that loads 0x20 bytes from before its header.
func addressKernel() []byte {
	b := make([]byte, 0x140)
	for i := range b {
		b[i] = byte(i)
	}
	putHeader(b, 0x40, 0x10003)
	for i, v := range []uint32{0x100020, 0x100000, 0x100080, 0x100200, 0x100010} {
		put32(b, 0x4C+4*i, v)
	}
	return b
}

func TestMultibootEntry(t *testing.T) {
	for name, kernel := range map[string][]byte{
		"ELF32": elfKernel32(), "ELF64": elfKernel64(), "compressed": pack(elfKernel32()),
	} {
		t.Run(name, func(t *testing.T) {
			m := newRAM(t, 32*mib)
			for i := range 0x2000 {
				m.b[0x100000+i] = 0xEE // left over from before a reset
			}
			e, err := Load(m, Boot{Kernel: kernel, RAM: 32 * mib})
			require.NoError(t, err)
			assert.Equal(t, FormatMultiboot, e.Format)
			assert.Equal(t, Protected32, e.Mode)
			assert.Equal(t, uint64(0x100004), e.RIP, "physical address of the entry point")
			assert.Equal(t, uint64(0x2BADB002), e.RAX)
			assert.Equal(t, uint64(0x11), e.CR0)
			assert.Equal(t, uint16(0xC09B), e.CS.Access)
			assert.Equal(t, uint16(0xC093), e.Data.Access)
			assert.Equal(t, elfKernel32()[0x200:0x240], m.b[0x100000:0x100040])
			assert.Equal(t, make([]byte, 0x1000), m.b[0x100040:0x101040], "bss")
			assert.Equal(t, byte(0xEE), m.b[0x101050], "nothing after the kernel and its symbols")
		})
	}
}

func TestMultibootAddressFields(t *testing.T) {
	k := addressKernel()
	e, m := load(t, Boot{Kernel: k, RAM: 4 * mib})
	assert.Equal(t, uint64(0x100010), e.RIP)
	assert.Equal(t, k[0x20:0xA0], m.b[0x100000:0x100080])
	assert.Equal(t, make([]byte, 0x180), m.b[0x100080:0x100200])

	put32(k, 0x54, 0) // load_end_addr 0: the whole file
	put32(k, 0x58, 0) // no bss
	_, m = load(t, Boot{Kernel: k, RAM: 4 * mib})
	assert.Equal(t, k[0x20:], m.b[0x100000:0x100120])
}

func TestMultibootInformation(t *testing.T) {
	mods := []Module{{"one arg", bytes.Repeat([]byte{1}, 5000)}, {"two", []byte{2}}, {"empty", nil}}
	k := elfKernel32()
	putHeader(k, 0x100, 7) // video mode wanted
	e, m := load(t, Boot{Kernel: k, KernelName: "mach", Cmdline: "root=hd0", Modules: mods, RAM: 32 * mib})
	i := e.RBX
	assert.Equal(t, uint64(1<<0|1<<2|1<<3|1<<5|1<<6|1<<9|1<<12), m.u32(i))
	assert.Equal(t, uint64(639), m.u32(i+4))
	assert.Equal(t, uint64(31*1024-64), m.u32(i+8))
	assert.Equal(t, "mach root=hd0", m.text(m.u32(i+16)))
	assert.Equal(t, "glassbox", m.text(m.u32(i+64)))

	require.Equal(t, uint64(3), m.u32(i+20))
	for n, mod := range mods {
		at := m.u32(i+24) + uint64(16*n)
		start, end := m.u32(at), m.u32(at+4)
		assert.Zero(t, start%4096)
		assert.GreaterOrEqual(t, start, uint64(0x101040), "above the kernel")
		assert.Equal(t, len(mod.Data), int(end-start))
		assert.True(t, bytes.Equal(mod.Data, m.b[start:end]))
		assert.Equal(t, mod.Cmdline, m.text(m.u32(at+8)))
	}

	var got []Region
	for at, end := m.u32(i+48), m.u32(i+48)+m.u32(i+44); at < end; at += 4 + m.u32(at) {
		got = append(got, Region{m.u64(at + 4), m.u64(at + 12), RegionKind(m.u32(at + 20))})
	}
	assert.Equal(t, MemoryMap(32*mib), got)

	assert.Equal(t, []uint64{2, 40, 1}, []uint64{m.u32(i + 28), m.u32(i + 32), m.u32(i + 40)})
	names := m.u32(m.u32(i+36) + 40 + 12)
	assert.Equal(t, ".symtab", m.text(names+1), "symbols are in memory")

	assert.Equal(t, []uint64{0xB8000, 160, 80, 25, 16, 2}, []uint64{m.u64(i + 88), m.u32(i + 96),
		m.u32(i + 100), m.u32(i + 104), m.u8(i + 108), m.u8(i + 109)})
}

func TestMultibootKernelInLowMemory(t *testing.T) {
	k := addressKernel()
	for i, v := range []uint32{0x10020, 0x10000, 0x10080, 0x9FC00, 0x10010} {
		put32(k, 0x4C+4*i, v)
	}
	e, _ := load(t, Boot{Kernel: k, RAM: 4 * mib})
	assert.True(t, e.RBX < 0x10000 || e.RBX >= 0x100000, "information at %#x is clear of the kernel", e.RBX)
}

func TestMultibootHeaderSearch(t *testing.T) {
	for _, tc := range []struct {
		name string
		off  int
		want bool
	}{
		{"first", 0, true},
		{"last", 8192 - 12, true},
		{"reaches past 8 KiB", 8192 - 8, false},
		{"not aligned", 0x101, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := make([]byte, 16384)
			putHeader(b, tc.off, 3)
			_, ok := findMultiboot(b)
			assert.Equal(t, tc.want, ok)
			b[tc.off+8]++
			_, ok = findMultiboot(b)
			assert.False(t, ok, "wrong checksum")
		})
	}
}

func TestMultibootErrors(t *testing.T) {
	elf := func(off int, v uint32) func() []byte {
		return func() []byte { b := elfKernel32(); put32(b, off, v); return b }
	}
	addr := func(i int, v uint32) func() []byte {
		return func() []byte { b := addressKernel(); put32(b, 0x4C+4*i, v); return b }
	}
	for _, tc := range []struct {
		name   string
		kernel func() []byte
		want   string
	}{
		{"unknown feature", func() []byte { b := elfKernel32(); putHeader(b, 0x100, 0x8003); return b }, "features 0x8000"},
		{"machine", elf(18, 40), "machine 40"},
		{"program headers past the end", elf(28, 0xFFFFFFF0), "past the end"},
		{"segment data past the end", elf(52+4, 0xFFFFFFF0), "past the end"},
		{"segment size wraps", elf(52+16, 0xFFFFFFFF), "past the end"},
		{"more in the file than in memory", elf(52+20, 0x10), "0x40 bytes in the file"},
		{"above 4 GiB", elf(52+12, 0xFFFFFFFF), "above 4 GiB"},
		{"outside of RAM", elf(52+12, 0x10000000), "outside of RAM"},
		{"on the ROM", elf(52+12, 0xF0000), "outside of RAM"},
		{"no segment", elf(52, 0), "without a loadable segment"},
		{"neither ELF nor addresses", func() []byte { b := elfKernel32(); b[0] = 0; return b }, "nor an ELF file"},
		{"header before image", addr(0, 0xFFFFF), "do not fit a header"},
		{"more before the header than there is", addr(0, 0x100041), "do not fit a header"},
		{"end before start (CVE-2017-14167)", addr(2, 0x1000), "below load_addr"},
		{"image past the file", addr(2, 0xFFFFFFFF), "past the end"},
		{"bss before end", addr(3, 0x100001), "bss_end_addr"},
		{"bss outside of RAM (CVE-2017-14167)", addr(3, 0xFFFFFFFF), "outside of RAM"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(newRAM(t, 0), Boot{Kernel: tc.kernel(), RAM: 16 * mib})
			assert.ErrorContains(t, err, tc.want)
		})
	}
	_, err := Load(newRAM(t, 0), Boot{Kernel: elfKernel32(), RAM: 16 * mib, Modules: []Module{{Data: make([]byte, 15*mib)}}})
	assert.ErrorContains(t, err, "module 0 (15360 KiB) does not fit")
}

func TestRealMultiboot(t *testing.T) {
	for _, name := range []string{"gnumach", "invaders.exec"} {
		t.Run(name, func(t *testing.T) {
			e, m := load(t, Boot{Kernel: guest(t, name), RAM: 128 * mib, KernelName: name})
			assert.NotZero(t, m.u32(e.RIP), "code at the entry point")
			assert.Equal(t, name, m.text(m.u32(e.RBX+16)))
		})
	}
}

func FuzzMultiboot(f *testing.F) {
	f.Add(elfKernel32(), uint64(64*mib), 3)
	f.Add(elfKernel64(), uint64(64*mib), 0)
	f.Add(addressKernel(), uint64(8<<30), 4096)
	f.Fuzz(func(t *testing.T, kernel []byte, ramSize uint64, module int) {
		module = max(0, min(module, mib))
		b := Boot{Kernel: kernel, RAM: ramSize % (1 << 40), Modules: []Module{{Data: make([]byte, module)}}}
		p, err := planMultiboot(b)
		if err == nil {
			checkPlan(t, p, b.RAM)
		}
	})
}
