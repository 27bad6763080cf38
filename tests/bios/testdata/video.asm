; INT 10h: text, cursor, palette, fonts, and the data area in all modes.
%define SECTORS 12
%include "lib.inc"

	mov si, modes
.mode:
	lodsb
	cmp al, 0xff
	je .text
	push si
	mov ah, 0
	int 0x10
	mov bx, 0
	mov cx, 0
	mov dx, 0
	mov ah, 0x0f
	int 0x10
	case '10/0F'
	mov ax, 0x40
	mov es, ax
	mov si, 0x49
	mov cx, 0x17		; up to the cursor's shape
	show 'modes'
	mov si, 0x84
	mov cx, 3
	show 'rows'
	xor ax, ax
	mov es, ax
	pop si
	jmp .mode
.text:
	mov ax, 3
	int 0x10
	mov ah, 1
	mov cx, 0x0607
	int 0x10
	call shape
	case '10/01 underline'
	mov ah, 1
	mov cx, 0x0007
	int 0x10
	call shape
	case '10/01 block'
	mov ah, 1
	mov cx, 0x2000
	int 0x10
	call shape
	case '10/01 none'
	mov ah, 1
	mov cx, 0x0d0e
	int 0x10
	call shape
	case '10/01 lines'
	mov ah, 2
	mov bh, 0
	mov dx, 0x0a14
	int 0x10
	mov ah, 3
	mov bx, 0
	int 0x10
	case '10/03'
	mov ah, 2
	mov bh, 1
	mov dx, 0x0102
	int 0x10
	mov ah, 3
	mov bx, 0x0100
	int 0x10
	case '10/03 page 1'
	mov ax, 0x0501
	int 0x10
	mov al, 0x0c
	call crtc
	mov cx, ax
	mov al, 0x0e
	call crtc
	mov dx, ax
	mov ax, 0
	case 'start and cursor'
	mov ax, 0x0500
	int 0x10
	mov ah, 4
	mov bx, 0
	mov cx, 0
	mov dx, 0
	int 0x10
	mov al, 0
	none '10/04'

; characters
	mov ah, 2
	mov bh, 0
	mov dx, 0
	int 0x10
	mov ax, 0x0941
	mov bx, 0x001e
	mov cx, 3
	int 0x10
	mov ax, 0x0a42
	mov bx, 0x0000
	mov cx, 1
	int 0x10
	mov ah, 8
	mov bh, 0
	int 0x10
	none '10/08'
	mov si, 0
	mov cx, 8
	call cells
	mov si, hello
.type:
	lodsb
	test al, al
	jz .typed
	mov ah, 0x0e
	mov bx, 0x0007
	int 0x10
	jmp .type
.typed:
	mov ah, 3
	mov bh, 0
	int 0x10
	mov ax, 0
	case '10/0E'
	mov si, 0
	mov cx, 16
	call cells
	mov si, 160
	mov cx, 16
	call cells
	mov ah, 2
	mov bh, 0
	mov dx, 0x184f
	int 0x10
	mov ax, 0x0e58
	mov bx, 7
	int 0x10
	mov ah, 3
	mov bh, 0
	int 0x10
	mov ax, 0
	case '10/0E scrolls'
	mov si, 23*160+156
	mov cx, 6
	call cells
	mov ax, 0x0601
	mov bx, 0x4f00
	mov cx, 0x0000
	mov dx, 0x0103
	int 0x10
	mov si, 0
	mov cx, 10
	call cells
	mov si, 160
	mov cx, 10
	call cells
	mov ax, 0x0701
	mov bx, 0x2f00
	mov cx, 0x0001
	mov dx, 0x0205
	int 0x10
	mov si, 0
	mov cx, 14
	call cells
	mov ax, 0x0600
	mov bx, 0x1700
	mov cx, 0x1700
	mov dx, 0x184f
	int 0x10
	mov si, 23*160-4
	mov cx, 12
	call cells
	mov di, 0
.string:
	mov ax, di
	mov ah, 0x13
	mov bx, 0x003c
	mov cx, 4
	mov dx, 0x0c00
	mov bp, string
	int 0x10
	mov ah, 3
	mov bh, 0
	int 0x10
	mov ax, di
	case '10/13'
	mov si, 12*160
	mov cx, 16
	call cells
	inc di
	cmp di, 4
	jne .string

