// Package simd is the arithmetic of MMX and SSE: lanes of integers and of binary32 and
// binary64 numbers as pure functions, values in, value and exception flags out. It holds no
// registers.
//
//	Vec            128 bits and their lanes                  vec.go
//	MXCSR, Status  rounding, masks, exception flags          mxcsr.go
//	Format         binary32 or binary64: unpack and round    float.go
//	Add … Sqrt     arithmetic of one lane                    arith.go
//	Min Max Compare Relate                                   compare.go
//	Convert To… From… RoundToInt                             convert.go
//	Reciprocal ReciprocalSqrt                                estimate.go
//	PAdd… PShuf…   integer lanes                             lanes*.go, vec*.go
//	AES…, SHA…, CarrylessMul, CRC32C, PCmp…Str…              one file each
//
// An integer function that takes and returns uint64 is one MMX operand, or half of an XMM
// operand where the halves do not meet. Names are the manual's mnemonics.
//
// Floating point is integer arithmetic, so results and flags are the same on every host.
// The functions take the whole MXCSR and return the flags that the operation raises before
// masking; Status.Unmasked tells whether the destination may be written. Results, flags,
// NaNs, denormals and the estimates RCPPS and RSQRTPS equal Intel processors bit for bit.
//
// A fast path uses the host's arithmetic where that cannot be told apart: see host.go.
//
// Sources: Intel SDM Vol. 1, "Programming with Intel Streaming SIMD Extensions" and
// "Floating-Point Reference Sheets"; Vol. 2.
package simd
