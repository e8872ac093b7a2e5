/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * aarch64: the context switch. Callee-saved by the procedure call standard are
 * x19 to x30, the low halves of v8 to v15 (d8 to d15, which is easily forgotten),
 * and FPCR, which is only written where it differs.
 *
 * The frame, in words from sp: x29 x30 x19..x28 d8..d15 fpcr (unused).
 */
	.text

/*
 * struct arch_arrival gvtgo_switch(struct m *m, uintptr_t after, void **save, void *to),
 * gvtgo_switched: see ../x86_64/switch.S. What is handed over stays in x0 and x1.
 */
	.globl	gvtgo_switch
	.hidden	gvtgo_switch
	.type	gvtgo_switch, %function
	.p2align 4
gvtgo_switch:
	.cfi_startproc
	stp	x29, x30, [sp, #-176]!
	.cfi_def_cfa_offset 176
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	stp	x19, x20, [sp, #16]
	.cfi_rel_offset x19, 16
	.cfi_rel_offset x20, 24
	stp	x21, x22, [sp, #32]
	.cfi_rel_offset x21, 32
	.cfi_rel_offset x22, 40
	stp	x23, x24, [sp, #48]
	.cfi_rel_offset x23, 48
	.cfi_rel_offset x24, 56
	stp	x25, x26, [sp, #64]
	.cfi_rel_offset x25, 64
	.cfi_rel_offset x26, 72
	stp	x27, x28, [sp, #80]
	.cfi_rel_offset x27, 80
	.cfi_rel_offset x28, 88
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x9, fpcr
	str	x9, [sp, #160]

	mov	x10, sp
	str	x10, [x2]
	mov	sp, x3
	.globl	gvtgo_switched
	.hidden	gvtgo_switched
gvtgo_switched:
	/* The frame has the same shape on the other stack: the CFI above holds. */

	ldr	x10, [sp, #160]
	cmp	x9, x10
	b.eq	1f
	msr	fpcr, x10
1:	ldp	d14, d15, [sp, #144]
	ldp	d12, d13, [sp, #128]
	ldp	d10, d11, [sp, #112]
	ldp	d8, d9, [sp, #96]
	/* Until sp moves, what was saved is still where it is saved. */
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #176
	.cfi_def_cfa_offset 0
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore x29
	.cfi_restore x30
	br	x30
	.cfi_endproc
	.size	gvtgo_switch, .-gvtgo_switch

/*
 * Where a new stack begins: gvtgo_switch() comes here, behind the nop. What it hands over is
 * where gvtgo_main() has its arguments.
 */
	.globl	gvtgo_entry
	.hidden	gvtgo_entry
	.type	gvtgo_entry, %function
	.p2align 4
gvtgo_entry:
	.cfi_startproc
	.cfi_undefined x30
	nop
	mov	x29, #0
	mov	x30, #0
	bl	gvtgo_main
	brk	#1
	.cfi_endproc
	.size	gvtgo_entry, .-gvtgo_entry

/* void gvtgo_restart(void *top, struct m *m): see ../x86_64/switch.S. */
	.globl	gvtgo_restart
	.hidden	gvtgo_restart
	.type	gvtgo_restart, %function
	.p2align 4
gvtgo_restart:
	.cfi_startproc
	mov	sp, x0
	.cfi_undefined x30
	mov	x0, x1
	mov	x1, #0
	b	gvtgo_entry
	.cfi_endproc
	.size	gvtgo_restart, .-gvtgo_restart

/*
 * int gvtgo_call(void **sp, void (*fn)(void *), void *arg), void gvtgo_unwind(void *sp): see
 * ../x86_64/switch.S. The frame is that of a switch.
 */
	.globl	gvtgo_call
	.hidden	gvtgo_call
	.type	gvtgo_call, %function
	.p2align 4
gvtgo_call:
	.cfi_startproc
	stp	x29, x30, [sp, #-176]!
	.cfi_def_cfa_offset 176
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	.cfi_rel_offset x19, 16
	.cfi_rel_offset x20, 24
	stp	x21, x22, [sp, #32]
	.cfi_rel_offset x21, 32
	.cfi_rel_offset x22, 40
	stp	x23, x24, [sp, #48]
	.cfi_rel_offset x23, 48
	.cfi_rel_offset x24, 56
	stp	x25, x26, [sp, #64]
	.cfi_rel_offset x25, 64
	.cfi_rel_offset x26, 72
	stp	x27, x28, [sp, #80]
	.cfi_rel_offset x27, 80
	.cfi_rel_offset x28, 88
	stp	d8, d9, [sp, #96]
	stp	d10, d11, [sp, #112]
	stp	d12, d13, [sp, #128]
	stp	d14, d15, [sp, #144]
	mrs	x9, fpcr
	str	x9, [sp, #160]
	mov	x9, sp
	str	x9, [x0]
	mov	x0, x2
	blr	x1
	mov	w0, #0
	ldp	x29, x30, [sp], #176
	.cfi_def_cfa_offset 0
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore x29
	.cfi_restore x30
	ret
	.cfi_endproc
	.size	gvtgo_call, .-gvtgo_call

	.globl	gvtgo_unwind
	.hidden	gvtgo_unwind
	.type	gvtgo_unwind, %function
	.p2align 4
gvtgo_unwind:
	.cfi_startproc
	mov	sp, x0
	.cfi_def_cfa_offset 176
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	.cfi_rel_offset x19, 16
	.cfi_rel_offset x20, 24
	.cfi_rel_offset x21, 32
	.cfi_rel_offset x22, 40
	.cfi_rel_offset x23, 48
	.cfi_rel_offset x24, 56
	.cfi_rel_offset x25, 64
	.cfi_rel_offset x26, 72
	.cfi_rel_offset x27, 80
	.cfi_rel_offset x28, 88
	ldr	x9, [sp, #160]
	msr	fpcr, x9
	ldp	d14, d15, [sp, #144]
	ldp	d12, d13, [sp, #128]
	ldp	d10, d11, [sp, #112]
	ldp	d8, d9, [sp, #96]
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #176
	.cfi_def_cfa_offset 0
	.cfi_restore x19
	.cfi_restore x20
	.cfi_restore x21
	.cfi_restore x22
	.cfi_restore x23
	.cfi_restore x24
	.cfi_restore x25
	.cfi_restore x26
	.cfi_restore x27
	.cfi_restore x28
	.cfi_restore x29
	.cfi_restore x30
	mov	w0, #1
	ret
	.cfi_endproc
	.size	gvtgo_unwind, .-gvtgo_unwind

/* The thread's M: see arch.h. */
	.section .tbss, "awT", %nobits
	.globl	gvtgo_tls_m
	.hidden	gvtgo_tls_m
	.type	gvtgo_tls_m, %object
	.size	gvtgo_tls_m, 8
	.p2align 3
gvtgo_tls_m:
	.zero	8

	.section .note.GNU-stack, "", %progbits
