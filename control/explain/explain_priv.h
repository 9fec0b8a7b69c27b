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
};

/* Make the image and open it. As explain_open(). */
must_use int explain_tables(struct explain *explain, const struct explain_source *source,
                            struct problems *problems, char error[EXPLAIN_ERROR_SIZE]);

/* Where the patterns matched, into out->matches. -ENOMEM. */
must_use int explain_places(struct explanation *out, const struct explain *explain);

#endif
