//go:build linux && amd64 && !purego

package cpu

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	host "syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// What the native tier must bear: little room, heat that changes, the garbage collector, stacks that
// move, a profiler, other machines, processors that share it, hosts without it.

// limitCode leaves the tier room for n bytes of code beside what it keeps free.
func (r *fzRig) limitCode(n int) {
	t := r.cpu.fast.native
	t.code.Code = t.code.Code[:nativeRoom+n]
}

// Code that soon has no room is forgotten, and nothing of it is entered later.
func TestNativeTierWithLittleRoom(t *testing.T) {
	a, b := newFzRig(t), newFzRig(t)
	b.cpu.SetNative(1)
	b.limitCode(6 << 10)
	base := a.cpu.Save()
	for i := range 600 {
		_, ok := fzRun(t, a, b, nfMake(base, *fastSeed+uint64(i)))
		require.True(t, ok)
	}
	f := b.cpu.fast
	require.Greater(t, f.flushed, uint64(300))
	t.Logf("%d blocks built, %d flushes, %s", f.built, f.flushed, f.native.stats())
}

// When the room is used up by code that was once hot, what is hot now gets some, also if no block is
// built any more.
func TestNativeTierMakesRoomForWhatIsHot(t *testing.T) {
	r := newFzRig(t)
	r.cpu.SetNative(2) // all blocks are built before the first becomes machine code
	r.limitCode(5 << 10)
	r.load(t, fzHand(r.cpu.Save(), "long", strings.Repeat("eb00", 60)+"eb86")) // 60 jumps forward, one back
	for range 5 {
		r.cpu.RunFast(10_000)
	}
	require.GreaterOrEqual(t, r.cpu.fast.flushed, uint64(4))
}

