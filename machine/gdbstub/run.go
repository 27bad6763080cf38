package gdbstub

import (
	"context"
	"fmt"
	"strings"
)

// A Resume says how the machine is to go on.
type Resume struct {
	CPU     int  // for Step: the processor that executes one instruction
	Step    bool // one instruction; else until something stops it
	Reverse bool // backwards
}

// A StopKind says why the machine stopped.
type StopKind uint8

// Kinds of stops.
const (
	Stepped     StopKind = iota
	Interrupted          // by Resume's context
	HitBreak             // a SoftwareBreak or HardwareBreak
	HitWatch             // a watchpoint
	Beginning            // going back: there is no more history
	Crashed              // triple fault
	Exited               // the machine has ended
)

// A Stop is why the machine stands still.
type Stop struct {
	Kind  StopKind
	CPU   int
	Point PointKind // that was hit
	Addr  uint64    // of the data that is watched
	Code  int       // exit code of Exited
}

// Signals, as the protocol numbers them.
const (
	sigINT  = 2
	sigTRAP = 5
	sigSEGV = 11
)

// stopText is the answer that says why the machine stands still.
func (s *server) stopText() string {
	p := s.stop
	signal := sigTRAP
	switch p.Kind {
	case Exited:
		return fmt.Sprintf("W%02x", uint8(p.Code))
	case Interrupted:
		signal = sigINT
	case Crashed:
		signal = sigSEGV
	}
	why := ""
	switch {
	case p.Kind == HitWatch:
		why = fmt.Sprintf("%s:%x;", map[PointKind]string{WatchWrite: "watch", WatchRead: "rwatch", WatchAccess: "awatch"}[p.Point], p.Addr)
	case p.Kind == HitBreak && p.Point == SoftwareBreak && s.swbreak:
		why = "swbreak:;"
	case p.Kind == HitBreak && p.Point == HardwareBreak && s.hwbreak:
		why = "hwbreak:;"
	case p.Kind == Beginning:
		why = "replaylog:begin;"
	}
	return fmt.Sprintf("T%02x%sthread:%x;", signal, why, p.CPU+1)
}

// verbose answers the packets with long names.
func (s *server) verbose(ctx context.Context, p string) error {
	switch {
	case p == "vCont?":
		return s.reply("vCont;c;C;s;S")
	case strings.HasPrefix(p, "vCont;"):
		return s.vCont(ctx, p[len("vCont;"):])
	case strings.HasPrefix(p, "vKill"):
		s.ended, s.howEnded = true, Killed
		return s.reply("OK")
	}
	return s.reply("") // vMustReplyEmpty among others
}

// vCont is a list of actions for threads. All processors go on together; one that is to
// be stepped decides when they stop.
func (s *server) vCont(ctx context.Context, actions string) error {
	how := Resume{CPU: s.thread}
	for a := range strings.SplitSeq(actions, ";") {
		verb, id, named := strings.Cut(a, ":")
		if verb == "" || !strings.Contains("cCsS", verb[:1]) {
			return s.reply(errBad)
		}
		if verb[0]|0x20 != 's' || how.Step {
			continue
		}
		how.Step = true
		if named {
			n, ok := s.threadNumber(id)
			if !ok {
				return s.reply(errBad)
			}
			how.CPU = n
		}
	}
	return s.resume(ctx, how)
}

// run is the old packets c, s, C and S, and bc and bs, which go back.
func (s *server) run(ctx context.Context, p string) error {
	how := Resume{CPU: s.thread, Step: p[0]|0x20 == 's'}
	switch p {
	case "bc":
		how.Reverse = true
	case "bs":
		how.Reverse, how.Step = true, true
	default:
		if p[0] == 'b' {
			return s.reply("")
		}
	}
	if how.Reverse && !s.t.CanReverse() {
		return s.reply(errOther)
	}
	return s.resume(ctx, how)
}

// resume lets the machine go on. Meanwhile only Ctrl-C and the end of the connection
// matter.
func (s *server) resume(ctx context.Context, how Resume) error {
	if s.stop.Kind == Exited {
		return s.reply("%s", s.stopText())
	}
	running, cancel := context.WithCancel(ctx)
	stopped, heard := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(heard)
		for {
			select {
			case <-stopped:
				return
			case e := <-s.events:
				if e.err != nil {
					s.events <- e // there is room: nothing else reads or writes now
				}
				if e.interrupt || e.err != nil {
					cancel()
					return
				}
			}
		}
	}()
	stop, err := s.t.Resume(running, how)
	close(stopped)
	<-heard
	cancel()
	if err != nil {
		return err
	}
	s.stop, s.thread = stop, min(stop.CPU, len(s.t.CPUs())-1)
	return s.reply("%s", s.stopText())
}
