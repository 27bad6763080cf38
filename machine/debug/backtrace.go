package debug

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A frame is one caller.
type frame struct {
	pc, sp  uint64
	guessed bool // found by looking through the stack, so it may be left over from an old call
}

// Limits of a backtrace: frames, and words of the stack that are looked through.
const (
	maxFrames = 64
	scanWords = 512
)

// frames follows the frame pointers, and where they end, or there are none, looks through
// the stack for addresses that a CALL stands before.
func (s *scene) frames(most int) (list []frame) {
	w := s.x.CodeBits() / 8
	if !s.x.Protected() && w == 2 {
		return s.scanFrames(s.x.Seg[x86.SS].Base+s.stackOffset(), w, most)
	}
	bp, last := s.linear(x86.SS, s.x.GPR[x86.RBP]&mask(uint(w)*8)), s.linear(x86.SS, s.stackOffset())
	for len(list) < most && bp >= last && bp-last < 1<<20 {
		next, ok1 := s.read64(bp, w)
		ret, ok2 := s.read64(bp+uint64(w), w)
		if !ok1 || !ok2 || !s.afterCall(ret, w) {
			break
		}
		list = append(list, frame{pc: ret, sp: bp + 2*uint64(w)})
		last = bp + 2*uint64(w)
		bp = s.linear(x86.SS, next)
	}
	return append(list, s.scanFrames(last, w, most-len(list))...)
}

// scanFrames looks at the words of the stack from sp on.
func (s *scene) scanFrames(sp uint64, w, most int) (list []frame) {
	for n := 0; n < scanWords && len(list) < most; n++ {
		at := sp + uint64(n*w)
		v, ok := s.read64(at, w)
		if !ok {
			break
		}
		if s.afterCall(v, w) {
			list = append(list, frame{pc: v, sp: at + uint64(w), guessed: true})
		}
	}
	return list
}

// afterCall says whether a near CALL ends at an offset in the code segment: E8, or FF /2
// of 2 to 7 bytes.
func (s *scene) afterCall(ret uint64, w int) bool {
	const longest = 7
	var p [longest]byte
	la := s.linear(x86.CS, ret)
	if ret < longest || readLinear(s.c, s.mem, la-longest, p[:]) != longest {
		return false
	}
	if s.sym.Len() > 0 && s.sym.Name(la) == "" {
		return false
	}
	near := 3 // E8 and a displacement
	if w > 2 {
		near = 5
	}
	if p[longest-near] == 0xe8 {
		return true
	}
	for n := 2; n <= longest; n++ {
		if p[longest-n] == 0xff && p[longest-n+1]>>3&7 == 2 {
			return true
		}
	}
	return false
}

// backtrace is bt.
func (i *Inspector) backtrace(args string) error {
	n, err := countArg(args, maxFrames)
	if err != nil {
		return err
	}
	s := i.scene()
	i.printf("#0  %s\n", s.at())
	for k, f := range s.frames(n - 1) {
		name := i.Symbols.Name(s.linear(x86.CS, f.pc))
		i.printf("#%-2d %0*x%s%s\n", k+1, s.x.CodeBits()/4, f.pc, pick(name != "", " <"+name+">", ""), pick(f.guessed, "  (guess: on the stack, after a CALL)", ""))
	}
	return nil
}

// countArg reads an optional count, at most limit.
func countArg(args string, limit int) (int, error) {
	if args = strings.TrimPrefix(args, "/"); args == "" {
		return min(16, limit), nil
	}
	n, err := strconv.Atoi(args)
	if err != nil || n < 1 || n > limit {
		return 0, fmt.Errorf("%q is not a number from 1 to %d", args, limit)
	}
	return n, nil
}

// printStack is print-stack.
func (i *Inspector) printStack(args string) error {
	n, err := countArg(args, scanWords)
	if err != nil {
		return err
	}
	s := i.scene()
	w := s.x.CodeBits() / 8
	for k := range n {
		at := s.linear(x86.SS, s.stackOffset()+uint64(k*w))
		v, ok := s.read64(at, w)
		if !ok {
			return fmt.Errorf("%#x is not mapped; page %#x shows why", at, at)
		}
		i.printf("%016x  %0*x%s\n", at, 2*w, v, i.after(v))
	}
	return nil
}

// maxCRC is the most bytes that crc reads.
const maxCRC = 1 << 30

// crc is crc ADDRESS LENGTH.
func (i *Inspector) crc(args string) error {
	at, length, ok := strings.Cut(args, " ")
	if !ok {
		return errors.New("give an address and a length in bytes")
	}
	addr, err := i.eval(at)
	if err != nil {
		return err
	}
	n, err := i.eval(length)
	if err != nil {
		return err
	}
	if n > maxCRC {
		return fmt.Errorf("at most %d bytes", maxCRC)
	}
	h := crc32.NewIEEE()
	var p [4096]byte
	for done := uint64(0); done < n; {
		q := p[:min(n-done, uint64(len(p)))]
		if got := i.linear(addr+done, q); got < len(q) {
			return fmt.Errorf("%#x is not mapped", addr+done+uint64(got))
		}
		h.Write(q)
		done += uint64(len(q))
	}
	i.printf("%08x\n", h.Sum32())
	return nil
}
