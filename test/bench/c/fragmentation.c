/*
 * Free blocks by order, from the flags of all pages: the largest that fit, as a buddy allocator has merged them; and the
 * fragmentation index of each order (mm/vmstat.c).
 * fragmentation NR_PAGES
 */
#include "bench.h"
#include "page-words.h"

#define NR_ORDERS 11

static uint32_t nr_pages;
static uint32_t *words;
static uint32_t blocks[NR_ORDERS];
static uint32_t indices[NR_ORDERS];

static void prepare(int argc, char **argv)
{
	nr_pages = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	words = allocate(nr_pages * sizeof *words);
	for (uint32_t pfn = 0; pfn < nr_pages; pfn++)
		words[pfn] = page_word(pfn);
}

static void reset(void)
{
}

static int64_t index_of(int order)
{
	int64_t pages = 0, total = 0, suitable = 0;

	for (int each = 0; each < NR_ORDERS; each++) {
		total += blocks[each];
		pages += (int64_t)blocks[each] << each;
		if (each >= order)
			suitable += blocks[each];
	}
	if (total == 0)
		return 0;
	return suitable > 0 ? -1000 : 1000 - (1000 + (pages * 1000 >> order)) / total;
}

static void work(void)
{
	memset(blocks, 0, sizeof blocks);
	for (uint32_t pfn = 0; pfn < nr_pages; pfn++) {
		uint32_t past;

		if ((words[pfn] & PG_BUDDY) == 0)
			continue;
		for (past = pfn + 1; past < nr_pages && (words[past] & PG_BUDDY) != 0; past++)
			;
		while (pfn < past) {
			int order = 31 - __builtin_clz(past - pfn);
			int aligned = pfn == 0 ? NR_ORDERS - 1 : __builtin_ctz(pfn);

			if (order > aligned)
				order = aligned;
			if (order > NR_ORDERS - 1)
				order = NR_ORDERS - 1;
			blocks[order]++;
			pfn += 1u << order;
		}
	}
	for (int order = 0; order < NR_ORDERS; order++)
		indices[order] = (uint32_t)index_of(order);
}

static uint32_t hash(void)
{
	return hash_words(indices, NR_ORDERS, hash_words(blocks, NR_ORDERS, HASH_START));
}
