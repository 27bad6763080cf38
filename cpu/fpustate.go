package cpu

import "github.com/glassbox-vm/glassbox/cpu/f80"

// X87 is the state of the x87 FPU. The MMX registers are the significands of Reg, by
// physical number. SDM Vol. 1, "x87 FPU Execution Environment".
type X87 struct {
	Reg [8]f80.Float // physical registers R0…R7; ST(i) is Reg[(TOP+i)&7]
	CW  uint16       // control word
	SW  uint16       // status word with TOP (13:11), ES (7) and B (15) kept up to date
	Tag uint8        // abridged tag word: bit i is set when Reg[i] is not empty
	FOP uint16       // last opcode, 11 bits
	FIP uint64       // last instruction pointer
	FDP uint64       // last data pointer
	FCS uint16       // selectors of the pointers, in 16- and 32-bit formats
	FDS uint16
}
