package f80

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzOperations feeds any bits to every function: none may panic, none may return an
// unsupported encoding, and a masked invalid operation gives a NaN.
func FuzzOperations(f *testing.F) {
	f.Add(uint16(ControlInit), uint16(expBias), uint64(jBit), uint16(0), uint64(1))
	f.Add(uint16(0), uint16(expMask), uint64(jBit|1), uint16(expMax), ^uint64(0))
	f.Add(uint16(0xffff), uint16(5), uint64(5), uint16(0xffff), uint64(3))
	f.Fuzz(func(t *testing.T, cw, ae uint16, as uint64, be uint16, bs uint64) {
		c, a, b := Control(cw), Float{as, ae}, Float{bs, be}
		twice := func(name string, op binary2) {
			r, st := op(c, a, b)
			if st.Withholds(c) || st&C2 != 0 {
				return
			}
			require.False(t, r.Unsupported(), "%s %v %v", name, a, b)
			if st&IE != 0 {
				require.True(t, r.IsNaN(), "%s %v %v", name, a, b)
			}
			again, st2 := op(c, a, b)
			require.Equal(t, r, again)
			require.Equal(t, st, st2)
		}
		for name, op := range binaries {
			twice(name, op)
		}
		for name, op := range logs {
			twice(name, op)
		}
		for _, op := range compares {
			op(c, a, b)
		}
		Extract(c, a)
		SinCos(c, a)
		Tan(c, a)
		ToBCD(c, a)
		FromBCD(BCD{as, ae})
		ToFloat32(c, a)
		ToInt16(c, a)
		ToInt32(c, a)
		if v, st := ToFloat64(c, a); st&^C1 == 0 && !a.IsNaN() { // exact: it comes back
			back, _ := Widen64(v)
			require.Zero(t, order(back, a))
		}
		if v, st := ToInt64(c, a); st == 0 {
			require.Zero(t, order(FromInt64(v), a))
		}
		if a.IsNaN() || a.Unsupported() || b.IsNaN() || b.Unsupported() {
			return
		}
		require.Equal(t, order(a, b), -order(b, a))
	})
}
