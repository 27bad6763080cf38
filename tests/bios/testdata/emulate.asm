; INT 13h AH = 4Ah, 4Ch and 4Dh, from a CD-ROM that was booted without emulation: its image is
; made a diskette, and then booted as one.
%define SECTORS 4
%define LOADED
%include "lib.inc"

	cmp byte [drive], 0
	je again
	mov si, catalogPacket
	mov ah, 0x4d
	mov dl, [drive]
	int 0x13
	mov ax, [buffer]
	mov bx, [buffer+0x1e]
	mov cx, [buffer+0x20]
	mov dx, [buffer+0x28]
	case '4D'
	mov ax, 0x4a00
	mov si, packet
	int 0x13
	mov al, 0
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case '4A'
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 1
	mov dx, 0
	int 0x13
	mov bx, [buffer+510]
	case '02'
	mov ax, 0x4a00		; one at a time
	mov si, packet
	int 0x13
	mov al, 0
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case '4A again'
	mov ax, 0x4b00
	mov dl, 0x7f
	mov si, answer
	int 0x13
	mov al, 0
	case '4B00'
	mov ax, 0x4c00
	mov si, hardDisk	; media type and drive do not go together
	int 0x13
	mov al, 0
	case '4C wrong'
	mov ax, 0x4c00
	mov si, packet
	int 0x13
	case 'is still here'
	ret
again:
	mov ax, 0
	mov bx, 0
	mov cx, 0
	mov dx, 0
	case 'booted as a diskette'
	ret

catalogPacket:
	db 8, 1
	dw buffer, 0, 0
packet:				; 1.44 MB, drive 0, first drive of the second channel, block 20
	db 0x13, 2, 0, 1
	dd 20
	dw 0, 0, 0, 4, 0
	db 0
hardDisk:
	db 0x13, 2, 0x80, 1
	dd 20
	dw 0, 0, 0, 4, 0
	db 0
answer	db 0x13
	times 0x13 db 0
	times 2048-($-$$) db 0
buffer:
