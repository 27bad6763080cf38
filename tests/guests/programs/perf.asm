; Performance counters that overflow: status bits, the interrupt by way of the local APIC, as an NMI and
; as a vector. SDM Vol. 3B, "Architectural Performance Monitoring"; Vol. 3A, "Local Vector Table".
; The manual leaves open how late the interrupt comes; so nothing here depends on it.

%include "long.inc"

APIC	equ 0x600000             ; where it is mapped
LVTPC	equ APIC+0x340
SVR	equ APIC+0xf0
EOI	equ APIC+0xb0
PMC0	equ 0xc1
SEL0	equ 0x186
FIXED0	equ 0x309
FCTRL	equ 0x38d
STATUS	equ 0x38e
GCTRL	equ 0x38f
OVF	equ 0x390
INSTS	equ 0x5300c0             ; retired instructions, all levels, INT, EN

%macro msr 3
	mov ecx, %1
	mov eax, %2
	mov edx, %3
	wrmsr
%endmacro
; counters begins a test: LVT entry, counter 0 to 2^48 - 1000, what it selects.
%macro counters 3
	mov dword [abs came], 0
	mov dword [abs lvt], 0
	mov dword [abs LVTPC], %2
	try %1
	msr PMC0, -1000, 0
	msr SEL0, %3, 0
%endmacro
; run executes some thousand instructions.
%macro run 0
	mov ecx, 2000
%%l:	dec ecx
	jnz %%l
%endmacro
%macro state 0
	also "interrupts", [abs came]
	mov eax, [abs lvt]
	also "entry", rax
	mov ecx, STATUS
	rdmsr
	shl rdx, 32
	or rax, rdx
	also "status", rax
	msr SEL0, 0, 0
	msr FCTRL, 0, 0
	msr OVF, 1, 1
	endline
%endmacro

main:	mov dword [abs 0x82000+8*(APIC>>21)], 0xfee00000|0x98|P|W
	mov rax, cr3
	mov cr3, rax
	mov dword [abs SVR], 0x1ff
	mov rax, nmi
	mov [abs idt+2*16], ax
	mov rax, fixed
	mov [abs idt+0x35*16], ax
	mov al, 0xff
	out 0x21, al

;= version, counters, width: none EAX 00300402
	try "version, counters, width"
	mov eax, 0x0a
	xor ecx, ecx
	cpuid
	and eax, 0xffffff
	mov [abs spare], rax
	done
	also "EAX", [abs spare]
	endline
;= overflow without INT: none interrupts 00000000 entry 00000000 status 00000001
	counters "overflow without INT", 0x400, INSTS&~(1<<20)
	run
	done
	state
;= overflow with INT, NMI: none interrupts 00000001 entry 00010400 status 00000001
	counters "overflow with INT, NMI", 0x400, INSTS
	run
	done
	state
;= overflow with INT, entry masked: none interrupts 00000000 entry 00000000 status 00000001
	counters "overflow with INT, entry masked", 0x10400, INSTS
	run
	done
	state
;= overflow with INT, a vector and IF: none interrupts 00000001 entry 00010035 status 00000001
	counters "overflow with INT, a vector and IF", 0x35, INSTS
	sti
	run
	cli
	done
	state
;= a vector without IF waits: none interrupts 00000000 entry 00000000 status 00000001
	counters "a vector without IF waits", 0x35, INSTS
	run
	done
	state
	sti
	nop
	cli
;= level 3 only, overflow at level 3: none interrupts 00000001 entry 00010400 status 00000001
	counters "level 3 only, overflow at level 3", 0x400, INSTS&~(1<<17)
	run
	user
	run
	kernel
	done
	state
;= level 0 only, not at level 3: none interrupts 00000000 entry 00000000 status 00000000
	counters "level 0 only, not at level 3", 0x400, INSTS&~(1<<16)
	user
	run
	kernel
	done
	state
;= fixed counter 0: none interrupts 00000001 entry 00010400 status 0000000100000000
	mov dword [abs came], 0
	mov dword [abs LVTPC], 0x400
	try "fixed counter 0"
	msr FIXED0, -1000, 0xffff
	msr FCTRL, 0xb, 0
	msr GCTRL, 0xf, 7
	run
	done
	state
;= not enabled globally: none interrupts 00000000 entry 00000000 status 00000000
	counters "not enabled globally", 0x400, INSTS
	msr GCTRL, 0, 0
	run
	done
	state
	msr GCTRL, 0xf, 7
;= the status is cleared by its own register: none before 00000001 after 00000000
	mov dword [abs LVTPC], 0x10400
	try "the status is cleared by its own register"
	msr PMC0, -1000, 0
	msr SEL0, INSTS, 0
	run
	msr SEL0, 0, 0
	mov ecx, STATUS
	rdmsr
	mov [abs spare], eax
	msr OVF, 1, 0
	mov ecx, STATUS
	rdmsr
	mov [abs spare+4], eax
	done
	mov eax, [abs spare]
	also "before", rax
	mov eax, [abs spare+4]
	also "after", rax
	endline
;= the status register cannot be written: #GP(0000) +11
	try "the status register cannot be written"
	mov ecx, STATUS
	mov eax, 1
	mov edx, 0
	nop
	nop
	wrmsr
	done
	endline
;= RDPMC at level 3 without CR4.PCE: #GP(0000) +02
	try "RDPMC at level 3 without CR4.PCE"
	user
	xor ecx, ecx
	rdpmc
	kernel
	done
	endline
	mov rax, cr4
	or eax, 0x100
	mov cr4, rax
;= RDPMC of a counter that does not exist: #GP(0000) +05
	try "RDPMC of a counter that does not exist"
	mov ecx, 4
	rdpmc
	done
	endline
;= RDPMC at level 3: none value 0000123456789ABC
	msr PMC0, 0x56789abc, 0
	msr FIXED0, 0x56789abc, 0x1234
	try "RDPMC at level 3"
	user
	mov ecx, 1<<30
	rdpmc
	shl rdx, 32
	or rax, rdx
	mov [abs spare+ALIAS], rax
	kernel
	done
	mov rax, [abs spare]
	also "value", rax
	endline
	finish

; The handlers note the LVT entry as they find it.
nmi:	push rax
	inc dword [abs came]
	mov eax, [abs LVTPC]
	mov [abs lvt], eax
	pop rax
	iretq
fixed:	push rax
	inc dword [abs came]
	mov eax, [abs LVTPC]
	mov [abs lvt], eax
	mov dword [abs EOI], 0
	pop rax
	iretq

came	equ spare+0x60
lvt	equ spare+0x68
end_of_program:
