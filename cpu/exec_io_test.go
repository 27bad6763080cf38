package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// portLog records accesses and answers with a pattern.
type portLog struct{ seen []portAccess }

type portAccess struct {
	port uint16
	size int
	out  bool
	v    uint32
}

func (p *portLog) In(port uint16, size int) uint32 {
	p.seen = append(p.seen, portAccess{port, size, false, 0})
	return 0xa1b2c3d4
}

func (p *portLog) Out(port uint16, size int, v uint32) {
	p.seen = append(p.seen, portAccess{port, size, true, v})
}

func TestINAndOUTWidths(t *testing.T) {
	for _, tc := range []struct {
		code string
		want portAccess
		rax  uint64
	}{
		{"e4 60", portAccess{0x60, 1, false, 0}, 0x11223344_556677d4},
		{"66 e5 60", portAccess{0x60, 2, false, 0}, 0x11223344_5566c3d4},
		{"ed", portAccess{0x3f8, 4, false, 0}, 0xa1b2c3d4},
		{"48 ed", portAccess{0x3f8, 4, false, 0}, 0xa1b2c3d4},
		{"e6 80", portAccess{0x80, 1, true, 0x88}, 0x11223344_55667788},
		{"66 ef", portAccess{0x3f8, 2, true, 0x7788}, 0x11223344_55667788},
		{"ef", portAccess{0x3f8, 4, true, 0x55667788}, 0x11223344_55667788},
	} {
		r := newRig(t, "max")
		r.long(0)
		p := &portLog{}
		r.Ports = p
		r.S.R[x86.RAX], r.S.R[x86.RDX] = 0x11223344_55667788, 0x3f8
		require.False(t, r.run(tc.code).Raised, tc.code)
		require.Equal(t, []portAccess{tc.want}, p.seen, tc.code)
		require.Equal(t, tc.rax, r.S.R[x86.RAX], tc.code)
	}
}

func TestUnconnectedPortsReadAllOnes(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	require.False(t, r.run("ed").Raised)
	require.Equal(t, uint64(0xffffffff), r.S.R[x86.RAX])
}

func TestIOPermissionBitmap(t *testing.T) {
	const base = 0x68
	for _, tc := range []struct {
		name  string
		setup func(r *rig)
		code  string
		port  uint64
		ok    bool
	}{
		{"allowed", func(r *rig) {}, "ec", 0x60, true},
		{"denied", func(r *rig) { r.poke(rigTSS+base+0x60/8, 1, 1) }, "ec", 0x60, false},
		{"second byte of a word denied", func(r *rig) { r.poke(rigTSS+base+0x60/8, 1, 2) }, "66 ed", 0x60, false},
		{"last byte of a doubleword in the next bitmap byte", func(r *rig) { r.poke(rigTSS+base+0x68/8, 1, 1) }, "ed", 0x65, false},
		{"the same, one port lower", func(r *rig) { r.poke(rigTSS+base+0x68/8, 1, 1) }, "ed", 0x64, true},
		{"map beyond the limit", func(r *rig) { r.TR.Limit = base + 0x60/8 }, "ec", 0x60, false},
		{"map just within the limit", func(r *rig) { r.TR.Limit = base + 0x60/8 + 1 }, "ec", 0x60, true},
		{"TSS without a map", func(r *rig) { r.TR.Limit = 0x66 }, "ec", 0x60, false},
		{"16-bit TSS", func(r *rig) { r.TR.Attr = AttrP | typeTSS16Busy }, "ec", 0x60, false},
		{"IOPL 3", func(r *rig) { r.TR.Limit = 0x66; r.S.RFLAGS |= 3 << 12 }, "ec", 0x60, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, "max")
			r.protect(3)
			r.poke(rigTSS+0x66, 2, base)
			tc.setup(r)
			r.S.R[x86.RDX] = tc.port
			f := r.run(tc.code)
			if tc.ok {
				require.False(t, f.Raised, "%v", f)
			} else {
				raised(t, f, x86.VecGP, 0, x86.ReasonIOBitmap)
			}
		})
	}
}

// In virtual-8086 mode IOPL does not matter for ports; the bitmap decides.
func TestVirtual8086AlwaysAsksTheBitmap(t *testing.T) {
	r := newRig(t, "max")
	r.protect(3)
	r.poke(rigTSS+0x66, 2, 0x68)
	r.S.RFLAGS = 0x23002
	for s := x86.ES; s <= x86.GS; s++ {
		r.loadRealSegment(s, 0)
	}
	r.updateMode()
	r.S.R[x86.RDX] = 0x60
	require.False(t, r.run("ec").Raised)
	r.poke(rigTSS+0x68+0x60/8, 1, 0xff)
	raised(t, r.run("ec"), x86.VecGP, 0, x86.ReasonIOBitmap)
}

// INS reads the port only if it can store what it got.
func TestINSChecksTheDestinationFirst(t *testing.T) {
	r := newRig(t, "max")
	r.protect(0)
	p := &portLog{}
	r.Ports = p
	r.S.R[x86.RDI], r.S.R[x86.RDX] = 0x6000, 0x1f0
	require.False(t, r.load16(x86.ES, selRO).Raised)
	raised(t, r.run("66 6d"), x86.VecGP, 0, x86.ReasonSegmentNotWritable)
	require.Empty(t, p.seen)
	r.load(x86.ES, selData0)
	r.S.R[x86.RCX], r.S.R[x86.RDI] = 2, 0x6000
	r.code("f3 66 6d")
	for range 2 {
		require.False(t, r.next().Raised)
	}
	require.Equal(t, uint64(0xc3d4c3d4), r.peek(0x6000, 4))
	require.Equal(t, uint64(0x6004), r.S.R[x86.RDI])
	require.Zero(t, r.S.R[x86.RCX])
	require.Equal(t, uint64(rigCode+3), r.S.RIP)

	p.seen = nil
	r.S.R[x86.RSI] = 0x6000
	require.False(t, r.run("6f").Raised) // OUTSD
	require.Equal(t, []portAccess{{0x1f0, 4, true, 0xc3d4c3d4}}, p.seen)
}

// load16 is loadSegment, for tests that load a segment the checked way.
func (r *rig) load16(seg x86.Seg, sel uint16) Fault { return r.loadSegment(seg, sel) }
