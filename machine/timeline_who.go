package machine

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// An Occurrence answers "who was it?".
type Occurrence struct {
	Moment          // right before: the next instruction does it
	CPU    int      // whose turn it is then
	Device bool     // a chip did it by itself, right before the next instruction
	CS     uint16   // of the next instruction
	RIP    uint64   // of the next instruction
	Old    []byte   // the bytes before, or the register, little-endian
	New    []byte   // and after
	Call   PortCall // for LastPort
}

// A PortCall is one access to a port.
type PortCall struct {
	Port  uint16
	Size  int // bytes
	Out   bool
	Value uint32 // the low Size bytes are significant
}

// asking lets a question be answered in the past and returns to where the machine is.
func (t *Timeline) asking(ctx context.Context, answer func() error) error {
	past, now := t.past, t.m.Count()
	err := answer()
	var back error
	if past {
		back = t.Goto(context.WithoutCancel(ctx), now)
	} else {
		back = t.GotoEnd()
	}
	if err == nil {
		err = back
	}
	return err
}

// found goes to a count and says who executes there.
func (t *Timeline) found(ctx context.Context, o *Occurrence, count uint64) error {
	if err := t.Goto(ctx, count); err != nil {
		return err
	}
	c := t.m.cpu
	o.Moment, o.RIP, o.CS = t.Now(), c.RIP(), c.Seg[x86.CS].Sel
	o.CPU = slices.Index(t.m.cpus, c)
	return nil
}

// blockMargin is more than the instructions in a block of the fast engine: by so much a
// count may be ahead in the middle of one.
const blockMargin = 4096

// LastWrite finds out who wrote n bytes of memory at a physical address last, or any of
// them, before the present moment: processors, page walks and chips. ok is false if nobody
// did as far as the history goes. The machine is afterwards where it was.
func (t *Timeline) LastWrite(ctx context.Context, a phys.Addr, n int) (o Occurrence, ok bool, err error) {
	page := t.m.mem.Lookup(a)
	w := writeWatch{t: t, off: page.Off + uint64(a)%phys.PageSize, n: n}
	if page.Kind != phys.RAM && page.Kind != phys.ROM || n <= 0 || uint64(n) > phys.PageSize-uint64(a)%phys.PageSize {
		return o, false, fmt.Errorf("%w: %d bytes at %#x are not memory within a page", ErrTimeline, n, uint64(a))
	}
	worth := func(s stamp) bool { return t.ram.has(w.off/phys.PageSize, s) }
	err = t.asking(ctx, func() error {
		ok, err = t.search(ctx, t.m.Count(), worth, func(end uint64) (bool, error) { return w.run(ctx, end) })
		if err != nil || !ok {
			return err
		}
		about := w.last // the fast engine knows it to a few thousand instructions
		if from := max(about, blockMargin+t.Begin().Count) - blockMargin; true {
			if err := t.Goto(ctx, from); err != nil {
				return err
			}
		}
		engine := t.m.cfg.Engine
		t.m.cfg.Engine = Plain
		_, err = w.run(ctx, about)
		t.m.cfg.Engine = engine
		if err != nil {
			return err
		}
		o.Device, o.Old, o.New = w.device, w.old, w.new
		if !o.Device {
			w.last--
		}
		return t.found(ctx, &o, w.last)
	})
	return o, ok, err
}

// A writeWatch listens for writes to n bytes of the backing.
type writeWatch struct {
	t        *Timeline
	off      uint64
	n        int
	last     uint64 // instruction count at the last write
	device   bool   // not in the course of an instruction
	old, new []byte
}

// run executes up to end and says whether there was a write.
func (w *writeWatch) run(ctx context.Context, end uint64) (found bool, err error) {
	m := w.t.m
	now := func() []byte { return bytes.Clone(m.mem.Used()[w.off:][:w.n]) }
	w.new = now()
	tracker, err := m.mem.WatchWrites(w.off, uint64(w.n), func(at uint64, size int) {
		if at < w.off+uint64(w.n) && w.off < at+uint64(size) {
			w.last, w.device, found = m.Count(), !m.executing, true
			w.old, w.new = w.new, now()
		}
	})
	if err != nil {
		return false, err
	}
	defer tracker.Close()
	err = w.t.runTo(ctx, end)
	return found, err
}

// LastChange finds the instruction of processor number n that changed a register last
// before the present moment; read gives its value. ok is false if none did as far as the
// history goes. The machine is afterwards where it was.
func (t *Timeline) LastChange(ctx context.Context, n int, read func(*cpu.CPU) uint64) (o Occurrence, ok bool, err error) {
	c := t.m.cpus[n]
	var by, next, was, is uint64 // the instruction, the one after it, the values
	err = t.asking(ctx, func() error {
		ok, err = t.search(ctx, t.m.Count(), nil, func(end uint64) (found bool, err error) {
			value, last := read(c), t.m.Count()
			look := func(now uint64) {
				if v := read(c); v != value {
					by, next, was, is, found = last, now, value, v, true
					value = v
				}
				last = now
			}
			hook := c.OnInst
			c.OnInst = func(*cpu.Inst) { look(t.m.Count()) }
			err = t.runTo(ctx, end)
			c.OnInst = hook
			look(t.m.Count() + 1)
			return found, err
		})
		if err != nil || !ok {
			return err
		}
		o.Old, o.New = binary.LittleEndian.AppendUint64(nil, was), binary.LittleEndian.AppendUint64(nil, is)
		if err := t.Goto(ctx, by); err != nil {
			return err
		}
		if read(c) == was && next > by+1 { // not the instruction, but what was delivered after it
			by = next - 1
		}
		return t.found(ctx, &o, max(by, 1)-1)
	})
	return o, ok, err
}

// LastPort finds the last access to a range of ports before the present moment: in or out
// or both. ok is false if there was none as far as the history goes. The machine is
// afterwards where it was.
func (t *Timeline) LastPort(ctx context.Context, first, last uint16, in, out bool) (o Occurrence, ok bool, err error) {
	m := t.m
	var at uint64
	err = t.asking(ctx, func() error {
		ok, err = t.search(ctx, m.Count(), nil, func(end uint64) (found bool, err error) {
			w := &portWatch{Ports: m.ports, heard: func(call PortCall) {
				if call.Port <= last && uint32(call.Port)+uint32(call.Size) > uint32(first) && (call.Out && out || !call.Out && in) {
					at, o.Call, found = m.Count(), call, true
				}
			}}
			for _, c := range m.cpus {
				c.Ports = w
			}
			defer func() {
				for _, c := range m.cpus {
					c.Ports = m.ports
				}
			}()
			err = t.runTo(ctx, end)
			return found, err
		})
		if err != nil || !ok {
			return err
		}
		return t.found(ctx, &o, max(at, 1)-1)
	})
	return o, ok, err
}

// A portWatch hears what goes to the ports.
type portWatch struct {
	cpu.Ports
	heard func(PortCall)
}

// In implements cpu.Ports.
func (w *portWatch) In(port uint16, size int) uint32 {
	v := w.Ports.In(port, size)
	w.heard(PortCall{port, size, false, v})
	return v
}

// Out implements cpu.Ports.
func (w *portWatch) Out(port uint16, size int, v uint32) {
	w.Ports.Out(port, size, v)
	w.heard(PortCall{port, size, true, v})
}
