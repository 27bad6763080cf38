package debug

import (
	"strings"
	"testing"

	"github.com/glassbox-vm/glassbox/machine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ask runs a command and returns what it prints.
func ask(t *testing.T, i *Inspector, line string) string {
	t.Helper()
	var b strings.Builder
	known, err := i.Execute(line, &b)
	require.True(t, known, line)
	require.NoError(t, err, line)
	return b.String()
}

// TestWhereInterruptsGo programs the interrupt controllers as an operating system does and
// asks which way lines take.
func TestWhereInterruptsGo(t *testing.T) {
	m, err := machine.New(machine.Config{Memory: 1 << 20, CPUs: 2})
	require.NoError(t, err)
	defer m.Close()
	i := NewInspector(m)
	assert.Equal(t, "COM1, COM3 → IRQ 4 → masked everywhere\n", ask(t, i, "info irq 4"))

	entry := func(pin, high, low uint64) {
		for n, v := range []uint64{low, high} {
			m.Memory().Write(0xfec00000, 4, 0x10+2*pin+uint64(n))
			m.Memory().Write(0xfec00010, 4, v)
		}
	}
	entry(4, 1<<24, 0x24)
	entry(2, 0xff<<24, 0x30)
	assert.Equal(t, "COM1, COM3 → IRQ 4 → I/O APIC pin 4 → vector 0x24 → CPU 1\n", ask(t, i, "explain irq 4"))
	assert.Contains(t, ask(t, i, "info irq"), "→ IRQ 0 → I/O APIC pin 2 → vector 0x30 → CPU 0, CPU 1\n")
	assert.Contains(t, ask(t, i, "info ioapic"), "pin 4  vector 24  fixed, edge → CPU 1\n")

	out := m.CPUs()[0].Ports.Out
	for _, b := range [][2]uint32{{0x20, 0x11}, {0x21, 0x08}, {0x21, 4}, {0x21, 1}, {0x21, 0xef}} {
		out(uint16(b[0]), 1, b[1])
	}
	assert.Equal(t, "COM1, COM3 → IRQ 4 → I/O APIC pin 4 → vector 0x24 → CPU 1\n"+
		"    and → 8259 master input 4 → vector 0x0c → LINT0 → CPU 0\n", ask(t, i, "info irq 4"))

	text := ask(t, i, "info lapic 1")
	assert.Contains(t, text, "local APIC of processor 1: ID 1, xAPIC at 0xfee00000, disabled by SVR, spurious vector ff")
	assert.Contains(t, text, "LINT0     vector 00  fixed, masked")
	assert.Contains(t, ask(t, i, "info lapic"), "LINT0     vector 00  ExtINT\n")
	assert.Contains(t, ask(t, i, "info hpet"), "stopped")
	ask(t, i, "cpu 1")
	assert.Contains(t, ask(t, i, "info lapic"), "processor 1")
}

func TestWithoutAPICs(t *testing.T) {
	m, err := machine.New(machine.Config{Memory: 1 << 20, CPU: "486"})
	require.NoError(t, err)
	defer m.Close()
	i := NewInspector(m)
	for _, line := range []string{"info lapic", "info ioapic", "info hpet"} {
		_, err := i.Execute(line, &strings.Builder{})
		assert.Error(t, err, line)
	}
	assert.Equal(t, "COM1, COM3 → IRQ 4 → masked everywhere\n", ask(t, i, "info irq 4"))
}
