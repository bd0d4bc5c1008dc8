/*
 * What each page of a captured machine is to whoever wants it gone (src/forecast/page-class.ts), from its flags, counted
 * by class for each memory block. File-system metadata is left out: its flags alone do not decide.
 * classify NR_PAGES BLOCK_PAGES
 */
#include "bench.h"
#include "page-words.h"

enum {
	MOVES, TOUCHED, LOCKED, WRITEBACK, IN_TRANSIT, ISOLATED, POISONED, CLEAN_METADATA, USED_METADATA,
	DIRTY_METADATA, PINNED, HUGETLB, BALLOON, UNTYPED, RESERVED, SLAB, PAGE_TABLE, KERNEL, UNCLAIMED, REFUSED,
	HUGETLB_KEPT, FREE, HOLE, NR_KINDS,
};

#define OTHERS (PG_ANON | PG_MOVABLE_OPS | PG_HUGE | PG_HWPOISON | PG_OFFLINE)
#define CACHED (PG_LRU | PG_SWAPBACKED | PG_UPTODATE | PG_ISOLATED)
#define OWNED (PG_LRU | PG_ANON | PG_MOVABLE_OPS | PG_SWAPBACKED)
#define TOUCH_BITS (PG_LRU | PG_ANON | PG_REFERENCED | PG_ACTIVE | PG_MLOCKED | PG_UNEVICTABLE | PG_KSM)

static uint32_t nr_pages, block_pages, nr_blocks;
static uint32_t *words;
static uint32_t (*counts)[NR_KINDS];

static inline int is_claimed(uint32_t word)
{
	return (word & (PG_MOVABLE_OPS | PG_SWAPCACHE)) != 0 ||
	       (word & (PG_ANON | PG_SWAPCACHE | PG_HUGE)) == PG_ANON ||
	       ((word & OTHERS) == 0 && (word & CACHED) != 0);
}

static int class_of(uint32_t word)
{
	if (word & FREE_FLAGS)
		return FREE;
	if (word & PG_NOPAGE)
		return HOLE;
	if (word & PG_RESERVED)
		return RESERVED;
	if (!is_claimed(word) && (word & (PG_HUGE | PG_HWPOISON | PG_OFFLINE | PG_LRU)) == 0)
		return word & PG_SLAB ? SLAB : word & PG_PGTABLE ? PAGE_TABLE : word == 0 ? UNTYPED : KERNEL;
	if (is_claimed(word) && (word & OWNED) == 0)
		return REFUSED;
	if (word & PG_HWPOISON)
		return POISONED;
	if (word & PG_HUGE)
		return HUGETLB;
	if (word & PG_OFFLINE)
		return BALLOON;
	if (!is_claimed(word))
		return UNCLAIMED;
	if (word & PG_ISOLATED)
		return ISOLATED;
	if (word & PG_LOCKED)
		return LOCKED;
	if (word & PG_WRITEBACK)
		return WRITEBACK;
	if ((word & (PG_LRU | PG_MOVABLE_OPS)) == 0)
		return IN_TRANSIT;
	return (word & TOUCH_BITS) == (PG_LRU | PG_ANON | PG_REFERENCED) ? TOUCHED : MOVES;
}

static void prepare(int argc, char **argv)
{
	nr_pages = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	block_pages = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1;
	nr_blocks = nr_pages / block_pages;
	words = allocate(nr_pages * sizeof *words);
	counts = allocate(nr_blocks * sizeof *counts);
	for (uint32_t pfn = 0; pfn < nr_pages; pfn++)
		words[pfn] = page_word(pfn);
}

static void reset(void)
{
}

static void work(void)
{
	memset(counts, 0, nr_blocks * sizeof *counts);
	for (uint32_t block = 0, pfn = 0; block < nr_blocks; block++)
		for (uint32_t end = pfn + block_pages; pfn < end; pfn++)
			counts[block][class_of(words[pfn])]++;
}

static uint32_t hash(void)
{
	return hash_words(&counts[0][0], (size_t)nr_blocks * NR_KINDS, HASH_START);
}
