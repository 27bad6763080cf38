; Programs that hook what the BIOS calls, or change what it keeps in memory. Scan codes come
; from the controller itself (command D2h), as if the keyboard had sent them.
%define SECTORS 8
%include "lib.inc"

	; INT 9 replaced, port 60h read by the program
	mov word [hook], 9
	mov word [handler], own9
	call take
	mov al, 0x1e
	call scan
	call give
	mov ah, 1
	int 0x16
	mov al, [seen]
	mov ah, 0
	none 'INT 9 replaced'

	; INT 9 called before the BIOS, which reads port 60h again
	mov word [handler], before9
	call take
	mov al, 0x1e
	call scan
	mov al, 0x9e
	call scan
	call give
	mov al, [seen]
	mov ah, 0
	none 'INT 9 first'
	call keys
	; INT 15h/4Fh changes a scan code, then drops one
	mov word [hook], 0x15
	mov word [handler], own15
	call take
	mov al, 0x10		; Q becomes W
	call scan
	mov al, 0x11		; and W nothing
	call scan
	mov al, 0x12
	call scan
	call give
	call keys
	mov al, [seen]
	mov ah, 0
	none 'INT 15h/4F'

	; shift states, as INT 9 keeps them and as a program sets them
	mov al, 0x2a
	call scan
	call flags
	mov al, 0x10
	call scan
	mov al, 0xaa
	call scan
	mov al, 0x1d
	call scan
	call flags
	mov al, 0x2e
	call scan
	mov al, 0x9d
	call scan
	mov al, 0x38
	call scan
	call flags
	mov al, 0x3b
	call scan
	mov al, 0x10
	call scan
	mov al, 0x4f		; Alt and digits of the keypad
	call scan
	mov al, 0x4b
	call scan
	mov al, 0xb8
	call scan
	call flags
	call one
	call one
	call one
	call one
	mov ah, 0x11
	int 0x16
	mov ax, 0
	jz .no14
	mov ah, 0x10
	int 0x16
.no14:	none 'Alt 1 4'
	or byte [0x417], 0x20	; NumLock set by a program
	mov al, 0x4b
	call scan
	and byte [0x417], 0xdf
	mov al, 0x4b
	call scan
	or byte [0x417], 0x40	; CapsLock
	mov al, 0x10
	call scan
	mov al, 0x2a
	call scan
	mov al, 0x10
	call scan
	mov al, 0xaa
	call scan
	and byte [0x417], 0xbf
	call keys
	mov al, 0x3a		; the keys themselves
	call scan
	call flags
	mov al, 0xba
	call scan
	call flags
	mov al, 0x3a
	call scan
	mov al, 0xba
	call scan
	call flags
	mov al, 0x3a
	call scan
	mov al, 0xba
	call scan
	call flags
	mov al, 0xe0		; right Ctrl, right Alt
	call scan
	mov al, 0x1d
	call scan
	call flags
	mov al, 0xe0
	call scan
	mov al, 0x9d
	call scan
	mov al, 0xe0
	call scan
	mov al, 0x38
	call scan
	call flags
	mov al, 0x44
	call scan
	mov al, 0x57
	call scan
	mov al, 0xe0
	call scan
	mov al, 0xb8
	call scan
	mov al, 0xe0		; keypad / and Enter, grey Home, Insert
	call scan
	mov al, 0x35
	call scan
	mov al, 0xe0
	call scan
	mov al, 0x1c
	call scan
	mov al, 0xe0
	call scan
	mov al, 0x47
	call scan
	mov al, 0xe0
	call scan
	mov al, 0x52
	call scan
	mov al, 0xe0
	call scan
	mov al, 0xd2
	call scan
	call flags
	mov al, 0x52
	call scan
	mov al, 0xd2
	call scan
	call flags
	call keys

	; Ctrl-Break, Print Screen, SysRq
	mov word [hook], 0x1b
	mov word [handler], count
	call take
	mov al, 0x1d
	call scan
	mov al, 0xe0
	call scan
	mov al, 0x46
	call scan
	mov al, 0xe0
	call scan
	mov al, 0xc6
	call scan
	mov al, 0x9d
	call scan
	call give
	mov al, [seen]
	mov ah, [0x471]
	none 'Ctrl-Break'
	call keys
	mov byte [0x471], 0
	mov word [hook], 5
	call take
	mov al, 0xe0
	call scan
	mov al, 0x2a
	call scan
	mov al, 0xe0
	call scan
	mov al, 0x37
	call scan
	mov al, 0xe0
	call scan
	mov al, 0xb7
	call scan
	mov al, 0xe0
	call scan
	mov al, 0xaa
	call scan
	call give
	mov al, [seen]
	mov ah, 0
	none 'Print Screen'
	call flags
	call keys
	mov word [hook], 0x15
	mov word [handler], sys15
	call take
	mov al, 0x38
	call scan
	mov al, 0x54
	call scan
	mov al, 0xd4
	call scan
	mov al, 0xb8
	call scan
	call give
	mov al, [seen]
	mov ah, 0
	none 'SysRq'

	; the ring buffer used directly
	cli
	mov bx, [0x480]
	mov [0x41a], bx
	mov word [0x400+bx], 0x1e61
	mov word [0x402+bx], 0x3042
	add bx, 4
	mov [0x41c], bx
	sti
	call keys
	cli
	mov word [0x480], 0x300	; moved to the space after the data area's end
	mov word [0x482], 0x308
	mov word [0x41a], 0x300
	mov word [0x41c], 0x300
	sti
	mov al, 0x10
	call scan
	mov al, 0x11
	call scan
	mov al, 0x12
	call scan
	mov al, 0x13		; full: the fourth is lost
	call scan
	mov ax, [0x41a]
	mov bx, [0x41c]
	mov cx, [0x700]
	mov dx, [0x704]
	case 'small ring'
	call keys
	cli
	mov word [0x480], 0x1e
	mov word [0x482], 0x3e
	mov word [0x41a], 0x1e
	mov word [0x41c], 0x1e
	sti

	; the timer: INT 1Ch once a tick, midnight
	mov word [hook], 0x1c
	mov word [handler], count
	call take
	call tick
	mov byte [seen], 0
	mov bx, [0x46c]
	add bx, 3
.ticks:	hlt
	cmp bx, [0x46c]
	jne .ticks
	call give
	mov al, [seen]
	mov ah, 0
	none 'INT 1Ch in three ticks'
	call tick
	mov word [0x46c], 0x00af
	mov word [0x46e], 0x0018
	mov byte [0x470], 0
	call tick
	mov ax, [0x46c]
	mov bx, [0x46e]
	mov cl, [0x470]
	mov ch, 0
	mov dx, 0
	case 'midnight'
	mov ah, 0
	int 0x1a
	mov ah, 0
	case '1A/00'
	mov ah, 0
	int 0x1a
	mov ah, 0
	case '1A/00 again'
	; four times as fast, and the BIOS called every fourth time
	mov word [hook], 8
	mov word [handler], fast8
	call tick
	mov bx, [0x46c]
	add bx, 2
	cli
	mov al, 0x36
	out 0x43, al
	mov al, 0
	out 0x40, al
	mov al, 0x40
	out 0x40, al
	sti
	call take
	mov byte [seen], 0
.fast:	hlt
	cmp bx, [0x46c]
	jne .fast
	mov cl, [seen]
	call give
	mov al, 0x36
	out 0x43, al
	mov al, 0
	out 0x40, al
	out 0x40, al
	mov al, cl
	mov ah, 0
	none 'INT 8 in two ticks of old'
	; INT 70h: alarm
	mov ah, 2
	int 0x1a
	mov ax, 0x0200
	none '1A/02'
	; the diskette motor's time
	mov byte [0x43f], 0x01
	mov byte [0x440], 2
	call tick
	mov al, [0x440]
	mov ah, [0x43f]
	none 'motor after a tick'
	call tick
	mov al, [0x440]
	mov ah, 0
	none 'motor after two'
	ret

; take hooks vector [hook] with [handler]; give returns it.
take:
	cli
	mov byte [seen], 0
	mov si, [hook]
	shl si, 2
	mov eax, [si]
	mov [old], eax
	mov ax, [handler]
	mov [si], ax
	mov word [si+2], 0
	sti
	ret
give:
	cli
	mov si, [hook]
	shl si, 2
	mov eax, [old]
	mov [si], eax
	sti
	ret

; scan has the controller send AL, and waits until somebody has read it.
scan:
	push ax
	call empty
	mov al, 0xd2
	out 0x64, al
	call empty
	pop ax
	cli
	out 0x60, al
	mov cx, 0x4000
.full:	in al, 0x64
	test al, 1
	loopz .full
	sti
	mov cx, 0x4000
.read:	nop
	in al, 0x64
	test al, 1
	loopnz .read
	ret
empty:
	in al, 0x64
	test al, 2
	jnz empty
	ret

; keys prints what is in the keyboard buffer.
keys:
	mov ah, 0x11
	int 0x16
	jz .none
	mov ah, 0x10
	int 0x16
	none 'key'
	jmp keys
.none:	ret

; one prints the next key.
one:
	mov ah, 0x10
	int 0x16
	none 'key'
	ret

; flags prints the shift states.
flags:
	mov ax, [0x417]
	mov bl, [0x496]
	mov bh, 0
	mov cx, 0
	mov dx, 0
	case '417, 418, 496'
	ret

tick:
	mov ax, [0x46c]
.same:	hlt
	cmp ax, [0x46c]
	je .same
	ret

own9:
	push ax
	in al, 0x60
	mov [cs:seen], al
	mov al, 0x20
	out 0x20, al
	pop ax
	iret
before9:
	push ax
	in al, 0x60
	mov [cs:seen], al
	pop ax
	jmp far [cs:old]
own15:
	cmp ah, 0x4f
	jne .other
	inc byte [cs:seen]
	push bp
	mov bp, sp
	cmp al, 0x10
	jne .not10
	mov al, 0x11
	or byte [bp+6], 1
	jmp .out
.not10:	cmp al, 0x11
	jne .out
	and byte [bp+6], 0xfe
.out:	pop bp
	iret
.other:	jmp far [cs:old]
sys15:
	cmp ah, 0x85
	jne own15.other
	add [cs:seen], al
	add byte [cs:seen], 0x10
	iret
count:
	inc byte [cs:seen]
	iret
fast8:
	inc byte [cs:seen]
	test byte [cs:seen], 3
	jnz .own
	jmp far [cs:old]
.own:	push ax
	mov al, 0x20
	out 0x20, al
	pop ax
	iret

old	dd 0
hook	dw 0
handler	dw 0
seen	db 0

	times SECTORS*512-($-$$) db 0
