/* SPDX-License-Identifier: Apache-2.0 */
#include "sender_rows.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROWS_FIRST (1u << 16)
#define OWNERS_FIRST 1024u

/* Moved by mremap(), so growing copies nothing. */
static int grow(struct sender_rows *r)
{
	const uint64_t room = r->room ? r->room * 2 : ROWS_FIRST;
	const size_t size = room * sizeof(*r->rows);
	void *rows = r->room == 0 ? mmap(NULL, size, PROT_READ | PROT_WRITE,
	                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
	                          : mremap(r->rows, r->room * sizeof(*r->rows), size,
	                                   MREMAP_MAYMOVE);

	if (rows == MAP_FAILED)
		return -ENOMEM;
	r->rows = rows;
	r->room = room;
	return 0;
}

int sender_rows_add(struct sender_rows *r, const struct sender_row *row)
{
	if (r->n == r->room && grow(r) != 0)
		return -ENOMEM;
	r->rows[r->n++] = *row;
	return 0;
}

int64_t sender_rows_owners(struct sender_rows *r, const uint32_t *ids, uint32_t n)
{
	uint32_t room = r->owners_room ? r->owners_room : OWNERS_FIRST;

	if (r->n_owners == 0)
		r->n_owners = 1; /* index 0 is none */
	while (room < r->n_owners + n + 1)
		room *= 2;
	if (room != r->owners_room) {
		uint32_t *more = realloc(r->owners, room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		r->owners = more;
		r->owners_room = room;
	}
	const uint32_t at = r->n_owners;
	r->owners[at] = n;
	memcpy(r->owners + at + 1, ids, n * sizeof(*ids));
	r->n_owners += n + 1;
	return at;
}

static uint64_t half(const struct sender_row *row, unsigned which)
{
	uint64_t word;

	memcpy(&word, row->key.octets + which * sizeof(word), sizeof(word));
	return be64toh(word);
}

static bool before(const struct sender_row *a, const struct sender_row *b)
{
	for (unsigned i = 0; i < 2; i++)
		if (half(a, i) != half(b, i))
			return half(a, i) < half(b, i);
	return a->row < b->row;
}

static void swap(struct sender_row *a, struct sender_row *b)
{
	const struct sender_row c = *a;

	*a = *b;
	*b = c;
}

static void sift(struct sender_row *rows, uint64_t at, uint64_t n)
{
	for (uint64_t child; (child = at * 2 + 1) < n; at = child) {
		child += child + 1 < n && before(&rows[child], &rows[child + 1]);
		if (!before(&rows[at], &rows[child]))
			return;
		swap(&rows[at], &rows[child]);
	}
}

/* In place; for what is small, or where the octets of the keys do not spread. */
static void heap_sort(struct sender_row *rows, uint64_t n)
{
	for (uint64_t i = n / 2; i-- > 0;)
		sift(rows, i, n);
	for (uint64_t i = n; i-- > 1;) {
		swap(&rows[0], &rows[i]);
		sift(rows, 0, i);
	}
}

#define SMALL 64u

/* American flag sort (McIlroy, Bostic, McIlroy 1993) by octet depth of the key: in place,
 * where a merge would need the memory of all rows again. */
static void flag_sort(struct sender_row *rows, uint64_t n, unsigned depth)
{
	uint64_t start[257] = { 0 }, next[256];

	if (n <= SMALL || depth == SENDER_KEY_SIZE) {
		heap_sort(rows, n);
		return;
	}
	for (uint64_t i = 0; i < n; i++)
		start[rows[i].key.octets[depth] + 1]++;
	for (unsigned c = 0; c < 256; c++)
		start[c + 1] += start[c];
	memcpy(next, start, sizeof(next));
	for (unsigned c = 0; c < 256; c++)
		while (next[c] < start[c + 1]) {
			const uint8_t octet = rows[next[c]].key.octets[depth];
			if (octet == c)
				next[c]++;
			else
				swap(&rows[next[c]], &rows[next[octet]++]);
		}
	for (unsigned c = 0; c < 256; c++)
		if (start[c + 1] - start[c] > 1)
			flag_sort(rows + start[c], start[c + 1] - start[c], depth + 1);
}

void sender_rows_sort(struct sender_rows *r) { flag_sort(r->rows, r->n, 0); }

bool sender_rows_agree(const struct sender_rows *r, const struct sender_row *a,
                       const struct sender_row *b)
{
	if (a->state != b->state || a->valid_from != b->valid_from ||
	    a->valid_until != b->valid_until || a->blocked_until != b->blocked_until ||
	    a->owner != b->owner || (a->more == 0) != (b->more == 0))
		return 0;
	if (a->more == 0)
		return 1;
	const uint32_t *x = r->owners + a->more, *y = r->owners + b->more;
	return x[0] == y[0] && memcmp(x, y, (x[0] + 1) * sizeof(*x)) == 0;
}

void sender_rows_free(struct sender_rows *r)
{
	if (r->room != 0)
		munmap(r->rows, r->room * sizeof(*r->rows));
	free(r->owners);
}
