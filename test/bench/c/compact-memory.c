/*
 * Compaction of this host by its kernel: half of the pages of some memory are given back, at random, and all of memory is
 * compacted (echo 1 > /proc/sys/vm/compact_memory), which the kernel does within the write. How many pages it has moved
 * stands in /proc/vmstat. What is left of the memory must hold what was written to it.
 *
 * compact-memory BYTES
 */
#include "bench.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };

static uint64_t *memory;
static uint8_t *is_kept;
static size_t nr_pages;
static int compact;

static void prepare(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: compact-memory BYTES\n");
		exit(2);
	}
	nr_pages = strtoull(argv[1], NULL, 10) / PAGE;
	is_kept = allocate(nr_pages);
	compact = open("/proc/sys/vm/compact_memory", O_WRONLY);
	if (compact < 0)
		die("/proc/sys/vm/compact_memory");
	memory = mmap(NULL, nr_pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || madvise(memory, nr_pages * PAGE, MADV_NOHUGEPAGE) != 0)
		die("memory");
}

static void reset(void)
{
	uint32_t state = prng_seed(1);

	for (size_t page = 0; page < nr_pages; page++)
		memory[page * (PAGE / 8)] = page;
	for (size_t page = 0; page < nr_pages; page++) {
		is_kept[page] = prng_next(&state) & 1;
		if (!is_kept[page] && madvise(&memory[page * (PAGE / 8)], PAGE, MADV_DONTNEED) != 0)
			die("madvise");
	}
}

static void work(void)
{
	if (write(compact, "1", 1) != 1)
		die("compaction");
}

static uint32_t hash(void)
{
	uint32_t hash = HASH_START;

	for (size_t page = 0; page < nr_pages; page++)
		if (is_kept[page])
			hash = hash_word(hash, (uint32_t)memory[page * (PAGE / 8)]);
	return hash;
}
