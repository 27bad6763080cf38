package font

// arms says how the lines of a box character reach left, right, up and down: 0 not, 1
// single, 2 double.
type arms struct{ left, right, up, down uint8 }

// boxes are the characters from B3h on.
const boxes = "0011 1011 2011 1022 1002 2001 2022 0022 2002 2020 1020 2010 1001 " + // B3–BF
	"0110 1110 1101 0111 1100 1111 0211 0122 0220 0202 2220 2202 0222 2200 2222 2210 " + // C0–CF
	"1120 2201 1102 0120 0210 0201 0102 1122 2211 1010 0101 " // D0–DA

// box draws a character that fills its cell, and says whether c is one.
func box(dst []uint8, c int) bool {
	half := len(dst) / 2
	switch {
	case c >= 0xb0 && c <= 0xb2:
		shade := [3][2]uint8{{0x22, 0x88}, {0x55, 0xaa}, {0xdd, 0x77}}[c-0xb0]
		for y := range dst {
			dst[y] = shade[y%2]
		}
	case c >= 0xb3 && c <= 0xda:
		s := boxes[5*(c-0xb3):]
		lines(dst, arms{s[0] - '0', s[1] - '0', s[2] - '0', s[3] - '0'})
	case c == 0xdb:
		fill(dst, 0, 8, 0, len(dst))
	case c == 0xdc:
		fill(dst, 0, 8, half, len(dst))
	case c == 0xdd:
		fill(dst, 0, 4, 0, len(dst))
	case c == 0xde:
		fill(dst, 4, 8, 0, len(dst))
	case c == 0xdf:
		fill(dst, 0, 8, 0, half)
	case c == 0xf4: // upper half of an integral sign
		fill(dst, 3, 5, 2, len(dst))
		fill(dst, 4, 6, 1, 2)
		fill(dst, 6, 7, 2, 3)
	case c == 0xf5:
		fill(dst, 3, 5, 0, len(dst)-2)
		fill(dst, 2, 4, len(dst)-2, len(dst)-1)
		fill(dst, 1, 2, len(dst)-3, len(dst)-2)
	case c == 0xfe:
		fill(dst, 2, 6, half-len(dst)/8, half+len(dst)/4)
	default:
		return false
	}
	return true
}

// pixels are the columns from x0 to x1-1.
func pixels(x0, x1 int) uint8 { return uint8(0xff>>x0) &^ uint8(0xff>>x1) }

func fill(dst []uint8, x0, x1, y0, y1 int) {
	for y := max(y0, 0); y < min(y1, len(dst)); y++ {
		dst[y] |= pixels(x0, x1)
	}
}

func carve(dst []uint8, x0, x1, y0, y1 int) {
	for y := max(y0, 0); y < min(y1, len(dst)); y++ {
		dst[y] &^= pixels(x0, x1)
	}
}

// lines draws a box character. Single lines go through columns 3 and 4 and through the
// line mid; double ones are painted as a bar around those, whose inside is carved out.
func lines(dst []uint8, a arms) {
	n, mid := len(dst), len(dst)/2-1
	across, along := max(a.left, a.right), max(a.up, a.down)
	x0, x1 := 3, 5 // what the vertical lines cover
	if along == 2 {
		x0, x1 = 2, 6
	}
	y0, y1 := mid, mid+1
	if across == 2 {
		y0, y1 = mid-1, mid+2
	}
	if a.left != 0 {
		fill(dst, 0, x1, y0, y1)
	}
	if a.right != 0 {
		fill(dst, x0, 8, y0, y1)
	}
	if a.up != 0 {
		fill(dst, x0, x1, 0, y1)
	}
	if a.down != 0 {
		fill(dst, x0, x1, y0, n)
	}
	if across == 2 {
		carveAcross(dst, a, along, mid)
	}
	if along == 2 {
		carveAlong(dst, a, across, mid)
	}
}

// carveAcross takes the line between two horizontal ones out. A single vertical line stays
// unless it ends here.
func carveAcross(dst []uint8, a arms, along uint8, mid int) {
	l, r := 3, 5 // where the carved parts end
	if along == 2 {
		l, r = 5, 3
	}
	if a.left != 0 {
		carve(dst, 0, l, mid, mid+1)
	}
	if a.right != 0 {
		carve(dst, r, 8, mid, mid+1)
	}
	if a.left != 0 && a.right != 0 && (a.up == 0 || a.down == 0) {
		carve(dst, 0, 8, mid, mid+1)
	}
}

// carveAlong takes the columns between two vertical lines out.
func carveAlong(dst []uint8, a arms, across uint8, mid int) {
	u, d := mid, mid+1
	if across == 2 {
		u, d = mid+1, mid
	}
	if a.up != 0 {
		carve(dst, 3, 5, 0, u)
	}
	if a.down != 0 {
		carve(dst, 3, 5, d, len(dst))
	}
	if a.up != 0 && a.down != 0 && (a.left == 0 || a.right == 0) {
		carve(dst, 3, 5, 0, len(dst))
	}
}
