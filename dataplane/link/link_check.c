/* SPDX-License-Identifier: Apache-2.0 */
#include "link_check.h"

#include <errno.h>
#include <string.h>

#include "say.h"

/* magic, version, type, sequence: what an answer needs to find its way. */
#define ANSWERABLE (4 * sizeof(uint32_t))

int sanction_check(const struct link_sanction *sanction, char text[LINK_TEXT_SIZE])
{
	if (sanction->op != LINK_SUSPEND && sanction->op != LINK_LIFT)
		return say(text, -EINVAL, "sanction: unknown operation %u", sanction->op);
	if (sanction->reserved != 0)
		return say(text, -EINVAL, "sanction: reserved field is not 0");
	switch (sanction->kind) {
	case LINK_ACCOUNT:
		if (sanction->account_id == 0)
			return say(text, -EINVAL, "sanction: account 0 is no account");
		return 0;
	case LINK_SENDER:
		if (sanction->key.octets[0] >> 5 < SENDER_KEY_NUMBER ||
		    sanction->key.octets[0] >> 5 > SENDER_KEY_RAW)
			return say(text, -EINVAL,
			           "sanction: the sender is not a canonical key");
		return 0;
	default:
		return say(text, -EINVAL, "sanction: unknown kind %u", sanction->kind);
	}
}

static int check_image(const struct link_message *m, unsigned n_fds, char *text)
{
	if (n_fds != 1)
		return say(text, -EINVAL,
		           "an image travels with exactly one file descriptor, "
		           "%u came",
		           n_fds);
	if (m->generation == 0)
		return say(text, -EINVAL, "image: generation 0 is no generation");
	if (m->size < sizeof(struct image_header) || m->size > IMAGE_SIZE_MAX)
		return say(text, -EBADMSG, "image: %llu octets cannot be one",
		           (unsigned long long)m->size);
	return 0;
}

int link_check(struct link_message *out, const void *octets, size_t len, unsigned n_fds,
               char text[LINK_TEXT_SIZE])
{
	memset(out, 0, sizeof(*out));
	memcpy(out, octets, len < sizeof(*out) ? len : sizeof(*out));
	if (len < ANSWERABLE || out->magic != LINK_MAGIC)
		return say(text, -ENOMSG, "not a link message");
	if (out->version != LINK_VERSION)
		return say(text, -EPROTONOSUPPORT,
		           "version %u of the link is not ours: we speak "
		           "version %u",
		           out->version, LINK_VERSION);
	if (len != sizeof(*out))
		return say(text, -EBADMSG, "a message has %zu octets, this one %zu",
		           sizeof(*out), len);
	if (out->type == LINK_IMAGE)
		return check_image(out, n_fds, text);
	if (n_fds != 0)
		return say(text, -EINVAL, "only an image travels with a file descriptor");
	if (out->type == LINK_SANCTION)
		return sanction_check(&out->sanction, text);
	if (out->type != LINK_HELLO && out->type != LINK_STATUS)
		return say(text, -EINVAL, "unknown request %u", out->type);
	return 0;
}
