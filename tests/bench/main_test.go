//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryProgramIsAWorkloadAndTheOtherWayRound(t *testing.T) {
	files, err := programs.ReadDir("programs")
	require.NoError(t, err)
	var sources, expected []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".c"); ok && name != "init" {
			sources = append(sources, name)
		}
	}
	for _, w := range workloads {
		if w.Script == "" {
			expected = append(expected, w.Name)
		}
		if w.Needs != "" {
			needed, ok := find(w.Needs)
			assert.True(t, ok && needed.Class == classSetup, "%s needs %s", w.Name, w.Needs)
		}
	}
	assert.ElementsMatch(t, expected, sources)
}

// TestProgramsFindTheirResultsRightOnTheHost runs them on a real processor: what they
// verify is then known to be the truth and not a habit of one emulator.
func TestProgramsFindTheirResultsRightOnTheHost(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil || runtime.GOARCH != "amd64" {
		t.Skip("needs gcc and an x86-64 host")
	}
	tools, err := newToolchain(t.TempDir())
	require.NoError(t, err)
	for _, w := range workloads {
		if w.Script != "" || w.Class == classSetup {
			continue
		}
		t.Run(w.Name, func(t *testing.T) {
			program, err := tools.compile(w.Name+".c", compileFlags)
			require.NoError(t, err)
			assert.Less(t, len(program), 16<<10, "linked with something it should not need")
			out, err := exec.Command(filepath.Join(tools.dir, w.Name+".c.out"), "2").CombinedOutput()
			assert.NoError(t, err, "%s", out)
			assert.Len(t, out, 17)
		})
	}
}

func TestChooseBringsWhatIsNeededAndScalesTheRest(t *testing.T) {
	chosen, err := choose([]string{"sort", "sieve"}, 0.5)
	require.NoError(t, err)
	require.Len(t, chosen, 4)
	assert.Equal(t, "empty", chosen[0].Name)
	assert.Equal(t, "sieve", chosen[1].Name)
	assert.Equal(t, "textfile", chosen[2].Name)
	sieve, _ := find("sieve")
	text, _ := find("textfile")
	assert.Equal(t, sieve.Reps/2, chosen[1].Reps)
	assert.Equal(t, text.Reps, chosen[2].Reps)

	chosen, err = choose([]string{"boot"}, 1)
	assert.NoError(t, err)
	assert.Len(t, chosen, 1)
	_, err = choose([]string{"nothing"}, 1)
	assert.ErrorContains(t, err, "nothing")
}

func TestParseMark(t *testing.T) {
	for _, tc := range []struct {
		line string
		mark mark
		ok   bool
	}{
		{"@READY 00000000000000ff\r\n", mark{kind: "@READY", tsc: 255}, true},
		{"[    1.0] half a line@BEGIN sieve\r\n", mark{kind: "@BEGIN", name: "sieve"}, true},
		{"@END sieve 00 10 20 abc  def \r\n", mark{kind: "@END", name: "sieve", from: 16, tsc: 32, output: "abc def"}, true},
		{"@END sieve 0b 10 20", mark{kind: "@END", name: "sieve", status: 11, from: 16, tsc: 32}, true},
		{"@KERNEL\r\n", mark{kind: "@KERNEL"}, true},
		{"@END sieve", mark{}, false},
		{"@DONE xyz", mark{}, false},
		{"root@host", mark{}, false},
		{"@", mark{}, false},
		{"", mark{}, false},
	} {
		got, ok := parseMark(tc.line)
		assert.Equal(t, tc.ok, ok, "%q", tc.line)
		if tc.ok {
			assert.Equal(t, tc.mark, got, "%q", tc.line)
		}
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add("@END sieve 00 10 20 abc")
	f.Fuzz(func(t *testing.T, line string) {
		if m, ok := parseMark(line); ok && m.kind[0] != '@' {
			t.Errorf("%q is no mark", m.kind)
		}
	})
}

// script is an emulator whose guest is a line of shell.
func script(line string) emulator {
	return emulator{name: "script", perInstruction: 2, command: func(guest, string) (*exec.Cmd, error) {
		return exec.Command("sh", "-c", line), nil
	}}
}

// burn keeps a shell busy for a while.
const burn = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; "

func TestMeasureReadsCPUTimeAndInstructionsBetweenMarks(t *testing.T) {
	got, err := measure(script("echo @READY 0; echo @BEGIN idle; read go; sleep 0.3; echo @END idle 00 10 20 done;"+
		"echo @BEGIN busy; read go;"+burn+"echo @END busy 00 20 a20 1; echo @DONE a30; exec sleep 60"), guest{}, time.Minute)
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.Equal(t, "done", got["idle"].output)
	assert.EqualValues(t, 0x10/2, got["idle"].instructions)
	assert.EqualValues(t, 0xa00/2, got["busy"].instructions)
	assert.Less(t, got["idle"].cpu, 50*time.Millisecond, "waiting is not CPU time")
	assert.Greater(t, got["busy"].cpu, got["idle"].cpu)
}

func TestMeasureStartsTheBootAtTheStartMark(t *testing.T) {
	e := script(burn + "echo @KERNEL; echo @READY 0; echo @DONE 0")
	whole, err := measure(e, guest{}, time.Minute)
	require.NoError(t, err)
	e.startMark = "@KERNEL"
	rest, err := measure(e, guest{}, time.Minute)
	require.NoError(t, err)
	assert.Less(t, rest[bootName].cpu, whole[bootName].cpu/2)
}

// slowLine is the driver's end of a serial line, with a driver that comes late.
type slowLine struct {
	io.Reader
	io.Writer
}

func (l slowLine) Read(p []byte) (int, error) {
	time.Sleep(200 * time.Millisecond)
	return l.Reader.Read(p)
}

// TestALateReaderDoesNotShortenATime is for a run in which both marks of a workload lay in
// the pipe when this command woke up: the workload seemed to take no time at all.
func TestALateReaderDoesNotShortenATime(t *testing.T) {
	cmd, err := script("echo @BEGIN busy; read go;"+burn+"echo @END busy 00 0 5 1; echo @DONE 0; exec sleep 60").command(guest{}, "")
	require.NoError(t, err)
	serial, err := startWithSerial(cmd, "")
	require.NoError(t, err)
	defer serial.Close()
	r := &run{results: map[string]measurement{}}
	_, err = r.follow(slowLine{serial, serial}, cmd.Process.Pid)
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	assert.Greater(t, r.results["busy"].cpu, 10*time.Millisecond)
}

func TestMeasureSaysWhatWentWrong(t *testing.T) {
	for _, tc := range []struct{ line, message string }{
		{"echo Kernel panic; exit 0", "Kernel panic"},
		{"echo oops >&2; exit 3", "oops"},
		{"echo @BEGIN sieve; echo @END sieve 01 0 5 wrong: sum", "status 1: wrong: sum"},
		{"echo @END sieve 00 0 5 1", "had not begun"},
		{"echo @FAIL", "boot sector"},
		{"exec sleep 60", "out of time"},
	} {
		_, err := measure(script(tc.line), guest{}, time.Second)
		assert.ErrorContains(t, err, tc.message, tc.line)
	}
}

func TestResultsKeepTheFasterRunAndRejectDifferentOutput(t *testing.T) {
	r := results{}
	require.NoError(t, r.add("a", map[string]measurement{"w": {cpu: 4 * time.Second, output: "1"}}))
	require.NoError(t, r.add("a", map[string]measurement{"w": {cpu: 2 * time.Second, output: "1"}}))
	require.NoError(t, r.add("a", map[string]measurement{"w": {cpu: 3 * time.Second, output: "1"}}))
	assert.Equal(t, 2*time.Second, r["a"]["w"].cpu)
	assert.ErrorContains(t, r.add("b", map[string]measurement{"w": {output: "2"}}), `b gives "2", a gave "1"`)
}

func TestTable(t *testing.T) {
	r := results{
		"ours": {"boot": {cpu: 2 * time.Second}, "sieve": {cpu: time.Second, instructions: 300e6}, "crc32": {cpu: 4 * time.Second, instructions: 1200e6}},
		"peer": {"boot": {cpu: time.Second}, "sieve": {cpu: 4 * time.Second}, "crc32": {cpu: time.Second}},
	}
	members := []emulator{{name: "ours"}, {name: "peer"}}
	rows := r.table(members, []workload{{Name: "sieve", Class: classInteger}, {Name: "textfile", Class: classSetup}, {Name: "crc32", Class: classInteger}})
	assert.Equal(t, [][]string{
		{"workload", "class", "ours s", "peer s", "ours/peer", "ours MIPS", "peer MIPS"},
		{"boot", "boot", "2.000", "1.000", "2.00", "-", "-"},
		{"sieve", "integer", "1.000", "4.000", "0.25", "300", "75"},
		{"crc32", "integer", "4.000", "1.000", "4.00", "300", "1200"},
		{"geometric mean", "all", "-", "-", "1.26", "300", "300"}, // cube root of 2, both times
		{"geometric mean", "integer", "-", "-", "1.00", "300", "300"},
	}, rows)

	var text bytes.Buffer
	require.NoError(t, report{runs: 1, scale: 1, table: rows, members: members}.print(&text, true))
	assert.Contains(t, text.String(), "|---|---|--:|--:|--:|--:|--:|\n|boot ")
}

func TestTableLeavesOutWhatNobodyKnows(t *testing.T) {
	r := results{"peer": {"boot": {cpu: time.Second}, "sieve": {cpu: time.Second}}}
	rows := r.table([]emulator{{name: "peer"}}, []workload{{Name: "sieve", Class: classInteger}})
	assert.Equal(t, [][]string{{"workload", "class", "peer s"}, {"boot", "boot", "1.000"}, {"sieve", "integer", "1.000"}}, rows)
}

func TestArchiveIsWhatCPIOReads(t *testing.T) {
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("needs cpio")
	}
	var a archive
	a.add("dir", modeDir|0o755, 0, nil)
	a.add("dir/file", modeFile|0o644, 0, []byte("hello"))
	a.add("TRAILER!!!", 0, 0, nil)
	dir := t.TempDir()
	cmd := exec.Command("cpio", "--quiet", "-i")
	cmd.Dir, cmd.Stdin = dir, &a.Buffer
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := os.ReadFile(filepath.Join(dir, "dir/file"))
	require.NoError(t, err)
	assert.Equal(t, "hello", string(text))
}

func TestBootDiskPutsThePiecesWhereItsTableSays(t *testing.T) {
	kernel := make([]byte, 3*sectorSize+100000)
	copy(kernel[0x202:], "HdrS")
	kernel[0x1f1] = 2 // sectors of setup after the first
	kernel[3*sectorSize] = 0x4b
	initrd := bytes.Repeat([]byte{0x49}, stepSize+1)
	disk, err := bootDisk(make([]byte, sectorSize), kernel, initrd, "quiet")
	require.NoError(t, err)
	assert.Zero(t, len(disk)%diskCylinder)
	u32 := func(at int) int { return int(binary.LittleEndian.Uint32(disk[at:])) }
	piece := func(i int) (at, to, steps int) {
		row := pieceTable + 12*i
		return u32(row) * sectorSize, u32(row + 4), u32(row + 8)
	}
	at, to, steps := piece(0)
	assert.Equal(t, []int{0x90000, 2}, []int{to, steps})
	assert.Equal(t, "quiet", string(disk[at+commandLine:at+commandLine+5]))
	assert.Equal(t, 0x90000+commandLine, u32(at+0x228))
	assert.Equal(t, []int{initrdBase, len(initrd)}, []int{u32(at + 0x218), u32(at + 0x21c)})
	at, to, steps = piece(1)
	assert.Equal(t, []int{0x4b, 0x100000, 4}, []int{int(disk[at]), to, steps})
	at, to, steps = piece(2)
	assert.Equal(t, []int{0x49, initrdBase, 2}, []int{int(disk[at+len(initrd)-1]), to, steps})

	_, err = bootDisk(make([]byte, sectorSize), []byte("no kernel"), nil, "")
	assert.Error(t, err)
}

func TestCPUTimeGrowsWithWork(t *testing.T) {
	before, err := cpuTime(os.Getpid())
	require.NoError(t, err)
	for start := time.Now(); time.Since(start) < 20*time.Millisecond; {
	}
	after, err := cpuTime(os.Getpid())
	require.NoError(t, err)
	assert.Greater(t, after, before)
	_, err = cpuTime(1 << 23) // above every number that Linux gives
	assert.Error(t, err)
}

// BenchmarkGuest boots ours once, goes through all workloads and reports, for each, the
// CPU time and millions of guest instructions per second. The number of iterations that
// the testing package asks for has no influence; use -count for more runs.
func BenchmarkGuest(b *testing.B) {
	guests := os.Getenv("GLASSBOX_GUESTS")
	if _, err := os.Stat(filepath.Join(guests, "vmlinuz-cloud")); guests == "" || err != nil {
		b.Skip("needs GLASSBOX_GUESTS, a folder filled by .ci/guests")
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		b.Skip("needs gcc")
	}
	chosen, err := choose(nil, 1)
	require.NoError(b, err)
	dir := b.TempDir()
	g, _, err := makeGuest(dir, guests, "", chosen)
	require.NoError(b, err)
	e, err := ours(dir, "", "")
	require.NoError(b, err)
	got, err := measure(e, g, 20*time.Minute)
	require.NoError(b, err)
	for _, w := range append([]workload{{Name: bootName}}, chosen...) {
		if w.Class == classSetup {
			continue
		}
		b.Run(w.Name, func(b *testing.B) {
			m := got[w.Name]
			b.ReportMetric(0, "ns/op") // not shown: it would be that of an empty loop
			b.ReportMetric(float64(m.cpu.Nanoseconds()), "cpu-ns/op")
			if m.instructions > 0 {
				b.ReportMetric(float64(m.instructions)/1e6/m.cpu.Seconds(), "guest-MIPS")
			}
		})
	}
}
