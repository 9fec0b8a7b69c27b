/* SPDX-License-Identifier: Apache-2.0 */
/* explain_priv: what the files of explain share among themselves. */
#ifndef CONTROL_EXPLAIN_PRIV_H
#define CONTROL_EXPLAIN_PRIV_H
#include "explain.h"
#include "registry_image.h"

struct explain {
	struct image_cache cache; /* of a registry: it owns set and program then */
	struct rule_set *set;
	struct rule_program program;
	void *octets; /* of the image */
	size_t size;
	bool mapped; /* octets are to be unmapped, not freed */
	struct tables *tables;
	struct screen_vector *vector;
	struct parts *parts; /* of the messages before */
	char account[16];    /* NUL padded */
	struct explain_heard *heard; /* the texts of those that are parts: explain_wire.c */
};

/* Make the image and open it. As explain_open(). */
must_use int explain_tables(struct explain *explain, const struct explain_source *source,
                            struct problems *problems, char error[EXPLAIN_ERROR_SIZE]);

/* Which octets of the PDU this text of a message, read in this coding or in t->coding, comes
 * from, into t->units and t->origins. -ENOMEM. */
must_use int explain_wire(struct explain *e, struct explain_text *t,
                          const struct screen_message *m, const struct smpp_text *text,
                          enum text_coding coding, const uint8_t *pdu);
void explain_heard_free(struct explain_heard *first); /* NULL is allowed */

/* Where the patterns matched, into out->matches. -ENOMEM. */
must_use int explain_places(struct explanation *out, const struct explain *explain);

#endif
