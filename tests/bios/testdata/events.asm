; What the BIOS does besides services: hooks that it calls, the printed screen, the bell, the
; table of diskette parameters, failed writes, reasons for a reset; at the end, power-off.
%define SECTORS 6
%include "lib.inc"

	xor bx, bx
	mov eax, [4*0x15]
	mov [old15], eax
	cli
	mov word [4*0x15], new15
	mov word [4*0x15+2], 0
	sti
	mov eax, [4*0x1c]	; at the next tick a key is pressed: 4Fh, then 9102h tells of it
	mov [old1C], eax
	cli
	mov word [4*0x1c], new1C
	mov word [4*0x1c+2], 0
	sti
	mov ah, 0		; waited for: 9002h
	int 0x16
	mov bx, [count4F]
	mov cx, [count9002]
	mov dx, [count9102]
	case 'keyboard intercept, wait, post'
	mov byte [drop], 1	; the intercept drops a key and changes another
	mov al, 0xd2
	out 0x64, al
	mov al, 0x1e
	out 0x60, al
	hlt
	mov byte [drop], 2
	mov al, 0xd2
	out 0x64, al
	mov al, 0x1e
	out 0x60, al
	mov ah, 0
	int 0x16
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case 'changed'
	mov byte [drop], 0

	mov ax, 3		; the screen on a printer of ours
	int 0x10
	mov ax, 0x0e48
	mov bx, 7
	int 0x10
	mov eax, [4*0x17]
	mov [old17], eax
	mov word [4*0x17], new17
	mov word [4*0x17+2], 0
	int 0x05
	mov al, [0x500]
	mov ah, 0
	mov bx, [printed]
	mov cx, [paper]
	mov dx, [paper+2]
	case 'printed, characters, the first'
	mov byte [printerFails], 1
	int 0x05
	mov al, [0x500]
	mov ah, 0
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case 'printer out of order'
	mov byte [0x500], 1
	mov word [printed], 0
	int 0x05
	mov ax, [printed]
	case 'printing already'
	mov byte [0x500], 0
	mov eax, [old17]
	mov [4*0x17], eax

	mov si, [0x46c]		; the bell
	mov ax, 0x0e07
	mov bx, 7
	int 0x10
	mov ax, [0x46c]
	sub ax, si
	cmp ax, 3
	jb .short
	mov ax, 3
.short:
	mov bx, ax
	in al, 0x61
	and ax, 3
	case 'bell'

	push ds			; parameters of the diskette: motor, filler
	lds si, [4*0x1e]
	mov di, 0x600
	mov cx, 11
	rep movsb
	pop ds
	mov byte [0x602], 9
	mov byte [0x608], 0xa5
	mov dword [4*0x1e], 0x600
	mov cx, 2		; the first time the disk was changed
.diskette:
	push cx
	mov ax, 0x0201
	mov bx, 0x2000
	mov cx, 1
	mov dx, 0
	int 0x13
	pop cx
	loop .diskette
	mov bl, [0x440]
	mov bh, 0
	mov cx, 0
	case 'motor stops after'
	mov di, 0x3000
	mov al, 1
.id:
	mov byte [di], 70
	mov byte [di+1], 0
	mov [di+2], al
	mov byte [di+3], 2
	add di, 4
	inc al
	cmp al, 19
	jb .id
	mov ax, 0x0512
	mov bx, 0x3000
	mov cx, 0x4601
	mov dx, 0
	int 0x13
	mov ax, 0x0201
	mov bx, 0x2000
	mov cx, 0x4605
	mov dx, 0
	int 0x13
	mov bx, [0x2000]
	mov cx, 0
	case 'formatted with'
	mov ax, 0x0201		; a diskette that is write-protected
	mov bx, 0x2000
	mov cx, 1
	mov dx, 1
	int 0x13
	mov ax, 0x0301
	int 0x13
	mov al, 0
	mov bx, 0
	mov cl, [0x441]
	case 'write-protected'
	mov ax, 0x0301		; a disk that fails
	mov bx, 0x2000
	mov cx, 1
	mov dx, 0x81
	int 0x13
	mov al, 0
	mov bx, 0
	mov cl, [0x474]
	case 'write fault'
	mov ax, 0x0301		; and one that takes no writes
	mov bx, 0x2000
	mov cx, 1
	mov dx, 0x82
	int 0x13
	mov al, 0
	mov bx, 0
	mov cl, [0x474]
	case 'read-only'

	mov bx, after5
	mov al, 0x05
	jmp reset
after5:
	call set
	code '05'
	mov bx, afterA
	mov al, 0x0a
	jmp reset
afterA:
	call set
	code '0A'
	mov word [0x467], afterTriple	; a triple fault is a reset of the processor as well
	mov al, 0x8f
	out 0x70, al
	mov al, 0x0a
	out 0x71, al
	lidt [nothing]
	int 3
afterTriple:
	call set
	code 'triple fault'
	mov bp, 0x6000
	mov word [bp-6], afterB
	mov word [bp-4], 0
	mov word [bp-2], 0x0003
	lea bx, [bp-6]
	mov al, 0x0b
	jmp reset
afterB:
	mov dx, sp
	pushf
	call set
	pop cx
	and cx, 1
	mov ax, 0
	mov bx, 0
	case '0B'
	mov word [0x5ffc], afterC
	mov word [0x5ffe], 0
	mov bx, 0x5ffc
	mov al, 0x0c
	jmp reset
afterC:
	call set
	code '0C'
	mov word [0x5ffa], after9
	mov word [0x5ffc], 0
	mov word [0x5ffe], 2
	mov di, 0x5ffa - 20	; DS, ES, DI, SI, BP, SP, BX, DX, CX, AX
	mov bx, di
	mov ax, 1
	mov cx, 10
	rep stosw
	mov word [bx], 0
	mov word [bx+18], 0x1234
	mov al, 0x09
	jmp reset
after9:
	mov bp, es
	call set
	mov bx, bp
	mov cx, 0
	mov dx, 0
	case '09'
	mov ax, 0x5301
	xor bx, bx
	int 0x15
	mov ax, 0x5307
	mov bx, 1
	mov cx, 3
	int 0x15
	cli
	hlt

set:				; segments after a reset
	push ax
	xor ax, ax
	mov ds, ax
	mov es, ax
	pop ax
	ret

reset:				; AL: why; 0:BX: where 40:67 points to
	mov ah, al
	mov al, 0x8f
	out 0x70, al
	mov al, ah
	out 0x71, al
	mov [0x467], bx
	mov word [0x469], 0
	mov al, 0xfe
	out 0x64, al
.wait:
	hlt
	jmp .wait

new15:
	cmp ah, 0x4f
	je .intercept
	cmp ax, 0x9002
	jne .not9002
	inc word [cs:count9002]
.not9002:
	cmp ax, 0x9102
	jne .chain
	inc word [cs:count9102]
.chain:
	jmp far [cs:old15]
.intercept:
	inc word [cs:count4F]
	cmp byte [cs:drop], 1
	jb .chain
	je .drop
	mov al, 0x30		; B
	jmp .chain
.drop:
	push bp
	mov bp, sp
	and byte [bp+6], 0xfe
	pop bp
	iret

new1C:				; once
	push ax
	mov al, 0xd2
	out 0x64, al
	mov al, 0x1e
	out 0x60, al
	push ds
	push eax
	xor ax, ax
	mov ds, ax
	mov eax, [old1C]
	mov [4*0x1c], eax
	pop eax
	pop ds
	pop ax
	iret

new17:				; a printer that keeps the first characters
	push bx
	mov bx, [cs:printed]
	cmp bx, 4
	jae .full
	mov [cs:paper+bx], al
.full:
	inc word [cs:printed]
	pop bx
	mov ah, 0x90
	cmp byte [cs:printerFails], 0
	je .good
	mov ah, 0x29
.good:
	iret

nothing	times 6 db 0
old15	dd 0
old17	dd 0
old1C	dd 0
count4F dw 0
count9002 dw 0
count9102 dw 0
printed dw 0
paper	dd 0
drop	db 0
printerFails db 0
	times 512*SECTORS-($-$$) db 0
