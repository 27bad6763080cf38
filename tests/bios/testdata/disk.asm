; INT 13h on a hard disk.
%define SECTORS 8
%include "lib.inc"


	mov ah, 0
	mov bx, 0
	mov cx, 0
	mov dx, 0
	mov dl, [drive]
	int 0x13
	case '00'
	mov ah, 0x08
	mov dh, 0
	mov di, 0
	int 0x13
	mov bl, 0
	case '08'
	mov ax, 0x1500
	mov dl, [drive]
	int 0x13
	case '15'
	mov ax, 0x0201		; last sector of this program
	mov bx, buffer
	mov cx, SECTORS
	mov dh, 0
	mov dl, [drive]
	int 0x13
	mov bx, 0
	case '02'
	mov si, buffer + 508
	mov cx, 4
	show 'its end'
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 0
	mov dx, 0
	mov dl, [drive]
	int 0x13
	mov bx, 0
	mov al, 0
	case '02 sector 0'
	mov ah, 1
	int 0x13
	mov al, 0
	case '01'
	mov ax, 0x0200
	mov cx, 1
	int 0x13
	mov al, 0
	case '02 nothing'
	mov ax, 0x0201
	mov cx, 0xffff
	int 0x13
	mov al, 0
	case '02 too far'
	mov ax, 0x0401
	mov cx, 1
	int 0x13
	case '04'
	mov ax, 0x5500
	int 0x13
	mov al, 0
	case '55'
	mov ax, 0x0201
	mov dl, 0x8f
	int 0x13
	mov al, 0
	case '02 no drive'
	mov ax, 0x1500
	mov dl, 0x8f
	int 0x13
	mov ax, 0
	mov cx, 0
	mov dx, 0
	case '15 no drive'
	mov ax, 0x0d00
	mov dl, [drive]
	int 0x13
	case '0D'
	mov ah, 0x0c
	mov cx, 1
	int 0x13
	case '0C'
	mov ax, 0x1000
	int 0x13
	case '10'
	mov ax, 0x1100
	int 0x13
	case '11'

; write, by sector and by block number
	mov di, buffer
	mov cx, 256
	mov ax, 0x5aa5
	rep stosw
	mov ax, 0x0301
	mov bx, buffer
	mov cx, 0x0120		; cylinder 1, sector 32
	mov dx, 0x0200
	mov dl, [drive]
	int 0x13
	mov bx, 0
	case '03'
	mov di, buffer
	mov cx, 256
	mov ax, 0
	rep stosw
	mov byte [packet+2], 1
	mov dword [packet+8], (1*16+2)*63+31
	mov ax, 0x4200
	mov si, packet
	mov dl, [drive]
	int 0x13
	case '42'
	mov cx, 4
	show 'packet'
	mov si, buffer
	mov cx, 4
	show 'what was written'
	mov word [packet+2], 3
	mov dword [packet+8], 0
	mov ax, 0x4200
	mov si, packet
	int 0x13
	case '42 three'
	mov si, buffer + 510
	mov cx, 4
	show 'boot signature and on'
	mov byte [packet+2], 1
	mov dword [packet+8], 0x7fffffff
	mov ax, 0x4200
	mov si, packet
	int 0x13
	mov al, 0
	case '42 too far'
	mov dword [packet+8], 4
	mov ax, 0x4300
	mov si, packet
	mov word [packet+2], 1
	mov dword [packet+8], 100
	int 0x13
	case '43'
	mov ax, 0x4400
	mov si, packet
	int 0x13
	case '44'
	mov ax, 0x4700
	mov si, packet
	int 0x13
	case '47'
	mov ax, 0x4100
	mov bx, 0x55aa
	mov cx, 0
	int 0x13
	case '41'
	mov ax, 0x4100
	mov bx, 0
	mov cx, 0
	int 0x13
	case '41 wrong'
	mov bx, 0
	mov cx, 0
	mov word [buffer], 26
	mov ax, 0x4800
	mov si, buffer
	int 0x13
	case '48'
	mov cx, 26
	show 'parameters'
	mov word [buffer], 10
	mov ax, 0x4800
	mov si, buffer
	int 0x13
	case '48 small'
	mov word [buffer], 66
	mov ax, 0x4800
	mov si, buffer
	int 0x13
	mov si, buffer
	mov cx, 2
	show 'large parameters'
	mov si, buffer + 30
	mov cx, 6
	show 'path'
	mov ax, 0x4900
	int 0x13
	mov ax, 0x4e06
	int 0x13
	case '4E'

; the data area
	mov si, 0x475
	mov cx, 1
	show 'number of disks'
	ret

packet	db 16, 0
	dw 1, buffer, 0
	dq 0
	times SECTORS*512-4-($-$$) db 0
	dd 0x44332211
buffer	equ $
