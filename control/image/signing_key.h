/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signing_key: the private key that images are signed with (Ed25519).
 *
 * A file of one line of base64, mode 0600; the public half is FILE.pub, for the data
 * plane's setting image_key. The key is never logged and never leaves control.
 *
 * Ownership  signing_key_free() wipes it. Threads: immutable once loaded.
 */
#ifndef CONTROL_SIGNING_KEY_H
#define CONTROL_SIGNING_KEY_H
#include <stdint.h>

#include "check.h"
#include "image_format.h"

#define SIGNING_KEY_ERROR_SIZE 300u

struct signing_key;

/* Make FILE (mode 0600) and FILE.pub; neither may exist. 0, or negative errno and a
 * sentence. */
must_use int signing_key_make(const char *file, char error[SIGNING_KEY_ERROR_SIZE]);

/* -EPERM: others may read or write the file; -EINVAL: no key is in it; errno. */
must_use int signing_key_load(struct signing_key **out, const char *file,
                              char error[SIGNING_KEY_ERROR_SIZE]);
void signing_key_free(struct signing_key *key); /* NULL is allowed */

/* Ed25519ph (RFC 8032 section 5.1) over octets[0 .. size). */
void signing_key_sign(const struct signing_key *key, const void *octets, uint64_t size,
                      uint8_t signature[IMAGE_SIGNATURE_SIZE]);

#endif
