package cpu

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// decoded decodes code, which must be long enough.
func decoded(t *testing.T, codeSize width, code ...byte) Inst {
	t.Helper()
	var in Inst
	require.True(t, Decode(append(code, make([]byte, MaxInst)...), codeSize, &in))
	return in
}

func TestOperandAndAddressSize(t *testing.T) {
	tests := []struct {
		name      string
		codeSize  width
		code      []byte
		op, addr  width
		immediate uint64
		len       uint8
	}{
		{"16-bit code", 2, []byte{0xb8, 0x34, 0x12}, 2, 2, 0x1234, 3},
		{"66 in 16-bit code", 2, []byte{0x66, 0xb8, 0x78, 0x56, 0x34, 0x12}, 4, 2, 0x12345678, 6},
		{"32-bit code", 4, []byte{0xb8, 0x78, 0x56, 0x34, 0x12}, 4, 4, 0x12345678, 5},
		{"66 and 67 in 32-bit code", 4, []byte{0x66, 0x67, 0xb8, 0x34, 0x12}, 2, 2, 0x1234, 5},
		{"64-bit code", 8, []byte{0xb8, 0x78, 0x56, 0x34, 0x12}, 4, 8, 0x12345678, 5},
		{"66 in 64-bit code", 8, []byte{0x66, 0xb8, 0x34, 0x12}, 2, 8, 0x1234, 4},
		{"REX.W", 8, []byte{0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, 8, 8, 0x0807060504030201, 10},
		{"REX.W wins over 66", 8, []byte{0x66, 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, 8, 8, 0x0807060504030201, 11},
		{"67 in 64-bit code", 8, []byte{0x67, 0xb8, 1, 0, 0, 0}, 4, 4, 1, 6},
		{"REX before another prefix is lost", 8, []byte{0x48, 0x66, 0xb8, 0x34, 0x12}, 2, 8, 0x1234, 5},
		{"the last REX counts", 8, []byte{0x48, 0x40, 0xb8, 0x78, 0x56, 0x34, 0x12}, 4, 8, 0x12345678, 7},
		{"PUSH is 64 bits wide", 8, []byte{0x68, 0xff, 0xff, 0xff, 0xff}, 8, 8, 1<<64 - 1, 5},
		{"PUSH with 66", 8, []byte{0x66, 0x68, 0xff, 0xff}, 2, 8, 1<<64 - 1, 4},
		{"near CALL ignores 66 in 64-bit code", 8, []byte{0x66, 0xe8, 0xfc, 0xff, 0xff, 0xff}, 8, 8, 1<<64 - 4, 6},
		{"near CALL obeys 66 in 32-bit code", 4, []byte{0x66, 0xe8, 0xfc, 0xff}, 2, 4, 1<<64 - 4, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := decoded(t, tt.codeSize, tt.code...)
			assert.Equal(t, x86.NoReason, in.Bad)
			assert.Equal(t, tt.op, in.OpSize, "operand size")
			assert.Equal(t, tt.addr, in.AddrSize, "address size")
			assert.Equal(t, tt.immediate, in.Imm)
			assert.Equal(t, tt.len, in.Len)
			assert.Equal(t, tt.code, in.Bytes[:in.Len])
		})
	}
}

// MOV reg, [memory] in all the ways to address memory. SDM Vol. 2A, tables of 16-bit and
// 32-bit addressing forms.
func TestEffectiveAddressParts(t *testing.T) {
	tests := []struct {
		name        string
		codeSize    width
		code        []byte
		base, index uint8
		scale       uint8
		disp        uint64
		seg         x86.Seg
	}{
		{"[BX+SI]", 2, []byte{0x8b, 0x00}, x86.RBX, x86.RSI, 0, 0, x86.DS},
		{"[BP+DI-1]", 2, []byte{0x8b, 0x43, 0xff}, x86.RBP, x86.RDI, 0, 1<<64 - 1, x86.SS},
		{"[1234]", 2, []byte{0x8b, 0x06, 0x34, 0x12}, RegZero, RegZero, 0, 0x1234, x86.DS},
		{"[BP+0]", 2, []byte{0x8b, 0x46, 0x00}, x86.RBP, RegZero, 0, 0, x86.SS},
		{"ES:[BP+8000]", 2, []byte{0x26, 0x8b, 0x86, 0x00, 0x80}, x86.RBP, RegZero, 0, 0xffffffffffff8000, x86.ES},
		{"[EAX]", 4, []byte{0x8b, 0x00}, x86.RAX, RegZero, 0, 0, x86.DS},
		{"[disp32]", 4, []byte{0x8b, 0x05, 4, 0, 0, 0x80}, RegZero, RegZero, 0, 0xffffffff80000004, x86.DS},
		{"[EBP+1]", 4, []byte{0x8b, 0x45, 1}, x86.RBP, RegZero, 0, 1, x86.SS},
		{"[ESP]", 4, []byte{0x8b, 0x04, 0x24}, x86.RSP, RegZero, 0, 0, x86.SS},
		{"[ECX+EDX*8]", 4, []byte{0x8b, 0x04, 0xd1}, x86.RCX, x86.RDX, 3, 0, x86.DS},
		{"[EDX*4+disp32]", 4, []byte{0x8b, 0x04, 0x95, 1, 0, 0, 0}, RegZero, x86.RDX, 2, 1, x86.DS},
		{"[R13+0]", 8, []byte{0x41, 0x8b, 0x45, 0}, x86.R13, RegZero, 0, 0, x86.DS},
		{"[R12]", 8, []byte{0x41, 0x8b, 0x04, 0x24}, x86.R12, RegZero, 0, 0, x86.DS},
		{"[RSP+R12*2]", 8, []byte{0x42, 0x8b, 0x04, 0x64}, x86.RSP, x86.R12, 1, 0, x86.SS},
		{"REX.B on SIB without base", 8, []byte{0x41, 0x8b, 0x04, 0x25, 1, 0, 0, 0}, RegZero, RegZero, 0, 1, x86.DS},
		{"ES ignored in 64-bit code", 8, []byte{0x26, 0x8b, 0x00}, x86.RAX, RegZero, 0, 0, x86.DS},
		{"ES does not cancel FS in 64-bit code", 8, []byte{0x64, 0x26, 0x8b, 0x00}, x86.RAX, RegZero, 0, 0, x86.FS},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := decoded(t, tt.codeSize, tt.code...)
			assert.Equal(t, x86.NoReason, in.Bad)
			assert.Equal(t, ArgMem, in.Src.Kind)
			assert.Equal(t, tt.base, in.Base, "base")
			assert.Equal(t, tt.index, in.Index, "index")
			assert.Equal(t, tt.scale, in.Scale, "scale")
			assert.Equal(t, tt.disp, in.Disp, "displacement")
			assert.Equal(t, tt.seg, in.Seg, "segment")
			assert.EqualValues(t, len(tt.code), in.Len)
		})
	}
}

func TestRIPRelativeOnlyIn64BitCode(t *testing.T) {
	code := []byte{0x8b, 0x05, 1, 2, 3, 4}
	assert.True(t, decoded(t, 8, code...).RIPRel)
	assert.False(t, decoded(t, 4, code...).RIPRel)
	assert.False(t, decoded(t, 8, 0x8b, 0x04, 0x25, 1, 2, 3, 4).RIPRel, "the SIB form is absolute")
}

func TestByteRegistersDependOnREX(t *testing.T) {
	assert.Equal(t, Arg{ArgHigh, x86.RAX, 1}, decoded(t, 8, 0xb4, 0).Dst, "AH")
	assert.Equal(t, Arg{ArgReg, x86.RSP, 1}, decoded(t, 8, 0x40, 0xb4, 0).Dst, "SPL")
	assert.Equal(t, Arg{ArgReg, x86.R12, 1}, decoded(t, 8, 0x41, 0xb4, 0).Dst, "R12B")
}

func TestReservedAndForbiddenEncodings(t *testing.T) {
	tests := []struct {
		name     string
		codeSize width
		code     []byte
		want     x86.Reason
	}{
		{"PUSH ES in 64-bit code", 8, []byte{0x06}, x86.ReasonNotIn64},
		{"SWAPGS in 32-bit code", 4, []byte{0x0f, 0x01, 0xf8}, x86.ReasonOnlyIn64},
		{"LEA from a register", 4, []byte{0x8d, 0xc0}, x86.ReasonRegisterForm},
		{"LOCK MOV", 4, []byte{0xf0, 0x89, 0x00}, x86.ReasonLockNotAllowed},
		{"LOCK ADD to a register", 4, []byte{0xf0, 0x01, 0xc0}, x86.ReasonLockNotAllowed},
		{"LOCK ADD to memory", 4, []byte{0xf0, 0x01, 0x00}, x86.NoReason},
		{"LOCK CMP", 4, []byte{0xf0, 0x39, 0x00}, x86.ReasonLockNotAllowed},
		{"MOV from segment register 6", 4, []byte{0x8c, 0xf0}, x86.ReasonBadSegmentRegister},
		{"F3 RDRAND", 4, []byte{0xf3, 0x0f, 0xc7, 0xf0}, x86.ReasonReservedOpcode},
		{"66 XGETBV", 4, []byte{0x66, 0x0f, 0x01, 0xd0}, x86.ReasonReservedOpcode},
		{"66 before VEX", 8, []byte{0x66, 0xc5, 0xf8, 0x77}, x86.ReasonReservedOpcode},
		{"REX before VEX", 8, []byte{0x40, 0xc5, 0xf8, 0x77}, x86.ReasonReservedOpcode},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, decoded(t, tt.codeSize, tt.code...).Bad)
		})
	}
}

func TestFifteenBytesIsTheLimit(t *testing.T) {
	code := append(bytes.Repeat([]byte{0x2e}, 14), 0x90, 0x90)
	var in Inst
	require.True(t, Decode(code, 4, &in))
	assert.Equal(t, x86.NoReason, in.Bad)
	assert.EqualValues(t, 15, in.Len)
	code = append(bytes.Repeat([]byte{0x2e}, 15), 0x90)
	require.True(t, Decode(code, 4, &in))
	assert.Equal(t, x86.ReasonInstTooLong, in.Bad)
	assert.EqualValues(t, 15, in.Len)
	assert.False(t, Decode(code[:14], 4, &in), "14 prefixes and no more bytes")
}

// FuzzDecode checks what callers rely on for any bytes.
func FuzzDecode(f *testing.F) {
	for _, seed := range [][]byte{
		{0x90}, {0x0f, 0x0b}, {0xc5, 0xf8, 0x77}, {0xc4, 0xe2, 0x7b, 0xf7, 0xc1}, {0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0},
		{0x66, 0x48, 0x0f, 0x38, 0xf1, 0x84, 0x25, 1, 2, 3, 4}, {0xf3, 0x0f, 0x1e, 0xfa}, {0xd9, 0xf7}, {0xc8, 1, 2, 3},
		bytes.Repeat([]byte{0x66}, 16),
	} {
		for _, size := range []uint8{2, 4, 8} {
			f.Add(seed, size)
		}
	}
	f.Fuzz(func(t *testing.T, code []byte, size uint8) {
		codeSize := []width{2, 4, 8}[size%3]
		var in Inst
		if !Decode(code, codeSize, &in) {
			require.Less(t, len(code), MaxInst, "long enough for any instruction")
			return
		}
		require.NotZero(t, in.Len)
		require.LessOrEqual(t, int(in.Len), min(MaxInst, len(code)))
		require.Equal(t, code[:in.Len], in.Bytes[:in.Len])
		require.NotNil(t, in.Op)
		if in.Bad == x86.NoReason {
			require.NotEmpty(t, in.Op.Name)
		}
		if in.Bad == x86.ReasonInstTooLong {
			return
		}
		other := append(bytes.Clone(code[:in.Len]), bytes.Repeat([]byte{0xa5}, MaxInst)...)
		var again Inst
		require.True(t, Decode(other, codeSize, &again))
		require.Equal(t, in, again, "bytes after the instruction do not matter")
		require.True(t, Decode(code[:in.Len], codeSize, &again), "no more bytes are needed")
		require.Equal(t, in, again)
		if in.Len > 1 && in.Bad == x86.NoReason {
			require.False(t, Decode(code[:in.Len-1], codeSize, &again), "all bytes are needed")
		}
	})
}
