; Programs that use the chips themselves and odd corners of real mode: disk by its registers,
; controller of the keyboard, timers, A20, instructions that few assemblers know.
%define SECTORS 10
%include "lib.inc"

	; IDE by its registers: IDENTIFY, a sector by CHS and by LBA, its interrupt
	mov word [0x76*4], irq14
	mov word [0x76*4+2], 0
	in al, 0xa1
	and al, 0xbf
	out 0xa1, al
	in al, 0x21
	and al, 0xfb
	out 0x21, al
	mov dx, 0x3f6
	mov al, 0
	out dx, al
	mov dx, 0x1f6
	mov al, 0xa0
	out dx, al
	call ready
	mov dx, 0x1f7
	mov al, 0xec
	out dx, al
	call await
	call pio
	mov ax, [buffer+2]
	mov bx, [buffer+6]
	mov cx, [buffer+12]
	mov dx, [buffer+120]
	case 'IDENTIFY: CHS, LBA'
	mov bx, 0x0001		; sectors, from the first
	mov cx, 0
	mov al, 0xa0
	call ataread
	mov ax, [buffer+510]
	mov bx, [irqs]
	mov cx, 0
	mov dx, 0
	case 'CHS 0/0/1'
	mov bx, 0x0000		; LBA 0, sector number 0
	mov cx, 0
	mov al, 0xe0
	call ataread
	mov ax, [buffer+510]
	mov bx, [irqs]
	mov cx, 0
	mov dx, 0
	case 'LBA 0'
	mov dx, 0x1f1
	in al, dx
	mov ah, 0
	none 'error register'
	mov dx, 0x1f2
	mov al, 1
	out dx, al
	mov dx, 0x1f3
	mov al, 0xff
	out dx, al
	mov dx, 0x1f4
	out dx, al
	inc dx
	out dx, al
	inc dx
	mov al, 0xef
	out dx, al
	inc dx
	mov al, 0x20
	out dx, al
	call await
	mov al, [status]
	mov ah, 0
	mov dx, 0x1f1
	xchg ah, al
	in al, dx
	none 'LBA too far'
	mov dx, 0x1f6
	mov al, 0xa0
	out dx, al
	call ready
	mov dx, 0x1f7
	mov al, 0xee		; no such command
	out dx, al
	call await
	mov ah, [status]
	mov dx, 0x1f1
	in al, dx
	none 'no command'
	mov dx, 0x1f6
	mov al, 0xb0		; nobody there
	out dx, al
	in al, 0x80
	mov dx, 0x1f7
	in al, dx
	and al, 0xfd
	mov ah, 0
	none 'no slave'
	mov dx, 0x1f6
	mov al, 0xa0
	out dx, al
	mov dx, 0x3f6		; soft reset
	mov al, 4
	out dx, al
	in al, 0x80
	mov al, 0
	out dx, al
	call ready
	mov dx, 0x1f1
	in al, dx
	mov bl, al
	inc dx
	in al, dx
	mov cl, al
	inc dx
	in al, dx
	mov ch, al
	inc dx
	in al, dx
	mov ah, al
	inc dx
	in al, dx
	mov bh, 0
	mov dx, 0
	case 'signature after a reset'
	mov ax, 0x0201		; and the BIOS again
	mov bx, buffer
	mov cx, 1
	mov dx, 0x80
	int 0x13
	mov bx, [buffer+510]
	mov cx, 0
	mov dx, 0
	case '02 after a reset'

	; the controller of the keyboard
	cli
	mov al, 0xaa
	call command
	call answer
	none '8042 AA'
	mov al, 0xab
	call command
	call answer
	none '8042 AB'
	mov al, 0xa9
	call command
	call answer
	none '8042 A9'
	mov al, 0x20
	call command
	call answer
	and al, 0x47
	none '8042 20'
	mov al, 0xd0
	call command
	call answer
	and al, 0xef
	none '8042 D0'
	mov al, 0x60
	call command
	mov al, 0x74
	call data
	mov al, 0xd3
	call command
	mov al, 0x5a
	call data
	in al, 0x64
	and ax, 0x21
	mov bx, ax
	in al, 0x60
	mov ah, 0
	mov cx, 0
	mov dx, 0
	case '8042 D3'
	mov al, 0xae
	call command
	mov al, 0x60
	call command
	mov al, 0x60
	call data
	mov al, 0xee		; the keyboard's echo
	call data
	call answer
	none 'keyboard EE'
	mov al, 0xf2
	call data
	call answer
	mov bx, ax
	call answer
	mov cx, ax
	call answer
	mov dx, ax
	mov ax, 0
	case 'keyboard F2'
	mov al, 0xf0
	call data
	call answer
	mov bx, ax
	mov al, 0
	call data
	call answer
	mov cx, ax
	call answer
	mov dx, ax
	mov ax, 0
	case 'keyboard F0'
	mov al, 0xef		; no command
	call data
	call answer
	none 'keyboard EF'
	mov al, 0xff
	call data
	call answer
	mov bx, ax
	call answer
	mov cx, 0
	mov dx, 0
	case 'keyboard FF'
	mov al, 0xa8
	call command
	mov al, 0xd4
	call command
	mov al, 0xf2
	call data
	call answer
	mov bx, ax
	call answer
	mov cx, 0
	mov dx, 0
	case 'mouse F2'
	mov al, 0xd4
	call command
	mov al, 0xe9
	call data
	call answer
	mov bx, ax
	call answer
	mov cx, ax
	call answer
	mov dx, ax
	call answer
	case 'mouse E9'
	mov al, 0xa7
	call command
	mov al, 0x60
	call command
	mov al, 0x61
	call data
	sti

	; A20 by the controller, by port 92h and by the BIOS
	mov ax, 0xffff
	mov fs, ax
	call wraps
	none 'A20 at first'
	mov al, 0xd1
	call command
	mov al, 0xdd
	call data
	mov al, 0xff
	call command
	call wraps
	none 'A20 off by D1'
	mov al, 0xdf
	call command
	call wraps
	none 'A20 on by DF'
	in al, 0x92
	and al, 0xfc
	out 0x92, al
	call wraps
	none 'A20 off by 92'
	in al, 0x92
	or al, 2
	out 0x92, al
	call wraps
	none 'A20 on by 92'
	mov ax, 0x2400
	int 0x15
	call wraps
	none 'A20 off by 15/2400'
	mov ax, 0x2402
	int 0x15
	none '15/2402'
	mov ax, 0x2401
	int 0x15
	call wraps
	none 'A20 on by 15/2401'
	mov ax, 0x2402
	int 0x15
	none '15/2402 again'
	in al, 0x92
	and al, 0xfc
	out 0x92, al
	mov al, 0xdf
	call command

	; timers: counter 2 and its gate, the refresh bit
	in al, 0x61
	and al, 0xfc
	out 0x61, al
	mov al, 0xb0		; mode 0
	out 0x43, al
	mov al, 0x00
	out 0x42, al
	mov al, 0x08
	out 0x42, al
	in al, 0x61
	and al, 0x20
	mov bl, al
	in al, 0x61
	or al, 1
	out 0x61, al
	mov ecx, 0xfffff
.out2:	in al, 0x61
	test al, 0x20
	a32 loopz .out2
	mov ah, bl
	and al, 0x20
	none 'OUT2 before and after'
	in al, 0x61
	and al, 0xfc
	out 0x61, al
	mov cx, 1000
	mov bx, 0
	in al, 0x61
	and al, 0x10
	mov ah, al
.refresh:
	in al, 0x61
	and al, 0x10
	cmp al, ah
	je .same
	mov ah, al
	mov bx, 1
.same:	loop .refresh
	mov ax, bx
	cmp ax, ax
	none 'refresh bit toggles'
	mov al, 0xe2		; read back the status of counter 0
	out 0x43, al
	in al, 0x40
	and al, 0x3f
	mov bl, al
	mov al, 0xc2		; and its count as well
	out 0x43, al
	in al, 0x40
	and al, 0x3f
	mov bh, al
	in al, 0x40
	in al, 0x40
	mov ax, bx
	none 'read back'

	; interrupt controllers
	in al, 0x21
	mov bl, al
	mov al, 0xfb
	out 0x21, al
	in al, 0x21
	mov bh, al
	mov al, bl
	out 0x21, al
	mov al, 0x0b
	out 0x20, al
	in al, 0x20
	mov ah, bh
	none 'mask, in service'

	; instructions
	mov ax, 0x1234
	stc
	salc
	none 'SALC'
	mov ax, 0x00ff
	db 0xd4, 16
	pushf
	and word [esp], 0xfbff
	popf
	none 'AAM 16'
	mov ax, 0x0907
	db 0xd5, 16
	none 'AAD 16'
	push sp
	pop ax
	sub ax, sp
	none 'PUSH SP'
	mov ax, 0xf000
	push ax
	popf
	pushf
	pop ax
	and ax, 0xf000
	none 'flags F000'
	mov ax, 0x0000
	push ax
	popf
	pushf
	pop ax
	and ax, 0xf000
	none 'flags 0000'
	sti
	mov ax, 1
	mov cl, 33
	shl ax, cl
	none 'SHL 33'
	mov word [0*4], div0
	mov word [0*4+2], 0
	mov ax, 0x100
	mov bl, 0
	mov [count], ax
