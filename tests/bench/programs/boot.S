# boot is the first sector of the disk that Bochs starts from, for Bochs cannot load a
# kernel by itself. It copies three pieces from the disk to memory with the BIOS (INT 13h
# function 42h, INT 15h function 87h), reports "@KERNEL" on the first serial port and jumps
# to the kernel's 16-bit entry (Linux, Documentation/arch/x86/boot.rst). The table of
# pieces is filled in by whoever makes the disk.
	.code16
	.globl _start
_start:
	ljmp $0, $begin
begin:
	cli
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $0x7c00, %sp
	sti
	cld
	mov %dl, drive

	mov $pieces, %bx
piece:
	mov (%bx), %eax			# first sector
	mov %eax, packet_lba
	mov 4(%bx), %eax		# destination
	mov %eax, to
	mov 8(%bx), %ebp		# steps of 32 KiB
step:
	mov $packet, %si
	mov $0x42, %ah
	mov drive, %dl
	int $0x13
	jc fail
	mov to, %eax
	mov %ax, gdt_to+2
	shr $16, %eax
	mov %al, gdt_to+4
	mov %ah, gdt_to+7
	mov $gdt, %si
	mov $0x4000, %cx		# words
	mov $0x87, %ah
	push %bx
	push %ebp
	int $0x15
	pop %ebp
	pop %bx
	jc fail
	addl $0x8000, to
	addl $64, packet_lba
	dec %ebp
	jnz step
	add $12, %bx
	cmp $pieces_end, %bx
	jb piece

	mov $go, %si
	call send
	cli
	mov $0x9000, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %fs
	mov %ax, %gs
	mov %ax, %ss
	mov $0xe000, %sp
	ljmp $0x9020, $0

fail:
	mov $bad, %si
	call send
	hlt

send:	# the string at SI, at 115,200 baud
	mov $0x3fb, %dx
	mov $0x83, %al
	out %al, %dx
	mov $0x3f8, %dx
	mov $1, %al
	out %al, %dx
	inc %dx
	xor %al, %al
	out %al, %dx
	mov $0x3fb, %dx
	mov $0x03, %al
	out %al, %dx
1:	mov $0x3fd, %dx
	in %dx, %al
	test $0x40, %al
	jz 1b
	lodsb
	test %al, %al
	jz 2f
	mov $0x3f8, %dx
	out %al, %dx
	jmp 1b
2:	ret

go:	.asciz "@KERNEL\r\n"
bad:	.asciz "@FAIL\r\n"
drive:	.byte 0
	.balign 8
packet:	.byte 16, 0
	.word 64			# sectors
	.word 0, 0x1000			# to 1000:0000
packet_lba:
	.quad 0
to:	.long 0
	.balign 8
gdt:	.quad 0, 0
	.word 0xffff, 0x0000		# source: 10000h
	.byte 0x01, 0x93, 0, 0
gdt_to:	.word 0xffff, 0
	.byte 0, 0x93, 0, 0
	.quad 0, 0

	.org 0x1d0
pieces:	.fill 9, 4, 0			# sector, destination, steps; three times
pieces_end:
	.org 0x1fe
	.word 0xaa55
