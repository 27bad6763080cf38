package x86

// A Reason names the architectural rule that a fault enforces. It costs nothing on the
// hot path and is what traces, the debugger and `explain` print.
type Reason uint16

// The rules. Every architectural check has its own; add one with its text below, in the
// same group. NoReason is the zero value and never reported.
const (
	NoReason Reason = iota

	// Decoding.
	ReasonReservedOpcode
	ReasonNotIn64
	ReasonOnlyIn64
	ReasonLockNotAllowed
	ReasonInstTooLong
	ReasonNotImplemented
	ReasonFeatureDisabled
	ReasonRegisterForm
	ReasonMemoryForm
	ReasonNotInRealMode
	ReasonBadControlRegister
	ReasonBadSegmentRegister
	ReasonUDInstruction
	ReasonNeedsPentium
	ReasonNeedsPentium3
	ReasonNeedsCore2
	ReasonNeedsV2
	ReasonNeedsV3
	ReasonNeedsMax
	ReasonNoModel

	// Segments.
	ReasonSegmentLimit
	ReasonSegmentNull
	ReasonSegmentNotReadable
	ReasonSegmentNotWritable
	ReasonCodeLimit
	ReasonNonCanonical
	ReasonNonCanonicalStack
	ReasonSelectorIndex
	ReasonSelectorNull
	ReasonDescriptorType
	ReasonDescriptorPrivilege
	ReasonSegmentNotPresent
	ReasonStackNotWritable
	ReasonStackPrivilege
	ReasonStackNotPresent
	ReasonLDTInvalid
	ReasonConformingPrivilege
	ReasonCodeLAndD

	// Gates, interrupts, tasks.
	ReasonIDTLimit
	ReasonGateType
	ReasonGatePrivilege
	ReasonGateNotPresent
	ReasonGateTarget
	ReasonTSSType
	ReasonTSSLimit
	ReasonTSSBusy
	ReasonTSSNotBusy
	ReasonTSSNotPresent
	ReasonTSSInvalid
	ReasonReturnPrivilege
	ReasonVMIOPL
	ReasonVirtualInterrupt
	ReasonIRETFlags
	ReasonDoubleFault
	ReasonTripleFault
	ReasonNestedTaskLongMode

	// Privilege.
	ReasonCPL0
	ReasonIOPL
	ReasonIOBitmap
	ReasonUMIP
	ReasonTimeStampDisabled
	ReasonPMCDisabled

	// Control registers and MSRs.
	ReasonReservedBits
	ReasonPagingNeedsProtection
	ReasonPagingNeedsPAE
	ReasonLongModeActive
	ReasonMSRUnknown
	ReasonMSRReserved
	ReasonPDPTEReserved
	ReasonPCIDNeedsLongMode
	ReasonXCR0
	ReasonDRGeneralDetect
	ReasonDRReserved
	ReasonCR8Reserved
	ReasonCacheControl
	ReasonNotInSMM

	// Paging.
	ReasonPageNotPresent
	ReasonPageReserved
	ReasonPageWriteProtected
	ReasonPageSupervisor
	ReasonPageNoExecute
	ReasonPageSMEP
	ReasonPageSMAP
	ReasonPageProtectionKey

	// Alignment.
	ReasonAlignment
	ReasonAligned16

	// Results.
	ReasonDivideByZero
	ReasonDivideOverflow
	ReasonBoundRange
	ReasonOverflowTrap
	ReasonBreakpoint
	ReasonSoftwareInterrupt
	ReasonSingleStep
	ReasonHardwareBreakpoint
	ReasonTaskSwitchTrap
	ReasonICEBP

	// Floating point and vectors.
	ReasonFPUEmulated
	ReasonFPUTaskSwitched
	ReasonFPUPending
	ReasonSIMDException
	ReasonSIMDNotEnabled
	ReasonMXCSRReserved
	ReasonXSAVEHeader
	ReasonFXSAVEImage

	reasonCount
)

