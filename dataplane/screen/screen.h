/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen: the decision, as stages over one vector of messages.
 *
 * A turn's whole PDUs of all connections form one vector; each stage walks the
 * vector, not the message, so that cache misses overlap and code stays hot. A
 * stage looks only at messages that no earlier stage decided. The stages and
 * their order are screen_stages[], nothing else.
 *
 * A vector whose texts could outgrow the arena is walked in slices, each through all
 * stages: no message passes unread because another one was long. Usual texts make
 * one slice.
 *
 * Ownership  the vector borrows PDU octets until the caller has applied the
 *            verdicts; texts are in the vector's own arena.
 * Threads    a vector and a context belong to one worker.
 */
#ifndef DP_SCREEN_H
#define DP_SCREEN_H
#include <stdint.h>

#include "joint.h"
#include "match_state.h"
#include "message.h"
#include "tables.h"
#include "udh.h"
#include "verdict.h"

#define SCREEN_VECTOR_MAX 256u
#define SCREEN_TEXT_MAX (1u << 22) /* arena: octets of text, decoded and folded, of a slice */
/* Folded texts and what they are when they are read loosely, which is no longer. */
#define SCREEN_FOLDED_MAX (2 * (SCREEN_TEXT_MAX + 2 * SCREEN_VECTOR_MAX))
#define SCREEN_PLAIN_MAX 320u /* octets of a text kept for the audit record */

/* Octets of a concatenated message's other parts that a part is read with (concat.c): those
 * of sixteen SMS of 160 septets. */
#define CONCAT_JOINED_MAX 2560u

/* Rules of a message that are listed one by one, to be counted when its verdict is applied. */
#define SCREEN_MATCHED_MAX 64u

#define SCREEN_OTHER_MAX 8192u /* octets of a text that is read in a second coding */

/*
 * A text of two readings. Octets that make sense in a second coding as well
 * (text_other_coding()) are judged twice, as if each reading were the message: the marks,
 * weights and combinations of one never meet those of the other. The stronger judgement
 * holds, so what either reading refuses is refused (or discarded, as the rule says), and
 * where only one of them does, the reason is READINGS_DISAGREE, with the rules of the one
 * that does. Where both refuse, the first one's reason and rules are given. What cannot be
 * judged in both, because it is longer than that or the message has two texts, is refused for
 * the same reason: such texts would be the way past the second reading. So is a text that is
 * shown backwards (text_turned()): the second reading is what is shown.
 */
#define SCREEN_ONE_READING 2u /* screen_message.second: there is no second reading */

struct cache;
struct cache_entry;
struct known_senders;
struct parts;

struct screen_message {
	/* set by the caller */
	struct smpp_message sm;
	void *owner;          /* the caller's; never touched here */
	uint32_t account_row; /* in the tables in force; 0 = unknown */
	bool bound;           /* the session may send this */
	bool from_esme;

	/* working fields of the stages */
	bool screened;             /* the policy wants requests of this direction read at all */
	struct smpp_concat concat; /* total below 2: not a part */
	uint8_t concat_text;       /* which text it is a part of: 0 short_message, 1 payload */
	uint8_t concat_refused;    /* the part for which this one is refused; 0: none */
	uint64_t concat_key[2];    /* its message in the store of parts */
	uint8_t second; /* which text is the other in a second coding, or _ONE_READING */
	uint16_t apart; /* octets of plain[second] up to a third reading; 0: there is none */
	/* folded UTF-8: short_message, payload; in place of an absent one the other as read in
	 * a second coding; in stages only */
	struct view text[2];
	struct view loose[2]; /* text_loose() of those that it changes; in stages only */

	/* Whether its text is one that the cache may know (recall.c). */
	enum { RECALL_NOT, RECALL_NEW, RECALL_KNOWN } recall;
	uint8_t recall_text;   /* 0 short_message, 1 payload */
	uint8_t recall_coding; /* enum text_coding */
	uint64_t recall_hash;
	const struct cache_entry *recall_entry; /* of RECALL_NEW: what may know it, or NULL */

	uint64_t fingerprint; /* text/fingerprint.h; 0: it has none */
	uint32_t stands_for;  /* messages, where texts are sampled; without fingerprint 1 */

	/* Decoded, not folded, of messages with a reason or a flag (others: empty): the
	 * first octets of short_message and payload, cut at a character, for the audit
	 * record; not of what does not decode. Valid until the vector is used again. */
	struct view plain[2];
	uint8_t told; /* of two readings the one that the verdict is about, for the record */

	/* the verdict */
	enum reason reason; /* PASS unless a stage decided */
	bool refuse;        /* false with a reason: observed, forwarded */
	bool discard;       /* with refuse: answered as accepted, not forwarded */
	bool flagged;       /* a FLAG rule, or a score; forwarded */
	uint8_t n_rules;    /* in rules[] */
	uint8_t n_matched;  /* in screen_vector.matched[] */
	uint32_t rule;      /* struct image_rule.id that decided or flagged, 0 = none */
	uint32_t rules[MATCH_RULES_KEPT]; /* ids of all that matched and act, or the first */
	int32_t score;                    /* thousandths of a point; of content rules */
	uint32_t command_status;          /* the answer when refuse */
};

/* What the scans of a slice found: by message a list, the last hit first, and another one
 * for its second reading, or the second of two texts. */
#define SCREEN_HITS_MAX (64 * SCREEN_VECTOR_MAX)
#define SCREEN_HITS_LOST UINT32_MAX /* no room: this message is scanned alone */
struct screen_hit {
	uint32_t pattern, before; /* before: index; 0 = none */
};
struct screen_hits {
	const struct image *image;            /* NULL: no tables, no hits */
	uint32_t n;                           /* hits[0] is not used */
	uint32_t last[2 * SCREEN_VECTOR_MAX]; /* the other one: SCREEN_VECTOR_MAX + i */
	struct screen_hit hits[SCREEN_HITS_MAX];
};

struct screen_vector {
	unsigned n; /* set by the caller */
	struct screen_message messages[SCREEN_VECTOR_MAX];
	unsigned first, end; /* the slice that the stages walk: first .. end - 1 */
	/* Those of the slice whose text is not known: stages that read look at no others. */
	unsigned n_unread;
	uint16_t unread[SCREEN_VECTOR_MAX];
	uint32_t arena_used, folded_used;
	uint8_t arena[SCREEN_TEXT_MAX];    /* decoded texts */
	uint8_t folded[SCREEN_FOLDED_MAX]; /* texts to scan, JOINT_SEPARATOR after each */
	struct joint joint;
	struct screen_hits hits;
	uint8_t kept[SCREEN_VECTOR_MAX][2][SCREEN_PLAIN_MAX];
	/* Indexes in the image of all rules that a message matched, shadows too, each once;
	 * SCREEN_ACTED is set in those that had a part in its verdict. */
	uint32_t matched[SCREEN_VECTOR_MAX][SCREEN_MATCHED_MAX];
};

#define SCREEN_ACTED MATCH_ACTING

/* For benches: what each stage takes, by a clock that the bench brings. */
#define SCREEN_STAGES_MAX 16u
struct screen_timing {
	uint64_t (*now)(void);
	uint64_t last;
	uint64_t stages[SCREEN_STAGES_MAX]; /* added to; [screen_stages_n]: the verdict */
};

struct screen_context {
	const struct tables *tables; /* NULL: no image yet; all from ESMEs is ACCOUNT_UNKNOWN */
	struct hs_scratch *scratch;  /* this worker's, for tables */
	struct match_state *match;   /* the same; NULL: no image, or no pattern in it */
	uint32_t seconds;            /* Unix time of this turn */
	uint32_t clock_s;           /* of a clock that only goes on: for how long parts live */
	uint64_t scanned_octets;     /* out: added to */
	uint64_t rescanned_texts;    /* out: added to; joint.h */
	uint64_t shadowed;           /* out: added to; messages that a shadow rule matched */
	uint64_t unlisted;           /* out: added to; matches behind SCREEN_MATCHED_MAX */
	struct cache *cache;         /* this worker's; NULL: every text is scanned */
	uint64_t cache_hits, cache_misses, cache_replaced; /* out: added to; messages */
	struct known_senders *known_senders; /* this worker's; NULL: each sender is looked up */
	uint64_t sender_hits, sender_misses, sender_replaced; /* out: added to; messages */
	/* Of new texts one in so many gets a fingerprint while no campaign is acted upon; 0, 1:
	 * each. Those that are known, refused or flagged have theirs in any case. */
	uint32_t fingerprint_every;
	/* Kept here: of each fingerprint_every new texts one at random: nobody can count
	 * along and be the one that is never looked at. */
	uint32_t fingerprint_left, fingerprint_at;
	uint64_t fingerprint_seed;
	uint64_t fingerprints;     /* out: added to; texts */
	uint64_t campaign_matches; /* out: added to; messages */
	struct parts *parts;       /* of all workers; NULL: each part is judged alone */
	uint64_t parts_seen, parts_lost, parts_own_lost; /* out: added to */
	uint64_t parts_sticky, parts_beyond;
	/* For tools, NULL in workers: sees each slice behind its stages, texts included. */
	void (*watch)(void *watcher, const struct screen_vector *vector);
	void *watcher;
	struct screen_timing *timing; /* NULL but in benches */
};

struct screen_stage {
	const char *name;
	void (*run)(struct screen_context *context, struct screen_vector *vector);
};
extern const struct screen_stage screen_stages[];
extern const unsigned screen_stages_n;

/*
 * All stages in order, then the verdict of each message. What the caller set stays,
 * every other field is written. Requests of a direction that the policy does not
 * screen pass; those of an SMSC are judged by form and content alone, because the
 * account and its senders say nothing about them.
 */
void screen_run(struct screen_context *context, struct screen_vector *vector);

/* Of new texts one in so many gets a fingerprint now; 1: each. */
static inline uint32_t screen_sample(const struct screen_context *context)
{
	const bool acts = context->tables != NULL && context->tables->campaigns != NULL;

	return acts || context->fingerprint_every == 0 ? 1 : context->fingerprint_every;
}

/* What rules ask of a message besides its text (.share: 0 where no rule does). Needs tables. */
struct match_input screen_match_input(const struct screen_context *context,
                                      const struct screen_message *message);

/* Whether a bind of this account row is refused by policy, and with what reason:
 * PASS leaves *command_status alone. Without tables there is no policy: PASS. */
enum reason screen_bind(const struct tables *tables, uint32_t account_row, uint32_t seconds,
                        uint32_t *command_status);

#endif
