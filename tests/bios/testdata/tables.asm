; What programs read without asking: vectors and entry points at their old addresses, fonts,
; tables, the data area, and what a boot sector finds in registers.
%define SECTORS 6
%include "lib.inc"

	mov si, vectors
.vector:
	lodsb
	test al, al
	jz .fonts
	mov bl, al
	mov bh, 0
	push bx
	shl bx, 2
	mov ax, [bx]		; offset
	mov dx, [bx+2]		; segment
	pop cx
	mov ch, 0
	mov bx, dx
	mov dx, 0
	push si
	cmp ax, ax
	case 'offset, segment, vector'
	pop si
	jmp .vector
.fonts:
	mov ax, 0x0013			; mode 13h and 6: the font at F000:FA6E, in two halves
	int 0x10
	call font
	case 'fonts of mode 13h'
	mov ax, 0x0006
	int 0x10
	call font
	case 'fonts of mode 6'
	mov ax, 0x0012
	int 0x10
	les di, [4*0x43]
	mov cx, 16			; of a blank
	mov al, 0
	add di, 0x20*16
	cld
	repe scasb
	mov ax, 0
	none 'font of mode 12h'
	mov ax, 0x0003
	int 0x10

	; the parameters of the first hard disk
	les si, [4*0x41]
	mov cx, 16
	show 'vector 41'
	mov ax, 0xc000
	mov es, ax
	mov ax, [es:0]
	none 'video ROM'
	mov ax, 0xf000
	mov es, ax
	mov al, [es:0xfff0]
	mov ah, [es:0xfffe]
	none 'reset and model'
	mov cl, [es:0xfff7]
	mov ch, [es:0xfffa]
	mov ax, cx
	none 'date has strokes'
	mov al, [es:0xff53]
	mov ah, 0
	none 'IRET at FF53'
	push ds
	pop es
	mov si, 0x400
	mov cx, 16
	show '400'
	mov si, 0x410
	mov cx, 2
	show '410'
	mov si, 0x449
	mov cx, 2
	show '449'
	mov si, 0x44a
	mov cx, 4
	show '44A'
	mov si, 0x460
	mov cx, 7
	show '460'
	mov si, 0x474
	mov cx, 4
	show '474'
	mov si, 0x478
	mov cx, 8
	show '478'
	mov si, 0x480
	mov cx, 8
	show '480'
	mov si, 0x488
	mov cx, 3
	show '488'
	mov si, 0x496
	mov cx, 1
	show '496'
	mov ax, [0x40e]
	mov es, ax
	mov bl, [es:0]
	mov bh, 0
	mov cx, 0
	mov dx, 0
	none 'segment of the extended data area'
	mov ax, [0x413]
	shl ax, 6
	sub ax, [0x40e]
	none 'it is at the end of memory'
	les si, [0x4a8]		; video: parameters, save areas
	mov eax, [es:si]
	test eax, eax
	mov ax, 0
	setnz al
	none 'video parameters'
	les si, [es:si]
	add si, 64*0x1c		; mode 13h
	mov cx, 64
	show 'of mode 13h'
	ret

; font is AX: 1 if the font at vector 43h begins as the one at F000:FA6E, BX: 1 if it goes on
; as the one at vector 1Fh.
font:	push ds
	les di, [4*0x43]
	mov ax, 0xf000
	mov ds, ax
	mov si, 0xfa6e
	mov cx, 1024
	repe cmpsb
	pop ds
	mov ax, 0
	setz al
	push ds
	les di, [4*0x43]
	add di, 1024
	lds si, [4*0x1f]
	mov cx, 1024
	repe cmpsb
	pop ds
	mov bx, 0
	setz bl
	mov cx, 0
	mov dx, 0
	ret

vectors	db 0x02, 0x05, 0x08, 0x09, 0x0e, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x19, 0x1a, 0x1c, 0x1e, 0x40, 0x42, 0x60, 0x67, 0

	times SECTORS*512-($-$$) db 0
