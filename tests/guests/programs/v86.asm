; Virtual-8086 mode, without and with VME: what is sensitive to IOPL, interrupt redirection, the
; virtual interrupt flag, limits. SDM Vol. 3B, "8086 Emulation" and "Virtual-8086 Mode Extensions".

%define V86
%include "protected.inc"

VM	equ 1<<17
VIF	equ 1<<19
VIP	equ 1<<20
SEG86	equ 0x5000               ; paragraph of the code
STK86	equ 0x5800

; v86 "name", FLAGS runs the code between it and done in virtual-8086 mode, with DS = CS. The code
; ends with HLT, a #GP that counts as nothing. EIP counts from its beginning.
%macro v86 2
	try %1
	mov esi, %%code
	mov edi, SEG86*16
	mov ecx, 64
	rep movsb
	mov dword [begin], 0
	push dword 0
	push dword 0
	push dword SEG86
	push dword SEG86
	push dword STK86
	push dword 0x1000
	push dword (%2)|VM|2
	push dword SEG86
	push dword 0
	iretd
bits 16
%%code:
%endmacro

%macro done86 0
	hlt
bits 32
	done
%endmacro

main:	mov al, 0xff               ; no interrupts of chips
	out 0x21, al
	mov dword [tss_main+4], STACKI
	mov dword [tss_main+8], FLATD
	; the TSS has a redirection bitmap (32 bytes) and an I/O bitmap: INT 60h goes to the program,
	; 61h to the monitor; ports 80h to 87h are free
	mov edi, tss_main+0x68
	mov ecx, 32/4
	xor eax, eax
	rep stosd
	mov byte [tss_main+0x68+0x61/8], 1<<(0x61&7)
	mov ecx, 0x2000/4
	dec eax
	rep stosd
	mov byte [tss_main+0x88+0x80/8], 0
	mov word [tss_main+0x66], 0x88
	mov word [gdt+TSSMAIN], 0x2088
	mov byte [gdt+TSSMAIN+5], 0x89
	mov ax, TSSMAIN
	ltr ax
	mov dword [0x60*4], SEG86<<16|0x100 ; where INT 60h leads
	mov dword [SEG86*16+0x100], 0xf4f4f4f4

;= INT, IOPL 3: #GP(03FA) +00
	v86 "INT, IOPL 3", 0x3000
	int 0x7f
	done86
	endline
;= INT, IOPL 0: #GP(0000) +00
	v86 "INT, IOPL 0", 0
	int 0x60
	done86
	endline
;= INT3, IOPL 0: #GP(001A) +00
	v86 "INT3, IOPL 0", 0
	int3
	done86
	endline
;= CLI, IOPL 3: none flags 00003002
	v86 "CLI, IOPL 3", 0x3200
	cli
	done86
	call flags_
	endline
;= CLI, IOPL 0: #GP(0000) +00
	v86 "CLI, IOPL 0", 0x200
	cli
	done86
	endline
;= STI, IOPL 0: #GP(0000) +00
	v86 "STI, IOPL 0", 0
	sti
	done86
	endline
;= PUSHF, IOPL 0: #GP(0000) +00
	v86 "PUSHF, IOPL 0", 0
	pushf
	done86
	endline
;= POPF, IOPL 0: #GP(0000) +00
	v86 "POPF, IOPL 0", 0
	popf
	done86
	endline
;= IRET, IOPL 0: #GP(0000) +00
	v86 "IRET, IOPL 0", 0
	iret
	done86
	endline
;= POPF, IOPL 3, keeps IOPL: none flags 00003002
	v86 "POPF, IOPL 3, keeps IOPL", 0x3000
	push word 2
	popf
	done86
	call flags_
	endline
;= privileged: #GP(0000) +00
	v86 "privileged", 0x3000
	mov eax, cr0
	done86
	endline
;= LLDT: #UD +00
	v86 "LLDT", 0x3000
	lldt ax
	done86
	endline
;= ARPL: #UD +00
	v86 "ARPL", 0x3000
	arpl ax, ax
	done86
	endline
;= limit: #GP(0000) +03
	v86 "limit", 0x3000
	mov bx, 0xffff
	mov ax, [bx]
	done86
	endline
;= limit, stack segment: #SS(0000) +03
	v86 "limit, stack segment", 0x3000
	mov bp, 0xffff
	mov ax, [bp]
	done86
	endline
;= IN, a free port: none
	v86 "IN, a free port", 0
	in al, 0x84
	done86
	endline
;= IN, a closed port, IOPL 3: #GP(0000) +00
	v86 "IN, a closed port, IOPL 3", 0x3000
	in al, 0x21
	done86
	endline
;= IN of a word, half of it closed: #GP(0000) +00
	v86 "IN of a word, half of it closed", 0x3000
	in ax, 0x87
	done86
	endline
;= segment registers at the monitor: none ES 00005000 DS 00005000 SS 00005800 ESP 00001000
	v86 "segment registers at the monitor", 0x3000
	mov ax, ds
	mov es, ax
	done86
	mov eax, [es_at]
	also "ES", eax
	also "DS", [ds_at]
	also "SS", [ss_at]
	also "ESP", [esp_at]
	endline

	mov eax, cr4
	or eax, 1                  ; VME
	mov cr4, eax
;= VME, INT to the program, IOPL 0: none CS 00005000 EIP 00000100 flags 00000002
	v86 "VME, INT to the program, IOPL 0", 0
	int 0x60
	done86
	call where
	call flags_
	endline
;= VME, the frame of INT, IOPL 0: none IP 00000002 CS 00005000 flags 00003202
	v86 "VME, the frame of INT, IOPL 0", VIF
	int 0x60
	done86
	movzx eax, word [STK86*16+0xffa]
	also "IP", eax
	movzx eax, word [STK86*16+0xffc]
	also "CS", eax
	movzx eax, word [STK86*16+0xffe]
	also "flags", eax
	endline
;= VME, INT clears VIF, IOPL 0: none flags 00000202
	v86 "VME, INT clears VIF, IOPL 0", VIF|0x200
	int 0x60
	done86
	call flags_
	endline
;= VME, INT clears IF, IOPL 3: none flags 00003002
	v86 "VME, INT clears IF, IOPL 3", 0x3200
	int 0x60
	done86
	call flags_
	endline
;= VME, INT to the monitor, IOPL 0: #GP(0000) +00
	v86 "VME, INT to the monitor, IOPL 0", 0
	int 0x61
	done86
	endline
;= VME, INT to the monitor, IOPL 3: #GP(030A) +00
	v86 "VME, INT to the monitor, IOPL 3", 0x3000
	int 0x61
	done86
	endline
;= VME, STI sets VIF: none flags 00080002
	v86 "VME, STI sets VIF", 0
	sti
	done86
	call flags_
	endline
;= VME, CLI clears VIF: none flags 00000202
	v86 "VME, CLI clears VIF", VIF|0x200
	cli
	done86
	call flags_
	endline
;= VME, STI with VIP: #GP(0000) +00
	v86 "VME, STI with VIP", VIP
	sti
	done86
	endline
;= VME, PUSHF: none image 00003202
	v86 "VME, PUSHF", VIF
	pushf
	done86
	movzx eax, word [STK86*16+0xffe]
	also "image", eax
	endline
;= VME, PUSHFD: #GP(0000) +00
	v86 "VME, PUSHFD", 0
	pushfd
	done86
	endline
;= VME, POPF sets VIF: none flags 00080002
	v86 "VME, POPF sets VIF", 0
	push word 0x202
	popf
	done86
	call flags_
	endline
;= VME, POPF with VIP: #GP(0000) +03
	v86 "VME, POPF with VIP", VIP
	push word 0x202
	popf
	done86
	endline
;= VME, POPF with TF: #GP(0000) +03
	v86 "VME, POPF with TF", 0
	push word 0x102
	popf
	done86
	endline
;= VME, IRET sets VIF: none EIP 00000100 flags 00080002
	v86 "VME, IRET sets VIF", 0
	push word 0x202
	push cs
	push word 0x100
	iret
	done86
	also "EIP", [eip_at]
	call flags_
	endline
	mov eax, cr4
	or eax, 2                  ; PVI
	mov cr4, eax
;= PVI, STI at level 3 sets VIF: none VIF 00080000
	try "PVI, STI at level 3 sets VIF"
	user
	sti
	kernel
	done
	mov eax, [flags_at]
	and eax, VIF
	also "VIF", eax
	endline
;= PVI, CLI at level 3: none
	try "PVI, CLI at level 3"
	user
	cli
	kernel
	done
	endline
	finish

; flags_ adds the flags without VM, RF and the status flags.
flags_:	mov eax, [flags_at]
	and eax, ~(VM|0x8d5|0x10000)
	or eax, 2
	also "flags", eax
	ret
where:	also "CS", [cs_at]
	also "EIP", [eip_at]
	ret

	tables
gdt_end:
end_of_program:
