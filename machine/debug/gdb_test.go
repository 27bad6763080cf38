package debug

import (
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/machine"
	"github.com/glassbox-vm/glassbox/machine/gdbstub/gdbtest"
	"github.com/stretchr/testify/assert"
)

// gdb is told what the processor executes when it connects.
func TestGDBSees16And32And64BitCode(t *testing.T) {
	k := newTalk(t, machine.Fast)
	assert.Contains(t, gdbtest.Run(t, k.d.GDB(), "x/i $pc"), `currently "i8086"`)
	k.say("until protected")
	out := gdbtest.Run(t, k.d.GDB(), "x/3i $pc\nstepi\nprintf \"eax %x cs %x\\n\", $eax, $cs\nreverse-stepi\nprintf \"eip %x\\n\", $eip\nwatch *(int*)0x7d00\ncontinue\nprintf \"%x\\n\", *(int*)0x7d00")
	for _, want := range []string{`currently "i386"`, "mov    $0x10,%ax", "cs 8", "eip 7c80", "New value = 305419896", "12345678"} {
		assert.Contains(t, out, want)
	}

	image := append([]byte(nil), faultsImage...)
	image[2] = caseNumber(t, "CR8")
	m := bootSector(t, image, machine.Fast)
	d := New(m, nil)
	long := &talk{t, m, d}
	long.say("modebp")
	for range 10 {
		if strings.Contains(long.say("c"), "64-bit mode") {
			break
		}
	}
	long.say("del")
	out = gdbtest.Run(t, d.GDB(), "x/2i $pc\nprintf \"efer %lx\\n\", $efer\nstepi\nstepi\nprintf \"rsp %lx\\n\", $rsp\nset var $r15 = 0x123456789abcdef0\nprintf \"r15 %lx\\n\", $r15\ninfo registers cr4")
	for _, want := range []string{`currently "i386:x86-64"`, "efer d00", "r15 123456789abcdef0", "PAE PGE OSFXSR"} {
		assert.Contains(t, out, want)
	}
}

// caseNumber is the number of a case of faults.asm.
func caseNumber(t *testing.T, name string) byte {
	for n, tc := range faultCases {
		if tc.name == name {
			return byte(n)
		}
	}
	t.Fatalf("there is no case %q", name)
	return 0
}

func TestBreakpointsOnMSRs(t *testing.T) {
	image := append([]byte(nil), faultsImage...)
	image[2] = caseNumber(t, "CR8")
	for _, e := range []machine.Engine{machine.Fast, machine.Plain} {
		m := bootSector(t, image, e)
		k := &talk{t, m, New(m, nil)}
		k.say("bmsr 0xc0000080 r", "1: MSR r of 0xc0000080")
		k.say("bmsr 0xc0000080-0xc0000084 w", "2: MSR w of 0xc0000080-0xc0000084")
		k.say("c", "MSR 1: RDMSR of 0xc0000080, value 0x0")
		k.say("c", "MSR 2: WRMSR of 0xc0000080, value 0x900")
		k.say("rs", "keeps no history")
		k.say("who 0x1000", "keeps no history")
		k.say("info history", "keeps no history")
	}
}
