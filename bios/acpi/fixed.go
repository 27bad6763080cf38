package acpi

import "encoding/binary"

// Who made the tables.
const (
	oemID      = "GLSBOX"
	oemTableID = "GLASSBOX"
	creatorID  = "GLBX"
)

// Offsets in the header that tables begin with.
//
// ACPI, "System Description Table Header".
const (
	sdtLength   = 4
	sdtRevision = 8
	sdtChecksum = 9
	sdtOEMID    = 10
	sdtTableID  = 16
	sdtOEMRev   = 24
	sdtCreator  = 28
	sdtCreRev   = 32
	sdtHeader   = 36
)

// sdt puts the header before the body of a table; its checksum is left open.
func sdt(signature string, revision uint8, body []byte) []byte {
	p := make([]byte, sdtHeader, sdtHeader+len(body))
	le := binary.LittleEndian
	copy(p, signature)
	le.PutUint32(p[sdtLength:], uint32(sdtHeader+len(body)))
	p[sdtRevision] = revision
	copy(p[sdtOEMID:], oemID)
	copy(p[sdtTableID:], oemTableID)
	le.PutUint32(p[sdtOEMRev:], 1)
	copy(p[sdtCreator:], creatorID)
	le.PutUint32(p[sdtCreRev:], 1)
	return append(p, body...)
}

// Offsets in the RSDP.
//
// ACPI, "Root System Description Pointer (RSDP)".
const (
	rsdpChecksum = 8 // of the first 20 bytes
	rsdpOEMID    = 9
	rsdpRevision = 15
	rsdpRSDT     = 16
	rsdpOldSize  = 20
	rsdpLength   = 20
	rsdpXSDT     = 24
	rsdpExtended = 32 // checksum of all
	rsdpSize     = 36
)

func rsdp() []byte {
	p := make([]byte, rsdpSize)
	copy(p, "RSD PTR ")
	copy(p[rsdpOEMID:], oemID)
	p[rsdpRevision] = 2
	p[rsdpLength] = rsdpSize
	return p
}

// facs is the Firmware ACPI Control Structure: the global lock, and where to go when the
// machine wakes, which it never does. It has no checksum.
//
// ACPI, "Firmware ACPI Control Structure (FACS)".
func facs() []byte {
	p := make([]byte, 64)
	copy(p, "FACS")
	p[4] = 64
	p[32] = 1 // version
	return p
}

// Offsets in the FADT from the start of the table, of those that others need.
const (
	fadtFACS  = 36
	fadtDSDT  = 40
	fadtXDSDT = 140
	fadtSize  = 244 // revision 3
)

// Flags of the FADT.
const (
	fadtWBINVD      = 1 << 0
	fadtC1          = 1 << 2
	fadtNoSleepButn = 1 << 5  // no sleep button with fixed registers; the power button has
	fadtRTCNotFixed = 1 << 6  // the RTC alarm does not wake through fixed registers
	fadtResetReg    = 1 << 10 // RESET_REG is there

	archLegacy = 1 << 0 // there are ISA devices
	arch8042   = 1 << 1
	archNoVGA  = 1 << 2
)

// The commands that go to the APM control port, and the reset control port of the PIIX3.
const (
	smiCommand  = 0xb2
	acpiEnable  = 0xf1
	acpiDisable = 0xf0
	resetPort   = 0xcf9
	hardReset   = 0x06 // SRST and RCPU
	centuryReg  = 0x32 // of the clock's memory
)

// Registers of the PIIX4 from PMBase on.
const (
	pmEvent, pmEventLen     = 0x00, 4
	pmControl, pmControlLen = 0x04, 2
	pmTimer, pmTimerLen     = 0x08, 4
	pmGPE, pmGPELen         = 0x0c, 4
)

// fadt is the Fixed ACPI Description Table. Pointers are left open.
//
// ACPI, "Fixed ACPI Description Table (FADT)"; Intel 82371AB data sheet, "Power Management
// I/O Space Registers".
func fadt(b Board) []byte {
	p := make([]byte, fadtSize)
	le := binary.LittleEndian
	port := func(at, extended int, base uint16, length uint8) {
		le.PutUint32(p[at:], uint32(base))
		p[extended] = 1 // generic address: system I/O
		p[extended+1] = length * 8
		le.PutUint64(p[extended+4:], uint64(base))
	}
	le.PutUint16(p[46:], uint16(b.SCI))
	le.PutUint32(p[48:], smiCommand)
	p[52], p[53] = acpiEnable, acpiDisable
	port(56, 148, b.PMBase+pmEvent, pmEventLen)
	port(64, 172, b.PMBase+pmControl, pmControlLen)
	port(76, 208, b.PMBase+pmTimer, pmTimerLen)
	port(80, 220, b.PMBase+pmGPE, pmGPELen)
	p[88], p[89], p[91], p[92] = pmEventLen, pmControlLen, pmTimerLen, pmGPELen
	le.PutUint16(p[96:], 0xfff) // latency of C2 and C3: not there
	le.PutUint16(p[98:], 0xfff)
	p[108] = centuryReg
	arch := uint16(archLegacy | arch8042)
	if !b.VGA {
		arch |= archNoVGA
	}
	le.PutUint16(p[109:], arch)
	le.PutUint32(p[112:], fadtWBINVD|fadtC1|fadtNoSleepButn|fadtRTCNotFixed|fadtResetReg)
	p[116], p[117] = 1, 8 // RESET_REG: system I/O, 8 bits
	le.PutUint64(p[120:], resetPort)
	p[128] = hardReset
	return sdt("FACP", 3, p[sdtHeader:])
}
