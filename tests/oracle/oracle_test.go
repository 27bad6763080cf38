package oracle

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/glassbox-vm/glassbox/cpu"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	flagRounds = flag.Int("oracle.rounds", 1, "blocks of 256 tests of each form that TestEnginesEqualSilicon executes")
	flagFirst  = flag.Int("oracle.first", 1000, "number of the first")
	flagTime   = flag.Duration("oracle.time", time.Minute, "when TestEnginesEqualSilicon stops, whatever is left")
)

// TestEnginesEqualSilicon executes some million tests on the host's processor and on both
// engines. cmd/oracle runs longer campaigns.
func TestEnginesEqualSilicon(t *testing.T) {
	s, err := NewSilicon()
	if err != nil {
		t.Skipf("oracle not available: %v", err)
	}
	defer s.Close()
	c, err := NewCampaign(s, func(m *Mismatch) {
		if !t.Failed() {
			t.Log(m.String())
		}
		t.Errorf("%s, %s engine: %s", m.Form, m.Engine, m.Fields())
	})
	require.NoError(t, err)
	defer c.Close()
	forms := Forms(c.Plain.Has)
	end := time.Now().Add(*flagTime)
	rounds := *flagRounds
	for n := *flagFirst; n < *flagFirst+rounds; n++ {
		works := c.Works(forms, n, func(string) bool { return true })
		// In an order of its own, so that a test out of time has seen some of everything.
		r := rand.New(rand.NewPCG(uint64(n), 0))
		r.Shuffle(len(works), func(i, j int) { works[i], works[j] = works[j], works[i] })
		for _, w := range works {
			if time.Now().After(end) {
				t.Log("out of time")
				n = *flagFirst + rounds
				break
			}
			require.NoError(t, c.Do(w))
		}
	}
	require.NoError(t, c.Finish())
	t.Log(s.Name)
	for _, l := range c.Summary() {
		t.Log(l)
	}
}

// TestEnginesEqualDigests replays what silicon did on other hosts.
func TestEnginesEqualDigests(t *testing.T) {
	files, err := filepath.Glob("corpus/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) { replay(t, name) })
	}
}

func replay(t *testing.T, name string) {
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	corpus, err := ReadCorpus(f)
	require.NoError(t, err)
	plain, err := NewRig(false)
	require.NoError(t, err)
	defer plain.Close()
	fast, err := NewRig(true)
	require.NoError(t, err)
	defer fast.Close()
	forms := map[string]*Form{}
	for _, f := range Forms(plain.Has) {
		forms[f.Key] = f
	}
	b, results, seen := new(Block), new([BlockSize]Result), map[string]bool{}
	for i := range corpus.Digests {
		d := &corpus.Digests[i]
		form := forms[d.Key]
		if !assert.NotNil(t, form, "no form %s", d.Key) {
			continue
		}
		seen[d.Key] = true
		if testing.Short() && d.N > 0 {
			continue
		}
		Generate(form, d.N, b)
		for engine, r := range map[string]*Rig{"plain": plain, "fast": fast} {
			same, err := r.Replay(d, b, corpus.Neutral, results)
			require.NoError(t, err)
			assert.True(t, same, "%s, block %d: the %s engine is not what the processor is; where there is one: cmd/oracle -first %d -form '%s'", b.Name, d.N, engine, d.N, d.Key)
		}
	}
	for key := range forms {
		assert.True(t, seen[key], "no digest of %s", key)
	}
	t.Logf("%d digests of %s", len(corpus.Digests), corpus.Processor)
}

// TestFastEngineExecutesBlocks: code that each test writes anew must not be left to the plain engine, as
// it once was after the first tests.
func TestFastEngineExecutesBlocks(t *testing.T) {
	r, err := NewRig(true)
	require.NoError(t, err)
	defer r.Close()
	b, results := new(Block), new([BlockSize]Result)
	for n, f := range Forms(r.Has)[:8] { // ADD
		Generate(f, n, b)
		before := r.c.BlocksBuilt()
		_, err := r.Replay(&Digest{Key: f.Key}, b, true, results)
		require.NoError(t, err)
		assert.Greater(t, r.c.BlocksBuilt()-before, uint64(BlockSize/2), "%s: those with a bad LOCK or AC set are not built", b.Name)
	}
}

// TestNativeTierExecutesTests: where there is machine code of the host, the tests of a rig that asks for it
// become some.
func TestNativeTierExecutesTests(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("no native tier on this host")
	}
	r, err := NewRig(true)
	require.NoError(t, err)
	defer r.Close()
	b, results := new(Block), new([BlockSize]Result)
	for n, f := range Forms(r.Has)[:8] { // ADD
		Generate(f, n, b)
		for _, on := range []bool{false, true} {
			r.Native(on)
			before := r.c.NativeBuilt()
			_, err := r.Replay(&Digest{Key: f.Key}, b, true, results)
			require.NoError(t, err)
			if on && f.Size == 8 {
				assert.Greater(t, r.c.NativeBuilt()-before, uint64(BlockSize/4), f.Key)
			} else if !on {
				assert.Equal(t, before, r.c.NativeBuilt(), f.Key)
			}
		}
	}
}

// TestDigestsTellResultsApart makes a digest of one block and replays another.
func TestDigestsTellResultsApart(t *testing.T) {
	r, err := NewRig(false)
	require.NoError(t, err)
	defer r.Close()
	f := Forms(r.Has)[0]
	b, results := new(Block), new([BlockSize]Result)
	Generate(f, 0, b)
	d := &Digest{Key: f.Key}
	_, err = r.Replay(d, b, false, results)
	require.NoError(t, err)
	d.Hash = d.hash(b, results, false)
	same, err := r.Replay(d, b, false, results)
	require.NoError(t, err)
	assert.True(t, same)
	for i, change := range []func(){func() { results[3].GPR[0]++ }, func() { results[200].Flags ^= 1 }, func() { results[255].FX.YMMH[15][1]++ }, func() { results[0].Trap = 13 }} {
		before := *results
		change()
		assert.NotEqual(t, d.Hash, d.hash(b, results, false), "change %d", i)
		*results = before
	}
	results[3].Flags ^= 1
	d.Left[0] = 1 << 3
	left := d.hash(b, results, false)
	results[3].Flags ^= 1
	assert.Equal(t, left, d.hash(b, results, false), "a test left out counts nothing")
}

// TestCorpusReadsBack writes and reads a corpus.
func TestCorpusReadsBack(t *testing.T) {
	c := &Corpus{Processor: "a processor, family 1", Neutral: true, Digests: []Digest{
		{Key: "1 00  64", Hash: 1}, {Key: "VEX.0F 58 none 32", N: 7, Hash: 1 << 63, Left: [4]uint64{1, 2, 3, 1 << 63}},
	}}
	var b bytes.Buffer
	require.NoError(t, c.Write(&b))
	got, err := ReadCorpus(&b)
	require.NoError(t, err)
	assert.Equal(t, c, got)
}

// FuzzReadCorpus gives rubbish to the parser.
func FuzzReadCorpus(f *testing.F) {
	f.Add([]byte(corpusMagic + "\nprocessor: x\nundefined: kept\n0 00 - 1 00  64\n"))
	f.Add([]byte(corpusMagic + "\nprocessor: x\nundefined: left out\n-1 zz " + strings.Repeat("0", 64) + " k\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ReadCorpus(bytes.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		require.NoError(t, c.Write(&b))
		again, err := ReadCorpus(&b)
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}

// TestHelperIsAssembled compares the helper with its source.
func TestHelperIsAssembled(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	out := filepath.Join(t.TempDir(), "helper.bin")
	text, err := exec.Command(nasm, "-f", "bin", "-o", out, "helper/helper.asm").CombinedOutput()
	require.NoError(t, err, "%s", text)
	want, err := os.ReadFile(out)
	require.NoError(t, err)
	got, err := os.ReadFile("helper/helper.bin")
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, got), "helper.bin is not what helper.asm says: go generate ./tests/oracle")
}

// TestMasksNameInstructions finds masks for instructions that do not exist.
func TestMasksNameInstructions(t *testing.T) {
	names := map[string]bool{}
	for r := range cpu.Rows() {
		names[r.Op.Name] = true
	}
	for _, m := range append(append([]mask{}, masks...), otherVendor...) {
		assert.NotEmpty(t, m.reason)
		assert.True(t, m.allow != nil || m.undefined != nil, m.reason)
		for _, n := range strings.Fields(m.names) {
			assert.True(t, names[n], "%s: %s", n, m.reason)
		}
	}
}

// BenchmarkRig is one test on one engine as a campaign does it: load the state, execute, read
// the state, compare. Blocks are of every 97th form. tests/cpu-s is the rate of one idle core.
func BenchmarkRig(b *testing.B) {
	const repeat = 16
	for _, engine := range []string{"plain", "fast"} {
		b.Run(engine, func(b *testing.B) {
			r, err := NewRig(engine == "fast")
			require.NoError(b, err)
			defer r.Close()
			forms := Forms(r.Has)
			block, want := new(Block), new([BlockSize]Result)
			var got Result
			var used time.Duration
			ran := 0
			for n := 0; n < b.N; n += repeat * BlockSize {
				b.StopTimer()
				Generate(forms[n/(repeat*BlockSize)*97%len(forms)], 0, block)
				require.NoError(b, r.Begin(block))
				for i := range block.Tests {
					require.NoError(b, r.Run(&block.Tests[i], &want[i], 0))
					want[i].normalize(&block.Tests[i])
				}
				start := cpuTime()
				b.StartTimer()
				for k := range repeat * BlockSize {
					i := k % BlockSize
					t := &block.Tests[i]
					if err := r.Run(t, &got, 0); err != nil {
						b.Fatal(err)
					}
					if got.normalize(t); !got.equal(&want[i]) {
						b.Fatal("not the same again")
					}
				}
				used += cpuTime() - start
				ran += repeat * BlockSize
			}
			b.ReportMetric(float64(ran)/b.Elapsed().Seconds(), "tests/s")
			if used > 0 {
				b.ReportMetric(float64(ran)/used.Seconds(), "tests/cpu-s")
			}
		})
	}
}
