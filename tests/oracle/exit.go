package oracle

import "encoding/binary"

// Addresses that helper.asm has, too.
const (
	shExitAddr = 0x610000000000 + 40 // holds where the way back leads
	shSaveAddr = 0x610000000000 + 48 // takes RAX
)

// exitPage is what follows the code of tests that are jumped to: the way back to the helper
// from code of the given size. The emulator never executes it, but a test may read it.
func exitPage(size int) []byte {
	const long = 0x40 // where the part in 64-bit code is
	page := make([]byte, 0x1000)
	back := []byte{0x48, 0xa3} // MOV [shSaveAddr], RAX
	back = binary.LittleEndian.AppendUint64(back, shSaveAddr)
	back = append(back, 0x48, 0xa1) // MOV RAX, [shExitAddr]
	back = binary.LittleEndian.AppendUint64(back, shExitAddr)
	back = append(back, 0xff, 0xe0) // JMP RAX
	if size == 8 {
		copy(page, back)
		return page
	}
	copy(page[long:], back)
	far := []byte{0xea} // JMP far
	if size == 2 {
		far = []byte{0x66, 0xea}
	}
	far = binary.LittleEndian.AppendUint32(far, JumpEnd+long)
	copy(page, append(far, selUser64, 0))
	return page
}
