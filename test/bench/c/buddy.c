/*
 * The buddy allocator of src/sim/buddy.ts, with the same columns, lists and checks, in plain C; and a stream of
 * allocations and frees on it.
 * buddy NR_PAGES NR_OPERATIONS
 */
#include "bench.h"
#include "page-words.h"

#define MAX_ORDER 10
#define NR_ORDERS (MAX_ORDER + 1)
#define MOVABLE 1
#define ISOLATE 3
#define NR_TYPES 4
#define TYPE_BITS 0x03
#define ISOLATED_BIT 0x80
#define PARTLY_BOOKED 0x40
#define NO_PAGE UINT32_MAX
/* Two words a page, the token of its contents; a free block's link back stands in the first. */
#define CONTENT_WORDS 2

static uint32_t nr_pages, nr_operations;
static uint32_t *flags, *next, *contents;
static uint16_t *map_count, *use;
static uint8_t *migratetype, *zone_of, *booked;
static uint32_t head[NR_TYPES * NR_ORDERS], tail[NR_TYPES * NR_ORDERS], nr_blocks[NR_TYPES * NR_ORDERS];
static uint32_t nr_free[1], nr_isolated[1];

static uint32_t *held, nr_held, used;
static uint8_t *held_order;
static uint32_t *operations;
static uint32_t chance;

static inline int is_isolated(uint32_t pfn)
{
	uint8_t byte = migratetype[pfn >> PAGEBLOCK_ORDER];

	if ((byte & (ISOLATED_BIT | PARTLY_BOOKED)) == 0)
		return 0;
	return (byte & ISOLATED_BIT) != 0 || (booked[pfn >> 3] & 1 << (pfn & 7)) != 0;
}

static inline int list_type(uint32_t pfn)
{
	return is_isolated(pfn) ? ISOLATE : migratetype[pfn >> PAGEBLOCK_ORDER] & TYPE_BITS;
}

static inline int list_at(int zone, int type, int order)
{
	return (zone * NR_TYPES + type) * NR_ORDERS + order;
}

static inline int free_order(uint32_t pfn)
{
	return (flags[pfn] & PG_BUDDY) != 0 ? map_count[pfn] - 1 : -1;
}

static void count_in_use(uint32_t pfn, int order, int change)
{
	uint32_t at = pfn >> PAGEBLOCK_ORDER;

	if (order <= PAGEBLOCK_ORDER) {
		use[at] += change * (1 << order);
		return;
	}
	for (uint32_t end = at + (1u << (order - PAGEBLOCK_ORDER)); at < end; at++)
		use[at] += change * PAGEBLOCK_PAGES;
}

static void link_block(uint32_t pfn, int zone, int type, int order)
{
	int list = list_at(zone, type, order);
	uint32_t first = head[list];

	map_count[pfn] = order + 1;
	next[pfn] = first;
	contents[(size_t)pfn * CONTENT_WORDS] = 0;
	if (first != 0)
		contents[(size_t)(first - 1) * CONTENT_WORDS] = pfn + 1;
	else
		tail[list] = pfn + 1;
	head[list] = pfn + 1;
	nr_blocks[list]++;
	(type == ISOLATE ? nr_isolated : nr_free)[zone] += 1u << order;
}

static void unlink_block(uint32_t pfn, int zone, int type, int order)
{
	int list = list_at(zone, type, order);
	uint32_t after = next[pfn];
	uint32_t before = contents[(size_t)pfn * CONTENT_WORDS];

	if (before == 0)
		head[list] = after;
	else
		next[before - 1] = after;
	if (after != 0)
		contents[(size_t)(after - 1) * CONTENT_WORDS] = before;
	else
		tail[list] = before;
	map_count[pfn] = 0;
	next[pfn] = 0;
	nr_blocks[list]--;
	(type == ISOLATE ? nr_isolated : nr_free)[zone] -= 1u << order;
}

static int is_of_one_list(uint32_t pfn, int order)
{
	int first = list_type(pfn);

	for (uint32_t page = pfn, end = pfn + (1u << order); page < end;) {
		if (list_type(page) != first)
			return 0;
		if ((migratetype[page >> PAGEBLOCK_ORDER] & PARTLY_BOOKED) != 0)
			page++;
		else
			page = page - page % PAGEBLOCK_PAGES + PAGEBLOCK_PAGES;
	}
	return 1;
}

static void merge_free(uint32_t pfn, int order)
{
	int zone = zone_of[pfn >> PAGEBLOCK_ORDER];
	int type = list_type(pfn);

	for (; order < MAX_ORDER; order++) {
		uint32_t buddy = pfn ^ 1u << order;

		if (buddy >= nr_pages || free_order(buddy) != order || zone_of[buddy >> PAGEBLOCK_ORDER] != zone)
			break;
		/* All memory is of one type here, so that blocks of two never meet; looked at it is nevertheless. */
		if (list_type(buddy) != type)
			break;
		unlink_block(buddy, zone, type, order);
		if (buddy < pfn)
			pfn = buddy;
	}
	link_block(pfn, zone, type, order);
}

static void file_free(uint32_t pfn, int order)
{
	if (order == 0 || is_of_one_list(pfn, order)) {
		merge_free(pfn, order);
		return;
	}
	file_free(pfn, order - 1);
	file_free(pfn + (1u << (order - 1)), order - 1);
}

static void free_block(uint32_t pfn, int order)
{
	for (uint32_t page = pfn, end = pfn + (1u << order); page < end; page++) {
		flags[page] = PG_BUDDY;
		map_count[page] = 0;
		next[page] = 0;
	}
	count_in_use(pfn, order, -1);
	file_free(pfn, order);
}

static uint32_t take_block(int zone, int type, int order)
{
	for (int size = order; size <= MAX_ORDER; size++) {
		uint32_t first = head[list_at(zone, type, size)];

		if (first == 0)
			continue;
		first--;
		unlink_block(first, zone, type, size);
		for (int half = size - 1; half >= order; half--)
			link_block(first + (1u << half), zone, type, half);
		for (uint32_t page = first, end = first + (1u << order); page < end; page++)
			flags[page] = 0;
		count_in_use(first, order, 1);
		return first;
	}
	return NO_PAGE;
}

static void operate(uint32_t word)
{
	if (used < nr_pages / 2) {
		/* Half of all allocations are single pages, half of the rest two, and so on. */
		int order = __builtin_ctz(word | 1u << MAX_ORDER);
		uint32_t pfn = take_block(0, MOVABLE, order);

		if (pfn == NO_PAGE)
			return;
		held[nr_held] = pfn;
		held_order[nr_held++] = order;
		used += 1u << order;
	} else {
		uint32_t at = (word >> 1) % nr_held;
		uint32_t pfn = held[at];
		int order = held_order[at];

		held[at] = held[--nr_held];
		held_order[at] = held_order[nr_held];
		used -= 1u << order;
		free_block(pfn, order);
	}
}

static void prepare(int argc, char **argv)
{
	nr_pages = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	nr_operations = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	flags = allocate(nr_pages * sizeof *flags);
	next = allocate(nr_pages * sizeof *next);
	contents = allocate(nr_pages * sizeof *contents * CONTENT_WORDS);
	map_count = allocate(nr_pages * sizeof *map_count);
	use = allocate(nr_pages / PAGEBLOCK_PAGES * sizeof *use);
	migratetype = allocate(nr_pages / PAGEBLOCK_PAGES);
	zone_of = allocate(nr_pages / PAGEBLOCK_PAGES);
	booked = allocate(nr_pages / 8);
	held = allocate(nr_pages * sizeof *held);
	held_order = allocate(nr_pages);
	operations = allocate(nr_operations * sizeof *operations);
	chance = prng_seed(1);
	memset(migratetype, MOVABLE, nr_pages / PAGEBLOCK_PAGES);
	for (uint32_t block = 0; block < nr_pages / PAGEBLOCK_PAGES; block++)
		use[block] = PAGEBLOCK_PAGES;
	/* As memory blocks come online: each from its end. */
	for (uint32_t start = 0; start < nr_pages; start += 32768)
		for (uint32_t pfn = start + 32768; pfn > start; pfn -= PAGEBLOCK_PAGES)
			free_block(pfn - PAGEBLOCK_PAGES, PAGEBLOCK_ORDER);
	while (used < nr_pages / 2)
		operate(prng_next(&chance));
}

static void reset(void)
{
	for (uint32_t i = 0; i < nr_operations; i++)
		operations[i] = prng_next(&chance);
}

static void work(void)
{
	for (uint32_t i = 0; i < nr_operations; i++)
		operate(operations[i]);
}

static uint32_t hash(void)
{
	uint32_t from = hash_words(held, nr_held, HASH_START);

	from = hash_words(head + list_at(0, MOVABLE, 0), NR_ORDERS, from);
	return hash_words(nr_free, 1, from);
}
