package cpu

import (
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// ioPermission checks the right to use size ports from port on.
//
// SDM Vol. 1, "I/O Privilege Level" and "I/O Permission Bit Map".
func (c *CPU) ioPermission(port uint16, size width) Fault {
	if !c.vm() && c.CPL <= c.iopl() {
		return Fault{}
	}
	denied := x86.GP(0, x86.ReasonIOBitmap)
	if !c.TR.Attr.has(AttrP) || c.TR.Attr.Type()&8 == 0 || c.TR.Limit < 0x67 {
		return denied
	}
	base, f := c.readTSS(0x66, 2)
	if f.Raised {
		return f
	}
	at := uint32(base) + uint32(port>>3)
	if at+1 > c.TR.Limit {
		return denied
	}
	bits, f := c.readTSS(at, 2) // two bytes, so that a port range may cross one
	if f.Raised {
		return f
	}
	if bits>>(port&7)&(1<<size-1) != 0 {
		return denied
	}
	return Fault{}
}

// in reads w bytes from a port; without a port space it is all ones.
func (c *CPU) portIn(port uint16, w width) uint64 {
	c.notePortAccess(port, int(w))
	v := w.Mask()
	if c.Ports != nil {
		v &= uint64(c.Ports.In(port, int(w)))
	}
	if c.stops != nil {
		c.stopPort(port, w, false, v)
	}
	return v
}

func (c *CPU) portOut(port uint16, w width, v uint64) {
	c.notePortAccess(port, int(w))
	if c.Ports != nil {
		c.Ports.Out(port, int(w), uint32(v&w.Mask()))
	}
	if c.stops != nil {
		c.stopPort(port, w, true, v&w.Mask())
	}
}

// port is the port that an operand names: an 8-bit immediate or DX.
func (c *CPU) port(in *Inst, a Arg) uint16 {
	if a.Kind == ArgImm {
		return uint16(in.Imm & 0xff)
	}
	return uint16(c.S.R[x86.RDX])
}

// ioIn is IN. SDM Vol. 2A, "IN—Input From Port".
func ioIn(c *CPU, in *Inst) Fault {
	port, w := c.port(in, in.Src), in.Dst.W
	if f := c.ioPermission(port, w); f.Raised {
		return f
	}
	c.setReg(x86.RAX, w, c.portIn(port, w))
	return Fault{}
}

// ioOut is OUT. SDM Vol. 2B, "OUT—Output to Port".
func ioOut(c *CPU, in *Inst) Fault {
	port, w := c.port(in, in.Dst), in.Src.W
	if f := c.ioPermission(port, w); f.Raised {
		return f
	}
	c.portOut(port, w, c.S.R[x86.RAX])
	return Fault{}
}

// insOne is one iteration of INS. The port is read only when the destination is known to
// be writable: reading may have an effect that cannot be undone.
//
// SDM Vol. 2A, "INS/INSB/INSW/INSD—Input From Port to String".
func (c *CPU) insOne(in *Inst) Fault {
	port, w := uint16(c.S.R[x86.RDX]), in.Dst.W
	di := c.reg(x86.RDI, in.AddrSize)
	la, f := c.linear(x86.ES, di, uint64(w), forWrite)
	if f.Raised {
		return f
	}
	if f := c.probeWrite(la, int(w), c.class); f.Raised {
		return f
	}
	if f := c.write(x86.ES, di, c.portIn(port, w), w); f.Raised {
		return f
	}
	c.advance(x86.RDI, in, w)
	return Fault{}
}

// outsOne is one iteration of OUTS.
//
// SDM Vol. 2B, "OUTS/OUTSB/OUTSW/OUTSD—Output String to Port".
func (c *CPU) outsOne(in *Inst) Fault {
	port, w := uint16(c.S.R[x86.RDX]), in.Src.W
	v, f := c.read(in.Seg, c.reg(x86.RSI, in.AddrSize), w)
	if f.Raised {
		return f
	}
	c.portOut(port, w, v)
	c.advance(x86.RSI, in, w)
	return Fault{}
}
