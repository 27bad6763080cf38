; Guests that mean harm: each case tries to keep the host busy, to make it fall over or to fill
; its memory. The test writes the number of a case behind the first jump.
;
; A line ";= NAME" stands before each case, in the order of the tables. Cases in real mode come first.

%include "boot.inc"

RANDOM	equ 0x500                ; state of the generator of random numbers
RESUME	equ 0x504                ; where an exception in protected mode goes on
STACK	equ 0x7c00
IDT	equ 0x20000
PD	equ 0x30000              ; page directory and tables of cases with paging
LAPIC	equ 0xfee00000
IOAPIC	equ 0xfec00000
HPET	equ 0xfed00000
VICTIM	equ 0x100000             ; memory that a case may overwrite

start:	jmp short begin
case:	db 0
begin:	mov dword [RANDOM], 12345
	movzx bx, byte [case]
	cmp bl, real_cases_count
	jae to_protected
	shl bx, 1
	jmp [real_cases+bx]

real_cases:
	dw spin, halted, descending, int3_recursion, no_idt, pit_1, pit_all_counts, rtc_8k
	dw reset_8042, reset_92, reset_cf9, bios_disk, bios_video, bios_wait, bios_move, bios_wait_key
	dw bios_random, ports_random, ports_in, dma_ports, vga_random, pci_random, uart_random
	dw keyboard_random, floppy_random, ide_random, pm_random, code_random16
real_cases_count equ ($-real_cases)/2

; random16, in real mode: a random number in EAX.
random16:
	imul eax, [RANDOM], 1664525
	add eax, 1013904223
	mov [RANDOM], eax
	ror eax, 13
	ret

; vector NUMBER, HANDLER
%macro vector 2
	mov word [(%1)*4], %2
	mov word [(%1)*4+2], 0
%endmacro

eoi_both:
	push ax
	mov al, 0x20
	out 0xa0, al
	out 0x20, al
	pop ax
	iret

;= an endless loop with interrupts off
spin:	jmp $
;= HLT with interrupts off
halted:	cli
	hlt
	jmp halted
;= a stack that goes down for ever
descending:
	pusha
	jmp descending
;= INT3 whose handler is INT3
int3_recursion:
	vector 3, int3_recursion_
int3_recursion_:
	int3
	jmp $
;= no IDT: triple faults
no_idt:	lidt [.zero]
	int3
.zero:	times 6 db 0
;= the interval timer counts to 2, handled
pit_1:	vector 8, eoi_both
	mov al, 0x34
	out 0x43, al
	mov al, 2
	out 0x40, al
	mov al, 0
	out 0x40, al
	out 0x21, al
	sti
	jmp $
;= all modes and counts of the interval timer
pit_all_counts:
	vector 8, eoi_both
	xor al, al
	out 0x21, al
	sti
.l:	call random16
	mov dx, ax
	and al, 0xfe
	out 0x43, al
	mov al, dh
	mov dx, 0x40
	out dx, al
	inc dx
	shr eax, 16
	out dx, al
	inc dx
	out dx, al
	jmp .l
;= the real-time clock at 8 kHz, handled without looking at it
rtc_8k:	vector 0x70, eoi_both
	mov ax, 0x230a
	out 0x70, al
	mov al, ah
	out 0x71, al
	mov al, 0x0b
	out 0x70, al
	mov al, 0x7a
	out 0x71, al
	mov al, 0
	out 0xa1, al
	out 0x21, al
	sti
.l:	hlt
	jmp .l
;= resets by the keyboard controller
reset_8042:
	mov al, 0xfe
	out 0x64, al
	jmp $
;= resets by port 92h
reset_92:
	mov al, 1
	out 0x92, al
	jmp $
;= resets by port CF9h
reset_cf9:
	mov dx, 0xcf9
	mov al, 6
	out dx, al
	jmp $
;= reads of 127 sectors for ever
bios_disk:
	mov ax, 0x1000
	mov es, ax
	mov ax, 0x027f
	xor bx, bx
	mov cx, 1
	mov dx, 0x80
	int 0x13
	jmp bios_disk
;= scrolling and writing 65,535 characters in every mode
bios_video:
	call random16
	and ax, 0x7f
	int 0x10
	mov cx, 20
.l:	push cx
	call random16
	mov ah, 9
	mov cx, 0xffff
	int 0x10
	mov ax, 0x0600
	mov bh, al
	mov cx, 0
	mov dx, 0xffff
	int 0x10
	mov ax, 0x0e0a
	int 0x10
	pop cx
	loop .l
	jmp bios_video
;= waits of 71 minutes
bios_wait:
	mov ah, 0x86
	mov cx, 0xffff
	mov dx, cx
	int 0x15
	jmp bios_wait
;= block moves of 64 KiB, also over the program
bios_move:
	mov ax, ds
	mov es, ax
	mov si, .gdt
	mov cx, 0x8000
	mov ah, 0x87
	int 0x15
	jmp bios_move
.gdt:	times 16 db 0
	dw 0xffff, 0
	db 0x10, 0x93, 0, 0
	dw 0xffff, 0
	db 0x20, 0x93, 0, 0
	times 16 db 0
;= waits for a key that never comes
bios_wait_key:
	xor ax, ax
	int 0x16
	jmp bios_wait_key
;= every service with random registers
bios_random:
	mov sp, STACK
	call random16
	mov [.n], al
	call random16
	mov esi, eax
	call random16
	mov edi, eax
	call random16
	mov ebx, eax
	call random16
	mov ecx, eax
	call random16
	mov edx, eax
	call random16
	push 0x1000
	pop es
	and byte [.n], 0x0f        ; 10h to 1Fh
	or byte [.n], 0x10
	cmp byte [.n], 0x18        ; but not those that end the program
	je bios_random
	cmp byte [.n], 0x19
	je bios_random
	cmp byte [.n], 0x1e
	jae bios_random
	cmp byte [.n], 0x1d
	je bios_random
	db 0xcd
.n:	db 0x10
	xor ax, ax
	mov ds, ax
	mov ss, ax
	jmp bios_random
;= random bytes to random ports
ports_random:
	call random16
	mov dx, ax
	shr eax, 16
	cmp dx, 0x604              ; the way to switch the machine off
	je ports_random
	test al, 1
	jz .w
	out dx, al
	jmp ports_random
.w:	test al, 2
	jz .d
	out dx, ax
	jmp ports_random
.d:	out dx, eax
	in eax, dx
	jmp ports_random
;= every port is read in every width
ports_in:
	xor dx, dx
.l:	in al, dx
	in ax, dx
	in eax, dx
	inc dx
	jmp .l
;= random programming of the DMA controllers, with memory to memory
dma_ports:
	call random16
	mov dx, ax
	and dx, 0xdf
	shr eax, 16
	out dx, al
	mov al, 1                  ; memory to memory
	out 8, al
	mov al, 4                  ; channel 0 asks for it
	out 9, al
	jmp dma_ports
;= random VGA registers while memory is written
vga_random:
	mov ax, 0xa000
	mov es, ax
.l:	call random16
	mov dx, ax
	and dx, 0x1f
	add dx, 0x3c0
	shr eax, 16
	test ah, 1
	jz .b
	out dx, ax
	jmp .l
.b:	out dx, al
	in al, dx
	mov [es:di], eax
	mov ax, [es:di]
	inc di
	jmp .l
;= random writes to PCI configuration space
pci_random:
	call random16
	or eax, 0x80000000
	and eax, 0x80001ffc        ; four devices with all functions
	mov dx, 0xcf8
	out dx, eax
	mov dx, 0xcfc
	in eax, dx
	call random16
	out dx, eax
	jmp pci_random
;= four serial ports, random registers, loopback and interrupts
uart_random:
	vector 0x0b, eoi_both
	vector 0x0c, eoi_both
	mov al, 0
	out 0x21, al
	sti
