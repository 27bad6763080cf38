package f80

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vectorFile may name a longer file of the same form as the one in testdata.
var vectorFile = flag.String("vectors", "testdata/silicon.txt", "file of silicon results")

// A vector is one line of the file: what a processor made of one instruction.
type vector struct {
	name     string
	c        Control
	in, out  [2]Float // ST(0), ST(1)
	mem, res [10]byte
	sw       uint16
}

// An answer is what this package says the instruction does.
type answer struct {
	st   Status
	push bool     // a register was pushed
	pop  bool     // a register was popped
	out  [2]Float // ST(0), ST(1) afterwards
	res  [10]byte
	ulps uint64 // tolerance: 0, or 1 for transcendental functions
}

func parseVector(t *testing.T, line string) (v vector) {
	float := func(s string) (f Float) {
		_, err := fmt.Sscanf(s, "%x.%x", &f.SE, &f.Sig)
		require.NoError(t, err, line)
		return f
	}
	field := strings.Fields(line)
	require.Len(t, field, 9, line)
	v.name = field[0]
	v.in = [2]Float{float(field[2]), float(field[3])}
	v.out = [2]Float{float(field[5]), float(field[6])}
	_, err := fmt.Sscanf(field[1]+" "+field[7], "%x %x", &v.c, &v.sw)
	require.NoError(t, err, line)
	if field[4] != "-" {
		_, err = hex.Decode(v.mem[:], []byte(field[4]))
		require.NoError(t, err, line)
		_, err = hex.Decode(v.res[:], []byte(field[8]))
		require.NoError(t, err, line)
	}
	return v
}

// TestSilicon compares every function with the recorded results of a processor.
func TestSilicon(t *testing.T) {
	f, err := os.Open(*vectorFile)
	require.NoError(t, err)
	defer f.Close()
	bad := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		v := parseVector(t, s.Text())
		if why := v.check(v.answer(t)); why != "" {
			t.Errorf("%s\n\t%s", s.Text(), why)
			if bad++; bad == 20 {
				t.Fatal("too many")
			}
		}
	}
}

// check compares an answer with the recorded result.
func (v *vector) check(a answer) string {
	top := uint16(1)
	switch {
	case a.push:
		top = 0
	case a.pop:
		top = 2
	}
	if v.sw>>11&7 != top {
		return fmt.Sprintf("TOP should be %d", top)
	}
	near := true
	for i := range a.out {
		d := distance(a.out[i], v.out[i])
		if d > a.ulps {
			return fmt.Sprintf("got ST(%d) = %04x.%016x", i, a.out[i].SE, a.out[i].Sig)
		}
		near = near && d == 0
	}
	mask := Exceptions | Conditions
	if a.ulps != 0 {
		mask &^= C1
	}
	if got, want := a.st&mask, Status(v.sw)&mask; got != want {
		return fmt.Sprintf("got status %04x, want %04x", got, want)
	}
	if a.res != v.res {
		return fmt.Sprintf("got memory %x", a.res)
	}
	return ""
}

// distance is how many units of the last place two floats are apart.
func distance(a, b Float) uint64 {
	if a == b {
		return 0
	}
	up := func(f Float) Float { // the next larger magnitude
		f.Sig++
		switch {
		case f.Sig == 0:
			return Float{jBit, f.SE + 1}
		case f.Sig == jBit && f.SE&expMask == 0:
			return Float{jBit, f.SE + 1}
		}
		return f
	}
	if up(a) == b || up(b) == a {
		return 1
	}
	return 2
}

// answer computes what v should be.
func (v *vector) answer(t *testing.T) answer {
	a := answer{out: v.in, res: v.mem}
	switch {
	case binaries[v.name] != nil:
		r, st := binaries[v.name](v.c, v.in[0], v.in[1])
		return a.replace(v, r, st)
	case compares[v.name] != nil:
		a.st = compares[v.name](v.c, v.in[0], v.in[1])
		return a
	case logs[v.name] != nil:
		r, st := logs[v.name](v.c, v.in[1], v.in[0])
		a = a.replace(v, r, st)
		a.ulps, a.pop = 1, !st.Withholds(v.c)
		a.out[1] = v.out[1]
		if !a.pop {
			a.out[1] = v.in[1]
		}
		return a
	case strings.HasPrefix(v.name, "FLD"), strings.HasPrefix(v.name, "FILD"), v.name == "FBLD":
		return v.load(t, a)
	case strings.HasPrefix(v.name, "FST"), strings.HasPrefix(v.name, "FIST"), v.name == "FBSTP":
		return v.store(t, a)
	case strings.Contains(v.name, "_m"):
		return v.memory(t, a)
	}
	return v.pushing(t, a)
}

type (
	unary   = func(Control, Float) (Float, Status)
	binary2 = func(Control, Float, Float) (Float, Status)
)

// oneOperand makes a binary2 of a unary.
func oneOperand(f unary) binary2 {
	return func(c Control, a, _ Float) (Float, Status) { return f(c, a) }
}

var binaries = map[string]binary2{
	"FADD": Add, "FSUB": Sub, "FMUL": Mul, "FDIV": Div, "FSQRT": oneOperand(Sqrt),
	"FPREM": Rem, "FPREM1": Rem1, "FRNDINT": oneOperand(RndInt), "FSCALE": Scale,
	"F2XM1": oneOperand(TwoToXMinus1), "FSIN": oneOperand(Sin), "FCOS": oneOperand(Cos),
}

var logs = map[string]binary2{"FYL2X": YLog2X, "FYL2XP1": YLog2XPlus1, "FPATAN": Atan}

var compares = map[string]func(Control, Float, Float) Status{
	"FCOM": Compare, "FUCOM": CompareUnordered,
	"FXAM": func(_ Control, a, _ Float) Status { return a.Examine() },
}

// replace makes r the new ST(0).
func (a answer) replace(v *vector, r Float, st Status) answer {
	a.st = st
	if !st.Withholds(v.c) {
		a.out[0] = r
	}
	switch v.name {
	case "F2XM1", "FSIN", "FCOS":
		a.ulps = 1
	}
	return a
}

// pushing are the instructions that push a second result.
func (v *vector) pushing(t *testing.T, a answer) answer {
	var r Float
	switch v.name {
	case "FXTRACT":
		r, a.out[0], a.st = Extract(v.c, v.in[0])
	case "FSINCOS":
		a.ulps = 1
		r, a.out[0], a.st = SinCos(v.c, v.in[0])
	case "FPTAN":
		a.ulps = 1
		r, a.st = Tan(v.c, v.in[0])
		if a.out[0] = r; !r.IsNaN() {
			a.out[0] = One(false)
		}
	default:
		t.Fatal("unknown instruction", v.name)
	}
	a.push = a.st&C2 == 0 && !a.st.Withholds(v.c)
	if !a.push {
		a.out = v.in
		return a
	}
	a.out[1] = r
	return a
}

// load are the instructions that push a value.
func (v *vector) load(t *testing.T, a answer) answer {
	var r Float
	m := binary.LittleEndian.Uint64(v.mem[:])
	switch v.name {
	case "FLD_m32fp":
		r, a.st = FromFloat32(uint32(m))
	case "FLD_m64fp":
		r, a.st = FromFloat64(m)
	case "FILD_m64int":
		r = FromInt64(int64(m))
	case "FBLD":
		r = FromBCD(BCD{m, binary.LittleEndian.Uint16(v.mem[8:])})
	default:
		k, ok := map[string]Const{"FLDL2T": ConstL2T, "FLDL2E": ConstL2E, "FLDPI": ConstPi, "FLDLG2": ConstLG2, "FLDLN2": ConstLN2}[v.name]
		require.True(t, ok, v.name)
		r = k.Load(v.c)
	}
	if a.push = a.st.Unmasked(v.c)&IE == 0; a.push {
		a.out = [2]Float{r, v.in[0]}
	}
	return a
}

// store are the instructions that write memory.
func (v *vector) store(t *testing.T, a answer) answer {
	var b [10]byte
	n := 0
	put := func(size int, x uint64) {
		n = size
		binary.LittleEndian.PutUint64(b[:], x)
	}
	switch v.name {
	case "FST_m32fp":
		x, st := ToFloat32(v.c, v.in[0])
		put(4, uint64(x))
		a.st = st
	case "FST_m64fp":
		x, st := ToFloat64(v.c, v.in[0])
		put(8, x)
		a.st = st
	case "FIST_m16int":
		x, st := ToInt16(v.c, v.in[0])
		put(2, uint64(x))
		a.st = st
	case "FIST_m32int":
		x, st := ToInt32(v.c, v.in[0])
		put(4, uint64(x))
		a.st = st
	case "FISTP_m64int", "FISTTP_m64int":
		c := v.c
		if v.name == "FISTTP_m64int" {
			c |= RoundZero
		}
		x, st := ToInt64(c, v.in[0])
		put(8, uint64(x))
		a.st, a.pop = st, true
	case "FBSTP":
		x, st := ToBCD(v.c, v.in[0])
		put(8, x.Lo)
		binary.LittleEndian.PutUint16(b[8:], x.Hi)
		n = 10
		a.st, a.pop = st, true
	default:
		t.Fatal("unknown instruction", v.name)
	}
	if a.st.WithholdsStore(v.c) {
		a.pop = false
		return a
	}
	copy(a.res[:n], b[:n])
	if a.pop {
		a.out = [2]Float{v.in[1], v.out[1]}
	}
	return a
}

// memory are arithmetic instructions with a memory operand.
func (v *vector) memory(t *testing.T, a answer) answer {
	m := binary.LittleEndian.Uint64(v.mem[:])
	w, denormal := Widen64(m)
	if strings.HasSuffix(v.name, "m32fp") {
		w, denormal = Widen32(uint32(m))
	}
	c := v.c
	if denormal {
		c |= DenormalOperand
	}
	switch v.name {
	case "FADD_m32fp":
		r, st := Add(c, v.in[0], w)
		return a.replace(v, r, st)
	case "FMUL_m64fp":
		r, st := Mul(c, v.in[0], w)
		return a.replace(v, r, st)
	case "FDIVR_m64fp":
		r, st := Div(c, w, v.in[0])
		return a.replace(v, r, st)
	case "FCOM_m32fp":
		a.st = Compare(c, v.in[0], w)
		return a
	}
	t.Fatal("unknown instruction", v.name)
	return a
}
