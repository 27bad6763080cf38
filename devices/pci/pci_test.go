package pci

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

// recorder notes what Map was told.
type recorder struct{ told []string }

func (r *recorder) mapper(name string) func(uint64, bool) {
	return func(base uint64, on bool) { r.told = append(r.told, fmt.Sprintf("%s %x %v", name, base, on)) }
}

func (r *recorder) take() []string { t := r.told; r.told = nil; return t }

type board struct {
	recorder
	f    *Function
	p    *Ports
	intx devicestest.Wire
	rest restPort
}

// restPort is a port that remembers its last byte at offset 1.
type restPort struct{ last uint8 }

func (d *restPort) In(off uint16) uint8 {
	if off == 1 {
		return d.last
	}
	return 0xff
}

func (d *restPort) Out(off uint16, v uint8) {
	if off == 1 {
		d.last = v
	}
}

func newBoard(t testing.TB) *board {
	b := &board{}
	b.f = NewFunction(Header{
		Vendor: 0x8086, Device: 0x1234, Revision: 7, Class: 0x010180, Multifunction: true,
		InterruptPin: 1, CommandWritable: CommandIO | CommandMemory | CommandInterruptDisable, Status: 0x0280,
	})
	b.f.Define(0x40, 0x12, 0x0f)
	b.f.AddBAR(0, BAR{Size: 16, IO: true, Map: b.mapper("io")})
	b.f.AddBAR(1, BAR{Size: 4096, Prefetchable: true, Map: b.mapper("mem")})
	b.f.AddBAR(2, BAR{Size: 1 << 20, Wide: true, Map: b.mapper("wide")})
	b.f.ConnectINTx(b.intx.Drive)
	bus := NewBus()
	require.NoError(t, bus.Attach(Slot{3, 1}, b.f))
	b.p = NewPorts(bus, &b.rest)
	b.f.Reset()
	b.p.Reset()
	return b
}

func (b *board) addr(reg uint32) { b.p.OutWide(0, 4, 0x8000_0000|3<<11|1<<8|reg) }

func TestMechanismOneLatchesDwordsOnly(t *testing.T) {
	b := newBoard(t)
	b.p.OutWide(0, 4, 0xffff_ffff)
	assert.Equal(t, uint32(0x80ff_fffc), b.p.InWide(0, 4), "reserved bits read 0")
	b.addr(0)
	b.p.Out(3, 0x01) // Linux does this before it asks for mechanism #1
	b.p.OutWide(0, 2, 0)
	assert.Equal(t, uint32(0x8000_1900), b.p.InWide(0, 4))
	b.p.Out(1, 0x06)
	assert.Equal(t, uint8(6), b.rest.last, "CF9h is somebody else's")
	assert.Equal(t, uint8(6), b.p.In(1))
	assert.Equal(t, uint8(0xff), b.p.In(0))
}

func TestDataAccessesOfEverySize(t *testing.T) {
	b := newBoard(t)
	b.addr(0)
	assert.Equal(t, uint32(0x1234_8086), b.p.InWide(4, 4))
	assert.Equal(t, uint32(0x1234), b.p.InWide(6, 2))
	assert.Equal(t, uint32(0x3480), b.p.InWide(5, 2))
	assert.Equal(t, uint8(0x12), b.p.In(7))
	b.addr(0x08)
	assert.Equal(t, uint32(0x0101_8007), b.p.InWide(4, 4))
	b.addr(0x0c)
	assert.Equal(t, uint8(0x80), b.p.In(6))
	b.addr(0x40)
	b.p.Out(4, 0xa5)
	assert.Equal(t, uint32(0x15), b.p.InWide(4, 4), "through the mask")
	b.addr(0)
	b.p.OutWide(4, 4, 0)
	assert.Equal(t, uint32(0x1234_8086), b.p.InWide(4, 4), "fixed")
}

func TestAbsentFunctionsReadAllOnes(t *testing.T) {
	b := newBoard(t)
	for _, a := range []uint32{0, 3<<11 | 1<<8, 1 << 31, 1<<31 | 1<<16 | 3<<11 | 1<<8, 1<<31 | 31<<11} {
		b.p.OutWide(0, 4, a)
		assert.Equal(t, uint32(0xffff_ffff), b.p.InWide(4, 4), "%#x", a)
		assert.Equal(t, uint32(0xffff), b.p.InWide(4, 2), "%#x", a)
		assert.Equal(t, uint8(0xff), b.p.In(4), "%#x", a)
		b.p.OutWide(4, 4, 0)
	}
}

func TestSizingABAR(t *testing.T) {
	b := newBoard(t)
	b.f.WriteConfig(RegCommand, 2, CommandIO|CommandMemory)
	for i, want := range []uint32{0xffff_fff1, 0xffff_f008, 0xfff0_0004, 0xffff_ffff, 0, 0} {
		b.f.WriteConfig(uint8(RegBAR0+4*i), 4, 0xffff_ffff)
		assert.Equal(t, want, b.f.ReadConfig(uint8(RegBAR0+4*i), 4), "BAR %d", i)
	}
	assert.Empty(t, b.take(), "a window being sized answers nowhere")
}

