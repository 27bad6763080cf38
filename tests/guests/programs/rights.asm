; 64-bit mode: the stacks of handlers (IST, RSP0) and what is wrong with them, protection keys, CR0.WP,
; SMAP with accesses that no operand makes, UMIP. SDM Vol. 3A, "Interrupt Stack Table", "Stack
; Switching in IA-32e Mode", "Determination of Access Rights", "Protection Keys"; Vol. 2B, "WRPKRU".

%include "long.inc"

BAD	equ 0x0100000000000000     ; not canonical, with 57 bits neither
IST1	equ 0x76008              ; not aligned
IST2	equ 0x77000
KEY	equ 5
PK	equ 0x28000000             ; the key in the upper half of an entry
AD	equ 1<<(2*KEY)             ; access disabled
WD	equ 2<<(2*KEY)

; page BITS, HIGH makes the test's page.
%macro page 2
	mov dword [abs ENTRY], 0x90000|(%1)
	mov dword [abs ENTRY+4], %2
	invlpg [abs PAGE]
%endmacro
; ist VECTOR, N changes a gate.
%macro ist 2
	mov byte [abs idt+(%1)*16+4], %2
%endmacro
%macro pkru 1
	mov eax, %1
	xor ecx, ecx
	xor edx, edx
	wrpkru
%endmacro

main:	mov rax, IST1
	mov [abs tss+0x24], rax
	mov rax, IST2
	mov [abs tss+0x2c], rax
	mov rax, BAD
	mov [abs tss+0x34], rax

; where finds how far below a stack the frame was: handler stores RSP itself
;= INT, the present stack is aligned: #V50 +02 RSP 0006FFC8 old 0006FFF8
	mov dword [abs idt+0x32*16+4], 0xee00
	mov rax, probe-0
	mov [abs idt+0x32*16], ax
	try "INT, the present stack is aligned"
	mov rsp, STACK0-8
	mov qword [abs begin], .int
.int:	int 0x32
	done
	also "RSP", [abs spare]
	also "old", [abs rsp_at]
	endline
;= INT with IST, aligned: #V50 +02 RSP 00075FD8 old 00070000
	ist 0x32, 1
	try "INT with IST, aligned"
	mov rsp, STACK0
	mov qword [abs begin], .ist
.ist:	int 0x32
	done
	also "RSP", [abs spare]
	also "old", [abs rsp_at]
	endline
;= INT with IST at level 3: #V50 +02 RSP 00075FD8 SS 00000000
	try "INT with IST at level 3"
	user
	int 0x32
	done
	also "RSP", [abs spare]
	also "SS", [abs spare+8]
	endline
;= INT from level 3, RSP0: #V50 +02 RSP 00073FD8 SS 00000000
	ist 0x32, 0
	try "INT from level 3, RSP0"
	user
	int 0x32
	done
	also "RSP", [abs spare]
	also "SS", [abs spare+8]
	endline
	ist 12, 2                  ; #SS and #DF have good stacks from now on
	ist 8, 2
;= IST not canonical, INT: #SS(0000) +00
	ist 0x32, 3
	try "IST not canonical, INT"
	mov qword [abs begin], .bad
.bad:	int 0x32
	done
	endline
;= IST not canonical, #UD: #SS(0001) +00
	ist 6, 3
	try "IST not canonical, #UD"
	ud2
	done
	endline
	ist 6, 0
;= IST not canonical, #GP: #DF(0000) +0A
	ist 13, 3
	try "IST not canonical, #GP"
	mov rax, BAD
	mov al, [rax]
	done
	endline
;= IST not canonical, #PF: #DF(0000) +00
	ist 14, 3
	page 0, 0
	try "IST not canonical, #PF"
	mov al, [abs PAGE]
	done
	endline
	ist 13, 0
	ist 14, 0
;= RSP0 not canonical, INT: #SS(0000) +00
	mov rax, BAD
	mov [abs tss+4], rax
	ist 0x32, 0
	try "RSP0 not canonical, INT"
	user
	int 0x32
	done
	endline
;= RSP0 not canonical, #UD: #SS(0001) +00
	try "RSP0 not canonical, #UD"
	user
	ud2
	done
	endline
;= RSP0 not canonical, #GP: #DF(0000) +0A
	try "RSP0 not canonical, #GP"
	user
	mov rax, BAD
	mov al, [rax]
	done
	endline
;= RSP0 not canonical, and IST of #SS neither: #DF(0000) +00
	ist 12, 3
	try "RSP0 not canonical, and IST of #SS neither"
	user
	ud2
	done
	endline
	ist 12, 2
;= RSP0 absent, #UD: #PF(0002) +00
	page 0, 0
	mov qword [abs tss+4], PAGE+0x1000
	ist 14, 1
	try "RSP0 absent, #UD"
	user
	ud2
	done
	endline
;= RSP0 absent, #PF: #DF(0000) +00
	ist 14, 0
	try "RSP0 absent, #PF"
	user
	mov al, [abs PAGE+ALIAS]
	done
	endline
	mov qword [abs tss+4], STACKI

;= RDPKRU without CR4.PKE: #UD +02
	try "RDPKRU without CR4.PKE"
	xor ecx, ecx
	rdpkru
	done
	endline
	mov rax, cr4
	or eax, 0x400000
	mov cr4, rax
;= WRPKRU, ECX not 0: #GP(0000) +09
	try "WRPKRU, ECX not 0"
	mov ecx, 1
	xor eax, eax
	xor edx, edx
	wrpkru
	done
	endline
;= WRPKRU, EDX not 0: #GP(0000) +09
	try "WRPKRU, EDX not 0"
	mov edx, 1
	xor eax, eax
	xor ecx, ecx
	wrpkru
	done
	endline
;= RDPKRU, ECX not 0: #GP(0000) +05
	try "RDPKRU, ECX not 0"
	mov ecx, 1
	rdpkru
	done
	endline
;= key, access disabled, read: #PF(0021) +00
	page P|W|U, PK
	pkru AD
	try "key, access disabled, read"
	mov al, [abs PAGE]
	done
	endline
;= key, access disabled, write: #PF(0023) +00
	try "key, access disabled, write"
	mov [abs PAGE], al
	done
	endline
;= key, access disabled, read at level 3: #PF(0025) +05
	mov dword [abs 0x83000+8], 0x84000|P|W|U ; the page for level 3
	try "key, access disabled, read at level 3"
	user
	mov ecx, PAGE
	mov al, [rcx]
	kernel
	done
	endline
;= key, access disabled, fetch: #UD +00
	page P|W|U, PK
	mov word [abs 0x90000], 0x0b0f ; UD2
	try "key, access disabled, fetch"
	mov eax, PAGE
	mov [abs begin], rax
	jmp rax
	done
	endline
;= key, writes disabled, read: none
	pkru WD
	try "key, writes disabled, read"
	mov al, [abs PAGE]
	done
	endline
;= key, writes disabled, write at level 3: #PF(0027) +05
	try "key, writes disabled, write at level 3"
	user
	mov ecx, PAGE
	mov [rcx], al
	kernel
	done
	endline
;= key, writes disabled, write at level 0 without CR0.WP: none
	mov rax, cr0
	and eax, ~0x10000
	mov cr0, rax
	try "key, writes disabled, write at level 0 without CR0.WP"
	mov [abs PAGE], al
	done
	endline
	mov rax, cr0
	or eax, 0x10000
	mov cr0, rax
;= key, writes disabled, write at level 0 with CR0.WP: #PF(0023) +00
	try "key, writes disabled, write at level 0 with CR0.WP"
	mov [abs PAGE], al
	done
	endline
;= key of a supervisor's page is nothing: none
	page P|W, PK
	pkru AD
	try "key of a supervisor's page is nothing"
	mov al, [abs PAGE]
	mov [abs PAGE], al
	done
	endline
;= rights come before the key: #PF(0007) +05
	page P|U, PK
	try "rights come before the key"
	pkru 0
	user
	mov ecx, PAGE
	mov [rcx], al
	kernel
	done
	endline
;= absent page with a key: #PF(0000) +00
	page U, PK
	pkru AD
	try "absent page with a key"
	mov al, [abs PAGE]
	done
	endline
	pkru 0

;= CR0.WP, user's read-only page: #PF(0003) +00
	page P|U, 0
	try "CR0.WP, user's read-only page"
	mov [abs PAGE], al
	done
	endline
	mov rax, cr0
	and eax, ~0x10000
	mov cr0, rax
;= without CR0.WP: none
	try "without CR0.WP"
	mov [abs PAGE], al
	done
	endline

	mov rax, cr4
	or eax, 0x200800           ; SMAP, UMIP
	mov cr4, rax
; an LDT in a user's page
	page P|W|U, 0
	mov rax, [abs gdt+FLATD]
	stac
	mov [abs PAGE], rax
	clac
	mov dword [abs gdt+0x40], 0xff|(PAGE&0xffff)<<16
	mov dword [abs gdt+0x44], 0x8200|PAGE>>16
	mov qword [abs gdt+0x48], 0
	mov eax, 0x40
	lldt ax
;= SMAP, a descriptor in a user's page: #PF(0001) +05
	try "SMAP, a descriptor in a user's page"
	mov eax, 4
	mov ds, eax
	done
	endline
;= SMAP, a descriptor in a user's page, AC set: #PF(0001) +08
	try "SMAP, a descriptor in a user's page, AC set"
	stac
	mov eax, 4
	mov ds, eax
	done
	endline
;= UMIP, SGDT at level 3: #GP(0000) +00
	try "UMIP, SGDT at level 3"
	user
	sgdt [abs spare+ALIAS]
	kernel
	done
	endline
;= UMIP, SIDT at level 3: #GP(0000) +00
	try "UMIP, SIDT at level 3"
	user
	sidt [abs spare+ALIAS]
	kernel
	done
	endline
;= UMIP, SLDT at level 3: #GP(0000) +00
	try "UMIP, SLDT at level 3"
	user
	sldt eax
	kernel
	done
	endline
;= UMIP, STR at level 3: #GP(0000) +00
	try "UMIP, STR at level 3"
	user
	str eax
	kernel
	done
	endline
;= UMIP, SMSW at level 3: #GP(0000) +00
	try "UMIP, SMSW at level 3"
	user
	smsw eax
	kernel
	done
	endline
;= UMIP at level 0: none
	try "UMIP at level 0"
	sgdt [abs spare]
	smsw eax
	str eax
	done
	endline
	finish

; probe is a handler that notes its stack.
probe:	mov [abs spare], rsp
	push rax
	mov eax, ss
	mov [abs spare+8], rax
	pop rax
	push 0
	push 0x32
	jmp taken
end_of_program:
