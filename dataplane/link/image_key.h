/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_key: images are taken from whoever holds the operator's private key.
 *
 * A signed image ends in an Ed25519ph signature (RFC 8032 section 5.1) over all octets
 * before it. It is checked before any other octet of the image is trusted. Without a
 * key every image is taken, signed or not.
 *
 * Cost     SHA-512 of the image: some 2 s for a GB, in the link thread.
 * Threads  immutable once loaded.
 */
#ifndef DP_IMAGE_KEY_H
#define DP_IMAGE_KEY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "link_message.h"

#define IMAGE_KEY_SIZE 32u

struct image_key {
	bool demanded;
	uint8_t octets[IMAGE_KEY_SIZE];
};

/* The public key in this file (one line of base64, as `sluice-control --make-key` writes
 * it); path "" or NULL: none is demanded. 0, or negative errno with a sentence. */
must_use int image_key_load(struct image_key *out, const char *path,
                            char text[LINK_TEXT_SIZE]);

/* 0; -EKEYREJECTED with a sentence: not signed, or not by this key. Any octets. */
must_use int image_key_check(const struct image_key *key, const void *octets, size_t size,
                             char text[LINK_TEXT_SIZE]);

#endif
