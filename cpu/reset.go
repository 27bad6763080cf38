package cpu

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// New makes a processor of model m that executes from mem, in its power-on state. The
// board connects Ports, ReadTSC and the memory's OnMapChange and OnProtect (to the MMU's
// Flush and DropPages), and calls Close in the end.
func New(m *Model, mem *phys.Memory) (*CPU, error) {
	s, err := allocateState()
	if err != nil {
		return nil, fmt.Errorf("cpu: allocate processor state: %w", err)
	}
	c := &CPU{S: s, MMU: mmu.New(mem, &s.TLB), Phys: mem, Model: m, decoded: new(decodeCache), Random: randomPowerOn}
	c.first = c
	c.Reset()
	return c, nil
}

// Join makes c the processor number id of a machine whose first one is given: of the same
// model, on the same memory, run by the same goroutine. The fast engine then keeps one
// cache of blocks for all, because what a block means depends on bytes and modes alone.
func (c *CPU) Join(first *CPU, id uint8) {
	c.first, c.ID = first, id
	c.Random ^= uint64(id) * 0x9e3779b97f4a7c15 // no two draw the same numbers
}

// Close gives the processor's memory back to the host. The CPU must not be used any more.
func (c *CPU) Close() error {
	s := c.S
	if s == nil {
		return nil
	}
	c.S, c.MMU = nil, nil
	if c.fast != nil && c.first == c {
		c.fast.native.close()
	}
	if err := releaseState(s); err != nil {
		return fmt.Errorf("cpu: release processor state: %w", err)
	}
	return nil
}

// Reset is the RESET pin: everything returns to its power-on value. The instruction count
// and the random numbers go on.
//
// SDM Vol. 3A, "Processor State After Reset", the table "IA-32 and Intel 64 Processor
// States Following Power-up, Reset, or INIT".
func (c *CPU) Reset() {
	c.resetCore()
	c.CR0 = x86.CR0_CD | x86.CR0_NW | x86.CR0_ET
	c.X87 = X87{CW: 0x40}
	c.S.XMM = [32][64]byte{}
	c.S.MXCSR = 0x1f80
	c.XCR0 = xcrX87
	c.PKRU = 0
	c.MSR = MSRs{PAT: patPowerOn, MiscEnable: c.Model.miscEnable(), PMC: pmcPowerOn}
	c.pmcAt, c.pmcOn = c.Count(), false
	c.tscOffset = 0
	c.tscOffset = -c.tsc() // the counter starts at 0
	c.NMI = false
	c.finishReset()
}

// Init is the INIT pin or message: as Reset, but caches, FPU, vector registers, most
// model-specific registers and the time-stamp counter keep their values.
func (c *CPU) Init() {
	cr0 := c.CR0
	c.resetCore()
	c.CR0 = x86.CR0_ET | cr0&(x86.CR0_CD|x86.CR0_NW)
	c.finishReset()
}

// resetCore is what RESET and INIT have in common.
func (c *CPU) resetCore() {
	s := c.S
	s.R = [32]uint64{}
	s.R[x86.RDX] = uint64(c.Model.signature())
	s.RIP, s.RFLAGS = 0xfff0, uint64(x86.Flag1)
	for seg := x86.ES; seg <= x86.GS; seg++ {
		c.setSegment(seg, 0, 0, realLimit, attrReal)
	}
	c.setSegment(x86.CS, 0xf000, 0xffff0000, realLimit, attrReal)
	c.GDTR, c.IDTR = Table{Limit: 0xffff}, Table{Limit: 0xffff}
	c.LDTR = SystemSegment{Limit: 0xffff, Attr: AttrP | typeLDT}
	c.TR = SystemSegment{Limit: 0xffff, Attr: AttrP | typeTSS32Busy}
	c.CR2, c.CR3, c.CR4, c.CR8, c.EFER = 0, 0, 0, 0, 0
	c.DR = [8]uint64{6: x86.DR6_Ones, 7: x86.DR7_Ones}
	c.setCPL(0)
	c.Activity = Active
	c.shadowSTI, c.shadowSS, c.nmiBlocked = false, false, false
	c.pendingDB, c.stepTrap = 0, false
	c.mon = Monitor{}
}

func (c *CPU) finishReset() {
	c.nextRIP = c.S.RIP
	c.MMU.SetMode(c.CR0, c.CR3, c.CR4, c.EFER)
	c.MMU.SetPKRU(c.PKRU)
	c.MMU.Flush()
	c.updateMode()
}
