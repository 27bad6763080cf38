package debug

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// An Expr is a parsed expression: unsigned 64-bit arithmetic over numbers, registers,
// symbols and memory, with C's operators and precedence.
//
//	0x10 16 10h 'a'       numbers; hexadecimal without 0x where it cannot be a name
//	rax $rax %eax cs.base registers and flags; see registers.go
//	schedule              symbols
//	[rsp+8] *(rsp+8)      memory at a linear address, 8 bytes
//	b[…] w[…] d[…] q[…]   1, 2, 4 or 8 bytes of it; pb[…] and so on at a physical address
//	ds:si 0xf000:0xfff0   segment and offset: the base of a segment register, or 16 times a number
type Expr struct {
	text string
	root node
}

// String is the text that was parsed.
func (x *Expr) String() string { return x.text }

// An environment is what expressions are about.
type environment interface {
	register(name string) (uint64, bool)
	symbol(name string) (uint64, bool)
	// read returns size bytes at an address.
	read(physical bool, addr uint64, size int) (uint64, error)
}

type node interface {
	eval(env environment) (uint64, error)
}

// eval works the expression out.
func (x *Expr) eval(env environment) (uint64, error) { return x.root.eval(env) }

// Limits of what is parsed.
const (
	maxExprText  = 4096
	maxExprDepth = 100
)

// ParseExpr parses all of text.
func ParseExpr(text string) (*Expr, error) {
	if len(text) > maxExprText {
		return nil, errors.New("expression is too long")
	}
	p := parser{rest: text}
	p.advance()
	if p.tok == "" && p.err == nil {
		return nil, errors.New("an expression is missing: a number such as 0x1000, a register or a symbol")
	}
	n := p.binary(0)
	if p.err == nil && p.tok != "" {
		p.fail("%q is not expected here", p.tok)
	}
	if p.err != nil {
		return nil, p.err
	}
	return &Expr{strings.TrimSpace(text), n}, nil
}

// A parser reads tokens and descends recursively.
type parser struct {
	rest  string
	tok   string // "" at the end
	word  bool   // tok is a number or a name
	depth int
	err   error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.tok, p.rest = "", ""
}

func wordByte(c byte) bool {
	return c == '_' || c == '.' || c == '$' || c == '@' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// advance reads the next token. A % that a letter follows belongs to a register if no
// value stands before it.
func (p *parser) advance() {
	after := p.word || p.tok == ")" || p.tok == "]"
	p.rest = strings.TrimLeft(p.rest, " \t")
	p.tok, p.word = "", false
	if p.rest == "" {
		return
	}
	c := p.rest[0]
	switch {
	case c == '\'':
		if len(p.rest) < 3 || p.rest[2] != '\'' {
			p.fail("a character looks like 'a'")
			return
		}
		p.take(3)
		p.word = true
	case wordByte(c), c == '%' && !after && len(p.rest) > 1 && wordByte(p.rest[1]):
		n := 1
		for n < len(p.rest) && wordByte(p.rest[n]) {
			n++
		}
		p.take(n)
		p.word = true
	case len(p.rest) > 1 && strings.Contains("<< >> == != <= >= && || ", p.rest[:2]+" "):
		p.take(2)
	default:
		p.take(1)
	}
}

func (p *parser) take(n int) { p.tok, p.rest = p.rest[:n], p.rest[n:] }

// precedence of binary operators, loosest first.
var precedence = [][]string{
	{"||"}, {"&&"}, {"|"}, {"^"}, {"&"}, {"==", "!="}, {"<", "<=", ">", ">="}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}, {":"},
}

