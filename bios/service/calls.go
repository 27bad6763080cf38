package service

// A number is the number of a call, in bits 5:0 of the ModRM byte of its UD0. rom.asm has
// the same list.
type number uint8

const (
	callPost      number = 0x01
	callProbe     number = 0x02
	callReady     number = 0x03
	callBootStart number = 0x04
	callBootStep  number = 0x05
	callNoBoot    number = 0x06
	callBootMenu  number = 0x07
	callShow      number = 0x08
	callKey       number = 0x09
	callVideo     number = 0x10
	callEquipment number = 0x11
	callMemory    number = 0x12
	callDisk      number = 0x13
	callSerial    number = 0x14
	callSystem    number = 0x15
	callKeyboard  number = 0x16
	callPrinter   number = 0x17
	callTime      number = 0x1a
	callDiskStep  number = 0x20
	callDiskDone  number = 0x21
	callWait      number = 0x22
	callRTC       number = 0x23
	callMouse     number = 0x24
	callVBEWindow number = 0x25
	callMouseStep number = 0x26
	callBIOS32    number = 0x30
	callPCI32     number = 0x31
	callAPM       number = 0x32
)

// handlers finds the service of a call.
func handler(n number) func(*call) {
	switch n {
	case callPost:
		return (*call).post
	case callShow:
		return (*call).show
	case callProbe:
		return (*call).probe
	case callReady:
		return (*call).ready
	case callBootStart:
		return (*call).bootStart
	case callBootStep:
		return (*call).bootStep
	case callBootMenu:
		return (*call).bootMenu
	case callNoBoot:
		return (*call).noBoot
	case callKey:
		return (*call).key
	case callVideo:
		return (*call).video
	case callEquipment:
		return (*call).equipment
	case callMemory:
		return (*call).memory
	case callDisk:
		return (*call).disk
	case callSerial:
		return (*call).serial
	case callSystem:
		return (*call).system
	case callKeyboard:
		return (*call).keyboard
	case callPrinter:
		return (*call).printer
	case callTime:
		return (*call).time
	case callDiskStep:
		return (*call).diskStep
	case callDiskDone:
		return (*call).diskDone
	case callWait:
		return (*call).waitOver
	case callRTC:
		return (*call).rtcInterrupt
	case callMouse:
		return (*call).mouseInterrupt
	case callVBEWindow:
		return (*call).vbeWindow
	case callMouseStep:
		return (*call).mouseStep
	case callAPM:
		return (*call).apmEntry
	case callBIOS32:
		return (*call).bios32
	case callPCI32:
		return (*call).pciBIOS
	}
	return nil
}
