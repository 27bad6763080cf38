package decode

import "math/rand/v2"

// modes are the code sizes in bits.
var modes = []int{16, 32, 64}

// tail follows the opcode and ModRM of a form. It is displacement and immediate as far
// as the instruction wants some; from any byte on the rest is one NOP with prefixes, so
// that a disassembler is in step again at the next form.
var tail = []byte{0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x2e, 0x90}

// opcodes are the bytes that lead to each opcode of the legacy maps, without the bytes
// that are prefixes or lead to another map.
func opcodes(mode int) (out [][]byte) {
	for b := range 256 {
		if !leads(byte(b), mode) {
			out = append(out, []byte{byte(b)})
		}
		if b != 0x38 && b != 0x3a {
			out = append(out, []byte{0x0f, byte(b)})
		}
		out = append(out, []byte{0x0f, 0x38, byte(b)}, []byte{0x0f, 0x3a, byte(b)})
	}
	return out
}

// leads says whether b is no opcode of the one-byte map.
func leads(b byte, mode int) bool {
	switch b {
	case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x0f:
		return true
	case 0xc4, 0xc5:
		return mode == 64
	}
	return mode == 64 && b&0xf0 == 0x40
}

// modRMs are the ModRM bytes of a form with what follows them: every reg with a register
// and with plain memory, and each way to address memory; every rm with a register for
// the opcodes that fork on it.
func modRMs(op []byte) (out [][]byte) {
	for reg := range byte(8) {
		out = append(out, []byte{reg<<3 | 3})
		for rm := range byte(8) {
			if rm == 1 || forksOnRM(op) {
				out = append(out, []byte{0xc0 | reg<<3 | rm})
			}
		}
	}
	for _, reg := range []byte{0, 2 << 3} { // in group 3, TEST has an immediate and NOT none
		out = append(out,
			[]byte{reg | 0x44, 0x91},       // disp8, SIB
			[]byte{reg | 0x84, 0x25},       // disp32, SIB with base 5
			[]byte{reg | 0x04, 0x25},       // SIB without base
			[]byte{reg | 0x05},             // disp32 or relative to RIP
			[]byte{reg | 0x06},             // disp16 in 16-bit code
			[]byte{reg | 0x41, 0x80},       // disp8
			[]byte{reg | 0x82, 0x80, 0x80}, // disp16 or disp32
		)
	}
	return out
}

// forksOnRM says whether opcode op may name other instructions by ModRM.rm: the x87
// escapes, groups 7, 9 and 15, hints.
func forksOnRM(op []byte) bool {
	last := op[len(op)-1]
	if len(op) == 1 {
		return last&0xf8 == 0xd8 || last == 0xc6 || last == 0xc7
	}
	return len(op) == 2 && (last == 0x01 || last == 0x1e || last == 0xae || last == 0xc7)
}

// legacyForms are the forms of the four legacy maps.
func legacyForms(mode int) (out [][]byte) {
	prefixes := [][]byte{{}, {0x66}, {0xf2}, {0xf3}, {0x66, 0xf2}, {0x66, 0xf3}, {0xf0}, {0x67}}
	if mode == 64 {
		prefixes = append(prefixes, []byte{0x48}, []byte{0x66, 0x48}, []byte{0xf2, 0x48}, []byte{0xf3, 0x48},
			[]byte{0x41}, []byte{0xf3, 0x4d})
	}
	for _, op := range opcodes(mode) {
		for _, prefix := range prefixes {
			for _, m := range modRMs(op) {
				out = append(out, join(prefix, op, m, tail))
			}
		}
	}
	return out
}

// vexForms are the forms of the VEX maps 1 to 3: each opcode, mandatory prefix, W and L,
// with every reg as register and memory.
func vexForms() (out [][]byte) {
	for m := range byte(3) {
		for op := range 256 {
			for low := range byte(16) {
				wlpp := low>>3<<7 | 0x78 | low&7 // vvvv = 1111: no register
				out = appendVEX(out, m+1, wlpp, byte(op))
			}
		}
	}
	return out
}

func appendVEX(out [][]byte, m, wlpp, op byte) [][]byte {
	vex := []byte{0xc4, 0xe0 | m, wlpp, op}
	for reg := range byte(8) {
		out = append(out, join(vex, []byte{0xc1 | reg<<3}, tail))
	}
	out = append(out, join(vex, []byte{0x03}, tail), join(vex, []byte{0x0b}, tail), join(vex, []byte{0x13}, tail), join(vex, []byte{0x1b}, tail))
	if m == 1 && wlpp&0x80 == 0 {
		short := []byte{0xc5, 0x80 | wlpp, op}
		out = append(out, join(short, []byte{0xc1}, tail), join(short, []byte{0x44, 0x91}, tail))
	}
	vvvv := wlpp &^ 0x08 // one more register, for instructions that want it
	return append(out,
		join([]byte{0xc4, 0xe0 | m, vvvv, op, 0xc1}, tail),
		join([]byte{0xc4, 0xe0 | m, vvvv, op, 0x44, 0x91}, tail))
}

func join(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// randomCode is n random bytes, always the same ones for a mode.
func randomCode(mode, n int) []byte {
	r := rand.New(rand.NewPCG(uint64(mode), 0x6761_6c73))
	code := make([]byte, n)
	for i := range code {
		code[i] = byte(r.Uint32())
	}
	return code
}
