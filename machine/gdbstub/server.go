package gdbstub

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/glassbox-vm/glassbox/cpu"
)

// A Target is the machine as gdb controls it. Its methods are called by Serve alone, one
// at a time.
type Target interface {
	// CPUs are the processors: gdb's threads 1, 2, …
	CPUs() []*cpu.CPU
	// SetState replaces the registers of a processor; a state that no processor could be
	// in is an error.
	SetState(n int, s cpu.Snapshot) error
	// ReadMemory copies linear memory as processor n sees it, whatever the rights, and
	// returns how many bytes are mapped.
	ReadMemory(n int, addr uint64, p []byte) int
	// WriteMemory stores p.
	WriteMemory(n int, addr uint64, p []byte) error
	// SetPoint makes a breakpoint or watchpoint at a linear address, or removes it.
	SetPoint(k PointKind, addr, size uint64, on bool) error
	// Resume lets the machine go on until it stops. ctx interrupts it.
	Resume(ctx context.Context, how Resume) (Stop, error)
	// CanReverse says whether Resume can go back.
	CanReverse() bool
	// Command is what follows "monitor".
	Command(ctx context.Context, line string, out io.Writer)
}

// A PointKind is the kind of a breakpoint or watchpoint, as the protocol numbers them.
type PointKind uint8

// Kinds of points.
const (
	SoftwareBreak PointKind = iota
	HardwareBreak
	WatchWrite
	WatchRead
	WatchAccess
)

// An End is how a connection ended.
type End uint8

// Ends.
const (
	Detached     End = iota // gdb let go: the machine goes on
	Disconnected            // gdb is gone
	Killed                  // gdb wants the machine to end
)

// maxRead is the most bytes that one packet asks for.
const maxRead = MaxPacket/2 - 64

// A server is one connection.
type server struct {
	t      Target
	w      io.Writer
	events chan event
	noAck  bool
	last   []byte // frame sent last, for gdb to ask again
	arch   Arch
	next   *Arch // of the next connection
	regs   []register
	xml    string

	thread   int // processor that g, p, m and their kin are about
	stop     Stop
	swbreak  bool // gdb understands why it was stopped
	hwbreak  bool
	ended    bool
	howEnded End
}

// Serve talks to gdb until the connection ends. The machine must stand still when it is
// called; at says why. arch chooses the description, and "monitor arch" changes it for the
// next time.
func Serve(ctx context.Context, conn io.ReadWriter, t Target, arch *Arch, at Stop) (End, error) {
	s := &server{t: t, w: &locked{w: conn}, events: make(chan event, 16), next: arch, stop: at, thread: at.CPU}
	s.describe(*arch)
	done := make(chan struct{})
	defer close(done)
	go s.read(bufio.NewReader(conn), done)
	for !s.ended {
		var e event
		select {
		case e = <-s.events:
		case <-ctx.Done():
			return Disconnected, nil
		}
		switch {
		case errors.Is(e.err, errPacket):
			return Disconnected, e.err
		case e.err != nil:
			return Disconnected, nil
		case e.nak && s.last != nil:
			if _, err := s.w.Write(s.last); err != nil {
				return Disconnected, nil
			}
		case e.packet != nil:
			if err := s.packet(ctx, string(e.packet)); err != nil {
				return Disconnected, err
			}
		}
	}
	return s.howEnded, nil
}

// A locked writer is for answers and acknowledgements, which different goroutines send.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// describe chooses the description.
func (s *server) describe(a Arch) {
	if a == Auto {
		state := s.t.CPUs()[s.thread].Save()
		a = archFor(codeBits(&state))
	}
	s.arch = a
	s.regs = registersFor(a.bits())
	s.xml = description(a, s.regs)
}

// read passes on what arrives, and acknowledges it until gdb says that it need not be.
func (s *server) read(r *bufio.Reader, done <-chan struct{}) {
	noAck := false
	for {
		e, bad := readEvent(r)
		if !noAck && (bad || e.packet != nil) {
			mark := "+"
			if bad {
				mark = "-"
			}
			if _, err := io.WriteString(s.w, mark); err != nil {
				e = event{err: err}
			}
		}
		if bad {
			continue
		}
		if string(e.packet) == "QStartNoAckMode" {
			noAck = true
		}
		select {
		case s.events <- e:
		case <-done:
			return
		}
		if e.err != nil {
			return
		}
	}
}

// reply sends a packet.
func (s *server) reply(format string, args ...any) error {
	return s.send([]byte(fmt.Sprintf(format, args...)))
}

func (s *server) send(data []byte) error {
	s.last = frame(data)
	_, err := s.w.Write(s.last)
	return err
}

// Error numbers of replies; gdb shows them only.
const (
	errBad    = "E16" // the packet makes no sense here: EINVAL
	errMemory = "E0e" // EFAULT
	errOther  = "E01"
)

// packet answers one packet. An empty answer says that it is not known.
func (s *server) packet(ctx context.Context, p string) error {
	if p == "" {
		return s.reply("")
	}
	switch p[0] {
	case '?':
		return s.reply("%s", s.stopText())
	case 'q', 'Q':
		return s.query(ctx, p)
	case 'v':
		return s.verbose(ctx, p)
	case 'g':
		return s.reply("%s", hex.EncodeToString(s.allRegisters()))
	case 'G':
		return s.setAll(p[1:])
	case 'p':
		return s.one(p[1:])
	case 'P':
		return s.setOne(p[1:])
	case 'm':
		return s.readMemory(p[1:])
	case 'M', 'X':
		return s.writeMemory(p)
	case 'Z', 'z':
		return s.point(p)
	case 'H':
		return s.selectThread(p[1:])
	case 'T':
		if _, ok := s.threadNumber(p[1:]); ok {
			return s.reply("OK")
		}
		return s.reply(errBad)
	case 'c', 'C', 's', 'S', 'b':
		return s.run(ctx, p)
	case 'D':
		s.ended, s.howEnded = true, Detached
		return s.reply("OK")
	case 'k':
		s.ended, s.howEnded = true, Killed
		return nil
	}
	return s.reply("")
}

// query answers the general queries.
func (s *server) query(ctx context.Context, p string) error {
	name, args, _ := strings.Cut(p, ":")
	switch name {
	case "qSupported":
		return s.supported(args)
	case "QStartNoAckMode":
		s.noAck = true
		return s.reply("OK")
	case "qAttached":
		return s.reply("1")
	case "qC":
		return s.reply("QC%x", s.thread+1)
	case "qfThreadInfo":
		var ids []string
		for i := range s.t.CPUs() {
			ids = append(ids, fmt.Sprintf("%x", i+1))
		}
		return s.reply("m%s", strings.Join(ids, ","))
	case "qsThreadInfo":
		return s.reply("l")
	case "qSymbol":
		return s.reply("OK")
	case "qXfer":
		return s.transfer(args)
	}
	if id, ok := strings.CutPrefix(p, "qThreadExtraInfo,"); ok {
		return s.threadInfo(id)
	}
	if command, ok := strings.CutPrefix(p, "qRcmd,"); ok {
		return s.monitor(ctx, command)
	}
	return s.reply("")
}

// supported tells what the stub can do.
func (s *server) supported(args string) error {
	for f := range strings.SplitSeq(args, ";") {
		switch f {
		case "swbreak+":
			s.swbreak = true
		case "hwbreak+":
			s.hwbreak = true
		}
	}
	text := fmt.Sprintf("PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;vContSupported+;swbreak+;hwbreak+", MaxPacket)
	if s.t.CanReverse() {
		text += ";ReverseStep+;ReverseContinue+"
	}
	return s.reply("%s", text)
}

// transfer sends a part of one of the documents: OBJECT:read:ANNEX:OFFSET,LENGTH.
func (s *server) transfer(args string) error {
	f := strings.Split(args, ":")
	if len(f) != 4 || f[1] != "read" {
		return s.reply("")
	}
	var doc string
	switch f[0] + ":" + f[2] {
	case "features:target.xml":
		doc = s.xml
	case "memory-map:":
		doc = memoryMap
	default:
		return s.reply("E00")
	}
	off, n, _, ok := parseRange(f[3])
	if !ok {
		return s.reply(errBad)
	}
	if off >= uint64(len(doc)) {
		return s.reply("l")
	}
	n = min(n, maxRead)
	if rest := doc[off:]; uint64(len(rest)) > n {
		return s.send([]byte("m" + rest[:n]))
	}
	return s.send([]byte("l" + doc[off:]))
}

// threadInfo describes a processor in info threads.
func (s *server) threadInfo(id string) error {
	n, ok := s.threadNumber(id)
	if !ok {
		return s.reply(errBad)
	}
	c := s.t.CPUs()[n]
	text := fmt.Sprintf("CPU %d", n)
	if c.Activity != cpu.Active {
		text += " " + [...]string{cpu.Halted: "halted", cpu.Shutdown: "shut down", cpu.WaitSIPI: "waits for SIPI", cpu.Waiting: "waits"}[c.Activity]
	}
	return s.reply("%s", hex.EncodeToString([]byte(text)))
}

// threadNumber reads a thread ID; 0 and -1 mean the present one.
func (s *server) threadNumber(id string) (n int, ok bool) {
	if id == "-1" {
		return s.thread, true
	}
	v, err := strconv.ParseUint(id, 16, 16)
	switch {
	case err != nil || int(v) > len(s.t.CPUs()):
		return 0, false
	case v == 0:
		return s.thread, true
	}
	return int(v) - 1, true
}

// selectThread is Hg and Hc; the latter is vCont's business.
func (s *server) selectThread(p string) error {
	if p == "" {
		return s.reply(errBad)
	}
	n, ok := s.threadNumber(p[1:])
	if !ok {
		return s.reply(errBad)
	}
	if p[0] == 'g' {
		s.thread = n
	}
	return s.reply("OK")
}

// monitor runs a command of the debugger. Its output goes out before the answer.
func (s *server) monitor(ctx context.Context, text string) error {
	line, err := hex.DecodeString(text)
	if err != nil {
		return s.reply(errBad)
	}
	var out strings.Builder
	if name, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "arch"); ok {
		s.setArch(strings.TrimSpace(name), &out)
	} else {
		s.t.Command(ctx, string(line), &out)
	}
	for rest := out.String(); rest != ""; {
		n := min(len(rest), maxRead)
		if err := s.reply("O%s", hex.EncodeToString([]byte(rest[:n]))); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return s.reply("OK")
}

// setArch is monitor arch.
func (s *server) setArch(name string, out io.Writer) {
	if a, ok := ParseArch(name); ok {
		*s.next = a
		fmt.Fprintf(out, "%v from the next connection on: disconnect, then target remote again\n", a)
		return
	}
	fmt.Fprintf(out, "now %v; there are auto, i8086, i386 and x86-64\n", s.arch)
}

// state is the state of the present thread.
func (s *server) state() cpu.Snapshot { return s.t.CPUs()[s.thread].Save() }

func (s *server) allRegisters() (p []byte) {
	state := s.state()
	for i := range s.regs {
		p = s.regs[i].read(&state, p)
	}
	return p
}

// setAll is G.
func (s *server) setAll(text string) error {
	p, err := hex.DecodeString(text)
	if err != nil {
		return s.reply(errBad)
	}
	state := s.state()
	for i := range s.regs {
		n := s.regs[i].size()
		if len(p) < n {
			break
		}
		s.regs[i].write(&state, p[:n])
		p = p[n:]
	}
	return s.commit(state)
}

// commit makes a state the processor's.
func (s *server) commit(state cpu.Snapshot) error {
	if err := s.t.SetState(s.thread, state); err != nil {
		return s.reply(errBad)
	}
	return s.reply("OK")
}

// one is p: the register with a number.
func (s *server) one(text string) error {
	n, _, ok := parseHex(text)
	if !ok || n >= uint64(len(s.regs)) {
		return s.reply(errBad)
	}
	state := s.state()
	return s.reply("%s", hex.EncodeToString(s.regs[n].read(&state, nil)))
}

// setOne is P.
func (s *server) setOne(text string) error {
	n, rest, ok := parseHex(text)
	if !ok || n >= uint64(len(s.regs)) || !strings.HasPrefix(rest, "=") {
		return s.reply(errBad)
	}
	p, err := hex.DecodeString(rest[1:])
	if err != nil || len(p) != s.regs[n].size() {
		return s.reply(errBad)
	}
	state := s.state()
	s.regs[n].write(&state, p)
	return s.commit(state)
}

// readMemory is m. What is mapped at the beginning is sent, even if not all is.
func (s *server) readMemory(text string) error {
	addr, n, _, ok := parseRange(text)
	if !ok {
		return s.reply(errBad)
	}
	p := make([]byte, min(n, maxRead))
	got := s.t.ReadMemory(s.thread, addr, p)
	if got == 0 && n > 0 {
		return s.reply(errMemory)
	}
	return s.reply("%s", hex.EncodeToString(p[:got]))
}

// writeMemory is M, in hexadecimal, and X, in bytes.
func (s *server) writeMemory(p string) error {
	addr, n, rest, ok := parseRange(p[1:])
	if !ok || !strings.HasPrefix(rest, ":") {
		return s.reply(errBad)
	}
	data := []byte(rest[1:])
	if p[0] == 'M' {
		var err error
		if data, err = hex.DecodeString(rest[1:]); err != nil {
			return s.reply(errBad)
		}
	}
	if uint64(len(data)) != n {
		return s.reply(errBad)
	}
	if n == 0 { // gdb asks whether X is known
		return s.reply("OK")
	}
	if err := s.t.WriteMemory(s.thread, addr, data); err != nil {
		return s.reply(errMemory)
	}
	return s.reply("OK")
}

// point is Z and z: KIND,ADDRESS,LENGTH.
func (s *server) point(p string) error {
	if len(p) < 3 || p[2] != ',' || p[1] < '0' || p[1] > '4' {
		return s.reply("")
	}
	addr, n, _, ok := parseRange(p[3:])
	if !ok {
		return s.reply(errBad)
	}
	if err := s.t.SetPoint(PointKind(p[1]-'0'), addr, max(n, 1), p[0] == 'Z'); err != nil {
		return s.reply(errOther)
	}
	return s.reply("OK")
}
