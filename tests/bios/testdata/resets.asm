; Resets the machine through one door after the other, and says on the debug port which boot
; this is. A byte of the battery-backed memory counts; it is outside the checksum.
	bits 16
	cpu 386
	org 0x7c00
%define COUNT 0x70

	xor ax, ax
	mov ds, ax
	mov ss, ax
	mov sp, 0x7c00
	cli
	mov al, COUNT
	out 0x70, al
	in al, 0x71
	mov bl, al
	mov al, COUNT
	out 0x70, al
	mov al, bl
	inc al
	out 0x71, al
	mov al, 0x0d
	out 0x70, al
	mov al, bl
	add al, '0'
	out 0xe9, al
	mov bh, 0
	cmp bl, (doors.end-doors)/2
	jae done
	add bx, bx
	jmp [doors+bx]

doors	dw keyboard, port92, port_cf9, triple, warm, jump
.end:

keyboard:			; pulse the RESET line
	mov al, 0xfe
	out 0x64, al
	jmp hang
port92:
	in al, 0x92
	or al, 1
	out 0x92, al
	jmp hang
port_cf9:			; what ACPI has as its reset register
	mov dx, 0xcf9
	mov al, 2
	out dx, al
	mov al, 6
	out dx, al
	jmp hang
triple:				; an interrupt without a table: #GP, #DF, shutdown
	lidt [none]
	int3
warm:				; as DOS does for Ctrl-Alt-Del
	mov word [0x472], 0x1234
jump:
	jmp 0xffff:0
hang:
	jmp hang
done:
	mov dx, 0xf4
	mov ax, 0
	out dx, ax
	jmp hang

none	dw 0
	dd 0

	times 510-($-$$) db 0
	dw 0xaa55
