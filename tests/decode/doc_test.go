// Package decode compares the decoder with two others, golang.org/x/arch/x86/x86asm and
// GNU objdump, on length and mnemonic: over every opcode of every map with every
// prefix that may select a row, and over random bytes, for 16-, 32- and 64-bit code.
//
// Where the two sides differ the manual (Intel SDM) is the judge. Differences in which
// the other decoder is wrong, or follows AMD, or knows an extension that no model of
// ours has, stand in known_objdump.txt and known_x86asm.txt, one line with a reason
// each. A difference without a line fails, and so does a line without a difference.
//
// forms_test.go makes the bytes, key_test.go names an encoding, known_test.go reads the
// lists, names_test.go holds the synonyms.
package decode
