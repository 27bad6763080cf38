; A boot sector for the debugger's tests: it counts to ten in a function, asks the BIOS
; something, writes a port and enters protected mode. nasm -f bin -o counter.bin counter.asm
%macro place 1			; the next instruction is at this address
	times %1 - 0x7c00 - ($ - $$) nop
%endmacro
	org 0x7c00
	bits 16
start:	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7c00
	mov cx, 10
place 0x7c10
again:	call work
	dec cx
	jnz again
	out 0x80, al
	int 0x12
	mov di, 0x8000
	mov cx, 64
	rep stosb
	jmp leave
place 0x7c40
work:	push bp
	mov bp, sp
	inc word [0x7d00]
	pop bp
	ret
place 0x7c60
leave:	cli
	lgdt [gdtr]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp dword 8:protected
place 0x7c80
	bits 32
protected:
	mov ax, 0x10
	mov ds, ax
	mov ss, ax
	mov esp, 0x7000
	mov dword [0x7d00], 0x12345678
	ud2
	align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff
	dq 0x00cf93000000ffff
gdtr:	dw 23
	dd gdt
place 0x7d00
	dd 0
	times 510 - ($ - $$) db 0
	dw 0xaa55
