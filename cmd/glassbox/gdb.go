package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/glassbox-vm/glassbox/machine/gdbstub"
	"github.com/urfave/cli/v2"
)

// gdbFlags are QEMU's.
func gdbFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "gdb", Category: catInside, Usage: "`WHERE`: wait for gdb at tcp::PORT (of this host only), tcp:HOST:PORT or unix:PATH"},
		&cli.BoolFlag{Name: "s", Category: catInside, Usage: "short for -gdb tcp::1234"},
		&cli.BoolFlag{Name: "S", Category: catInside, Usage: "wait for gdb, or for c in the monitor, before the first instruction"},
	}
}

// readGDB reads -gdb, -s and -S.
func (o *options) readGDB(c *cli.Context) error {
	o.gdb, o.freeze = c.String("gdb"), c.Bool("S")
	if c.Bool("s") {
		if o.gdb != "" {
			return usagef("-s and -gdb: one of the two will do")
		}
		o.gdb = "tcp::1234"
	}
	if o.gdb == "" || o.gdb == "none" {
		o.gdb = ""
		return nil
	}
	_, _, err := stubAddress(o.gdb)
	return err
}

// stubAddress takes the value of -gdb apart. Without a host it is this one alone.
func stubAddress(value string) (network, address string, err error) {
	value, _, _ = strings.Cut(value, ",") // ,server,nowait
	if path, ok := strings.CutPrefix(value, "unix:"); ok && path != "" {
		return "unix", path, nil
	}
	address, ok := strings.CutPrefix(value, "tcp:")
	host, port, splitErr := net.SplitHostPort(address)
	if !ok || splitErr != nil || port == "" {
		return "", "", usagef("-gdb %s: want tcp::PORT, tcp:HOST:PORT or unix:PATH", value)
	}
	if host == "" {
		host = "localhost"
	}
	return "tcp", net.JoinHostPort(host, port), nil
}

// A stub waits for gdb.
type stub struct {
	l    net.Listener
	arch gdbstub.Arch
}

// openStub begins to listen for gdb.
func (s *session) openStub() error {
	if s.gdb == "" {
		return nil
	}
	network, address, err := stubAddress(s.gdb)
	if err != nil {
		return err
	}
	if network == "unix" { // left over from a run that was killed
		if c, err := net.Dial(network, address); err == nil {
			c.Close()
		} else {
			_ = os.Remove(address)
		}
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("-gdb %s: %w", s.gdb, err)
	}
	if network == "unix" {
		_ = os.Chmod(address, 0o600)
	} else if host, _, _ := net.SplitHostPort(address); !isLoopback(host) {
		s.env.errorf("warning: -gdb %s: whoever reaches this port controls the machine", s.gdb)
	}
	s.stub = &stub{l: l}
	s.onClose(l.Close)
	s.m.ExpectInput(true)
	s.env.errorf("waiting for gdb: target remote %s", l.Addr())
	go s.acceptGDB()
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// acceptGDB hands every connection to the owner of the machine.
func (s *session) acceptGDB() {
	for {
		conn, err := s.stub.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		s.interrupt(note{gdb: conn})
	}
}

// serveGDB lets gdb control the machine until it lets go of it.
func (s *session) serveGDB(conn net.Conn) error {
	defer conn.Close()
	kept := s.m.Timeline() != nil
	d := s.debugger()
	target := d.GDB()
	defer target.Close()
	end, err := gdbstub.Serve(context.Background(), conn, target, &s.stub.arch, gdbstub.Stop{Kind: gdbstub.Interrupted})
	switch {
	case s.over != nil:
		s.left = true
		if s.over.err == nil {
			return fail(0, nil)
		}
		return s.over.err
	case err != nil:
		return err
	case end == gdbstub.Killed:
		s.left = true
		return fail(0, nil)
	}
	past := s.m.Timeline()
	if past == nil {
		return nil
	}
	err = past.Branch() // where gdb left it, the machine goes on
	if !kept {
		err = errors.Join(err, past.Close())
	}
	return err
}

// frozen is -S: nothing runs until gdb lets it, or c in the monitor.
func (s *session) frozen() error {
	if s.stub == nil {
		s.env.errorf("the machine stands still: Ctrl-A c opens the monitor, whose c lets it run")
	}
	for {
		for _, n := range s.takeNotes() {
			if n.end {
				s.left = true
				if n.err == nil {
					return fail(0, nil)
				}
				return n.err
			}
			if err := s.act(n); err != nil {
				return err
			}
			if n.gdb != nil || n.monitor {
				return nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}
