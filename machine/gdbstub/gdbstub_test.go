package gdbstub

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// bench is a target of two processors and 64 KiB of memory that never runs.
type bench struct {
	cpus    []*cpu.CPU
	mem     [1 << 16]byte
	points  []string
	resumed []Resume
	stop    Stop
	blocks  bool // Resume waits for its context
}

func newBench(t testing.TB) *bench {
	mem, err := phys.New(1 << 20)
	require.NoError(t, err)
	t.Cleanup(func() { mem.Close() })
	model, err := cpu.NewModel("")
	require.NoError(t, err)
	b := &bench{}
	for range 2 {
		c, err := cpu.New(model, mem)
		require.NoError(t, err)
		c.Reset()
		b.cpus = append(b.cpus, c)
	}
	return b
}

func (b *bench) CPUs() []*cpu.CPU                     { return b.cpus }
func (b *bench) SetState(n int, s cpu.Snapshot) error { return b.cpus[n].Restore(s) }
func (b *bench) CanReverse() bool                     { return true }
func (b *bench) ReadMemory(_ int, addr uint64, p []byte) int {
	if addr >= uint64(len(b.mem)) {
		return 0
	}
	return copy(p, b.mem[addr:])
}
func (b *bench) WriteMemory(_ int, addr uint64, p []byte) error {
	if addr >= uint64(len(b.mem)) {
		return errors.New("not mapped")
	}
	copy(b.mem[addr:], p)
	return nil
}
func (b *bench) SetPoint(k PointKind, addr, size uint64, on bool) error {
	b.points = append(b.points, fmt.Sprintf("%d %#x %d %v", k, addr, size, on))
	return nil
}
func (b *bench) Resume(ctx context.Context, how Resume) (Stop, error) {
	b.resumed = append(b.resumed, how)
	if b.blocks {
		<-ctx.Done()
		return Stop{Kind: Interrupted, CPU: 1}, nil
	}
	return b.stop, nil
}
func (b *bench) Command(_ context.Context, line string, out io.Writer) {
	fmt.Fprintf(out, "you said %s\n", line)
}

// A client is gdb's side.
type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	end  chan End
}

// connect serves b to a client that needs no acknowledgements.
func connect(t *testing.T, b *bench) *client {
	here, there := net.Pipe()
	c := &client{t, here, bufio.NewReader(here), make(chan End, 1)}
	arch := Auto
	go func() {
		end, _ := Serve(context.Background(), there, b, &arch, Stop{Kind: Interrupted})
		there.Close()
		c.end <- end
	}()
	t.Cleanup(func() { here.Close() })
	_ = here.SetDeadline(time.Now().Add(20 * time.Second))
	c.send("QStartNoAckMode")
	require.Equal(t, "+", c.take(1))
	require.Equal(t, "OK", c.answer())
	return c
}

func (c *client) take(n int) string {
	p := make([]byte, n)
	_, err := io.ReadFull(c.r, p)
	require.NoError(c.t, err)
	return string(p)
}

func (c *client) send(packet string) {
	_, err := c.conn.Write(frame([]byte(packet)))
	require.NoError(c.t, err)
}

func (c *client) answer() string {
	e, bad := readEvent(c.r)
	require.False(c.t, bad)
	require.NoError(c.t, e.err)
	return string(e.packet)
}

// ask sends a packet and checks the answer.
func (c *client) ask(packet, want string) {
	c.t.Helper()
	c.send(packet)
	assert.Equal(c.t, want, c.answer(), packet)
}

func TestPackets(t *testing.T) {
	b := newBench(t)
	c := connect(t, b)
	copy(b.mem[0x100:], "glassbox")
	c.ask("?", "T02thread:1;")
	c.ask("vMustReplyEmpty", "")
	c.ask("qAttached", "1")
	c.ask("qfThreadInfo", "m1,2")
	c.ask("qsThreadInfo", "l")
	c.ask("qThreadExtraInfo,2", hex.EncodeToString([]byte("CPU 1")))
	c.ask("T2", "OK")
	c.ask("T3", "E16")
	c.ask("m100,8", hex.EncodeToString([]byte("glassbox")))
	c.ask("m100000,8", "E0e")
	c.ask("mfffe,8", "0000") // as much as there is
	c.ask("M200,2:abcd", "OK")
	assert.Equal(t, []byte{0xab, 0xcd}, b.mem[0x200:0x202])
	c.ask("X202,4:}\x03#$", "OK") // frame escapes what it must
	assert.Equal(t, []byte("}\x03#$"), b.mem[0x202:0x206])
	c.ask("X202,0:", "OK")
	c.ask("M200,3:abcd", "E16")
	c.ask("M100000,1:00", "E0e")
	c.ask("Z0,7c00,1", "OK")
	c.ask("z0,7c00,1", "OK")
	c.ask("Z4,500,8", "OK")
	assert.Equal(t, []string{"0 0x7c00 1 true", "0 0x7c00 1 false", "4 0x500 8 true"}, b.points)
	c.ask("Z7,1,1", "")
	c.send("qRcmd," + hex.EncodeToString([]byte("info cpu")))
	assert.Equal(t, "O"+hex.EncodeToString([]byte("you said info cpu\n")), c.answer())
	assert.Equal(t, "OK", c.answer())
	c.ask("qXfer:memory-map:read::0,1000", "l"+memoryMap)
	c.ask("D", "OK")
	assert.Equal(t, Detached, <-c.end)
}

func TestResuming(t *testing.T) {
	b := newBench(t)
	c := connect(t, b)
	c.send("qSupported:multiprocess+;swbreak+;hwbreak+")
	assert.Contains(t, c.answer(), "ReverseStep+;ReverseContinue+")
	c.ask("vCont?", "vCont;c;C;s;S")
	for _, tc := range []struct {
		packet string
		stop   Stop
		want   string
		how    Resume
	}{
		{"vCont;c", Stop{Kind: HitBreak, CPU: 1}, "T05swbreak:;thread:2;", Resume{}},
		{"vCont;s:2;c", Stop{CPU: 1}, "T05thread:2;", Resume{CPU: 1, Step: true}},
		{"vCont;c:1", Stop{Kind: HitBreak, Point: HardwareBreak}, "T05hwbreak:;thread:1;", Resume{CPU: 1}},
		{"c", Stop{Kind: HitWatch, Point: WatchRead, Addr: 0x500}, "T05rwatch:500;thread:1;", Resume{}},
		{"s", Stop{}, "T05thread:1;", Resume{Step: true}},
		{"bs", Stop{}, "T05thread:1;", Resume{Step: true, Reverse: true}},
		{"bc", Stop{Kind: Beginning}, "T05replaylog:begin;thread:1;", Resume{Reverse: true}},
		{"c", Stop{Kind: Crashed}, "T0bthread:1;", Resume{}},
		{"c", Stop{Kind: Exited, Code: 3}, "W03", Resume{}},
	} {
		b.stop, b.resumed = tc.stop, nil
		c.ask(tc.packet, tc.want)
		assert.Equal(t, []Resume{tc.how}, b.resumed, tc.packet)
	}
	b.resumed = nil
	c.ask("c", "W03")
	assert.Empty(t, b.resumed, "what has ended does not go on")
}

func TestCtrlCStopsTheMachine(t *testing.T) {
	b := newBench(t)
	b.blocks = true
	c := connect(t, b)
	c.send("vCont;c")
	_, err := c.conn.Write([]byte{3})
	require.NoError(t, err)
	assert.Equal(t, "T02thread:2;", c.answer())
	c.send("vCont;c")
	c.conn.Close() // gdb was killed
	assert.Equal(t, Disconnected, <-c.end)
}

func TestAcknowledgements(t *testing.T) {
	here, there := net.Pipe()
	b, arch := newBench(t), Auto
	go func() { _, _ = Serve(context.Background(), there, b, &arch, Stop{}) }()
	defer here.Close()
	_ = here.SetDeadline(time.Now().Add(20 * time.Second))
	c := &client{t: t, conn: here, r: bufio.NewReader(here)}
	_, err := here.Write([]byte("$qC#00"))
	require.NoError(t, err)
	assert.Equal(t, "-", c.take(1), "the checksum is wrong")
	c.send("qC")
	assert.Equal(t, "+$QC1#c5", c.take(8))
	_, err = here.Write([]byte("-"))
	require.NoError(t, err)
	assert.Equal(t, "$QC1#c5", c.take(7), "once more")
}

// registers reads all of them by name.
func (c *client) registers(a Arch) map[string]string {
	c.send("g")
	p, err := hex.DecodeString(c.answer())
	require.NoError(c.t, err)
	all := map[string]string{}
	for _, r := range registersFor(a.bits()) {
		all[r.name] = hex.EncodeToString(p[:r.size()])
		p = p[r.size():]
	}
	require.Empty(c.t, p)
	return all
}

func TestRegistersInRealMode(t *testing.T) {
	b := newBench(t)
	s := b.cpus[0].Save()
	s.GPR[x86.RAX] = 0x1122334455667788
	s.Seg[x86.CS].Sel, s.Seg[x86.CS].Base, s.RIP = 0x1000, 0x10000, 0x234
	require.NoError(t, b.cpus[0].Restore(s))
	c := connect(t, b)
	r := c.registers(I8086)
	assert.Equal(t, "88776655", r["eax"])
	assert.Equal(t, "34020100", r["eip"], "linear CS:IP")
	assert.Equal(t, "00100000", r["cs"])
	c.ask("P8=00050100", "OK") // eip = 10500h
	assert.Equal(t, uint64(0x500), b.cpus[0].RIP())
	c.ask("p8", "00050100")
	c.ask("P0=01000000", "OK")
	assert.Equal(t, uint64(1), b.cpus[0].S.R[x86.RAX])
	c.ask("P9=00000080", "E16") // no processor has these flags
	c.ask("p1000", "E16")
}

func TestRegistersInLongMode(t *testing.T) {
	b := newBench(t)
	s := b.cpus[1].Save()
	s.CR0 |= x86.CR0_PE | x86.CR0_PG
	s.CR4 |= x86.CR4_PAE
	s.EFER |= x86.EFER_LME | x86.EFER_LMA
	s.Seg[x86.CS] = cpu.SegmentSnapshot{Sel: 8, Attr: 0xa09b, Limit: 1<<32 - 1}
	s.RIP, s.GPR[x86.R15] = 0xffffffff81000000, 0x123456789
	s.X87.SW, s.X87.Tag = 7<<11, 0x80
	s.X87.Reg[7].Sig, s.X87.Reg[7].SE = 1<<63, 0x3fff // 1.0 in ST(0)
	s.XMM[15][0], s.XMM[15][31] = 0x11, 0x22
	s.Seg[x86.FS].Base = 0x7fff0000
	require.NoError(t, b.cpus[1].Restore(s))
	c := connect(t, b)
	c.ask("Hg2", "OK")
	state := b.cpus[1].Save()
	for _, tc := range []struct{ name, want string }{
		{"rip", "00000081ffffffff"}, {"r15", "8967452301000000"}, {"st0", "0000000000000080ff3f"}, {"ftag", "ff3f0000"},
		{"xmm15", "11" + strings.Repeat("00", 15)}, {"ymm15h", strings.Repeat("00", 15) + "22"}, {"fs_base", "0000ff7f00000000"},
	} {
		for _, r := range registersFor(64) {
			if r.name == tc.name {
				assert.Equal(t, tc.want, hex.EncodeToString(r.read(&state, nil)), tc.name)
			}
		}
	}
}

// Whatever is read can be written back.
func TestEveryRegisterGoesBothWays(t *testing.T) {
	b := newBench(t)
	for _, bits := range []int{32, 64} {
		for _, r := range registersFor(bits) {
			s := b.cpus[0].Save()
			before := r.read(&s, nil)
			require.Len(t, before, r.size(), r.name)
			r.write(&s, before)
			require.True(t, b.cpus[0].Save() == s, r.name)
			other := bytes.Repeat([]byte{1}, r.size())
			r.write(&s, other)
			if r.name != "ftag" && r.name != "fop" {
				got := r.read(&s, nil)
				assert.Equal(t, other[:2], got[:2], r.name)
			}
		}
	}
}

func TestDescriptionsAreXML(t *testing.T) {
	for _, a := range []Arch{I8086, I386, X8664} {
		text := description(a, registersFor(a.bits()))
		var doc struct {
			Architecture string `xml:"architecture"`
			Features     []struct {
				Name string `xml:"name,attr"`
				Regs []struct {
					Name string `xml:"name,attr"`
					Type string `xml:"type,attr"`
				} `xml:"reg"`
			} `xml:"feature"`
		}
		require.NoError(t, xml.Unmarshal([]byte(text), &doc))
		assert.Equal(t, a.String(), doc.Architecture)
		n := 0
		for _, f := range doc.Features {
			n += len(f.Regs)
		}
		assert.Equal(t, len(registersFor(a.bits())), n)
	}
}

func TestTooLongPacketsEndTheConnection(t *testing.T) {
	b := newBench(t)
	c := connect(t, b)
	go func() { _, _ = c.conn.Write(append([]byte("$"), bytes.Repeat([]byte("m"), 2*MaxPacket)...)) }()
	assert.Equal(t, Disconnected, <-c.end)
}

// FuzzServe sends anything: the stub answers or hangs up.
func FuzzServe(f *testing.F) {
	for _, s := range []string{"?", "g", "m0,10", "M0,1:00", "qSupported:a;b", "vCont;s:1;c", "Z0,1,1", "p3", "P3=00", "qXfer:features:read:target.xml:0,10", "qRcmd,6162", "Hg1", "X0,1:a", "bs"} {
		f.Add(string(frame([]byte(s))))
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, text string) {
		arch := Auto
		conn := struct {
			io.Reader
			io.Writer
		}{strings.NewReader(text), io.Discard}
		_, _ = Serve(context.Background(), conn, b, &arch, Stop{})
	})
}
