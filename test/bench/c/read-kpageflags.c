/*
 * Reads a file of /proc/kpageflags words in chunks of 1 MiB and decodes each word as src/capture/kpageflags.ts does
 * (translateFlags): the plain way to know the flags of all pages.
 * read-kpageflags fresh|touched FILE NR_PAGES
 * "fresh" takes memory for them anew each time, as whoever reads a file once does; "touched" has it already.
 */
#include "bench.h"
#include "page-words.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PG_MMAP (1u << 11)
#define SAME_BITS (0x00ffffffu | PG_PGTABLE)
#define KPF_ZERO_PAGE (1ull << 24)
#define KPF_RESERVED (1ull << 32)
#define KPF_MLOCKED (1ull << 33)
#define KPF_PRIVATE (1ull << 35)
#define CHUNK_WORDS (1u << 17)

static const char *path;
static int is_fresh;
static uint32_t nr_pages;
static uint32_t *flags;
static uint64_t *chunk;

static void prepare(int argc, char **argv)
{
	is_fresh = argc == 4 && strcmp(argv[1], "fresh") == 0;
	path = argc == 4 ? argv[2] : "";
	nr_pages = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
	if (!is_fresh)
		flags = allocate(nr_pages * sizeof *flags);
	chunk = allocate(CHUNK_WORDS * sizeof *chunk);
}

static void reset(void)
{
	/* Not free(): what that gets back it hands out again, touched. */
	if (is_fresh && flags != NULL && munmap(flags, nr_pages * sizeof *flags) != 0)
		die("munmap");
}

static inline uint32_t decode(uint64_t word)
{
	uint32_t flags = (uint32_t)word & SAME_BITS;

	if (word & KPF_RESERVED)
		flags |= PG_RESERVED;
	if (word & KPF_MLOCKED)
		flags |= PG_MLOCKED;
	if (word & KPF_PRIVATE)
		flags |= PG_PRIVATE;
	if (flags & PG_SLAB)
		flags &= ~(PG_ANON | PG_KSM | PG_MMAP);
	if (word & KPF_ZERO_PAGE)
		flags &= ~PG_THP;
	return flags & PG_NOPAGE ? PG_NOPAGE : flags;
}

static void work(void)
{
	int file = open(path, O_RDONLY);
	uint32_t pfn = 0;

	if (file < 0)
		die(path);
	if (is_fresh)
		flags = mmap(NULL, nr_pages * sizeof *flags, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (flags == MAP_FAILED)
		die("memory");
	while (pfn < nr_pages) {
		ssize_t nr = read(file, chunk, CHUNK_WORDS * sizeof *chunk);

		if (nr <= 0 || nr % 8 != 0)
			die("read");
		for (ssize_t i = 0; i < nr / 8; i++)
			flags[pfn++] = decode(chunk[i]);
	}
	close(file);
}

static uint32_t hash(void)
{
	return hash_words(flags, nr_pages, HASH_START);
}
