; The expansion ROM of the display adapter: power-on copies it to C0000h, where programs look
; for one, makes it read-only and calls it. The services of INT 10h are those of the system
; ROM; fonts and tables are put in by the board (PutVideo), and the last byte makes the sum 0.
;
; nasm -f bin -o vga.bin vga.asm; a test compares the two where nasm is installed.

	bits 16
	cpu 386

%define size       0x8000
%define parameters 0x1000	; rom.Parameters

	org 0
	db 0x55, 0xaa, size / 512
	jmp near init
	times 0x18-($-$$) db 0
	dw pcir
	times 0x1e-($-$$) db 0
	db 'IBM compatible VGA, Glassbox', 0

	align 4
pcir:
	db 'PCIR'
	dw 0x1234, 0x1111	; vendor and device
	dw 0			; no vital product data
	dw pcirEnd - pcir
	db 0			; revision of the structure
	db 0x00, 0x00, 0x03	; VGA
	dw size / 512
	dw 1			; revision of the code
	db 0			; for a PC
	db 0x80			; the last image
	dw 0
pcirEnd:

init:				; far call at power-on
	push ds
	push ax
	xor ax, ax
	mov ds, ax
	mov word [4*0x10], int10
	mov word [4*0x10+2], cs
	mov word [4*0x6d], int10
	mov word [4*0x6d+2], cs
	mov word [0x4a8], savePointers
	mov word [0x4aa], cs
	pop ax
	pop ds
	retf

int10:
	jmp 0xf000:0xf065

	align 16
savePointers:
	dw parameters, 0xc000
	times 3 dd 0		; dynamic save area, fonts for text and for graphics: none
	dw morePointers, 0xc000
	times 2 dd 0

morePointers:
	dw morePointersEnd - morePointers
	dw displayCodes, 0xc000
	times 5 dd 0
morePointersEnd:

displayCodes:			; combinations of displays, by INT 10h AH = 1Ah
	db 16, 1, 8, 0
	dw 0x0000, 0x0100, 0x0200, 0x0102, 0x0400, 0x0104, 0x0500, 0x0502
	dw 0x0600, 0x0601, 0x0605, 0x0800, 0x0801, 0x0700, 0x0702, 0x0706

	times parameters-($-$$) db 0
	times size-($-$$) db 0
