; The embedded guest: a small 64-bit kernel for machines where no distribution can be had.
;
; Multiboot 1 starts it in 32-bit protected mode. It builds page tables and enters long
; mode, takes timer interrupts through the 8259A and the 8254, reads the keyboard of the
; serial console by interrupt, and shows what it finds: memory map, registers, page
; tables at work, and the first sector of the primary IDE disk by PIO.
;
; It is assembled without a linker: the ELF header is written out below.
;
;     nasm -f bin -o guest.elf guest.asm
;
; Sources: Multiboot Specification 0.6.96; SDM Vol. 3A, "Initializing IA-32e Mode";
; data sheets of 8259A, 8254 and PC16550D; ATA/ATAPI-4, "IDENTIFY DEVICE", "READ SECTOR(S)".

BASE    equ 0x100000            ; where the image is loaded: 1 MiB
HZ      equ 100                 ; timer interrupts a second
DIVISOR equ 11932               ; 1193182 Hz / HZ, rounded
COM1    equ 0x3f8
IRQ0    equ 0x20                ; vector of the first interrupt line
ALIAS   equ 0x8000000000        ; 512 GiB: where the page command maps a second view
CODE64  equ 0x08
DATA    equ 0x10

        bits 32
        org BASE
section .text

; --- ELF and Multiboot headers -------------------------------------------------------

ehdr:   db 0x7f, "ELF", 1, 1, 1, 0      ; 32-bit, little endian: what Multiboot 1 takes
        times 8 db 0
        dw 2, 3                         ; executable, 80386
        dd 1, start, phdr - ehdr, 0, 0
        dw phdr - ehdr, phdr_end - phdr, 1, 40, 0, 0
phdr:   dd 1, 0, BASE, BASE             ; load all of the file at BASE
        dd image_end - BASE, bss_end - BASE, 7, 0x1000
phdr_end:

        align 4
mbflags equ 0x00000003                  ; modules page-aligned, memory information wanted
        dd 0x1badb002, mbflags, -(0x1badb002 + mbflags)

; --- 32-bit: from Multiboot to long mode ---------------------------------------------

start:  cli
        cld
        mov esp, stack_top
        mov [mb_magic], eax
        mov [mb_info], ebx

        mov eax, 0x80000000             ; is there long mode?
        cpuid
        cmp eax, 0x80000001
        jb no_long
        mov eax, 0x80000001
        cpuid
        test edx, 1 << 29
        jz no_long

        ; Identity-map the first GiB with 2-MiB pages.
        mov eax, pdpt
        or eax, 3                       ; present, writable
        mov [pml4], eax
        mov eax, pd
        or eax, 3
        mov [pdpt], eax
        mov eax, 0x83                   ; present, writable, large
        xor ecx, ecx
.page:  mov [pd + ecx * 8], eax
        add eax, 0x200000
        inc ecx
        cmp ecx, 512
        jne .page

        mov eax, pml4
        mov cr3, eax
        mov eax, cr4
        or eax, 1 << 5                  ; PAE
        mov cr4, eax
        mov ecx, 0xc0000080             ; EFER
        rdmsr
        or eax, 1 << 8                  ; LME
        wrmsr
        mov eax, cr0
        or eax, 0x80010001              ; PG, WP, PE
        mov cr0, eax
        lgdt [gdtr]
        jmp CODE64:long64

no_long:
        mov esi, msg_no_long
.next:  lodsb
        test al, al
        jz .halt
        mov ah, al
.wait:  mov dx, COM1 + 5
        in al, dx
        test al, 0x20
        jz .wait
        mov al, ah
        mov dx, COM1
        out dx, al
        jmp .next
.halt:  hlt
        jmp .halt

        align 8
gdt:    dq 0
        dq 0x00209a0000000000           ; 64-bit code
        dq 0x0000920000000000           ; data
gdtr:   dw gdtr - gdt - 1
        dd gdt, 0

; --- 64-bit ---------------------------------------------------------------------------

        bits 64
        default rel

