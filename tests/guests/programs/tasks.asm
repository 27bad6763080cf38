; Task switches: which descriptors are busy, what is nested, and what is checked in which order.
; SDM Vol. 3A, "Task Management", tables "Exception Conditions Checked During a Task Switch" and
; "Effect of a Task Switch on Busy Flag, NT Flag, Previous Task Link Field, and TS Flag".

%include "protected.inc"

; set FIELD, VALUE changes the TSS of the other task.
%macro set 2
	mov dword [tss_a+%1], %2
%endmacro
T_ESP0	equ 4
T_SS0	equ 8
T_EIP	equ 0x20
T_FLAGS	equ 0x24
T_ESP	equ 0x38
T_ES	equ 0x48
T_CS	equ 0x4c
T_SS	equ 0x50
T_DS	equ 0x54
T_FS	equ 0x58
T_GS	equ 0x5c
T_LDT	equ 0x60
T_T	equ 0x64

; switch "name" begins a test with fresh tasks; EIP counts from the first instruction of the other.
%macro switch 1
	call fresh
	try %1
	mov dword [begin], other
%endmacro

H_SP0	equ 2
H_SS0	equ 4
H_IP	equ 0x0e
H_FLAGS	equ 0x10
H_AX	equ 0x12
H_SP	equ 0x1a
H_DI	equ 0x20
H_ES	equ 0x22
H_CS	equ 0x24
H_SS	equ 0x26
H_DS	equ 0x28
STACK16	equ 0x5000
STACKH	equ 0x4000

; switch16 is switch to a task with a 16-bit TSS.
%macro switch16 1
	call fresh16
	try %1
	mov dword [begin], other16
%endmacro

main:	mov eax, [idt+13*8]
	mov [stub13at], eax
	mov eax, [idt+13*8+4]
	mov [stub13at+4], eax
	mov word [idt+0x32*8], look0
	mov byte [idt+0x32*8+5], 0xee
	mov dword [tss_main+4], STACKI
	mov dword [tss_main+8], FLATD
	mov word [tss_main+0x66], 0x68
	mov eax, TSSF8<<16       ; #DF, #TS, #NP and #SS are tasks: the stack may be the culprit
	mov [idt+8*8], eax
	mov dword [idt+8*8+4], 0x8500
	mov eax, TSSF10<<16
	mov [idt+10*8], eax
	mov dword [idt+10*8+4], 0x8500
	mov eax, TSSF11<<16
	mov [idt+11*8], eax
	mov dword [idt+11*8+4], 0x8500
	mov eax, TSSF12<<16
	mov [idt+12*8], eax
	mov dword [idt+12*8+4], 0x8500

;= jump to a task: none TR 00000030 flags 00000002 main 00000089 new 0000008B TS 00000008 link 00000000
	switch "jump to a task"
	jmp TSSA:0x12345678
	done
	call state
	endline
;= call of a task: none TR 00000030 flags 00004002 main 0000008B new 0000008B TS 00000008 link 00000028
	switch "call of a task"
	call TSSA:0
	done
	call state
	endline
;= call of a task and IRET: none TR 00000028 flags 00000046 main 0000008B new 00000089 TS 00000008 link 00000028
	switch "call of a task and IRET"
	set T_EIP, return
	call TSSA:0
	call look
	done
	call state
	endline
;= IRET leaves EIP behind itself: none EIP 00000001
	try "IRET leaves EIP behind itself"
	done
	mov eax, [tss_a+T_EIP]
	sub eax, return
	also "EIP", eax
	endline
;= the old task's EIP is behind the jump: none EIP 00000007
	switch "the old task's EIP is behind the jump"
	mov dword [begin], .jump
.jump:	jmp TSSA:0
	done
	mov eax, [tss_main+T_EIP]
	sub eax, .jump
	also "EIP", eax
	endline
;= jump through a task gate: none TR 00000030 flags 00000002 main 00000089 new 0000008B TS 00000008 link 00000000
	switch "jump through a task gate"
	jmp TASKGATE:0
	done
	call state
	endline
;= task gate, DPL below CPL: #GP(0070) +00
	switch "task gate, DPL below CPL"
	user
	jmp TASKGATE|3:0
	kernel
	done
	endline
;= jump to a busy task: #GP(0028) +00
	call fresh
	try "jump to a busy task"
	jmp TSSMAIN:0
	done
	endline
;= call of a busy task: #GP(0028) +00
	call fresh
	try "call of a busy task"
	call TSSMAIN:0
	done
	endline
;= task absent: #NP(0038) +00
	call fresh
	try "task absent"
	jmp TSSABS:0
	done
	endline
;= TSS too short: #TS(0040) +00
	call fresh
	try "TSS too short"
	jmp TSSSHORT:0
	done
	endline
;= TSS selector in the LDT: #GP(0034) +00
	call fresh
	try "TSS selector in the LDT"
	jmp TSSA|4:0
	done
	endline
;= IRET to an available task: #TS(0030) +06
	call fresh
	mov word [tss_main], TSSA
	try "IRET to an available task"
	push dword 0x4002
	popfd
	iretd
	done
	endline
;= IRET to no task: #TS(0010) +06
	call fresh
	mov word [tss_main], FLATD
	try "IRET to no task"
	push dword 0x4002
	popfd
	iretd
	done
	endline
	mov word [tss_main], 0

;= new LDT not an LDT: #TS(0010) +00
	switch "new LDT not an LDT"
	set T_LDT, FLATD
	jmp TSSA:0
	done
	endline
;= new LDT absent: #TS(0078) +00
	switch "new LDT absent"
	set T_LDT, LDTABS
	jmp TSSA:0
	done
	endline
;= new CS null: #TS(0000) +00
	switch "new CS null"
	set T_CS, 0
	jmp TSSA:0
	done
	endline
;= new CS is data: #TS(0010) +00
	switch "new CS is data"
	set T_CS, FLATD
	jmp TSSA:0
	done
	endline
;= new CS, RPL not DPL: #TS(0008) +00
	switch "new CS, RPL not DPL"
	set T_CS, FLATC|3
	set T_SS, USERD
	jmp TSSA:0
	done
	endline
;= new CS absent: #NP(0080) +00
	switch "new CS absent"
	set T_CS, CODEABS
	jmp TSSA:0
	done
	endline
;= new SS null: #TS(0000) +00
	switch "new SS null"
	set T_SS, 0
	jmp TSSA:0
	done
	endline
;= new SS read-only: #TS(0090) +00
	switch "new SS read-only"
	set T_SS, READONLY
	jmp TSSA:0
	done
	endline
;= new SS of level 3: #TS(0020) +00
	switch "new SS of level 3"
	set T_SS, USERD
	jmp TSSA:0
	done
	endline
;= new SS absent: #SS(0088) +00
	switch "new SS absent"
	set T_SS, DATAABS
	jmp TSSA:0
	done
	endline
;= new DS is a TSS: #TS(0028) +00
	switch "new DS is a TSS"
	set T_DS, TSSMAIN
	jmp TSSA:0
	done
	endline
;= new DS absent: #NP(0088) +00
	switch "new DS absent"
	set T_DS, DATAABS
	jmp TSSA:0
	done
	endline
;= new GS beyond the table: #TS(FFF8) +00
	switch "new GS beyond the table"
	set T_GS, 0xfff8
	jmp TSSA:0
	done
	endline
;= new DS null: none
	switch "new DS null"
	set T_DS, 0
	jmp TSSA:0
	done
	endline
;= new EIP beyond the limit: #GP(0000) +00
	switch "new EIP beyond the limit"
	set T_CS, SMALLC
	jmp TSSA:0
	done
	endline
;= debug trap bit: #DB +00 DR6 FFFF8FF0
	switch "debug trap bit"
	mov eax, 0xffff0ff0
	mov dr6, eax
	set T_T, 1
	jmp TSSA:0
	done
	mov eax, dr6
	also "DR6", eax
	endline
