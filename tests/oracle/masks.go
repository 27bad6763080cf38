package oracle

import "slices"

// A mask is a difference between silicon and the emulator that is allowed.
type mask struct {
	names  []string // of instructions
	reason string
	// allow changes got where its difference from want is allowed.
	allow func(want, got *Result)
}

// masks are all exceptions to the rule that results are equal. Each is one reviewed entry
// with its reason; normalize has those that concern the way of measuring.
var masks = []mask{
	{transcendental, "results are within one unit in the last place; C1, the direction of rounding, follows from it", oneULP},
}

// transcendental are the x87 instructions whose last bit is a property of the algorithm.
var transcendental = []string{"F2XM1", "FYL2X", "FYL2XP1", "FSIN", "FCOS", "FSINCOS", "FPTAN", "FPATAN"}

// masksOf are the masks that concern a form.
func masksOf(f *Form) (m []mask) {
	for _, x := range masks {
		if slices.Contains(x.names, f.Op.Name) {
			m = append(m, x)
		}
	}
	return m
}

// oneULP allows a difference of one unit in the last place in ST(0) and ST(1).
func oneULP(want, got *Result) {
	near := false
	for i := range 2 {
		a, b := want.FX.ST[i], got.FX.ST[i]
		if a != b && adjacent(a, b) {
			got.FX.ST[i] = a
		}
		near = near || got.FX.ST[i] == a
	}
	if near {
		got.FX.SW = got.FX.SW&^0x200 | want.FX.SW&0x200
	}
}

// adjacent says whether two registers hold neighbouring numbers of the same sign.
func adjacent(a, b ST) bool {
	if a.SE>>15 != b.SE>>15 {
		return false
	}
	switch int(a.SE) - int(b.SE) {
	case 0:
		return a.Sig-b.Sig+1 <= 2
	case 1:
		return a.Sig == 1<<63 && b.Sig == ^uint64(0)
	case -1:
		return b.Sig == 1<<63 && a.Sig == ^uint64(0)
	}
	return false
}
