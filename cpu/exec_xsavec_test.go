package cpu

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// newXSAVE is a processor with all components enabled and memory at 1000h full of CCh.
func newXSAVE(t *testing.T) (*CPU, []byte) {
	c := newSSEMemory(t)
	m, err := NewModel("max")
	require.NoError(t, err)
	c.Model = m
	c.XCR0 |= xstatePKRU
	c.S.R[x86.RCX] = 0x1000
	image := c.Phys.RAM()[0x1000:0x2000]
	for i := range image {
		image[i] = 0xcc
	}
	return c, image
}

// What XSAVEC writes where; the layout and the untouched bytes are those of a processor.
func TestXSAVECLayout(t *testing.T) {
	const pkru = 0x55555554
	for _, tc := range []struct {
		name     string
		rfbm     uint64
		upper    bool // YMM registers are in use
		mxcsr    uint32
		bv       uint64
		at       uint64 // where PKRU is; 0: nowhere
		hasMXCSR bool
	}{
		{"all in use", 0x207, true, 0x1f80, 0x206, 832, true},
		{"AVX in its initial state keeps its place", 0x207, false, 0x1f80, 0x202, 832, true},
		{"PKRU alone", 0x200, true, 0x1f80, 0x200, 576, false},
		{"AVX alone stores no MXCSR", 4, true, 0x1f80, 4, 0, false},
		{"MXCSR alone makes SSE in use", 2, true, 0x1f81, 2, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, p := newXSAVE(t)
			le := binary.LittleEndian
			c.PKRU, c.S.MXCSR = pkru, tc.mxcsr
			c.S.R[x86.RAX] = tc.rfbm
			v := ymm{{1, 2}}
			if tc.upper {
				v[1] = simd.Vec{3, 4}
			}
			c.setYMM(3, v)
			require.False(t, runHex(t, c, "0f c7 21").Raised)
			assert.Equal(t, tc.bv, le.Uint64(p[512:]))
			assert.Equal(t, tc.rfbm|1<<63, le.Uint64(p[520:]))
			assert.Equal(t, uint64(0xcccccccccccccccc), le.Uint64(p[528:]), "the rest of the header")
			assert.Equal(t, tc.hasMXCSR, le.Uint32(p[24:]) == tc.mxcsr)
			if tc.at != 0 {
				assert.Equal(t, uint32(pkru), le.Uint32(p[tc.at:]))
			}
			if tc.bv&4 != 0 {
				assert.Equal(t, uint64(3), le.Uint64(p[576+48:]))
			}
		})
	}
}

func TestXRSTOROfACompactedImage(t *testing.T) {
	c, p := newXSAVE(t)
	c.PKRU, c.S.MXCSR = 0x1234, 0x1fa0
	c.setYMM(5, ymm{{1, 2}, {3, 4}})
	c.S.R[x86.RAX], c.S.R[x86.RDX] = 0x207, 0
	clear(p[528:576])
	require.False(t, runHex(t, c, "0f c7 29").Raised) // XSAVES
	c.PKRU, c.S.MXCSR = 0, 0x1f80
	c.setYMM(5, ymm{})
	require.False(t, runHex(t, c, "0f c7 19").Raised) // XRSTORS
	assert.Equal(t, ymm{{1, 2}, {3, 4}}, c.ymm(5))
	assert.Equal(t, uint32(0x1234), c.PKRU)
	assert.Equal(t, uint32(0x1fa0), c.S.MXCSR)

	le := binary.LittleEndian
	le.PutUint64(p[512:], 0) // all initial
	require.False(t, runHex(t, c, "0f ae 29").Raised)
	assert.Equal(t, ymm{}, c.ymm(5))
	assert.Equal(t, uint32(0x1f80), c.S.MXCSR)
	assert.Zero(t, c.PKRU)
}

func TestXRSTORRejectsHeaders(t *testing.T) {
	const compact = 1 << 63
	for _, tc := range []struct {
		name     string
		bv, comp uint64
		at       int // a byte of the header that is 1
		code     string
		ok       bool
	}{
		{"standard", 3, 0, 0, "0f ae 29", true},
		{"compacted", 3, compact | 7, 0, "0f ae 29", true},
		{"component not in XCOMP_BV", 4, compact | 3, 0, "0f ae 29", false},
		{"XCOMP_BV beyond XCR0", 0, compact | 8, 0, "0f ae 29", false},
		{"XCOMP_BV without bit 63", 0, 3, 0, "0f ae 29", false},
		{"reserved bytes of the header", 0, compact | 3, 63, "0f ae 29", false},
		{"XRSTORS of a standard image", 3, 0, 0, "0f c7 19", false},
		{"XRSTORS of a compacted image", 3, compact | 3, 0, "0f c7 19", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, p := newXSAVE(t)
			clear(p)
			c.S.R[x86.RAX] = 7
			binary.LittleEndian.PutUint64(p[512:], tc.bv)
			binary.LittleEndian.PutUint64(p[520:], tc.comp)
			if tc.at != 0 {
				p[512+tc.at] = 1
			}
			f := runHex(t, c, tc.code)
			if tc.ok {
				assert.False(t, f.Raised, f)
			} else {
				assert.Equal(t, x86.GP(0, x86.ReasonXSAVEHeader), f)
			}
		})
	}
}
