//go:build linux && amd64 && !purego

package cpu

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// nativeAgree is fzAgree with machine code made of every block at its first entry.
func nativeAgree(t *testing.T, mode, code string) *fzRig {
	t.Helper()
	a, b := newFzRig(t), newFzRig(t)
	b.cpu.SetNative(1)
	_, ok := fzRun(t, a, b, fzHand(a.cpu.Save(), mode, code))
	require.True(t, ok)
	require.NotZero(t, b.cpu.fast.native.built, "nothing became machine code")
	return a
}

// INC of memory keeps CF of the instruction before it, also when it has to be begun again
// because the TLB did not know its page.
func TestNativeIncOfMemoryKeepsCarryOverAMiss(t *testing.T) {
	for _, code := range []string{
		"b8ffffffff 83c001 ff042500000200 0f92c2 f4", // mov eax, -1; add eax, 1; inc dword [20000h]; setc dl; hlt
		"b8ffffffff 83c000 ff042500000200 0f92c2 f4", // CF is 0
		"b8ffffffff 83c001 ff0c2500000200 0f92c2 f4", // dec
		"b8ffffffff 83c000 ff0c2500000200 0f92c2 f4",
	} {
		r := nativeAgree(t, "long", code)
		require.Equal(t, Halted, r.cpu.Activity)
	}
}

// A comparison with 0 that finds SF of a logical instruction does not find CF of the bit test after it.
func TestNativeConditionLeavesCarryOfABitTest(t *testing.T) {
	r := nativeAgree(t, "long", "b801000000 b901000000"+ // mov eax, 1; mov ecx, 1
		"09c0 0fbae100 0f98c2 19f6 f4") // or eax, eax; bt ecx, 0; sets dl; sbb esi, esi; hlt
	require.Equal(t, uint64(0xffffffff), r.cpu.S.R[x86.RSI])
}

// Machine code that was made before the tier was taken away and given back is not entered.
func TestNativeTierIsTakenAwayAndComesBack(t *testing.T) {
	r := newFzRig(t)
	base := r.cpu.Save()
	for n := range 4 { // every time the function is longer, so that the same block lies elsewhere
		p := fzHand(base, "long", "b900010000 e80a000000 ffc9 75f7 f4 0000000000"+ // loop: call f; dec ecx; jnz loop; hlt
			strings.Repeat("83c001", 2*n+1)+"c3") // f: add eax, 1...; ret
		r.cpu.SetNative(1)
		r.load(t, p)
		r.cpu.RunFast(100_000)
		require.Equal(t, Halted, r.cpu.Activity)
		require.Equal(t, uint64(0x100*(2*n+1)), r.cpu.S.R[x86.RAX])
		r.cpu.SetNative(0)
	}
}

// A return to code that was written anew finds the new block in the end, not the removed one for ever.
func TestNativeReturnToCodeWrittenAnew(t *testing.T) {
	r := newFzRig(t)
	r.cpu.SetNative(1)
	p := fzHand(r.cpu.Save(), "long", "e80a000000 83c001 ebf6 0000000000 c3") // loop: call f; add eax, 1; jmp loop; f: ret
	r.load(t, p)
	r.cpu.RunFast(4000)
	r.mem.WriteAt([]byte{0x83, 0xc0, 0x02}, fzCode+5) // add eax, 2
	r.cpu.RunFast(4000)
	left, rax := r.cpu.fast.native.left, r.cpu.S.R[x86.RAX]
	r.cpu.RunFast(4000)
	require.Equal(t, uint64(2000), r.cpu.S.R[x86.RAX]-rax)
	require.Less(t, r.cpu.fast.native.left-left, uint64(20))
}

// What the TLB knows for the supervisor is not for the user.
func TestNativeUserDoesNotReachThePagesOfTheSupervisor(t *testing.T) {
	r := nativeAgree(t, "long", "be00900200 8a06 8806"+ // mov esi, 29000h; mov al, [rsi]; mov [rsi], al
		"6a33 6800080300 6a02 6a2b 6820000100 48cf"+ // push 33h; push 30800h; push 2; push 2bh; push 10020h; iretq
		"9090909090 8a06 8806 bb01000000 ebfe") // user: mov al, [rsi]; mov [rsi], al: #PF, go on behind; mov ebx, 1; jmp $
	require.Equal(t, uint64(0x29000), r.cpu.CR2)
	require.Equal(t, uint8(3), uint8(r.cpu.CPL))
	require.Equal(t, uint64(1), r.cpu.S.R[x86.RBX])
}

// A function that the supervisor called by way of the jump cache is another block for the user.
func TestNativeIndirectCallFromAnotherMode(t *testing.T) {
	r := nativeAgree(t, "long", "be00900200 bf40000100 b905000000"+ // mov esi, 29000h; mov edi, f; mov ecx, 5
		"ffd7 ffc9 75fa"+ // loop: call rdi; dec ecx; jnz loop
		"6a33 6800080300 6a02 6a2b 6830000100 48cf"+ // to the user at 10030h
		"909090909090909090 50 58 ffd7 bb01000000 ebfe"+ // push rax; pop rax; call rdi; mov ebx, 1; jmp $
		"9090909090 8a06 c3") // f: mov al, [rsi]: #PF for the user, go on behind; ret
	require.Equal(t, uint64(0x29000), r.cpu.CR2)
	require.Equal(t, uint64(1), r.cpu.S.R[x86.RBX])
}

// A jump to another page, to which a link was made, leads to what lies there now.
func TestNativeJumpToAPageThatMoved(t *testing.T) {
	a, b := newFzRig(t), newFzRig(t)
	b.cpu.SetNative(1)
	p := fzHand(a.cpu.Save(), "long", "e9fb0f0000"+ // begin: jmp 11000h
		"83c101 83f964 75f3"+ // back: add ecx, 1; cmp ecx, 100; jne begin
		"48c7042588400000 07200100 0f013c2500100100"+ // the entry for 11000h leads to 12000h; invlpg [11000h]
		"31c9 83c201 83fa02 75d5 f4") // xor ecx, ecx; add edx, 1; cmp edx, 2; jne begin; hlt
	p.at, p.limit = p.at[:1], 3000
	copy(p.image[0x11000:], []byte{0x83, 0xc0, 0x01, 0xe9, 0xfd, 0xef, 0xff, 0xff}) // add eax, 1; jmp back
	copy(p.image[0x12000:], []byte{0x83, 0xc3, 0x01, 0xe9, 0xfd, 0xef, 0xff, 0xff}) // add ebx, 1; jmp back
	_, ok := fzRun(t, a, b, p)
	require.True(t, ok)
	require.Equal(t, Halted, a.cpu.Activity)
	require.Equal(t, []uint64{100, 100}, []uint64{a.cpu.S.R[x86.RAX], a.cpu.S.R[x86.RBX]})
}
