; A boot sector that breaks one rule of the manual. Which one is the byte at offset 2; the
; test puts it there. nasm -f bin -o faults.bin faults.asm
	org 0x7c00
	bits 16
	jmp short begin
case:	db 0
count:	db (table_end - table) / 2
begin:
	cli
	xor ax, ax
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov sp, 0x7c00
	mov ax, 0x0220		; 32 sectors from sector 2 on
	mov bx, 0x7e00
	mov cx, 0x0002
	mov dh, 0
	int 0x13
	cli
	xor ax, ax
	mov ds, ax
	mov es, ax
	movzx bx, byte [case]
	shl bx, 1
	jmp [table + bx]
halt16:	hlt
	jmp halt16
	times 510 - ($ - $$) db 0
	dw 0xaa55

table:
	dw de_zero, de_overflow, ud_ud2, br_bound, gp_real_limit, ss_real_limit, ud_lock, gp_too_long
	dw ud_not_real, gp_real_idt, nm_em, nm_ts, gp_cr4, gp_pg_without_pe, gp_nw, gp_rdmsr
	dw db_step, db_hardware, db_detect, ud_cr1, ud_mov_cs, de_idiv, de_aam
	dw pm_index, pm_null_ss, pm_np, pm_readonly, pm_execonly, pm_null_ds, pm_limit, pm_expanddown
	dw pm_ss_rpl, pm_ss_readonly, pm_ss_np, pm_jmp_data, pm_jmp_np, pm_jmp_dpl3, pm_ltr, pm_lldt
	dw pm_no_ldt, pm_idt_limit, pm_gate_type, pm_gate_np, pm_gate_target, pm_code_limit
	dw r3_gate, r3_hlt, r3_port, r3_cli, r3_data, r3_align, r3_retf, r3_call
	dw pg_np, pg_write, pg_user, pg_reserved, pg_r3_write
	dw t_idt, t_stack, t_page
	dw v86_cli, v86_in, v86_int, v86_limit
	dw lm_canonical, lm_stack, lm_push_es, lm_nx, lm_smep, lm_smap, lm_cr8, lm_lstar
	dw lm_pae, lm_movaps, lm_nosse, lm_xm, lm_mf, lm_nt, lm_l_and_d, lm_gate, lm_reserved, lm_canonical_jump
table_end:

; ---- real-address mode ----
de_zero:
	mov dx, 0x12
	mov ax, 0x3456
	xor cx, cx
	div cx
de_overflow:
	mov dx, 1
	mov ax, 0x10
	mov cx, 1
	div cx
de_idiv:
	mov ax, -128
	mov cl, -1
	idiv cl
de_aam:
	aam 0
ud_ud2:	ud2
br_bound:
	mov ax, 5
	bound ax, [bounds]
bounds:	dw -2, 4
gp_real_limit:
	mov ax, [0xffff]
ss_real_limit:
	mov sp, 1
	push ax
ud_lock:
	db 0xf0
	mov ax, bx
gp_too_long:
	times 15 db 0x66
	nop
ud_not_real:
	lar ax, bx
gp_real_idt:
	lidt [short_ivt]
	int 0x20
short_ivt: dw 0x7f
	dd 0
nm_em:	mov eax, cr0
	or al, 4
	mov cr0, eax
	fld1
nm_ts:	mov eax, cr0
	or al, 8
	mov cr0, eax
	fld1
gp_cr4:	mov eax, 0x80000010
	mov cr4, eax
gp_pg_without_pe:
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
gp_nw:	mov eax, cr0
	and eax, 0x9fffffff
	or eax, 0x20000000
	mov cr0, eax
gp_rdmsr:
	mov ecx, 0x12345678
	rdmsr
db_step:
	pushf
	pop ax
	or ax, 0x100
	push ax
	popf
	nop
db_hardware:
	mov eax, .here
	mov dr0, eax
	mov eax, 1
	mov dr7, eax
.here:	nop
db_detect:
	mov eax, 0x2000
	mov dr7, eax
	mov eax, dr0
ud_cr1:	db 0x0f, 0x20, 0xc8	; mov eax, cr1
ud_mov_cs:
	db 0x8e, 0xc8		; mov cs, ax

; ---- entering other modes ----
; protect LABEL: 32-bit protected mode, flat, CPL 0, all exceptions to halt32
%macro protect 1
	lgdt [gdtr]
	lidt [idtr]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	mov ebx, %1
	jmp dword 0x08:protected
%endmacro

%macro protected_case 1
%1:	protect %1.go
	bits 32
.go:
%endmacro

; ring3 LABEL: the same at CPL 3
%macro ring3_case 1
	bits 16
%1:	mov ecx, %1.go
	protect to_ring3
	bits 32
.go:
%endmacro

	bits 32
protected:
	mov ax, 0x10
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov fs, ax
	mov gs, ax
	mov esp, 0x7000
	mov ax, 0x50
	ltr ax
	jmp ebx
to_ring3:
	push dword 0x23
	push dword 0x6000
	push dword 2
	push dword 0x1b
	push ecx
	mov ax, 0x23
	mov ds, ax
	mov es, ax
	iretd
halt32:	hlt
	jmp halt32

; ---- protected mode, CPL 0 ----
%macro p0 1
	bits 16
	protected_case %1
%endmacro

p0 pm_index
	mov ax, 0x1f8
	mov ds, ax
p0 pm_null_ss
	xor ax, ax
	mov ss, ax
p0 pm_np
	mov ax, 0x38
	mov es, ax
p0 pm_readonly
	mov ax, 0x40
	mov ds, ax
	mov [0x1000], al
p0 pm_execonly
	jmp 0x48:.there
.there:	mov al, [cs:0x1000]
p0 pm_null_ds
	xor ax, ax
	mov ds, ax
	mov al, [0x1000]
p0 pm_limit
	mov ax, 0x30
	mov ds, ax
	mov ax, [0xff]
p0 pm_expanddown
	mov ax, 0x70
	mov ds, ax
	mov al, [0xfff]
p0 pm_ss_rpl
	mov ax, 0x13
	mov ss, ax
p0 pm_ss_readonly
	mov ax, 0x40
	mov ss, ax
p0 pm_ss_np
	mov ax, 0x38
	mov ss, ax
p0 pm_jmp_data
	jmp 0x10:0
p0 pm_jmp_np
	jmp 0x78:0
p0 pm_jmp_dpl3
	jmp 0x18:0
p0 pm_ltr
	mov ax, 0x10
	ltr ax
p0 pm_lldt
	mov ax, 0x10
	lldt ax
p0 pm_no_ldt
	xor ax, ax
	lldt ax
	mov ax, 0x0c
	mov ds, ax
p0 pm_idt_limit
	int 0x90
p0 pm_gate_type
	int 0x21
p0 pm_gate_np
	int 0x22
p0 pm_gate_target
	int 0x23
p0 pm_code_limit
	jmp 0x28:0x9000

; ---- protected mode, CPL 3 ----
ring3_case r3_gate
	int 0x20
ring3_case r3_hlt
	hlt
ring3_case r3_port
	in al, 0x64
ring3_case r3_cli
	cli
ring3_case r3_data
	mov ax, 0x10
	mov ds, ax
	bits 16
r3_align:
	mov eax, cr0
	or eax, 0x40000
	mov cr0, eax
	mov ecx, .go
	protect to_ring3
	bits 32
.go:	pushfd
	or dword [esp], 0x40000
	popfd
	mov eax, [0x1002]
ring3_case r3_retf
	push dword 0x08
	push dword 0
	retf
ring3_case r3_call
	call 0x08:0

; ---- paging: identity, all pages for everybody, but 30000h read-only, 31000h supervisor, 32000h missing ----
	bits 32
paging32:
	pop ebp
	mov edi, 0x20000
	xor eax, eax
	mov ecx, 0x800
	rep stosd
	mov dword [0x20000], 0x21007
	mov edi, 0x21000
	mov eax, 7
	mov ecx, 1024
.next:	stosd
	add eax, 0x1000
	loop .next
	mov dword [0x21000 + 0x30 * 4], 0x30005
	mov dword [0x21000 + 0x31 * 4], 0x31003
	mov dword [0x21000 + 0x32 * 4], 0x32006
	mov eax, cr4
	or al, 0x10
	mov cr4, eax
	mov eax, 0x20000
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80010000	; with WP
	mov cr0, eax
	jmp ebp

