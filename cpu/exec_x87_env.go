package cpu

import (
	"encoding/binary"

	"github.com/glassbox-vm/glassbox/cpu/f80"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
)

// x87 control: control and status word, environment and whole state.

// fpReset is the state after FNINIT.
//
// SDM Vol. 2A, "FINIT/FNINIT—Initialize Floating-Point Unit".
func (c *CPU) fpReset() {
	x := &c.X87
	*x = X87{Reg: x.Reg, CW: uint16(f80.ControlInit), SW: x.SW & (uint16(f80.ES) | swBusy)}
	c.fpSummary()
}

// fninit is FNINIT.
func fninit(c *CPU, _ *Inst) Fault {
	if f := c.fpAvailable(); f.Raised {
		return f
	}
	c.fpReset()
	return Fault{}
}

// fnclex is FNCLEX: the exceptions, SF, ES and B are cleared.
//
// SDM Vol. 2A, "FCLEX/FNCLEX—Clear Exceptions".
func fnclex(c *CPU, _ *Inst) Fault {
	if f := c.fpAvailable(); f.Raised {
		return f
	}
	c.X87.SW &^= uint16(f80.Exceptions | f80.SF)
	c.fpSummary()
	return Fault{}
}

// fnNothing are FNENI, FNDISI and FNSETPM: they meant something to the 8087 and 80287.
func fnNothing(c *CPU, _ *Inst) Fault { return c.fpAvailable() }

// setCW loads the control word: bit 6 reads as one, bits 7 and 15:13 as zero.
func (c *CPU) setCW(v uint16) {
	c.X87.CW = v&0x1f7f | 0x40
	c.fpSummary()
}

// fldcw is FLDCW.
//
// SDM Vol. 2A, "FLDCW—Load x87 FPU Control Word".
func fldcw(c *CPU, in *Inst) Fault {
	if f := c.fpWait(); f.Raised {
		return f
	}
	v, f := c.read(in.Seg, c.ea(in), 2)
	if f.Raised {
		return f
	}
	c.setCW(uint16(v))
	return Fault{}
}

// fnstcw is FNSTCW.
//
// SDM Vol. 2A, "FSTCW/FNSTCW—Store x87 FPU Control Word".
func fnstcw(c *CPU, in *Inst) Fault {
	if f := c.fpAvailable(); f.Raised {
		return f
	}
	return c.write(in.Seg, c.ea(in), uint64(c.X87.CW), 2)
}

// fnstsw is FNSTSW m2byte and fnstswAX is FNSTSW AX.
//
// SDM Vol. 2A, "FSTSW/FNSTSW—Store x87 FPU Status Word".
func fnstsw(c *CPU, in *Inst) Fault {
	if f := c.fpAvailable(); f.Raised {
		return f
	}
	return c.write(in.Seg, c.ea(in), uint64(c.X87.SW), 2)
}

func fnstswAX(c *CPU, _ *Inst) Fault {
	if f := c.fpAvailable(); f.Raised {
		return f
	}
	c.setReg(x86.RAX, 2, uint64(c.X87.SW))
	return Fault{}
}

// fullTag is the tag word with two bits per register, recomputed from the contents.
func (x *X87) fullTag() (tw uint16) {
	for i, r := range x.Reg {
		tag := f80.TagEmpty
		if x.Tag>>i&1 != 0 {
			tag = r.Tag()
		}
		tw |= uint16(tag) << (2 * i)
	}
	return tw
}

// setFullTag loads a tag word: only "empty" or not is remembered.
func (x *X87) setFullTag(tw uint16) {
	x.Tag = 0
	for i := range x.Reg {
		if f80.Tag(tw>>(2*i)&3) != f80.TagEmpty {
			x.Tag |= 1 << i
		}
	}
}

// envSize is the size in bytes of the environment: 14 with a 16-bit operand size, else 28.
func envSize(in *Inst) int {
	if in.OpSize == 2 {
		return 14
	}
	return 28
}

// fpImage checks the memory of an environment or a whole state of n bytes: alignment as of
// its fields, and its first field and last byte before the others, as processors do.
func (c *CPU) fpImage(in *Inst, n int, a access) Fault {
	align := uint64(4)
	if in.OpSize == 2 {
		align = 2
	}
	la, f := c.linear(in.Seg, c.ea(in), uint64(n), a)
	if f.Raised {
		return f
	}
	if c.alignMask != 0 && uint64(la)&(align-1) != 0 {
		return x86.Raise(x86.VecAC, 0, x86.ReasonAlignment)
	}
	if a == forWrite {
		f = c.probeWrite(la, int(align), c.class)
	} else {
		_, f = c.readLin(la, width(align), c.class)
	}
	if f.Raised {
		return f
	}
	return c.probeLast(la, n, a)
}

// probeLast checks the rights to the last of n bytes.
func (c *CPU) probeLast(la mmu.LinAddr, n int, a access) Fault {
	last := c.wrapLin(la, n-1)
	if a == forWrite {
		return c.probeWrite(last, 1, c.class)
	}
	_, f := c.readLin(last, 1, c.class)
	return f
}

