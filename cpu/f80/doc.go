// Package f80 is the arithmetic of the x87: 80-bit floating point as pure functions, values
// in, value and status bits out. It holds no registers and knows no stack; read float.go and
// control.go first.
//
//	Float          one 80-bit value              float.go
//	Control        precision, rounding, masks    control.go
//	Status         exceptions and C0 to C3       control.go
//	Add Sub Mul Div Sqrt                         arith.go
//	Rem Rem1                                     rem.go
//	RndInt Scale Extract                         scale.go
//	Compare CompareUnordered                     compare.go
//	From… To… Widen…                             convert.go, bcd.go
//	Const                                        const.go
//	Sin Cos SinCos Tan                           trig.go
//	Atan                                         atan.go
//	TwoToXMinus1 YLog2X YLog2XPlus1              log.go
//
// Every function takes the control word and returns what the masked response stores, or for
// unmasked overflow and underflow the result with the adjusted exponent. Whether the caller
// may store it, Status.Withholds tells.
//
// All of it is integer arithmetic, so results are the same on every host. Everything but the
// transcendental functions equals Intel processors to the last bit of result and status,
// unmasked exceptions, unsupported encodings and pseudo-denormals included. Where processors
// and manual differ, the processor is followed and the place says so.
//
// # Inaccuracies
//
// The transcendental functions are computed with 128 bits and rounded once, while processors
// use 66 to 68 bits. They agree in some 95 of 100 cases, and else differ by one unit of the
// last place; C1 differs with it. Range reduction uses the processor's 66-bit π.
// F2XM1 beyond ±1 and FYL2XP1 at and below -1, which the manual leaves undefined, return the
// operand as processors do.
//
// Sources: Intel SDM Vol. 1, "Programming with the x87 FPU"; Vol. 2A, instructions F2XM1 to
// FYL2XP1.
package f80
