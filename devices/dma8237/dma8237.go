// Package dma8237 is the DMA controller of the PC AT: two Intel 8237A in cascade and the
// page registers that supply the upper address bits. Channels 0 to 3 move bytes, channels 5
// to 7 words of 16 bits; channel 4 is the cascade.
//
// Three faces. Low is the controller of channels 0–3, 16 ports wide; High that of channels
// 4–7, 32 ports wide, each register twice because address line 0 is not connected:
//
//	reg  access  name     power-on  meaning
//	0-7  RW      ADDR,CNT 0         channel n: address at 2n, count less one at 2n+1; two
//	                                bytes each, low first, by the flip-flop
//	8    R       STATUS   0         3:0 terminal count was reached (cleared by reading),
//	                                7:4 channel is requested
//	8    W       COMMAND  0         0 memory to memory, 1 channel 0 holds its address, 2
//	                                controller off; the other bits are kept
//	9    W       REQUEST            1:0 channel, 2: set or clear its software request; that of
//	                                channel 0 starts a transfer from memory to memory
//	A    W       MASK               1:0 channel, 2: set or clear its mask bit
//	B    W       MODE               1:0 channel, 3:2 direction, 4 auto-initialise,
//	                                5 count addresses down, 7:6 demand, single, block, cascade
//	C    W       CLEARFF            next byte of ADDR or CNT is the low one
//	D    R       TEMP     0         the byte moved last from memory to memory
//	D    W       RESET              master clear: all channels masked
//	E    W       CLEARMASK          all channels unmasked
//	F    RW      ALLMASK  F         3:0 mask bits
//
// Pages is the page registers, 80h–8Fh on the AT. Channels 0–3 use 7, 3, 1, 2; 5–7 use B, 9,
// A; F belongs to refresh. The others (0, 4–6, 8, C–E) are memory that nobody reads but
// software. Pages(1) is the face for a board that has a chip of its own at port 80h: it is
// mapped at 81h, 15 ports wide.
//
// The first controller requests the bus through channel 4: its channels are served while
// that one is unmasked, in cascade mode, and its controller on. Firmware sees to that.
//
// A peripheral gets a Channel (see channel.go, to be read next); memory.go is transfers from
// memory to memory.
//
// Sources: Intel 8237A data sheet; Intel 82371SB (PIIX3) data sheet, "DMA Registers"; IBM
// PC AT Technical Reference, "DMA Controller Register and Page Register".
//
// Not modelled: priorities, timing, transfers by software request without a peripheral but
// from memory to memory, memory to memory on the second controller (its first channel is the
// cascade), the extended page registers of EISA.
//
// Inaccuracies: block, demand and single mode are the same: the peripheral says how much it
// moves at a time. From memory to memory moves all at once, between the pages of channels 0
// and 1; an AT has no page then, and the PIIX3 leaves these transfers out.
package dma8237

import (
	"fmt"

	"github.com/glassbox-vm/glassbox/devices"
)

// Registers.
const (
	regStatus    = 0x8
	regRequest   = 0x9
	regMask      = 0xA
	regMode      = 0xB
	regClearFF   = 0xC
	regReset     = 0xD
	regClearMask = 0xE
	regAllMask   = 0xF
)

const (
	commandMemory = 1 << 0 // COMMAND: memory to memory
	commandHold   = 1 << 1 // channel 0 holds its address
	commandOff    = 1 << 2 // controller off

	setBit    = 1 << 2 // REQUEST, MASK: set, not clear
	allMasked = 0xF

	modeDirection = 3 << 2
	modeVerify    = 0 << 2
	modeToMemory  = 1 << 2 // the manual's "write"
	modeFromMem   = 2 << 2 // the manual's "read"
	modeAuto      = 1 << 4
	modeDown      = 1 << 5
	modeCascade   = 3 << 6
)

const (
	perChip  = 4
	channels = 2 * perChip
	numPages = 16

	// Ports are the widths of the faces.
	LowPorts  = 16
	HighPorts = 32
)

// ChannelState is one channel of a controller.
type ChannelState struct {
	BaseAddr, BaseCount uint16 // as written; auto-initialise goes back to them
	Addr, Count         uint16 // current; Count is FFFFh after the last unit
	Mode                uint8  // bits 7:2
}

// ChipState is one 8237A.
type ChipState struct {
	Channel [perChip]ChannelState
	Command uint8
	TC      uint8 // 3:0: terminal count reached since the last read of STATUS
	Request uint8 // 3:0: software requests
	DREQ    uint8 // 3:0: request lines, as driven by the peripherals
	Mask    uint8 // 3:0
	High    bool  // flip-flop: the next byte of ADDR or CNT is the high one
	Temp    uint8
}

// State is everything the controllers and page registers remember.
type State struct {
	Chip [2]ChipState // 0: channels 0–3; 1: channels 4–7
	Page [numPages]uint8
}

// PowerOn is the state after power-on.
var PowerOn = State{Chip: [2]ChipState{{Mask: allMasked}, {Mask: allMasked}}}

// AfterBIOS is the state in which firmware leaves the controllers: channel 4 is the cascade.
var AfterBIOS = State{Chip: [2]ChipState{
	{Mask: allMasked},
	{Mask: allMasked &^ 1, Channel: [perChip]ChannelState{{Mode: modeCascade}}},
}}

// A Device is the pair of controllers.
type Device struct {
	s       State
	dma     devices.DMA
	service [channels]func() // by channel; nil: nothing is plugged in
}

// New returns controllers that move data to and from mem.
func New(mem devices.DMA) *Device { return &Device{s: PowerOn, dma: mem} }

// Reset returns to the power-on state. Requests of the peripherals are forgotten; they reset
// as well.
func (d *Device) Reset() { _ = d.Restore(PowerOn) }

// Save returns a copy of the state.
func (d *Device) Save() State { return d.s }

// Restore replaces the state. It moves no data.
func (d *Device) Restore(s State) error {
	for i, c := range s.Chip {
		if (c.TC|c.Request|c.DREQ|c.Mask)&^allMasked != 0 {
			return fmt.Errorf("dma8237: chip %d: status %#02x, request %#02x, DREQ %#02x, mask %#02x",
				i, c.TC, c.Request, c.DREQ, c.Mask)
		}
		for n, ch := range c.Channel {
			if ch.Mode&3 != 0 {
				return fmt.Errorf("dma8237: chip %d channel %d: mode %#02x", i, n, ch.Mode)
			}
		}
	}
	d.s = s
	return nil
}

// Low is the face at port 00h.
func (d *Device) Low() devices.Port { return face{d, 0, 0} }

// High is the face at port C0h.
func (d *Device) High() devices.Port { return face{d, 1, 1} }

// A face is one controller on the bus; shift is 1 where address line 0 is not connected.
type face struct {
	d     *Device
	chip  int
	shift uint
}

func (f face) In(off uint16) uint8     { return f.d.s.Chip[f.chip].in(off >> f.shift & 0xF) }
func (f face) Out(off uint16, v uint8) { f.d.out(f.chip, off>>f.shift&0xF, v) }

// in reads a register.
func (c *ChipState) in(reg uint16) uint8 {
	switch {
	case reg < regStatus:
		ch := &c.Channel[reg/2]
		v := ch.Addr
		if reg%2 != 0 {
			v = ch.Count
		}
		if c.flip() {
			return uint8(v >> 8)
		}
		return uint8(v)
	case reg == regStatus:
		v := c.TC | (c.DREQ|c.Request)<<4
		c.TC = 0
		return v
	case reg == regReset:
		return c.Temp
	case reg == regAllMask:
		return c.Mask
	}
	return 0xFF
}

// flip toggles the flip-flop and returns what it was.
func (c *ChipState) flip() bool {
	c.High = !c.High
	return !c.High
}

// out writes a register. Whatever may let a channel go ahead ends with a look at its lines.
func (d *Device) out(chip int, reg uint16, v uint8) {
	c := &d.s.Chip[chip]
	n := v & 3
	switch reg {
	case regStatus:
		c.Command = v
	case regRequest:
		setTo(&c.Request, n, v&setBit != 0)
	case regMask:
		setTo(&c.Mask, n, v&setBit != 0)
	case regMode:
		c.Channel[n].Mode = v &^ 3
	case regClearFF:
		c.High = false
	case regReset:
		c.Command, c.TC, c.Request, c.High, c.Mask, c.Temp = 0, 0, 0, false, allMasked, 0
	case regClearMask:
		c.Mask = 0
	case regAllMask:
		c.Mask = v & allMasked
	default:
		c.load(reg, v)
		return
	}
	d.memoryToMemory()
	for n := range channels { // the cascade may have become free
		d.serve(n)
	}
}

// load writes one byte of ADDR or CNT, to the base and the current register.
func (c *ChipState) load(reg uint16, v uint8) {
	ch := &c.Channel[reg/2]
	base, current := &ch.BaseAddr, &ch.Addr
	if reg%2 != 0 {
		base, current = &ch.BaseCount, &ch.Count
	}
	if c.flip() {
		*base = *base&0x00FF | uint16(v)<<8
	} else {
		*base = *base&0xFF00 | uint16(v)
	}
	*current = *base
}

func setTo(bits *uint8, n uint8, on bool) {
	*bits &^= 1 << n
	if on {
		*bits |= 1 << n
	}
}

// Pages is the face of the page registers from register first (0 to 15) on, to be mapped at
// port 80h+first, 16-first ports wide.
func (d *Device) Pages(first uint8) devices.Port { return pageFace{d, uint16(first)} }

type pageFace struct {
	d     *Device
	first uint16
}

func (f pageFace) In(off uint16) uint8     { return f.d.s.Page[(f.first+off)%numPages] }
func (f pageFace) Out(off uint16, v uint8) { f.d.s.Page[(f.first+off)%numPages] = v }
