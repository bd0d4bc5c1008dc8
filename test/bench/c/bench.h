/*
 * What all C contestants share: the input, made by the same integer arithmetic as in TypeScript, a hash of results, and
 * a main() that works when it is told to.
 *
 *   stdout: "ready"                      when everything is made and touched
 *   stdin:  "round N"                    reset(), then work() N times
 *   stdout: "CPU-NS WALL-NS HASH"        of the N together; the hash is of the last
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void prepare(int argc, char **argv);
static void reset(void);
static void work(void);
static uint32_t hash(void);

/* src/base/prng.ts, mix32 */
static inline uint32_t mix32(uint32_t h)
{
	h = (h ^ (h >> 16)) * 0x85ebca6bu;
	h = (h ^ (h >> 13)) * 0xc2b2ae35u;
	return h ^ (h >> 16);
}

/* src/base/prng.ts, Prng */
static inline uint32_t prng_seed(uint32_t seed)
{
	return mix32(seed);
}

static inline uint32_t prng_next(uint32_t *state)
{
	*state += 0x9e3779b9u;
	return mix32(*state);
}

/* Floor of word / 2^32 * bound, as doubles give it for bounds up to 2^21. */
static inline uint32_t prng_below(uint32_t *state, uint32_t bound)
{
	return (uint32_t)(((uint64_t)prng_next(state) * bound) >> 32);
}

#define HASH_START 0x811c9dc5u

static inline uint32_t hash_word(uint32_t hash, uint32_t word)
{
	return (hash ^ word) * 0x01000193u;
}

static inline uint32_t hash_words(const uint32_t *words, size_t nr, uint32_t from)
{
	for (size_t i = 0; i < nr; i++)
		from = hash_word(from, words[i]);
	return from;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Zeroed and touched. */
static void *allocate(size_t size)
{
	void *memory = aligned_alloc(64, (size + 63) / 64 * 64);

	if (memory == NULL)
		die("memory");
	memset(memory, 0, size);
	return memory;
}

static inline uint64_t now_ns(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

int main(int argc, char **argv)
{
	char line[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	prepare(argc, argv);
	puts("ready");
	while (fgets(line, sizeof line, stdin) != NULL) {
		long repeats = strncmp(line, "round ", 6) == 0 ? atol(line + 6) : 0;
		uint64_t cpu, wall;

		if (repeats < 1) {
			fprintf(stderr, "what is \"%s\"?\n", line);
			return 2;
		}
		reset();
		cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		wall = now_ns(CLOCK_MONOTONIC);
		for (long i = 0; i < repeats; i++) {
			work();
			/* Nothing is known of memory afterwards: no repetition can be left out. */
			__asm__ volatile("" ::: "memory");
		}
		cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		wall = now_ns(CLOCK_MONOTONIC) - wall;
		printf("%llu %llu %08x\n", (unsigned long long)cpu, (unsigned long long)wall, hash());
	}
	return 0;
}