; palette
	mov ax, 0x1000
	mov bx, 0x2a03
	int 0x10
	mov ax, 0x1007
	mov bx, 0x0003
	int 0x10
	case '10/1007'
	mov ax, 0x1001
	mov bh, 5
	int 0x10
	mov ax, 0x1008
	int 0x10
	case '10/1008'
	mov ax, 0x1002
	mov dx, colours
	int 0x10
	mov ax, 0x1009
	mov dx, buffer
	int 0x10
	mov si, buffer
	mov cx, 17
	show '10/1009'
	mov ax, 0x1010
	mov bx, 0x0012
	mov cx, 0x1122
	mov dx, 0x3300
	int 0x10
	mov cx, 0
	mov dx, 0
	mov ax, 0x1015
	int 0x10
	case '10/1015'
	mov ax, 0x1012
	mov bx, 0x20
	mov cx, 4
	mov dx, colours
	int 0x10
	mov ax, 0x1017
	mov dx, buffer
	int 0x10
	mov si, buffer
	mov cx, 12
	show '10/1017'
	mov ax, 0x1018
	mov bx, 0x0f
	int 0x10
	mov bx, 0
	mov ax, 0x1019
	int 0x10
	mov ax, 0
	mov bh, 0
	cmp ax, ax
	case '10/1019'
	mov ax, 0x1018
	mov bx, 0xff
	int 0x10
	mov ax, 0x1013
	mov bx, 0x0100
	int 0x10
	mov ax, 0x101a
	mov bx, 0
	int 0x10
	mov cx, 0
	mov dx, 0
	case '10/101A'
	mov ax, 0x1013
	mov bx, 0x0301
	int 0x10
	mov ax, 0x101a
	mov bx, 0
	int 0x10
	mov cx, 0
	mov dx, 0
	case '10/101A page'
	mov ax, 0x1013
	mov bx, 0x0001
	int 0x10
	mov ax, 0x101b
	mov bx, 0x20
	mov cx, 4
	int 0x10
	mov ax, 0x1017
	mov dx, buffer
	mov cx, 4
	int 0x10
	mov si, buffer
	mov cx, 12
	show '10/101B'

; fonts and lines
	mov ax, 3
	int 0x10
	mov di, 0
.font:
	mov ax, 0x1130
	mov bx, di
	xchg bh, bl
	mov cx, 0
	mov dx, 0
	int 0x10
	push ds
	pop es
	mov bx, 0
	case '10/1130'
	inc di
	cmp di, 8
	jne .font
	mov si, heights
.height:
	lodsb
	test al, al
	jz .lines
	push si
	mov ah, 0x11
	mov bx, 0
	int 0x10
	mov ax, 0x40
	mov es, ax
	mov si, 0x84
	mov cx, 3
	show 'rows after 10/11'
	xor ax, ax
	mov es, ax
	mov al, 0x09
	call crtc
	mov ax, 0
	none 'lines'
	pop si
	jmp .height
.lines:
	mov di, 0
.scan:
	mov ax, di
	mov ah, 0x12
	mov bx, 0x0030
	mov cx, 0
	mov dx, 0
	int 0x10
	case '10/1230'
	mov ax, 3
	int 0x10
	mov ax, 0x40
	mov es, ax
	mov si, 0x84
	mov cx, 3
	show 'rows after 10/1230'
	xor ax, ax
	mov es, ax
	inc di
	cmp di, 3
	jne .scan
	mov ax, 0x1200
	mov bx, 0x0010
	mov cx, 0
	int 0x10
	mov dx, 0
	case '10/1210'
	mov di, 0x31
.alternate:
	mov ax, 0x1200
	mov bx, di
	mov cx, 0
	int 0x10
	mov dx, 0
	case '10/12'
	inc di
	cmp di, 0x37
	jne .alternate
	mov ax, 0x1a00
	mov bx, 0
	int 0x10
	case '10/1A'
	mov ax, 3
	int 0x10
	mov ax, 0x1b00
	mov bx, 0
	mov di, buffer
	int 0x10
	none '10/1B'
	mov si, buffer+4
	mov cx, 0x29
	show 'state'

; state: saved, changed, restored
	mov ax, 0x1c00
	mov cx, 7
	int 0x10
	none '10/1C00'
	mov ah, 2
	mov bh, 0
	mov dx, 0x0305
	int 0x10
	mov ax, 0x1c01
	mov cx, 7
	mov bx, state
	int 0x10
	mov ax, 0x13
	int 0x10
	mov ax, 0x1c02
	mov cx, 7
	mov bx, state
	int 0x10
	none '10/1C02'
	mov ah, 0x0f
	int 0x10
	mov cx, 0
	mov dx, 0
	case '10/0F restored'
	mov ah, 3
	mov bh, 0
	int 0x10
	mov ax, 0
	mov cx, 0
	case '10/03 restored'
	mov al, 0x0e
	call crtc
	none 'cursor restored'
	mov ah, 0xee
	mov al, 0x12
	int 0x10
	none '10/EE'
	ret

; CRTC registers AL and AL+1 in AX.
crtc:
	push dx
	mov dx, 0x3d4
	mov ah, al
	out dx, al
	inc dx
	in al, dx
	xchg al, ah
	inc al
	dec dx
	out dx, al
	inc dx
	in al, dx
	pop dx
	ret
; What AH = 01h leaves: AX the registers, BX the data area.
shape:
	mov al, 0x0a
	call crtc
	mov bx, [0x460]
	mov cx, 0
	mov dx, 0
	ret
; CX bytes at SI of the screen.
cells:
	push es
	mov ax, 0xb800
	mov es, ax
	show 'cells'
	pop es
	ret

modes	db 0, 1, 2, 3, 4, 5, 6, 7, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x83, 0xff
heights	db 0x12, 0x11, 0x14, 0
hello	db 'Hi', 9, 8, 8, '!', 13, 10, 'there', 10, 'x', 0
string	db 'a', 0x11, 'b', 0x22, 'c', 0x33, 'd', 0x44
colours	db 0, 1, 2, 3, 4, 5, 20, 7, 56, 57, 58, 59, 60, 61, 62, 63, 9
	align 16
buffer	times 64 db 0
state	equ 0xa000
	times SECTORS*512-($-$$) db 0
