; Small programs in 16-bit real-address mode for the benchmarks of the engines, as Makefile says.
; Each runs for ever. They are loaded at 1000h:0 with DS = ES = 2000h and SS:SP = 3000h:1000h.
bits 16
org 0

%if PROGRAM == 1                ; registers only
start:  mov cx, 1000
.next:  add ax, bx
        xor dl, al
        inc si
        shr dx, 1
        mov di, ax
        and di, 0fffh
        lea bx, [bx+di+3]
        cmp dl, 40h
        jb .less
        sub bx, 5
.less:  xchg ax, dx
        loop .next
        jmp start

%elif PROGRAM == 2              ; memory: a bubble sort of words, and sums
start:  mov cx, 64
        mov ax, 1234
        mov di, 0
.fill:  mov [di], ax
        imul ax, ax, 31
        add ax, 7
        add di, 2
        loop .fill
        mov dx, 63
.pass:  mov cx, dx
        mov si, 0
.pair:  mov ax, [si]
        cmp ax, [si+2]
        jbe .right
        xchg ax, [si+2]
        mov [si], ax
        inc word [1000h]
.right: add si, 2
        dec cx
        jnz .pair
        add [1002h], ax
        dec dx
        jnz .pass
        jmp start

%elif PROGRAM == 3              ; stack: calls with a frame, registers saved
start:  mov cx, 100
.next:  push cx
        push word 5
        push ax
        call sum
        add sp, 4
        pop cx
        loop .next
        jmp start
sum:    push bp
        mov bp, sp
        push si
        push di
        mov ax, [bp+4]
        add ax, [bp+6]
        mov si, ax
        call leaf
        pop di
        pop si
        pop bp
        ret
leaf:   push es
        push dx
        mov dx, si
        add ax, dx
        pop dx
        pop es
        ret

%elif PROGRAM == 4              ; variables beside the code, as programs of one segment have them
start:  push cs
        pop ds
.next:  mov ax, [count]
        add ax, 3
        mov [count], ax
        mov bl, al
        add [total], bl
        inc byte [cs:ticks]
        mov word [last], 5
        test byte [total], 1
        jz .even
        add word [odd], 1
.even:  jmp .next
count   dw 0
total   db 0
ticks   db 0
last    dw 0
odd     dw 0

%elif PROGRAM == 5              ; strings: copy and translate a text, byte by byte and with REP
start:  push ds
        pop es
        mov si, 0
        mov di, 800h
        mov cx, 200
.char:  lodsb
        or al, al
        js .high
        cmp al, 'a'
        jb .keep
        cmp al, 'z'
        ja .keep
        and al, 0dfh
.high:  and al, 7fh
.keep:  stosb
        loop .char
        mov si, 800h
        mov di, 0
        mov cx, 100
        rep movsw
        mov al, 0
        mov di, 900h
        mov cx, 100
        repne scasb
        mov cx, 64
        mov ax, 2020h
        rep stosw
        inc byte [0]
        jmp start

%elif PROGRAM == 6              ; a program of the large model: far calls, far pointers, INT 21h
start:  xor ax, ax
        mov es, ax
        mov word [es:84h], service
        mov [es:86h], cs
        mov word [0], 100h
        mov [2], ds
        mov cx, 50
.next:  push cx
        call 1000h:far1
        mov ah, 2
        int 21h
        pop cx
        loop .next
        jmp start
far1:   push bp
        mov bp, sp
        les bx, [0]
        mov ax, [es:bx]
        inc ax
        mov [es:bx], ax
        pop bp
        retf
service:
        push ds
        push ax
        mov ax, 2000h
        mov ds, ax
        inc word [4]
        pop ax
        pop ds
        iret
%endif
