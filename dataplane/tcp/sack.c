/* SPDX-License-Identifier: Apache-2.0 */
/* sack: what a leg says of the octets it holds behind gaps (RFC 2018), and of those it
 * was sent twice (RFC 2883). */
#include <string.h>

#include "relay_priv.h"

#define SACK_BLOCKS_MAX 4u /* 3 beside a time-stamp, RFC 2018 section 3 */

struct block {
	uint32_t left, right;
};

/* The run of stored octets that holds seq; empty when nothing stored does. */
static struct block run_at(const struct leg *l, uint32_t seq)
{
	for (struct rte_mbuf *m = l->ooo.head; m != NULL; m = order_next_run(m)) {
		const struct segment *last = segment_of(segment_of(m)->run_last);
		const struct block b = { segment_of(m)->seq, last->seq + last->len };
		if (seq_leq(b.left, seq) && seq_lt(seq, b.right))
			return b;
	}
	return (struct block){ 0, 0 };
}

void leg_note_stored(struct leg *l, uint32_t seq)
{
	const struct block b = run_at(l, seq);
	uint32_t old[LEG_SACK_RECENT];
	unsigned n = 1;

	/* Newest first; what lies in the same run is said with it (RFC 2018 section 4). */
	memcpy(old, l->sack_recent, sizeof(old));
	for (unsigned i = 0; i < l->n_sack_recent && n < LEG_SACK_RECENT; i++)
		if (!(seq_leq(b.left, old[i]) && seq_lt(old[i], b.right)))
			l->sack_recent[n++] = old[i];
	l->sack_recent[0] = seq;
	l->n_sack_recent = (uint8_t)n;
}

void leg_note_duplicate(struct leg *l, uint32_t left, uint32_t right)
{
	if (l->dsack_left != l->dsack_right)
		return; /* the first contiguous run of a segment, RFC 2883 section 4 */
	l->dsack_left = left;
	l->dsack_right = right;
}

static bool add_block(struct block *blocks, unsigned *n, unsigned most, struct block b)
{
	if (b.left == b.right || *n == most)
		return false;
	/* A D-SACK may stand before the block that holds it; two runs are never alike. */
	for (unsigned i = 0; i < *n; i++)
		if (blocks[i].left == b.left && blocks[i].right == b.right)
			return false;
	blocks[(*n)++] = b;
	return true;
}

/* D-SACK first, then the run of the latest segment, then those reported before it. */
static unsigned choose_blocks(struct leg *l, struct block *blocks, unsigned most)
{
	unsigned n = 0;

	if (l->dsack_left != l->dsack_right) {
		blocks[n++] = (struct block){ l->dsack_left, l->dsack_right };
		/* Then the run it is part of (RFC 2883 section 4.1.2). */
		add_block(blocks, &n, most, run_at(l, l->dsack_left));
		l->dsack_left = l->dsack_right = 0; /* said once, RFC 2883 section 4 */
	}
	for (unsigned i = 0; i < l->n_sack_recent; i++)
		add_block(blocks, &n, most, run_at(l, l->sack_recent[i]));
	return n;
}

unsigned leg_write_sack(struct leg *l, unsigned room, uint8_t *out)
{
	struct block blocks[SACK_BLOCKS_MAX];
	const unsigned fit = (room - 4) / 8;
	const unsigned n =
		choose_blocks(l, blocks, fit < SACK_BLOCKS_MAX ? fit : SACK_BLOCKS_MAX);

	if (n == 0)
		return 0;
	out[0] = OPTION_NOP;
	out[1] = OPTION_NOP;
	out[2] = OPTION_SACK;
	out[3] = (uint8_t)(2 + 8 * n);
	for (unsigned i = 0; i < n; i++) {
		const uint32_t be[2] = { rte_cpu_to_be_32(blocks[i].left),
			                 rte_cpu_to_be_32(blocks[i].right) };
		memcpy(out + 4 + 8 * i, be, sizeof(be));
	}
	return 4 + 8 * n;
}
