//go:build purego || !(amd64 || arm64 || wasm)

package mmu

import "encoding/binary"

// The plain form of host_unsafe.go.

func (m *MMU) entry(la LinAddr, c Class) *TLBEntry {
	return &m.tlb.Data[c][la/PageSize%TLBSize]
}

func (m *MMU) get8(off uint64) uint64 { return uint64(m.back[off]) }
func (m *MMU) put8(off, v uint64)     { m.back[off] = uint8(v) }

func (m *MMU) get16(off uint64) uint64 { return uint64(binary.LittleEndian.Uint16(m.back[off:])) }
func (m *MMU) put16(off, v uint64)     { binary.LittleEndian.PutUint16(m.back[off:], uint16(v)) }

func (m *MMU) get32(off uint64) uint64 { return uint64(binary.LittleEndian.Uint32(m.back[off:])) }
func (m *MMU) put32(off, v uint64)     { binary.LittleEndian.PutUint32(m.back[off:], uint32(v)) }

func (m *MMU) get64(off uint64) uint64 { return binary.LittleEndian.Uint64(m.back[off:]) }
func (m *MMU) put64(off, v uint64)     { binary.LittleEndian.PutUint64(m.back[off:], v) }

// hostAddr is for generated code, which there is none of.
func (m *MMU) hostAddr(uint64) uint64 { return 0 }
