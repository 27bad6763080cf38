package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/guest"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/console"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/cpio"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/debian"
	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/kmod"
	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/urfave/cli/v2"
)

const demoDescription = `Gets Debian's cloud kernel and a static BusyBox with apt, into your cache directory and
without installing anything, and boots them to a shell with a disk attached. Where there
is no apt it boots the embedded guest, a small kernel of our own.

Examples:
  glassbox demo
  glassbox demo --embedded
  glassbox demo --type-after '# ' --type 'uname -a\n' --expect 'GNU/Linux'`

// demoCommand is glassbox demo.
func demoCommand(e *env) *cli.Command {
	var t typing
	flags := slices.Concat([]cli.Flag{
		&cli.BoolFlag{Name: "embedded", Category: catBoot, Usage: "-boot the embedded guest, without asking apt"},
		&cli.BoolFlag{Name: "update", Category: catBoot, Usage: "-get the packages anew, and make a new disk"},
		&cli.StringFlag{Name: "append", Category: catBoot, Usage: "`TEXT`: added to the kernel command line"},
		&cli.BoolFlag{Name: "snapshot", Category: catDisks, Usage: "throw away what is written to the disk"},
	}, machineFlags(), scriptFlags(&t))
	return &cli.Command{
		Name:               "demo",
		Usage:              "boot Debian's kernel to a shell, or the embedded guest",
		UsageText:          "glassbox demo [OPTION]...",
		Description:        demoDescription,
		CustomHelpTemplate: commandHelp,
		Flags:              flags,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Action: func(c *cli.Context) error {
			if help := askedForList(c); help != "" {
				return printList(e.stdout, help)
			}
			if c.NArg() > 0 {
				return usagef("demo takes no arguments: %s", strings.Join(c.Args().Slice(), " "))
			}
			o, err := commonOptions(c, &t)
			if err != nil {
				return err
			}
			o.serial = []lineSpec{{stdio: true, escapes: true}}
			o.cfg.NoReboot = true
			return demo(c, e, o)
		},
	}
}

// demo boots Linux if it can be had, else the embedded guest.
func demo(c *cli.Context, e *env, o *options) error {
	extra := strings.TrimSpace(" " + c.String("append"))
	if !c.Bool("embedded") {
		f, err := demoLinux(c.Context, e, c.Bool("update"))
		if err == nil {
			return launchLinux(e, o, f, extra, c.Bool("snapshot"))
		}
		e.errorf("Debian's packages cannot be had: %v\nglassbox: showing the embedded guest instead", err)
	}
	o.kernelData = guest.Image()
	o.cfg.Boot.Append = extra
	o.drives = nil
	o.disk0 = disk.NewMemory(demoSector())
	o.notice = leaveNotice("off")
	return o.launch(e)
}

// demoSector is the disk of the embedded guest: something to read.
func demoSector() []byte {
	p := make([]byte, 64*disk.SectorSize)
	copy(p, "This is sector 0 of a disk that exists only in the memory of Glassbox.")
	copy(p[disk.SectorSize:], "And this is sector 1.")
	p[510], p[511] = 0x55, 0xaa
	return p
}

func leaveNotice(word string) string {
	return fmt.Sprintf("Leave with Ctrl-A x, or with %q in the guest. Ctrl-A h lists more keys.\n", word)
}

// launchLinux boots what demoLinux prepared.
func launchLinux(e *env, o *options, f demoFiles, extra string, snapshot bool) error {
	o.kernel, o.initrd = f.kernel, f.initrd
	cmdline := "console=ttyS0"
	if rows, cols, ok := console.Size(e.stdin); ok && o.script.Empty() {
		cmdline += fmt.Sprintf(" LINES=%d COLUMNS=%d", rows, cols)
		if t := os.Getenv("TERM"); t != "" && !strings.ContainsAny(t, " \"") {
			cmdline += " TERM=" + t
		}
	}
	o.cfg.Boot.Append = strings.TrimSpace(cmdline + " " + extra)
	if o.cfg.Memory == 0 {
		o.cfg.Memory = 256 << 20
	}
	o.drives = []driveSpec{{option: "the demo's disk", path: f.disk, open: disk.Options{Format: "raw", Snapshot: snapshot}}}
	o.notice = fmt.Sprintf("Booting %s, which takes a while.\n%s", filepath.Base(f.kernel), leaveNotice("reboot -f"))
	return o.launch(e)
}

// demoFiles are the files that the Linux demo boots.
type demoFiles struct{ kernel, initrd, disk string }

// cacheDir is where the demo keeps its files.
func cacheDir() (string, error) {
	if home := os.Getenv("GLASSBOX_HOME"); home != "" {
		return filepath.Join(home, "cache"), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "glassbox"), nil
}

// demoLinux prepares kernel, initial RAM disk and disk image, or finds them in the cache.
func demoLinux(ctx context.Context, e *env, update bool) (demoFiles, error) {
	cache, err := cacheDir()
	if err != nil {
		return demoFiles{}, err
	}
	dir := filepath.Join(cache, "demo")
	if !update {
		if f, ok := prepared(dir); ok {
			return f, nil
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return demoFiles{}, err
	}
	src, err := debian.Open(filepath.Join(cache, "debian"), e.stderr, e.terminal != nil)
	if err != nil {
		return demoFiles{}, err
	}
	kernel, box, err := fetchDemo(ctx, src)
	if err != nil {
		return demoFiles{}, err
	}
	fmt.Fprintf(e.stderr, "Unpacking and building the initial RAM disk\n")
	release, image, initrd, err := buildLinux(ctx, dir, kernel, box)
	if err != nil {
		return demoFiles{}, err
	}
	if err := makeDisk(dir, e.stderr); err != nil {
		return demoFiles{}, err
	}
	old, _ := filepath.Glob(filepath.Join(dir, "vmlinuz-*"))
	for _, p := range old {
		_ = os.Remove(p)
	}
	if err := writeFile(filepath.Join(dir, "initrd.cpio"), initrd); err != nil {
		return demoFiles{}, err
	}
	if err := writeFile(filepath.Join(dir, "vmlinuz-"+release), image); err != nil {
		return demoFiles{}, err
	}
	f, ok := prepared(dir)
	if !ok {
		return f, fmt.Errorf("%s is not complete", dir)
	}
	return f, nil
}

// prepared looks for a complete set of files. The kernel is written last.
func prepared(dir string) (demoFiles, bool) {
	kernels, _ := filepath.Glob(filepath.Join(dir, "vmlinuz-*"))
	if len(kernels) != 1 {
		return demoFiles{}, false
	}
	f := demoFiles{kernels[0], filepath.Join(dir, "initrd.cpio"), filepath.Join(dir, "disk.img")}
	for _, p := range []string{f.initrd, f.disk} {
		if _, err := os.Stat(p); err != nil {
			return demoFiles{}, false
		}
	}
	return f, true
}

// writeFile replaces a file as a whole or not at all.
func writeFile(path string, data []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// fetchDemo gets the two packages. The kernel's name changes with every update; a package
// with a fixed name depends on it.
func fetchDemo(ctx context.Context, src *debian.Source) (kernel, box string, err error) {
	meta, err := src.Show(ctx, "linux-image-cloud-amd64")
	if err != nil {
		return "", "", err
	}
	name := ""
	for _, d := range meta.Depends {
		if strings.HasPrefix(d, "linux-image-") {
			name = d
		}
	}
	if name == "" {
		return "", "", errors.New("linux-image-cloud-amd64 depends on no kernel")
	}
	var files [2]string
	for i, n := range []string{name, "busybox-static"} {
		p, err := src.Show(ctx, n)
		if err != nil {
			return "", "", err
		}
		if files[i], err = src.Fetch(ctx, p); err != nil {
			return "", "", err
		}
	}
	return files[0], files[1], nil
}

// demoModules are what the demo needs of the kernel, as far as it is not built in.
var demoModules = []string{"ata_piix", "sd_mod", "ext4"}

// buildLinux takes the kernel out of its package and makes the initial RAM disk.
func buildLinux(ctx context.Context, dir, kernelDeb, boxDeb string) (release string, image, initrd []byte, err error) {
	tmp, err := os.MkdirTemp(dir, "unpack-")
	if err != nil {
		return "", nil, nil, err
	}
	defer os.RemoveAll(tmp)
	err = debian.Walk(ctx, kernelDeb, func(name string, read func() ([]byte, error)) error {
		name = strings.TrimPrefix(name, "usr/")
		switch {
		case strings.HasPrefix(name, "boot/vmlinuz-"):
			release = strings.TrimPrefix(name, "boot/vmlinuz-")
			image, err = read()
			return err
		case strings.HasSuffix(name, "/modules.builtin"), wantedModule(name):
			return unpackModule(ctx, tmp, name, read)
		}
		return nil
	})
	if err == nil && image == nil {
		err = fmt.Errorf("%s holds no kernel", filepath.Base(kernelDeb))
	}
	if err != nil {
		return "", nil, nil, err
	}
	busybox, err := oneFile(ctx, boxDeb, "bin/busybox")
	if err != nil {
		return "", nil, nil, err
	}
	initrd, err = buildInitrd(os.DirFS(filepath.Join(tmp, "lib/modules", release)), busybox)
	return release, image, initrd, err
}

// wantedModule says whether a file may be a module that demoModules lead to; drivers for
// other hardware need not be unpacked.
func wantedModule(name string) bool {
	if !strings.HasSuffix(name, ".ko") && !strings.HasSuffix(name, ".ko.xz") {
		return false
	}
	for _, part := range []string{"/kernel/drivers/ata/", "/kernel/drivers/scsi/", "/kernel/fs/", "/kernel/lib/", "/kernel/crypto/", "/kernel/block/", "/kernel/arch/x86/crypto/"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// unpackModule writes a file of the package below dir. Later releases of Debian compress
// modules.
func unpackModule(ctx context.Context, dir, name string, read func() ([]byte, error)) error {
	data, err := read()
	if err != nil {
		return err
	}
	if plain, ok := strings.CutSuffix(name, ".xz"); ok {
		name = plain
		cmd := exec.CommandContext(ctx, "xz", "-dc")
		cmd.Stdin = bytes.NewReader(data)
		if data, err = cmd.Output(); err != nil {
			return fmt.Errorf("xz -dc %s: %w (apt-get install xz-utils)", name, err)
		}
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("file name %q leads out of the package", name)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// oneFile returns one file of a package, whether or not it lies below usr.
func oneFile(ctx context.Context, deb, want string) (data []byte, err error) {
	err = debian.Walk(ctx, deb, func(name string, read func() ([]byte, error)) (err error) {
		if strings.TrimPrefix(name, "usr/") == want {
			data, err = read()
		}
		return err
	})
	if err == nil && data == nil {
		err = fmt.Errorf("%s holds no %s", filepath.Base(deb), want)
	}
	return data, err
}

//go:embed demo_init.sh
var demoInit []byte

// buildInitrd makes the initial RAM disk: BusyBox, the modules for the disk, and init.
func buildInitrd(modules fs.FS, busybox []byte) ([]byte, error) {
	tree, err := kmod.Open(modules)
	if err != nil {
		return nil, err
	}
	order, err := tree.Order(demoModules...)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := cpio.NewWriter(&b)
	for _, d := range []string{"bin", "dev", "etc", "lib", "lib/modules", "mnt", "proc", "root", "sys", "tmp"} {
		w.Dir(d)
	}
	w.Char("dev/console", 0o600, 5, 1)
	w.Char("dev/tty", 0o666, 5, 0)
	w.Char("dev/null", 0o666, 1, 3)
	w.Char("dev/zero", 0o666, 1, 5)
	w.Char("dev/ttyS0", 0o600, 4, 64)
	w.File("init", 0o755, demoInit)
	w.File("bin/busybox", 0o755, busybox)
	w.File("etc/passwd", 0o644, []byte("root::0:0:root:/root:/bin/sh\n"))
	var names []string
	for _, m := range order {
		data, err := fs.ReadFile(modules, m)
		if err != nil {
			return nil, err
		}
		names = append(names, filepath.Base(m))
		w.File("lib/modules/"+filepath.Base(m), 0o644, data)
	}
	w.File("lib/modules/order", 0o644, []byte(strings.Join(names, "\n")+"\n"))
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

const demoReadme = `This file lies on an ext4 file system on /dev/sda, an ATA disk behind the PIIX3 of
Glassbox. On the host it is an ordinary file: ~/.cache/glassbox/demo/disk.img.
What you write here is kept; "glassbox demo --update" makes a new disk.
`

const demoDiskSize = 32 << 20

// makeDisk makes the disk image, with a file system if the host can make one.
func makeDisk(dir string, progress io.Writer) error {
	path := filepath.Join(dir, "disk.img.new")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(demoDiskSize), f.Close()); err != nil {
		return err
	}
	content := filepath.Join(dir, "disk")
	if err := os.MkdirAll(content, 0o755); err != nil {
		return err
	}
	defer os.RemoveAll(content)
	if err := os.WriteFile(filepath.Join(content, "README"), []byte(demoReadme), 0o644); err != nil {
		return err
	}
	if tool := findTool("mke2fs"); tool == "" {
		fmt.Fprintf(progress, "mke2fs is not here, so the disk is empty: mkfs.ext2 /dev/sda in the guest formats it\n")
	} else if out, err := exec.Command(tool, "-q", "-F", "-t", "ext4", "-L", "glassbox", "-d", content, path).CombinedOutput(); err != nil {
		return fmt.Errorf("mke2fs: %w: %s", err, bytes.TrimSpace(out))
	}
	return os.Rename(path, filepath.Join(dir, "disk.img"))
}

// findTool looks for a program also where users have no path to.
func findTool(name string) string {
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p
		}
	}
	return ""
}
