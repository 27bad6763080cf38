package cpu

// system0F is SDM Vol. 2D, "Two-byte Opcode Map", without the rows of MMX and SSE,
// which stand in rows_simd.go.
var system0F = [256]Op{
	0x00: {By: ByReg, Sub: []Op{
		{Name: "SLDT", Dst: RdMw, Exec: sldt, Mode: NotReal},
		{Name: "STR", Dst: RdMw, Exec: str, Mode: NotReal},
		{Name: "LLDT", Src: Ew, Exec: lldt, Mode: NotReal, Attr: Ends},
		{Name: "LTR", Src: Ew, Exec: ltr, Mode: NotReal, Attr: Ends},
		{Name: "VERR", Src: Ew, Exec: verr, Mode: NotReal, Writes: zf},
		{Name: "VERW", Src: Ew, Exec: verw, Mode: NotReal, Writes: zf},
	}},
	0x01: {By: ByMod, Sub: []Op{{By: ByReg, Sub: group7mem}, {By: ByReg, Sub: group7reg}}},
	0x02: {Name: "LAR", Dst: Gv, Src: Ew, Exec: lar, Mode: NotReal, Writes: zf},
	0x03: {Name: "LSL", Dst: Gv, Src: Ew, Exec: lsl, Mode: NotReal, Writes: zf},
	0x05: {Name: "SYSCALL", Exec: syscall, Mode: Only64, Feature: FeatSYSCALL, Attr: Ends},
	0x06: {Name: "CLTS", Exec: clts, Attr: Ends},
	0x07: {Name: "SYSRET", Exec: sysret, Mode: Only64, Feature: FeatSYSCALL, Attr: Ends},
	0x08: {Name: "INVD", Exec: invd, Attr: Ends},
	0x09: {Name: "WBINVD", Exec: wbinvd, Attr: Ends},
	0x0b: {Name: "UD2", Exec: ud},

	0x19: {Name: "NOP", Dst: Ev, Exec: nop, Feature: FeatNOPL},
	0x1a: {Name: "NOP", Dst: Ev, Exec: nop, Feature: FeatNOPL},
	0x1b: {Name: "NOP", Dst: Ev, Exec: nop, Feature: FeatNOPL},
	0x1c: {Name: "NOP", Dst: Ev, Exec: nop, Feature: FeatNOPL},
	0x1d: {Name: "NOP", Dst: Ev, Exec: nop, Feature: FeatNOPL},
	0x1e: {Name: "NOP", Dst: Ev, Exec: nop, Feature: FeatNOPL},
	0x1f: {Name: "NOP", Dst: Ev, Exec: nop, Feature: FeatNOPL},

	0x20: {Name: "MOV", Dst: Ry, Src: Cd, Exec: movFromCR, Attr: RegOnly},
	0x21: {Name: "MOV", Dst: Ry, Src: Dd, Exec: movFromDR, Attr: RegOnly},
	0x22: {Name: "MOV", Dst: Cd, Src: Ry, Exec: movToCR, Attr: RegOnly | Ends},
	0x23: {Name: "MOV", Dst: Dd, Src: Ry, Exec: movToDR, Attr: RegOnly | Ends},

	0x30: {Name: "WRMSR", Exec: wrmsr, Feature: FeatMSR, Attr: Ends},
	0x31: {Name: "RDTSC", Exec: rdtsc, Feature: FeatTSC},
	0x32: {Name: "RDMSR", Exec: rdmsr, Feature: FeatMSR},
	0x33: {Name: "RDPMC", Exec: rdpmc, Feature: FeatMMX, Attr: Ends},
	0x34: {Name: "SYSENTER", Exec: sysenter, Feature: FeatSEP, Attr: Ends},
	0x35: {Name: "SYSEXIT", Exec: sysexit, Feature: FeatSEP, Attr: Ends},
	0x40: {Name: "CMOVO", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: of},
	0x41: {Name: "CMOVNO", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: of},
	0x42: {Name: "CMOVB", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: cf},
	0x43: {Name: "CMOVNB", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: cf},
	0x44: {Name: "CMOVZ", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: zf},
	0x45: {Name: "CMOVNZ", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: zf},
	0x46: {Name: "CMOVBE", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: cf | zf},
	0x47: {Name: "CMOVNBE", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: cf | zf},
	0x48: {Name: "CMOVS", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: sf},
	0x49: {Name: "CMOVNS", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: sf},
	0x4a: {Name: "CMOVP", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: pf},
	0x4b: {Name: "CMOVNP", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: pf},
	0x4c: {Name: "CMOVL", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: sf | of},
	0x4d: {Name: "CMOVNL", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: sf | of},
	0x4e: {Name: "CMOVLE", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: zf | sf | of},
	0x4f: {Name: "CMOVNLE", Dst: Gv, Src: Ev, Exec: cmov, Feature: FeatCMOV, Reads: zf | sf | of},
	0x80: {Name: "JO", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: of},
	0x81: {Name: "JNO", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: of},
	0x82: {Name: "JB", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: cf},
	0x83: {Name: "JNB", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: cf},
	0x84: {Name: "JZ", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: zf},
	0x85: {Name: "JNZ", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: zf},
	0x86: {Name: "JBE", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: cf | zf},
	0x87: {Name: "JNBE", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: cf | zf},
	0x88: {Name: "JS", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: sf},
	0x89: {Name: "JNS", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: sf},
	0x8a: {Name: "JP", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: pf},
	0x8b: {Name: "JNP", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: pf},
	0x8c: {Name: "JL", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: sf | of},
	0x8d: {Name: "JNL", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: sf | of},
	0x8e: {Name: "JLE", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: zf | sf | of},
	0x8f: {Name: "JNLE", Src: Jz, Exec: jcc, Attr: F64 | Ends, Reads: zf | sf | of},
	0x90: {Name: "SETO", Dst: Eb, Exec: setcc, Reads: of},
	0x91: {Name: "SETNO", Dst: Eb, Exec: setcc, Reads: of},
	0x92: {Name: "SETB", Dst: Eb, Exec: setcc, Reads: cf},
	0x93: {Name: "SETNB", Dst: Eb, Exec: setcc, Reads: cf},
	0x94: {Name: "SETZ", Dst: Eb, Exec: setcc, Reads: zf},
	0x95: {Name: "SETNZ", Dst: Eb, Exec: setcc, Reads: zf},
	0x96: {Name: "SETBE", Dst: Eb, Exec: setcc, Reads: cf | zf},
	0x97: {Name: "SETNBE", Dst: Eb, Exec: setcc, Reads: cf | zf},
	0x98: {Name: "SETS", Dst: Eb, Exec: setcc, Reads: sf},
	0x99: {Name: "SETNS", Dst: Eb, Exec: setcc, Reads: sf},
	0x9a: {Name: "SETP", Dst: Eb, Exec: setcc, Reads: pf},
	0x9b: {Name: "SETNP", Dst: Eb, Exec: setcc, Reads: pf},
	0x9c: {Name: "SETL", Dst: Eb, Exec: setcc, Reads: sf | of},
	0x9d: {Name: "SETNL", Dst: Eb, Exec: setcc, Reads: sf | of},
	0x9e: {Name: "SETLE", Dst: Eb, Exec: setcc, Reads: zf | sf | of},
	0x9f: {Name: "SETNLE", Dst: Eb, Exec: setcc, Reads: zf | sf | of},

	0xa0: {Name: "PUSH", Src: OpFS, Exec: pushSeg, Attr: D64},
	0xa1: {Name: "POP", Dst: OpFS, Exec: popSeg, Attr: D64 | Ends},
	0xa2: {Name: "CPUID", Exec: cpuidExec},
	0xa3: {Name: "BT", Dst: Ev, Src: Gv, Exec: bt, Writes: cf, Undef: of | sf | af | pf},
	0xa4: {Name: "SHLD", Dst: Ev, Src: Gv, Third: Ib, Exec: shld, Attr: RMW, Reads: status, Writes: status, Undef: of | af},
	0xa5: {Name: "SHLD", Dst: Ev, Src: Gv, Third: CL, Exec: shld, Attr: RMW, Reads: status, Writes: status, Undef: of | af},
	0xa8: {Name: "PUSH", Src: OpGS, Exec: pushSeg, Attr: D64},
	0xa9: {Name: "POP", Dst: OpGS, Exec: popSeg, Attr: D64 | Ends},
	0xaa: {Name: "RSM", Exec: rsm, Attr: Ends},
	0xab: {Name: "BTS", Dst: Ev, Src: Gv, Exec: bts, Attr: Lock | RMW, Writes: cf, Undef: of | sf | af | pf},
	0xac: {Name: "SHRD", Dst: Ev, Src: Gv, Third: Ib, Exec: shrd, Attr: RMW, Reads: status, Writes: status, Undef: of | af},
	0xad: {Name: "SHRD", Dst: Ev, Src: Gv, Third: CL, Exec: shrd, Attr: RMW, Reads: status, Writes: status, Undef: of | af},
	0xaf: {Name: "IMUL", Dst: Gv, Src: Ev, Exec: imul2, Attr: RMW, Writes: status, Undef: sf | zf | af | pf},
	0xb0: {Name: "CMPXCHG", Dst: Eb, Src: Gb, Exec: cmpxchg, Attr: Lock | RMW, Writes: status},
	0xb1: {Name: "CMPXCHG", Dst: Ev, Src: Gv, Exec: cmpxchg, Attr: Lock | RMW, Writes: status},
	0xb2: {Name: "LSS", Dst: Gv, Src: Mp, Exec: lss, Attr: Ends},
	0xb3: {Name: "BTR", Dst: Ev, Src: Gv, Exec: btr, Attr: Lock | RMW, Writes: cf, Undef: of | sf | af | pf},
	0xb4: {Name: "LFS", Dst: Gv, Src: Mp, Exec: lfs, Attr: Ends},
	0xb5: {Name: "LGS", Dst: Gv, Src: Mp, Exec: lgs, Attr: Ends},
	0xb6: {Name: "MOVZX", Dst: Gv, Src: Eb, Exec: movzx},
	0xb7: {Name: "MOVZX", Dst: Gv, Src: Ew, Exec: movzx},
	0xb8: {By: ByPrefix, Sub: []Op{{}, {}, {Name: "POPCNT", Dst: Gv, Src: Ev, Exec: popcnt, Feature: FeatPOPCNT, Writes: status}, {}}},
	0xb9: {Name: "UD1", Dst: Gv, Src: Ev, Exec: ud},
	0xba: {By: ByReg, Sub: []Op{
		4: {Name: "BT", Dst: Ev, Src: Ib, Exec: bt, Writes: cf, Undef: of | sf | af | pf},
		5: {Name: "BTS", Dst: Ev, Src: Ib, Exec: bts, Attr: Lock | RMW, Writes: cf, Undef: of | sf | af | pf},
		6: {Name: "BTR", Dst: Ev, Src: Ib, Exec: btr, Attr: Lock | RMW, Writes: cf, Undef: of | sf | af | pf},
		7: {Name: "BTC", Dst: Ev, Src: Ib, Exec: btc, Attr: Lock | RMW, Writes: cf, Undef: of | sf | af | pf},
	}},
	0xbb: {Name: "BTC", Dst: Ev, Src: Gv, Exec: btc, Attr: Lock | RMW, Writes: cf, Undef: of | sf | af | pf},
	0xbc: {By: ByPrefix, Sub: []Op{
		{Name: "BSF", Dst: Gv, Src: Ev, Exec: bsf, Attr: RMW, Writes: status, Undef: cf | of | sf | af | pf},
		{Name: "BSF", Dst: Gv, Src: Ev, Exec: bsf, Attr: RMW, Writes: status, Undef: cf | of | sf | af | pf},
		{Name: "TZCNT", Dst: Gv, Src: Ev, Exec: tzcnt, Attr: RMW, Writes: status, Undef: of | sf | af | pf, Feature: FeatBMI1, Older: &bsfRow},
		{Name: "BSF", Dst: Gv, Src: Ev, Exec: bsf, Attr: RMW, Writes: status, Undef: cf | of | sf | af | pf},
	}},
	0xbd: {By: ByPrefix, Sub: []Op{
		{Name: "BSR", Dst: Gv, Src: Ev, Exec: bsr, Attr: RMW, Writes: status, Undef: cf | of | sf | af | pf},
		{Name: "BSR", Dst: Gv, Src: Ev, Exec: bsr, Attr: RMW, Writes: status, Undef: cf | of | sf | af | pf},
		{Name: "LZCNT", Dst: Gv, Src: Ev, Exec: lzcnt, Attr: RMW, Writes: status, Undef: of | sf | af | pf, Feature: FeatLZCNT, Older: &bsrRow},
		{Name: "BSR", Dst: Gv, Src: Ev, Exec: bsr, Attr: RMW, Writes: status, Undef: cf | of | sf | af | pf},
	}},
	0xbe: {Name: "MOVSX", Dst: Gv, Src: Eb, Exec: movsx},
	0xbf: {Name: "MOVSX", Dst: Gv, Src: Ew, Exec: movsx},
	0xc0: {Name: "XADD", Dst: Eb, Src: Gb, Exec: xadd, Attr: Lock | RMW, Writes: status},
	0xc1: {Name: "XADD", Dst: Ev, Src: Gv, Exec: xadd, Attr: Lock | RMW, Writes: status},
	0xc7: {By: ByMod, Sub: []Op{{By: ByReg, Sub: group9mem}, {By: ByReg, Sub: group9reg}}},
	0xc8: {Name: "BSWAP", Dst: Zv, Exec: bswap, Attr: RMW},
	0xc9: {Name: "BSWAP", Dst: Zv, Exec: bswap, Attr: RMW},
	0xca: {Name: "BSWAP", Dst: Zv, Exec: bswap, Attr: RMW},
	0xcb: {Name: "BSWAP", Dst: Zv, Exec: bswap, Attr: RMW},
	0xcc: {Name: "BSWAP", Dst: Zv, Exec: bswap, Attr: RMW},
	0xcd: {Name: "BSWAP", Dst: Zv, Exec: bswap, Attr: RMW},
	0xce: {Name: "BSWAP", Dst: Zv, Exec: bswap, Attr: RMW},
	0xcf: {Name: "BSWAP", Dst: Zv, Exec: bswap, Attr: RMW},
	0xff: {Name: "UD0", Dst: Gv, Src: Ev, Exec: ud0, Attr: Ends}, // in our firmware: a service call
}

// bsfRow and bsrRow are what models without TZCNT and LZCNT make of their encodings.
var (
	bsfRow = Op{Name: "BSF", Dst: Gv, Src: Ev, Exec: bsf, Attr: RMW, Writes: status, Undef: cf | of | sf | af | pf}
	bsrRow = Op{Name: "BSR", Dst: Gv, Src: Ev, Exec: bsr, Attr: RMW, Writes: status, Undef: cf | of | sf | af | pf}
)

// noPrefix is a row marked NP in the manual: #UD with 66, F3 or F2.
func noPrefix(op Op) Op { return Op{By: ByPrefix, Sub: []Op{op}} }

// group7mem is 0F 01 with a memory operand.
var group7mem = []Op{
	{Name: "SGDT", Dst: M, Exec: sgdt, Attr: F64},
	{Name: "SIDT", Dst: M, Exec: sidt, Attr: F64},
	{Name: "LGDT", Src: M, Exec: lgdt, Attr: F64 | Ends},
	{Name: "LIDT", Src: M, Exec: lidt, Attr: F64 | Ends},
	{Name: "SMSW", Dst: RdMw, Exec: smsw},
	{},
	{Name: "LMSW", Src: Ew, Exec: lmsw, Attr: Ends},
	{Name: "INVLPG", Src: M, Exec: invlpg, Attr: Ends},
}

// group7reg is 0F 01 with ModRM.mod = 3.
var group7reg = []Op{
	{}, // VMX
	{By: ByRM, Sub: []Op{
		{Name: "MONITOR", Exec: monitor, Feature: FeatMONITOR},
		{Name: "MWAIT", Exec: mwait, Feature: FeatMONITOR, Attr: Ends},
		noPrefix(Op{Name: "CLAC", Exec: clac, Feature: FeatSMAP, Attr: Ends}),
		noPrefix(Op{Name: "STAC", Exec: stac, Feature: FeatSMAP, Attr: Ends}),
	}},
	{By: ByRM, Sub: []Op{
		noPrefix(Op{Name: "XGETBV", Exec: xgetbv, Feature: FeatXSAVE}),
		noPrefix(Op{Name: "XSETBV", Exec: xsetbv, Feature: FeatXSAVE, Attr: Ends}),
	}},
	{},
	{Name: "SMSW", Dst: RdMw, Exec: smsw},
	{By: ByRM, Sub: []Op{
		6: noPrefix(Op{Name: "RDPKRU", Exec: rdpkru, Feature: FeatPKU}),
		7: noPrefix(Op{Name: "WRPKRU", Exec: wrpkru, Feature: FeatPKU, Attr: Ends}),
	}},
	{Name: "LMSW", Src: Ew, Exec: lmsw, Attr: Ends},
	{By: ByRM, Sub: []Op{
		{Name: "SWAPGS", Exec: swapgs, Mode: Only64, Attr: Ends},
		{Name: "RDTSCP", Exec: rdtscp, Feature: FeatRDTSCP},
	}},
}

// group9mem is 0F C7 with a memory operand.
var group9mem = []Op{
	1: {By: ByW, Sub: []Op{
		{Name: "CMPXCHG8B", Dst: Mq, Exec: cmpxchg8b, Attr: Lock | RMW, Feature: FeatCX8, Writes: zf},
		{Name: "CMPXCHG16B", Dst: Mx, Exec: cmpxchg16b, Attr: Lock | RMW, Mode: Only64, Feature: FeatCX16, Writes: zf},
	}},
	3: noPrefix(Op{Name: "XRSTORS", Src: M, Exec: xrstors, Feature: FeatXSAVES, Attr: Ends}),
	4: noPrefix(Op{Name: "XSAVEC", Dst: M, Exec: xsavec, Feature: FeatXSAVEC}),
	5: noPrefix(Op{Name: "XSAVES", Dst: M, Exec: xsaves, Feature: FeatXSAVES}),
}

// group9reg is 0F C7 with ModRM.mod = 3.
var group9reg = []Op{
	6: {By: ByPrefix, Sub: []Op{
		{Name: "RDRAND", Dst: Ev, Exec: rdrand, Feature: FeatRDRAND, Writes: status},
		{Name: "RDRAND", Dst: Ev, Exec: rdrand, Feature: FeatRDRAND, Writes: status},
		{},
		{},
	}},
	7: {By: ByPrefix, Sub: []Op{
		{Name: "RDSEED", Dst: Ev, Exec: rdrand, Feature: FeatRDSEED, Writes: status},
		{Name: "RDSEED", Dst: Ev, Exec: rdrand, Feature: FeatRDSEED, Writes: status},
		{Name: "RDPID", Dst: Ry, Exec: rdpid, Feature: FeatRDPID},
		{},
	}},
}

// groupAEreg is 0F AE with F3 and ModRM.mod = 3: the segment bases. The rest of the
// group stands in rows_simd.go.
var groupAEreg = []Op{
	{Name: "RDFSBASE", Dst: Ey, Exec: rdfsbase, Mode: Only64, Feature: FeatFSGSBASE},
	{Name: "RDGSBASE", Dst: Ey, Exec: rdgsbase, Mode: Only64, Feature: FeatFSGSBASE},
	{Name: "WRFSBASE", Src: Ey, Exec: wrfsbase, Mode: Only64, Feature: FeatFSGSBASE},
	{Name: "WRGSBASE", Src: Ey, Exec: wrgsbase, Mode: Only64, Feature: FeatFSGSBASE},
}

// map0F is the whole two-byte map.
var map0F = merge(system0F, simd0F)

// merge joins two maps that share no opcode.
func merge(a, b [256]Op) [256]Op {
	for i := range b {
		if b[i].Name == "" && b[i].By == NoFork {
			continue
		}
		if a[i].Name != "" || a[i].By != NoFork {
			panic("cpu: two rows for one opcode")
		}
		a[i] = b[i]
	}
	return a
}