;= task at level 3: none CS 0000001B
	switch "task at level 3"
	set T_CS, USERC
	set T_SS, USERD
	set T_DS, USERD
	set T_EIP, level3
	jmp TSSA:0
	done
	also "CS", [cs_at]
	endline
; The stack of level 0 is at fault. SDM Vol. 2A, "INT n/INTO/INT3/INT1", label
; INTER-PRIVILEGE-LEVEL-INTERRUPT: with bit EXT set but for INT n.
;= SS0 null, INT: #TS(0000) +00
	call fresh
	mov dword [tss_main+8], 0
	try "SS0 null, INT"
	user
	int 0x30
	done
	endline
;= SS0 null, #UD: #TS(0001) +00
	call fresh
	try "SS0 null, #UD"
	user
	ud2
	done
	endline
;= SS0 null, #DE: #DF(0000) +02
	call fresh
	try "SS0 null, #DE"
	user
	xor ecx, ecx
	div ecx
	done
	endline
;= SS0 absent, #UD: #SS(0089) +00
	call fresh
	mov dword [tss_main+8], DATAABS
	try "SS0 absent, #UD"
	user
	ud2
	done
	endline
;= SS0 absent, #GP: #DF(0000) +04
	call fresh
	try "SS0 absent, #GP"
	user
	mov ax, 0xfff8
	mov fs, ax
	done
	endline
;= SS0 of level 3, #UD: #TS(0021) +00
	call fresh
	mov dword [tss_main+8], USERD&~3
	try "SS0 of level 3, #UD"
	user
	ud2
	done
	endline
	mov dword [tss_main+8], FLATD

; Tasks with a 16-bit TSS. SDM Vol. 3A, "16-Bit Task-State Segment (TSS)".
;= jump to a 16-bit task: none TR 000000A0 flags 00000002 main 00000089 new 00000083 TS 00000008 link 00000000
	switch16 "jump to a 16-bit task"
	jmp TSS16:0
	done
	call state
	endline
;= registers of a 16-bit task: none AX 00001111 DI 00008888 ES 00000010 DS 00000010
	switch16 "registers of a 16-bit task"
	jmp TSS16:0
	done
	movzx eax, word [spare+24]
	also "AX", eax
	movzx eax, word [spare+28]
	also "DI", eax
	movzx eax, word [spare+32]
	also "ES", eax
	movzx eax, word [spare+36]
	also "DS", eax
	endline
;= call of a 16-bit task: none TR 000000A0 flags 00004002 main 0000008B new 00000083 TS 00000008 link 00000028
	switch16 "call of a 16-bit task"
	call TSS16:0
	done
	call state
	endline
;= call of a 16-bit task and IRET: none TR 00000028 flags 00000046 main 0000008B new 00000081 TS 00000008 link 00000028
	switch16 "call of a 16-bit task and IRET"
	mov word [tss_16+H_IP], return
	call TSS16:0
	call look16
	done
	call state
	endline
;= a 16-bit task is saved: none IP 00000005 flags 00000002 AX 00002222 SS 000000B0 link 00000028
	switch16 "a 16-bit task is saved"
	mov word [tss_16+H_IP], leave16
	call TSS16:0
	done
	movzx eax, word [tss_16+H_IP]
	sub eax, leave16
	also "IP", eax
	movzx eax, word [tss_16+H_FLAGS]
	also "flags", eax
	movzx eax, word [tss_16+H_AX]
	also "AX", eax
	movzx eax, word [tss_16+H_SS]
	also "SS", eax
	movzx eax, word [tss_16]
	also "link", eax
	endline
;= a 16-bit TSS too short: #TS(00A8) +00
	call fresh16
	try "a 16-bit TSS too short"
	jmp TSS16SHORT:0
	done
	endline
;= interrupt to a 16-bit task: none TR 000000A0 flags 00004002 main 0000008B new 00000083 TS 00000008 link 00000028
	call fresh16
	mov dword [idt+0x31*8], TSS16<<16
	mov dword [idt+0x31*8+4], 0x8500
	try "interrupt to a 16-bit task"
	int 0x31
	done
	call state
	endline
;= the error code of a 16-bit task is a word: none code 0000FFF8 SP 00000002
	call fresh16
	mov dword [idt+13*8], TSS16<<16
	mov dword [idt+13*8+4], 0x8500
	try "the error code of a 16-bit task is a word"
	mov ax, 0xfff8
	mov fs, ax
	done
	mov eax, [stub13at]
	mov [idt+13*8], eax
	mov eax, [stub13at+4]
	mov [idt+13*8+4], eax
	movzx eax, word [STACK16-2]
	also "code", eax
	mov eax, STACK16
	sub ax, [spare+40]
	also "SP", eax
	endline
;= the stacks of a 16-bit TSS: INT 32 +02 SS 00000010 ESP 00003FEC
	call fresh16
	mov ax, TSS16
	mov byte [gdt+TSS16+5], 0x81
	ltr ax
	try "the stacks of a 16-bit TSS"
	user
	int 0x32
	done
	also "SS", [spare+44]
	also "ESP", [spare+48]
	endline
;= a 16-bit TSS has no I/O bitmap: #GP(0000) +00
	call fresh16
	mov ax, TSS16
	mov byte [gdt+TSS16+5], 0x81
	ltr ax
	try "a 16-bit TSS has no I/O bitmap"
	user
	in al, 0x80
	kernel
	done
	endline
;= the T bit is not of a 16-bit TSS: none
	switch16 "the T bit is not of a 16-bit TSS"
	mov dword [tss_16+0x2c], -1
	mov dword [tss_16+0x64], -1
	jmp TSS16:0
	done
	endline
	finish

; the other task
other:	call look
	jmp resume
return:	iretd
other16: mov [spare+24], eax
	mov [spare+28], edi
	mov [spare+32], es
	mov [spare+36], ds
	mov [spare+40], esp
	call look16
	jmp resume
leave16: mov ax, 0x2222
	iretd

; look0 is where INT 32h leads.
look0:	mov ax, FLATD
	mov ds, ax
	mov [spare+44], ss
	mov [spare+48], esp
	mov dword [spare+44+2], 0
	mov [spare+48], esp
	push dword 0
	push dword 0x32
	jmp taken

; look16 is look for the 16-bit task.
look16:	call look
	movzx eax, byte [gdt+TSS16+5]
	mov [spare+12], eax
	movzx eax, word [tss_16]
	mov [spare+20], eax
	ret

; fresh16 is fresh for the 16-bit task.
fresh16: call fresh
	mov byte [gdt+TSS16+5], 0x81
	mov edi, tss_16
	mov ecx, 0x70/4
	xor eax, eax
	rep stosd
	mov word [tss_16+H_SP0], STACKH
	mov word [tss_16+H_SS0], FLATD
	mov word [tss_16+H_IP], other16
	mov word [tss_16+H_FLAGS], 2
	mov dword [tss_16+H_AX], 0x1111
	mov word [tss_16+H_SP], STACK16
	mov word [tss_16+H_DI], 0x8888
	mov word [tss_16+H_ES], FLATD
	mov word [tss_16+H_CS], FLATC
	mov word [tss_16+H_SS], DATA16
	mov word [tss_16+H_DS], FLATD
	ret
level3:	kernel

; look writes down the state of the task.
look:	mov ax, FLATD
	mov ds, ax
	pushfd
	pop dword [spare+4]
	xor eax, eax
	str ax
	mov [spare], eax
	movzx eax, byte [gdt+TSSMAIN+5]
	mov [spare+8], eax
	movzx eax, byte [gdt+TSSA+5]
	mov [spare+12], eax
	mov eax, cr0
	and eax, 8
	mov [spare+16], eax
	movzx eax, word [tss_a]
	mov [spare+20], eax
	ret

state:	also "TR", [spare]
	also "flags", [spare+4]
	also "main", [spare+8]
	also "new", [spare+12]
	also "TS", [spare+16]
	also "link", [spare+20]
	ret

; fresh makes all tasks as new.
fresh:	xor eax, eax
	lldt ax
	mov al, 0x89
	mov [gdt+TSSMAIN+5], al
	mov [gdt+TSSA+5], al
	mov [gdt+TSSF8+5], al
	mov [gdt+TSSF10+5], al
	mov [gdt+TSSF11+5], al
	mov [gdt+TSSF12+5], al
	mov ax, TSSMAIN
	ltr ax
	clts
	mov edi, tss_a
	mov ecx, 26
	xor eax, eax
	rep stosd
	set T_ESP0, STACKI
	set T_SS0, FLATD
	set T_EIP, other
	set T_FLAGS, 2
	set T_ESP, STACK3
	set T_CS, FLATC
	set T_SS, FLATD
	set T_DS, FLATD
	mov dword [tss_a+0x64], 0x680000
%macro faulttask 2
	mov edi, %1
	mov ecx, 26
	xor eax, eax
	rep stosd
	mov dword [%1+T_EIP], %2
	mov dword [%1+T_FLAGS], 2
	mov dword [%1+T_ESP], STACKI-0x800
	mov dword [%1+T_CS], FLATC
	mov dword [%1+T_SS], FLATD
	mov dword [%1+T_DS], FLATD
	mov dword [%1+0x64], 0x680000
%endmacro
	faulttask tss_f8, fault8
	faulttask tss_f10, fault10
	faulttask tss_f11, fault11
	faulttask tss_f12, fault12
	ret

; faults that are tasks: the error code is on the stack, the rest in the TSS of the culprit
fault8: mov dword [vector], 8
	movzx ebx, word [tss_f8]
	jmp faulted
fault10: mov dword [vector], 10
	movzx ebx, word [tss_f10]
	jmp faulted
fault11: mov dword [vector], 11
	movzx ebx, word [tss_f11]
	jmp faulted
fault12: mov dword [vector], 12
	movzx ebx, word [tss_f12]
faulted: pop dword [error]
	mov eax, [tss_main+T_EIP]
	cmp ebx, TSSMAIN
	je .main
	mov eax, [tss_a+T_EIP]
.main:	mov [eip_at], eax
	jmp resume

absolute tss_main+104
tss_a:	resb 104
tss_f8:	resb 104
tss_f10: resb 104
tss_f11: resb 104
tss_f12: resb 104
tss_16:	resb 0x70
stub13at: resd 2
section .text

	tables
TSSA	equ $-gdt                 ; 30h
	desc tss_a, 0x67, 0x89, 0
TSSABS	equ $-gdt                 ; 38h
	desc tss_a, 0x67, 0x09, 0
TSSSHORT equ $-gdt                ; 40h
	desc tss_a, 0x66, 0x89, 0
TSSF10	equ $-gdt                 ; 48h
	desc tss_f10, 0x67, 0x89, 0
TSSF11	equ $-gdt
	desc tss_f11, 0x67, 0x89, 0
TSSF12	equ $-gdt
	desc tss_f12, 0x67, 0x89, 0
SMALLC	equ $-gdt                 ; 60h
	desc 0, 0xfff, 0x9b, 4
	dq 0
TASKGATE equ $-gdt                ; 70h
	dw 0, TSSA, 0x8500, 0
LDTABS	equ $-gdt                 ; 78h
	desc 0, 0xff, 0x02, 0
CODEABS	equ $-gdt                 ; 80h
	desc 0, 0xfffff, 0x1b, 0xc
DATAABS	equ $-gdt                 ; 88h
	desc 0, 0xfffff, 0x13, 0xc
READONLY equ $-gdt                ; 90h
	desc 0, 0xfffff, 0x91, 0xc
	dq 0
TSS16	equ $-gdt                 ; A0h
	desc tss_16, 0x2b, 0x81, 0
TSS16SHORT equ $-gdt              ; A8h
	desc tss_16, 0x2a, 0x81, 0
DATA16	equ $-gdt                 ; B0h: ESP has no upper half there
	desc 0, 0xffff, 0x93, 0
TSSF8	equ $-gdt
	desc tss_f8, 0x67, 0x89, 0
gdt_end:
end_of_program:
