package oracle

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// helperELF is the assembled helper/helper.asm.
//
//go:generate nasm -f bin -o helper/helper.bin helper/helper.asm
//go:embed helper/helper.bin
var helperELF []byte

// A Silicon is a helper process that executes tests on the host's processor.
type Silicon struct {
	cmd    *exec.Cmd
	shared []byte
	mem    *os.File
	in     *os.File // commands
	out    *os.File // replies
	Deaths int      // helpers that a test killed
	Intel  bool     // the processor is of the profile that the emulator follows
	Name   string   // of the processor
}

// deadline is how long a block may take.
const deadline = 10 * time.Second

// NewSilicon starts a helper. The error says why this host is no oracle.
func NewSilicon() (*Silicon, error) {
	s := &Silicon{}
	if err := s.suitable(); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// suitable finds out whose processor this is, and whether it can be compared with the
// emulator at all.
func (s *Silicon) suitable() error {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return fmt.Errorf("find out the processor: %w", err)
	}
	text, _, _ := strings.Cut(string(info), "\n\n")
	field := func(name string) string {
		for _, l := range strings.Split(text, "\n") {
			if k, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(k) == name {
				return strings.TrimSpace(v)
			}
		}
		return ""
	}
	vendor, family := field("vendor_id"), field("cpu family")
	s.Name = fmt.Sprintf("%s, %s family %s model %s", field("model name"), vendor, family, field("model"))
	need := []string{"fsgsbase", "bmi2", "fma", "sha_ni", "adx", "umip"}
	switch {
	case vendor == "GenuineIntel" && family == "6":
		s.Intel = true
		need = append(need, "avx512f")
	case vendor == "AuthenticAMD" && family == "25":
	default:
		return fmt.Errorf("the processor is %s, neither Intel family 6 nor AMD family 25", s.Name)
	}
	have := strings.Fields(field("flags"))
	for _, f := range need {
		if !slices.Contains(have, f) {
			return fmt.Errorf("the processor, %s, has no %s", s.Name, f)
		}
	}
	return nil
}

// memfd makes an anonymous file.
func memfd(name string) (*os.File, error) {
	p, err := syscall.BytePtrFromString(name)
	if err != nil {
		return nil, err
	}
	fd, errno := memfdCreate(p)
	if errno != 0 {
		return nil, fmt.Errorf("memfd_create: %w", errno)
	}
	return os.NewFile(fd, name), nil
}

// start starts a helper and waits until it is ready.
func (s *Silicon) start() (err error) {
	elf, err := memfd("helper")
	if err != nil {
		return err
	}
	defer elf.Close()
	if _, err := elf.Write(helperELF); err != nil {
		return fmt.Errorf("write the helper: %w", err)
	}
	if s.mem, err = memfd("shared"); err != nil {
		return err
	}
	if err := s.mem.Truncate(shSize); err != nil {
		return fmt.Errorf("size shared memory: %w", err)
	}
	s.shared, err = syscall.Mmap(int(s.mem.Fd()), 0, shSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map shared memory: %w", err)
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer childIn.Close()
	s.in = in
	out, childOut, err := os.Pipe()
	if err != nil {
		return err
	}
	defer childOut.Close()
	s.out = out
	s.cmd = &exec.Cmd{
		Path: fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), elf.Fd()), Args: []string{"helper"}, Env: []string{},
		Stdin: childIn, Stdout: childOut, ExtraFiles: []*os.File{s.mem},
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return fmt.Errorf("start the helper: %w", err)
	}
	childOut.Close()
	return s.reply()
}

// reply waits for the helper.
func (s *Silicon) reply() error {
	if err := s.out.SetReadDeadline(time.Now().Add(deadline)); err != nil {
		return err
	}
	var b [1]byte
	if _, err := s.out.Read(b[:]); err != nil {
		return fmt.Errorf("the helper does not answer: %w", err)
	}
	return nil
}

// stop kills the helper and frees what belongs to it.
func (s *Silicon) stop() (state string) {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		state = s.cmd.ProcessState.String()
		s.cmd = nil
	}
	for _, f := range []*os.File{s.in, s.out, s.mem} {
		if f != nil {
			f.Close()
		}
	}
	if s.shared != nil {
		_ = syscall.Munmap(s.shared)
		s.shared = nil
	}
	return state
}

// Close ends the helper.
func (s *Silicon) Close() { s.stop() }

// Start begins to execute a block; Wait must follow before the next.
func (s *Silicon) Start(b *Block) error {
	copy(s.shared[shBaseline:], b.Windows[:])
	copy(s.shared[shExit:], exitPage(b.Size))
	*tests(s.shared) = b.Tests
	*word(s.shared, shCount) = uint32(len(b.Tests))
	*word(s.shared, shCurrent) = 0
	_, err := s.in.Write([]byte{1})
	return err
}

// ErrDied says that a test killed the helper or hung; a new helper is running.
var ErrDied = errors.New("the helper died")

// Wait waits for the block begun by Start and copies its results to out. After ErrDied the
// first n results are good and test n is the culprit.
func (s *Silicon) Wait(out *[BlockSize]Result) (n int, err error) {
	err = s.reply()
	for i := range out {
		out[i].take(&results(s.shared)[i])
	}
	if err == nil {
		return BlockSize, nil
	}
	n = int(*word(s.shared, shCurrent))
	state := s.stop()
	s.Deaths++
	if e := s.start(); e != nil {
		return n, fmt.Errorf("restart after %v (%s): %w", err, state, e)
	}
	return n, fmt.Errorf("%w (%s) in test %d", ErrDied, state, n)
}
