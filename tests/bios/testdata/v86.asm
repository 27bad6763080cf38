; Calls of services in real mode, and then in virtual-8086 mode under a monitor of our own:
; with IOPL 3, where interrupts alone trap, and with IOPL 0, where CLI, STI, PUSHF, POPF and
; IRET do as well. Each time the answers must be the same; vectors are hooked and chained.
%define SECTORS 12
%include "lib.inc"

%define TSS      0x10000
%define TSSIO    104
%define ESP0     0x1f000
%define V86STACK 0x7000
%define BUFFER   0x2000
%define idt      0x3000
%define stubSize 12
%define hookCode 3		; offsets in a hook, and its size
%define hookOld  9
%define hookSize 13
%define LEAVE    0xfe		; the interrupt that ends virtual-8086 mode

	call suite
	xor eax, eax
	mov al, 3
	call inV86
	mov al, 0
	call inV86
	ret

; ---------------------------------------------------------------- what is called

suite:
	xor bx, bx
	mov ax, 0x0003
	int 0x10
	mov ah, 0x0f
	int 0x10
	mov cx, 0
	mov dx, 0
	case "10/0F"
	mov ax, 0x0013
	int 0x10
	mov ah, 0x0f
	int 0x10
	mov cx, 0
	mov dx, 0
	case "10/0F of 13"
	mov ax, 0x0c05
	mov bx, 0
	mov cx, 100
	mov dx, 50
	int 0x10
	mov ah, 0x0d
	int 0x10
	mov ah, 0
	case "10/0D"
	mov ax, 0x0003
	int 0x10
	mov ax, 0x0e41
	mov bx, 7
	int 0x10
	mov ah, 3
	mov bh, 0
	int 0x10
	mov ax, 0
	case "10/03"
	push es
	mov ax, 0xb800
	mov es, ax
	mov ax, [es:0]
	pop es
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case "A"
	push es
	mov ax, 0x1130
	mov bh, 6
	int 0x10
	mov ax, [es:bp+16*0x41+4]
	pop es
	mov bx, 0
	case "font"
	mov ax, 0x4f00
	mov di, BUFFER
	int 0x10
	mov bx, [BUFFER]
	mov cx, [BUFFER+2]
	mov dx, [BUFFER+4]
	case "10/4F00"

	mov ax, 0x0201
	mov bx, BUFFER
	mov cx, 0x0001
	mov dx, 0x0080
	int 0x13
	call sum
	case "13/02"
	mov ah, 0x08
	mov dx, 0x0080
	int 0x13
	case "13/08"
	push ds
	pop es
	mov word [packet+2], 2
	mov si, packet
	mov ah, 0x42
	mov dl, 0x80
	int 0x13
	mov bx, [packet+2]
	call sum
	case "13/42"
	mov ax, 0x0201		; no such sector
	mov cx, 0x003f
	mov dx, 0xff80
	int 0x13
	mov al, 0
	mov bx, 0
	case "13/02 wrong"

	mov ah, 1
	int 0x16
	mov ax, 0
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case "16/01 nothing"
	mov ah, 5
	mov cx, 0x1e61
	int 0x16
	mov ah, 1
	int 0x16
	mov bx, 0
	case "16/01"
	mov ah, 0
	int 0x16
	case "16/00"
	mov al, 0xd2		; the controller says that a key was pressed
	out 0x64, al
	mov al, 0x10
	out 0x60, al
	mov ah, 0
	int 0x16
	case "16/00 by interrupt"

	mov ah, 0
	int 0x1a
	code "1A/00"
	mov ah, 2
	int 0x1a
	code "1A/02"
	mov ax, 0xb101
	int 0x1a
	mov ax, 0
	mov cx, 0
	case "1A/B101"

	int 0x11
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case "11"
	int 0x12
	case "12"
	mov ah, 0x88
	int 0x15
	case "15/88"
	mov eax, 0xe820
	xor ebx, ebx
	mov ecx, 20
	mov edx, 0x534d4150
	mov di, BUFFER
	int 0x15
	mov ax, [BUFFER+8]
	mov cx, [BUFFER+10]
	case "15/E820"
	mov ah, 0x86
	mov cx, 0
	mov dx, 3000
	int 0x15
	mov al, 0
	case "15/86"
	mov cx, 8
	mov si, table
	mov ah, 0x87
	int 0x15
	mov al, 0
	case "15/87"

	; Hooks that count and go on to what was there.
	mov si, hooks
.hook:
	movzx bx, byte [si]
	shl bx, 2
	mov eax, [bx]
	mov [si+hookOld], eax
	lea ax, [si+hookCode]
	cli
	mov [bx], ax
	mov word [bx+2], 0
	sti
	mov byte [si+1], 0
	add si, hookSize
	cmp si, hooksEnd
	jb .hook
	mov ax, 0x0e42
	mov bx, 7
	int 0x10
	mov ax, 0x0201
	mov bx, BUFFER
	mov cx, 1
	mov dx, 0x80
	int 0x13
	mov al, 0xd2
	out 0x64, al
	mov al, 0x11
	out 0x60, al
	mov ah, 0
	int 0x16
	case "16/00 hooked"
	mov ax, [0x46c]
.tick:
	cmp ax, [0x46c]
	je .tick
	mov si, hooks
.unhook:
	movzx bx, byte [si]
	shl bx, 2
	mov eax, [si+hookOld]
	cli
	mov [bx], eax
	sti
	mov ax, 0
	cmp byte [si+1], 0
	je .unseen
	inc ax
.unseen:
	movzx bx, byte [si]
	mov cx, 0
	mov dx, 0
	case "hook"
	add si, hookSize
	cmp si, hooksEnd
	jb .unhook
	ret

sum:				; CX = sum of the words of the first sector of the buffer
	push ax
	push si
	mov si, BUFFER
	xor cx, cx
	mov dx, 256
.next:
	lodsw
	add cx, ax
	dec dx
	jnz .next
	pop si
	pop ax
	ret

packet:
	dw 16, 2, BUFFER, 0
	dq 0

table:				; INT 15h AH=87h: from 7C00h to 1 MiB
	dq 0, 0
	db 0xff, 0xff, 0x00, 0x7c, 0x00, 0x93, 0, 0
	db 0xff, 0xff, 0x00, 0x00, 0x10, 0x93, 0, 0
	dq 0, 0

; A hook: number, count, and the code, which counts and goes on to what was there.
%macro hook 1
	db %1
%%count:
	db 0
	nop
	inc byte [cs:%%count]	; 5 bytes
	db 0xea
	dd 0
%endmacro

hooks:
	hook 0x08
	hook 0x09
	hook 0x10
	hook 0x13
	hook 0x16
	hook 0x1c
hooksEnd:

; ---------------------------------------------------------------- the monitor

inV86:				; AL = IOPL
	mov [iopl], al
	mov ah, 0
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case "virtual-8086 mode"
	mov [realStack], sp
	cli
	mov bl, 0x50
	call pics
	push es			; the TSS and its map of ports, which allows all
	mov ax, TSS >> 4
	mov es, ax
	xor di, di
	xor ax, ax
	mov cx, (TSSIO + 8192) / 2
	rep stosw
	mov word [es:TSSIO + 8192], 0xffff
	mov dword [es:4], ESP0
	mov word [es:8], 0x10
	mov word [es:102], TSSIO
	pop es
	mov byte [gdt + 0x18 + 5], 0x89	; available again
	mov di, idt		; all gates lead to the monitor
	mov cx, 256
	mov ax, stubs
.gate:
	mov [di], ax
	mov word [di+2], 0x08
	mov word [di+4], 0x8e00
	mov word [di+6], 0
	add di, 8
	add ax, stubSize
	loop .gate
	lgdt [gdtr]
	lidt [idtr]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp 0x08:.protected
	bits 32
.protected:
	mov ax, 0x10
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov esp, ESP0
	mov ax, 0x18
	ltr ax
	movzx eax, byte [iopl]
	shl eax, 12
	or eax, 0x20202		; VM, IF
	push dword 0		; GS, FS, DS, ES
	push dword 0
	push dword 0
	push dword 0
	push dword 0		; SS
	push dword V86STACK
	push eax
	push dword 0		; CS
	push dword virtual
	iretd
	bits 16
virtual:
	call suite
	int LEAVE

pics:				; the first controller's vectors begin at BL
	in al, 0x21
	mov ah, al
	mov al, 0x11
	out 0x20, al
	mov al, bl
	out 0x21, al
	mov al, 4
	out 0x21, al
	mov al, 1
	out 0x21, al
	mov al, ah
	out 0x21, al
	ret

	bits 32
monitor:			; vector and error code are on the stack
	pushad
	mov ax, 0x10
	mov ds, ax
	mov es, ax
	mov ebp, esp
%define vector [ebp+32]
%define vIP    [ebp+40]
%define vCS    [ebp+44]
%define vFLAGS [ebp+48]
%define vSP    [ebp+52]
%define vSS    [ebp+56]
	test dword vFLAGS, 0x20000
	jz fatal
	mov eax, vector
	cmp eax, 13
	je trap
	lea ecx, [eax-0x50]	; an interrupt of the first controller
	cmp ecx, 8
	jb .first
	lea ecx, [eax-0x70]
	cmp ecx, 8
	jae fatal
	jmp .reflect
.first:
	lea eax, [ecx+8]
.reflect:
	call reflect
back:
	popad
	add esp, 8
	iretd

trap:				; an instruction that virtual-8086 mode may not execute
	movzx esi, word vCS
	shl esi, 4
	movzx eax, word vIP
	add esi, eax
	xor edx, edx		; 1: 32-bit operand
.prefix:
	inc word vIP
	lodsb
	cmp al, 0x66
	jne .opcode
	inc edx
	jmp .prefix
.opcode:
	cmp al, 0xcd
	je .int
	cmp byte [iopl], 3	; with IOPL 3 the others do not trap, but HLT
	je .halt
	cmp al, 0xfa
	je .cli
	cmp al, 0xfb
	je .sti
	cmp al, 0x9c
	je .pushf
	cmp al, 0x9d
	je .popf
	cmp al, 0xcf
	je .iret
.halt:
	cmp al, 0xf4
	jne fatal
	jmp back		; whoever halts does so in a loop
.int:
	movzx eax, byte [esi]
	inc word vIP
	cmp al, LEAVE
	je leaveV86
	call reflect
	jmp back
.cli:
	and dword vFLAGS, ~0x200
	jmp back
.sti:
	or dword vFLAGS, 0x200
	jmp back
.pushf:
	mov eax, vFLAGS
	test edx, edx
	jz .pushf16
	rol eax, 16
	and eax, 0xfffc		; no VM, no RF
	call push16
	mov eax, vFLAGS
.pushf16:
	call push16
	jmp back
.popf:
	call pop16
	call setFlags
	test edx, edx
	jz back
	call pop16
	jmp back
.iret:
	call pop16
	mov vIP, eax
	test edx, edx
	jz .iret16
	call pop16
	call pop16
	mov vCS, eax
	call pop16
	call setFlags
	call pop16
	jmp back
.iret16:
	call pop16
	mov vCS, eax
	call pop16
	call setFlags
	jmp back

setFlags:			; from AX; VM and IOPL stay
	and eax, 0x4fd5 | 0x200
	and dword vFLAGS, ~(0x4fd5 | 0x200)
	or vFLAGS, eax
	ret

push16:
	movzx ebx, word vSS
	shl ebx, 4
	sub word vSP, 2
	movzx ecx, word vSP
	mov [ebx+ecx], ax
	ret

pop16:
	movzx ebx, word vSS
	shl ebx, 4
	movzx ecx, word vSP
	movzx eax, word [ebx+ecx]
	add word vSP, 2
	ret

reflect:			; interrupt AL goes where the real-mode vector says
	movzx edi, al
	mov eax, vFLAGS
	call push16
	mov eax, vCS
	call push16
	mov eax, vIP
	call push16
	and dword vFLAGS, ~0x300
	movzx eax, word [edi*4]
	mov vIP, eax
	movzx eax, word [edi*4+2]
	mov vCS, eax
	ret

leaveV86:
	jmp 0x20:.to16
	bits 16
.to16:
	mov ax, 0x28
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov eax, cr0
	and al, 0xfe
	mov cr0, eax
	jmp 0:.real
.real:
	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, [realStack]
	lidt [realIDT]
	mov bl, 8
	call pics
	sti
	ret

	bits 32
fatal:				; says why and ends
	mov esi, .why
.next:
	lodsb
	test al, al
	jz .end
	out 0xe9, al
	jmp .next
.end:
	mov al, vector
	add al, '@'
	out 0xe9, al
	mov dx, 0xf4
	mov al, 2
	out dx, al
	cli
	hlt
.why	db 10, 'exception @+', 0

stubs:				; each pushes an error code, if the processor does not, and its vector
%assign v 0
%rep 256
	%if v == 8 || (v >= 10 && v <= 14) || v == 17
	times 2 nop
	%else
	push byte 0
	%endif
	push strict dword v
	jmp near monitor
%assign v v+1
%endrep

	bits 16
iopl	db 0
realStack dw 0
realIDT	dw 0x3ff
	dd 0
	align 8
gdt:
	dq 0
	dq 0x00cf9a000000ffff	; 08: code, 32 bits
	dq 0x00cf92000000ffff	; 10: data
	dw TSSIO + 8192, TSS & 0xffff
	db TSS >> 16, 0x89, 0, 0
	dq 0x00009a000000ffff	; 20: code, 16 bits
	dq 0x000092000000ffff	; 28: data
gdtr:	dw gdtr - gdt - 1
	dd gdt
idtr:	dw 256*8-1
	dd idt

	times 512*SECTORS-($-$$) db 0
