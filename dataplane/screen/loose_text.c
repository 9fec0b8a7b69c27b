/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loose_text: the stage that reads folded texts once more, without what was strewn into
 * their words (text_loose()); nothing to do when no pattern asks for it.
 */
#include "screen_priv.h"

static void read_loosely(struct screen_vector *v, struct screen_message *m, unsigned which)
{
	const struct view text = m->text[which];
	uint8_t *loose = v->folded + v->folded_used;
	const size_t room = SCREEN_FOLDED_MAX - v->folded_used - 1;

	/* The half behind the folded texts is as long as they can be. */
	const size_t len = text_loose(text.data, text.len, loose, room);
	if (len == 0)
		return;
	loose[len] = JOINT_SEPARATOR;
	v->folded_used += (uint32_t)len + 1;
	m->loose[which] = (struct view){ loose, (uint32_t)len };
}

void stage_loose(struct screen_context *context, struct screen_vector *v)
{
	if (context->tables == NULL || !context->tables->image->loose)
		return;
	for (unsigned k = 0; k < v->n_unread; k++) {
		struct screen_message *m = &v->messages[v->unread[k]];
		if (!is_open(m))
			continue;
		for (unsigned which = 0; which < 2; which++)
			if (m->text[which].len != 0)
				read_loosely(v, m, which);
	}
}
