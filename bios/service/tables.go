package service

import "encoding/binary"

// A Table is bytes that firmware leaves in RAM for the system, at a physical address.
type Table struct {
	At   uint32
	Data []byte
}

// Publish sets what power-on writes into RAM, for systems that look for it.
func (s *Service) Publish(tables ...Table) { s.tables = tables }

// publish writes the tables.
func (c *call) publish() {
	for _, t := range c.published {
		at, p := t.At, t.Data
		for ; len(p) >= 8; at, p = at+8, p[8:] {
			c.setQ(at, binary.LittleEndian.Uint64(p))
		}
		for i, v := range p {
			c.setB(at+uint32(i), v)
		}
	}
}

// extended is the RAM from 1 MiB on, in bytes, that a system may use.
func (c *call) extended() uint64 {
	low, high := c.ram()
	for _, r := range c.memoryMap(low + high) {
		if r.Start == 1<<20 {
			return r.Size
		}
	}
	return 0
}
