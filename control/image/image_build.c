/* SPDX-License-Identifier: Apache-2.0 */
#include "image_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "image_build_priv.h"
#include "sender_set_build.h"

#define ROWS_FIRST_BYTES 65536u

static int rows_reserve(struct rows *rows, size_t row_size)
{
	const size_t bytes = rows->bytes == 0 ? ROWS_FIRST_BYTES : rows->bytes * 2;

	if ((rows->n + 1) * row_size <= rows->bytes)
		return 0;
	void *data = rows->bytes == 0 ? mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
	                              : mremap(rows->data, rows->bytes, bytes, MREMAP_MAYMOVE);
	if (data == MAP_FAILED)
		return -ENOMEM;
	rows->data = data;
	rows->bytes = bytes;
	return 0;
}

int image_rows_append(struct rows *rows, const void *row, size_t row_size)
{
	if (rows_reserve(rows, row_size) != 0)
		return -ENOMEM;
	memcpy((uint8_t *)rows->data + rows->n * row_size, row, row_size);
	rows->n++;
	return 0;
}

static void rows_free(struct rows *rows)
{
	if (rows->bytes > 0)
		munmap(rows->data, rows->bytes);
}

int64_t image_string_offset(struct image_build *b, const char *text)
{
	return text == NULL ? 0 : intern_run(&b->strings, text, strlen(text) + 1, UINT32_MAX);
}

int image_build_open(struct image_build **out)
{
	const struct image_account none = { 0 };
	struct image_build *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return -ENOMEM;
	b->policy = (struct image_policy){
		.directions = IMAGE_DIRECTION_FROM_ESME,
		.country = 82,
	};
	b->threads = 1;
	if (image_string_offset(b, "") != 0 ||
	    image_rows_append(&b->accounts, &none, sizeof(none)) != 0) {
		image_build_close(b);
		return -ENOMEM;
	}
	*out = b;
	return 0;
}

void image_build_close(struct image_build *b)
{
	if (b == NULL)
		return;
	rows_free(&b->accounts);
	rows_free(&b->senders);
	rows_free(&b->rules);
	rows_free(&b->patterns);
	rows_free(&b->plan);
	rows_free(&b->code);
	rows_free(&b->rule_accounts);
	rows_free(&b->campaigns);
	rows_free(&b->folds);
	rows_free(&b->excerpts);
	intern_free(&b->owners);
	intern_free(&b->strings);
	number_build_free(&b->numbers);
	free(b->ids);
	free(b->folded.octets);
	free(b->literals.octets);
	free(b->plain.octets);
	free(b);
}

int image_build_plan(struct image_build *b, const struct image_plan_row *rows, uint32_t n)
{
	int result = 0;

	for (uint32_t i = 0; result == 0 && i < n; i++)
		result = image_rows_append(&b->plan, &rows[i], sizeof(rows[i]));
	return result;
}

void image_build_policy(struct image_build *b, const struct image_policy *policy)
{
	b->policy = *policy;
}

void image_build_threads(struct image_build *b, unsigned threads)
{
	b->threads = threads == 0 ? 1 : threads;
}

void image_build_seed(struct image_build *b, uint64_t seed) { b->seed = seed; }

void image_build_sign(struct image_build *b, const struct signing_key *key) { b->key = key; }

void image_build_previous(struct image_build *b, const void *octets) { b->previous = octets; }

bool image_build_copied(const struct image_build *b) { return b->copied; }

/* Accounts are some thousands, so a look through all of them is quick enough. */
static bool account_exists(const struct image_build *b, const struct image_account *account)
{
	const struct image_account *rows = b->accounts.data;

	for (uint64_t i = 1; i < b->accounts.n; i++) {
		if (rows[i].id == account->id || memcmp(rows[i].system_id, account->system_id,
		                                        sizeof(rows[i].system_id)) == 0)
			return true;
	}
	return false;
}

int image_build_account(struct image_build *b, const struct image_build_account *in)
{
	const size_t len = in->system_id == NULL ? 0 : strlen(in->system_id);
	struct image_account row = {
		.id = in->id,
		.state = (uint8_t)in->state,
		.mode = (uint8_t)in->mode,
		.alphabet = in->alphabet,
		.flags = in->flags,
		.valid_from = in->valid_from,
		.valid_until = in->valid_until,
		.blocked_until = in->blocked_until,
		.uniform_status = in->uniform_status,
		.sender_tlv = in->sender_tlv,
		.regime = in->regime,
		.refuse_score = in->refuse_score,
		.flag_score = in->flag_score,
	};

	if (b->frozen)
		return -EBUSY;
	if (in->id == 0 || len == 0 || len >= sizeof(row.system_id))
		return -EINVAL;
	memcpy(row.system_id, in->system_id, len);
	if (account_exists(b, &row))
		return -EEXIST;
	const int64_t name = image_string_offset(b, in->name);
	if (name < 0)
		return (int)name;
	row.name = (uint32_t)name;
	return image_rows_append(&b->accounts, &row, sizeof(row));
}

static int by_system_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct image_account *)0)->system_id));
}

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int image_build_freeze(struct image_build *b)
{
	struct image_account *rows = b->accounts.data;
	const size_t n = b->accounts.n - 1;

	if (b->frozen)
		return 0;
	b->ids = malloc((n + 1) * sizeof(*b->ids));
	if (b->ids == NULL)
		return -ENOMEM;
	qsort(rows + 1, n, sizeof(*rows), by_system_id);
	for (uint32_t i = 0; i < n; i++)
		b->ids[i] = (struct account_id){ .id = rows[i + 1].id, .row = i + 1 };
	qsort(b->ids, n, sizeof(*b->ids), by_number); /* id is the first member */
	b->frozen = true;
	return 0;
}

uint32_t image_build_row_of(const struct image_build *b, uint32_t id)
{
	const struct account_id *found =
		bsearch(&id, b->ids, b->accounts.n - 1, sizeof(*b->ids), by_number);

	return found == NULL ? 0 : found->row;
}

bool image_build_knows(const struct image_build *b, uint32_t account_id)
{
	return b->frozen && image_build_row_of(b, account_id) != 0;
}

/* The owner field of a record: 0, a row, or a list; or negative errno. */
static int64_t owner_of(struct image_build *b, const struct image_build_sender *in)
{
	uint32_t run[1 + SENDER_OWNERS_MAX];
	uint32_t n = 0;

	for (uint32_t i = 0; i < in->n_owners; i++) {
		run[1 + i] = image_build_row_of(b, in->owners[i]);
		if (run[1 + i] == 0)
			return -ENOENT;
	}
	qsort(run + 1, in->n_owners, sizeof(*run), by_number);
	for (uint32_t i = 0; i < in->n_owners; i++) {
		if (n == 0 || run[n] != run[1 + i])
			run[1 + n++] = run[1 + i];
	}
	if (n < 2)
		return n == 0 ? 0 : run[1];
	run[0] = n;
	const int64_t offset = intern_run(&b->owners, run, (n + 1) * sizeof(*run),
	                                  IMAGE_OWNER_MAX * sizeof(*run));
	return offset < 0 ? offset : (int64_t)(IMAGE_OWNER_LIST | offset / sizeof(*run));
}

int image_build_sender(struct image_build *b, const struct image_build_sender *in)
{
	static const struct sender_key none;
	struct image_sender row = {
		.key = in->key,
		.valid_from = in->valid_from,
		.valid_until = in->valid_until,
		.blocked_until = in->blocked_until,
	};

	if (memcmp(&in->key, &none, sizeof(none)) == 0 || in->state < IMAGE_CERTIFIED ||
	    in->state > IMAGE_BLOCKED || in->block > IMAGE_BLOCK_THEFT ||
	    in->n_owners > SENDER_OWNERS_MAX)
		return -EINVAL;
	if (b->senders.n >= SENDER_BUILD_MAX)
		return -E2BIG;
	if (image_build_freeze(b) != 0)
		return -ENOMEM;
	const int64_t owner = owner_of(b, in);
	if (owner < 0)
		return (int)owner;
	row.owner_state = (uint32_t)owner << 4 | (uint32_t)in->block << 2 | (uint32_t)in->state;
	return image_rows_append(&b->senders, &row, sizeof(row));
}

int image_build_numbers(struct image_build *b, const struct sender_key *first,
                        const struct sender_key *last, enum image_number_state state)
{
	return number_build_range(&b->numbers, first, last, state);
}
