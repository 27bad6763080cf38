; INT 13h for the CD-ROM that this was booted from, without emulation.
%define SECTORS 4
%define LOADED
%include "lib.inc"

	mov dl, [drive]
	mov dh, 0
	mov ax, 0
	case 'drive'
	mov ax, 0x4b01
	mov si, packet
	mov byte [si], 0x13
	int 0x13
	mov dh, 0
	case '4B01'
	mov dword [packet+4], 0	; where the image is
	mov byte [packet+3], 0
	mov word [packet+8], 0
	mov si, packet
	mov cx, 0x10
	show 'specification'
	mov ah, 0x41
	mov bx, 0x55aa
	mov cx, 0
	mov dl, [drive]
	int 0x13
	case '41'
	call reset
	mov ah, 0x42
	mov dl, [drive]
	mov si, packet
	int 0x13
	mov bx, 0
	mov cx, 0
	case '42'
	mov si, packet
	mov cx, 4
	show 'moved'
	mov si, buffer
	mov cx, 8
	show 'volume'
	call reset
	mov dword [packet+8], 0x7fffffff
	mov ah, 0x42
	mov dl, [drive]
	mov si, packet
	int 0x13
	mov ax, 0
	code '42 beyond'
	call reset
	mov ah, 0x43
	mov al, 0
	mov dl, [drive]
	mov si, packet
	int 0x13
	case '43'
	mov ah, 0x48
	mov dl, [drive]
	mov si, packet
	mov word [si], 26
	int 0x13
	case '48'
	mov si, packet
	mov cx, 4
	show 'size and flags'
	mov si, packet+24
	mov cx, 2
	show 'bytes of a sector'
	mov ax, 0x4502
	mov dl, [drive]
	int 0x13
	case '45 state'
	mov ax, 0x4500
	mov dl, [drive]
	int 0x13
	case '45 lock'
	mov ax, 0x4502
	mov dl, [drive]
	int 0x13
	case '45 locked'
	mov ax, 0x4600
	mov dl, [drive]
	int 0x13
	case '46 locked'
	mov ax, 0x4501
	mov dl, [drive]
	int 0x13
	case '45 unlock'
	mov ax, 0x4501
	mov dl, [drive]
	int 0x13
	case '45 unlock again'
	mov ax, 0x4900
	mov dl, [drive]
	int 0x13
	case '49'
	mov ah, 0x01
	mov dl, [drive]
	int 0x13
	case '01'
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 1
	mov dl, [drive]
	int 0x13
	mov al, 0
	case '02'
	mov ax, 0x4800
	mov dl, 0xef
	mov si, packet
	int 0x13
	mov ax, 0
	code '48 no drive'
	ret

reset:
	mov word [packet], 16
	mov word [packet+2], 1
	mov word [packet+4], buffer
	mov word [packet+6], 0
	mov dword [packet+8], 16
	mov dword [packet+12], 0
	ret

	align 16
packet	times 32 db 0
buffer	equ 0xa000
	times SECTORS*512-($-$$) db 0
