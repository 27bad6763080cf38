package i440fx

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type board struct {
	pam   [7]uint8
	smram uint8
	told  int
}

func newOnBoard() (*Device, *board) {
	b := &board{}
	d := New(Config{
		PAM:   func(pam [7]uint8) { b.pam = pam; b.told++ },
		SMRAM: func(v uint8) { b.smram = v },
	})
	d.Reset()
	return d, b
}

func TestPowerOn(t *testing.T) {
	d, b := newOnBoard()
	f := d.Function()
	assert.Equal(t, uint32(0x1237_8086), f.ReadConfig(0, 4))
	assert.Equal(t, uint32(0x0280_0006), f.ReadConfig(4, 4))
	assert.Equal(t, uint32(0x0600_0002), f.ReadConfig(8, 4))
	assert.Equal(t, uint32(0), f.ReadConfig(0x0e, 1))
	assert.Equal(t, uint32(0x02), f.ReadConfig(RegSMRAM, 1))
	assert.Equal(t, [7]uint8{}, b.pam)
	assert.Equal(t, uint8(2), b.smram)
}

func TestPAMThroughItsMasks(t *testing.T) {
	d, b := newOnBoard()
	d.Function().WriteConfig(0x58, 4, 0xffff_ff10) // as one dword: 58h and PAM0–2
	assert.Equal(t, [7]uint8{0x30, 0x33, 0x33}, b.pam)
	n := b.told
	d.Function().WriteConfig(0x5c, 4, 0x1020_3011)
	assert.Equal(t, [7]uint8{0x30, 0x33, 0x33, 0x11, 0x30, 0x20, 0x10}, b.pam)
	assert.Equal(t, n+1, b.told, "one access, one report")
	d.Function().WriteConfig(0x60, 4, 0)
	assert.Equal(t, n+1, b.told)
}

func TestSMRAMLockHoldsUntilReset(t *testing.T) {
	d, b := newOnBoard()
	f := d.Function()
	f.WriteConfig(RegSMRAM, 1, 0xff)
	assert.Equal(t, uint8(0x3a), b.smram, "locking closes; reserved bits and base are fixed")
	f.WriteConfig(RegSMRAM, 1, SMRAMOpen)
	assert.Equal(t, uint8(0x3a), b.smram)
	s := d.Save()
	d.Reset()
	f.WriteConfig(RegSMRAM, 1, SMRAMOpen|SMRAMEnable)
	assert.Equal(t, uint8(0x4a), b.smram)
	require.NoError(t, d.Restore(s))
	f.WriteConfig(RegSMRAM, 1, 0)
	assert.Equal(t, uint8(0x3a), b.smram, "still locked after a restore")
}

func TestRestoreTellsTheBoardOrRefuses(t *testing.T) {
	d, b := newOnBoard()
	d.Function().WriteConfig(RegPAM0, 1, 0x30)
	s := d.Save()
	d.Reset()
	require.NoError(t, d.Restore(s))
	assert.Equal(t, uint8(0x30), b.pam[0])
	assert.Equal(t, s, d.Save())
	s.PCI.Config[RegSMRAM] = 0x52
	assert.ErrorContains(t, d.Restore(s), "locked and open")
	s.PCI.Config[RegSMRAM] = 0x07
	assert.ErrorContains(t, d.Restore(s), "register 72h")
}

func FuzzDevice(f *testing.F) {
	f.Add([]byte{0x59, 0x33, 0x72, 0x5a})
	f.Fuzz(func(t *testing.T, in []byte) {
		d, b := newOnBoard()
		for ; len(in) >= 2; in = in[2:] {
			d.Function().WriteConfig(in[0], 1, uint32(in[1]))
			s := d.Save()
			if err := d.Restore(s); err != nil || d.Save() != s {
				t.Fatal("restore", err)
			}
			if b.pam != d.PAM() || b.smram != s.PCI.Config[RegSMRAM] {
				t.Fatal("the board was not told")
			}
		}
	})
}
