package oracle

import (
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/glassbox-vm/glassbox/cpu/x86"
)

// A Campaign runs blocks on silicon, where there is some, and on both engines.
type Campaign struct {
	Silicon     *Silicon // nil: the engines are compared with each other
	Plain, Fast *Rig
	// Record, if not nil, gets the digest of each block that silicon has executed.
	Record func(Digest)
	// Report is called for every test on which an engine and silicon (or, without silicon,
	// the engines) disagree.
	Report func(*Mismatch)

	Tests    map[string]int // by class, once however many engines ran them
	Differ   map[string]int // mismatches by class
	Masked   map[string]int // differences that a mask allows, by its reason
	Skipped  int            // tests that ended or hung the helper
	Unstable int            // tests whose first result silicon did not repeat
	Engines  time.Duration  // time spent in generator and engines

	chainable map[int][]*Form // by size of code

	masks   []mask
	always  []*mask // those that are always applied
	byOp    map[*cpu.Op][]*mask
	a, b    work
	pending *work
}

// A work is a block on its way, with the results of the engines and of silicon.
type work struct {
	block       Block
	form        *Form
	n           int
	plain, fast [BlockSize]Result
	silicon     [BlockSize]Result
	again       [BlockSize]Result
	good        int                    // results of silicon that are good
	left        [BlockSize / 64]uint64 // tests that the digest leaves out
}

// NewCampaign makes the engines. s may be nil.
func NewCampaign(s *Silicon, report func(*Mismatch)) (*Campaign, error) {
	c := &Campaign{Silicon: s, Report: report, Tests: map[string]int{}, Differ: map[string]int{}, Masked: map[string]int{}, chainable: map[int][]*Form{}, masks: masks, byOp: map[*cpu.Op][]*mask{}}
	if s != nil && !s.Intel {
		c.masks = append(otherVendor, masks...)
	}
	for i := range c.masks {
		if c.masks[i].always {
			c.always = append(c.always, &c.masks[i])
		}
	}
	var err error
	if c.Plain, err = NewRig(false); err != nil {
		return nil, fmt.Errorf("plain engine: %w", err)
	}
	if c.Fast, err = NewRig(true); err != nil {
		return nil, fmt.Errorf("fast engine: %w", err)
	}
	return c, nil
}

// Close frees the engines.
func (c *Campaign) Close() error { return errors.Join(c.Plain.Close(), c.Fast.Close()) }

// A Work is a block that can be made.
type Work struct {
	Form     *Form // nil for byte strings and for several instructions in a row
	N        int   // number of the block
	Generate func(b *Block)
}

// Works lists block n of all forms whose name and class match, and of byte strings and
// blocks of instructions. Every call must be with the same forms.
func (c *Campaign) Works(forms []*Form, n int, match func(string) bool) (works []Work) {
	for _, f := range forms {
		if match(f.Key + " " + f.Op.Name + " " + f.Class) {
			works = append(works, Work{f, n, func(b *Block) { Generate(f, n, b) }})
		}
	}
	const several = 64 // as many blocks as these are worth
	for _, size := range []int{8, 4, 2} {
		chainable := c.chainable[size]
		if chainable == nil {
			chainable = Chainable(forms, size, c.Silicon == nil || c.Silicon.Intel)
			c.chainable[size] = chainable
		}
		for i := n * several; i < (n+1)*several; i++ {
			if match(fmt.Sprintf("bytes %d", 8*size)) {
				works = append(works, Work{nil, i, func(b *Block) { GenerateBytes(size, i, b) }})
			}
			if match(fmt.Sprintf("blocks %d", 8*size)) {
				works = append(works, Work{nil, i, func(b *Block) { GenerateChain(chainable, size, i, b) }})
			}
		}
	}
	return works
}

// Do runs one block. Silicon works on it while the next is made; Finish waits for the last.
func (c *Campaign) Do(todo Work) error {
	w := &c.a
	if c.pending == w {
		w = &c.b
	}
	w.form, w.n = todo.Form, todo.N
	start := time.Now()
	todo.Generate(&w.block)
	c.Engines += time.Since(start)
	if err := c.Finish(); err != nil {
		return err
	}
	if c.Silicon != nil {
		if err := c.Silicon.Start(&w.block); err != nil {
			return fmt.Errorf("start a block on silicon: %w", err)
		}
	}
	c.pending = w
	start = time.Now()
	defer func() { c.Engines += time.Since(start) }()
	if err := errors.Join(c.Plain.Begin(&w.block), c.Fast.Begin(&w.block)); err != nil {
		return fmt.Errorf("before %s: %w", w.block.Name, err)
	}
	c.Fast.Native((len(w.block.Name)+w.n)%2 == 0) // for every other block of a form
	for i := range w.block.Tests {
		t := &w.block.Tests[i]
		if err := c.Plain.Run(t, &w.plain[i], 0); err != nil {
			return fmt.Errorf("%s test %d: %w", w.block.Name, i, err)
		}
		count := int64(0)
		if t.Cont > 1 {
			count = int64(w.plain[i].Steps)
		}
		if err := c.Fast.Run(t, &w.fast[i], count); err != nil {
			return fmt.Errorf("%s test %d: %w", w.block.Name, i, err)
		}
		w.plain[i].normalize(t)
		w.fast[i].normalize(t)
	}
	return nil
}

