package aml

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The expected bytes are those of the examples and tables of the ACPI Specification.
func TestEncodings(t *testing.T) {
	for _, tc := range []struct {
		name string
		got  Term
		want []byte
	}{
		{"EISAID PNP0C08", EISAID("PNP0C08"), []byte{0x0c, 0x41, 0xd0, 0x0c, 0x08}},
		{"one segment", Path("_CRS"), []byte("_CRS")},
		{"short segment", Path("ISA"), []byte("ISA_")},
		{"root and two", Path(`\_SB.PCI0`), []byte("\\\x2e_SB_PCI0")},
		{"three", Path(`_SB.PCI0.ISA`), []byte("\x2f\x03_SB_PCI0ISA_")},
		{"zero", Int(0), []byte{0}},
		{"one", Int(1), []byte{1}},
		{"byte", Int(0xff), []byte{0x0a, 0xff}},
		{"word", Int(0x1234), []byte{0x0b, 0x34, 0x12}},
		{"dword", Int(0x12345678), []byte{0x0c, 0x78, 0x56, 0x34, 0x12}},
		{"qword", Int(1 << 32), []byte{0x0e, 0, 0, 0, 0, 1, 0, 0, 0}},
		{"string", String("A"), []byte{0x0d, 'A', 0}},
		{"IRQ 4", Resources(IRQ(4)), []byte{0x11, 8, 0x0a, 5, 0x22, 0x10, 0, 0x79, 0}},
	} {
		assert.Equal(t, tc.want, []byte(tc.got), tc.name)
	}
}

func TestPackageLengthCountsItself(t *testing.T) {
	for _, tc := range []struct {
		n    int
		want []byte
	}{
		{0, []byte{1}},
		{62, []byte{63}},
		{63, []byte{0x41, 0x04}}, // 65
		{4093, []byte{0x4f, 0xff}},
		{4094, []byte{0x81, 0x00, 0x01}}, // 4097
	} {
		assert.Equal(t, tc.want, []byte(packageLength(tc.n, true)), tc.n)
	}
}

func TestMistakesOfTheAuthorArePanics(t *testing.T) {
	assert.Panics(t, func() { Path("FIVES") })
	assert.Panics(t, func() { EISAID("PNP0A0") })
	assert.Panics(t, func() { Package(make([]Term, 256)...) })
}