long64: mov eax, DATA
        mov ds, eax
        mov es, eax
        mov ss, eax
        xor eax, eax
        mov fs, eax
        mov gs, eax
        mov rsp, stack_top

        call uart_init
        call idt_init
        call pic_init
        call pit_init
        sti
        call banner

prompt: mov rsi, msg_prompt
        call puts
        call read_line
        call run_command
        jmp prompt

; --- serial console -------------------------------------------------------------------

uart_init:
        mov rsi, uart_setup
.next:  movzx edx, byte [rsi]
        cmp dl, 0xff
        je .done
        add edx, COM1
        mov al, [rsi + 1]
        out dx, al
        add rsi, 2
        jmp .next
.done:  ret

; putc sends AL. All other registers are kept.
putc:   push rdx
        push rax
        mov edx, COM1 + 5
.wait:  in al, dx
        test al, 0x20                   ; transmitter holding register empty
        jz .wait
        mov edx, COM1
        mov al, [rsp]
        out dx, al
        pop rax
        pop rdx
        ret

; puts sends the zero-terminated string at RSI.
puts:   push rax
        push rsi
.next:  lodsb
        test al, al
        jz .done
        call putc
        jmp .next
.done:  pop rsi
        pop rax
        ret

newline:
        push rsi
        mov rsi, msg_crlf
        call puts
        pop rsi
        ret

; hex sends the low ECX digits of RAX.
hex:    push rax
        push rbx
        push rcx
        mov rbx, rax
.next:  dec ecx
        js .done
        push rcx
        shl ecx, 2
        mov rax, rbx
        shr rax, cl
        pop rcx
        and eax, 15
        mov al, [digits + rax]
        call putc
        jmp .next
.done:  pop rcx
        pop rbx
        pop rax
        ret

hex64:  push rcx
        mov ecx, 16
        call hex
        pop rcx
        ret

; decimal sends RAX.
decimal:
        push rax
        push rbx
        push rdx
        mov ebx, 10
        xor edx, edx
        div rbx
        test rax, rax
        jz .last
        call decimal
.last:  lea eax, [rdx + '0']
        call putc
        pop rdx
        pop rbx
        pop rax
        ret

; getc waits, halted, for a byte that the interrupt handler has put into the ring.
getc:   cli
        movzx ecx, byte [ring_tail]
        cmp cl, [ring_head]
        jne .have
        sti                             ; takes effect after HLT has begun
        hlt
        jmp getc
.have:  mov al, [ring + rcx]
        inc byte [ring_tail]
        sti
        ret

; read_line reads into line, echoing; Backspace and Ctrl-U edit.
read_line:
        xor ebx, ebx
.next:  call getc
        cmp al, 13
        je .done
        cmp al, 10
        je .done
        cmp al, 8
        je .erase
        cmp al, 127
        je .erase
        cmp al, 21                      ; Ctrl-U
        je .kill
        cmp al, ' '
        jb .next
        cmp ebx, line_size - 1
        jae .next
        mov [line + rbx], al
        inc ebx
        call putc
        jmp .next
.erase: test ebx, ebx
        jz .next
        dec ebx
        mov rsi, msg_erase
        call puts
        jmp .next
.kill:  test ebx, ebx
        jz .next
        dec ebx
        mov rsi, msg_erase
        call puts
        jmp .kill
.done:  mov byte [line + rbx], 0
        jmp newline

; --- interrupts -----------------------------------------------------------------------

idt_init:
        mov rdi, idt
        mov rbx, stubs
        xor ecx, ecx
.gate:  mov rax, rbx
        mov [rdi], ax                   ; offset 15:0
        mov word [rdi + 2], CODE64
        mov word [rdi + 4], 0x8e00      ; present, DPL 0, interrupt gate
        shr rax, 16
        mov [rdi + 6], ax
        shr rax, 16
        mov [rdi + 8], eax
        mov dword [rdi + 12], 0
        add rdi, 16
        add rbx, stub_size
        inc ecx
        cmp ecx, 48
        jne .gate
        lidt [idtr]
        ret