// Finish waits for silicon and compares the results of the pending block.
func (c *Campaign) Finish() error {
	w := c.pending
	if w == nil {
		return nil
	}
	c.pending = nil
	w.good = BlockSize
	if c.Silicon == nil {
		w.silicon = w.plain
	} else {
		var err error
		w.good, err = c.Silicon.Wait(&w.silicon)
		if errors.Is(err, ErrDied) {
			c.Skipped += BlockSize - w.good
			if c.Report != nil {
				c.Report(&Mismatch{Form: w.block.Name, Class: w.block.Class, Engine: "helper died:", Index: w.good, Test: w.block.Tests[w.good]})
			}
		} else if err != nil {
			return err
		}
	}
	c.compare(w)
	return nil
}

// compare reports the differences in a block.
func (c *Campaign) compare(w *work) {
	c.Tests[w.block.Class] += w.good
	repeated := false
	w.left = [BlockSize / 64]uint64{}
	for i := range w.good {
		t, s := &w.block.Tests[i], &w.silicon[i]
		if c.Silicon != nil {
			if s.Trap == 1 && s.Steps >= t.Max && t.Cont == 1 {
				c.Skipped++
				w.leave(i)
				continue
			}
			s.normalize(t)
		}
		if w.form != nil && w.plain[i].Trap == noFault && (w.plain[i].Flags^t.Flags)&uint64(x86.FlagsStatus&^w.form.Op.Writes) != 0 {
			c.rowWrites(w, i)
		}
		for _, m := range c.always {
			m.allow(t, nil, s, &w.plain[i])
			m.allow(t, nil, s, &w.fast[i])
		}
		if s.equal(&w.plain[i]) && s.equal(&w.fast[i]) {
			continue
		}
		ok, left := c.allowed(w, i)
		if left {
			w.leave(i)
		}
		if ok {
			continue
		}
		if c.Silicon != nil {
			if !repeated {
				repeated = c.repeat(w)
			}
			again := &w.again[i]
			again.normalize(t)
			for _, m := range c.always {
				m.allow(t, nil, s, again)
			}
			if repeated && !s.equal(again) {
				c.Unstable++
				continue
			}
		}
		c.differs(w, i, "plain", &w.plain[i])
		c.differs(w, i, "fast", &w.fast[i])
	}
	if c.Record != nil && w.form != nil && w.good == BlockSize {
		c.Record(w.digest(c.neutral()))
	}
}

// leave leaves test i out of the digest of the block.
func (w *work) leave(i int) { w.left[i/64] |= 1 << (i % 64) }

// neutral says whether digests leave out what Intel's manual leaves undefined.
func (c *Campaign) neutral() bool { return !c.Silicon.Intel }

// allowed applies the masks to test i, and says whether nothing else differs. left says that
// more than undefined flags differed.
func (c *Campaign) allowed(w *work, i int) (ok, left bool) {
	t, s := &w.block.Tests[i], &w.silicon[i]
	var in cpu.Inst
	cpu.Decode(t.Code[:cpu.MaxInst], width(w.block.Size), &in)
	ms := c.concerned(&in)
	for _, m := range ms {
		if m.undefined != nil {
			m.clear(t, &in, s)
			m.clear(t, &in, &w.plain[i])
			m.clear(t, &in, &w.fast[i])
			c.Masked[m.reason]++
		}
	}
	if s.equal(&w.plain[i]) && s.equal(&w.fast[i]) {
		return true, false
	}
	for _, m := range ms {
		if m.allow == nil {
			continue
		}
		before := w.plain[i]
		m.allow(t, &in, s, &w.plain[i])
		m.allow(t, &in, s, &w.fast[i])
		if !before.equal(&w.plain[i]) {
			c.Masked[m.reason]++
		}
	}
	return s.equal(&w.plain[i]) && s.equal(&w.fast[i]), true
}

// concerned are the masks for an instruction.
func (c *Campaign) concerned(in *cpu.Inst) []*mask {
	ms, known := c.byOp[in.Op]
	if !known {
		for k := range c.masks {
			if m := &c.masks[k]; !m.always && m.concerns(in) {
				ms = append(ms, m)
			}
		}
		c.byOp[in.Op] = ms
	}
	return ms
}

// repeat has silicon execute the block again. An interrupt of the host between two
// instructions can change what user code cannot see otherwise.
func (c *Campaign) repeat(w *work) bool {
	if c.Silicon.Start(&w.block) != nil {
		return false
	}
	n, err := c.Silicon.Wait(&w.again)
	return err == nil && n == BlockSize
}

// rowWrites reports a row that does not tell all flags it writes; the fast engine believes
// what rows say.
func (c *Campaign) rowWrites(w *work, i int) {
	c.Differ[w.block.Class]++
	if c.Report != nil {
		c.Report(&Mismatch{w.block.Name, w.block.Class, "row's Writes:", i, w.block.Tests[i], w.silicon[i], w.plain[i]})
	}
}

// differs reports test i of a block if an engine and silicon differ.
func (c *Campaign) differs(w *work, i int, engine string, got *Result) {
	if w.silicon[i].equal(got) {
		return
	}
	c.Differ[w.block.Class]++
	if c.Report != nil {
		c.Report(&Mismatch{w.block.Name, w.block.Class, engine, i, w.block.Tests[i], w.silicon[i], *got})
	}
}

// Summary is a table of tests and differences by class.
func (c *Campaign) Summary() (lines []string) {
	var classes []string
	for k := range c.Tests {
		classes = append(classes, k)
	}
	sort.Strings(classes)
	for _, k := range classes {
		lines = append(lines, fmt.Sprintf("%-20s %12d tests %8d differ", k, c.Tests[k], c.Differ[k]))
	}
	return lines
}
