/* SPDX-License-Identifier: Apache-2.0 */
#include "corpus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "problems.h"
#include "text.h"

/* Letters of folded text: a-z and all that is not ASCII; of a text without any, all. */
static void letters_of(char *out, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if ((text[i] >= 'a' && text[i] <= 'z') || (text[i] & 0x80) != 0)
			out[n++] = text[i];
	if (n == 0)
		memcpy(out, text, n = len);
	out[n] = '\0';
}

static size_t unescape(char *out, const char *in, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (in[i] != '\\' || i + 1 == len) {
			out[n++] = in[i];
			continue;
		}
		i++;
		out[n++] = in[i] == 'n' ? '\n' : in[i] == 't' ? '\t' : in[i];
	}
	return n;
}

size_t corpus_fold(const struct corpus *corpus, const char *in, size_t len, void *out,
                   size_t cap)
{
	return text_fold_with(corpus->table != NULL ? corpus->table : &text_table_default,
	                      (const uint8_t *)in, len, out, cap, NULL);
}

/* Of a sample only text, letters and len are made here. 0, -ENOMEM. */
static int sample_make(struct sample *sample, const struct corpus *corpus, const char *in,
                       size_t len)
{
	char plain[CORPUS_TEXT_MAX];
	const size_t n = unescape(plain, in, len), cap = n * TEXT_FOLD_GROWTH;
	char *text = malloc(2 * cap + 2), *letters = malloc(cap + 1);

	if (text == NULL || letters == NULL) {
		free(text);
		free(letters);
		return -ENOMEM;
	}
	sample->len = (uint32_t)corpus_fold(corpus, plain, n, text, cap);
	letters_of(letters, text, sample->len);
	const size_t loose = text_loose((const uint8_t *)text, sample->len,
	                                (uint8_t *)text + sample->len + 1, cap);
	if (loose != 0) {
		text[sample->len] = '\n';
		sample->len += (uint32_t)loose + 1;
	}
	text[sample->len] = '\0';
	sample->text = text;
	sample->letters = letters;
	return 0;
}

static void sample_free(struct sample *sample)
{
	free(sample->text);
	free(sample->letters);
}

/* The slot of these letters: a free one, or the one of a sample that has them. */
static uint32_t *slot_of(struct corpus *corpus, const char *letters)
{
	const uint64_t hash = XXH3_64bits(letters, strlen(letters));

	for (uint64_t i = hash;; i++) {
		uint32_t *slot = &corpus->slots[i & (corpus->n_slots - 1)];

		if (*slot == 0 || strcmp(corpus->samples[*slot - 1].letters, letters) == 0)
			return slot;
	}
}

/* Room for one more sample; slots stay at most half full. */
static int make_room(struct corpus *corpus)
{
	if (corpus->n * 2 < corpus->n_slots)
		return 0;
	if (corpus->n >= CORPUS_SAMPLES_MAX)
		return -E2BIG;
	const uint32_t n_slots = corpus->n_slots ? corpus->n_slots * 2 : 1024;
	struct sample *samples =
		realloc(corpus->samples, n_slots / 2 * sizeof(*corpus->samples));
	uint32_t *slots = calloc(n_slots, sizeof(*slots));

	if (samples != NULL)
		corpus->samples = samples;
	if (samples == NULL || slots == NULL) {
		free(slots);
		return -ENOMEM;
	}
	free(corpus->slots);
	corpus->slots = slots;
	corpus->n_slots = n_slots;
	for (uint32_t i = 0; i < corpus->n; i++)
		*slot_of(corpus, samples[i].letters) = i + 1;
	return 0;
}

static int add_row(struct corpus *corpus, uint32_t set, const char *text, size_t len, bool spam)
{
	const bool others = corpus->sets[set].others;
	struct sample sample = { .sets = 1u << set, .spam = spam, .others = others };
	int result = make_room(corpus);

	if (result == 0)
		result = sample_make(&sample, corpus, text, len);
	if (result != 0)
		return result;
	uint32_t *slot = slot_of(corpus, sample.letters);
	if (*slot == 0) {
		corpus->samples[corpus->n++] = sample;
		*slot = corpus->n;
		return 0;
	}
	struct sample *known = &corpus->samples[*slot - 1];
	known->spam |= spam;
	known->others &= others;
	known->sets |= sample.sets;
	corpus->sets[set].n_repeated++;
	sample_free(&sample);
	return 0;
}

enum label { LABEL_CLEAN, LABEL_SPAM, LABEL_LEFT_OUT };

static enum label label_of(const char *label, size_t len)
{
	static const struct {
		const char *word;
		enum label label;
	} words[] = {
		{ "ham", LABEL_CLEAN },
		{ "ok", LABEL_CLEAN },
		{ "otp", LABEL_CLEAN },
		{ "promo", LABEL_LEFT_OUT },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && memcmp(words[i].word, label, len) == 0)
			return words[i].label;
	return LABEL_SPAM;
}

static int read_row(struct corpus *corpus, uint32_t set, const char *line, size_t len)
{
	const char *tab = memchr(line, '\t', len);

	if (tab == NULL || tab == line || tab + 1 == line + len || len > CORPUS_TEXT_MAX ||
	    !utf8_valid(line, len) || memchr(line, '\0', len) != NULL)
		return -EINVAL;
	const enum label label = label_of(line, (size_t)(tab - line));
	corpus->sets[set].n_rows++;
	if (label == LABEL_LEFT_OUT || (label == LABEL_SPAM && corpus->sets[set].others)) {
		corpus->sets[set].n_left_out++;
		return 0;
	}
	return add_row(corpus, set, tab + 1, (size_t)(line + len - tab - 1),
	               label == LABEL_SPAM);
}

static int add_set(struct corpus *corpus, const char *path, bool others, const char *text,
                   size_t size, uint32_t *row)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *end = text + size;

	*row = 0;
	if (corpus->n_sets == CORPUS_SETS_MAX)
		return -E2BIG;
	const uint32_t set = corpus->n_sets++;
	corpus->sets[set] = (struct corpus_set){ .name = strdup(name), .others = others };
	if (corpus->sets[set].name == NULL)
		return -ENOMEM;
	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((stop ? stop : end) - text);

		++*row;
		len -= len > 0 && text[len - 1] == '\r';
		const int result = len ? read_row(corpus, set, text, len) : 0;
		if (result != 0)
			return result;
		text = stop ? stop + 1 : end;
	}
	return 0;
}

int corpus_add(struct corpus *corpus, const char *path, const char *text, size_t size,
               uint32_t *row)
{
	return add_set(corpus, path, false, text, size, row);
}

int corpus_add_others(struct corpus *corpus, const char *path, const char *text, size_t size,
                      uint32_t *row)
{
	return add_set(corpus, path, true, text, size, row);
}

void corpus_split(struct corpus *corpus, uint32_t folds, uint32_t group, uint64_t seed)
{
	bug_if(folds < 2 || folds > CORPUS_FOLDS_MAX);
	corpus->n_folds = folds;
	for (uint32_t i = 0; i < corpus->n; i++) {
		struct sample *sample = &corpus->samples[i];
		const size_t n = strnlen(sample->letters, group ? group : SIZE_MAX);

		sample->fold =
			(uint32_t)(XXH3_64bits_withSeed(sample->letters, n, seed) % folds);
	}
}

void corpus_free(struct corpus *corpus)
{
	for (uint32_t i = 0; i < corpus->n; i++)
		sample_free(&corpus->samples[i]);
	for (uint32_t i = 0; i < corpus->n_sets; i++)
		free(corpus->sets[i].name);
	free(corpus->samples);
	free(corpus->slots);
	*corpus = (struct corpus){ 0 };
}
