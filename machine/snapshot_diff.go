package machine

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/glassbox-vm/glassbox/bios"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A SavedState is the state of a machine to look at and to compare: a snapshot, without the
// machine that it is of, or a machine as it is.
type SavedState struct {
	Info   SnapshotInfo
	names  []string
	states []any
	// chunk returns chunkSize bytes of memory, or what is left of it, from chunk i on. It is
	// valid until the next call.
	chunk func(i int) ([]byte, error)
	disks [len(Drives{})]map[int64][sha256.Size]byte // hashes of the clusters written, by offset
}

// OpenSnapshot reads a snapshot and checks it from end to end. Whatever is wrong with it,
// the error wraps ErrSnapshot. It takes as much memory as the file is long.
func OpenSnapshot(r io.Reader) (*SavedState, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read snapshot: %w", err)
	}
	info, _, err := readHeader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	m, err := newReader(&info)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	u, err := newUnpacker()
	if err != nil {
		return nil, err
	}
	l, err := m.readSections(data, u, &info.Machine)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	s := &SavedState{Info: info, names: m.partNames(), states: l.states}
	for i, sections := range l.disks {
		for _, d := range sections {
			if err := s.addClusters(i, d, u); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
			}
		}
	}
	s.chunk = chunksOf(l.ram, u, info.Machine.Backing)
	return s, nil
}

// newReader makes a small machine that knows how to read the parts of a snapshot.
func newReader(info *SnapshotInfo) (*Machine, error) {
	cfg := Config{Memory: MinMemory, CPUs: info.Machine.CPUs}
	if info.Machine.Backing > 64*MaxMemory || info.Machine.Backing%phys.PageSize != 0 || cfg.CPUs < 1 || cfg.CPUs > MaxCPUs {
		return nil, fmt.Errorf("%w: it is of a machine that cannot be", ErrSnapshot)
	}
	if info.Machine.Backing < info.Machine.Memory+vramSize {
		cfg.VGA = VGANone
	}
	m, err := New(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return m, nil
}

func (s *SavedState) addClusters(drive int, d section, u *unpacker) error {
	contents, err := u.contents(d)
	if err != nil {
		return err
	}
	if s.disks[drive] == nil {
		s.disks[drive] = map[int64][sha256.Size]byte{}
	}
	return eachCluster(contents, s.Info.Machine.Drives[drive], func(off int64, p []byte) error {
		s.disks[drive][off] = sha256.Sum256(p)
		return nil
	})
}

// chunksOf is SavedState.chunk of a file.
func chunksOf(ram []section, u *unpacker, size uint64) func(i int) ([]byte, error) {
	buf := make([]byte, chunkSize)
	return func(i int) ([]byte, error) {
		n := int(min(chunkSize, size-uint64(i)*chunkSize))
		packed, err := u.contents(ram[i])
		if err != nil {
			return nil, err
		}
		err = eachPage(packed, n, func(k int, page []byte) {
			if to := buf[k*phys.PageSize:][:phys.PageSize]; page == nil {
				clear(to)
			} else {
				copy(to, page)
			}
		})
		return buf[:n], err
	}
}

// SavedState is the present state of the machine, to compare it. It is valid until the
// machine runs on.
func (m *Machine) SavedState() (*SavedState, error) {
	s := &SavedState{Info: m.snapshotInfo(""), names: m.partNames(), states: m.states()}
	mem := m.mem.Used()
	s.chunk = func(i int) ([]byte, error) {
		return mem[i*chunkSize : min((i+1)*chunkSize, len(mem))], nil
	}
	for i := range m.cfg.Drives {
		d := m.cfg.Drives[i]
		if d == nil || d.Image == nil {
			continue
		}
		o, ok := d.Image.(*disk.Overlay)
		if !ok {
			continue
		}
		s.disks[i] = map[int64][sha256.Size]byte{}
		if err := m.written(i, o, func(off int64, p []byte) error {
			s.disks[i][off] = sha256.Sum256(p)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (m *Machine) partNames() (names []string) {
	for _, p := range m.parts() {
		names = append(names, p.Name)
	}
	return names
}

// A Difference is one place in which two states differ.
type Difference struct {
	Where string // a field of a chip or processor, such as "cpu.RIP", a range of memory or of a disk
	A, B  string // what each has there; for ranges how much of them differs, and nothing
}

// String is one line.
func (d Difference) String() string {
	if d.B == "" {
		return d.Where + ": " + d.A
	}
	return d.Where + ": " + d.A + " | " + d.B
}

// Diff lists in what two states differ: registers, chips, ranges of memory, disks. Machines
// that are not alike have no such list; the error says how they differ.
func (s *SavedState) Diff(other *SavedState) (list []Difference, err error) {
	if err := s.Info.Machine.differs(&other.Info.Machine); err != nil {
		return nil, fmt.Errorf("%w: the second cannot be compared with the first: %w", ErrSnapshot, err)
	}
	for i, name := range s.names {
		list = diffValues(list, name, reflect.ValueOf(s.states[i]), reflect.ValueOf(other.states[i]))
	}
	if list, err = s.diffMemory(list, other); err != nil {
		return nil, err
	}
	for i := range s.disks {
		list = diffDisks(list, i, s.disks[i], other.disks[i])
	}
	return list, nil
}

// gprNames are the general registers in the order of their numbers.
var gprNames = [16]string{"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"}

// diffValues adds the fields in which two values of one type differ.
func diffValues(list []Difference, where string, a, b reflect.Value) []Difference {
	if a.Comparable() && b.Comparable() && a.Interface() == b.Interface() {
		return list
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			list = diffValues(list, where+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
		}
		return list
	case reflect.Slice, reflect.Array:
		if a.Len() == b.Len() && a.Type().Elem().Kind() != reflect.Uint8 {
			gprs := strings.HasSuffix(where, ".GPR")
			for i := range a.Len() {
				name := fmt.Sprintf("%s[%d]", where, i)
				if gprs && i < len(gprNames) {
					name = strings.TrimSuffix(where, "GPR") + gprNames[i]
				}
				list = diffValues(list, name, a.Index(i), b.Index(i))
			}
			return list
		}
		if reflect.DeepEqual(a.Interface(), b.Interface()) {
			return list
		}
	}
	return append(list, Difference{where, shown(a), shown(b)})
}

// shown is how a field looks.
func shown(v reflect.Value) string {
	switch {
	case v.CanUint() && v.Kind() != reflect.Uint:
		return fmt.Sprintf("%#x", v.Uint())
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		if s := fmt.Sprintf("%x", v.Interface()); len(s) <= 80 {
			return s
		}
		return fmt.Sprintf("%d bytes", v.Len())
	}
	return fmt.Sprint(v.Interface())
}

// diffMemory adds the ranges of pages that differ.
func (s *SavedState) diffMemory(list []Difference, other *SavedState) ([]Difference, error) {
	size := s.Info.Machine.Backing
	first, bytesDiffer := uint64(0), 0
	end := func(off uint64) { // of a range of pages that differ
		if bytesDiffer > 0 {
			list = append(list, Difference{s.place(first, off), fmt.Sprintf("%d bytes differ", bytesDiffer), ""})
		}
		bytesDiffer = 0
	}
	err := eachChunk(size, func(off, n uint64) error {
		a, err := s.chunk(int(off / chunkSize))
		if err != nil {
			return err
		}
		b, err := other.chunk(int(off / chunkSize))
		if err != nil {
			return err
		}
		for i := uint64(0); i < n; i += phys.PageSize {
			d := countDifferent(a[i:i+phys.PageSize], b[i:i+phys.PageSize])
			if at := off + i; d == 0 || at == s.Info.Machine.Memory || at == lowRAM(s.Info.Machine.Memory) {
				end(at)
			}
			if d > 0 && bytesDiffer == 0 {
				first = off + i
			}
			bytesDiffer += d
		}
		return nil
	})
	end(size)
	return list, err
}

func lowRAM(memory uint64) uint64 {
	low, _ := bios.SplitRAM(memory)
	return low
}

func countDifferent(a, b []byte) (n int) {
	if bytes.Equal(a, b) {
		return 0
	}
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// place names the bytes from first to end of the backing.
func (s *SavedState) place(first, end uint64) string {
	low, memory := lowRAM(s.Info.Machine.Memory), s.Info.Machine.Memory
	switch {
	case first >= memory:
		return fmt.Sprintf("ROM or video memory %#x-%#x", first-memory, end-1-memory)
	case first >= low:
		first, end = first-low+bios.FourGiB, end-low+bios.FourGiB
	}
	return fmt.Sprintf("memory %#x-%#x", first, end-1)
}

// diffDisks adds the clusters that differ. What only one of the two has written differs.
func diffDisks(list []Difference, drive int, a, b map[int64][sha256.Size]byte) []Difference {
	all := maps.Clone(a)
	if all == nil {
		all = map[int64][sha256.Size]byte{}
	}
	maps.Copy(all, b)
	for _, off := range slices.Sorted(maps.Keys(all)) {
		x, inA := a[off]
		y, inB := b[off]
		what := ""
		switch {
		case !inA:
			what = "written in the second only"
		case !inB:
			what = "written in the first only"
		case x != y:
			what = "different"
		default:
			continue
		}
		list = append(list, Difference{fmt.Sprintf("disk %d, 64 KiB at %#x", drive, off), what, ""})
	}
	return list
}
