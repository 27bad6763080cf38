package debug

import "github.com/glassbox-vm/glassbox/cpu/x86"

// Chapters of the manual that several rules stand in.
const (
	sdmFormat    = `SDM Vol. 2A, "Instruction Format"`
	sdmOpcodes   = `SDM Vol. 2D, "Opcode Map"`
	sdmLimit     = `SDM Vol. 3A, "Limit Checking"`
	sdmType      = `SDM Vol. 3A, "Type Checking"`
	sdmNull      = `SDM Vol. 3A, "Null Segment Selector Checking"`
	sdmPrivilege = `SDM Vol. 3A, "Privilege Level Checking When Accessing Data Segments"`
	sdmSS        = `SDM Vol. 3A, "Privilege Level Checking When Loading the SS Register"`
	sdmTransfer  = `SDM Vol. 3A, "Privilege Level Checking When Transferring Program Control Between Code Segments"`
	sdmPresent   = `SDM Vol. 3A, "Interrupt 11—Segment Not Present (#NP)"`
	sdmCanonical = `SDM Vol. 1, "Canonical Addressing"`
	sdmIDT       = `SDM Vol. 3A, "IDT Descriptors"`
	sdmINT       = `SDM Vol. 2A, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure"`
	sdmTSS       = `SDM Vol. 3A, "Interrupt 10—Invalid TSS Exception (#TS)"`
	sdmDF        = `SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)"`
	sdmPF        = `SDM Vol. 3A, "Interrupt 14—Page-Fault Exception (#PF)"`
	sdmRights    = `SDM Vol. 3A, "Determination of Access Rights"`
	sdmCR        = `SDM Vol. 3A, "Control Registers"`
	sdmMSR       = `SDM Vol. 4, "Model-Specific Registers"`
	sdmIO        = `SDM Vol. 1, "I/O Privilege Level" and "I/O Permission Bit Map"`
	sdmPrivInst  = `SDM Vol. 3A, "Privileged Instructions"`
	sdmDebug     = `SDM Vol. 3B, "Debug Exceptions"`
	sdmNM        = `SDM Vol. 3A, "Interrupt 7—Device Not Available Exception (#NM)"`
	sdmV86       = `SDM Vol. 3B, "Virtual-8086 Mode"`
	sdmFeatures  = `SDM Vol. 2A, "CPUID—CPU Identification"`
	sdmXSAVE     = `SDM Vol. 1, "Managing State Using the XSAVE Feature Set"`
)

