package machine_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/guest"
	"github.com/glassbox-vm/glassbox/devices"
	"github.com/glassbox-vm/glassbox/machine"
)

// A kernel boots, a prompt appears, a command is typed and answered. Deadlines are virtual
// time, so they hold on a slow host as well.
func Example() {
	ctx := context.Background()
	var com1 machine.Console
	cfg := machine.Config{Memory: 32 << 20}
	cfg.Boot.Kernel = guest.Image() // or a bzImage
	cfg.Serial[0] = &com1
	m, err := machine.New(cfg)
	if err != nil {
		panic(err)
	}
	defer m.Close()

	fmt.Println(com1.Expect(ctx, m, "> ", 10*devices.Second))
	m.SendSerial(0, []byte("help\n"))
	fmt.Println(com1.Expect(ctx, m, "> ", 1*devices.Second))
	// Output:
	// <nil>
	// <nil>
}

// A machine goes back to where it was, and so does what it knows.
func ExampleMachine_Snapshot() {
	ctx := context.Background()
	m, err := machine.New(machine.Config{Memory: 8 << 20, Boot: machine.Boot{Kernel: guest.Image()}})
	if err != nil {
		panic(err)
	}
	defer m.Close()
	run := func(n uint64) {
		if _, err := m.Run(ctx, machine.RunOptions{Budget: n}); err != nil {
			panic(err)
		}
	}

	run(100_000)
	var saved bytes.Buffer
	if err := m.Snapshot(&saved, "early"); err != nil {
		panic(err)
	}
	run(50_000)
	once := m.StateHash()
	if err := m.Restore(&saved); err != nil {
		panic(err)
	}
	fmt.Println(m.Count())
	run(50_000)
	fmt.Println(m.StateHash() == once)
	// Output:
	// 100000
	// true
}

// One machine boots; its forks go on from there, each in its own way and in no time.
func ExampleMachine_Fork() {
	ctx := context.Background()
	var com1 machine.Console
	cfg := machine.Config{Memory: 64 << 20, Boot: machine.Boot{Kernel: guest.Image()}}
	cfg.Serial[0] = &com1
	m, err := machine.New(cfg)
	if err != nil {
		panic(err)
	}
	defer m.Close()
	if err := com1.Expect(ctx, m, "> ", 10*devices.Second); err != nil {
		panic(err)
	}
	for _, command := range []string{"help", "regs", "mem"} {
		opt := machine.ForkOptions{}
		var out machine.Console
		opt.Serial[0] = &out
		f, err := m.Fork(opt)
		if err != nil {
			panic(err)
		}
		f.SendSerial(0, []byte(command+"\n"))
		fmt.Println(command, out.Expect(ctx, f, "> ", 1*devices.Second))
		f.Close()
	}
	// Output:
	// help <nil>
	// regs <nil>
	// mem <nil>
}

// The text screen can be read as well, and the keyboard typed on. Here the BIOS has nothing to
// boot from.
func ExampleMachine_ExpectScreen() {
	m, err := machine.New(machine.Config{Memory: 8 << 20})
	if err != nil {
		panic(err)
	}
	defer m.Close()
	fmt.Println(m.ExpectScreen(context.Background(), "No bootable device", 5*devices.Second))
	// Output: <nil>
}

// Who wrote this? A machine that keeps its history can go to any moment of it, and knows who
// did what last.
func ExampleTimeline() {
	ctx := context.Background()
	m, err := machine.New(machine.Config{Memory: 8 << 20, Boot: machine.Boot{Kernel: guest.Image()}})
	if err != nil {
		panic(err)
	}
	defer m.Close()
	past, err := m.StartTimeline(machine.TimelineOptions{})
	if err != nil {
		panic(err)
	}
	if _, err := m.Run(ctx, machine.RunOptions{Budget: 150_000}); err != nil {
		panic(err)
	}
	who, ok, err := past.LastPort(ctx, 0x3f8, 0x3f8, false, true)
	fmt.Println(ok, err)
	fmt.Println(past.Goto(ctx, who.Count)) // right before the character is sent
	fmt.Println(m.CPU().RIP() == who.RIP, past.Past())
	fmt.Println(past.ReverseStep(ctx, 1), m.Count() == who.Count-1)
	// Output:
	// true <nil>
	// <nil>
	// true true
	// <nil> true
}