var reasonTexts = [reasonCount]string{
	NoReason: "no reason recorded",

	ReasonReservedOpcode:     "reserved encoding",
	ReasonNotIn64:            "instruction does not exist in 64-bit mode",
	ReasonOnlyIn64:           "instruction exists in 64-bit mode only",
	ReasonLockNotAllowed:     "LOCK prefix on an instruction or operand that does not allow it",
	ReasonInstTooLong:        "instruction longer than 15 bytes",
	ReasonNotImplemented:     "encoding is known but not implemented by this CPU",
	ReasonFeatureDisabled:    "the CPU model or a control register disables this instruction",
	ReasonRegisterForm:       "register operand where the encoding needs memory",
	ReasonMemoryForm:         "memory operand where the encoding needs a register",
	ReasonNotInRealMode:      "instruction is not recognised in real or virtual-8086 mode",
	ReasonBadControlRegister: "control or debug register does not exist",
	ReasonBadSegmentRegister: "segment register does not exist, or CS as a destination",
	ReasonUDInstruction:      "UD instruction",

	ReasonNeedsPentium:  "instruction of CPU model pentium and later ones",
	ReasonNeedsPentium3: "instruction of CPU model pentium3 and later ones",
	ReasonNeedsCore2:    "instruction of CPU model core2 and later ones",
	ReasonNeedsV2:       "instruction of CPU model x86-64-v2 and later ones",
	ReasonNeedsV3:       "instruction of CPU model x86-64-v3 and later ones",
	ReasonNeedsMax:      "instruction of CPU model max",
	ReasonNoModel:       "instruction of an extension that no CPU model has",

	ReasonSegmentLimit:        "offset outside the segment limit",
	ReasonSegmentNull:         "memory access through a null segment register",
	ReasonSegmentNotReadable:  "read through an execute-only segment",
	ReasonSegmentNotWritable:  "write through a read-only or code segment",
	ReasonCodeLimit:           "instruction pointer outside the code segment limit",
	ReasonNonCanonical:        "linear address is not canonical",
	ReasonNonCanonicalStack:   "stack address is not canonical",
	ReasonSelectorIndex:       "selector index beyond the descriptor table limit",
	ReasonSelectorNull:        "null selector where a segment is needed",
	ReasonDescriptorType:      "descriptor has the wrong type",
	ReasonDescriptorPrivilege: "descriptor privilege level forbids the access",
	ReasonSegmentNotPresent:   "segment not present",
	ReasonStackNotWritable:    "stack segment is not a writable data segment",
	ReasonStackPrivilege:      "stack segment privilege differs from CPL",
	ReasonStackNotPresent:     "stack segment not present",
	ReasonLDTInvalid:          "selector refers to an invalid LDT",
	ReasonConformingPrivilege: "code segment privilege rule broken",
	ReasonCodeLAndD:           "code descriptor has both L and D set",

	ReasonIDTLimit:           "vector beyond the IDT limit",
	ReasonGateType:           "IDT entry is not a gate",
	ReasonGatePrivilege:      "gate DPL below CPL for a software interrupt",
	ReasonGateNotPresent:     "gate not present",
	ReasonGateTarget:         "gate points at an unsuitable code segment",
	ReasonTSSType:            "not an available TSS descriptor",
	ReasonTSSLimit:           "TSS limit too small",
	ReasonTSSBusy:            "TSS is busy",
	ReasonTSSNotBusy:         "TSS to return to is not busy",
	ReasonTSSNotPresent:      "TSS not present",
	ReasonTSSInvalid:         "TSS holds an invalid selector or field",
	ReasonReturnPrivilege:    "return to a more privileged level",
	ReasonVMIOPL:             "IOPL below 3 in virtual-8086 mode",
	ReasonVirtualInterrupt:   "virtual interrupt flag set while an interrupt is pending, or TF loaded where it is virtual",
	ReasonIRETFlags:          "flag image not allowed",
	ReasonDoubleFault:        "a second fault while delivering the first",
	ReasonTripleFault:        "a fault while delivering a double fault: shutdown",
	ReasonNestedTaskLongMode: "IRET with NT set in IA-32e mode",

	ReasonCPL0:              "instruction needs CPL 0",
	ReasonIOPL:              "CPL above IOPL",
	ReasonIOBitmap:          "I/O permission bitmap denies the port",
	ReasonUMIP:              "UMIP forbids this instruction at CPL above 0",
	ReasonTimeStampDisabled: "CR4.TSD forbids reading the time-stamp counter",
	ReasonPMCDisabled:       "performance counter does not exist or CR4.PCE forbids reading it",

	ReasonReservedBits:          "reserved bit set in a control register",
	ReasonPagingNeedsProtection: "CR0.PG without CR0.PE",
	ReasonPagingNeedsPAE:        "IA-32e paging without CR4.PAE",
	ReasonLongModeActive:        "change not allowed while IA-32e mode is active",
	ReasonMSRUnknown:            "model-specific register does not exist",
	ReasonMSRReserved:           "reserved bit or value in a model-specific register",
	ReasonPDPTEReserved:         "reserved bit in a PDPTE loaded by MOV to CR",
	ReasonPCIDNeedsLongMode:     "CR4.PCIDE outside IA-32e mode or with CR3[11:0] not 0",
	ReasonXCR0:                  "combination of XCR0 bits not allowed",
	ReasonDRGeneralDetect:       "debug register access with DR7.GD set",
	ReasonDRReserved:            "upper half of DR6 or DR7 not zero",
	ReasonCR8Reserved:           "reserved bits of CR8",
	ReasonCacheControl:          "CR0.NW without CR0.CD",
	ReasonNotInSMM:              "RSM outside system management mode",

	ReasonPageNotPresent:     "page not present",
	ReasonPageReserved:       "reserved bit set in a paging-structure entry",
	ReasonPageWriteProtected: "write to a read-only page",
	ReasonPageSupervisor:     "user access to a supervisor page",
	ReasonPageNoExecute:      "instruction fetch from a no-execute page",
	ReasonPageSMEP:           "supervisor fetch from a user page (SMEP)",
	ReasonPageSMAP:           "supervisor access to a user page (SMAP)",
	ReasonPageProtectionKey:  "protection key forbids the access",

	ReasonAlignment: "unaligned access with alignment checking on",
	ReasonAligned16: "memory operand of a vector instruction is not aligned",

	ReasonDivideByZero:       "division by zero",
	ReasonDivideOverflow:     "quotient does not fit",
	ReasonBoundRange:         "index outside the BOUND limits",
	ReasonOverflowTrap:       "INTO with OF set",
	ReasonBreakpoint:         "INT3",
	ReasonSoftwareInterrupt:  "INT n",
	ReasonSingleStep:         "single step (TF)",
	ReasonHardwareBreakpoint: "debug-register breakpoint",
	ReasonTaskSwitchTrap:     "T bit of the new task",
	ReasonICEBP:              "INT1",

	ReasonFPUEmulated:     "CR0.EM set",
	ReasonFPUTaskSwitched: "CR0.TS set",
	ReasonFPUPending:      "unmasked x87 exception pending",
	ReasonSIMDException:   "unmasked SIMD floating-point exception",
	ReasonSIMDNotEnabled:  "SSE is not enabled in CR4 or CR0",
	ReasonMXCSRReserved:   "reserved bit of MXCSR",
	ReasonXSAVEHeader:     "XSAVE header not valid",
	ReasonFXSAVEImage:     "FXSAVE image not valid",
}

// String is the rule in words.
func (r Reason) String() string {
	if r < reasonCount {
		return reasonTexts[r]
	}
	return "unknown reason"
}
