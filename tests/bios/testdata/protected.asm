; The ways from the BIOS to protected mode: INT 15h AH = 89h, the protected-mode interface of
; VBE, the 16-bit and 32-bit entries of APM, the BIOS32 service directory and the PCI BIOS behind it.
%define SECTORS 6
%include "lib.inc"

	mov ax, 0x4f02
	mov bx, 0x0101
	int 0x10
	mov ax, 0x4f0a
	mov bx, 0
	int 0x10
	push ds
	push es
	pop ds
	mov si, di
	xor ax, ax
	mov es, ax
	mov di, routines	; programs copy them
	rep movsb
	pop ds
	mov ax, 0x5302
	mov bx, 0
	int 0x15
	mov [es:apm16], bx
	mov ax, 0
	code '5302'
	mov ax, 0x5304
	mov bx, 0
	int 0x15
	mov ax, 0x5303
	mov bx, 0
	int 0x15
	mov [es:apm], ebx
	mov ax, 0
	code '5303'
	mov ah, 0x89
	mov bx, 0x5850
	mov si, descriptors
	int 0x15
	jc fail
	mov bx, cs		; in protected mode now
	mov cx, ds
	mov dx, ss
	mov ax, es
	pusha
	mov ax, 0x530b
	xor bx, bx
	call far [apm16]	; 38h is the BIOS's segment
	mov [answer16], ah
	lahf
	mov [answer16+1], ah
	popa
	jmp dword 0x40:wide

	bits 32
wide:
	mov [segments], ax
	mov [segments+2], bx
	mov [segments+4], cx
	mov [segments+6], dx
	mov ax, 0x50
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov esp, 0x7c00
	mov esi, nameSegments
	call name
	movzx eax, word [segments]
	call hex
	movzx eax, word [segments+2]
	call hex
	movzx eax, word [segments+4]
	call hex
	movzx eax, word [segments+6]
	call hex

	mov esi, nameWindow
	call name
	xor ebx, ebx
	mov edx, 2
	movzx eax, word [routines]
	add eax, routines
	call eax
	call hex
	mov ebx, 0x100
	xor edx, edx
	movzx eax, word [routines]
	add eax, routines
	call eax
	movzx eax, dx
	call hex

	mov esi, nameStart
	call name
	mov ebx, 0x80		; after the retrace
	mov ecx, (640*20+16)/4
	xor edx, edx
	movzx eax, word [routines+2]
	add eax, routines
	call eax
	movzx eax, ax
	call hex
	mov ax, 8
	call dispi
	call hex
	mov ax, 9
	call dispi
	call hex

	mov esi, namePalette
	call name
	xor ebx, ebx
	mov edx, 5
	mov ecx, 1
	mov edi, colour
	movzx eax, word [routines+4]
	add eax, routines
	call eax
	movzx eax, ax
	call hex
	mov dx, 0x3c7
	mov al, 5
	out dx, al
	mov dx, 0x3c9
	xor eax, eax
	in al, dx
	call hex
	in al, dx
	call hex
	in al, dx
	call hex

	mov esi, nameAPM16
	call name
	movzx eax, byte [answer16]
	call hex
	movzx eax, byte [answer16+1]
	and eax, 1
	call hex

	mov esi, nameAPM
	call name
	mov ax, 0x530b
	xor ebx, ebx
	call far [apm]
	pushf
	movzx eax, ah
	call hex
	pop eax
	and eax, 1
	call hex

	mov esi, nameDirectory
	call name
	mov esi, 0xf0000
.scan:
	cmp dword [esi], '_32_'
	je .found
	add esi, 16
	cmp esi, 0x100000
	jb .scan
.found:
	mov eax, [esi+4]
	mov [entry], eax
	mov eax, '$PCI'
	xor ebx, ebx
	call far [entry]
	movzx eax, al
	call hex
	mov eax, ebx
	call hex
	add ebx, edx
	mov [entry], ebx
	mov eax, '$NOT'
	xor ebx, ebx
	push dword [entry]
	mov eax, [esi+4]
	mov [entry], eax
	mov eax, '$NOT'
	call far [entry]
	pop dword [entry]
	movzx eax, al
	call hex

	mov esi, namePCI
	call name
	mov eax, 0xb101
	call far [entry]
	movzx eax, ah
	call hex
	mov eax, edx
	call hex
	mov eax, 0xb10a
	mov ebx, 8		; the ISA bridge
	mov edi, 0
	call far [entry]
	mov eax, ecx
	call hex
	mov al, 10
	out 0xe9, al
	mov dx, 0xf4
	mov al, 0
	out dx, al

dispi:
	mov dx, 0x1ce
	out dx, ax
	inc edx
	in ax, dx
	movzx eax, ax
	ret
; ESI up to a zero, on a new line.
name:
	mov al, 10
.next:
	out 0xe9, al
	lodsb
	test al, al
	jnz .next
	ret
; EAX and a space before it.
hex:
	pushad
	push eax
	mov al, ' '
	out 0xe9, al
	pop edx
	mov ecx, 8
.digit:
	rol edx, 4
	mov al, dl
	and al, 15
	cmp al, 10
	jb .dec
	add al, 7
.dec:
	add al, '0'
	out 0xe9, al
	loop .digit
	popad
	ret

nameSegments	db 'ES CS DS SS:', 0
nameWindow	db 'window:', 0
nameStart	db 'start:', 0
namePalette	db 'palette:', 0
nameAPM16	db 'APM, 16 bits:', 0
nameAPM		db 'APM:', 0
nameDirectory	db 'directory:', 0
namePCI		db 'PCI:', 0
segments	dw 0, 0, 0, 0
colour		db 0x11, 0x22, 0x33, 0
entry		dd 0
		dw 0x40
apm		dd 0
		dw 0x48
apm16		dw 0, 0x38
answer16	dw 0
	align 8
descriptors:
	dq 0
	dw descriptorsEnd - descriptors - 1, descriptors, 0, 0
	dw 0, 0, 0, 0
	dw 0xffff, 0, 0x9300, 0		; 18h DS
	dw 0xffff, 0, 0x9300, 0		; 20h ES
	dw 0xffff, 0, 0x9300, 0		; 28h SS
	dw 0xffff, 0, 0x9b00, 0		; 30h CS
	dq 0				; 38h the BIOS's
	dw 0xffff, 0, 0x9b00, 0xcf	; 40h flat code
	dw 0xffff, 0, 0x9b0f, 0x40	; 48h the code of APM, 32 bits
	dw 0xffff, 0, 0x9300, 0xcf	; 50h flat data
descriptorsEnd:
routines equ 0x9000
	times SECTORS*512-($-$$) db 0
