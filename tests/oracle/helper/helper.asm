; The helper of the oracle: a static Linux program that executes single instructions on the
; host's processor and writes down what they did. Built with "nasm -f bin -o helper.bin
; helper.asm" (go generate); layout.go has the same numbers in Go.
;
; File descriptors: 0 commands (one byte: run the tests in shared memory), 1 replies (one
; byte: done), 3 the shared memory. It ends when the command pipe closes.
;
; A test is executed in one of three ways:
;   step  it is loaded into the frame of a signal, with TF set; returning from the signal runs
;         one instruction; the trap or fault that ends it is the next signal
;   jump  it is loaded into the registers and jumped to; what follows its code leads back here
;   fall  as jump, but nothing follows its code, so that it ends in a page fault
; Whatever the way, an exception of the test is a signal. A signal costs some microseconds, a
; jump does not; but only instructions that go on to the next can be jumped to.

bits 64
org 0x600000000000

SHARED   equ 0x610000000000
ALTSTACK equ 0x620000000000
ALTSIZE  equ 0x40000

; shared memory
C_N      equ 0          ; number of tests
C_CUR    equ 4          ; the one being executed
C_RUN    equ 8          ; 1 while a test is executed
C_STEPS  equ 12
C_RSP    equ 32         ; of the main program
C_EXIT   equ 40         ; address of "came", for the exit page
C_SAVE   equ 48         ; of the test: rax (written by the exit page), rsp, r14, r15, flags
C_CODE   equ 0x400      ; the end of the code page is composed here
C_STACK  equ 0x800      ; top of a small stack
BASELINE equ 0x1000     ; contents of the windows, 3 pages
CODEPAGE equ 0x4000
EXITPAGE equ 0x5000
INPUTS   equ 0x10000
INSIZE   equ 1088
OUTPUTS  equ INPUTS+256*INSIZE
OUTSIZE  equ 3008
SHSIZE   equ (OUTPUTS+256*OUTSIZE+0xfff)&~0xfff

; where tests live
REGION   equ 0x100000   ; base of the segments that are not flat
WINA     equ 0x102000   ; one page
WINB     equ 0x106000   ; two pages
CODE     equ 0x10c000   ; one page, readable and executable; nothing follows it
JCODE    equ 0x10e000   ; the same page again, followed by the way back
EXIT     equ 0x10f000
LOCALS   equ ehdr+0x100000 ; near this program

; input record
I_GPR    equ 0
I_FLAGS  equ 128
I_RIP    equ 136
I_CS     equ 144
I_SS     equ 146
I_DS     equ 148
I_ES     equ 150
I_FS     equ 152
I_GS     equ 154
I_BASES  equ 156
I_FSB    equ 160
I_GSB    equ 168
I_CODE   equ 176
I_LEN    equ 240
I_MAX    equ 244
I_CONT   equ 248
I_PLEN   equ 252
I_PAT    equ 256
I_PATCH  equ 264
I_WAY    equ 328        ; 0 step, 1 jump, 2 fall
I_FX     equ 384
I_YMMH   equ 800

; output record
O_FLAGS  equ 128
O_RIP    equ 136
O_SIG    equ 144
O_TRAP   equ 148
O_ERR    equ 152
O_CR2    equ 160
O_CS     equ 168
O_SS     equ 170
O_DS     equ 172
O_ES     equ 174
O_FS     equ 176
O_GS     equ 178
O_STEPS  equ 180
O_FSB    equ 184
O_GSB    equ 192
O_XBV    equ 200
O_NDIFF  equ 208
O_FX     equ 256
O_YMMH   equ 672
O_DIFF   equ 928
MAXDIFF  equ 128

; ucontext
U_R8     equ 40
U_RSP    equ 160
U_RIP    equ 168
U_FLAGS  equ 176
U_CS     equ 184
U_SS     equ 190
U_ERR    equ 192
U_TRAP   equ 200
U_CR2    equ 216
U_FP     equ 224

