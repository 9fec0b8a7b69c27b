/* SPDX-License-Identifier: Apache-2.0 */
#include "image_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* What a section of each type must look like. Rows are bounded so that every index
 * and every count fits the 32 bits that refer to it. */
static const struct shape {
	const char *name;
	uint32_t element_size;
	bool required;
	uint64_t most;
} shapes[IMAGE_SECTION_TYPES] = {
	[IMAGE_POLICY] = { "policy", sizeof(struct image_policy), true, 1 },
	[IMAGE_ACCOUNTS] = { "accounts", sizeof(struct image_account), true, IMAGE_OWNER_MAX },
	[IMAGE_SENDER_INFO] = { "sender info", sizeof(struct image_sender_info), false, 1 },
	[IMAGE_SENDERS] = { "senders", sizeof(struct image_sender), false, UINT32_MAX },
	[IMAGE_SENDER_PILOTS] = { "sender pilots", 1, false, UINT32_MAX },
	[IMAGE_SENDER_OWNERS] = { "sender owners", sizeof(uint32_t), false, IMAGE_OWNER_MAX },
	[IMAGE_RULES] = { "rules", sizeof(struct image_rule), false, 1u << 24 },
	[IMAGE_PATTERNS] = { "patterns", sizeof(struct image_pattern), false, 1u << 24 },
	[IMAGE_HS_DATABASE] = { "database", 1, false, UINT32_MAX },
	[IMAGE_STRINGS] = { "strings", 1, true, UINT32_MAX },
	[IMAGE_NUMBER_BLOCKS] = { "number blocks", sizeof(struct image_number_block), false,
	                          IMAGE_NUMBER_BLOCKS_MAX },
	[IMAGE_SIGNATURE] = { "signature", IMAGE_SIGNATURE_SIZE, false, 1 },
	[IMAGE_NUMBERS] = { "numbers", IMAGE_NUMBER_OCTETS, false, IMAGE_NUMBER_BLOCKS_MAX },
	[IMAGE_NUMBERING] = { "numbering plan", sizeof(struct image_plan_row), false,
	                      IMAGE_PLAN_ROWS_MAX },
	[IMAGE_RULE_CODE] = { "rule code", sizeof(uint32_t), false, 1u << 24 },
	[IMAGE_RULE_ACCOUNTS] = { "rule accounts", sizeof(uint32_t), false, 1u << 24 },
	[IMAGE_CAMPAIGNS] = { "campaigns", sizeof(struct image_campaign), false,
	                      IMAGE_CAMPAIGNS_MAX },
	[IMAGE_FOLDS] = { "folds", sizeof(struct image_fold), false, IMAGE_FOLDS_MAX },
	[IMAGE_HS_LITERALS] = { "literals", 1, false, UINT32_MAX },
	[IMAGE_EXCERPTS] = { "excerpts", sizeof(struct image_excerpt), false, 1u << 24 },
	[IMAGE_HS_PLAIN] = { "plain database", 1, false, UINT32_MAX },
};

int image_lies(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, IMAGE_ERROR_SIZE, format, args);
	va_end(args);
	return -EBADMSG;
}

static uint64_t align(uint64_t offset)
{
	return (offset + IMAGE_ALIGN - 1) & ~(uint64_t)(IMAGE_ALIGN - 1);
}

static int check_header(const struct image_check *c, struct image_header *h)
{
	if (c->size < sizeof(*h))
		return image_lies(c->error, "%zu octets are too few for an image", c->size);
	if ((uintptr_t)c->octets % IMAGE_ALIGN != 0)
		return image_lies(c->error, "the image is not aligned in memory");
	memcpy(h, c->octets, sizeof(*h));
	if (h->magic != IMAGE_MAGIC)
		return image_lies(c->error, "this is not a table image");
	if (h->version != IMAGE_VERSION) {
		snprintf(c->error, IMAGE_ERROR_SIZE,
		         "the image has layout version %" PRIu32 ", this program reads %u",
		         h->version, IMAGE_VERSION);
		return -EPROTONOSUPPORT;
	}
	if (h->size != c->size || h->size > IMAGE_SIZE_MAX)
		return image_lies(c->error, "the header says %" PRIu64 " octets, there are %zu",
		                  h->size, c->size);
	if (h->n_sections == 0 || h->n_sections > IMAGE_SECTIONS_MAX)
		return image_lies(c->error, "%" PRIu32 " sections", h->n_sections);
	if (c->size - sizeof(*h) < h->n_sections * sizeof(struct image_section))
		return image_lies(c->error, "the directory passes the end of the image");
	if (h->generation == 0 || (h->reserved[0] | h->reserved[1]) != 0)
		return image_lies(c->error, "generation 0 or reserved octets in the header");
	return 0;
}

/* The checksum is over the header with a checksum of 0, and the directory. */
static int check_checksum(const struct image_check *c, const struct image_header *h)
{
	struct {
		struct image_header header;
		struct image_section sections[IMAGE_SECTIONS_MAX];
	} copy = { 0 };
	const size_t size = sizeof(*h) + h->n_sections * sizeof(struct image_section);

	memcpy(&copy, c->octets, size);
	copy.header.checksum = 0;
	if (XXH3_64bits(&copy, size) != h->checksum)
		return image_lies(c->error,
		                  "the checksum of the header and directory is wrong");
	return 0;
}

/* Between sections nothing may hide: padding is zero. */
static int check_padding(const struct image_check *c, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++) {
		if (c->octets[i] != 0)
			return image_lies(c->error,
			                  "octet %" PRIu64 " between sections is not 0", i);
	}
	return 0;
}

static int check_section(const struct image_check *c, const struct image_section *s,
                         const struct shape *shape, uint64_t end)
{
	if (s->element_size != shape->element_size)
		return image_lies(c->error,
		                  "section %s: rows of %" PRIu32 " octets, not %" PRIu32,
		                  shape->name, s->element_size, shape->element_size);
	if (s->offset != align(end))
		return image_lies(c->error, "section %s: offset %" PRIu64 ", expected %" PRIu64,
		                  shape->name, s->offset, align(end));
	if (s->offset > c->size || s->size > c->size - s->offset)
		return image_lies(c->error, "section %s passes the end of the image",
		                  shape->name);
	/* count is at most 2^32 here, so the product is exact */
	if (s->count == 0 || s->count > shape->most || s->size != s->count * s->element_size)
		return image_lies(c->error,
		                  "section %s: %" PRIu64 " rows in %" PRIu64 " octets",
		                  shape->name, s->count, s->size);
	if (check_padding(c, end, s->offset) != 0)
		return -EBADMSG;
	/* The header's checksum is under the signature, which cannot be under itself. */
	const uint64_t checksum =
		s->type == IMAGE_SIGNATURE ? 0 : XXH3_64bits(c->octets + s->offset, s->size);
	if (checksum != s->checksum)
		return image_lies(c->error, "section %s: wrong checksum", shape->name);
	return 0;
}

/* Sections stand in order of type, one behind the other, and fill the image. */
static int check_directory(struct image_check *c, const struct image_header *h)
{
	uint64_t end = sizeof(*h) + h->n_sections * sizeof(struct image_section);
	uint32_t last_type = 0;

	for (uint32_t i = 0; i < h->n_sections; i++) {
		struct image_section s;

		memcpy(&s, c->octets + sizeof(*h) + i * sizeof(s), sizeof(s));
		if (s.type >= IMAGE_SECTION_TYPES || shapes[s.type].name == NULL ||
		    s.type <= last_type)
			return image_lies(c->error,
			                  "section %" PRIu32 ": type %" PRIu32
			                  " is unknown, repeated or out of order",
			                  i, s.type);
		const int failed = check_section(c, &s, &shapes[s.type], end);
		if (failed != 0)
			return failed;
		c->section[s.type] = s;
		last_type = s.type;
		end = s.offset + s.size;
	}
	if (align(end) != c->size)
		return image_lies(c->error, "%" PRIu64 " octets in sections, %zu in the image",
		                  align(end), c->size);
	return check_padding(c, end, c->size);
}

int image_check_sections(struct image_check *c)
{
	struct image_header h = { 0 };
	int failed = check_header(c, &h);

	if (failed == 0)
		failed = check_checksum(c, &h);
	if (failed == 0)
		failed = check_directory(c, &h);
	for (unsigned type = 0; type < IMAGE_SECTION_TYPES && failed == 0; type++) {
		if (shapes[type].required && c->section[type].count == 0)
			failed = image_lies(c->error, "section %s is missing",
			                    shapes[type].name);
	}
	return failed;
}
