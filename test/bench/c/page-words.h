/* The flags of a made-up machine, as benchmarks/page-words.ts has them. */
#define PG_LOCKED (1u << 0)
#define PG_REFERENCED (1u << 2)
#define PG_UPTODATE (1u << 3)
#define PG_LRU (1u << 5)
#define PG_ACTIVE (1u << 6)
#define PG_SLAB (1u << 7)
#define PG_WRITEBACK (1u << 8)
#define PG_BUDDY (1u << 10)
#define PG_ANON (1u << 12)
#define PG_SWAPCACHE (1u << 13)
#define PG_SWAPBACKED (1u << 14)
#define PG_HUGE (1u << 17)
#define PG_UNEVICTABLE (1u << 18)
#define PG_HWPOISON (1u << 19)
#define PG_NOPAGE (1u << 20)
#define PG_KSM (1u << 21)
#define PG_THP (1u << 22)
#define PG_OFFLINE (1u << 23)
#define PG_PRIVATE (1u << 24)
#define PG_MLOCKED (1u << 25)
#define PG_PGTABLE (1u << 26)
#define PG_RESERVED (1u << 27)
#define PG_PCP (1u << 28)
#define PG_ISOLATED (1u << 29)
#define PG_MOVABLE_OPS (1u << 30)
#define FREE_FLAGS (PG_BUDDY | PG_PCP)
#define PAGEBLOCK_ORDER 9
#define PAGEBLOCK_PAGES 512

#define ANON (PG_UPTODATE | PG_LRU | PG_ANON | PG_SWAPBACKED)
#define FILE_PAGE (PG_UPTODATE | PG_LRU)

static inline uint32_t page_word(uint32_t pfn)
{
	static const uint32_t used[8] = {
		ANON, ANON | PG_REFERENCED, ANON | PG_ACTIVE, ANON | PG_LOCKED,
		FILE_PAGE, FILE_PAGE | PG_WRITEBACK, FILE_PAGE | PG_ACTIVE, PG_UPTODATE | PG_SWAPBACKED,
	};
	static const uint32_t kernel[4] = { PG_SLAB, PG_RESERVED, PG_PGTABLE, 0 };
	uint32_t of_block = mix32((pfn >> PAGEBLOCK_ORDER) ^ 0x9e3779b9u);
	uint32_t of_page = mix32(pfn);

	if ((of_page & 0xff) >= (of_block & 0xff))
		return PG_BUDDY;
	if ((of_block >> 8) % 16 == 0 && (of_page >> 8) % 64 == 0)
		return kernel[of_page >> 16 & 3];
	return used[of_page >> 16 & 7];
}
