package piix4pm

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/devicestest"
)

type board struct {
	clock    devicestest.Clock
	sci, off devicestest.Wire
	at       uint64 // where the registers answer, 0: nowhere
	d        *Device
	regs     devices.WidePort
}

func newBoard() *board {
	b := &board{}
	b.d = New(Config{Clock: &b.clock, SCI: b.sci.Drive, PowerOff: b.off.Drive, Map: func(base uint64, on bool) {
		b.at = 0
		if on {
			b.at = base
		}
	}})
	b.regs = b.d.Registers()
	b.d.Reset()
	return b
}

func TestRegistersAnswerWherePMBASays(t *testing.T) {
	b := newBoard()
	f := b.d.Function()
	assert.Equal(t, uint32(0x71138086), f.ReadConfig(0, 4))
	f.WriteConfig(RegPMBA, 4, 0x601)
	assert.Zero(t, b.at, "not enabled")
	f.WriteConfig(RegPMREGMISC, 1, 1)
	assert.Equal(t, uint64(0x600), b.at)
	f.WriteConfig(RegPMBA, 4, 0xffffffff)
	assert.Equal(t, uint64(0xffc0), b.at)
	assert.Equal(t, uint32(0xffc1), f.ReadConfig(RegPMBA, 4))
	b.d.Reset()
	assert.Zero(t, b.at)
}

func TestTimerRate(t *testing.T) {
	b := newBoard()
	assert.Zero(t, b.regs.InWide(8, 4))
	b.clock.Advance(devices.Second)
	assert.Equal(t, uint32(3579545), b.regs.InWide(8, 4))
	assert.Equal(t, uint8(3579545>>8&0xff), b.regs.In(9))
	b.clock.Advance(9 * devices.Second)
	assert.Equal(t, uint32(35795454&0xffffff), b.regs.InWide(8, 4))
	b.clock.Advance(100 * 365 * 24 * 3600 * devices.Second)
	assert.Zero(t, b.regs.In(11), "24 bits")
}

func TestTimerOverflow(t *testing.T) {
	b := newBoard()
	b.regs.OutWide(2, 2, 1)
	b.regs.OutWide(4, 2, 1)
	half := devices.Time(1<<23) * 88000 / 315
	b.clock.AdvanceTo(half - 1000)
	assert.False(t, b.sci.Level)
	b.clock.AdvanceTo(half + 1000)
	assert.True(t, b.sci.Level, "bit 23 has changed")
	b.regs.OutWide(0, 2, 1)
	assert.False(t, b.sci.Level)
	b.clock.AdvanceTo(2*half + 1000)
	assert.True(t, b.sci.Level)
	b.regs.OutWide(4, 2, 0)
	assert.False(t, b.sci.Level, "without SCI_EN")
	assert.Equal(t, uint32(1), b.regs.InWide(0, 2))
}

func TestPowerOff(t *testing.T) {
	b := newBoard()
	b.regs.OutWide(4, 2, 0x2401) // another sleeping state
	assert.Zero(t, b.off.Rises)
	assert.Equal(t, uint32(0x0401), b.regs.InWide(4, 2), "SUS_EN reads 0")
	b.regs.OutWide(4, 2, 0x0001)
	b.regs.OutWide(4, 2, 0x2001)
	assert.Equal(t, 1, b.off.Rises)
	b.regs.Out(5, 0x20)
	assert.Equal(t, 2, b.off.Rises, "by bytes")
}

func TestPowerButton(t *testing.T) {
	b := newBoard()
	b.d.PressPowerButton()
	assert.False(t, b.sci.Level)
	assert.Equal(t, uint32(0x100), b.regs.InWide(0, 2))
	b.d.APM().Out(0, ACPIEnable)
	assert.Equal(t, uint32(1), b.regs.InWide(4, 2))
	b.regs.OutWide(2, 2, 0x100)
	assert.True(t, b.sci.Level)
	b.regs.Out(1, 1)
	assert.False(t, b.sci.Level)
	b.d.APM().Out(0, ACPIDisable)
	assert.Zero(t, b.regs.InWide(4, 2))
}

func TestGeneralPurposeEvents(t *testing.T) {
	b := newBoard()
	b.regs.OutWide(4, 2, 1)
	b.regs.OutWide(0xe, 2, 0xffff)
	b.d.RaiseEvent(8)
	b.d.RaiseEvent(3)
	assert.True(t, b.sci.Level)
	assert.Equal(t, uint32(0x100), b.regs.InWide(0xc, 2))
	b.regs.OutWide(0xc, 2, 0x100)
	assert.False(t, b.sci.Level)
}

func TestStateMoves(t *testing.T) {
	b := newBoard()
	b.d.Function().WriteConfig(RegPMBA, 4, 0xb001)
	b.d.Function().WriteConfig(RegPMREGMISC, 1, 1)
	b.regs.OutWide(2, 2, 0x101)
	b.regs.OutWide(4, 2, 1)
	b.d.PressPowerButton()
	other := newBoard()
	s := b.d.Save()
	require.NoError(t, other.d.Restore(s))
	assert.Equal(t, s, other.d.Save())
	assert.Equal(t, uint64(0xb000), other.at)
	assert.True(t, other.sci.Level)
	assert.Zero(t, other.off.Rises)
	s.Status = 2
	assert.Error(t, other.d.Restore(s))
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{4, 0x20, 2, 1, 64, 9, 0, 1, 0x80, 7})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newBoard()
		for ; len(in) >= 2; in = in[2:] {
			switch op, v := in[0], in[1]; {
			case op < 64:
				b.regs.Out(uint16(op), v)
			case op < 128:
				b.clock.Advance(devices.Time(v) * devices.Second)
				b.regs.InWide(uint16(op&63), 4)
			case op < 192:
				b.regs.OutWide(uint16(op&60), 4, uint32(v)*0x1010101)
			case op < 196:
				b.d.APM().Out(uint16(op&3), v)
			default:
				b.d.Function().WriteConfig(v, 1, uint32(op))
			}
			s := b.d.Save()
			require.NoError(t, b.d.Restore(s))
			require.Equal(t, s, b.d.Save())
		}
	})
}
