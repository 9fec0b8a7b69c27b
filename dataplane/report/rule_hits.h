/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule_hits: how often each rule matched and acted, by the set of rules it is of.
 *
 * A rule of the set in force has a row of the report file from its first match on, found by
 * its index in the image; an index that is new to this image is looked for once, by id and
 * version. So an image that brings the same set goes on counting where the one before it
 * was, and one that brings another set begins rows of its own. Where rows are short those of
 * the lowest version that is not in force give way, which is told.
 *
 * Cost       a match reads two octets and writes one row; the first match of a rule in an
 *            image reads up to RULE_HITS_PROBES rows. No allocation.
 * Bounds     REPORT_RULES rows of all sets together; a rule of a higher index, or one that
 *            finds only rows of its own set, is not counted, which is told.
 * Threads    one worker. Rows are written as include/report_format.h says.
 */
#ifndef DP_RULE_HITS_H
#define DP_RULE_HITS_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "report_format.h"

/* Rows looked at for a rule. With 10,000 of a set in place the longest run of them is about
 * 90 (Knuth, The Art of Computer Programming 3, section 6.4: linear probing). */
#define RULE_HITS_PROBES 256u

struct rule_hits;

struct rule_hit {
	uint32_t index; /* of the rule in its image */
	uint32_t rule;  /* struct image_rule.id, not 0 */
	enum report_rule_mode mode;
	bool acted;
};

/* rows: REPORT_RULES of a report file. -ENOMEM. */
must_use int rule_hits_open(struct rule_hits **out, struct report_rule *rows);
void rule_hits_close(struct rule_hits *hits); /* NULL is allowed */

/* The image in force, by a number that no other image has, and the version of its rules.
 * Call it before counting; the same again costs a comparison. */
void rule_hits_use(struct rule_hits *hits, uint64_t image, uint32_t version);

/* Ask for what rule_hits_count() of this rule will read. */
void rule_hits_seek(const struct rule_hits *hits, uint32_t index, uint32_t rule);

enum rule_hits_result { RULE_HIT_COUNTED, RULE_HIT_REPLACED, RULE_HIT_LOST };

/* A message that this rule matched, at this second (Unix). REPLACED: counted, in the row of a
 * rule of an earlier set. LOST: not counted. */
enum rule_hits_result rule_hits_count(struct rule_hits *hits, const struct rule_hit *hit,
                                      uint32_t seconds);

#endif
