/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint_pairs: how far the fingerprints of texts are apart.
 *
 * usage: fingerprint_pairs merges RADIUS_MAX FILE...   texts of these files, each with each
 *        fingerprint_pairs pairs RADIUS_MAX A B        line i of A with line i of B
 *
 * A line is a label, a tab and a text in which \n is a line feed. merges: of the clean texts
 * (ham, ok, otp) that differ in more than digits, links and signs, "radius R pairs P texts T
 * spam S": so many pairs are within R, so many texts are in one, so many are within R of a text
 * that is spam. pairs: of the lines that differ and
 * have a fingerprint in A, "radius R within W of N".
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fingerprint.h"
#include "text.h"

#define LINE_MAX_OCTETS 65536u
#define TEXTS_MAX 200000u

struct text {
	uint64_t fingerprint;
	uint32_t len; /* of the generalised text */
	uint8_t *general;
	bool clean;
	uint8_t nearest, nearest_spam; /* bits to another clean one, to spam; 64: none near */
};

/* The text of a line, folded; NULL: the line has no tab. */
static const uint8_t *folded_of(char *line, size_t *len)
{
	static uint8_t folded[LINE_MAX_OCTETS * TEXT_FOLD_GROWTH];
	char *text = strchr(line, '\t');
	size_t n = 0;

	if (text == NULL)
		return NULL;
	text++;
	for (size_t i = 0; text[i] != '\0' && text[i] != '\n'; i++) {
		const bool feed = text[i] == '\\' && text[i + 1] == 'n';
		text[n++] = feed ? '\n' : text[i];
		i += feed;
	}
	*len = text_fold((const uint8_t *)text, n, folded, sizeof(folded));
	return folded;
}

static bool is_clean(const char *line)
{
	return strncmp(line, "ham\t", 4) == 0 || strncmp(line, "ok\t", 3) == 0 ||
	       strncmp(line, "otp\t", 4) == 0;
}

static FILE *open_or_die(const char *path)
{
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	return f;
}

static void add_text(struct text *texts, unsigned *n, const uint8_t *folded, size_t len,
                     bool clean)
{
	uint8_t general[FINGERPRINT_GENERAL_MAX];
	const uint64_t fingerprint = text_fingerprint(folded, len);
	const size_t octets = text_generalise(folded, len, general);

	if (fingerprint == 0 || *n == TEXTS_MAX)
		return;
	uint8_t *kept = malloc(octets);
	bug_if(kept == NULL);
	memcpy(kept, general, octets);
	texts[(*n)++] = (struct text){ fingerprint, (uint32_t)octets, kept, clean, 64, 64 };
}

static int by_text(const void *a, const void *b)
{
	const struct text *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->general, y->general, x->len);
}

/* Those that are generalised to the same text count once. */
static unsigned distinct(struct text *texts, unsigned n)
{
	unsigned used = 0;

	qsort(texts, n, sizeof(*texts), by_text);
	for (unsigned i = 0; i < n; i++) {
		if (used != 0 && by_text(&texts[used - 1], &texts[i]) == 0)
			free(texts[i].general);
		else
			texts[used++] = texts[i];
	}
	return used;
}

static void nearer(uint8_t *nearest, unsigned distance)
{
	if (distance < *nearest)
		*nearest = (uint8_t)distance;
}

/* Two texts that are near: of what kind of pair. */
static void meet(struct text *a, struct text *b, unsigned distance, uint64_t *pairs)
{
	if (a->clean && b->clean) {
		pairs[distance]++;
		nearer(&a->nearest, distance);
		nearer(&b->nearest, distance);
	} else if (a->clean != b->clean) {
		nearer(a->clean ? &a->nearest_spam : &b->nearest_spam, distance);
	}
}

static void count_merges(struct text *texts, unsigned n, unsigned most)
{
	uint64_t pairs[65] = { 0 }, merged[65] = { 0 }, spam[65] = { 0 };
	unsigned clean = 0;

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = i + 1; k < n; k++) {
			const unsigned d = fingerprint_distance(texts[i].fingerprint,
			                                        texts[k].fingerprint);
			if (d <= most)
				meet(&texts[i], &texts[k], d, pairs);
		}
	for (unsigned i = 0; i < n; i++) {
		clean += texts[i].clean;
		merged[texts[i].nearest]++;
		spam[texts[i].nearest_spam]++;
	}
	printf("texts %u\n", clean);
	for (unsigned r = 0; r <= most; r++) {
		pairs[r] += r != 0 ? pairs[r - 1] : 0;
		merged[r] += r != 0 ? merged[r - 1] : 0;
		spam[r] += r != 0 ? spam[r - 1] : 0;
		printf("radius %u pairs %llu texts %llu spam %llu\n", r,
		       (unsigned long long)pairs[r], (unsigned long long)merged[r],
		       (unsigned long long)spam[r]);
	}
}

static void merges(unsigned most, char **paths, int n_paths)
{
	static char line[LINE_MAX_OCTETS];
	struct text *texts = malloc(TEXTS_MAX * sizeof(*texts));
	unsigned n = 0;
	size_t len = 0;

	bug_if(texts == NULL);
	for (int i = 0; i < n_paths; i++) {
		FILE *f = open_or_die(paths[i]);
		while (fgets(line, sizeof(line), f) != NULL) {
			const bool clean = is_clean(line);
			const uint8_t *folded = folded_of(line, &len);
			if (folded != NULL)
				add_text(texts, &n, folded, len, clean);
		}
		fclose(f);
	}
	n = distinct(texts, n);
	count_merges(texts, n, most);
	for (unsigned i = 0; i < n; i++)
		free(texts[i].general);
	free(texts);
}

static uint64_t fingerprint_of(char *line)
{
	size_t len = 0;
	const uint8_t *folded = folded_of(line, &len);

	return folded == NULL ? 0 : text_fingerprint(folded, len);
}

static void pairs(unsigned most, const char *a_path, const char *b_path)
{
	static char a[LINE_MAX_OCTETS], b[LINE_MAX_OCTETS];
	uint64_t within[65] = { 0 }, n = 0;
	FILE *fa = open_or_die(a_path), *fb = open_or_die(b_path);

	while (fgets(a, sizeof(a), fa) != NULL && fgets(b, sizeof(b), fb) != NULL) {
		if (strcmp(a, b) == 0)
			continue;
		const uint64_t x = fingerprint_of(a), y = fingerprint_of(b);
		if (x == 0)
			continue;
		n++;
		/* A variant that is too short to have one is a miss. */
		within[y == 0 ? 64 : fingerprint_distance(x, y)]++;
	}
	for (unsigned r = 0; r <= most; r++) {
		within[r] += r != 0 ? within[r - 1] : 0;
		printf("radius %u within %llu of %llu\n", r, (unsigned long long)within[r],
		       (unsigned long long)n);
	}
	fclose(fa);
	fclose(fb);
}

int main(int argc, char **argv)
{
	const unsigned long most = argc > 2 ? strtoul(argv[2], NULL, 10) : 65;

	if (most < 64 && argc > 3 && strcmp(argv[1], "merges") == 0) {
		merges((unsigned)most, argv + 3, argc - 3);
	} else if (most < 64 && argc == 5 && strcmp(argv[1], "pairs") == 0) {
		pairs((unsigned)most, argv[3], argv[4]);
	} else {
		fprintf(stderr, "usage: %s merges RADIUS_MAX FILE... | pairs RADIUS_MAX A B\n",
		        argv[0]);
		return 2;
	}
	return 0;
}