; One entry per vector, all of the same size. Each leaves an error code and the vector on
; the stack; where the processor pushes no code, a zero stands for it.
stub_size equ 16
        align 16
stubs:
%assign v 0
%rep 48
        align stub_size
  %if v = 8 || (v >= 10 && v <= 14) || v = 17
  %else
        push 0
  %endif
        push v
        jmp interrupt
  %assign v v + 1
%endrep
        align stub_size

; The frame below what the processor pushed: error code, vector, then these registers.
interrupt:
        push rax
        push rcx
        push rdx
        push rbx
        push rsi
        push rdi
        mov rax, [rsp + 48]             ; vector
        cmp eax, IRQ0
        je .timer
        cmp eax, IRQ0 + 4
        je .uart
        cmp eax, IRQ0
        jb .exception
        jmp .eoi
.timer: inc qword [ticks]
        jmp .eoi
.uart:  mov edx, COM1 + 5               ; take all that has arrived
        in al, dx
        test al, 1
        jz .eoi
        mov edx, COM1
        in al, dx
        movzx ecx, byte [ring_head]
        inc cl
        cmp cl, [ring_tail]             ; full: drop
        je .uart
        dec cl
        mov [ring + rcx], al
        inc byte [ring_head]
        jmp .uart
.eoi:   mov al, 0x20
        cmp dword [rsp + 48], IRQ0 + 8
        jb .master
        out 0xa0, al
.master:
        out 0x20, al
        jmp .leave
.exception:
        call exception
.leave: pop rdi
        pop rsi
        pop rbx
        pop rdx
        pop rcx
        pop rax
        add rsp, 16
        iretq

; exception reports the fault whose frame begins 8 bytes above the stack pointer, and
; goes on at fault_resume if somebody expects it.
exception:
        mov rsi, msg_exception
        call puts
        mov rax, [rsp + 8 + 48]
        call decimal
        mov rsi, msg_error
        call puts
        mov rax, [rsp + 8 + 56]
        mov ecx, 4
        call hex
        mov rsi, msg_at
        call puts
        mov rax, [rsp + 8 + 64]
        call hex64
        mov rsi, msg_cr2
        call puts
        mov rax, cr2
        call hex64
        call newline
        mov rax, [fault_resume]
        test rax, rax
        jz .stop
        mov [rsp + 8 + 64], rax
        ret
.stop:  mov rsi, msg_stopped
        call puts
        cli
.halt:  hlt
        jmp .halt

pic_init:
        mov rsi, pic_setup
        mov ecx, (pic_setup_end - pic_setup) / 2
.next:  movzx edx, byte [rsi]
        mov al, [rsi + 1]
        out dx, al
        add rsi, 2
        dec ecx
        jnz .next
        ret

pit_init:
        mov al, 0x34                    ; counter 0, both bytes, mode 2
        out 0x43, al
        mov al, DIVISOR & 255
        out 0x40, al
        mov al, DIVISOR >> 8
        out 0x40, al
        ret

; --- commands -------------------------------------------------------------------------

banner: mov rsi, msg_banner
        call puts
        mov rsi, msg_loader
        call puts
        mov rbx, [mb_info]
        mov rsi, msg_unknown
        cmp dword [mb_magic], 0x2badb002
        jne .name
        test dword [rbx], 1 << 9        ; boot loader name
        jz .name
        mov esi, [rbx + 64]
.name:  call puts
        call newline
        call cmd_cpu
        mov rsi, msg_paging
        call puts
        mov rax, cr3
        call hex64
        mov rsi, msg_timer
        call puts
        mov rax, [ticks]                ; three interrupts prove the timer
        add rax, 3
.wait:  hlt
        cmp [ticks], rax
        jb .wait
        mov rsi, msg_timer_ok
        jmp puts

; run_command finds the first word of line in the table of commands.
run_command:
        mov rsi, line
        call skip_blanks
        cmp byte [rsi], 0
        je .none
        mov rbx, commands
.entry: mov rdi, [rbx]
        test rdi, rdi
        jz .unknown
        mov rdx, rsi
.match: mov al, [rdx]
        cmp byte [rdi], 0
        je .end
        cmp al, [rdi]
        jne .other
        inc rdx
        inc rdi
        jmp .match
.end:   test al, al
        jz .found
        cmp al, ' '
        je .found
.other: add rbx, 16
        jmp .entry
.found: mov rsi, rdx                    ; arguments
        jmp [rbx + 8]
.unknown:
        mov rsi, msg_what
        jmp puts
.none:  ret

skip_blanks:
        cmp byte [rsi], ' '
        jne .done
        inc rsi
        jmp skip_blanks
.done:  ret

; number reads a decimal number at RSI into RAX; 0 if there is none.
number: call skip_blanks
        xor eax, eax
.next:  movzx edx, byte [rsi]
        sub edx, '0'
        cmp edx, 9
        ja .done
        imul rax, rax, 10
        add rax, rdx
        inc rsi
        jmp .next
.done:  ret

cmd_help:
        mov rsi, msg_help
        jmp puts

cmd_ticks:
        mov rax, [ticks]
        call decimal
        mov rsi, msg_ticks
        call puts
        xor edx, edx
        mov ecx, HZ
        div rcx
        call decimal
        mov al, '.'
        call putc
        cmp edx, 10
        jae .two
        mov al, '0'
        call putc
.two:   mov eax, edx
        call decimal
        mov rsi, msg_seconds
        jmp puts

cmd_cpu:
        mov rsi, msg_cpu
        call puts
        xor eax, eax
        cpuid
        mov [word_buf], ebx
        mov [word_buf + 4], edx
        mov [word_buf + 8], ecx
        mov byte [word_buf + 12], 0
        mov rsi, word_buf
        call puts
        mov eax, 0x80000000
        cpuid
        cmp eax, 0x80000004
        jb .done
        mov rsi, msg_comma
        call puts
        mov esi, 0x80000002             ; the brand string: three leaves of 16 bytes
        mov rdi, word_buf
.leaf:  mov eax, esi
        cpuid
        mov [rdi], eax
        mov [rdi + 4], ebx
        mov [rdi + 8], ecx
        mov [rdi + 12], edx
        add rdi, 16
        inc esi
        cmp esi, 0x80000005
        jb .leaf
        mov byte [rdi], 0
        mov rsi, word_buf
        call skip_blanks
        call puts
.done:  jmp newline

; cmd_mem lists the memory map that the boot loader passed on.
cmd_mem:
        cmp dword [mb_magic], 0x2badb002
        jne .none
        mov ebx, [mb_info]
        test dword [rbx], 1 << 6
        jz .sizes
        mov esi, [rbx + 48]
        mov edi, [rbx + 44]
        add rdi, rsi                    ; end of the map
.entry: cmp rsi, rdi
        jae .done
        mov rax, [rsi + 4]
        call hex64
        push rsi
        mov rsi, msg_dots
        call puts
        pop rsi
        add rax, [rsi + 12]
        dec rax
        call hex64
        mov al, ' '
        call putc
        call putc
        push rsi
        cmp dword [rsi + 20], 1
        mov rsi, msg_usable
        je .kind
        mov rsi, msg_reserved
.kind:  call puts
        pop rsi
        mov eax, [rsi]                  ; size of the entry, itself not counted
        lea rsi, [rsi + rax + 4]
        jmp .entry
.sizes: test dword [rbx], 1
        jz .none
        mov eax, [rbx + 8]
        call decimal
        mov rsi, msg_upper
        jmp puts
.none:  mov rsi, msg_no_map
        jmp puts
.done:  ret

%macro show 2                           ; name, source of RAX
        mov rsi, %%name
        call puts
        %2
        call hex64
        jmp %%over
%%name: db %1, 0
%%over:
%endmacro

cmd_regs:
        show {"rip="}, {lea rax, [cmd_regs]}
        show {"  rsp="}, {mov rax, rsp}
        show {"  rfl="}, call read_flags
        call newline
        show {"cr0="}, {mov rax, cr0}
        show {"  cr2="}, {mov rax, cr2}
        show {"  cr3="}, {mov rax, cr3}
        call newline
        show {"cr4="}, {mov rax, cr4}
        show {"  efer"}, call read_efer
        show {" tsc="}, call read_tsc
        jmp newline

read_flags:
        pushfq
        pop rax
        ret

read_efer:
        mov al, '='
        call putc
        mov ecx, 0xc0000080
        rdmsr
        shl rdx, 32
        or rax, rdx
        ret

read_tsc:
        rdtsc
        shl rdx, 32
        or rax, rdx
        ret

; cmd_page maps the frame of sample a second time, at ALIAS, and shows that a store
; through one address is seen through the other.
cmd_page:
        mov eax, pdpt2
        or eax, 3
        mov [pml4 + (ALIAS >> 39 & 511) * 8], rax
        mov eax, pd2
        or eax, 3
        mov [pdpt2 + (ALIAS >> 30 & 511) * 8], rax
        mov eax, pt2
        or eax, 3
        mov [pd2 + (ALIAS >> 21 & 511) * 8], rax
        mov eax, sample
        or eax, 3
        mov [pt2 + (ALIAS >> 12 & 511) * 8], rax
        mov rdi, ALIAS
        invlpg [rdi]
        mov rsi, msg_mapped
        call puts
        mov rax, rdi
        call hex64
        mov rsi, msg_to
        call puts
        mov eax, sample
        call hex64
        mov rsi, msg_stored
        call puts
        mov rax, 0x676c617373626f78
        mov [rdi], rax
        call hex64
        mov rsi, msg_read
        call puts
        mov rax, [sample]
        call hex64
        mov rsi, msg_pte
        call puts
        mov rax, [pt2 + (ALIAS >> 12 & 511) * 8]
        call hex64
        mov rsi, msg_ad
        jmp puts

; cmd_fault reads an address that nothing maps and comes back.
cmd_fault:
        mov rax, .back
        mov [fault_resume], rax
        mov rax, ALIAS + 0x8000000000
        mov rax, [rax]
.back:  mov qword [fault_resume], 0
        mov rsi, msg_survived
        jmp puts

; --- the disk -------------------------------------------------------------------------

; ata_wait waits until the primary channel is not busy. Carry set: no answer.
ata_wait:
        mov ecx, 100000
.next:  mov edx, 0x1f7
        in al, dx
        cmp al, 0xff                    ; nothing on the cable
        je .fail
        test al, 0x80
        jz .ready
        dec ecx
        jnz .next
.fail:  stc
        ret
.ready: clc
        ret

; ata_data waits for the data of a command and reads a sector. Carry set: failed.
ata_data:
        call ata_wait
        jc .fail
        test al, 0x21                   ; DF, ERR
        jnz .fail
        test al, 0x08                   ; DRQ
        jz .fail
        mov edx, 0x1f0
        mov rdi, sector
        mov ecx, 256
        rep insw
        clc
        ret
.fail:  stc
        ret

; cmd_disk [LBA] identifies the primary master and dumps one of its sectors.
cmd_disk:
        call number
        mov [lba], rax
        mov edx, 0x3f6                  ; polling: no interrupts
        mov al, 2
        out dx, al
        mov edx, 0x1f6
        mov al, 0xa0
        out dx, al
        call ata_wait
        jc .none
        mov edx, 0x1f7
        mov al, 0xec                    ; IDENTIFY DEVICE
        out dx, al
        in al, dx
        test al, al
        jz .none
        call ata_data
        jc .none
        mov rsi, msg_disk
        call puts
        mov rdi, sector + 54            ; words 27-46: model, two letters a word, swapped
        mov ecx, 20
