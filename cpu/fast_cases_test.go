package cpu

import (
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// What the random programs of TestFastEngineAgreesWithPlain found, and what was thought of
// beside them, as programs of their own.

// fzHand makes a program of the code given, in hex, for 64-bit mode unless said otherwise.
func fzHand(base Snapshot, mode, code string) *fzProgram {
	p := &fzProgram{image: new(fzImage), state: base, seed: 1, mode: mode}
	p.image.tables(mode)
	p.image.handlers(mode)
	p.registers(rand.New(rand.NewPCG(1, 1)))
	for r := range p.state.GPR {
		p.state.GPR[r] = 0
	}
	p.state.GPR[x86.RSP] = fzStack + 0x800
	p.state.RFLAGS = uint64(x86.Flag1)
	b, err := hex.DecodeString(strings.ReplaceAll(code, " ", ""))
	if err != nil {
		panic(err)
	}
	p.code, p.at = b, []uint64{fzCode, fzCode + 0x1000}
	p.state.RIP = fzCode
	return p
}

// fzAgree runs the program on both machines and returns the plain one.
func fzAgree(t *testing.T, mode, code string) *fzRig {
	a, b := newFzRig(t), newFzRig(t)
	_, ok := fzRun(t, a, b, fzHand(a.cpu.Save(), mode, code))
	require.True(t, ok)
	return a
}

// A copy within one page, which the guest has made absent without telling the processor, whose
// entry still serves reads: the read is done and the write faults. The fast engine asks for the
// write ahead; that must not cost the entry, or the plain engine, which starts again, faults at
// the read.
func TestCopyFaultsAtTheWriteAfterAStaleRead(t *testing.T) {
	r := fzAgree(t, "long", "be08200200 bf00200200 b904000000"+ // rsi, rdi, rcx
		"0f013e 80242510410000bf 8a06"+ // invlpg [rsi]; and byte [4110h], BFh: not dirty; mov al, [rsi]
		"80242510410000fe"+ // and byte [4110h], FEh: not present
		"f3a4 f4f4f4") // rep movsb
	require.Equal(t, Halted, r.cpu.Activity)
	require.Equal(t, uint64(0x22000), r.cpu.CR2)
}

// The entry of the page table for 22000h lies at 4110h. A guest changes it and does not tell
// the processor: a read may go on using what is cached; a read-modify-write needs the right to
// write, walks, and reads where it will write.
func TestReadModifyWriteReadsWhereItWrites(t *testing.T) {
	r := fzAgree(t, "long", "c604250020020010"+ // mov byte [22000h], 10h
		"c604250030020040"+ // mov byte [23000h], 40h
		"0f013c2500200200"+ // invlpg [22000h]
		"80242510410000bf"+ // and byte [4110h], BFh: not dirty
		"8a042500200200"+ // mov al, [22000h]
		"c604251141000030"+ // mov byte [4111h], 30h: leads to 23000h
		"8a1c2500200200"+ // mov bl, [22000h]
		"8004250020020001"+ // add byte [22000h], 1
		"8a0c2500200200"+ // mov cl, [22000h]
		"f4")
	require.Equal(t, Halted, r.cpu.Activity)
	require.Equal(t, uint64(0x10), r.cpu.S.R[x86.RAX])
	require.Equal(t, uint64(0x10), r.cpu.S.R[x86.RBX], "stale, as the manual allows")
	require.Equal(t, uint64(0x41), r.cpu.S.R[x86.RCX])
	require.Equal(t, byte(0x41), r.mem.RAM()[fzData+0x3000])
}

// Once its blocks are built, the fast engine allocates nothing: neither for entering blocks nor
// for what they leave to the plain engine, faults, misses of the TLB or code that is
// written again and again.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	r := newFzRig(t)
	p := fzHand(r.cpu.Save(), "long", "bb00000200"+ // mov ebx, 20000h
		"ff03"+ // inc dword [rbx]
		"48 0fbaf805 9c 9d"+ // btc rax, 5; pushf; popf
		"8b042500500200"+ // mov eax, [25000h]: #PF; its handler goes on two bytes later
		"9090909090909090"+
		"0f20d8 0f22d8"+ // mov rax, cr3; mov cr3, rax
		"e800000000 58"+ // call; pop rax
		"c604250001010090"+ // mov byte [10100h], 90h: beside the code
		"ebcd")
	r.load(t, p)
	step := func() { r.cpu.RunFast(10_000) }
	step()
	before := r.cpu.Count()
	require.Zero(t, testing.AllocsPerRun(20, step))
	require.Greater(t, r.cpu.Count(), before+100_000)
	require.Equal(t, Active, r.cpu.Activity)
}

// A PUSH of memory whose operand and whose stack have the same slot of the TLB, 4 MiB apart:
// each evicts the other.
func TestPushWhereLoadAndStoreShareASlot(t *testing.T) {
	r := fzAgree(t, "long", "48c7042510300000 07400000"+ // mov qword [3010h], 4007h: 400000h is 0 as well
		"48c7c408084200 ff342500000200 f4") // mov rsp, 420808h; push qword [20000h]
	require.Equal(t, Halted, r.cpu.Activity)
	require.Equal(t, uint64(0x420800), r.cpu.S.R[x86.RSP])
}

// TestPageKnowsItsCodeByTheByte compares codePage with a list of the bytes.
func TestPageKnowsItsCodeByTheByte(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var p codePage
		p.bytes = new([mmuPage / 64]uint64)
		for i := range p.bytes {
			p.bytes[i] = r.Uint64() // of blocks that are gone
		}
		var code [mmuPage]bool
		for range 1 + r.IntN(20) {
			b := block{off: 7*mmuPage + r.Uint64N(mmuPage)}
			b.size = uint16(1 + r.Uint64N(min(300, 8*mmuPage-b.off)))
			p.mark(&b)
			for i := range uint64(b.size) {
				code[b.off%mmuPage+i] = true
			}
		}
		for range 2000 {
			off := r.Uint64N(mmuPage)
			n := 1 + r.Uint64N(min(16<<r.IntN(9), mmuPage-off))
			assert.Equal(t, slices.Contains(code[off:off+n], true), p.holds(3*mmuPage+off, int(n)), "%d bytes at %d", n, off)
		}
	}
}

// Code that runs over the end of a page in a segment that does not begin at 0: what follows is
// not the block at the same instruction pointer of the segment that does.
func TestFallingOverAPageStaysInItsSegment(t *testing.T) {
	a, b := newFzRig(t), newFzRig(t)
	p := fzHand(a.cpu.Save(), "real", "ea00200000") // at 1000:0000: jmp 0000:2000
	p.state.RIP = 0
	put := func(at int, code string) {
		bytes, err := hex.DecodeString(code)
		require.NoError(t, err)
		copy(p.image[at:], bytes)
	}
	put(0x2000, "43"+"eaf81f0010")          // at 0000:2000: inc bx; jmp 1000:1ff8
	put(0x11ff8, "9090909090909090"+"41f4") // nops; at 1000:2000: inc cx; hlt
	_, ok := fzRun(t, a, b, p)
	require.True(t, ok)
	require.Equal(t, Halted, a.cpu.Activity)
	require.Equal(t, uint64(1), a.cpu.S.R[x86.RBX])
	require.Equal(t, uint64(1), a.cpu.S.R[x86.RCX])
}
