; Segments in protected mode: limits, expand-down, null selectors, loads, alignment checks,
; call gates, returns. SDM Vol. 3A, "Protection".

%include "protected.inc"

main:	mov dword [tss_main+4], STACKI
	mov dword [tss_main+8], FLATD

;= limit, last doubleword: none
	try "limit, last doubleword"
	mov ax, SMALL
	mov fs, ax
	mov eax, [fs:0xffc]
	done
	endline
;= limit, doubleword one byte too far: #GP(0000) +06
	try "limit, doubleword one byte too far"
	mov ax, SMALL
	mov fs, ax
	mov eax, [fs:0xffd]
	done
	endline
;= limit, last byte: none
	try "limit, last byte"
	mov ax, SMALL
	mov fs, ax
	mov al, [fs:0xfff]
	done
	endline
;= limit, stack segment: #SS(0000) +0C
	try "limit, stack segment"
	mov ax, SMALLS
	mov ss, ax
	mov esp, 0x800
	push eax
	mov eax, [ss:0xffd]
	done
	endline
;= limit in pages: #GP(0000) +0C
	try "limit in pages"
	mov ax, PAGES
	mov fs, ax
	mov al, [fs:0x1fff]
	mov al, [fs:0x2000]
	done
	endline
;= read-only: #GP(0000) +0C
	try "read-only"
	mov ax, READONLY
	mov fs, ax
	mov eax, [fs:0]
	mov [fs:0], eax
	done
	endline
;= write through CS: #GP(0000) +00
	try "write through CS"
	mov [cs:spare], eax
	done
	endline
;= execute-only, read: #GP(0000) +07
	try "execute-only, read"
	jmp EXECONLY:.there
.there:	mov eax, [cs:spare]
	done
	endline
;= expand-down, at the limit: #GP(0000) +06
	try "expand-down, at the limit"
	mov ax, DOWN32
	mov fs, ax
	mov al, [fs:0xfff]
	done
	endline
;= expand-down, above the limit: none
	try "expand-down, above the limit"
	mov ax, DOWN32
	mov fs, ax
	mov al, [fs:0x1000]
	done
	endline
;= expand-down, across the limit: #GP(0000) +06
	try "expand-down, across the limit"
	mov ax, DOWN32
	mov fs, ax
	mov eax, [fs:0xffe]
	done
	endline
;= expand-down 16-bit, last byte: none
	try "expand-down 16-bit, last byte"
	mov ax, DOWN16
	mov fs, ax
	mov al, [fs:0xffff]
	done
	endline
;= expand-down 16-bit, beyond 64 KiB: #GP(0000) +06
	try "expand-down 16-bit, beyond 64 KiB"
	mov ax, DOWN16
	mov fs, ax
	mov al, [fs:0x10000]
	done
	endline
;= expand-down 16-bit, across 64 KiB: #GP(0000) +06
	try "expand-down 16-bit, across 64 KiB"
	mov ax, DOWN16
	mov fs, ax
	mov ax, [fs:0xffff]
	done
	endline

;= null selector loaded: none
	try "null selector loaded"
	xor eax, eax
	mov fs, ax
	mov ax, 3
	mov gs, ax
	done
	endline
;= null selector used: #GP(0000) +04
	try "null selector used"
	xor eax, eax
	mov fs, ax
	mov eax, [fs:eax]
	done
	endline
;= null selector in SS: #GP(0000) +02
	try "null selector in SS"
	xor eax, eax
	mov ss, ax
	done
	endline
;= null selector in a far jump: #GP(0000) +00
	try "null selector in a far jump"
	jmp 3:0
	done
	endline
;= null selector in LTR: #GP(0000) +02
	try "null selector in LTR"
	xor eax, eax
	ltr ax
	done
	endline
	mov byte [gdt+TSSMAIN+5], 0x89 ; QEMU takes it, and has no TSS then
	mov ax, TSSMAIN
	ltr ax
;= null LDT, then a selector in it: #GP(0004) +09
	try "null LDT, then a selector in it"
	xor eax, eax
	lldt ax
	mov ax, 4
	mov fs, ax
	done
	endline
;= LTR of a busy TSS: #GP(0028) +04
	try "LTR of a busy TSS"
	mov ax, TSSMAIN
	ltr ax
	done
	endline

;= load, not present: #NP(0068) +04
	try "load, not present"
	mov ax, ABSENT
	mov fs, ax
	done
	endline
;= load SS, not present: #SS(0068) +04
	try "load SS, not present"
	mov ax, ABSENT
	mov ss, ax
	done
	endline
;= load, beyond the table: #GP(FFF8) +04
	try "load, beyond the table"
	mov ax, 0xfff8
	mov fs, ax
	done
	endline
;= load of a system segment: #GP(0028) +04
	try "load of a system segment"
	mov ax, TSSMAIN
	mov fs, ax
	done
	endline
;= load of execute-only code: #GP(0050) +04
	try "load of execute-only code"
	mov ax, EXECONLY
	mov fs, ax
	done
	endline
;= load of read-only data into SS: #GP(0048) +04
	try "load of read-only data into SS"
	mov ax, READONLY
	mov ss, ax
	done
	endline
;= load SS with another RPL: #GP(0010) +04
	try "load SS with another RPL"
	mov ax, FLATD|1
	mov ss, ax
	done
	endline
;= load DS at level 3, DPL 0: #GP(0010) +04
	try "load DS at level 3, DPL 0"
	user
	mov ax, FLATD|3
	mov ds, ax
	kernel
	done
	endline
;= load of conforming code at level 3: none
	try "load of conforming code at level 3"
	user
	mov ax, CONFORM
	mov fs, ax
	kernel
	done
	endline
;= return to level 3 clears DS: #GP(0000) +00
	try "return to level 3 clears DS"
	push dword USERD
	push dword STACK3
	pushfd
	push dword USERC
	push dword .go
	mov dword [begin], .go
	iretd
.go:	mov eax, [spare]
	kernel
	done
	endline

;= alignment at level 3: #AC(0000) +01
	mov eax, cr0
	or eax, 1<<18
	mov cr0, eax
	try "alignment at level 3"
	push dword 0x40002
	popfd
	user_ds
	nop
	mov eax, [spare+1]
	kernel
	done
	endline
;= alignment at level 3, word: #AC(0000) +00
	try "alignment at level 3, word"
	push dword 0x40002
	popfd
	user_ds
	mov ax, [spare+1]
	kernel
	done
	endline
;= alignment at level 3, byte: none
	try "alignment at level 3, byte"
	push dword 0x40002
	popfd
	user_ds
	mov al, [spare+1]
	kernel
	done
	endline
;= alignment at level 3, stack: #AC(0000) +03
	try "alignment at level 3, stack"
	push dword 0x40002
	popfd
	user_ds
	sub esp, 2
	push eax
	kernel
	done
	endline
;= alignment at level 0: none
	try "alignment at level 0"
	push dword 0x40002
	popfd
	mov eax, [spare+1]
	done
	endline
;= limit before alignment: #GP(0000) +06
	try "limit before alignment"
	push dword 0x40002
	popfd
	user_ds
	mov ax, SMALL|3
	mov fs, ax
	mov eax, [fs:0xffd]
	kernel
	done
	endline
	mov eax, cr0
	and eax, ~(1<<18)
	mov cr0, eax

;= call gate to level 0: none SS 00000010 ESP 00073FE8 CS 0000001B param 12345678 second 9ABCDEF0
	try "call gate to level 0"
	mov dword [begin], 0
	user_ds
	push dword 0x9abcdef0
	push dword 0x12345678
	call GATE2|3:0
.back:	kernel
	done
	also "SS", [spare]
	also "ESP", [spare+4]
	also "CS", [spare+8]
	also "param", [spare+12]
	also "second", [spare+16]
	endline
;= call gate, DPL below CPL: #GP(0080) +00
	try "call gate, DPL below CPL"
	user
	call GATE0|3:0
	kernel
	done
	endline
;= call gate, RPL above DPL: #GP(0080) +00
	try "call gate, RPL above DPL"
	call GATE0|3:0
	done
	endline
;= call gate, not present: #NP(0088) +00
	try "call gate, not present"
	call GATEABS:0
	done
	endline
;= call gate to data: #GP(0010) +00
	try "call gate to data"
	call GATEDATA:0
	done
	endline
;= call gate to absent code: #NP(00A0) +00
	try "call gate to absent code"
	call GATENP:0
	done
	endline
;= call gate to a null selector: #GP(0000) +00
	try "call gate to a null selector"
	call GATENULL:0
	done
	endline
;= jump through a gate to more privileged code: #GP(0008) +00
	try "jump through a gate to more privileged code"
	user
	jmp GATE2|3:0
	kernel
	done
	endline
;= call gate, SS1 null: #TS(0000) +00
	mov dword [tss_main+0x0c], STACKI-0x1000
	mov dword [tss_main+0x10], 0
	try "call gate, SS1 null"
	user
	call GATE1|3:0
	kernel
	done
	endline
;= call gate, SS1 of level 3: #TS(0020) +00
	mov dword [tss_main+0x10], USERD
	try "call gate, SS1 of level 3"
	user
	call GATE1|3:0
	kernel
	done
	endline
;= call gate, SS1 absent: #SS(00C8) +00
	mov dword [tss_main+0x10], ABSENT1|1
	try "call gate, SS1 absent"
	user
	call GATE1|3:0
	kernel
	done
	endline
;= call gate, no room on the new stack: #SS(00D0) +00
	mov dword [tss_main+0x10], STACK1|1
	mov dword [tss_main+0x0c], 0x1004
	try "call gate, no room on the new stack"
	user
	call GATE1|3:0
	kernel
	done
	endline

;= RETF to code, RPL below CPL: #GP(0008) +05
	try "RETF to code, RPL below CPL"
	user
	push dword FLATC
	push dword 0
	db 0x90
	retf
	kernel
	done
	endline
;= RETF to a null selector: #GP(0000) +04
	try "RETF to a null selector"
	push dword 0
	push dword 0
	retf
	done
	endline
;= RETF beyond the limit: #GP(0000) +0A
	try "RETF beyond the limit"
	push dword SMALLC
	push dword 0x1000
	retf
	done
	endline
;= RETF to level 3, SS null: #GP(0000) +10
	try "RETF to level 3, SS null"
	push byte 0
	push dword STACK3
	push byte USERC
	push dword spare
	nop
	nop
	retf
	done
	endline
;= RETF to level 3, SS of level 0: #GP(0010) +10
	try "RETF to level 3, SS of level 0"
	push byte FLATD|3
	push dword STACK3
	push byte USERC
	push dword spare
	nop
	nop
	retf
	done
	endline
;= RETF to level 3, SS absent: #SS(00B0) +12
	try "RETF to level 3, SS absent"
	push dword ABSENT3|3
	push dword STACK3
	push byte USERC
	push dword spare
	nop
	retf
	done
	endline
;= IRET to level 3, RPL of SS: #GP(0020) +0F
	try "IRET to level 3, RPL of SS"
	push byte USERD&~3
	push dword STACK3
	pushfd
	push byte USERC
	push dword spare
	iretd
	done
	endline
;= IRET beyond the limit: #GP(0000) +0B
	try "IRET beyond the limit"
	pushfd
	push dword SMALLC
	push dword 0x1000
	iretd
	done
	endline
;= IRET to data: #GP(0010) +08
	try "IRET to data"
	pushfd
	push byte FLATD
	push dword spare
	iretd
	done
	endline
;= IRET at level 3 keeps IF and IOPL: none flags 00000002
	try "IRET at level 3 keeps IF and IOPL"
	user_ds
	push dword 0x3202
	push dword USERC
	push dword .iret
	iretd
.iret:	pushfd
	pop dword [spare]
	kernel
	done
	also "flags", [spare]
	endline
	finish

; entered through GATE2
gated:	mov ax, FLATD
	mov ds, ax
	mov eax, ss
	mov [spare], eax
	mov [spare+4], esp
	mov eax, [esp+4]
	mov [spare+8], eax
	mov eax, [esp+8]
	mov [spare+12], eax
	mov eax, [esp+12]
	mov [spare+16], eax
	retf 8

	tables
SMALL	equ $-gdt
	desc 0x50000, 0xfff, 0xf3, 4
SMALLS	equ $-gdt
	desc 0x50000, 0xfff, 0x93, 4
PAGES	equ $-gdt
	desc 0x50000, 1, 0x93, 0xc
READONLY equ $-gdt
	desc 0x50000, 0xffff, 0x91, 4
EXECONLY equ $-gdt
	desc 0, 0xfffff, 0x99, 0xc
DOWN32	equ $-gdt
	desc 0x50000, 0xfff, 0x97, 4
DOWN16	equ $-gdt
	desc 0x50000, 0xfff, 0x97, 0
ABSENT	equ $-gdt
	desc 0x50000, 0xfff, 0x13, 4
CONFORM	equ $-gdt
	desc 0, 0xfffff, 0x9f, 0xc
GATE2	equ $-gdt
	gate gated, FLATC, 0xec, 2
GATE0	equ $-gdt
	gate gated, FLATC, 0x8c, 0
GATEABS	equ $-gdt
	gate gated, FLATC, 0x0c, 0
GATEDATA equ $-gdt
	gate gated, FLATD, 0x8c, 0
GATENULL equ $-gdt
	gate gated, 0, 0x8c, 0
ABSENTC	equ $-gdt
	desc 0, 0xfffff, 0x1b, 0xc
GATENP	equ $-gdt
	gate gated, ABSENTC, 0x8c, 0
ABSENT3	equ $-gdt
	desc 0x50000, 0xfff, 0x73, 4
SMALLC	equ $-gdt
	desc 0, 0xfff, 0x9b, 4
CODE1	equ $-gdt
	desc 0, 0xfffff, 0xbb, 0xc
ABSENT1	equ $-gdt
	desc 0, 0xfffff, 0x33, 0xc
STACK1	equ $-gdt              ; expand-down: only from 1000h on
	desc 0x50000, 0xfff, 0xb7, 4
GATE1	equ $-gdt
	gate gated, CODE1, 0xec, 0
gdt_end:
end_of_program:
