package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// RDPKRU and WRPKRU: the rights of protection keys.

// setPKRU loads PKRU and tells the MMU.
func (c *CPU) setPKRU(v uint32) {
	c.PKRU = v
	c.MMU.SetPKRU(v)
}

// pkruReady is what RDPKRU and WRPKRU check: CR4.PKE, and registers that must be zero.
func (c *CPU) pkruReady(zero uint64) Fault {
	switch {
	case c.CR4&x86.CR4_PKE == 0:
		return x86.UD(x86.ReasonFeatureDisabled)
	case zero != 0:
		return x86.GP(0, x86.ReasonReservedBits)
	}
	return Fault{}
}

// rdpkru is RDPKRU. SDM Vol. 2B, "RDPKRU—Read Protection Key Rights for User Pages".
func rdpkru(c *CPU, _ *Inst) Fault {
	if f := c.pkruReady(c.reg(x86.RCX, 4)); f.Raised {
		return f
	}
	c.setReg(x86.RAX, 4, uint64(c.PKRU))
	c.setReg(x86.RDX, 4, 0)
	return Fault{}
}

// wrpkru is WRPKRU. SDM Vol. 2D, "WRPKRU—Write Data to User Page Key Register".
func wrpkru(c *CPU, _ *Inst) Fault {
	if f := c.pkruReady(c.reg(x86.RCX, 4) | c.reg(x86.RDX, 4)); f.Raised {
		return f
	}
	c.setPKRU(uint32(c.S.R[x86.RAX]))
	return Fault{}
}
