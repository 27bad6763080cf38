; Memory, system services, keyboard, time and PCI.
%define SECTORS 8
%include "lib.inc"

	int 0x12
	xor bx, bx
	xor cx, cx
	xor dx, dx
	case '12'
	mov ah, 0x88
	int 0x15
	case '15/88'
	mov ax, 0xe801
	int 0x15
	case '15/E801'
	mov ax, 0xe881
	int 0x15
	case '15/E881'
	xor ebx, ebx
	mov ecx, 20
	mov edx, 0x534d4150
	mov eax, 0xe820
	mov di, buffer
	int 0x15
	case '15/E820'
	mov si, buffer
	mov cx, 20
	show 'first range'
	mov edx, 0
	mov ecx, 20
	mov ebx, 0
	mov eax, 0xe820
	int 0x15
	case '15/E820 without signature'
	xor cx, cx
	xor dx, dx
	xor bx, bx
	mov ax, 0xd000
	int 0x15
	case '15/D0'
	mov ah, 0xc0
	int 0x15
	mov si, bx
	mov bx, es
	case '15/C0'
	mov cx, 8
	show 'configuration'
	xor bx, bx
	mov es, bx
	mov ax, 0x2401
	int 0x15
	case '15/2401'
	mov ax, 0x2402
	int 0x15
	case '15/2402'
	mov ax, 0x2403
	int 0x15
	case '15/2403'
	mov ax, 0x4f1e
	stc
	int 0x15
	case '15/4F'
	mov ah, 0x86
	mov cx, 0
	mov dx, 5000
	int 0x15
	mov ah, 0
	case '15/86'

; keyboard
	mov ah, 1
	int 0x16
	mov ax, 0
	case '16/01 empty'
	mov ax, 0x0500
	mov cx, 0x1e61
	int 0x16
	mov ah, 0
	case '16/05'
	mov ah, 1
	int 0x16
	case '16/01'
	mov ah, 0
	int 0x16
	case '16/00'
	mov ax, 0x0500
	mov cx, 0x8500		; F11
	int 0x16
	mov ah, 0x11
	int 0x16
	case '16/11 F11'
	mov ah, 1
	int 0x16
	mov ax, 0
	case '16/01 F11'
	mov ax, 0x0500
	mov cx, 0x48e0
	int 0x16
	mov ah, 0x11
	int 0x16
	case '16/11 grey up'
	mov ah, 1
	int 0x16
	case '16/01 grey up'
	mov ah, 0x10
	int 0x16
	case '16/10 grey up'
	mov di, 0
.fill:
	mov ax, 0x0500
	mov cx, 0x1e61
	int 0x16
	inc di
	test al, al
	jz .fill
	mov ax, di
	case 'keys that fit'
.drain:
	mov ah, 0
	int 0x16
	mov ah, 1
	int 0x16
	jnz .drain
	mov ah, 2
	int 0x16
	mov ah, 0
	case '16/02'
	mov ah, 0x12
	int 0x16
	case '16/12'

; time
	mov ah, 1
	mov cx, 0x12
	mov dx, 0x3456
	int 0x1a
	mov ax, 0
	mov cx, 0
	mov dx, 0
	int 0x1a
	mov al, 0
	mov dl, 0
	mov ah, 0
	case '1A/00'
	mov ah, 5
	mov cx, 0x2024
	mov dx, 0x0229
	int 0x1a
	mov ax, 0
	mov cx, 0
	mov dx, 0
	mov ah, 4
	int 0x1a
	mov ax, 0
	case '1A/04'
	mov ah, 3
	mov cx, 0x1234
	mov dx, 0x5600
	int 0x1a
	mov ah, 2
	int 0x1a
	mov ax, 0
	case '1A/02'
	mov ax, 0x9900
	int 0x1a
	mov ax, 0
	mov cx, 0
	mov dx, 0
	case '1A/99'

; PCI
	mov ax, 0xb101
	mov di, 0
	xor bx, bx
	int 0x1a
	mov cl, 0
	case '1A/B101'
	mov ax, 0xb102
	mov dx, 0x8086
	mov cx, 0x1237
	mov si, 0
	int 0x1a
	case '1A/B102'
	mov ax, 0xb102
	mov si, 1
	int 0x1a
	mov bx, 0
	case '1A/B102 second'
	mov ax, 0xb102
	mov dx, 0xffff
	mov si, 0
	int 0x1a
	mov bx, 0
	case '1A/B102 no vendor'
	mov ax, 0xb103
	mov ecx, 0x010180
	mov si, 0
	int 0x1a
	case '1A/B103'
	mov ax, 0xb109
	mov bx, 0x0009
	mov di, 0
	int 0x1a
	case '1A/B109'
	mov ax, 0xb10a
	mov di, 8
	int 0x1a
	case '1A/B10A'
	mov ax, 0xb109
	mov di, 0x101
	mov cx, 0
	int 0x1a
	mov cx, 0
	case '1A/B109 bad register'
	mov ax, 0xb1ee
	int 0x1a
	case '1A/B1EE'

; serial
	mov ax, 0x00e3
	mov dx, 0
	mov cx, 0
	mov bx, 0
	int 0x14
	case '14/00'
	mov ax, 0x0141
	int 0x14
	and ah, 0x80
	case '14/01'
	mov ax, 0x0141
	mov dx, 3
	int 0x14
	mov ax, 0
	case '14/01 no port'
	ret

buffer	times 64 db 0
	times SECTORS*512-($-$$) db 0
