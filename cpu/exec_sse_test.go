package cpu

import (
	"bufio"
	"compress/gzip"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/simd"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// simdVectors may name a longer file of the same form as the one in testdata.
var simdVectors = flag.String("simd-vectors", "testdata/simd.txt.gz", "file of silicon results of MMX and SSE instructions")

// vexVectors is the same for the VEX maps.
var vexVectors = flag.String("vex-vectors", "testdata/vex.txt.gz", "file of silicon results of VEX instructions")

// fmaVectors is the same for FMA and F16C.
var fmaVectors = flag.String("fma-vectors", "testdata/fma.txt.gz", "file of silicon results of FMA and F16C instructions")

// newSSE is a processor without memory that may execute SSE.
func newSSE() *CPU {
	m, _ := NewModel("max")
	c := &CPU{S: new(State), Model: m, CR4: x86.CR4_OSFXSR | x86.CR4_OSXMMEXCPT | x86.CR4_OSXSAVE, XCR0: xstateX87 | xstateSSE | xstateAVX, codeSize: 8, ripMask: ^uint64(0), canonical: 48}
	c.S.MXCSR = uint32(simd.MXCSRDefault)
	c.X87 = initX87
	return c
}

// simdRegs is what a vector records: YMM0…2, MM0…2, RAX, RCX, RDX, status flags, MXCSR.
type simdRegs struct {
	x     [3]ymm
	m, r  [3]uint64
	flags uint64
	mxcsr uint32
}

var simdRegNumbers = [3]uint8{x86.RAX, x86.RCX, x86.RDX}

func (s simdRegs) load(c *CPU) {
	for i := range 3 {
		c.setYMM(uint8(i), s.x[i])
		c.X87.Reg[i] = f80.Float{Sig: s.m[i], SE: 0xffff}
		c.S.R[simdRegNumbers[i]] = s.r[i]
	}
	c.S.RFLAGS = s.flags
	c.S.MXCSR = s.mxcsr
}

func simdRegsOf(c *CPU) (s simdRegs) {
	for i := range 3 {
		s.x[i] = c.ymm(uint8(i))
		s.m[i] = c.mmx(uint8(i))
		s.r[i] = c.S.R[simdRegNumbers[i]]
	}
	s.flags = c.S.RFLAGS
	s.mxcsr = c.S.MXCSR
	return s
}

func mustHex(t *testing.T, s string) uint64 {
	v, err := strconv.ParseUint(s, 16, 64)
	require.NoError(t, err)
	return v
}

// mustVec reads an XMM or YMM register, highest digit first.
func mustVec(t *testing.T, s string) (v ymm) {
	for i := 0; s != ""; i++ {
		v[i>>1][i&1] = mustHex(t, s[len(s)-16:])
		s = s[:len(s)-16]
	}
	return v
}

// parseSIMD reads "code, registers before, vector (0: none), registers changed". MXCSR is
// the default, or follows the flags and a colon.
func parseSIMD(t *testing.T, line string) (code []byte, in, out simdRegs, vector x86.Vector) {
	f := strings.Fields(line)
	require.GreaterOrEqual(t, len(f), 12, line)
	code, err := hex.DecodeString(f[0])
	require.NoError(t, err)
	for i := range 3 {
		in.x[i], in.m[i], in.r[i] = mustVec(t, f[1+i]), mustHex(t, f[4+i]), mustHex(t, f[7+i])
	}
	flags, mxcsr, other := strings.Cut(f[10], ":")
	in.flags, in.mxcsr = mustHex(t, flags), uint32(simd.MXCSRDefault)
	if other {
		in.mxcsr = uint32(mustHex(t, mxcsr))
	}
	n, err := strconv.Atoi(f[11])
	require.NoError(t, err)
	out = in
	if len(f) < 13 {
		return code, in, out, x86.Vector(n)
	}
	for _, change := range strings.Split(strings.Trim(f[12], ","), ",") {
		name, v, _ := strings.Cut(change, "=")
		switch name[0] {
		case 'x':
			out.x[name[1]-'0'] = mustVec(t, v)
		case 'm':
			out.m[name[1]-'0'] = mustHex(t, v)
		case 'r':
			out.r[name[1]-'0'] = mustHex(t, v)
		case 'f':
			out.flags = mustHex(t, v)
		case 'c':
			out.mxcsr = uint32(mustHex(t, v))
		}
	}
	return code, in, out, x86.Vector(n)
}

// runSIMD decodes and executes one instruction.
func runSIMD(c *CPU, code []byte) (Inst, Fault) {
	var in Inst
	if !Decode(code, 8, &in) || in.Bad != x86.NoReason || in.Op.Exec == nil || int(in.Len) != len(code) {
		return in, x86.UD(x86.ReasonReservedOpcode)
	}
	return in, in.Op.Exec(c, &in)
}

// TestSIMDInstructionsMatchSilicon runs every register form of every MMX and SSE opcode with
// every mandatory prefix, reserved ones included, against the results of a processor.
func TestSIMDInstructionsMatchSilicon(t *testing.T) {
	matchSilicon(t, *simdVectors)
}

// TestVEXInstructionsMatchSilicon is the same for the VEX maps. Encodings that are known
// gaps, and those of features the maps do not have, are left out.
func TestVEXInstructionsMatchSilicon(t *testing.T) {
	matchSilicon(t, *vexVectors)
}

// TestFMAInstructionsMatchSilicon is the same for FMA and F16C, with every rounding, DAZ,
// FTZ and unmasked exceptions.
func TestFMAInstructionsMatchSilicon(t *testing.T) {
	matchSilicon(t, *fmaVectors)
}

func matchSilicon(t *testing.T, name string) { matchSiliconOn(t, newSSE(), name) }

func matchSiliconOn(t *testing.T, c *CPU, name string) {
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		r, err = gzip.NewReader(file)
		require.NoError(t, err)
	}
	bad := map[string]int{}
	for scan := bufio.NewScanner(r); scan.Scan(); {
		code, before, want, vector := parseSIMD(t, scan.Text())
		before.load(c)
		in, f := runSIMD(c, code)
		got := simdRegsOf(c)
		if got == want && f.Raised == (vector != 0) && f.Vector == vector {
			continue
		}
		name := "?"
		if in.Op != nil {
			name = in.Op.Name
		}
		if bad[name]++; bad[name] <= 2 {
			t.Errorf("%s %s\n  gives %x %v", name, scan.Text(), got, f)
		}
	}
	require.Empty(t, bad)
}