.l:	call random16
	mov dx, ax
	and dx, 0x117              ; 2E8…, 2F8…, 3E8…, 3F8…
	or dx, 0x2e8
	shr eax, 16
	out dx, al
	in al, dx
	jmp .l
;= random commands to the keyboard controller and what hangs there
keyboard_random:
	vector 9, .irq
	vector 0x74, .irq
	mov al, 0
	out 0x21, al
	out 0xa1, al
	sti
.l:	call random16
	cmp al, 0xf0               ; pulses of the output port: reset
	jae .d
	out 0x64, al
.d:	shr eax, 16
	cmp al, 0xfe
	je .l
	out 0x60, al
	in al, 0x64
	jmp .l
.irq:	in al, 0x60
	jmp eoi_both
;= random bytes to the floppy controller
floppy_random:
	vector 0x0e, eoi_both
	mov al, 0
	out 0x21, al
	sti
.l:	call random16
	mov dx, 0x3f5
	out dx, al
	in al, dx
	shr eax, 8
	and ah, 7
	cmp ah, 1
	ja .l
	mov dl, 0xf2
	out dx, al
	mov dl, 0xf4
	in al, dx
	jmp .l
;= random commands to the IDE channels
ide_random:
	vector 0x76, eoi_both
	vector 0x77, eoi_both
	mov al, 0
	out 0x21, al
	out 0xa1, al
	sti
.l:	call random16
	mov dx, ax
	and dx, 0x87
	or dx, 0x170
	shr eax, 16
	out dx, al
	and dl, 0xf0
	in ax, dx
	out dx, ax
	jmp .l
;= random power management, but for switching off
pm_random:
	call random16
	mov dx, ax
	and dx, 0x3f
	or dx, 0x600
	cmp dl, 3
	jbe .l
	cmp dl, 5
	jbe pm_random
.l:	shr eax, 16
	out dx, al
	in al, dx
	out 0xb2, al
	jmp pm_random
;= random instructions in real mode
code_random16:
	xor ax, ax                 ; every exception goes on
	mov ds, ax
	mov di, ax
	mov es, ax
	mov ss, ax
	mov sp, STACK
	mov cx, 32
.v:	mov ax, code_random16
	stosw
	xor ax, ax
	stosw
	loop .v
	mov di, 0x9000             ; behind the program
	mov es, di
	xor di, di
	mov cx, 64
.f:	call random16
	stosd
	loop .f
	call random16
	mov ebx, eax
	push 0x9000
	push 0
	retf

; to_protected goes to 32-bit protected mode, flat, with an IDT of three kinds of handlers.
to_protected:
	mov al, 0x11               ; lines of the 8259s to vectors 20h to 2Fh, all masked
	out 0x20, al
	out 0xa0, al
	mov al, 0x20
	out 0x21, al
	mov al, 0x28
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
	lgdt [gdtr]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp 8:start32

gdtr:	dw gdt_end-gdt-1
	dd gdt
gdt:	dq 0
	dq 0x00cf9b000000ffff      ; 08: code
	dq 0x00cf93000000ffff      ; 10: data
	dq 0x00af9b000000ffff      ; 18: 64-bit code
	dw 0x67, tss1, 0x8900, 0   ; 20, 28: tasks
	dw 0x67, tss2, 0x8900, 0
gdt_end:

bits 32
start32: mov ax, 0x10
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov fs, ax
	mov gs, ax
	mov esp, STACK
	xor ecx, ecx
.idt:	mov eax, on_exception
	cmp ecx, 0x20
	jb .g
	mov eax, on_line
	cmp ecx, 0x30
	jb .g
	mov eax, on_apic
.g:	mov edx, eax
	and eax, 0xffff
	or eax, 8<<16
	mov [IDT+ecx*8], eax
	mov dx, 0x8e00
	mov [IDT+ecx*8+4], edx
	inc ecx
	cmp ecx, 0x100
	jb .idt
	lidt [idtr]
	mov dword [LAPIC+0xf0], 0x1ff ; on
	movzx eax, byte [case]
	mov eax, [protected_cases-4*real_cases_count+eax*4]
	mov [RESUME], eax
	jmp eax

idtr:	dw 0x7ff
	dd IDT

on_exception:
	mov ax, 0x10
	mov ds, ax
	mov es, ax
	mov ss, ax
	mov esp, STACK
	jmp [RESUME]
on_line: push eax
	mov al, 0x20
	out 0xa0, al
	out 0x20, al
	pop eax
	iretd
on_apic: mov dword [LAPIC+0xb0], 0
	iretd

random:	imul eax, [RANDOM], 1664525
	add eax, 1013904223
	mov [RANDOM], eax
	ror eax, 13
	ret

protected_cases:
	dd hpet_fast, hpet_random, lapic_timer, lapic_deadline, lapic_self, lapic_random, ioapic_level, ioapic_random
	dd apic_broadcast, startup_storm, mwait_storm, paging_itself, paging_devices, tables_in_devices, stack_in_devices
	dd code_in_devices, string_to_devices, string_from_port, self_modifying, task_loop, single_steps, breakpoints
	dd double_faults, mapping_storm, cpuid_storm, fwcfg_dma, fwcfg_over_itself, ide_endless_prd, ide_dma_devices
	dd code_random32, code_random64, msr_random, control_random
protected_cases_count equ ($-protected_cases)/4

;= all HPET timers periodic with a period of one tick
hpet_fast:
	mov dword [HPET+0x10], 0
	mov ecx, 3
	mov ebx, HPET+0x100
.t:	mov dword [ebx], 0x404c|0x1000 ; periodic, set the accumulator, 64 bits; input 10
	mov dword [ebx+8], 1
	mov dword [ebx+8], 1
	add ebx, 0x20
	loop .t
	mov dword [HPET+0x10], 3
	mov al, 0
	out 0x21, al
	sti
	jmp $
;= random writes to the HPET
hpet_random:
	call random
	mov ebx, eax
	and ebx, 0x1ff
	call random
	mov [HPET+ebx], eax
	mov edx, [HPET+ebx]
	jmp hpet_random
;= the APIC timer, periodic, at every clock of the bus
lapic_timer:
	mov dword [LAPIC+0x3e0], 11
	mov dword [LAPIC+0x320], 0x20040
	mov dword [LAPIC+0x380], 1
	sti
	jmp $
;= deadlines that have passed
lapic_deadline:
	mov dword [LAPIC+0x320], 0x40040
	sti
.l:	mov ecx, 0x6e0
	mov eax, 1
	xor edx, edx
	wrmsr
	jmp .l
;= a processor that interrupts itself, every vector
lapic_self:
	sti
.l:	call random
	and eax, 0xff
	or eax, 0x44000
	mov [LAPIC+0x300], eax
	jmp .l
;= random writes to the local APIC
lapic_random:
	sti
.l:	call random
	mov ebx, eax
	and ebx, 0x3f0
	call random
	cmp ebx, 0x300             ; no commands to others
	je .l
	mov [LAPIC+ebx], eax
	mov edx, [LAPIC+ebx]
	jmp .l
;= a level that never goes away
ioapic_level:
	mov dword [IOAPIC], 0x10+2*2+1
	mov dword [IOAPIC+0x10], 0
	mov dword [IOAPIC], 0x10+2*2
	mov dword [IOAPIC+0x10], 0xa040 ; active low, level: the idle line is active
	mov dword [IOAPIC], 0x10+2*10
	mov dword [IOAPIC+0x10], 0xa050
	sti
	jmp $
;= random writes to the I/O APIC
ioapic_random:
	sti
.l:	call random
	mov ebx, eax
	and ebx, 0x3f
	mov [IOAPIC], ebx
	call random
	mov [IOAPIC+0x10], eax
	mov eax, [IOAPIC+0x10]
	jmp .l
;= NMIs and interrupts to everybody
apic_broadcast:
	sti
.l:	mov dword [LAPIC+0x300], 0xc4400
	mov dword [LAPIC+0x300], 0x84041
	mov dword [LAPIC+0x300], 0xc4042
	jmp .l
;= INIT and start-up to everybody else
startup_storm:
	mov word [0x8000+0], 0xfeeb ; jmp $
.l:	mov dword [LAPIC+0x300], 0xc4500
	mov dword [LAPIC+0x300], 0xc4608
	mov ecx, 100
	loop $
	jmp .l
;= MWAIT on a line that is written, with interrupts at every clock
mwait_storm:
	mov dword [LAPIC+0x3e0], 11
	mov dword [LAPIC+0x320], 0x20040
	mov dword [LAPIC+0x380], 1
	sti
.l:	mov eax, VICTIM
	xor ecx, ecx
	xor edx, edx
	monitor
	mov [eax], ecx
	xor eax, eax
	mwait
	jmp .l

; paging makes the first 4 MiB and, by large pages, everything else map to itself.
paging:	mov edi, PD
	mov eax, 0xe7
	mov ecx, 1024
.l:	stosd
	add eax, 0x400000
	loop .l
	mov eax, cr4
	or al, 0x10
	mov cr4, eax
	mov eax, PD
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
	ret
;= a page directory that is its own page table
paging_itself:
	call paging
	mov dword [PD+0x3fc*4], PD+0x67
	mov eax, cr3
	mov cr3, eax
.l:	call random
	and eax, 0xffc
	mov edx, [0xff000000+eax]
	mov [0xff000000+eax], edx
	mov eax, cr3
	mov cr3, eax
	jmp .l
;= page tables in device memory and where nothing is
paging_devices:
	call paging
	mov ebx, .where
.l:	mov eax, [ebx]
	or eax, 0x67
	mov [PD+0x200], eax
	mov eax, cr3
	mov cr3, eax
	mov dword [RESUME], .next
	mov eax, [0x20000000]
	mov [0x20001000], eax
.next:	add ebx, 4
	cmp ebx, .end
	jb .l
	mov ebx, .where
	jmp .l
.where:	dd 0xa0000, 0xb8000, 0xf0000, LAPIC, IOAPIC, HPET, 0xfd000000, 0xfffff000, 0xe0000000, 0xfffff000
.end:
;= descriptor tables in device memory
tables_in_devices:
	call random
	and eax, 0x1f000
	add eax, 0xa0000
	mov [.p+2], eax
	lgdt [.p]
	mov dword [RESUME], tables_in_devices
	call random
	and eax, 0xfff8
	mov ds, ax
	jmp tables_in_devices
.p:	dw 0xffff
	dd 0
;= a stack in device memory
stack_in_devices:
	mov esp, 0xb0000
	pusha
	mov esp, LAPIC+0x400
	pusha
	mov esp, HPET+0x200
	pushf
	pusha
	mov esp, 0xfffffff0
	pusha
	popa
	jmp stack_in_devices
;= code in device memory
code_in_devices:
	mov dword [RESUME], .l
.l:	call random
	and eax, 7
	call [.where+eax*4]
	jmp .l
.where:	dd 0xa0000, 0xb8000, 0xfffff, LAPIC, IOAPIC, HPET, 0xfd000000, 0xe0000000
;= REP over all of memory, and devices
string_to_devices:
	mov dword [RESUME], .l
.l:	mov edi, 0xfe000000
	mov ecx, -1
	mov eax, ecx
	rep stosd
	mov esi, 0xa0000
	mov edi, LAPIC
	mov ecx, -1
	rep movsb
	jmp .l
;= REP INS and OUTS without end
string_from_port:
	call random
	mov dx, ax
	and dh, 3
	mov edi, VICTIM
	mov esi, edi
	mov ecx, 100000
	rep insd
	mov dx, 0x402
	mov ecx, 100000
	rep outsb
	jmp string_from_port
;= code that writes itself
self_modifying:
	mov byte [.i], 0x40
.i:	inc eax
	mov byte [.i], 0x48
	mov word [.j], 0x9090
.j:	nop
	nop
	jmp self_modifying
;= two tasks that switch to each other
tss1:	times 104 db 0
tss2:	times 8 db 0
	dd 0, 0, 0, 0, 0
	dd .task, 0x2, 0, 0, 0, 0, 0x7000, 0, 0, 0
	dd 0x10, 8, 0x10, 0x10, 0x10, 0x10, 0
	dd 0x680000
.task:	jmp 0x20:0
	jmp .task
task_loop:
	mov ax, 0x20
	ltr ax
.l:	jmp 0x28:0
	jmp .l
;= a trap at every instruction, also of the handler
single_steps:
	mov dword [IDT+8], 8<<16|((.db-boot+0x7c00)&0xffff)
	mov dword [RESUME], single_steps
	pushf
	or dword [esp], 0x100
	popf
.l:	nop
	jmp .l
.db:	or dword [esp+8], 0x100
	mov eax, [esp+8]
	push eax
	popf
	nop
	iretd
;= breakpoints on everything, hit by the handler
breakpoints:
	mov dword [IDT+8], 8<<16|((.db-boot+0x7c00)&0xffff)
	mov eax, .l
	mov dr0, eax
	mov eax, STACK-8
	mov dr1, eax
	mov eax, .db
	mov dr2, eax
	mov eax, 0x00f307ff
	mov dr7, eax
.l:	push eax
	pop eax
	jmp .l
.db:	push eax
	xor eax, eax
	mov dr6, eax
	pop eax
	iretd
;= a page fault whose handler is not there, for ever
double_faults:
	call paging
	mov dword [IDT+14*8+4], 0  ; no gate
	mov dword [RESUME], .l
	mov dword [PD+0x200], 0
.l:	mov eax, [0x20000000]
	jmp .l
;= new mappings at every instruction
mapping_storm:
	call paging
.l:	invlpg [VICTIM]
	mov eax, cr3
	mov cr3, eax
	mov eax, cr4
	xor al, 0x80
	mov cr4, eax
	wbinvd
	mov eax, [VICTIM]
	jmp .l
;= CPUID with everything
cpuid_storm:
	call random
	mov ecx, eax
	call random
	cpuid
	and eax, 0x8000ffff
	cpuid
	jmp cpuid_storm

; fwcfg CONTROL, LENGTH, ADDRESS: one transfer, big-endian.
fwcfg:	mov dword [VICTIM+8], 0
	mov [VICTIM], eax
	mov [VICTIM+4], ecx
	mov [VICTIM+12], ebx
	mov dx, 0x514
	xor eax, eax
	out dx, eax
	mov eax, VICTIM
	bswap eax
	mov dx, 0x518
	out dx, eax
	ret
;= fw_cfg copies 4 GiB, to everywhere
fwcfg_dma:
	call random
	and eax, 0x3f00
	bswap eax
	or eax, 0x0a000000         ; select and read, big-endian
	bswap eax
	and eax, 0x0000ffff
	or al, 0x0a
	bswap eax
	mov ecx, -1
	call random
	mov ebx, eax
	mov eax, 0x0a001900
	call fwcfg
	jmp fwcfg_dma
;= fw_cfg copies over what controls it
fwcfg_over_itself:
	mov ebx, VICTIM
	bswap ebx
	mov ecx, 0x00100000
	mov eax, 0x0a001900
	call fwcfg
	mov ebx, VICTIM
	bswap ebx
	mov ecx, 0x00100000
	mov eax, 0x02000000
	call fwcfg
	jmp fwcfg_over_itself

; ide_dma reads sectors by DMA with the table at EBX; the bus master is at C040h.
ide_dma:
	mov dx, 0xc040
	mov al, 8
	out dx, al
	mov dx, 0xc044
	mov eax, ebx
	out dx, eax
	mov dx, 0x1f2
	mov al, 0
	out dx, al
	inc dx
	out dx, al
	inc dx
	out dx, al
	inc dx
	out dx, al
	inc dx
	mov al, 0xe0
	out dx, al
	inc dx
	mov al, 0xc8
	out dx, al
	mov dx, 0xc040
	mov al, 9
	out dx, al
	mov ecx, 10000
	loop $
	ret
;= a table for the bus master that never ends
ide_endless_prd:
	mov edi, VICTIM
	mov ecx, 0x2000
.l:	mov dword [edi], VICTIM+0x20000
	mov dword [edi+4], 2       ; two bytes each, no end
	add edi, 8
	loop .l
	mov ebx, VICTIM
	call ide_dma
	jmp ide_endless_prd
;= disks read into devices, tables and the program
ide_dma_devices:
	call random
	and eax, 7
	mov eax, [.where+eax*4]
	mov edi, VICTIM
	mov [edi], eax
	mov dword [edi+4], 0x80000000
	mov ebx, edi
	call ide_dma
	jmp ide_dma_devices
.where:	dd 0xa0000, 0xf0000, VICTIM, LAPIC, IOAPIC, 0xfd000000, 0xe0000000, 0xfffffffe

; fill makes random bytes at VICTIM.
fill:	mov edi, VICTIM
	mov ecx, 64
.f:	call random
	stosd
	loop .f
	ret
;= random instructions in protected mode
code_random32:
	call fill
	mov edi, IDT
	call random
	mov ebx, eax
	call random
	mov ecx, eax
	and ecx, 0xffff
	mov edx, VICTIM+0x10000
	mov esi, edx
	mov edi, edx
	mov ebp, esp
	jmp VICTIM
;= random instructions in 64-bit mode
code_random64:
	mov edi, PD                ; PML4, PDPT and a directory: the first GiB
	mov ecx, 0x3000/4
	xor eax, eax
	rep stosd
	mov dword [PD], PD+0x1007
	mov dword [PD+0x1000], PD+0x2007
	mov edi, PD+0x2000
	mov eax, 0xe7
	mov ecx, 512
.p:	mov [edi], eax
	add eax, 0x200000
	add edi, 8
	loop .p
	mov eax, cr4
	or eax, 0x620              ; PAE, OSFXSR, OSXMMEXCPT
	mov cr4, eax
	mov eax, PD
	mov cr3, eax
	mov ecx, 0xc0000080
	rdmsr
	or eax, 0x100
	wrmsr
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
	mov edi, IDT               ; the same handler for all vectors
	mov ecx, 256
.i:	mov dword [edi], 0x18<<16|((on64-boot+0x7c00)&0xffff)
	mov dword [edi+4], 0x8e00
	mov dword [edi+8], 0
	mov dword [edi+12], 0
	add edi, 16
	loop .i
	lidt [.idtr]
	jmp 0x18:on64
.idtr:	dw 0xfff
	dd IDT
bits 64
on64:	mov esp, STACK
	mov ebx, 64
	mov edi, VICTIM
.f:	imul eax, [RANDOM], 1664525
	add eax, 1013904223
	mov [RANDOM], eax
	ror eax, 13
	mov [rdi], eax
	add edi, 4
	dec ebx
	jnz .f
	mov ecx, eax
	movzx ecx, cx
	mov esi, VICTIM+0x10000
	mov edi, esi
	mov edx, esi
	mov eax, VICTIM
	jmp rax
bits 32
;= random model-specific registers
msr_random:
	mov dword [RESUME], .l
.l:	call random
	mov ecx, eax
	and ecx, 0xc0001fff
	test ecx, 0x40000000
	jz .r
	or ecx, 0x80000000
	and ecx, 0xc0000fff
.r:	cmp ecx, 0x1b              ; keep the local APIC
	je .l
	rdmsr
	xor eax, [RANDOM]
	wrmsr
	jmp .l
;= random control registers
control_random:
	mov dword [RESUME], .l
.l:	call random
	and eax, 0x7ff9ff
	mov cr4, eax
	call random
	mov cr3, eax
	call random
	and eax, 0x7fffffff        ; no paging
	or al, 1
	mov cr0, eax
	call random
	mov dr7, eax
	xor eax, eax
	mov dr7, eax
	jmp .l

end_of_program:
