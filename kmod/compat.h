/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - everything in which kernels differ, and nothing else.
 *
 * Written for Linux 6.1; each difference names the release that brought it, so
 * that the older half can go when that release is the oldest one built for.
 * They are told apart by what the headers say (Kbuild looks), not by version:
 * stable and vendor kernels take changes from later ones.
 */
#ifndef GVT_COMPAT_H
#define GVT_COMPAT_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#if BITS_PER_LONG != 64
#error "gvt counts in unsigned long and needs a 64-bit kernel"
#endif

#ifndef CONFIG_SCHED_INFO
#error "gvt reads task->sched_info: the kernel needs CONFIG_SCHED_INFO (CONFIG_SCHEDSTATS)"
#endif

/* task_newtask: u64 since edd3cb05c00a (6.18), unsigned long before. */
#ifdef GVT_NEWTASK_HAS_U64_FLAGS
#define GVT_CLONE_FLAGS		u64
#else
#define GVT_CLONE_FLAGS		unsigned long
#endif

/*
 * sched_process_exit: tells whether the whole group ends since 3e816361e94a
 * (6.16). Before, signal->live is the number of those that still run; where the
 * last two end at once, both may find it 0, so "group_dead" is true at least
 * once for each process, not exactly once.
 */
#ifdef GVT_EXIT_HAS_GROUP_DEAD
#define GVT_DEFINE_EXIT_PROBE(name, on_exit)					\
static void name(void *data, struct task_struct *p, bool group_dead)		\
{										\
	on_exit(p, group_dead);							\
}
#else
#define GVT_DEFINE_EXIT_PROBE(name, on_exit)					\
static void name(void *data, struct task_struct *p)				\
{										\
	on_exit(p, !atomic_read(&p->signal->live));				\
}
#endif

/* PF_USER_WORKER: 54e6842d0775 (6.4) widened PF_IO_WORKER to vhost's workers. */
#ifndef PF_USER_WORKER
#define PF_USER_WORKER		0
#endif

/* vm_flags are const, and change through vm_flags_set(), since bc292ab00f6c (6.3). */
#ifndef GVT_MM_HAS_VM_FLAGS_SET
static inline void gvt_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}
#else
static inline void gvt_vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vm_flags_set(vma, flags);
}
#endif

#endif /* GVT_COMPAT_H */
