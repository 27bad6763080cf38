package oracle

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/cpu"
)

// A Digest is what silicon made of one block of a form: one hash of 256 results.
type Digest struct {
	Key  string
	N    int // number of the block
	Hash uint64
	Left [BlockSize / 64]uint64 // a bit for each test that the hash leaves out
}

// A Corpus is digests recorded on one processor.
type Corpus struct {
	Processor string
	// Neutral says that the processor is not of the profile that the emulator follows: what
	// Intel's manual leaves undefined, and the pointers to the last x87 instruction, are left out.
	Neutral bool
	Digests []Digest
}

const corpusMagic = "glassbox oracle corpus 1"

// Write writes a corpus as text: a header, and a line for each digest.
func (c *Corpus) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s\nprocessor: %s\nundefined: %s\n", corpusMagic, c.Processor, map[bool]string{false: "kept", true: "left out"}[c.Neutral])
	for _, d := range c.Digests {
		left := "-"
		if d.Left != [BlockSize / 64]uint64{} {
			left = fmt.Sprintf("%016x%016x%016x%016x", d.Left[3], d.Left[2], d.Left[1], d.Left[0])
		}
		fmt.Fprintf(b, "%d %016x %s %s\n", d.N, d.Hash, left, d.Key)
	}
	return b.Flush()
}

// ReadCorpus reads what Write wrote.
func ReadCorpus(r io.Reader) (*Corpus, error) {
	s := bufio.NewScanner(r)
	header := func(prefix string) string {
		if !s.Scan() || !strings.HasPrefix(s.Text(), prefix) {
			return ""
		}
		return s.Text()[len(prefix):]
	}
	c := &Corpus{}
	if !s.Scan() || s.Text() != corpusMagic {
		return nil, fmt.Errorf("no corpus of this version")
	}
	c.Processor = header("processor: ")
	switch u := header("undefined: "); u {
	case "kept":
	case "left out":
		c.Neutral = true
	default:
		return nil, fmt.Errorf("undefined: %q is neither kept nor left out", u)
	}
	for line := 4; s.Scan(); line++ {
		d, err := parseDigest(s.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		c.Digests = append(c.Digests, d)
	}
	return c, s.Err()
}

// parseDigest reads a line.
func parseDigest(line string) (d Digest, err error) {
	f := strings.SplitN(line, " ", 4)
	if len(f) != 4 || f[3] == "" {
		return d, fmt.Errorf("not four fields")
	}
	d.Key = f[3]
	if d.N, err = strconv.Atoi(f[0]); err != nil || d.N < 0 {
		return d, fmt.Errorf("number of a block: %q", f[0])
	}
	if d.Hash, err = strconv.ParseUint(f[1], 16, 64); err != nil {
		return d, fmt.Errorf("hash: %w", err)
	}
	if f[2] == "-" {
		return d, nil
	}
	if len(f[2]) != 64 {
		return d, fmt.Errorf("the set of tests left out has %d digits, not 64", len(f[2]))
	}
	for i := range d.Left {
		if d.Left[i], err = strconv.ParseUint(f[2][48-16*i:64-16*i], 16, 64); err != nil {
			return d, fmt.Errorf("tests left out: %w", err)
		}
	}
	return d, nil
}

// digest makes the digest of what silicon did.
func (w *work) digest(neutral bool) Digest {
	d := Digest{Key: w.form.Key, N: w.n, Left: w.left}
	d.Hash = d.hash(&w.block, &w.silicon, neutral)
	return d
}

// hash is the hash of normalized results of a block, without the tests left out.
func (d *Digest) hash(b *Block, results *[BlockSize]Result, neutral bool) uint64 {
	h := uint64(BlockSize)
	var in cpu.Inst
	for i := range results {
		if d.Left[i/64]>>(i%64)&1 != 0 {
			continue
		}
		r := results[i]
		if neutral {
			t := &b.Tests[i]
			cpu.Decode(t.Code[:cpu.MaxInst], width(b.Size), &in)
			for k := range otherVendor {
				if m := &otherVendor[k]; m.undefined != nil && m.concerns(&in) {
					m.clear(t, &in, &r)
				}
			}
			r.FX.FOP, r.FX.FIP, r.FX.FDP = 0, 0, 0
		}
		h = r.hash(h)
	}
	return h
}

// Replay runs the block b of a digest on an engine and says whether the results are silicon's.
func (r *Rig) Replay(d *Digest, b *Block, neutral bool, results *[BlockSize]Result) (same bool, err error) {
	if err := r.Begin(b); err != nil {
		return false, fmt.Errorf("before %s: %w", b.Name, err)
	}
	for i := range b.Tests {
		t := &b.Tests[i]
		if err := r.Run(t, &results[i], 0); err != nil {
			return false, fmt.Errorf("%s test %d: %w", b.Name, i, err)
		}
		results[i].normalize(t)
	}
	return d.hash(b, results, neutral) == d.Hash, nil
}
