package machine

import (
	"context"
	"sync"
	"time"

	"github.com/glassbox-vm/glassbox/devices"
)

// An Input is something that entered the machine from outside, with the moment at which
// the machine took it: the input journal. State and journal give the same run again.
type Input struct {
	Count uint64       // instructions executed before
	Time  devices.Time // virtual time
	Port  int          // serial port 0…3, PortKeyboard, PortMouse or PortPower
	Data  []byte       // for the keyboard: pairs of a key and 1 (down) or 0 (up); see pc_media.go
}

// Ports of an Input that are no serial ports.
const (
	PortKeyboard = 4 // keys
	PortMouse    = 5 // movements
	PortPower    = 6 // the power button; no data
)

// An inbox holds what other goroutines send until the machine takes it between two
// slices.
type inbox struct {
	mu     sync.Mutex
	serial [4][]byte
	keys   []KeyEvent
	events []Input // for mouse and power button, at most maxEvents
	stop   bool
	source bool // somebody may still send
	wake   chan struct{}
}

// maxPending is the most unread bytes kept for a serial port.
const maxPending = 1 << 20

// SendSerial gives bytes to serial port n (0 is COM1) as if they arrived on the line. It
// may be called from any goroutine. Bytes beyond 1 MiB that the guest has not read are
// dropped; the number accepted is returned.
func (m *Machine) SendSerial(n int, p []byte) int {
	b := &m.inbox
	b.mu.Lock()
	p = p[:min(len(p), maxPending-len(b.serial[n]))]
	b.serial[n] = append(b.serial[n], p...)
	b.mu.Unlock()
	b.signal()
	return len(p)
}

// Stop makes Run return with StopCancelled soon. It may be called from any goroutine.
func (m *Machine) Stop() {
	m.inbox.mu.Lock()
	m.inbox.stop = true
	m.inbox.mu.Unlock()
	m.inbox.signal()
}

// ExpectInput says whether somebody outside may still send input: a machine halted with
// nothing scheduled then waits instead of returning StopHalted.
func (m *Machine) ExpectInput(yes bool) {
	m.inbox.mu.Lock()
	m.inbox.source = yes
	m.inbox.mu.Unlock()
	m.inbox.signal()
}

func (b *inbox) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *inbox) takeStop() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.stop
	b.stop = false
	return s
}

// open says whether input may still come.
func (b *inbox) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.source || b.stop
}

// waitFor blocks until something is sent.
func (b *inbox) waitFor(ctx context.Context) {
	select {
	case <-b.wake:
	case <-ctx.Done():
	}
}

// waiting says whether input is left that no chip had room for.
func (b *inbox) waiting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.serial {
		if len(b.serial[i]) > 0 {
			return true
		}
	}
	return false
}

// take removes up to n bytes for serial port i.
func (b *inbox) take(i, n int) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	n = min(n, len(b.serial[i]))
	if n <= 0 {
		return nil
	}
	p := b.serial[i][:n:n]
	b.serial[i] = b.serial[i][n:]
	return p
}

// charPace is the number of instructions after which the machine looks again whether a
// serial port has room for waiting input: 40 µs, a fast line.
const charPace = 10_000

// deliverInput gives waiting input to the chips, as much as they have room for, and says
// whether some is left.
func (m *Machine) deliverInput() (more bool) {
	m.deliverKeys()
	m.deliverEvents()
	for i, u := range m.uart {
		p := m.inbox.take(i, u.Room())
		if p == nil {
			continue
		}
		for _, c := range p {
			u.Receive(c)
		}
		m.took(Input{Count: m.Count(), Time: m.clock.Now(), Port: i, Data: p})
	}
	return m.inbox.waiting()
}

// A pacer keeps virtual time from running ahead of the host's.
type pacer struct {
	host  time.Time
	guest devices.Time
}

// maxLag is how far behind the guest may fall before the pacer stops making it catch up.
const maxLag = 200 * time.Millisecond

func (p *pacer) start(now devices.Time) { p.host, p.guest = time.Now(), now }

// ahead is how far virtual time is ahead of the host's.
func (p *pacer) ahead(now devices.Time) time.Duration {
	d := time.Duration(now-p.guest) - time.Since(p.host)
	if d < -maxLag { // too slow: forget what was lost
		p.start(now)
		return 0
	}
	return d
}

// wait sleeps while the guest is ahead of the host.
func (p *pacer) wait(ctx context.Context, now devices.Time, wake <-chan struct{}) {
	if d := p.ahead(now); d > 2*time.Millisecond {
		sleep(ctx, d, wake)
	}
}

// sleepUntil sleeps until the host's time corresponds to at. When input comes first, it
// lets virtual time pass to the present moment and returns false.
func (p *pacer) sleepUntil(ctx context.Context, c *clock, at devices.Time, wake <-chan struct{}) bool {
	d := p.ahead(at)
	if d <= 0 || sleep(ctx, d, wake) {
		return true
	}
	c.skipTo(min(at, p.guest+devices.Time(time.Since(p.host))))
	return false
}

// sleep waits for d; false means it was woken earlier.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-wake:
	case <-ctx.Done():
	}
	return false
}
