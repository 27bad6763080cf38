; Paging with five levels: canonical addresses of 57 bits and entries of the PML5 table. SDM Vol. 3A,
; "4-Level Paging and 5-Level Paging"; Vol. 1, "Canonical Addressing".

%define LA57
%include "long.inc"

UP	equ 1<<48                  ; entry 1 of PML5
BAD	equ 1<<56

; pml5 N, BITS, HIGH makes an entry that leads to the same PML4 as entry 0.
%macro pml5 3
	mov dword [abs PML5+8*(%1)], 0x80000|(%2)
	mov dword [abs PML5+8*(%1)+4], %3
	mov rax, cr3
	mov cr3, rax
%endmacro

main:	mov rax, cr0
	mov [abs spare+64], rax
;= the same memory, 2^48 above: none byte 000000A5
	pml5 1, P|W|U, 0
	mov byte [abs spare], 0xa5
	try "the same memory, 2^48 above"
	mov rax, UP+spare
	movzx eax, byte [rax]
	mov [abs spare+8], rax
	done
	also "byte", [abs spare+8]
	endline
;= bit 47 alone: #PF(0000) +0A
	try "bit 47 alone"
	mov rax, 1<<47
	mov al, [rax]
	done
	endline
;= bit 56 alone: #GP(0000) +0A
	try "bit 56 alone"
	mov rax, BAD
	mov al, [rax]
	done
	endline
;= bit 56 alone, by RBP: #SS(0000) +0A
	try "bit 56 alone, by RBP"
	mov rbp, BAD
	mov al, [rbp]
	done
	endline
;= bits 63 to 56: #PF(0000) +0A
	try "bits 63 to 56"
	mov rax, 0xff00000000000000
	mov al, [rax]
	done
	endline
;= bits 63 to 57: #GP(0000) +0A
	try "bits 63 to 57"
	mov rax, 0xfe00000000000000
	mov al, [rax]
	done
	endline
;= last byte not canonical: #GP(0000) +0A
	try "last byte not canonical"
	mov rax, BAD-1
	mov ax, [rax]
	done
	endline
;= JMP to what is not canonical: #GP(0000) +0A
	try "JMP to what is not canonical"
	mov rax, BAD
	jmp rax
	done
	endline
;= code 2^48 above: none RIP 00010000
	try "code 2^48 above"
	mov rax, UP+.code
	call rax
	jmp .back
.code:	lea rax, [rel .code]
	shr rax, 32
	mov [abs spare+8], rax
	ret
.back:	nop
	done
	also "RIP", [abs spare+8]
	endline
;= a handler 2^48 above: none RIP 00010000
	mov rax, UP+.handler
	mov [abs idt+0x31*16], ax
	shr rax, 16
	mov [abs idt+0x31*16+6], ax
	shr rax, 16
	mov [abs idt+0x31*16+8], eax
	try "a handler 2^48 above"
	int 0x31
	jmp .end
.handler: lea rax, [rel .handler]
	shr rax, 32
	mov [abs spare+8], rax
	iretq
.end:	nop
	done
	also "RIP", [abs spare+8]
	endline
;= WRMSR LSTAR, bit 47 alone: none
	try "WRMSR LSTAR, bit 47 alone"
	mov ecx, 0xc0000082
	mov edx, 0x8000
	xor eax, eax
	wrmsr
	done
	endline
;= WRMSR LSTAR, bit 56 alone: #GP(0000) +0C
	try "WRMSR LSTAR, bit 56 alone"
	mov ecx, 0xc0000082
	mov edx, 0x01000000
	xor eax, eax
	wrmsr
	done
	endline
;= a table 2^48 above: none
	mov rax, UP+gdt
	mov [abs spare+2], rax
	mov ax, [abs gdtr]
	mov [abs spare], ax
	lgdt [abs spare]
	try "a table 2^48 above"
	mov eax, FLATD
	mov ds, eax
	done
	lgdt [abs gdtr]
	endline
;= the entry is accessed, not dirty: none entry 00080027
	pml5 1, P|W|U, 0
	try "the entry is accessed, not dirty"
	mov rax, UP+spare
	mov [rax], al
	mov eax, [abs PML5+8]
	mov [abs spare+8], rax
	done
	also "entry", [abs spare+8]
	endline
;= absent entry: #PF(0002) +0A
	pml5 1, 0, 0
	try "absent entry"
	mov rax, UP+spare
	mov [rax], al
	done
	endline
;= read-only entry: #PF(0003) +0A
	pml5 1, P|U, 0
	try "read-only entry"
	mov rax, UP+spare
	mov [rax], al
	done
	endline
;= bit 7 of an entry is reserved: #PF(0009) +0A
	pml5 1, P|W|U|0x80, 0
	try "bit 7 of an entry is reserved"
	mov rax, UP+spare
	mov al, [rax]
	done
	endline
;= a supervisor's entry at level 3: #PF(0005) +0A
	pml5 1, P|W, 0
	try "a supervisor's entry at level 3"
	user
	mov rax, UP+ALIAS
	mov al, [rax]
	kernel
	done
	endline
;= XD in an entry: #PF(0011) +00
	pml5 1, P|W|U, 0x80000000
	try "XD in an entry"
	mov rax, UP+.code2
	mov [abs begin], rax
	jmp rax
.code2:	nop
	done
	endline
;= clear CR4.LA57 in 64-bit mode: #GP(0000) +00
	try "clear CR4.LA57 in 64-bit mode"
	mov rax, cr4
	and eax, ~0x1000
	mov qword [abs begin], .clear
.clear:	mov cr4, rax
	done
	endline
	finish
end_of_program:
