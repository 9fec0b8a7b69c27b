/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_reseal: make a damaged image's checksums right again, and use whatever an
 * opened image offers. For tests and fuzzers that want to get past the checksums.
 */
#ifndef TEST_IMAGE_RESEAL_H
#define TEST_IMAGE_RESEAL_H
#include <hs/hs.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "check.h"
#include "address.h"
#include "image.h"
#include "match_state.h"
#include "text_priv.h"

/* Trusts nothing either: sections that are not inside keep their checksums. */
static inline void image_reseal(uint8_t *octets, size_t size)
{
	struct image_header h;
	struct image_section s;

	if (size < sizeof(h))
		return;
	memcpy(&h, octets, sizeof(h));
	const size_t room = (size - sizeof(h)) / sizeof(s);
	const size_t n = h.n_sections < room ? h.n_sections : room;
	for (size_t i = 0; i < n && i < IMAGE_SECTIONS_MAX; i++) {
		uint8_t *at = octets + sizeof(h) + i * sizeof(s);
		memcpy(&s, at, sizeof(s));
		if (s.offset > size || s.size > size - s.offset)
			continue;
		s.checksum = XXH3_64bits(octets + s.offset, s.size);
		memcpy(at, &s, sizeof(s));
	}
	h.checksum = 0;
	memcpy(octets, &h, sizeof(h));
	h.checksum = XXH3_64bits(octets, sizeof(h) + n * sizeof(s));
	memcpy(octets, &h, sizeof(h));
}

/* Every rule of the image on one message that all its patterns match, and on none. */
static inline void image_judge(const struct image *im)
{
	struct match_input in = { .seconds = 1700000000, .from_esme = true };
	struct match_result out;
	struct match_state *state;

	if (match_open(&state, im) != 0)
		return;
	for (in.account_row = 0; in.account_row < im->n_accounts; in.account_row++) {
		match_begin(state);
		match_end(state, &in, &out);
		bug_if(out.n_rules != 0 || out.action != 0 || out.score != 0);
		for (uint32_t i = 0; i < im->n_patterns; i++)
			match_add(state, i);
		match_end(state, &in, &out);
		bug_if((uint64_t)out.n_rules + out.n_shadow > im->n_rules);
		bug_if(out.action != 0 && im->rules[out.rule].action != out.action);
	}
	match_close(state);
}

/* What has a row is folded, and folds to what stays. */
static inline size_t image_fold_rows(const struct image *im)
{
	size_t octets = 0;

	for (uint32_t i = 0; i < im->n_folds; i++) {
		uint8_t in[8], once[8 * TEXT_FOLD_GROWTH], twice[8 * TEXT_FOLD_GROWTH];
		const size_t len = put_utf8(in, im->folds[i].from);
		const size_t n = text_fold_with(im->fold, in, len, once, sizeof(once), NULL);
		bug_if(n == len && memcmp(in, once, n) == 0);
		bug_if(text_fold_with(im->fold, once, n, twice, sizeof(twice), NULL) != n ||
		       memcmp(once, twice, n) != 0);
		octets += n;
	}
	return octets;
}

/* Each pattern wherever a database could say that it ends, in a text with nothing around it. */
static inline size_t image_seek_excerpts(const struct image *im)
{
	static const char said[] = "a casino, a casin";
	const size_t len = sizeof(said) - 1;
	uint8_t *text = malloc(len);
	size_t held = 0;

	bug_if(text == NULL);
	memcpy(text, said, len);
	for (uint32_t i = 0; i < im->n_patterns; i++)
		for (uint64_t to = 0; to <= len; to++)
			held += image_pattern_holds(im, i, text, len, to);
	free(text);
	return held;
}

/* Read every row through every reference, as workers do. */
static inline void image_walk(const struct image *im)
{
	const struct image_sender *found;
	size_t octets = 0;

	for (uint32_t i = 1; i < im->n_accounts; i++) {
		octets += strlen(im->strings + im->accounts[i].name);
		bug_if(image_account_row(im, im->accounts[i].system_id,
		                         strlen((const char *)im->accounts[i].system_id)) != i);
	}
	struct number_place place;
	for (uint32_t i = 0; i < im->senders.n_slots; i++) {
		number_map_seek(&im->numbers, &im->senders.slots[i].key, 1, &place);
		octets += number_map_state(&place);
		const struct image_sender *s = &im->senders.slots[i];
		if (s->owner_state == 0)
			continue;
		sender_set_find(&im->senders, &s->key, 1, &found);
		bug_if(found != s);
		for (uint32_t row = 0; row < im->n_accounts; row++)
			octets += sender_owned_by(&im->senders, s, row);
	}
	static const char *const spelled[] = { "010-2345-0001", "0082102345", "15881588",
		"+820102345", "0012125551212" };
	for (unsigned i = 0; i < sizeof(spelled) / sizeof(*spelled); i++) {
		struct sender_key key;
		octets += (size_t)address_key_by(&key, (const uint8_t *)spelled[i],
		                                 strlen(spelled[i]), &im->plan) & 1;
	}
	octets += image_fold_rows(im) + image_seek_excerpts(im);
	image_judge(im);
	for (uint32_t i = 0; i < im->n_patterns; i++)
		octets += strlen(im->strings + im->rules[im->patterns[i].rule].name) +
			strlen(im->strings + im->rules[im->patterns[i].rule].sentence);
	bug_if(octets == SIZE_MAX); /* so that nothing of this is optimised away */
}

#endif
