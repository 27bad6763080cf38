package ide

import (
	"errors"
	"fmt"
	"slices"
)

// Save returns a copy of the state.
func (c *Channel) Save() State {
	s := State{Control: c.control}
	for i, d := range c.drives {
		s.Drives[i] = d.DriveState
		s.Drives[i].Data = slices.Clone(d.Data)
	}
	return s
}

// Restore replaces the state, arms the timers and drives INTRQ. DMARQ is not driven: the
// bus master remembers its level, and raising it would move data. The drives must be as
// large as they were when the state was saved, else what does not fit is an error.
func (c *Channel) Restore(s State) error {
	if err := c.check(s); err != nil {
		return fmt.Errorf("ide: %w", err)
	}
	c.control = s.Control
	for i, d := range c.drives {
		d.timer.Stop()
		d.DriveState = s.Drives[i]
		d.command = d.lookUp(d.Command)
		d.Data = nil
		if n := len(s.Drives[i].Data); n > 0 {
			d.Data = d.buffer[:n]
			copy(d.Data, s.Drives[i].Data)
		}
		if d.Phase.timed() {
			d.timer.Set(d.Deadline)
		}
	}
	c.driveINTRQ()
	return nil
}

func (c *Channel) check(s State) error {
	if s.Control&^(controlHOB|controlSRST|controlNIEN) != 0 {
		return fmt.Errorf("device control cannot be %#02x", s.Control)
	}
	if (s.Drives[0].Device^s.Drives[1].Device)&deviceDEV != 0 {
		return errors.New("the drives disagree on which is selected")
	}
	dma := 0
	for i, d := range c.drives {
		if err := d.check(&s.Drives[i], s.Control); err != nil {
			return fmt.Errorf("drive %d: %w", i, err)
		}
		if p := s.Drives[i].Phase; p == PhaseDMAIn || p == PhaseDMAOut {
			dma++
		}
	}
	if dma > 1 {
		return errors.New("both drives transfer at once")
	}
	return nil
}

// check says what is wrong with s as a state of this drive.
func (d *drive) check(s *DriveState, control uint8) error {
	switch {
	case s.Phase >= phases:
		return fmt.Errorf("there is no phase %d", s.Phase)
	case !d.present() && (s.Phase != PhaseIdle || s.Status != 0 || s.Interrupt):
		return errors.New("is busy but not there")
	case s.Heads == 0 || s.Heads > 16 || s.Sectors == 0:
		return fmt.Errorf("translation of %d heads, %d sectors", s.Heads, s.Sectors)
	case s.Multiple > maxMultiple || s.Multiple&(s.Multiple-1) != 0:
		return fmt.Errorf("%d sectors per block", s.Multiple)
	case !new(drive).setTransferMode(s.DMAMode) || s.DMAMode != 0 && s.DMAMode < modeMWDMA || s.PIOMode > maxPIO:
		return fmt.Errorf("transfer modes %#02x, %d", s.DMAMode, s.PIOMode)
	case (s.Phase == PhaseHeld) != (control&controlSRST != 0) && d.present():
		return errors.New("reset line and phase disagree")
	case s.Status != s.statusOf():
		return fmt.Errorf("status %#02x in phase %d", s.Status, s.Phase)
	case s.Diagnose && s.Phase != PhaseReset:
		return errors.New("a diagnostic that does not run")
	case d.lookUp(s.Command).run == nil && s.Command != executeDiagnostic,
		s.Command == executeDiagnostic && s.Phase != PhaseIdle && s.Phase != PhaseHeld && s.Phase != PhaseReset:
		return fmt.Errorf("command %#02x in phase %d", s.Command, s.Phase)
	}
	if d.CDROM {
		return s.checkPacket()
	}
	return d.checkTransfer(s)
}

// statusOf is the status that belongs to the phase; when idle many will do.
func (s *DriveState) statusOf() uint8 {
	switch s.Phase {
	case PhaseIdle, PhaseSleeping:
		return s.Status &^ (statusBSY | statusDRQ)
	case PhaseDataIn, PhaseDataOut, PhasePacket:
		return statusReady | statusDRQ
	}
	return s.Status&^statusDRQ | statusBSY
}

// checkTransfer checks position and buffer against the command.
func (d *drive) checkTransfer(s *DriveState) error {
	want := -1 // length of the buffer in sectors: any
	row := d.lookUp(s.Command)
	fits := true
	switch s.Phase {
	case PhasePacket, PhaseDecode:
		fits = false
	case PhaseDataIn:
		fits = row.protocol == pioIn
	case PhaseDMAIn:
		fits = row.protocol == dmaIn
	case PhaseDataOut:
		fits = row.protocol == pioOut
	case PhaseDMAOut:
		fits = row.protocol == dmaOut
	case PhaseMedia:
		switch row.protocol {
		case pioOut, dmaOut:
		case noData:
			fits, want = s.Command == 0xe7 || s.Command == 0xea, 0
		default:
			want = 0
		}
	default:
		want = 0
	}
	out := row.protocol == pioOut || row.protocol == dmaOut
	n := len(s.Data) / sectorSize
	switch {
	case !fits:
		return fmt.Errorf("command %#02x in phase %d", s.Command, s.Phase)
	case len(s.Data)%sectorSize != 0 || n > maxBlock || want >= 0 && n != want || want < 0 && n == 0:
		return fmt.Errorf("%d bytes of data in phase %d", len(s.Data), s.Phase)
	case s.Pos&1 != 0 || int(s.Pos) > len(s.Data) || int(s.Pos) == len(s.Data) && want < 0 && s.Phase != PhaseMedia:
		return fmt.Errorf("position %d of %d", s.Pos, len(s.Data))
	case s.LBA > d.sectors || uint64(s.Left) > d.sectors-s.LBA || s.Left > 1<<16:
		return fmt.Errorf("%d sectors at %d of %d", s.Left, s.LBA, d.sectors)
	case out && n > 0 && (uint32(n) > s.Left || d.Image.ReadOnly()):
		return fmt.Errorf("writes %d sectors, %d left", n, s.Left)
	case s.Left > 0 && row.multiple && s.Multiple == 0 && s.Phase != PhaseIdle:
		return errors.New("moves blocks without a block size")
	}
	return nil
}
