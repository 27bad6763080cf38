; INT 13h for a diskette of 1.44 MB in drive A, the only one.
%define SECTORS 6
%include "lib.inc"

	mov ah, 0
	mov dl, 0
	int 0x13
	mov bx, 0
	mov cx, 0
	case '00'
	mov ah, 1
	int 0x13
	case '01'
	mov ax, 0x0800
	mov dl, 0
	mov bx, 0
	mov cx, 0
	int 0x13
	case '08'
	push es
	pop ax
	test ax, ax
	mov ax, 0
	mov bx, 0
	mov cx, 0
	mov dx, 0
	setnz al
	case 'parameters are somewhere'
	mov si, di
	mov cx, 10
	show 'of 08'
	xor ax, ax
	mov es, ax
	les si, [es:4*0x1e]
	mov cx, 11
	show 'vector 1E'
	push ds
	pop es
	mov ah, 0x15
	mov dl, 0
	mov cx, 0
	int 0x13
	case '15'
	mov ah, 0x15
	mov dl, 1
	mov cx, 0
	int 0x13
	case '15 no drive'
	mov ah, 0x16
	mov dl, 0
	int 0x13
	case '16'
	mov ax, 0x0202
	mov bx, buffer
	mov cx, 0x0001
	mov dx, 0
	int 0x13
	case '02'
	mov si, buffer+510
	mov cx, 4
	show 'sector'
	mov ax, 0x0212
	mov bx, buffer
	mov cx, 0x0001
	mov dx, 0x0100
	int 0x13
	case '02 a track'
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 0x4f12
	mov dx, 0x0100
	int 0x13
	case '02 last'
	mov si, buffer
	mov cx, 4
	show 'sector'
	mov ax, 0x0201
	mov cx, 0x0013
	mov dx, 0
	int 0x13
	mov al, 0
	case '02 no sector'
	mov ah, 1
	mov dx, 0
	int 0x13
	mov al, 0
	case '01 after it'
	mov ax, 0x0201
	mov cx, 0x0001
	mov dx, 0x0200
	int 0x13
	mov al, 0
	case '02 no head'
	mov ax, 0x0201
	mov cx, 0x0001
	mov dx, 0x0001
	int 0x13
	mov al, 0
	case '02 no drive'
	mov ax, 0x0200
	mov cx, 0x0001
	mov dx, 0
	int 0x13
	case '02 nothing'
	mov ax, 0x0202
	mov bx, 0xff00
	mov cx, 0x0001
	mov dx, 0
	int 0x13
	mov al, 0
	case '02 across 64 KiB'
	mov si, buffer
	mov word [si], 0xabcd
	mov ax, 0x0301
	mov bx, buffer
	mov cx, 0x1405
	mov dx, 0x0100
	int 0x13
	case '03'
	mov word [buffer], 0
	mov ax, 0x0201
	mov cx, 0x1405
	int 0x13
	mov ax, [buffer]
	case 'written'
	mov ax, 0x0403
	mov cx, 0x0001
	mov dx, 0
	mov bx, 0
	int 0x13
	case '04'
	mov ax, 0x0512
	mov bx, format
	mov cx, 0x1401
	mov dx, 0x0100
	int 0x13
	mov al, 0
	mov bx, 0
	case '05'
	mov word [buffer], 0
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 0x1405
	int 0x13
	mov ax, [buffer]
	mov bx, 0
	case 'formatted'
	mov ah, 0x41
	mov bx, 0x55aa
	mov cx, 0
	mov dx, 0
	int 0x13
	mov ax, 0
	code '41'
	mov ax, 0xee00
	mov dx, 0
	int 0x13
	mov bx, 0
	mov cx, 0
	case 'EE'
	mov ah, 0x08
	mov dx, 0x0001
	int 0x13
	code '08 no drive'
	int 0x11
	and ax, 0xc1
	none '11'
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 1
	mov dx, 0
	int 0x40
	case '40/02'
	ret

format:
%assign i 1
%rep 18
	db 20, 1, i, 2
%assign i i+1
%endrep
buffer	equ 0xa000
	times SECTORS*512-($-$$) db 0
