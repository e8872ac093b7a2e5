/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * x86-64: the context switch.
 *
 * What the System V ABI calls callee-saved is saved, and no more: six registers,
 * and the control bits of MXCSR and of the x87. Those two are only loaded where
 * they differ, since loading costs much more than looking. They lie below the saved stack
 * pointer, in the 128 bytes that the ABI keeps signals out of: no room has to be made.
 *
 * A switch ends in pop and jmp, not in ret: the return predictor would guess the
 * caller of the other goroutine, be wrong each time, and cost 5 ns. For the same
 * reason it isn't called: arch_switch() in arch.h.
 *
 * Beside it: gvtgo_call() and gvtgo_unwind(), by which a recovered panic leaves frames.
 *
 * No CET: the object carries no SHSTK mark, so a process that links it runs
 * without shadow stacks.
 */
	.text

/*
 * gvtgo_switch: arch_switch() jumps here, the return address being in rax.
 *
 * Saves the context, its stack pointer to *rcx; goes on in the one whose stack pointer is
 * rdx. What is handed over stays where it is, in rdi and rsi. The unwind information is right
 * at each instruction, on the old stack and on the new one.
 *
 * gvtgo_switched is where a saved context lies ready: with its saved stack pointer and
 * this pc, any unwinder finds all its frames, the saved registers included (frames.c, the
 * script for gdb).
 */
	.globl	gvtgo_switch
	.hidden	gvtgo_switch
	.type	gvtgo_switch, @function
	.p2align 4
gvtgo_switch:
	.cfi_startproc
	.cfi_def_cfa %rsp, 0
	.cfi_register %rip, %rax
	/* Early: what stmxcsr has stored takes long to be loaded again. */
	stmxcsr	-64(%rsp)
	fnstcw	-60(%rsp)
	pushq	%rax
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rip, 0
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0

	movq	%rsp, (%rcx)
	movq	%rsp, %r10
	movq	%rdx, %rsp
	.globl	gvtgo_switched
	.hidden	gvtgo_switched
gvtgo_switched:
	/* The frame has the same shape on the other stack: the CFI above holds. */
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp

	/*
	 * Nobody else runs on the stack that was left until what it left is done. Only the
	 * control bits: the flags below them are nobody's to keep.
	 */
	movl	-8(%r10), %r8d
	movzwl	-4(%r10), %r9d
	xorl	-8(%rdx), %r8d
	testl	$0xffc0, %r8d
	jne	2f
	cmpw	-4(%rdx), %r9w
	jne	2f
1:	popq	%rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rcx
	jmp	*%rcx

	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rip, 0
2:	ldmxcsr	-8(%rdx)
	fldcw	-4(%rdx)
	jmp	1b
	.cfi_endproc
	.size	gvtgo_switch, .-gvtgo_switch

/*
 * Where a new stack begins: gvtgo_switch() comes here, behind the nop. What it hands over is
 * where gvtgo_main() has its arguments.
 * Unwinders stop here, rip being undefined. They take a return address for the end of a
 * call and look at what is before it: that is the nop, and then the jmp.
 *
 * A jmp, since gvtgo_main() doesn't return: a call would leave an entry in the return
 * predictor, and the goroutine that is switched to at the end would be taken for its caller.
 */
	.globl	gvtgo_entry
	.hidden	gvtgo_entry
	.type	gvtgo_entry, @function
	.p2align 4
gvtgo_entry:
	.cfi_startproc
	.cfi_undefined %rip
	nop
	xorl	%ebp, %ebp
	leaq	1f(%rip), %rax
	pushq	%rax
	jmp	gvtgo_main
1:	ud2
	.cfi_endproc
	.size	gvtgo_entry, .-gvtgo_entry

/*
 * void gvtgo_restart(void *top, struct m *m): forget this stack's frames, begin
 * anew at top (16-byte aligned) with gvtgo_main(m, 0).
 */
	.globl	gvtgo_restart
	.hidden	gvtgo_restart
	.type	gvtgo_restart, @function
	.p2align 4
gvtgo_restart:
	.cfi_startproc
	movq	%rdi, %rsp
	.cfi_undefined %rip
	movq	%rsi, %rdi
	xorl	%esi, %esi
	jmp	gvtgo_entry
	.cfi_endproc
	.size	gvtgo_restart, .-gvtgo_restart

/*
 * int gvtgo_call(void **sp, void (*fn)(void *), void *arg): calls fn(arg) and returns 0.
 * From *sp, which is set before, gvtgo_unwind() goes back here: then it returns 1, with
 * the registers and control words as they were when it was called.
 *
 * What it saved is used by gvtgo_unwind() only: fn itself gives back what it changed.
 */
	.globl	gvtgo_call
	.hidden	gvtgo_call
	.type	gvtgo_call, @function
	.p2align 4
gvtgo_call:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	subq	$8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr	(%rsp)
	fnstcw	4(%rsp)
	movq	%rsp, (%rdi)
	movq	%rdx, %rdi
	call	*%rsi
	xorl	%eax, %eax
	addq	$56, %rsp
	.cfi_adjust_cfa_offset -56
	.cfi_restore %rbp
	.cfi_restore %rbx
	.cfi_restore %r12
	.cfi_restore %r13
	.cfi_restore %r14
	.cfi_restore %r15
	ret
	.cfi_endproc
	.size	gvtgo_call, .-gvtgo_call

/* void gvtgo_unwind(void *sp): the frames above are left, and gvtgo_call() returns 1. */
	.globl	gvtgo_unwind
	.hidden	gvtgo_unwind
	.type	gvtgo_unwind, @function
	.p2align 4
gvtgo_unwind:
	.cfi_startproc
	movq	%rdi, %rsp
	.cfi_def_cfa_offset 64
	.cfi_rel_offset %rbp, 48
	.cfi_rel_offset %rbx, 40
	.cfi_rel_offset %r12, 32
	.cfi_rel_offset %r13, 24
	.cfi_rel_offset %r14, 16
	.cfi_rel_offset %r15, 8
	ldmxcsr	(%rsp)
	fldcw	4(%rsp)
	addq	$8, %rsp
	.cfi_adjust_cfa_offset -8
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	movl	$1, %eax
	ret
	.cfi_endproc
	.size	gvtgo_unwind, .-gvtgo_unwind

/* The thread's M. Here, so that no compiler ever knows where it is: see arch.h. */
	.section .tbss, "awT", @nobits
	.globl	gvtgo_tls_m
	.hidden	gvtgo_tls_m
	.type	gvtgo_tls_m, @object
	.size	gvtgo_tls_m, 8
	.p2align 3
gvtgo_tls_m:
	.zero	8

	.section .note.GNU-stack, "", @progbits
