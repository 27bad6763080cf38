package machine

import (
	"crypto/sha256"
	"encoding/hex"
)

// stateTypes lists every row of Machine.parts: its name, its version, and the beginning of
// a hash of its State type's fingerprint. If TestStateTypesMatchTheirVersions fails because
// a State changed, raise the version of the row in Machine.parts and put what the test got
// here; a new chip gets a new line.
var stateTypes = []string{
	"clock 1 d1496151",
	"cpu 3 6a9136b9",
	"turns 1 3b770230",
	"pit8254 1 7e065bf9",
	"port61 1 f0d2ce3d",
	"mc146818 1 c06bca42",
	"dma8237 2 b7909ab4",
	"ps2kbd 2 bd7be4ec",
	"ps2mouse 1 9b69c0f0",
	"i8042 1 fd257f9e",
	"port92 1 22e9ef05",
	"post80 1 ccaf0fbc",
	"fwcfg 1 6b03d81d",
	"uart16550.0 1 0477fb17",
	"uart16550.1 1 0477fb17",
	"uart16550.2 1 0477fb17",
	"uart16550.3 1 0477fb17",
	"lpt 1 5d1bb004",
	"fdc82077 1 99fd1b8f",
	"ide.0 2 79829e99",
	"ide.1 2 79829e99",
	"vga 2 80e8731d",
	"keys 1 13d8d225",
	"i440fx 2 05d7a4ec",
	"piix4pm 2 f70db50b",
	"piix3.ide 1 8ee5fd68",
	"piix3.isa 1 a4b1ea2f",
	"pci 1 1ef14334",
	"hpet 1 d397829e",
	"ioapic 1 d3d650e1",
	"lapic.0 1 5b56401e",
	"pic8259 1 7a67efe3",
}

func shortHash(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:4])
}
