// Package gdbstub speaks the remote serial protocol of gdb (and of lldb, and of the
// front ends that sit on them) for a machine it knows through an interface of its own.
//
//	packet.go     frames, checksums, escapes
//	server.go     what each packet asks for
//	run.go        continuing, stepping, going back, and why that ended
//	registers.go  the registers of each description
//	describe.go   target descriptions and the memory map, in XML
//
// Addresses are linear. gdb has one description of registers for a connection, so the
// stub chooses it by what the processor executes when gdb connects: 16-bit code is i8086,
// 32-bit code i386, 64-bit code i386:x86-64. "monitor arch" changes the choice for the next
// connection. Whatever the description, the program counter is the linear address of the
// next instruction: CS base + IP in real mode, so that breakpoints and listings are right
// there too.
//
// Source: "Debugging with GDB", appendices "GDB Remote Serial Protocol" and "Target
// Descriptions". Not implemented: multiprocess extensions, non-stop mode, tracepoints,
// conditions evaluated by the stub, file I/O.
package gdbstub
