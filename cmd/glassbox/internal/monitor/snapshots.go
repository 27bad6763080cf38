package monitor

import (
	"errors"
	"io"
	"strings"
)

// Snapshots is what a Target may be able to do besides.
type Snapshots interface {
	SaveVM(name string) error
	LoadVM(name string) error
	DelVM(name string) error
	ListVM(w io.Writer) error
	// DiffVM compares a snapshot with another, or with the machine if second is "".
	DiffVM(w io.Writer, first, second string) error
}

// snapshots is a command that needs Snapshots.
func snapshots(f func(s Snapshots, m *Monitor, name string) error) func(*Monitor, string) (Verdict, error) {
	return stay(func(m *Monitor, name string) error {
		s, ok := m.t.(Snapshots)
		if !ok {
			return errors.New("this machine cannot be saved")
		}
		return f(s, m, name)
	})
}

func saveVM(s Snapshots, m *Monitor, name string) error {
	if err := s.SaveVM(name); err != nil {
		return err
	}
	m.printf("saved\n")
	return nil
}

func loadVM(s Snapshots, m *Monitor, name string) error {
	if err := s.LoadVM(name); err != nil {
		return err
	}
	m.printf("%s\n", m.t.Status())
	return nil
}

func delVM(s Snapshots, _ *Monitor, name string) error { return s.DelVM(name) }

// snapshot is "snapshot diff NAME [NAME]".
func snapshot(s Snapshots, m *Monitor, args string) error {
	f := strings.Fields(args)
	if len(f) < 2 || len(f) > 3 || f[0] != "diff" {
		return errors.New("snapshot diff NAME compares with the machine as it is, snapshot diff NAME NAME two snapshots")
	}
	return s.DiffVM(m.out, f[1], strings.Join(f[2:], ""))
}

func (m *Monitor) listVM() error {
	if s, ok := m.t.(Snapshots); ok {
		return s.ListVM(m.out)
	}
	return errors.New("this machine cannot be saved")
}
