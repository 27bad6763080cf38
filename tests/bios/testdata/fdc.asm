; A diskette by the registers of its controller, as copy programs, Minix and games with
; formats of their own do it: interrupts, DMA, commands, results.
%define SECTORS 6
%include "lib.inc"

	mov ax, 0x0000			; the motor on, by the BIOS
	mov dl, 0
	int 0x13
	mov eax, [0x0e*4]
	mov [vector], eax
	mov word [0x0e*4], irq6
	mov word [0x0e*4+2], 0
	mov dx, 0x3f2			; reset, DMA and interrupts, motor A
	mov al, 0x18
	out dx, al
	in al, 0x80
	mov al, 0x1c
	out dx, al
	call wait6
	mov bx, 0
.sense:	call sense
	push bx
	mov ah, bl
	none 'sense after the reset'
	pop bx
	inc bx
	cmp bx, 4
	jb .sense
	call sense
	none 'a fifth'
	mov al, 0x10			; version
	call put
	call get
	mov ah, 0
	none 'version'
	mov dx, 0x3f7
	mov al, 0
	out dx, al			; 500 kbit/s
	mov al, 3			; SPECIFY
	call put
	mov al, 0xaf
	call put
	mov al, 0x02
	call put
	mov al, 7			; RECALIBRATE
	call put
	mov al, 0
	call put
	call wait6
	call sense
	none 'recalibrate'
	mov al, 4			; SENSE DRIVE STATUS
	call put
	mov al, 0
	call put
	call get
	and ax, 0xf7
	none 'drive status'
	mov al, 0x0f			; SEEK
	call put
	mov al, 0
	call put
	mov al, 5
	call put
	call wait6
	call sense
	none 'seek'
	mov dx, 0x3f7
	in al, dx
	and ax, 0x80
	none 'change line'
	mov al, 0x4a			; READ ID
	call put
	mov al, 0
	call put
	call wait6
	call results
	mov byte [si+5], 0		; whichever passes
	mov cx, 7
	show 'READ ID'
	; WRITE and READ DATA, two sectors
	mov di, buffer
	mov ax, 0x1100
.fill:	stosw
	inc ax
	cmp di, buffer+1024
	jb .fill
	mov al, 0x4a
	mov cx, 1023
	call dma
	mov al, 0xc5
	mov cl, 3
	call rw
	mov cx, 7
	show 'WRITE DATA'
	mov di, buffer
	mov cx, 512
	xor ax, ax
	rep stosw
	mov al, 0x46
	mov cx, 1023
	call dma
	mov al, 0xe6
	mov cl, 3
	call rw
	mov cx, 7
	show 'READ DATA'
	mov ax, [buffer]
	mov bx, [buffer+1022]
	mov cx, 0
	mov dx, 0
	case 'what was read'
	; the end of the track: multitrack goes on with the other head
	mov al, 0x46
	mov cx, 1023
	call dma
	mov al, 0xe6
	mov cl, 18
	call rw
	mov cx, 7
	show 'multitrack'
	; without it, no terminal count in time
	mov al, 0x46
	mov cx, 1023
	call dma
	mov al, 0x66
	mov cl, 18
	call rw
	mov cx, 7
	show 'past the end'
	; no such sector
	mov al, 0x46
	mov cx, 511
	call dma
	mov al, 0xe6
	mov cl, 40
	call rw
	mov cx, 3
	show 'no sector'
	; a nonsense command
	mov al, 0x1f
	call put
	call get
	mov ah, 0
	none 'no command'
	; and the BIOS again
	mov eax, [vector]
	mov [0x0e*4], eax
	mov ah, 0
	mov dl, 0
	int 0x13
	mov ax, 0x0201
	mov bx, buffer
	mov cx, 0x0503
	mov dx, 0x0000
	int 0x13
	mov bx, [buffer]
	mov cx, 0
	mov dx, 0
	case '02 after it'

	; INT 13h with a table of the program's: sectors a track, gap, fill byte
	les si, [0x1e*4]
	mov di, table
	mov cx, 11
.copy:	mov al, [es:si]
	mov [di], al
	inc si
	inc di
	loop .copy
	push ds
	pop es
	mov word [0x1e*4], table
	mov word [0x1e*4+2], 0
	mov byte [table+4], 18
	mov ah, 0
	mov dl, 0
	int 0x13
	mov ax, 0x0212
	mov bx, buffer
	mov cx, 0x0101
	mov dx, 0x0100
	int 0x13
	none '02 with a table'
	mov ax, 0x1803			; 80 tracks of 18 sectors
	mov cx, 0x4f12
	mov dl, 0
	int 0x13
	mov bx, 0
	mov cx, 0
	mov dx, 0
	mov al, 0
	case '18'
	mov ax, 0x1801
	mov cx, 0x2708			; 40 of 8, which no disk of this drive has
	mov dl, 0
	int 0x13
	mov al, 0
	none '18 of 8 sectors'
	push cs
	pop es
	mov ah, 0
	mov dl, 0
	int 0x13
	mov ax, 0x0213			; more than the track holds
	mov bx, buffer
	mov cx, 0x0101
	mov dx, 0
	int 0x13
	none '02 of 19'
	mov ax, 0x0202			; over the end of a track
	mov bx, buffer
	mov cx, 0x0112
	mov dx, 0
	int 0x13
	none '02 over the end'
	ret

irq6:	push ax
	inc byte [cs:irq]
	mov al, 0x20
	out 0x20, al
	pop ax
	iret
wait6:	mov ecx, 0x4000000
.wait:	cmp byte [irq], 0
	jne .came
	in al, 0x80
	a32 loop .wait
.came:	mov byte [irq], 0
	ret
; put sends AL, get receives it.
put:	push dx
	push ax
	mov dx, 0x3f4
.wait:	in al, dx
	and al, 0xc0
	cmp al, 0x80
	jne .wait
	inc dx
	pop ax
	out dx, al
	pop dx
	ret
get:	push dx
	mov dx, 0x3f4
.wait:	in al, dx
	and al, 0xc0
	cmp al, 0xc0
	jne .wait
	inc dx
	in al, dx
	pop dx
	ret
; sense is AX: ST0 and the cylinder; the latter FF if there is none.
sense:	mov al, 8
	call put
	call get
	mov ah, al
	mov al, 0xff
	cmp ah, 0x80
	je .done
	push ax
	call get
	mov dl, al
	pop ax
	mov al, dl
.done:	xchg al, ah
	ret
results:
	mov di, result
	mov cx, 7
.next:	call get
	stosb
	loop .next
	mov si, result
	ret
; dma sets channel 2: AL mode, CX count less one, at buffer.
dma:
	push ax
	mov al, 6
	out 0x0a, al
	out 0x0c, al
	pop ax
	out 0x0b, al
	mov al, buffer & 0xff
	out 0x04, al
	mov al, buffer >> 8
	out 0x04, al
	mov al, 0
	out 0x81, al
	mov al, cl
	out 0x05, al
	mov al, ch
	out 0x05, al
	mov al, 2
	out 0x0a, al
	ret
; rw is command AL from sector CL of cylinder 5, head 0.
rw:
	call put
	mov al, 0
	call put
	mov al, 5
	call put
	mov al, 0
	call put
	mov al, cl
	call put
	mov al, 2
	call put
	mov al, 18
	call put
	mov al, 0x1b
	call put
	mov al, 0xff
	call put
	call wait6
	jmp results

irq	db 0
vector	dd 0
result	times 7 db 0
table	times 11 db 0
buffer	equ 0xa000

	times SECTORS*512-($-$$) db 0