// Blocks become machine code now at once, now never, now the tier is gone.
func TestNativeTierComesAndGoes(t *testing.T) {
	a, b := newFzRig(t), newFzRig(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	base := a.cpu.Save()
	for i := range 600 {
		switch n := rnd.IntN(20); {
		case n == 0:
			b.cpu.SetNative(uint32(rnd.IntN(3)))
		case n < 10:
			b.cpu.fast.native.setHeat(1 + uint32(rnd.IntN(2))<<20)
		}
		_, ok := fzRun(t, a, b, nfMake(base, *fastSeed+1000+uint64(i)))
		require.True(t, ok)
		if b.cpu.fast == nil || b.cpu.fast.native == nil {
			b.cpu.SetNative(1)
		}
	}
}

// deeper calls f with n frames more on the stack.
func deeper(n int, f func()) byte {
	var frame [512]byte
	if n == 0 {
		f()
	} else {
		frame[n%512] = deeper(n-1, f)
	}
	return frame[(n+1)%512]
}

// Several machines run side by side while the collector never rests, stacks grow and shrink and a
// profiler interrupts.
func TestNativeTierBesideTheCollector(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	if err := pprof.StartCPUProfile(io.Discard); err == nil {
		defer pprof.StopCPUProfile()
	}
	var stop atomic.Bool
	var collector, machines sync.WaitGroup
	collector.Go(func() {
		for !stop.Load() {
			runtime.GC()
		}
	})
	for n := range 3 {
		a, b := newFzRig(t), newFzRig(t)
		b.cpu.SetNative(1 + uint32(n))
		b.limitCode(64 << 10)
		base := a.cpu.Save()
		loop := fzHand(base, "long", "b9a0860100 48ff0424 4801c8 48d3c0 4883c504 ffc9 75ee ebe7") // a loop without end
		programs := make([]*fzProgram, 60)                                                        // fzMake is not for several goroutines
		for i := range programs {
			programs[i] = nfMake(base, *fastSeed+uint64(2000+100*n+i))
		}
		machines.Go(func() {
			for i, p := range programs {
				deeper(i*17%300, func() {
					_, ok := fzRun(t, a, b, p)
					assert.True(t, ok)
				})
				if i%8 == 0 {
					b.load(t, loop)
					executed, _ := b.cpu.RunFast(3_000_000)
					assert.Equal(t, int64(3_000_000), executed)
				}
			}
		})
	}
	machines.Wait()
	stop.Store(true)
	collector.Wait()
}

// mappings is how many mappings the process has.
func mappings(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	return bytes.Count(b, []byte("\n"))
}

// Machines that are closed leave no code mapped.
func TestNativeTierIsUnmapped(t *testing.T) {
	before := 0
	for i := range 60 {
		t.Run("machine", func(t *testing.T) {
			r := newFzRig(t)
			r.cpu.SetNative(uint32(i % 3))
			r.load(t, fzHand(r.cpu.Save(), "long", "48ffc0 ebfb")) // inc rax; jmp
			r.cpu.RunFast(1000)
			if i%2 == 0 {
				r.cpu.SetNative(0)
			}
		})
		if i == 10 {
			before = mappings(t)
		}
	}
	require.Less(t, mappings(t), before+10)
}

// A host that refuses memory for code runs the fast engine without it.
func TestNativeTierIsRefused(t *testing.T) {
	a, b := newFzRig(t), newFzRig(t)
	base := a.cpu.Save()
	programs := make([]*fzProgram, 40)
	for i := range programs {
		programs[i] = nfMake(base, *fastSeed+uint64(i))
	}
	var files host.Rlimit
	require.NoError(t, host.Getrlimit(host.RLIMIT_NOFILE, &files))
	none := files
	none.Cur = 0
	require.NoError(t, host.Setrlimit(host.RLIMIT_NOFILE, &none))
	b.cpu.SetNative(1)
	require.NoError(t, host.Setrlimit(host.RLIMIT_NOFILE, &files))
	require.Nil(t, b.cpu.fast.native)
	for _, p := range programs {
		_, ok := fzRun(t, a, b, p)
		require.True(t, ok)
	}
	b.cpu.SetNative(1) // the host has thought better of it
	require.NotNil(t, b.cpu.fast.native)
}

// An fzPair is a machine of two processors.
type fzPair struct {
	*fzRig
	cpus [2]*CPU
}

func newFzPair(t *testing.T) *fzPair {
	r := newFzRig(t)
	second, err := New(r.cpu.Model, r.mem)
	require.NoError(t, err)
	t.Cleanup(func() { second.Close() })
	second.Join(r.cpu, 1)
	second.Ports, second.ReadTSC, second.CPI = r, second.Count, r.cpu.CPI
	p := &fzPair{r, [2]*CPU{r.cpu, second}}
	r.mem.OnMapChange = func() { r.cpu.MMU.Flush(); second.MMU.Flush() }
	r.mem.OnProtect = func(off, size uint64) {
		p.cpus[0].MMU.DropPages(off, size)
		p.cpus[1].MMU.DropPages(off, size)
	}
	return p
}

// Two processors take turns with one tier, in two modes where the program allows that, and share code
// and data.
func TestNativeTierOfTwoProcessors(t *testing.T) {
	a, b := newFzPair(t), newFzPair(t)
	b.cpus[1].SetNative(1)
	base := a.cpu.Save()
	for i := range 600 {
		p := nfMake(base, *fastSeed+uint64(3000+i))
		rnd := rand.New(rand.NewPCG(uint64(i), 5))
		second := *p
		if p.mode == "long" && rnd.IntN(2) == 0 {
			second.mode, second.state = "user", base
			second.registers(rnd)
			second.state.GPR = p.state.GPR
		}
		second.state.GPR[x86.RSP] -= 0x100
		second.state.RIP = p.at[rnd.IntN(2)]
		for _, m := range []*fzPair{a, b} {
			m.fzRig.cpu = m.cpus[0]
			m.load(t, p)
			m.cpus[1].INTR, m.cpus[1].NMI, m.cpus[1].stop, m.cpus[1].instructions = false, false, 0, 0
			require.NoError(t, m.cpus[1].Restore(second.state))
		}
		for range 30 {
			k := rnd.IntN(2)
			n := 1 + rnd.Int64N(200)
			a.fzRig.cpu, b.fzRig.cpu = a.cpus[k], b.cpus[k]
			x, rx := a.cpu.Run(n)
			y, ry := b.cpu.RunFast(n)
			require.Equal(t, []any{x, rx}, []any{y, ry}, "program %d", i)
			require.True(t, a.cpus[0].Save() == b.cpus[0].Save() && a.cpus[1].Save() == b.cpus[1].Save(), "program %d", i)
			require.True(t, a.sameMemory(b.fzRig), "program %d", i)
			require.True(t, slices.Equal(a.log, b.log), "program %d", i)
			if rx == ExitInterrupt {
				a.cpu.INTR, b.cpu.INTR = false, false
				a.cpu.Interrupt(3)
				b.cpu.Interrupt(3)
			}
		}
	}
	t.Log(b.cpus[0].fast.native.stats())
}
