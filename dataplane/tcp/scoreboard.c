/* SPDX-License-Identifier: Apache-2.0 */
#include "scoreboard.h"

#include "options.h"
#include "sequence.h"

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* RFC 2883 section 4: the first block lies behind the ACK, or inside the second. */
static bool is_duplicate(const struct sack_block *first, const uint8_t *second, uint32_t ack)
{
	if (seq_leq(first->right, ack))
		return true;
	return second != NULL && seq_leq(be32(second), first->left) &&
	       seq_leq(first->right, be32(second + 4));
}

static void blocks_read(struct sack_report *out, const uint8_t *at, size_t n, uint32_t ack,
                        uint32_t una, uint32_t max)
{
	for (size_t i = 0; i < n && i < SACK_HEARD_MAX; i++, at += 8) {
		const struct sack_block b = { be32(at), be32(at + 4) };
		if (!seq_lt(b.left, b.right) || seq_lt(max, b.right))
			continue; /* cannot be */
		if (i == 0 && is_duplicate(&b, n > 1 ? at + 8 : NULL, ack)) {
			out->duplicate = true;
			out->twice = b;
		} else if (!seq_lt(b.left, una) && !seq_lt(b.left, ack)) {
			out->block[out->n++] = b;
		}
	}
}

void sack_read(struct sack_report *out, const uint8_t *options, size_t len, uint32_t ack,
               uint32_t una, uint32_t max)
{
	*out = (struct sack_report){ 0 };
	for (size_t at = 0; at < len && options[at] != OPTION_END;) {
		if (options[at] == OPTION_NOP) {
			at++;
			continue;
		}
		const size_t left = len - at;
		if (left < 2 || options[at + 1] < 2 || options[at + 1] > left)
			return;
		if (options[at] == OPTION_SACK && options[at + 1] % 8 == 2) {
			blocks_read(out, options + at + 2, options[at + 1] / 8u, ack, una, max);
			return;
		}
		at += options[at + 1];
	}
}

bool sack_covers(const struct sack_report *report, const struct segment *s)
{
	for (unsigned i = 0; i < report->n; i++)
		if (seq_leq(report->block[i].left, s->seq) &&
		    seq_leq(s->seq + s->len, report->block[i].right))
			return true;
	return false;
}

void scoreboard_sacked(struct scoreboard *b, struct segment *s)
{
	if (s->flags & SEGMENT_SACKED)
		return;
	scoreboard_resent(b, s);
	s->flags |= SEGMENT_SACKED;
	b->sacked += s->len;
	b->sacked_segments++;
}

void scoreboard_lost(struct scoreboard *b, struct segment *s)
{
	if (s->flags & (SEGMENT_SACKED | SEGMENT_LOST) || s->sent == 0)
		return;
	s->flags |= SEGMENT_LOST;
	b->lost += s->len;
}

void scoreboard_resent(struct scoreboard *b, struct segment *s)
{
	if (!(s->flags & SEGMENT_LOST))
		return;
	s->flags &= (uint8_t)~SEGMENT_LOST;
	b->lost -= s->len;
}

void scoreboard_drop(struct scoreboard *b, const struct segment *s, uint32_t n)
{
	if (s->flags & SEGMENT_LOST)
		b->lost -= n;
	if (s->flags & SEGMENT_SACKED) {
		b->sacked -= n;
		b->sacked_segments -= n == s->len;
	}
}

void scoreboard_forget(struct scoreboard *b, struct chain *out)
{
	*b = (struct scoreboard){ 0 };
	for (struct rte_mbuf *m = out->head; m != NULL; m = segment_of(m)->next) {
		struct segment *s = segment_of(m);
		if (s->sent == 0)
			return;
		s->flags &= (uint8_t) ~(SEGMENT_SACKED | SEGMENT_LOST);
		scoreboard_lost(b, s);
	}
}
