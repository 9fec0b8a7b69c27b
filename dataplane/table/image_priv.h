/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_priv: how image_open() checks. Only for this folder.
 *
 * image_sections.c trusts nothing and finds the sections; image_rows.c then checks
 * what is in them, and may rely on their sizes, counts and alignment.
 */
#ifndef DP_IMAGE_PRIV_H
#define DP_IMAGE_PRIV_H
#include <stdbool.h>

#include "image.h"

#define IMAGE_SECTION_TYPES (IMAGE_SIGNATURE + 1)

struct image_check {
	const uint8_t *octets;
	size_t size;
	char *error;                                       /* IMAGE_ERROR_SIZE */
	struct image_section section[IMAGE_SECTION_TYPES]; /* by type; count 0 = absent */
};

/* Writes the sentence and returns -EBADMSG. */
__attribute__((format(printf, 2, 3))) int image_lies(char *error, const char *format, ...);

static inline const void *image_at(const struct image_check *c, enum image_section_type type)
{
	return c->section[type].count == 0 ? NULL : c->octets + c->section[type].offset;
}

/* Header, directory, order, padding, checksums; fills c->section. */
must_use int image_check_sections(struct image_check *c);

/* Every row of every section; image's pointers and counts are set. */
must_use int image_check_rows(const struct image_check *c, const struct image *image);
must_use int image_check_senders(const struct image_check *c, const struct image *image);
must_use int image_check_numbers(const struct image_check *c);
must_use int image_check_campaigns(const struct image_check *c, const struct image *image);
must_use int image_check_folds(const struct image_check *c, const struct image *image);
must_use int image_check_rules(const struct image_check *c, const struct image *image);

/* What several files of these need. */
bool image_all_zero(const void *octets, size_t size);
bool image_is_string(const struct image *image, uint32_t offset);
/* Whether n numbers, stride octets apart, are all different; sorts a copy. */
must_use int image_check_unique(const struct image_check *c, const uint32_t *first,
                                size_t stride, uint32_t n, const char *section);

/* enum text_coding of a text: what data_coding 0 may mean for an account. */
bool image_alphabet_known(uint8_t alphabet);

#endif
