/* SPDX-License-Identifier: Apache-2.0 */
#include "numbering_plan.h"

#include <stddef.h>
#include <string.h>

static bool begins(const uint8_t *digit, unsigned n, const char *prefix)
{
	unsigned i = 0;

	for (; prefix[i] != '\0'; i++) {
		if (i >= n || digit[i] != prefix[i] - '0')
			return false;
	}
	return true;
}

static bool in_rows(const uint8_t *digit, unsigned n, const struct plan_rows *rows)
{
	for (unsigned i = 0; i < rows->n; i++) {
		const struct image_plan_row *r = &rows->rows[i];
		if (n >= r->min && n <= r->max && begins(digit, n, r->prefix))
			return true;
	}
	return false;
}

/* Whether these digits can be a whole international number. */
static bool fits_e164(const struct numbering_plan *plan, const uint8_t *digit, unsigned n)
{
	if (n == 0 || digit[0] == 0)
		return false;
	for (unsigned i = 0; i < plan->world.n; i++) {
		const struct image_plan_row *r = &plan->world.rows[i];

		if (!begins(digit, n, r->prefix))
			continue;
		/* NANP: neither area code nor exchange begins with 0 or 1 */
		if (digit[0] == 1 && (n != 11 || digit[1] < 2 || digit[4] < 2))
			return false;
		return n >= r->min && n <= r->max;
	}
	return n >= 10 && n <= 13;
}

static void drop(struct number *number, unsigned at, unsigned n)
{
	memmove(number->digit + at, number->digit + at + n, number->n - at - n);
	number->n = (uint8_t)(number->n - n);
}

static void put_country(struct number *number, uint16_t country)
{
	uint8_t code[3];
	unsigned n = 0;

	for (unsigned divisor = 100; divisor > 0; divisor /= 10) {
		if (country >= divisor)
			code[n++] = (uint8_t)(country / divisor % 10);
	}
	memmove(number->digit + n, number->digit, number->n);
	memcpy(number->digit, code, n);
	number->n = (uint8_t)(number->n + n);
}

/* Octets of our country code at this place, or 0. */
static unsigned country_at(const struct number *number, unsigned at, uint16_t country)
{
	const char code[4] = { (char)('0' + country / 100), (char)('0' + country / 10 % 10),
		               (char)('0' + country % 10), '\0' };
	const char *text = code + (country < 10 ? 2 : country < 100 ? 1 : 0);

	return begins(number->digit + at, number->n - at, text) ? (unsigned)strlen(text) : 0;
}

/* +82 (0)10...: the trunk 0 has no place after the country code. */
static void drop_trunk(struct number *number, const struct numbering_plan *plan)
{
	const unsigned code = country_at(number, 0, plan->country);

	while (plan->trunk && code > 0 && number->n > code && number->digit[code] == 0)
		drop(number, code, 1);
}

bool numbering_plan_has(const struct number *number, const struct numbering_plan *plan)
{
	const unsigned code = country_at(number, 0, plan->country);
	const uint8_t *digits = number->digit + code;

	return plan->home.n == 0 ||
	       (code > 0 ? in_rows(digits, number->n - code, &plan->home) ||
	                           in_rows(digits, number->n - code, &plan->bare)
	                 : number->n > 0 && number->digit[0] != 0);
}

/* Whether our country code and a number of ours begin at this place. */
static bool home_at(const struct number *number, unsigned at, const struct numbering_plan *plan)
{
	const unsigned code = country_at(number, at, plan->country);

	return code > 0 &&
	       in_rows(number->digit + at + code, number->n - at - code, &plan->home);
}

/* Digits of the international prefix that this number begins with; 0 = none. First the
 * readings that come home (who writes 0082 does not call Egypt), then the others. */
static unsigned idd_digits(const struct number *number, const struct numbering_plan *plan)
{
	for (unsigned home = 2; home-- > 0;) {
		for (unsigned i = 0; i < plan->idd.n; i++) {
			const char *prefix = plan->idd.rows[i].prefix;
			const unsigned n = (unsigned)strlen(prefix);

			if (!begins(number->digit, number->n, prefix))
				continue;
			if (home ? home_at(number, n, plan)
			         : fits_e164(plan, number->digit + n, number->n - n))
				return n;
		}
	}
	return 0;
}

void number_to_e164(struct number *number, bool plus, const struct numbering_plan *plan)
{
	const bool zero = number->n > 0 && number->digit[0] == 0;
	const bool two_zeros = zero && number->n > 1 && number->digit[1] == 0;

	if (!zero && !plus && in_rows(number->digit, number->n, &plan->bare)) {
		put_country(number, plan->country);
		return;
	}
	/* No country code begins with 0, so a + before 0 says nothing. */
	const unsigned idd = plus && !zero ? 0 : idd_digits(number, plan);
	if (idd > 0)
		drop(number, 0, idd);
	else if (zero && !two_zeros && plan->trunk && number->n > 1) {
		drop(number, 0, 1);
		put_country(number, plan->country);
		return;
	}
	drop_trunk(number, plan);
}

bool number_bcd_to_e164(uint64_t *bcd, unsigned *n, bool plus,
                        const struct numbering_plan *plan)
{
	const unsigned top = 4 * (*n - 1);
	const unsigned first = (unsigned)(*bcd >> top), second = *bcd >> (top - 4) & 15;

	if (!plan->short_way)
		return false;
	/* One 0 is a trunk 0: no international prefix begins so where there is one. */
	if (first == 0) {
		if (second == 0 || !plan->trunk)
			return false;
		*bcd |= (uint64_t)plan->code << top;
		*n += plan->code_digits - 1u;
		return true;
	}
	if (!plus && plan->bare_first >> first & 1)
		return false;
	/* +82 (0)10: a trunk 0 to drop. */
	return *bcd >> (top - 4u * plan->code_digits) != (uint64_t)plan->code << 4;
}

/* Digits, at least one, then NULs to the end. */
static bool prefix_good(const struct image_plan_row *row)
{
	unsigned n = 0;

	while (n < sizeof(row->prefix) && row->prefix[n] >= '0' && row->prefix[n] <= '9')
		n++;
	if (n == 0 || n > IMAGE_PLAN_PREFIX_MAX)
		return false;
	for (; n < sizeof(row->prefix); n++)
		if (row->prefix[n] != '\0')
			return false;
	return true;
}

static const char *fault_of_lengths(const struct image_plan_row *row)
{
	const unsigned n = (unsigned)strlen(row->prefix);

	if (row->kind == IMAGE_PLAN_WORLD && row->min == 0 && row->max == 0)
		return NULL;
	if (row->min > row->max)
		return "min is greater than max";
	if (row->min < n || row->max > NUMBER_DIGITS_MAX)
		return "a number has from as many digits as its prefix to 20";
	return NULL;
}

/* What is wrong with the prefix, for its kind. */
static const char *fault_of_prefix(const struct image_plan_row *row)
{
	if (!prefix_good(row))
		return "a prefix is 1 to 12 digits";
	if (row->kind == IMAGE_PLAN_TRUNK && strcmp(row->prefix, "0") != 0)
		return "the trunk prefix can only be 0";
	if (row->kind == IMAGE_PLAN_IDD && row->prefix[0] != '0')
		return "an international prefix begins with 0";
	if ((row->kind == IMAGE_PLAN_BARE || row->kind == IMAGE_PLAN_WORLD) &&
	    row->prefix[0] == '0')
		return "it cannot begin with 0";
	return NULL;
}

const char *numbering_plan_fault(const struct image_plan_row *row)
{
	if (row->kind < IMAGE_PLAN_TRUNK || row->kind > IMAGE_PLAN_WORLD)
		return "there is no such kind";
	const char *fault = fault_of_prefix(row);
	if (fault != NULL)
		return fault;
	if (row->kind != IMAGE_PLAN_TRUNK && row->kind != IMAGE_PLAN_IDD)
		return fault_of_lengths(row);
	return row->min == 0 && row->max == 0 ? NULL : "such a prefix has no lengths";
}

const char *numbering_plan_field(const struct image_plan_row *row)
{
	if (row->kind < IMAGE_PLAN_TRUNK || row->kind > IMAGE_PLAN_WORLD)
		return "kind";
	return fault_of_prefix(row) != NULL ? "prefix" : "min";
}

/* What is derived of the rows. */
void numbering_plan_prepare(struct numbering_plan *plan)
{
	plan->code = 0;
	plan->code_digits = 0;
	plan->bare_first = 0;
	for (unsigned country = plan->country; country > 0; country /= 10)
		plan->code |= (uint16_t)(country % 10 << 4 * plan->code_digits++);
	for (unsigned i = 0; i < plan->bare.n; i++)
		plan->bare_first |= (uint16_t)(1u << (plan->bare.rows[i].prefix[0] - '0'));
	plan->short_way = plan->country != 0;
	for (unsigned i = 0; i < plan->idd.n; i++) {
		const char *prefix = plan->idd.rows[i].prefix;
		plan->short_way &= !plan->trunk || (prefix[0] == '0' && prefix[1] == '0');
	}
}

/* The rows of one kind; they stand together. */
static struct plan_rows rows_of(const struct image_plan_row *rows, uint32_t n,
                                enum image_plan_kind kind)
{
	struct plan_rows out = { rows, 0 };

	while (out.rows < rows + n && out.rows->kind < kind)
		out.rows++;
	while (out.rows + out.n < rows + n && out.rows[out.n].kind == kind)
		out.n++;
	return out;
}

void numbering_plan_open(struct numbering_plan *out, uint16_t country,
                         const struct image_plan_row *rows, uint32_t n)
{
	if (n == 0) {
		numbering_plan_default(out, country);
		return;
	}
	*out = (struct numbering_plan){
		.country = country,
		.trunk = rows_of(rows, n, IMAGE_PLAN_TRUNK).n != 0 && country != 0,
		.idd = rows_of(rows, n, IMAGE_PLAN_IDD),
		.bare = rows_of(rows, n, IMAGE_PLAN_BARE),
		.home = rows_of(rows, n, IMAGE_PLAN_HOME),
		.world = rows_of(rows, n, IMAGE_PLAN_WORLD),
	};
	if (out->world.n == 0)
		out->world = numbering_plan_world();
	numbering_plan_prepare(out);
}
