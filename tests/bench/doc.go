//go:build linux

// Command bench compares the CPU time of emulators on the same guest: ours, QEMU's TCG and
// Bochs run the same kernel, initial RAM disk and programs, in turn, several times.
//
//	apt install gcc qemu-system-x86 bochs
//	.ci/guests ~/.cache/glassbox/guests
//	GLASSBOX_GUESTS=~/.cache/glassbox/guests go run ./tests/bench
//
// A peer that is not installed is left out. Useful flags: -runs N, -only sieve,gzip,
// -peers qemu, -engine plain, -scale 0.1 (a tenth of the work), -markdown. With -ours=false
// the peers are compared with each other.
//
// # What is run
//
// The guest is the Debian cloud kernel with 256 MiB of memory. Its first process, init.c,
// runs the workloads of workloads.go one after the other: small C programs in programs/,
// compiled by this command, and BusyBox. Each verifies its own results; what it prints must
// be the same under every emulator. "boot" is the way from the start of the emulator to the
// first process.
//
// # What is measured
//
// The guest reports the beginning and the end of each workload on its serial port, and this
// command then reads the CPU time of the emulator, all threads together. CPU time is what a
// shared machine leaves comparable; of several runs the fastest counts. The ratio of two
// emulators is the quotient of these times: above 1, ours is the slower one. Cold code is
// included: a translator's translation time is part of its time.
//
// A report comes late by at most what the emulator does before it hands on the serial
// port's output; ours does so every 200,000 instructions, half a millisecond at 400 MIPS.
// Starting a program costs a few milliseconds more. Where a time is below 50 ms (ours on
// muldiv, repmovs and smc, for Bochs or QEMU need a hundred times as long), only the
// first digit of the ratio means something, and such rows pull the geometric mean: read
// the mean together with the rows.
//
// Instructions are counted by the guest itself, with RDTSC: in our machine, on its virtual
// clock, the counter advances by a fixed amount with each instruction. Where only Bochs was
// run, its counter serves, which advances by one. A repeated string instruction counts as
// one, or as one for each iteration, as the emulator in question counts; MIPS of repmovs
// say little. Time that the guest spends halted would count as well; no workload halts,
// but booting does, so that there are no MIPS for it.
//
// # What is not the same
//
// The processors differ in what CPUID offers; the kernel is told to leave out mitigations
// so that it does not do different work for it. Bochs cannot load a kernel: it starts from a
// disk with a boot sector of ours (programs/boot.S), and its time begins with the jump into
// the kernel. Debian's Bochs contains its debugger, which is looked at for each
// instruction: a Bochs built without it is faster, by how much was not measured here. Bochs
// listens on a VNC port while it runs, for it has no headless display there.
//
// # Benchmarks of go test
//
//	go test ./tests/bench -bench . -benchtime 1x
//
// runs ours alone and reports guest MIPS.
package main
