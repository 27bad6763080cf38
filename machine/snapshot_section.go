package machine

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxSection bounds the contents of a section, uncompressed and compressed.
const maxSection = chunkSize + 64<<10

// A packer compresses sections.
type packer struct{ z *zstd.Encoder }

func newPacker() (*packer, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true))
	return &packer{z}, err
}

// section returns the bytes of a section.
func (k *packer) section(name string, version uint32, contents []byte) []byte {
	packed := k.z.EncodeAll(contents, nil)
	p := binary.LittleEndian.AppendUint16(nil, uint16(len(name)))
	p = append(p, name...)
	p = binary.LittleEndian.AppendUint32(p, version)
	p = binary.LittleEndian.AppendUint32(p, uint32(len(contents)))
	p = binary.LittleEndian.AppendUint32(p, uint32(len(packed)))
	h := sha256.New()
	h.Write(p)
	h.Write(packed)
	return append(h.Sum(p), packed...)
}

// A section is one that was read, with its contents still compressed.
type section struct {
	name    string
	version uint32
	size    int // of the contents
	packed  []byte
}

// errCutOff is a file that ends within a section.
var errCutOff = errors.New("the file is cut off")

// cutSection takes a section off the front of p. Its checksum is right.
func cutSection(p []byte) (s section, rest []byte, err error) {
	if len(p) < 2 {
		return s, nil, errCutOff
	}
	name := int(binary.LittleEndian.Uint16(p))
	fixed := 2 + name + 12
	if len(p) < fixed+hashSize {
		return s, nil, errCutOff
	}
	s.name = string(p[2 : 2+name])
	s.version = binary.LittleEndian.Uint32(p[2+name:])
	size, packed := binary.LittleEndian.Uint32(p[6+name:]), binary.LittleEndian.Uint32(p[10+name:])
	if size > maxSection || packed > maxSection {
		return s, nil, fmt.Errorf("section %.40q of %d bytes, %d compressed, is too large or damaged", s.name, size, packed)
	}
	s.size = int(size)
	body := p[fixed+hashSize:]
	if uint64(packed) > uint64(len(body)) {
		return s, nil, errCutOff
	}
	s.packed, rest = body[:packed], body[packed:]
	h := sha256.New()
	h.Write(p[:fixed])
	h.Write(s.packed)
	if string(h.Sum(nil)) != string(p[fixed:fixed+hashSize]) {
		return s, nil, fmt.Errorf("section %.40q is damaged", s.name)
	}
	return s, rest, nil
}

// An unpacker decompresses sections, into the same memory every time.
type unpacker struct {
	z   *zstd.Decoder
	buf []byte
}

func newUnpacker() (*unpacker, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxSection),
		zstd.WithDecoderMaxWindow(32<<20))
	return &unpacker{z: z}, err
}

func (u *unpacker) close() { u.z.Close() }

// contents decompresses a section. The result is valid until the next call.
func (u *unpacker) contents(s section) ([]byte, error) {
	if cap(u.buf) < s.size {
		u.buf = make([]byte, 0, s.size)
	}
	p, err := u.z.DecodeAll(s.packed, u.buf[:0])
	if err == nil && len(p) != s.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("section %q: decompress: %w", s.name, err)
	}
	return p, nil
}
