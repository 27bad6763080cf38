package cpu

import (
	"errors"
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A SegmentSnapshot is a segment register with its hidden part.
type SegmentSnapshot struct {
	Sel   uint16
	Attr  Attr
	Limit uint32
	Base  uint64
}

// A Snapshot is everything a processor remembers, but for the model, which the machine
// keeps. Pins that the board drives (INTR) are not part of it.
type Snapshot struct {
	GPR      [16]uint64
	RIP      uint64
	RFLAGS   uint64
	Seg      [6]SegmentSnapshot
	LDTR, TR SystemSegment
	GDTR     Table
	IDTR     Table

	CR0, CR2, CR3, CR4, CR8 uint64
	EFER, XCR0              uint64
	DR                      [8]uint64
	PDPTE                   [4]uint64 // of PAE paging
	PKRU                    uint32
	MSR                     MSRs
	TSCOffset               uint64
	Random                  uint64

	X87   X87
	XMM   [32][64]byte
	MXCSR uint32

	CPL                 uint8
	Activity            Activity
	NMI, NMIBlocked     bool
	ShadowSTI, ShadowSS bool
	PendingDB           uint64
	Monitor             Monitor
	Instructions        uint64
}

// Save returns a copy of the state. Call it between calls of Run only.
func (c *CPU) Save() Snapshot {
	c.syncPMC()
	s := Snapshot{
		RIP: c.S.RIP, RFLAGS: c.S.RFLAGS, LDTR: c.LDTR, TR: c.TR, GDTR: c.GDTR, IDTR: c.IDTR,
		CR0: c.CR0, CR2: c.CR2, CR3: c.CR3, CR4: c.CR4, CR8: c.taskPriority(), EFER: c.EFER, XCR0: c.XCR0,
		DR: c.DR, PDPTE: c.MMU.PDPTE, PKRU: c.PKRU, MSR: c.MSR, TSCOffset: c.tscOffset, Random: c.Random,
		X87: c.X87, XMM: c.S.XMM, MXCSR: c.S.MXCSR, CPL: c.CPL, Activity: c.Activity,
		NMI: c.NMI, NMIBlocked: c.nmiBlocked, ShadowSTI: c.shadowSTI, ShadowSS: c.shadowSS,
		PendingDB: c.pendingDB, Monitor: c.mon, Instructions: c.Count(),
	}
	copy(s.GPR[:], c.S.R[:])
	for i := range s.Seg {
		g := &c.Seg[i]
		s.Seg[i] = SegmentSnapshot{Sel: g.Sel, Attr: g.Attr, Limit: g.Limit, Base: c.S.R[RegSeg+i]}
	}
	return s
}

// Restore replaces the state and derives modes from it. A state that this model could
// never be in is an error, and nothing changes.
func (c *CPU) Restore(s Snapshot) error {
	if err := c.checkSnapshot(&s); err != nil {
		return fmt.Errorf("cpu: restore: %w", err)
	}
	copy(c.S.R[:RegZero], s.GPR[:])
	c.S.RIP, c.S.RFLAGS, c.nextRIP = s.RIP, s.RFLAGS, s.RIP
	for i, g := range s.Seg {
		c.setSegment(x86.Seg(i), g.Sel, g.Base, g.Limit, g.Attr)
	}
	c.LDTR, c.TR, c.GDTR, c.IDTR = s.LDTR, s.TR, s.GDTR, s.IDTR
	c.CR0, c.CR2, c.CR3, c.CR4 = s.CR0, s.CR2, s.CR3, s.CR4
	if c.APIC == nil { // else it remembers
		c.CR8 = s.CR8
	}
	c.EFER, c.XCR0, c.DR, c.PKRU = s.EFER, s.XCR0, s.DR, s.PKRU
	c.MSR, c.tscOffset, c.Random = s.MSR, s.TSCOffset, s.Random
	c.X87, c.S.XMM, c.S.MXCSR = s.X87, s.XMM, s.MXCSR
	c.CPL, c.Activity = s.CPL, s.Activity
	c.NMI, c.nmiBlocked, c.shadowSTI, c.shadowSS = s.NMI, s.NMIBlocked, s.ShadowSTI, s.ShadowSS
	c.pendingDB, c.stepTrap = s.PendingDB, false
	if c.mon = s.Monitor; c.mon.Armed {
		c.listen()
	}
	c.instructions, c.granted, c.S.Budget = s.Instructions, 0, 0
	c.pmcAt, c.pmcOn = c.Count(), c.MSR.PMC.running()
	c.LastChain, c.LastEvent = Chain{}, Event{}
	c.MMU.PDPTE = s.PDPTE
	c.MMU.SetMode(c.CR0, c.CR3, c.CR4, c.EFER)
	c.MMU.SetPKRU(c.PKRU)
	c.MMU.Flush()
	c.updateMode()
	c.forgetStops()
	return nil
}

// flagsDefined are the bits of RFLAGS that may be set.
const flagsDefined = popfReal | x86.Flag1 | x86.FlagVM | x86.FlagVIF | x86.FlagVIP

// checkSnapshot rejects what no sequence of instructions leads to.
func (c *CPU) checkSnapshot(s *Snapshot) error {
	m, flags := c.Model, x86.Flags(s.RFLAGS)
	long := s.EFER&x86.EFER_LMA != 0
	switch {
	case s.Monitor.Line%monitorLine != 0 || s.Monitor.Line >= uint64(len(c.Phys.Backing())):
		return fmt.Errorf("monitored line %#x is not in memory", s.Monitor.Line)
	case s.CPL > 3 || s.Activity > Waiting:
		return fmt.Errorf("privilege level %d or activity state %d does not exist", s.CPL, s.Activity)
	case flags&^flagsDefined != 0 || flags&x86.Flag1 == 0:
		return fmt.Errorf("RFLAGS %#x has reserved bits", s.RFLAGS)
	case s.CR0&^(cr0Bits|x86.CR0_ET) != 0 || s.CR0&x86.CR0_ET == 0:
		return fmt.Errorf("CR0 %#x has reserved bits", s.CR0)
	case s.CR0&x86.CR0_PG != 0 && s.CR0&x86.CR0_PE == 0:
		return errors.New("CR0.PG without CR0.PE")
	case s.CR0&x86.CR0_NW != 0 && s.CR0&x86.CR0_CD == 0:
		return errors.New("CR0.NW without CR0.CD")
	case s.CR4&^m.cr4Bits() != 0:
		return fmt.Errorf("CR4 %#x has bits the CPU model does not have", s.CR4)
	case s.EFER&^(m.eferBits()|x86.EFER_LMA) != 0:
		return fmt.Errorf("EFER %#x has bits the CPU model does not have", s.EFER)
	case long != (s.EFER&x86.EFER_LME != 0 && s.CR0&x86.CR0_PG != 0):
		return errors.New("EFER.LMA does not follow from EFER.LME and CR0.PG")
	case long && (s.CR4&x86.CR4_PAE == 0 || s.CR3&^cr3Bits != 0 || flags&x86.FlagVM != 0):
		return errors.New("IA-32e mode with impossible control registers")
	case s.CR0&x86.CR0_PE == 0 && (s.CPL != 0 || flags&x86.FlagVM != 0):
		return errors.New("real-address mode with a privilege level or EFLAGS.VM")
	case flags&x86.FlagVM != 0 && s.CPL != 3:
		return errors.New("virtual-8086 mode outside privilege level 3")
	case s.CR8 > 15 || s.PendingDB&^dr6Bits != 0:
		return errors.New("CR8 or pending debug traps have reserved bits")
	case m.xcr0Bits() == 0 && s.XCR0 != xcrX87, m.xcr0Bits() != 0 && !m.validXCR0(s.XCR0):
		return fmt.Errorf("XCR0 %#x is not valid", s.XCR0)
	case !s.MSR.PMC.valid():
		return errors.New("performance counters have reserved bits")
	case s.MXCSR>>16 != 0:
		return fmt.Errorf("MXCSR %#x has reserved bits", s.MXCSR)
	}
	if err := c.checkSnapshotDebug(s); err != nil {
		return err
	}
	return c.checkSnapshotAddresses(s, long)
}

func (c *CPU) checkSnapshotDebug(s *Snapshot) error {
	for i, v := range s.DR {
		ok := true
		switch i {
		case 4, 5:
			ok = v == 0
		case 6:
			ok = v&^dr6Bits == x86.DR6_Ones
		case 7:
			ok = v&^dr7Bits == x86.DR7_Ones
		}
		if !ok {
			return fmt.Errorf("DR%d %#x has reserved bits", i, v)
		}
	}
	return nil
}

// checkSnapshotAddresses checks what must be canonical in IA-32e mode, or fit 32 bits
// outside it.
func (c *CPU) checkSnapshotAddresses(s *Snapshot, long bool) error {
	shift := uint(64 - 48)
	if c.Model.Has(FeatLA57) {
		shift = 64 - 57
	}
	canonical := func(v uint64) bool { return uint64(int64(v<<shift)>>shift) == v }
	code64 := long && s.Seg[x86.CS].Attr.has(AttrL)
	if !code64 && s.RIP>>32 != 0 {
		return fmt.Errorf("RIP %#x does not fit the code size", s.RIP)
	}
	for i, g := range s.Seg {
		if wide := i >= int(x86.FS); wide && !canonical(g.Base) || !wide && g.Base>>32 != 0 {
			return fmt.Errorf("base %#x of %v is not an address", g.Base, x86.Seg(i))
		}
	}
	for _, v := range [...]uint64{s.MSR.KernelGS, s.MSR.LSTAR, s.MSR.CSTAR, s.MSR.SysenterEIP, s.MSR.SysenterESP, s.GDTR.Base, s.IDTR.Base, s.LDTR.Base, s.TR.Base} {
		if !canonical(v) {
			return fmt.Errorf("address %#x is not canonical", v)
		}
	}
	if !validPAT(nil, s.MSR.PAT) {
		return fmt.Errorf("PAT %#x has a reserved memory type", s.MSR.PAT)
	}
	return nil
}
