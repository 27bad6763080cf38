; Non-maskable interrupts, what waits behind MOV SS and POP SS, corner cases of IRET, and which
; second exception makes a double fault. SDM Vol. 3A, "Nonmaskable Interrupt (NMI)", "Masking
; Exceptions and Interrupts When Switching Stacks", "Interrupt 8—Double Fault Exception (#DF)";
; Vol. 2A, "IRET/IRETD/IRETQ".

%include "protected.inc"

PD	equ 0x80000
PT	equ 0x81000              ; 0 to 4 MiB
ABSPAGE	equ 0x3f0000             ; is absent
AWAY	equ 0x1008               ; a descriptor in a page of the GDT that is absent
ID	equ 1<<21
WATCHED	equ 0x6f000              ; where watch sets a breakpoint

; send makes the local APIC, whose ID is 0, send an NMI to itself, and waits until it has come.
%macro send 0
	mov dword [0xfee00310], 0
	mov dword [0xfee00300], 0x4400
	mov ecx, 100
%%w:	loop %%w
%endmacro

; counted adds how many NMIs came, and how many while the first handler ran.
%macro counted 0
	also "count", [nmis]
	also "inside", [inside]
%endmacro

; nmi "name", LABEL begins a test in which the first NMI calls LABEL from its handler.
%macro nmi 2
	mov dword [nmis], 0
	mov dword [inside], 0
	mov dword [within], %2
	try %1
%endmacro

main:	mov dword [tss_main+4], STACKI
	mov dword [tss_main+8], FLATD
	mov al, 0xff
	out 0x21, al
	mov eax, nmi_in
	mov [idt+2*8], ax
	mov eax, bare
	mov [idt+0x33*8], ax
	mov edi, PT
	mov eax, 7
.pt:	stosd
	add eax, 0x1000
	cmp edi, PT+0x1000
	jb .pt
	mov edi, PD
	mov ecx, 1024
	xor eax, eax
	rep stosd
	mov dword [PD], PT+7
	mov dword [PD+0x3fb*4], 0xfec00000|0x97 ; 4 MiB with the APIC
	mov dword [PT+(ABSPAGE>>12)*4], 0
	mov dword [PT+(gdt_page>>12)*4+4], 0
	mov eax, cr4
	or eax, 0x10               ; PSE
	mov cr4, eax
	mov eax, PD
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80010000
	mov cr0, eax
	lgdt [gdtr2]

;= NMI: none count 00000001 inside 00000000
	nmi "NMI", nothing
	send
	done
	counted
	endline
;= NMI in the handler of NMI waits for IRET: none count 00000002 inside 00000001
	nmi "NMI in the handler of NMI waits for IRET", another
	send
	done
	counted
	endline
;= one NMI is kept, not two: none count 00000002 inside 00000001
	nmi "one NMI is kept, not two", two
	send
	done
	counted
	endline
;= IRET of an exception in the handler ends the wait: none count 00000002 inside 00000002
	nmi "IRET of an exception in the handler ends the wait", nested
	send
	done
	counted
	endline
;= NMI comes with IF clear and leaves it: none count 00000001 inside 00000000 flags 00000002 handler 00000002
	nmi "NMI comes with IF clear and leaves it", flags2
	push dword 2
	popfd
	send
	pushfd
	pop dword [spare]
	done
	counted
	mov eax, [spare]
	and eax, 0x202
	also "flags", eax
	also "handler", [spare+4]
	endline
;= NMI at level 3: none count 00000001 inside 00000000 CS 0000001B
	nmi "NMI at level 3", frame
	user_ds
	send
	kernel
	done
	counted
	also "CS", [spare]
	endline

;= data breakpoint of MOV SS waits: #DB +07 DR6 FFFF0FF1
	call watch
	try "data breakpoint of MOV SS waits"
	mov ss, [WATCHED]
	nop
	nop
	done
	call showdr6
	endline
;= data breakpoint of POP SS waits: #DB +06 DR6 FFFF0FF1
	call watch
	try "data breakpoint of POP SS waits"
	mov esp, WATCHED
	mov dword [begin], .popss
.popss:	pop ss
	mov esp, STACK0-0x800
	nop
	done
	call showdr6
	endline
;= data breakpoint of MOV DS does not: #DB +06 DR6 FFFF0FF1
	call watch
	try "data breakpoint of MOV DS does not"
	mov ds, [WATCHED]
	nop
	nop
	done
	call showdr6
	endline
;= single step of LSS does not wait: #DB +07 DR6 FFFF4FF0
	call dr6_
	mov [spare+16], esp
	mov dword [spare+20], FLATD
	try "single step of LSS does not wait"
	mov dword [begin], .lss
	pushfd
	or dword [esp], 0x100
	popfd
.lss:	lss esp, [spare+16]
	nop
	nop
	done
	call showdr6
	endline
;= data breakpoint of MOV SS waits over INT3: #DB +00 DR6 FFFF0FF1
	call watch
	try "data breakpoint of MOV SS waits over INT3"
	mov dword [begin], stub3
	mov ss, [WATCHED]
	int3
	nop
	done
	call showdr6
	endline
;= interrupt after IRET: INT 20 +00
	call timer
	try "interrupt after IRET"
	mov dword [begin], .iret
	push dword 0x202
	push dword FLATC
	push dword .iret
	iretd
.iret:	nop
	nop
	done
	endline
;= STI and HLT: INT 20 +02
	call timer
	try "STI and HLT"
	sti
	hlt
	nop
	done
	endline
	mov al, 0xff
	out 0x21, al

;= IRET of 16 bits: none flags 00200046
	try "IRET of 16 bits"
	push dword ID|0x893
	popfd
	push word 0x46
	push word FLATC
	push word .iret16
	o16 iret
.iret16: pushfd
	pop dword [spare]
	done
	also "flags", [spare]
	endline
;= IRET takes NT from the image: none flags 00004002
	try "IRET takes NT from the image"
	push dword 0x4002
	push dword FLATC
	push dword .nt
	iretd
.nt:	pushfd
	pop dword [spare]
	done
	also "flags", [spare]
	endline
;= IRET at level 3 ignores VM: none flags 00000002
	try "IRET at level 3 ignores VM"
	push dword 2
	popfd
	user_ds
	push dword 0x20002
	push dword USERC
	push dword .novm
	iretd
.novm:	pushfd
	pop dword [spare]
	kernel
	done
	also "flags", [spare]
	endline
;= IRET at level 3 with IOPL 3 changes IF: none flags 00003202
	try "IRET at level 3 with IOPL 3 changes IF"
	push dword 0x3002
	popfd
	user_ds
	push dword 0x1202
	push dword USERC
	push dword .if
	iretd
.if:	pushfd
	pop dword [spare]
	kernel
	done
	also "flags", [spare]
	endline
;= IRET without RF meets a breakpoint: #DB +00 DR6 FFFF0FF1
	call dr6_
	mov eax, .here
	mov dr0, eax
	mov eax, 0x401
	mov dr7, eax
	try "IRET without RF meets a breakpoint"
	mov dword [begin], .here
	push dword 2
	push dword FLATC
	push dword .here
	iretd
.here:	nop
	nop
	done
	call showdr6
	endline
;= IRET with RF does not: none DR6 FFFF0FF0
	call dr6_
	mov eax, .over
	mov dr0, eax
	mov eax, 0x401
	mov dr7, eax
	try "IRET with RF does not"
	push dword 0x10002
	push dword FLATC
	push dword .over
	iretd
.over:	nop
	nop
	done
	call showdr6
	endline
;= IRET, RPL of CS below CPL: #GP(0008) +08
	try "IRET, RPL of CS below CPL"
	user
	push dword 2
	push byte FLATC
	push dword 0
	nop
	nop
	iretd
	kernel
	done
	endline
;= IRET to level 3, SS absent: #SS(0040) +0F
	try "IRET to level 3, SS absent"
	push dword ABSENT3|3
	push dword STACK3
	pushfd
	push byte USERC
	push dword .here
	iretd
	done
	endline
;= IRET to level 3, SS read-only: #GP(0048) +0F
	try "IRET to level 3, SS read-only"
	push byte READONLY3|3
	push dword STACK3
	pushfd
	push byte USERC
	push dword .here
	iretd
	done
	endline
;= IRET to level 3 in conforming code: INT 31 +02 CS 0000003B
	mov byte [idt+0x31*8+5], 0xee
	try "IRET to level 3 in conforming code"
	mov dword [begin], .conf
	push byte USERD
	push dword STACK3
	push dword 2
	push byte CONFORM|3
	push dword .conf
	iretd
.conf:	int 0x31
	done
	also "CS", [cs_at]
	endline
;= IRET to an available TSS with NT at level 3: #TS(0010) +06
	mov word [tss_main], FLATD
	try "IRET to an available TSS with NT at level 3"
	user
	push dword 0x4002
	popfd
	iretd
	kernel
	done
	endline

; pair FIRST, VECTOR, SECOND is a second exception during the delivery of the first: the gate is
; absent (np), leads to a null selector (gp), or to a descriptor in an absent page (pf). Where
; EIP is after a double fault the manual leaves open.
%macro pair 3
	%defstr %%f %1
	%defstr %%s %3
	%strcat %%n %%f, " and then ", %%s
	try %%n
	breakgate_%3 %2
	raise_%1
%$done:	mov dword [idt+(%2)*8+2], FLATC|0x8e000000
	mov eax, [stubs_at+(%2)*4]
	mov [idt+(%2)*8], ax
	mov word [idt+(%2)*8+2], FLATC
	mov word [idt+(%2)*8+4], 0x8e00
	mov word [tss_main], 0
	mov eax, [eip_at]
	mov [begin], eax
	call report
	%pop
	endline
%endmacro
%macro breakgate_np 1
	mov byte [idt+(%1)*8+5], 0x0e
%endmacro
%macro breakgate_gp 1
	mov word [idt+(%1)*8+2], 0
%endmacro
%macro breakgate_pf 1
	mov word [idt+(%1)*8+2], AWAY
%endmacro
%macro raise_UD 0
	ud2
%endmacro
%macro raise_DE 0
	xor ecx, ecx
	div ecx
%endmacro
%macro raise_TS 0
	mov word [tss_main], FLATD
	push dword 0x4002
	popfd
	iretd
%endmacro
%macro raise_NP 0
	mov ax, ABSENT
	mov fs, ax
%endmacro
%macro raise_SS 0
	mov ax, ABSENT
	mov ss, ax
%endmacro
%macro raise_GP 0
	mov ax, 0x2000
	mov fs, ax
%endmacro
%macro raise_PF 0
	mov al, [ABSPAGE]
%endmacro

;= UD and then np: #NP(0033) +00
	pair UD, 6, np
;= UD and then gp: #GP(0001) +00
	pair UD, 6, gp
;= UD and then pf: #PF(0000) +00
	pair UD, 6, pf
;= DE and then np: #DF(0000) +00
	pair DE, 0, np
;= DE and then gp: #DF(0000) +00
	pair DE, 0, gp
;= DE and then pf: #PF(0000) +00
	pair DE, 0, pf
;= TS and then np: #DF(0000) +00
	pair TS, 10, np
;= TS and then gp: #DF(0000) +00
	pair TS, 10, gp
;= TS and then pf: #PF(0000) +00
	pair TS, 10, pf
;= NP and then gp: #DF(0000) +00
	pair NP, 11, gp
;= NP and then pf: #PF(0000) +00
	pair NP, 11, pf
;= SS and then np: #DF(0000) +00
	pair SS, 12, np
;= SS and then gp: #DF(0000) +00
	pair SS, 12, gp
;= SS and then pf: #PF(0000) +00
	pair SS, 12, pf
;= GP and then np: #DF(0000) +00
	pair GP, 13, np
;= GP and then pf: #PF(0000) +00
	pair GP, 13, pf
;= PF and then np: #DF(0000) +00
	pair PF, 14, np
;= PF and then gp: #DF(0000) +00
	pair PF, 14, gp
;= PF and then pf: #DF(0000) +00
	pair PF, 14, pf
	finish

; watch sets a data breakpoint on a word that holds a selector.
watch:	call dr6_
	mov dword [WATCHED], FLATD
	mov eax, WATCHED
	mov dr0, eax
	mov eax, 0x000f0401
	mov dr7, eax
	ret

; nmi_in is the handler of NMI; frame, and the others, are what the first one does.
nmi_in:	push eax
	push ecx
	push ds
	mov ax, FLATD
	mov ds, ax
	inc dword [nmis]
	cmp dword [nmis], 1
	jne .out
	call [within]
.out:	pop ds
	pop ecx
	pop eax
	iretd
another: send
	mov eax, [nmis]
	mov [inside], eax
nothing: ret
two:	send
	jmp another
nested:	send
	int 0x33
	mov ecx, 100
.w:	loop .w
	mov eax, [nmis]
	mov [inside], eax
	ret
flags2:	pushfd
	pop eax
	and eax, 0x202
	mov [spare+4], eax
	ret
frame:	mov eax, [esp+4+12+4]      ; above the return address and three registers: CS
	mov [spare], eax
	ret
bare:	iretd

nmis	equ spare+0x30
inside	equ spare+0x34
within	equ spare+0x38

gdtr2:	dw 0x1017
	dd gdt

	times (-($-$$+0x7c00)) & 4095 db 0 ; the page behind is absent
	tables
	dq 0
CONFORM	equ $-gdt                 ; 38h
	desc 0, 0xfffff, 0x9f, 0xc
ABSENT3	equ $-gdt                 ; 40h
	desc 0, 0xfffff, 0x73, 0xc
READONLY3 equ $-gdt               ; 48h
	desc 0, 0xfffff, 0xf1, 0xc
ABSENT	equ $-gdt                 ; 50h
	desc 0, 0xfffff, 0x13, 0xc
gdt_end:
gdt_page equ gdt-boot+0x7c00
end_of_program:
