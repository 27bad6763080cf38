package cpu

import "github.com/glassbox-vm/glassbox/cpu/x86"

// The escape maps are SDM Vol. 2D, "Escape Opcode Instructions", in the manual's order and
// spelling: [0] is the memory form, forking on ModRM.reg, [1] the register form. Encodings
// that the manual leaves out but Intel processors execute have rows with a comment; the
// others are #UD, as on those processors.

// fpuRows gives a table of x87 rows its feature and returns it.
func fpuRows(rows []Op) []Op {
	for i := range rows {
		if rows[i].By != NoFork {
			fpuRows(rows[i].Sub)
		} else if rows[i].Name != "" && rows[i].Feature == Always {
			rows[i].Feature = FeatFPU
		}
	}
	return rows
}

var escapeD8 = fpuRows([]Op{
	{By: ByReg, Sub: []Op{
		{Name: "FADD", Dst: ST0, Src: Md, Exec: fadd},
		{Name: "FMUL", Dst: ST0, Src: Md, Exec: fmul},
		{Name: "FCOM", Dst: ST0, Src: Md, Exec: fcom},
		{Name: "FCOMP", Dst: ST0, Src: Md, Exec: fcomp},
		{Name: "FSUB", Dst: ST0, Src: Md, Exec: fsub},
		{Name: "FSUBR", Dst: ST0, Src: Md, Exec: fsubr},
		{Name: "FDIV", Dst: ST0, Src: Md, Exec: fdiv},
		{Name: "FDIVR", Dst: ST0, Src: Md, Exec: fdivr},
	}},
	{By: ByReg, Sub: []Op{
		{Name: "FADD", Dst: ST0, Src: STi, Exec: fadd},
		{Name: "FMUL", Dst: ST0, Src: STi, Exec: fmul},
		{Name: "FCOM", Dst: ST0, Src: STi, Exec: fcom},
		{Name: "FCOMP", Dst: ST0, Src: STi, Exec: fcomp},
		{Name: "FSUB", Dst: ST0, Src: STi, Exec: fsub},
		{Name: "FSUBR", Dst: ST0, Src: STi, Exec: fsubr},
		{Name: "FDIV", Dst: ST0, Src: STi, Exec: fdiv},
		{Name: "FDIVR", Dst: ST0, Src: STi, Exec: fdivr},
	}},
})

var escapeD9 = fpuRows([]Op{
	{By: ByReg, Sub: []Op{
		{Name: "FLD", Src: Md, Exec: fld},
		{},
		{Name: "FST", Dst: Md, Exec: fst},
		{Name: "FSTP", Dst: Md, Exec: fstp},
		{Name: "FLDENV", Src: M, Exec: fldenv},
		{Name: "FLDCW", Src: Mw, Exec: fldcw},
		{Name: "FNSTENV", Dst: M, Exec: fnstenv},
		{Name: "FNSTCW", Dst: Mw, Exec: fnstcw},
	}},
	{By: ByReg, Sub: []Op{
		{Name: "FLD", Src: STi, Exec: fldReg},
		{Name: "FXCH", Dst: STi, Exec: fxch},
		{By: ByRM, Sub: []Op{
			{Name: "FNOP", Exec: fnop}, {}, {}, {}, {}, {}, {}, {},
		}},
		{Name: "FSTP", Dst: STi, Exec: fstp1}, // not in the manual: "FSTP1"
		{By: ByRM, Sub: []Op{
			{Name: "FCHS", Exec: fchs},
			{Name: "FABS", Exec: fabs},
			{},
			{},
			{Name: "FTST", Exec: ftst},
			{Name: "FXAM", Exec: fxam},
			{},
			{},
		}},
		{By: ByRM, Sub: []Op{
			{Name: "FLD1", Exec: fldConst},
			{Name: "FLDL2T", Exec: fldConst},
			{Name: "FLDL2E", Exec: fldConst},
			{Name: "FLDPI", Exec: fldConst},
			{Name: "FLDLG2", Exec: fldConst},
			{Name: "FLDLN2", Exec: fldConst},
			{Name: "FLDZ", Exec: fldConst},
			{},
		}},
		{By: ByRM, Sub: []Op{
			{Name: "F2XM1", Exec: f2xm1},
			{Name: "FYL2X", Exec: fyl2x},
			{Name: "FPTAN", Exec: fptan},
			{Name: "FPATAN", Exec: fpatan},
			{Name: "FXTRACT", Exec: fxtract},
			{Name: "FPREM1", Exec: fprem1},
			{Name: "FDECSTP", Exec: fdecstp},
			{Name: "FINCSTP", Exec: fincstp},
		}},
		{By: ByRM, Sub: []Op{
			{Name: "FPREM", Exec: fprem},
			{Name: "FYL2XP1", Exec: fyl2xp1},
			{Name: "FSQRT", Exec: fsqrt},
			{Name: "FSINCOS", Exec: fsincos},
			{Name: "FRNDINT", Exec: frndint},
			{Name: "FSCALE", Exec: fscale},
			{Name: "FSIN", Exec: fsin},
			{Name: "FCOS", Exec: fcos},
		}},
	}},
})

var escapeDA = fpuRows([]Op{
	{By: ByReg, Sub: []Op{
		{Name: "FIADD", Dst: ST0, Src: Md, Exec: fiadd},
		{Name: "FIMUL", Dst: ST0, Src: Md, Exec: fimul},
		{Name: "FICOM", Dst: ST0, Src: Md, Exec: ficom},
		{Name: "FICOMP", Dst: ST0, Src: Md, Exec: ficomp},
		{Name: "FISUB", Dst: ST0, Src: Md, Exec: fisub},
		{Name: "FISUBR", Dst: ST0, Src: Md, Exec: fisubr},
		{Name: "FIDIV", Dst: ST0, Src: Md, Exec: fidiv},
		{Name: "FIDIVR", Dst: ST0, Src: Md, Exec: fidivr},
	}},
	{By: ByReg, Sub: []Op{
		{Name: "FCMOVB", Dst: ST0, Src: STi, Exec: fcmov, Feature: FeatCMOV, Reads: x86.FlagCF},
		{Name: "FCMOVE", Dst: ST0, Src: STi, Exec: fcmov, Feature: FeatCMOV, Reads: x86.FlagZF},
		{Name: "FCMOVBE", Dst: ST0, Src: STi, Exec: fcmov, Feature: FeatCMOV, Reads: x86.FlagCF | x86.FlagZF},
		{Name: "FCMOVU", Dst: ST0, Src: STi, Exec: fcmov, Feature: FeatCMOV, Reads: x86.FlagPF},
		{},
		{By: ByRM, Sub: []Op{
			{}, {Name: "FUCOMPP", Exec: fucompp}, {}, {}, {}, {}, {}, {},
		}},
		{},
		{},
	}},
})

var escapeDB = fpuRows([]Op{
	{By: ByReg, Sub: []Op{
		{Name: "FILD", Src: Md, Exec: fild},
		{Name: "FISTTP", Dst: Md, Exec: fisttp, Feature: FeatSSE3},
		{Name: "FIST", Dst: Md, Exec: fist},
		{Name: "FISTP", Dst: Md, Exec: fistp},
		{},
		{Name: "FLD", Src: Mt, Exec: fld80},
		{},
		{Name: "FSTP", Dst: Mt, Exec: fstp80},
	}},
	{By: ByReg, Sub: []Op{
		{Name: "FCMOVNB", Dst: ST0, Src: STi, Exec: fcmov, Feature: FeatCMOV, Reads: x86.FlagCF},
		{Name: "FCMOVNE", Dst: ST0, Src: STi, Exec: fcmov, Feature: FeatCMOV, Reads: x86.FlagZF},
		{Name: "FCMOVNBE", Dst: ST0, Src: STi, Exec: fcmov, Feature: FeatCMOV, Reads: x86.FlagCF | x86.FlagZF},
		{Name: "FCMOVNU", Dst: ST0, Src: STi, Exec: fcmov, Feature: FeatCMOV, Reads: x86.FlagPF},
		{By: ByRM, Sub: []Op{
			{Name: "FNENI", Exec: fnNothing},  // of the 8087; nothing since the 80287
			{Name: "FNDISI", Exec: fnNothing}, // of the 8087
			{Name: "FNCLEX", Exec: fnclex},
			{Name: "FNINIT", Exec: fninit},
			{Name: "FNSETPM", Exec: fnNothing}, // of the 80287
			{},
			{},
			{},
		}},
		{Name: "FUCOMI", Dst: ST0, Src: STi, Exec: fucomi, Feature: FeatCMOV, Writes: x86.FlagsStatus},
		{Name: "FCOMI", Dst: ST0, Src: STi, Exec: fcomi, Feature: FeatCMOV, Writes: x86.FlagsStatus},
		{},
	}},
})

var escapeDC = fpuRows([]Op{
	{By: ByReg, Sub: []Op{
		{Name: "FADD", Dst: ST0, Src: Mq, Exec: fadd},
		{Name: "FMUL", Dst: ST0, Src: Mq, Exec: fmul},
		{Name: "FCOM", Dst: ST0, Src: Mq, Exec: fcom},
		{Name: "FCOMP", Dst: ST0, Src: Mq, Exec: fcomp},
		{Name: "FSUB", Dst: ST0, Src: Mq, Exec: fsub},
		{Name: "FSUBR", Dst: ST0, Src: Mq, Exec: fsubr},
		{Name: "FDIV", Dst: ST0, Src: Mq, Exec: fdiv},
		{Name: "FDIVR", Dst: ST0, Src: Mq, Exec: fdivr},
	}},
	{By: ByReg, Sub: []Op{
		{Name: "FADD", Dst: STi, Src: ST0, Exec: fadd},
		{Name: "FMUL", Dst: STi, Src: ST0, Exec: fmul},
		{Name: "FCOM", Dst: ST0, Src: STi, Exec: fcom},   // not in the manual: "FCOM2"
		{Name: "FCOMP", Dst: ST0, Src: STi, Exec: fcomp}, // not in the manual: "FCOMP3"
		{Name: "FSUBR", Dst: STi, Src: ST0, Exec: fsubr},
		{Name: "FSUB", Dst: STi, Src: ST0, Exec: fsub},
		{Name: "FDIVR", Dst: STi, Src: ST0, Exec: fdivr},
		{Name: "FDIV", Dst: STi, Src: ST0, Exec: fdiv},
	}},
})

var escapeDD = fpuRows([]Op{
	{By: ByReg, Sub: []Op{
		{Name: "FLD", Src: Mq, Exec: fld},
		{Name: "FISTTP", Dst: Mq, Exec: fisttp, Feature: FeatSSE3},
		{Name: "FST", Dst: Mq, Exec: fst},
		{Name: "FSTP", Dst: Mq, Exec: fstp},
		{Name: "FRSTOR", Src: M, Exec: frstor},
		{},
		{Name: "FNSAVE", Dst: M, Exec: fnsave},
		{Name: "FNSTSW", Dst: Mw, Exec: fnstsw},
	}},
	{By: ByReg, Sub: []Op{
		{Name: "FFREE", Dst: STi, Exec: ffree},
		{Name: "FXCH", Dst: STi, Exec: fxch}, // not in the manual: "FXCH4"
		{Name: "FST", Dst: STi, Exec: fstReg},
		{Name: "FSTP", Dst: STi, Exec: fstpReg},
		{Name: "FUCOM", Dst: ST0, Src: STi, Exec: fucom},
		{Name: "FUCOMP", Dst: ST0, Src: STi, Exec: fucomp},
		{},
		{},
	}},
})

var escapeDE = fpuRows([]Op{
	{By: ByReg, Sub: []Op{
		{Name: "FIADD", Dst: ST0, Src: Mw, Exec: fiadd},
		{Name: "FIMUL", Dst: ST0, Src: Mw, Exec: fimul},
		{Name: "FICOM", Dst: ST0, Src: Mw, Exec: ficom},
		{Name: "FICOMP", Dst: ST0, Src: Mw, Exec: ficomp},
		{Name: "FISUB", Dst: ST0, Src: Mw, Exec: fisub},
		{Name: "FISUBR", Dst: ST0, Src: Mw, Exec: fisubr},
		{Name: "FIDIV", Dst: ST0, Src: Mw, Exec: fidiv},
		{Name: "FIDIVR", Dst: ST0, Src: Mw, Exec: fidivr},
	}},
	{By: ByReg, Sub: []Op{
		{Name: "FADDP", Dst: STi, Src: ST0, Exec: faddp},
		{Name: "FMULP", Dst: STi, Src: ST0, Exec: fmulp},
		{Name: "FCOMP", Dst: ST0, Src: STi, Exec: fcomp}, // not in the manual: "FCOMP5"
		{By: ByRM, Sub: []Op{
			{}, {Name: "FCOMPP", Exec: fcompp}, {}, {}, {}, {}, {}, {},
		}},
		{Name: "FSUBRP", Dst: STi, Src: ST0, Exec: fsubrp},
		{Name: "FSUBP", Dst: STi, Src: ST0, Exec: fsubp},
		{Name: "FDIVRP", Dst: STi, Src: ST0, Exec: fdivrp},
		{Name: "FDIVP", Dst: STi, Src: ST0, Exec: fdivp},
	}},
})

var escapeDF = fpuRows([]Op{
	{By: ByReg, Sub: []Op{
		{Name: "FILD", Src: Mw, Exec: fild},
		{Name: "FISTTP", Dst: Mw, Exec: fisttp, Feature: FeatSSE3},
		{Name: "FIST", Dst: Mw, Exec: fist},
		{Name: "FISTP", Dst: Mw, Exec: fistp},
		{Name: "FBLD", Src: Mt, Exec: fbld},
		{Name: "FILD", Src: Mq, Exec: fild},
		{Name: "FBSTP", Dst: Mt, Exec: fbstp},
		{Name: "FISTP", Dst: Mq, Exec: fistp},
	}},
	{By: ByReg, Sub: []Op{
		{Name: "FFREEP", Dst: STi, Exec: ffreep}, // not in the manual
		{Name: "FXCH", Dst: STi, Exec: fxch},     // not in the manual: "FXCH7"
		{Name: "FSTP", Dst: STi, Exec: fstpReg},  // not in the manual: "FSTP8"
		{Name: "FSTP", Dst: STi, Exec: fstpReg},  // not in the manual: "FSTP9"
		{By: ByRM, Sub: []Op{
			{Name: "FNSTSW", Exec: fnstswAX}, {}, {}, {}, {}, {}, {}, {},
		}},
		{Name: "FUCOMIP", Dst: ST0, Src: STi, Exec: fucomip, Feature: FeatCMOV, Writes: x86.FlagsStatus},
		{Name: "FCOMIP", Dst: ST0, Src: STi, Exec: fcomip, Feature: FeatCMOV, Writes: x86.FlagsStatus},
		{},
	}},
})
