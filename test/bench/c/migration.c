/*
 * Migration of plain anonymous pages over the columns of a simulated machine: what src/migration and src/sim do for such
 * a page, in C, page after page. At its end every column is as the product leaves it; what a benchmark's machine has not
 * (other page types, locks, pins, swap, compound pages) ends the program, so that nothing is left out in silence.
 *
 * migration IMAGE LAYOUT PAGES plain|prefetch
 * migration IMAGE LAYOUT PAGES copy TARGETS
 *
 * IMAGE is the machine's state, LAYOUT says where its columns are (see machine-image.ts), PAGES are the pages to move, in
 * machine words. With "prefetch" the lines that a page needs are asked for some pages ahead: about what the machine can do.
 * With "copy" nothing but the contents is copied, to the pages that TARGETS names: memcpy, page after page.
 */
#include "bench.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	PG_LOCKED = 1 << 0, PG_ERROR = 1 << 1, PG_REFERENCED = 1 << 2, PG_UPTODATE = 1 << 3, PG_DIRTY = 1 << 4,
	PG_LRU = 1 << 5, PG_ACTIVE = 1 << 6, PG_WRITEBACK = 1 << 8, PG_BUDDY = 1 << 10, PG_ANON = 1 << 12,
	PG_SWAPCACHE = 1 << 13, PG_SWAPBACKED = 1 << 14, PG_HEAD = 1 << 15, PG_TAIL = 1 << 16, PG_HUGE = 1 << 17,
	PG_UNEVICTABLE = 1 << 18, PG_NOPAGE = 1 << 20, PG_KSM = 1 << 21, PG_THP = 1 << 22, PG_OFFLINE = 1 << 23,
	PG_MLOCKED = 1 << 25, PG_RESERVED = 1 << 27, PG_PCP = 1 << 28, PG_ISOLATED = 1 << 29, PG_MOVABLE_OPS = 1 << 30,
};
#define PG_NONLINEAR (1u << 31)
#define CARRIED                                                                                              \
	((uint32_t)(PG_ERROR | PG_REFERENCED | PG_UPTODATE | PG_DIRTY | PG_ACTIVE | PG_ANON | PG_SWAPCACHE | \
		    PG_SWAPBACKED | PG_UNEVICTABLE | PG_MLOCKED | PG_KSM | PG_MOVABLE_OPS | PG_OFFLINE |     \
		    PG_HEAD | PG_TAIL | PG_THP | PG_HUGE))

enum { PTE_PRESENT = 1, PTE_WRITE = 2, PTE_DIRTY = 4, PTE_MIGRATION = 8 };
enum { VM_LOCKED = 4 };
enum { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_ISOLATE, NR_MIGRATETYPES };
enum { MAX_PAGE_ORDER = 10, NR_PAGE_ORDERS, PAGEBLOCK_ORDER = 9, PAGEBLOCK_PAGES = 1 << PAGEBLOCK_ORDER };
enum { TABLE_ENTRIES = 512, EXTENT_SHIFT = 6, LRU_CHUNK = 256, LRU_LISTS_PER_NODE = 4 };
enum { LRU_EPOCH_SHIFT = 28, LRU_PAYLOAD = (1 << LRU_EPOCH_SHIFT) - 1 };
enum { BLOCK_ISOLATED = 0x80, BLOCK_PARTLY_BOOKED = 0x40, BLOCK_TYPE = 0x03 };
enum { LRU_CHUNK_FREE = 15, LRU_CHUNK_FILL = 16 };
enum { BATCH = 512, AHEAD = 24 };
#define POISON 0xaaaaaaaau

/* The columns, under the names that they have in src/sim/machine.ts. */
static uint32_t *flags, *page_index, *contents;
static uint16_t *count, *mapcount, *map_nonlinear, *pageblock_use;
static uint8_t *lru_epoch, *migratetype, *zone_of_pageblock, *lru_generation, *vma_flags;
static uint32_t *nr_free, *nr_isolated_free, *watermark_min, *free_head, *free_tail, *free_blocks;
static uint32_t *lru_entries, *lru_chunk_next, *lru_first, *lru_last, *lru_first_at, *lru_last_at, *lru_length, *lru_limit;
static uint32_t *map_base, *map_links, *extent_mapping, *link_vma, *link_next;
static uint32_t *vma_mm, *vma_start, *vma_pages, *vma_offset, *mm_pgd, *ptes, *tlb, *scalars;
static uint64_t content_words, nr_pfns, nr_lru_lists, lru_chunks, tlb_words;

static const struct {
	const char *name;
	void *at;
} columns[] = {
	{ "flags", &flags }, { "index", &page_index }, { "contents", &contents }, { "count", &count },
	{ "mapcount", &mapcount }, { "mapNonlinear", &map_nonlinear }, { "pageblockUse", &pageblock_use },
	{ "lruEpoch", &lru_epoch }, { "migratetype", &migratetype }, { "zoneOfPageblock", &zone_of_pageblock },
	{ "lruGeneration", &lru_generation }, { "vmaFlags", &vma_flags }, { "nrFree", &nr_free },
	{ "nrIsolatedFree", &nr_isolated_free }, { "watermarkMin", &watermark_min }, { "freeHead", &free_head },
	{ "freeTail", &free_tail }, { "freeBlocks", &free_blocks }, { "lruEntries", &lru_entries },
	{ "lruChunkNext", &lru_chunk_next }, { "lruFirst", &lru_first }, { "lruLast", &lru_last },
	{ "lruFirstAt", &lru_first_at }, { "lruLastAt", &lru_last_at }, { "lruLength", &lru_length },
	{ "lruLimit", &lru_limit }, { "mapBase", &map_base }, { "mapLinks", &map_links },
	{ "extentMapping", &extent_mapping }, { "linkVma", &link_vma }, { "linkNext", &link_next },
	{ "vmaMm", &vma_mm }, { "vmaStart", &vma_start }, { "vmaPages", &vma_pages }, { "vmaOffset", &vma_offset },
	{ "mmPgd", &mm_pgd }, { "ptes", &ptes }, { "tlb", &tlb }, { "scalars", &scalars },
};
static const struct {
	const char *name;
	uint64_t *at;
} numbers[] = {
	{ "contentWords", &content_words }, { "nrPfns", &nr_pfns }, { "lruLists", &nr_lru_lists },
	{ "lruChunks", &lru_chunks }, { "tlbWords", &tlb_words },
};
#define NR_OF(array) (sizeof(array) / sizeof(array[0]))

static enum { PLAIN, PREFETCH, COPY } how;
static uint32_t *pages, *moved_to;
static size_t nr_pages;

static _Noreturn void unlike(const char *what, uint32_t pfn)
{
	fprintf(stderr, "pfn:0x%x: %s; the benchmark's machine has no such page\n", pfn, what);
	exit(1);
}

/* ---- pageblocks.ts ---- */

static inline uint32_t zone_of(uint32_t pfn)
{
	return zone_of_pageblock[pfn >> PAGEBLOCK_ORDER];
}

static inline uint32_t free_list_type(uint32_t pfn)
{
	uint8_t byte = migratetype[pfn >> PAGEBLOCK_ORDER];

	if (byte & BLOCK_PARTLY_BOOKED)
		unlike("booked", pfn);
	return byte & BLOCK_ISOLATED ? MIGRATE_ISOLATE : byte & BLOCK_TYPE;
}

/* ---- buddy.ts ---- */

static inline uint32_t free_list_at(uint32_t zone, uint32_t type, uint32_t order)
{
	return (zone * NR_MIGRATETYPES + type) * NR_PAGE_ORDERS + order;
}

static inline uint32_t *link_back(uint32_t pfn)
{
	return &contents[pfn * content_words];
}

static void link_block(uint32_t pfn, uint32_t zone, uint32_t type, uint32_t order)
{
	uint32_t list = free_list_at(zone, type, order);
	uint32_t head = free_head[list];

	mapcount[pfn] = order + 1;
	page_index[pfn] = head;
	*link_back(pfn) = 0;
	if (head != 0)
		*link_back(head - 1) = pfn + 1;
	else
		free_tail[list] = pfn + 1;
	free_head[list] = pfn + 1;
	free_blocks[list]++;
	(type == MIGRATE_ISOLATE ? nr_isolated_free : nr_free)[zone] += 1u << order;
}

static void unlink_block(uint32_t pfn, uint32_t zone, uint32_t type, uint32_t order)
{
	uint32_t list = free_list_at(zone, type, order);
	uint32_t next = page_index[pfn];
	uint32_t previous = *link_back(pfn);

	if (previous == 0)
		free_head[list] = next;
	else
		page_index[previous - 1] = next;
	if (next != 0)
		*link_back(next - 1) = previous;
	else
		free_tail[list] = previous;
	mapcount[pfn] = 0;
	page_index[pfn] = 0;
	free_blocks[list]--;
	(type == MIGRATE_ISOLATE ? nr_isolated_free : nr_free)[zone] -= 1u << order;
}

static void free_page_to_buddy(uint32_t pfn)
{
	uint32_t zone = zone_of(pfn), type = free_list_type(pfn), start = pfn, order = 0;

	flags[pfn] = PG_BUDDY;
	mapcount[pfn] = 0;
	page_index[pfn] = 0;
	pageblock_use[pfn >> PAGEBLOCK_ORDER]--;
	while (order < MAX_PAGE_ORDER) {
		uint32_t buddy = start ^ (1u << order), buddy_type;

		if (buddy >= nr_pfns || !(flags[buddy] & PG_BUDDY) || mapcount[buddy] != order + 1 ||
		    zone_of(buddy) != zone)
			break;
		buddy_type = free_list_type(buddy);
		if (buddy_type != type) {
			if (buddy_type == MIGRATE_ISOLATE || type == MIGRATE_ISOLATE)
				break;
			unlike("pageblocks of different types merge", buddy);
		}
		unlink_block(buddy, zone, buddy_type, order);
		if (buddy < start)
			start = buddy;
		order++;
	}
	link_block(start, zone, type, order);
}

/* ---- targets.ts ---- */

/* The benchmark's machine has one zone, and holes enough below the highest order. */
static uint32_t allocate_target(void)
{
	static const uint32_t by_preference[] = { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE };

	if (nr_free[0] < watermark_min[0] + 1)
		unlike("the zone is at its min watermark", 0);
	for (uint32_t size = 0; size < MAX_PAGE_ORDER; size++) {
		for (uint32_t i = 0; i < NR_OF(by_preference); i++) {
			uint32_t type = by_preference[i];
			uint32_t head = free_head[free_list_at(0, type, size)], pfn;

			if (head == 0)
				continue;
			pfn = head - 1;
			unlink_block(pfn, 0, type, size);
			for (uint32_t half = size; half-- > 0;)
				link_block(pfn + (1u << half), 0, type, half);
			flags[pfn] = 0;
			pageblock_use[pfn >> PAGEBLOCK_ORDER]++;
			count[pfn] = 1;
			mapcount[pfn] = 0;
			page_index[pfn] = 0;
			return pfn;
		}
	}
	unlike("only blocks of the highest order are left", 0);
}

/* ---- lru.ts ---- */

static inline int lru_list_of(uint32_t page_flags)
{
	if (page_flags & PG_UNEVICTABLE)
		return -1;
	return (page_flags & PG_ACTIVE ? 1 : 0) + (page_flags & PG_SWAPBACKED ? 2 : 0);
}

static void lru_append(uint32_t list, uint32_t entry)
{
	uint32_t chunk = lru_last[list];

	if (chunk == 0 || lru_last_at[list] == LRU_CHUNK) {
		uint32_t fresh = scalars[LRU_CHUNK_FREE];

		if (fresh != 0)
			scalars[LRU_CHUNK_FREE] = lru_chunk_next[fresh];
		else if ((fresh = ++scalars[LRU_CHUNK_FILL]) >= lru_chunks)
			unlike("LRU chunks have run out", entry);
		lru_chunk_next[fresh] = 0;
		if (chunk == 0) {
			lru_first[list] = fresh;
			lru_first_at[list] = 0;
		} else {
			lru_chunk_next[chunk] = fresh;
		}
		lru_last[list] = fresh;
		lru_last_at[list] = 0;
		chunk = fresh;
	}
	lru_entries[chunk * LRU_CHUNK + lru_last_at[list]++] = entry;
	lru_length[list]++;
}

static inline int lru_holds(uint32_t entry, int kind)
{
	uint32_t pfn = entry & LRU_PAYLOAD, page = flags[pfn];

	return (page & (PG_LRU | PG_ISOLATED)) && lru_epoch[pfn] == entry >> LRU_EPOCH_SHIFT && lru_list_of(page) == kind;
}

/* The queue ends within this chunk from now on, or (0) has none; the rest are free again. */
static void lru_end_at(uint32_t list, uint32_t last, uint32_t last_at)
{
	uint32_t chunk = last == 0 ? lru_first[list] : lru_chunk_next[last];

	if (last == 0) {
		lru_first[list] = 0;
		lru_first_at[list] = 0;
	} else {
		lru_chunk_next[last] = 0;
	}
	lru_last[list] = last;
	lru_last_at[list] = last == 0 ? 0 : last_at;
	while (chunk != 0) {
		uint32_t next = lru_chunk_next[chunk];

		lru_chunk_next[chunk] = scalars[LRU_CHUNK_FREE];
		scalars[LRU_CHUNK_FREE] = chunk;
		chunk = next;
	}
}

static void lru_drop_stale(uint32_t list)
{
	int kind = list % LRU_LISTS_PER_NODE;
	uint32_t from = lru_first[list], at = lru_first_at[list], to = from, end = at, kept = 0;

	for (uint32_t left = lru_length[list]; left > 0;) {
		uint32_t next = at + left < LRU_CHUNK ? at + left : LRU_CHUNK;

		left -= next - at;
		for (uint32_t i = at; how == PREFETCH && i < next; i++) {
			uint32_t pfn = lru_entries[from * LRU_CHUNK + i] & LRU_PAYLOAD;

			__builtin_prefetch(&flags[pfn]);
			__builtin_prefetch(&lru_epoch[pfn]);
		}
		for (; at < next; at++) {
			uint32_t entry = lru_entries[from * LRU_CHUNK + at];

			if (!lru_holds(entry, kind))
				continue;
			if (end == LRU_CHUNK) {
				to = lru_chunk_next[to];
				end = 0;
			}
			lru_entries[to * LRU_CHUNK + end++] = entry;
			kept++;
		}
		from = lru_chunk_next[from];
		at = 0;
	}
	if (to != 0)
		lru_end_at(list, kept == 0 ? 0 : to, end);
	lru_length[list] = kept;
	lru_limit[list] = kept + (kept >> 2) + LRU_CHUNK;
}

/* The benchmark's machine has one node. */
static void place_on_lru(uint32_t pfn)
{
	uint8_t old = lru_epoch[pfn];
	uint32_t placement = old >> 3 == lru_generation[0] ? (old & 7u) + 1 : 0;
	uint32_t longest;
	int list;

	if (placement > 7) {
		for (uint32_t i = 0; i < LRU_LISTS_PER_NODE; i++)
			lru_drop_stale(i);
		lru_generation[0] ^= 1;
		placement = 0;
	}
	lru_epoch[pfn] = lru_generation[0] << 3 | placement;
	/* 0 is for pages that a machine is populated with. */
	if (lru_epoch[pfn] == 0)
		lru_epoch[pfn] = 1;
	list = lru_list_of(flags[pfn]);
	if (list < 0)
		return;
	longest = lru_limit[list] > LRU_CHUNK ? lru_limit[list] : LRU_CHUNK;
	if (lru_length[list] >= longest)
		lru_drop_stale(list);
	if (lru_chunks - 1 - scalars[LRU_CHUNK_FILL] <= nr_lru_lists * 2 && scalars[LRU_CHUNK_FREE] == 0)
		for (uint32_t i = 0; i < nr_lru_lists; i++)
			lru_drop_stale(i);
	lru_append(list, (uint32_t)lru_epoch[pfn] << LRU_EPOCH_SHIFT | pfn);
}

/* ---- page-tables.ts, rmap.ts ---- */

static inline uint32_t pte_at(uint32_t mm, uint32_t vpn)
{
	uint32_t pmd = ptes[mm_pgd[mm] * TABLE_ENTRIES + (vpn >> 18)], table;

	if (pmd == 0)
		return 0;
	table = ptes[pmd * TABLE_ENTRIES + (vpn >> 9 & (TABLE_ENTRIES - 1))];
	return table == 0 ? 0 : table * TABLE_ENTRIES + (vpn & (TABLE_ENTRIES - 1));
}

/* The entry through which a VMA would map a page, 0 if it lies outside. */
static inline uint32_t entry_in(uint32_t vma, uint32_t offset)
{
	uint32_t first = vma_offset[vma];

	if (offset < first || offset >= first + vma_pages[vma])
		return 0;
	return pte_at(vma_mm[vma], vma_start[vma] + (offset - first));
}

static void unmap_to_migration(uint32_t pfn)
{
	uint32_t mapping = extent_mapping[page_index[pfn] >> EXTENT_SHIFT];
	uint32_t offset = page_index[pfn] - map_base[mapping];
	uint32_t left = mapcount[pfn];

	for (uint32_t link = map_links[mapping]; link != 0 && left > 0; link = link_next[link]) {
		uint32_t at = entry_in(link_vma[link], offset), pte = ptes[at];

		if (at == 0 || !(pte & PTE_PRESENT) || pte >> 4 != pfn)
			continue;
		ptes[at] = (pte & ~PTE_PRESENT) | PTE_MIGRATION;
		left--;
	}
	if (left > 0)
		unlike("an entry that maps it cannot be found", pfn);
	count[pfn] -= mapcount[pfn];
	mapcount[pfn] = 0;
}

static void remap_from_migration(uint32_t source, uint32_t target)
{
	uint32_t mapping = extent_mapping[page_index[target] >> EXTENT_SHIFT];
	uint32_t offset = page_index[target] - map_base[mapping];
	uint32_t restored = 0;

	for (uint32_t link = map_links[mapping]; link != 0; link = link_next[link]) {
		uint32_t vma = link_vma[link], at = entry_in(vma, offset), pte = ptes[at];

		if (at == 0 || (pte & (PTE_PRESENT | PTE_MIGRATION)) != PTE_MIGRATION || pte >> 4 != source)
			continue;
		ptes[at] = target << 4 | (pte & (PTE_WRITE | PTE_DIRTY)) | PTE_PRESENT;
		if (vma_flags[vma] & VM_LOCKED)
			unlike("its VMA is locked", source);
		restored++;
	}
	mapcount[target] += restored;
	count[target] += restored;
}

/* ---- contents.ts ---- */

static inline void copy_contents(uint32_t source, uint32_t target)
{
	if (content_words == 1)
		contents[target] = contents[source];
	else if (content_words == 2)
		memcpy(&contents[target * 2], &contents[source * 2], 8);
	else
		memcpy(&contents[target * content_words], &contents[source * content_words], 4096);
}

/* ---- the migration of one page: judge.ts, migrate-batch.ts, sim-host.ts ---- */

static void judge(uint32_t pfn)
{
	uint32_t page = flags[pfn];

	if (page & (PG_NOPAGE | PG_RESERVED | PG_HEAD | PG_TAIL))
		unlike("no base page", pfn);
	if ((page & (PG_ANON | PG_SWAPCACHE | PG_HUGE)) != PG_ANON)
		unlike("not anonymous", pfn);
	if (page & (PG_ISOLATED | PG_LOCKED | PG_WRITEBACK))
		unlike("in hand already", pfn);
	if (page_index[pfn] == 0 || count[pfn] == 0 || !(page & PG_LRU))
		unlike("on its way", pfn);
	if (count[pfn] != mapcount[pfn])
		unlike("pinned", pfn);
}

static void carry(uint32_t source, uint32_t target)
{
	uint32_t page = flags[source];
	uint32_t mapping = extent_mapping[page_index[target] >> EXTENT_SHIFT];
	uint32_t nonlinear = mapping != 0 && map_nonlinear[mapping] != 0 ? PG_NONLINEAR : 0;
	uint32_t own = flags[target] & (~(CARRIED | PG_NONLINEAR) | PG_DIRTY);

	flags[target] = own | (page & CARRIED) | nonlinear;
	flags[source] = page & (PG_LOCKED | PG_ISOLATED);
	place_on_lru(target);
}

static void free_source(uint32_t pfn)
{
	flags[pfn] &= ~PG_ISOLATED;
	if (--count[pfn] != 0)
		unlike("somebody else holds it", pfn);
	flags[pfn] = 0;
	mapcount[pfn] = 0;
	contents[pfn * content_words] = POISON;
	if (content_words > 1)
		contents[pfn * content_words + 1] = POISON;
	if (free_list_type(pfn) != MIGRATE_ISOLATE)
		unlike("outside the range that is being emptied", pfn);
	free_page_to_buddy(pfn);
}

static uint32_t migrate_page(uint32_t source)
{
	uint32_t target;

	judge(source);
	flags[source] = (flags[source] & ~PG_LRU) | PG_ISOLATED;
	count[source]++;
	target = allocate_target();
	flags[source] |= PG_LOCKED;
	flags[target] |= PG_LOCKED | PG_ISOLATED;
	unmap_to_migration(source);
	/* The freeze: nobody else holds either page, and nobody will until both counts are back. */
	if (count[target] != 1 || count[source] != 1)
		unlike("pinned", source);
	count[target] = 0;
	count[source] = 0;
	page_index[target] = page_index[source];
	page_index[source] = 0;
	count[target] = 1;
	count[source] = 1;
	copy_contents(source, target);
	carry(source, target);
	remap_from_migration(source, target);
	flags[source] &= ~PG_LOCKED;
	flags[target] &= ~PG_LOCKED;
	flags[target] = (flags[target] & ~PG_ISOLATED) | PG_LRU;
	if (--count[target] == 0)
		unlike("nobody has it any more", target);
	free_source(source);
	return target;
}

/* ---- the benchmark ---- */

static char *image;
static size_t image_size;
static int image_file;

/* Parts of the image that are not all zero. */
static struct extent {
	size_t start, length;
} *extents;
static size_t nr_extents;

/* The chain of free pages is followed some pages ahead, as is the way from a source to its entry. */
static uint32_t scout;

static void prefetch_target(void)
{
	uint32_t list = free_list_at(0, MIGRATE_MOVABLE, 0), pfn;

	if (scout == 0)
		scout = free_head[list];
	if (scout == 0)
		return;
	pfn = scout - 1;
	scout = page_index[pfn];
	__builtin_prefetch(&flags[pfn], 1);
	__builtin_prefetch(&count[pfn], 1);
	__builtin_prefetch(&mapcount[pfn], 1);
	__builtin_prefetch(&lru_epoch[pfn], 1);
	__builtin_prefetch(&contents[pfn * content_words], 1);
	if (scout != 0)
		__builtin_prefetch(&page_index[scout - 1], 1);
}

static void prefetch_entry(uint32_t pfn)
{
	uint32_t mapping = extent_mapping[page_index[pfn] >> EXTENT_SHIFT];
	uint32_t link = map_links[mapping];

	if (link != 0)
		__builtin_prefetch(&ptes[entry_in(link_vma[link], page_index[pfn] - map_base[mapping])], 1);
}

static void copy_all(void)
{
	for (size_t i = 0; i < nr_pages; i++)
		copy_contents(pages[i], moved_to[i]);
}

static void work(void)
{
	if (how == COPY) {
		copy_all();
		return;
	}
	scout = 0;
	if (how == PREFETCH)
		for (size_t i = 0; i < AHEAD; i++)
			prefetch_target();
	for (size_t i = 0; i < nr_pages; i++) {
		if (i % BATCH == 0)
			memset(tlb, 0, tlb_words * 4);
		if (how == PREFETCH && i + AHEAD < nr_pages) {
			prefetch_target();
			prefetch_entry(pages[i + AHEAD]);
		}
		moved_to[i] = migrate_page(pages[i]);
	}
}

static void read_fully(int file, void *to, size_t length, size_t from)
{
	while (length > 0) {
		ssize_t nr = pread(file, to, length, from);

		if (nr <= 0)
			die("read");
		to = (char *)to + nr;
		from += nr;
		length -= nr;
	}
}

/* What was all zero is made so again where it is not: what nobody has touched stays untouched. */
static void zero(size_t start, size_t end)
{
	enum { STEP = 4096 };

	for (size_t at = start; at < end; at += STEP) {
		size_t length = end - at < STEP ? end - at : STEP;

		for (size_t i = 0; i < length; i += 8)
			if (*(uint64_t *)(image + at + i) != 0) {
				memset(image + at, 0, length);
				break;
			}
	}
}

static void reset(void)
{
	static int is_done;
	size_t at = 0;

	/* Copying again makes the same pages. */
	if (how == COPY && is_done)
		return;
	is_done = 1;
	for (size_t i = 0; i < nr_extents; i++) {
		zero(at, extents[i].start);
		read_fully(image_file, image + extents[i].start, extents[i].length, extents[i].start);
		at = extents[i].start + extents[i].length;
	}
	zero(at, image_size);
}

static uint32_t hash(void)
{
	uint32_t hash = HASH_START;

	if (how == COPY) {
		for (size_t i = 0; i < nr_pages; i++)
			hash = hash_words(&contents[moved_to[i] * content_words], content_words, hash);
		return hash;
	}
	return hash_words(moved_to, nr_pages, hash_words((uint32_t *)image, image_size / 4, HASH_START));
}

static void read_layout(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned long long a, b;
	size_t nr_found = 0;
	char name[64];

	if (file == NULL || fscanf(file, "bytes %llu", &a) != 1)
		die(path);
	image_size = a;
	image = mmap(NULL, image_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (image == MAP_FAILED)
		die("memory");
	while (fscanf(file, " number %63s %llu", name, &a) == 2)
		for (size_t i = 0; i < NR_OF(numbers); i++)
			if (strcmp(numbers[i].name, name) == 0) {
				*numbers[i].at = a;
				nr_found++;
			}
	while (fscanf(file, " column %63s %llu", name, &a) == 2)
		for (size_t i = 0; i < NR_OF(columns); i++)
			if (strcmp(columns[i].name, name) == 0) {
				*(void **)columns[i].at = image + a;
				nr_found++;
			}
	if (nr_found != NR_OF(numbers) + NR_OF(columns)) {
		fprintf(stderr, "%s: a number or a column is missing\n", path);
		exit(1);
	}
	while (fscanf(file, " extent %llu %llu", &a, &b) == 2) {
		extents = realloc(extents, (nr_extents + 1) * sizeof(*extents));
		extents[nr_extents++] = (struct extent){ a, b };
	}
	fclose(file);
}

static size_t read_pages(const char *path, uint32_t **to)
{
	int file = open(path, O_RDONLY);
	size_t size;

	if (file < 0)
		die(path);
	size = lseek(file, 0, SEEK_END);
	*to = allocate(size);
	read_fully(file, *to, size, 0);
	close(file);
	return size / 4;
}

static void prepare(int argc, char **argv)
{
	how = argc == 6 && strcmp(argv[4], "copy") == 0 ? COPY : argc == 5 && strcmp(argv[4], "prefetch") == 0 ? PREFETCH : PLAIN;
	if (argc != (how == COPY ? 6 : 5)) {
		fprintf(stderr, "usage: migration IMAGE LAYOUT PAGES plain|prefetch, or ... copy TARGETS\n");
		exit(2);
	}
	read_layout(argv[2]);
	image_file = open(argv[1], O_RDONLY);
	if (image_file < 0)
		die(argv[1]);
	nr_pages = read_pages(argv[3], &pages);
	if (how == COPY)
		read_pages(argv[5], &moved_to);
	else
		moved_to = allocate(nr_pages * 4);
	/* The work's own memory is touched before it is timed: what it makes out of zeros, too. */
	reset();
	work();
}
