; INT 13h for a hard disk that is a file on a CD-ROM: 20 cylinders, 4 heads, 17 sectors, as its
; first partition says.
%define SECTORS 5
%include "lib.inc"

	mov dl, [drive]
	mov dh, 0
	mov ax, 0
	mov bx, 0
	mov cx, 0
	case 'drive'
	mov ax, 0x4b01
	mov dl, 0x80
	mov si, packet
	mov byte [si], 0x13
	int 0x13
	case '4B01'
	mov al, [packet+1]	; media type, drive
	mov ah, [packet+2]
	mov bx, [packet+14]
	mov cx, 0
	mov dx, 0
	case 'specification'
	mov ah, 0x08
	mov dl, 0x80
	mov bx, 0
	int 0x13
	mov ah, 0
	mov bx, 0
	case '08'
	mov ax, 0x0205
	mov bx, buffer
	mov cx, 0x0001
	mov dx, 0x80
	int 0x13
	case '02'
	push ds
	pop es
	mov si, buffer+510
	mov cx, 4
	show 'sector'
	mov ax, 0x0201		; the last sector of cylinder 3, head 3
	mov bx, buffer
	mov cx, 0x0311
	mov dx, 0x0380
	int 0x13
	case '02 later'
	mov si, buffer
	mov cx, 4
	show 'that sector'
	mov ax, 0x0201
	mov cx, 0x0012
	mov dx, 0x80
	int 0x13
	mov al, 0
	case '02 no sector'
	mov ax, 0x0301
	mov bx, buffer
	mov cx, 0x0001
	mov dx, 0x80
	int 0x13
	mov al, 0
	case '03'
	mov ax, 0x4b00
	mov dl, 0x80
	mov si, packet
	mov byte [si], 0x13
	int 0x13
	mov ah, 0
	code '4B00'
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 0x0001
	mov dx, 0x80
	int 0x13
	mov ax, 0
	code '02 without emulation'
	ret

packet	times 20 db 0
	times 512*SECTORS-($-$$) db 0
buffer:
