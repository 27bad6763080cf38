; INT 10h in the graphics modes: pixels, characters of a font of our own, scrolling, reading
; back; after each the sum of the video memory, plane by plane.
%define SECTORS 6
%include "lib.inc"

	mov di, modes
.mode:
	mov al, [di]
	cmp al, 0xff
	je .done
	mov ah, 0
	int 0x10
	mov ax, 0x1120		; characters 80h-FFh of the CGA's modes
	mov bp, font+0x400
	int 0x10
	mov ax, 0x1121
	mov bp, font
	mov cx, 8
	mov bl, 2
	int 0x10
	mov al, [di]
	mov ah, 0
	none 'mode'
	call sums
	mov si, points
.point:
	mov cx, [si]
	mov dx, [si+2]
	mov al, [si+4]
	mov ah, 0x0c
	mov bh, 0
	int 0x10
	mov ah, 0x0d
	mov bh, 0
	int 0x10
	mov ah, 0
	mov bx, 0
	case 'point'
	add si, 5
	cmp si, pointsEnd
	jne .point
	call sums
	mov ah, 2
	mov bh, 0
	mov dx, 0x0203
	int 0x10
	mov ax, 0x0941
	mov bx, 0x0001
	mov cx, 3
	int 0x10
	mov ax, 0x09c3
	mov bx, 0x0081
	mov cx, 2
	int 0x10
	call sums
	mov ax, 0x0e42
	mov bx, 0x0002
	int 0x10
	mov ah, 3
	mov bh, 0
	int 0x10
	mov ax, 0
	mov bx, 0
	mov cx, 0
	case 'cursor'
	call sums
	mov ax, 0x0601
	mov bx, 0x0100
	mov cx, 0x0001
	mov dx, 0x0409
	int 0x10
	call sums
	mov ax, 0x0702
	mov bx, 0x0000
	mov cx, 0x0102
	mov dx, 0x0608
	int 0x10
	call sums
	mov ax, 0x0600
	mov bx, 0x0000
	mov cx, 0x0000
	mov dx, 0x184f
	int 0x10
	call sums
	mov ah, 2
	mov bh, 0
	mov dx, 0x0505
	int 0x10
	mov ax, 0x0943
	mov bx, 0x0001
	mov cx, 1
	int 0x10
	mov ah, 8
	mov bh, 0
	int 0x10
	mov ah, 0
	none '10/08'
	inc di
	jmp .mode
.done:
	ret

; The sum of the words of video memory that programs see, for each plane in turn.
sums:
	pusha
	push es
	mov bp, 0
	mov bl, [di]
	mov ax, 0xb800
	mov cx, 0x2000
	cmp bl, 0x0d
	jb .sum
	mov ax, 0xa000
	mov cx, 0x4000
	cmp bl, 0x13
	jne .sum
	mov cx, 0x7d00
.sum:
	mov es, ax
	push cx
	cmp bl, 0x0d
	jb .flat
	cmp bl, 0x13
	je .flat
	mov dx, 0x3ce
	mov ax, bp
	mov ah, al
	mov al, 4
	out dx, ax
	mov dx, 0x3cf
.flat:
	xor si, si
	xor ax, ax
.next:
	add ax, [es:si]
	rol ax, 1
	add si, 2
	loop .next
	mov bx, bp
	mov cx, 0
	mov dx, 0
	case 'sum'
	pop cx
	mov ax, es
	mov bl, [di]
	cmp bl, 0x0d
	jb .end
	cmp bl, 0x13
	je .end
	inc bp
	cmp bp, 4
	jne .sum
	mov dx, 0x3ce
	mov ax, 4
	out dx, ax
.end:
	pop es
	popa
	ret

modes	db 4, 5, 6, 0x0d, 0x0e, 0x10, 0x11, 0x12, 0x13, 0xff
points:
	dw 0, 0
	db 1
	dw 1, 0
	db 3
	dw 9, 5
	db 2
	dw 9, 5
	db 0x81
	dw 319, 199
	db 1
pointsEnd:
; The font: character n has n, n+1 … rotated; far below so that 256 of 8 bytes fit.
	align 16
font:
%assign i 0
%rep 256
	db 0, (i*37+1) & 0xff, (i*11) & 0xff, 0x81, (i*5+3) & 0xff, (255-i) & 0xff, i, 0
%assign i i+1
%endrep
	times ((($-$$)+511)/512)*512-($-$$) db 0
