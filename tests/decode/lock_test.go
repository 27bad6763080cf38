package decode

import (
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/alu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lockable are the opcodes that LOCK may precede when their destination is memory, with
// the ModRM.reg of opcodes that fork on it. SDM Vol. 2A, "LOCK: Assert LOCK# Signal
// Prefix": ADD, ADC, AND, BTC, BTR, BTS, CMPXCHG, CMPXCHG8B, CMPXCHG16B, DEC, INC, NEG,
// NOT, OR, SBB, SUB, XOR, XADD, XCHG.
var lockable = map[string]string{
	"00": "", "01": "", "08": "", "09": "", "10": "", "11": "", "18": "", "19": "",
	"20": "", "21": "", "28": "", "29": "", "30": "", "31": "", "86": "", "87": "",
	"80": "0123456", "81": "0123456", "82": "0123456", "83": "0123456",
	"f6": "23", "f7": "23", "fe": "01", "ff": "01",
	"0fab": "", "0fb3": "", "0fbb": "", "0fba": "567",
	"0fb0": "", "0fb1": "", "0fc0": "", "0fc1": "", "0fc7": "1",
}

func TestLockIsAllowedWhereTheManualSays(t *testing.T) {
	for _, mode := range modes {
		accepted, refused := 0, 0
		for _, code := range legacyForms(mode) {
			if code[0] != 0xf0 {
				continue
			}
			var in cpu.Inst
			if cpu.Decode(code[1:], alu.Width(mode/8), &in); in.Bad != x86.NoReason {
				continue // nothing without LOCK either
			}
			k := describe(code, mode)
			regs, ok := lockable[k.opcode]
			ok = ok && k.form[0] == 'm' && (regs == "" || strings.IndexByte(regs, k.form[1]) >= 0)
			require.True(t, cpu.Decode(code, alu.Width(mode/8), &in))
			want := x86.NoReason
			switch {
			case k.opcode[0] == 'v':
				want = x86.ReasonReservedOpcode // any LOCK before VEX
			case !ok:
				want = x86.ReasonLockNotAllowed
			}
			assert.Equal(t, want, in.Bad, "%d bits: % x %s", mode, code[:6], in.Op.Name)
			if ok {
				accepted++
			} else {
				refused++
			}
		}
		require.NotZero(t, accepted)
		t.Logf("%d bits: %d forms with LOCK allowed, %d refused", mode, accepted, refused)
	}
}
