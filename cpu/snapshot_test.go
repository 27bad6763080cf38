package cpu

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// SDM Vol. 3A, table "IA-32 and Intel 64 Processor States Following Power-up, Reset, or
// INIT".
func TestPowerOnState(t *testing.T) {
	m, err := NewModel("max")
	require.NoError(t, err)
	r := newRig(t, "max")
	r.Reset()
	require.Equal(t, uint64(0xfff0), r.S.RIP)
	require.Equal(t, uint64(2), r.S.RFLAGS)
	require.Equal(t, uint64(0x60000010), r.CR0)
	require.Equal(t, uint16(0xf000), r.Seg[x86.CS].Sel)
	require.Equal(t, uint64(0xffff0000), r.S.R[RegSeg+x86.CS])
	require.Equal(t, uint32(0xffff), r.Seg[x86.DS].Limit)
	require.Equal(t, uint64(m.signature()), r.S.R[x86.RDX])
	require.Equal(t, Table{Limit: 0xffff}, r.IDTR)
	require.Equal(t, uint64(0xffff0ff0), r.DR[6])
	require.Equal(t, uint64(0x400), r.DR[7])
	require.Equal(t, uint16(0x40), r.X87.CW)
	require.Equal(t, uint32(0x1f80), r.S.MXCSR)
	require.Equal(t, uint64(0x0007040600070406), r.MSR.PAT)
	require.Equal(t, uint64(1), r.XCR0)
	require.Equal(t, width(2), r.codeSize)
}

func TestInitKeepsWhatResetClears(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	r.MSR.LSTAR, r.X87.CW, r.S.MXCSR, r.XCR0 = 0x1234, 0x37f, 0x1fc0, 3
	r.CR0 = r.CR0&^(x86.CR0_CD|x86.CR0_NW) | x86.CR0_CD
	r.Init()
	require.Equal(t, uint64(0x1234), r.MSR.LSTAR)
	require.Equal(t, uint16(0x37f), r.X87.CW)
	require.Equal(t, uint32(0x1fc0), r.S.MXCSR)
	require.Equal(t, uint64(3), r.XCR0)
	require.Equal(t, x86.CR0_CD|x86.CR0_ET, r.CR0)
	require.Zero(t, r.CR4|r.EFER|r.CR3)
	require.Zero(t, r.CPL)
	require.Equal(t, uint64(0xfff0), r.S.RIP)
	require.Zero(t, r.S.R[x86.RSP])
}

func TestSnapshotInTheMiddleOfAShadowGoesOn(t *testing.T) {
	a := newRig(t, "max")
	a.protect(0)
	a.code("fb 90 90")
	a.S.R[x86.R8] = 0x1122334455667788
	a.S.XMM[3][5] = 9
	a.Run(1)
	s := a.Save()
	require.True(t, s.ShadowSTI)

	b := newRig(t, "max")
	b.protect(3)
	b.code("fb 90 90")
	require.NoError(t, b.Restore(s))
	require.Equal(t, s, b.Save())
	require.Equal(t, a.S.Mode, b.S.Mode)
	for _, r := range []*rig{a, b} {
		r.INTR = true
		n, reason := r.Run(5)
		require.Equal(t, ExitInterrupt, reason)
		require.Equal(t, int64(1), n)
	}
	a.INTR, b.INTR = false, false
	require.Equal(t, a.Save(), b.Save())
}

func TestSnapshotRoundTripInEveryMode(t *testing.T) {
	for _, enter := range []func(r *rig){
		func(r *rig) { r.enterReal() },
		func(r *rig) { r.protect(0) },
		func(r *rig) { r.protect(3) },
		func(r *rig) { r.long(0) },
		func(r *rig) { r.long(3) },
		func(r *rig) { r.protect(0); r.stepping() },
	} {
		r := newRig(t, "max")
		enter(r)
		r.code("90")
		s, word := r.Save(), r.S.Mode
		r.Reset()
		require.NoError(t, r.Restore(s))
		require.Equal(t, s, r.Save())
		require.Equal(t, word, r.S.Mode)
	}
}

func TestRestoreRejectsNonsense(t *testing.T) {
	for name, spoil := range map[string]func(s *Snapshot){
		"privilege level":     func(s *Snapshot) { s.CPL = 4 },
		"activity":            func(s *Snapshot) { s.Activity = 9 },
		"RFLAGS bit 1":        func(s *Snapshot) { s.RFLAGS = 0 },
		"RFLAGS bit 3":        func(s *Snapshot) { s.RFLAGS |= 8 },
		"CR0":                 func(s *Snapshot) { s.CR0 |= 1 << 40 },
		"paging alone":        func(s *Snapshot) { s.CR0 = x86.CR0_PG | x86.CR0_ET; s.EFER = 0 },
		"NW alone":            func(s *Snapshot) { s.CR0 = s.CR0&^x86.CR0_CD | x86.CR0_NW },
		"CR4":                 func(s *Snapshot) { s.CR4 |= 1 << 30 },
		"EFER":                func(s *Snapshot) { s.EFER |= 1 << 20 },
		"LMA without LME":     func(s *Snapshot) { s.EFER &^= x86.EFER_LME },
		"LMA missing":         func(s *Snapshot) { s.EFER &^= x86.EFER_LMA },
		"no PAE":              func(s *Snapshot) { s.CR4 &^= x86.CR4_PAE },
		"VM in IA-32e mode":   func(s *Snapshot) { s.RFLAGS |= uint64(x86.FlagVM); s.CPL = 3 },
		"CR3":                 func(s *Snapshot) { s.CR3 = 1 << 60 },
		"CR8":                 func(s *Snapshot) { s.CR8 = 16 },
		"XCR0":                func(s *Snapshot) { s.XCR0 = 0 },
		"MXCSR":               func(s *Snapshot) { s.MXCSR = 1 << 16 },
		"DR4":                 func(s *Snapshot) { s.DR[4] = 1 },
		"DR6":                 func(s *Snapshot) { s.DR[6] = 0 },
		"DR7":                 func(s *Snapshot) { s.DR[7] = 0 },
		"pending traps":       func(s *Snapshot) { s.PendingDB = 1 << 20 },
		"GS base":             func(s *Snapshot) { s.Seg[x86.GS].Base = 1 << 47 },
		"DS base":             func(s *Snapshot) { s.Seg[x86.DS].Base = 1 << 32 },
		"LSTAR":               func(s *Snapshot) { s.MSR.LSTAR = 1 << 50 },
		"PAT":                 func(s *Snapshot) { s.MSR.PAT = 2 },
		"GDTR":                func(s *Snapshot) { s.GDTR.Base = 1 << 50 },
		"CPL in real mode":    func(s *Snapshot) { s.CR0, s.EFER, s.CPL = x86.CR0_ET, 0, 3 },
		"wide RIP, 16-bit CS": func(s *Snapshot) { s.Seg[x86.CS].Attr = 0; s.RIP = 1 << 33 },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "max,-la57")
			r.long(0)
			good := r.Save()
			require.NoError(t, r.Restore(good))
			bad := good
			spoil(&bad)
			require.Error(t, r.Restore(bad))
			require.Equal(t, good, r.Save(), "nothing changed")
		})
	}
}

// FuzzSystem runs bytes as code at a random place in a machine with random descriptor
// tables: the processor must neither panic nor lose an instruction, and stay in a state
// that can be saved and restored.
func FuzzSystem(f *testing.F) {
	f.Add([]byte{0xcf}, uint8(0), []byte{1, 2, 3})
	f.Add([]byte{0xea, 0, 0, 0, 0, 0x98, 0}, uint8(1), []byte{0xff})
	f.Add([]byte{0xcd, 0x10, 0xcb}, uint8(2), []byte{})
	f.Add([]byte{0x0f, 0x22, 0xc0, 0x0f, 0x22, 0xe0}, uint8(3), []byte{0x80})
	f.Add([]byte{0x9d, 0xcf, 0x0f, 0x05, 0x48, 0x0f, 0x07}, uint8(4), []byte{9})
	f.Fuzz(func(t *testing.T, code []byte, mode uint8, noise []byte) {
		if len(code) > 256 || len(noise) > 1024 {
			return
		}
		r := newRig(t, "max")
		switch mode % 5 {
		case 0:
			r.enterReal()
		case 1:
			r.protect(0)
			r.task()
		case 2:
			r.protect(3)
			r.task()
		case 3:
			r.long(0)
		case 4:
			r.long(3)
		}
		for i := 0; i+4 <= len(noise); i += 4 { // place, and what to put there
			at := uint64(binary.LittleEndian.Uint16(noise[i:])) % 0xd000
			r.poke(rigGDT+at%0xc000, 2, uint64(binary.LittleEndian.Uint16(noise[i+2:])))
		}
		r.code("")
		for i, b := range code {
			r.poke(rigCode+uint64(i), 1, uint64(b))
		}
		before := r.Count()
		n, _ := r.Run(200)
		if n > 200 || r.Count() != before+uint64(n) {
			t.Fatalf("%d instructions counted as %d", n, r.Count()-before)
		}
		s := r.Save()
		if err := r.Restore(s); err != nil {
			t.Fatalf("own state refused: %v", err)
		}
		if got := r.Save(); got != s {
			t.Fatal("state changed by saving and restoring")
		}
	})
}
