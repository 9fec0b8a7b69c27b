/* SPDX-License-Identifier: Apache-2.0 */
#include "image_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

bool image_all_zero(const void *octets, size_t size)
{
	const uint8_t *p = octets;

	for (size_t i = 0; i < size; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

/* Octets of the well-formed UTF-8 character at p, or 0 (Unicode table 3-7). */
static unsigned utf8_character(const uint8_t *p, size_t left)
{
	const uint8_t lead = p[0];
	const unsigned n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	if (n == 1)
		return 1;
	if (lead < 0xc2 || lead > 0xf4 || n > left)
		return 0;
	for (unsigned i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((lead == 0xe0 && p[1] < 0xa0) || (lead == 0xed && p[1] > 0x9f) ||
	    (lead == 0xf0 && p[1] < 0x90) || (lead == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static int check_strings(const struct image_check *c, const struct image *im)
{
	const uint8_t *p = (const uint8_t *)im->strings;

	if (p[0] != 0 || p[im->strings_size - 1] != 0)
		return image_lies(c->error, "strings: the first or the last octet is not 0");
	for (uint64_t at = 0; at < im->strings_size;) {
		const unsigned n = utf8_character(p + at, im->strings_size - at);
		if (n == 0)
			return image_lies(c->error, "strings: no UTF-8 at octet %" PRIu64, at);
		at += n;
	}
	return 0;
}

/* An offset is the start of a string; the section ends in a NUL, so it is bounded. */
bool image_is_string(const struct image *im, uint32_t offset)
{
	return offset == 0 || (offset < im->strings_size && im->strings[offset - 1] == '\0');
}

static int check_policy(const struct image_check *c, const struct image *im)
{
	const struct image_policy *p = im->policy;
	const uint32_t known = IMAGE_DIRECTION_FROM_ESME | IMAGE_DIRECTION_FROM_SMSC;

	if ((p->directions & ~known) != 0 || p->refuse_at_bind > 1 ||
	    p->undecodable > IMAGE_UNDECODABLE_PASS || p->too_long > IMAGE_TOO_LONG_PASS ||
	    p->country > 999 || p->refuse_score < 0 || p->flag_score < 0)
		return image_lies(c->error, "policy: a value that this version does not know");
	if (p->reserved0 != 0 || !image_all_zero(p->reserved, sizeof(p->reserved)))
		return image_lies(c->error, "policy: reserved octets are not 0");
	return 0;
}

bool image_alphabet_known(uint8_t alphabet)
{
	return alphabet >= TEXT_GSM7 && alphabet < TEXT_CODINGS && alphabet != TEXT_BINARY &&
	       alphabet != TEXT_UNKNOWN && alphabet != TEXT_GSM7_MASKED;
}

/* A C string of 1 to 15 octets and zeros behind it. */
static bool system_id_good(const uint8_t id[16])
{
	const size_t len = strnlen((const char *)id, 16);

	return len > 0 && len < 16 && image_all_zero(id + len, 16 - len);
}

static const char *account_fault(const struct image *im, const struct image_account *a)
{
	if (a->id == 0)
		return "has id 0";
	if (!system_id_good(a->system_id))
		return "has no proper system_id";
	if (a->state < IMAGE_CERTIFIED || a->state > IMAGE_BLOCKED)
		return "has an unknown state";
	if (a->mode > IMAGE_OBSERVE)
		return "has an unknown mode";
	if (!image_alphabet_known(a->alphabet))
		return "has an unknown alphabet";
	if ((a->flags & ~IMAGE_ACCOUNT_ANY_SENDER) != 0)
		return "has unknown flags";
	if (!image_is_string(im, a->name))
		return "has a name that is no string";
	if (a->refuse_score < 0 || a->flag_score < 0)
		return "has a score below 0";
	if (a->reserved0 != 0 || !image_all_zero(a->reserved, sizeof(a->reserved)))
		return "has reserved octets that are not 0";
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int image_check_unique(const struct image_check *c, const uint32_t *first, size_t stride,
                       uint32_t n, const char *section)
{
	uint32_t *copy = malloc((n + (size_t)1) * sizeof(*copy));
	int failed = 0;

	if (copy == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		memcpy(&copy[i], (const uint8_t *)first + i * stride, sizeof(*copy));
	qsort(copy, n, sizeof(*copy), by_number);
	for (uint32_t i = 1; i < n && failed == 0; i++) {
		if (copy[i] == copy[i - 1])
			failed = image_lies(c->error, "%s: id %" PRIu32 " twice", section,
			                    copy[i]);
	}
	free(copy);
	return failed;
}

static int check_accounts(const struct image_check *c, const struct image *im)
{
	const struct image_account *a = im->accounts;

	if (!image_all_zero(&a[0], sizeof(a[0])))
		return image_lies(c->error, "accounts: row 0 is in use");
	for (uint32_t i = 1; i < im->n_accounts; i++) {
		const char *fault = account_fault(im, &a[i]);
		if (fault != NULL)
			return image_lies(c->error, "accounts: row %" PRIu32 " %s", i, fault);
		if (memcmp(a[i - 1].system_id, a[i].system_id, sizeof(a[i].system_id)) >= 0)
			return image_lies(c->error, "accounts: row %" PRIu32 " is out of order",
			                  i);
	}
	return image_check_unique(c, &a[0].id, sizeof(a[0]), im->n_accounts, "accounts");
}

int image_check_rows(const struct image_check *c, const struct image *im)
{
	int failed = check_strings(c, im);

	if (failed == 0)
		failed = check_policy(c, im);
	if (failed == 0)
		failed = check_accounts(c, im);
	if (failed == 0)
		failed = image_check_senders(c, im);
	if (failed == 0)
		failed = image_check_numbers(c);
	if (failed == 0)
		failed = image_check_rules(c, im);
	if (failed == 0)
		failed = image_check_campaigns(c, im);
	if (failed == 0)
		failed = image_check_folds(c, im);
	return failed;
}
