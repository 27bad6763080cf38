package debug

import (
	"encoding/binary"
	"math"

	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// control is creg.
func (i *Inspector) control() error {
	c := i.CPU()
	i.printf("CR0  %016x  %s\n", c.CR0, bitNames(c.CR0, cr0Names))
	i.printf("CR2  %016x\n", c.CR2)
	i.printf("CR3  %016x\n", c.CR3)
	i.printf("CR4  %016x  %s\n", c.CR4, bitNames(c.CR4, cr4Names))
	i.printf("CR8  %016x\n", c.CR8)
	i.printf("EFER %016x  %s\n", c.EFER, bitNames(c.EFER, eferNames))
	i.printf("XCR0 %016x\n", c.XCR0)
	return nil
}

// debugRegisters is dreg.
func (i *Inspector) debugRegisters() error {
	c := i.CPU()
	for n := range 4 {
		field := c.DR[7] >> (16 + 4*n)
		on := c.DR[7]>>(2*n)&3 != 0
		kind := [4]string{"execution", "writes", "I/O", "reads and writes"}[field&3]
		i.printf("DR%d %016x  %s\n", n, c.DR[n], pick(on, kind, "off"))
	}
	i.printf("DR6 %016x  %s\n", c.DR[6], bitNames(c.DR[6]&0xe00f, dr6Names))
	i.printf("DR7 %016x\n", c.DR[7])
	return nil
}

// x87 is fp.
func (i *Inspector) x87() error {
	x := i.CPU().X87
	top := int(x.SW >> 11 & 7)
	i.printf("control %04x  status %04x: TOP %d, %s\n", x.CW, x.SW, top, bitNames(uint64(x.SW&0x3f), fpExceptions))
	for n := range 8 {
		r := (top + n) & 7
		f := x.Reg[r]
		if x.Tag>>r&1 == 0 {
			i.printf("ST(%d) empty\n", n)
			continue
		}
		i.printf("ST(%d) %04x.%016x  %v\n", n, f.SE, f.Sig, x87Value(f))
	}
	i.printf("last instruction %04x:%x, operand %04x:%x, opcode %03x\n", x.FCS, x.FIP, x.FDS, x.FDP, x.FOP)
	return nil
}

// mmx is the MMX registers, the mantissas of the x87 ones.
func (i *Inspector) mmx() error {
	for n, f := range i.CPU().X87.Reg {
		i.printf("MM%d %016x\n", n, f.Sig)
	}
	return nil
}

// vector is sse: 32 bytes where CR4.OSXSAVE says that there are so many.
func (i *Inspector) vector() error {
	c := i.CPU()
	n := 8
	if c.EFER&x86.EFER_LMA != 0 {
		n = 16
	}
	for r := range n {
		v := c.S.XMM[r][:]
		word := func(k int) uint64 { return binary.LittleEndian.Uint64(v[8*k:]) }
		if c.XCR0&4 != 0 {
			i.printf("YMM%-2d %016x_%016x_%016x_%016x\n", r, word(3), word(2), word(1), word(0))
			continue
		}
		i.printf("XMM%-2d %016x_%016x\n", r, word(1), word(0))
	}
	i.printf("MXCSR %08x\n", c.S.MXCSR)
	return nil
}

// x87Value is the nearest value that the host can print.
func x87Value(f f80.Float) float64 {
	v := math.Inf(1)
	switch {
	case f.IsNaN():
		return math.NaN()
	case !f.IsInf():
		v = math.Ldexp(float64(f.Sig), int(f.SE&0x7fff)-16383-63)
	}
	if f.Neg() {
		v = -v
	}
	return v
}
