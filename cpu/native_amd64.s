//go:build linux && amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// func callNative(s *State, code uintptr)
//
// Generated code keeps the guest's registers in the host's. It is left by a jump to code that
// stores them, restores SP and BP from the State and executes RET.
TEXT ·callNative(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ s+0(FP), AX
	MOVQ code+8(FP), R14
	MOVQ SP, State_HostSP(AX)
	MOVQ BP, State_HostBP(AX)
	MOVQ AX, SP
	MOVQ 8(SP), CX
	MOVQ 16(SP), DX
	MOVQ 24(SP), BX
	MOVQ 32(SP), R12
	MOVQ 40(SP), BP
	MOVQ 48(SP), SI
	MOVQ 56(SP), DI
	MOVQ 64(SP), R8
	MOVQ 72(SP), R9
	MOVQ 80(SP), R10
	MOVQ 88(SP), R11
	MOVQ State_Budget(SP), R13
	MOVQ 0(SP), AX
	JMP  R14
