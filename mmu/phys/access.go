package phys

import "encoding/binary"

// maxReported bounds the pages for which OnUnmodelled is called.
const maxReported = 1024

// Read is what the processor reads at a: size is 1, 2, 4 or 8 bytes, within one page.
// Where nobody answers it is all ones.
func (m *Memory) Read(a Addr, size int) uint64 {
	p := uint64(a) & m.gate
	if d := p - m.hotStart; d < m.hotSize && uint64(size) <= m.hotSize-d {
		return load(m.back[m.hotOff+d:], size)
	}
	return m.readSpan(p, size)
}

// Write stores the low size bytes of v at a, as the processor would: size is 1, 2, 4 or 8
// bytes, within one page. Where nobody answers, or a ROM, it is dropped.
func (m *Memory) Write(a Addr, size int, v uint64) {
	p := uint64(a) & m.gate
	if d := p - m.hotStart; d < m.hotSize && uint64(size) <= m.hotSize-d {
		m.storeAt(m.hotOff+d, size, v)
		return
	}
	m.writeSpan(p, size, v)
}

// readSpan is Read after the gate and without the short cut.
func (m *Memory) readSpan(p uint64, size int) uint64 {
	s := m.find(p)
	if s.end-p < uint64(size) {
		return m.readBytes(p, size)
	}
	switch d := p - s.start; s.read {
	case RAM, ROM:
		return load(m.back[s.roff+d:], size)
	case MMIO:
		return m.readWindow(s.win, s.winOff+d, size)
	}
	m.missed(p, size, false)
	return ones(size)
}

func (m *Memory) writeSpan(p uint64, size int, v uint64) {
	s := m.find(p)
	if s.end-p < uint64(size) {
		m.writeBytes(p, size, v)
		return
	}
	switch d := p - s.start; {
	case s.write == RAM:
		m.storeAt(s.woff+d, size, v)
	case s.write == MMIO:
		m.writeWindow(s.win, s.winOff+d, size, v)
	case s.read == None:
		m.missed(p, size, true)
	}
}

// Peek is Read without side effects: registers read as all ones and nothing is counted.
func (m *Memory) Peek(a Addr, size int) (v uint64) {
	if d := uint64(a)&m.gate - m.hotStart; d < m.hotSize && uint64(size) <= m.hotSize-d {
		return load(m.back[m.hotOff+d:], size)
	}
	for i := range size {
		p := (uint64(a) + uint64(i)) & m.gate
		b := uint64(0xff)
		if s := m.find(p); (s.read == RAM || s.read == ROM) && p < s.end {
			b = uint64(m.back[s.roff+p-s.start])
		}
		v |= b << (8 * i)
	}
	return v
}

// readBytes reads across the border of two spans.
func (m *Memory) readBytes(p uint64, size int) (v uint64) {
	if size == 1 { // the last byte of the address space
		m.missed(p, 1, false)
		return ones(1)
	}
	for i := range size {
		v |= m.readSpan((p+uint64(i))&m.gate, 1) << (8 * i)
	}
	return v
}

func (m *Memory) writeBytes(p uint64, size int, v uint64) {
	if size == 1 {
		m.missed(p, 1, true)
		return
	}
	for i := range size {
		m.writeSpan((p+uint64(i))&m.gate, 1, v>>(8*i))
	}
}

// readWindow splits what is not aligned into aligned halves.
func (m *Memory) readWindow(w Window, off uint64, size int) uint64 {
	if off&uint64(size-1) != 0 {
		half := size / 2
		lo := m.readWindow(w, off, half)
		return lo | m.readWindow(w, off+uint64(half), half)<<(8*half)
	}
	m.touches++
	return w.ReadMMIO(off, size) & ones(size)
}

func (m *Memory) writeWindow(w Window, off uint64, size int, v uint64) {
	if off&uint64(size-1) != 0 {
		half := size / 2
		m.writeWindow(w, off, half, v&ones(half))
		m.writeWindow(w, off+uint64(half), half, v>>(8*half)&ones(half))
		return
	}
	m.touches++
	w.WriteMMIO(off, size, v&ones(size))
}

// storeAt writes to the backing and tells those who watch.
func (m *Memory) storeAt(off uint64, size int, v uint64) {
	if m.attr[off/PageSize]&m.early != 0 {
		m.changing(off)
	}
	store(m.back[off:], size, v)
	if m.attr[off/PageSize] != 0 {
		m.changed(off, size)
	}
}

// missed counts an access that nobody answered and reports the first of each page.
func (m *Memory) missed(p uint64, size int, write bool) {
	m.unclaimed++
	if m.OnUnmodelled == nil || len(m.reported) >= maxReported {
		return
	}
	if _, seen := m.reported[p/PageSize]; !seen {
		m.reported[p/PageSize] = struct{}{}
		m.OnUnmodelled(Addr(p), size, write)
	}
}

// ReadAt fills p with what is at a, for loaders and debuggers: RAM and ROM as the
// processor would read them with the A20 gate open, all ones elsewhere, registers are
// never touched. It crosses pages.
func (m *Memory) ReadAt(p []byte, a Addr) {
	m.walkSpans(uint64(a), len(p), func(s *span, d uint64, i, n int) {
		if s.read == RAM || s.read == ROM {
			copy(p[i:i+n], m.back[s.roff+d:])
			return
		}
		fill(p[i : i+n])
	})
}

// WriteAt stores p at a, for loaders and debuggers: RAM only, write-protected shadow RAM
// included; the rest is dropped. The A20 gate is ignored. It crosses pages.
func (m *Memory) WriteAt(p []byte, a Addr) {
	m.walkSpans(uint64(a), len(p), func(s *span, d uint64, i, n int) {
		switch {
		case s.write == RAM:
			m.copyIn(s.woff+d, p[i:i+n])
		case s.read == RAM:
			m.copyIn(s.roff+d, p[i:i+n])
		}
	})
}

// walkSpans calls f for each piece of [p, p+size) that lies in one span: its distance d
// from the start of the span, its index i and length n. Addresses do not wrap at 2^64.
func (m *Memory) walkSpans(p uint64, size int, f func(s *span, d uint64, i, n int)) {
	for i := 0; i < size; {
		s := m.find(p)
		n := size - i
		if left := s.end - p; left < uint64(n) && s.end != ^uint64(0) {
			n = int(left)
		}
		f(s, p-s.start, i, n)
		i += n
		p += uint64(n)
	}
}

// copyIn writes b at offset off and tells those who watch, page by page.
func (m *Memory) copyIn(off uint64, b []byte) {
	if len(b) >= bulk && m.writeImage(off, b) {
		return
	}
	for len(b) > 0 {
		n := min(len(b), int(PageSize-off&pageMask))
		if m.attr[off/PageSize]&m.early != 0 {
			m.changing(off)
		}
		copy(m.back[off:], b[:n])
		if m.attr[off/PageSize] != 0 {
			m.changed(off, n)
		}
		off += uint64(n)
		b = b[n:]
	}
}

// A DMA is a bus master's view: RAM only, past the A20 gate. It satisfies devices.DMA.
type DMA struct{ m *Memory }

// DMA returns the bus master's view of m.
func (m *Memory) DMA() DMA { return DMA{m} }

// ReadDMA fills p from addr; all ones outside RAM.
func (d DMA) ReadDMA(addr uint64, p []byte) {
	d.m.walkSpans(addr, len(p), func(s *span, dist uint64, i, n int) {
		if s.read == RAM {
			copy(p[i:i+n], d.m.back[s.roff+dist:])
			return
		}
		fill(p[i : i+n])
	})
}

// WriteDMA stores p at addr; what falls outside RAM is dropped.
func (d DMA) WriteDMA(addr uint64, p []byte) {
	d.m.walkSpans(addr, len(p), func(s *span, dist uint64, i, n int) {
		if s.write == RAM {
			d.m.copyIn(s.woff+dist, p[i:i+n])
		}
	})
}

func fill(p []byte) {
	for i := range p {
		p[i] = 0xff
	}
}

// ones is the value of size bytes of FFh.
func ones(size int) uint64 { return ^uint64(0) >> (64 - 8*uint(size)) }

func load(b []byte, size int) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

func store(b []byte, size int, v uint64) {
	switch size {
	case 1:
		b[0] = uint8(v)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	default:
		binary.LittleEndian.PutUint64(b, v)
	}
}