%macro sys 1
	mov eax, %1
	syscall
%endmacro

; mmap address, length, protection, flags, fd, offset; exits on failure
%macro map 6
	mov rdi, %1
	mov esi, %2
	mov edx, %3
	mov r10d, %4
	mov r8, %5
	mov r9d, %6
	sys 9
	cmp rax, rdi
	mov edi, 3
	jne fail
%endmacro

ehdr:	db 0x7f, "ELF", 2, 1, 1, 0
	times 8 db 0
	dw 2, 62
	dd 1
	dq start, phdr-ehdr, 0
	dd 0
	dw 64, 56, 1, 64, 0, 0
phdr:	dd 1, 5
	dq 0, ehdr, ehdr, fileend-ehdr, fileend-ehdr, 0x1000

start:
	mov edi, 1               ; PR_SET_PDEATHSIG SIGKILL
	mov esi, 9
	sys 157
	map SHARED, SHSIZE, 3, 0x108011, 3, 0          ; MAP_SHARED|POPULATE|FIXED_NOREPLACE
	map CODE, 0x1000, 5, 0x108011, 3, CODEPAGE
	map JCODE, 0x2000, 5, 0x108011, 3, CODEPAGE
	map 0x600000100000, 0x1000, 3, 0x100032, -1, 0
	map WINA, 0x1000, 3, 0x108032, -1, 0           ; MAP_PRIVATE|ANONYMOUS
	map WINB, 0x2000, 3, 0x108032, -1, 0
	map ALTSTACK, ALTSIZE, 3, 0x100032, -1, 0

	lea rbx, [rel ldt]
.ldt:	mov edi, 0x11            ; modify_ldt(write)
	mov rsi, rbx
	mov edx, 16
	sys 154
	test eax, eax
	mov edi, 4
	jnz fail
	add rbx, 16
	lea rax, [rel ldtend]
	cmp rbx, rax
	jb .ldt

	lea rdi, [rel altstack]
	xor esi, esi
	sys 131
	lea rbx, [rel signals]
.sig:	movzx edi, byte [rbx]
	lea rsi, [rel action]
	xor edx, edx
	mov r10d, 8
	sys 13
	test eax, eax
	mov edi, 5
	jnz fail
	inc rbx
	cmp byte [rbx], 0
	jne .sig

	lea rbx, [rel limits]
.lim:	mov edi, [rbx]
	lea rsi, [rbx+8]
	sys 160
	add rbx, 24
	lea rax, [rel limitsend]
	cmp rbx, rax
	jb .lim

	mov edi, 38              ; PR_SET_NO_NEW_PRIVS
	mov esi, 1
	xor edx, edx
	xor r10d, r10d
	xor r8d, r8d
	sys 157
	mov edi, 22              ; PR_SET_SECCOMP, SECCOMP_MODE_FILTER
	mov esi, 2
	lea rdx, [rel program]
	sys 157
	test eax, eax
	mov edi, 6
	jnz fail

	mov edi, 1               ; "ready"
	lea rsi, [rel ready]
	mov edx, 1
	sys 1

main:	xor edi, edi
	mov rsi, SHARED+0x100
	mov edx, 1
	sys 0
	cmp eax, 1
	mov edi, 0
	jne fail
	mov rsi, SHARED+BASELINE
	mov edi, WINA
	mov ecx, 0x1000
	rep movsb
	mov edi, WINB
	mov ecx, 0x2000
	rep movsb
	mov r12, SHARED
	mov dword [r12+C_CUR], 0
	mov [r12+C_RSP], rsp
	lea rax, [rel came]
	mov [r12+C_EXIT], rax

next:	mov r12, SHARED
	mov rsp, [r12+C_RSP]
	mov dword [r12+C_RUN], 0
	mov eax, [r12+C_CUR]
	cmp eax, [r12+C_N]
	jae .done
	imul r14d, eax, INSIZE
	lea r14, [r12+r14+INPUTS]
	cmp dword [r14+I_WAY], 0
	jne go
	int3                     ; the handler of signals starts a test by steps
.done:	mov edi, 1
	lea rsi, [rel ready]
	mov edx, 1
	sys 1
	jmp main

fail:	sys 231

; handler(edi signal, rsi info, rdx context)
handler:
	pushfq
	and qword [rsp], ~0x244000    ; AC, NT, ID off
	popfq
	mov r12, SHARED
	mov r13, rdx
	cmp dword [r12+C_RUN], 0
	jne result
	mov eax, [r12+C_CUR]
	imul r14d, eax, INSIZE
	lea r14, [r12+r14+INPUTS]
	jmp load                 ; int3 of the main program: start a test

result:
	mov eax, [r12+C_CUR]
	imul r14d, eax, INSIZE
	lea r14, [r12+r14+INPUTS]
	imul r15d, eax, OUTSIZE
	lea r15, [r12+r15+OUTPUTS]
	inc dword [r12+C_STEPS]
	cmp edi, 5               ; SIGTRAP by single step?
	jne save
	cmp qword [r13+U_TRAP], 1
	jne save
	mov ecx, [r12+C_STEPS]
	cmp ecx, [r14+I_MAX]
	jae save
	mov rax, [r13+U_RIP]     ; still within the part that continues?
	sub rax, [r14+I_RIP]
	mov ecx, [r14+I_CONT]
	cmp rax, rcx
	jae save
	or qword [r13+U_FLAGS], 0x100
	or qword [r13], 6
	jmp return

save:	mov [r15+O_SIG], edi
	call segments
%macro out 2
	mov rax, [r13+%1]
	mov [r15+%2*8], rax
%endmacro
	out U_R8, 8
	out U_R8+8, 9
	out U_R8+16, 10
	out U_R8+24, 11
	out U_R8+32, 12
	out U_R8+40, 13
	out U_R8+48, 14
	out U_R8+56, 15
	out U_R8+64, 7           ; rdi
	out U_R8+72, 6           ; rsi
	out U_R8+80, 5           ; rbp
	out U_R8+88, 3           ; rbx
	out U_R8+96, 2           ; rdx
	out U_R8+104, 0          ; rax
	out U_R8+112, 1          ; rcx
	out U_RSP, 4
	out U_FLAGS, 16
	out U_RIP, 17
	out U_ERR, 19
	out U_CR2, 20
	mov eax, [r13+U_TRAP]
	mov [r15+O_TRAP], eax
	mov ax, [r13+U_CS]
	mov [r15+O_CS], ax
	mov ax, [r13+U_SS]
	mov [r15+O_SS], ax
	mov eax, [r12+C_STEPS]
	mov [r15+O_STEPS], eax
	mov rbx, [r13+U_FP]
	mov rax, [rbx+512]
	mov [r15+O_XBV], rax
	mov rsi, rbx
	lea rdi, [r15+O_FX]
	call copy416
	lea rsi, [rbx+576]
	lea rdi, [r15+O_YMMH]
	call copy256

	call diffs
	cmp eax, [r12+C_N]
	jae .back
	imul r14d, eax, INSIZE
	lea r14, [r12+r14+INPUTS]
	cmp dword [r14+I_WAY], 0
	je load                  ; the next one is by steps, too
.back:	mov rax, [r12+C_RSP]     ; to the main program
	mov [r13+U_RSP], rax
	lea rax, [rel next]
	mov [r13+U_RIP], rax
	mov qword [r13+U_FLAGS], 0x202
	mov word [r13+U_CS], 0x33
	mov word [r13+U_SS], 0x2b
	or qword [r13], 6
	jmp return

; load puts the test at r14 into the frame of the signal.
load:	call prepare
%macro in 2
	mov rax, [r14+%2*8]
	mov [r13+%1], rax
%endmacro
	in U_R8, 8
	in U_R8+8, 9
	in U_R8+16, 10
	in U_R8+24, 11
	in U_R8+32, 12
	in U_R8+40, 13
	in U_R8+48, 14
	in U_R8+56, 15
	in U_R8+64, 7
	in U_R8+72, 6
	in U_R8+80, 5
	in U_R8+88, 3
	in U_R8+96, 2
	in U_R8+104, 0
	in U_R8+112, 1
	in U_RSP, 4
	in U_RIP, 17
	mov rax, [r14+I_FLAGS]
	or eax, 0x302
	mov [r13+U_FLAGS], rax
	mov ax, [r14+I_CS]
	mov [r13+U_CS], ax
	mov ax, [r14+I_SS]
	mov [r13+U_SS], ax
	or qword [r13], 6        ; UC_SIGCONTEXT_SS|UC_STRICT_RESTORE_SS
	mov rbx, [r13+U_FP]
	mov rax, [rbx+512]
	and eax, 0x200           ; PKRU stays; all but x87, SSE, AVX initial
	or eax, 7
	mov [rbx+512], rax
	lea rsi, [r14+I_FX]
	mov rdi, rbx
	call copy416
	lea rsi, [r14+I_YMMH]
	lea rdi, [rbx+576]
	call copy256
return:
	add rsp, 8
	sys 15

; prepare does what all ways have in common: code, patch, segments. r12 and r14 stay.
prepare:
	mov dword [r12+C_RUN], 1
	mov dword [r12+C_STEPS], 0
	mov ecx, [r14+I_PLEN]
	test ecx, ecx
	jz .nopatch
	lea rsi, [r14+I_PATCH]
	mov rdi, [r14+I_PAT]
	rep movsb
.nopatch:
	mov ecx, [r14+I_LEN]     ; few wide stores: each to code costs the processor its pipeline
	vmovdqu ymm0, [r14+I_CODE]
	vmovdqu ymm1, [r14+I_CODE+32]
	lea rdi, [r12+C_CODE+64]
	sub rdi, rcx
	vmovdqu [rdi], ymm0
	vmovdqu [rdi+32], ymm1
	cmp ecx, 16
	ja .long
	vmovdqu xmm0, [r12+C_CODE+48]
	vmovdqu [r12+CODEPAGE+0x1000-16], xmm0
	jmp .code
.long:	vmovdqu ymm0, [r12+C_CODE]
	vmovdqu ymm1, [r12+C_CODE+32]
	vmovdqu [r12+CODEPAGE+0x1000-64], ymm0
	vmovdqu [r12+CODEPAGE+0x1000-32], ymm1
.code:
	xor eax, eax             ; a null selector leaves the base as it is on AMD's processors
	wrfsbase rax
	wrgsbase rax
	mov ds, [r14+I_DS]
	mov es, [r14+I_ES]
	mov fs, [r14+I_FS]
	mov gs, [r14+I_GS]
	cmp dword [r14+I_BASES], 0
	je .nobases
	mov rax, [r14+I_FSB]
	wrfsbase rax
	mov rax, [r14+I_GSB]
	wrgsbase rax
.nobases:
	ret

; go jumps to the test at r14.
go:	call prepare
	fxrstor64 [r14+I_FX]
%assign i 0
%rep 16
	vinsertf128 ymm%[i], ymm%[i], [r14+I_YMMH+16*i], 1
%assign i i+1
%endrep
	mov rax, [r14+I_RIP]
	mov [rel LOCALS], rax
	mov rax, [r14+I_FLAGS]
	or eax, 0x202
	push rax
	cmp word [r14+I_CS], 0x33
	je .long
	mov ax, [r14+I_CS]
	mov [rel LOCALS+4], ax
%macro registers 0
	popfq
	mov ss, [r14+I_SS]
	mov rax, [r14]
	mov rcx, [r14+8]
	mov rdx, [r14+16]
	mov rbx, [r14+24]
	mov rbp, [r14+40]
	mov rsi, [r14+48]
	mov rdi, [r14+56]
	mov r8, [r14+64]
	mov r9, [r14+72]
	mov r10, [r14+80]
	mov r11, [r14+88]
	mov r12, [r14+96]
	mov r13, [r14+104]
	mov r15, [r14+120]
	mov rsp, [r14+32]
	mov r14, [r14+112]
%endmacro
	registers
	jmp far dword [rel LOCALS]
.long:	registers
	jmp [rel LOCALS]

; came is where the exit page leads, with rax in C_SAVE.
came:	mov rax, SHARED
	mov [rax+C_SAVE+8], rsp
	lea rsp, [rax+C_STACK]
	pushfq
	push 2
	popfq
	mov [rax+C_SAVE+16], r14
	mov [rax+C_SAVE+24], r15
	mov r14d, [rax+C_CUR]
	imul r15d, r14d, OUTSIZE
	imul r14d, r14d, INSIZE
	lea r15, [rax+r15+OUTPUTS]
	lea r14, [rax+r14+INPUTS]
	mov [r15+8], rcx
	mov [r15+16], rdx
	mov [r15+24], rbx
	mov [r15+40], rbp
	mov [r15+48], rsi
	mov [r15+56], rdi
	mov [r15+64], r8
	mov [r15+72], r9
	mov [r15+80], r10
	mov [r15+88], r11
	mov [r15+96], r12
	mov [r15+104], r13
	mov r12, rax
	pop qword [r15+O_FLAGS]
	mov rax, [r12+C_SAVE]
	mov [r15], rax
	mov rax, [r12+C_SAVE+8]
	mov [r15+32], rax
	mov rax, [r12+C_SAVE+16]
	mov [r15+112], rax
	mov rax, [r12+C_SAVE+24]
	mov [r15+120], rax
	mov rax, [r14+I_RIP]
	mov ecx, [r14+I_LEN]
	add rax, rcx
	mov [r15+O_RIP], rax
	mov dword [r15+O_SIG], 5
	mov dword [r15+O_TRAP], 1
	xor eax, eax
	mov [r15+O_ERR], rax
	mov [r15+O_CR2], rax
	mov dword [r15+O_STEPS], 1
	mov ax, [r14+I_CS]
	mov [r15+O_CS], ax
	mov word [r15+O_SS], ss
	call segments
	fxsave64 [r15+O_FX]
%assign i 0
%rep 16
	vextractf128 [r15+O_YMMH+16*i], ymm%[i], 1
%assign i i+1
%endrep
	call diffs
	jmp next

; segments writes data segments down.
segments:
	mov word [r15+O_DS], ds
	mov word [r15+O_ES], es
	mov word [r15+O_FS], fs
	mov word [r15+O_GS], gs
	rdfsbase rax
	mov [r15+O_FSB], rax
	rdgsbase rax
	mov [r15+O_GSB], rax
	ret

; diffs writes down and undoes what changed in the windows, and ends the test: eax is the
; number of the next.
diffs:	xor ebx, ebx
	lea rsi, [r12+BASELINE]
	mov edi, WINA
	mov ecx, 0x1000/64
	call diff
	mov edi, WINB
	mov ecx, 0x2000/64
	call diff
	mov [r15+O_NDIFF], ebx
	mov eax, [r12+C_CUR]
	inc eax
	mov [r12+C_CUR], eax
	ret

copy416:
%assign i 0
%rep 13
	vmovdqu ymm0, [rsi+i]
	vmovdqu [rdi+i], ymm0
%assign i i+32
%endrep
	ret

copy256:
%assign i 0
%rep 8
	vmovdqu ymm0, [rsi+i]
	vmovdqu [rdi+i], ymm0
%assign i i+32
%endrep
	ret

; diff records and undoes the differences between ecx lines of 64 bytes at rdi and rsi. It
; leaves both pointers behind them. ebx counts.
diff:	vmovdqu ymm0, [rsi]
	vmovdqu ymm1, [rsi+32]
	vpxor ymm0, ymm0, [rdi]
	vpxor ymm1, ymm1, [rdi+32]
	vpor ymm0, ymm0, ymm1
	vptest ymm0, ymm0
	jnz .line
.next:	add rsi, 64
	add rdi, 64
	dec ecx
	jnz diff
	ret
.line:	xor edx, edx
.word:	mov rax, [rdi+rdx]
	mov r8, [rsi+rdx]
	cmp rax, r8
	je .same
	mov [rdi+rdx], r8
	cmp ebx, MAXDIFF
	jae .same
	mov r9d, ebx
	shl r9d, 4
	lea r10, [rdi+rdx]
	mov [r15+r9+O_DIFF], r10
	mov [r15+r9+O_DIFF+8], rax
	inc ebx
.same:	add edx, 8
	cmp edx, 64
	jb .word
	jmp .next

align 8
; user_desc: entry number, base, limit, flags (1 32-bit, 2·contents (0 data, 1 expand-down,
; 2 code), 8 read or execute only, 16 limit in pages, 32 not present, 64 useable)
%macro desc 4
	dd %1, %2, %3, %4
%endmacro
ldt:	desc 0, REGION, 0xffff, 4|64          ; 16-bit code
	desc 1, REGION, 0xffff, 64            ; 16-bit data
	desc 2, REGION, 0x7fff, 1|64          ; 32-bit data
	desc 3, REGION, 0xffff, 1|8|64        ; read-only data
	desc 4, REGION, 0x5fff, 2|64          ; 16-bit expand-down data
	desc 5, REGION, 0xffff, 1|32|64       ; not present
	desc 6, REGION, 0xffff, 1|4|8|64      ; 32-bit code, execute only
	desc 7, WINA, 0xfff, 1|64             ; 32-bit data, window A only
	desc 8, REGION, 0xffff, 1|4|64        ; 32-bit code
	desc 9, REGION, 0x5fff, 1|2|64        ; 32-bit expand-down data
	desc 10, REGION, 0xbfff, 1|64         ; 32-bit data
	desc 11, REGION, 0xffff, 4|32|64      ; 16-bit code, not present
ldtend:
altstack:
	dq ALTSTACK, 0, ALTSIZE
action:	dq handler, 0x0c000004, handler, 0  ; SA_SIGINFO|SA_ONSTACK|SA_RESTORER
limits:	dd 4, 0                         ; RLIMIT_CORE
	dq 0, 0
	dd 9, 0                         ; RLIMIT_AS
	dq 1<<28, 1<<28
	dd 1, 0                         ; RLIMIT_FSIZE
	dq 0, 0
	dd 6, 0                         ; RLIMIT_NPROC
	dq 0, 0
limitsend:
program: dw (filterend-filter)/8, 0, 0, 0
	dq filter
%macro bpf 4
	dw %1
	db %2, %3
	dd %4
%endmacro
filter:	bpf 0x20, 0, 0, 12              ; who calls: upper half of the address
	bpf 0x15, 0, 6, 0x6000          ; not this program: SIGSYS
	bpf 0x20, 0, 0, 0
	bpf 0x15, 3, 0, 15              ; rt_sigreturn
	bpf 0x15, 2, 0, 0               ; read
	bpf 0x15, 1, 0, 1               ; write
	bpf 0x15, 0, 1, 231             ; exit_group
	bpf 0x06, 0, 0, 0x7fff0000
	bpf 0x06, 0, 0, 0x00030000
filterend:
signals: db 5, 11, 4, 8, 7, 31, 0
ready:	db "."
fileend:
