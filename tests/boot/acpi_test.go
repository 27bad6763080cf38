package boot

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/machine"
)

// TestPowerOffThroughACPI boots the cloud kernel to "poweroff": the tables are found and
// accepted, interrupts are routed through them in PIC mode, and S5 ends the machine.
func TestPowerOffThroughACPI(t *testing.T) {
	t.Parallel()
	out, res, _ := boot(t, machine.Config{Boot: machine.Boot{
		Kernel: guest(t, "vmlinuz-cloud"),
		Initrd: initramfs(t, "poweroff -f\n"),
		Append: "console=ttyS0",
	}}, 5e9, "")
	require.Equal(t, machine.StopPowerOff, res.Reason, tail(out))
	for _, want := range []string{
		"ACPI: Interpreter enabled", "ACPI: Using IOAPIC for interrupt routing", "(supports S0 S5)",
		"Interrupt link LNKA configured for IRQ 10", "Preparing to enter system sleep state S5",
	} {
		assert.Contains(t, out, want)
	}
	for _, bad := range []string{"ACPI Error", "ACPI BIOS", "ACPI Warning", "ACPI Exception", "firmware bug", "Firmware Bug"} {
		assert.NotContains(t, out, bad)
	}
}
