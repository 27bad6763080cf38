//go:build purego || !(amd64 || arm64 || wasm)

package cpu

import "github.com/glassbox-vm/glassbox/mmu"

// The plain form of fast_host_unsafe.go.

type hostBase = struct{}

func baseOf([]byte) hostBase { return hostBase{} }

func (c *CPU) load8(la mmu.LinAddr) (v uint64, ok bool)  { return c.MMU.Load8(la, c.class) }
func (c *CPU) load16(la mmu.LinAddr) (v uint64, ok bool) { return c.MMU.Load16(la, c.class) }
func (c *CPU) load32(la mmu.LinAddr) (v uint64, ok bool) { return c.MMU.Load32(la, c.class) }
func (c *CPU) load64(la mmu.LinAddr) (v uint64, ok bool) { return c.MMU.Load64(la, c.class) }

func (c *CPU) store8(la mmu.LinAddr, v uint64) bool  { return c.MMU.Store8(la, v, c.class) }
func (c *CPU) store16(la mmu.LinAddr, v uint64) bool { return c.MMU.Store16(la, v, c.class) }
func (c *CPU) store32(la mmu.LinAddr, v uint64) bool { return c.MMU.Store32(la, v, c.class) }
func (c *CPU) store64(la mmu.LinAddr, v uint64) bool { return c.MMU.Store64(la, v, c.class) }

func (c *CPU) modify8(la mmu.LinAddr) (v uint64, ok bool)  { return c.modifyHit(la, 1) }
func (c *CPU) modify16(la mmu.LinAddr) (v uint64, ok bool) { return c.modifyHit(la, 2) }
func (c *CPU) modify32(la mmu.LinAddr) (v uint64, ok bool) { return c.modifyHit(la, 4) }
func (c *CPU) modify64(la mmu.LinAddr) (v uint64, ok bool) { return c.modifyHit(la, 8) }

func (c *CPU) modifyHit(la mmu.LinAddr, w width) (v uint64, ok bool) {
	if _, ok := c.MMU.Span(la, mmu.AccessWrite, c.class); !ok {
		return 0, false
	}
	return c.loadHit(la, w)
}
