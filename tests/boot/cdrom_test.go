package boot

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// iso is a disc after ISO 9660 with one file in its root directory: volume descriptor in
// block 16, its end in 17, path tables in 18 and 19, the directory in 20, the file after.
func iso(volume, name string, data []byte) []byte {
	const block = 2048
	img := make([]byte, 21*block, 21*block+len(data)+block)
	img = append(img, data...)
	img = append(img, make([]byte, (block-len(img)%block)%block)...)
	both32 := func(p []byte, v int) {
		binary.LittleEndian.PutUint32(p, uint32(v))
		binary.BigEndian.PutUint32(p[4:], uint32(v))
	}
	both16 := func(p []byte, v int) {
		binary.LittleEndian.PutUint16(p, uint16(v))
		binary.BigEndian.PutUint16(p[2:], uint16(v))
	}
	record := func(p []byte, name string, at, size int, flags byte) []byte {
		n := 33 + len(name)
		n += n % 2
		p[0], p[25], p[32] = byte(n), flags, byte(len(name))
		both32(p[2:], at)
		both32(p[10:], size)
		copy(p[18:], []byte{126, 1, 1, 0, 0, 0, 0})
		both16(p[28:], 1)
		copy(p[33:], name)
		return p[n:]
	}
	pvd := img[16*block:]
	copy(pvd, "\x01CD001\x01")
	copy(pvd[8:], strings.Repeat(" ", 64))
	copy(pvd[40:], volume)
	both32(pvd[80:], len(img)/block)
	both16(pvd[120:], 1)
	both16(pvd[124:], 1)
	both16(pvd[128:], block)
	both32(pvd[132:], 10)
	binary.LittleEndian.PutUint32(pvd[140:], 18)
	binary.BigEndian.PutUint32(pvd[148:], 19)
	record(pvd[156:], "\x00", 20, block, 2)
	copy(pvd[190:], strings.Repeat(" ", 623))
	pvd[881] = 1
	copy(img[17*block:], "\xffCD001\x01")
	copy(img[18*block:], []byte{1, 0, 20, 0, 0, 0, 1, 0})
	copy(img[19*block:], []byte{1, 0, 0, 0, 0, 20, 0, 1})
	p := record(img[20*block:], "\x00", 20, block, 2)
	p = record(p, "\x01", 20, block, 2)
	record(p, name+";1", 21, len(data), 0)
	return img
}

func openISO(t testing.TB, volume string, data []byte) disk.Image {
	path := filepath.Join(t.TempDir(), "disc.iso")
	require.NoError(t, os.WriteFile(path, iso(volume, "FILE.BIN", data), 0o600))
	d, err := disk.Open(path, disk.Options{ReadOnly: true})
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// TestCDIsMountedAndChanged lets the guest mount a disc, eject it, and mount another that is
// put in meanwhile.
func TestCDIsMountedAndChanged(t *testing.T) {
	t.Parallel()
	kernel := guest(t, "vmlinuz-cloud")
	first, second := bytes.Repeat([]byte("first disc"), 100_000), bytes.Repeat([]byte("second"), 1000)
	script := "for m in " + strings.Join(cdModules, " ") + "; do [ -f /lib/$m.ko ] && insmod /lib/$m.ko; done\n" +
		`mount -t devtmpfs dev /dev
mount -t iso9660 -o ro /dev/sr0 /mnt && md5sum /mnt/*
umount /mnt
/bin/eject && echo the tray is open
mount -t iso9660 -o ro /dev/sr0 /mnt || echo nothing to mount
echo please change
sleep 1
mount -t iso9660 -o ro /dev/sr0 /mnt && md5sum /mnt/*
cat /proc/sys/dev/cdrom/info
reboot -f
`
	console := &console{want: "please change\r"}
	m, err := machine.New(machine.Config{
		Memory: 256 << 20, NoReboot: true,
		Boot:   machine.Boot{Kernel: kernel, Initrd: initramfs(t, script, append(moduleFiles(t, cdModules), file{"bin/eject", 0o100755, ejectCD(), 0, 0})...), Append: "console=ttyS0"},
		Drives: machine.Drives{2: {Image: openISO(t, "FIRST", first), CDROM: true}},
		Serial: [4]io.Writer{console},
	})
	require.NoError(t, err)
	defer m.Close()
	console.stop = m.Stop
	_, err = m.Run(context.Background(), machine.RunOptions{Budget: 12e9})
	require.NoError(t, err)
	require.Contains(t, console.text.String(), "please change", tail(console.text.String()))
	_, err = m.SetMedium(2, openISO(t, "SECOND", second))
	require.NoError(t, err)
	console.want = ""
	res, err := m.Run(context.Background(), machine.RunOptions{Budget: 12e9})
	require.NoError(t, err)
	out := console.text.String()
	assert.Equal(t, machine.StopReset, res.Reason, tail(out))
	assert.Contains(t, out, "\nthe tray is open\r")
	assert.Contains(t, out, "\nnothing to mount\r")
	for _, data := range [][]byte{first, second} {
		sum := md5.Sum(data)
		assert.Contains(t, out, hex.EncodeToString(sum[:]), tail(out))
	}
	for _, bad := range []string{"I/O error", "frozen", "hard resetting", "Call Trace", "exception Emask"} {
		assert.NotContains(t, out, bad)
	}
}
