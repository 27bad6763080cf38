package gdbstub

import (
	"encoding/binary"
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A register is one of a description: how to read it from the state of a processor, and
// how to write it there. Bytes are in the order of memory.
type register struct {
	name    string
	bits    int
	kind    string // type in the description
	feature string
	get     func(s *cpu.Snapshot) uint64
	set     func(s *cpu.Snapshot, v uint64)
	// wide registers, of more than 64 bits, are parts of the state.
	bytes func(s *cpu.Snapshot) (low, high []byte)
	st    int // ST(st-1); 0: none
}

// Features that gdb knows, and ours.
const (
	featCore     = "org.gnu.gdb.i386.core"
	featSSE      = "org.gnu.gdb.i386.sse"
	featAVX      = "org.gnu.gdb.i386.avx"
	featSegments = "org.gnu.gdb.i386.segments"
	featSystem   = "org.glassbox.system"
)

// gpr is a general register, of which the lower bits are shown.
func gpr(name string, n, bits int, kind string) register {
	return register{name: name, bits: bits, kind: kind, feature: featCore,
		get: func(s *cpu.Snapshot) uint64 { return s.GPR[n] },
		set: func(s *cpu.Snapshot, v uint64) { s.GPR[n] = v },
	}
}

// Orders in which gdb expects the general registers.
var (
	order64 = []string{"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
	order32 = []string{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"}
	numbers = map[string]int{"ax": x86.RAX, "bx": x86.RBX, "cx": x86.RCX, "dx": x86.RDX, "si": x86.RSI, "di": x86.RDI, "bp": x86.RBP, "sp": x86.RSP}
)

// registersFor lists the registers of a description of so many bits: 64 or 32.
func registersFor(bits int) (list []register) {
	order := order64
	if bits == 32 {
		order = order32
	}
	for i, n := range order {
		number, ok := numbers[n[1:]]
		if !ok {
			number = i // r8 to r15
		}
		kind := fmt.Sprintf("int%d", bits)
		if n[1:] == "sp" || n[1:] == "bp" {
			kind = "data_ptr"
		}
		list = append(list, gpr(n, number, bits, kind))
	}
	list = append(list, programCounter(bits), flagsRegister())
	for _, seg := range []x86.Seg{x86.CS, x86.SS, x86.DS, x86.ES, x86.FS, x86.GS} {
		list = append(list, register{name: lower(seg), bits: 32, kind: "int32", feature: featCore,
			get: func(s *cpu.Snapshot) uint64 { return uint64(s.Seg[seg].Sel) },
			set: func(s *cpu.Snapshot, v uint64) { setSelector(s, seg, uint16(v)) },
		})
	}
	list = append(list, x87Registers()...)
	n := 8
	if bits == 64 {
		n = 16
	}
	list = append(list, vectorRegisters(n)...)
	return append(list, systemRegisters(bits)...)
}

func lower(s x86.Seg) string { return [...]string{"es", "cs", "ss", "ds", "fs", "gs"}[s] }

// setSelector loads a segment register as real-address mode does; in protected mode the
// hidden part stays. The selector that is there already changes nothing: after a reset
// the base of CS is not 16 times the selector.
func setSelector(s *cpu.Snapshot, seg x86.Seg, sel uint16) {
	if s.Seg[seg].Sel == sel {
		return
	}
	s.Seg[seg].Sel = sel
	if s.CR0&x86.CR0_PE == 0 || s.RFLAGS&uint64(x86.FlagVM) != 0 {
		s.Seg[seg].Base = uint64(sel) << 4
	}
}

// programCounter is the linear address of the next instruction.
func programCounter(bits int) register {
	name := map[int]string{64: "rip", 32: "eip"}[bits]
	return register{name: name, bits: bits, kind: "code_ptr", feature: featCore,
		get: linearPC,
		set: func(s *cpu.Snapshot, v uint64) {
			if codeBits(s) != 64 {
				v = uint64(uint32(v - s.Seg[x86.CS].Base))
			}
			s.RIP = v
		},
	}
}

// linearPC is CS base + rIP, or RIP in 64-bit mode.
func linearPC(s *cpu.Snapshot) uint64 {
	if codeBits(s) == 64 {
		return s.RIP
	}
	return uint64(uint32(s.Seg[x86.CS].Base + s.RIP))
}

// codeBits is the size of the code being executed.
func codeBits(s *cpu.Snapshot) int {
	attr := s.Seg[x86.CS].Attr
	switch {
	case s.EFER&x86.EFER_LMA != 0 && attr&cpu.AttrL != 0:
		return 64
	case attr&cpu.AttrDB != 0 && s.RFLAGS&uint64(x86.FlagVM) == 0:
		return 32
	}
	return 16
}

func flagsRegister() register {
	return register{name: "eflags", bits: 32, kind: "i386_eflags", feature: featCore,
		get: func(s *cpu.Snapshot) uint64 { return s.RFLAGS },
		set: func(s *cpu.Snapshot, v uint64) { s.RFLAGS = v },
	}
}

// x87Registers are the eight registers of the stack, and what FNSTENV stores.
func x87Registers() (list []register) {
	for i := range 8 {
		list = append(list, register{name: fmt.Sprintf("st%d", i), bits: 80, kind: "i387_ext", feature: featCore, st: i + 1})
	}
	word := func(name string, get func(x *cpu.X87) uint64, set func(x *cpu.X87, v uint64)) {
		list = append(list, register{name: name, bits: 32, kind: "int", feature: featCore,
			get: func(s *cpu.Snapshot) uint64 { return get(&s.X87) },
			set: func(s *cpu.Snapshot, v uint64) { set(&s.X87, v) },
		})
	}
	word("fctrl", func(x *cpu.X87) uint64 { return uint64(x.CW) }, func(x *cpu.X87, v uint64) { x.CW = uint16(v) })
	word("fstat", func(x *cpu.X87) uint64 { return uint64(x.SW) }, func(x *cpu.X87, v uint64) { x.SW = uint16(v) })
	word("ftag", fullTag, setFullTag)
	word("fiseg", func(x *cpu.X87) uint64 { return uint64(x.FCS) }, func(x *cpu.X87, v uint64) { x.FCS = uint16(v) })
	word("fioff", func(x *cpu.X87) uint64 { return x.FIP }, func(x *cpu.X87, v uint64) { x.FIP = v })
	word("foseg", func(x *cpu.X87) uint64 { return uint64(x.FDS) }, func(x *cpu.X87, v uint64) { x.FDS = uint16(v) })
	word("fooff", func(x *cpu.X87) uint64 { return x.FDP }, func(x *cpu.X87, v uint64) { x.FDP = v })
	word("fop", func(x *cpu.X87) uint64 { return uint64(x.FOP) }, func(x *cpu.X87, v uint64) { x.FOP = uint16(v) & 0x7ff })
	return list
}

// fullTag is the tag word of 16 bits: valid, zero, special, empty. SDM Vol. 1, "x87 FPU
// Tag Word".
func fullTag(x *cpu.X87) (tw uint64) {
	for i, f := range x.Reg {
		tag := uint64(2)
		switch exp := f.SE & 0x7fff; {
		case x.Tag>>i&1 == 0:
			tag = 3
		case exp == 0 && f.Sig == 0:
			tag = 1
		case exp != 0 && exp != 0x7fff && f.Sig>>63 != 0:
			tag = 0
		}
		tw |= tag << (2 * i)
	}
	return tw
}

func setFullTag(x *cpu.X87, v uint64) {
	x.Tag = 0
	for i := range x.Reg {
		if v>>(2*i)&3 != 3 {
			x.Tag |= 1 << i
		}
	}
}

// vectorRegisters are n XMM registers with MXCSR, and the upper halves of as many YMM
// registers.
func vectorRegisters(n int) (list []register) {
	for i := range n {
		list = append(list, register{name: fmt.Sprintf("xmm%d", i), bits: 128, kind: "vec128", feature: featSSE,
			bytes: func(s *cpu.Snapshot) (low, high []byte) { return s.XMM[i][:8], s.XMM[i][8:16] }})
	}
	list = append(list, register{name: "mxcsr", bits: 32, kind: "i386_mxcsr", feature: featSSE,
		get: func(s *cpu.Snapshot) uint64 { return uint64(s.MXCSR) },
		set: func(s *cpu.Snapshot, v uint64) { s.MXCSR = uint32(v) },
	})
	for i := range n {
		list = append(list, register{name: fmt.Sprintf("ymm%dh", i), bits: 128, kind: "uint128", feature: featAVX,
			bytes: func(s *cpu.Snapshot) (low, high []byte) { return s.XMM[i][16:24], s.XMM[i][24:32] }})
	}
	return list
}

// systemRegisters are segment bases, control registers and descriptor tables. Those
// without a name that gdb knows are in a feature of ours.
func systemRegisters(bits int) (list []register) {
	add := func(feature, name, kind string, p func(s *cpu.Snapshot) *uint64) {
		list = append(list, register{name: name, bits: 64, kind: kind, feature: feature,
			get: func(s *cpu.Snapshot) uint64 { return *p(s) },
			set: func(s *cpu.Snapshot, v uint64) { *p(s) = v },
		})
	}
	base := func(feature string, seg x86.Seg) {
		add(feature, lower(seg)+"_base", "int64", func(s *cpu.Snapshot) *uint64 { return &s.Seg[seg].Base })
	}
	known := featSegments
	if bits == 32 {
		known = featSystem // gdb expects the feature with 64-bit registers only
	}
	base(known, x86.FS)
	base(known, x86.GS)
	for _, seg := range []x86.Seg{x86.CS, x86.SS, x86.DS, x86.ES} {
		base(featSystem, seg)
	}
	add(featSystem, "k_gs_base", "int64", func(s *cpu.Snapshot) *uint64 { return &s.MSR.KernelGS })
	add(featSystem, "cr0", "cr0", func(s *cpu.Snapshot) *uint64 { return &s.CR0 })
	add(featSystem, "cr2", "int64", func(s *cpu.Snapshot) *uint64 { return &s.CR2 })
	add(featSystem, "cr3", "int64", func(s *cpu.Snapshot) *uint64 { return &s.CR3 })
	add(featSystem, "cr4", "cr4", func(s *cpu.Snapshot) *uint64 { return &s.CR4 })
	add(featSystem, "cr8", "int64", func(s *cpu.Snapshot) *uint64 { return &s.CR8 })
	add(featSystem, "efer", "efer", func(s *cpu.Snapshot) *uint64 { return &s.EFER })
	add(featSystem, "gdtr_base", "int64", func(s *cpu.Snapshot) *uint64 { return &s.GDTR.Base })
	add(featSystem, "idtr_base", "int64", func(s *cpu.Snapshot) *uint64 { return &s.IDTR.Base })
	add(featSystem, "tr_base", "int64", func(s *cpu.Snapshot) *uint64 { return &s.TR.Base })
	return list
}

// size is the number of bytes of the register.
func (r *register) size() int { return r.bits / 8 }

// read appends the register's bytes.
func (r *register) read(s *cpu.Snapshot, to []byte) []byte {
	switch {
	case r.st > 0:
		f := s.X87.Reg[(int(s.X87.SW>>11&7)+r.st-1)&7]
		to = binary.LittleEndian.AppendUint64(to, f.Sig)
		return binary.LittleEndian.AppendUint16(to, f.SE)
	case r.bytes != nil:
		low, high := r.bytes(s)
		return append(append(to, low...), high...)
	}
	var p [8]byte
	binary.LittleEndian.PutUint64(p[:], r.get(s))
	return append(to, p[:r.size()]...)
}

// write sets the register from its bytes.
func (r *register) write(s *cpu.Snapshot, p []byte) {
	switch {
	case r.st > 0:
		f := &s.X87.Reg[(int(s.X87.SW>>11&7)+r.st-1)&7]
		f.Sig, f.SE = binary.LittleEndian.Uint64(p), binary.LittleEndian.Uint16(p[8:])
		return
	case r.bytes != nil:
		low, high := r.bytes(s)
		copy(low, p[:8])
		copy(high, p[8:])
		return
	}
	var v [8]byte
	copy(v[:], p)
	r.set(s, binary.LittleEndian.Uint64(v[:]))
}
