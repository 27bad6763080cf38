package gdbstub

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// MaxPacket is the longest packet that is accepted or sent, without its frame.
const MaxPacket = 16 << 10

// An event is what arrives from gdb.
type event struct {
	packet    []byte // contents, unescaped; nil: see below
	interrupt bool   // Ctrl-C
	nak       bool   // gdb wants the last packet again
	err       error  // the connection is gone
}

// errPacket is the error for what is no packet.
var errPacket = errors.New("gdb: bad packet")

// readEvent reads up to the end of the next packet. bad is a packet whose checksum is
// wrong.
func readEvent(r *bufio.Reader) (e event, bad bool) {
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return event{err: err}, false
		case c == 3:
			return event{interrupt: true}, false
		case c == '-':
			return event{nak: true}, false
		case c == '$':
			return readPacket(r)
		}
	}
}

// readPacket reads what follows "$".
func readPacket(r *bufio.Reader) (e event, bad bool) {
	data := make([]byte, 0, 64)
	sum, escaped := uint8(0), false
	for {
		c, err := r.ReadByte()
		if err != nil {
			return event{err: err}, false
		}
		if c == '#' {
			break
		}
		sum += c
		switch {
		case escaped:
			data, escaped = append(data, c^0x20), false
		case c == '}':
			escaped = true
		default:
			data = append(data, c)
		}
		if len(data) > MaxPacket {
			return event{err: fmt.Errorf("%w: longer than %d bytes", errPacket, MaxPacket)}, false
		}
	}
	var digits [2]byte
	if _, err := io.ReadFull(r, digits[:]); err != nil {
		return event{err: err}, false
	}
	want, err := hex.DecodeString(string(digits[:]))
	if err != nil || want[0] != sum {
		return event{}, true
	}
	return event{packet: data}, false
}

// frame makes a packet of contents.
func frame(data []byte) []byte {
	out := append(make([]byte, 0, len(data)+8), '$')
	sum := uint8(0)
	put := func(c byte) {
		out = append(out, c)
		sum += c
	}
	for _, c := range data {
		switch c {
		case '#', '$', '}', '*':
			put('}')
			put(c ^ 0x20)
		default:
			put(c)
		}
	}
	return fmt.Appendf(out, "#%02x", sum)
}

// parseHex reads a hexadecimal number that ends at the first other character.
func parseHex(s string) (v uint64, rest string, ok bool) {
	n := 0
	for n < len(s) && n < 16 {
		c := s[n]
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | uint64(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | uint64(c|0x20-'a'+10)
		default:
			return v, s[n:], n > 0
		}
		n++
	}
	return v, s[n:], n > 0
}

// parseRange reads "ADDRESS,LENGTH".
func parseRange(s string) (addr, n uint64, rest string, ok bool) {
	addr, rest, ok = parseHex(s)
	if !ok || rest == "" || rest[0] != ',' {
		return 0, 0, "", false
	}
	n, rest, ok = parseHex(rest[1:])
	return addr, n, rest, ok
}