p0 pg_np
	call paging32
	mov eax, [0x32010]
p0 pg_write
	call paging32
	mov [0x30010], eax
	bits 16
pg_user:
	mov ecx, .go
	protect .page
	bits 32
.page:	push ecx
	call paging32
	pop ecx
	mov ecx, .go
	jmp to_ring3
.go:	mov eax, [0x31010]
	bits 16
pg_r3_write:
	protect .page
	bits 32
.page:	call paging32
	mov ecx, .go
	jmp to_ring3
.go:	add dword [0x30010], 1
p0 pg_reserved
	call paging32
	mov dword [0x20004], 0x6000e7	; 4-MiB page with bit 21 set
	mov eax, cr3
	mov cr3, eax
	mov al, [0x400000]

; ---- triple faults ----
p0 t_idt
	lidt [.none]
	ud2
.none:	dw 0
	dd 0
	bits 16
t_stack:
	mov ecx, .go
	protect .cut
	bits 32
.cut:	mov word [tss + 8], 0x40	; SS0: a read-only segment
	jmp to_ring3
.go:	int 0x30
p0 t_page
	call paging32
	lidt [.away]
	mov eax, [0x32000]
.away:	dw 0x7ff
	dd 0x32800

; ---- virtual-8086 mode ----
%macro v86_case 1
	bits 16
%1:	mov ecx, %1.go
	protect to_v86
	bits 16
.go:
%endmacro
	bits 32
to_v86:
	xor eax, eax
	push eax		; GS
	push eax
	push eax
	push eax
	push eax		; SS
	push dword 0x6000
	push dword 0x20002	; VM
	push eax
	push ecx
	iretd
v86_case v86_cli
	cli
v86_case v86_in
	mov dx, 0x3f8
	in al, dx
v86_case v86_int
	int 0x10
v86_case v86_limit
	mov bx, 0xffff
	mov [bx], ax

; ---- 64-bit mode ----
; long LABEL: identity mapping of the first 2 MiB in 4-KiB pages, 30000h for users and not to be executed,
; 32000h missing, 33000h with a reserved bit
%macro long_case 1
	bits 16
%1:	mov ebx, %1.go
	jmp to_long
	bits 64
.go:
%endmacro
	bits 16
to_long:
	lgdt [gdtr]
	xor eax, eax
	mov es, ax
	cld
	push word 0x2000
	pop es
	xor di, di
	mov cx, 0x1000
	rep stosd
	mov dword [es:0x0000], 0x21007
	mov dword [es:0x1000], 0x22007
	mov dword [es:0x2000], 0x23007
	mov eax, 3
	mov di, 0x3000
	mov cx, 512
.next:	mov [es:di], eax
	add eax, 0x1000
	add di, 8
	loop .next
	mov dword [es:0x3000 + 0x30 * 8], 0x30007
	mov dword [es:0x3004 + 0x30 * 8], 0x80000000
	mov dword [es:0x3000 + 0x31 * 8], 0x31007
	mov dword [es:0x3000 + 0x32 * 8], 0
	mov dword [es:0x3004 + 0x33 * 8], 0x00080000	; bit 51
	lidt [idtr64]
	mov eax, 0x6a0		; PAE, PGE, OSFXSR, OSXMMEXCPT
	mov cr4, eax
	mov eax, 0x20000
	mov cr3, eax
	mov ecx, 0xc0000080
	rdmsr
	or eax, 0x900		; LME, NXE
	wrmsr
	mov eax, cr0
	and al, 0xf3
	or eax, 0x80000023	; PG, NE, MP, PE
	mov cr0, eax
	jmp dword 0x80:.long
	bits 64
.long:	mov ax, 0x10
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov esp, 0x7000
	mov ebx, ebx
	jmp rbx

long_case lm_canonical
	mov rbx, 0x800000000000
	mov al, [rbx + 8]
long_case lm_stack
	mov rsp, 0x8000000000000000
	push rax
long_case lm_push_es
	db 0x06
long_case lm_nx
	mov eax, 0x30123
	jmp rax
long_case lm_smep
	mov rax, cr4
	or eax, 1 << 20
	mov cr4, rax
	mov eax, 0x31040
	call rax
long_case lm_smap
	mov rax, cr4
	or eax, 1 << 21
	mov cr4, rax
	mov al, [0x31040]
long_case lm_cr8
	mov eax, 0x10
	mov cr8, rax
long_case lm_lstar
	mov ecx, 0xc0000082
	mov edx, 0x80000000
	xor eax, eax
	wrmsr
long_case lm_pae
	mov rax, cr4
	and al, 0xdf
	mov cr4, rax
long_case lm_movaps
	mov eax, 0x1008
	movaps xmm0, [rax]
long_case lm_nosse
	mov rax, cr4
	and eax, ~0x200
	mov cr4, rax
	xorps xmm0, xmm0
long_case lm_xm
	mov dword [0x1000], 0x1d80	; MXCSR: ZE not masked
	ldmxcsr [0x1000]
	mov eax, 0x3f800000
	movd xmm1, eax
	xorps xmm2, xmm2
	divss xmm1, xmm2
long_case lm_mf
	fninit
	mov word [0x1000], 0x37b	; ZE not masked
	fldcw [0x1000]
	fld1
	fldz
	fdivp
	fwait
long_case lm_nt
	pushfq
	or dword [rsp], 0x4000
	popfq
	iretq
long_case lm_l_and_d
	push 0xa8
	push 0
	o64 retf
long_case lm_gate
	int 0x21
long_case lm_reserved
	mov [0x33000], eax
long_case lm_canonical_jump
	mov rax, 0x900000000000
	jmp rax

; ---- tables ----
	align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff	; 08 code
	dq 0x00cf93000000ffff	; 10 data
	dq 0x00cffb000000ffff	; 18 code, DPL 3
	dq 0x00cff3000000ffff	; 20 data, DPL 3
	dq 0x00409b00000000ff	; 28 code, limit FFh
	dq 0x00409300500000ff	; 30 data, base 5000h, limit FFh
	dq 0x00cf13000000ffff	; 38 data, not present
	dq 0x00cf91000000ffff	; 40 data, read-only
	dq 0x00cf99000000ffff	; 48 code, execute-only
	dw 0x67, tss, 0x8900, 0		; 50 TSS
	dq 0x0000ec0000000000 | 0x08 << 16		; 58 call gate to 08:0, DPL 3
	dq 0x00cf9f000000ffff	; 60 code, conforming
	dq 0x0000820000000000	; 68 LDT
	dq 0x0040970000000fff	; 70 data, expand-down, limit FFFh
	dq 0x00cf1b000000ffff	; 78 code, not present
	dq 0x00209b0000000000	; 80 code, 64-bit
	dq 0
	dq 0
	dq 0
	dq 0
	dq 0x00609b0000000000	; a8 code, L and D
gdt_end:
gdtr:	dw gdt_end - gdt - 1
	dd gdt

%macro gate 3			; selector, type and rights, handler
	dw %3, %1, %2 << 8, 0
%endmacro
	align 8
idt:
%rep 32
	gate 0x08, 0x8e, halt32
%endrep
	gate 0x08, 0x8e, halt32	; 20
	gate 0x08, 0x93, halt32	; 21 no gate but data
	gate 0x08, 0x0e, halt32	; 22 not present
	gate 0x10, 0x8e, halt32	; 23 into data
%rep 12
	gate 0x08, 0x8e, halt32
%endrep
	gate 0x08, 0xee, halt32	; 30 for everybody
idt_end:
idtr:	dw idt_end - idt - 1
	dd idt

	align 8
idt64:
%rep 33
	gate 0x80, 0x8e, halt32
	dq 0
%endrep
	gate 0x80, 0x86, halt32	; 21 16-bit gate
	dq 0
idt64_end:
idtr64:	dw idt64_end - idt64 - 1
	dd idt64

	align 4
tss:	dd 0, 0x7000, 0x10, 0, 0, 0, 0
	times 102 - ($ - tss) db 0
	dw 104			; no map: no ports
	db 0xff
	times 512 * 33 - ($ - $$) db 0
