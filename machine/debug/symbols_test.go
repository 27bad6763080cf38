package debug

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/guest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const kallsyms = `ffffffff81000000 T startup_64
ffffffff81000000 T _text
ffffffff81000100 T start_kernel
ffffffffc0001000 t helper	[module]
not a symbol
`

func TestSymbolsFromText(t *testing.T) {
	list, err := ReadSymbols([]byte(kallsyms))
	require.NoError(t, err)
	var s Symbols
	s.Add(list, 0)
	assert.Equal(t, 4, s.Len())
	addr, ok := s.Lookup("start_kernel")
	assert.True(t, ok)
	assert.Equal(t, uint64(0xffffffff81000100), addr)
	assert.Equal(t, "startup_64", s.Name(0xffffffff81000000), "the first of several")
	assert.Equal(t, "start_kernel+0x10", s.Name(0xffffffff81000110))
	assert.Empty(t, s.Name(0xffffffff80ffffff))
	assert.Empty(t, s.Name(0xffffffff91000000), "too far away")
	assert.Len(t, s.Match("start", 10), 2)
}

func TestSymbolsThatSlide(t *testing.T) {
	list, err := ReadSymbols([]byte(kallsyms))
	require.NoError(t, err)
	var s Symbols
	s.Add(list, 0x2e000000)
	addr, _ := s.Lookup("start_kernel")
	assert.Equal(t, uint64(0xffffffffaf000100), addr)
}

func TestFilesWithoutSymbols(t *testing.T) {
	for _, text := range []string{
		"", "hello world\n",
		"ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n",
		"0000000000000000 T startup_64\n0000000000000000 T _text\n", // kptr_restrict
		"\x7fELF", string(make([]byte, 100)),
	} {
		_, err := ReadSymbols([]byte(text))
		assert.Error(t, err, text)
	}
}

// elfWith is an ELF file with one symbol.
func elfWith(name string, addr uint64) []byte {
	var b bytes.Buffer
	h := elf.Header64{Type: 2, Machine: 62, Version: 1, Ehsize: 64, Shentsize: 64, Shnum: 3, Shstrndx: 2, Shoff: 64}
	copy(h.Ident[:], "\x7fELF\x02\x01\x01")
	strtab := "\x00" + name + "\x00"
	at := uint64(64 + 3*64)
	sections := []elf.Section64{{},
		{Type: uint32(elf.SHT_SYMTAB), Off: at, Size: 48, Link: 2, Entsize: 24},
		{Type: uint32(elf.SHT_STRTAB), Off: at + 48, Size: uint64(len(strtab))},
	}
	for _, v := range []any{h, sections, elf.Sym64{}, elf.Sym64{Name: 1, Info: 2, Shndx: 1, Value: addr, Size: 16}} {
		_ = binary.Write(&b, binary.LittleEndian, v)
	}
	b.WriteString(strtab)
	return b.Bytes()
}

func TestSymbolsFromELF(t *testing.T) {
	list, err := ReadSymbols(elfWith("start_kernel", 0x1234))
	require.NoError(t, err)
	assert.Equal(t, []Symbol{{"start_kernel", 0x1234, 16}}, list)
	var s Symbols
	s.Add(list, 0)
	assert.Equal(t, "start_kernel+0xf", s.Name(0x1243))
	assert.Empty(t, s.Name(0x1244), "it ends there")
	_, err = ReadSymbols(guest.Image()) // stripped, or not ELF64: an answer in any case
	_ = err
}

func FuzzReadSymbols(f *testing.F) {
	f.Add([]byte(kallsyms))
	f.Add(elfWith("a", 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ReadSymbols(data)
		if err != nil {
			return
		}
		var s Symbols
		s.Add(list, 1)
		s.Name(12345)
	})
}
