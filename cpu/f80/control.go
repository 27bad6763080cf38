package f80

// A Control is the x87 control word: exception masks (bits 5:0, in the places of the Status
// flags), precision (9:8) and rounding (11:10). Bits that are not named here are ignored.
//
// SDM Vol. 1, "x87 FPU Control Word".
type Control uint16

// Fields of the control word. The masks IM to PM are the Status flags IE to PE.
const (
	ControlMasks     Control = 0x003f // a set bit masks the exception
	ControlPrecision Control = 0x0300
	ControlRounding  Control = 0x0c00

	Precision24 Control = 0x0000
	Precision53 Control = 0x0200
	Precision64 Control = 0x0300

	RoundNearest Control = 0x0000 // to nearest, ties to even
	RoundDown    Control = 0x0400 // toward minus infinity
	RoundUp      Control = 0x0800 // toward plus infinity
	RoundZero    Control = 0x0c00 // toward zero (chop)

	// ControlInit is the control word after FNINIT.
	ControlInit Control = 0x037f

	// DenormalOperand is not a bit of the hardware's word. The caller of an arithmetic or
	// compare function sets it when an operand was a denormal m32fp or m64fp, which is a
	// normal number once widened (see Widen32).
	DenormalOperand Control = 0x8000
)

// A Status is a set of bits of the x87 status word: the exceptions an operation met and the
// condition codes it sets.
//
// SDM Vol. 1, "x87 FPU Status Register".
type Status uint16

// Bits of the status word.
const (
	IE Status = 1 << 0  // invalid operation
	DE Status = 1 << 1  // denormal operand
	ZE Status = 1 << 2  // division by zero
	OE Status = 1 << 3  // overflow
	UE Status = 1 << 4  // underflow
	PE Status = 1 << 5  // precision: the result is inexact
	SF Status = 1 << 6  // stack fault; never set by this package
	ES Status = 1 << 7  // error summary; never set by this package
	C0 Status = 1 << 8  // condition code
	C1 Status = 1 << 9  // condition code; after rounding: the magnitude went up
	C2 Status = 1 << 10 // condition code; reduction incomplete, unordered
	C3 Status = 1 << 14 // condition code

	// Exceptions is IE to PE.
	Exceptions = IE | DE | ZE | OE | UE | PE
	// Conditions is C0 to C3.
	Conditions = C0 | C1 | C2 | C3
)

// Unmasked returns the exceptions of s that c does not mask.
func (s Status) Unmasked(c Control) Status { return s & Exceptions &^ Status(c) }

// Withholds reports whether s holds an unmasked exception that is detected before the
// operation (IE, DE, ZE): the result is then not written to a register and the stack does
// not move. Unmasked OE, UE and PE do write a register, with the adjusted result that the
// arithmetic functions return, but OE and UE do not write memory (see WithholdsStore).
//
// SDM Vol. 1, "x87 FPU Floating-Point Exception Conditions".
func (s Status) Withholds(c Control) bool { return s&(IE|DE|ZE)&^Status(c) != 0 }

// WithholdsStore is Withholds for an instruction whose destination is memory.
func (s Status) WithholdsStore(c Control) bool {
	return s&(IE|DE|ZE|OE|UE)&^Status(c) != 0
}

// masks reports whether all exceptions of s are masked.
func (c Control) masks(s Status) bool { return s&^Status(c) == 0 }

// dropped returns how many low bits of a 64-bit significand the precision control rounds away.
func (c Control) dropped() uint {
	switch c & ControlPrecision {
	case Precision24:
		return 40
	case Precision53:
		return 11
	}
	return 0
}

// increments reports whether rounding raises the magnitude. lsb is the lowest kept bit, tail
// the discarded bits as a fraction of it: bit 63 is one half, the rest may be sticky.
func (c Control) increments(neg bool, lsb, tail uint64) bool {
	switch c & ControlRounding {
	case RoundNearest:
		return tail > 1<<63 || tail == 1<<63 && lsb&1 != 0
	case RoundDown:
		return neg && tail != 0
	case RoundUp:
		return !neg && tail != 0
	}
	return false
}