// binary parses operators of a level and tighter ones.
func (p *parser) binary(level int) node {
	if level == len(precedence) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for p.err == nil && !p.word && contains(precedence[level], p.tok) {
		op := p.tok
		p.advance()
		right := p.binary(level + 1)
		left = &operation{op, left, right}
	}
	return left
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// unary parses prefix operators and operands.
func (p *parser) unary() node {
	if p.depth++; p.depth > maxExprDepth {
		p.fail("expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	if p.err != nil {
		return number(0)
	}
	tok, word := p.tok, p.word
	if word {
		p.advance()
		if size, physical, ok := memoryPrefix(tok); ok && p.tok == "[" {
			return p.memory(size, physical)
		}
		return p.operand(tok)
	}
	switch tok {
	case "-", "~", "!":
		p.advance()
		return &unary{tok, p.unary()}
	case "+":
		p.advance()
		return p.unary()
	case "*":
		p.advance()
		return &memory{8, false, p.unary()}
	case "(":
		p.advance()
		n := p.binary(0)
		p.expect(")")
		return n
	case "[":
		return p.memory(8, false)
	case "":
		p.fail("the expression ends too early")
	default:
		p.fail("%q is not expected here", tok)
	}
	return number(0)
}

func (p *parser) expect(tok string) {
	if p.err == nil && p.tok != tok {
		p.fail("%q is missing", tok)
		return
	}
	p.advance()
}

// memory parses [ADDRESS].
func (p *parser) memory(size int, physical bool) node {
	p.advance()
	n := p.binary(0)
	p.expect("]")
	return &memory{size, physical, n}
}

// memoryPrefix recognises b, w, d, q, and pb and so on.
func memoryPrefix(word string) (size int, physical, ok bool) {
	name, physical := strings.CutPrefix(word, "p")
	switch name {
	case "b", "byte":
		return 1, physical, true
	case "w", "word":
		return 2, physical, true
	case "d", "dword":
		return 4, physical, true
	case "q", "qword":
		return 8, physical, true
	}
	return 0, false, false
}

// operand is a number or a name.
func (p *parser) operand(tok string) node {
	if tok[0] == '\'' {
		return number(tok[1])
	}
	if tok[0] >= '0' && tok[0] <= '9' {
		n, err := parseNumber(tok)
		if err != nil {
			p.fail("%w", err)
		}
		return number(n)
	}
	return name(tok)
}

// parseNumber reads 16, 0x10, 10h, 0b10000, and 7c00 as hexadecimal.
func parseNumber(s string) (uint64, error) {
	if n, err := strconv.ParseUint(s, 0, 64); err == nil {
		return n, nil
	}
	if n, err := strconv.ParseUint(strings.TrimRight(s, "hH"), 16, 64); err == nil {
		return n, nil
	}
	return 0, fmt.Errorf("%q is not a number", s)
}

type number uint64

func (n number) eval(environment) (uint64, error) { return uint64(n), nil }

// A name is a register, a symbol, or a hexadecimal number, in this order. With $ or % it
// is a register only.
type name string

func (n name) eval(env environment) (uint64, error) {
	s := string(n)
	bare := strings.TrimLeft(s, "$%")
	if v, ok := env.register(strings.ToLower(bare)); ok {
		return v, nil
	}
	if bare != s {
		return 0, fmt.Errorf("there is no register %q", s)
	}
	if v, ok := env.symbol(s); ok {
		return v, nil
	}
	if v, err := parseNumber(s); err == nil {
		return v, nil
	}
	return 0, fmt.Errorf("%q is neither a number nor a register nor a symbol", s)
}

type unary struct {
	op string
	x  node
}

func (u *unary) eval(env environment) (uint64, error) {
	v, err := u.x.eval(env)
	switch u.op {
	case "-":
		v = -v
	case "~":
		v = ^v
	case "!":
		v = truth(v == 0)
	}
	return v, err
}

type memory struct {
	size     int
	physical bool
	addr     node
}

func (m *memory) eval(env environment) (uint64, error) {
	a, err := m.addr.eval(env)
	if err != nil {
		return 0, err
	}
	return env.read(m.physical, a, m.size)
}

type operation struct {
	op   string
	x, y node
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// eval stops at the left side of && and || where that decides.
func (b *operation) eval(env environment) (uint64, error) {
	if b.op == ":" {
		return b.linear(env)
	}
	x, err := b.x.eval(env)
	if err != nil {
		return 0, err
	}
	if b.op == "&&" && x == 0 || b.op == "||" && x != 0 {
		return truth(x != 0), nil
	}
	y, err := b.y.eval(env)
	if err != nil {
		return 0, err
	}
	return combine(b.op, x, y)
}

func combine(op string, x, y uint64) (uint64, error) {
	switch op {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	case "/", "%":
		if y == 0 {
			return 0, errors.New("division by zero")
		}
		if op == "/" {
			return x / y, nil
		}
		return x % y, nil
	case "&":
		return x & y, nil
	case "|":
		return x | y, nil
	case "^":
		return x ^ y, nil
	case "<<":
		return x << min(y, 64), nil
	case ">>":
		return x >> min(y, 64), nil
	case "==":
		return truth(x == y), nil
	case "!=":
		return truth(x != y), nil
	case "<":
		return truth(x < y), nil
	case "<=":
		return truth(x <= y), nil
	case ">":
		return truth(x > y), nil
	case ">=":
		return truth(x >= y), nil
	}
	return truth(y != 0), nil // && and || whose left side did not decide
}

// linear is segment:offset.
func (b *operation) linear(env environment) (uint64, error) {
	off, err := b.y.eval(env)
	if err != nil {
		return 0, err
	}
	if n, ok := b.x.(name); ok {
		bare := strings.ToLower(strings.TrimLeft(string(n), "$%"))
		if base, ok := env.register(bare + ".base"); ok {
			return base + off, nil
		}
	}
	seg, err := b.x.eval(env)
	return seg<<4 + off, err
}
