// SPDX-License-Identifier: GPL-2.0-only
/*
 * runtime.c - the page through which a user-space runtime publishes its counters.
 *
 * Who opens /proc/gvt/runtime owns one page, and maps it once. The mapping has
 * no vm_ops, on purpose: neither an open file in /proc nor a mapping keeps the
 * module loaded, so a pointer from a vma into the module would dangle after
 * rmmod. vm_insert_page() takes a reference, so the page lives as long as
 * anybody maps it, with or without us. A mapping holds its file, so release
 * comes after the last of close, munmap, exec and exit; rmmod calls it early.
 *
 * The page is what its process says. Each word is read once and only ever
 * printed; it is no index, length or address here. nslots isn't even looked at:
 * a slot that nobody writes is zero.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/proc_fs.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <uapi/linux/gvt.h>

#include "compat.h"
#include "table.h"
#include "watch.h"

static_assert(sizeof(struct gvt_runtime_page) == GVT_RUNTIME_SIZE);
static_assert(sizeof(struct gvt_runtime_slot) == 64);

/* Pages that one process may have mapped: a runtime, and a few more to be safe. */
#define GVT_PAGES_PER_PROCESS	4

/**
 * struct gvt_runtime - an open file
 * @page: what is mapped
 * @spare: a row for the process that maps it, allocated while that is easy
 * @all: in mapped_pages, from mmap to release
 * @of_row: in the row's list; empty once the row was pushed out
 * @row: of the process that mapped it
 * @mapped: once is enough
 */
struct gvt_runtime {
	struct page *page;
	struct gvt_row *spare;
	struct list_head all;
	struct list_head of_row;
	struct gvt_row *row;
	bool mapped;
};

/* Both with gvt_table_mutex. */
static LIST_HEAD(mapped_pages);
static struct gvt_goroutines ended_total;
static struct gvt_goroutines reset_total;	/* at the last reset */

static atomic_t nr_files;

void gvt_goroutines_add(struct gvt_goroutines *sum, const struct gvt_goroutines *g)
{
	sum->pages += g->pages;
	sum->creations += g->creations;
	sum->exits += g->exits;
	sum->switches += g->switches;
	sum->parks += g->parks;
	sum->steals += g->steals;
	sum->handoffs += g->handoffs;
	sum->preemptions += g->preemptions;
	sum->peak += g->peak;
}

/* A page may say anything. */
unsigned long gvt_goroutines_alive(const struct gvt_goroutines *g)
{
	return g->creations > g->exits ? g->creations - g->exits : 0;
}

/*
 * Exits before creations, over all slots: a goroutine that begins and ends while
 * we read is then missing from neither or only from the exits, and never is
 * there one exit too many.
 */
static void add_page(const struct gvt_runtime *rt, struct gvt_goroutines *sum)
{
	const struct gvt_runtime_page *page = page_address(rt->page);
	const struct gvt_runtime_slot *slot;

	/* Pairs with the runtime's release store of magic: the header is there. */
	if (smp_load_acquire(&page->magic) != GVT_RUNTIME_MAGIC ||
	    READ_ONCE(page->version) != GVT_RUNTIME_VERSION)
		return;

	for (slot = page->slot; slot < page->slot + GVT_RUNTIME_SLOTS; slot++)
		sum->exits += READ_ONCE(slot->goroutine_exits);
	smp_rmb();	/* with the order in which a runtime counts: begin, then end */
	for (slot = page->slot; slot < page->slot + GVT_RUNTIME_SLOTS; slot++) {
		sum->creations += READ_ONCE(slot->goroutine_creations);
		sum->switches += READ_ONCE(slot->goroutine_switches);
		sum->parks += READ_ONCE(slot->goroutine_parks);
		sum->steals += READ_ONCE(slot->goroutine_steals);
		sum->handoffs += READ_ONCE(slot->goroutine_handoffs);
		sum->preemptions += READ_ONCE(slot->goroutine_preemptions);
	}
	sum->peak += READ_ONCE(page->goroutine_peak);
	sum->pages++;
}

void gvt_runtime_read(const struct list_head *pages, struct gvt_goroutines *sum)
{
	const struct gvt_runtime *rt;

	list_for_each_entry(rt, pages, of_row)
		add_page(rt, sum);
}

static void total(struct gvt_goroutines *sum)
{
	const struct gvt_runtime *rt;

	*sum = ended_total;
	list_for_each_entry(rt, &mapped_pages, all)
		add_page(rt, sum);
}

/* A page may take back what it said. */
static void subtract(unsigned long *n, unsigned long before)
{
	*n = *n > before ? *n - before : 0;
}

/* All runtimes, live and ended, watched or not; what they did since the last reset. */
void gvt_runtime_total(struct gvt_goroutines *sum)
{
	total(sum);
	subtract(&sum->creations, reset_total.creations);
	subtract(&sum->exits, reset_total.exits);
	subtract(&sum->switches, reset_total.switches);
	subtract(&sum->parks, reset_total.parks);
	subtract(&sum->steals, reset_total.steals);
	subtract(&sum->handoffs, reset_total.handoffs);
	subtract(&sum->preemptions, reset_total.preemptions);
}

void gvt_runtime_reset(void)
{
	total(&reset_total);
}

/* The row goes; the pages stay, for the total. */
void gvt_runtime_detach(struct list_head *pages)
{
	struct gvt_runtime *rt, *next;

	list_for_each_entry_safe(rt, next, pages, of_row) {
		list_del_init(&rt->of_row);
		rt->row = NULL;
	}
}

int gvt_runtime_files(void)
{
	return atomic_read(&nr_files);
}

static int runtime_open(struct inode *inode, struct file *file)
{
	struct gvt_runtime *rt;
	int ret = -ENOMEM;

	if (!atomic_add_unless(&nr_files, 1, gvt_watch_limit()))
		return -ENOSPC;
	rt = kzalloc(sizeof(*rt), GFP_KERNEL_ACCOUNT);
	if (!rt)
		goto err_rt;
	rt->page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!rt->page)
		goto err_page;
	rt->spare = gvt_row_alloc(GFP_KERNEL_ACCOUNT);
	if (!rt->spare)
		goto err_spare;
	INIT_LIST_HEAD(&rt->all);
	INIT_LIST_HEAD(&rt->of_row);
	file->private_data = rt;
	/* Its process may be watched at any time from now on. */
	gvt_watch_expect();
	return 0;

err_spare:
	__free_page(rt->page);
err_page:
	kfree(rt);
err_rt:
	atomic_dec(&nr_files);
	return ret;
}

/* In mmap_lock. */
static int runtime_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct gvt_runtime *rt = file->private_data;
	struct gvt_row *row;
	int ret;

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff ||
	    vma->vm_end - vma->vm_start != PAGE_ALIGN(GVT_RUNTIME_SIZE))
		return -EINVAL;

	mutex_lock(&gvt_table_mutex);
	ret = -EBUSY;
	if (rt->mapped)
		goto out;
	/* Not in a child, a core dump, or larger. Nothing in /proc can be executed. */
	gvt_vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
	/*
	 * First, because it may lack memory, and who couldn't map isn't to be watched for
	 * it. Where what follows fails, the kernel takes the page out again.
	 */
	ret = vm_insert_page(vma, vma->vm_start, rt->page);
	if (ret)
		goto out;
	row = gvt_watch_add(current, false, &rt->spare);
	ret = PTR_ERR_OR_ZERO(row);
	if (ret)
		goto out;
	ret = -ENOSPC;
	if (row->nr_pages >= GVT_PAGES_PER_PROCESS)
		goto out;
	ret = 0;
	rt->mapped = true;
	rt->row = row;
	row->all = false;
	list_add_tail(&rt->of_row, &row->pages);
	row->nr_pages++;
	list_add_tail(&rt->all, &mapped_pages);
out:
	mutex_unlock(&gvt_table_mutex);
	return ret;
}

/* The last word of the page is kept. */
static int runtime_release(struct inode *inode, struct file *file)
{
	struct gvt_runtime *rt = file->private_data;
	struct gvt_runtime_page *page = page_address(rt->page);
	struct gvt_goroutines last = { 0 };

	mutex_lock(&gvt_table_mutex);
	if (rt->mapped) {
		add_page(rt, &last);
		gvt_goroutines_add(&ended_total, &last);
		if (rt->row) {
			gvt_goroutines_add(&rt->row->gone, &last);
			rt->row->nr_pages--;
		}
		list_del(&rt->of_row);
		list_del(&rt->all);
	}
	mutex_unlock(&gvt_table_mutex);

	/* If somebody still maps it, this is rmmod. */
	WRITE_ONCE(page->state, GVT_RUNTIME_DEAD);
	put_page(rt->page);
	gvt_row_free(rt->spare);
	kfree(rt);
	atomic_dec(&nr_files);
	return 0;
}

const struct proc_ops gvt_runtime_ops = {
	.proc_open	= runtime_open,
	.proc_mmap	= runtime_mmap,
	.proc_release	= runtime_release,
};
