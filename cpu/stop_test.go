package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// engines are the ways to run.
var engines = map[string]func(*CPU, int64) (int64, ExitReason){"plain": (*CPU).Run, "fast": (*CPU).RunFast}

func TestStops(t *testing.T) {
	const code = "b81000 0000" + // 10000 mov eax, 10h
		"890425 00100200" + // 10005 mov [21000h], eax
		"8b0425 02100200" + // 1000c mov eax, [21002h]
		"ff0425 00200200" + // 10013 inc dword [22000h]
		"ff0425 00200200" + // 1001a inc dword [22000h]
		"e660" + // 10021 out 60h, al
		"b910000000 0f32" + // 10023 mov ecx, 10h; rdmsr
		"cd03 9090" + // 1002a int 3; the handler goes on two bytes later
		"f4"
	for _, tc := range []struct {
		name   string
		stops  Stops
		reason ExitReason
		rip    uint64 // where it stops
		want   Stop
	}{
		{"breakpoint on the first instruction", Stops{Breakpoints: []uint64{0x10000}}, ExitBreakpoint, 0x10000, Stop{Kind: StopBreakpoint, RIP: 0x10000, Addr: 0x10000}},
		{"breakpoint inside a block", Stops{Breakpoints: []uint64{0x5, 0x10013}}, ExitBreakpoint, 0x10013, Stop{Kind: StopBreakpoint, RIP: 0x10013, Addr: 0x10013, Count: 3}},
		{"breakpoint between instructions is none", Stops{Breakpoints: []uint64{0x10014}}, ExitHalt, 0, Stop{}},
		{"physical breakpoint", Stops{Physical: []phys.Addr{0x10005}}, ExitBreakpoint, 0x10005, Stop{Kind: StopBreakpoint, RIP: 0x10005, Addr: 0x10005, Count: 1}},
		{"write", Stops{Watches: []mmu.Watch{{Addr: 0x21003, Size: 1, Write: true}}}, ExitWatch, 0x1000c, Stop{Kind: StopWrite, RIP: 0x10005, Addr: 0x21000, Size: 4, Value: 0x10, Count: 1}},
		{"read", Stops{Watches: []mmu.Watch{{Addr: 0x21005, Size: 1, Read: true}}}, ExitWatch, 0x10013, Stop{Kind: StopRead, RIP: 0x1000c, Addr: 0x21002, Size: 4, Count: 2}},
		{"byte beside", Stops{Watches: []mmu.Watch{{Addr: 0x21006, Size: 1, Read: true, Write: true}}}, ExitHalt, 0, Stop{}},
		{"physical write", Stops{Watches: []mmu.Watch{{Addr: 0x22000, Size: 8, Phys: true, Write: true}}}, ExitWatch, 0x1001a, Stop{Kind: StopWrite, RIP: 0x10013, Addr: 0x22000, Size: 4, Value: 1, Count: 3}},
		{"port", Stops{Ports: []PortWatch{{First: 0x5f, Last: 0x60, Out: true}}}, ExitWatch, 0x10023, Stop{Kind: StopOut, RIP: 0x10021, Addr: 0x60, Size: 1, Count: 5}},
		{"port in the other direction", Stops{Ports: []PortWatch{{First: 0x5f, Last: 0x60, In: true}}}, ExitHalt, 0, Stop{}},
		{"MSR", Stops{MSRs: []MSRWatch{{First: 0x10, Last: 0x10, Read: true}}}, ExitWatch, 0x1002a, Stop{Kind: StopReadMSR, RIP: 0x10028, Addr: 0x10, Size: 8, Count: 7}},
		{"INT 3", Stops{Interrupts: [4]uint64{1 << 3}}, ExitWatch, fzHandlers + 3*32, Stop{Kind: StopInterrupt, RIP: 0x1002a, Addr: 3, Event: EventSoftware, Count: 8}},
		{"INT 3 is no exception", Stops{Exceptions: 1 << 3}, ExitHalt, 0, Stop{}},
	} {
		for name, run := range engines {
			t.Run(tc.name+", "+name, func(t *testing.T) {
				r := newFzRig(t)
				r.load(t, fzHand(r.cpu.Save(), "long", code))
				r.cpu.SetStops(tc.stops)
				_, reason := run(r.cpu, 100)
				require.Equal(t, tc.reason, reason)
				if reason == ExitHalt {
					return
				}
				require.Equal(t, tc.rip, r.cpu.RIP())
				require.NotEmpty(t, r.cpu.Stopped())
				got := r.cpu.Stopped()[0]
				if tc.want.Kind == StopRead || tc.want.Kind == StopReadMSR || tc.want.Kind == StopOut {
					got.Value = 0
				}
				require.Equal(t, tc.want, got)
				_, reason = run(r.cpu, 1)
				require.NotEqual(t, ExitBreakpoint, reason, "passes it")
				r.cpu.SetStops(Stops{})
				_, reason = run(r.cpu, 100)
				require.Equal(t, ExitHalt, reason)
			})
		}
	}
}

