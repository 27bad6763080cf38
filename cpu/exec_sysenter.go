package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// The fast system calls load CS and SS without descriptors: flat segments with fixed
// rights. SDM Vol. 2B, "SYSCALL—Fast System Call", Operation.
const (
	attrFlatData   = AttrG | AttrDB | AttrP | AttrS | AttrWritable | AttrAccessed
	attrFlatCode32 = AttrG | AttrDB | AttrP | AttrS | AttrCode | AttrReadable | AttrAccessed
	attrFlatCode64 = attrFlatCode32&^AttrDB | AttrL

	flatLimit = 1<<32 - 1
)

// setFlatCode and setFlatStack load the fixed segments for privilege level cpl.
func (c *CPU) setFlatCode(sel uint16, cpl uint8, long bool) {
	a := attrFlatCode32
	if long {
		a = attrFlatCode64
	}
	c.setSegment(x86.CS, sel, 0, flatLimit, a|Attr(cpl)<<5)
	c.setCPL(cpl)
}

func (c *CPU) setFlatStack(sel uint16, cpl uint8) {
	c.setSegment(x86.SS, sel, 0, flatLimit, attrFlatData|Attr(cpl)<<5)
}

// syscall is SYSCALL, which Intel processors have in 64-bit mode only.
//
// SDM Vol. 2B, "SYSCALL—Fast System Call".
func syscall(c *CPU, _ *Inst) Fault {
	if c.EFER&x86.EFER_SCE == 0 {
		return x86.UD(x86.ReasonFeatureDisabled)
	}
	sel := uint16(c.MSR.STAR >> 32)
	c.S.R[x86.RCX] = c.nextRIP
	c.S.R[x86.R11] = c.S.RFLAGS
	c.S.RFLAGS &^= c.MSR.FMASK | uint64(x86.FlagRF)
	c.S.RFLAGS |= uint64(x86.Flag1)
	c.nextRIP = c.MSR.LSTAR
	c.setFlatCode(sel&^3, 0, true)
	c.setFlatStack(sel+8, 0)
	c.updateMode()
	c.stepTrap = c.stepTrap && c.flag(x86.FlagTF)
	return Fault{}
}

// sysret is SYSRET, to 64-bit mode with REX.W, else to compatibility mode. As on Intel
// processors a return address that is not canonical faults here, at privilege level 0.
//
// SDM Vol. 2B, "SYSRET—Return From Fast System Call".
func sysret(c *CPU, in *Inst) Fault {
	if c.EFER&x86.EFER_SCE == 0 {
		return x86.UD(x86.ReasonFeatureDisabled)
	}
	if f := c.needCPL0(); f.Raised {
		return f
	}
	rip := c.S.R[x86.RCX]
	long := in.OpSize == 8
	if long && !c.isCanonical(rip) {
		return x86.GP(0, x86.ReasonNonCanonical)
	}
	const mask = 0x3c7fd7 // VM and RF are cleared
	c.S.RFLAGS = c.S.R[x86.R11]&mask | uint64(x86.Flag1)
	base := uint16(c.MSR.STAR >> 48)
	if long {
		c.nextRIP = rip
		c.setFlatCode((base+16)|3, 3, true)
	} else {
		c.nextRIP = uint64(uint32(rip))
		c.setFlatCode(base|3, 3, false)
	}
	c.setFlatStack((base+8)|3, 3)
	c.updateMode()
	return Fault{}
}

// sysenter is SYSENTER. SDM Vol. 2B, "SYSENTER—Fast System Call".
func sysenter(c *CPU, _ *Inst) Fault {
	if c.real() {
		return x86.GP(0, x86.ReasonNotInRealMode)
	}
	if null(uint16(c.MSR.SysenterCS)) {
		return x86.GP(0, x86.ReasonSelectorNull)
	}
	long := c.longMode()
	c.setFlags(x86.FlagVM|x86.FlagIF|x86.FlagRF, 0)
	c.nextRIP, c.S.R[x86.RSP] = c.MSR.SysenterEIP, c.MSR.SysenterESP
	if !long {
		c.nextRIP = uint64(uint32(c.nextRIP))
		c.S.R[x86.RSP] = uint64(uint32(c.S.R[x86.RSP]))
	}
	sel := uint16(c.MSR.SysenterCS) &^ 3
	c.setFlatCode(sel, 0, long)
	c.setFlatStack(sel+8, 0)
	c.updateMode()
	return Fault{}
}

// sysexit is SYSEXIT, to 64-bit mode with REX.W.
//
// SDM Vol. 2B, "SYSEXIT—Fast Return from Fast System Call".
func sysexit(c *CPU, in *Inst) Fault {
	if c.real() {
		return x86.GP(0, x86.ReasonNotInRealMode)
	}
	if null(uint16(c.MSR.SysenterCS)) {
		return x86.GP(0, x86.ReasonSelectorNull)
	}
	if f := c.needCPL0(); f.Raised {
		return f
	}
	rip, rsp := c.S.R[x86.RDX], c.S.R[x86.RCX]
	sel := uint16(c.MSR.SysenterCS) | 3
	long := in.OpSize == 8
	switch {
	case long && (!c.isCanonical(rip) || !c.isCanonical(rsp)):
		return x86.GP(0, x86.ReasonNonCanonical)
	case long:
		sel += 32
	default:
		rip, rsp = uint64(uint32(rip)), uint64(uint32(rsp))
		sel += 16
	}
	c.nextRIP, c.S.R[x86.RSP] = rip, rsp
	c.setFlatCode(sel, 3, long)
	c.setFlatStack(sel+8, 3)
	c.updateMode()
	return Fault{}
}
