; A triple fault: the end, whatever is handled. SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)": a
; contributory exception or a page fault while #DF is delivered shuts the processor down.

%include "protected.inc"

main:
;= #UD without handlers of it and of #NP, but of #DF: #DF(0000) +00
	try "#UD without handlers of it and of #NP, but of #DF"
	mov byte [idt+6*8+5], 0x0e
	mov byte [idt+11*8+5], 0x0e
	mov dword [begin], .ud
.ud:	ud2
	done
	endline
;= the same without a handler of #DF: shutdown
	mov esi, last
	call print
	mov byte [idt+8*8+5], 0x0e
	ud2
	mov esi, survived
	call print
	finish
last:	db "the same without a handler of #DF: shutdown", 10, 0
survived: db "it goes on", 10, 0

	tables
gdt_end:
end_of_program:
