package cpu

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// x87Data is where the memory operands of these tests are: DS:SI and DS:ESI point there.
const x87Data = 0x2000

// newX87 returns a processor in flat 32-bit protected mode with the x87 initialised.
func newX87(t testing.TB) *CPU {
	mem, err := phys.New(1 << 20)
	require.NoError(t, err)
	t.Cleanup(func() { mem.Close() })
	require.NoError(t, mem.MapRAM(0, 0, 1<<20))
	c := &CPU{S: new(State), Phys: mem}
	c.MMU = mmu.New(mem, &c.S.TLB)
	c.CR0 = x86.CR0_PE | x86.CR0_ET | x86.CR0_NE
	for s := x86.ES; s <= x86.GS; s++ {
		c.setSegment(s, 0x10, 0, 0xffffffff, attrReal|AttrDB|AttrG)
	}
	c.setSegment(x86.CS, 8, 0, 0xffffffff, AttrP|AttrS|AttrCode|AttrReadable|AttrAccessed|AttrDB|AttrG)
	c.S.RFLAGS = uint64(x86.Flag1)
	c.S.R[x86.RSI] = x87Data
	c.S.RIP = 0x1000
	c.updateMode()
	c.updatePaging()
	c.fpReset()
	return c
}

// x87Run executes instructions given in hex, one per string, until one faults.
func x87Run(t testing.TB, c *CPU, code ...string) Fault {
	t.Helper()
	for _, s := range code {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		require.NoError(t, err)
		var in Inst
		require.True(t, Decode(b, c.codeSize, &in), s)
		require.Len(t, b, int(in.Len), s)
		if f := c.execute(&in); f.Raised {
			return f
		}
		c.S.RIP = c.nextRIP
	}
	return Fault{}
}

// TestX87Digests runs the cases of x87case_test.go for every encoding and compares with what
// a processor made of them.
func TestX87Digests(t *testing.T) {
	f, err := os.Open("testdata/x87.txt")
	require.NoError(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		var a, b uint8
		var want uint64
		var name string
		_, err := fmt.Sscanf(s.Text(), "%x %x %x %s", &a, &b, &want, &name)
		require.NoError(t, err)
		assert.Equal(t, want, x87Digest(t, a, b), "%02x %02x %s", a, b, name)
	}
}

func x87Digest(t *testing.T, a, b uint8) uint64 {
	c := newX87(t)
	r := rand.New(rand.NewPCG(uint64(a), uint64(b)))
	h := fnv.New64a()
	for range casesPerEncoding {
		k := newX87Case(r)
		c.fpReset()
		c.Phys.WriteAt(k.image[:], x87Data)
		require.False(t, x87Run(t, c, "dd26").Raised) // FRSTOR
		c.Phys.WriteAt(k.mem[:], x87Data)
		c.setStatus(x86.Flags(k.flags))
		var in Inst
		require.True(t, Decode([]byte{a, b}, c.codeSize, &in))
		require.False(t, c.execute(&in).Raised, "%02x %02x", a, b)
		c.Phys.ReadAt(k.mem[:], x87Data)
		flags := c.S.RFLAGS
		require.False(t, x87Run(t, c, "dd36").Raised) // FNSAVE
		c.Phys.ReadAt(k.image[:], x87Data)
		sum(h, in.Op.Name, k.image[:], k.mem[:], flags)
	}
	return h.Sum64()
}

// TestX87ReservedEncodings lists what raises #UD on processors; everything else has a row.
func TestX87ReservedEncodings(t *testing.T) {
	const reserved = "d90e d9d1-d9d7 d9e2-d9e3 d9e6-d9e7 d9ef dae0-dae8 daea-daff db26 db36 " +
		"dbe5-dbe7 dbf8-dbff dd2e ddf0-ddff ded8 deda-dedf dfe1-dfe7 dff8-dfff"
	is := map[uint16]bool{}
	for _, s := range strings.Fields(reserved) {
		var lo, hi uint16
		if n, _ := fmt.Sscanf(s, "%x-%x", &lo, &hi); n == 1 {
			hi = lo
		}
		for ; lo <= hi; lo++ {
			is[lo] = true
		}
	}
	for a := 0xd8; a <= 0xdf; a++ {
		for b := 0; b < 256; b++ {
			if b < 0xc0 && (b&7 != 6 || b >= 0x40) {
				continue
			}
			var in Inst
			require.True(t, Decode([]byte{uint8(a), uint8(b)}, 4, &in))
			assert.Equal(t, is[uint16(a<<8|b)], in.Bad == x86.ReasonReservedOpcode, "%02x %02x", a, b)
			if in.Bad == x86.NoReason {
				assert.NotNil(t, in.Op.Exec, in.Op.Name)
			}
		}
	}
}

// TestX87StackFaults is SDM Vol. 1, "Stack Overflow or Underflow Exception (#IS)".
func TestX87StackFaults(t *testing.T) {
	ind := f80.Indefinite()
	const under, over = uint16(f80.IE | f80.SF), uint16(f80.IE | f80.SF | f80.C1)
	full := []string{"d9e8", "d9e8", "d9e8", "d9e8", "d9e8", "d9e8", "d9e8", "d9e8"}
	for _, tc := range []struct {
		name string
		code []string
		st0  f80.Float
		sw   uint16
		tag  uint8
	}{
		{"FADD of two empty registers", []string{"d8c1"}, ind, under, 1},
		{"FLD of an empty register", []string{"d9c0"}, ind, under | 7<<11, 0x80},
		{"FXCH fills both", []string{"d9c9"}, ind, under, 3},
		{"FCHS of an empty register", []string{"d9e0"}, ind, under, 1},
		{"FSTP pops an empty register", []string{"ddd9"}, ind, under | 1<<11, 2},
		{"FLD1 onto a full stack", append(full[:8:8], "d9e8"), ind, over | 7<<11, 0xff},
		{"FSINCOS onto a full stack", append(full[:8:8], "d9fb"), ind, over | 7<<11, 0xff},
	} {
		c := newX87(t)
		require.False(t, x87Run(t, c, tc.code...).Raised, tc.name)
		assert.Equal(t, tc.sw, c.X87.SW, tc.name)
		assert.Equal(t, tc.st0, *c.X87.st(0), tc.name)
		assert.Equal(t, tc.tag, c.X87.Tag, tc.name)
	}
	// Unmasked, nothing but the status word changes.
	c := newX87(t)
	c.X87.CW &^= uint16(f80.IE)
	require.False(t, x87Run(t, c, "d8c1").Raised)
	assert.Equal(t, under|uint16(f80.ES)|swBusy, c.X87.SW)
	assert.Zero(t, c.X87.Tag)
}

// TestPendingExceptionArrivesAtNextWaitingInstruction is SDM Vol. 3A, "#MF—x87 FPU
// Floating-Point Error".
func TestPendingExceptionArrivesAtNextWaitingInstruction(t *testing.T) {
	for _, tc := range []struct {
		name, code string
		mf         bool
	}{
		{"FLD1", "d9e8", true},
		{"FWAIT", "9b", true},
		{"FNOP", "d9d0", true},
		{"FLDCW", "d92e", true},
		{"FNSTSW AX", "dfe0", false},
		{"FNSTCW", "d93e", false},
		{"FNCLEX", "dbe2", false},
		{"FNINIT", "dbe3", false},
		{"FNSTENV", "d936", false},
		{"FNSAVE", "dd36", false},
		{"FNENI", "dbe0", false},
	} {
		c := newX87(t)
		c.X87.CW &^= uint16(f80.ZE)
		require.False(t, x87Run(t, c, "d9e8", "d9ee", "d8f9").Raised, "1/0 itself does not fault") // FLD1 FLDZ FDIVR
		f := x87Run(t, c, tc.code)
		assert.Equal(t, tc.mf, f.Raised && f.Vector == x86.VecMF, tc.name)
	}
}

func TestFERRFollowsErrorSummaryWhenNEIsClear(t *testing.T) {
	c := newX87(t)
	c.CR0 &^= x86.CR0_NE
	var pin []bool
	c.FERR = func(high bool) { pin = append(pin, high) }
	c.X87.CW &^= uint16(f80.ZE)
	require.False(t, x87Run(t, c, "d9e8", "d9ee", "d8f9", "d9e8").Raised)
	assert.Equal(t, []bool{true}, pin)
	require.False(t, x87Run(t, c, "dbe2").Raised)
	assert.Equal(t, []bool{true, false}, pin)
}

// TestX87Availability is SDM Vol. 3A, "#NM—Device Not Available Exception", table of CR0.EM,
// MP and TS.
func TestX87Availability(t *testing.T) {
	for _, tc := range []struct {
		bits      uint64
		fpu, wait bool
	}{
		{0, false, false},
		{x86.CR0_TS, true, false},
		{x86.CR0_MP, false, false},
		{x86.CR0_MP | x86.CR0_TS, true, true},
		{x86.CR0_EM, true, false},
		{x86.CR0_EM | x86.CR0_TS, true, false},
		{x86.CR0_EM | x86.CR0_MP, true, false},
		{x86.CR0_EM | x86.CR0_MP | x86.CR0_TS, true, true},
	} {
		c := newX87(t)
		c.CR0 |= tc.bits
		for _, code := range []string{"d9e8", "dbe3", "dfe0", "dd36", "dbe0"} {
			f := x87Run(t, c, code)
			assert.Equal(t, tc.fpu, f.Raised && f.Vector == x86.VecNM, "%s with %x", code, tc.bits)
		}
		f := x87Run(t, c, "9b")
		assert.Equal(t, tc.wait, f.Raised && f.Vector == x86.VecNM, "WAIT with %x", tc.bits)
	}
}

// TestX87Environment is SDM Vol. 1, figures "Protected Mode x87 FPU State Image in Memory,
// 32-Bit Format" and the three after it.
func TestX87Environment(t *testing.T) {
	load := func(c *CPU) {
		c.S.RIP = 0x1234
		require.False(t, x87Run(t, c, "d906").Raised) // FLD m32fp: +0
	}
	for _, tc := range []struct {
		name, code string
		real       bool
		want       string
	}{
		{"protected, 32 bits", "d936", false, "7f03ffff0038ffffff7fffff 34120000 08000601 00200000 1000ffff"},
		{"protected, 16 bits", "66d936", false, "7f030038ff7f 3412 0800 0020 1000"},
		{"real, 16 bits", "d934", true, "7f030038ff7f 3492 0611 0020 0010"},
		{"real, 32 bits", "66d934", true, "7f03ffff0038ffffff7fffff 3492ffff 06110000 0020ffff 00100000"},
	} {
		c := newX87(t)
		c.Phys.WriteAt(make([]byte, 32), x87Data)
		load(c)
		if tc.real {
			c.CR0 &^= x86.CR0_PE
			c.setSegment(x86.CS, 0x1800, 0x18000, 0xffff, attrReal)
			c.setSegment(x86.DS, 0, 0, 0xffff, attrReal)
			c.updateMode()
			c.X87.FCS, c.X87.FDS = 0x1800, 0x1000
		}
		require.False(t, x87Run(t, c, tc.code).Raised, tc.name)
		want, err := hex.DecodeString(strings.ReplaceAll(tc.want, " ", ""))
		require.NoError(t, err)
		if tc.name == "protected, 32 bits" || tc.name == "protected, 16 bits" {
			assert.EqualValues(t, 0x106, c.X87.FOP)
		}
		got := make([]byte, len(want))
		c.Phys.ReadAt(got, x87Data)
		assert.Equal(t, hex.EncodeToString(want), hex.EncodeToString(got), tc.name)
	}
}

func TestX87EnvironmentRoundTrip(t *testing.T) {
	for _, code := range [][2]string{{"dd36", "dd26"}, {"66dd36", "66dd26"}} { // FNSAVE, FRSTOR
		c := newX87(t)
		require.False(t, x87Run(t, c, "d9eb", "d9e8", "d9e0", "d9ee").Raised) // π, -1, 0
		before := c.X87
		require.False(t, x87Run(t, c, code[0]).Raised)
		assert.Equal(t, uint16(f80.ControlInit), c.X87.CW)
		assert.Zero(t, c.X87.Tag)
		require.False(t, x87Run(t, c, code[1]).Raised)
		if code[0] != "dd36" {
			before.FOP = 0 // not in the 16-bit protected format
		}
		assert.Equal(t, before, c.X87)
	}
}

func TestX87MemoryFaultChangesNothing(t *testing.T) {
	c := newX87(t)
	require.False(t, x87Run(t, c, "d9eb", "d9e8").Raised)
	c.setSegment(x86.DS, 0x10, 0, 0xfff, attrReal|AttrDB)
	c.updateMode()
	before := c.X87
	for _, code := range []string{"d806", "d906", "d916", "d91e", "db2e", "db3e", "df2e", "df3e", "df26", "df36",
		"d926", "d92e", "d936", "d93e", "dd26", "dd36", "dd3e", "d816", "de16"} {
		f := x87Run(t, c, code)
		assert.True(t, f.Raised && f.Vector == x86.VecGP, code)
		assert.Equal(t, before, c.X87, code)
	}
}

func TestFNSTSWToAXKeepsTheRestOfRAX(t *testing.T) {
	c := newX87(t)
	c.S.R[x86.RAX] = 0xffffffffffffffff
	require.False(t, x87Run(t, c, "d9e8", "dfe0").Raised)
	assert.Equal(t, uint64(0xffffffffffff3800), c.S.R[x86.RAX])
}

// sum adds the state after an instruction to a digest: the parts that package f80 promises
// to the last bit.
func sum(h hash.Hash, name string, image, mem []byte, flags uint64) {
	var b [108]byte
	copy(b[:], image)
	clear(b[12:28]) // pointers
	for i := 2; i < 12; i += 4 {
		clear(b[i : i+2])
	}
	switch name {
	case "FSIN", "FCOS", "FSINCOS", "FPTAN", "F2XM1", "FYL2X", "FYL2XP1", "FPATAN":
		b[5] &^= 2      // C1
		clear(b[8:10])  // tags: a rounding may end in a denormal
		clear(b[28:48]) // ST(0), ST(1)
	}
	h.Write(b[:])
	if name == "FNSTENV" || name == "FNSAVE" {
		mem = append(append([]byte{}, mem[:12]...), mem[28:]...)
	}
	h.Write(mem)
	h.Write([]byte{byte(flags & 0xd5), byte(flags >> 8 & 8)})
}

// FuzzX87 runs any escape instruction on any state: it must not panic, and it must leave the
// stack pointer, ES and B consistent.
func FuzzX87(f *testing.F) {
	f.Add(uint8(0xd8), uint8(0xc1), uint64(1))
	f.Add(uint8(0xdd), uint8(0x26), uint64(2))
	c := newX87(f)
	f.Fuzz(func(t *testing.T, a, b uint8, seed uint64) {
		k := newX87Case(rand.New(rand.NewPCG(seed, 1)))
		c.fpReset()
		c.fpLoadEnvironment(k.image[:28])
		for i := range 8 {
			*c.X87.st(uint8(i)) = f80.Float{Sig: binary.LittleEndian.Uint64(k.image[28+10*i:]), SE: binary.LittleEndian.Uint16(k.image[36+10*i:])}
		}
		c.Phys.WriteAt(k.mem[:], x87Data)
		var in Inst
		code := append([]byte{0xd8 | a&7, b}, k.mem[:8]...)
		if !Decode(code, c.codeSize, &in) || in.Bad != x86.NoReason {
			return
		}
		c.execute(&in)
		pending := f80.Status(c.X87.SW).Unmasked(c.X87.control()) != 0
		require.Equal(t, pending, c.X87.SW&uint16(f80.ES) != 0)
		require.Equal(t, pending, c.X87.SW&swBusy != 0)
	})
}

// The limit is looked at before alignment, and alignment before what follows the first eight bytes: so do AMD's
// processors. SDM Vol. 3A, "Priority Among Concurrent Events".
func TestLimitWinsOverAlignmentOfTenBytes(t *testing.T) {
	for _, tc := range []struct {
		code string // FLD and FSTP m80 [si], FBLD and FBSTP
		si   uint64
		want x86.Vector
	}{
		{"db 2c", 0xfff9, x86.VecGP}, {"db 3c", 0xfff9, x86.VecGP}, {"df 24", 0xfff9, x86.VecGP}, {"df 34", 0xfff9, x86.VecGP},
		{"db 2c", 0xfff7, x86.VecAC}, {"db 3c", 0xfff7, x86.VecAC},
		{"db 2c", 0xfff1, x86.VecAC}, {"db 3c", 0xfff1, x86.VecAC},
	} {
		r := newRig(t, "max")
		r.enterReal()
		require.False(t, r.run("d9 e8").Raised, "FLD1")
		r.alignMask = ^uint64(0)
		r.S.R[x86.RSI] = tc.si
		f := r.run(tc.code)
		assert.Equal(t, tc.want, f.Vector, "%s at %x", tc.code, tc.si)
	}
}
