package mmu

import (
	"testing"

	"github.com/glassbox-vm/glassbox/cpu/x86"
	"github.com/glassbox-vm/glassbox/mmu/phys"
)

func TestSmoke(t *testing.T) {
	mem, err := phys.New(4 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	mem.MapRAM(0, 0, 4<<20)
	tlb := new(TLB)
	m := New(mem, tlb)
	mem.OnMapChange = m.Flush
	mem.OnProtect = m.DropPages
	if f := m.Write32(0x1ffe, 0x12345678, ClassSuper); f.Raised {
		t.Fatal(f)
	}
	v, f := m.Read32(0x1ffe, ClassUser)
	if f.Raised || v != 0x12345678 {
		t.Fatal(v, f)
	}
	mem.Write(0x10000, 4, 0x11000|3)
	mem.Write(0x11000, 4, 0x2000|3)
	m.SetMode(x86.CR0_PG|x86.CR0_PE, 0x10000, 0, 0)
	m.Write8(0x4, 0x77, ClassSuper)
	if mem.RAM()[0x2004] != 0x77 || mem.Read(0x11000, 4) != 0x2063 {
		t.Fatal("walk")
	}
	_, f = m.Read8(0x4, ClassUser)
	if f.Code != 5 {
		t.Fatal(f)
	}
}
