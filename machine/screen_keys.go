package machine

import (
	"fmt"
	"slices"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
)

// A KeyEvent is a key that goes down or up.
type KeyEvent struct {
	Key  ps2kbd.Key
	Down bool
}

// keyState is what has been typed and not reached the keyboard yet.
type keyState struct {
	Events []KeyEvent   // at most maxKeys
	Due    devices.Time // when the next may go
	Tries  uint8        // how often the keyboard had something unread when the next was due
}

// A keyQueue hands keys to the keyboard at the pace of a fast typist, so that no guest loses
// any. Key 0, which no keyboard has, is a pause.
//
// A key goes down when the keyboard has nothing left to send, or while others are held. It
// goes up without waiting: a guest that does not listen must not make it repeat.
type keyQueue struct {
	s     keyState
	timer devices.Timer
	now   func() devices.Time
}

// Save returns a copy of the state.
func (q *keyQueue) Save() keyState {
	s := q.s
	s.Events = slices.Clone(s.Events)
	return s
}

// Restore replaces the state.
func (q *keyQueue) Restore(s keyState) error {
	if len(s.Events) > maxKeys || s.Tries > maxTries {
		return fmt.Errorf("keys: %d events, %d tries", len(s.Events), s.Tries)
	}
	q.s = s
	q.s.Events = slices.Clone(s.Events)
	q.timer.Stop()
	if len(s.Events) > 0 {
		q.timer.Set(s.Due)
	}
	return nil
}

// Limits of the key queue.
const (
	keyPace  = 10 * devices.Millisecond
	maxTries = 50 // then the keyboard gets the key anyway, as it would from a person
	maxKeys  = 64 << 10
)

// SendKey presses or releases a key of the PS/2 keyboard. It may be called from any
// goroutine; false means that too many keys wait already, and this one was dropped.
func (m *Machine) SendKey(k ps2kbd.Key, down bool) bool {
	b := &m.inbox
	b.mu.Lock()
	ok := len(b.keys) < maxKeys
	if ok {
		b.keys = append(b.keys, KeyEvent{k, down})
	}
	b.mu.Unlock()
	b.signal()
	return ok
}

// TypeKeys types ASCII text on the keyboard of the United States and returns how many
// characters it could. \r and \n are the Return key; characters that are on no key, and all
// that follow when too many wait, are left out.
func (m *Machine) TypeKeys(text []byte) (n int) {
	for _, c := range text {
		if c == '\r' {
			c = '\n'
		}
		if c == 0x7f {
			c = '\b'
		}
		k, shift, ok := ps2kbd.Typed(c)
		ctrl := false
		if !ok && c > 0 && c < ' ' {
			k, _, ok = ps2kbd.Typed(c + 'a' - 1)
			ctrl = true
		}
		if !ok {
			continue
		}
		if !m.pressWith(k, shift, ctrl) {
			return n
		}
		n++
	}
	return n
}

// pressWith sends one key with the shift keys that it needs.
func (m *Machine) pressWith(k ps2kbd.Key, shift, ctrl bool) (ok bool) {
	with := []ps2kbd.Key{k}
	if shift {
		with = []ps2kbd.Key{ps2kbd.KeyLeftShift, k}
	}
	if ctrl {
		with = []ps2kbd.Key{ps2kbd.KeyLeftCtrl, k}
	}
	return m.PressKeys(with...)
}

// PressKeys presses keys one after the other and releases them in the opposite order, as
// "sendkey ctrl-alt-delete" does. The last is down for a hundredth of a second: it does not
// repeat.
func (m *Machine) PressKeys(keys ...ps2kbd.Key) (ok bool) { return m.HoldKeys(0, keys...) }

// MaxHold is the longest that HoldKeys holds keys.
const MaxHold = 60 * devices.Second

// HoldKeys is PressKeys with keys that are held for d of virtual time, at most MaxHold: the
// last repeats if it is longer than the keyboard's delay, half a second from power-on.
func (m *Machine) HoldKeys(d devices.Time, keys ...ps2kbd.Key) (ok bool) {
	ok = true
	for _, k := range keys {
		ok = m.SendKey(k, true) && ok
	}
	for range min(d, MaxHold) / keyPace {
		ok = m.SendKey(0, false) && ok
	}
	for i := len(keys) - 1; i >= 0; i-- {
		ok = m.SendKey(keys[i], false) && ok
	}
	return ok
}

// takeKeys removes what was sent.
func (b *inbox) takeKeys() []KeyEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.keys
	b.keys = nil
	return k
}

// deliverKeys takes what was sent over: from now on it is part of the machine.
func (m *Machine) deliverKeys() {
	events := m.inbox.takeKeys()
	if len(events) == 0 {
		return
	}
	in := Input{Count: m.Count(), Time: m.clock.Now(), Port: PortKeyboard}
	for _, e := range events {
		down := byte(0)
		if e.Down {
			down = 1
		}
		in.Data = append(in.Data, byte(e.Key), down)
	}
	m.accept(in)
	m.took(in)
}

// accept gives the chips an input that a machine has taken, this one or another.
func (m *Machine) accept(in Input) {
	if in.Port > PortKeyboard {
		m.acceptEvent(in)
		return
	}
	if in.Port != PortKeyboard {
		for _, c := range in.Data {
			m.uart[in.Port].Receive(c)
		}
		return
	}
	q := &m.keys
	idle := len(q.s.Events) == 0
	for i := 0; i+1 < len(in.Data) && len(q.s.Events) < maxKeys; i += 2 {
		q.s.Events = append(q.s.Events, KeyEvent{ps2kbd.Key(in.Data[i]), in.Data[i+1] != 0})
	}
	if idle && len(q.s.Events) > 0 {
		q.arm(max(q.s.Due, q.now()))
	}
}

func (q *keyQueue) arm(at devices.Time) {
	q.s.Due = at
	q.timer.Set(at)
}

// nextKey gives the keyboard the next key.
func (m *Machine) nextKey() {
	q := &m.keys
	if len(q.s.Events) == 0 {
		return
	}
	e := q.s.Events[0]
	if e.Down && m.kbd.Ready() && m.kbd.Held() == 0 && q.s.Tries < maxTries {
		q.s.Tries++
		q.arm(q.now() + keyPace)
		return
	}
	q.s.Events = slices.Delete(q.s.Events, 0, 1)
	q.s.Tries = 0
	m.kbd.Key(e.Key, e.Down)
	q.s.Due = q.now() + keyPace
	if len(q.s.Events) > 0 {
		q.arm(q.s.Due)
	}
}
