package ide

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices"
)

// newCD makes a channel with a CD-ROM drive as drive 0 and a disk as drive 1; a disc of n
// blocks is in the drive, none when n is 0. The unit attention of power-on is taken.
func newCD(t testing.TB, n int) *board {
	b := &board{t: t}
	cfg := Config{
		Clock: &b.clock, INTRQ: b.intrq.Drive, DMARQ: b.dmarq.Drive,
		OnHostError: func(e HostError) { b.errors = append(b.errors, e) },
	}
	cfg.Drives[0] = Drive{CDROM: true, Model: "Test CD", Serial: "C1", Firmware: "1.0"}
	if n > 0 {
		b.m[0] = newMedium(n * 4)
		b.m[0].readOnly = true
		cfg.Drives[0].Image = b.m[0]
	}
	b.m[1] = newMedium(300)
	cfg.Drives[1] = Drive{Image: b.m[1]}
	b.c = New(cfg)
	b.cmd, b.ctl = b.c.CommandPort(), b.c.ControlPort()
	b.c.Reset()
	return b
}

// packet sends one by PIO, with the given byte limit, and collects the answer.
func (b *board) packet(limit int, cdb ...byte) (data []byte, ok bool) {
	b.t.Helper()
	b.sendPacket(0, limit, cdb...)
	for b.wait(); b.status()&statusDRQ != 0; b.wait() {
		require.True(b.t, b.intrq.Level, "an interrupt for every piece")
		require.Equal(b.t, uint8(reasonToHost), b.cmd.In(2))
		b.cmd.In(7)
		n := int(b.cmd.In(4)) | int(b.cmd.In(5))<<8
		require.NotZero(b.t, n)
		for i := 0; i < n; i += 2 {
			require.NotZero(b.t, b.status()&statusDRQ)
			data = binary.LittleEndian.AppendUint16(data, uint16(b.cmd.InWide(0, 2)))
		}
		if n%2 != 0 {
			data = data[:len(data)-1]
		}
	}
	require.True(b.t, b.intrq.Level)
	require.Equal(b.t, uint8(reasonDone), b.cmd.In(2))
	return data, b.cmd.In(7)&statusERR == 0
}

func (b *board) sendPacket(features uint8, limit int, cdb ...byte) {
	b.t.Helper()
	b.cmd.Out(6, 0xa0)
	b.cmd.Out(1, features)
	b.cmd.Out(4, uint8(limit))
	b.cmd.Out(5, uint8(limit>>8))
	b.cmd.Out(7, packetCode)
	b.wait()
	require.Equal(b.t, uint8(0x58), b.status(), "the drive asks for the packet")
	require.Equal(b.t, uint8(reasonCommand), b.cmd.In(2))
	require.False(b.t, b.intrq.Level)
	var p [packetSize]byte
	copy(p[:], cdb)
	for i := 0; i < packetSize; i += 2 {
		b.cmd.OutWide(0, 2, uint32(p[i])|uint32(p[i+1])<<8)
	}
}

// sense is what REQUEST SENSE says.
func (b *board) sense() Sense {
	b.t.Helper()
	p, ok := b.packet(0xfffe, 0x03, 0, 0, 0, 18)
	require.True(b.t, ok)
	require.Len(b.t, p, 18)
	assert.Equal(b.t, uint8(0x70), p[0])
	return Sense{p[2], p[12], p[13]}
}

// ready takes the attention of power-on.
func (b *board) ready() *board {
	b.t.Helper()
	_, ok := b.packet(0, 0x00)
	require.False(b.t, ok)
	require.Equal(b.t, Sense{6, 0x29, 0}, b.sense(), "power on, reset")
	return b
}

func TestPacketSignature(t *testing.T) {
	b := newCD(t, 10)
	check := func(when string) {
		t.Helper()
		for i, v := range []uint8{1, 1, 1, 0x14, 0xeb, 0xa0, 0} {
			assert.Equal(t, v, b.cmd.In(uint16(i+1)), "register %d after %s", i+1, when)
		}
	}
	check("power-on")
	b.ctl.Out(0, controlSRST)
	b.ctl.Out(0, 0)
	b.wait()
	check("SRST")
	b.cmd.Out(7, 0x90)
	b.wait()
	check("diagnostic")
	for _, code := range []uint8{0xec, 0x20} {
		b.cmd.Out(4, 0)
		status, err := b.do(code)
		assert.Equal(t, uint8(0x51), status)
		assert.Equal(t, uint8(errorABRT), err)
		assert.Equal(t, []uint8{0x14, 0xeb}, []uint8{b.cmd.In(4), b.cmd.In(5)}, "%#x leaves the signature", code)
	}
}

func TestIdentifyPacketDevice(t *testing.T) {
	b := newCD(t, 0)
	b.cmd.Out(7, 0xa1)
	w := words(t, b.readPIO(1))
	assert.Equal(t, uint16(2), w[0]>>14, "ATAPI")
	assert.Equal(t, uint16(5), w[0]>>8&0x1f, "CD-ROM")
	assert.Equal(t, uint16(0x80), w[0]&0x83, "removable, packets of 12 bytes")
	assert.Equal(t, uint16(0x0300), w[49]&0x0300)
	assert.Equal(t, uint16(0x0210), w[82]&0x0210)
	assert.Equal(t, "Test CD ", unswap(w[27:31]))
	b.cmd.Out(6, 0xb0)
	b.cmd.Out(7, 0xa1)
	b.wait()
	assert.Equal(t, uint8(0x51), b.status(), "a disk aborts")
}

func TestPacketErrors(t *testing.T) {
	for _, tc := range []struct {
		name string
		cdb  []byte
		want Sense
	}{
		{"unknown", []byte{0xff}, Sense{5, 0x20, 0}},
		{"write", []byte{0x2a, 0, 0, 0, 0, 0, 0, 0, 1}, Sense{5, 0x20, 0}},
		{"LBA -1 (CVE-2020-29443)", []byte{0x28, 0, 255, 255, 255, 255, 0, 0, 1}, Sense{5, 0x21, 0}},
		{"one too many", []byte{0x28, 0, 0, 0, 0, 99, 0, 0, 2}, Sense{5, 0x21, 0}},
		{"2^32-1 blocks", []byte{0xa8, 0, 0, 0, 0, 1, 255, 255, 255, 255}, Sense{5, 0x21, 0}},
		{"READ CD at -1", []byte{0xbe, 0, 255, 255, 255, 255, 0, 0, 1, 0x10}, Sense{5, 0x21, 0}},
		{"audio", []byte{0xbe, 4, 0, 0, 0, 0, 0, 0, 1, 0x10}, Sense{5, 0x64, 0}},
		{"MSF before the start", []byte{0xb9, 0, 0, 0, 1, 0, 0, 2, 0, 0x10}, Sense{5, 0x24, 0}},
		{"seek", []byte{0x2b, 0, 0, 0, 0, 100}, Sense{5, 0x21, 0}},
		{"saved pages", []byte{0x5a, 0, 0xea, 0, 0, 0, 0, 0, 100}, Sense{5, 0x39, 0}},
		{"page 5", []byte{0x5a, 0, 0x05, 0, 0, 0, 0, 0, 100}, Sense{5, 0x24, 0}},
		{"track 2", []byte{0x43, 0, 0, 0, 0, 0, 2, 0, 100}, Sense{5, 0x24, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newCD(t, 100).ready()
			data, ok := b.packet(2048, tc.cdb...)
			assert.False(t, ok)
			assert.Empty(t, data)
			assert.Equal(t, tc.want.Key<<4|errorABRT, b.cmd.In(1))
			assert.Equal(t, tc.want, b.sense())
			assert.Equal(t, Sense{}, b.sense(), "once")
			assert.Empty(t, b.errors)
		})
	}
}

func TestReadBlocks(t *testing.T) {
	for _, tc := range []struct {
		name     string
		limit    int
		cdb      []byte
		first, n int
	}{
		{"one", 2048, []byte{0x28, 0, 0, 0, 0, 16, 0, 0, 1}, 16, 1},
		{"pieces of a block", 2048, []byte{0x28, 0, 0, 0, 0, 16, 0, 0, 50}, 16, 50},
		{"large pieces", 0xf800, []byte{0x28, 0, 0, 0, 0, 0, 0, 0, 100}, 0, 100},
		{"pieces of half a block", 1024, []byte{0x28, 0, 0, 0, 0, 16, 0, 0, 3}, 16, 3},
		{"odd limit", 1001, []byte{0x28, 0, 0, 0, 0, 16, 0, 0, 3}, 16, 3},
		{"limit 0", 0, []byte{0x28, 0, 0, 0, 0, 16, 0, 0, 40}, 16, 40},
		{"READ(12)", 0xffff, []byte{0xa8, 0, 0, 0, 0, 99, 0, 0, 0, 1}, 99, 1},
		{"READ CD", 0xffff, []byte{0xbe, 0, 0, 0, 0, 9, 0, 0, 3, 0x10}, 9, 3},
		{"READ CD MSF", 0xffff, []byte{0xb9, 0, 0, 0, 2, 9, 0, 2, 12, 0x10}, 9, 3},
		{"nothing", 0xffff, []byte{0x28, 0, 0, 0, 0, 9}, 9, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newCD(t, 100).ready()
			got, ok := b.packet(tc.limit, tc.cdb...)
			assert.True(t, ok)
			assert.True(t, bytes.Equal(b.m[0].data[tc.first*blockSize:(tc.first+tc.n)*blockSize], got))
		})
	}
}

