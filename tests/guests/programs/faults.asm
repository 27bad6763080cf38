; Page faults, debug traps, interrupt shadows, and which of several exceptions comes first.
; SDM Vol. 3A, "Page-Fault Exceptions", "Debug Exceptions", "Priority Among Concurrent Events",
; "Error Code".

%include "protected.inc"

PD	equ 0x80000
PT	equ 0x81000              ; 0 to 4 MiB
PAGE	equ 0x3f0000             ; in the test's own page
ENTRY	equ PT+(PAGE>>12)*4

; page BITS makes the test's page.
%macro page 1
	mov dword [ENTRY], 0x90000|(%1)
	invlpg [PAGE]
	xor eax, eax
	mov cr2, eax
%endmacro
P	equ 1
W	equ 2
U	equ 4

main:	mov dword [tss_main+4], STACKI
	mov dword [tss_main+8], FLATD
	mov edi, PT
	mov eax, P|W|U
.pt:	stosd
	add eax, 0x1000
	cmp edi, PT+0x1000
	jb .pt
	mov edi, PD
	mov ecx, 1024
	xor eax, eax
	rep stosd
	mov dword [PD], PT+(P|W|U)
	mov dword [PD+4], 0x400000|0x200000|0x80|P|W|U ; 4 MiB, a reserved bit set
	mov eax, cr4
	or eax, 0x10               ; PSE
	mov cr4, eax
	mov eax, PD
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80010000         ; PG, WP
	mov cr0, eax

;= read, absent: #PF(0000) +00 CR2 003F0123
	page 0
	try "read, absent"
	mov al, [PAGE+0x123]
	done
	call cr2_
	endline
;= write, absent: #PF(0002) +00 CR2 003F0123
	page 0
	try "write, absent"
	mov [PAGE+0x123], al
	done
	call cr2_
	endline
;= write, read-only: #PF(0003) +00 CR2 003F0000
	page P
	try "write, read-only"
	mov [PAGE], eax
	done
	call cr2_
	endline
;= write, read-only, without CR0.WP: none
	page P
	mov eax, cr0
	and eax, ~0x10000
	mov cr0, eax
	try "write, read-only, without CR0.WP"
	mov [PAGE], eax
	done
	endline
	mov eax, cr0
	or eax, 0x10000
	mov cr0, eax
;= read at level 3, absent: #PF(0004) +00 CR2 003F0000
	page 0
	try "read at level 3, absent"
	user_ds
	mov eax, [PAGE]
	kernel
	done
	call cr2_
	endline
;= read at level 3, supervisor's: #PF(0005) +00 CR2 003F0000
	page P|W
	try "read at level 3, supervisor's"
	user_ds
	mov eax, [PAGE]
	kernel
	done
	call cr2_
	endline
;= write at level 3, absent: #PF(0006) +00 CR2 003F0000
	page 0
	try "write at level 3, absent"
	user_ds
	mov [PAGE], eax
	kernel
	done
	call cr2_
	endline
;= write at level 3, read-only: #PF(0007) +00 CR2 003F0000
	page P|U
	try "write at level 3, read-only"
	user_ds
	mov [PAGE], eax
	kernel
	done
	call cr2_
	endline
;= fetch at level 3, absent: #PF(0004) +00 CR2 003F0000
	page 0
	try "fetch at level 3, absent"
	user_ds
	mov dword [begin], PAGE
	mov eax, PAGE
	jmp eax
	kernel
	done
	call cr2_
	endline
;= read-modify-write, absent: #PF(0002) +00 CR2 003F0000
	page 0
	try "read-modify-write, absent"
	inc dword [PAGE]
	done
	call cr2_
	endline
;= across pages, the second absent: #PF(0002) +00 CR2 003F0000
	page 0
	try "across pages, the second absent"
	mov [PAGE-2], eax
	done
	call cr2_
	endline
;= a reserved bit: #PF(0009) +00 CR2 00400000
	try "a reserved bit"
	mov eax, [0x400000]
	done
	call cr2_
	endline
;= accessed and dirty: none first 00090027 then 00090067
	page P|W|U
	try "accessed and dirty"
	mov al, [PAGE]
	mov ebx, [ENTRY]
	mov [PAGE], al
	mov [spare], ebx
	done
	also "first", [spare]
	also "then", [ENTRY]
	endline
;= implicit access at level 3 is the supervisor's: none
	page P|W|U
	and dword [PT+(gdt_page>>12)*4], ~U
	mov ecx, cr3
	mov cr3, ecx
	try "implicit access at level 3 is the supervisor's"
	user
	push dword USERD
	pop ds
	kernel
	done
	endline
	or dword [PT+(gdt_page>>12)*4], U
	mov ecx, cr3
	mov cr3, ecx

;= single step: #DB +02 DR6 FFFF4FF0
	call dr6_
	try "single step"
	pushfd
	or dword [esp], 0x100
	mov dword [begin], .at
.at:	popfd
	nop
	nop
	done
	call showdr6
	endline
;= single step of MOV SS waits: #DB +04 DR6 FFFF4FF0
	call dr6_
	mov ebx, ss
	try "single step of MOV SS waits"
	mov dword [begin], .popf
	pushfd
	or dword [esp], 0x100
.popf:	popfd
	mov ss, ebx
	nop
	nop
	done
	call showdr6
	endline
;= INT3: #BP +01
	try "INT3"
	int3
	done
	endline
;= INT1: #DB +01 DR6 FFFF0FF0
	call dr6_
	try "INT1"
	db 0xf1
	done
	call showdr6
	endline
;= instruction breakpoint: #DB +01 DR6 FFFF0FF1
	call dr6_
	mov eax, .here
	mov dr0, eax
	mov eax, 0x401
	mov dr7, eax
	try "instruction breakpoint"
	nop
.here:	nop
	done
	call showdr6
	endline
;= data breakpoint, write: #DB +05 DR6 FFFF0FF1
	call dr6_
	mov eax, spare+8
	mov dr0, eax
	mov eax, 0x000d0401
	mov dr7, eax
	try "data breakpoint, write"
	mov [spare+8], eax
	nop
	done
	call showdr6
	endline
;= data breakpoint of 4 bytes, byte in it: #DB +05 DR6 FFFF0FF1
	call dr6_
	mov eax, 0x000f0401
	mov dr7, eax
	try "data breakpoint of 4 bytes, byte in it"
	mov al, [spare+11]
	nop
	done
	call showdr6
	endline
;= data breakpoint, write only, read: none
	call dr6_
	mov eax, 0x000d0401
	mov dr7, eax
	try "data breakpoint, write only, read"
	mov eax, [spare+8]
	nop
	done
	endline
;= general detect: #DB +00 DR6 FFFF2FF0
	call dr6_
	mov eax, 0x2400
	mov dr7, eax
	try "general detect"
	mov eax, dr3
	done
	call showdr6
	endline
;= DR4 with CR4.DE: #UD +00
	mov eax, cr4
	or eax, 8
	mov cr4, eax
	try "DR4 with CR4.DE"
	mov eax, dr4
	done
	endline
	mov eax, cr4
	and eax, ~8
	mov cr4, eax
;= upper half of DR6 in 32-bit code: none
	try "upper half of DR6 in 32-bit code"
	mov eax, 0xffff0ff0
	mov dr6, eax
	done
	endline

;= interrupt after STI: INT 20 +02
	call timer
	try "interrupt after STI"
	sti
	nop
	nop
	nop
	done
	endline
;= STI and CLI: none
	call timer
	try "STI and CLI"
	sti
	cli
	nop
	nop
	done
	endline
;= interrupt after POPF: INT 20 +01
	call timer
	push dword 0x202
	pop dword [spare]
	try "interrupt after POPF"
	push dword [spare]
	mov dword [begin], .popf2
.popf2:	popfd
	nop
	nop
	done
	endline

;= undefined before privileged: #UD +00
	try "undefined before privileged"
	user
	db 0xf0
	hlt
	kernel
	done
	endline
;= LOCK on a register: #UD +00
	try "LOCK on a register"
	db 0xf0, 0x01, 0xc0
	done
	endline
;= LOCK before the page fault: #UD +00
	page 0
	try "LOCK before the page fault"
	db 0xf0
	mov eax, [PAGE]
	done
	endline
;= segment limit before the page fault: #GP(0000) +06
	page 0
	try "segment limit before the page fault"
	mov ax, SMALL
	mov fs, ax
	mov eax, [fs:PAGE]
	done
	endline
;= page fault before #DE: #PF(0000) +02 CR2 003F0000
	page 0
	try "page fault before #DE"
	xor edx, edx
	div dword [PAGE]
	done
	call cr2_
	endline
;= #NM before the page fault: #NM +00
	page 0
	mov eax, cr0
	or eax, 8
	mov cr0, eax
	try "#NM before the page fault"
	fld dword [PAGE]
	done
	endline
;= #NM of FWAIT needs MP: none
	mov eax, cr0
	and eax, ~2
	mov cr0, eax
	try "#NM of FWAIT needs MP"
	fwait
	done
	endline
	clts
;= 16 bytes: #GP(0000) +00
	try "16 bytes"
	times 15 db 0x66
	nop
	done
	endline
;= 15 bytes: none
	try "15 bytes"
	times 14 db 0x66
	nop
	done
	endline
;= INT, gate of level 0 from level 3: #GP(01FA) +00
	try "INT, gate of level 0 from level 3"
	user
	int 0x3f
	kernel
	done
	endline
;= INT3 from level 3, gate of level 0: #GP(001A) +00
	try "INT3 from level 3, gate of level 0"
	user
	int3
	kernel
	done
	endline
;= INT beyond the table: #GP(0402) +00
	try "INT beyond the table"
	int 0x80
	done
	endline
;= gate absent, software: #NP(018A) +00
	mov byte [idt+0x31*8+5], 0x0e
	try "gate absent, software"
	int 0x31
	done
	endline
;= gate absent, fault: #NP(0033) +00
	mov byte [idt+6*8+5], 0x0e
	try "gate absent, fault"
	ud2
	done
	endline
	mov byte [idt+6*8+5], 0x8e
;= gate absent, contributory: #DF(0000) +02
	mov byte [idt+0*8+5], 0x0e
	try "gate absent, contributory"
	xor ecx, ecx
	div ecx
	done
	endline
	mov byte [idt+0*8+5], 0x8e
;= gate is no gate: #GP(018A) +00
	mov byte [idt+0x31*8+5], 0x82
	try "gate is no gate"
	int 0x31
	done
	endline
;= gate to data: #GP(0010) +00
	mov byte [idt+0x31*8+5], 0x8e
	mov word [idt+0x31*8+2], FLATD
	try "gate to data"
	int 0x31
	done
	endline
;= gate to a null selector: #GP(0000) +00
	mov word [idt+0x31*8+2], 0
	try "gate to a null selector"
	int 0x31
	done
	endline
;= gate to a null selector, fault: #GP(0001) +00
	mov word [idt+6*8+2], 0
	try "gate to a null selector, fault"
	ud2
	done
	endline
	mov word [idt+6*8+2], FLATC
	finish

cr2_:	mov eax, cr2
	also "CR2", eax
	ret

	times (-($-$$+0x7c00)) & 4095 db 0 ; a page of their own
	tables
SMALL	equ $-gdt
	desc 0x50000, 0xfff, 0x93, 4
gdt_end:
gdt_page equ gdt-boot+0x7c00
end_of_program:
