package f80

// A Const is a number that FLDxx pushes, in the order of the opcodes D9 E8 to D9 EE.
type Const uint8

// The constants.
const (
	Const1    Const = iota // FLD1
	ConstL2T               // FLDL2T: log₂ 10
	ConstL2E               // FLDL2E: log₂ e
	ConstPi                // FLDPI: π
	ConstLG2               // FLDLG2: log₁₀ 2
	ConstLN2               // FLDLN2: logₑ 2
	ConstZero              // FLDZ
)

// constants are the numbers with two more bits than a Float has, which is where the hardware
// rounds from.
var constants = [...]struct {
	exp  int
	sig  uint64
	tail uint64
}{
	ConstL2T: {1, 0xd49a784bcd1b8afe, 1 << 62},
	ConstL2E: {0, 0xb8aa3b295c17f0bb, 3 << 62},
	ConstPi:  {1, 0xc90fdaa22168c234, 3 << 62},
	ConstLG2: {-2, 0x9a209a84fbcff798, 2<<62 | 1},
	ConstLN2: {-1, 0xb17217f7d1cf79ab, 3 << 62},
}

// Load is the constant as the rounding control of c rounds it. It raises nothing.
//
// SDM Vol. 2A, "FLD1/FLDL2T/FLDL2E/FLDPI/FLDLG2/FLDLN2/FLDZ—Load Constant".
func (k Const) Load(c Control) Float {
	switch k {
	case Const1:
		return One(false)
	case ConstL2T, ConstL2E, ConstPi, ConstLG2, ConstLN2:
		n := constants[k]
		f, _ := packAt(c, 0, false, n.exp+expBias, n.sig, n.tail)
		return f
	}
	return Zero(false)
}