func TestReadRaw(t *testing.T) {
	b := newCD(t, 200).ready()
	got, ok := b.packet(0xffff, 0xbe, 0, 0, 0, 0, 150, 0, 0, 40, 0xf8)
	require.True(t, ok)
	require.Len(t, got, 40*2352)
	raw := got[2*2352 : 3*2352] // block 152: 302 frames from the start
	assert.Equal(t, append(append([]byte{0}, bytes.Repeat([]byte{0xff}, 10)...), 0, 0x00, 0x04, 0x02, 1), raw[:16])
	assert.True(t, bytes.Equal(b.m[0].data[152*blockSize:153*blockSize], raw[16:16+blockSize]))
}

func TestReadByDMA(t *testing.T) {
	b := newCD(t, 100).ready()
	b.sendPacket(packetDMA, 0, 0x28, 0, 0, 0, 0, 7, 0, 0, 90)
	p := make([]byte, 90*blockSize)
	b.dma(p, true)
	b.wait()
	assert.True(t, b.intrq.Level)
	assert.Equal(t, uint8(0x50), b.cmd.In(7))
	assert.True(t, bytes.Equal(b.m[0].data[7*blockSize:97*blockSize], p))
	b.sendPacket(packetDMA, 0, 0x25)
	b.dma(p[:8], true)
	b.wait()
	assert.Equal(t, []byte{0, 0, 0, 99, 0, 0, 8, 0}, p[:8])
}

func TestShortAnswers(t *testing.T) {
	b := newCD(t, 100).ready()
	p, ok := b.packet(0xfffe, 0x12, 0, 0, 0, 5)
	assert.True(t, ok)
	assert.Equal(t, []byte{5, 0x80, 0, 0x21, 31}, p, "an odd number of bytes")
	p, _ = b.packet(6, 0x12, 0, 0, 0, 255)
	require.Len(t, p, 36)
	assert.Equal(t, "GLASSBOX", string(p[8:16]))
	p, ok = b.packet(6, 0x12, 0, 0, 0, 0)
	assert.True(t, ok)
	assert.Empty(t, p)
}

func TestTableOfContents(t *testing.T) {
	b := newCD(t, 256).ready()
	for _, tc := range []struct {
		name string
		cdb  []byte
		want []byte
	}{
		{"tracks", []byte{0x43, 0, 0, 0, 0, 0, 0, 0, 100}, []byte{0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, 0x14, 0xaa, 0, 0, 0, 1, 0}},
		{"MSF", []byte{0x43, 2, 0, 0, 0, 0, 1, 0, 100}, []byte{0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 2, 0, 0, 0x14, 0xaa, 0, 0, 0, 5, 31}},
		{"lead-out", []byte{0x43, 0, 0, 0, 0, 0, 0xaa, 0, 100}, []byte{0, 10, 1, 1, 0, 0x14, 0xaa, 0, 0, 0, 1, 0}},
		{"sessions", []byte{0x43, 0, 1, 0, 0, 0, 0, 0, 100}, []byte{0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0}},
		{"sessions, old", []byte{0x43, 0, 0, 0, 0, 0, 0, 0, 100, 0x40}, []byte{0, 10, 1, 1, 0, 0x14, 1, 0, 0, 0, 0, 0}},
		{"header", []byte{0x43, 0, 0, 0, 0, 0, 0, 0, 4}, []byte{0, 18, 1, 1}},
	} {
		p, ok := b.packet(0xfffe, tc.cdb...)
		assert.True(t, ok, tc.name)
		assert.Equal(t, tc.want, p, tc.name)
	}
	p, _ := b.packet(0xfffe, 0x43, 0, 2, 0, 0, 0, 0, 0, 100)
	require.Len(t, p, 4+4*11)
	assert.Equal(t, []byte{0, 46, 1, 1}, p[:4])
	assert.Equal(t, []byte{0, 5, 31}, p[4+2*11+8:4+3*11], "lead-out in minutes, seconds, frames")
}

