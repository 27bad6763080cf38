; 64-bit mode: canonical addresses, SYSCALL and SYSRET, IRET, XSETBV, control registers and EFER,
; page faults of XD, SMEP and SMAP. SDM Vol. 3A, "IA-32e Mode", and the instructions' pages.

%include "long.inc"

BAD	equ 0x0000800000000000
BAD57	equ 0x0100000000000000 ; with 57 bits, too

; msr NUMBER, LOW, HIGH writes an MSR.
%macro msr 3
	mov ecx, %1
	mov eax, %2
	mov edx, %3
	wrmsr
%endmacro
EFER	equ 0xc0000080
STAR	equ 0xc0000081
LSTAR	equ 0xc0000082
FMASK	equ 0xc0000084

; page BITS, HIGH makes the test's page.
%macro page 2
	mov dword [abs ENTRY], 0x90000|(%1)
	mov dword [abs ENTRY+4], %2
	invlpg [abs PAGE]
%endmacro

main:
;= address not canonical: #GP(0000) +0A
	try "address not canonical"
	mov rax, BAD
	mov [rax], al
	done
	endline
;= address not canonical, by RBP: #SS(0000) +0A
	try "address not canonical, by RBP"
	mov rbp, BAD
	mov al, [rbp]
	done
	endline
;= address not canonical, last byte: #GP(0000) +0A
	try "address not canonical, last byte"
	mov rax, BAD-1
	mov [rax], ax
	done
	endline
;= address not canonical, FS: #GP(0000) +0A
	try "address not canonical, FS"
	mov rbp, BAD
	mov al, [fs:rbp]
	done
	endline
;= JMP to what is not canonical: #GP(0000) +0A
	try "JMP to what is not canonical"
	mov rax, BAD
	jmp rax
	done
	endline
;= RET to what is not canonical: #GP(0000) +0B
	try "RET to what is not canonical"
	mov rax, BAD
	push rax
	ret
	done
	endline
;= IRETQ to what is not canonical: #GP(0000) +11
	try "IRETQ to what is not canonical"
	mov rax, BAD
	push FLATD
	push rsp
	pushfq
	push CODE64
	push rax
	iretq
	done
	endline
;= WRMSR LSTAR, not canonical: #GP(0000) +0F
	try "WRMSR LSTAR, not canonical"
	msr LSTAR, 0, 0x01000000
	done
	endline
;= WRMSR FS base, not canonical: #GP(0000) +0F
	try "WRMSR FS base, not canonical"
	msr 0xc0000100, 0, 0x01000000
	done
	endline
;= INVLPG, not canonical: none
	try "INVLPG, not canonical"
	mov rax, BAD
	invlpg [rax]
	done
	endline
;= LGDT, not canonical: #GP(0000) +16
	try "LGDT, not canonical"
	mov rax, BAD57
	mov [abs spare+2], rax
	nop
	nop
	nop
	nop
	lgdt [abs spare]
	done
	endline
	lgdt [abs gdtr]            ; QEMU took it

;= SYSCALL without EFER.SCE: #UD +00
	try "SYSCALL without EFER.SCE"
	user
	syscall
	kernel
	done
	endline
	msr EFER, 0xd01, 0         ; SCE, LME, LMA, NXE
	msr STAR, 0, (USERC32&~3)<<16|CODE64
	msr LSTAR, called, 0
	msr FMASK, 0x400, 0
;= SYSCALL: none RCX 00000002 R11 00000C46 flags 00000046 CS 00000008 SS 00000010
	try "SYSCALL"
	user
	push 0xc46                 ; DF and OF set: FMASK clears DF
	popfq
	mov qword [abs begin+ALIAS], .here+ALIAS
.here:	syscall
	kernel
	done
	mov rax, [abs spare]
	sub rax, [abs begin]
	also "RCX", rax
	also "R11", [abs spare+8]
	mov rax, [abs spare+16]
	and eax, ~0x800
	also "flags", rax
	also "CS", [abs spare+24]
	also "SS", [abs spare+32]
	endline
;= SYSCALL in compatibility code: #UD +00
	try "SYSCALL in compatibility code"
	mov qword [abs begin], compat+ALIAS
	push USERD
	push STACK3+ALIAS
	pushfq
	push USERC32
	push compat+ALIAS
	iretq
	done
	endline
;= SYSRET at level 3: #GP(0000) +00
	try "SYSRET at level 3"
	user
	o64 sysret
	kernel
	done
	endline
;= SYSRET, RCX not canonical: #GP(0000) +0A CS 00000008
	try "SYSRET, RCX not canonical"
	mov rcx, BAD
	o64 sysret
	done
	also "CS", [abs cs_at]
	endline
;= SYSRET to 64-bit code: none CS 0000002B SS 00000023 flags 00000202
	try "SYSRET to 64-bit code"
	mov ecx, leave3+ALIAS
	mov r11d, 0x30202          ; RF and VM do not come back
	o64 sysret
	done
	also "CS", [abs cs_at]
	also "SS", [abs ss_at]
	mov rax, [abs flags_at]
	also "flags", rax
	endline
;= SYSRET to compatibility code: none CS 0000001B SS 00000023
	try "SYSRET to compatibility code"
	mov ecx, leave3+ALIAS
	mov r11d, 2
	sysret
	done
	also "CS", [abs cs_at]
	also "SS", [abs ss_at]
	endline

;= IRETQ, null SS at level 0: none SS 00000000
	try "IRETQ, null SS at level 0"
	mov rax, rsp
	push 0
	push rax
	pushfq
	push CODE64
	push .null
	iretq
.null:	mov eax, ss
	mov [abs spare], rax
	done
	also "SS", [abs spare]
	endline
;= IRETQ to level 3, null SS: #GP(0000) +0F
	try "IRETQ to level 3, null SS"
	push 3
	push STACK3
	pushfq
	push USERC
	push leave3
	iretq
	done
	endline
;= IRETQ to code with L and D: #GP(0040) +0D
	try "IRETQ to code with L and D"
	push FLATD
	push rsp
	pushfq
	push CODELD
	push leave3
	nop
	nop
	iretq
	done
	endline
;= far jump to code with L and D: #GP(0040) +18
	try "far jump to code with L and D"
	mov qword [abs spare], resume
	nop
	mov dword [abs spare+4], CODELD
	jmp far dword [abs spare]
	done
	endline
;= IRETQ with NT: #GP(0000) +06
	try "IRETQ with NT"
	push 0x4002
	popfq
	iretq
	done
	endline
;= load null SS at level 0: none
	try "load null SS at level 0"
	xor eax, eax
	mov ss, eax
	done
	endline
;= load null SS at level 3: #GP(0000) +05
	try "load null SS at level 3"
	user
	mov eax, 3
	mov ss, eax
	kernel
	done
	endline
;= far jump immediate: #UD +00
	try "far jump immediate"
	db 0xea, 0, 0, 0, 0, 8, 0
	done
	endline
;= PUSH CS: #UD +00
	try "PUSH CS"
	db 0x0e
	done
	endline

;= SGDT: none limit 0000004F base 00000000
	try "SGDT"
	sgdt [abs spare]
	done
	movzx eax, word [abs spare]
	also "limit", rax
	mov rax, [abs spare+2]
	sub rax, gdt
	also "base", rax
	endline
;= SIDT: none limit 000003FF base 00060000
	try "SIDT"
	sidt [abs spare]
	done
	movzx eax, word [abs spare]
	also "limit", rax
	also "base", [abs spare+2]
	endline
;= SLDT: none LDTR 00000000
	try "SLDT"
	mov rax, -1
	sldt rax
	mov [abs spare], rax
	done
	also "LDTR", [abs spare]
	endline
;= SMSW: none against CR0 00000000
	try "SMSW"
	smsw rax
	mov rbx, cr0
	xor rax, rbx
	movzx eax, ax
	mov [abs spare], rax
	done
	also "against CR0", [abs spare]
	endline
;= SMSW into memory writes a word: none against CR0 00000000 behind 0000A5A5
	mov dword [abs spare], 0xa5a5a5a5
	try "SMSW into memory writes a word"
	smsw [abs spare]
	done
	mov rbx, cr0
	movzx eax, word [abs spare]
	movzx ebx, bx
	xor eax, ebx
	also "against CR0", rax
	movzx eax, word [abs spare+2]
	also "behind", rax
	endline
;= CPUID, long mode: none EDX 20000000
	try "CPUID, long mode"
	mov eax, 0x80000001
	cpuid
	and edx, 1<<29
	mov [abs spare], rdx
	done
	also "EDX", [abs spare]
	endline
;= SYSEXIT without SYSENTER_CS: #GP(0000) +00
	msr 0x174, 0, 0
	try "SYSEXIT without SYSENTER_CS"
	sysexit
	done
	endline
	msr 0x174, 8, 0
;= SYSEXIT to 64-bit code: none CS 0000002B SS 00000033
	try "SYSEXIT to 64-bit code"
	mov edx, leave3+ALIAS
	mov ecx, STACK3+ALIAS
	o64 sysexit
	done
	also "CS", [abs cs_at]
	also "SS", [abs ss_at]
	endline
;= SYSEXIT to compatibility code: none CS 0000001B SS 00000023
	try "SYSEXIT to compatibility code"
	mov edx, leave3+ALIAS
	mov ecx, STACK3+ALIAS
	sysexit
	done
	also "CS", [abs cs_at]
	also "SS", [abs ss_at]
	endline
;= SYSEXIT at level 3: #GP(0000) +00
	try "SYSEXIT at level 3"
	user
	sysexit
	kernel
	done
	endline

;= XSETBV without CR4.OSXSAVE: #UD +09
	try "XSETBV without CR4.OSXSAVE"
	xor ecx, ecx
	xor edx, edx
	mov eax, 3
	xsetbv
	done
	endline
	mov rax, cr4
	or eax, 0x40200
	mov cr4, rax
;= XSETBV, no x87: #GP(0000) +09
	try "XSETBV, no x87"
	xor ecx, ecx
	xor edx, edx
	mov eax, 2
	xsetbv
	done
	endline
;= XSETBV, AVX without SSE: #GP(0000) +09
	try "XSETBV, AVX without SSE"
	xor ecx, ecx
	xor edx, edx
	mov eax, 5
	xsetbv
	done
	endline
;= XSETBV, a reserved bit: #GP(0000) +0E
	try "XSETBV, a reserved bit"
	xor ecx, ecx
	mov edx, 0x40000000
	mov eax, 3
	nop
	nop
	xsetbv
	done
	endline
;= XSETBV of XCR1: #GP(0000) +0C
	try "XSETBV of XCR1"
	mov ecx, 1
	xor edx, edx
	mov eax, 3
	xsetbv
	done
	endline
;= XSETBV at level 3: #GP(0000) +09
	try "XSETBV at level 3"
	user
	xor ecx, ecx
	xor edx, edx
	mov eax, 3
	xsetbv
	kernel
	done
	endline
;= XSETBV: none XCR0 00000007
	try "XSETBV"
	xor ecx, ecx
	xor edx, edx
	mov eax, 7
	xsetbv
	xor eax, eax
	xgetbv
	mov [abs spare], rax
	done
	also "XCR0", [abs spare]
	endline

; cr NUMBER, AND, OR changes a control register.
%macro cr 3
	mov rax, cr%1
	mov rbx, %2
	and rax, rbx
	mov rbx, %3
	or rax, rbx
	mov qword [abs begin], %%at
%%at:	mov cr%1, rax
%endmacro
	mov rax, cr0
	mov [abs spare+64], rax
	mov rax, cr4
	mov [abs spare+72], rax
;= CR0.NW without CD: #GP(0000) +00
	try "CR0.NW without CD"
	cr 0, ~0x40000000, 0x20000000
	done
	endline
	call restore
;= upper half of CR0: #GP(0000) +00
	try "upper half of CR0"
	cr 0, -1, 0x100000000
	done
	endline
	call restore
;= CR4.PCIDE with a PCID in CR3: #GP(0000) +00
	mov rax, cr3
	or rax, 0x18
	mov cr3, rax
	try "CR4.PCIDE with a PCID in CR3"
	cr 4, -1, 0x20000
	done
	endline
	call restore
	mov rax, cr3
	and rax, ~0xfff
	mov cr3, rax
;= CR8 of 16: #GP(0000) +05
	try "CR8 of 16"
	mov eax, 16
	mov cr8, rax
	done
	endline
;= CR8 of 15: none CR8 0000000F
	try "CR8 of 15"
	mov eax, 15
	mov cr8, rax
	mov rbx, cr8
	mov [abs spare], rbx
	xor eax, eax
	mov cr8, rax
	done
	also "CR8", [abs spare]
	endline
;= CR1: #UD +00
	try "CR1"
	db 0x0f, 0x20, 0xc8
	done
	endline
;= MOV CR0 at level 3: #GP(0000) +00
	try "MOV CR0 at level 3"
	user
	mov rax, cr0
	kernel
	done
	endline
;= clear EFER.LME with paging: #GP(0000) +0C
	try "clear EFER.LME with paging"
	mov ecx, EFER
	mov eax, 0xc01
	xor edx, edx
	wrmsr
	done
	endline
;= reserved bit of EFER: #GP(0000) +0C
	try "reserved bit of EFER"
	mov ecx, EFER
	mov eax, 0xd03
	xor edx, edx
	wrmsr
	done
	endline
;= an MSR that does not exist: #GP(0000) +05
	try "an MSR that does not exist"
	mov ecx, 0x12345678
	rdmsr
	done
	endline

;= fetch, XD: #PF(0011) +00
	page P|W, 0x80000000
	try "fetch, XD"
	mov qword [abs begin], PAGE
	mov eax, PAGE
	jmp rax
	done
	endline
;= fetch at level 3, XD: #PF(0015) +00
	page P|W|U, 0x80000000
	try "fetch at level 3, XD"
	user
	mov eax, PAGE
	mov [abs begin+ALIAS], rax
	jmp rax
	kernel
	done
	endline
;= fetch at level 3, absent: #PF(0014) +00
	page 0, 0
	try "fetch at level 3, absent"
	user
	mov eax, PAGE
	mov [abs begin+ALIAS], rax
	jmp rax
	kernel
	done
	endline
;= reserved bit of an entry: #PF(0009) +00
	page P|W, 0x00080000
	try "reserved bit of an entry"
	mov al, [abs PAGE]
	done
	endline
;= XD without EFER.NXE: #PF(0009) +00
	msr EFER, 0x501, 0
	page P|W, 0x80000000
	try "XD without EFER.NXE"
	mov al, [abs PAGE]
	done
	endline
	msr EFER, 0xd01, 0
	mov rax, cr4
	or eax, 0x300000           ; SMEP, SMAP
	mov cr4, rax
;= SMEP: #PF(0011) +00
	page P|W|U, 0
	try "SMEP"
	mov qword [abs begin], PAGE
	mov eax, PAGE
	jmp rax
	done
	endline
;= SMAP, read: #PF(0001) +00
	try "SMAP, read"
	mov al, [abs PAGE]
	done
	endline
;= SMAP, write: #PF(0003) +00
	try "SMAP, write"
	mov [abs PAGE], al
	done
	endline
;= SMAP and EFLAGS.AC: none
	try "SMAP and EFLAGS.AC"
	stac
	mov al, [abs PAGE]
	clac
	done
	endline
;= STAC at level 3: #UD +00
	try "STAC at level 3"
	user
	stac
	kernel
	done
	endline
;= reserved bit of CR3: #GP(0000) +00
	try "reserved bit of CR3"
	cr 3, -1, 0x4000000000000000
	done
	endline
	call restore
;= reserved bit of CR4: #GP(0000) +00
	try "reserved bit of CR4"
	cr 4, -1, 0x80000000
	done
	endline
	call restore
;= CR4.LA57 in 64-bit mode: #GP(0000) +00
	try "CR4.LA57 in 64-bit mode"
	cr 4, -1, 0x1000
	done
	endline
	call restore
;= clear CR4.PAE: #GP(0000) +00
	try "clear CR4.PAE"
	cr 4, ~0x20, 0
	done
	endline
	call restore
;= clear CR0.PE: #GP(0000) +00
	try "clear CR0.PE"
	cr 0, ~1, 0
	done
	endline
	call restore
;= clear CR0.PG: #GP(0000) +00
	try "clear CR0.PG"
	cr 0, ~0x80000000, 0
	done
	endline
	call restore
	finish

; restore is for QEMU, which does what it must not.
restore: mov rax, [abs spare+72]
	mov cr4, rax
	mov rax, [abs spare+64]
	mov cr0, rax
	mov eax, 0x80000
	mov cr3, rax
	ret

; called is where SYSCALL leads.
called:	mov [abs spare], rcx
	mov [abs spare+8], r11
	pushfq
	pop qword [abs spare+16]
	mov rax, cs
	mov [abs spare+24], rax
	mov rax, ss
	mov [abs spare+32], rax
	jmp resume
leave3:	kernel
bits 32
compat:	syscall
	kernel
end_of_program:
