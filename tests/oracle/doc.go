// Package oracle compares the emulated processor with the host's.
//
// A test is one instruction (or a few in a row) with the whole state that a user's program has:
// registers, flags, x87, vector registers, two windows of memory. Tests are made from the
// emulator's own opcode rows (form.go, generate.go, special.go), so that every row is covered in
// 16-, 32- and 64-bit code; byte strings (bytes.go) find out what is an instruction and how long it
// is. helper/helper.asm executes them on the host's processor, a Rig on the plain and the fast
// engine; a Campaign compares. For every other block of tests the fast engine makes machine code of the
// host of what it executes, where it can.
//
// The emulator follows Intel's manual and processors. On an Intel host results must be equal to
// the bit, undefined flags included (masks.go has the exceptions). On an AMD host the reviewed table in
// vendor.go says where AMD's processors differ; everything else must be equal there, too.
//
// A corpus (digest.go, corpus/) is what some processor did, one hash for 256 tests: hosts that have
// no suitable processor are checked against it. It is recorded by
//
//	go run ./tests/oracle/cmd/oracle -record tests/oracle/corpus/NAME.txt
//
// and never from an engine of ours. Long campaigns, round by round, each round one block of 256 tests of
// every form in every code size:
//
//	for n in $(seq 200 275); do go run ./tests/oracle/cmd/oracle -tests 1350656 -first $n; done
//	go run ./tests/oracle/cmd/oracle -tests 10000000 -form bytes
//
// Not covered: what a user's program cannot do, and what needs the host's kernel (see skipped
// in form.go). tests/guests has guest programs for that.
package oracle
