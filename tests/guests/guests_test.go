// Package guests runs small programs of our own that try what no user's program can: what a
// processor does with descriptors, gates, tasks, page tables and control registers. They run
// unchanged on Glassbox, QEMU and Bochs.
//
// programs has the sources, for nasm, and what it makes of them. What the manual asks for is
// written in comments that begin with ";= ", one line of output each; disagree.txt lists where QEMU
// and Bochs disagree with it.
package guests

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// diskSize is the size of the disk a program is booted from: four cylinders of 16 heads and
// 63 sectors.
const diskSize = 4 * 16 * 63 * 512

//go:generate nasm -f bin -i programs/ -o programs/segments.bin programs/segments.asm
//go:generate nasm -f bin -i programs/ -o programs/tasks.bin programs/tasks.asm
//go:generate nasm -f bin -i programs/ -o programs/faults.bin programs/faults.asm
//go:generate nasm -f bin -i programs/ -o programs/events.bin programs/events.asm
//go:generate nasm -f bin -i programs/ -o programs/modes.bin programs/modes.asm
//go:generate nasm -f bin -i programs/ -o programs/long.bin programs/long.asm
//go:generate nasm -f bin -i programs/ -o programs/rights.bin programs/rights.asm
//go:generate nasm -f bin -i programs/ -o programs/la57.bin programs/la57.asm
//go:generate nasm -f bin -i programs/ -o programs/perf.bin programs/perf.asm
//go:generate nasm -f bin -i programs/ -o programs/triple.bin programs/triple.asm
//go:generate nasm -f bin -i programs/ -o programs/v86.bin programs/v86.asm

// programs lists the programs.
func programs(t *testing.T) (names []string) {
	files, err := filepath.Glob("programs/*.asm")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".asm"))
	}
	return names
}

// wanted is what the manual asks for, line by line.
func wanted(t *testing.T, program string) (lines []string) {
	text, err := os.ReadFile("programs/" + program + ".asm")
	require.NoError(t, err)
	for l := range strings.Lines(string(text)) {
		if w, ok := strings.CutPrefix(strings.TrimSpace(l), ";= "); ok {
			lines = append(lines, w)
		}
	}
	require.NotEmpty(t, lines)
	return lines
}

// image makes the disk of a program in dir.
func image(t *testing.T, program, dir string) string {
	code, err := os.ReadFile("programs/" + program + ".bin")
	require.NoError(t, err)
	require.LessOrEqual(t, len(code), 63*512, "the boot sector reads one track")
	name := filepath.Join(dir, "disk")
	require.NoError(t, os.WriteFile(name, append(code, make([]byte, diskSize-len(code))...), 0o600))
	return name
}

// run boots a program and returns what it wrote to the debug port.
func run(t *testing.T, program string, engine machine.Engine) string {
	var out bytes.Buffer
	d, err := disk.Open(image(t, program, t.TempDir()), disk.Options{})
	require.NoError(t, err)
	defer d.Close()
	m, err := machine.New(machine.Config{
		Memory: 32 << 20, DebugCon: &out, DebugExit: true, NoReboot: true, Engine: engine,
		Drives: machine.Drives{{Image: d}},
	})
	require.NoError(t, err)
	defer m.Close()
	res, err := m.Run(context.Background(), machine.RunOptions{Budget: 1e8})
	require.NoError(t, err)
	end := machine.StopDebugExit
	if program == "triple" {
		end = machine.StopTripleFault
	}
	assert.Equal(t, end, res.Reason, "%s", out.String())
	return out.String()
}

// TestProgramsAsTheManualSays runs the programs on both engines.
func TestProgramsAsTheManualSays(t *testing.T) {
	for _, p := range programs(t) {
		for name, engine := range map[string]machine.Engine{"plain": machine.Plain, "fast": machine.Fast} {
			t.Run(p+"/"+name, func(t *testing.T) {
				got := strings.Split(strings.TrimSuffix(run(t, p, engine), "\n"), "\n")
				want := wanted(t, p)
				for i := range max(len(got), len(want)) {
					assert.Equal(t, line(want, i), line(got, i))
				}
			})
		}
	}
}

func line(l []string, i int) string {
	if i < len(l) {
		return l[i]
	}
	return "(nothing)"
}

// TestProgramsAreAssembled compares the programs with their sources.
func TestProgramsAreAssembled(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	for _, p := range programs(t) {
		out := filepath.Join(t.TempDir(), "out")
		text, err := exec.Command(nasm, "-f", "bin", "-i", "programs/", "-o", out, "programs/"+p+".asm").CombinedOutput()
		require.NoError(t, err, "%s", text)
		want, err := os.ReadFile(out)
		require.NoError(t, err)
		got, err := os.ReadFile("programs/" + p + ".bin")
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, got), "%s.bin is not what %s.asm says: go generate ./tests/guests", p, p)
	}
}

// A disagreement is a line of disagree.txt.
type disagreement struct {
	peer, program, name, says, reason string
	seen                              bool
}

// disagreements reads disagree.txt: a header "[peer program: reason]" and below it what the peer
// writes instead; a star means that it is not asked.
func disagreements(t *testing.T) (all []*disagreement) {
	text, err := os.ReadFile("disagree.txt")
	require.NoError(t, err)
	var head disagreement
	for l := range strings.Lines(string(text)) {
		l = strings.TrimRight(l, "\n")
		switch {
		case l == "" || l[0] == '#':
		case l[0] == '[':
			who, reason, ok := strings.Cut(strings.Trim(l, "[]"), ": ")
			require.True(t, ok, l)
			f := strings.Fields(who)
			require.Len(t, f, 2, l)
			head = disagreement{peer: f[0], program: f[1], reason: reason}
		case l == "*":
			d := head
			all = append(all, &d)
		default:
			d := head
			var ok bool
			d.name, d.says, ok = strings.Cut(l, ": ")
			require.True(t, ok, l)
			all = append(all, &d)
		}
	}
	return all
}

// TestPeersAsTheManualSays runs the programs on QEMU and Bochs, where they are installed.
func TestPeersAsTheManualSays(t *testing.T) {
	all := disagreements(t)
	for peer, command := range map[string]func(t *testing.T, dir, disk string) *exec.Cmd{"qemu": qemu, "bochs": bochs} {
		for _, p := range programs(t) {
			t.Run(peer+"/"+p, func(t *testing.T) {
				for _, d := range all {
					if d.peer == peer && d.program == p && d.name == "" {
						d.seen = true
						t.Skip(d.reason)
					}
				}
				dir := t.TempDir()
				cmd := command(t, dir, image(t, p, dir))
				got := runPeer(t, cmd, filepath.Join(dir, "out"))
				if os.Getenv("GUESTS_SHOW") != "" {
					t.Log(strings.Join(got, "\n"))
				}
				for _, w := range wanted(t, p) {
					compare(t, all, peer, p, w, got)
				}
			})
		}
	}
	if t.Failed() {
		return
	}
	for _, d := range all {
		assert.True(t, d.seen || !ran[d.peer], "%s %s agrees now: %s", d.peer, d.program, d.name)
	}
}

var ran = map[string]bool{}

// compare compares what a peer wrote in place of line want.
func compare(t *testing.T, all []*disagreement, peer, program, want string, got []string) {
	ran[peer] = true
	name, _, _ := strings.Cut(want, ": ")
	i := slices.IndexFunc(got, func(l string) bool { return strings.HasPrefix(l, name+": ") })
	says := "(nothing)"
	if i >= 0 {
		says = got[i][len(name)+2:]
	}
	for _, d := range all {
		if d.peer == peer && d.program == program && d.name == name {
			d.seen = true
			if head, any := strings.CutSuffix(d.says, "*"); !any || !strings.HasPrefix(says, head) {
				assert.Equal(t, name+": "+d.says, name+": "+says, "disagree.txt has another answer")
			}
			assert.NotEqual(t, want, name+": "+says, "disagree.txt lists what agrees")
			return
		}
	}
	assert.Equal(t, want, name+": "+says)
}

// runPeer runs a peer until it ends by itself, writes no more, or two minutes have passed, and
// returns what it wrote.
func runPeer(t *testing.T, cmd *exec.Cmd, file string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, cmd.Path, cmd.Args[1:]...)
	out, err := os.Create(file)
	require.NoError(t, err)
	defer out.Close()
	c.Stdout, c.Dir = out, cmd.Dir
	go func() { // a peer may not get over a test
		for size, quiet := int64(0), 0; quiet < 80 && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
			quiet++
			if i, err := os.Stat(file); err == nil && i.Size() != size || size < 1000 {
				size, quiet = i.Size(), 0
			}
		}
		cancel()
	}()
	_ = c.Run() // both have exit codes of their own
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.Split(string(text), "\n")
}

// qemu is the command line of QEMU.
func qemu(t *testing.T, dir, disk string) *exec.Cmd {
	file, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Skip("QEMU is not installed")
	}
	cmd := exec.Command(file, "-accel", "tcg", "-cpu", "max", "-m", "32", "-display", "none", "-nodefaults", "-no-reboot",
		"-drive", "file="+disk+",format=raw,if=ide", "-chardev", "stdio,id=out,signal=off", "-device", "isa-debugcon,iobase=0xe9,chardev=out",
		"-device", "isa-debug-exit,iobase=0xf4")
	cmd.Dir = dir
	return cmd
}

// bochsrc is the configuration of Bochs. Arguments: firmware, VGA firmware, disk.
const bochsrc = `config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file=%q
vgaromimage: file=%q
cpu: model=corei7_icelake_u, count=1, ignore_bad_msrs=0, ips=60000000, reset_on_triple_fault=0
memory: guest=32, host=32
clock: sync=none, time0=1577836800
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=disk, path=%q, mode=flat, cylinders=4, heads=16, spt=63
boot: disk
port_e9_hack: enabled=1
log: "log"
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
`

// bochs is the command line of Bochs.
func bochs(t *testing.T, dir, disk string) *exec.Cmd {
	file, err := exec.LookPath("bochs")
	if err != nil {
		t.Skip("Bochs is not installed")
	}
	const bios, vga = "/usr/share/bochs/BIOS-bochs-latest", "/usr/share/bochs/VGABIOS-lgpl-latest"
	for _, f := range []string{bios, vga} {
		if _, err := os.Stat(f); err != nil {
			t.Skipf("Bochs has no firmware: %v", err)
		}
	}
	config := fmt.Sprintf(bochsrc, bios, vga, disk)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "bochsrc"), []byte(config), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rc"), []byte("c\n"), 0o600)) // to the debugger: go on
	cmd := exec.Command(file, "-q", "-f", "bochsrc", "-rc", "rc")
	cmd.Dir = dir
	return cmd
}
