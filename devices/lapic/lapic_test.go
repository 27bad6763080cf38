package lapic

import (
	"testing"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A unit is a local APIC with what it did to its processor.
type unit struct {
	*Device
	intr       devicestest.Wire
	nmi, init  int
	started    []uint8
	eois       []uint8
	pic        int
	windowMove int
}

type board struct {
	bus   Bus
	clock devicestest.Clock
	u     []*unit
}

// newBoard has n local APICs in x2APIC-capable processors, enabled by SVR.
func newBoard(n int) *board {
	b := &board{}
	for i := range n {
		u := &unit{}
		u.Device = New(&b.bus, Config{
			ID: uint8(i), BSP: i == 0, X2: true, Clock: &b.clock,
			INTR: u.intr.Drive, NMI: func() { u.nmi++ }, INIT: func() { u.init++ },
			SIPI:   func(page uint8) { u.started = append(u.started, page) },
			EOI:    func(v uint8) { u.eois = append(u.eois, v) },
			TSC:    func() uint64 { return uint64(b.clock.Now()) },
			PIC:    func() uint8 { u.pic++; return 0x08 },
			Window: func() { u.windowMove++ },
		})
		u.Reset()
		u.out(0xf0, 0x1ff)
		b.u = append(b.u, u)
	}
	return b
}

func (u *unit) out(off uint64, v uint32) { u.WriteMMIO(off, 4, uint64(v)) }
func (u *unit) in(off uint64) uint32     { return uint32(u.ReadMMIO(off, 4)) }

// send writes ICR as xAPIC mode does.
func (u *unit) send(dest uint8, low uint32) {
	u.out(0x310, uint32(dest)<<24)
	u.out(0x300, low)
}

// x2 goes to x2APIC mode.
func (u *unit) enterX2(t *testing.T) { require.True(t, u.SetBase(u.Base()|baseX2)) }

func TestPowerOnValues(t *testing.T) {
	b := &board{}
	d := New(&b.bus, Config{ID: 3, X2: true, Clock: &b.clock, INTR: devices.NC, Window: func() {}, TSC: func() uint64 { return 0 }})
	d.Reset()
	for off, want := range map[uint64]uint64{
		0x20: 3 << 24, 0x30: 0x50014, 0x80: 0, 0xa0: 0, 0xd0: 0, 0xe0: 0xffffffff, 0xf0: 0xff, 0x280: 0, 0x300: 0,
		0x320: 0x10000, 0x330: 0x10000, 0x340: 0x10000, 0x350: 0x10000, 0x360: 0x10000, 0x370: 0x10000, 0x380: 0, 0x390: 0, 0x3e0: 0,
	} {
		assert.Equal(t, want, d.ReadMMIO(off, 4), "%#x", off)
	}
	assert.Equal(t, uint64(0xfee00800), d.Base())
}

// SDM Vol. 3A, "Interrupt, Task, and Processor Priority".
func TestPriorities(t *testing.T) {
	b := newBoard(1)
	u := b.u[0]
	b.bus.MSI(0xfee00000, 0x41)
	assert.True(t, u.intr.Level)
	u.SetTPR(0x40)
	assert.False(t, u.intr.Level, "class 4 is not above task priority 4")
	b.bus.MSI(0xfee00000, 0x52)
	assert.True(t, u.intr.Level)
	assert.Equal(t, uint8(0x52), u.Ack())
	assert.EqualValues(t, 0x50, u.in(0xa0), "PPR follows what is in service")
	b.bus.MSI(0xfee00000, 0x5f)
	assert.False(t, u.intr.Level, "same class as what is in service")
	u.SetTPR(0)
	b.bus.MSI(0xfee00000, 0x61)
	assert.True(t, u.intr.Level, "a higher class nests")
	assert.Equal(t, uint8(0x61), u.Ack())
	u.out(0xb0, 0)
	assert.Equal(t, uint32(0x00040000), u.in(0x120), "0x52 is still in service")
	u.out(0xb0, 0)
	assert.Equal(t, uint8(0x5f), u.Ack())
	u.out(0xb0, 0)
	assert.Equal(t, uint8(0x41), u.Ack())
	assert.Equal(t, uint8(0xff), u.Ack(), "spurious")
	u.out(0xb0, 0)
	assert.Zero(t, u.in(0x120))
}

func TestEOIGoesToTheIOAPICForLevelsOnly(t *testing.T) {
	b := newBoard(1)
	u := b.u[0]
	b.bus.MSI(0xfee00000, 0x41)
	b.bus.MSI(0xfee00000, 0x8000|0x42)
	assert.Equal(t, uint32(4), u.in(0x1a0), "TMR")
	assert.Equal(t, uint8(0x42), u.Ack())
	u.out(0xb0, 0)
	assert.Equal(t, uint8(0x41), u.Ack())
	u.out(0xb0, 0)
	assert.Equal(t, []uint8{0x42}, u.eois)
}

func TestDestinations(t *testing.T) {
	for _, tc := range []struct {
		name string
		msi  uint64
		flat bool
		got  []int
	}{
		{"physical", 0xfee02000, true, []int{2}},
		{"physical, nobody", 0xfee09000, true, nil},
		{"broadcast", 0xfeeff000, true, []int{0, 1, 2, 3}},
		{"flat", 0xfee05004, true, []int{0, 2}},
		{"cluster", 0xfee13004, false, []int{0, 1}},
		{"other cluster", 0xfee22004, false, []int{3}},
		{"every cluster", 0xfeef1004, false, []int{0, 2}},
	} {
		b := newBoard(4)
		for i, u := range b.u {
			u.out(0xd0, 1<<i<<24)
			if !tc.flat {
				u.out(0xe0, 0x0fffffff)
				u.out(0xd0, uint32(1+i/2)<<28|1<<(i%2)<<24)
			}
		}
		b.bus.MSI(tc.msi, 0x41)
		var got []int
		for i, u := range b.u {
			if u.intr.Level {
				got = append(got, i)
			}
		}
		assert.Equal(t, tc.got, got, tc.name)
	}
}

func TestLowestPriorityPicksOne(t *testing.T) {
	b := newBoard(3)
	for i, u := range b.u {
		u.out(0xd0, 1<<i<<24)
	}
	b.u[0].SetTPR(0x80)
	b.bus.MSI(0xfee07004, 0x141)
	assert.False(t, b.u[0].intr.Level)
	assert.True(t, b.u[1].intr.Level)
	assert.False(t, b.u[2].intr.Level)
}

func TestICR(t *testing.T) {
	b := newBoard(3)
	b.u[0].send(2, 0x4041)
	assert.Equal(t, uint8(0x41), b.u[2].Ack())
	b.u[0].send(0, 0x44042) // self
	assert.Equal(t, uint8(0x42), b.u[0].Ack())
	b.u[1].send(0, 0xc4400) // NMI to all but itself
	assert.Equal(t, [3]int{1, 0, 1}, [3]int{b.u[0].nmi, b.u[1].nmi, b.u[2].nmi})
	b.u[0].send(0, 0xc4500) // INIT
	b.u[0].send(0, 0xc8500) // its end, which nobody hears
	b.u[0].send(1, 0x4697)
	assert.Equal(t, [3]int{0, 1, 1}, [3]int{b.u[0].init, b.u[1].init, b.u[2].init})
	assert.Equal(t, []uint8{0x97}, b.u[1].started)
	assert.Empty(t, b.u[2].started)
	b.u[0].send(0, 0x84200) // SMI: there is no such mode
}

func TestErrors(t *testing.T) {
	b := newBoard(2)
	u := b.u[0]
	u.out(0x370, 0x33)
	u.send(1, 0x4005)
	assert.Zero(t, u.in(0x280), "a write latches")
	u.out(0x280, 0)
	assert.EqualValues(t, errSendVector, u.in(0x280))
	assert.Equal(t, uint8(0x33), u.Ack(), "the entry for errors")
	b.bus.MSI(0xfee00000, 0x0f)
	u.in(0x40) // no such register
	u.out(0x280, 0)
	assert.EqualValues(t, errReceiveVector|errRegister, u.in(0x280))
	u.out(0x280, 0)
	assert.Zero(t, u.in(0x280))
}

func TestVirtualWire(t *testing.T) {
	b := newBoard(2)
	u := b.u[0]
	u.Reset()
	u.VirtualWire()
	u.SetLINT(0, true)
	assert.True(t, u.intr.Level)
	assert.Equal(t, uint8(0x08), u.Ack(), "from the 8259")
	u.SetLINT(0, false)
	assert.False(t, u.intr.Level)
	u.SetLINT(1, true)
	u.SetLINT(1, true)
	assert.Equal(t, 1, u.nmi, "an edge")
	u.out(0x350, 0x10700)
	u.SetLINT(0, true)
	assert.False(t, u.intr.Level, "masked")
	b.u[1].SetLINT(0, true)
	assert.False(t, b.u[1].intr.Level, "masked at power-on")
}

func TestWithoutAPICTheINTRPinIsLINT0(t *testing.T) {
	b := newBoard(2)
	u := b.u[0]
	require.True(t, u.SetBase(u.Base()&^baseEnable))
	u.SetLINT(0, true)
	assert.True(t, u.intr.Level)
	assert.Equal(t, uint8(0x08), u.Ack())
	b.bus.MSI(0xfeeff000, 0x41)
	u.SetLINT(0, false)
	assert.False(t, u.intr.Level, "messages do not arrive")
}

func TestLevelOnLINT0(t *testing.T) {
	b := newBoard(1)
	u := b.u[0]
	u.out(0x350, lvtLevel|0x44)
	u.SetLINT(0, true)
	assert.Equal(t, uint8(0x44), u.Ack())
	assert.NotZero(t, u.in(0x350)&lvtRemoteIRR)
	assert.False(t, u.intr.Level)
	u.out(0xb0, 0)
	assert.True(t, u.intr.Level, "still high: again")
	u.Ack()
	u.SetLINT(0, false)
	u.out(0xb0, 0)
	assert.False(t, u.intr.Level)
}

func TestDisablingMasks(t *testing.T) {
	b := newBoard(1)
	u := b.u[0]
	u.out(0x320, 0x40)
	u.out(0xf0, 0xff)
	assert.EqualValues(t, 0x10040, u.in(0x320))
	u.out(0x320, 0x40)
	assert.EqualValues(t, 0x10040, u.in(0x320), "stays so")
}

func TestOneShot(t *testing.T) {
	b := newBoard(1)
	u := b.u[0]
	u.out(0x320, 0x40)
	u.out(0x3e0, 0x3) // by 16
	u.out(0x380, 100)
	b.clock.Advance(800)
	assert.EqualValues(t, 50, u.in(0x390))
	b.clock.Advance(799)
	assert.False(t, u.intr.Level)
	b.clock.Advance(1)
	assert.Equal(t, uint8(0x40), u.Ack())
	u.out(0xb0, 0)
	assert.Zero(t, u.in(0x390))
	b.clock.Advance(10_000)
	assert.False(t, u.intr.Level)
	u.out(0x380, 100)
	u.out(0x380, 0)
	b.clock.Advance(10_000)
	assert.False(t, u.intr.Level, "stopped")
}

func TestDivisors(t *testing.T) {
	for code, want := range map[uint32]devices.Time{0: 2, 1: 4, 2: 8, 3: 16, 8: 32, 9: 64, 10: 128, 11: 1} {
		assert.Equal(t, want, (&State{Divide: code}).divisor(), "%#x", code)
	}
}

func TestPeriodic(t *testing.T) {
	b := newBoard(1)
	u := b.u[0]
	u.out(0x320, 0x20040)
	u.out(0x3e0, 0xb)
	u.out(0x380, 1000)
	for range 5 {
		b.clock.Advance(1000)
		require.True(t, u.intr.Level)
		u.Ack()
		u.out(0xb0, 0)
	}
	b.clock.Advance(300)
	assert.EqualValues(t, 700, u.in(0x390))
	u.out(0x320, 0x30040)
	b.clock.Advance(5000)
	assert.False(t, u.intr.Level)
	u.out(0x320, 0x20040)
	b.clock.Advance(700)
	assert.True(t, u.intr.Level, "the count went on while it was masked")
}

func TestDeadline(t *testing.T) {
	b := newBoard(1)
	u := b.u[0]
	u.SetTSCDeadline(500)
	assert.Zero(t, u.TSCDeadline(), "not in this mode")
	u.out(0x320, 0x40040)
	u.SetTSCDeadline(500)
	b.clock.Advance(499)
	assert.EqualValues(t, 500, u.TSCDeadline())
	assert.False(t, u.intr.Level)
	b.clock.Advance(1)
	assert.Equal(t, uint8(0x40), u.Ack())
	assert.Zero(t, u.TSCDeadline())
	u.out(0xb0, 0)
	u.SetTSCDeadline(100)
	b.clock.Advance(0)
	assert.True(t, u.intr.Level, "a deadline that has passed")
	u.out(0x380, 10)
	assert.Zero(t, u.in(0x390), "no count in this mode")
}

// SDM Vol. 3A, "x2APIC State Transitions".
func TestModes(t *testing.T) {
	u := newBoard(1).u[0]
	b := u.Base()
	assert.False(t, u.SetBase(b&^baseEnable|baseX2), "invalid")
	assert.True(t, u.SetBase(b|baseX2))
	assert.False(t, u.SetBase(b), "not back to xAPIC")
	_, ok := u.Window()
	assert.False(t, ok)
	assert.True(t, u.SetBase(b&^baseEnable))
	assert.False(t, u.SetBase(b|baseX2), "not at once")
	assert.True(t, u.SetBase(b&^baseAddr|0x80000000))
	at, ok := u.Window()
	assert.True(t, ok)
	assert.EqualValues(t, 0x80000000, at)
	assert.False(t, u.SetBase(b|1), "reserved")
	assert.True(t, u.SetBase(b&^baseBSP))
	assert.Equal(t, b, u.Base(), "BSP is read only")
}

func TestX2APIC(t *testing.T) {
	b := newBoard(20)
	for _, u := range b.u {
		u.enterX2(t)
	}
	u := b.u[17]
	ldr, ok := u.ReadX2(regLDR)
	assert.True(t, ok)
	assert.EqualValues(t, 1<<16|2, ldr)
	id, _ := u.ReadX2(regID)
	assert.EqualValues(t, 17, id)
	assert.True(t, b.u[0].WriteX2(regICR, 0x0001000a<<32|icrLogical|0x41))
	for i, u := range b.u {
		assert.Equal(t, i == 17 || i == 19, u.intr.Level, i)
	}
	assert.True(t, u.WriteX2(regSelf, 0x91))
	assert.Equal(t, uint8(0x91), u.Ack())
	assert.True(t, u.WriteX2(regEOI, 0))
	for _, bad := range []struct {
		reg uint32
		v   uint64
	}{{regEOI, 1}, {regTPR, 0x100}, {regLDR, 0}, {regID, 0}, {regVersion, 0}, {regDFR, 0}, {regICR2, 0}, {regISR, 0}, {regCurrent, 0}, {regSVR, 0x1000}, {0x3a, 0}, {regESR, 1}} {
		assert.False(t, u.WriteX2(bad.reg, bad.v), "%#x", bad.reg)
	}
	for _, n := range []uint32{regEOI, regDFR, regICR2, regSelf, 0, 0x3a} {
		_, ok := u.ReadX2(n)
		assert.False(t, ok, "%#x", n)
	}
	b.u[0].WriteX2(regICR, 0xffffffff<<32|modeNMI<<8)
	assert.Equal(t, 1, u.nmi, "broadcast")
}

func TestInitKeepsModeAndID(t *testing.T) {
	u := newBoard(3).u[2]
	u.enterX2(t)
	u.SetTPR(0x30)
	u.Init()
	assert.True(t, u.x2())
	id, _ := u.ReadX2(regID)
	assert.EqualValues(t, 2, id)
	assert.Zero(t, u.TPR())
}

func TestRestoreGoesOn(t *testing.T) {
	b := newBoard(1)
	u := b.u[0]
	u.out(0x320, 0x20040)
	u.out(0x380, 500)
	b.clock.Advance(1700)
	b.bus.MSI(0xfee00000, 0x8061)
	s := u.Save()
	c := newBoard(1)
	c.clock.Advance(1700)
	require.NoError(t, c.u[0].Restore(s))
	assert.Equal(t, s, c.u[0].Save())
	assert.True(t, c.u[0].intr.Level)
	for _, x := range []*board{b, c} {
		assert.Equal(t, uint8(0x61), x.u[0].Ack())
		x.u[0].out(0xb0, 0)
		x.u[0].Ack()
		x.u[0].out(0xb0, 0)
		x.clock.Advance(400)
		assert.True(t, x.u[0].intr.Level)
	}
	for _, bad := range []func(*State){
		func(s *State) { s.Base = baseX2 }, func(s *State) { s.TPR = 0x100 }, func(s *State) { s.IRR[0] = 1 },
		func(s *State) { s.LVT[0] = 1 << 30 }, func(s *State) { s.Divide = 4 },
	} {
		s := u.Save()
		bad(&s)
		assert.Error(t, u.Restore(s))
	}
}

// FuzzDevice: whatever a guest writes, a state that was saved can be restored and is the
// same then.
func FuzzDevice(f *testing.F) {
	f.Add([]byte{0x38, 10, 0, 0x32, 0x40, 2, 0x30, 0x41, 0x40})
	f.Fuzz(func(t *testing.T, p []byte) {
		b := newBoard(3)
		for ; len(p) >= 3; p = p[3:] {
			u := b.u[p[1]%3]
			v := uint32(p[1])<<12 | uint32(p[2])<<4 | uint32(p[2])>>4
			switch p[0] >> 6 {
			case 0:
				u.out(uint64(p[0]&0x3f)<<4, v)
			case 1:
				u.WriteX2(uint32(p[0]&0x3f), uint64(v))
			case 2:
				b.clock.Advance(devices.Time(v))
				u.SetLINT(int(p[0]&1), p[2]&1 != 0)
			default:
				u.SetBase(DefaultBase | uint64(p[2])<<8)
				u.Ack()
			}
			s := u.Save()
			require.NoError(t, u.Restore(s))
			require.Equal(t, s, u.Save())
			require.Equal(t, u.request(), u.intr.Level)
		}
	})
}
