package bios

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// guestFile is the path of a file of the guests' folder, or skips.
func guestFile(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("GLASSBOX_GUESTS")
	if dir == "" {
		t.Skip("GLASSBOX_GUESTS is not set; .ci/guests fetches the guests")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not in GLASSBOX_GUESTS; .ci/guests fetches it", name)
	}
	return path
}

// open opens an image of which the file stays as it is.
func open(t testing.TB, path string) disk.Image {
	t.Helper()
	d, err := disk.Open(path, disk.Options{Snapshot: true})
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// tool runs a program of the host, or skips if it is not there.
func tool(t testing.TB, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	b, err := exec.Command(path, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, b)
}

// hostFile is a file that a package of the host brings, or skips.
func hostFile(t testing.TB, path string) []byte {
	t.Helper()
	p, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not installed", path)
	}
	require.NoError(t, err)
	return p
}

// write puts a file into a folder.
func write(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
}

// A session is a person at a machine: waits for something on the screen or on COM1, types.
type session struct {
	t      testing.TB
	m      *machine.Machine
	serial machine.Console
	ours   bool           // the BIOS
	last   machine.Result // of the machine's last run
}

// start switches a machine on.
func start(t testing.TB, cfg machine.Config) *session {
	t.Helper()
	s := &session{t: t, ours: cfg.Boot.BIOS == nil}
	if cfg.Memory == 0 {
		cfg.Memory = 64 << 20
	}
	cfg.Serial[0] = &s.serial
	cfg.NoReboot = true
	m, err := machine.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	s.m = m
	return s
}

// patience bounds a wait, in the guest's time.
const patience = 100 * devices.Second

// see runs until the screen or COM1 shows a match.
func (s *session) see(pattern string) {
	s.t.Helper()
	s.wait(pattern, func(re *regexp.Regexp) bool {
		return re.MatchString(screen(s.m)) || re.MatchString(s.serial.String())
	})
}

// shows runs until the screen shows a match.
func (s *session) shows(pattern string) {
	s.t.Helper()
	s.wait(pattern, func(re *regexp.Regexp) bool { return re.MatchString(screen(s.m)) })
}

// sends runs until COM1 has sent a match.
func (s *session) sends(pattern string) {
	s.t.Helper()
	s.wait(pattern, func(re *regexp.Regexp) bool { return re.MatchString(s.serial.String()) })
}

// wait runs until there is a match.
func (s *session) wait(pattern string, matches func(*regexp.Regexp) bool) {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	s.m.OnScreen(40*devices.Millisecond, func() {
		if matches(re) {
			s.m.Stop()
		}
	})
	res := s.run(pattern)
	s.m.OnScreen(0, nil)
	if !matches(re) {
		text := s.serial.String()
		s.t.Fatalf("no %q: %v\n%s\nCOM1: %s", pattern, res.Reason, screen(s.m), text[max(0, len(text)-2000):])
	}
}

// keys types on the keyboard.
func (s *session) keys(text string) {
	s.t.Helper()
	require.Equal(s.t, len(text), s.m.TypeKeys([]byte(text)))
}

// ends runs until the machine stops by itself and returns why. It may have, at the end of a
// wait.
func (s *session) ends() machine.Result {
	s.t.Helper()
	if s.last.Reason == machine.StopCancelled || s.last.Reason == machine.StopBudget {
		s.run("the end")
	}
	return s.last
}

// run lets the machine run until it stops by itself or for Stop, and notes what that took.
func (s *session) run(until string) machine.Result {
	s.t.Helper()
	began, since, count := time.Now(), s.m.Now(), s.m.Count()
	res, err := s.m.Run(context.Background(), machine.RunOptions{Until: s.m.Now() + patience})
	require.NoError(s.t, err)
	s.last = res
	s.t.Logf("%5.1f s, guest's %5.1f s, %6d M instructions: %s", time.Since(began).Seconds(),
		float64(s.m.Now()-since)/float64(devices.Second), (s.m.Count()-count)/1e6, until)
	return res
}

// screen is what the text screen shows.
func screen(m *machine.Machine) string {
	t, ok := m.Text()
	if !ok {
		return "no text screen"
	}
	return t.String()
}

// diskModules are what Debian's cloud kernel needs to mount ext4 on an IDE disk, in the order
// of their needs; cdModules what it needs for a CD-ROM.
var (
	diskModules = []string{
		"scsi_common", "scsi_mod", "libata", "ata_piix", "crc-t10dif", "crct10dif_common", "crc64", "crc64-rocksoft", "t10-pi", "sd_mod",
		"crc16", "mbcache", "jbd2", "crc32c_generic", "ext4",
	}
	cdModules = []string{"scsi_common", "scsi_mod", "libata", "ata_piix", "cdrom", "sr_mod", "isofs"}
)

// initrd is an initial RAM disk with busybox that loads modules of the cloud kernel and runs
// a script on its console.
func initrd(t testing.TB, script string, modules ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	found := map[string]string{}
	if len(modules) > 0 {
		err := filepath.WalkDir(guestFile(t, "vmlinuz-cloud.modules"), func(path string, _ fs.DirEntry, err error) error {
			if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok {
				found[name] = path
			}
			return err
		})
		require.NoError(t, err)
	}
	init := "#!/busybox sh\n/busybox mkdir -p /bin /dev /proc /mnt\n/busybox --install -s /bin\nexport PATH=/bin\n" +
		"mount -t proc proc /proc\nmount -t devtmpfs dev /dev\nexec >/dev/console 2>&1\necho hello from the RAM disk\n"
	for _, name := range modules {
		if found[name] != "" { // else it is part of the kernel
			write(t, dir, name+".ko", read(t, found[name]))
			init += "insmod /" + name + ".ko\n"
		}
	}
	write(t, dir, "busybox", read(t, guestFile(t, "busybox")))
	write(t, dir, "init", []byte(init+script))
	for _, name := range []string{"busybox", "init"} {
		require.NoError(t, os.Chmod(filepath.Join(dir, name), 0o755))
	}
	if _, err := exec.LookPath("cpio"); err != nil {
		t.Skip("cpio is not installed")
	}
	tool(t, "sh", "-c", `cd "$0" && find . | cpio --quiet -o -H newc >"$1"`, dir, dir+".cpio")
	t.Cleanup(func() { os.Remove(dir + ".cpio") })
	return read(t, dir+".cpio")
}

// TestTypematicRateOfINT16h sets 30 characters a second after a quarter of a second (AX=0305h,
// BX=0) and holds a key for 1.01 s: once, at 250 ms, and 22 times after that every 33.3 ms.
func TestTypematicRateOfINT16h(t *testing.T) {
	code := []byte{
		0xb8, 0x05, 0x03, 0x31, 0xdb, 0xcd, 0x16, // mov ax, 0305h; xor bx, bx; int 16h
		0xb8, 0x3e, 0x0e, 0xcd, 0x10, // print '>'
		0xb4, 0x00, 0xcd, 0x16, 0xb4, 0x0e, 0xcd, 0x10, 0xeb, 0xf6, // echo keys
	}
	image := make([]byte, 1<<20)
	copy(image, code)
	image[510], image[511] = 0x55, 0xaa
	s := start(t, machine.Config{Memory: 16 << 20, Drives: machine.Drives{0: {Image: diskOf(image)}}})
	s.see(`>`)
	require.True(t, s.m.HoldKeys(devices.Second, 0x2d))
	require.True(t, s.m.PressKeys(0x34))
	s.see(`>x{24}\.`)
}
