package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// RDRAND and RDSEED take their numbers from one generator whose state, CPU.Random, is part
// of a snapshot, so that a run can be repeated: SplitMix64 (Steele, Lea and Flood, "Fast
// Splittable Pseudorandom Number Generators", OOPSLA 2014). A machine that wants runs to
// differ sets Random before the first. The generator never runs dry: CF is always 1.

// randomPowerOn is the state of the generator at power-on.
const randomPowerOn = 0x476c617373626f78

// random advances the generator.
func (c *CPU) random() uint64 {
	c.Random += 0x9e3779b97f4a7c15
	z := c.Random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// rdrand is RDRAND and RDSEED.
//
// SDM Vol. 2B, "RDRAND—Read Random Number" and "RDSEED—Read Random SEED".
func rdrand(c *CPU, in *Inst) Fault {
	c.setReg(in.Dst.Reg, in.Dst.W, c.random())
	c.setStatus(x86.FlagCF)
	return Fault{}
}

// rdpid is RDPID. SDM Vol. 2B, "RDPID—Read Processor ID".
func rdpid(c *CPU, in *Inst) Fault {
	c.setReg(in.Dst.Reg, in.Dst.W, c.MSR.TSCAux)
	return Fault{}
}
