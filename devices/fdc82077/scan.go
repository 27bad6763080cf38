package fdc82077

// scanDue is the next step of SCAN: the host gives a sector, with which that of the disk is
// compared. The first byte that differs decides; FFh on either side matches anything.
//
// 82077AA data sheet, "Scan Commands".
func scanDue(d *Device) {
	if !d.find(false) {
		return
	}
	if d.s.Len == 0 {
		for i := range d.s.Data { // what the host does not give matches
			d.s.Data[i] = 0xff
		}
		d.offer(sectorSize)
		return
	}
	wanted := d.s.Data
	if !d.load(d.named()) {
		return
	}
	switch order := compare(d.s.Data, wanted); {
	case order == 0:
		d.end(0, 0, st2ScanHit)
	case order < 0 && d.s.Params[0]&codeMask == scanLow, order > 0 && d.s.Params[0]&codeMask == scanHigh:
		d.end(0, 0, 0)
	default:
		d.scanNext()
	}
}

// compare is the order of the bytes of a disk and those of the host.
func compare(disk, host [sectorSize]uint8) int {
	for i, v := range disk {
		if v != host[i] && v != 0xff && host[i] != 0xff {
			return int(v) - int(host[i])
		}
	}
	return 0
}

// scanNext goes on to the sector that is STP further, with MT on the second side as well.
func (d *Device) scanNext() {
	p := &d.s.Params
	next, tc := int(d.s.R)+max(int(p[8]&3), 1), d.s.TC
	d.s.Len, d.s.Pos, d.s.TC = 0, 0, false
	switch {
	case tc, next > int(d.s.EOT) && (p[0]&codeMT == 0 || d.s.H&1 != 0):
		d.end(0, 0, st2ScanMiss)
		return
	case next > int(d.s.EOT):
		d.s.H ^= 1
		p[1] ^= unitHead
		next = 1
	}
	d.s.R = uint8(next)
	d.execute(sectorTime)
}
