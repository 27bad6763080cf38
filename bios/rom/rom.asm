; The system ROM: 64 KiB at F0000h, seen again below 4 GiB. What needs no waiting is done by
; services of the board, written in Go; svc calls one. What waits, waits here, in guest
; code, so that time passes and interrupts arrive as on any PC.
;
; Read this file (power-on, boot, services), then interrupts.inc and protected.inc.
;
; nasm -f bin -o rom.bin rom.asm; a test compares the two where nasm is installed.
;
; After svc, CF, ZF and registers hold what the service says (bios/service/calls.go). The
; flags that a caller of INT sees are changed by the service in the stack frame.

	bits 16
	cpu 386

; A service call: UD0 with a register operand, #UD anywhere but in this ROM.
%macro svc 1
	db 0x0f, 0xff, 0xc0 + %1
%endmacro

; Calls: bios/service/calls.go has the same list, and a test compares them.
%define callPost       0x01
%define callProbe      0x02
%define callReady      0x03
%define callBootStart  0x04
%define callBootStep   0x05
%define callNoBoot     0x06
%define callBootMenu   0x07
%define callShow       0x08
%define callKey        0x09
%define callVideo      0x10
%define callEquipment  0x11
%define callMemory     0x12
%define callDisk       0x13
%define callSerial     0x14
%define callSystem     0x15
%define callKeyboard   0x16
%define callPrinter    0x17
%define callTime       0x1a
%define callDiskStep   0x20
%define callDiskDone   0x21
%define callWait       0x22
%define callRTC        0x23
%define callMouse      0x24
%define callVBEWindow  0x25
%define callMouseStep  0x26
%define callAPM        0x32
%define callBIOS32     0x30
%define callPCI32      0x31

%macro fixed 1		; goes on at a fixed offset
	times %1-($-$$) db 0
%endmacro

	org 0

; ---------------------------------------------------------------- power-on

start:
	cli
	cld
	mov al, 0x8f		; why the processor was reset
	out 0x70, al
	in al, 0x71
	cmp al, 0x05
	je resume
	cmp al, 0x09
	jb cold
	cmp al, 0x0c
	jbe resume
cold:
	xor ax, ax
	mov ss, ax
	mov sp, 0x7c00
	svc callPost
	mov bx, 0xc000		; the ROM of the display adapter, which AX names
	mov ds, bx
	cmp word [0], 0xaa55
	jne .show
	mov bx, 0x08
	call setLimits
	call 0xc000:0x0003
	mov bx, 0x10
	call setLimits
.show:
	cld
	mov ax, 3
	int 0x10
	svc callShow
.probe:			; drives, as long as that takes
	mov cx, 20
	loop $
	svc callProbe
	jc .probe
	svc callReady
	sti
.menu:
	svc callBootMenu	; CF: it is offered or shown
	jnc .boot
	hlt
	jmp .menu
.boot:
	int 0x19

; setLimits gives the data segments the limit of descriptor BX of this table and the base 0. A
; ROM of PCI is called with 4 GiB, so that it reaches the registers of its device.
setLimits:
	push eax
	lgdt [cs:limitsTable]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp .protected
.protected:
	mov ds, bx
	mov es, bx
	mov fs, bx
	mov gs, bx
	and al, 0xfe
	mov cr0, eax
	jmp .real
.real:
	xor bx, bx
	mov ds, bx
	mov es, bx
	mov fs, bx
	mov gs, bx
	pop eax
	ret

	align 4
limits:
	dq 0
	dq 0x008f92000000ffff	; 4 GiB
	dq 0x000092000000ffff	; 64 KiB
limitsTable:
	dw limitsTable - limits - 1
	dd 0xf0000 + (limits - $$)

resume:				; a program that left protected mode goes on
	mov ah, al
	mov al, 0x8f
	out 0x70, al
	xor al, al
	out 0x71, al
	mov bx, 0x40
	mov ds, bx
	cmp ah, 0x09
	je .blockMoved
	cmp ah, 0x0b
	je .iret
	cmp ah, 0x0c
	je .retf
	cmp ah, 0x05
	jne .go
	mov al, 0x20
	out 0xa0, al
	out 0x20, al