.model: mov al, [rdi + 1]
        call putc
        mov al, [rdi]
        call putc
        add rdi, 2
        dec ecx
        jnz .model
        mov eax, [sector + 120]         ; words 60-61: sectors
        call decimal
        mov rsi, msg_sectors
        call puts
        cmp [lba], rax
        jae .beyond

        mov edx, 0x1f2
        mov al, 1
        out dx, al
        mov eax, [lba]
        inc edx
        out dx, al
        shr eax, 8
        inc edx
        out dx, al
        shr eax, 8
        inc edx
        out dx, al
        shr eax, 8
        and al, 15
        or al, 0xe0
        inc edx
        out dx, al
        inc edx
        mov al, 0x20                    ; READ SECTOR(S)
        out dx, al
        call ata_data
        jc .error
        jmp dump
.none:  mov rsi, msg_no_disk
        jmp puts
.beyond:
        mov rsi, msg_beyond
        jmp puts
.error: mov rsi, msg_disk_error
        jmp puts

; dump shows the sector buffer, leaving out lines of zeros.
dump:   xor ebx, ebx
        xor r8d, r8d                    ; lines left out
.line:  mov rax, [sector + rbx]
        or rax, [sector + rbx + 8]
        jnz .show
        inc r8d
        jmp .after
.show:  mov eax, ebx
        mov ecx, 4
        call hex
        xor edx, edx
.byte:  mov al, ' '
        call putc
        lea rsi, [rbx + rdx]
        movzx eax, byte [sector + rsi]
        mov ecx, 2
        call hex
        inc edx
        cmp edx, 16
        jne .byte
        mov al, ' '
        call putc
        call putc
        xor edx, edx
.char:  lea rsi, [rbx + rdx]
        mov al, [sector + rsi]
        cmp al, ' '
        jb .dot
        cmp al, 126
        jbe .print
.dot:   mov al, '.'
.print: call putc
        inc edx
        cmp edx, 16
        jne .char
        call newline
.after: add ebx, 16
        cmp ebx, 512
        jne .line
        test r8d, r8d
        jz .done
        mov eax, r8d
        call decimal
        mov rsi, msg_zeros
        call puts
.done:  ret

; --- leaving --------------------------------------------------------------------------

cmd_reboot:
        mov rsi, msg_reboot
        call puts
        cli
        mov ecx, 100000
.busy:  in al, 0x64                     ; input buffer of the 8042 full?
        test al, 2
        jz .pulse
        dec ecx
        jnz .busy
.pulse: mov al, 0xfe                    ; pulse the reset line
        out 0x64, al
        mov ecx, 1000000
.wait:  pause
        dec ecx
        jnz .wait
        lidt [no_idt]                   ; still here: a triple fault resets too
        int3

; cmd_off ends the machine through the debug-exit port where there is one, with the code
; that follows; elsewhere it halts for good.
cmd_off:
        call number
        push rax
        mov rsi, msg_off
        call puts
        pop rax
        cli
        mov edx, 0xf4
        out dx, eax
.halt:  hlt
        jmp .halt

; --- data -----------------------------------------------------------------------------

        align 8
commands:
        dq n_help, cmd_help, n_ticks, cmd_ticks, n_cpu, cmd_cpu, n_mem, cmd_mem
        dq n_regs, cmd_regs, n_page, cmd_page, n_fault, cmd_fault, n_disk, cmd_disk
        dq n_reboot, cmd_reboot, n_off, cmd_off, 0

n_help:   db "help", 0
n_ticks:  db "ticks", 0
n_cpu:    db "cpu", 0
n_mem:    db "mem", 0
n_regs:   db "regs", 0
n_page:   db "page", 0
n_fault:  db "fault", 0
n_disk:   db "disk", 0
n_reboot: db "reboot", 0
n_off:    db "off", 0

idtr:   dw 48 * 16 - 1
        dq idt
no_idt: dw 0
        dq 0

; Register and value: 115200 baud, 8N1, FIFOs on, OUT2 lets the interrupt through.
uart_setup:
        db 1, 0x00, 3, 0x80, 0, 1, 1, 0, 3, 0x03, 2, 0x07, 4, 0x0b, 1, 0x01, 0xff

; Port and value: vectors from IRQ0, all lines masked but timer and COM1.
pic_setup:
        db 0x20, 0x11, 0xa0, 0x11, 0x21, IRQ0, 0xa1, IRQ0 + 8, 0x21, 4, 0xa1, 2
        db 0x21, 1, 0xa1, 1, 0x21, 0xee, 0xa1, 0xff
pic_setup_end:

digits: db "0123456789abcdef"

%define NL 13, 10
msg_crlf:     db NL, 0
msg_prompt:   db "glass> ", 0
msg_erase:    db 8, " ", 8, 0
msg_comma:    db ", ", 0
msg_unknown:  db "unknown", 0
msg_no_long:  db "This processor has no long mode.", NL, 0
msg_banner:   db NL, "  Glassbox embedded guest: a 64-bit kernel of its own", NL, NL, 0
msg_loader:   db "loader     ", 0
msg_cpu:      db "processor  ", 0
msg_paging:   db "paging     4 levels, first GiB mapped, CR3=", 0
msg_timer:    db NL, "timer      8254 through 8259A at 100 Hz ... ", 0
msg_timer_ok: db "ticking", NL, NL, "Type help.", NL, 0
msg_what:     db "No such command; help lists them.", NL, 0
msg_help:     db "help      this list", NL
              db "ticks     timer interrupts since start", NL
              db "cpu       what CPUID says", NL
              db "mem       memory map", NL
              db "regs      control registers", NL
              db "page      map one frame at a second address and use it", NL
              db "fault     take a page fault and survive it", NL
              db "disk [N]  read sector N of the first IDE disk", NL
              db "reboot    reset the machine", NL
              db "off [N]   end, with code N through port F4h where it is wired", NL, 0
msg_ticks:    db " timer interrupts, ", 0
msg_seconds:  db " s", NL, 0
msg_dots:     db " - ", 0
msg_usable:   db "usable", NL, 0
msg_reserved: db "reserved", NL, 0
msg_upper:    db " KiB above 1 MiB", NL, 0
msg_no_map:   db "The boot loader passed no memory map.", NL, 0
msg_exception: db "exception ", 0
msg_error:    db ", error code ", 0
msg_at:       db ", rip=", 0
msg_cr2:      db ", cr2=", 0
msg_stopped:  db "Nobody expected that. Stopped.", NL, 0
msg_survived: db "Handled; going on.", NL, 0
msg_mapped:   db "linear  ", 0
msg_to:       db " -> physical ", 0
msg_stored:   db NL, "stored  ", 0
msg_read:     db ", read back through the other address ", 0
msg_pte:      db NL, "PTE     ", 0
msg_ad:       db " (accessed and dirty set by the processor)", NL, 0
msg_disk:     db "disk: ", 0
msg_sectors:  db " sectors", NL, 0
msg_no_disk:  db "No disk on the primary IDE channel (-hda FILE attaches one).", NL, 0
msg_beyond:   db "There is no such sector.", NL, 0
msg_disk_error: db "The disk reports an error.", NL, 0
msg_zeros:    db " lines of zeros not shown", NL, 0
msg_reboot:   db "Resetting.", NL, 0
msg_off:      db "Off.", NL, 0

        align 4
image_end:

section .bss align=4096
pml4:   resb 4096
pdpt:   resb 4096
pd:     resb 4096
pdpt2:  resb 4096
pd2:    resb 4096
pt2:    resb 4096
sample: resb 4096
idt:    resb 48 * 16
sector: resb 512
ring:   resb 256
word_buf: resb 64
line_size equ 80
line:   resb line_size
ticks:  resq 1
lba:    resq 1
fault_resume: resq 1
mb_info: resq 1
mb_magic: resd 1
ring_head: resb 1
ring_tail: resb 1
        alignb 16
        resb 8192
stack_top:
bss_end:
