//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A measurement is one workload in one run.
type measurement struct {
	cpu          time.Duration
	instructions uint64 // 0: not known
	output       string
}

// A mark is a line that init.c or boot.S sent, with the CPU time at which it came.
type mark struct {
	kind, name string
	status     uint64
	from, tsc  uint64 // when the work began, in @END; when the mark was sent
	output     string
	cpu        time.Duration
}

// parseMark reads a line of the serial port; most are not marks.
func parseMark(line string) (m mark, ok bool) {
	at := strings.IndexByte(line, '@')
	if at < 0 {
		return m, false
	}
	words := strings.Fields(line[at:])
	m.kind = words[0]
	words = words[1:]
	take := func() string {
		if len(words) == 0 {
			ok = false
			return ""
		}
		w := words[0]
		words = words[1:]
		return w
	}
	number := func() uint64 {
		v, err := strconv.ParseUint(take(), 16, 64)
		ok = ok && err == nil
		return v
	}
	ok = true
	switch m.kind {
	case "@KERNEL", "@FAIL":
	case "@READY", "@DONE":
		m.tsc = number()
	case "@BEGIN":
		m.name = take()
	case "@END":
		m.name, m.status, m.from, m.tsc = take(), number(), number(), number()
		m.output = strings.Join(words, " ")
	default:
		return m, false
	}
	return m, ok
}

// A run is one emulator going through the guest once.
type run struct {
	e       emulator
	results map[string]measurement
	begin   mark // of the workload under way
	boot    time.Duration
}

// take accounts for a mark. It says whether the guest is done.
func (r *run) take(m mark) (done bool, err error) {
	switch m.kind {
	case "@FAIL":
		return false, errors.New("the boot sector could not read the disk")
	case "@READY":
		r.results[bootName] = measurement{cpu: m.cpu - r.boot}
	case "@BEGIN":
		r.begin = m
	case "@END":
		if m.status != 0 {
			return false, fmt.Errorf("%s ended with status %d: %s", m.name, m.status, m.output)
		}
		if m.name != r.begin.name {
			return false, fmt.Errorf("%s ended, which had not begun", m.name)
		}
		got := measurement{cpu: m.cpu - r.begin.cpu, output: m.output}
		if got.cpu <= 0 {
			return false, fmt.Errorf("%s took no time: its marks came together", m.name)
		}
		if r.e.perInstruction > 0 {
			got.instructions = (m.tsc - m.from) / r.e.perInstruction
		}
		r.results[m.name] = got
	case "@DONE":
		return true, nil
	}
	if m.kind == r.e.startMark {
		r.boot = m.cpu
	}
	return false, nil
}

// measure runs the guest under e and returns what each workload took. It gives up after
// the given time. The process is reaped only when nobody reads its CPU clock any more.
func measure(e emulator, g guest, limit time.Duration) (map[string]measurement, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd, err := e.command(g, dir)
	if err != nil {
		return nil, err
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	cmd.WaitDelay = time.Second // for children that keep standard error open
	serial, err := startWithSerial(cmd, e.serialAddress)
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", e.name, err, complaints.String())
	}
	defer serial.Close()
	timer := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()

	r := &run{e: e, results: map[string]measurement{}}
	tail, err := r.follow(serial, cmd.Process.Pid)
	if err == nil {
		_ = cmd.Process.Kill()
	}
	if waitErr := stop(cmd, err != nil); err != nil {
		return nil, fmt.Errorf("%s: %w (%v)\n%s%s", e.name, err, waitErr, tail, complaints.String())
	}
	return r.results, nil
}

// A line is the serial line between this command and the guest. Its reading end ends when
// the process does, for nobody else holds the other.
type line struct {
	io.ReadCloser
	to io.WriteCloser
}

func (l line) Write(p []byte) (int, error) { return l.to.Write(p) }

func (l line) Close() error { return errors.Join(l.ReadCloser.Close(), l.to.Close()) }

// startWithSerial starts cmd and returns its serial line: its standard input and output,
// or the connection that it makes to address, if there is one.
func startWithSerial(cmd *exec.Cmd, address string) (io.ReadWriteCloser, error) {
	if address != "" {
		return startWithSocket(cmd, address)
	}
	theirInput, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirInput.Close()
	from, theirOutput, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, to.Close())
	}
	defer theirOutput.Close()
	cmd.Stdin, cmd.Stdout = theirInput, theirOutput
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, from.Close(), to.Close())
	}
	return line{from, to}, nil
}

// connectTime is how long an emulator may take to connect its serial port.
const connectTime = 30 * time.Second

// startWithSocket listens on address while cmd starts.
func startWithSocket(cmd *exec.Cmd, address string) (io.ReadWriteCloser, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_ = listener.(*net.TCPListener).SetDeadline(time.Now().Add(connectTime))
	connection, err := listener.Accept()
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, errors.Join(err, cmd.Wait())
	}
	return connection, nil
}

// stop ends cmd and reaps it. One that failed gets a moment to say why.
func stop(cmd *exec.Cmd, failed bool) error {
	if failed {
		timer := time.AfterFunc(time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	return cmd.Wait()
}

// follow reads the serial port until the guest is done. When it never is, the error comes
// with the last lines. The guest begins each workload when it is told that the clock was
// read: were this command late instead, it would find too little time, and the fastest of
// several runs would be the one measured worst.
func (r *run) follow(serial io.ReadWriter, pid int) (tail string, err error) {
	var last []string
	for from := bufio.NewReader(serial); ; {
		line, err := from.ReadString('\n')
		if m, ok := parseMark(line); ok {
			cpu, clockErr := cpuTime(pid)
			if clockErr != nil {
				return "", clockErr
			}
			m.cpu = cpu
			if done, err := r.take(m); done || err != nil {
				return "", err
			}
			if m.kind == "@BEGIN" {
				_, _ = serial.Write([]byte{'\n'}) // when it fails, reading will as well
			}
		}
		if last = append(last, line); len(last) > 20 {
			last = last[1:]
		}
		if err != nil {
			return strings.Join(last, ""), errors.New("ended, or ran out of time, before the guest was done; its last words:")
		}
	}
}