// fpEnvironment writes the environment into m, of 14 or 28 bytes. In real-address and
// virtual-8086 mode the pointers are linear addresses, split around the opcode.
//
// SDM Vol. 1, "Saving the x87 FPU's State with FSTENV/FNSTENV and FSAVE/FNSAVE".
func (c *CPU) fpEnvironment(m []byte) {
	x := &c.X87
	fields := [7]uint32{uint32(x.CW), uint32(x.SW), uint32(x.fullTag())}
	wide := len(m) == 28
	switch linear := !c.protected(); {
	case linear:
		ip := uint32(x.FIP) + uint32(x.FCS)<<4
		dp := uint32(x.FDP) + uint32(x.FDS)<<4
		fields[3], fields[4] = ip&0xffff, ip>>16<<12|uint32(x.FOP)
		fields[5], fields[6] = dp&0xffff, dp>>16<<12
	case wide:
		fields[3], fields[4] = uint32(x.FIP), uint32(x.FOP)<<16|uint32(x.FCS)
		fields[5], fields[6] = uint32(x.FDP), uint32(x.FDS)
	default:
		fields[3], fields[4] = uint32(x.FIP), uint32(x.FCS)
		fields[5], fields[6] = uint32(x.FDP), uint32(x.FDS)
	}
	if !wide {
		for i, v := range fields {
			binary.LittleEndian.PutUint16(m[2*i:], uint16(v))
		}
		return
	}
	fields[0] |= 0xffff0000
	fields[1] |= 0xffff0000
	fields[2] |= 0xffff0000
	if c.protected() {
		fields[6] |= 0xffff0000
	} else {
		fields[3] |= 0xffff0000
		fields[5] |= 0xffff0000
	}
	for i, v := range fields {
		binary.LittleEndian.PutUint32(m[4*i:], v)
	}
}

// fpLoadEnvironment is the reverse of fpEnvironment.
func (c *CPU) fpLoadEnvironment(m []byte) {
	x := &c.X87
	var fields [7]uint32
	wide := len(m) == 28
	for i := range fields {
		if wide {
			fields[i] = binary.LittleEndian.Uint32(m[4*i:])
		} else {
			fields[i] = uint32(binary.LittleEndian.Uint16(m[2*i:]))
		}
	}
	x.setFullTag(uint16(fields[2]))
	switch linear := !c.protected(); {
	case linear:
		x.FIP = uint64(fields[3]&0xffff | fields[4]>>12<<16)
		x.FDP = uint64(fields[5]&0xffff | fields[6]>>12<<16)
		x.FOP, x.FCS, x.FDS = uint16(fields[4]&0x7ff), 0, 0
	default:
		x.FIP, x.FCS = uint64(fields[3]), uint16(fields[4])
		x.FDP, x.FDS = uint64(fields[5]), uint16(fields[6])
		x.FOP = uint16(fields[4]>>16) & 0x7ff
	}
	const summary = uint16(f80.ES) | swBusy
	x.SW = x.SW&summary | uint16(fields[1])&^summary
	c.setCW(uint16(fields[0]))
}

// fnstenv is FNSTENV: it then masks all exceptions.
//
// SDM Vol. 2A, "FSTENV/FNSTENV—Store x87 FPU Environment".
func fnstenv(c *CPU, in *Inst) Fault {
	if f := c.fpAvailable(); f.Raised {
		return f
	}
	var m [28]byte
	env := m[:envSize(in)]
	c.fpEnvironment(env)
	if f := c.fpImage(in, len(env), forWrite); f.Raised {
		return f
	}
	if f := c.writeBytes(in.Seg, c.ea(in), env); f.Raised {
		return f
	}
	c.setCW(c.X87.CW | uint16(f80.ControlMasks))
	return Fault{}
}

// fldenv is FLDENV.
//
// SDM Vol. 2A, "FLDENV—Load x87 FPU Environment".
func fldenv(c *CPU, in *Inst) Fault {
	if f := c.fpWait(); f.Raised {
		return f
	}
	var m [28]byte
	env := m[:envSize(in)]
	if f := c.fpImage(in, len(env), forRead); f.Raised {
		return f
	}
	if f := c.readBytes(in.Seg, c.ea(in), env); f.Raised {
		return f
	}
	c.fpLoadEnvironment(env)
	return Fault{}
}

// fnsave is FNSAVE: environment, then ST(0) to ST(7), then FNINIT.
//
// SDM Vol. 2A, "FSAVE/FNSAVE—Store x87 FPU State".
func fnsave(c *CPU, in *Inst) Fault {
	if f := c.fpAvailable(); f.Raised {
		return f
	}
	var m [108]byte
	n := envSize(in)
	c.fpEnvironment(m[:n])
	for i := range 8 {
		r, at := c.X87.st(uint8(i)), m[n+10*i:]
		binary.LittleEndian.PutUint64(at, r.Sig)
		binary.LittleEndian.PutUint16(at[8:], r.SE)
	}
	if f := c.fpImage(in, n+80, forWrite); f.Raised {
		return f
	}
	if f := c.writeBytes(in.Seg, c.ea(in), m[:n+80]); f.Raised {
		return f
	}
	c.fpReset()
	return Fault{}
}

// frstor is FRSTOR.
//
// SDM Vol. 2A, "FRSTOR—Restore x87 FPU State".
func frstor(c *CPU, in *Inst) Fault {
	if f := c.fpWait(); f.Raised {
		return f
	}
	var m [108]byte
	n := envSize(in)
	if f := c.fpImage(in, n+80, forRead); f.Raised {
		return f
	}
	if f := c.readBytes(in.Seg, c.ea(in), m[:n+80]); f.Raised {
		return f
	}
	c.fpLoadEnvironment(m[:n])
	for i := range 8 {
		at := m[n+10*i:]
		*c.X87.st(uint8(i)) = f80.Float{Sig: binary.LittleEndian.Uint64(at), SE: binary.LittleEndian.Uint16(at[8:])}
	}
	return Fault{}
}
