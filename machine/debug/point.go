package debug

import (
	"fmt"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A PointKind is what a point stops for.
type PointKind uint8

// Kinds of points.
const (
	PointCode      PointKind = iota // before the instruction at an address
	PointData                       // after an access to memory
	PointPort                       // after IN and OUT
	PointMSR                        // after RDMSR and WRMSR
	PointException                  // when the delivery of an exception begins
	PointInterrupt                  // of an interrupt, or INT n
	PointMode                       // after a change of the operating mode
	PointCount                      // at a number of instructions of the whole machine
)

// String names the kind as lists show it.
func (k PointKind) String() string {
	return [...]string{"breakpoint", "watchpoint", "port", "MSR", "exception", "interrupt", "mode change", "instruction count"}[k]
}

// A Point is a reason to stop.
type Point struct {
	ID       int
	Kind     PointKind
	Addr     uint64 // address, first port or MSR, vector, or count
	Size     uint64 // of data, ports or MSRs from Addr on
	Physical bool   // Addr is a guest-physical address
	Read     bool   // data, ports and MSRs: stop for reads
	Write    bool
	Cond     *Expr // stop only if it is not 0; nil: always
	Off      bool
	Once     bool   // goes away when it is hit
	Ignore   uint64 // hits to let pass
	Hits     uint64

	hidden  bool   // made for one command; not listed
	onlyCPU int    // processor+1, or 0: any
	aboveSP uint64 // only with a stack pointer at or above it: not in a deeper call
	last    uint64 // data: what was there last, to show the old value
}

// where describes the point's place.
func (p *Point) where(sym *Symbols) string {
	access := strings.TrimSpace(pick(p.Read, "r", "") + pick(p.Write, "w", ""))
	switch p.Kind {
	case PointCode:
		name := ""
		if n := sym.Name(p.Addr); n != "" && !p.Physical {
			name = " <" + n + ">"
		}
		return fmt.Sprintf("%s %#x%s", pick(p.Physical, "physical", "linear"), p.Addr, name)
	case PointData:
		name := ""
		if n := sym.Name(p.Addr); n != "" && !p.Physical {
			name = " <" + n + ">"
		}
		return fmt.Sprintf("%s of %s %#x, %d bytes%s", access, pick(p.Physical, "physical", "linear"), p.Addr, p.Size, name)
	case PointPort, PointMSR:
		last := ""
		if p.Size > 1 {
			last = fmt.Sprintf("-%#x", p.Addr+p.Size-1)
		}
		return fmt.Sprintf("%s of %#x%s", access, p.Addr, last)
	case PointException:
		return fmt.Sprintf("vector %d (%v)", p.Addr, x86.Vector(p.Addr))
	case PointInterrupt:
		return fmt.Sprintf("vector %d (%#x)", p.Addr, p.Addr)
	case PointCount:
		return fmt.Sprintf("%d", p.Addr)
	}
	return ""
}

// arm adds the point to what a processor stops for.
func (p *Point) arm(s *cpu.Stops) {
	switch p.Kind {
	case PointCode:
		if p.Physical {
			s.Physical = append(s.Physical, phys.Addr(p.Addr))
		} else {
			s.Breakpoints = append(s.Breakpoints, p.Addr)
		}
	case PointData:
		s.Watches = append(s.Watches, mmu.Watch{Addr: p.Addr, Size: p.Size, Phys: p.Physical, Read: p.Read, Write: p.Write})
	case PointPort:
		s.Ports = append(s.Ports, cpu.PortWatch{First: uint16(p.Addr), Last: uint16(p.Addr + p.Size - 1), In: p.Read, Out: p.Write})
	case PointMSR:
		s.MSRs = append(s.MSRs, cpu.MSRWatch{First: uint32(p.Addr), Last: uint32(p.Addr + p.Size - 1), Read: p.Read, Write: p.Write})
	case PointException:
		s.Exceptions |= 1 << (p.Addr & 31)
	case PointInterrupt:
		s.Interrupts[p.Addr/64&3] |= 1 << (p.Addr % 64)
	case PointMode:
		s.Modes = true
	}
}

// matches says whether the point is what a processor stopped for.
func (p *Point) matches(h cpu.Stop, physical func(la uint64) (uint64, bool)) bool {
	at, ok := h.Addr, true
	if p.Physical {
		at, ok = physical(h.Addr)
	}
	size := max(uint64(h.Size), 1)
	touches := ok && at < p.Addr+max(p.Size, 1) && p.Addr < at+size
	switch h.Kind {
	case cpu.StopBreakpoint:
		return p.Kind == PointCode && ok && at == p.Addr
	case cpu.StopRead:
		return p.Kind == PointData && p.Read && touches
	case cpu.StopWrite:
		return p.Kind == PointData && p.Write && touches
	case cpu.StopIn:
		return p.Kind == PointPort && p.Read && touches
	case cpu.StopOut:
		return p.Kind == PointPort && p.Write && touches
	case cpu.StopReadMSR:
		return p.Kind == PointMSR && p.Read && at >= p.Addr && at < p.Addr+p.Size
	case cpu.StopWriteMSR:
		return p.Kind == PointMSR && p.Write && at >= p.Addr && at < p.Addr+p.Size
	case cpu.StopException:
		return p.Kind == PointException && at == p.Addr
	case cpu.StopInterrupt:
		return p.Kind == PointInterrupt && at == p.Addr
	case cpu.StopMode:
		return p.Kind == PointMode
	}
	return false
}
