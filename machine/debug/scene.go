package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/machine/debug/asm"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A scene is a processor at one moment: the registers it had then, memory as it is now.
type scene struct {
	c   *cpu.CPU
	mem *phys.Memory
	x   *cpu.Context
	sym *Symbols
}

// readLinear copies what is at a linear address, whatever the rights of its pages, and
// returns how many bytes are mapped.
func readLinear(c *cpu.CPU, mem *phys.Memory, addr uint64, p []byte) int {
	done := 0
	for done < len(p) {
		la := addr + uint64(done)
		if c.EFER&x86.EFER_LMA == 0 {
			la = uint64(uint32(la))
		}
		t := c.MMU.Translate(mmu.LinAddr(la), mmu.AccessRead, mmu.ClassSuper)
		if t.PageSize == 0 {
			return done
		}
		n := min(len(p)-done, mmu.PageSize-int(la%mmu.PageSize))
		mem.ReadAt(p[done:done+n], t.Phys)
		done += n
	}
	return done
}

// writeLinear is the opposite. ROM and registers of chips are left alone.
func writeLinear(c *cpu.CPU, mem *phys.Memory, addr uint64, p []byte) int {
	done := 0
	for done < len(p) {
		la := addr + uint64(done)
		t := c.MMU.Translate(mmu.LinAddr(la), mmu.AccessRead, mmu.ClassSuper)
		if t.PageSize == 0 {
			return done
		}
		n := min(len(p)-done, mmu.PageSize-int(la%mmu.PageSize))
		mem.WriteAt(p[done:done+n], t.Phys)
		done += n
	}
	return done
}

// read64 reads size bytes, at most 8, at a linear address.
func (s *scene) read64(addr uint64, size int) (v uint64, ok bool) {
	var p [8]byte
	ok = readLinear(s.c, s.mem, addr, p[:size]) == size
	return little(p[:size]), ok
}

func little(p []byte) (v uint64) {
	for i, b := range p {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// inst decodes the instruction at the scene's CS:RIP.
func (s *scene) inst() (in cpu.Inst, ok bool) {
	var code [cpu.MaxInst]byte
	n := readLinear(s.c, s.mem, s.x.CodeLinear(), code[:])
	if n == 0 || !cpu.Decode(code[:n], alu.Width(s.x.CodeBits()/8), &in) {
		return in, false
	}
	return in, true
}

// modeName is the operating mode in the manual's words.
func modeName(x *cpu.Context) string {
	switch {
	case x.LongMode() && x.CodeBits() == 64:
		return "64-bit mode"
	case x.LongMode():
		return "compatibility mode"
	case x.CR0&x86.CR0_PE == 0:
		return "real-address mode"
	case x.VM():
		return "virtual-8086 mode"
	}
	return "protected mode"
}

// at is CS:rIP, with the symbol there.
func (s *scene) at() string {
	width := 4
	if s.x.RIP > 0xffff || s.x.CodeBits() == 32 {
		width = 8
	}
	if s.x.CodeBits() == 64 {
		width = 16
	}
	text := fmt.Sprintf("%04x:%0*x", s.x.Seg[x86.CS].Sel, width, s.x.RIP)
	if name := s.sym.Name(s.x.CodeLinear()); name != "" {
		text += " <" + name + ">"
	}
	return text
}

// instLine describes the instruction and where it is.
func (s *scene) instLine() string {
	text := "the instruction"
	if in, ok := s.inst(); ok {
		text = "`" + asm.Text(&in, s.x.CodeLinear()) + "`"
		if in.Bad != x86.NoReason {
			text = fmt.Sprintf("the bytes % x", in.Bytes[:in.Len])
		}
	}
	return fmt.Sprintf("%s at %s, %s, CPL %d, after %d instructions", text, s.at(), modeName(s.x), s.x.CPL, s.x.Count)
}

// ea is the effective address of the memory operand: its offset in the segment.
func (s *scene) ea(in *cpu.Inst) uint64 {
	reg := func(n uint8) uint64 {
		if n < 16 {
			return s.x.GPR[n]
		}
		return 0
	}
	a := reg(in.Base) + reg(in.Index)<<in.Scale + in.Disp
	if in.RIPRel {
		a += s.x.RIP + uint64(in.Len)
	}
	return a & mask(uint(in.AddrSize)*8)
}

// segBase is what offsets in a segment are added to.
func (s *scene) segBase(seg x86.Seg) uint64 {
	if s.x.CodeBits() == 64 && seg < x86.FS {
		return 0
	}
	return s.x.Seg[seg].Base
}

// linear is the linear address of an offset.
func (s *scene) linear(seg x86.Seg, off uint64) uint64 {
	la := s.segBase(seg) + off
	if s.x.CodeBits() != 64 {
		la = uint64(uint32(la))
	}
	return la
}

// A place is an operand in memory.
type place struct {
	seg  x86.Seg
	off  uint64
	size int // bytes; 0 if not known
	what string
}

// memoryOperands are the places in memory that an instruction names or implies.
func (s *scene) memoryOperands(in *cpu.Inst) (list []place) {
	for _, a := range [...]cpu.Arg{in.Dst, in.Src, in.Third} {
		switch a.Kind {
		case cpu.ArgMem:
			list = append(list, place{in.Seg, s.ea(in), int(a.W), "operand"})
		case cpu.ArgStrSrc:
			list = append(list, place{in.Seg, s.x.GPR[x86.RSI] & mask(uint(in.AddrSize)*8), int(a.W), "source"})
		case cpu.ArgStrDst:
			list = append(list, place{x86.ES, s.x.GPR[x86.RDI] & mask(uint(in.AddrSize)*8), int(a.W), "destination"})
		}
	}
	if len(list) == 0 && in.IsMem {
		list = append(list, place{in.Seg, s.ea(in), 0, "operand"})
	}
	return list
}

// usesStack says whether an instruction pushes or pops.
func usesStack(in *cpu.Inst) bool {
	for _, p := range []string{"PUSH", "POP", "CALL", "RET", "IRET", "ENTER", "LEAVE", "INT"} {
		if strings.HasPrefix(in.Op.Name, p) {
			return true
		}
	}
	return false
}

// value is a general register, segment register or immediate operand.
func (s *scene) value(in *cpu.Inst, a cpu.Arg) (v uint64, ok bool) {
	switch a.Kind {
	case cpu.ArgReg:
		return s.x.GPR[a.Reg&15] & mask(uint(a.W)*8), true
	case cpu.ArgHigh:
		return s.x.GPR[a.Reg&15] >> 8 & 0xff, true
	case cpu.ArgImm:
		return in.Imm & mask(uint(a.W)*8), true
	case cpu.ArgSeg:
		return uint64(s.x.Seg[a.Reg%6].Sel), true
	case cpu.ArgMem:
		if a.W == 0 || a.W > 8 {
			return 0, false
		}
		return s.read64(s.linear(in.Seg, s.ea(in)), int(a.W))
	}
	return 0, false
}