func TestWindowsFollowBARAndCommand(t *testing.T) {
	b := newBoard(t)
	b.f.WriteConfig(0x10, 4, 0xc001)
	b.f.WriteConfig(0x14, 4, 0xe000_0000)
	b.f.WriteConfig(0x18, 4, 0x1010_0000)
	b.f.WriteConfig(0x1c, 4, 0x8)
	assert.Empty(t, b.take(), "not enabled")
	b.f.WriteConfig(RegCommand, 2, CommandIO)
	assert.Equal(t, []string{"io c000 true"}, b.take())
	b.f.WriteConfig(RegCommand, 1, CommandIO|CommandMemory)
	assert.Equal(t, []string{"mem e0000000 true", "wide 810100000 true"}, b.take())
	b.f.WriteConfig(0x10, 4, 0xd000)
	assert.Equal(t, []string{"io c000 false", "io d000 true"}, b.take())
	s := b.f.Save()
	b.f.Reset()
	assert.Equal(t, []string{"io d000 false", "mem e0000000 false", "wide 810100000 false"}, b.take())
	require.NoError(t, b.f.Restore(s))
	assert.Equal(t, []string{"io d000 true", "mem e0000000 true", "wide 810100000 true"}, b.take())
	require.NoError(t, b.f.Restore(s))
	assert.Empty(t, b.take(), "nothing moved")
}

func TestExpansionROM(t *testing.T) {
	var r recorder
	f := NewFunction(Header{Vendor: 1, Device: 2, CommandWritable: CommandMemory})
	f.AddROM(64<<10, r.mapper("rom"))
	f.WriteConfig(RegROM, 4, 0xfffff800)
	assert.Equal(t, uint32(0xffff0000), f.ReadConfig(RegROM, 4), "its size")
	f.WriteConfig(RegROM, 4, 0xfebe0000)
	f.WriteConfig(RegCommand, 2, CommandMemory)
	assert.Empty(t, r.take(), "not enabled")
	f.WriteConfig(RegROM, 4, 0xfebe0001)
	assert.Len(t, r.take(), 1)
	f.WriteConfig(RegCommand, 2, 0)
	assert.Len(t, r.take(), 1, "memory space off")
	f.WriteConfig(RegCommand, 2, CommandMemory)
	s := f.Save()
	f.Reset()
	r.take()
	require.NoError(t, f.Restore(s))
	assert.Len(t, r.take(), 1, "where it was")
	assert.Panics(t, func() { f.AddROM(1024, nil) })
}

func TestStatusBitsAreClearedByWritingOne(t *testing.T) {
	b := newBoard(t)
	b.f.SetByte(RegStatus+1, 0xf3)
	b.f.WriteConfig(RegCommand, 4, 0x2000_0000)
	assert.Equal(t, uint32(0xd380), b.f.ReadConfig(RegStatus, 2))
	b.f.WriteConfig(RegStatus, 2, 0xffff)
	assert.Equal(t, uint32(0x0280), b.f.ReadConfig(RegStatus, 2))
}

func TestInterruptPinObeysDisable(t *testing.T) {
	b := newBoard(t)
	b.f.SetInterrupt(true)
	assert.True(t, b.intx.Level)
	b.f.WriteConfig(RegCommand, 2, CommandInterruptDisable)
	assert.False(t, b.intx.Level)
	assert.Equal(t, uint32(8), b.f.ReadConfig(RegStatus, 1)&8, "the status bit shows it all the same")
	b.f.WriteConfig(RegCommand, 2, 0)
	assert.True(t, b.intx.Level)
	s := b.f.Save()
	b.f.Reset()
	assert.False(t, b.intx.Level)
	require.NoError(t, b.f.Restore(s))
	assert.True(t, b.intx.Level)
}

func TestFrozenBitsStay(t *testing.T) {
	b := newBoard(t)
	b.f.Freeze(0x40, 0x03)
	b.f.WriteConfig(0x40, 1, 0x0d)
	assert.Equal(t, uint8(0x1e), b.f.Byte(0x40))
}

func TestRestoreRefusesFixedBits(t *testing.T) {
	b := newBoard(t)
	for _, off := range []int{0, 3, 8, 0x0e, 0x3d, 0x41, 0xff} {
		s := b.f.Save()
		s.Config[off] ^= 0x40
		assert.ErrorContains(t, b.f.Restore(s), fmt.Sprintf("register %02xh", off))
	}
	assert.Error(t, b.p.Restore(PortsState{Address: 3}))
}

func TestSlotsAreTakenOnce(t *testing.T) {
	bus, f := NewBus(), NewFunction(Header{})
	require.NoError(t, bus.Attach(Slot{1, 1}, f))
	assert.ErrorContains(t, bus.Attach(Slot{1, 1}, f), "01.1 is taken")
	assert.Error(t, bus.Attach(Slot{32, 0}, f))
	assert.Error(t, bus.Attach(Slot{0, 8}, f))
	assert.Same(t, f, bus.At(Slot{1, 1}))
	assert.Nil(t, bus.At(Slot{40, 0}))
}

// FuzzPorts throws accesses of all sizes at the ports. Fixed bits must stay, and what was
// saved must come back.
func FuzzPorts(f *testing.F) {
	f.Add([]byte{0x40, 0x18, 0x19, 0x80, 0x44, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newBoard(t)
		for ; len(in) >= 6; in = in[6:] {
			off, size := uint16(in[0]&7), 1<<(in[0]>>3%3)
			v := uint32(in[1]) | uint32(in[2])<<8 | uint32(in[3])<<16 | uint32(in[4])<<24
			switch {
			case in[5]&1 != 0:
				b.addr(uint32(in[1]))
			case size == 1:
				b.p.Out(off, in[1])
			default:
				b.p.OutWide(off, size, v)
			}
			_ = b.p.InWide(off, 4)
			s := b.f.Save()
			if err := b.f.Check(s); err != nil {
				t.Fatal(err)
			}
			b.take()
			if err := b.f.Restore(s); err != nil || b.f.Save() != s || len(b.take()) != 0 {
				t.Fatalf("restore changed something: %v", err)
			}
		}
	})
}
