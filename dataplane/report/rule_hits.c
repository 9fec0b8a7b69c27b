/* SPDX-License-Identifier: Apache-2.0 */
#include "rule_hits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "prefetch.h"
#include "report.h"

#define UNKNOWN 0xffffu /* octets of it: memset */
_Static_assert(REPORT_RULES < UNKNOWN && (REPORT_RULES & (REPORT_RULES - 1)) == 0, "rows");

struct rule_hits {
	struct report_rule *rows;
	uint64_t image;
	uint32_t version;
	uint16_t row_of[REPORT_RULES]; /* by index in the image; UNKNOWN: not looked for yet */
};

int rule_hits_open(struct rule_hits **out, struct report_rule *rows)
{
	struct rule_hits *h = malloc(sizeof(*h));

	if (h == NULL)
		return -ENOMEM;
	h->rows = rows;
	h->image = 0;
	h->version = 0;
	memset(h->row_of, 0xff, sizeof(h->row_of));
	*out = h;
	return 0;
}

void rule_hits_close(struct rule_hits *hits) { free(hits); }

void rule_hits_use(struct rule_hits *h, uint64_t image, uint32_t version)
{
	if (likely(h->image == image && h->version == version))
		return;
	h->image = image;
	h->version = version;
	memset(h->row_of, 0xff, sizeof(h->row_of));
}

static uint32_t first_row(uint32_t rule, uint32_t version)
{
	const uint64_t key = (uint64_t)version << 32 | rule;

	return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40) % REPORT_RULES;
}

/* The rule's row, else a free one, else that of the lowest version not in force, else
 * UNKNOWN. */
static uint32_t find_row(const struct rule_hits *h, uint32_t rule)
{
	uint32_t at = first_row(rule, h->version), unused = UNKNOWN, old = UNKNOWN;

	for (unsigned i = 0; i < RULE_HITS_PROBES; i++, at = (at + 1) % REPORT_RULES) {
		const struct report_rule *r = &h->rows[at];

		if (r->rule == rule && r->version == h->version)
			return at;
		if (r->rule == 0)
			unused = unused == UNKNOWN ? at : unused;
		else if (r->version != h->version &&
		         (old == UNKNOWN || r->version < h->rows[old].version))
			old = at;
	}
	return unused != UNKNOWN ? unused : old;
}

void rule_hits_seek(const struct rule_hits *h, uint32_t index, uint32_t rule)
{
	if (unlikely(index >= REPORT_RULES))
		return;
	const uint16_t known = h->row_of[index];
	prefetch_to_write(&h->rows[known == UNKNOWN ? first_row(rule, h->version) : known]);
}

enum rule_hits_result rule_hits_count(struct rule_hits *h, const struct rule_hit *hit,
                                      uint32_t seconds)
{
	enum rule_hits_result result = RULE_HIT_COUNTED;

	if (unlikely(hit->index >= REPORT_RULES))
		return RULE_HIT_LOST;
	uint16_t *known = &h->row_of[hit->index];
	if (unlikely(*known == UNKNOWN)) {
		*known = (uint16_t)find_row(h, hit->rule);
		if (*known == UNKNOWN)
			return RULE_HIT_LOST;
		struct report_rule *row = &h->rows[*known];
		if (row->rule != hit->rule || row->version != h->version) {
			result = row->rule != 0 ? RULE_HIT_REPLACED : RULE_HIT_COUNTED;
			report_rule_write(row,
			                  &(struct report_rule){ .mode = (uint8_t)hit->mode,
			                                         .rule = hit->rule,
			                                         .version = h->version });
		}
	}
	report_rule_count(&h->rows[*known], hit->acted, seconds);
	return result;
}
