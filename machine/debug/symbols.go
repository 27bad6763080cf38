package debug

import (
	"bufio"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// A Symbol is a name for a linear address.
type Symbol struct {
	Name string
	Addr uint64
	Size uint64 // bytes; 0 where the file does not tell
}

// Symbols are names of addresses, from any number of files.
type Symbols struct {
	byAddr []Symbol // sorted by address
	byName map[string]uint64
}

// maxSymbols bounds what one file may bring.
const maxSymbols = 4 << 20

// ErrNoSymbols is the error, wrapped, for a file without symbols.
var ErrNoSymbols = errors.New("no symbols")

// ReadSymbols reads an ELF file, or text with lines "address type name" as System.map,
// nm and /proc/kallsyms have.
func ReadSymbols(data []byte) ([]Symbol, error) {
	if bytes.HasPrefix(data, []byte(elf.ELFMAG)) {
		return readELF(data)
	}
	return readMap(data)
}

func readELF(data []byte) ([]Symbol, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	table, err := f.Symbols()
	if err != nil {
		return nil, fmt.Errorf("%w in this ELF file: %w", ErrNoSymbols, err)
	}
	var list []Symbol
	for _, s := range table {
		t := elf.ST_TYPE(s.Info)
		if s.Name == "" || s.Section == elf.SHN_UNDEF || t == elf.STT_FILE || t == elf.STT_SECTION {
			continue
		}
		if len(list) == maxSymbols {
			break
		}
		list = append(list, Symbol{s.Name, s.Value, s.Size})
	}
	return list, nil
}

// readMap reads lines of text; those of another form are skipped.
func readMap(data []byte) ([]Symbol, error) {
	var list []Symbol
	s := bufio.NewScanner(bytes.NewReader(data))
	s.Buffer(nil, 1<<20)
	zero := 0
	for s.Scan() && len(list) < maxSymbols {
		f := strings.Fields(s.Text())
		if len(f) < 3 || len(f[1]) != 1 {
			continue
		}
		addr, err := strconv.ParseUint(strings.TrimPrefix(f[0], "0x"), 16, 64)
		if err != nil || addr == ^uint64(0) { // Debian's System.map is one such line
			continue
		}
		if addr == 0 {
			zero++
		}
		list = append(list, Symbol{Name: f[2], Addr: addr})
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: want an ELF file, or lines \"address type name\" as in System.map or /proc/kallsyms", ErrNoSymbols)
	}
	if zero == len(list) {
		return nil, fmt.Errorf("%w: all addresses are 0; /proc/kallsyms shows them to root only", ErrNoSymbols)
	}
	return list, nil
}

// Add adds symbols with slide added to every address. A name that exists already keeps
// its first address for look-ups by name.
func (s *Symbols) Add(list []Symbol, slide uint64) {
	if s.byName == nil {
		s.byName = make(map[string]uint64, len(list))
	}
	for _, y := range list {
		y.Addr += slide
		s.byAddr = append(s.byAddr, y)
		if _, ok := s.byName[y.Name]; !ok {
			s.byName[y.Name] = y.Addr
		}
	}
	sort.SliceStable(s.byAddr, func(i, j int) bool { return s.byAddr[i].Addr < s.byAddr[j].Addr })
}

// Len is the number of symbols.
func (s *Symbols) Len() int { return len(s.byAddr) }

// Lookup finds the address of a name.
func (s *Symbols) Lookup(name string) (addr uint64, ok bool) {
	addr, ok = s.byName[name]
	return addr, ok
}

// maxSymbolSize is how far behind a symbol of unknown size an address may lie and still
// be called by it.
const maxSymbolSize = 1 << 20

// At finds the symbol at or before an address, with the distance in bytes.
func (s *Symbols) At(addr uint64) (y Symbol, off uint64, ok bool) {
	i := sort.Search(len(s.byAddr), func(i int) bool { return s.byAddr[i].Addr > addr })
	if i == 0 {
		return y, 0, false
	}
	for i--; i > 0 && s.byAddr[i-1].Addr == s.byAddr[i].Addr; i-- { // the first of several
	}
	y = s.byAddr[i]
	off = addr - y.Addr
	limit := uint64(maxSymbolSize)
	if y.Size > 0 {
		limit = y.Size
	}
	return y, off, off < limit
}

// Name is "symbol+0x12" for an address, or "".
func (s *Symbols) Name(addr uint64) string {
	y, off, ok := s.At(addr)
	switch {
	case !ok:
		return ""
	case off == 0:
		return y.Name
	}
	return fmt.Sprintf("%s+%#x", y.Name, off)
}

// Match returns the symbols whose name contains text, at most limit.
func (s *Symbols) Match(text string, limit int) (list []Symbol) {
	for _, y := range s.byAddr {
		if strings.Contains(y.Name, text) {
			if list = append(list, y); len(list) == limit {
				break
			}
		}
	}
	return list
}
