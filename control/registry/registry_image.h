/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry_image: one table image from one snapshot of the registry.
 *
 * The image is written to a memfd, sealed, and opened once by the reader that the
 * data plane uses (dataplane/table/image.h): what is pushed has been read.
 *
 * Threads: a cache belongs to its caller.
 */
#ifndef CONTROL_REGISTRY_IMAGE_H
#define CONTROL_REGISTRY_IMAGE_H
#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "registry.h"
#include "rule_compile.h"

struct signing_key;

/* The rules in force, compiled: compiling them anew for each image takes seconds. */
struct rule_cache {
	uint64_t generation; /* registry_rules_generation() they belong to; 0 = none */
	struct rule_set *set;
	struct rule_program program;
};
/* Put in rules that were just compiled, owned by the cache from now on. */
void rule_cache_put(struct rule_cache *cache, uint64_t generation, struct rule_set *set,
                    struct rule_program program);
void rule_cache_clear(struct rule_cache *cache);

/*
 * What one image leaves for the next: rules, and its octets, so that a sender set that
 * did not change is copied. All zero to begin; key NULL: images are not signed; compiled
 * NULL: rules are compiled by each process anew.
 */
struct image_cache {
	struct rule_cache rules;
	const struct signing_key *key; /* the caller's */
	const char *compiled;          /* the caller's; as compiled_load() takes it */
	void *previous;                /* mapped; NULL = none */
	uint64_t previous_size;
};
void image_cache_clear(struct image_cache *cache);

struct registry_image {
	int fd; /* sealed; for the caller to close */
	uint64_t generation, size;
	uint64_t accounts, senders, rules, patterns;
	bool copied; /* the sender set is the previous image's */
};

#define REGISTRY_IMAGE_ERROR_SIZE 500u

/* Begin to read: what is built next is the registry of this moment, whatever is written
 * meanwhile. The image's building ends it. */
must_use int registry_snapshot(struct registry *registry, uint64_t *generation);

/* Of the snapshot, or of now when none was taken. 0 and *out; or negative errno with a
 * sentence in error, and nothing made. */
must_use int registry_image_build(struct registry_image *out, struct registry *registry,
                                  struct image_cache *cache,
                                  char error[REGISTRY_IMAGE_ERROR_SIZE]);

#endif
