; Pictures in the modes of the VGA, drawn through its registers and its memory. Before each
; wait for a key the program says on the debug port which picture is on the screen.
%define SECTORS 4
%include "lib.inc"

%macro picture 1		; is on the screen
	call shown
	db %1, 10, 0
%endmacro

	; Text in cells of nine dots, with a font and all attributes without blinking.
	mov ax, 3
	int 0x10
	mov bx, 0x1000
	call loadFont
	call hideCursor
	mov dx, 0x3c2		; memory is not enabled: what is written now?
	mov al, 0x65
	out dx, al
	mov ax, 0xb800
	mov cx, 80*25
	call cells
	mov dx, 0x3c2
	mov al, 0x67
	out dx, al
	picture "text"

	; A split screen: the upper part begins at line 5, the lower at 0.
	mov dx, 0x3d4
	mov ax, (5*80>>8)<<8 | 0x0c
	out dx, ax
	mov ax, (5*80&0xff)<<8 | 0x0d
	out dx, ax
	mov ax, 0x5f18		; line 95 is the last of the upper
	out dx, ax
	mov bx, 0x00ef
	mov al, 7
	call change
	mov bx, 0x00bf
	mov al, 9
	call change
	picture "split text"

	; 50 lines.
	mov ax, 3
	int 0x10
	mov bx, 0x0800
	call loadFont
	call hideCursor
	mov ax, 0xb800
	mov cx, 80*50
	call cells
	picture "text of 50 lines"

	mov ax, 4		; CGA, the palette of green, red and brown, a blue border
	int 0x10
	mov ax, 0x0b00
	mov bx, 0x0100
	int 0x10
	mov ah, 0x0b
	mov bx, 0x0001
	int 0x10
	mov ax, 0xb800
	mov cx, 0x4000
	call bytes
	picture "mode 4"

	mov ax, 6
	int 0x10
	mov ax, 0xb800
	mov cx, 0x4000
	call bytes
	picture "mode 6"

	mov ax, 0x0d
	int 0x10
	mov cx, 0x2000
	call planes
	picture "mode D"

	mov ax, 0x10
	int 0x10
	mov cx, 28000
	call planes
	call writeModes
	picture "mode 10"

	mov ax, 0x12
	int 0x10
	mov cx, 38400
	call planes
	call writeModes
	picture "mode 12"

	mov ax, 0x13
	int 0x10
	mov ax, 0xa000
	mov cx, 64000
	call bytes
	picture "mode 13"

	; Mode X: 320 x 240 in planes, lines of 352 pixels, page at 1000h, line 399 the last of it.
	mov dx, 0x3c4
	mov ax, 0x0604
	out dx, ax
	mov ax, 0x0100
	out dx, ax
	mov dx, 0x3c2
	mov al, 0xe3
	out dx, al
	mov dx, 0x3c4
	mov ax, 0x0300
	out dx, ax
	mov dx, 0x3d4
	mov si, modeX
	mov cx, (modeXEnd - modeX) / 2
.crtc:
	lodsw
	out dx, ax
	loop .crtc
	mov cx, 0x8000
	call planes
	picture "mode X"
	ret

modeX:
	dw 0x2c11, 0x0d06, 0x2e07, 0x0109, 0xea10, 0xac11, 0xdf12, 0x2c13, 0x0014, 0xe715, 0x0616, 0xe317
	dw 0x8f18, 0x3e07, 0x0109
	dw 0x100c, 0x000d
modeXEnd:

; change makes CRT register AL (its value & BL) | BH.
change:
	mov dx, 0x3d4
	out dx, al
	inc dx
	in al, dx
	and al, bl
	or al, bh
	out dx, al
	ret

shown:
	pop si
.next:
	lodsb
	test al, al
	jz .key
	out 0xe9, al
	jmp .next
.key:
	push si
	mov ah, 0
	int 0x16
	ret

hideCursor:
	mov ah, 1
	mov cx, 0x2000
	int 0x10
	ret

; loadFont makes a font with characters of BH lines and has it loaded.
loadFont:
	push ds
	pop es
	mov di, 0x2000
	mov bp, di
	xor cx, cx
.char:
	xor dx, dx
.line:
	mov al, cl
	add al, dl
	xor al, dh
	add al, cl
	rol al, 3
	xor al, cl
	stosb
	inc dx
	cmp dl, bh
	jb .line
	inc cl
	jnz .char
	mov ax, 0x1110
	mov bl, 0
	mov cx, 256
	xor dx, dx
	int 0x10
	ret

; cells fills CX cells of segment AX with all characters but B0h-BFh and all attributes.
cells:
	mov es, ax
	xor di, di
	xor bx, bx
.next:
	mov al, bl
	and al, 0x7f
	test bl, 0x80
	jz .low
	or al, 0xc0
.low:
	mov ah, bh
	add ah, bl
	and ah, 0x7f
	stosw
	inc bx
	loop .next
	ret

; bytes fills CX bytes of segment AX with a pattern.
bytes:
	mov es, ax
	xor di, di
.next:
	mov ax, di
	shr ax, 6
	xor ax, di
	stosb
	loop .next
	ret

; planes fills CX bytes of each plane at A000:0.
planes:
	mov ax, 0xa000
	mov es, ax
	mov bx, 1
.plane:
	mov dx, 0x3c4
	mov al, 2
	mov ah, bl
	out dx, ax
	xor di, di
	push cx
.next:
	mov ax, di
	shr ax, 5
	imul ax, bx
	xor ax, di
	stosb
	loop .next
	pop cx
	shl bx, 1
	cmp bx, 16
	jb .plane
	mov ax, 0x0f02
	out dx, ax
	ret

; writeModes writes 2000 bytes in each of 32 ways: write modes, functions and rotations; with
; latches, bit mask, set and reset.
writeModes:
	xor di, di
	xor bp, bp
.way:
	mov dx, 0x3ce
	mov ax, bp		; 4:3 function, 2:0 write mode and rotation
	mov ah, al
	and ah, 0x1f
	mov al, 3
	out dx, ax
	mov ax, bp
	mov ah, al
	and ah, 3
	mov al, 5
	out dx, ax
	mov ax, 0x0600		; set/reset 6, for planes 0 and 1
	out dx, ax
	mov ax, 0x0301
	out dx, ax
	mov ax, 0x7e08
	out dx, ax
	mov cx, 700
.byte:
	mov al, [es:di+3]	; the latches are those of another byte
	mov ax, di
	shr ax, 3
	xor ax, bp
	stosb
	loop .byte
	inc bp
	cmp bp, 32
	jb .way
	mov si, defaults
	mov cx, 5
.default:
	lodsw
	out dx, ax
	loop .default
	ret
defaults:
	dw 0x0003, 0x0005, 0x0000, 0x0001, 0xff08

	times 512*SECTORS-($-$$) db 0
