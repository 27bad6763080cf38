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