func TestStopOnExceptionAndModeChange(t *testing.T) {
	for name, run := range engines {
		t.Run(name, func(t *testing.T) {
			r := newFzRig(t)
			r.load(t, fzHand(r.cpu.Save(), "flat32", "90 0f0b 0f20c0 0d00000080 0fba3425001000001f f4")) // ud2; …
			r.cpu.SetStops(Stops{Exceptions: 1 << x86.VecUD})
			_, reason := run(r.cpu, 100)
			require.Equal(t, ExitWatch, reason)
			require.Equal(t, Stop{Kind: StopException, RIP: fzCode + 1, Addr: uint64(x86.VecUD), Count: 1}, r.cpu.Stopped()[0])
			require.Equal(t, uint64(fzHandlers+32*6), r.cpu.RIP())

			r.load(t, fzHand(r.cpu.Save(), "flat32", "0f20c0 24fe 0f22c0 f4")) // clear CR0.PE
			r.cpu.SetStops(Stops{Modes: true})
			n, reason := run(r.cpu, 100)
			require.Equal(t, ExitWatch, reason)
			require.Equal(t, int64(3), n)
			require.Equal(t, StopMode, r.cpu.Stopped()[0].Kind)
		})
	}
}

// A breakpoint on a repeated string instruction stops before it, not before each slice.
func TestBreakpointOnRepeatedString(t *testing.T) {
	for name, run := range engines {
		t.Run(name, func(t *testing.T) {
			r := newFzRig(t)
			r.load(t, fzHand(r.cpu.Save(), "long", "bf00080200 b900200000 f3aa 90 f4")) // 8 KiB at 20800h
			r.cpu.SetStops(Stops{Breakpoints: []uint64{fzCode + 10}})
			n, reason := run(r.cpu, 100)
			require.Equal(t, ExitBreakpoint, reason)
			require.Equal(t, int64(2), n)
			n, reason = run(r.cpu, 2)
			require.Equal(t, ExitBudget, reason)
			require.Equal(t, int64(2), n)
			require.Equal(t, uint64(fzCode+10), r.cpu.RIP(), "in the middle of it")
			n, reason = run(r.cpu, 100)
			require.Equal(t, ExitHalt, reason)
			require.Equal(t, int64(3), n)
		})
	}
}

// Both engines stop at the same places, and what the guest does is what it does when nobody
// looks.
func TestStopsAgreeAndAreInvisible(t *testing.T) {
	bare, fast, plain := newFzRig(t), newFzRig(t), newFzRig(t)
	base := bare.cpu.Save()
	stopped := 0
	for seed := range uint64(400) {
		p := fzMake(base, 1_000_000+seed)
		rnd := rand.New(rand.NewPCG(seed, 5))
		var s Stops
		for range 1 + rnd.IntN(4) {
			s.Breakpoints = append(s.Breakpoints, p.state.RIP+rnd.Uint64N(150), p.state.RIP+rnd.Uint64N(150)+0x1000)
			s.Physical = append(s.Physical, phys.Addr(fzCode+rnd.Uint64N(0x1500)))
			s.Watches = append(s.Watches, mmu.Watch{
				Addr: fzData + rnd.Uint64N(0x4000), Size: 1 + rnd.Uint64N(64), Phys: rnd.IntN(2) == 0, Read: rnd.IntN(2) == 0, Write: true,
			})
		}
		if rnd.IntN(2) == 0 {
			s.Exceptions, s.Modes = rnd.Uint32(), true
			s.Ports = []PortWatch{{Last: 0xffff, In: true, Out: rnd.IntN(2) == 0}}
		}
		for _, r := range []*fzRig{bare, fast, plain} {
			r.load(t, p)
		}
		fast.cpu.SetStops(s)
		plain.cpu.SetStops(s)
		for total := int64(0); total < 300; {
			n := int64(1 + rnd.IntN(80))
			nf, rf := fast.cpu.RunFast(n)
			np, rp := plain.cpu.Run(n)
			require.Equal(t, np, nf, "seed %d", seed)
			require.Equal(t, rp, rf, "seed %d", seed)
			if rp == ExitBreakpoint || rp == ExitWatch {
				require.Equal(t, plain.cpu.Stopped(), fast.cpu.Stopped(), "seed %d", seed)
				stopped++
			}
			bare.cpu.Run(np)
			total += np + 1
			require.Equal(t, bare.cpu.Save(), fast.cpu.Save(), "seed %d", seed)
			require.Equal(t, bare.cpu.Save(), plain.cpu.Save(), "seed %d", seed)
			if rp == ExitHalt || rp == ExitShutdown {
				break
			}
			if rp == ExitInterrupt {
				for _, r := range []*fzRig{bare, fast, plain} {
					r.cpu.INTR = false
					r.cpu.Interrupt(3)
				}
			}
		}
		assert.Equal(t, bare.log, fast.log)
		assert.True(t, bare.sameMemory(fast) && bare.sameMemory(plain))
		fast.cpu.SetStops(Stops{})
		plain.cpu.SetStops(Stops{})
	}
	require.Greater(t, stopped, 1000)
}
