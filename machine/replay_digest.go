package machine

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A digest is a hash of the whole state that is cheap to take often: of memory only the
// pages written since the last time are read. The hash of memory is the sum of the hashes
// of its pages, so it does not matter which page was written when.
type digest struct {
	track *phys.Tracker
	pages [][2]uint64 // hash of each page; zero for a zero page
	total [2]uint64
}

func newDigest(m *Machine) (*digest, error) {
	mem := m.mem.Used()
	t, err := m.mem.Track(0, uint64(len(mem)))
	if err != nil {
		return nil, err
	}
	d := &digest{track: t, pages: make([][2]uint64, len(mem)/phys.PageSize)}
	for i := range d.pages {
		d.update(mem, i)
	}
	return d, nil
}

func (d *digest) close() { d.track.Close() }

// update takes the present contents of page i into account.
func (d *digest) update(mem []byte, i int) {
	page := mem[i*phys.PageSize:][:phys.PageSize]
	var h [2]uint64
	if !isZero(page) {
		var at [8]byte
		binary.LittleEndian.PutUint64(at[:], uint64(i))
		s := sha256.New()
		s.Write(at[:])
		s.Write(page)
		sum := s.Sum(nil)
		h = [2]uint64{binary.LittleEndian.Uint64(sum), binary.LittleEndian.Uint64(sum[8:])}
	}
	for k := range h {
		d.total[k] += h[k] - d.pages[i][k]
	}
	d.pages[i] = h
}

// sum returns the hash of everything, and eight digits for each part and for memory.
func (d *digest) sum(m *Machine) (all, parts string) {
	mem := m.mem.Used()
	for _, off := range d.track.Dirty() {
		d.update(mem, int(off/phys.PageSize))
	}
	d.track.Clean()
	h := sha256.New()
	var list strings.Builder
	var buf []byte
	add := func(p []byte) {
		s := sha256.Sum256(p)
		h.Write(s[:])
		list.WriteString(hex.EncodeToString(s[:4]))
	}
	for _, p := range m.parts() {
		buf = appendState(buf[:0], p.save())
		add(buf)
	}
	buf = binary.LittleEndian.AppendUint64(buf[:0], d.total[0])
	add(binary.LittleEndian.AppendUint64(buf, d.total[1]))
	return hex.EncodeToString(h.Sum(nil)[:16]), list.String()
}

// differingParts names the parts in which two lists of sum differ.
func differingParts(m *Machine, a, b string) string {
	var names []string
	for _, p := range m.parts() {
		names = append(names, p.Name)
	}
	names = append(names, "memory")
	var differ []string
	for i, n := range names {
		at := 8 * i
		if len(a) < at+8 || len(b) < at+8 || a[at:at+8] != b[at:at+8] {
			differ = append(differ, n)
		}
	}
	return strings.Join(differ, ", ")
}
