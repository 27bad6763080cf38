package machine

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/glassbox-vm/glassbox/devices"
)

// A Console keeps what a serial port has sent, for tests: put it into Config.Serial. The
// zero Console is ready for use.
type Console struct {
	mu   sync.Mutex
	text []byte
	read int    // up to here Expect has looked
	want []byte // what Expect waits for, or nil
	stop func() // called when it has come
}

// Write implements io.Writer.
func (c *Console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, p...)
	if c.want != nil && bytes.Contains(c.text[c.read:], c.want) {
		c.want = nil
		c.stop()
	}
	return len(p), nil
}

// String returns all that was sent so far.
func (c *Console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.text)
}

// Expect runs the machine until text was sent, after what the last Expect found. It is an
// error if that does not happen within so much virtual time, or if the machine stops.
func (c *Console) Expect(ctx context.Context, m *Machine, text string, within devices.Time) error {
	for end := m.Now() + within; !c.find(text, m.Stop); {
		res, err := m.Run(ctx, RunOptions{Until: end})
		switch {
		case err != nil:
			return err
		case c.find(text, m.Stop):
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("expect %q: %w after %q", text, ctx.Err(), c.tail())
		case res.Reason == StopBudget:
			return fmt.Errorf("expect %q: not sent within %.3f s of virtual time; the end of what was: %q",
				text, float64(within)/float64(devices.Second), c.tail())
		case res.Reason != StopCancelled:
			return fmt.Errorf("expect %q: the machine stopped: %v; the end of what was sent: %q", text, res.Reason, c.tail())
		}
	}
	return nil
}

// find looks for text, and if it is not there yet, asks for stop to be called when it is.
func (c *Console) find(text string, stop func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.want, c.stop = nil, stop
	i := bytes.Index(c.text[c.read:], []byte(text))
	if i < 0 {
		c.want = []byte(text)
		return false
	}
	c.read += i + len(text)
	return true
}

// tail is the end of the text, for messages.
func (c *Console) tail() string {
	s := c.String()
	if len(s) > 400 {
		s = "…" + s[len(s)-400:]
	}
	return strings.ToValidUTF8(s, "?")
}
