// Package expect watches a stream of text, such as the output of a serial console, for
// regular expressions, and answers it.
//
// A Regexp is run over the stream as it comes, without keeping any of it: its state is
// the set of places in the expression at which a match may stand (Thompson's simulation,
// with the instructions of regexp/syntax). So a match may span any distance and any
// number of writes, is found with the byte that completes it, and costs no memory.
//
// Carriage returns are left out of what is matched. ^ and $ stand for the start and the
// end of a line; the end of a line is known only when the line ends, so a prompt that
// waits for input is matched without $, or with \z, the end of what has come so far.
package expect

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// A Regexp is an expression in the syntax of package regexp.
type Regexp struct {
	text string
	prog *syntax.Prog
}

// Compile parses an expression. One that matches the empty text is refused, as it would
// match before anything is written.
func Compile(text string) (*Regexp, error) {
	tree, err := syntax.Parse(text, syntax.Perl&^syntax.OneLine)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", text, err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", text, err)
	}
	re := &Regexp{text, prog}
	if s := newScanner(re); s.early() {
		return nil, fmt.Errorf("regular expression %q matches the empty text", text)
	}
	return re, nil
}

// String returns the text of the expression.
func (re *Regexp) String() string { return re.text }

// A scanner runs one expression over a stream until it matches.
type scanner struct {
	re    *Regexp
	prev  rune     // before the present position; -1 at the very start
	at    []uint32 // instructions from which to go on at the present position
	stack []uint32
	seen  []bool
	live  []uint32 // instructions of at's closure that consume a rune
}

func newScanner(re *Regexp) *scanner {
	return &scanner{re: re, prev: -1, seen: make([]bool, len(re.prog.Inst))}
}

// step takes the next rune and reports whether the expression has matched.
func (s *scanner) step(r rune) bool {
	if s.closure(syntax.EmptyOpContext(s.prev, r)) {
		return true
	}
	s.at = s.at[:0]
	for _, pc := range s.live {
		if in := &s.re.prog.Inst[pc]; in.MatchRune(r) && !slices.Contains(s.at, in.Out) {
			s.at = append(s.at, in.Out)
		}
	}
	s.prev = r
	return s.early()
}

// early reports a match that needs no look at the rune to come: all conditions on it are
// taken as false, but for \z, which means the end so far.
func (s *scanner) early() bool {
	known := syntax.EmptyOpContext(s.prev, -1)
	known &= syntax.EmptyBeginLine | syntax.EmptyBeginText | syntax.EmptyEndText
	return s.closure(known)
}

// end reports whether the expression matches if the stream ends here.
func (s *scanner) end() bool { return s.closure(syntax.EmptyOpContext(s.prev, -1)) }

// closure follows the instructions that consume nothing, from all places in s.at and,
// as a match may begin anywhere, from the start. It reports whether a match was reached.
func (s *scanner) closure(holds syntax.EmptyOp) bool {
	clear(s.seen)
	s.live = s.live[:0]
	s.stack = append(append(s.stack[:0], s.at...), uint32(s.re.prog.Start))
	for len(s.stack) > 0 {
		pc := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if s.seen[pc] {
			continue
		}
		s.seen[pc] = true
		switch in := &s.re.prog.Inst[pc]; in.Op {
		case syntax.InstMatch:
			return true
		case syntax.InstAlt, syntax.InstAltMatch:
			s.stack = append(s.stack, in.Out, in.Arg)
		case syntax.InstCapture, syntax.InstNop:
			s.stack = append(s.stack, in.Out)
		case syntax.InstEmptyWidth:
			if syntax.EmptyOp(in.Arg)&^holds == 0 {
				s.stack = append(s.stack, in.Out)
			}
		case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
			s.live = append(s.live, pc)
		}
	}
	return false
}

// A decoder turns bytes into runes across writes. Bytes that are not UTF-8 become
// U+FFFD, carriage returns vanish.
type decoder struct {
	buf [utf8.UTFMax]byte
	n   int
}

// next takes a byte and calls f for the runes it completes.
func (d *decoder) next(b byte, f func(rune)) {
	if d.n == 0 && b < utf8.RuneSelf {
		if b != '\r' {
			f(rune(b))
		}
		return
	}
	d.buf[d.n] = b
	d.n++
	for d.n > 0 && utf8.FullRune(d.buf[:d.n]) {
		r, size := utf8.DecodeRune(d.buf[:d.n])
		d.n = copy(d.buf[:], d.buf[size:d.n])
		if r != '\r' {
			f(r)
		}
	}
}
