/* SPDX-License-Identifier: Apache-2.0 */
/* rule_part: rules, their patterns, combinations, lists of accounts and folds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_build_priv.h"

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Account ids to rows, ascending, each once; *first and *n of RULE_ACCOUNTS. */
static int put_accounts(struct image_build *b, const uint32_t *ids, uint32_t n_ids,
                        uint32_t *first, uint32_t *n)
{
	*first = *n = 0;
	if (n_ids == 0)
		return 0;
	uint32_t *rows = malloc((n_ids + (size_t)1) * sizeof(*rows));
	int failed = rows == NULL ? -ENOMEM : image_build_freeze(b);
	uint32_t found = 0, put = 0;

	for (uint32_t i = 0; failed == 0 && i < n_ids; i++) {
		rows[found] = image_build_row_of(b, ids[i]);
		found += rows[found] != 0;
	}
	if (failed == 0)
		qsort(rows, found, sizeof(*rows), by_number);
	*first = found == 0 ? 0 : (uint32_t)b->rule_accounts.n;
	for (uint32_t i = 0; failed == 0 && i < found; i++) {
		if (i != 0 && rows[i] == rows[i - 1])
			continue;
		failed = image_rows_append(&b->rule_accounts, &rows[i], sizeof(rows[i]));
		put++;
	}
	*n = put;
	free(rows);
	return failed;
}

static int put_code(struct image_build *b, const uint32_t *code, uint32_t n, uint32_t *first)
{
	*first = n == 0 ? 0 : (uint32_t)b->code.n;
	for (uint32_t i = 0; i < n; i++) {
		if (image_rows_append(&b->code, &code[i], sizeof(code[i])) != 0)
			return -ENOMEM;
	}
	return 0;
}

int64_t image_build_rule(struct image_build *b, const struct image_build_rule *in)
{
	const struct image_rule *rows = b->rules.data;
	struct image_rule row = in->row;

	if (row.id == 0 || row.action > IMAGE_RULE_OBSERVE)
		return -EINVAL;
	for (uint64_t i = 0; i < b->rules.n; i++) {
		if (rows[i].id == row.id)
			return -EEXIST;
	}
	const int64_t name = image_string_offset(b, in->name);
	const int64_t sentence = image_string_offset(b, in->sentence);
	if (name < 0 || sentence < 0)
		return -ENOMEM;
	row.name = (uint32_t)name;
	row.sentence = (uint32_t)sentence;
	int failed = put_code(b, in->code, row.n_code, &row.code);
	if (failed == 0)
		failed = put_accounts(b, in->accounts, in->n_accounts, &row.accounts,
		                      &row.n_accounts);
	if (failed == 0)
		failed = put_accounts(b, in->canary_accounts, in->n_canary_accounts,
		                      &row.canary_accounts, &row.n_canary_accounts);
	if (failed == 0)
		failed = image_rows_append(&b->rules, &row, sizeof(row));
	return failed != 0 ? failed : (int64_t)b->rules.n - 1;
}

int64_t image_build_pattern(struct image_build *b, const struct image_pattern *pattern)
{
	if (pattern->rule >= b->rules.n)
		return -EINVAL;
	const int failed = image_rows_append(&b->patterns, pattern, sizeof(*pattern));
	return failed != 0 ? failed : (int64_t)b->patterns.n - 1;
}

int image_build_database(struct image_build *b, enum image_section_type type,
                         const void *octets, size_t size)
{
	struct image_blob *blob = type == IMAGE_HS_PLAIN      ? &b->plain
	                          : type == IMAGE_HS_LITERALS ? &b->literals
	                                                      : &b->folded;
	void *copy = malloc(size == 0 ? 1 : size);

	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, octets, size);
	free(blob->octets);
	blob->octets = copy;
	blob->size = size;
	return 0;
}

int image_build_folds(struct image_build *b, const struct image_fold *rows, uint32_t n)
{
	int result = n > IMAGE_FOLDS_MAX ? -E2BIG : 0;

	for (uint32_t i = 0; result == 0 && i < n; i++)
		result = image_rows_append(&b->folds, &rows[i], sizeof(rows[i]));
	return result;
}

int image_build_excerpts(struct image_build *b, const struct image_excerpt *rows, uint32_t n)
{
	int result = 0;

	for (uint32_t i = 0; rows != NULL && result == 0 && i < n; i++)
		result = image_rows_append(&b->excerpts, &rows[i], sizeof(rows[i]));
	return result;
}
