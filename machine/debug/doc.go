// Package debug looks into a machine and stops it: what a debugger's front ends have in
// common.
//
//	inspect*.go     commands that only look: registers, memory, tables, chips
//	debugger.go     breakpoints and steps, forwards and backwards
//	point*.go       reasons to stop, and the commands that make them
//	commands.go     the other commands; report.go what is said at a stop
//	travel.go       going back, and who did it
//	change.go       what one instruction did
//	expr.go         expressions over registers, memory and symbols
//	symbols.go      names of addresses: ELF, System.map, kallsyms
//	explain*.go     why a fault was raised, how an interrupt got here
//	rules.go        where the manual states each rule
//	backtrace.go    how the processor got here
//	asm/            machine code as text
package debug
