// SPDX-License-Identifier: GPL-2.0-only
/* torture_malloc.c - malloc(), realloc(), calloc() and free(): nothing is given out twice. */
#include "torture.h"

#define SLOTS 64

struct block {
	unsigned char *mem;
	size_t size;
	unsigned char fill;
};

static struct block shared[SLOTS];
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

static void check(const struct block *b)
{
	size_t i;

	/* The ends, and some in between: most of the time is to be libc's. */
	for (i = 0; i < b->size; i += 1 + b->size / 16)
		CHECK_EQ(b->fill, b->mem[i]);
	if (b->size)
		CHECK_EQ(b->fill, b->mem[b->size - 1]);
}

static size_t random_size(uint64_t *seed)
{
	uint64_t r = random_next(seed);

	/* Mostly small; some that are mappings of their own. */
	return 1 + (r % 64 ? r / 64 % 2000 : r / 64 % 400000);
}

static void renew(struct block *b, uint64_t *seed)
{
	size_t size = random_size(seed);
	unsigned char *p;

	check(b);
	if (random_next(seed) % 2) {
		free(b->mem);
		p = random_next(seed) % 4 ? malloc(size) : calloc(1, size);
	} else {
		p = realloc(b->mem, size);
		/* What was there came along. */
		if (p && b->size)
			CHECK_EQ(b->fill, p[0]);
	}
	CHECK(p);
	b->mem = p;
	b->size = size;
	b->fill = random_next(seed);
	memset(p, b->fill, b->size);
}

static void allocates(int me)
{
	struct block own[SLOTS] = { 0 };
	uint64_t seed = me + 1;
	size_t i, n = scaled(10000);

	for (i = 0; i < n; i++) {
		renew(&own[random_next(&seed) % SLOTS], &seed);
		/* One in so many is another goroutine's: freed in an arena not its own. */
		if (i % 32 == 0) {
			pthread_mutex_lock(&shared_lock);
			renew(&shared[random_next(&seed) % SLOTS], &seed);
			pthread_mutex_unlock(&shared_lock);
		}
	}
	for (i = 0; i < SLOTS; i++) {
		check(&own[i]);
		free(own[i].mem);
	}
}

TORTURE(malloc, NULL, allocates)

TEST_HARNESS_MAIN
