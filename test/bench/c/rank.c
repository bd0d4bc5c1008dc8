/*
 * All pageblocks, those with the fewest pages in use first, equals by address: a counting sort. How many are in use is
 * known of each ("kept"), or counted from the flags of all pages ("scan"). Empty ones are left out.
 * rank kept|scan NR_PAGES
 */
#include "bench.h"
#include "page-words.h"

static int is_kept;
static uint32_t nr_blocks, nr_ranked;
static uint32_t *words;
static uint16_t *use;
static uint32_t *ranked;

static void count(void)
{
	for (uint32_t block = 0; block < nr_blocks; block++) {
		const uint32_t *from = words + (size_t)block * PAGEBLOCK_PAGES;
		uint32_t nr = 0;

		for (int i = 0; i < PAGEBLOCK_PAGES; i++)
			nr += (from[i] & FREE_FLAGS) == 0;
		use[block] = nr;
	}
}

static void prepare(int argc, char **argv)
{
	uint32_t nr_pages = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;

	is_kept = argc == 3 && strcmp(argv[1], "kept") == 0;
	nr_blocks = nr_pages / PAGEBLOCK_PAGES;
	words = allocate(nr_pages * sizeof *words);
	use = allocate(nr_blocks * sizeof *use);
	ranked = allocate(nr_blocks * sizeof *ranked);
	for (uint32_t pfn = 0; pfn < nr_pages; pfn++)
		words[pfn] = page_word(pfn);
	count();
}

static void reset(void)
{
}

static void work(void)
{
	uint32_t starts[PAGEBLOCK_PAGES + 2] = { 0 };

	if (!is_kept)
		count();
	for (uint32_t block = 0; block < nr_blocks; block++)
		if (use[block] != 0)
			starts[use[block] + 1]++;
	for (int cost = 1; cost < PAGEBLOCK_PAGES + 2; cost++)
		starts[cost] += starts[cost - 1];
	nr_ranked = starts[PAGEBLOCK_PAGES + 1];
	for (uint32_t block = 0; block < nr_blocks; block++)
		if (use[block] != 0)
			ranked[starts[use[block]]++] = block;
}

static uint32_t hash(void)
{
	return hash_words(ranked, nr_ranked, HASH_START);
}
