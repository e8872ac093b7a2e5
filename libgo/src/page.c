// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * page.c - where the counters lie: the page that gvt.ko reads, if it is loaded, else
 * memory of our own. The Ps count straight into it, so publishing costs nothing. But parks are
 * counted by reason (p->parks), and only their sum is brought there, now and then.
 *
 * P n counts in slot n. The last slot is shared: threads that are no goroutines add to
 * it atomically, and Ps too many to have a slot count at home and bring what is new
 * now and then (page_flush()).
 *
 * The mapping is not inherited over fork(). In a child an ordinary page takes its
 * place, at the same address, so that nothing there faults (fork.c calls for it).
 */
#include "rt.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define OWN_SLOTS	(GVT_RUNTIME_SLOTS - 1)

_Static_assert(sizeof(struct gvt_runtime_page) == GVT_RUNTIME_SIZE, "the page is one page");
_Static_assert(sizeof(struct gvt_runtime_slot) == 64, "a slot is a cache line");

/* Before a run has begun, and after it has ended, the counters are here. */
static struct gvt_runtime_page resting __attribute__((__aligned__(64)));
static struct gvt_runtime_page *page = &resting;
static size_t page_size;
static bool published;

void page_in_child(void)
{
	if (published)
		mmap(page, page_size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static struct gvt_runtime_page *map(int fd)
{
	void *p = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		       fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

int page_init(void)
{
	int fd = open(GVT_RUNTIME_FILE, O_RDWR | O_CLOEXEC);
	struct gvt_runtime_page *new = NULL;

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (fd >= 0) {
		new = map(fd);
		/* The mapping keeps the file open. */
		close(fd);
	}
	published = new;
	if (!new)
		new = map(-1);
	if (!new)
		return -ENOMEM;
	new->version = GVT_RUNTIME_VERSION;
	new->nslots = GVT_RUNTIME_SLOTS;
	store_release(&new->magic, GVT_RUNTIME_MAGIC);
	page = new;
	return 0;
}

void page_exit(void)
{
	struct gvt_runtime_page *old = page;

	page = &resting;
	published = false;
	munmap(old, page_size);
}

/* @p counts from now on. */
void page_join(struct p *p)
{
	p->cnt = p->id < OWN_SLOTS ? &page->slot[p->id] : &p->own;
}

/* How often goroutines of @p began to wait. */
uint64_t page_parks(const struct p *p)
{
	uint64_t sum = 0;

	for (int i = 0; i < NR_WAIT_WHY; i++)
		sum += load_relaxed(&p->parks[i]);
	return sum;
}

/* Brings what @p counted at home since the last time; its owner calls it. */
void page_flush(struct p *p)
{
	uint64_t *now = (uint64_t *)&p->own, *before = (uint64_t *)&p->flushed;
	uint64_t *shared = (uint64_t *)page_shared_slot();

	store_relaxed(&p->cnt->goroutine_parks, page_parks(p));
	if (likely(p->cnt != &p->own))
		return;
	for (size_t i = 0; i < sizeof(p->own) / sizeof(*now); i++) {
		if (now[i] == before[i])
			continue;
		__atomic_add_fetch(&shared[i], now[i] - before[i], __ATOMIC_RELAXED);
		before[i] = now[i];
	}
}

struct gvt_runtime_page *page_get(void)
{
	return page;
}

struct gvt_runtime_slot *page_shared_slot(void)
{
	return &page->slot[OWN_SLOTS];
}

bool page_published(void)
{
	return published && load_relaxed(&page->state) == GVT_RUNTIME_LIVE;
}
