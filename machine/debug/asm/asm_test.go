package asm

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestText checks against what GNU objdump -M intel prints, give or take spelling of
// hexadecimal numbers.
func TestText(t *testing.T) {
	for _, tc := range []struct {
		bits int
		code string
		want string
	}{
		{64, "4889e5", "mov rbp, rsp"},
		{64, "f30f1efa", "endbr64"},
		{64, "e8fbffffff", "call 0x1000"},
		{64, "7402", "jz 0x1004"},
		{64, "488b0510000000", "mov rax, qword ptr [rip+0x10]  ; 0x1017"},
		{32, "b878563412", "mov eax, 0x12345678"},
		{16, "b83412", "mov ax, 0x1234"},
		{16, "ebfe", "jmp 0x1000"},
		{64, "0f01cb", "stac"},
		{64, "0f01ca", "clac"},
		{32, "90", "nop"},
		{64, "f4", "hlt"},
	} {
		code, err := hex.DecodeString(tc.code)
		require.NoError(t, err)
		got := Decode(code, tc.bits, 0x1000)
		assert.Equal(t, tc.want, got.Text, tc.code)
		assert.Equal(t, len(code), got.Len, tc.code)
	}
}

func TestIncompleteCodeIsTakenWhole(t *testing.T) {
	assert.Equal(t, Inst{2, "(incomplete)"}, Decode([]byte{0x48, 0x8b}, 64, 0))
}

// FuzzDecode walks over arbitrary bytes: every step takes at least one.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x48\x89\xe5\xf3\x0f\x1e\xfa\xc5\xf8\x77"), uint8(2))
	f.Fuzz(func(t *testing.T, code []byte, mode uint8) {
		bits := [3]int{16, 32, 64}[mode%3]
		for len(code) > 0 {
			in := Decode(code, bits, 0)
			if in.Len < 1 || in.Len > len(code) || in.Text == "" || strings.Contains(in.Text, "%!") {
				t.Fatalf("% x: %+v", code, in)
			}
			code = code[in.Len:]
		}
	})
}
