package x86

// Model-specific registers. SDM Vol. 4, "Model-Specific Registers".
const (
	MSR_P5_MC_ADDR           uint32 = 0x000
	MSR_TSC                  uint32 = 0x10
	MSR_PLATFORM_ID          uint32 = 0x17
	MSR_APIC_BASE            uint32 = 0x1b
	MSR_FEATURE_CTL          uint32 = 0x3a
	MSR_TSC_ADJUST           uint32 = 0x3b
	MSR_SPEC_CTRL            uint32 = 0x48
	MSR_PRED_CMD             uint32 = 0x49
	MSR_BIOS_SIGN_ID         uint32 = 0x8b
	MSR_PMC0                 uint32 = 0xc1
	MSR_MTRRCAP              uint32 = 0xfe
	MSR_SYSENTER_CS          uint32 = 0x174
	MSR_SYSENTER_ESP         uint32 = 0x175
	MSR_SYSENTER_EIP         uint32 = 0x176
	MSR_MCG_CAP              uint32 = 0x179
	MSR_MCG_STATUS           uint32 = 0x17a
	MSR_PERFEVTSEL0          uint32 = 0x186
	MSR_MISC_ENABLE          uint32 = 0x1a0
	MSR_MTRR_PHYSBASE        uint32 = 0x200 // base and mask alternate up to 20Fh
	MSR_MTRR_FIX64K          uint32 = 0x250
	MSR_MTRR_FIX16K_8        uint32 = 0x258
	MSR_MTRR_FIX16K_A        uint32 = 0x259
	MSR_MTRR_FIX4K_C0        uint32 = 0x268 // up to 26Fh
	MSR_PAT                  uint32 = 0x277
	MSR_MTRR_DEF_TYPE        uint32 = 0x2ff
	MSR_FIXED_CTR0           uint32 = 0x309
	MSR_FIXED_CTR_CTRL       uint32 = 0x38d
	MSR_PERF_GLOBAL_STATUS   uint32 = 0x38e
	MSR_PERF_GLOBAL_CTRL     uint32 = 0x38f
	MSR_PERF_GLOBAL_OVF_CTRL uint32 = 0x390
	MSR_TSC_DEADLINE         uint32 = 0x6e0
	MSR_X2APIC               uint32 = 0x800 // up to 83Fh
	MSR_XSS                  uint32 = 0xda0
	MSR_EFER                 uint32 = 0xc0000080
	MSR_STAR                 uint32 = 0xc0000081
	MSR_LSTAR                uint32 = 0xc0000082
	MSR_CSTAR                uint32 = 0xc0000083
	MSR_FMASK                uint32 = 0xc0000084
	MSR_FS_BASE              uint32 = 0xc0000100
	MSR_GS_BASE              uint32 = 0xc0000101
	MSR_KERNEL_GS            uint32 = 0xc0000102
	MSR_TSC_AUX              uint32 = 0xc0000103
)
