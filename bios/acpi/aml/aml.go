// Package aml writes ACPI Machine Language, the byte code of a DSDT. A function for each
// construct takes what stands inside it and returns its bytes; names follow ASL:
//
//	aml.Device("RTC", aml.Name("_HID", aml.EISAID("PNP0B00")), …)
//
// Read this file (names, data, packages), then code.go (methods and operators) and
// resource.go (resource descriptors). Mistakes of the author, such as a name of five
// letters, are panics: what is written depends on the board alone, never on a guest.
//
// Source: ACPI Specification 6.4, "ACPI Machine Language (AML) Specification" and
// "Resource Data Types for ACPI".
//
// Not there: what no table of ours needs, such as events, mutexes and bank fields.
package aml

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// A Term is the encoding of one term, or of several in a row.
type Term []byte

// Opcodes of this file.
const (
	opZero       = 0x00
	opOne        = 0x01
	opName       = 0x08
	opByte       = 0x0a
	opWord       = 0x0b
	opDWord      = 0x0c
	opString     = 0x0d
	opQWord      = 0x0e
	opScope      = 0x10
	opBuffer     = 0x11
	opPackage    = 0x12
	prefixDual   = 0x2e
	prefixMulti  = 0x2f
	opExt        = 0x5b
	extOpRegion  = 0x80
	extField     = 0x81
	extDevice    = 0x82
	extProcessor = 0x83
)

// join puts terms one after the other.
func join(terms ...Term) (t Term) {
	for _, more := range terms {
		t = append(t, more...)
	}
	return t
}

// sized is an opcode, PkgLength and contents.
//
// ACPI, "Package Length Encoding": the length counts its own bytes.
func sized(op Term, contents ...Term) Term {
	body := join(contents...)
	return join(op, packageLength(len(body), true), body)
}

// packageLength encodes n, plus the bytes of the encoding itself if it is to count them.
func packageLength(n int, self bool) Term {
	count := func(bytes int) int {
		if self {
			return n + bytes
		}
		return n
	}
	if v := count(1); v < 1<<6 {
		return Term{byte(v)}
	}
	for more := 1; more <= 3; more++ {
		v := count(1 + more)
		if v >= 1<<(4+8*more) {
			continue
		}
		t := Term{byte(more<<6 | v&15)}
		for i := range more {
			t = append(t, byte(v>>(4+8*i)))
		}
		return t
	}
	panic(fmt.Sprintf("aml: a package of %d bytes", n))
}

// Path encodes a name string, such as \_SB.PCI0 or _CRS; it is also the term that reads
// the object.
func Path(name string) (t Term) {
	for name != "" && (name[0] == '\\' || name[0] == '^') {
		t, name = append(t, name[0]), name[1:]
	}
	if name == "" {
		return append(t, 0)
	}
	segments := strings.Split(name, ".")
	switch n := len(segments); {
	case n == 2:
		t = append(t, prefixDual)
	case n > 2:
		t = append(t, prefixMulti, byte(n))
	}
	for _, s := range segments {
		if s == "" || len(s) > 4 {
			panic("aml: name " + name)
		}
		t = append(t, (s + "____")[:4]...)
	}
	return t
}

// Int is an integer constant in its shortest form.
func Int(v uint64) Term {
	le := binary.LittleEndian
	switch {
	case v == 0:
		return Term{opZero}
	case v == 1:
		return Term{opOne}
	case v < 1<<8:
		return Term{opByte, byte(v)}
	case v < 1<<16:
		return le.AppendUint16(Term{opWord}, uint16(v))
	case v < 1<<32:
		return le.AppendUint32(Term{opDWord}, uint32(v))
	}
	return le.AppendUint64(Term{opQWord}, v)
}

// String is a string constant in ASCII.
func String(s string) Term { return append(append(Term{opString}, s...), 0) }

// EISAID is a seven-character identifier such as PNP0A03 as the integer that stands for it.
//
// ACPI, "EISAID (EISA ID String To Integer Conversion Macro)".
func EISAID(id string) Term {
	var product uint16
	if _, err := fmt.Sscanf(id[3:], "%04X", &product); err != nil || len(id) != 7 {
		panic("aml: EISA identifier " + id)
	}
	vendor := uint16(id[0]-'@')<<10 | uint16(id[1]-'@')<<5 | uint16(id[2]-'@')
	be := binary.BigEndian // of the bytes in memory
	p := be.AppendUint16(be.AppendUint16(nil, vendor), product)
	return Int(uint64(binary.LittleEndian.Uint32(p)))
}

// Buffer is a buffer constant.
func Buffer(p []byte) Term { return sized(Term{opBuffer}, Int(uint64(len(p))), p) }

// Package is a package of at most 255 elements.
func Package(elements ...Term) Term {
	if len(elements) > 255 {
		panic("aml: package")
	}
	return sized(Term{opPackage}, Term{byte(len(elements))}, join(elements...))
}

// Name gives a name to an object.
func Name(name string, object Term) Term { return join(Term{opName}, Path(name), object) }

// Scope opens a scope that exists.
func Scope(name string, terms ...Term) Term {
	return sized(Term{opScope}, Path(name), join(terms...))
}

// Device is a device and what belongs to it.
func Device(name string, terms ...Term) Term {
	return sized(Term{opExt, extDevice}, Path(name), join(terms...))
}

// Processor is a processor without a P_BLK; id is its ACPI processor ID, as in the MADT.
func Processor(name string, id uint8) Term {
	return sized(Term{opExt, extProcessor}, Path(name), Term{id, 0, 0, 0, 0, 0})
}

// Address spaces of an operation region.
const (
	SystemMemory = 0
	SystemIO     = 1
	PCIConfig    = 2
)

// OperationRegion names length bytes at offset of an address space.
func OperationRegion(name string, space uint8, offset, length uint64) Term {
	return join(Term{opExt, extOpRegion}, Path(name), Term{space}, Int(offset), Int(length))
}

// A FieldUnit is some bits of a region; without a name they are skipped.
type FieldUnit struct {
	Name string
	Bits int
}

// Widths in which a field is accessed.
const (
	AnyAcc   = 0
	ByteAcc  = 1
	WordAcc  = 2
	DWordAcc = 3
)

// Field names the bits of a region, from its first bit on; what a write leaves out keeps
// its value.
func Field(region string, access uint8, units ...FieldUnit) Term {
	t := join(Path(region), Term{access})
	for _, u := range units {
		if u.Name == "" {
			t = append(t, 0)
		} else {
			t = append(t, Path(u.Name)...)
		}
		t = append(t, packageLength(u.Bits, false)...)
	}
	return sized(Term{opExt, extField}, t)
}
