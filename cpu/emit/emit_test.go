package emit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/arch/x86/x86asm"
)

// TestInstructionsReadAsMeant compares what every method writes, for all registers and the
// shapes of addresses, with what another decoder makes of it.
func TestInstructionsReadAsMeant(t *testing.T) {
	for _, c := range cases() {
		in, err := x86asm.Decode(c.code, 64)
		require.NoError(t, err, "%s: % x", c.want, c.code)
		require.Equal(t, len(c.code), in.Len, "%s: % x", c.want, c.code)
		require.Equal(t, c.want, text(in), "% x", c.code)
	}
}

type testCase struct {
	code []byte
	want string
}

// text is an instruction in Intel's syntax without sizes and spaces after commas.
func text(in x86asm.Inst) string {
	s := x86asm.IntelSyntax(in, 0, nil)
	for _, size := range []string{"xmmword ptr ", "qword ptr ", "dword ptr ", "word ptr ", "byte ptr ", "ptr "} {
		s = strings.ReplaceAll(s, size, "")
	}
	return strings.ReplaceAll(s, ", ", ",")
}

var names = map[int][]string{
	8: {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"},
	4: {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"},
	2: {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"},
	1: {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil", "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"},
}

func name(r Reg, w int) string { return names[w][r] }

// address is m in Intel's syntax.
func address(m Mem) string {
	var parts []string
	if m.Base != None {
		parts = append(parts, name(m.Base, 8))
	}
	if m.Index != None {
		x := name(m.Index, 8)
		if m.Scale != 0 || m.Base == None {
			x = fmt.Sprintf("%d*%s", 1<<m.Scale, x)
		}
		parts = append(parts, x)
	}
	s := strings.Join(parts, "+")
	switch {
	case m.Disp < 0:
		s += fmt.Sprintf("-%#x", -int64(m.Disp))
	case m.Disp > 0 && s == "":
		s = fmt.Sprintf("%#x", m.Disp)
	case m.Disp > 0:
		s += fmt.Sprintf("+%#x", m.Disp)
	}
	return "[" + s + "]"
}

// shapes are addresses of all kinds.
func shapes() []Mem {
	var all []Mem
	for b := RAX; b <= R15; b++ {
		for _, d := range []int32{0, 8, -128, 0x1234} {
			all = append(all, At(b, d))
			for _, x := range []Reg{RAX, RBP, R12, R13, R15} {
				all = append(all, Mem{Base: b, Index: x, Scale: uint8(x) & 3, Disp: d})
			}
		}
	}
	return append(all, Mem{Base: None, Index: RDX, Scale: 3, Disp: 0x4321})
}

func cases() (all []testCase) {
	add := func(write func(*Asm), format string, args ...any) {
		a := Asm{Code: make([]byte, 32)}
		write(&a)
		all = append(all, testCase{a.Code[:a.N], fmt.Sprintf(format, args...)})
	}
	ops := []string{"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"}
	for _, w := range []int{1, 2, 4, 8} {
		for r := RAX; r <= R15; r++ {
			for s := RAX; s <= R15; s++ {
				for i, op := range ops {
					add(func(a *Asm) { a.ALU(w, Op(8*i), r, s) }, "%s %s,%s", op, name(r, w), name(s, w))
				}
				add(func(a *Asm) { a.RR(w, sized(Test, w), s, r) }, "test %s,%s", name(r, w), name(s, w))
				if w >= 4 {
					add(func(a *Asm) { a.ByteRR(w, Movzx8, r, s) }, "movzx %s,%s", name(r, w), name(s, 1))
					add(func(a *Asm) { a.RR(w, Movsxw, r, s) }, "movsx %s,%s", name(r, w), name(s, 2))
					add(func(a *Asm) { a.RR(w, Imul, r, s) }, "imul %s,%s", name(r, w), name(s, w))
					add(func(a *Asm) { a.RR(w, Cmov+L, r, s) }, "cmovl %s,%s", name(r, w), name(s, w))
				}
			}
			for i, op := range ops {
				add(func(a *Asm) { a.ALUImm(w, Op(8*i), r, 5) }, "%s %s,0x5", op, name(r, w))
				if w >= 4 {
					add(func(a *Asm) { a.ALUImm(w, Op(8*i), r, 0x12345) }, "%s %s,0x12345", op, name(r, w))
				}
			}
			add(func(a *Asm) { a.Group3(w, Not, r) }, "not %s", name(r, w))
			add(func(a *Asm) { a.Group3(w, Div, r) }, "div %s", name(r, w))
			add(func(a *Asm) { a.IncDec(w, 1, r) }, "dec %s", name(r, w))
			add(func(a *Asm) { a.Shift(w, Sar, r, 3) }, "sar %s,0x3", name(r, w))
			add(func(a *Asm) { a.ShiftCL(w, Rol, r) }, "rol %s,cl", name(r, w))
			add(func(a *Asm) { a.TestImm(w, r, 0x11) }, "test %s,0x11", name(r, w))
		}
		for i, m := range shapes() {
			r := Reg(i & 15)
			add(func(a *Asm) { a.LoadR(w, r, m) }, "mov %s,%s", name(r, w), address(m))
			add(func(a *Asm) { a.StoreR(w, m, r) }, "mov %s,%s", address(m), name(r, w))
			add(func(a *Asm) { a.ALUFrom(w, Xor, r, m) }, "xor %s,%s", name(r, w), address(m))
			add(func(a *Asm) { a.ALUTo(w, Sbb, m, r) }, "sbb %s,%s", address(m), name(r, w))
			add(func(a *Asm) { a.ALUMemImm(w, Cmp, m, 0x7f) }, "cmp %s,0x7f", address(m))
			add(func(a *Asm) { a.StoreImm(w, m, 0x44) }, "mov %s,0x44", address(m))
			add(func(a *Asm) { a.Group3Mem(w, Neg, m) }, "neg %s", address(m))
		}
	}
	for r := RAX; r <= R15; r++ {
		add(func(a *Asm) { a.MovImm(r, 0x49abcdef) }, "mov %s,0x49abcdef", name(r, 4))
		add(func(a *Asm) { a.MovAbs(r, 0x123456789abc) }, "mov %s,0x123456789abc", name(r, 8))
		add(func(a *Asm) { a.RR(8, Movsxd, r, R9) }, "movsxd %s,r9d", name(r, 8))
		add(func(a *Asm) { a.Setcc(LE, r) }, "setle %s", name(r, 1))
		add(func(a *Asm) { a.Bswap(8, r) }, "bswap %s", name(r, 8))
		add(func(a *Asm) { a.Push(r) }, "push %s", name(r, 8))
		add(func(a *Asm) { a.JmpReg(r) }, "jmp %s", name(r, 8))
		add(func(a *Asm) { a.Vec(4, 0x66, 0xef, r, 3) }, "pxor xmm%d,xmm3", r)
		add(func(a *Asm) { a.Vec(4, 0xf2, 0x58, 2, r) }, "addsd xmm2,xmm%d", r)
		add(func(a *Asm) { a.Vec(8, 0xf2, 0x2a, 1, r) }, "cvtsi2sd xmm1,%s", name(r, 8))
		add(func(a *Asm) { a.Vec(4, 0x66, 0xd7, r, 0) }, "pmovmskb %s,xmm0", name(r, 4))
		add(func(a *Asm) { a.ImulImm(4, r, RDI, 0x100) }, "imul %s,edi,0x100", name(r, 4))
	}
	for _, m := range shapes() {
		add(func(a *Asm) { a.RM(8, Lea, R11, m) }, "lea r11,%s", address(m))
		add(func(a *Asm) { a.JmpMem(m) }, "jmp %s", address(m))
		add(func(a *Asm) { a.SetccMem(NE, m) }, "setnz %s", address(m))
		add(func(a *Asm) { a.VecMem(4, 0, 0x28, 1, m) }, "movaps xmm1,%s", address(m))
		add(func(a *Asm) { a.VecMem(4, 0xf3, 0x11, 9, m) }, "movss %s,xmm9", address(m))
		add(func(a *Asm) { a.VecMem(4, 0, 0xae, 2, m) }, "ldmxcsr %s", address(m))
		add(func(a *Asm) { a.RM(4, Bt+8, RDX, m) }, "bts %s,edx", address(m))
		add(func(a *Asm) { a.RM(8, Xadd+1, RSI, m) }, "xadd %s,rsi", address(m))
		add(func(a *Asm) { a.RM(1, Cmpxchg, RSI, m) }, "cmpxchg %s,sil", address(m))
	}
	return all
}