func TestSSEChecksComeBeforeAnything(t *testing.T) {
	for _, tc := range []struct {
		name string
		code string
		set  func(*CPU)
		want x86.Vector
	}{
		{"SSE with CR0.EM", "0f58c1", func(c *CPU) { c.CR0 |= x86.CR0_EM }, x86.VecUD},
		{"SSE without CR4.OSFXSR", "0f58c1", func(c *CPU) { c.CR4 = 0 }, x86.VecUD},
		{"SSE with CR0.TS", "0f58c1", func(c *CPU) { c.CR0 |= x86.CR0_TS }, x86.VecNM},
		{"SSE with CR0.EM and CR0.TS", "0f58c1", func(c *CPU) { c.CR0 |= x86.CR0_TS | x86.CR0_EM }, x86.VecUD},
		{"MMX with CR0.EM", "0ffcc1", func(c *CPU) { c.CR0 |= x86.CR0_EM }, x86.VecUD},
		{"MMX with CR0.TS", "0ffcc1", func(c *CPU) { c.CR0 |= x86.CR0_TS }, x86.VecNM},
		{"MMX with x87 exception pending", "0ffcc1", func(c *CPU) { c.CR0 |= x86.CR0_NE; c.X87.SW = 0x8081; c.X87.CW = 0 }, x86.VecMF},
		{"MMX needs no CR4.OSFXSR", "0ffcc1", func(c *CPU) { c.CR4 = 0 }, 0},
		{"fences need nothing", "0faef0", func(c *CPU) { c.CR4 = 0; c.CR0 |= x86.CR0_TS | x86.CR0_EM }, 0},
		{"CRC32 needs nothing", "f20f38f1c1", func(c *CPU) { c.CR4 = 0; c.CR0 |= x86.CR0_TS | x86.CR0_EM }, 0},
		{"XSAVE without CR4.OSXSAVE", "0fae20", func(c *CPU) { c.CR4 = x86.CR4_OSFXSR }, x86.VecUD},
		{"AVX without CR4.OSXSAVE", "c5f458c1", func(c *CPU) { c.CR4 = x86.CR4_OSFXSR }, x86.VecUD},
		{"AVX without XCR0 bit 2", "c5f458c1", func(c *CPU) { c.XCR0 = 3 }, x86.VecUD},
		{"AVX with CR0.TS", "c5f458c1", func(c *CPU) { c.CR0 |= x86.CR0_TS }, x86.VecNM},
		{"BMI needs nothing", "c4e270f2c1", func(c *CPU) { c.CR4 = 0; c.CR0 |= x86.CR0_TS }, 0},
		{"unmasked exception", "0f5ec1", func(c *CPU) { c.S.MXCSR = 0 }, x86.VecXM},
		{"unmasked exception without CR4.OSXMMEXCPT", "0f5ec1", func(c *CPU) { c.S.MXCSR = 0; c.CR4 = x86.CR4_OSFXSR }, x86.VecUD},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := newSSE()
			tc.set(c)
			code, err := hex.DecodeString(tc.code)
			require.NoError(t, err)
			_, f := runSIMD(c, code)
			assert.Equal(t, tc.want != 0, f.Raised, f)
			assert.Equal(t, tc.want, f.Vector, f)
		})
	}
}

