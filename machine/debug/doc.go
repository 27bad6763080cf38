// Package debug looks into a machine and stops it: what a debugger's front ends have in
// common.
//
//	inspect*.go     commands that only look: registers, memory, tables, chips
//	expr.go         expressions over registers, memory and symbols
//	symbols.go      names of addresses: ELF, System.map, kallsyms
//	explain*.go     why a fault was raised, how an interrupt got here
//	rules.go        where the manual states each rule
//	backtrace.go    how the processor got here
//	asm/            machine code as text
package debug
