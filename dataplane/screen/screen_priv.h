/* SPDX-License-Identifier: Apache-2.0 */
/* screen_priv: the stages, one per file, and what they share. */
#ifndef DP_SCREEN_PRIV_H
#define DP_SCREEN_PRIV_H
#include <stdbool.h>

#include "cache.h"
#include "prefetch.h"
#include "reading.h"

void stage_form(struct screen_context *context, struct screen_vector *vector);
void stage_identity(struct screen_context *context, struct screen_vector *vector);
void stage_sender(struct screen_context *context, struct screen_vector *vector);
void stage_concat(struct screen_context *context, struct screen_vector *vector);
void stage_recall(struct screen_context *context, struct screen_vector *vector);
void stage_read(struct screen_context *context, struct screen_vector *vector);
void stage_fingerprint(struct screen_context *context, struct screen_vector *vector);
void stage_loose(struct screen_context *context, struct screen_vector *vector);
void stage_content(struct screen_context *context, struct screen_vector *vector);
void stage_campaign(struct screen_context *context, struct screen_vector *vector);

/* Give a message the fingerprint of a folded text, or of its own, if it has none yet; sampled
 * or not, it stands for itself alone. */
void fingerprint_text(struct screen_context *context, struct screen_message *m,
                      struct view folded);
void fingerprint_message(struct screen_context *context, struct screen_message *m);

/*
 * Texts that may be known are looked for by stage_sender() while it waits for senders, a few
 * messages at a time: memory brings more lines at once than either asks for, and each has
 * something to compute meanwhile. Nothing comes of it before stage_recall(): messages that are
 * refused until then are passed over.
 */
#define RECALL_SOUGHT_MAX 32u
struct recall_sought {
	unsigned n;
	struct screen_message *messages[RECALL_SOUGHT_MAX];
	struct cache_key keys[RECALL_SOUGHT_MAX];
};

/* Hash the texts of messages [from, end), at most RECALL_SOUGHT_MAX, and ask for their sets. */
void recall_seek(struct screen_context *context, struct screen_vector *vector, unsigned from,
                 unsigned end, struct recall_sought *sought);
/* Compare: screen_message.recall_entry of each. */
void recall_find(struct screen_context *context, const struct recall_sought *sought);

/* Behind the scans: what was found in texts that are new. */
void recall_keep(struct screen_context *context, struct screen_vector *vector);

/* Behind the verdicts: what the store of parts keeps of refused and of whole messages. */
void concat_settle(struct screen_context *context, struct screen_vector *vector);

/* The last step of a slice: refuse, flagged, command_status, and plain[]. */
void verdict_slice(struct screen_context *context, struct screen_vector *vector);

/* One more hit of a list that is not SCREEN_HITS_LOST; there is room. Its rule is asked for:
 * judge() reads it, and hardly ever finds it in a cache. */
static inline void hits_add(struct screen_hits *h, uint32_t list, uint32_t pattern)
{
	h->hits[h->n] = (struct screen_hit){ .pattern = pattern, .before = h->last[list] };
	h->last[list] = h->n++;
	prefetch(&h->image->rules[h->image->patterns[pattern].rule]);
}

/* A message that a stage still has to look at. */
static inline bool is_open(const struct screen_message *m)
{
	return m->reason == REASON_PASS && m->screened;
}

/* It has the form of SMPP, but cannot be judged. field: for people; it has no place. */
static inline void refuse_malformed(struct screen_message *m, uint32_t status,
                                    const char *field)
{
	m->sm.error = status;
	m->sm.error_field = field;
	m->reason = REASON_MALFORMED;
}

/* Row 0 is no account: all zero, so enforce, no status of its own. Needs tables. */
static inline const struct image_account *account_of(const struct screen_context *context,
                                                     const struct screen_message *m)
{
	return tables_account(context->tables, m->account_row);
}

/* 0: no account, or no tables. */
static inline uint32_t account_id_of(const struct screen_context *context,
                                     const struct screen_message *m)
{
	return context->tables != NULL ? account_of(context, m)->id : 0;
}

/* The sender that people will see. */
struct smpp_address sender_shown(const struct screen_context *context,
                                 const struct screen_message *m);

/* Whether to look closer: it has a user data header or SAR parameters. */
static inline bool may_be_part(const struct screen_message *m)
{
	return m->sm.short_message.udh.data != NULL || m->sm.payload.udh.data != NULL ||
	       m->sm.has_sar;
}

/* The texts of a message as they are on the wire. */
static inline const struct smpp_text *wire_text(const struct screen_message *m, unsigned which)
{
	return which == 0 ? &m->sm.short_message : &m->sm.payload;
}

/* Octets of the texts of a message, or more: with callback tags of all of its TLVs. */
static inline uint64_t own_octets(const struct screen_message *m)
{
	return (uint64_t)m->sm.short_message.octets.len +
	       (m->sm.has_callback_tag ? m->sm.tlvs.len : m->sm.payload.octets.len);
}

/* The texts of its callback tags, decoded, a line each; octets written at out, which is in the
 * arena. -EMSGSIZE: one has a second reading, for which there is no room. */
must_use int64_t callback_tags(const struct screen_context *context,
                               const struct screen_vector *vector,
                               const struct screen_message *m, uint8_t *out);

/* Octets of the header in front of a text, with the one that says how long it is. */
static inline size_t udh_octets_of(const struct smpp_text *text)
{
	return text->udh.data != NULL ? text->udh.len + 1 : 0;
}

/* As reading_second(), of these octets. */
enum text_coding reading_other(enum text_coding coding, const struct text_language *language,
                               struct view octets, size_t udh_octets);

/*
 * Octets in the other coding that they have, as text_decode_mended(); behind a line end, which
 * keeps the two apart, septets without their bit 7 where that is a third one: *apart octets in
 * front of it, else 0. At most TEXT_GROWTH * octets.len + 1.
 */
must_use int64_t reading_decode_other(enum text_coding coding, enum text_coding other,
                                      struct view octets, size_t udh_octets, uint8_t *out,
                                      size_t cap, uint16_t *apart);

/* What message it is a part of, into m->concat: 0, or the command_status that refuses it and
 * what is at fault, for people. places: parts it is read with, itself included, at most. */
must_use uint32_t concat_form(struct screen_message *m, unsigned places, const char **fault);

/* The text of a part (concat.total of 2 or more) with what was seen of its neighbours, as
 * reading_decode(); -EMSGSIZE: the message is too long to be judged, by policy. */
must_use int64_t concat_decode(struct screen_context *context, struct screen_vector *vector,
                               const struct screen_message *m);

/* The parts that go on from one to the next around it, in a second coding, and the same, as
 * reading_decode_other(), in a third or each by itself; -EILSEQ: there is none. */
must_use int64_t concat_decode_second(const struct screen_context *context,
                                      struct screen_vector *vector,
                                      const struct screen_message *m, uint16_t *apart);

/* Fold what was decoded; the text is at the free place of folded[], not counted as used. */
struct view reading_fold(const struct screen_context *context, struct screen_vector *vector,
                         struct view plain);

/* Decode one text of a message into the arena, without counting it as used: octets of
 * UTF-8 at the arena's free place, or negative errno. */
must_use int64_t reading_decode(const struct screen_context *context,
                                struct screen_vector *vector, const struct screen_message *m,
                                unsigned which);

#endif
