package machine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/devices/ps2kbd"
)

// hello writes "Hi" in yellow on blue to the top left, and goes on for ever.
var hello = []byte{
	0xc7, 0x05, 0x00, 0x80, 0x0b, 0x00, 'H', 0x1e, 'i', 0x1e, // mov dword [B8000h], ...
	0xeb, 0xfe,
}

func TestTextOnTheScreen(t *testing.T) {
	for _, engine := range []Engine{Fast, Plain, Check} {
		m, _ := start(t, Config{Engine: engine}, RunOptions{Budget: 100}, hello...)
		text, ok := m.Text()
		require.True(t, ok)
		assert.Equal(t, "Hi\n", text.String())
		assert.Equal(t, uint8(0x1e), text.Row(0)[1].Attr)
		assert.Equal(t, 720, m.Image().Bounds().Dx())
		assert.Contains(t, m.ScreenInfo(), "80x25")
	}
}

func TestWithoutADisplay(t *testing.T) {
	m, _ := start(t, Config{VGA: VGANone}, RunOptions{Budget: 100}, hello...)
	_, ok := m.Text()
	assert.False(t, ok)
	assert.Nil(t, m.Image())
	assert.Equal(t, "no display", m.ScreenInfo())
	assert.Positive(t, m.Memory().Unclaimed())
}

// TestLinearFrameBufferIsTheVideoMemory sets 640×480 in 32 bits and writes a pixel at the
// frame buffer's address; then it lets the bank window show the same.
func TestLinearFrameBufferIsTheVideoMemory(t *testing.T) {
	dispi := func(i, v byte, hi byte) []byte {
		return []byte{0x66, 0xba, 0xce, 0x01, 0x66, 0xb8, i, 0, 0x66, 0xef, 0x66, 0x42, 0x66, 0xb8, v, hi, 0x66, 0xef}
	}
	var code []byte
	for _, r := range [][3]byte{{1, 0x80, 2}, {2, 0xe0, 1}, {3, 32, 0}, {4, 0x41, 0}, {5, 1, 0}} {
		code = append(code, dispi(r[0], r[1], r[2])...)
	}
	code = append(code, 0xc7, 0x05, 0x00, 0x00, 0x01, 0xfd, 0x30, 0x20, 0x10, 0x00) // mov dword [FD010000h], 102030h
	code = append(code, 0xa1, 0x00, 0x00, 0x0a, 0x00)                               // mov eax, [A0000h]
	code = append(code, 0xeb, 0xfe)
	m, _ := start(t, Config{}, RunOptions{Budget: 100}, code...)
	r, g, b, _ := m.Image().At(0x10000/4%640, 0x10000/4/640).RGBA()
	assert.Equal(t, [3]uint32{0x1010, 0x2020, 0x3030}, [3]uint32{r, g, b})
	assert.Equal(t, uint64(0x102030), m.CPU().Save().GPR[0])
	assert.Contains(t, m.ScreenInfo(), "640x480, 32 bits")
	_, ok := m.Text()
	assert.False(t, ok)
}

// echoKeys copies scan codes to the screen.
var echoKeys = []byte{
	0xbf, 0x00, 0x80, 0x0b, 0x00, // mov edi, B8000h
	0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa, // wait for a byte
	0xe4, 0x60, 0xaa, 0x47, // in al, 60h; stosb; inc edi
	0xeb, 0xf4,
}

func TestKeysReachTheKeyboardInOrder(t *testing.T) {
	for _, engine := range []Engine{Fast, Check} {
		cfg := Config{Memory: 4 << 20, Engine: engine}
		cfg.Boot.Kernel = multiboot(echoKeys...)
		m, err := New(cfg)
		require.NoError(t, err)
		defer m.Close()
		assert.Equal(t, 2, m.TypeKeys([]byte("a\xffB")))
		assert.True(t, m.PressKeys(ps2kbd.KeyLeftCtrl, ps2kbd.KeyDelete))
		_, err = m.Run(context.Background(), RunOptions{Budget: 60_000_000})
		require.NoError(t, err)
		text, _ := m.Text()
		var codes []byte
		for _, c := range text.Row(0)[:13] {
			codes = append(codes, c.Char)
		}
		assert.Equal(t, []byte{0x1e, 0x9e, 0x2a, 0x30, 0xb0, 0xaa, 0x1d, 0xe0, 0x53, 0xe0, 0xd3, 0x9d, ' '}, codes)
	}
}

