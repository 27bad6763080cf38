package machine

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A milestone is an instruction count at which the run loop calls somebody, right after
// the processor has executed so many instructions and before anything else happens.
type milestone struct {
	at   uint64
	call func() (next uint64, err error) // nil: there is none
}

// limit shortens a slice of n instructions so that it ends at the milestone, and at the
// next input of a replay.
func (s *milestone) limit(m *Machine, n int64) int64 {
	now := m.Count()
	if s.call != nil && s.at > now {
		n = int64(min(uint64(n), s.at-now))
	}
	if r := m.replay; r != nil && len(r.events) > 0 && r.events[0].Count > now {
		n = int64(min(uint64(n), r.events[0].Count-now))
	}
	return n
}

// reached calls whoever waits for the milestone.
func (s *milestone) reached(m *Machine) (err error) {
	if s.call == nil || m.Count() < s.at {
		return nil
	}
	s.at, err = s.call()
	return err
}

// ErrJournal is the error, wrapped, for a file that is no journal, a damaged one, or one
// of another machine.
var ErrJournal = errors.New("journal")

// A replay is a journal that a machine follows.
type replay struct {
	header  journalHeader
	events  []journalLine // still to come; the last is the end, if the journal has one
	hashes  []journalLine // still to be checked
	checked uint64        // instruction count at which the state was right last
	digest  *digest
}

// A divergence is an ErrDiverged that speaks of replays.
type divergence string

func (d divergence) Error() string { return "the replay differs from the recording " + string(d) }

// Is makes errors.Is(d, ErrDiverged) true.
func (divergence) Is(target error) bool { return target == ErrDiverged }

func diverged(format string, args ...any) error { return divergence(fmt.Sprintf(format, args...)) }

// next is the time of the next input if it comes before another instruction, else never.
func (r *replay) next(m *Machine) devTime {
	if r == nil || len(r.events) == 0 || r.events[0].Count != m.Count() {
		return never
	}
	return max(r.events[0].Time, m.clock.Now())
}

// ReadJournal reads what a journal says about itself: the machine and, as Record was
// given them, the arguments that describe it.
func ReadJournal(r io.Reader) (Description, []string, error) {
	s := journalScanner(r)
	h, err := readJournalHeader(s)
	return h.Machine, h.Args, err
}

func journalScanner(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxJournalLine)
	return s
}

func readJournalHeader(s *bufio.Scanner) (h journalHeader, err error) {
	if !s.Scan() || !bytes.HasPrefix(s.Bytes(), []byte(journalMark)) {
		return h, fmt.Errorf("%w: this is none", ErrJournal)
	}
	if err := json.Unmarshal(s.Bytes(), &h); err != nil {
		return h, fmt.Errorf("%w: header: %w", ErrJournal, err)
	}
	if h.Version != journalVersion {
		return h, fmt.Errorf("%w: format version %d; this program reads %d", ErrJournal, h.Version, journalVersion)
	}
	return h, nil
}

// Replay makes the machine take its input from a journal that Record wrote, at the very
// moments at which the recorded machine took it; what is sent otherwise waits. The machine
// must be alike and in the state in which the recording began. Run then ends with
// StopReplayed where the recording ended, or with an error that wraps ErrDiverged and
// names the interval in which something became different. CheckReplay compares the end.
//
// A journal that was cut off is good up to where it ends: from there the machine runs on
// with other input.
func (m *Machine) Replay(r io.Reader) error {
	if m.recording() {
		return fmt.Errorf("%w: the machine is being recorded or replayed already", ErrJournal)
	}
	s := journalScanner(r)
	h, err := readJournalHeader(s)
	if err != nil {
		return err
	}
	here := m.Description()
	if err := here.differs(&h.Machine); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	p := &replay{header: h, checked: h.Start.Count}
	if err := p.read(s); err != nil {
		return err
	}
	if p.digest, err = newDigest(m); err != nil {
		return err
	}
	if err := p.compare(m, h.Start); err != nil {
		p.digest.close()
		return fmt.Errorf("the machine is not in the state in which the recording began: %w", err)
	}
	m.replay = p
	p.setMilestone(m)
	return nil
}

// read reads all lines after the header.
func (r *replay) read(s *bufio.Scanner) error {
	last := r.header.Start.Count
	for n := 2; s.Scan(); n++ {
		var l journalLine
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			return fmt.Errorf("%w: line %d: %w", ErrJournal, n, err)
		}
		if l.Count < last || l.Kind == inputData && uint(l.Port) > PortPower || l.Kind == inputMedium && uint(l.Port) >= uint(len(Drives{})) {
			return fmt.Errorf("%w: line %d is out of order, or for a port or drive that does not exist", ErrJournal, n)
		}
		last = l.Count
		switch l.Kind {
		case journalHash:
			r.hashes = append(r.hashes, l)
		case inputData, inputReset, inputForget, inputMedium, journalEnd:
			r.events = append(r.events, l)
		default:
			return fmt.Errorf("%w: line %d: %.20q is not known", ErrJournal, n, l.Kind)
		}
		if l.Kind == journalEnd {
			break
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrJournal, err)
	}
	return nil
}

// setMilestone asks for a call where the next hash was taken.
func (r *replay) setMilestone(m *Machine) {
	if len(r.hashes) == 0 {
		m.milestone = milestone{}
		return
	}
	m.milestone = milestone{r.hashes[0].Count, func() (uint64, error) { return r.check(m) }}
}

// check compares the state with the next hash of the journal.
func (r *replay) check(m *Machine) (next uint64, err error) {
	l := r.hashes[0]
	r.hashes = r.hashes[1:]
	if err := r.compare(m, l); err != nil {
		return never64, err
	}
	if len(r.hashes) == 0 {
		return never64, nil
	}
	return r.hashes[0].Count, nil
}

// compare says in which interval the state became different from what a line has.
func (r *replay) compare(m *Machine, l journalLine) error {
	d, parts := r.digest.sum(m)
	if count := m.Count(); count != l.Count || m.clock.Now() != l.Time {
		return diverged("after instruction %d the recording went on to instruction %d at %d ns, the replay to %d at %d ns",
			r.checked, l.Count, l.Time, count, m.clock.Now())
	}
	if d != l.Hash {
		return diverged("between instruction %d, where recording and replay were equal, and %d: in %s",
			r.checked, l.Count, differingParts(m, parts, l.Parts))
	}
	r.checked = l.Count
	return nil
}

// step gives the machine the input of this moment. done says that the journal ends here.
func (r *replay) step(m *Machine) (done bool, err error) {
	for first := true; len(r.events) > 0; first = false {
		e := r.events[0]
		count, now := m.Count(), m.clock.Now()
		switch {
		case e.Count > count || e.Count == count && e.Time > now:
			return false, nil
		case e.Count < count || e.Time < now:
			return false, diverged("between instruction %d, where recording and replay were equal, and %d: there the recording had input, at %d ns; the replay came to %d, %d ns",
				r.checked, e.Count, e.Time, count, now)
		case e.Kind == journalEnd:
			return true, nil
		case !first && !e.Same:
			m.clock.fireDue() // as in the recorded machine
		}
		r.events = r.events[1:]
		m.timeline.logLine(e)
		switch e.Kind {
		case inputData:
			m.accept(Input{Count: count, Time: now, Port: e.Port, Data: e.Data})
		case inputReset:
			err = m.reset()
		case inputForget:
			m.dropTranslations()
		case inputMedium:
			err = m.changeMedium(e.Port, string(e.Data))
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// CheckReplay compares the machine with the end of the journal that Replay was given, and
// ends the replay. A journal without an end is an error too.
func (m *Machine) CheckReplay() error {
	r := m.replay
	if r == nil {
		return fmt.Errorf("%w: there is no replay", ErrJournal)
	}
	defer func() {
		r.digest.close()
		m.replay, m.milestone = nil, milestone{}
	}()
	m.clock.fireDue()
	switch {
	case len(r.events) == 0:
		return fmt.Errorf("%w: cut off after instruction %d; up to there the replay is equal", ErrJournal, r.checked)
	case r.events[0].Kind != journalEnd || len(r.hashes) > 0:
		return diverged("after instruction %d: the replay ended at %d, before the recording did", r.checked, m.Count())
	}
	return r.compare(m, r.events[0])
}