.go:
	jmp far [0x67]
.blockMoved:			; to the caller of INT 15h AH = 87h: DS, ES, registers, frame
	lss sp, [0x67]
	pop ds
	pop es
	popa
	iret
.iret:
	lss sp, [0x67]
	iret
.retf:
	lss sp, [0x67]
	retf

; ---------------------------------------------------------------- INT 19h: boot

boot:
	cli
	xor ax, ax
	mov ss, ax
	mov sp, 0x7c00
	mov ds, ax
	sti
	cld
	svc callBootStart
bootGoOn:
	svc callBootStep	; CF: nothing left, with ZF wait. ZF: AX:BX is to be started
	jc .ended
	jz .go
.read:
	int 0x13		; what the service wants to have read
	jmp bootGoOn
.ended:
	jnz .none
	sti
	hlt
	jmp bootGoOn
.go:
	push ax
	push bx
	xor ax, ax
	mov ds, ax
	mov es, ax
	xor bx, bx
	xor cx, cx
	mov dh, 0
	xor si, si
	xor di, di
	xor bp, bp
	retf
.none:
	int 0x18

noBoot:				; INT 18h
	cli
	xor ax, ax
	mov ss, ax
	mov sp, 0x7c00
	sti
	cld
	svc callNoBoot		; CF: the search goes on
	jc bootGoOn
.for_ever:
	cli
	hlt
	jmp .for_ever

%include "interrupts.inc"

; ---------------------------------------------------------------- software interrupts

video:				; INT 10h
	svc callVideo		; CF: the bell
	jc .bell
	iret
.bell:				; 896 Hz for four interrupts, or where those may not come for a while
	pusha
	mov al, 0xb6
	out 0x43, al
	mov ax, 1331
	out 0x42, al
	mov al, ah
	out 0x42, al
	in al, 0x61
	or al, 3
	out 0x61, al
	mov al, 0x0b		; in service
	out 0x20, al
	in al, 0x20
	mov ah, al
	in al, 0x21
	and al, 1		; or masked
	or al, ah
	jnz .poll
	mov cx, 4
.wait:
	sti
	hlt
	loop .wait
	jmp .quiet
.poll:
	mov cx, 1000		; 15 ms by the refresh request
.refresh:
	in al, 0x61
	and al, 0x10
	cmp al, ah
	mov ah, al
	je .refresh
	loop .refresh
.quiet:
	in al, 0x61
	and al, 0xfc
	out 0x61, al
	popa
	iret

equipment:			; INT 11h
	svc callEquipment
	iret

memory:				; INT 12h
	svc callMemory
	iret

disk:				; INT 13h and 40h
	svc callDisk		; CF: data is to be moved. ZF: what was found is to be booted
	jc .transfer
	jz .boot
	iret
.boot:
	sti
	jmp bootGoOn.read
.transfer:
	sti
	cld
	pusha
	push ds
	push es
.step:
	svc callDiskStep	; CF: not done yet. AL: what to do
	jnc .done
	cmp al, 1
	je .read
	cmp al, 2
	je .write
	cmp al, 3
	je .readBytes
	cmp al, 4
	je .writeBytes
	mov cx, 20
	loop $
	jmp .step
.read:				; CX words from port DX to ES:DI
	rep insw
	jmp .step
.readBytes:
	rep insb
	jmp .step
.write:				; CX words from ES:DI to port DX
	push es
	pop ds
	mov si, di
	rep outsw
	jmp .step
.writeBytes:
	push es
	pop ds
	mov si, di
	rep outsb
	jmp .step
.done:
	pop es
	pop ds
	popa
	svc callDiskDone
	iret

serial:				; INT 14h
	sti
	push ecx
	mov ecx, 2000000
