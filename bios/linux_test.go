package bios

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bzImage is a 64-bit relocatable kernel of protocol 2.15 with one setup sector after the
// first and 4 KiB of code, written down field by field from boot.rst.
func bzImage() []byte {
	b := make([]byte, 1024+4096)
	b[0x1F1] = 1             // setup_sects
	put32(b, 0x1F4, 4096/16) // syssize
	put16(b, 0x1FE, 0xAA55)  // boot_flag
	b[0x200], b[0x201] = 0xEB, 0x6A
	copy(b[0x202:], "HdrS")
	put16(b, 0x206, 0x020F)
	b[0x1EF] = 0xFF // sentinel, must not reach the zero page
	b[0x211] = 1    // LOADED_HIGH
	put32(b, 0x214, 0x100000)
	put32(b, 0x22C, 0x7FFFFFFF) // initrd_addr_max
	put32(b, 0x230, 0x200000)   // kernel_alignment
	b[0x234] = 1                // relocatable
	put16(b, 0x236, 0x003F)     // xloadflags
	put32(b, 0x238, 2047)       // cmdline_size
	put64(b, 0x258, 0x1000000)  // pref_address
	put32(b, 0x260, 8*mib)      // init_size
	for i := range 4096 {
		b[1024+i] = byte(i * 7)
	}
	return b
}

// kernel32 is bzImage without the 64-bit entry, loaded at 16 MiB.
func kernel32() []byte {
	b := bzImage()
	put16(b, 0x236, 0)
	put32(b, 0x22C, 0x37FFFFFF)
	return b
}

func load(t *testing.T, b Boot) (Entry, *ram) {
	m := newRAM(t, b.RAM)
	e, err := Load(m, b)
	require.NoError(t, err)
	return e, m
}

func TestLinux64BitEntry(t *testing.T) {
	e, m := load(t, Boot{Kernel: bzImage(), RAM: 64 * mib, Cmdline: "console=ttyS0"})
	assert.Equal(t, FormatLinux, e.Format)
	assert.Equal(t, Long64, e.Mode)
	assert.Equal(t, uint64(0x1000200), e.RIP, "pref_address + 200h")
	assert.Equal(t, bzImage()[1024:], m.b[0x1000000:0x1001000])

	assert.Equal(t, uint64(0x80000011), e.CR0, "PG, ET, PE")
	assert.Equal(t, uint64(0x20), e.CR4, "PAE")
	assert.Equal(t, uint64(0x500), e.EFER, "LME, LMA")
	assert.Equal(t, uint64(2), e.RFLAGS, "interrupts off")
	assert.Equal(t, Segment{Selector: 0x10, Limit: 0xFFFFFFFF, Access: 0xA09B}, e.CS)
	assert.Equal(t, Segment{Selector: 0x18, Limit: 0xFFFFFFFF, Access: 0xC093}, e.Data)
	assert.Equal(t, uint16(31), e.GDTLimit)
	assert.Equal(t, uint64(0x00AF9B000000FFFF), m.u64(e.GDTBase+0x10))
	assert.Equal(t, uint64(0x00CF93000000FFFF), m.u64(e.GDTBase+0x18))

	zp := e.RSI
	assert.Equal(t, "console=ttyS0", m.text(m.u32(zp+0x228)))
	assert.Zero(t, m.u8(zp+0x1EF), "sentinel")
	assert.Equal(t, uint64(0xFF), m.u8(zp+0x210))
	assert.Equal(t, uint64(0x81), m.u8(zp+0x211))
	assert.Equal(t, uint64(0x1000000), m.u32(zp+0x214))
	assert.Zero(t, m.u32(zp+0x218))
	assert.Equal(t, []byte{80, 25, 1}, []byte{m.b[zp+7], m.b[zp+0xE], m.b[zp+0xF]})
	assert.Equal(t, uint64(63*1024-64), m.u32(zp+0x1E0))
}

// TestIdentityTables walks the tables for addresses all over the first 4 GiB, as SDM
// Vol. 3A, "4-Level Paging" describes.
func TestIdentityTables(t *testing.T) {
	e, m := load(t, Boot{Kernel: bzImage(), RAM: 64 * mib})
	for a := uint64(0); a < 1<<32; a += 0x1F_F000 {
		pml4e := m.u64(e.CR3 + a>>39&511*8)
		require.Equal(t, uint64(3), pml4e&0xFFF)
		pdpte := m.u64(pml4e&^0xFFF + a>>30&511*8)
		require.Equal(t, uint64(3), pdpte&0xFFF)
		pde := m.u64(pdpte&^0xFFF + a>>21&511*8)
		require.Equal(t, uint64(0x83), pde&0xFFF)
		require.Equal(t, a, pde&^0x1FFFFF|a&0x1FFFFF)
	}
}

func TestLinux32BitEntry(t *testing.T) {
	e, m := load(t, Boot{Kernel: kernel32(), RAM: 64 * mib, Cmdline: "quiet"})
	assert.Equal(t, Protected32, e.Mode)
	assert.Equal(t, uint64(0x1000000), e.RIP)
	assert.Equal(t, uint64(0x11), e.CR0)
	assert.Zero(t, e.CR3|e.CR4|e.EFER|e.RBX|e.RBP|e.RDI)
	assert.Equal(t, uint16(0xC09B), e.CS.Access)
	assert.Equal(t, uint64(0x00CF9B000000FFFF), m.u64(e.GDTBase+0x10))
	assert.Equal(t, "quiet", m.text(m.u32(e.RSI+0x228)))
}

func TestLinuxE820IsTheBoardsMap(t *testing.T) {
	e, m := load(t, Boot{Kernel: bzImage(), RAM: 64 * mib})
	var got []Region
	for i := range m.u8(e.RSI + 0x1E8) {
		at := e.RSI + 0x2D0 + 20*i
		got = append(got, Region{m.u64(at), m.u64(at + 8), RegionKind(m.u32(at + 16))})
	}
	assert.Equal(t, MemoryMap(64*mib), got)
}

func TestInitrdGoesAsHighAsPermitted(t *testing.T) {
	initrd := bytes.Repeat([]byte{0xA5}, 5000)
	for _, tc := range []struct {
		name string
		ram  uint64
		max  uint32
		want uint64
	}{
		{"end of RAM", 64 * mib, 0x7FFFFFFF, 64*mib - TablesSize - 8192},
		{"initrd_addr_max", 64 * mib, 0x2FFFFFF, 0x3000000 - 8192},
		{"initrd_addr_max in mid-page", 64 * mib, 0x2FFF800, 0x2FFF801 - 5000&^0xFFF},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := bzImage()
			put32(k, 0x22C, tc.max)
			e, m := load(t, Boot{Kernel: k, RAM: tc.ram, Modules: []Module{{Data: initrd}}})
			at := m.u32(e.RSI + 0x218)
			assert.Equal(t, tc.want&^0xFFF, at)
			assert.Equal(t, uint64(5000), m.u32(e.RSI+0x21C))
			assert.Equal(t, initrd, m.b[at:at+5000])
		})
	}
}

// TestInitrdBelow4GiB uses the plan alone: nobody wants to allocate so much.
func TestInitrdBelow4GiB(t *testing.T) {
	k := bzImage()
	put32(k, 0x22C, 0xFFFFFFFF)
	p, err := makePlan(Boot{Kernel: k, RAM: 8 << 30, Modules: []Module{{Data: make([]byte, 4096)}}})
	require.NoError(t, err)
	assert.Equal(t, uint64(0xE0000000-TablesSize-4096), p.pieces[1].addr)
}

func TestLinuxPlacement(t *testing.T) {
	for _, tc := range []struct {
		name  string
		patch func(k []byte)
		want  uint64
	}{
		{"preferred address", func(k []byte) {}, 0x1000000},
		{"preferred address is aligned up", func(k []byte) { put64(k, 0x258, 0x1000001) }, 0x1200000},
		{"no preference", func(k []byte) { put64(k, 0x258, 0) }, 0x200000},
		{"not relocatable", func(k []byte) { k[0x234] = 0 }, 0x100000},
		{"protocol 2.06 knows neither pref_address nor xloadflags",
			func(k []byte) { put16(k, 0x206, 0x0206); k[0x201] = 0x3C; k[0x234] = 0 }, 0x100000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			k := kernel32()
			tc.patch(k)
			e, _ := load(t, Boot{Kernel: k, RAM: 64 * mib})
			assert.Equal(t, tc.want, e.RIP)
		})
	}
}

func TestLinuxErrors(t *testing.T) {
	for _, tc := range []struct {
		name  string
		patch func(b *Boot)
		want  string
	}{
		{"old protocol", func(b *Boot) { put16(b.Kernel, 0x206, 0x0203) }, "protocol 2.03 is too old"},
		{"zImage", func(b *Boot) { b.Kernel[0x211] = 0 }, "zImage"},
		{"cut off", func(b *Boot) { b.Kernel = b.Kernel[:3000] }, "cut off"},
		{"no code", func(b *Boot) { b.Kernel = b.Kernel[:1024] }, "before the protected-mode code"},
		{"header cut off", func(b *Boot) { b.Kernel = b.Kernel[:0x240] }, "past the end of the file"},
		{"header too long", func(b *Boot) { b.Kernel[0x201] = 0xFF }, "setup header cannot end"},
		{"header too short", func(b *Boot) { b.Kernel[0x201] = 0x10 }, "setup header cannot end"},
		{"setup_sects past the end", func(b *Boot) { b.Kernel[0x1F1] = 255 }, "before the protected-mode code"},
		{"alignment", func(b *Boot) { put32(b.Kernel, 0x230, 3) }, "not a power of two"},
		{"alignment zero", func(b *Boot) { put32(b.Kernel, 0x230, 0) }, "not a power of two"},
		{"pref_address", func(b *Boot) { put64(b.Kernel, 0x258, 1<<63) }, "above 4 GiB"},
		{"init_size", func(b *Boot) { put32(b.Kernel, 0x260, 0xFFFFFFFF) }, "needs 4096 MiB"},
		{"init_size at the end of RAM", func(b *Boot) { put32(b.Kernel, 0x260, 48*mib+1) }, "needs 49 MiB"},
		{"command line", func(b *Boot) { b.Cmdline = strings.Repeat("x", 2048) }, "at most 2047"},
		{"NUL in command line", func(b *Boot) { b.Cmdline = "a\x00b" }, "NUL"},
		{"initrd too big", func(b *Boot) { b.Modules = []Module{{Data: make([]byte, 41*mib)}} }, "does not fit"},
		{"two initrds", func(b *Boot) { b.Modules = make([]Module, 2) }, "Linux takes one"},
		{"little RAM", func(b *Boot) { b.RAM = 1 * mib }, "needs"},
		{"no RAM", func(b *Boot) { b.RAM = 0 }, "needs"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := Boot{Kernel: bzImage(), RAM: 64 * mib}
			tc.patch(&b)
			_, err := Load(newRAM(t, 0), b) // and nothing is written
			assert.ErrorContains(t, err, tc.want)
		})
	}
}

func TestLongestCommandLine(t *testing.T) {
	text := strings.Repeat("x", 2047)
	e, m := load(t, Boot{Kernel: bzImage(), RAM: 64 * mib, Cmdline: text})
	assert.Equal(t, text, m.text(m.u32(e.RSI+0x228)))
}

func TestRealLinux(t *testing.T) {
	for name, mode := range map[string]Mode{
		"vmlinuz-cloud": Long64, "vmlinuz-generic": Long64, "di-i386-linux": Protected32,
	} {
		t.Run(name, func(t *testing.T) {
			e, m := load(t, Boot{
				Kernel: guest(t, name), RAM: 256 * mib, Cmdline: "console=ttyS0",
				Modules: []Module{{Data: make([]byte, mib)}},
			})
			assert.Equal(t, mode, e.Mode)
			assert.NotZero(t, m.u64(e.RIP), "code at the entry point")
		})
	}
}

func FuzzLinux(f *testing.F) {
	f.Add(bzImage(), uint64(64*mib), 4096)
	f.Add(kernel32(), uint64(8<<30), 0)
	f.Fuzz(func(t *testing.T, kernel []byte, ramSize uint64, initrd int) {
		initrd = max(0, min(initrd, mib))
		b := Boot{Kernel: kernel, RAM: ramSize % (1 << 40), Modules: []Module{{Data: make([]byte, initrd)}}}
		p, err := planLinux(b)
		if err == nil {
			checkPlan(t, p, b.RAM)
		}
	})
}

// checkPlan makes sure that all pieces lie in RAM and that none touches another.
func checkPlan(t *testing.T, p *plan, ramSize uint64) {
	l := newLayout(ramSize)
	for _, c := range p.pieces {
		if !l.take(c.addr, uint64(len(c.data))+c.zero) {
			t.Fatalf("piece at %#x, %#x+%#x bytes, overlaps or leaves RAM", c.addr, len(c.data), c.zero)
		}
	}
}