// titles says where the manual states each rule.
var titles = map[x86.Reason]string{
	x86.ReasonReservedOpcode:     sdmOpcodes,
	x86.ReasonNotIn64:            sdmOpcodes,
	x86.ReasonOnlyIn64:           sdmOpcodes,
	x86.ReasonLockNotAllowed:     `SDM Vol. 2A, "LOCK—Assert LOCK# Signal Prefix"`,
	x86.ReasonInstTooLong:        sdmFormat,
	x86.ReasonNotImplemented:     sdmOpcodes,
	x86.ReasonFeatureDisabled:    sdmFeatures,
	x86.ReasonRegisterForm:       sdmOpcodes,
	x86.ReasonMemoryForm:         sdmOpcodes,
	x86.ReasonNotInRealMode:      sdmOpcodes,
	x86.ReasonBadControlRegister: `SDM Vol. 2B, "MOV—Move to/from Control Registers"`,
	x86.ReasonBadSegmentRegister: `SDM Vol. 2B, "MOV—Move"`,
	x86.ReasonUDInstruction:      `SDM Vol. 2B, "UD—Undefined Instruction"`,
	x86.ReasonNeedsPentium:       sdmFeatures,
	x86.ReasonNeedsPentium3:      sdmFeatures,
	x86.ReasonNeedsCore2:         sdmFeatures,
	x86.ReasonNeedsV2:            sdmFeatures,
	x86.ReasonNeedsV3:            sdmFeatures,
	x86.ReasonNeedsMax:           sdmFeatures,
	x86.ReasonNoModel:            sdmFeatures,

	x86.ReasonSegmentLimit:        sdmLimit,
	x86.ReasonSegmentNull:         sdmNull,
	x86.ReasonSegmentNotReadable:  sdmType,
	x86.ReasonSegmentNotWritable:  sdmType,
	x86.ReasonCodeLimit:           sdmLimit,
	x86.ReasonNonCanonical:        sdmCanonical,
	x86.ReasonNonCanonicalStack:   sdmCanonical,
	x86.ReasonSelectorIndex:       sdmLimit,
	x86.ReasonSelectorNull:        sdmNull,
	x86.ReasonDescriptorType:      sdmType,
	x86.ReasonDescriptorPrivilege: sdmPrivilege,
	x86.ReasonSegmentNotPresent:   sdmPresent,
	x86.ReasonStackNotWritable:    sdmSS,
	x86.ReasonStackPrivilege:      sdmSS,
	x86.ReasonStackNotPresent:     `SDM Vol. 3A, "Interrupt 12—Stack Fault Exception (#SS)"`,
	x86.ReasonLDTInvalid:          `SDM Vol. 3A, "Local Descriptor Table Register (LDTR)"`,
	x86.ReasonConformingPrivilege: sdmTransfer,
	x86.ReasonCodeLAndD:           `SDM Vol. 3A, "Code-Segment Descriptor in 64-bit Mode"`,

	x86.ReasonIDTLimit:           sdmINT,
	x86.ReasonGateType:           sdmIDT,
	x86.ReasonGatePrivilege:      `SDM Vol. 3A, "Protection of Exception- and Interrupt-Handler Procedures"`,
	x86.ReasonGateNotPresent:     sdmIDT,
	x86.ReasonGateTarget:         sdmINT,
	x86.ReasonTSSType:            `SDM Vol. 3A, "TSS Descriptor"`,
	x86.ReasonTSSLimit:           sdmTSS,
	x86.ReasonTSSBusy:            `SDM Vol. 3A, "Task Switching"`,
	x86.ReasonTSSNotBusy:         `SDM Vol. 3A, "Task Switching"`,
	x86.ReasonTSSNotPresent:      `SDM Vol. 3A, "Task Switching"`,
	x86.ReasonTSSInvalid:         sdmTSS,
	x86.ReasonReturnPrivilege:    `SDM Vol. 3A, "Returning from a Called Procedure"`,
	x86.ReasonVMIOPL:             sdmV86,
	x86.ReasonVirtualInterrupt:   `SDM Vol. 3B, "Class 3—Software Interrupt Handling in Virtual-8086 Mode"`,
	x86.ReasonIRETFlags:          `SDM Vol. 2A, "IRET/IRETD/IRETQ—Interrupt Return"`,
	x86.ReasonDoubleFault:        sdmDF,
	x86.ReasonTripleFault:        sdmDF,
	x86.ReasonNestedTaskLongMode: `SDM Vol. 2A, "IRET/IRETD/IRETQ—Interrupt Return"`,

	x86.ReasonCPL0:              sdmPrivInst,
	x86.ReasonIOPL:              sdmIO,
	x86.ReasonIOBitmap:          sdmIO,
	x86.ReasonUMIP:              sdmCR,
	x86.ReasonTimeStampDisabled: `SDM Vol. 2B, "RDTSC—Read Time-Stamp Counter"`,
	x86.ReasonPMCDisabled:       `SDM Vol. 2B, "RDPMC—Read Performance-Monitoring Counters"`,

	x86.ReasonReservedBits:          sdmCR,
	x86.ReasonPagingNeedsProtection: sdmCR,
	x86.ReasonPagingNeedsPAE:        `SDM Vol. 3A, "Initializing IA-32e Mode"`,
	x86.ReasonLongModeActive:        `SDM Vol. 3A, "Initializing IA-32e Mode"`,
	x86.ReasonMSRUnknown:            sdmMSR,
	x86.ReasonMSRReserved:           sdmMSR,
	x86.ReasonPDPTEReserved:         `SDM Vol. 3A, "PDPTE Registers"`,
	x86.ReasonPCIDNeedsLongMode:     `SDM Vol. 3A, "Process-Context Identifiers (PCIDs)"`,
	x86.ReasonXCR0:                  `SDM Vol. 2D, "XSETBV—Set Extended Control Register"`,
	x86.ReasonDRGeneralDetect:       `SDM Vol. 3B, "General-Detect Exception Condition"`,
	x86.ReasonDRReserved:            `SDM Vol. 3B, "Debug Registers"`,
	x86.ReasonCR8Reserved:           sdmCR,
	x86.ReasonCacheControl:          sdmCR,
	x86.ReasonNotInSMM:              `SDM Vol. 2B, "RSM—Resume from System Management Mode"`,

	x86.ReasonPageNotPresent:     sdmPF,
	x86.ReasonPageReserved:       sdmPF,
	x86.ReasonPageWriteProtected: sdmRights,
	x86.ReasonPageSupervisor:     sdmRights,
	x86.ReasonPageNoExecute:      sdmRights,
	x86.ReasonPageSMEP:           sdmRights,
	x86.ReasonPageSMAP:           sdmRights,
	x86.ReasonPageProtectionKey:  `SDM Vol. 3A, "Protection Keys"`,

	x86.ReasonAlignment: `SDM Vol. 3A, "Interrupt 17—Alignment Check Exception (#AC)"`,
	x86.ReasonAligned16: `SDM Vol. 1, "Memory Operands"`,

	x86.ReasonDivideByZero:       `SDM Vol. 3A, "Interrupt 0—Divide Error Exception (#DE)"`,
	x86.ReasonDivideOverflow:     `SDM Vol. 3A, "Interrupt 0—Divide Error Exception (#DE)"`,
	x86.ReasonBoundRange:         `SDM Vol. 3A, "Interrupt 5—BOUND Range Exceeded Exception (#BR)"`,
	x86.ReasonOverflowTrap:       `SDM Vol. 3A, "Interrupt 4—Overflow Exception (#OF)"`,
	x86.ReasonBreakpoint:         `SDM Vol. 3A, "Interrupt 3—Breakpoint Exception (#BP)"`,
	x86.ReasonSoftwareInterrupt:  sdmINT,
	x86.ReasonSingleStep:         sdmDebug,
	x86.ReasonHardwareBreakpoint: sdmDebug,
	x86.ReasonTaskSwitchTrap:     sdmDebug,
	x86.ReasonICEBP:              sdmINT,

	x86.ReasonFPUEmulated:     sdmNM,
	x86.ReasonFPUTaskSwitched: sdmNM,
	x86.ReasonFPUPending:      `SDM Vol. 3A, "Interrupt 16—x87 FPU Floating-Point Error (#MF)"`,
	x86.ReasonSIMDException:   `SDM Vol. 3A, "Interrupt 19—SIMD Floating-Point Exception (#XM)"`,
	x86.ReasonSIMDNotEnabled:  `SDM Vol. 3A, "Enabling SSE Extensions"`,
	x86.ReasonMXCSRReserved:   `SDM Vol. 1, "MXCSR Control and Status Register"`,
	x86.ReasonXSAVEHeader:     sdmXSAVE,
	x86.ReasonFXSAVEImage:     `SDM Vol. 2A, "FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State"`,
}

// title is where the manual states a rule.
func title(r x86.Reason) string { return titles[r] }
