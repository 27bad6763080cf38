package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// virtual86 sets up virtual-8086 mode at 0000:rigCode with CR4.VME and a redirection bitmap
// of zeroes, but for vector 21h, which leads to the monitor. Vector v of the program's own
// table leads to 0100:v.
func virtual86(t *testing.T, iopl, flags x86.Flags) *rig {
	r := newRig(t, "max")
	r.protect(3)
	r.CR4 |= x86.CR4_VME
	for v := range uint64(256) {
		r.poke(4*v, 4, 0x0100<<16|v)
	}
	r.poke(rigTSS+0x66, 2, 0x68+32)
	for i := range uint64(32) {
		r.poke(rigTSS+0x68+i, 1, 0)
	}
	r.poke(rigTSS+0x68+0x21/8, 1, 1<<(0x21%8))
	r.setFlags(x86.FlagVM|x86.FlagIOPL|x86.FlagIF|x86.FlagVIF|x86.FlagVIP, x86.FlagVM|x86.FlagIF|iopl<<x86.IOPLShift|flags)
	for s := x86.ES; s <= x86.GS; s++ {
		r.loadRealSegment(s, 0)
	}
	r.S.R[x86.RSP] = rigStack3
	r.updateMode()
	return r
}

const virtualFlags = x86.FlagVIF | x86.FlagIF

func TestVirtualInterruptFlag(t *testing.T) {
	const vif, vip = x86.FlagVIF, x86.FlagVIP
	for _, tc := range []struct {
		name, code  string
		iopl, flags x86.Flags
		stack       uint64 // word popped
		ok          bool
		want        x86.Flags // of VIF and IF
	}{
		{"CLI", "fa", 0, vif, 0, true, x86.FlagIF},
		{"STI", "fb", 0, 0, 0, true, virtualFlags},
		{"STI with VIP", "fb", 0, vip, 0, false, 0},
		{"CLI with VIP", "fa", 0, vif | vip, 0, true, x86.FlagIF},
		{"CLI at IOPL 3 clears IF", "fa", 3, vif, 0, true, vif},
		{"POPF sets VIF", "9d", 0, 0, 0x202, true, virtualFlags},
		{"POPF clears VIF", "9d", 0, vif, 2, true, x86.FlagIF},
		{"POPF of IF with VIP", "9d", 0, vip, 0x202, false, 0},
		{"POPF without IF with VIP", "9d", 0, vip, 2, true, x86.FlagIF},
		{"POPF of TF", "9d", 0, 0, 0x102, false, 0},
		{"POPFD", "66 9d", 0, 0, 2, false, 0},
		{"PUSHFD", "66 9c", 0, 0, 2, false, 0},
		{"POPF at IOPL 3", "9d", 3, vif, 2, true, vif},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := virtual86(t, tc.iopl, tc.flags)
			r.poke(rigStack3, 2, tc.stack)
			f := r.run(tc.code)
			require.Equal(t, !tc.ok, f.Raised, "%v", f)
			if tc.ok {
				assert.Equal(t, tc.want, r.Flags()&virtualFlags)
			} else {
				assert.Equal(t, x86.Vector(x86.VecGP), f.Vector)
			}
		})
	}
}

func TestPUSHFShowsVIFAsIF(t *testing.T) {
	for vif, want := range map[x86.Flags]uint64{0: 0x3002, x86.FlagVIF: 0x3202} {
		r := virtual86(t, 0, vif)
		require.False(t, r.run("9c").Raised)
		assert.Equal(t, want, r.peek(rigStack3-2, 2))
	}
}

func TestINTOfVirtual8086Mode(t *testing.T) {
	t.Run("redirected with IOPL 0", func(t *testing.T) {
		r := virtual86(t, 0, x86.FlagVIF)
		require.False(t, r.run("cd 10").Raised)
		assert.Equal(t, uint16(0x100), r.Seg[x86.CS].Sel)
		assert.Equal(t, uint64(0x10), r.S.RIP)
		assert.Equal(t, []uint64{rigCode + 2, 0, 0x3202}, r.stack(3, 2))
		assert.Equal(t, x86.FlagIF, r.Flags()&virtualFlags)
		assert.True(t, r.vm())
		require.False(t, r.atHandler("cf").Raised) // IRET
		assert.Equal(t, uint64(rigCode+2), r.S.RIP)
		assert.Equal(t, virtualFlags, r.Flags()&virtualFlags)
		assert.Equal(t, uint8(0), r.iopl())
	})
	t.Run("redirected with IOPL 3", func(t *testing.T) {
		r := virtual86(t, 3, x86.FlagVIF)
		require.False(t, r.run("cd 10").Raised)
		assert.Equal(t, uint64(0x10), r.S.RIP)
		assert.Equal(t, x86.FlagVIF, r.Flags()&virtualFlags)
	})
	t.Run("to the monitor with IOPL 3", func(t *testing.T) {
		r := virtual86(t, 3, 0)
		require.False(t, r.run("cd 21").Raised)
		assert.False(t, r.vm())
		assert.Equal(t, uint64(rigHandle+0x210), r.S.RIP)
	})
	t.Run("to the monitor with IOPL 0 faults", func(t *testing.T) {
		raised(t, virtual86(t, 0, 0).run("cd 21"), x86.VecGP, 0, x86.ReasonVMIOPL)
	})
	t.Run("without VME", func(t *testing.T) {
		r := virtual86(t, 0, 0)
		r.CR4 &^= x86.CR4_VME
		raised(t, r.run("cd 10"), x86.VecGP, 0, x86.ReasonVMIOPL)
	})
}

// atHandler puts code at 0100:0010 and executes one instruction.
func (r *rig) atHandler(code string) Fault {
	for i, b := range unhex(r.t, code) {
		r.poke(0x1010+uint64(i), 1, uint64(b))
	}
	return r.next()
}

func TestProtectedModeVirtualInterrupts(t *testing.T) {
	r := newRig(t, "max")
	r.protect(3)
	raised(t, r.run("fa"), x86.VecGP, 0, x86.ReasonIOPL)
	r = newRig(t, "max")
	r.protect(3)
	r.CR4 |= x86.CR4_PVI
	require.False(t, r.run("fb").Raised)
	assert.True(t, r.flag(x86.FlagVIF))
	require.False(t, r.run("fa").Raised)
	assert.False(t, r.flag(x86.FlagVIF))
	r.setFlags(x86.FlagVIP, x86.FlagVIP)
	raised(t, r.run("fb"), x86.VecGP, 0, x86.ReasonVirtualInterrupt)
}