.try:
	svc callSerial		; CF: not ready
	jnc .done
	dec ecx
	jnz .try
	or ah, 0x80		; time-out
.done:
	pop ecx
	iret

system:				; INT 15h
	cmp ah, 0x89
	je protectedMode
	cmp ax, 0x5305		; APM: the processor is idle
	je .idle
.call:
	svc callSystem		; CF: a wait, ZF: for the mouse
	jc .wait
	iret
.idle:
	sti
	hlt
	jmp .call
.wait:
	jz .mouse
.tick:
	sti
	hlt
	cli
	svc callWait		; CF: not yet
	jc .tick
	iret
.mouse:
	sti
	push cx
	mov cx, 50
	loop $
	pop cx
	cli
	svc callMouseStep	; CF: not yet
	jc .mouse
	iret

; INT 15h AH = 89h: to protected mode. ES:SI is a table of descriptors: 8 for the table
; itself, 10h for the interrupt table, 18h DS, 20h ES, 28h SS, 30h CS of the program, 38h for
; this code. BH and BL are the vectors of the two interrupt controllers.
protectedMode:
	smsw ax
	test al, 1		; already, or virtual-8086 mode
	jnz .no
	cli
	in al, 0x92
	or al, 2
	and al, 0xfe
	out 0x92, al
	mov al, 0x11
	out 0x20, al
	out 0xa0, al
	mov al, bh
	out 0x21, al
	mov al, bl
	out 0xa1, al
	mov al, 4
	out 0x21, al
	mov al, 2
	out 0xa1, al
	mov al, 1
	out 0x21, al
	out 0xa1, al
	mov al, 0xff
	out 0x21, al
	out 0xa1, al
	mov word [es:si+0x38], 0xffff
	mov word [es:si+0x3a], 0
	mov word [es:si+0x3c], 0x9a0f
	mov word [es:si+0x3e], 0
	lgdt [es:si+0x08]
	lidt [es:si+0x10]
	pop cx			; where the program goes on
	add sp, 4
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp 0x38:.protected
.protected:
	mov ax, 0x18
	mov ds, ax
	mov ax, 0x20
	mov es, ax
	mov ax, 0x28
	mov ss, ax
	push word 0x30
	push cx
	xor ax, ax
	retf
.no:
	mov ax, 0xff89
	push bp
	mov bp, sp
	or byte [bp+6], 1
	pop bp
	iret

keyboard:			; INT 16h
	cli
	svc callKeyboard	; CF: no key yet
	jnc .done
	push ax
	mov ax, 0x9002		; who runs several programs may let others run
	int 0x15
	pop ax
.wait:
	cli
	svc callKeyboard
	jnc .done
	sti
	hlt
	jmp .wait
.done:
	iret

printer:			; INT 17h
	svc callPrinter
	iret

time:				; INT 1Ah
	svc callTime
	iret

printScreen:			; INT 05h: 0050:0000 is 1 while it prints, FFh after an error
	sti
	pusha
	push ds
	mov ax, 0x50
	mov ds, ax
	cmp byte [0], 1
	je .out
	mov byte [0], 1
	mov ah, 0x0f
	int 0x10		; AH columns, BH page
	mov cl, ah
	push ds
	mov ax, 0x40
	mov ds, ax
	mov ch, [0x84]		; rows less one
	pop ds
	inc ch
	mov ah, 3
	push cx
	int 0x10
	pop cx
	push dx			; the cursor
	xor dx, dx
	call .newLine
.next:
	mov ah, 2
	int 0x10
	mov ah, 8
	int 0x10
	test al, al
	jnz .char
	mov al, ' '
.char:
	call .print
	jnz .failed
	inc dl
	cmp dl, cl
	jb .next
	xor dl, dl
	call .newLine
	jnz .failed
	inc dh
	cmp dh, ch
	jb .next
	mov byte [0], 0
	jmp .restore
.failed:
	mov byte [0], 0xff
.restore:
	pop dx
	mov ah, 2
	int 0x10
.out:
	pop ds
	popa
	iret
