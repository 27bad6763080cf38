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
// The guest begins a workload only when it is told, on the serial port, that the clock was
// read. So a report that comes late can make a time longer, but never shorter, and the
// fastest of several runs is the best one.
//
// What every time contains besides the work is the row "empty": the start of a program and
// the moments until an emulator hands on what came or went on its serial port. It is in no
// mean and nothing is subtracted. Where a time is not far above it, the ratio says little
// (muldiv, repmovs and smc: some emulators need a hundred times as long for these as others,
// so no amount of work suits all), and such rows pull the geometric mean: read the mean
// together with the rows.
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
