; The mouse, power management, waits, and what a program may find in memory.
%define SECTORS 8
%include "lib.inc"

; mouse
	mov ax, 0xc205
	mov bx, 0x0300
	mov cx, 0
	mov dx, 0
	int 0x15
	mov al, 0
	none 'C205'
	mov ax, 0xc201
	mov bx, 0
	int 0x15
	mov al, 0
	mov cx, 0
	case 'C201'
	mov ax, 0xc204
	mov bx, 0
	int 0x15
	mov al, 0
	mov bl, 0
	case 'C204'
	mov ax, 0xc203
	mov bx, 0x0300
	int 0x15
	mov al, 0
	none 'C203'
	mov ax, 0xc202
	mov bx, 0x0500
	int 0x15
	mov al, 0
	none 'C202'
	mov ax, 0xc206
	mov bx, 0x0000
	int 0x15
	mov al, 0
	and bx, 0xff
	and cx, 0xff
	and dx, 0xff
	case 'C206'
	mov ax, 0xc206
	mov bx, 0x0200
	int 0x15
	mov al, 0
	none 'C206 scaling'
	mov ax, 0xc202
	mov bx, 0x0700
	int 0x15
	mov al, 0
	none 'C202 wrong'
	mov ax, 0xc203
	mov bx, 0x0400
	int 0x15
	mov al, 0
	none 'C203 wrong'
	mov ax, 0xc207
	mov bx, handler
	int 0x15
	mov al, 0
	none 'C207'
	mov ax, 0xc200
	mov bx, 0x0100
	int 0x15
	mov al, 0
	none 'C200'
	mov ax, 0xc200
	mov bx, 0x0000
	int 0x15
	mov al, 0
	none 'C200 off'
	mov ax, 0xc2ee
	int 0x15
	mov al, 0
	none 'C2EE'

; power management
	mov ax, 0x5300
	mov bx, 0
	mov dx, 0
	int 0x15
	case '5300'
	mov ax, 0x5300
	mov bx, 5
	int 0x15
	mov al, 0
	none '5300 wrong device'
	mov ax, 0x5301
	mov bx, 0
	int 0x15
	mov al, 0
	none '5301'
	mov ax, 0x530e
	mov bx, 0
	mov cx, 0x0102
	int 0x15
	none '530E'
	mov ax, 0x530b
	mov bx, 0
	int 0x15
	mov al, 0
	none '530B'
	mov ax, 0x530a
	mov bx, 1
	int 0x15
	mov al, 0
	and bx, 0xff00
	mov cx, 0
	mov dx, 0
	case '530A'
	mov ax, 0x5305
	int 0x15
	mov al, 0
	none '5305'
	mov ax, 0x5304
	mov bx, 0
	int 0x15
	mov al, 0
	none '5304'
	mov ax, 0x5302
	mov bx, 0
	int 0x15
	code '5302'
	mov ax, 0x5304
	mov bx, 0
	int 0x15
	code '5304 again'
	mov ax, 0x5303
	mov bx, 0
	int 0x15
	code '5303'
	mov ax, 0x5304
	mov bx, 0
	int 0x15
	code '5304 once more'
	mov ax, 0x53ee
	mov bx, 0
	int 0x15
	code '53EE'

; waits
	push ds
	pop es
	mov byte [flag], 0
	mov ax, 0x8300
	mov bx, flag
	mov cx, 0
	mov dx, 20000
	int 0x15
	mov ax, 0
	code '8300'
	mov ax, 0x8300
	mov bx, flag
	mov cx, 0
	mov dx, 20000
	int 0x15
	mov ax, 0
	code '8300 again'
.flag:
	test byte [flag], 0x80
	jz .flag
	mov ax, [flag]
	none 'flag'
	mov ax, 0x8301
	int 0x15
	mov ax, 0
	code '8301'

; alarm
	mov ah, 6
	mov cx, 0x1234
	mov dx, 0x5600
	int 0x1a
	mov ax, 0
	code '1A/06'
	mov ah, 6
	mov cx, 0x1234
	mov dx, 0x5600
	int 0x1a
	mov ax, 0
	code '1A/06 again'
	mov ah, 7
	int 0x1a
	mov ax, 0
	code '1A/07'

; block move
	mov word [flag], 0xbeef
	mov ah, 0x87
	mov cx, 1
	mov si, table
	int 0x15
	mov al, 0
	mov bx, 0
	mov dx, 0
	case '87'
	cmp ax, ax
	mov ax, [flag+2]
	code 'moved'
	mov ax, [flag+2]
	none 'moved what'

; what is in memory
	xor ax, ax
	mov es, ax
	mov ax, [es:0x41a]
	mov bx, [es:0x41c]
	sub ax, bx
	mov bx, [es:0x480]
	mov cx, [es:0x482]
	mov dx, [es:0x413]
	cmp ax, ax
	case 'keyboard buffer, memory'
	mov bx, [es:0x400]
	mov cx, 0
	mov dx, 0
	mov ax, 0
	cmp ax, ax
	case 'ports'
	mov al, [es:0x475]
	mov ah, [es:0x496]
	and ah, 0x10
	mov bl, [es:0x489]
	mov bh, [es:0x48a]
	mov cl, [es:0x487]
	mov ch, [es:0x463]
	mov dx, 0
	cmp ax, ax
	case 'disks, keyboard, display'
	mov ax, 0xf000
	mov es, ax
	mov si, 0xfffe
	mov cx, 1
	show 'model'
	mov si, 0xfff0
	mov cx, 5
	show 'reset'
	mov al, [es:0xff53]
	mov ah, 0
	cmp ax, ax
	none 'IRET'
	les si, [0x1d*4]
	mov cx, 16
	show 'vector 1D'
	ret

handler:
	retf
	align 16
flag	dw 0, 0
table	times 16 db 0
	dw 2, flag
	db 0, 0x93
	dw 0
	dw 2, flag+2
	db 0, 0x93
	dw 0
	times 16 db 0
	times SECTORS*512-($-$$) db 0
