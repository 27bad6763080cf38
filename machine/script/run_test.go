package script

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// floppy is a boot sector in a disk image: it prints what is behind its code, then echoes
// keys of the keyboard to COM1 in capitals, and says on the screen when it reads a sector
// of another disk on key "d".
//
//	org 7c00h
//	start:  xor ax, ax / mov ds, ax / mov es, ax / mov ss, ax / mov sp, 7c00h
//	        mov si, hello / call print
//	key:    mov ah, 0 / int 16h
//	        cmp al, 'd' / je disk
//	        and al, 0dfh / mov dx, 3f8h / out dx, al
//	        jmp key
//	disk:   mov ax, 0201h / mov bx, 8000h / mov cx, 2 / mov dx, 0 / int 13h
//	        jc disk                 ; the first read after a change says so
//	        mov si, 8000h / call print / jmp key
//	print:  lodsb / or al, al / jz done / mov ah, 0eh / int 10h / jmp print
//	done:   ret
//	hello:  db "ready> ", 0
func floppy(second string) []byte {
	code := []byte{
		0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c, // 00
		0xbe, 0x47, 0x7c, 0xe8, 0x2a, 0x00, // 0b
		0xb4, 0x00, 0xcd, 0x16, // 11 key
		0x3c, 'd', 0x74, 0x08, // 15
		0x24, 0xdf, 0xba, 0xf8, 0x03, 0xee, // 19
		0xeb, 0xf0, // 1f
		0xb8, 0x01, 0x02, 0xbb, 0x00, 0x80, 0xb9, 0x02, 0x00, 0xba, 0x00, 0x00, 0xcd, 0x13, // 21 disk
		0x72, 0xf0, // 2f
		0xbe, 0x00, 0x80, 0xe8, 0x04, 0x00, // 31
		0xeb, 0xd8, // 37
		0x90, 0x90, // 39
		0xac, 0x08, 0xc0, 0x74, 0x06, 0xb4, 0x0e, 0xcd, 0x10, 0xeb, 0xf5, // 3b print
		0xc3, // 46
	}
	image := make([]byte, 1440<<10)
	copy(image, code)
	copy(image[0x47:], "ready> \x00")
	image[510], image[511] = 0x55, 0xaa
	copy(image[512:], second+"\x00")
	return image
}

// start makes a machine with a script in front of it.
func start(t *testing.T, text string, opt Options) (*Runner, *machine.Machine) {
	s, err := Parse("test", strings.NewReader(text))
	require.NoError(t, err)
	r := NewRunner(s, opt)
	cfg := machine.Config{Memory: 4 << 20}
	cfg.Serial[0] = r
	cfg.Drives[machine.FloppyA] = &machine.Drive{Image: disk.NewOverlay(disk.NewMemory(floppy("first")))}
	cfg.OpenMedium = func(_ int, name string) (disk.Image, error) {
		if name != "other.img" {
			return nil, os.ErrNotExist
		}
		return disk.NewOverlay(disk.NewMemory(floppy("second"))), nil
	}
	m, err := machine.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return r, m
}

const session = `
timeout 20
wait "ready> "
key a shift-b
wait AB
type d
wait first
change-medium fda other.img
type d
wait second
screenshot after.txt
eject floppy0
quit 3
`

func TestASessionWithAFloppy(t *testing.T) {
	var pictures, log []string
	r, m := start(t, session, Options{
		Keyboard:   true,
		Screenshot: func(path string) error { pictures = append(pictures, path); return nil },
		Log:        func(_ int, text string) { log = append(log, text) },
	})
	status, err := r.Run(context.Background(), m)
	require.NoError(t, err)
	assert.Equal(t, 3, status)
	assert.Equal(t, []string{"after.txt"}, pictures)
	assert.Len(t, log, 12)
	text, _ := m.Text()
	assert.Contains(t, text.String(), "firstsecond")
}

// TestASessionIsReplayed records the same session and replays it without the script.
func TestASessionIsReplayed(t *testing.T) {
	var journal bytes.Buffer
	opt := Options{Keyboard: true, Screenshot: func(string) error { return nil }}
	r, m := start(t, session, opt)
	rec, err := m.Record(&journal, machine.RecordOptions{Interval: 1_000_000})
	require.NoError(t, err)
	_, err = r.Run(context.Background(), m)
	require.NoError(t, err)
	require.NoError(t, rec.Close())
	hash := m.StateHash()

	_, again := start(t, "", opt)
	require.NoError(t, again.Replay(bytes.NewReader(journal.Bytes())))
	res, err := again.Run(context.Background(), machine.RunOptions{})
	require.NoError(t, err)
	assert.Equal(t, machine.StopReplayed, res.Reason)
	require.NoError(t, again.CheckReplay())
	assert.Equal(t, hash, again.StateHash())
}

func TestWhatDoesNotComeIsAnErrorWithItsLine(t *testing.T) {
	r, m := start(t, "wait ready\ntimeout 0.5\nwait never", Options{})
	_, err := r.Run(context.Background(), m)
	var notMet NotMet
	require.True(t, errors.As(err, &notMet), "%v", err)
	assert.Contains(t, err.Error(), `test:3: wait never: not seen within 0.5 s of the guest's time; the screen ends in "ready>"`)
}

func TestErrorsOfCommandsNameTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"change-medium hdb x":   `test:1: change medium: there is no drive "hdb"; there are fda`,
		"\nchange-medium fda x": "test:2: change medium: file does not exist",
		"screenshot x.png":      "test:1: nobody takes pictures here",
	} {
		r, m := start(t, text, Options{})
		_, err := r.Run(context.Background(), m)
		require.Error(t, err)
		assert.Contains(t, err.Error(), want)
	}
}