divide:	div bl
	none 'after a division by 0'
	mov word [5*4], bound5
	mov word [5*4+2], 0
	mov ax, 7
	bound ax, [limits]
	none 'BOUND'
	mov word [6*4], ud6
	mov word [6*4+2], 0
	mov ax, 0
ud:	ud2
	none 'UD2'
	mov word [13*4], gp13
	mov word [13*4+2], 0
	mov ax, 0
gp:	mov bx, [fs:0xffff]
	none 'word at FFFF'
	mov word [1*4], step1
	mov word [1*4+2], 0
	mov word [count], 0
	pushf
	or word [esp], 0x100
	popf
	nop
	mov ax, ss
	mov ss, ax		; keeps the trap away for an instruction
	nop
	pushf
	and word [esp], 0xfeff
	popf
	mov ax, [count]
	none 'steps'
	mov word [3*4], step1
	mov word [3*4+2], 0
	mov word [4*4], step1
	mov word [4*4+2], 0
	mov word [count], 0
	int3
	mov al, 0x7f
	add al, 1
	into
	db 0xcd, 3
	mov ax, [count]
	none 'INT3, INTO, INT 3'
	mov byte [patch+1], 0x42	; code changed just before it runs
patch:	mov al, 0x11
	mov ah, 0
	none 'changed code'
	mov si, 0xfffe		; strings wrap at 64 KiB
	mov di, buffer
	mov cx, 4
	push ds
	mov ax, 0x9000
	mov ds, ax
	mov byte [0xfffe], 0x31
	mov byte [0xffff], 0x32
	mov byte [0], 0x33
	mov byte [1], 0x34
	rep movsb
	pop ds
	mov ax, [buffer]
	mov bx, [buffer+2]
	mov cx, si
	mov dx, 0
	case 'MOVSB wraps'
	xor cx, cx
	mov ax, 5
	loop .l
.l:	mov ax, cx
	none 'LOOP from 0'
	mov cx, 0
	jcxz .z
	mov cx, 9
.z:	mov ax, cx
	none 'JCXZ'
	mov ecx, 0x10000
	a32 jecxz .e
	mov ax, 1
	jmp .f
.e:	mov ax, 2
.f:	none 'JECXZ'
	smsw ax
	and ax, 1
	none 'SMSW'

	; unreal mode: limits stay after protected mode
	cli
	lgdt [gdt]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp .pm
.pm:	mov bx, 8
	mov gs, bx
	and al, 0xfe
	mov cr0, eax
	jmp 0:.rm
.rm:	xor bx, bx
	mov gs, bx
	sti
	mov edi, 0x00200000
	mov dword [gs:edi], 0x12345678
	mov ah, 2
	int 0x1a
	int 0x12
	mov eax, [gs:edi]
	mov ebx, eax
	shr ebx, 16
	mov cx, 0
	mov dx, 0
	case 'unreal mode'

	; the speaker and DMA: page registers, address and count by a flip-flop
	mov al, 5
	out 0x0a, al
	out 0x0c, al
	mov al, 0x34
	out 0x02, al
	mov al, 0x12
	out 0x02, al
	mov al, 0xff
	out 0x03, al
	mov al, 0x01
	out 0x03, al
	mov al, 0x5
	out 0x83, al
	out 0x0c, al
	in al, 0x02
	mov bl, al
	in al, 0x02
	mov bh, al
	in al, 0x03
	mov cl, al
	in al, 0x03
	mov ch, al
	in al, 0x83
	mov ah, 0
	mov dx, 0
	case 'DMA channel 1'

	; the clock's memory, NMI bit and all
	mov al, 0x8f
	out 0x70, al
	in al, 0x71
	mov ah, 0
	none 'CMOS 0F'
	mov al, 0x0d
	out 0x70, al
	in al, 0x71
	mov ah, 0
	none 'CMOS 0D'
	mov al, 0x14
	out 0x70, al
	in al, 0x71
	and ax, 0x30
	none 'CMOS 14, display'
	mov dx, 0x201
	in al, dx
	mov ah, 0
	none 'no joystick'
	ret

ready:	mov dx, 0x1f7
.busy:	in al, dx
	test al, 0x80
	jnz .busy
	ret
; await waits for IRQ 14 and reads the status.
await:
	mov ecx, 0x800000
.wait:	cmp byte [irq], 0
	jne .came
	in al, 0x80
	a32 loop .wait
.came:	mov byte [irq], 0
	mov dx, 0x1f7
	in al, dx
	mov [status], al
	ret
pio:
	push es
	push ds
	pop es
	mov dx, 0x1f0
	mov di, buffer
	mov cx, 256
	rep insw
	pop es
	ret
; ataread reads a sector: BL number, CX cylinder, AL device.
ataread:
	mov dx, 0x1f6
	out dx, al
	push ax
	call ready
	pop ax
	mov dx, 0x1f2
	mov al, 1
	out dx, al
	inc dx
	mov al, bl
	out dx, al
	inc dx
	mov al, cl
	out dx, al
	inc dx
	mov al, ch
	out dx, al
	mov dx, 0x1f7
	mov al, 0x20
	out dx, al
	call await
	jmp pio
irq14:
	push ax
	inc byte [cs:irq]
	inc word [cs:irqs]
	mov al, 0x20
	out 0xa0, al
	out 0x20, al
	pop ax
	iret

command:
	push ax
.full:	in al, 0x64
	test al, 2
	jnz .full
	pop ax
	out 0x64, al
	ret
data:
	push ax
.full:	in al, 0x64
	test al, 2
	jnz .full
	pop ax
	out 0x60, al
	ret
; answer is AX: the next byte, FFFFh if none comes.
answer:
	push cx
	mov ecx, 200000
.none:	in al, 0x64
	test al, 1
	jnz .some
	a32 loop .none
	mov ax, 0xffff
	pop cx
	ret
.some:	in al, 0x60
	mov ah, 0
	pop cx
	ret
; wraps is AX: 1 if FFFF:0510 is 0000:0500.
wraps:
	mov byte [0x500], 0
	mov byte [fs:0x510], 0xa5
	mov ax, 0
	cmp byte [0x500], 0xa5
	jne .no
	inc ax
.no:	ret

div0:	push bp
	mov bp, sp
	push ax
	mov ax, [bp+2]
	sub ax, divide
	mov [cs:count], ax
	mov word [bp+2], divide+2
	pop ax
	mov ax, [cs:count]
	pop bp
	iret
bound5:	mov ax, 3
	iret
ud6:	push bp
	mov bp, sp
	mov ax, [bp+2]
	sub ax, ud
	add word [bp+2], 2
	pop bp
	iret
gp13:	push bp
	mov bp, sp
	mov ax, [bp+2]
	sub ax, gp
	add word [bp+2], 5
	inc ax
	pop bp
	iret
step1:	inc word [cs:count]
	iret

	align 4
limits	dw 1, 5
gdt	dw 15
	dd .table-8
.table	dw 0xffff, 0, 0x9200, 0xcf
irq	db 0
status	db 0
irqs	dw 0
count	dw 0
buffer	equ 0xa000

	times SECTORS*512-($-$$) db 0
