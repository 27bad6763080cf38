package monitor

import (
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
	"github.com/glassbox-vm/glassbox/mmu/phys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bench is a stopped machine of a processor and memory.
type bench struct {
	changed []string
	cpu     *cpu.CPU
	mem     *phys.Memory
	saved   string
	pressed []ps2kbd.Key
	held    devices.Time
}

func (b *bench) CPUs() []*cpu.CPU     { return []*cpu.CPU{b.cpu} }
func (b *bench) Memory() *phys.Memory { return b.mem }
func (b *bench) Status() string       { return "on the bench" }
func (b *bench) ScreenInfo() string   { return "no display" }
func (b *bench) SaveScreen(path string) error {
	b.saved = path
	return nil
}
func (b *bench) HoldKeys(d devices.Time, k ...ps2kbd.Key) {
	b.pressed, b.held = append(b.pressed, k...), d
}
func (b *bench) ChangeMedium(drive, path string) error {
	b.changed = append(b.changed, drive+"="+path)
	return nil
}
func (b *bench) EachPart(visit func(string, any)) {
	visit("pit8254", struct {
		Count uint16
		Mode  uint8
		FIFO  [4]uint8
		Inner struct{ High bool }
	}{Count: 0x1234, Mode: 2, FIFO: [4]uint8{7}})
	visit("uart16550.0", struct{ LCR uint8 }{3})
}

// newBench has one page table: linear 400000h is physical 2000h, user, read-only.
func newBench(t *testing.T) *bench {
	mem, err := phys.New(1 << 20)
	require.NoError(t, err)
	t.Cleanup(func() { mem.Close() })
	require.NoError(t, mem.MapRAM(0, 0, 1<<20))
	model, err := cpu.NewModel("")
	require.NoError(t, err)
	c, err := cpu.New(model, mem)
	require.NoError(t, err)
	c.Reset()
	return &bench{cpu: c, mem: mem}
}

func (b *bench) paging() {
	b.mem.Write(0x1000+4, 4, 0x3000|7) // PDE 1 → table at 3000h
	b.mem.Write(0x3000, 4, 0x2000|5)   // PTE 0: user, read-only
	b.cpu.CR0 |= x86.CR0_PG | x86.CR0_PE
	b.cpu.CR3 = 0x1000
	b.cpu.MMU.SetMode(b.cpu.CR0, b.cpu.CR3, b.cpu.CR4, b.cpu.EFER)
}

func enter(b *bench, line string) (string, Verdict) {
	var out strings.Builder
	v := New(b, &out).Execute(line)
	return out.String(), v
}

func TestVerdicts(t *testing.T) {
	b := newBench(t)
	for line, want := range map[string]Verdict{
		"c": Continue, "cont": Continue, "q": Quit, "quit": Quit, "system_reset": Reset,
		"help": Stay, "": Stay, "stop": Stay, "nonsense": Stay, "info registers": Stay,
	} {
		_, v := enter(b, line)
		assert.Equal(t, want, v, line)
	}
}

func TestMemory(t *testing.T) {
	b := newBench(t)
	b.mem.WriteAt([]byte("Hello\x00\xff\x80"), 0x2000)
	for line, want := range map[string]string{
		"xp /8b 0x2000":  "0000000000002000: 0x48 0x65 0x6c 0x6c 0x6f 0x00 0xff 0x80\n",
		"xp /g 0x2000":   "0000000000002000: 0x80ff006f6c6c6548\n",
		"xp /dh 0x2006":  "0000000000002006: -32513\n",
		"xp /2c 0x2000":  "0000000000002000: 'H' 'e'\n",
		"xp/2h 0x2000":   "0000000000002000: 0x6548 0x6c6c\n",
		"x /w 0x2000":    "0000000000002000: 0x6c6c6548\n",
		"p 0x2000+1":     "0x2001  8193\n",
		"xp":             "xp: an expression is missing: a number such as 0x1000, a register or a symbol\n",
		"x /w nonsense!": "x: \"!\" is not expected here\n",
	} {
		got, _ := enter(b, line)
		assert.Equal(t, want, got, line)
	}
}

func TestPaging(t *testing.T) {
	b := newBench(t)
	b.paging()
	b.mem.WriteAt([]byte("page"), 0x2010)
	got, _ := enter(b, "page 0x400010")
	assert.Contains(t, got, "PDE   at 0x1004 = 0x3007: P=1 R/W=1 U/S=1")
	assert.Contains(t, got, "PTE   at 0x3000 = 0x2005: P=1 R/W=0 U/S=1")
	assert.Contains(t, got, "physical 0x2010 in a page of 4 KiB: user, read-only, executable")
	got, _ = enter(b, "page 0x401000")
	assert.Contains(t, got, "not present")
	got, _ = enter(b, "x /4c 0x400010")
	assert.Contains(t, got, "'p' 'a' 'g' 'e'")
	got, _ = enter(b, "x /2w 0x400ffc")
	assert.Contains(t, got, "0x401000 is not mapped")
	got, _ = enter(b, "info mem")
	assert.Equal(t, "0000000000400000 - 0000000000400fff  ur-x  4 KiB\n", got)
}

func TestDisassembly(t *testing.T) {
	b := newBench(t)
	b.mem.WriteAt([]byte{0xb8, 0x34, 0x12, 0xf4}, 0x7c00)
	got, _ := enter(b, "u /2 0x7c00")
	assert.Equal(t, "00007c00  b8 34 12                        mov ax, 0x1234\n00007c03  f4                              hlt\n", got)
}

func TestChips(t *testing.T) {
	b := newBench(t)
	got, _ := enter(b, "info pit")
	assert.Regexp(t, `(?m)^  Count +1234$`, got)
	assert.Regexp(t, `(?m)^  FIFO +07 \(rest of 4 zero\)$`, got)
	assert.Regexp(t, `(?m)^    High +false$`, got)
	got, _ = enter(b, "info")
	assert.Contains(t, got, "pit8254 uart16550.0")
	got, _ = enter(b, "info floppy")
	assert.Contains(t, got, "not known")
	got, _ = enter(b, "info registers")
	assert.Contains(t, got, "real-address mode")
}

func FuzzExecute(f *testing.F) {
	for _, s := range []string{"x /4gx rsp", "page 0x1000", "u", "info mem", "p 1+2*3", "xp /3i 0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		b := newBench(t)
		b.paging()
		enter(b, line)
	})
}

func TestScreenAndKeys(t *testing.T) {
	b := newBench(t)
	out, _ := enter(b, "info screen")
	assert.Equal(t, "no display\n", out)
	out, _ = enter(b, "screendump a b.png")
	assert.Empty(t, out)
	assert.Equal(t, "a b.png", b.saved)
	out, _ = enter(b, "screendump")
	assert.Contains(t, out, ".png")
	out, _ = enter(b, "sendkey ctrl-alt-delete")
	assert.Empty(t, out)
	assert.Equal(t, []ps2kbd.Key{ps2kbd.KeyLeftCtrl, ps2kbd.KeyLeftAlt, ps2kbd.KeyDelete}, b.pressed)
	assert.Zero(t, b.held)
	out, _ = enter(b, "sendkey a 1500")
	assert.Empty(t, out)
	assert.Equal(t, 1500*devices.Millisecond, b.held)
	out, _ = enter(b, "change cdrom a b.iso")
	assert.Empty(t, out)
	out, _ = enter(b, "eject -f fda")
	assert.Empty(t, out)
	assert.Equal(t, []string{"cdrom=a b.iso", "fda="}, b.changed)
	for _, bad := range []string{"change", "change cdrom", "eject", "sendkey", "sendkey hyper", "sendkey -", "sendkey a 60001", "sendkey a b", "sendkey a -1", "sendkey " + strings.Repeat("a-", 20) + "a"} { // CVE-2015-8619
		out, _ = enter(b, bad)
		assert.NotEmpty(t, out, bad)
	}
}
