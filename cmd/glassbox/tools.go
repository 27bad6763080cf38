package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/trace"
	"github.com/glassbox-vm/glassbox/cpu"
)

// A logItem is one word of -d.
type logItem struct{ name, what string }

// logItems are the words of -d, spelled as QEMU's.
var logItems = []logItem{
	{"int", "interrupts and exceptions, before they are delivered"},
	{"cpu_reset", "resets of the machine"},
	{"guest_errors", "accesses that no hardware answers"},
	{"unimp", "registers and ports that are not modelled"},
	{"in_asm", "instructions, when they run for the first time"},
	{"exec", "every instruction, address and text only"},
}

// attachTools opens --trace and -d and hangs them on the processor.
func (s *session) attachTools() error {
	c := s.m.CPU()
	stderr := s.env.terminal.Messages(s.env.stderr)
	if s.trace != "" {
		w, err := s.create("--trace", s.trace, stderr)
		if err != nil {
			return err
		}
		t := trace.New(w, c)
		s.tools = append(s.tools, t)
		s.onInst(t.Inst)
	}
	if len(s.logMask) == 0 {
		return nil
	}
	var w io.Writer = stderr
	if s.logFile != "" {
		var err error
		if w, err = s.create("-D", s.logFile, stderr); err != nil {
			return err
		}
	}
	l := trace.NewLog(w, c)
	l.Summary = s.m.Unmodelled
	s.tools = append(s.tools, l)
	for _, item := range s.logMask {
		if item == "cpu_reset" && !s.onReset(l.Reset) {
			s.env.errorf("warning: -d cpu_reset: this machine does not tell")
		}
		if f := l.Enable(item); f != nil {
			s.onInst(f)
		}
	}
	return nil
}

// onInst adds a hook to those on every instruction.
func (s *session) onInst(f func(*cpu.Inst)) {
	c := s.m.CPU()
	if before := c.OnInst; before != nil {
		c.OnInst = func(in *cpu.Inst) { before(in); f(in) }
		return
	}
	c.OnInst = f
}

// status is one line on where the machine is.
func (s *session) status() string {
	past := ""
	if t := s.m.Timeline(); t != nil && t.Past() {
		past = fmt.Sprintf("; this is the past, which ends after %d", t.End().Count)
	}
	return fmt.Sprintf("%v after %d instructions, %.6f s of virtual time%s",
		s.m.CPU(), s.m.Count(), float64(s.m.Now())/1e9, past)
}

// A statistic is the object of --stats=json. Fields are only ever added.
type statistic struct {
	Instructions uint64            `json:"instructions"`
	HostSeconds  float64           `json:"host_seconds"`
	MIPS         float64           `json:"mips"`
	VirtualTime  float64           `json:"virtual_seconds"`
	Exits        map[string]uint64 `json:"exits"`
	Resets       uint64            `json:"resets"`
	StateHash    string            `json:"state_hash"`
	Unmodelled   map[string]uint64 `json:"unmodelled,omitempty"`
}

// report prints --stats.
func (s *session) report() {
	if !s.stats.on {
		return
	}
	took := time.Since(s.begun).Seconds()
	m := s.m.Stats()
	st := statistic{
		Instructions: m.Instructions, HostSeconds: took, MIPS: float64(m.Instructions) / took / 1e6,
		VirtualTime: m.VirtualTime, Exits: m.Exits, Resets: m.Resets, StateHash: m.StateHash, Unmodelled: m.Unmodelled,
	}
	w := s.env.stderr
	if s.stats.json {
		_ = json.NewEncoder(w).Encode(st)
		return
	}
	fmt.Fprintf(w, "instructions  %d\nhost time     %.3f s\nspeed         %.1f million instructions a second\nvirtual time  %.6f s\nresets        %d\n",
		st.Instructions, st.HostSeconds, st.MIPS, st.VirtualTime, st.Resets)
	fmt.Fprintf(w, "exits         %s\n", counts(st.Exits))
	if len(st.Unmodelled) > 0 {
		fmt.Fprintf(w, "unmodelled    %s\n", counts(st.Unmodelled))
	}
	fmt.Fprintf(w, "state         %s\n", st.StateHash)
}
