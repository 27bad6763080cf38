package cpu

import (
	"encoding/binary"
)

// gather makes the gathers of AVX2: elements of elem bytes (4 or 8), found by signed indices
// of index bytes, where the mask in VEX.vvvv has its top bits set. Each element loaded
// clears its part of the mask, so an instruction that faults half-way goes on where it
// stopped: elements below the one at fault have been loaded.
//
// SDM Vol. 2C, "VPGATHERDD/VPGATHERQD—Gather Packed Dword Values Using Signed Dword/Qword
// Indices" and the like.
func gather(index, elem int) Exec {
	return func(c *CPU, in *Inst) Fault {
		if f := c.avxReady(); f.Raised {
			return f
		}
		n := (16 << in.VEXL) / max(index, elem)
		dst, mask := &c.S.XMM[in.Dst.Reg&31], &c.S.XMM[in.VEXV&31]
		indices := c.S.XMM[in.VIndex&31]
		vl := 16 << in.VEXL
		for i := range vl / elem { // also elements that have no index
			lane := mask[i*elem : (i+1)*elem]
			fill(lane, -(lane[elem-1] >> 7))
		}
		clear(mask[vl:])
		base, le := c.ea(in), binary.LittleEndian
		for i := range n {
			lane := mask[i*elem : (i+1)*elem]
			if lane[0] == 0 {
				continue
			}
			var at uint64
			if index == 8 {
				at = le.Uint64(indices[8*i:])
			} else {
				at = uint64(int32(le.Uint32(indices[4*i:])))
			}
			at = (base + at<<in.Scale) & in.AddrSize.Mask()
			la, f := c.linearUnchecked(in.Seg, at, uint64(elem), forRead)
			if f.Raised {
				return f
			}
			if f := c.readBytesLin(la, dst[i*elem:(i+1)*elem], c.class); f.Raised {
				return f
			}
			clear(lane)
		}
		clear(mask[n*elem:])
		clear(dst[n*elem:])
		return Fault{}
	}
}

// fill sets all bytes of p to v.
func fill(p []byte, v byte) {
	for i := range p {
		p[i] = v
	}
}