func TestInformation(t *testing.T) {
	b := newCD(t, 256).ready()
	p, _ := b.packet(0xfffe, 0x46, 0, 0, 0, 0, 0, 0, 0, 200)
	assert.Equal(t, uint64(len(p)-4), be32(p))
	assert.Equal(t, 8, be16(p[6:]), "CD-ROM")
	p, _ = b.packet(0xfffe, 0x46, 2, 0, 0x1e, 0, 0, 0, 0, 200)
	assert.Equal(t, []byte{0, 0x1e, 1, 4}, p[8:12])
	p, _ = b.packet(0xfffe, 0x51, 0, 0, 0, 0, 0, 0, 0, 200)
	assert.Len(t, p, 34)
	p, _ = b.packet(0xfffe, 0x52, 1, 0, 0, 0, 1, 0, 0, 200)
	assert.Equal(t, uint64(256), be32(p[24:]))
	p, _ = b.packet(0xfffe, 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 200)
	require.Len(t, p, 30)
	assert.Equal(t, []byte{0, 28, 1}, p[:3])
	assert.Equal(t, []byte{0x2a, 20}, p[8:10])
	p, _ = b.packet(0xfffe, 0x1a, 0, 0x3f, 0, 200)
	assert.Equal(t, len(p)-1, int(p[0]))
	for _, op := range []byte{0xbd, 0x42, 0xbb, 0x2b} {
		_, ok := b.packet(0xfffe, op, 0, 0, 0, 0, 0, 0, 0, 8, 8)
		assert.True(t, ok, "%#x", op)
	}
}

// event is what GET EVENT STATUS NOTIFICATION says of the medium: code and status.
func (b *board) event() [2]byte {
	p, ok := b.packet(0xfffe, 0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8)
	require.True(b.t, ok)
	require.Equal(b.t, []byte{0, 6, 4, 0x10}, p[:4])
	return [2]byte{p[4], p[5]}
}

func TestMediumComesAndGoes(t *testing.T) {
	b := newCD(t, 0).ready()
	test := func() Sense {
		if _, ok := b.packet(0, 0x00); ok {
			return Sense{}
		}
		return b.sense()
	}
	assert.Equal(t, Sense{2, 0x3a, 1}, test())
	b.m[0] = newMedium(40)
	require.True(t, b.c.SetMedium(0, b.m[0]))
	assert.False(t, b.c.SetMedium(1, b.m[0]), "a disk keeps its medium")
	_, ok := b.packet(0, 0x12, 0, 0, 0, 36)
	assert.True(t, ok, "INQUIRY does not take the attention")
	assert.Equal(t, [2]byte{2, 2}, b.event())
	assert.Equal(t, [2]byte{0, 2}, b.event(), "told once")
	assert.Equal(t, Sense{6, 0x28, 0}, test())
	assert.Equal(t, Sense{}, test())

	b.packet(0, 0x1e, 0, 0, 0, 1)
	assert.True(t, b.c.MediumLocked(0))
	_, ok = b.packet(0, 0x1b, 0, 0, 0, 2)
	assert.False(t, ok)
	assert.Equal(t, Sense{5, 0x53, 2}, b.sense())
	b.packet(0, 0x1e)
	_, ok = b.packet(0, 0x1b, 0, 0, 0, 2)
	assert.True(t, ok)
	assert.Equal(t, Sense{2, 0x3a, 2}, test())
	assert.Equal(t, [2]byte{3, 3}, b.event(), "the disc lies in the open tray")
	b.packet(0, 0x1b, 0, 0, 0, 3)
	assert.Equal(t, Sense{6, 0x28, 0}, test())
	assert.Equal(t, Sense{}, test())
	b.c.SetMedium(0, nil)
	assert.Equal(t, [2]byte{3, 1}, b.event())
}

// TestMediumChangesUnderARead must not mix two discs.
func TestMediumChangesUnderARead(t *testing.T) {
	b := newCD(t, 100).ready()
	b.sendPacket(0, 2048, 0x28, 0, 0, 0, 0, 0, 0, 0, 50)
	b.wait()
	require.NotZero(t, b.status()&statusDRQ)
	b.c.SetMedium(0, newMedium(8))
	for range 1024 {
		b.cmd.InWide(0, 2)
	}
	b.wait()
	assert.Equal(t, uint8(0x51), b.status())
	assert.Equal(t, Sense{6, 0x28, 0}, b.sense())
	assert.Empty(t, b.errors)
}

func TestUnreadableBlock(t *testing.T) {
	b := newCD(t, 100).ready()
	b.m[0].bad[4*20] = true
	_, ok := b.packet(2048, 0x28, 0, 0, 0, 0, 20, 0, 0, 1)
	assert.False(t, ok)
	assert.Equal(t, Sense{3, 0x11, 0}, b.sense())
	assert.Len(t, b.errors, 1)
}

// TestDataPhaseIsNotSwitched is the class of CVE-2015-5154: a command in the middle of a
// data phase changes nothing, and DEVICE RESET ends it.
func TestDataPhaseIsNotSwitched(t *testing.T) {
	b := newCD(t, 100).ready()
	b.sendPacket(0, 0xf800, 0x28, 0, 0, 0, 0, 5, 0, 0, 20)
	b.wait()
	for i := range 100 {
		b.cmd.Out(7, []uint8{0xa0, 0xa1, 0xec}[i%3])
		require.Equal(t, binary.LittleEndian.Uint16(b.m[0].data[5*blockSize+2*i:]), uint16(b.cmd.InWide(0, 2)))
	}
	b.cmd.Out(7, deviceReset)
	assert.Equal(t, uint8(statusBSY), b.status()&statusBSY)
	assert.Equal(t, uint32(0xff7f), b.cmd.InWide(0, 2))
	b.wait()
	assert.Equal(t, []uint8{0x14, 0xeb, 0}, []uint8{b.cmd.In(4), b.cmd.In(5), b.status()})
	b.sendPacket(packetDMA, 0, 0x28, 0, 0, 0, 0, 5, 0, 0, 20)
	for !b.dmarq.Level {
		b.clock.Advance(devices.Microsecond)
	}
	b.c.ReadDMAData(make([]byte, 1000))
	b.ctl.Out(0, controlSRST)
	b.ctl.Out(0, 0)
	assert.False(t, b.dmarq.Level)
	b.clock.Advance(devices.Second)
	assert.Zero(t, b.c.ReadDMAData(make([]byte, 1000)))
}

func TestPacketStateMovesAtEveryStep(t *testing.T) {
	b := newCD(t, 100).ready()
	b.sendPacket(0, 3000, 0x28, 0, 0, 0, 0, 3, 0, 0, 40)
	var got []byte
	for step := 0; len(got) < 40*blockSize; step++ {
		if step%101 == 0 || b.status()&statusBSY != 0 {
			s := b.c.Save()
			n := newCD(t, 100)
			n.clock.AdvanceTo(b.clock.Now())
			require.NoError(t, n.c.Restore(s))
			require.Equal(t, s, n.c.Save())
			require.Equal(t, b.intrq.Level, n.intrq.Level)
			b = n
		}
		if b.status()&statusBSY != 0 {
			at, _ := b.clock.Next()
			b.clock.AdvanceTo(at)
			continue
		}
		got = binary.LittleEndian.AppendUint16(got, uint16(b.cmd.InWide(0, 2)))
	}
	assert.True(t, bytes.Equal(b.m[0].data[3*blockSize:43*blockSize], got))
}

// FuzzPackets sends packets with arbitrary bytes and interferes with them.
func FuzzPackets(f *testing.F) {
	f.Add([]byte{0x28, 0, 0, 0, 0, 16, 0, 0, 1, 0, 0, 0, 0, 200, 4})
	f.Add([]byte{0xbe, 0, 0, 0, 0, 16, 0, 0, 9, 0xf8, 0, 0, 1, 90, 8})
	f.Add([]byte{0x5a, 0, 0x3f, 0, 0, 0, 0, 1, 3, 0, 0, 0, 0, 7, 3})
	f.Fuzz(func(t *testing.T, in []byte) {
		b := newCD(t, 50)
		for ; len(in) >= 15; in = in[15:] {
			b.cmd.Out(6, 0xa0)
			b.cmd.Out(1, in[12]&3)
			b.cmd.Out(4, in[13])
			b.cmd.Out(5, in[14])
			b.cmd.Out(7, packetCode)
			b.clock.Advance(devices.Millisecond)
			for i := 0; i < packetSize; i += 2 {
				b.cmd.OutWide(0, 2, uint32(in[i])|uint32(in[i+1])<<8)
			}
			for i := range 2 + int(in[14]) {
				b.clock.Advance(devices.Time(in[13]) * 10 * devices.Microsecond)
				for range int(in[13]) * 4 {
					b.cmd.InWide(0, 4)
				}
				b.c.ReadDMAData(make([]byte, int(in[14])*100))
				switch in[12] >> 2 {
				case 1:
					b.cmd.Out(7, deviceReset)
				case 2:
					b.c.SetMedium(0, newMedium(i))
				case 3:
					b.c.SetMedium(0, nil)
				}
				if err := b.c.Restore(b.c.Save()); err != nil {
					t.Fatalf("restore: %v", err)
				}
			}
		}
		if len(b.errors) != 0 {
			t.Fatalf("access outside the image: %v", b.errors)
		}
	})
}