func TestUnmaskedExceptionSetsFlagsAndKeepsDestination(t *testing.T) {
	c := newSSE()
	c.S.MXCSR = 0
	c.setXMM(0, simd.Dwords(0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000))
	_, f := runSIMD(c, []byte{0x0f, 0x5e, 0xc1}) // 1/0 in all lanes
	assert.Equal(t, x86.Vector(x86.VecXM), f.Vector)
	assert.Equal(t, uint32(simd.ZE), c.S.MXCSR)
	assert.Equal(t, simd.Dwords(0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000), c.xmm(0))
}

func TestMMXMarksAllRegistersValid(t *testing.T) {
	c := newSSE()
	c.X87.SW, c.X87.Tag = 3<<11, 0
	_, f := runSIMD(c, []byte{0x0f, 0x6e, 0xd1}) // MOVD MM2, ECX
	require.False(t, f.Raised)
	assert.Equal(t, uint8(0xff), c.X87.Tag)
	assert.Zero(t, c.X87.SW&(7<<11))
	assert.Equal(t, uint16(0xffff), c.X87.Reg[2].SE)
	_, f = runSIMD(c, []byte{0x0f, 0x77}) // EMMS
	require.False(t, f.Raised)
	assert.Zero(t, c.X87.Tag)
}

// TestEverySIMDRowIsComplete checks what tables can get wrong: a fork with too few rows, a
// named row without feature.
func TestEverySIMDRowIsComplete(t *testing.T) {
	forks := map[Fork]int{ByPrefix: 4, ByReg: 8, ByMod: 2, ByW: 2, ByL: 2}
	var walk func(where string, op *Op)
	walk = func(where string, op *Op) {
		if op.By != NoFork {
			if n, known := forks[op.By]; known && len(op.Sub) != n {
				t.Errorf("%s: fork %d has %d rows", where, op.By, len(op.Sub))
			}
			for i := range op.Sub {
				walk(fmt.Sprintf("%s.%d", where, i), &op.Sub[i])
			}
			return
		}
		if op.Name != "" && op.Name != "NOP" && op.Feature == Always {
			t.Errorf("%s %s: no feature", where, op.Name)
		}
	}
	for name, m := range map[string]*[256]Op{"0F": &simd0F, "0F38": &map0F38, "0F3A": &map0F3A,
		"VEX.0F": &vex0F, "VEX.0F38": &vex0F38, "VEX.0F3A": &vex0F3A} {
		for i := range m {
			walk(fmt.Sprintf("%s %02x", name, i), &m[i])
		}
	}
}