// deafKeys looks after a key for the first time when a second has passed, then copies scan
// codes to the screen.
var deafKeys = append([]byte{
	0xb9, 0x80, 0xb2, 0xe6, 0x0e, // mov ecx, 250000000: 1 s
	0xe2, 0xfe, // loop $
}, echoKeys...)

// TestShortPressesDoNotRepeatAndLongOnesDo types to guests that listen and to one that does
// not: the codes are those of one press; a key held for 1.2 s comes nine times, after 0.5 s
// and then every 92 ms, 1.2 s - 0.5 s = 7.6 · 92 ms.
func TestShortPressesDoNotRepeatAndLongOnesDo(t *testing.T) {
	held := []byte{0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x9e, ' '}
	for _, tc := range []struct {
		name string
		code []byte
		hold devices.Time
		want []byte
	}{
		{"short", echoKeys, 0, []byte{0x1e, 0x9e, ' '}},
		{"short, nobody listens", deafKeys, 0, []byte{0x1e, 0x9e, ' '}},
		{"long", echoKeys, 1200 * devices.Millisecond, held},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := Config{Memory: 4 << 20}
			cfg.Boot.Kernel = multiboot(tc.code...)
			m, err := New(cfg)
			require.NoError(t, err)
			defer m.Close()
			assert.True(t, m.HoldKeys(tc.hold, 0x1e))
			_, err = m.Run(context.Background(), RunOptions{Until: 1800 * devices.Millisecond})
			require.NoError(t, err)
			text, _ := m.Text()
			var codes []byte
			for _, c := range text.Row(0)[:len(tc.want)] {
				codes = append(codes, c.Char)
			}
			assert.Equal(t, tc.want, codes)
		})
	}
}

// TestKeysWaitingAreState stops in the middle of typing and goes on in another machine.
func TestKeysWaitingAreState(t *testing.T) {
	m, _ := start(t, Config{}, RunOptions{Budget: 1}, 0xeb, 0xfe)
	m.TypeKeys([]byte("xyz"))
	_, err := m.Run(context.Background(), RunOptions{Budget: 4_000_000}) // 16 ms: two events
	require.NoError(t, err)
	s := m.keys.Save()
	assert.Len(t, s.Events, 4, "controller and keyboard hold one each")
	other, _ := start(t, Config{}, RunOptions{Budget: 1}, 0xeb, 0xfe)
	require.NoError(t, other.keys.Restore(s))
	assert.Equal(t, s, other.keys.Save())
	s.Events = make([]KeyEvent, maxKeys+1)
	assert.Error(t, other.keys.Restore(s))
}

func TestLooksComeAtTheirPace(t *testing.T) {
	m, _ := start(t, Config{}, RunOptions{Budget: 1}, 0xeb, 0xfe)
	looks := 0
	m.OnScreen(10*devices.Millisecond, func() { looks++ })
	_, err := m.Run(context.Background(), RunOptions{Budget: 25_000_000}) // 100 ms
	require.NoError(t, err)
	assert.InDelta(t, 10, looks, 2)
}

// TestForkKeepsTheScreen forks a machine before and after the chip has written to video
// memory.
func TestForkKeepsTheScreen(t *testing.T) {
	m, _ := start(t, Config{}, RunOptions{Budget: 1}, append([]byte{0x90, 0x90}, hello...)...)
	first, err := m.Fork(ForkOptions{})
	require.NoError(t, err)
	defer first.Close()
	_, err = first.Run(context.Background(), RunOptions{Budget: 100})
	require.NoError(t, err)
	second, err := first.Fork(ForkOptions{})
	require.NoError(t, err)
	defer second.Close()
	for _, f := range []*Machine{first, second} {
		text, ok := f.Text()
		require.True(t, ok)
		assert.Equal(t, "Hi\n", text.String())
		assert.Equal(t, first.Image(), f.Image())
	}
	text, _ := m.Text()
	assert.Empty(t, text.String())
}
