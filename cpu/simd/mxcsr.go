package simd

// An MXCSR is the control and status register of SSE floating point.
//
//	bit   name     meaning
//	5:0   IE…PE    exceptions that happened, see Status
//	6     DAZ      denormal operands count as zero
//	12:7  IM…PM    exceptions that are masked
//	14:13 RC       rounding
//	15    FTZ      tiny results become zero while underflow is masked
//
// SDM Vol. 1, "MXCSR Control and Status Register".
type MXCSR uint32

// Bits of MXCSR.
const (
	DAZ MXCSR = 1 << 6
	IM  MXCSR = 1 << 7
	DM  MXCSR = 1 << 8
	ZM  MXCSR = 1 << 9
	OM  MXCSR = 1 << 10
	UM  MXCSR = 1 << 11
	PM  MXCSR = 1 << 12
	RC  MXCSR = 3 << 13
	FTZ MXCSR = 1 << 15

	// MXCSRDefault is the value after reset: all exceptions masked, round to nearest.
	MXCSRDefault MXCSR = 0x1f80
	// MXCSRMask is the bits that may be set, as FXSAVE reports them in MXCSR_MASK.
	MXCSRMask MXCSR = 0xffff
)

// Values of the RC field.
const (
	RoundNearest MXCSR = 0 << 13 // ties to even
	RoundDown    MXCSR = 1 << 13
	RoundUp      MXCSR = 2 << 13
	RoundZero    MXCSR = 3 << 13
)

const maskShift = 7

// Status is a set of exceptions, in the bit positions of MXCSR.
type Status uint32

// Exceptions.
const (
	IE Status = 1 << 0 // invalid operation
	DE Status = 1 << 1 // denormal operand
	ZE Status = 1 << 2 // division by zero
	OE Status = 1 << 3 // overflow
	UE Status = 1 << 4 // underflow
	PE Status = 1 << 5 // precision: the result is not exact

	allExceptions = IE | DE | ZE | OE | UE | PE
	// beforeResult are the exceptions found by looking at the operands.
	beforeResult = IE | DE | ZE
)

// Unmasked returns the exceptions of st that m does not mask. If there are any the
// destination keeps its value and the processor raises #XM (or #UD).
func (m MXCSR) Unmasked(st Status) Status {
	return st &^ Status(m>>maskShift) & allExceptions
}

// Raise returns m with the flags that an operation sets when its lanes raised st together.
// An unmasked exception found in the operands of any lane keeps all lanes from computing
// results, so overflow, underflow and precision are not reported with it.
//
// SDM Vol. 1, "Handling SIMD Floating-Point Exceptions in Software".
func (m MXCSR) Raise(st Status) MXCSR {
	if m.Unmasked(st&beforeResult) != 0 {
		st &= beforeResult
	}
	return m | MXCSR(st&allExceptions)
}

// masks says whether exception e is masked.
func (m MXCSR) masks(e Status) bool { return m>>maskShift&MXCSR(e) != 0 }
