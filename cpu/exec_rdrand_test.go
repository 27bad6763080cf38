package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// The numbers of SplitMix64 from state 1234567, as published with its reference
// implementation.
func TestRDRANDIsSplitMix64(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	r.Random = 1234567
	r.S.RFLAGS |= uint64(x86.FlagsStatus)
	require.False(t, r.run("48 0f c7 f0").Raised) // RDRAND RAX
	assert.Equal(t, uint64(6457827717110365317), r.S.R[x86.RAX])
	assert.Equal(t, x86.FlagCF, r.Flags()&x86.FlagsStatus)
	require.False(t, r.run("48 0f c7 f8").Raised) // RDSEED RAX
	assert.Equal(t, uint64(3203168211198807973), r.S.R[x86.RAX])
	r.S.R[x86.RAX] = ^uint64(0)
	require.False(t, r.run("66 0f c7 f0").Raised)
	assert.Equal(t, ^uint64(0)>>16, r.S.R[x86.RAX]>>16)
	require.False(t, r.run("0f c7 f0").Raised)
	assert.Zero(t, r.S.R[x86.RAX]>>32)
	r.S.R[x86.RAX] = ^uint64(0)
	require.False(t, r.run("66 0f c7 f8").Raised) // RDSEED AX
	assert.Equal(t, ^uint64(0)>>16, r.S.R[x86.RAX]>>16)
}

func TestRandomNumbersAreInTheSnapshot(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	s := r.Save()
	require.False(t, r.run("48 0f c7 f0").Raised)
	want := r.S.R[x86.RAX]
	require.NoError(t, r.Restore(s))
	require.False(t, r.run("48 0f c7 f0").Raised)
	assert.Equal(t, want, r.S.R[x86.RAX])
}

func TestRDPID(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	r.MSR.TSCAux = 0xdeadbeef
	require.False(t, r.run("f3 0f c7 f8").Raised)
	assert.Equal(t, uint64(0xdeadbeef), r.S.R[x86.RAX])
}

func TestProtectionKeys(t *testing.T) {
	r := newRig(t, "max")
	r.long(3)
	raised(t, r.run("0f 01 ee"), x86.VecUD, 0, x86.ReasonFeatureDisabled)
	r.long(3)
	r.CR4 |= x86.CR4_PKE
	r.updatePaging()
	r.S.R[x86.RCX], r.S.R[x86.RDX], r.S.R[x86.RAX] = 0, 0, 0
	require.False(t, r.run("0f 01 ef").Raised)
	page := uint64(rigPages + 0x2000) // the first 2 MiB, with key 5
	require.False(t, r.run("8b 04 25 00 80 00 00").Raised)
	r.poke(page, 8, r.peek(page, 8)|5<<59)
	r.MMU.Flush()
	r.S.R[x86.RAX] = 2 << 10 // writes with key 5 are forbidden
	require.False(t, r.run("0f 01 ef").Raised)
	require.False(t, r.run("8b 04 25 00 80 00 00").Raised)
	raised(t, r.run("89 04 25 00 80 00 00"), x86.VecPF, x86.PF_P|x86.PF_W|x86.PF_U|x86.PF_PK, x86.ReasonPageProtectionKey)

	r.long(3)
	r.CR4 |= x86.CR4_PKE
	r.updatePaging()
	r.poke(page, 8, r.peek(page, 8)&^(15<<59))
	r.S.R[x86.RCX] = 1 << 32 // upper half ignored
	require.False(t, r.run("0f 01 ee").Raised)
	assert.Equal(t, uint64(2<<10), r.S.R[x86.RAX])
	r.S.R[x86.RDX] = 1
	raised(t, r.run("0f 01 ef"), x86.VecGP, 0, x86.ReasonReservedBits)
}
