package machine

import (
	"testing"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// startAt lets processor i execute code at 0:at in real-address mode.
func startAt(t testing.TB, m *Machine, i int, at uint16) {
	t.Helper()
	c := m.cpus[i]
	s := c.Save()
	s.Activity, s.RIP = cpu.Active, uint64(at)
	s.Seg[x86.CS].Sel, s.Seg[x86.CS].Base = 0, 0
	require.NoError(t, c.Restore(s))
}

// countTogether is a machine whose n processors execute LOCK INC WORD [1000h+2i]; INC word
// [2000h] for ever.
func countTogether(t testing.TB, engine Engine, n int) *Machine {
	t.Helper()
	m, err := New(Config{Memory: 1 << 20, CPUs: n, Quantum: 100, Engine: engine})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	for i := range n {
		at := uint16(0x3000 + 0x100*i)
		m.mem.WriteAt([]byte{0xf0, 0xff, 0x06, uint8(2 * i), 0x10, 0xff, 0x06, 0, 0x20, 0xeb, 0xf5}, phys.Addr(at))
		startAt(t, m, i, at)
	}
	return m
}

func TestProcessorsTakeTurns(t *testing.T) {
	m := countTogether(t, Fast, 3)
	runFor(t, m, 900) // three turns each
	for i, c := range m.CPUs() {
		assert.Equal(t, uint64(300), c.Count(), "processor %d", i)
		assert.Equal(t, uint64(100), m.mem.Read(phys.Addr(0x1000+2*i), 2), "processor %d", i)
	}
	assert.Equal(t, uint64(300), m.mem.Read(0x2000, 2))
	assert.Equal(t, uint64(900), m.Count())
	assert.EqualValues(t, 900*instructionTime, m.Now(), "an instruction of whichever processor takes the same time")
}

// TestTurnsDoNotDependOnHowARunIsCut runs in one piece and in many, by both engines.
func TestTurnsDoNotDependOnHowARunIsCut(t *testing.T) {
	whole := countTogether(t, Plain, 3)
	runFor(t, whole, 12_345)
	for _, engine := range []Engine{Fast, Plain} {
		m := countTogether(t, engine, 3)
		for left := uint64(12_345); left > 0; {
			n := min(left, 7)
			runFor(t, m, n)
			left -= n
		}
		require.Equal(t, whole.StateHash(), m.StateHash())
	}
}

// TestTurnsDoNotDependOnHowOftenAnIdleMachineIsLookedAt: what was left of a quantum when all
// went to sleep was there again after an interrupt, unless the run had been cut in between.
// A replay, which is cut elsewhere, took other turns.
func TestTurnsDoNotDependOnHowOftenAnIdleMachineIsLookedAt(t *testing.T) {
	m := countTogether(t, Fast, 2)
	runFor(t, m, 130)
	require.EqualValues(t, 70, m.turns.s.Left)
	for _, c := range m.cpus {
		c.Activity = cpu.Halted
	}
	require.False(t, m.turns.pass(), "as HLT does")
	halted := m.turns.s
	m.turns.begin()
	require.Equal(t, halted, m.turns.s, "as a look at an idle machine does")
}

func TestForkCopiesAllProcessors(t *testing.T) {
	m := countTogether(t, Fast, 3)
	runFor(t, m, 1234)
	f, err := m.Fork(ForkOptions{})
	require.NoError(t, err)
	defer f.Close()
	runFor(t, m, 777)
	runFor(t, f, 777)
	require.Equal(t, m.StateHash(), f.StateHash())
	assert.Equal(t, uint64(2011), f.Count())
}

func TestEnginesAgreeOnSeveralProcessors(t *testing.T) {
	m := countTogether(t, Check, 2)
	for i, c := range m.twin.cpus {
		require.NoError(t, c.Restore(m.cpus[i].Save()))
	}
	copy(m.twin.mem.RAM(), m.mem.RAM())
	runFor(t, m, 100_000)
}

// TestDirectBootLeavesABIOS: Xen puts its real-mode code below what the BIOS data area says,
// and calls INT 10h and INT 13h there; it had a triple fault or ran through empty memory.
func TestDirectBootLeavesABIOS(t *testing.T) {
	m := newGuest(t, guestConfig(Fast))
	assert.EqualValues(t, 0x9fc0, m.mem.Read(0x40e, 2))
	assert.EqualValues(t, 639, m.mem.Read(0x413, 2))
	assert.EqualValues(t, 1, m.mem.Read(0x9fc00, 1))
	assert.EqualValues(t, 0xf000f065, m.mem.Read(4*0x10, 4))
	assert.EqualValues(t, 0xf000ec59, m.mem.Read(4*0x13, 4))
	assert.EqualValues(t, 3, m.mem.Read(0x449, 1), "video mode")
}
