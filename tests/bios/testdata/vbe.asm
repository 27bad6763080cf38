; VBE: the adapter, its modes, windows, lines, start of the picture, colours.
%define SECTORS 6
%include "lib.inc"

	push ds
	pop es
	mov di, info
	mov dword [di], 'VBE2'
	mov ax, 0x4f00
	int 0x10
	none '4F00'
	mov si, info
	mov cx, 6
	show 'signature and version'
	mov si, info+10
	mov cx, 4
	show 'capabilities'
	mov si, info+18
	mov cx, 2
	show 'memory'
; which modes of the standard are in the list
	mov bp, modes
.mode:
	mov cx, [bp]
	cmp cx, 0
	je .set
	mov ax, 0x4f01
	mov di, info
	int 0x10
	mov dx, cx
	mov bx, 0
	mov cx, 0
	case '4F01'
	mov dword [info+12], 0	; pointers
	and byte [info], ~4	; whether text can be written
	mov dword [info+40], 0
	mov si, info
	mov cx, 29
	show 'mode'
	mov si, info+31
	mov cx, 9
	show 'colours'
	mov si, info+50
	mov cx, 1
	show 'linear'
	add bp, 2
	jmp .mode
.set:
	mov ax, 0x4f01
	mov cx, 0x1ff
	mov di, info
	int 0x10
	none '4F01 no mode'
	mov ax, 0x4f02
	mov bx, 0x1ff
	int 0x10
	none '4F02 no mode'
	mov ax, 0x4f02
	mov bx, 0x0101
	int 0x10
	none '4F02'
	mov ax, 0x4f03
	int 0x10
	mov cx, 0
	mov dx, 0
	case '4F03'
	mov ax, 0x4f05
	mov bx, 0
	mov dx, 3
	int 0x10
	none '4F05'
	mov ax, 0xa000
	mov es, ax
	mov byte [es:0x123], 0x5a
	mov ax, 0x4f05
	mov bx, 0x0100
	mov dx, 0
	int 0x10
	case '4F05 asked'
	mov ax, 0x4f05
	mov bx, 0
	mov dx, 2
	int 0x10
	mov al, [es:0x123]
	mov ah, 0
	push ax
	mov ax, 0x4f05
	mov bx, 0
	mov dx, 3
	int 0x10
	pop ax
	mov ah, [es:0x123]
	none 'window'
	push ds
	pop es
	mov ax, 0x4f06
	mov bl, 1
	int 0x10
	case '4F06 asked'
	mov ax, 0x4f06
	mov bl, 0
	mov cx, 1024
	int 0x10
	case '4F06'
	mov ax, 0x4f07
	mov bx, 0
	mov cx, 16
	mov dx, 20
	int 0x10
	none '4F07'
	mov ax, 0x4f07
	mov bx, 1
	mov cx, 0
	mov dx, 0
	int 0x10
	case '4F07 asked'
	mov ax, 0x4f08
	mov bx, 0x0800
	int 0x10
	mov cx, 0
	mov dx, 0
	case '4F08'
	mov ax, 0x4f08
	mov bx, 0x0001
	int 0x10
	mov cx, 0
	mov dx, 0
	case '4F08 asked'
	mov ax, 0x4f09
	mov bx, 0
	mov cx, 2
	mov dx, 5
	mov di, palette
	int 0x10
	none '4F09'
	mov ax, 0x4f09
	mov bx, 1
	mov cx, 2
	mov dx, 5
	mov di, info
	int 0x10
	none '4F09 asked'
	mov si, info
	mov cx, 8
	show 'palette'
	mov ax, 0x4f02
	mov bx, 0x0003
	int 0x10
	none '4F02 text'
	mov ax, 0x4f03
	int 0x10
	mov cx, 0
	mov dx, 0
	case '4F03 text'
	mov ah, 0x0f
	int 0x10
	none '10/0F'
	mov ax, 0x4f0a
	mov bx, 0
	int 0x10
	none '4F0A'
	mov ax, 0x4fee
	int 0x10
	none '4FEE'
	ret

modes	dw 0x100, 0x101, 0x103, 0x105, 0x107, 0x110, 0x111, 0x112, 0x114, 0x115, 0x117, 0x118, 0x142, 0x143, 0x144, 0
palette	db 0x11, 0x22, 0x33, 0, 0x44, 0x55, 0x66, 0
info	equ 0x9000
	times SECTORS*512-($-$$) db 0
