; INT 13h for a diskette of 1.44 MB that is a file on a CD-ROM.
%define SECTORS 5
%include "lib.inc"

	mov dl, [drive]
	mov dh, 0
	mov ax, 0
	mov bx, 0
	mov cx, 0
	case 'drive'
	mov ax, 0x4b01
	mov dl, 0
	mov si, packet
	mov byte [si], 0x13
	int 0x13
	case '4B01'
	mov dword [packet+4], 0	; where the image is
	mov byte [packet+3], 0
	mov word [packet+8], 0
	mov si, packet
	mov cx, 0x13
	show 'specification'
	mov ah, 0x08
	mov dl, 0
	mov bx, 0
	int 0x13
	push ds
	pop es
	mov ah, 0
	case '08'
	mov ah, 0x15
	mov dl, 0
	mov cx, 0
	int 0x13
	case '15'
	mov ax, 0x0205
	mov bx, buffer
	mov cx, 0x0001
	mov dx, 0
	int 0x13
	case '02'
	mov si, buffer+510
	mov cx, 4
	show 'sector'
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 0x4f12
	mov dx, 0x0100
	int 0x13
	case '02 last'
	mov ax, 0x0201
	mov cx, 0x0013
	mov dx, 0
	int 0x13
	mov al, 0
	case '02 no sector'
	mov ax, 0x0301
	mov bx, buffer
	mov cx, 0x0001
	mov dx, 0
	int 0x13
	mov al, 0
	case '03'
	int 0x11
	and ax, 0xc1
	none '11'
	mov ax, 0x4b00
	mov dl, 0
	mov si, packet
	mov byte [si], 0x13
	int 0x13
	mov ah, 0
	code '4B00'
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 0x0001
	mov dx, 0
	int 0x13
	mov ax, 0
	code '02 without emulation'
	int 0x11
	and ax, 0xc1
	none '11 without emulation'
	ret

	align 16
packet	times 32 db 0
buffer	equ 0xa000
	times SECTORS*512-($-$$) db 0
