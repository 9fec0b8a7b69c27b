/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: a main() for a fuzz target without a fuzzer: runs every file of a folder
 * through it once, and every prefix of the small ones, so that a corpus is a test.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define SEED_MAX (1u << 20)
#define PREFIX_MAX 4096u

/* A copy of exactly this size, so that a sanitizer sees the first octet too many. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int run_file(const char *path)
{
	static uint8_t seed[SEED_MAX];
	FILE *f = fopen(path, "rb");

	if (f == NULL) {
		perror(path);
		return 1;
	}
	const size_t size = fread(seed, 1, sizeof(seed), f);
	fclose(f);
	run(seed, size);
	for (size_t n = 0; size <= PREFIX_MAX && n < size; n++)
		run(seed, n);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	unsigned n = 0;
	char path[4096];

	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (dir == NULL) {
		fprintf(stderr, "usage: %s FOLDER (of seeds)\n", argv[0]);
		return 2;
	}
	for (struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		failed |= run_file(path);
		n++;
	}
	closedir(dir);
	printf("%u seeds replayed; reached %#x, wanted %#x\n", n, fuzz_reached, fuzz_wanted);
	/* Seeds that are missing or out of date would be a test that tests nothing. */
	return failed || n == 0 || (fuzz_reached & fuzz_wanted) != fuzz_wanted;
}
