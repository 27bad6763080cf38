; From one mode to another: CR0, CR4 and EFER, and what the processor checks when paging and
; IA-32e mode begin and end. SDM Vol. 3A, "Control Registers", "Initializing IA-32e Mode",
; "Switching Out of IA-32e Mode Operation", "4.4.1 PDPTE Registers".

%include "protected.inc"

PML4	equ 0x80000
PDPT	equ 0x81000              ; of 4 levels; entry 0 is good for PAE as well, but for two flags
PAEPT	equ 0x82000              ; the four PDPTEs of PAE paging
PD	equ 0x83000
PD32	equ 0x84000              ; of 32-bit paging
EFER	equ 0xc0000080
PE	equ 1
NW	equ 1<<29
CD	equ 1<<30
PG	equ 1<<31
PSE	equ 0x10
PAE	equ 0x20
PCIDE	equ 0x20000

; cr NUMBER, VALUE loads a control register; EIP counts from the load.
%macro cr 2
	mov eax, %2
	mov dword [begin], %%at
%%at:	mov cr%1, eax
%endmacro
%macro efer 2
	mov ecx, EFER
	mov eax, %1
	mov edx, %2
	mov dword [begin], %%at
%%at:	wrmsr
%endmacro
; clean makes everything as it was.
%macro clean 0
	call plain
%endmacro

main:	mov eax, cr0
	and eax, ~(PG|CD|NW)
	mov [cr0_], eax
	mov eax, cr4
	and eax, ~(PAE|PCIDE)
	or eax, PSE
	mov [cr4_], eax
	mov edi, 0x80000
	mov ecx, 0x5000/4
	xor eax, eax
	rep stosd
	mov dword [PML4], PDPT+3
	mov dword [PDPT], PD+3
	mov dword [PAEPT], PD+1
	mov dword [PD], 0x83
	mov dword [PD+8], 0x200083
	mov dword [PD32], 0x83
	clean

;= CR0.NW without CR0.CD: #GP(0000) +00
	try "CR0.NW without CR0.CD"
	mov eax, [cr0_]
	or eax, NW
	cr 0, eax
	done
	clean
	endline
;= reserved bit of CR0: none CR0 00000001
	try "reserved bit of CR0"
	mov eax, [cr0_]
	or eax, 1<<20
	cr 0, eax
	mov eax, cr0
	and eax, 1<<20|1
	mov [spare], eax
	done
	clean
	also "CR0", [spare]
	endline
;= CR0.ET cannot be cleared: none CR0 00000010
	try "CR0.ET cannot be cleared"
	mov eax, [cr0_]
	and eax, ~0x10
	cr 0, eax
	mov eax, cr0
	and eax, 0x10
	mov [spare], eax
	done
	clean
	also "CR0", [spare]
	endline
;= CR4.PCIDE outside IA-32e mode: #GP(0000) +00
	try "CR4.PCIDE outside IA-32e mode"
	mov eax, [cr4_]
	or eax, PCIDE
	cr 4, eax
	done
	clean
	endline
;= CR8 outside 64-bit mode: #UD +00
	try "CR8 outside 64-bit mode"
	db 0x0f, 0x22, 0xc0+8*5    ; CR5: CR8 needs REX
	done
	endline

;= paging of 32 bits: none
	try "paging of 32 bits"
	cr 3, PD32
	mov eax, [cr0_]
	or eax, PG
	cr 0, eax
	done
	clean
	endline
;= PAE paging: none
	call paeon
	try "PAE paging"
	mov eax, [cr0_]
	or eax, PG
	cr 0, eax
	done
	clean
	endline
;= PAE paging, reserved bit of a PDPTE: #GP(0000) +00
	call paeon
	or dword [PAEPT+8], 3      ; R/W is reserved there
	try "PAE paging, reserved bit of a PDPTE"
	mov eax, [cr0_]
	or eax, PG
	cr 0, eax
	done
	clean
	endline
;= PAE paging, reserved bit of a PDPTE that is absent: none
	call paeon
	mov dword [PAEPT+8], 2
	try "PAE paging, reserved bit of a PDPTE that is absent"
	mov eax, [cr0_]
	or eax, PG
	cr 0, eax
	done
	clean
	endline
;= MOV CR3 with PAE, reserved bit of a PDPTE: #GP(0000) +00
	call paeon
	mov eax, [cr0_]
	or eax, PG
	mov cr0, eax
	mov dword [PAEPT+16], 0x1e1
	try "MOV CR3 with PAE, reserved bit of a PDPTE"
	cr 3, PAEPT
	done
	clean
	endline
;= EFER.LME with paging on: #GP(0000) +00
	call paeon
	mov eax, [cr0_]
	or eax, PG
	mov cr0, eax
	try "EFER.LME with paging on"
	efer 0x100, 0
	done
	clean
	endline
;= EFER, reserved bits: #GP(0000) +00
	try "EFER, reserved bits"
	efer 0x100, 1
	done
	clean
	endline
;= LMA is read-only: none EFER 00000100
	try "LMA is read-only"
	efer 0x500, 0
	mov ecx, EFER
	rdmsr
	mov [spare], eax
	done
	clean
	also "EFER", [spare]
	endline
;= IA-32e mode without CR4.PAE: #GP(0000) +00
	try "IA-32e mode without CR4.PAE"
	efer 0x100, 0
	cr 3, PML4
	mov eax, [cr0_]
	or eax, PG
	cr 0, eax
	done
	clean
	endline
;= IA-32e mode with CS.L: #GP(0000) +00
	call paeon
	try "IA-32e mode with CS.L"
	efer 0x100, 0
	cr 3, PML4
	jmp CODELD:.l
.l:	mov eax, [cr0_]
	or eax, PG
	cr 0, eax
	done
	clean
	endline
;= IA-32e mode with a 16-bit TSS: #GP(0000) +00
	call paeon
	mov ax, TSS16
	ltr ax
	try "IA-32e mode with a 16-bit TSS"
	efer 0x100, 0
	cr 3, PML4
	mov eax, [cr0_]
	or eax, PG
	cr 0, eax
	done
	clean
	mov byte [gdt+TSSMAIN+5], 0x89
	mov ax, TSSMAIN
	ltr ax
	endline
;= IA-32e mode: none EFER 00000500
	call paeon
	try "IA-32e mode"
	call longon
	mov ecx, EFER
	rdmsr
	mov [spare], eax
	call longoff
	done
	clean
	also "EFER", [spare]
	endline
;= leaving IA-32e mode clears LMA: none EFER 00000100
	call paeon
	try "leaving IA-32e mode clears LMA"
	call longon
	call longoff
	mov ecx, EFER
	rdmsr
	mov [spare], eax
	done
	clean
	also "EFER", [spare]
	endline
;= L is nothing before IA-32e mode: none EAX 00000001
	try "L is nothing before IA-32e mode"
	jmp CODELD:.old
.old:	xor eax, eax
	db 0x40                    ; INC EAX here, REX there
	nop
	mov [spare], eax
	jmp FLATC:.flat
.flat:	nop
	done
	clean
	also "EAX", [spare]
	endline
;= compatibility mode is entered by the next far jump: none EAX 00000001 then 00000000
	call paeon
	mov dword [spare], -1
	mov dword [spare+4], -1
	try "compatibility mode is entered by the next far jump"
	call longon
	xor eax, eax
	db 0x40
	nop
	mov [spare], eax
	jmp CODEL:.long
bits 64
.long:	xor eax, eax
	db 0x40                    ; REX
	nop
	mov [abs spare+4], eax
	push FLATC
	push .compat
	retfq
bits 32
.compat: call longoff
	done
	clean
	also "EAX", [spare]
	also "then", [spare+4]
	endline
;= PDPTEs are registers: none
	call paeon
	mov eax, [cr0_]
	or eax, PG
	mov cr0, eax
	mov dword [PAEPT], 0       ; seen only at the next load
	try "PDPTEs are registers"
	mov eax, cr4
	mov al, [0x1000]
	nop
	done
	mov dword [PAEPT], PD+1
	clean
	endline
;= reserved bit of CR4: #GP(0000) +00
	try "reserved bit of CR4"
	mov eax, [cr4_]
	or eax, 1<<31
	cr 4, eax
	done
	clean
	endline
;= CR0.PG without CR0.PE is left to no one: #GP(0000) +00
	try "CR0.PG without CR0.PE is left to no one"
	mov eax, [cr0_]
	and eax, ~PE
	or eax, PG
	cr 0, eax
	done
	clean
	endline
	finish

; paeon sets CR4.PAE and the directory pointers of PAE paging.
paeon:	mov eax, [cr4_]
	or eax, PAE
	mov cr4, eax
	mov eax, PAEPT
	mov cr3, eax
	ret

; longon and longoff begin and end IA-32e mode; exceptions are not possible between.
longon:	mov ecx, EFER
	mov eax, 0x100
	xor edx, edx
	wrmsr
	mov eax, PML4
	mov cr3, eax
	mov eax, [cr0_]
	or eax, PG
	mov cr0, eax
	ret
longoff: mov eax, [cr0_]
	mov cr0, eax
	ret

; plain is protected mode without paging.
plain:	mov eax, [cr0_]
	mov cr0, eax
	mov eax, [cr4_]
	mov cr4, eax
	xor eax, eax
	mov cr3, eax
	mov ecx, EFER
	xor edx, edx
	wrmsr
	mov dword [PAEPT], PD+1
	mov dword [PAEPT+8], 0
	mov dword [PAEPT+16], 0
	jmp FLATC:.here
.here:	ret

cr0_	equ spare+0x30
cr4_	equ spare+0x34

	tables
CODEL	equ $-gdt                 ; 30h
	desc 0, 0xfffff, 0x9b, 0xa
TSS16	equ $-gdt                 ; 38h
	desc spare, 0x2b, 0x81, 0
CODELD	equ $-gdt                 ; 40h: 32-bit code with L
	desc 0, 0xfffff, 0x9b, 0xe
gdt_end:
end_of_program:
