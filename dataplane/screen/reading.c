/* SPDX-License-Identifier: Apache-2.0 */
/* reading: the stages that make texts: wire octets to UTF-8, and that folded. */
#include "screen_priv.h"

#include <errno.h>

#include "text.h"
#include "udh.h"

enum text_coding reading_alphabet(const struct screen_context *context,
                                  const struct screen_message *m)
{
	if (context->tables == NULL || account_of(context, m)->alphabet == 0)
		return TEXT_GSM7;
	return (enum text_coding)account_of(context, m)->alphabet;
}

/* replace_sm has no data_coding (SMPP 3.4 section 4.10.1): it keeps the one of the
 * message it replaces, which we do not know, so the default. */
enum text_coding reading_coding(const struct screen_context *context,
                                const struct screen_message *m)
{
	const bool replace = m->sm.header.command_id == SMPP_REPLACE_SM;

	return text_coding(replace ? 0 : m->sm.data_coding, reading_alphabet(context, m));
}

static struct text_language language_of(const struct smpp_text *text)
{
	struct smpp_udh header;

	smpp_udh_read(&header, text->udh);
	return (struct text_language){ header.locking_shift, header.single_shift };
}

int64_t reading_decode(const struct screen_context *context, struct screen_vector *v,
                       const struct screen_message *m, unsigned which)
{
	const struct smpp_text *text = wire_text(m, which);
	const struct text_language language = language_of(text);

	return text_decode_in(&language, reading_coding(context, m), text->octets.data,
	                      text->octets.len, udh_octets_of(text), v->arena + v->arena_used,
	                      SCREEN_TEXT_MAX - v->arena_used);
}

static bool is_part(const struct screen_message *m, unsigned which)
{
	return m->concat.total >= 2 && m->concat_text == which;
}

/* What does not decode but passes by policy is scanned as far as it does, or as Latin-1, which
 * reads anything: a link in it is still a link. */
static int64_t decode_by_policy(struct screen_context *context, struct screen_vector *v,
                                struct screen_message *m, unsigned which)
{
	const struct smpp_text *text = wire_text(m, which);
	const struct view octets = text->octets;
	const int64_t n = is_part(m, which) ? concat_decode(context, v, m)
	                                    : reading_decode(context, v, m, which);

	if (n != -EILSEQ ||
	    context->tables->image->policy->undecodable != IMAGE_UNDECODABLE_PASS)
		return n;
	m->recall = RECALL_NOT;
	const int64_t some = text_decode_mended(
		reading_coding(context, m), octets.data, octets.len, udh_octets_of(text),
		v->arena + v->arena_used, SCREEN_TEXT_MAX - v->arena_used);
	if (some >= 0)
		return some;
	return text_decode(TEXT_LATIN1, octets.data, octets.len, 0, v->arena + v->arena_used,
	                   SCREEN_TEXT_MAX - v->arena_used);
}

/* n octets decoded at the arena's free place become a text of m. */
static void keep_text(struct screen_vector *v, struct screen_message *m, unsigned which,
                      size_t n)
{
	uint8_t *plain = v->arena + v->arena_used;

	plain[n] = JOINT_SEPARATOR;
	v->arena_used += (uint32_t)n + 1;
	m->plain[which] = (struct view){ plain, (uint32_t)n };
}

/* n octets at the arena's free place go on with the text before them, behind a line end. */
static void lengthen_text(struct screen_vector *v, struct view *plain, size_t n)
{
	bug_if(plain->data + plain->len + 1 != v->arena + v->arena_used);
	v->arena[v->arena_used - 1] = '\n';
	v->arena_used += (uint32_t)n + 1;
	v->arena[v->arena_used - 1] = JOINT_SEPARATOR;
	plain->len += (uint32_t)n + 1;
}

/* One text of a message, decoded; or why it is not. */
static enum reason read_text(struct screen_context *context, struct screen_vector *v,
                             struct screen_message *m, unsigned which)
{
	const int64_t n = decode_by_policy(context, v, m, which);

	if (n == -EMSGSIZE)
		return REASON_MESSAGE_TOO_LONG;
	if (n < 0) {
		bug_if(n != -EILSEQ); /* begin_slice() made sure of the room */
		return REASON_TEXT_UNDECODABLE;
	}
	keep_text(v, m, which, (size_t)n);
	return REASON_PASS;
}

enum text_coding reading_other(enum text_coding coding, const struct text_language *language,
                               struct view octets, size_t udh_octets)
{
	const enum text_coding other =
		text_other_coding(coding, octets.data, octets.len, udh_octets);
	const bool septets = coding == TEXT_GSM7 || coding == TEXT_GSM7_PACKED;

	return other == TEXT_UNKNOWN && septets && (language->lock | language->shift) != 0
	               ? coding
	               : other;
}

enum text_coding reading_second(const struct screen_context *context,
                                const struct screen_message *m, unsigned which)
{
	const struct smpp_text *text = wire_text(m, which);
	const struct text_language language = language_of(text);

	return reading_other(reading_coding(context, m), &language, text->octets,
	                     udh_octets_of(text));
}

_Static_assert((uint64_t)TEXT_GROWTH *SCREEN_OTHER_MAX <= UINT16_MAX, "apart");

int64_t reading_decode_other(enum text_coding coding, enum text_coding other,
                             struct view octets, size_t udh_octets, uint8_t *out, size_t cap,
                             uint16_t *apart)
{
	int64_t n = text_decode_mended(other, octets.data, octets.len, udh_octets, out, cap);

	*apart = 0;
	if (n < 0 || other == TEXT_GSM7_MASKED ||
	    !text_may_be_masked(coding, octets.data, octets.len))
		return n;
	*apart = (uint16_t)n;
	out[n++] = '\n';
	const int64_t masked = text_decode(TEXT_GSM7_MASKED, octets.data, octets.len, 0,
	                                   out + n, cap - (size_t)n);
	if (masked < 0)
		*apart = 0;
	return masked < 0 ? masked : n + masked;
}

/*
 * replace_sm says no coding, and pairs of CP949 that are syllables may be units of UTF-16
 * that are others: these too, in the place of a third reading.
 */
static void add_units(struct screen_vector *v, struct screen_message *m, struct view octets)
{
	struct view *plain = &m->plain[m->second];

	if (octets.len % 2 != 0)
		return;
	if (m->apart != 0) {
		v->arena_used -= plain->len - m->apart;
		plain->len = m->apart;
	}
	const int64_t n =
		text_decode_mended(TEXT_UCS2, octets.data, octets.len, 0,
	                           v->arena + v->arena_used, SCREEN_TEXT_MAX - v->arena_used);
	if (n <= 0)
		return;
	m->apart = (uint16_t)plain->len;
	lengthen_text(v, plain, (size_t)n);
}

/*
 * The same octets in a second coding that they may be read in, as the message's other text,
 * whose place is free (screen.h says how the two are judged). False: it has no place.
 */
static bool read_other(const struct screen_context *context, struct screen_vector *v,
                       struct screen_message *m, unsigned which)
{
	const struct smpp_text *text = wire_text(m, which);
	const enum text_coding other = reading_second(context, m, which);

	if (text->octets.len > SCREEN_OTHER_MAX || wire_text(m, 1 - which)->octets.len != 0)
		return other == TEXT_UNKNOWN;
	const int64_t n =
		is_part(m, which)
			? concat_decode_second(context, v, m, &m->apart)
			: reading_decode_other(reading_coding(context, m), other, text->octets,
	                                       udh_octets_of(text), v->arena + v->arena_used,
	                                       SCREEN_TEXT_MAX - v->arena_used, &m->apart);
	if (n <= 0)
		return true;
	keep_text(v, m, 1 - which, (size_t)n);
	m->second = (uint8_t)(1 - which);
	m->recall = RECALL_NOT;
	if (other == TEXT_CP949 && m->sm.header.command_id == SMPP_REPLACE_SM)
		add_units(v, m, text->octets);
	return true;
}

/*
 * The text as it is shown where characters stand backwards, as the message's other text, or
 * behind it if there is one by now. False: it has no place.
 */
static bool read_turned(struct screen_vector *v, struct screen_message *m, unsigned which)
{
	const struct view plain = m->plain[which];
	const size_t n = text_turned(plain.data, plain.len, v->arena + v->arena_used,
	                             SCREEN_TEXT_MAX - v->arena_used - 1);

	if (n == 0)
		return true;
	const bool again = m->second != SCREEN_ONE_READING;
	if ((again && is_part(m, which)) || own_octets(m) > SCREEN_OTHER_MAX ||
	    wire_text(m, 1 - which)->octets.len != 0)
		return false;
	if (again) {
		m->apart = (uint16_t)m->plain[m->second].len;
		lengthen_text(v, &m->plain[m->second], n);
		return true;
	}
	keep_text(v, m, 1 - which, n);
	m->second = (uint8_t)(1 - which);
	m->recall = RECALL_NOT;
	return true;
}

/*
 * Callback tags are a text of their own, so that no rule takes anything away from the message's
 * for what stands in them. False: it has no place, beside two texts or a second reading, or one
 * of them has a second reading without a place.
 */
static bool read_tags(const struct screen_context *context, struct screen_vector *v,
                      struct screen_message *m)
{
	const int64_t n = callback_tags(context, v, m, v->arena + v->arena_used);
	const unsigned place = m->plain[0].data == NULL ? 0 : 1;

	if (n <= 0)
		return n == 0;
	if (m->plain[place].data != NULL)
		return false;
	keep_text(v, m, place, (size_t)n);
	return read_turned(v, m, place);
}

/* n octets at the free place of folded[] become a folded text of m. */
static void keep_folded(struct screen_vector *v, struct screen_message *m, unsigned which,
                        size_t n)
{
	uint8_t *folded = v->folded + v->folded_used;

	folded[n] = JOINT_SEPARATOR;
	v->folded_used += (uint32_t)n + 1;
	m->text[which] = (struct view){ folded, (uint32_t)n };
}

/*
 * The only text of a message folded while it is decoded, where that is easy and nobody wants
 * it as it was: what the audit record needs of it verdict.c decodes.
 */
static bool read_quiet(const struct screen_context *context, struct screen_vector *v,
                       struct screen_message *m, unsigned which)
{
	const struct smpp_text *text = wire_text(m, which);

	if (context->tables == NULL || context->tables->image->plain != NULL ||
	    m->sm.has_callback_tag || context->watch != NULL || text->udh.data != NULL ||
	    m->concat.total >= 2 || wire_text(m, 1 - which)->octets.len != 0)
		return false;
	const int64_t n = text_decode_quiet(reading_coding(context, m), text->octets.data,
	                                    text->octets.len, v->folded + v->folded_used,
	                                    SCREEN_FOLDED_MAX - v->folded_used - 1);
	if (n < 0)
		return false;
	keep_folded(v, m, which, (size_t)n);
	return true;
}

/* All texts of a message; or why it cannot be judged. */
static enum reason read_texts(struct screen_context *context, struct screen_vector *v,
                              struct screen_message *m)
{
	for (unsigned which = 0; which < 2; which++) {
		if (wire_text(m, which)->octets.len == 0 && !is_part(m, which))
			continue;
		if (read_quiet(context, v, m, which))
			break;
		const enum reason reason = read_text(context, v, m, which);
		if (reason != REASON_PASS)
			return reason;
		if (!read_other(context, v, m, which) || !read_turned(v, m, which))
			return REASON_READINGS_DISAGREE;
	}
	if (unlikely(m->sm.has_callback_tag) && !read_tags(context, v, m))
		return REASON_READINGS_DISAGREE;
	return REASON_PASS;
}

struct view reading_fold(const struct screen_context *context, struct screen_vector *v,
                         struct view plain)
{
	const struct text_table *table =
		context->tables != NULL ? context->tables->image->fold : &text_table_default;
	uint8_t *folded = v->folded + v->folded_used;
	const size_t len = text_fold_with(table, plain.data, plain.len, folded,
	                                  SCREEN_FOLDED_MAX - v->folded_used - 1, NULL);

	return (struct view){ folded, (uint32_t)len };
}

static void fold_text(const struct screen_context *context, struct screen_vector *v,
                      struct screen_message *m, unsigned which)
{
	const struct view plain = m->plain[which];

	if (plain.data != NULL)
		keep_folded(v, m, which, reading_fold(context, v, plain).len);
}

/* Texts of folded[] lie in the order of their messages, and of text[] in each. */
void stage_read(struct screen_context *context, struct screen_vector *v)
{
	for (unsigned k = 0; k < v->n_unread; k++) {
		struct screen_message *m = &v->messages[v->unread[k]];
		if (!is_open(m))
			continue;
		m->reason = read_texts(context, v, m);
		if (m->reason != REASON_PASS)
			continue;
		fold_text(context, v, m, 0);
		fold_text(context, v, m, 1);
	}
}
