// Command oracle runs long campaigns of the silicon oracle: see package oracle.
//
//	go run ./tests/oracle/cmd/oracle -tests 100000000
//	go run ./tests/oracle/cmd/oracle -form 'VEX.0F38' -show 3
//	go run ./tests/oracle/cmd/oracle -record tests/oracle/corpus/intel.txt
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime/pprof"
	"sort"
	"time"

	"github.com/glassbox-vm/glassbox/tests/oracle"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run() error {
	tests := flag.Int("tests", 1_000_000, "how many `tests`, spread over the forms")
	first := flag.Int("first", 0, "number of the first block of each form: other blocks, other tests")
	pattern := flag.String("form", "", "only forms or classes that match this `regexp`")
	show := flag.Int("show", 1, "examples to print of each kind of difference")
	kinds := flag.Int("kinds", 100, "kinds of difference to print")
	noSilicon := flag.Bool("nosilicon", false, "compare the engines with each other")
	record := flag.String("record", "", "execute -rounds blocks of each form and write the digests of what silicon did to this `file`")
	rounds := flag.Int("rounds", 2, "blocks of each form that -record executes")
	profile := flag.String("cpuprofile", "", "write a profile to this `file`")
	flag.Parse()
	re, err := regexp.Compile(*pattern)
	if err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	var s *oracle.Silicon
	if !*noSilicon {
		if s, err = oracle.NewSilicon(); err != nil {
			return fmt.Errorf("no oracle here: %w", err)
		}
		defer s.Close()
	}
	k := &kindsSeen{show: *show, count: map[string]int{}, example: map[string][]string{}}
	c, err := oracle.NewCampaign(s, k.report)
	if err != nil {
		return err
	}
	defer c.Close()
	if *record != "" {
		return recordCorpus(c, k, re, *record, *rounds)
	}
	return campaign(c, k, re, *tests, *first, *kinds)
}

func campaign(c *oracle.Campaign, k *kindsSeen, re *regexp.Regexp, tests, first, kinds int) error {
	forms := oracle.Forms(c.Plain.Has)
	if len(c.Works(forms, first, re.MatchString)) == 0 {
		return fmt.Errorf("no form matches")
	}
	start := time.Now()
	done, told := 0, start
	for n := first; done < tests; n++ {
		if time.Since(told) > time.Minute {
			told = time.Now()
			fmt.Fprintf(os.Stderr, "block %d: %d of %d tests, %d kinds of difference\n", n, done, tests, len(k.count))
		}
		for _, w := range c.Works(forms, n, re.MatchString) {
			if err := c.Do(w); err != nil {
				return err
			}
			if done += oracle.BlockSize; done >= tests {
				break
			}
		}
	}
	if err := c.Finish(); err != nil {
		return err
	}
	k.print(kinds)
	total := time.Since(start)
	for _, l := range c.Summary() {
		fmt.Println(l)
	}
	fmt.Printf("%d forms, %d tests in %v, %.0f/s; generator and both engines alone %.0f/s; %d tests skipped, %d not repeatable\n",
		len(forms), done, total.Round(time.Millisecond), float64(done)/total.Seconds(), float64(done)/c.Engines.Seconds(), c.Skipped, c.Unstable)
	return nil
}

// recordCorpus writes a corpus of digests. It refuses to when an engine and silicon differ.
func recordCorpus(c *oracle.Campaign, k *kindsSeen, re *regexp.Regexp, name string, rounds int) error {
	if c.Silicon == nil {
		return fmt.Errorf("a corpus is recorded on silicon")
	}
	corpus := oracle.Corpus{Processor: c.Silicon.Name, Neutral: !c.Silicon.Intel}
	c.Record = func(d oracle.Digest) { corpus.Digests = append(corpus.Digests, d) }
	forms := oracle.Forms(c.Plain.Has)
	for n := range rounds {
		for _, w := range c.Works(forms, n, re.MatchString) {
			if w.Form == nil {
				continue
			}
			if err := c.Do(w); err != nil {
				return err
			}
		}
	}
	if err := c.Finish(); err != nil {
		return err
	}
	k.print(20)
	if len(k.count) > 0 {
		return fmt.Errorf("silicon and the emulator differ in %d ways: no corpus written", len(k.count))
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Printf("%d digests of %s\n", len(corpus.Digests), corpus.Processor)
	return corpus.Write(f)
}

// kindsSeen groups differences of the same form and fields.
type kindsSeen struct {
	show    int
	count   map[string]int
	example map[string][]string
}

func (k *kindsSeen) report(m *oracle.Mismatch) {
	key := m.Class + ": " + m.Form + " [" + m.Engine + "]: " + m.Fields()
	k.count[key]++
	if len(k.example[key]) < k.show {
		k.example[key] = append(k.example[key], m.String())
	}
}

func (k *kindsSeen) print(limit int) {
	var keys []string
	for key := range k.count {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for i, key := range keys {
		if i == limit {
			fmt.Printf("… and %d more kinds\n", len(keys)-limit)
			break
		}
		fmt.Printf("%6d× %s\n", k.count[key], key)
		for _, e := range k.example[key] {
			fmt.Print(e)
		}
	}
}
