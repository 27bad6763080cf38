package piix3

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
	"github.com/glassbox-vm/glassbox/devices/pci"
)

type isaBoard struct {
	irq        [16]devicestest.Wire
	hard, init devicestest.Wire
	d          *ISA
	pirq       [3]devices.Line // two sources on PIRQA, one on PIRQB
}

func newISABoard() *isaBoard {
	b := &isaBoard{}
	c := ISAConfig{HardReset: b.hard.Drive, INIT: b.init.Drive}
	for i := range c.IRQ {
		c.IRQ[i] = b.irq[i].Drive
	}
	b.d = NewISA(c)
	b.pirq = [3]devices.Line{b.d.PIRQ(0), b.d.PIRQ(0), b.d.PIRQ(1)}
	b.d.Reset()
	return b
}

func (b *isaBoard) high() (n []int) {
	for i := range b.irq {
		if b.irq[i].Level {
			n = append(n, i)
		}
	}
	return n
}

func TestISAPowerOn(t *testing.T) {
	f := newISABoard().d.Function()
	assert.Equal(t, uint32(0x7000_8086), f.ReadConfig(0, 4))
	assert.Equal(t, uint32(0x0200_0007), f.ReadConfig(4, 4))
	assert.Equal(t, uint32(0x060100), f.ReadConfig(8, 4)>>8)
	assert.Equal(t, uint32(0x80), f.ReadConfig(0x0e, 1), "several functions")
	assert.Equal(t, uint32(0x8080_8080), f.ReadConfig(RegPIRQRC, 4))
}

func TestPIRQRouting(t *testing.T) {
	b := newISABoard()
	f := b.d.Function()
	b.pirq[0](true)
	assert.Empty(t, b.high(), "not routed")
	f.WriteConfig(RegPIRQRC, 1, 10)
	assert.Equal(t, []int{10}, b.high())
	f.WriteConfig(RegPIRQRC, 1, 11)
	assert.Equal(t, []int{11}, b.high(), "the route moves the level")
	b.pirq[1](true)
	b.pirq[0](false)
	assert.Equal(t, []int{11}, b.high(), "the other source still pulls")
	f.WriteConfig(RegPIRQRC+1, 1, 11)
	b.pirq[2](true)
	b.pirq[1](false)
	assert.Equal(t, []int{11}, b.high(), "two PIRQs share one IRQ")
	b.pirq[2](false)
	assert.Empty(t, b.high())
	assert.Equal(t, 1, b.irq[11].Rises)
	for _, reserved := range []uint32{0, 1, 2, 8, 13} {
		f.WriteConfig(RegPIRQRC, 1, reserved)
		b.pirq[0](true)
		assert.Empty(t, b.high(), "IRQ %d", reserved)
	}
}

func TestResetControl(t *testing.T) {
	b := newISABoard()
	r := b.d.ResetControl()
	r.Out(1, 0x02)
	assert.Equal(t, uint8(2), r.In(1))
	assert.Zero(t, b.hard.Rises)
	r.Out(1, 0x0e)
	assert.Equal(t, 1, b.hard.Rises)
	assert.Zero(t, b.init.Rises)
	r.Out(1, 0x06)
	assert.Equal(t, 1, b.hard.Rises, "RCPU was set already")
	r.Out(1, 0x00)
	r.Out(1, 0x04)
	assert.Equal(t, 1, b.init.Rises)
	assert.Equal(t, 1, b.hard.Rises)
	r.Out(0, 0xff)
	assert.Equal(t, uint8(0xff), r.In(0))
}

func TestISARestore(t *testing.T) {
	b := newISABoard()
	b.d.Function().WriteConfig(RegPIRQRC, 1, 5)
	b.pirq[1](true)
	b.d.ResetControl().Out(1, 2)
	s := b.d.Save()
	b.pirq[1](false)
	b.d.Reset()
	assert.Empty(t, b.high())
	require.NoError(t, b.d.Restore(s))
	assert.Equal(t, []int{5}, b.high())
	assert.Equal(t, s, b.d.Save())
	assert.Zero(t, b.hard.Rises)
	s.PIRQ[1] = 2
	assert.ErrorContains(t, b.d.Restore(s), "PIRQB has 1 inputs")
	s.PIRQ[1], s.ResetControl = 0, 1
	assert.Error(t, b.d.Restore(s))
}

// drive is the other end of the cable: it gives or takes what a test says, in pieces.
type drive struct {
	request devices.Line
	give    []byte // to memory
	take    int    // bytes it still wants
	took    []byte
}

func (d *drive) ReadDMAData(p []byte) int {
	n := copy(p, d.give)
	if d.give = d.give[n:]; len(d.give) == 0 {
		d.request(false)
	}
	return n
}

func (d *drive) WriteDMAData(p []byte) int {
	n := min(len(p), d.take)
	d.took = append(d.took, p[:n]...)
	if d.take -= n; d.take == 0 {
		d.request(false)
	}
	return n
}

type ideBoard struct {
	d      *IDE
	ram    devicestest.RAM
	irq    [2]devicestest.Wire
	drive  drive
	mapped string
	decode [2]bool
}

func newIDEBoard() *ideBoard {
	b := &ideBoard{ram: make(devicestest.RAM, 1<<20)}
	b.d = NewIDE(IDEConfig{
		IRQ: [2]devices.Line{b.irq[0].Drive, b.irq[1].Drive}, Memory: b.ram,
		Map:    func(base uint64, on bool) { b.mapped = fmt.Sprintf("%x %v", base, on) },
		Decode: func(i int, on bool) { b.decode[i] = on },
	})
	b.drive.request = b.d.DMARQ(1)
	b.d.Attach(1, &b.drive)
	b.d.Reset()
	b.d.Function().WriteConfig(pci.RegCommand, 2, pci.CommandIO|pci.CommandBusMaster)
	return b
}

// table writes descriptors at 1000h and points the secondary channel at them.
func (b *ideBoard) table(entries ...[2]uint32) {
	for i, e := range entries {
		binary.LittleEndian.PutUint32(b.ram[0x1000+8*i:], e[0])
		binary.LittleEndian.PutUint32(b.ram[0x1004+8*i:], e[1])
	}
	b.d.OutWide(8+4, 4, 0x1000)
}

func TestIDEPowerOn(t *testing.T) {
	b := newIDEBoard()
	b.d.Reset()
	f := b.d.Function()
	assert.Equal(t, uint32(0x7010_8086), f.ReadConfig(0, 4))
	assert.Equal(t, uint32(0x0280_0000), f.ReadConfig(4, 4))
	assert.Equal(t, uint32(0x0101_8000), f.ReadConfig(8, 4))
	assert.Equal(t, uint32(1), f.ReadConfig(0x20, 4))
	assert.Equal(t, uint32(0), f.ReadConfig(0x10, 4), "legacy ports have no BAR")
	f.WriteConfig(4, 2, 0xffff)
	assert.Equal(t, uint32(5), f.ReadConfig(4, 2))
	f.WriteConfig(0x20, 4, 0xffff_ffff)
	assert.Equal(t, uint32(0xfffffff1), f.ReadConfig(0x20, 4))
	f.WriteConfig(0x20, 4, 0xc040)
	assert.Equal(t, "c040 true", b.mapped)
}

func TestDecodeNeedsBothBits(t *testing.T) {
	b := newIDEBoard()
	f := b.d.Function()
	assert.Equal(t, [2]bool{}, b.decode)
	f.WriteConfig(0x40, 4, 0x8000_0000)
	assert.Equal(t, [2]bool{false, true}, b.decode)
	f.WriteConfig(4, 2, 0)
	assert.Equal(t, [2]bool{}, b.decode)
	f.WriteConfig(0x40, 4, 0x8000_8000)
	assert.Equal(t, [2]bool{}, b.decode)
	f.WriteConfig(4, 2, 1)
	assert.Equal(t, [2]bool{true, true}, b.decode)
}

func TestBusMasterRegisterMasks(t *testing.T) {
	b := newIDEBoard()
	b.d.Out(8, 0xf6)
	assert.Equal(t, uint8(0), b.d.In(8))
	b.d.Out(10, 0xff)
	assert.Equal(t, uint8(0x60), b.d.In(10), "active is read-only, 7 is no simplex")
	b.d.OutWide(12, 4, 0x1234_5677)
	assert.Equal(t, uint32(0x1234_5674), b.d.InWide(12, 4))
	assert.Equal(t, uint32(0), b.d.InWide(4, 4), "the other channel is its own")
	assert.Equal(t, uint8(0), b.d.In(9))
	assert.Equal(t, uint8(0xff), b.d.In(16))
}

func TestInterruptBitSetsOnEdgeOnly(t *testing.T) {
	b := newIDEBoard()
	intrq := b.d.INTRQ(1)
	intrq(true)
	assert.True(t, b.irq[1].Level)
	assert.Equal(t, uint8(4), b.d.In(10))
	b.d.Out(10, 4)
	assert.Equal(t, uint8(0), b.d.In(10))
	intrq(true)
	assert.Equal(t, uint8(0), b.d.In(10), "still the same assertion")
	intrq(false)
	assert.False(t, b.irq[1].Level)
	intrq(true)
	assert.Equal(t, uint8(4), b.d.In(10))
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = uint8(i*7 + i>>8)
	}
	return p
}

func TestScatterToMemory(t *testing.T) {
	b := newIDEBoard()
	b.table([2]uint32{0x2001, 0x0401}, [2]uint32{0x40000, 0}, [2]uint32{0x8000, 0x8000_0200})
	want := pattern(0x400 + 0x10000 + 0x200)
	b.drive.give = want
	b.d.Out(8, bmWrite|bmStart)
	assert.Equal(t, uint8(1), b.d.In(10), "active, waits for the drive")
	b.drive.request(true)
	assert.Equal(t, want[:0x400], []byte(b.ram[0x2000:0x2400]), "bit 0 of address and count is 0")
	assert.Equal(t, want[0x400:0x10400], []byte(b.ram[0x40000:0x50000]), "count 0 is 64 KiB")
	assert.Equal(t, want[0x10400:], []byte(b.ram[0x8000:0x8200]))
	assert.Equal(t, uint8(0), b.d.In(10), "end of table: not active")
	assert.Equal(t, uint8(bmWrite|bmStart), b.d.In(8), "start is software's to clear")
}

func TestGatherFromMemory(t *testing.T) {
	b := newIDEBoard()
	copy(b.ram[0x3000:], pattern(0x600))
	b.table([2]uint32{0x3400, 0x200}, [2]uint32{0x3000, 0x8000_0400})
	b.drive.take = 0x500
	b.drive.request(true)
	assert.Empty(t, b.drive.took, "not started")
	b.d.Out(8, bmStart)
	p := pattern(0x600)
	assert.Equal(t, append(append([]byte{}, p[0x400:]...), p[:0x300]...), b.drive.took)
	assert.Equal(t, uint8(1), b.d.In(10), "the table has more room")
	b.d.INTRQ(1)(true)
	assert.Equal(t, uint8(5), b.d.In(10))
	b.d.Out(8, 0)
	assert.Equal(t, uint8(4), b.d.In(10))
}

func TestShortTableLeavesTheDriveWaiting(t *testing.T) {
	b := newIDEBoard()
	b.table([2]uint32{0x3000, 0x8000_0200})
	b.drive.give = pattern(0x400)
	b.d.Out(8, bmWrite|bmStart)
	b.drive.request(true)
	assert.Equal(t, uint8(0), b.d.In(10), "no interrupt, not active: too short")
	assert.Len(t, b.drive.give, 0x200)
	assert.Equal(t, make([]byte, 0x200), []byte(b.ram[0x3200:0x3400]))
}

func TestEndlessTableEndsInError(t *testing.T) {
	b := newIDEBoard()
	for i := range 16384 {
		binary.LittleEndian.PutUint64(b.ram[0x1000+8*i:], 2<<32|0x80000)
	}
	b.d.OutWide(12, 4, 0x1000)
	b.drive.give = pattern(4 * maxDescriptors)
	b.d.Out(8, bmWrite|bmStart)
	b.drive.request(true)
	assert.Equal(t, uint8(bmError), b.d.In(10))
	assert.Len(t, b.drive.give, 2*maxDescriptors)
}

func TestWrongDirectionMovesNothing(t *testing.T) {
	b := newIDEBoard()
	b.table([2]uint32{0x3000, 0x8000_0200})
	b.drive.give = pattern(0x200) // wants to give
	b.d.Out(8, bmStart)           // but the engine reads memory
	b.drive.request(true)
	assert.Len(t, b.drive.give, 0x200)
	assert.Equal(t, uint8(1), b.d.In(10))
	b.d.Out(8, bmStart|bmWrite)
	assert.Equal(t, uint8(bmStart), b.d.In(8), "direction is fixed while active")
}

func TestBusMasterEnableHoldsTheTransfer(t *testing.T) {
	b := newIDEBoard()
	f := b.d.Function()
	f.WriteConfig(4, 2, pci.CommandIO)
	b.table([2]uint32{0x3000, 0x8000_0200})
	b.drive.give = pattern(0x200)
	b.d.Out(8, bmWrite|bmStart)
	b.drive.request(true)
	assert.Len(t, b.drive.give, 0x200)
	f.WriteConfig(4, 2, pci.CommandIO|pci.CommandBusMaster)
	assert.Empty(t, b.drive.give)
	assert.Equal(t, pattern(0x200), []byte(b.ram[0x3000:0x3200]))
}

func TestRestoreInTheMiddleOfADescriptor(t *testing.T) {
	b := newIDEBoard()
	b.table([2]uint32{0x3000, 0x8000_0600})
	b.drive.give = pattern(0x200)
	b.d.Out(8, bmWrite|bmStart)
	b.drive.request(true)
	s := b.d.Save()
	assert.Equal(t, uint32(0x400), s.Channels[1].Left)

	c := newIDEBoard()
	copy(c.ram, b.ram)
	require.NoError(t, c.d.Restore(s))
	assert.Equal(t, s, c.d.Save())
	c.drive.give = pattern(0x600)[0x200:]
	c.drive.request(true)
	assert.Equal(t, pattern(0x600), []byte(c.ram[0x3000:0x3600]))
	assert.Equal(t, uint8(0), c.d.In(10))
}

func TestIDERestoreRefusesNonsense(t *testing.T) {
	b := newIDEBoard()
	for name, change := range map[string]func(*BusMasterState){
		"command": func(s *BusMasterState) { s.Command = 2 },
		"status":  func(s *BusMasterState) { s.Status = 0x80 },
		"active":  func(s *BusMasterState) { s.Status = bmActive },
		"aligned": func(s *BusMasterState) { s.Next = 2 },
		"left":    func(s *BusMasterState) { s.Left = 0x10002 },
		"descrip": func(s *BusMasterState) { s.Descriptors = maxDescriptors + 1 },
	} {
		s := b.d.Save()
		change(&s.Channels[1])
		assert.ErrorContains(t, b.d.Restore(s), name)
	}
}

// FuzzIDE throws register accesses and requests at the IDE function.
func FuzzIDE(f *testing.F) {
	f.Add([]byte{12, 0, 16, 8, 9, 0, 32, 1, 0, 8, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newIDEBoard()
		copy(b.ram[0x1000:], in)
		for ; len(in) >= 3; in = in[3:] {
			op, v, w := in[0]%64, in[1], in[2]
			switch {
			case op < 16:
				b.d.Out(uint16(op), v)
			case op < 32:
				b.d.OutWide(uint16(op-16), 4, uint32(v)<<8)
			case op < 40:
				b.drive.give = pattern(int(w) * 16)
				b.drive.request(v&1 != 0 && w != 0)
			case op < 48:
				b.drive.take = int(w) * 16
				b.drive.request(v&1 != 0 && w != 0)
			case op < 56:
				b.d.Function().WriteConfig(v, 1, uint32(w))
			default:
				b.d.INTRQ(1)(v&1 != 0)
			}
			b.drive.took = nil
			s := b.d.Save()
			if err := b.d.Restore(s); err != nil || b.d.Save() != s {
				t.Fatalf("restore: %v", err)
			}
		}
	})
}

// FuzzISA throws configuration writes and interrupts at the ISA bridge.
func FuzzISA(f *testing.F) {
	f.Add([]byte{0x60, 5, 0, 1})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newISABoard()
		for ; len(in) >= 2; in = in[2:] {
			if in[0] < 4 {
				b.pirq[in[0]%3](in[1]&1 != 0)
			} else {
				b.d.Function().WriteConfig(in[0], 1, uint32(in[1]))
			}
			s, before := b.d.Save(), b.high()
			if err := b.d.Restore(s); err != nil || b.d.Save() != s {
				t.Fatalf("restore: %v", err)
			}
			assert.Equal(t, before, b.high())
		}
	})
}
