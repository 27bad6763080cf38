package simd

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vectorFile may name a longer file of the same form as the one in testdata.
var vectorFile = flag.String("vectors", "testdata/silicon.txt", "file of silicon results")

// A vector is one line of the file: what a processor made of one instruction.
type vector struct {
	name      string
	imm       int // after the underscore of the name
	m, mOut   MXCSR
	a, b, out Vec
	trapped   bool
}

func parseVector(line string) (v vector, err error) {
	field := strings.Fields(line)
	if len(field) != 7 {
		return v, fmt.Errorf("%d fields: %q", len(field), line)
	}
	name, imm, _ := strings.Cut(field[0], "_")
	v.name, v.trapped = name, field[6] == "1"
	if imm != "" {
		if v.imm, err = strconv.Atoi(imm); err != nil {
			return v, err
		}
	}
	var num [8]uint64
	for i, s := range []string{field[1], field[5], field[2][16:], field[2][:16], field[3][16:], field[3][:16], field[4][16:], field[4][:16]} {
		if num[i], err = strconv.ParseUint(s, 16, 64); err != nil {
			return v, err
		}
	}
	v.m, v.mOut = MXCSR(num[0]), MXCSR(num[1])
	v.a, v.b, v.out = Vec{num[2], num[3]}, Vec{num[4], num[5]}, Vec{num[6], num[7]}
	return v, nil
}

// binaries are the operations named by four instructions each, ps, pd, ss and sd.
var binaries = map[string]Binary{
	"add": Format.Add, "sub": Format.Sub, "mul": Format.Mul, "div": Format.Div, "min": Format.Min, "max": Format.Max,
	"sqrt": func(f Format, m MXCSR, _, b uint64) (uint64, Status) { return f.Sqrt(m, b) },
}

// answer is what this package says the instruction does.
func answer(v vector) (r Vec, st Status) {
	f := Single
	if strings.HasSuffix(v.name, "d") {
		f = Double
	}
	stem, op := v.name[:len(v.name)-2], Binary(nil)
	switch stem {
	case "cmp":
		op = func(f Format, m MXCSR, a, b uint64) (uint64, Status) { return f.Compare(m, a, b, Predicate(v.imm)) }
	case "round":
		op = func(f Format, m MXCSR, _, b uint64) (uint64, Status) { return f.RoundToInt(m, b, uint8(v.imm)) }
	case "rcp", "rsqrt":
		for i := range 4 {
			e := Reciprocal(uint64(v.b.D(i)))
			if stem == "rsqrt" {
				e = ReciprocalSqrt(uint64(v.b.D(i)))
			}
			r.SetD(i, uint32(e))
		}
		return r, 0
	case "comi", "ucomi":
		rel, st := f.Relate(v.m, f.Lane(v.a, 0), f.Lane(v.b, 0), stem == "comi")
		return Vec{[4]uint64{Less: 1, Equal: 0x40, Greater: 0, Unordered: 0x45}[rel]}, st
	case "addsub":
		return f.AddSub(v.m, v.a, v.b)
	case "hadd":
		return f.Horizontal(v.m, Format.Add, v.a, v.b)
	case "hsub":
		return f.Horizontal(v.m, Format.Sub, v.a, v.b)
	default:
		op = binaries[stem]
	}
	if op == nil {
		return convertAnswer(v)
	}
	if strings.HasSuffix(v.name, "ss") || strings.HasSuffix(v.name, "sd") {
		return f.Scalar(v.m, op, v.a, v.b)
	}
	return f.Packed(v.m, op, v.a, v.b)
}

// convertAnswer is answer for the conversions.
func convertAnswer(v vector) (r Vec, st Status) {
	r, n := v.a, uint(v.imm)
	each := func(count int, size uint, op func(i int) (uint64, Status)) {
		r = Vec{}
		for i := range count {
			x, s := op(i)
			st |= s
			if size == 4 {
				r.SetD(i, uint32(x))
			} else {
				r[i] = x
			}
		}
	}
	src := v.a[0] // of CVTSI2SS
	if n == 32 {
		src = uint64(int32(src))
	}
	switch v.name {
	case "cvtss2si":
		r = Vec{}
		r[0], st = Single.ToInt(v.m, n, uint64(v.b.D(0)))
	case "cvttss2si":
		r = Vec{}
		r[0], st = Single.ToIntTruncated(v.m, n, uint64(v.b.D(0)))
	case "cvtsd2si":
		r = Vec{}
		r[0], st = Double.ToInt(v.m, n, v.b[0])
	case "cvttsd2si":
		r = Vec{}
		r[0], st = Double.ToIntTruncated(v.m, n, v.b[0])
	case "cvtsi2ss":
		x, s := Single.FromInt(v.m, int64(src))
		r.SetD(0, uint32(x))
		st = s
	case "cvtsi2sd":
		r[0], st = Double.FromInt(v.m, int64(src))
	case "cvtss2sd":
		r[0], st = Single.Convert(v.m, Double, uint64(v.b.D(0)))
	case "cvtsd2ss":
		x, s := Double.Convert(v.m, Single, v.b[0])
		r.SetD(0, uint32(x))
		st = s
	case "cvtps2pd":
		each(2, 8, func(i int) (uint64, Status) { return Single.Convert(v.m, Double, uint64(v.b.D(i))) })
	case "cvtpd2ps":
		each(2, 4, func(i int) (uint64, Status) { return Double.Convert(v.m, Single, v.b[i]) })
	case "cvtdq2ps":
		each(4, 4, func(i int) (uint64, Status) { return Single.FromInt(v.m, int64(int32(v.b.D(i)))) })
	case "cvtdq2pd":
		each(2, 8, func(i int) (uint64, Status) { return Double.FromInt(v.m, int64(int32(v.b.D(i)))) })
	case "cvtps2dq":
		each(4, 4, func(i int) (uint64, Status) { return Single.ToInt(v.m, 32, uint64(v.b.D(i))) })
	case "cvttps2dq":
		each(4, 4, func(i int) (uint64, Status) { return Single.ToIntTruncated(v.m, 32, uint64(v.b.D(i))) })
	case "cvtpd2dq":
		each(2, 4, func(i int) (uint64, Status) { return Double.ToInt(v.m, 32, v.b[i]) })
	case "cvttpd2dq":
		each(2, 4, func(i int) (uint64, Status) { return Double.ToIntTruncated(v.m, 32, v.b[i]) })
	default:
		panic("no such instruction: " + v.name)
	}
	return r, st
}

// TestSilicon compares every function with the recorded results of a processor, register
// and MXCSR, with all exceptions masked and with some unmasked.
func TestSilicon(t *testing.T) {
	file, err := os.Open(*vectorFile)
	require.NoError(t, err)
	defer file.Close()
	bad := map[string]int{}
	scan := bufio.NewScanner(file)
	for scan.Scan() {
		line := scan.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		v, err := parseVector(line)
		require.NoError(t, err)
		var r Vec
		var m MXCSR
		var unmasked Status
		switch v.name {
		case "dpps":
			r, m, unmasked = Single.Dot(v.m, v.a, v.b, uint8(v.imm))
		case "dppd":
			r, m, unmasked = Double.Dot(v.m, v.a, v.b, uint8(v.imm))
		default:
			var st Status
			r, st = answer(v)
			m, unmasked = v.m.Raise(st), v.m.Unmasked(st)
		}
		trapped := unmasked != 0
		if trapped {
			r = v.a
		}
		if strings.Contains(v.name, "comis") && !trapped {
			v.out[0] &= 0x8d5
		}
		if r != v.out || m != v.mOut || trapped != v.trapped {
			if bad[v.name]++; bad[v.name] <= 4 {
				t.Errorf("%s\n  gives %016x%016x %04x %v", line, r[1], r[0], m, trapped)
			}
		}
	}
	require.NoError(t, scan.Err())
	require.Empty(t, bad)
}
