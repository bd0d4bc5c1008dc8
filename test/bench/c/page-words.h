/* The flags of a made-up machine, as benchmarks/page-words.ts has them. */
#define PG_UPTODATE (1u << 3)
#define PG_LRU (1u << 5)
#define PG_ACTIVE (1u << 6)
#define PG_SLAB (1u << 7)
#define PG_BUDDY (1u << 10)
#define PG_ANON (1u << 12)
#define PG_SWAPBACKED (1u << 14)
#define PG_NOPAGE (1u << 20)
#define PG_RESERVED (1u << 27)
#define PG_PCP (1u << 28)
#define FREE_FLAGS (PG_BUDDY | PG_PCP)
#define PAGEBLOCK_ORDER 9
#define PAGEBLOCK_PAGES 512

#define ANON (PG_UPTODATE | PG_LRU | PG_ANON | PG_SWAPBACKED)
#define FILE_PAGE (PG_UPTODATE | PG_LRU)

static inline uint32_t page_word(uint32_t pfn)
{
	static const uint32_t used[8] = {
		ANON, ANON, ANON | PG_ACTIVE, ANON | PG_ACTIVE,
		FILE_PAGE, FILE_PAGE, FILE_PAGE | PG_ACTIVE, ANON,
	};
	static const uint32_t kernel[2] = { PG_SLAB, PG_RESERVED };
	uint32_t of_block = mix32((pfn >> PAGEBLOCK_ORDER) ^ 0x9e3779b9u);
	uint32_t of_page = mix32(pfn);

	if ((of_page & 0xff) >= (of_block & 0xff))
		return PG_BUDDY;
	if ((of_block >> 8) % 16 == 0 && (of_page >> 8) % 64 == 0)
		return kernel[of_page >> 16 & 1];
	return used[of_page >> 16 & 7];
}