.newLine:
	mov al, 13
	call .print
	jnz .done
	mov al, 10
.print:				; ZF: it was printed
	push dx
	xor dx, dx
	mov ah, 0
	int 0x17
	pop dx
	test ah, 0x29
.done:
	ret

%include "protected.inc"

; Diskette parameters of the types 1-5: step rate and head unload, head load, motor off,
; bytes of a sector, sectors, gap, length, gap for formatting, filler, settle time, motor on,
; last track, data rate, type.
%macro diskette 5	; sectors, gap, gap for formatting, last track, rate
	db 0xaf, 0x02, 0x25, 0x02, %1, %2, 0xff, %3, 0xf6, 0x0f, 0x08, %4, %5
	times 3 db 0
%endmacro
	align 16
dpt:
	diskette 9, 0x2a, 0x50, 39, 0x80
	diskette 15, 0x1b, 0x54, 79, 0x00
	diskette 9, 0x2a, 0x50, 79, 0x80
	diskette 18, 0x1b, 0x6c, 79, 0x00
	diskette 36, 0x1b, 0x54, 79, 0xc0

; What is known to be where it is in every PC.

	fixed 0xe000
	db 'Glassbox BIOS', 0
	fixed 0xe05b
	jmp start
	fixed 0xe2c3
	iret			; NMI
	fixed 0xe6f2
	jmp boot
	fixed 0xe6f5		; system configuration: INT 15h, AH = C0h
	dw 8
	db 0xfc, 0, 1		; AT
	db 0x74			; second 8259A, clock, INT 15h AH = 4Fh, EBDA
	db 0x40			; INT 16h AH = 09h
	db 0, 0, 0
	fixed 0xe739
	jmp serial
	fixed 0xe82e
	jmp keyboard
	fixed 0xe987
	jmp keyboardIRQ
	fixed 0xec59
	jmp disk
	fixed 0xef57
	jmp floppyIRQ
	fixed 0xefc7		; diskette parameters: 1.44 MB
	db 0xaf, 0x02, 0x25, 0x02, 0x12, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08
	fixed 0xefd2
	jmp printer
	fixed 0xf065
	jmp video
	fixed 0xf0a4		; vector 1Dh: what a 6845 gets in the modes of the CGA
	db 0x38, 0x28, 0x2d, 0x0a, 0x1f, 0x06, 0x19, 0x1c, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0
	db 0x71, 0x50, 0x5a, 0x0a, 0x1f, 0x06, 0x19, 0x1c, 0x02, 0x07, 0x06, 0x07, 0, 0, 0, 0
	db 0x38, 0x28, 0x2d, 0x0a, 0x7f, 0x06, 0x64, 0x70, 0x02, 0x01, 0x06, 0x07, 0, 0, 0, 0
	db 0x61, 0x50, 0x52, 0x0f, 0x19, 0x06, 0x19, 0x19, 0x02, 0x0d, 0x0b, 0x0c, 0, 0, 0, 0
	dw 0x0800, 0x1000, 0x4000, 0x4000
	db 40, 40, 80, 80, 40, 40, 80, 80
	db 0x2c, 0x28, 0x2d, 0x29, 0x2a, 0x2e, 0x1e, 0x29
	fixed 0xf841
	jmp memory
	fixed 0xf84d
	jmp equipment
	fixed 0xf859
	jmp system
	fixed 0xfe6e
	jmp time
	fixed 0xfea5
	jmp timer

; Where the other vectors point to; the order is that of service.VectorTable.
	fixed 0xff00
	dw master, slave, clock, redirected, mouse, fpu, disk14, disk15, noBoot, pci32, dpt
	dw videoTable, vbeWindow, vbe32, vbe32End, oem, vendor, product, revision
	dw apm16, apm32

	fixed 0xff53
	iret
	fixed 0xff54
	jmp printScreen

	fixed 0xfff0
	jmp 0xf000:0xe05b
	db '01/01/26'
	db 0, 0xfc, 0
