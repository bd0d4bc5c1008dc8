/*
 * Makes pages of every kind, on command: `workload KIND [--name value]…`. A kind whose pages live as long as its
 * process prints "ready" when they are there, and stays until SIGTERM; the others end when they are done. What is
 * random is drawn from --seed alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { PAGE = 4096, WORDS = PAGE / 8, PIPE_PAGES = 16, HUGE_PAGE = 2 << 20 };

/* Sizes are in MiB, shares in 100. */
static struct {
	long mib, keep, skew, runs, pages, files, seed;
	const char *path, *kind;
} option = { 64, 100, 0, 1, 32, 15000, 1, "", "anon" };

static volatile sig_atomic_t stopped, asked;

static void on_stop(int number)
{
	(void)number;
	stopped = 1;
}

static void on_ask(int number)
{
	(void)number;
	asked = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t chance_state;

static uint64_t chance(void) /* splitmix64 */
{
	uint64_t z = (chance_state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static long page_count(void)
{
	return option.mib * ((1 << 20) / PAGE);
}

static void *map(size_t bytes, int flags, int fd)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	return memory;
}

/* Private memory in pages of 4 KiB, whatever the machine's policy on huge ones. */
static uint64_t *map_small(void)
{
	void *memory = map(option.mib << 20, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(memory, option.mib << 20, MADV_NOHUGEPAGE);
	return memory;
}

/* Every page gets a content of its own, which compresses to about a third: like data, unlike zeroes. */
static void fill(uint64_t *memory)
{
	for (long page = 0; page < page_count(); page++)
		for (long word = 0; word < WORDS; word++)
			memory[page * WORDS + word] = word % 3 == 0 ? chance() : (uint64_t)page;
}

/*
 * Gives pages back: --keep in 100 stay, or with --skew each stretch of so many MiB keeps a share of its own, 2 to 98. With
 * --runs it is decided for 1 to so many pages at a time, else for each.
 */
static void drop(uint64_t *memory, int advice)
{
	uint64_t keep = option.keep;
	long end = 0;
	int goes = 0;

	for (long page = 0; page < page_count(); page++) {
		if (option.skew && page % (option.skew * ((1 << 20) / PAGE)) == 0)
			keep = 2 + chance() % 97;
		if (page >= end) {
			end = page + 1 + (option.runs > 1 ? (long)(chance() % option.runs) : 0);
			goes = chance() % 100 >= keep;
		}
		if (goes && madvise(memory + page * WORDS, PAGE, advice) != 0)
			fail("madvise");
	}
}

static void stay(void)
{
	printf("ready\n");
	fflush(stdout);
	while (!stopped)
		pause();
}

static void make_anon(void)
{
	uint64_t *memory = map_small();

	fill(memory);
	drop(memory, MADV_DONTNEED);
	stay();
}

static void make_shm(void)
{
	uint64_t *memory = map(option.mib << 20, MAP_SHARED | MAP_ANONYMOUS, -1);

	fill(memory);
	drop(memory, MADV_REMOVE);
	stay();
}

static int open_file(int flags)
{
	int fd = open(option.path, flags | O_RDWR | O_CREAT, 0600);

	if (fd < 0)
		fail(option.path);
	return fd;
}

/* Writes --mib to a file by write(2): page cache, or with a path in a tmpfs shared memory. */
static int write_file(void)
{
	static uint64_t buffer[WORDS];
	int fd = open_file(O_TRUNC);

	for (long page = 0; page < page_count(); page++) {
		for (long word = 0; word < WORDS; word++)
			buffer[word] = word % 3 == 0 ? chance() : (uint64_t)page;
		if (write(fd, buffer, PAGE) != PAGE)
			fail(option.path);
	}
	return fd;
}

static void make_mapped_file(void)
{
	int fd = write_file();
	volatile uint64_t *memory = map(option.mib << 20, MAP_SHARED, fd);

	fsync(fd);
	for (long page = 0; page < page_count(); page++)
		memory[page * WORDS] += page % 2; /* every second one is dirty again */
	stay();
}

static void make_mlock(void)
{
	uint64_t *memory = map_small();

	fill(memory);
	if (mlock(memory, option.mib << 20) != 0)
		fail("mlock");
	stay();
}

static void write_number(const char *path, long number)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || dprintf(fd, "%ld", number) <= 0)
		fail(path);
	close(fd);
}

static void make_hugetlb(void)
{
	long have = 0;
	FILE *pool = fopen("/proc/sys/vm/nr_hugepages", "r");

	if (pool == NULL || fscanf(pool, "%ld", &have) != 1)
		fail("nr_hugepages");
	fclose(pool);
	write_number("/proc/sys/vm/nr_hugepages", have + option.mib / 2);
	fill(map(option.mib << 20, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1));
	stay();
}

/* Transparent huge pages; those that are not kept lose one small page, so that they are mapped in parts. */
static void make_thp(void)
{
	char *raw = map((option.mib << 20) + HUGE_PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *memory = raw + (HUGE_PAGE - (uintptr_t)raw % HUGE_PAGE) % HUGE_PAGE;

	madvise(memory, option.mib << 20, MADV_HUGEPAGE);
	fill((uint64_t *)memory);
	for (long at = 0; at < option.mib << 20; at += HUGE_PAGE)
		if ((long)(chance() % 100) >= option.keep)
			madvise(memory + at + chance() % (HUGE_PAGE / PAGE) * PAGE, PAGE, MADV_DONTNEED);
	stay();
}

/* Private memory of which all is swapped out and --keep in 100 is read back. */
static void make_swapped(void)
{
	uint64_t *memory = map_small();
	volatile uint64_t sum = 0;

	fill(memory);
	if (madvise(memory, option.mib << 20, MADV_PAGEOUT) != 0)
		fail("madvise");
	for (long page = 0; page < page_count(); page++)
		if ((long)(chance() % 100) < option.keep)
			sum += memory[page * WORDS];
	stay();
}

/* Prints the pfn of a page of ours: the low 55 bits of its word in pagemap. */
static void print_pfn(const char *what, const void *page)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY);

	if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)page / PAGE * 8) != 8)
		fail("pagemap");
	close(fd);
	printf("%s pfn 0x%llx\n", what, (unsigned long long)(entry & ((1ull << 55) - 1)));
}

/* --pages of private memory, somewhere in --mib, are in pipes: a reference each that no file of /proc shows. */
static void make_vmsplice(void)
{
	uint64_t *memory = map_small();
	int ends[2];

	fill(memory);
	drop(memory, MADV_DONTNEED);
	for (long pinned = 0; pinned < option.pages; pinned++) {
		uint64_t *page = memory + chance() % page_count() * WORDS;
		struct iovec vector = { page, PAGE };

		if (pinned % PIPE_PAGES == 0 && pipe(ends) != 0)
			fail("pipe");
		page[0]++; /* it may have been dropped */
		if (vmsplice(ends[1], &vector, 1, 0) != PAGE)
			fail("vmsplice");
		print_pfn("pinned", page);
	}
	stay();
}

/* A registered buffer: pinned for long, so the kernel first moves it out of what it wants to keep movable. */
static void make_uring(void)
{
	struct io_uring_params params;
	uint64_t *memory = map_small();
	struct iovec vector = { memory, option.mib << 20 };
	int ring;

	memset(&params, 0, sizeof(params));
	fill(memory);
	ring = syscall(SYS_io_uring_setup, 8, &params);
	if (ring < 0)
		fail("io_uring_setup");
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &vector, 1) != 0)
		fail("io_uring_register");
	print_pfn("registered", memory);
	stay();
}

static long read_number(const char *path)
{
	long number = 0;
	FILE *file = fopen(path, "r");

	if (file == NULL || fscanf(file, "%ld", &number) != 1)
		fail(path);
	fclose(file);
	return number;
}

/* Pages of sixteen contents, merged: waits until the kernel has got through half of them, or for ten seconds. */
static void make_ksm(void)
{
	uint64_t *memory = map_small();

	for (long page = 0; page < page_count(); page++)
		for (long word = 0; word < WORDS; word++)
			memory[page * WORDS + word] = page % 16 + 1;
	if (madvise(memory, option.mib << 20, MADV_MERGEABLE) != 0)
		fail("madvise");
	write_number("/sys/kernel/mm/ksm/sleep_millisecs", 20);
	write_number("/sys/kernel/mm/ksm/pages_to_scan", 1000);
	write_number("/sys/kernel/mm/ksm/run", 1);
	for (int tries = 0; tries < 100 && read_number("/sys/kernel/mm/ksm/pages_sharing") < page_count() / 2; tries++)
		usleep(100 * 1000);
	write_number("/sys/kernel/mm/ksm/run", 0);
	stay();
}

/* --mib of page tables: one address in every 2 MiB is read, which costs a table and no page. */
static void make_page_tables(void)
{
	size_t reach = (size_t)page_count() * HUGE_PAGE;
	char *memory = mmap(NULL, reach, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	volatile char sum = 0;

	if (memory == MAP_FAILED)
		fail("mmap");
	madvise(memory, reach, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < reach; at += HUGE_PAGE)
		sum += memory[at];
	stay();
}

/* --files small files in the folder --path, then --keep in 100 of them: inodes, directory entries, buffers. */
static void make_files(void)
{
	char name[512];

	mkdir(option.path, 0700);
	for (long file = 0; file < option.files; file++) {
		int fd;

		snprintf(name, sizeof(name), "%s/%ld", option.path, file);
		fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (fd < 0 || write(fd, name, 64) != 64)
			fail(name);
		close(fd);
	}
	for (long file = 0; file < option.files; file++) {
		snprintf(name, sizeof(name), "%s/%ld", option.path, file);
		if ((long)(chance() % 100) >= option.keep && unlink(name) != 0)
			fail(name);
	}
}

static void make_cache(void)
{
	close(write_file());
}

/* Appends to a file and has it on disk, again and again: a journal that is never at rest. */
static void make_journal(void)
{
	static char line[PAGE];
	int fd = open_file(O_APPEND);

	printf("ready\n");
	fflush(stdout);
	while (!stopped) {
		if (write(fd, line, sizeof(line)) != sizeof(line) || fsync(fd) != 0)
			fail(option.path);
		usleep(20 * 1000);
	}
}

static uint64_t expected(uint64_t page, uint64_t round, long word)
{
	return (option.seed + page * 0x9e3779b97f4a7c15u + round * 0xbf58476d1ce4e5b9u) ^ (word * 0x94d049bb133111ebu);
}

static void report(uint64_t rounds, uint64_t checked, uint64_t wrong)
{
	printf("rounds %llu checked %llu wrong %llu\n", (unsigned long long)rounds, (unsigned long long)checked,
	       (unsigned long long)wrong);
	fflush(stdout);
}

static uint64_t *map_for_writer(void)
{
	if (strcmp(option.kind, "anon") == 0)
		return map_small();
	if (strcmp(option.kind, "shared") == 0)
		return map(option.mib << 20, MAP_SHARED | MAP_ANONYMOUS, -1);
	return map(option.mib << 20, MAP_SHARED, write_file());
}

/*
 * Writes every page over and over, and before each write checks every byte that the round before wrote. On SIGUSR1 it
 * says how it stands; on SIGTERM it checks all once more, says so for the last time, and fails if a byte was wrong.
 */
static void keep_writing(void)
{
	uint64_t *memory = map_for_writer();
	uint64_t round = 0, checked = 0, wrong = 0;

	for (int last = 0; !last; round++) {
		last = stopped;
		for (uint64_t page = 0; page < (uint64_t)page_count(); page++) {
			uint64_t *words = memory + page * WORDS;

			for (long word = 0; round > 0 && word < WORDS; word++)
				wrong += words[word] == expected(page, round, word) ? 0 : 8;
			for (long word = 0; word < WORDS; word++)
				words[word] = expected(page, round + 1, word);
			if (asked) {
				asked = 0;
				report(round, checked, wrong);
			}
			checked += round > 0 ? PAGE : 0;
		}
		if (round == 0) {
			printf("ready\n");
			fflush(stdout);
		}
	}
	report(round, checked, wrong);
	exit(wrong == 0 ? 0 : 1);
}

static const struct {
	const char *name;
	void (*make)(void);
} kinds[] = {
	{ "anon", make_anon },		{ "shm", make_shm },	     { "mapped-file", make_mapped_file },
	{ "mlock", make_mlock },	{ "hugetlb", make_hugetlb }, { "thp", make_thp },
	{ "swapped", make_swapped },	{ "vmsplice", make_vmsplice }, { "uring", make_uring },
	{ "ksm", make_ksm },		{ "page-tables", make_page_tables }, { "files", make_files },
	{ "cache", make_cache },	{ "journal", make_journal }, { "writer", keep_writing },
};

static int take_option(const char *name, const char *value)
{
	struct {
		const char *name;
		long *into;
	} numbers[] = { { "--mib", &option.mib },     { "--keep", &option.keep },   { "--skew", &option.skew },
			{ "--runs", &option.runs },   { "--pages", &option.pages }, { "--files", &option.files }, { "--seed", &option.seed } };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(name, numbers[i].name) == 0) {
			*numbers[i].into = strtol(value, NULL, 10);
			return 1;
		}
	if (strcmp(name, "--path") == 0)
		option.path = value;
	else if (strcmp(name, "--kind") == 0)
		option.kind = value;
	else
		return 0;
	return 1;
}

int main(int argc, char **argv)
{
	struct sigaction stop = { .sa_handler = on_stop }, ask = { .sa_handler = on_ask, .sa_flags = SA_RESTART };

	for (int i = 2; i < argc; i += 2)
		if (i + 1 == argc || !take_option(argv[i], argv[i + 1])) {
			fprintf(stderr, "workload: what is %s?\n", argv[i]);
			return 2;
		}
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGUSR1, &ask, NULL);
	chance_state = option.seed;
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].make();
			return 0;
		}
	fprintf(stderr, "workload: name a kind:");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		fprintf(stderr, " %s", kinds[i].name);
	fprintf(stderr, "\n");
	return 2;
}
