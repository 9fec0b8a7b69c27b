/* SPDX-License-Identifier: Apache-2.0 */
#include "link_check.h"

#include <errno.h>
#include <string.h>

#include "delta.h"
#include "refuse.h"

/* magic, version, type, sequence: what an answer needs to find its way. */
#define ANSWERABLE (4 * sizeof(uint32_t))

static int check_deltas(const struct link_message *m, const uint8_t *octets, size_t len,
                        char *text)
{
	struct link_delta d;
	const char *why;

	if (m->n_deltas == 0 || m->n_deltas > LINK_DELTAS_MAX)
		return refuse(text, -EINVAL, "%u deltas: from 1 to %u are possible",
		              m->n_deltas, LINK_DELTAS_MAX);
	if (len != sizeof(*m) + m->n_deltas * sizeof(d))
		return refuse(text, -EBADMSG, "%u deltas have %zu octets, not %zu", m->n_deltas,
		              sizeof(*m) + m->n_deltas * sizeof(d), len);
	for (uint32_t i = 0; i < m->n_deltas; i++) {
		memcpy(&d, octets + sizeof(*m) + i * sizeof(d), sizeof(d));
		if (delta_check(&d, &why) != 0)
			return refuse(text, -EINVAL, "delta %u: %s", i + 1, why);
	}
	return 0;
}

static int check_image(const struct link_message *m, unsigned n_fds, char *text)
{
	if (n_fds != 1)
		return refuse(text, -EINVAL,
		              "an image travels with exactly one file descriptor, "
		              "%u came",
		              n_fds);
	if (m->leisure > 1)
		return refuse(text, -EINVAL, "image: leisure %u is neither 0 nor 1",
		              m->leisure);
	if (m->generation == 0)
		return refuse(text, -EINVAL, "image: generation 0 is no generation");
	if (m->size < sizeof(struct image_header) || m->size > IMAGE_SIZE_MAX)
		return refuse(text, -EBADMSG, "image: %llu octets cannot be one",
		              (unsigned long long)m->size);
	return 0;
}

int link_check(struct link_message *out, const void *octets, size_t len, unsigned n_fds,
               char text[LINK_TEXT_SIZE])
{
	memset(out, 0, sizeof(*out));
	memcpy(out, octets, len < sizeof(*out) ? len : sizeof(*out));
	if (len < ANSWERABLE || out->magic != LINK_MAGIC)
		return refuse(text, -ENOMSG, "not a link message");
	if (out->version != LINK_VERSION)
		return refuse(text, -EPROTONOSUPPORT,
		              "version %u of the link is not ours: we speak "
		              "version %u",
		              out->version, LINK_VERSION);
	if (out->type == LINK_DELTAS && len >= sizeof(*out) && n_fds == 0)
		return check_deltas(out, octets, len, text);
	if (len != sizeof(*out))
		return refuse(text, -EBADMSG, "a message has %zu octets, this one %zu",
		              sizeof(*out), len);
	if (out->type == LINK_IMAGE)
		return check_image(out, n_fds, text);
	if (n_fds != 0)
		return refuse(text, -EINVAL, "only an image travels with a file descriptor");
	if (out->type == LINK_DRAIN && out->size > 1)
		return refuse(text, -EINVAL, "drain: %llu is neither 0 nor 1",
		              (unsigned long long)out->size);
	if (out->type != LINK_HELLO && out->type != LINK_STATUS && out->type != LINK_DRAIN)
		return refuse(text, -EINVAL, "unknown request %u", out->type);
	return 0;
}
