package service

// The boot menu, offered for a while when the board says so. The code in the ROM halts and
// calls bootMenu again until CF is clear. bootMenuS is 0 at first, 1 while it is offered, 2
// while it is shown.
const menuTicks = 37 // about two seconds

const (
	keyF12  = 0x8600
	keyEsc  = 0x011b
	menuMax = 9
)

// bootMenu is the next look at the keyboard.
func (c *call) bootMenu() {
	c.carry = true
	switch c.b(bootMenuS) {
	case 0:
		if c.carry = c.cmos(CMOSBootMenu)&1 != 0; !c.carry {
			return
		}
		c.print("\r\nPress F12 or Esc for the boot menu.\r\n")
		c.setD(bootMenuT, c.d(bdaTicks)+menuTicks)
		c.setB(bootMenuS, 1)
	case 1:
		switch c.takeKey() {
		case keyF12, keyEsc:
			c.showMenu()
			c.setB(bootMenuS, 2)
		default:
			c.carry = int32(c.d(bootMenuT)-c.d(bdaTicks)) > 0
		}
	default:
		c.menuKey(c.takeKey())
	}
	if !c.carry {
		c.setB(bootMenuS, 0)
	}
}

// takeKey takes a key from the buffer; 0 is none.
func (c *call) takeKey() uint16 {
	head := c.w(bdaKeyHead)
	if head == c.w(bdaKeyTail) {
		return 0
	}
	c.setW(bdaKeyHead, c.nextKey(head))
	return c.w(0x400 + uint32(head))
}

// A choice is a line of the menu.
type choice struct {
	kind, number uint8
	name         string
}

// choices are the drives that can be booted from.
func (c *call) choices() (list []choice) {
	add := func(kind, n uint8, name string) {
		if len(list) < menuMax {
			list = append(list, choice{kind, n, name})
		}
	}
	for n := range c.hardDisks() {
		add(BootDisk, n, "Hard disk "+string('0'+rune(n)))
	}
	for n := range c.cds() {
		add(BootCD, n, "CD-ROM "+string('0'+rune(n)))
	}
	for n := range uint8(2) {
		if c.floppyType(n) != 0 {
			add(BootFloppy, n, "Floppy "+string('A'+rune(n)))
		}
	}
	return list
}

func (c *call) showMenu() {
	c.print("\r\nBoot from:\r\n\r\n")
	for i, ch := range c.choices() {
		c.print("  " + string('1'+rune(i)) + ". " + ch.name + "\r\n")
	}
	c.print("\r\nA number chooses, Esc takes the usual order.\r\n\r\n")
}

// menuKey is a key while the menu is shown.
func (c *call) menuKey(key uint16) {
	list := c.choices()
	switch i := int(uint8(key)) - '1'; {
	case key == keyEsc:
		c.carry = false
	case key != 0 && i >= 0 && i < len(list):
		c.setB(bootOnly, list[i].kind<<4|(list[i].number+1))
		c.carry = false
	}
}
