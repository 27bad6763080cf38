package service

import (
	"testing"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A machineOfBytes is a processor whose memory, registers and ports hold what a fuzzer says.
// Memory wraps at 1 MiB.
type machineOfBytes struct {
	t    *testing.T
	data []byte
	at   int
	mem  []byte
	reg  [16]uint32
	seg  [6]uint16
	real bool
	used int
}

func (m *machineOfBytes) next() (v byte) {
	if len(m.data) > 0 {
		v = m.data[m.at%len(m.data)]
		m.at++
	}
	return v
}

func (m *machineOfBytes) word() uint32 {
	return uint32(m.next()) | uint32(m.next())<<8 | uint32(m.next())<<16 | uint32(m.next())<<24
}

// accessLimit is far more than any call needs: graphics mode scrolling is the most.
const accessLimit = 1 << 25

func (m *machineOfBytes) count() {
	if m.used++; m.used > accessLimit {
		m.t.Fatal("a call does not end")
	}
}

func (m *machineOfBytes) Reg(r int) uint32       { return m.reg[r&15] }
func (m *machineOfBytes) SetReg(r int, v uint32) { m.reg[r&15] = v }
func (m *machineOfBytes) Segment(s x86.Seg) (uint16, uint32) {
	return m.seg[s], uint32(m.seg[s]) << 4
}
func (m *machineOfBytes) SetSegment(s x86.Seg, v uint16)      { m.seg[s] = v }
func (m *machineOfBytes) Real() bool                          { return m.real }
func (m *machineOfBytes) Flags() x86.Flags                    { return x86.Flags(m.next()) }
func (m *machineOfBytes) SetStatus(mask, f x86.Flags)         {}
func (m *machineOfBytes) Out(port uint16, size int, v uint32) { m.count() }

func (m *machineOfBytes) In(port uint16, size int) uint32 {
	m.count()
	return m.word() >> (32 - 8*size)
}

func (m *machineOfBytes) Load(la uint32, size int) (v uint64, f x86.Fault) {
	m.count()
	for i := range size {
		v |= uint64(m.mem[(la+uint32(i))%uint32(len(m.mem))]) << (8 * i)
	}
	return v, f
}

func (m *machineOfBytes) Store(la uint32, size int, v uint64) x86.Fault {
	m.count()
	for i := range size {
		m.mem[(la+uint32(i))%uint32(len(m.mem))] = byte(v >> (8 * i))
	}
	return x86.Fault{}
}

// adapter is a display adapter of which nothing but the sizes is right.
var adapter = Video{
	Mode: func(n uint8) (m VideoMode, ok bool) {
		m.Gfx[6] = n
		return m, n <= 0x13
	},
	Colours: func(n uint8) [][3]uint8 { return make([][3]uint8, 64+int(n)) },
	Font:    func(height uint8) []byte { return make([]byte, 256*int(height)) },
}

// FuzzCalls makes a few calls one after another, as a guest that has written anything
// anywhere and whose disks answer anything: none may panic or go on for ever.
func FuzzCalls(f *testing.F) {
	for n := range byte(64) {
		if handler(number(n)) != nil {
			f.Add([]byte{n, 1, 2, 3, 0x13, n}, []byte("CD001"))
			f.Add([]byte{n, 0x10, n}, []byte("IBM VGA!"))
		}
	}
	f.Fuzz(func(t *testing.T, calls, data []byte) {
		m := &machineOfBytes{t: t, data: data, mem: make([]byte, 1<<20)}
		for i := 0; i < len(m.mem); i += 61 {
			m.mem[i] = m.next()
		}
		tables := Video{}
		if len(data)%2 != 0 {
			tables = adapter
		}
		s := New(m, func(uint64) []Region { return []Region{{0, 0x9fc00, 1}} }, tables)
		for _, n := range calls[:min(len(calls), 8)] {
			for r := range m.reg {
				m.reg[r] = m.word()
			}
			for r := range m.seg {
				m.seg[r] = uint16(m.word())
			}
			m.real = n&0x80 == 0
			s.Call(n & 0x3f)
		}
	})
}
