package debug

import (
	"context"
	_ "embed"
	"os"
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/counter.bin
var counterImage []byte

const counterMap = `00007c00 t start
00007c10 t again
00007c40 t work
00007c60 t leave
00007c80 t protected
00007d00 d counter
`

// A talk is a debugger and what it answers.
type talk struct {
	t *testing.T
	m *machine.Machine
	d *Debugger
}

// newTalk boots counter.asm up to its first instruction, with symbols and history.
func newTalk(t *testing.T, engine machine.Engine) *talk {
	m := bootSector(t, counterImage, engine)
	past, err := m.StartTimeline(machine.TimelineOptions{Interval: 10_000})
	require.NoError(t, err)
	k := &talk{t, m, New(m, past)}
	k.d.ReadFile = func(string) ([]byte, error) { return []byte(counterMap), nil }
	k.say("ldsym map", "6 symbols")
	k.say("tbreak start", "1: breakpoint linear 0x7c00 <start>")
	k.say("c", "breakpoint 1: linear 0x7c00 <start>", "0000:7c00 <start>: xor ax, ax")
	return k
}

// say enters a command and checks what the answer contains.
func (k *talk) say(command string, want ...string) string {
	k.t.Helper()
	var out strings.Builder
	k.d.Execute(context.Background(), command, &out)
	for _, w := range want {
		if !strings.Contains(out.String(), w) {
			k.t.Errorf("%s: %q is not in\n%s", command, w, out.String())
		}
	}
	return out.String()
}

func eachEngine(t *testing.T, f func(t *testing.T, k *talk)) {
	for name, e := range map[string]machine.Engine{"fast": machine.Fast, "plain": machine.Plain} {
		t.Run(name, func(t *testing.T) { f(t, newTalk(t, e)) })
	}
}

func TestSteps(t *testing.T) {
	eachEngine(t, func(t *testing.T, k *talk) {
		k.say("s", "0000:7c02 <start+0x2>: mov ds, ax")
		k.say("s 7", "7c10 <again>: call 0x7c40 <work>")
		k.say("n", "7c13 <again+0x3>: dec cx")
		k.say("p [counter]&0xffff", "0x1  1")
		k.say("s 2", "7c10 <again>")
		k.say("s", "7c40 <work>: push bp")
		k.say("bt", "#0  0000:7c40 <work>", "#1  7c13 <again+0x3>")
		k.say("finish", "7c13 <again+0x3>")
		k.say("x /wx counter", "0x90900002"[:2])
		k.say("until leave", "7c60 <leave>: cli")
		k.say("print w[counter]", "0xa  10")
	})
}

func TestBreakpoints(t *testing.T) {
	eachEngine(t, func(t *testing.T, k *talk) {
		k.say("b work if cx == 3", "2: breakpoint linear 0x7c40 <work>")
		k.say("c", "breakpoint 2: linear 0x7c40 <work>", "push bp")
		k.say("p cx", "0x3  3")
		k.say("blist", "if cx == 3", "hit 1 times")
		k.say("cond 2", "")
		k.say("c", "breakpoint 2")
		k.say("p cx", "0x2")
		k.say("bpd 2", "")
		k.say("bport 0x80 w", "3: port w of 0x80")
		k.say("c", "port 3: port write of 0x80", "by the instruction at 0x7c16")
		k.say("bint 0x12", "4: interrupt vector 18")
		k.say("c", "interrupt 4: INT n vector 18 (0x12) before 0000:7c1a")
		k.say("explain interrupt", "Vector 18 (0x12): INT n, taken before 0000:7c1a", "The program asked for it")
		k.say("modebp", "5: mode change")
		k.say("c", "mode change 5: now protected mode", "7c6e <leave+0xe>: jmp")
		k.say("del 5", "")
		k.say("bexc #UD", "6: exception vector 6 (#UD)")
		k.say("c", "exception") // no IDT: #UD, #GP, #DF
		k.say("explain", "#UD: UD instruction", "`ud2` at 0008:00007c97 <protected+0x17>")
		k.say("c", "Triple fault", "vector 6 (#UD) uses bytes 0x30 to 0x37 of the IDT")
	})
}

func TestPhysicalAndCountedBreakpoints(t *testing.T) {
	eachEngine(t, func(t *testing.T, k *talk) {
		k.say("pb 0x7c16", "2: breakpoint physical 0x7c16")
		k.say("ignore 2 0", "")
		k.say("c", "breakpoint 2: physical 0x7c16", "out 0x80, al")
		now := k.m.Count()
		k.say("sb 5", "3: instruction count")
		k.say("c", "instruction count 3")
		assert.Equal(t, now+5, k.m.Count())
		k.say("sb 0", "executed already")
	})
}

func TestWatchpoints(t *testing.T) {
	eachEngine(t, func(t *testing.T, k *talk) {
		k.say("watch w counter 2", "2: watchpoint w of linear 0x7d00, 2 bytes <counter>")
		k.say("c", "watchpoint 2: write of 2 bytes at 0x7d00 by the instruction at 0x7c43: 0x0 -> 0x1", "7c47 <work+0x7>: pop bp")
		k.say("c 3", "0x3 -> 0x4")
		k.say("unwatch counter", "1 removed")
		k.say("pwatch rw 0x7d01 1 if w[counter] == 7", "3: watchpoint rw of physical 0x7d01")
		k.say("c", "of 2 bytes at 0x7d00")
		k.say("p w[counter]", "0x7")
	})
}

func TestGoingBack(t *testing.T) {
	eachEngine(t, func(t *testing.T, k *talk) {
		var counts []uint64
		k.say("b work")
		for range 10 {
			k.say("c", "breakpoint 2")
			counts = append(counts, k.m.Count())
		}
		k.say("watch w counter 2")
		k.say("bpd 2")
		k.say("c", "0x9 -> 0xa")
		k.say("bpe 2")
		k.say("del 3")
		for i := 9; i >= 0; i-- {
			k.say("rc", "breakpoint 2", "7c40 <work>: push bp")
			assert.Equal(t, counts[i], k.m.Count())
		}
		k.say("c", "breakpoint 2")
		assert.Equal(t, counts[1], k.m.Count())
		k.say("rs", "7c10 <again>: call")
		k.say("rs 3", "7c48 <work+0x8>: ret")
		k.say("goto 100000000", "") // ends in the triple fault on the way
		k.say("who counter 2", "wrote 0x7d00, 2 bytes: 0xa -> 0x5678", "mov dword ptr [0x7d00], 0x12345678")
		k.say("who counter 2", "wrote 0x7d00, 2 bytes: 0x9 -> 0xa", "7c43 <work+0x3>: inc word ptr [0x7d00]")
		k.say("changed cx", "changed cx: 0x2 -> 0x1", "dec cx")
		k.say("rc work", "7c40 <work>: push bp")
		k.say("goto end", "ud2")
		k.say("port 0x80", "out to port 0x80", "out 0x80, al")
		k.say("info history", "begin instruction 0", "checkpoints")
		k.say("goto 0", "f000:")
		k.say("goto end")
		k.say("who counter 2")
		k.say("who counter 2")
		k.say("p w[counter]", "0x9")
		k.say("del")
		k.say("rc", "this is where the history begins")
	})
}

func TestWhatAnInstructionDid(t *testing.T) {
	eachEngine(t, func(t *testing.T, k *talk) {
		k.say("until 0x7c43", "inc word ptr [0x7d00]")
		k.say("s", "7c47")
		k.say("explain last", "`inc word ptr [0x7d00]` at 0000:7c43 <work+0x3>", "wrote  [0x7d00] 2 bytes: 0000 -> 0001",
			"rip    0000000000007c43 -> 0000000000007c47", "read   [0x7d00] 2 bytes: 0000")
		k.say("until leave")
		k.say("explain last", "`jmp 0x7c60` at 0000:7c22") // executed once more
		k.say("trace on")
		k.say("trace-reg on")
		k.say("sb 3")
		k.say("c", "`cli` at 0000:7c60 <leave>", "`lgdt", "`mov eax, cr0`", "rax ")
		k.say("trace off")
	})
}

func TestRepeatedStringsAreSteppedOver(t *testing.T) {
	eachEngine(t, func(t *testing.T, k *talk) {
		k.say("until 0x7c1a", "mov di,")
		k.say("s 2", "rep stosb")
		k.say("n", "7c22")
		k.say("p di", "0x8040")
	})
}

func TestSettingThings(t *testing.T) {
	k := newTalk(t, machine.Fast)
	k.say("set $eax = 0x12345678")
	k.say("ax = 0xff")
	k.say("p rax", "0x123400ff")
	k.say("set zf 1")
	k.say("info eflags", "ZF")
	k.say("set $es = 0x1234")
	k.say("p es.base", "0x12340")
	k.say("set w[counter] = 5")
	k.say("setpmem 0x7d02 1 0xab")
	k.say("p d[counter]", "0xab0005")
	k.say("set cr0 = 0x80000000", "CR0 0x80000000")
	k.say("set xyz = 1", "there is no register")
	var kept []byte
	k.d.WriteFile = func(_ string, data []byte) error { kept = data; return nil }
	k.say("writemem f counter 4")
	assert.Equal(t, []byte{5, 0, 0xab, 0}, kept)
	k.say("crc 0x7d00 4", "")
	k.say("rip = 0x7c60")
	k.say("s", "lgdt")
}

func TestInspection(t *testing.T) {
	k := newTalk(t, machine.Fast)
	k.say("until protected")
	k.say("info gdt", "GDT at 0x7ca0, limit 0x17: 3 entries", "0008  00cf9b000000ffff  32-bit code, readable, base 0x0, limit 0xffffffff, DPL 0, P=1")
	k.say("info idt 0 1", "entries")
	k.say("info cpu", "*", "CPU 0", "protected mode")
	k.say("info pci", "00:00.0  8086:1237", "00:01.1")
	k.say("info device", "pit8254")
	k.say("info tss", "TR")
	k.say("creg", "CR0", "PE")
	k.say("dreg", "DR7")
	k.say("fp", "control 037f"[:7])
	k.say("sse", "XMM0")
	k.say("mmx", "MM7")
	k.say("sreg", "CS   0008")
	k.say("page 0x1000", "paging is off")
	k.say("u /2", "protected:", "mov ax, 0x10")
	k.say("syntax att")
	k.say("u /1", "mov $0x10,%ax")
	k.say("syntax go")
	k.say("u /1", "MOVW $0x10, AX")
	k.say("slist wor", "0000000000007c40 work")
	k.say("ptime", "instructions")
	k.say("print-stack 2", "7c0")
	k.say("help", "reverse")
	k.say("help c", "cont")
	k.say("nonsense", "no such command")
	assert.True(t, k.d.Execute(context.Background(), "q", &strings.Builder{}))
}

func FuzzCommands(f *testing.F) {
	for _, s := range []string{"b 0x7c00 if rax==1", "watch rw [rsp] 8", "set $rax=5", "x/4gx rsp", "info idt 1 2", "who 0x500", "bport 1-5 r", "explain last", "s 3"} {
		f.Add(s)
	}
	m := bootSector(f, counterImage, machine.Fast)
	f.Fuzz(func(t *testing.T, line string) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // nothing runs for long
		New(m, nil).Execute(ctx, line, &strings.Builder{})
	})
}

func TestCounterBinIsAssembledFromItsSource(t *testing.T) { assembled(t, "counter", counterImage) }

func TestSymbolFilesThatAreMissing(t *testing.T) {
	k := newTalk(t, machine.Fast)
	k.d.ReadFile = os.ReadFile
	k.say("ldsym /nonexistent", "no such file")
	k.say("ldsym", "name a file")
}

func TestSymbolsFindTheirSlide(t *testing.T) {
	k := newTalk(t, machine.Fast)
	k.d.ReadFile = func(string) ([]byte, error) {
		return []byte("ffffffff81c00080 T entry_SYSCALL_64\nffffffff81a114f0 T schedule\n"), nil
	}
	k.say("ldsym vmlinux auto", "not set yet")
	k.m.CPU().MSR.LSTAR = 0xffffffffaee00080
	k.say("ldsym vmlinux auto", "2 symbols, moved by 0x2d200000")
	k.say("print schedule", "0xffffffffaec114f0")
	k.say("ldsym vmlinux 0x1000", "moved by 0x1000")
}
