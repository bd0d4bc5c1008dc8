/*
 * Pages in use in each aligned range of 512, and the first of the cheapest that are not empty.
 * cheapest-range bytes|words NR_PAGES
 */
#include "bench.h"
#include "page-words.h"

static uint8_t *bytes;
static uint32_t *words;
static uint32_t *used;
static uint32_t nr_ranges;
static uint32_t cheapest;

static void prepare(int argc, char **argv)
{
	uint32_t nr_pages = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	int are_bytes = argc == 3 && strcmp(argv[1], "bytes") == 0;

	nr_ranges = nr_pages / PAGEBLOCK_PAGES;
	used = allocate(nr_ranges * sizeof *used);
	if (are_bytes)
		bytes = allocate(nr_pages);
	else
		words = allocate(nr_pages * sizeof *words);
	for (uint32_t pfn = 0; pfn < nr_pages; pfn++) {
		uint32_t word = page_word(pfn);

		if (are_bytes)
			bytes[pfn] = (word & FREE_FLAGS) == 0;
		else
			words[pfn] = word;
	}
}

static void reset(void)
{
}

static void work(void)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t range = 0; range < nr_ranges; range++) {
		uint32_t nr = 0;

		if (bytes != NULL) {
			const uint8_t *from = bytes + (size_t)range * PAGEBLOCK_PAGES;

			for (int i = 0; i < PAGEBLOCK_PAGES; i++)
				nr += from[i] & 1;
		} else {
			const uint32_t *from = words + (size_t)range * PAGEBLOCK_PAGES;

			for (int i = 0; i < PAGEBLOCK_PAGES; i++)
				nr += (from[i] & FREE_FLAGS) == 0;
		}
		used[range] = nr;
		if (nr != 0 && nr < least) {
			least = nr;
			cheapest = range;
		}
	}
}

static uint32_t hash(void)
{
	return hash_word(hash_words(used, nr_ranges, HASH_START), cheapest);
}
