package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPauseEndsInBothEngines: the fast engine once went round in a block of PAUSE alone.
func TestPauseEndsInBothEngines(t *testing.T) {
	for _, run := range []func(*CPU) (int64, ExitReason){
		func(c *CPU) (int64, ExitReason) { return c.Run(4) },
		func(c *CPU) (int64, ExitReason) { return c.RunFast(4) },
	} {
		r := newRig(t, "max")
		r.protect(0)
		r.code("f3 90 f3 90 90 90")
		pauses, start := 0, r.RIP()
		r.OnPause = func() { pauses++ }
		n, _ := run(r.CPU)
		assert.EqualValues(t, 4, n)
		assert.Equal(t, 2, pauses)
		assert.EqualValues(t, 6, r.RIP()-start)
	}
}

// fakeAPIC is a local APIC that remembers.
type fakeAPIC struct {
	base, deadline uint64
	tpr            uint8
	moved, perf    int
	onPerf         func()
}

func (a *fakeAPIC) Base() uint64                    { return a.base }
func (a *fakeAPIC) SetBase(v uint64) bool           { a.base = v; return v&1 == 0 }
func (a *fakeAPIC) ReadX2(n uint32) (uint64, bool)  { return uint64(n), n != 0xb }
func (a *fakeAPIC) WriteX2(n uint32, v uint64) bool { return n == 0xb && v == 0 }
func (a *fakeAPIC) TPR() uint8                      { return a.tpr }
func (a *fakeAPIC) SetTPR(v uint8)                  { a.tpr = v }
func (a *fakeAPIC) TSCDeadline() uint64             { return a.deadline }
func (a *fakeAPIC) SetTSCDeadline(v uint64)         { a.deadline = v }
func (a *fakeAPIC) TSCMoved()                       { a.moved++ }

func (a *fakeAPIC) Perf() {
	if a.perf++; a.onPerf != nil {
		a.onPerf()
	}
}

func TestRegistersOfTheAPIC(t *testing.T) {
	r := newRig(t, "max,+x2apic")
	_, ok := r.ReadMSR(0x1b)
	assert.False(t, ok, "nobody gave it one")
	_, _, _, d := r.cpuid(1, 0)
	assert.Zero(t, d>>9&1)

	a := &fakeAPIC{base: 0xfee00900}
	r.APIC = a
	v, ok := r.ReadMSR(0x1b)
	assert.True(t, ok)
	assert.EqualValues(t, 0xfee00900, v)
	assert.False(t, r.WriteMSR(0x1b, 1))
	a.base = 0xfee00900
	_, _, _, d = r.cpuid(1, 0)
	assert.EqualValues(t, 1, d>>9&1)
	a.base = 0xfee00100
	_, _, _, d = r.cpuid(1, 0)
	assert.Zero(t, d>>9&1, "CPUID follows the enable bit")

	v, ok = r.ReadMSR(0x802)
	assert.True(t, ok)
	assert.EqualValues(t, 2, v)
	_, ok = r.ReadMSR(0x80b)
	assert.False(t, ok, "EOI is write only")
	assert.True(t, r.WriteMSR(0x80b, 0))
	assert.False(t, r.WriteMSR(0x802, 0))
	assert.True(t, r.WriteMSR(0x6e0, 77))
	assert.EqualValues(t, 77, a.deadline)
	assert.True(t, r.WriteMSR(0x10, 5))
	assert.True(t, r.WriteMSR(0x3b, 5))
	assert.Equal(t, 2, a.moved)

	r.setTaskPriority(9)
	assert.EqualValues(t, 0x90, a.tpr, "CR8 is the upper half of TPR")
	assert.EqualValues(t, 9, r.taskPriority())
	assert.EqualValues(t, 9, r.Save().CR8)
}

// TestTopology: 2 packages of 3 cores of 2 threads. SDM Vol. 3A, "Hierarchical Mapping of
// Shared Resources": every number in as many bits as it needs.
func TestTopology(t *testing.T) {
	top := Topology{Cores: 3, Threads: 2}
	var ids []uint32
	for i := range 12 {
		ids = append(ids, top.APICID(i))
	}
	assert.Equal(t, []uint32{0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13}, ids)

	r := newRig(t, "max")
	r.APIC, r.Topology, r.ID = &fakeAPIC{base: 0xfee00800}, top, 13
	_, b, _, d := r.cpuid(1, 0)
	assert.EqualValues(t, 13, b>>24)
	assert.EqualValues(t, 6, b>>16&0xff)
	assert.EqualValues(t, 1, d>>28&1, "HTT")
	a, _, _, _ := r.cpuid(4, 0)
	assert.EqualValues(t, 2, a>>26)
	assert.EqualValues(t, 1, a>>14&0xfff)
	a, b, cx, d := r.cpuid(0xb, 0)
	assert.Equal(t, [4]uint32{1, 2, 0x100, 13}, [4]uint32{a, b, cx, d})
	a, b, cx, d = r.cpuid(0xb, 1)
	assert.Equal(t, [4]uint32{3, 6, 0x201, 13}, [4]uint32{a, b, cx, d})
	a, b, cx, d = r.cpuid(0xb, 2)
	assert.Equal(t, [4]uint32{0, 0, 2, 13}, [4]uint32{a, b, cx, d})
}

func TestStartUpMessage(t *testing.T) {
	r := newRig(t, "max")
	r.Start(0x12)
	assert.Equal(t, Active, r.Activity)
	assert.NotZero(t, r.RIP(), "it did not wait")
	r.Init()
	r.Activity = WaitSIPI
	assert.True(t, r.Asleep())
	_, reason := r.Run(10)
	assert.Equal(t, ExitHalt, reason)
	r.Start(0x12)
	assert.False(t, r.Asleep())
	assert.EqualValues(t, 0x1200, r.Seg[1].Sel)
	assert.EqualValues(t, 0x12000, r.S.R[RegSeg+1])
	assert.Zero(t, r.RIP())
}
