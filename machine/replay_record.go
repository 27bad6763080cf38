package machine

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/glassbox-vm/glassbox/devices"
)

// A journal is text, one JSON object a line: a header, then what happened, in order. Like
// all there is to see here it is exact: counts are instructions executed before, times
// are virtual nanoseconds.
const (
	journalMark    = `{"glassbox_journal":`
	journalVersion = 1
	maxJournalLine = 4 << 20
	never64        = math.MaxUint64
)

type devTime = devices.Time

// Kinds of lines.
const (
	inputData   = "in"     // Data came in on Port, see Input
	inputReset  = "reset"  // somebody pressed the reset button
	inputForget = "forget" // a snapshot was taken: the TLB is empty
	inputMedium = "medium" // the disc that Data names was put into drive Port
	journalHash = "hash"   // the state at this moment
	journalEnd  = "end"    // and of the recording
)

type journalHeader struct {
	Version  int         `json:"glassbox_journal"`
	Args     []string    `json:"args"`
	Interval uint64      `json:"interval"` // instructions between two hashes
	Machine  Description `json:"machine"`
	Start    journalLine `json:"start"`
}

type journalLine struct {
	Count uint64  `json:"c"`
	Time  devTime `json:"t"`
	Kind  string  `json:"k"`
	Port  int     `json:"p,omitempty"`
	Data  []byte  `json:"d,omitempty"`
	Hash  string  `json:"h,omitempty"`
	Parts string  `json:"s,omitempty"` // eight digits of each part's own hash
	// Same is input that was taken together with that of the line before. Otherwise
	// timers that were due ran in between, even if the moment is the same.
	Same bool `json:"same,omitempty"`
}

// DefaultRecordInterval is the number of instructions between two checks of the state: a
// fifth of a second of virtual time.
const DefaultRecordInterval = 50_000_000

// RecordOptions are for Record.
type RecordOptions struct {
	Interval uint64   // instructions between two hashes; 0 is DefaultRecordInterval
	Args     []string // kept in the journal, for whoever builds the machine again
}

// A Recorder writes the journal of a machine.
type Recorder struct {
	m      *Machine
	w      *bufio.Writer
	enc    *json.Encoder
	digest *digest
	every  uint64
	pass   uint64 // in which the last input was taken
	before func(Input)
	err    error
}

// Record writes to w, from now on, everything that enters the machine from outside, with
// the moment at which the machine took it, and every so many instructions a hash of the
// whole state. Together with the present state that is the whole run: see Replay. Drives
// that write to their images are an error, because a replay must find them as they were.
// Call Close at the end.
func (m *Machine) Record(w io.Writer, opt RecordOptions) (*Recorder, error) {
	if m.recording() {
		return nil, fmt.Errorf("%w: the machine is being recorded or replayed already", ErrJournal)
	}
	for i := range m.cfg.Drives {
		if _, err := m.overlay(i); err != nil {
			return nil, fmt.Errorf("record: %w", err)
		}
	}
	if opt.Interval == 0 {
		opt.Interval = DefaultRecordInterval
	}
	d, err := newDigest(m)
	if err != nil {
		return nil, err
	}
	r := &Recorder{m: m, w: bufio.NewWriter(w), digest: d, every: opt.Interval, pass: m.passes}
	r.enc = json.NewEncoder(r.w)
	m.forgetTranslations()
	h := journalHeader{Version: journalVersion, Args: opt.Args, Interval: opt.Interval, Machine: m.Description(), Start: r.hash("start")}
	if err := r.enc.Encode(h); err != nil {
		return nil, err
	}
	m.recorder = r
	r.before = m.journal
	m.journal = func(in Input) {
		if r.before != nil {
			r.before(in)
		}
		r.event(inputData, in)
	}
	m.milestone = milestone{m.Count() + r.every, r.milestone}
	return r, nil
}

// recording says whether the machine is being recorded or replayed.
func (m *Machine) recording() bool { return m.recorder != nil || m.replay != nil }

// hash is a line with the present state.
func (r *Recorder) hash(kind string) journalLine {
	sum, parts := r.digest.sum(r.m)
	return journalLine{Count: r.m.Count(), Time: r.m.clock.Now(), Kind: kind, Hash: sum, Parts: parts}
}

func (r *Recorder) milestone() (next uint64, err error) {
	r.put(r.hash(journalHash))
	if r.err == nil { // what happened before a crash is on its way to the disk
		r.err = r.w.Flush()
	}
	return r.m.Count() + r.every, r.err
}

// event writes what happened at this moment. A nil Recorder writes nothing.
func (r *Recorder) event(kind string, in Input) {
	if r == nil {
		return
	}
	same := r.pass == r.m.passes
	r.pass = r.m.passes
	r.put(journalLine{Count: r.m.Count(), Time: r.m.clock.Now(), Kind: kind, Port: in.Port, Data: in.Data, Same: same})
}

// event tells those who keep journals what happened at this moment.
func (m *Machine) event(kind string, in Input) {
	m.recorder.event(kind, in)
	m.timeline.logInput(kind, in)
}

// took tells those who watch that the machine has taken input from outside.
func (m *Machine) took(in Input) {
	if m.journal != nil {
		m.journal(in)
	}
	m.timeline.logInput(inputData, in)
}

func (r *Recorder) put(l journalLine) {
	if r.err == nil {
		r.err = r.enc.Encode(l)
	}
}

// Close writes the end of the journal and returns the first error there was.
func (r *Recorder) Close() error {
	m := r.m
	if m.recorder != r {
		return r.err
	}
	m.clock.fireDue()
	r.put(r.hash(journalEnd))
	if r.err == nil {
		r.err = r.w.Flush()
	}
	r.digest.close()
	m.recorder, m.journal, m.milestone = nil, r.before, milestone{}
	if r.err != nil {
		return fmt.Errorf("write journal: %w", r.err)
	}
	return nil
}
