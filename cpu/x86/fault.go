package x86

import "fmt"

// A Vector is an interrupt or exception number.
type Vector uint8

// Exception vectors. SDM Vol. 3A, "Exception and Interrupt Reference".
const (
	VecDE  Vector = 0
	VecDB  Vector = 1
	VecNMI Vector = 2
	VecBP  Vector = 3
	VecOF  Vector = 4
	VecBR  Vector = 5
	VecUD  Vector = 6
	VecNM  Vector = 7
	VecDF  Vector = 8
	VecTS  Vector = 10
	VecNP  Vector = 11
	VecSS  Vector = 12
	VecGP  Vector = 13
	VecPF  Vector = 14
	VecMF  Vector = 16
	VecAC  Vector = 17
	VecMC  Vector = 18
	VecXM  Vector = 19
)

var vectorNames = [...]string{
	VecDE: "#DE", VecDB: "#DB", VecNMI: "NMI", VecBP: "#BP", VecOF: "#OF", VecBR: "#BR",
	VecUD: "#UD", VecNM: "#NM", VecDF: "#DF", VecTS: "#TS", VecNP: "#NP", VecSS: "#SS",
	VecGP: "#GP", VecPF: "#PF", VecMF: "#MF", VecAC: "#AC", VecMC: "#MC", VecXM: "#XM",
}

// String gives the manual's notation, for example #GP; a number for other vectors.
func (v Vector) String() string {
	if int(v) < len(vectorNames) && vectorNames[v] != "" {
		return vectorNames[v]
	}
	return fmt.Sprintf("INT %#02x", uint8(v))
}

// HasErrorCode says whether the processor pushes an error code for exception v.
func (v Vector) HasErrorCode() bool {
	switch v {
	case VecDF, VecTS, VecNP, VecSS, VecGP, VecPF, VecAC:
		return true
	}
	return false
}

// A Fault is an exception on its way to the guest. The zero Fault means none.
//
// It is nested because Go passes a struct in registers only up to four fields, and every
// memory access returns one: flat, loads and stores took three to four times as long.
type Fault struct {
	Cause
	Raised bool
	Addr   uint64 // linear address for #PF (CR2); otherwise 0
}

// A Cause is which exception and why.
type Cause struct {
	Vector Vector
	Code   uint16 // pushed after the return address when Vector.HasErrorCode
	Reason Reason // the rule that was broken
}

// String gives the manual's notation and the rule, for example
// "#GP(0x10): selector index beyond the descriptor table".
func (f Fault) String() string {
	if !f.Raised {
		return "none"
	}
	s := f.Vector.String()
	if f.Vector.HasErrorCode() {
		s += fmt.Sprintf("(%#x)", f.Code)
	}
	if f.Vector == VecPF {
		s += fmt.Sprintf(" at %#x", f.Addr)
	}
	return s + ": " + f.Reason.String()
}

// UD is an invalid-opcode exception for the reason r.
func UD(r Reason) Fault { return Raise(VecUD, 0, r) }

// GP is a general-protection exception with error code code (a selector, or 0).
func GP(code uint16, r Reason) Fault { return Raise(VecGP, code, r) }

// Raise is an exception v with error code code (ignored by vectors without one).
func Raise(v Vector, code uint16, r Reason) Fault {
	return Fault{Raised: true, Cause: Cause{Vector: v, Code: code, Reason: r}}
}
