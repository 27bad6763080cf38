package cpu

import (
	"encoding/hex"
	"flag"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

var gatherVectors = flag.String("gather-vectors", "testdata/gather.txt.gz", "file of silicon results of gathers")

// TestGathersMatchSilicon has a pattern in memory where the processor had it.
func TestGathersMatchSilicon(t *testing.T) {
	c := newSSEMemory(t)
	ram := c.Phys.RAM()
	for a := 0x20000; a < 0x40000; a++ {
		ram[a] = uint8(a*167 + a>>8*29)
	}
	matchSiliconOn(t, c, *gatherVectors)
}

func TestGatherStopsAtTheFaultAndGoesOn(t *testing.T) {
	c := newSSEMemory(t)
	const bad = 1 << 62 // not canonical
	c.setYMM(0, ymm{{1, 2}, {3, 4}})
	c.setYMM(1, ymm{{0x1000, 0x2000}, {bad, 0x3000}})  // indices
	c.setYMM(2, ymm{{1 << 63, 0}, {1 << 63, 1 << 63}}) // mask
	f := runHex(t, c, "c4 e2 ed 91 04 0d 00 00 00 00") // VPGATHERQQ YMM0, [YMM1], YMM2
	assert.Equal(t, x86.GP(0, x86.ReasonNonCanonical), f)
	first := c.ymm(0)[0][0]
	assert.NotEqual(t, uint64(1), first)
	assert.Equal(t, [3]uint64{2, 3, 4}, [3]uint64{c.ymm(0)[0][1], c.ymm(0)[1][0], c.ymm(0)[1][1]})
	assert.Equal(t, ymm{{0, 0}, {^uint64(0), ^uint64(0)}}, c.ymm(2))

	c.setYMM(1, ymm{{bad, bad}, {0x3000, 0x3000}})
	require.False(t, runHex(t, c, "c4 e2 ed 91 04 0d 00 00 00 00").Raised)
	assert.Equal(t, first, c.ymm(0)[0][0])
	assert.Equal(t, ymm{}, c.ymm(2))
}

func TestVSIBDecoding(t *testing.T) {
	for _, tc := range []struct {
		name, code string
		bad        x86.Reason
		index      uint8
	}{
		{"index 4 is XMM4", "c4 e2 69 90 04 60", x86.NoReason, 4},
		{"index 12", "c4 a2 69 90 04 60", x86.NoReason, 12},
		{"without SIB", "c4 e2 69 90 00", x86.ReasonReservedOpcode, 0},
		{"register form", "c4 e2 69 90 c1", x86.ReasonRegisterForm, 0},
		{"destination is the index", "c4 e2 69 90 04 00", x86.ReasonReservedOpcode, 0},
		{"destination is the mask", "c4 e2 69 90 14 08", x86.ReasonReservedOpcode, 1},
		{"index is the mask", "c4 e2 69 90 04 10", x86.ReasonReservedOpcode, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var in Inst
			require.True(t, Decode(unhex(t, tc.code), 8, &in))
			assert.Equal(t, tc.bad, in.Bad)
			if tc.bad == x86.NoReason {
				assert.Equal(t, tc.index, in.VIndex)
			}
		})
	}
	var in Inst
	require.True(t, Decode(unhex(t, "67 c4 e2 69 90 04 60"), 4, &in))
	assert.Equal(t, x86.ReasonReservedOpcode, in.Bad, "16-bit addresses have no SIB")
}

// unhex reads machine code.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}
